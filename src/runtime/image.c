/* image.c - finding and mapping the image of start-up modules; see image.h.
 *
 * The map belongs to the process (KrRuntimeProcess.image), is made when the first module is looked for, and never goes: code objects point into it.
 */
#include "runtime/image.h"
#include "vm/code_store.h"
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define KEPT_AT_MOST ((size_t)1 << 17)      /* bytes of the image in memory before kr_image_touched gives them back */

/* ------------------------------------------------------------------ the file */

static const KrImageHead *head(void) { return kr_runtime.process.image; }
static const KrImageEntry *entries(void) { return (const KrImageEntry *)(head() + 1); }
const char *kr_image_string(uint32_t offset) { return (const char *)head() + offset; }
const char *kr_image_bytes(const KrImageEntry *e) { return (const char *)head() + e->code; }

/* Whether everything that the entries point to is in the file. */
static bool fits(const KrImageHead *h, size_t size) {
    if (size < sizeof *h || memcmp(h->magic, KR_IMAGE_MAGIC, sizeof h->magic) || h->code_magic != (uint32_t)PyImport_GetMagicNumber() || h->size != size) return false;
    size_t n = (size_t)h->nfrozen + h->nsources, tables = sizeof *h + n * sizeof(KrImageEntry) + (size_t)h->nfolders * sizeof(KrImageFolder);
    if (n > UINT32_MAX / sizeof(KrImageEntry) || tables >= size || ((const char *)h)[size - 1] != 0) return false;   /* the last byte ends all strings */
    const KrImageEntry *e = (const KrImageEntry *)(h + 1);
    const KrImageFolder *f = (const KrImageFolder *)(e + n);
    for (uint32_t i = 0; i < h->nfolders; i++)
        if (f[i].path >= size || f[i].names % 4 || f[i].names > size || f[i].count > (size - f[i].names) / 4) return false;
    for (size_t i = 0; i < n; i++)
        if (e[i].name >= size || e[i].source >= size || e[i].origname >= size || e[i].code % 8 || e[i].code > size || e[i].code_size > size - e[i].code) return false;
    return true;
}
/* Maps the file if it is an image that can be trusted not to be somebody else's. */
static const KrImageHead *map_file(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    struct stat st;
    const KrImageHead *h = NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & S_IWOTH) && st.st_size < INT32_MAX) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p != MAP_FAILED) {
            madvise(p, (size_t)st.st_size, MADV_NOHUGEPAGE);    /* little of it is needed, here and there: not by 2 MiB at once */
            if (fits(p, (size_t)st.st_size)) h = p;
            else munmap(p, (size_t)st.st_size);
        }
    }
    close(fd);
    return h;
}
/* Exported by CPython, though no public header declares them: its tables of frozen modules, which C code (through ctypes, too) may look at. */
static const struct _frozen no_modules[] = {{NULL}};
PyAPI_DATA(const struct _frozen *) _PyImport_FrozenBootstrap, *_PyImport_FrozenStdlib, *_PyImport_FrozenTest;
const struct _frozen *_PyImport_FrozenBootstrap = no_modules, *_PyImport_FrozenStdlib = no_modules, *_PyImport_FrozenTest = no_modules;

/* Lists the image's frozen modules there: those that are essential, which come first, and the others. */
static void publish(const KrImageHead *h) {
    const KrImageEntry *e = (const KrImageEntry *)(h + 1);
    struct _frozen *tables = calloc(h->nfrozen + 2, sizeof *tables), *t = tables;
    if (!tables) return;
    uint32_t i = 0;
    for (int essential = 1; essential >= 0; essential--, t++) {
        *(essential ? &_PyImport_FrozenBootstrap : &_PyImport_FrozenStdlib) = t;
        for (; i < h->nfrozen && !(essential && !(e[i].flags & KR_IMAGE_ESSENTIAL)); i++, t++) {
            t->name = (const char *)h + e[i].name;
            t->code = (const unsigned char *)h + e[i].code;
            t->size = (int)e[i].code_size;
            t->is_package = e[i].flags & KR_IMAGE_PACKAGE;
        }
    }
}

/* Whether there is an image. */
static bool find_image(void) {
    KrRuntimeProcess *p = &kr_runtime.process;
    if (p->image_sought) return p->image != NULL;
    p->image_sought = true;
    char path[PATH_MAX + 40];
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
    while (n > 0 && path[n - 1] != '/') n--;
    if (n <= 0) return false;
    static const char *const places[] = {"startup.image", "../lib/krait/startup.image"};
    for (size_t i = 0; i < KR_ARRAY_LEN(places) && !p->image; i++) {
        strcpy(path + n, places[i]);
        p->image = map_file(path);
    }
    if (p->image) publish(p->image);
    return p->image != NULL;
}

/* ------------------------------------------------------------------ look-up */

static bool same_source(const KrImageEntry *e, const struct stat *st) {
    return (uint64_t)st->st_size == e->source_size && st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec == e->source_mtime;
}
/* Whether the source of the frozen module i is what the image was made from. Importlib asks twice in a row: to find a module, and for its code. */
static bool source_is_same(uint32_t i) {
    KrRuntimeProcess *p = &kr_runtime.process;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    int64_t now = t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
    bool seen = p->image_seen_at && p->image_seen == i && now - p->image_seen_at < 10000000;
    p->image_seen_at = 0;
    if (seen) return true;
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", KR_STDLIB, kr_image_string(entries()[i].source));
    if (stat(path, &st) < 0 || !same_source(&entries()[i], &st)) return false;
    p->image_seen = i;
    p->image_seen_at = now;
    return true;
}
const KrImageEntry *kr_image_frozen_named(const char *name) {
    KrInterp *interp = kr_interp();
    if (!find_image()) return NULL;
    int override = interp->runtime.frozen_override;
    bool all = override ? override > 0 : interp->config.use_frozen_modules;
    for (uint32_t i = 0; i < head()->nfrozen; i++) {
        const KrImageEntry *e = &entries()[i];
        if (strcmp(kr_image_string(e->name), name)) continue;
        return (all || (e->flags & KR_IMAGE_ESSENTIAL)) && source_is_same(i) ? e : NULL;
    }
    return NULL;
}
const KrImageEntry *kr_image_frozen(PyObject *name) {
    const char *text = PyUnicode_AsUTF8(name);
    if (!text) PyErr_Clear();
    return text ? kr_image_frozen_named(text) : NULL;
}
/* The end of a path below the standard library's folder: "" for that itself, NULL for others. */
static const char *below_stdlib(const char *path) {
    size_t n = strlen(KR_STDLIB);
    if (strncmp(path, KR_STDLIB, n) || (path[n] && path[n] != '/')) return NULL;
    return path[n] ? path + n + 1 : path + n;
}
const KrImageEntry *kr_image_source(const char *path, const struct stat *st) {
    const char *below = below_stdlib(path);
    if (!below || !find_image()) return NULL;
    const KrImageEntry *e = entries() + head()->nfrozen;
    for (uint32_t low = 0, high = head()->nsources; low < high;) {
        uint32_t middle = (low + high) / 2;
        int order = strcmp(below, kr_image_string(e[middle].name));
        if (order == 0) return same_source(&e[middle], st) ? &e[middle] : NULL;
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return NULL;
}
const KrImageFolder *kr_image_folder(const char *path) {
    const char *below = below_stdlib(path);
    struct stat st;
    if (!below || !find_image()) return NULL;
    const KrImageFolder *f = (const KrImageFolder *)(entries() + head()->nfrozen + head()->nsources);
    for (uint32_t i = 0; i < head()->nfolders; i++)
        if (!strcmp(kr_image_string(f[i].path), below)) return stat(path, &st) == 0 && st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec == f[i].mtime ? &f[i] : NULL;
    return NULL;
}
bool kr_image_folder_has(const KrImageFolder *f, const char *name) {
    const uint32_t *names = (const uint32_t *)((const char *)head() + f->names);
    for (uint32_t low = 0, high = f->count; low < high;) {
        uint32_t middle = (low + high) / 2;
        int order = names[middle] < head()->size ? strcmp(name, kr_image_string(names[middle])) : 0;
        if (order == 0) return true;        /* whoever asks looks at the file, too */
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return false;
}
void kr_image_touched(size_t n) {
    KrRuntimeProcess *p = &kr_runtime.process;
    p->image_touched += n;
    if (p->image_touched >= KEPT_AT_MOST) kr_image_give_back();
}
void kr_image_give_back(void) {
    KrRuntimeProcess *p = &kr_runtime.process;
    if (p->image) madvise((void *)p->image, p->image->size, MADV_DONTNEED);
    p->image_touched = 0;
}
PyObject *kr_image_code(const KrImageEntry *e) {
    kr_image_touched(e->code_size);
    const unsigned char *p = (const unsigned char *)kr_image_bytes(e);
    size_t used, skip = e->code_size > 2 ? 2 + (size_t)p[1] : 2;        /* marshal's type byte, the padding's length, the padding */
    if (skip < e->code_size) return (PyObject *)kr_store_read(p + skip, e->code_size - skip, NULL, true, &used);
    PyErr_SetString(PyExc_EOFError, "marshal data too short");
    return NULL;
}
int kr_image_set_origname(const KrImageEntry *e, PyObject *module_dict) {
    PyObject *name = e->origname ? PyUnicode_FromString(kr_image_string(e->origname)) : Py_NewRef(Py_None);
    int r = name ? PyDict_SetItemString(module_dict, "__origname__", name) : -1;
    Py_XDECREF(name);
    return r;
}
PyObject *kr_image_names(void) {
    PyObject *list = PyList_New(0);
    for (uint32_t i = 0; list && find_image() && i < head()->nfrozen; i++) {
        PyObject *name = PyUnicode_FromString(kr_image_string(entries()[i].name));
        if (!name || PyList_Append(list, name) < 0) Py_CLEAR(list);
        Py_XDECREF(name);
    }
    return list;
}
