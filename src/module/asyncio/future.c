/* future.c - asyncio.Future, and what awaiting one iterates over.
 *
 * A future is pending, cancelled or finished; finished, it has a result or an exception. Leaving "pending" hands the callbacks to the loop's call_soon, and a future
 * does so once. Callbacks: `callback` first, then those of the list.
 */
#include "module/asyncio/asyncio.h"

/* ------------------------------------------------------------------ helpers */

bool kr_future_ready(PyObject *o) {
    if (FUTURE(o)->loop) return true;
    PyErr_SetString(PyExc_RuntimeError, "Future object is not initialized.");
    return false;
}
/* The same for result() and exception(), which have an exception of their own for it. */
static bool has_state(PyObject *o) {
    if (FUTURE(o)->loop) return true;
    PyErr_SetString(FUTURE(o)->state->invalid_state_error, "Future object is not initialized.");
    return false;
}
static bool is_pending(Future *self) {
    if (self->status == FUTURE_PENDING) return true;
    PyErr_SetString(self->state->invalid_state_error, "invalid state");
    return false;
}

static int schedule_callbacks(Future *self) {
    PyObject *callback = self->callback, *context = self->context, *others = self->callbacks;
    int r = 0;
    self->callback = self->context = self->callbacks = NULL;
    if (callback) r = kr_asyncio_call_soon(self->state, self->loop, callback, (PyObject *)self, context);
    for (Py_ssize_t i = 0; r == 0 && others && i < PyList_GET_SIZE(others); i++) {
        PyObject *pair = PyList_GET_ITEM(others, i);
        r = kr_asyncio_call_soon(self->state, self->loop, PyTuple_GET_ITEM(pair, 0), (PyObject *)self, PyTuple_GET_ITEM(pair, 1));
    }
    Py_XDECREF(callback);
    Py_XDECREF(context);
    Py_XDECREF(others);
    return r;
}

int kr_future_set_result(Future *self, PyObject *result) {
    if (!kr_future_ready((PyObject *)self) || !is_pending(self)) return -1;
    self->result = Py_NewRef(result);
    self->status = FUTURE_FINISHED;
    return schedule_callbacks(self);
}
int kr_future_set_exception(Future *self, PyObject *exception) {
    if (!kr_future_ready((PyObject *)self) || !is_pending(self)) return -1;
    PyObject *instance = PyExceptionClass_Check(exception) ? PyObject_CallNoArgs(exception) : Py_NewRef(exception);
    if (!instance) return -1;
    if (!is_pending(self)) goto fail;           /* making it has run Python code */
    if (!PyExceptionInstance_Check(instance)) {
        PyErr_SetString(PyExc_TypeError, "invalid exception object");
        goto fail;
    }
    if (Py_IS_TYPE(instance, (PyTypeObject *)PyExc_StopIteration)) {
        PyErr_SetString(PyExc_TypeError, "StopIteration interacts badly with generators and cannot be raised into a Future");
        goto fail;
    }
    self->exception = instance;
    self->exception_traceback = PyException_GetTraceback(instance);
    self->status = FUTURE_FINISHED;
    if (schedule_callbacks(self) < 0) return -1;
    self->log_traceback = true;
    return 0;
fail:
    Py_DECREF(instance);
    return -1;
}
int kr_future_cancel(Future *self, PyObject *message) {
    self->log_traceback = false;
    if (self->status != FUTURE_PENDING) return 0;
    self->status = FUTURE_CANCELLED;
    Py_XSETREF(self->cancel_message, Py_XNewRef(message));
    return schedule_callbacks(self) < 0 ? -1 : 1;
}
PyObject *kr_future_cancelled_error(Future *self) {
    PyObject *e = self->cancelled_error;
    if (e) {
        self->cancelled_error = NULL;
        return e;
    }
    PyObject *message = self->cancel_message;
    if (!message || message == Py_None) return PyObject_CallNoArgs(self->state->cancelled_error);
    return PyObject_CallOneArg(self->state->cancelled_error, message);
}
int kr_future_add_callback(Future *self, PyObject *callback, PyObject *context) {
    if (!self->loop) {
        PyErr_SetString(PyExc_RuntimeError, "uninitialized Future object");
        return -1;
    }
    if (self->status != FUTURE_PENDING) return kr_asyncio_call_soon(self->state, self->loop, callback, (PyObject *)self, context);
    if (!self->callback && !self->callbacks) {
        self->callback = Py_NewRef(callback);
        self->context = Py_NewRef(context);
        return 0;
    }
    PyObject *pair = PyTuple_Pack(2, callback, context);
    if (pair && !self->callbacks) self->callbacks = PyList_New(0);
    int r = pair && self->callbacks ? PyList_Append(self->callbacks, pair) : -1;
    Py_XDECREF(pair);
    return r;
}
int kr_future_outcome(Future *self, PyObject **value) {
    if (!has_state((PyObject *)self)) return -1;
    if (self->status == FUTURE_CANCELLED) {
        *value = kr_future_cancelled_error(self);
        return *value ? 0 : -1;
    }
    if (self->status == FUTURE_PENDING) {
        PyErr_SetString(self->state->invalid_state_error, "Result is not set.");
        return -1;
    }
    self->log_traceback = false;
    if (!self->exception) {
        *value = Py_NewRef(self->result);
        return 1;
    }
    if (PyException_SetTraceback(self->exception, self->exception_traceback ? self->exception_traceback : Py_None) < 0) return -1;
    Py_CLEAR(self->exception_traceback);
    *value = Py_NewRef(self->exception);
    return 0;
}
/* The result, or raises. */
static PyObject *get_result(Future *self) {
    PyObject *value;
    int r = kr_future_outcome(self, &value);
    if (r > 0) return value;
    if (r == 0) {
        PyErr_SetObject((PyObject *)Py_TYPE(value), value);
        Py_DECREF(value);
    }
    return NULL;
}

/* ------------------------------------------------------------------ making and freeing */

PyObject *kr_future_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    Future *self = (Future *)type->tp_alloc(type, 0);
    if (self) self->state = asyncio_state_of_type(type);
    return (PyObject *)self;
}
/* Drops all that __init__ and use give it. */
static void drop_contents(Future *self) {
    Py_CLEAR(self->loop);
    Py_CLEAR(self->callback);
    Py_CLEAR(self->context);
    Py_CLEAR(self->callbacks);
    Py_CLEAR(self->result);
    Py_CLEAR(self->exception);
    Py_CLEAR(self->exception_traceback);
    Py_CLEAR(self->cancel_message);
    Py_CLEAR(self->cancelled_error);
    Py_CLEAR(self->source_traceback);
}
int kr_future_clear(PyObject *o) {
    drop_contents(FUTURE(o));
    Py_CLEAR(FUTURE(o)->dict);
    return 0;
}
int kr_future_init(Future *self, PyObject *loop) {
    AsyncioState *s = self->state;
    Py_INCREF(self);                            /* dropping what it had before runs anything */
    drop_contents(self);
    self->status = FUTURE_PENDING;
    self->log_traceback = self->blocking = false;
    loop = loop && loop != Py_None ? Py_NewRef(loop) : kr_asyncio_get_event_loop(s);
    int debug = -1;
    if (loop) {
        Py_XSETREF(self->loop, loop);
        PyObject *flag = PyObject_CallMethodNoArgs(loop, NAME(s, get_debug));
        if (flag) debug = PyObject_IsTrue(flag);
        Py_XDECREF(flag);
    }
    if (debug > 0 && !_Py_IsFinalizing()) {
        PyObject *stack = PyObject_CallNoArgs(s->extract_stack);
        if (stack) Py_XSETREF(self->source_traceback, stack);
        else debug = -1;
    }
    Py_DECREF(self);
    return debug < 0 ? -1 : 0;
}
static int future_init(PyObject *o, PyObject *args, PyObject *kwds) {
    static char *names[] = {"loop", NULL};
    PyObject *loop = NULL;
    if (PyTuple_GET_SIZE(args) > 0) {
        PyErr_SetString(PyExc_TypeError, "Future() takes no positional arguments");
        return -1;
    }
    return PyArg_ParseTupleAndKeywords(args, kwds, "|$O:Future", names, &loop) ? kr_future_init(FUTURE(o), loop) : -1;
}
int kr_future_traverse(PyObject *o, visitproc visit, void *arg) {
    Future *self = FUTURE(o);
    Py_VISIT(Py_TYPE(o));
    Py_VISIT(self->loop);
    Py_VISIT(self->callback);
    Py_VISIT(self->context);
    Py_VISIT(self->callbacks);
    Py_VISIT(self->result);
    Py_VISIT(self->exception);
    Py_VISIT(self->exception_traceback);
    Py_VISIT(self->cancel_message);
    Py_VISIT(self->cancelled_error);
    Py_VISIT(self->source_traceback);
    Py_VISIT(self->dict);
    return 0;
}
/* Tells the loop about an exception that nobody has asked for. */
void kr_future_report_lost(PyObject *o) {
    Future *self = FUTURE(o);
    AsyncioState *s = self->state;
    PyObject *type, *value, *traceback;
    if (!self->log_traceback || !self->exception || !self->loop) return;
    self->log_traceback = false;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *message = PyUnicode_FromFormat("%s exception was never retrieved", _PyType_Name(Py_TYPE(o))), *description = PyDict_New();
    if (message && description && PyDict_SetItem(description, NAME(s, message), message) == 0 &&
        PyDict_SetItem(description, NAME(s, exception), self->exception) == 0 && PyDict_SetItem(description, NAME(s, future), o) == 0 &&
        (!self->source_traceback || PyDict_SetItem(description, NAME(s, source_traceback), self->source_traceback) == 0))
        kr_asyncio_call_exception_handler(s, self->loop, description);
    else
        PyErr_WriteUnraisable(o);
    Py_XDECREF(message);
    Py_XDECREF(description);
    PyErr_Restore(type, value, traceback);
}
static void future_dealloc(PyObject *o) {
    PyTypeObject *type = Py_TYPE(o);
    if (type == FUTURE(o)->state->future_type && PyObject_CallFinalizerFromDealloc(o) < 0) return;      /* for classes below it has run */
    PyObject_GC_UnTrack(o);
    if (FUTURE(o)->weakreflist) PyObject_ClearWeakRefs(o);
    kr_future_clear(o);
    type->tp_free(o);
    Py_DECREF(type);
}
static PyObject *future_repr(PyObject *o) {
    return kr_future_ready(o) ? PyObject_CallOneArg(FUTURE(o)->state->future_repr, o) : NULL;
}

/* ------------------------------------------------------------------ methods */

PyDoc_STRVAR(result_doc, "result($self, /)\n--\n\nThe result, or raises the exception the future has. CancelledError if it was\ncancelled, InvalidStateError if it isn't done.");
static PyObject *future_result(PyObject *o, PyObject *unused) { return get_result(FUTURE(o)); }
PyDoc_STRVAR(exception_doc, "exception($self, /)\n--\n\nThe exception the future has, or None. Raises CancelledError if it was cancelled,\nInvalidStateError if it isn't done.");
static PyObject *future_exception(PyObject *o, PyObject *unused) {
    Future *self = FUTURE(o);
    if (!has_state(o)) return NULL;
    if (self->status == FUTURE_CANCELLED) return get_result(self);
    if (self->status != FUTURE_FINISHED) {
        PyErr_SetString(self->state->invalid_state_error, "Exception is not set.");
        return NULL;
    }
    self->log_traceback = false;
    return Py_NewRef(self->exception ? self->exception : Py_None);
}
PyDoc_STRVAR(set_result_doc, "set_result($self, result, /)\n--\n\nMakes the future done, with a result.");
static PyObject *future_set_result(PyObject *o, PyObject *result) { return kr_future_set_result(FUTURE(o), result) < 0 ? NULL : Py_NewRef(Py_None); }
PyDoc_STRVAR(set_exception_doc, "set_exception($self, exception, /)\n--\n\nMakes the future done, with an exception.");
static PyObject *future_set_exception(PyObject *o, PyObject *e) { return kr_future_set_exception(FUTURE(o), e) < 0 ? NULL : Py_NewRef(Py_None); }

PyDoc_STRVAR(add_done_callback_doc, "add_done_callback($self, fn, /, *, context=<unrepresentable>)\n--\n\n"
                                    "Has the loop call fn(future) once the future is done, soon if it is already.");
static PyObject *future_add_done_callback(PyObject *o, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"", "context", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "add_done_callback"};
    PyObject *buffer[2], *context;
    PyObject *const *a = _PyArg_UnpackKeywords(args, nargs, NULL, kwnames, &parser, 1, 1, 0, buffer);
    if (!a) return NULL;
    context = kwnames && PyTuple_GET_SIZE(kwnames) > 0 && a[1] ? Py_NewRef(a[1]) : PyContext_CopyCurrent();
    if (!context) return NULL;
    int r = kr_future_add_callback(FUTURE(o), a[0], context);
    Py_DECREF(context);
    return r < 0 ? NULL : Py_NewRef(Py_None);
}
PyDoc_STRVAR(remove_done_callback_doc, "remove_done_callback($self, fn, /)\n--\n\nRemoves a callback, however often it is there; gives how often that was.");
static PyObject *future_remove_done_callback(PyObject *o, PyObject *function) {
    Future *self = FUTURE(o);
    Py_ssize_t removed = 0;
    if (!kr_future_ready(o)) return NULL;
    if (self->callback) {
        PyObject *callback = Py_NewRef(self->callback);
        int same = PyObject_RichCompareBool(function, callback, Py_EQ);
        if (same > 0 && self->callback == callback) {
            Py_CLEAR(self->callback);
            Py_CLEAR(self->context);
            removed = 1;
        }
        Py_DECREF(callback);
        if (same < 0) return NULL;
    }
    PyObject *others = Py_XNewRef(self->callbacks), *kept = others ? PyList_New(0) : NULL;
    if (!others) return PyLong_FromSsize_t(removed);
    int r = kept ? 0 : -1;
    for (Py_ssize_t i = 0; r == 0 && i < PyList_GET_SIZE(others); i++) {    /* comparing may change it */
        PyObject *pair = Py_NewRef(PyList_GET_ITEM(others, i));
        int same = PyObject_RichCompareBool(function, PyTuple_GET_ITEM(pair, 0), Py_EQ);
        if (same < 0 || (same == 0 && PyList_Append(kept, pair) < 0)) r = -1;
        removed += same > 0;
        Py_DECREF(pair);
    }
    if (r == 0 && self->callbacks == others) {
        Py_SETREF(self->callbacks, PyList_GET_SIZE(kept) ? Py_NewRef(kept) : NULL);
    }
    Py_DECREF(others);
    Py_XDECREF(kept);
    return r < 0 ? NULL : PyLong_FromSsize_t(removed);
}

/* cancel(msg=None)'s argument; NULL with an exception. */
static PyObject *message_argument(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"msg", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "cancel"};
    PyObject *buffer[1];
    if (nargs == 0 && !kwnames) return Py_None;
    PyObject *const *a = _PyArg_UnpackKeywords(args, nargs, NULL, kwnames, &parser, 0, 1, 0, buffer);
    return a ? a[0] : NULL;
}
PyDoc_STRVAR(cancel_doc, "cancel($self, /, msg=None)\n--\n\nCancels the future; False if it was done already.");
static PyObject *future_cancel(PyObject *o, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    PyObject *message = message_argument(args, nargs, kwnames);
    if (!message || !kr_future_ready(o)) return NULL;
    int r = kr_future_cancel(FUTURE(o), message);
    return r < 0 ? NULL : PyBool_FromLong(r);
}
PyObject *kr_task_cancel_method(PyObject *o, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    PyObject *message = message_argument(args, nargs, kwnames);
    return message ? kr_task_cancel(TASK(o), message) : NULL;
}
PyDoc_STRVAR(cancelled_doc, "cancelled($self, /)\n--\n\nWhether the future was cancelled.");
static PyObject *future_cancelled(PyObject *o, PyObject *unused) { return PyBool_FromLong(FUTURE(o)->loop && FUTURE(o)->status == FUTURE_CANCELLED); }
PyDoc_STRVAR(done_doc, "done($self, /)\n--\n\nWhether the future has a result or an exception or was cancelled.");
static PyObject *future_done(PyObject *o, PyObject *unused) { return PyBool_FromLong(FUTURE(o)->loop && FUTURE(o)->status != FUTURE_PENDING); }
PyDoc_STRVAR(get_loop_doc, "get_loop($self, /)\n--\n\nThe event loop the future belongs to.");
static PyObject *future_get_loop(PyObject *o, PyObject *unused) { return kr_future_ready(o) ? Py_NewRef(FUTURE(o)->loop) : NULL; }
PyDoc_STRVAR(make_cancelled_error_doc, "_make_cancelled_error($self, /)\n--\n\nThe CancelledError to raise. To be called once: it forgets the one that is saved.");
static PyObject *future_make_cancelled_error(PyObject *o, PyObject *unused) { return kr_future_cancelled_error(FUTURE(o)); }

/* ------------------------------------------------------------------ attributes */

static PyObject *value_or_none(PyObject *o, PyObject *value) { return kr_future_ready(o) ? Py_NewRef(value ? value : Py_None) : NULL; }
static PyObject *get_loop_attribute(PyObject *o, void *unused) { return Py_NewRef(FUTURE(o)->loop ? FUTURE(o)->loop : Py_None); }
static PyObject *get_result_attribute(PyObject *o, void *unused) { return value_or_none(o, FUTURE(o)->result); }
static PyObject *get_source_traceback(PyObject *o, void *unused) { return Py_NewRef(FUTURE(o)->source_traceback ? FUTURE(o)->source_traceback : Py_None); }
static PyObject *get_exception(PyObject *o, void *unused) { return value_or_none(o, FUTURE(o)->exception); }
static PyObject *get_state(PyObject *o, void *unused) {
    static const char *const names[] = {"PENDING", "CANCELLED", "FINISHED"};
    return kr_future_ready(o) ? PyUnicode_InternFromString(names[FUTURE(o)->status]) : NULL;
}
static PyObject *get_callbacks(PyObject *o, void *unused) {
    Future *self = FUTURE(o);
    if (!kr_future_ready(o)) return NULL;
    if (!self->callback) return self->callbacks ? PyList_GetSlice(self->callbacks, 0, PY_SSIZE_T_MAX) : Py_NewRef(Py_None);
    PyObject *first = PyTuple_Pack(2, self->callback, self->context), *list = first ? PyList_New(1) : NULL;
    if (!list) {
        Py_XDECREF(first);
        return NULL;
    }
    PyList_SET_ITEM(list, 0, first);
    if (self->callbacks && PyList_SetSlice(list, 1, 1, self->callbacks) < 0) Py_CLEAR(list);
    return list;
}

static int refuse_deletion(void) {
    PyErr_SetString(PyExc_AttributeError, "cannot delete attribute");
    return -1;
}
static PyObject *get_blocking(PyObject *o, void *unused) { return PyBool_FromLong(FUTURE(o)->loop && FUTURE(o)->blocking); }
static int set_blocking(PyObject *o, PyObject *value, void *unused) {
    if (!kr_future_ready(o)) return -1;
    if (!value) return refuse_deletion();
    int on = PyObject_IsTrue(value);
    if (on < 0) return -1;
    FUTURE(o)->blocking = on;
    return 0;
}
static PyObject *get_log_traceback(PyObject *o, void *unused) { return kr_future_ready(o) ? PyBool_FromLong(FUTURE(o)->log_traceback) : NULL; }
static int set_log_traceback(PyObject *o, PyObject *value, void *unused) {
    if (!value) return refuse_deletion();
    int on = PyObject_IsTrue(value);
    if (on < 0) return -1;
    if (on) {
        PyErr_SetString(PyExc_ValueError, "_log_traceback can only be set to False");
        return -1;
    }
    FUTURE(o)->log_traceback = false;
    return 0;
}
static PyObject *get_cancel_message(PyObject *o, void *unused) { return Py_NewRef(FUTURE(o)->cancel_message ? FUTURE(o)->cancel_message : Py_None); }
static int set_cancel_message(PyObject *o, PyObject *value, void *unused) {
    if (!value) return refuse_deletion();
    Py_XSETREF(FUTURE(o)->cancel_message, Py_NewRef(value));
    return 0;
}

PyGetSetDef kr_future_getset[] = {
    {"_state", get_state},
    {"_asyncio_future_blocking", get_blocking, set_blocking},
    {"_loop", get_loop_attribute},
    {"_callbacks", get_callbacks},
    {"_result", get_result_attribute},
    {"_exception", get_exception},
    {"_log_traceback", get_log_traceback, set_log_traceback},
    {"_source_traceback", get_source_traceback},
    {"_cancel_message", get_cancel_message, set_cancel_message},
    {NULL}};
static PyMethodDef future_methods[] = {
    {"result", future_result, METH_NOARGS, result_doc},
    {"exception", future_exception, METH_NOARGS, exception_doc},
    {"set_result", future_set_result, METH_O, set_result_doc},
    {"set_exception", future_set_exception, METH_O, set_exception_doc},
    {"add_done_callback", KR_METH(future_add_done_callback), METH_FASTCALL | METH_KEYWORDS, add_done_callback_doc},
    {"remove_done_callback", future_remove_done_callback, METH_O, remove_done_callback_doc},
    {"cancel", KR_METH(future_cancel), METH_FASTCALL | METH_KEYWORDS, cancel_doc},
    {"cancelled", future_cancelled, METH_NOARGS, cancelled_doc},
    {"done", future_done, METH_NOARGS, done_doc},
    {"get_loop", future_get_loop, METH_NOARGS, get_loop_doc},
    {"_make_cancelled_error", future_make_cancelled_error, METH_NOARGS, make_cancelled_error_doc},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "See PEP 585"},
    {NULL}};
static PyMemberDef future_members[] = {{"__dictoffset__", T_PYSSIZET, offsetof(Future, dict), READONLY},
                                       {"__weaklistoffset__", T_PYSSIZET, offsetof(Future, weakreflist), READONLY},
                                       {NULL}};
PyDoc_STRVAR(future_doc, "Future(*, loop=None)\n--\n\nWhat will have a result, and can be awaited.\n\n"
                         "Not for several threads. Callbacks are called by the event loop's call_soon(), and\nresult() and exception() don't wait.");
static PyType_Slot future_slots[] = {
    {Py_tp_dealloc, future_dealloc}, {Py_tp_finalize, kr_future_report_lost}, {Py_tp_repr, future_repr}, {Py_tp_doc, (void *)future_doc},
    {Py_tp_traverse, kr_future_traverse}, {Py_tp_clear, kr_future_clear}, {Py_tp_iter, kr_future_iter}, {Py_tp_methods, future_methods},
    {Py_tp_members, future_members}, {Py_tp_getset, kr_future_getset}, {Py_tp_init, future_init}, {Py_tp_new, kr_future_new},
    {Py_am_await, kr_future_iter}, {0, NULL}};
PyType_Spec kr_future_spec = {"_asyncio.Future", sizeof(Future), 0,
                              Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, future_slots};

/* ------------------------------------------------------------------ awaiting */

typedef struct {
    PyObject_HEAD
    PyObject *future;                           /* NULL once the iterator has ended */
} FutureIter;

PyObject *kr_future_iter(PyObject *o) {
    if (!kr_future_ready(o)) return NULL;
    FutureIter *it = PyObject_GC_New(FutureIter, FUTURE(o)->state->iter_type);
    if (!it) return NULL;
    it->future = Py_NewRef(o);
    PyObject_GC_Track(it);
    return (PyObject *)it;
}
static int iter_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(o));
    Py_VISIT(((FutureIter *)o)->future);
    return 0;
}
static int iter_clear(PyObject *o) {
    Py_CLEAR(((FutureIter *)o)->future);
    return 0;
}
static void iter_dealloc(PyObject *o) {
    PyTypeObject *type = Py_TYPE(o);
    PyObject_GC_UnTrack(o);
    iter_clear(o);
    type->tp_free(o);
    Py_DECREF(type);
}

/* Gives the future itself until it is done, then returns its result. */
static PySendResult iter_send(PyObject *o, PyObject *unused, PyObject **result) {
    FutureIter *it = (FutureIter *)o;
    Future *future = FUTURE(it->future);
    *result = NULL;
    if (!future) {
        *result = Py_NewRef(Py_None);
        return PYGEN_RETURN;
    }
    if (future->status == FUTURE_PENDING) {
        if (!future->blocking) {
            future->blocking = true;
            *result = Py_NewRef(future);
            return PYGEN_NEXT;
        }
        PyErr_SetString(PyExc_RuntimeError, "await wasn't used with future");
        return PYGEN_ERROR;
    }
    it->future = NULL;
    *result = get_result(future);
    Py_DECREF(future);
    return *result ? PYGEN_RETURN : PYGEN_ERROR;
}
static PyObject *iter_next(PyObject *o) {
    PyObject *result;
    bool ended = ((FutureIter *)o)->future == NULL;
    PySendResult status = iter_send(o, Py_None, &result);
    if (status != PYGEN_RETURN) return result;
    if (!ended) _PyGen_SetStopIterationValue(result);
    Py_DECREF(result);
    return NULL;
}
static PyObject *iter_send_method(PyObject *o, PyObject *unused) {
    PyObject *result = iter_next(o);
    if (!result && !PyErr_Occurred()) PyErr_SetNone(PyExc_StopIteration);
    return result;
}
static PyObject *iter_close(PyObject *o, PyObject *unused) {
    iter_clear(o);
    Py_RETURN_NONE;
}
/* Ends the iterator and raises. */
static PyObject *iter_throw(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("throw", nargs, 1, 3)) return NULL;
    PyObject *type = args[0], *value = nargs > 1 && args[1] != Py_None ? args[1] : NULL, *traceback = nargs > 2 && args[2] != Py_None ? args[2] : NULL;
    if (traceback && !PyTraceBack_Check(traceback)) {
        PyErr_SetString(PyExc_TypeError, "throw() third argument must be a traceback");
        return NULL;
    }
    if (PyExceptionInstance_Check(type)) {
        if (value) {
            PyErr_SetString(PyExc_TypeError, "instance exception may not have a separate value");
            return NULL;
        }
        value = Py_NewRef(type);
        type = Py_NewRef(PyExceptionInstance_Class(type));
        traceback = traceback ? Py_NewRef(traceback) : PyException_GetTraceback(value);
    } else if (PyExceptionClass_Check(type)) {
        Py_INCREF(type);
        Py_XINCREF(value);
        Py_XINCREF(traceback);
        PyErr_NormalizeException(&type, &value, &traceback);
    } else {
        PyErr_SetString(PyExc_TypeError, "exceptions must be classes deriving BaseException or instances of such a class");
        return NULL;
    }
    iter_clear(o);
    PyErr_Restore(type, value, traceback);
    return NULL;
}

static PyMethodDef iter_methods[] = {{"send", iter_send_method, METH_O}, {"throw", KR_METH(iter_throw), METH_FASTCALL}, {"close", iter_close, METH_NOARGS}, {NULL}};
static PyType_Slot iter_slots[] = {{Py_tp_dealloc, iter_dealloc}, {Py_tp_traverse, iter_traverse}, {Py_tp_clear, iter_clear},
                                   {Py_tp_iter, PyObject_SelfIter}, {Py_tp_iternext, iter_next}, {Py_tp_methods, iter_methods},
                                   {Py_am_send, iter_send}, {0, NULL}};
PyType_Spec kr_future_iter_spec = {"_asyncio.FutureIter", sizeof(FutureIter), 0,
                                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, iter_slots};
