/* faulthandler.c - tracebacks on crashes, signals and timeouts.
 *
 * Handlers write with _Py_DumpTraceback only, which neither allocates nor locks. State is process-wide, as signal handlers are; it lives in one static struct
 * that only this file touches. The watchdog of dump_traceback_later is a thread that waits on a condition with a time limit.
 */
#include "krait.h"
#include "vm/traceback.h"
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

typedef struct { int signum; const char *name; bool installed; struct sigaction previous; } Fatal;
typedef struct { bool installed, all_threads, chain; int fd; PyObject *file; struct sigaction previous; } UserSignal;
static struct {
    bool enabled, all_threads;
    int fd;
    PyObject *file;
    PyInterpreterState *interp;
    Fatal fatal[5];
    UserSignal user[NSIG];
    void *alt_stack;
    struct {
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t wake;
        bool running, cancelled, repeat, exit;
        int fd;
        PyObject *file;
        PyInterpreterState *interp;
        double timeout;
        char header[64];
    } later;
} fh = {.fatal = {{SIGBUS, "Bus error", false, {{0}, {{0}}, 0, 0}}, {SIGILL, "Illegal instruction", false, {{0}, {{0}}, 0, 0}},
                  {SIGFPE, "Floating point exception", false, {{0}, {{0}}, 0, 0}}, {SIGABRT, "Aborted", false, {{0}, {{0}}, 0, 0}},
                  {SIGSEGV, "Segmentation fault", false, {{0}, {{0}}, 0, 0}}},
        .later = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER}};

static void put(int fd, const char *s) {
    size_t n = strlen(s);
    while (n > 0) {
        ssize_t k = write(fd, s, n);
        if (k <= 0) return;
        s += k;
        n -= (size_t)k;
    }
}
static void dump(int fd, bool all_threads, PyInterpreterState *interp) {
    PyThreadState *ts = kr_thread() ? &kr_thread()->base : PyGILState_GetThisThreadState();
    if (all_threads) _Py_DumpTracebackThreads(fd, interp, ts);
    else if (ts) _Py_DumpTraceback(fd, ts);
}

/* ------------------------------------------------------------------ arguments */

/* The descriptor of a file object, of a number, or of sys.stderr for None; *file is borrowed, NULL for a number. -1 with an exception. */
static int get_fd(PyObject **file) {
    if (!*file || *file == Py_None) {
        *file = PySys_GetObject("stderr");
        if (!*file || *file == Py_None) {
            PyErr_SetString(PyExc_RuntimeError, *file ? "sys.stderr is None" : "unable to get sys.stderr");
            return -1;
        }
    } else if (PyLong_Check(*file)) {
        int fd = _PyLong_AsInt(*file);
        if (fd == -1 && PyErr_Occurred()) return -1;
        if (fd < 0) {
            PyErr_SetString(PyExc_ValueError, "file is not a valid file descripter");
            return -1;
        }
        *file = NULL;
        return fd;
    }
    int fd = PyObject_AsFileDescriptor(*file);
    if (fd < 0) return -1;
    PyObject *r = PyObject_CallMethodNoArgs(*file, KR_STR(flush));
    if (!r) PyErr_Clear();
    Py_XDECREF(r);
    return fd;
}

/* ------------------------------------------------------------------ crashes */

static void disable_one(Fatal *f) {
    if (f->installed) sigaction(f->signum, &f->previous, NULL);
    f->installed = false;
}
static void on_fatal(int signum) {
    int saved = errno;
    Fatal *f = fh.fatal;
    while (f->signum != signum) f++;
    disable_one(f);
    put(fh.fd, "Fatal Python error: ");
    put(fh.fd, f->name);
    put(fh.fd, "\n\n");
    dump(fh.fd, fh.all_threads, fh.interp);
    _Py_DumpExtensionModules(fh.fd, fh.interp);
    errno = saved;
    raise(signum);
}
static PyObject *enable(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"file", "all_threads", NULL};
    PyObject *file = NULL;
    int all = 1;
    (void)module;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|Op:enable", names, &file, &all)) return NULL;
    int fd = get_fd(&file);
    if (fd < 0) return NULL;
    Py_XINCREF(file);
    Py_XSETREF(fh.file, file);
    fh.fd = fd;
    fh.all_threads = all;
    fh.interp = PyInterpreterState_Get();
    if (!fh.alt_stack && (fh.alt_stack = PyMem_RawMalloc((size_t)SIGSTKSZ * 2))) {
        stack_t stack = {.ss_sp = fh.alt_stack, .ss_size = (size_t)SIGSTKSZ * 2};
        sigaltstack(&stack, NULL);
    }
    for (size_t i = 0; !fh.enabled && i < KR_ARRAY_LEN(fh.fatal); i++) {
        struct sigaction action = {.sa_handler = on_fatal, .sa_flags = SA_NODEFER | (fh.alt_stack ? SA_ONSTACK : 0)};
        sigemptyset(&action.sa_mask);
        if (sigaction(fh.fatal[i].signum, &action, &fh.fatal[i].previous) < 0) return PyErr_SetFromErrno(PyExc_RuntimeError);
        fh.fatal[i].installed = true;
    }
    fh.enabled = true;
    Py_RETURN_NONE;
}
static PyObject *disable(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    bool was = fh.enabled;
    for (size_t i = 0; i < KR_ARRAY_LEN(fh.fatal); i++) disable_one(&fh.fatal[i]);
    fh.enabled = false;
    Py_CLEAR(fh.file);
    return PyBool_FromLong(was);
}
static PyObject *is_enabled(PyObject *module, PyObject *unused) { (void)module, (void)unused; return PyBool_FromLong(fh.enabled); }
static PyObject *dump_traceback(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"file", "all_threads", NULL};
    PyObject *file = NULL;
    int all = 1;
    (void)module;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|Op:dump_traceback", names, &file, &all)) return NULL;
    int fd = get_fd(&file);
    if (fd < 0) return NULL;
    dump(fd, all, PyInterpreterState_Get());
    return PyErr_CheckSignals() < 0 ? NULL : Py_NewRef(Py_None);
}

/* ------------------------------------------------------------------ a time limit */

static void *watchdog(void *unused) {
    (void)unused;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    pthread_mutex_lock(&fh.later.lock);
    do {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += (time_t)fh.later.timeout;
        until.tv_nsec += (long)((fh.later.timeout - (double)(time_t)fh.later.timeout) * 1e9);
        if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
        int r = 0;
        while (!fh.later.cancelled && r == 0) r = pthread_cond_timedwait(&fh.later.wake, &fh.later.lock, &until);
        if (fh.later.cancelled) break;
        put(fh.later.fd, fh.later.header);
        _Py_DumpTracebackThreads(fh.later.fd, fh.later.interp, NULL);
        if (fh.later.exit) _exit(1);
    } while (fh.later.repeat);
    pthread_mutex_unlock(&fh.later.lock);
    return NULL;
}
static void stop_watchdog(void) {
    if (!fh.later.running) return;
    pthread_mutex_lock(&fh.later.lock);
    fh.later.cancelled = true;
    pthread_cond_signal(&fh.later.wake);
    pthread_mutex_unlock(&fh.later.lock);
    Py_BEGIN_ALLOW_THREADS
    pthread_join(fh.later.thread, NULL);
    Py_END_ALLOW_THREADS
    fh.later.running = false;
    Py_CLEAR(fh.later.file);
}
static PyObject *dump_later(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"timeout", "repeat", "file", "exit", NULL};
    double timeout;
    int repeat = 0, leave = 0;
    PyObject *file = NULL;
    (void)module;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "d|iOi:dump_traceback_later", names, &timeout, &repeat, &file, &leave)) return NULL;
    if (!(timeout > 0)) {
        PyErr_SetString(PyExc_ValueError, "timeout must be greater than 0");
        return NULL;
    }
    if (timeout > 1e9) {
        PyErr_SetString(PyExc_OverflowError, "timeout value is too large");
        return NULL;
    }
    int fd = get_fd(&file);
    if (fd < 0) return NULL;
    stop_watchdog();
    fh.later.timeout = timeout;
    fh.later.repeat = repeat;
    fh.later.exit = leave;
    fh.later.fd = fd;
    fh.later.interp = PyInterpreterState_Get();
    fh.later.cancelled = false;
    long whole = (long)timeout, micro = (long)((timeout - (double)whole) * 1e6 + 0.5);
    int n = snprintf(fh.later.header, sizeof fh.later.header, "Timeout (%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    if (micro) n += snprintf(fh.later.header + n, sizeof fh.later.header - (size_t)n, ".%06ld", micro);
    snprintf(fh.later.header + n, sizeof fh.later.header - (size_t)n, ")!\n");
    if (pthread_create(&fh.later.thread, NULL, watchdog, NULL)) {
        PyErr_SetString(PyExc_RuntimeError, "unable to start watchdog thread");
        return NULL;
    }
    fh.later.running = true;
    fh.later.file = Py_XNewRef(file);
    Py_RETURN_NONE;
}
static PyObject *cancel_later(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    stop_watchdog();
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ chosen signals */

static void on_user(int signum) {
    UserSignal *u = &fh.user[signum];
    int saved = errno;
    if (!u->installed) return;
    dump(u->fd, u->all_threads, fh.interp ? fh.interp : kr_runtime.main_interp);
    if (u->chain) {
        struct sigaction ours;
        sigaction(signum, &u->previous, &ours);
        raise(signum);
        sigaction(signum, &ours, NULL);
    }
    errno = saved;
}
static int check_signum(int signum) {
    for (size_t i = 0; i < KR_ARRAY_LEN(fh.fatal); i++) {
        if (fh.fatal[i].signum != signum) continue;
        PyErr_Format(PyExc_RuntimeError, "signal %i cannot be registered, use enable() instead", signum);
        return -1;
    }
    if (signum >= 1 && signum < NSIG) return 0;
    PyErr_SetString(PyExc_ValueError, "signal number out of range");
    return -1;
}
static PyObject *register_signal(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"signum", "file", "all_threads", "chain", NULL};
    int signum, all = 1, chain = 0;
    PyObject *file = NULL;
    (void)module;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "i|Opp:register", names, &signum, &file, &all, &chain) || check_signum(signum) < 0) return NULL;
    int fd = get_fd(&file);
    if (fd < 0) return NULL;
    UserSignal *u = &fh.user[signum];
    Py_XINCREF(file);
    Py_XSETREF(u->file, file);
    u->fd = fd;
    u->all_threads = all;
    u->chain = chain;
    if (!u->installed) {
        struct sigaction action = {.sa_handler = on_user, .sa_flags = SA_RESTART | (chain ? SA_NODEFER : 0)};
        sigemptyset(&action.sa_mask);
        u->installed = true;
        if (sigaction(signum, &action, &u->previous) < 0) {
            u->installed = false;
            return PyErr_SetFromErrno(PyExc_OSError);
        }
    }
    Py_RETURN_NONE;
}
static PyObject *unregister_signal(PyObject *module, PyObject *arg) {
    (void)module;
    int signum = _PyLong_AsInt(arg);
    if ((signum == -1 && PyErr_Occurred()) || check_signum(signum) < 0) return NULL;
    UserSignal *u = &fh.user[signum];
    bool was = u->installed;
    if (was) sigaction(signum, &u->previous, NULL);
    u->installed = false;
    Py_CLEAR(u->file);
    return PyBool_FromLong(was);
}

/* ------------------------------------------------------------------ the module */

static void no_core(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &limit);
    }
}
static PyObject *crash(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    no_core();
    raise(SIGSEGV);
    Py_RETURN_NONE;
}
static PyObject *crash_fpe(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    no_core();
    raise(SIGFPE);
    Py_RETURN_NONE;
}
static PyObject *crash_abort(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    no_core();
    abort();
}
/* Uses the stack until none is left: more than any limit on it. */
static uintptr_t overflow(uintptr_t start, size_t depth) {
    volatile char block[4096];
    block[0] = (char)depth;
    uintptr_t here = (uintptr_t)block;
    size_t used = here < start ? start - here : here - start;
    return used > (size_t)100 << 20 ? here : overflow(start, depth + 1) + (uintptr_t)block[0] * 0;
}
static PyObject *stack_overflow(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    no_core();
    struct rlimit limit;
    char mark;
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY) {
        PyErr_SetString(PyExc_RuntimeError, "the stack has no limit");
        return NULL;
    }
    uintptr_t end = overflow((uintptr_t)&mark, 0);
    PyErr_Format(PyExc_RuntimeError, "unable to raise a stack overflow (allocated %zu bytes on the stack)", (size_t)((uintptr_t)&mark - end));
    return NULL;
}
static void *fatal_thread(void *lock) {
    PyThread_release_lock(lock);
    _Py_FatalErrorFunc("faulthandler_fatal_error_thread", "in new thread");
    return NULL;
}
/* Ends the process by a fatal error in a thread that has no thread state. */
static PyObject *fatal_error_c_thread(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    no_core();
    PyThread_type_lock lock = PyThread_allocate_lock();
    if (!lock) return PyErr_NoMemory();
    PyThread_acquire_lock(lock, WAIT_LOCK);
    pthread_t thread;
    if (pthread_create(&thread, NULL, fatal_thread, lock)) {
        PyThread_free_lock(lock);
        PyErr_SetString(PyExc_RuntimeError, "unable to start the thread");
        return NULL;
    }
    pthread_detach(thread);
    PyThread_acquire_lock(lock, WAIT_LOCK);     /* released by the thread, which then ends the process */
    sleep(60);
    Py_RETURN_NONE;
}
static PyMethodDef methods[] = {
    {"enable", KR_METH(enable), METH_VARARGS | METH_KEYWORDS, "enable(file=sys.stderr, all_threads=True): enable the fault handler"},
    {"disable", disable, METH_NOARGS, "disable(): disable the fault handler"},
    {"is_enabled", is_enabled, METH_NOARGS, "is_enabled()->bool: check if the handler is enabled"},
    {"dump_traceback", KR_METH(dump_traceback), METH_VARARGS | METH_KEYWORDS, "dump_traceback(file=sys.stderr, all_threads=True): write tracebacks"},
    {"dump_traceback_later", KR_METH(dump_later), METH_VARARGS | METH_KEYWORDS, "dump_traceback_later(timeout, repeat=False, file=sys.stderr, exit=False): write them later"},
    {"cancel_dump_traceback_later", cancel_later, METH_NOARGS, "cancel_dump_traceback_later(): don't"},
    {"register", KR_METH(register_signal), METH_VARARGS | METH_KEYWORDS, "register(signum, file=sys.stderr, all_threads=True, chain=False): write tracebacks on a signal"},
    {"unregister", unregister_signal, METH_O, "unregister(signum): undo register"},
    {"_read_null", crash, METH_NOARGS, "Crashes."},
    {"_sigsegv", crash, METH_VARARGS, "Crashes."},
    {"_sigfpe", crash_fpe, METH_NOARGS, "Crashes."},
    {"_stack_overflow", stack_overflow, METH_NOARGS, "Crashes."},
    {"_fatal_error_c_thread", fatal_error_c_thread, METH_NOARGS, "Crashes."},
    {"_sigabrt", crash_abort, METH_NOARGS, "Crashes."},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "faulthandler", .m_doc = "Tracebacks on crashes, signals and timeouts.", .m_methods = methods, .m_slots = slots};
PyMODINIT_FUNC PyInit_faulthandler(void) { return PyModuleDef_Init(&definition); }
