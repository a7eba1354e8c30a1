/* _posixsubprocess.c - the module `_posixsubprocess`: fork_exec(), the child side of subprocess.
 *
 * Everything that allocates happens before the fork. When there is no preexec_fn and the child changes no identity it shares the
 * parent's memory until exec (vfork), which costs no page tables; between fork and exec the child only makes system calls,
 * unless a preexec_fn is asked for. Errors go to the pipe as "ExceptionName:errno in hex:what", as subprocess.py reads them.
 */
#define _GNU_SOURCE
#include "krait.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int _Py_Uid_Converter(PyObject *, uid_t *);
int _Py_Gid_Converter(PyObject *, gid_t *);

typedef struct {
    char *const *exec_array, *const *argv, *const *envp;
    const char *cwd;
    int p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, errpipe_read, errpipe_write;
    bool close_fds, restore_signals, call_setsid, set_groups, set_gid, set_uid;
    pid_t pgid;
    int umask;
    size_t ngroups;
    gid_t *groups, gid;
    uid_t uid;
    const int *keep;            /* sorted descriptors that stay open */
    size_t nkeep;
    PyObject *preexec, *preexec_args;
    const sigset_t *mask;       /* to restore in a vfork child; NULL else */
} Child;

static int inheritable(int fd) {
    int f = fcntl(fd, F_GETFD);
    return f < 0 || fcntl(fd, F_SETFD, f & ~FD_CLOEXEC) < 0 ? -1 : 0;
}
/* Closes every descriptor from `low` on that is not kept. */
static void close_others(const Child *c, int low) {
    unsigned from = (unsigned)low;
    for (size_t i = 0; i < c->nkeep; i++) {
        if (c->keep[i] < low) continue;
        if ((unsigned)c->keep[i] > from) close_range(from, (unsigned)c->keep[i] - 1, 0);
        from = (unsigned)c->keep[i] + 1;
    }
    close_range(from, ~0u, 0);
}

/* In the child: sets things up and becomes the program; returns only by _exit. */
__attribute__((noreturn)) static void child_main(const Child *c) {
    const char *what = "";
    int saved = 0, p2cread = c->p2cread, c2pwrite = c->c2pwrite, errwrite = c->errwrite;
    bool reached_preexec = false;
    for (size_t i = 0; i < c->nkeep; i++)
        if (c->keep[i] != c->errpipe_write) inheritable(c->keep[i]); /* one that can't be is found out by the program */
    if (c->p2cwrite != -1 && close(c->p2cwrite) < 0) goto error;
    if (c->c2pread != -1 && close(c->c2pread) < 0) goto error;
    if (c->errread != -1 && close(c->errread) < 0) goto error;
    if (close(c->errpipe_read) < 0) goto error;
    /* ends of pipes that lie on 0 to 2 move out of the way of dup2 */
    if (c2pwrite == 0 && (c2pwrite = fcntl(c2pwrite, F_DUPFD, 3)) < 0) goto error;
    while (errwrite == 0 || errwrite == 1)
        if ((errwrite = fcntl(errwrite, F_DUPFD, 3)) < 0) goto error;
    const int from[3] = {p2cread, c2pwrite, errwrite};
    for (int to = 0; to < 3; to++) {
        if (from[to] == to) {
            if (inheritable(to) < 0) goto error;
        } else if (from[to] != -1 && dup2(from[to], to) < 0) {
            goto error;
        }
    }
    if (c->cwd && chdir(c->cwd) < 0) goto error;
    if (c->umask >= 0) umask((mode_t)c->umask);
    if (c->restore_signals) {
        signal(SIGPIPE, SIG_DFL);
        signal(SIGXFSZ, SIG_DFL);
    }
    if (c->mask) {
        /* shares the parent's memory: its handlers must not run here */
        for (int s = 1; s < 65; s++) {
            struct sigaction a;
            if (sigaction(s, NULL, &a) == 0 && a.sa_handler != SIG_DFL && a.sa_handler != SIG_IGN) signal(s, SIG_DFL);
        }
        sigprocmask(SIG_SETMASK, c->mask, NULL);
    }
    if (c->call_setsid && setsid() < 0) goto error;
    if (c->pgid >= 0 && setpgid(0, c->pgid) < 0) goto error;
    if (c->set_groups && setgroups(c->ngroups, c->groups) < 0) goto error;
    if (c->set_gid && setregid(c->gid, c->gid) < 0) goto error;
    if (c->set_uid && setreuid(c->uid, c->uid) < 0) goto error;
    reached_preexec = true;
    if (c->preexec != Py_None && c->preexec_args) {
        PyObject *r = PyObject_Call(c->preexec, c->preexec_args, NULL);
        if (!r) {
            what = "Exception occurred in preexec_fn.";
            errno = 0;
            goto error;
        }
    }
    if (c->close_fds) close_others(c, 3);
    for (int i = 0; c->exec_array[i]; i++) {
        if (c->envp) execve(c->exec_array[i], c->argv, c->envp);
        else execv(c->exec_array[i], c->argv);
        if (errno != ENOENT && errno != ENOTDIR && saved == 0) saved = errno;
    }
    if (saved) errno = saved;
error:
    saved = errno;
    char message[100];
    size_t n = 0;
    if (saved) {
        static const char digits[] = "0123456789ABCDEF";
        char hex[16];
        size_t h = 0;
        for (unsigned v = (unsigned)saved; v && h < sizeof hex; v /= 16) hex[h++] = digits[v % 16];
        memcpy(message, "OSError:", n = 8);
        while (h) message[n++] = hex[--h];
        message[n++] = ':';
        if (!reached_preexec) {
            memcpy(message + n, "noexec", 6);
            n += 6;
        }
    } else {
        memcpy(message, "SubprocessError:0:", n = 18);
    }
    for (const char *w = what; *w && n < sizeof message; w++) message[n++] = *w;
    ssize_t ignored = write(c->errpipe_write, message, n);
    (void)ignored;
    _exit(255);
}

/* The child by fork or vfork; kept apart so that a vfork child does not return into a frame the parent goes on with. */
__attribute__((noinline)) static pid_t start_child(const Child *c, bool share) {
    pid_t pid = share ? vfork() : fork();
    if (pid == 0) {
        if (c->preexec != Py_None) PyOS_AfterFork_Child();
        child_main(c);
    }
    return pid;
}

static void free_array(char **a) {
    for (char **p = a; p && *p; p++) PyMem_Free(*p);
    PyMem_Free(a);
}
/* NULL-terminated copies of a sequence of bytes (convert: of anything the file system converter takes). */
static char **make_array(PyObject *seq, bool convert) {
    Py_ssize_t n = PySequence_Size(seq);
    char **a = n < 0 ? NULL : PyMem_Calloc((size_t)n + 1, sizeof *a);
    if (n >= 0 && !a) PyErr_NoMemory();
    for (Py_ssize_t i = 0; a && i < n; i++) {
        if (PySequence_Size(seq) != n) {
            PyErr_SetString(PyExc_RuntimeError, "args changed during iteration");
            free_array(a);
            return NULL;
        }
        PyObject *item = PySequence_GetItem(seq, i), *bytes = NULL;
        char *s;
        if (item && (convert ? PyUnicode_FSConverter(item, &bytes) : (bytes = Py_NewRef(item)) != NULL) && PyBytes_AsStringAndSize(bytes, &s, NULL) == 0) {
            Py_ssize_t len = PyBytes_GET_SIZE(bytes);
            if ((a[i] = PyMem_Malloc((size_t)len + 1))) memcpy(a[i], s, (size_t)len + 1);
            else PyErr_NoMemory();
        }
        Py_XDECREF(item);
        Py_XDECREF(bytes);
        if (!a[i]) {
            free_array(a);
            return NULL;
        }
    }
    return a;
}
/* The kept descriptors as a sorted array: must be a strictly ascending tuple of non-negative ints. */
static int *make_keep(PyObject *t, size_t *n) {
    *n = (size_t)PyTuple_GET_SIZE(t);
    int *a = PyMem_Malloc((*n + 1) * sizeof *a), last = -1;
    if (!a) {
        PyErr_NoMemory();
        return NULL;
    }
    for (size_t i = 0; i < *n; i++) {
        PyObject *o = PyTuple_GET_ITEM(t, (Py_ssize_t)i);
        long v = PyLong_Check(o) ? PyLong_AsLong(o) : -1;
        if (v < 0 || v <= last || v > INT_MAX) {
            PyErr_Clear();
            PyErr_SetString(PyExc_ValueError, "bad value(s) in fds_to_keep");
            PyMem_Free(a);
            return NULL;
        }
        a[i] = last = (int)v;
    }
    return a;
}

PyDoc_STRVAR(fork_exec_doc, "fork_exec(args, executable_list, close_fds, pass_fds, cwd, env,\n          p2cread, p2cwrite, c2pread, c2pwrite,\n"
                            "          errread, errwrite, errpipe_read, errpipe_write,\n          restore_signals, call_setsid, pgid_to_set,\n"
                            "          gid, groups_list, uid,\n          preexec_fn)\n\nStarts a program in a child process; its number.");
static PyObject *fork_exec(PyObject *self, PyObject *args) {
    Child c = {.pgid = -1};
    PyObject *argv_o, *exec_o, *keep_o, *cwd_o, *env_o, *groups_o, *gid_o, *uid_o, *cwd_bytes = NULL;
    int close_fds, restore, setsid_, use_vfork;
    if (!PyArg_ParseTuple(args, "OOpO!OOiiiiiiiippiOOOiOp:fork_exec", &argv_o, &exec_o, &close_fds, &PyTuple_Type, &keep_o, &cwd_o, &env_o, &c.p2cread,
                          &c.p2cwrite, &c.c2pread, &c.c2pwrite, &c.errread, &c.errwrite, &c.errpipe_read, &c.errpipe_write, &restore, &setsid_, &c.pgid,
                          &gid_o, &groups_o, &uid_o, &c.umask, &c.preexec, &use_vfork))
        return NULL;
    KrInterp *interp = kr_interp();
    if (c.preexec != Py_None && interp != kr_runtime.main_interp)
        return PyErr_Format(PyExc_RuntimeError, "preexec_fn not supported within subinterpreters");
    if (interp->config._isolated_interpreter) return PyErr_Format(PyExc_RuntimeError, "subprocess not supported for isolated subinterpreters");
    c.close_fds = close_fds;
    c.restore_signals = restore;
    c.call_setsid = setsid_;
    if (close_fds && c.errpipe_write < 3) return PyErr_Format(PyExc_ValueError, "errpipe_write must be >= 3");
    pid_t pid = -1;
    char **exec_array = NULL, **argv = NULL, **envp = NULL;
    int *keep = make_keep(keep_o, &c.nkeep);
    PyObject *result = NULL;
    bool forking = false, gc_was_on = false;
    if (!keep) return NULL;
    c.keep = keep;
    if (!(exec_array = make_array(exec_o, false))) goto done;
    if (argv_o != Py_None) {
        PyObject *fast = PySequence_Fast(argv_o, "argv must be a tuple");
        if (!fast) goto done;
        argv = make_array(fast, true);
        Py_DECREF(fast);
        if (!argv) goto done;
    }
    if (env_o != Py_None && !(envp = make_array(env_o, false))) goto done;
    c.exec_array = exec_array;
    c.argv = argv;
    c.envp = envp;
    if (cwd_o != Py_None) {
        if (!PyUnicode_FSConverter(cwd_o, &cwd_bytes)) goto done;
        c.cwd = PyBytes_AS_STRING(cwd_bytes);
    }
    if (groups_o != Py_None) {
        if (!PyList_Check(groups_o)) {
            PyErr_SetString(PyExc_TypeError, "setgroups argument must be a list");
            goto done;
        }
        Py_ssize_t n = PyList_GET_SIZE(groups_o);
        if (n > 65536) {
            PyErr_SetString(PyExc_ValueError, "too many groups");
            goto done;
        }
        if (!(c.groups = PyMem_Malloc(((size_t)n + 1) * sizeof *c.groups))) {
            PyErr_NoMemory();
            goto done;
        }
        for (Py_ssize_t i = 0; i < n; i++) {
            if (!PyLong_Check(PyList_GET_ITEM(groups_o, i))) {
                PyErr_SetString(PyExc_TypeError, "groups must be integers");
                goto done;
            }
            if (!_Py_Gid_Converter(PyList_GET_ITEM(groups_o, i), &c.groups[i])) {
                PyErr_SetString(PyExc_ValueError, "invalid group id");
                goto done;
            }
        }
        c.ngroups = (size_t)n;
        c.set_groups = true;
    }
    if (gid_o != Py_None) {
        if (!_Py_Gid_Converter(gid_o, &c.gid)) goto done;
        c.set_gid = true;
    }
    if (uid_o != Py_None) {
        if (!_Py_Uid_Converter(uid_o, &c.uid)) goto done;
        c.set_uid = true;
    }
    if (c.preexec != Py_None) {
        if (!(c.preexec_args = PyTuple_New(0))) goto done;
        gc_was_on = PyGC_Disable();
        PyOS_BeforeFork();
        forking = true;
    }
    bool share = use_vfork && c.preexec == Py_None && !c.set_uid && !c.set_gid && !c.set_groups;
    sigset_t all, old;
    if (share) {
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &old);
        c.mask = &old;
    }
    pid = start_child(&c, share);
    int saved = errno;
    if (share) pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (forking) PyOS_AfterFork_Parent();
    errno = saved;
    if (pid < 0) PyErr_SetFromErrno(PyExc_OSError);
    else result = PyLong_FromPid(pid);
done:
    if (gc_was_on) PyGC_Enable();
    free_array(exec_array);
    free_array(argv);
    free_array(envp);
    PyMem_Free(keep);
    PyMem_Free(c.groups);
    Py_XDECREF(cwd_bytes);
    Py_XDECREF(c.preexec_args);
    return result;
}
static PyMethodDef methods[] = {{"fork_exec", fork_exec, METH_VARARGS, fork_exec_doc}, {NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_posixsubprocess", "The child side of subprocess.", 0, methods};
PyObject *PyInit__posixsubprocess(void) { return PyModuleDef_Init(&module); }
