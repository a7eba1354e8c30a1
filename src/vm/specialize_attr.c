/* specialize_attr.c - special forms of attribute access: where does a look-up that went the generic way find its attribute, and what
 * must stay so for it to be found there again? See specialize.h.
 */
#include "vm/specialize.h"
#include "object/descr.h"
#include "object/module.h"
#include "object/type.h"

/* Whether attributes of t's instances are looked up in the normal way (what is not found may go to a __getattr__). */
static bool has_normal_getattr(PyTypeObject *t) {
    if (t->tp_getattro == PyObject_GenericGetAttr) return true;
    if (t->tp_getattro != kr_slot_getattr_hook) return false;
    PyObject *g = _PyType_Lookup(t, KR_STR(__getattribute__));
    return g == NULL || (Py_IS_TYPE(g, &PyWrapperDescr_Type) && ((PyWrapperDescrObject *)g)->d_wrapped == (void *)PyObject_GenericGetAttr);
}
static bool type_can_change(PyTypeObject *t) { return (t->tp_flags & Py_TPFLAGS_HEAPTYPE) && !(t->tp_flags & Py_TPFLAGS_IMMUTABLETYPE); }
/* Whether `value`, found in a class, is what an instance or the class gives for it, now and as long as it is there. */
static bool is_plain_value(PyObject *value, bool for_class) {
    PyTypeObject *t = Py_TYPE(value);
    if (for_class && (t == &PyFunction_Type || t == &PyWrapperDescr_Type || t == &PyMethodDescr_Type)) return true;
    return !t->tp_descr_get && !type_can_change(t);
}
static PyDictKeysObject *keys_of(PyTypeObject *t) { return ((PyHeapTypeObject *)t)->ht_cached_keys; }

/* Where o keeps attribute `name` itself: 0 not at all, else which form. */
static int own_form(KrCache *c, PyObject *o, PyObject *name, int value_form, int dict_form) {
    if (!kr_has_managed_dict(o) || !keys_of(Py_TYPE(o))) return 0;
    PyDictValues *values = *kr_instance_values_ptr(o);
    PyObject *dict = *kr_instance_dict_ptr(o);
    Py_ssize_t i;
    if (values) {
        i = kr_shared_keys_find(keys_of(Py_TYPE(o)), name);
        if (i < 0 || i >= kr_values_capacity(values) || !values->values[i]) return 0;
        c->index = (uint16_t)i;
        return value_form;
    }
    if (!dict || !dict_form || ((PyDictObject *)dict)->ma_keys->kind == KR_KEYS_GENERAL) return 0;
    i = ((PyDictObject *)dict)->ma_values ? kr_shared_keys_find(((PyDictObject *)dict)->ma_keys, name) : kr_dict_find_str((PyDictObject *)dict, name);
    if (i < 0 || i >= KR_INDEX_NONE) return 0;
    c->index = (uint16_t)i;
    return dict_form;
}
/* Prepares kr_instance_lacks: managed instances only, and only if it holds now. */
static bool prepare_lacks(KrCache *c, PyObject *o, PyObject *name) {
    PyDictKeysObject *keys = keys_of(Py_TYPE(o));
    if (!keys) return false;
    Py_ssize_t i = kr_shared_keys_find(keys, name);
    c->index = i < 0 ? KR_INDEX_NONE : (uint16_t)i;
    c->version2 = (uint32_t)keys->nentries;
    return kr_instance_lacks(o, c, name);
}
static bool has_no_dict(PyTypeObject *t) { return t->tp_dictoffset == 0 && !(t->tp_flags & Py_TPFLAGS_MANAGED_DICT); }

/* A descriptor of another class refuses t's instances, and must go on doing so. */
static bool is_descr_of(PyObject *descr, PyTypeObject *kind, PyTypeObject *t) { return Py_IS_TYPE(descr, kind) && PyType_IsSubtype(t, PyDescr_TYPE(descr)); }
static bool is_slot(PyObject *descr, PyTypeObject *t, bool writable) {
    if (!is_descr_of(descr, &PyMemberDescr_Type, t)) return false;
    PyMemberDef *m = ((PyMemberDescrObject *)descr)->d_member;
    return m->type == T_OBJECT_EX && m->offset > 0 && !(m->flags & (writable ? READONLY | PY_AUDIT_READ : PY_AUDIT_READ));
}

/* An attribute of the class o. */
static PyObject *find_in_class(KrCache *c, PyObject *o, PyObject *name) {
    PyTypeObject *meta = Py_TYPE(o), *t = (PyTypeObject *)o;
    if (meta->tp_getattro != PyType_Type.tp_getattro || !(c->version2 = kr_type_version(meta)) || !(c->version = kr_type_version(t))) return NULL;
    PyObject *descr = _PyType_Lookup(meta, name);
    if (descr && (Py_TYPE(descr)->tp_descr_set || type_can_change(Py_TYPE(descr)))) return NULL;
    return _PyType_Lookup(t, name);
}

/* cls.__name__ and the like. */
static bool is_getset_of_metaclass(KrCache *c, PyTypeObject *meta, PyObject *name) {
    if (meta->tp_getattro != PyType_Type.tp_getattro || !(c->version = kr_type_version(meta))) return false;
    c->object = _PyType_Lookup(meta, name);
    return c->object && is_descr_of(c->object, &PyGetSetDescr_Type, meta) && ((PyGetSetDescrObject *)c->object)->d_getset->get;
}
static bool load_attr_form(KrInstr *at, KrCache *c, PyObject *o, PyObject *name) {
    PyTypeObject *t = Py_TYPE(o);
    if (t == &PyModule_Type)
        return !_PyType_Lookup(t, name) && kr_module_dict(o) && kr_special_dict_slot(c, kr_module_dict(o), name) ? kr_special_set(at, c, KR_OP_LOAD_ATTR_MODULE) : kr_special_none(c);
    if (PyType_Check(o)) {
        PyObject *v = find_in_class(c, o, name);
        if (!v && is_getset_of_metaclass(c, t, name)) return kr_special_set(at, c, KR_OP_LOAD_ATTR_GETSET);
        if (!v || !is_plain_value(v, true)) return kr_special_none(c);
        c->object = v;
        return kr_special_set(at, c, KR_OP_LOAD_ATTR_CLASS);
    }
    if (!has_normal_getattr(t) || !(c->version = kr_type_version(t))) return kr_special_none(c);
    PyObject *descr = _PyType_Lookup(t, name);
    if (descr && Py_TYPE(descr)->tp_descr_set) {
        c->object = descr;
        if (is_slot(descr, t, false)) {
            c->extra = (uint32_t)((PyMemberDescrObject *)descr)->d_member->offset;
            return kr_special_set(at, c, KR_OP_LOAD_ATTR_SLOT);
        }
        if (is_descr_of(descr, &PyGetSetDescr_Type, t) && ((PyGetSetDescrObject *)descr)->d_getset->get) return kr_special_set(at, c, KR_OP_LOAD_ATTR_GETSET);
        PyObject *getter = Py_IS_TYPE(descr, &PyProperty_Type) ? kr_property_getter(descr) : NULL;
        if (getter && PyFunction_Check(getter)) {
            KrCode *code = (KrCode *)((PyFunctionObject *)getter)->func_code;
            if (kr_call_is_exact(code, 1) && !(code->base.co_flags & KR_CODE_MAKES_GENERATOR) && (c->version2 = kr_code_version(code)))
                return kr_special_set(at, c, KR_OP_LOAD_ATTR_PROPERTY);
        }
        return kr_special_none(c);
    }
    if (descr && type_can_change(Py_TYPE(descr))) return kr_special_none(c);    /* it may become a data descriptor */
    int form = own_form(c, o, name, at->b & (KR_OPERAND_CONST | KR_OPERAND_CONSUME) ? KR_OP_LOAD_ATTR_VALUE : KR_OP_LOAD_ATTR_VALUE_L, KR_OP_LOAD_ATTR_DICT);
    if (form) return kr_special_set(at, c, form);
    if (!descr || !is_plain_value(descr, false)) return kr_special_none(c);
    c->object = descr;
    if (has_no_dict(t)) return kr_special_set(at, c, KR_OP_LOAD_ATTR_STATIC);
    return kr_has_managed_dict(o) && prepare_lacks(c, o, name) ? kr_special_set(at, c, KR_OP_LOAD_ATTR_SHADOWED) : kr_special_none(c);
}

static bool store_attr_form(KrInstr *at, KrCache *c, PyObject *o, PyObject *name) {
    PyTypeObject *t = Py_TYPE(o);
    if (t->tp_setattro != PyObject_GenericSetAttr || !(c->version = kr_type_version(t))) return kr_special_none(c);
    PyObject *descr = _PyType_Lookup(t, name);
    if (descr && Py_TYPE(descr)->tp_descr_set) {
        if (!is_slot(descr, t, true)) return kr_special_none(c);
        c->extra = (uint32_t)((PyMemberDescrObject *)descr)->d_member->offset;
        return kr_special_set(at, c, KR_OP_STORE_ATTR_SLOT);
    }
    if (descr && type_can_change(Py_TYPE(descr))) return kr_special_none(c);
    if (!kr_has_managed_dict(o) || !keys_of(t) || *kr_instance_dict_ptr(o)) return kr_special_none(c);
    Py_ssize_t i = kr_shared_keys_find(keys_of(t), name);
    if (i < 0) return kr_special_none(c);
    c->index = (uint16_t)i;
    return kr_special_set(at, c, KR_OP_STORE_ATTR_VALUE);
}

/* What calling class attribute v as a method of an instance (or, for_class, of the class) calls: in c->object, with the kind of self in
 * c->extra. */
static bool find_callee(KrCache *c, PyObject *v, bool for_class) {
    PyTypeObject *t = Py_TYPE(v);
    c->object = v;
    c->extra = KR_SELF_NONE;
    if (t == &PyStaticMethod_Type || t == &PyClassMethod_Type) {
        PyObject *function = kr_static_wrapped(v);
        c->extra = KR_CALLEE_WRAPPED | (t == &PyStaticMethod_Type ? KR_SELF_NONE : for_class ? KR_SELF_OWNER : KR_SELF_TYPE);
        /* a classmethod of another descriptor asks that one */
        return function && (t == &PyStaticMethod_Type || PyFunction_Check(function));
    }
    if (for_class) return is_plain_value(v, true);
    if (!(t->tp_flags & Py_TPFLAGS_METHOD_DESCRIPTOR)) return is_plain_value(v, false);
    c->extra = KR_SELF_OWNER;
    return !type_can_change(t);
}

static bool load_method_form(KrInstr *at, KrCache *c, PyObject *o, PyObject *name) {
    PyTypeObject *t = Py_TYPE(o);
    if (t == &PyModule_Type)
        return !_PyType_Lookup(t, name) && kr_module_dict(o) && kr_special_dict_slot(c, kr_module_dict(o), name) ? kr_special_set(at, c, KR_OP_LOAD_METHOD_MODULE) : kr_special_none(c);
    if (PyType_Check(o)) {
        PyObject *v = find_in_class(c, o, name);
        return v && find_callee(c, v, true) ? kr_special_set(at, c, KR_OP_LOAD_METHOD_CLASS) : kr_special_none(c);
    }
    if (!has_normal_getattr(t) || !(c->version = kr_type_version(t))) return kr_special_none(c);
    PyObject *descr = _PyType_Lookup(t, name);
    if (descr && (Py_TYPE(descr)->tp_descr_set || type_can_change(Py_TYPE(descr)))) return kr_special_none(c);
    if (own_form(c, o, name, KR_OP_LOAD_METHOD_OWN, 0)) {
        c->extra = KR_SELF_NONE;
        return kr_special_set(at, c, KR_OP_LOAD_METHOD_OWN);
    }
    if (!descr || !find_callee(c, descr, false)) return kr_special_none(c);
    if (has_no_dict(t)) return kr_special_set(at, c, KR_OP_LOAD_METHOD_PLAIN);
    return kr_has_managed_dict(o) && prepare_lacks(c, o, name) ? kr_special_set(at, c, KR_OP_LOAD_METHOD_VALUES) : kr_special_none(c);
}

/* ------------------------------------------------------------------ sites that see several types */

/* Every interpreter has a table as soon as one has: code can get from one into another, in the dict of an extension module. */
static int many_init(KrInterp *interp) { return interp->vm.many || (interp->vm.many = PyMem_Calloc(1, sizeof *interp->vm.many)) ? 0 : -1; }
int kr_many_init(KrInterp *interp) {
    for (KrInterp *other = kr_runtime.interps; other; other = other->next)
        if (other->vm.many) return many_init(interp);
    return 0;
}
static bool set_many(KrInstr *at, KrCache *c, int form) {
    if (!kr_interp()->vm.many)
        for (KrInterp *interp = kr_runtime.interps; interp; interp = interp->next)
            if (many_init(interp) < 0) return false;
    return kr_special_set(at, c, form);
}
void kr_many_fill(KrManyEntry *e, int generic, PyObject *o, PyObject *name) {
    KrInstr at = {.op = (uint16_t)generic, .b = KR_OPERAND_CONSUME};     /* no form for where the owner is */
    e->cache = (KrCache){.extra = 0};
    bool found = generic == KR_OP_LOAD_ATTR ? load_attr_form(&at, &e->cache, o, name) : generic == KR_OP_STORE_ATTR ? store_attr_form(&at, &e->cache, o, name)
                                                                                       : load_method_form(&at, &e->cache, o, name);
    if (!found) e->cache.version = Py_TYPE(o)->tp_version_tag;      /* not looked for again */
    e->op = found && e->cache.version == Py_TYPE(o)->tp_version_tag ? at.op : 0;
    if (e->name != name) Py_XSETREF(e->name, Py_NewRef(name));
}
void kr_many_fini(KrInterp *interp) {
    struct KrManyTable *m = interp->vm.many;
    if (!m) return;
    interp->vm.many = NULL;
    for (int i = 0; i < KR_MANY_SIZE; i++) Py_XDECREF(m->entry[i].name);
    PyMem_Free(m);
}
/* Whether a form has failed here before, and o's type is one to be told by its version. */
static bool sees_many(KrCache *c, PyObject *o) { return c->extra && !PyType_Check(o) && !PyModule_CheckExact(o); }
bool kr_specialize_load_attr(KrInstr *at, KrCache *c, PyObject *o, PyObject *name) {
    return sees_many(c, o) && set_many(at, c, KR_OP_LOAD_ATTR_MANY) ? true : load_attr_form(at, c, o, name);
}
bool kr_specialize_store_attr(KrInstr *at, KrCache *c, PyObject *o, PyObject *name) {
    return sees_many(c, o) && set_many(at, c, KR_OP_STORE_ATTR_MANY) ? true : store_attr_form(at, c, o, name);
}
bool kr_specialize_load_method(KrInstr *at, KrCache *c, PyObject *o, PyObject *name) {
    return sees_many(c, o) && set_many(at, c, KR_OP_LOAD_METHOD_MANY) ? true : load_method_form(at, c, o, name);
}
