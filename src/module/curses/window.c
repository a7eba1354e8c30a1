/* window.c - the type _curses.window: making windows, their places and sizes, how they are shown; text.c has the methods for text.
 *
 * The struct is published in py_curses.h. A window object owns its WINDOW, but for the standard screen's, and its encoding (PyMem).
 */
#include "module/curses/curses_module.h"
#include <langinfo.h>
#include <stdio.h>

PyObject *kr_curses_window(WINDOW *win, const char *encoding) {
    if (!win) {
        PyErr_SetString(NC.error, catchall_NULL);
        return NULL;
    }
    if (!encoding) encoding = nl_langinfo(CODESET);
    if (!encoding || !*encoding) encoding = "utf-8";
    size_t size = strlen(encoding) + 1;
    char *copy = PyMem_Malloc(size);
    PyCursesWindowObject *self = copy ? PyObject_New(PyCursesWindowObject, NC.window_type) : NULL;
    if (!self) {
        PyMem_Free(copy);
        if (win != *NC.stdscr) NC.delwin(win);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    self->win = win;
    self->encoding = memcpy(copy, encoding, size);
    return (PyObject *)self;
}
static void window_dealloc(PyObject *self) {
    PyCursesWindowObject *w = (PyCursesWindowObject *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (w->win && w->win != *NC.stdscr) NC.delwin(w->win);
    PyMem_Free(w->encoding);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyObject *wrong_count(const char *name, int least, int most) {
    PyErr_Format(PyExc_TypeError, "_curses.window.%s requires %d to %d arguments", name, least, most);
    return NULL;
}

/* ------------------------------------------------------------------ methods of one call each */

#define NO_ARGUMENTS(method, function) \
    static PyObject *window_##method(PyObject *self, PyObject *unused) { return kr_curses_checked(NC.function(WINDOW_OF(self)), #function); }
#define NO_ARGUMENTS_NO_RESULT(method, function)                   \
    static PyObject *window_##method(PyObject *self, PyObject *unused) {    \
        NC.function(WINDOW_OF(self));                              \
        Py_RETURN_NONE;                                            \
    }
#define ONE_NUMBER(method, function, complaint)                                                             \
    static PyObject *window_##method(PyObject *self, PyObject *args) {                                               \
        int value;                                                                                          \
        if (!PyArg_ParseTuple(args, "i;" complaint, &value)) return NULL;                                   \
        return kr_curses_checked(NC.function(WINDOW_OF(self), value), #function);                           \
    }
#define ONE_NUMBER_NO_RESULT(method, function, complaint)                  \
    static PyObject *window_##method(PyObject *self, PyObject *args) {              \
        int value;                                                         \
        if (!PyArg_ParseTuple(args, "i;" complaint, &value)) return NULL;  \
        NC.function(WINDOW_OF(self), value);                               \
        Py_RETURN_NONE;                                                    \
    }
#define TWO_NUMBERS(method, function, complaint)                                      \
    static PyObject *window_##method(PyObject *self, PyObject *args) {                         \
        int a, b;                                                                     \
        if (!PyArg_ParseTuple(args, "ii;" complaint, &a, &b)) return NULL;            \
        return kr_curses_checked(NC.function(WINDOW_OF(self), a, b), #function);      \
    }
#define PLACE(method, y, x) \
    static PyObject *window_##method(PyObject *self, PyObject *unused) { return Py_BuildValue("(ii)", NC.y(WINDOW_OF(self)), NC.x(WINDOW_OF(self))); }
#define FLAG "True(1) or False(0)"

NO_ARGUMENTS(deleteln, wdeleteln)
NO_ARGUMENTS(erase, werase)
NO_ARGUMENTS(insertln, winsertln)
NO_ARGUMENTS(redrawwin, redrawwin)
NO_ARGUMENTS(touchwin, touchwin)
NO_ARGUMENTS(untouchwin, untouchwin)
NO_ARGUMENTS_NO_RESULT(clear, wclear)
NO_ARGUMENTS_NO_RESULT(clrtobot, wclrtobot)
NO_ARGUMENTS_NO_RESULT(clrtoeol, wclrtoeol)
NO_ARGUMENTS_NO_RESULT(cursyncup, wcursyncup)
NO_ARGUMENTS_NO_RESULT(standend, wstandend)
NO_ARGUMENTS_NO_RESULT(standout, wstandout)
NO_ARGUMENTS_NO_RESULT(syncdown, wsyncdown)
NO_ARGUMENTS_NO_RESULT(syncup, wsyncup)
ONE_NUMBER(clearok, clearok, FLAG)
ONE_NUMBER(idlok, idlok, FLAG)
ONE_NUMBER(keypad, keypad, FLAG)
ONE_NUMBER(leaveok, leaveok, FLAG)
ONE_NUMBER(nodelay, nodelay, FLAG)
ONE_NUMBER(notimeout, notimeout, FLAG)
ONE_NUMBER(scrollok, scrollok, FLAG)
ONE_NUMBER(syncok, syncok, FLAG)
ONE_NUMBER(insdelln, winsdelln, "nlines")
ONE_NUMBER_NO_RESULT(idcok, idcok, FLAG)
ONE_NUMBER_NO_RESULT(immedok, immedok, FLAG)
ONE_NUMBER_NO_RESULT(timeout, wtimeout, "delay")
TWO_NUMBERS(move, wmove, "y,x")
TWO_NUMBERS(mvderwin, mvderwin, "y,x")
TWO_NUMBERS(mvwin, mvwin, "y,x")
TWO_NUMBERS(resize, wresize, "lines,columns")
PLACE(getyx, getcury, getcurx)
PLACE(getbegyx, getbegy, getbegx)
PLACE(getmaxyx, getmaxy, getmaxx)
PLACE(getparyx, getpary, getparx)

static PyObject *window_is_wintouched(PyObject *self, PyObject *unused) { return PyBool_FromLong(NC.is_wintouched(WINDOW_OF(self))); }

/* Two numbers of a call by position. */
static int two(const char *name, PyObject *const *args, Py_ssize_t n, int *a, int *b) {
    return _PyArg_CheckPositional(name, n, 2, 2) && kr_curses_int(args[0], a) == 0 && kr_curses_int(args[1], b) == 0 ? 0 : -1;
}
static PyObject *window_enclose(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    int y, x;
    return two("enclose", args, n, &y, &x) < 0 ? NULL : PyBool_FromLong(NC.wenclose(WINDOW_OF(self), y, x));
}
static PyObject *window_redrawln(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    int first, count;
    return two("redrawln", args, n, &first, &count) < 0 ? NULL : kr_curses_checked(NC.wredrawln(WINDOW_OF(self), first, count), "redrawln");
}
static PyObject *window_setscrreg(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    int top, bottom;
    return two("setscrreg", args, n, &top, &bottom) < 0 ? NULL : kr_curses_checked(NC.wsetscrreg(WINDOW_OF(self), top, bottom), "wsetscrreg");
}
static PyObject *window_is_linetouched(PyObject *self, PyObject *o) {
    int line;
    if (kr_curses_int(o, &line) < 0) return NULL;
    if (line >= 0 && line <= NC.getmaxy(WINDOW_OF(self))) return PyBool_FromLong(NC.is_linetouched(WINDOW_OF(self), line));
    PyErr_SetString(PyExc_TypeError, "is_linetouched: line number outside of boundaries");
    return NULL;
}
static PyObject *window_scroll(PyObject *self, PyObject *args) {
    int lines = 1;
    if (PyTuple_GET_SIZE(args) > 1) return wrong_count("scroll", 0, 1);
    if (!PyArg_ParseTuple(args, "|i:scroll", &lines)) return NULL;
    return kr_curses_checked(NC.wscrl(WINDOW_OF(self), lines), "scroll");
}
static PyObject *window_touchline(PyObject *self, PyObject *args) {
    int start, count, changed = 1;
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n != 2 && n != 3) return wrong_count("touchline", 2, 3);
    if (!PyArg_ParseTuple(args, "ii|i:touchline", &start, &count, &changed)) return NULL;
    return kr_curses_checked(NC.wtouchln(WINDOW_OF(self), start, count, changed), "touchline");
}

/* ------------------------------------------------------------------ showing and copying */

/* Where a pad is shown. */
typedef struct { int row, column, top, left, bottom, right; } PadView;

/* What refresh and noutrefresh share: only pads are told what to show, and where. */
static PyObject *show(PyObject *self, PyObject *args, const char *name, const char *pad_complaint, const char *pad_name, const char *window_name,
                      int (*show_pad)(WINDOW *, int, int, int, int, int, int), int (*show_window)(WINDOW *)) {
    PadView v;
    char format[30];
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    WINDOW *w = WINDOW_OF(self);
    int r;
    if (n != 0 && n != 6) return wrong_count(name, 0, 6);
    snprintf(format, sizeof format, "iiiiii:%s", name);
    if (n && !PyArg_ParseTuple(args, format, &v.row, &v.column, &v.top, &v.left, &v.bottom, &v.right)) return NULL;
    bool pad = NC.is_pad(w);
    if (pad && !n) {
        PyErr_Format(NC.error, "%s for a pad requires 6 arguments", pad_complaint);
        return NULL;
    }
    if (!pad && n) {
        PyErr_Format(PyExc_TypeError, "%s() takes no arguments (6 given)", name);
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    r = pad ? show_pad(w, v.row, v.column, v.top, v.left, v.bottom, v.right) : show_window(w);
    Py_END_ALLOW_THREADS
    return kr_curses_checked(r, pad ? pad_name : window_name);
}
static PyObject *window_refresh(PyObject *self, PyObject *args) {
    return show(self, args, "refresh", "refresh()", "prefresh", "prefresh", NC.prefresh, NC.wrefresh);
}
static PyObject *window_noutrefresh(PyObject *self, PyObject *args) {
    return show(self, args, "noutrefresh", "noutrefresh() called", "pnoutrefresh", "wnoutrefresh", NC.pnoutrefresh, NC.wnoutrefresh);
}

static PyObject *copy_onto(PyObject *self, PyObject *args, const char *name, bool transparent, int (*whole)(const WINDOW *, WINDOW *)) {
    PyObject *to;
    int row, column, top, left, bottom, right;
    char format[30];
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n != 1 && n != 7) return wrong_count(name, 1, 7);
    snprintf(format, sizeof format, n == 1 ? "O!:%s" : "O!iiiiii:%s", name);
    if (!PyArg_ParseTuple(args, format, NC.window_type, &to, &row, &column, &top, &left, &bottom, &right)) return NULL;
    if (n == 1) return kr_curses_checked(whole(WINDOW_OF(self), WINDOW_OF(to)), name);
    return kr_curses_checked(NC.copywin(WINDOW_OF(self), WINDOW_OF(to), row, column, top, left, bottom, right, transparent), "copywin");
}
static PyObject *window_overlay(PyObject *self, PyObject *args) { return copy_onto(self, args, "overlay", true, NC.overlay); }
static PyObject *window_overwrite(PyObject *self, PyObject *args) { return copy_onto(self, args, "overwrite", false, NC.overwrite); }

/* Writes the window to a file in the library's format, which goes through a file of the C library's. */
static PyObject *window_putwin(PyObject *self, PyObject *file) {
    FILE *f = tmpfile();
    if (!f) return PyErr_SetFromErrno(PyExc_OSError);
    PyObject *result = kr_curses_checked(NC.putwin(WINDOW_OF(self), f), "putwin");
    rewind(f);
    char data[BUFSIZ];
    size_t n;
    while (result && (n = fread(data, 1, sizeof data, f)) > 0) {
        PyObject *r = PyObject_CallMethod(file, "write", "y#", data, (Py_ssize_t)n);
        if (!r) Py_CLEAR(result);
        Py_XDECREF(r);
    }
    fclose(f);
    return result;
}

/* ------------------------------------------------------------------ windows within */

/* [nlines, ncols,] y, x */
static PyObject *window_within(PyObject *self, PyObject *args, const char *name, WINDOW *(*make)(WINDOW *, int, int, int, int)) {
    int lines = 0, columns = 0, y, x;
    char format[30];
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n != 2 && n != 4) return wrong_count(name, 2, 4);
    snprintf(format, sizeof format, n == 2 ? "ii:%s" : "iiii:%s", name);
    if (n == 2 ? !PyArg_ParseTuple(args, format, &y, &x) : !PyArg_ParseTuple(args, format, &lines, &columns, &y, &x)) return NULL;
    return kr_curses_window(make(WINDOW_OF(self), lines, columns, y, x), ((PyCursesWindowObject *)self)->encoding);
}
static PyObject *window_derwin(PyObject *self, PyObject *args) { return window_within(self, args, "derwin", NC.derwin); }
static PyObject *window_subwin(PyObject *self, PyObject *args) {
    return window_within(self, args, "subwin", NC.is_pad(WINDOW_OF(self)) ? NC.subpad : NC.subwin);
}

/* ------------------------------------------------------------------ the type */

static PyObject *window_get_encoding(PyObject *self, void *unused) { return PyUnicode_FromString(((PyCursesWindowObject *)self)->encoding); }
static int set_encoding(PyObject *self, PyObject *value, void *unused) {
    PyCursesWindowObject *w = (PyCursesWindowObject *)self;
    if (!value || !PyUnicode_Check(value)) {
        PyErr_SetString(PyExc_TypeError, value ? "setting encoding to a non-string" : "encoding may not be deleted");
        return -1;
    }
    PyObject *ascii = PyUnicode_AsASCIIString(value);
    if (!ascii) return -1;
    size_t size = strlen(PyBytes_AS_STRING(ascii)) + 1;
    char *copy = PyMem_Malloc(size);
    if (copy) {
        memcpy(copy, PyBytes_AS_STRING(ascii), size);
        PyMem_Free(w->encoding);
        w->encoding = copy;
    } else {
        PyErr_NoMemory();
    }
    Py_DECREF(ascii);
    return copy ? 0 : -1;
}

static PyMethodDef window_methods[] = {
    {"clear", window_clear, METH_NOARGS, "Empties the window and repaints the terminal at the next refresh."},
    {"clearok", window_clearok, METH_VARARGS, "Whether the next refresh repaints the whole terminal."},
    {"clrtobot", window_clrtobot, METH_NOARGS, "Empties what is after the cursor."},
    {"clrtoeol", window_clrtoeol, METH_NOARGS, "Empties the line after the cursor."},
    {"cursyncup", window_cursyncup, METH_NOARGS, "Puts the cursors of the windows around where this one's is."},
    {"deleteln", window_deleteln, METH_NOARGS, "Takes the cursor's line out."},
    {"derwin", window_derwin, METH_VARARGS, "derwin([nlines=0, ncols=0,] begin_y, begin_x)\nA window within, placed from this one's corner."},
    {"enclose", KR_METH(window_enclose), METH_FASTCALL, "enclose($self, y, x, /)\n--\n\nWhether a place of the terminal is within."},
    {"erase", window_erase, METH_NOARGS, "Empties the window."},
    {"getbegyx", window_getbegyx, METH_NOARGS, "The corner: y, x."},
    {"getmaxyx", window_getmaxyx, METH_NOARGS, "The size: lines, columns."},
    {"getparyx", window_getparyx, METH_NOARGS, "The corner seen from the window around; -1, -1 without one."},
    {"getyx", window_getyx, METH_NOARGS, "Where the cursor is."},
    {"idcok", window_idcok, METH_VARARGS, "Whether the terminal may insert and delete characters."},
    {"idlok", window_idlok, METH_VARARGS, "Whether the terminal may insert and delete lines."},
    {"immedok", window_immedok, METH_VARARGS, "Whether each change is shown at once."},
    {"insdelln", window_insdelln, METH_VARARGS, "Inserts lines above the cursor's, or deletes -n from it on."},
    {"insertln", window_insertln, METH_NOARGS, "Inserts an empty line above the cursor's."},
    {"is_linetouched", window_is_linetouched, METH_O, "is_linetouched($self, line, /)\n--\n\nWhether the line has changed since it was shown."},
    {"is_wintouched", window_is_wintouched, METH_NOARGS, "Whether the window has changed since it was shown."},
    {"keypad", window_keypad, METH_VARARGS, "Whether sequences of function keys are read as one key."},
    {"leaveok", window_leaveok, METH_VARARGS, "Whether the terminal's cursor may be left anywhere."},
    {"move", window_move, METH_VARARGS, "Moves the cursor."},
    {"mvderwin", window_mvderwin, METH_VARARGS, "Shows another part of the window around."},
    {"mvwin", window_mvwin, METH_VARARGS, "Moves the window."},
    {"nodelay", window_nodelay, METH_VARARGS, "Whether reading a key does not wait."},
    {"notimeout", window_notimeout, METH_VARARGS, "Whether sequences of keys may take any time."},
    {"noutrefresh", window_noutrefresh, METH_VARARGS,
     "noutrefresh([pminrow, pmincol, sminrow, smincol, smaxrow, smaxcol])\nMarks what the next doupdate() shows."},
    {"overlay", window_overlay, METH_VARARGS,
     "overlay(destwin, [sminrow, smincol, dminrow, dmincol, dmaxrow, dmaxcol])\nCopies what isn't blank onto another window."},
    {"overwrite", window_overwrite, METH_VARARGS,
     "overwrite(destwin, [sminrow, smincol, dminrow, dmincol, dmaxrow,\n          dmaxcol])\nCopies onto another window."},
    {"putwin", window_putwin, METH_O, "putwin($self, file, /)\n--\n\nWrites the window to a file, for getwin()."},
    {"redrawln", KR_METH(window_redrawln), METH_FASTCALL,
     "redrawln($self, beg, num, /)\n--\n\nShows lines anew at the next refresh, changed or not."},
    {"redrawwin", window_redrawwin, METH_NOARGS, "Shows the window anew at the next refresh, changed or not."},
    {"refresh", window_refresh, METH_VARARGS,
     "refresh([pminrow, pmincol, sminrow, smincol, smaxrow, smaxcol])\nShows what has changed; of a pad, a part at a place."},
    {"resize", window_resize, METH_VARARGS, "Changes the size."},
    {"scroll", window_scroll, METH_VARARGS, "scroll([lines=1])\nScrolls up."},
    {"scrollok", window_scrollok, METH_VARARGS, "Whether writing over the end scrolls."},
    {"setscrreg", KR_METH(window_setscrreg), METH_FASTCALL, "setscrreg($self, top, bottom, /)\n--\n\nOnly these lines scroll."},
    {"standend", window_standend, METH_NOARGS, "Ends standout()."},
    {"standout", window_standout, METH_NOARGS, "Text written from now on stands out."},
    {"subpad", window_subwin, METH_VARARGS, "subwin([nlines=0, ncols=0,] begin_y, begin_x)\nA window within."},
    {"subwin", window_subwin, METH_VARARGS, "subwin([nlines=0, ncols=0,] begin_y, begin_x)\nA window within, placed from the terminal's corner."},
    {"syncdown", window_syncdown, METH_NOARGS, "Marks as changed what has changed in the windows around."},
    {"syncok", window_syncok, METH_VARARGS, "Whether changes mark the windows around as changed."},
    {"syncup", window_syncup, METH_NOARGS, "Marks the windows around as changed where this one has."},
    {"timeout", window_timeout, METH_VARARGS, "How long reading a key waits, in ms; -1: any time."},
    {"touchline", window_touchline, METH_VARARGS, "touchline(start, count, [changed=True])\nMarks lines as changed, or not."},
    {"touchwin", window_touchwin, METH_NOARGS, "Marks the window as changed."},
    {"untouchwin", window_untouchwin, METH_NOARGS, "Marks the window as shown."},
    {NULL}};
static PyGetSetDef window_getsets[] = {{"encoding", window_get_encoding, set_encoding, "the codec of characters"}, {NULL}};
static PyType_Slot window_slots[] = {{Py_tp_dealloc, window_dealloc}, {Py_tp_methods, window_methods}, {Py_tp_getset, window_getsets}, {0, NULL}};
static PyType_Spec window_spec = {"_curses.window", sizeof(PyCursesWindowObject), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, window_slots};

PyTypeObject *kr_curses_window_type(PyObject *module) {
    PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &window_spec, NULL);
    for (PyMethodDef *m = kr_curses_text_methods; type && m->ml_name; m++) {
        PyObject *method = PyDescr_NewMethod(type, m);
        if (!method || PyDict_SetItemString(type->tp_dict, m->ml_name, method) < 0) Py_CLEAR(type);
        Py_XDECREF(method);
    }
    if (type) PyType_Modified(type);
    return type;
}
