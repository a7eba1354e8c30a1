/* text.c - methods of windows that write text into their cells, or read it: from the cells, or from the keyboard.
 *
 * Most may be told where to write (y, x first) and with which attributes (last). Strings go to the library as wide characters, bytes as they
 * are; functions for single cells (all but addch) know only characters of one byte in the window's encoding.
 */
#include "module/curses/curses_module.h"

static PyObject *wrong_count(const char *name, int least, int most) {
    PyErr_Format(PyExc_TypeError, "_curses.window.%s requires %d to %d arguments", name, least, most);
    return NULL;
}
static const char *encoding_of(PyObject *self) { return ((PyCursesWindowObject *)self)->encoding; }
static int chtype_of(PyObject *self, PyObject *o, chtype *c) { return kr_curses_chtype(o, encoding_of(self), c); }

/* [y, x,] what, [n,] [attr] */
typedef struct {
    bool at, with_attr;
    int y, x, n;
    PyObject *what;
    long attr;
} Arguments;
static bool parse(PyObject *args, const char *name, bool with_n, Arguments *a) {
    Py_ssize_t extra = PyTuple_GET_SIZE(args) - (with_n ? 2 : 1);
    *a = (Arguments){.at = extra >= 2, .with_attr = extra & 1};
    if (extra < 0 || extra > 3) return wrong_count(name, with_n ? 2 : 1, with_n ? 5 : 4);
    char format[60];
    snprintf(format, sizeof format, "%sO%s%s:%s", a->at ? "ii" : "", with_n ? "i" : "", a->with_attr ? "l" : "", name);
    if (a->at && with_n) return PyArg_ParseTuple(args, format, &a->y, &a->x, &a->what, &a->n, &a->attr);
    if (a->at) return PyArg_ParseTuple(args, format, &a->y, &a->x, &a->what, &a->attr);
    return with_n ? PyArg_ParseTuple(args, format, &a->what, &a->n, &a->attr) : PyArg_ParseTuple(args, format, &a->what, &a->attr);
}
/* Moves the cursor where the arguments say; ERR when that is outside. */
static int go(PyObject *self, const Arguments *a) { return a->at ? NC.wmove(WINDOW_OF(self), a->y, a->x) : OK; }

/* ------------------------------------------------------------------ writing */

static PyObject *window_addch(PyObject *self, PyObject *args) {
    Arguments a;
    chtype narrow;
    wchar_t wide[2];
    if (!parse(args, "addch", false, &a)) return NULL;
    int kind = kr_curses_character(a.what, &narrow, wide), r = ERR;
    if (!kind) return NULL;
    if (kind == 2) {
        cchar_t cell;
        r = NC.setcchar(&cell, wide, (attr_t)a.attr, (short)NC.PAIR_NUMBER((int)a.attr), NULL);
        if (r == OK) r = go(self, &a);
        if (r == OK) r = NC.wadd_wch(WINDOW_OF(self), &cell);
        return kr_curses_checked(r, "add_wch");
    }
    if (go(self, &a) == OK) r = NC.waddch(WINDOW_OF(self), narrow | (attr_t)a.attr);
    return kr_curses_checked(r, "addch");
}

/* What addstr, addnstr, insstr and insnstr do; n -1: all of it. */
static PyObject *write_text(PyObject *self, const Arguments *a, int n, bool insert, const char *wide_name, const char *narrow_name) {
    WINDOW *w = WINDOW_OF(self);
    wchar_t *wide = NULL;
    char *narrow = NULL;
    if (PyUnicode_Check(a->what)) {
        Py_ssize_t length;
        if (!(wide = PyUnicode_AsWideCharString(a->what, &length))) return NULL;
        if ((Py_ssize_t)wcslen(wide) != length) {
            PyMem_Free(wide);
            PyErr_SetString(PyExc_ValueError, "embedded null character");
            return NULL;
        }
    } else if (!PyBytes_Check(a->what)) {
        PyErr_Format(PyExc_TypeError, "expect bytes or str, got %s", Py_TYPE(a->what)->tp_name);
        return NULL;
    } else if (PyBytes_AsStringAndSize(a->what, &narrow, NULL) < 0) {
        return NULL;
    }
    attr_t before = 0;
    if (a->with_attr) {
        before = (attr_t)NC.getattrs(w);
        NC.wattrset(w, (int)a->attr);
    }
    int r = go(self, a);
    if (r == OK && wide) r = insert ? NC.wins_nwstr(w, wide, n) : NC.waddnwstr(w, wide, n);
    else if (r == OK) r = insert ? NC.winsnstr(w, narrow, n) : NC.waddnstr(w, narrow, n);
    if (a->with_attr) NC.wattrset(w, (int)before);
    const char *name = wide ? wide_name : narrow_name;
    PyMem_Free(wide);
    return kr_curses_checked(r, name);
}
static PyObject *window_addstr(PyObject *self, PyObject *args) {
    Arguments a;
    return parse(args, "addstr", false, &a) ? write_text(self, &a, -1, false, "addwstr", "addstr") : NULL;
}
static PyObject *window_addnstr(PyObject *self, PyObject *args) {
    Arguments a;
    return parse(args, "addnstr", true, &a) ? write_text(self, &a, a.n, false, "addnwstr", "addnstr") : NULL;
}
static PyObject *window_insstr(PyObject *self, PyObject *args) {
    Arguments a;
    return parse(args, "insstr", false, &a) ? write_text(self, &a, -1, true, "inswstr", "insstr") : NULL;
}
static PyObject *window_insnstr(PyObject *self, PyObject *args) {
    Arguments a;
    return parse(args, "insnstr", true, &a) ? write_text(self, &a, a.n, true, "insn_wstr", "insnstr") : NULL;
}
static PyObject *window_insch(PyObject *self, PyObject *args) {
    Arguments a;
    chtype c;
    if (!parse(args, "insch", false, &a) || chtype_of(self, a.what, &c) < 0) return NULL;
    return kr_curses_checked(go(self, &a) == ERR ? ERR : NC.winsch(WINDOW_OF(self), c | (attr_t)a.attr), "insch");
}
static PyObject *draw_line(PyObject *self, PyObject *args, const char *name, int (*draw)(WINDOW *, chtype, int)) {
    Arguments a;
    chtype c;
    if (!parse(args, name, true, &a) || chtype_of(self, a.what, &c) < 0) return NULL;
    if (go(self, &a) == ERR) return kr_curses_checked(ERR, "wmove");
    return kr_curses_checked(draw(WINDOW_OF(self), c | (attr_t)a.attr, a.n), name);
}
static PyObject *window_hline(PyObject *self, PyObject *args) { return draw_line(self, args, "hline", NC.whline); }
static PyObject *window_vline(PyObject *self, PyObject *args) { return draw_line(self, args, "vline", NC.wvline); }

/* ch, attr=A_NORMAL */
static int character_and_attr(PyObject *self, const char *name, PyObject *const *args, Py_ssize_t n, chtype *c) {
    if (!_PyArg_CheckPositional(name, n, 1, 2)) return -1;
    long attr = n > 1 ? PyLong_AsLong(args[1]) : 0;
    if ((attr == -1 && PyErr_Occurred()) || chtype_of(self, args[0], c) < 0) return -1;
    *c |= (attr_t)attr;
    return 0;
}
static PyObject *window_echochar(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    chtype c;
    if (character_and_attr(self, "echochar", args, n, &c) < 0) return NULL;
    WINDOW *w = WINDOW_OF(self);
    return kr_curses_checked(NC.is_pad(w) ? NC.pechochar(w, c) : NC.wechochar(w, c), "echochar");
}
static PyObject *window_bkgd(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    chtype c;
    return character_and_attr(self, "bkgd", args, n, &c) < 0 ? NULL : kr_curses_checked(NC.wbkgd(WINDOW_OF(self), c), "bkgd");
}
static PyObject *window_bkgdset(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    chtype c;
    if (character_and_attr(self, "bkgdset", args, n, &c) < 0) return NULL;
    NC.wbkgdset(WINDOW_OF(self), c);
    Py_RETURN_NONE;
}
static PyObject *window_getbkgd(PyObject *self, PyObject *unused) { return PyLong_FromLong((long)NC.getbkgd(WINDOW_OF(self))); }

static PyObject *window_border(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    chtype c[8] = {0};
    if (!_PyArg_CheckPositional("border", n, 0, 8)) return NULL;
    for (Py_ssize_t i = 0; i < n; i++)
        if (chtype_of(self, args[i], &c[i]) < 0) return NULL;
    NC.wborder(WINDOW_OF(self), c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]);
    Py_RETURN_NONE;
}
static PyObject *window_box(PyObject *self, PyObject *args) {
    chtype v = 0, h = 0;
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n != 0 && n != 2) return wrong_count("box", 0, 2);
    if (n && (chtype_of(self, PyTuple_GET_ITEM(args, 0), &v) < 0 || chtype_of(self, PyTuple_GET_ITEM(args, 1), &h) < 0)) return NULL;
    NC.wborder(WINDOW_OF(self), v, v, h, h, 0, 0, 0, 0);
    Py_RETURN_NONE;
}

static PyObject *set_attr(PyObject *self, PyObject *o, int (*set)(WINDOW *, int), const char *name) {
    long attr = PyLong_AsLong(o);
    return attr == -1 && PyErr_Occurred() ? NULL : kr_curses_checked(set(WINDOW_OF(self), (int)attr), name);
}
static PyObject *window_attron(PyObject *self, PyObject *o) { return set_attr(self, o, NC.wattron, "attron"); }
static PyObject *window_attroff(PyObject *self, PyObject *o) { return set_attr(self, o, NC.wattroff, "attroff"); }
static PyObject *window_attrset(PyObject *self, PyObject *o) { return set_attr(self, o, NC.wattrset, "attrset"); }

static PyObject *window_chgat(PyObject *self, PyObject *args) {
    int y, x, n = -1;
    long attr = 0;
    WINDOW *w = WINDOW_OF(self);
    bool at = PyTuple_GET_SIZE(args) > 2, good;
    switch (PyTuple_GET_SIZE(args)) {
    case 1: good = PyArg_ParseTuple(args, "l;attr", &attr); break;
    case 2: good = PyArg_ParseTuple(args, "il;n,attr", &n, &attr); break;
    case 3: good = PyArg_ParseTuple(args, "iil;y,x,attr", &y, &x, &attr); break;
    case 4: good = PyArg_ParseTuple(args, "iiil;y,x,n,attr", &y, &x, &n, &attr); break;
    default:
        PyErr_SetString(PyExc_TypeError, "chgat requires 1 to 4 arguments");
        return NULL;
    }
    if (!good) return NULL;
    int r = at ? NC.wmove(w, y, x) : OK;
    if (!at) y = NC.getcury(w);
    short color = (short)NC.PAIR_NUMBER((int)attr);
    if (r == OK) r = NC.wchgat(w, n, (attr_t)attr & ~(attr_t)A_COLOR, color, NULL);
    NC.wtouchln(w, y, 1, 1);
    return kr_curses_checked(r, "chgat");
}

/* ------------------------------------------------------------------ reading cells */

/* [y, x]: moves there. false with an exception; *r ERR when it is outside. */
static bool place(PyObject *self, PyObject *args, const char *name, int *r) {
    int y, x;
    char format[30];
    *r = OK;
    if (PyTuple_GET_SIZE(args) == 0) return true;
    if (PyTuple_GET_SIZE(args) != 2) return wrong_count(name, 0, 2);
    snprintf(format, sizeof format, "ii:%s", name);
    if (!PyArg_ParseTuple(args, format, &y, &x)) return false;
    *r = NC.wmove(WINDOW_OF(self), y, x);
    return true;
}
static PyObject *window_delch(PyObject *self, PyObject *args) {
    int r;
    if (!place(self, args, "delch", &r)) return NULL;
    return kr_curses_checked(r == OK ? NC.wdelch(WINDOW_OF(self)) : ERR, PyTuple_GET_SIZE(args) ? "mvwdelch" : "wdelch");
}
static PyObject *window_inch(PyObject *self, PyObject *args) {
    int r;
    if (!place(self, args, "inch", &r)) return NULL;
    return PyLong_FromUnsignedLong(r == OK ? NC.winch(WINDOW_OF(self)) : (chtype)ERR);
}

enum { LINE_MAX_SIZE = 1023 };
/* [y, x,] [n]: moves there; n as it is used, at most LINE_MAX_SIZE. -1 with an exception; *r ERR when the place is outside. */
static int line_arguments(PyObject *self, PyObject *args, const char *complaint, int *r) {
    int y, x, n = LINE_MAX_SIZE;
    bool good = true, at = PyTuple_GET_SIZE(args) >= 2;
    switch (PyTuple_GET_SIZE(args)) {
    case 0: break;
    case 1: good = PyArg_ParseTuple(args, "i;n", &n); break;
    case 2: good = PyArg_ParseTuple(args, "ii;y,x", &y, &x); break;
    case 3: good = PyArg_ParseTuple(args, "iii;y,x,n", &y, &x, &n); break;
    default:
        PyErr_SetString(PyExc_TypeError, complaint);
        return -1;
    }
    if (!good) return -1;
    if (n < 0) {
        PyErr_SetString(PyExc_ValueError, "'n' must be nonnegative");
        return -1;
    }
    *r = at ? NC.wmove(WINDOW_OF(self), y, x) : OK;
    return n < LINE_MAX_SIZE ? n : LINE_MAX_SIZE;
}
static PyObject *window_instr(PyObject *self, PyObject *args) {
    char text[LINE_MAX_SIZE + 1];
    int r, n = line_arguments(self, args, "instr requires 0 or 3 arguments", &r);
    if (n < 0) return NULL;
    if (r == OK) r = NC.winnstr(WINDOW_OF(self), text, n);
    return PyBytes_FromString(r == ERR ? "" : text);
}

/* ------------------------------------------------------------------ the keyboard */

static PyObject *window_getstr(PyObject *self, PyObject *args) {
    char text[LINE_MAX_SIZE + 1];
    int r, n = line_arguments(self, args, "getstr requires 0 to 3 arguments", &r);
    if (n < 0) return NULL;
    Py_BEGIN_ALLOW_THREADS
    if (r == OK) r = NC.wgetnstr(WINDOW_OF(self), text, n);
    Py_END_ALLOW_THREADS
    return PyBytes_FromString(r == ERR ? "" : text);
}
/* A key, after moving to [y, x]. false with an exception. */
static bool read_key(PyObject *self, PyObject *args, const char *name, int *key) {
    int r;
    if (!place(self, args, name, &r)) return false;
    Py_BEGIN_ALLOW_THREADS
    *key = r == OK ? NC.wgetch(WINDOW_OF(self)) : ERR;
    Py_END_ALLOW_THREADS
    return true;
}
static PyObject *no_input(void) {
    if (PyErr_CheckSignals() == 0) PyErr_SetString(NC.error, "no input");
    return NULL;
}
static PyObject *window_getch(PyObject *self, PyObject *args) {
    int key;
    return read_key(self, args, "getch", &key) ? PyLong_FromLong(key) : NULL;
}
static PyObject *window_getkey(PyObject *self, PyObject *args) {
    int key;
    if (!read_key(self, args, "getkey", &key)) return NULL;
    if (key == ERR) return no_input();
    if (key <= 255) return PyUnicode_FromOrdinal(key);
    const char *name = NC.keyname(key);
    return PyUnicode_FromString(name ? name : "");
}
static PyObject *window_get_wch(PyObject *self, PyObject *args) {
    int r;
    wint_t c = 0;
    if (!place(self, args, "get_wch", &r)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    if (r == OK) r = NC.wget_wch(WINDOW_OF(self), &c);
    Py_END_ALLOW_THREADS
    if (r == ERR) return no_input();
    return r == KEY_CODE_YES ? PyLong_FromLong((long)c) : PyUnicode_FromOrdinal((int)c);
}

PyMethodDef kr_curses_text_methods[] = {
    {"addch", window_addch, METH_VARARGS, "addch([y, x,] ch, [attr=_curses.A_NORMAL])\nWrites a character over what is there."},
    {"addnstr", window_addnstr, METH_VARARGS, "addnstr([y, x,] str, n, [attr])\nWrites at most n characters."},
    {"addstr", window_addstr, METH_VARARGS, "addstr([y, x,] str, [attr])\nWrites a string over what is there."},
    {"attroff", window_attroff, METH_O, "attroff($self, attr, /)\n--\n\nText written from now on is without the attribute."},
    {"attron", window_attron, METH_O, "attron($self, attr, /)\n--\n\nText written from now on has the attribute, too."},
    {"attrset", window_attrset, METH_O, "attrset($self, attr, /)\n--\n\nText written from now on has these attributes."},
    {"bkgd", KR_METH(window_bkgd), METH_FASTCALL, "bkgd($self, ch, attr=_curses.A_NORMAL, /)\n--\n\nGives every cell a new background."},
    {"bkgdset", KR_METH(window_bkgdset), METH_FASTCALL,
     "bkgdset($self, ch, attr=_curses.A_NORMAL, /)\n--\n\nSets the background of cells written from now on."},
    {"border", KR_METH(window_border), METH_FASTCALL,
     "border($self, ls=_curses.ACS_VLINE, rs=_curses.ACS_VLINE,\n       ts=_curses.ACS_HLINE, bs=_curses.ACS_HLINE,\n"
     "       tl=_curses.ACS_ULCORNER, tr=_curses.ACS_URCORNER,\n"
     "       bl=_curses.ACS_LLCORNER, br=_curses.ACS_LRCORNER, /)\n--\n\nDraws a frame along the edges; 0: the usual character."},
    {"box", window_box, METH_VARARGS, "box([verch=0, horch=0])\nDraws a frame along the edges."},
    {"chgat", window_chgat, METH_VARARGS,
     "chgat(attr), chgat(n, attr), chgat(y, x, attr), chgat(y, x, n, attr)\n\nChanges the attributes of n cells, or of the rest of the line."},
    {"delch", window_delch, METH_VARARGS, "delch([y, x])\nTakes a character out of its line."},
    {"echochar", KR_METH(window_echochar), METH_FASTCALL,
     "echochar($self, ch, attr=_curses.A_NORMAL, /)\n--\n\nWrites a character and shows it at once."},
    {"get_wch", window_get_wch, METH_VARARGS, "get_wch([y, x])\nWaits for a character, a str, or for another key, an int."},
    {"getbkgd", window_getbkgd, METH_NOARGS, "getbkgd($self, /)\n--\n\nThe background's character and attributes."},
    {"getch", window_getch, METH_VARARGS, "getch([y, x])\nWaits for a key's number; -1 without one."},
    {"getkey", window_getkey, METH_VARARGS, "getkey([y, x])\nWaits for a key's name or character."},
    {"getstr", window_getstr, METH_VARARGS, "getstr(), getstr(n), getstr(y, x), getstr(y, x, n)\n\nReads a line, as bytes."},
    {"hline", window_hline, METH_VARARGS, "hline([y, x,] ch, n, [attr=_curses.A_NORMAL])\nDraws a horizontal line."},
    {"inch", window_inch, METH_VARARGS, "inch([y, x])\nA cell's character and attributes."},
    {"insch", window_insch, METH_VARARGS, "insch([y, x,] ch, [attr=_curses.A_NORMAL])\nPuts a character before what is there."},
    {"insnstr", window_insnstr, METH_VARARGS, "insnstr([y, x,] str, n, [attr])\nPuts at most n characters before what is there."},
    {"insstr", window_insstr, METH_VARARGS, "insstr([y, x,] str, [attr])\nPuts a string before what is there."},
    {"instr", window_instr, METH_VARARGS, "instr(), instr(n), instr(y, x), instr(y, x, n)\n\nThe characters of a line, as bytes."},
    {"vline", window_vline, METH_VARARGS, "vline([y, x,] ch, n, [attr=_curses.A_NORMAL])\nDraws a vertical line."},
    {NULL}};
