/* terminfo.c - functions of `_curses` on the database of terminals; they need setupterm(), not initscr(). */
#include "module/curses/curses_module.h"

/* A str without NULs, as bytes that it owns; NULL with an exception. */
static const char *text_of(PyObject *o) {
    Py_ssize_t n;
    const char *text = PyUnicode_AsUTF8AndSize(o, &n);
    if (!text || strlen(text) == (size_t)n) return text;
    PyErr_SetString(PyExc_ValueError, "embedded null character");
    return NULL;
}
static PyObject *setupterm_(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"term", "fd", NULL};
    const char *term = NULL;
    int fd = -1, problem;
    PyObject *term_object = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|Oi:setupterm", names, &term_object, &fd)) return NULL;
    if (term_object != Py_None && !PyUnicode_Check(term_object)) {
        _PyArg_BadArgument("setupterm", "argument 'term'", "str or None", term_object);
        return NULL;
    }
    if (term_object != Py_None && !(term = text_of(term_object))) return NULL;
    if (fd == -1) {
        PyObject *out = PySys_GetObject("stdout");
        if (!out || out == Py_None) {
            PyErr_SetString(NC.error, "lost sys.stdout");
            return NULL;
        }
        if ((fd = PyObject_AsFileDescriptor(out)) == -1) return NULL;
    }
    if (!NC.terminal_known && NC.setupterm(term, fd, &problem) == ERR) {
        PyErr_SetString(NC.error, problem == 0    ? "setupterm: could not find terminal"
                                  : problem == -1 ? "setupterm: could not find terminfo database"
                                                  : "setupterm: unknown error");
        return NULL;
    }
    NC.terminal_known = true;
    Py_RETURN_NONE;
}
/* The name of a capability: borrowed from o; NULL with an exception, also when setupterm() hasn't been called. */
static const char *capability(const char *function, PyObject *o) {
    if (!PyUnicode_Check(o)) {
        _PyArg_BadArgument(function, "argument", "str", o);
        return NULL;
    }
    const char *name = text_of(o);
    return name && kr_curses_terminal_known() ? name : NULL;
}
static PyObject *tigetflag_(PyObject *module, PyObject *o) {
    const char *name = capability("tigetflag", o);
    return name ? PyLong_FromLong(NC.tigetflag(name)) : NULL;
}
static PyObject *tigetnum_(PyObject *module, PyObject *o) {
    const char *name = capability("tigetnum", o);
    return name ? PyLong_FromLong(NC.tigetnum(name)) : NULL;
}
static PyObject *tigetstr_(PyObject *module, PyObject *o) {
    const char *name = capability("tigetstr", o);
    if (!name) return NULL;
    const char *value = NC.tigetstr(name);
    if (!value || value == (char *)-1) Py_RETURN_NONE;
    return PyBytes_FromString(value);
}
static PyObject *tparm_(PyObject *module, PyObject *args) {
    const char *text;
    int v[9] = {0};
    if (!PyArg_ParseTuple(args, "y|iiiiiiiii:tparm", &text, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8])) return NULL;
    if (!kr_curses_terminal_known()) return NULL;
    const char *result = NC.tparm(text, (long)v[0], (long)v[1], (long)v[2], (long)v[3], (long)v[4], (long)v[5], (long)v[6], (long)v[7], (long)v[8]);
    if (result) return PyBytes_FromString(result);
    PyErr_SetString(NC.error, "tparm() returned NULL");
    return NULL;
}
static PyObject *putp_(PyObject *module, PyObject *o) {
    const char *text;
    return PyArg_Parse(o, "y:putp", &text) ? kr_curses_checked(NC.putp(text), "putp") : NULL;
}

PyMethodDef kr_curses_terminfo_functions[] = {
    {"putp", putp_, METH_O, "putp($module, string, /)\n--\n\nWrites a capability's value to the terminal."},
    {"setupterm", KR_METH(setupterm_), METH_VARARGS | METH_KEYWORDS,
     "setupterm($module, /, term=None, fd=-1)\n--\n\nLooks the terminal up: by default that of TERM."},
    {"tigetflag", tigetflag_, METH_O, "tigetflag($module, capname, /)\n--\n\nA capability that is there or isn't; -1: there is no such."},
    {"tigetnum", tigetnum_, METH_O, "tigetnum($module, capname, /)\n--\n\nA capability that is a number; -1: not given, -2: there is no such."},
    {"tigetstr", tigetstr_, METH_O, "tigetstr($module, capname, /)\n--\n\nA capability that is text, or None."},
    {"tparm", tparm_, METH_VARARGS,
     "tparm($module, str, i1=0, i2=0, i3=0, i4=0, i5=0, i6=0, i7=0, i8=0,\n      i9=0, /)\n--\n\nA capability's text with its parameters put in."},
    {NULL}};
