/* float.h - float's private face. */
#ifndef KRAIT_FLOAT_H
#define KRAIT_FLOAT_H
#include "krait.h"

/* A new float; the block comes from the interpreter's free list. */
KR_INLINE PyObject *kr_float_new(double v) {
    KrNumberState *st = &kr_interp()->number;
    PyFloatObject *o = st->float_free;
    if (KR_LIKELY(o != NULL)) {
        st->float_free = (PyFloatObject *)Py_TYPE(o);
        st->float_free_count--;
    }
    else {
        o = PyObject_Malloc(sizeof *o);
        if (KR_UNLIKELY(o == NULL))
            return PyErr_NoMemory();
    }
    Py_SET_TYPE((PyObject *)o, &PyFloat_Type);
#ifdef Py_TRACE_REFS
    _Py_NewReference((PyObject *)o);
#else
    Py_SET_REFCNT((PyObject *)o, 1);
#endif
    o->ob_fval = v;
    return (PyObject *)o;
}

PyAPI_FUNC(void) _PyFloat_DebugMallocStats(FILE *out); /* exported by CPython, in no public header */

/* Floor division and remainder of doubles, b not 0, as Python's // and %. */
double kr_double_floordiv(double a, double b);
double kr_double_mod(double a, double b);
/* A number as double: 1, 0 when it is neither float nor int, -1 with an exception set. */
KR_INLINE int kr_as_double(PyObject *o, double *v) {
    if (PyFloat_Check(o)) {
        *v = PyFloat_AS_DOUBLE(o);
        return 1;
    }
    if (!PyLong_Check(o))
        return 0;
    *v = PyLong_AsDouble(o);
    return *v == -1.0 && PyErr_Occurred() ? -1 : 1;
}

#endif
