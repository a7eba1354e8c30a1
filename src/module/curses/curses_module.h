/* curses_module.h - what the files of `_curses` share: the curses library, the state of the terminal, windows.
 *
 * The library is not linked: it is loaded when the module is imported (library.c), so that start-up has nothing to load. Its functions are
 * called through a table, NC.name(...). There is one terminal a process, and so is what has been done to it; both hang from the runtime.
 */
#ifndef KRAIT_CURSES_MODULE_H
#define KRAIT_CURSES_MODULE_H
#include "krait.h"
#define NCURSES_NOMACROS 1
#define NCURSES_OPAQUE 1
#define CURSES_MODULE
#include <py_curses.h>

typedef struct {
#define F(name) __typeof__(&name) name;
#define V(name) __typeof__(&name) name;
#include "module/curses/symbols.def"
#undef F
#undef V
    int (*setupterm)(const char *term, int fd, int *error);     /* term.h declares it, among macros like `lines` */
    bool terminal_known, initialised, has_colours;              /* setupterm(), initscr(), start_color() have been called */
    char *encoding;             /* the first window's; PyMem_Raw */
    KrInterp *owner;            /* the interpreter whose module uses the terminal, or NULL; what follows is the module's, which outlives its windows */
    PyTypeObject *window_type;  /* borrowed */
    PyObject *error, *module_dict;
    void *api[PyCurses_API_pointers];
} KrCurses;
#define KR_CURSES ((KrCurses *)kr_runtime.process.curses)
#define NC (*KR_CURSES)

/* library.c: loads the library once; -1 with ImportError. */
int kr_curses_load(void) KR_MAY_RAISE;

/* The three states a function may need; 0 with _curses.error. Other extension modules call them, too, through the capsule _C_API. */
int kr_curses_terminal_known(void) KR_MAY_RAISE;
int kr_curses_initialised(void) KR_MAY_RAISE;
int kr_curses_has_colours(void) KR_MAY_RAISE;

/* None, or for ERR _curses.error "name() returned ERR". */
PyObject *kr_curses_checked(int code, const char *name) KR_NEW_REF KR_MAY_RAISE;
/* A window object that takes win over; NULL as win is an error. encoding NULL: the locale's. */
PyObject *kr_curses_window(WINDOW *win, const char *encoding) KR_NEW_REF KR_MAY_RAISE;
/* window.c: the type _curses.window. text.c: its methods that write and read text. */
PyTypeObject *kr_curses_window_type(PyObject *module) KR_NEW_REF KR_MAY_RAISE;
extern PyMethodDef kr_curses_text_methods[];

/* A character as the library's cells have it: of bytes or str of length 1, or an int. encoding: of characters that aren't ASCII. */
int kr_curses_chtype(PyObject *o, const char *encoding, chtype *result) KR_MAY_RAISE;
/* The same; a str may also be any character, then the result is 2 and wide has it. Else 1, or 0 with an exception. */
int kr_curses_character(PyObject *o, chtype *narrow, wchar_t wide[2]) KR_MAY_RAISE;

/* screen.c: what belongs to no window. color.c, terminfo.c: the rest of the functions. */
extern PyMethodDef kr_curses_screen_functions[], kr_curses_color_functions[], kr_curses_terminfo_functions[];
/* Calls of functions that take one int: METH_O. -1 with an exception. */
KR_INLINE int kr_curses_int(PyObject *o, int *value) {
    *value = _PyLong_AsInt(o);
    return *value == -1 && PyErr_Occurred() ? -1 : 0;
}

#define WINDOW_OF(self) (((PyCursesWindowObject *)(self))->win)

#endif
