/* dealloc.c - object heads: initialisation, reference counting as functions, destruction, the trashcan, finalizers.
 *
 * The trashcan bounds the C stack that destroying a long chain takes: a container's deallocator that is nested more than
 * KR_TRASH_DEPTH deep is put off. Objects put off are untracked collectable objects with a count of 0, linked through the
 * collector head's `prev` from base.trash_delete_later of the thread; the outermost deallocator takes them off again.
 * Deallocators that don't count their nesting are stopped when the C stack is nearly used up: then every collectable object is put
 * off, until the next outermost container's deallocator.
 */
#include "memory/gc.h"
#include "memory/tracemalloc.h"
#include <stdio.h>

/* ------------------------------------------------------------------ making */

void _Py_NewReference(PyObject *o) {
    Py_SET_REFCNT(o, 1);
    if (KR_UNLIKELY(kr_allocators.hooked)) kr_tracemalloc_new_reference(o);
}

KR_INLINE PyObject *init_head(PyObject *o, PyTypeObject *t) {
    Py_SET_TYPE(o, t);
    if (PyType_HasFeature(t, Py_TPFLAGS_HEAPTYPE))
        Py_INCREF(t);
    Py_SET_REFCNT(o, 1);
    return o;
}

PyObject *PyObject_Init(PyObject *o, PyTypeObject *t) { return o == NULL ? PyErr_NoMemory() : init_head(o, t); }

PyVarObject *PyObject_InitVar(PyVarObject *o, PyTypeObject *t, Py_ssize_t n) {
    if (o == NULL)
        return (PyVarObject *)PyErr_NoMemory();
    Py_SET_SIZE(o, n);
    init_head((PyObject *)o, t);
    return o;
}

PyObject *_PyObject_New(PyTypeObject *t) {
    PyObject *o = kr_object_malloc((size_t)t->tp_basicsize);
    return o == NULL ? PyErr_NoMemory() : init_head(o, t);
}

PyVarObject *_PyObject_NewVar(PyTypeObject *t, Py_ssize_t n) {
    if (n < 0 || (t->tp_itemsize && n > (PY_SSIZE_T_MAX - t->tp_basicsize - 64) / t->tp_itemsize))
        return (PyVarObject *)PyErr_NoMemory();
    return PyObject_InitVar(PyObject_Malloc((size_t)_PyObject_VAR_SIZE(t, n)), t, n);
}

/* ------------------------------------------------------------------ counting, as functions */

void Py_IncRef(PyObject *o) { Py_XINCREF(o); }
void Py_DecRef(PyObject *o) { Py_XDECREF(o); }
void _Py_IncRef(PyObject *o) { Py_INCREF(o); }
void _Py_DecRef(PyObject *o) { Py_DECREF(o); }

#undef Py_NewRef
#undef Py_XNewRef
#undef Py_Is
#undef Py_IsNone
#undef Py_IsTrue
#undef Py_IsFalse
PyObject *Py_NewRef(PyObject *o) { return _Py_NewRef(o); }
PyObject *Py_XNewRef(PyObject *o) { return _Py_XNewRef(o); }
int Py_Is(PyObject *a, PyObject *b) { return a == b; }
int Py_IsNone(PyObject *o) { return o == Py_None; }
int Py_IsTrue(PyObject *o) { return o == Py_True; }
int Py_IsFalse(PyObject *o) { return o == Py_False; }

/* ------------------------------------------------------------------ destroying */

static void put_off(PyThreadState *ts, PyObject *o) {
    kr_gc_set_prev(kr_gc_head(o), (KrGCHead *)ts->trash_delete_later);
    ts->trash_delete_later = o;
}
static KR_COLD void dealloc_later(KrThread *t, PyObject *o) {
    if (!kr_is_gc(o)) {
        Py_TYPE(o)->tp_dealloc(o);
        return;
    }
    if (kr_gc_is_tracked(o))
        kr_gc_untrack(o);
    put_off(&t->base, o);
}
void _Py_Dealloc(PyObject *o) {
    KrThread *t = kr_tls_thread;
    if (KR_UNLIKELY(t != NULL && kr_c_stack_low()))
        dealloc_later(t, o);
    else
        Py_TYPE(o)->tp_dealloc(o);
}

/* Calls tp_finalize; collectable objects get it at most once in their life. */
void PyObject_CallFinalizer(PyObject *o) {
    destructor finalize = Py_TYPE(o)->tp_finalize;
    if (finalize == NULL)
        return;
    bool gc = kr_is_gc(o);
    if (gc && (kr_gc_head(o)->prev & KR_GC_FINALIZED))
        return;
    finalize(o);
    if (gc)
        kr_gc_head(o)->prev |= KR_GC_FINALIZED;
}

/* The same for an object with a count of 0. 0: go on destroying it; -1: it has been resurrected. */
int PyObject_CallFinalizerFromDealloc(PyObject *o) {
    if (Py_REFCNT(o) != 0)
        _PyObject_AssertFailed(o, NULL, "PyObject_CallFinalizerFromDealloc called on object with a non-zero refcount",
                               __FILE__, __LINE__, __func__);
    Py_SET_REFCNT(o, 1);
    PyObject_CallFinalizer(o);
    Py_SET_REFCNT(o, Py_REFCNT(o) - 1);
    return Py_REFCNT(o) == 0 ? 0 : -1;
}

int _PyTrash_cond(PyObject *o, destructor dealloc) { return Py_TYPE(o)->tp_dealloc == dealloc; }

/* 1: o has been put off, its deallocator must return at once. 0: go on, and call _PyTrash_end at the end. */
int _PyTrash_begin(PyThreadState *ts, PyObject *o) {
    if (KR_UNLIKELY(ts->trash_delete_nesting >= KR_TRASH_DEPTH)) {
        put_off(ts, o);
        return 1;
    }
    ts->trash_delete_nesting++;
    return 0;
}

static KR_NOINLINE void empty_trash(PyThreadState *ts) {
    /* The nesting stays above 0 while the chain is emptied, so that only this loop does it. */
    ts->trash_delete_nesting++;
    while (ts->trash_delete_later != NULL) {
        PyObject *o = ts->trash_delete_later;
        KrGCHead *g = kr_gc_head(o);
        ts->trash_delete_later = (PyObject *)kr_gc_prev(g);
        kr_gc_set_prev(g, NULL);
        Py_TYPE(o)->tp_dealloc(o);
    }
    ts->trash_delete_nesting--;
}

void _PyTrash_end(PyThreadState *ts) {
    ts->trash_delete_nesting--;
    if (KR_UNLIKELY(ts->trash_delete_later != NULL) && ts->trash_delete_nesting <= 0)
        empty_trash(ts);
}

/* ------------------------------------------------------------------ debugging aids */

/* Whether o looks like freed or never initialised memory. */
int _PyObject_IsFreed(PyObject *o) {
    uintptr_t p = (uintptr_t)o, t;
    if (p < 4096 || (p & 7))
        return 1;
    t = (uintptr_t)Py_TYPE(o);
    return t < 4096 || (t & 7) || t == UINT64_C(0xdbdbdbdbdbdbdbdb) || t == UINT64_C(0xcdcdcdcdcdcdcdcd);
}

void _PyObject_Dump(PyObject *o) {
    if (_PyObject_IsFreed(o)) {
        fprintf(stderr, "<object at %p is freed>\n", (void *)o);
        fflush(stderr);
        return;
    }
    fprintf(stderr, "object address  : %p\n", (void *)o);
    fprintf(stderr, "object refcount : %zd\n", Py_REFCNT(o));
    fflush(stderr);
    PyTypeObject *t = Py_TYPE(o);
    fprintf(stderr, "object type     : %p\n", (void *)t);
    fprintf(stderr, "object type name: %s\n", t->tp_name);
    fprintf(stderr, "object repr     : ");
    fflush(stderr);
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    (void)PyObject_Print(o, stderr, 0);
    fflush(stderr);
    PyErr_Restore(type, value, tb);
    PyGILState_Release(gil);
    fprintf(stderr, "\n");
    fflush(stderr);
}

void _PyObject_AssertFailed(PyObject *o, const char *expr, const char *msg, const char *file, int line, const char *function) {
    fprintf(stderr, "%s:%d: ", file, line);
    if (function)
        fprintf(stderr, "%s: ", function);
    fflush(stderr);
    if (expr)
        fprintf(stderr, "Assertion \"%s\" failed", expr);
    else
        fprintf(stderr, "Assertion failed");
    if (msg)
        fprintf(stderr, ": %s", msg);
    fprintf(stderr, "\n");
    fflush(stderr);
    if (_PyObject_IsFreed(o))
        fprintf(stderr, "<object at %p is freed>\n", (void *)o);
    else
        _PyObject_Dump(o);
    fflush(stderr);
    Py_FatalError("_PyObject_AssertFailed");
}

int _PyObject_CheckConsistency(PyObject *o, int check_content) {
    if (_PyObject_IsFreed(o) || Py_REFCNT(o) < 1)
        _PyObject_AssertFailed(o, "Py_REFCNT(op) >= 1", NULL, __FILE__, __LINE__, __func__);
    return 1;
}

void _PyDebugAllocatorStats(FILE *out, const char *block_name, int num_blocks, size_t sizeof_block) {
    char label[128];
    PyOS_snprintf(label, sizeof label, "%d %ss * %zd bytes each", num_blocks, block_name, sizeof_block);
    fprintf(out, "%-50s = %15zu\n", label, (size_t)num_blocks * sizeof_block);
}
void _PyObject_DebugTypeStats(FILE *out) {}
void _Py_BreakPoint(void) {}
