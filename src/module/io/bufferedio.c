/* bufferedio.c - _io: BufferedReader, BufferedWriter, BufferedRandom, BufferedRWPair.
 *
 * One struct serves the first three. `buf` holds either read-ahead or pending writes, never both:
 *   reading   buf[pos..end) was read from raw and not yet taken; raw's position is that of `end`
 *   writing   buf[0..end) (dirty) is to be written at raw's position
 * Random goes from reading to writing by seeking raw back over the read-ahead, from writing to reading by flushing.
 * A lock serialises threads; a thread that meets its own lock (signal handler, raw object calling back) gets RuntimeError.
 */
#include "module/io/io.h"
#include <errno.h>

typedef struct {
    PyObject_HEAD
    PyObject *raw;              /* NULL until __init__, and after detach() */
    unsigned ok : 1, detached : 1, readable : 1, writable : 1, finalizing : 1, dirty : 1;
    char *buf;
    Py_ssize_t size, pos, end;
    PyThread_type_lock lock;
    unsigned long owner;
    PyObject *dict, *weakrefs;
} Buffered;

/* ------------------------------------------------------------------ guards */

static int enter(Buffered *self) {
    if (!PyThread_acquire_lock(self->lock, 0)) {
        if (self->owner == PyThread_get_thread_ident()) {
            PyErr_Format(PyExc_RuntimeError, "reentrant call inside %R", self);
            return -1;
        }
        Py_BEGIN_ALLOW_THREADS PyThread_acquire_lock(self->lock, 1);
        Py_END_ALLOW_THREADS
    }
    self->owner = PyThread_get_thread_ident();
    return 0;
}
static void leave(Buffered *self) {
    self->owner = 0;
    PyThread_release_lock(self->lock);
}
static int check_init(Buffered *self) {
    if (self->ok) return 0;
    PyErr_SetString(PyExc_ValueError, self->detached ? "raw stream has been detached" : "I/O operation on uninitialized object");
    return -1;
}
static int check_open(Buffered *self, const char *message) {
    if (check_init(self) < 0) return -1;
    int closed = kr_io_is_closed(self->raw);
    if (closed > 0) PyErr_SetString(PyExc_ValueError, message);
    return closed ? -1 : 0;
}

/* ------------------------------------------------------------------ raw operations (lock held) */

/* raw.readinto(p[0..n)): the count, -2 for "would block", -1 with an exception. */
static Py_ssize_t raw_read(Buffered *self, char *p, Py_ssize_t n) {
    PyObject *view = PyMemoryView_FromMemory(p, n, PyBUF_WRITE);
    if (!view) return -1;
    PyObject *r = PyObject_CallMethodOneArg(self->raw, KR_STR(readinto), view);
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    PyObject *released = PyObject_CallMethod(view, "release", NULL);
    if (!released) PyErr_Clear();
    Py_XDECREF(released);
    PyErr_Restore(t, v, tb);
    Py_DECREF(view);
    if (!r) return -1;
    if (r == Py_None) {
        Py_DECREF(r);
        return -2;
    }
    Py_ssize_t got = PyNumber_AsSsize_t(r, PyExc_ValueError);
    Py_DECREF(r);
    if (got == -1 && PyErr_Occurred()) {
        _PyErr_FormatFromCause(PyExc_OSError, "raw readinto() failed");
        return -1;
    }
    if (got < 0 || got > n) {
        PyErr_Format(PyExc_OSError, "raw readinto() returned invalid length %zd (should have been between 0 and %zd)", got, n);
        return -1;
    }
    return got;
}
static Py_ssize_t raw_write(Buffered *self, const char *p, Py_ssize_t n) {
    PyObject *view = PyMemoryView_FromMemory((char *)p, n, PyBUF_READ);
    if (!view) return -1;
    errno = 0;
    PyObject *r = PyObject_CallMethodOneArg(self->raw, KR_STR(write), view);
    int why = errno;
    Py_DECREF(view);
    if (!r) return -1;
    if (r == Py_None) {
        Py_DECREF(r);
        errno = why;
        return -2;
    }
    Py_ssize_t done = PyNumber_AsSsize_t(r, PyExc_ValueError);
    Py_DECREF(r);
    if (done == -1 && PyErr_Occurred()) return -1;
    if (done < 0 || done > n) {
        PyErr_Format(PyExc_OSError, "raw write() returned invalid length %zd (should have been between 0 and %zd)", done, n);
        return -1;
    }
    return done;
}
static long long raw_tell(Buffered *self) {
    PyObject *r = PyObject_CallMethodNoArgs(self->raw, KR_STR(tell));
    if (!r) return -1;
    long long at = kr_io_offset(r, PyExc_ValueError);
    Py_DECREF(r);
    if (at < 0 && !PyErr_Occurred()) PyErr_Format(PyExc_OSError, "Raw stream returned invalid position %lld", at);
    return at;
}
static long long raw_seek(Buffered *self, long long target, int whence) {
    PyObject *r = PyObject_CallMethod(self->raw, "seek", "Li", target, whence);
    if (!r) return -1;
    long long at = kr_io_offset(r, PyExc_ValueError);
    Py_DECREF(r);
    if (at < 0 && !PyErr_Occurred()) PyErr_Format(PyExc_OSError, "Raw stream returned invalid position %lld", at);
    return at;
}
/* Raises BlockingIOError saying how many bytes of the caller's were taken. */
static void would_block(Py_ssize_t written) {
    PyObject *e = PyObject_CallFunction(PyExc_BlockingIOError, "isn", EAGAIN, "write could not complete without blocking", written);
    if (e) PyErr_SetObject(PyExc_BlockingIOError, e);
    Py_XDECREF(e);
}
/* Writes what is pending. 0; -1 with an exception (BlockingIOError when raw would block), the rest kept. */
static int flush_writes(Buffered *self) {
    while (self->dirty && self->pos < self->end) {
        Py_ssize_t n = raw_write(self, self->buf + self->pos, self->end - self->pos);
        if (n == -1) goto partly;
        if (n == -2) {
            would_block(0);
            goto partly;
        }
        self->pos += n;
        if (PyErr_CheckSignals() < 0) goto partly;
    }
    if (self->dirty) self->pos = self->end = 0;
    self->dirty = 0;
    return 0;
partly:
    memmove(self->buf, self->buf + self->pos, (size_t)(self->end - self->pos));
    self->end -= self->pos;
    self->pos = 0;
    return -1;
}
/* Drops read-ahead, putting raw back to where the reader is. */
static int unread(Buffered *self) {
    if (self->dirty || self->pos == self->end) {
        if (!self->dirty) self->pos = self->end = 0;
        return 0;
    }
    if (raw_seek(self, self->pos - self->end, 1) < 0) return -1;
    self->pos = self->end = 0;
    return 0;
}
static Py_ssize_t ahead(Buffered *self) { return self->dirty ? 0 : self->end - self->pos; }
/* Refills an empty read buffer once. As raw_read. */
static Py_ssize_t fill(Buffered *self) {
    self->pos = self->end = 0;
    Py_ssize_t n = raw_read(self, self->buf, self->size);
    if (n > 0) self->end = n;
    return n;
}
/* Makes a Random or Reader ready for reading. */
static int to_reading(Buffered *self) { return self->dirty ? flush_writes(self) : 0; }

/* ------------------------------------------------------------------ lifecycle */

static int buffered_setup(Buffered *self, PyObject *raw, Py_ssize_t size, bool readable, bool writable) {
    self->ok = self->detached = 0;
    if (readable && kr_io_check(raw, KR_STR(readable), "File or stream is not readable.") < 0) return -1;
    if (writable && kr_io_check(raw, KR_STR(writable), "File or stream is not writable.") < 0) return -1;
    if (size <= 0) {
        PyErr_SetString(PyExc_ValueError, "buffer size must be strictly positive");
        return -1;
    }
    char *buf = PyMem_Malloc((size_t)size);
    if (!buf) {
        PyErr_NoMemory();
        return -1;
    }
    if (!self->lock && !(self->lock = PyThread_allocate_lock())) {
        PyMem_Free(buf);
        PyErr_SetString(PyExc_RuntimeError, "can't allocate read lock");
        return -1;
    }
    PyMem_Free(self->buf);
    self->buf = buf;
    self->size = size;
    self->pos = self->end = 0;
    self->dirty = 0;
    self->readable = readable;
    self->writable = writable;
    Py_INCREF(raw);
    Py_XSETREF(self->raw, raw);
    self->ok = 1;
    return 0;
}
static int init_common(Buffered *self, PyObject *args, PyObject *kwds, const char *format, bool r, bool w) {
    static char *names[] = {"raw", "buffer_size", NULL};
    PyObject *raw;
    Py_ssize_t size = IO_BUFFER_SIZE;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, format, names, &raw, &size)) return -1;
    if (r && w && kr_io_check(raw, KR_STR(seekable), "File or stream is not seekable.") < 0) {
        self->ok = 0;
        return -1;
    }
    if (buffered_setup(self, raw, size, r, w) < 0) return -1;
    /* a program's own raw stream is asked where it is, as CPython's constructor does */
    if (!Py_IS_TYPE(raw, &kr_io_fileio_type) && raw_tell(self) < 0) PyErr_Clear();
    return 0;
}
static int reader_init(Buffered *self, PyObject *args, PyObject *kwds) { return init_common(self, args, kwds, "O|n:BufferedReader", true, false); }
static int writer_init(Buffered *self, PyObject *args, PyObject *kwds) { return init_common(self, args, kwds, "O|n:BufferedWriter", false, true); }
static int random_init(Buffered *self, PyObject *args, PyObject *kwds) { return init_common(self, args, kwds, "O|n:BufferedRandom", true, true); }

static int buffered_traverse(Buffered *self, visitproc visit, void *arg) {
    Py_VISIT(self->raw);
    Py_VISIT(self->dict);
    return 0;
}
static int buffered_clear(Buffered *self) {
    self->ok = 0;
    Py_CLEAR(self->raw);
    Py_CLEAR(self->dict);
    return 0;
}
static void buffered_dealloc(Buffered *self) {
    self->finalizing = 1;
    if (kr_io_finalize_from_dealloc((PyObject *)self) < 0) return;
    PyObject_GC_UnTrack(self);
    self->ok = 0;
    if (self->weakrefs) PyObject_ClearWeakRefs((PyObject *)self);
    PyMem_Free(self->buf);
    if (self->lock) PyThread_free_lock(self->lock);
    buffered_clear(self);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *buffered_flush(Buffered *self, PyObject *ignored) {
    if (check_open(self, "flush of closed file") < 0 || enter(self) < 0) return NULL;
    int rc = self->dirty ? flush_writes(self) : 0;
    if (rc == 0 && self->readable && self->writable) rc = unread(self);
    leave(self);
    if (rc < 0) return NULL;
    if (!self->writable) return PyObject_CallMethodNoArgs(self->raw, KR_STR(flush));
    Py_RETURN_NONE;
}
static PyObject *buffered_close(Buffered *self, PyObject *ignored) {
    if (check_init(self) < 0) return NULL;
    int closed = kr_io_is_closed(self->raw);
    if (closed < 0) return NULL;
    if (closed) Py_RETURN_NONE;
    if (self->finalizing) kr_io_dealloc_warn(self->raw, (PyObject *)self);
    PyObject *t = NULL, *v = NULL, *tb = NULL;
    if (kr_io_call((PyObject *)self, KR_STR(flush)) < 0) PyErr_Fetch(&t, &v, &tb);
    /* under the lock, so that another thread's write waits and then finds it closed */
    PyObject *r = NULL;
    if (enter(self) == 0) {
        r = PyObject_CallMethodNoArgs(self->raw, KR_STR(close));
        PyMem_Free(self->buf);
        self->buf = NULL;
        self->pos = self->end = 0;
        self->dirty = 0;
        leave(self);
    }
    if (t) {
        Py_CLEAR(r);
        _PyErr_ChainExceptions(t, v, tb);
    }
    return r;
}
static PyObject *buffered_detach(Buffered *self, PyObject *ignored) {
    if (check_init(self) < 0 || kr_io_call((PyObject *)self, KR_STR(flush)) < 0) return NULL;
    PyObject *raw = self->raw;
    self->raw = NULL;
    self->detached = 1;
    self->ok = 0;
    return raw;
}
static PyObject *buffered_dealloc_warn(Buffered *self, PyObject *source) {
    if (self->ok && self->raw) kr_io_dealloc_warn(self->raw, source);
    Py_RETURN_NONE;
}
/* Methods that only ask raw. */
static PyObject *ask_raw(Buffered *self, PyObject *name) { return check_init(self) < 0 ? NULL : PyObject_CallMethodNoArgs(self->raw, name); }
static PyObject *buffered_seekable(Buffered *self, PyObject *ignored) { return ask_raw(self, KR_STR(seekable)); }
static PyObject *buffered_readable(Buffered *self, PyObject *ignored) { return ask_raw(self, KR_STR(readable)); }
static PyObject *buffered_writable(Buffered *self, PyObject *ignored) { return ask_raw(self, KR_STR(writable)); }
static PyObject *buffered_fileno(Buffered *self, PyObject *ignored) { return ask_raw(self, KR_STR(fileno)); }
static PyObject *buffered_isatty(Buffered *self, PyObject *ignored) { return ask_raw(self, KR_STR(isatty)); }
static PyObject *get_attr(Buffered *self, PyObject *name) { return check_init(self) < 0 ? NULL : PyObject_GetAttr(self->raw, name); }
PyObject *kr_io_buffered_below(PyObject *self) { return ((Buffered *)self)->ok ? ((Buffered *)self)->raw : NULL; }
static PyObject *buffered_get_closed(Buffered *self, void *ignored) { return get_attr(self, KR_STR(closed)); }
static PyObject *buffered_get_name(Buffered *self, void *ignored) { return get_attr(self, KR_STR(name)); }
static PyObject *buffered_get_mode(Buffered *self, void *ignored) { return get_attr(self, KR_STR(mode)); }
static PyObject *buffered_get_finalizing(Buffered *self, void *ignored) { return PyBool_FromLong(self->finalizing); }
static int buffered_set_finalizing(Buffered *self, PyObject *v, void *ignored) {
    int r = v ? PyObject_IsTrue(v) : 0;
    if (r >= 0) self->finalizing = r;
    return r < 0 ? -1 : 0;
}
static PyObject *buffered_sizeof(Buffered *self, PyObject *ignored) { return PyLong_FromSsize_t(Py_TYPE(self)->tp_basicsize + (self->buf ? self->size : 0)); }
static PyObject *no_pickle(PyObject *self, PyObject *args) {
    PyErr_Format(PyExc_TypeError, "cannot pickle '%.100s' object", Py_TYPE(self)->tp_name);
    return NULL;
}
static PyObject *buffered_repr(Buffered *self) {
    PyObject *name, *r = NULL;
    if (_PyObject_LookupAttr((PyObject *)self, KR_STR(name), &name) < 0) {
        if (!PyErr_ExceptionMatches(PyExc_ValueError)) return NULL;
        PyErr_Clear();
        name = NULL;
    }
    if (!name) return PyUnicode_FromFormat("<%s>", Py_TYPE(self)->tp_name);
    int status = Py_ReprEnter((PyObject *)self);
    if (status == 0) {
        r = PyUnicode_FromFormat("<%s name=%R>", Py_TYPE(self)->tp_name, name);
        Py_ReprLeave((PyObject *)self);
    } else if (status > 0) {
        PyErr_Format(PyExc_RuntimeError, "reentrant call inside %s.__repr__", Py_TYPE(self)->tp_name);
    }
    Py_DECREF(name);
    return r;
}

/* ------------------------------------------------------------------ position */

static PyObject *buffered_tell(Buffered *self, PyObject *ignored) {
    if (check_init(self) < 0) return NULL;
    long long at = raw_tell(self);
    if (at < 0) return NULL;
    at += self->dirty ? self->end - self->pos : -(self->end - self->pos);
    if (at < 0) at = 0;
    return PyLong_FromLongLong(at);
}
static PyObject *buffered_seek(Buffered *self, PyObject *args) {
    PyObject *o;
    int whence = 0;
    if (!PyArg_ParseTuple(args, "O|i:seek", &o, &whence)) return NULL;
    if (whence < 0 || whence > 4) {
        PyErr_Format(PyExc_ValueError, "whence value %d unsupported", whence);
        return NULL;
    }
    if (check_open(self, "seek of closed file") < 0 || kr_io_check(self->raw, KR_STR(seekable), "File or stream is not seekable.") < 0) return NULL;
    long long target = kr_io_offset(o, PyExc_ValueError);
    if (target == -1 && PyErr_Occurred()) return NULL;
    if (whence < 2 && ahead(self) > 0) {
        /* within the read-ahead nothing needs to be asked of raw but where it is */
        long long raw_at = raw_tell(self);
        if (raw_at < 0) return NULL;
        long long here = raw_at - ahead(self), offset = whence == 1 ? target : target - here;
        if (offset >= -self->pos && offset <= ahead(self)) {
            self->pos += offset;
            return PyLong_FromLongLong(here + offset);
        }
    }
    if (enter(self) < 0) return NULL;
    long long at = -1;
    if (self->dirty ? flush_writes(self) == 0 : 1) {
        if (whence == 1) target -= ahead(self);
        at = raw_seek(self, target, whence);
        if (at >= 0) self->pos = self->end = 0;
    }
    leave(self);
    return at < 0 ? NULL : PyLong_FromLongLong(at);
}
static PyObject *buffered_truncate(Buffered *self, PyObject *args) {
    PyObject *size = Py_None, *r = NULL;
    if (!PyArg_ParseTuple(args, "|O:truncate", &size)) return NULL;
    if (check_open(self, "truncate of closed file") < 0) return NULL;
    if (!self->writable) return kr_io_unsupported("truncate");
    if (enter(self) < 0) return NULL;
    if ((self->dirty ? flush_writes(self) : unread(self)) == 0) r = PyObject_CallMethod(self->raw, "truncate", "O", size);
    leave(self);
    return r;
}

/* ------------------------------------------------------------------ reading */

static PyObject *take(Buffered *self, Py_ssize_t n) {
    PyObject *b = PyBytes_FromStringAndSize(self->buf + self->pos, n);
    if (b) self->pos += n;
    return b;
}
/* Everything to the end (lock held). */
static PyObject *read_all(Buffered *self) {
    PyObject *head = take(self, ahead(self)), *readall, *rest = NULL;
    if (!head) return NULL;
    self->pos = self->end = 0;
    if (_PyObject_LookupAttr(self->raw, KR_STR(readall), &readall) < 0) goto fail;
    if (readall) {
        rest = PyObject_CallNoArgs(readall);
        Py_DECREF(readall);
        if (!rest) goto fail;
        if (rest != Py_None && !PyBytes_Check(rest)) {
            PyErr_SetString(PyExc_TypeError, "readall() should return bytes");
            goto fail;
        }
        if (rest == Py_None) {
            if (PyBytes_GET_SIZE(head) == 0) {
                Py_DECREF(head);
                return rest;
            }
            Py_DECREF(rest);
            return head;
        }
        PyBytes_ConcatAndDel(&head, rest);
        return head;
    }
    for (;;) {
        PyObject *data = PyObject_CallMethodNoArgs(self->raw, KR_STR(read));
        if (!data) goto fail;
        if (data != Py_None && !PyBytes_Check(data)) {
            Py_DECREF(data);
            PyErr_SetString(PyExc_TypeError, "read() should return bytes");
            goto fail;
        }
        if (data == Py_None || PyBytes_GET_SIZE(data) == 0) {
            if (data == Py_None && PyBytes_GET_SIZE(head) == 0) {
                Py_DECREF(head);
                return data;
            }
            Py_DECREF(data);
            return head;
        }
        PyBytes_ConcatAndDel(&head, data);
        if (!head) return NULL;
    }
fail:
    Py_XDECREF(rest);
    Py_DECREF(head);
    return NULL;
}
/* Exactly n bytes unless the end or a would-block comes first (lock held); None when nothing and would block. */
static PyObject *read_exactly(Buffered *self, Py_ssize_t n) {
    if (n <= ahead(self)) return take(self, n);
    PyObject *b = PyBytes_FromStringAndSize(NULL, n);
    if (!b) return NULL;
    char *p = PyBytes_AS_STRING(b);
    Py_ssize_t have = ahead(self);
    memcpy(p, self->buf + self->pos, (size_t)have);
    self->pos = self->end = 0;
    while (have < n) {
        Py_ssize_t left = n - have, got;
        if (left >= self->size) {
            got = raw_read(self, p + have, left - left % self->size);
        } else {
            got = fill(self);
            if (got > 0) {
                if (got > left) got = left;
                memcpy(p + have, self->buf, (size_t)got);
                self->pos = got;
            }
        }
        if (got == -1) {
            Py_DECREF(b);
            return NULL;
        }
        if (got <= 0) {
            if (got == -2 && have == 0) {
                Py_DECREF(b);
                Py_RETURN_NONE;
            }
            break;
        }
        have += got;
    }
    if (have != n) _PyBytes_Resize(&b, have);
    return b;
}
static PyObject *buffered_read(Buffered *self, PyObject *args) {
    Py_ssize_t n = -1;
    if (!PyArg_ParseTuple(args, "|O&:read", kr_io_size, &n)) return NULL;
    if (n < -1) {
        PyErr_SetString(PyExc_ValueError, "read length must be non-negative or -1");
        return NULL;
    }
    if (check_open(self, "read of closed file") < 0 || enter(self) < 0) return NULL;
    PyObject *r = to_reading(self) < 0 ? NULL : n < 0 ? read_all(self) : read_exactly(self, n);
    leave(self);
    return r;
}
static PyObject *buffered_read1(Buffered *self, PyObject *args) {
    Py_ssize_t n = -1;
    if (!PyArg_ParseTuple(args, "|n:read1", &n)) return NULL;
    if (n < 0) n = self->size;
    if (check_open(self, "read of closed file") < 0) return NULL;
    if (n == 0) return PyBytes_FromStringAndSize(NULL, 0);
    if (enter(self) < 0) return NULL;
    PyObject *r = NULL;
    if (to_reading(self) == 0) {
        if (ahead(self) > 0) {
            r = take(self, Py_MIN(n, ahead(self)));
        } else if ((r = PyBytes_FromStringAndSize(NULL, n))) {
            Py_ssize_t got = raw_read(self, PyBytes_AS_STRING(r), n);
            self->pos = self->end = 0;
            if (got == -1) Py_CLEAR(r);
            else if (got != n) _PyBytes_Resize(&r, got == -2 ? 0 : got);
        }
    }
    leave(self);
    return r;
}
static PyObject *readinto(Buffered *self, PyObject *arg, bool once) {
    if (check_open(self, "readinto of closed file") < 0) return NULL;
    Py_buffer view;
    if (PyObject_GetBuffer(arg, &view, PyBUF_WRITABLE) < 0) {
        PyErr_Clear();
        PyErr_Format(PyExc_TypeError, "readinto%s() argument must be read-write bytes-like object, not %.100s", once ? "1" : "", Py_TYPE(arg)->tp_name);
        return NULL;
    }
    PyObject *r = NULL;
    if (enter(self) < 0) goto done;
    if (to_reading(self) < 0) goto unlock;
    char *p = view.buf;
    Py_ssize_t have = Py_MIN(ahead(self), view.len), got = 0;
    memcpy(p, self->buf + self->pos, (size_t)have);
    self->pos += have;
    while (have < view.len) {
        Py_ssize_t left = view.len - have;
        if (once && have > 0 && left <= self->size) break;
        if (left > self->size) {
            self->pos = self->end = 0;
            got = raw_read(self, p + have, left);
        } else {
            got = fill(self);
            if (got > 0) {
                if (got > left) got = left;
                memcpy(p + have, self->buf, (size_t)got);
                self->pos = got;
            }
        }
        if (got == -1) goto unlock;
        if (got <= 0) break;
        have += got;
        if (once) break;
    }
    r = got == -2 && have == 0 ? Py_NewRef(Py_None) : PyLong_FromSsize_t(have);
unlock:
    leave(self);
done:
    PyBuffer_Release(&view);
    return r;
}
static PyObject *buffered_readinto(Buffered *self, PyObject *arg) { return readinto(self, arg, false); }
static PyObject *buffered_readinto1(Buffered *self, PyObject *arg) { return readinto(self, arg, true); }
static PyObject *buffered_peek(Buffered *self, PyObject *args) {
    Py_ssize_t n = 0;
    if (!PyArg_ParseTuple(args, "|n:peek", &n) || check_open(self, "peek of closed file") < 0 || enter(self) < 0) return NULL;
    PyObject *r = NULL;
    if (to_reading(self) == 0) {
        Py_ssize_t got = ahead(self) > 0 ? 1 : fill(self);
        if (got != -1) r = PyBytes_FromStringAndSize(self->buf + self->pos, ahead(self));
    }
    leave(self);
    return r;
}
/* A line of at most `limit` bytes (-1: any). */
static PyObject *read_line(Buffered *self, Py_ssize_t limit) {
    if (check_open(self, "readline of closed file") < 0) return NULL;
    Py_ssize_t n = ahead(self);
    if (limit >= 0 && n > limit) n = limit;
    char *nl = n > 0 ? memchr(self->buf + self->pos, '\n', (size_t)n) : NULL;
    if (nl) return take(self, nl - (self->buf + self->pos) + 1);
    if (limit >= 0 && n == limit) return take(self, n);
    if (enter(self) < 0) return NULL;
    PyObject *chunks = NULL, *r = NULL;
    if (to_reading(self) < 0 || !(chunks = PyList_New(0))) goto done;
    for (;;) {
        n = ahead(self);
        if (limit >= 0 && n > limit) n = limit;
        bool complete = limit >= 0 && n == limit;
        nl = n > 0 ? memchr(self->buf + self->pos, '\n', (size_t)n) : NULL;
        if (nl) {
            n = nl - (self->buf + self->pos) + 1;
            complete = true;
        }
        if (n > 0) {
            PyObject *piece = take(self, n);
            int bad = !piece || PyList_Append(chunks, piece) < 0;
            Py_XDECREF(piece);
            if (bad) goto done;
            if (limit >= 0) limit -= n;
        }
        if (complete) break;
        Py_ssize_t got = fill(self);
        if (got == -1) goto done;
        if (got <= 0) break;
    }
    if (PyList_GET_SIZE(chunks) == 1) {
        r = Py_NewRef(PyList_GET_ITEM(chunks, 0));
    } else {
        PyObject *empty = PyBytes_FromStringAndSize(NULL, 0);
        r = empty ? _PyBytes_Join(empty, chunks) : NULL;
        Py_XDECREF(empty);
    }
done:
    leave(self);
    Py_XDECREF(chunks);
    return r;
}
static PyObject *buffered_readline(Buffered *self, PyObject *args) {
    Py_ssize_t limit = -1;
    return PyArg_ParseTuple(args, "|O&:readline", kr_io_size, &limit) ? read_line(self, limit) : NULL;
}
static PyObject *buffered_next(Buffered *self) {
    PyObject *line;
    if (check_init(self) < 0) return NULL;
    if (Py_IS_TYPE(self, &kr_io_reader_type) || Py_IS_TYPE(self, &kr_io_random_type)) {
        line = read_line(self, -1);
    } else {
        line = PyObject_CallMethodNoArgs((PyObject *)self, KR_STR(readline));
        if (line && !PyBytes_Check(line)) {
            PyErr_Format(PyExc_OSError, "readline() should have returned a bytes object, not '%.200s'", Py_TYPE(line)->tp_name);
            Py_CLEAR(line);
        }
    }
    if (line && PyBytes_GET_SIZE(line) == 0) Py_CLEAR(line);
    return line;
}

/* ------------------------------------------------------------------ writing */

static PyObject *buffered_write(Buffered *self, PyObject *arg) {
    if (check_init(self) < 0) return NULL;
    Py_buffer view;
    if (PyObject_GetBuffer(arg, &view, PyBUF_SIMPLE) < 0) return NULL;
    PyObject *r = NULL;
    if (enter(self) < 0) goto release;
    int closed = kr_io_is_closed(self->raw);
    if (closed) {
        if (closed > 0) PyErr_SetString(PyExc_ValueError, "write to closed file");
        goto done;
    }
    if (!self->dirty && unread(self) < 0) goto done;
    self->dirty = 1;
    const char *p = view.buf;
    Py_ssize_t left = view.len;
    if (left > self->size - self->end) {
        /* fill the buffer up, write it, pass big blocks straight on */
        if (flush_writes(self) < 0) {
            if (!PyErr_ExceptionMatches(PyExc_BlockingIOError)) goto done;
            Py_ssize_t room = Py_MIN(left, self->size - self->end);
            memcpy(self->buf + self->end, p, (size_t)room);
            self->end += room;
            self->dirty = 1;
            if (room == left) {
                PyErr_Clear();
                goto written;
            }
            PyErr_Clear();
            would_block(room);
            goto done;
        }
        self->dirty = 1;
        while (left > self->size) {
            Py_ssize_t n = raw_write(self, p, left);
            if (n == -1) {
                self->dirty = 0;
                goto done;
            }
            if (n == -2) {
                /* would block: keep what fits */
                Py_ssize_t room = self->size;
                memcpy(self->buf, p, (size_t)room);
                self->pos = 0;
                self->end = room;
                would_block(view.len - left + room);
                goto done;
            }
            p += n;
            left -= n;
            if (PyErr_CheckSignals() < 0) {
                self->dirty = 0;
                goto done;
            }
        }
    }
    memcpy(self->buf + self->end, p, (size_t)left);
    self->end += left;
written:
    r = PyLong_FromSsize_t(view.len);
    if (self->end == 0) self->dirty = 0;
done:
    leave(self);
release:
    PyBuffer_Release(&view);
    return r;
}

/* ------------------------------------------------------------------ types */

#define COMMON_METHODS                                                                                                                       \
    {"detach", KR_METH(buffered_detach), METH_NOARGS}, {"flush", KR_METH(buffered_flush), METH_NOARGS}, {"close", KR_METH(buffered_close), METH_NOARGS}, \
    {"seekable", KR_METH(buffered_seekable), METH_NOARGS}, {"fileno", KR_METH(buffered_fileno), METH_NOARGS},                                 \
    {"isatty", KR_METH(buffered_isatty), METH_NOARGS}, {"tell", KR_METH(buffered_tell), METH_NOARGS}, \
    {"seek", KR_METH(buffered_seek), METH_VARARGS, "seek($self, target, whence=0, /)\n--\n\nMoves the stream position; the new one."}, \
    {"truncate", KR_METH(buffered_truncate), METH_VARARGS, "truncate($self, pos=None, /)\n--\n\nCuts the file at a size, the position by default."}, \
    {"__sizeof__", KR_METH(buffered_sizeof), METH_NOARGS}, {"_dealloc_warn", KR_METH(buffered_dealloc_warn), METH_O}, \
    {"__reduce__", no_pickle, METH_VARARGS}, {"__reduce_ex__", no_pickle, METH_VARARGS}, {"__getstate__", no_pickle, METH_NOARGS}
#define READ_METHODS                                                                                                                         \
    {"read", KR_METH(buffered_read), METH_VARARGS, "read($self, size=-1, /)\n--\n\nReads so much, or to the end."}, \
    {"peek", KR_METH(buffered_peek), METH_VARARGS, "peek($self, size=0, /)\n--\n\nBytes that come next, the position stays."}, \
    {"read1", KR_METH(buffered_read1), METH_VARARGS, "read1($self, size=-1, /)\n--\n\nReads with one call of the raw stream at most."}, \
    {"readinto", KR_METH(buffered_readinto), METH_O, "readinto($self, buffer, /)\n--\n\nReads into a buffer; how many bytes."}, \
    {"readinto1", KR_METH(buffered_readinto1), METH_O, "readinto1($self, buffer, /)\n--\n\nThe same with one call of the raw stream at most."}, \
    {"readline", KR_METH(buffered_readline), METH_VARARGS, "readline($self, size=-1, /)\n--\n\nA line, or so much of it."}
#define READABLE {"readable", KR_METH(buffered_readable), METH_NOARGS}
#define WRITABLE {"writable", KR_METH(buffered_writable), METH_NOARGS}
static PyMethodDef reader_methods[] = {COMMON_METHODS, READ_METHODS, READABLE, {NULL}};
static PyMethodDef writer_methods[] = {
    COMMON_METHODS, WRITABLE, {"write", KR_METH(buffered_write), METH_O, "write($self, buffer, /)\n--\n\nWrites; how much was taken."}, {NULL}};
static PyMethodDef random_methods[] = {
    COMMON_METHODS, READ_METHODS, READABLE, WRITABLE,
    {"write", KR_METH(buffered_write), METH_O, "write($self, buffer, /)\n--\n\nWrites; how much was taken."}, {NULL}};
static PyMemberDef buffered_members[] = {{"raw", T_OBJECT, offsetof(Buffered, raw), READONLY}, {NULL}};
static PyGetSetDef buffered_getset[] = {{"closed", (getter)buffered_get_closed, NULL, NULL}, {"name", (getter)buffered_get_name, NULL, NULL},
    {"mode", (getter)buffered_get_mode, NULL, NULL}, {"_finalizing", (getter)buffered_get_finalizing, (setter)buffered_set_finalizing, NULL}, {NULL}};
#define BUFFERED_TYPE(var, nm, methods, init, doc, next)                                                                                     \
    PyTypeObject var = {KR_STATIC_TYPE_HEAD.tp_name = nm, .tp_basicsize = sizeof(Buffered), .tp_dealloc = (destructor)buffered_dealloc,      \
        .tp_repr = (reprfunc)buffered_repr, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, .tp_doc = doc,        \
        .tp_traverse = (traverseproc)buffered_traverse, .tp_clear = (inquiry)buffered_clear, .tp_weaklistoffset = offsetof(Buffered, weakrefs), \
        .tp_iternext = next, .tp_methods = methods, .tp_members = buffered_members, .tp_getset = buffered_getset,                            \
        .tp_base = &kr_io_bufferedbase_type, .tp_dictoffset = offsetof(Buffered, dict), .tp_init = (initproc)init, .tp_new = PyType_GenericNew}
BUFFERED_TYPE(kr_io_reader_type, "_io.BufferedReader", reader_methods, reader_init, "BufferedReader(raw, buffer_size=DEFAULT_BUFFER_SIZE)\n--\n\nA buffer for reading a raw stream.", (iternextfunc)buffered_next);
BUFFERED_TYPE(kr_io_writer_type, "_io.BufferedWriter", writer_methods, writer_init, "BufferedWriter(raw, buffer_size=DEFAULT_BUFFER_SIZE)\n--\n\nA buffer for writing a raw stream.", NULL);
BUFFERED_TYPE(kr_io_random_type, "_io.BufferedRandom", random_methods, random_init, "BufferedRandom(raw, buffer_size=DEFAULT_BUFFER_SIZE)\n--\n\nA buffer for reading and writing a seekable raw stream.", (iternextfunc)buffered_next);

/* ------------------------------------------------------------------ BufferedRWPair */

typedef struct {
    PyObject_HEAD
    PyObject *reader, *writer, *dict, *weakrefs;
} Pair;
static int pair_init(Pair *self, PyObject *args, PyObject *kwds) {
    PyObject *r, *w;
    Py_ssize_t size = IO_BUFFER_SIZE;
    if (!_PyArg_NoKeywords("BufferedRWPair", kwds) || !PyArg_ParseTuple(args, "OO|n:BufferedRWPair", &r, &w, &size)) return -1;
    if (kr_io_check(r, KR_STR(readable), "File or stream is not readable.") < 0 || kr_io_check(w, KR_STR(writable), "File or stream is not writable.") < 0) return -1;
    Py_XSETREF(self->reader, PyObject_CallFunction((PyObject *)&kr_io_reader_type, "On", r, size));
    if (!self->reader) return -1;
    Py_XSETREF(self->writer, PyObject_CallFunction((PyObject *)&kr_io_writer_type, "On", w, size));
    if (!self->writer) {
        Py_CLEAR(self->reader);
        return -1;
    }
    return 0;
}
static int pair_traverse(Pair *self, visitproc visit, void *arg) {
    Py_VISIT(self->dict);
    Py_VISIT(self->reader);
    Py_VISIT(self->writer);
    return 0;
}
static int pair_clear(Pair *self) {
    Py_CLEAR(self->reader);
    Py_CLEAR(self->writer);
    Py_CLEAR(self->dict);
    return 0;
}
static void pair_dealloc(Pair *self) {
    if (kr_io_finalize_from_dealloc((PyObject *)self) < 0) return;
    PyObject_GC_UnTrack(self);
    if (self->weakrefs) PyObject_ClearWeakRefs((PyObject *)self);
    pair_clear(self);
    Py_TYPE(self)->tp_free(self);
}
static PyObject *pair_forward(PyObject *to, const char *name, PyObject *args) {
    if (!to) {
        PyErr_SetString(PyExc_ValueError, "I/O operation on uninitialized object");
        return NULL;
    }
    PyObject *f = PyObject_GetAttrString(to, name), *r = f ? PyObject_CallObject(f, args) : NULL;
    Py_XDECREF(f);
    return r;
}
#define FORWARD(name, to) static PyObject *pair_##name(Pair *self, PyObject *args) { return pair_forward(self->to, #name, args); }
FORWARD(read, reader)
FORWARD(peek, reader)
FORWARD(read1, reader)
FORWARD(readinto, reader)
FORWARD(readinto1, reader)
FORWARD(readable, reader)
FORWARD(write, writer)
FORWARD(flush, writer)
FORWARD(writable, writer)
static PyObject *pair_close(Pair *self, PyObject *args) {
    PyObject *t = NULL, *v = NULL, *tb = NULL;
    PyObject *r = pair_forward(self->writer, "close", NULL);
    if (r) Py_DECREF(r);
    else PyErr_Fetch(&t, &v, &tb);
    r = pair_forward(self->reader, "close", NULL);
    if (t) {
        Py_CLEAR(r);
        _PyErr_ChainExceptions(t, v, tb);
    }
    return r;
}
static PyObject *pair_isatty(Pair *self, PyObject *ignored) {
    PyObject *r = pair_forward(self->writer, "isatty", NULL);
    if (r != Py_False) return r;
    Py_DECREF(r);
    return pair_forward(self->reader, "isatty", NULL);
}
static PyObject *pair_get_closed(Pair *self, void *ignored) {
    if (!self->writer) {
        PyErr_SetString(PyExc_RuntimeError, "the BufferedRWPair object is being garbage-collected");
        return NULL;
    }
    return PyObject_GetAttr(self->writer, KR_STR(closed));
}
#define P(name) {#name, KR_METH(pair_##name), METH_VARARGS}
static PyMethodDef pair_methods[] = {P(read), P(peek), P(read1), P(readinto), P(readinto1), P(readable), P(write), P(flush), P(writable), P(close),
                                     {"isatty", KR_METH(pair_isatty), METH_NOARGS}, {NULL}};
static PyGetSetDef pair_getset[] = {{"closed", (getter)pair_get_closed, NULL, NULL}, {NULL}};
PyTypeObject kr_io_rwpair_type = {KR_STATIC_TYPE_HEAD.tp_name = "_io.BufferedRWPair", .tp_basicsize = sizeof(Pair), .tp_dealloc = (destructor)pair_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, .tp_doc = "BufferedRWPair(reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)\n--\n\nA reader and a writer as one stream.",
    .tp_traverse = (traverseproc)pair_traverse, .tp_clear = (inquiry)pair_clear, .tp_weaklistoffset = offsetof(Pair, weakrefs), .tp_methods = pair_methods,
    .tp_getset = pair_getset, .tp_base = &kr_io_bufferedbase_type, .tp_dictoffset = offsetof(Pair, dict), .tp_init = (initproc)pair_init, .tp_new = PyType_GenericNew};
