/* error_print.c - printing exceptions from C: what sys.excepthook does.
 *
 * Notes, causes and contexts, the place of a SyntaxError. An exception group is printed as the module traceback prints it.
 */
#include "krait.h"
#include "runtime/errors.h"
#include "vm/suggestions.h"

typedef struct { PyObject *file, *seen; } Printer;

static int put(Printer *p, const char *text) { return PyFile_WriteString(text, p->file); }
static int put_object(Printer *p, PyObject *o) { return PyFile_WriteObject(o, p->file, Py_PRINT_RAW); }

/* module.qualname, without builtins and __main__. */
static int put_type(Printer *p, PyObject *value) {
    PyObject *type = (PyObject *)Py_TYPE(value), *module = PyObject_GetAttr(type, KR_STR(__module__)), *name = PyObject_GetAttr(type, KR_STR(__qualname__));
    int r = 0;
    if (!module || !PyUnicode_Check(module)) {
        PyErr_Clear();
        r = put(p, "<unknown>.");
    } else if (!_PyUnicode_EqualToASCIIString(module, "builtins") && !_PyUnicode_EqualToASCIIString(module, "__main__")) {
        r = put_object(p, module);
        if (r == 0) r = put(p, ".");
    }
    if (r == 0) {
        if (!name || !PyUnicode_Check(name)) PyErr_Clear(), r = put(p, "<unknown>");
        else r = put_object(p, name);
    }
    Py_XDECREF(module);
    Py_XDECREF(name);
    return r;
}
static PyObject *attribute(PyObject *o, const char *name) {
    PyObject *v = PyObject_GetAttrString(o, name);
    if (!v) PyErr_Clear();
    return v;
}
static long number(PyObject *o, const char *name, long none) {
    PyObject *v = attribute(o, name);
    long n = v && PyLong_Check(v) ? PyLong_AsLong(v) : none;
    Py_XDECREF(v);
    if (PyErr_Occurred()) PyErr_Clear();
    return n;
}
/* File, line, text and carets of a SyntaxError; *message: what is said then (new reference). */
static int put_syntax_error(Printer *p, PyObject *value, PyObject **message) {
    PyObject *filename = attribute(value, "filename"), *text = attribute(value, "text"), *msg = attribute(value, "msg");
    long line = number(value, "lineno", -1), column = number(value, "offset", 0), end_column = number(value, "end_offset", column), end_line = number(value, "end_lineno", line);
    int r = 0;
    if (!msg || line < 0) goto done;
    bool named = filename && filename != Py_None;
    PyObject *where = named ? PyUnicode_FromFormat("  File \"%S\", line %ld\n", filename, line) : PyUnicode_FromFormat("  File \"<string>\", line %ld\n", line);
    r = where ? put_object(p, where) : -1;
    Py_XDECREF(where);
    if (r == 0 && text && PyUnicode_Check(text)) {
        /* the line without indentation, then carets below the range */
        Py_ssize_t n = PyUnicode_GET_LENGTH(text), start = 0, end = n;
        Py_ssize_t newline = PyUnicode_FindChar(text, '\n', 0, n, 1);
        if (newline >= 0) end = newline;
        while (start < end && (PyUnicode_READ_CHAR(text, start) == ' ' || PyUnicode_READ_CHAR(text, start) == '\t' || PyUnicode_READ_CHAR(text, start) == '\f')) start++;
        while (end > start && Py_UNICODE_ISSPACE(PyUnicode_READ_CHAR(text, end - 1))) end--;
        PyObject *part = PyUnicode_Substring(text, start, end);
        r = part ? put(p, "    ") : -1;
        if (r == 0) r = put_object(p, part);
        if (r == 0) r = put(p, "\n");
        Py_XDECREF(part);
        if (r == 0 && column >= 1) {
            long from = column - 1 - (long)start, to = end_line > line || end_column <= 0 ? (long)(end - start) : end_column - 1 - (long)start;
            if (end_column == 0 || to <= from) to = from + 1;
            if (from >= 0) {
                r = put(p, "    ");
                for (long i = 0; r == 0 && i < from; i++) {
                    Py_UCS4 c = i + start < n ? PyUnicode_READ_CHAR(text, i + start) : ' ';
                    r = put(p, c == '\t' ? "\t" : " ");
                }
                for (long i = from; r == 0 && i < to && i <= (long)(end - start); i++) r = put(p, "^");
                if (r == 0) r = put(p, "\n");
            }
        }
    }
    *message = Py_NewRef(msg);
done:
    Py_XDECREF(filename);
    Py_XDECREF(text);
    Py_XDECREF(msg);
    return r;
}
static int put_notes(Printer *p, PyObject *value) {
    PyObject *notes = attribute(value, "__notes__");
    int r = 0;
    if (notes && PySequence_Check(notes) && !PyUnicode_Check(notes)) {
        for (Py_ssize_t i = 0; r == 0 && i < PySequence_Size(notes); i++) {
            PyObject *note = PySequence_GetItem(notes, i), *text = note ? PyObject_Str(note) : NULL;
            if (!text) {
                PyErr_Clear();
                r = put(p, "<note str() failed>");
            } else {
                r = put_object(p, text);
            }
            if (r == 0) r = put(p, "\n");
            Py_XDECREF(note);
            Py_XDECREF(text);
        }
    } else if (notes) {
        PyObject *text = PyObject_Repr(notes);
        r = text ? put_object(p, text) : put(p, "<__notes__ repr() failed>");
        if (!text) PyErr_Clear();
        if (r == 0) r = put(p, "\n");
        Py_XDECREF(text);
    }
    Py_XDECREF(notes);
    return r;
}
static int put_exception(Printer *p, PyObject *value) {
    if (!PyExceptionInstance_Check(value)) {
        int r = put(p, "TypeError: print_exception(): Exception expected for value, ");
        if (r == 0) r = put(p, Py_TYPE(value)->tp_name);
        return r == 0 ? put(p, " found\n") : r;
    }
    PyObject *tb = PyException_GetTraceback(value), *message = NULL;
    int r = 0;
    if (tb && tb != Py_None) r = PyTraceBack_Print(tb, p->file);
    Py_XDECREF(tb);
    if (r == 0 && PyObject_TypeCheck(value, (PyTypeObject *)PyExc_SyntaxError)) r = put_syntax_error(p, value, &message);
    if (r == 0) r = put_type(p, value);
    PyObject *text = NULL;
    if (r == 0) {
        text = message ? PyObject_Str(message) : PyObject_Str(value);
        if (!text) {
            PyErr_Clear();
            r = put(p, ": <exception str() failed>");
        } else if (PyUnicode_GET_LENGTH(text)) {
            r = put(p, ": ");
            if (r == 0) r = put_object(p, text);
        }
    }
    if (r == 0) {
        PyObject *meant = kr_suggestion(value), *hint = meant ? PyUnicode_FromFormat(". Did you mean: %R?", meant) : NULL;
        if (hint) r = put_object(p, hint);
        Py_XDECREF(meant);
        Py_XDECREF(hint);
    }
    if (r == 0) r = put(p, "\n");
    if (r == 0) r = put_notes(p, value);
    Py_XDECREF(text);
    Py_XDECREF(message);
    return r;
}
static int seen_before(Printer *p, PyObject *value) {
    PyObject *id = PyLong_FromVoidPtr(value);
    int r = id ? PySet_Contains(p->seen, id) : -1;
    Py_XDECREF(id);
    return r;
}
static int put_chain(Printer *p, PyObject *value) {
    int r = 0;
    if (p->seen && PyExceptionInstance_Check(value)) {
        if (Py_EnterRecursiveCall(" while printing an exception")) return -1;
        PyObject *id = PyLong_FromVoidPtr(value), *cause = PyException_GetCause(value), *context = PyException_GetContext(value);
        r = id ? PySet_Add(p->seen, id) : -1;
        if (r == 0 && cause) {
            int seen = seen_before(p, cause);
            if (seen == 0) {
                r = put_chain(p, cause);
                if (r == 0) r = put(p, "\nThe above exception was the direct cause of the following exception:\n\n");
            }
        } else if (r == 0 && context && !((PyBaseExceptionObject *)value)->suppress_context) {
            int seen = seen_before(p, context);
            if (seen == 0) {
                r = put_chain(p, context);
                if (r == 0) r = put(p, "\nDuring handling of the above exception, another exception occurred:\n\n");
            }
        }
        Py_XDECREF(id);
        Py_XDECREF(cause);
        Py_XDECREF(context);
        Py_LeaveRecursiveCall();
        if (r < 0) PyErr_Clear(), r = 0;
    }
    return r == 0 ? put_exception(p, value) : r;
}
/* Lets the module traceback print it: for exception groups. 0 when it did. */
static int print_by_module(PyObject *value, PyObject *file) {
    PyObject *module = PyImport_ImportModule("traceback"), *r = NULL;
    if (module) {
        PyObject *print = PyObject_GetAttrString(module, "print_exception"), *args = print ? Py_BuildValue("(O)", value) : NULL;
        PyObject *kwargs = args ? Py_BuildValue("{s:O}", "file", file) : NULL;
        if (kwargs) r = PyObject_Call(print, args, kwargs);
        Py_XDECREF(kwargs);
        Py_XDECREF(args);
        Py_XDECREF(print);
    }
    Py_XDECREF(module);
    if (!r) PyErr_Clear();
    Py_XDECREF(r);
    return r ? 0 : -1;
}
static bool wants_module(PyObject *value) {
    for (int depth = 0; value && PyExceptionInstance_Check(value) && depth < 100; depth++) {
        if (PyObject_TypeCheck(value, (PyTypeObject *)PyExc_BaseExceptionGroup))
            return true;
        PyBaseExceptionObject *e = (PyBaseExceptionObject *)value;
        value = e->cause ? e->cause : e->suppress_context ? NULL : e->context;
    }
    return false;
}
void PyErr_Display(PyObject *unused, PyObject *value, PyObject *tb) {
    (void)unused;
    PyObject *file = PySys_GetObject("stderr");
    if (PyExceptionInstance_Check(value) && tb && PyTraceBack_Check(tb)) {
        PyObject *known = PyException_GetTraceback(value);
        if (!known) PyException_SetTraceback(value, tb);
        Py_XDECREF(known);
    }
    if (!file) {                /* before sys.stderr is there, or after it was deleted */
        PyObject *text = PyObject_Str(value);
        const char *s = text ? PyUnicode_AsUTF8(text) : NULL;
        fprintf(stderr, "lost sys.stderr\n%s: %s\n", Py_TYPE(value)->tp_name, s ? s : "");
        Py_XDECREF(text);
        PyErr_Clear();
        return;
    }
    if (file == Py_None) return;
    Py_INCREF(file);
    if (!wants_module(value) || print_by_module(value, file) < 0) {
        Printer p = {file, PySet_New(NULL)};
        if (!p.seen) PyErr_Clear();
        put_chain(&p, value);
        Py_XDECREF(p.seen);
    }
    PyErr_Clear();
    PyObject *r = PyObject_CallMethodNoArgs(file, KR_STR(flush));
    if (!r) PyErr_Clear();
    Py_XDECREF(r);
    Py_DECREF(file);
}
