/* iter.h - private faces of the small iterator types: their next functions, for the interpreter loop. */
#ifndef KRAIT_ITER_H
#define KRAIT_ITER_H
#include "object/container.h"

extern PyTypeObject _PyAnextAwaitable_Type;
/* anext(iterator, default): awaits `awaitable`; StopAsyncIteration becomes `fallback`. */
PyObject *PyAnextAwaitable_New(PyObject *awaitable, PyObject *fallback) KR_NEW_REF KR_MAY_RAISE;

/* The next pair's two objects, owned, without the tuple that tp_iternext makes: enumerate, zip of two iterators, dict items (dict_iter.c). False at the
 * end, or with an exception set. */
bool kr_enumerate_pair(PyObject *it, PyObject *pair[2]) KR_MAY_RAISE KR_RUNS_PYTHON;
bool kr_zip_pair(PyObject *it, PyObject *pair[2]) KR_MAY_RAISE KR_RUNS_PYTHON;
bool kr_dict_item_pair(PyObject *it, PyObject *pair[2]) KR_MAY_RAISE;
typedef struct {
    PyObject_HEAD
    PyObject *iters;            /* tuple */
    PyObject *result;           /* handed out again while nobody else holds it */
    int strict;
} KrZip;
/* Whether it is a zip for which kr_zip_pair works. */
KR_INLINE bool kr_is_zip_of_two(PyObject *it) {
    return Py_IS_TYPE(it, &PyZip_Type) && !((KrZip *)it)->strict && PyTuple_GET_SIZE(((KrZip *)it)->iters) == 2;
}

#endif
