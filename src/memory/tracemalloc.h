/* tracemalloc.h - which blocks of memory are in use, and where each was allocated, while tracing is on. */
#ifndef KRAIT_TRACEMALLOC_H
#define KRAIT_TRACEMALLOC_H
#include "krait.h"

enum { KR_TRACEMALLOC_MAX_FRAMES = 65535 };

/* Tracing begins: the allocators are hooked, each trace keeps up to nframe frames. No-op while it is on. 0, or -1 with an exception. */
int kr_tracemalloc_start(int nframe) KR_MAY_RAISE;
/* Tracing ends, the traces are forgotten. */
void kr_tracemalloc_stop(void);
bool kr_tracemalloc_is_on(void);
int kr_tracemalloc_limit(void);
void kr_tracemalloc_clear(void);
/* An object begins in memory that may have been another's: its trace, if there is one, is of this place then. */
void kr_tracemalloc_new_reference(PyObject *);
/* Bytes in traced blocks now and at most; the second call forgets the maximum. */
void kr_tracemalloc_sizes(size_t *now, size_t *peak);
void kr_tracemalloc_reset_peak(void);
/* Bytes that the traces themselves take. */
size_t kr_tracemalloc_overhead(void);
/* List of (domain, size, traceback, number of frames there were). */
PyObject *kr_tracemalloc_traces(void) KR_NEW_REF KR_MAY_RAISE;

#endif
