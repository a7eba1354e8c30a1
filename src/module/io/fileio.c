/* fileio.c - _io.FileIO: a raw stream over a descriptor. fd is -1 once closed. */
#include "module/io/io.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    PyObject_HEAD
    int fd;
    unsigned created : 1, readable : 1, writable : 1, appending : 1, closefd : 1, finalizing : 1;
    signed seekable : 2;        /* -1: not asked yet */
    unsigned blksize;
    PyObject *weakrefs, *dict;
} FileIO;

static PyObject *closed_error(void) {
    PyErr_SetString(PyExc_ValueError, "I/O operation on closed file");
    return NULL;
}
/* close(2) of what the object owns. 0, or -1 with OSError. */
static int shut(FileIO *self) {
    int fd = self->fd, rc = 0;
    if (fd < 0) return 0;
    self->fd = -1;
    Py_BEGIN_ALLOW_THREADS rc = close(fd);
    Py_END_ALLOW_THREADS
    if (rc < 0) PyErr_SetFromErrno(PyExc_OSError);
    return rc;
}
/* Warns that `source`, this object or what was built on it, was not closed. */
static PyObject *fileio_dealloc_warn(FileIO *self, PyObject *source) {
    if (self->fd >= 0 && self->closefd) {
        PyObject *t, *v, *tb;
        PyErr_Fetch(&t, &v, &tb);
        if (PyErr_ResourceWarning(source, 1, "unclosed file %R", source) < 0 && PyErr_ExceptionMatches(PyExc_Warning)) PyErr_WriteUnraisable((PyObject *)self);
        PyErr_Restore(t, v, tb);
    }
    Py_RETURN_NONE;
}
static PyObject *fileio_close(FileIO *self, PyObject *ignored) {
    PyObject *base = PyObject_CallMethodOneArg((PyObject *)&kr_io_rawbase_type, KR_STR(close), (PyObject *)self);
    if (!self->closefd) {
        self->fd = -1;
        return base;
    }
    PyObject *t, *v, *tb;
    if (!base) PyErr_Fetch(&t, &v, &tb);
    if (self->finalizing) {
        PyObject *r = fileio_dealloc_warn(self, (PyObject *)self);
        Py_XDECREF(r);
    }
    int rc = shut(self);
    if (!base) {
        if (rc < 0) PyErr_Clear();
        PyErr_Restore(t, v, tb);
        return NULL;
    }
    if (rc < 0) Py_CLEAR(base);
    return base;
}

static PyObject *fileio_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    FileIO *self = (FileIO *)type->tp_alloc(type, 0);
    if (self) {
        self->fd = -1;
        self->seekable = -1;
        self->closefd = 1;
    }
    return (PyObject *)self;
}

/* Parses the mode into flags: 0, or -1 with ValueError. */
static int parse_mode(FileIO *self, const char *mode, int *flags) {
    int kinds = 0, plus = 0;
    *flags = 0;
    for (const char *m = mode; *m; m++) {
        switch (*m) {
        case 'x': kinds++, self->created = self->writable = 1, *flags |= O_EXCL | O_CREAT; break;
        case 'r': kinds++, self->readable = 1; break;
        case 'w': kinds++, self->writable = 1, *flags |= O_CREAT | O_TRUNC; break;
        case 'a': kinds++, self->writable = self->appending = 1, *flags |= O_APPEND | O_CREAT; break;
        case 'b': break;
        case '+': plus++; break;
        default: PyErr_Format(PyExc_ValueError, "invalid mode: %.200s", mode); return -1;
        }
    }
    if (kinds != 1 || plus > 1) {
        PyErr_SetString(PyExc_ValueError, "Must have exactly one of create/read/write/append mode and at most one plus");
        return -1;
    }
    if (plus) self->readable = self->writable = 1;
    *flags |= self->readable && self->writable ? O_RDWR : self->readable ? O_RDONLY : O_WRONLY;
    return 0;
}

static int fileio_init(FileIO *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"file", "mode", "closefd", "opener", NULL};
    PyObject *file, *opener = Py_None, *path = NULL;
    const char *mode = "r";
    int closefd = 1, fd = -1, flags, result = -1;
    bool opened = false;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O|spO:FileIO", names, &file, &mode, &closefd, &opener)) return -1;
    if (self->fd >= 0) {
        if (self->closefd) {
            if (shut(self) < 0) return -1;
        } else {
            self->fd = -1;
        }
    }
    if (PyBool_Check(file) && PyErr_WarnEx(PyExc_RuntimeWarning, "bool is used as a file descriptor", 1) < 0) return -1;
    fd = _PyLong_AsInt(file);
    if (fd < 0) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_ValueError, "negative file descriptor");
            return -1;
        }
        PyErr_Clear();
        fd = -1;
        if (!PyUnicode_FSConverter(file, &path)) return -1;
    }
    self->created = self->readable = self->writable = self->appending = 0;
    self->seekable = -1;
    self->closefd = closefd != 0;
    if (parse_mode(self, mode, &flags) < 0) goto done;
    flags |= O_CLOEXEC;
    if (PySys_Audit("open", "Osi", file, mode, flags) < 0) goto done;
    if (fd >= 0) {
        self->fd = fd;
    } else {
        if (!closefd) {
            PyErr_SetString(PyExc_ValueError, "Cannot use closefd=False with file name");
            goto done;
        }
        if (opener == Py_None) {
            int raised = 0;
            do {
                Py_BEGIN_ALLOW_THREADS fd = open(PyBytes_AS_STRING(path), flags, 0666);
                Py_END_ALLOW_THREADS
            } while (fd < 0 && errno == EINTR && !(raised = PyErr_CheckSignals()));
            if (raised) goto done;
            if (fd < 0) {
                PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, file);
                goto done;
            }
        } else {
            PyObject *o = PyObject_CallFunction(opener, "Oi", file, flags);
            if (!o) goto done;
            if (!PyLong_Check(o)) {
                PyErr_SetString(PyExc_TypeError, "expected integer from opener");
                Py_DECREF(o);
                goto done;
            }
            fd = _PyLong_AsInt(o);
            Py_DECREF(o);
            if (fd < 0) {
                if (!PyErr_Occurred()) PyErr_Format(PyExc_ValueError, "opener returned %d", fd);
                goto done;
            }
            if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
                PyErr_SetFromErrno(PyExc_OSError);
                close(fd);
                goto done;
            }
        }
        self->fd = fd;
        opened = true;
    }
    self->blksize = IO_BUFFER_SIZE;
    struct stat st;
    int rc;
    Py_BEGIN_ALLOW_THREADS rc = fstat(self->fd, &st);
    Py_END_ALLOW_THREADS
    if (rc < 0) {
        if (errno == EBADF) {
            PyErr_SetFromErrno(PyExc_OSError);
            self->fd = -1;
            goto done;
        }
    } else if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, file);
        if (opened) shut(self);
        self->fd = -1;
        goto done;
    } else if (st.st_blksize > 1) {
        self->blksize = (unsigned)st.st_blksize;
    }
    if (PyObject_SetAttr((PyObject *)self, KR_STR(name), file) < 0) goto done;
    if (self->appending && lseek(self->fd, 0, SEEK_END) < 0 && errno != ESPIPE) {
        PyErr_SetFromErrno(PyExc_OSError);
        goto done;
    }
    result = 0;
done:
    if (result < 0 && fd >= 0 && !opened) self->fd = -1;
    Py_XDECREF(path);
    return result;
}

static int fileio_traverse(FileIO *self, visitproc visit, void *arg) {
    Py_VISIT(self->dict);
    return 0;
}
static int fileio_clear(FileIO *self) {
    Py_CLEAR(self->dict);
    return 0;
}
static void fileio_dealloc(FileIO *self) {
    self->finalizing = 1;
    if (kr_io_finalize_from_dealloc((PyObject *)self) < 0) return;
    PyObject_GC_UnTrack(self);
    if (self->weakrefs) PyObject_ClearWeakRefs((PyObject *)self);
    Py_CLEAR(self->dict);
    Py_TYPE(self)->tp_free(self);
}

#define CHECK_OPEN(self) if ((self)->fd < 0) return closed_error()
static PyObject *mode_error(const char *action) {
    PyObject *c = kr_io_unsupported_class();
    if (c) PyErr_Format(c, "File not open for %s", action);
    Py_XDECREF(c);
    return NULL;
}
static PyObject *fileio_fileno(FileIO *self, PyObject *ignored) {
    CHECK_OPEN(self);
    return PyLong_FromLong(self->fd);
}
static PyObject *fileio_readable(FileIO *self, PyObject *ignored) {
    CHECK_OPEN(self);
    return PyBool_FromLong(self->readable);
}
static PyObject *fileio_writable(FileIO *self, PyObject *ignored) {
    CHECK_OPEN(self);
    return PyBool_FromLong(self->writable);
}

/* lseek(2); whence 1 with no position is tell(). */
static PyObject *seek_to(FileIO *self, PyObject *position, int whence, bool quiet) {
    long long at = 0, r;
    if (position) {
        at = kr_io_offset(position, PyExc_OverflowError);
        if (at == -1 && PyErr_Occurred()) return NULL;
    }
    Py_BEGIN_ALLOW_THREADS r = lseek(self->fd, at, whence);
    Py_END_ALLOW_THREADS
    if (self->seekable < 0) self->seekable = r >= 0;
    if (r < 0) return quiet ? NULL : PyErr_SetFromErrno(PyExc_OSError);
    return PyLong_FromLongLong(r);
}
static PyObject *fileio_seekable(FileIO *self, PyObject *ignored) {
    CHECK_OPEN(self);
    if (self->seekable < 0) {
        PyObject *r = seek_to(self, NULL, SEEK_CUR, true);
        Py_XDECREF(r);
    }
    return PyBool_FromLong(self->seekable > 0);
}
static PyObject *fileio_seek(FileIO *self, PyObject *args) {
    PyObject *at;
    int whence = 0;
    if (!PyArg_ParseTuple(args, "O|i:seek", &at, &whence)) return NULL;
    CHECK_OPEN(self);
    return seek_to(self, at, whence, false);
}
static PyObject *fileio_tell(FileIO *self, PyObject *ignored) {
    CHECK_OPEN(self);
    return seek_to(self, NULL, SEEK_CUR, false);
}

/* read(2) without the GIL, again after EINTR. -1: would block; -2: an exception is set. */
static Py_ssize_t read_some(FileIO *self, void *buf, size_t n) {
    ssize_t got;
    int raised = 0;
    if (n > 0x7ffff000) n = 0x7ffff000;
    do {
        Py_BEGIN_ALLOW_THREADS got = read(self->fd, buf, n);
        Py_END_ALLOW_THREADS
    } while (got < 0 && errno == EINTR && !(raised = PyErr_CheckSignals()));
    if (got >= 0) return got;
    if (raised) return -2;
    if (errno == EAGAIN) return -1;
    PyErr_SetFromErrno(PyExc_OSError);
    return -2;
}
static PyObject *fileio_readinto(FileIO *self, PyObject *arg) {
    CHECK_OPEN(self);
    if (!self->readable) return mode_error("reading");
    Py_buffer view;
    if (PyObject_GetBuffer(arg, &view, PyBUF_WRITABLE) < 0) {
        PyErr_Clear();
        PyErr_Format(PyExc_TypeError, "readinto() argument must be read-write bytes-like object, not %.100s", Py_TYPE(arg)->tp_name);
        return NULL;
    }
    Py_ssize_t n = read_some(self, view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    return n == -2 ? NULL : n == -1 ? Py_NewRef(Py_None) : PyLong_FromSsize_t(n);
}
static PyObject *fileio_readall(FileIO *self, PyObject *ignored) {
    CHECK_OPEN(self);
    size_t capacity = 8192, have = 0;
    struct stat st;
    off_t at = lseek(self->fd, 0, SEEK_CUR);
    if (fstat(self->fd, &st) == 0 && at >= 0 && st.st_size > at) capacity = (size_t)(st.st_size - at) + 1;
    PyObject *b = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)capacity);
    while (b) {
        if (have == capacity) {
            size_t more = capacity < 65536 ? 65536 : capacity + (capacity >> 1);
            if (more > PY_SSIZE_T_MAX) {
                PyErr_SetString(PyExc_OverflowError, "unbounded read returned more bytes than a Python bytes object can hold");
                Py_DECREF(b);
                return NULL;
            }
            if (_PyBytes_Resize(&b, (Py_ssize_t)more) < 0) return NULL;
            capacity = more;
        }
        Py_ssize_t n = read_some(self, PyBytes_AS_STRING(b) + have, capacity - have);
        if (n == -2) {
            Py_DECREF(b);
            return NULL;
        }
        if (n == -1) {
            if (have) break;
            Py_DECREF(b);
            Py_RETURN_NONE;
        }
        if (n == 0) break;
        have += (size_t)n;
    }
    if (b && have != capacity) _PyBytes_Resize(&b, (Py_ssize_t)have);
    return b;
}
static PyObject *fileio_read(FileIO *self, PyObject *args) {
    Py_ssize_t size = -1;
    if (!PyArg_ParseTuple(args, "|O&:read", kr_io_size, &size)) return NULL;
    CHECK_OPEN(self);
    if (!self->readable) return mode_error("reading");
    if (size < 0) return fileio_readall(self, NULL);
    PyObject *b = PyBytes_FromStringAndSize(NULL, size);
    if (!b) return NULL;
    Py_ssize_t n = read_some(self, PyBytes_AS_STRING(b), (size_t)size);
    if (n < 0) {
        Py_DECREF(b);
        return n == -2 ? NULL : Py_NewRef(Py_None);
    }
    if (n != size) _PyBytes_Resize(&b, n);
    return b;
}
static PyObject *fileio_write(FileIO *self, PyObject *arg) {
    CHECK_OPEN(self);
    if (!self->writable) return mode_error("writing");
    Py_buffer view;
    if (PyObject_GetBuffer(arg, &view, PyBUF_SIMPLE) < 0) return NULL;
    ssize_t n;
    int raised = 0;
    size_t len = view.len > 0x7ffff000 ? 0x7ffff000 : (size_t)view.len;
    do {
        Py_BEGIN_ALLOW_THREADS n = write(self->fd, view.buf, len);
        Py_END_ALLOW_THREADS
    } while (n < 0 && errno == EINTR && !(raised = PyErr_CheckSignals()));
    int why = errno;
    PyBuffer_Release(&view);
    if (n >= 0) return PyLong_FromSsize_t(n);
    if (raised) return NULL;
    if (why == EAGAIN) Py_RETURN_NONE;
    errno = why;
    return PyErr_SetFromErrno(PyExc_OSError);
}
static PyObject *fileio_truncate(FileIO *self, PyObject *args) {
    PyObject *size = Py_None;
    if (!PyArg_ParseTuple(args, "|O:truncate", &size)) return NULL;
    CHECK_OPEN(self);
    if (!self->writable) return mode_error("writing");
    size = size == Py_None ? seek_to(self, NULL, SEEK_CUR, false) : Py_NewRef(size);
    if (!size) return NULL;
    long long n = kr_io_offset(size, PyExc_OverflowError);
    int rc = -1;
    if (!(n == -1 && PyErr_Occurred())) {
        Py_BEGIN_ALLOW_THREADS rc = ftruncate(self->fd, n);
        Py_END_ALLOW_THREADS
        if (rc < 0) PyErr_SetFromErrno(PyExc_OSError);
    }
    if (rc < 0) Py_CLEAR(size);
    return size;
}
static PyObject *fileio_isatty(FileIO *self, PyObject *ignored) {
    CHECK_OPEN(self);
    int r;
    Py_BEGIN_ALLOW_THREADS r = isatty(self->fd);
    Py_END_ALLOW_THREADS
    return PyBool_FromLong(r);
}
static PyObject *fileio_no_pickle(PyObject *self, PyObject *args) {
    PyErr_Format(PyExc_TypeError, "cannot pickle '%.100s' object", Py_TYPE(self)->tp_name);
    return NULL;
}
static const char *mode_string(FileIO *self) {
    if (self->created) return self->readable ? "xb+" : "xb";
    if (self->appending) return self->readable ? "ab+" : "ab";
    return self->readable ? self->writable ? "rb+" : "rb" : "wb";
}
static PyObject *fileio_repr(FileIO *self) {
    if (self->fd < 0) return PyUnicode_FromFormat("<_io.FileIO [closed]>");
    PyObject *name, *r = NULL;
    if (_PyObject_LookupAttr((PyObject *)self, KR_STR(name), &name) < 0) return NULL;
    const char *closefd = self->closefd ? "True" : "False";
    if (!name) return PyUnicode_FromFormat("<_io.FileIO fd=%d mode='%s' closefd=%s>", self->fd, mode_string(self), closefd);
    int status = Py_ReprEnter((PyObject *)self);
    if (status == 0) {
        r = PyUnicode_FromFormat("<_io.FileIO name=%R mode='%s' closefd=%s>", name, mode_string(self), closefd);
        Py_ReprLeave((PyObject *)self);
    } else if (status > 0) {
        PyErr_Format(PyExc_RuntimeError, "reentrant call inside %s.__repr__", Py_TYPE(self)->tp_name);
    }
    Py_DECREF(name);
    return r;
}
int kr_io_fileio_is_closed(PyObject *self) { return ((FileIO *)self)->fd < 0; }
static PyObject *get_closed(FileIO *self, void *ignored) { return PyBool_FromLong(self->fd < 0); }
static PyObject *get_closefd(FileIO *self, void *ignored) { return PyBool_FromLong(self->closefd); }
static PyObject *get_mode(FileIO *self, void *ignored) { return PyUnicode_FromString(mode_string(self)); }
static PyObject *get_finalizing(FileIO *self, void *ignored) { return PyBool_FromLong(self->finalizing); }
static int set_finalizing(FileIO *self, PyObject *v, void *ignored) {
    int r = v ? PyObject_IsTrue(v) : 0;
    if (r >= 0) self->finalizing = r;
    return r < 0 ? -1 : 0;
}
static PyMethodDef fileio_methods[] = {
    {"read", KR_METH(fileio_read), METH_VARARGS, "read($self, size=-1, /)\n--\n\nReads at most so many bytes with one system call."},
    {"readall", KR_METH(fileio_readall), METH_NOARGS, "readall($self, /)\n--\n\nReads to the end."},
    {"readinto", KR_METH(fileio_readinto), METH_O, "readinto($self, buffer, /)\n--\n\nReads into a buffer."},
    {"write", KR_METH(fileio_write), METH_O, "write($self, b, /)\n--\n\nWrites bytes with one system call; how many."},
    {"seek", KR_METH(fileio_seek), METH_VARARGS, "seek($self, pos, whence=0, /)\n--\n\nMoves the position."},
    {"tell", KR_METH(fileio_tell), METH_NOARGS, "tell($self, /)\n--\n\nThe position."},
    {"truncate", KR_METH(fileio_truncate), METH_VARARGS, "truncate($self, size=None, /)\n--\n\nSets the file's size."},
    {"close", KR_METH(fileio_close), METH_NOARGS, "close($self, /)\n--\n\nCloses the file."},
    {"seekable", KR_METH(fileio_seekable), METH_NOARGS, "seekable($self, /)\n--\n\nWhether seek() works."},
    {"readable", KR_METH(fileio_readable), METH_NOARGS, "readable($self, /)\n--\n\nWhether it was opened for reading."},
    {"writable", KR_METH(fileio_writable), METH_NOARGS, "writable($self, /)\n--\n\nWhether it was opened for writing."},
    {"fileno", KR_METH(fileio_fileno), METH_NOARGS, "fileno($self, /)\n--\n\nThe descriptor."},
    {"isatty", KR_METH(fileio_isatty), METH_NOARGS, "isatty($self, /)\n--\n\nWhether it is a terminal."},
    {"_dealloc_warn", KR_METH(fileio_dealloc_warn), METH_O},
    {"__reduce__", fileio_no_pickle, METH_VARARGS}, {"__reduce_ex__", fileio_no_pickle, METH_VARARGS}, {"__getstate__", fileio_no_pickle, METH_NOARGS},
    {NULL}};
static PyGetSetDef fileio_getset[] = {{"closed", (getter)get_closed, NULL, "True if the file is closed"},
    {"closefd", (getter)get_closefd, NULL, "True if close() closes the file descriptor."}, {"mode", (getter)get_mode, NULL, "The mode, a str."}, {"_finalizing", (getter)get_finalizing, (setter)set_finalizing, NULL}, {NULL}};
static PyMemberDef fileio_members[] = {{"_blksize", T_UINT, offsetof(FileIO, blksize), 0}, {NULL}};
PyTypeObject kr_io_fileio_type = {KR_STATIC_TYPE_HEAD.tp_name = "_io.FileIO", .tp_basicsize = sizeof(FileIO), .tp_dealloc = (destructor)fileio_dealloc,
    .tp_repr = (reprfunc)fileio_repr, .tp_getattro = PyObject_GenericGetAttr, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "FileIO(file, mode='r', closefd=True, opener=None)\n--\n\nOpens a file as a raw stream.", .tp_traverse = (traverseproc)fileio_traverse,
    .tp_clear = (inquiry)fileio_clear, .tp_weaklistoffset = offsetof(FileIO, weakrefs), .tp_methods = fileio_methods, .tp_members = fileio_members,
    .tp_getset = fileio_getset, .tp_base = &kr_io_rawbase_type, .tp_dictoffset = offsetof(FileIO, dict), .tp_init = (initproc)fileio_init, .tp_new = fileio_new};
