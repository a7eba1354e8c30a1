/* code_store.h - code as it is kept in bytecode caches, and made into objects piece by piece.
 *
 * A store holds a code object and all that are nested in it: one block of bytes, used in place and never changed. Code comes out of it as an
 * *unloaded* KrCode, which has its numbers, names and line table; constants, names of variables and instructions are made when it is
 * first run or looked into (kr_code_load). Most functions of a module that is imported are never called, so most of the block is
 * never read. Objects that several pieces of code share are made once and kept with the store, which lives as long as code from it.
 *
 * The block (all numbers 32 bits, little-endian; offsets count from its start; it begins at a multiple of 8):
 *     KrStoreHead
 *     KrStoredCode[ncodes]        code before what is nested in it, the outermost first
 *     offset[nobjects + 1]        where each object's bytes begin and the last one's end
 *     instructions, exception entries, line tables, lists of numbers
 *     the objects, each in marshal's format without references
 * A list of constants has for each the number of an object, or, with KR_STORED_CODE set, of a code. Nothing in a block is trusted: the
 * head is checked when it is opened, a code's part of it when the code is loaded: that every offset and number is within the block, and
 * that the instructions are such as krait's compiler makes (kr_code_validate). For the image of start-up modules, which is as much
 * krait's as the program beside it, a checksum stands for the latter.
 */
#ifndef KRAIT_CODE_STORE_H
#define KRAIT_CODE_STORE_H
#include "vm/code.h"

#define KR_STORED_CODE 0x80000000u
#define KR_STORED_SAME 0xffffffffu      /* file name: that of the code around it */

typedef struct {
    uint32_t magic, size;               /* KR_STORE_MAGIC; the whole block */
    uint32_t ncodes, nobjects;
} KrStoreHead;
#define KR_STORE_MAGIC 0x32534b43u      /* "CKS2" */

typedef struct {
    int32_t argcount, posonlyargcount, kwonlyargcount, nlocals, flags, firstlineno;
    uint32_t nregs, nplus, ncells, nplaincells, nfrees;
    uint32_t filename, name, qualname, kinds;                           /* objects */
    uint32_t instrs, ninstrs, entries, nentries, lines, lines_size;     /* offsets and counts; KrInstr at a multiple of 8 */
    uint32_t consts, nconsts, names, nnames, variables;                 /* lists; nplus variables */
    uint32_t sum;                       /* kr_store_sum */
} KrStoredCode;

typedef struct KrCodeStore {
    Py_ssize_t refs;
    const unsigned char *data;
    uint32_t size, ncodes, nobjects;
    const KrStoredCode *codes;
    const uint32_t *offsets;
    PyObject *owner;                    /* what keeps data alive; NULL: it is its own copy, or lives as long as the process */
    bool copied, permanent;
    PyObject *objects[];                /* made so far, owned */
} KrCodeStore;

/* The block for a code object. */
PyObject *kr_store_write(KrCode *) KR_NEW_REF KR_MAY_RAISE;
/* The outermost code of a block, loaded; *used is the block's size. The block is used in place if `owner`, an immutable object, keeps it or if
 * it is `permanent`, else copied. ValueError or EOFError when it is no block. */
KrCode *kr_store_read(const unsigned char *data, size_t available, PyObject *owner, bool permanent, size_t *used) KR_NEW_REF KR_MAY_RAISE;
void kr_store_release(KrCodeStore *);
/* A checksum over what the validity of a code's instructions depends on: its record, lists, instructions, exception entries and constants.
 * False with ValueError when something is outside of the block. */
bool kr_store_sum(const KrCodeStore *, const KrStoredCode *, uint32_t *sum) KR_MAY_RAISE;

#endif
