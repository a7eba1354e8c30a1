/* gc.h - the collector's private face: heads, tracking, allocation in line.
 *
 * Memory of a collectable object, lowest address first:
 *     [values | dict]   16 bytes, only for types with Py_TPFLAGS_MANAGED_DICT (object/instance.h)
 *     [KrGCHead]        16 bytes, types with Py_TPFLAGS_HAVE_GC
 *     [PyObject ...]
 * head.next == 0: untracked. head.prev: the previous head's address with two low bits, KR_GC_FINALIZED
 * (tp_finalize has run; kept while untracked too) and KR_GC_COLLECTING (only while a collection runs, when the upper bits
 * may hold a count instead of an address).
 */
#ifndef KRAIT_GC_H
#define KRAIT_GC_H
#include "memory/alloc.h"

#define KR_GC_FINALIZED ((uintptr_t)1)
#define KR_GC_COLLECTING ((uintptr_t)2)
#define KR_GC_FLAGS ((uintptr_t)3)
#define KR_GC_SHIFT 2

KR_INLINE KrGCHead *kr_gc_head(PyObject *o) { return (KrGCHead *)o - 1; }
KR_INLINE PyObject *kr_gc_object(KrGCHead *g) { return (PyObject *)(g + 1); }
KR_INLINE KrGCHead *kr_gc_next(KrGCHead *g) { return (KrGCHead *)g->next; }
KR_INLINE KrGCHead *kr_gc_prev(KrGCHead *g) { return (KrGCHead *)(g->prev & ~KR_GC_FLAGS); }
KR_INLINE void kr_gc_set_prev(KrGCHead *g, KrGCHead *p) { g->prev = (g->prev & KR_GC_FLAGS) | (uintptr_t)p; }
KR_INLINE bool kr_gc_is_tracked(PyObject *o) { return kr_gc_head(o)->next != 0; }

/* Whether the collector can deal with o: its type has a head, and the object too (static types have none). */
KR_INLINE bool kr_is_gc(PyObject *o) {
    PyTypeObject *t = Py_TYPE(o);
    return PyType_IS_GC(t) && (t->tp_is_gc == NULL || t->tp_is_gc(o));
}

/* Bytes before the PyObject of an instance of t. */
KR_INLINE size_t kr_type_prefix(PyTypeObject *t) {
    return (PyType_IS_GC(t) ? sizeof(KrGCHead) : 0) +
           (PyType_HasFeature(t, Py_TPFLAGS_MANAGED_DICT) ? 2 * sizeof(void *) : 0);
}

/* Puts an untracked object whose fields are valid into the youngest generation. */
KR_INLINE void kr_gc_track(PyObject *o) {
    KrGCHead *g = kr_gc_head(o), *young = &kr_interp()->memory.generations[0].head;
    KrGCHead *last = (KrGCHead *)young->prev;
    last->next = (uintptr_t)g;
    g->prev = (g->prev & KR_GC_FINALIZED) | (uintptr_t)last;
    g->next = (uintptr_t)young;
    young->prev = (uintptr_t)g;
}
/* Takes a tracked object out of its generation. */
KR_INLINE void kr_gc_untrack(PyObject *o) {
    KrGCHead *g = kr_gc_head(o), *prev = kr_gc_prev(g), *next = kr_gc_next(g);
    prev->next = (uintptr_t)next;
    kr_gc_set_prev(next, prev);
    g->next = 0;
    g->prev &= KR_GC_FINALIZED;
}

/* Around the body of a container's tp_dealloc, as Py_TRASHCAN_BEGIN and _END but in line: dealloc.c says what for. */
#define KR_TRASH_DEPTH 50
PyAPI_FUNC(int) _PyTrash_begin(PyThreadState *, PyObject *);
PyAPI_FUNC(void) _PyTrash_end(PyThreadState *);
#define KR_TRASHCAN_BEGIN(o, dealloc)                                                                                    \
    PyThreadState *trash_ = Py_TYPE(o)->tp_dealloc == (destructor)(dealloc) ? (PyThreadState *)kr_tls_thread : NULL;    \
    if (trash_ != NULL && KR_UNLIKELY(trash_->trash_delete_nesting++ >= KR_TRASH_DEPTH)) {                              \
        trash_->trash_delete_nesting--;                                                                                \
        (void)_PyTrash_begin(trash_, (PyObject *)(o));                                                                 \
        return;                                                                                                        \
    }
#define KR_TRASHCAN_END                                            \
    if (trash_ != NULL) {                                         \
        if (KR_UNLIKELY(trash_->trash_delete_later != NULL))      \
            _PyTrash_end(trash_);                                 \
        else                                                      \
            trash_->trash_delete_nesting--;                       \
    }

/* Runs a collection because the youngest generation is full (the caller has seen that it is enabled and not running). */
void kr_gc_collect_young(KrInterp *) KR_RUNS_PYTHON;

/* Counts an allocation, collecting when it is time. The new object must not be reachable by anybody yet. */
KR_INLINE void kr_gc_count_alloc(void) {
    KrInterp *interp = kr_interp();
    KrMemoryState *m = &interp->memory;
    if (KR_UNLIKELY(++m->generations[0].count > m->generations[0].threshold) && m->enabled && !m->collecting &&
        m->generations[0].threshold)
        kr_gc_collect_young(interp);
}

/* Untracked memory for an instance of t of `size` bytes from the PyObject on, prefix cleared, contents not; NULL with
 * MemoryError. The caller sets type and count (PyObject_Init). May run Python code before it allocates. */
KR_INLINE PyObject *kr_gc_alloc(PyTypeObject *t, size_t size) KR_MAY_RAISE KR_RUNS_PYTHON {
    size_t prefix = kr_type_prefix(t);
    if (KR_UNLIKELY(size > (size_t)PY_SSIZE_T_MAX - prefix))
        return PyErr_NoMemory();
    kr_gc_count_alloc();
    char *mem = kr_object_malloc(prefix + size);
    if (KR_UNLIKELY(mem == NULL))
        return PyErr_NoMemory();
    memset(mem, 0, prefix);
    return (PyObject *)(mem + prefix);
}
/* Frees an untracked object of kr_gc_alloc; its type must still be set. */
KR_INLINE void kr_gc_free(PyObject *o) {
    KrGeneration *young = &kr_interp()->memory.generations[0];
    if (young->count > 0)
        young->count--;
    kr_object_free((char *)o - kr_type_prefix(Py_TYPE(o)));
}

/* A full collection that ignores gc.disable() and swallows exceptions; objects found unreachable. */
Py_ssize_t kr_gc_collect_nofail(KrInterp *) KR_RUNS_PYTHON;
/* gc.collect(generation). -1 never; exceptions are reported as unraisable. */
Py_ssize_t kr_gc_collect_generation(KrInterp *, int generation) KR_RUNS_PYTHON;
/* At shutdown: warns about gc.garbage as CPython does. */
void kr_gc_report_shutdown(KrInterp *);

/* gc.DEBUG_... */
enum {
    KR_GC_DEBUG_STATS = 1,
    KR_GC_DEBUG_COLLECTABLE = 2,
    KR_GC_DEBUG_UNCOLLECTABLE = 4,
    KR_GC_DEBUG_SAVEALL = 32,
    KR_GC_DEBUG_LEAK = KR_GC_DEBUG_COLLECTABLE | KR_GC_DEBUG_UNCOLLECTABLE | KR_GC_DEBUG_SAVEALL,
};

/* Lists of heads: circular, the owner's head is the sentinel, whose prev has no flag bits. */
KR_INLINE void kr_gc_list_init(KrGCHead *l) { l->next = l->prev = (uintptr_t)l; }
KR_INLINE bool kr_gc_list_is_empty(KrGCHead *l) { return l->next == (uintptr_t)l; }
KR_INLINE void kr_gc_list_append(KrGCHead *l, KrGCHead *g) {
    KrGCHead *last = (KrGCHead *)l->prev;
    kr_gc_set_prev(g, last);
    last->next = (uintptr_t)g;
    g->next = (uintptr_t)l;
    l->prev = (uintptr_t)g;
}
KR_INLINE void kr_gc_list_remove(KrGCHead *g) {
    KrGCHead *prev = kr_gc_prev(g), *next = kr_gc_next(g);
    prev->next = (uintptr_t)next;
    kr_gc_set_prev(next, prev);
}
/* Moves everything of `from` to the end of `to`. */
KR_INLINE void kr_gc_list_merge(KrGCHead *from, KrGCHead *to) {
    if (from != to && !kr_gc_list_is_empty(from)) {
        KrGCHead *to_last = (KrGCHead *)to->prev, *first = kr_gc_next(from), *last = (KrGCHead *)from->prev;
        to_last->next = (uintptr_t)first;
        kr_gc_set_prev(first, to_last);
        last->next = (uintptr_t)to;
        to->prev = (uintptr_t)last;
    }
    kr_gc_list_init(from);
}
KR_INLINE Py_ssize_t kr_gc_list_size(KrGCHead *l) {
    Py_ssize_t n = 0;
    for (KrGCHead *g = kr_gc_next(l); g != l; g = kr_gc_next(g))
        n++;
    return n;
}

#endif
