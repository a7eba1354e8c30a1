/* compile_error.c - how the compiler's passes complain, and how they watch their depth. */
#include "compile/symtable.h"
#include <stdarg.h>

#define DEPTH_PER_FRAME 3   /* levels of the tree that one unit of the recursion limit pays for */

void kr_depth_init(KrCompileDepth *d) {
    PyThreadState *ts = PyThreadState_Get();
    int used = ts->recursion_limit - ts->recursion_remaining, limit = ts->recursion_limit;
    d->depth = used < INT_MAX / DEPTH_PER_FRAME ? used * DEPTH_PER_FRAME : used;
    d->limit = limit < INT_MAX / DEPTH_PER_FRAME ? limit * DEPTH_PER_FRAME : INT_MAX;
}

int kr_depth_enter(KrCompileDepth *d) {
    bool low = false;
#ifndef KR_HARNESS
    low = kr_c_stack_low();
#endif
    if (KR_LIKELY(++d->depth <= d->limit && !low)) return 0;
    PyErr_SetString(PyExc_RecursionError, "maximum recursion depth exceeded during compilation");
    d->depth--;
    return -1;
}

static void raise_syntax_error(PyObject *filename, KrSpan at, PyObject *message) {
    PyObject *text = PyErr_ProgramTextObject(filename, at.lineno);
    if (!text) {
        PyErr_Clear();
        text = Py_NewRef(Py_None);
    }
    PyObject *args = Py_BuildValue("O(OiiNii)", message, filename, at.lineno, at.col_offset + 1, text,
                                   at.end_lineno, at.end_col_offset + 1);
    if (!args) return;
    PyErr_SetObject(PyExc_SyntaxError, args);
    Py_DECREF(args);
}

void kr_compile_error(PyObject *filename, KrSpan at, const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyObject *message = PyUnicode_FromFormatV(format, va);
    va_end(va);
    if (!message) return;
    raise_syntax_error(filename, at, message);
    Py_DECREF(message);
}

int kr_compile_warning(PyObject *filename, KrSpan at, const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyObject *message = PyUnicode_FromFormatV(format, va);
    va_end(va);
    if (!message) return -1;
    int r = PyErr_WarnExplicitObject(PyExc_SyntaxWarning, message, filename, at.lineno, NULL, NULL);
    if (r < 0 && PyErr_ExceptionMatches(PyExc_SyntaxWarning)) {
        PyErr_Clear();
        raise_syntax_error(filename, at, message);
    }
    Py_DECREF(message);
    return r;
}
