/* stringio.c - _io.StringIO: a text stream in memory.
 *
 * Contents are buf[0..size), in units as wide as the widest character that was written needs. newline handling: readtranslate (newline None) turns \r and \r\n into \n on the way in through a
 * IncrementalNewlineDecoder; otherwise writenl, when set, replaces \n on writing. Closed: buf NULL and `closed`.
 */
#include "module/io/io.h"
#include "object/unicode.h"

typedef struct {
    PyObject_HEAD
    void *buf;
    Py_ssize_t pos, size, capacity;     /* in units */
    int kind;                           /* bytes of a unit: 1, 2 or 4 */
    bool ok, closed, universal, translate;
    PyObject *decoder, *newline, *writenl;
    PyObject *dict, *weakrefs;
} StringIO;

static int check(StringIO *self) {
    const char *why = !self->ok ? "I/O operation on uninitialized object" : self->closed ? "I/O operation on closed file" : NULL;
    if (why) PyErr_SetString(PyExc_ValueError, why);
    return why ? -1 : 0;
}
#define CHECK(self) if (check(self) < 0) return NULL

static char *unit(StringIO *self, Py_ssize_t at) { return (char *)self->buf + at * self->kind; }
/* Room for n units of at least this kind. */
static int reserve(StringIO *self, Py_ssize_t n, int kind) {
    if (n <= self->capacity && kind <= self->kind) return 0;
    if ((size_t)n > PY_SSIZE_T_MAX / sizeof(Py_UCS4) / 2) {
        PyErr_SetString(PyExc_OverflowError, "new buffer size too large");
        return -1;
    }
    Py_ssize_t room = n <= self->capacity ? self->capacity : n + (n >> 3) + 16;
    bool widen = kind > self->kind && self->size > 0;
    kind = Py_MAX(kind, self->kind);
    void *b = widen ? PyMem_Malloc((size_t)room * (size_t)kind) : PyMem_Realloc(self->buf, (size_t)room * (size_t)kind);
    if (!b) {
        PyErr_NoMemory();
        return -1;
    }
    if (widen) {
        kr_unicode_convert(kind, b, self->kind, self->buf, self->size);
        PyMem_Free(self->buf);
    }
    self->kind = kind;
    self->buf = b;
    self->capacity = room;
    return 0;
}
static int write_text(StringIO *self, PyObject *text) {
    PyObject *t = self->decoder ? kr_io_newline_decode(self->decoder, text, 1) : Py_NewRef(text);
    if (t && self->writenl) {
        PyObject *nl = PyUnicode_FromString("\n");
        PyObject *replaced = nl ? PyUnicode_Replace(t, nl, self->writenl, -1) : NULL;
        Py_XDECREF(nl);
        Py_SETREF(t, replaced);
    }
    if (!t) return -1;
    Py_ssize_t n = PyUnicode_READY(t) < 0 ? -1 : PyUnicode_GET_LENGTH(t);
    if (n < 0) {
        Py_DECREF(t);
        return -1;
    }
    if (self->pos > PY_SSIZE_T_MAX - n) {
        PyErr_SetString(PyExc_OverflowError, "new position too large");
        Py_DECREF(t);
        return -1;
    }
    if (n == 0) {
        Py_DECREF(t);
        return 0;
    }
    if (reserve(self, Py_MAX(self->pos + n, self->size), (int)PyUnicode_KIND(t)) < 0) {
        Py_DECREF(t);
        return -1;
    }
    if (self->pos > self->size) memset(unit(self, self->size), 0, (size_t)(self->pos - self->size) * (size_t)self->kind);
    kr_unicode_convert(self->kind, unit(self, self->pos), (int)PyUnicode_KIND(t), PyUnicode_DATA(t), n);
    Py_DECREF(t);
    self->pos += n;
    if (self->pos > self->size) self->size = self->pos;
    return 0;
}
static PyObject *make(StringIO *self, Py_ssize_t start, Py_ssize_t n) { return PyUnicode_FromKindAndData(self->kind, unit(self, start), n); }

static PyObject *stringio_getvalue(StringIO *self, PyObject *ignored) {
    CHECK(self);
    return make(self, 0, self->size);
}
static PyObject *stringio_read(StringIO *self, PyObject *args) {
    Py_ssize_t n = -1;
    if (!PyArg_ParseTuple(args, "|O&:read", kr_io_size, &n)) return NULL;
    CHECK(self);
    Py_ssize_t left = Py_MAX(self->size - self->pos, 0);
    if (n < 0 || n > left) n = left;
    PyObject *r = n ? make(self, self->pos, n) : PyUnicode_FromStringAndSize(NULL, 0);
    self->pos += n;
    return r;
}
static PyObject *line(StringIO *self, Py_ssize_t limit) {
    Py_ssize_t left = Py_MAX(self->size - self->pos, 0), n = left;
    if (left == 0) return PyUnicode_FromStringAndSize(NULL, 0);
    const char *p = unit(self, self->pos);
#define UNIT(i) PyUnicode_READ(self->kind, p, i)
    const bool only_nl = self->translate || (!self->universal && (!self->newline || _PyUnicode_EqualToASCIIString(self->newline, "\n")));
    if (only_nl && self->kind == 1) {
        const char *nl = memchr(p, '\n', (size_t)left);
        if (nl) n = nl - p + 1;
    } else if (only_nl) {
        for (Py_ssize_t i = 0; i < left; i++)
            if (UNIT(i) == '\n') {
                n = i + 1;
                break;
            }
    } else if (self->universal) {
        for (Py_ssize_t i = 0; i < left; i++)
            if (UNIT(i) == '\n' || UNIT(i) == '\r') {
                n = i + 1 + (UNIT(i) == '\r' && i + 1 < left && UNIT(i + 1) == '\n');
                break;
            }
    } else {
        Py_ssize_t k = PyUnicode_GET_LENGTH(self->newline);
        for (Py_ssize_t i = 0; i + k <= left; i++) {
            Py_ssize_t j = 0;
            while (j < k && UNIT(i + j) == PyUnicode_READ_CHAR(self->newline, j)) j++;
            if (j == k) {
                n = i + k;
                break;
            }
        }
    }
    if (limit >= 0 && n > limit) n = limit;
#undef UNIT
    PyObject *r = make(self, self->pos, n);
    self->pos += n;
    return r;
}
static PyObject *stringio_readline(StringIO *self, PyObject *args) {
    Py_ssize_t limit = -1;
    if (!PyArg_ParseTuple(args, "|O&:readline", kr_io_size, &limit)) return NULL;
    CHECK(self);
    return line(self, limit);
}
static PyObject *stringio_next(StringIO *self) {
    CHECK(self);
    PyObject *l;
    if (Py_IS_TYPE(self, &kr_io_stringio_type)) {
        l = line(self, -1);
    } else {
        l = PyObject_CallMethodNoArgs((PyObject *)self, KR_STR(readline));
        if (l && !PyUnicode_Check(l)) {
            PyErr_Format(PyExc_OSError, "readline() should have returned a str object, not '%.200s'", Py_TYPE(l)->tp_name);
            Py_CLEAR(l);
        }
    }
    if (l && PyUnicode_GET_LENGTH(l) == 0) Py_CLEAR(l);
    return l;
}
static PyObject *stringio_write(StringIO *self, PyObject *text) {
    if (!PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "string argument expected, got '%s'", Py_TYPE(text)->tp_name);
        return NULL;
    }
    CHECK(self);
    return PyUnicode_GET_LENGTH(text) && write_text(self, text) < 0 ? NULL : PyLong_FromSsize_t(PyUnicode_GET_LENGTH(text));
}
static PyObject *stringio_tell(StringIO *self, PyObject *ignored) {
    CHECK(self);
    return PyLong_FromSsize_t(self->pos);
}
static PyObject *stringio_seek(StringIO *self, PyObject *args) {
    Py_ssize_t at;
    int whence = 0;
    if (!PyArg_ParseTuple(args, "n|i:seek", &at, &whence)) return NULL;
    CHECK(self);
    if (whence < 0 || whence > 2) PyErr_Format(PyExc_ValueError, "Invalid whence (%i, should be 0, 1 or 2)", whence);
    else if (at < 0 && whence == 0) PyErr_Format(PyExc_ValueError, "Negative seek position %zd", at);
    else if (whence != 0 && at != 0) PyErr_SetString(PyExc_OSError, "Can't do nonzero cur-relative seeks");
    if (PyErr_Occurred()) return NULL;
    self->pos = whence == 1 ? self->pos : whence == 2 ? self->size : at;
    return PyLong_FromSsize_t(self->pos);
}
static PyObject *stringio_truncate(StringIO *self, PyObject *args) {
    PyObject *o = Py_None;
    Py_ssize_t n = self->pos;
    if (!PyArg_ParseTuple(args, "|O:truncate", &o)) return NULL;
    CHECK(self);
    if (o != Py_None && !kr_io_size(o, &n)) return NULL;
    if (n < 0) {
        PyErr_Format(PyExc_ValueError, "Negative size value %zd", n);
        return NULL;
    }
    if (n < self->size) self->size = n;
    return PyLong_FromSsize_t(n);
}
static PyObject *stringio_close(StringIO *self, PyObject *ignored) {
    self->closed = true;
    PyMem_Free(self->buf);
    self->buf = NULL;
    self->capacity = self->size = 0;
    Py_RETURN_NONE;
}
static PyObject *stringio_true(StringIO *self, PyObject *ignored) {
    CHECK(self);
    Py_RETURN_TRUE;
}
static PyObject *stringio_getstate(StringIO *self, PyObject *ignored) {
    PyObject *value = stringio_getvalue(self, NULL);
    if (!value) return NULL;
    PyObject *dict = self->dict ? PyDict_Copy(self->dict) : Py_NewRef(Py_None);
    if (!dict) {
        Py_DECREF(value);
        return NULL;
    }
    PyObject *empty = PyUnicode_FromStringAndSize(NULL, 0);
    PyObject *newline = self->translate ? Py_None : self->universal ? empty : self->newline;
    PyObject *r = empty ? Py_BuildValue("(NOnN)", value, newline, self->pos, dict) : NULL;
    Py_XDECREF(empty);
    return r;
}
static int stringio_init(StringIO *self, PyObject *args, PyObject *kwds);
static PyObject *stringio_setstate(StringIO *self, PyObject *state) {
    if (self->closed) CHECK(self);
    if (!PyTuple_Check(state) || PyTuple_GET_SIZE(state) < 4) {
        PyErr_Format(PyExc_TypeError, "%.200s.__setstate__ argument should be 4-tuple, got %.200s", Py_TYPE(self)->tp_name, Py_TYPE(state)->tp_name);
        return NULL;
    }
    PyObject *value = PyTuple_GET_ITEM(state, 0), *pos = PyTuple_GET_ITEM(state, 2), *dict = PyTuple_GET_ITEM(state, 3);
    PyObject *init = PyTuple_GetSlice(state, 1, 2), *full = NULL;
    if (init) {
        PyObject *nl = PyTuple_GET_ITEM(init, 0);
        full = Py_BuildValue("(sO)", "", nl);
        Py_DECREF(init);
    }
    if (!full || stringio_init(self, full, NULL) < 0) {
        Py_XDECREF(full);
        return NULL;
    }
    Py_DECREF(full);
    if (!PyUnicode_Check(value)) {
        PyErr_Format(PyExc_TypeError, "first item of state should be a str, got a %.200s", Py_TYPE(value)->tp_name);
        return NULL;
    }
    Py_ssize_t n = PyUnicode_READY(value) < 0 ? -1 : PyUnicode_GET_LENGTH(value);
    if (n < 0 || reserve(self, n, (int)PyUnicode_KIND(value)) < 0) return NULL;
    kr_unicode_convert(self->kind, self->buf, (int)PyUnicode_KIND(value), PyUnicode_DATA(value), n);
    self->size = n;
    if (!PyLong_Check(pos)) {
        PyErr_Format(PyExc_TypeError, "third item of state must be an integer, got %.200s", Py_TYPE(pos)->tp_name);
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
            PyErr_Format(PyExc_TypeError, "fourth item of state should be a dict, got a %.200s", Py_TYPE(dict)->tp_name);
            return NULL;
        }
        if (self->dict ? PyDict_Update(self->dict, dict) < 0 : !(self->dict = Py_NewRef(dict))) return NULL;
    }
    Py_RETURN_NONE;
}
static int stringio_init(StringIO *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"initial_value", "newline", NULL};
    PyObject *value = Py_None, *newline = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|OO:StringIO", names, &value, &newline)) return -1;
    PyObject *made = newline ? NULL : PyUnicode_FromString("\n");
    if (!newline) newline = made;
    if (!newline) return -1;
    const char *nl = NULL;
    if (newline != Py_None) {
        if (!PyUnicode_Check(newline)) {
            PyErr_Format(PyExc_TypeError, "newline must be str or None, not %.200s", Py_TYPE(newline)->tp_name);
            goto fail;
        }
        if (!(nl = PyUnicode_AsUTF8(newline))) goto fail;
        if (strcmp(nl, "") && strcmp(nl, "\n") && strcmp(nl, "\r") && strcmp(nl, "\r\n")) {
            PyErr_Format(PyExc_ValueError, "illegal newline value: %R", newline);
            goto fail;
        }
    }
    if (value != Py_None && !PyUnicode_Check(value)) {
        PyErr_Format(PyExc_TypeError, "initial_value must be str or None, not %.200s", Py_TYPE(value)->tp_name);
        goto fail;
    }
    self->ok = self->closed = false;
    Py_CLEAR(self->decoder);
    Py_CLEAR(self->newline);
    Py_CLEAR(self->writenl);
    self->universal = !nl || !*nl;
    self->translate = !nl;
    if (nl && *nl) self->newline = Py_NewRef(newline);
    if (nl && *nl == '\r') self->writenl = Py_NewRef(newline);
    if (self->universal) {
        self->decoder = PyObject_CallFunction((PyObject *)&kr_io_newline_type, "OO", Py_None, self->translate ? Py_True : Py_False);
        if (!self->decoder) goto fail;
    }
    self->pos = self->size = 0;
    if (reserve(self, 1, 1) < 0) goto fail;
    self->ok = true;
    if (value != Py_None && PyUnicode_GET_LENGTH(value) && write_text(self, value) < 0) {
        self->ok = false;
        goto fail;
    }
    self->pos = 0;
    Py_XDECREF(made);
    return 0;
fail:
    Py_XDECREF(made);
    return -1;
}
static int stringio_traverse(StringIO *self, visitproc visit, void *arg) {
    Py_VISIT(self->dict);
    Py_VISIT(self->decoder);
    return 0;
}
static int stringio_clear(StringIO *self) {
    Py_CLEAR(self->dict);
    return 0;
}
static void stringio_dealloc(StringIO *self) {
    PyObject_GC_UnTrack(self);
    self->ok = false;
    if (self->weakrefs) PyObject_ClearWeakRefs((PyObject *)self);
    PyMem_Free(self->buf);
    Py_CLEAR(self->decoder);
    Py_CLEAR(self->newline);
    Py_CLEAR(self->writenl);
    Py_CLEAR(self->dict);
    Py_TYPE(self)->tp_free(self);
}
static PyObject *get_closed(StringIO *self, void *ignored) {
    if (!self->ok) {
        check(self);
        return NULL;
    }
    return PyBool_FromLong(self->closed);
}
static PyObject *get_line_buffering(StringIO *self, void *ignored) {
    CHECK(self);
    Py_RETURN_FALSE;
}
static PyObject *get_newlines(StringIO *self, void *ignored) {
    CHECK(self);
    return self->decoder ? PyObject_GetAttrString(self->decoder, "newlines") : Py_NewRef(Py_None);
}
static PyMethodDef stringio_methods[] = {
    {"close", KR_METH(stringio_close), METH_NOARGS, "close($self, /)\n--\n\nFlushes and closes."},
    {"getvalue", KR_METH(stringio_getvalue), METH_NOARGS, "getvalue($self, /)\n--\n\nThe contents."},
    {"read", KR_METH(stringio_read), METH_VARARGS, "read($self, size=-1, /)\n--\n\nReads so much, or to the end."},
    {"readline", KR_METH(stringio_readline), METH_VARARGS, "readline($self, size=-1, /)\n--\n\nA line, or so much of it."},
    {"tell", KR_METH(stringio_tell), METH_NOARGS, "tell($self, /)\n--\n\nThe stream position."},
    {"truncate", KR_METH(stringio_truncate), METH_VARARGS, "truncate($self, pos=None, /)\n--\n\nCuts the file at a size, the position by default."},
    {"seek", KR_METH(stringio_seek), METH_VARARGS, "seek($self, pos, whence=0, /)\n--\n\nMoves the stream position; the new one."},
    {"write", KR_METH(stringio_write), METH_O, "write($self, s, /)\n--\n\nWrites; how much was taken."},
    {"seekable", KR_METH(stringio_true), METH_NOARGS, "seekable($self, /)\n--\n\nWhether seek() works."},
    {"readable", KR_METH(stringio_true), METH_NOARGS, "readable($self, /)\n--\n\nWhether read() works."},
    {"writable", KR_METH(stringio_true), METH_NOARGS, "writable($self, /)\n--\n\nWhether write() works."},
    {"__getstate__", KR_METH(stringio_getstate), METH_NOARGS}, {"__setstate__", KR_METH(stringio_setstate), METH_O}, {NULL}};
static PyGetSetDef stringio_getset[] = {{"closed", (getter)get_closed, NULL, NULL}, {"newlines", (getter)get_newlines, NULL, NULL},
                                        {"line_buffering", (getter)get_line_buffering, NULL, NULL}, {NULL}};
PyTypeObject kr_io_stringio_type = {KR_STATIC_TYPE_HEAD.tp_name = "_io.StringIO", .tp_basicsize = sizeof(StringIO), .tp_dealloc = (destructor)stringio_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, .tp_doc = "StringIO(initial_value='', newline='\\n')\n--\n\nA text stream in memory.",
    .tp_traverse = (traverseproc)stringio_traverse, .tp_clear = (inquiry)stringio_clear, .tp_weaklistoffset = offsetof(StringIO, weakrefs),
    .tp_iternext = (iternextfunc)stringio_next, .tp_methods = stringio_methods, .tp_getset = stringio_getset, .tp_base = &kr_io_textbase_type,
    .tp_dictoffset = offsetof(StringIO, dict), .tp_init = (initproc)stringio_init, .tp_new = PyType_GenericNew};
