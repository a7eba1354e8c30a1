/* calls.c - handlers: calls of Python functions (which go on in the same loop), of classes and of C code; returning.
 *
 * [b] is the callable, [b+1] self or NULL, c arguments follow; all are consumed. A Python callee's window begins at its arguments. In a generator's
 * registers it can't: there the arguments are moved to the top of the register stack, by the generic body.
 */
#include "vm/loop.h"
#include "vm/generator.h"
#include "object/list.h"
#include "object/long.h"

/* ------------------------------------------------------------------ frames */

/* Pushes a frame for func with `nargs` positional arguments (and kwnames' values after them) that lie, owned, at args. They stay there, as the
 * beginning of the window, unless they are `outside` the register stack (C arrays, generators' registers) or it is full. Takes over func
 * and the arguments, also on failure. */
KrFrame *kr_loop_push(KrThread *t, PyFunctionObject *func, PyObject **args, Py_ssize_t nargs, PyObject *kwnames, KrCont cont, bool outside) {
    KrCode *code = (KrCode *)func->func_code;
    bool ready = kr_code_ready(code) == 0;
    size_t given = (size_t)nargs + (kwnames ? (size_t)PyTuple_GET_SIZE(kwnames) : 0), need = Py_MAX((size_t)code->nregs, given) + 1;
    KrFrame *f = KR_LIKELY(ready) ? kr_frame_alloc(t) : NULL;
    PyObject **regs = outside ? t->vm.reg_top : args;
    if (f && (size_t)(t->vm.reg_limit - regs) < need && (regs = kr_regs_segment(t, need))) f->flags |= KR_FRAME_REG_SEGMENT;
    if (!f || !regs) {
        for (size_t i = 0; i < given; i++) Py_CLEAR(args[i]);
    } else {
        if (regs != args)
            for (size_t i = 0; i < given; i++) regs[i] = kr_reg_take(&args[i]);
        if ((kr_call_is_exact(code, nargs) && !kwnames) || kr_bind_window(t, func, regs, nargs, kwnames) == 0) {
            kr_frame_push(t, f, func, code, regs, cont);
            return f;
        }
    }
    if (f) kr_frame_close_segments(t, f);
    Py_DECREF(func);
    return NULL;
}
/* ------------------------------------------------------------------ anything */

/* A bound method gives its function and self to [b], [b+1]. */
#define UNPACK_METHOD(base) do { \
        if (!(base)[1] && Py_IS_TYPE((base)[0], &PyMethod_Type)) { \
            PyMethodObject *m_ = (PyMethodObject *)(base)[0]; \
            (base)[1] = Py_NewRef(m_->im_self); \
            (base)[0] = Py_NewRef(m_->im_func); \
            RELEASE((PyObject *)m_); \
        } \
    } while (0)
/* The same, then the instruction runs again. */
static KR_NOINLINE PyObject *unpack_method(KR_LOOP_PARAMS) {
    PyObject **base = &regs[in.b];
    UNPACK_METHOD(base);
    KR_TAIL dispatch->op[in.op](KR_LOOP_ARGS);
}
/* A call of anything with kwnames, a tuple constant or NULL; `call` is the instruction, behind whose words pc is. */
#define CALL_ANYTHING(call, kwnames_) do { \
        SAVE(); \
        PyObject **base = &REG((call).b), *kwnames = (kwnames_); \
        UNPACK_METHOD(base); \
        PyObject **args = base + (base[1] ? 1 : 2); \
        Py_ssize_t total = (call).c + (base[1] != NULL), nkw = kwnames ? PyTuple_GET_SIZE(kwnames) : 0; \
        if (PyFunction_Check(base[0]) && ((PyFunctionObject *)base[0])->vectorcall == _PyFunction_Vectorcall && \
            !(((KrCode *)((PyFunctionObject *)base[0])->func_code)->base.co_flags & KR_CODE_MAKES_GENERATOR)) { \
            POLL(); \
            CHECK(kr_recursion_enter(t)); \
            KrFrame *callee = kr_loop_push(t, (PyFunctionObject *)kr_reg_take(base), args, total - nkw, kwnames, KR_CONT_STORE, f->owner != KR_FRAME_ON_STACK); \
            RELOAD(); \
            if (!callee) { \
                kr_recursion_leave(t); \
                ERROR(); \
            } \
            NEXT(); \
        } \
        PyObject *v = TRACED() ? kr_trace_c_call(t, base[0], args, (size_t)(total - nkw) | PY_VECTORCALL_ARGUMENTS_OFFSET, kwnames) \
                               : PyObject_Vectorcall(base[0], args, (size_t)(total - nkw) | PY_VECTORCALL_ARGUMENTS_OFFSET, kwnames); \
        RELOAD(); \
        if (KR_UNLIKELY(!v)) ERROR(); \
        t = kr_loop_release(t, &REG((call).b), (call).c + 2); \
        RELOAD(); \
        SET((call).a, v); \
        NEXT_POLLING();         /* a signal that came while C code waited is handled here */ \
    } while (0)
ADAPTIVE(CALL, kr_specialize_call, &REG(in.b), in.c + (REG(in.b + 1) != NULL)) { CALL_ANYTHING(in, NULL); }
OP(CALL_KW) {
    pc++;
    CALL_ANYTHING(pc[-2], f->consts[in.a & KR_REG_MASK]);
}
OP(CALL_EX) {
    SAVE();
    PyObject **base = &regs[in.b], *v;
    v = TRACED() ? kr_trace_c_call_ex(t, base[0], base[2], in.c ? base[3] : NULL) : kr_vm_call_ex(base[0], base[2], in.c ? base[3] : NULL);
    RELOAD();
    CLEAR(&REG(in.b));
    CLEAR(&REG(in.b + 2));
    if (in.c) CLEAR(&REG(in.b + 3));
    if (!v) ERROR();
    SET(in.a, v);
    NEXT();
}
OP(MAKE_FUNCTION) { SAVE(); STORE_RESULT(kr_vm_make_function(f, &REG(in.b), in.c)); }
OP(LOAD_BUILD_CLASS) { SAVE(); STORE_RESULT(kr_vm_build_class_function(f)); }

/* ------------------------------------------------------------------ returning */

/* The value of a frame that was left goes to the instruction of its caller's that waits. */
#define DELIVER(v) do { \
        if (KR_UNLIKELY(in.op == KR_OP_DATA)) NEXT_SETTING(pc[-2].a, v); \
        else NEXT_SETTING(in.a, v); \
    } while (0)
/* Leaves the running frame, of which the first n registers may be live. */
static KR_NOINLINE void leave_frame(KrThread *t) {
    KrFrame *f = t->vm.frame;
    kr_frame_release(f, f->code->temp_base);
    kr_frame_pop(t, f);
}
static KR_NOINLINE PyObject *return_otherwise(KR_LOOP_PARAMS) {
    SAVE();
    PyObject *v = OWN(in.a);
    if (TRACED() && kr_trace_exit(t, f, v) < 0) {
        Py_DECREF(v);
        ERROR();
    }
    if (f->cont == KR_CONT_STORE || f->cont == KR_CONT_DISCARD) {
        bool discard = f->cont == KR_CONT_DISCARD;
        leave_frame(t);
        RELOAD();
        if (!discard) DELIVER(v);
        NEXT_RELEASING(v, NULL, NULL, NULL);
    }
    if (f->cont == KR_CONT_INIT) {
        PyObject *instance = kr_reg_take(&f->init_self);
        leave_frame(t);
        RELOAD();
        if (KR_UNLIKELY(v != Py_None)) {
            PyErr_Format(PyExc_TypeError, "__init__() should return None, not '%.200s'", Py_TYPE(v)->tp_name);
            Py_DECREF(v);
            Py_DECREF(instance);
            ERROR();
        }
        DELIVER(instance);
    }
    if (f->cont == KR_CONT_ENTRY) {
        if (f->owner == KR_FRAME_ON_STACK) leave_frame(t);
        else kr_gen_finish(t, kr_frame_gen(f));
        return v;
    }
    /* a generator that a FOR_ITER or YIELD_FROM of this loop runs has ended */
    bool sent = f->cont == KR_CONT_SEND;
    kr_gen_finish(t, kr_frame_gen(f));
    RELOAD();
    if (sent) REG(in.a) = v;
    else RELEASE(v);
    CLEAR(&REG(in.b));
    NEXT();
}
/* The plain case: the value goes to a caller in this loop, and nobody has asked for the frame as an object. Across the destruction of a local, the compiler
 * keeps only what is declared here. */
OP(RETURN) {
    SAVE();
    if (KR_UNLIKELY(f->cont != KR_CONT_STORE || f->object || f->locals || TRACED())) GOTO(return_otherwise);
    PyObject *v = OWN(in.a), **at = regs, **end = regs + f->code->temp_base;
    for (; at < end; at++) {
        PyObject *o = *at;
        if (!o) continue;
        *at = NULL;
        if (--o->ob_refcnt == 0) t = kr_loop_dealloc_local(t, o);
    }
    f = t->vm.frame;
    if (KR_UNLIKELY(f->object || Py_REFCNT(f->func) == 1 || Py_REFCNT(f->code) == 1 || f->flags)) {
        leave_frame(t);
    } else {
        Py_SET_REFCNT((PyObject *)f->func, Py_REFCNT(f->func) - 1);
        Py_SET_REFCNT((PyObject *)f->code, Py_REFCNT(f->code) - 1);
        kr_frame_pop(t, f);
    }
    RELOAD();
    DELIVER(v);
}

/* ------------------------------------------------------------------ Python functions and classes */

/* A Python function whose code the cache knows: what it does otherwise, the generic body or the method's function. */
#define GUARD_FUNCTION(base) \
    PyFunctionObject *func = (PyFunctionObject *)(base)[0]; \
    if (KR_UNLIKELY(!PyFunction_Check(func))) { \
        if (Py_IS_TYPE(func, &PyMethod_Type) && !(base)[1]) GOTO(unpack_method); \
        GOTO(kr_loop_miss); \
    } \
    KrCode *code = (KrCode *)func->func_code; \
    GUARD(code->version == CACHE()->version && func->vectorcall == _PyFunction_Vectorcall)

#define CALL_EXACT_FORM(name, bound) \
    OP(name) { \
        PyObject **base = &regs[in.b]; \
        GUARD_FUNCTION(base); \
        GUARD(bound == (base[1] != NULL)); \
        PyObject **window = base + 2 - bound; \
        if (KR_UNLIKELY(f->owner != KR_FRAME_ON_STACK) || !CAN_PUSH(window, code)) GOTO(kr_body_CALL); \
        base[0] = NULL; \
        PUSH_EXACT(func, window, KR_CONT_STORE); \
        NEXT(); \
    }
CALL_EXACT_FORM(CALL_PY_EXACT, 0)
CALL_EXACT_FORM(CALL_PY_METHOD, 1)
OP(CALL_PY_DEFAULTS) {
    PyObject **base = &regs[in.b];
    GUARD_FUNCTION(base);
    GUARD(func->func_defaults);
    bool bound = base[1] != NULL;
    Py_ssize_t given = in.c + bound, count = code->base.co_argcount, defaults = PyTuple_GET_SIZE(func->func_defaults);
    GUARD(given <= count && given + defaults >= count);
    PyObject **window = base + 2 - bound;
    if (KR_UNLIKELY(f->owner != KR_FRAME_ON_STACK) || !CAN_PUSH(window, code)) GOTO(kr_body_CALL);
    base[0] = NULL;
    for (Py_ssize_t i = given; i < count; i++) window[i] = Py_NewRef(PyTuple_GET_ITEM(func->func_defaults, i - count + defaults));
    PUSH_EXACT(func, window, KR_CONT_STORE);
    NEXT();
}
OP(CALL_PY_GENERATOR) {
    PyObject **base = &regs[in.b];
    GUARD_FUNCTION(base);
    bool bound = base[1] != NULL;
    GUARD(in.c + bound == code->base.co_argcount);
    base[0] = NULL;
    SAVE();
    STORE_RESULT(kr_gen_from_call(t, func, base + 2 - bound, in.c + bound, NULL));
}
OP(CALL_CLASS_INIT) {
    KrCache *cache = CACHE();
    PyObject **base = &regs[in.b];
    PyTypeObject *type = (PyTypeObject *)base[0];
    GUARD(!base[1] && PyType_Check(type) && type->tp_version_tag == cache->version);
    PyFunctionObject *init = (PyFunctionObject *)cache->object;
    KrCode *code = (KrCode *)init->func_code;
    GUARD(code->version == cache->version2);
    Py_ssize_t given = in.c + 1;
    if (KR_UNLIKELY(f->owner != KR_FRAME_ON_STACK) || !CAN_PUSH(base + 1, code) || KR_UNLIKELY((size_t)(t->vm.reg_limit - base - 1) <= (size_t)given)) GOTO(kr_body_CALL);
    SAVE();
    Py_INCREF(init);        /* allocating may run anything */
    PyObject *o = PyType_GenericAlloc(type, 0);
    RELOAD();
    if (KR_UNLIKELY(!o)) {
        Py_DECREF(init);
        ERROR();
    }
    if (KR_UNLIKELY(((KrCode *)init->func_code)->version != CACHE()->version2)) {   /* it has given __init__ other code */
        Py_DECREF(init);
        Py_DECREF(o);
        GOTO(kr_body_CALL);
    }
    REG(in.b + 1) = Py_NewRef(o);
    if (KR_UNLIKELY(!kr_call_is_exact(code, given))) {
        /* binding releases its arguments when it fails */
        int bad = kr_bind_window(t, init, &REG(in.b + 1), given, NULL);
        RELOAD();
        if (bad) {
            Py_DECREF(init);
            Py_DECREF(o);
            ERROR();
        }
    }
    CLEAR(&REG(in.b));      /* the instance keeps its class */
    PUSH_EXACT(init, &REG(in.b + 1), KR_CONT_INIT);
    f->init_self = o;
    NEXT();
}

/* ------------------------------------------------------------------ C functions */

/* The result of a C function that was called with what x, y, z are, registers from [b] on: they are released. A pending signal is handled. */
#define C_RESULT(expr, x, y, z) do { \
        SAVE(); \
        PyObject *v_ = (expr); \
        RELOAD(); \
        if (KR_UNLIKELY(!v_)) ERROR(); \
        PyObject **base_ = &regs[in.b], *b_ = (x) >= 0 ? kr_reg_take(&base_[x]) : NULL, *c_ = (y) >= 0 ? kr_reg_take(&base_[y]) : NULL; \
        PyObject *d_ = (z) >= 0 ? kr_reg_take(&base_[z]) : NULL, **at_ = &REG(in.a), *old_ = *at_; \
        *at_ = v_; \
        if (BREAKER()) { \
            t = kr_loop_forget(t, b_, c_, d_, old_); \
            RELOAD(); \
            GOTO(kr_loop_poll); \
        } \
        NEXT_RELEASING(b_, c_, d_, old_); \
    } while (0)
/* The same for n registers. */
#define C_RESULT_OF(expr, n) do { \
        SAVE(); \
        PyObject *v_ = (expr); \
        RELOAD(); \
        if (KR_UNLIKELY(!v_)) ERROR(); \
        t = kr_loop_release(t, &regs[in.b], (n)); \
        RELOAD(); \
        if (BREAKER()) { \
            SET(in.a, v_); \
            GOTO(kr_loop_poll); \
        } \
        NEXT_SETTING(in.a, v_); \
    } while (0)
#define GUARD_C_FUNCTION() \
    PyObject *def = CACHE()->object, **base = &regs[in.b]; \
    GUARD(!base[1] && Py_IS_TYPE(base[0], &PyCFunction_Type) && (PyObject *)((PyCFunctionObject *)base[0])->m_ml == def)
#define GUARD_METHOD_DESCR() \
    PyObject *def = CACHE()->object, **base = &regs[in.b]; \
    GUARD(base[1] && Py_IS_TYPE(base[0], &PyMethodDescr_Type) && (PyObject *)((PyMethodDescrObject *)base[0])->d_method == def && \
          (Py_IS_TYPE(base[1], PyDescr_TYPE(base[0])) || PyObject_TypeCheck(base[1], PyDescr_TYPE(base[0]))))
#define C_FUNCTION(type) ((type)(void (*)(void))((PyMethodDef *)def)->ml_meth)
OP(CALL_C_O) {
    GUARD_C_FUNCTION();
    C_RESULT(C_FUNCTION(PyCFunction)(PyCFunction_GET_SELF(base[0]), base[2]), 0, 2, -1);
}
OP(CALL_C_FAST) {
    GUARD_C_FUNCTION();
    C_RESULT_OF(C_FUNCTION(_PyCFunctionFast)(PyCFunction_GET_SELF(base[0]), base + 2, in.c), in.c + 2);
}
OP(CALL_C_FAST_KEYWORDS) {
    GUARD_C_FUNCTION();
    C_RESULT_OF(C_FUNCTION(_PyCFunctionFastWithKeywords)(PyCFunction_GET_SELF(base[0]), base + 2, in.c, NULL), in.c + 2);
}
OP(CALL_METHOD_NOARGS) {
    GUARD_METHOD_DESCR();
    C_RESULT(C_FUNCTION(PyCFunction)(base[1], NULL), 0, 1, -1);
}
OP(CALL_METHOD_O) {
    GUARD_METHOD_DESCR();
    C_RESULT(C_FUNCTION(PyCFunction)(base[1], base[2]), 0, 1, 2);
}
OP(CALL_METHOD_FAST) {
    GUARD_METHOD_DESCR();
    C_RESULT_OF(C_FUNCTION(_PyCFunctionFast)(base[1], base + 2, in.c), in.c + 2);
}
OP(CALL_METHOD_FAST_KEYWORDS) {
    GUARD_METHOD_DESCR();
    C_RESULT_OF(C_FUNCTION(_PyCFunctionFastWithKeywords)(base[1], base + 2, in.c, NULL), in.c + 2);
}
/* The list was too small; its items move. */
static KR_NOINLINE PyObject *list_append_slowly(KR_LOOP_PARAMS) {
    SAVE();
    CHECK(kr_list_append_grow((PyListObject *)REG(in.b + 1), kr_reg_take(&REG(in.b + 2))));
    t = kr_loop_release(t, &REG(in.b), 2);
    RELOAD();
    NEXT_SETTING(in.a, Py_None);
}
OP(CALL_LIST_APPEND) {
    PyObject *def = CACHE()->object, **base = &regs[in.b];
    GUARD(base[1] && Py_IS_TYPE(base[0], &PyMethodDescr_Type) && (PyObject *)((PyMethodDescrObject *)base[0])->d_method == def && PyList_Check(base[1]));
    PyListObject *l = (PyListObject *)base[1];
    Py_ssize_t n = Py_SIZE(l);
    if (KR_UNLIKELY(n >= l->allocated)) GOTO(list_append_slowly);
    l->ob_item[n] = kr_reg_take(&base[2]);
    Py_SET_SIZE(l, n + 1);
    PyObject *method = kr_reg_take(&base[0]), *list = kr_reg_take(&base[1]), *old = NULL;
    if (pc->op == KR_OP_KILL && pc->a == (in.a & KR_REG_MASK) && (in.a & KR_DEST_DEAD)) {
        pc++;                   /* nearly always the value is dropped */
    } else {
        old = REG(in.a);
        REG(in.a) = Py_None;
    }
    NEXT_RELEASING(method, list, old, NULL);
}
static PyObject *length(PyObject *o) {
    Py_ssize_t size = PyObject_Size(o);
    return size < 0 ? NULL : kr_long_from_i64(size);
}
OP(CALL_LEN) {
    GUARD_C_FUNCTION();
    (void)def;
    PyObject *o = base[2];
    if (PyList_CheckExact(o) || PyTuple_CheckExact(o)) C_RESULT(kr_long_from_i64(Py_SIZE(o)), 0, 2, -1);
    C_RESULT(length(o), 0, 2, -1);
}
static PyObject *is_instance(PyObject *o, PyObject *cls) {
    int n = PyObject_IsInstance(o, cls);
    return n < 0 ? NULL : BOOL(n);
}
OP(CALL_ISINSTANCE) {
    GUARD_C_FUNCTION();
    C_RESULT((PyObject *)Py_TYPE(base[2]) == base[3] ? Py_True : is_instance(base[2], base[3]), 0, 2, 3);
}
OP(CALL_TYPE_1) {
    PyObject **base = &regs[in.b];
    GUARD(!base[1] && base[0] == (PyObject *)&PyType_Type);
    PyObject *v = Py_NewRef((PyObject *)Py_TYPE(base[2])), *type = kr_reg_take(&base[0]), *o = kr_reg_take(&base[2]), *old = REG(in.a);
    REG(in.a) = v;
    NEXT_RELEASING(type, o, old, NULL);
}
