/* bytes_iter.c - the iterators of bytes and bytearray: two types, one implementation. */
#include "object/bytes.h"
#include "object/container.h"

typedef struct {
    PyObject_HEAD
    Py_ssize_t index;
    PyObject *seq; /* NULL once exhausted */
} KrBytesIter;

PyObject *kr_bytes_iter(PyObject *o) {
    KrBytesIter *it = PyObject_GC_New(KrBytesIter, PyBytes_Check(o) ? &PyBytesIter_Type : &PyByteArrayIter_Type);
    if (it == NULL)
        return NULL;
    it->index = 0;
    it->seq = Py_NewRef(o);
    PyObject_GC_Track(it);
    return (PyObject *)it;
}
static void bytesiter_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    Py_XDECREF(((KrBytesIter *)o)->seq);
    PyObject_GC_Del(o);
}
static int bytesiter_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(((KrBytesIter *)o)->seq);
    return 0;
}
static PyObject *bytesiter_next(PyObject *o) {
    KrBytesIter *it = (KrBytesIter *)o;
    if (it->seq == NULL)
        return NULL;
    if (it->index < Py_SIZE(it->seq))
        return PyLong_FromLong((unsigned char)kr_bytes_data(it->seq)[it->index++]);
    Py_CLEAR(it->seq);
    return NULL;
}
static PyObject *bytesiter_length_hint(PyObject *o, PyObject *ignored) {
    KrBytesIter *it = (KrBytesIter *)o;
    Py_ssize_t left = it->seq ? Py_SIZE(it->seq) - it->index : 0;
    return PyLong_FromSsize_t(left < 0 ? 0 : left);
}
static PyObject *bytesiter_reduce(PyObject *o, PyObject *ignored) {
    KrBytesIter *it = (KrBytesIter *)o;
    PyObject *iter = kr_builtin("iter");
    if (iter == NULL)
        return NULL;
    return it->seq != NULL ? Py_BuildValue("N(O)n", iter, it->seq, it->index) : Py_BuildValue("N(())", iter);
}
static PyObject *bytesiter_setstate(PyObject *o, PyObject *state) {
    KrBytesIter *it = (KrBytesIter *)o;
    Py_ssize_t i = PyLong_AsSsize_t(state);
    if (i == -1 && PyErr_Occurred())
        return NULL;
    if (it->seq != NULL)
        it->index = i < 0 ? 0 : Py_MIN(i, Py_SIZE(it->seq));
    Py_RETURN_NONE;
}

static PyMethodDef bytesiter_methods[] = {
    {"__length_hint__", bytesiter_length_hint, METH_NOARGS, PyDoc_STR("How many items are left, as far as known.")},
    {"__reduce__", bytesiter_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")},
    {"__setstate__", bytesiter_setstate, METH_O, PyDoc_STR("Sets the position from a pickle.")},
    {NULL}
};

#define ITERATOR_TYPE(variable, name)                           \
    PyTypeObject variable = {                                   \
        KR_STATIC_TYPE_HEAD                                     \
        .tp_name = name,                                        \
        .tp_basicsize = sizeof(KrBytesIter),                    \
        .tp_dealloc = bytesiter_dealloc,                        \
        .tp_getattro = PyObject_GenericGetAttr,                 \
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,    \
        .tp_traverse = bytesiter_traverse,                      \
        .tp_iter = PyObject_SelfIter,                           \
        .tp_iternext = bytesiter_next,                          \
        .tp_methods = bytesiter_methods,                        \
    };
ITERATOR_TYPE(PyBytesIter_Type, "bytes_iterator")
ITERATOR_TYPE(PyByteArrayIter_Type, "bytearray_iterator")
