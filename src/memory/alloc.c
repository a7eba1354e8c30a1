/* alloc.c - PyMem_Raw*, PyMem_*, PyObject_Malloc and friends: three domains.
 *
 * kr_allocators is process-wide because the raw domain works before there is an interpreter; it is only written by
 * PyMem_SetAllocator, PyObject_SetArenaAllocator and _PyMem_SetupAllocators.
 * Requests above PY_SSIZE_T_MAX fail without reaching the heap.
 */
#include "memory/alloc.h"
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#ifndef KR_ASAN
void *kr_pooled_calloc(size_t n, size_t size) {
    if (n * size > KR_MEDIUM_MAX) /* the product fits: the callers look */
        return kr_heap_calloc(n, size);
    void *p = n * size > KR_SMALL_MAX ? kr_pool_malloc_medium(n * size) : kr_pool_malloc(n * size);
    return KR_LIKELY(p != NULL) ? memset(p, 0, n * size) : kr_heap_calloc(n, size);
}

/* A small block stays where it is as long as n needs more than three quarters of it. */
void *kr_pooled_realloc(void *p, size_t n) {
    if (!kr_is_pooled(p))
        return p == NULL ? kr_pooled_malloc(n) : kr_heap_realloc(p, n);
    size_t size = kr_pool_of(p)->size;
    if (n <= size && 4 * n > 3 * size)
        return p;
    void *q = kr_pooled_malloc(n);
    if (q != NULL) {
        memcpy(q, p, n < size ? n : size);
        kr_pool_free(p);
    }
    return q;
}
#endif

/* The domains' own allocators: heap for PyMem_Raw*, pooled for the other two. */
#define KR_DEFINE_DEFAULTS(Name)                                                                                  \
    static void *Name##_malloc(void *ctx, size_t n) { return kr_##Name##_malloc(n); }                             \
    static void *Name##_calloc(void *ctx, size_t n, size_t size) { return kr_##Name##_calloc(n, size); }          \
    static void *Name##_realloc(void *ctx, void *p, size_t n) { return kr_##Name##_realloc(p, n); }               \
    static void Name##_free(void *ctx, void *p) { kr_##Name##_free(p); }
KR_DEFINE_DEFAULTS(heap)
KR_DEFINE_DEFAULTS(pooled)
static void *arena_alloc(void *ctx, size_t n) { return kr_heap_malloc(n); }
static void arena_free(void *ctx, void *p, size_t n) { kr_heap_free(p); }

#define KR_HEAP_DOMAIN {NULL, heap_malloc, heap_calloc, heap_realloc, heap_free}
#define KR_POOLED_DOMAIN {NULL, pooled_malloc, pooled_calloc, pooled_realloc, pooled_free}
static const PyMemAllocatorEx default_domain[] = {KR_HEAP_DOMAIN, KR_POOLED_DOMAIN, KR_POOLED_DOMAIN};
KrAllocators kr_allocators = {
    .domain = {KR_HEAP_DOMAIN, KR_POOLED_DOMAIN, KR_POOLED_DOMAIN},
    .arena = {NULL, arena_alloc, arena_free},
};

KR_INLINE bool too_big(size_t n) { return KR_UNLIKELY(n > (size_t)PY_SSIZE_T_MAX); }
KR_INLINE bool product_too_big(size_t n, size_t size) { return size != 0 && KR_UNLIKELY(n > (size_t)PY_SSIZE_T_MAX / size); }

/* The four functions of a domain. */
#define KR_DEFINE_DOMAIN(Malloc, Calloc, Realloc, Free, D, Default) \
    void *Malloc(size_t n) {                                                         \
        if (too_big(n))                                                              \
            return NULL;                                                             \
        if (KR_LIKELY(!kr_allocators.hooked))                                        \
            return kr_##Default##_malloc(n);                                         \
        return kr_allocators.domain[D].malloc(kr_allocators.domain[D].ctx, n);       \
    }                                                                                \
    void *Calloc(size_t n, size_t size) {                                            \
        if (product_too_big(n, size))                                                \
            return NULL;                                                             \
        if (KR_LIKELY(!kr_allocators.hooked))                                        \
            return kr_##Default##_calloc(n, size);                                   \
        return kr_allocators.domain[D].calloc(kr_allocators.domain[D].ctx, n, size); \
    }                                                                                \
    void *Realloc(void *p, size_t n) {                                               \
        if (too_big(n))                                                              \
            return NULL;                                                             \
        if (KR_LIKELY(!kr_allocators.hooked))                                        \
            return kr_##Default##_realloc(p, n);                                     \
        return kr_allocators.domain[D].realloc(kr_allocators.domain[D].ctx, p, n);   \
    }                                                                                \
    void Free(void *p) {                                                             \
        if (KR_LIKELY(!kr_allocators.hooked))                                        \
            kr_##Default##_free(p);                                                  \
        else                                                                         \
            kr_allocators.domain[D].free(kr_allocators.domain[D].ctx, p);            \
    }
KR_DEFINE_DOMAIN(PyMem_RawMalloc, PyMem_RawCalloc, PyMem_RawRealloc, PyMem_RawFree, PYMEM_DOMAIN_RAW, heap)
KR_DEFINE_DOMAIN(PyMem_Malloc, PyMem_Calloc, PyMem_Realloc, PyMem_Free, PYMEM_DOMAIN_MEM, pooled)
KR_DEFINE_DOMAIN(PyObject_Malloc, PyObject_Calloc, PyObject_Realloc, PyObject_Free, PYMEM_DOMAIN_OBJ, pooled)

/* ------------------------------------------------------------------ replacing allocators */

void PyMem_GetAllocator(PyMemAllocatorDomain d, PyMemAllocatorEx *a) {
    if ((unsigned)d < KR_ARRAY_LEN(kr_allocators.domain))
        *a = kr_allocators.domain[d];
    else
        memset(a, 0, sizeof *a);
}

static void update_hooked(void) {
    int hooked = 0;
    for (unsigned d = 0; d < KR_ARRAY_LEN(kr_allocators.domain); d++)
        if (kr_allocators.domain[d].malloc != default_domain[d].malloc)
            hooked |= 1 << d;
    kr_allocators.hooked = hooked;
}

void PyMem_SetAllocator(PyMemAllocatorDomain d, PyMemAllocatorEx *a) {
    if ((unsigned)d < KR_ARRAY_LEN(kr_allocators.domain)) {
        kr_allocators.domain[d] = *a;
        update_hooked();
    }
}

void PyObject_GetArenaAllocator(PyObjectArenaAllocator *a) { *a = kr_allocators.arena; }
void PyObject_SetArenaAllocator(PyObjectArenaAllocator *a) { kr_allocators.arena = *a; }

/* The names PYTHONMALLOC accepts, by PyMemAllocatorName. "pymalloc" is what krait uses of itself, "malloc" the C library's. */
static const char *const allocator_names[] = {
    NULL, "default", "debug", "malloc", "malloc_debug", "pymalloc", "pymalloc_debug"};

PyAPI_FUNC(int) _PyMem_SetDefaultAllocator(PyMemAllocatorDomain domain, PyMemAllocatorEx *old);

/* 0, or -1 when the name is unknown; an empty name means the default. */
int _PyMem_GetAllocatorName(const char *name, PyMemAllocatorName *allocator) {
    if (name == NULL || *name == '\0') {
        *allocator = PYMEM_ALLOCATOR_DEFAULT;
        return 0;
    }
    for (size_t i = 1; i < KR_ARRAY_LEN(allocator_names); i++)
        if (strcmp(name, allocator_names[i]) == 0) {
            *allocator = (PyMemAllocatorName)i;
            return 0;
        }
    return -1;
}

int _PyMem_SetupAllocators(PyMemAllocatorName name) {
    if (name == PYMEM_ALLOCATOR_NOT_SET) return 0;
    if ((size_t)name >= KR_ARRAY_LEN(allocator_names)) return -1;
    bool libc = name == PYMEM_ALLOCATOR_MALLOC || name == PYMEM_ALLOCATOR_MALLOC_DEBUG;
    for (unsigned d = 0; d < KR_ARRAY_LEN(kr_allocators.domain); d++) kr_allocators.domain[d] = libc ? default_domain[PYMEM_DOMAIN_RAW] : default_domain[d];
    update_hooked();
    if (name == PYMEM_ALLOCATOR_DEBUG || name == PYMEM_ALLOCATOR_MALLOC_DEBUG || name == PYMEM_ALLOCATOR_PYMALLOC_DEBUG) PyMem_SetupDebugHooks();
    return 0;
}

/* The name by which the allocators could be asked for; NULL when they were replaced by others. */
const char *_PyMem_GetCurrentAllocatorName(void) {
    const PyMemAllocatorEx *a = &kr_allocators.domain[PYMEM_DOMAIN_OBJ], *under = kr_debug_under(a);
    if (under) return under->malloc == pooled_malloc ? "pymalloc_debug" : under->malloc == heap_malloc ? "malloc_debug" : NULL;
    return a->malloc == pooled_malloc ? "pymalloc" : a->malloc == heap_malloc ? "malloc" : NULL;
}

int _PyMem_SetDefaultAllocator(PyMemAllocatorDomain d, PyMemAllocatorEx *old) {
    if ((unsigned)d >= KR_ARRAY_LEN(kr_allocators.domain))
        return -1;
    if (old != NULL)
        *old = kr_allocators.domain[d];
    kr_allocators.domain[d] = default_domain[d];
    update_hooked();
    return 0;
}

/* ------------------------------------------------------------------ strings */

static char *copy_bytes(void *(*alloc)(size_t), const char *s) {
    size_t n = strlen(s) + 1;
    char *copy = alloc(n);
    return copy == NULL ? NULL : memcpy(copy, s, n);
}
char *_PyMem_RawStrdup(const char *s) { return copy_bytes(PyMem_RawMalloc, s); }
char *_PyMem_Strdup(const char *s) { return copy_bytes(PyMem_Malloc, s); }

wchar_t *_PyMem_RawWcsdup(const wchar_t *s) {
    size_t n = wcslen(s);
    if (n > (size_t)PY_SSIZE_T_MAX / sizeof(wchar_t) - 1)
        return NULL;
    n = (n + 1) * sizeof(wchar_t);
    wchar_t *copy = PyMem_RawMalloc(n);
    return copy == NULL ? NULL : memcpy(copy, s, n);
}

/* ------------------------------------------------------------------ statistics */

/* Blocks in use in the pools; 0 when there are none. */
Py_ssize_t _Py_GetAllocatedBlocks(void) {
#ifdef KR_ASAN
    return 0;
#else
    return kr_pool_blocks();
#endif
}

int _PyObject_DebugMallocStats(FILE *out) {
#ifndef KR_ASAN
    kr_pool_print_stats(out);
#endif
    return 1;
}
