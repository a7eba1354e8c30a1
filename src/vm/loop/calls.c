/* calls.c - handlers: calls of Python functions (which go on in the same loop), of classes and of C code; returning.
 *
 * [b] is the callable, [b+1] self or NULL, c arguments follow; all are consumed. A Python callee's window begins at its arguments. In a generator's
 * registers it can't: there the arguments are moved to the top of the register stack, by the generic body.
 */
#include "vm/loop.h"
#include "vm/generator.h"
#include "object/list.h"
#include "object/tuple.h"

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
#define KWNAMES() f->consts[pc->a & KR_REG_MASK]     /* of the call that runs */
ADAPTIVE(CALL_KW, kr_specialize_call_kw, &REG(in.b), KWNAMES()) {
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
    NEXT_POLLING();
}
OP(MAKE_FUNCTION) { SAVE(); STORE_RESULT(kr_vm_make_function(f, &REG(in.b), in.c)); }
OP(LOAD_BUILD_CLASS) { SAVE(); STORE_RESULT(kr_vm_build_class_function(f)); }

/* ------------------------------------------------------------------ comprehensions */

/* Moves an iterator and n cells from `args` to where code has them in its window: .0 and the last locals. The window may begin at args. */
KR_INLINE void place_comprehension(KrCode *code, PyObject **window, PyObject **args, int n) {
    PyObject **cells = window + code->temp_base - n;
    if (window != args) window[0] = kr_reg_take(args);
    for (int i = n; --i >= 0;) {
        PyObject *cell = kr_reg_take(&args[1 + i]);
        cells[i] = cell;
    }
}
/* Pushes a frame for a comprehension's code in func (borrowed) wherever there is room; counted as a level. */
static KR_NOINLINE KrFrame *push_comprehension(KrThread *t, PyFunctionObject *func, KrCode *code, PyObject **args, int n, bool outside) {
    bool ready = kr_code_ready(code) == 0 && kr_recursion_enter(t) == 0;
    KrFrame *f = ready ? kr_frame_alloc(t) : NULL;
    PyObject **window = outside ? t->vm.reg_top : args;
    if (f && (size_t)(t->vm.reg_limit - window) <= code->nregs && (window = kr_regs_segment(t, code->nregs + 1u))) f->flags |= KR_FRAME_REG_SEGMENT;
    if (f && window) {
        place_comprehension(code, window, args, n);
        Py_INCREF(func);
        kr_frame_push(t, f, func, code, window, KR_CONT_STORE);
        return f;
    }
    if (f) kr_frame_close_segments(t, f);
    if (ready) kr_recursion_leave(t);
    return NULL;
}
#define COMPREHENSION_CODE() KrCode *code = (KrCode *)f->consts[kr_instr_target(*pc)]
static KR_NOINLINE PyObject *comprehension_otherwise(KR_LOOP_PARAMS) {
    COMPREHENSION_CODE();
    SAVE();
    if (code->base.co_flags & KR_CODE_MAKES_GENERATOR) {
        PyObject *v = kr_gen_from_comprehension(t, f->func, code, &REG(in.b));
        RELOAD();
        if (!v) ERROR();
        pc++;
        NEXT_SETTING(pc[-2].a, v);
    }
    POLL();
    KrFrame *callee = push_comprehension(t, f->func, code, &REG(in.b), in.c, f->owner != KR_FRAME_ON_STACK);
    if (!callee) ERROR();
    f->pc = pc + 1;             /* of the caller, to which the value comes back */
    RELOAD();
    NEXT();
}
OP(CALL_COMPREHENSION) {
    COMPREHENSION_CODE();
    PyObject **window = &regs[in.b];
    if (KR_UNLIKELY(f->owner != KR_FRAME_ON_STACK) || (code->base.co_flags & KR_CODE_MAKES_GENERATOR) || !code->cache_bias || !CAN_PUSH(window, code) || TRACED())
        GOTO(comprehension_otherwise);
    place_comprehension(code, window, window, in.c);
    Py_INCREF(f->func);
    pc++;
    PUSH_CODE(f->func, code, window, KR_CONT_STORE);
    NEXT();
}

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
/* The method of an operator's left operand has returned NotImplemented to the instruction before pc. */
static KR_NOINLINE PyObject *operator_declined(KR_LOOP_PARAMS) { BINARY(kr_vm_operator_declined(kr_op_generic[in.op], R(in.b), R(in.c))); }
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
    if (f->cont == KR_CONT_OPERATOR) {
        leave_frame(t);
        RELOAD();
        if (v == Py_NotImplemented) GOTO(operator_declined);
        STORE2(v);
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
/* Leaves the running frame, which is plain, with what operand a is: `v` (owned; of a local it is moved). Nothing is called: where something would have to be
 * destroyed but numbers, v is put back and return_otherwise begins anew. */
#define LEAVE_PLAIN_FRAME(v) \
    PyObject *v = in.a & KR_OPERAND_CONST ? Py_NewRef(f->consts[in.a & KR_REG_MASK]) : kr_reg_take(&REG(in.a)); \
    for (PyObject **at = regs, **end = regs + f->code->temp_base; at < end; at++) { \
        PyObject *o = *at; \
        if (!o) continue; \
        if (Py_REFCNT(o) > 1) Py_SET_REFCNT(o, Py_REFCNT(o) - 1); \
        else if (!kr_loop_free_number(t, o)) goto otherwise; \
        *at = NULL; \
    } \
    if (KR_UNLIKELY(Py_REFCNT(f->func) == 1 || Py_REFCNT(f->code) == 1)) goto otherwise; \
    Py_SET_REFCNT((PyObject *)f->func, Py_REFCNT(f->func) - 1); \
    Py_SET_REFCNT((PyObject *)f->code, Py_REFCNT(f->code) - 1)
#define LEAVE_OTHERWISE(v) \
    otherwise: \
        if (in.a & KR_OPERAND_CONST) Py_SET_REFCNT(v, Py_REFCNT(v) - 1); \
        else REG(in.a) = v; \
        GOTO(return_otherwise)
/* A function that C code called returns. */
static PyObject *return_to_c(KR_LOOP_PARAMS) {
    LEAVE_PLAIN_FRAME(v);
    kr_frame_pop_plain(t, f);
    return v;
    LEAVE_OTHERWISE(v);
}
static PyObject *return_to_operator(KR_LOOP_PARAMS) {
    LEAVE_PLAIN_FRAME(v);
    kr_frame_pop_plain(t, f);
    RELOAD();
    if (KR_UNLIKELY(v == Py_NotImplemented)) GOTO(operator_declined);       /* immortal */
    STORE2(v);
    LEAVE_OTHERWISE(v);
}
/* __init__ returns None to a call of its class in this loop. */
static PyObject *return_instance(KR_LOOP_PARAMS) {
    LEAVE_PLAIN_FRAME(v);
    Py_SET_REFCNT(v, Py_REFCNT(v) - 1);
    PyObject *instance = f->init_self;
    kr_frame_pop_plain(t, f);
    RELOAD();
    DELIVER(instance);
    LEAVE_OTHERWISE(v);
}
/* The plain case: the value goes to a caller in this loop, and nobody has asked for the frame as an object. */
OP(RETURN) {
    if (KR_UNLIKELY(!kr_frame_is_plain(f, KR_CONT_STORE) || TRACED())) {
        if (TRACED()) GOTO(return_otherwise);
        if (kr_frame_is_plain(f, KR_CONT_ENTRY)) GOTO(return_to_c);
        if (kr_frame_is_plain(f, KR_CONT_OPERATOR)) GOTO(return_to_operator);
        if (kr_frame_is_plain(f, KR_CONT_INIT) && R(in.a) == Py_None) GOTO(return_instance);
        GOTO(return_otherwise);
    }
    LEAVE_PLAIN_FRAME(v);
    kr_frame_pop_plain(t, f);
    RELOAD();
    DELIVER(v);
    LEAVE_OTHERWISE(v);
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
/* Pushes a frame of a function of positional parameters, the last of which get their defaults. */
#define PUSH_WITH_DEFAULTS() do { \
        bool bound = base[1] != NULL; \
        Py_ssize_t given = in.c + bound, count = code->base.co_argcount; \
        PyObject *values = func->func_defaults; \
        GUARD(given == count || (given < count && values && given + PyTuple_GET_SIZE(values) >= count)); \
        PyObject **window = base + 2 - bound; \
        if (KR_UNLIKELY(f->owner != KR_FRAME_ON_STACK) || !CAN_PUSH(window, code)) GOTO(kr_body_CALL); \
        base[0] = NULL; \
        for (Py_ssize_t i = given; i < count; i++) window[i] = Py_NewRef(PyTuple_GET_ITEM(values, i - count + PyTuple_GET_SIZE(values))); \
        PUSH_EXACT(func, window, KR_CONT_STORE); \
        NEXT(); \
    } while (0)
OP(CALL_PY_DEFAULTS) {
    PyObject **base = &regs[in.b];
    GUARD_FUNCTION(base);
    PUSH_WITH_DEFAULTS();
}
/* A function without a version may be of any kind. */
static KR_NOINLINE PyObject *give_version(KR_LOOP_PARAMS) {
    PyObject *func = regs[in.b];
    if (PyFunction_Check(func)) kr_code_version((KrCode *)((PyFunctionObject *)func)->func_code);
    GOTO(kr_loop_miss);
}
OP(CALL_PY_ANY) {
    PyObject **base = &regs[in.b];
    PyFunctionObject *func = (PyFunctionObject *)base[0];
    if (KR_UNLIKELY(!PyFunction_Check(func))) {
        if (Py_IS_TYPE(func, &PyMethod_Type) && !base[1]) GOTO(unpack_method);
        GOTO(kr_loop_miss);
    }
    KrCode *code = (KrCode *)func->func_code;
    if (KR_UNLIKELY(!code->version)) GOTO(give_version);
    GUARD(!code->base.co_kwonlyargcount && !(code->base.co_flags & (CO_VARARGS | CO_VARKEYWORDS | KR_CODE_MAKES_GENERATOR)) && func->vectorcall == _PyFunction_Vectorcall);
    PUSH_WITH_DEFAULTS();
}
OP(CALL_KW_PY) {
    PyObject **base = &regs[in.b];
    GUARD_FUNCTION(base);
    const KrCache *cache = CACHE();
    bool bound = base[1] != NULL;
    GUARD(cache->extra == bound);
    Py_ssize_t positional = in.c + bound - PyTuple_GET_SIZE(KWNAMES()), count = code->base.co_argcount, params = count + code->base.co_kwonlyargcount;
    Py_ssize_t defaults = func->func_defaults ? PyTuple_GET_SIZE(func->func_defaults) : 0;
    PyObject **window = base + 2 - bound, **values = t->vm.arguments, **named = window + positional;
    _Static_assert(KR_ARRAY_LEN(t->vm.arguments) == KR_PLAN_MAX, "room for all");
    if (KR_UNLIKELY(f->owner != KR_FRAME_ON_STACK) || !CAN_PUSH(window, code)) GOTO(kr_body_CALL_KW);
    uint64_t plan = cache->word[1] >> (KR_PLAN_BITS * positional);
    for (Py_ssize_t i = positional; i < params; i++, plan >>= KR_PLAN_BITS) {
        Py_ssize_t source = (Py_ssize_t)(plan & KR_PLAN_DEFAULT);
        if (source != KR_PLAN_DEFAULT) {
            values[i - positional] = window[source];
        } else {
            GUARD(i >= count - defaults);
            values[i - positional] = PyTuple_GET_ITEM(func->func_defaults, i - count + defaults);
        }
    }
    plan = cache->word[1] >> (KR_PLAN_BITS * positional);
    for (Py_ssize_t i = 0; i < params - positional; i++, plan >>= KR_PLAN_BITS) {
        named[i] = values[i];
        if ((plan & KR_PLAN_DEFAULT) == KR_PLAN_DEFAULT) Py_INCREF(values[i]);
    }
    base[0] = NULL;
    pc++;
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
#define GUARD_CLASS() \
    KrCache *cache = CACHE(); \
    PyObject **base = &regs[in.b]; \
    PyTypeObject *type = (PyTypeObject *)base[0]; \
    GUARD(!base[1] && PyType_Check(type) && type->tp_version_tag == cache->version)
/* A new instance, and a frame of __init__ in the window that begins with it; kwnames is NULL or names the last arguments. */
#define CLASS_INIT_FORM(GENERIC, kwnames, words) do { \
        GUARD_CLASS(); \
        PyFunctionObject *init = (PyFunctionObject *)cache->object; \
        KrCode *code = (KrCode *)init->func_code; \
        GUARD(code->version == cache->version2); \
        Py_ssize_t given = in.c + 1; \
        if (KR_UNLIKELY(f->owner != KR_FRAME_ON_STACK) || !CAN_PUSH(base + 1, code) || KR_UNLIKELY((size_t)(t->vm.reg_limit - base - 1) <= (size_t)given)) \
            GOTO(kr_body_##GENERIC); \
        SAVE(); \
        Py_INCREF(init);        /* allocating may run anything */ \
        PyObject *o = PyType_GenericAlloc(type, 0); \
        RELOAD(); \
        if (KR_UNLIKELY(!o)) { \
            Py_DECREF(init); \
            ERROR(); \
        } \
        if (KR_UNLIKELY(((KrCode *)init->func_code)->version != CACHE()->version2)) {   /* it has given __init__ other code */ \
            Py_DECREF(init); \
            Py_DECREF(o); \
            GOTO(kr_body_##GENERIC); \
        } \
        REG(in.b + 1) = Py_NewRef(o); \
        if (KR_UNLIKELY((kwnames) || !kr_call_is_exact(code, given))) { \
            /* binding releases its arguments when it fails */ \
            PyObject *names = (kwnames); \
            int bad = kr_bind_window(t, init, &REG(in.b + 1), given - (names ? PyTuple_GET_SIZE(names) : 0), names); \
            RELOAD(); \
            if (bad) { \
                Py_DECREF(init); \
                Py_DECREF(o); \
                ERROR(); \
            } \
        } \
        PyObject *class_ = kr_reg_take(&REG(in.b)); \
        RELEASE(class_);        /* the instance keeps its class */ \
        PyObject **window = &REG(in.b + 1); \
        pc += (words); \
        PUSH_EXACT(init, window, KR_CONT_INIT); \
        f->init_self = o; \
        NEXT(); \
    } while (0)
OP(CALL_CLASS_INIT) { CLASS_INIT_FORM(CALL, NULL, 0); }
OP(CALL_KW_CLASS_INIT) { CLASS_INIT_FORM(CALL_KW, KWNAMES(), 1); }
OP(CALL_CLASS_PLAIN) {
    GUARD_CLASS();
    SAVE();
    PyObject *o = PyType_GenericAlloc(type, 0);
    RELOAD();
    if (KR_UNLIKELY(!o)) ERROR();
    PyObject *class_ = kr_reg_take(&REG(in.b)), *old = REG(in.a);
    REG(in.a) = o;
    NEXT_RELEASING(old, class_, NULL, NULL);
}

OP(CALL_SUPER_METHOD) {
    KrCache *cache = CACHE();
    PyObject **base = &regs[in.b], *self = regs[0], *cell = regs[cache->index];
    GUARD(base[0] == (PyObject *)&PySuper_Type && !base[1] && self && Py_TYPE(self)->tp_version_tag == cache->version && PyCell_Check(cell));
    PyObject *type = PyCell_GET(cell);
    GUARD(type && PyType_Check(type) && ((PyTypeObject *)type)->tp_version_tag == cache->version2);
    PyObject *super = kr_reg_take(&base[0]), *method = Py_NewRef(cache->object);
    regs[pc->a] = method;
    regs[pc->a + 1] = Py_NewRef(self);
    pc++;
    NEXT_RELEASING(super, NULL, NULL, NULL);
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
/* The same for a function without self and in.c arguments, for a method and in.c arguments. */
#define C_FUNCTION_RESULT(expr) do { \
        if (in.c == 1) C_RESULT(expr, 0, 2, -1); \
        if (in.c == 2) C_RESULT(expr, 0, 2, 3); \
        C_RESULT_OF(expr, in.c + 2); \
    } while (0)
#define C_METHOD_RESULT(expr) do { \
        if (in.c == 0) C_RESULT(expr, 0, 1, -1); \
        if (in.c == 1) C_RESULT(expr, 0, 1, 2); \
        C_RESULT_OF(expr, in.c + 2); \
    } while (0)
OP(CALL_C_FAST) {
    GUARD_C_FUNCTION();
    C_FUNCTION_RESULT(C_FUNCTION(_PyCFunctionFast)(PyCFunction_GET_SELF(base[0]), base + 2, in.c));
}
OP(CALL_C_FAST_KEYWORDS) {
    GUARD_C_FUNCTION();
    C_FUNCTION_RESULT(C_FUNCTION(_PyCFunctionFastWithKeywords)(PyCFunction_GET_SELF(base[0]), base + 2, in.c, NULL));
}
/* A C function's result with its arguments in a tuple. */
static KR_NOINLINE PyObject *call_with_tuple(PyCFunction function, PyObject *self, PyObject *const *args, Py_ssize_t n) {
    PyObject *tuple = n ? kr_tuple_from_array(args, n) : kr_empty_tuple(), *v = tuple ? function(self, tuple) : NULL;
    Py_XDECREF(tuple);
    return v;
}
OP(CALL_C_VARARGS) {
    GUARD_C_FUNCTION();
    C_FUNCTION_RESULT(call_with_tuple(C_FUNCTION(PyCFunction), PyCFunction_GET_SELF(base[0]), base + 2, in.c));
}
OP(CALL_STATIC_TYPE) {
    PyObject *type = CACHE()->object, **base = &regs[in.b];
    GUARD(base[0] == type && !base[1]);
    C_FUNCTION_RESULT(((PyTypeObject *)type)->tp_vectorcall(type, base + 2, (size_t)in.c | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL));
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
    C_METHOD_RESULT(C_FUNCTION(_PyCFunctionFast)(base[1], base + 2, in.c));
}
OP(CALL_METHOD_FAST_KEYWORDS) {
    GUARD_METHOD_DESCR();
    C_METHOD_RESULT(C_FUNCTION(_PyCFunctionFastWithKeywords)(base[1], base + 2, in.c, NULL));
}
OP(CALL_METHOD_VARARGS) {
    GUARD_METHOD_DESCR();
    C_METHOD_RESULT(call_with_tuple(C_FUNCTION(PyCFunction), base[1], base + 2, in.c));
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
