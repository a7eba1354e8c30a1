/* generator.h - generators, coroutines and asynchronous generators: what the loop needs of them, and what their files share.
 *
 * The public head of a generator is followed by its frame's header and registers. The loop resumes one by kr_gen_enter +
 * kr_gen_deliver and ends its activation by kr_gen_leave; gi_frame_state says how it was left. A frame that was suspended
 * by YIELD or YIELD_FROM has its pc behind that instruction; the value sent goes into the instruction's register a.
 */
#ifndef KRAIT_GENERATOR_H
#define KRAIT_GENERATOR_H
#include "vm/stack.h"

enum { KR_GEN_CREATED = -2, KR_GEN_SUSPENDED = -1, KR_GEN_EXECUTING = 0, KR_GEN_COMPLETED = 1 };

KR_INLINE KrFrame *kr_gen_frame(PyGenObject *g) { return (KrFrame *)g->gi_iframe; }
KR_INLINE PyGenObject *kr_frame_gen(KrFrame *f) { return (PyGenObject *)((char *)f - offsetof(PyGenObject, gi_iframe)); }

/* Its frame becomes the running one: 0, or -1 with RecursionError. The caller knows that it is suspended or just created. */
KR_INLINE int kr_gen_enter(KrThread *t, PyGenObject *g, KrCont cont) {
    KrFrame *f = kr_gen_frame(g);
    if (KR_UNLIKELY(kr_recursion_enter(t) < 0)) return -1;
    f->previous = t->vm.frame;
    f->cont = (uint8_t)cont;
    t->vm.frame = f;
    g->gi_exc_state.previous_item = t->base.exc_info;
    t->base.exc_info = &g->gi_exc_state;
    g->gi_frame_state = KR_GEN_EXECUTING;
    return 0;
}
/* The opposite. */
KR_INLINE void kr_gen_leave(KrThread *t, PyGenObject *g, int state) {
    KrFrame *f = kr_gen_frame(g);
    t->base.exc_info = g->gi_exc_state.previous_item;
    g->gi_exc_state.previous_item = NULL;
    t->vm.frame = f->previous;
    f->previous = NULL;
    g->gi_frame_state = (int8_t)state;
    t->base.recursion_remaining++;
}
/* Puts the value sent (taken over) where the entered frame expects it and moves the pc to what it runs next. */
KR_INLINE void kr_gen_deliver(KrFrame *f, PyObject *value) {
    if (KR_UNLIKELY(f->pc == f->code->instrs)) {
        Py_DECREF(value);       /* None, before the first instruction */
        return;
    }
    KrInstr *i = f->pc - 1;
    PyObject **r = &f->regs[i->a & KR_REG_MASK], *old = *r;
    *r = value;
    if (i->op == KR_OP_YIELD_FROM) f->pc = i;
    Py_XDECREF(old);
}
/* Ends the running generator's activation for good: its frame is released, it is completed. */
void kr_gen_finish(KrThread *, PyGenObject *) KR_RUNS_PYTHON;
/* The same when an exception leaves it: a StopIteration becomes RuntimeError. */
void kr_gen_finish_error(KrThread *, PyGenObject *) KR_MAY_RAISE KR_RUNS_PYTHON;

/* What calling a generator function, coroutine function or asynchronous generator function gives; func and the arguments (as for
 * kr_call_push) are owned. */
PyObject *kr_gen_from_call(KrThread *, PyFunctionObject *func, PyObject **args, Py_ssize_t nargs, PyObject *kwnames) KR_NEW_REF KR_MAY_RAISE;
/* The generator, coroutine or asynchronous generator of a comprehension's code in func: over the iterator at args[0], with cells behind it for the
 * free variables, all taken over. */
PyObject *kr_gen_from_comprehension(KrThread *, PyFunctionObject *func, KrCode *code, PyObject **args) KR_NEW_REF KR_MAY_RAISE;
/* The sub-iterator of a generator suspended in YIELD_FROM: new reference, or NULL. */
PyObject *kr_gen_delegate(PyGenObject *) KR_NEW_REF;
/* What `yield from o` iterates over; a coroutine is TypeError unless the running frame is one too. */
PyObject *kr_gen_yield_from_iter(KrFrame *, PyObject *o) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* The iterator of an awaitable: TypeError "object X can't be used in 'await' expression". */
PyObject *kr_coro_awaitable_iter(PyObject *o) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* The same for an instruction; where: 0 await, 1 result of __aenter__, 2 of __aexit__ (for the message). */
PyObject *kr_coro_get_awaitable(PyObject *o, int where) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* cr_origin of a coroutine made now: a tuple of (file, line, function), innermost first. */
PyObject *kr_coro_origin(KrThread *, int depth) KR_NEW_REF KR_MAY_RAISE;
/* An asynchronous generator's value, marked as such (steals). */
PyObject *kr_asyncgen_wrap(PyObject *value) KR_STEALS(1) KR_NEW_REF KR_MAY_RAISE;
/* object/exceptions_group.c: what an except* statement raises from the original exception and the list of what its clauses
 * raised or left; None for nothing. */

/* --- among generator.c, coroutine.c, asyncgen.c --- */

/* Resumes with a value (borrowed; NULL for next()), or with the current exception: PYGEN_NEXT and the value yielded, PYGEN_RETURN and the
 * result, PYGEN_ERROR. closing: a completed coroutine is no error. */
PySendResult kr_gen_resume(PyGenObject *, PyObject *value, bool throwing, bool closing, PyObject **result) KR_MAY_RAISE KR_RUNS_PYTHON;
/* g.send(value); StopIteration or StopAsyncIteration at its end. */
PyObject *kr_gen_send(PyGenObject *, PyObject *value) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* g.throw(); value and tb may be NULL. close_delegate: GeneratorExit closes the sub-iterator first. */
PyObject *kr_gen_throw(PyGenObject *, bool close_delegate, PyObject *type, PyObject *value, PyObject *tb) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* Methods and slots that the three types share. */
PyObject *kr_gen_send_method(PyObject *, PyObject *value);
PyObject *kr_gen_throw_method(PyObject *, PyObject *const *args, Py_ssize_t nargs);
PyObject *kr_gen_close(PyObject *, PyObject *unused);
PyObject *kr_gen_sizeof(PyObject *, PyObject *unused);
PySendResult kr_gen_am_send(PyObject *, PyObject *value, PyObject **result);
void kr_gen_dealloc(PyObject *);
int kr_gen_traverse(PyObject *, visitproc, void *);
PyObject *kr_gen_get_name(PyObject *, void *);
int kr_gen_set_name(PyObject *, PyObject *, void *);
PyObject *kr_gen_get_qualname(PyObject *, void *);
int kr_gen_set_qualname(PyObject *, PyObject *, void *);
PyObject *kr_gen_get_delegate(PyObject *, void *);
PyObject *kr_gen_get_running(PyObject *, void *);
PyObject *kr_gen_get_suspended(PyObject *, void *);
PyObject *kr_gen_get_frame(PyObject *, void *name);
PyObject *kr_gen_get_code(PyObject *, void *name);
/* runtime/warnings.c: the RuntimeWarning "coroutine ... was never awaited". */
void _PyErr_WarnUnawaitedCoroutine(PyObject *coro) KR_RUNS_PYTHON;
/* Whether await works on it: a coroutine, or a generator whose code says so. */
bool kr_gen_is_awaitable(PyObject *);

#endif
