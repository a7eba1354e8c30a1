/* type_attr.c - look-up of class attributes, and the attributes of type objects themselves.
 *
 * A look-up walks the MRO's dicts. Its result is kept in a direct-mapped cache of the interpreter, indexed by the type's
 * version tag and the name's address. An entry owns its name, so the address can't become another str's; it borrows the value, which
 * is safe because whatever removes the value from a class first takes the class's version away (PyType_Modified).
 *
 * Version tags: a type has one only while Py_TPFLAGS_VALID_VERSION_TAG is set, and only if all its bases do, so that taking a
 * type's tag can stop at subclasses that have none. Tags are never used twice. A type whose metaclass computes the MRO
 * itself gets no tag: its MRO may name classes that don't know it as a subclass.
 */
#include "object/type.h"
#include "object/instance.h"
#include <limits.h>

#undef _PyObject_LookupSpecial
PyAPI_FUNC(PyObject *) _PyObject_LookupSpecial(PyObject *, PyObject *);

/* ------------------------------------------------------------------ versions */

static bool has_custom_mro(PyTypeObject *t) {
    PyTypeObject *meta = Py_TYPE(t);
    if (meta == &PyType_Type)
        return false;
    PyObject *mro = _PyType_Lookup(meta, KR_STR(mro));
    return mro == NULL || !Py_IS_TYPE(mro, &PyMethodDescr_Type) || PyDescr_TYPE(mro) != &PyType_Type;
}

unsigned int kr_type_version(PyTypeObject *t) {
    if (t->tp_flags & Py_TPFLAGS_VALID_VERSION_TAG)
        return t->tp_version_tag;
    unsigned int *last = &kr_runtime.process.versions.type;
    if (!(t->tp_flags & Py_TPFLAGS_READY) || *last == UINT_MAX || has_custom_mro(t))
        return 0;
    PyObject *bases = t->tp_bases;
    for (Py_ssize_t i = 0, n = bases == NULL ? 0 : PyTuple_GET_SIZE(bases); i < n; i++) {
        PyObject *base = PyTuple_GET_ITEM(bases, i);
        if (!PyType_Check(base) || kr_type_version((PyTypeObject *)base) == 0)
            return 0;
    }
    t->tp_version_tag = ++*last;
    t->tp_flags |= Py_TPFLAGS_VALID_VERSION_TAG;
    return t->tp_version_tag;
}

static void subclasses_modified(KrInterp *interp, PyTypeObject *t) {
    Py_ssize_t pos = 0;
    for (PyTypeObject *sub; (sub = kr_type_next_subclass(interp, t, &pos)) != NULL;) {
        PyType_Modified(sub);
        Py_DECREF(sub);
    }
}

/* Must be called after every change of a class: drops what is cached about it and its subclasses, those of a static type in every
 * interpreter. */
void PyType_Modified(PyTypeObject *t) {
    if (!(t->tp_flags & Py_TPFLAGS_VALID_VERSION_TAG))
        return;
    if (t->tp_flags & Py_TPFLAGS_HEAPTYPE)
        subclasses_modified(kr_interp(), t);
    else
        for (KrInterp *interp = kr_runtime.interps; interp != NULL; interp = interp->next)
            subclasses_modified(interp, t);
    t->tp_flags &= ~Py_TPFLAGS_VALID_VERSION_TAG;
    t->tp_version_tag = 0;
    if (PyType_HasFeature(t, Py_TPFLAGS_HEAPTYPE))
        ((PyHeapTypeObject *)t)->_spec_cache.getitem = NULL;
}

void kr_type_cache_clear(KrInterp *interp) {
    for (size_t i = 0; i < KR_TYPE_CACHE_SIZE; i++) {
        KrTypeCacheEntry *e = &interp->type.cache[i];
        e->version = 0;
        e->value = NULL;
        Py_CLEAR(e->name);
    }
}

/* Empties the cache; the last version tag given out. */
unsigned int PyType_ClearCache(void) {
    kr_type_cache_clear(kr_interp());
    return kr_runtime.process.versions.type;
}

/* ------------------------------------------------------------------ look-up */

PyObject *kr_type_find_in_mro(PyTypeObject *t, PyObject *name, int *error) {
    *error = 0;
    Py_hash_t hash = PyUnicode_CheckExact(name) ? ((PyASCIIObject *)name)->hash : -1;
    if (hash == -1 && (hash = PyObject_Hash(name)) == -1) {
        *error = -1;
        return NULL;
    }
    PyObject *mro = t->tp_mro;
    if (KR_UNLIKELY(mro == NULL)) {
        if (!(t->tp_flags & Py_TPFLAGS_READYING) && PyType_Ready(t) < 0) {
            *error = -1;
            return NULL;
        }
        if ((mro = t->tp_mro) == NULL)
            return NULL;
    }
    PyObject *r = NULL;
    Py_INCREF(mro);     /* a key's __eq__ may change the hierarchy */
    for (Py_ssize_t i = 0, n = PyTuple_GET_SIZE(mro); i < n; i++) {
        PyTypeObject *c = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        PyObject *dict = c->tp_dict;
        if (dict == NULL)
            continue;
        if (kr_type_dict_ready(c) < 0) {
            *error = -1;
            break;
        }
        r = _PyDict_GetItem_KnownHash(dict, name, hash);
        if (r != NULL)
            break;
        if (PyErr_Occurred()) {
            *error = -1;
            break;
        }
    }
    Py_DECREF(mro);
    return r;
}

/* The attribute `name` of the class t as its MRO has it, borrowed; NULL, without an exception, when there is none. */
PyObject *_PyType_Lookup(PyTypeObject *t, PyObject *name) {
    KrTypeState *s = &kr_interp()->type;
    KrTypeCacheEntry *e = NULL;
    if (t->tp_flags & Py_TPFLAGS_VALID_VERSION_TAG) {
        e = &s->cache[(t->tp_version_tag ^ ((uintptr_t)name >> 4)) & s->cache_mask];
        if (e->version == t->tp_version_tag && e->name == name)
            return e->value;
    }
    unsigned int version = PyUnicode_CheckExact(name) && PyUnicode_GET_LENGTH(name) <= 100 ? kr_type_version(t) : 0;
    int error;
    PyObject *value = kr_type_find_in_mro(t, name, &error);
    if (KR_UNLIKELY(error)) {
        PyErr_Clear();
        return NULL;
    }
    if (version != 0 && t->tp_version_tag == version && (t->tp_flags & Py_TPFLAGS_VALID_VERSION_TAG)) {
        e = &s->cache[(version ^ ((uintptr_t)name >> 4)) & s->cache_mask];
        PyObject *old = e->name;
        if (old && s->cache_mask < KR_TYPE_CACHE_SIZE - 1 && ++s->cache_evictions >= KR_TYPE_CACHE_SIZE / 4)
            s->cache_mask = KR_TYPE_CACHE_SIZE - 1;     /* entries that are not where they are looked for now do no harm */
        e->version = version;
        e->name = Py_NewRef(name);
        e->value = value;
        Py_XDECREF(old);
    }
    return value;
}

PyObject *_PyType_LookupId(PyTypeObject *t, _Py_Identifier *id) {
    PyObject *name = _PyUnicode_FromId(id);
    return name == NULL ? NULL : _PyType_Lookup(t, name);
}

PyObject *kr_lookup_special(PyObject *o, PyObject *name) {
    PyTypeObject *t = Py_TYPE(o);
    PyObject *r = _PyType_Lookup(t, name);
    if (r == NULL)
        return NULL;
    descrgetfunc get = Py_TYPE(r)->tp_descr_get;
    return get == NULL ? Py_NewRef(r) : get(r, o, (PyObject *)t);
}

PyObject *kr_lookup_special_method(PyObject *o, PyObject *name, int *unbound) {
    PyTypeObject *t = Py_TYPE(o);
    PyObject *r = _PyType_Lookup(t, name);
    *unbound = 0;
    if (r == NULL)
        return NULL;
    if (PyType_HasFeature(Py_TYPE(r), Py_TPFLAGS_METHOD_DESCRIPTOR)) {
        *unbound = 1;
        return Py_NewRef(r);
    }
    descrgetfunc get = Py_TYPE(r)->tp_descr_get;
    return get == NULL ? Py_NewRef(r) : get(r, o, (PyObject *)t);
}

PyObject *_PyObject_LookupSpecialId(PyObject *o, _Py_Identifier *id) {
    PyObject *name = _PyUnicode_FromId(id);
    return name == NULL ? NULL : kr_lookup_special(o, name);
}
PyObject *_PyObject_LookupSpecial(PyObject *o, PyObject *name) { return kr_lookup_special(o, name); }

/* ------------------------------------------------------------------ type.__getattribute__, __setattr__ */

PyObject *kr_type_getattr(PyTypeObject *t, PyObject *name, int suppress) {
    if (!PyUnicode_Check(name)) {
        PyErr_Format(PyExc_TypeError, "attribute name must be string, not '%.200s'", Py_TYPE(name)->tp_name);
        return NULL;
    }
    if (KR_UNLIKELY(!(t->tp_flags & (Py_TPFLAGS_READY | Py_TPFLAGS_READYING))) && PyType_Ready(t) < 0)
        return NULL;
    PyTypeObject *meta = Py_TYPE(t);
    PyObject *meta_attr = _PyType_Lookup(meta, name), *r;
    descrgetfunc meta_get = NULL;
    if (meta_attr != NULL) {
        meta_get = Py_TYPE(meta_attr)->tp_descr_get;
        Py_INCREF(meta_attr);
        if (meta_get != NULL && Py_TYPE(meta_attr)->tp_descr_set != NULL) {
            r = meta_get(meta_attr, (PyObject *)t, (PyObject *)meta);
            Py_DECREF(meta_attr);
            goto done;
        }
    }
    PyObject *attr = _PyType_Lookup(t, name);
    if (attr != NULL) {
        Py_XDECREF(meta_attr);
        descrgetfunc get = Py_TYPE(attr)->tp_descr_get;
        if (get == NULL)
            return Py_NewRef(attr);
        Py_INCREF(attr);
        r = get(attr, NULL, (PyObject *)t);
        Py_DECREF(attr);
        goto done;
    }
    if (meta_get != NULL) {
        r = meta_get(meta_attr, (PyObject *)t, (PyObject *)meta);
        Py_DECREF(meta_attr);
        goto done;
    }
    if (meta_attr != NULL)
        return meta_attr;
    if (!suppress)
        PyErr_Format(PyExc_AttributeError, "type object '%.50s' has no attribute '%U'", t->tp_name, name);
    return NULL;
done:
    if (r == NULL && suppress && PyErr_ExceptionMatches(PyExc_AttributeError))
        PyErr_Clear();
    return r;
}

PyObject *kr_type_getattro(PyObject *t, PyObject *name) { return kr_type_getattr((PyTypeObject *)t, name, 0); }

int kr_type_setattro(PyObject *self, PyObject *name, PyObject *value) {
    PyTypeObject *t = (PyTypeObject *)self;
    if (t->tp_flags & Py_TPFLAGS_IMMUTABLETYPE) {
        PyErr_Format(PyExc_TypeError, "cannot set %R attribute of immutable type '%s'", name, t->tp_name);
        return -1;
    }
    if (!PyUnicode_Check(name)) {
        PyErr_Format(PyExc_TypeError, "attribute name must be string, not '%.200s'", Py_TYPE(name)->tp_name);
        return -1;
    }
    if (PyUnicode_CheckExact(name)) {
        Py_INCREF(name);
        PyUnicode_InternInPlace(&name);
    } else if ((name = _PyUnicode_Copy(name)) == NULL) {
        return -1;
    }
    /* The old value is kept until nothing cached refers to it. */
    PyObject *old = t->tp_dict == NULL ? NULL : Py_XNewRef(PyDict_GetItemWithError(t->tp_dict, name));
    int r = _PyObject_GenericSetAttrWithDict(self, name, value, NULL);
    PyType_Modified(t);
    if (r == 0 && kr_is_dunder(name))
        r = kr_slots_update(t, name);
    Py_XDECREF(old);
    Py_DECREF(name);
    return r;
}

/* ------------------------------------------------------------------ docs and signatures */

/* The text after "name(" in a doc that starts so, pointing at "("; NULL otherwise. */
static const char *signature_start(const char *name, const char *doc) {
    if (doc == NULL)
        return NULL;
    const char *dot = strrchr(name, '.');
    if (dot != NULL)
        name = dot + 1;
    size_t n = strlen(name);
    return strncmp(doc, name, n) == 0 && doc[n] == '(' ? doc + n : NULL;
}

#define SIGNATURE_END ")\n--\n\n"
/* Where the doc proper begins, after the signature's end marker; NULL when there is none in the first paragraph. */
static const char *signature_end(const char *p) {
    for (; *p; p++) {
        if (*p == ')' && strncmp(p, SIGNATURE_END, sizeof SIGNATURE_END - 1) == 0)
            return p + sizeof SIGNATURE_END - 1;
        if (p[0] == '\n' && p[1] == '\n')
            return NULL;
    }
    return NULL;
}

/* The doc without a leading signature, as a C string. */
static const char *doc_text(const char *name, const char *doc) {
    const char *start = signature_start(name, doc), *end = start == NULL ? NULL : signature_end(start);
    return end == NULL ? doc : end;
}

PyObject *_PyType_GetDocFromInternalDoc(const char *name, const char *doc) {
    const char *text = doc_text(name, doc);
    if (text == NULL || *text == '\0')
        Py_RETURN_NONE;
    return PyUnicode_FromString(text);
}

PyObject *_PyType_GetTextSignatureFromInternalDoc(const char *name, const char *doc) {
    const char *start = signature_start(name, doc), *end = start == NULL ? NULL : signature_end(start);
    if (end == NULL)
        Py_RETURN_NONE;
    end -= sizeof SIGNATURE_END - 2;    /* just past the parenthesis */
    return PyUnicode_FromStringAndSize(start, end - start);
}

/* ------------------------------------------------------------------ names */

const char *kr_type_short_name(PyTypeObject *t) {
    const char *dot = strrchr(t->tp_name, '.');
    return dot == NULL ? t->tp_name : dot + 1;
}
const char *_PyType_Name(PyTypeObject *t) { return kr_type_short_name(t); }

static PyObject *type_get_name(PyObject *self, void *unused) {
    PyTypeObject *t = (PyTypeObject *)self;
    if (t->tp_flags & Py_TPFLAGS_HEAPTYPE)
        return Py_NewRef(((PyHeapTypeObject *)t)->ht_name);
    return PyUnicode_FromString(kr_type_short_name(t));
}

PyObject *kr_type_qualname(PyTypeObject *t) {
    if (t->tp_flags & Py_TPFLAGS_HEAPTYPE)
        return Py_NewRef(((PyHeapTypeObject *)t)->ht_qualname);
    return PyUnicode_FromString(kr_type_short_name(t));
}
static PyObject *type_get_qualname(PyObject *t, void *unused) { return kr_type_qualname((PyTypeObject *)t); }
PyObject *PyType_GetName(PyTypeObject *t) { return type_get_name((PyObject *)t, NULL); }
PyObject *PyType_GetQualName(PyTypeObject *t) { return kr_type_qualname(t); }

/* Whether a special attribute may be set: not on immutable types, and it can't be deleted. */
static bool may_set(PyTypeObject *t, PyObject *value, const char *name) {
    if (t->tp_flags & Py_TPFLAGS_IMMUTABLETYPE) {
        PyErr_Format(PyExc_TypeError, "cannot set '%s' attribute of immutable type '%s'", name, t->tp_name);
        return false;
    }
    if (value == NULL) {
        PyErr_Format(PyExc_TypeError, "cannot delete '%s' attribute of immutable type '%s'", name, t->tp_name);
        return false;
    }
    return PySys_Audit("object.__setattr__", "OsO", t, name, value) == 0;
}

static int type_set_name(PyObject *self, PyObject *value, void *unused) {
    PyTypeObject *t = (PyTypeObject *)self;
    if (!may_set(t, value, "__name__"))
        return -1;
    if (!PyUnicode_Check(value)) {
        PyErr_Format(PyExc_TypeError, "can only assign string to %s.__name__, not '%s'", t->tp_name, Py_TYPE(value)->tp_name);
        return -1;
    }
    Py_ssize_t n;
    const char *utf8 = PyUnicode_AsUTF8AndSize(value, &n);
    if (utf8 == NULL)
        return -1;
    if (strlen(utf8) != (size_t)n) {
        PyErr_SetString(PyExc_ValueError, "type name must not contain null characters");
        return -1;
    }
    t->tp_name = utf8;
    Py_SETREF(((PyHeapTypeObject *)t)->ht_name, Py_NewRef(value));
    return 0;
}

static int type_set_qualname(PyObject *self, PyObject *value, void *unused) {
    PyTypeObject *t = (PyTypeObject *)self;
    if (!may_set(t, value, "__qualname__"))
        return -1;
    if (!PyUnicode_Check(value)) {
        PyErr_Format(PyExc_TypeError, "can only assign string to %s.__qualname__, not '%s'", t->tp_name, Py_TYPE(value)->tp_name);
        return -1;
    }
    Py_SETREF(((PyHeapTypeObject *)t)->ht_qualname, Py_NewRef(value));
    return 0;
}

PyObject *kr_type_module(PyTypeObject *t) {
    if (t->tp_flags & Py_TPFLAGS_HEAPTYPE) {
        PyObject *m = PyDict_GetItemWithError(t->tp_dict, KR_STR(__module__));
        if (m == NULL && !PyErr_Occurred())
            PyErr_Format(PyExc_AttributeError, "__module__");
        return Py_XNewRef(m);
    }
    const char *dot = strrchr(t->tp_name, '.');
    if (dot == NULL)
        return Py_NewRef(KR_STR(builtins));
    PyObject *m = PyUnicode_FromStringAndSize(t->tp_name, dot - t->tp_name);
    if (m != NULL)
        PyUnicode_InternInPlace(&m);
    return m;
}
static PyObject *type_get_module(PyObject *t, void *unused) { return kr_type_module((PyTypeObject *)t); }

static int type_set_module(PyObject *self, PyObject *value, void *unused) {
    PyTypeObject *t = (PyTypeObject *)self;
    if (!may_set(t, value, "__module__"))
        return -1;
    PyType_Modified(t);
    return PyDict_SetItem(t->tp_dict, KR_STR(__module__), value);
}

/* ------------------------------------------------------------------ other attributes of types */

static PyObject *type_get_abstractmethods(PyObject *self, void *unused) {
    PyTypeObject *t = (PyTypeObject *)self;
    PyObject *v = NULL;
    if (t != &PyType_Type)      /* type's own dict has the descriptor itself */
        v = PyDict_GetItemWithError(t->tp_dict, KR_STR(__abstractmethods__));
    if (v == NULL && !PyErr_Occurred())
        PyErr_SetObject(PyExc_AttributeError, KR_STR(__abstractmethods__));
    return Py_XNewRef(v);
}

static int type_set_abstractmethods(PyObject *self, PyObject *value, void *unused) {
    PyTypeObject *t = (PyTypeObject *)self;
    int abstract = 0, r;
    if (value != NULL) {
        abstract = PyObject_IsTrue(value);
        if (abstract < 0)
            return -1;
        r = PyDict_SetItem(t->tp_dict, KR_STR(__abstractmethods__), value);
    } else {
        r = PyDict_DelItem(t->tp_dict, KR_STR(__abstractmethods__));
        if (r < 0 && PyErr_ExceptionMatches(PyExc_KeyError)) {
            PyErr_SetObject(PyExc_AttributeError, KR_STR(__abstractmethods__));
            return -1;
        }
    }
    if (r < 0)
        return -1;
    PyType_Modified(t);
    if (abstract)
        t->tp_flags |= Py_TPFLAGS_IS_ABSTRACT;
    else
        t->tp_flags &= ~Py_TPFLAGS_IS_ABSTRACT;
    return 0;
}

static PyObject *type_get_bases(PyObject *t, void *unused) { return Py_XNewRef(((PyTypeObject *)t)->tp_bases); }
static int type_set_bases(PyObject *self, PyObject *value, void *unused) {
    return may_set((PyTypeObject *)self, value, "__bases__") ? kr_type_set_bases((PyTypeObject *)self, value, NULL) : -1;
}

static PyObject *type_get_dict(PyObject *self, void *unused) {
    PyObject *d = ((PyTypeObject *)self)->tp_dict;
    if (kr_type_dict_ready((PyTypeObject *)self) < 0)
        return NULL;
    return d == NULL ? Py_NewRef(Py_None) : PyDictProxy_New(d);
}

/* The entry `name` of t's own dict, bound as for an access through t. */
static PyObject *own_attribute(PyTypeObject *t, PyObject *name) {
    PyObject *v = kr_type_dict_ready(t) < 0 ? NULL : PyDict_GetItemWithError(t->tp_dict, name);
    if (v == NULL)
        return NULL;
    descrgetfunc get = Py_TYPE(v)->tp_descr_get;
    return get == NULL ? Py_NewRef(v) : get(v, NULL, (PyObject *)t);
}

static PyObject *type_get_doc(PyObject *self, void *unused) {
    PyTypeObject *t = (PyTypeObject *)self;
    if (!(t->tp_flags & Py_TPFLAGS_HEAPTYPE) && t->tp_doc != NULL)
        return _PyType_GetDocFromInternalDoc(t->tp_name, t->tp_doc);
    PyObject *v = own_attribute(t, KR_STR(__doc__));
    return v == NULL && !PyErr_Occurred() ? Py_NewRef(Py_None) : v;
}

static int type_set_doc(PyObject *self, PyObject *value, void *unused) {
    PyTypeObject *t = (PyTypeObject *)self;
    if (!may_set(t, value, "__doc__"))
        return -1;
    PyType_Modified(t);
    return PyDict_SetItem(t->tp_dict, KR_STR(__doc__), value);
}

static PyObject *type_get_text_signature(PyObject *self, void *unused) {
    PyTypeObject *t = (PyTypeObject *)self;
    return _PyType_GetTextSignatureFromInternalDoc(t->tp_name, t->tp_doc);
}

static PyObject *type_get_annotations(PyObject *self, void *unused) {
    PyTypeObject *t = (PyTypeObject *)self;
    if (!(t->tp_flags & Py_TPFLAGS_HEAPTYPE)) {
        PyErr_Format(PyExc_AttributeError, "type object '%s' has no attribute '__annotations__'", t->tp_name);
        return NULL;
    }
    PyObject *v = own_attribute(t, KR_STR(__annotations__));
    if (v != NULL || PyErr_Occurred() || (v = PyDict_New()) == NULL)
        return v;
    if (PyDict_SetItem(t->tp_dict, KR_STR(__annotations__), v) < 0) {
        Py_DECREF(v);
        return NULL;
    }
    PyType_Modified(t);
    return v;
}

static int type_set_annotations(PyObject *self, PyObject *value, void *unused) {
    PyTypeObject *t = (PyTypeObject *)self;
    if (t->tp_flags & Py_TPFLAGS_IMMUTABLETYPE) {
        PyErr_Format(PyExc_TypeError, "cannot set '__annotations__' attribute of immutable type '%s'", t->tp_name);
        return -1;
    }
    int r;
    if (value != NULL) {
        r = PyDict_SetItem(t->tp_dict, KR_STR(__annotations__), value);
    } else {
        int has = PyDict_Contains(t->tp_dict, KR_STR(__annotations__));
        if (has < 0)
            return -1;
        if (has == 0) {
            PyErr_Format(PyExc_AttributeError, "__annotations__");
            return -1;
        }
        r = PyDict_DelItem(t->tp_dict, KR_STR(__annotations__));
    }
    if (r == 0)
        PyType_Modified(t);
    return r;
}

PyMemberDef kr_type_members[] = {
    {"__basicsize__", T_PYSSIZET, offsetof(PyTypeObject, tp_basicsize), READONLY},
    {"__itemsize__", T_PYSSIZET, offsetof(PyTypeObject, tp_itemsize), READONLY},
    {"__flags__", T_ULONG, offsetof(PyTypeObject, tp_flags), READONLY},
    {"__weakrefoffset__", T_PYSSIZET, offsetof(PyTypeObject, tp_weaklistoffset), READONLY},
    {"__base__", T_OBJECT, offsetof(PyTypeObject, tp_base), READONLY},
    {"__dictoffset__", T_PYSSIZET, offsetof(PyTypeObject, tp_dictoffset), READONLY},
    {"__mro__", T_OBJECT, offsetof(PyTypeObject, tp_mro), READONLY},
    {NULL},
};

PyGetSetDef kr_type_getsets[] = {
    {"__name__", type_get_name, type_set_name, NULL},
    {"__qualname__", type_get_qualname, type_set_qualname, NULL},
    {"__bases__", type_get_bases, type_set_bases, NULL},
    {"__module__", type_get_module, type_set_module, NULL},
    {"__abstractmethods__", type_get_abstractmethods, type_set_abstractmethods, NULL},
    {"__dict__", type_get_dict, NULL, NULL},
    {"__doc__", type_get_doc, type_set_doc, NULL},
    {"__text_signature__", type_get_text_signature, NULL, NULL},
    {"__annotations__", type_get_annotations, type_set_annotations, NULL},
    {NULL},
};
