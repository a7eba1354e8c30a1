/* _socket.c - the module `_socket`: the socket type, its options, and what works on plain descriptors.
 *
 * A socket owns its descriptor from __init__ (or fileno=) until close() or detach(); dropping an open one is a ResourceWarning.
 * Descriptors are made non-inheritable. A time-out other than None puts the descriptor into non-blocking mode.
 */
#include "_socket.h"
#include "runtime/exit_check.h"
#include "structmember.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/param.h>

static struct PyModuleDef socket_module;

/* ------------------------------------------------------------------ helpers */

KrSocketModule *kr_socket_module_of(KrSocket *s) { return kr_socket_state(PyType_GetModuleByDef(Py_TYPE(s), &socket_module)); }
int kr_socket_set_blocking(KrSocket *s, bool blocking) {
    int rc, on = !blocking;
    Py_BEGIN_ALLOW_THREADS rc = ioctl(s->fd, FIONBIO, &on);
    Py_END_ALLOW_THREADS
    if (rc >= 0) return 0;
    kr_socket_raise();
    return -1;
}
int kr_socket_parse_timeout(_PyTime_t *timeout, PyObject *o) {
    *timeout = -1;
    if (o == Py_None) return 0;
    if (_PyTime_FromSecondsObject(timeout, o, _PyTime_ROUND_TIMEOUT) < 0) return -1;
    if (*timeout < 0) {
        PyErr_SetString(PyExc_ValueError, "Timeout value out of range");
        return -1;
    }
    return 0;
}
static PyObject *timeout_result(_PyTime_t t) {
    if (t < 0) Py_RETURN_NONE;
    return PyFloat_FromDouble(_PyTime_AsSecondsDouble(t));
}
static PyObject *done(KrSocket *s, int rc) {
    if (rc < 0) return s->raise();
    Py_RETURN_NONE;
}
/* Gives s its descriptor; a negative default time-out leaves it blocking. 0 or -1; the descriptor is not closed. */
static int adopt(KrSocketModule *m, KrSocket *s, int fd, int family, int type, int proto) {
    s->fd = fd;
    s->family = family;
    s->type = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    s->proto = proto;
    s->raise = kr_socket_raise;
    s->timeout = type & SOCK_NONBLOCK ? 0 : m->default_timeout;
    return type & SOCK_NONBLOCK || m->default_timeout < 0 ? 0 : kr_socket_set_blocking(s, false);
}
static int close_fd(int fd) {
    int rc;
    Py_BEGIN_ALLOW_THREADS rc = close(fd);
    Py_END_ALLOW_THREADS
    return rc < 0 && errno != ECONNRESET ? -1 : 0; /* the peer's reset is no failure of closing */
}

/* ------------------------------------------------------------------ lifecycle */

static PyObject *socket_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    KrSocket *s = (KrSocket *)type->tp_alloc(type, 0);
    if (!s) return NULL;
    kr_exit_watch(1);
    s->fd = -1;
    s->timeout = -1;
    s->raise = kr_socket_raise;
    return (PyObject *)s;
}
/* An int option of a descriptor into *value unless it's set; whether it went well. */
static bool detect(int fd, int option, int *value) {
    socklen_t size = sizeof *value;
    if (*value != -1 || getsockopt(fd, SOL_SOCKET, option, value, &size) >= 0) return true;
    kr_socket_raise();
    return false;
}
static int socket_init(KrSocket *s, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"family", "type", "proto", "fileno", NULL};
    int family = -1, type = -1, proto = -1, fd;
    PyObject *given = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|iiiO:socket", names, &family, &type, &proto, &given) ||
        PySys_Audit("socket.__new__", "Oiii", s, family, type, proto) < 0)
        return -1;
    KrSocketModule *m = kr_socket_module_of(s);
    if (given && given != Py_None) {
        KrSocketAddress a;
        socklen_t length = sizeof a;
        fd = _PyLong_AsInt(given);
        if (fd < 0) {
            if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "negative file descriptor");
            return -1;
        }
        memset(&a, 0, sizeof a);
        if (getsockname(fd, &a.any, &length) >= 0) {
            if (family == -1) family = a.any.sa_family;
        } else if (family == -1 || errno == EBADF || errno == ENOTSOCK) {
            kr_socket_raise();
            return -1;
        }
        if (!detect(fd, SO_TYPE, &type) || !detect(fd, SO_PROTOCOL, &proto)) return -1;
        return adopt(m, s, fd, family, type, proto);
    }
    if (family == -1) family = AF_INET;
    if (type == -1) type = SOCK_STREAM;
    if (proto == -1) proto = 0;
    Py_BEGIN_ALLOW_THREADS fd = socket(family, type | SOCK_CLOEXEC, proto);
    Py_END_ALLOW_THREADS
    if (fd < 0) {
        kr_socket_raise();
        return -1;
    }
    if (adopt(m, s, fd, family, type, proto) == 0) return 0;
    close(fd);
    s->fd = -1;
    return -1;
}
static void socket_finalize(KrSocket *s) {
    PyObject *type, *value, *tb;
    if (s->fd < 0) return;
    PyErr_Fetch(&type, &value, &tb);
    if (PyErr_ResourceWarning((PyObject *)s, 1, "unclosed %R", s) && PyErr_ExceptionMatches(PyExc_Warning)) PyErr_WriteUnraisable((PyObject *)s);
    if (s->fd >= 0) {
        int fd = s->fd;
        s->fd = -1;
        close_fd(fd);
    }
    PyErr_Restore(type, value, tb);
}
static void socket_dealloc(KrSocket *s) {
    if (PyObject_CallFinalizerFromDealloc((PyObject *)s) < 0) return;
    kr_exit_watch(-1);
    PyTypeObject *type = Py_TYPE(s);
    type->tp_free(s);
    Py_DECREF(type);
}
static PyObject *socket_repr(KrSocket *s) {
    return PyUnicode_FromFormat("<socket object, fd=%ld, family=%d, type=%d, proto=%d>", (long)s->fd, s->family, s->type, s->proto);
}

/* ------------------------------------------------------------------ methods */

static PyObject *socket_close(KrSocket *s, PyObject *ignored) {
    int fd = s->fd;
    s->fd = -1; /* first: another thread may open the number again while the GIL is released */
    return fd < 0 ? Py_NewRef(Py_None) : done(s, close_fd(fd));
}
static PyObject *socket_detach(KrSocket *s, PyObject *ignored) {
    int fd = s->fd;
    s->fd = -1;
    return PyLong_FromLong(fd);
}
static PyObject *socket_fileno(KrSocket *s, PyObject *ignored) { return PyLong_FromLong(s->fd); }
static PyObject *socket_bind(KrSocket *s, PyObject *o) {
    KrSocketAddress a;
    socklen_t length;
    int rc;
    if (!kr_socket_parse_address(s, o, &a, &length, "bind") || PySys_Audit("socket.bind", "OO", s, o) < 0) return NULL;
    Py_BEGIN_ALLOW_THREADS rc = bind(s->fd, &a.any, length);
    Py_END_ALLOW_THREADS
    return done(s, rc);
}
static PyObject *socket_listen(KrSocket *s, PyObject *args) {
    int backlog = Py_MIN(SOMAXCONN, 128), rc;
    if (!PyArg_ParseTuple(args, "|i:listen", &backlog)) return NULL;
    Py_BEGIN_ALLOW_THREADS rc = listen(s->fd, Py_MAX(backlog, 0));
    Py_END_ALLOW_THREADS
    return done(s, rc);
}
static PyObject *socket_shutdown(KrSocket *s, PyObject *o) {
    int rc, how = _PyLong_AsInt(o);
    if (how == -1 && PyErr_Occurred()) return NULL;
    Py_BEGIN_ALLOW_THREADS rc = shutdown(s->fd, how);
    Py_END_ALLOW_THREADS
    return done(s, rc);
}
/* getsockname and getpeername. */
static PyObject *end_address(KrSocket *s, int (*ask)(int, struct sockaddr *, socklen_t *)) {
    KrSocketAddress a;
    socklen_t length;
    int rc;
    if (!kr_socket_address_room(s, &length)) return NULL;
    memset(&a, 0, sizeof a);
    Py_BEGIN_ALLOW_THREADS rc = ask(s->fd, &a.any, &length);
    Py_END_ALLOW_THREADS
    return rc < 0 ? s->raise() : kr_socket_make_address(s->fd, &a.any, length, s->proto);
}
static int ask_own(int fd, struct sockaddr *a, socklen_t *n) { return getsockname(fd, a, n); }
static int ask_peer(int fd, struct sockaddr *a, socklen_t *n) { return getpeername(fd, a, n); }
static PyObject *socket_getsockname(KrSocket *s, PyObject *ignored) { return end_address(s, ask_own); }
static PyObject *socket_getpeername(KrSocket *s, PyObject *ignored) { return end_address(s, ask_peer); }

static PyObject *socket_getsockopt(KrSocket *s, PyObject *args) {
    int level, option;
    socklen_t size = 0;
    if (!PyArg_ParseTuple(args, "ii|i:getsockopt", &level, &option, &size)) return NULL;
    if (!size) {
        int flag = 0;
        if (s->family == AF_VSOCK) {
            uint64_t wide = 0;
            size = sizeof wide;
            return getsockopt(s->fd, level, option, &wide, &size) < 0 ? s->raise() : PyLong_FromUnsignedLong(wide);
        }
        size = sizeof flag;
        return getsockopt(s->fd, level, option, &flag, &size) < 0 ? s->raise() : PyLong_FromLong(flag);
    }
    if (s->family == AF_VSOCK || size > 1024) { /* a negative size is large, too */
        PyErr_SetString(PyExc_OSError, s->family == AF_VSOCK ? "getsockopt string buffer not allowed" : "getsockopt buflen out of range");
        return NULL;
    }
    char buffer[1024] = {0};
    return getsockopt(s->fd, level, option, buffer, &size) < 0 ? s->raise() : PyBytes_FromStringAndSize(buffer, (Py_ssize_t)size);
}
/* The value is an int, None with a length, or bytes, tried in this order; the last form's error is what one sees. */
static PyObject *socket_setsockopt(KrSocket *s, PyObject *args) {
    int level, option, flag;
    unsigned size;
    PyObject *none;
    Py_buffer b;
    if (s->family == AF_VSOCK) {
        uint64_t wide;
        if (PyArg_ParseTuple(args, "iiK:setsockopt", &level, &option, &wide)) return done(s, setsockopt(s->fd, level, option, &wide, sizeof wide));
        PyErr_Clear();
    }
    if (PyArg_ParseTuple(args, "iii:setsockopt", &level, &option, &flag)) return done(s, setsockopt(s->fd, level, option, &flag, sizeof flag));
    PyErr_Clear();
    if (PyArg_ParseTuple(args, "iiO!I:setsockopt", &level, &option, Py_TYPE(Py_None), &none, &size)) return done(s, setsockopt(s->fd, level, option, NULL, size));
    PyErr_Clear();
    if (!PyArg_ParseTuple(args, "iiy*:setsockopt", &level, &option, &b)) return NULL;
    int rc = -1;
    if (b.len > INT_MAX) {
        PyErr_Format(PyExc_OverflowError, "socket option is larger than %i bytes", INT_MAX);
    } else {
        rc = setsockopt(s->fd, level, option, b.buf, (socklen_t)b.len);
        if (rc < 0) s->raise();
    }
    PyBuffer_Release(&b);
    return rc < 0 ? NULL : Py_NewRef(Py_None);
}
static PyObject *socket_settimeout(KrSocket *s, PyObject *o) {
    _PyTime_t timeout;
    if (kr_socket_parse_timeout(&timeout, o) < 0) return NULL;
    s->timeout = timeout;
    return kr_socket_set_blocking(s, timeout < 0) < 0 ? NULL : Py_NewRef(Py_None);
}
static PyObject *socket_gettimeout(KrSocket *s, PyObject *ignored) { return timeout_result(s->timeout); }
static PyObject *socket_setblocking(KrSocket *s, PyObject *o) {
    int blocking = PyObject_IsTrue(o);
    if (blocking < 0) return NULL;
    s->timeout = blocking ? -1 : 0;
    return kr_socket_set_blocking(s, blocking) < 0 ? NULL : Py_NewRef(Py_None);
}
static PyObject *socket_getblocking(KrSocket *s, PyObject *ignored) { return PyBool_FromLong(s->timeout != 0); }
static PyObject *socket_get_timeout(KrSocket *s, void *ignored) { return timeout_result(s->timeout); }

/* ------------------------------------------------------------------ the type */

static PyMethodDef socket_methods[] = {
    {"_accept", KR_METH(kr_socket_accept), METH_NOARGS, "_accept() -> (integer, address info)\n\nWaits for a connection; its descriptor and the client's address."},
    {"bind", KR_METH(socket_bind), METH_O, "bind(address)\n\nBinds the socket to a local address."},
    {"close", KR_METH(socket_close), METH_NOARGS, "close()\n\nCloses the socket for good."},
    {"connect", KR_METH(kr_socket_connect), METH_O, "connect(address)\n\nConnects the socket to a remote address."},
    {"connect_ex", KR_METH(kr_socket_connect_ex), METH_O, "connect_ex(address) -> errno\n\nLike connect(), but gives the number of the error, 0 for none."},
    {"detach", KR_METH(socket_detach), METH_NOARGS, "detach()\n\nGives the descriptor away without closing it."},
    {"fileno", KR_METH(socket_fileno), METH_NOARGS, "fileno() -> integer\n\nThe descriptor, -1 after close()."},
    {"getpeername", KR_METH(socket_getpeername), METH_NOARGS, "getpeername() -> address info\n\nThe address of the other end."},
    {"getsockname", KR_METH(socket_getsockname), METH_NOARGS, "getsockname() -> address info\n\nThe socket's own address."},
    {"getsockopt", KR_METH(socket_getsockopt), METH_VARARGS, "getsockopt(level, option[, buffersize]) -> value\n\nAn option: an integer, or bytes if a size is given."},
    {"listen", KR_METH(socket_listen), METH_VARARGS, "listen([backlog])\n\nLets clients connect; backlog is how many may wait."},
    {"recv", KR_METH(kr_socket_recv), METH_VARARGS, "recv(buffersize[, flags]) -> data\n\nReceives up to buffersize bytes; b'' at the end of the stream."},
    {"recv_into", KR_METH(kr_socket_recv_into), METH_VARARGS | METH_KEYWORDS, "recv_into(buffer, [nbytes[, flags]]) -> nbytes_read\n\nReceives into a buffer."},
    {"recvfrom", KR_METH(kr_socket_recvfrom), METH_VARARGS, "recvfrom(buffersize[, flags]) -> (data, address info)\n\nLike recv(), with the sender's address."},
    {"recvfrom_into", KR_METH(kr_socket_recvfrom_into), METH_VARARGS | METH_KEYWORDS,
        "recvfrom_into(buffer[, nbytes[, flags]]) -> (nbytes, address info)\n\nLike recv_into(), with the sender's address."},
    {"send", KR_METH(kr_socket_send), METH_VARARGS, "send(data[, flags]) -> count\n\nSends what the system takes of the data."},
    {"sendall", KR_METH(kr_socket_sendall), METH_VARARGS, "sendall(data[, flags])\n\nSends all of the data."},
    {"sendto", KR_METH(kr_socket_sendto), METH_VARARGS, "sendto(data[, flags], address) -> count\n\nSends to an address, without a connection."},
    {"setblocking", KR_METH(socket_setblocking), METH_O, "setblocking(flag)\n\nsettimeout(None) or settimeout(0.0)."},
    {"getblocking", KR_METH(socket_getblocking), METH_NOARGS, "getblocking()\n\nWhether operations wait."},
    {"settimeout", KR_METH(socket_settimeout), METH_O, "settimeout(timeout)\n\nSets how many seconds operations wait; None for ever."},
    {"gettimeout", KR_METH(socket_gettimeout), METH_NOARGS, "gettimeout() -> timeout\n\nThe time-out in seconds, or None."},
    {"setsockopt", KR_METH(socket_setsockopt), METH_VARARGS,
        "setsockopt(level, option, value: int)\nsetsockopt(level, option, value: buffer)\nsetsockopt(level, option, None, optlen: int)\n\nSets an option."},
    {"shutdown", KR_METH(socket_shutdown), METH_O, "shutdown(flag)\n\nShuts down reading, writing, or both."},
    {"recvmsg", KR_METH(kr_socket_recvmsg), METH_VARARGS,
        "recvmsg(bufsize[, ancbufsize[, flags]]) -> (data, ancdata, msg_flags, address)\n\nReceives data and ancillary data."},
    {"recvmsg_into", KR_METH(kr_socket_recvmsg_into), METH_VARARGS,
        "recvmsg_into(buffers[, ancbufsize[, flags]]) -> (nbytes, ancdata, msg_flags, address)\n\nThe same, scattered into buffers."},
    {"sendmsg", KR_METH(kr_socket_sendmsg), METH_VARARGS, "sendmsg(buffers[, ancdata[, flags[, address]]]) -> count\n\nSends data gathered from buffers, and ancillary data."},
    {"sendmsg_afalg", KR_METH(kr_socket_sendmsg_afalg), METH_VARARGS | METH_KEYWORDS,
        "sendmsg_afalg([msg], *, op[, iv[, assoclen[, flags=MSG_MORE]]])\n\nSets mode, initial vector and associated length of a cipher socket, and sends."},
    {NULL}};
static PyMemberDef socket_members[] = {
    {"family", T_INT, offsetof(KrSocket, family), READONLY, "the socket family"},
    {"type", T_INT, offsetof(KrSocket, type), READONLY, "the socket type"},
    {"proto", T_INT, offsetof(KrSocket, proto), READONLY, "the socket protocol"}, {NULL}};
static PyGetSetDef socket_getset[] = {{"timeout", (getter)socket_get_timeout, NULL, "the socket timeout"}, {NULL}};
static PyType_Slot socket_slots[] = {{Py_tp_new, socket_new}, {Py_tp_init, socket_init}, {Py_tp_finalize, socket_finalize}, {Py_tp_dealloc, socket_dealloc},
    {Py_tp_repr, socket_repr}, {Py_tp_methods, socket_methods}, {Py_tp_members, socket_members}, {Py_tp_getset, socket_getset},
    {Py_tp_doc, "socket(family=AF_INET, type=SOCK_STREAM, proto=0) -> socket object\nsocket(family=-1, type=-1, proto=-1, fileno=None) -> socket object\n\n"
                "One end of a network connection. With fileno, what is not given is asked of the descriptor."}, {0, NULL}};
static PyType_Spec socket_spec = {"_socket.socket", sizeof(KrSocket), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE, socket_slots};

/* ------------------------------------------------------------------ functions on descriptors */

static PyObject *mod_close(PyObject *module, PyObject *o) {
    int fd = _PyLong_AsInt(o);
    if (fd == -1 && PyErr_Occurred()) return NULL;
    return close_fd(fd) < 0 ? kr_socket_raise() : Py_NewRef(Py_None);
}
static PyObject *mod_dup(PyObject *module, PyObject *o) {
    int copy, fd = _PyLong_AsInt(o);
    if (fd == -1 && PyErr_Occurred()) return NULL;
    Py_BEGIN_ALLOW_THREADS copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    Py_END_ALLOW_THREADS
    return copy < 0 ? kr_socket_raise() : PyLong_FromLong(copy);
}
static PyObject *mod_socketpair(PyObject *module, PyObject *args) {
    int family = AF_UNIX, type = SOCK_STREAM, proto = 0, fds[2], rc;
    if (!PyArg_ParseTuple(args, "|iii:socketpair", &family, &type, &proto)) return NULL;
    Py_BEGIN_ALLOW_THREADS rc = socketpair(family, type | SOCK_CLOEXEC, proto, fds);
    Py_END_ALLOW_THREADS
    if (rc < 0) return kr_socket_raise();
    KrSocketModule *m = kr_socket_state(module);
    PyObject *pair = PyTuple_New(2);
    for (int i = 0; i < 2; i++) {
        PyObject *s = pair ? socket_new(m->socket_type, NULL, NULL) : NULL;
        if (!s) {
            close(fds[i]);
            Py_CLEAR(pair);
            continue;
        }
        PyTuple_SET_ITEM(pair, i, s);
        if (adopt(m, (KrSocket *)s, fds[i], family, type, proto) < 0) {
            ((KrSocket *)s)->fd = -1;
            close(fds[i]);
            Py_CLEAR(pair);
        }
    }
    return pair;
}
static PyObject *mod_getdefaulttimeout(PyObject *module, PyObject *ignored) { return timeout_result(kr_socket_state(module)->default_timeout); }
static PyObject *mod_setdefaulttimeout(PyObject *module, PyObject *o) {
    _PyTime_t timeout;
    if (kr_socket_parse_timeout(&timeout, o) < 0) return NULL;
    kr_socket_state(module)->default_timeout = timeout;
    Py_RETURN_NONE;
}
static PyMethodDef mod_functions[] = {
    {"close", mod_close, METH_O, "close(integer) -> None\n\nCloses a descriptor."}, {"dup", mod_dup, METH_O, "dup(integer) -> integer\n\nAnother descriptor of the same socket."},
    {"socketpair", mod_socketpair, METH_VARARGS, "socketpair([family[, type [, proto]]]) -> (socket object, socket object)\n\nTwo connected sockets."},
    {"getdefaulttimeout", mod_getdefaulttimeout, METH_NOARGS, "getdefaulttimeout() -> timeout\n\nThe time-out of new sockets."},
    {"setdefaulttimeout", mod_setdefaulttimeout, METH_O, "setdefaulttimeout(timeout)\n\nSets the time-out of new sockets."}, {NULL}};

/* ------------------------------------------------------------------ the module */

/* What compiled modules ask for as "_socket.CAPI". The references are owned by the capsule. */
typedef struct {
    PyTypeObject *socket_type;
    PyObject *error, *timeout_error;
} Capi;
static void capi_free(PyObject *capsule) {
    Capi *c = PyCapsule_GetPointer(capsule, "_socket.CAPI");
    if (!c) return;
    Py_DECREF(c->socket_type);
    Py_DECREF(c->error);
    Py_DECREF(c->timeout_error);
    PyMem_Free(c);
}
static PyObject *capi_new(KrSocketModule *m) {
    Capi *c = PyMem_Malloc(sizeof *c);
    if (!c) return PyErr_NoMemory();
    *c = (Capi){(PyTypeObject *)Py_NewRef(m->socket_type), Py_NewRef(PyExc_OSError), Py_NewRef(PyExc_TimeoutError)};
    PyObject *capsule = PyCapsule_New(c, "_socket.CAPI", capi_free);
    if (!capsule) {
        Py_DECREF(c->socket_type);
        Py_DECREF(c->error);
        Py_DECREF(c->timeout_error);
        PyMem_Free(c);
    }
    return capsule;
}
static int add_constants(PyObject *module) {
    static const struct { const char *name; long value; } constants[] = {
#define KR_SOCKET(n) {#n, (long)(n)},
#define KR_SOCKET_AS(n, v) {#n, (long)(v)},
#include "_socket_constants.def"
    };
    for (size_t i = 0; i < KR_ARRAY_LEN(constants); i++)
        if (PyModule_AddIntConstant(module, constants[i].name, constants[i].value) < 0) return -1;
    return 0;
}
static int socket_exec(PyObject *module) {
    KrSocketModule *m = kr_socket_state(module);
    m->default_timeout = -1;
    if (!(m->socket_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &socket_spec, NULL)) || !(m->herror = PyErr_NewException("socket.herror", PyExc_OSError, NULL)) ||
        !(m->gaierror = PyErr_NewException("socket.gaierror", PyExc_OSError, NULL)))
        return -1;
    PyObject *capsule = capi_new(m);
    int rc = capsule ? PyModule_AddObjectRef(module, "CAPI", capsule) : -1;
    Py_XDECREF(capsule);
    if (rc < 0 || add_constants(module) < 0 || PyModule_AddFunctions(module, kr_socket_name_functions) < 0 || PyModule_AddFunctions(module, kr_socket_message_functions) < 0)
        return -1;
    return PyModule_AddObjectRef(module, "socket", (PyObject *)m->socket_type) < 0 || PyModule_AddObjectRef(module, "SocketType", (PyObject *)m->socket_type) < 0 ||
                   PyModule_AddObjectRef(module, "error", PyExc_OSError) < 0 || PyModule_AddObjectRef(module, "timeout", PyExc_TimeoutError) < 0 ||
                   PyModule_AddObjectRef(module, "herror", m->herror) < 0 || PyModule_AddObjectRef(module, "gaierror", m->gaierror) < 0 ||
                   PyModule_AddObjectRef(module, "has_ipv6", Py_True) < 0 || PyModule_AddStringConstant(module, "BDADDR_ANY", "00:00:00:00:00:00") < 0 ||
                   PyModule_AddStringConstant(module, "BDADDR_LOCAL", "00:00:00:FF:FF:FF") < 0
               ? -1
               : 0;
}
static int socket_traverse(PyObject *module, visitproc visit, void *arg) {
    KrSocketModule *m = kr_socket_state(module);
    Py_VISIT(m->socket_type);
    Py_VISIT(m->gaierror);
    Py_VISIT(m->herror);
    return 0;
}
static int socket_clear(PyObject *module) {
    KrSocketModule *m = kr_socket_state(module);
    Py_CLEAR(m->socket_type);
    Py_CLEAR(m->gaierror);
    Py_CLEAR(m->herror);
    return 0;
}
static void socket_free(void *module) { socket_clear(module); }
static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, socket_exec}, {0, NULL}};
static struct PyModuleDef socket_module = {PyModuleDef_HEAD_INIT, "_socket", "Sockets; the module socket builds on it.", sizeof(KrSocketModule), mod_functions, module_slots,
    socket_traverse, socket_clear, socket_free};
PyObject *PyInit__socket(void) { return PyModuleDef_Init(&socket_module); }
