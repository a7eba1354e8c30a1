/* trace.c - trace and profile functions: setting them, and the events the loop reports.
 *
 * cframe->use_tracing is 255 while a thread has a trace or profile function that is not itself running (tracing == 0). A frame's trace_prev is the
 * instruction a line event was sent for last; -1 before the first.
 */
#include "vm/trace.h"
#include "vm/loop.h"
#include "vm/support.h"
#include "runtime/errors.h"
#include <frameobject.h>

void kr_trace_update(KrThread *t) {
    t->vm.dispatch = kr_tracing(t) ? &kr_dispatch_trace : t->base.interp->vm.op_stats ? &kr_dispatch_count : &kr_dispatch_plain;
}
static void update(PyThreadState *ts) {
    ts->cframe->use_tracing = ts->tracing == 0 && (ts->c_tracefunc || ts->c_profilefunc) ? 255 : 0;
    kr_trace_update((KrThread *)ts);
}
void PyThreadState_EnterTracing(PyThreadState *ts) {
    ts->tracing++;
    update(ts);
}
void PyThreadState_LeaveTracing(PyThreadState *ts) {
    ts->tracing--;
    update(ts);
}
/* Releasing the old function's argument runs Python code, which must not install another one meanwhile. */
static int set(PyThreadState *ts, Py_tracefunc func, PyObject *arg, bool profile) {
    KrThread *t = (KrThread *)ts;
    bool *installing = profile ? &t->vm.installing_profile : &t->vm.installing_trace;
    if (PySys_Audit(profile ? "sys.setprofile" : "sys.settrace", NULL) < 0) return -1;
    if (*installing) {
        PyErr_Format(PyExc_RuntimeError, "Cannot install a %s function while another %s function is being installed", profile ? "profile" : "trace", profile ? "profile" : "trace");
        return -1;
    }
    PyObject **slot = profile ? &ts->c_profileobj : &ts->c_traceobj, *old = *slot;
    Py_tracefunc *at = profile ? &ts->c_profilefunc : &ts->c_tracefunc;
    if (!profile && !*at)               /* where the frames were when they were traced last is no matter now */
        for (KrFrame *f = t->vm.frame; f; f = f->previous) f->trace_prev = Py_MIN(f->trace_prev, -1);
    *installing = true;
    *at = NULL;
    *slot = NULL;
    update(ts);
    Py_XDECREF(old);
    *slot = Py_XNewRef(arg);
    *at = func;
    update(ts);
    *installing = false;
    return 0;
}
int kr_eval_set_profile(PyThreadState *ts, Py_tracefunc func, PyObject *arg) { return set(ts, func, arg, true); }
int _PyEval_SetProfile(PyThreadState *ts, Py_tracefunc func, PyObject *arg) { return set(ts, func, arg, true); }
int _PyEval_SetTrace(PyThreadState *ts, Py_tracefunc func, PyObject *arg) { return set(ts, func, arg, false); }
void PyEval_SetProfile(Py_tracefunc func, PyObject *arg) {
    if (set(PyThreadState_Get(), func, arg, true) < 0) PyErr_WriteUnraisable(NULL);
}
void PyEval_SetTrace(Py_tracefunc func, PyObject *arg) {
    if (set(PyThreadState_Get(), func, arg, false) < 0) PyErr_WriteUnraisable(NULL);
}

/* ------------------------------------------------------------------ events */

static int call(PyThreadState *ts, Py_tracefunc func, PyObject *obj, KrFrame *f, int what, PyObject *arg) {
    if (ts->tracing) return 0;
    PyFrameObject *frame = kr_frame_object(f);
    if (!frame) return -1;
    int old = ts->tracing_what;
    ts->tracing_what = what;
    PyThreadState_EnterTracing(ts);
    Py_INCREF(frame);
    Py_XINCREF(obj);
    int r = func(obj, frame, what, arg);
    Py_XDECREF(obj);
    Py_DECREF(frame);
    PyThreadState_LeaveTracing(ts);
    ts->tracing_what = old;
    return r;
}
/* The same with an exception kept around it. */
static int call_protected(PyThreadState *ts, Py_tracefunc func, PyObject *obj, KrFrame *f, int what, PyObject *arg) {
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    int r = call(ts, func, obj, f, what, arg);
    if (r == 0) {
        PyErr_Restore(t, v, tb);
        return 0;
    }
    Py_XDECREF(t);
    Py_XDECREF(v);
    Py_XDECREF(tb);
    return -1;
}
int kr_trace_entry(KrThread *t, KrFrame *f) {
    PyThreadState *ts = &t->base;
    if (ts->c_tracefunc && call_protected(ts, ts->c_tracefunc, ts->c_traceobj, f, PyTrace_CALL, Py_None) < 0) return -1;
    if (ts->c_profilefunc && call_protected(ts, ts->c_profilefunc, ts->c_profileobj, f, PyTrace_CALL, Py_None) < 0) return -1;
    return 0;
}
int kr_trace_exit(KrThread *t, KrFrame *f, PyObject *value) {
    PyThreadState *ts = &t->base;
    if (ts->c_tracefunc && (value ? call(ts, ts->c_tracefunc, ts->c_traceobj, f, PyTrace_RETURN, value)
                                  : call_protected(ts, ts->c_tracefunc, ts->c_traceobj, f, PyTrace_RETURN, NULL)) < 0)
        return -1;
    if (ts->c_profilefunc && (value ? call(ts, ts->c_profilefunc, ts->c_profileobj, f, PyTrace_RETURN, value)
                                    : call_protected(ts, ts->c_profilefunc, ts->c_profileobj, f, PyTrace_RETURN, NULL)) < 0)
        return -1;
    return 0;
}
void kr_trace_exception(KrThread *t, KrFrame *f) {
    PyThreadState *ts = &t->base;
    if (!ts->c_tracefunc || ts->tracing) return;
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    PyErr_NormalizeException(&type, &value, &tb);
    PyObject *arg = PyTuple_Pack(3, type, value, tb ? tb : Py_None);
    int r = arg ? call(ts, ts->c_tracefunc, ts->c_traceobj, f, PyTrace_EXCEPTION, arg) : -1;
    Py_XDECREF(arg);
    if (r == 0) {
        PyErr_Restore(type, value, tb);
    } else {
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(tb);
    }
}
int kr_trace_instruction(KrThread *t, KrFrame *f) {
    PyThreadState *ts = &t->base;
    if (!ts->c_tracefunc || ts->tracing) return 0;
    if (f->trace_prev <= KR_TRACE_JUMP_PENDING) return kr_frame_jump_pending(f);
    int i = (int)(f->pc - 1 - f->code->instrs), prev = f->trace_prev, line = kr_code_line(f->code, (uint32_t)i);
    if (i < (int)f->code->first_traceable) return 0;
    if (prev < 0 && i > (int)f->code->first_traceable + 1) prev = i - 1; /* traced only from here on: what began it was a call just before */
    int prev_line = prev < 0 ? -1 : kr_code_line(f->code, (uint32_t)prev);
    PyFrameObject *frame = kr_frame_object(f);
    if (!frame) return -1;
    f->trace_prev = i;
    /* a new line, or the same one reached by going back */
    bool jumped_back = i <= prev && f->code->instrs[prev].op != KR_OP_YIELD_FROM;
    int r = 0;
    if (line >= 0 && kr_frame_traces_lines(frame) && (line != prev_line || jumped_back))
        r = call(ts, ts->c_tracefunc, ts->c_traceobj, f, PyTrace_LINE, Py_None);
    if (r == 0 && kr_frame_traces_opcodes(frame)) r = call(ts, ts->c_tracefunc, ts->c_traceobj, f, PyTrace_OPCODE, Py_None);
    return r;
}
PySendResult kr_trace_send(KrThread *t, KrFrame *f, PyObject *receiver, PyObject *value, PyObject **result) {
    if (!t->base.c_tracefunc || t->base.tracing) return PyIter_Send(receiver, value, result);
    *result = value == Py_None && PyIter_Check(receiver) ? Py_TYPE(receiver)->tp_iternext(receiver) : PyObject_CallMethodOneArg(receiver, KR_STR(send), value);
    if (*result) return PYGEN_NEXT;
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_StopIteration)) kr_trace_exception(t, f);
    return _PyGen_FetchStopIterationValue(result) == 0 ? PYGEN_RETURN : PYGEN_ERROR;
}
/* Whether calling it is told to the profile function. */
static bool is_c_callable(PyObject *o) { return PyCFunction_Check(o) || Py_IS_TYPE(o, &PyMethodDescr_Type); }
PyObject *kr_trace_c_call_ex(KrThread *t, PyObject *callable, PyObject *args, PyObject *kwargs) {
    if (!t->base.c_profilefunc || t->base.tracing || !is_c_callable(callable)) return kr_vm_call_ex(callable, args, kwargs);
    if (!PyTuple_CheckExact(args)) {
        PyObject *tuple = Py_TYPE(args)->tp_iter || PySequence_Check(args) ? PySequence_Tuple(args) : NULL, *result = NULL;
        if (tuple) result = kr_trace_c_call_ex(t, callable, tuple, kwargs);
        else if (!PyErr_Occurred()) result = kr_vm_call_ex(callable, args, kwargs); /* it says what is wrong */
        Py_XDECREF(tuple);
        return result;
    }
    Py_ssize_t n = PyTuple_GET_SIZE(args), nkw = kwargs ? PyDict_GET_SIZE(kwargs) : 0, pos = 0, i = 0;
    PyObject **all = PyMem_New(PyObject *, n + nkw + 1), *names = PyTuple_New(nkw), *name, *value, *r = NULL;
    if (!all) PyErr_NoMemory();
    if (all && names) {
        for (i = 0; i < n; i++) all[i + 1] = Py_NewRef(PyTuple_GET_ITEM(args, i));
        while (kwargs && i < n + nkw && PyDict_Next(kwargs, &pos, &name, &value)) {
            PyTuple_SET_ITEM(names, i - n, Py_NewRef(name));
            all[1 + i++] = Py_NewRef(value);
        }
        r = kr_trace_c_call(t, callable, all + 1, (size_t)n | PY_VECTORCALL_ARGUMENTS_OFFSET, nkw ? names : NULL);
        while (i-- > 0) Py_DECREF(all[i + 1]);
    }
    Py_XDECREF(names);
    PyMem_Free(all);
    return r;
}
PyObject *kr_trace_c_call(KrThread *t, PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyThreadState *ts = &t->base;
    PyObject *what = callable, *owned = NULL, *r;
    if (!ts->c_profilefunc || ts->tracing || !is_c_callable(callable))
        return PyObject_Vectorcall(callable, args, nargsf, kwnames);
    if (!PyCFunction_Check(callable)) {
        if (PyVectorcall_NARGS(nargsf) < 1) return PyObject_Vectorcall(callable, args, nargsf, kwnames);
        descrgetfunc get = Py_TYPE(callable)->tp_descr_get;
        what = owned = get(callable, args[0], (PyObject *)Py_TYPE(args[0]));
        if (!what) return NULL;
    }
    KrFrame *f = kr_frame_current();
    r = NULL;
    if (call(ts, ts->c_profilefunc, ts->c_profileobj, f, PyTrace_C_CALL, what) == 0) {
        r = PyObject_Vectorcall(callable, args, nargsf, kwnames);
        if (ts->c_profilefunc) {
            if (!r) call_protected(ts, ts->c_profilefunc, ts->c_profileobj, f, PyTrace_C_EXCEPTION, what);
            else if (call(ts, ts->c_profilefunc, ts->c_profileobj, f, PyTrace_C_RETURN, what) < 0) Py_CLEAR(r);
        }
    }
    Py_XDECREF(owned);
    return r;
}
