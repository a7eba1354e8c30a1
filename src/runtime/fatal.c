/* fatal.c - the end of the process when nothing else is left: Py_FatalError, and a start-up that failed.
 *
 * The report goes to stderr: what happened and where, the state of the runtime, then the exception that is set, or else every thread's
 * calls and the extension modules that may be to blame. A second fatal error while the first is reported adds nothing.
 */
#include "runtime/gil.h"
#include "vm/traceback.h"
#include <stdlib.h>

static const char *runtime_state(void) {
    if (kr_runtime.finalizing) return "finalizing";
    if (kr_runtime.initialized) return "initialized";
    if (kr_runtime.main_interp) return "core initialized";
    return kr_runtime.process.preinitialized ? "preinitialized" : "preinitializing";
}

/* Prints the exception that is set; whether it had a traceback. */
static bool print_exception(void) {
    PyObject *type, *value, *tb, *err = PySys_GetObject("stderr");
    PyErr_Fetch(&type, &value, &tb);
    if (!type) return false;
    PyErr_NormalizeException(&type, &value, &tb);
    bool traced = tb && tb != Py_None;
    if (value && traced) PyException_SetTraceback(value, tb);
    if (err && err != Py_None) {
        PyErr_Display(type, value, tb);
        PyObject *r = PyObject_CallMethodNoArgs(err, KR_STR(flush));
        if (!r) PyErr_Clear();
        Py_XDECREF(r);
    } else {
        traced = false;
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(tb);
    return traced;
}
static void flush_streams(void) {
    static const char *const names[] = {"stdout", "stderr"};
    for (size_t i = 0; i < KR_ARRAY_LEN(names); i++) {
        PyObject *f = PySys_GetObject(names[i]), *r = f && f != Py_None ? PyObject_CallMethodNoArgs(f, KR_STR(flush)) : NULL;
        if (!r) PyErr_Clear();
        Py_XDECREF(r);
    }
}

static void report(const char *func, const char *message) {
    bool again = __atomic_exchange_n(&kr_runtime.process.dying, true, __ATOMIC_SEQ_CST);
    if (again) return;
    KrThread *holder = kr_thread();
    PyThreadState *ts = holder ? &holder->base : kr_runtime.main_interp ? PyGILState_GetThisThreadState() : NULL;
    PyInterpreterState *interp = ts ? ts->interp : kr_runtime.main_interp;
    fflush(stdout);
    fprintf(stderr, "Fatal Python error: %s%s%s\nPython runtime state: %s\n", func ? func : "", func ? ": " : "", message ? message : "<message not set>",
            runtime_state());
    if (!interp) fputc('\n', stderr);
    fflush(stderr);
    if (!interp || (holder && print_exception())) return;
    fputc('\n', stderr);
    fflush(stderr);
    _Py_DumpTracebackThreads(2, interp, ts);
    _Py_DumpExtensionModules(2, interp);
    if (holder) flush_streams();
}

void _Py_NO_RETURN _Py_FatalErrorFunc(const char *func, const char *message) {
    report(func, message);
    abort();
}
void _Py_NO_RETURN (Py_FatalError)(const char *message) { _Py_FatalErrorFunc(NULL, message); }
void _Py_NO_RETURN _Py_FatalErrorFormat(const char *func, const char *format, ...) {
    char text[500];
    va_list va;
    va_start(va, format);
    vsnprintf(text, sizeof text, format, va);
    va_end(va);
    _Py_FatalErrorFunc(func, text);
}
void Py_ExitStatusException(PyStatus status) {
    if (PyStatus_IsExit(status)) exit(status.exitcode);
    if (!PyStatus_IsError(status)) Py_FatalError("Py_ExitStatusException() must not be called on success");
    report(status.func, status.err_msg);
    exit(1);
}
