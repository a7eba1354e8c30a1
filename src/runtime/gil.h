/* gil.h - the global lock of interpreters, and what threads do when polled. */
#ifndef KRAIT_GIL_H
#define KRAIT_GIL_H
#include "krait.h"

int kr_gil_init(KrGil *);
void kr_gil_fini(KrGil *);
void kr_gil_reinit_after_fork(KrThread *holder);
/* Takes the lock of t's interpreter and makes t current. errno is preserved. */
void kr_gil_acquire(KrThread *t);
/* The lock without a thread state yet; kr_gil_adopt then names the holder and makes it current. */
void kr_gil_acquire_unbound(KrGil *);
void kr_gil_adopt(KrThread *t);
void kr_gil_release(KrGil *);
/* With the lock: makes t current (NULL: none), of whatever interpreter; returns the one that was. */
KrThread *kr_thread_swap(KrThread *t);

void _PyThreadState_DeleteCurrent(PyThreadState *);
void kr_thread_bind(KrThread *);
/* The oldest thread state of an interpreter, NULL if it has none. */
KrThread *kr_first_thread(KrInterp *);
/* The calling OS thread's state in an interpreter, NULL if it has none. */
KrThread *kr_thread_in(KrInterp *);
void kr_threads_delete_others(KrThread *keep);
/* vm: notes the calling OS thread's stack bounds (kr_tls_stack_low). */
void kr_note_stack_bounds(void);
#endif
