/* image.h - the image of start-up modules: code compiled when krait was built, in one file that is mapped, not read.
 *
 * tools/make_image.py writes the file `startup.image`; it is looked for beside the program and in ../lib/krait of that. Little-endian:
 *     KrImageHead
 *     KrImageEntry[nfrozen]       modules that are imported as frozen ones, in the order of _imp._frozen_module_names()
 *     KrImageEntry[nsources]      code of source files, sorted by path
 *     KrImageFolder[nfolders]     what was in the standard library's folders
 *     strings, each ended by 0
 *     code, each in marshal's format (vm/code_store.h) at a multiple of 8
 * An entry says which source file it was made from, how long that was and when it was changed: a module whose source is another one now is
 * not in the image. The file is trusted no more than any bytecode cache: a head that does not fit refuses it all, and code is checked
 * when it is loaded.
 */
#ifndef KRAIT_IMAGE_H
#define KRAIT_IMAGE_H
#include "krait.h"
#include <sys/stat.h>

typedef struct KrImageHead {
    char magic[8];              /* KR_IMAGE_MAGIC */
    uint32_t code_magic;        /* PyImport_GetMagicNumber() */
    uint32_t nfrozen, nsources, nfolders;
    uint32_t size, reserved;    /* of the file; 0 */
} KrImageHead;
#define KR_IMAGE_MAGIC "krimage1"

enum { KR_IMAGE_PACKAGE = 1, KR_IMAGE_ESSENTIAL = 2 };  /* essential: frozen whatever -X frozen_modules says */

typedef struct {
    uint32_t name;              /* offset of the module's name; of a source's path below the standard library's folder */
    uint32_t source;            /* offset of the source's path, likewise */
    uint32_t origname;          /* offset of the name of the module that this one is another name for, mostly its own; 0: none */
    uint32_t flags;
    uint32_t code, code_size;
    uint64_t source_size;
    int64_t source_mtime;       /* nanoseconds */
} KrImageEntry;

typedef struct {
    uint32_t path;              /* offset of the folder's path below the standard library's */
    uint32_t names, count;      /* offset of the offsets of the names, sorted; how many */
    uint32_t reserved;          /* 0 */
    int64_t mtime;              /* of the folder, in nanoseconds */
} KrImageFolder;

/* The frozen module of this name, if its source is still the same and it is not switched off; NULL without exception. */
const KrImageEntry *kr_image_frozen(PyObject *name);
const KrImageEntry *kr_image_frozen_named(const char *name);
/* Its code, loaded as far as running it needs. */
PyObject *kr_image_code(const KrImageEntry *) KR_NEW_REF KR_MAY_RAISE;
/* Its code in marshal's format, for as long as the process lives. */
const char *kr_image_bytes(const KrImageEntry *);
/* n more bytes of the image were read: now and then its pages are taken out of the process, which are in the system's cache anyway. */
void kr_image_touched(size_t n);
/* Does that now. */
void kr_image_give_back(void);
/* A string of the image by its offset. */
const char *kr_image_string(uint32_t offset);
/* Puts the original name, or None, into the dict of a module that is about to run: importlib looks for it. */
int kr_image_set_origname(const KrImageEntry *, PyObject *module_dict) KR_MAY_RAISE;
/* Names of all frozen modules. */
PyObject *kr_image_names(void) KR_NEW_REF KR_MAY_RAISE;
/* The code of the source file with this path and state, NULL without exception if the image has none. */
const KrImageEntry *kr_image_source(const char *path, const struct stat *st);
/* What is in the folder with this path, NULL if the image doesn't know or if it has changed since. */
const KrImageFolder *kr_image_folder(const char *path);
bool kr_image_folder_has(const KrImageFolder *, const char *name);

#endif
