/* _thread.c - the module `_thread`: lock, RLock, _local, starting threads.
 *
 * A thread's Python function runs between PyThreadState creation (by the parent, so that errors show there) and deletion
 * (by the thread). _local has one dict a thread, which is found by way of the thread's state dict, under a key that is the
 * _local's own (LocalShare).
 */
#include "krait.h"
#include "runtime/gil.h"
#include "vm/frame.h"
#include "vm/traceback.h"

typedef struct {
    PyObject_HEAD
    PyThread_type_lock lock;
    PyObject *weakrefs;
    char locked;
} LockObject;

typedef struct {
    PyObject_HEAD
    PyThread_type_lock lock;
    unsigned long owner, count;
    PyObject *weakrefs;
} RLockObject;

typedef struct {
    PyTypeObject *lock_type, *rlock_type, *local_type, *share_type, *args_type;
} ThreadModule;
static struct PyModuleDef thread_module;

/* ------------------------------------------------------------------ lock */

/* Waits with the GIL released; signal handlers run in between. PY_LOCK_INTR: a handler raised. timeout in microseconds. */
static PyLockStatus acquire(PyThread_type_lock lock, PY_TIMEOUT_T timeout) {
    PyLockStatus r = PyThread_acquire_lock_timed(lock, 0, 0);
    if (r == PY_LOCK_ACQUIRED || timeout == 0) return r;
    _PyTime_t end = timeout > 0 ? _PyTime_GetMonotonicClock() + timeout * 1000 : 0;
    for (;;) {
        Py_BEGIN_ALLOW_THREADS r = PyThread_acquire_lock_timed(lock, timeout, 1);
        Py_END_ALLOW_THREADS
        if (r != PY_LOCK_INTR) return r;
        if (Py_MakePendingCalls() < 0) return PY_LOCK_INTR;
        if (timeout > 0) {
            timeout = (end - _PyTime_GetMonotonicClock()) / 1000;
            if (timeout < 0) return PY_LOCK_FAILURE;
        }
    }
}

/* blocking and timeout of acquire() to microseconds; -1 waits forever. */
static int parse_timeout(PyObject *args, PyObject *kwds, PY_TIMEOUT_T *out) {
    static char *names[] = {"blocking", "timeout", NULL};
    int blocking = 1;
    PyObject *timeout = NULL;
    double d = -1;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|pO:acquire", names, &blocking, &timeout)) return -1;
    if (timeout) {
        d = PyFloat_AsDouble(timeout);
        if (d == -1.0 && PyErr_Occurred()) return -1;
    }
    if (!blocking && d != -1) {
        PyErr_SetString(PyExc_ValueError, "can't specify a timeout for a non-blocking call");
        return -1;
    }
    if (d < 0 && d != -1) {
        PyErr_SetString(PyExc_ValueError, "timeout value must be a non-negative number");
        return -1;
    }
    if (d != d) {
        PyErr_SetString(PyExc_ValueError, "Invalid value NaN (not a number)");
        return -1;
    }
    if (d > (double)PY_TIMEOUT_MAX / 1e6) {
        PyErr_SetString(PyExc_OverflowError, "timeout value is too large");
        return -1;
    }
    double us = d * 1e6;
    *out = !blocking ? 0 : d == -1 ? -1 : (PY_TIMEOUT_T)us + ((double)(PY_TIMEOUT_T)us < us);
    return 0;
}

static void lock_dealloc(LockObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    if (self->weakrefs) PyObject_ClearWeakRefs((PyObject *)self);
    if (self->lock) {
        if (self->locked) PyThread_release_lock(self->lock);
        PyThread_free_lock(self->lock);
    }
    type->tp_free(self);
    Py_DECREF(type);
}
PyDoc_STRVAR(acquire_doc, "acquire(blocking=True, timeout=-1) -> bool\n(acquire_lock() is an obsolete synonym)\n\nTakes the lock; whether it was got.");
static PyObject *lock_acquire(LockObject *self, PyObject *args, PyObject *kwds) {
    PY_TIMEOUT_T timeout;
    if (parse_timeout(args, kwds, &timeout) < 0) return NULL;
    PyLockStatus r = acquire(self->lock, timeout);
    if (r == PY_LOCK_INTR) return NULL;
    if (r == PY_LOCK_ACQUIRED) self->locked = 1;
    return PyBool_FromLong(r == PY_LOCK_ACQUIRED);
}
PyDoc_STRVAR(release_doc, "release()\n(release_lock() is an obsolete synonym)\n\nReleases the lock, which any thread may do.");
static PyObject *lock_release(LockObject *self, PyObject *ignored) {
    if (!self->locked) {
        PyErr_SetString(PyExc_RuntimeError, "release unlocked lock");
        return NULL;
    }
    self->locked = 0;
    PyThread_release_lock(self->lock);
    Py_RETURN_NONE;
}
PyDoc_STRVAR(locked_doc, "locked() -> bool\n(locked_lock() is an obsolete synonym)\n\nWhether the lock is taken.");
static PyObject *lock_locked(LockObject *self, PyObject *ignored) { return PyBool_FromLong(self->locked); }
static PyObject *lock_exit(LockObject *self, PyObject *args) { return lock_release(self, NULL); }
static PyObject *lock_repr(LockObject *self) {
    return PyUnicode_FromFormat("<%s %s object at %p>", self->locked ? "locked" : "unlocked", Py_TYPE(self)->tp_name, self);
}
static PyObject *lock_at_fork(LockObject *self, PyObject *ignored) {
    if (_PyThread_at_fork_reinit(&self->lock) < 0) {
        PyErr_SetString(PyExc_RuntimeError, "failed to reinitialize lock at fork");
        return NULL;
    }
    self->locked = 0;
    Py_RETURN_NONE;
}
static PyMethodDef lock_methods[] = {
    {"acquire_lock", KR_METH(lock_acquire), METH_VARARGS | METH_KEYWORDS, acquire_doc},
    {"acquire", KR_METH(lock_acquire), METH_VARARGS | METH_KEYWORDS, acquire_doc},
    {"release_lock", KR_METH(lock_release), METH_NOARGS, release_doc},
    {"release", KR_METH(lock_release), METH_NOARGS, release_doc},
    {"locked_lock", KR_METH(lock_locked), METH_NOARGS, locked_doc},
    {"locked", KR_METH(lock_locked), METH_NOARGS, locked_doc},
    {"__enter__", KR_METH(lock_acquire), METH_VARARGS | METH_KEYWORDS, acquire_doc},
    {"__exit__", KR_METH(lock_exit), METH_VARARGS, release_doc},
    {"_at_fork_reinit", KR_METH(lock_at_fork), METH_NOARGS, NULL},
    {NULL},
};
static PyMemberDef lock_members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(LockObject, weakrefs), READONLY}, {NULL}};
PyDoc_STRVAR(lock_doc, "A lock that one thread holds at a time; made by allocate_lock().");
static PyType_Slot lock_slots[] = {{Py_tp_dealloc, lock_dealloc}, {Py_tp_repr, lock_repr}, {Py_tp_doc, (void *)lock_doc},
                                   {Py_tp_methods, lock_methods}, {Py_tp_members, lock_members}, {0, NULL}};
static PyType_Spec lock_spec = {"_thread.lock", sizeof(LockObject), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, lock_slots};

static LockObject *new_lock(PyObject *module) {
    ThreadModule *m = PyModule_GetState(module);
    LockObject *l = (LockObject *)m->lock_type->tp_alloc(m->lock_type, 0);
    if (!l) return NULL;
    if (!(l->lock = PyThread_allocate_lock())) {
        Py_DECREF(l);
        PyErr_SetString(PyExc_RuntimeError, "can't allocate lock");
        return NULL;
    }
    return l;
}

/* ------------------------------------------------------------------ RLock */

static PyObject *rlock_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    RLockObject *l = (RLockObject *)type->tp_alloc(type, 0);
    if (l && !(l->lock = PyThread_allocate_lock())) {
        Py_CLEAR(l);
        PyErr_SetString(PyExc_RuntimeError, "can't allocate lock");
    }
    return (PyObject *)l;
}
static void rlock_dealloc(RLockObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    if (self->weakrefs) PyObject_ClearWeakRefs((PyObject *)self);
    if (self->lock) {
        if (self->count) PyThread_release_lock(self->lock);
        PyThread_free_lock(self->lock);
    }
    type->tp_free(self);
    Py_DECREF(type);
}
static PyObject *rlock_acquire(RLockObject *self, PyObject *args, PyObject *kwds) {
    PY_TIMEOUT_T timeout;
    if (parse_timeout(args, kwds, &timeout) < 0) return NULL;
    unsigned long me = PyThread_get_thread_ident();
    if (self->count && self->owner == me) {
        if (self->count == ULONG_MAX) {
            PyErr_SetString(PyExc_OverflowError, "Internal lock count overflowed");
            return NULL;
        }
        self->count++;
        Py_RETURN_TRUE;
    }
    PyLockStatus r = acquire(self->lock, timeout);
    if (r == PY_LOCK_INTR) return NULL;
    if (r == PY_LOCK_ACQUIRED) {
        self->owner = me;
        self->count = 1;
    }
    return PyBool_FromLong(r == PY_LOCK_ACQUIRED);
}
static PyObject *rlock_release(RLockObject *self, PyObject *ignored) {
    if (!self->count || self->owner != PyThread_get_thread_ident()) {
        PyErr_SetString(PyExc_RuntimeError, "cannot release un-acquired lock");
        return NULL;
    }
    if (--self->count == 0) {
        self->owner = 0;
        PyThread_release_lock(self->lock);
    }
    Py_RETURN_NONE;
}
static PyObject *rlock_exit(RLockObject *self, PyObject *args) { return rlock_release(self, NULL); }
static PyObject *rlock_is_owned(RLockObject *self, PyObject *ignored) {
    return PyBool_FromLong(self->count && self->owner == PyThread_get_thread_ident());
}
static PyObject *rlock_release_save(RLockObject *self, PyObject *ignored) {
    if (!self->count) {
        PyErr_SetString(PyExc_RuntimeError, "cannot release un-acquired lock");
        return NULL;
    }
    PyObject *r = Py_BuildValue("(kk)", self->count, self->owner);
    self->count = 0;
    self->owner = 0;
    PyThread_release_lock(self->lock);
    return r;
}
static PyObject *rlock_acquire_restore(RLockObject *self, PyObject *args) {
    unsigned long count, owner;
    if (!PyArg_ParseTuple(args, "(kk):_acquire_restore", &count, &owner)) return NULL;
    if (!PyThread_acquire_lock(self->lock, 0)) {
        Py_BEGIN_ALLOW_THREADS PyThread_acquire_lock(self->lock, 1);
        Py_END_ALLOW_THREADS
    }
    self->owner = owner;
    self->count = count;
    Py_RETURN_NONE;
}
static PyObject *rlock_repr(RLockObject *self) {
    return PyUnicode_FromFormat("<%s %s object owner=%ld count=%lu at %p>", self->count ? "locked" : "unlocked", Py_TYPE(self)->tp_name,
                                (long)self->owner, self->count, self);
}
static PyObject *rlock_at_fork(RLockObject *self, PyObject *ignored) {
    if (_PyThread_at_fork_reinit(&self->lock) < 0) {
        PyErr_SetString(PyExc_RuntimeError, "failed to reinitialize lock at fork");
        return NULL;
    }
    self->owner = self->count = 0;
    Py_RETURN_NONE;
}
static PyMethodDef rlock_methods[] = {
    {"acquire", KR_METH(rlock_acquire), METH_VARARGS | METH_KEYWORDS, acquire_doc},
    {"release", KR_METH(rlock_release), METH_NOARGS, release_doc},
    {"_is_owned", KR_METH(rlock_is_owned), METH_NOARGS, NULL},
    {"_acquire_restore", KR_METH(rlock_acquire_restore), METH_VARARGS, NULL},
    {"_release_save", KR_METH(rlock_release_save), METH_NOARGS, NULL},
    {"__enter__", KR_METH(rlock_acquire), METH_VARARGS | METH_KEYWORDS, acquire_doc},
    {"__exit__", KR_METH(rlock_exit), METH_VARARGS, release_doc},
    {"_at_fork_reinit", KR_METH(rlock_at_fork), METH_NOARGS, NULL},
    {NULL},
};
static PyMemberDef rlock_members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(RLockObject, weakrefs), READONLY}, {NULL}};
static PyType_Slot rlock_slots[] = {{Py_tp_new, rlock_new}, {Py_tp_dealloc, rlock_dealloc}, {Py_tp_repr, rlock_repr},
                                    {Py_tp_methods, rlock_methods}, {Py_tp_members, rlock_members}, {0, NULL}};
static PyType_Spec rlock_spec = {"_thread.RLock", sizeof(RLockObject), 0,
                                 Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE, rlock_slots};

/* ------------------------------------------------------------------ _local */

/* What a thread's state dict has of a _local: it goes with the thread. The dict of attributes behind it belongs to the _local, so that the collector finds
 * cycles through it. */
typedef struct LocalShare {
    PyObject_HEAD
    struct LocalObject *owner;  /* borrowed; NULL once it has been cleared */
    struct LocalShare *next, **link;
    PyObject *dict;             /* the owner's */
} LocalShare;

typedef struct LocalObject {
    PyObject_HEAD
    PyObject *key;              /* str, in every thread's state dict that has used this object */
    PyObject *args, *kwds;      /* for __init__ in each thread */
    PyObject *weakrefs;
    LocalShare *shares;         /* of all threads, borrowed */
} LocalObject;

/* Takes a share from its owner: the dict, now the caller's. */
static PyObject *share_take_dict(LocalShare *share) {
    PyObject *dict = share->dict;
    if (share->owner) {
        *share->link = share->next;
        if (share->next) share->next->link = share->link;
    }
    share->owner = NULL;
    share->dict = NULL;
    return dict;
}
static void share_dealloc(LocalShare *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject *dict = share_take_dict(self);
    PyObject_Free(self);
    Py_DECREF(type);
    Py_XDECREF(dict);
}
static PyType_Slot share_slots[] = {{Py_tp_dealloc, share_dealloc}, {0, NULL}};
static PyType_Spec share_spec = {"_thread._localdummy", sizeof(LocalShare), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, share_slots};

/* A new, empty dict for this thread, borrowed. */
static PyObject *local_add_dict(LocalObject *self, PyObject *ts) {
    PyObject *module = PyType_GetModuleByDef(Py_TYPE(self), &thread_module);
    if (!module) return NULL;
    LocalShare *share = PyObject_New(LocalShare, ((ThreadModule *)PyModule_GetState(module))->share_type);
    if (!share) return NULL;
    share->owner = NULL;
    if (!(share->dict = PyDict_New()) || PyDict_SetItem(ts, self->key, (PyObject *)share) < 0) {
        Py_DECREF(share);
        return NULL;
    }
    share->owner = self;
    share->link = &self->shares;
    if ((share->next = self->shares)) share->next->link = &share->next;
    self->shares = share;
    Py_DECREF(share);           /* the thread's */
    return share->dict;
}
static PyObject *local_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    if (type->tp_init == PyBaseObject_Type.tp_init &&
        ((args && PyTuple_GET_SIZE(args)) || (kwds && PyDict_GET_SIZE(kwds)))) {
        PyErr_SetString(PyExc_TypeError, "Initialization arguments are not supported");
        return NULL;
    }
    LocalObject *self = (LocalObject *)type->tp_alloc(type, 0);
    if (!self) return NULL;
    self->args = Py_XNewRef(args);
    self->kwds = Py_XNewRef(kwds);
    self->key = PyUnicode_FromFormat("thread.local.%p", self);
    PyObject *ts = PyThreadState_GetDict();
    if (!self->key || !ts || !local_add_dict(self, ts)) Py_CLEAR(self);
    return (PyObject *)self;
}
/* This thread's dict of self, borrowed; on first use in a thread __init__ runs. */
static PyObject *local_dict(LocalObject *self) {
    PyObject *ts = PyThreadState_GetDict();
    if (!ts) {
        PyErr_SetString(PyExc_SystemError, "Couldn't get thread-state dictionary");
        return NULL;
    }
    LocalShare *share = (LocalShare *)PyDict_GetItemWithError(ts, self->key);
    if (share && share->owner == self) return share->dict;
    if (PyErr_Occurred()) return NULL;
    PyObject *d = local_add_dict(self, ts);
    if (!d) return NULL;
    PyTypeObject *type = Py_TYPE(self);
    if (type->tp_init != PyBaseObject_Type.tp_init && type->tp_init((PyObject *)self, self->args, self->kwds) < 0) {
        PyObject *t, *v, *tb;
        PyErr_Fetch(&t, &v, &tb);
        if (PyDict_DelItem(ts, self->key) < 0) PyErr_Clear();
        PyErr_Restore(t, v, tb);
        return NULL;
    }
    return d;
}
static int local_traverse(LocalObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->args);
    Py_VISIT(self->kwds);
    for (LocalShare *share = self->shares; share; share = share->next) Py_VISIT(share->dict);
    return 0;
}
/* Drops every thread's dict of self. */
static int local_clear(LocalObject *self) {
    Py_CLEAR(self->args);
    Py_CLEAR(self->kwds);
    while (self->shares) Py_XDECREF(share_take_dict(self->shares));
    return 0;
}
static void local_dealloc(LocalObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (self->weakrefs) PyObject_ClearWeakRefs((PyObject *)self);
    local_clear(self);
    for (PyThreadState *t = self->key ? PyInterpreterState_ThreadHead(PyInterpreterState_Get()) : NULL; t; t = PyThreadState_Next(t)) {
        if (!t->dict) continue;
        PyObject *v = _PyDict_Pop(t->dict, self->key, Py_None);
        if (!v) PyErr_Clear();
        Py_XDECREF(v);
    }
    Py_CLEAR(self->key);
    type->tp_free(self);
    Py_DECREF(type);
}
static PyObject *local_getattro(LocalObject *self, PyObject *name) {
    PyObject *d = local_dict(self);
    if (!d) return NULL;
    if (PyUnicode_Check(name) && _PyUnicode_EQ(name, KR_STR(__dict__))) return Py_NewRef(d);
    Py_INCREF(d);
    PyObject *r = _PyObject_GenericGetAttrWithDict((PyObject *)self, name, d, 0);
    Py_DECREF(d);
    return r;
}
static int local_setattro(LocalObject *self, PyObject *name, PyObject *v) {
    PyObject *d = local_dict(self);
    if (!d) return -1;
    if (PyUnicode_Check(name) && _PyUnicode_EQ(name, KR_STR(__dict__))) {
        PyErr_Format(PyExc_AttributeError, "'%.50s' object attribute '%U' is read-only", Py_TYPE(self)->tp_name, name);
        return -1;
    }
    Py_INCREF(d);
    int rc = _PyObject_GenericSetAttrWithDict((PyObject *)self, name, v, d);
    Py_DECREF(d);
    return rc;
}
static PyMemberDef local_members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(LocalObject, weakrefs), READONLY}, {NULL}};
static PyType_Slot local_slots[] = {{Py_tp_new, local_new}, {Py_tp_dealloc, local_dealloc}, {Py_tp_traverse, local_traverse},
                                    {Py_tp_clear, local_clear}, {Py_tp_getattro, local_getattro}, {Py_tp_setattro, local_setattro},
                                    {Py_tp_members, local_members}, {Py_tp_doc, "_local()\n--\n\nThread-local data."}, {0, NULL}};
static PyType_Spec local_spec = {"_thread._local", sizeof(LocalObject), 0,
                                 Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, local_slots};

/* ------------------------------------------------------------------ starting threads */

typedef struct {
    PyThreadState *ts;
    PyObject *func, *args, *kwds;
} BootState;

static void thread_boot(void *p) {
    BootState *b = p;
    PyThreadState *ts = b->ts;
    KrInterp *interp = ts->interp;
    kr_thread_bind((KrThread *)ts);
    PyEval_AcquireThread(ts);
    interp->runtime.thread_count++;
    PyObject *r = PyObject_Call(b->func, b->args, b->kwds);
    if (r) Py_DECREF(r);
    else if (PyErr_ExceptionMatches(PyExc_SystemExit)) PyErr_Clear();
    else _PyErr_WriteUnraisableMsg("in thread started by", b->func);
    Py_DECREF(b->func);
    Py_DECREF(b->args);
    Py_XDECREF(b->kwds);
    PyMem_RawFree(b);
    interp->runtime.thread_count--;
    PyThreadState_Clear(ts);
    _PyThreadState_DeleteCurrent(ts);
}

PyDoc_STRVAR(start_new_thread_doc, "start_new_thread(function, args[, kwargs])\n(start_new() is an obsolete synonym)\n\nRuns function(*args, **kwargs) in a new thread; its identifier.");
static PyObject *thread_start(PyObject *self, PyObject *fargs) {
    PyObject *func, *args, *kwds = NULL;
    if (!PyArg_UnpackTuple(fargs, "start_new_thread", 2, 3, &func, &args, &kwds)) return NULL;
    if (!PyCallable_Check(func)) {
        PyErr_SetString(PyExc_TypeError, "first arg must be callable");
        return NULL;
    }
    if (!PyTuple_Check(args)) {
        PyErr_SetString(PyExc_TypeError, "2nd arg must be a tuple");
        return NULL;
    }
    if (kwds && !PyDict_Check(kwds)) {
        PyErr_SetString(PyExc_TypeError, "optional 3rd arg must be a dictionary");
        return NULL;
    }
    if (kr_interp()->config._isolated_interpreter) {
        PyErr_SetString(PyExc_RuntimeError, "thread is not supported for isolated subinterpreters");
        return NULL;
    }
    BootState *b = PyMem_RawMalloc(sizeof *b);
    if (!b) return PyErr_NoMemory();
    b->ts = _PyThreadState_Prealloc(PyInterpreterState_Get());
    if (!b->ts) {
        PyMem_RawFree(b);
        return PyErr_NoMemory();
    }
    b->func = Py_NewRef(func);
    b->args = Py_NewRef(args);
    b->kwds = Py_XNewRef(kwds);
    unsigned long id = PyThread_start_new_thread(thread_boot, b);
    if (id == PYTHREAD_INVALID_THREAD_ID) {
        PyErr_SetString(PyExc_RuntimeError, "can't start new thread");
        PyThreadState_Clear(b->ts);
        PyThreadState_Delete(b->ts);
        Py_DECREF(b->func);
        Py_DECREF(b->args);
        Py_XDECREF(b->kwds);
        PyMem_RawFree(b);
        return NULL;
    }
    return PyLong_FromUnsignedLong(id);
}
PyDoc_STRVAR(exit_doc, "exit()\n(exit_thread() is an obsolete synonym)\n\nRaises SystemExit, which ends the thread silently.");
static PyObject *thread_exit(PyObject *self, PyObject *ignored) {
    PyErr_SetNone(PyExc_SystemExit);
    return NULL;
}
PyDoc_STRVAR(interrupt_main_doc, "interrupt_main(signum=signal.SIGINT, /)\n\nActs as if the signal had come to the main thread.");
static PyObject *thread_interrupt_main(PyObject *self, PyObject *args) {
    int signum = SIGINT;
    if (!PyArg_ParseTuple(args, "|i:signum", &signum)) return NULL;
    if (PyErr_SetInterruptEx(signum)) {
        PyErr_SetString(PyExc_ValueError, "signal number out of range");
        return NULL;
    }
    Py_RETURN_NONE;
}
PyDoc_STRVAR(allocate_doc, "allocate_lock() -> lock object\n(allocate() is an obsolete synonym)\n\nA new lock, not taken.");
static PyObject *thread_allocate(PyObject *self, PyObject *ignored) { return (PyObject *)new_lock(self); }
PyDoc_STRVAR(get_ident_doc, "get_ident() -> integer\n\nThis thread's identifier.");
static PyObject *thread_get_ident(PyObject *self, PyObject *ignored) { return PyLong_FromUnsignedLong(PyThread_get_thread_ident()); }
PyDoc_STRVAR(get_native_id_doc, "get_native_id() -> integer\n\nThe kernel's identifier of this thread.");
static PyObject *thread_get_native_id(PyObject *self, PyObject *ignored) { return PyLong_FromUnsignedLong(PyThread_get_thread_native_id()); }
PyDoc_STRVAR(count_doc, "_count() -> integer\n\nHow many threads this module started that still run.");
static PyObject *thread_count(PyObject *self, PyObject *ignored) { return PyLong_FromLong(kr_interp()->runtime.thread_count); }
PyDoc_STRVAR(stack_size_doc, "stack_size([size]) -> size\n\nThe stack size of new threads in bytes, 0 for the system's; sets it.");
static PyObject *thread_stack_size(PyObject *self, PyObject *args) {
    Py_ssize_t size = 0;
    if (!PyArg_ParseTuple(args, "|n:stack_size", &size)) return NULL;
    if (size < 0) {
        PyErr_SetString(PyExc_ValueError, "size must be 0 or a positive value");
        return NULL;
    }
    size_t old = PyThread_get_stacksize();
    if (PyTuple_GET_SIZE(args) && PyThread_set_stacksize((size_t)size) < 0) {
        PyErr_Format(PyExc_ValueError, "size not valid: %zd bytes", size);
        return NULL;
    }
    return PyLong_FromSize_t(old);
}

/* The thread state is going: releases the sentinel that Thread.join() waits on. */
static void release_sentinel(void *weak) {
    PyObject *ref = weak, *o = PyWeakref_GET_OBJECT(ref);
    if (o != Py_None) {
        LockObject *l = (LockObject *)o;
        if (l->locked) {
            PyThread_release_lock(l->lock);
            l->locked = 0;
        }
    }
    Py_DECREF(ref);
}
PyDoc_STRVAR(set_sentinel_doc, "_set_sentinel() -> lock\n\nA lock that is released when this thread's state is gone.");
static PyObject *thread_set_sentinel(PyObject *self, PyObject *ignored) {
    PyThreadState *ts = PyThreadState_Get();
    if (ts->on_delete_data) {
        PyObject *old = ts->on_delete_data;
        ts->on_delete = NULL;
        ts->on_delete_data = NULL;
        Py_DECREF(old);
    }
    LockObject *l = new_lock(self);
    PyObject *ref = l ? PyWeakref_NewRef((PyObject *)l, NULL) : NULL;
    if (!ref) {
        Py_XDECREF(l);
        return NULL;
    }
    ts->on_delete_data = ref;
    ts->on_delete = release_sentinel;
    return (PyObject *)l;
}

static PyStructSequence_Field args_fields[] = {{"exc_type", "Exception type"}, {"exc_value", "Exception value"},
                                               {"exc_traceback", "Exception traceback"}, {"thread", "Thread"}, {0}};
static PyStructSequence_Desc args_desc = {"_thread._ExceptHookArgs", "ExceptHookArgs\n\nWhat threading.excepthook gets.", args_fields, 4};

PyDoc_STRVAR(excepthook_doc, "excepthook(exc_type, exc_value, exc_traceback, thread)\n\nReports an uncaught exception of Thread.run().");
static PyObject *thread_excepthook(PyObject *self, PyObject *args) {
    ThreadModule *m = PyModule_GetState(self);
    if (!Py_IS_TYPE(args, m->args_type)) {
        PyErr_SetString(PyExc_TypeError, "_thread.excepthook argument type must be ExceptHookArgs");
        return NULL;
    }
    PyObject *type = PyStructSequence_GET_ITEM(args, 0), *value = PyStructSequence_GET_ITEM(args, 1);
    PyObject *tb = PyStructSequence_GET_ITEM(args, 2), *thread = PyStructSequence_GET_ITEM(args, 3);
    if (type == PyExc_SystemExit) Py_RETURN_NONE;
    PyObject *file = PySys_GetObject("stderr");
    if (!file || file == Py_None) {
        if (thread == Py_None) Py_RETURN_NONE;
        if (!(file = PyObject_GetAttrString(thread, "_stderr"))) return NULL;
        if (file == Py_None) return file;
    } else {
        Py_INCREF(file);
    }
    PyObject *name = NULL, *text = NULL;
    if (thread != Py_None && _PyObject_LookupAttr(thread, KR_STR(name), &name) < 0) PyErr_Clear();
    text = name ? PyObject_Str(name) : PyLong_FromUnsignedLong(PyThread_get_thread_ident());
    PyObject *line = text ? PyUnicode_FromFormat("Exception in thread %S:\n", text) : NULL;
    int bad = !line || PyFile_WriteObject(line, file, Py_PRINT_RAW) < 0;
    Py_XDECREF(name);
    Py_XDECREF(text);
    Py_XDECREF(line);
    if (!bad) {
        _PyErr_Display(file, type, value, tb);
        PyObject *r = PyObject_CallMethodNoArgs(file, KR_STR(flush));
        if (!r) PyErr_Clear();
        Py_XDECREF(r);
    }
    Py_DECREF(file);
    if (bad) return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef thread_methods[] = {
    {"start_new_thread", thread_start, METH_VARARGS, start_new_thread_doc},
    {"start_new", thread_start, METH_VARARGS, start_new_thread_doc},
    {"allocate_lock", thread_allocate, METH_NOARGS, allocate_doc},
    {"allocate", thread_allocate, METH_NOARGS, allocate_doc},
    {"exit_thread", thread_exit, METH_NOARGS, exit_doc},
    {"exit", thread_exit, METH_NOARGS, exit_doc},
    {"interrupt_main", thread_interrupt_main, METH_VARARGS, interrupt_main_doc},
    {"get_ident", thread_get_ident, METH_NOARGS, get_ident_doc},
    {"get_native_id", thread_get_native_id, METH_NOARGS, get_native_id_doc},
    {"_count", thread_count, METH_NOARGS, count_doc},
    {"stack_size", thread_stack_size, METH_VARARGS, stack_size_doc},
    {"_set_sentinel", thread_set_sentinel, METH_NOARGS, set_sentinel_doc},
    {"_excepthook", thread_excepthook, METH_O, excepthook_doc},
    {NULL},
};

static int thread_exec(PyObject *module) {
    ThreadModule *m = PyModule_GetState(module);
    if (!(m->lock_type = (PyTypeObject *)PyType_FromSpec(&lock_spec)) || PyModule_AddType(module, m->lock_type) < 0 ||
        PyDict_SetItemString(PyModule_GetDict(module), "LockType", (PyObject *)m->lock_type) < 0 ||
        !(m->rlock_type = (PyTypeObject *)PyType_FromSpec(&rlock_spec)) || PyModule_AddType(module, m->rlock_type) < 0 ||
        !(m->local_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &local_spec, NULL)) || PyModule_AddType(module, m->local_type) < 0 ||
        !(m->share_type = (PyTypeObject *)PyType_FromSpec(&share_spec)) ||
        !(m->args_type = PyStructSequence_NewType(&args_desc)) || PyModule_AddType(module, m->args_type) < 0 ||
        PyModule_AddObjectRef(module, "error", PyExc_RuntimeError) < 0)
        return -1;
    PyObject *max = PyFloat_FromDouble((double)(PY_TIMEOUT_MAX / 1000000));
    int rc = max ? PyModule_AddObjectRef(module, "TIMEOUT_MAX", max) : -1;
    Py_XDECREF(max);
    return rc;
}
static int thread_module_traverse(PyObject *module, visitproc visit, void *arg) {
    ThreadModule *m = PyModule_GetState(module);
    Py_VISIT(m->lock_type);
    Py_VISIT(m->rlock_type);
    Py_VISIT(m->local_type);
    Py_VISIT(m->share_type);
    Py_VISIT(m->args_type);
    return 0;
}
static int thread_module_clear(PyObject *module) {
    ThreadModule *m = PyModule_GetState(module);
    Py_CLEAR(m->lock_type);
    Py_CLEAR(m->rlock_type);
    Py_CLEAR(m->local_type);
    Py_CLEAR(m->share_type);
    Py_CLEAR(m->args_type);
    return 0;
}
static void thread_module_free(void *module) { thread_module_clear(module); }
static PyModuleDef_Slot thread_slots[] = {{Py_mod_exec, thread_exec}, {0, NULL}};
PyDoc_STRVAR(thread_doc, "Primitive threads and locks; the module threading is for programs.");
static struct PyModuleDef thread_module = {PyModuleDef_HEAD_INIT, "_thread", thread_doc, sizeof(ThreadModule), thread_methods, thread_slots,
                                           thread_module_traverse, thread_module_clear, thread_module_free};
PyObject *PyInit__thread(void) { return PyModuleDef_Init(&thread_module); }
