/* stack.h - the register stack and the frames of running functions (see frame.h for the invariants). */
#ifndef KRAIT_STACK_H
#define KRAIT_STACK_H
#include "vm/frame.h"

/* Segments: registers are NULL above reg_top; headers are bump-allocated. A segment is kept when it becomes empty, so that a
 * loop that calls across its border does not allocate each time. */
typedef struct KrRegChunk {
    struct KrRegChunk *previous;
    PyObject **saved_top;       /* reg_top of the previous segment when this one was opened */
    size_t size;                /* registers */
    PyObject *regs[];
} KrRegChunk;
typedef struct KrFrameChunk {
    struct KrFrameChunk *previous;
    char *saved_top;
    size_t size;                /* bytes */
    _Alignas(16) char bytes[];
} KrFrameChunk;

/* A header for an activation; NULL with MemoryError. */
KrFrame *kr_frame_alloc(KrThread *) KR_MAY_RAISE;
/* Gives back the newest header. */
void kr_frame_release(KrThread *, KrFrame *);
/* Room for `n` registers at `at` (within or at the top of the current segment): `at` itself, or the start of a new segment to
 * which `have` registers from `at` were moved. Sets reg_top behind them. NULL with MemoryError. */
PyObject **kr_regs_open(KrThread *, PyObject **at, size_t have, size_t n) KR_MAY_RAISE;
/* Makes `top` the first free register again, leaving segments that lie above it. */
void kr_regs_close(KrThread *, PyObject **base, PyObject **top);

/* Binds a call's arguments to a Python function's parameters. args[0..nargs) positional, then one per name of kwnames, all owned
 * references in registers at regs, which is where the callee's window starts: they are moved to their places, defaults, *args and
 * **kwargs filled in. 0, or -1 with TypeError (all references released, registers NULL). */
int kr_bind_arguments(PyFunctionObject *, PyObject **regs, Py_ssize_t nargs, PyObject *kwnames) KR_MAY_RAISE;
#endif
