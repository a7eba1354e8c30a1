/* dict_type.c - the type dict: protocols and methods over the C API of dict.c. */
#include "object/dict_keys.h"
#include "memory/gc.h"

/* ------------------------------------------------------------------ lifecycle */

static void dict_dealloc(PyObject *self) {
    PyDictObject *d = (PyDictObject *)self;
    KR_FORGET(self);
    KR_TRASHCAN_BEGIN(self, dict_dealloc)
    PyDictKeysObject *k = d->ma_keys;
    if (d->ma_values != NULL)
        kr_values_free(d->ma_values);
    if (k != NULL)
        kr_keys_decref(k);
    KrContainerState *s = &kr_interp()->container;
    if (KR_FREE_LISTS && s->dict_free_count < KR_FREE_MAX && PyDict_CheckExact(self))
        s->dict_free[s->dict_free_count++] = d;
    else
        Py_TYPE(self)->tp_free(self);
    KR_TRASHCAN_END
}

int kr_dict_traverse(PyObject *self, visitproc visit, void *arg) {
    PyDictObject *d = (PyDictObject *)self;
    PyDictKeysObject *k = d->ma_keys;
    if (d->ma_values != NULL) {
        for (int i = 0; i < kr_values_size(d->ma_values); i++)
            Py_VISIT(d->ma_values->values[kr_values_order(d->ma_values, i)]);
    } else if (k == NULL) {
        return 0;
    } else if (k->kind == KR_KEYS_GENERAL) {
        KrDictEntry *e = kr_keys_entries(k);
        for (Py_ssize_t i = 0; i < k->nentries; i++) {
            Py_VISIT(e[i].value);
            Py_VISIT(e[i].key);
        }
    } else {
        KrDictUnicodeEntry *e = kr_keys_unicode_entries(k);
        for (Py_ssize_t i = 0; i < k->nentries; i++)
            Py_VISIT(e[i].value);
    }
    return 0;
}

static int dict_tp_clear(PyObject *self) {
    PyDict_Clear(self);
    return 0;
}

static PyObject *dict_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyDictObject *d = (PyDictObject *)type->tp_alloc(type, 0);
    if (d == NULL)
        return NULL;
    d->ma_used = 0;
    d->ma_keys = KR_EMPTY_KEYS;
    d->ma_values = NULL;
    kr_dict_touch(d);
    if (type == &PyDict_Type)
        KR_FORGET(d);       /* tracked when there is reason to */
    return (PyObject *)d;
}

static int dict_init(PyObject *self, PyObject *args, PyObject *kwargs) {
    return kr_dict_update_args(self, args, kwargs, "dict");
}

static PyObject *dict_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    if (!_PyArg_CheckPositional("dict", nargs, 0, 1))
        return NULL;
    PyObject *self = (PyTypeObject *)type == &PyDict_Type ? PyDict_New() : dict_new((PyTypeObject *)type, NULL, NULL);
    if (self == NULL)
        return NULL;
    if (nargs == 1 && kr_dict_update_from(self, args[0]) < 0)
        goto error;
    for (Py_ssize_t i = 0; kwnames != NULL && i < PyTuple_GET_SIZE(kwnames); i++)
        if (PyDict_SetItem(self, PyTuple_GET_ITEM(kwnames, i), args[nargs + i]) < 0)
            goto error;
    return self;
error:
    Py_DECREF(self);
    return NULL;
}

/* ------------------------------------------------------------------ protocols */

static PyObject *dict_repr(PyObject *self) {
    PyDictObject *d = (PyDictObject *)self;
    int r = Py_ReprEnter(self);
    if (r != 0)
        return r > 0 ? PyUnicode_FromString("{...}") : NULL;
    if (d->ma_used == 0) {
        Py_ReprLeave(self);
        return PyUnicode_FromString("{}");
    }
    _PyUnicodeWriter w;
    _PyUnicodeWriter_Init(&w);
    w.overallocate = 1;
    w.min_length = 6 * d->ma_used;
    if (_PyUnicodeWriter_WriteChar(&w, '{') < 0)
        goto error;
    PyObject *key, *value;
    bool first = true;
    for (Py_ssize_t pos = 0; kr_dict_next(d, &pos, &key, &value, NULL); first = false) {
        Py_INCREF(key);
        Py_INCREF(value);
        PyObject *ks = PyObject_Repr(key), *vs = ks == NULL ? NULL : PyObject_Repr(value);
        Py_DECREF(key);
        Py_DECREF(value);
        bool ok = vs != NULL && (first || _PyUnicodeWriter_WriteASCIIString(&w, ", ", 2) == 0) &&
                  _PyUnicodeWriter_WriteStr(&w, ks) == 0 && _PyUnicodeWriter_WriteASCIIString(&w, ": ", 2) == 0 &&
                  _PyUnicodeWriter_WriteStr(&w, vs) == 0;
        Py_XDECREF(ks);
        Py_XDECREF(vs);
        if (!ok)
            goto error;
    }
    w.overallocate = 0;
    if (_PyUnicodeWriter_WriteChar(&w, '}') < 0)
        goto error;
    Py_ReprLeave(self);
    return _PyUnicodeWriter_Finish(&w);
error:
    _PyUnicodeWriter_Dealloc(&w);
    Py_ReprLeave(self);
    return NULL;
}

static Py_ssize_t dict_length(PyObject *self) { return ((PyDictObject *)self)->ma_used; }

static PyObject *dict_subscript(PyObject *self, PyObject *key) {
    PyObject *value;
    Py_hash_t hash = kr_hash(key);
    if (hash == -1)
        return NULL;
    Py_ssize_t ix = kr_dict_lookup((PyDictObject *)self, key, hash, &value);
    if (ix >= 0)
        return Py_NewRef(value);
    if (ix == KR_DICT_ERROR)
        return NULL;
    if (!PyDict_CheckExact(self)) {
        PyObject *missing = kr_special_lookup(self, KR_STR(__missing__));
        if (missing != NULL) {
            PyObject *result = PyObject_CallOneArg(missing, key);
            Py_DECREF(missing);
            return result;
        }
        if (PyErr_Occurred())
            return NULL;
    }
    _PyErr_SetKeyError(key);
    return NULL;
}

static int dict_ass_subscript(PyObject *self, PyObject *key, PyObject *value) {
    return value == NULL ? PyDict_DelItem(self, key) : PyDict_SetItem(self, key, value);
}

/* Equality, by looking every key of a up in b: 1, 0, or -1. */
static int dict_equal(PyDictObject *a, PyDictObject *b) {
    if (a->ma_used != b->ma_used)
        return 0;
    PyObject *key, *x, *y;
    Py_hash_t hash;
    for (Py_ssize_t pos = 0; kr_dict_next(a, &pos, &key, &x, &hash);) {
        Py_INCREF(key);
        Py_INCREF(x);
        Py_ssize_t ix = kr_dict_lookup(b, key, hash, &y);
        int eq = ix == KR_DICT_ERROR ? -1 : 0;
        if (ix >= 0) {
            Py_INCREF(y);
            eq = kr_equal(x, y);
            Py_DECREF(y);
        }
        Py_DECREF(key);
        Py_DECREF(x);
        if (eq <= 0)
            return eq;
    }
    return 1;
}

static PyObject *dict_richcompare(PyObject *a, PyObject *b, int op) {
    if (!PyDict_Check(a) || !PyDict_Check(b) || (op != Py_EQ && op != Py_NE))
        Py_RETURN_NOTIMPLEMENTED;
    int eq = dict_equal((PyDictObject *)a, (PyDictObject *)b);
    return eq < 0 ? NULL : PyBool_FromLong(eq == (op == Py_EQ));
}

static PyObject *dict_or(PyObject *a, PyObject *b) {
    if (!PyDict_Check(a) || !PyDict_Check(b))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject *d = PyDict_Copy(a);
    if (d != NULL && kr_dict_update_from(d, b) < 0)
        Py_CLEAR(d);
    return d;
}

static PyObject *dict_inplace_or(PyObject *self, PyObject *other) {
    return kr_dict_update_from(self, other) < 0 ? NULL : Py_NewRef(self);
}

/* ------------------------------------------------------------------ methods */

static PyObject *dict_contains_method(PyObject *self, PyObject *key) {
    int r = PyDict_Contains(self, key);
    return r < 0 ? NULL : PyBool_FromLong(r);
}

static PyObject *dict_get(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("get", nargs, 1, 2))
        return NULL;
    PyObject *value;
    Py_hash_t hash = kr_hash(args[0]);
    if (hash == -1)
        return NULL;
    Py_ssize_t ix = kr_dict_lookup((PyDictObject *)self, args[0], hash, &value);
    if (ix == KR_DICT_ERROR)
        return NULL;
    if (ix == KR_DICT_ABSENT)
        value = nargs > 1 ? args[1] : Py_None;
    return Py_NewRef(value);
}

static PyObject *dict_setdefault(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("setdefault", nargs, 1, 2))
        return NULL;
    return Py_XNewRef(PyDict_SetDefault(self, args[0], nargs > 1 ? args[1] : Py_None));
}

static PyObject *dict_pop(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("pop", nargs, 1, 2))
        return NULL;
    return _PyDict_Pop(self, args[0], nargs > 1 ? args[1] : NULL);
}

static PyObject *dict_popitem(PyObject *self, PyObject *unused) {
    PyDictObject *d = (PyDictObject *)self;
    PyObject *pair = PyTuple_New(2);        /* first: a collection may empty the dict */
    if (pair == NULL)
        return NULL;
    if (d->ma_used == 0) {
        Py_DECREF(pair);
        PyErr_SetString(PyExc_KeyError, "popitem(): dictionary is empty");
        return NULL;
    }
    if (kr_dict_unsplit(d) < 0) {
        Py_DECREF(pair);
        return NULL;
    }
    PyObject *key, *value;
    Py_ssize_t pos = kr_dict_end(d);
    kr_dict_previous(d, &pos, &key, &value);
    value = kr_dict_remove(d, pos, kr_keys_hash(d->ma_keys, pos), &key);
    d->ma_keys->nentries = pos;     /* the next popitem() need not walk over the holes; their room comes back with the next growth */
    PyTuple_SET_ITEM(pair, 0, key);
    PyTuple_SET_ITEM(pair, 1, value);
    return pair;
}

static PyObject *dict_update(PyObject *self, PyObject *args, PyObject *kwargs) {
    if (kr_dict_update_args(self, args, kwargs, "update") < 0)
        return NULL;
    Py_RETURN_NONE;
}

PyObject *kr_dict_from_keys(PyObject *cls, PyObject *iterable, PyObject *value) {
    PyObject *d = PyObject_CallNoArgs(cls), *it = NULL;
    if (d == NULL)
        return NULL;
    bool exact = PyDict_CheckExact(d);
    if (exact && ((PyDictObject *)d)->ma_used == 0) {
        PyObject *key, *ignored;
        Py_hash_t hash;
        Py_ssize_t pos = 0;
        if (PyDict_CheckExact(iterable)) {
            while (kr_dict_next((PyDictObject *)iterable, &pos, &key, &ignored, &hash))
                if (kr_dict_insert((PyDictObject *)d, key, hash, value) < 0)
                    goto error;
            return d;
        }
        if (PyAnySet_CheckExact(iterable)) {
            while (_PySet_NextEntry(iterable, &pos, &key, &hash))
                if (kr_dict_insert((PyDictObject *)d, key, hash, value) < 0)
                    goto error;
            return d;
        }
    }
    if ((it = PyObject_GetIter(iterable)) == NULL)
        goto error;
    int failed;
    PyObject *key;
    while ((key = kr_iter_next(it, &failed)) != NULL) {
        int r = exact ? PyDict_SetItem(d, key, value) : PyObject_SetItem(d, key, value);
        Py_DECREF(key);
        if (r < 0)
            goto error;
    }
    if (failed)
        goto error;
    Py_DECREF(it);
    return d;
error:
    Py_XDECREF(it);
    Py_DECREF(d);
    return NULL;
}

static PyObject *dict_fromkeys(PyObject *cls, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("fromkeys", nargs, 1, 2))
        return NULL;
    return kr_dict_from_keys(cls, args[0], nargs > 1 ? args[1] : Py_None);
}

static PyObject *dict_clear(PyObject *self, PyObject *unused) {
    PyDict_Clear(self);
    Py_RETURN_NONE;
}

static PyObject *dict_copy(PyObject *self, PyObject *unused) { return PyDict_Copy(self); }

static PyObject *dict_sizeof(PyObject *self, PyObject *unused) {
    return PyLong_FromSsize_t(_PyDict_SizeOf((PyDictObject *)self));
}

static PyObject *dict_reversed(PyObject *self, PyObject *unused) {
    return kr_dict_iter_new((PyDictObject *)self, &PyDictRevIterKey_Type);
}

static PyMethodDef dict_methods[] = {
    {"__contains__", dict_contains_method, METH_O | METH_COEXIST, PyDoc_STR("__contains__($self, key, /)\n--\n\nWhether the key is there.")},
    {"__getitem__", dict_subscript, METH_O | METH_COEXIST, PyDoc_STR("__getitem__($self, key, /)\n--\n\nReturn self[key].")},
    {"__sizeof__", dict_sizeof, METH_NOARGS, PyDoc_STR("Bytes of memory the dict takes.")},
    {"get", KR_METH(dict_get), METH_FASTCALL, PyDoc_STR("get($self, key, default=None, /)\n--\n\nThe key's value, or default if it is not there.")},
    {"setdefault", KR_METH(dict_setdefault), METH_FASTCALL,
     PyDoc_STR("setdefault($self, key, default=None, /)\n--\n\nThe key's value; a missing key is first added with default.")},
    {"pop", KR_METH(dict_pop), METH_FASTCALL,
     PyDoc_STR("pop($self, key, default=<unrepresentable>, /)\n--\n\n"
               "D.pop(k[,d]) -> v, take the key out and return its value.\n\nA missing key gives d, or KeyError without it.")},
    {"popitem", dict_popitem, METH_NOARGS,
     PyDoc_STR("popitem($self, /)\n--\n\nTake out the pair that was added last, as a tuple.\n\nRaises KeyError when the dict is empty.")},
    {"keys", kr_dict_keys_view, METH_NOARGS, PyDoc_STR("D.keys() -> a set-like view of the keys")},
    {"items", kr_dict_items_view, METH_NOARGS, PyDoc_STR("D.items() -> a set-like view of the (key, value) pairs")},
    {"values", kr_dict_values_view, METH_NOARGS, PyDoc_STR("D.values() -> a view of the values")},
    {"update", KR_METH(dict_update), METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("D.update([E, ]**F) -> None.  Add what is in E (a mapping, or pairs) and in F.")},
    {"fromkeys", KR_METH(dict_fromkeys), METH_FASTCALL | METH_CLASS,
     PyDoc_STR("fromkeys($type, iterable, value=None, /)\n--\n\nA new dict with the iterable's items as keys, all of one value.")},
    {"clear", dict_clear, METH_NOARGS, PyDoc_STR("D.clear() -> None.  Remove everything.")},
    {"copy", dict_copy, METH_NOARGS, PyDoc_STR("D.copy() -> a shallow copy")},
    {"__reversed__", dict_reversed, METH_NOARGS, PyDoc_STR("__reversed__($self, /)\n--\n\nAn iterator over the keys, last one first.")},
    KR_CLASS_GETITEM_METHOD,
    {NULL, NULL, 0, NULL}};

static PySequenceMethods dict_as_sequence = {.sq_contains = PyDict_Contains};
static PyMappingMethods dict_as_mapping = {
    .mp_length = dict_length, .mp_subscript = dict_subscript, .mp_ass_subscript = dict_ass_subscript};
static PyNumberMethods dict_as_number = {.nb_or = dict_or, .nb_inplace_or = dict_inplace_or};

PyTypeObject PyDict_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "dict",
    .tp_basicsize = sizeof(PyDictObject),
    .tp_dealloc = dict_dealloc,
    .tp_repr = dict_repr,
    .tp_as_number = &dict_as_number,
    .tp_as_sequence = &dict_as_sequence,
    .tp_as_mapping = &dict_as_mapping,
    .tp_hash = PyObject_HashNotImplemented,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DICT_SUBCLASS |
                _Py_TPFLAGS_MATCH_SELF | Py_TPFLAGS_MAPPING,
    .tp_doc = PyDoc_STR("dict() -> an empty dict\n"
                        "dict(mapping) -> a dict with the mapping's keys and values\n"
                        "dict(iterable) -> a dict of the iterable's (key, value) pairs\n"
                        "dict(**kwargs) -> a dict of the keyword arguments"),
    .tp_traverse = kr_dict_traverse,
    .tp_clear = dict_tp_clear,
    .tp_richcompare = dict_richcompare,
    .tp_iter = kr_dict_iter,
    .tp_methods = dict_methods,
    .tp_init = dict_init,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = dict_new,
    .tp_free = PyObject_GC_Del,
    .tp_vectorcall = dict_vectorcall,
};
