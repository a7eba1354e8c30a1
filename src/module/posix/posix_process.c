/* posix_process.c - posix: processes: fork, exec, spawn, wait, identities, limits, scheduling, system information. */
#define _GNU_SOURCE
#include "module/posix/posix.h"
#include "runtime/gil.h"
#include "runtime/import.h"
#include "runtime/lifecycle.h"
#include "runtime/signals.h"
#include <grp.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#define NONE_OR_ERROR(rc) ((rc) ? posix_error() : Py_NewRef(Py_None))

/* ------------------------------------------------------------------ fork */

void _PyImport_AcquireLock(void);
int _PyImport_ReleaseLock(void);

/* Calls the functions of a list (NULL: none), newest first when `reverse`. */
static void run_hooks(PyObject *hooks, bool reverse) {
    if (!hooks) return;
    PyObject *copy = PyList_GetSlice(hooks, 0, PyList_GET_SIZE(hooks));
    if (!copy || (reverse && PyList_Reverse(copy) < 0)) {
        PyErr_WriteUnraisable(hooks);
    } else {
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(copy); i++) {
            PyObject *r = PyObject_CallNoArgs(PyList_GET_ITEM(copy, i));
            if (!r) PyErr_WriteUnraisable(PyList_GET_ITEM(copy, i));
            Py_XDECREF(r);
        }
    }
    Py_XDECREF(copy);
}
void PyOS_BeforeFork(void) {
    run_hooks(kr_interp()->runtime.before_forkers, true);
    _PyImport_AcquireLock();
}
void PyOS_AfterFork_Parent(void) {
    if (_PyImport_ReleaseLock() <= 0) Py_FatalError("failed releasing import lock after fork");
    run_hooks(kr_interp()->runtime.after_forkers_parent, false);
}
void PyOS_AfterFork_Child(void) {
    KrThread *t = kr_thread();
    kr_gil_reinit_after_fork(t);
    kr_runtime.process.main_thread_ident = PyThread_get_thread_ident();
    kr_thread_bind(t);
    t->base.interp->runtime.thread_count = 0;
    kr_signals_clear();
    kr_threads_delete_others(t);
    kr_subinterps_forget();
    _PyImport_ReleaseLock();
    run_hooks(t->base.interp->runtime.after_forkers_child, false);
}
void PyOS_AfterFork(void) { PyOS_AfterFork_Child(); }

static int add_hook(PyObject **list, PyObject *f) {
    if (!f) return 0;
    if (!*list && !(*list = PyList_New(0))) return -1;
    return PyList_Append(*list, f);
}
static PyObject *posix_register_at_fork(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"before", "after_in_child", "after_in_parent", NULL};
    PyObject *before = NULL, *child = NULL, *parent = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|$OOO:register_at_fork", names, &before, &child, &parent)) return NULL;
    if (!before && !child && !parent) return PyErr_Format(PyExc_TypeError, "At least one argument is required.");
    PyObject *const given[] = {before, child, parent};
    static const char *const what[] = {"before", "after_in_child", "after_in_parent"};
    for (int i = 0; i < 3; i++)
        if (given[i] && !PyCallable_Check(given[i]))
            return PyErr_Format(PyExc_TypeError, "'%.200s' must be callable, not %.200s", what[i], Py_TYPE(given[i])->tp_name);
    KrInterpRuntime *r = &kr_interp()->runtime;
    if (add_hook(&r->before_forkers, before) < 0 || add_hook(&r->after_forkers_child, child) < 0 || add_hook(&r->after_forkers_parent, parent) < 0) return NULL;
    Py_RETURN_NONE;
}

/* The child's one thread is to be the main interpreter's. */
static int may_fork(const char *kind) {
    if (kr_interp() == kr_runtime.main_interp) return 0;
    PyErr_Format(PyExc_RuntimeError, "fork not supported for %ssubinterpreters", kind);
    return -1;
}
static PyObject *posix_fork(PyObject *self, PyObject *ignored) {
    if (PySys_Audit("os.fork", NULL) < 0 || may_fork(kr_interp()->config._isolated_interpreter ? "isolated " : "") < 0) return NULL;
    PyOS_BeforeFork();
    pid_t pid = fork();
    if (pid == 0) {
        PyOS_AfterFork_Child();
    } else {
        int saved = errno;
        PyOS_AfterFork_Parent();
        errno = saved;
    }
    return pid < 0 ? posix_error() : PyLong_FromPid(pid);
}
static PyObject *posix_forkpty(PyObject *self, PyObject *ignored) {
    int fd = -1;
    if (PySys_Audit("os.forkpty", NULL) < 0 || may_fork("") < 0) return NULL;
    PyOS_BeforeFork();
    pid_t pid = forkpty(&fd, NULL, NULL, NULL);
    if (pid == 0) PyOS_AfterFork_Child();
    else PyOS_AfterFork_Parent();
    return pid < 0 ? posix_error() : Py_BuildValue("(Ni)", PyLong_FromPid(pid), fd);
}
static PyObject *posix__exit(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"status", NULL};
    int status;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "i:_exit", names, &status)) return NULL;
    _exit(status);
}

/* ------------------------------------------------------------------ exec and spawn */

static void strings_free(char **v) {
    for (char **p = v; p && *p; p++) PyMem_Free(*p);
    PyMem_Free(v);
}
static char *copy_bytes(PyObject *b) {
    char *s = PyMem_Malloc((size_t)PyBytes_GET_SIZE(b) + 1);
    if (s) memcpy(s, PyBytes_AS_STRING(b), (size_t)PyBytes_GET_SIZE(b) + 1);
    else PyErr_NoMemory();
    return s;
}
/* argv of a list or tuple. */
static char **argv_strings(PyObject *seq, const char *function) {
    if (!PyList_Check(seq) && !PyTuple_Check(seq)) {
        PyErr_Format(PyExc_TypeError, "%s: argv must be a tuple or list", function);
        return NULL;
    }
    Py_ssize_t n = PySequence_Size(seq);
    if (n < 1) {
        PyErr_Format(PyExc_ValueError, "%s: argv must not be empty", function);
        return NULL;
    }
    char **v = PyMem_Calloc((size_t)n + 1, sizeof *v);
    if (!v) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = PySequence_GetItem(seq, i), *bytes = NULL;
        if (item && PyUnicode_FSConverter(item, &bytes)) v[i] = copy_bytes(bytes);
        Py_XDECREF(item);
        Py_XDECREF(bytes);
        if (!v[i]) {
            strings_free(v);
            return NULL;
        }
    }
    if (!v[0][0]) {
        PyErr_Format(PyExc_ValueError, "%s: argv first element cannot be empty", function);
        strings_free(v);
        return NULL;
    }
    return v;
}
/* "k=v" strings of a mapping. */
static char **env_strings(PyObject *env) {
    PyObject *keys = PyMapping_Keys(env), *values = keys ? PyMapping_Values(env) : NULL;
    Py_ssize_t n = values ? PyList_GET_SIZE(keys) : 0;
    char **v = values ? PyMem_Calloc((size_t)n + 1, sizeof *v) : NULL;
    if (values && !v) PyErr_NoMemory();
    for (Py_ssize_t i = 0; v && i < n; i++) {
        PyObject *k = NULL, *val = NULL, *joined = NULL;
        if (PyUnicode_FSConverter(PyList_GET_ITEM(keys, i), &k) && PyUnicode_FSConverter(PyList_GET_ITEM(values, i), &val)) {
            if (!PyBytes_GET_SIZE(k) || strchr(PyBytes_AS_STRING(k) + 1, '=')) PyErr_SetString(PyExc_ValueError, "illegal environment variable name");
            else joined = PyBytes_FromFormat("%s=%s", PyBytes_AS_STRING(k), PyBytes_AS_STRING(val));
        }
        if (joined) v[i] = copy_bytes(joined);
        Py_XDECREF(k);
        Py_XDECREF(val);
        Py_XDECREF(joined);
        if (!v[i]) {
            strings_free(v);
            v = NULL;
        }
    }
    Py_XDECREF(keys);
    Py_XDECREF(values);
    return v;
}
static PyObject *do_exec(Path *p, PyObject *argv, PyObject *env, const char *function) {
    extern char **environ;
    char **a = NULL, **e = NULL;
    if (env && !PyMapping_Check(env)) {
        PyErr_Format(PyExc_TypeError, "%s: environment must be a mapping object", function);
    } else if ((a = argv_strings(argv, function)) && (!env || (e = env_strings(env))) &&
               PySys_Audit("os.exec", "OOO", p->object, argv, env ? env : Py_None) == 0) {
        if (p->fd != -1) fexecve(p->fd, a, e ? e : environ);
        else execve(p->name, a, e ? e : environ);
        posix_path_error(p);
    }
    strings_free(a);
    strings_free(e);
    posix_path_done(p);
    return NULL;
}
static PyObject *posix_execv(PyObject *self, PyObject *args) {
    Path p = PATH("execv", "path");
    PyObject *argv;
    return PyArg_ParseTuple(args, "O&O:execv", posix_path, &p, &argv) ? do_exec(&p, argv, NULL, "execv() arg 2") : NULL;
}
static PyObject *posix_execve(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"path", "argv", "env", NULL};
    Path p = PATH_OR_FD("execve", "path");
    PyObject *argv, *env;
    return PyArg_ParseTupleAndKeywords(args, kwds, "O&OO:execve", names, posix_path, &p, &argv, &env) ? do_exec(&p, argv, env, "execve") : NULL;
}

static int param_priority(PosixModule *m, PyObject *param, struct sched_param *sp) {
    if (!Py_IS_TYPE(param, m->sched_param)) {
        PyErr_SetString(PyExc_TypeError, "must have a sched_param object");
        return -1;
    }
    sp->sched_priority = _PyLong_AsInt(PyStructSequence_GET_ITEM(param, 0));
    return sp->sched_priority == -1 && PyErr_Occurred() ? -1 : 0;
}

enum { SPAWN_OPEN, SPAWN_CLOSE, SPAWN_DUP2 };
static int file_actions(PyObject *seq, posix_spawn_file_actions_t *fa, PyObject *keep) {
    PyObject *fast = PySequence_Fast(seq, "file_actions must be a sequence or None");
    if (!fast) return -1;
    int rc = -1;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast); i++) {
        PyObject *item = PySequence_Fast_GET_ITEM(fast, i);
        if (!PyTuple_Check(item) || !PyTuple_GET_SIZE(item)) {
            PyErr_SetString(PyExc_TypeError, "Each file_actions element must be a non-empty tuple");
            goto done;
        }
        long tag = PyLong_AsLong(PyTuple_GET_ITEM(item, 0));
        if (tag == -1 && PyErr_Occurred()) goto done;
        int a, b, flags, err = 0;
        long ignored;
        unsigned long mode;
        PyObject *path;
        switch (tag) {
        case SPAWN_OPEN:
            if (!PyArg_ParseTuple(item, "liO&ik;A open file_action tuple must have 5 elements", &ignored, &a, PyUnicode_FSConverter, &path, &flags, &mode)) goto done;
            err = PyList_Append(keep, path);
            Py_DECREF(path);
            if (err) goto done;
            err = posix_spawn_file_actions_addopen(fa, a, PyBytes_AS_STRING(path), flags, (mode_t)mode);
            break;
        case SPAWN_CLOSE:
            if (!PyArg_ParseTuple(item, "li;A close file_action tuple must have 2 elements", &ignored, &a)) goto done;
            err = posix_spawn_file_actions_addclose(fa, a);
            break;
        case SPAWN_DUP2:
            if (!PyArg_ParseTuple(item, "lii;A dup2 file_action tuple must have 3 elements", &ignored, &a, &b)) goto done;
            err = posix_spawn_file_actions_adddup2(fa, a, b);
            break;
        default: PyErr_SetString(PyExc_TypeError, "Unknown file_actions identifier"); goto done;
        }
        if (err) {
            errno = err;
            posix_error();
            goto done;
        }
    }
    rc = 0;
done:
    Py_DECREF(fast);
    return rc;
}
int _Py_Sigset_Converter(PyObject *, void *);
static PyObject *spawn(PyObject *args, PyObject *kwds, bool search) {
    static char *names[] = {"path", "argv", "env", "file_actions", "setpgroup", "resetids", "setsid", "setsigmask", "setsigdef", "scheduler", NULL};
    Path p = PATH(search ? "posix_spawnp" : "posix_spawn", "path");
    PyObject *argv, *env, *actions = NULL, *pgroup = NULL, *mask = NULL, *defaults = NULL, *scheduler = NULL, *result = NULL;
    int resetids = 0, setsid = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, search ? "O&OO|$OOiiOOO:posix_spawnp" : "O&OO|$OOiiOOO:posix_spawn", names, posix_path, &p, &argv, &env,
                                     &actions, &pgroup, &resetids, &setsid, &mask, &defaults, &scheduler))
        return NULL;
    char **a = NULL, **e = NULL;
    posix_spawn_file_actions_t fa;
    posix_spawnattr_t attr;
    bool have_fa = false;
    short flags = 0;
    sigset_t set;
    PyObject *keep = PyList_New(0);
    posix_spawnattr_init(&attr);
    if (!keep || !(a = argv_strings(argv, p.function))) goto done;
    if (!PyMapping_Check(env)) {
        PyErr_Format(PyExc_TypeError, "%s: environment must be a mapping object", p.function);
        goto done;
    }
    if (!(e = env_strings(env))) goto done;
    if (actions && actions != Py_None) {
        have_fa = posix_spawn_file_actions_init(&fa) == 0;
        if (!have_fa || file_actions(actions, &fa, keep) < 0) goto done;
    }
    if (pgroup) {
        pid_t g = PyLong_AsPid(pgroup);
        if (g == -1 && PyErr_Occurred()) goto done;
        posix_spawnattr_setpgroup(&attr, g);
        flags |= POSIX_SPAWN_SETPGROUP;
    }
    if (resetids) flags |= POSIX_SPAWN_RESETIDS;
    if (setsid) flags |= POSIX_SPAWN_SETSID;
    if (mask) {
        if (!_Py_Sigset_Converter(mask, &set)) goto done;
        posix_spawnattr_setsigmask(&attr, &set);
        flags |= POSIX_SPAWN_SETSIGMASK;
    }
    if (defaults) {
        if (!_Py_Sigset_Converter(defaults, &set)) goto done;
        posix_spawnattr_setsigdefault(&attr, &set);
        flags |= POSIX_SPAWN_SETSIGDEF;
    }
    if (scheduler) {
        PyObject *policy, *param;
        if (!PyArg_ParseTuple(scheduler, "OO;A scheduler tuple must have two elements", &policy, &param)) goto done;
        if (policy != Py_None) {
            posix_spawnattr_setschedpolicy(&attr, _PyLong_AsInt(policy));
            if (PyErr_Occurred()) goto done;
            flags |= POSIX_SPAWN_SETSCHEDULER;
        }
        struct sched_param sp;
        if (param_priority(posix_module_state(), param, &sp) < 0) goto done;
        posix_spawnattr_setschedparam(&attr, &sp);
        flags |= POSIX_SPAWN_SETSCHEDPARAM;
    }
    posix_spawnattr_setflags(&attr, flags);
    if (PySys_Audit("os.posix_spawn", "OOO", p.object, argv, env) < 0) goto done;
    pid_t pid;
    int err = (search ? posix_spawnp : posix_spawn)(&pid, p.name, have_fa ? &fa : NULL, &attr, a, e);
    if (err) {
        errno = err;
        posix_path_error(&p);
    } else {
        result = PyLong_FromPid(pid);
    }
done:
    if (have_fa) posix_spawn_file_actions_destroy(&fa);
    posix_spawnattr_destroy(&attr);
    strings_free(a);
    strings_free(e);
    Py_XDECREF(keep);
    posix_path_done(&p);
    return result;
}
static PyObject *posix_posix_spawn(PyObject *self, PyObject *args, PyObject *kwds) { return spawn(args, kwds, false); }
static PyObject *posix_posix_spawnp(PyObject *self, PyObject *args, PyObject *kwds) { return spawn(args, kwds, true); }
static PyObject *posix_system(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"command", NULL};
    PyObject *c;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O&:system", names, PyUnicode_FSConverter, &c)) return NULL;
    long status = -1;
    if (PySys_Audit("os.system", "(O)", c) == 0) {
        Py_BEGIN_ALLOW_THREADS status = system(PyBytes_AS_STRING(c));
        Py_END_ALLOW_THREADS
    }
    Py_DECREF(c);
    return PyErr_Occurred() ? NULL : PyLong_FromLong(status);
}

/* ------------------------------------------------------------------ wait */

static PyObject *posix_wait(PyObject *self, PyObject *ignored) {
    int status = 0, raised = 0;
    pid_t pid;
    POSIX_RETRY(pid, raised, wait(&status));
    return pid < 0 ? raised ? NULL : posix_error() : Py_BuildValue("(Ni)", PyLong_FromPid(pid), status);
}
static PyObject *posix_waitpid(PyObject *self, PyObject *args) {
    int want, options, status = 0, raised = 0;
    pid_t pid;
    if (!PyArg_ParseTuple(args, "ii:waitpid", &want, &options)) return NULL;
    POSIX_RETRY(pid, raised, waitpid(want, &status, options));
    return pid < 0 ? raised ? NULL : posix_error() : Py_BuildValue("(Ni)", PyLong_FromPid(pid), status);
}
static PyObject *rusage_result(pid_t pid, int status, const struct rusage *ru) {
    PyObject *type = _PyImport_GetModuleAttrString("resource", "struct_rusage");
    PyObject *tuple = type ? Py_BuildValue("((ddllllllllllllll))", ru->ru_utime.tv_sec + ru->ru_utime.tv_usec * 1e-6, ru->ru_stime.tv_sec + ru->ru_stime.tv_usec * 1e-6,
                                           ru->ru_maxrss, ru->ru_ixrss, ru->ru_idrss, ru->ru_isrss, ru->ru_minflt, ru->ru_majflt, ru->ru_nswap, ru->ru_inblock,
                                           ru->ru_oublock, ru->ru_msgsnd, ru->ru_msgrcv, ru->ru_nsignals, ru->ru_nvcsw, ru->ru_nivcsw) : NULL;
    PyObject *usage = tuple ? PyObject_Call(type, tuple, NULL) : NULL;
    Py_XDECREF(type);
    Py_XDECREF(tuple);
    return usage ? Py_BuildValue("(NiN)", PyLong_FromPid(pid), status, usage) : NULL;
}
static PyObject *do_wait4(pid_t want, int options) {
    int status = 0, raised = 0;
    struct rusage ru = {0};
    pid_t pid;
    POSIX_RETRY(pid, raised, wait4(want, &status, options, &ru));
    return pid < 0 ? raised ? NULL : posix_error() : rusage_result(pid, status, &ru);
}
static PyObject *posix_wait3(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"options", NULL};
    int options;
    return PyArg_ParseTupleAndKeywords(args, kwds, "i:wait3", names, &options) ? do_wait4(-1, options) : NULL;
}
static PyObject *posix_wait4(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"pid", "options", NULL};
    int pid, options;
    return PyArg_ParseTupleAndKeywords(args, kwds, "ii:wait4", names, &pid, &options) ? do_wait4(pid, options) : NULL;
}
static PyObject *posix_waitid(PyObject *self, PyObject *args) {
    int type, options, rc, raised = 0;
    unsigned id;
    siginfo_t si = {0};
    if (!PyArg_ParseTuple(args, "iIi:waitid", &type, &id, &options)) return NULL;
    POSIX_RETRY(rc, raised, waitid((idtype_t)type, id, &si, options));
    if (rc < 0) return raised ? NULL : posix_error();
    if (si.si_pid == 0) Py_RETURN_NONE;
    PosixModule *m = PyModule_GetState(self);
    PyObject *r = PyStructSequence_New(m->waitid_result);
    if (!r) return NULL;
    PyStructSequence_SET_ITEM(r, 0, PyLong_FromPid(si.si_pid));
    PyStructSequence_SET_ITEM(r, 1, _PyLong_FromUid(si.si_uid));
    PyStructSequence_SET_ITEM(r, 2, PyLong_FromLong(si.si_signo));
    PyStructSequence_SET_ITEM(r, 3, PyLong_FromLong(si.si_status));
    PyStructSequence_SET_ITEM(r, 4, PyLong_FromLong(si.si_code));
    return r;
}
#define STATUS_TEST(name, make)                                                              \
    static PyObject *posix_##name(PyObject *self, PyObject *args, PyObject *kwds) {          \
        static char *names[] = {"status", NULL};                                             \
        int status;                                                                          \
        if (!PyArg_ParseTupleAndKeywords(args, kwds, "i:" #name, names, &status)) return NULL; \
        return make(name(status));                                                           \
    }
STATUS_TEST(WIFCONTINUED, PyBool_FromLong)
STATUS_TEST(WIFSTOPPED, PyBool_FromLong)
STATUS_TEST(WIFSIGNALED, PyBool_FromLong)
STATUS_TEST(WIFEXITED, PyBool_FromLong)
STATUS_TEST(WEXITSTATUS, PyLong_FromLong)
STATUS_TEST(WTERMSIG, PyLong_FromLong)
STATUS_TEST(WSTOPSIG, PyLong_FromLong)
static PyObject *posix_WCOREDUMP(PyObject *self, PyObject *arg) {
    int status = _PyLong_AsInt(arg);
    return status == -1 && PyErr_Occurred() ? NULL : PyBool_FromLong(WCOREDUMP(status));
}
static PyObject *posix_waitstatus_to_exitcode(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"status", NULL};
    int status;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "i:waitstatus_to_exitcode", names, &status)) return NULL;
    if (WIFEXITED(status)) {
        if (WEXITSTATUS(status) < 0) return PyErr_Format(PyExc_ValueError, "invalid WEXITSTATUS: %i", WEXITSTATUS(status));
        return PyLong_FromLong(WEXITSTATUS(status));
    }
    if (WIFSIGNALED(status)) return PyLong_FromLong(-WTERMSIG(status));
    if (WIFSTOPPED(status)) return PyErr_Format(PyExc_ValueError, "process stopped by delivery of signal %i", WSTOPSIG(status));
    return PyErr_Format(PyExc_ValueError, "invalid wait status: %i", status);
}

/* ------------------------------------------------------------------ identities */

#define GETTER(name, make) \
    static PyObject *posix_##name(PyObject *self, PyObject *ignored) { return make(name()); }
GETTER(getpid, PyLong_FromPid)
GETTER(getppid, PyLong_FromPid)
GETTER(getpgrp, PyLong_FromPid)
GETTER(getuid, _PyLong_FromUid)
GETTER(geteuid, _PyLong_FromUid)
GETTER(getgid, _PyLong_FromGid)
GETTER(getegid, _PyLong_FromGid)
#define SETTER(name, type, converter)                                                    \
    static PyObject *posix_##name(PyObject *self, PyObject *arg) {                       \
        type id;                                                                         \
        return converter(arg, &id) ? NONE_OR_ERROR(name(id)) : NULL;                     \
    }
SETTER(setuid, uid_t, _Py_Uid_Converter)
SETTER(seteuid, uid_t, _Py_Uid_Converter)
SETTER(setgid, gid_t, _Py_Gid_Converter)
SETTER(setegid, gid_t, _Py_Gid_Converter)
#define SETTER2(name, type, converter)                                                                                     \
    static PyObject *posix_##name(PyObject *self, PyObject *args) {                                                        \
        type a, b;                                                                                                         \
        return PyArg_ParseTuple(args, "O&O&:" #name, converter, &a, converter, &b) ? NONE_OR_ERROR(name(a, b)) : NULL;     \
    }
SETTER2(setreuid, uid_t, _Py_Uid_Converter)
SETTER2(setregid, gid_t, _Py_Gid_Converter)
#define SETTER3(name, type, converter)                                                                                                             \
    static PyObject *posix_##name(PyObject *self, PyObject *args) {                                                                                \
        type a, b, c;                                                                                                                              \
        return PyArg_ParseTuple(args, "O&O&O&:" #name, converter, &a, converter, &b, converter, &c) ? NONE_OR_ERROR(name(a, b, c)) : NULL;         \
    }
SETTER3(setresuid, uid_t, _Py_Uid_Converter)
SETTER3(setresgid, gid_t, _Py_Gid_Converter)
static PyObject *posix_getresuid(PyObject *self, PyObject *ignored) {
    uid_t a, b, c;
    return getresuid(&a, &b, &c) ? posix_error() : Py_BuildValue("(NNN)", _PyLong_FromUid(a), _PyLong_FromUid(b), _PyLong_FromUid(c));
}
static PyObject *posix_getresgid(PyObject *self, PyObject *ignored) {
    gid_t a, b, c;
    return getresgid(&a, &b, &c) ? posix_error() : Py_BuildValue("(NNN)", _PyLong_FromGid(a), _PyLong_FromGid(b), _PyLong_FromGid(c));
}
static PyObject *group_list(const gid_t *g, int n) {
    PyObject *l = PyList_New(n);
    for (int i = 0; l && i < n; i++) PyList_SET_ITEM(l, i, _PyLong_FromGid(g[i]));
    return l;
}
static PyObject *posix_getgroups(PyObject *self, PyObject *ignored) {
    int n = getgroups(0, NULL);
    if (n < 0) return posix_error();
    gid_t *g = PyMem_Malloc(((size_t)n + 1) * sizeof *g);
    if (!g) return PyErr_NoMemory();
    n = getgroups(n, g);
    PyObject *r = n < 0 ? posix_error() : group_list(g, n);
    PyMem_Free(g);
    return r;
}
static PyObject *posix_setgroups(PyObject *self, PyObject *seq) {
    PyObject *fast = PySequence_Fast(seq, "setgroups argument must be a sequence");
    if (!fast) return NULL;
    Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
    gid_t *g = PyMem_Malloc(((size_t)n + 1) * sizeof *g);
    PyObject *r = NULL;
    bool ok = g != NULL;
    if (!g) PyErr_NoMemory();
    for (Py_ssize_t i = 0; ok && i < n; i++) {
        if (!PyLong_Check(PySequence_Fast_GET_ITEM(fast, i))) {
            PyErr_SetString(PyExc_TypeError, "groups must be integers");
            ok = false;
        } else {
            ok = _Py_Gid_Converter(PySequence_Fast_GET_ITEM(fast, i), &g[i]);
        }
    }
    if (ok) r = NONE_OR_ERROR(setgroups((size_t)n, g));
    PyMem_Free(g);
    Py_DECREF(fast);
    return r;
}
static PyObject *posix_getgrouplist(PyObject *self, PyObject *args) {
    const char *user;
    gid_t base, g[1024];
    int n = 1024;
    if (!PyArg_ParseTuple(args, "sO&:getgrouplist", &user, _Py_Gid_Converter, &base)) return NULL;
    return getgrouplist(user, base, g, &n) < 0 ? posix_error() : group_list(g, n);
}
static PyObject *posix_initgroups(PyObject *self, PyObject *args) {
    PyObject *user;
    gid_t g;
    if (!PyArg_ParseTuple(args, "O&O&:initgroups", PyUnicode_FSConverter, &user, _Py_Gid_Converter, &g)) return NULL;
    int rc = initgroups(PyBytes_AS_STRING(user), g);
    Py_DECREF(user);
    return NONE_OR_ERROR(rc);
}
static PyObject *posix_getlogin(PyObject *self, PyObject *ignored) {
    errno = 0;
    const char *s = getlogin();
    return s ? PyUnicode_DecodeFSDefault(s) : posix_error();
}
static PyObject *posix_getpgid(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"pid", NULL};
    int pid;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "i:getpgid", names, &pid)) return NULL;
    pid_t r = getpgid(pid);
    return r < 0 ? posix_error() : PyLong_FromPid(r);
}
static PyObject *posix_getsid(PyObject *self, PyObject *arg) {
    pid_t pid = PyLong_AsPid(arg);
    if (pid == -1 && PyErr_Occurred()) return NULL;
    pid_t r = getsid(pid);
    return r < 0 ? posix_error() : PyLong_FromPid(r);
}
static PyObject *posix_setsid(PyObject *self, PyObject *ignored) { return NONE_OR_ERROR(setsid() < 0); }
static PyObject *posix_setpgrp(PyObject *self, PyObject *ignored) { return NONE_OR_ERROR(setpgrp()); }
static PyObject *posix_setpgid(PyObject *self, PyObject *args) {
    int pid, group;
    return PyArg_ParseTuple(args, "ii:setpgid", &pid, &group) ? NONE_OR_ERROR(setpgid(pid, group)) : NULL;
}
static PyObject *posix_kill(PyObject *self, PyObject *args) {
    int pid, sig;
    if (!PyArg_ParseTuple(args, "ii:kill", &pid, &sig) || PySys_Audit("os.kill", "ii", pid, sig) < 0) return NULL;
    if (kill(pid, sig)) return posix_error();
    if (PyErr_CheckSignals()) return NULL;
    Py_RETURN_NONE;
}
static PyObject *posix_killpg(PyObject *self, PyObject *args) {
    int pid, sig;
    if (!PyArg_ParseTuple(args, "ii:killpg", &pid, &sig) || PySys_Audit("os.killpg", "ii", pid, sig) < 0) return NULL;
    if (killpg(pid, sig)) return posix_error();
    if (PyErr_CheckSignals()) return NULL;
    Py_RETURN_NONE;
}
static PyObject *posix_pidfd_open(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"pid", "flags", NULL};
    int pid;
    unsigned flags = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "i|I:pidfd_open", names, &pid, &flags)) return NULL;
    long fd = syscall(SYS_pidfd_open, pid, flags);
    return fd < 0 ? posix_error() : PyLong_FromLong(fd);
}
static PyObject *posix_umask(PyObject *self, PyObject *arg) {
    int m = _PyLong_AsInt(arg);
    return m == -1 && PyErr_Occurred() ? NULL : PyLong_FromLong((long)umask((mode_t)m));
}
static PyObject *posix_nice(PyObject *self, PyObject *arg) {
    int n = _PyLong_AsInt(arg);
    if (n == -1 && PyErr_Occurred()) return NULL;
    errno = 0;
    int r = nice(n);
    return r == -1 && errno ? posix_error() : PyLong_FromLong(r);
}
static PyObject *posix_getpriority(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"which", "who", NULL};
    int which, who;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "ii:getpriority", names, &which, &who)) return NULL;
    errno = 0;
    int r = getpriority((__priority_which_t)which, (id_t)who);
    return errno ? posix_error() : PyLong_FromLong(r);
}
static PyObject *posix_setpriority(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"which", "who", "priority", NULL};
    int which, who, priority;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "iii:setpriority", names, &which, &who, &priority)) return NULL;
    return NONE_OR_ERROR(setpriority((__priority_which_t)which, (id_t)who, priority));
}

/* ------------------------------------------------------------------ scheduling */

static PyObject *posix_sched_yield(PyObject *self, PyObject *ignored) {
    int rc;
    Py_BEGIN_ALLOW_THREADS rc = sched_yield();
    Py_END_ALLOW_THREADS
    return NONE_OR_ERROR(rc);
}
static PyObject *priority_limit(PyObject *args, PyObject *kwds, const char *format, int (*get)(int)) {
    static char *names[] = {"policy", NULL};
    int policy;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, format, names, &policy)) return NULL;
    int r = get(policy);
    return r < 0 ? posix_error() : PyLong_FromLong(r);
}
static PyObject *posix_sched_get_priority_max(PyObject *self, PyObject *a, PyObject *k) { return priority_limit(a, k, "i:sched_get_priority_max", sched_get_priority_max); }
static PyObject *posix_sched_get_priority_min(PyObject *self, PyObject *a, PyObject *k) { return priority_limit(a, k, "i:sched_get_priority_min", sched_get_priority_min); }
static PyObject *posix_sched_getscheduler(PyObject *self, PyObject *arg) {
    pid_t pid = PyLong_AsPid(arg);
    if (pid == -1 && PyErr_Occurred()) return NULL;
    int r = sched_getscheduler(pid);
    return r < 0 ? posix_error() : PyLong_FromLong(r);
}
static PyObject *posix_sched_setscheduler(PyObject *self, PyObject *args) {
    int pid, policy;
    PyObject *param;
    struct sched_param sp;
    if (!PyArg_ParseTuple(args, "iiO:sched_setscheduler", &pid, &policy, &param) || param_priority(PyModule_GetState(self), param, &sp) < 0) return NULL;
    return NONE_OR_ERROR(sched_setscheduler(pid, policy, &sp) == -1);
}
static PyObject *posix_sched_getparam(PyObject *self, PyObject *arg) {
    pid_t pid = PyLong_AsPid(arg);
    struct sched_param sp;
    if (pid == -1 && PyErr_Occurred()) return NULL;
    if (sched_getparam(pid, &sp)) return posix_error();
    PyObject *r = PyStructSequence_New(((PosixModule *)PyModule_GetState(self))->sched_param);
    if (r) PyStructSequence_SET_ITEM(r, 0, PyLong_FromLong(sp.sched_priority));
    return r;
}
static PyObject *posix_sched_setparam(PyObject *self, PyObject *args) {
    int pid;
    PyObject *param;
    struct sched_param sp;
    if (!PyArg_ParseTuple(args, "iO:sched_setparam", &pid, &param) || param_priority(PyModule_GetState(self), param, &sp) < 0) return NULL;
    return NONE_OR_ERROR(sched_setparam(pid, &sp));
}
static PyObject *posix_sched_rr_get_interval(PyObject *self, PyObject *arg) {
    pid_t pid = PyLong_AsPid(arg);
    struct timespec ts;
    if (pid == -1 && PyErr_Occurred()) return NULL;
    return sched_rr_get_interval(pid, &ts) ? posix_error() : PyFloat_FromDouble((double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec);
}
enum { MAX_CPUS = 8192 };
static PyObject *posix_sched_getaffinity(PyObject *self, PyObject *arg) {
    pid_t pid = PyLong_AsPid(arg);
    if (pid == -1 && PyErr_Occurred()) return NULL;
    cpu_set_t *set = CPU_ALLOC(MAX_CPUS);
    size_t size = CPU_ALLOC_SIZE(MAX_CPUS);
    if (!set) return PyErr_NoMemory();
    PyObject *r = sched_getaffinity(pid, size, set) ? posix_error() : PySet_New(NULL);
    for (int i = 0; r && i < MAX_CPUS; i++) {
        if (!CPU_ISSET_S(i, size, set)) continue;
        PyObject *n = PyLong_FromLong(i);
        if (!n || PySet_Add(r, n) < 0) Py_CLEAR(r);
        Py_XDECREF(n);
    }
    CPU_FREE(set);
    return r;
}
static PyObject *posix_sched_setaffinity(PyObject *self, PyObject *args) {
    int pid;
    PyObject *mask, *item;
    if (!PyArg_ParseTuple(args, "iO:sched_setaffinity", &pid, &mask)) return NULL;
    PyObject *it = PyObject_GetIter(mask);
    if (!it) return NULL;
    cpu_set_t *set = CPU_ALLOC(MAX_CPUS);
    size_t size = CPU_ALLOC_SIZE(MAX_CPUS);
    CPU_ZERO_S(size, set);
    while ((item = PyIter_Next(it))) {
        long cpu = PyLong_Check(item) ? PyLong_AsLong(item) : -2;
        if (cpu == -2) PyErr_Format(PyExc_TypeError, "expected an iterator of ints, but iterator yielded %R", Py_TYPE(item));
        else if (cpu < 0 && !PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "negative CPU number");
        else if (cpu >= MAX_CPUS) PyErr_SetString(PyExc_OverflowError, "CPU number too large");
        Py_DECREF(item);
        if (PyErr_Occurred()) break;
        CPU_SET_S((size_t)cpu, size, set);
    }
    Py_DECREF(it);
    PyObject *r = PyErr_Occurred() ? NULL : NONE_OR_ERROR(sched_setaffinity(pid, size, set));
    CPU_FREE(set);
    return r;
}
static PyObject *posix_cpu_count(PyObject *self, PyObject *ignored) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? PyLong_FromLong(n) : Py_NewRef(Py_None);
}

/* ------------------------------------------------------------------ system information */

static PyObject *posix_uname(PyObject *self, PyObject *ignored) {
    struct utsname u;
    if (uname(&u) < 0) return posix_error();
    PyObject *r = PyStructSequence_New(((PosixModule *)PyModule_GetState(self))->uname_result);
    const char *v[] = {u.sysname, u.nodename, u.release, u.version, u.machine};
    for (Py_ssize_t i = 0; r && i < 5; i++) PyStructSequence_SET_ITEM(r, i, PyUnicode_DecodeFSDefault(v[i]));
    return r;
}
static PyObject *posix_times(PyObject *self, PyObject *ignored) {
    struct tms t;
    clock_t now = times(&t);
    if (now == (clock_t)-1) return posix_error();
    double hz = (double)sysconf(_SC_CLK_TCK);
    PyObject *r = PyStructSequence_New(((PosixModule *)PyModule_GetState(self))->times_result);
    clock_t v[] = {t.tms_utime, t.tms_stime, t.tms_cutime, t.tms_cstime, now};
    for (Py_ssize_t i = 0; r && i < 5; i++) PyStructSequence_SET_ITEM(r, i, PyFloat_FromDouble((double)v[i] / hz));
    return r;
}
static PyObject *posix_getloadavg(PyObject *self, PyObject *ignored) {
    double v[3];
    if (getloadavg(v, 3) != 3) return PyErr_Format(PyExc_OSError, "Load averages are unobtainable");
    return Py_BuildValue("(ddd)", v[0], v[1], v[2]);
}
static PyObject *posix_getrandom(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"size", "flags", NULL};
    Py_ssize_t size;
    int flags = 0, raised = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "n|i:getrandom", names, &size, &flags)) return NULL;
    if (size < 0) {
        errno = EINVAL;
        return posix_error();
    }
    PyObject *b = PyBytes_FromStringAndSize(NULL, size);
    if (!b) return NULL;
    ssize_t n;
    char *buf = PyBytes_AS_STRING(b);
    POSIX_RETRY(n, raised, getrandom(buf, (size_t)size, (unsigned)flags));
    if (n < 0) {
        Py_DECREF(b);
        return raised ? NULL : posix_error();
    }
    if (n != size) _PyBytes_Resize(&b, n);
    return b;
}

#define KW(name, doc) {#name, KR_METH(posix_##name), METH_VARARGS | METH_KEYWORDS, doc}
#define VA(name, doc) {#name, posix_##name, METH_VARARGS, doc}
#define ONE(name, doc) {#name, posix_##name, METH_O, doc}
#define NO(name, doc) {#name, posix_##name, METH_NOARGS, doc}
PyMethodDef posix_process_methods[] = {
    NO(fork, "fork($module, /)\n--\n\nA second process; 0 in it, its number in this one."),
    NO(forkpty, "forkpty($module, /)\n--\n\nfork() with a new pseudo-terminal."),
    KW(register_at_fork, "register_at_fork($module, /, *, before=<unrepresentable>,\n                 after_in_child=<unrepresentable>,\n                 after_in_parent=<unrepresentable>)\n--\n\nFunctions to call around fork()."),
    KW(_exit, "_exit($module, /, status)\n--\n\nEnds the process without clean-up."),
    VA(execv, "execv($module, path, argv, /)\n--\n\nBecomes another program."),
    KW(execve, "execve($module, /, path, argv, env)\n--\n\nBecomes another program with an environment."),
    KW(posix_spawn, "posix_spawn($module, path, argv, env, /, *, file_actions=(),\n            setpgroup=<unrepresentable>, resetids=False, setsid=False,\n            setsigmask=(), setsigdef=(), scheduler=<unrepresentable>)\n--\n\nStarts a program."),
    KW(posix_spawnp, "posix_spawnp($module, path, argv, env, /, *, file_actions=(),\n             setpgroup=<unrepresentable>, resetids=False, setsid=False,\n             setsigmask=(), setsigdef=(), scheduler=<unrepresentable>)\n--\n\nStarts a program found on PATH."),
    KW(system, "system($module, /, command)\n--\n\nRuns a shell command; its wait status."),
    NO(wait, "wait($module, /)\n--\n\nWaits for a child."), VA(waitpid, "waitpid($module, pid, options, /)\n--\n\nWaits for a child."),
    KW(wait3, "wait3($module, /, options)\n--\n\nWaits for a child; its resource use."), KW(wait4, "wait4($module, /, pid, options)\n--\n\nWaits for a child; its resource use."),
    VA(waitid, "waitid($module, idtype, id, options, /)\n--\n\nWaits for a change of a child's state."),
    KW(WIFCONTINUED, "WIFCONTINUED($module, /, status)\n--\n\nWhether it was continued."), KW(WIFSTOPPED, "WIFSTOPPED($module, /, status)\n--\n\nWhether it was stopped."),
    KW(WIFSIGNALED, "WIFSIGNALED($module, /, status)\n--\n\nWhether a signal ended it."), KW(WIFEXITED, "WIFEXITED($module, /, status)\n--\n\nWhether it exited."),
    KW(WEXITSTATUS, "WEXITSTATUS($module, /, status)\n--\n\nIts exit status."), KW(WTERMSIG, "WTERMSIG($module, /, status)\n--\n\nThe signal that ended it."),
    KW(WSTOPSIG, "WSTOPSIG($module, /, status)\n--\n\nThe signal that stopped it."), ONE(WCOREDUMP, "WCOREDUMP($module, status, /)\n--\n\nWhether there was a core dump."),
    KW(waitstatus_to_exitcode, "waitstatus_to_exitcode($module, /, status)\n--\n\nThe exit code of a wait status, negative for a signal."),
    NO(getpid, "getpid($module, /)\n--\n\nThis process."), NO(getppid, "getppid($module, /)\n--\n\nThe parent process."), NO(getpgrp, "getpgrp($module, /)\n--\n\nThis process group."),
    NO(getuid, "getuid($module, /)\n--\n\nThe real user."), NO(geteuid, "geteuid($module, /)\n--\n\nThe effective user."),
    NO(getgid, "getgid($module, /)\n--\n\nThe real group."), NO(getegid, "getegid($module, /)\n--\n\nThe effective group."),
    ONE(setuid, "setuid($module, uid, /)\n--\n\nSets the user."), ONE(seteuid, "seteuid($module, euid, /)\n--\n\nSets the effective user."),
    ONE(setgid, "setgid($module, gid, /)\n--\n\nSets the group."), ONE(setegid, "setegid($module, egid, /)\n--\n\nSets the effective group."),
    VA(setreuid, "setreuid($module, ruid, euid, /)\n--\n\nSets real and effective user."), VA(setregid, "setregid($module, rgid, egid, /)\n--\n\nSets real and effective group."),
    VA(setresuid, "setresuid($module, ruid, euid, suid, /)\n--\n\nSets real, effective and saved user."), VA(setresgid, "setresgid($module, rgid, egid, sgid, /)\n--\n\nSets real, effective and saved group."),
    NO(getresuid, "getresuid($module, /)\n--\n\nReal, effective and saved user."), NO(getresgid, "getresgid($module, /)\n--\n\nReal, effective and saved group."),
    NO(getgroups, "getgroups($module, /)\n--\n\nThe supplementary groups."), ONE(setgroups, "setgroups($module, groups, /)\n--\n\nSets the supplementary groups."),
    VA(getgrouplist, "getgrouplist($module, user, group, /)\n--\n\nThe groups of a user."), VA(initgroups, "initgroups($module, username, gid, /)\n--\n\nSets the groups of a user."),
    NO(getlogin, "getlogin($module, /)\n--\n\nThe login name."), KW(getpgid, "getpgid($module, /, pid)\n--\n\nA process's group."),
    ONE(getsid, "getsid($module, pid, /)\n--\n\nA process's session."), NO(setsid, "setsid($module, /)\n--\n\nA new session."),
    NO(setpgrp, "setpgrp($module, /)\n--\n\nA process group of its own."), VA(setpgid, "setpgid($module, pid, pgrp, /)\n--\n\nSets a process's group."),
    VA(kill, "kill($module, pid, signal, /)\n--\n\nSends a signal."), VA(killpg, "killpg($module, pgid, signal, /)\n--\n\nSends a signal to a group."),
    KW(pidfd_open, "pidfd_open($module, /, pid, flags=0)\n--\n\nA descriptor of a process."), ONE(umask, "umask($module, mask, /)\n--\n\nSets the mask; the old one."),
    ONE(nice, "nice($module, increment, /)\n--\n\nAdds to the nice value."), KW(getpriority, "getpriority($module, /, which, who)\n--\n\nA scheduling priority."),
    KW(setpriority, "setpriority($module, /, which, who, priority)\n--\n\nSets a scheduling priority."), NO(sched_yield, "sched_yield($module, /)\n--\n\nLets others run."),
    KW(sched_get_priority_max, "sched_get_priority_max($module, /, policy)\n--\n\nThe highest priority."), KW(sched_get_priority_min, "sched_get_priority_min($module, /, policy)\n--\n\nThe lowest priority."),
    ONE(sched_getscheduler, "sched_getscheduler($module, pid, /)\n--\n\nA process's policy."), VA(sched_setscheduler, "sched_setscheduler($module, pid, policy, param, /)\n--\n\nSets a process's policy."),
    ONE(sched_getparam, "sched_getparam($module, pid, /)\n--\n\nA process's parameters."), VA(sched_setparam, "sched_setparam($module, pid, param, /)\n--\n\nSets a process's parameters."),
    ONE(sched_rr_get_interval, "sched_rr_get_interval($module, pid, /)\n--\n\nThe round-robin quantum in seconds."), ONE(sched_getaffinity, "sched_getaffinity($module, pid, /)\n--\n\nThe CPUs a process may use."),
    VA(sched_setaffinity, "sched_setaffinity($module, pid, mask, /)\n--\n\nSets the CPUs a process may use."), NO(cpu_count, "cpu_count($module, /)\n--\n\nThe number of CPUs."),
    NO(uname, "uname($module, /)\n--\n\nThe system's names."), NO(times, "times($module, /)\n--\n\nProcess times."), NO(getloadavg, "getloadavg($module, /)\n--\n\nLoad averages."),
    KW(getrandom, "getrandom($module, /, size, flags=0)\n--\n\nRandom bytes."), {NULL}};

/* ------------------------------------------------------------------ types */

static PyStructSequence_Field terminal_fields[] = {{"columns", "width of the terminal window in characters"}, {"lines", "height of the terminal window in characters"}, {0}};
static PyStructSequence_Field times_fields[] = {{"user", "user time"}, {"system", "system time"}, {"children_user", "user time of children"},
    {"children_system", "system time of children"}, {"elapsed", "elapsed time since an arbitrary point in the past"}, {0}};
static PyStructSequence_Field uname_fields[] = {{"sysname", "operating system name"}, {"nodename", "name of machine on network (implementation-defined)"},
    {"release", "operating system release"}, {"version", "operating system version"}, {"machine", "hardware identifier"}, {0}};
static PyStructSequence_Field waitid_fields[] = {{"si_pid"}, {"si_uid"}, {"si_signo"}, {"si_status"}, {"si_code"}, {0}};
static PyStructSequence_Field sched_fields[] = {{"sched_priority", "the scheduling priority"}, {0}};
static PyStructSequence_Desc terminal_desc = {"os.terminal_size", "A tuple of (columns, lines) for holding terminal window size", terminal_fields, 2};
static PyStructSequence_Desc times_desc = {"posix.times_result", "What times() gives.", times_fields, 5};
static PyStructSequence_Desc uname_desc = {"posix.uname_result", "What uname() gives.", uname_fields, 5};
static PyStructSequence_Desc waitid_desc = {"posix.waitid_result", "What waitid() gives.", waitid_fields, 5};
static PyStructSequence_Desc sched_desc = {"posix.sched_param", "sched_param(sched_priority)", sched_fields, 1};

static PyObject *sched_param_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *names[] = {"sched_priority", NULL};
    PyObject *priority;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O:sched_param", names, &priority)) return NULL;
    PyObject *r = PyStructSequence_New(type);
    if (r) PyStructSequence_SET_ITEM(r, 0, Py_NewRef(priority));
    return r;
}

int posix_process_init(PyObject *module, PosixModule *m) {
    const struct { PyTypeObject **slot; PyStructSequence_Desc *desc; } types[] = {
        {&m->terminal_size, &terminal_desc}, {&m->times_result, &times_desc}, {&m->uname_result, &uname_desc},
        {&m->waitid_result, &waitid_desc}, {&m->sched_param, &sched_desc}};
    for (size_t i = 0; i < KR_ARRAY_LEN(types); i++)
        if (!(*types[i].slot = PyStructSequence_NewType(types[i].desc)) || PyModule_AddType(module, *types[i].slot) < 0) return -1;
    m->sched_param->tp_new = sched_param_new;
    return 0;
}
