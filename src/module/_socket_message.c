/* _socket_message.c - recvmsg and sendmsg: scattered buffers and ancillary data.
 *
 * Control messages arrive as a list of (level, type, data). Descriptors that came with a message are closed again if the result can't be
 * made, else they'd be lost. Sizes are checked against what a socklen_t can carry before any room is taken.
 */
#include "_socket.h"
#include <limits.h>

/* ------------------------------------------------------------------ sizes */

enum { LIMIT = INT_MAX };
static bool message_length(Py_ssize_t n, size_t *out) {
    if (n < 0 || (size_t)n > LIMIT - CMSG_LEN(0)) return false;
    *out = CMSG_LEN((size_t)n);
    return true;
}
static bool message_space(Py_ssize_t n, size_t *out) {
    if (n < 0 || (size_t)n > LIMIT - CMSG_SPACE(1)) return false;
    *out = CMSG_SPACE((size_t)n);
    return true;
}
static PyObject *mod_CMSG_LEN(PyObject *module, PyObject *args) {
    Py_ssize_t n;
    size_t result;
    if (!PyArg_ParseTuple(args, "n:CMSG_LEN", &n)) return NULL;
    if (message_length(n, &result)) return PyLong_FromSize_t(result);
    PyErr_SetString(PyExc_OverflowError, "CMSG_LEN() argument out of range");
    return NULL;
}
static PyObject *mod_CMSG_SPACE(PyObject *module, PyObject *args) {
    Py_ssize_t n;
    size_t result;
    if (!PyArg_ParseTuple(args, "n:CMSG_SPACE", &n)) return NULL;
    if (message_space(n, &result)) return PyLong_FromSize_t(result);
    PyErr_SetString(PyExc_OverflowError, "CMSG_SPACE() argument out of range");
    return NULL;
}
PyMethodDef kr_socket_message_functions[] = {
    {"CMSG_LEN", mod_CMSG_LEN, METH_VARARGS, "CMSG_LEN(length) -> control message length\n\nThe length of an item of ancillary data, without padding behind it."},
    {"CMSG_SPACE", mod_CMSG_SPACE, METH_VARARGS, "CMSG_SPACE(length) -> buffer size\n\nThe room an item of ancillary data needs, with padding."}, {NULL}};

/* ------------------------------------------------------------------ buffers */

typedef struct {
    Py_buffer *buffers;
    struct iovec *vectors;
    Py_ssize_t n;
} Pieces;
static void pieces_release(Pieces *p) {
    for (Py_ssize_t i = 0; i < p->n; i++) PyBuffer_Release(&p->buffers[i]);
    PyMem_Free(p->buffers);
    PyMem_Free(p->vectors);
}
/* The buffers of an iterable, got by an argument format with the message for wrong ones. On failure nothing is held. */
static bool pieces_get(Pieces *p, PyObject *iterable, const char *format, const char *not_iterable, const char *too_long) {
    *p = (Pieces){NULL, NULL, 0};
    PyObject *fast = PySequence_Fast(iterable, not_iterable);
    if (!fast) return false;
    Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
    bool ok = false;
    if (n > INT_MAX) {
        PyErr_SetString(PyExc_OSError, too_long);
        goto done;
    }
    p->buffers = PyMem_New(Py_buffer, n);
    p->vectors = PyMem_New(struct iovec, n);
    if (!p->buffers || !p->vectors) {
        PyErr_NoMemory();
        goto done;
    }
    for (ok = true; ok && p->n < n && p->n < PySequence_Fast_GET_SIZE(fast);) {
        Py_buffer *b = &p->buffers[p->n];
        if ((ok = PyArg_Parse(PySequence_Fast_GET_ITEM(fast, p->n), format, b))) p->vectors[p->n++] = (struct iovec){b->buf, (size_t)b->len};
    }
done:
    Py_DECREF(fast);
    if (!ok) pieces_release(p);
    return ok;
}

/* ------------------------------------------------------------------ recvmsg */

typedef struct {
    struct msghdr *message;
    int flags;
    ssize_t result;
} Exchange;
static bool call_recvmsg(KrSocket *s, void *data) {
    Exchange *e = data;
    return (e->result = recvmsg(s->fd, e->message, e->flags)) >= 0;
}
static bool call_sendmsg(KrSocket *s, void *data) {
    Exchange *e = data;
    return (e->result = sendmsg(s->fd, e->message, e->flags)) >= 0;
}
/* How much of a control message's data is in the buffer: 0 for all, 1 for a part, -1 if its head isn't complete. */
static int message_data(const struct msghdr *m, struct cmsghdr *c, size_t *length) {
    const char *end = (const char *)m->msg_control + m->msg_controllen;
    if (end < (const char *)c + CMSG_LEN(0) || c->cmsg_len < CMSG_LEN(0)) return -1;
    size_t room = (size_t)(end - (const char *)CMSG_DATA(c));
    *length = c->cmsg_len - CMSG_LEN(0);
    if (*length <= room) return 0;
    *length = room;
    return 1;
}
static void close_received(const struct msghdr *m) {
    for (struct cmsghdr *c = m->msg_controllen ? CMSG_FIRSTHDR(m) : NULL; c; c = CMSG_NXTHDR((struct msghdr *)m, c)) {
        size_t length;
        int state = message_data(m, c, &length);
        if (state < 0) break;
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
            for (const int *fd = (const int *)CMSG_DATA(c); length >= sizeof *fd; length -= sizeof *fd) close(*fd++);
        if (state) break;
    }
}
static PyObject *message_list(const struct msghdr *m) {
    PyObject *list = PyList_New(0);
    for (struct cmsghdr *c = list && m->msg_controllen ? CMSG_FIRSTHDR(m) : NULL; c; c = CMSG_NXTHDR((struct msghdr *)m, c)) {
        size_t length = 0;
        int state = message_data(m, c, &length);
        if (state && PyErr_WarnEx(PyExc_RuntimeWarning, "received malformed or improperly-truncated ancillary data", 1) < 0) goto fail;
        if (state < 0) break;
        PyObject *item = Py_BuildValue("iiy#", c->cmsg_level, c->cmsg_type, CMSG_DATA(c), (Py_ssize_t)length);
        int rc = item ? PyList_Append(list, item) : -1;
        Py_XDECREF(item);
        if (rc < 0) goto fail;
        if (state) break;
    }
    return list;
fail:
    Py_DECREF(list);
    return NULL;
}
/* Receives into vectors: the tuple (make(n), ancillary list, flags, address). */
static PyObject *receive_message(KrSocket *s, struct iovec *vectors, Py_ssize_t n, int flags, Py_ssize_t control_size, PyObject *(*make)(ssize_t, void *), void *data) {
    KrSocketAddress a;
    socklen_t room;
    PyObject *value = NULL, *list = NULL, *address = NULL, *result = NULL;
    if (!kr_socket_address_room(s, &room)) return NULL;
    memset(&a, 0, sizeof a);
    if (control_size < 0 || control_size > LIMIT) {
        PyErr_SetString(PyExc_ValueError, "invalid ancillary data buffer length");
        return NULL;
    }
    void *control = NULL;
    if (control_size && !(control = PyMem_Malloc((size_t)control_size))) return PyErr_NoMemory();
    a.any.sa_family = AF_UNSPEC;
    struct msghdr m = {.msg_name = &a, .msg_namelen = room, .msg_iov = vectors, .msg_iovlen = (size_t)n, .msg_control = control, .msg_controllen = (size_t)control_size};
    Exchange e = {&m, flags, 0};
    if (kr_socket_call(s, false, call_recvmsg, &e) >= 0) {
        if ((list = message_list(&m)) && (address = kr_socket_make_address(s->fd, &a.any, Py_MIN(m.msg_namelen, room), s->proto)) && (value = make(e.result, data)))
            result = Py_BuildValue("OOiO", value, list, m.msg_flags, address);
        if (!result) close_received(&m);
    }
    Py_XDECREF(value);
    Py_XDECREF(list);
    Py_XDECREF(address);
    PyMem_Free(control);
    return result;
}
static PyObject *make_bytes(ssize_t n, void *data) {
    PyObject **bytes = data, *result;
    if (n != PyBytes_GET_SIZE(*bytes)) _PyBytes_Resize(bytes, n);
    result = *bytes;
    *bytes = NULL;
    return result;
}
static PyObject *make_count(ssize_t n, void *data) { return PyLong_FromSsize_t(n); }

PyObject *kr_socket_recvmsg(KrSocket *s, PyObject *args) {
    Py_ssize_t room, control = 0;
    int flags = 0;
    if (!PyArg_ParseTuple(args, "n|ni:recvmsg", &room, &control, &flags)) return NULL;
    if (room < 0) {
        PyErr_SetString(PyExc_ValueError, "negative buffer size in recvmsg()");
        return NULL;
    }
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, room);
    if (!bytes) return NULL;
    struct iovec v = {PyBytes_AS_STRING(bytes), (size_t)room};
    PyObject *result = receive_message(s, &v, 1, flags, control, make_bytes, &bytes);
    Py_XDECREF(bytes);
    return result;
}
PyObject *kr_socket_recvmsg_into(KrSocket *s, PyObject *args) {
    Py_ssize_t control = 0;
    int flags = 0;
    PyObject *buffers;
    Pieces p;
    if (!PyArg_ParseTuple(args, "O|ni:recvmsg_into", &buffers, &control, &flags) ||
        !pieces_get(&p, buffers, "w*;recvmsg_into() argument 1 must be an iterable of single-segment read-write buffers", "recvmsg_into() argument 1 must be an iterable",
            "recvmsg_into() argument 1 is too long"))
        return NULL;
    PyObject *result = receive_message(s, p.vectors, p.n, flags, control, make_count, NULL);
    pieces_release(&p);
    return result;
}

/* ------------------------------------------------------------------ sendmsg */

static bool get_data(Pieces *p, PyObject *buffers) {
    return pieces_get(p, buffers, "y*;sendmsg() argument 1 must be an iterable of bytes-like objects", "sendmsg() argument 1 must be an iterable", "sendmsg() argument 1 is too long");
}
typedef struct {
    int level, type;
    Py_buffer data;
} Control;
/* The ancillary items of sendmsg laid out in m->msg_control (PyMem, the caller's to free). */
static bool put_control(struct msghdr *m, PyObject *items) {
    PyObject *fast = PySequence_Fast(items, "sendmsg() argument 2 must be an iterable");
    if (!fast) return false;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(fast), n = 0;
    size_t total = 0;
    bool ok = false;
    Control *controls = PyMem_New(Control, count);
    if (!controls) {
        PyErr_NoMemory();
        goto done;
    }
    for (; n < count && n < PySequence_Fast_GET_SIZE(fast); n++) {
        Control *c = &controls[n];
        size_t space;
        if (!PyArg_Parse(PySequence_Fast_GET_ITEM(fast, n), "(iiy*):[sendmsg() ancillary data items]", &c->level, &c->type, &c->data)) goto done;
        const char *wrong = !message_space(c->data.len, &space) ? "ancillary data item too large" : total + space > LIMIT ? "too much ancillary data" : NULL;
        if (wrong) {
            n++;
            PyErr_SetString(PyExc_OSError, wrong);
            goto done;
        }
        total += space;
    }
    if (total) {
        if (!(m->msg_control = PyMem_Calloc(1, total))) {
            PyErr_NoMemory();
            goto done;
        }
        m->msg_controllen = total;
        struct cmsghdr *h = CMSG_FIRSTHDR(m);
        for (Py_ssize_t i = 0; i < n; i++) {
            h->cmsg_level = controls[i].level;
            h->cmsg_type = controls[i].type;
            h->cmsg_len = CMSG_LEN((size_t)controls[i].data.len);
            memcpy(CMSG_DATA(h), controls[i].data.buf, (size_t)controls[i].data.len);
            h = (struct cmsghdr *)((char *)h + CMSG_SPACE((size_t)controls[i].data.len));
        }
    }
    ok = true;
done:
    Py_DECREF(fast);
    while (n-- > 0) PyBuffer_Release(&controls[n].data);
    PyMem_Free(controls);
    return ok;
}
PyObject *kr_socket_sendmsg(KrSocket *s, PyObject *args) {
    PyObject *buffers, *controls = NULL, *address = NULL, *result = NULL;
    KrSocketAddress a;
    socklen_t length;
    struct msghdr m = {0};
    Exchange e = {&m, 0, 0};
    Pieces p;
    if (!PyArg_ParseTuple(args, "O|OiO:sendmsg", &buffers, &controls, &e.flags, &address)) return NULL;
    if (address && address != Py_None) {
        if (!kr_socket_parse_address(s, address, &a, &length, "sendmsg")) return NULL;
        m.msg_name = &a;
        m.msg_namelen = length;
    }
    if (PySys_Audit("socket.sendmsg", "OO", s, address ? address : Py_None) < 0 || !get_data(&p, buffers)) return NULL;
    m.msg_iov = p.vectors;
    m.msg_iovlen = (size_t)p.n;
    if ((!controls || put_control(&m, controls)) && kr_socket_call(s, true, call_sendmsg, &e) >= 0) result = PyLong_FromSsize_t(e.result);
    PyMem_Free(m.msg_control);
    pieces_release(&p);
    return result;
}
/* Appends a control message of the kernel's cryptography. */
static struct cmsghdr *put_alg(struct cmsghdr *h, int type, size_t n) {
    h->cmsg_level = SOL_ALG;
    h->cmsg_type = type;
    h->cmsg_len = CMSG_LEN(n);
    return (struct cmsghdr *)((char *)h + CMSG_SPACE(n));
}
PyObject *kr_socket_sendmsg_afalg(KrSocket *s, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"msg", "op", "iv", "assoclen", "flags", NULL};
    PyObject *buffers = NULL, *op_o = NULL, *assoc_o = NULL, *result = NULL;
    Py_buffer iv = {NULL, NULL};
    Pieces p = {NULL, NULL, 0};
    struct msghdr m = {0};
    Exchange e = {&m, 0, 0};
    int op = -1, assoc = -1;
    size_t iv_space = 0;
    if (s->family != AF_ALG) {
        PyErr_SetString(PyExc_OSError, "algset is only supported for AF_ALG");
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$O!y*O!i:sendmsg_afalg", names, &buffers, &PyLong_Type, &op_o, &iv, &PyLong_Type, &assoc_o, &e.flags)) return NULL;
    if (op_o && (op = _PyLong_AsInt(op_o)) == -1 && PyErr_Occurred()) goto done;
    if (op < 0) {
        PyErr_SetString(PyExc_TypeError, "Invalid or missing argument 'op'");
        goto done;
    }
    if (assoc_o && (assoc = _PyLong_AsInt(assoc_o)) < 0) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "assoclen must be positive");
        goto done;
    }
    size_t total = CMSG_SPACE(4);
    if (iv.buf) {
        if (!message_space(iv.len > LIMIT ? -1 : iv.len + (Py_ssize_t)sizeof(struct af_alg_iv), &iv_space)) {
            PyErr_SetString(PyExc_OSError, "ancillary data item too large");
            goto done;
        }
        total += iv_space;
    }
    if (assoc >= 0) total += CMSG_SPACE(4);
    if (!(m.msg_control = PyMem_Calloc(1, total))) {
        PyErr_NoMemory();
        goto done;
    }
    m.msg_controllen = total;
    if (buffers && !get_data(&p, buffers)) {
        p = (Pieces){NULL, NULL, 0};
        goto done;
    }
    m.msg_iov = p.vectors;
    m.msg_iovlen = (size_t)p.n;
    struct cmsghdr *h = CMSG_FIRSTHDR(&m), *next = put_alg(h, ALG_SET_OP, 4);
    *(uint32_t *)(void *)CMSG_DATA(h) = (uint32_t)op;
    if (iv.buf) {
        struct af_alg_iv *v = (struct af_alg_iv *)(void *)CMSG_DATA(h = next);
        next = put_alg(h, ALG_SET_IV, sizeof *v + (size_t)iv.len);
        v->ivlen = (uint32_t)iv.len;
        memcpy(v + 1, iv.buf, (size_t)iv.len);
    }
    if (assoc >= 0) {
        put_alg(next, ALG_SET_AEAD_ASSOCLEN, 4);
        *(uint32_t *)(void *)CMSG_DATA(next) = (uint32_t)assoc;
    }
    if (kr_socket_call(s, true, call_sendmsg, &e) >= 0) result = PyLong_FromSsize_t(e.result);
done:
    PyMem_Free(m.msg_control);
    pieces_release(&p);
    PyBuffer_Release(&iv);
    return result;
}
