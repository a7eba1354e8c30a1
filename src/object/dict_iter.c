/* dict_iter.c - iterators over a dict's keys, values and items, both ways.
 *
 * All six share one struct. An iterator notices that the dict changed size, and says so at every later step; it ends for good
 * when it has reached the end. The items iterators hand out one pair object again and again as long as the caller
 * drops it each time.
 */
#include "object/dict_iter.h"

PyObject *kr_dict_iter_new(PyDictObject *d, PyTypeObject *type) {
    bool items = type == &PyDictIterItem_Type || type == &PyDictRevIterItem_Type;
    bool backwards = type == &PyDictRevIterKey_Type || type == &PyDictRevIterValue_Type || type == &PyDictRevIterItem_Type;
    PyObject *pair = NULL;
    if (items && (pair = PyTuple_Pack(2, Py_None, Py_None)) == NULL)
        return NULL;
    KrDictIter *it = PyObject_GC_New(KrDictIter, type);
    if (it == NULL) {
        Py_XDECREF(pair);
        return NULL;
    }
    it->dict = (PyDictObject *)Py_NewRef(d);
    it->used = it->remaining = d->ma_used;
    it->pos = backwards ? kr_dict_end(d) : 0;
    it->result = pair;
    KR_TRACK(it);
    return (PyObject *)it;
}

PyObject *kr_dict_iter(PyObject *d) { return kr_dict_iter_new((PyDictObject *)d, &PyDictIterKey_Type); }

static void dictiter_dealloc(PyObject *self) {
    KrDictIter *it = (KrDictIter *)self;
    KR_FORGET(self);
    Py_XDECREF(it->dict);
    Py_XDECREF(it->result);
    PyObject_GC_Del(self);
}

static int dictiter_traverse(PyObject *self, visitproc visit, void *arg) {
    KrDictIter *it = (KrDictIter *)self;
    Py_VISIT(it->dict);
    Py_VISIT(it->result);
    return 0;
}

KR_INLINE bool dictiter_step(KrDictIter *it, PyObject **key, PyObject **value, const bool backwards) {
    PyDictObject *d = it->dict;
    if (d == NULL)
        return false;
    if (KR_UNLIKELY(it->used != d->ma_used)) {
        PyErr_SetString(PyExc_RuntimeError, "dictionary changed size during iteration");
        it->used = -1;
        return false;
    }
    bool more = backwards ? kr_dict_previous(d, &it->pos, key, value) : kr_dict_next(d, &it->pos, key, value, NULL);
    if (more) {
        /* As many were deleted as added: the size is the same, but there are more entries than there were. */
        if (KR_UNLIKELY(it->remaining == 0)) {
            PyErr_SetString(PyExc_RuntimeError, "dictionary keys changed during iteration");
            it->dict = NULL;
            Py_DECREF(d);
            return false;
        }
        it->remaining--;
        return true;
    }
    it->dict = NULL;
    Py_DECREF(d);
    return false;
}

bool kr_dict_iter_step(KrDictIter *it, PyObject **key, PyObject **value) { return dictiter_step(it, key, value, false); }

KR_INLINE PyObject *dictiter_pair(KrDictIter *it, PyObject *key, PyObject *value) {
    PyObject *pair = it->result;
    Py_INCREF(key);
    Py_INCREF(value);
    if (Py_REFCNT(pair) == 1) {
        PyObject *old_key = PyTuple_GET_ITEM(pair, 0), *old_value = PyTuple_GET_ITEM(pair, 1);
        PyTuple_SET_ITEM(pair, 0, key);
        PyTuple_SET_ITEM(pair, 1, value);
        Py_INCREF(pair);
        Py_DECREF(old_key);
        Py_DECREF(old_value);
        /* The collector may have untracked the pair for what it held before. */
        if (!kr_gc_is_tracked(pair))
            kr_gc_track(pair);
        return pair;
    }
    PyObject *fresh = PyTuple_New(2);
    if (fresh == NULL) {
        Py_DECREF(key);
        Py_DECREF(value);
        return NULL;
    }
    PyTuple_SET_ITEM(fresh, 0, key);
    PyTuple_SET_ITEM(fresh, 1, value);
    return fresh;
}

#define DICT_ITERATOR_NEXTS(name, backwards) \
    static PyObject *name##_key(PyObject *self) { \
        PyObject *key, *value; \
        return dictiter_step((KrDictIter *)self, &key, &value, backwards) ? Py_NewRef(key) : NULL; \
    } \
    static PyObject *name##_value(PyObject *self) { \
        PyObject *key, *value; \
        return dictiter_step((KrDictIter *)self, &key, &value, backwards) ? Py_NewRef(value) : NULL; \
    } \
    static PyObject *name##_item(PyObject *self) { \
        PyObject *key, *value; \
        return dictiter_step((KrDictIter *)self, &key, &value, backwards) ? dictiter_pair((KrDictIter *)self, key, value) : NULL; \
    }
DICT_ITERATOR_NEXTS(next, false)
DICT_ITERATOR_NEXTS(previous, true)

bool kr_dict_item_pair(PyObject *it, PyObject *pair[2]) {
    if (!dictiter_step((KrDictIter *)it, &pair[0], &pair[1], false))
        return false;
    Py_INCREF(pair[0]);
    Py_INCREF(pair[1]);
    return true;
}

static PyObject *dictiter_length_hint(PyObject *self, PyObject *unused) {
    KrDictIter *it = (KrDictIter *)self;
    return PyLong_FromSsize_t(it->dict != NULL && it->used == it->dict->ma_used ? it->remaining : 0);
}

/* iter(list of what is left), leaving this iterator where it is. */
static PyObject *dictiter_reduce(PyObject *self, PyObject *unused) {
    KrDictIter ahead = *(KrDictIter *)self;
    PyObject *list = PyList_New(0);
    if (list == NULL)
        return NULL;
    Py_XINCREF(ahead.dict);
    PyTypeObject *type = Py_TYPE(self);
    bool backwards = type == &PyDictRevIterKey_Type || type == &PyDictRevIterValue_Type || type == &PyDictRevIterItem_Type;
    PyObject *key, *value;
    while (backwards ? dictiter_step(&ahead, &key, &value, true) : dictiter_step(&ahead, &key, &value, false)) {
        PyObject *item;
        if (type == &PyDictIterItem_Type || type == &PyDictRevIterItem_Type)
            item = PyTuple_Pack(2, key, value);
        else
            item = Py_NewRef(type == &PyDictIterKey_Type || type == &PyDictRevIterKey_Type ? key : value);
        if (item == NULL || PyList_Append(list, item) < 0) {
            Py_XDECREF(item);
            goto error;
        }
        Py_DECREF(item);
    }
    if (PyErr_Occurred())
        goto error;
    return Py_BuildValue("N(N)", kr_builtin("iter"), list);
error:
    Py_XDECREF(ahead.dict);
    Py_DECREF(list);
    return NULL;
}

static PyMethodDef dictiter_methods[] = {
    {"__length_hint__", dictiter_length_hint, METH_NOARGS, PyDoc_STR("Private method: how many items are left.")},
    {"__reduce__", dictiter_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")},
    {NULL, NULL, 0, NULL}};

#define DICT_ITERATOR_TYPE(type, name, next) \
    PyTypeObject type = { \
        KR_STATIC_TYPE_HEAD \
        .tp_name = name, \
        .tp_basicsize = sizeof(KrDictIter), \
        .tp_dealloc = dictiter_dealloc, \
        .tp_getattro = PyObject_GenericGetAttr, \
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, \
        .tp_traverse = dictiter_traverse, \
        .tp_iter = PyObject_SelfIter, \
        .tp_iternext = next, \
        .tp_methods = dictiter_methods, \
    };
DICT_ITERATOR_TYPE(PyDictIterKey_Type, "dict_keyiterator", next_key)
DICT_ITERATOR_TYPE(PyDictIterValue_Type, "dict_valueiterator", next_value)
DICT_ITERATOR_TYPE(PyDictIterItem_Type, "dict_itemiterator", next_item)
DICT_ITERATOR_TYPE(PyDictRevIterKey_Type, "dict_reversekeyiterator", previous_key)
DICT_ITERATOR_TYPE(PyDictRevIterValue_Type, "dict_reversevalueiterator", previous_value)
DICT_ITERATOR_TYPE(PyDictRevIterItem_Type, "dict_reverseitemiterator", previous_item)
