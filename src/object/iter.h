/* iter.h - private faces of the small iterator types: their next functions, for the interpreter loop. */
#ifndef KRAIT_ITER_H
#define KRAIT_ITER_H
#include "object/container.h"

extern PyTypeObject _PyAnextAwaitable_Type;
/* anext(iterator, default): awaits `awaitable`; StopAsyncIteration becomes `fallback`. */
PyObject *PyAnextAwaitable_New(PyObject *awaitable, PyObject *fallback) KR_NEW_REF KR_MAY_RAISE;

/* tp_iternext of enumerate and zip. */
PyObject *kr_enumerate_next(PyObject *it) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_zip_next(PyObject *it) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;

#endif
