/* type_spec.c - heap types from a PyType_Spec, and the functions that ask a type about itself.
 *
 * slot_offsets maps the stable ABI's slot numbers (typeslots.h) to offsets in PyHeapTypeObject. The member table of the spec is copied
 * behind the type object, where a class's slots are too; three members with special names only carry offsets:
 * __dictoffset__, __weaklistoffset__, __vectorcalloffset__.
 */
#include "object/type.h"

#define TP(name) [Py_##name] = offsetof(PyHeapTypeObject, ht_type.name)
#define NB(name) [Py_##name] = offsetof(PyHeapTypeObject, as_number.name)
#define SQ(name) [Py_##name] = offsetof(PyHeapTypeObject, as_sequence.name)
#define MP(name) [Py_##name] = offsetof(PyHeapTypeObject, as_mapping.name)
#define AM(name) [Py_##name] = offsetof(PyHeapTypeObject, as_async.name)
#define BF(name) [Py_##name] = offsetof(PyHeapTypeObject, as_buffer.name)
static const short slot_offsets[] = {
    BF(bf_getbuffer), BF(bf_releasebuffer), MP(mp_ass_subscript), MP(mp_length), MP(mp_subscript), NB(nb_absolute),
    NB(nb_add), NB(nb_and), NB(nb_bool), NB(nb_divmod), NB(nb_float), NB(nb_floor_divide), NB(nb_index),
    NB(nb_inplace_add), NB(nb_inplace_and), NB(nb_inplace_floor_divide), NB(nb_inplace_lshift),
    NB(nb_inplace_multiply), NB(nb_inplace_or), NB(nb_inplace_power), NB(nb_inplace_remainder),
    NB(nb_inplace_rshift), NB(nb_inplace_subtract), NB(nb_inplace_true_divide), NB(nb_inplace_xor), NB(nb_int),
    NB(nb_invert), NB(nb_lshift), NB(nb_multiply), NB(nb_negative), NB(nb_or), NB(nb_positive), NB(nb_power),
    NB(nb_remainder), NB(nb_rshift), NB(nb_subtract), NB(nb_true_divide), NB(nb_xor), SQ(sq_ass_item),
    SQ(sq_concat), SQ(sq_contains), SQ(sq_inplace_concat), SQ(sq_inplace_repeat), SQ(sq_item), SQ(sq_length),
    SQ(sq_repeat), TP(tp_alloc), TP(tp_base), TP(tp_bases), TP(tp_call), TP(tp_clear), TP(tp_dealloc), TP(tp_del),
    TP(tp_descr_get), TP(tp_descr_set), TP(tp_doc), TP(tp_getattr), TP(tp_getattro), TP(tp_hash), TP(tp_init),
    TP(tp_is_gc), TP(tp_iter), TP(tp_iternext), TP(tp_methods), TP(tp_new), TP(tp_repr), TP(tp_richcompare),
    TP(tp_setattr), TP(tp_setattro), TP(tp_str), TP(tp_traverse), TP(tp_members), TP(tp_getset), TP(tp_free),
    NB(nb_matrix_multiply), NB(nb_inplace_matrix_multiply), AM(am_await), AM(am_aiter), AM(am_anext),
    TP(tp_finalize), AM(am_send),
};
#undef TP
#undef NB
#undef SQ
#undef MP
#undef AM
#undef BF
#define SLOT_COUNT ((int)KR_ARRAY_LEN(slot_offsets))

/* ------------------------------------------------------------------ from a spec */

/* What a first pass over the slots finds out. */
typedef struct {
    Py_ssize_t n_members, dict_offset, weaklist_offset, vectorcall_offset;
    PyMemberDef *members;
    PyTypeObject *base;
    PyObject *bases;
} SpecInfo;

static int scan_slots(PyType_Spec *spec, SpecInfo *info) {
    for (PyType_Slot *slot = spec->slots; slot->slot; slot++) {
        if (slot->slot < 0 || slot->slot >= SLOT_COUNT) {
            PyErr_SetString(PyExc_RuntimeError, "invalid slot offset");
            return -1;
        }
        if (slot->slot == Py_tp_base) {
            info->base = slot->pfunc;
        } else if (slot->slot == Py_tp_bases) {
            info->bases = slot->pfunc;
        } else if (slot->slot == Py_tp_members) {
            info->members = slot->pfunc;
            for (PyMemberDef *m = info->members; m->name != NULL; m++) {
                info->n_members++;
                if (strcmp(m->name, "__weaklistoffset__") == 0)
                    info->weaklist_offset = m->offset;
                else if (strcmp(m->name, "__dictoffset__") == 0)
                    info->dict_offset = m->offset;
                else if (strcmp(m->name, "__vectorcalloffset__") == 0)
                    info->vectorcall_offset = m->offset;
            }
        }
    }
    return 0;
}

/* The tuple of bases, a new reference: the argument (a tuple or one type), else the slots', else object. */
static PyObject *choose_bases(PyObject *bases, const SpecInfo *info) {
    if (bases == NULL)
        bases = info->bases;
    if (bases == NULL)
        return PyTuple_Pack(1, info->base == NULL ? &PyBaseObject_Type : info->base);
    return PyTuple_Check(bases) ? Py_NewRef(bases) : PyTuple_Pack(1, bases);
}

static int copy_doc(PyTypeObject *t, const char *doc) {
    if (doc == NULL)
        return 0;
    size_t n = strlen(doc) + 1;
    char *copy = PyObject_Malloc(n);
    if (copy == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    t->tp_doc = memcpy(copy, doc, n);
    return 0;
}

static int apply_slots(PyHeapTypeObject *h, PyType_Spec *spec, const SpecInfo *info) {
    PyTypeObject *t = &h->ht_type;
    for (PyType_Slot *slot = spec->slots; slot->slot; slot++) {
        switch (slot->slot) {
        case Py_tp_base:
        case Py_tp_bases:
            break;
        case Py_tp_doc:
            if (copy_doc(t, slot->pfunc) < 0)
                return -1;
            break;
        case Py_tp_members:
            memcpy(kr_heap_type_members(h), info->members, (size_t)info->n_members * sizeof(PyMemberDef));
            t->tp_members = kr_heap_type_members(h);
            break;
        default:
            *(void **)((char *)h + slot_offsets[slot->slot]) = slot->pfunc;
        }
    }
    return 0;
}

/* The special members are no attributes. */
static int forget_member(PyTypeObject *t, const char *name, Py_ssize_t offset) {
    return offset == 0 ? 0 : PyDict_DelItemString(t->tp_dict, name);
}

static int set_module_name(PyTypeObject *t, PyType_Spec *spec) {
    int known = PyDict_Contains(t->tp_dict, KR_STR(__module__));
    if (known)
        return known < 0 ? -1 : 0;
    const char *dot = strrchr(spec->name, '.');
    if (dot == NULL)
        return PyErr_WarnFormat(PyExc_DeprecationWarning, 1, "builtin type %.200s has no __module__ attribute", spec->name);
    PyObject *name = PyUnicode_FromStringAndSize(spec->name, dot - spec->name);
    if (name == NULL)
        return -1;
    PyUnicode_InternInPlace(&name);
    int r = PyDict_SetItem(t->tp_dict, KR_STR(__module__), name);
    Py_DECREF(name);
    return r;
}

/* A heap type as the spec describes it, associated with module (may be NULL). */
PyObject *PyType_FromModuleAndSpec(PyObject *module, PyType_Spec *spec, PyObject *bases_arg) {
    SpecInfo info = {0};
    if (spec->name == NULL) {
        PyErr_SetString(PyExc_SystemError, "Type spec does not define the name field.");
        return NULL;
    }
    if (scan_slots(spec, &info) < 0)
        return NULL;
    PyObject *bases = choose_bases(bases_arg, &info);
    if (bases == NULL)
        return NULL;
    PyTypeObject *base = kr_type_best_base(bases);
    PyHeapTypeObject *h = base == NULL ? NULL : (PyHeapTypeObject *)PyType_GenericAlloc(&PyType_Type, info.n_members);
    if (h == NULL) {
        Py_DECREF(bases);
        return NULL;
    }
    PyTypeObject *t = &h->ht_type;
    const char *dot = strrchr(spec->name, '.');
    size_t n = strlen(spec->name) + 1;
    t->tp_flags = spec->flags | Py_TPFLAGS_HEAPTYPE;
    t->tp_name = dot == NULL ? spec->name : dot + 1;
    t->tp_as_async = &h->as_async;
    t->tp_as_number = &h->as_number;
    t->tp_as_sequence = &h->as_sequence;
    t->tp_as_mapping = &h->as_mapping;
    t->tp_as_buffer = &h->as_buffer;
    t->tp_bases = bases;
    t->tp_base = (PyTypeObject *)Py_NewRef((PyObject *)base);
    t->tp_basicsize = spec->basicsize;
    t->tp_itemsize = spec->itemsize;
    h->ht_module = Py_XNewRef(module);
    if ((h->ht_name = PyUnicode_FromString(t->tp_name)) == NULL)
        goto fail;
    h->ht_qualname = Py_NewRef(h->ht_name);
    if ((h->_ht_tpname = PyMem_Malloc(n)) == NULL) {
        PyErr_NoMemory();
        goto fail;
    }
    t->tp_name = memcpy(h->_ht_tpname, spec->name, n);
    if (apply_slots(h, spec, &info) < 0)
        goto fail;
    if (t->tp_dealloc == NULL)      /* instances own a reference to the type, which no static base's function knows of */
        t->tp_dealloc = kr_subtype_dealloc;
    t->tp_vectorcall_offset = info.vectorcall_offset;
    t->tp_weaklistoffset = info.weaklist_offset;
    t->tp_dictoffset = info.dict_offset;
    if (PyType_Ready(t) < 0 || set_module_name(t, spec) < 0 || forget_member(t, "__weaklistoffset__", info.weaklist_offset) < 0 ||
        forget_member(t, "__dictoffset__", info.dict_offset) < 0)
        goto fail;
    return (PyObject *)t;
fail:
    Py_DECREF(t);
    return NULL;
}

PyObject *PyType_FromSpecWithBases(PyType_Spec *spec, PyObject *bases) { return PyType_FromModuleAndSpec(NULL, spec, bases); }
PyObject *PyType_FromSpec(PyType_Spec *spec) { return PyType_FromModuleAndSpec(NULL, spec, NULL); }

/* ------------------------------------------------------------------ questions */

/* A slot of the type by its number in typeslots.h; NULL when it is empty. */
void *PyType_GetSlot(PyTypeObject *t, int slot) {
    if (slot <= 0 || slot >= SLOT_COUNT) {
        PyErr_BadInternalCall();
        return NULL;
    }
    size_t offset = (size_t)slot_offsets[slot];
    if (offset >= offsetof(PyHeapTypeObject, as_buffer)) {
        if (t->tp_as_buffer == NULL)
            return NULL;
        return *(void **)((char *)t->tp_as_buffer + (offset - offsetof(PyHeapTypeObject, as_buffer)));
    }
    void **p = kr_slot_address(t, (int)offset);
    return p == NULL ? NULL : *p;
}

PyObject *PyType_GetModule(PyTypeObject *t) {
    if (!PyType_HasFeature(t, Py_TPFLAGS_HEAPTYPE)) {
        PyErr_Format(PyExc_TypeError, "PyType_GetModule: Type '%s' is not a heap type", t->tp_name);
        return NULL;
    }
    PyObject *m = ((PyHeapTypeObject *)t)->ht_module;
    if (m == NULL)
        PyErr_Format(PyExc_TypeError, "PyType_GetModule: Type '%s' has no associated module", t->tp_name);
    return m;
}

void *PyType_GetModuleState(PyTypeObject *t) {
    PyObject *m = PyType_GetModule(t);
    return m == NULL ? NULL : PyModule_GetState(m);
}

/* The module made from def that t or the nearest of its bases is associated with, borrowed. */
PyObject *PyType_GetModuleByDef(PyTypeObject *t, PyModuleDef *def) {
    PyObject *mro = t->tp_mro;
    for (Py_ssize_t i = 0; mro != NULL && i < PyTuple_GET_SIZE(mro); i++) {
        PyTypeObject *b = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        if (!PyType_HasFeature(b, Py_TPFLAGS_HEAPTYPE))
            continue;
        PyObject *m = ((PyHeapTypeObject *)b)->ht_module;
        if (m != NULL && PyModule_Check(m) && PyModule_GetDef(m) == def)
            return m;
    }
    PyErr_Format(PyExc_TypeError, "PyType_GetModuleByDef: No superclass of '%s' has the given module", t->tp_name);
    return NULL;
}
