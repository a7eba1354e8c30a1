/* type_instance.c - instances of Python classes: deallocation, traversal, clearing, and their __dict__ and __weakref__.
 *
 * An instance of a Python class is what its nearest C base makes of it plus, for each Python class on the way, its slots (the
 * member table after the type object), a dict and a weak reference list. These functions deal with the additions and
 * hand the rest to the C base's own functions.
 */
#include "object/type.h"
#include "object/instance.h"
#include "object/static_type.h"
#include "memory/gc.h"

/* ------------------------------------------------------------------ slots */

KR_INLINE PyObject **slot_value(PyObject *o, PyMemberDef *m) { return (PyObject **)((char *)o + m->offset); }

static int traverse_slots(PyTypeObject *t, PyObject *o, visitproc visit, void *arg) {
    PyMemberDef *m = kr_heap_type_members((PyHeapTypeObject *)t);
    for (Py_ssize_t i = 0, n = Py_SIZE(t); i < n; i++, m++)
        if (m->type == T_OBJECT_EX)
            Py_VISIT(*slot_value(o, m));
    return 0;
}

static void clear_slots(PyTypeObject *t, PyObject *o) {
    PyMemberDef *m = kr_heap_type_members((PyHeapTypeObject *)t);
    for (Py_ssize_t i = 0, n = Py_SIZE(t); i < n; i++, m++)
        if (m->type == T_OBJECT_EX && !(m->flags & READONLY))
            Py_CLEAR(*slot_value(o, m));
}

/* ------------------------------------------------------------------ collector */

int kr_subtype_traverse(PyObject *o, visitproc visit, void *arg) {
    PyTypeObject *t = Py_TYPE(o), *base = t;
    traverseproc base_traverse;
    while ((base_traverse = base->tp_traverse) == kr_subtype_traverse) {
        if (Py_SIZE(base)) {
            int r = traverse_slots(base, o, visit, arg);
            if (r)
                return r;
        }
        base = base->tp_base;
    }
    if (t->tp_flags & Py_TPFLAGS_MANAGED_DICT) {
        int r = kr_instance_traverse(o, visit, arg);
        if (r)
            return r;
    } else if (t->tp_dictoffset != base->tp_dictoffset) {
        PyObject **p = _PyObject_GetDictPtr(o);
        if (p != NULL)
            Py_VISIT(*p);
    }
    /* The instance's reference to its class; a heap base's own function visits it already. */
    if ((t->tp_flags & Py_TPFLAGS_HEAPTYPE) && (base_traverse == NULL || !(base->tp_flags & Py_TPFLAGS_HEAPTYPE)))
        Py_VISIT(t);
    return base_traverse == NULL ? 0 : base_traverse(o, visit, arg);
}

int kr_subtype_clear(PyObject *o) {
    PyTypeObject *t = Py_TYPE(o), *base = t;
    inquiry base_clear;
    while ((base_clear = base->tp_clear) == kr_subtype_clear) {
        if (Py_SIZE(base))
            clear_slots(base, o);
        base = base->tp_base;
    }
    if (t->tp_flags & Py_TPFLAGS_MANAGED_DICT) {
        kr_instance_clear(o);
    } else if (t->tp_dictoffset != base->tp_dictoffset) {
        PyObject **p = _PyObject_GetDictPtr(o);
        if (p != NULL)
            Py_CLEAR(*p);
    }
    return base_clear == NULL ? 0 : base_clear(o);
}

/* ------------------------------------------------------------------ deallocation */

/* The part after finalizers: additions of the Python classes, then the C base. */
static void dealloc_body(PyObject *o, PyTypeObject *base, destructor base_dealloc) {
    PyTypeObject *t = Py_TYPE(o);
    for (PyTypeObject *b = t; b->tp_dealloc == kr_subtype_dealloc; b = b->tp_base)
        if (Py_SIZE(b))
            clear_slots(b, o);
    if (t->tp_flags & Py_TPFLAGS_MANAGED_DICT) {
        kr_instance_clear(o);
    } else if (t->tp_dictoffset && !base->tp_dictoffset) {
        PyObject **p = _PyObject_GetDictPtr(o);
        if (p != NULL)
            Py_CLEAR(*p);
    }
    t = Py_TYPE(o);
    if (PyType_IS_GC(base))
        kr_gc_track(o);         /* the base untracks it */
    /* A heap base's deallocator drops the reference to the class itself. */
    bool drop_type = (t->tp_flags & Py_TPFLAGS_HEAPTYPE) && !(base->tp_flags & Py_TPFLAGS_HEAPTYPE);
    base_dealloc(o);
    if (drop_type)
        Py_DECREF(t);
}

void kr_subtype_dealloc(PyObject *o) {
    PyTypeObject *t = Py_TYPE(o), *base = t;
    destructor base_dealloc;
    bool gc = PyType_IS_GC(t);
    if (!gc) {
        if (t->tp_finalize != NULL && PyObject_CallFinalizerFromDealloc(o) < 0)
            return;
        if (t->tp_del != NULL) {
            t->tp_del(o);
            if (Py_REFCNT(o) > 0)
                return;
        }
        while ((base_dealloc = base->tp_dealloc) == kr_subtype_dealloc)
            base = base->tp_base;
        t = Py_TYPE(o);
        bool drop_type = (t->tp_flags & Py_TPFLAGS_HEAPTYPE) && !(base->tp_flags & Py_TPFLAGS_HEAPTYPE);
        base_dealloc(o);
        if (drop_type)
            Py_DECREF(t);
        return;
    }
    PyObject_GC_UnTrack(o);
    KR_TRASHCAN_BEGIN(o, kr_subtype_dealloc);
    while ((base_dealloc = base->tp_dealloc) == kr_subtype_dealloc)
        base = base->tp_base;
    bool has_finalizer = t->tp_finalize != NULL || t->tp_del != NULL;
    if (t->tp_finalize != NULL) {
        kr_gc_track(o);
        if (PyObject_CallFinalizerFromDealloc(o) < 0)
            goto done;          /* resurrected */
        kr_gc_untrack(o);
    }
    /* Weak references go before anything they could show half gone. */
    if (t->tp_weaklistoffset && !base->tp_weaklistoffset && *PyObject_GET_WEAKREFS_LISTPTR(o) != NULL)
        PyObject_ClearWeakRefs(o);
    if (t->tp_del != NULL) {
        kr_gc_track(o);
        t->tp_del(o);
        if (Py_REFCNT(o) > 0)
            goto done;
        kr_gc_untrack(o);
    }
    if (has_finalizer && t->tp_weaklistoffset && !base->tp_weaklistoffset) {
        /* Made by the finalizer: cleared without their callbacks, which would see a half destroyed object. */
        PyWeakReference **list = (PyWeakReference **)PyObject_GET_WEAKREFS_LISTPTR(o);
        while (*list != NULL)
            _PyWeakref_ClearRef(*list);
    }
    dealloc_body(o, base, base_dealloc);
done:
    KR_TRASHCAN_END
}

/* ------------------------------------------------------------------ __dict__ and __weakref__ */

/* The C base that has a __dict__ of its own (a module, an exception), NULL if there is none. */
static PyTypeObject *c_base_with_dict(PyTypeObject *t) {
    for (; t->tp_base != NULL; t = t->tp_base)
        if (t->tp_dictoffset != 0 && !(t->tp_flags & Py_TPFLAGS_HEAPTYPE))
            return t;
    return NULL;
}

/* Its descriptor for __dict__, borrowed; NULL with TypeError. */
static PyObject *dict_descriptor(PyTypeObject *t, PyObject *o) {
    PyObject *d = _PyType_Lookup(t, KR_STR(__dict__));
    if (d != NULL && Py_TYPE(d)->tp_descr_set != NULL)
        return d;
    PyErr_Format(PyExc_TypeError, "this __dict__ descriptor does not support '%.200s' objects", Py_TYPE(o)->tp_name);
    return NULL;
}

static PyObject *subtype_get_dict(PyObject *o, void *unused) {
    PyTypeObject *base = c_base_with_dict(Py_TYPE(o));
    if (base == NULL)
        return PyObject_GenericGetDict(o, NULL);
    PyObject *d = dict_descriptor(base, o);
    if (d == NULL)
        return NULL;
    descrgetfunc get = Py_TYPE(d)->tp_descr_get;
    if (get == NULL) {
        PyErr_Format(PyExc_TypeError, "this __dict__ descriptor does not support '%.200s' objects", Py_TYPE(o)->tp_name);
        return NULL;
    }
    return get(d, o, (PyObject *)Py_TYPE(o));
}

static int subtype_set_dict(PyObject *o, PyObject *value, void *unused) {
    PyTypeObject *base = c_base_with_dict(Py_TYPE(o));
    if (base != NULL) {
        PyObject *d = dict_descriptor(base, o);
        return d == NULL ? -1 : Py_TYPE(d)->tp_descr_set(d, o, value);
    }
    PyObject **p = kr_object_dict_ptr(o);
    if (p == NULL) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_AttributeError, "This object has no __dict__");
        return -1;
    }
    if (value != NULL && !PyDict_Check(value)) {
        PyErr_Format(PyExc_TypeError, "__dict__ must be set to a dictionary, not a '%.200s'", Py_TYPE(value)->tp_name);
        return -1;
    }
    Py_XSETREF(*p, Py_XNewRef(value));
    return 0;
}

static PyObject *subtype_get_weakref(PyObject *o, void *unused) {
    if (Py_TYPE(o)->tp_weaklistoffset == 0) {
        PyErr_SetString(PyExc_AttributeError, "This object has no __weakref__");
        return NULL;
    }
    PyObject *r = *PyObject_GET_WEAKREFS_LISTPTR(o);
    return Py_NewRef(r == NULL ? Py_None : r);
}

#define KR_DICT_GETSET {"__dict__", subtype_get_dict, subtype_set_dict, PyDoc_STR("dictionary for instance variables (if defined)")}
#define KR_WEAKREF_GETSET {"__weakref__", subtype_get_weakref, NULL, PyDoc_STR("list of weak references to the object (if defined)")}
static PyGetSetDef getsets_both[] = {KR_DICT_GETSET, KR_WEAKREF_GETSET, {NULL}};
static PyGetSetDef getsets_dict[] = {KR_DICT_GETSET, {NULL}};
static PyGetSetDef getsets_weakref[] = {KR_WEAKREF_GETSET, {NULL}};

PyGetSetDef *kr_subtype_getsets(bool dict, bool weakref) {
    return dict ? weakref ? getsets_both : getsets_dict : weakref ? getsets_weakref : NULL;
}

int PyType_SUPPORTS_WEAKREFS(PyTypeObject *t) { return t->tp_weaklistoffset > 0; }
PyObject **PyObject_GET_WEAKREFS_LISTPTR(PyObject *o) {
    if (KR_UNLIKELY(kr_is_static_type(o))) {
        KrStaticType *s = kr_static_type_find(kr_interp(), (PyTypeObject *)o);
        if (s != NULL)
            return &s->weaklist;
    }
    return (PyObject **)((char *)o + Py_TYPE(o)->tp_weaklistoffset);
}
