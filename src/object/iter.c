/* iter.c - iterators over "anything with __getitem__", over calls until a sentinel, and anext()'s awaitable with a default. */
#include "object/iter.h"

/* ------------------------------------------------------------------ sequence iterator */

typedef struct {
    PyObject_HEAD
    Py_ssize_t index;
    PyObject *seq;              /* NULL once exhausted */
} KrSeqIter;

PyObject *PySeqIter_New(PyObject *seq) {
    if (!PySequence_Check(seq)) {
        PyErr_BadInternalCall();
        return NULL;
    }
    KrSeqIter *it = PyObject_GC_New(KrSeqIter, &PySeqIter_Type);
    if (it == NULL)
        return NULL;
    it->index = 0;
    it->seq = Py_NewRef(seq);
    KR_TRACK(it);
    return (PyObject *)it;
}

static void seqiter_dealloc(PyObject *self) {
    KR_FORGET(self);
    Py_XDECREF(((KrSeqIter *)self)->seq);
    PyObject_GC_Del(self);
}

static int seqiter_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((KrSeqIter *)self)->seq);
    return 0;
}

static PyObject *seqiter_next(PyObject *self) {
    KrSeqIter *it = (KrSeqIter *)self;
    PyObject *seq = it->seq;
    if (seq == NULL)
        return NULL;
    if (it->index == PY_SSIZE_T_MAX) {
        PyErr_SetString(PyExc_OverflowError, "iter index too large");
        return NULL;
    }
    PyObject *item = PySequence_GetItem(seq, it->index);
    if (item != NULL) {
        it->index++;
        return item;
    }
    if (PyErr_ExceptionMatches(PyExc_IndexError) || PyErr_ExceptionMatches(PyExc_StopIteration)) {
        PyErr_Clear();
        it->seq = NULL;
        Py_DECREF(seq);
    }
    return NULL;
}

static PyObject *seqiter_length_hint(PyObject *self, PyObject *unused) {
    KrSeqIter *it = (KrSeqIter *)self;
    if (it->seq == NULL)
        return PyLong_FromLong(0);
    if (!_PyObject_HasLen(it->seq))
        Py_RETURN_NOTIMPLEMENTED;
    Py_ssize_t n = PySequence_Size(it->seq);
    if (n == -1)
        return NULL;
    return PyLong_FromSsize_t(n > it->index ? n - it->index : 0);
}

static PyObject *seqiter_reduce(PyObject *self, PyObject *unused) {
    KrSeqIter *it = (KrSeqIter *)self;
    if (it->seq != NULL)
        return Py_BuildValue("N(O)n", kr_builtin("iter"), it->seq, it->index);
    return Py_BuildValue("N(())", kr_builtin("iter"));
}

static PyObject *seqiter_setstate(PyObject *self, PyObject *state) {
    KrSeqIter *it = (KrSeqIter *)self;
    Py_ssize_t i = PyLong_AsSsize_t(state);
    if (i == -1 && PyErr_Occurred())
        return NULL;
    if (it->seq != NULL)
        it->index = i < 0 ? 0 : i;
    Py_RETURN_NONE;
}

static PyMethodDef seqiter_methods[] = {
    {"__length_hint__", seqiter_length_hint, METH_NOARGS, PyDoc_STR("Private method: how many items are left.")},
    {"__reduce__", seqiter_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")},
    {"__setstate__", seqiter_setstate, METH_O, PyDoc_STR("Restores a pickled state.")},
    {NULL, NULL, 0, NULL}};

PyTypeObject PySeqIter_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "iterator",
    .tp_basicsize = sizeof(KrSeqIter),
    .tp_dealloc = seqiter_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = seqiter_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = seqiter_next,
    .tp_methods = seqiter_methods,
};

/* ------------------------------------------------------------------ iter(callable, sentinel) */

typedef struct {
    PyObject_HEAD
    PyObject *callable, *sentinel;      /* both NULL once exhausted */
} KrCallIter;

PyObject *PyCallIter_New(PyObject *callable, PyObject *sentinel) {
    KrCallIter *it = PyObject_GC_New(KrCallIter, &PyCallIter_Type);
    if (it == NULL)
        return NULL;
    it->callable = Py_NewRef(callable);
    it->sentinel = Py_NewRef(sentinel);
    KR_TRACK(it);
    return (PyObject *)it;
}

static void calliter_dealloc(PyObject *self) {
    KR_FORGET(self);
    Py_XDECREF(((KrCallIter *)self)->callable);
    Py_XDECREF(((KrCallIter *)self)->sentinel);
    PyObject_GC_Del(self);
}

static int calliter_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((KrCallIter *)self)->callable);
    Py_VISIT(((KrCallIter *)self)->sentinel);
    return 0;
}

static PyObject *calliter_next(PyObject *self) {
    KrCallIter *it = (KrCallIter *)self;
    if (it->callable == NULL)
        return NULL;
    PyObject *result = PyObject_CallNoArgs(it->callable);
    if (result != NULL && it->sentinel != NULL) {
        PyObject *sentinel = Py_NewRef(it->sentinel);
        int eq = PyObject_RichCompareBool(sentinel, result, Py_EQ);
        Py_DECREF(sentinel);
        if (eq == 0)
            return result;
        if (eq > 0) {
            Py_CLEAR(it->callable);
            Py_CLEAR(it->sentinel);
        }
    } else if (result == NULL && PyErr_ExceptionMatches(PyExc_StopIteration)) {
        PyErr_Clear();
        Py_CLEAR(it->callable);
        Py_CLEAR(it->sentinel);
    }
    Py_XDECREF(result);
    return NULL;
}

static PyObject *calliter_reduce(PyObject *self, PyObject *unused) {
    KrCallIter *it = (KrCallIter *)self;
    if (it->callable != NULL && it->sentinel != NULL)
        return Py_BuildValue("N(OO)", kr_builtin("iter"), it->callable, it->sentinel);
    return Py_BuildValue("N(())", kr_builtin("iter"));
}

static PyMethodDef calliter_methods[] = {
    {"__reduce__", calliter_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")}, {NULL, NULL, 0, NULL}};

PyTypeObject PyCallIter_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "callable_iterator",
    .tp_basicsize = sizeof(KrCallIter),
    .tp_dealloc = calliter_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = calliter_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = calliter_next,
    .tp_methods = calliter_methods,
};

/* ------------------------------------------------------------------ anext(iterator, default)
 * Awaits what __anext__ returned; StopAsyncIteration turns into a plain result, the default. */

typedef struct {
    PyObject_HEAD
    PyObject *wrapped, *fallback;
} KrAnextAwaitable;




PyObject *PyAnextAwaitable_New(PyObject *awaitable, PyObject *fallback) {
    KrAnextAwaitable *a = PyObject_GC_New(KrAnextAwaitable, &_PyAnextAwaitable_Type);
    if (a == NULL)
        return NULL;
    a->wrapped = Py_NewRef(awaitable);
    a->fallback = Py_NewRef(fallback);
    KR_TRACK(a);
    return (PyObject *)a;
}

static void anext_dealloc(PyObject *self) {
    KR_FORGET(self);
    Py_XDECREF(((KrAnextAwaitable *)self)->wrapped);
    Py_XDECREF(((KrAnextAwaitable *)self)->fallback);
    PyObject_GC_Del(self);
}

static int anext_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((KrAnextAwaitable *)self)->wrapped);
    Py_VISIT(((KrAnextAwaitable *)self)->fallback);
    return 0;
}

/* Whether o is a generator made a coroutine by types.coroutine: 1, 0, -1. */
static int is_generator_coroutine(PyObject *o) {
    if (!PyGen_CheckExact(o))
        return 0;
    PyObject *code = PyObject_GetAttrString(o, "gi_code");
    if (code == NULL)
        return -1;
    int result = PyCode_Check(code) && (((PyCodeObject *)code)->co_flags & CO_ITERABLE_COROUTINE) != 0;
    Py_DECREF(code);
    return result;
}

/* What can be stepped through for the wrapped awaitable. */
static PyObject *anext_get_iter(KrAnextAwaitable *a) {
    PyObject *wrapped = a->wrapped, *it;
    int generator = is_generator_coroutine(wrapped);
    if (generator != 0)
        return generator < 0 ? NULL : Py_NewRef(wrapped);
    PyAsyncMethods *am = Py_TYPE(wrapped)->tp_as_async;
    if (am == NULL || am->am_await == NULL) {
        PyErr_Format(PyExc_TypeError, "object %.100s can't be used in 'await' expression", Py_TYPE(wrapped)->tp_name);
        return NULL;
    }
    if ((it = am->am_await(wrapped)) == NULL)
        return NULL;
    if (PyCoro_CheckExact(it)) {
        PyErr_SetString(PyExc_TypeError, "__await__() returned a coroutine");
        Py_CLEAR(it);
    } else if (Py_TYPE(it)->tp_iternext == NULL) {
        PyErr_Format(PyExc_TypeError, "__await__() returned non-iterator of type '%.100s'", Py_TYPE(it)->tp_name);
        Py_CLEAR(it);
    }
    return it;
}

static PyObject *anext_finish(KrAnextAwaitable *a, PyObject *result) {
    if (result == NULL && PyErr_ExceptionMatches(PyExc_StopAsyncIteration)) {
        PyErr_Clear();
        _PyGen_SetStopIterationValue(a->fallback);
    }
    return result;
}

static PyObject *anext_next(PyObject *self) {
    PyObject *it = anext_get_iter((KrAnextAwaitable *)self);
    if (it == NULL)
        return NULL;
    PyObject *result = kr_iternext(it);
    Py_DECREF(it);
    return anext_finish((KrAnextAwaitable *)self, result);
}

static PyObject *anext_forward(PyObject *self, const char *method, PyObject *args) {
    PyObject *it = anext_get_iter((KrAnextAwaitable *)self);
    if (it == NULL)
        return NULL;
    PyObject *result = NULL, *bound = PyObject_GetAttrString(it, method);
    if (bound != NULL) {
        result = args == NULL ? PyObject_CallNoArgs(bound) : PyObject_Call(bound, args, NULL);
        Py_DECREF(bound);
    }
    Py_DECREF(it);
    return anext_finish((KrAnextAwaitable *)self, result);
}

static PyObject *anext_send(PyObject *self, PyObject *arg) {
    PyObject *args = PyTuple_Pack(1, arg);
    if (args == NULL)
        return NULL;
    PyObject *result = anext_forward(self, "send", args);
    Py_DECREF(args);
    return result;
}
static PyObject *anext_throw(PyObject *self, PyObject *args) { return anext_forward(self, "throw", args); }
static PyObject *anext_close(PyObject *self, PyObject *unused) { return anext_forward(self, "close", NULL); }

static PyMethodDef anext_methods[] = {
    {"send", anext_send, METH_O, PyDoc_STR("send(arg) -> send 'arg' into the wrapped iterator; the next value or StopIteration.")},
    {"throw", anext_throw, METH_VARARGS, PyDoc_STR("throw(typ[,val[,tb]]) -> raise in the wrapped iterator; the next value or StopIteration.")},
    {"close", anext_close, METH_NOARGS, PyDoc_STR("close() -> raise GeneratorExit inside the wrapped generator.")},
    {NULL, NULL, 0, NULL}};

static PyAsyncMethods anext_as_async = {.am_await = PyObject_SelfIter};

PyTypeObject _PyAnextAwaitable_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "anext_awaitable",
    .tp_basicsize = sizeof(KrAnextAwaitable),
    .tp_dealloc = anext_dealloc,
    .tp_as_async = &anext_as_async,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = anext_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = anext_next,
    .tp_methods = anext_methods,
};
