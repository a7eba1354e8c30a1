/* _socket.h - what the parts of the module `_socket` share.
 *
 *   _socket.c           the module, the socket type, its life and its options
 *   _socket_transfer.c  waiting, connect and accept, receiving and sending
 *   _socket_message.c   recvmsg and sendmsg with ancillary data
 *   _socket_address.c   address tuples to sockaddr and back
 *   _socket_names.c     name resolution and number conversion (no socket needed)
 *
 * KrSocket's layout is public by habit: compiled modules (_ssl) read the descriptor and the time-out from it.
 */
#ifndef KRAIT_MODULE_SOCKET_H
#define KRAIT_MODULE_SOCKET_H
#include "krait.h"
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <linux/can.h>
#include <linux/can/bcm.h>
#include <linux/can/isotp.h>
#include <linux/can/j1939.h>
#include <linux/can/raw.h>
#include <linux/errqueue.h>
#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/qrtr.h>
#include <linux/rtnetlink.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>

typedef struct {
    PyObject_HEAD
    int fd; /* -1 when closed or detached */
    int family, type, proto;
    PyObject *(*raise)(void); /* sets the exception for errno */
    _PyTime_t timeout;        /* nanoseconds; -1 blocks for ever, 0 never blocks */
} KrSocket;

typedef struct {
    PyTypeObject *socket_type;
    PyObject *gaierror, *herror;
    _PyTime_t default_timeout; /* of new sockets */
} KrSocketModule;

/* Bluetooth addresses, which the kernel's published headers leave out. */
struct kr_bluetooth_l2 { sa_family_t family; uint16_t psm; uint8_t address[6]; uint16_t cid; uint8_t address_type; };
struct kr_bluetooth_rc { sa_family_t family; uint8_t address[6]; uint8_t channel; };
struct kr_bluetooth_sco { sa_family_t family; uint8_t address[6]; };
struct kr_bluetooth_hci { sa_family_t family; uint16_t device, channel; };
enum { KR_BTPROTO_L2CAP = 0, KR_BTPROTO_HCI = 1, KR_BTPROTO_SCO = 2, KR_BTPROTO_RFCOMM = 3, KR_SOL_HCI = 0 };

typedef union {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    struct sockaddr_nl nl;
    struct sockaddr_ll ll;
    struct sockaddr_can can;
    struct sockaddr_alg alg;
    struct sockaddr_qrtr qrtr;
    struct sockaddr_tipc tipc;
    struct sockaddr_vm vm;
    struct kr_bluetooth_l2 l2;
    struct kr_bluetooth_rc rc;
    struct kr_bluetooth_sco sco;
    struct kr_bluetooth_hci hci;
    struct sockaddr_storage storage;
} KrSocketAddress;

/* The state of the module a socket's type belongs to, or of a module. */
KrSocketModule *kr_socket_module_of(KrSocket *s) KR_BORROWED;
static inline KrSocketModule *kr_socket_state(PyObject *module) { return PyModule_GetState(module); }
static inline PyObject *kr_socket_raise(void) { return PyErr_SetFromErrno(PyExc_OSError); }
/* O_NONBLOCK on or off; 0, or -1 with OSError. */
int kr_socket_set_blocking(KrSocket *s, bool blocking) KR_MAY_RAISE;
/* A time-out argument: None is -1. 0, or -1 with an exception. */
int kr_socket_parse_timeout(_PyTime_t *timeout, PyObject *o) KR_MAY_RAISE;

/* Does one system call for `s` with the GIL released, after waiting for readiness as its time-out asks; again after signals. `call`
 * returns whether it is done (else errno says why not). Returns 0, or -1 with an exception, or with its errno in *error if given. */
typedef bool KrSocketCall(KrSocket *s, void *data);
int kr_socket_call(KrSocket *s, bool writing, KrSocketCall *call, void *data) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_socket_call_for(KrSocket *s, bool writing, KrSocketCall *call, void *data, bool connecting, int *error, _PyTime_t timeout) KR_MAY_RAISE KR_RUNS_PYTHON;

/* An address tuple (or path) as a sockaddr; `caller` names the method in messages. Whether it went well. */
bool kr_socket_parse_address(KrSocket *s, PyObject *o, KrSocketAddress *address, socklen_t *length, const char *caller) KR_MAY_RAISE KR_RUNS_PYTHON;
/* The room the family of `s` needs; false with OSError for an unknown family. */
bool kr_socket_address_room(KrSocket *s, socklen_t *length) KR_MAY_RAISE;
/* A sockaddr as Python sees it. fd < 0 if there's no socket at hand; proto says how to read it. */
PyObject *kr_socket_make_address(int fd, const struct sockaddr *address, socklen_t length, int proto) KR_NEW_REF KR_MAY_RAISE;
/* Resolves a host name into an IPv4 or IPv6 address ("" and "<broadcast>" included). The length, or -1. */
int kr_socket_resolve(KrSocketModule *m, const char *name, struct sockaddr *out, size_t room, int family) KR_MAY_RAISE;
PyObject *kr_socket_ip_text(const struct sockaddr *address, socklen_t length) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_socket_raise_gai(KrSocketModule *m, int error);
/* An O& converter of host names: str (by IDNA), bytes, bytearray. */
typedef struct {
    PyObject *owner;
    const char *text;
} KrHostName;
int kr_socket_host_converter(PyObject *o, void *out) KR_MAY_RAISE;

/* Methods of sockets that live apart from their table in _socket.c. */
PyObject *kr_socket_accept(KrSocket *s, PyObject *ignored);
PyObject *kr_socket_connect(KrSocket *s, PyObject *address);
PyObject *kr_socket_connect_ex(KrSocket *s, PyObject *address);
PyObject *kr_socket_recv(KrSocket *s, PyObject *args);
PyObject *kr_socket_recv_into(KrSocket *s, PyObject *args, PyObject *kwargs);
PyObject *kr_socket_recvfrom(KrSocket *s, PyObject *args);
PyObject *kr_socket_recvfrom_into(KrSocket *s, PyObject *args, PyObject *kwargs);
PyObject *kr_socket_send(KrSocket *s, PyObject *args);
PyObject *kr_socket_sendall(KrSocket *s, PyObject *args);
PyObject *kr_socket_sendto(KrSocket *s, PyObject *args);
PyObject *kr_socket_recvmsg(KrSocket *s, PyObject *args);
PyObject *kr_socket_recvmsg_into(KrSocket *s, PyObject *args);
PyObject *kr_socket_sendmsg(KrSocket *s, PyObject *args);
PyObject *kr_socket_sendmsg_afalg(KrSocket *s, PyObject *args, PyObject *kwargs);
extern PyMethodDef kr_socket_name_functions[], kr_socket_message_functions[];

#endif
