/* fcntl.c - the module `fcntl`: fcntl(), ioctl(), flock(), lockf() and their constants. */
#include "krait.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <linux/fs.h>

static int fd_converter(PyObject *o, void *out) {
    int fd = PyObject_AsFileDescriptor(o);
    *(int *)out = fd;
    return fd >= 0;
}
static PyObject *os_error(void) { return PyErr_SetFromErrno(PyExc_OSError); }
/* A system call without the GIL, again after EINTR; NULL-returning callers look at `raised`. */
#define RETRY(rc, raised, call)                                           \
    do {                                                                  \
        Py_BEGIN_ALLOW_THREADS rc = (call);                               \
        Py_END_ALLOW_THREADS                                              \
    } while (rc < 0 && errno == EINTR && !(raised = PyErr_CheckSignals()))
#define MAX_ARG 1024

static PyObject *fcntl_fcntl(PyObject *self, PyObject *args) {
    int fd, code, rc, raised = 0;
    PyObject *arg = NULL;
    if (!PyArg_ParseTuple(args, "O&i|O:fcntl", fd_converter, &fd, &code, &arg)) return NULL;
    if (PySys_Audit("fcntl.fcntl", "iiO", fd, code, arg ? arg : Py_None) < 0) return NULL;
    if (arg) {
        char *text;
        Py_ssize_t n;
        if (PyArg_Parse(arg, "s#", &text, &n)) {
            char buf[MAX_ARG];
            if ((size_t)n > sizeof buf) return PyErr_Format(PyExc_ValueError, "fcntl string arg too long");
            memcpy(buf, text, (size_t)n);
            RETRY(rc, raised, fcntl(fd, code, buf));
            return rc < 0 ? raised ? NULL : os_error() : PyBytes_FromStringAndSize(buf, n);
        }
        PyErr_Clear();
    }
    unsigned int number = 0;
    if (arg && !PyArg_Parse(arg, "I;fcntl requires a file or file descriptor, an integer and optionally a third integer or a string", &number)) return NULL;
    RETRY(rc, raised, fcntl(fd, code, (int)number));
    return rc < 0 ? raised ? NULL : os_error() : PyLong_FromLong(rc);
}

static PyObject *fcntl_ioctl(PyObject *self, PyObject *args) {
    int fd, mutate = 1, rc;
    unsigned int code;
    PyObject *arg = NULL;
    char *text;
    Py_ssize_t n;
    Py_buffer view;
    char buf[MAX_ARG + 1];
    if (!PyArg_ParseTuple(args, "O&I|Op:ioctl", fd_converter, &fd, &code, &arg, &mutate)) return NULL;
    if (PySys_Audit("fcntl.ioctl", "iIO", fd, code, arg ? arg : Py_None) < 0) return NULL;
    if (arg && PyArg_Parse(arg, "w*:ioctl", &view)) {
        /* a writable buffer: changed in place, through a copy when it is small so that the GIL can go */
        bool in_place = mutate && view.len > MAX_ARG;
        if (!mutate && view.len > MAX_ARG) {
            PyBuffer_Release(&view);
            return PyErr_Format(PyExc_ValueError, "ioctl string arg too long");
        }
        char *p = view.buf;
        if (!in_place) {
            memcpy(buf, view.buf, (size_t)view.len);
            buf[view.len] = 0;
            p = buf;
        }
        if (in_place) {
            rc = ioctl(fd, code, p);
        } else {
            Py_BEGIN_ALLOW_THREADS rc = ioctl(fd, code, p);
            Py_END_ALLOW_THREADS
        }
        if (mutate && !in_place) memcpy(view.buf, buf, (size_t)view.len);
        Py_ssize_t len = view.len;
        PyBuffer_Release(&view);
        if (rc < 0) return os_error();
        return mutate ? PyLong_FromLong(rc) : PyBytes_FromStringAndSize(buf, len);
    }
    if (arg) PyErr_Clear();
    if (arg && PyArg_Parse(arg, "s*:ioctl", &view)) {
        text = view.buf;
        n = view.len;
        if (n > MAX_ARG) {
            PyBuffer_Release(&view);
            return PyErr_Format(PyExc_ValueError, "ioctl string arg too long");
        }
        memcpy(buf, text, (size_t)n);
        buf[n] = 0;
        Py_BEGIN_ALLOW_THREADS rc = ioctl(fd, code, buf);
        Py_END_ALLOW_THREADS
        PyBuffer_Release(&view);
        return rc < 0 ? os_error() : PyBytes_FromStringAndSize(buf, n);
    }
    PyErr_Clear();
    int number = 0;
    if (arg && !PyArg_Parse(arg, "i;ioctl requires a file or file descriptor, an integer and optionally an integer or buffer argument", &number)) return NULL;
    Py_BEGIN_ALLOW_THREADS rc = ioctl(fd, code, number);
    Py_END_ALLOW_THREADS
    return rc < 0 ? os_error() : PyLong_FromLong(rc);
}
static PyObject *fcntl_flock(PyObject *self, PyObject *args) {
    int fd, code, rc, raised = 0;
    if (!PyArg_ParseTuple(args, "O&i:flock", fd_converter, &fd, &code) || PySys_Audit("fcntl.flock", "ii", fd, code) < 0) return NULL;
    RETRY(rc, raised, flock(fd, code));
    return rc < 0 ? raised ? NULL : os_error() : Py_NewRef(Py_None);
}
static PyObject *fcntl_lockf(PyObject *self, PyObject *args) {
    int fd, code, whence = 0, rc, raised = 0;
    PyObject *len = NULL, *start = NULL;
    if (!PyArg_ParseTuple(args, "O&i|OOi:lockf", fd_converter, &fd, &code, &len, &start, &whence)) return NULL;
    if (PySys_Audit("fcntl.lockf", "iiOOi", fd, code, len ? len : Py_None, start ? start : Py_None, whence) < 0) return NULL;
    struct flock l = {0};
    if (code == LOCK_UN) l.l_type = F_UNLCK;
    else if (code & LOCK_SH) l.l_type = F_RDLCK;
    else if (code & LOCK_EX) l.l_type = F_WRLCK;
    else return PyErr_Format(PyExc_ValueError, "unrecognized lockf argument");
    if (start && (l.l_start = PyLong_AsLongLong(start)) == -1 && PyErr_Occurred()) return NULL;
    if (len && (l.l_len = PyLong_AsLongLong(len)) == -1 && PyErr_Occurred()) return NULL;
    l.l_whence = (short)whence;
    RETRY(rc, raised, fcntl(fd, code & LOCK_NB ? F_SETLK : F_SETLKW, &l));
    return rc < 0 ? raised ? NULL : os_error() : Py_NewRef(Py_None);
}
static PyMethodDef fcntl_methods[] = {
    {"fcntl", fcntl_fcntl, METH_VARARGS, "fcntl($module, fd, cmd, arg=0, /)\n--\n\nThe system call; the argument is a number or bytes."},
    {"ioctl", fcntl_ioctl, METH_VARARGS, "ioctl($module, fd, request, arg=0, mutate_flag=True, /)\n--\n\nThe system call; the argument is a number or a buffer."},
    {"flock", fcntl_flock, METH_VARARGS, "flock($module, fd, operation, /)\n--\n\nLocks a file."},
    {"lockf", fcntl_lockf, METH_VARARGS, "lockf($module, fd, cmd, len=0, start=0, whence=0, /)\n--\n\nLocks a part of a file."}, {NULL}};
static int fcntl_exec(PyObject *m) {
    static const struct { const char *name; long value; } constants[] = {
#define C(n) {#n, (long)n}
        C(LOCK_SH), C(LOCK_EX), C(LOCK_NB), C(LOCK_UN), C(LOCK_MAND), C(LOCK_READ), C(LOCK_WRITE), C(LOCK_RW), C(F_DUPFD), C(F_DUPFD_CLOEXEC),
        C(F_GETFD), C(F_SETFD), C(F_GETFL), C(F_SETFL), C(F_GETLK), C(F_SETLK), C(F_SETLKW), C(F_OFD_GETLK), C(F_OFD_SETLK), C(F_OFD_SETLKW),
        C(F_GETOWN), C(F_SETOWN), C(F_GETSIG), C(F_SETSIG), C(F_RDLCK), C(F_WRLCK), C(F_UNLCK), C(F_EXLCK), C(F_SHLCK), C(F_GETLK64),
        C(F_SETLK64), C(F_SETLKW64), C(FASYNC), C(F_SETLEASE), C(F_GETLEASE), C(F_NOTIFY), C(DN_ACCESS), C(DN_MODIFY), C(DN_CREATE),
        C(DN_DELETE), C(DN_RENAME), C(DN_ATTRIB), C(DN_MULTISHOT), C(FD_CLOEXEC), C(F_ADD_SEALS), C(F_GET_SEALS), C(F_SEAL_SEAL), C(F_SEAL_SHRINK),
        C(F_SEAL_GROW), C(F_SEAL_WRITE), C(F_SETPIPE_SZ), C(F_GETPIPE_SZ), C(FICLONE), C(FICLONERANGE),
#undef C
        {"I_NREAD", 21249}, {"I_PUSH", 21250}, {"I_POP", 21251}, {"I_LOOK", 21252}, {"I_FLUSH", 21253}, {"I_SRDOPT", 21254}, {"I_GRDOPT", 21255},
        {"I_STR", 21256}, {"I_SETSIG", 21257}, {"I_GETSIG", 21258}, {"I_FIND", 21259}, {"I_LINK", 21260}, {"I_UNLINK", 21261}, {"I_PEEK", 21263},
        {"I_FDINSERT", 21264}, {"I_SENDFD", 21265}, {"I_SWROPT", 21267}, {"I_GWROPT", 21268}, {"I_LIST", 21269}, {"I_PLINK", 21270},
        {"I_PUNLINK", 21271}, {"I_SETCLTIME", 21280}, {"I_GETCLTIME", 21281}, {"I_CKBAND", 21277}, {"I_GETBAND", 21278}, {"I_CANPUT", 21282}, {"I_ATMARK", 21279}};
    for (size_t i = 0; i < KR_ARRAY_LEN(constants); i++)
        if (PyModule_AddIntConstant(m, constants[i].name, constants[i].value) < 0) return -1;
    return 0;
}
static PyModuleDef_Slot fcntl_slots[] = {{Py_mod_exec, fcntl_exec}, {0, NULL}};
static struct PyModuleDef fcntl_module = {PyModuleDef_HEAD_INIT, "fcntl", "File and I/O control on descriptors.", 0, fcntl_methods, fcntl_slots};
PyObject *PyInit_fcntl(void) { return PyModuleDef_Init(&fcntl_module); }
