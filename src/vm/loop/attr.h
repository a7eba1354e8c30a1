/* attr.h - part of the loop (eval.c): special forms of attribute and global access. What each guards is in opcodes.def. */

    /* the value is at the address in the cache */
#define CACHED_SLOT() ((PyObject **)cache->object)
    SPECIAL(LOAD_GLOBAL_MODULE): {
        KrCache *cache = CACHE();
        GUARD(((PyDictObject *)f->globals)->ma_keys->version == cache->version, LOAD_GLOBAL);
        SET(in.a, Py_NewRef(*CACHED_SLOT()));
        NEXT();
    }
    SPECIAL(LOAD_GLOBAL_BUILTIN): {
        KrCache *cache = CACHE();
        GUARD(((PyDictObject *)f->globals)->ma_keys->version == cache->version, LOAD_GLOBAL);
        GUARD(((PyDictObject *)f->builtins)->ma_keys->version == cache->version2, LOAD_GLOBAL);
        SET(in.a, Py_NewRef(*CACHED_SLOT()));
        NEXT();
    }

#define GUARD_TYPE(o, GENERIC) GUARD(Py_TYPE(o)->tp_version_tag == cache->version, GENERIC)
#define GUARD_CLASS(o, GENERIC) \
    GUARD(PyType_Check(o) && ((PyTypeObject *)(o))->tp_version_tag == cache->version && Py_TYPE(o)->tp_version_tag == cache->version2, GENERIC)
#define GUARD_MODULE(o, GENERIC) \
    GUARD(Py_IS_TYPE(o, &PyModule_Type) && kr_module_dict(o) && ((PyDictObject *)kr_module_dict(o))->ma_keys->version == cache->version, GENERIC)
    /* v is borrowed from, or kept alive by, the owner */
#define ATTR_RESULT(value) do { v = Py_NewRef(value); DONE(in.b); SET(in.a, v); NEXT(); } while (0)

    SPECIAL(LOAD_ATTR_VALUE): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.b);
        GUARD_TYPE(o, LOAD_ATTR);
        PyDictValues *values = *kr_instance_values_ptr(o);
        GUARD(values && cache->index < kr_values_capacity(values) && (v = values->values[cache->index]), LOAD_ATTR);
        ATTR_RESULT(v);
    }
    SPECIAL(LOAD_ATTR_DICT): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.b);
        GUARD_TYPE(o, LOAD_ATTR);
        PyDictObject *d = (PyDictObject *)*kr_instance_dict_ptr(o);
        GUARD(d != NULL, LOAD_ATTR);
        PyDictKeysObject *k = d->ma_keys;
        GUARD(cache->index < k->nentries && k->kind != KR_KEYS_GENERAL && kr_keys_unicode_entries(k)[cache->index].key == NAME(in.c), LOAD_ATTR);
        v = !d->ma_values ? kr_keys_unicode_entries(k)[cache->index].value : cache->index < kr_values_capacity(d->ma_values) ? d->ma_values->values[cache->index] : NULL;
        GUARD(v != NULL, LOAD_ATTR);
        ATTR_RESULT(v);
    }
    SPECIAL(LOAD_ATTR_SLOT): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.b);
        GUARD_TYPE(o, LOAD_ATTR);
        GUARD((v = *(PyObject **)((char *)o + cache->extra)), LOAD_ATTR);
        ATTR_RESULT(v);
    }
    SPECIAL(LOAD_ATTR_MODULE): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.b);
        GUARD_MODULE(o, LOAD_ATTR);
        ATTR_RESULT(*CACHED_SLOT());
    }
    SPECIAL(LOAD_ATTR_CLASS): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.b);
        GUARD_CLASS(o, LOAD_ATTR);
        ATTR_RESULT(cache->object);
    }
    SPECIAL(LOAD_ATTR_SHADOWED): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.b);
        GUARD_TYPE(o, LOAD_ATTR);
        GUARD(kr_instance_lacks(o, cache, NAME(in.c)), LOAD_ATTR);
        ATTR_RESULT(cache->object);
    }
    SPECIAL(LOAD_ATTR_STATIC): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.b);
        GUARD_TYPE(o, LOAD_ATTR);
        ATTR_RESULT(cache->object);
    }
    SPECIAL(LOAD_ATTR_PROPERTY): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.b);
        GUARD_TYPE(o, LOAD_ATTR);
        PyFunctionObject *getter = (PyFunctionObject *)kr_property_getter(cache->object);
        GUARD(getter && PyFunction_Check(getter) && ((KrCode *)getter->func_code)->version == cache->version2, LOAD_ATTR);
        PyObject **window = t->vm.reg_top;
        GUARD(CAN_PUSH(window, (KrCode *)getter->func_code), LOAD_ATTR);
        POLL();
        CHECK(kr_recursion_enter(t));
        window[0] = Py_NewRef(o);
        DONE(in.b);
        PUSH_EXACT((PyFunctionObject *)Py_NewRef(getter), window, KR_CONT_STORE);
        NEXT();
    }
    SPECIAL(LOAD_ATTR_GETSET): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.b);
        GUARD_TYPE(o, LOAD_ATTR);
        PyGetSetDef *def = ((PyGetSetDescrObject *)cache->object)->d_getset;
        UNARY(def->get(o, def->closure));
    }

    SPECIAL(STORE_ATTR_VALUE): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.a);
        GUARD_TYPE(o, STORE_ATTR);
        PyDictValues **slot = kr_instance_values_ptr(o), *values = *slot;
        if (KR_UNLIKELY(!values)) {
            GUARD(!*kr_instance_dict_ptr(o), STORE_ATTR);
            if (!(values = *slot = kr_values_new(((PyHeapTypeObject *)Py_TYPE(o))->ht_cached_keys, cache->index + 1))) goto error;
        }
        GUARD(cache->index < kr_values_capacity(values), STORE_ATTR);
        if (CONSUMED(in.c)) {
            v = REG(in.c);
            REG(in.c) = NULL;
        } else {
            v = Py_NewRef(R(in.c));
        }
        w = values->values[cache->index];
        if (w) {
            values->values[cache->index] = v;
            Py_DECREF(w);
        } else {
            kr_values_set(values, cache->index, v);
        }
        DONE(in.a);
        NEXT();
    }
    SPECIAL(STORE_ATTR_SLOT): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.a);
        GUARD_TYPE(o, STORE_ATTR);
        PyObject **slot = (PyObject **)((char *)o + cache->extra);
        w = *slot;
        *slot = Py_NewRef(R(in.c));
        Py_XDECREF(w);
        DONE(in.c);
        DONE(in.a);
        NEXT();
    }

    /* what is found goes to [a], self to [a+1] */
#define METHOD_RESULT(o) do { \
        PyObject *callee_ = cache->object; \
        if (KR_UNLIKELY(cache->extra & KR_CALLEE_WRAPPED)) callee_ = kr_static_wrapped(callee_); \
        Py_INCREF(callee_); \
        uint32_t kind_ = cache->extra & KR_SELF_MASK; \
        PyObject *self_ = kind_ == KR_SELF_OWNER ? (o) : kind_ == KR_SELF_NONE ? NULL : (PyObject *)Py_TYPE(o); \
        if (kind_ == KR_SELF_OWNER && CONSUMED(in.b)) { \
            REG(in.b) = NULL; \
        } else { \
            Py_XINCREF(self_); \
            DONE(in.b); \
        } \
        REG(in.a) = callee_; \
        REG(in.a + 1) = self_; \
        NEXT(); \
    } while (0)
    SPECIAL(LOAD_METHOD_VALUES): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.b);
        GUARD_TYPE(o, LOAD_METHOD);
        GUARD(kr_instance_lacks(o, cache, NAME(in.c)), LOAD_METHOD);
        METHOD_RESULT(o);
    }
    SPECIAL(LOAD_METHOD_PLAIN): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.b);
        GUARD_TYPE(o, LOAD_METHOD);
        METHOD_RESULT(o);
    }
    SPECIAL(LOAD_METHOD_CLASS): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.b);
        GUARD_CLASS(o, LOAD_METHOD);
        METHOD_RESULT(o);
    }
    SPECIAL(LOAD_METHOD_MODULE): {
        KrCache *cache = CACHE();
        PyObject *o = R(in.b);
        GUARD_MODULE(o, LOAD_METHOD);
        v = Py_NewRef(*CACHED_SLOT());
        DONE(in.b);
        REG(in.a) = v;
        REG(in.a + 1) = NULL;
        NEXT();
    }
