/* subinterp.c - sub-interpreters: Py_NewInterpreter, Py_EndInterpreter, and what becomes of them at fork and at the process's end.
 *
 * A sub-interpreter is a KrInterp of its own: modules, builtins, importlib, interned strings, caches, collector, codecs, warnings, exit
 * functions. It shares with the others the GIL, the allocator's pools, immortal objects and static types, and the definitions of extension
 * modules. So an object of one may get into another (through a static variable of an extension, say), and die there: free lists and
 * counters are then the dying place's; the collector's lists and the interned table let go of it from anywhere.
 */
#include "memory/gc.h"
#include "object/interpreterid.h"
#include "object/method.h"
#include "object/static_type.h"
#include "object/type.h"
#include "runtime/config.h"
#include "runtime/crossinterp.h"
#include "runtime/gil.h"
#include "runtime/import.h"
#include "runtime/lifecycle.h"
#include "vm/specialize.h"
#include <stdlib.h>

/* Frees what is left of an interpreter whose modules, if it had any, are gone. Its one thread state is current. */
static void destroy(KrThread *t) {
    KrInterp *interp = t->base.interp;
    PyInterpreterState_Clear(interp);
    kr_shareables_forget(interp);
    kr_atexit_clear(interp);
    kr_exceptions_fini(interp);
    /* What a collection frees may let go of further cycles: of the class, say, of an object that the collector knows nothing of. */
    for (int round = 0; round < 10 && kr_gc_collect_nofail(interp) > 0; round++) {}
    kr_gc_fini(interp);
    kr_many_fini(interp);
    kr_type_cache_clear(interp);
    kr_static_types_fini(interp);
    kr_unicode_fini(interp);
    kr_container_fini(interp);
    kr_number_fini(interp);
    kr_method_fini(interp);
    kr_gc_abandon(interp);
    kr_import_lock_free(interp);
    kr_thread_swap(NULL);
    PyInterpreterState_Delete(interp);
}

/* The whole of an interpreter's end, in its one thread, which runs nothing. No thread state is current afterwards. */
static void end(KrThread *t) {
    t->base.interp->runtime.finalizing = true;
    kr_finalize_modules(t->base.interp);
    destroy(t);
}

/* The dicts of static types, which belong to the main interpreter, are whole from now on. */
static int fill_type_dicts(KrThread *caller) {
    if (!caller) kr_thread_swap(kr_runtime.main_interp->threads);
    int r = kr_types_fill_dicts();
    if (!caller) kr_thread_swap(NULL);
    return r;
}
PyThreadState *_Py_NewInterpreter(int isolated) {
    if (!kr_runtime.initialized) Py_FatalError("Py_NewInterpreter: the interpreter is not initialized");
    kr_runtime.process.gil_check_off = true;
    KrThread *caller = kr_thread();
    KrInterp *interp = fill_type_dicts(caller) < 0 ? NULL : PyInterpreterState_New();
    if (!interp) return NULL;
    KrThread *t = (KrThread *)PyThreadState_New(interp);
    if (!t) {
        PyInterpreterState_Delete(interp);
        return NULL;
    }
    kr_thread_swap(t);
    interp->runtime.busy = true;
    PyConfig_InitPythonConfig(&interp->config);
    PyStatus status = kr_config_copy(&interp->config, &(caller ? caller->base.interp : kr_runtime.main_interp)->config);
    interp->config._isolated_interpreter = isolated;
    const char *error = PyStatus_Exception(status) || kr_many_init(interp) < 0 ? "out of memory" : kr_interp_init(interp);
    if (!error && interp->config.site_import && kr_import_site() < 0) error = "can't import site";
    interp->runtime.busy = false;
    if (!error) {
        kr_gc_begin(interp);
        return &t->base;
    }
    if (PyErr_Occurred()) PyErr_PrintEx(0);
    end(t);
    kr_thread_swap(caller);
    return NULL;
}
PyThreadState *Py_NewInterpreter(void) { return _Py_NewInterpreter(0); }

/* Waits for the interpreter's threads and runs its exit functions; whether t is its only thread then. */
static bool wind_up(KrThread *t) {
    kr_wait_for_threads();
    kr_atexit_run(t->base.interp);
    return t->base.interp->threads == t && !t->base.next;
}

void Py_EndInterpreter(PyThreadState *ts) {
    KrThread *t = (KrThread *)ts;
    if (t != kr_thread()) Py_FatalError("thread is not current");
    if (t->vm.frame) Py_FatalError("thread still has a frame");
    ts->interp->runtime.busy = true;
    if (!wind_up(t)) Py_FatalError("not the last thread");
    end(t);
}

/* Ends a sub-interpreter in which nothing runs from wherever the caller is; whether it is gone. It stays when it is left with threads that
 * nobody waits for. */
static bool end_idle(KrInterp *interp) {
    KrThread *t = kr_first_thread(interp);
    if (!t || t->vm.frame || interp->runtime.busy || interp == kr_interp()) return false;
    KrThread *caller = kr_thread_swap(t);
    interp->runtime.busy = true;
    bool alone = wind_up(t);
    if (alone) end(t);
    else interp->runtime.busy = false;
    kr_thread_swap(caller);
    return alone;
}

void kr_subinterps_end(void) {
    for (KrInterp *interp = kr_runtime.interps; interp;) {
        bool ended = interp != kr_runtime.main_interp && end_idle(interp);
        interp = ended ? kr_runtime.interps : interp->next;     /* it may have made and ended others */
    }
}

int _PyInterpreterState_IDInitref(PyInterpreterState *interp) { return 0; }
int _PyInterpreterState_IDIncref(PyInterpreterState *interp) {
    interp->runtime.id_refcount++;
    return 0;
}
void _PyInterpreterState_IDDecref(PyInterpreterState *interp) {
    if (--interp->runtime.id_refcount <= 0 && interp->runtime.requires_idref) end_idle(interp);
}

/* Nothing of theirs runs or is freed: their objects are not this process's business. */
void kr_subinterps_forget(void) {
    kr_runtime.interps = kr_runtime.main_interp;
    kr_runtime.main_interp->next = NULL;
}

bool kr_enter_main_interp(void) {
    KrThread *t = kr_thread_in(kr_runtime.main_interp);
    if (t) kr_thread_swap(t);
    return t != NULL;
}
