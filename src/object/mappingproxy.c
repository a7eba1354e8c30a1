/* mappingproxy.c - read-only views of mappings: what __dict__ of a class is.
 *
 * A proxy owns a mapping and passes everything on that doesn't change it. `|` and comparisons reach through to the mapping, so
 * that the other operand never gets hold of it by way of a reflected method of its own with a proxy as argument.
 */
#include "object/container.h"

typedef struct {
    PyObject_HEAD
    PyObject *mapping;
} KrMappingProxy;

#define MAPPING(o) (((KrMappingProxy *)(o))->mapping)

/* ------------------------------------------------------------------ life */

PyObject *PyDictProxy_New(PyObject *mapping) {
    if (!PyMapping_Check(mapping) || PyList_Check(mapping) || PyTuple_Check(mapping)) {
        PyErr_Format(PyExc_TypeError, "mappingproxy() argument must be a mapping, not %s", Py_TYPE(mapping)->tp_name);
        return NULL;
    }
    KrMappingProxy *p = PyObject_GC_New(KrMappingProxy, &PyDictProxy_Type);
    if (p == NULL) return NULL;
    p->mapping = Py_NewRef(mapping);
    KR_TRACK(p);
    return (PyObject *)p;
}

static PyObject *proxy_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static const char *const keywords[] = {"mapping", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "mappingproxy"};
    PyObject *buffer[1];
    PyObject *const *a = _PyArg_UnpackKeywords(((PyTupleObject *)args)->ob_item, PyTuple_GET_SIZE(args), kwargs, NULL, &parser, 1, 1, 0, buffer);
    return a == NULL ? NULL : PyDictProxy_New(a[0]);
}

static void proxy_dealloc(PyObject *self) {
    KR_FORGET(self);
    Py_DECREF(MAPPING(self));
    PyObject_GC_Del(self);
}

static int proxy_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(MAPPING(self));
    return 0;
}

/* ------------------------------------------------------------------ protocols */

static Py_ssize_t proxy_length(PyObject *self) { return PyObject_Size(MAPPING(self)); }
static PyObject *proxy_getitem(PyObject *self, PyObject *key) { return PyObject_GetItem(MAPPING(self), key); }
static int proxy_contains(PyObject *self, PyObject *key) {
    PyObject *m = MAPPING(self);
    return PyDict_CheckExact(m) ? PyDict_Contains(m, key) : PySequence_Contains(m, key);
}
static PyObject *proxy_iter(PyObject *self) { return PyObject_GetIter(MAPPING(self)); }
static PyObject *proxy_repr(PyObject *self) { return PyUnicode_FromFormat("mappingproxy(%R)", MAPPING(self)); }
static PyObject *proxy_str(PyObject *self) { return PyObject_Str(MAPPING(self)); }
static PyObject *proxy_richcompare(PyObject *self, PyObject *other, int op) { return PyObject_RichCompare(MAPPING(self), other, op); }

static PyObject *proxy_or(PyObject *a, PyObject *b) {
    if (PyObject_TypeCheck(a, &PyDictProxy_Type)) a = MAPPING(a);
    if (PyObject_TypeCheck(b, &PyDictProxy_Type)) b = MAPPING(b);
    return PyNumber_Or(a, b);
}

static PyObject *proxy_inplace_or(PyObject *self, PyObject *other) {
    PyErr_Format(PyExc_TypeError, "'|=' is not supported by %s; use '|' instead", Py_TYPE(self)->tp_name);
    return NULL;
}

/* ------------------------------------------------------------------ methods */

static PyObject *proxy_get(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("get", nargs, 1, 2)) return NULL;
    PyObject *m = MAPPING(self), *fallback = nargs == 2 ? args[1] : Py_None;
    if (PyDict_CheckExact(m)) {
        PyObject *v = PyDict_GetItemWithError(m, args[0]);
        return v == NULL && PyErr_Occurred() ? NULL : Py_NewRef(v != NULL ? v : fallback);
    }
    return PyObject_CallMethodObjArgs(m, KR_STR(get), args[0], fallback, NULL);
}
static PyObject *proxy_keys(PyObject *self, PyObject *unused) { return PyObject_CallMethodNoArgs(MAPPING(self), KR_STR(keys)); }
static PyObject *proxy_values(PyObject *self, PyObject *unused) { return PyObject_CallMethodNoArgs(MAPPING(self), KR_STR(values)); }
static PyObject *proxy_items(PyObject *self, PyObject *unused) { return PyObject_CallMethodNoArgs(MAPPING(self), KR_STR(items)); }
static PyObject *proxy_copy(PyObject *self, PyObject *unused) { return PyObject_CallMethodNoArgs(MAPPING(self), KR_STR(copy)); }
static PyObject *proxy_reversed(PyObject *self, PyObject *unused) { return PyObject_CallMethodNoArgs(MAPPING(self), KR_STR(__reversed__)); }

static PyMethodDef proxy_methods[] = {
    {"get", KR_METH(proxy_get), METH_FASTCALL, PyDoc_STR("D.get(k[,d]) -> D[k] if there is one, else d, which is None unless given.")},
    {"keys", proxy_keys, METH_NOARGS, PyDoc_STR("D.keys() -> a view of D's keys, a kind of set")},
    {"values", proxy_values, METH_NOARGS, PyDoc_STR("D.values() -> a view of D's values")},
    {"items", proxy_items, METH_NOARGS, PyDoc_STR("D.items() -> a view of D's (key, value) pairs, a kind of set")},
    {"copy", proxy_copy, METH_NOARGS, PyDoc_STR("D.copy() -> a shallow copy of the mapping behind D")},
    KR_CLASS_GETITEM_METHOD,
    {"__reversed__", proxy_reversed, METH_NOARGS, PyDoc_STR("D.__reversed__() -> iterator over the keys, last first")},
    {NULL},
};

static PyNumberMethods proxy_number = {
    .nb_or = proxy_or,
    .nb_inplace_or = proxy_inplace_or,
};
static PySequenceMethods proxy_sequence = {
    .sq_contains = proxy_contains,
};
static PyMappingMethods proxy_mapping = {
    .mp_length = proxy_length,
    .mp_subscript = proxy_getitem,
};

PyTypeObject PyDictProxy_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "mappingproxy",
    .tp_basicsize = sizeof(KrMappingProxy),
    .tp_dealloc = proxy_dealloc,
    .tp_repr = proxy_repr,
    .tp_as_number = &proxy_number,
    .tp_as_sequence = &proxy_sequence,
    .tp_as_mapping = &proxy_mapping,
    .tp_hash = PyObject_HashNotImplemented,
    .tp_str = proxy_str,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_MAPPING,
    .tp_traverse = proxy_traverse,
    .tp_richcompare = proxy_richcompare,
    .tp_iter = proxy_iter,
    .tp_methods = proxy_methods,
    .tp_new = proxy_new,
};
