/* crossinterp.c - data that crosses from one interpreter into another: _PyCrossInterpreterData, and which types can be taken across.
 *
 * An object itself never crosses. A function registered for its type fills a _PyCrossInterpreterData, from which a new object is made in
 * another interpreter. None, int, str and bytes are known from the start and are copied, so that nothing of theirs is left behind in the
 * interpreter they came from. The registry is the process's; a class of an interpreter leaves it with that interpreter.
 */
#include "krait.h"
#include "runtime/crossinterp.h"

typedef struct KrShareable {
    struct KrShareable *next;
    PyTypeObject *type;         /* owned */
    KrInterp *interp;           /* whose class it is; NULL: a static type */
    crossinterpdatafunc get;
} KrShareable;

/* ------------------------------------------------------------------ the types known from the start */

/* A copy of text or bytes. */
typedef struct {
    Py_ssize_t size;            /* bytes */
    unsigned kind;              /* of a str, else 0 */
    char data[];
} Copy;

static int set_copy(_PyCrossInterpreterData *x, PyObject *(*make)(_PyCrossInterpreterData *), const void *data, Py_ssize_t size, unsigned kind) {
    Copy *c = PyMem_RawMalloc(sizeof *c + (size_t)size);
    if (!c) {
        PyErr_NoMemory();
        return -1;
    }
    c->size = size;
    c->kind = kind;
    memcpy(c->data, data, (size_t)size);
    x->data = c;
    x->new_object = make;
    x->free = PyMem_RawFree;
    return 0;
}

static PyObject *make_none(_PyCrossInterpreterData *x) { Py_RETURN_NONE; }
static int share_none(PyObject *o, _PyCrossInterpreterData *x) {
    x->new_object = make_none;
    return 0;
}

static PyObject *make_int(_PyCrossInterpreterData *x) { return PyLong_FromSsize_t((Py_ssize_t)(intptr_t)x->data); }
static int share_int(PyObject *o, _PyCrossInterpreterData *x) {
    Py_ssize_t n = PyLong_AsSsize_t(o);
    if (n == -1 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_OverflowError)) PyErr_SetString(PyExc_OverflowError, "try sending as bytes");
        return -1;
    }
    x->data = (void *)(intptr_t)n;
    x->new_object = make_int;
    return 0;
}

static PyObject *make_bytes(_PyCrossInterpreterData *x) {
    const Copy *c = x->data;
    return PyBytes_FromStringAndSize(c->data, c->size);
}
static int share_bytes(PyObject *o, _PyCrossInterpreterData *x) { return set_copy(x, make_bytes, PyBytes_AS_STRING(o), PyBytes_GET_SIZE(o), 0); }

static PyObject *make_str(_PyCrossInterpreterData *x) {
    const Copy *c = x->data;
    return PyUnicode_FromKindAndData((int)c->kind, c->data, c->size / (Py_ssize_t)c->kind);
}
static int share_str(PyObject *o, _PyCrossInterpreterData *x) {
    if (PyUnicode_READY(o) < 0) return -1;
    unsigned kind = (unsigned)PyUnicode_KIND(o);
    return set_copy(x, make_str, PyUnicode_DATA(o), PyUnicode_GET_LENGTH(o) * (Py_ssize_t)kind, kind);
}

/* ------------------------------------------------------------------ the registry */

int _PyCrossInterpreterData_RegisterClass(PyTypeObject *type, crossinterpdatafunc get) {
    if (!PyType_Check(type) || !get) {
        PyErr_SetString(PyExc_ValueError, get ? "only classes may be registered" : "missing 'getdata' func");
        return -1;
    }
    KrShareable *s = kr_runtime.process.shareables;
    while (s && s->type != type) s = s->next;
    if (!s) {
        if (!(s = PyMem_RawMalloc(sizeof *s))) {
            PyErr_NoMemory();
            return -1;
        }
        *s = (KrShareable){kr_runtime.process.shareables, (PyTypeObject *)Py_NewRef((PyObject *)type),
                           PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) ? kr_interp() : NULL, get};
        kr_runtime.process.shareables = s;
    }
    s->get = get;
    return 0;
}

void kr_shareables_forget(KrInterp *interp) {
    for (KrShareable **at = &kr_runtime.process.shareables; *at;) {
        KrShareable *s = *at;
        if (s->interp != interp) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        Py_DECREF(s->type);
        PyMem_RawFree(s);
    }
}

/* By exact type: an instance of a subclass can't be told to be no more than its base's. */
crossinterpdatafunc _PyCrossInterpreterData_Lookup(PyObject *o) {
    PyTypeObject *t = Py_TYPE(o);
    if (t == &PyUnicode_Type) return share_str;
    if (t == &PyLong_Type) return share_int;
    if (t == &PyBytes_Type) return share_bytes;
    if (o == Py_None) return share_none;
    KrShareable *s = kr_runtime.process.shareables;
    while (s && s->type != t) s = s->next;
    return s ? s->get : NULL;
}

/* ------------------------------------------------------------------ there and back */

/* The function for o; NULL with ValueError. */
static crossinterpdatafunc look_up(PyObject *o) {
    crossinterpdatafunc get = _PyCrossInterpreterData_Lookup(o);
    if (!get) PyErr_Format(PyExc_ValueError, "%S does not support cross-interpreter data", o);
    return get;
}
int _PyObject_CheckCrossInterpreterData(PyObject *o) { return look_up(o) ? 0 : -1; }

int _PyObject_GetCrossInterpreterData(PyObject *o, _PyCrossInterpreterData *x) {
    *x = (_PyCrossInterpreterData){0};
    crossinterpdatafunc get = look_up(o);
    if (!get) return -1;
    Py_INCREF(o);
    int r = get(o, x);
    Py_DECREF(o);
    if (r != 0) return -1;
    x->interp = kr_interp()->id;
    if (x->new_object) return 0;
    _PyCrossInterpreterData_Release(x);
    PyErr_SetString(PyExc_SystemError, "missing new_object func");
    return -1;
}
PyObject *_PyCrossInterpreterData_NewObject(_PyCrossInterpreterData *x) { return x->new_object(x); }

static void release(_PyCrossInterpreterData *x) {
    if (x->free) x->free(x->data);
    x->free = NULL;
    x->data = NULL;
    Py_CLEAR(x->obj);
}
/* What is not just memory is released where it came from, in a thread state of its own, since others may be in use; when that interpreter
 * is gone, so is what belonged to it. */
void _PyCrossInterpreterData_Release(_PyCrossInterpreterData *x) {
    KrInterp *here = kr_interp(), *owner = x->obj || (x->free && x->free != PyMem_RawFree) ? kr_interp_find(x->interp) : here;
    if (!owner) return;
    PyThreadState *there = owner == here ? NULL : PyThreadState_New(owner), *caller = there ? PyThreadState_Swap(there) : NULL;
    release(x);
    if (!there) return;
    PyThreadState_Clear(there);
    PyThreadState_Swap(caller);
    PyThreadState_Delete(there);
}
