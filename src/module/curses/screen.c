/* screen.c - functions of `_curses` for the terminal as a whole: beginning and ending, modes, keys, the mouse, new windows. */
#include "module/curses/curses_module.h"
#include <stdio.h>

/* ------------------------------------------------------------------ functions of one call each */

#define NO_ARGUMENTS(name) \
    static PyObject *name##_(PyObject *module, PyObject *unused) { return kr_curses_initialised() ? kr_curses_checked(NC.name(), #name) : NULL; }
#define NO_ARGUMENTS_RESULT(name, convert) \
    static PyObject *name##_(PyObject *module, PyObject *unused) { return kr_curses_initialised() ? convert(NC.name()) : NULL; }
#define NO_ARGUMENTS_NO_RESULT(name)                                \
    static PyObject *name##_(PyObject *module, PyObject *unused) {  \
        if (!kr_curses_initialised()) return NULL;                  \
        NC.name();                                                  \
        Py_RETURN_NONE;                                             \
    }
/* A mode that flag=True turns on, or else `off` does. */
#define MODE(on, off)                                                                                             \
    static PyObject *on##_(PyObject *module, PyObject *const *args, Py_ssize_t n) {                               \
        int flag = 1;                                                                                             \
        if (!_PyArg_CheckPositional(#on, n, 0, 1) || (n && kr_curses_int(args[0], &flag) < 0)) return NULL;       \
        if (!kr_curses_initialised()) return NULL;                                                                \
        return flag ? kr_curses_checked(NC.on(), #on) : kr_curses_checked(NC.off(), #off);                        \
    }
static PyObject *one_byte(char c) { return PyBytes_FromStringAndSize(&c, 1); }

NO_ARGUMENTS(beep)
NO_ARGUMENTS(def_prog_mode)
NO_ARGUMENTS(def_shell_mode)
NO_ARGUMENTS(doupdate)
NO_ARGUMENTS(endwin)
NO_ARGUMENTS(flash)
NO_ARGUMENTS(nocbreak)
NO_ARGUMENTS(noecho)
NO_ARGUMENTS(nonl)
NO_ARGUMENTS(noraw)
NO_ARGUMENTS(reset_prog_mode)
NO_ARGUMENTS(reset_shell_mode)
NO_ARGUMENTS(resetty)
NO_ARGUMENTS(savetty)
NO_ARGUMENTS_NO_RESULT(flushinp)
NO_ARGUMENTS_NO_RESULT(noqiflush)
NO_ARGUMENTS_RESULT(baudrate, PyLong_FromLong)
NO_ARGUMENTS_RESULT(can_change_color, PyBool_FromLong)
NO_ARGUMENTS_RESULT(erasechar, one_byte)
NO_ARGUMENTS_RESULT(has_colors, PyBool_FromLong)
NO_ARGUMENTS_RESULT(has_ic, PyBool_FromLong)
NO_ARGUMENTS_RESULT(has_il, PyBool_FromLong)
NO_ARGUMENTS_RESULT(isendwin, PyBool_FromLong)
NO_ARGUMENTS_RESULT(killchar, one_byte)
NO_ARGUMENTS_RESULT(longname, PyBytes_FromString)
NO_ARGUMENTS_RESULT(termattrs, PyLong_FromUnsignedLong)
NO_ARGUMENTS_RESULT(termname, PyBytes_FromString)
MODE(cbreak, nocbreak)
MODE(echo, noecho)
MODE(nl, nonl)
MODE(raw, noraw)

static PyObject *qiflush_(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    int flag = 1;
    if (!_PyArg_CheckPositional("qiflush", n, 0, 1) || (n && kr_curses_int(args[0], &flag) < 0)) return NULL;
    if (!kr_curses_initialised()) return NULL;
    if (flag) NC.qiflush();
    else NC.noqiflush();
    Py_RETURN_NONE;
}
/* Functions of one int: the state they need, then what they do with it. */
#define ONE_NUMBER(name, call)                                                               \
    static PyObject *name##_(PyObject *module, PyObject *o) {                                \
        int value;                                                                           \
        if (kr_curses_int(o, &value) < 0 || !kr_curses_initialised()) return NULL;           \
        return call;                                                                         \
    }
ONE_NUMBER(delay_output, kr_curses_checked(NC.delay_output(value), "delay_output"))
ONE_NUMBER(has_key, PyBool_FromLong(NC.has_key(value)))
ONE_NUMBER(intrflush, kr_curses_checked(NC.intrflush(NULL, value), "intrflush"))
ONE_NUMBER(meta, kr_curses_checked(NC.meta(*NC.stdscr, value), "meta"))
ONE_NUMBER(mouseinterval, kr_curses_checked(NC.mouseinterval(value), "mouseinterval"))
ONE_NUMBER(typeahead, kr_curses_checked(NC.typeahead(value), "typeahead"))

static PyObject *napms_(PyObject *module, PyObject *o) {
    int ms, r;
    if (kr_curses_int(o, &ms) < 0 || !kr_curses_initialised()) return NULL;
    Py_BEGIN_ALLOW_THREADS
    r = NC.napms(ms);
    Py_END_ALLOW_THREADS
    return PyLong_FromLong(r);
}
static PyObject *curs_set_(PyObject *module, PyObject *o) {
    int visibility;
    if (kr_curses_int(o, &visibility) < 0 || !kr_curses_initialised()) return NULL;
    int before = NC.curs_set(visibility);
    return before == ERR ? kr_curses_checked(ERR, "curs_set") : PyLong_FromLong(before);
}
static PyObject *halfdelay_(PyObject *module, PyObject *o) {
    long tenths = PyLong_AsLong(o);
    if (tenths == -1 && PyErr_Occurred()) return NULL;
    if (tenths < 0 || tenths > UCHAR_MAX) {
        PyErr_SetString(PyExc_OverflowError, tenths < 0 ? "unsigned byte integer is less than minimum" : "unsigned byte integer is greater than maximum");
        return NULL;
    }
    return kr_curses_initialised() ? kr_curses_checked(NC.halfdelay((int)tenths), "halfdelay") : NULL;
}
static PyObject *use_env_(PyObject *module, PyObject *o) {
    int flag;
    if (kr_curses_int(o, &flag) < 0) return NULL;
    NC.use_env(flag);
    Py_RETURN_NONE;
}
static PyObject *filter_(PyObject *module, PyObject *unused) {
    NC.filter();
    Py_RETURN_NONE;
}
static PyObject *get_escdelay_(PyObject *module, PyObject *unused) { return PyLong_FromLong(*NC.ESCDELAY); }
static PyObject *get_tabsize_(PyObject *module, PyObject *unused) { return PyLong_FromLong(*NC.TABSIZE); }
static PyObject *set_positive(PyObject *o, const char *what, int (*set)(int), const char *name) {
    int value;
    if (kr_curses_int(o, &value) < 0) return NULL;
    if (value > 0) return kr_curses_checked(set(value), name);
    PyErr_Format(PyExc_ValueError, "%s must be > 0", what);
    return NULL;
}
static PyObject *set_escdelay_(PyObject *module, PyObject *o) { return set_positive(o, "ms", NC.set_escdelay, "set_escdelay"); }
static PyObject *set_tabsize_(PyObject *module, PyObject *o) { return set_positive(o, "size", NC.set_tabsize, "set_tabsize"); }

/* ------------------------------------------------------------------ beginning, size */

static int set_number(const char *name, long value) {
    PyObject *o = PyLong_FromLong(value);
    int r = o ? PyDict_SetItemString(NC.module_dict, name, o) : -1;
    Py_XDECREF(o);
    return r;
}
/* Line-drawing characters, which depend on the terminal: name and the VT100's letter. */
static const struct { const char *name; char letter; } line_characters[] = {
    {"ULCORNER", 'l'}, {"LLCORNER", 'm'}, {"URCORNER", 'k'}, {"LRCORNER", 'j'}, {"LTEE", 't'}, {"RTEE", 'u'}, {"BTEE", 'v'}, {"TTEE", 'w'},
    {"HLINE", 'q'}, {"VLINE", 'x'}, {"PLUS", 'n'}, {"S1", 'o'}, {"S9", 's'}, {"DIAMOND", '`'}, {"CKBOARD", 'a'}, {"DEGREE", 'f'},
    {"PLMINUS", 'g'}, {"BULLET", '~'}, {"LARROW", ','}, {"RARROW", '+'}, {"DARROW", '.'}, {"UARROW", '-'}, {"BOARD", 'h'}, {"LANTERN", 'i'},
    {"BLOCK", '0'}, {"BSSB", 'l'}, {"SSBB", 'm'}, {"BBSS", 'k'}, {"SBBS", 'j'}, {"SBSS", 'u'}, {"SSSB", 't'}, {"SSBS", 'v'}, {"BSSS", 'w'},
    {"BSBS", 'q'}, {"SBSB", 'x'}, {"SSSS", 'n'}, {"S3", 'p'}, {"S7", 'r'}, {"LEQUAL", 'y'}, {"GEQUAL", 'z'}, {"PI", '{'}, {"NEQUAL", '|'},
    {"STERLING", '}'},
};
static PyObject *initscr_(PyObject *module, PyObject *unused) {
    if (NC.initialised) {
        NC.wrefresh(*NC.stdscr);
        return kr_curses_window(*NC.stdscr, NULL);
    }
    WINDOW *w = NC.initscr();
    if (!w) return kr_curses_window(NULL, NULL);
    NC.initialised = NC.terminal_known = true;
    for (size_t i = 0; i < KR_ARRAY_LEN(line_characters); i++) {
        char name[20];
        snprintf(name, sizeof name, "ACS_%s", line_characters[i].name);
        if (set_number(name, (long)(*NC.acs_map)[(unsigned char)line_characters[i].letter]) < 0) return NULL;
    }
    if (set_number("LINES", *NC.LINES) < 0 || set_number("COLS", *NC.COLS) < 0) return NULL;
    PyObject *window = kr_curses_window(w, NULL);
    if (window) {
        const char *encoding = ((PyCursesWindowObject *)window)->encoding;
        PyMem_RawFree(NC.encoding);
        if ((NC.encoding = PyMem_RawMalloc(strlen(encoding) + 1))) strcpy(NC.encoding, encoding);
        else Py_SETREF(window, PyErr_NoMemory());
    }
    return window;
}
/* LINES and COLS of this module and of `curses`, which has taken them over. */
static int update_size(void) {
    PyObject *curses = PyImport_ImportModule("curses");
    if (!curses) return -1;
    int r = set_number("LINES", *NC.LINES) < 0 || set_number("COLS", *NC.COLS) < 0 ? -1 : 0;
    if (r == 0) r = PyModule_AddIntConstant(curses, "LINES", *NC.LINES) < 0 ? -1 : PyModule_AddIntConstant(curses, "COLS", *NC.COLS);
    Py_DECREF(curses);
    return r;
}
static PyObject *update_lines_cols(PyObject *module, PyObject *unused) {
    if (update_size() < 0) return NULL;
    Py_RETURN_NONE;
}
static int two(const char *name, PyObject *const *args, Py_ssize_t n, int *a, int *b) {
    return _PyArg_CheckPositional(name, n, 2, 2) && kr_curses_int(args[0], a) == 0 && kr_curses_int(args[1], b) == 0 && kr_curses_initialised() ? 0 : -1;
}
static PyObject *is_term_resized_(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    int lines, columns;
    return two("is_term_resized", args, n, &lines, &columns) < 0 ? NULL : PyBool_FromLong(NC.is_term_resized(lines, columns));
}
static PyObject *resize_by(const char *name, PyObject *const *args, Py_ssize_t n, int (*function)(int, int)) {
    int lines, columns;
    if (two(name, args, n, &lines, &columns) < 0) return NULL;
    PyObject *result = kr_curses_checked(function(lines, columns), name);
    if (result && update_size() < 0) Py_CLEAR(result);
    return result;
}
static PyObject *resize_term_(PyObject *module, PyObject *const *args, Py_ssize_t n) { return resize_by("resize_term", args, n, NC.resize_term); }
static PyObject *resizeterm_(PyObject *module, PyObject *const *args, Py_ssize_t n) { return resize_by("resizeterm", args, n, NC.resizeterm); }

/* ------------------------------------------------------------------ windows */

static PyObject *newwin_(PyObject *module, PyObject *args) {
    int lines, columns, y = 0, x = 0;
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n != 2 && n != 4) {
        PyErr_SetString(PyExc_TypeError, "_curses.newwin requires 2 to 4 arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "ii|ii:newwin", &lines, &columns, &y, &x) || !kr_curses_initialised()) return NULL;
    return kr_curses_window(NC.newwin(lines, columns, y, x), NULL);
}
static PyObject *newpad_(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    int lines, columns;
    return two("newpad", args, n, &lines, &columns) < 0 ? NULL : kr_curses_window(NC.newpad(lines, columns), NULL);
}
static PyObject *getwin_(PyObject *module, PyObject *file) {
    if (!kr_curses_initialised()) return NULL;
    FILE *f = tmpfile();
    if (!f) return PyErr_SetFromErrno(PyExc_OSError);
    PyObject *data = PyObject_CallMethod(file, "read", NULL), *window = NULL;
    if (data && !PyBytes_Check(data)) {
        PyErr_Format(PyExc_TypeError, "f.read() returned %.100s instead of bytes", Py_TYPE(data)->tp_name);
    } else if (data) {
        size_t size = (size_t)PyBytes_GET_SIZE(data);
        if (fwrite(PyBytes_AS_STRING(data), 1, size, f) != size || fseek(f, 0, SEEK_SET) != 0) PyErr_SetFromErrno(PyExc_OSError);
        else window = kr_curses_window(NC.getwin(f), NULL);
    }
    Py_XDECREF(data);
    fclose(f);
    return window;
}

/* The cursor of the virtual screen. -1, -1: anywhere. */
static PyObject *getsyx_(PyObject *module, PyObject *unused) {
    if (!kr_curses_initialised()) return NULL;
    WINDOW *w = *NC.newscr;
    bool anywhere = w && NC.is_leaveok(w);
    return Py_BuildValue("(ii)", anywhere || !w ? -1 : NC.getcury(w), anywhere || !w ? -1 : NC.getcurx(w));
}
static PyObject *setsyx_(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    int y, x;
    if (two("setsyx", args, n, &y, &x) < 0) return NULL;
    WINDOW *w = *NC.newscr;
    if (w) {
        bool anywhere = y == -1 && x == -1;
        NC.leaveok(w, anywhere);
        if (!anywhere) NC.wmove(w, y, x);
    }
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ keys, the mouse */

static PyObject *keyname_(PyObject *module, PyObject *o) {
    int key;
    if (kr_curses_int(o, &key) < 0 || !kr_curses_initialised()) return NULL;
    if (key < 0) {
        PyErr_SetString(PyExc_ValueError, "invalid key number");
        return NULL;
    }
    const char *name = NC.keyname(key);
    return PyBytes_FromString(name ? name : "");
}
static PyObject *ungetch_(PyObject *module, PyObject *o) {
    chtype c;
    if (!kr_curses_initialised() || kr_curses_chtype(o, NC.encoding, &c) < 0) return NULL;
    return kr_curses_checked(NC.ungetch((int)c), "ungetch");
}
static PyObject *unget_wch_(PyObject *module, PyObject *o) {
    long c;
    if (!kr_curses_initialised()) return NULL;
    if (PyUnicode_Check(o)) {
        if (PyUnicode_GET_LENGTH(o) != 1) {
            PyErr_Format(PyExc_TypeError, "expect str of length 1 or int, got a str of length %zd", PyUnicode_GET_LENGTH(o));
            return NULL;
        }
        c = (long)PyUnicode_READ_CHAR(o, 0);
    } else if (PyLong_CheckExact(o)) {
        int overflow;
        c = PyLong_AsLongAndOverflow(o, &overflow);
        if (overflow || (long)(wchar_t)c != c) {
            PyErr_SetString(PyExc_OverflowError, overflow ? "int doesn't fit in long" : "character doesn't fit in wchar_t");
            return NULL;
        }
    } else {
        PyErr_Format(PyExc_TypeError, "expect str of length 1 or int, got %s", Py_TYPE(o)->tp_name);
        return NULL;
    }
    return kr_curses_checked(NC.unget_wch((wchar_t)c), "unget_wch");
}
static PyObject *unctrl_(PyObject *module, PyObject *o) {
    chtype c;
    if (!kr_curses_initialised() || kr_curses_chtype(o, NC.encoding, &c) < 0) return NULL;
    return PyBytes_FromString(NC.unctrl(c));
}
static PyObject *mousemask_(PyObject *module, PyObject *o) {
    if (!PyLong_Check(o)) {
        _PyArg_BadArgument("mousemask", "argument", "int", o);
        return NULL;
    }
    mmask_t wanted = (mmask_t)PyLong_AsUnsignedLongMask(o), before = 0;
    if (!kr_curses_initialised()) return NULL;
    mmask_t available = NC.mousemask(wanted, &before);
    return Py_BuildValue("(kk)", (unsigned long)available, (unsigned long)before);
}
static PyObject *getmouse_(PyObject *module, PyObject *unused) {
    MEVENT e;
    if (!kr_curses_initialised()) return NULL;
    if (NC.getmouse(&e) == ERR) return kr_curses_checked(ERR, "getmouse");
    return Py_BuildValue("(hiiik)", (short)e.id, e.x, e.y, e.z, (unsigned long)e.bstate);
}
static PyObject *ungetmouse_(PyObject *module, PyObject *args) {
    if (!_PyArg_CheckPositional("ungetmouse", PyTuple_GET_SIZE(args), 5, 5)) return NULL;
    short id;
    int x, y, z;
    unsigned long state;
    if (!PyArg_ParseTuple(args, "hiiik:ungetmouse", &id, &x, &y, &z, &state) || !kr_curses_initialised()) return NULL;
    MEVENT e = {.id = id, .x = x, .y = y, .z = z, .bstate = (mmask_t)state};
    return kr_curses_checked(NC.ungetmouse(&e), "ungetmouse");
}

#define NOARGS(name, text) {#name, name##_, METH_NOARGS, #name "($module, /)\n--\n\n" text}
#define ONE(name, argument, text) {#name, name##_, METH_O, #name "($module, " argument ", /)\n--\n\n" text}
#define FLAG(name, text) {#name, KR_METH(name##_), METH_FASTCALL, #name "($module, flag=True, /)\n--\n\n" text}
#define TWO(name, arguments, text) {#name, KR_METH(name##_), METH_FASTCALL, #name "($module, " arguments ", /)\n--\n\n" text}
PyMethodDef kr_curses_screen_functions[] = {
    NOARGS(baudrate, "The terminal's speed, in bits a second."),
    NOARGS(beep, "Makes a sound."),
    NOARGS(can_change_color, "Whether colours can be redefined."),
    FLAG(cbreak, "Keys are read at once, not with their line."),
    ONE(curs_set, "visibility", "Hides (0), shows (1) or stresses (2) the cursor; how it was before."),
    NOARGS(def_prog_mode, "Remembers the terminal's modes as the program's."),
    NOARGS(def_shell_mode, "Remembers the terminal's modes as those outside the program."),
    ONE(delay_output, "ms", "Pauses the output."),
    NOARGS(doupdate, "Shows what noutrefresh() has marked."),
    FLAG(echo, "Shows what is typed."),
    NOARGS(endwin, "Gives the terminal back as it was."),
    NOARGS(erasechar, "The key that erases a character."),
    NOARGS(filter, "The next initscr() uses one line only."),
    NOARGS(flash, "Flashes the screen."),
    NOARGS(flushinp, "Forgets what has been typed."),
    {"get_escdelay", get_escdelay_, METH_NOARGS, "get_escdelay($module, /)\n--\n\nHow long an escape key waits for more of a sequence, in ms."},
    {"get_tabsize", get_tabsize_, METH_NOARGS, "get_tabsize($module, /)\n--\n\nThe columns between tabulator stops."},
    NOARGS(getmouse, "The mouse's event after KEY_MOUSE: id, x, y, z, state of the buttons."),
    NOARGS(getsyx, "The cursor of the virtual screen."),
    ONE(getwin, "file", "A window that putwin() has written."),
    ONE(halfdelay, "tenths", "As cbreak(), but reading ends without a key after that many tenths of a second."),
    NOARGS(has_colors, "Whether the terminal has colours."),
    NOARGS(has_ic, "Whether the terminal can insert and delete characters."),
    NOARGS(has_il, "Whether the terminal can insert and delete lines."),
    ONE(has_key, "key", "Whether the terminal has a key."),
    NOARGS(initscr, "Begins to use the terminal; its window."),
    ONE(intrflush, "flag", "Whether an interrupt drops what is still to be written."),
    TWO(is_term_resized, "nlines, ncols", "Whether resize_term() would change anything."),
    NOARGS(isendwin, "Whether endwin() has been called."),
    ONE(keyname, "key", "The name of a key's number."),
    NOARGS(killchar, "The key that erases a line."),
    NOARGS(longname, "The terminal's long name."),
    ONE(meta, "yes", "Whether keys have eight bits."),
    ONE(mouseinterval, "interval", "The longest time of a click, in ms."),
    ONE(mousemask, "newmask", "Which of the mouse's events are told; (those that can be, those before)."),
    ONE(napms, "ms", "Sleeps."),
    TWO(newpad, "nlines, ncols", "A window of any size, parts of which are shown."),
    {"newwin", newwin_, METH_VARARGS, "newwin(nlines, ncols, [begin_y=0, begin_x=0])\nA window; 0 lines or columns: up to the edge."},
    FLAG(nl, "The enter key is read as a line feed, which is written as a new line."),
    NOARGS(nocbreak, "Keys are read with their line."),
    NOARGS(noecho, "Does not show what is typed."),
    NOARGS(nonl, "Ends nl()."),
    NOARGS(noqiflush, "An interrupt leaves what is to be read and written."),
    NOARGS(noraw, "Ends raw()."),
    FLAG(qiflush, "An interrupt drops what is to be read and written."),
    FLAG(raw, "Keys are read at once, and none sends a signal."),
    NOARGS(reset_prog_mode, "Back to the modes of def_prog_mode()."),
    NOARGS(reset_shell_mode, "Back to the modes of def_shell_mode()."),
    NOARGS(resetty, "Back to the modes of savetty()."),
    TWO(resize_term, "nlines, ncols", "Changes the size of the screen."),
    TWO(resizeterm, "nlines, ncols", "Changes the size of the screen as the terminal's has changed."),
    NOARGS(savetty, "Remembers the terminal's modes."),
    ONE(set_escdelay, "ms", "Sets how long an escape key waits for more of a sequence."),
    ONE(set_tabsize, "size", "Sets the columns between tabulator stops."),
    TWO(setsyx, "y, x", "Sets the cursor of the virtual screen; -1, -1: it may be anywhere."),
    NOARGS(termattrs, "All attributes that the terminal has."),
    NOARGS(termname, "The terminal's name, at most 14 characters of TERM."),
    ONE(typeahead, "fd", "Writing pauses when there is something to read from fd; -1: it doesn't."),
    ONE(unctrl, "ch", "A character as it can be shown, ^A for control-A."),
    ONE(unget_wch, "ch", "The character is what get_wch() gives next."),
    ONE(ungetch, "ch", "The key is what getch() gives next."),
    {"ungetmouse", ungetmouse_, METH_VARARGS,
     "ungetmouse($module, id, x, y, z, bstate, /)\n--\n\nThe event is what getmouse() gives next, and KEY_MOUSE what getch() does."},
    {"update_lines_cols", update_lines_cols, METH_NOARGS, "update_lines_cols($module, /)\n--\n\nSets LINES and COLS."},
    ONE(use_env, "flag", "Whether initscr() looks at LINES and COLUMNS of the environment."),
    {NULL}};
