/* buffer.c - PyBuffer_*: arithmetic on Py_buffer that needs no object. */
#include "object/memoryview.h"

int PyBuffer_FillInfo(Py_buffer *view, PyObject *o, void *buf, Py_ssize_t len, int readonly, int flags) {
    if (view == NULL) {
        PyErr_SetString(PyExc_BufferError, "PyBuffer_FillInfo: view==NULL argument is obsolete");
        return -1;
    }
    if ((flags & PyBUF_WRITABLE) == PyBUF_WRITABLE && readonly == 1) {
        PyErr_SetString(PyExc_BufferError, "Object is not writable.");
        return -1;
    }
    view->obj = Py_XNewRef(o);
    view->buf = buf;
    view->len = len;
    view->readonly = readonly;
    view->itemsize = 1;
    view->format = (flags & PyBUF_FORMAT) == PyBUF_FORMAT ? "B" : NULL;
    view->ndim = 1;
    view->shape = (flags & PyBUF_ND) == PyBUF_ND ? &view->len : NULL;
    view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? &view->itemsize : NULL;
    view->suboffsets = NULL;
    view->internal = NULL;
    return 0;
}

/* Items follow each other without gaps, the last index running fastest (C) or the first. */
static bool contiguous(const Py_buffer *v, bool fortran) {
    if (v->suboffsets != NULL)
        return false;
    if (v->len == 0)
        return true;
    if (v->strides == NULL) {
        if (!fortran || v->ndim <= 1)
            return true;
        int wide = 0;
        for (int i = 0; i < v->ndim; i++)
            wide += v->shape == NULL || v->shape[i] > 1;
        return wide <= 1;
    }
    Py_ssize_t step = v->itemsize;
    for (int k = 0; k < v->ndim; k++) {
        int i = fortran ? k : v->ndim - 1 - k;
        Py_ssize_t n = v->shape[i];
        if (n > 1 && v->strides[i] != step)
            return false;
        step *= n;
    }
    return true;
}

int PyBuffer_IsContiguous(const Py_buffer *v, char order) {
    if (v->suboffsets != NULL)
        return 0;
    switch (order) {
    case 'C': return contiguous(v, false);
    case 'F': return contiguous(v, true);
    case 'A': return contiguous(v, false) || contiguous(v, true);
    default: return 0;
    }
}

void *PyBuffer_GetPointer(const Py_buffer *v, const Py_ssize_t *indices) {
    char *p = v->buf;
    for (int i = 0; i < v->ndim; i++)
        p = kr_follow(p + v->strides[i] * indices[i], v->suboffsets, i);
    return p;
}

void PyBuffer_FillContiguousStrides(int nd, Py_ssize_t *shape, Py_ssize_t *strides, int itemsize, char order) {
    Py_ssize_t step = itemsize;
    for (int k = 0; k < nd; k++) {
        int i = nd <= 1 || order == 'F' ? k : nd - 1 - k;
        strides[i] = step;
        step *= shape[i];
    }
}

/* Copies between a packed array and the items of v, in the order given: to the array, or from it for at most len bytes. */
static void copy_items(const Py_buffer *v, char *packed, Py_ssize_t len, bool fortran, bool to_packed) {
    Py_ssize_t index[PyBUF_MAX_NDIM] = {0}, strides[PyBUF_MAX_NDIM], shape1 = 0;
    const Py_ssize_t *shape = v->shape, *vs = v->strides;
    int nd = v->ndim;
    if (shape == NULL && nd == 1) {
        shape1 = v->itemsize ? v->len / v->itemsize : 0;
        shape = &shape1;
    }
    if (vs == NULL) {
        PyBuffer_FillContiguousStrides(nd, (Py_ssize_t *)shape, strides, (int)v->itemsize, 'C');
        vs = strides;
    }
    for (Py_ssize_t n = v->itemsize ? len / v->itemsize : 0; n > 0; n--) {
        char *p = v->buf;
        for (int i = 0; i < nd; i++)
            p = kr_follow(p + vs[i] * index[i], v->suboffsets, i);
        if (to_packed)
            memcpy(packed, p, (size_t)v->itemsize);
        else
            memcpy(p, packed, (size_t)v->itemsize);
        packed += v->itemsize;
        for (int k = 0; k < nd; k++) {
            int i = fortran ? k : nd - 1 - k;
            if (++index[i] < shape[i])
                break;
            index[i] = 0;
        }
    }
}

int PyBuffer_ToContiguous(void *buf, const Py_buffer *v, Py_ssize_t len, char order) {
    if (len != v->len) {
        PyErr_SetString(PyExc_ValueError, "PyBuffer_ToContiguous: len != view->len");
        return -1;
    }
    if (PyBuffer_IsContiguous(v, order))
        memcpy(buf, v->buf, (size_t)len);
    else
        copy_items(v, buf, len, order == 'F', true);
    return 0;
}

int PyBuffer_FromContiguous(const Py_buffer *v, const void *buf, Py_ssize_t len, char order) {
    if (len > v->len)
        len = v->len;
    if (PyBuffer_IsContiguous(v, order))
        memcpy(v->buf, buf, (size_t)len);
    else
        copy_items(v, (char *)buf, len, order == 'F', false);
    return 0;
}

Py_ssize_t PyBuffer_SizeFromFormat(const char *format) {
    PyObject *module = PyImport_ImportModule("struct"), *r = NULL;
    Py_ssize_t n = -1;
    if (module != NULL) {
        r = PyObject_CallMethod(module, "calcsize", "s", format);
        Py_DECREF(module);
    }
    if (r != NULL) {
        n = PyLong_AsSsize_t(r);
        Py_DECREF(r);
    }
    return n;
}
