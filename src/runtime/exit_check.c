/* exit_check.c - whether taking the interpreter apart at the end of the process could be seen.
 *
 * A process that ends needs no memory back: modules, classes and code need not be torn down one by one when nobody can tell. What can tell:
 * finalizers (Python's __del__, those of native classes), callbacks of weak references, generators that would run their `finally`,
 * destructors of extension modules, audit hooks, and reports that were asked for (gc.set_debug, -v, -X opstats ...). Objects with such
 * powers are collectable; the few native ones that are not are counted while they live (kr_exit_watch).
 * The check only looks; whenever it is not sure the answer is that it matters.
 */
#include "runtime/exit_check.h"
#include "memory/gc.h"
#include "module/io/io.h"
#include "runtime/state.h"
#include "vm/generator.h"

extern char __executable_start[], etext[];

typedef struct {
    PyObject *streams[9];       /* the standard streams' layers, which have been flushed: borrowed */
    int nstreams;
    bool extensions;            /* extension modules are loaded */
    bool foreign;               /* and not only the library's own: their objects may hide in untracked ones */
} Check;

void kr_exit_watch(int change) { kr_interp()->runtime.exit_watched += change; }

/* ------------------------------------------------------------------ what is known to be harmless */

/* The layers of sys.stdin and its kin, as start-up made them. False: a program put in something else. */
static bool find_streams(KrInterp *interp, Check *c) {
    static const char *const names[][2] = {{"stdin", "__stdin__"}, {"stdout", "__stdout__"}, {"stderr", "__stderr__"}};
    for (int i = 0; i < 3; i++) {
        PyObject *s = PyDict_GetItemString(interp->sysdict, names[i][0]);
        if (s != PyDict_GetItemString(interp->sysdict, names[i][1])) return false;
        if (!s || s == Py_None) continue;
        if (!Py_IS_TYPE(s, &kr_io_wrapper_type)) return false;
        static const char *const below[] = {"buffer", "raw"};
        for (int layer = 0;; layer++) {
            c->streams[c->nstreams++] = s;
            if (layer == 2 || Py_IS_TYPE(s, &kr_io_fileio_type)) break;
            PyObject *next = PyObject_GetAttrString(s, below[layer]);
            if (!next) {
                PyErr_Clear();
                return false;
            }
            Py_DECREF(next);    /* its owner keeps it */
            s = next;
        }
    }
    return true;
}

/* Callbacks that only remove a key from a container which nobody sees any more: of the library's weak dictionaries and sets, of ABCs'
 * registries, of import's locks, of the list of logging's handlers. */
static bool is_quiet_callback(PyObject *callback) {
    static const char *const files[] = {KR_STDLIB "/weakref.py", KR_STDLIB "/_weakrefset.py", KR_STDLIB "/logging/__init__.py", "<frozen importlib._bootstrap>"};
    if (PyCFunction_Check(callback)) {
        PyObject *self = PyCFunction_GET_SELF(callback);
        return self && PyWeakref_Check(self) && strcmp(((PyCFunctionObject *)callback)->m_ml->ml_name, "_destroy") == 0;
    }
    for (size_t i = 0; PyFunction_Check(callback) && i < KR_ARRAY_LEN(files); i++)
        if (_PyUnicode_EqualToASCIIString(((PyCodeObject *)PyFunction_GET_CODE(callback))->co_filename, files[i])) return true;
    return false;
}

static bool is_ours(void *function) { return (char *)function >= __executable_start && (char *)function < etext; }

/* ------------------------------------------------------------------ one object */

/* A type of an extension module, or a class derived from one. */
static bool is_foreign(PyTypeObject *t) {
    for (; t; t = t->tp_base)
        if (!is_ours((void *)t->tp_dealloc)) return true;
    return false;
}
static bool is_foreign_capsule(PyObject *o) {
    PyCapsule_Destructor destructor = PyCapsule_GetDestructor(o);
    return destructor && !is_ours((void *)destructor);
}
static bool matters(Check *c, PyObject *o) {
    PyTypeObject *t = Py_TYPE(o);
    if (t->tp_del || (c->extensions && is_foreign(t))) return true;
    bool is_weakref = Py_IS_TYPE(o, &_PyWeakref_RefType) || Py_IS_TYPE(o, &_PyWeakref_ProxyType) || Py_IS_TYPE(o, &_PyWeakref_CallableProxyType) ||
                      ((t->tp_flags & Py_TPFLAGS_HEAPTYPE) && PyType_IsSubtype(t, &_PyWeakref_RefType));
    if (is_weakref) {
        PyObject *callback = ((PyWeakReference *)o)->wr_callback;
        return callback && !is_quiet_callback(callback);
    }
    if (!t->tp_finalize) return false;
    if (t->tp_finalize == PyGen_Type.tp_finalize) return ((PyGenObject *)o)->gi_frame_state == KR_GEN_SUSPENDED || t != &PyGen_Type;
    if (t == &kr_io_bytesio_type || t == &kr_io_stringio_type) return false;
    for (int i = 0; i < c->nstreams; i++)
        if (c->streams[i] == o) return false;
    return true;
}

/* What a tracked object refers to and no list shows: objects that are not collectable, and what is in untracked tuples and dicts. */
static int visit_hidden(PyObject *o, void *arg) {
    if (!kr_is_gc(o)) return PyCapsule_CheckExact(o) ? is_foreign_capsule(o) : is_foreign(Py_TYPE(o));
    if (kr_gc_is_tracked(o) || !(PyTuple_CheckExact(o) || PyDict_CheckExact(o))) return 0;
    return Py_TYPE(o)->tp_traverse(o, visit_hidden, arg);
}

static bool any_matters(Check *c, KrGCHead *list) {
    for (KrGCHead *g = kr_gc_next(list); g != list; g = kr_gc_next(g)) {
        PyObject *o = kr_gc_object(g);
        if (matters(c, o) || (c->foreign && Py_TYPE(o)->tp_traverse(o, visit_hidden, c))) return true;
    }
    return false;
}

bool kr_exit_can_be_seen(KrInterp *interp) {
#if defined(KR_ASAN) || defined(KR_DEBUG)
    return true;                /* they look for what was not freed */
#endif
    KrMemoryState *m = &interp->memory;
    const PyConfig *config = &interp->config;
    if (interp->runtime.exit_watched || kr_runtime.interps != interp || interp->next || kr_runtime.process.audit_hooks ||
        interp->runtime.audit_hook_list || m->collecting || m->debug || (m->garbage && PyList_GET_SIZE(m->garbage)) ||
        (m->callbacks && PyList_GET_SIZE(m->callbacks)) || config->verbose || config->malloc_stats ||
        config->dump_refs || config->show_ref_count || PyErr_Occurred())
        return true;
    Check c = {.extensions = interp->runtime.extensions_loaded, .foreign = interp->runtime.foreign_extensions};
    if (!find_streams(interp, &c)) return true;
    for (int i = 0; i < 3; i++)
        if (any_matters(&c, &m->generations[i].head)) return true;
    return any_matters(&c, &m->permanent);
}
