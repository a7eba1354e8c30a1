/* descr_call.c - callable descriptors of C types: methods, class methods, slot wrappers, and bound slot wrappers.
 *
 * method_descriptor and classmethod_descriptor stand for a PyMethodDef; the first is called unbound, as type.method(obj, ...), through
 * the inline functions of method.h. wrapper_descriptor stands for a slot that a C type fills: a wrapperbase (a row of the slot
 * table, see type_slots.c) tells how to call the slot's function from a tuple. method-wrapper is a slot wrapper with its object.
 * Invariant: no function behind a descriptor sees an object that is no instance of the descriptor's type.
 */
#include "object/descr.h"
#include "memory/gc.h"
#include "object/method.h"
#include "object/tuple.h"

/* ------------------------------------------------------------------ method_descriptor: calls */

/* The self of an unbound call, borrowed; NULL with TypeError if there is none or it is of another type. */
KR_INLINE PyObject *unbound_self(PyObject *d, PyObject *const *args, Py_ssize_t nargs) {
    if (KR_UNLIKELY(nargs < 1)) {
        PyObject *name = kr_function_str(d);
        if (name != NULL) PyErr_Format(PyExc_TypeError, "unbound method %U needs an argument", name);
        Py_XDECREF(name);
        return NULL;
    }
    return kr_descr_check(d, args[0]) ? args[0] : NULL;
}

#define VECTORCALL(name, flags)                                                                                             \
    static PyObject *method_vectorcall_##name(PyObject *d, PyObject *const *args, size_t nargsf, PyObject *kwnames) {       \
        Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);                                                                      \
        PyObject *self = unbound_self(d, args, nargs);                                                                      \
        if (KR_UNLIKELY(self == NULL)) return NULL;                                                                         \
        KrCCall c = {d, ((PyMethodDescrObject *)d)->d_method, PyDescr_TYPE(d), args + 1, nargs - 1, kwnames};               \
        return kr_c_call_##name(self, &c);                                                                                  \
    }
KR_C_CONVENTIONS(VECTORCALL)
#undef VECTORCALL

/* ------------------------------------------------------------------ method_descriptor */

PyObject *PyDescr_NewMethod(PyTypeObject *type, PyMethodDef *def) {
    vectorcallfunc vectorcall;
    switch (def->ml_flags & KR_METH_CONVENTION) {
#define CHOOSE(name, flags) case flags: vectorcall = method_vectorcall_##name; break;
        KR_C_CONVENTIONS(CHOOSE)
#undef CHOOSE
        default: return kr_c_call_bad_flags(def);
    }
    PyMethodDescrObject *d = (PyMethodDescrObject *)kr_descr_new(&PyMethodDescr_Type, type, def->ml_name);
    if (d == NULL) return NULL;
    d->d_method = def;
    d->vectorcall = vectorcall;
    return (PyObject *)d;
}

static PyObject *method_descr_get(PyObject *self, PyObject *obj, PyObject *type) {
    PyMethodDef *def = ((PyMethodDescrObject *)self)->d_method;
    if (obj == NULL) return Py_NewRef(self);
    if (!kr_descr_check(self, obj)) return NULL;
    if (!(def->ml_flags & METH_METHOD)) return PyCMethod_New(def, obj, NULL, NULL);
    if (type == NULL || PyType_Check(type)) return PyCMethod_New(def, obj, NULL, PyDescr_TYPE(self));
    PyErr_Format(PyExc_TypeError, "descriptor '%V' needs a type, not '%s', as arg 2", PyDescr_NAME(self), "?", Py_TYPE(type)->tp_name);
    return NULL;
}

static PyObject *method_repr(PyObject *self) { return kr_descr_repr(self, "method"); }
static PyObject *method_get_doc(PyObject *self, void *closure) {
    PyMethodDef *def = ((PyMethodDescrObject *)self)->d_method;
    return _PyType_GetDocFromInternalDoc(def->ml_name, def->ml_doc);
}
static PyObject *method_get_text_signature(PyObject *self, void *closure) {
    PyMethodDef *def = ((PyMethodDescrObject *)self)->d_method;
    return _PyType_GetTextSignatureFromInternalDoc(def->ml_name, def->ml_doc);
}

static PyGetSetDef method_getsets[] = {
    {"__doc__", method_get_doc},
    {"__qualname__", kr_descr_get_qualname},
    {"__text_signature__", method_get_text_signature},
    {NULL},
};

PyTypeObject PyMethodDescr_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "method_descriptor",
    .tp_basicsize = sizeof(PyMethodDescrObject),
    .tp_dealloc = kr_descr_dealloc,
    .tp_vectorcall_offset = offsetof(PyMethodDescrObject, vectorcall),
    .tp_repr = method_repr,
    .tp_call = PyVectorcall_Call,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_traverse = kr_descr_traverse,
    .tp_methods = kr_descr_methods,
    .tp_members = kr_descr_members,
    .tp_getset = method_getsets,
    .tp_descr_get = method_descr_get,
};

/* ------------------------------------------------------------------ classmethod_descriptor */

PyObject *PyDescr_NewClassMethod(PyTypeObject *type, PyMethodDef *def) {
    PyObject *d = kr_descr_new(&PyClassMethodDescr_Type, type, def->ml_name);
    if (d != NULL) ((PyMethodDescrObject *)d)->d_method = def;
    return d;
}

static PyObject *classmethod_descr_get(PyObject *self, PyObject *obj, PyObject *type) {
    PyTypeObject *owner = PyDescr_TYPE(self);
    PyObject *name = PyDescr_NAME(self);
    if (type == NULL && obj != NULL) type = (PyObject *)Py_TYPE(obj);
    if (type == NULL) {
        PyErr_Format(PyExc_TypeError, "descriptor '%V' for type '%.100s' needs either an object or a type", name, "?", owner->tp_name);
    } else if (!PyType_Check(type)) {
        PyErr_Format(PyExc_TypeError, "descriptor '%V' for type '%.100s' needs a type, not a '%.100s' as arg 2", name, "?", owner->tp_name,
                     Py_TYPE(type)->tp_name);
    } else if (!PyType_IsSubtype((PyTypeObject *)type, owner)) {
        PyErr_Format(PyExc_TypeError, "descriptor '%V' requires a subtype of '%.100s' but received '%.100s'", name, "?", owner->tp_name,
                     ((PyTypeObject *)type)->tp_name);
    } else {
        PyMethodDef *def = ((PyMethodDescrObject *)self)->d_method;
        return PyCMethod_New(def, type, NULL, def->ml_flags & METH_METHOD ? owner : NULL);
    }
    return NULL;
}

/* TypeError of an unbound call without arguments. NULL. */
static PyObject *needs_argument(PyObject *self) {
    PyErr_Format(PyExc_TypeError, "descriptor '%V' of '%.100s' object needs an argument", PyDescr_NAME(self), "?", PyDescr_TYPE(self)->tp_name);
    return NULL;
}

static PyObject *classmethod_call(PyObject *self, PyObject *args, PyObject *kwargs) {
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n < 1) return needs_argument(self);
    PyObject *bound = classmethod_descr_get(self, NULL, PyTuple_GET_ITEM(args, 0));
    if (bound == NULL) return NULL;
    PyObject *r = PyObject_VectorcallDict(bound, &PyTuple_GET_ITEM(args, 1), (size_t)(n - 1), kwargs);
    Py_DECREF(bound);
    return r;
}

PyTypeObject PyClassMethodDescr_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "classmethod_descriptor",
    .tp_basicsize = sizeof(PyMethodDescrObject),
    .tp_dealloc = kr_descr_dealloc,
    .tp_repr = method_repr,
    .tp_call = classmethod_call,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_traverse = kr_descr_traverse,
    .tp_members = kr_descr_members,
    .tp_getset = method_getsets,
    .tp_descr_get = classmethod_descr_get,
};

/* ------------------------------------------------------------------ wrapper_descriptor */

PyObject *PyDescr_NewWrapper(PyTypeObject *type, struct wrapperbase *base, void *wrapped) {
    PyObject *new = base->name_strobj != NULL ? kr_descr_new_named(&PyWrapperDescr_Type, type, base->name_strobj) : kr_descr_new(&PyWrapperDescr_Type, type, base->name);
    PyWrapperDescrObject *d = (PyWrapperDescrObject *)new;
    if (d == NULL) return NULL;
    d->d_base = base;
    d->d_wrapped = wrapped;
    return (PyObject *)d;
}

/* Calls the slot with an object of the right type. */
PyObject *kr_wrapper_call_slot(PyWrapperDescrObject *d, PyObject *self, PyObject *args, PyObject *kwargs) {
    struct wrapperbase *base = d->d_base;
    if (base->flags & PyWrapperFlag_KEYWORDS) return ((wrapperfunc_kwds)(void (*)(void))base->wrapper)(self, args, d->d_wrapped, kwargs);
    if (kwargs == NULL || PyDict_GET_SIZE(kwargs) == 0) return base->wrapper(self, args, d->d_wrapped);
    PyErr_Format(PyExc_TypeError, "wrapper %s() takes no keyword arguments", base->name);
    return NULL;
}

/* Whether o's real type, whatever its __class__ says, is the descriptor's or derived from it: 1, 0, or -1 with an exception. */
static int really_instance(PyObject *d, PyObject *o) {
    return PyType_IsSubtype(Py_TYPE(o), PyDescr_TYPE(d)) ? 1 : _PyObject_RealIsSubclass((PyObject *)Py_TYPE(o), (PyObject *)PyDescr_TYPE(d));
}

static PyObject *wrapper_descr_call(PyObject *d, PyObject *args, PyObject *kwargs) {
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n < 1) return needs_argument(d);
    PyObject *self = PyTuple_GET_ITEM(args, 0);
    int fits = really_instance(d, self);
    if (fits < 0) return NULL;
    if (!fits) {
        PyErr_Format(PyExc_TypeError, "descriptor '%V' requires a '%.100s' object but received a '%.100s'", PyDescr_NAME(d), "?",
                     PyDescr_TYPE(d)->tp_name, Py_TYPE(self)->tp_name);
        return NULL;
    }
    PyObject *rest = PyTuple_GetSlice(args, 1, n);
    if (rest == NULL) return NULL;
    PyObject *r = kr_wrapper_call_slot((PyWrapperDescrObject *)d, self, rest, kwargs);
    Py_DECREF(rest);
    return r;
}

static PyObject *wrapper_descr_get(PyObject *self, PyObject *obj, PyObject *type) {
    if (obj == NULL) return Py_NewRef(self);
    return kr_descr_check(self, obj) ? PyWrapper_New(self, obj) : NULL;
}

static PyObject *wrapper_descr_repr(PyObject *self) { return kr_descr_repr(self, "slot wrapper"); }
static PyObject *wrapper_descr_get_doc(PyObject *self, void *closure) {
    struct wrapperbase *base = ((PyWrapperDescrObject *)self)->d_base;
    return _PyType_GetDocFromInternalDoc(base->name, base->doc);
}
static PyObject *wrapper_descr_get_text_signature(PyObject *self, void *closure) {
    struct wrapperbase *base = ((PyWrapperDescrObject *)self)->d_base;
    return _PyType_GetTextSignatureFromInternalDoc(base->name, base->doc);
}

static PyGetSetDef wrapper_descr_getsets[] = {
    {"__doc__", wrapper_descr_get_doc},
    {"__qualname__", kr_descr_get_qualname},
    {"__text_signature__", wrapper_descr_get_text_signature},
    {NULL},
};

PyTypeObject PyWrapperDescr_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "wrapper_descriptor",
    .tp_basicsize = sizeof(PyWrapperDescrObject),
    .tp_dealloc = kr_descr_dealloc,
    .tp_repr = wrapper_descr_repr,
    .tp_call = wrapper_descr_call,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_traverse = kr_descr_traverse,
    .tp_methods = kr_descr_methods,
    .tp_members = kr_descr_members,
    .tp_getset = wrapper_descr_getsets,
    .tp_descr_get = wrapper_descr_get,
};

/* ------------------------------------------------------------------ method-wrapper */

typedef struct {
    PyObject_HEAD
    PyWrapperDescrObject *descr;
    PyObject *self;
} KrMethodWrapper;

PyObject *PyWrapper_New(PyObject *descr, PyObject *self) {
    KrMethodWrapper *w = PyObject_GC_New(KrMethodWrapper, &_PyMethodWrapper_Type);
    if (w == NULL) return NULL;
    w->descr = (PyWrapperDescrObject *)Py_NewRef(descr);
    w->self = Py_NewRef(self);
    KR_TRACK(w);
    return (PyObject *)w;
}

static void wrapper_dealloc(PyObject *o) {
    KrMethodWrapper *w = (KrMethodWrapper *)o;
    KR_FORGET(o);
    KR_TRASHCAN_BEGIN(o, wrapper_dealloc)
    Py_DECREF(w->descr);
    Py_DECREF(w->self);
    PyObject_GC_Del(o);
    KR_TRASHCAN_END
}

static int wrapper_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(((KrMethodWrapper *)o)->descr);
    Py_VISIT(((KrMethodWrapper *)o)->self);
    return 0;
}

static PyObject *wrapper_call(PyObject *o, PyObject *args, PyObject *kwargs) {
    KrMethodWrapper *w = (KrMethodWrapper *)o;
    return kr_wrapper_call_slot(w->descr, w->self, args, kwargs);
}

static PyObject *wrapper_repr(PyObject *o) {
    KrMethodWrapper *w = (KrMethodWrapper *)o;
    return PyUnicode_FromFormat("<method-wrapper '%s' of %s object at %p>", w->descr->d_base->name, Py_TYPE(w->self)->tp_name, w->self);
}

static PyObject *wrapper_richcompare(PyObject *a, PyObject *b, int op) {
    if ((op != Py_EQ && op != Py_NE) || !Py_IS_TYPE(a, &_PyMethodWrapper_Type) || !Py_IS_TYPE(b, &_PyMethodWrapper_Type)) Py_RETURN_NOTIMPLEMENTED;
    KrMethodWrapper *v = (KrMethodWrapper *)a, *w = (KrMethodWrapper *)b;
    bool same = v->descr == w->descr && v->self == w->self;
    return PyBool_FromLong(same == (op == Py_EQ));
}

static Py_hash_t wrapper_hash(PyObject *o) {
    KrMethodWrapper *w = (KrMethodWrapper *)o;
    Py_hash_t h = _Py_HashPointer(w->self) ^ _Py_HashPointer(w->descr);
    return h == -1 ? -2 : h;
}

static PyObject *wrapper_reduce(PyObject *o, PyObject *unused) {
    KrMethodWrapper *w = (KrMethodWrapper *)o;
    return Py_BuildValue("N(OO)", kr_builtin("getattr"), w->self, PyDescr_NAME(w->descr));
}

static PyObject *wrapper_get_objclass(PyObject *o, void *closure) { return Py_NewRef(PyDescr_TYPE(((KrMethodWrapper *)o)->descr)); }
static PyObject *wrapper_get_name(PyObject *o, void *closure) { return PyUnicode_FromString(((KrMethodWrapper *)o)->descr->d_base->name); }
static PyObject *wrapper_get_qualname(PyObject *o, void *closure) { return kr_descr_get_qualname((PyObject *)((KrMethodWrapper *)o)->descr, closure); }
static PyObject *wrapper_get_doc(PyObject *o, void *closure) { return wrapper_descr_get_doc((PyObject *)((KrMethodWrapper *)o)->descr, closure); }
static PyObject *wrapper_get_text_signature(PyObject *o, void *closure) {
    return wrapper_descr_get_text_signature((PyObject *)((KrMethodWrapper *)o)->descr, closure);
}

static PyMethodDef wrapper_methods[] = {
    {"__reduce__", wrapper_reduce, METH_NOARGS, NULL},
    {NULL},
};
static PyMemberDef wrapper_members[] = {
    {"__self__", T_OBJECT, offsetof(KrMethodWrapper, self), READONLY},
    {NULL},
};
static PyGetSetDef wrapper_getsets[] = {
    {"__objclass__", wrapper_get_objclass},
    {"__name__", wrapper_get_name},
    {"__qualname__", wrapper_get_qualname},
    {"__doc__", wrapper_get_doc},
    {"__text_signature__", wrapper_get_text_signature},
    {NULL},
};

PyTypeObject _PyMethodWrapper_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "method-wrapper",
    .tp_basicsize = sizeof(KrMethodWrapper),
    .tp_dealloc = wrapper_dealloc,
    .tp_repr = wrapper_repr,
    .tp_hash = wrapper_hash,
    .tp_call = wrapper_call,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_traverse = wrapper_traverse,
    .tp_richcompare = wrapper_richcompare,
    .tp_methods = wrapper_methods,
    .tp_members = wrapper_members,
    .tp_getset = wrapper_getsets,
};
