/* stack.h - pushing and leaving frames (see frame.h for the invariants).
 *
 * The register stack is a list of segments of object pointers, all NULL above the live ones; frame headers are on a second list of
 * segments. Both are used strictly last in, first out. t->vm.reg_top is the first register above everything in use: the
 * end of the innermost on-stack frame's window. A frame whose push opened a segment says so in its flags, and closes it when
 * it is popped; one empty segment of each kind is kept.
 */
#ifndef KRAIT_STACK_H
#define KRAIT_STACK_H
#include "vm/frame.h"

typedef struct KrRegChunk {
    struct KrRegChunk *previous;
    size_t size;                /* registers */
    PyObject *regs[];
} KrRegChunk;
typedef struct KrFrameChunk {
    struct KrFrameChunk *previous;
    size_t size;                /* bytes */
    _Alignas(16) char bytes[];
} KrFrameChunk;

/* A header in a new segment, flagged. */
KrFrame *kr_frame_alloc_segment(KrThread *) KR_MAY_RAISE;
/* A new segment with room for n registers becomes the current one. */
PyObject **kr_regs_segment(KrThread *, size_t n) KR_MAY_RAISE;
/* Closes the segments that the frame's flags name. */
void kr_frame_close_segments(KrThread *, KrFrame *);
/* RecursionError for one level too many: -1, with the level taken back. */
int kr_recursion_exceeded(KrThread *, const char *where);
/* The end of a frame that has a frame object: others' object takes over registers and all, else it dies. */
void kr_frame_leave_object(KrFrame *) KR_RUNS_PYTHON;

/* Counts one more level of Python or C calls: 0, or -1 with RecursionError and the count as it was. */
KR_INLINE int kr_recursion_enter(KrThread *t) {
    return KR_UNLIKELY(t->base.recursion_remaining-- <= 0) ? kr_recursion_exceeded(t, "") : 0;
}
KR_INLINE void kr_recursion_leave(KrThread *t) { t->base.recursion_remaining++; }

/* A header of which only the flags are set. */
KR_INLINE KrFrame *kr_frame_alloc(KrThread *t) {
    KrFrame *f = (KrFrame *)t->vm.frame_top;
    if (KR_UNLIKELY((char *)(f + 1) > t->vm.frame_limit)) return kr_frame_alloc_segment(t);
    t->vm.frame_top = (char *)(f + 1);
    f->flags = 0;
    return f;
}
/* Makes f the running frame of func (taken over), which has no locals mapping, over the window; the arguments are there already. The caller sets pc. */
KR_INLINE void kr_frame_fill(KrThread *t, KrFrame *f, PyFunctionObject *func, KrCode *code, PyObject **window, KrCont cont, uint8_t flags) {
    f->previous = t->vm.frame;
    f->regs = window;
    Py_INCREF(code);
    f->code = code;
    f->consts = code->consts;
    f->func = func;
    f->globals = func->func_globals;
    f->builtins = func->func_builtins;
    f->locals = NULL;
    f->object = NULL;
    f->saved_top = t->vm.reg_top;
    f->owner = KR_FRAME_ON_STACK;
    f->cont = (uint8_t)cont;
    f->flags = flags;
    f->leaving = 0;
    f->trace_prev = -1;
    t->vm.reg_top = window + code->nregs;
    t->vm.frame = f;
}
/* The same for any function, to begin with its first instruction; f is from kr_frame_alloc. */
KR_INLINE void kr_frame_push(KrThread *t, KrFrame *f, PyFunctionObject *func, KrCode *code, PyObject **window, KrCont cont) {
    kr_frame_fill(t, f, func, code, window, cont, f->flags);
    f->pc = code->instrs;
    /* code of a module or a class that is called as a function has the globals for locals */
    if (KR_UNLIKELY(!(code->base.co_flags & CO_OPTIMIZED))) {
        f->locals = Py_NewRef(f->globals);
        f->flags |= KR_FRAME_SEEN;
    }
}
/* Ends an activation: releases the first n registers (the others are NULL) and what the header owns. The frame stays the
 * running one while destructors run, which don't see it. */
KR_INLINE void kr_frame_release(KrFrame *f, int n) {
    f->leaving = 1;
    if (KR_LIKELY(f->object == NULL)) {
        PyObject **r = f->regs;
        for (int i = 0; i < n; i++) {
            PyObject *o = r[i];
            if (o != NULL) {
                r[i] = NULL;
                Py_DECREF(o);
            }
        }
    }
    if (KR_UNLIKELY(f->object != NULL)) kr_frame_leave_object(f); /* perhaps a destructor made it just now */
    if (KR_UNLIKELY(f->locals != NULL)) Py_CLEAR(f->locals);
    Py_DECREF(f->func);
    Py_DECREF(f->code);
}
/* Takes a released frame without flags off the stacks. */
KR_INLINE void kr_frame_pop_plain(KrThread *t, KrFrame *f) {
    t->vm.frame = f->previous;
    t->vm.reg_top = f->saved_top;
    t->vm.frame_top = (char *)f;
    t->base.recursion_remaining++;
}
/* Takes a released frame off the stacks. */
KR_INLINE void kr_frame_pop(KrThread *t, KrFrame *f) {
    kr_frame_pop_plain(t, f);
    if (KR_UNLIKELY(f->flags)) kr_frame_close_segments(t, f);
}

/* ------------------------------------------------------------------ calls (bind.c). "Owned" arguments are consumed, their places NULL, on
 * failure too. */

/* Binds a call's arguments to a Python function's parameters. args[0..nargs) positional, then one per name of kwnames, all owned
 * references in registers at regs, which is where the callee's window starts: they are moved to their places, defaults, *args and
 * **kwargs filled in. 0, or -1 with TypeError (all references released, registers NULL). */
int kr_bind_arguments(PyFunctionObject *, PyObject **regs, Py_ssize_t nargs, PyObject *kwnames) KR_MAY_RAISE;
/* The same for a window on the register stack: what binding runs (comparisons of names, finalizers) has its registers above the window. */
int kr_bind_window(KrThread *, PyFunctionObject *, PyObject **regs, Py_ssize_t nargs, PyObject *kwnames) KR_MAY_RAISE KR_RUNS_PYTHON;
/* Whether exactly these positional arguments need no binding. */
KR_INLINE bool kr_call_is_exact(KrCode *c, Py_ssize_t nargs) {
    return c->base.co_argcount == nargs && c->base.co_kwonlyargcount == 0 && !(c->base.co_flags & (CO_VARARGS | CO_VARKEYWORDS));
}
/* Pushes a frame for func(*args), counted as a level of recursion; func and the arguments, which lie at args or in another frame's
 * registers, are owned. func is no generator function. NULL with an exception: nothing is pushed. */
KrFrame *kr_call_push(KrThread *, PyFunctionObject *func, PyObject **args, Py_ssize_t nargs, PyObject *kwnames, KrCont) KR_MAY_RAISE;
/* The same for a tuple and a dict (or NULL) of borrowed arguments; func may be a generator function: then NULL is returned and *result is the
 * generator. */
KrFrame *kr_call_push_ex(KrThread *, PyFunctionObject *func, PyObject *args, PyObject *kwargs, KrCont, PyObject **result) KR_MAY_RAISE;
#define KR_CODE_MAKES_GENERATOR (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)

#endif
