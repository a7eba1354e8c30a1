/* hamt.h - a persistent map (hash array mapped trie): what a context's variables are kept in. */
#ifndef KRAIT_HAMT_H
#define KRAIT_HAMT_H
#include "krait.h"

typedef struct KrHamtNode KrHamtNode;

/* A map never changes; the type is `hamt`, for tests. */
typedef struct {
    PyObject_HEAD
    KrHamtNode *root;           /* NULL: empty */
    Py_ssize_t count;
    PyObject *weakrefs;
} KrHamt;

#define KR_HAMT_DEPTH 9         /* levels at most: seven for the hash's 32 bits, one of collisions, one spare */
typedef struct {
    KrHamtNode *node[KR_HAMT_DEPTH];
    Py_ssize_t at[KR_HAMT_DEPTH];
    int level;                  /* -1: at the end */
} KrHamtCursor;

enum { KR_HAMT_KEYS, KR_HAMT_VALUES, KR_HAMT_ITEMS };

extern PyTypeObject kr_hamt_type;
int kr_hamt_ready(void) KR_MAY_RAISE;
KrHamt *kr_hamt_new(void) KR_NEW_REF KR_MAY_RAISE;
/* A map like m in which key has this value (m itself if it has already). */
KrHamt *kr_hamt_set(KrHamt *m, PyObject *key, PyObject *value) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* A map like m without key; m itself when it has none. */
KrHamt *kr_hamt_delete(KrHamt *m, PyObject *key) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* 1 and *value (borrowed), 0, or -1. */
int kr_hamt_find(KrHamt *m, PyObject *key, PyObject **value) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_hamt_equal(KrHamt *a, KrHamt *b) KR_MAY_RAISE KR_RUNS_PYTHON;
void kr_hamt_start(KrHamtCursor *c, KrHamt *m);
/* The next pair, borrowed; 0 at the end. */
int kr_hamt_next(KrHamtCursor *c, PyObject **key, PyObject **value);
/* A view or an iterator over m: KR_HAMT_KEYS... */
PyObject *kr_hamt_view(KrHamt *m, int what) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_hamt_iter(KrHamt *m, int what) KR_NEW_REF KR_MAY_RAISE;

#endif
