/* bytesio.c - _io.BytesIO: a binary stream in memory.
 *
 * The contents are the first `size` bytes of the bytes object `buf`, whose length is the capacity. While nobody else holds
 * buf it is changed in place; getvalue() hands buf itself out, and the next write copies (copy on write). `exports`
 * counts getbuffer() views, during which the size must not change. buf is NULL when closed.
 */
#include "module/io/io.h"

typedef struct {
    PyObject_HEAD
    PyObject *buf;
    Py_ssize_t pos, size, exports;
    PyObject *dict, *weakrefs;
} BytesIO;
typedef struct {
    PyObject_HEAD
    BytesIO *source;
} BytesBuffer;

static int check_open(BytesIO *self) {
    if (self->buf) return 0;
    PyErr_SetString(PyExc_ValueError, "I/O operation on closed file.");
    return -1;
}
static int check_exports(BytesIO *self) {
    if (!self->exports) return 0;
    PyErr_SetString(PyExc_BufferError, "Existing exports of data: object cannot be re-sized");
    return -1;
}
#define CHECK_OPEN(self) if (check_open(self) < 0) return NULL
#define CHECK_EXPORTS(self) if (check_exports(self) < 0) return NULL

/* Makes buf this object's alone with room for `capacity` bytes. */
static int reserve(BytesIO *self, Py_ssize_t capacity) {
    bool shared = Py_REFCNT(self->buf) > 1;
    Py_ssize_t have = PyBytes_GET_SIZE(self->buf);
    if (!shared && capacity <= have && capacity > have / 2 - 64) return 0;
    if (capacity > PY_SSIZE_T_MAX - 64 - (capacity >> 3)) {
        PyErr_SetString(PyExc_OverflowError, "new buffer size too large");
        return -1;
    }
    Py_ssize_t room = capacity <= have && shared ? have : capacity + (capacity >> 3) + 16;
    if (capacity == 0) room = 0;
    if (!shared && room > 0 && have > 0) return _PyBytes_Resize(&self->buf, room);
    PyObject *b = PyBytes_FromStringAndSize(NULL, room);
    if (!b) return -1;
    memcpy(PyBytes_AS_STRING(b), PyBytes_AS_STRING(self->buf), (size_t)Py_MIN(self->size, room));
    Py_SETREF(self->buf, b);
    return 0;
}
static Py_ssize_t write_bytes(BytesIO *self, PyObject *o) {
    if (check_open(self) < 0 || check_exports(self) < 0) return -1;
    Py_buffer v;
    if (PyObject_GetBuffer(o, &v, PyBUF_CONTIG_RO) < 0) return -1;
    Py_ssize_t n = v.len;
    if (n > 0) {
        if (self->pos > PY_SSIZE_T_MAX - n) {
            PyErr_SetString(PyExc_OverflowError, "new position too large");
            n = -1;
        } else if (reserve(self, Py_MAX(self->pos + n, self->size)) < 0) {
            n = -1;
        } else {
            char *p = PyBytes_AS_STRING(self->buf);
            if (self->pos > self->size) memset(p + self->size, 0, (size_t)(self->pos - self->size));
            memcpy(p + self->pos, v.buf, (size_t)n);
            self->pos += n;
            if (self->pos > self->size) self->size = self->pos;
        }
    }
    PyBuffer_Release(&v);
    return n;
}
static PyObject *read_bytes(BytesIO *self, Py_ssize_t n) {
    Py_ssize_t left = self->size - self->pos;
    if (left < 0) left = 0;
    if (n < 0 || n > left) n = left;
    if (n > 1 && self->pos == 0 && n == PyBytes_GET_SIZE(self->buf) && !self->exports) {
        self->pos = n;
        return Py_NewRef(self->buf);
    }
    PyObject *b = PyBytes_FromStringAndSize(PyBytes_AS_STRING(self->buf) + Py_MIN(self->pos, self->size), n);
    self->pos += n;
    return b;
}
static Py_ssize_t line_length(BytesIO *self, Py_ssize_t limit) {
    Py_ssize_t n = self->size - self->pos;
    if (n <= 0) return 0;
    if (limit >= 0 && n > limit) n = limit;
    const char *p = PyBytes_AS_STRING(self->buf) + self->pos, *nl = n ? memchr(p, '\n', (size_t)n) : NULL;
    return nl ? nl - p + 1 : n;
}

static PyObject *bytesio_read(BytesIO *self, PyObject *args) {
    Py_ssize_t n = -1;
    if (!PyArg_ParseTuple(args, "|O&:read", kr_io_size, &n)) return NULL;
    CHECK_OPEN(self);
    return read_bytes(self, n);
}
static PyObject *bytesio_readline(BytesIO *self, PyObject *args) {
    Py_ssize_t limit = -1;
    if (!PyArg_ParseTuple(args, "|O&:readline", kr_io_size, &limit)) return NULL;
    CHECK_OPEN(self);
    return read_bytes(self, line_length(self, limit));
}
static PyObject *bytesio_readlines(BytesIO *self, PyObject *args) {
    Py_ssize_t hint = -1, total = 0, n;
    if (!PyArg_ParseTuple(args, "|O&:readlines", kr_io_size, &hint)) return NULL;
    CHECK_OPEN(self);
    PyObject *list = PyList_New(0);
    while (list && (n = line_length(self, -1)) > 0) {
        PyObject *line = read_bytes(self, n);
        if (!line || PyList_Append(list, line) < 0) Py_CLEAR(list);
        Py_XDECREF(line);
        total += n;
        if (hint > 0 && total >= hint) break;
    }
    return list;
}
static PyObject *bytesio_next(BytesIO *self) {
    CHECK_OPEN(self);
    Py_ssize_t n = line_length(self, -1);
    return n ? read_bytes(self, n) : NULL;
}
static PyObject *bytesio_readinto(BytesIO *self, PyObject *arg) {
    Py_buffer v;
    CHECK_OPEN(self);
    if (PyObject_GetBuffer(arg, &v, PyBUF_WRITABLE) < 0) {
        PyErr_Clear();
        PyErr_Format(PyExc_TypeError, "readinto() argument must be read-write bytes-like object, not %.100s", Py_TYPE(arg)->tp_name);
        return NULL;
    }
    Py_ssize_t n = Py_MIN(v.len, self->size - self->pos);
    if (n < 0) n = 0;
    if (n) memcpy(v.buf, PyBytes_AS_STRING(self->buf) + self->pos, (size_t)n);
    self->pos += n;
    PyBuffer_Release(&v);
    return PyLong_FromSsize_t(n);
}
static PyObject *bytesio_write(BytesIO *self, PyObject *o) {
    Py_ssize_t n = write_bytes(self, o);
    return n < 0 ? NULL : PyLong_FromSsize_t(n);
}
static PyObject *bytesio_writelines(BytesIO *self, PyObject *lines) {
    CHECK_OPEN(self);
    PyObject *it = PyObject_GetIter(lines), *item;
    if (!it) return NULL;
    while ((item = PyIter_Next(it))) {
        Py_ssize_t n = write_bytes(self, item);
        Py_DECREF(item);
        if (n < 0) break;
    }
    Py_DECREF(it);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}
static PyObject *bytesio_seek(BytesIO *self, PyObject *args) {
    Py_ssize_t at;
    int whence = 0;
    if (!PyArg_ParseTuple(args, "n|i:seek", &at, &whence)) return NULL;
    CHECK_OPEN(self);
    if (at < 0 && whence == 0) {
        PyErr_Format(PyExc_ValueError, "negative seek value %zd", at);
        return NULL;
    }
    if (whence < 0 || whence > 2) {
        PyErr_Format(PyExc_ValueError, "invalid whence (%i, should be 0, 1 or 2)", whence);
        return NULL;
    }
    Py_ssize_t base = whence == 1 ? self->pos : whence == 2 ? self->size : 0;
    if (at > PY_SSIZE_T_MAX - base) {
        PyErr_SetString(PyExc_OverflowError, "new position too large");
        return NULL;
    }
    self->pos = Py_MAX(at + base, 0);
    return PyLong_FromSsize_t(self->pos);
}
static PyObject *bytesio_tell(BytesIO *self, PyObject *ignored) {
    CHECK_OPEN(self);
    return PyLong_FromSsize_t(self->pos);
}
static PyObject *bytesio_truncate(BytesIO *self, PyObject *args) {
    Py_ssize_t n;
    PyObject *o = Py_None;
    if (!PyArg_ParseTuple(args, "|O:truncate", &o)) return NULL;
    CHECK_OPEN(self);
    CHECK_EXPORTS(self);
    if (o == Py_None) n = self->pos;
    else {
        if (!kr_io_size(o, &n)) return NULL;
        if (n < 0) {
            PyErr_Format(PyExc_ValueError, "negative size value %zd", n);
            return NULL;
        }
    }
    if (n < self->size) {
        Py_ssize_t old = self->size;
        self->size = n;
        if (reserve(self, n) < 0) {
            self->size = old;
            return NULL;
        }
    }
    return PyLong_FromSsize_t(n);
}
static PyObject *bytesio_getvalue(BytesIO *self, PyObject *ignored) {
    CHECK_OPEN(self);
    if (self->size != PyBytes_GET_SIZE(self->buf)) {
        if (self->exports || Py_REFCNT(self->buf) > 1 || self->size <= 1) return PyBytes_FromStringAndSize(PyBytes_AS_STRING(self->buf), self->size);
        if (_PyBytes_Resize(&self->buf, self->size) < 0) return NULL;
    } else if (self->exports) {
        return PyBytes_FromStringAndSize(PyBytes_AS_STRING(self->buf), self->size);
    }
    return Py_NewRef(self->buf);
}
static PyObject *bytesio_getbuffer(BytesIO *self, PyObject *ignored) {
    CHECK_OPEN(self);
    BytesBuffer *b = PyObject_GC_New(BytesBuffer, &kr_io_bytesbuffer_type);
    if (!b) return NULL;
    b->source = (BytesIO *)Py_NewRef(self);
    PyObject_GC_Track(b);
    PyObject *view = PyMemoryView_FromObject((PyObject *)b);
    Py_DECREF(b);
    return view;
}
static PyObject *bytesio_close(BytesIO *self, PyObject *ignored) {
    CHECK_EXPORTS(self);
    Py_CLEAR(self->buf);
    Py_RETURN_NONE;
}
static PyObject *bytesio_true(BytesIO *self, PyObject *ignored) {
    CHECK_OPEN(self);
    Py_RETURN_TRUE;
}
static PyObject *bytesio_false(BytesIO *self, PyObject *ignored) {
    CHECK_OPEN(self);
    Py_RETURN_FALSE;
}
static PyObject *bytesio_flush(BytesIO *self, PyObject *ignored) {
    CHECK_OPEN(self);
    Py_RETURN_NONE;
}
static PyObject *bytesio_sizeof(BytesIO *self, PyObject *ignored) {
    size_t n = (size_t)Py_TYPE(self)->tp_basicsize;
    if (self->buf && Py_REFCNT(self->buf) == 1) n += offsetof(PyBytesObject, ob_sval) + 1 + (size_t)PyBytes_GET_SIZE(self->buf);
    return PyLong_FromSize_t(n);
}
static PyObject *bytesio_getstate(BytesIO *self, PyObject *ignored) {
    PyObject *value = bytesio_getvalue(self, NULL), *dict = NULL;
    if (!value) return NULL;
    dict = self->dict ? PyDict_Copy(self->dict) : Py_NewRef(Py_None);
    return dict ? Py_BuildValue("(NnN)", value, self->pos, dict) : NULL;
}
static PyObject *bytesio_setstate(BytesIO *self, PyObject *state) {
    if (!PyTuple_Check(state) || PyTuple_GET_SIZE(state) < 3) {
        PyErr_Format(PyExc_TypeError, "%.200s.__setstate__ argument should be 3-tuple, got %.200s", Py_TYPE(self)->tp_name, Py_TYPE(state)->tp_name);
        return NULL;
    }
    CHECK_EXPORTS(self);
    CHECK_OPEN(self);
    self->pos = self->size = 0;
    if (write_bytes(self, PyTuple_GET_ITEM(state, 0)) < 0) return NULL;
    PyObject *pos = PyTuple_GET_ITEM(state, 1), *dict = PyTuple_GET_ITEM(state, 2);
    if (!PyLong_Check(pos)) {
        PyErr_Format(PyExc_TypeError, "second item of state must be an integer, not %.200s", Py_TYPE(pos)->tp_name);
        return NULL;
    }
    Py_ssize_t at = PyLong_AsSsize_t(pos);
    if (at == -1 && PyErr_Occurred()) return NULL;
    if (at < 0) {
        PyErr_SetString(PyExc_ValueError, "position value cannot be negative");
        return NULL;
    }
    self->pos = at;
    if (dict != Py_None) {
        if (!PyDict_Check(dict)) {
            PyErr_Format(PyExc_TypeError, "third item of state should be a dict, got a %.200s", Py_TYPE(dict)->tp_name);
            return NULL;
        }
        if (self->dict) {
            if (PyDict_Update(self->dict, dict) < 0) return NULL;
        } else {
            self->dict = Py_NewRef(dict);
        }
    }
    Py_RETURN_NONE;
}

static PyObject *bytesio_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    BytesIO *self = (BytesIO *)type->tp_alloc(type, 0);
    if (self && !(self->buf = PyBytes_FromStringAndSize(NULL, 0))) Py_CLEAR(self);
    return (PyObject *)self;
}
static int bytesio_init(BytesIO *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"initial_bytes", NULL};
    PyObject *initial = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|O:BytesIO", names, &initial)) return -1;
    if (check_exports(self) < 0) return -1;
    self->pos = self->size = 0;
    if (!self->buf && !(self->buf = PyBytes_FromStringAndSize(NULL, 0))) return -1;
    if (initial != Py_None) {
        if (PyBytes_CheckExact(initial)) {
            Py_INCREF(initial);
            Py_SETREF(self->buf, initial);
            self->size = PyBytes_GET_SIZE(initial);
        } else {
            if (write_bytes(self, initial) < 0) return -1;
            self->pos = 0;
        }
    }
    return 0;
}
static int bytesio_traverse(BytesIO *self, visitproc visit, void *arg) {
    Py_VISIT(self->dict);
    return 0;
}
static int bytesio_clear(BytesIO *self) {
    Py_CLEAR(self->dict);
    return 0;
}
static void bytesio_dealloc(BytesIO *self) {
    PyObject_GC_UnTrack(self);
    if (self->exports > 0) {
        PyErr_SetString(PyExc_SystemError, "deallocated BytesIO object has exported buffers");
        PyErr_Print();
    }
    if (self->weakrefs) PyObject_ClearWeakRefs((PyObject *)self);
    Py_CLEAR(self->buf);
    Py_CLEAR(self->dict);
    Py_TYPE(self)->tp_free(self);
}
static PyObject *bytesio_get_closed(BytesIO *self, void *ignored) { return PyBool_FromLong(!self->buf); }

static PyMethodDef bytesio_methods[] = {
    {"readable", KR_METH(bytesio_true), METH_NOARGS, "readable($self, /)\n--\n\nWhether read() works."},
    {"seekable", KR_METH(bytesio_true), METH_NOARGS, "seekable($self, /)\n--\n\nWhether seek() works."},
    {"writable", KR_METH(bytesio_true), METH_NOARGS, "writable($self, /)\n--\n\nWhether write() works."},
    {"close", KR_METH(bytesio_close), METH_NOARGS, "close($self, /)\n--\n\nFlushes and closes."},
    {"flush", KR_METH(bytesio_flush), METH_NOARGS, "flush($self, /)\n--\n\nWrites what is buffered."},
    {"isatty", KR_METH(bytesio_false), METH_NOARGS, "isatty($self, /)\n--\n\nWhether it is a terminal."},
    {"tell", KR_METH(bytesio_tell), METH_NOARGS, "tell($self, /)\n--\n\nThe stream position."},
    {"write", KR_METH(bytesio_write), METH_O, "write($self, b, /)\n--\n\nWrites; how much was taken."},
    {"writelines", KR_METH(bytesio_writelines), METH_O, "writelines($self, lines, /)\n--\n\nWrites several lines."},
    {"read1", KR_METH(bytesio_read), METH_VARARGS, "read1($self, size=-1, /)\n--\n\nReads with one call of the raw stream at most."},
    {"readinto", KR_METH(bytesio_readinto), METH_O, "readinto($self, buffer, /)\n--\n\nReads into a buffer; how many bytes."},
    {"readline", KR_METH(bytesio_readline), METH_VARARGS, "readline($self, size=-1, /)\n--\n\nA line, or so much of it."},
    {"readlines", KR_METH(bytesio_readlines), METH_VARARGS, "readlines($self, size=None, /)\n--\n\nA list of lines."},
    {"read", KR_METH(bytesio_read), METH_VARARGS, "read($self, size=-1, /)\n--\n\nReads so much, or to the end."},
    {"getbuffer", KR_METH(bytesio_getbuffer), METH_NOARGS, "getbuffer($self, /)\n--\n\nA view of the contents."},
    {"getvalue", KR_METH(bytesio_getvalue), METH_NOARGS, "getvalue($self, /)\n--\n\nThe contents."},
    {"seek", KR_METH(bytesio_seek), METH_VARARGS, "seek($self, pos, whence=0, /)\n--\n\nMoves the stream position; the new one."},
    {"truncate", KR_METH(bytesio_truncate), METH_VARARGS, "truncate($self, size=None, /)\n--\n\nCuts the file at a size, the position by default."},
    {"__getstate__", KR_METH(bytesio_getstate), METH_NOARGS},
    {"__setstate__", KR_METH(bytesio_setstate), METH_O}, {"__sizeof__", KR_METH(bytesio_sizeof), METH_NOARGS}, {NULL}};
static PyGetSetDef bytesio_getset[] = {{"closed", (getter)bytesio_get_closed, NULL, "True if the file is closed."}, {NULL}};
PyTypeObject kr_io_bytesio_type = {KR_STATIC_TYPE_HEAD.tp_name = "_io.BytesIO", .tp_basicsize = sizeof(BytesIO), .tp_dealloc = (destructor)bytesio_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, .tp_doc = "BytesIO(initial_bytes=b'')\n--\n\nA binary stream in memory.",
    .tp_traverse = (traverseproc)bytesio_traverse, .tp_clear = (inquiry)bytesio_clear, .tp_weaklistoffset = offsetof(BytesIO, weakrefs),
    .tp_iter = PyObject_SelfIter, .tp_iternext = (iternextfunc)bytesio_next, .tp_methods = bytesio_methods, .tp_getset = bytesio_getset,
    .tp_base = &kr_io_bufferedbase_type, .tp_dictoffset = offsetof(BytesIO, dict), .tp_init = (initproc)bytesio_init, .tp_new = bytesio_new};

/* ------------------------------------------------------------------ what getbuffer()'s view is of */

static int buffer_get(BytesBuffer *self, Py_buffer *view, int flags) {
    BytesIO *b = self->source;
    if (b->exports == 0 && (Py_REFCNT(b->buf) > 1 || b->size == 0) && reserve(b, b->size) < 0) return -1;
    if (PyBuffer_FillInfo(view, (PyObject *)self, PyBytes_AS_STRING(b->buf), b->size, 0, flags) < 0) return -1;
    b->exports++;
    return 0;
}
static void buffer_release(BytesBuffer *self, Py_buffer *view) { self->source->exports--; }
static int buffer_traverse(BytesBuffer *self, visitproc visit, void *arg) {
    Py_VISIT(self->source);
    return 0;
}
static void buffer_dealloc(BytesBuffer *self) {
    PyObject_GC_UnTrack(self);
    Py_CLEAR(self->source);
    PyObject_GC_Del(self);
}
static PyBufferProcs buffer_procs = {(getbufferproc)buffer_get, (releasebufferproc)buffer_release};
PyTypeObject kr_io_bytesbuffer_type = {KR_STATIC_TYPE_HEAD.tp_name = "_io._BytesIOBuffer", .tp_basicsize = sizeof(BytesBuffer),
    .tp_dealloc = (destructor)buffer_dealloc, .tp_as_buffer = &buffer_procs, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = (traverseproc)buffer_traverse};
/* The name compiled modules know it by. */
extern PyTypeObject _PyBytesIOBuffer_Type __attribute__((alias("kr_io_bytesbuffer_type"), visibility("default")));
