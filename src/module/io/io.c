/* io.c - _io: open() and the module object. */
#include "module/io/io.h"
#include <fcntl.h>
#include <unistd.h>

PyObject *PyOS_FSPath(PyObject *);

/* Calls a class with arguments from a format; the two steps of building a stream. */
static PyObject *make(PyTypeObject *type, const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyObject *args = Py_VaBuildValue(format, va), *r = args ? PyObject_Call((PyObject *)type, args, NULL) : NULL;
    va_end(va);
    Py_XDECREF(args);
    return r;
}

PyObject *kr_io_open(PyObject *file, const char *mode, int buffering, const char *encoding, const char *errors, const char *newline, int closefd, PyObject *opener) {
    bool creating = false, reading = false, writing = false, appending = false, updating = false, text = false, binary = false;
    for (const char *m = mode; *m; m++) {
        bool *flag = *m == 'x' ? &creating : *m == 'r' ? &reading : *m == 'w' ? &writing : *m == 'a' ? &appending : *m == '+' ? &updating : *m == 't' ? &text : *m == 'b' ? &binary : NULL;
        if (!flag || *flag) {
            PyErr_Format(PyExc_ValueError, "invalid mode: '%s'", mode);
            return NULL;
        }
        *flag = true;
    }
    const char *why = NULL;
    if (text && binary) why = "can't have text and binary mode at once";
    else if (creating + reading + writing + appending != 1) why = "must have exactly one of create/read/write/append mode";
    else if (binary && encoding) why = "binary mode doesn't take an encoding argument";
    else if (binary && errors) why = "binary mode doesn't take an errors argument";
    else if (binary && newline) why = "binary mode doesn't take a newline argument";
    if (why) {
        PyErr_SetString(PyExc_ValueError, why);
        return NULL;
    }
    if (binary && buffering == 1 &&
        PyErr_WarnEx(PyExc_RuntimeWarning, "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used", 1) < 0)
        return NULL;
    char raw_mode[4] = {0}, *r = raw_mode;
    if (creating) *r++ = 'x';
    if (reading) *r++ = 'r';
    if (writing) *r++ = 'w';
    if (appending) *r++ = 'a';
    if (updating) *r++ = '+';
    PyObject *path = PyNumber_Check(file) ? Py_NewRef(file) : PyOS_FSPath(file);
    PyObject *raw = path ? make(&kr_io_fileio_type, "(OsOO)", path, raw_mode, closefd ? Py_True : Py_False, opener ? opener : Py_None) : NULL;
    Py_XDECREF(path);
    if (!raw) return NULL;
    PyObject *result = raw, *buffer = NULL;
    bool line_buffering = false;
    if (buffering < 0) {
        PyObject *tty = PyObject_CallMethodNoArgs(raw, KR_STR(isatty));
        if (!tty) goto fail;
        line_buffering = tty == Py_True;
        Py_DECREF(tty);
    }
    if (buffering == 1 && !binary) {
        buffering = -1;
        line_buffering = true;
    } else if (buffering == 1) {
        buffering = -1;
    }
    if (buffering < 0) {
        PyObject *size = PyObject_GetAttrString(raw, "_blksize");
        if (!size) goto fail;
        buffering = _PyLong_AsInt(size);
        Py_DECREF(size);
        if (buffering == -1 && PyErr_Occurred()) goto fail;
    }
    if (buffering == 0) {
        if (!binary) {
            PyErr_SetString(PyExc_ValueError, "can't have unbuffered text I/O");
            goto fail;
        }
        return raw;
    }
    buffer = make(updating ? &kr_io_random_type : reading ? &kr_io_reader_type : &kr_io_writer_type, "(Oi)", raw, buffering);
    if (!buffer) goto fail;
    Py_DECREF(raw);
    result = buffer;
    if (binary) return buffer;
    PyObject *wrapper = make(&kr_io_wrapper_type, "(OzzzO)", buffer, encoding, errors, newline, line_buffering ? Py_True : Py_False);
    if (!wrapper) goto fail;
    Py_DECREF(buffer);
    result = wrapper;
    PyObject *m = PyUnicode_FromString(mode);
    int rc = m ? PyObject_SetAttr(wrapper, KR_STR(mode), m) : -1;
    Py_XDECREF(m);
    if (rc < 0) goto fail;
    return wrapper;
fail:;
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    PyObject *closed = PyObject_CallMethodNoArgs(result, KR_STR(close));
    Py_XDECREF(closed);
    _PyErr_ChainExceptions(t, v, tb);
    Py_DECREF(result);
    return NULL;
}

PyDoc_STRVAR(open_doc, "open($module, /, file, mode='r', buffering=-1, encoding=None,\n     errors=None, newline=None, closefd=True, opener=None)\n--\n\n"
                       "Opens a file as a stream.\n\nmode: 'r' read, 'w' write, 'x' create, 'a' append, '+' also the other, 'b' bytes, 't' text.");
static PyObject *io_open(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"file", "mode", "buffering", "encoding", "errors", "newline", "closefd", "opener", NULL};
    PyObject *file, *opener = Py_None;
    const char *mode = "r", *encoding = NULL, *errors = NULL, *newline = NULL;
    int buffering = -1, closefd = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O|sizzzpO:open", names, &file, &mode, &buffering, &encoding, &errors, &newline, &closefd, &opener)) return NULL;
    return kr_io_open(file, mode, buffering, encoding, errors, newline, closefd, opener);
}
PyDoc_STRVAR(open_code_doc, "open_code($module, /, path)\n--\n\nOpens a file that is going to be executed, as bytes.");
static PyObject *io_open_code(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", NULL};
    PyObject *path;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "U:open_code", names, &path)) return NULL;
    const KrRuntimeProcess *p = &kr_runtime.process;
    return p->open_code_hook ? p->open_code_hook(path, p->open_code_data) : kr_io_open(path, "rb", -1, NULL, NULL, NULL, 1, NULL);
}
PyDoc_STRVAR(text_encoding_doc, "text_encoding($module, encoding, stacklevel=2, /)\n--\n\nThe encoding, or for None what it is by default: 'locale', or 'utf-8' in UTF-8 mode.");
static PyObject *io_text_encoding(PyObject *self, PyObject *args) {
    PyObject *encoding;
    int level = 2;
    if (!PyArg_ParseTuple(args, "O|i:text_encoding", &encoding, &level)) return NULL;
    if (encoding != Py_None) return Py_NewRef(encoding);
    if (kr_interp()->config.warn_default_encoding && PyErr_WarnEx(PyExc_EncodingWarning, "'encoding' argument not specified", level) < 0) return NULL;
    return PyUnicode_FromString(Py_UTF8Mode > 0 ? "utf-8" : "locale");
}
static PyMethodDef io_methods[] = {
    {"open", KR_METH(io_open), METH_VARARGS | METH_KEYWORDS, open_doc},
    {"open_code", KR_METH(io_open_code), METH_VARARGS | METH_KEYWORDS, open_code_doc},
    {"text_encoding", io_text_encoding, METH_VARARGS, text_encoding_doc},
    {NULL}};

static int io_exec(PyObject *m) {
    PyTypeObject *const types[] = {&kr_io_base_type, &kr_io_rawbase_type, &kr_io_bufferedbase_type, &kr_io_textbase_type, &kr_io_fileio_type,
        &kr_io_bytesio_type, &kr_io_stringio_type, &kr_io_reader_type, &kr_io_writer_type, &kr_io_random_type, &kr_io_rwpair_type,
        &kr_io_newline_type, &kr_io_wrapper_type};
    for (size_t i = 0; i < KR_ARRAY_LEN(types); i++)
        if (PyModule_AddType(m, types[i]) < 0) return -1;
    if (PyType_Ready(&kr_io_bytesbuffer_type) < 0) return -1;
    /* the functions say that they are of `io`, by which they are pickled */
    PyObject *public = PyUnicode_InternFromString("io");
    for (const PyMethodDef *method = io_methods; public && method->ml_name; method++) {
        PyObject *f = PyDict_GetItemString(PyModule_GetDict(m), method->ml_name);
        if (f && PyCFunction_Check(f)) Py_XSETREF(((PyCFunctionObject *)f)->m_module, Py_NewRef(public));
    }
    if (!public) return -1;
    Py_DECREF(public);
    PyObject *u = PyObject_CallFunction((PyObject *)&PyType_Type, "s(OO){}", "UnsupportedOperation", PyExc_OSError, PyExc_ValueError);
    int rc = u ? PyModule_AddObjectRef(m, "UnsupportedOperation", u) : -1;
    Py_XDECREF(u);
    return rc < 0 || PyModule_AddObjectRef(m, "BlockingIOError", PyExc_BlockingIOError) < 0 ? -1 : PyModule_AddIntConstant(m, "DEFAULT_BUFFER_SIZE", IO_BUFFER_SIZE);
}
static PyModuleDef_Slot io_slots[] = {{Py_mod_exec, io_exec}, {0, NULL}};
PyDoc_STRVAR(io_doc, "The classes and open() of the module io.");
static struct PyModuleDef io_module = {PyModuleDef_HEAD_INIT, "_io", io_doc, 0, io_methods, io_slots};
PyObject *PyInit__io(void) { return PyModuleDef_Init(&io_module); }
