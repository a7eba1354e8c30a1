/* _socket_address.c - addresses of sockets: tuples (or paths) to struct sockaddr, and back.
 *
 * parse_<family> fills one member of the union KrSocketAddress, make_address reads one. Numbers are in host order in Python and
 * in network order in the structure wherever the protocol says so (ports, flow labels, packet protocols).
 */
#include "_socket.h"
#include <arpa/inet.h>
#include <stddef.h>

/* ------------------------------------------------------------------ host names */

int kr_socket_host_converter(PyObject *o, void *out) {
    KrHostName *name = out;
    Py_ssize_t n;
    if (!o) {
        Py_CLEAR(name->owner);
        return 1;
    }
    name->owner = NULL;
    if (PyBytes_Check(o)) {
        name->text = PyBytes_AS_STRING(o);
        n = PyBytes_GET_SIZE(o);
    } else if (PyByteArray_Check(o)) {
        /* A copy: the resolver runs without the GIL, when the array may be resized. */
        n = PyByteArray_GET_SIZE(o);
        if (!(name->owner = PyBytes_FromStringAndSize(PyByteArray_AS_STRING(o), n))) return 0;
        name->text = PyBytes_AS_STRING(name->owner);
    } else if (PyUnicode_Check(o)) {
        if (PyUnicode_READY(o) < 0) return 0;
        if (PyUnicode_IS_COMPACT_ASCII(o)) {
            name->text = PyUnicode_AsUTF8AndSize(o, &n);
        } else {
            if (!(name->owner = PyUnicode_AsEncodedString(o, "idna", NULL))) {
                PyErr_SetString(PyExc_TypeError, "encoding of hostname failed");
                return 0;
            }
            if (!PyBytes_Check(name->owner)) {
                Py_CLEAR(name->owner);
                PyErr_SetString(PyExc_TypeError, "encoding of hostname failed");
                return 0;
            }
            name->text = PyBytes_AS_STRING(name->owner);
            n = PyBytes_GET_SIZE(name->owner);
        }
    } else {
        PyErr_Format(PyExc_TypeError, "str, bytes or bytearray expected, not %s", Py_TYPE(o)->tp_name);
        return 0;
    }
    if (strlen(name->text) != (size_t)n) {
        Py_CLEAR(name->owner);
        PyErr_SetString(PyExc_TypeError, "host name must not contain null character");
        return 0;
    }
    return Py_CLEANUP_SUPPORTED;
}
PyObject *kr_socket_raise_gai(KrSocketModule *m, int error) {
    if (error == EAI_SYSTEM) return kr_socket_raise();
    PyObject *v = Py_BuildValue("(is)", error, gai_strerror(error));
    if (v) PyErr_SetObject(m->gaierror, v);
    Py_XDECREF(v);
    return NULL;
}
/* getaddrinfo() for one address; frees nothing on failure, when 0 is returned with an exception. */
static struct addrinfo *look_up(KrSocketModule *m, const char *name, const char *service, const struct addrinfo *hints) {
    struct addrinfo *found = NULL;
    int error;
    Py_BEGIN_ALLOW_THREADS error = getaddrinfo(name, service, hints, &found);
    Py_END_ALLOW_THREADS
    if (!error) return found;
    kr_socket_raise_gai(m, error);
    return NULL;
}
int kr_socket_resolve(KrSocketModule *m, const char *name, struct sockaddr *out, size_t room, int family) {
    struct addrinfo hints = {.ai_family = family}, *found;
    memset(out, 0, room);
    if (!*name) {
        hints.ai_socktype = SOCK_DGRAM;
        hints.ai_flags = AI_PASSIVE;
        if (!(found = look_up(m, NULL, "0", &hints))) return -1;
        const char *wrong = found->ai_family != AF_INET && found->ai_family != AF_INET6 ? "unsupported address family"
                            : found->ai_next                                             ? "wildcard resolved to multiple address"
                                                                                         : NULL;
        if (wrong) {
            freeaddrinfo(found);
            PyErr_SetString(PyExc_OSError, wrong);
            return -1;
        }
        goto copy;
    }
    if (!strcmp(name, "<broadcast>") || !strcmp(name, "255.255.255.255")) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        if (family != AF_INET && family != AF_UNSPEC) {
            PyErr_SetString(PyExc_OSError, "address family mismatched");
            return -1;
        }
        in->sin_family = AF_INET;
        in->sin_addr.s_addr = INADDR_BROADCAST;
        return sizeof in->sin_addr;
    }
    if (family == AF_UNSPEC || family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        if (inet_pton(AF_INET, name, &in->sin_addr) > 0) {
            in->sin_family = AF_INET;
            return 4;
        }
    }
    if ((family == AF_UNSPEC || family == AF_INET6) && !strchr(name, '%')) { /* a scope needs the resolver */
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
        memset(out, 0, room);
        if (room >= sizeof *in6 && inet_pton(AF_INET6, name, &in6->sin6_addr) > 0) {
            in6->sin6_family = AF_INET6;
            return 16;
        }
    }
    if (!(found = look_up(m, name, NULL, &hints))) return -1;
copy:
    memset(out, 0, room);
    memcpy(out, found->ai_addr, Py_MIN(room, found->ai_addrlen));
    freeaddrinfo(found);
    if (out->sa_family == AF_INET) return 4;
    if (out->sa_family == AF_INET6) return 16;
    PyErr_SetString(PyExc_OSError, "unknown address family");
    return -1;
}
PyObject *kr_socket_ip_text(const struct sockaddr *address, socklen_t length) {
    char text[NI_MAXHOST];
    if (address->sa_family == AF_INET) {
        if (!inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, sizeof text)) return kr_socket_raise();
    } else if (!inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, sizeof text)) {
        return kr_socket_raise();
    }
    return PyUnicode_FromString(text);
}

/* ------------------------------------------------------------------ interfaces, Bluetooth addresses */

/* The number of a network interface; 0 for an empty name. -1 with OSError. */
static int interface_index(KrSocket *s, const char *name) {
    struct ifreq request = {0};
    strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
    if (ioctl(s->fd, SIOCGIFINDEX, &request) < 0) {
        s->raise();
        return -1;
    }
    return request.ifr_ifindex;
}
/* The name of interface `index` into name (at least IFNAMSIZ), "" if it has none. */
static const char *interface_name(int fd, int index, struct ifreq *request) {
    memset(request, 0, sizeof *request);
    if (index) {
        request->ifr_ifindex = index;
        if (ioctl(fd, SIOCGIFNAME, request) < 0) return "";
    }
    return request->ifr_name;
}
/* "A:B:C:D:E:F" in hexadecimal; bytes are stored last first. */
static bool parse_bluetooth(const char *text, uint8_t out[6]) {
    unsigned v[6];
    char rest;
    bool ok = sscanf(text, "%X:%X:%X:%X:%X:%X%c", &v[5], &v[4], &v[3], &v[2], &v[1], &v[0], &rest) == 6;
    for (int i = 0; ok && i < 6; i++) {
        ok = v[i] < 256;
        out[i] = (uint8_t)v[i];
    }
    if (!ok) PyErr_SetString(PyExc_OSError, "bad bluetooth address");
    return ok;
}
static PyObject *bluetooth_text(const uint8_t a[6]) {
    char text[18];
    snprintf(text, sizeof text, "%02X:%02X:%02X:%02X:%02X:%02X", a[5], a[4], a[3], a[2], a[1], a[0]);
    return PyUnicode_FromString(text);
}

/* ------------------------------------------------------------------ Python to sockaddr */

static bool need_tuple(PyObject *o, const char *format, const char *caller) {
    if (PyTuple_Check(o)) return true;
    PyErr_Format(PyExc_TypeError, format, caller, Py_TYPE(o)->tp_name);
    return false;
}
static bool fail(PyObject *type, const char *format, const char *caller) {
    PyErr_Format(type, format, caller);
    return false;
}
/* The port of an IP address is checked after the host has been looked up. */
static bool parse_ip(KrSocket *s, PyObject *o, KrSocketAddress *a, socklen_t *length, const char *caller, int family) {
    KrHostName host = {NULL, NULL};
    int port, ok;
    unsigned flow = 0, scope = 0;
    if (!need_tuple(o, family == AF_INET ? "%s(): AF_INET address must be tuple, not %.500s" : "%s(): AF_INET6 address must be tuple, not %.500s", caller)) return false;
    if (family == AF_INET) ok = PyArg_ParseTuple(o, "O&i;AF_INET address must be a pair (host, port)", kr_socket_host_converter, &host, &port);
    else ok = PyArg_ParseTuple(o, "O&i|II;AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])", kr_socket_host_converter, &host, &port, &flow, &scope);
    if (!ok) return PyErr_ExceptionMatches(PyExc_OverflowError) ? fail(PyExc_OverflowError, "%s(): port must be 0-65535.", caller) : false;
    size_t room = family == AF_INET ? sizeof a->in : sizeof a->in6;
    int rc = kr_socket_resolve(kr_socket_module_of(s), host.text, &a->any, room, family);
    Py_XDECREF(host.owner);
    if (rc < 0) return false;
    if (port < 0 || port > 0xffff) return fail(PyExc_OverflowError, "%s(): port must be 0-65535.", caller);
    *length = (socklen_t)room;
    if (family == AF_INET) {
        a->in.sin_family = AF_INET;
        a->in.sin_port = htons((uint16_t)port);
        return true;
    }
    if (flow > 0xfffff) return fail(PyExc_OverflowError, "%s(): flowinfo must be 0-1048575.", caller);
    a->in6.sin6_family = AF_INET6;
    a->in6.sin6_port = htons((uint16_t)port);
    a->in6.sin6_flowinfo = htonl(flow);
    a->in6.sin6_scope_id = scope;
    return true;
}
/* A path ends with a zero; a name in the abstract name space begins with one (or is empty) and has a length. */
static bool parse_unix(PyObject *o, KrSocketAddress *a, socklen_t *length) {
    Py_buffer path;
    PyObject *encoded = NULL;
    if (PyUnicode_Check(o) && !(o = encoded = PyUnicode_EncodeFSDefault(o))) return false;
    bool ok = PyObject_GetBuffer(o, &path, PyBUF_SIMPLE) >= 0;
    Py_XDECREF(encoded); /* the buffer keeps it */
    if (!ok) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) PyErr_Format(PyExc_TypeError, "a bytes-like object is required, not '%.100s'", Py_TYPE(o)->tp_name);
        return false;
    }
    bool abstract = path.len == 0 || *(const char *)path.buf == 0;
    if ((size_t)path.len + !abstract > sizeof a->un.sun_path) {
        PyErr_SetString(PyExc_OSError, "AF_UNIX path too long");
        ok = false;
    } else {
        a->un.sun_family = AF_UNIX;
        memcpy(a->un.sun_path, path.buf, (size_t)path.len);
        if (!abstract) a->un.sun_path[path.len] = 0;
        *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)path.len + !abstract);
    }
    PyBuffer_Release(&path);
    return ok;
}
static bool parse_bluetooth_address(KrSocket *s, PyObject *o, KrSocketAddress *a, socklen_t *length, const char *caller) {
    const char *text;
    int number;
    switch (s->proto) {
    case KR_BTPROTO_L2CAP:
        a->l2.family = AF_BLUETOOTH;
        *length = sizeof a->l2;
        if (!PyTuple_Check(o) || !PyArg_ParseTuple(o, "si", &text, &number)) return fail(PyExc_OSError, "%s(): wrong format", caller);
        a->l2.psm = (uint16_t)number;
        return parse_bluetooth(text, a->l2.address);
    case KR_BTPROTO_RFCOMM:
        a->rc.family = AF_BLUETOOTH;
        *length = sizeof a->rc;
        if (!PyTuple_Check(o) || !PyArg_ParseTuple(o, "si", &text, &number)) return fail(PyExc_OSError, "%s(): wrong format", caller);
        a->rc.channel = (uint8_t)number;
        return parse_bluetooth(text, a->rc.address);
    case KR_BTPROTO_HCI:
        a->hci.family = AF_BLUETOOTH;
        *length = sizeof a->hci;
        if (!PyTuple_Check(o) || !PyArg_ParseTuple(o, "i", &number)) return fail(PyExc_OSError, "%s(): wrong format", caller);
        a->hci.device = (uint16_t)number;
        return true;
    case KR_BTPROTO_SCO:
        a->sco.family = AF_BLUETOOTH;
        *length = sizeof a->sco;
        if (!PyBytes_Check(o)) return fail(PyExc_OSError, "%s(): wrong format", caller);
        return parse_bluetooth(PyBytes_AS_STRING(o), a->sco.address);
    }
    return fail(PyExc_OSError, "%s(): unknown Bluetooth protocol", caller);
}
static bool parse_packet(KrSocket *s, PyObject *o, KrSocketAddress *a, socklen_t *length, const char *caller) {
    const char *name;
    int protocol, kind = PACKET_HOST, hardware = 0, index;
    Py_buffer address = {NULL, NULL};
    bool ok = false;
    if (!need_tuple(o, "%s(): AF_PACKET address must be tuple, not %.500s", caller)) return false;
    if (!PyArg_ParseTuple(o, "si|iiy*;AF_PACKET address must be a tuple of two to five elements", &name, &protocol, &kind, &hardware, &address))
        return PyErr_ExceptionMatches(PyExc_OverflowError) ? fail(PyExc_OverflowError, "%s(): address argument out of range", caller) : false;
    if ((index = interface_index(s, name)) < 0) goto done;
    if (address.buf && address.len > 8) {
        PyErr_SetString(PyExc_ValueError, "Hardware address must be 8 bytes or less");
    } else if (protocol < 0 || protocol > 0xffff) {
        fail(PyExc_OverflowError, "%s(): proto must be 0-65535.", caller);
    } else {
        a->ll.sll_family = AF_PACKET;
        a->ll.sll_protocol = htons((uint16_t)protocol);
        a->ll.sll_ifindex = index;
        a->ll.sll_pkttype = (unsigned char)kind;
        a->ll.sll_hatype = (unsigned short)hardware;
        a->ll.sll_halen = (unsigned char)address.len;
        if (address.buf) memcpy(a->ll.sll_addr, address.buf, (size_t)address.len);
        *length = sizeof a->ll;
        ok = true;
    }
done:
    PyBuffer_Release(&address);
    return ok;
}
static bool parse_tipc(PyObject *o, KrSocketAddress *a, socklen_t *length, const char *caller) {
    unsigned kind, v1, v2, v3, scope = TIPC_CLUSTER_SCOPE;
    if (!need_tuple(o, "%s(): AF_TIPC address must be tuple, not %.500s", caller) ||
        !PyArg_ParseTuple(o, "IIII|I;AF_TIPC address must be a tuple (addr_type, v1, v2, v3[, scope])", &kind, &v1, &v2, &v3, &scope))
        return false;
    a->tipc.family = AF_TIPC;
    a->tipc.scope = (signed char)scope;
    a->tipc.addrtype = (unsigned char)kind;
    *length = sizeof a->tipc;
    switch (kind) {
    case TIPC_ADDR_NAMESEQ:
        a->tipc.addr.nameseq.type = v1;
        a->tipc.addr.nameseq.lower = v2;
        a->tipc.addr.nameseq.upper = v3;
        return true;
    case TIPC_ADDR_NAME:
        a->tipc.addr.name.name.type = v1;
        a->tipc.addr.name.name.instance = v2;
        return true;
    case TIPC_ADDR_ID:
        a->tipc.addr.id.node = v1;
        a->tipc.addr.id.ref = v2;
        return true;
    }
    PyErr_SetString(PyExc_TypeError, "Invalid address type");
    return false;
}
static bool parse_can(KrSocket *s, PyObject *o, KrSocketAddress *a, socklen_t *length, const char *caller) {
    PyObject *name = NULL;
    unsigned long rx = 0, tx = 0;
    unsigned long long j1939_name = 0;
    unsigned group = 0;
    unsigned char j1939_address = 0;
    int ok;
    if (s->proto != CAN_RAW && s->proto != CAN_BCM && s->proto != CAN_ISOTP && s->proto != CAN_J1939) return fail(PyExc_OSError, "%s(): unsupported CAN protocol", caller);
    if (!need_tuple(o, "%s(): AF_CAN address must be tuple, not %.500s", caller)) return false;
    if (s->proto == CAN_ISOTP) ok = PyArg_ParseTuple(o, "O&kk", PyUnicode_FSConverter, &name, &rx, &tx);
    else if (s->proto == CAN_J1939) ok = PyArg_ParseTuple(o, "O&KIB", PyUnicode_FSConverter, &name, &j1939_name, &group, &j1939_address);
    else ok = PyArg_ParseTuple(o, "O&;AF_CAN address must be a tuple (interface, )", PyUnicode_FSConverter, &name);
    if (!ok) return false;
    int index = 0;
    if ((size_t)PyBytes_GET_SIZE(name) >= IFNAMSIZ) {
        PyErr_SetString(PyExc_OSError, "AF_CAN interface name too long");
        index = -1;
    } else if (PyBytes_GET_SIZE(name)) {
        index = interface_index(s, PyBytes_AS_STRING(name));
    }
    Py_DECREF(name);
    if (index < 0) return false;
    a->can.can_family = AF_CAN;
    a->can.can_ifindex = index;
    if (s->proto == CAN_ISOTP) {
        a->can.can_addr.tp.rx_id = (canid_t)rx;
        a->can.can_addr.tp.tx_id = (canid_t)tx;
    } else if (s->proto == CAN_J1939) {
        a->can.can_addr.j1939.name = j1939_name;
        a->can.can_addr.j1939.pgn = group;
        a->can.can_addr.j1939.addr = j1939_address;
    }
    *length = sizeof a->can;
    return true;
}
static bool parse_alg(PyObject *o, KrSocketAddress *a, socklen_t *length, const char *caller) {
    const char *type, *name;
    uint16_t features = 0, mask = 0;
    if (!need_tuple(o, "%s(): AF_ALG address must be tuple, not %.500s", caller) ||
        !PyArg_ParseTuple(o, "ss|HH;AF_ALG address must be a tuple (type, name[, feat[, mask]])", &type, &name, &features, &mask))
        return false;
    if (strlen(type) >= sizeof a->alg.salg_type || strlen(name) >= sizeof a->alg.salg_name) {
        PyErr_SetString(PyExc_ValueError, strlen(type) >= sizeof a->alg.salg_type ? "AF_ALG type too long." : "AF_ALG name too long.");
        return false;
    }
    a->alg.salg_family = AF_ALG;
    a->alg.salg_feat = features;
    a->alg.salg_mask = mask;
    strcpy((char *)a->alg.salg_type, type);
    strcpy((char *)a->alg.salg_name, name);
    *length = sizeof a->alg;
    return true;
}
bool kr_socket_parse_address(KrSocket *s, PyObject *o, KrSocketAddress *a, socklen_t *length, const char *caller) {
    unsigned first, second;
    memset(a, 0, sizeof *a);
    switch (s->family) {
    case AF_UNIX: return parse_unix(o, a, length);
    case AF_INET:
    case AF_INET6: return parse_ip(s, o, a, length, caller, s->family);
    case AF_BLUETOOTH: return parse_bluetooth_address(s, o, a, length, caller);
    case AF_PACKET: return parse_packet(s, o, a, length, caller);
    case AF_TIPC: return parse_tipc(o, a, length, caller);
    case AF_CAN: return parse_can(s, o, a, length, caller);
    case AF_ALG: return parse_alg(o, a, length, caller);
    case AF_NETLINK:
        if (!need_tuple(o, "%s(): AF_NETLINK address must be tuple, not %.500s", caller) ||
            !PyArg_ParseTuple(o, "II;AF_NETLINK address must be a pair (pid, groups)", &first, &second))
            return false;
        a->nl.nl_family = AF_NETLINK;
        a->nl.nl_pid = first;
        a->nl.nl_groups = second;
        *length = sizeof a->nl;
        return true;
    case AF_QIPCRTR:
    case AF_VSOCK:
        if (!need_tuple(o, s->family == AF_VSOCK ? "%s: AF_VSOCK address must be tuple, not %.500s" : "%s: AF_QIPCRTR address must be tuple, not %.500s", "getsockaddrarg") ||
            !PyArg_ParseTuple(o, "II:getsockaddrarg", &first, &second))
            return false;
        if (s->family == AF_VSOCK) {
            a->vm.svm_family = AF_VSOCK;
            a->vm.svm_cid = first;
            a->vm.svm_port = second;
            *length = sizeof a->vm;
        } else {
            a->qrtr.sq_family = AF_QIPCRTR;
            a->qrtr.sq_node = first;
            a->qrtr.sq_port = second;
            *length = sizeof a->qrtr;
        }
        return true;
    }
    return fail(PyExc_OSError, "%s(): bad family", caller);
}
bool kr_socket_address_room(KrSocket *s, socklen_t *length) {
    static const struct { int family; socklen_t room; } rooms[] = {
        {AF_UNIX, sizeof(struct sockaddr_un)}, {AF_INET, sizeof(struct sockaddr_in)}, {AF_INET6, sizeof(struct sockaddr_in6)},
        {AF_NETLINK, sizeof(struct sockaddr_nl)}, {AF_QIPCRTR, sizeof(struct sockaddr_qrtr)}, {AF_VSOCK, sizeof(struct sockaddr_vm)},
        {AF_RDS, sizeof(struct sockaddr_in)}, {AF_PACKET, sizeof(struct sockaddr_ll)}, {AF_TIPC, sizeof(struct sockaddr_tipc)},
        {AF_CAN, sizeof(struct sockaddr_can)}, {AF_ALG, sizeof(struct sockaddr_alg)}};
    for (size_t i = 0; i < KR_ARRAY_LEN(rooms); i++)
        if (rooms[i].family == s->family) {
            *length = rooms[i].room;
            return true;
        }
    if (s->family == AF_BLUETOOTH) {
        switch (s->proto) {
        case KR_BTPROTO_L2CAP: *length = sizeof(struct kr_bluetooth_l2); return true;
        case KR_BTPROTO_RFCOMM: *length = sizeof(struct kr_bluetooth_rc); return true;
        case KR_BTPROTO_HCI: *length = sizeof(struct kr_bluetooth_hci); return true;
        case KR_BTPROTO_SCO: *length = sizeof(struct kr_bluetooth_sco); return true;
        }
    }
    PyErr_SetString(PyExc_OSError, s->family == AF_BLUETOOTH ? "getsockaddrlen: unknown BT protocol" : "getsockaddrlen: bad family");
    return false;
}

/* ------------------------------------------------------------------ sockaddr to Python */

static PyObject *bluetooth_result(const KrSocketAddress *a, int proto) {
    switch (proto) {
    case KR_BTPROTO_L2CAP: return Py_BuildValue("Ni", bluetooth_text(a->l2.address), a->l2.psm);
    case KR_BTPROTO_RFCOMM: return Py_BuildValue("Ni", bluetooth_text(a->rc.address), a->rc.channel);
    case KR_BTPROTO_HCI: return Py_BuildValue("i", a->hci.device);
    case KR_BTPROTO_SCO: return bluetooth_text(a->sco.address);
    }
    PyErr_SetString(PyExc_ValueError, "Unknown Bluetooth protocol");
    return NULL;
}
static PyObject *tipc_result(const KrSocketAddress *a) {
    switch (a->tipc.addrtype) {
    case TIPC_ADDR_NAMESEQ:
        return Py_BuildValue("IIIII", a->tipc.addrtype, a->tipc.addr.nameseq.type, a->tipc.addr.nameseq.lower, a->tipc.addr.nameseq.upper, a->tipc.scope);
    case TIPC_ADDR_NAME:
        return Py_BuildValue("IIIII", a->tipc.addrtype, a->tipc.addr.name.name.type, a->tipc.addr.name.name.instance, a->tipc.addr.name.name.instance, a->tipc.scope);
    case TIPC_ADDR_ID: return Py_BuildValue("IIIII", a->tipc.addrtype, a->tipc.addr.id.node, a->tipc.addr.id.ref, 0, a->tipc.scope);
    }
    PyErr_SetString(PyExc_ValueError, "Invalid address type");
    return NULL;
}
PyObject *kr_socket_make_address(int fd, const struct sockaddr *address, socklen_t length, int proto) {
    const KrSocketAddress *a = (const KrSocketAddress *)address;
    struct ifreq request;
    if (!length) Py_RETURN_NONE;
    switch (address->sa_family) {
    case AF_INET: return Py_BuildValue("Ni", kr_socket_ip_text(address, sizeof a->in), ntohs(a->in.sin_port));
    case AF_INET6:
        return Py_BuildValue("NiII", kr_socket_ip_text(address, sizeof a->in6), ntohs(a->in6.sin6_port), ntohl(a->in6.sin6_flowinfo), a->in6.sin6_scope_id);
    case AF_UNIX: {
        size_t n = length > offsetof(struct sockaddr_un, sun_path) ? length - offsetof(struct sockaddr_un, sun_path) : 0;
        if (n && !a->un.sun_path[0]) return PyBytes_FromStringAndSize(a->un.sun_path, (Py_ssize_t)n);
        return PyUnicode_DecodeFSDefaultAndSize(a->un.sun_path, (Py_ssize_t)strnlen(a->un.sun_path, n));
    }
    case AF_NETLINK: return Py_BuildValue("II", a->nl.nl_pid, a->nl.nl_groups);
    case AF_QIPCRTR: return Py_BuildValue("II", a->qrtr.sq_node, a->qrtr.sq_port);
    case AF_VSOCK: return Py_BuildValue("II", a->vm.svm_cid, a->vm.svm_port);
    case AF_BLUETOOTH: return bluetooth_result(a, proto);
    case AF_TIPC: return tipc_result(a);
    case AF_PACKET:
        return Py_BuildValue("shbhy#", interface_name(fd, a->ll.sll_ifindex, &request), ntohs(a->ll.sll_protocol), a->ll.sll_pkttype, a->ll.sll_hatype,
            a->ll.sll_addr, (Py_ssize_t)a->ll.sll_halen);
    case AF_CAN: {
        const char *name = interface_name(fd, a->can.can_ifindex, &request);
        if (proto == CAN_ISOTP) return Py_BuildValue("O&kk", PyUnicode_DecodeFSDefault, name, (unsigned long)a->can.can_addr.tp.rx_id, (unsigned long)a->can.can_addr.tp.tx_id);
        if (proto == CAN_J1939)
            return Py_BuildValue("O&KIB", PyUnicode_DecodeFSDefault, name, (unsigned long long)a->can.can_addr.j1939.name, (unsigned)a->can.can_addr.j1939.pgn, a->can.can_addr.j1939.addr);
        return Py_BuildValue("(O&)", PyUnicode_DecodeFSDefault, name);
    }
    case AF_ALG:
        return Py_BuildValue("s#s#HH", a->alg.salg_type, (Py_ssize_t)strnlen((const char *)a->alg.salg_type, sizeof a->alg.salg_type), a->alg.salg_name,
            (Py_ssize_t)strnlen((const char *)a->alg.salg_name, sizeof a->alg.salg_name), a->alg.salg_feat, a->alg.salg_mask);
    }
    return Py_BuildValue("iy#", address->sa_family, address->sa_data, (Py_ssize_t)sizeof address->sa_data);
}
