/* type.c - the type `type`: start-up of all static types, calling a class, allocation, life and death of type objects.
 *
 * Start-up (kr_types_init) happens in two rounds over types.def, because readying a type makes strs, dicts, tuples, ints,
 * and descriptors, whose own types aren't ready yet. Round one (kr_type_ready_early) only copies sizes, allocation and
 * deallocation functions from base to derived type, so that objects of every type can be made and freed; those
 * objects must not be used in a way that needs a type's dict or inherited slots. Round two is PyType_Ready, object and type first.
 * Before it: the collector's lists, str's and int's own tables, and the interned names. No collection runs meanwhile.
 *
 * Calling a Python class goes through kr_class_vectorcall (tp_vectorcall of the class), which avoids the argument tuple
 * in the common case: object.__new__ and a Python __init__.
 */
#include "object/instance.h"
#include "object/type.h"
#include "memory/gc.h"
#include "object/dict.h"
#include "runtime/lifecycle.h"

PyAPI_FUNC(int) _PyType_CheckConsistency(PyTypeObject *);
PyObject *_Py_union_type_or(PyObject *, PyObject *);

/* ------------------------------------------------------------------ start-up */

#define KR_TYPE(t) extern PyTypeObject t;
#include "object/types.def"
#undef KR_TYPE

int kr_types_init(void) {
    static PyTypeObject *const types[] = {
#define KR_TYPE(t) &t,
#include "object/types.def"
#undef KR_TYPE
    };
    KrMemoryState *m = &kr_interp()->memory;
    int collecting = m->collecting, r = kr_slots_init();
    m->collecting = 1;
    for (size_t i = 0; i < KR_ARRAY_LEN(types); i++)
        kr_type_ready_early(types[i]);
    for (size_t i = 0; r == 0 && i < KR_ARRAY_LEN(types); i++) {
        kr_runtime.process.leave_dicts_empty = i >= 2;      /* object and type are looked into at once */
        r = PyType_Ready(types[i]);
    }
    kr_runtime.process.leave_dicts_empty = false;
    m->collecting = collecting;
    return r;
}

/* ------------------------------------------------------------------ allocation */

/* A zeroed, tracked instance with room for n items and one more (a sentinel, e.g. the end of a class's member table). */
PyObject *PyType_GenericAlloc(PyTypeObject *t, Py_ssize_t n) {
    if (KR_UNLIKELY(t->tp_itemsize && n >= (PY_SSIZE_T_MAX - t->tp_basicsize - 64) / t->tp_itemsize))
        return PyErr_NoMemory();
    size_t size = (size_t)_PyObject_VAR_SIZE(t, n + 1);
    PyObject *o;
    if (PyType_IS_GC(t)) {
        /* The values of the attributes that the class's instances are known to have lie behind the instance. */
        PyDictKeysObject *keys = t->tp_flags & Py_TPFLAGS_MANAGED_DICT && t->tp_itemsize == 0 ? ((PyHeapTypeObject *)t)->ht_cached_keys : NULL;
        size_t capacity = keys && keys->usable >= 0 ? (size_t)keys->nentries : 0;
        o = kr_gc_alloc(t, capacity ? size + kr_values_bytes(capacity) : size);
        if (o && capacity)
            *kr_instance_values_ptr(o) = kr_values_init((char *)o + size, capacity, true);
    } else {
        o = kr_object_malloc(size);
        if (o == NULL)
            PyErr_NoMemory();
    }
    if (KR_UNLIKELY(o == NULL))
        return NULL;
    memset(o, 0, size);
    if (t->tp_itemsize == 0)
        PyObject_Init(o, t);
    else
        PyObject_InitVar((PyVarObject *)o, t, n);
    if (PyType_IS_GC(t))
        kr_gc_track(o);
    return o;
}

PyObject *PyType_GenericNew(PyTypeObject *t, PyObject *args, PyObject *kwds) { return t->tp_alloc(t, 0); }

/* ------------------------------------------------------------------ calling a class */

PyObject *kr_type_call(PyObject *self, PyObject *args, PyObject *kwds) {
    PyTypeObject *t = (PyTypeObject *)self;
    if (t == &PyType_Type) {
        Py_ssize_t n = PyTuple_GET_SIZE(args);
        if (n == 1 && (kwds == NULL || PyDict_GET_SIZE(kwds) == 0))
            return Py_NewRef((PyObject *)Py_TYPE(PyTuple_GET_ITEM(args, 0)));
        if (n != 3) {
            PyErr_SetString(PyExc_TypeError, "type() takes 1 or 3 arguments");
            return NULL;
        }
    }
    if (t->tp_new == NULL) {
        PyErr_Format(PyExc_TypeError, "cannot create '%s' instances", t->tp_name);
        return NULL;
    }
    PyObject *o = t->tp_new(t, args, kwds);
    if (KR_UNLIKELY(o == NULL)) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_SystemError, "%R returned NULL without setting an exception", self);
        return NULL;
    }
    if (!PyObject_TypeCheck(o, t))
        return o;
    initproc init = Py_TYPE(o)->tp_init;
    if (init != NULL && init(o, args, kwds) < 0) {
        Py_DECREF(o);
        return NULL;
    }
    return o;
}

/* The slow way from a vectorcall to tp_new and tp_init: with a tuple and a dict. */
static PyObject *call_with_tuple(PyObject *t, PyObject *const *args, Py_ssize_t n, PyObject *kwnames) {
    PyObject *tuple = PyTuple_New(n), *kwds = NULL, *r = NULL;
    if (tuple == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < n; i++)
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
    Py_ssize_t nkw = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);
    if (nkw > 0) {
        if ((kwds = PyDict_New()) == NULL)
            goto done;
        for (Py_ssize_t i = 0; i < nkw; i++)
            if (PyDict_SetItem(kwds, PyTuple_GET_ITEM(kwnames, i), args[n + i]) < 0)
                goto done;
    }
    r = kr_type_call(t, tuple, kwds);
done:
    Py_DECREF(tuple);
    Py_XDECREF(kwds);
    return r;
}

/* Calls init(o, *args); 0, or -1 with an exception. */
static int call_init(PyObject *init, PyObject *o, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t n = PyVectorcall_NARGS(nargsf), total = n + (kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames));
    PyObject *r, *small[8], **stack = small;
    if (nargsf & PY_VECTORCALL_ARGUMENTS_OFFSET) {
        stack = (PyObject **)args - 1;
        PyObject *saved = stack[0];
        stack[0] = o;
        r = PyObject_Vectorcall(init, stack, (size_t)(n + 1), kwnames);
        stack[0] = saved;
    } else {
        if (total + 1 > (Py_ssize_t)KR_ARRAY_LEN(small) && (stack = PyMem_New(PyObject *, total + 1)) == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        stack[0] = o;
        for (Py_ssize_t i = 0; i < total; i++)
            stack[i + 1] = args[i];
        r = PyObject_Vectorcall(init, stack, (size_t)(n + 1), kwnames);
        if (stack != small)
            PyMem_Free(stack);
    }
    if (r == NULL)
        return -1;
    if (KR_UNLIKELY(r != Py_None)) {
        PyErr_Format(PyExc_TypeError, "__init__() should return None, not '%.200s'", Py_TYPE(r)->tp_name);
        Py_DECREF(r);
        return -1;
    }
    Py_DECREF(r);
    return 0;
}

PyObject *kr_class_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyTypeObject *t = (PyTypeObject *)self;
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (t->tp_new == kr_object_new && !(t->tp_flags & Py_TPFLAGS_IS_ABSTRACT)) {
        if (t->tp_init == kr_slot_init) {
            PyObject *init = _PyType_Lookup(t, KR_STR(__init__));
            if (init != NULL && PyType_HasFeature(Py_TYPE(init), Py_TPFLAGS_METHOD_DESCRIPTOR)) {
                Py_INCREF(init);
                PyObject *o = t->tp_alloc(t, 0);
                if (o != NULL && call_init(init, o, args, nargsf, kwnames) < 0)
                    Py_CLEAR(o);
                Py_DECREF(init);
                return o;
            }
        } else if (t->tp_init == kr_object_init && n == 0 && (kwnames == NULL || PyTuple_GET_SIZE(kwnames) == 0)) {
            return t->tp_alloc(t, 0);
        }
    }
    return call_with_tuple(self, args, n, kwnames);
}

/* type(x), or a class by type(name, bases, dict). */
static PyObject *type_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (n == 1 && (kwnames == NULL || PyTuple_GET_SIZE(kwnames) == 0))
        return Py_NewRef((PyObject *)Py_TYPE(args[0]));
    if (n != 3) {
        PyErr_SetString(PyExc_TypeError, "type() takes 1 or 3 arguments");
        return NULL;
    }
    return call_with_tuple(self, args, n, kwnames);
}

static int type_init(PyObject *self, PyObject *args, PyObject *kwds) {
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    if (kwds != NULL && n == 1 && PyDict_GET_SIZE(kwds) != 0) {
        PyErr_SetString(PyExc_TypeError, "type.__init__() takes no keyword arguments");
        return -1;
    }
    if (n != 1 && n != 3) {
        PyErr_SetString(PyExc_TypeError, "type.__init__() takes 1 or 3 arguments");
        return -1;
    }
    return 0;
}

/* ------------------------------------------------------------------ life and death */

static void type_dealloc(PyObject *self) {
    PyTypeObject *t = (PyTypeObject *)self;
    PyHeapTypeObject *h = (PyHeapTypeObject *)self;
    PyObject_GC_UnTrack(self);
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    kr_type_remove_from_bases(t, t->tp_bases);
    PyErr_Restore(type, value, tb);
    if (t->tp_weaklist != NULL)
        PyObject_ClearWeakRefs(self);
    PyTypeObject *meta = Py_TYPE(t);
    Py_XDECREF(t->tp_base);
    Py_XDECREF(t->tp_dict);
    Py_XDECREF(t->tp_bases);
    Py_XDECREF(t->tp_mro);
    Py_XDECREF(t->tp_subclasses);
    PyObject_Free((char *)t->tp_doc);
    Py_XDECREF(h->ht_name);
    Py_XDECREF(h->ht_qualname);
    Py_XDECREF(h->ht_slots);
    if (h->ht_cached_keys != NULL)
        kr_keys_decref(h->ht_cached_keys);
    Py_XDECREF(h->ht_module);
    PyMem_Free(h->_ht_tpname);
    meta->tp_free(self);
    /* A metaclass written in Python drops the reference to itself in kr_subtype_dealloc, which called this. */
}

static int type_traverse(PyObject *self, visitproc visit, void *arg) {
    PyTypeObject *t = (PyTypeObject *)self;
    if (!(t->tp_flags & Py_TPFLAGS_HEAPTYPE)) {
        char text[200];
        PyOS_snprintf(text, sizeof text, "type_traverse() called on non-heap type '%.100s'", t->tp_name);
        Py_FatalError(text);
    }
    Py_VISIT(t->tp_dict);
    Py_VISIT(t->tp_mro);
    Py_VISIT(t->tp_bases);
    Py_VISIT(t->tp_base);
    Py_VISIT(((PyHeapTypeObject *)t)->ht_module);
    return 0;
}

/* Breaks the cycles a class is in: through its dict (functions whose globals hold it, descriptors) and its MRO, which contains it. */
static int type_clear(PyObject *self) {
    PyTypeObject *t = (PyTypeObject *)self;
    PyType_Modified(t);
    if (t->tp_dict != NULL)
        PyDict_Clear(t->tp_dict);
    Py_CLEAR(((PyHeapTypeObject *)t)->ht_module);
    Py_CLEAR(t->tp_mro);
    return 0;
}

static int type_is_gc(PyObject *self) { return PyType_HasFeature((PyTypeObject *)self, Py_TPFLAGS_HEAPTYPE); }

int _PyType_CheckConsistency(PyTypeObject *t) { return 1; }
unsigned long PyType_GetFlags(PyTypeObject *t) { return t->tp_flags; }

/* ------------------------------------------------------------------ methods */

static PyObject *type_repr(PyObject *self) {
    PyTypeObject *t = (PyTypeObject *)self;
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
        r = PyUnicode_FromFormat("<class '%U.%U'>", module, qualname);
    else
        r = PyUnicode_FromFormat("<class '%s'>", t->tp_name);
    Py_XDECREF(module);
    Py_DECREF(qualname);
    return r;
}

static PyObject *type_mro(PyObject *self, PyObject *unused) {
    PyObject *mro = kr_mro_compute((PyTypeObject *)self);
    if (mro == NULL)
        return NULL;
    PyObject *list = PySequence_List(mro);
    Py_DECREF(mro);
    return list;
}

static PyObject *type_subclasses(PyObject *self, PyObject *unused) { return kr_type_subclasses((PyTypeObject *)self); }
static PyObject *type_prepare(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kwnames) { return PyDict_New(); }

static PyObject *type_instancecheck(PyObject *self, PyObject *o) {
    int r = _PyObject_RealIsInstance(o, self);
    return r < 0 ? NULL : PyBool_FromLong(r);
}
static PyObject *type_subclasscheck(PyObject *self, PyObject *cls) {
    int r = _PyObject_RealIsSubclass(cls, self);
    return r < 0 ? NULL : PyBool_FromLong(r);
}

static PyObject *type_dir(PyObject *self, PyObject *unused) {
    PyObject *dict = PyDict_New(), *names = NULL;
    if (dict != NULL && kr_dir_merge_class(dict, self) == 0)
        names = PyDict_Keys(dict);
    Py_XDECREF(dict);
    return names;
}

static PyObject *type_sizeof(PyObject *self, PyObject *unused) {
    PyTypeObject *t = (PyTypeObject *)self;
    size_t size = sizeof(PyTypeObject);
    if (t->tp_flags & Py_TPFLAGS_HEAPTYPE) {
        PyDictKeysObject *k = ((PyHeapTypeObject *)t)->ht_cached_keys;
        size = sizeof(PyHeapTypeObject) + (size_t)Py_SIZE(t) * sizeof(PyMemberDef);
        if (k != NULL)
            size += sizeof *k + ((size_t)1 << k->log2_index_bytes) +
                    (size_t)(Py_MAX(k->usable, 0) + k->nentries) * sizeof(KrDictUnicodeEntry);
    }
    return PyLong_FromSize_t(size);
}

static PyMethodDef type_methods[] = {
    {"mro", type_mro, METH_NOARGS, PyDoc_STR("mro($self, /)\n--\n\nReturn a type's method resolution order.")},
    {"__subclasses__", type_subclasses, METH_NOARGS, PyDoc_STR("__subclasses__($self, /)\n--\n\nReturn a list of immediate subclasses.")},
    {"__prepare__", KR_METH(type_prepare), METH_FASTCALL | METH_KEYWORDS | METH_CLASS,
     PyDoc_STR("__prepare__() -> dict\nThe namespace that a class statement fills.")},
    {"__instancecheck__", type_instancecheck, METH_O,
     PyDoc_STR("__instancecheck__($self, instance, /)\n--\n\nCheck if an object is an instance.")},
    {"__subclasscheck__", type_subclasscheck, METH_O,
     PyDoc_STR("__subclasscheck__($self, subclass, /)\n--\n\nCheck if a class is a subclass.")},
    {"__dir__", type_dir, METH_NOARGS, PyDoc_STR("__dir__($self, /)\n--\n\nSpecialized __dir__ implementation for types.")},
    {"__sizeof__", type_sizeof, METH_NOARGS, PyDoc_STR("__sizeof__($self, /)\n--\n\nReturn memory consumption of the type object.")},
    {NULL},
};

static PyObject *type_or(PyObject *a, PyObject *b) { return _Py_union_type_or(a, b); }
static PyNumberMethods type_as_number = {.nb_or = type_or};

PyTypeObject PyType_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "type",
    .tp_basicsize = sizeof(PyHeapTypeObject),
    .tp_itemsize = sizeof(PyMemberDef),
    .tp_dealloc = type_dealloc,
    .tp_vectorcall_offset = offsetof(PyTypeObject, tp_vectorcall),
    .tp_repr = type_repr,
    .tp_as_number = &type_as_number,
    .tp_call = kr_type_call,
    .tp_getattro = kr_type_getattro,
    .tp_setattro = kr_type_setattro,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_TYPE_SUBCLASS | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_doc = PyDoc_STR("type(object) -> the object's type\ntype(name, bases, dict, **kwds) -> a new type"),
    .tp_traverse = type_traverse,
    .tp_clear = type_clear,
    .tp_weaklistoffset = offsetof(PyTypeObject, tp_weaklist),
    .tp_methods = type_methods,
    .tp_members = kr_type_members,
    .tp_getset = kr_type_getsets,
    .tp_dictoffset = offsetof(PyTypeObject, tp_dict),
    .tp_init = type_init,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = kr_type_new,
    .tp_free = PyObject_GC_Del,
    .tp_is_gc = type_is_gc,
    .tp_vectorcall = type_vectorcall,
};
