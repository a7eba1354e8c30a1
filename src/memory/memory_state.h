/* memory_state.h - the allocator's and the collector's state, in KrInterp. */
#ifndef KRAIT_MEMORY_STATE_H
#define KRAIT_MEMORY_STATE_H

/* The collector's head: the 16 bytes directly before every object whose type has Py_TPFLAGS_HAVE_GC.
 * next == 0 means untracked (binaries of others read that word). The low bits of prev are the collector's. */
typedef struct KrGCHead {
    uintptr_t next;
    uintptr_t prev;
} KrGCHead;

typedef struct {
    KrGCHead head;      /* list of the generation's objects */
    int threshold, count;
} KrGeneration;

typedef struct {
    KrGeneration generations[3];
    KrGCHead permanent; /* gc.freeze() */
    int enabled, collecting, debug;
    int patience;       /* how many times the threshold the youngest generation may grow beyond it: gc.c */
    PyObject *garbage, *callbacks;
    struct { Py_ssize_t collections, collected, uncollectable; } stats[3];
    Py_ssize_t long_lived_total, long_lived_pending;
} KrMemoryState;

#endif
