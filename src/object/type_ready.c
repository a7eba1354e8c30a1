/* type_ready.c - PyType_Ready: makes a filled-in type struct a usable type.
 *
 * In order: base and bases, __new__, the dict (slot wrappers for the slots that the type itself fills, then methods,
 * members, getsets, doc), the MRO, inheritance of what is still empty, __hash__ = None where equality was redefined,
 * and the entry in the bases' subclasses. Wrappers must come before inheritance, or a type would seem to define what it inherits.
 * Start-up readies its types without filling their dicts, and notes which slots a type has of its own: the dict is filled when somebody looks
 * into it (kr_type_dict_ready), which for two thirds of the types never happens.
 *
 * Inheritance goes along the MRO: a slot is taken from the first class that has its own idea of it, one that differs from its
 * own tp_base's. Some slots go together or not at all: tp_getattr/tp_getattro, tp_setattr/tp_setattro, and
 * tp_richcompare/tp_hash, the latter unless the dict defines __eq__ or __hash__.
 */
#include "object/type.h"
#include "object/dict.h"
#include "memory/gc.h"

/* ------------------------------------------------------------------ filling the dict */

static int dict_add(PyObject *dict, PyObject *key, PyObject *value, bool replace) {
    return replace ? PyDict_SetItem(dict, key, value) : PyDict_SetDefault(dict, key, value) == NULL ? -1 : 0;
}

static int add_methods(PyTypeObject *t, PyMethodDef *m) {
    for (; m != NULL && m->ml_name != NULL; m++) {
        PyObject *d, *key = NULL;
        if (m->ml_flags & METH_CLASS) {
            if (m->ml_flags & METH_STATIC) {
                PyErr_SetString(PyExc_ValueError, "method cannot be both class and static");
                return -1;
            }
            d = PyDescr_NewClassMethod(t, m);
        } else if (m->ml_flags & METH_STATIC) {
            PyObject *f = PyCFunction_NewEx(m, (PyObject *)t, NULL);
            d = f == NULL ? NULL : PyStaticMethod_New(f);
            Py_XDECREF(f);
        } else {
            d = PyDescr_NewMethod(t, m);
        }
        if (d != NULL)
            key = PyUnicode_InternFromString(m->ml_name);
        int r = key == NULL ? -1 : dict_add(t->tp_dict, key, d, (m->ml_flags & METH_COEXIST) != 0);
        Py_XDECREF(key);
        Py_XDECREF(d);
        if (r < 0)
            return -1;
    }
    return 0;
}

/* Adds a new descriptor (taken over; NULL is an error) under its own name. */
static int add_descriptor(PyTypeObject *t, PyObject *d) {
    if (d == NULL)
        return -1;
    int r = dict_add(t->tp_dict, PyDescr_NAME(d), d, false);
    Py_DECREF(d);
    return r;
}

static int add_doc(PyTypeObject *t) {
    int known = PyDict_Contains(t->tp_dict, KR_STR(__doc__));
    if (known)
        return known < 0 ? -1 : 0;
    PyObject *doc = t->tp_doc == NULL ? Py_NewRef(Py_None) : _PyType_GetDocFromInternalDoc(t->tp_name, t->tp_doc);
    if (doc == NULL)
        return -1;
    int r = PyDict_SetItem(t->tp_dict, KR_STR(__doc__), doc);
    Py_DECREF(doc);
    return r;
}

static PyMethodDef new_method = {
    "__new__", KR_METH(kr_new_wrapper), METH_VARARGS | METH_KEYWORDS,
    PyDoc_STR("__new__($type, *args, **kwargs)\n--\n\nCreate and return a new object.  See help(type) for accurate signature.")};

/* __new__ in the dict of a type that has a tp_new of its own. */
static int add_new(PyTypeObject *t) {
    int known = PyDict_Contains(t->tp_dict, KR_STR(__new__));
    if (known)
        return known < 0 ? -1 : 0;
    PyObject *f = PyCFunction_NewEx(&new_method, (PyObject *)t, NULL);
    if (f == NULL)
        return -1;
    int r = PyDict_SetItem(t->tp_dict, KR_STR(__new__), f);
    Py_DECREF(f);
    return r;
}
/* What to do about tp_new; *own: it is t's own. */
static void set_new(PyTypeObject *t, bool *own) {
    PyTypeObject *base = t->tp_base;
    /* A static type directly below object says with tp_new == NULL that it has no instances from Python. */
    if (t->tp_new == NULL && base == &PyBaseObject_Type && !(t->tp_flags & Py_TPFLAGS_HEAPTYPE))
        t->tp_flags |= Py_TPFLAGS_DISALLOW_INSTANTIATION;
    if (t->tp_flags & Py_TPFLAGS_DISALLOW_INSTANTIATION) {
        t->tp_new = NULL;
        *own = false;
        return;
    }
    *own = t->tp_new != NULL;
    if (t->tp_new == NULL)
        t->tp_new = base == NULL ? NULL : base->tp_new;
}

static int fill_dict(PyTypeObject *t, bool own_new, KrSlotSet own) {
    if ((own_new && add_new(t) < 0) || kr_slots_add_wrappers(t, own) < 0 || add_methods(t, t->tp_methods) < 0)
        return -1;
    for (PyMemberDef *m = t->tp_members; m != NULL && m->name != NULL; m++)
        if (add_descriptor(t, PyDescr_NewMember(t, m)) < 0)
            return -1;
    for (PyGetSetDef *g = t->tp_getset; g != NULL && g->name != NULL; g++)
        if (add_descriptor(t, PyDescr_NewGetSet(t, g)) < 0)
            return -1;
    return add_doc(t);
}

/* ------------------------------------------------------------------ dicts that are filled later */

struct KrLazyType {
    PyTypeObject *type;
    bool own_new, no_hash;      /* has a tp_new of its own; __hash__ is None though no slot says so */
    KrSlotSet own;
};
enum { LAZY_TYPES_MAX = 192 };

/* A place for another one; NULL when there is none: the dict is filled at once then. */
static struct KrLazyType *new_lazy_type(void) {
    KrRuntimeProcess *p = &kr_runtime.process;
    if (p->lazy_types == NULL && (p->lazy_types = PyMem_RawCalloc(LAZY_TYPES_MAX, sizeof *p->lazy_types)) == NULL)
        return NULL;
    return p->lazy_type_count < LAZY_TYPES_MAX ? &p->lazy_types[p->lazy_type_count++] : NULL;
}
int kr_type_fill_dict(PyTypeObject *t) {
    const struct KrLazyType *l = (struct KrLazyType *)t->tp_cache;
    KrMemoryState *m = &kr_interp()->memory;
    const int collecting = m->collecting;
    m->collecting = 1;
    int r = fill_dict(t, l->own_new, l->own);
    if (r == 0 && l->no_hash)
        r = PyDict_SetItem(t->tp_dict, KR_STR(__hash__), Py_None);
    m->collecting = collecting;
    if (r == 0)
        t->tp_cache = NULL;
    return r;
}
int kr_types_fill_dicts(void) {
    KrRuntimeProcess *p = &kr_runtime.process;
    for (int i = 0; i < p->lazy_type_count; i++)
        if (kr_type_dict_ready(p->lazy_types[i].type) < 0)
            return -1;
    return 0;
}

/* ------------------------------------------------------------------ inheritance */

#define KR_SUBCLASS_FLAGS                                                                                         \
    (Py_TPFLAGS_LONG_SUBCLASS | Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_TUPLE_SUBCLASS | Py_TPFLAGS_BYTES_SUBCLASS | \
     Py_TPFLAGS_UNICODE_SUBCLASS | Py_TPFLAGS_DICT_SUBCLASS | Py_TPFLAGS_BASE_EXC_SUBCLASS |                       \
     Py_TPFLAGS_TYPE_SUBCLASS | _Py_TPFLAGS_MATCH_SELF)

/* Size, layout and kind come from tp_base. */
static void inherit_layout(PyTypeObject *t, PyTypeObject *base) {
    if (!(t->tp_flags & Py_TPFLAGS_HAVE_GC) && (base->tp_flags & Py_TPFLAGS_HAVE_GC) && t->tp_traverse == NULL && t->tp_clear == NULL) {
        t->tp_flags |= Py_TPFLAGS_HAVE_GC;
        t->tp_traverse = base->tp_traverse;
        t->tp_clear = base->tp_clear;
    }
    t->tp_flags |= base->tp_flags & (Py_TPFLAGS_MANAGED_DICT | KR_SUBCLASS_FLAGS);
    if (t->tp_basicsize == 0)
        t->tp_basicsize = base->tp_basicsize;
    if (t->tp_itemsize == 0)
        t->tp_itemsize = base->tp_itemsize;
    if (t->tp_weaklistoffset == 0)
        t->tp_weaklistoffset = base->tp_weaklistoffset;
    if (t->tp_dictoffset == 0)
        t->tp_dictoffset = base->tp_dictoffset;
}

/* Copies the entries of a method suite, which is an array of function pointers, that t lacks and base defines itself. */
static void inherit_suite(void *to, const void *from, const void *grand, size_t bytes) {
    if (to == NULL || from == NULL || to == from)
        return;
    for (size_t i = 0; i < bytes / sizeof(void *); i++) {
        void *f = ((void *const *)from)[i];
        if (((void **)to)[i] == NULL && f != NULL && (grand == NULL || f != ((void *const *)grand)[i]))
            ((void **)to)[i] = f;
    }
}

static int overrides_hash(PyTypeObject *t) {
    if (kr_type_dict_is_empty(t))    /* such types have slots for these */
        return 0;
    int r = PyDict_Contains(t->tp_dict, KR_STR(__eq__));
    return r ? r : PyDict_Contains(t->tp_dict, KR_STR(__hash__));
}

#define INHERIT(slot)                                                                                      \
    if (!t->slot && base->slot && (grand == NULL || base->slot != grand->slot))                            \
        t->slot = base->slot

static void inherit_free(PyTypeObject *t, PyTypeObject *base) {
    if ((t->tp_flags & Py_TPFLAGS_HAVE_GC) == (base->tp_flags & Py_TPFLAGS_HAVE_GC)) {
        if (t->tp_free == NULL)
            t->tp_free = base->tp_free;
    } else if ((t->tp_flags & Py_TPFLAGS_HAVE_GC) && t->tp_free == NULL && base->tp_free == PyObject_Free) {
        t->tp_free = PyObject_GC_Del;
    }
}

static int inherit_slots(PyTypeObject *t, PyTypeObject *base) {
    PyTypeObject *grand = base->tp_base;
#define SUITE(field, type) inherit_suite(t->field, base->field, grand == NULL ? NULL : grand->field, sizeof(type))
    SUITE(tp_as_number, PyNumberMethods);
    SUITE(tp_as_async, PyAsyncMethods);
    SUITE(tp_as_sequence, PySequenceMethods);
    SUITE(tp_as_mapping, PyMappingMethods);
    SUITE(tp_as_buffer, PyBufferProcs);
#undef SUITE
    INHERIT(tp_dealloc);
    if (t->tp_getattr == NULL && t->tp_getattro == NULL) {
        t->tp_getattr = base->tp_getattr;
        t->tp_getattro = base->tp_getattro;
    }
    if (t->tp_setattr == NULL && t->tp_setattro == NULL) {
        t->tp_setattr = base->tp_setattr;
        t->tp_setattro = base->tp_setattro;
    }
    INHERIT(tp_repr);
    INHERIT(tp_vectorcall_offset);
    /* These two flags are promises about tp_call and tp_descr_get, which a class that can be changed cannot keep. */
    const bool immutable = t->tp_flags & Py_TPFLAGS_IMMUTABLETYPE;
    if (immutable && t->tp_call == NULL && base->tp_call != NULL && t->tp_vectorcall_offset == base->tp_vectorcall_offset)
        t->tp_flags |= base->tp_flags & Py_TPFLAGS_HAVE_VECTORCALL;
    INHERIT(tp_call);
    INHERIT(tp_str);
    if (t->tp_richcompare == NULL && t->tp_hash == NULL) {
        int overrides = overrides_hash(t);
        if (overrides < 0)
            return -1;
        if (!overrides) {
            t->tp_richcompare = base->tp_richcompare;
            t->tp_hash = base->tp_hash;
        }
    }
    INHERIT(tp_iter);
    INHERIT(tp_iternext);
    if (immutable && t->tp_descr_get == NULL && base->tp_descr_get != NULL)
        t->tp_flags |= base->tp_flags & Py_TPFLAGS_METHOD_DESCRIPTOR;
    INHERIT(tp_descr_get);
    INHERIT(tp_descr_set);
    INHERIT(tp_init);
    INHERIT(tp_alloc);
    INHERIT(tp_is_gc);
    INHERIT(tp_del);
    INHERIT(tp_finalize);
    inherit_free(t, base);
    return 0;
}

static int inherit(PyTypeObject *t) {
    PyTypeObject *base = t->tp_base;
    if (base == NULL)
        return 0;
    inherit_layout(t, base);
    const unsigned long patterns = Py_TPFLAGS_SEQUENCE | Py_TPFLAGS_MAPPING;
    for (Py_ssize_t i = 1; i < PyTuple_GET_SIZE(t->tp_mro); i++) {
        PyTypeObject *b = (PyTypeObject *)PyTuple_GET_ITEM(t->tp_mro, i);
        if (!PyType_Check(b))
            continue;
        if (inherit_slots(t, b) < 0)
            return -1;
        if (!(t->tp_flags & patterns))
            t->tp_flags |= b->tp_flags & patterns;
    }
    if (t->tp_as_async == NULL)
        t->tp_as_async = base->tp_as_async;
    if (t->tp_as_number == NULL)
        t->tp_as_number = base->tp_as_number;
    if (t->tp_as_sequence == NULL)
        t->tp_as_sequence = base->tp_as_sequence;
    if (t->tp_as_mapping == NULL)
        t->tp_as_mapping = base->tp_as_mapping;
    if (t->tp_as_buffer == NULL)
        t->tp_as_buffer = base->tp_as_buffer;
    return 0;
}

/* A type that redefines equality without a hash is unhashable. */
static int set_hash(PyTypeObject *t) {
    if (t->tp_hash != NULL)
        return 0;
    if (kr_type_dict_is_empty(t)) {
        ((struct KrLazyType *)t->tp_cache)->no_hash = true;
        t->tp_hash = PyObject_HashNotImplemented;
        return 0;
    }
    int known = PyDict_Contains(t->tp_dict, KR_STR(__hash__));
    if (known)
        return known < 0 ? -1 : 0;
    t->tp_hash = PyObject_HashNotImplemented;
    return PyDict_SetItem(t->tp_dict, KR_STR(__hash__), Py_None);
}

/* ------------------------------------------------------------------ PyType_Ready */

static int set_bases(PyTypeObject *t) {
    if (t->tp_base == NULL && t != &PyBaseObject_Type) {
        t->tp_base = &PyBaseObject_Type;
        if (t->tp_flags & Py_TPFLAGS_HEAPTYPE)
            Py_INCREF(t->tp_base);
    }
    PyTypeObject *base = t->tp_base;
    if (base != NULL && !(base->tp_flags & (Py_TPFLAGS_READY | Py_TPFLAGS_READYING)) && PyType_Ready(base) < 0)
        return -1;
    if (Py_TYPE(t) == NULL && base != NULL)
        Py_SET_TYPE(t, Py_TYPE(base));
    if (t->tp_bases == NULL && (t->tp_bases = base == NULL ? PyTuple_New(0) : PyTuple_Pack(1, base)) == NULL)
        return -1;
    return 0;
}

static int set_mro(PyTypeObject *t) {
    if (!(t->tp_flags & Py_TPFLAGS_HEAPTYPE))
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(t->tp_bases); i++) {
            PyTypeObject *b = (PyTypeObject *)PyTuple_GET_ITEM(t->tp_bases, i);
            if (PyType_Check(b) && (b->tp_flags & Py_TPFLAGS_HEAPTYPE)) {
                PyErr_Format(PyExc_TypeError,
                             "type '%.100s' is not dynamically allocated but its base type '%.100s' is dynamically allocated",
                             t->tp_name, b->tp_name);
                return -1;
            }
        }
    return kr_mro_set(t, NULL) < 0 ? -1 : 0;
}

/* About how many attributes a type from C will have: slots have wrappers, too. */
static Py_ssize_t count_attributes(PyTypeObject *t) {
    Py_ssize_t n = 4;
    for (PyMethodDef *m = t->tp_methods; m != NULL && m->ml_name != NULL; m++) n++;
    for (PyMemberDef *m = t->tp_members; m != NULL && m->name != NULL; m++) n++;
    for (PyGetSetDef *g = t->tp_getset; g != NULL && g->name != NULL; g++) n++;
    return n + (t->tp_as_number != NULL ? 20 : 0) + (t->tp_as_sequence != NULL || t->tp_as_mapping != NULL ? 4 : 0) + (t->tp_richcompare != NULL ? 6 : 0);
}

static int ready(PyTypeObject *t, bool has_slots) {
    if (t->tp_name == NULL) {
        PyErr_Format(PyExc_SystemError, "Type does not define the tp_name field.");
        return -1;
    }
    if (!(t->tp_flags & Py_TPFLAGS_HEAPTYPE)) {
        t->tp_flags |= Py_TPFLAGS_IMMUTABLETYPE;
        if (!kr_is_immortal((PyObject *)t))
            kr_make_immortal((PyObject *)t);
    }
    struct KrLazyType *lazy = kr_runtime.process.leave_dicts_empty && t->tp_dict == NULL && !(t->tp_flags & Py_TPFLAGS_HEAPTYPE) ? new_lazy_type() : NULL;
    if (t->tp_dict == NULL && (t->tp_dict = lazy ? PyDict_New() : _PyDict_NewPresized(count_attributes(t))) == NULL)
        return -1;
    if (set_bases(t) < 0)
        return -1;
    bool own_new;
    set_new(t, &own_new);
    KrSlotSet own = {{0, 0}};
    if (has_slots)
        own = kr_slots_own(t);
    if (lazy) {
        *lazy = (struct KrLazyType){t, own_new, false, own};
        t->tp_cache = (PyObject *)lazy;
    } else if (fill_dict(t, own_new, own) < 0) {
        return -1;
    }
    if (set_mro(t) < 0 || inherit(t) < 0 || set_hash(t) < 0)
        return -1;
    if ((t->tp_flags & Py_TPFLAGS_HAVE_GC) && t->tp_traverse == NULL) {
        PyErr_Format(PyExc_SystemError, "type %s has the Py_TPFLAGS_HAVE_GC flag but has no traverse function", t->tp_name);
        return -1;
    }
    if ((t->tp_flags & Py_TPFLAGS_HEAPTYPE) && (t->tp_flags & Py_TPFLAGS_MANAGED_DICT)) {
        PyHeapTypeObject *h = (PyHeapTypeObject *)t;
        if (h->ht_cached_keys == NULL && (h->ht_cached_keys = kr_shared_keys_new()) == NULL)
            return -1;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(t->tp_bases); i++) {
        PyTypeObject *b = (PyTypeObject *)PyTuple_GET_ITEM(t->tp_bases, i);
        if (PyType_Check(b) && kr_type_add_subclass(b, t) < 0)
            return -1;
    }
    return 0;
}

static int ready_once(PyTypeObject *t, bool has_slots) {
    if (t->tp_flags & Py_TPFLAGS_READY)
        return 0;
    /* A static type must not be come upon half ready from another interpreter: no collection, no Python code, no other thread. */
    KrMemoryState *m = &kr_interp()->memory;
    const int collecting = m->collecting;
    const bool is_static = !(t->tp_flags & Py_TPFLAGS_HEAPTYPE);
    if (is_static)
        m->collecting = 1;
    t->tp_flags |= Py_TPFLAGS_READYING;
    int r = ready(t, has_slots);
    t->tp_flags &= ~Py_TPFLAGS_READYING;
    if (is_static)
        m->collecting = collecting;
    if (r == 0)
        t->tp_flags |= Py_TPFLAGS_READY;
    return r;
}

int PyType_Ready(PyTypeObject *t) { return ready_once(t, true); }
int kr_type_ready_class(PyTypeObject *t) { return ready_once(t, false); }

/* Start-up: objects of t can be made and freed after this, before t has a dict. The bases come earlier in types.def. */
void kr_type_ready_early(PyTypeObject *t) {
    if (Py_TYPE(t) == NULL)
        Py_SET_TYPE(t, &PyType_Type);
    if (t == &PyBaseObject_Type)
        return;
    if (t->tp_base == NULL)
        t->tp_base = &PyBaseObject_Type;
    PyTypeObject *base = t->tp_base;
    inherit_layout(t, base);
    if (t->tp_dealloc == NULL)
        t->tp_dealloc = base->tp_dealloc;
    if (t->tp_alloc == NULL)
        t->tp_alloc = base->tp_alloc;
    inherit_free(t, base);
}
