/* gil.c - the GIL, pending calls, and the poll the interpreter loop makes when its eval breaker is set.
 *
 * The lock is a flag under a mutex. A waiter that has waited one switch interval without seeing a hand-over sets
 * gil_drop_request; the holder notices at its next poll, releases, and waits until somebody else has had the lock
 * (fair hand-over), so that two busy threads alternate. eval_breaker is the one word the loop looks at; it is a
 * summary of: drop request, tripped signals, pending calls, asynchronous exceptions.
 */
#include "runtime/gil.h"
#include "runtime/signals.h"
#include "vm/frame.h"
#include <errno.h>
#include <time.h>

int kr_gil_init(KrInterp *interp) {
    KrInterpRuntime *r = &interp->runtime;
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr)) return -1;
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int bad = pthread_mutex_init(&r->gil_mutex, NULL) || pthread_cond_init(&r->gil_cond, &attr) ||
              pthread_cond_init(&r->gil_switch_cond, &attr) || pthread_mutex_init(&r->pending_mutex, NULL);
    pthread_condattr_destroy(&attr);
    return bad ? -1 : 0;
}

void kr_gil_fini(KrInterp *interp) {
    pthread_mutex_destroy(&interp->runtime.gil_mutex);
    pthread_cond_destroy(&interp->runtime.gil_cond);
    pthread_cond_destroy(&interp->runtime.gil_switch_cond);
    pthread_mutex_destroy(&interp->runtime.pending_mutex);
}

/* The child of a fork holds the lock, whatever other threads were waiting for. */
void kr_gil_reinit_after_fork(KrInterp *interp, KrThread *holder) {
    kr_gil_init(interp);
    interp->runtime.gil_locked = 1;
    interp->runtime.gil_holder = interp->runtime.gil_last_holder = holder;
    interp->runtime.gil_drop_request = 0;
}

/* Recomputes the summary word; any thread may call it. */
static void breaker_update(KrInterp *interp) {
    KrInterpRuntime *r = &interp->runtime;
    interp->vm.eval_breaker = r->gil_drop_request || r->pending_to_do || r->pending_async_exc ||
                              (interp == kr_runtime.main_interp && kr_runtime.process.signals_tripped);
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

void kr_gil_acquire_unbound(KrInterp *interp) {
    KrInterpRuntime *r = &interp->runtime;
    int saved = errno;
    pthread_mutex_lock(&r->gil_mutex);
    while (r->gil_locked) {
        uint64_t seen = r->gil_switch_number;
        struct timespec until = after_us(r->gil_interval_us);
        int rc = pthread_cond_timedwait(&r->gil_cond, &r->gil_mutex, &until);
        if (rc == ETIMEDOUT && r->gil_locked && r->gil_switch_number == seen) {
            r->gil_drop_request = 1;
            interp->vm.eval_breaker = 1;
        }
    }
    r->gil_locked = 1;
    pthread_mutex_unlock(&r->gil_mutex);
    errno = saved;
}

void kr_gil_adopt(KrInterp *interp, KrThread *t) {
    KrInterpRuntime *r = &interp->runtime;
    pthread_mutex_lock(&r->gil_mutex);
    if (r->gil_last_holder != t) {
        r->gil_last_holder = t;
        r->gil_switch_number++;
    }
    r->gil_holder = t;
    r->gil_drop_request = 0;
    pthread_cond_signal(&r->gil_switch_cond);
    pthread_mutex_unlock(&r->gil_mutex);
    kr_tls_thread = t;
    breaker_update(interp);
}

/* A thread other than the finalising one must not come back while the interpreter is torn down. */
static void exit_if_finalizing(KrInterp *interp, KrThread *t) {
    if (kr_runtime.finalizing && interp->runtime.gil_holder != t && interp->threads != NULL &&
        pthread_self() != (pthread_t)kr_runtime.process.main_thread_ident)
        pthread_exit(NULL);
}

void kr_gil_acquire(KrInterp *interp, KrThread *t) {
    int saved = errno;
    exit_if_finalizing(interp, t);
    kr_gil_acquire_unbound(interp);
    if (kr_runtime.finalizing && pthread_self() != (pthread_t)kr_runtime.process.main_thread_ident) {
        kr_gil_release(interp);
        pthread_exit(NULL);
    }
    kr_gil_adopt(interp, t);
    errno = saved;
}

void kr_gil_release(KrInterp *interp) {
    KrInterpRuntime *r = &interp->runtime;
    pthread_mutex_lock(&r->gil_mutex);
    r->gil_locked = 0;
    r->gil_holder = NULL;
    pthread_cond_signal(&r->gil_cond);
    pthread_mutex_unlock(&r->gil_mutex);
}

/* Gives the lock to whoever asked for it, and gets it back. */
static void gil_hand_over(KrInterp *interp, KrThread *t) {
    KrInterpRuntime *r = &interp->runtime;
    pthread_mutex_lock(&r->gil_mutex);
    r->gil_locked = 0;
    r->gil_holder = NULL;
    kr_tls_thread = NULL;
    pthread_cond_signal(&r->gil_cond);
    while (r->gil_drop_request && r->gil_last_holder == t) {
        r->gil_drop_request = 1;
        struct timespec until = after_us(r->gil_interval_us * 4);
        if (pthread_cond_timedwait(&r->gil_switch_cond, &r->gil_mutex, &until) == ETIMEDOUT) break;
    }
    pthread_mutex_unlock(&r->gil_mutex);
    kr_gil_acquire(interp, t);
}

/* ------------------------------------------------------------------ C API */

PyThreadState *PyEval_SaveThread(void) {
    KrThread *t = kr_tls_thread;
    if (!t) Py_FatalError("PyEval_SaveThread: the GIL is not held");
    kr_tls_thread = NULL;
    kr_gil_release(t->base.interp);
    return &t->base;
}
void PyEval_RestoreThread(PyThreadState *ts) { kr_gil_acquire(ts->interp, (KrThread *)ts); }
void PyEval_AcquireThread(PyThreadState *ts) { kr_gil_acquire(ts->interp, (KrThread *)ts); }
void PyEval_ReleaseThread(PyThreadState *ts) {
    kr_tls_thread = NULL;
    kr_gil_release(ts->interp);
}
void PyEval_AcquireLock(void) { PyEval_AcquireThread(PyGILState_GetThisThreadState()); }
void PyEval_ReleaseLock(void) { PyEval_ReleaseThread(PyThreadState_Get()); }
void PyEval_InitThreads(void) {}
int PyEval_ThreadsInitialized(void) { return kr_runtime.initialized; }

void _PyEval_SetSwitchInterval(unsigned long us) { kr_interp()->runtime.gil_interval_us = us ? us : 1; }
unsigned long _PyEval_GetSwitchInterval(void) { return kr_interp()->runtime.gil_interval_us; }

/* ------------------------------------------------------------------ pending calls */

int Py_AddPendingCall(int (*func)(void *), void *arg) {
    KrInterp *interp = kr_runtime.main_interp;
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
        interp->vm.eval_breaker = 1;
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
    if (result == 0 && r->gil_drop_request) gil_hand_over(interp, t);
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
