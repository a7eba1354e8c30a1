/* posix_fd.c - posix: functions on descriptors: open, read, write, pipes, terminals, event descriptors. */
#define _GNU_SOURCE
#include "module/posix/posix.h"
#include <pty.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <termios.h>
#include <utmp.h>

#define NONE_OR_ERROR(rc) ((rc) ? posix_error() : Py_NewRef(Py_None))
/* After POSIX_RETRY: the result, or the exception that is or will be set. */
#define RETRIED(rc, raised, value) ((rc) < 0 ? (raised) ? NULL : posix_error() : (value))

static int fd_argument(PyObject *o) {
    int fd = _PyLong_AsInt(o);
    return fd == -1 && PyErr_Occurred() ? INT_MIN : fd;
}

static PyObject *posix_open(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "flags", "mode", "dir_fd", NULL};
    Path p = PATH("open", "path");
    int flags, mode = 0777, dir_fd = AT_FDCWD, fd, raised = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&i|i$O&:open", names, posix_path, &p, &flags, &mode, posix_dir_fd, &dir_fd)) return NULL;
    PyObject *r = NULL;
    flags |= O_CLOEXEC;
    if (PySys_Audit("open", "OOi", p.object, Py_None, flags) == 0) {
        POSIX_RETRY(fd, raised, openat(dir_fd, p.name, flags, mode));
        if (fd >= 0) r = PyLong_FromLong(fd);
        else if (!raised) posix_path_error(&p);
    }
    posix_path_done(&p);
    return r;
}
static PyObject *posix_close(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"fd", NULL};
    int fd, rc;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "i:close", names, &fd)) return NULL;
    Py_BEGIN_ALLOW_THREADS rc = close(fd); /* after EINTR the descriptor is gone on Linux: never again */
    Py_END_ALLOW_THREADS
    return rc < 0 && errno != EINTR ? posix_error() : Py_NewRef(Py_None);
}
static PyObject *posix_closerange(PyObject *self, PyObject *args) {
    int low, high;
    if (!PyArg_ParseTuple(args, "ii:closerange", &low, &high)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    if (low < 0) low = 0;
    if (high > low) close_range((unsigned)low, (unsigned)high - 1, 0);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}
static PyObject *posix_dup(PyObject *self, PyObject *arg) {
    int fd = fd_argument(arg);
    if (fd == INT_MIN) return NULL;
    int r = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return r < 0 ? posix_error() : PyLong_FromLong(r);
}
static PyObject *posix_dup2(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"fd", "fd2", "inheritable", NULL};
    int fd, fd2, inheritable = 1, r;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "ii|p:dup2", names, &fd, &fd2, &inheritable)) return NULL;
    if (fd < 0 || fd2 < 0) {
        errno = EBADF;
        return posix_error();
    }
    Py_BEGIN_ALLOW_THREADS r = inheritable || fd == fd2 ? dup2(fd, fd2) : dup3(fd, fd2, O_CLOEXEC);
    Py_END_ALLOW_THREADS
    return r < 0 ? posix_error() : PyLong_FromLong(r);
}
static PyObject *posix_lseek(PyObject *self, PyObject *args) {
    int fd, how;
    long long at;
    if (!PyArg_ParseTuple(args, "iLi:lseek", &fd, &at, &how)) return NULL;
    long long r;
    Py_BEGIN_ALLOW_THREADS r = lseek(fd, at, how);
    Py_END_ALLOW_THREADS
    return r < 0 ? posix_error() : PyLong_FromLongLong(r);
}
static PyObject *read_at(int fd, Py_ssize_t n, long long offset) {
    if (n < 0) {
        errno = EINVAL;
        return posix_error();
    }
    if (n > 0x7ffff000) n = 0x7ffff000;
    PyObject *b = PyBytes_FromStringAndSize(NULL, n);
    if (!b) return NULL;
    ssize_t got;
    int raised = 0;
    char *buf = PyBytes_AS_STRING(b);
    POSIX_RETRY(got, raised, offset < 0 ? read(fd, buf, (size_t)n) : pread(fd, buf, (size_t)n, offset));
    if (got < 0) {
        Py_DECREF(b);
        return raised ? NULL : posix_error();
    }
    if (got != n) _PyBytes_Resize(&b, got);
    return b;
}
static PyObject *posix_read(PyObject *self, PyObject *args) {
    int fd;
    Py_ssize_t n;
    return PyArg_ParseTuple(args, "in:read", &fd, &n) ? read_at(fd, n, -1) : NULL;
}
static PyObject *posix_pread(PyObject *self, PyObject *args) {
    int fd;
    Py_ssize_t n;
    long long at;
    if (!PyArg_ParseTuple(args, "inL:pread", &fd, &n, &at)) return NULL;
    if (at < 0) {
        errno = EINVAL;
        return posix_error();
    }
    return read_at(fd, n, at);
}
static PyObject *posix_write(PyObject *self, PyObject *args) {
    int fd, raised = 0;
    Py_buffer v;
    ssize_t n;
    if (!PyArg_ParseTuple(args, "iy*:write", &fd, &v)) return NULL;
    POSIX_RETRY(n, raised, write(fd, v.buf, v.len > 0x7ffff000 ? 0x7ffff000 : (size_t)v.len));
    PyObject *r = RETRIED(n, raised, PyLong_FromSsize_t(n));
    PyBuffer_Release(&v);
    return r;
}
static PyObject *posix_pwrite(PyObject *self, PyObject *args) {
    int fd, raised = 0;
    Py_buffer v;
    long long at;
    ssize_t n;
    if (!PyArg_ParseTuple(args, "iy*L:pwrite", &fd, &v, &at)) return NULL;
    POSIX_RETRY(n, raised, pwrite(fd, v.buf, (size_t)v.len, at));
    PyObject *r = RETRIED(n, raised, PyLong_FromSsize_t(n));
    PyBuffer_Release(&v);
    return r;
}

/* Buffers of a sequence as an iovec array; *total their size. Freed by vec_free. */
typedef struct {
    struct iovec *iov;
    Py_buffer *views;
    Py_ssize_t n;
} Vec;
static void vec_free(Vec *v) {
    for (Py_ssize_t i = 0; i < v->n; i++) PyBuffer_Release(&v->views[i]);
    PyMem_Free(v->iov);
    PyMem_Free(v->views);
}
static int vec_init(Vec *v, PyObject *seq, int flags) {
    *v = (Vec){0};
    if (!PySequence_Check(seq)) {
        PyErr_Format(PyExc_TypeError, "%s() arg 2 must be a sequence", flags == PyBUF_WRITABLE ? "readv" : "writev");
        return -1;
    }
    Py_ssize_t n = PySequence_Size(seq);
    if (n < 0) return -1;
    v->iov = PyMem_Calloc((size_t)n + 1, sizeof *v->iov);
    v->views = PyMem_Calloc((size_t)n + 1, sizeof *v->views);
    if (!v->iov || !v->views) {
        vec_free(v);
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = PySequence_GetItem(seq, i);
        int rc = item ? PyObject_GetBuffer(item, &v->views[i], flags) : -1;
        Py_XDECREF(item);
        if (rc < 0) {
            vec_free(v);
            return -1;
        }
        v->n = i + 1;
        v->iov[i].iov_base = v->views[i].buf;
        v->iov[i].iov_len = (size_t)v->views[i].len;
    }
    return 0;
}
static PyObject *vec_call(int fd, PyObject *seq, long long at, int flags, bool writing, bool positioned) {
    Vec v;
    if (vec_init(&v, seq, writing ? PyBUF_SIMPLE : PyBUF_WRITABLE) < 0) return NULL;
    ssize_t n;
    int raised = 0;
    POSIX_RETRY(n, raised, !positioned ? (writing ? writev(fd, v.iov, (int)v.n) : readv(fd, v.iov, (int)v.n))
                           : writing   ? pwritev2(fd, v.iov, (int)v.n, at, flags)
                                       : preadv2(fd, v.iov, (int)v.n, at, flags));
    PyObject *r = RETRIED(n, raised, PyLong_FromSsize_t(n));
    vec_free(&v);
    return r;
}
static PyObject *posix_readv(PyObject *self, PyObject *args) {
    int fd;
    PyObject *seq;
    return PyArg_ParseTuple(args, "iO:readv", &fd, &seq) ? vec_call(fd, seq, 0, 0, false, false) : NULL;
}
static PyObject *posix_writev(PyObject *self, PyObject *args) {
    int fd;
    PyObject *seq;
    return PyArg_ParseTuple(args, "iO:writev", &fd, &seq) ? vec_call(fd, seq, 0, 0, true, false) : NULL;
}
static PyObject *posix_preadv(PyObject *self, PyObject *args) {
    int fd, flags = 0;
    PyObject *seq;
    long long at;
    return PyArg_ParseTuple(args, "iOL|i:preadv", &fd, &seq, &at, &flags) ? vec_call(fd, seq, at, flags, false, true) : NULL;
}
static PyObject *posix_pwritev(PyObject *self, PyObject *args) {
    int fd, flags = 0;
    PyObject *seq;
    long long at;
    return PyArg_ParseTuple(args, "iOL|i:pwritev", &fd, &seq, &at, &flags) ? vec_call(fd, seq, at, flags, true, true) : NULL;
}
static PyObject *posix_sendfile(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"out_fd", "in_fd", "offset", "count", NULL};
    int out, in, raised = 0;
    PyObject *offset;
    Py_ssize_t count;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "iiOn:sendfile", names, &out, &in, &offset, &count)) return NULL;
    off_t at = 0;
    if (offset != Py_None) {
        at = PyLong_AsLongLong(offset);
        if (at == -1 && PyErr_Occurred()) return NULL;
    }
    ssize_t n;
    POSIX_RETRY(n, raised, sendfile(out, in, offset == Py_None ? NULL : &at, (size_t)count));
    return RETRIED(n, raised, PyLong_FromSsize_t(n));
}
/* copy_file_range() and splice(): optional offsets. */
static PyObject *transfer(PyObject *args, PyObject *kwds, bool splicing) {
    static char *copy_names[] = {"src", "dst", "count", "offset_src", "offset_dst", NULL};
    static char *splice_names[] = {"src", "dst", "count", "offset_src", "offset_dst", "flags", NULL};
    int src, dst, flags = 0, raised = 0;
    Py_ssize_t count;
    PyObject *a = Py_None, *b = Py_None;
    if (!(splicing ? PyArg_ParseTupleAndKeywords(args, kwds, "iin|OOi:splice", splice_names, &src, &dst, &count, &a, &b, &flags)
                   : PyArg_ParseTupleAndKeywords(args, kwds, "iin|OO:copy_file_range", copy_names, &src, &dst, &count, &a, &b)))
        return NULL;
    if (count < 0) return PyErr_Format(PyExc_ValueError, "negative value for 'count' not allowed");
    off64_t from = a == Py_None ? 0 : PyLong_AsLongLong(a), to = b == Py_None ? 0 : PyLong_AsLongLong(b);
    if (PyErr_Occurred()) return NULL;
    off64_t *fp = a == Py_None ? NULL : &from, *tp = b == Py_None ? NULL : &to;
    ssize_t n;
    POSIX_RETRY(n, raised, splicing ? splice(src, fp, dst, tp, (size_t)count, (unsigned)flags) : copy_file_range(src, fp, dst, tp, (size_t)count, 0));
    return RETRIED(n, raised, PyLong_FromSsize_t(n));
}
static PyObject *posix_copy_file_range(PyObject *self, PyObject *args, PyObject *kwds) { return transfer(args, kwds, false); }
static PyObject *posix_splice(PyObject *self, PyObject *args, PyObject *kwds) { return transfer(args, kwds, true); }

/* A system call on one descriptor that gives 0 or an error, again after EINTR. */
static PyObject *fd_call(PyObject *args, PyObject *kwds, const char *format, int (*call)(int)) {
    static char *names[] = {"fd", NULL};
    PyObject *o;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, format, names, &o)) return NULL;
    int fd = PyObject_AsFileDescriptor(o), rc, raised = 0;
    if (fd < 0) return NULL;
    POSIX_RETRY(rc, raised, call(fd));
    return RETRIED(rc, raised, Py_NewRef(Py_None));
}
static PyObject *posix_fsync(PyObject *self, PyObject *args, PyObject *kwds) { return fd_call(args, kwds, "O:fsync", fsync); }
static PyObject *posix_fdatasync(PyObject *self, PyObject *args, PyObject *kwds) { return fd_call(args, kwds, "O:fdatasync", fdatasync); }
static PyObject *posix_sync(PyObject *self, PyObject *ignored) {
    Py_BEGIN_ALLOW_THREADS sync();
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}
static PyObject *posix_ftruncate(PyObject *self, PyObject *args) {
    int fd, rc, raised = 0;
    long long n;
    if (!PyArg_ParseTuple(args, "iL:ftruncate", &fd, &n) || PySys_Audit("os.truncate", "iL", fd, n) < 0) return NULL;
    POSIX_RETRY(rc, raised, ftruncate(fd, n));
    return RETRIED(rc, raised, Py_NewRef(Py_None));
}
static PyObject *posix_posix_fallocate(PyObject *self, PyObject *args) {
    int fd, rc;
    long long at, n;
    if (!PyArg_ParseTuple(args, "iLL:posix_fallocate", &fd, &at, &n)) return NULL;
    Py_BEGIN_ALLOW_THREADS rc = posix_fallocate(fd, at, n);
    Py_END_ALLOW_THREADS
    errno = rc;
    return NONE_OR_ERROR(rc);
}
static PyObject *posix_posix_fadvise(PyObject *self, PyObject *args) {
    int fd, advice, rc;
    long long at, n;
    if (!PyArg_ParseTuple(args, "iLLi:posix_fadvise", &fd, &at, &n, &advice)) return NULL;
    Py_BEGIN_ALLOW_THREADS rc = posix_fadvise(fd, at, n, advice);
    Py_END_ALLOW_THREADS
    errno = rc;
    return NONE_OR_ERROR(rc);
}
static PyObject *posix_lockf(PyObject *self, PyObject *args) {
    int fd, command, rc;
    long long n;
    if (!PyArg_ParseTuple(args, "iiL:lockf", &fd, &command, &n) || PySys_Audit("os.lockf", "iiL", fd, command, n) < 0) return NULL;
    Py_BEGIN_ALLOW_THREADS rc = lockf(fd, command, n);
    Py_END_ALLOW_THREADS
    return NONE_OR_ERROR(rc);
}
static PyObject *posix_pipe(PyObject *self, PyObject *ignored) {
    int fds[2];
    return pipe2(fds, O_CLOEXEC) ? posix_error() : Py_BuildValue("(ii)", fds[0], fds[1]);
}
static PyObject *posix_pipe2(PyObject *self, PyObject *arg) {
    int fds[2], flags = fd_argument(arg);
    if (flags == INT_MIN) return NULL;
    return pipe2(fds, flags) ? posix_error() : Py_BuildValue("(ii)", fds[0], fds[1]);
}
static PyObject *posix_isatty(PyObject *self, PyObject *arg) {
    int fd = fd_argument(arg);
    return fd == INT_MIN ? NULL : PyBool_FromLong(isatty(fd));
}
static PyObject *posix_ttyname(PyObject *self, PyObject *arg) {
    char buf[100];
    int fd = fd_argument(arg);
    if (fd == INT_MIN) return NULL;
    int rc = ttyname_r(fd, buf, sizeof buf);
    errno = rc;
    return rc ? posix_error() : PyUnicode_DecodeFSDefault(buf);
}
static PyObject *posix_ctermid(PyObject *self, PyObject *ignored) {
    char buf[L_ctermid];
    return ctermid(buf) ? PyUnicode_DecodeFSDefault(buf) : posix_error();
}
static PyObject *posix_openpty(PyObject *self, PyObject *ignored) {
    int a, b;
    if (openpty(&a, &b, NULL, NULL, NULL)) return posix_error();
    fcntl(a, F_SETFD, FD_CLOEXEC);
    fcntl(b, F_SETFD, FD_CLOEXEC);
    return Py_BuildValue("(ii)", a, b);
}
static PyObject *posix_login_tty(PyObject *self, PyObject *arg) {
    int fd = fd_argument(arg);
    return fd == INT_MIN ? NULL : NONE_OR_ERROR(login_tty(fd));
}
static PyObject *posix_tcgetpgrp(PyObject *self, PyObject *arg) {
    int fd = fd_argument(arg);
    if (fd == INT_MIN) return NULL;
    pid_t p = tcgetpgrp(fd);
    return p < 0 ? posix_error() : PyLong_FromPid(p);
}
static PyObject *posix_tcsetpgrp(PyObject *self, PyObject *args) {
    int fd, p;
    return PyArg_ParseTuple(args, "ii:tcsetpgrp", &fd, &p) ? NONE_OR_ERROR(tcsetpgrp(fd, p)) : NULL;
}
static PyObject *posix_get_terminal_size(PyObject *self, PyObject *args) {
    int fd = 1;
    if (!PyArg_ParseTuple(args, "|i:get_terminal_size", &fd)) return NULL;
    struct winsize w;
    if (ioctl(fd, TIOCGWINSZ, &w) < 0) return posix_error();
    PosixModule *m = PyModule_GetState(self);
    PyObject *r = PyStructSequence_New(m->terminal_size);
    if (!r) return NULL;
    PyStructSequence_SET_ITEM(r, 0, PyLong_FromLong(w.ws_col));
    PyStructSequence_SET_ITEM(r, 1, PyLong_FromLong(w.ws_row));
    return r;
}
static PyObject *posix_get_inheritable(PyObject *self, PyObject *arg) {
    int fd = fd_argument(arg);
    if (fd == INT_MIN) return NULL;
    int f = fcntl(fd, F_GETFD);
    return f < 0 ? posix_error() : PyBool_FromLong(!(f & FD_CLOEXEC));
}
static PyObject *posix_set_inheritable(PyObject *self, PyObject *args) {
    int fd, on;
    if (!PyArg_ParseTuple(args, "ii:set_inheritable", &fd, &on)) return NULL;
    int f = fcntl(fd, F_GETFD);
    return NONE_OR_ERROR(f < 0 || fcntl(fd, F_SETFD, on ? f & ~FD_CLOEXEC : f | FD_CLOEXEC) < 0);
}
static PyObject *posix_get_blocking(PyObject *self, PyObject *arg) {
    int fd = fd_argument(arg);
    if (fd == INT_MIN) return NULL;
    int f = fcntl(fd, F_GETFL);
    return f < 0 ? posix_error() : PyBool_FromLong(!(f & O_NONBLOCK));
}
static PyObject *posix_set_blocking(PyObject *self, PyObject *args) {
    int fd, on;
    if (!PyArg_ParseTuple(args, "ii:set_blocking", &fd, &on)) return NULL;
    int f = fcntl(fd, F_GETFL);
    return NONE_OR_ERROR(f < 0 || fcntl(fd, F_SETFL, on ? f & ~O_NONBLOCK : f | O_NONBLOCK) < 0);
}
static PyObject *posix_device_encoding(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"fd", NULL};
    int fd;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "i:device_encoding", names, &fd)) return NULL;
    if (!isatty(fd)) Py_RETURN_NONE;
    return PyUnicode_FromString("utf-8");
}
static PyObject *posix_memfd_create(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"name", "flags", NULL};
    PyObject *name;
    unsigned flags = MFD_CLOEXEC;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&|I:memfd_create", names, PyUnicode_FSConverter, &name, &flags)) return NULL;
    int fd = memfd_create(PyBytes_AS_STRING(name), flags);
    Py_DECREF(name);
    return fd < 0 ? posix_error() : PyLong_FromLong(fd);
}
static PyObject *posix_eventfd(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"initval", "flags", NULL};
    unsigned init;
    int flags = EFD_CLOEXEC;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "I|i:eventfd", names, &init, &flags)) return NULL;
    int fd = eventfd(init, flags);
    return fd < 0 ? posix_error() : PyLong_FromLong(fd);
}
static PyObject *posix_eventfd_read(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"fd", NULL};
    int fd, rc;
    eventfd_t v;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "i:eventfd_read", names, &fd)) return NULL;
    Py_BEGIN_ALLOW_THREADS rc = eventfd_read(fd, &v);
    Py_END_ALLOW_THREADS
    return rc < 0 ? posix_error() : PyLong_FromUnsignedLongLong(v);
}
static PyObject *posix_eventfd_write(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"fd", "value", NULL};
    int fd, rc;
    unsigned long long v;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "iK:eventfd_write", names, &fd, &v)) return NULL;
    Py_BEGIN_ALLOW_THREADS rc = eventfd_write(fd, v);
    Py_END_ALLOW_THREADS
    return NONE_OR_ERROR(rc);
}

#define KW(name, doc) {#name, KR_METH(posix_##name), METH_VARARGS | METH_KEYWORDS, doc}
#define VA(name, doc) {#name, posix_##name, METH_VARARGS, doc}
#define ONE(name, doc) {#name, posix_##name, METH_O, doc}
#define NO(name, doc) {#name, posix_##name, METH_NOARGS, doc}
PyMethodDef posix_fd_methods[] = {
    KW(open, "open($module, /, path, flags, mode=511, *, dir_fd=None)\n--\n\nOpens a file; its descriptor."),
    KW(close, "close($module, /, fd)\n--\n\nCloses a descriptor."),
    VA(closerange, "closerange($module, fd_low, fd_high, /)\n--\n\nCloses descriptors, errors ignored."),
    ONE(dup, "dup($module, fd, /)\n--\n\nA second descriptor of the same file."),
    KW(dup2, "dup2($module, /, fd, fd2, inheritable=True)\n--\n\nMakes fd2 a descriptor of the same file."),
    VA(lseek, "lseek($module, fd, position, how, /)\n--\n\nSets the position of a file."),
    VA(read, "read($module, fd, length, /)\n--\n\nReads bytes."),
    VA(pread, "pread($module, fd, length, offset, /)\n--\n\nReads bytes at a position."),
    VA(write, "write($module, fd, data, /)\n--\n\nWrites bytes; how many."),
    VA(pwrite, "pwrite($module, fd, buffer, offset, /)\n--\n\nWrites bytes at a position; how many."),
    VA(readv, "readv($module, fd, buffers, /)\n--\n\nReads into several buffers."),
    VA(writev, "writev($module, fd, buffers, /)\n--\n\nWrites several buffers."),
    VA(preadv, "preadv($module, fd, buffers, offset, flags=0, /)\n--\n\nReads into several buffers at a position."),
    VA(pwritev, "pwritev($module, fd, buffers, offset, flags=0, /)\n--\n\nWrites several buffers at a position."),
    KW(sendfile, "sendfile($module, /, out_fd, in_fd, offset, count)\n--\n\nCopies between descriptors in the kernel."),
    KW(copy_file_range, "copy_file_range($module, /, src, dst, count, offset_src=None,\n                offset_dst=None)\n--\n\nCopies between files in the kernel."),
    KW(splice, "splice($module, /, src, dst, count, offset_src=None, offset_dst=None,\n       flags=0)\n--\n\nMoves data from or to a pipe."),
    KW(fsync, "fsync($module, /, fd)\n--\n\nForces a file to disk."),
    KW(fdatasync, "fdatasync($module, /, fd)\n--\n\nForces a file's data to disk."),
    NO(sync, "sync($module, /)\n--\n\nForces everything to disk."),
    VA(ftruncate, "ftruncate($module, fd, length, /)\n--\n\nSets an open file's length."),
    VA(posix_fallocate, "posix_fallocate($module, fd, offset, length, /)\n--\n\nReserves disk space."),
    VA(posix_fadvise, "posix_fadvise($module, fd, offset, length, advice, /)\n--\n\nSays how a file will be used."),
    VA(lockf, "lockf($module, fd, command, length, /)\n--\n\nLocks a part of a file."),
    NO(pipe, "pipe($module, /)\n--\n\n(read end, write end) of a new pipe."),
    ONE(pipe2, "pipe2($module, flags, /)\n--\n\n(read end, write end) of a new pipe with flags."),
    ONE(isatty, "isatty($module, fd, /)\n--\n\nWhether it is a terminal."),
    ONE(ttyname, "ttyname($module, fd, /)\n--\n\nThe name of a terminal."),
    NO(ctermid, "ctermid($module, /)\n--\n\nThe name of the controlling terminal."),
    NO(openpty, "openpty($module, /)\n--\n\n(master, slave) of a new pseudo-terminal."),
    ONE(login_tty, "login_tty($module, fd, /)\n--\n\nMakes a terminal the controlling one."),
    ONE(tcgetpgrp, "tcgetpgrp($module, fd, /)\n--\n\nThe process group of a terminal."),
    VA(tcsetpgrp, "tcsetpgrp($module, fd, pgid, /)\n--\n\nSets the process group of a terminal."),
    VA(get_terminal_size, "Return the size of the terminal window as (columns, lines).\n\nThe descriptor is 1 unless given."),
    ONE(get_inheritable, "get_inheritable($module, fd, /)\n--\n\nWhether child programs get it."),
    VA(set_inheritable, "set_inheritable($module, fd, inheritable, /)\n--\n\nSets whether child programs get it."),
    ONE(get_blocking, "get_blocking($module, fd, /)\n--\n\nWhether it blocks."),
    VA(set_blocking, "set_blocking($module, fd, blocking, /)\n--\n\nSets whether it blocks."),
    KW(device_encoding, "device_encoding($module, /, fd)\n--\n\nThe encoding of a terminal, else None."),
    KW(memfd_create, "memfd_create($module, /, name, flags=MFD_CLOEXEC)\n--\n\nAn anonymous file in memory."),
    KW(eventfd, "eventfd($module, /, initval, flags=EFD_CLOEXEC)\n--\n\nAn event descriptor."),
    KW(eventfd_read, "eventfd_read($module, /, fd)\n--\n\nReads an event descriptor."),
    KW(eventfd_write, "eventfd_write($module, /, fd, value)\n--\n\nAdds to an event descriptor."),
    {NULL}};
