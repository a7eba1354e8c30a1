/* alloc.h - the allocators behind the three domains: the heap, which any thread may use at any time, for PyMem_Raw*; for PyMem_* and
 * PyObject_*, which need the GIL, pools for what is small (pool.h) and the heap for the rest. The heap is libc's malloc, which grows
 * big blocks without copying them. Sanitizer builds have no pools.
 *
 * A domain can be replaced at run time (PyMem_SetAllocator); `hooked` is nonzero from then on, and the inline
 * functions take the slow way. Every function may be called with size 0 and then gives a distinct pointer. */
#ifndef KRAIT_ALLOC_H
#define KRAIT_ALLOC_H
#include "krait.h"

#include <stdlib.h>
KR_INLINE void *kr_heap_malloc(size_t n) { return malloc(n ? n : 1); }
KR_INLINE void *kr_heap_calloc(size_t n, size_t size) { return n && size ? calloc(n, size) : calloc(1, 1); }
KR_INLINE void *kr_heap_realloc(void *p, size_t n) { return realloc(p, n ? n : 1); }
KR_INLINE void kr_heap_free(void *p) { free(p); }

#ifdef KR_ASAN
KR_INLINE void *kr_pooled_malloc(size_t n) { return kr_heap_malloc(n); }
KR_INLINE void *kr_pooled_calloc(size_t n, size_t size) { return kr_heap_calloc(n, size); }
KR_INLINE void *kr_pooled_realloc(void *p, size_t n) { return kr_heap_realloc(p, n); }
KR_INLINE void kr_pooled_free(void *p) { kr_heap_free(p); }
#else
#include "memory/pool.h"

/* With the GIL. */
KR_INLINE void *kr_pooled_malloc(size_t n) {
    void *p = KR_LIKELY(n <= KR_SMALL_MAX) ? kr_pool_malloc(n) : n <= KR_MEDIUM_MAX ? kr_pool_malloc_medium(n) : NULL;
    return KR_LIKELY(p != NULL) ? p : kr_heap_malloc(n);
}
KR_INLINE void kr_pooled_free(void *p) {
    if (KR_LIKELY(kr_is_pooled(p)))
        kr_pool_free(p);
    else
        kr_heap_free(p);
}
void *kr_pooled_calloc(size_t n, size_t size);
void *kr_pooled_realloc(void *p, size_t n);
#endif

/* Process-wide: allocation must work before there is an interpreter. Changed only by PyMem_SetAllocator and friends. */
typedef struct {
    PyMemAllocatorEx domain[3];         /* by PyMemAllocatorDomain */
    int hooked;                         /* bit d: domain d is not the default */
    PyObjectArenaAllocator arena;
} KrAllocators;
extern KrAllocators kr_allocators;
/* What the debug hooks a consists of go to; NULL when a is something else. */
const PyMemAllocatorEx *kr_debug_under(const PyMemAllocatorEx *a);
/* By the names of PYTHONMALLOC; exported by CPython, in no public header. */
PyAPI_FUNC(int) _PyMem_GetAllocatorName(const char *name, PyMemAllocatorName *allocator);
PyAPI_FUNC(int) _PyMem_SetupAllocators(PyMemAllocatorName allocator);
PyAPI_FUNC(int) _PyObject_DebugMallocStats(FILE *out);
PyAPI_FUNC(const char *) _PyMem_GetCurrentAllocatorName(void);

/* PyObject_Malloc / PyObject_Free in line. */
KR_INLINE void *kr_object_malloc(size_t n) {
    if (KR_LIKELY(!kr_allocators.hooked))
        return kr_pooled_malloc(n);
    return PyObject_Malloc(n);
}
KR_INLINE void kr_object_free(void *p) {
    if (KR_LIKELY(!kr_allocators.hooked))
        kr_pooled_free(p);
    else
        PyObject_Free(p);
}

PyAPI_FUNC(Py_ssize_t) _Py_GetAllocatedBlocks(void); /* exported by CPython, in no public header */

#endif
