/* _socket_transfer.c - what a socket waits for: connecting, accepting, receiving, sending.
 *
 * Every blocking system call goes through kr_socket_call_for: poll() until the descriptor is ready or the deadline has passed, then the
 * call itself, both without the GIL, both again after a signal whose Python handler did not raise. A socket with a time-out is
 * non-blocking underneath, so that a call after a spurious wake-up waits again for what is left of the time.
 */
#include "_socket.h"
#include <limits.h>
#include <poll.h>

/* ------------------------------------------------------------------ waiting */

/* Waits until the descriptor is ready: 1; 0 at once for sockets that need no waiting; 2 when the time is over; -1 with errno. */
enum { WAIT_NONE, WAIT_READY, WAIT_OVER, WAIT_ERROR = -1 };
static int wait_ready(KrSocket *s, bool writing, bool connecting, _PyTime_t interval) {
    if (s->fd < 0) return WAIT_NONE;
    struct pollfd p = {.fd = s->fd, .events = writing ? POLLOUT : POLLIN};
    if (connecting) p.events |= POLLERR;
    _PyTime_t ms = interval < 0 ? -1 : _PyTime_AsMilliseconds(interval, _PyTime_ROUND_CEILING);
    int n;
    Py_BEGIN_ALLOW_THREADS n = poll(&p, 1, (int)Py_MIN(ms, INT_MAX));
    Py_END_ALLOW_THREADS
    return n < 0 ? WAIT_ERROR : n ? WAIT_READY : WAIT_OVER;
}
/* Reports a failure: in *error if the caller wants it, else as an exception. */
static int report(KrSocket *s, int *error, int number) {
    if (error) *error = number;
    else if (number == EWOULDBLOCK) PyErr_SetString(PyExc_TimeoutError, "timed out");
    return -1;
}
int kr_socket_call_for(KrSocket *s, bool writing, KrSocketCall *call, void *data, bool connecting, int *error, _PyTime_t timeout) {
    _PyTime_t deadline = timeout > 0 ? _PyTime_Add(_PyTime_GetMonotonicClock(), timeout) : 0;
    for (;;) {
        if (timeout > 0 || connecting) { /* connect() has begun already: what is awaited is its end */
            _PyTime_t left = timeout > 0 ? deadline - _PyTime_GetMonotonicClock() : timeout;
            int ready = timeout > 0 && left < 0 ? WAIT_OVER : wait_ready(s, writing, connecting, left);
            if (ready == WAIT_ERROR) {
                if (error) *error = errno;
                if (errno != EINTR) {
                    if (!error) s->raise();
                    return -1;
                }
                if (PyErr_CheckSignals()) {
                    if (error) *error = -1; /* an exception is set */
                    return -1;
                }
                continue;
            }
            if (ready == WAIT_OVER) return report(s, error, EWOULDBLOCK);
        }
        for (;;) {
            bool done;
            Py_BEGIN_ALLOW_THREADS done = call(s, data);
            Py_END_ALLOW_THREADS
            if (done) {
                if (error) *error = 0;
                return 0;
            }
            if (error) *error = errno;
            if (errno != EINTR) break;
            if (PyErr_CheckSignals()) {
                if (error) *error = -1;
                return -1;
            }
        }
        if (timeout > 0 && (errno == EWOULDBLOCK || errno == EAGAIN)) continue;
        if (!error) s->raise();
        return -1;
    }
}
int kr_socket_call(KrSocket *s, bool writing, KrSocketCall *call, void *data) {
    return kr_socket_call_for(s, writing, call, data, false, NULL, s->timeout);
}

/* ------------------------------------------------------------------ connect, accept */

static bool finish_connect(KrSocket *s, void *ignored) {
    int error;
    socklen_t size = sizeof error;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size)) return false;
    if (!error || error == EISCONN) return true;
    errno = error;
    return false;
}
/* Connects: 0, or an errno (-1: an exception is set). With `raise` every failure is an exception and -1. */
static int do_connect(KrSocket *s, const KrSocketAddress *a, socklen_t length, bool raise) {
    int rc, error;
    Py_BEGIN_ALLOW_THREADS rc = connect(s->fd, &a->any, length);
    error = errno;
    Py_END_ALLOW_THREADS
    if (rc >= 0) return 0;
    bool wait;
    if (error == EINTR) {
        if (PyErr_CheckSignals()) return -1;
        wait = s->timeout != 0;
    } else {
        wait = s->timeout > 0 && error == EINPROGRESS;
    }
    if (!wait) {
        if (!raise) return error;
        errno = error;
        s->raise();
        return -1;
    }
    if (raise) return kr_socket_call_for(s, true, finish_connect, NULL, true, NULL, s->timeout);
    return kr_socket_call_for(s, true, finish_connect, NULL, true, &error, s->timeout) < 0 ? error : 0;
}
static bool connect_address(KrSocket *s, PyObject *o, KrSocketAddress *a, socklen_t *length, const char *caller) {
    return kr_socket_parse_address(s, o, a, length, caller) && PySys_Audit("socket.connect", "OO", s, o) >= 0;
}
PyObject *kr_socket_connect(KrSocket *s, PyObject *address) {
    KrSocketAddress a;
    socklen_t length;
    if (!connect_address(s, address, &a, &length, "connect") || do_connect(s, &a, length, true) < 0) return NULL;
    Py_RETURN_NONE;
}
PyObject *kr_socket_connect_ex(KrSocket *s, PyObject *address) {
    KrSocketAddress a;
    socklen_t length;
    if (!connect_address(s, address, &a, &length, "connect_ex")) return NULL;
    int error = do_connect(s, &a, length, false);
    return error < 0 ? NULL : PyLong_FromLong(error);
}

typedef struct {
    KrSocketAddress *address;
    socklen_t *length;
    int fd;
} Accept;
static bool call_accept(KrSocket *s, void *data) {
    Accept *c = data;
    c->fd = accept4(s->fd, &c->address->any, c->length, SOCK_CLOEXEC);
    return c->fd >= 0;
}
PyObject *kr_socket_accept(KrSocket *s, PyObject *ignored) {
    KrSocketAddress a;
    socklen_t length;
    if (!kr_socket_address_room(s, &length)) return NULL;
    memset(&a, 0, sizeof a);
    Accept c = {&a, &length, -1};
    if (kr_socket_call(s, false, call_accept, &c) < 0) return NULL;
    PyObject *address = kr_socket_make_address(s->fd, &a.any, length, s->proto);
    PyObject *fd = address ? PyLong_FromLong(c.fd) : NULL, *pair = fd ? PyTuple_Pack(2, fd, address) : NULL;
    if (!pair) close(c.fd);
    Py_XDECREF(fd);
    Py_XDECREF(address);
    return pair;
}

/* ------------------------------------------------------------------ receiving */

typedef struct {
    void *buffer;
    size_t length;
    int flags;
    ssize_t result;
    KrSocketAddress *address; /* recvfrom, sendto */
    socklen_t *address_length;
} Transfer;

static bool call_recv(KrSocket *s, void *data) {
    Transfer *t = data;
    return (t->result = recv(s->fd, t->buffer, t->length, t->flags)) >= 0;
}
static bool call_recvfrom(KrSocket *s, void *data) {
    Transfer *t = data;
    memset(t->address, 0, sizeof *t->address);
    return (t->result = recvfrom(s->fd, t->buffer, t->length, t->flags, &t->address->any, t->address_length)) >= 0;
}
/* Bytes received, or -1 with an exception. */
static Py_ssize_t receive(KrSocket *s, void *buffer, Py_ssize_t n, int flags) {
    Transfer t = {buffer, (size_t)n, flags, 0, NULL, NULL};
    if (!n) return 0;
    return kr_socket_call(s, false, call_recv, &t) < 0 ? -1 : t.result;
}
/* The same with the sender's address, as an object. */
static Py_ssize_t receive_from(KrSocket *s, void *buffer, Py_ssize_t n, int flags, PyObject **address) {
    KrSocketAddress a;
    socklen_t length;
    *address = NULL;
    if (!kr_socket_address_room(s, &length)) return -1;
    Transfer t = {buffer, (size_t)n, flags, 0, &a, &length};
    if (kr_socket_call(s, false, call_recvfrom, &t) < 0 || !(*address = kr_socket_make_address(s->fd, &a.any, length, s->proto))) return -1;
    return t.result;
}
PyObject *kr_socket_recv(KrSocket *s, PyObject *args) {
    Py_ssize_t room, n;
    int flags = 0;
    if (!PyArg_ParseTuple(args, "n|i:recv", &room, &flags)) return NULL;
    if (room < 0) {
        PyErr_SetString(PyExc_ValueError, "negative buffersize in recv");
        return NULL;
    }
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, room);
    if (!bytes) return NULL;
    if ((n = receive(s, PyBytes_AS_STRING(bytes), room, flags)) < 0) Py_CLEAR(bytes);
    else if (n != room) _PyBytes_Resize(&bytes, n);
    return bytes;
}
PyObject *kr_socket_recvfrom(KrSocket *s, PyObject *args) {
    Py_ssize_t room, n;
    int flags = 0;
    PyObject *address, *result = NULL;
    if (!PyArg_ParseTuple(args, "n|i:recvfrom", &room, &flags)) return NULL;
    if (room < 0) {
        PyErr_SetString(PyExc_ValueError, "negative buffersize in recvfrom");
        return NULL;
    }
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, room);
    if (!bytes) return NULL;
    n = receive_from(s, PyBytes_AS_STRING(bytes), room, flags, &address);
    if (n >= 0 && (n == room || _PyBytes_Resize(&bytes, n) == 0)) result = PyTuple_Pack(2, bytes, address);
    Py_XDECREF(bytes);
    Py_XDECREF(address);
    return result;
}
static char *into_names[] = {"buffer", "nbytes", "flags", NULL};
PyObject *kr_socket_recv_into(KrSocket *s, PyObject *args, PyObject *kwargs) {
    Py_buffer b;
    Py_ssize_t wanted = 0, n = -1;
    int flags = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "w*|ni:recv_into", into_names, &b, &wanted, &flags)) return NULL;
    if (wanted < 0) PyErr_SetString(PyExc_ValueError, "negative buffersize in recv_into");
    else if (wanted > b.len) PyErr_SetString(PyExc_ValueError, "buffer too small for requested bytes");
    else n = receive(s, b.buf, wanted ? wanted : b.len, flags);
    PyBuffer_Release(&b);
    return n < 0 ? NULL : PyLong_FromSsize_t(n);
}
PyObject *kr_socket_recvfrom_into(KrSocket *s, PyObject *args, PyObject *kwargs) {
    Py_buffer b;
    Py_ssize_t wanted = 0, n = -1;
    int flags = 0;
    PyObject *address = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "w*|ni:recvfrom_into", into_names, &b, &wanted, &flags)) return NULL;
    if (wanted < 0) PyErr_SetString(PyExc_ValueError, "negative buffersize in recvfrom_into");
    else if (wanted > b.len) PyErr_SetString(PyExc_ValueError, "nbytes is greater than the length of the buffer");
    else n = receive_from(s, b.buf, wanted ? wanted : b.len, flags, &address);
    PyBuffer_Release(&b);
    if (n >= 0) return Py_BuildValue("nN", n, address);
    Py_XDECREF(address);
    return NULL;
}

/* ------------------------------------------------------------------ sending */

static bool call_send(KrSocket *s, void *data) {
    Transfer *t = data;
    return (t->result = send(s->fd, t->buffer, t->length, t->flags)) >= 0;
}
static bool call_sendto(KrSocket *s, void *data) {
    Transfer *t = data;
    return (t->result = sendto(s->fd, t->buffer, t->length, t->flags, &t->address->any, *t->address_length)) >= 0;
}
PyObject *kr_socket_send(KrSocket *s, PyObject *args) {
    Py_buffer b;
    int flags = 0;
    if (!PyArg_ParseTuple(args, "y*|i:send", &b, &flags)) return NULL;
    Transfer t = {b.buf, (size_t)b.len, flags, 0, NULL, NULL};
    int rc = kr_socket_call(s, true, call_send, &t);
    PyBuffer_Release(&b);
    return rc < 0 ? NULL : PyLong_FromSsize_t(t.result);
}
/* The time-out of the socket is one for all the pieces together. */
PyObject *kr_socket_sendall(KrSocket *s, PyObject *args) {
    Py_buffer b;
    int flags = 0;
    if (!PyArg_ParseTuple(args, "y*|i:sendall", &b, &flags)) return NULL;
    Transfer t = {b.buf, (size_t)b.len, flags, 0, NULL, NULL};
    _PyTime_t left = s->timeout, deadline = 0;
    if (left > 0) deadline = _PyTime_Add(_PyTime_GetMonotonicClock(), left);
    bool timed = left > 0, ok = false;
    do {
        if (timed && t.buffer != b.buf) left = deadline - _PyTime_GetMonotonicClock();
        if (timed && left <= 0) {
            PyErr_SetString(PyExc_TimeoutError, "timed out");
            goto done;
        }
        if (kr_socket_call_for(s, true, call_send, &t, false, NULL, left) < 0) goto done;
        t.buffer = (char *)t.buffer + t.result;
        t.length -= (size_t)t.result;
        if (PyErr_CheckSignals()) goto done;
    } while (t.length);
    ok = true;
done:
    PyBuffer_Release(&b);
    return ok ? Py_NewRef(Py_None) : NULL;
}
PyObject *kr_socket_sendto(KrSocket *s, PyObject *args) {
    Py_buffer b;
    int flags = 0;
    PyObject *o;
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n != 2 && n != 3) {
        PyErr_Format(PyExc_TypeError, "sendto() takes 2 or 3 arguments (%zd given)", n);
        return NULL;
    }
    if (!(n == 2 ? PyArg_ParseTuple(args, "y*O:sendto", &b, &o) : PyArg_ParseTuple(args, "y*iO:sendto", &b, &flags, &o))) return NULL;
    KrSocketAddress a;
    socklen_t length;
    Transfer t = {b.buf, (size_t)b.len, flags, 0, &a, &length};
    bool ok = kr_socket_parse_address(s, o, &a, &length, "sendto") && PySys_Audit("socket.sendto", "OO", s, o) >= 0 && kr_socket_call(s, true, call_sendto, &t) >= 0;
    PyBuffer_Release(&b);
    return ok ? PyLong_FromSsize_t(t.result) : NULL;
}
