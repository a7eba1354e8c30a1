/* descr.c - descriptors of C types: what all kinds share, and the data descriptors (members and getsets).
 *
 * A descriptor stands in a type's dict for one entry of the type's tables, which it points to (not owned: tables outlive their
 * types, or are part of them). It owns its type, its interned name and, once asked for, its qualified name.
 * Reading through a descriptor checks first that the object is an instance of that type: the C code behind relies on it.
 * Methods and slot wrappers are in descr_call.c.
 */
#include "object/descr.h"

/* ------------------------------------------------------------------ all kinds */

PyObject *kr_descr_new_named(PyTypeObject *kind, PyTypeObject *type, PyObject *name) {
    PyDescrObject *d = name == NULL ? NULL : (PyDescrObject *)_PyObject_GC_New(kind);
    if (d == NULL) return NULL;
    memset((PyObject *)d + 1, 0, (size_t)kind->tp_basicsize - sizeof(PyObject));
    KR_TRACK(d);
    d->d_type = (PyTypeObject *)Py_XNewRef(type);
    d->d_name = Py_NewRef(name);
    return (PyObject *)d;
}
PyObject *kr_descr_new(PyTypeObject *kind, PyTypeObject *type, const char *name) {
    PyObject *interned = PyUnicode_InternFromString(name), *d = kr_descr_new_named(kind, type, interned);
    Py_XDECREF(interned);
    return d;
}

PyObject *kr_descr_mismatch(PyObject *descr, PyObject *obj) {
    PyErr_Format(PyExc_TypeError, "descriptor '%V' for '%.100s' objects doesn't apply to a '%.100s' object", PyDescr_NAME(descr), "?",
                 PyDescr_TYPE(descr)->tp_name, Py_TYPE(obj)->tp_name);
    return NULL;
}

void kr_descr_dealloc(PyObject *self) {
    PyDescrObject *d = (PyDescrObject *)self;
    KR_FORGET(self);
    Py_XDECREF(d->d_type);
    Py_XDECREF(d->d_name);
    Py_XDECREF(d->d_qualname);
    PyObject_GC_Del(self);
}

int kr_descr_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(PyDescr_TYPE(self));
    return 0;
}

PyObject *kr_descr_repr(PyObject *self, const char *what) {
    return PyUnicode_FromFormat("<%s '%V' of '%s' objects>", what, PyDescr_NAME(self), "?", PyDescr_TYPE(self)->tp_name);
}

PyObject *kr_descr_get_qualname(PyObject *self, void *closure) {
    PyDescrObject *d = (PyDescrObject *)self;
    if (d->d_qualname == NULL) {
        PyObject *type_qualname = PyObject_GetAttr((PyObject *)d->d_type, KR_STR(__qualname__));
        if (type_qualname == NULL) return NULL;
        if (PyUnicode_Check(type_qualname)) d->d_qualname = PyUnicode_FromFormat("%S.%S", type_qualname, d->d_name);
        else PyErr_SetString(PyExc_TypeError, "<descriptor>.__objclass__.__qualname__ is not a unicode object");
        Py_DECREF(type_qualname);
    }
    return Py_XNewRef(d->d_qualname);
}

PyObject *kr_descr_reduce(PyObject *self, PyObject *unused) {
    return Py_BuildValue("N(OO)", kr_builtin("getattr"), PyDescr_TYPE(self), PyDescr_NAME(self));
}

PyMemberDef kr_descr_members[] = {
    {"__objclass__", T_OBJECT, offsetof(PyDescrObject, d_type), READONLY},
    {"__name__", T_OBJECT, offsetof(PyDescrObject, d_name), READONLY},
    {NULL},
};
PyMethodDef kr_descr_methods[] = {
    {"__reduce__", kr_descr_reduce, METH_NOARGS, NULL},
    {NULL},
};

int PyDescr_IsData(PyObject *o) { return Py_TYPE(o)->tp_descr_set != NULL; }

/* A table's doc as an attribute: never with a signature. */
static PyObject *plain_doc(const char *doc) {
    if (doc == NULL) Py_RETURN_NONE;
    return PyUnicode_FromString(doc);
}

/* ------------------------------------------------------------------ members: fields of C structs */

PyObject *PyDescr_NewMember(PyTypeObject *type, PyMemberDef *member) {
    PyObject *d = kr_descr_new(&PyMemberDescr_Type, type, member->name);
    if (d != NULL) ((PyMemberDescrObject *)d)->d_member = member;
    return d;
}

static PyObject *member_descr_get(PyObject *self, PyObject *obj, PyObject *type) {
    PyMemberDef *m = ((PyMemberDescrObject *)self)->d_member;
    if (obj == NULL) return Py_NewRef(self);
    if (!kr_descr_check(self, obj)) return NULL;
    if (KR_UNLIKELY(m->flags & PY_AUDIT_READ) && PySys_Audit("object.__getattr__", "Os", obj, m->name) < 0) return NULL;
    return PyMember_GetOne((const char *)obj, m);
}

static int member_descr_set(PyObject *self, PyObject *obj, PyObject *value) {
    return kr_descr_check(self, obj) ? PyMember_SetOne((char *)obj, ((PyMemberDescrObject *)self)->d_member, value) : -1;
}

static PyObject *member_repr(PyObject *self) { return kr_descr_repr(self, "member"); }
static PyObject *member_get_doc(PyObject *self, void *closure) { return plain_doc(((PyMemberDescrObject *)self)->d_member->doc); }

static PyGetSetDef member_getsets[] = {
    {"__doc__", member_get_doc},
    {"__qualname__", kr_descr_get_qualname},
    {NULL},
};

PyTypeObject PyMemberDescr_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "member_descriptor",
    .tp_basicsize = sizeof(PyMemberDescrObject),
    .tp_dealloc = kr_descr_dealloc,
    .tp_repr = member_repr,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_traverse = kr_descr_traverse,
    .tp_methods = kr_descr_methods,
    .tp_members = kr_descr_members,
    .tp_getset = member_getsets,
    .tp_descr_get = member_descr_get,
    .tp_descr_set = member_descr_set,
};

/* ------------------------------------------------------------------ getsets: attributes computed by C functions */

PyObject *PyDescr_NewGetSet(PyTypeObject *type, PyGetSetDef *getset) {
    PyObject *d = kr_descr_new(&PyGetSetDescr_Type, type, getset->name);
    if (d != NULL) ((PyGetSetDescrObject *)d)->d_getset = getset;
    return d;
}

/* AttributeError: the attribute can't be read or written. */
static void refuse_access(PyObject *self, const char *how) {
    PyErr_Format(PyExc_AttributeError, "attribute '%V' of '%.100s' objects is not %s", PyDescr_NAME(self), "?", PyDescr_TYPE(self)->tp_name, how);
}

static PyObject *getset_descr_get(PyObject *self, PyObject *obj, PyObject *type) {
    PyGetSetDef *g = ((PyGetSetDescrObject *)self)->d_getset;
    if (obj == NULL) return Py_NewRef(self);
    if (!kr_descr_check(self, obj)) return NULL;
    if (KR_LIKELY(g->get != NULL)) return g->get(obj, g->closure);
    refuse_access(self, "readable");
    return NULL;
}

static int getset_descr_set(PyObject *self, PyObject *obj, PyObject *value) {
    PyGetSetDef *g = ((PyGetSetDescrObject *)self)->d_getset;
    if (!kr_descr_check(self, obj)) return -1;
    if (KR_LIKELY(g->set != NULL)) return g->set(obj, value, g->closure);
    refuse_access(self, "writable");
    return -1;
}

static PyObject *getset_repr(PyObject *self) { return kr_descr_repr(self, "attribute"); }
static PyObject *getset_get_doc(PyObject *self, void *closure) { return plain_doc(((PyGetSetDescrObject *)self)->d_getset->doc); }

static PyGetSetDef getset_getsets[] = {
    {"__doc__", getset_get_doc},
    {"__qualname__", kr_descr_get_qualname},
    {NULL},
};

PyTypeObject PyGetSetDescr_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "getset_descriptor",
    .tp_basicsize = sizeof(PyGetSetDescrObject),
    .tp_dealloc = kr_descr_dealloc,
    .tp_repr = getset_repr,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_traverse = kr_descr_traverse,
    .tp_members = kr_descr_members,
    .tp_getset = getset_getsets,
    .tp_descr_get = getset_descr_get,
    .tp_descr_set = getset_descr_set,
};
