/* object_type.c - the type `object`: construction and its argument checks, default methods, pickling.
 *
 * Arguments that neither __new__ nor __init__ was overridden to take are refused, by whichever of the two is object's own. */
#include "object/type.h"
#include "object/instance.h"

/* ------------------------------------------------------------------ construction */

static bool has_arguments(PyObject *args, PyObject *kwds) {
    return PyTuple_GET_SIZE(args) != 0 || (kwds != NULL && PyDict_Check(kwds) && PyDict_GET_SIZE(kwds) != 0);
}

int kr_object_init(PyObject *self, PyObject *args, PyObject *kwds) {
    PyTypeObject *t = Py_TYPE(self);
    if (!has_arguments(args, kwds))
        return 0;
    if (t->tp_init != kr_object_init) {
        PyErr_SetString(PyExc_TypeError, "object.__init__() takes exactly one argument (the instance to initialize)");
        return -1;
    }
    if (t->tp_new == kr_object_new) {
        PyErr_Format(PyExc_TypeError, "%.200s.__init__() takes exactly one argument (the instance to initialize)", t->tp_name);
        return -1;
    }
    return 0;
}

static PyObject *raise_abstract(PyTypeObject *t) {
    PyObject *set = PyObject_GetAttr((PyObject *)t, KR_STR(__abstractmethods__)), *names = NULL, *sep = NULL, *joined = NULL;
    if (set == NULL)
        return NULL;
    names = PySequence_List(set);
    Py_DECREF(set);
    if (names != NULL && PyList_Sort(names) == 0 && (sep = PyUnicode_FromString(", ")) != NULL &&
        (joined = PyUnicode_Join(sep, names)) != NULL)
        PyErr_Format(PyExc_TypeError, "Can't instantiate abstract class %s with abstract method%s %U", t->tp_name,
                     PyList_GET_SIZE(names) > 1 ? "s" : "", joined);
    Py_XDECREF(names);
    Py_XDECREF(sep);
    Py_XDECREF(joined);
    return NULL;
}

PyObject *kr_object_new(PyTypeObject *t, PyObject *args, PyObject *kwds) {
    if (has_arguments(args, kwds)) {
        if (t->tp_new != kr_object_new) {
            PyErr_SetString(PyExc_TypeError, "object.__new__() takes exactly one argument (the type to instantiate)");
            return NULL;
        }
        if (t->tp_init == kr_object_init) {
            PyErr_Format(PyExc_TypeError, "%.200s() takes no arguments", t->tp_name);
            return NULL;
        }
    }
    if (KR_UNLIKELY(t->tp_flags & Py_TPFLAGS_IS_ABSTRACT))
        return raise_abstract(t);
    return t->tp_alloc(t, 0);
}

static void object_dealloc(PyObject *self) { Py_TYPE(self)->tp_free(self); }

/* ------------------------------------------------------------------ protocols */

static PyObject *object_repr(PyObject *self) {
    PyTypeObject *t = Py_TYPE(self);
    PyObject *module = kr_type_module(t), *r;
    if (module == NULL)
        PyErr_Clear();
    else if (!PyUnicode_Check(module))
        Py_CLEAR(module);
    PyObject *qualname = kr_type_qualname(t);
    if (qualname == NULL) {
        Py_XDECREF(module);
        return NULL;
    }
    if (module != NULL && !_PyUnicode_Equal(module, KR_STR(builtins)))
        r = PyUnicode_FromFormat("<%U.%U object at %p>", module, qualname, self);
    else
        r = PyUnicode_FromFormat("<%s object at %p>", t->tp_name, self);
    Py_XDECREF(module);
    Py_DECREF(qualname);
    return r;
}

static PyObject *object_str(PyObject *self) {
    reprfunc f = Py_TYPE(self)->tp_repr;
    return f == NULL ? object_repr(self) : f(self);
}

static PyObject *object_richcompare(PyObject *self, PyObject *other, int op) {
    if (op == Py_EQ && self == other)
        Py_RETURN_TRUE;
    if (op == Py_NE && Py_TYPE(self)->tp_richcompare != NULL) {     /* the inverse of == unless that is NotImplemented */
        PyObject *r = Py_TYPE(self)->tp_richcompare(self, other, Py_EQ);
        if (r == NULL || r == Py_NotImplemented)
            return r;
        int truth = PyObject_IsTrue(r);
        Py_DECREF(r);
        return truth < 0 ? NULL : PyBool_FromLong(!truth);
    }
    Py_RETURN_NOTIMPLEMENTED;
}

static Py_hash_t object_hash(PyObject *self) { return _Py_HashPointer(self); }

static PyObject *object_get_class(PyObject *self, void *unused) { return Py_NewRef((PyObject *)Py_TYPE(self)); }

/* ------------------------------------------------------------------ pickling */

static PyObject *import_copyreg(void) {
    PyObject *m = PyImport_GetModule(KR_STR(copyreg));
    return m != NULL || PyErr_Occurred() ? m : PyImport_Import(KR_STR(copyreg));
}

/* Whether getattr(o, name) is certain to be the method of that name that object has. */
static bool has_objects_own(PyObject *o, PyObject *name) {
    PyTypeObject *t = Py_TYPE(o);
    if (t->tp_getattro != PyObject_GenericGetAttr || _PyType_Lookup(t, name) != PyDict_GetItemWithError(PyBaseObject_Type.tp_dict, name))
        return false;
    PyObject *dict;
    if (kr_has_managed_dict(o)) {
        if (*kr_instance_values_ptr(o) != NULL)
            return kr_shared_keys_find(((PyHeapTypeObject *)t)->ht_cached_keys, name) < 0;
        dict = *kr_instance_dict_ptr(o);
    } else {
        PyObject **at = _PyObject_GetDictPtr(o);
        dict = at != NULL ? *at : NULL;
    }
    if (dict == NULL || PyDict_GetItemWithError(dict, name) == NULL) {
        if (!PyErr_Occurred())
            return true;
        PyErr_Clear();
    }
    return false;
}

/* copyreg.<name>(...) looked up. */
static PyObject *copyreg_attr(PyObject *name) {
    PyObject *m = import_copyreg();
    if (m == NULL)
        return NULL;
    PyObject *r = PyObject_GetAttr(m, name);
    Py_DECREF(m);
    return r;
}

/* The names of all slots of t's classes, a list or None; copyreg keeps it in t.__slotnames__. */
static PyObject *slot_names(PyTypeObject *t) {
    PyObject *names = PyDict_GetItemWithError(t->tp_dict, KR_STR(__slotnames__));
    if (names != NULL) {
        if (names != Py_None && !PyList_Check(names)) {
            PyErr_Format(PyExc_TypeError, "%.200s.__slotnames__ should be a list or None, not %.200s", t->tp_name, Py_TYPE(names)->tp_name);
            return NULL;
        }
        return Py_NewRef(names);
    }
    if (PyErr_Occurred())
        return NULL;
    PyObject *f = copyreg_attr(KR_STR(_slotnames));
    if (f == NULL)
        return NULL;
    names = PyObject_CallOneArg(f, (PyObject *)t);
    Py_DECREF(f);
    if (names != NULL && names != Py_None && !PyList_Check(names)) {
        PyErr_SetString(PyExc_TypeError, "copyreg._slotnames didn't return a list or None");
        Py_CLEAR(names);
    }
    return names;
}

static bool instance_dict_is_empty(PyObject *o) {
    if (kr_has_managed_dict(o)) {
        PyDictValues *v = *kr_instance_values_ptr(o);
        PyObject *d = *kr_instance_dict_ptr(o);
        return v != NULL ? kr_values_size(v) == 0 : d == NULL || PyDict_GET_SIZE(d) == 0;
    }
    PyObject **p = _PyObject_GetDictPtr(o);
    return p == NULL || *p == NULL || PyDict_GET_SIZE(*p) == 0;
}

/* {name: value} of the slots that are set; NULL with an exception. */
static PyObject *slot_values(PyObject *o, PyObject *names) {
    PyObject *slots = PyDict_New();
    Py_ssize_t n = PyList_GET_SIZE(names);
    for (Py_ssize_t i = 0; slots != NULL && i < n; i++) {
        PyObject *name = Py_NewRef(PyList_GET_ITEM(names, i)), *value;
        if (_PyObject_LookupAttr(o, name, &value) < 0 || (value != NULL && PyDict_SetItem(slots, name, value) < 0))
            Py_CLEAR(slots);
        Py_XDECREF(value);
        Py_DECREF(name);
        if (slots != NULL && PyList_GET_SIZE(names) != n) {
            PyErr_Format(PyExc_RuntimeError, "__slotsname__ changed size during iteration");
            Py_CLEAR(slots);
        }
    }
    return slots;
}

/* What object.__getstate__ gives: the dict, None for an empty one, or (that, slots). required: refuse objects that have more state
 * than that in C fields. */
static PyObject *default_state(PyObject *o, bool required) {
    PyTypeObject *t = Py_TYPE(o);
    if (required && t->tp_itemsize) {
        PyErr_Format(PyExc_TypeError, "cannot pickle %.200s objects", t->tp_name);
        return NULL;
    }
    PyObject *state = instance_dict_is_empty(o) ? Py_NewRef(Py_None) : PyObject_GenericGetDict(o, NULL);
    if (state == NULL)
        return NULL;
    PyObject *names = slot_names(t);
    if (names == NULL)
        goto fail;
    if (required) {
        Py_ssize_t size = PyBaseObject_Type.tp_basicsize;
        if (t->tp_dictoffset != 0 && !(t->tp_flags & Py_TPFLAGS_MANAGED_DICT))
            size += (Py_ssize_t)sizeof(PyObject *);
        if (t->tp_weaklistoffset != 0)
            size += (Py_ssize_t)sizeof(PyObject *);
        if (names != Py_None)
            size += (Py_ssize_t)sizeof(PyObject *) * PyList_GET_SIZE(names);
        if (t->tp_basicsize > size) {
            PyErr_Format(PyExc_TypeError, "cannot pickle '%.200s' object", t->tp_name);
            goto fail;
        }
    }
    if (names != Py_None && PyList_GET_SIZE(names) > 0) {
        PyObject *slots = slot_values(o, names);
        if (slots == NULL)
            goto fail;
        if (PyDict_GET_SIZE(slots) > 0) {
            PyObject *pair = PyTuple_Pack(2, state, slots);
            Py_SETREF(state, pair);
        }
        Py_DECREF(slots);
    }
    Py_DECREF(names);
    return state;
fail:
    Py_XDECREF(names);
    Py_DECREF(state);
    return NULL;
}

static PyObject *object_getstate(PyObject *self, PyObject *unused) { return default_state(self, false); }

/* o.__getstate__(), with the check of `required` when that is object's own. */
static PyObject *get_state(PyObject *o, bool required) {
    if (has_objects_own(o, KR_STR(__getstate__)))
        return default_state(o, required);
    PyObject *method = PyObject_GetAttr(o, KR_STR(__getstate__)), *r;
    if (method == NULL)
        return NULL;
    if (PyCFunction_Check(method) && PyCFunction_GET_SELF(method) == o && PyCFunction_GET_FUNCTION(method) == object_getstate)
        r = default_state(o, required);
    else
        r = PyObject_CallNoArgs(method);
    Py_DECREF(method);
    return r;
}
PyObject *_PyObject_GetState(PyObject *o) { return get_state(o, false); }

/* The arguments for __new__ as __getnewargs_ex__ or __getnewargs__ give them; both NULL without either. */
static int get_new_arguments(PyObject *o, PyObject **args, PyObject **kwargs) {
    *args = *kwargs = NULL;
    PyObject *method = kr_lookup_special(o, KR_STR(__getnewargs_ex__));
    if (method != NULL) {
        PyObject *pair = PyObject_CallNoArgs(method);
        Py_DECREF(method);
        if (pair == NULL)
            return -1;
        int r = -1;
        if (!PyTuple_Check(pair)) {
            PyErr_Format(PyExc_TypeError, "__getnewargs_ex__ should return a tuple, not '%.200s'", Py_TYPE(pair)->tp_name);
        } else if (PyTuple_GET_SIZE(pair) != 2) {
            PyErr_Format(PyExc_ValueError, "__getnewargs_ex__ should return a tuple of length 2, not %zd", PyTuple_GET_SIZE(pair));
        } else if (!PyTuple_Check(PyTuple_GET_ITEM(pair, 0))) {
            PyErr_Format(PyExc_TypeError, "first item of the tuple returned by __getnewargs_ex__ must be a tuple, not '%.200s'",
                         Py_TYPE(PyTuple_GET_ITEM(pair, 0))->tp_name);
        } else if (!PyDict_Check(PyTuple_GET_ITEM(pair, 1))) {
            PyErr_Format(PyExc_TypeError, "second item of the tuple returned by __getnewargs_ex__ must be a dict, not '%.200s'",
                         Py_TYPE(PyTuple_GET_ITEM(pair, 1))->tp_name);
        } else {
            *args = Py_NewRef(PyTuple_GET_ITEM(pair, 0));
            *kwargs = Py_NewRef(PyTuple_GET_ITEM(pair, 1));
            r = 0;
        }
        Py_DECREF(pair);
        return r;
    }
    if (PyErr_Occurred())
        return -1;
    method = kr_lookup_special(o, KR_STR(__getnewargs__));
    if (method == NULL)
        return PyErr_Occurred() ? -1 : 0;
    *args = PyObject_CallNoArgs(method);
    Py_DECREF(method);
    if (*args == NULL)
        return -1;
    if (!PyTuple_Check(*args)) {
        PyErr_Format(PyExc_TypeError, "__getnewargs__ should return a tuple, not '%.200s'", Py_TYPE(*args)->tp_name);
        Py_CLEAR(*args);
        return -1;
    }
    return 0;
}

/* Iterators over the items of list and dict subclasses, None for others. */
static int get_item_iterators(PyObject *o, PyObject **list_items, PyObject **dict_items) {
    *dict_items = NULL;
    *list_items = PyList_Check(o) ? PyObject_GetIter(o) : Py_NewRef(Py_None);
    if (*list_items == NULL)
        return -1;
    if (!PyDict_Check(o)) {
        *dict_items = Py_NewRef(Py_None);
        return 0;
    }
    PyObject *items = PyObject_CallMethodNoArgs(o, KR_STR(items));
    if (items != NULL) {
        *dict_items = PyObject_GetIter(items);
        Py_DECREF(items);
    }
    if (*dict_items == NULL) {
        Py_CLEAR(*list_items);
        return -1;
    }
    return 0;
}

/* Protocol 2 and up: (copyreg.__newobj__, (cls, *args), state, list items, dict items). */
static PyObject *reduce_newobj(PyObject *o) {
    PyObject *args = NULL, *kwargs = NULL, *function = NULL, *newargs = NULL, *state = NULL, *list_items = NULL, *dict_items = NULL;
    PyObject *result = NULL, *cls = (PyObject *)Py_TYPE(o);
    if (Py_TYPE(o)->tp_new == NULL) {
        PyErr_Format(PyExc_TypeError, "cannot pickle '%.200s' object", Py_TYPE(o)->tp_name);
        return NULL;
    }
    if (get_new_arguments(o, &args, &kwargs) < 0)
        return NULL;
    bool has_args = args != NULL;
    if (kwargs == NULL || PyDict_GET_SIZE(kwargs) == 0) {
        function = copyreg_attr(KR_STR(__newobj__));
        Py_ssize_t n = args == NULL ? 0 : PyTuple_GET_SIZE(args);
        if (function == NULL || (newargs = PyTuple_New(n + 1)) == NULL)
            goto done;
        PyTuple_SET_ITEM(newargs, 0, Py_NewRef(cls));
        for (Py_ssize_t i = 0; i < n; i++)
            PyTuple_SET_ITEM(newargs, i + 1, Py_NewRef(PyTuple_GET_ITEM(args, i)));
    } else {
        function = copyreg_attr(KR_STR(__newobj_ex__));
        if (function == NULL || (newargs = PyTuple_Pack(3, cls, args, kwargs)) == NULL)
            goto done;
    }
    state = get_state(o, !(has_args || PyList_Check(o) || PyDict_Check(o)));
    if (state != NULL && get_item_iterators(o, &list_items, &dict_items) == 0)
        result = PyTuple_Pack(5, function, newargs, state, list_items, dict_items);
done:
    Py_XDECREF(args);
    Py_XDECREF(kwargs);
    Py_XDECREF(function);
    Py_XDECREF(newargs);
    Py_XDECREF(state);
    Py_XDECREF(list_items);
    Py_XDECREF(dict_items);
    return result;
}

static PyObject *common_reduce(PyObject *self, int protocol) {
    if (protocol >= 2)
        return reduce_newobj(self);
    PyObject *m = import_copyreg();
    if (m == NULL)
        return NULL;
    PyObject *r = PyObject_CallMethod(m, "_reduce_ex", "Oi", self, protocol);
    Py_DECREF(m);
    return r;
}

static PyObject *object_reduce(PyObject *self, PyObject *unused) { return common_reduce(self, 0); }

static PyObject *object_reduce_ex(PyObject *self, PyObject *arg) {
    int protocol = _PyLong_AsInt(arg);
    if (protocol == -1 && PyErr_Occurred())
        return NULL;
    if (has_objects_own(self, KR_STR(__reduce__)))
        return common_reduce(self, protocol);
    PyObject *reduce;
    if (_PyObject_LookupAttr(self, KR_STR(__reduce__), &reduce) < 0)
        return NULL;
    if (reduce != NULL) {
        PyObject *of_class = PyObject_GetAttr((PyObject *)Py_TYPE(self), KR_STR(__reduce__));
        if (of_class == NULL) {
            Py_DECREF(reduce);
            return NULL;
        }
        bool overridden = of_class != PyDict_GetItemWithError(PyBaseObject_Type.tp_dict, KR_STR(__reduce__));
        Py_DECREF(of_class);
        if (overridden) {
            PyObject *r = PyObject_CallNoArgs(reduce);
            Py_DECREF(reduce);
            return r;
        }
        Py_DECREF(reduce);
    }
    return common_reduce(self, protocol);
}

/* ------------------------------------------------------------------ other methods */

static PyObject *object_subclasshook(PyObject *cls, PyObject *args) { Py_RETURN_NOTIMPLEMENTED; }
static PyObject *object_init_subclass(PyObject *cls, PyObject *unused) { Py_RETURN_NONE; }

static PyObject *object_format(PyObject *self, PyObject *spec) {
    if (!PyUnicode_Check(spec)) {
        PyErr_Format(PyExc_TypeError, "__format__() argument must be str, not %.50s", spec == Py_None ? "None" : Py_TYPE(spec)->tp_name);
        return NULL;
    }
    if (PyUnicode_GET_LENGTH(spec) > 0) {
        PyErr_Format(PyExc_TypeError, "unsupported format string passed to %.200s.__format__", Py_TYPE(self)->tp_name);
        return NULL;
    }
    return PyObject_Str(self);
}

static PyObject *object_sizeof(PyObject *self, PyObject *unused) {
    PyTypeObject *t = Py_TYPE(self);
    Py_ssize_t n = 0;
    if (t->tp_itemsize > 0) {
        n = Py_SIZE(self);
        n = (n < 0 ? -n : n) * t->tp_itemsize;
    }
    return PyLong_FromSsize_t(n + t->tp_basicsize);
}

/* Adds the names of cls and its bases, whatever cls is, to dict. */
int kr_dir_merge_class(PyObject *dict, PyObject *cls) {
    PyObject *own, *bases;
    if (_PyObject_LookupAttr(cls, KR_STR(__dict__), &own) < 0)
        return -1;
    if (own != NULL) {
        int r = PyDict_Update(dict, own);
        Py_DECREF(own);
        if (r < 0)
            return -1;
    }
    if (_PyObject_LookupAttr(cls, KR_STR(__bases__), &bases) < 0)
        return -1;
    if (bases == NULL)
        return 0;
    Py_ssize_t n = PySequence_Size(bases);
    int r = n < 0 ? -1 : 0;
    if (r == 0 && Py_EnterRecursiveCall(" in __dir__") == 0) {
        for (Py_ssize_t i = 0; r == 0 && i < n; i++) {
            PyObject *base = PySequence_GetItem(bases, i);
            r = base == NULL ? -1 : kr_dir_merge_class(dict, base);
            Py_XDECREF(base);
        }
        Py_LeaveRecursiveCall();
    } else {
        r = -1;
    }
    Py_DECREF(bases);
    return r;
}

static PyObject *object_dir(PyObject *self, PyObject *unused) {
    PyObject *dict, *cls, *names = NULL;
    if (_PyObject_LookupAttr(self, KR_STR(__dict__), &dict) < 0)
        return NULL;
    if (dict == NULL) {
        dict = PyDict_New();
    } else {
        PyObject *copy = PyDict_Check(dict) ? PyDict_Copy(dict) : PyDict_New();
        Py_SETREF(dict, copy);
    }
    if (dict == NULL)
        return NULL;
    if (_PyObject_LookupAttr(self, KR_STR(__class__), &cls) >= 0) {
        if (cls == NULL || kr_dir_merge_class(dict, cls) == 0)
            names = PyDict_Keys(dict);
        Py_XDECREF(cls);
    }
    Py_DECREF(dict);
    return names;
}

static PyMethodDef object_methods[] = {
    {"__reduce_ex__", object_reduce_ex, METH_O, PyDoc_STR("__reduce_ex__($self, protocol, /)\n--\n\nHelper for pickle.")},
    {"__reduce__", object_reduce, METH_NOARGS, PyDoc_STR("__reduce__($self, /)\n--\n\nHelper for pickle.")},
    {"__getstate__", object_getstate, METH_NOARGS, PyDoc_STR("__getstate__($self, /)\n--\n\nHelper for pickle.")},
    {"__subclasshook__", object_subclasshook, METH_CLASS | METH_VARARGS,
     PyDoc_STR("Lets an abstract class decide what issubclass() says about it.\n\n"
               "Returns True, False, or NotImplemented for the ordinary answer.")},
    {"__init_subclass__", object_init_subclass, METH_CLASS | METH_NOARGS,
     PyDoc_STR("Called on a class when a subclass of it has been made.\n\nDoes nothing unless overridden.")},
    {"__format__", object_format, METH_O, PyDoc_STR("__format__($self, format_spec, /)\n--\n\nDefault object formatter.")},
    {"__sizeof__", object_sizeof, METH_NOARGS, PyDoc_STR("__sizeof__($self, /)\n--\n\nSize of object in memory, in bytes.")},
    {"__dir__", object_dir, METH_NOARGS, PyDoc_STR("__dir__($self, /)\n--\n\nDefault dir() implementation.")},
    {NULL},
};

static PyGetSetDef object_getsets[] = {
    {"__class__", object_get_class, (setter)(void (*)(void))kr_object_set_class, PyDoc_STR("the object's class")},
    {NULL},
};

PyTypeObject PyBaseObject_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "object",
    .tp_basicsize = sizeof(PyObject),
    .tp_dealloc = object_dealloc,
    .tp_repr = object_repr,
    .tp_hash = object_hash,
    .tp_str = object_str,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_setattro = PyObject_GenericSetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("object()\n--\n\nThe base class of the class hierarchy.\n\n"
                        "When called, it takes no arguments and makes a featureless instance\n"
                        "that has no attributes of its own and can be given none.\n"),
    .tp_richcompare = object_richcompare,
    .tp_methods = object_methods,
    .tp_getset = object_getsets,
    .tp_init = kr_object_init,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = kr_object_new,
    .tp_free = PyObject_Free,
};
