/* digest_data.h - what the hash modules share. */
#ifndef KRAIT_DIGEST_DATA_H
#define KRAIT_DIGEST_DATA_H
#include "krait.h"

PyAPI_FUNC(PyObject *) _Py_strhex(const char *bytes, const Py_ssize_t n);

/* A buffer to hash, to be released; text is refused. 1, or 0 with an exception. */
static inline KR_UNUSED int kr_digest_data(PyObject *o, Py_buffer *view) {
    if (PyUnicode_Check(o)) {
        PyErr_SetString(PyExc_TypeError, "Strings must be encoded before hashing");
        return 0;
    }
    if (!PyObject_CheckBuffer(o)) {
        PyErr_SetString(PyExc_TypeError, "object supporting the buffer API required");
        return 0;
    }
    if (PyObject_GetBuffer(o, view, PyBUF_SIMPLE) < 0) return 0;
    if (view->ndim > 1) {
        PyErr_SetString(PyExc_BufferError, "Buffer must be single dimension");
        PyBuffer_Release(view);
        return 0;
    }
    return 1;
}

/* Whether o is an int that isn't negative; else an exception. */
static inline KR_UNUSED int kr_digest_unsigned(PyObject *o) {
    if (!PyLong_Check(o))
        PyErr_SetString(PyExc_TypeError, "an integer is required");
    else if (_PyLong_Sign(o) < 0)
        PyErr_SetString(PyExc_ValueError, "value must be positive");
    else
        return 1;
    return 0;
}

#endif
