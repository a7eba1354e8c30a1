/* gc.c - the cycle collector: three generations, trial deletion, PEP 442 finalisation.
 *
 * A collection of generation n works on the merged list of generations 0..n:
 *   1. every head's `prev` becomes (reference count << 2) | COLLECTING; tp_traverse of every object takes one off for each
 *      reference from within the list. What is left counts references from outside.
 *   2. one pass in the list's order links what has a count above 0 to the survivors, takes COLLECTING off, and gives what it refers to a count of 1, so
 *      that it survives when the pass gets there. What has none is doubtful; a doubtful object that turns out to be referred to goes through a mark stack.
 *   3. the doubtful ones are split into late survivors, which go to the end of the survivors, and unreachable objects.
 * Unreachable objects keep COLLECTING as their membership mark. Then: those with legacy finalizers (tp_del) and what they
 * reach are set apart (gc.garbage); weak references to the trash are cleared and their callbacks run, if the weak
 * reference itself is not trash; tp_finalize runs once an object; steps 1-3 are repeated on the trash, since a finalizer may
 * have made some of it reachable again; what is still unreachable is broken up with tp_clear.
 * The collector owns no references but those of the objects it is just calling something on.
 *
 * The youngest generation's count begins below 0 when collections find nothing (be_patient).
 * Full collections happen only when the survivors of middle collections since the last full one exceed a quarter of what
 * survived that one, so their cost stays linear in the number of objects made.
 */
#include "memory/gc.h"
#include "object/dict_keys.h"
#include "object/method.h"
#include "object/tuple.h"
#include "runtime/lifecycle.h"
#include <limits.h>
#include <time.h>

#define OLDEST 2
#define PATIENCE_MAX 7

/* ------------------------------------------------------------------ tracking and allocation */

void PyObject_GC_Track(void *p) {
    PyObject *o = p;
    if (KR_UNLIKELY(kr_gc_is_tracked(o)))
        _PyObject_AssertFailed(o, "!_PyObject_GC_IS_TRACKED(op)",
                               "object already tracked by the garbage collector", __FILE__, __LINE__, __func__);
    kr_gc_track(o);
}

/* Harmless for untracked objects: deallocators may be called more than once through subclasses. */
void PyObject_GC_UnTrack(void *p) {
    if (kr_gc_is_tracked(p))
        kr_gc_untrack(p);
}

int PyObject_GC_IsTracked(PyObject *o) { return kr_is_gc(o) && kr_gc_is_tracked(o); }
int PyObject_GC_IsFinalized(PyObject *o) { return kr_is_gc(o) && (kr_gc_head(o)->prev & KR_GC_FINALIZED) != 0; }
int PyObject_IS_GC(PyObject *o) { return kr_is_gc(o); }

PyObject *_PyObject_GC_New(PyTypeObject *t) {
    PyObject *o = kr_gc_alloc(t, (size_t)t->tp_basicsize);
    return o == NULL ? NULL : PyObject_Init(o, t);
}

PyVarObject *_PyObject_GC_NewVar(PyTypeObject *t, Py_ssize_t n) {
    if (n < 0) {
        PyErr_BadInternalCall();
        return NULL;
    }
    if (t->tp_itemsize && n > (PY_SSIZE_T_MAX - t->tp_basicsize - 64) / t->tp_itemsize)
        return (PyVarObject *)PyErr_NoMemory();
    PyVarObject *o = (PyVarObject *)kr_gc_alloc(t, (size_t)_PyObject_VAR_SIZE(t, n));
    return o == NULL ? NULL : PyObject_InitVar(o, t, n);
}

/* An untracked object, moved if need be; NULL with MemoryError leaves the old one. */
PyVarObject *_PyObject_GC_Resize(PyVarObject *o, Py_ssize_t n) {
    PyTypeObject *t = Py_TYPE(o);
    size_t prefix = kr_type_prefix(t);
    if (n < 0 || (t->tp_itemsize && n > (PY_SSIZE_T_MAX - t->tp_basicsize - 64) / t->tp_itemsize))
        return (PyVarObject *)PyErr_NoMemory();
    char *mem = PyObject_Realloc((char *)o - prefix, prefix + (size_t)_PyObject_VAR_SIZE(t, n));
    if (mem == NULL)
        return (PyVarObject *)PyErr_NoMemory();
    o = (PyVarObject *)(mem + prefix);
    Py_SET_SIZE(o, n);
    return o;
}

void PyObject_GC_Del(void *p) {
    if (kr_gc_is_tracked(p))
        kr_gc_untrack(p);
    kr_gc_free(p);
}

/* ------------------------------------------------------------------ finding what is unreachable */

KR_INLINE Py_ssize_t gc_refs(KrGCHead *g) { return (Py_ssize_t)(g->prev >> KR_GC_SHIFT); }

/* o refers to something of the list: one reference less from outside. */
static int visit_subtract(PyObject *o, void *arg) {
    if (kr_is_gc(o)) {
        KrGCHead *g = kr_gc_head(o);
        if ((g->prev & KR_GC_COLLECTING) && gc_refs(g) > 0)
            g->prev -= (uintptr_t)1 << KR_GC_SHIFT;
    }
    return 0;
}

/* The count of an object that the pass has found no reference to yet. */
#define DOUBTFUL (~KR_GC_FLAGS)

/* Doubtful objects known to be live by now whose referents are still to be marked. When it can't grow, `overflowed` is set and the object keeps
 * COLLECTING with a count of 1, so that a search among the doubtful finds it. */
typedef struct {
    KrGCHead **items, *first[256];
    size_t n, capacity;
    bool overflowed;
} MarkStack;

/* Room for one more. */
static bool mark_stack_grow(MarkStack *s) {
    size_t bigger = s->capacity * 4;
    KrGCHead **items = s->items == s->first ? kr_heap_malloc(bigger * sizeof *items)
                                            : kr_heap_realloc(s->items, bigger * sizeof *items);
    if (items == NULL)
        return false;
    if (s->items == s->first)
        memcpy(items, s->first, sizeof s->first);
    s->items = items;
    s->capacity = bigger;
    return true;
}

/* A live object refers to o. */
static int visit_mark(PyObject *o, void *arg) {
    if (!kr_is_gc(o))
        return 0;
    KrGCHead *g = kr_gc_head(o);
    uintptr_t prev = g->prev;
    if (!(prev & KR_GC_COLLECTING))
        return 0;
    if (KR_LIKELY((prev & DOUBTFUL) != DOUBTFUL)) {         /* the pass is still to come there */
        if (prev < (uintptr_t)1 << KR_GC_SHIFT)
            g->prev = prev + ((uintptr_t)1 << KR_GC_SHIFT);
        return 0;
    }
    MarkStack *s = arg;
    if (KR_UNLIKELY(s->n == s->capacity) && !mark_stack_grow(s)) {
        s->overflowed = true;
        g->prev = (prev & KR_GC_FLAGS) | (uintptr_t)1 << KR_GC_SHIFT;
        return 0;
    }
    g->prev = prev & KR_GC_FINALIZED;
    s->items[s->n++] = g;
    return 0;
}

static void mark_all(MarkStack *s) {
    while (s->n > 0) {
        PyObject *o = kr_gc_object(s->items[--s->n]);
        Py_TYPE(o)->tp_traverse(o, visit_mark, s);
    }
}

enum { UNTRACK_TUPLES = 1, UNTRACK_DICTS = 2 };
KR_INLINE bool untracks(PyObject *o, int what) {
    return (what & UNTRACK_TUPLES && PyTuple_CheckExact(o) && kr_tuple_is_simple(o)) ||
           (what & UNTRACK_DICTS && PyDict_CheckExact(o) && kr_dict_is_simple(o));
}

/* Splits `list`: what only the list itself refers to goes to `unreachable`, with COLLECTING set, in the list's order. Survivors that can't be part of a cycle any
 * more are untracked: tuples if UNTRACK_TUPLES, dicts if UNTRACK_DICTS. How many survived. */
static Py_ssize_t deduce_unreachable(KrGCHead *list, KrGCHead *unreachable, int untrack) {
    KrGCHead *g, *next;
    for (g = kr_gc_next(list); g != list; g = kr_gc_next(g))
        g->prev = ((uintptr_t)Py_REFCNT(kr_gc_object(g)) << KR_GC_SHIFT) | KR_GC_COLLECTING | (g->prev & KR_GC_FINALIZED);
    for (g = kr_gc_next(list); g != list; g = kr_gc_next(g)) {
        PyObject *o = kr_gc_object(g);
        Py_TYPE(o)->tp_traverse(o, visit_subtract, o);
    }

    MarkStack s = {.capacity = KR_ARRAY_LEN(s.first)};
    s.items = s.first;
    KrGCHead doubtful, *live_last = list, *doubtful_last = &doubtful, *dead_last = unreachable;
    Py_ssize_t live = 0;
    for (g = kr_gc_next(list); g != list; g = next) {
        next = kr_gc_next(g);
        uintptr_t prev = g->prev;
        if (prev < (uintptr_t)1 << KR_GC_SHIFT) {
            g->prev = prev | DOUBTFUL;
            doubtful_last->next = (uintptr_t)g;
            doubtful_last = g;
            continue;
        }
        g->prev = (prev & KR_GC_FINALIZED) | (uintptr_t)live_last;
        PyObject *o = kr_gc_object(g);
        Py_TYPE(o)->tp_traverse(o, visit_mark, &s);
        mark_all(&s);
        if (untracks(o, untrack)) {
            g->next = 0;
            g->prev = prev & KR_GC_FINALIZED;
            continue;
        }
        live_last->next = (uintptr_t)g;
        live_last = g;
        live++;
    }
    doubtful_last->next = 0;
    while (s.overflowed) {
        s.overflowed = false;
        for (g = kr_gc_next(&doubtful); g != NULL; g = kr_gc_next(g))
            if ((g->prev & KR_GC_COLLECTING) && (g->prev & DOUBTFUL) != DOUBTFUL) {
                g->prev |= DOUBTFUL;
                visit_mark(kr_gc_object(g), &s);
                mark_all(&s);
            }
    }
    if (s.items != s.first)
        kr_heap_free(s.items);

    for (g = kr_gc_next(&doubtful); g != NULL; g = next) {
        next = kr_gc_next(g);
        bool dead = g->prev & KR_GC_COLLECTING;
        if (!dead && untracks(kr_gc_object(g), untrack)) {
            g->next = 0;
            continue;
        }
        live += !dead;
        KrGCHead **last = dead ? &dead_last : &live_last;
        (*last)->next = (uintptr_t)g;
        g->prev = (g->prev & KR_GC_FLAGS) | (uintptr_t)*last;
        *last = g;
    }
    live_last->next = (uintptr_t)list;
    list->prev = (uintptr_t)live_last;
    dead_last->next = (uintptr_t)unreachable;
    unreachable->prev = (uintptr_t)dead_last;
    return live;
}

/* ------------------------------------------------------------------ legacy finalizers */

static int visit_move_reachable(PyObject *o, void *to) {
    if (kr_is_gc(o)) {
        KrGCHead *g = kr_gc_head(o);
        if (g->prev & KR_GC_COLLECTING) {
            kr_gc_list_remove(g);
            g->prev &= ~KR_GC_COLLECTING;
            kr_gc_list_append(to, g);
        }
    }
    return 0;
}

/* Moves objects with tp_del, and all that they reach, from the trash to `finalizers`. */
static void move_legacy(KrGCHead *unreachable, KrGCHead *finalizers) {
    for (KrGCHead *g = kr_gc_next(unreachable), *next; g != unreachable; g = next) {
        next = kr_gc_next(g);
        PyObject *o = kr_gc_object(g);
        if (Py_TYPE(o)->tp_del != NULL)
            visit_move_reachable(o, finalizers);
    }
    for (KrGCHead *g = kr_gc_next(finalizers); g != finalizers; g = kr_gc_next(g)) {
        PyObject *o = kr_gc_object(g);
        Py_TYPE(o)->tp_traverse(o, visit_move_reachable, finalizers);
    }
}

/* gc.garbage, borrowed; NULL (no exception) when memory is out. */
static PyObject *garbage_list(KrMemoryState *m) {
    if (m->garbage == NULL && (m->garbage = PyList_New(0)) == NULL)
        PyErr_Clear();
    return m->garbage;
}

static void add_garbage(KrMemoryState *m, PyObject *o) {
    PyObject *l = garbage_list(m);
    if (l != NULL && PyList_Append(l, o) < 0)
        PyErr_Clear();
}

/* ------------------------------------------------------------------ weak references, finalizers, clearing */

typedef struct {
    PyWeakReference **items;
    size_t n, capacity;
} CallbackList;

static void callback_add(CallbackList *l, PyWeakReference *wr) {
    if (l->n == l->capacity) {
        size_t bigger = l->capacity ? l->capacity * 2 : 32;
        PyWeakReference **items = PyMem_Realloc(l->items, bigger * sizeof *items);
        if (items == NULL)      /* the callback is lost; there is nobody to tell */
            return;
        l->items = items;
        l->capacity = bigger;
    }
    l->items[l->n++] = (PyWeakReference *)Py_NewRef((PyObject *)wr);
}

/* Clears every weak reference to the trash, then runs the callbacks of those that are not trash themselves. */
static void handle_weakrefs(KrGCHead *unreachable) {
    CallbackList todo = {0};
    for (KrGCHead *g = kr_gc_next(unreachable); g != unreachable; g = kr_gc_next(g)) {
        PyObject *o = kr_gc_object(g);
        if (PyWeakref_Check(o))     /* its callback must not run later, when the trash is half torn down */
            _PyWeakref_ClearRef((PyWeakReference *)o);
        if (!PyType_SUPPORTS_WEAKREFS(Py_TYPE(o)))
            continue;
        PyWeakReference **list = (PyWeakReference **)PyObject_GET_WEAKREFS_LISTPTR(o), *wr;
        while ((wr = *list) != NULL) {
            _PyWeakref_ClearRef(wr);
            if (wr->wr_callback != NULL && !(kr_gc_head((PyObject *)wr)->prev & KR_GC_COLLECTING))
                callback_add(&todo, wr);
        }
    }
    for (size_t i = 0; i < todo.n; i++) {
        PyObject *wr = (PyObject *)todo.items[i], *callback = todo.items[i]->wr_callback;
        if (callback != NULL) {
            Py_INCREF(callback);
            PyObject *r = PyObject_CallOneArg(callback, wr);
            if (r == NULL)
                PyErr_WriteUnraisable(callback);
            else
                Py_DECREF(r);
            Py_DECREF(callback);
        }
        Py_DECREF(wr);
    }
    PyMem_Free(todo.items);
}

/* Calls tp_finalize of every object of the list that hasn't had it. Objects may leave the list meanwhile. */
static void finalize_all(KrGCHead *list) {
    KrGCHead seen;
    kr_gc_list_init(&seen);
    while (!kr_gc_list_is_empty(list)) {
        KrGCHead *g = kr_gc_next(list);
        PyObject *o = kr_gc_object(g);
        kr_gc_list_remove(g);
        kr_gc_list_append(&seen, g);
        destructor finalize = Py_TYPE(o)->tp_finalize;
        if (finalize != NULL && !(g->prev & KR_GC_FINALIZED)) {
            g->prev |= KR_GC_FINALIZED;
            Py_INCREF(o);
            finalize(o);
            Py_DECREF(o);
        }
    }
    kr_gc_list_merge(&seen, list);
}

/* Breaks the cycles: tp_clear on each object; those it doesn't free go to the oldest generation. */
static void delete_all(KrMemoryState *m, KrGCHead *list, KrGCHead *old) {
    while (!kr_gc_list_is_empty(list)) {
        KrGCHead *g = kr_gc_next(list);
        PyObject *o = kr_gc_object(g);
        if (m->debug & KR_GC_DEBUG_SAVEALL) {
            add_garbage(m, o);
        } else {
            inquiry clear = Py_TYPE(o)->tp_clear;
            if (clear != NULL) {
                Py_INCREF(o);
                (void)clear(o);
                if (PyErr_Occurred())
                    PyErr_WriteUnraisable((PyObject *)Py_TYPE(o));
                Py_DECREF(o);
            }
        }
        if (kr_gc_next(list) == g) {
            kr_gc_list_remove(g);
            g->prev &= ~KR_GC_COLLECTING;
            kr_gc_list_append(old, g);
        }
    }
}

/* ------------------------------------------------------------------ reports */

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void report_start(KrMemoryState *m, int generation) {
    PySys_WriteStderr("gc: collecting generation %d...\n", generation);
    PySys_FormatStderr("gc: objects in each generation:");
    for (int i = 0; i <= OLDEST; i++)
        PySys_FormatStderr(" %zd", kr_gc_list_size(&m->generations[i].head));
    PySys_FormatStderr("\ngc: objects in permanent generation: %zd\n", kr_gc_list_size(&m->permanent));
}

static void report_object(const char *what, PyObject *o) {
    PySys_FormatStderr("gc: %s <%s %p>\n", what, Py_TYPE(o)->tp_name, o);
}

/* ------------------------------------------------------------------ a collection */

/* Collects generations 0..generation. nofail: exceptions are dropped, else reported as unraisable. Returns the number of
 * unreachable objects, the uncollectable ones included. */
static Py_ssize_t collect(KrInterp *interp, int generation, Py_ssize_t *collected_out, Py_ssize_t *uncollectable_out, bool nofail) {
    KrMemoryState *m = &interp->memory;
    double start = 0;
    if (m->debug & KR_GC_DEBUG_STATS) {
        report_start(m, generation);
        start = now();
    }
    if (generation < OLDEST)
        m->generations[generation + 1].count++;
    for (int i = 0; i <= generation; i++)
        m->generations[i].count = 0;
    KrGCHead *young = &m->generations[generation].head;
    KrGCHead *old = generation < OLDEST ? &m->generations[generation + 1].head : young;
    for (int i = 0; i < generation; i++)
        kr_gc_list_merge(&m->generations[i].head, young);

    KrGCHead unreachable, finalizers, still;
    kr_gc_list_init(&unreachable);
    kr_gc_list_init(&finalizers);
    kr_gc_list_init(&still);
    Py_ssize_t live = deduce_unreachable(young, &unreachable, generation == OLDEST ? UNTRACK_TUPLES | UNTRACK_DICTS : UNTRACK_TUPLES);
    if (generation < OLDEST) {
        if (generation == OLDEST - 1)
            m->long_lived_pending += live;
        kr_gc_list_merge(young, old);
    } else {
        m->long_lived_pending = 0;
        m->long_lived_total = live;
    }

    Py_ssize_t collected = 0, uncollectable = 0;
    if (!kr_gc_list_is_empty(&unreachable)) {
        move_legacy(&unreachable, &finalizers);
        if (m->debug & KR_GC_DEBUG_COLLECTABLE)
            for (KrGCHead *g = kr_gc_next(&unreachable); g != &unreachable; g = kr_gc_next(g))
                report_object("collectable", kr_gc_object(g));
        handle_weakrefs(&unreachable);
        finalize_all(&unreachable);
        deduce_unreachable(&unreachable, &still, 0);
        kr_gc_list_merge(&unreachable, old);    /* resurrected */
        collected = kr_gc_list_size(&still);
        delete_all(m, &still, old);

        for (KrGCHead *g = kr_gc_next(&finalizers); g != &finalizers; g = kr_gc_next(g)) {
            uncollectable++;
            if (m->debug & KR_GC_DEBUG_UNCOLLECTABLE)
                report_object("uncollectable", kr_gc_object(g));
        }
        for (KrGCHead *g = kr_gc_next(&finalizers); g != &finalizers; g = kr_gc_next(g)) {
            PyObject *o = kr_gc_object(g);
            if ((m->debug & KR_GC_DEBUG_SAVEALL) || Py_TYPE(o)->tp_del != NULL)
                add_garbage(m, o);
        }
        kr_gc_list_merge(&finalizers, old);
    }
    if (generation == OLDEST) {         /* memory that was kept for reuse goes back, too */
        kr_container_fini(interp);
        kr_number_fini(interp);
        kr_method_fini(interp);
    }
    if (m->debug & KR_GC_DEBUG_STATS) {
        char line[160];
        PyOS_snprintf(line, sizeof line, "gc: done, %zd unreachable, %zd uncollectable, %.4fs elapsed\n",
                      collected + uncollectable, uncollectable, now() - start);
        PySys_WriteStderr("%s", line);
    }
    if (PyErr_Occurred()) {
        if (nofail)
            PyErr_Clear();
        else
            _PyErr_WriteUnraisableMsg("in garbage collection", NULL);
    }
    m->stats[generation].collections++;
    m->stats[generation].collected += collected;
    m->stats[generation].uncollectable += uncollectable;
    *collected_out = collected;
    *uncollectable_out = uncollectable;
    return collected + uncollectable;
}

/* gc.callbacks(phase, info). */
static void run_callbacks(KrMemoryState *m, const char *phase, int generation, Py_ssize_t collected, Py_ssize_t uncollectable) {
    if (m->callbacks == NULL || PyList_GET_SIZE(m->callbacks) == 0)
        return;
    PyObject *info = Py_BuildValue("{sisnsn}", "generation", generation, "collected", collected, "uncollectable", uncollectable);
    PyObject *phase_str = PyUnicode_FromString(phase);
    if (info == NULL || phase_str == NULL) {
        PyErr_WriteUnraisable(NULL);
        goto done;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(m->callbacks); i++) {
        PyObject *callback = Py_NewRef(PyList_GET_ITEM(m->callbacks, i));
        PyObject *r = PyObject_CallFunctionObjArgs(callback, phase_str, info, NULL);
        if (r == NULL)
            PyErr_WriteUnraisable(callback);
        Py_XDECREF(r);
        Py_DECREF(callback);
    }
done:
    Py_XDECREF(info);
    Py_XDECREF(phase_str);
}

static Py_ssize_t collect_with_callbacks(KrInterp *interp, int generation) {
    Py_ssize_t collected, uncollectable;
    run_callbacks(&interp->memory, "start", generation, 0, 0);
    Py_ssize_t n = collect(interp, generation, &collected, &uncollectable, false);
    run_callbacks(&interp->memory, "stop", generation, collected, uncollectable);
    return n;
}

/* After a collection that found n unreachable objects: a program that builds something, and makes next to no garbage, is left alone for longer each time. */
static void be_patient(KrMemoryState *m, Py_ssize_t n) {
    KrGeneration *young = &m->generations[0];
    bool usual = young->threshold >= 100 && young->threshold <= 10000;      /* others know what they want */
    m->patience = usual && n * 16 < (Py_ssize_t)young->threshold * (m->patience + 1) ? Py_MIN(2 * m->patience + 1, PATIENCE_MAX) : 0;
    young->count -= m->patience * young->threshold;
}

KR_NOINLINE void kr_gc_collect_young(KrInterp *interp) {
    KrMemoryState *m = &interp->memory;
    if (PyErr_Occurred())
        return;
    m->collecting = 1;
    for (int i = OLDEST; i >= 0; i--) {
        if (m->generations[i].count <= m->generations[i].threshold)
            continue;
        if (i == OLDEST) {
            if (m->long_lived_total < 0)        /* what start-up made, counted only now */
                m->long_lived_total = kr_gc_list_size(&m->generations[OLDEST].head) - m->long_lived_pending;
            if (m->long_lived_pending < m->long_lived_total / 4)
                continue;
        }
        be_patient(m, collect_with_callbacks(interp, i));
        break;
    }
    m->collecting = 0;
}

Py_ssize_t kr_gc_collect_generation(KrInterp *interp, int generation) {
    KrMemoryState *m = &interp->memory;
    if (m->collecting)
        return 0;
    PyObject *type, *value, *tb;
    m->collecting = 1;
    m->patience = 0;
    PyErr_Fetch(&type, &value, &tb);
    Py_ssize_t n = collect_with_callbacks(interp, generation);
    PyErr_Restore(type, value, tb);
    m->collecting = 0;
    return n;
}

Py_ssize_t kr_gc_collect_nofail(KrInterp *interp) {
    KrMemoryState *m = &interp->memory;
    if (m->collecting)
        return 0;
    Py_ssize_t collected, uncollectable;
    m->collecting = 1;
    Py_ssize_t n = collect(interp, OLDEST, &collected, &uncollectable, true);
    m->collecting = 0;
    return n;
}

Py_ssize_t PyGC_Collect(void) {
    KrInterp *interp = kr_interp();
    return interp->memory.enabled ? kr_gc_collect_generation(interp, OLDEST) : 0;
}

int PyGC_Enable(void) {
    int old = kr_interp()->memory.enabled;
    kr_interp()->memory.enabled = 1;
    return old;
}
int PyGC_Disable(void) {
    int old = kr_interp()->memory.enabled;
    kr_interp()->memory.enabled = 0;
    return old;
}
int PyGC_IsEnabled(void) { return kr_interp()->memory.enabled; }

/* ------------------------------------------------------------------ start and end */

int kr_gc_init(KrInterp *interp) {
    KrMemoryState *m = &interp->memory;
    static const int thresholds[3] = {700, 10, 10};
    for (int i = 0; i <= OLDEST; i++) {
        kr_gc_list_init(&m->generations[i].head);
        m->generations[i].threshold = thresholds[i];
        m->generations[i].count = 0;
    }
    m->generations[0].count = INT_MIN;  /* until kr_gc_begin none is begun by itself: what start-up makes stays */
    kr_gc_list_init(&m->permanent);
    m->enabled = 1;
    return 0;
}
void kr_gc_begin(KrInterp *interp) {
    KrMemoryState *m = &interp->memory;
    for (int i = 0; i < OLDEST; i++) {
        m->generations[i].count = 0;
        kr_gc_list_merge(&m->generations[i].head, &m->generations[OLDEST].head);
    }
    m->long_lived_total = -1;
}

void kr_gc_report_shutdown(KrInterp *interp) {
    KrMemoryState *m = &interp->memory;
    if ((m->debug & KR_GC_DEBUG_SAVEALL) || m->garbage == NULL || PyList_GET_SIZE(m->garbage) == 0)
        return;
    bool verbose = (m->debug & KR_GC_DEBUG_UNCOLLECTABLE) != 0;
    const char *text = verbose ? "gc: %zd uncollectable objects at shutdown"
                               : "gc: %zd uncollectable objects at shutdown; use gc.set_debug(gc.DEBUG_UNCOLLECTABLE) to list them";
    if (PyErr_WarnFormat(PyExc_ResourceWarning, 0, text, PyList_GET_SIZE(m->garbage)) < 0)
        PyErr_WriteUnraisable(NULL);
    if (verbose) {
        PyObject *repr = PyObject_Repr(m->garbage);
        if (repr == NULL) {
            PyErr_WriteUnraisable(m->garbage);
        } else {
            PySys_FormatStderr("      %S\n", repr);
            Py_DECREF(repr);
        }
    }
}

/* Objects that an interpreter leaves behind, kept by what interpreters share (an extension's static variables and types), belong to none from
 * now on: nobody collects them, but they can be untracked as ever. */
void kr_gc_abandon(KrInterp *interp) {
    KrMemoryState *m = &interp->memory;
    KrGCHead *orphans = &kr_runtime.process.orphans;
    if (orphans->next == 0)
        kr_gc_list_init(orphans);
    for (int i = 0; i <= OLDEST; i++)
        kr_gc_list_merge(&m->generations[i].head, orphans);
    kr_gc_list_merge(&m->permanent, orphans);
}

/* Drops what the collector owns and stops it. Objects that are left stay linked. */
void kr_gc_fini(KrInterp *interp) {
    KrMemoryState *m = &interp->memory;
    Py_CLEAR(m->garbage);
    Py_CLEAR(m->callbacks);
    m->enabled = 0;
}
