/* errno.c - the module `errno`: the system's error numbers by name, and errorcode, their names by number. */
#include "krait.h"
#include <errno.h>

static const struct { const char *name; int value; } codes[] = {
#define E(n) {#n, n},
    E(ENODEV) E(ENOCSI) E(EHOSTUNREACH) E(ENOMSG) E(EL2NSYNC) E(EL2HLT) E(ENODATA) E(ENOTBLK) E(ENOSYS) E(EPIPE) E(EINVAL) E(EADV)
    E(EINTR) E(ENOTEMPTY) E(EPROTO) E(EREMOTE) E(ECHILD) E(EXDEV) E(E2BIG) E(ESRCH) E(EAFNOSUPPORT) E(EBUSY) E(EBADFD) E(EDOTDOT)
    E(ENOTCONN) E(ECONNREFUSED) E(EISDIR) E(EPROTOTYPE) E(ENOTSUP) E(ECONNRESET) E(ENONET) E(EBADR) E(EUNATCH) E(EL3RST) E(EOVERFLOW)
    E(ENAVAIL) E(EUCLEAN) E(ERANGE) E(EPROTONOSUPPORT) E(EL3HLT) E(EADDRNOTAVAIL) E(EADDRINUSE) E(ENETDOWN) E(EPERM) E(ENOENT)
    E(ENOTNAM) E(ENOKEY) E(EKEYEXPIRED) E(EKEYREVOKED) E(EKEYREJECTED) E(ENETRESET) E(EMLINK) E(ENOEXEC) E(ELNRNG) E(EDQUOT)
    E(ESTALE) E(ENOLCK) E(EILSEQ) E(ECHRNG) E(ECOMM) E(EMSGSIZE) E(ENOTUNIQ) E(EDOM) E(EFAULT) E(EBADF) E(EBADE) E(EBADRQC) E(EBADSLT)
    E(EBFONT) E(EIDRM) E(EIO) E(EISNAM) E(EISCONN) E(ELIBACC) E(ELIBBAD) E(ELIBEXEC) E(ELIBMAX) E(ELIBSCN) E(ELOOP) E(EMEDIUMTYPE)
    E(EMFILE) E(EMULTIHOP) E(ENAMETOOLONG) E(ENETUNREACH) E(ENFILE) E(ENOANO) E(ENOBUFS) E(ENOLINK) E(ENOMEDIUM) E(ENOMEM) E(ENOPKG)
    E(ENOPROTOOPT) E(ENOSPC) E(ENOSR) E(ENOSTR) E(ENOTDIR) E(ENOTRECOVERABLE) E(ENOTSOCK) E(ENOTTY) E(ENXIO) E(EALREADY) E(EACCES)
    E(EINPROGRESS) E(ECANCELED) E(ECONNABORTED) E(EDESTADDRREQ) E(EEXIST) E(EFBIG) E(EHOSTDOWN) E(EOPNOTSUPP) E(EOWNERDEAD)
    E(EPFNOSUPPORT) E(EREMCHG) E(EREMOTEIO) E(ERESTART) E(ERFKILL) E(EROFS) E(ESHUTDOWN) E(ESOCKTNOSUPPORT) E(ESPIPE) E(ESRMNT)
    E(ESTRPIPE) E(ETIME) E(ETIMEDOUT) E(ETOOMANYREFS) E(ETXTBSY) E(EUSERS) E(EXFULL) E(EL2NSYNC) E(EBADMSG) E(EDEADLK) E(EDEADLOCK)
    E(EWOULDBLOCK) E(EAGAIN)
#undef E
};
static int errno_exec(PyObject *m) {
    PyObject *by_number = PyDict_New();
    if (!by_number) return -1;
    int rc = PyModule_AddObjectRef(m, "errorcode", by_number);
    for (size_t i = 0; rc == 0 && i < KR_ARRAY_LEN(codes); i++) {
        PyObject *k = PyLong_FromLong(codes[i].value), *v = PyUnicode_FromString(codes[i].name);
        rc = k && v ? PyDict_SetItem(by_number, k, v) : -1;
        if (rc == 0) rc = PyModule_AddObjectRef(m, codes[i].name, k);
        Py_XDECREF(k);
        Py_XDECREF(v);
    }
    Py_DECREF(by_number);
    return rc;
}
static PyModuleDef_Slot errno_slots[] = {{Py_mod_exec, errno_exec}, {0, NULL}};
PyDoc_STRVAR(errno_doc, "The system's error numbers; errorcode maps numbers to names.");
static struct PyModuleDef errno_module = {PyModuleDef_HEAD_INIT, "errno", errno_doc, 0, NULL, errno_slots};
PyObject *PyInit_errno(void) { return PyModuleDef_Init(&errno_module); }
