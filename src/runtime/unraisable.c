/* unraisable.c - exceptions nobody can catch: from __del__, weakref callbacks, and clean-up of all kinds.
 *
 * They go to sys.unraisablehook as one argument, a struct sequence; its default prints them to sys.stderr. Whatever
 * fails on the way is itself printed, once, and dropped: after any of these functions no exception is set.
 */
#include "runtime/errors.h"
#include <structseq.h>

static PyStructSequence_Field unraisable_fields[] = {
    {"exc_type", "the exception's class"},
    {"exc_value", "the exception, or None"},
    {"exc_traceback", "its traceback, or None"},
    {"err_msg", "what was being done, or None"},
    {"object", "the object it happened in, or None"},
    {NULL, NULL},
};
static PyStructSequence_Desc unraisable_desc = {
    .name = "UnraisableHookArgs",
    .doc = "UnraisableHookArgs\n\nWhat sys.unraisablehook gets: an exception that could not be raised.",
    .fields = unraisable_fields,
    .n_in_sequence = 5,
};
static PyTypeObject unraisable_type;

PyTypeObject *kr_unraisable_type(void) {
    if (!unraisable_type.tp_dict && PyStructSequence_InitType2(&unraisable_type, &unraisable_desc) < 0) return NULL;
    return &unraisable_type;
}

/* Writes str(o) (or repr), or the replacement if that fails. -1 only when writing itself fails. */
static int write_object(PyObject *file, PyObject *o, int flags, const char *replacement) {
    if (PyFile_WriteObject(o, file, flags) == 0) return 0;
    PyErr_Clear();
    return PyFile_WriteString(replacement, file);
}

static int write_report(PyObject *file, PyObject *type, PyObject *value, PyObject *tb, PyObject *message, PyObject *o) {
    if (o && o != Py_None) {
        if (message && message != Py_None ? PyFile_WriteObject(message, file, Py_PRINT_RAW) < 0
                                          : PyFile_WriteString("Exception ignored in", file) < 0)
            return -1;
        if (PyFile_WriteString(": ", file) < 0 || write_object(file, o, 0, "<object repr() failed>") < 0 ||
            PyFile_WriteString("\n", file) < 0)
            return -1;
    } else if (message && message != Py_None) {
        if (PyFile_WriteObject(message, file, Py_PRINT_RAW) < 0 || PyFile_WriteString(":\n", file) < 0) return -1;
    }
    if (tb && tb != Py_None && PyTraceBack_Print(tb, file) < 0) PyErr_Clear();
    if (!type || type == Py_None) return -1;
    PyObject *module = PyObject_GetAttr(type, KR_STR(__module__));
    int r = 0;
    if (!module || !PyUnicode_Check(module)) {
        PyErr_Clear();
        r = PyFile_WriteString("<unknown>", file);
    } else if (!_PyUnicode_EqualToASCIIString(module, "builtins") && !_PyUnicode_EqualToASCIIString(module, "__main__")) {
        if ((r = PyFile_WriteObject(module, file, Py_PRINT_RAW)) == 0) r = PyFile_WriteString(".", file);
    }
    Py_XDECREF(module);
    if (r < 0) return -1;
    PyObject *name = PyExceptionClass_Check(type) ? PyType_GetQualName((PyTypeObject *)type) : NULL;
    if (!name) {
        PyErr_Clear();
        r = PyFile_WriteString("<unknown>", file);
    } else {
        r = PyFile_WriteObject(name, file, Py_PRINT_RAW);
        Py_DECREF(name);
    }
    if (r < 0) return -1;
    if (value && value != Py_None &&
        (PyFile_WriteString(": ", file) < 0 || write_object(file, value, Py_PRINT_RAW, "<exception str() failed>") < 0))
        return -1;
    if (PyFile_WriteString("\n", file) < 0) return -1;
    PyObject *flushed = PyObject_CallMethodNoArgs(file, KR_STR(flush));
    Py_XDECREF(flushed);
    return flushed ? 0 : -1;
}

/* Prints to sys.stderr, if there is one. -1 with or without an exception set when it didn't work. */
static int print_report(PyObject *type, PyObject *value, PyObject *tb, PyObject *message, PyObject *o) {
    PyObject *file = PySys_GetObject("stderr");
    if (!file || file == Py_None) return 0;
    Py_INCREF(file);
    int r = write_report(file, type, value, tb, message, o);
    Py_DECREF(file);
    return r;
}

PyObject *_PyErr_WriteUnraisableDefaultHook(PyObject *args) {
    if (!kr_unraisable_type()) return NULL;
    if (!Py_IS_TYPE(args, &unraisable_type)) {
        PyErr_SetString(PyExc_TypeError, "sys.unraisablehook argument type must be UnraisableHookArgs");
        return NULL;
    }
    PyObject *a[5];
    for (int i = 0; i < 5; i++) a[i] = PyStructSequence_GET_ITEM(args, i);
    if (print_report(a[0], a[1], a[2], a[3], a[4]) < 0 && PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

static PyObject *hook_argument(PyObject *type, PyObject *value, PyObject *tb, PyObject *message, PyObject *o) {
    PyTypeObject *t = kr_unraisable_type();
    PyObject *args = t ? PyStructSequence_New(t) : NULL;
    if (!args) return NULL;
    PyObject *items[5] = {type, value, tb, message, o};
    for (int i = 0; i < 5; i++) PyStructSequence_SET_ITEM(args, i, Py_NewRef(items[i] ? items[i] : Py_None));
    return args;
}

typedef struct { PyObject *type, *value, *tb; } Raised;

static Raised take_exception(void) {
    Raised e;
    PyErr_Fetch(&e.type, &e.value, &e.tb);
    PyErr_NormalizeException(&e.type, &e.value, &e.tb);
    if (e.tb && e.tb != Py_None && PyException_SetTraceback(e.value, e.tb) < 0) PyErr_Clear();
    return e;
}
static void drop_exception(Raised *e) {
    Py_XDECREF(e->type);
    Py_XDECREF(e->value);
    Py_XDECREF(e->tb);
}

/* Calls the hook. NULL when done; else what the report that follows is about: the exception is then set if the hook raised one. */
static const char *call_hook(Raised *e, PyObject *message, PyObject *o, PyObject **failed_in) {
    *failed_in = NULL;
    PyObject *args = hook_argument(e->type, e->value, e->tb, message, o);
    if (!args) return "Exception ignored on building sys.unraisablehook arguments";
    PyObject *hook = PySys_GetObject("unraisablehook");
    const char *problem = "";
    if (hook && hook != Py_None) {
        Py_INCREF(hook);
        if (PySys_Audit("sys.unraisablehook", "OO", hook, args) < 0) {
            problem = "Exception ignored in audit hook";
            Py_DECREF(hook);
        } else {
            PyObject *r = PyObject_CallOneArg(hook, args);
            if (r) {
                Py_DECREF(r);
                Py_DECREF(hook);
                problem = NULL;
            } else {
                problem = "Exception ignored in sys.unraisablehook";
                *failed_in = hook;
            }
        }
    }
    Py_DECREF(args);
    return problem;
}

void _PyErr_WriteUnraisableMsg(const char *what, PyObject *o) {
    if (!PyErr_Occurred()) return;
    if (!kr_thread()->base.curexc_traceback) {
        PyFrameObject *frame = PyEval_GetFrame(); /* where it was noticed is better than nothing */
        if (frame) PyTraceBack_Here(frame);
    }
    Raised e = take_exception();
    PyObject *message = what ? PyUnicode_FromFormat("Exception ignored %s", what) : NULL, *failed_in = NULL;
    if (what && !message) PyErr_Clear();
    const char *problem = call_hook(&e, message, o, &failed_in);
    if (problem) {
        if (PyErr_Occurred()) {
            drop_exception(&e);
            e = take_exception();
            o = failed_in;
        }
        if (*problem) {
            Py_XSETREF(message, PyUnicode_FromString(problem));
            if (!message) PyErr_Clear();
        }
        print_report(e.type, e.value, e.tb, message, o);
    }
    Py_XDECREF(failed_in);
    Py_XDECREF(message);
    drop_exception(&e);
    PyErr_Clear();
}
void PyErr_WriteUnraisable(PyObject *o) { _PyErr_WriteUnraisableMsg(NULL, o); }
