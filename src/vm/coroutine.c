/* coroutine.c - coroutines: generators that are awaited; their wrapper for __await__, and what `await` accepts. */
#include "vm/generator.h"
#include "object/tuple.h"

/* ------------------------------------------------------------------ awaiting */

PyObject *kr_coro_awaitable_iter(PyObject *o) {
    if (kr_gen_is_awaitable(o)) return Py_NewRef(o);
    PyAsyncMethods *am = Py_TYPE(o)->tp_as_async;
    if (!am || !am->am_await) {
        PyErr_Format(PyExc_TypeError, "object %.100s can't be used in 'await' expression", Py_TYPE(o)->tp_name);
        return NULL;
    }
    PyObject *it = am->am_await(o);
    if (!it) return NULL;
    if (kr_gen_is_awaitable(it)) PyErr_SetString(PyExc_TypeError, "__await__() returned a coroutine");
    else if (!PyIter_Check(it)) PyErr_Format(PyExc_TypeError, "__await__() returned non-iterator of type '%.100s'", Py_TYPE(it)->tp_name);
    else return it;
    Py_DECREF(it);
    return NULL;
}

PyObject *kr_coro_get_awaitable(PyObject *o, int where) {
    PyObject *it = kr_coro_awaitable_iter(o);
    if (!it) {
        PyAsyncMethods *am = Py_TYPE(o)->tp_as_async;
        if (where && (!am || !am->am_await))
            PyErr_Format(PyExc_TypeError, "'async with' received an object from %s that does not implement __await__: %.100s",
                         where == 1 ? "__aenter__" : "__aexit__", Py_TYPE(o)->tp_name);
        return NULL;
    }
    if (PyCoro_CheckExact(it)) {
        PyObject *busy = kr_gen_delegate((PyGenObject *)it);
        if (busy) {
            Py_DECREF(busy);
            Py_DECREF(it);
            PyErr_SetString(PyExc_RuntimeError, "coroutine is being awaited already");
            return NULL;
        }
    }
    return it;
}

PyObject *kr_coro_origin(KrThread *t, int depth) {
    int n = 0;
    for (KrFrame *f = kr_frame_visible(t->vm.frame); f && n < depth; f = kr_frame_visible(f->previous)) n++;
    PyObject *origin = PyTuple_New(n);
    KrFrame *f = kr_frame_visible(t->vm.frame);
    for (int i = 0; origin && i < n; i++, f = kr_frame_visible(f->previous)) {
        int at = (int)(f->pc - f->code->instrs) - 1;
        PyObject *entry = Py_BuildValue("OiO", f->code->base.co_filename, at < 0 ? f->code->base.co_firstlineno : kr_code_line(f->code, (uint32_t)at), f->code->base.co_name);
        if (!entry) Py_CLEAR(origin);
        else PyTuple_SET_ITEM(origin, i, entry);
    }
    return origin;
}

/* ------------------------------------------------------------------ the object that __await__ gives */

typedef struct {
    PyObject_HEAD
    PyGenObject *coro;
} CoroWrapper;

static void wrapper_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    Py_CLEAR(((CoroWrapper *)o)->coro);
    PyObject_GC_Del(o);
}
static int wrapper_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(((CoroWrapper *)o)->coro);
    return 0;
}
static PyObject *wrapper_next(PyObject *o) { return kr_gen_send(((CoroWrapper *)o)->coro, Py_None); }
static PyObject *wrapper_send(PyObject *o, PyObject *value) { return kr_gen_send(((CoroWrapper *)o)->coro, value); }
static PyObject *wrapper_throw(PyObject *o, PyObject *const *args, Py_ssize_t nargs) { return kr_gen_throw_method((PyObject *)((CoroWrapper *)o)->coro, args, nargs); }
static PyObject *wrapper_close(PyObject *o, PyObject *unused) { return kr_gen_close((PyObject *)((CoroWrapper *)o)->coro, NULL); }

PyDoc_STRVAR(send_doc, "send(arg) -> puts arg into coroutine: the value yielded next, or StopIteration with the result.");
PyDoc_STRVAR(throw_doc, "throw(value)\nthrow(type[, value[, traceback]])\n\nRaises an exception in coroutine: the value yielded next, or StopIteration.");
PyDoc_STRVAR(close_doc, "close() -> raises GeneratorExit inside coroutine.");

static PyMethodDef wrapper_methods[] = {
    {"send", wrapper_send, METH_O, send_doc},
    {"throw", KR_METH(wrapper_throw), METH_FASTCALL, throw_doc},
    {"close", wrapper_close, METH_NOARGS, close_doc},
    {NULL},
};
PyTypeObject _PyCoroWrapper_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "coroutine_wrapper",
    .tp_basicsize = sizeof(CoroWrapper),
    .tp_dealloc = wrapper_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "A wrapper object implementing __await__ for coroutines.",
    .tp_traverse = wrapper_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = wrapper_next,
    .tp_methods = wrapper_methods,
};

static PyObject *coro_await(PyObject *o) {
    CoroWrapper *w = PyObject_GC_New(CoroWrapper, &_PyCoroWrapper_Type);
    if (!w) return NULL;
    w->coro = (PyGenObject *)Py_NewRef(o);
    PyObject_GC_Track(w);
    return (PyObject *)w;
}

/* ------------------------------------------------------------------ the type */

static PyObject *coro_repr(PyObject *o) { return PyUnicode_FromFormat("<coroutine object %S at %p>", ((PyCoroObject *)o)->cr_qualname, o); }

static PyGetSetDef coro_getsets[] = {
    {"__name__", kr_gen_get_name, kr_gen_set_name, PyDoc_STR("name of the coroutine")},
    {"__qualname__", kr_gen_get_qualname, kr_gen_set_qualname, PyDoc_STR("qualified name of the coroutine")},
    {"cr_await", kr_gen_get_delegate, NULL, PyDoc_STR("object being awaited on, or None")},
    {"cr_running", kr_gen_get_running, NULL, NULL},
    {"cr_frame", kr_gen_get_frame, NULL, NULL, (void *)"cr_frame"},
    {"cr_code", kr_gen_get_code, NULL, NULL, (void *)"cr_code"},
    {"cr_suspended", kr_gen_get_suspended, NULL, NULL},
    {NULL},
};
static PyMemberDef coro_members[] = {{"cr_origin", T_OBJECT, offsetof(PyCoroObject, cr_origin_or_finalizer), READONLY, NULL}, {NULL}};
static PyMethodDef coro_methods[] = {
    {"send", kr_gen_send_method, METH_O, send_doc},
    {"throw", KR_METH(kr_gen_throw_method), METH_FASTCALL, throw_doc},
    {"close", kr_gen_close, METH_NOARGS, close_doc},
    {"__sizeof__", kr_gen_sizeof, METH_NOARGS, PyDoc_STR("size of the coroutine in memory, in bytes")},
    {NULL},
};
static PyAsyncMethods coro_as_async = {.am_await = coro_await, .am_send = kr_gen_am_send};
PyTypeObject PyCoro_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "coroutine",
    .tp_basicsize = offsetof(PyCoroObject, cr_iframe) + sizeof(KrFrame),
    .tp_itemsize = sizeof(PyObject *),
    .tp_dealloc = kr_gen_dealloc,
    .tp_as_async = &coro_as_async,
    .tp_repr = coro_repr,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = kr_gen_traverse,
    .tp_weaklistoffset = offsetof(PyCoroObject, cr_weakreflist),
    .tp_methods = coro_methods,
    .tp_members = coro_members,
    .tp_getset = coro_getsets,
    .tp_finalize = _PyGen_Finalize,
};
