/* audit.c - audit hooks (PEP 578): those written in C belong to the process, callables to an interpreter.
 *
 * Hooks can't be taken away again. An event reaches first those in C, in the order they were added, then the interpreter's; the first that
 * fails ends it, and what was about to be done is not done. A program does not see that it is listened to: an exception that is set stays,
 * hooks are not traced (unless they ask to be, by a true __cantrace__), and their list is not among the collector's objects.
 */
#include "runtime/audit.h"
#include <stdlib.h>

typedef struct KrAuditHook {
    struct KrAuditHook *next;
    Py_AuditHookFunction function;
    void *data;
} KrAuditHook;

static int call_c_hooks(const char *event, PyObject *args) {
    for (KrAuditHook *h = kr_runtime.process.audit_hooks; h; h = h->next)
        if (h->function(event, args, h->data) < 0) return -1;
    return 0;
}
/* One call of an interpreter's hook, with tracing off: on again for a hook that says so. */
static int call_hook(PyThreadState *ts, PyObject *hook, PyObject *event, PyObject *args) {
    PyObject *flag, *argv[2] = {event, args};
    if (_PyObject_LookupAttr(hook, KR_STR(__cantrace__), &flag) < 0) return -1;
    int traced = flag ? PyObject_IsTrue(flag) : 0;
    Py_XDECREF(flag);
    if (traced < 0) return -1;
    if (traced) PyThreadState_LeaveTracing(ts);
    PyObject *r = PyObject_Vectorcall(hook, argv, 2, NULL);
    if (traced) PyThreadState_EnterTracing(ts);
    Py_XDECREF(r);
    return r ? 0 : -1;
}
static int call_hooks(PyThreadState *ts, const char *event, PyObject *args) {
    PyObject *hooks = ts->interp->runtime.audit_hook_list;
    PyObject *name = hooks ? PyUnicode_FromString(event) : NULL;
    if (!name) return hooks ? -1 : 0;
    int r = 0;
    PyThreadState_EnterTracing(ts);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(hooks) && r == 0; i++) r = call_hook(ts, PyList_GET_ITEM(hooks, i), name, args);
    PyThreadState_LeaveTracing(ts);
    Py_DECREF(name);
    return r;
}

int kr_audit(const char *event, PyObject *args) {
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    if (call_c_hooks(event, args) < 0 || call_hooks(PyThreadState_Get(), event, args) < 0) {
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(tb);
        return -1;
    }
    PyErr_Restore(type, value, tb);
    return 0;
}
int PySys_Audit(const char *event, const char *format, ...) {
    if (!kr_thread() || !kr_audited()) return 0;
    PyObject *args, *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    if (format && *format) {
        va_list va;
        va_start(va, format);
        args = Py_VaBuildValue(format, va);
        va_end(va);
        if (args && !PyTuple_Check(args)) Py_SETREF(args, PyTuple_Pack(1, args));
    } else {
        args = PyTuple_New(0);
    }
    int r = args ? kr_audit(event, args) : -1;
    Py_XDECREF(args);
    if (r == 0) {
        PyErr_Restore(type, value, tb);
    } else {
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(tb);
    }
    return r;
}

/* Whether the hooks there are let another one in: 1, 0 when an exception of the given kind says no, or -1 with another. */
static int may_add(PyObject *silent) {
    if (PySys_Audit("sys.addaudithook", NULL) == 0) return 1;
    if (!PyErr_ExceptionMatches(silent)) return -1;
    PyErr_Clear();
    return 0;
}
int PySys_AddAuditHook(Py_AuditHookFunction function, void *data) {
    int may = kr_thread() ? may_add(PyExc_RuntimeError) : 1;
    if (may <= 0) return may;
    KrAuditHook *h = malloc(sizeof *h), **link = (KrAuditHook **)&kr_runtime.process.audit_hooks;
    if (!h) {
        if (kr_thread()) PyErr_NoMemory();
        return -1;
    }
    *h = (KrAuditHook){.function = function, .data = data};
    while (*link) link = &(*link)->next;
    *link = h;
    return 0;
}
int kr_audit_add(PyObject *hook) {
    int may = may_add(PyExc_Exception);
    if (may <= 0) return may;
    KrInterpRuntime *r = &kr_interp()->runtime;
    if (!r->audit_hook_list) {
        if (!(r->audit_hook_list = PyList_New(0))) return -1;
        PyObject_GC_UnTrack(r->audit_hook_list);
    }
    return PyList_Append(r->audit_hook_list, hook);
}

void kr_audit_clear(void) {
    if (kr_interp()->config.verbose) PySys_WriteStderr("# clear sys.audit hooks\n");
    if (PySys_Audit("cpython._PySys_ClearAuditHooks", NULL) < 0) PyErr_Clear();
    KrAuditHook *h = kr_runtime.process.audit_hooks;
    kr_runtime.process.audit_hooks = NULL;
    while (h) {
        KrAuditHook *next = h->next;
        free(h);
        h = next;
    }
}
