/* attr.c - handlers: special forms of attribute and global access. What each guards is in opcodes.def. */
#include "vm/loop.h"
#include "object/descr.h"
#include "object/module.h"

/* the value is at the address in the cache */
#define CACHED_SLOT() ((PyObject **)cache->object)
OP(LOAD_GLOBAL_MODULE) {
    KrCache *cache = CACHE();
    GUARD(((PyDictObject *)f->globals)->ma_keys->version == cache->version);
    NEXT_SETTING(in.a, Py_NewRef(*CACHED_SLOT()));
}
OP(LOAD_GLOBAL_BUILTIN) {
    KrCache *cache = CACHE();
    GUARD(((PyDictObject *)f->globals)->ma_keys->version == cache->version);
    GUARD(((PyDictObject *)f->builtins)->ma_keys->version == cache->version2);
    NEXT_SETTING(in.a, Py_NewRef(*CACHED_SLOT()));
}

/* ------------------------------------------------------------------ reading */

/* The owner is operand b; its type is the one the cache is for. */
#define GUARD_TYPE(operand) \
    KrCache *cache = CACHE(); \
    PyObject *o = (operand); \
    GUARD(Py_TYPE(o)->tp_version_tag == cache->version)
#define GUARD_CLASS() \
    KrCache *cache = CACHE(); \
    PyObject *o = R(in.b); \
    GUARD(PyType_Check(o) && ((PyTypeObject *)o)->tp_version_tag == cache->version && Py_TYPE(o)->tp_version_tag == cache->version2)
#define GUARD_MODULE() \
    KrCache *cache = CACHE(); \
    PyObject *o = R(in.b); \
    GUARD(Py_IS_TYPE(o, &PyModule_Type) && kr_module_dict(o) && ((PyDictObject *)kr_module_dict(o))->ma_keys->version == cache->version)
/* The value is borrowed from, or kept alive by, the owner. */
#define ATTR_RESULT(value) do { \
        PyObject *value_ = Py_NewRef(value), *owner_ = TAKE(in.b), **at_ = &REG(in.a), *old_ = *at_; \
        *at_ = value_; \
        NEXT_RELEASING(old_, owner_, NULL, NULL); \
    } while (0)
OP(LOAD_ATTR_VALUE) {
    GUARD_TYPE(R(in.b));
    PyDictValues *values = *kr_instance_values_ptr(o);
    GUARD(values && cache->index < kr_values_capacity(values) && values->values[cache->index]);
    ATTR_RESULT(values->values[cache->index]);
}
OP(LOAD_ATTR_VALUE_L) {
    GUARD_TYPE(regs[in.b]);
    PyDictValues *values = *kr_instance_values_ptr(o);
    GUARD(values && cache->index < kr_values_capacity(values) && values->values[cache->index]);
    NEXT_SETTING(in.a, Py_NewRef(values->values[cache->index]));
}
OP(LOAD_ATTR_DICT) {
    GUARD_TYPE(R(in.b));
    PyDictObject *d = (PyDictObject *)*kr_instance_dict_ptr(o);
    GUARD(d != NULL);
    PyDictKeysObject *k = d->ma_keys;
    GUARD(cache->index < k->nentries && k->kind != KR_KEYS_GENERAL && kr_keys_unicode_entries(k)[cache->index].key == NAME(in.c));
    PyObject *v = !d->ma_values ? kr_keys_unicode_entries(k)[cache->index].value : cache->index < kr_values_capacity(d->ma_values) ? d->ma_values->values[cache->index] : NULL;
    GUARD(v != NULL);
    ATTR_RESULT(v);
}
OP(LOAD_ATTR_SLOT) {
    GUARD_TYPE(R(in.b));
    PyObject *v = *(PyObject **)((char *)o + cache->extra);
    GUARD(v != NULL);
    ATTR_RESULT(v);
}
OP(LOAD_ATTR_MODULE) {
    GUARD_MODULE();
    ATTR_RESULT(*CACHED_SLOT());
}
OP(LOAD_ATTR_CLASS) {
    GUARD_CLASS();
    ATTR_RESULT(cache->object);
}
OP(LOAD_ATTR_SHADOWED) {
    GUARD_TYPE(R(in.b));
    GUARD(kr_instance_lacks(o, cache, NAME(in.c)));
    ATTR_RESULT(cache->object);
}
OP(LOAD_ATTR_STATIC) {
    GUARD_TYPE(R(in.b));
    ATTR_RESULT(cache->object);
}
OP(LOAD_ATTR_PROPERTY) {
    GUARD_TYPE(R(in.b));
    PyFunctionObject *getter = (PyFunctionObject *)kr_property_getter(cache->object);
    GUARD(getter && PyFunction_Check(getter) && ((KrCode *)getter->func_code)->version == cache->version2);
    if (!CAN_PUSH(t->vm.reg_top, (KrCode *)getter->func_code)) GOTO(kr_body_LOAD_ATTR);
    PyObject *self = OWN(in.b);
    Py_INCREF(getter);
    t->vm.reg_top[0] = self;
    PUSH_EXACT(getter, t->vm.reg_top, KR_CONT_STORE);
    NEXT();
}
OP(LOAD_ATTR_GETSET) {
    GUARD_TYPE(R(in.b));
    PyGetSetDef *def = ((PyGetSetDescrObject *)cache->object)->d_getset;
    SAVE();
    UNARY(def->get(o, def->closure));
}

/* ------------------------------------------------------------------ writing */

/* The first attribute of an instance that has no room for values yet, or not enough. */
static KR_COLD PyObject *store_first_value(KR_LOOP_PARAMS) {
    PyObject *o = R(in.a);
    PyDictValues **slot = kr_instance_values_ptr(o);
    GUARD(!*slot && !*kr_instance_dict_ptr(o));
    SAVE();
    *slot = kr_values_new(((PyHeapTypeObject *)Py_TYPE(o))->ht_cached_keys, CACHE()->index + 1);
    RELOAD();
    if (!*kr_instance_values_ptr(R(in.a))) ERROR();
    KR_TAIL dispatch->op[in.op](KR_LOOP_ARGS);
}
OP(STORE_ATTR_VALUE) {
    GUARD_TYPE(R(in.a));
    PyDictValues *values = *kr_instance_values_ptr(o);
    unsigned index = cache->index;
    if (KR_UNLIKELY(!values || index >= kr_values_capacity(values))) GOTO(store_first_value);
    PyObject *v = OWN(in.c), *old = values->values[index], *owner = TAKE(in.a);
    if (KR_LIKELY(old != NULL)) values->values[index] = v;
    else kr_values_set(values, index, v);
    NEXT_RELEASING(old, owner, NULL, NULL);
}
OP(STORE_ATTR_SLOT) {
    GUARD_TYPE(R(in.a));
    PyObject **slot = (PyObject **)((char *)o + cache->extra), *v = OWN(in.c), *old = *slot, *owner = TAKE(in.a);
    *slot = v;
    NEXT_RELEASING(old, owner, NULL, NULL);
}

/* ------------------------------------------------------------------ methods: what is found goes to [a], self to [a+1] */

/* ... when it is not simply a function that gets the owner. */
static KR_COLD PyObject *method_otherwise(KR_LOOP_PARAMS) {
    KrCache *cache = CACHE();
    PyObject *callee = cache->object, *o = R(in.b), *self;
    if (cache->extra & KR_CALLEE_WRAPPED) callee = kr_static_wrapped(callee);
    uint32_t kind = cache->extra & KR_SELF_MASK;
    self = kind == KR_SELF_OWNER ? o : kind == KR_SELF_NONE ? NULL : (PyObject *)Py_TYPE(o);
    Py_INCREF(callee);
    Py_XINCREF(self);
    PyObject *owner = TAKE(in.b);
    regs[in.a] = callee;
    regs[in.a + 1] = self;
    NEXT_RELEASING(owner, NULL, NULL, NULL);
}
#define METHOD_RESULT() do { \
        if (KR_UNLIKELY(cache->extra != KR_SELF_OWNER)) GOTO(method_otherwise); \
        PyObject *callee_ = Py_NewRef(cache->object), *self_ = OWN(in.b); \
        regs[in.a] = callee_; \
        regs[in.a + 1] = self_; \
        NEXT(); \
    } while (0)
OP(LOAD_METHOD_VALUES) {
    GUARD_TYPE(R(in.b));
    GUARD(kr_instance_lacks(o, cache, NAME(in.c)));
    METHOD_RESULT();
}
OP(LOAD_METHOD_OWN) {
    GUARD_TYPE(R(in.b));
    PyDictValues *values = *kr_instance_values_ptr(o);
    GUARD(values && cache->index < kr_values_capacity(values) && values->values[cache->index]);
    PyObject *v = Py_NewRef(values->values[cache->index]), *owner = TAKE(in.b);
    regs[in.a] = v;
    regs[in.a + 1] = NULL;
    NEXT_RELEASING(owner, NULL, NULL, NULL);
}
OP(LOAD_METHOD_PLAIN) {
    GUARD_TYPE(R(in.b));
    METHOD_RESULT();
}
OP(LOAD_METHOD_CLASS) {
    GUARD_CLASS();
    METHOD_RESULT();
}
OP(LOAD_METHOD_MODULE) {
    GUARD_MODULE();
    PyObject *v = Py_NewRef(*CACHED_SLOT()), *owner = TAKE(in.b);
    regs[in.a] = v;
    regs[in.a + 1] = NULL;
    NEXT_RELEASING(owner, NULL, NULL, NULL);
}

/* ------------------------------------------------------------------ sites that see several types */

/* The entry for `operand`, of type version `version`; what it has is for that type. */
#define MANY_ENTRY(operand, GENERIC, name) \
    PyObject *o = (operand); \
    uint32_t version = Py_TYPE(o)->tp_version_tag; \
    KrManyEntry *e = kr_many_entry(t, KR_OP_##GENERIC, version, name)
#define MANY_FILL(GENERIC, name_operand, operand) \
    static KR_NOINLINE PyObject *many_##GENERIC(KR_LOOP_PARAMS) { \
        MANY_ENTRY(operand, GENERIC, NAME(name_operand)); \
        if (version == 0 || !kr_many_hit(e, version, NAME(name_operand))) kr_many_fill(e, KR_OP_##GENERIC, o, NAME(name_operand)); \
        GOTO(kr_body_##GENERIC); \
    }
MANY_FILL(LOAD_ATTR, in.c, R(in.b))
MANY_FILL(STORE_ATTR, in.b, R(in.a))
MANY_FILL(LOAD_METHOD, in.c, R(in.b))
OP(LOAD_ATTR_MANY) {
    MANY_ENTRY(R(in.b), LOAD_ATTR, NAME(in.c));
    if (KR_UNLIKELY(!kr_many_hit(e, version, NAME(in.c)) || version == 0)) GOTO(many_LOAD_ATTR);
    PyObject *v = NULL;
    if (KR_LIKELY(e->op == KR_OP_LOAD_ATTR_VALUE)) {
        PyDictValues *values = *kr_instance_values_ptr(o);
        if (values && e->cache.index < kr_values_capacity(values)) v = values->values[e->cache.index];
    } else if (e->op == KR_OP_LOAD_ATTR_SLOT) {
        v = *(PyObject **)((char *)o + e->cache.extra);
    } else if (e->op == KR_OP_LOAD_ATTR_STATIC || (e->op == KR_OP_LOAD_ATTR_SHADOWED && kr_instance_lacks(o, &e->cache, NAME(in.c)))) {
        v = e->cache.object;
    }
    if (KR_UNLIKELY(!v)) GOTO(many_LOAD_ATTR);
    ATTR_RESULT(v);
}
OP(STORE_ATTR_MANY) {
    MANY_ENTRY(R(in.a), STORE_ATTR, NAME(in.b));
    if (KR_UNLIKELY(!kr_many_hit(e, version, NAME(in.b)) || version == 0 || e->op != KR_OP_STORE_ATTR_VALUE)) GOTO(many_STORE_ATTR);
    PyDictValues *values = *kr_instance_values_ptr(o);
    unsigned index = e->cache.index;
    if (KR_UNLIKELY(!values || index >= kr_values_capacity(values))) GOTO(kr_body_STORE_ATTR);
    PyObject *v = OWN(in.c), *old = values->values[index], *owner = TAKE(in.a);
    if (KR_LIKELY(old != NULL)) values->values[index] = v;
    else kr_values_set(values, index, v);
    NEXT_RELEASING(old, owner, NULL, NULL);
}
OP(LOAD_METHOD_MANY) {
    MANY_ENTRY(R(in.b), LOAD_METHOD, NAME(in.c));
    if (KR_UNLIKELY(!kr_many_hit(e, version, NAME(in.c)) || version == 0 || (e->cache.extra != KR_SELF_OWNER && e->op != KR_OP_LOAD_METHOD_OWN))) GOTO(many_LOAD_METHOD);
    if (e->op == KR_OP_LOAD_METHOD_OWN) {
        PyDictValues *values = *kr_instance_values_ptr(o);
        if (!values || e->cache.index >= kr_values_capacity(values) || !values->values[e->cache.index]) GOTO(kr_body_LOAD_METHOD);
        PyObject *v = Py_NewRef(values->values[e->cache.index]), *owner = TAKE(in.b);
        regs[in.a] = v;
        regs[in.a + 1] = NULL;
        NEXT_RELEASING(owner, NULL, NULL, NULL);
    }
    if (e->op == KR_OP_LOAD_METHOD_VALUES ? !kr_instance_lacks(o, &e->cache, NAME(in.c)) : e->op != KR_OP_LOAD_METHOD_PLAIN) GOTO(kr_body_LOAD_METHOD);
    PyObject *callee = Py_NewRef(e->cache.object), *self = OWN(in.b);
    regs[in.a] = callee;
    regs[in.a + 1] = self;
    NEXT();
}
