/* thread.c - the PyThread_* API on pthreads: threads, locks, thread-specific storage.
 *
 * A lock is a mutex, a condition and a flag: any thread may release it, waits may be timed and interrupted by signals.
 */
#include "krait.h"
#include "runtime/gil.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    bool locked;
} Lock;

void PyThread_init_thread(void) {}

unsigned long PyThread_get_thread_ident(void) { return (unsigned long)pthread_self(); }
unsigned long PyThread_get_thread_native_id(void) { return (unsigned long)syscall(SYS_gettid); }

typedef struct {
    void (*run)(void *);
    void *arg;
} Start;
static void *thread_main(void *p) {
    Start s = *(Start *)p;
    PyMem_RawFree(p);
    s.run(s.arg);
    return NULL;
}

unsigned long PyThread_start_new_thread(void (*run)(void *), void *arg) {
    pthread_attr_t attr;
    pthread_t id;
    Start *s = PyMem_RawMalloc(sizeof *s);
    if (!s || pthread_attr_init(&attr)) {
        PyMem_RawFree(s);
        return PYTHREAD_INVALID_THREAD_ID;
    }
    *s = (Start){run, arg};
    size_t size = kr_runtime.process.thread_stack_size;
    if (size) pthread_attr_setstacksize(&attr, size + KR_STACK_RESERVE);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&id, &attr, thread_main, s);
    pthread_attr_destroy(&attr);
    if (rc) {
        PyMem_RawFree(s);
        return PYTHREAD_INVALID_THREAD_ID;
    }
    return (unsigned long)id;
}
void _Py_NO_RETURN PyThread_exit_thread(void) { pthread_exit(NULL); }

size_t PyThread_get_stacksize(void) { return kr_runtime.process.thread_stack_size; }
int PyThread_set_stacksize(size_t size) {
    if (size && size < 0x8000) return -1;
    if (size) {
        pthread_attr_t attr;
        if (pthread_attr_init(&attr)) return -1;
        int rc = pthread_attr_setstacksize(&attr, size + KR_STACK_RESERVE);
        pthread_attr_destroy(&attr);
        if (rc) return -1;
    }
    kr_runtime.process.thread_stack_size = size;
    return 0;
}

/* ------------------------------------------------------------------ locks */

PyThread_type_lock PyThread_allocate_lock(void) {
    Lock *l = PyMem_RawCalloc(1, sizeof *l);
    if (!l) return NULL;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int bad = pthread_mutex_init(&l->mutex, NULL) || pthread_cond_init(&l->freed, &attr);
    pthread_condattr_destroy(&attr);
    if (bad) {
        PyMem_RawFree(l);
        return NULL;
    }
    return l;
}
void PyThread_free_lock(PyThread_type_lock lock) {
    Lock *l = lock;
    pthread_mutex_destroy(&l->mutex);
    pthread_cond_destroy(&l->freed);
    PyMem_RawFree(l);
}

/* With intr_flag the wait is cut into slices after which the caller may look for signals; a condition wait is not ended
 * by a signal on Linux, so 50 ms is how late one may be seen. */
PyLockStatus PyThread_acquire_lock_timed(PyThread_type_lock lock, PY_TIMEOUT_T microseconds, int intr_flag) {
    Lock *l = lock;
    PyLockStatus status = PY_LOCK_FAILURE;
    pthread_mutex_lock(&l->mutex);
    if (!l->locked) {
        status = PY_LOCK_ACQUIRED;
    } else if (microseconds != 0) {
        struct timespec end = {0};
        bool forever = microseconds < 0;
        if (!forever) {
            clock_gettime(CLOCK_MONOTONIC, &end);
            long long ns = end.tv_nsec + (microseconds % 1000000) * 1000;
            end.tv_sec += (time_t)(microseconds / 1000000 + ns / 1000000000);
            end.tv_nsec = (long)(ns % 1000000000);
        }
        bool watch = intr_flag && PyThread_get_thread_ident() == kr_runtime.process.main_thread_ident;
        while (l->locked) {
            int rc;
            if (watch && kr_runtime.process.signals_tripped) {
                status = PY_LOCK_INTR;
                break;
            }
            struct timespec until = end;
            bool slice = false;
            if (watch) {
                struct timespec now;
                clock_gettime(CLOCK_MONOTONIC, &now);
                now.tv_nsec += 50000000;
                if (now.tv_nsec >= 1000000000) now.tv_nsec -= 1000000000, now.tv_sec++;
                if (forever || now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec)) {
                    until = now;
                    slice = true;
                }
            }
            if (forever && !slice) rc = pthread_cond_wait(&l->freed, &l->mutex);
            else rc = pthread_cond_timedwait(&l->freed, &l->mutex, &until);
            if (rc == ETIMEDOUT && !slice) break;
        }
        if (status != PY_LOCK_INTR && !l->locked) status = PY_LOCK_ACQUIRED;
    }
    if (status == PY_LOCK_ACQUIRED) l->locked = true;
    pthread_mutex_unlock(&l->mutex);
    return status;
}
int PyThread_acquire_lock(PyThread_type_lock lock, int wait) {
    return PyThread_acquire_lock_timed(lock, wait ? -1 : 0, 0) == PY_LOCK_ACQUIRED;
}
void PyThread_release_lock(PyThread_type_lock lock) {
    Lock *l = lock;
    pthread_mutex_lock(&l->mutex);
    l->locked = false;
    pthread_cond_signal(&l->freed);
    pthread_mutex_unlock(&l->mutex);
}
int _PyThread_at_fork_reinit(PyThread_type_lock *lock) {
    PyThread_type_lock fresh = PyThread_allocate_lock();
    if (!fresh) return -1;
    *lock = fresh; /* the old one may be held by a thread that is no more: it is left alone */
    return 0;
}

/* ------------------------------------------------------------------ thread-specific storage */

Py_tss_t *PyThread_tss_alloc(void) {
    Py_tss_t *k = PyMem_RawMalloc(sizeof *k);
    if (k) *k = (Py_tss_t)Py_tss_NEEDS_INIT;
    return k;
}
void PyThread_tss_free(Py_tss_t *k) {
    if (!k) return;
    PyThread_tss_delete(k);
    PyMem_RawFree(k);
}
int PyThread_tss_is_created(Py_tss_t *k) { return k->_is_initialized; }
int PyThread_tss_create(Py_tss_t *k) {
    if (k->_is_initialized) return 0;
    if (pthread_key_create(&k->_key, NULL)) return -1;
    k->_is_initialized = 1;
    return 0;
}
void PyThread_tss_delete(Py_tss_t *k) {
    if (!k->_is_initialized) return;
    pthread_key_delete(k->_key);
    k->_is_initialized = 0;
}
int PyThread_tss_set(Py_tss_t *k, void *v) { return pthread_setspecific(k->_key, v) ? -1 : 0; }
void *PyThread_tss_get(Py_tss_t *k) { return pthread_getspecific(k->_key); }

int PyThread_create_key(void) {
    pthread_key_t k;
    return pthread_key_create(&k, NULL) ? -1 : (int)k;
}
void PyThread_delete_key(int k) { pthread_key_delete((pthread_key_t)k); }
int PyThread_set_key_value(int k, void *v) { return pthread_setspecific((pthread_key_t)k, v) ? -1 : 0; }
void *PyThread_get_key_value(int k) { return pthread_getspecific((pthread_key_t)k); }
void PyThread_delete_key_value(int k) { pthread_setspecific((pthread_key_t)k, NULL); }
void PyThread_ReInitTLS(void) {}

/* ------------------------------------------------------------------ sys.thread_info */

static PyStructSequence_Field info_fields[] = {{"name", "implementation"}, {"lock", "kind of lock"}, {"version", "library and version"}, {0}};
static PyStructSequence_Desc info_desc = {"sys.thread_info", "The thread implementation.", info_fields, 3};
PyObject *PyThread_GetInfo(void) {
    PyTypeObject *t = PyStructSequence_NewType(&info_desc);
    PyObject *r = t ? PyStructSequence_New(t) : NULL;
    Py_XDECREF(t);
    if (!r) return NULL;
    char version[100];
    size_t n = confstr(_CS_GNU_LIBPTHREAD_VERSION, version, sizeof version);
    PyStructSequence_SET_ITEM(r, 0, PyUnicode_FromString("pthread"));
    PyStructSequence_SET_ITEM(r, 1, PyUnicode_FromString("mutex+cond"));
    PyStructSequence_SET_ITEM(r, 2, n ? PyUnicode_FromString(version) : Py_NewRef(Py_None));
    return r;
}
