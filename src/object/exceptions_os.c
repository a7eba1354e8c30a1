/* exceptions_os.c - OSError. OSError(errno, strerror[, filename[, winerror, filename2]]) makes the subclass that stands for the errno.
 *
 * The fields are set by __new__, unless a subclass overrides __init__ only: then by __init__, which such a subclass calls with
 * arguments of its own choice. filename leaves args, which keeps (errno, strerror). */
#include "object/exceptions.h"
#include "object/tuple.h"
#include <errno.h>

#define OS(o) ((PyOSErrorObject *)(o))
KR_EXC_LIFECYCLE(OSError, PyOSErrorObject, myerrno, 4)

/* The class for an errno, NULL for none. */
static PyTypeObject *class_of_errno(long code) {
    switch (code) {
    case EAGAIN: case EALREADY: case EINPROGRESS: return &kr_exc_BlockingIOError;
    case EPIPE: case ESHUTDOWN: return &kr_exc_BrokenPipeError;
    case ECHILD: return &kr_exc_ChildProcessError;
    case ECONNABORTED: return &kr_exc_ConnectionAbortedError;
    case ECONNREFUSED: return &kr_exc_ConnectionRefusedError;
    case ECONNRESET: return &kr_exc_ConnectionResetError;
    case EEXIST: return &kr_exc_FileExistsError;
    case ENOENT: return &kr_exc_FileNotFoundError;
    case EISDIR: return &kr_exc_IsADirectoryError;
    case ENOTDIR: return &kr_exc_NotADirectoryError;
    case EINTR: return &kr_exc_InterruptedError;
    case EACCES: case EPERM: return &kr_exc_PermissionError;
    case ESRCH: return &kr_exc_ProcessLookupError;
    case ETIMEDOUT: return &kr_exc_TimeoutError;
    default: return NULL;
    }
}

typedef struct { PyObject *myerrno, *strerror, *filename, *filename2; } Fields; /* borrowed */

static bool parse_args(PyObject *args, Fields *f) {
    *f = (Fields){0};
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    PyObject *winerror = NULL;
    return n < 2 || n > 5 || PyArg_UnpackTuple(args, "OSError", 2, 5, &f->myerrno, &f->strerror, &f->filename, &winerror, &f->filename2);
}

static int set_fields(PyObject *o, PyObject *args, const Fields *f) {
    PyOSErrorObject *e = OS(o);
    Py_INCREF(args);
    if (f->filename && f->filename != Py_None) {
        if (Py_IS_TYPE(o, &kr_exc_BlockingIOError) && PyNumber_Check(f->filename)) {
            e->written = PyNumber_AsSsize_t(f->filename, PyExc_ValueError);
            if (e->written == -1 && PyErr_Occurred()) goto failed;
        } else {
            Py_XSETREF(e->filename, Py_NewRef(f->filename));
            if (f->filename2 && f->filename2 != Py_None) Py_XSETREF(e->filename2, Py_NewRef(f->filename2));
            Py_SETREF(args, PyTuple_GetSlice(args, 0, 2));
            if (!args) return -1;
        }
    }
    Py_XSETREF(e->myerrno, Py_XNewRef(f->myerrno));
    Py_XSETREF(e->strerror, Py_XNewRef(f->strerror));
    Py_XSETREF(e->args, args);
    return 0;
failed:
    Py_DECREF(args);
    return -1;
}

static bool init_sets_fields(PyTypeObject *t) { return t->tp_init != kr_exc_OSError_init && t->tp_new == kr_exc_OSError_new; }

PyObject *kr_exc_OSError_new(PyTypeObject *t, PyObject *args, PyObject *kwds) {
    Fields f = {0};
    bool later = init_sets_fields(t);
    if (!later) {
        if (!_PyArg_NoKeywords(t->tp_name, kwds) || !parse_args(args, &f)) return NULL;
        if (t == &kr_exc_OSError && f.myerrno && PyLong_Check(f.myerrno)) {
            int overflow;
            PyTypeObject *c = class_of_errno(PyLong_AsLongAndOverflow(f.myerrno, &overflow));
            if (c && !overflow) t = c;
        }
    }
    PyObject *o = t->tp_alloc(t, 0);
    if (!o) return NULL;
    OS(o)->written = -1;
    if (later) OS(o)->args = kr_empty_tuple();
    else if (set_fields(o, args, &f) < 0) Py_CLEAR(o);
    return o;
}

int kr_exc_OSError_init(PyObject *o, PyObject *args, PyObject *kwds) {
    PyTypeObject *t = Py_TYPE(o);
    Fields f;
    if (!init_sets_fields(t)) return 0;
    return _PyArg_NoKeywords(t->tp_name, kwds) && parse_args(args, &f) ? set_fields(o, args, &f) : -1;
}

static PyObject *os_str(PyObject *o) {
    PyOSErrorObject *e = OS(o);
    PyObject *code = e->myerrno ? e->myerrno : Py_None, *text = e->strerror ? e->strerror : Py_None;
    if (e->filename && e->filename2) return PyUnicode_FromFormat("[Errno %S] %S: %R -> %R", code, text, e->filename, e->filename2);
    if (e->filename) return PyUnicode_FromFormat("[Errno %S] %S: %R", code, text, e->filename);
    if (e->myerrno && e->strerror) return PyUnicode_FromFormat("[Errno %S] %S", code, text);
    return kr_exc_BaseException_str(o);
}

static PyObject *os_reduce(PyObject *o, PyObject *ignored) {
    PyOSErrorObject *e = OS(o);
    PyObject *args = Py_NewRef(e->args), *r;
    if (PyTuple_GET_SIZE(args) == 2 && e->filename) {
        PyObject *code = PyTuple_GET_ITEM(args, 0), *text = PyTuple_GET_ITEM(args, 1);
        Py_SETREF(args, e->filename2 ? PyTuple_Pack(5, code, text, e->filename, Py_None, e->filename2) : PyTuple_Pack(3, code, text, e->filename));
        if (!args) return NULL;
    }
    r = e->dict ? PyTuple_Pack(3, Py_TYPE(o), args, e->dict) : PyTuple_Pack(2, Py_TYPE(o), args);
    Py_DECREF(args);
    return r;
}

static PyObject *get_written(PyObject *o, void *closure) {
    if (OS(o)->written != -1) return PyLong_FromSsize_t(OS(o)->written);
    PyErr_SetString(PyExc_AttributeError, "characters_written");
    return NULL;
}
static int set_written(PyObject *o, PyObject *value, void *closure) {
    if (!value) {
        if (OS(o)->written == -1) {
            PyErr_SetString(PyExc_AttributeError, "characters_written");
            return -1;
        }
        OS(o)->written = -1;
        return 0;
    }
    Py_ssize_t n = PyNumber_AsSsize_t(value, PyExc_ValueError);
    if (n == -1 && PyErr_Occurred()) return -1;
    OS(o)->written = n;
    return 0;
}

static PyMemberDef os_members[] = {
    {"errno", T_OBJECT, offsetof(PyOSErrorObject, myerrno), 0, PyDoc_STR("POSIX exception code")},
    {"strerror", T_OBJECT, offsetof(PyOSErrorObject, strerror), 0, PyDoc_STR("exception strerror")},
    {"filename", T_OBJECT, offsetof(PyOSErrorObject, filename), 0, PyDoc_STR("exception filename")},
    {"filename2", T_OBJECT, offsetof(PyOSErrorObject, filename2), 0, PyDoc_STR("second exception filename")},
    {NULL},
};
static PyMethodDef os_methods[] = {{"__reduce__", os_reduce, METH_NOARGS}, {NULL}};
static PyGetSetDef os_getset[] = {{"characters_written", get_written, set_written}, {NULL}};

PyTypeObject kr_exc_OSError = {
    KR_EXC_TYPE(OSError, &kr_exc_Exception, OSError, PyOSErrorObject),
    .tp_doc = PyDoc_STR("The operating system reports an error."),
    .tp_str = os_str,
    .tp_members = os_members,
    .tp_methods = os_methods,
    .tp_getset = os_getset,
};
PyObject *PyExc_OSError = (PyObject *)&kr_exc_OSError;
