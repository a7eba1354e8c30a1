/* task.c - asyncio.Task: a coroutine that a loop runs step by step.
 *
 * While a task isn't done, either a step is scheduled with the loop (a TaskStep object, with the exception to throw if there is one) or `waiter` is the future it waits
 * for, among whose callbacks is task_wakeup.
 */
#include "module/asyncio/asyncio.h"

/* ------------------------------------------------------------------ scheduling a step */

typedef struct {
    PyObject_HEAD
    Task *task;
    PyObject *exception;                        /* to throw, or NULL */
} TaskStep;

static PyObject *step(Task *, PyObject *exception);

static int schedule_step(Task *self, PyObject *exception) {
    AsyncioState *s = self->future.state;
    TaskStep *call = PyObject_GC_New(TaskStep, s->step_type);
    if (!call) return -1;
    call->task = (Task *)Py_NewRef((PyObject *)self);
    call->exception = Py_XNewRef(exception);
    PyObject_GC_Track(call);
    int r = kr_asyncio_call_soon(s, self->future.loop, (PyObject *)call, NULL, self->context);
    Py_DECREF(call);
    return r;
}
static PyObject *task_step_call(PyObject *o, PyObject *args, PyObject *kwds) {
    TaskStep *self = (TaskStep *)o;
    if (kwds && PyDict_GET_SIZE(kwds)) {
        PyErr_SetString(PyExc_TypeError, "function takes no keyword arguments");
        return NULL;
    }
    if (args && PyTuple_GET_SIZE(args)) {
        PyErr_SetString(PyExc_TypeError, "function takes no positional arguments");
        return NULL;
    }
    if (self->task) return step(self->task, self->exception);
    PyErr_SetString(PyExc_RuntimeError, "the task is gone");
    return NULL;
}
static int task_step_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(o));
    Py_VISIT(((TaskStep *)o)->task);
    Py_VISIT(((TaskStep *)o)->exception);
    return 0;
}
static int task_step_clear(PyObject *o) {
    Py_CLEAR(((TaskStep *)o)->task);
    Py_CLEAR(((TaskStep *)o)->exception);
    return 0;
}
static void task_step_dealloc(PyObject *o) {
    PyTypeObject *type = Py_TYPE(o);
    PyObject_GC_UnTrack(o);
    task_step_clear(o);
    type->tp_free(o);
    Py_DECREF(type);
}
static PyObject *task_step_get_self(PyObject *o, void *unused) {
    PyObject *task = (PyObject *)((TaskStep *)o)->task;
    return Py_NewRef(task ? task : Py_None);
}
static PyGetSetDef task_step_getset[] = {{"__self__", task_step_get_self}, {NULL}};
static PyType_Slot task_step_slots[] = {{Py_tp_dealloc, task_step_dealloc}, {Py_tp_traverse, task_step_traverse}, {Py_tp_clear, task_step_clear},
                                        {Py_tp_call, task_step_call}, {Py_tp_getset, task_step_getset}, {0, NULL}};
PyType_Spec kr_task_step_spec = {"_asyncio.TaskStepMethWrapper", sizeof(TaskStep), 0,
                                 Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, task_step_slots};

/* ------------------------------------------------------------------ a step */

static PyObject *task_wakeup(PyObject *o, PyObject *future);
static PyMethodDef wakeup_method = {"task_wakeup", task_wakeup, METH_O, NULL};

/* Has the task's next step raise RuntimeError with this text. */
static int complain(Task *self, const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyObject *text = PyUnicode_FromFormatV(format, va), *e = text ? PyObject_CallOneArg(PyExc_RuntimeError, text) : NULL;
    va_end(va);
    int r = e ? schedule_step(self, e) : -1;
    Py_XDECREF(text);
    Py_XDECREF(e);
    return r;
}

/* What cancel(message) of any future says; -1 with an exception. */
static int cancel_any(AsyncioState *s, PyObject *future, PyObject *message) {
    if (Py_IS_TYPE(future, s->future_type)) return kr_future_cancel(FUTURE(future), message);
    PyObject *answer = Py_IS_TYPE(future, s->task_type) ? kr_task_cancel(TASK(future), message) : PyObject_CallMethodOneArg(future, NAME(s, cancel), message);
    int r = answer ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    return r;
}
/* The task waits for a future now, to which task_wakeup has been added. A cancellation that came during the step is passed on. */
static int wait_for(Task *self, PyObject *future) {
    Py_XSETREF(self->waiter, Py_NewRef(future));
    if (!self->must_cancel) return 0;
    PyObject *message = self->future.cancel_message;
    int r = cancel_any(self->future.state, future, message ? message : Py_None);
    if (r > 0) self->must_cancel = false;
    return r < 0 ? -1 : 0;
}
static int wait_for_plain(Task *self, Future *future) {
    if (future->loop != self->future.loop) return complain(self, "Task %R got Future %R attached to a different loop", self, future);
    if (!future->blocking) return complain(self, "yield was used instead of yield from in task %R with %R", self, future);
    future->blocking = false;
    PyObject *wakeup = PyCFunction_New(&wakeup_method, (PyObject *)self);
    int r = wakeup ? kr_future_add_callback(future, wakeup, self->context) : -1;
    Py_XDECREF(wakeup);
    return r < 0 ? -1 : wait_for(self, (PyObject *)future);
}
/* The loop of any future (new reference). */
static PyObject *loop_of(AsyncioState *s, PyObject *future) {
    PyObject *method;
    if (is_plain_future(s, future)) return kr_future_ready(future) ? Py_NewRef(FUTURE(future)->loop) : NULL;
    if (_PyObject_LookupAttr(future, NAME(s, get_loop), &method) < 0) return NULL;
    if (!method) return PyObject_GetAttr(future, NAME(s, _loop));
    PyObject *loop = PyObject_CallNoArgs(method);
    Py_DECREF(method);
    return loop;
}
/* The same as wait_for_plain for what has _asyncio_future_blocking, which is `blocking`. */
static int wait_for_other(Task *self, PyObject *future, PyObject *blocking) {
    AsyncioState *s = self->future.state;
    PyObject *loop = loop_of(s, future), *wakeup, *result;
    int is_blocking = loop ? PyObject_IsTrue(blocking) : -1;
    if (is_blocking < 0) {
        Py_XDECREF(loop);
        return -1;
    }
    Py_DECREF(loop);                            /* compared only */
    if (loop != self->future.loop) return complain(self, "Task %R got Future %R attached to a different loop", self, future);
    if (!is_blocking) return complain(self, "yield was used instead of yield from in task %R with %R", self, future);
    if (PyObject_SetAttr(future, NAME(s, _asyncio_future_blocking), Py_False) < 0 || !(wakeup = PyCFunction_New(&wakeup_method, (PyObject *)self))) return -1;
    PyObject *stack[] = {future, wakeup, self->context};
    result = PyObject_VectorcallMethod(NAME(s, add_done_callback), stack, 2, s->context_keyword);
    Py_DECREF(wakeup);
    Py_XDECREF(result);
    return result ? wait_for(self, future) : -1;
}
/* What becomes of the task after its coroutine has given `result`. */
static int handle_yield(Task *self, PyObject *result) {
    AsyncioState *s = self->future.state;
    PyObject *blocking;
    if (result == (PyObject *)self) return complain(self, "Task cannot await on itself: %R", self);
    if (is_plain_future(s, result)) return wait_for_plain(self, FUTURE(result));
    if (result == Py_None) return schedule_step(self, NULL);
    int found = _PyObject_LookupAttr(result, NAME(s, _asyncio_future_blocking), &blocking);
    if (found < 0) return -1;
    if (found && blocking != Py_None) {
        int r = wait_for_other(self, result, blocking);
        Py_DECREF(blocking);
        return r;
    }
    Py_XDECREF(blocking);
    if (PyGen_CheckExact(result)) return complain(self, "yield was used instead of yield from for generator in task %R with %R", self, result);
    return complain(self, "Task got bad yield: %R", result);
}

/* The coroutine has raised: the task is cancelled or gets the exception. KeyboardInterrupt and SystemExit go on to the loop: -1. */
static int handle_exception(Task *self) {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback) PyException_SetTraceback(value, traceback);
    int r;
    if (PyErr_GivenExceptionMatches(type, self->future.state->cancelled_error)) {
        Py_XSETREF(self->future.cancelled_error, Py_NewRef(value));
        r = kr_future_cancel(&self->future, NULL) < 0 ? -1 : 0;
    } else {
        r = kr_future_set_exception(&self->future, value);
        if (r == 0 && (PyErr_GivenExceptionMatches(type, PyExc_KeyboardInterrupt) || PyErr_GivenExceptionMatches(type, PyExc_SystemExit))) {
            PyErr_Restore(type, value, traceback);
            return -1;
        }
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return r;
}
static int handle_return(Task *self, PyObject *result) {
    if (!self->must_cancel) return kr_future_set_result(&self->future, result);
    self->must_cancel = false;                  /* it was cancelled just before it ended */
    return kr_future_cancel(&self->future, self->future.cancel_message) < 0 ? -1 : 0;
}

/* Runs the coroutine up to its next await; `exception` (or NULL) is thrown into it. */
static int run(Task *self, PyObject *exception) {
    AsyncioState *s = self->future.state;
    PyObject *cancelled = NULL, *result = NULL;
    if (self->future.status != FUTURE_PENDING) {
        PyErr_Format(s->invalid_state_error, "_step(): already done: %R %R", self, exception ? exception : Py_None);
        return -1;
    }
    if (self->must_cancel) {
        if (!exception || !PyErr_GivenExceptionMatches(exception, s->cancelled_error)) {
            if (!(exception = cancelled = kr_future_cancelled_error(&self->future))) return -1;
        }
        self->must_cancel = false;
    }
    Py_CLEAR(self->waiter);
    PyObject *coro = Py_XNewRef(self->coro);
    if (!coro) {
        PyErr_SetString(PyExc_RuntimeError, "uninitialized Task object");
        Py_XDECREF(cancelled);
        return -1;
    }
    PySendResult status;
    if (!exception) {
        status = PyIter_Send(coro, Py_None, &result);
    } else if ((result = PyObject_CallMethodOneArg(coro, KR_STR(throw), exception)) != NULL) {
        status = PYGEN_NEXT;
    } else {
        status = _PyGen_FetchStopIterationValue(&result) == 0 ? PYGEN_RETURN : PYGEN_ERROR;
    }
    Py_DECREF(coro);
    Py_XDECREF(cancelled);
    int r = status == PYGEN_NEXT ? handle_yield(self, result) : status == PYGEN_RETURN ? handle_return(self, result) : handle_exception(self);
    Py_XDECREF(result);
    return r;
}
static PyObject *step(Task *self, PyObject *exception) {
    AsyncioState *s = self->future.state;
    PyObject *type, *value, *traceback;
    if (!kr_future_ready((PyObject *)self)) return NULL;
    PyObject *loop = Py_NewRef(self->future.loop);
    Py_INCREF(self);
    int r = kr_asyncio_enter_task(s, loop, (PyObject *)self);
    if (r == 0) {
        r = run(self, exception);
        if (r < 0) PyErr_Fetch(&type, &value, &traceback);
        if (kr_asyncio_leave_task(s, loop, (PyObject *)self) == 0) {
            if (r < 0) PyErr_Restore(type, value, traceback);
        } else if (r < 0) {
            _PyErr_ChainExceptions(type, value, traceback);
        } else {
            r = -1;
        }
    }
    Py_DECREF(self);
    Py_DECREF(loop);
    return r < 0 ? NULL : Py_NewRef(Py_None);
}

/* The callback of the future the task waits for. */
static PyObject *task_wakeup(PyObject *o, PyObject *future) {
    Task *self = TASK(o);
    AsyncioState *s = self->future.state;
    PyObject *value = NULL, *result;
    int r;
    if (is_plain_future(s, future)) {
        r = kr_future_outcome(FUTURE(future), &value);
    } else {
        value = PyObject_CallMethodNoArgs(future, NAME(s, result));
        r = value ? 1 : -1;
    }
    if (r < 0) {
        PyObject *type, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        PyErr_NormalizeException(&type, &value, &traceback);
        if (traceback) PyException_SetTraceback(value, traceback);
        Py_XDECREF(type);
        Py_XDECREF(traceback);
    }
    result = step(self, r > 0 ? NULL : value);
    Py_XDECREF(value);
    return result;
}

/* ------------------------------------------------------------------ making and freeing */

/* Whether a task can run it. Types for which the library has once said so are remembered. */
static int is_coroutine(AsyncioState *s, PyObject *o) {
    if (PyCoro_CheckExact(o)) return 1;
    int known = PySet_Contains(s->coroutine_types, (PyObject *)Py_TYPE(o));
    if (known != 0) return known;
    PyObject *answer = PyObject_CallOneArg(s->is_coroutine, o);
    int r = answer ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    if (r > 0 && PySet_GET_SIZE(s->coroutine_types) < 100 && PySet_Add(s->coroutine_types, (PyObject *)Py_TYPE(o)) < 0) r = -1;
    return r;
}
static int set_name(Task *self, PyObject *value) {
    PyObject *name = PyUnicode_CheckExact(value) ? Py_NewRef(value) : PyObject_Str(value);
    if (!name) return -1;
    Py_XSETREF(self->name, name);
    return 0;
}
static int task_init(PyObject *o, PyObject *args, PyObject *kwds) {
    static char *names[] = {"coro", "loop", "name", "context", NULL};
    Task *self = TASK(o);
    AsyncioState *s = self->future.state;
    PyObject *coro, *loop = NULL, *name = NULL, *context = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O|$OOO:Task", names, &coro, &loop, &name, &context)) return -1;
    if (kr_future_init(&self->future, loop) < 0) return -1;
    int good = is_coroutine(s, coro);
    if (good <= 0) {
        self->log_destroy_pending = false;      /* it never was a task */
        if (good == 0) PyErr_Format(PyExc_TypeError, "a coroutine was expected, got %R", coro);
        return -1;
    }
    context = context && context != Py_None ? Py_NewRef(context) : PyContext_CopyCurrent();
    if (!context) return -1;
    Py_XSETREF(self->context, context);
    Py_CLEAR(self->waiter);
    self->must_cancel = false;
    self->log_destroy_pending = true;
    self->cancel_requests = 0;
    Py_XSETREF(self->coro, Py_NewRef(coro));
    Py_CLEAR(self->name);
    if (!name || name == Py_None) self->number = s->next_name++;
    else if (set_name(self, name) < 0) return -1;
    return schedule_step(self, NULL) < 0 ? -1 : kr_asyncio_register_task(s, o);
}
static int task_traverse(PyObject *o, visitproc visit, void *arg) {
    Task *self = TASK(o);
    Py_VISIT(self->coro);
    Py_VISIT(self->context);
    Py_VISIT(self->waiter);
    Py_VISIT(self->name);
    return kr_future_traverse(o, visit, arg);
}
static int task_clear(PyObject *o) {
    Task *self = TASK(o);
    kr_future_clear(o);
    Py_CLEAR(self->coro);
    Py_CLEAR(self->context);
    Py_CLEAR(self->waiter);
    Py_CLEAR(self->name);
    return 0;
}
static void task_finalize(PyObject *o) {
    Task *self = TASK(o);
    AsyncioState *s = self->future.state;
    if (self->future.status == FUTURE_PENDING && self->log_destroy_pending && self->future.loop) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        PyObject *message = PyUnicode_FromString("Task was destroyed but it is pending!"), *description = PyDict_New();
        if (message && description && PyDict_SetItem(description, NAME(s, task), o) == 0 && PyDict_SetItem(description, NAME(s, message), message) == 0 &&
            (!self->future.source_traceback || PyDict_SetItem(description, NAME(s, source_traceback), self->future.source_traceback) == 0))
            kr_asyncio_call_exception_handler(s, self->future.loop, description);
        else
            PyErr_WriteUnraisable(o);
        Py_XDECREF(message);
        Py_XDECREF(description);
        PyErr_Restore(type, value, traceback);
    }
    kr_future_report_lost(o);
}
static void task_dealloc(PyObject *o) {
    PyTypeObject *type = Py_TYPE(o);
    if (type == FUTURE(o)->state->task_type && PyObject_CallFinalizerFromDealloc(o) < 0) return;        /* for classes below it has run */
    PyObject_GC_UnTrack(o);
    if (FUTURE(o)->weakreflist) PyObject_ClearWeakRefs(o);
    task_clear(o);
    type->tp_free(o);
    Py_DECREF(type);
}
static PyObject *task_repr(PyObject *o) { return kr_future_ready(o) ? PyObject_CallOneArg(FUTURE(o)->state->task_repr, o) : NULL; }

/* ------------------------------------------------------------------ methods */

PyObject *kr_task_cancel(Task *self, PyObject *message) {
    AsyncioState *s = self->future.state;
    if (!kr_future_ready((PyObject *)self)) return NULL;
    self->future.log_traceback = false;
    if (self->future.status != FUTURE_PENDING) Py_RETURN_FALSE;
    self->cancel_requests++;
    if (self->waiter) {
        PyObject *waiter = Py_NewRef(self->waiter);
        int r = -1;
        if (!Py_EnterRecursiveCall(" while cancelling a chain of tasks")) {
            r = cancel_any(s, waiter, message);
            Py_LeaveRecursiveCall();
        }
        Py_DECREF(waiter);
        if (r != 0) return r < 0 ? NULL : Py_NewRef(Py_True);
    }
    self->must_cancel = true;
    Py_XSETREF(self->future.cancel_message, Py_NewRef(message));
    Py_RETURN_TRUE;
}
PyDoc_STRVAR(cancel_doc, "cancel($self, /, msg=None)\n--\n\nAsks the task to cancel itself: throws CancelledError into its coroutine when it\nruns next.\n\n"
                         "The coroutine may refuse. False if the task is done.");
PyDoc_STRVAR(cancelling_doc, "cancelling($self, /)\n--\n\nHow often cancel() has been called, less the calls of uncancel().");
static PyObject *task_cancelling(PyObject *o, PyObject *unused) { return PyLong_FromLong(TASK(o)->cancel_requests); }
PyDoc_STRVAR(uncancel_doc, "uncancel($self, /)\n--\n\nTakes one request to cancel back; gives how many are left.");
static PyObject *task_uncancel(PyObject *o, PyObject *unused) {
    if (TASK(o)->cancel_requests > 0) TASK(o)->cancel_requests--;
    return PyLong_FromLong(TASK(o)->cancel_requests);
}
PyDoc_STRVAR(get_stack_doc, "get_stack($self, /, *, limit=None)\n--\n\nThe frames of the coroutine where it is suspended, or of the exception it ended with.");
static PyObject *task_get_stack(PyObject *o, PyObject *args, PyObject *kwds) {
    static char *names[] = {"limit", NULL};
    PyObject *limit = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|$O:get_stack", names, &limit)) return NULL;
    return PyObject_CallFunctionObjArgs(FUTURE(o)->state->task_get_stack, o, limit, NULL);
}
PyDoc_STRVAR(print_stack_doc, "print_stack($self, /, *, limit=None, file=None)\n--\n\nPrints what get_stack() gives.");
static PyObject *task_print_stack(PyObject *o, PyObject *args, PyObject *kwds) {
    static char *names[] = {"limit", "file", NULL};
    PyObject *limit = Py_None, *file = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|$OO:print_stack", names, &limit, &file)) return NULL;
    return PyObject_CallFunctionObjArgs(FUTURE(o)->state->task_print_stack, o, limit, file, NULL);
}
static PyObject *refuse(const char *what) {
    PyErr_Format(PyExc_RuntimeError, "Task does not support %s operation", what);
    return NULL;
}
static PyObject *task_set_result(PyObject *o, PyObject *result) { return refuse("set_result"); }
static PyObject *task_set_exception(PyObject *o, PyObject *e) { return refuse("set_exception"); }
static PyObject *task_get_coro(PyObject *o, PyObject *unused) { return Py_NewRef(TASK(o)->coro ? TASK(o)->coro : Py_None); }
static PyObject *task_get_name(PyObject *o, PyObject *unused) {
    Task *self = TASK(o);
    if (!self->name && self->number) self->name = PyUnicode_FromFormat("Task-%llu", (unsigned long long)self->number);
    if (!self->name && PyErr_Occurred()) return NULL;
    return Py_NewRef(self->name ? self->name : Py_None);
}
static PyObject *task_set_name(PyObject *o, PyObject *value) { return set_name(TASK(o), value) < 0 ? NULL : Py_NewRef(Py_None); }

static PyObject *get_log_destroy_pending(PyObject *o, void *unused) { return PyBool_FromLong(TASK(o)->log_destroy_pending); }
static int set_log_destroy_pending(PyObject *o, PyObject *value, void *unused) {
    if (!value) {
        PyErr_SetString(PyExc_AttributeError, "cannot delete attribute");
        return -1;
    }
    int on = PyObject_IsTrue(value);
    if (on < 0) return -1;
    TASK(o)->log_destroy_pending = on;
    return 0;
}
static PyObject *get_must_cancel(PyObject *o, void *unused) { return PyBool_FromLong(TASK(o)->must_cancel); }
static PyObject *get_coro(PyObject *o, void *unused) { return task_get_coro(o, NULL); }
static PyObject *get_waiter(PyObject *o, void *unused) { return Py_NewRef(TASK(o)->waiter ? TASK(o)->waiter : Py_None); }

static PyMethodDef task_methods[] = {
    {"set_result", task_set_result, METH_O, "set_result($self, result, /)\n--\n\n"},
    {"set_exception", task_set_exception, METH_O, "set_exception($self, exception, /)\n--\n\n"},
    {"cancel", KR_METH(kr_task_cancel_method), METH_FASTCALL | METH_KEYWORDS, cancel_doc},
    {"cancelling", task_cancelling, METH_NOARGS, cancelling_doc},
    {"uncancel", task_uncancel, METH_NOARGS, uncancel_doc},
    {"get_stack", KR_METH(task_get_stack), METH_VARARGS | METH_KEYWORDS, get_stack_doc},
    {"print_stack", KR_METH(task_print_stack), METH_VARARGS | METH_KEYWORDS, print_stack_doc},
    {"get_name", task_get_name, METH_NOARGS, "get_name($self, /)\n--\n\n"},
    {"set_name", task_set_name, METH_O, "set_name($self, value, /)\n--\n\n"},
    {"get_coro", task_get_coro, METH_NOARGS, "get_coro($self, /)\n--\n\n"},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "See PEP 585"},
    {NULL}};
static PyGetSetDef task_getset[] = {
    {"_log_destroy_pending", get_log_destroy_pending, set_log_destroy_pending}, {"_must_cancel", get_must_cancel}, {"_coro", get_coro},
    {"_fut_waiter", get_waiter}, {NULL}};
static PyMemberDef task_members[] = {{"__dictoffset__", T_PYSSIZET, offsetof(Future, dict), READONLY},
                                     {"__weaklistoffset__", T_PYSSIZET, offsetof(Future, weakreflist), READONLY},
                                     {NULL}};
PyDoc_STRVAR(task_doc, "Task(coro, *, loop=None, name=None, context=None)\n--\n\nA coroutine wrapped in a Future.");
static PyType_Slot task_slots[] = {
    {Py_tp_dealloc, task_dealloc}, {Py_tp_finalize, task_finalize}, {Py_tp_repr, task_repr}, {Py_tp_doc, (void *)task_doc}, {Py_tp_traverse, task_traverse},
    {Py_tp_clear, task_clear}, {Py_tp_iter, kr_future_iter}, {Py_tp_methods, task_methods}, {Py_tp_members, task_members},
    {Py_tp_getset, task_getset}, {Py_tp_init, task_init}, {Py_tp_new, kr_future_new}, {Py_am_await, kr_future_iter}, {0, NULL}};
PyType_Spec kr_task_spec = {"_asyncio.Task", sizeof(Task), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, task_slots};
