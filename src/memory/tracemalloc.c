/* tracemalloc.c - hooks into the allocators that note where each block comes from.
 *
 * Two hash tables with open addressing: `traces` maps (domain, address) to the size and the traceback of a block; `tracebacks` has each different
 * traceback once, and its references to file names. Tracebacks live until the traces are cleared, so traces point to them without counting.
 * The tables are guarded by `lock`, since blocks of the raw domain come and go without the GIL, and take their own memory from the heap directly.
 * An allocation that is made while another is being noted, or by a thread without the GIL, has no frames of its own to show: the first is not noted,
 * the second has the place "<unknown>".
 *
 * The state is process-wide, as the allocators are, and only this file touches it.
 */
#include "memory/tracemalloc.h"
#include "memory/gc.h"
#include "vm/frame.h"
#include <pthread.h>

PyAPI_FUNC(PyObject *) _PyTraceMalloc_GetTraceback(unsigned int domain, uintptr_t ptr);

enum { DOMAINS = 3 };
typedef struct { PyObject *filename; int lineno; } Place;      /* owned; NULL: unknown */
typedef struct {
    Py_uhash_t hash;
    int total;                  /* frames there were; nplaces of them, from the innermost on, are kept */
    int nplaces;
    Place places[];
} Traceback;
typedef struct { uintptr_t ptr; size_t size; Traceback *traceback; unsigned domain; } Trace;    /* traceback NULL: a free slot */

static struct {
    bool on, prepared;
    int limit;
    pthread_mutex_t lock;
    PyMemAllocatorEx under[DOMAINS];    /* what the hooks call */
    Trace *traces;
    size_t ntraces, traces_size;        /* size: a power of two, or 0 */
    Traceback **tracebacks;
    size_t ntracebacks, tracebacks_size, traceback_bytes;
    Traceback *scratch, *unknown;       /* the traceback being made, with the GIL; one without frames to show */
    size_t now, peak;
} state = {.limit = 1, .lock = PTHREAD_MUTEX_INITIALIZER};

/* This thread is noting a block. */
static _Thread_local bool noting;

static void lock(void) { pthread_mutex_lock(&state.lock); }
static void unlock(void) { pthread_mutex_unlock(&state.lock); }

/* ------------------------------------------------------------------ traces */

static size_t slot_hash(unsigned domain, uintptr_t ptr) {
    uint64_t h = ((uint64_t)ptr >> 4) * 0x9e3779b97f4a7c15u + domain * 0xbf58476d1ce4e5b9u;
    return (size_t)(h ^ h >> 29);
}
/* The slot of a block, or the free one where it would go. */
static Trace *find_trace(unsigned domain, uintptr_t ptr) {
    size_t mask = state.traces_size - 1, i = slot_hash(domain, ptr) & mask;
    while (state.traces[i].traceback && (state.traces[i].ptr != ptr || state.traces[i].domain != domain)) i = (i + 1) & mask;
    return &state.traces[i];
}
static int grow_traces(void) {
    if (state.ntraces * 4 < state.traces_size * 3) return 0;
    size_t old_size = state.traces_size, size = old_size ? old_size * 2 : 1 << 12;
    Trace *old = state.traces, *bigger = kr_heap_calloc(size, sizeof *bigger);
    if (!bigger) return -1;
    state.traces = bigger;
    state.traces_size = size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].traceback) *find_trace(old[i].domain, old[i].ptr) = old[i];
    kr_heap_free(old);
    return 0;
}
/* With the lock held. Forgets a block, if it is known; those that had to go past its slot move up. */
static void remove_trace(unsigned domain, uintptr_t ptr) {
    if (!state.traces_size) return;
    Trace *t = find_trace(domain, ptr);
    if (!t->traceback) return;
    state.now -= t->size;
    state.ntraces--;
    size_t mask = state.traces_size - 1, hole = (size_t)(t - state.traces), i = hole;
    for (;;) {
        i = (i + 1) & mask;
        Trace *next = &state.traces[i];
        if (!next->traceback) break;
        size_t home = slot_hash(next->domain, next->ptr) & mask;
        if (((i - home) & mask) < ((i - hole) & mask)) continue;
        state.traces[hole] = *next;
        hole = i;
    }
    state.traces[hole].traceback = NULL;
}
static int add_trace(unsigned domain, uintptr_t ptr, size_t size, Traceback *tb) {
    if (grow_traces() < 0) return -1;
    Trace *t = find_trace(domain, ptr);
    if (t->traceback) state.now -= t->size;
    else state.ntraces++;
    *t = (Trace){ptr, size, tb, domain};
    state.now += size;
    if (state.now > state.peak) state.peak = state.now;
    return 0;
}

/* ------------------------------------------------------------------ tracebacks */

static bool same_traceback(const Traceback *a, const Traceback *b) {
    if (a->hash != b->hash || a->nplaces != b->nplaces || a->total != b->total) return false;
    for (int i = 0; i < a->nplaces; i++) {
        if (a->places[i].lineno != b->places[i].lineno) return false;
        PyObject *p = a->places[i].filename, *q = b->places[i].filename;
        if (p != q && (!p || !q || PyUnicode_Compare(p, q) != 0)) return false;
    }
    return true;
}
static Traceback **find_traceback(const Traceback *wanted) {
    size_t mask = state.tracebacks_size - 1, i = wanted->hash & mask;
    while (state.tracebacks[i] && !same_traceback(state.tracebacks[i], wanted)) i = (i + 1) & mask;
    return &state.tracebacks[i];
}
static int grow_tracebacks(void) {
    if (state.ntracebacks * 4 < state.tracebacks_size * 3) return 0;
    size_t old_size = state.tracebacks_size, size = old_size ? old_size * 2 : 1 << 10;
    Traceback **old = state.tracebacks, **bigger = kr_heap_calloc(size, sizeof *bigger);
    if (!bigger) return -1;
    state.tracebacks = bigger;
    state.tracebacks_size = size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i]) *find_traceback(old[i]) = old[i];
    kr_heap_free(old);
    return 0;
}
static size_t traceback_size(int nplaces) { return sizeof(Traceback) + (size_t)nplaces * sizeof(Place); }
/* state.scratch becomes the running frames of this thread, which has the GIL. File names are borrowed. */
static void gather_places(KrThread *t) {
    Traceback *tb = state.scratch;
    Py_uhash_t h = 0x345678;
    tb->nplaces = tb->total = 0;
    for (KrFrame *f = kr_frame_visible(t->vm.frame); f; f = kr_frame_visible(f->previous), tb->total++) {
        if (tb->nplaces >= state.limit) continue;
        Py_ssize_t i = f->pc - f->code->instrs - 1;
        kr_code_index_lines(f->code);
        int line = i < 0 ? f->code->base.co_firstlineno : kr_code_line(f->code, (uint32_t)i);
        PyObject *name = f->code->base.co_filename;
        bool usable = PyUnicode_CheckExact(name) && PyUnicode_IS_READY(name);
        tb->places[tb->nplaces++] = (Place){usable ? name : NULL, Py_MAX(line, 0)};
        h = (h ^ (Py_uhash_t)(usable ? PyObject_Hash(name) : 0) ^ (Py_uhash_t)Py_MAX(line, 0) << 20) * 1000003;
    }
    tb->hash = h ^ h >> 31 ^ (Py_uhash_t)tb->total;
}
/* The table's traceback that equals the gathered one; NULL without memory. With the lock held. */
static Traceback *gathered_traceback(void) {
    if (grow_tracebacks() < 0) return NULL;
    Traceback **slot = find_traceback(state.scratch);
    if (*slot) return *slot;
    size_t size = traceback_size(state.scratch->nplaces);
    Traceback *tb = kr_heap_malloc(size);
    if (!tb) return NULL;
    memcpy(tb, state.scratch, size);
    for (int i = 0; i < tb->nplaces; i++) Py_XINCREF(tb->places[i].filename);
    state.ntracebacks++;
    state.traceback_bytes += size;
    return *slot = tb;
}
/* The places are gathered before the lock is taken: finding a line may allocate and free, which the hooks see. */
static int note(unsigned domain, uintptr_t ptr, size_t size) {
    KrThread *t = kr_thread();
    bool has_frames = t && t->vm.frame && state.on;
    if (has_frames) {
        bool inner = noting;
        noting = true;
        gather_places(t);
        noting = inner;
    }
    lock();
    Traceback *tb = !state.on ? NULL : has_frames ? gathered_traceback() : state.unknown;
    int r = tb ? add_trace(domain, ptr, size, tb) : state.on ? -1 : 0;
    unlock();
    return r;
}
static void forget(unsigned domain, uintptr_t ptr) {
    lock();
    remove_trace(domain, ptr);
    unlock();
}

void kr_tracemalloc_new_reference(PyObject *o) {
    if (!state.on || noting) return;
    uintptr_t ptr = (uintptr_t)o - kr_type_prefix(Py_TYPE(o));
    lock();
    Trace *t = state.on && state.traces_size ? find_trace(0, ptr) : NULL;
    size_t size = t && t->traceback ? t->size : 0;
    unlock();
    if (!size) return;
    noting = true;
    note(0, ptr, size);         /* without memory for it, the old one stays */
    noting = false;
}

/* ------------------------------------------------------------------ hooks */

static void *noted(PyMemAllocatorEx *under, void *p, size_t size) {
    if (p && note(0, (uintptr_t)p, size) < 0) {
        under->free(under->ctx, p);
        p = NULL;
    }
    noting = false;
    return p;
}
static void *hook_malloc(void *ctx, size_t n) {
    PyMemAllocatorEx *under = ctx;
    if (noting) return under->malloc(under->ctx, n);
    noting = true;
    return noted(under, under->malloc(under->ctx, n), n);
}
static void *hook_calloc(void *ctx, size_t n, size_t size) {
    PyMemAllocatorEx *under = ctx;
    if (noting) return under->calloc(under->ctx, n, size);
    noting = true;
    return noted(under, under->calloc(under->ctx, n, size), n * size);
}
/* A block that moved or changed its size is noted anew; without memory for that it is not noted any more. */
static void *hook_realloc(void *ctx, void *old, size_t n) {
    PyMemAllocatorEx *under = ctx;
    if (!old) return hook_malloc(ctx, n);
    bool inner = noting;
    lock();                     /* nobody may get the old block, and note it, before it is forgotten */
    void *p = under->realloc(under->ctx, old, n);
    if (p) remove_trace(0, (uintptr_t)old);
    unlock();
    if (!p || inner) return p;
    noting = true;
    note(0, (uintptr_t)p, n);
    noting = false;
    return p;
}
static void hook_free(void *ctx, void *p) {
    PyMemAllocatorEx *under = ctx;
    if (!p) return;
    forget(0, (uintptr_t)p);
    under->free(under->ctx, p);
}

/* ------------------------------------------------------------------ on and off */

/* A child process gets the tables as they were between two changes. */
static int prepare(void) {
    if (!state.unknown && !(state.unknown = kr_heap_calloc(1, traceback_size(1)))) return -1;
    state.unknown->nplaces = state.unknown->total = 1;
    if (!state.prepared && pthread_atfork(lock, unlock, unlock) != 0) return -1;
    state.prepared = true;
    return 0;
}
int kr_tracemalloc_start(int nframe) {
    static const PyMemAllocatorDomain domains[DOMAINS] = {PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};
    if (nframe < 1 || nframe > KR_TRACEMALLOC_MAX_FRAMES) {
        PyErr_Format(PyExc_ValueError, "the number of frames must be in range [1; %lu]", (unsigned long)KR_TRACEMALLOC_MAX_FRAMES);
        return -1;
    }
    if (state.on) return 0;
    kr_heap_free(state.scratch);
    state.scratch = kr_heap_malloc(traceback_size(nframe));
    if (!state.scratch || prepare() < 0) {
        PyErr_NoMemory();
        return -1;
    }
    state.limit = nframe;
    state.on = true;
    for (int d = 0; d < DOMAINS; d++) {
        PyMem_GetAllocator(domains[d], &state.under[d]);
        PyMemAllocatorEx hook = {&state.under[d], hook_malloc, hook_calloc, hook_realloc, hook_free};
        PyMem_SetAllocator(domains[d], &hook);
    }
    return 0;
}
void kr_tracemalloc_stop(void) {
    if (!state.on) return;
    lock();
    state.on = false;
    unlock();
    PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &state.under[0]);
    PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &state.under[1]);
    PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &state.under[2]);
    kr_tracemalloc_clear();
    kr_heap_free(state.scratch);
    state.scratch = NULL;
}
/* File names are released at the end, as that frees blocks. */
void kr_tracemalloc_clear(void) {
    lock();
    Traceback **all = state.tracebacks;
    size_t n = state.tracebacks_size;
    kr_heap_free(state.traces);
    state.traces = NULL;
    state.tracebacks = NULL;
    state.ntraces = state.traces_size = state.ntracebacks = state.tracebacks_size = state.traceback_bytes = state.now = state.peak = 0;
    unlock();
    for (size_t i = 0; i < n; i++) {
        for (int k = 0; all[i] && k < all[i]->nplaces; k++) Py_XDECREF(all[i]->places[k].filename);
        kr_heap_free(all[i]);
    }
    kr_heap_free(all);
}
bool kr_tracemalloc_is_on(void) { return state.on; }
int kr_tracemalloc_limit(void) { return state.limit; }
void kr_tracemalloc_sizes(size_t *now, size_t *peak) {
    lock();
    *now = state.now;
    *peak = state.peak;
    unlock();
}
void kr_tracemalloc_reset_peak(void) {
    lock();
    state.peak = state.now;
    unlock();
}
size_t kr_tracemalloc_overhead(void) {
    lock();
    size_t n = state.traces_size * sizeof *state.traces + state.tracebacks_size * sizeof *state.tracebacks + state.traceback_bytes;
    unlock();
    return n;
}

/* ------------------------------------------------------------------ as objects */

static PyObject *traceback_object(const Traceback *tb) {
    PyObject *r = PyTuple_New(tb->nplaces), *name;
    for (int i = 0; r && i < tb->nplaces; i++) {
        PyObject *known = tb->places[i].filename;
        name = known ? Py_NewRef(known) : PyUnicode_FromString("<unknown>");
        PyObject *pair = name ? Py_BuildValue("(Ni)", name, tb->places[i].lineno) : NULL;
        if (pair) PyTuple_SET_ITEM(r, i, pair);
        else Py_CLEAR(r);
    }
    return r;
}
/* One tuple for each different traceback: `made` maps addresses to them. */
static PyObject *shared_traceback(PyObject *made, const Traceback *tb) {
    PyObject *key = PyLong_FromVoidPtr((void *)tb), *r = key ? Py_XNewRef(PyDict_GetItemWithError(made, key)) : NULL;
    if (key && !r && !PyErr_Occurred() && (r = traceback_object(tb)) && PyDict_SetItem(made, key, r) < 0) Py_CLEAR(r);
    Py_XDECREF(key);
    return r;
}
/* A copy of the traces that are in use, from the heap; NULL without memory. */
static Trace *copy_traces(size_t *n) {
    lock();
    Trace *copy = kr_heap_malloc((state.ntraces + 1) * sizeof *copy);
    *n = 0;
    for (size_t i = 0; copy && i < state.traces_size; i++)
        if (state.traces[i].traceback) copy[(*n)++] = state.traces[i];
    unlock();
    return copy;
}
PyObject *kr_tracemalloc_traces(void) {
    PyObject *list = PyList_New(0), *made = PyDict_New();
    int collecting = PyGC_Disable();    /* no other code may run that clears the traces */
    size_t n = 0;
    Trace *copy = list && made && state.on ? copy_traces(&n) : NULL;
    bool inner = noting;
    if (list && made && state.on && !copy) {
        PyErr_NoMemory();
        Py_CLEAR(list);
    }
    noting = true;              /* what is made here is not noted */
    for (size_t i = 0; list && i < n; i++) {
        PyObject *tb = shared_traceback(made, copy[i].traceback);
        PyObject *item = tb ? Py_BuildValue("(InNi)", copy[i].domain, (Py_ssize_t)copy[i].size, tb, copy[i].traceback->total) : NULL;
        if (!item || PyList_Append(list, item) < 0) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    noting = inner;
    if (collecting) PyGC_Enable();
    kr_heap_free(copy);
    if (!made) Py_CLEAR(list);
    Py_XDECREF(made);
    return list;
}

/* ------------------------------------------------------------------ C API */

int PyTraceMalloc_Track(unsigned int domain, uintptr_t ptr, size_t size) {
    if (!state.on) return -2;
    PyGILState_STATE gil = PyGILState_Ensure();
    int r = note(domain, ptr, size);
    PyGILState_Release(gil);
    return r;
}
int PyTraceMalloc_Untrack(unsigned int domain, uintptr_t ptr) {
    if (!state.on) return -2;
    forget(domain, ptr);
    return 0;
}
PyObject *_PyTraceMalloc_GetTraceback(unsigned int domain, uintptr_t ptr) {
    lock();
    Traceback *tb = state.on && state.traces_size ? find_trace(domain, ptr)->traceback : NULL;
    unlock();
    return tb ? traceback_object(tb) : Py_NewRef(Py_None);
}
