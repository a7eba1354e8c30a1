/* error_print.c - printing exceptions from C: what sys.excepthook does.
 *
 * An exception is printed after what caused it and what it happened in the handling of, each exception once (`seen` holds the addresses of those done;
 * without memory for it only the exception itself is printed). An exception group is a tree: each level indents by two and has a margin
 * "| ", each member a ruled title with its number; `need_close` says that the tree's last rule is still to be drawn.
 * Everything returns 0, or -1 with an exception set when the file can't be written.
 */
#include "runtime/errors.h"
#include "vm/suggestions.h"
#include "vm/traceback.h"

enum { MAX_GROUP_WIDTH = 15, MAX_GROUP_DEPTH = 10 };

typedef struct {
    PyObject *file, *seen;      /* seen: set of ints, or NULL */
    int depth;                  /* of groups around the exception that is printed */
    bool need_close;
} Printer;

static int put(Printer *p, const char *text) { return PyFile_WriteString(text, p->file); }
static int put_object(Printer *p, PyObject *o) { return PyFile_WriteObject(o, p->file, Py_PRINT_RAW); }
/* Writes a new reference, NULL if it could not be made, and releases it. */
static int put_made(Printer *p, PyObject *o) {
    int r = o ? put_object(p, o) : -1;
    Py_XDECREF(o);
    return r;
}
static int indent_of(Printer *p) { return 2 * p->depth; }
static const char *margin_of(Printer *p) { return p->depth ? "| " : ""; }
static int put_margin(Printer *p) { return _Py_WriteIndentedMargin(indent_of(p), margin_of(p), p->file); }
static int enter(void) { return Py_EnterRecursiveCall(" in print_exception_recursive"); }

/* ------------------------------------------------------------------ the place of a SyntaxError */

typedef struct { PyObject *message, *filename, *text; Py_ssize_t line, offset, end_line, end_offset; } Place;

/* An attribute that is a number, or None: `none`. -1 with an exception if it is neither. */
static int get_number(PyObject *o, PyObject *name, bool optional, Py_ssize_t none, Py_ssize_t *n) {
    PyObject *v;
    if (_PyObject_LookupAttr(o, name, &v) < 0) return -1;
    *n = none;
    if (!v && optional) return 0;
    if (!v) {
        PyErr_SetObject(PyExc_AttributeError, name);
        return -1;
    }
    if (v != Py_None) *n = PyLong_AsSsize_t(v);
    else if (!optional) PyErr_SetObject(PyExc_TypeError, name);
    Py_DECREF(v);
    return PyErr_Occurred() ? -1 : 0;
}
static void clear_place(Place *at) {
    Py_CLEAR(at->message);
    Py_CLEAR(at->filename);
    Py_CLEAR(at->text);
}
/* 0, or -1 when the exception does not say where it is. Only a SyntaxError itself, not a class derived from it, has an end. */
static int get_place(PyObject *e, Place *at) {
    bool has_end = Py_IS_TYPE(e, (PyTypeObject *)PyExc_SyntaxError);
    *at = (Place){.message = PyObject_GetAttr(e, KR_STR(msg))};
    if (at->message && (at->filename = PyObject_GetAttr(e, KR_STR(filename))) && get_number(e, KR_STR(lineno), false, -1, &at->line) == 0 &&
        get_number(e, KR_STR(offset), true, -1, &at->offset) == 0 && (at->text = PyObject_GetAttr(e, KR_STR(text)))) {
        at->end_line = at->line;
        at->end_offset = at->offset;
        if (!has_end || (get_number(e, KR_STR(end_lineno), true, at->line, &at->end_line) == 0 && get_number(e, KR_STR(end_offset), true, -1, &at->end_offset) == 0)) {
            if (at->text == Py_None) Py_CLEAR(at->text);
            return 0;
        }
    }
    PyErr_Clear();
    clear_place(at);
    return -1;
}
/* The line with the error, without indentation, and marks below it from offset to end_offset (both from 1). Lengths are those of UTF-8, and there is no
 * margin: so it has always been. */
static int put_text(Printer *p, const Place *at) {
    Py_ssize_t size, start = 0, offset = at->offset - 1;
    const char *text = PyUnicode_AsUTF8AndSize(at->text, &size);
    if (!text) return -1;
    Py_ssize_t end_offset = at->end_line > at->line ? size : Py_MIN(at->end_offset, size + 1);
    Py_ssize_t marks = end_offset > 0 && end_offset > at->offset ? end_offset - at->offset : 1, end = size && text[size - 1] == '\n' ? size - 1 : size;
    while (text[start] == ' ' || text[start] == '\t' || text[start] == '\f') start++;
    if (offset > end) offset = end;
    for (Py_ssize_t i = start; i < offset; i++)         /* of several lines, the one that it is in */
        if (text[i] == '\n') start = i + 1;
    if (put(p, "    ") < 0 || put_made(p, PyUnicode_DecodeUTF8(text + start, Py_MAX(end - start, 0), NULL)) < 0 || put(p, "\n") < 0) return -1;
    if (offset < start) return 0;
    if (_Py_WriteIndent((int)Py_MIN(offset - start, INT_MAX - 4) + 4, p->file) < 0) return -1;
    for (Py_ssize_t i = 0; i < marks; i++)
        if (put(p, "^") < 0) return -1;
    return put(p, "\n");
}
/* File, line and text; *message: what is said instead of str(e) then (new reference), else left alone. */
static int put_place(Printer *p, PyObject *e, PyObject **message) {
    PyObject *marker;
    Place at;
    int r = _PyObject_LookupAttr(e, KR_STR(print_file_and_line), &marker);
    Py_XDECREF(marker);
    if (r <= 0) return r;
    if (get_place(e, &at) < 0) return 0;
    PyObject *named = at.filename == Py_None ? NULL : at.filename;
    if ((r = put_margin(p)) == 0)
        r = put_made(p, named ? PyUnicode_FromFormat("  File \"%S\", line %zd\n", named, at.line) : PyUnicode_FromFormat("  File \"<string>\", line %zd\n", at.line));
    if (r == 0 && at.text) r = put_text(p, &at);
    *message = Py_NewRef(at.message);
    clear_place(&at);
    return r;
}

/* ------------------------------------------------------------------ one exception */

/* module.qualname, without builtins and __main__. */
static int put_type(Printer *p, PyTypeObject *type) {
    PyObject *module = PyObject_GetAttr((PyObject *)type, KR_STR(__module__)), *name;
    int r = 0;
    if (!module || !PyUnicode_Check(module)) {
        PyErr_Clear();
        r = put(p, "<unknown>.");
    } else if (!_PyUnicode_EqualToASCIIString(module, "builtins") && !_PyUnicode_EqualToASCIIString(module, "__main__")) {
        r = put_object(p, module);
        if (r == 0) r = put(p, ".");
    }
    Py_XDECREF(module);
    if (r < 0) return r;
    if ((name = PyType_GetQualName(type))) return put_made(p, name);
    PyErr_Clear();
    return put(p, "<unknown>");
}
/* ": text" unless that is empty. */
static int put_message(Printer *p, PyObject *said) {
    if (said == Py_None) return 0;
    PyObject *text = PyObject_Str(said);
    if (!text) {
        PyErr_Clear();
        return put(p, ": <exception str() failed>");
    }
    int r = PyUnicode_GET_LENGTH(text) ? put(p, ": ") : 0;
    if (r == 0) r = put_object(p, text);
    Py_DECREF(text);
    return r;
}
static int put_suggestion(Printer *p, PyObject *e) {
    PyObject *meant = kr_suggestion(e), *hint = meant ? PyUnicode_FromFormat(". Did you mean: %R?", meant) : NULL;
    int r = hint ? put_object(p, hint) : 0;
    if (!hint) PyErr_Clear();
    Py_XDECREF(meant);
    Py_XDECREF(hint);
    return r;
}
static int put_note(Printer *p, PyObject *note) {
    PyObject *text = PyObject_Str(note), *lines;
    if (!text) {
        PyErr_Clear();
        return put_margin(p) == 0 && put(p, "<note str() failed>") == 0 ? put(p, "\n") : -1;
    }
    lines = PyUnicode_Splitlines(text, 1);
    Py_DECREF(text);
    if (!lines) return -1;
    int r = 0;
    for (Py_ssize_t i = 0; r == 0 && i < PyList_GET_SIZE(lines); i++)
        if ((r = put_margin(p)) == 0) r = put_object(p, PyList_GET_ITEM(lines, i));
    Py_DECREF(lines);
    return r == 0 ? put(p, "\n") : r;
}
static int put_notes(Printer *p, PyObject *e) {
    PyObject *notes;
    int r = _PyObject_LookupAttr(e, KR_STR(__notes__), &notes);
    if (r <= 0) return r;
    r = 0;
    if (!PySequence_Check(notes)) {
        PyObject *text = PyObject_Repr(notes);
        if (!text) PyErr_Clear();
        if ((r = put_margin(p)) == 0) r = text ? put_object(p, text) : put(p, "<__notes__ repr() failed>");
        Py_XDECREF(text);
        Py_DECREF(notes);
        return r;
    }
    Py_ssize_t n = PySequence_Size(notes);
    for (Py_ssize_t i = 0; r == 0 && i < n; i++) {
        PyObject *note = PySequence_GetItem(notes, i);
        r = note ? put_note(p, note) : -1;
        Py_XDECREF(note);
    }
    Py_DECREF(notes);
    return n < 0 ? -1 : r;
}
static bool is_group(PyObject *e) { return PyObject_TypeCheck(e, (PyTypeObject *)PyExc_BaseExceptionGroup); }
/* The exception alone: traceback, place, type and message, suggestion, notes. */
static int put_exception(Printer *p, PyObject *e) {
    if (!PyExceptionInstance_Check(e)) {
        return put_margin(p) == 0 && put(p, "TypeError: print_exception(): Exception expected for value, ") == 0 && put(p, Py_TYPE(e)->tp_name) == 0 ? put(p, " found\n") : -1;
    }
    PyObject *tb = PyException_GetTraceback(e), *message = NULL;
    const char *header = is_group(e) ? "Exception Group Traceback (most recent call last):\n" : "Traceback (most recent call last):\n";
    int r = 0;
    if (tb && tb != Py_None) r = _PyTraceBack_Print_Indented(tb, indent_of(p), margin_of(p), is_group(e) && p->depth == 1 ? "+ " : margin_of(p), header, p->file);
    Py_XDECREF(tb);
    if (r == 0) r = put_place(p, e, &message);
    if (r == 0) r = put_margin(p);
    if (r == 0) r = put_type(p, Py_TYPE(e));
    if (r == 0) r = put_message(p, message ? message : e);
    Py_XDECREF(message);
    if (r == 0) r = put_suggestion(p, e);
    if (r == 0) r = put(p, "\n");
    return r == 0 ? put_notes(p, e) : r;
}

/* ------------------------------------------------------------------ chains and groups */

static int put_recursive(Printer *p, PyObject *e);

static int put_group_member(Printer *p, PyObject *members, Py_ssize_t i) {
    Py_ssize_t n = PyTuple_GET_SIZE(members), more = n - MAX_GROUP_WIDTH;
    bool truncated = i >= MAX_GROUP_WIDTH;
    PyObject *title = truncated ? PyUnicode_FromString("  +---------------- ... ----------------\n") : PyUnicode_FromFormat("%s+---------------- %zd ----------------\n", i == 0 ? "+-" : "  ", i + 1);
    int r = _Py_WriteIndent(indent_of(p), p->file);
    if (r < 0) Py_XDECREF(title);
    else r = put_made(p, title);
    if (r < 0) return r;
    p->depth++;
    if (truncated) {
        if ((r = put_margin(p)) == 0) r = put_made(p, PyUnicode_FromFormat("and %zd more exception%s\n", more, more > 1 ? "s" : ""));
    } else {
        r = enter();
        if (r == 0) {
            r = put_recursive(p, PyTuple_GET_ITEM(members, i));
            Py_LeaveRecursiveCall();
        }
    }
    if (r == 0 && p->need_close && i == Py_MIN(n, MAX_GROUP_WIDTH + 1) - 1) {
        if ((r = _Py_WriteIndent(indent_of(p), p->file)) == 0) r = put(p, "+------------------------------------\n");
        p->need_close = false;
    }
    p->depth--;
    return r;
}
static int put_group(Printer *p, PyObject *e) {
    if (p->depth > MAX_GROUP_DEPTH) return put_margin(p) == 0 ? put_made(p, PyUnicode_FromFormat("... (max_group_depth is %d)\n", MAX_GROUP_DEPTH)) : -1;
    bool outermost = p->depth == 0;
    p->depth += outermost;
    int r = put_exception(p, e);
    PyObject *members = Py_NewRef(((PyBaseExceptionGroupObject *)e)->excs);
    Py_ssize_t n = Py_MIN(PyTuple_GET_SIZE(members), MAX_GROUP_WIDTH + 1);
    for (Py_ssize_t i = 0; r == 0 && i < n; i++) {
        if (i == n - 1) p->need_close = true;
        r = put_group_member(p, members, i);
    }
    Py_DECREF(members);
    p->depth -= outermost;
    return r;
}
/* What came before, then the sentence that says how it is related. */
static int put_before(Printer *p, PyObject *before, const char *relation) {
    bool need_close = p->need_close;
    if (enter() < 0) return -1;
    int r = put_recursive(p, before);
    Py_LeaveRecursiveCall();
    p->need_close = need_close;
    return r == 0 && put_margin(p) == 0 && put(p, "\n") == 0 && put_margin(p) == 0 && put(p, relation) == 0 && put_margin(p) == 0 ? put(p, "\n") : -1;
}
static PyObject *address(PyObject *o) { return PyLong_FromVoidPtr(o); }
static int seen_before(Printer *p, PyObject *e) {
    PyObject *id = address(e);
    int r = id ? PySet_Contains(p->seen, id) : -1;
    Py_XDECREF(id);
    return r;
}
static int put_chain(Printer *p, PyObject *e) {
    PyObject *id = address(e), *cause = NULL, *context = NULL;
    int r = id ? PySet_Add(p->seen, id) : -1;
    Py_XDECREF(id);
    if (r < 0) return r;
    if ((cause = PyException_GetCause(e))) {
        if ((r = seen_before(p, cause)) == 0) r = put_before(p, cause, "The above exception was the direct cause of the following exception:\n");
    } else if ((context = PyException_GetContext(e)) && !((PyBaseExceptionObject *)e)->suppress_context) {
        if ((r = seen_before(p, context)) == 0) r = put_before(p, context, "During handling of the above exception, another exception occurred:\n");
    }
    Py_XDECREF(cause);
    Py_XDECREF(context);
    return r < 0 ? -1 : 0;
}
/* An exception after those it came from. */
static int put_recursive(Printer *p, PyObject *e) {
    if (enter() < 0) return -1;
    int r = p->seen && PyExceptionInstance_Check(e) ? put_chain(p, e) : 0;
    Py_LeaveRecursiveCall();
    if (r < 0) PyErr_Clear();   /* then without them */
    return is_group(e) ? put_group(p, e) : put_exception(p, e);
}

/* ------------------------------------------------------------------ entries */


void _PyErr_Display(PyObject *file, PyObject *unused, PyObject *value, PyObject *tb) {
    if (PyExceptionInstance_Check(value) && tb && PyTraceBack_Check(tb)) {
        PyObject *known = PyException_GetTraceback(value);
        if (!known) PyException_SetTraceback(value, tb);
        Py_XDECREF(known);
    }
    Printer p = {file, PySet_New(NULL), 0, false};
    if (!p.seen) PyErr_Clear();
    if (put_recursive(&p, value) < 0) {
        PyErr_Clear();
        _PyObject_Dump(value);
        fprintf(stderr, "lost sys.stderr\n");
    }
    Py_XDECREF(p.seen);
    PyObject *r = PyObject_CallMethodNoArgs(file, KR_STR(flush));
    if (!r) PyErr_Clear();
    Py_XDECREF(r);
}
void PyErr_Display(PyObject *type, PyObject *value, PyObject *tb) {
    PyObject *file = PySys_GetObject("stderr");
    if (!file) {
        _PyObject_Dump(value);
        fprintf(stderr, "lost sys.stderr\n");
        return;
    }
    if (file == Py_None) return;
    Py_INCREF(file);
    _PyErr_Display(file, type, value, tb);
    Py_DECREF(file);
}
