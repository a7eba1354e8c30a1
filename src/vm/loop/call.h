/* call.h - part of the loop (eval.c): special forms of CALL. [b] callable, [b+1] self or NULL, c arguments. */

    /* Whether there is room for a frame of `code` over `window` without a new segment. */
#define CAN_PUSH(window, code) (t->vm.frame_top + sizeof(KrFrame) <= t->vm.frame_limit && (size_t)(t->vm.reg_limit - (window)) > (size_t)(code)->nregs)
    /* Goes on in a frame of `func` (taken over) whose arguments are in the window; CAN_PUSH holds, and POLL() was done. */
#define PUSH_EXACT(func, window, cont) do { \
        PyFunctionObject *func_ = (func); \
        KrFrame *new_frame_ = (KrFrame *)t->vm.frame_top; \
        t->vm.frame_top = (char *)(new_frame_ + 1); \
        new_frame_->flags = 0; \
        kr_frame_push(t, new_frame_, func_, (KrCode *)func_->func_code, (window), (cont)); \
        f = new_frame_; \
        f->pc = f->code->entry; \
        LOAD_FRAME(); \
    } while (0)
    /* Arguments in a generator's registers are moved to the register stack. */
#define MOVE_WINDOW(args, n) do { \
        if (KR_UNLIKELY(f->owner != KR_FRAME_ON_STACK)) { \
            for (Py_ssize_t i_ = 0; i_ < (n); i_++) { \
                window[i_] = (args)[i_]; \
                (args)[i_] = NULL; \
            } \
        } \
    } while (0)
    /* A bound method gives its function and self to [b], [b+1]. */
#define UNPACK_METHOD(base) do { \
        if (!(base)[1] && Py_IS_TYPE((base)[0], &PyMethod_Type)) { \
            PyMethodObject *m_ = (PyMethodObject *)(base)[0]; \
            (base)[1] = Py_NewRef(m_->im_self); \
            (base)[0] = Py_NewRef(m_->im_func); \
            Py_DECREF(m_); \
        } \
    } while (0)

    SPECIAL(CALL_PY_EXACT): {
        KrCache *cache = CACHE();
        PyObject **base = &REG(in.b);
        UNPACK_METHOD(base);
        PyFunctionObject *func = (PyFunctionObject *)base[0];
        GUARD(PyFunction_Check(func), CALL);
        KrCode *code = (KrCode *)func->func_code;
        GUARD(code->version == cache->version && func->vectorcall == _PyFunction_Vectorcall, CALL);
        bool bound = base[1] != NULL;
        GUARD(in.c + bound == code->base.co_argcount, CALL);
        PyObject **args = base + 2 - bound, **window = f->owner == KR_FRAME_ON_STACK ? args : t->vm.reg_top;
        if (KR_UNLIKELY(!CAN_PUSH(window, code))) goto body_CALL;
        POLL();
        CHECK(kr_recursion_enter(t));
        base[0] = NULL;
        MOVE_WINDOW(args, in.c + bound);
        PUSH_EXACT(func, window, KR_CONT_STORE);
        NEXT();
    }
    SPECIAL(CALL_PY_DEFAULTS): {
        KrCache *cache = CACHE();
        PyObject **base = &REG(in.b);
        UNPACK_METHOD(base);
        PyFunctionObject *func = (PyFunctionObject *)base[0];
        GUARD(PyFunction_Check(func), CALL);
        KrCode *code = (KrCode *)func->func_code;
        GUARD(code->version == cache->version && func->vectorcall == _PyFunction_Vectorcall && func->func_defaults, CALL);
        bool bound = base[1] != NULL;
        Py_ssize_t given = in.c + bound, count = code->base.co_argcount, defaults = PyTuple_GET_SIZE(func->func_defaults);
        GUARD(given <= count && given + defaults >= count, CALL);
        PyObject **args = base + 2 - bound, **window = f->owner == KR_FRAME_ON_STACK ? args : t->vm.reg_top;
        if (KR_UNLIKELY(!CAN_PUSH(window, code))) goto body_CALL;
        POLL();
        CHECK(kr_recursion_enter(t));
        base[0] = NULL;
        MOVE_WINDOW(args, given);
        for (Py_ssize_t i = given; i < count; i++) window[i] = Py_NewRef(PyTuple_GET_ITEM(func->func_defaults, i - count + defaults));
        PUSH_EXACT(func, window, KR_CONT_STORE);
        NEXT();
    }
    SPECIAL(CALL_PY_GENERATOR): {
        KrCache *cache = CACHE();
        PyObject **base = &REG(in.b);
        UNPACK_METHOD(base);
        PyFunctionObject *func = (PyFunctionObject *)base[0];
        GUARD(PyFunction_Check(func), CALL);
        KrCode *code = (KrCode *)func->func_code;
        GUARD(code->version == cache->version && func->vectorcall == _PyFunction_Vectorcall, CALL);
        bool bound = base[1] != NULL;
        GUARD(in.c + bound == code->base.co_argcount, CALL);
        base[0] = NULL;
        v = kr_gen_from_call(t, func, base + 2 - bound, in.c + bound, NULL);
        if (!v) goto error;
        SET(in.a, v);
        NEXT();
    }
    SPECIAL(CALL_CLASS_INIT): {
        KrCache *cache = CACHE();
        PyObject **base = &REG(in.b);
        PyTypeObject *type = (PyTypeObject *)base[0];
        GUARD(!base[1] && PyType_Check(type) && type->tp_version_tag == cache->version, CALL);
        PyFunctionObject *init = (PyFunctionObject *)cache->object;
        KrCode *code = (KrCode *)init->func_code;
        GUARD(code->version == cache->version2, CALL);
        PyObject **window = f->owner == KR_FRAME_ON_STACK ? base + 1 : t->vm.reg_top;
        Py_ssize_t given = in.c + 1;
        if (KR_UNLIKELY(!CAN_PUSH(window, code) || (size_t)(t->vm.reg_limit - window) <= (size_t)given)) goto body_CALL;
        POLL();
        Py_INCREF(init);        /* allocating may run anything */
        PyObject *o = PyType_GenericAlloc(type, 0);
        if (!o || kr_recursion_enter(t) < 0) {
            Py_DECREF(init);
            Py_XDECREF(o);
            goto error;
        }
        base[1] = Py_NewRef(o);
        MOVE_WINDOW(base + 1, given);
        if (!kr_call_is_exact(code, given) && kr_bind_window(t, init, window, given, NULL) < 0) {
            kr_recursion_leave(t);
            Py_DECREF(init);
            Py_DECREF(o);
            goto error;
        }
        Py_CLEAR(base[0]);      /* the instance keeps its class */
        PUSH_EXACT(init, window, KR_CONT_INIT);
        f->init_self = o;
        NEXT();
    }

    /* Results of C functions: arguments and callable are released, then a pending signal is handled. */
#define C_RESULT(n) do { \
        for (int i_ = 0; i_ < (n); i_++) Py_CLEAR(base[i_]); \
        if (!v) goto error; \
        SET(in.a, v); \
        POLL(); \
        SYNC_TRACING(); \
        NEXT(); \
    } while (0)
#define GUARD_C_FUNCTION() \
    GUARD(!base[1] && Py_IS_TYPE(base[0], &PyCFunction_Type) && (PyObject *)((PyCFunctionObject *)base[0])->m_ml == cache->object, CALL)
#define C_FUNCTION(type) ((type)(void (*)(void))((PyMethodDef *)cache->object)->ml_meth)
#define GUARD_METHOD_DESCR() \
    GUARD(base[1] && Py_IS_TYPE(base[0], &PyMethodDescr_Type) && (PyObject *)((PyMethodDescrObject *)base[0])->d_method == cache->object && \
          PyObject_TypeCheck(base[1], PyDescr_TYPE(base[0])), CALL)
    SPECIAL(CALL_C_O): {
        KrCache *cache = CACHE();
        PyObject **base = &REG(in.b);
        GUARD_C_FUNCTION();
        v = C_FUNCTION(PyCFunction)(PyCFunction_GET_SELF(base[0]), base[2]);
        C_RESULT(3);
    }
    SPECIAL(CALL_C_FAST): {
        KrCache *cache = CACHE();
        PyObject **base = &REG(in.b);
        GUARD_C_FUNCTION();
        v = C_FUNCTION(_PyCFunctionFast)(PyCFunction_GET_SELF(base[0]), base + 2, in.c);
        C_RESULT(in.c + 2);
    }
    SPECIAL(CALL_C_FAST_KEYWORDS): {
        KrCache *cache = CACHE();
        PyObject **base = &REG(in.b);
        GUARD_C_FUNCTION();
        v = C_FUNCTION(_PyCFunctionFastWithKeywords)(PyCFunction_GET_SELF(base[0]), base + 2, in.c, NULL);
        C_RESULT(in.c + 2);
    }
    SPECIAL(CALL_METHOD_NOARGS): {
        KrCache *cache = CACHE();
        PyObject **base = &REG(in.b);
        GUARD_METHOD_DESCR();
        v = C_FUNCTION(PyCFunction)(base[1], NULL);
        C_RESULT(2);
    }
    SPECIAL(CALL_METHOD_O): {
        KrCache *cache = CACHE();
        PyObject **base = &REG(in.b);
        GUARD_METHOD_DESCR();
        v = C_FUNCTION(PyCFunction)(base[1], base[2]);
        C_RESULT(3);
    }
    SPECIAL(CALL_METHOD_FAST): {
        KrCache *cache = CACHE();
        PyObject **base = &REG(in.b);
        GUARD_METHOD_DESCR();
        v = C_FUNCTION(_PyCFunctionFast)(base[1], base + 2, in.c);
        C_RESULT(in.c + 2);
    }
    SPECIAL(CALL_METHOD_FAST_KEYWORDS): {
        KrCache *cache = CACHE();
        PyObject **base = &REG(in.b);
        GUARD_METHOD_DESCR();
        v = C_FUNCTION(_PyCFunctionFastWithKeywords)(base[1], base + 2, in.c, NULL);
        C_RESULT(in.c + 2);
    }
    SPECIAL(CALL_LIST_APPEND): {
        KrCache *cache = CACHE();
        PyObject **base = &REG(in.b);
        GUARD(base[1] && Py_IS_TYPE(base[0], &PyMethodDescr_Type) && (PyObject *)((PyMethodDescrObject *)base[0])->d_method == cache->object && PyList_Check(base[1]), CALL);
        v = base[2];
        base[2] = NULL;
        CHECK(kr_list_append_steal((PyListObject *)base[1], v));
        Py_CLEAR(base[0]);
        Py_CLEAR(base[1]);
        SET(in.a, Py_NewRef(Py_None));
        NEXT();
    }
    SPECIAL(CALL_LEN): {
        KrCache *cache = CACHE();
        PyObject **base = &REG(in.b);
        GUARD_C_FUNCTION();
        Py_ssize_t size = PyObject_Size(base[2]);
        v = size < 0 ? NULL : kr_long_from_i64(size);
        C_RESULT(3);
    }
    SPECIAL(CALL_ISINSTANCE): {
        KrCache *cache = CACHE();
        PyObject **base = &REG(in.b);
        GUARD_C_FUNCTION();
        n = (PyObject *)Py_TYPE(base[2]) == base[3] ? 1 : PyObject_IsInstance(base[2], base[3]);
        v = n < 0 ? NULL : Py_NewRef(n ? Py_True : Py_False);
        C_RESULT(4);
    }
    SPECIAL(CALL_TYPE_1): {
        PyObject **base = &REG(in.b);
        GUARD(!base[1] && base[0] == (PyObject *)&PyType_Type, CALL);
        v = Py_NewRef((PyObject *)Py_TYPE(base[2]));
        Py_CLEAR(base[0]);
        Py_CLEAR(base[2]);
        SET(in.a, v);
        NEXT();
    }
