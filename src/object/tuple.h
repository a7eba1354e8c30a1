/* tuple.h - tuple's private face. */
#ifndef KRAIT_TUPLE_H
#define KRAIT_TUPLE_H
#include "object/container.h"

typedef struct {
    PyObject_HEAD
    PyObject *seq;              /* NULL once exhausted */
    Py_ssize_t index;
} KrTupleIter;

/* The empty tuple: one immortal object. */
extern struct KrEmptyTuple { KrGCHead head; PyTupleObject tuple; } kr_empty_tuple_storage;
KR_INLINE PyObject *kr_empty_tuple(void) { return (PyObject *)&kr_empty_tuple_storage.tuple; }

/* An untracked tuple of n > 0 items, still to be filled; the caller tracks it (PyTuple_New does both). */
PyObject *kr_tuple_alloc(Py_ssize_t n) KR_NEW_REF KR_MAY_RAISE;
/* A tuple of n items copied from an array. */
PyObject *kr_tuple_from_array(PyObject *const *items, Py_ssize_t n) KR_NEW_REF KR_MAY_RAISE;
/* The same, taking over the items' references, on failure too. */
PyObject *kr_tuple_from_array_steal(PyObject *const *items, Py_ssize_t n) KR_NEW_REF KR_MAY_RAISE;
/* (a, b), taking over both references; either may be NULL, which means failure. */
PyObject *kr_tuple_pair_steal(PyObject *a, PyObject *b) KR_NEW_REF KR_MAY_RAISE;

/* Next item of a tuple iterator, NULL at the end. */
KR_INLINE PyObject *kr_tuple_iter_next(KrTupleIter *it) {
    PyObject *seq = it->seq;
    if (seq == NULL)
        return NULL;
    if (it->index < Py_SIZE(seq))
        return Py_NewRef(PyTuple_GET_ITEM(seq, it->index++));
    it->seq = NULL;
    Py_DECREF(seq);
    return NULL;
}

/* Whether an exact tuple is full and can be part of no cycle: nothing in it can. */
bool kr_tuple_is_simple(PyObject *);

void kr_tuple_fini(KrInterp *);

#endif
