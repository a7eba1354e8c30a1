/* trace.h - what the loop tells trace and profile functions (sys.settrace, sys.setprofile), only while one is set. */
#ifndef KRAIT_TRACE_H
#define KRAIT_TRACE_H
#include "vm/frame.h"

/* Whether the thread traces or profiles now (not while its trace function runs). */
KR_INLINE bool kr_tracing(KrThread *t) { return t->base.cframe->use_tracing; }
/* The loop's table for what the thread does now, after tracing has begun or ended. */
void kr_trace_update(KrThread *);
/* Events; 0, or -1 with the exception of the trace function set. */
int kr_trace_entry(KrThread *, KrFrame *) KR_MAY_RAISE KR_RUNS_PYTHON;
/* Before the instruction at f->pc - 1: line and opcode events. The trace function may move f->pc. */
int kr_trace_instruction(KrThread *, KrFrame *) KR_MAY_RAISE KR_RUNS_PYTHON;
/* The frame returns or yields value; NULL: an exception leaves it (and stays set, unless the trace function raises another: -1). */
int kr_trace_exit(KrThread *, KrFrame *, PyObject *value) KR_MAY_RAISE KR_RUNS_PYTHON;
/* An exception is set; it may be another one afterwards. */
void kr_trace_exception(KrThread *, KrFrame *) KR_RUNS_PYTHON;
/* A call of a C function with the profile function's c_call, c_return and c_exception events around it. */
PyObject *kr_trace_c_call(KrThread *, PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* The same for f(*args, **kwargs): kr_vm_call_ex. */
PyObject *kr_trace_c_call_ex(KrThread *, PyObject *callable, PyObject *args, PyObject *kwargs) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* PyIter_Send that tells a trace function about the StopIteration that ends the receiver. */
PySendResult kr_trace_send(KrThread *, KrFrame *, PyObject *receiver, PyObject *value, PyObject **result) KR_MAY_RAISE KR_RUNS_PYTHON;
/* f_lineno = line in a trace function: moves the frame, releasing what the jump leaves. -1 with ValueError. */
int kr_frame_jump(KrFrame *, PyFrameObject *, PyObject *line) KR_MAY_RAISE KR_RUNS_PYTHON;
/* A jump from a yield waits until the generator goes on: trace_prev is then KR_TRACE_JUMP_PENDING - target. This makes it, at the first
 * instruction that is traced afterwards. */
enum { KR_TRACE_JUMP_PENDING = -2 };
int kr_frame_jump_pending(KrFrame *) KR_MAY_RAISE KR_RUNS_PYTHON;

#endif
