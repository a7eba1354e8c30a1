/* traceback.h - what the public headers leave out of the traceback API. */
#ifndef KRAIT_TRACEBACK_H
#define KRAIT_TRACEBACK_H
#include "krait.h"

/* Write a thread's, or all threads', frames to fd without allocating or taking locks (for fault handlers). The second
 * returns NULL, or a message when there is nothing to show. */
PyAPI_FUNC(void) _Py_DumpTraceback(int fd, PyThreadState *);
PyAPI_FUNC(const char *) _Py_DumpTracebackThreads(int fd, PyInterpreterState *, PyThreadState *current);
/* The names of loaded extension modules that sys.stdlib_module_names doesn't have; only reads memory. */
PyAPI_FUNC(void) _Py_DumpExtensionModules(int fd, PyInterpreterState *);
/* Signal-safe pieces of the same. */
PyAPI_FUNC(void) _Py_DumpASCII(int fd, PyObject *text);
PyAPI_FUNC(void) _Py_DumpDecimal(int fd, size_t value);
PyAPI_FUNC(void) _Py_DumpHexadecimal(int fd, uintptr_t value, Py_ssize_t width);
/* PyTraceBack_Print with `indent` blanks and a margin before each line; the header has a margin of its own. */
PyAPI_FUNC(int) _PyTraceBack_Print_Indented(PyObject *tb, int indent, const char *margin, const char *header_margin, const char *header, PyObject *file) KR_MAY_RAISE KR_RUNS_PYTHON;
/* An exception as it is printed when nothing catches it, to a file (None: nothing is printed). */
PyAPI_FUNC(void) _PyErr_Display(PyObject *file, PyObject *type, PyObject *value, PyObject *tb) KR_RUNS_PYTHON;
PyAPI_FUNC(int) _Py_WriteIndent(int indent, PyObject *file) KR_MAY_RAISE KR_RUNS_PYTHON;
PyAPI_FUNC(int) _Py_WriteIndentedMargin(int indent, const char *margin, PyObject *file) KR_MAY_RAISE KR_RUNS_PYTHON;

#endif
