/* select.c - the module `select`: select(), poll objects, epoll objects.
 *
 * Waits are cut at a deadline on the monotonic clock, so that a signal in between neither shortens nor lengthens them.
 * A poll object keeps a dict {fd: events} and an array made from it, which is made again after a change.
 */
#include "krait.h"
#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

typedef struct {
    PyTypeObject *poll_type, *epoll_type;
} Module;

static PyObject *os_error(void) { return PyErr_SetFromErrno(PyExc_OSError); }
/* A time-out object of `unit` nanoseconds-per-unit to nanoseconds, None to -1; message for a wrong type. */
static int parse_timeout(PyObject *o, bool milliseconds, const char *message, _PyTime_t *out) {
    *out = -1;
    if (!o || o == Py_None) return 0;
    int rc = milliseconds ? _PyTime_FromMillisecondsObject(out, o, _PyTime_ROUND_TIMEOUT) : _PyTime_FromSecondsObject(out, o, _PyTime_ROUND_TIMEOUT);
    if (rc < 0 && PyErr_ExceptionMatches(PyExc_TypeError)) PyErr_SetString(PyExc_TypeError, message);
    return rc;
}

/* ------------------------------------------------------------------ select() */

typedef struct {
    PyObject *object;
    int fd;
} Watched;
/* The descriptors of a sequence into set and an array (PyMem). The number, or -1. */
static Py_ssize_t watch(PyObject *seq, fd_set *set, Watched **out, int *max) {
    FD_ZERO(set);
    *out = NULL;
    PyObject *fast = PySequence_Fast(seq, "arguments 1-3 must be sequences");
    if (!fast) return -1;
    Py_ssize_t n = 0;
    for (; n < PySequence_Fast_GET_SIZE(fast); n++) {
        if (n % 64 == 0) {
            Watched *more = PyMem_Realloc(*out, (size_t)(n + 64) * sizeof **out);
            if (!more) {
                PyErr_NoMemory();
                goto fail;
            }
            *out = more;
        }
        PyObject *o = Py_NewRef(PySequence_Fast_GET_ITEM(fast, n));
        int fd = PyObject_AsFileDescriptor(o);
        if (fd < 0 || fd >= FD_SETSIZE || n >= FD_SETSIZE) {
            if (fd >= 0) PyErr_SetString(PyExc_ValueError, n >= FD_SETSIZE ? "too many file descriptors in select()" : "filedescriptor out of range in select()");
            Py_DECREF(o);
            goto fail;
        }
        FD_SET(fd, set);
        if (fd > *max) *max = fd;
        (*out)[n] = (Watched){o, fd};
    }
    Py_DECREF(fast);
    return n;
fail:
    Py_DECREF(fast);
    while (n-- > 0) Py_DECREF((*out)[n].object);
    PyMem_Free(*out);
    *out = NULL;
    return -1;
}
static PyObject *ready_list(const Watched *w, Py_ssize_t n, const fd_set *set) {
    PyObject *l = PyList_New(0);
    for (Py_ssize_t i = 0; l && i < n; i++)
        if (FD_ISSET(w[i].fd, set) && PyList_Append(l, w[i].object) < 0) Py_CLEAR(l);
    return l;
}
static PyObject *select_select(PyObject *self, PyObject *args) {
    PyObject *seqs[3], *timeout_o = Py_None, *result = NULL;
    if (!PyArg_UnpackTuple(args, "select", 3, 4, &seqs[0], &seqs[1], &seqs[2], &timeout_o)) return NULL;
    _PyTime_t timeout, deadline = 0;
    if (parse_timeout(timeout_o, false, "timeout must be a float or None", &timeout) < 0) return NULL;
    if (timeout_o != Py_None && timeout < 0) {
        PyErr_SetString(PyExc_ValueError, "timeout must be non-negative");
        return NULL;
    }
    fd_set sets[3], work[3];
    Watched *w[3] = {NULL};
    Py_ssize_t n[3] = {0};
    int max = -1, rc;
    for (int i = 0; i < 3; i++)
        if ((n[i] = watch(seqs[i], &sets[i], &w[i], &max)) < 0) {
            n[i] = 0;
            goto done;
        }
    if (timeout >= 0) deadline = _PyTime_Add(_PyTime_GetMonotonicClock(), timeout);
    for (;;) {
        struct timeval tv;
        memcpy(work, sets, sizeof work);
        if (timeout >= 0) _PyTime_AsTimeval_clamp(timeout, &tv, _PyTime_ROUND_TIMEOUT);
        Py_BEGIN_ALLOW_THREADS rc = select(max + 1, &work[0], &work[1], &work[2], timeout >= 0 ? &tv : NULL);
        Py_END_ALLOW_THREADS
        if (rc >= 0 || errno != EINTR) break;
        if (PyErr_CheckSignals()) goto done;
        if (timeout >= 0 && (timeout = deadline - _PyTime_GetMonotonicClock()) < 0) {
            rc = 0;
            for (int i = 0; i < 3; i++) FD_ZERO(&work[i]);
            break;
        }
    }
    if (rc < 0) {
        os_error();
    } else {
        PyObject *l[3] = {NULL};
        for (int i = 0; i < 3; i++) l[i] = ready_list(w[i], n[i], &work[i]);
        if (l[0] && l[1] && l[2]) result = PyTuple_Pack(3, l[0], l[1], l[2]);
        for (int i = 0; i < 3; i++) Py_XDECREF(l[i]);
    }
done:
    for (int i = 0; i < 3; i++) {
        for (Py_ssize_t k = 0; k < n[i]; k++) Py_DECREF(w[i][k].object);
        PyMem_Free(w[i]);
    }
    return result;
}

/* ------------------------------------------------------------------ poll */

typedef struct {
    PyObject_HEAD
    PyObject *dict;
    struct pollfd *fds;
    Py_ssize_t n;
    bool current, running;
} Poll;

static int ushort_converter(PyObject *o, void *out) {
    unsigned long v = PyLong_AsUnsignedLong(o);
    if (v == (unsigned long)-1 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
            PyObject *zero = PyLong_FromLong(0);
            int negative = zero ? PyObject_RichCompareBool(o, zero, Py_LT) : 0;
            Py_XDECREF(zero);
            if (negative) PyErr_SetString(PyExc_ValueError, "value must be positive");
        }
        return 0;
    }
    if (v > USHRT_MAX) {
        PyErr_SetString(PyExc_OverflowError, "Python int too large for C unsigned short");
        return 0;
    }
    *(unsigned short *)out = (unsigned short)v;
    return 1;
}
static int poll_set(Poll *self, int fd, unsigned short events) {
    PyObject *k = PyLong_FromLong(fd), *v = PyLong_FromLong(events);
    int rc = k && v ? PyDict_SetItem(self->dict, k, v) : -1;
    Py_XDECREF(k);
    Py_XDECREF(v);
    self->current = false;
    return rc;
}
static int fd_converter(PyObject *o, void *out) { return (*(int *)out = PyObject_AsFileDescriptor(o)) >= 0; }
static PyObject *poll_register(Poll *self, PyObject *args) {
    int fd;
    unsigned short events = POLLIN | POLLPRI | POLLOUT;
    if (!PyArg_ParseTuple(args, "O&|O&:register", fd_converter, &fd, ushort_converter, &events) || poll_set(self, fd, events) < 0) return NULL;
    Py_RETURN_NONE;
}
static PyObject *poll_modify(Poll *self, PyObject *args) {
    int fd;
    unsigned short events;
    if (!PyArg_ParseTuple(args, "O&O&:modify", fd_converter, &fd, ushort_converter, &events)) return NULL;
    PyObject *k = PyLong_FromLong(fd);
    int has = k ? PyDict_Contains(self->dict, k) : -1;
    Py_XDECREF(k);
    if (has == 0) {
        errno = ENOENT;
        os_error();
    }
    if (has <= 0 || poll_set(self, fd, events) < 0) return NULL;
    Py_RETURN_NONE;
}
static PyObject *poll_unregister(Poll *self, PyObject *arg) {
    int fd = PyObject_AsFileDescriptor(arg);
    PyObject *k = fd < 0 ? NULL : PyLong_FromLong(fd);
    int rc = k ? PyDict_DelItem(self->dict, k) : -1;
    Py_XDECREF(k);
    if (rc < 0) return NULL;
    self->current = false;
    Py_RETURN_NONE;
}
static int poll_update(Poll *self) {
    Py_ssize_t n = PyDict_GET_SIZE(self->dict), pos = 0, i = 0;
    struct pollfd *fds = PyMem_Realloc(self->fds, ((size_t)n + 1) * sizeof *fds);
    PyObject *k, *v;
    if (!fds) {
        PyErr_NoMemory();
        return -1;
    }
    self->fds = fds;
    while (PyDict_Next(self->dict, &pos, &k, &v)) fds[i++] = (struct pollfd){(int)PyLong_AsLong(k), (short)PyLong_AsLong(v), 0};
    self->n = n;
    self->current = true;
    return 0;
}
static PyObject *poll_poll(Poll *self, PyObject *args) {
    PyObject *timeout_o = NULL;
    _PyTime_t timeout, deadline = 0;
    if (!PyArg_ParseTuple(args, "|O:poll", &timeout_o) || parse_timeout(timeout_o, true, "timeout must be an integer or None", &timeout) < 0) return NULL;
    long long ms = timeout < 0 ? -1 : _PyTime_AsMilliseconds(timeout, _PyTime_ROUND_TIMEOUT);
    if (ms > INT_MAX || (timeout_o && timeout_o != Py_None && timeout < 0 && timeout / 1000000 < INT_MIN)) {
        PyErr_SetString(PyExc_OverflowError, "timeout is too large");
        return NULL;
    }
    if (self->running) {
        PyErr_SetString(PyExc_RuntimeError, "concurrent poll() invocation");
        return NULL;
    }
    if (!self->current && poll_update(self) < 0) return NULL;
    if (timeout >= 0) deadline = _PyTime_Add(_PyTime_GetMonotonicClock(), timeout);
    self->running = true;
    int rc, raised = 0;
    for (;;) {
        Py_BEGIN_ALLOW_THREADS rc = poll(self->fds, (nfds_t)self->n, (int)ms);
        Py_END_ALLOW_THREADS
        if (rc >= 0 || errno != EINTR) break;
        if ((raised = PyErr_CheckSignals())) break;
        if (timeout >= 0) {
            timeout = deadline - _PyTime_GetMonotonicClock();
            if (timeout < 0) {
                rc = 0;
                break;
            }
            ms = _PyTime_AsMilliseconds(timeout, _PyTime_ROUND_TIMEOUT);
        }
    }
    self->running = false;
    if (rc < 0) return raised ? NULL : os_error();
    PyObject *list = PyList_New(0);
    for (Py_ssize_t i = 0; list && rc > 0 && i < self->n; i++) {
        if (!self->fds[i].revents) continue;
        rc--;
        PyObject *pair = Py_BuildValue("(ii)", self->fds[i].fd, self->fds[i].revents & 0xffff);
        if (!pair || PyList_Append(list, pair) < 0) Py_CLEAR(list);
        Py_XDECREF(pair);
    }
    return list;
}
static void poll_dealloc(Poll *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyMem_Free(self->fds);
    Py_XDECREF(self->dict);
    type->tp_free(self);
    Py_DECREF(type);
}
static PyMethodDef poll_methods[] = {
    {"register", (PyCFunction)poll_register, METH_VARARGS, "register($self, fd,\n         eventmask=select.POLLIN | select.POLLPRI | select.POLLOUT, /)\n--\n\nWatches a descriptor."},
    {"modify", (PyCFunction)poll_modify, METH_VARARGS, "modify($self, fd, eventmask, /)\n--\n\nChanges what is watched for."},
    {"unregister", (PyCFunction)poll_unregister, METH_O, "unregister($self, fd, /)\n--\n\nStops watching a descriptor."},
    {"poll", (PyCFunction)poll_poll, METH_VARARGS, "poll($self, timeout=None, /)\n--\n\nWaits; a list of (fd, events)."}, {NULL}};
static PyType_Slot poll_slots[] = {{Py_tp_dealloc, poll_dealloc}, {Py_tp_methods, poll_methods}, {0, NULL}};
static PyType_Spec poll_spec = {"select.poll", sizeof(Poll), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, poll_slots};
static PyObject *select_poll(PyObject *module, PyObject *ignored) {
    Module *m = PyModule_GetState(module);
    Poll *p = (Poll *)m->poll_type->tp_alloc(m->poll_type, 0);
    if (p && !(p->dict = PyDict_New())) Py_CLEAR(p);
    return (PyObject *)p;
}

/* ------------------------------------------------------------------ epoll */

typedef struct {
    PyObject_HEAD
    int fd;
} Epoll;
static PyObject *epoll_closed_error(void) {
    PyErr_SetString(PyExc_ValueError, "I/O operation on closed epoll object");
    return NULL;
}
static PyObject *epoll_make(PyTypeObject *type, int fd, int flags) {
    Epoll *e = (Epoll *)type->tp_alloc(type, 0);
    if (!e) return NULL;
    if (fd == -1) {
        Py_BEGIN_ALLOW_THREADS fd = epoll_create1(flags | EPOLL_CLOEXEC);
        Py_END_ALLOW_THREADS
    }
    e->fd = fd;
    if (fd < 0) {
        Py_DECREF(e);
        return os_error();
    }
    return (PyObject *)e;
}
static PyObject *epoll_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *names[] = {"sizehint", "flags", NULL};
    int size = -1, flags = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|ii:epoll", names, &size, &flags)) return NULL;
    if (size != -1 && size <= 0) {
        PyErr_SetString(PyExc_ValueError, "sizehint must be positive or -1");
        return NULL;
    }
    if (flags && flags != EPOLL_CLOEXEC) {
        PyErr_SetString(PyExc_OSError, "invalid flags");
        return NULL;
    }
    return epoll_make(type, -1, flags);
}
static int epoll_shut(Epoll *self) {
    int fd = self->fd, rc = 0;
    if (fd < 0) return 0;
    self->fd = -1;
    Py_BEGIN_ALLOW_THREADS rc = close(fd);
    Py_END_ALLOW_THREADS
    return rc;
}
static void epoll_dealloc(Epoll *self) {
    PyTypeObject *type = Py_TYPE(self);
    epoll_shut(self);
    type->tp_free(self);
    Py_DECREF(type);
}
static PyObject *epoll_close(Epoll *self, PyObject *ignored) {
    if (epoll_shut(self) < 0) return os_error();
    Py_RETURN_NONE;
}
static PyObject *epoll_control(Epoll *self, int op, int fd, unsigned events) {
    if (self->fd < 0) return epoll_closed_error();
    struct epoll_event ev = {.events = events, .data.fd = fd};
    int rc;
    Py_BEGIN_ALLOW_THREADS rc = epoll_ctl(self->fd, op, fd, &ev);
    Py_END_ALLOW_THREADS
    if (rc < 0) return os_error();
    Py_RETURN_NONE;
}
static PyObject *epoll_register(Epoll *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"fd", "eventmask", NULL};
    int fd;
    unsigned events = EPOLLIN | EPOLLPRI | EPOLLOUT;
    return PyArg_ParseTupleAndKeywords(args, kwds, "O&|I:register", names, fd_converter, &fd, &events) ? epoll_control(self, EPOLL_CTL_ADD, fd, events) : NULL;
}
static PyObject *epoll_modify(Epoll *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"fd", "eventmask", NULL};
    int fd;
    unsigned events;
    return PyArg_ParseTupleAndKeywords(args, kwds, "O&I:modify", names, fd_converter, &fd, &events) ? epoll_control(self, EPOLL_CTL_MOD, fd, events) : NULL;
}
static PyObject *epoll_unregister(Epoll *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"fd", NULL};
    int fd;
    return PyArg_ParseTupleAndKeywords(args, kwds, "O&:unregister", names, fd_converter, &fd) ? epoll_control(self, EPOLL_CTL_DEL, fd, 0) : NULL;
}
static PyObject *epoll_poll(Epoll *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"timeout", "maxevents", NULL};
    PyObject *timeout_o = Py_None;
    int max = -1, rc, raised = 0;
    _PyTime_t timeout, deadline = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|Oi:poll", names, &timeout_o, &max)) return NULL;
    if (self->fd < 0) return epoll_closed_error();
    if (parse_timeout(timeout_o, false, "timeout must be an integer or None", &timeout) < 0) return NULL;
    long long ms = timeout < 0 ? -1 : _PyTime_AsMilliseconds(timeout, _PyTime_ROUND_CEILING);
    if (ms > INT_MAX) {
        PyErr_SetString(PyExc_OverflowError, "timeout is too large");
        return NULL;
    }
    if (max == -1) max = FD_SETSIZE - 1;
    else if (max < 1) return PyErr_Format(PyExc_ValueError, "maxevents must be greater than 0, got %d", max);
    struct epoll_event *evs = PyMem_New(struct epoll_event, max);
    if (!evs) return PyErr_NoMemory();
    if (timeout >= 0) deadline = _PyTime_Add(_PyTime_GetMonotonicClock(), timeout);
    for (;;) {
        Py_BEGIN_ALLOW_THREADS rc = epoll_wait(self->fd, evs, max, (int)ms);
        Py_END_ALLOW_THREADS
        if (rc >= 0 || errno != EINTR) break;
        if ((raised = PyErr_CheckSignals())) break;
        if (timeout >= 0) {
            timeout = deadline - _PyTime_GetMonotonicClock();
            if (timeout < 0) {
                rc = 0;
                break;
            }
            ms = _PyTime_AsMilliseconds(timeout, _PyTime_ROUND_CEILING);
        }
    }
    PyObject *list = rc < 0 ? raised ? NULL : os_error() : PyList_New(rc);
    for (int i = 0; list && i < rc; i++) {
        PyObject *pair = Py_BuildValue("iI", evs[i].data.fd, evs[i].events);
        if (pair) PyList_SET_ITEM(list, i, pair);
        else Py_CLEAR(list);
    }
    PyMem_Free(evs);
    return list;
}
static PyObject *epoll_fileno(Epoll *self, PyObject *ignored) { return self->fd < 0 ? epoll_closed_error() : PyLong_FromLong(self->fd); }
static PyObject *epoll_fromfd(PyTypeObject *type, PyObject *arg) {
    int fd = _PyLong_AsInt(arg);
    return fd == -1 && PyErr_Occurred() ? NULL : epoll_make(type, fd, 0);
}
static PyObject *epoll_enter(Epoll *self, PyObject *ignored) { return self->fd < 0 ? epoll_closed_error() : Py_NewRef((PyObject *)self); }
static PyObject *epoll_exit(Epoll *self, PyObject *args) { return PyObject_CallMethodNoArgs((PyObject *)self, KR_STR(close)); }
static PyObject *epoll_get_closed(Epoll *self, void *ignored) { return PyBool_FromLong(self->fd < 0); }
static PyMethodDef epoll_methods[] = {
    {"fromfd", (PyCFunction)epoll_fromfd, METH_O | METH_CLASS, "fromfd($type, fd, /)\n--\n\nAn epoll object of a descriptor."},
    {"close", (PyCFunction)epoll_close, METH_NOARGS, "close($self, /)\n--\n\nCloses the descriptor."},
    {"fileno", (PyCFunction)epoll_fileno, METH_NOARGS, "fileno($self, /)\n--\n\nThe descriptor."},
    {"modify", KR_METH(epoll_modify), METH_VARARGS | METH_KEYWORDS, "modify($self, /, fd, eventmask)\n--\n\nChanges what is watched for."},
    {"register", KR_METH(epoll_register), METH_VARARGS | METH_KEYWORDS, "register($self, /, fd,\n         eventmask=select.EPOLLIN | select.EPOLLPRI | select.EPOLLOUT)\n--\n\nWatches a descriptor."},
    {"unregister", KR_METH(epoll_unregister), METH_VARARGS | METH_KEYWORDS, "unregister($self, /, fd)\n--\n\nStops watching a descriptor."},
    {"poll", KR_METH(epoll_poll), METH_VARARGS | METH_KEYWORDS, "poll($self, /, timeout=None, maxevents=-1)\n--\n\nWaits; a list of (fd, events)."},
    {"__enter__", (PyCFunction)epoll_enter, METH_NOARGS, NULL}, {"__exit__", (PyCFunction)epoll_exit, METH_VARARGS, NULL}, {NULL}};
static PyGetSetDef epoll_getset[] = {{"closed", (getter)epoll_get_closed, NULL, "Whether it is closed."}, {NULL}};
static PyType_Slot epoll_slots[] = {{Py_tp_dealloc, epoll_dealloc}, {Py_tp_methods, epoll_methods}, {Py_tp_getset, epoll_getset}, {Py_tp_new, epoll_new},
    {Py_tp_doc, "epoll(sizehint=-1, flags=0)\n--\n\nAn epoll object."}, {0, NULL}};
static PyType_Spec epoll_spec = {"select.epoll", sizeof(Epoll), 0, Py_TPFLAGS_DEFAULT, epoll_slots};

/* ------------------------------------------------------------------ the module */

static PyMethodDef select_methods[] = {
    {"select", select_select, METH_VARARGS, "select($module, rlist, wlist, xlist, timeout=None, /)\n--\n\nWaits until descriptors are ready; three lists of them."},
    {"poll", select_poll, METH_NOARGS, "poll($module, /)\n--\n\nA poll object."}, {NULL}};
static int select_exec(PyObject *module) {
    static const struct { const char *name; long value; } constants[] = {
#define C(n) {#n, (long)n}
        C(POLLIN), C(POLLPRI), C(POLLOUT), C(POLLERR), C(POLLHUP), C(POLLNVAL), C(POLLRDNORM), C(POLLRDBAND), C(POLLWRNORM), C(POLLWRBAND), C(POLLMSG), C(POLLRDHUP),
        C(EPOLLIN), C(EPOLLOUT), C(EPOLLPRI), C(EPOLLERR), C(EPOLLHUP), C(EPOLLRDHUP), C(EPOLLET), C(EPOLLONESHOT), C(EPOLLEXCLUSIVE), C(EPOLLRDNORM),
        C(EPOLLRDBAND), C(EPOLLWRNORM), C(EPOLLWRBAND), C(EPOLLMSG), C(EPOLL_CLOEXEC), C(PIPE_BUF)
#undef C
    };
    Module *m = PyModule_GetState(module);
    for (size_t i = 0; i < KR_ARRAY_LEN(constants); i++)
        if (PyModule_AddIntConstant(module, constants[i].name, constants[i].value) < 0) return -1;
    if (!(m->poll_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &poll_spec, NULL)) ||
        !(m->epoll_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &epoll_spec, NULL)))
        return -1;
    return PyModule_AddType(module, m->epoll_type) < 0 ? -1 : PyModule_AddObjectRef(module, "error", PyExc_OSError);
}
static int select_traverse(PyObject *module, visitproc visit, void *arg) {
    Module *m = PyModule_GetState(module);
    Py_VISIT(m->poll_type);
    Py_VISIT(m->epoll_type);
    return 0;
}
static int select_clear(PyObject *module) {
    Module *m = PyModule_GetState(module);
    Py_CLEAR(m->poll_type);
    Py_CLEAR(m->epoll_type);
    return 0;
}
static void select_free(void *module) { select_clear(module); }
static PyModuleDef_Slot select_slots[] = {{Py_mod_exec, select_exec}, {0, NULL}};
static struct PyModuleDef select_module = {PyModuleDef_HEAD_INIT, "select", "Waiting for descriptors.", sizeof(Module), select_methods, select_slots, select_traverse, select_clear, select_free};
PyObject *PyInit_select(void) { return PyModuleDef_Init(&select_module); }
