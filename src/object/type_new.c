/* type_new.c - type.__new__: makes a class from a name, bases and a namespace.
 *
 * A NewClass collects what has been worked out while the class is being made: the base whose layout is extended, the slots, and whether
 * a dict and a weak reference list are added. Instance layout: the base's struct, then one pointer a slot, then (for
 * variable-sized bases) the dict pointer, then the weak reference list. Dicts of fixed-size instances are managed: they
 * live before the collector's head (object/instance.h), and tp_dictoffset is the negative offset, counted from the end of the
 * instance, that reaches there, which binaries that read it take as "ask".
 */
#include "object/type.h"
#include "object/instance.h"
#include "memory/gc.h"

typedef struct {
    PyTypeObject *metatype;
    PyObject *name, *bases;     /* borrowed from the caller, or owned through owned_bases */
    PyObject *dict;             /* owned copy of the namespace */
    PyObject *kwds;
    PyTypeObject *base;         /* best base, borrowed from bases */
    PyObject *slots;            /* owned sorted tuple of mangled names, NULL without __slots__ */
    PyObject *owned_bases;
    Py_ssize_t n_slots;
    bool may_add_dict, may_add_weak, add_dict, add_weak;
} NewClass;

/* ------------------------------------------------------------------ metaclass and bases */

/* The most derived of metatype and the bases' metaclasses. */
PyTypeObject *_PyType_CalculateMetaclass(PyTypeObject *metatype, PyObject *bases) {
    PyTypeObject *winner = metatype;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(bases); i++) {
        PyTypeObject *t = Py_TYPE(PyTuple_GET_ITEM(bases, i));
        if (PyType_IsSubtype(winner, t))
            continue;
        if (!PyType_IsSubtype(t, winner)) {
            PyErr_SetString(PyExc_TypeError, "metaclass conflict: the metaclass of a derived class must be a (non-strict) "
                                             "subclass of the metaclasses of all its bases");
            return NULL;
        }
        winner = t;
    }
    return winner;
}

static int check_bases_are_types(PyObject *bases) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(bases); i++) {
        PyObject *base = PyTuple_GET_ITEM(bases, i), *entries;
        if (PyType_Check(base))
            continue;
        int found = _PyObject_LookupAttr(base, KR_STR(__mro_entries__), &entries);
        Py_XDECREF(entries);
        if (found < 0)
            return -1;
        if (found) {
            PyErr_SetString(PyExc_TypeError, "type() doesn't support MRO entry resolution; use types.new_class()");
            return -1;
        }
    }
    return 0;
}

/* ------------------------------------------------------------------ __slots__ */

/* The private form of name in the class: _Class__name for __name. New reference. */
static PyObject *mangle(PyObject *class_name, PyObject *name) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(name), m = PyUnicode_GET_LENGTH(class_name), skip = 0;
    if (n < 3 || PyUnicode_READ_CHAR(name, 0) != '_' || PyUnicode_READ_CHAR(name, 1) != '_' ||
        (PyUnicode_READ_CHAR(name, n - 1) == '_' && PyUnicode_READ_CHAR(name, n - 2) == '_') ||
        PyUnicode_FindChar(name, '.', 0, n, 1) >= 0)
        return Py_NewRef(name);
    while (skip < m && PyUnicode_READ_CHAR(class_name, skip) == '_')
        skip++;
    if (skip == m)
        return Py_NewRef(name);
    PyObject *rest = PyUnicode_Substring(class_name, skip, m);
    if (rest == NULL)
        return NULL;
    PyObject *r = PyUnicode_FromFormat("_%U%U", rest, name);
    Py_DECREF(rest);
    return r;
}

/* One entry of __slots__ is a valid identifier in a str. */
static bool slot_is_valid(PyObject *name) {
    if (!PyUnicode_Check(name)) {
        PyErr_Format(PyExc_TypeError, "__slots__ items must be strings, not '%.200s'", Py_TYPE(name)->tp_name);
        return false;
    }
    if (!PyUnicode_IsIdentifier(name)) {
        PyErr_SetString(PyExc_TypeError, "__slots__ must be identifiers");
        return false;
    }
    return true;
}

/* Works through the tuple given as __slots__: sets add_dict, add_weak and slots. */
static int process_slots(NewClass *c, PyObject *given) {
    PyObject *list = PyList_New(0);
    if (list == NULL)
        return -1;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(given); i++) {
        PyObject *name = PyTuple_GET_ITEM(given, i);
        if (!slot_is_valid(name))
            goto fail;
        if (_PyUnicode_Equal(name, KR_STR(__dict__))) {
            if (!c->may_add_dict || c->add_dict) {
                PyErr_SetString(PyExc_TypeError, "__dict__ slot disallowed: we already got one");
                goto fail;
            }
            c->add_dict = true;
        } else if (_PyUnicode_Equal(name, KR_STR(__weakref__))) {
            if (!c->may_add_weak || c->add_weak) {
                PyErr_SetString(PyExc_TypeError, "__weakref__ slot disallowed: either we already got one, or __itemsize__ != 0");
                goto fail;
            }
            c->add_weak = true;
        } else {
            PyObject *mangled = mangle(c->name, name);
            if (mangled == NULL)
                goto fail;
            int r = PyList_Append(list, mangled);
            Py_DECREF(mangled);
            if (r < 0)
                goto fail;
            int clash = PyDict_Contains(c->dict, mangled);
            /* These two are taken out of the dict later, so they are no class variables. */
            if (clash > 0 && !_PyUnicode_Equal(name, KR_STR(__qualname__)) && !_PyUnicode_Equal(name, KR_STR(__classcell__)))
                PyErr_Format(PyExc_ValueError, "%R in __slots__ conflicts with class variable", name);
            if (PyErr_Occurred())
                goto fail;
        }
    }
    if (PyList_Sort(list) < 0)
        goto fail;
    c->slots = PyList_AsTuple(list);
    Py_DECREF(list);
    if (c->slots == NULL)
        return -1;
    c->n_slots = PyTuple_GET_SIZE(c->slots);
    return 0;
fail:
    Py_DECREF(list);
    return -1;
}

/* Another base may bring a dict or weak references although __slots__ names none. */
static void take_from_other_bases(NewClass *c) {
    Py_ssize_t n = PyTuple_GET_SIZE(c->bases);
    for (Py_ssize_t i = 0; i < n && n > 1; i++) {
        PyTypeObject *t = (PyTypeObject *)PyTuple_GET_ITEM(c->bases, i);
        if (t == c->base)
            continue;
        if (c->may_add_dict && t->tp_dictoffset != 0)
            c->add_dict = true;
        if (c->may_add_weak && t->tp_weaklistoffset != 0)
            c->add_weak = true;
    }
}

static int find_slots(NewClass *c) {
    c->may_add_dict = c->base->tp_dictoffset == 0;
    c->may_add_weak = c->base->tp_weaklistoffset == 0 && c->base->tp_itemsize == 0;
    PyObject *given = PyDict_GetItemWithError(c->dict, KR_STR(__slots__));
    if (given == NULL) {
        c->add_dict = c->may_add_dict;
        c->add_weak = c->may_add_weak;
        return PyErr_Occurred() ? -1 : 0;
    }
    PyObject *tuple = PyUnicode_Check(given) ? PyTuple_Pack(1, given) : PySequence_Tuple(given);
    if (tuple == NULL)
        return -1;
    int r = -1;
    if (PyTuple_GET_SIZE(tuple) > 0 && c->base->tp_itemsize != 0)
        PyErr_Format(PyExc_TypeError, "nonempty __slots__ not supported for subtype of '%s'", c->base->tp_name);
    else
        r = process_slots(c, tuple);
    Py_DECREF(tuple);
    if (r == 0)
        take_from_other_bases(c);
    return r;
}

/* ------------------------------------------------------------------ the type object */

/* The names of the type from c->name: ht_name, tp_name. */
static int set_names(NewClass *c, PyHeapTypeObject *h) {
    Py_ssize_t n;
    const char *utf8 = PyUnicode_AsUTF8AndSize(c->name, &n);
    if (utf8 == NULL)
        return -1;
    if (strlen(utf8) != (size_t)n) {
        PyErr_SetString(PyExc_ValueError, "type name must not contain null characters");
        return -1;
    }
    h->ht_name = Py_NewRef(c->name);
    h->ht_type.tp_name = utf8;
    PyObject *qualname = PyDict_GetItemWithError(c->dict, KR_STR(__qualname__));
    if (qualname == NULL) {
        if (PyErr_Occurred())
            return -1;
        h->ht_qualname = Py_NewRef(c->name);
        return 0;
    }
    if (!PyUnicode_Check(qualname)) {
        PyErr_Format(PyExc_TypeError, "type __qualname__ must be a str, not %s", Py_TYPE(qualname)->tp_name);
        return -1;
    }
    h->ht_qualname = Py_NewRef(qualname);
    return PyDict_DelItem(c->dict, KR_STR(__qualname__));
}

static int set_module(NewClass *c) {
    int known = PyDict_Contains(c->dict, KR_STR(__module__));
    if (known)
        return known < 0 ? -1 : 0;
    PyObject *globals = PyEval_GetGlobals();
    if (globals == NULL)
        return PyErr_Occurred() ? -1 : 0;
    PyObject *module = PyDict_GetItemWithError(globals, KR_STR(__name__));
    if (module == NULL)
        return PyErr_Occurred() ? -1 : 0;
    return PyDict_SetItem(c->dict, KR_STR(__module__), module);
}

static int set_doc(NewClass *c, PyTypeObject *t) {
    PyObject *doc = PyDict_GetItemWithError(c->dict, KR_STR(__doc__));
    if (doc == NULL)
        return PyErr_Occurred() ? -1 : 0;
    if (!PyUnicode_Check(doc))
        return 0;
    const char *utf8 = PyUnicode_AsUTF8(doc);
    if (utf8 == NULL)
        return -1;
    size_t n = strlen(utf8) + 1;
    char *copy = PyObject_Malloc(n);
    if (copy == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    t->tp_doc = memcpy(copy, utf8, n);
    return 0;
}

/* Wraps a plain function under `name` in the namespace. */
static int wrap_function(NewClass *c, PyObject *name, PyObject *(*wrap)(PyObject *)) {
    PyObject *f = PyDict_GetItemWithError(c->dict, name);
    if (f == NULL)
        return PyErr_Occurred() ? -1 : 0;
    if (!PyFunction_Check(f))
        return 0;
    PyObject *w = wrap(f);
    if (w == NULL)
        return -1;
    int r = PyDict_SetItem(c->dict, name, w);
    Py_DECREF(w);
    return r;
}

/* Lays out instances: slots, dict, weak references. */
static int set_layout(NewClass *c, PyHeapTypeObject *h) {
    PyTypeObject *t = &h->ht_type;
    Py_ssize_t offset = c->base->tp_basicsize;
    PyMemberDef *m = kr_heap_type_members(h);
    for (Py_ssize_t i = 0; i < c->n_slots; i++, m++) {
        m->name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(c->slots, i));
        if (m->name == NULL)
            return -1;
        m->type = T_OBJECT_EX;
        m->offset = offset;
        offset += (Py_ssize_t)sizeof(PyObject *);
    }
    if (c->add_dict && c->base->tp_itemsize != 0) {
        t->tp_dictoffset = -(Py_ssize_t)sizeof(PyObject *);
        offset += (Py_ssize_t)sizeof(PyObject *);
    }
    if (c->add_weak) {
        t->tp_weaklistoffset = offset;
        offset += (Py_ssize_t)sizeof(PyObject *);
    }
    if (c->add_dict && c->base->tp_itemsize == 0) {
        t->tp_flags |= Py_TPFLAGS_MANAGED_DICT;
        t->tp_dictoffset = -offset - 3 * (Py_ssize_t)sizeof(PyObject *);
    }
    t->tp_basicsize = offset;
    t->tp_itemsize = c->base->tp_itemsize;
    if (c->n_slots > 0)
        t->tp_members = kr_heap_type_members(h);
    t->tp_getset = kr_subtype_getsets(c->add_dict, c->add_weak);
    t->tp_flags |= Py_TPFLAGS_HAVE_GC;  /* an instance refers to its class, at least */
    return 0;
}

/* Stores the class into the cell that zero-argument super() and __class__ read. */
static int set_classcell(NewClass *c, PyTypeObject *t) {
    PyObject *cell = PyDict_GetItemWithError(c->dict, KR_STR(__classcell__));
    if (cell == NULL)
        return PyErr_Occurred() ? -1 : 0;
    if (!PyCell_Check(cell)) {
        PyErr_Format(PyExc_TypeError, "__classcell__ must be a nonlocal cell, not %.200R", Py_TYPE(cell));
        return -1;
    }
    PyCell_Set(cell, (PyObject *)t);
    return PyDict_DelItem(c->dict, KR_STR(__classcell__));
}

/* The class itself, ready, without the hooks having been called. */
static PyTypeObject *make_class(NewClass *c) {
    PyHeapTypeObject *h = (PyHeapTypeObject *)c->metatype->tp_alloc(c->metatype, c->n_slots);
    if (h == NULL)
        return NULL;
    PyTypeObject *t = &h->ht_type;
    t->tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HEAPTYPE | Py_TPFLAGS_BASETYPE;
    t->tp_as_async = &h->as_async;
    t->tp_as_number = &h->as_number;
    t->tp_as_sequence = &h->as_sequence;
    t->tp_as_mapping = &h->as_mapping;
    t->tp_as_buffer = &h->as_buffer;
    t->tp_bases = Py_NewRef(c->bases);
    t->tp_base = (PyTypeObject *)Py_NewRef((PyObject *)c->base);
    t->tp_dict = Py_NewRef(c->dict);
    h->ht_slots = Py_XNewRef(c->slots);
    if (set_names(c, h) < 0 || set_module(c) < 0 || set_doc(c, t) < 0 ||
        wrap_function(c, KR_STR(__new__), PyStaticMethod_New) < 0 ||
        wrap_function(c, KR_STR(__init_subclass__), PyClassMethod_New) < 0 ||
        wrap_function(c, KR_STR(__class_getitem__), PyClassMethod_New) < 0 || set_layout(c, h) < 0)
        goto fail;
    t->tp_dealloc = kr_subtype_dealloc;
    t->tp_alloc = PyType_GenericAlloc;
    if (PyType_IS_GC(t)) {
        t->tp_free = PyObject_GC_Del;
        t->tp_traverse = kr_subtype_traverse;
        t->tp_clear = kr_subtype_clear;
    } else {
        t->tp_free = PyObject_Free;
    }
    t->tp_vectorcall = kr_class_vectorcall;
    if (set_classcell(c, t) < 0 || kr_type_ready_class(t) < 0)
        goto fail;
    kr_slots_fill(t);
    return t;
fail:
    if (t->tp_name == NULL)
        t->tp_name = "";        /* may be seen by a debugger's repr only */
    Py_DECREF(t);
    return NULL;
}

/* ------------------------------------------------------------------ hooks */

/* value.__set_name__(cls, name) for everything in the class's namespace. */
static int call_set_name(PyTypeObject *t) {
    Py_ssize_t pos = 0;
    PyObject *key, *value, *names = NULL;
    /* Only copy the dict when there is something to call. */
    while (PyDict_Next(t->tp_dict, &pos, &key, &value))
        if (!PyFunction_Check(value) && _PyType_Lookup(Py_TYPE(value), KR_STR(__set_name__)) != NULL) {
            if ((names = PyDict_Copy(t->tp_dict)) == NULL)
                return -1;
            break;
        }
    if (names == NULL)
        return 0;
    pos = 0;
    while (PyDict_Next(names, &pos, &key, &value)) {
        PyObject *method = kr_lookup_special(value, KR_STR(__set_name__));
        PyObject *r = NULL;
        if (method == NULL) {
            if (!PyErr_Occurred())
                continue;
        } else {
            PyObject *args[2] = {(PyObject *)t, key};
            r = PyObject_Vectorcall(method, args, 2, NULL);
            Py_DECREF(method);
            if (r == NULL)
                _PyErr_FormatFromCause(PyExc_RuntimeError, "Error calling __set_name__ on '%.100s' instance %R in '%.100s'",
                                       Py_TYPE(value)->tp_name, key, t->tp_name);
        }
        if (r == NULL) {
            Py_DECREF(names);
            return -1;
        }
        Py_DECREF(r);
    }
    Py_DECREF(names);
    return 0;
}

/* super(cls, cls).__init_subclass__(**kwds); object's own is only called when it has something to object to. */
static int call_init_subclass(PyTypeObject *t, PyObject *kwds) {
    if (kwds == NULL || PyDict_GET_SIZE(kwds) == 0) {
        bool own = !PyType_IsSubtype(t, t);     /* a metaclass's mro() may have left t out: super() objects to that */
        for (Py_ssize_t i = 1; !own && i < PyTuple_GET_SIZE(t->tp_mro); i++) {
            PyTypeObject *b = (PyTypeObject *)PyTuple_GET_ITEM(t->tp_mro, i);
            if (b == &PyBaseObject_Type)
                continue;
            int r = PyDict_Contains(b->tp_dict, KR_STR(__init_subclass__));
            if (r < 0)
                return -1;
            own = r;
        }
        if (!own)
            return 0;
    }
    PyObject *super = PyObject_CallFunctionObjArgs((PyObject *)&PySuper_Type, t, t, NULL);
    if (super == NULL)
        return -1;
    PyObject *f = PyObject_GetAttr(super, KR_STR(__init_subclass__));
    Py_DECREF(super);
    if (f == NULL)
        return -1;
    PyObject *r = PyObject_VectorcallDict(f, NULL, 0, kwds);
    Py_DECREF(f);
    Py_XDECREF(r);
    return r == NULL ? -1 : 0;
}

/* ------------------------------------------------------------------ type.__new__ */

PyObject *kr_type_new(PyTypeObject *metatype, PyObject *args, PyObject *kwds) {
    NewClass c = {.metatype = metatype, .kwds = kwds};
    PyObject *namespace;
    if (!PyArg_ParseTuple(args, "UO!O!:type.__new__", &c.name, &PyTuple_Type, &c.bases, &PyDict_Type, &namespace))
        return NULL;
    if (PyTuple_GET_SIZE(c.bases) == 0) {
        c.base = &PyBaseObject_Type;
        if ((c.bases = c.owned_bases = PyTuple_Pack(1, &PyBaseObject_Type)) == NULL)
            return NULL;
    } else {
        if (check_bases_are_types(c.bases) < 0)
            return NULL;
        PyTypeObject *winner = _PyType_CalculateMetaclass(metatype, c.bases);
        if (winner == NULL)
            return NULL;
        if (winner != metatype) {
            if (winner->tp_new != kr_type_new)
                return winner->tp_new(winner, args, kwds);
            c.metatype = winner;
        }
        if ((c.base = kr_type_best_base(c.bases)) == NULL)
            return NULL;
    }
    PyTypeObject *t = NULL;
    if ((c.dict = PyDict_Copy(namespace)) != NULL && find_slots(&c) == 0 && (t = make_class(&c)) != NULL &&
        (call_set_name(t) < 0 || call_init_subclass(t, kwds) < 0))
        Py_CLEAR(t);
    Py_XDECREF(c.dict);
    Py_XDECREF(c.slots);
    Py_XDECREF(c.owned_bases);
    return (PyObject *)t;
}
