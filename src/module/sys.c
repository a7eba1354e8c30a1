/* sys.c - the module `sys`: the interpreter as Python sees it, and the PySys_* API.
 *
 * kr_sys_init makes the module with what never changes; kr_sys_configure adds what depends on the configuration
 * (flags, argv, paths, options). Streams are set by runtime/streams.c. The audit API is at the end.
 */
#include "memory/alloc.h"
#include "krait.h"
#include "runtime/audit.h"
#include "runtime/config.h"
#include "runtime/gil.h"
#include "runtime/lifecycle.h"
#include "runtime/run.h"
#include "vm/frame.h"
#include <frameobject.h>
#include <stdlib.h>

PyObject *_PyNamespace_New(PyObject *kwds);

/* ------------------------------------------------------------------ PySys_* access */

PyObject *_PySys_GetAttr(PyThreadState *ts, PyObject *name) {
    PyObject *d = ts->interp->sysdict;
    return d ? PyDict_GetItemWithError(d, name) : NULL;
}

PyObject *PySys_GetObject(const char *name) {
    KrThread *t = kr_thread();
    if (!t || !t->base.interp->sysdict) return NULL;
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    PyObject *v = PyDict_GetItemString(t->base.interp->sysdict, name);
    PyErr_Restore(type, value, tb);
    return v;
}

int PySys_SetObject(const char *name, PyObject *v) {
    PyObject *d = kr_interp()->sysdict;
    if (v) return PyDict_SetItemString(d, name, v);
    if (!PyDict_GetItemString(d, name)) return 0;
    return PyDict_DelItemString(d, name);
}

/* Writes formatted text to sys.<name>, or to the C stream when that fails. */
static void sys_write(const char *name, FILE *fallback, PyObject *text) {
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    PyObject *file = PySys_GetObject(name);
    if (!text || !file || file == Py_None || PyFile_WriteObject(text, file, Py_PRINT_RAW) < 0) {
        PyErr_Clear();
        const char *s = text ? PyUnicode_AsUTF8(text) : NULL;
        if (s) fputs(s, fallback);
        PyErr_Clear();
    }
    Py_XDECREF(text);
    PyErr_Restore(type, value, tb);
}
#define SYS_WRITE_C(name, stream)                                         \
    char buffer[1001];                                                    \
    va_list va;                                                           \
    va_start(va, format);                                                 \
    int n = PyOS_vsnprintf(buffer, sizeof buffer, format, va);            \
    va_end(va);                                                           \
    sys_write(name, stream, PyUnicode_FromString(buffer));                \
    if (n < 0 || (size_t)n >= sizeof buffer) sys_write(name, stream, PyUnicode_FromString("... truncated"));
void PySys_WriteStdout(const char *format, ...) { SYS_WRITE_C("stdout", stdout) }
void PySys_WriteStderr(const char *format, ...) { SYS_WRITE_C("stderr", stderr) }
#define SYS_FORMAT(name, stream)                                          \
    va_list va;                                                           \
    va_start(va, format);                                                 \
    PyObject *text = PyUnicode_FromFormatV(format, va);                   \
    va_end(va);                                                           \
    sys_write(name, stream, text);
void PySys_FormatStdout(const char *format, ...) { SYS_FORMAT("stdout", stdout) }
void PySys_FormatStderr(const char *format, ...) { SYS_FORMAT("stderr", stderr) }

/* ------------------------------------------------------------------ auditing */

PyDoc_STRVAR(addaudithook_doc, "addaudithook($module, /, hook)\n--\n\nAdds a hook called with every audit event.");
static PyObject *sys_addaudithook(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const names[] = {"hook", NULL};
    static _PyArg_Parser parser = {.format = "O:addaudithook", .keywords = names};
    PyObject *hook;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &hook)) return NULL;
    if (kr_audit_add(hook) < 0) return NULL;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(audit_doc, "audit(event, *args)\n\nPasses the event to the audit hooks.");
static PyObject *sys_audit(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (nargs == 0) {
        PyErr_SetString(PyExc_TypeError, "audit() missing 1 required positional argument: 'event'");
        return NULL;
    }
    if (!PyUnicode_Check(args[0])) {
        PyErr_Format(PyExc_TypeError, "expected str for argument 'event', not %.200s", Py_TYPE(args[0])->tp_name);
        return NULL;
    }
    if (kr_audited()) {
        PyObject *rest = PyTuple_New(nargs - 1);
        if (!rest) return NULL;
        for (Py_ssize_t i = 1; i < nargs; i++) PyTuple_SET_ITEM(rest, i - 1, Py_NewRef(args[i]));
        const char *event = PyUnicode_AsUTF8(args[0]);
        int rc = event ? kr_audit(event, rest) : -1;
        Py_DECREF(rest);
        if (rc < 0) return NULL;
    }
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ hooks */

PyDoc_STRVAR(displayhook_doc, "displayhook($module, object, /)\n--\n\nPrints the object's repr and keeps it in builtins._.");
static PyObject *sys_displayhook(PyObject *self, PyObject *o) {
    PyObject *builtins = kr_interp()->builtins;
    if (o == Py_None) Py_RETURN_NONE;
    if (PyDict_SetItemString(builtins, "_", Py_None) < 0) return NULL;
    PyObject *out = PySys_GetObject("stdout");
    if (!out || out == Py_None) {
        PyErr_SetString(PyExc_RuntimeError, "lost sys.stdout");
        return NULL;
    }
    Py_INCREF(out);
    if (PyFile_WriteObject(o, out, 0) < 0) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) goto fail;
        /* the stream can't take it: write it with backslash escapes */
        PyErr_Clear();
        PyObject *text = PyObject_Repr(o), *enc = text ? PyObject_GetAttr(out, KR_STR(encoding)) : NULL;
        const char *name = enc ? PyUnicode_AsUTF8(enc) : NULL;
        PyObject *bytes = name ? PyUnicode_AsEncodedString(text, name, "backslashreplace") : NULL;
        PyObject *escaped = bytes ? PyUnicode_Decode(PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes), name, "strict") : NULL;
        int bad = !escaped || PyFile_WriteObject(escaped, out, Py_PRINT_RAW) < 0;
        Py_XDECREF(text);
        Py_XDECREF(bytes);
        Py_XDECREF(escaped);
        Py_XDECREF(enc);
        if (bad) goto fail;
    }
    if (PyFile_WriteString("\n", out) < 0) goto fail;
    Py_DECREF(out);
    if (PyDict_SetItemString(builtins, "_", o) < 0) return NULL;
    Py_RETURN_NONE;
fail:
    Py_DECREF(out);
    return NULL;
}

PyDoc_STRVAR(excepthook_doc, "excepthook($module, exctype, value, traceback, /)\n--\n\nPrints an exception and its traceback to sys.stderr.");
static PyObject *sys_excepthook(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("excepthook", nargs, 3, 3)) return NULL;
    PyErr_Display(args[0], args[1], args[2]);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(exc_info_doc, "exc_info($module, /)\n--\n\n(type, value, traceback) of the exception being handled.");
static PyObject *sys_exc_info(PyObject *self, PyObject *ignored) {
    PyObject *t, *v, *tb;
    PyErr_GetExcInfo(&t, &v, &tb);
    if (!t) t = Py_NewRef(Py_None);
    if (!v) v = Py_NewRef(Py_None);
    if (!tb) tb = Py_NewRef(Py_None);
    PyObject *r = PyTuple_Pack(3, t, v, tb);
    Py_DECREF(t);
    Py_DECREF(v);
    Py_DECREF(tb);
    return r;
}
PyDoc_STRVAR(exception_doc, "exception($module, /)\n--\n\nThe exception being handled, or None.");
static PyObject *sys_exception(PyObject *self, PyObject *ignored) {
    PyObject *v = PyErr_GetHandledException();
    return v ? v : Py_NewRef(Py_None);
}
PyDoc_STRVAR(exit_doc, "exit($module, status=None, /)\n--\n\nRaises SystemExit(status).");
static PyObject *sys_exit(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("exit", nargs, 0, 1)) return NULL;
    PyErr_SetObject(PyExc_SystemExit, nargs ? args[0] : Py_None);
    return NULL;
}

PyDoc_STRVAR(breakpointhook_doc, "breakpointhook(*args, **kws)\n\nCalls what PYTHONBREAKPOINT names, pdb.set_trace() by default.");
static PyObject *sys_breakpointhook(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    const char *env = kr_interp()->config.use_environment ? getenv("PYTHONBREAKPOINT") : NULL;
    if (!env || !*env) env = "pdb.set_trace";
    if (!strcmp(env, "0")) Py_RETURN_NONE;
    char *path = PyMem_RawMalloc(strlen(env) + 1);
    if (!path) return PyErr_NoMemory();
    strcpy(path, env);
    char *dot = strrchr(path, '.');
    const char *attr = path, *module = "builtins";
    if (dot) {
        *dot = 0;
        attr = dot + 1;
        module = path;
    }
    PyObject *m = *module && *attr ? PyImport_ImportModule(module) : NULL;
    PyObject *hook = m ? PyObject_GetAttrString(m, attr) : NULL;
    Py_XDECREF(m);
    PyMem_RawFree(path);
    if (!hook) {
        if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_ImportError) && !PyErr_ExceptionMatches(PyExc_AttributeError)) return NULL;
        PyErr_Clear();
        if (PyErr_WarnFormat(PyExc_RuntimeWarning, 0, "Ignoring unimportable $PYTHONBREAKPOINT: \"%s\"", env) < 0) return NULL;
        Py_RETURN_NONE;
    }
    PyObject *r = PyObject_Vectorcall(hook, args, nargs, kwnames);
    Py_DECREF(hook);
    return r;
}

/* sys.unraisablehook's default, and its argument's type, are in runtime/errors.c. */
PyObject *_PyErr_WriteUnraisableDefaultHook(PyObject *unraisable);
PyDoc_STRVAR(unraisablehook_doc, "unraisablehook($module, unraisable, /)\n--\n\nReports an exception that could not be raised.");
static PyObject *sys_unraisablehook(PyObject *self, PyObject *arg) { return _PyErr_WriteUnraisableDefaultHook(arg); }

/* ------------------------------------------------------------------ frames and tracing */

PyDoc_STRVAR(getframe_doc, "_getframe($module, depth=0, /)\n--\n\nThe frame `depth` calls below the top of the stack.");
static PyObject *sys_getframe(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("_getframe", nargs, 0, 1)) return NULL;
    int depth = 0;
    if (nargs && (depth = _PyLong_AsInt(args[0])) == -1 && PyErr_Occurred()) return NULL;
    KrFrame *f = kr_frame_current();
    while (f && depth-- > 0) f = kr_frame_visible(f->previous);
    if (!f) {
        PyErr_SetString(PyExc_ValueError, "call stack is not deep enough");
        return NULL;
    }
    PyObject *o = (PyObject *)kr_frame_object(f);
    if (o && PySys_Audit("sys._getframe", "O", o) < 0) return NULL;
    return Py_XNewRef(o);
}
PyDoc_STRVAR(current_frames_doc, "_current_frames($module, /)\n--\n\n{thread id: its current frame}");
static PyObject *sys_current_frames(PyObject *self, PyObject *ignored) {
    return PySys_Audit("sys._current_frames", NULL) < 0 ? NULL : _PyThread_CurrentFrames();
}
PyDoc_STRVAR(current_exceptions_doc, "_current_exceptions($module, /)\n--\n\n{thread id: the exception it handles}");
static PyObject *sys_current_exceptions(PyObject *self, PyObject *ignored) {
    return PySys_Audit("sys._current_exceptions", NULL) < 0 ? NULL : _PyThread_CurrentExceptions();
}

/* The C-level trace function that calls a Python one; shared shape of tracing and profiling. */
static PyObject *call_trace_function(PyObject *callback, PyFrameObject *frame, int what, PyObject *arg) {
    static const char *const events[] = {"call", "exception", "line", "return", "c_call", "c_exception", "c_return", "opcode"};
    PyObject *event = PyUnicode_InternFromString(events[what]);
    if (!event) return NULL;
    PyObject *args[3] = {(PyObject *)frame, event, arg ? arg : Py_None};
    PyObject *r = PyObject_Vectorcall(callback, args, 3, NULL);
    PyFrame_LocalsToFast(frame, 1);
    if (!r) PyTraceBack_Here(frame);
    Py_DECREF(event);
    return r;
}
static int profile_trampoline(PyObject *self, PyFrameObject *frame, int what, PyObject *arg) {
    PyObject *r = call_trace_function(self, frame, what, arg);
    if (!r) {
        PyEval_SetProfile(NULL, NULL);
        return -1;
    }
    Py_DECREF(r);
    return 0;
}
static int trace_trampoline(PyObject *self, PyFrameObject *frame, int what, PyObject *arg) {
    PyObject *callback = what == PyTrace_CALL ? Py_NewRef(self) : kr_frame_get_trace(frame);
    if (!callback) return 0;
    PyObject *r = call_trace_function(callback, frame, what, arg);
    Py_DECREF(callback);
    if (!r) {
        PyEval_SetTrace(NULL, NULL);
        kr_frame_set_trace(frame, NULL);
        return -1;
    }
    if (r != Py_None) kr_frame_set_trace(frame, r);
    Py_DECREF(r);
    return 0;
}

PyDoc_STRVAR(settrace_doc, "settrace(function)\n\nSets the trace function of this thread; None removes it.");
static PyObject *sys_settrace(PyObject *self, PyObject *f) {
    if (_PyEval_SetTrace(PyThreadState_Get(), f == Py_None ? NULL : trace_trampoline, f == Py_None ? NULL : f) < 0) return NULL;
    Py_RETURN_NONE;
}
PyDoc_STRVAR(gettrace_doc, "gettrace($module, /)\n--\n\nThis thread's trace function.");
static PyObject *sys_gettrace(PyObject *self, PyObject *ignored) {
    PyObject *o = PyThreadState_Get()->c_traceobj;
    return Py_NewRef(o ? o : Py_None);
}
PyDoc_STRVAR(setprofile_doc, "setprofile(function)\n\nSets the profile function of this thread; None removes it.");
static PyObject *sys_setprofile(PyObject *self, PyObject *f) {
    int (*set)(PyThreadState *, Py_tracefunc, PyObject *) = kr_eval_set_profile;
    if (set(PyThreadState_Get(), f == Py_None ? NULL : profile_trampoline, f == Py_None ? NULL : f) < 0) return NULL;
    Py_RETURN_NONE;
}
PyDoc_STRVAR(getprofile_doc, "getprofile($module, /)\n--\n\nThis thread's profile function.");
static PyObject *sys_getprofile(PyObject *self, PyObject *ignored) {
    PyObject *o = PyThreadState_Get()->c_profileobj;
    return Py_NewRef(o ? o : Py_None);
}
PyDoc_STRVAR(call_tracing_doc, "call_tracing($module, func, args, /)\n--\n\nfunc(*args) with tracing on.");
static PyObject *sys_call_tracing(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("call_tracing", nargs, 2, 2)) return NULL;
    if (!PyTuple_Check(args[1])) {
        _PyArg_BadArgument("call_tracing", "argument 2", "tuple", args[1]);
        return NULL;
    }
    PyThreadState *ts = PyThreadState_Get();
    int saved = ts->tracing;
    ts->tracing = 1;
    PyThreadState_LeaveTracing(ts);
    PyObject *r = PyObject_Call(args[0], args[1], NULL);
    PyThreadState_EnterTracing(ts);
    ts->tracing = saved;
    return r;
}

/* ------------------------------------------------------------------ limits and sizes */

PyDoc_STRVAR(getrecursionlimit_doc, "getrecursionlimit($module, /)\n--\n\nThe greatest depth of calls.");
static PyObject *sys_getrecursionlimit(PyObject *self, PyObject *ignored) { return PyLong_FromLong(Py_GetRecursionLimit()); }
PyDoc_STRVAR(setrecursionlimit_doc, "setrecursionlimit($module, limit, /)\n--\n\nSets the greatest depth of calls.");
static PyObject *sys_setrecursionlimit(PyObject *self, PyObject *arg) {
    int limit = _PyLong_AsInt(arg);
    if (limit == -1 && PyErr_Occurred()) return NULL;
    if (limit < 1) {
        PyErr_SetString(PyExc_ValueError, "recursion limit must be greater or equal than 1");
        return NULL;
    }
    PyThreadState *ts = PyThreadState_Get();
    int depth = ts->recursion_limit - ts->recursion_remaining;
    if (depth >= limit) {
        PyErr_Format(PyExc_RecursionError, "cannot set the recursion limit to %i at the recursion depth %i: the limit is too low",
                     limit, depth);
        return NULL;
    }
    Py_SetRecursionLimit(limit);
    Py_RETURN_NONE;
}
PyDoc_STRVAR(getswitchinterval_doc, "getswitchinterval($module, /)\n--\n\nSeconds between thread switches.");
static PyObject *sys_getswitchinterval(PyObject *self, PyObject *ignored) { return PyFloat_FromDouble(1e-6 * _PyEval_GetSwitchInterval()); }
PyDoc_STRVAR(setswitchinterval_doc, "setswitchinterval($module, interval, /)\n--\n\nSets the seconds between thread switches.");
static PyObject *sys_setswitchinterval(PyObject *self, PyObject *arg) {
    double d = PyFloat_AsDouble(arg);
    if (d == -1.0 && PyErr_Occurred()) return NULL;
    if (!(d > 0.0)) {
        PyErr_SetString(PyExc_ValueError, "switch interval must be strictly positive");
        return NULL;
    }
    _PyEval_SetSwitchInterval((unsigned long)(1e6 * d));
    Py_RETURN_NONE;
}
PyDoc_STRVAR(getrefcount_doc, "getrefcount($module, object, /)\n--\n\nThe object's reference count, the argument's included.");
static PyObject *sys_getrefcount(PyObject *self, PyObject *o) { return PyLong_FromSsize_t(Py_REFCNT(o)); }

size_t _PySys_GetSizeOf(PyObject *o) {
    PyObject *meth = _PyType_Lookup(Py_TYPE(o), KR_STR(__sizeof__));
    if (!meth) {
        if (!PyErr_Occurred()) PyErr_Format(PyExc_TypeError, "Type %.100s doesn't define __sizeof__", Py_TYPE(o)->tp_name);
        return (size_t)-1;
    }
    PyObject *bound = Py_TYPE(meth)->tp_descr_get ? Py_TYPE(meth)->tp_descr_get(meth, o, (PyObject *)Py_TYPE(o)) : Py_NewRef(meth);
    PyObject *r = bound ? PyObject_CallNoArgs(bound) : NULL;
    Py_XDECREF(bound);
    if (!r) return (size_t)-1;
    Py_ssize_t n = PyLong_AsSsize_t(r);
    Py_DECREF(r);
    if (n == -1 && PyErr_Occurred()) return (size_t)-1;
    if (n < 0) {
        PyErr_SetString(PyExc_ValueError, "__sizeof__() should return >= 0");
        return (size_t)-1;
    }
    size_t extra = PyObject_IS_GC(o) ? sizeof(KrGCHead) : 0;
    if (Py_TYPE(o)->tp_flags & Py_TPFLAGS_MANAGED_DICT) extra += 2 * sizeof(PyObject *);
    return (size_t)n + extra;
}
PyDoc_STRVAR(getsizeof_doc, "getsizeof(object [, default]) -> int\n\nThe object's own size in bytes.");
static PyObject *sys_getsizeof(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"object", "default", NULL};
    PyObject *o, *dflt = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O|O:getsizeof", names, &o, &dflt)) return NULL;
    size_t n = _PySys_GetSizeOf(o);
    if (n == (size_t)-1 && PyErr_Occurred()) {
        if (!dflt || !PyErr_ExceptionMatches(PyExc_TypeError)) return NULL;
        PyErr_Clear();
        return Py_NewRef(dflt);
    }
    return PyLong_FromSize_t(n);
}
PyDoc_STRVAR(getallocatedblocks_doc, "getallocatedblocks($module, /)\n--\n\nThe number of memory blocks that Python objects use.");
static PyObject *sys_getallocatedblocks(PyObject *self, PyObject *ignored) { return PyLong_FromSsize_t(_Py_GetAllocatedBlocks()); }

PyDoc_STRVAR(get_int_max_str_digits_doc, "get_int_max_str_digits($module, /)\n--\n\nThe most digits of int/str conversions.");
static PyObject *sys_get_int_max_str_digits(PyObject *self, PyObject *ignored) { return PyLong_FromLong(kr_interp()->number.max_str_digits); }
PyDoc_STRVAR(set_int_max_str_digits_doc, "set_int_max_str_digits($module, /, maxdigits)\n--\n\nSets the most digits of int/str conversions.");
static PyObject *sys_set_int_max_str_digits(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const names[] = {"maxdigits", NULL};
    static _PyArg_Parser parser = {.format = "i:set_int_max_str_digits", .keywords = names};
    int n;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &n)) return NULL;
    if (n != 0 && n < 640) {
        PyErr_Format(PyExc_ValueError, "maxdigits must be 0 or larger than %d", 640);
        return NULL;
    }
    kr_interp()->number.max_str_digits = n;
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ the rest of the functions */

PyDoc_STRVAR(intern_doc, "intern($module, string, /)\n--\n\nThe one interned string of this value.");
static PyObject *sys_intern(PyObject *self, PyObject *s) {
    if (!PyUnicode_Check(s)) {
        _PyArg_BadArgument("intern", "argument", "str", s);
        return NULL;
    }
    if (!PyUnicode_CheckExact(s)) {
        PyErr_Format(PyExc_TypeError, "can't intern %.400s", Py_TYPE(s)->tp_name);
        return NULL;
    }
    Py_INCREF(s);
    PyUnicode_InternInPlace(&s);
    return s;
}
PyDoc_STRVAR(getdefaultencoding_doc, "getdefaultencoding($module, /)\n--\n\nThe encoding str() and encode() use: utf-8.");
static PyObject *sys_getdefaultencoding(PyObject *self, PyObject *ignored) { return PyUnicode_FromString("utf-8"); }
PyDoc_STRVAR(getfilesystemencoding_doc, "getfilesystemencoding($module, /)\n--\n\nThe encoding of file names.");
static PyObject *sys_getfilesystemencoding(PyObject *self, PyObject *ignored) {
    return kr_str_from_wide(kr_interp()->config.filesystem_encoding);
}
PyDoc_STRVAR(getfilesystemencodeerrors_doc, "getfilesystemencodeerrors($module, /)\n--\n\nThe error handler for file names.");
static PyObject *sys_getfilesystemencodeerrors(PyObject *self, PyObject *ignored) {
    return kr_str_from_wide(kr_interp()->config.filesystem_errors);
}
PyDoc_STRVAR(is_finalizing_doc, "is_finalizing($module, /)\n--\n\nWhether the interpreter is shutting down.");
static PyObject *sys_is_finalizing(PyObject *self, PyObject *ignored) { return PyBool_FromLong(kr_runtime.finalizing); }
PyDoc_STRVAR(getdlopenflags_doc, "getdlopenflags($module, /)\n--\n\nThe flags extension modules are opened with.");
static PyObject *sys_getdlopenflags(PyObject *self, PyObject *ignored) { return PyLong_FromLong(kr_interp()->runtime.dlopenflags); }
PyDoc_STRVAR(setdlopenflags_doc, "setdlopenflags($module, flags, /)\n--\n\nSets the flags extension modules are opened with.");
static PyObject *sys_setdlopenflags(PyObject *self, PyObject *arg) {
    int v = _PyLong_AsInt(arg);
    if (v == -1 && PyErr_Occurred()) return NULL;
    kr_interp()->runtime.dlopenflags = v;
    Py_RETURN_NONE;
}
PyDoc_STRVAR(clear_type_cache_doc, "_clear_type_cache($module, /)\n--\n\nEmpties the type attribute cache.");
static PyObject *sys_clear_type_cache(PyObject *self, PyObject *ignored) {
    PyType_ClearCache();
    Py_RETURN_NONE;
}
PyDoc_STRVAR(debugmallocstats_doc, "_debugmallocstats($module, /)\n--\n\nPrints how many objects the free lists hold.");
static PyObject *sys_debugmallocstats(PyObject *self, PyObject *ignored) {
    KrInterp *interp = kr_interp();
    const struct { const char *type; int n; } lists[] = {
        {"PyDictObject", interp->container.dict_free_count}, {"PyListObject", interp->container.list_free_count},
        {"PyFloatObject", interp->number.float_free_count}, {"PyLongObject", interp->number.long_free_count},
        {"PyMethodObject", interp->type.method_free_count}, {"PyCFunctionObject", interp->type.cfunction_free_count}};
    for (size_t i = 0; i < KR_ARRAY_LEN(lists); i++) fprintf(stderr, "%d free %ss\n", lists[i].n, lists[i].type);
    for (int size = 1; size < KR_TUPLE_FREE_SIZES; size++) fprintf(stderr, "%d free %d-sized PyTupleObjects\n", interp->container.tuple_free_count[size], size);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(set_coroutine_origin_doc, "set_coroutine_origin_tracking_depth($module, /, depth)\n--\n\nHow many frames cr_origin keeps.");
static PyObject *sys_set_coroutine_origin(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const names[] = {"depth", NULL};
    static _PyArg_Parser parser = {.format = "i:set_coroutine_origin_tracking_depth", .keywords = names};
    int depth;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &depth)) return NULL;
    if (depth < 0) {
        PyErr_SetString(PyExc_ValueError, "depth must be >= 0");
        return NULL;
    }
    PyThreadState_Get()->coroutine_origin_tracking_depth = depth;
    Py_RETURN_NONE;
}
PyDoc_STRVAR(get_coroutine_origin_doc, "get_coroutine_origin_tracking_depth($module, /)\n--\n\nHow many frames cr_origin keeps.");
static PyObject *sys_get_coroutine_origin(PyObject *self, PyObject *ignored) {
    return PyLong_FromLong(PyThreadState_Get()->coroutine_origin_tracking_depth);
}

PyDoc_STRVAR(set_asyncgen_hooks_doc, "set_asyncgen_hooks(* [, firstiter] [, finalizer])\n\nSets what is called for new and abandoned asynchronous generators.");
static PyObject *sys_set_asyncgen_hooks(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"firstiter", "finalizer", NULL};
    PyObject *first = NULL, *final = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|OO", names, &first, &final)) return NULL;
    PyThreadState *ts = PyThreadState_Get();
    if (final && final != Py_None && !PyCallable_Check(final)) {
        PyErr_Format(PyExc_TypeError, "callable finalizer expected, got %.50s", Py_TYPE(final)->tp_name);
        return NULL;
    }
    if (first && first != Py_None && !PyCallable_Check(first)) {
        PyErr_Format(PyExc_TypeError, "callable firstiter expected, got %.50s", Py_TYPE(first)->tp_name);
        return NULL;
    }
    if (final && PySys_Audit("sys.set_asyncgen_hook_finalizer", NULL) < 0) return NULL;
    if (first && PySys_Audit("sys.set_asyncgen_hook_firstiter", NULL) < 0) return NULL;
    if (final) Py_XSETREF(ts->async_gen_finalizer, final == Py_None ? NULL : Py_NewRef(final));
    if (first) Py_XSETREF(ts->async_gen_firstiter, first == Py_None ? NULL : Py_NewRef(first));
    Py_RETURN_NONE;
}
static PyStructSequence_Field asyncgen_hooks_fields[] = {{"firstiter", "Called for each new one"}, {"finalizer", "Called for each abandoned one"}, {0}};
static PyStructSequence_Desc asyncgen_hooks_desc = {"builtins.asyncgen_hooks", "The asynchronous generator hooks.", asyncgen_hooks_fields, 2};

/* A structseq type kept in the sys module's private attribute `key`. */
static PyTypeObject *hidden_type(const char *key, PyStructSequence_Desc *desc) {
    PyObject *d = kr_interp()->sysdict, *t = PyDict_GetItemString(d, key);
    if (t) return (PyTypeObject *)t;
    t = (PyObject *)PyStructSequence_NewType(desc);
    if (!t) return NULL;
    int bad = PyDict_SetItemString(d, key, t) < 0;
    Py_DECREF(t);
    return bad ? NULL : (PyTypeObject *)t;
}
PyDoc_STRVAR(get_asyncgen_hooks_doc, "get_asyncgen_hooks($module, /)\n--\n\nThe asynchronous generator hooks.");
static PyObject *sys_get_asyncgen_hooks(PyObject *self, PyObject *ignored) {
    PyTypeObject *type = hidden_type("_krait_asyncgen_hooks", &asyncgen_hooks_desc);
    if (type) type->tp_name = "asyncgen_hooks";     /* made by a name with a dot, so that it has a module */
    PyObject *r = type ? PyStructSequence_New(type) : NULL;
    if (!r) return NULL;
    PyThreadState *ts = PyThreadState_Get();
    PyStructSequence_SET_ITEM(r, 0, Py_NewRef(ts->async_gen_firstiter ? ts->async_gen_firstiter : Py_None));
    PyStructSequence_SET_ITEM(r, 1, Py_NewRef(ts->async_gen_finalizer ? ts->async_gen_finalizer : Py_None));
    return r;
}

static PyMethodDef sys_methods[] = {
    {"addaudithook", KR_METH(sys_addaudithook), METH_FASTCALL | METH_KEYWORDS, addaudithook_doc},
    {"audit", KR_METH(sys_audit), METH_FASTCALL, audit_doc},
    {"breakpointhook", KR_METH(sys_breakpointhook), METH_FASTCALL | METH_KEYWORDS, breakpointhook_doc},
    {"_clear_type_cache", sys_clear_type_cache, METH_NOARGS, clear_type_cache_doc},
    {"_current_frames", sys_current_frames, METH_NOARGS, current_frames_doc},
    {"_current_exceptions", sys_current_exceptions, METH_NOARGS, current_exceptions_doc},
    {"_debugmallocstats", sys_debugmallocstats, METH_NOARGS, debugmallocstats_doc},
    {"displayhook", sys_displayhook, METH_O, displayhook_doc},
    {"exc_info", sys_exc_info, METH_NOARGS, exc_info_doc},
    {"exception", sys_exception, METH_NOARGS, exception_doc},
    {"excepthook", KR_METH(sys_excepthook), METH_FASTCALL, excepthook_doc},
    {"exit", KR_METH(sys_exit), METH_FASTCALL, exit_doc},
    {"getdefaultencoding", sys_getdefaultencoding, METH_NOARGS, getdefaultencoding_doc},
    {"getdlopenflags", sys_getdlopenflags, METH_NOARGS, getdlopenflags_doc},
    {"getallocatedblocks", sys_getallocatedblocks, METH_NOARGS, getallocatedblocks_doc},
    {"getfilesystemencoding", sys_getfilesystemencoding, METH_NOARGS, getfilesystemencoding_doc},
    {"getfilesystemencodeerrors", sys_getfilesystemencodeerrors, METH_NOARGS, getfilesystemencodeerrors_doc},
    {"getrefcount", sys_getrefcount, METH_O, getrefcount_doc},
    {"getrecursionlimit", sys_getrecursionlimit, METH_NOARGS, getrecursionlimit_doc},
    {"getsizeof", KR_METH(sys_getsizeof), METH_VARARGS | METH_KEYWORDS, getsizeof_doc},
    {"_getframe", KR_METH(sys_getframe), METH_FASTCALL, getframe_doc},
    {"intern", sys_intern, METH_O, intern_doc},
    {"is_finalizing", sys_is_finalizing, METH_NOARGS, is_finalizing_doc},
    {"setswitchinterval", sys_setswitchinterval, METH_O, setswitchinterval_doc},
    {"getswitchinterval", sys_getswitchinterval, METH_NOARGS, getswitchinterval_doc},
    {"setdlopenflags", sys_setdlopenflags, METH_O, setdlopenflags_doc},
    {"setprofile", sys_setprofile, METH_O, setprofile_doc},
    {"getprofile", sys_getprofile, METH_NOARGS, getprofile_doc},
    {"setrecursionlimit", sys_setrecursionlimit, METH_O, setrecursionlimit_doc},
    {"settrace", sys_settrace, METH_O, settrace_doc},
    {"gettrace", sys_gettrace, METH_NOARGS, gettrace_doc},
    {"call_tracing", KR_METH(sys_call_tracing), METH_FASTCALL, call_tracing_doc},
    {"set_coroutine_origin_tracking_depth", KR_METH(sys_set_coroutine_origin), METH_FASTCALL | METH_KEYWORDS, set_coroutine_origin_doc},
    {"get_coroutine_origin_tracking_depth", sys_get_coroutine_origin, METH_NOARGS, get_coroutine_origin_doc},
    {"set_asyncgen_hooks", KR_METH(sys_set_asyncgen_hooks), METH_VARARGS | METH_KEYWORDS, set_asyncgen_hooks_doc},
    {"get_asyncgen_hooks", sys_get_asyncgen_hooks, METH_NOARGS, get_asyncgen_hooks_doc},
    {"get_int_max_str_digits", sys_get_int_max_str_digits, METH_NOARGS, get_int_max_str_digits_doc},
    {"set_int_max_str_digits", KR_METH(sys_set_int_max_str_digits), METH_FASTCALL | METH_KEYWORDS, set_int_max_str_digits_doc},
    {"unraisablehook", sys_unraisablehook, METH_O, unraisablehook_doc},
    {NULL},
};

/* ------------------------------------------------------------------ structseqs */

static PyStructSequence_Field flags_fields[] = {
    {"debug", "-d"}, {"inspect", "-i"}, {"interactive", "-i"}, {"optimize", "-O or -OO"}, {"dont_write_bytecode", "-B"},
    {"no_user_site", "-s"}, {"no_site", "-S"}, {"ignore_environment", "-E"}, {"verbose", "-v"}, {"bytes_warning", "-b"},
    {"quiet", "-q"}, {"hash_randomization", "-R"}, {"isolated", "-I"}, {"dev_mode", "-X dev"}, {"utf8_mode", "-X utf8"},
    {"warn_default_encoding", "-X warn_default_encoding"}, {"safe_path", "-P"},
    {"int_max_str_digits", "-X int_max_str_digits"}, {0}};
static PyStructSequence_Desc flags_desc = {"sys.flags", "Flags given on the command line or by the environment.", flags_fields, 18};
static PyStructSequence_Field version_fields[] = {
    {"major", "Major release number"}, {"minor", "Minor release number"}, {"micro", "Patch release number"},
    {"releaselevel", "'alpha', 'beta', 'candidate', or 'final'"}, {"serial", "Serial release number"}, {0}};
static PyStructSequence_Desc version_desc = {"sys.version_info", "The version of the language.", version_fields, 5};
static PyStructSequence_Field hash_fields[] = {
    {"width", "bits of a hash"}, {"modulus", "prime modulus of numeric hashes"}, {"inf", "hash of infinity"},
    {"nan", "unused"}, {"imag", "multiplier of the imaginary part"}, {"algorithm", "hash of str and bytes"},
    {"hash_bits", "bits of the algorithm's result"}, {"seed_bits", "bits of its seed"}, {"cutoff", "short string cut-off"}, {0}};
static PyStructSequence_Desc hash_desc = {"sys.hash_info", "Parameters of hashing.", hash_fields, 9};

/* A type whose instances the program must not make. */
static PyTypeObject *singleton_type(PyStructSequence_Desc *desc) {
    PyTypeObject *t = PyStructSequence_NewType(desc);
    if (!t) return NULL;
    t->tp_new = NULL;
    t->tp_init = NULL;
    t->tp_flags |= Py_TPFLAGS_DISALLOW_INSTANTIATION;
    if (PyDict_DelItemString(t->tp_dict, "__new__") < 0) PyErr_Clear();
    PyType_Modified(t);
    return t;
}

static PyObject *make_flags(const PyConfig *c) {
    PyTypeObject *t = singleton_type(&flags_desc);
    PyObject *f = t ? PyStructSequence_New(t) : NULL;
    Py_XDECREF(t);
    if (!f) return NULL;
    const char *ignored;
    const long v[] = {c->parser_debug, c->inspect, c->interactive, c->optimization_level, !c->write_bytecode,
                      !c->user_site_directory, !c->site_import, !c->use_environment, c->verbose, c->bytes_warning, c->quiet,
                      c->use_hash_seed == 0 || c->hash_seed != 0, c->isolated, c->dev_mode, kr_runtime.process.preconfig.utf8_mode,
                      c->warn_default_encoding, c->safe_path, kr_config_max_str_digits(c, &ignored)};
    for (size_t i = 0; i < KR_ARRAY_LEN(v); i++) {
        bool is_bool = !strcmp(flags_fields[i].name, "dev_mode") || !strcmp(flags_fields[i].name, "safe_path");
        PyStructSequence_SET_ITEM(f, (Py_ssize_t)i, is_bool ? PyBool_FromLong(v[i]) : PyLong_FromLong(v[i]));
    }
    return f;
}

static PyObject *make_version_info(void) {
    PyTypeObject *t = singleton_type(&version_desc);
    PyObject *v = t ? PyStructSequence_New(t) : NULL;
    Py_XDECREF(t);
    if (!v) return NULL;
    PyStructSequence_SET_ITEM(v, 0, PyLong_FromLong(PY_MAJOR_VERSION));
    PyStructSequence_SET_ITEM(v, 1, PyLong_FromLong(PY_MINOR_VERSION));
    PyStructSequence_SET_ITEM(v, 2, PyLong_FromLong(PY_MICRO_VERSION));
    PyStructSequence_SET_ITEM(v, 3, PyUnicode_FromString("final"));
    PyStructSequence_SET_ITEM(v, 4, PyLong_FromLong(0));
    return v;
}

static PyObject *make_hash_info(void) {
    PyTypeObject *t = PyStructSequence_NewType(&hash_desc);
    PyObject *h = t ? PyStructSequence_New(t) : NULL;
    Py_XDECREF(t);
    if (!h) return NULL;
    PyStructSequence_SET_ITEM(h, 0, PyLong_FromLong(64));
    PyStructSequence_SET_ITEM(h, 1, PyLong_FromSsize_t(_PyHASH_MODULUS));
    PyStructSequence_SET_ITEM(h, 2, PyLong_FromLong(_PyHASH_INF));
    PyStructSequence_SET_ITEM(h, 3, PyLong_FromLong(0));
    PyStructSequence_SET_ITEM(h, 4, PyLong_FromLong(_PyHASH_IMAG));
    PyStructSequence_SET_ITEM(h, 5, PyUnicode_FromString("siphash13"));
    PyStructSequence_SET_ITEM(h, 6, PyLong_FromLong(64));
    PyStructSequence_SET_ITEM(h, 7, PyLong_FromLong(128));
    PyStructSequence_SET_ITEM(h, 8, PyLong_FromLong(0));
    return h;
}

/* sys.implementation: the name stays "cpython" because installers choose wheels by it; krait's own name is in .krait. */
static PyObject *make_implementation(PyObject *version_info) {
    PyObject *d = Py_BuildValue("{s:s,s:s,s:O,s:l,s:s,s:N}", "name", "cpython", "cache_tag", KR_CACHE_TAG, "version", version_info, "hexversion",
                                (long)PY_VERSION_HEX, "_multiarch", "x86_64-linux-gnu", "krait", Py_BuildValue("{s:s}", "version", KR_VERSION));
    PyObject *r = d ? _PyNamespace_New(d) : NULL;
    Py_XDECREF(d);
    return r;
}

const char *Py_GetVersion(void) {
    static const char version[] = PY_VERSION " (krait " KR_VERSION ", " __DATE__ ", " __TIME__ ") [GCC " __VERSION__ "]";
    return version;
}
const char *Py_GetCompiler(void) { return "[GCC " __VERSION__ "]"; }
const char *Py_GetBuildInfo(void) { return "krait " KR_VERSION ", " __DATE__ ", " __TIME__; }
const char *Py_GetPlatform(void) { return "linux"; }
const char *Py_GetCopyright(void) { return "Copyright (c) 2026 the krait developers.\nAll Rights Reserved."; }
const char *_Py_gitversion(void) { return ""; }
const char *_Py_gitidentifier(void) { return ""; }
const unsigned long Py_Version = PY_VERSION_HEX;

static int set_new(PyObject *d, const char *name, PyObject *v) {
    if (!v) return -1;
    int rc = PyDict_SetItemString(d, name, v);
    Py_DECREF(v);
    return rc;
}

/* The names in module/modules.def and added inittab entries, sorted. */
static PyObject *builtin_module_names(void) {
    PyObject *list = PyList_New(0);
    if (!list) return NULL;
    for (struct _inittab *e = PyImport_Inittab; e->name; e++) {
        PyObject *s = PyUnicode_FromString(e->name);
        if (!s || PyList_Append(list, s) < 0) {
            Py_XDECREF(s);
            Py_DECREF(list);
            return NULL;
        }
        Py_DECREF(s);
    }
    PyObject *r = PyList_Sort(list) < 0 ? NULL : PyList_AsTuple(list);
    Py_DECREF(list);
    return r;
}

PyDoc_STRVAR(sys_doc, "Objects used or kept by the interpreter, and functions that interact with it.");
static struct PyModuleDef sys_module = {PyModuleDef_HEAD_INIT, "sys", sys_doc, -1, sys_methods};

PyObject *kr_sys_init(KrInterp *interp) {
    PyObject *m = PyModule_Create(&sys_module);
    if (!m) return NULL;
    PyObject *d = PyModule_GetDict(m);
    interp->sysdict = Py_NewRef(d);
    static const char *const originals[][2] = {{"displayhook", "__displayhook__"}, {"excepthook", "__excepthook__"},
                                               {"breakpointhook", "__breakpointhook__"}, {"unraisablehook", "__unraisablehook__"}};
    for (size_t i = 0; i < KR_ARRAY_LEN(originals); i++)
        if (PyDict_SetItemString(d, originals[i][1], PyDict_GetItemString(d, originals[i][0])) < 0) goto fail;
    PyObject *vi = make_version_info();
    if (!vi || PyDict_SetItemString(d, "version_info", vi) < 0) goto fail;
    int bad = set_new(d, "implementation", make_implementation(vi)) < 0;
    Py_DECREF(vi);
    if (bad || set_new(d, "version", PyUnicode_FromString(Py_GetVersion())) < 0 ||
        set_new(d, "hexversion", PyLong_FromLong(PY_VERSION_HEX)) < 0 || set_new(d, "_git", Py_BuildValue("(sss)", "krait", "", "")) < 0 ||
        set_new(d, "_framework", PyUnicode_FromString("")) < 0 || set_new(d, "api_version", PyLong_FromLong(PYTHON_API_VERSION)) < 0 ||
        set_new(d, "copyright", PyUnicode_FromString(Py_GetCopyright())) < 0 || set_new(d, "platform", PyUnicode_FromString("linux")) < 0 ||
        set_new(d, "maxsize", PyLong_FromSsize_t(PY_SSIZE_T_MAX)) < 0 || set_new(d, "maxunicode", PyLong_FromLong(0x10FFFF)) < 0 ||
        set_new(d, "byteorder", PyUnicode_FromString(PY_LITTLE_ENDIAN ? "little" : "big")) < 0 ||
        set_new(d, "abiflags", PyUnicode_FromString("")) < 0 || set_new(d, "float_info", PyFloat_GetInfo()) < 0 ||
        set_new(d, "int_info", PyLong_GetInfo()) < 0 || set_new(d, "hash_info", make_hash_info()) < 0 ||
        set_new(d, "thread_info", PyThread_GetInfo()) < 0 || set_new(d, "builtin_module_names", builtin_module_names()) < 0 ||
        set_new(d, "stdlib_module_names", kr_stdlib_module_names()) < 0 || set_new(d, "float_repr_style", PyUnicode_FromString("short")) < 0)
        goto fail;
    interp->sys_module = m;
    return Py_NewRef(m);
fail:
    Py_DECREF(m);
    return NULL;
}

/* A list of str from a wide string list. */

static PyObject *xoptions_dict(const PyWideStringList *l) {
    PyObject *d = PyDict_New();
    for (Py_ssize_t i = 0; d && i < l->length; i++) {
        const wchar_t *eq = wcschr(l->items[i], L'=');
        PyObject *k = PyUnicode_FromWideChar(l->items[i], eq ? eq - l->items[i] : -1);
        PyObject *v = eq ? PyUnicode_FromWideChar(eq + 1, -1) : Py_NewRef(Py_True);
        if (!k || !v || PyDict_SetItem(d, k, v) < 0) Py_CLEAR(d);
        Py_XDECREF(k);
        Py_XDECREF(v);
    }
    return d;
}

int kr_sys_configure(KrInterp *interp) {
    PyConfig *c = &interp->config;
    PyObject *d = interp->sysdict;
    if (set_new(d, "flags", make_flags(c)) < 0 || set_new(d, "argv", kr_list_from_wide(&c->argv)) < 0 ||
        set_new(d, "orig_argv", kr_list_from_wide(&c->orig_argv)) < 0 || set_new(d, "warnoptions", kr_list_from_wide(&c->warnoptions)) < 0 ||
        set_new(d, "_xoptions", xoptions_dict(&c->xoptions)) < 0 || set_new(d, "path", kr_list_from_wide(&c->module_search_paths)) < 0 ||
        set_new(d, "executable", kr_str_from_wide(c->executable)) < 0 || set_new(d, "_base_executable", kr_str_from_wide(c->base_executable)) < 0 ||
        set_new(d, "prefix", kr_str_from_wide(c->prefix)) < 0 || set_new(d, "base_prefix", kr_str_from_wide(c->base_prefix)) < 0 ||
        set_new(d, "exec_prefix", kr_str_from_wide(c->exec_prefix)) < 0 || set_new(d, "base_exec_prefix", kr_str_from_wide(c->base_exec_prefix)) < 0 ||
        set_new(d, "platlibdir", kr_str_from_wide(c->platlibdir)) < 0 || set_new(d, "_stdlib_dir", kr_str_from_wide(c->stdlib_dir)) < 0 ||
        set_new(d, "pycache_prefix", kr_str_from_wide(c->pycache_prefix)) < 0)
        return -1;
    return PyDict_SetItemString(d, "dont_write_bytecode", c->write_bytecode ? Py_False : Py_True);
}

/* ------------------------------------------------------------------ PySys_* options and paths */

static PyObject *sys_list(const char *name) {
    PyObject *l = PySys_GetObject(name);
    if (l && PyList_Check(l)) return l;
    if (!(l = PyList_New(0))) return NULL;
    int bad = PySys_SetObject(name, l) < 0;
    Py_DECREF(l);
    return bad ? NULL : l;
}
void PySys_ResetWarnOptions(void) {
    PyObject *l = PySys_GetObject("warnoptions");
    if (l && PyList_Check(l)) PyList_SetSlice(l, 0, PyList_GET_SIZE(l), NULL);
}
void PySys_AddWarnOptionUnicode(PyObject *option) {
    PyObject *l = sys_list("warnoptions");
    if (!l || PyList_Append(l, option) < 0) PyErr_Clear();
}
void PySys_AddWarnOption(const wchar_t *s) {
    PyObject *o = kr_thread() ? PyUnicode_FromWideChar(s, -1) : NULL;
    if (o) PySys_AddWarnOptionUnicode(o);
    Py_XDECREF(o);
}
int PySys_HasWarnOptions(void) {
    PyObject *l = PySys_GetObject("warnoptions");
    return l && PyList_Check(l) && PyList_GET_SIZE(l) > 0;
}
PyObject *PySys_GetXOptions(void) { return PySys_GetObject("_xoptions"); }
void PySys_AddXOption(const wchar_t *s) {
    PyObject *d = kr_thread() ? PySys_GetXOptions() : NULL;
    if (!d) return;
    const wchar_t *eq = wcschr(s, L'=');
    PyObject *k = PyUnicode_FromWideChar(s, eq ? eq - s : -1), *v = eq ? PyUnicode_FromWideChar(eq + 1, -1) : Py_NewRef(Py_True);
    if (!k || !v || PyDict_SetItem(d, k, v) < 0) PyErr_Clear();
    Py_XDECREF(k);
    Py_XDECREF(v);
}
void PySys_SetPath(const wchar_t *path) {
    PyObject *l = PyList_New(0);
    while (l) {
        const wchar_t *end = wcschr(path, L':');
        PyObject *s = PyUnicode_FromWideChar(path, end ? end - path : -1);
        if (!s || PyList_Append(l, s) < 0) Py_CLEAR(l);
        Py_XDECREF(s);
        if (!end) break;
        path = end + 1;
    }
    if (!l || PySys_SetObject("path", l) < 0) Py_FatalError("can't set sys.path");
    Py_DECREF(l);
}
void PySys_SetArgvEx(int argc, wchar_t **argv, int update_path) {
    PyWideStringList list = {argc, argv};
    PyObject *l = argc > 0 ? kr_list_from_wide(&list) : Py_BuildValue("[s]", "");
    if (!l || PySys_SetObject("argv", l) < 0) Py_FatalError("can't assign sys.argv");
    Py_DECREF(l);
    if (update_path) {
        PyObject *path = PySys_GetObject("path"), *dir = PyUnicode_FromString("");
        if (path && dir) PyList_Insert(path, 0, dir);
        Py_XDECREF(dir);
    }
}
void PySys_SetArgv(int argc, wchar_t **argv) { PySys_SetArgvEx(argc, argv, 1); }
