/* _signal.c - signal handlers written in Python, and the module `_signal`.
 *
 * The C handler only marks the signal and writes to the wake-up descriptor; the loop calls kr_signals_run at its next
 * poll, in the main thread of the main interpreter. The table is process-wide (kr_runtime.process.signals).
 */
#include "krait.h"
#include "runtime/lifecycle.h"
#include "runtime/signals.h"
#include "vm/frame.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define TABLE (kr_runtime.process.signals)

static bool main_thread(void) {
    return PyThread_get_thread_ident() == kr_runtime.process.main_thread_ident && kr_interp() == kr_runtime.main_interp;
}
int _PyOS_IsMainThread(void) { return main_thread(); }

static void on_signal(int signum) {
    int saved = errno;
    TABLE[signum].tripped = 1;
    kr_runtime.process.signals_tripped = 1;
    if (kr_runtime.main_interp) kr_eval_request_poll(kr_runtime.main_interp);
    int fd = kr_runtime.process.wakeup_fd;
    if (fd != -1) {
        unsigned char byte = (unsigned char)signum;
        ssize_t n;
        while ((n = write(fd, &byte, 1)) < 0 && errno == EINTR) {}
        bool full = errno == EAGAIN || errno == EWOULDBLOCK;
        if (n < 0 && (kr_runtime.process.wakeup_warn || !full)) kr_runtime.process.wakeup_errno = errno;
    }
    errno = saved;
}

PyOS_sighandler_t PyOS_setsig(int sig, PyOS_sighandler_t handler) {
    struct sigaction now = {.sa_handler = handler}, old;
    sigemptyset(&now.sa_mask);
    now.sa_flags = SA_ONSTACK;
    return sigaction(sig, &now, &old) == -1 ? SIG_ERR : old.sa_handler;
}
PyOS_sighandler_t PyOS_getsig(int sig) {
    struct sigaction now;
    return sigaction(sig, NULL, &now) == -1 ? SIG_ERR : now.sa_handler;
}

/* Reports that a signal's number could not be written to the wake-up descriptor. */
static void report_wakeup_failure(void) {
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    errno = kr_runtime.process.wakeup_errno;
    kr_runtime.process.wakeup_errno = 0;
    PyErr_SetFromErrno(PyExc_OSError);
    _PyErr_WriteUnraisableMsg("when trying to write to the signal wakeup fd", NULL);
    PyErr_Restore(type, value, tb);
}
int kr_signals_run(KrThread *t) {
    if (!kr_runtime.process.signals_tripped || !main_thread()) return 0;
    kr_runtime.process.signals_tripped = 0;
    if (kr_runtime.process.wakeup_errno) report_wakeup_failure();
    for (int i = 1; i < KR_NSIG; i++) {
        if (!TABLE[i].tripped) continue;
        TABLE[i].tripped = 0;
        PyObject *handler = TABLE[i].handler;
        if (!handler || handler == Py_None || PyLong_Check(handler)) {
            if (handler && handler != Py_None) continue;
            PyErr_Format(PyExc_OSError, "Signal %i ignored due to race condition", i);
            PyErr_WriteUnraisable(Py_None);
            continue;
        }
        KrFrame *frame = kr_frame_current();
        PyObject *f = frame ? (PyObject *)kr_frame_object(frame) : Py_None;
        if (!f) return -1;
        Py_INCREF(handler);
        PyObject *r = PyObject_CallFunction(handler, "iO", i, f);
        Py_DECREF(handler);
        if (!r) {
            kr_runtime.process.signals_tripped = 1; /* others may be waiting */
            kr_eval_request_poll(kr_interp());
            return -1;
        }
        Py_DECREF(r);
    }
    return 0;
}
int PyErr_CheckSignals(void) { return main_thread() ? kr_signals_run(kr_thread()) : 0; }
int _PyErr_CheckSignals(void) { return PyErr_CheckSignals(); }
void kr_signals_clear(void) {
    kr_runtime.process.signals_tripped = 0;
    for (int i = 1; i < KR_NSIG; i++) TABLE[i].tripped = 0;
}
int PyErr_SetInterruptEx(int signum) {
    if (signum < 1 || signum >= KR_NSIG) return -1;
    PyObject *h = TABLE[signum].handler;
    if (h && h != Py_None && !PyLong_Check(h)) on_signal(signum);
    return 0;
}
void PyErr_SetInterrupt(void) { PyErr_SetInterruptEx(SIGINT); }
int _PyOS_InterruptOccurred(PyThreadState *ts) {
    if (!main_thread() || !TABLE[SIGINT].tripped) return 0;
    TABLE[SIGINT].tripped = 0;
    return 1;
}
int PyOS_InterruptOccurred(void) { return _PyOS_InterruptOccurred(PyThreadState_Get()); }
void kr_signals_die_by_sigint(void) {
    PyOS_setsig(SIGINT, SIG_DFL);
    kill(getpid(), SIGINT);
}
void _Py_RestoreSignals(void) {
    PyOS_setsig(SIGPIPE, SIG_DFL);
    PyOS_setsig(SIGXFSZ, SIG_DFL);
}
void kr_signals_restore(void) {
    for (int i = 1; i < KR_NSIG; i++) {
        PyObject *h = TABLE[i].handler;
        TABLE[i].handler = NULL;
        if (!h) continue;
        if (h != Py_None && !PyLong_Check(h)) PyOS_setsig(i, SIG_DFL);
        Py_DECREF(h);
    }
    kr_runtime.process.wakeup_fd = -1;
}

/* ------------------------------------------------------------------ the module */

/* A handler as Python shows it: an enumerator number or the callable. */
static PyObject *handler_number(PyOS_sighandler_t h) {
    return h == SIG_DFL ? PyLong_FromLong(0) : h == SIG_IGN ? PyLong_FromLong(1) : Py_NewRef(Py_None);
}

/* signum of an argument; -1 with ValueError. */
static int check_signum(int s) {
    if (s >= 1 && s < KR_NSIG) return 0;
    PyErr_SetString(PyExc_ValueError, "signal number out of range");
    return -1;
}

PyDoc_STRVAR(default_int_handler_doc, "default_int_handler($module, signalnum, frame, /)\n--\n\nRaises KeyboardInterrupt.");
static PyObject *signal_default_int_handler(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("default_int_handler", nargs, 2, 2)) return NULL;
    if (!PyIndex_Check(args[0])) {
        PyErr_Format(PyExc_TypeError, "'%.200s' object cannot be interpreted as an integer", Py_TYPE(args[0])->tp_name);
        return NULL;
    }
    PyErr_SetNone(PyExc_KeyboardInterrupt);
    return NULL;
}

PyDoc_STRVAR(signal_doc, "signal($module, signalnum, handler, /)\n--\n\nSets a signal's handler; the one before.");
static PyObject *signal_signal(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("signal", nargs, 2, 2)) return NULL;
    int sig = _PyLong_AsInt(args[0]);
    if (sig == -1 && PyErr_Occurred()) return NULL;
    if (!main_thread()) {
        PyErr_SetString(PyExc_ValueError, "signal only works in main thread of the main interpreter");
        return NULL;
    }
    if (check_signum(sig) < 0) return NULL;
    PyOS_sighandler_t h;
    if (PyCallable_Check(args[1])) {
        h = on_signal;
    } else {
        long v = PyLong_Check(args[1]) ? PyLong_AsLong(args[1]) : -1;
        if (v == -1) PyErr_Clear();
        if (v != 0 && v != 1) {
            PyErr_SetString(PyExc_TypeError, "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object");
            return NULL;
        }
        h = v ? SIG_IGN : SIG_DFL;
    }
    if (PyErr_CheckSignals() < 0) return NULL;
    if (PyOS_setsig(sig, h) == SIG_ERR) return PyErr_SetFromErrno(PyExc_OSError);
    PyObject *old = TABLE[sig].handler;
    TABLE[sig].handler = h == on_signal ? Py_NewRef(args[1]) : handler_number(h);
    return old ? old : Py_NewRef(Py_None);
}
PyDoc_STRVAR(getsignal_doc, "getsignal($module, signalnum, /)\n--\n\nA signal's handler.");
static PyObject *signal_getsignal(PyObject *self, PyObject *arg) {
    int sig = _PyLong_AsInt(arg);
    if ((sig == -1 && PyErr_Occurred()) || check_signum(sig) < 0) return NULL;
    return Py_NewRef(TABLE[sig].handler ? TABLE[sig].handler : Py_None);
}
PyDoc_STRVAR(alarm_doc, "alarm($module, seconds, /)\n--\n\nSIGALRM after so many seconds.");
static PyObject *signal_alarm(PyObject *self, PyObject *arg) {
    int n = _PyLong_AsInt(arg);
    if (n == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromUnsignedLong(alarm((unsigned)n));
}
PyDoc_STRVAR(pause_doc, "pause($module, /)\n--\n\nWaits for a signal.");
static PyObject *signal_pause(PyObject *self, PyObject *ignored) {
    Py_BEGIN_ALLOW_THREADS pause();
    Py_END_ALLOW_THREADS
    if (PyErr_CheckSignals() < 0) return NULL;
    Py_RETURN_NONE;
}
PyDoc_STRVAR(raise_signal_doc, "raise_signal($module, signalnum, /)\n--\n\nSends a signal to this process.");
static PyObject *signal_raise_signal(PyObject *self, PyObject *arg) {
    int sig = _PyLong_AsInt(arg);
    if (sig == -1 && PyErr_Occurred()) return NULL;
    if (raise(sig)) return PyErr_SetFromErrno(PyExc_OSError);
    if (PyErr_CheckSignals() < 0) return NULL;
    Py_RETURN_NONE;
}
PyDoc_STRVAR(pidfd_send_signal_doc,
             "pidfd_send_signal($module, pidfd, signalnum, siginfo=None, flags=0, /)\n--\n\nSends a signal to the process that a descriptor refers to.");
static PyObject *signal_pidfd_send_signal(PyObject *self, PyObject *args) {
    int fd, sig;
    unsigned flags = 0;
    PyObject *info = Py_None;
    if (!PyArg_ParseTuple(args, "ii|OI:pidfd_send_signal", &fd, &sig, &info, &flags)) return NULL;
    if (info != Py_None) {
        PyErr_SetString(PyExc_TypeError, "siginfo must be None");
        return NULL;
    }
    if (syscall(SYS_pidfd_send_signal, fd, sig, NULL, flags) < 0) return PyErr_SetFromErrno(PyExc_OSError);
    if (PyErr_CheckSignals() < 0) return NULL;
    Py_RETURN_NONE;
}
PyDoc_STRVAR(strsignal_doc, "strsignal($module, signalnum, /)\n--\n\nThe system's text for a signal, None if unknown.");
static PyObject *signal_strsignal(PyObject *self, PyObject *arg) {
    int sig = _PyLong_AsInt(arg);
    if ((sig == -1 && PyErr_Occurred()) || check_signum(sig) < 0) return NULL;
    const char *s = strsignal(sig);
    if (!s || strstr(s, "Unknown signal")) Py_RETURN_NONE;
    return PyUnicode_FromString(s);
}
PyDoc_STRVAR(siginterrupt_doc, "siginterrupt($module, signalnum, flag, /)\n--\n\nWhether system calls are restarted after the signal.");
static PyObject *signal_siginterrupt(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("siginterrupt", nargs, 2, 2)) return NULL;
    int sig = _PyLong_AsInt(args[0]), flag = _PyLong_AsInt(args[1]);
    if (PyErr_Occurred() || check_signum(sig) < 0) return NULL;
    struct sigaction act;
    if (sigaction(sig, NULL, &act) < 0) return PyErr_SetFromErrno(PyExc_OSError);
    if (flag) act.sa_flags &= ~SA_RESTART;
    else act.sa_flags |= SA_RESTART;
    if (sigaction(sig, &act, NULL) < 0) return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}
PyDoc_STRVAR(set_wakeup_fd_doc, "set_wakeup_fd(fd, *, warn_on_full_buffer=True) -> fd\n\nA descriptor that gets each signal's number as a byte.");
static PyObject *signal_set_wakeup_fd(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"", "warn_on_full_buffer", NULL};
    int fd, warn = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "i|$p:set_wakeup_fd", names, &fd, &warn)) return NULL;
    if (!main_thread()) {
        PyErr_SetString(PyExc_ValueError, "set_wakeup_fd only works in main thread of the main interpreter");
        return NULL;
    }
    if (fd != -1) {
        int bits = fcntl(fd, F_GETFL);
        if (bits < 0) return PyErr_SetFromErrno(errno == EBADF ? PyExc_ValueError : PyExc_OSError);
        if (!(bits & O_NONBLOCK)) {
            PyErr_Format(PyExc_ValueError, "the fd %i must be in non-blocking mode", fd);
            return NULL;
        }
    }
    int old = kr_runtime.process.wakeup_fd;
    kr_runtime.process.wakeup_fd = fd;
    kr_runtime.process.wakeup_warn = warn;
    return PyLong_FromLong(old);
}

static PyObject *signals_of(const sigset_t *mask) {
    PyObject *set = PySet_New(NULL);
    for (int i = 1; set && i < KR_NSIG; i++) {
        if (sigismember(mask, i) != 1) continue;
        PyObject *n = PyLong_FromLong(i);
        if (!n || PySet_Add(set, n) < 0) Py_CLEAR(set);
        Py_XDECREF(n);
    }
    return set;
}
int _Py_Sigset_Converter(PyObject *o, void *addr) {
    sigset_t *mask = addr;
    sigemptyset(mask);
    PyObject *it = PyObject_GetIter(o), *item;
    if (!it) return 0;
    while ((item = PyIter_Next(it))) {
        int overflow;
        long n = PyLong_AsLongAndOverflow(item, &overflow);
        Py_DECREF(item);
        if (n <= 0 || n >= KR_NSIG || sigaddset(mask, (int)n)) {
            if (!(n == -1 && PyErr_Occurred())) {
                if (n > 0 && n < KR_NSIG) PyErr_SetFromErrno(PyExc_OSError);
                else PyErr_Format(PyExc_ValueError, "signal number %ld out of range [1; %i]", n, KR_NSIG - 1);
            }
            break;
        }
    }
    Py_DECREF(it);
    return !PyErr_Occurred();
}
PyDoc_STRVAR(pthread_sigmask_doc, "pthread_sigmask($module, how, mask, /)\n--\n\nChanges this thread's blocked signals; the ones before.");
static PyObject *signal_pthread_sigmask(PyObject *self, PyObject *args) {
    int how;
    sigset_t mask, old;
    if (!PyArg_ParseTuple(args, "iO&:pthread_sigmask", &how, _Py_Sigset_Converter, &mask)) return NULL;
    int rc = pthread_sigmask(how, &mask, &old);
    if (rc) {
        errno = rc;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    if (PyErr_CheckSignals() < 0) return NULL;
    return signals_of(&old);
}
PyDoc_STRVAR(sigpending_doc, "sigpending($module, /)\n--\n\nThe signals that wait to be delivered.");
static PyObject *signal_sigpending(PyObject *self, PyObject *ignored) {
    sigset_t mask;
    return sigpending(&mask) ? PyErr_SetFromErrno(PyExc_OSError) : signals_of(&mask);
}
PyDoc_STRVAR(sigwait_doc, "sigwait($module, sigset, /)\n--\n\nWaits for one of the signals; its number.");
static PyObject *signal_sigwait(PyObject *self, PyObject *arg) {
    sigset_t mask;
    if (!_Py_Sigset_Converter(arg, &mask)) return NULL;
    int got, rc;
    Py_BEGIN_ALLOW_THREADS rc = sigwait(&mask, &got);
    Py_END_ALLOW_THREADS
    if (rc) {
        errno = rc;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    return PyLong_FromLong(got);
}
PyDoc_STRVAR(valid_signals_doc, "valid_signals($module, /)\n--\n\nThe signals of this platform.");
static PyObject *signal_valid_signals(PyObject *self, PyObject *ignored) {
    sigset_t mask;
    return sigfillset(&mask) ? PyErr_SetFromErrno(PyExc_OSError) : signals_of(&mask);
}
PyDoc_STRVAR(pthread_kill_doc, "pthread_kill($module, thread_id, signalnum, /)\n--\n\nSends a signal to a thread.");
static PyObject *signal_pthread_kill(PyObject *self, PyObject *args) {
    unsigned long id;
    int sig;
    if (!PyArg_ParseTuple(args, "ki:pthread_kill", &id, &sig)) return NULL;
    if (PySys_Audit("signal.pthread_kill", "ki", id, sig) < 0) return NULL;
    int rc = pthread_kill((pthread_t)id, sig);
    if (rc) {
        errno = rc;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    if (PyErr_CheckSignals() < 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *timer_value(const struct itimerval *t) {
    return Py_BuildValue("(dd)", (double)t->it_value.tv_sec + t->it_value.tv_usec * 1e-6,
                         (double)t->it_interval.tv_sec + t->it_interval.tv_usec * 1e-6);
}
static void to_timeval(double d, struct timeval *t) {
    t->tv_sec = (time_t)d;
    t->tv_usec = (suseconds_t)((d - (double)t->tv_sec) * 1e6);
}
static PyObject *itimer_error(void) {
    PyObject *m = PyImport_ImportModule("_signal"), *e = m ? PyObject_GetAttrString(m, "ItimerError") : NULL;
    if (e) PyErr_SetFromErrno(e);
    Py_XDECREF(m);
    Py_XDECREF(e);
    return NULL;
}
PyDoc_STRVAR(setitimer_doc, "setitimer($module, which, seconds, interval=0.0, /)\n--\n\nSets an interval timer; its old values.");
static PyObject *signal_setitimer(PyObject *self, PyObject *args) {
    int which;
    double seconds, interval = 0.0;
    struct itimerval now, old;
    if (!PyArg_ParseTuple(args, "id|d:setitimer", &which, &seconds, &interval)) return NULL;
    to_timeval(seconds, &now.it_value);
    to_timeval(interval, &now.it_interval);
    if (seconds > 0 && !now.it_value.tv_sec && !now.it_value.tv_usec) now.it_value.tv_usec = 1;
    return setitimer(which, &now, &old) ? itimer_error() : timer_value(&old);
}
PyDoc_STRVAR(getitimer_doc, "getitimer($module, which, /)\n--\n\nAn interval timer's values.");
static PyObject *signal_getitimer(PyObject *self, PyObject *arg) {
    int which = _PyLong_AsInt(arg);
    struct itimerval now;
    if (which == -1 && PyErr_Occurred()) return NULL;
    return getitimer(which, &now) ? itimer_error() : timer_value(&now);
}

static PyStructSequence_Field siginfo_fields[] = {{"si_signo", "signal number"}, {"si_code", "signal code"}, {"si_errno", "errno"},
    {"si_pid", "sender's process"}, {"si_uid", "sender's user"}, {"si_status", "exit status"}, {"si_band", "band event"}, {0}};
static PyStructSequence_Desc siginfo_desc = {"signal.struct_siginfo", "What came with a signal.", siginfo_fields, 7};

static PyObject *siginfo_object(PyObject *module, const siginfo_t *si) {
    PyTypeObject **type = PyModule_GetState(module);
    PyObject *r = PyStructSequence_New(*type);
    if (!r) return NULL;
    long v[] = {si->si_signo, si->si_code, si->si_errno, si->si_pid, (long)si->si_uid, si->si_status, si->si_band};
    for (size_t i = 0; i < KR_ARRAY_LEN(v); i++) PyStructSequence_SET_ITEM(r, (Py_ssize_t)i, PyLong_FromLong(v[i]));
    return r;
}
PyDoc_STRVAR(sigwaitinfo_doc, "sigwaitinfo($module, sigset, /)\n--\n\nWaits for one of the signals; what came with it.");
static PyObject *signal_sigwaitinfo(PyObject *self, PyObject *arg) {
    sigset_t mask;
    siginfo_t si;
    if (!_Py_Sigset_Converter(arg, &mask)) return NULL;
    for (;;) {
        int rc;
        Py_BEGIN_ALLOW_THREADS rc = sigwaitinfo(&mask, &si);
        Py_END_ALLOW_THREADS
        if (rc != -1) return siginfo_object(self, &si);
        if (errno != EINTR) return PyErr_SetFromErrno(PyExc_OSError);
        if (PyErr_CheckSignals() < 0) return NULL;
    }
}
PyDoc_STRVAR(sigtimedwait_doc, "sigtimedwait($module, sigset, timeout, /)\n--\n\nLike sigwaitinfo(), for a limited time; None at its end.");
static PyObject *signal_sigtimedwait(PyObject *self, PyObject *args) {
    sigset_t mask;
    siginfo_t si;
    double timeout;
    if (!PyArg_ParseTuple(args, "O&d:sigtimedwait", _Py_Sigset_Converter, &mask, &timeout)) return NULL;
    if (timeout < 0) {
        PyErr_SetString(PyExc_ValueError, "timeout must be non-negative");
        return NULL;
    }
    struct timespec now, end, left;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += (time_t)timeout;
    end.tv_nsec += (long)((timeout - (double)(time_t)timeout) * 1e9);
    for (;;) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        long long ns = (end.tv_sec - now.tv_sec) * 1000000000LL + end.tv_nsec - now.tv_nsec;
        if (ns < 0) ns = 0;
        left = (struct timespec){ns / 1000000000LL, ns % 1000000000LL};
        int rc;
        Py_BEGIN_ALLOW_THREADS rc = sigtimedwait(&mask, &si, &left);
        Py_END_ALLOW_THREADS
        if (rc != -1) return siginfo_object(self, &si);
        if (errno == EAGAIN) Py_RETURN_NONE;
        if (errno != EINTR) return PyErr_SetFromErrno(PyExc_OSError);
        if (PyErr_CheckSignals() < 0) return NULL;
    }
}

static PyMethodDef signal_methods[] = {
    {"alarm", signal_alarm, METH_O, alarm_doc},
    {"default_int_handler", KR_METH(signal_default_int_handler), METH_FASTCALL, default_int_handler_doc},
    {"getitimer", signal_getitimer, METH_O, getitimer_doc},
    {"getsignal", signal_getsignal, METH_O, getsignal_doc},
    {"pause", signal_pause, METH_NOARGS, pause_doc},
    {"pidfd_send_signal", signal_pidfd_send_signal, METH_VARARGS, pidfd_send_signal_doc},
    {"pthread_kill", signal_pthread_kill, METH_VARARGS, pthread_kill_doc},
    {"pthread_sigmask", signal_pthread_sigmask, METH_VARARGS, pthread_sigmask_doc},
    {"raise_signal", signal_raise_signal, METH_O, raise_signal_doc},
    {"set_wakeup_fd", KR_METH(signal_set_wakeup_fd), METH_VARARGS | METH_KEYWORDS, set_wakeup_fd_doc},
    {"setitimer", signal_setitimer, METH_VARARGS, setitimer_doc},
    {"siginterrupt", KR_METH(signal_siginterrupt), METH_FASTCALL, siginterrupt_doc},
    {"signal", KR_METH(signal_signal), METH_FASTCALL, signal_doc},
    {"sigpending", signal_sigpending, METH_NOARGS, sigpending_doc},
    {"sigtimedwait", signal_sigtimedwait, METH_VARARGS, sigtimedwait_doc},
    {"sigwait", signal_sigwait, METH_O, sigwait_doc},
    {"sigwaitinfo", signal_sigwaitinfo, METH_O, sigwaitinfo_doc},
    {"strsignal", signal_strsignal, METH_O, strsignal_doc},
    {"valid_signals", signal_valid_signals, METH_NOARGS, valid_signals_doc},
    {NULL},
};

static int signal_exec(PyObject *m) {
    static const struct { const char *name; int value; } numbers[] = {
#define S(n) {#n, n},
        S(SIGHUP) S(SIGINT) S(SIGQUIT) S(SIGILL) S(SIGTRAP) S(SIGIOT) S(SIGABRT) S(SIGFPE) S(SIGKILL) S(SIGBUS) S(SIGSEGV) S(SIGSYS)
        S(SIGPIPE) S(SIGALRM) S(SIGTERM) S(SIGUSR1) S(SIGUSR2) S(SIGCHLD) S(SIGCLD) S(SIGPWR) S(SIGIO) S(SIGURG) S(SIGWINCH) S(SIGPOLL)
        S(SIGSTOP) S(SIGTSTP) S(SIGCONT) S(SIGTTIN) S(SIGTTOU) S(SIGVTALRM) S(SIGPROF) S(SIGXCPU) S(SIGXFSZ) S(SIGSTKFLT)
        S(SIG_BLOCK) S(SIG_UNBLOCK) S(SIG_SETMASK) S(ITIMER_REAL) S(ITIMER_VIRTUAL) S(ITIMER_PROF)
#undef S
        {"SIG_DFL", 0}, {"SIG_IGN", 1}, {"NSIG", KR_NSIG}};
    for (size_t i = 0; i < KR_ARRAY_LEN(numbers); i++)
        if (PyModule_AddIntConstant(m, numbers[i].name, numbers[i].value) < 0) return -1;
    if (PyModule_AddIntConstant(m, "SIGRTMIN", SIGRTMIN) < 0 || PyModule_AddIntConstant(m, "SIGRTMAX", SIGRTMAX) < 0) return -1;
    PyObject *e = PyErr_NewException("signal.itimer_error", PyExc_OSError, NULL);
    int rc = e ? PyModule_AddObjectRef(m, "ItimerError", e) : -1;
    Py_XDECREF(e);
    PyTypeObject **type = PyModule_GetState(m);
    if (rc < 0 || !(*type = PyStructSequence_NewType(&siginfo_desc)) || PyModule_AddObjectRef(m, "struct_siginfo", (PyObject *)*type) < 0)
        return -1;
    /* SIGINT raises KeyboardInterrupt unless the parent process had it ignored */
    if (kr_interp() == kr_runtime.main_interp && kr_interp()->config.install_signal_handlers && TABLE[SIGINT].handler && PyLong_Check(TABLE[SIGINT].handler) &&
        PyLong_AsLong(TABLE[SIGINT].handler) == 0) {
        PyObject *h = PyObject_GetAttrString(m, "default_int_handler");
        if (!h) return -1;
        Py_SETREF(TABLE[SIGINT].handler, h);
        PyOS_setsig(SIGINT, on_signal);
    }
    return 0;
}
static int signal_traverse(PyObject *m, visitproc visit, void *arg) {
    PyTypeObject **type = PyModule_GetState(m);
    Py_VISIT(*type);
    return 0;
}
static int signal_clear(PyObject *m) {
    PyTypeObject **type = PyModule_GetState(m);
    Py_CLEAR(*type);
    return 0;
}
static void signal_free(void *m) { signal_clear(m); }
static PyModuleDef_Slot signal_slots[] = {{Py_mod_exec, signal_exec}, {0, NULL}};
PyDoc_STRVAR(signal_module_doc, "Signal handlers and what goes with them.");
static struct PyModuleDef signal_module = {PyModuleDef_HEAD_INIT, "_signal", signal_module_doc, sizeof(PyTypeObject *), signal_methods, signal_slots,
                                           signal_traverse, signal_clear, signal_free};
PyObject *PyInit__signal(void) { return PyModuleDef_Init(&signal_module); }

int kr_signals_init(KrInterp *interp, int install_handlers) {
    for (int i = 1; i < KR_NSIG; i++) {
        PyOS_sighandler_t h = PyOS_getsig(i);
        if (!(TABLE[i].handler = h == SIG_ERR ? Py_NewRef(Py_None) : handler_number(h))) return -1;
    }
    if (!install_handlers) return 0;
    PyOS_setsig(SIGPIPE, SIG_IGN);
    PyOS_setsig(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < 2; i++) {
        int sig = i ? SIGXFSZ : SIGPIPE;
        Py_SETREF(TABLE[sig].handler, PyLong_FromLong(1));
    }
    PyObject *m = PyImport_ImportModule("_signal");
    Py_XDECREF(m);
    return m ? 0 : -1;
}
