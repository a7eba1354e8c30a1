/* arena.c - the bump allocator behind a syntax tree.
 *
 * Memory comes in blocks, chained; an allocation takes the next aligned bytes of the newest block and is never freed
 * alone. Blocks start at 16 KiB and grow so that big sources need few of them. The arena also holds references to the
 * Python objects that nodes point to; they are dropped with it.
 * Invariant: next <= end, both inside `blocks`; owned[0..n_owned) are strong references.
 */
#include "syntax/ast.h"

#define KR_ARENA_FIRST_BLOCK (16 * 1024)
#define KR_ARENA_LARGEST_BLOCK (256 * 1024)

typedef struct KrArenaBlock {
    struct KrArenaBlock *older;
    size_t size;
    _Alignas(16) char data[];
} KrArenaBlock;

struct KrArena {
    KrArenaBlock *blocks;
    char *next, *end;
    PyObject **owned;
    size_t n_owned, owned_capacity;
};

/* Chains a block that has room for `bytes`. */
static int kr_arena_grow(KrArena *a, size_t bytes) {
    size_t size = a->blocks ? a->blocks->size * 2 : KR_ARENA_FIRST_BLOCK;
    if (size > KR_ARENA_LARGEST_BLOCK) size = KR_ARENA_LARGEST_BLOCK;
    if (size < bytes) size = bytes;
    if (size > PY_SSIZE_T_MAX - sizeof(KrArenaBlock)) {
        PyErr_NoMemory();
        return -1;
    }
    KrArenaBlock *block = PyMem_Malloc(sizeof(KrArenaBlock) + size);
    if (!block) {
        PyErr_NoMemory();
        return -1;
    }
    block->older = a->blocks;
    block->size = size;
    a->blocks = block;
    a->next = block->data;
    a->end = block->data + size;
    return 0;
}

KrArena *kr_arena_new(void) {
    KrArena *a = PyMem_Calloc(1, sizeof(KrArena));
    if (!a) {
        PyErr_NoMemory();
        return NULL;
    }
    if (kr_arena_grow(a, 0) < 0) {
        PyMem_Free(a);
        return NULL;
    }
    return a;
}

void kr_arena_free(KrArena *a) {
    if (!a) return;
    for (size_t i = 0; i < a->n_owned; i++) Py_DECREF(a->owned[i]);
    PyMem_Free(a->owned);
    for (KrArenaBlock *block = a->blocks, *older; block; block = older) {
        older = block->older;
        PyMem_Free(block);
    }
    PyMem_Free(a);
}

void *kr_arena_alloc(KrArena *a, size_t bytes) {
    bytes = (bytes + 7) & ~(size_t)7;
    if (KR_UNLIKELY(bytes > (size_t)(a->end - a->next)) && kr_arena_grow(a, bytes) < 0) return NULL;
    void *result = a->next;
    a->next += bytes;
    return memset(result, 0, bytes);
}

int kr_arena_own(KrArena *a, PyObject *o) {
    if (KR_UNLIKELY(a->n_owned == a->owned_capacity)) {
        size_t capacity = a->owned_capacity ? a->owned_capacity * 2 : 64;
        PyObject **owned = PyMem_Realloc(a->owned, capacity * sizeof(PyObject *));
        if (!owned) {
            Py_DECREF(o);
            PyErr_NoMemory();
            return -1;
        }
        a->owned = owned;
        a->owned_capacity = capacity;
    }
    a->owned[a->n_owned++] = o;
    return 0;
}

KrSeq *kr_seq_new(KrArena *a, Py_ssize_t size) {
    if (size < 0 || (size_t)size > (PY_SSIZE_T_MAX - sizeof(KrSeq)) / sizeof(void *)) {
        PyErr_NoMemory();
        return NULL;
    }
    KrSeq *s = kr_arena_alloc(a, sizeof(KrSeq) + (size_t)size * sizeof(void *));
    if (s) s->size = size;
    return s;
}
