/* library.c - loads the curses library and finds what symbols.def lists.
 *
 * It is the one that lib-dynload's `_curses_panel` is linked with: libncursesw with wide characters, and through it libtinfo. Two copies of it
 * in a process would each have their own idea of the screen, so it can't be linked into the program.
 */
#include "module/curses/curses_module.h"
#include <dlfcn.h>

#define LIBRARY "libncursesw.so." Py_STRINGIFY(NCURSES_VERSION_MAJOR)

static const struct { const char *name; size_t offset; } symbols[] = {
#define F(name) {#name, offsetof(KrCurses, name)},
#define V(name) {#name, offsetof(KrCurses, name)},
#include "module/curses/symbols.def"
#undef F
#undef V
    {"setupterm", offsetof(KrCurses, setupterm)},
};

int kr_curses_load(void) {
    if (KR_CURSES) return 0;
    void *handle = dlopen(LIBRARY, RTLD_NOW);
    KrCurses *c = handle ? PyMem_RawCalloc(1, sizeof *c) : NULL;
    const char *problem = handle ? NULL : dlerror();
    for (size_t i = 0; c && i < KR_ARRAY_LEN(symbols); i++) {
        void *found = dlsym(handle, symbols[i].name);
        if (!found) {
            problem = dlerror();
            break;
        }
        memcpy((char *)c + symbols[i].offset, &found, sizeof found);
    }
    if (c && !problem) {
        kr_runtime.process.curses = c;
        return 0;
    }
    PyObject *name = PyUnicode_FromString("_curses"), *text = PyUnicode_FromFormat("_curses: %s", problem ? problem : "out of memory");
    if (name && text) PyErr_SetImportError(text, name, NULL);
    Py_XDECREF(name);
    Py_XDECREF(text);
    PyMem_RawFree(c);
    if (handle) dlclose(handle);
    return -1;
}

/* ------------------------------------------------------------------ states and errors */

static int require(bool state, const char *what) {
    if (!state) PyErr_Format(NC.error, "must call %s first", what);
    return state;
}
int kr_curses_terminal_known(void) { return require(NC.terminal_known, "(at least) setupterm()"); }
int kr_curses_initialised(void) { return require(NC.initialised, "initscr()"); }
int kr_curses_has_colours(void) { return require(NC.has_colours, "start_color()"); }

PyObject *kr_curses_checked(int code, const char *name) {
    if (code != ERR) Py_RETURN_NONE;
    PyErr_Format(NC.error, "%s() returned ERR", name);
    return NULL;
}

/* ------------------------------------------------------------------ characters */

/* "expect bytes or str of length 1, or int, got ..." */
static int no_character(PyObject *o) {
    if (PyUnicode_Check(o))
        PyErr_Format(PyExc_TypeError, "expect bytes or str of length 1, or int, got a str of length %zd", PyUnicode_GET_LENGTH(o));
    else
        PyErr_Format(PyExc_TypeError, "expect bytes or str of length 1, or int, got %s", Py_TYPE(o)->tp_name);
    return -1;
}
static int as_chtype(long value, chtype *result) {
    *result = (chtype)value;
    if ((long)*result == value) return 0;
    PyErr_SetString(PyExc_OverflowError, "byte doesn't fit in chtype");
    return -1;
}
int kr_curses_chtype(PyObject *o, const char *encoding, chtype *result) {
    long value = -1;
    if (PyBytes_Check(o) && PyBytes_GET_SIZE(o) == 1) {
        value = (unsigned char)PyBytes_AS_STRING(o)[0];
    } else if (PyUnicode_Check(o) && PyUnicode_GET_LENGTH(o) == 1) {
        value = (long)PyUnicode_READ_CHAR(o, 0);
        if (value > 128) {
            PyObject *bytes = PyUnicode_AsEncodedString(o, encoding, NULL);
            if (!bytes) return -1;
            value = PyBytes_GET_SIZE(bytes) == 1 ? (unsigned char)PyBytes_AS_STRING(bytes)[0] : -1;
            Py_DECREF(bytes);
        }
    } else if (PyLong_CheckExact(o)) {
        int overflow;
        value = PyLong_AsLongAndOverflow(o, &overflow);     /* -1, which is no character, when it doesn't fit */
    } else {
        return no_character(o);
    }
    return as_chtype(value, result);
}
int kr_curses_character(PyObject *o, chtype *narrow, wchar_t wide[2]) {
    long value;
    int overflow = 0;
    if (PyUnicode_Check(o)) {
        if (PyUnicode_GET_LENGTH(o) != 1) return no_character(o), 0;
        wide[0] = (wchar_t)PyUnicode_READ_CHAR(o, 0);
        wide[1] = 0;
        return 2;
    }
    if (PyBytes_Check(o) && PyBytes_GET_SIZE(o) == 1) value = (unsigned char)PyBytes_AS_STRING(o)[0];
    else if (!PyLong_CheckExact(o)) return no_character(o), 0;
    else value = PyLong_AsLongAndOverflow(o, &overflow);
    if (overflow) {
        PyErr_SetString(PyExc_OverflowError, "int doesn't fit in long");
        return 0;
    }
    return as_chtype(value, narrow) == 0;
}
