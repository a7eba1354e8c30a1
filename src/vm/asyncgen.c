/* asyncgen.c - asynchronous generators, and the awaitables their methods give.
 *
 * The body's frame works as a generator's. A value it yields comes out marked (WrappedValue), what an inner `await`
 * passes through does not: so a step (asend) knows whether to hand a value to the event loop or to end with it. ag_running_async is
 * set while a step is under way. A step (ASend), or a throw or close (AThrow, the latter without args), is awaited once.
 */
#include "vm/generator.h"

typedef enum { STEP_INIT, STEP_RUNNING, STEP_CLOSED } StepState;

typedef struct {
    PyObject_HEAD
    PyObject *value;
} WrappedValue;
typedef struct {
    PyObject_HEAD
    PyAsyncGenObject *gen;
    PyObject *value;            /* to send; NULL: None */
    StepState state;
} ASend;
typedef struct {
    PyObject_HEAD
    PyAsyncGenObject *gen;
    PyObject *args;             /* of athrow(); NULL: aclose() */
    StepState state;
} AThrow;

#define IGNORED_EXIT "async generator ignored GeneratorExit"

static PyGenObject *as_gen(PyAsyncGenObject *g) { return (PyGenObject *)g; }
static bool is_wrapped(PyObject *o) { return o && Py_IS_TYPE(o, &_PyAsyncGenWrappedValue_Type); }
static bool ended(void) { return PyErr_ExceptionMatches(PyExc_StopAsyncIteration) || PyErr_ExceptionMatches(PyExc_GeneratorExit); }

/* ------------------------------------------------------------------ marked values */

PyObject *kr_asyncgen_wrap(PyObject *value) {
    WrappedValue *w = PyObject_GC_New(WrappedValue, &_PyAsyncGenWrappedValue_Type);
    if (!w) {
        Py_DECREF(value);
        return NULL;
    }
    w->value = value;
    PyObject_GC_Track(w);
    return (PyObject *)w;
}
static void wrapped_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    Py_CLEAR(((WrappedValue *)o)->value);
    PyObject_GC_Del(o);
}
static int wrapped_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(((WrappedValue *)o)->value);
    return 0;
}
PyTypeObject _PyAsyncGenWrappedValue_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "async_generator_wrapped_value",
    .tp_basicsize = sizeof(WrappedValue),
    .tp_dealloc = wrapped_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = wrapped_traverse,
};

/* What resuming gave (taken over): passes on what is for the event loop; a marked value ends the step with StopIteration(value). */
static PyObject *unwrap(PyAsyncGenObject *g, PyObject *result) {
    if (!result) {
        if (!PyErr_Occurred()) PyErr_SetNone(PyExc_StopAsyncIteration);
        if (ended()) g->ag_closed = 1;
        g->ag_running_async = 0;
        return NULL;
    }
    if (is_wrapped(result)) {
        _PyGen_SetStopIterationValue(((WrappedValue *)result)->value);
        Py_DECREF(result);
        g->ag_running_async = 0;
        return NULL;
    }
    return result;
}

/* ------------------------------------------------------------------ asend */

static PyObject *asend_new(PyObject *gen, PyObject *value) {
    ASend *s = PyObject_GC_New(ASend, &_PyAsyncGenASend_Type);
    if (!s) return NULL;
    s->gen = (PyAsyncGenObject *)Py_NewRef(gen);
    s->value = Py_XNewRef(value);
    s->state = STEP_INIT;
    PyObject_GC_Track(s);
    return (PyObject *)s;
}
static void asend_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    Py_CLEAR(((ASend *)o)->gen);
    Py_CLEAR(((ASend *)o)->value);
    PyObject_GC_Del(o);
}
static int asend_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(((ASend *)o)->gen);
    Py_VISIT(((ASend *)o)->value);
    return 0;
}
/* RuntimeError when the step is over. */
static bool asend_is_over(ASend *s) {
    if (s->state != STEP_CLOSED) return false;
    PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited __anext__()/asend()");
    return true;
}
static PyObject *asend_send(PyObject *o, PyObject *value) {
    ASend *s = (ASend *)o;
    if (asend_is_over(s)) return NULL;
    if (s->state == STEP_INIT) {
        if (s->gen->ag_running_async) {
            PyErr_SetString(PyExc_RuntimeError, "anext(): asynchronous generator is already running");
            return NULL;
        }
        if (!value || value == Py_None) value = s->value;
        s->state = STEP_RUNNING;
    }
    s->gen->ag_running_async = 1;
    PyObject *r = unwrap(s->gen, kr_gen_send(as_gen(s->gen), value ? value : Py_None));
    if (!r) s->state = STEP_CLOSED;
    return r;
}
static PyObject *asend_next(PyObject *o) { return asend_send(o, NULL); }
static PyObject *asend_throw(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    ASend *s = (ASend *)o;
    if (asend_is_over(s)) return NULL;
    PyObject *r = unwrap(s->gen, kr_gen_throw_method((PyObject *)s->gen, args, nargs));
    if (!r) s->state = STEP_CLOSED;
    return r;
}
static PyObject *asend_close(PyObject *o, PyObject *unused) {
    ((ASend *)o)->state = STEP_CLOSED;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(send_doc, "send(arg) -> goes on with the step; what the event loop is to wait for, or StopIteration with the value.");
PyDoc_STRVAR(throw_doc, "throw(value)\nthrow(type[,value[,tb]])\n\nRaises an exception in the step.");
PyDoc_STRVAR(close_doc, "close() -> gives up the step.");

static PyMethodDef asend_methods[] = {
    {"send", asend_send, METH_O, send_doc},
    {"throw", KR_METH(asend_throw), METH_FASTCALL, throw_doc},
    {"close", asend_close, METH_NOARGS, close_doc},
    {NULL},
};
static PyAsyncMethods step_as_async = {.am_await = PyObject_SelfIter};
PyTypeObject _PyAsyncGenASend_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "async_generator_asend",
    .tp_basicsize = sizeof(ASend),
    .tp_dealloc = asend_dealloc,
    .tp_as_async = &step_as_async,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = asend_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = asend_next,
    .tp_methods = asend_methods,
};

/* ------------------------------------------------------------------ athrow and aclose */

static PyObject *athrow_new(PyObject *gen, PyObject *args) {
    AThrow *s = PyObject_GC_New(AThrow, &_PyAsyncGenAThrow_Type);
    if (!s) return NULL;
    s->gen = (PyAsyncGenObject *)Py_NewRef(gen);
    s->args = Py_XNewRef(args);
    s->state = STEP_INIT;
    PyObject_GC_Track(s);
    return (PyObject *)s;
}
static void athrow_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    Py_CLEAR(((AThrow *)o)->gen);
    Py_CLEAR(((AThrow *)o)->args);
    PyObject_GC_Del(o);
}
static int athrow_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(((AThrow *)o)->gen);
    Py_VISIT(((AThrow *)o)->args);
    return 0;
}

static PyObject *athrow_fail(AThrow *s, PyObject *type, const char *message) {
    s->state = STEP_CLOSED;
    if (message) PyErr_SetString(type, message);
    else PyErr_SetNone(type);
    return NULL;
}
/* aclose() found that the generator yields on. */
static PyObject *athrow_ignored(AThrow *s, PyObject *result) {
    Py_DECREF(result);
    s->gen->ag_running_async = 0;
    return athrow_fail(s, PyExc_RuntimeError, IGNORED_EXIT);
}
/* The step is over by an exception; for aclose() the generator's end is success. */
static PyObject *athrow_ended(AThrow *s) {
    s->gen->ag_running_async = 0;
    s->state = STEP_CLOSED;
    if (!s->args && ended()) {
        PyErr_Clear();
        PyErr_SetNone(PyExc_StopIteration);
    }
    return NULL;
}

static PyObject *athrow_send(PyObject *o, PyObject *value) {
    AThrow *s = (AThrow *)o;
    PyGenObject *g = as_gen(s->gen);
    PyObject *r;
    if (s->state == STEP_CLOSED) return athrow_fail(s, PyExc_RuntimeError, "cannot reuse already awaited aclose()/athrow()");
    if (g->gi_frame_state >= KR_GEN_COMPLETED) return athrow_fail(s, PyExc_StopIteration, NULL);
    if (s->state == STEP_INIT) {
        if (g->gi_running_async)
            return athrow_fail(s, PyExc_RuntimeError, s->args ? "athrow(): asynchronous generator is already running" : "aclose(): asynchronous generator is already running");
        if (g->gi_closed) return athrow_fail(s, PyExc_StopAsyncIteration, NULL);
        if (value && value != Py_None) {
            PyErr_SetString(PyExc_RuntimeError, "can't send non-None value to a just-started coroutine");
            return NULL;
        }
        s->state = STEP_RUNNING;
        g->gi_running_async = 1;
        if (!s->args) {
            g->gi_closed = 1;
            r = kr_gen_throw(g, false, PyExc_GeneratorExit, NULL, NULL);
            if (is_wrapped(r)) return athrow_ignored(s, r);
        } else {
            PyObject *type, *v = NULL, *tb = NULL;
            if (!PyArg_UnpackTuple(s->args, "athrow", 1, 3, &type, &v, &tb)) return NULL;
            r = unwrap(s->gen, kr_gen_throw(g, false, type, v, tb));
        }
        return r ? r : athrow_ended(s);
    }
    r = kr_gen_send(g, value ? value : Py_None);
    if (s->args) {
        r = unwrap(s->gen, r);
        if (!r) s->state = STEP_CLOSED;
        return r;
    }
    if (is_wrapped(r)) return athrow_ignored(s, r);
    return r ? r : athrow_ended(s);
}
static PyObject *athrow_next(PyObject *o) { return athrow_send(o, Py_None); }
static PyObject *athrow_throw(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    AThrow *s = (AThrow *)o;
    if (s->state == STEP_CLOSED) return athrow_fail(s, PyExc_RuntimeError, "cannot reuse already awaited aclose()/athrow()");
    PyObject *r = kr_gen_throw_method((PyObject *)s->gen, args, nargs);
    if (s->args) {
        r = unwrap(s->gen, r);
        if (!r) s->state = STEP_CLOSED;
        return r;
    }
    if (is_wrapped(r)) return athrow_ignored(s, r);
    return r ? r : athrow_ended(s);
}
static PyObject *athrow_close(PyObject *o, PyObject *unused) {
    ((AThrow *)o)->state = STEP_CLOSED;
    Py_RETURN_NONE;
}

static PyMethodDef athrow_methods[] = {
    {"send", athrow_send, METH_O, send_doc},
    {"throw", KR_METH(athrow_throw), METH_FASTCALL, throw_doc},
    {"close", athrow_close, METH_NOARGS, close_doc},
    {NULL},
};
PyTypeObject _PyAsyncGenAThrow_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "async_generator_athrow",
    .tp_basicsize = sizeof(AThrow),
    .tp_dealloc = athrow_dealloc,
    .tp_as_async = &step_as_async,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = athrow_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = athrow_next,
    .tp_methods = athrow_methods,
};

/* ------------------------------------------------------------------ the generator */

/* Before the first step: remembers the finalizer hook, calls the first-iteration hook (sys.set_asyncgen_hooks). */
static int init_hooks(PyObject *o) {
    PyAsyncGenObject *g = (PyAsyncGenObject *)o;
    PyThreadState *ts = &kr_thread()->base;
    if (g->ag_hooks_inited) return 0;
    g->ag_hooks_inited = 1;
    g->ag_origin_or_finalizer = Py_XNewRef(ts->async_gen_finalizer);
    if (!ts->async_gen_firstiter) return 0;
    PyObject *hook = Py_NewRef(ts->async_gen_firstiter), *r = PyObject_CallOneArg(hook, o);
    Py_DECREF(hook);
    if (!r) return -1;
    Py_DECREF(r);
    return 0;
}
static PyObject *agen_anext(PyObject *o) { return init_hooks(o) < 0 ? NULL : asend_new(o, NULL); }
static PyObject *agen_asend(PyObject *o, PyObject *value) { return init_hooks(o) < 0 ? NULL : asend_new(o, value); }
static PyObject *agen_aclose(PyObject *o, PyObject *unused) { return init_hooks(o) < 0 ? NULL : athrow_new(o, NULL); }
static PyObject *agen_athrow(PyObject *o, PyObject *args) { return init_hooks(o) < 0 ? NULL : athrow_new(o, args); }
static PyObject *agen_repr(PyObject *o) { return PyUnicode_FromFormat("<async_generator object %S at %p>", ((PyAsyncGenObject *)o)->ag_qualname, o); }

PyDoc_STRVAR(asend_doc, "asend(v) -> an awaitable that sends v into the generator.");
PyDoc_STRVAR(aclose_doc, "aclose() -> an awaitable that raises GeneratorExit in the generator.");
PyDoc_STRVAR(athrow_doc, "athrow(value)\nathrow(type[,value[,tb]])\n\nAn awaitable that raises an exception in the generator.");

static PyGetSetDef agen_getsets[] = {
    {"__name__", kr_gen_get_name, kr_gen_set_name, PyDoc_STR("name of the async generator")},
    {"__qualname__", kr_gen_get_qualname, kr_gen_set_qualname, PyDoc_STR("qualified name of the async generator")},
    {"ag_await", kr_gen_get_delegate, NULL, PyDoc_STR("object being awaited on, or None")},
    {"ag_frame", kr_gen_get_frame, NULL, NULL, (void *)"ag_frame"},
    {"ag_code", kr_gen_get_code, NULL, NULL, (void *)"ag_code"},
    {NULL},
};
static PyMemberDef agen_members[] = {{"ag_running", T_BOOL, offsetof(PyAsyncGenObject, ag_running_async), READONLY, NULL}, {NULL}};
static PyMethodDef agen_methods[] = {
    {"asend", agen_asend, METH_O, asend_doc},
    {"athrow", agen_athrow, METH_VARARGS, athrow_doc},
    {"aclose", agen_aclose, METH_NOARGS, aclose_doc},
    {"__sizeof__", kr_gen_sizeof, METH_NOARGS, PyDoc_STR("size of the async generator in memory, in bytes")},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, PyDoc_STR("See PEP 585")},
    {NULL},
};
static PyAsyncMethods agen_as_async = {.am_aiter = PyObject_SelfIter, .am_anext = agen_anext, .am_send = kr_gen_am_send};
PyTypeObject PyAsyncGen_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "async_generator",
    .tp_basicsize = offsetof(PyAsyncGenObject, ag_iframe) + sizeof(KrFrame),
    .tp_itemsize = sizeof(PyObject *),
    .tp_dealloc = kr_gen_dealloc,
    .tp_as_async = &agen_as_async,
    .tp_repr = agen_repr,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = kr_gen_traverse,
    .tp_weaklistoffset = offsetof(PyAsyncGenObject, ag_weakreflist),
    .tp_methods = agen_methods,
    .tp_members = agen_members,
    .tp_getset = agen_getsets,
    .tp_finalize = _PyGen_Finalize,
};
