/* generators.c - handlers: yielding, and running generators and coroutines in the loop that their consumer runs in.
 *
 * A generator's frame lies in the generator object. It was entered from C (KR_CONT_ENTRY), by a FOR_ITER, or by a YIELD_FROM of this loop.
 */
#include "vm/loop.h"
#include "vm/generator.h"

/* Goes on in the generator frame that has just been entered with the value sent to it (taken over). A signal is handled where a body goes on, not where it
 * only passes a value on to an inner generator. */
#define RESUME_GENERATOR(frame, value) do { \
        KrFrame *frame_ = (frame); \
        bool at_yield_ = frame_->pc != frame_->code->instrs && frame_->pc[-1].op == KR_OP_YIELD; \
        kr_gen_deliver(frame_, value); \
        RELOAD(); \
        if (at_yield_) NEXT_POLLING(); \
        NEXT(); \
    } while (0)

/* The running generator is left with v (owned), which goes to its consumer; a YIELD_FROM there passes it on at once. */
#define YIELD_TO_CONSUMER(v) do { \
        int cont_ = f->cont; \
        kr_gen_leave(t, kr_frame_gen(f), KR_GEN_SUSPENDED); \
        if (cont_ == KR_CONT_ENTRY) return (v); \
        RELOAD(); \
        if (cont_ != KR_CONT_SEND) { \
            SET(in.a, v); \
            pc++; \
            NEXT(); \
        } \
        if (TRACED() && kr_trace_exit(t, f, v) < 0) { \
            Py_DECREF(v); \
            RELOAD(); \
            ERROR(); \
        } \
    } while (1)
static KR_NOINLINE PyObject *yield_otherwise(KR_LOOP_PARAMS) {
    SAVE();
    PyObject *v = OWN(in.b);
    if (TRACED() && kr_trace_exit(t, f, v) < 0) {
        Py_DECREF(v);
        ERROR();
    }
    if (in.c && !(v = kr_asyncgen_wrap(v))) ERROR();
    YIELD_TO_CONSUMER(v);
}
/* The plain case: a generator that a FOR_ITER of this loop runs. */
OP(YIELD) {
    if (KR_UNLIKELY(f->cont != KR_CONT_FOR_ITER || in.c || TRACED())) GOTO(yield_otherwise);
    SAVE();
    PyObject *v = OWN(in.b);
    kr_gen_leave(t, kr_frame_gen(f), KR_GEN_SUSPENDED);
    RELOAD();
    PyObject **at = &REG(in.a), *old = *at;
    *at = v;
    pc++;
    NEXT_RELEASING(old, NULL, NULL, NULL);
}

/* Sends what register a holds to the iterator in b through the C API; the value that comes back takes its place. */
static KR_NOINLINE PySendResult send(KrThread *t, KrFrame *f, KrInstr i, bool traced) {
    PyObject **regs = f->regs, *result = NULL;
    PySendResult how = traced ? kr_trace_send(t, f, REG(i.b), REG(i.a), &result) : PyIter_Send(REG(i.b), REG(i.a), &result);
    if (how != PYGEN_ERROR) Py_XSETREF(REG(i.a), result);
    return how;
}
OP(YIELD_FROM) {
    SAVE();
    PyObject *received = REG(in.a);
    PyGenObject *inner = (PyGenObject *)REG(in.b);
    if ((Py_IS_TYPE(inner, &PyCoro_Type) || Py_IS_TYPE(inner, &PyGen_Type)) && !TRACED() &&
        (inner->gi_frame_state == KR_GEN_SUSPENDED || (inner->gi_frame_state == KR_GEN_CREATED && received == Py_None))) {
        if (KR_UNLIKELY(kr_gen_enter(t, inner, KR_CONT_SEND) < 0)) ERROR();
        REG(in.a) = NULL;
        RESUME_GENERATOR(kr_gen_frame(inner), received);
    }
    PySendResult how = send(t, f, in, TRACED());
    RELOAD();
    if (how == PYGEN_ERROR) ERROR();
    if (how == PYGEN_NEXT) {
        PyObject *v = kr_reg_take(&REG(in.a));
        if (TRACED() && kr_trace_exit(t, f, v) < 0) {
            Py_DECREF(v);
            ERROR();
        }
        YIELD_TO_CONSUMER(v);
    }
    CLEAR(&REG(in.b));
    NEXT();
}
OP(FOR_ITER_GENERATOR) {
    PyGenObject *g = (PyGenObject *)REG(in.b);
    GUARD(Py_IS_TYPE(g, &PyGen_Type));
    if (KR_UNLIKELY(g->gi_frame_state >= KR_GEN_EXECUTING)) GOTO(kr_body_FOR_ITER);
    SAVE();
    if (KR_UNLIKELY(kr_gen_enter(t, g, KR_CONT_FOR_ITER) < 0)) ERROR();
    KrFrame *inner = kr_gen_frame(g);
    /* The None that is sent is nearly always dropped at once. */
    if (KR_LIKELY(inner->pc->op == KR_OP_KILL && inner->pc != inner->code->instrs && inner->pc[-1].op == KR_OP_YIELD &&
                  ((inner->pc->a ^ inner->pc[-1].a) & KR_REG_MASK) == 0 && !TRACED())) {
        f = inner;
        regs = f->regs;
        pc = f->pc + 1;
        NEXT_POLLING();
    }
    RESUME_GENERATOR(inner, Py_NewRef(Py_None));
}
OP(GET_YIELD_FROM_ITER) { SAVE(); UNARY(kr_gen_yield_from_iter(f, R(in.b))); }
OP(GET_AWAITABLE) { SAVE(); UNARY(kr_coro_get_awaitable(R(in.b), in.c)); }
OP(GET_AITER) { SAVE(); UNARY(kr_vm_get_aiter(R(in.b))); }
OP(GET_ANEXT) { SAVE(); STORE_RESULT(kr_vm_get_anext(REG(in.b))); }
OP(END_ASYNC_FOR) {
    SAVE();
    PyObject *v = R(in.b);
    int done = PyErr_GivenExceptionMatches(v, PyExc_StopAsyncIteration);
    RELOAD();
    if (!done) {
        v = kr_reg_take(&REG(in.b));
        PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(v)), v, PyException_GetTraceback(v));
        return kr_loop_unwind(t, f->pc);
    }
    DONE(in.b);
    CLEAR(&REG(in.a));
    NEXT();
}
