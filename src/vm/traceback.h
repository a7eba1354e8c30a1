/* traceback.h - what the public headers leave out of the traceback API. */
#ifndef KRAIT_TRACEBACK_H
#define KRAIT_TRACEBACK_H
#include "krait.h"

/* Write a thread's, or all threads', frames to fd without allocating or taking locks (for fault handlers). The second
 * returns NULL, or a message when there is nothing to show. */
PyAPI_FUNC(void) _Py_DumpTraceback(int fd, PyThreadState *);
PyAPI_FUNC(const char *) _Py_DumpTracebackThreads(int fd, PyInterpreterState *, PyThreadState *current);
/* Signal-safe pieces of the same. */
PyAPI_FUNC(void) _Py_DumpASCII(int fd, PyObject *text);
PyAPI_FUNC(void) _Py_DumpDecimal(int fd, size_t value);
PyAPI_FUNC(void) _Py_DumpHexadecimal(int fd, uintptr_t value, Py_ssize_t width);

#endif
