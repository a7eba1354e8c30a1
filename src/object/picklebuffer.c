/* picklebuffer.c - pickle.PickleBuffer: a buffer that pickling may carry outside the stream (PEP 574).
 *
 * It holds one full buffer of its object until released; view.obj is NULL afterwards.
 */
#include "krait.h"

typedef struct {
    PyObject_HEAD
    Py_buffer view;
    PyObject *weakreflist;
} KrPickleBuffer;
#define PB(o) ((KrPickleBuffer *)(o))

static PyObject *pickle_buffer_make(PyTypeObject *type, PyObject *base) {
    KrPickleBuffer *self = (KrPickleBuffer *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->view.obj = NULL;
    self->weakreflist = NULL;
    if (PyObject_GetBuffer(base, &self->view, PyBUF_FULL_RO) < 0) {
        self->view.obj = NULL;
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

PyObject *PyPickleBuffer_FromObject(PyObject *base) { return pickle_buffer_make(&PyPickleBuffer_Type, base); }

static int check(PyObject *o) {
    if (!PyPickleBuffer_Check(o)) {
        PyErr_Format(PyExc_TypeError, "expected PickleBuffer, %.200s found", Py_TYPE(o)->tp_name);
        return -1;
    }
    return 0;
}
static int check_open(PyObject *o) {
    if (PB(o)->view.obj != NULL)
        return 0;
    PyErr_SetString(PyExc_ValueError, "operation forbidden on released PickleBuffer object");
    return -1;
}

const Py_buffer *PyPickleBuffer_GetBuffer(PyObject *o) { return check(o) < 0 || check_open(o) < 0 ? NULL : &PB(o)->view; }

int PyPickleBuffer_Release(PyObject *o) {
    if (check(o) < 0)
        return -1;
    PyBuffer_Release(&PB(o)->view);
    return 0;
}

static PyObject *pickle_buffer_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"", NULL};
    PyObject *base;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O:PickleBuffer", keywords, &base))
        return NULL;
    return pickle_buffer_make(type, base);
}

static void pickle_buffer_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    if (PB(o)->weakreflist != NULL)
        PyObject_ClearWeakRefs(o);
    PyBuffer_Release(&PB(o)->view);
    Py_TYPE(o)->tp_free(o);
}
static int pickle_buffer_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(PB(o)->view.obj);
    return 0;
}
static int pickle_buffer_clear(PyObject *o) {
    PyBuffer_Release(&PB(o)->view);
    return 0;
}

static int pickle_buffer_getbuffer(PyObject *o, Py_buffer *view, int flags) {
    return check_open(o) < 0 ? -1 : PyObject_GetBuffer(PB(o)->view.obj, view, flags);
}
static void pickle_buffer_releasebuffer(PyObject *o, Py_buffer *view) {} /* view->obj is the base: it is told directly */

/* A view of one dimension of unsigned bytes on contiguous memory. */
static PyObject *pickle_buffer_raw(PyObject *o, PyObject *ignored) {
    if (check_open(o) < 0)
        return NULL;
    const Py_buffer *v = &PB(o)->view;
    if (v->suboffsets != NULL || !PyBuffer_IsContiguous(v, 'A')) {
        PyErr_SetString(PyExc_BufferError, "cannot extract raw buffer from non-contiguous buffer");
        return NULL;
    }
    PyObject *m = PyMemoryView_FromObject(o);
    if (m == NULL)
        return NULL;
    Py_buffer *x = PyMemoryView_GET_BUFFER(m);
    x->format = "B";
    x->ndim = 1;
    x->itemsize = 1;
    /* room of one dimension exists but when the buffer has none: then the view's own fields serve */
    PyMemoryViewObject *mv = (PyMemoryViewObject *)m;
    x->strides = &x->itemsize;
    x->shape = &x->len;
    x->suboffsets = NULL;
    mv->flags = _Py_MEMORYVIEW_C | _Py_MEMORYVIEW_FORTRAN;
    return m;
}

static PyObject *pickle_buffer_release(PyObject *o, PyObject *ignored) {
    PyBuffer_Release(&PB(o)->view);
    Py_RETURN_NONE;
}

static PyMethodDef pickle_buffer_methods[] = {
    {"raw", pickle_buffer_raw, METH_NOARGS, PyDoc_STR("raw($self, /)\n--\n\nA memoryview of plain bytes on the whole buffer; BufferError when it isn't contiguous.")},
    {"release", pickle_buffer_release, METH_NOARGS, PyDoc_STR("release($self, /)\n--\n\nReleases the underlying buffer.")},
    {NULL}
};
static PyBufferProcs pickle_buffer_as_buffer = {.bf_getbuffer = pickle_buffer_getbuffer, .bf_releasebuffer = pickle_buffer_releasebuffer};

PyTypeObject PyPickleBuffer_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "pickle.PickleBuffer",
    .tp_basicsize = sizeof(KrPickleBuffer),
    .tp_dealloc = pickle_buffer_dealloc,
    .tp_as_buffer = &pickle_buffer_as_buffer,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = PyDoc_STR("Wraps a buffer that may be transported outside the pickle."),
    .tp_traverse = pickle_buffer_traverse,
    .tp_clear = pickle_buffer_clear,
    .tp_weaklistoffset = offsetof(KrPickleBuffer, weakreflist),
    .tp_methods = pickle_buffer_methods,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = pickle_buffer_new,
    .tp_free = PyObject_GC_Del,
};
