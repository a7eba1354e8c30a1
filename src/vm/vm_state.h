/* vm_state.h - what the interpreter loop keeps in each thread and interpreter. */
#ifndef KRAIT_VM_STATE_H
#define KRAIT_VM_STATE_H

#include <pthread.h>

struct KrFrame;
struct KrDispatch;
typedef struct {
    const struct KrDispatch *dispatch; /* the loop's table of handlers in force: plain, tracing or counting */
    struct KrFrame *frame;          /* the running frame; NULL outside Python code */
    PyObject *dying[4];             /* what the instruction that ends now destroys: see NEXT_RELEASING */
    PyObject *arguments[12];        /* of CALL_KW_PY (KR_PLAN_MAX), only during the instruction: an array of its own would keep it from its tail call */
    PyObject *pair[2];              /* of FOR_ITER_ITEMS and the like, only during the instruction */
    struct KrRegChunk *reg_chunk;   /* current segment of the register stack */
    PyObject **reg_top, **reg_limit;/* first free register, end of the segment */
    char *frame_top, *frame_limit;  /* bump allocation of KrFrame headers */
    struct KrFrameChunk *frame_chunk;
    int c_recursion;                /* nesting of C calls that entered Python */
    struct KrRegChunk *reg_spare;   /* a segment kept for reuse, all NULL */
    struct KrFrameChunk *frame_spare;
    size_t stack_used;              /* bytes of the segments in use */
    bool installing_trace, installing_profile; /* a call of sys.settrace, sys.setprofile is under way */
} KrThreadVM;
typedef struct {
    volatile int eval_breaker;      /* nonzero: leave the fast path at the next poll */
    int tracing_possible;           /* threads with a trace or profile function */
    struct KrManyTable *many;       /* attributes of sites that see several types (specialize.h), NULL until there is one */
    struct KrOpStats *op_stats;     /* -X opstats, else NULL */
    int recursion_limit;
    int ncode_extras;               /* users of _PyCode_SetExtra so far, and how each frees what it attached */
    void (*code_extra_free[255])(void *);
} KrInterpVM;

#endif
