/* fileobject.c - PyFile_*: file objects seen from C, and line input for input() and the interactive loop. */
#include "krait.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

PyAPI_FUNC(Py_ssize_t) _Py_write(int fd, const void *buf, size_t count);

PyObject *PyFile_FromFd(int fd, const char *name, const char *mode, int buffering, const char *encoding, const char *errors,
                        const char *newline, int closefd) {
    PyObject *io = PyImport_ImportModule("io");
    PyObject *f = io ? PyObject_CallMethod(io, "open", "isisssO", fd, mode, buffering, encoding, errors, newline, closefd ? Py_True : Py_False) : NULL;
    Py_XDECREF(io);
    return f;
}
PyObject *PyFile_OpenCodeObject(PyObject *path) {
    if (!PyUnicode_Check(path)) {
        PyErr_Format(PyExc_TypeError, "'path' must be 'str', not '%.200s'", Py_TYPE(path)->tp_name);
        return NULL;
    }
    KrRuntimeProcess *p = &kr_runtime.process;
    if (p->open_code_hook) return p->open_code_hook(path, p->open_code_data);
    PyObject *io = PyImport_ImportModule("_io");
    PyObject *f = io ? PyObject_CallMethod(io, "open", "Os", path, "rb") : NULL;
    Py_XDECREF(io);
    return f;
}
PyObject *PyFile_OpenCode(const char *path) {
    PyObject *p = PyUnicode_FromString(path);
    PyObject *f = p ? PyFile_OpenCodeObject(p) : NULL;
    Py_XDECREF(p);
    return f;
}
int PyFile_SetOpenCodeHook(Py_OpenCodeHookFunction hook, void *data) {
    if (kr_thread() && PySys_Audit("setopencodehook", NULL) < 0) return -1;
    KrRuntimeProcess *p = &kr_runtime.process;
    if (p->open_code_hook) {
        if (kr_thread()) PyErr_SetString(PyExc_SystemError, "failed to change existing open_code hook");
        return -1;
    }
    p->open_code_hook = hook;
    p->open_code_data = data;
    return 0;
}

int PyFile_WriteObject(PyObject *o, PyObject *f, int flags) {
    if (!f) {
        PyErr_SetString(PyExc_TypeError, "writeobject with NULL file");
        return -1;
    }
    PyObject *text = flags & Py_PRINT_RAW ? PyObject_Str(o) : PyObject_Repr(o);
    PyObject *r = text ? PyObject_CallMethodOneArg(f, KR_STR(write), text) : NULL;
    Py_XDECREF(text);
    Py_XDECREF(r);
    return r ? 0 : -1;
}
int PyFile_WriteString(const char *s, PyObject *f) {
    if (!f) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_SystemError, "null file for PyFile_WriteString");
        return -1;
    }
    if (PyErr_Occurred()) return -1;
    PyObject *text = PyUnicode_FromString(s);
    int rc = text ? PyFile_WriteObject(text, f, Py_PRINT_RAW) : -1;
    Py_XDECREF(text);
    return rc;
}

PyObject *PyFile_GetLine(PyObject *f, int n) {
    PyObject *line = n <= 0 ? PyObject_CallMethodNoArgs(f, KR_STR(readline)) : PyObject_CallMethod(f, "readline", "i", n);
    if (!line) return NULL;
    if (!PyBytes_Check(line) && !PyUnicode_Check(line)) {
        Py_DECREF(line);
        PyErr_SetString(PyExc_TypeError, "object.readline() returned non-string");
        return NULL;
    }
    if (n >= 0) return line;
    /* n < 0: a missing line is EOFError, the newline is taken off */
    Py_ssize_t size = PyBytes_Check(line) ? PyBytes_GET_SIZE(line) : PyUnicode_GET_LENGTH(line);
    if (size == 0) {
        Py_DECREF(line);
        PyErr_SetString(PyExc_EOFError, "EOF when reading a line");
        return NULL;
    }
    PyObject *cut = line;
    if (PyBytes_Check(line)) {
        if (PyBytes_AS_STRING(line)[size - 1] == '\n') cut = PyBytes_FromStringAndSize(PyBytes_AS_STRING(line), size - 1);
    } else if (PyUnicode_READ_CHAR(line, size - 1) == '\n') {
        cut = PyUnicode_Substring(line, 0, size - 1);
    }
    if (cut != line) Py_DECREF(line);
    return cut;
}

int PyObject_AsFileDescriptor(PyObject *o) {
    int fd = -1;
    PyObject *meth;
    if (PyLong_Check(o)) {
        if (PyBool_Check(o) && PyErr_WarnEx(PyExc_RuntimeWarning, "bool is used as a file descriptor", 1) < 0) return -1;
        fd = _PyLong_AsInt(o);
    } else if (_PyObject_LookupAttr(o, KR_STR(fileno), &meth) < 0) {
        return -1;
    } else if (meth) {
        PyObject *n = PyObject_CallNoArgs(meth);
        Py_DECREF(meth);
        if (!n) return -1;
        if (!PyLong_Check(n)) {
            PyErr_SetString(PyExc_TypeError, "fileno() returned a non-integer");
            Py_DECREF(n);
            return -1;
        }
        fd = _PyLong_AsInt(n);
        Py_DECREF(n);
    } else {
        PyErr_SetString(PyExc_TypeError, "argument must be an int, or have a fileno() method.");
        return -1;
    }
    if (fd == -1 && PyErr_Occurred()) return -1;
    if (fd < 0) {
        PyErr_Format(PyExc_ValueError, "file descriptor cannot be a negative integer (%i)", fd);
        return -1;
    }
    return fd;
}

/* fgets() that takes \r and \r\n for \n as well. */
char *Py_UniversalNewlineFgets(char *buf, int n, FILE *f, PyObject *fobj) {
    char *p = buf;
    if (fobj) {
        errno = ENXIO;
        return NULL;
    }
    int c = 0;
    while (--n > 0 && (c = getc(f)) != EOF) {
        if (c == '\r') {
            int next = getc(f);
            if (next != '\n' && next != EOF) ungetc(next, f);
            c = '\n';
        }
        *p++ = (char)c;
        if (c == '\n') break;
    }
    *p = 0;
    return p == buf ? NULL : buf;
}

/* ------------------------------------------------------------------ a stream without codecs, for sys.stderr while Python starts */

typedef struct {
    PyObject_HEAD
    int fd;
} StdPrinter;

PyObject *PyFile_NewStdPrinter(int fd) {
    if (fd != fileno(stdout) && fd != fileno(stderr)) {
        PyErr_BadInternalCall();
        return NULL;
    }
    StdPrinter *self = PyObject_New(StdPrinter, &PyStdPrinter_Type);
    if (self) self->fd = fd;
    return (PyObject *)self;
}
static PyObject *printer_write(PyObject *self, PyObject *text) {
    PyObject *bytes = PyUnicode_Check(text) ? PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace") : NULL;
    if (!bytes) {
        if (!PyErr_Occurred()) PyErr_Format(PyExc_TypeError, "write() argument must be str, not %.200s", Py_TYPE(text)->tp_name);
        return NULL;
    }
    Py_ssize_t n = _Py_write(((StdPrinter *)self)->fd, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes));
    Py_DECREF(bytes);
    return n < 0 ? NULL : PyLong_FromSsize_t(n);
}
static PyObject *printer_fileno(PyObject *self, PyObject *ignored) { return PyLong_FromLong(((StdPrinter *)self)->fd); }
static PyObject *printer_isatty(PyObject *self, PyObject *ignored) { return PyBool_FromLong(isatty(((StdPrinter *)self)->fd)); }
static PyObject *printer_nothing(PyObject *self, PyObject *ignored) { Py_RETURN_NONE; }
static PyObject *printer_repr(PyObject *self) { return PyUnicode_FromFormat("<stdprinter(fd=%d) object at %p>", ((StdPrinter *)self)->fd, self); }
static PyObject *printer_closed(PyObject *self, void *ignored) { Py_RETURN_FALSE; }
static PyObject *printer_encoding(PyObject *self, void *ignored) { Py_RETURN_NONE; }
static PyObject *printer_mode(PyObject *self, void *ignored) { return PyUnicode_FromString("w"); }
static PyMethodDef printer_methods[] = {
    {"close", printer_nothing, METH_NOARGS, PyDoc_STR("Does nothing.")},
    {"flush", printer_nothing, METH_NOARGS, PyDoc_STR("Does nothing: each write goes out at once.")},
    {"fileno", printer_fileno, METH_NOARGS, PyDoc_STR("The descriptor.")},
    {"isatty", printer_isatty, METH_NOARGS, PyDoc_STR("Whether it is a terminal.")},
    {"write", printer_write, METH_O, PyDoc_STR("Writes text as UTF-8.")},
    {NULL},
};
static PyGetSetDef printer_getsets[] = {
    {"closed", printer_closed, NULL, PyDoc_STR("False"), NULL},
    {"encoding", printer_encoding, NULL, PyDoc_STR("None"), NULL},
    {"mode", printer_mode, NULL, PyDoc_STR("\"w\""), NULL},
    {NULL},
};
PyTypeObject PyStdPrinter_Type = {
    PyVarObject_HEAD_INIT(&PyType_Type, 0)
    .tp_name = "stderrprinter",
    .tp_basicsize = sizeof(StdPrinter),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_repr = printer_repr,
    .tp_methods = printer_methods,
    .tp_getset = printer_getsets,
};

/* ------------------------------------------------------------------ PyOS_Readline */

int (*PyOS_InputHook)(void) = NULL;
char *(*PyOS_ReadlineFunctionPointer)(FILE *, FILE *, const char *) = NULL;
PyThreadState *_PyOS_ReadlineTState = NULL;

/* One line from a file that is no terminal, or without the readline module. NULL: interrupted or out of memory. */
static char *no_memory(char *line) {
    PyEval_RestoreThread(_PyOS_ReadlineTState);
    PyErr_NoMemory();
    _PyOS_ReadlineTState = PyEval_SaveThread();
    PyMem_RawFree(line);
    return NULL;
}
static char *plain_readline(FILE *in, FILE *out, const char *prompt) {
    size_t capacity = 256, n = 0;
    char *line = PyMem_RawMalloc(capacity);
    if (!line) return no_memory(NULL);
    fflush(out);
    if (prompt) fputs(prompt, stderr);
    fflush(stderr);
    for (;;) {
        errno = 0;
        if (PyOS_InputHook) PyOS_InputHook();
        if (!fgets(line + n, (int)(capacity - n), in)) {
            if (feof(in)) {
                clearerr(in);
                break;
            }
            if (errno == EINTR) {
                clearerr(in);
                PyEval_RestoreThread(_PyOS_ReadlineTState);
                int rc = PyErr_CheckSignals();
                _PyOS_ReadlineTState = PyEval_SaveThread();
                if (rc == 0) continue;
                PyMem_RawFree(line);
                return NULL;
            }
            clearerr(in);
            break;
        }
        n += strlen(line + n);
        if (n && line[n - 1] == '\n') break;
        char *more = PyMem_RawRealloc(line, capacity *= 2);
        if (!more) return no_memory(line);
        line = more;
    }
    line[n] = 0;
    return line;
}
char *PyOS_StdioReadline(FILE *in, FILE *out, const char *prompt) { return plain_readline(in, out, prompt); }

char *PyOS_Readline(FILE *in, FILE *out, const char *prompt) {
    if (_PyOS_ReadlineTState == PyThreadState_Get()) {
        PyErr_SetString(PyExc_RuntimeError, "can't re-enter readline");
        return NULL;
    }
    if (!PyOS_ReadlineFunctionPointer) PyOS_ReadlineFunctionPointer = plain_readline;
    bool tty = isatty(fileno(in)) && isatty(fileno(out));
    char *(*read)(FILE *, FILE *, const char *) = tty ? PyOS_ReadlineFunctionPointer : plain_readline;
    _PyOS_ReadlineTState = PyEval_SaveThread();
    char *raw = read(in, out, prompt);
    PyThreadState *ts = _PyOS_ReadlineTState;
    _PyOS_ReadlineTState = NULL;
    PyEval_RestoreThread(ts);
    if (!raw) return NULL;
    size_t n = strlen(raw) + 1;
    char *copy = PyMem_Malloc(n);
    if (copy) memcpy(copy, raw, n);
    else PyErr_NoMemory();
    PyMem_RawFree(raw);
    return copy;
}
