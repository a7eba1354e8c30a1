/* color.c - functions of `_curses` for colours and pairs of them, by the library's extended functions, whose numbers are ints. */
#include "module/curses/curses_module.h"

/* The number of an argument between bounds, ValueError outside: "what is less than least", "what is greater than most_name (most)". */
static int number(PyObject *o, const char *what, int least, int most, const char *most_name, int *value) {
    int overflow;
    long n = PyLong_AsLongAndOverflow(o, &overflow);
    if (n == -1 && PyErr_Occurred()) return -1;
    if (overflow > 0 || (!overflow && n > most)) {
        if (most_name) PyErr_Format(PyExc_ValueError, "%s is greater than %s (%d).", what, most_name, most);
        else PyErr_Format(PyExc_ValueError, "%s is greater than %d", what, most);
        return -1;
    }
    if (overflow < 0 || n < least) {
        PyErr_Format(PyExc_ValueError, most_name ? "%s is less than 0." : "%s is less than 0", what);
        return -1;
    }
    *value = (int)n;
    return 0;
}
static int color(PyObject *o, int least, int *value) { return number(o, "Color number", least, *NC.COLORS - 1, "COLORS-1", value); }
static int pair(PyObject *o, int *value) { return number(o, "Color pair", 0, INT_MAX, "maximum", value); }
static int component(PyObject *o, int *value) { return number(o, "Color component", 0, 1000, NULL, value); }
static bool ready(void) { return kr_curses_initialised() && kr_curses_has_colours(); }

/* What a function on pairs failed by: a number that is too large, or something else. */
static PyObject *pair_failed(int pair_number, const char *name) {
    if (pair_number < *NC.COLOR_PAIRS) return kr_curses_checked(ERR, name);
    PyErr_Format(PyExc_ValueError, "Color pair is greater than COLOR_PAIRS-1 (%d).", *NC.COLOR_PAIRS - 1);
    return NULL;
}

static PyObject *start_color_(PyObject *module, PyObject *unused) {
    if (!kr_curses_initialised()) return NULL;
    if (NC.start_color() == ERR) return kr_curses_checked(ERR, "start_color");
    NC.has_colours = true;
    PyObject *colors = PyLong_FromLong(*NC.COLORS), *pairs = PyLong_FromLong(*NC.COLOR_PAIRS);
    int r = colors && pairs ? PyDict_SetItemString(NC.module_dict, "COLORS", colors) : -1;
    if (r == 0) r = PyDict_SetItemString(NC.module_dict, "COLOR_PAIRS", pairs);
    Py_XDECREF(colors);
    Py_XDECREF(pairs);
    return r < 0 ? NULL : Py_NewRef(Py_None);
}
static PyObject *use_default_colors_(PyObject *module, PyObject *unused) {
    return ready() ? kr_curses_checked(NC.use_default_colors(), "use_default_colors") : NULL;
}
static PyObject *has_extended_color_support(PyObject *module, PyObject *unused) { Py_RETURN_TRUE; }

static PyObject *color_content_(PyObject *module, PyObject *o) {
    int c, r, g, b;
    if (color(o, 0, &c) < 0 || !ready()) return NULL;
    if (NC.extended_color_content(c, &r, &g, &b) == ERR) return kr_curses_checked(ERR, "extended_color_content");
    return Py_BuildValue("(iii)", r, g, b);
}
static PyObject *init_color_(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    int c, r, g, b;
    if (!_PyArg_CheckPositional("init_color", n, 4, 4) || color(args[0], 0, &c) < 0) return NULL;
    if (component(args[1], &r) < 0 || component(args[2], &g) < 0 || component(args[3], &b) < 0 || !ready()) return NULL;
    return kr_curses_checked(NC.init_extended_color(c, r, g, b), "init_extended_color");
}
static PyObject *init_pair_(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    int p, f, b;
    if (!_PyArg_CheckPositional("init_pair", n, 3, 3) || pair(args[0], &p) < 0) return NULL;
    if (color(args[1], -1, &f) < 0 || color(args[2], -1, &b) < 0 || !ready()) return NULL;
    if (NC.init_extended_pair(p, f, b) == ERR) return pair_failed(p, "init_extended_pair");
    Py_RETURN_NONE;
}
static PyObject *pair_content_(PyObject *module, PyObject *o) {
    int p, f, b;
    if (pair(o, &p) < 0 || !ready()) return NULL;
    if (NC.extended_pair_content(p, &f, &b) == ERR) return pair_failed(p, "extended_pair_content");
    return Py_BuildValue("(ii)", f, b);
}
static PyObject *color_pair_(PyObject *module, PyObject *o) {
    int p;
    return kr_curses_int(o, &p) < 0 || !ready() ? NULL : PyLong_FromLong((long)NC.COLOR_PAIR(p));
}
static PyObject *pair_number_(PyObject *module, PyObject *o) {
    int attr;
    return kr_curses_int(o, &attr) < 0 || !ready() ? NULL : PyLong_FromLong((long)NC.PAIR_NUMBER(attr));
}

PyMethodDef kr_curses_color_functions[] = {
    {"color_content", color_content_, METH_O, "color_content($module, color_number, /)\n--\n\nA colour's red, green and blue, from 0 to 1000."},
    {"color_pair", color_pair_, METH_O, "color_pair($module, pair_number, /)\n--\n\nThe attribute of text in a pair of colours."},
    {"has_extended_color_support", has_extended_color_support, METH_NOARGS,
     "has_extended_color_support($module, /)\n--\n\nTrue: there may be more than 256 colours."},
    {"init_color", KR_METH(init_color_), METH_FASTCALL, "init_color($module, color_number, r, g, b, /)\n--\n\nRedefines a colour."},
    {"init_pair", KR_METH(init_pair_), METH_FASTCALL, "init_pair($module, pair_number, fg, bg, /)\n--\n\nRedefines a pair of colours."},
    {"pair_content", pair_content_, METH_O, "pair_content($module, pair_number, /)\n--\n\nThe colours of a pair."},
    {"pair_number", pair_number_, METH_O, "pair_number($module, attr, /)\n--\n\nThe pair of colours that an attribute asks for."},
    {"start_color", start_color_, METH_NOARGS, "start_color($module, /)\n--\n\nBegins to use colours; sets COLORS and COLOR_PAIRS."},
    {"use_default_colors", use_default_colors_, METH_NOARGS, "use_default_colors($module, /)\n--\n\nColour -1 is the terminal's own."},
    {NULL}};
