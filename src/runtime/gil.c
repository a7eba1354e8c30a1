/* gil.c - the GIL, pending calls, and the poll the interpreter loop makes when its eval breaker is set.
 *
 * The lock is a flag under a mutex; interpreters refer to theirs by a pointer, though they all share one for now. A waiter that has waited
 * one switch interval without seeing a hand-over sets drop_request, and the breaker of the interpreter that the holder is in; the holder
 * notices at its next poll, releases, and waits until somebody else has had the lock (fair hand-over), so that two busy threads alternate.
 * eval_breaker is the one word the loop looks at; it is a summary of: drop request, tripped signals, pending calls, asynchronous exceptions.
 */
#include "runtime/gil.h"
#include "runtime/signals.h"
#include "vm/frame.h"
#include <errno.h>
#include <time.h>

int kr_gil_init(KrGil *g) {
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr)) return -1;
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int bad = pthread_mutex_init(&g->mutex, NULL) || pthread_cond_init(&g->freed, &attr) || pthread_cond_init(&g->switched, &attr);
    pthread_condattr_destroy(&attr);
    if (!g->interval_us) g->interval_us = 5000;
    return bad ? -1 : 0;
}

void kr_gil_fini(KrGil *g) {
    pthread_mutex_destroy(&g->mutex);
    pthread_cond_destroy(&g->freed);
    pthread_cond_destroy(&g->switched);
}

/* The child of a fork holds the lock, whatever other threads were waiting for. */
void kr_gil_reinit_after_fork(KrThread *holder) {
    KrGil *g = holder->base.interp->runtime.gil;
    kr_gil_init(g);
    g->locked = 1;
    g->holder = g->last_holder = holder;
    g->drop_request = 0;
}

/* Recomputes the summary word; any thread may call it. The word is cleared first: what is set meanwhile is seen, or sets it itself. */
static void breaker_update(KrInterp *interp) {
    KrInterpRuntime *r = &interp->runtime;
    interp->vm.eval_breaker = 0;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (r->gil->drop_request || r->pending_to_do || r->pending_async_exc || (interp == kr_runtime.main_interp && kr_runtime.process.signals_tripped))
        interp->vm.eval_breaker = 1;
}

void kr_eval_request_poll(KrInterp *interp) { interp->vm.eval_breaker = 1; }

static struct timespec after_us(unsigned long us) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += us / 1000000;
    t.tv_nsec += (us % 1000000) * 1000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

void kr_gil_acquire_unbound(KrGil *g) {
    int saved = errno;
    pthread_mutex_lock(&g->mutex);
    while (g->locked) {
        uint64_t seen = g->switch_number;
        struct timespec until = after_us(g->interval_us);
        int rc = pthread_cond_timedwait(&g->freed, &g->mutex, &until);
        if (rc == ETIMEDOUT && g->locked && g->switch_number == seen) {
            g->drop_request = 1;
            if (g->holder) kr_eval_request_poll(g->holder->base.interp);
        }
    }
    g->locked = 1;
    pthread_mutex_unlock(&g->mutex);
    errno = saved;
}

/* t runs on the calling OS thread from now on. */
static void become(KrThread *t) {
    if (KR_UNLIKELY(!kr_tls_stack_low)) kr_note_stack_bounds();
    kr_tls_thread = t;
    breaker_update(t->base.interp);
}

void kr_gil_adopt(KrThread *t) {
    KrGil *g = t->base.interp->runtime.gil;
    pthread_mutex_lock(&g->mutex);
    if (g->last_holder != t) {
        g->last_holder = t;
        g->switch_number++;
    }
    g->holder = t;
    g->drop_request = 0;
    pthread_cond_signal(&g->switched);
    pthread_mutex_unlock(&g->mutex);
    become(t);
}

KrThread *kr_thread_swap(KrThread *t) {
    KrThread *old = kr_tls_thread;
    if (t == old) return old;
    KrGil *g = (t ? t : old)->base.interp->runtime.gil;
    pthread_mutex_lock(&g->mutex);
    g->holder = t;
    if (t) g->last_holder = t;
    pthread_mutex_unlock(&g->mutex);
    if (t) become(t);
    else kr_tls_thread = NULL;
    return old;
}

/* A thread other than the finalising one must not come back while the interpreter is torn down. */
static void exit_if_finalizing(KrGil *held) {
    if (KR_LIKELY(!kr_runtime.finalizing) || PyThread_get_thread_ident() == kr_runtime.process.finalizing_ident) return;
    if (held) kr_gil_release(held);
    pthread_exit(NULL);
}

void kr_gil_acquire(KrThread *t) {
    KrGil *g = t->base.interp->runtime.gil;
    int saved = errno;
    exit_if_finalizing(NULL);
    kr_gil_acquire_unbound(g);
    exit_if_finalizing(g);
    kr_gil_adopt(t);
    errno = saved;
}

void kr_gil_release(KrGil *g) {
    pthread_mutex_lock(&g->mutex);
    g->locked = 0;
    g->holder = NULL;
    pthread_cond_signal(&g->freed);
    pthread_mutex_unlock(&g->mutex);
}

/* Gives the lock to whoever asked for it, and gets it back. */
static void gil_hand_over(KrThread *t) {
    KrGil *g = t->base.interp->runtime.gil;
    pthread_mutex_lock(&g->mutex);
    g->locked = 0;
    g->holder = NULL;
    kr_tls_thread = NULL;
    pthread_cond_signal(&g->freed);
    while (g->drop_request && g->last_holder == t) {
        g->drop_request = 1;
        struct timespec until = after_us(g->interval_us * 4);
        if (pthread_cond_timedwait(&g->switched, &g->mutex, &until) == ETIMEDOUT) break;
    }
    pthread_mutex_unlock(&g->mutex);
    kr_gil_acquire(t);
}

/* ------------------------------------------------------------------ C API */

PyThreadState *PyEval_SaveThread(void) {
    KrThread *t = kr_tls_thread;
    if (!t) Py_FatalError("PyEval_SaveThread: the GIL is not held");
    kr_tls_thread = NULL;
    kr_gil_release(t->base.interp->runtime.gil);
    return &t->base;
}
void PyEval_RestoreThread(PyThreadState *ts) { kr_gil_acquire((KrThread *)ts); }
void PyEval_AcquireThread(PyThreadState *ts) { kr_gil_acquire((KrThread *)ts); }
void PyEval_ReleaseThread(PyThreadState *ts) {
    kr_tls_thread = NULL;
    kr_gil_release(ts->interp->runtime.gil);
}
void PyEval_AcquireLock(void) { PyEval_AcquireThread(PyGILState_GetThisThreadState()); }
void PyEval_ReleaseLock(void) { PyEval_ReleaseThread(PyThreadState_Get()); }
void PyEval_InitThreads(void) {}
int PyEval_ThreadsInitialized(void) { return kr_runtime.initialized; }

void _PyEval_SetSwitchInterval(unsigned long us) { kr_interp()->runtime.gil->interval_us = us ? us : 1; }
unsigned long _PyEval_GetSwitchInterval(void) { return kr_interp()->runtime.gil->interval_us; }

/* ------------------------------------------------------------------ pending calls */

/* Queued for the interpreter that the thread is in, as far as that can be told without the GIL, else for the main one. */
int Py_AddPendingCall(int (*func)(void *), void *arg) {
    PyThreadState *ts = kr_tls_thread ? &kr_tls_thread->base : PyGILState_GetThisThreadState();
    KrInterp *interp = ts ? ts->interp : kr_runtime.main_interp;
    if (!interp) return -1;
    KrInterpRuntime *r = &interp->runtime;
    pthread_mutex_lock(&r->pending_mutex);
    int next = (r->pending_last + 1) % (int)KR_ARRAY_LEN(r->pending_calls);
    int full = next == r->pending_first;
    if (!full) {
        r->pending_calls[r->pending_last].func = func;
        r->pending_calls[r->pending_last].arg = arg;
        r->pending_last = next;
        r->pending_to_do = 1;
        kr_eval_request_poll(interp);
    }
    pthread_mutex_unlock(&r->pending_mutex);
    return full ? -1 : 0;
}

/* Runs the calls queued so far; main thread only. */
static int run_pending_calls(KrInterp *interp) {
    KrInterpRuntime *r = &interp->runtime;
    for (size_t n = KR_ARRAY_LEN(r->pending_calls); n-- > 0;) {
        pthread_mutex_lock(&r->pending_mutex);
        int (*func)(void *) = NULL;
        void *arg = NULL;
        if (r->pending_first != r->pending_last) {
            func = r->pending_calls[r->pending_first].func;
            arg = r->pending_calls[r->pending_first].arg;
            r->pending_first = (r->pending_first + 1) % (int)KR_ARRAY_LEN(r->pending_calls);
        }
        r->pending_to_do = r->pending_first != r->pending_last;
        pthread_mutex_unlock(&r->pending_mutex);
        if (!func) break;
        if (func(arg) < 0) return -1;
    }
    return 0;
}

static bool is_main_thread(void) { return PyThread_get_thread_ident() == kr_runtime.process.main_thread_ident; }

int Py_MakePendingCalls(void) {
    if (!is_main_thread()) return 0;
    if (PyErr_CheckSignals() < 0) return -1;
    return run_pending_calls(kr_interp());
}

int kr_eval_poll(KrThread *t) {
    KrInterp *interp = t->base.interp;
    KrInterpRuntime *r = &interp->runtime;
    int result = 0;
    if (kr_runtime.process.signals_tripped && is_main_thread() && interp == kr_runtime.main_interp)
        result = kr_signals_run(t);
    if (result == 0 && r->pending_to_do && is_main_thread()) result = run_pending_calls(interp);
    if (result == 0 && r->gil->drop_request) gil_hand_over(t);
    if (result == 0 && t->base.async_exc) {
        PyObject *exc = t->base.async_exc;
        t->base.async_exc = NULL;
        PyErr_SetNone(exc);
        Py_DECREF(exc);
        result = -1;
    }
    if (r->pending_async_exc) {
        r->pending_async_exc = 0;
        for (KrThread *o = interp->threads; o; o = (KrThread *)o->base.next)
            if (o->base.async_exc) r->pending_async_exc = 1;
    }
    breaker_update(interp);
    return result;
}
