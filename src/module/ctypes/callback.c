/* callback.c - C functions that call Python: a libffi closure for each callable.
 *
 * C may call from any thread, with or without the GIL. It can't be told of an exception, so that goes to sys.unraisablehook, and the result is 0. A
 * thunk lives as long as the CFuncPtr it was made for; C must not call it afterwards.
 */
#include "module/ctypes/ctypes.h"
#include <errno.h>

typedef struct {
    PyObject_HEAD
    ffi_closure *closure;
    PyObject *callable;
    PyObject *argtypes;             /* tuple */
    PyObject *restype;
    int flags;
    ffi_cif cif;
    ffi_type **types;
} Thunk;

/* The object for an argument. */
static PyObject *argument(PyObject *type, void *p) {
    KrCInfo *info = kr_c_info_of(type);
    if (!info) {
        PyErr_SetString(PyExc_TypeError, "cannot build parameter");
        return NULL;
    }
    if (info->plain) return info->get(p, info->size);
    if (info->kind == KR_C_ARRAY) {         /* C passes the address of the first item */
        void *address;
        memcpy(&address, p, sizeof address);
        return kr_c_data_at((PyTypeObject *)type, address);
    }
    PyObject *o = PyObject_CallNoArgs(type);
    if (!o) return NULL;
    if (kr_c_is_data(o) && kr_c_in_memory(KR_C_DATA(o), KR_C_DATA(o)->ptr, info->size)) {
        memcpy(KR_C_DATA(o)->ptr, p, (size_t)info->size);
        return o;
    }
    if (!PyErr_Occurred()) PyErr_Format(PyExc_TypeError, "unexpected result of create argument: %s", Py_TYPE(o)->tp_name);
    Py_DECREF(o);
    return NULL;
}
/* Stores what the callable gave where C looks for the result. */
static void return_value(Thunk *t, PyObject *value, void *result) {
    KrCInfo *info = kr_c_info_of(t->restype);
    if (!info || !info->set) return;
    char place[sizeof(KrCValue)] = {0};
    PyObject *keep = info->set(place, value, info->size);
    if (!keep) {
        _PyErr_WriteUnraisableMsg("on converting result of ctypes callback function", t->callable);
        return;
    }
    memcpy(result, place, info->size < (Py_ssize_t)sizeof(ffi_arg) ? sizeof(ffi_arg) : (size_t)info->size);
    if (info->code->code == 'O') return;        /* the reference is the caller's */
    if (keep != Py_None && PyErr_WarnEx(PyExc_RuntimeWarning, "memory leak in callback function.", 1) < 0) PyErr_WriteUnraisable(t->callable);
    /* What the result points to must outlive the call, and nobody will say when it is done with. */
    if (keep == Py_None) Py_DECREF(keep);
}
/* Exchanges errno and the thread's copy, if the function is to do so. */
static int swap_errno(Thunk *t) {
    if (!(t->flags & KR_C_USE_ERRNO)) return 0;
    const int current = errno;
    int *copy = kr_c_errno_copy();
    if (!copy) return -1;
    errno = *copy;
    *copy = current;
    return 0;
}
/* Calls the callable; whatever goes wrong is reported. */
static void run(Thunk *t, void *result, void **places) {
    enum { FEW = 8 };
    Py_ssize_t n = PyTuple_GET_SIZE(t->argtypes), i;
    PyObject *few[FEW + 1], **args = few, *value = NULL;
    if (n > FEW && !(args = PyMem_New(PyObject *, n + 1))) {
        PyErr_NoMemory();
        _PyErr_WriteUnraisableMsg("on calling ctypes callback function", t->callable);
        return;
    }
    for (i = 0; i < n; i++)
        if (!(args[i + 1] = argument(PyTuple_GET_ITEM(t->argtypes, i), places[i]))) break;
    if (i == n && swap_errno(t) == 0) {
        value = PyObject_Vectorcall(t->callable, args + 1, (size_t)n | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
        if (swap_errno(t) < 0) Py_CLEAR(value);
    }
    if (value) {
        if (t->restype != Py_None) return_value(t, value, result);
        Py_DECREF(value);
    } else {
        _PyErr_WriteUnraisableMsg("on calling ctypes callback function", t->callable);
    }
    while (i > 0) Py_DECREF(args[i--]);
    if (args != few) PyMem_Free(args);
}
/* What a closure does. */
static void enter(ffi_cif *cif, void *result, void **places, void *thunk) {
    PyGILState_STATE state = PyGILState_Ensure();
    Thunk *t = (Thunk *)Py_NewRef((PyObject *)thunk);
    if (cif->rtype != &ffi_type_void) memset(result, 0, cif->rtype->size < sizeof(ffi_arg) ? sizeof(ffi_arg) : cif->rtype->size);
    run(t, result, places);
    Py_DECREF(t);
    PyGILState_Release(state);
}

/* ------------------------------------------------------------------ the type */

static int thunk_traverse(PyObject *self, visitproc visit, void *arg) {
    Thunk *t = (Thunk *)self;
    Py_VISIT(t->callable);
    Py_VISIT(t->argtypes);
    Py_VISIT(t->restype);
    return 0;
}
/* No tp_clear: C may still call it. Cycles go through the CFuncPtr, which lets go of its thunk. */
static void thunk_dealloc(PyObject *self) {
    Thunk *t = (Thunk *)self;
    PyObject_GC_UnTrack(self);
    if (t->closure) ffi_closure_free(t->closure);
    PyMem_Free(t->types);
    Py_XDECREF(t->callable);
    Py_XDECREF(t->argtypes);
    Py_XDECREF(t->restype);
    PyObject_GC_Del(self);
}
PyTypeObject kr_c_thunk_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "_ctypes.CThunkObject",
    .tp_basicsize = sizeof(Thunk),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_doc = PyDoc_STR("CThunkObject"),
    .tp_dealloc = thunk_dealloc,
    .tp_traverse = thunk_traverse,
    .tp_free = PyObject_GC_Del,
};

/* How C passes an argument of the type: what is not a C type is taken for an int. */
static ffi_type *type_of_argument(PyObject *type) {
    KrCInfo *info = kr_c_info_of(type);
    if (!info) return &ffi_type_sint32;
    return info->kind == KR_C_ARRAY ? &ffi_type_pointer : kr_c_ffi_type((PyTypeObject *)type);
}
static int prepare(Thunk *t, ffi_type *result, void **code) {
    Py_ssize_t n = PyTuple_GET_SIZE(t->argtypes);
    if (!(t->types = PyMem_New(ffi_type *, n + 1)) || !(t->closure = ffi_closure_alloc(sizeof(ffi_closure), code))) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++)
        if (!(t->types[i] = type_of_argument(PyTuple_GET_ITEM(t->argtypes, i)))) return -1;
    ffi_status status = ffi_prep_cif(&t->cif, FFI_DEFAULT_ABI, (unsigned)n, result, t->types);
    if (status == FFI_OK && (status = ffi_prep_closure_loc(t->closure, &t->cif, enter, t, *code)) == FFI_OK) return 0;
    PyErr_Format(PyExc_RuntimeError, "ffi_prep_closure failed with %d", (int)status);
    return -1;
}
PyObject *kr_c_thunk_new(PyObject *callable, PyObject *argtypes, PyObject *restype, int flags, void **code) {
    KrCInfo *info = kr_c_info_of(restype);
    if (restype != Py_None && !(info && info->set)) {
        PyErr_SetString(PyExc_TypeError, "invalid result type for callback function");
        return NULL;
    }
    Thunk *t = PyObject_GC_New(Thunk, &kr_c_thunk_type);
    if (!t) return NULL;
    t->closure = NULL;
    t->types = NULL;
    t->flags = flags;
    t->callable = Py_NewRef(callable);
    t->argtypes = Py_NewRef(argtypes);
    t->restype = Py_NewRef(restype);
    PyObject_GC_Track(t);
    if (prepare(t, restype == Py_None ? &ffi_type_void : info->ffi, code) < 0) Py_CLEAR(t);
    return (PyObject *)t;
}
