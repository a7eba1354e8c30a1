/* frame.h - frames, the register stack, and how the loop is entered.
 *
 * A KrFrame is the header of one activation; its registers are elsewhere:
 *   - of a function: a window of the thread's segmented register stack that *starts at its arguments* in the caller's
 *     window. Invariant: every register above the live ones is NULL, so a new window needs no clearing; a frame
 *     that is left clears what it used.
 *   - of a generator or coroutine: inside the generator object, header and registers.
 *   - of a frame that was left while a frame object was still wanted: inside the frame object.
 * pc is saved before anything that can raise, run Python, or look at frames (between, the loop keeps it to itself): it points at the *next* instruction to run, so the running
 * one is pc - 1. Frames are linked by `previous` from the running one outwards, across C calls too.
 */
#ifndef KRAIT_FRAME_H
#define KRAIT_FRAME_H
#include "vm/code.h"

/* What the loop does with a frame's result when it returns or yields. */
typedef enum {
    KR_CONT_ENTRY,      /* leave the C function kr_eval_frame was called from */
    KR_CONT_STORE,      /* store into operand a of the caller's instruction before pc */
    KR_CONT_INIT,       /* __init__: result must be None; the instance waits in `init_self` */
    KR_CONT_FOR_ITER,   /* FOR_ITER over a generator */
    KR_CONT_SEND,       /* YIELD_FROM over a generator or coroutine */
    KR_CONT_OPERATOR,   /* method of an operator: as STORE, and the instruction's operands are released; NotImplemented leaves it to the other operand */
    KR_CONT_DISCARD     /* result is released: __setattr__, __setitem__ ... */
} KrCont;

typedef enum { KR_FRAME_ON_STACK, KR_FRAME_IN_GENERATOR, KR_FRAME_IN_OBJECT } KrFrameOwner;

typedef struct KrFrame {
    struct KrFrame *previous;
    PyObject **regs;
    KrInstr *pc;
    KrCode *code;               /* owned */
    PyObject **consts;          /* code's */
    PyFunctionObject *func;     /* owned; NULL for none (exec of bare code has a function too) */
    PyObject *globals, *builtins; /* borrowed from func */
    PyObject *locals;           /* owned mapping of module, class and exec code; else NULL or the snapshot dict of f_locals */
    PyFrameObject *object;      /* owned, NULL until somebody asks */
    PyObject *init_self;        /* owned; only with KR_CONT_INIT */
    PyObject **saved_top;       /* reg_top to go back to when this activation ends */
    union {
        struct {
            uint8_t owner, cont;
            uint8_t flags;      /* KR_FRAME_... */
            uint8_t leaving;    /* its activation has ended: it is the running one only until its locals are released, and nobody sees it */
        };
        uint32_t shape;         /* all four, to be compared at once */
    };
    int trace_prev;             /* index of the instruction that was traced last; -1: none */
} KrFrame;

/* Flags: pushing this frame opened a segment of the register stack, of the stack of headers; it has, or had, an object or locals. */
enum { KR_FRAME_REG_SEGMENT = 1, KR_FRAME_HEADER_SEGMENT = 2, KR_FRAME_SEEN = 4 };
/* Whether the frame is on the stack, has no flags, and its result goes where `cont` says: one comparison. */
KR_INLINE bool kr_frame_is_plain(const KrFrame *f, KrCont cont) {
    _Static_assert(KR_FRAME_ON_STACK == 0 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "cont is the second byte, the others are 0");
    return f->shape == (uint32_t)cont << 8;
}

/* The frame that Python code finds in the place of f: f, or the first one outwards that is neither being left nor still in the prologue of its
 * code. NULL for none. */
KR_INLINE KrFrame *kr_frame_visible(KrFrame *f) {
    while (f && KR_UNLIKELY(f->leaving || (f->owner == KR_FRAME_ON_STACK && f->pc <= f->code->instrs + f->code->first_traceable))) f = f->previous;
    return f;
}

/* Runs code in given globals/locals (module, class body, eval). */
PyObject *kr_eval_code(PyObject *code, PyObject *globals, PyObject *locals) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* The same with a closure tuple for code's free variables. */
PyObject *kr_eval_code_closure(PyObject *code, PyObject *globals, PyObject *locals, PyObject *closure) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* Runs a class body: the code of `func`, with its globals and closure, in the mapping `locals`; what the body returns. */
PyObject *kr_eval_function_in(PyObject *func, PyObject *locals) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* The loop: runs `frame` (pushed, cont == KR_CONT_ENTRY) until it returns or raises; throwing: start by raising the current exception. */
PyObject *kr_eval_frame(KrThread *, KrFrame *frame, int throwing) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* The innermost Python frame of this thread, NULL if none. */
KrFrame *kr_frame_current(void);
/* Its frame object, made when needed. */
PyFrameObject *kr_frame_object(KrFrame *) KR_BORROWED KR_MAY_RAISE;
/* The activation of f ends while its frame object is wanted by others: the object takes over the registers (moved out, left
 * NULL) and what else it needs. 0; -1 with MemoryError, then the object shows no locals. */
int kr_frame_detach(KrFrame *f) KR_MAY_RAISE;
/* For zero-argument super(): class and first argument of the running method. -1 with RuntimeError and CPython's messages. */
int kr_frame_super_args(PyTypeObject **type, PyObject **self) KR_BORROWED KR_MAY_RAISE;
/* Whether a trace function has set f_lineno, and the jump is still to be made: then the frame's line is not that of its instruction. */
bool kr_frame_jumps(PyFrameObject *);
/* f_trace of a frame object: the local trace function (new reference, NULL for none), and its setter. */
PyObject *kr_frame_get_trace(PyFrameObject *) KR_NEW_REF;
void kr_frame_set_trace(PyFrameObject *, PyObject *function);
/* f_trace_lines, f_trace_opcodes. */
bool kr_frame_traces_lines(PyFrameObject *);
bool kr_frame_traces_opcodes(PyFrameObject *);
/* PyEval_SetProfile that reports its failure: 0, or -1 with an exception set. */
int kr_eval_set_profile(PyThreadState *, Py_tracefunc, PyObject *) KR_MAY_RAISE;
/* A thread's register stack, segments made and freed with the thread. */
int kr_vm_thread_init(KrThread *);
void kr_vm_thread_fini(KrThread *);
/* Sets this interpreter's eval breaker from any thread or a signal handler: the loop will call kr_eval_poll soon. */
void kr_eval_request_poll(KrInterp *);
/* runtime/gil.c: handles pending signals, calls, async exceptions, GIL drop requests. 0, or -1 with an exception set. */
int kr_eval_poll(KrThread *) KR_MAY_RAISE KR_RUNS_PYTHON;

#endif
