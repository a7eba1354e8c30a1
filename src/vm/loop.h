/* loop.h - how the interpreter loop is made: one function for each instruction, each of which ends by a tail call of the next one's.
 *
 * A handler is a function of the running thread and frame, the frame's registers, the place of the next instruction (pc; the running one is
 * in == pc[-1]) and the table of handlers in force. The five stay in machine registers from handler to handler; because every handler
 * is a function of its own, the C compiler allocates the other registers for it alone. vm/loop/ has the handlers, a file for each kind;
 * eval.c the tables and the entries from C.
 *
 * Rules for a handler:
 *   - it ends with NEXT(), GOTO(another handler) or ERROR(), or returns to the C code that entered the loop;
 *   - what may raise, run Python code or look at frames is preceded by SAVE(), which stores pc in the frame;
 *   - after such a call RELOAD() takes frame, registers, pc and table from the thread again: then the compiler has only t to keep
 *     across the call (the values are the same, but for pc after a jump by f_lineno and the table after sys.settrace);
 *   - no address of a local variable may reach another function, or the compiler could not make its tail call;
 *   - operands are read with R() (borrowed), what a consumed operand owned is taken out with TAKE() and released by RELEASE() after use. On failure
 *     it goes to ERROR() with an exception set, consumed operands in place or already released; the unwinder releases what is left.
 *   - SET() stores a result. A register that is not live is NULL, so it need not be told apart.
 */
#ifndef KRAIT_LOOP_H
#define KRAIT_LOOP_H
#include "vm/stack.h"
#include "vm/opstats.h"
#include "vm/specialize.h"
#include "vm/support.h"
#include "vm/trace.h"
#include "object/float.h"
#include "object/long.h"
#include "runtime/errors.h"

struct KrDispatch;
#define KR_LOOP_PARAMS KrThread *t, KrFrame *f, PyObject **regs, KrInstr *pc, const struct KrDispatch *dispatch
#define KR_LOOP_ARGS t, f, regs, pc, dispatch
typedef PyObject *KrHandler(KR_LOOP_PARAMS);
struct KrDispatch { KrHandler *op[KR_OP_COUNT]; };

/* The handlers of all instructions, and the generic bodies of those that specialise. */
#define KR_OP(name, a, b, c, flags) KrHandler kr_op_##name;
#define KR_SPECIAL(name, generic) KrHandler kr_op_##name, kr_body_##generic;
#include "compile/opcodes.def"

/* In force: without tracing; while the thread traces (every instruction reports first); with -X opstats (every instruction is counted). */
extern const struct KrDispatch kr_dispatch_plain, kr_dispatch_trace, kr_dispatch_count;
/* A guard failed, nothing has changed: counts it and goes on in the generic body. */
KrHandler kr_loop_miss;
/* The eval breaker is set: does what is asked for, then runs the instruction at pc. */
KrHandler kr_loop_poll;
/* An exception was raised by the running frame's instruction at f->pc - 1: adds to the traceback, finds the handler. */
PyObject *kr_loop_error(KrThread *t);
/* The same for an exception that has this frame in its traceback; `raised` is the instruction whose handler is wanted. */
PyObject *kr_loop_unwind(KrThread *t, KrInstr *raised);
/* Destroys an object whose count has reached 0; gives t back, so that a handler has nothing to keep meanwhile. */
KrThread *kr_loop_dealloc(KrThread *t, PyObject *o) KR_RUNS_PYTHON;
/* Destroys the first, or all, of the objects of t->vm.dying; then, unless that was a number, does what kr_loop_poll does. */
KrHandler kr_loop_bury, kr_loop_bury_all;
/* Releases references, each of which may be NULL; gives t back. */
KrThread *kr_loop_forget(KrThread *t, PyObject *x, PyObject *y, PyObject *z, PyObject *w) KR_RUNS_PYTHON;
/* Releases what n registers hold, which are NULL then; gives t back. */
KrThread *kr_loop_release(KrThread *t, PyObject **registers, int n) KR_RUNS_PYTHON;
/* Whether o, whose last reference is given up, was an int or float that has gone to the free list. */
KR_INLINE bool kr_loop_free_number(KrThread *t, PyObject *o) {
    KrNumberState *st = &t->base.interp->number;
    if (!KR_FREE_LISTS) return false;
    if (PyFloat_CheckExact(o) && st->float_free_count < KR_FLOAT_FREE_MAX) {
        Py_SET_TYPE(o, (PyTypeObject *)st->float_free);
        st->float_free = (PyFloatObject *)o;
        st->float_free_count++;
        return true;
    }
    if (PyLong_CheckExact(o) && kr_long_is_short(o) && st->long_free_count < KR_LONG_FREE_MAX) {
        Py_SET_TYPE(o, (PyTypeObject *)st->long_free);
        st->long_free = o;
        st->long_free_count++;
        return true;
    }
    return false;
}
/* Pushes a frame for func with arguments that lie, owned, at args: see calls.c. */
KrFrame *kr_loop_push(KrThread *, PyFunctionObject *func, PyObject **args, Py_ssize_t nargs, PyObject *kwnames, KrCont, bool outside) KR_MAY_RAISE;

#ifdef __has_attribute
#if __has_attribute(musttail)
#define KR_TAIL __attribute__((musttail)) return
#endif
#endif
#ifndef KR_TAIL
#define KR_TAIL return      /* gcc makes them tail calls where it optimises sibling calls, which these files are always compiled with */
#endif

#define OP(name) PyObject *kr_op_##name(KR_LOOP_PARAMS)
#define BODY(name) PyObject *kr_body_##name(KR_LOOP_PARAMS)
#define in (pc[-1])
#define NEXT() KR_TAIL dispatch->op[pc->op](t, f, regs, pc + 1, dispatch)
#define GOTO(handler) KR_TAIL handler(KR_LOOP_ARGS)
#define SAVE() ((void)(f->pc = pc))
#define RELOAD() ((void)(f = t->vm.frame, regs = f->regs, pc = f->pc, dispatch = t->vm.dispatch))
#define ERROR() return kr_loop_error(t)
#define TRACED() KR_UNLIKELY(dispatch == &kr_dispatch_trace)
#define CACHE() ((KrCache *)(f->code->cache_bias + 3 * (uintptr_t)pc))
/* The generic form of an instruction that has special ones: `specialize(at, cache, ...)` when it is time, else the body. */
#define ADAPTIVE(NAME, specialize, ...) \
    static KR_NOINLINE PyObject *specialize_##NAME(KR_LOOP_PARAMS) { \
        if (specialize(pc - 1, CACHE(), __VA_ARGS__)) GOTO(kr_dispatch_plain.op[in.op]); \
        GOTO(kr_body_##NAME); \
    } \
    OP(NAME) { \
        if (f->code->cache_bias && !TRACED()) { \
            KrCache *cache_ = CACHE(); \
            if (cache_->counter == 0) GOTO(specialize_##NAME); \
            cache_->counter--; \
        } \
        GOTO(kr_body_##NAME); \
    } \
    BODY(NAME)
/* In a special form, where nothing has changed yet. */
#define GUARD(condition) do { if (KR_UNLIKELY(!(condition))) GOTO(kr_loop_miss); } while (0)

#define CONSUMED(x) ((x) & KR_OPERAND_CONSUME)
#define REG(x) regs[(x) & KR_REG_MASK]
#define R(x) (*((x) & KR_OPERAND_CONST ? &f->consts[(x) & KR_REG_MASK] : &REG(x)))
#define NAME(i) (f->code->names[i])
#define JUMP_TO(i) ((void)(pc = f->code->instrs + kr_instr_target(i)))

/* What register `at` held, now the caller's. */
KR_INLINE PyObject *kr_reg_take(PyObject **at) {
    PyObject *o = *at;
    *at = NULL;
    return o;
}
/* What a consumed operand owned; NULL if it is a borrowed one. */
#define TAKE(x) (CONSUMED(x) ? kr_reg_take(&REG(x)) : NULL)
/* The operand as a reference of the caller's. */
#define OWN(x) (CONSUMED(x) ? kr_reg_take(&REG(x)) : Py_NewRef(R(x)))
/* Gives a reference up; may run anything, so that only t and what RELOAD() restores can be relied on without cost. SAVE() is done here. */
#define RELEASE(o) do { \
        PyObject *released_ = (o); \
        if (KR_UNLIKELY(--released_->ob_refcnt == 0)) { \
            SAVE(); \
            t = kr_loop_dealloc(t, released_); \
            RELOAD(); \
        } \
    } while (0)
#define XRELEASE(o) do { PyObject *maybe_ = (o); if (maybe_) RELEASE(maybe_); } while (0)
/* The end of a handler that gives up to four references up, each of which may be NULL. Nothing is called from here, so that the handler needs no
 * stack. The breaker is looked at when something dies. */
#define NEXT_RELEASING(x, y, z, w) do { \
        PyObject *x_ = (x), *y_ = (y), *z_ = (z), *w_ = (w); \
        int dead_ = 0; \
        if (x_ && KR_UNLIKELY(--x_->ob_refcnt == 0)) dead_ |= 1; \
        if (y_ && KR_UNLIKELY(--y_->ob_refcnt == 0)) dead_ |= 2; \
        if (z_ && KR_UNLIKELY(--z_->ob_refcnt == 0)) dead_ |= 4; \
        if (w_ && KR_UNLIKELY(--w_->ob_refcnt == 0)) dead_ |= 8; \
        if (KR_UNLIKELY(dead_)) { \
            if (!(dead_ & (dead_ - 1))) { \
                t->vm.dying[0] = dead_ & 1 ? x_ : dead_ & 2 ? y_ : dead_ & 4 ? z_ : w_; \
                GOTO(kr_loop_bury); \
            } \
            t->vm.dying[0] = dead_ & 1 ? x_ : NULL; \
            t->vm.dying[1] = dead_ & 2 ? y_ : NULL; \
            t->vm.dying[2] = dead_ & 4 ? z_ : NULL; \
            t->vm.dying[3] = dead_ & 8 ? w_ : NULL; \
            GOTO(kr_loop_bury_all); \
        } \
        NEXT(); \
    } while (0)
#define DONE(x) do { if (CONSUMED(x)) RELEASE(kr_reg_take(&REG(x))); } while (0)
/* Register x's new value, a reference that is handed over, at the end of a handler. */
#define NEXT_SETTING(x, value) do { PyObject *new_ = (value), **at_ = &REG(x), *old_ = *at_; *at_ = new_; NEXT_RELEASING(old_, NULL, NULL, NULL); } while (0)
/* The same in the middle of a handler. */
#define SET(x, value) do { PyObject *new_ = (value), **at_ = &REG(x), *old_ = *at_; *at_ = new_; XRELEASE(old_); } while (0)
#define CLEAR(at) do { PyObject *cleared_ = kr_reg_take(at); XRELEASE(cleared_); } while (0)
/* Immortal objects need no counting. */
#define BOOL(condition) ((condition) ? Py_True : Py_False)

/* Results of functions that were called after SAVE(): compute, release the operands, store. */
#define UNARY(expr) do { PyObject *result_ = (expr); RELOAD(); if (KR_UNLIKELY(!result_)) ERROR(); STORE1(result_); } while (0)
#define BINARY(expr) do { PyObject *result_ = (expr); RELOAD(); if (KR_UNLIKELY(!result_)) ERROR(); STORE2(result_); } while (0)
/* A truth value of the operands. When it only decides the jump that is the next instruction, no bool is stored. */
#define STORE_TRUTH(condition, b, c) do { \
        bool n_ = (condition); \
        PyObject *b_ = (b), *c_ = (c), *old_ = NULL; \
        KrInstr jump_ = *pc; \
        if (jump_.a == in.a && (in.a & KR_DEST_DEAD) && (jump_.op == KR_OP_JUMP_IF_FALSE || jump_.op == KR_OP_JUMP_IF_TRUE)) { \
            pc++; \
            if (n_ == (jump_.op == KR_OP_JUMP_IF_TRUE)) JUMP_TO(jump_); \
        } else { \
            PyObject **at_ = &REG(in.a); \
            old_ = *at_; \
            *at_ = BOOL(n_); \
        } \
        NEXT_RELEASING(b_, c_, old_, NULL); \
    } while (0)
/* Stores the result of operand b, of operands b and c, and releases those. */
#define STORE1(value) do { PyObject *b_ = TAKE(in.b), **at_ = &REG(in.a), *old_ = *at_; *at_ = (value); NEXT_RELEASING(b_, old_, NULL, NULL); } while (0)
#define STORE2(value) do { PyObject *b_ = TAKE(in.b), *c_ = TAKE(in.c), **at_ = &REG(in.a), *old_ = *at_; *at_ = (value); NEXT_RELEASING(b_, c_, old_, NULL); } while (0)
#define STORE_RESULT(expr) do { PyObject *result_ = (expr); RELOAD(); if (KR_UNLIKELY(!result_)) ERROR(); NEXT_SETTING(in.a, result_); } while (0)
#define CHECK(expr) do { int failed_ = (expr) < 0; RELOAD(); if (KR_UNLIKELY(failed_)) ERROR(); } while (0)
#define BREAKER() KR_UNLIKELY(t->base.interp->vm.eval_breaker)
/* Signals and the like are handled here; needs SAVE(). */
#define POLL() do { if (BREAKER()) CHECK(kr_eval_poll(t)); } while (0)
/* The same at an instruction's end, where its result is stored. */
#define NEXT_POLLING() do { if (BREAKER()) GOTO(kr_loop_poll); NEXT(); } while (0)

/* Whether there is room for a frame of `code` over `window` without a new segment, no signal waits and one level more is allowed. */
#define CAN_PUSH(window, code) \
    (KR_LIKELY(t->vm.frame_top + sizeof(KrFrame) <= t->vm.frame_limit && (size_t)(t->vm.reg_limit - (window)) > (size_t)(code)->nregs && \
               !t->base.interp->vm.eval_breaker && t->base.recursion_remaining > 0))
/* Goes on in a frame of `func` (taken over) whose arguments are in the window; CAN_PUSH holds, its code is a function's (CO_OPTIMIZED) and warm. */
#define PUSH_EXACT(func, window, cont) PUSH_CODE(func, (KrCode *)((PyFunctionObject *)(func))->func_code, window, cont)
/* The same for a comprehension's code in a function. */
#define PUSH_CODE(func, body, window, cont) do { \
        PyFunctionObject *func_ = (PyFunctionObject *)(func); \
        KrFrame *new_frame_ = (KrFrame *)t->vm.frame_top; \
        SAVE(); \
        t->base.recursion_remaining--; \
        t->vm.frame_top = (char *)(new_frame_ + 1); \
        kr_frame_fill(t, new_frame_, func_, (body), (window), (cont), 0); \
        f = new_frame_; \
        regs = f->regs; \
        pc = f->code->entry; \
    } while (0)

#endif
