/* type_mro.c - the hierarchy: subtype tests, C3 linearisation, layout compatibility, subclasses, changing bases and class.
 *
 * tp_mro is a tuple that starts with the type. tp_subclasses is a dict from the address of each direct subclass (as int) to a weak
 * reference to it, or, for a static type, to the type itself: a class must be found from its base while it lives, and
 * must not be kept alive by it. The classes below a static type are in such a dict of each interpreter (static_type.h). A type's "solid base" is the most derived type of its tp_base chain that added fields to
 * the instance struct; two bases go together when one's solid base is a subtype of the other's.
 */
#include "object/type.h"
#include "object/instance.h"
#include "object/static_type.h"

/* ------------------------------------------------------------------ subtypes */

int PyType_IsSubtype(PyTypeObject *a, PyTypeObject *b) {
    PyObject *mro = a->tp_mro;
    if (KR_LIKELY(mro != NULL)) {
        for (Py_ssize_t i = 0, n = PyTuple_GET_SIZE(mro); i < n; i++)
            if (PyTuple_GET_ITEM(mro, i) == (PyObject *)b)
                return 1;
        return 0;
    }
    for (; a != NULL; a = a->tp_base)   /* not ready yet */
        if (a == b)
            return 1;
    return b == &PyBaseObject_Type;
}

/* ------------------------------------------------------------------ subclasses */

/* Where the dict is that names t below base; NULL, without an exception, when there can be none yet. */
static PyObject **subclasses_for(PyTypeObject *base, PyTypeObject *t) {
    if (((base->tp_flags ^ t->tp_flags) & Py_TPFLAGS_HEAPTYPE) == 0)
        return &base->tp_subclasses;
    KrStaticType *s = kr_static_type_find(kr_interp(), base);
    return s == NULL ? NULL : &s->subclasses;
}

int kr_type_add_subclass(PyTypeObject *base, PyTypeObject *t) {
    if (((base->tp_flags ^ t->tp_flags) & Py_TPFLAGS_HEAPTYPE) != 0 && kr_static_type_get(base) == NULL)
        return -1;
    PyObject **dict = subclasses_for(base, t), *key = PyLong_FromVoidPtr(t);
    if (key == NULL)
        return -1;
    PyObject *value = PyType_HasFeature(t, Py_TPFLAGS_HEAPTYPE) ? PyWeakref_NewRef((PyObject *)t, NULL) : Py_NewRef((PyObject *)t);
    int r = -1;
    if (value != NULL && (*dict != NULL || (*dict = PyDict_New()) != NULL))
        r = PyDict_SetItem(*dict, key, value);
    Py_DECREF(key);
    Py_XDECREF(value);
    return r;
}

static void remove_subclass(PyTypeObject *base, PyTypeObject *t) {
    PyObject **dict = subclasses_for(base, t);
    if (dict == NULL || *dict == NULL)
        return;
    PyObject *type, *value, *tb, *key;
    PyErr_Fetch(&type, &value, &tb);
    if ((key = PyLong_FromVoidPtr(t)) == NULL || PyDict_DelItem(*dict, key) < 0)
        PyErr_Clear();
    Py_XDECREF(key);
    if (PyDict_GET_SIZE(*dict) == 0)
        Py_CLEAR(*dict);
    PyErr_Restore(type, value, tb);
}

void kr_type_remove_from_bases(PyTypeObject *t, PyObject *bases) {
    for (Py_ssize_t i = 0, n = bases == NULL ? 0 : PyTuple_GET_SIZE(bases); i < n; i++) {
        PyObject *base = PyTuple_GET_ITEM(bases, i);
        if (PyType_Check(base))
            remove_subclass((PyTypeObject *)base, t);
    }
}

/* The next entry of such a dict (NULL: empty) whose class lives, new reference. */
static PyTypeObject *next_in(PyObject *dict, Py_ssize_t *pos) {
    PyObject *key, *value;
    while (dict != NULL && PyDict_Next(dict, pos, &key, &value)) {
        if (PyWeakref_CheckRef(value))
            value = PyWeakref_GET_OBJECT(value);
        if (value != Py_None)
            return (PyTypeObject *)Py_NewRef(value);
    }
    return NULL;
}

PyTypeObject *kr_type_next_subclass(KrInterp *interp, PyTypeObject *t, Py_ssize_t *pos) {
    enum { OWN = 1 << 30 };     /* positions in the interpreter's dict of a static type begin here */
    PyTypeObject *sub = *pos < OWN ? next_in(t->tp_subclasses, pos) : NULL;
    if (sub != NULL || (t->tp_flags & Py_TPFLAGS_HEAPTYPE))
        return sub;
    KrStaticType *s = kr_static_type_find(interp, t);
    if (s == NULL)
        return NULL;
    Py_ssize_t at = *pos < OWN ? 0 : *pos - OWN;
    sub = next_in(s->subclasses, &at);
    *pos = at + OWN;
    return sub;
}

PyObject *kr_type_subclasses(PyTypeObject *t) {
    PyObject *list = PyList_New(0);
    Py_ssize_t pos = 0;
    for (PyTypeObject *sub; list != NULL && (sub = kr_type_next_subclass(kr_interp(), t, &pos)) != NULL;) {
        if (PyList_Append(list, (PyObject *)sub) < 0)
            Py_CLEAR(list);
        Py_DECREF(sub);
    }
    return list;
}

/* ------------------------------------------------------------------ C3 */

static PyObject *class_name(PyObject *cls) {
    PyObject *name;
    if (_PyObject_LookupAttr(cls, KR_STR(__name__), &name) == 0)
        name = PyObject_Repr(cls);
    return name;
}

static int check_duplicates(PyObject *bases) {
    Py_ssize_t n = PyTuple_GET_SIZE(bases);
    for (Py_ssize_t i = 0; i < n; i++)
        for (Py_ssize_t j = i + 1; j < n; j++)
            if (PyTuple_GET_ITEM(bases, i) == PyTuple_GET_ITEM(bases, j)) {
                PyObject *name = class_name(PyTuple_GET_ITEM(bases, i));
                if (name != NULL) {
                    PyErr_Format(PyExc_TypeError, "duplicate base class %U", name);
                    Py_DECREF(name);
                }
                return -1;
            }
    return 0;
}

/* A sequence being merged and how much of it has been taken. */
typedef struct {
    PyObject *tuple;
    Py_ssize_t at;
} Sequence;

static bool in_tail(const Sequence *s, PyObject *cls) {
    for (Py_ssize_t i = s->at + 1; i < PyTuple_GET_SIZE(s->tuple); i++)
        if (PyTuple_GET_ITEM(s->tuple, i) == cls)
            return true;
    return false;
}

static void raise_inconsistent(const Sequence *seqs, Py_ssize_t n) {
    PyObject *heads = PyDict_New(), *names = PyList_New(0), *sep = PyUnicode_FromString(", "), *joined = NULL;
    if (heads == NULL || names == NULL || sep == NULL)
        goto done;
    for (Py_ssize_t i = 0; i < n; i++)
        if (seqs[i].at < PyTuple_GET_SIZE(seqs[i].tuple)) {
            PyObject *cls = PyTuple_GET_ITEM(seqs[i].tuple, seqs[i].at);
            int known = PyDict_Contains(heads, cls);
            if (known < 0 || (!known && PyDict_SetItem(heads, cls, Py_None) < 0))
                goto done;
            if (known)
                continue;
            PyObject *name = class_name(cls);
            if (name == NULL || PyList_Append(names, name) < 0) {
                Py_XDECREF(name);
                goto done;
            }
            Py_DECREF(name);
        }
    joined = PyUnicode_Join(sep, names);
    if (joined != NULL)
        PyErr_Format(PyExc_TypeError, "Cannot create a consistent method resolution\norder (MRO) for bases %U", joined);
done:
    Py_XDECREF(heads);
    Py_XDECREF(names);
    Py_XDECREF(sep);
    Py_XDECREF(joined);
}

/* The C3 merge of n sequences, appended to result. */
static int merge(Sequence *seqs, Py_ssize_t n, PyObject *result) {
    for (;;) {
        bool empty = true;
        PyObject *next = NULL;
        for (Py_ssize_t i = 0; i < n && next == NULL; i++) {
            if (seqs[i].at >= PyTuple_GET_SIZE(seqs[i].tuple))
                continue;
            empty = false;
            PyObject *candidate = PyTuple_GET_ITEM(seqs[i].tuple, seqs[i].at);
            bool blocked = false;
            for (Py_ssize_t j = 0; j < n && !blocked; j++)
                blocked = in_tail(&seqs[j], candidate);
            if (!blocked)
                next = candidate;
        }
        if (empty)
            return 0;
        if (next == NULL) {
            raise_inconsistent(seqs, n);
            return -1;
        }
        if (PyList_Append(result, next) < 0)
            return -1;
        for (Py_ssize_t i = 0; i < n; i++)
            if (seqs[i].at < PyTuple_GET_SIZE(seqs[i].tuple) && PyTuple_GET_ITEM(seqs[i].tuple, seqs[i].at) == next)
                seqs[i].at++;
    }
}

/* The C3 linearisation of t, a tuple. */
PyObject *kr_mro_compute(PyTypeObject *t) {
    PyObject *bases = t->tp_bases;
    Py_ssize_t n = bases == NULL ? 0 : PyTuple_GET_SIZE(bases);
    for (Py_ssize_t i = 0; i < n; i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(bases, i);
        if (base->tp_mro == NULL) {
            PyErr_Format(PyExc_TypeError, "Cannot extend an incomplete type '%.100s'", base->tp_name);
            return NULL;
        }
    }
    if (n <= 1) {       /* the MRO is the base's with t put before it */
        PyObject *rest = n == 0 ? NULL : ((PyTypeObject *)PyTuple_GET_ITEM(bases, 0))->tp_mro;
        Py_ssize_t size = rest == NULL ? 0 : PyTuple_GET_SIZE(rest);
        PyObject *mro = PyTuple_New(size + 1);
        if (mro == NULL)
            return NULL;
        PyTuple_SET_ITEM(mro, 0, Py_NewRef((PyObject *)t));
        for (Py_ssize_t i = 0; i < size; i++)
            PyTuple_SET_ITEM(mro, i + 1, Py_NewRef(PyTuple_GET_ITEM(rest, i)));
        return mro;
    }
    if (check_duplicates(bases) < 0)
        return NULL;
    Sequence *seqs = PyMem_New(Sequence, n + 1);
    PyObject *list = seqs == NULL ? PyErr_NoMemory() : PyList_New(0), *mro = NULL;
    if (list != NULL && PyList_Append(list, (PyObject *)t) == 0) {
        for (Py_ssize_t i = 0; i < n; i++)
            seqs[i] = (Sequence){((PyTypeObject *)PyTuple_GET_ITEM(bases, i))->tp_mro, 0};
        seqs[n] = (Sequence){bases, 0};
        if (merge(seqs, n + 1, list) == 0)
            mro = PyList_AsTuple(list);
    }
    PyMem_Free(seqs);
    Py_XDECREF(list);
    return mro;
}

/* The most derived ancestor (or t itself) that added fields to the instance struct. A dict or weak reference list at the very
 * end doesn't count: any class may add those. */
static PyTypeObject *solid_base(PyTypeObject *t) {
    PyTypeObject *base = t->tp_base == NULL ? &PyBaseObject_Type : solid_base(t->tp_base);
    Py_ssize_t size = t->tp_basicsize;
    if (t->tp_itemsize || base->tp_itemsize)
        return size != base->tp_basicsize || t->tp_itemsize != base->tp_itemsize ? t : base;
    if (t->tp_flags & Py_TPFLAGS_HEAPTYPE) {
        if (t->tp_weaklistoffset && !base->tp_weaklistoffset && t->tp_weaklistoffset + (Py_ssize_t)sizeof(PyObject *) == size)
            size -= (Py_ssize_t)sizeof(PyObject *);
        if (t->tp_dictoffset && !base->tp_dictoffset && t->tp_dictoffset + (Py_ssize_t)sizeof(PyObject *) == size)
            size -= (Py_ssize_t)sizeof(PyObject *);
    }
    return size != base->tp_basicsize ? t : base;
}

/* The base among the tuple whose layout the new class extends. */
PyTypeObject *kr_type_best_base(PyObject *bases) {
    PyTypeObject *winner = NULL, *best = NULL;
    for (Py_ssize_t i = 0, n = PyTuple_GET_SIZE(bases); i < n; i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(bases, i);
        if (!PyType_Check(base)) {
            PyErr_SetString(PyExc_TypeError, "bases must be types");
            return NULL;
        }
        if (!(base->tp_flags & (Py_TPFLAGS_READY | Py_TPFLAGS_READYING)) && PyType_Ready(base) < 0)
            return NULL;
        if (!PyType_HasFeature(base, Py_TPFLAGS_BASETYPE)) {
            PyErr_Format(PyExc_TypeError, "type '%.100s' is not an acceptable base type", base->tp_name);
            return NULL;
        }
        PyTypeObject *candidate = solid_base(base);
        if (winner == NULL || (!PyType_IsSubtype(winner, candidate) && PyType_IsSubtype(candidate, winner))) {
            winner = candidate;
            best = base;
        } else if (!PyType_IsSubtype(winner, candidate)) {
            PyErr_SetString(PyExc_TypeError, "multiple bases have instance lay-out conflict");
            return NULL;
        }
    }
    return best;
}

/* What the metaclass's mro() gives, checked. */
static PyObject *mro_from_metaclass(PyTypeObject *t) {
    PyObject *method = kr_lookup_special((PyObject *)t, KR_STR(mro));
    if (method == NULL) {
        if (!PyErr_Occurred())
            PyErr_SetObject(PyExc_AttributeError, KR_STR(mro));
        return NULL;
    }
    PyObject *r = PyObject_CallNoArgs(method);
    Py_DECREF(method);
    if (r == NULL)
        return NULL;
    PyObject *mro = PySequence_Tuple(r);
    Py_DECREF(r);
    if (mro == NULL)
        return NULL;
    if (PyTuple_GET_SIZE(mro) == 0) {
        PyErr_Format(PyExc_TypeError, "type MRO must not be empty");
        Py_DECREF(mro);
        return NULL;
    }
    PyTypeObject *solid = solid_base(t);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); i++) {
        PyTypeObject *cls = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        const char *problem = !PyType_Check(cls) ? "mro() returned a non-class ('%.500s')"
                              : !PyType_IsSubtype(solid, solid_base(cls)) ? "mro() returned base with unsuitable layout ('%.500s')"
                                                                          : NULL;
        if (problem != NULL) {
            PyErr_Format(PyExc_TypeError, problem, PyType_Check(cls) ? cls->tp_name : Py_TYPE(cls)->tp_name);
            Py_DECREF(mro);
            return NULL;
        }
    }
    return mro;
}

/* Computes and sets tp_mro. 1: done, *old_mro (if asked for) is the old one, owned; 0: mro() itself has changed it, nothing
 * done; -1: error. */
int kr_mro_set(PyTypeObject *t, PyObject **old_mro) {
    if (old_mro != NULL)
        *old_mro = NULL;
    PyObject *old = Py_XNewRef(t->tp_mro);
    PyObject *mro = Py_TYPE(t) == &PyType_Type ? kr_mro_compute(t) : mro_from_metaclass(t);
    bool changed = t->tp_mro != old;
    Py_XDECREF(old);    /* still owned through t->tp_mro, unless changed */
    if (mro == NULL)
        return -1;
    if (changed) {
        Py_DECREF(mro);
        return 0;
    }
    old = t->tp_mro;
    t->tp_mro = mro;
    PyType_Modified(t);
    if (old_mro != NULL)
        *old_mro = old;
    else
        Py_XDECREF(old);
    return 1;
}

/* ------------------------------------------------------------------ __bases__ */

/* Recomputes the MRO of t and everything below; appends (type, new, old) to done, for undoing. */
static int mro_set_below(PyTypeObject *t, PyObject *done) {
    PyObject *old;
    int r = kr_mro_set(t, &old);
    if (r <= 0)
        return r;
    PyObject *entry = old == NULL ? PyTuple_Pack(2, t, t->tp_mro) : PyTuple_Pack(3, t, t->tp_mro, old);
    if (entry == NULL) {    /* can't be remembered: undo it now */
        Py_SETREF(t->tp_mro, old);
        return -1;
    }
    Py_XDECREF(old);
    r = PyList_Append(done, entry);
    Py_DECREF(entry);
    PyObject *subclasses = r < 0 ? NULL : kr_type_subclasses(t);
    if (subclasses == NULL)
        return -1;
    for (Py_ssize_t i = 0; r == 0 && i < PyList_GET_SIZE(subclasses); i++)
        if (mro_set_below((PyTypeObject *)PyList_GET_ITEM(subclasses, i), done) < 0)
            r = -1;
    Py_DECREF(subclasses);
    return r;
}

static bool same_layout_as_base(PyTypeObject *child) {
    PyTypeObject *parent = child->tp_base;
    return parent != NULL && child->tp_basicsize == parent->tp_basicsize && child->tp_itemsize == parent->tp_itemsize &&
           child->tp_dictoffset == parent->tp_dictoffset && child->tp_weaklistoffset == parent->tp_weaklistoffset &&
           ((child->tp_flags ^ parent->tp_flags) & (Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_MANAGED_DICT)) == 0 &&
           (child->tp_clear == parent->tp_clear || child->tp_clear == kr_subtype_clear || !PyType_IS_GC(child));
}

/* Whether both add the same things to their common base: dict, weak references, the same slots. */
static bool same_slots_added(PyTypeObject *a, PyTypeObject *b) {
    Py_ssize_t size = a->tp_base->tp_basicsize;
    if ((a->tp_flags ^ b->tp_flags) & Py_TPFLAGS_MANAGED_DICT)
        return false;
    if (a->tp_dictoffset == size && b->tp_dictoffset == size)
        size += (Py_ssize_t)sizeof(PyObject *);
    if (!(a->tp_flags & b->tp_flags & Py_TPFLAGS_HEAPTYPE))
        return size == a->tp_basicsize && size == b->tp_basicsize;
    PyObject *slots_a = ((PyHeapTypeObject *)a)->ht_slots, *slots_b = ((PyHeapTypeObject *)b)->ht_slots;
    if (slots_a != NULL && slots_b != NULL) {
        if (PyObject_RichCompareBool(slots_a, slots_b, Py_EQ) != 1) {
            PyErr_Clear();
            return false;
        }
        size += (Py_ssize_t)sizeof(PyObject *) * PyTuple_GET_SIZE(slots_a);
    }
    if (a->tp_dictoffset == size && b->tp_dictoffset == size)
        size += (Py_ssize_t)sizeof(PyObject *);
    if (a->tp_weaklistoffset == size && b->tp_weaklistoffset == size)
        size += (Py_ssize_t)sizeof(PyObject *);
    return size == a->tp_basicsize && size == b->tp_basicsize;
}

/* Whether instances of oldto may become instances of newto: they must be freed alike and be laid out alike. */
/* Whether t is base or one of its tp_bases: while an MRO is being made, that says more than the MRO. */
static bool in_base_chain(PyTypeObject *base, PyTypeObject *t) {
    for (; base != NULL; base = base->tp_base)
        if (base == t)
            return true;
    return false;
}
static bool compatible_for_assignment(PyTypeObject *oldto, PyTypeObject *newto, const char *attr) {
    if (newto->tp_free != oldto->tp_free) {
        PyErr_Format(PyExc_TypeError, "%s assignment: '%s' deallocator differs from '%s'", attr, newto->tp_name, oldto->tp_name);
        return false;
    }
    PyTypeObject *newbase = newto, *oldbase = oldto;
    while (same_layout_as_base(newbase))
        newbase = newbase->tp_base;
    while (same_layout_as_base(oldbase))
        oldbase = oldbase->tp_base;
    if (newbase != oldbase &&
        (newbase->tp_base == NULL || newbase->tp_base != oldbase->tp_base || !same_slots_added(newbase, oldbase))) {
        PyErr_Format(PyExc_TypeError, "%s assignment: '%s' object layout differs from '%s'", attr, newto->tp_name, oldto->tp_name);
        return false;
    }
    return true;
}

int kr_type_set_bases(PyTypeObject *t, PyObject *bases, void *unused) {
    if (!PyTuple_Check(bases)) {
        PyErr_Format(PyExc_TypeError, "can only assign tuple to %s.__bases__, not %s", t->tp_name, Py_TYPE(bases)->tp_name);
        return -1;
    }
    if (PyTuple_GET_SIZE(bases) == 0) {
        PyErr_Format(PyExc_TypeError, "can only assign non-empty tuple to %s.__bases__, not ()", t->tp_name);
        return -1;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(bases); i++) {
        PyObject *o = PyTuple_GET_ITEM(bases, i);
        if (!PyType_Check(o)) {
            PyErr_Format(PyExc_TypeError, "%s.__bases__ must be tuple of classes, not '%s'", t->tp_name, Py_TYPE(o)->tp_name);
            return -1;
        }
        PyTypeObject *base = (PyTypeObject *)o;
        if (PyType_IsSubtype(base, t) || in_base_chain(base, t)) {
            PyErr_SetString(PyExc_TypeError, "a __bases__ item causes an inheritance cycle");
            return -1;
        }
    }
    PyTypeObject *new_base = kr_type_best_base(bases);
    if (new_base == NULL || !compatible_for_assignment(t->tp_base, new_base, "__bases__"))
        return -1;

    PyObject *old_bases = t->tp_bases;
    PyTypeObject *old_base = t->tp_base;
    t->tp_bases = Py_NewRef(bases);
    t->tp_base = (PyTypeObject *)Py_NewRef((PyObject *)new_base);
    PyObject *done = PyList_New(0);
    if (done == NULL || mro_set_below(t, done) < 0)
        goto undo;
    Py_DECREF(done);
    int r = 0;
    if (t->tp_bases == bases) {     /* not if mro() has assigned again */
        kr_type_remove_from_bases(t, old_bases);
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(bases); i++)
            if (kr_type_add_subclass((PyTypeObject *)PyTuple_GET_ITEM(bases, i), t) < 0)
                r = -1;
        PyType_Modified(t);
        kr_slots_update_all(t);
    }
    Py_DECREF(old_bases);
    Py_DECREF(old_base);
    return r;

undo:
    for (Py_ssize_t i = done == NULL ? 0 : PyList_GET_SIZE(done); --i >= 0;) {
        PyObject *entry = PyList_GET_ITEM(done, i);
        PyTypeObject *sub = (PyTypeObject *)PyTuple_GET_ITEM(entry, 0);
        if (sub->tp_mro == PyTuple_GET_ITEM(entry, 1) && PyTuple_GET_SIZE(entry) == 3) {
            Py_SETREF(sub->tp_mro, Py_NewRef(PyTuple_GET_ITEM(entry, 2)));
            PyType_Modified(sub);
        }
    }
    Py_XDECREF(done);
    if (t->tp_bases == bases) {
        Py_SETREF(t->tp_bases, old_bases);
        PyTypeObject *tmp = t->tp_base;
        t->tp_base = old_base;
        Py_DECREF(tmp);
    } else {
        Py_DECREF(old_bases);
        Py_DECREF(old_base);
    }
    return -1;
}

/* ------------------------------------------------------------------ __class__ */

int kr_object_set_class(PyObject *o, PyObject *value, void *unused) {
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "can't delete __class__ attribute");
        return -1;
    }
    if (!PyType_Check(value)) {
        PyErr_Format(PyExc_TypeError, "__class__ must be set to a class, not '%s' object", Py_TYPE(value)->tp_name);
        return -1;
    }
    if (PySys_Audit("object.__setattr__", "OsO", o, "__class__", value) < 0)
        return -1;
    PyTypeObject *oldto = Py_TYPE(o), *newto = (PyTypeObject *)value;
    if (!(PyType_IsSubtype(newto, &PyModule_Type) && PyType_IsSubtype(oldto, &PyModule_Type)) &&
        ((newto->tp_flags | oldto->tp_flags) & Py_TPFLAGS_IMMUTABLETYPE)) {
        PyErr_Format(PyExc_TypeError, "__class__ assignment only supported for mutable types or ModuleType subclasses");
        return -1;
    }
    if (!compatible_for_assignment(oldto, newto, "__class__"))
        return -1;
    /* The values' indices are the old class's: move them into a dict, which holds on to its keys. */
    if ((oldto->tp_flags & Py_TPFLAGS_MANAGED_DICT) && *kr_instance_values_ptr(o) != NULL && kr_object_dict(o) == NULL)
        return -1;
    if (newto->tp_flags & Py_TPFLAGS_HEAPTYPE)
        Py_INCREF(newto);
    Py_SET_TYPE(o, newto);
    if (oldto->tp_flags & Py_TPFLAGS_HEAPTYPE)
        Py_DECREF(oldto);
    return 0;
}
