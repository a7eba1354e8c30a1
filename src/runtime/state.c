/* state.c - creation, linking and deletion of interpreters and threads, and the C API over them.
 *
 * Who owns what: kr_runtime owns the list of interpreters; an interpreter owns the list of its threads (doubly linked
 * through base.prev/base.next, under the GIL). The calling OS thread's KrThread is kr_tls_thread while it holds the GIL;
 * the `auto_thread` thread-local remembers it between PyEval_SaveThread and RestoreThread for PyGILState.
 */
#include "krait.h"
#include "object/interpreterid.h"
#include "runtime/audit.h"
#include "runtime/crossinterp.h"
#include "runtime/import_fast.h"
#include "runtime/gil.h"
#include "runtime/lifecycle.h"
#include "vm/frame.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

KrRuntime kr_runtime;
_Thread_local KrThread *kr_tls_thread __attribute__((tls_model("initial-exec")));
_Thread_local char *kr_tls_stack_low __attribute__((tls_model("initial-exec")));
static _Thread_local KrThread *auto_thread __attribute__((tls_model("initial-exec")));

/* ------------------------------------------------------------------ interpreters */

/* A zeroed KrInterp: its pages are made when they are touched, which those of the type cache may never be. */
static KrInterp *new_interp(void) {
#ifdef KR_ASAN
    return calloc(1, sizeof(KrInterp));     /* where the leak check looks for pointers */
#else
    void *p = mmap(NULL, sizeof(KrInterp), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
#endif
}
static void free_interp(KrInterp *interp) {
#ifdef KR_ASAN
    free(interp);
#else
    munmap(interp, sizeof *interp);
#endif
}
/* An interpreter without anything in it, at the head of the runtime's list; NULL when memory is out or an audit hook objects. */
PyInterpreterState *PyInterpreterState_New(void) {
    if (kr_tls_thread && PySys_Audit("cpython.PyInterpreterState_New", NULL) < 0) return NULL;
    KrInterp *interp = new_interp();
    if (!interp) return NULL;
    KrGil *gil = &kr_runtime.process.gil;
    bool first = !kr_runtime.main_interp;
    if (pthread_mutex_init(&interp->runtime.pending_mutex, NULL) || (first && kr_gil_init(gil) < 0)) {
        free_interp(interp);
        return NULL;
    }
    interp->type.cache_mask = KR_TYPE_CACHE_SIZE / 4 - 1;
    if (first) kr_runtime.main_interp = interp;
    interp->runtime.gil = gil;
    interp->vm.recursion_limit = 1000;
    interp->runtime.dlopenflags = 2; /* RTLD_NOW */
    kr_gc_init(interp);
    interp->id = kr_runtime.process.next_interp_id++;
    interp->next = kr_runtime.interps;
    kr_runtime.interps = interp;
    return interp;
}

void PyInterpreterState_Clear(PyInterpreterState *interp) {
    if (PySys_Audit("cpython.PyInterpreterState_Clear", NULL) < 0) PyErr_Clear();
    for (KrThread *t = interp->threads; t; t = (KrThread *)t->base.next) PyThreadState_Clear(&t->base);
    Py_CLEAR(interp->codec_search_path);
    Py_CLEAR(interp->codec_search_cache);
    Py_CLEAR(interp->codec_error_registry);
    Py_CLEAR(interp->dict);
    Py_CLEAR(interp->importlib);
    Py_CLEAR(interp->import_func);
    Py_CLEAR(interp->runtime.warn_filters);
    Py_CLEAR(interp->runtime.warn_once);
    Py_CLEAR(interp->runtime.warn_default);
    Py_CLEAR(interp->runtime.before_forkers);
    Py_CLEAR(interp->runtime.after_forkers_parent);
    Py_CLEAR(interp->runtime.after_forkers_child);
    kr_import_fast_clear(interp);
    Py_CLEAR(interp->runtime.modules_by_index);
    if (interp == kr_runtime.main_interp) kr_audit_clear();
    Py_CLEAR(interp->runtime.audit_hook_list);
    Py_CLEAR(interp->sysdict);
    Py_CLEAR(interp->builtins);
    Py_CLEAR(interp->sys_module);
    Py_CLEAR(interp->builtins_module);
    Py_CLEAR(interp->modules);
}

void PyInterpreterState_Delete(PyInterpreterState *interp) {
    KrInterp **link = &kr_runtime.interps;
    while (*link && *link != interp) link = &(*link)->next;
    if (*link) *link = interp->next;
    while (interp->threads) PyThreadState_Delete(&interp->threads->base);
    if (kr_runtime.main_interp == interp) {
        kr_runtime.main_interp = NULL;
        kr_gil_fini(interp->runtime.gil);
    }
    PyConfig_Clear(&interp->config);
    pthread_mutex_destroy(&interp->runtime.pending_mutex);
    free_interp(interp);
}

PyInterpreterState *PyInterpreterState_Get(void) { return PyThreadState_Get()->interp; }
PyInterpreterState *PyInterpreterState_Main(void) { return kr_runtime.main_interp; }
PyInterpreterState *PyInterpreterState_Head(void) { return kr_runtime.interps; }
PyInterpreterState *PyInterpreterState_Next(PyInterpreterState *interp) { return interp->next; }
PyThreadState *PyInterpreterState_ThreadHead(PyInterpreterState *interp) { return (PyThreadState *)interp->threads; }
int64_t PyInterpreterState_GetID(PyInterpreterState *interp) {
    if (!interp) {
        PyErr_SetString(PyExc_RuntimeError, "no interpreter provided");
        return -1;
    }
    return interp->id;
}

KrInterp *kr_interp_find(int64_t id) {
    KrInterp *interp = kr_runtime.interps;
    while (interp && interp->id != id) interp = interp->next;
    return interp;
}
PyInterpreterState *_PyInterpreterState_LookUpID(int64_t id) {
    KrInterp *interp = kr_interp_find(id);
    if (!interp) PyErr_Format(PyExc_RuntimeError, "unrecognized interpreter ID %lld", (long long)id);
    return interp;
}

PyObject *PyInterpreterState_GetDict(PyInterpreterState *interp) {
    if (!interp->dict) {
        interp->dict = PyDict_New();
        if (!interp->dict) PyErr_Clear();
    }
    return interp->dict;
}

PyObject *_PyInterpreterState_GetMainModule(PyInterpreterState *interp) {
    if (!interp->modules) {
        PyErr_SetString(PyExc_RuntimeError, "interpreter not initialized");
        return NULL;
    }
    PyObject *m = PyDict_GetItemWithError(interp->modules, KR_STR(__main__));
    return Py_XNewRef(m);
}

int _PyInterpreterState_RequiresIDRef(PyInterpreterState *interp) { return interp->runtime.requires_idref; }
void _PyInterpreterState_RequireIDRef(PyInterpreterState *interp, int required) { interp->runtime.requires_idref = required != 0; }
_PyFrameEvalFunction _PyInterpreterState_GetEvalFrameFunc(PyInterpreterState *interp) { return interp->runtime.eval_frame; }
void _PyInterpreterState_SetEvalFrameFunc(PyInterpreterState *interp, _PyFrameEvalFunction f) { interp->runtime.eval_frame = f; }
const PyConfig *_PyInterpreterState_GetConfig(PyInterpreterState *interp) { return &interp->config; }
const PyConfig *_Py_GetConfig(void) { return &kr_interp()->config; }

/* ------------------------------------------------------------------ threads */

/* A new, unbound thread state of interp; NULL when memory is out. */
static KrThread *thread_new(KrInterp *interp) {
    KrThread *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    PyThreadState *ts = &t->base;
    ts->interp = interp;
    ts->recursion_limit = ts->recursion_remaining = Py_MIN(interp->vm.recursion_limit, KR_RECURSION_MAX);
    ts->exc_info = &ts->exc_state;
    ts->cframe = &ts->root_cframe;
    ts->id = ++interp->runtime.next_thread_id;
    ts->context_ver = 1;
    if (kr_vm_thread_init(t) < 0) {
        free(t);
        return NULL;
    }
    ts->_initialized = 1;
    ts->next = interp->threads ? &interp->threads->base : NULL;
    if (ts->next) ts->next->prev = ts;
    interp->threads = t;
    return t;
}

/* Ties t to the calling OS thread. */
void kr_thread_bind(KrThread *t) {
    t->base.thread_id = PyThread_get_thread_ident();
    t->base.native_thread_id = PyThread_get_thread_native_id();
    kr_note_stack_bounds();
    if (!auto_thread) {
        auto_thread = t;
        t->base.gilstate_counter = 1;
    }
}

KrThread *kr_first_thread(KrInterp *interp) {
    KrThread *t = interp->threads;
    while (t && t->base.next) t = (KrThread *)t->base.next;
    return t;
}
KrThread *kr_thread_in(KrInterp *interp) {
    unsigned long me = PyThread_get_thread_ident();
    for (KrThread *t = interp->threads; t; t = (KrThread *)t->base.next)
        if (t->base.thread_id == me) return t;
    return NULL;
}

PyThreadState *PyThreadState_New(PyInterpreterState *interp) {
    KrThread *t = thread_new(interp);
    if (!t) return NULL;
    kr_thread_bind(t);
    return &t->base;
}

PyThreadState *_PyThreadState_Prealloc(PyInterpreterState *interp) {
    KrThread *t = thread_new(interp);
    return t ? &t->base : NULL;
}

void PyThreadState_Clear(PyThreadState *ts) {
    Py_CLEAR(ts->dict);
    Py_CLEAR(ts->async_exc);
    Py_CLEAR(ts->curexc_type);
    Py_CLEAR(ts->curexc_value);
    Py_CLEAR(ts->curexc_traceback);
    Py_CLEAR(ts->exc_state.exc_value);
    ts->c_profilefunc = NULL;
    ts->c_tracefunc = NULL;
    Py_CLEAR(ts->c_profileobj);
    Py_CLEAR(ts->c_traceobj);
    Py_CLEAR(ts->async_gen_firstiter);
    Py_CLEAR(ts->async_gen_finalizer);
    Py_CLEAR(ts->context);
    if (ts->on_delete) {
        void (*f)(void *) = ts->on_delete;
        ts->on_delete = NULL;
        f(ts->on_delete_data);
    }
}

/* Unlinks and frees a cleared thread state. */
static void thread_delete(KrThread *t) {
    KrInterp *interp = t->base.interp;
    if (t->base.prev) t->base.prev->next = t->base.next;
    else interp->threads = (KrThread *)t->base.next;
    if (t->base.next) t->base.next->prev = t->base.prev;
    if (auto_thread == t) auto_thread = NULL;
    kr_vm_thread_fini(t);
    free(t);
}

void PyThreadState_Delete(PyThreadState *ts) { thread_delete((KrThread *)ts); }

void _PyThreadState_DeleteCurrent(PyThreadState *ts) {
    KrGil *gil = ts->interp->runtime.gil;
    kr_thread_swap(NULL);
    thread_delete((KrThread *)ts);
    kr_gil_release(gil);
}
void PyThreadState_DeleteCurrent(void) { _PyThreadState_DeleteCurrent(PyThreadState_Get()); }

/* After fork: drops every other thread's state of this interpreter. */
void kr_threads_delete_others(KrThread *keep) {
    KrInterp *interp = keep->base.interp;
    KrThread *t = interp->threads;
    while (t) {
        KrThread *next = (KrThread *)t->base.next;
        if (t != keep) {
            PyThreadState_Clear(&t->base);
            thread_delete(t);
        }
        t = next;
    }
}

PyThreadState *PyThreadState_Get(void) {
    if (KR_UNLIKELY(!kr_tls_thread))
        Py_FatalError("the function must be called with the GIL held, but the GIL is released "
                      "(the current Python thread state is NULL)");
    return &kr_tls_thread->base;
}
PyThreadState *_PyThreadState_UncheckedGet(void) { return kr_tls_thread ? &kr_tls_thread->base : NULL; }
PyThreadState *PyThreadState_Next(PyThreadState *ts) { return ts->next; }
PyInterpreterState *PyThreadState_GetInterpreter(PyThreadState *ts) { return ts->interp; }
uint64_t PyThreadState_GetID(PyThreadState *ts) { return ts->id; }

PyFrameObject *PyThreadState_GetFrame(PyThreadState *ts) {
    KrFrame *f = kr_frame_visible(((KrThread *)ts)->vm.frame);
    if (!f) return NULL;
    PyFrameObject *o = kr_frame_object(f);
    if (!o) PyErr_Clear();
    return (PyFrameObject *)Py_XNewRef((PyObject *)o);
}

PyThreadState *PyThreadState_Swap(PyThreadState *ts) { return (PyThreadState *)kr_thread_swap((KrThread *)ts); }

PyObject *_PyThreadState_GetDict(PyThreadState *ts) {
    if (!ts->dict) {
        ts->dict = PyDict_New();
        if (!ts->dict) PyErr_Clear();
    }
    return ts->dict;
}
PyObject *PyThreadState_GetDict(void) { return kr_tls_thread ? _PyThreadState_GetDict(&kr_tls_thread->base) : NULL; }

int PyThreadState_SetAsyncExc(unsigned long id, PyObject *exc) {
    KrInterp *interp = kr_interp();
    for (KrThread *t = interp->threads; t; t = (KrThread *)t->base.next) {
        if (t->base.thread_id != id) continue;
        Py_XINCREF(exc);
        Py_XSETREF(t->base.async_exc, exc);
        interp->runtime.pending_async_exc = 1;
        kr_eval_request_poll(interp);
        return 1;
    }
    return 0;
}

/* A dict {thread id: value(thread)}; value returns a new reference, or NULL without exception to leave the thread out. */
static PyObject *threads_dict(PyObject *(*value)(KrThread *)) {
    PyObject *d = PyDict_New();
    if (!d) return NULL;
    for (KrInterp *i = kr_runtime.interps; i; i = i->next)
        for (KrThread *t = i->threads; t; t = (KrThread *)t->base.next) {
            PyObject *v = value(t);
            if (!v) {
                if (PyErr_Occurred()) goto fail;
                continue;
            }
            PyObject *id = PyLong_FromUnsignedLong(t->base.thread_id);
            int bad = !id || PyDict_SetItem(d, id, v) < 0;
            Py_XDECREF(id);
            Py_DECREF(v);
            if (bad) goto fail;
        }
    return d;
fail:
    Py_DECREF(d);
    return NULL;
}

static PyObject *thread_frame(KrThread *t) {
    KrFrame *f = kr_frame_visible(t->vm.frame);
    return f ? Py_XNewRef((PyObject *)kr_frame_object(f)) : NULL;
}
static PyObject *thread_exception(KrThread *t) {
    _PyErr_StackItem *item = t->base.exc_info;
    while (item->previous_item && (!item->exc_value || item->exc_value == Py_None)) item = item->previous_item;
    PyObject *v = item->exc_value ? item->exc_value : Py_None;
    if (v == Py_None) return PyTuple_Pack(3, Py_None, Py_None, Py_None);
    PyObject *tb = PyException_GetTraceback(v);
    PyObject *r = PyTuple_Pack(3, (PyObject *)Py_TYPE(v), v, tb ? tb : Py_None);
    Py_XDECREF(tb);
    return r;
}
PyObject *_PyThread_CurrentFrames(void) { return threads_dict(thread_frame); }
PyObject *_PyThread_CurrentExceptions(void) { return threads_dict(thread_exception); }

/* ------------------------------------------------------------------ PyGILState */

PyThreadState *PyGILState_GetThisThreadState(void) { return auto_thread ? &auto_thread->base : NULL; }
int PyGILState_Check(void) { return kr_runtime.process.gil_check_off || (kr_tls_thread && (!auto_thread || kr_tls_thread == auto_thread)); }
PyInterpreterState *_PyGILState_GetInterpreterStateUnsafe(void) { return kr_runtime.main_interp; }

PyGILState_STATE PyGILState_Ensure(void) {
    KrThread *t = auto_thread;
    if (!t) {
        KrInterp *interp = kr_runtime.main_interp;
        if (!interp) Py_FatalError("PyGILState_Ensure: the interpreter is not initialized");
        kr_gil_acquire_unbound(interp->runtime.gil);     /* the list of threads is guarded by the GIL */
        t = thread_new(interp);
        if (!t) Py_FatalError("Couldn't create thread-state for new thread");
        kr_gil_adopt(t);
        auto_thread = t;
        kr_thread_bind(t);
        t->base.gilstate_counter = 1;
        return PyGILState_UNLOCKED;
    }
    bool had = kr_tls_thread == t;
    if (!had) PyEval_RestoreThread(&t->base);
    t->base.gilstate_counter++;
    return had ? PyGILState_LOCKED : PyGILState_UNLOCKED;
}

void PyGILState_Release(PyGILState_STATE old) {
    KrThread *t = auto_thread;
    if (!t) Py_FatalError("auto-releasing thread-state, but no thread-state for this thread");
    if (--t->base.gilstate_counter == 0) {
        t->base.gilstate_counter++;         /* destructors may come back here */
        PyThreadState_Clear(&t->base);
        t->base.gilstate_counter--;
        _PyThreadState_DeleteCurrent(&t->base);
    } else if (old == PyGILState_UNLOCKED) {
        PyEval_SaveThread();
    }
}

/* ------------------------------------------------------------------ modules by definition */

PyObject *PyState_FindModule(PyModuleDef *def) {
    KrInterp *interp = kr_interp();
    PyObject *list = interp->runtime.modules_by_index;
    Py_ssize_t i = def->m_base.m_index;
    if (def->m_slots || i == 0 || !list || i >= PyList_GET_SIZE(list)) return NULL;
    PyObject *m = PyList_GET_ITEM(list, i);
    return m == Py_None ? NULL : m;
}

int PyState_AddModule(PyObject *module, PyModuleDef *def) {
    KrInterp *interp = kr_interp();
    if (def->m_slots) {
        PyErr_SetString(PyExc_SystemError, "PyState_AddModule called on module with slots");
        return -1;
    }
    if (!interp->runtime.modules_by_index && !(interp->runtime.modules_by_index = PyList_New(0))) return -1;
    PyObject *list = interp->runtime.modules_by_index;
    while (PyList_GET_SIZE(list) <= def->m_base.m_index)
        if (PyList_Append(list, Py_None) < 0) return -1;
    return PyList_SetItem(list, def->m_base.m_index, Py_NewRef(module));
}
PyAPI_FUNC(int) _PyState_AddModule(PyThreadState *ts, PyObject *module, PyModuleDef *def); /* of the stable ABI, in no public header */
int _PyState_AddModule(PyThreadState *ts, PyObject *module, PyModuleDef *def) { return PyState_AddModule(module, def); }
PyAPI_FUNC(void) _PyThreadState_Init(PyThreadState *ts);                                  /* the same */
void _PyThreadState_Init(PyThreadState *ts) { Py_FatalError("_PyThreadState_Init() is for internal use only"); }

int PyState_RemoveModule(PyModuleDef *def) {
    PyObject *list = kr_interp()->runtime.modules_by_index;
    if (def->m_slots) {
        PyErr_SetString(PyExc_SystemError, "PyState_RemoveModule called on module with slots");
        return -1;
    }
    if (!list || def->m_base.m_index >= PyList_GET_SIZE(list)) return 0;
    return PyList_SetItem(list, def->m_base.m_index, Py_NewRef(Py_None));
}
