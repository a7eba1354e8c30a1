/* pool.h - memory for small objects: what was given back last is handed out first, while it is still in the processor's cache.
 *
 * A pool is KR_POOL_SIZE bytes, aligned to its size, of blocks of one class: of multiples of 16 bytes up to KR_SMALL_MAX, then of a few sizes
 * up to KR_MEDIUM_MAX that divide a pool well. 64 pools make an arena, mapped from the system and unmapped when all its pools are empty.
 * The first arenas, and all of a program that has many, are made two at a time on a huge page, which takes a tenth of the time that its
 * small pages take to be touched. Every function here needs the GIL.
 * The first arena's address fixes a window of KR_ARENA_WINDOW arenas; memory outside of it is never used, so that one look at a table
 * tells pools' blocks from all others. */
#ifndef KRAIT_POOL_H
#define KRAIT_POOL_H
#include "krait.h"
#include <stdio.h>

#define KR_SMALL_MAX 512
#define KR_MEDIUM_MAX 4080
#define KR_MEDIUM_CLASSES 21
#define KR_POOL_CLASSES (KR_SMALL_MAX / 16 + 1 + KR_MEDIUM_CLASSES)
#define KR_POOL_SIZE ((size_t)16 << 10)
#define KR_ARENA_SHIFT 20
#define KR_ARENA_SIZE ((size_t)1 << KR_ARENA_SHIFT)
#define KR_ARENA_WINDOW 65536

typedef struct KrBlock {
    struct KrBlock *next;
} KrBlock;

typedef struct KrPool {
    KrBlock *free;              /* blocks to hand out, the last given back first */
    uint32_t used;              /* blocks handed out */
    uint16_t size;              /* of a block, in bytes */
    uint8_t state, class;       /* KrPoolState; index of kr_pool_current */
    char *fresh;                /* blocks from here to the pool's end were never linked into `free` */
    struct KrPool *prev, *next; /* in the list of the size's pools with room, or of free pools (next only) */
} KrPool;

/* By (size + 15) / 16, and behind those the medium classes: the pool that blocks are taken from, never NULL. */
extern KrPool *kr_pool_current[KR_POOL_CLASSES];
extern uintptr_t kr_arena_window;                       /* the window's first address; 0 before there is an arena */
extern struct KrArena *kr_arena_table[KR_ARENA_WINDOW]; /* by (address - kr_arena_window) >> KR_ARENA_SHIFT */

/* The ways out of line. kr_pool_refill: NULL when there is no memory in the window. */
void *kr_pool_refill(size_t class);
/* KR_SMALL_MAX < n <= KR_MEDIUM_MAX bytes; NULL as kr_pool_refill. */
void *kr_pool_malloc_medium(size_t n);
void kr_pool_given_back(KrPool *pool);
Py_ssize_t kr_pool_blocks(void);        /* in use */
void kr_pool_print_stats(FILE *out);

#ifndef NDEBUG
bool kr_pool_may_be_used(void);         /* the calling thread holds the GIL, or there is no interpreter */
#endif

KR_INLINE bool kr_is_pooled(const void *p) {
    uintptr_t i = ((uintptr_t)p - kr_arena_window) >> KR_ARENA_SHIFT;
    return i < KR_ARENA_WINDOW && kr_arena_table[i] != NULL;
}
KR_INLINE KrPool *kr_pool_of(const void *p) { return (KrPool *)((uintptr_t)p & ~(KR_POOL_SIZE - 1)); }

KR_INLINE void *kr_pool_take(size_t class) {
    assert(kr_pool_may_be_used());
    KrPool *pool = kr_pool_current[class];
    KrBlock *b = pool->free;
    if (KR_UNLIKELY(b == NULL))
        return kr_pool_refill(class);
    pool->free = b->next;
    pool->used++;
    return b;
}
/* n <= KR_SMALL_MAX bytes; a block of 16 for 0. NULL as kr_pool_refill. */
KR_INLINE void *kr_pool_malloc(size_t n) { return kr_pool_take((n + 15) >> 4); }

/* p: a block of a pool. */
KR_INLINE void kr_pool_free(void *p) {
    assert(kr_pool_may_be_used());
    KrPool *pool = kr_pool_of(p);
    KrBlock *b = p, *next = pool->free;
    b->next = next;
    pool->free = b;
    pool->used--;
    if (KR_UNLIKELY(next == NULL || pool->used == 0))
        kr_pool_given_back(pool);
}

#endif
