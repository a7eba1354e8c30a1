/* dict_views.c - dict_keys, dict_values and dict_items.
 *
 * A view holds its dict and nothing else. Keys and items views are set-like: comparisons and operators treat them as the set
 * of what they show, with results that are plain sets.
 */
#include "object/dict_views.h"

PyObject *_PyDictView_New(PyObject *dict, PyTypeObject *type) {
    if (dict == NULL) {
        PyErr_BadInternalCall();
        return NULL;
    }
    if (!PyDict_Check(dict)) {
        PyErr_Format(PyExc_TypeError, "%s() requires a dict argument, not '%s'", type->tp_name, Py_TYPE(dict)->tp_name);
        return NULL;
    }
    _PyDictViewObject *v = PyObject_GC_New(_PyDictViewObject, type);
    if (v == NULL)
        return NULL;
    v->dv_dict = (PyDictObject *)Py_NewRef(dict);
    KR_TRACK(v);
    return (PyObject *)v;
}

PyObject *kr_dict_keys_view(PyObject *d, PyObject *unused) { return _PyDictView_New(d, &PyDictKeys_Type); }
PyObject *kr_dict_values_view(PyObject *d, PyObject *unused) { return _PyDictView_New(d, &PyDictValues_Type); }
PyObject *kr_dict_items_view(PyObject *d, PyObject *unused) { return _PyDictView_New(d, &PyDictItems_Type); }

KR_INLINE PyDictObject *view_dict(PyObject *self) { return ((_PyDictViewObject *)self)->dv_dict; }

void kr_dictview_dealloc(PyObject *self) {
    KR_FORGET(self);
    Py_XDECREF(view_dict(self));
    PyObject_GC_Del(self);
}

int kr_dictview_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(view_dict(self));
    return 0;
}

static Py_ssize_t view_length(PyObject *self) { return view_dict(self) == NULL ? 0 : view_dict(self)->ma_used; }

static PyObject *view_repr(PyObject *self) {
    int r = Py_ReprEnter(self);
    if (r != 0)
        return r > 0 ? PyUnicode_FromString("...") : NULL;
    PyObject *result = NULL, *list = PySequence_List(self);
    if (list != NULL) {
        result = PyUnicode_FromFormat("%s(%R)", Py_TYPE(self)->tp_name, list);
        Py_DECREF(list);
    }
    Py_ReprLeave(self);
    return result;
}

static PyObject *view_mapping(PyObject *self, void *unused) { return PyDictProxy_New((PyObject *)view_dict(self)); }

static PyGetSetDef view_getset[] = {{"mapping", view_mapping, NULL, PyDoc_STR("a read-only proxy of the dict"), NULL}, {0}};

/* ------------------------------------------------------------------ set-like behaviour */

/* Whether everything in `a` is in `b`: 1, 0 or -1. */
static int all_in(PyObject *a, PyObject *b) {
    PyObject *it = PyObject_GetIter(a), *item;
    if (it == NULL)
        return -1;
    int failed, result = 1;
    while (result == 1 && (item = kr_iter_next(it, &failed)) != NULL) {
        result = PySequence_Contains(b, item);
        Py_DECREF(item);
    }
    Py_DECREF(it);
    return result == 1 && failed ? -1 : result;
}

static PyObject *view_richcompare(PyObject *self, PyObject *other, int op) {
    if (!PyAnySet_Check(other) && !PyDictViewSet_Check(other))
        Py_RETURN_NOTIMPLEMENTED;
    Py_ssize_t n = PyObject_Size(self), m = PyObject_Size(other);
    if (n < 0 || m < 0)
        return NULL;
    int r = 0;
    switch (op) {
    case Py_EQ:
    case Py_NE:
        if (n == m)
            r = all_in(self, other);
        if (op == Py_NE && r >= 0)
            r = !r;
        break;
    case Py_LT: r = n < m ? all_in(self, other) : 0; break;
    case Py_LE: r = n <= m ? all_in(self, other) : 0; break;
    case Py_GT: r = n > m ? all_in(other, self) : 0; break;
    case Py_GE: r = n >= m ? all_in(other, self) : 0; break;
    }
    return r < 0 ? NULL : PyBool_FromLong(r);
}

static PyObject *view_to_set(PyObject *view) {
    /* From a keys view, the dict itself gives a set its hashes. */
    if (PyDictKeys_Check(view))
        return PySet_New((PyObject *)view_dict(view));
    return PySet_New(view);
}

static PyObject *view_with_method(PyObject *self, PyObject *other, const char *method) {
    PyObject *set = view_to_set(self);
    if (set == NULL)
        return NULL;
    PyObject *r = PyObject_CallMethod(set, method, "(O)", other);
    if (r == NULL)
        Py_CLEAR(set);
    Py_XDECREF(r);
    return set;
}

static PyObject *view_sub(PyObject *a, PyObject *b) { return view_with_method(a, b, "difference_update"); }
static PyObject *view_xor(PyObject *a, PyObject *b) { return view_with_method(a, b, "symmetric_difference_update"); }

static PyObject *view_or(PyObject *a, PyObject *b) {
    PyObject *set = view_to_set(a);
    if (set != NULL && _PySet_Update(set, b) < 0)
        Py_CLEAR(set);
    return set;
}

PyObject *_PyDictView_Intersect(PyObject *self, PyObject *other) {
    /* As an operator the view may be on either side. */
    if (!PyDictViewSet_Check(self)) {
        PyObject *t = self;
        self = other;
        other = t;
    }
    /* Go over the shorter of two views, and over the other operand otherwise. */
    if (PyDictViewSet_Check(other) && view_length(other) > view_length(self)) {
        PyObject *t = self;
        self = other;
        other = t;
    }
    /* A set that is not shorter: let it do the work, it knows its hashes. */
    if (PySet_CheckExact(other) && PyObject_Size(other) >= view_length(self))
        return PyObject_CallMethodOneArg(other, KR_STR(intersection), self);
    PyObject *it = PyObject_GetIter(other), *item;
    if (it == NULL)
        return NULL;
    PyObject *result = PySet_New(NULL);
    if (result == NULL) {
        Py_DECREF(it);
        return NULL;
    }
    int failed;
    while ((item = kr_iter_next(it, &failed)) != NULL) {
        int r = PySequence_Contains(self, item);
        if (r > 0)
            r = PySet_Add(result, item);
        Py_DECREF(item);
        if (r < 0) {
            failed = -1;
            break;
        }
    }
    Py_DECREF(it);
    if (failed)
        Py_CLEAR(result);
    return result;
}

static PyNumberMethods view_as_number = {
    .nb_subtract = view_sub, .nb_and = _PyDictView_Intersect, .nb_xor = view_xor, .nb_or = view_or};

static PyObject *view_isdisjoint(PyObject *self, PyObject *other) {
    if (self == other)
        return PyBool_FromLong(view_length(self) == 0);
    if (PyAnySet_CheckExact(other) || PyDictViewSet_Check(other)) {
        Py_ssize_t n = view_length(self), m = PyObject_Size(other);
        if (m < 0)
            return NULL;
        if (m > n) {
            PyObject *t = other;
            other = self;
            self = t;
        }
    }
    PyObject *it = PyObject_GetIter(other), *item;
    if (it == NULL)
        return NULL;
    int failed = 0, found = 0;
    while (found == 0 && (item = kr_iter_next(it, &failed)) != NULL) {
        found = PySequence_Contains(self, item);
        Py_DECREF(item);
    }
    Py_DECREF(it);
    return found < 0 || failed ? NULL : PyBool_FromLong(!found);
}

/* ------------------------------------------------------------------ the three types */

static int keys_contains(PyObject *self, PyObject *key) { return PyDict_Contains((PyObject *)view_dict(self), key); }

static int items_contains(PyObject *self, PyObject *item) {
    if (!PyTuple_Check(item) || Py_SIZE(item) != 2)
        return 0;
    PyObject *found = PyDict_GetItemWithError((PyObject *)view_dict(self), PyTuple_GET_ITEM(item, 0));
    if (found == NULL)
        return PyErr_Occurred() ? -1 : 0;
    Py_INCREF(found);
    int eq = kr_equal(found, PyTuple_GET_ITEM(item, 1));
    Py_DECREF(found);
    return eq;
}

#define VIEW_ITERATORS(name, forward, backward) \
    static PyObject *name##_iter(PyObject *self) { return kr_dict_iter_new(view_dict(self), &forward); } \
    static PyObject *name##_reversed(PyObject *self, PyObject *unused) { return kr_dict_iter_new(view_dict(self), &backward); }
VIEW_ITERATORS(keys, PyDictIterKey_Type, PyDictRevIterKey_Type)
VIEW_ITERATORS(values, PyDictIterValue_Type, PyDictRevIterValue_Type)
VIEW_ITERATORS(items, PyDictIterItem_Type, PyDictRevIterItem_Type)

#define ISDISJOINT_METHOD \
    {"isdisjoint", view_isdisjoint, METH_O, PyDoc_STR("Whether the view and the iterable have nothing in common.")}
#define REVERSED_METHOD(name, what) \
    {"__reversed__", name##_reversed, METH_NOARGS, PyDoc_STR("An iterator over the " what ", last one first.")}

static PyMethodDef keys_methods[] = {ISDISJOINT_METHOD, REVERSED_METHOD(keys, "keys"), {NULL, NULL, 0, NULL}};
static PyMethodDef values_methods[] = {REVERSED_METHOD(values, "values"), {NULL, NULL, 0, NULL}};
static PyMethodDef items_methods[] = {ISDISJOINT_METHOD, REVERSED_METHOD(items, "items"), {NULL, NULL, 0, NULL}};

static PySequenceMethods keys_as_sequence = {.sq_length = view_length, .sq_contains = keys_contains};
static PySequenceMethods values_as_sequence = {.sq_length = view_length};
static PySequenceMethods items_as_sequence = {.sq_length = view_length, .sq_contains = items_contains};

PyTypeObject PyDictKeys_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "dict_keys",
    .tp_basicsize = sizeof(_PyDictViewObject),
    .tp_dealloc = kr_dictview_dealloc,
    .tp_repr = view_repr,
    .tp_as_number = &view_as_number,
    .tp_as_sequence = &keys_as_sequence,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = kr_dictview_traverse,
    .tp_richcompare = view_richcompare,
    .tp_iter = keys_iter,
    .tp_methods = keys_methods,
    .tp_getset = view_getset,
};

PyTypeObject PyDictItems_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "dict_items",
    .tp_basicsize = sizeof(_PyDictViewObject),
    .tp_dealloc = kr_dictview_dealloc,
    .tp_repr = view_repr,
    .tp_as_number = &view_as_number,
    .tp_as_sequence = &items_as_sequence,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = kr_dictview_traverse,
    .tp_richcompare = view_richcompare,
    .tp_iter = items_iter,
    .tp_methods = items_methods,
    .tp_getset = view_getset,
};

PyTypeObject PyDictValues_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "dict_values",
    .tp_basicsize = sizeof(_PyDictViewObject),
    .tp_dealloc = kr_dictview_dealloc,
    .tp_repr = view_repr,
    .tp_as_sequence = &values_as_sequence,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = kr_dictview_traverse,
    .tp_iter = values_iter,
    .tp_methods = values_methods,
    .tp_getset = view_getset,
};
