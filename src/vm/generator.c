/* generator.c - generators, and the machinery that coroutines and asynchronous generators share with them.
 *
 * See generator.h for the layout. A generator owns its frame (registers, function, code) until it is completed; then the frame
 * is released at once and only names and code are left. While it runs, its frame is linked into the thread's chain and the thread
 * handles exceptions in gi_exc_state, so that an except clause is not disturbed by what its consumers handle.
 */
#include "vm/generator.h"
#include "runtime/errors.h"
#include "vm/trace.h"
#include "object/call.h"
#include "memory/gc.h"

PyAPI_FUNC(void) _PyErr_WarnUnawaitedCoroutine(PyObject *coro); /* runtime/warnings.c; no public header has it */

static const char *kind_of(PyGenObject *g) {
    return PyCoro_CheckExact(g) ? "coroutine" : PyAsyncGen_CheckExact(g) ? "async generator" : "generator";
}
/* Whether there still is a frame. */
static bool has_frame(PyGenObject *g) { return g->gi_frame_state < KR_GEN_COMPLETED; }

bool kr_gen_is_awaitable(PyObject *o) {
    return PyCoro_CheckExact(o) || (PyGen_CheckExact(o) && (((PyGenObject *)o)->gi_code->co_flags & CO_ITERABLE_COROUTINE));
}

/* ------------------------------------------------------------------ lifecycle */

/* An untracked object over func's code, or a comprehension's in it (both borrowed), with `room` registers, all NULL. */
static PyGenObject *gen_alloc(PyTypeObject *type, PyFunctionObject *func, KrCode *code, size_t room) {
    PyGenObject *g = (PyGenObject *)kr_gc_alloc(type, offsetof(PyGenObject, gi_iframe) + sizeof(KrFrame) + room * sizeof(PyObject *));
    if (!g) return NULL;
    PyObject_Init((PyObject *)g, type);
    g->gi_code = (PyCodeObject *)Py_NewRef((PyObject *)code);
    g->gi_weakreflist = NULL;
    bool own = func->func_code == (PyObject *)code;
    g->gi_name = Py_NewRef(own ? func->func_name : code->base.co_name);
    g->gi_qualname = Py_NewRef(own ? func->func_qualname : code->base.co_qualname);
    g->gi_exc_state = (_PyErr_StackItem){NULL, NULL};
    g->gi_origin_or_finalizer = NULL;
    g->gi_hooks_inited = g->gi_closed = g->gi_running_async = 0;
    g->gi_frame_state = KR_GEN_CREATED;
    KrFrame *f = kr_gen_frame(g);
    *f = (KrFrame){.regs = (PyObject **)(f + 1), .pc = code->instrs, .code = (KrCode *)Py_NewRef((PyObject *)code), .consts = code->consts, .func = (PyFunctionObject *)Py_NewRef((PyObject *)func),
                   .globals = func->func_globals, .builtins = func->func_builtins, .owner = KR_FRAME_IN_GENERATOR, .trace_prev = -1};
    if (!(code->base.co_flags & CO_OPTIMIZED)) f->locals = Py_NewRef(f->globals);
    memset(f->regs, 0, room * sizeof(PyObject *));
    return g;
}

/* Releases the frame of a generator that is not running. */
static void drop_frame(PyGenObject *g) {
    KrFrame *f = kr_gen_frame(g);
    g->gi_frame_state = KR_GEN_COMPLETED; /* destructors that come back here find it ended */
    kr_frame_release(f, f->code->nregs);
    Py_CLEAR(g->gi_exc_state.exc_value);
}

static PyTypeObject *generator_type(KrCode *code) {
    int flags = code->base.co_flags;
    return flags & CO_COROUTINE ? &PyCoro_Type : flags & CO_ASYNC_GENERATOR ? &PyAsyncGen_Type : &PyGen_Type;
}
/* What a call that made g gives: g, tracked; or NULL when it has failed, or when noting where a coroutine was made does. */
static PyObject *gen_begin(KrThread *t, PyGenObject *g, bool failed) {
    kr_gc_track((PyObject *)g);
    int depth = t->base.coroutine_origin_tracking_depth;
    if (!failed && depth > 0 && PyCoro_CheckExact(g)) failed = !(g->gi_origin_or_finalizer = kr_coro_origin(t, depth));
    if (!failed) return (PyObject *)g;
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    drop_frame(g); /* completed: no "never awaited" warning */
    Py_DECREF(g);
    PyErr_Restore(type, value, tb);
    return NULL;
}
PyObject *kr_gen_from_comprehension(KrThread *t, PyFunctionObject *func, KrCode *code, PyObject **args) {
    int nfree = code->base.co_nfreevars;
    PyGenObject *g = kr_code_ready(code) < 0 ? NULL : gen_alloc(generator_type(code), func, code, code->nregs);
    if (!g) {
        for (int i = 0; i <= nfree; i++) Py_CLEAR(args[i]);
        return NULL;
    }
    PyObject **regs = kr_gen_frame(g)->regs;
    regs[0] = args[0];
    memcpy(regs + code->temp_base - nfree, args + 1, (size_t)nfree * sizeof *args);
    memset(args, 0, ((size_t)nfree + 1) * sizeof *args);
    return gen_begin(t, g, false);
}
PyObject *kr_gen_from_call(KrThread *t, PyFunctionObject *func, PyObject **args, Py_ssize_t nargs, PyObject *kwnames) {
    KrCode *code = (KrCode *)func->func_code;
    size_t given = (size_t)nargs + (kwnames ? (size_t)PyTuple_GET_SIZE(kwnames) : 0);
    PyGenObject *g = kr_code_ready(code) < 0 ? NULL : gen_alloc(generator_type(code), func, code, Py_MAX((size_t)code->nregs, given));
    if (!g) {
        for (size_t i = 0; i < given; i++) Py_CLEAR(args[i]);
        Py_DECREF(func);
        return NULL;
    }
    PyObject **regs = kr_gen_frame(g)->regs;
    for (size_t i = 0; i < given; i++) {
        regs[i] = args[i];
        args[i] = NULL;
    }
    int bad = kwnames || !kr_call_is_exact(code, nargs) ? kr_bind_arguments(func, regs, nargs, kwnames) : 0;
    Py_DECREF(func);
    return gen_begin(t, g, bad);
}

/* Gives the generator made from a frame object's frame: only frames of PyFrame_New, which have not run. */
static PyObject *gen_from_frame(PyTypeObject *type, PyFrameObject *frame, PyObject *name, PyObject *qualname) {
    PyCodeObject *code = PyFrame_GetCode(frame);
    PyObject *globals = PyFrame_GetGlobals(frame), *func = PyFunction_New((PyObject *)code, globals);
    Py_DECREF(globals);
    PyGenObject *g = func ? gen_alloc(type, (PyFunctionObject *)func, (KrCode *)code, ((KrCode *)code)->nregs) : NULL;
    if (g) {
        if (name) Py_SETREF(g->gi_name, Py_NewRef(name));
        if (qualname) Py_SETREF(g->gi_qualname, Py_NewRef(qualname));
        kr_gc_track((PyObject *)g);
    }
    Py_XDECREF(func);
    Py_DECREF(code);
    Py_DECREF(frame);
    return (PyObject *)g;
}
PyObject *PyGen_NewWithQualName(PyFrameObject *frame, PyObject *name, PyObject *qualname) { return gen_from_frame(&PyGen_Type, frame, name, qualname); }
PyObject *PyGen_New(PyFrameObject *frame) { return gen_from_frame(&PyGen_Type, frame, NULL, NULL); }
PyObject *PyCoro_New(PyFrameObject *frame, PyObject *name, PyObject *qualname) { return gen_from_frame(&PyCoro_Type, frame, name, qualname); }
PyObject *PyAsyncGen_New(PyFrameObject *frame, PyObject *name, PyObject *qualname) { return gen_from_frame(&PyAsyncGen_Type, frame, name, qualname); }

int kr_gen_traverse(PyObject *o, visitproc visit, void *arg) {
    PyGenObject *g = (PyGenObject *)o;
    Py_VISIT(g->gi_code);
    Py_VISIT(g->gi_origin_or_finalizer);
    Py_VISIT(g->gi_exc_state.exc_value);
    if (has_frame(g)) {
        KrFrame *f = kr_gen_frame(g);
        Py_VISIT(f->code);
        Py_VISIT(f->func);
        Py_VISIT(f->locals);
        Py_VISIT(f->object);
        for (int i = 0; i < f->code->nregs; i++) Py_VISIT(f->regs[i]);
    }
    return 0;
}

void kr_gen_dealloc(PyObject *o) {
    PyGenObject *g = (PyGenObject *)o;
    PyObject_GC_UnTrack(o);
    if (g->gi_weakreflist) PyObject_ClearWeakRefs(o);
    PyObject_GC_Track(o);
    if (has_frame(g) && PyObject_CallFinalizerFromDealloc(o)) return; /* resurrected */
    PyObject_GC_UnTrack(o);
    KR_TRASHCAN_BEGIN(o, kr_gen_dealloc)
    if (has_frame(g)) drop_frame(g);
    Py_CLEAR(g->gi_origin_or_finalizer);
    Py_CLEAR(g->gi_exc_state.exc_value);
    Py_CLEAR(g->gi_code);
    Py_CLEAR(g->gi_name);
    Py_CLEAR(g->gi_qualname);
    kr_gc_free(o);
    KR_TRASHCAN_END
}

void _PyGen_Finalize(PyObject *o) {
    PyGenObject *g = (PyGenObject *)o;
    if (!has_frame(g)) return;
    PyObject *type, *value, *tb, *r;
    if (PyAsyncGen_CheckExact(o) && g->gi_origin_or_finalizer && !g->gi_closed) {
        /* the event loop's hook closes it */
        PyErr_Fetch(&type, &value, &tb);
        if (!(r = PyObject_CallOneArg(g->gi_origin_or_finalizer, o))) PyErr_WriteUnraisable(o);
        Py_XDECREF(r);
        PyErr_Restore(type, value, tb);
        return;
    }
    bool never_awaited = g->gi_frame_state == KR_GEN_CREATED && PyCoro_CheckExact(o);
    if (g->gi_frame_state == KR_GEN_CREATED && !never_awaited && !kr_tracing(kr_thread())) return; /* nothing to clean up, nobody to tell */
    PyErr_Fetch(&type, &value, &tb);
    if (never_awaited) {
        _PyErr_WarnUnawaitedCoroutine(o);
        if (PyErr_Occurred()) PyErr_WriteUnraisable(o);
    } else {
        r = kr_gen_close(o, NULL);
        if (!r && PyErr_Occurred()) PyErr_WriteUnraisable(o);
        Py_XDECREF(r);
    }
    PyErr_Restore(type, value, tb);
}

/* ------------------------------------------------------------------ running */

void kr_gen_finish(KrThread *t, PyGenObject *g) {
    KrFrame *f = kr_gen_frame(g);
    g->gi_frame_state = KR_GEN_COMPLETED; /* as the destructors of its locals find it */
    kr_frame_release(f, f->code->nregs);
    kr_gen_leave(t, g, KR_GEN_COMPLETED);
    Py_CLEAR(g->gi_exc_state.exc_value);
}

void kr_gen_finish_error(KrThread *t, PyGenObject *g) {
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    kr_gen_finish(t, g);
    PyErr_Restore(type, value, tb);
    const char *what = NULL;
    if (KR_UNLIKELY(PyErr_ExceptionMatches(PyExc_StopIteration)))
        what = PyCoro_CheckExact(g) ? "coroutine raised StopIteration" : PyAsyncGen_CheckExact(g) ? "async generator raised StopIteration" : "generator raised StopIteration";
    else if (KR_UNLIKELY(PyAsyncGen_CheckExact(g) && PyErr_ExceptionMatches(PyExc_StopAsyncIteration)))
        what = "async generator raised StopAsyncIteration";
    if (what) _PyErr_FormatFromCause(PyExc_RuntimeError, "%s", what);
}

PySendResult kr_gen_resume(PyGenObject *g, PyObject *value, bool throwing, bool closing, PyObject **result) {
    KrThread *t = kr_thread();
    *result = NULL;
    switch (g->gi_frame_state) {
    case KR_GEN_CREATED:
        if (value && value != Py_None && !throwing) {
            PyErr_Format(PyExc_TypeError, "can't send non-None value to a just-started %s", kind_of(g));
            return PYGEN_ERROR;
        }
        break;
    case KR_GEN_SUSPENDED:
        break;
    case KR_GEN_EXECUTING:
        PyErr_Format(PyExc_ValueError, "%s already executing", kind_of(g));
        return PYGEN_ERROR;
    default:
        if (PyCoro_CheckExact(g) && !closing) {
            PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited coroutine");
        } else if (value && !throwing) {
            *result = Py_NewRef(Py_None);
            return PYGEN_RETURN;
        }
        return PYGEN_ERROR;
    }
    if (KR_UNLIKELY(kr_c_stack_low())) {
        t->base.recursion_remaining--;
        if (kr_recursion_exceeded(t, "") < 0) return PYGEN_ERROR;
        t->base.recursion_remaining++;
    }
    if (kr_gen_enter(t, g, KR_CONT_ENTRY) < 0) return PYGEN_ERROR;
    if (throwing) {
        _PyErr_ChainStackItem(NULL);        /* what the body handles is the context of what is thrown in */
    } else {
        KrFrame *f = kr_gen_frame(g);
        bool suspended_here = f->pc != f->code->instrs && f->pc[-1].op == KR_OP_YIELD;
        kr_gen_deliver(f, Py_NewRef(value ? value : Py_None));
        /* signals are handled where the body goes on, not in what only passes a value on to an inner generator */
        if (KR_UNLIKELY(t->base.interp->vm.eval_breaker) && suspended_here) throwing = kr_eval_poll(t) < 0;
    }
    PyObject *r = kr_eval_frame(t, kr_gen_frame(g), throwing);
    if (!r) return PYGEN_ERROR;
    if (g->gi_frame_state == KR_GEN_SUSPENDED) {
        *result = r;
        return PYGEN_NEXT;
    }
    *result = r;
    return PYGEN_RETURN;
}

/* Raises what the end of a generator raises; takes over the result. */
static void raise_end(PyGenObject *g, PyObject *result) {
    if (PyAsyncGen_CheckExact(g)) PyErr_SetNone(PyExc_StopAsyncIteration);
    else if (result == Py_None) PyErr_SetNone(PyExc_StopIteration);
    else _PyGen_SetStopIterationValue(result);
    Py_DECREF(result);
}
static PyObject *resume_or_stop(PyGenObject *g, PyObject *value, bool throwing, bool closing) {
    PyObject *r;
    if (kr_gen_resume(g, value, throwing, closing, &r) == PYGEN_RETURN) {
        raise_end(g, r);
        return NULL;
    }
    return r;
}

PyObject *kr_gen_send(PyGenObject *g, PyObject *value) { return resume_or_stop(g, value, false, false); }
PyObject *kr_gen_send_method(PyObject *o, PyObject *value) { return resume_or_stop((PyGenObject *)o, value, false, false); }
PySendResult kr_gen_am_send(PyObject *o, PyObject *value, PyObject **result) { return kr_gen_resume((PyGenObject *)o, value, false, false, result); }

static PyObject *gen_next(PyObject *o) {
    PyObject *r;
    if (kr_gen_resume((PyGenObject *)o, NULL, false, false, &r) == PYGEN_RETURN) {
        if (r != Py_None) _PyGen_SetStopIterationValue(r);
        Py_CLEAR(r);
    }
    return r;
}

/* ------------------------------------------------------------------ throw and close */

PyObject *kr_gen_delegate(PyGenObject *g) {
    KrFrame *f = kr_gen_frame(g);
    if (g->gi_frame_state != KR_GEN_SUSPENDED || f->pc == f->code->instrs || f->pc[-1].op != KR_OP_YIELD_FROM) return NULL;
    return Py_XNewRef(f->regs[f->pc[-1].b & KR_REG_MASK]);
}

/* Closes what a generator delegates to: 0, or -1 with an exception. */
static int close_iterator(PyObject *it) {
    PyObject *r = NULL, *close;
    if (PyGen_CheckExact(it) || PyCoro_CheckExact(it)) {
        r = kr_gen_close(it, NULL);
    } else {
        if (_PyObject_LookupAttr(it, KR_STR(close), &close) < 0) PyErr_WriteUnraisable(it);
        if (!close) return 0;
        r = PyObject_CallNoArgs(close);
        Py_DECREF(close);
    }
    if (!r) return -1;
    Py_DECREF(r);
    return 0;
}
/* The same on behalf of g, which counts as running meanwhile. */
static int close_delegate_of(PyGenObject *g, PyObject *it) {
    int8_t state = g->gi_frame_state;
    g->gi_frame_state = KR_GEN_EXECUTING;
    int rc = close_iterator(it);
    g->gi_frame_state = state;
    return rc;
}

/* Raises type, value, tb as g.throw() does, in the generator itself. */
static PyObject *throw_here(PyGenObject *g, PyObject *type, PyObject *value, PyObject *tb) {
    if (tb == Py_None) {
        tb = NULL;
    } else if (tb && !PyTraceBack_Check(tb)) {
        PyErr_SetString(PyExc_TypeError, "throw() third argument must be a traceback object");
        return NULL;
    }
    Py_INCREF(type);
    Py_XINCREF(value);
    Py_XINCREF(tb);
    if (PyExceptionClass_Check(type)) {
        PyErr_NormalizeException(&type, &value, &tb);
    } else if (PyExceptionInstance_Check(type)) {
        if (value && value != Py_None) {
            PyErr_SetString(PyExc_TypeError, "instance exception may not have a separate value");
            goto fail;
        }
        Py_XSETREF(value, type);
        type = Py_NewRef(PyExceptionInstance_Class(value));
        if (!tb) tb = PyException_GetTraceback(value);
    } else {
        PyErr_Format(PyExc_TypeError, "exceptions must be classes or instances deriving from BaseException, not %s", Py_TYPE(type)->tp_name);
        goto fail;
    }
    PyErr_Restore(type, value, tb);
    return resume_or_stop(g, Py_None, true, false);
fail:
    Py_DECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(tb);
    return NULL;
}

PyObject *kr_gen_throw(PyGenObject *g, bool close_delegate, PyObject *type, PyObject *value, PyObject *tb) {
    PyObject *it = kr_gen_delegate(g), *r;
    if (!it) return throw_here(g, type, value, tb);
    if (close_delegate && PyErr_GivenExceptionMatches(type, PyExc_GeneratorExit)) {
        int rc = close_delegate_of(g, it);
        Py_DECREF(it);
        return rc < 0 ? resume_or_stop(g, Py_None, true, false) : throw_here(g, type, value, tb);
    }
    if (PyGen_CheckExact(it) || PyCoro_CheckExact(it)) {
        /* this generator's frame shows in tracebacks below its sub-iterator's */
        KrThread *t = kr_thread();
        KrFrame *f = kr_gen_frame(g);
        if (kr_recursion_enter(t) < 0) {
            Py_DECREF(it);
            return NULL;
        }
        f->previous = t->vm.frame;
        t->vm.frame = f;
        g->gi_frame_state = KR_GEN_EXECUTING;
        r = kr_c_stack_low() ? (kr_recursion_exceeded(t, ""), NULL) : kr_gen_throw((PyGenObject *)it, close_delegate, type, value, tb);
        g->gi_frame_state = KR_GEN_SUSPENDED;
        t->vm.frame = f->previous;
        f->previous = NULL;
        kr_recursion_leave(t);
    } else {
        PyObject *method;
        if (_PyObject_LookupAttr(it, KR_STR(throw), &method) < 0) {
            Py_DECREF(it);
            return NULL;
        }
        if (!method) {
            Py_DECREF(it);
            return throw_here(g, type, value, tb);
        }
        g->gi_frame_state = KR_GEN_EXECUTING;
        r = PyObject_CallFunctionObjArgs(method, type, value, tb, NULL);
        g->gi_frame_state = KR_GEN_SUSPENDED;
        Py_DECREF(method);
    }
    Py_DECREF(it);
    if (r) return r;
    /* the sub-iterator has ended: by its value the delegating expression, or by the exception */
    if (_PyGen_FetchStopIterationValue(&value) < 0) return resume_or_stop(g, Py_None, true, false);
    KrFrame *f = kr_gen_frame(g);
    KrInstr *i = f->pc - 1;
    Py_CLEAR(f->regs[i->b & KR_REG_MASK]);
    Py_XSETREF(f->regs[i->a & KR_REG_MASK], value);
    KrThread *t = kr_thread();
    if (kr_gen_enter(t, g, KR_CONT_ENTRY) < 0) return NULL;
    r = kr_eval_frame(t, f, 0);
    if (r && g->gi_frame_state == KR_GEN_COMPLETED) {
        raise_end(g, r);
        return NULL;
    }
    return r;
}

PyObject *kr_gen_throw_method(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("throw", nargs, 1, 3)) return NULL;
    return kr_gen_throw((PyGenObject *)o, true, args[0], nargs > 1 ? args[1] : NULL, nargs > 2 ? args[2] : NULL);
}

PyObject *kr_gen_close(PyObject *o, PyObject *unused) {
    PyGenObject *g = (PyGenObject *)o;
    if (g->gi_frame_state == KR_GEN_CREATED && !kr_tracing(kr_thread())) {
        drop_frame(g);
        Py_RETURN_NONE;
    }
    PyObject *it = kr_gen_delegate(g), *r;
    int rc = it ? close_delegate_of(g, it) : 0;
    Py_XDECREF(it);
    if (rc == 0) PyErr_SetNone(PyExc_GeneratorExit);
    r = resume_or_stop(g, Py_None, true, true);
    if (r) {
        Py_DECREF(r);
        PyErr_Format(PyExc_RuntimeError, "%s ignored GeneratorExit", kind_of(g));
        return NULL;
    }
    if (PyErr_ExceptionMatches(PyExc_StopIteration) || PyErr_ExceptionMatches(PyExc_GeneratorExit)) {
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    return NULL;
}

/* ------------------------------------------------------------------ StopIteration's value */

int _PyGen_SetStopIterationValue(PyObject *value) {
    if (!value || (!PyTuple_Check(value) && !PyExceptionInstance_Check(value))) {
        PyErr_SetObject(PyExc_StopIteration, value);
        return 0;
    }
    /* a tuple would be taken for the exception's arguments, an exception for the instance */
    PyObject *e = PyObject_CallOneArg(PyExc_StopIteration, value);
    if (!e) return -1;
    PyErr_SetObject(PyExc_StopIteration, e);
    Py_DECREF(e);
    return 0;
}

int _PyGen_FetchStopIterationValue(PyObject **result) {
    PyObject *type, *value, *tb, *r = NULL;
    if (PyErr_ExceptionMatches(PyExc_StopIteration)) {
        PyErr_Fetch(&type, &value, &tb);
        if (value && PyObject_TypeCheck(value, (PyTypeObject *)type)) {
            r = Py_XNewRef(((PyStopIterationObject *)value)->value);
            Py_DECREF(value);
        } else if (type == PyExc_StopIteration && value && !PyTuple_Check(value)) {
            r = value;
        } else if (value) {
            PyErr_NormalizeException(&type, &value, &tb);
            if (!PyObject_TypeCheck(value, (PyTypeObject *)PyExc_StopIteration)) {
                PyErr_Restore(type, value, tb);
                return -1;
            }
            r = Py_XNewRef(((PyStopIterationObject *)value)->value);
            Py_DECREF(value);
        }
        Py_XDECREF(type);
        Py_XDECREF(tb);
    } else if (PyErr_Occurred()) {
        return -1;
    }
    *result = r ? r : Py_NewRef(Py_None);
    return 0;
}

PyObject *kr_gen_yield_from_iter(KrFrame *f, PyObject *o) {
    if (PyCoro_CheckExact(o)) {
        if (f->code->base.co_flags & (CO_COROUTINE | CO_ITERABLE_COROUTINE)) return Py_NewRef(o);
        PyErr_SetString(PyExc_TypeError, "cannot 'yield from' a coroutine object in a non-coroutine generator");
        return NULL;
    }
    return PyGen_CheckExact(o) ? Py_NewRef(o) : PyObject_GetIter(o);
}

/* ------------------------------------------------------------------ attributes */

PyObject *kr_gen_get_name(PyObject *o, void *unused) { return Py_NewRef(((PyGenObject *)o)->gi_name); }
PyObject *kr_gen_get_qualname(PyObject *o, void *unused) { return Py_NewRef(((PyGenObject *)o)->gi_qualname); }
static int set_name(PyObject **at, PyObject *value, const char *message) {
    if (!value || !PyUnicode_Check(value)) {
        PyErr_SetString(PyExc_TypeError, message);
        return -1;
    }
    Py_SETREF(*at, Py_NewRef(value));
    return 0;
}
int kr_gen_set_name(PyObject *o, PyObject *value, void *unused) { return set_name(&((PyGenObject *)o)->gi_name, value, "__name__ must be set to a string object"); }
int kr_gen_set_qualname(PyObject *o, PyObject *value, void *unused) { return set_name(&((PyGenObject *)o)->gi_qualname, value, "__qualname__ must be set to a string object"); }
PyObject *kr_gen_get_delegate(PyObject *o, void *unused) {
    PyObject *it = kr_gen_delegate((PyGenObject *)o);
    return it ? it : Py_NewRef(Py_None);
}
PyObject *kr_gen_get_running(PyObject *o, void *unused) { return PyBool_FromLong(((PyGenObject *)o)->gi_frame_state == KR_GEN_EXECUTING); }
PyObject *kr_gen_get_suspended(PyObject *o, void *unused) { return PyBool_FromLong(((PyGenObject *)o)->gi_frame_state == KR_GEN_SUSPENDED); }
PyObject *kr_gen_get_frame(PyObject *o, void *name) {
    if (PySys_Audit("object.__getattr__", "Os", o, (const char *)name) < 0) return NULL;
    if (!has_frame((PyGenObject *)o)) Py_RETURN_NONE;
    return Py_XNewRef((PyObject *)kr_frame_object(kr_gen_frame((PyGenObject *)o)));
}
PyObject *kr_gen_get_code(PyObject *o, void *name) {
    if (PySys_Audit("object.__getattr__", "Os", o, (const char *)name) < 0) return NULL;
    return Py_NewRef((PyObject *)((PyGenObject *)o)->gi_code);
}
PyObject *kr_gen_sizeof(PyObject *o, PyObject *unused) {
    KrCode *c = (KrCode *)((PyGenObject *)o)->gi_code;
    return PyLong_FromSize_t(offsetof(PyGenObject, gi_iframe) + sizeof(KrFrame) + c->nregs * sizeof(PyObject *));
}
static PyObject *gen_repr(PyObject *o) { return PyUnicode_FromFormat("<generator object %S at %p>", ((PyGenObject *)o)->gi_qualname, o); }

/* ------------------------------------------------------------------ the type */

PyDoc_STRVAR(send_doc, "send(arg) -> the value yielded next, or StopIteration. The pending yield expression gives arg.");
PyDoc_STRVAR(throw_doc, "throw(value)\nthrow(type[, value[, tb]])\n\nRaises an exception in the generator; the value it yields next, or StopIteration.");
PyDoc_STRVAR(close_doc, "close() -> raises GeneratorExit in the generator.");

static PyGetSetDef gen_getsets[] = {
    {"__name__", kr_gen_get_name, kr_gen_set_name, PyDoc_STR("name of the generator")},
    {"__qualname__", kr_gen_get_qualname, kr_gen_set_qualname, PyDoc_STR("qualified name of the generator")},
    {"gi_yieldfrom", kr_gen_get_delegate, NULL, PyDoc_STR("object being iterated by yield from, or None")},
    {"gi_running", kr_gen_get_running, NULL, NULL},
    {"gi_frame", kr_gen_get_frame, NULL, NULL, (void *)"gi_frame"},
    {"gi_suspended", kr_gen_get_suspended, NULL, NULL},
    {"gi_code", kr_gen_get_code, NULL, NULL, (void *)"gi_code"},
    {NULL},
};
static PyMethodDef gen_methods[] = {
    {"send", kr_gen_send_method, METH_O, send_doc},
    {"throw", KR_METH(kr_gen_throw_method), METH_FASTCALL, throw_doc},
    {"close", kr_gen_close, METH_NOARGS, close_doc},
    {"__sizeof__", kr_gen_sizeof, METH_NOARGS, PyDoc_STR("gen.__sizeof__() -> size of gen in memory, in bytes")},
    {NULL},
};
static PyAsyncMethods gen_as_async = {.am_send = kr_gen_am_send};
PyTypeObject PyGen_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "generator",
    .tp_basicsize = offsetof(PyGenObject, gi_iframe) + sizeof(KrFrame),
    .tp_itemsize = sizeof(PyObject *),
    .tp_dealloc = kr_gen_dealloc,
    .tp_as_async = &gen_as_async,
    .tp_repr = gen_repr,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = kr_gen_traverse,
    .tp_weaklistoffset = offsetof(PyGenObject, gi_weakreflist),
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = gen_next,
    .tp_methods = gen_methods,
    .tp_getset = gen_getsets,
    .tp_finalize = _PyGen_Finalize,
};
