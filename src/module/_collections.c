/* _collections.c - deque (in _deque.c), defaultdict, namedtuple's field descriptor, and counting for Counter. */
#include "module/_collections.h"
#include "module/module_types.h"
#include "object/container.h"
#include "object/long.h"

/* ------------------------------------------------------------------ defaultdict */

typedef struct {
    PyDictObject dict;
    PyObject *factory;
} DefaultDict;
#define FACTORY(o) (((DefaultDict *)(o))->factory)
static PyTypeObject defaultdict_type;

static PyObject *dd_missing(PyObject *self, PyObject *key) {
    PyObject *factory = FACTORY(self);
    if (!factory || factory == Py_None) {
        _PyErr_SetKeyError(key);
        return NULL;
    }
    PyObject *value = PyObject_CallNoArgs(factory);
    if (value && PyObject_SetItem(self, key, value) < 0) Py_CLEAR(value);
    return value;
}
static PyObject *new_like(PyObject *self, PyObject *items) {
    return PyObject_CallFunctionObjArgs((PyObject *)Py_TYPE(self), FACTORY(self) ? FACTORY(self) : Py_None, items, NULL);
}
static PyObject *dd_copy(PyObject *self, PyObject *unused) { (void)unused; return new_like(self, self); }
static PyObject *dd_reduce(PyObject *self, PyObject *unused) {
    (void)unused;
    PyObject *args = !FACTORY(self) || FACTORY(self) == Py_None ? PyTuple_New(0) : PyTuple_Pack(1, FACTORY(self));
    PyObject *items = args ? PyObject_CallMethodNoArgs(self, KR_STR(items)) : NULL, *it = items ? PyObject_GetIter(items) : NULL, *r = NULL;
    if (it) r = PyTuple_Pack(5, Py_TYPE(self), args, Py_None, Py_None, it);
    Py_XDECREF(args);
    Py_XDECREF(items);
    Py_XDECREF(it);
    return r;
}
static int dd_init(PyObject *self, PyObject *args, PyObject *kwds) {
    PyObject *factory = NULL, *rest;
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (n > 0) {
        factory = PyTuple_GET_ITEM(args, 0);
        if (!PyCallable_Check(factory) && factory != Py_None) {
            PyErr_SetString(PyExc_TypeError, "first argument must be callable or None");
            return -1;
        }
    }
    if (!(rest = PyTuple_GetSlice(args, n > 0, n))) return -1;
    PyObject *old = FACTORY(self);
    FACTORY(self) = Py_XNewRef(factory);
    int r = PyDict_Type.tp_init(self, rest, kwds);
    Py_DECREF(rest);
    Py_XDECREF(old);
    return r;
}
static void dd_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    Py_CLEAR(FACTORY(self));
    PyDict_Type.tp_dealloc(self);
}
static int dd_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(FACTORY(self));
    return PyDict_Type.tp_traverse(self, visit, arg);
}
static int dd_clear(PyObject *self) {
    Py_CLEAR(FACTORY(self));
    return PyDict_Type.tp_clear(self);
}
static PyObject *dd_repr(PyObject *self) {
    PyObject *base = PyDict_Type.tp_repr(self), *factory = NULL, *r = NULL;
    if (!base) return NULL;
    if (!FACTORY(self)) {
        factory = PyUnicode_FromString("None");
    } else {
        int busy = Py_ReprEnter(FACTORY(self));
        if (busy > 0) factory = PyUnicode_FromString("...");
        else if (busy == 0) {
            factory = PyObject_Repr(FACTORY(self));
            Py_ReprLeave(FACTORY(self));
        }
    }
    if (factory) r = PyUnicode_FromFormat("%s(%U, %U)", _PyType_Name(Py_TYPE(self)), factory, base);
    Py_DECREF(base);
    Py_XDECREF(factory);
    return r;
}
static PyObject *dd_or(PyObject *a, PyObject *b) {
    PyObject *self = PyObject_TypeCheck(a, &defaultdict_type) ? a : b;
    if (!PyDict_Check(a) || !PyDict_Check(b)) Py_RETURN_NOTIMPLEMENTED;
    PyObject *r = new_like(self, a);
    if (r && PyDict_Update(r, b) < 0) Py_CLEAR(r);
    return r;
}
static PyMethodDef dd_methods[] = {
    {"__missing__", dd_missing, METH_O, "__missing__(key) # Called by __getitem__ for missing key: stores and returns default_factory()."},
    {"copy", dd_copy, METH_NOARGS, "D.copy() -> a shallow copy of D."},
    {"__copy__", dd_copy, METH_NOARGS, "D.copy() -> a shallow copy of D."},
    {"__reduce__", dd_reduce, METH_NOARGS, "What pickle stores."},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "See PEP 585"},
    {NULL, NULL, 0, NULL},
};
static PyMemberDef dd_members[] = {
    {"default_factory", T_OBJECT, offsetof(DefaultDict, factory), 0, "Factory for default value called by __missing__()."},
    {NULL, 0, 0, 0, NULL},
};
static PyNumberMethods dd_number = {.nb_or = dd_or};
static PyTypeObject defaultdict_type = {
    KR_STATIC_TYPE_HEAD .tp_name = "collections.defaultdict", .tp_basicsize = sizeof(DefaultDict), .tp_dealloc = dd_dealloc, .tp_repr = dd_repr, .tp_as_number = &dd_number,
    .tp_getattro = PyObject_GenericGetAttr, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "defaultdict(default_factory=None, /, [...]) --> dict with default factory\n\nA dict that calls default_factory for a key it has not.",
    .tp_traverse = dd_traverse, .tp_clear = dd_clear, .tp_methods = dd_methods, .tp_members = dd_members, .tp_base = &PyDict_Type, .tp_init = dd_init,
    .tp_alloc = PyType_GenericAlloc, .tp_free = PyObject_GC_Del,
};

/* ------------------------------------------------------------------ _tuplegetter */

typedef struct {
    PyObject_HEAD
    Py_ssize_t index;
    PyObject *doc;
} TupleGetter;
#define GETTER(o) ((TupleGetter *)(o))

static PyObject *tg_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    Py_ssize_t index;
    PyObject *doc;
    if (!_PyArg_NoKeywords("_tuplegetter", kwds) || !PyArg_ParseTuple(args, "nO:_tuplegetter", &index, &doc)) return NULL;
    TupleGetter *g = (TupleGetter *)type->tp_alloc(type, 0);
    if (g) {
        g->index = index;
        g->doc = Py_NewRef(doc);
    }
    return (PyObject *)g;
}
static PyObject *tg_get(PyObject *self, PyObject *o, PyObject *type) {
    (void)type;
    Py_ssize_t i = GETTER(self)->index;
    if (!o || o == Py_None) return Py_NewRef(self);
    if (!PyTuple_Check(o)) {
        PyErr_Format(PyExc_TypeError, "descriptor for index '%zd' for tuple subclasses doesn't apply to '%s' object", i, Py_TYPE(o)->tp_name);
        return NULL;
    }
    if (i < 0 || i >= PyTuple_GET_SIZE(o)) {
        PyErr_SetString(PyExc_IndexError, "tuple index out of range");
        return NULL;
    }
    return Py_NewRef(PyTuple_GET_ITEM(o, i));
}
static int tg_set(PyObject *self, PyObject *o, PyObject *v) {
    (void)self, (void)o;
    PyErr_SetString(PyExc_AttributeError, v ? "can't set attribute" : "can't delete attribute");
    return -1;
}
static int tg_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(GETTER(self)->doc);
    return 0;
}
static int tg_clear(PyObject *self) {
    Py_CLEAR(GETTER(self)->doc);
    return 0;
}
static void tg_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    tg_clear(self);
    Py_TYPE(self)->tp_free(self);
}
static PyObject *tg_reduce(PyObject *self, PyObject *unused) {
    (void)unused;
    return Py_BuildValue("(O(nO))", Py_TYPE(self), GETTER(self)->index, GETTER(self)->doc);
}
static PyObject *tg_repr(PyObject *self) { return PyUnicode_FromFormat("%s(%zd, %R)", _PyType_Name(Py_TYPE(self)), GETTER(self)->index, GETTER(self)->doc); }
static PyMemberDef tg_members[] = {{"__doc__", T_OBJECT, offsetof(TupleGetter, doc), 0, NULL}, {NULL, 0, 0, 0, NULL}};
static PyMethodDef tg_methods[] = {{"__reduce__", tg_reduce, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static PyTypeObject tuplegetter_type = {
    KR_STATIC_TYPE_HEAD .tp_name = "_collections._tuplegetter", .tp_basicsize = sizeof(TupleGetter), .tp_dealloc = tg_dealloc, .tp_repr = tg_repr,
    .tp_getattro = PyObject_GenericGetAttr, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, .tp_traverse = tg_traverse, .tp_clear = tg_clear,
    .tp_methods = tg_methods, .tp_members = tg_members, .tp_descr_get = tg_get, .tp_descr_set = tg_set, .tp_alloc = PyType_GenericAlloc, .tp_new = tg_new,
    .tp_free = PyObject_GC_Del,
};

/* ------------------------------------------------------------------ counting */

/* Whether a mapping is a dict whose get() and item assignment are dict's own. */
static bool has_dict_items(PyObject *mapping) {
    PyTypeObject *t = Py_TYPE(mapping);
    return PyDict_CheckExact(mapping) || (PyDict_Check(mapping) && _PyType_Lookup(t, KR_STR(get)) == _PyType_Lookup(&PyDict_Type, KR_STR(get)) &&
                                          _PyType_Lookup(t, KR_STR(__setitem__)) == _PyType_Lookup(&PyDict_Type, KR_STR(__setitem__)));
}

static PyObject *count_in_dict(PyObject *dict, PyObject *iterable) {
    PyObject *it = PyObject_GetIter(iterable), *one = kr_small_int(1), *key;
    if (!it) return NULL;
    int failed;
    while ((key = kr_iter_next(it, &failed))) {
        Py_hash_t hash = kr_hash(key);
        PyObject *old = hash == -1 ? NULL : Py_XNewRef(_PyDict_GetItem_KnownHash(dict, key, hash)), *sum = NULL;
        if (old || (hash != -1 && !PyErr_Occurred())) sum = old ? PyNumber_Add(old, one) : Py_NewRef(one);
        failed = !sum || _PyDict_SetItem_KnownHash(dict, key, sum, hash) < 0;
        Py_XDECREF(old);
        Py_XDECREF(sum);
        Py_DECREF(key);
        if (failed) break;
    }
    Py_DECREF(it);
    return failed ? NULL : Py_NewRef(Py_None);
}

/* mapping[key] = mapping.get(key, 0) + 1 for each item of an iterable. */
static PyObject *count_elements(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    (void)module;
    if (!_PyArg_CheckPositional("_count_elements", n, 2, 2)) return NULL;
    PyObject *mapping = args[0];
    if (has_dict_items(mapping)) return count_in_dict(mapping, args[1]);
    PyObject *it = PyObject_GetIter(args[1]), *one = PyLong_FromLong(1), *zero = PyLong_FromLong(0), *key, *get = NULL;
    if (it && one && zero) get = PyObject_GetAttr(mapping, KR_STR(get));
    bool good = it && one && zero && get;
    while (good && (key = PyIter_Next(it))) {
        PyObject *old = PyObject_CallFunctionObjArgs(get, key, zero, NULL);
        PyObject *sum = old ? PyNumber_Add(old, one) : NULL;
        good = sum && PyObject_SetItem(mapping, key, sum) == 0;
        Py_XDECREF(old);
        Py_XDECREF(sum);
        Py_DECREF(key);
    }
    Py_XDECREF(it);
    Py_XDECREF(one);
    Py_XDECREF(zero);
    Py_XDECREF(get);
    return good && !PyErr_Occurred() ? Py_NewRef(Py_None) : NULL;
}

/* ------------------------------------------------------------------ the module */

static PyMethodDef methods[] = {
    {"_count_elements", KR_METH(count_elements), METH_FASTCALL, "_count_elements($module, mapping, iterable, /)\n--\n\nCounts the items of an iterable in a mapping."},
    {NULL, NULL, 0, NULL},
};
static int exec(PyObject *module) {
    PyTypeObject *types[] = {&kr_deque_type, &defaultdict_type, &kr_deque_iter_type, &kr_deque_reverse_iter_type, &tuplegetter_type};
    for (size_t i = 0; i < KR_ARRAY_LEN(types); i++)
        if (PyModule_AddType(module, types[i]) < 0) return -1;
    return PyModule_AddObjectRef(module, "OrderedDict", (PyObject *)&PyODict_Type);
}
static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec}, {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_collections", .m_doc = "High performance data structures.", .m_methods = methods, .m_slots = slots};
PyMODINIT_FUNC PyInit__collections(void) { return PyModuleDef_Init(&definition); }
