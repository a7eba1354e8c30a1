/* syslog.c - the module syslog: messages for the system's log.
 *
 * The C library keeps a pointer to the program's name as given to openlog, so the state holds the str until another one has been given.
 */
#include "krait.h"
#include "module/module_constants.h"
#include <syslog.h>

typedef struct {
    PyObject *name;                 /* what the C library points into, or NULL */
    bool open;
} ModuleState;

/* The last part of sys.argv[0], or NULL without an exception. */
static PyObject *program_name(void) {
    PyObject *argv = PySys_GetObject("argv"), *script;
    if (!argv || !PyList_Check(argv) || PyList_GET_SIZE(argv) == 0) return NULL;
    script = PyList_GET_ITEM(argv, 0);
    if (!PyUnicode_Check(script) || PyUnicode_GetLength(script) <= 0) return NULL;
    Py_ssize_t n = PyUnicode_GET_LENGTH(script), slash = PyUnicode_FindChar(script, '/', 0, n, -1);
    return PyUnicode_Substring(script, slash + 1, n);
}

/* Opens the log under the name, a str or NULL for the program's. 0 or -1. */
static int open_log(ModuleState *state, PyObject *name, long option, long facility) {
    const char *text = NULL;
    name = name ? Py_NewRef(name) : program_name();
    if (!name && PyErr_Occurred()) PyErr_Clear();
    if (name && !(text = PyUnicode_AsUTF8(name))) {
        Py_DECREF(name);
        return -1;
    }
    if (PySys_Audit("syslog.openlog", "Oll", name ? name : Py_None, option, facility) < 0) {
        Py_XDECREF(name);
        return -1;
    }
    openlog(text, (int)option, (int)facility);
    state->open = true;
    Py_XSETREF(state->name, name);
    return 0;
}

static PyObject *syslog_openlog(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"ident", "logoption", "facility", NULL};
    PyObject *name = NULL;
    long option = 0, facility = LOG_USER;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|Ull:openlog", keywords, &name, &option, &facility)) return NULL;
    return open_log(PyModule_GetState(module), name, option, facility) < 0 ? NULL : Py_NewRef(Py_None);
}
static PyObject *syslog_syslog(PyObject *module, PyObject *args) {
    ModuleState *state = PyModule_GetState(module);
    PyObject *message;
    int priority = LOG_INFO;
    if (!PyArg_ParseTuple(args, "iU;[priority,] message string", &priority, &message)) {
        PyErr_Clear();
        if (!PyArg_ParseTuple(args, "U;[priority,] message string", &message)) return NULL;
    }
    const char *text = PyUnicode_AsUTF8(message);
    if (!text || PySys_Audit("syslog.syslog", "is", priority, text) < 0) return NULL;
    if (!state->open && open_log(state, NULL, 0, LOG_USER) < 0) return NULL;
    PyObject *name = Py_XNewRef(state->name); /* another thread may close the log meanwhile */
    Py_BEGIN_ALLOW_THREADS
    syslog(priority, "%s", text);
    Py_END_ALLOW_THREADS
    Py_XDECREF(name);
    return Py_NewRef(Py_None);
}
static PyObject *syslog_closelog(PyObject *module, PyObject *unused) {
    ModuleState *state = PyModule_GetState(module);
    if (PySys_Audit("syslog.closelog", NULL) < 0) return NULL;
    if (state->open) {
        closelog();
        state->open = false;
        Py_CLEAR(state->name);
    }
    return Py_NewRef(Py_None);
}
static PyObject *syslog_setlogmask(PyObject *module, PyObject *args) {
    long mask;
    if (!PyArg_ParseTuple(args, "l;mask for priority", &mask) || PySys_Audit("syslog.setlogmask", "l", mask) < 0) return NULL;
    return PyLong_FromLong(setlogmask((int)mask));
}
static PyObject *syslog_log_mask(PyObject *module, PyObject *args) {
    long priority;
    return PyArg_ParseTuple(args, "l:LOG_MASK", &priority) ? PyLong_FromLong(LOG_MASK(priority & 31)) : NULL;
}
static PyObject *syslog_log_upto(PyObject *module, PyObject *args) {
    long priority;
    return PyArg_ParseTuple(args, "l:LOG_UPTO", &priority) ? PyLong_FromLong((int)((UINT64_C(1) << ((priority & 31) + 1)) - 1)) : NULL;
}

static PyMethodDef syslog_methods[] = {
    {"openlog", KR_METH(syslog_openlog), METH_VARARGS | METH_KEYWORDS, NULL},
    {"closelog", syslog_closelog, METH_NOARGS, NULL},
    {"syslog", syslog_syslog, METH_VARARGS, NULL},
    {"setlogmask", syslog_setlogmask, METH_VARARGS, NULL},
    {"LOG_MASK", syslog_log_mask, METH_VARARGS, NULL},
    {"LOG_UPTO", syslog_log_upto, METH_VARARGS, NULL},
    {NULL},
};
static const KrConstant constants[] = {
#define C(name) {#name, name}
    C(LOG_EMERG), C(LOG_ALERT), C(LOG_CRIT), C(LOG_ERR), C(LOG_WARNING), C(LOG_NOTICE), C(LOG_INFO), C(LOG_DEBUG),
    C(LOG_PID), C(LOG_CONS), C(LOG_NDELAY), C(LOG_ODELAY), C(LOG_NOWAIT), C(LOG_PERROR),
    C(LOG_KERN), C(LOG_USER), C(LOG_MAIL), C(LOG_DAEMON), C(LOG_AUTH), C(LOG_LPR), C(LOG_LOCAL0), C(LOG_LOCAL1), C(LOG_LOCAL2), C(LOG_LOCAL3), C(LOG_LOCAL4),
    C(LOG_LOCAL5), C(LOG_LOCAL6), C(LOG_LOCAL7), C(LOG_SYSLOG), C(LOG_CRON), C(LOG_UUCP), C(LOG_NEWS), C(LOG_AUTHPRIV),
#undef C
};
static int syslog_exec(PyObject *module) { return kr_add_constants(module, constants, KR_ARRAY_LEN(constants)); }
static void syslog_free(void *module) {
    ModuleState *state = PyModule_GetState(module);
    if (state->open) closelog();
    state->open = false;
    Py_CLEAR(state->name);
}
static PyModuleDef_Slot syslog_slots[] = {{Py_mod_exec, syslog_exec}, {0, NULL}};
static struct PyModuleDef syslog_module = {
    PyModuleDef_HEAD_INIT, .m_name = "syslog", .m_size = sizeof(ModuleState), .m_methods = syslog_methods, .m_slots = syslog_slots, .m_free = syslog_free};
PyMODINIT_FUNC PyInit_syslog(void) { return PyModuleDef_Init(&syslog_module); }
