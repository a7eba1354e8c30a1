/* _socket_names.c - the functions of `_socket` that need no socket: hosts, services, protocols, interfaces, number conversion.
 *
 * The reentrant variants of the resolver's functions are used throughout, since they run without the GIL.
 */
#include "_socket.h"
#include <arpa/inet.h>
#include <stdio.h>

enum { ROOM = 16384 }; /* what the reentrant functions get for their strings */

/* ------------------------------------------------------------------ host names */

static PyObject *mod_gethostname(PyObject *module, PyObject *ignored) {
    char name[1024];
    int rc;
    if (PySys_Audit("socket.gethostname", NULL) < 0) return NULL;
    Py_BEGIN_ALLOW_THREADS rc = gethostname(name, sizeof name - 1);
    Py_END_ALLOW_THREADS
    if (rc < 0) return kr_socket_raise();
    name[sizeof name - 1] = 0;
    return PyUnicode_DecodeFSDefault(name);
}
static PyObject *mod_sethostname(PyObject *module, PyObject *args) {
    PyObject *name = NULL;
    Py_buffer b;
    int rc = -1;
    if (PyArg_ParseTuple(args, "S:sethostname", &name)) {
        Py_INCREF(name);
    } else {
        PyErr_Clear();
        if (!PyArg_ParseTuple(args, "O&:sethostname", PyUnicode_FSConverter, &name)) return NULL;
    }
    if (PySys_Audit("socket.sethostname", "(O)", name) >= 0 && PyObject_GetBuffer(name, &b, PyBUF_SIMPLE) >= 0) {
        if ((rc = sethostname(b.buf, (size_t)b.len)) < 0) kr_socket_raise();
        PyBuffer_Release(&b);
    }
    Py_DECREF(name);
    return rc < 0 ? NULL : Py_NewRef(Py_None);
}
/* The one argument of the gethostby* functions (PyMem), after auditing. */
static char *host_argument(PyObject *args, const char *format, const char *event) {
    char *name = NULL;
    if (!PyArg_ParseTuple(args, format, "idna", &name)) return NULL;
    if (PySys_Audit(event, "O", args) >= 0) return name;
    PyMem_Free(name);
    return NULL;
}
static PyObject *mod_gethostbyname(PyObject *module, PyObject *args) {
    KrSocketAddress a;
    char *name = host_argument(args, "et:gethostbyname", "socket.gethostbyname");
    if (!name) return NULL;
    int rc = kr_socket_resolve(kr_socket_state(module), name, &a.any, sizeof a.in, AF_INET);
    PyMem_Free(name);
    return rc < 0 ? NULL : kr_socket_ip_text(&a.any, sizeof a.in);
}
static PyObject *raise_herror(KrSocketModule *m, int error) {
    PyObject *v = Py_BuildValue("(is)", error, hstrerror(error));
    if (v) PyErr_SetObject(m->herror, v);
    Py_XDECREF(v);
    return NULL;
}
static int append_steal(PyObject *list, PyObject *o) {
    int rc = o ? PyList_Append(list, o) : -1;
    Py_XDECREF(o);
    return rc;
}
/* (name, aliases, addresses) of an entry; NULL means that `error` says why there's none. */
static PyObject *host_result(KrSocketModule *m, const struct hostent *h, int error, int family) {
    if (!h) return raise_herror(m, error);
    if (h->h_addrtype != family) {
        errno = EAFNOSUPPORT;
        return kr_socket_raise();
    }
    PyObject *aliases = PyList_New(0), *addresses = PyList_New(0), *result = NULL;
    if (!aliases || !addresses) goto done;
    for (char **p = h->h_aliases; p && *p; p++)
        if (append_steal(aliases, PyUnicode_FromString(*p)) < 0) goto done;
    for (char **p = h->h_addr_list; *p; p++) {
        KrSocketAddress a = {.any.sa_family = (sa_family_t)family};
        if (family == AF_INET) memcpy(&a.in.sin_addr, *p, sizeof a.in.sin_addr);
        else if (family == AF_INET6) memcpy(&a.in6.sin6_addr, *p, sizeof a.in6.sin6_addr);
        else {
            PyErr_SetString(PyExc_OSError, "unsupported address family");
            goto done;
        }
        if (append_steal(addresses, kr_socket_ip_text(&a.any, sizeof a)) < 0) goto done;
    }
    result = Py_BuildValue("NOO", PyUnicode_DecodeFSDefault(h->h_name), aliases, addresses);
done:
    Py_XDECREF(aliases);
    Py_XDECREF(addresses);
    return result;
}
static PyObject *mod_gethostbyname_ex(PyObject *module, PyObject *args) {
    KrSocketAddress a;
    struct hostent entry, *found = NULL;
    char room[ROOM], *name = host_argument(args, "et:gethostbyname_ex", "socket.gethostbyname");
    int error;
    PyObject *result = NULL;
    if (!name) return NULL;
    KrSocketModule *m = kr_socket_state(module);
    if (kr_socket_resolve(m, name, &a.any, sizeof a.in, AF_INET) >= 0) {
        Py_BEGIN_ALLOW_THREADS gethostbyname_r(name, &entry, room, sizeof room, &found, &error);
        Py_END_ALLOW_THREADS
        result = host_result(m, found, error, a.any.sa_family);
    }
    PyMem_Free(name);
    return result;
}
static PyObject *mod_gethostbyaddr(PyObject *module, PyObject *args) {
    KrSocketAddress a;
    struct hostent entry, *found = NULL;
    char room[ROOM], *name = host_argument(args, "et:gethostbyaddr", "socket.gethostbyaddr");
    if (!name) return NULL;
    KrSocketModule *m = kr_socket_state(module);
    int error, rc = kr_socket_resolve(m, name, &a.any, sizeof a, AF_UNSPEC);
    PyMem_Free(name);
    if (rc < 0) return NULL;
    int family = a.any.sa_family;
    const void *raw = family == AF_INET ? (void *)&a.in.sin_addr : (void *)&a.in6.sin6_addr;
    Py_BEGIN_ALLOW_THREADS gethostbyaddr_r(raw, (socklen_t)rc, family, &entry, room, sizeof room, &found, &error);
    Py_END_ALLOW_THREADS
    return host_result(m, found, error, family);
}
static PyObject *mod_getaddrinfo(PyObject *module, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"host", "port", "family", "type", "proto", "flags", NULL};
    struct addrinfo hints = {0}, *found = NULL;
    PyObject *host_o, *port_o, *encoded = NULL, *port_owner = NULL, *list = NULL;
    const char *host = NULL, *port = NULL;
    int error;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|iiii:getaddrinfo", names, &host_o, &port_o, &hints.ai_family, &hints.ai_socktype, &hints.ai_protocol, &hints.ai_flags))
        return NULL;
    if (PyUnicode_Check(host_o)) {
        if (!(encoded = PyUnicode_AsEncodedString(host_o, "idna", NULL))) return NULL;
        host = PyBytes_AsString(encoded);
    } else if (PyBytes_Check(host_o)) {
        host = PyBytes_AS_STRING(host_o);
    } else if (host_o != Py_None) {
        PyErr_SetString(PyExc_TypeError, "getaddrinfo() argument 1 must be string or None");
        return NULL;
    }
    if (encoded && !host) goto fail;
    if (PyLong_CheckExact(port_o)) {
        long number = PyLong_AsLong(port_o);
        if (number == -1 && PyErr_Occurred()) goto fail;
        if (!(port_owner = PyBytes_FromFormat("%ld", number))) goto fail;
        port = PyBytes_AS_STRING(port_owner);
    } else if (PyUnicode_Check(port_o)) {
        if (!(port = PyUnicode_AsUTF8(port_o))) goto fail;
    } else if (PyBytes_Check(port_o)) {
        port = PyBytes_AS_STRING(port_o);
    } else if (port_o != Py_None) {
        PyErr_SetString(PyExc_OSError, "Int or String expected");
        goto fail;
    }
    if (PySys_Audit("socket.getaddrinfo", "OOiii", host_o, port_o, hints.ai_family, hints.ai_socktype, hints.ai_protocol) < 0) goto fail;
    Py_BEGIN_ALLOW_THREADS error = getaddrinfo(host, port, &hints, &found);
    Py_END_ALLOW_THREADS
    if (error) {
        found = NULL;
        kr_socket_raise_gai(kr_socket_state(module), error);
        goto fail;
    }
    if (!(list = PyList_New(0))) goto fail;
    for (struct addrinfo *f = found; f; f = f->ai_next) {
        PyObject *address = kr_socket_make_address(-1, f->ai_addr, f->ai_addrlen, f->ai_protocol);
        if (!address || append_steal(list, Py_BuildValue("iiisN", f->ai_family, f->ai_socktype, f->ai_protocol, f->ai_canonname ? f->ai_canonname : "", address)) < 0) {
            Py_CLEAR(list);
            break;
        }
    }
fail:
    if (found) freeaddrinfo(found);
    Py_XDECREF(encoded);
    Py_XDECREF(port_owner);
    return list;
}
static PyObject *mod_getnameinfo(PyObject *module, PyObject *args) {
    PyObject *tuple, *result = NULL;
    const char *name;
    char port_text[16], host[NI_MAXHOST + 1], service[NI_MAXSERV + 1];
    int flags, port, error;
    unsigned flow = 0, scope = 0;
    if (!PyArg_ParseTuple(args, "Oi:getnameinfo", &tuple, &flags)) return NULL;
    if (!PyTuple_Check(tuple)) {
        PyErr_SetString(PyExc_TypeError, "getnameinfo() argument 1 must be a tuple");
        return NULL;
    }
    if (!PyArg_ParseTuple(tuple, "si|II;getnameinfo(): illegal sockaddr argument", &name, &port, &flow, &scope)) return NULL;
    if (flow > 0xfffff) {
        PyErr_SetString(PyExc_OverflowError, "getnameinfo(): flowinfo must be 0-1048575.");
        return NULL;
    }
    if (PySys_Audit("socket.getnameinfo", "(O)", tuple) < 0) return NULL;
    KrSocketModule *m = kr_socket_state(module);
    snprintf(port_text, sizeof port_text, "%d", port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST}, *found = NULL;
    Py_BEGIN_ALLOW_THREADS error = getaddrinfo(name, port_text, &hints, &found);
    Py_END_ALLOW_THREADS
    if (error) return kr_socket_raise_gai(m, error);
    if (found->ai_next) {
        PyErr_SetString(PyExc_OSError, "sockaddr resolved to multiple addresses");
        goto done;
    }
    if (found->ai_family == AF_INET && PyTuple_GET_SIZE(tuple) != 2) {
        PyErr_SetString(PyExc_OSError, "IPv4 sockaddr must be 2 tuple");
        goto done;
    }
    if (found->ai_family == AF_INET6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)found->ai_addr;
        in6->sin6_flowinfo = htonl(flow);
        in6->sin6_scope_id = scope;
    }
    Py_BEGIN_ALLOW_THREADS error = getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, service, sizeof service, flags);
    Py_END_ALLOW_THREADS
    if (error) {
        kr_socket_raise_gai(m, error);
        goto done;
    }
    result = Py_BuildValue("Ns", PyUnicode_DecodeFSDefault(host), service);
done:
    freeaddrinfo(found);
    return result;
}

/* ------------------------------------------------------------------ services and protocols */

static PyObject *not_found(const char *message) {
    PyErr_SetString(PyExc_OSError, message);
    return NULL;
}
static PyObject *mod_getservbyname(PyObject *module, PyObject *args) {
    const char *name, *proto = NULL;
    struct servent entry, *found = NULL;
    char room[ROOM];
    if (!PyArg_ParseTuple(args, "s|s:getservbyname", &name, &proto) || PySys_Audit("socket.getservbyname", "ss", name, proto) < 0) return NULL;
    Py_BEGIN_ALLOW_THREADS getservbyname_r(name, proto, &entry, room, sizeof room, &found);
    Py_END_ALLOW_THREADS
    return found ? PyLong_FromLong(ntohs((uint16_t)found->s_port)) : not_found("service/proto not found");
}
static PyObject *mod_getservbyport(PyObject *module, PyObject *args) {
    int port;
    const char *proto = NULL;
    struct servent entry, *found = NULL;
    char room[ROOM];
    if (!PyArg_ParseTuple(args, "i|s:getservbyport", &port, &proto)) return NULL;
    if (port < 0 || port > 0xffff) {
        PyErr_SetString(PyExc_OverflowError, "getservbyport: port must be 0-65535.");
        return NULL;
    }
    if (PySys_Audit("socket.getservbyport", "is", port, proto) < 0) return NULL;
    Py_BEGIN_ALLOW_THREADS getservbyport_r(htons((uint16_t)port), proto, &entry, room, sizeof room, &found);
    Py_END_ALLOW_THREADS
    return found ? PyUnicode_FromString(found->s_name) : not_found("port/proto not found");
}
static PyObject *mod_getprotobyname(PyObject *module, PyObject *args) {
    const char *name;
    struct protoent entry, *found = NULL;
    char room[ROOM];
    if (!PyArg_ParseTuple(args, "s:getprotobyname", &name)) return NULL;
    Py_BEGIN_ALLOW_THREADS getprotobyname_r(name, &entry, room, sizeof room, &found);
    Py_END_ALLOW_THREADS
    return found ? PyLong_FromLong(found->p_proto) : not_found("protocol not found");
}

/* ------------------------------------------------------------------ numbers */

/* htons and ntohs are one function on any machine, as are htonl and ntohl. */
static PyObject *swap16(PyObject *args, const char *format, const char *name) {
    int x;
    if (!PyArg_ParseTuple(args, format, &x)) return NULL;
    if (x < 0 || x > 0xffff) {
        PyErr_Format(PyExc_OverflowError, x < 0 ? "%s: can't convert negative Python int to C 16-bit unsigned integer" : "%s: Python int too large to convert to C 16-bit unsigned integer", name);
        return NULL;
    }
    return PyLong_FromUnsignedLong(htons((uint16_t)x));
}
static PyObject *mod_htons(PyObject *module, PyObject *args) { return swap16(args, "i:htons", "htons"); }
static PyObject *mod_ntohs(PyObject *module, PyObject *args) { return swap16(args, "i:ntohs", "ntohs"); }
static PyObject *mod_swap32(PyObject *module, PyObject *o) {
    if (!PyLong_Check(o)) return PyErr_Format(PyExc_TypeError, "expected int, %s found", Py_TYPE(o)->tp_name);
    unsigned long x = PyLong_AsUnsignedLong(o);
    if (x == (unsigned long)-1 && PyErr_Occurred()) return NULL;
    if (x > 0xffffffff) {
        PyErr_SetString(PyExc_OverflowError, "int larger than 32 bits");
        return NULL;
    }
    return PyLong_FromUnsignedLong(htonl((uint32_t)x));
}
static PyObject *mod_inet_aton(PyObject *module, PyObject *args) {
    const char *text;
    struct in_addr a;
    if (!PyArg_ParseTuple(args, "s:inet_aton", &text)) return NULL;
    return inet_aton(text, &a) ? PyBytes_FromStringAndSize((char *)&a, sizeof a) : not_found("illegal IP address string passed to inet_aton");
}
static PyObject *mod_inet_ntoa(PyObject *module, PyObject *args) {
    Py_buffer b;
    KrSocketAddress a = {.in.sin_family = AF_INET};
    if (!PyArg_ParseTuple(args, "y*:inet_ntoa", &b)) return NULL;
    bool ok = b.len == sizeof a.in.sin_addr;
    if (ok) memcpy(&a.in.sin_addr, b.buf, sizeof a.in.sin_addr);
    PyBuffer_Release(&b);
    return ok ? kr_socket_ip_text(&a.any, sizeof a.in) : not_found("packed IP wrong length for inet_ntoa");
}
static PyObject *mod_inet_pton(PyObject *module, PyObject *args) {
    int family;
    const char *text;
    char packed[sizeof(struct in6_addr)];
    if (!PyArg_ParseTuple(args, "is:inet_pton", &family, &text)) return NULL;
    int rc = inet_pton(family, text, packed);
    if (rc < 0) return kr_socket_raise();
    return rc ? PyBytes_FromStringAndSize(packed, family == AF_INET ? 4 : 16) : not_found("illegal IP address string passed to inet_pton");
}
static PyObject *mod_inet_ntop(PyObject *module, PyObject *args) {
    int family;
    Py_buffer b;
    KrSocketAddress a = {0};
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(args, "iy*:inet_ntop", &family, &b)) return NULL;
    if (family != AF_INET && family != AF_INET6) {
        PyErr_Format(PyExc_ValueError, "unknown address family %d", family);
    } else if (b.len != (family == AF_INET ? 4 : 16)) {
        PyErr_SetString(PyExc_ValueError, "invalid length of packed IP address string");
    } else {
        a.any.sa_family = (sa_family_t)family;
        memcpy(family == AF_INET ? (void *)&a.in.sin_addr : (void *)&a.in6.sin6_addr, b.buf, (size_t)b.len);
        result = kr_socket_ip_text(&a.any, sizeof a);
    }
    PyBuffer_Release(&b);
    return result;
}

/* ------------------------------------------------------------------ interfaces */

static PyObject *mod_if_nameindex(PyObject *module, PyObject *ignored) {
    struct if_nameindex *all = if_nameindex();
    if (!all) return kr_socket_raise();
    PyObject *list = PyList_New(0);
    for (struct if_nameindex *i = all; list && i->if_index; i++)
        if (append_steal(list, Py_BuildValue("IO&", i->if_index, PyUnicode_DecodeFSDefault, i->if_name)) < 0) Py_CLEAR(list);
    if_freenameindex(all);
    return list;
}
static PyObject *mod_if_nametoindex(PyObject *module, PyObject *args) {
    PyObject *name;
    if (!PyArg_ParseTuple(args, "O&:if_nametoindex", PyUnicode_FSConverter, &name)) return NULL;
    unsigned index = if_nametoindex(PyBytes_AS_STRING(name));
    Py_DECREF(name);
    return index ? PyLong_FromUnsignedLong(index) : not_found("no interface with this name");
}
static PyObject *mod_if_indextoname(PyObject *module, PyObject *o) {
    char name[IF_NAMESIZE + 1];
    unsigned long index = PyLong_AsUnsignedLong(o);
    if (index == (unsigned long)-1 && PyErr_Occurred()) return NULL;
    return if_indextoname((unsigned)index, name) ? PyUnicode_DecodeFSDefault(name) : kr_socket_raise();
}

PyMethodDef kr_socket_name_functions[] = {
    {"gethostbyname", mod_gethostbyname, METH_VARARGS, "gethostbyname(host) -> address\n\nThe IPv4 address of a host."},
    {"gethostbyname_ex", mod_gethostbyname_ex, METH_VARARGS, "gethostbyname_ex(host) -> (name, aliaslist, addresslist)\n\nNames and addresses of a host."},
    {"gethostbyaddr", mod_gethostbyaddr, METH_VARARGS, "gethostbyaddr(host) -> (name, aliaslist, addresslist)\n\nNames and addresses of the host with an address."},
    {"gethostname", mod_gethostname, METH_NOARGS, "gethostname() -> string\n\nThis machine's name."},
    {"sethostname", mod_sethostname, METH_VARARGS, "sethostname(name)\n\nSets this machine's name."},
    {"getservbyname", mod_getservbyname, METH_VARARGS, "getservbyname(servicename[, protocolname]) -> integer\n\nThe port of a service."},
    {"getservbyport", mod_getservbyport, METH_VARARGS, "getservbyport(port[, protocolname]) -> string\n\nThe service of a port."},
    {"getprotobyname", mod_getprotobyname, METH_VARARGS, "getprotobyname(name) -> integer\n\nThe number of a protocol."},
    {"ntohs", mod_ntohs, METH_VARARGS, "ntohs(integer) -> integer\n\n16 bits from network to host order."},
    {"ntohl", mod_swap32, METH_O, "ntohl(integer) -> integer\n\n32 bits from network to host order."},
    {"htons", mod_htons, METH_VARARGS, "htons(integer) -> integer\n\n16 bits from host to network order."},
    {"htonl", mod_swap32, METH_O, "htonl(integer) -> integer\n\n32 bits from host to network order."},
    {"inet_aton", mod_inet_aton, METH_VARARGS, "inet_aton(string) -> bytes giving packed 32-bit IP representation\n\nPacks an IPv4 address."},
    {"inet_ntoa", mod_inet_ntoa, METH_VARARGS, "inet_ntoa(packed_ip) -> ip_address_string\n\nThe text of a packed IPv4 address."},
    {"inet_pton", mod_inet_pton, METH_VARARGS, "inet_pton(af, ip) -> packed IP address string\n\nPacks an address of a family."},
    {"inet_ntop", mod_inet_ntop, METH_VARARGS, "inet_ntop(af, packed_ip) -> string formatted IP address\n\nThe text of a packed address of a family."},
    {"getaddrinfo", KR_METH(mod_getaddrinfo), METH_VARARGS | METH_KEYWORDS,
        "getaddrinfo(host, port [, family, type, proto, flags])\n    -> list of (family, type, proto, canonname, sockaddr)\n\nAddresses of a host and service."},
    {"getnameinfo", mod_getnameinfo, METH_VARARGS, "getnameinfo(sockaddr, flags) --> (host, port)\n\nHost and service of an address."},
    {"if_nameindex", mod_if_nameindex, METH_NOARGS, "if_nameindex()\n\nThe network interfaces: (index, name) each."},
    {"if_nametoindex", mod_if_nametoindex, METH_VARARGS, "if_nametoindex(if_name)\n\nThe index of an interface."},
    {"if_indextoname", mod_if_indextoname, METH_O, "if_indextoname(if_index)\n\nThe name of an interface."}, {NULL}};
