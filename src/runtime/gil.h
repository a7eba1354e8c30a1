/* gil.h - the global lock of an interpreter, and what threads do when polled. */
#ifndef KRAIT_GIL_H
#define KRAIT_GIL_H
#include "krait.h"

int kr_gil_init(KrInterp *);
void kr_gil_fini(KrInterp *);
void kr_gil_reinit_after_fork(KrInterp *, KrThread *holder);
/* Takes the lock for t and makes t current. errno is preserved. */
void kr_gil_acquire(KrInterp *, KrThread *t);
/* The lock without a thread state yet; kr_gil_adopt then names the holder and makes it current. */
void kr_gil_acquire_unbound(KrInterp *);
void kr_gil_adopt(KrInterp *, KrThread *t);
void kr_gil_release(KrInterp *);

void _PyThreadState_DeleteCurrent(PyThreadState *);
void kr_thread_bind(KrThread *);
void kr_threads_delete_others(KrThread *keep);
/* vm: notes the calling OS thread's stack bounds (kr_tls_stack_low). */
void kr_note_stack_bounds(void);
#endif
