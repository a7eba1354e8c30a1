/* iobase.c - _io: the abstract classes _IOBase, _RawIOBase, _BufferedIOBase, _TextIOBase.
 *
 * "Closed" of a bare _IOBase instance is the presence of __IOBase_closed in its dict, so that subclasses in Python may
 * override `closed`. tp_finalize closes an object that is dropped open.
 */
#include "module/io/io.h"

typedef struct {
    PyObject_HEAD
    PyObject *dict, *weakrefs;
} Base;

PyObject *kr_io_unsupported_class(void) {
    PyObject *name = PyUnicode_InternFromString("_io"), *m = name ? PyImport_GetModule(name) : NULL;
    Py_XDECREF(name);
    PyObject *c = m ? PyObject_GetAttrString(m, "UnsupportedOperation") : NULL;
    Py_XDECREF(m);
    return c;
}
PyObject *kr_io_unsupported(const char *text) {
    PyObject *c = kr_io_unsupported_class();
    if (c) PyErr_SetString(c, text);
    else if (!PyErr_Occurred()) PyErr_SetString(PyExc_OSError, text);
    Py_XDECREF(c);
    return NULL;
}
int kr_io_is_closed(PyObject *self) {
    /* krait's own classes answer at once, down to the FileIO */
    for (PyObject *below = self; below != NULL;) {
        PyTypeObject *t = Py_TYPE(below);
        if (t == &kr_io_fileio_type) return kr_io_fileio_is_closed(below);
        below = t == &kr_io_wrapper_type ? kr_io_text_below(below) : t == &kr_io_reader_type || t == &kr_io_writer_type || t == &kr_io_random_type ? kr_io_buffered_below(below) : NULL;
    }
    PyObject *c;
    if (_PyObject_LookupAttr(self, KR_STR(closed), &c) < 0) return -1;
    if (!c) return 0;
    int r = PyObject_IsTrue(c);
    Py_DECREF(c);
    return r;
}
int kr_io_check_closed(PyObject *self) {
    int r = kr_io_is_closed(self);
    if (r > 0) PyErr_SetString(PyExc_ValueError, "I/O operation on closed file.");
    return r ? -1 : 0;
}
int kr_io_call(PyObject *self, PyObject *name) {
    PyObject *r = PyObject_CallMethodNoArgs(self, name);
    Py_XDECREF(r);
    return r ? 0 : -1;
}
int kr_io_check(PyObject *self, PyObject *capability, const char *message) {
    PyObject *r = PyObject_CallMethodNoArgs(self, capability);
    if (!r) return -1;
    bool ok = r == Py_True;
    Py_DECREF(r);
    if (!ok) kr_io_unsupported(message);
    return ok ? 0 : -1;
}
int kr_io_size(PyObject *o, void *out) {
    Py_ssize_t n = -1;
    if (o != Py_None) {
        if (!PyIndex_Check(o)) {
            PyErr_Format(PyExc_TypeError, "argument should be integer or None, not '%.200s'", Py_TYPE(o)->tp_name);
            return 0;
        }
        n = PyNumber_AsSsize_t(o, PyExc_OverflowError);
        if (n == -1 && PyErr_Occurred()) return 0;
    }
    *(Py_ssize_t *)out = n;
    return 1;
}
long long kr_io_offset(PyObject *o, PyObject *exc) {
    PyObject *i = PyNumber_Index(o);
    if (!i) return -1;
    int overflow;
    long long v = PyLong_AsLongLongAndOverflow(i, &overflow);
    Py_DECREF(i);
    if (!overflow) return v;
    if (!exc) return overflow < 0 ? LLONG_MIN : LLONG_MAX;
    PyErr_Format(exc, "cannot fit '%.200s' into an offset-sized integer", Py_TYPE(o)->tp_name);
    return -1;
}

/* ------------------------------------------------------------------ _IOBase */

static int base_closed(PyObject *self) {
    PyObject *v, *name = PyUnicode_InternFromString("__IOBase_closed");
    if (!name) return -1;
    int r = _PyObject_LookupAttr(self, name, &v);
    Py_DECREF(name);
    Py_XDECREF(v);
    return r;
}
static PyObject *base_get_closed(PyObject *self, void *ignored) {
    int r = base_closed(self);
    return r < 0 ? NULL : PyBool_FromLong(r);
}
static PyObject *base_check_closed(PyObject *self, PyObject *args) {
    if (kr_io_check_closed(self) < 0) return NULL;
    Py_RETURN_NONE;
}
static PyObject *base_seek(PyObject *self, PyObject *args) { return kr_io_unsupported("seek"); }
static PyObject *base_truncate(PyObject *self, PyObject *args) { return kr_io_unsupported("truncate"); }
static PyObject *base_fileno(PyObject *self, PyObject *ignored) { return kr_io_unsupported("fileno"); }
static PyObject *base_tell(PyObject *self, PyObject *ignored) { return PyObject_CallMethod(self, "seek", "ii", 0, 1); }
static PyObject *base_flush(PyObject *self, PyObject *ignored) {
    int r = base_closed(self);
    if (r < 0) return NULL;
    if (r) {
        PyErr_SetString(PyExc_ValueError, "I/O operation on closed file.");
        return NULL;
    }
    Py_RETURN_NONE;
}
static PyObject *base_close(PyObject *self, PyObject *ignored) {
    int r = base_closed(self);
    if (r < 0) return NULL;
    if (r) Py_RETURN_NONE;
    int flushed = kr_io_call(self, KR_STR(flush));
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    int set = PyObject_SetAttrString(self, "__IOBase_closed", Py_True);
    if (flushed < 0) {
        if (set < 0) PyErr_Clear();
        PyErr_Restore(t, v, tb);
        return NULL;
    }
    if (set < 0) return NULL;
    Py_RETURN_NONE;
}
static PyObject *base_false(PyObject *self, PyObject *ignored) { Py_RETURN_FALSE; }
static PyObject *base_check_seekable(PyObject *self, PyObject *args) { return kr_io_check(self, KR_STR(seekable), "File or stream is not seekable.") < 0 ? NULL : Py_NewRef(Py_True); }
static PyObject *base_check_readable(PyObject *self, PyObject *args) { return kr_io_check(self, KR_STR(readable), "File or stream is not readable.") < 0 ? NULL : Py_NewRef(Py_True); }
static PyObject *base_check_writable(PyObject *self, PyObject *args) { return kr_io_check(self, KR_STR(writable), "File or stream is not writable.") < 0 ? NULL : Py_NewRef(Py_True); }
static PyObject *base_isatty(PyObject *self, PyObject *ignored) {
    if (kr_io_check_closed(self) < 0) return NULL;
    Py_RETURN_FALSE;
}
static PyObject *base_enter(PyObject *self, PyObject *ignored) { return kr_io_check_closed(self) < 0 ? NULL : Py_NewRef(self); }
static PyObject *base_exit(PyObject *self, PyObject *args) { return PyObject_CallMethodNoArgs(self, KR_STR(close)); }
static PyObject *base_iter(PyObject *self) { return kr_io_check_closed(self) < 0 ? NULL : Py_NewRef(self); }
static PyObject *base_next(PyObject *self) {
    PyObject *line = PyObject_CallMethodNoArgs(self, KR_STR(readline));
    if (line && PyObject_Size(line) <= 0) Py_CLEAR(line);
    return line;
}

/* Reads bytes up to a newline: by peek() where there is one, else one at a time. */
static PyObject *base_readline(PyObject *self, PyObject *args) {
    Py_ssize_t limit = -1;
    PyObject *peek;
    if (!PyArg_ParseTuple(args, "|O&:readline", kr_io_size, &limit)) return NULL;
    PyObject *peek_name = PyUnicode_InternFromString("peek");
    if (!peek_name || _PyObject_LookupAttr(self, peek_name, &peek) < 0) {
        Py_XDECREF(peek_name);
        return NULL;
    }
    Py_DECREF(peek_name);
    PyObject *buffer = PyByteArray_FromStringAndSize(NULL, 0), *result = NULL;
    while (buffer && (limit < 0 || PyByteArray_GET_SIZE(buffer) < limit)) {
        Py_ssize_t want = 1;
        if (peek) {
            PyObject *one = PyLong_FromLong(1), *ahead = one ? PyObject_CallOneArg(peek, one) : NULL;
            Py_XDECREF(one);
            if (!ahead) goto done;
            if (!PyBytes_Check(ahead)) {
                PyErr_Format(PyExc_OSError, "peek() should have returned a bytes object, not '%.200s'", Py_TYPE(ahead)->tp_name);
                Py_DECREF(ahead);
                goto done;
            }
            Py_ssize_t n = PyBytes_GET_SIZE(ahead), room = limit < 0 ? PY_SSIZE_T_MAX : limit - PyByteArray_GET_SIZE(buffer);
            if (n > 0) {
                if (n > room) n = room;
                const char *nl = memchr(PyBytes_AS_STRING(ahead), '\n', (size_t)n);
                want = nl ? nl - PyBytes_AS_STRING(ahead) + 1 : n;
            }
            Py_DECREF(ahead);
        }
        PyObject *b = PyObject_CallMethod(self, "read", "n", want);
        if (!b) goto done;
        if (!PyBytes_Check(b)) {
            PyErr_Format(PyExc_OSError, "read() should have returned a bytes object, not '%.200s'", Py_TYPE(b)->tp_name);
            Py_DECREF(b);
            goto done;
        }
        Py_ssize_t n = PyBytes_GET_SIZE(b), old = PyByteArray_GET_SIZE(buffer);
        if (n == 0) {
            Py_DECREF(b);
            break;
        }
        if (PyByteArray_Resize(buffer, old + n) < 0) {
            Py_DECREF(b);
            goto done;
        }
        memcpy(PyByteArray_AS_STRING(buffer) + old, PyBytes_AS_STRING(b), (size_t)n);
        Py_DECREF(b);
        if (PyByteArray_AS_STRING(buffer)[old + n - 1] == '\n') break;
    }
    if (buffer) result = PyBytes_FromStringAndSize(PyByteArray_AS_STRING(buffer), PyByteArray_GET_SIZE(buffer));
done:
    Py_XDECREF(peek);
    Py_XDECREF(buffer);
    return result;
}
static PyObject *base_readlines(PyObject *self, PyObject *args) {
    Py_ssize_t hint = -1, length = 0;
    if (!PyArg_ParseTuple(args, "|O&:readlines", kr_io_size, &hint)) return NULL;
    PyObject *list = PyList_New(0), *line, *it = list ? PyObject_GetIter(self) : NULL;
    if (!it) {
        Py_XDECREF(list);
        return NULL;
    }
    while ((line = PyIter_Next(it))) {
        Py_ssize_t n = PyList_Append(list, line) < 0 ? -1 : PyObject_Size(line);
        Py_DECREF(line);
        if (n < 0) break;
        length += n;
        if (hint > 0 && length > hint) break;
    }
    Py_DECREF(it);
    if (PyErr_Occurred()) Py_CLEAR(list);
    return list;
}
static PyObject *base_writelines(PyObject *self, PyObject *lines) {
    if (kr_io_check_closed(self) < 0) return NULL;
    PyObject *it = PyObject_GetIter(lines), *line;
    if (!it) return NULL;
    while ((line = PyIter_Next(it))) {
        PyObject *r = PyObject_CallMethodOneArg(self, KR_STR(write), line);
        Py_DECREF(line);
        Py_XDECREF(r);
        if (!r) break;
    }
    Py_DECREF(it);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

/* tp_finalize: closes what was left open; `_finalizing` tells close() (FileIO) that nobody asked. */
static void base_finalize(PyObject *self) {
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    int closed = kr_io_is_closed(self);
    if (closed < 0) PyErr_Clear();
    if (closed == 0) {
        if (PyObject_SetAttrString(self, "_finalizing", Py_True) < 0) PyErr_Clear();
        PyObject *r = PyObject_CallMethodNoArgs(self, KR_STR(close));
        if (!r) {
            if (kr_interp()->config.dev_mode) PyErr_WriteUnraisable(self);
            else PyErr_Clear();
        }
        Py_XDECREF(r);
    }
    PyErr_Restore(t, v, tb);
}
void kr_io_dealloc_warn(PyObject *below, PyObject *source) {
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    PyObject *r = PyObject_CallMethod(below, "_dealloc_warn", "O", source);
    if (!r) PyErr_Clear();
    Py_XDECREF(r);
    PyErr_Restore(t, v, tb);
}
int kr_io_finalize_from_dealloc(PyObject *self) { return PyObject_CallFinalizerFromDealloc(self); }

static int base_traverse(Base *self, visitproc visit, void *arg) {
    Py_VISIT(self->dict);
    return 0;
}
static int base_clear(Base *self) {
    Py_CLEAR(self->dict);
    return 0;
}
static void base_dealloc(Base *self) {
    if (kr_io_finalize_from_dealloc((PyObject *)self) < 0) {
        if (PyType_HasFeature(Py_TYPE(self), Py_TPFLAGS_HEAPTYPE)) Py_INCREF(Py_TYPE(self));
        return;
    }
    PyObject_GC_UnTrack(self);
    if (self->weakrefs) PyObject_ClearWeakRefs((PyObject *)self);
    Py_CLEAR(self->dict);
    Py_TYPE(self)->tp_free(self);
}

static PyMethodDef base_methods[] = {
    {"seek", base_seek, METH_VARARGS, "Changes the stream position; its new value."},
    {"tell", base_tell, METH_NOARGS, "tell($self, /)\n--\n\nThe stream position."},
    {"truncate", base_truncate, METH_VARARGS, "Cuts the file at a size, the position by default."},
    {"flush", base_flush, METH_NOARGS, "flush($self, /)\n--\n\nWrites what is buffered."},
    {"close", base_close, METH_NOARGS, "close($self, /)\n--\n\nFlushes and closes."},
    {"seekable", base_false, METH_NOARGS, "seekable($self, /)\n--\n\nWhether seek() works."},
    {"readable", base_false, METH_NOARGS, "readable($self, /)\n--\n\nWhether read() works."},
    {"writable", base_false, METH_NOARGS, "writable($self, /)\n--\n\nWhether write() works."},
    {"_checkClosed", base_check_closed, METH_VARARGS}, {"_checkSeekable", base_check_seekable, METH_VARARGS},
    {"_checkReadable", base_check_readable, METH_VARARGS}, {"_checkWritable", base_check_writable, METH_VARARGS},
    {"fileno", base_fileno, METH_NOARGS, "fileno($self, /)\n--\n\nThe descriptor."},
    {"isatty", base_isatty, METH_NOARGS, "isatty($self, /)\n--\n\nWhether it is a terminal."},
    {"__enter__", base_enter, METH_NOARGS}, {"__exit__", base_exit, METH_VARARGS},
    {"readline", base_readline, METH_VARARGS, "readline($self, size=-1, /)\n--\n\nA line."},
    {"readlines", base_readlines, METH_VARARGS, "readlines($self, hint=-1, /)\n--\n\nA list of lines."},
    {"writelines", base_writelines, METH_O, "writelines($self, lines, /)\n--\n\nWrites several lines."},
    {NULL}};
static PyGetSetDef base_getset[] = {{"__dict__", PyObject_GenericGetDict, NULL, NULL}, {"closed", base_get_closed, NULL, NULL}, {NULL}};
PyTypeObject kr_io_base_type = {KR_STATIC_TYPE_HEAD.tp_name = "_io._IOBase", .tp_basicsize = sizeof(Base), .tp_dealloc = (destructor)base_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, .tp_doc = "The abstract base of all stream classes.",
    .tp_traverse = (traverseproc)base_traverse, .tp_clear = (inquiry)base_clear, .tp_weaklistoffset = offsetof(Base, weakrefs), .tp_iter = base_iter,
    .tp_iternext = base_next, .tp_methods = base_methods, .tp_getset = base_getset, .tp_dictoffset = offsetof(Base, dict), .tp_new = PyType_GenericNew, .tp_finalize = base_finalize};

/* ------------------------------------------------------------------ _RawIOBase */

static PyObject *raw_read(PyObject *self, PyObject *args) {
    Py_ssize_t n = -1;
    if (!PyArg_ParseTuple(args, "|n:read", &n)) return NULL;
    if (n < 0) return PyObject_CallMethodNoArgs(self, KR_STR(readall));
    PyObject *b = PyByteArray_FromStringAndSize(NULL, n);
    PyObject *r = b ? PyObject_CallMethodOneArg(self, KR_STR(readinto), b) : NULL;
    if (!r || r == Py_None) {
        Py_XDECREF(b);
        return r;
    }
    Py_ssize_t got = PyNumber_AsSsize_t(r, PyExc_ValueError);
    Py_DECREF(r);
    PyObject *result = NULL;
    if (!(got == -1 && PyErr_Occurred())) {
        if (got < 0 || got > n) PyErr_Format(PyExc_ValueError, "readinto returned %zd outside buffer size %zd", got, n);
        else result = PyBytes_FromStringAndSize(PyByteArray_AS_STRING(b), got);
    }
    Py_DECREF(b);
    return result;
}
static PyObject *raw_readall(PyObject *self, PyObject *ignored) {
    PyObject *chunks = PyList_New(0);
    while (chunks) {
        PyObject *data = PyObject_CallMethod(self, "read", "i", IO_BUFFER_SIZE);
        if (!data) {
            Py_DECREF(chunks);
            return NULL;
        }
        if (data == Py_None) {
            if (PyList_GET_SIZE(chunks) == 0) {
                Py_DECREF(chunks);
                return data;
            }
            Py_DECREF(data);
            break;
        }
        if (!PyBytes_Check(data)) {
            Py_DECREF(chunks);
            Py_DECREF(data);
            PyErr_SetString(PyExc_TypeError, "read() should return bytes");
            return NULL;
        }
        if (PyBytes_GET_SIZE(data) == 0) {
            Py_DECREF(data);
            break;
        }
        if (PyList_Append(chunks, data) < 0) Py_CLEAR(chunks);
        Py_DECREF(data);
    }
    if (!chunks) return NULL;
    PyObject *empty = PyBytes_FromStringAndSize(NULL, 0), *r = empty ? _PyBytes_Join(empty, chunks) : NULL;
    Py_XDECREF(empty);
    Py_DECREF(chunks);
    return r;
}
static PyObject *raw_abstract(PyObject *self, PyObject *arg) {
    PyErr_SetNone(PyExc_NotImplementedError);
    return NULL;
}
static PyMethodDef raw_methods[] = {{"readinto", raw_abstract, METH_O}, {"write", raw_abstract, METH_O},
                                    {"read", raw_read, METH_VARARGS, "read($self, size=-1, /)\n--\n\nReads bytes."},
                                    {"readall", raw_readall, METH_NOARGS, "readall($self, /)\n--\n\nReads to the end."}, {NULL}};
PyTypeObject kr_io_rawbase_type = {KR_STATIC_TYPE_HEAD.tp_name = "_io._RawIOBase", .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_doc = "The base of unbuffered binary streams.", .tp_methods = raw_methods, .tp_base = &kr_io_base_type};

/* ------------------------------------------------------------------ _BufferedIOBase */

static PyObject *buffered_readinto_by(PyObject *self, PyObject *arg, PyObject *method) {
    Py_buffer view;
    if (PyObject_GetBuffer(arg, &view, PyBUF_WRITABLE) < 0) {
        PyErr_Clear();
        PyErr_Format(PyExc_TypeError, "readinto() argument must be read-write bytes-like object, not %.100s", Py_TYPE(arg)->tp_name);
        return NULL;
    }
    PyObject *n = PyLong_FromSsize_t(view.len), *data = n ? PyObject_CallMethodOneArg(self, method, n) : NULL, *r = NULL;
    Py_XDECREF(n);
    if (data && !PyBytes_Check(data)) {
        PyErr_SetString(PyExc_TypeError, "read() should return bytes");
    } else if (data && PyBytes_GET_SIZE(data) > view.len) {
        PyErr_Format(PyExc_ValueError, "read() returned too much data: %zd bytes requested, %zd returned", view.len, PyBytes_GET_SIZE(data));
    } else if (data) {
        memcpy(view.buf, PyBytes_AS_STRING(data), (size_t)PyBytes_GET_SIZE(data));
        r = PyLong_FromSsize_t(PyBytes_GET_SIZE(data));
    }
    Py_XDECREF(data);
    PyBuffer_Release(&view);
    return r;
}
static PyObject *bufferedbase_readinto(PyObject *self, PyObject *arg) { return buffered_readinto_by(self, arg, KR_STR(read)); }
static PyObject *bufferedbase_readinto1(PyObject *self, PyObject *arg) {
    PyObject *name = PyUnicode_InternFromString("read1"), *r = name ? buffered_readinto_by(self, arg, name) : NULL;
    Py_XDECREF(name);
    return r;
}
static PyObject *no_detach(PyObject *self, PyObject *args) { return kr_io_unsupported("detach"); }
static PyObject *no_read(PyObject *self, PyObject *args) { return kr_io_unsupported("read"); }
static PyObject *no_read1(PyObject *self, PyObject *args) { return kr_io_unsupported("read1"); }
static PyObject *no_write(PyObject *self, PyObject *args) { return kr_io_unsupported("write"); }
static PyObject *no_readline(PyObject *self, PyObject *args) { return kr_io_unsupported("readline"); }
static PyMethodDef bufferedbase_methods[] = {
    {"detach", no_detach, METH_NOARGS, "detach($self, /)\n--\n\nTakes the raw stream away; this one is unusable then."},
    {"read", no_read, METH_VARARGS}, {"read1", no_read1, METH_VARARGS},
    {"readinto", bufferedbase_readinto, METH_O, "readinto($self, buffer, /)\n--\n\nReads into a buffer; how many bytes."},
    {"readinto1", bufferedbase_readinto1, METH_O, "readinto1($self, buffer, /)\n--\n\nThe same with one read at most."}, {"write", no_write, METH_VARARGS}, {NULL}};
PyTypeObject kr_io_bufferedbase_type = {KR_STATIC_TYPE_HEAD.tp_name = "_io._BufferedIOBase",
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, .tp_doc = "The base of buffered binary streams.",
    .tp_methods = bufferedbase_methods, .tp_base = &kr_io_base_type};

/* ------------------------------------------------------------------ _TextIOBase */

static PyObject *get_none(PyObject *self, void *ignored) { Py_RETURN_NONE; }
static PyMethodDef textbase_methods[] = {{"detach", no_detach, METH_NOARGS}, {"read", no_read, METH_VARARGS}, {"readline", no_readline, METH_VARARGS},
                                         {"write", no_write, METH_VARARGS}, {NULL}};
static PyGetSetDef textbase_getset[] = {{"encoding", get_none, NULL, "The name of the stream's encoding; for subclasses to override."},
    {"newlines", get_none, NULL, "The line ends met so far in reading; for subclasses to override."},
    {"errors", get_none, NULL, "How the stream's codec treats errors; for subclasses to override."}, {NULL}};
PyTypeObject kr_io_textbase_type = {KR_STATIC_TYPE_HEAD.tp_name = "_io._TextIOBase", .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_doc = "The base of text streams.", .tp_methods = textbase_methods, .tp_getset = textbase_getset, .tp_base = &kr_io_base_type};
