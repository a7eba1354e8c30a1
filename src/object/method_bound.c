/* method_bound.c - bound methods (the type `method`) and instancemethod.
 *
 * A bound method owns the callable and the object it is bound to, neither NULL. Calling it puts self before the arguments,
 * in the caller's array if that leaves room (PY_VECTORCALL_ARGUMENTS_OFFSET), so without allocating. Attributes that its type
 * doesn't define are the callable's. Dead methods are kept for the next ones.
 * instancemethod makes any callable bind like a Python function; outside a class it passes calls through.
 */
#include "object/method.h"
#include "object/container.h"

#define FREE_MAX 64

/* ------------------------------------------------------------------ helpers */

/* An attribute of a wrapper around func: its type's own, or else func's. */
static PyObject *delegating_getattr(PyObject *self, PyObject *func, PyObject *name) {
    PyObject *attr = _PyType_Lookup(Py_TYPE(self), name);
    if (attr == NULL) return PyObject_GetAttr(func, name);
    descrgetfunc get = Py_TYPE(attr)->tp_descr_get;
    if (get == NULL) return Py_NewRef(attr);
    Py_INCREF(attr);
    PyObject *r = get(attr, self, (PyObject *)Py_TYPE(self));
    Py_DECREF(attr);
    return r;
}

/* attr of o if it is a str, else NULL: new reference; *failed is set to -1 with an exception. */
static PyObject *lookup_str(PyObject *o, PyObject *attr, int *failed) {
    PyObject *v;
    *failed = _PyObject_LookupAttr(o, attr, &v) < 0 ? -1 : 0;
    if (v != NULL && !PyUnicode_Check(v)) Py_CLEAR(v);
    return v;
}

/* ------------------------------------------------------------------ method: life */

static PyObject *method_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyMethodObject *m = (PyMethodObject *)self;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    if (KR_UNLIKELY(!(nargsf & PY_VECTORCALL_ARGUMENTS_OFFSET)) && (nargs || kwnames)) return kr_call_prepend(m->im_func, m->im_self, args, nargs, kwnames);
    if (nargs == 0 && kwnames == NULL) return kr_vectorcall(m->im_func, &m->im_self, 1, NULL);
    PyObject **slot = (PyObject **)args - 1, *saved = *slot;
    *slot = m->im_self;
    PyObject *r = kr_vectorcall(m->im_func, slot, (size_t)nargs + 1, kwnames);
    *slot = saved;
    return r;
}

PyObject *PyMethod_New(PyObject *func, PyObject *self) {
    if (KR_UNLIKELY(self == NULL)) {
        PyErr_BadInternalCall();
        return NULL;
    }
    KrTypeState *s = &kr_interp()->type;
    PyMethodObject *m = s->method_free;
    if (KR_LIKELY(m != NULL)) {
        s->method_free = (PyMethodObject *)m->im_self;
        s->method_free_count--;
        _Py_NewReference((PyObject *)m);
    } else {
        m = PyObject_GC_New(PyMethodObject, &PyMethod_Type);
        if (m == NULL) return NULL;
    }
    m->im_func = Py_NewRef(func);
    m->im_self = Py_NewRef(self);
    m->im_weakreflist = NULL;
    m->vectorcall = method_vectorcall;
    KR_TRACK(m);
    return (PyObject *)m;
}

static void method_dealloc(PyObject *self) {
    PyMethodObject *m = (PyMethodObject *)self;
    KR_FORGET(self);
    if (m->im_weakreflist != NULL) PyObject_ClearWeakRefs(self);
    Py_DECREF(m->im_func);
    Py_DECREF(m->im_self);
    KrTypeState *s = &kr_interp()->type;
    if (KR_FREE_LISTS && s->method_free_count < FREE_MAX) {
        m->im_self = (PyObject *)s->method_free;
        s->method_free = m;
        s->method_free_count++;
    } else {
        PyObject_GC_Del(self);
    }
}

static int method_traverse(PyObject *self, visitproc visit, void *arg) {
    PyMethodObject *m = (PyMethodObject *)self;
    Py_VISIT(m->im_func);
    Py_VISIT(m->im_self);
    return 0;
}

static PyObject *method_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *func, *self;
    if (!_PyArg_NoKeywords("method", kwargs) || !PyArg_UnpackTuple(args, "method", 2, 2, &func, &self)) return NULL;
    if (!PyCallable_Check(func)) {
        PyErr_SetString(PyExc_TypeError, "first argument must be callable");
        return NULL;
    }
    if (self == Py_None) {
        PyErr_SetString(PyExc_TypeError, "instance must not be None");
        return NULL;
    }
    return PyMethod_New(func, self);
}

PyObject *PyMethod_Function(PyObject *o) {
    if (PyMethod_Check(o)) return PyMethod_GET_FUNCTION(o);
    PyErr_BadInternalCall();
    return NULL;
}
PyObject *PyMethod_Self(PyObject *o) {
    if (PyMethod_Check(o)) return PyMethod_GET_SELF(o);
    PyErr_BadInternalCall();
    return NULL;
}

/* ------------------------------------------------------------------ method: protocols */

static PyObject *method_getattro(PyObject *self, PyObject *name) { return delegating_getattr(self, PyMethod_GET_FUNCTION(self), name); }

static PyObject *method_repr(PyObject *self) {
    PyMethodObject *m = (PyMethodObject *)self;
    int failed;
    PyObject *name = lookup_str(m->im_func, KR_STR(__qualname__), &failed);
    if (name == NULL && !failed) name = lookup_str(m->im_func, KR_STR(__name__), &failed);
    PyObject *r = failed ? NULL : PyUnicode_FromFormat("<bound method %V of %R>", name, "?", m->im_self);
    Py_XDECREF(name);
    return r;
}

static Py_hash_t method_hash(PyObject *self) {
    PyMethodObject *m = (PyMethodObject *)self;
    Py_hash_t h = PyObject_Hash(m->im_func);
    if (h == -1) return -1;
    h ^= _Py_HashPointer(m->im_self);
    return h == -1 ? -2 : h;
}

static PyObject *method_richcompare(PyObject *a, PyObject *b, int op) {
    if ((op != Py_EQ && op != Py_NE) || !PyMethod_Check(a) || !PyMethod_Check(b)) Py_RETURN_NOTIMPLEMENTED;
    int eq = PyObject_RichCompareBool(PyMethod_GET_FUNCTION(a), PyMethod_GET_FUNCTION(b), Py_EQ);
    if (eq < 0) return NULL;
    eq = eq && PyMethod_GET_SELF(a) == PyMethod_GET_SELF(b);
    return PyBool_FromLong(eq == (op == Py_EQ));
}

static PyObject *method_reduce(PyObject *self, PyObject *unused) {
    PyObject *name = PyObject_GetAttr(PyMethod_GET_FUNCTION(self), KR_STR(__name__));
    return name == NULL ? NULL : Py_BuildValue("N(ON)", kr_builtin("getattr"), PyMethod_GET_SELF(self), name);
}

static PyObject *method_get_doc(PyObject *self, void *closure) { return PyObject_GetAttr(PyMethod_GET_FUNCTION(self), KR_STR(__doc__)); }

static PyMethodDef method_methods[] = {
    {"__reduce__", method_reduce, METH_NOARGS, PyDoc_STR("__reduce__($self, /)\n--\n\nHow to pickle it: a look-up of the name in the object.")},
    {NULL},
};
static PyMemberDef method_members[] = {
    {"__func__", T_OBJECT, offsetof(PyMethodObject, im_func), READONLY, "the callable that is bound"},
    {"__self__", T_OBJECT, offsetof(PyMethodObject, im_self), READONLY, "the object it is bound to"},
    {NULL},
};
static PyGetSetDef method_getsets[] = {
    {"__doc__", method_get_doc},
    {NULL},
};

PyTypeObject PyMethod_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "method",
    .tp_basicsize = sizeof(PyMethodObject),
    .tp_dealloc = method_dealloc,
    .tp_vectorcall_offset = offsetof(PyMethodObject, vectorcall),
    .tp_repr = method_repr,
    .tp_hash = method_hash,
    .tp_call = PyVectorcall_Call,
    .tp_getattro = method_getattro,
    .tp_setattro = PyObject_GenericSetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_doc = PyDoc_STR("method(function, instance, /)\n--\n\nA function together with the instance that calls pass first."),
    .tp_traverse = method_traverse,
    .tp_richcompare = method_richcompare,
    .tp_weaklistoffset = offsetof(PyMethodObject, im_weakreflist),
    .tp_methods = method_methods,
    .tp_members = method_members,
    .tp_getset = method_getsets,
    .tp_new = method_new,
};

/* ------------------------------------------------------------------ instancemethod */

PyObject *PyInstanceMethod_New(PyObject *func) {
    PyInstanceMethodObject *m = PyObject_GC_New(PyInstanceMethodObject, &PyInstanceMethod_Type);
    if (m == NULL) return NULL;
    m->func = Py_NewRef(func);
    KR_TRACK(m);
    return (PyObject *)m;
}

PyObject *PyInstanceMethod_Function(PyObject *o) {
    if (PyInstanceMethod_Check(o)) return PyInstanceMethod_GET_FUNCTION(o);
    PyErr_BadInternalCall();
    return NULL;
}

static void instancemethod_dealloc(PyObject *self) {
    KR_FORGET(self);
    Py_DECREF(PyInstanceMethod_GET_FUNCTION(self));
    PyObject_GC_Del(self);
}

static int instancemethod_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(PyInstanceMethod_GET_FUNCTION(self));
    return 0;
}

static PyObject *instancemethod_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *func;
    if (!_PyArg_NoKeywords("instancemethod", kwargs) || !PyArg_UnpackTuple(args, "instancemethod", 1, 1, &func)) return NULL;
    if (PyCallable_Check(func)) return PyInstanceMethod_New(func);
    PyErr_SetString(PyExc_TypeError, "first argument must be callable");
    return NULL;
}

static PyObject *instancemethod_getattro(PyObject *self, PyObject *name) {
    return delegating_getattr(self, PyInstanceMethod_GET_FUNCTION(self), name);
}

static PyObject *instancemethod_call(PyObject *self, PyObject *args, PyObject *kwargs) {
    return PyObject_Call(PyInstanceMethod_GET_FUNCTION(self), args, kwargs);
}

static PyObject *instancemethod_descr_get(PyObject *self, PyObject *obj, PyObject *type) {
    PyObject *func = PyInstanceMethod_GET_FUNCTION(self);
    return obj == NULL ? Py_NewRef(func) : PyMethod_New(func, obj);
}

static PyObject *instancemethod_repr(PyObject *self) {
    int failed;
    PyObject *name = lookup_str(PyInstanceMethod_GET_FUNCTION(self), KR_STR(__name__), &failed);
    PyObject *r = failed ? NULL : PyUnicode_FromFormat("<instancemethod %V at %p>", name, "?", self);
    Py_XDECREF(name);
    return r;
}

static PyObject *instancemethod_richcompare(PyObject *a, PyObject *b, int op) {
    if ((op != Py_EQ && op != Py_NE) || !PyInstanceMethod_Check(a) || !PyInstanceMethod_Check(b)) Py_RETURN_NOTIMPLEMENTED;
    int eq = PyObject_RichCompareBool(PyInstanceMethod_GET_FUNCTION(a), PyInstanceMethod_GET_FUNCTION(b), Py_EQ);
    return eq < 0 ? NULL : PyBool_FromLong(eq == (op == Py_EQ));
}

static PyObject *instancemethod_get_doc(PyObject *self, void *closure) { return PyObject_GetAttr(PyInstanceMethod_GET_FUNCTION(self), KR_STR(__doc__)); }

static PyMemberDef instancemethod_members[] = {
    {"__func__", T_OBJECT, offsetof(PyInstanceMethodObject, func), READONLY, "the callable that it wraps"},
    {NULL},
};
static PyGetSetDef instancemethod_getsets[] = {
    {"__doc__", instancemethod_get_doc},
    {NULL},
};

PyTypeObject PyInstanceMethod_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "instancemethod",
    .tp_basicsize = sizeof(PyInstanceMethodObject),
    .tp_dealloc = instancemethod_dealloc,
    .tp_repr = instancemethod_repr,
    .tp_call = instancemethod_call,
    .tp_getattro = instancemethod_getattro,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = PyDoc_STR("instancemethod(function)\n\nMakes a function bind to instances."),
    .tp_traverse = instancemethod_traverse,
    .tp_richcompare = instancemethod_richcompare,
    .tp_members = instancemethod_members,
    .tp_getset = instancemethod_getsets,
    .tp_descr_get = instancemethod_descr_get,
    .tp_new = instancemethod_new,
};
