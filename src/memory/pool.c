/* pool.c - pools and arenas (pool.h). */
#ifndef KR_ASAN
#include "memory/pool.h"
#include "runtime/runtime_state.h"
#include <sys/mman.h>

#define POOLS ((unsigned)(KR_ARENA_SIZE / KR_POOL_SIZE))
#define SMALL_CLASSES (KR_SMALL_MAX / 16 + 1)
#define CLASSES KR_POOL_CLASSES
#define FIRST_BLOCK ((sizeof(KrPool) + 15) & ~(size_t)15)
#define LINKED_AT_ONCE 1024     /* bytes: fresh blocks are linked, and so their memory touched, in steps */
#define MANY_ARENAS 64          /* from so many on new ones are on huge pages, one of which, half empty, makes no difference then */

typedef enum {
    FREE,       /* in the arena's list, of no size */
    FULL,       /* nothing to hand out, in no list */
    LISTED,     /* with room, in its size's list */
    CURRENT,
} KrPoolState;

typedef struct KrArena {
    struct KrArena *prev, *next;        /* in the list of arenas with free pools */
    char *base;
    KrPool *free;                       /* pools that were used */
    unsigned n_free, n_fresh;           /* pools free in all; those of them never used, at the arena's end */
} KrArena;

/* Medium classes by how many blocks of theirs fit into a pool. */
static const uint8_t medium_blocks[KR_MEDIUM_CLASSES] = {4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 21, 23, 25, 27, 30};
#define MEDIUM_SIZE(n) ((KR_POOL_SIZE - FIRST_BLOCK) / (n) & ~(size_t)15)
_Static_assert(MEDIUM_SIZE(4) == KR_MEDIUM_MAX, "the largest class");
/* Such a class by how many blocks of the size that is asked for would fit. */
static const uint8_t medium_class[] = {[4] = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 14, 15, 16, 16, 17, 17, 18, 18, 19, 19, 19, 20, 20};

static KrPool nothing = {.state = FULL};        /* the current pool of sizes that have none */
KrPool *kr_pool_current[CLASSES] = {[0 ... CLASSES - 1] = &nothing};
uintptr_t kr_arena_window;
struct KrArena *kr_arena_table[KR_ARENA_WINDOW];

static KrPool *with_room[CLASSES];      /* by size: pools with room that aren't current */
static KrArena *with_pools;             /* arenas with a free pool */
static unsigned empty_arenas;           /* of those: all pools free */
static unsigned n_arenas;
static char *spare;                     /* room for one more arena that is mapped; NULL: none */
static size_t first_arena = KR_ARENA_WINDOW, last_arena;    /* all arenas' places in the table lie between */

KR_INLINE size_t arena_index(const void *p) { return ((uintptr_t)p - kr_arena_window) >> KR_ARENA_SHIFT; }
KR_INLINE char *pool_end(KrPool *pool) { return (char *)pool + KR_POOL_SIZE - pool->size; }     /* the last block's place, at most */

#ifndef NDEBUG
bool kr_pool_may_be_used(void) { return !kr_runtime.main_interp || PyGILState_Check(); }
#endif

/* ------------------------------------------------------------------ arenas */

/* n bytes aligned to n; MAP_FAILED as mmap. */
static char *map_aligned(size_t n) {
    char *p = mmap(NULL, 2 * n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return p;
    char *aligned = (char *)(((uintptr_t)p + n - 1) & ~(n - 1));
    if (aligned != p)
        munmap(p, (size_t)(aligned - p));
    munmap(aligned + n, (size_t)(p + n - aligned));
    return aligned;
}
/* KR_ARENA_SIZE bytes aligned to that; MAP_FAILED as mmap. */
static char *map_arena(void) {
    char *p = spare;
    spare = NULL;
    if (p)
        return p;
    if (n_arenas == 0 || n_arenas >= MANY_ARENAS) {
        p = map_aligned(2 * KR_ARENA_SIZE);
        if (p != MAP_FAILED) {
            madvise(p, 2 * KR_ARENA_SIZE, MADV_HUGEPAGE);
            spare = p + KR_ARENA_SIZE;
            return p;
        }
    }
    return map_aligned(KR_ARENA_SIZE);
}

static void link_arena(KrArena *a) {
    a->prev = NULL;
    a->next = with_pools;
    if (with_pools)
        with_pools->prev = a;
    with_pools = a;
}
static void unlink_arena(KrArena *a) {
    if (a->prev)
        a->prev->next = a->next;
    else
        with_pools = a->next;
    if (a->next)
        a->next->prev = a->prev;
}

static KrArena *new_arena(void) {
    KrArena *a = calloc(1, sizeof *a);
    char *base = a ? map_arena() : MAP_FAILED;
    if (base == MAP_FAILED) {
        free(a);
        return NULL;
    }
    if (kr_arena_window == 0) /* mappings are made downwards: most of the window lies below */
        kr_arena_window = (uintptr_t)base > KR_ARENA_WINDOW / 8 * 7 * KR_ARENA_SIZE ? (uintptr_t)base - KR_ARENA_WINDOW / 8 * 7 * KR_ARENA_SIZE : KR_ARENA_SIZE;
    size_t i = arena_index(base);
    if (i >= KR_ARENA_WINDOW) {
        munmap(base, KR_ARENA_SIZE);
        free(a);
        return NULL;
    }
    a->base = base;
    a->n_free = a->n_fresh = POOLS;
    kr_arena_table[i] = a;
    if (i < first_arena)
        first_arena = i;
    if (i > last_arena)
        last_arena = i;
    link_arena(a);
    empty_arenas++;
    n_arenas++;
    return a;
}

static KrPool *take_pool(void) {
    KrArena *a = with_pools ? with_pools : new_arena();
    if (a == NULL)
        return NULL;
    if (a->n_free == POOLS)
        empty_arenas--;
    KrPool *pool = a->free;
    if (pool)
        a->free = pool->next;
    else
        pool = (KrPool *)(a->base + (POOLS - a->n_fresh--) * KR_POOL_SIZE);
    if (--a->n_free == 0)
        unlink_arena(a);
    return pool;
}

/* One empty arena is kept: a program that allocates and frees around an arena's edge shall not map and unmap. */
static void give_pool(KrPool *pool) {
    size_t i = arena_index(pool);
    KrArena *a = kr_arena_table[i];
    pool->state = FREE;
    pool->next = a->free;
    a->free = pool;
    if (a->n_free++ == 0)
        link_arena(a);
    if (a->n_free < POOLS || ++empty_arenas == 1)
        return;
    empty_arenas--;
    unlink_arena(a);
    kr_arena_table[i] = NULL;
    n_arenas--;
    munmap(a->base, KR_ARENA_SIZE);
    free(a);
}

/* ------------------------------------------------------------------ pools */

static void list_pool(KrPool *pool, unsigned class) {
    pool->state = LISTED;
    pool->prev = NULL;
    pool->next = with_room[class];
    if (pool->next)
        pool->next->prev = pool;
    with_room[class] = pool;
}
static void unlist_pool(KrPool *pool, unsigned class) {
    if (pool->prev)
        pool->prev->next = pool->next;
    else
        with_room[class] = pool->next;
    if (pool->next)
        pool->next->prev = pool->prev;
}

/* Links the next fresh blocks; false when there are none. */
static bool link_fresh(KrPool *pool) {
    char *p = pool->fresh, *end = pool_end(pool), *stop = p + LINKED_AT_ONCE < end ? p + LINKED_AT_ONCE : end;
    KrBlock *first = NULL, **at = &first;
    for (; p <= stop; p += pool->size) {
        *at = (KrBlock *)p;
        at = &((KrBlock *)p)->next;
    }
    *at = pool->free;
    pool->free = first;
    pool->fresh = p;
    return first != NULL;
}

static KrPool *new_pool(unsigned class) {
    KrPool *pool = take_pool();
    if (pool == NULL)
        return NULL;
    pool->free = NULL;
    pool->used = 0;
    pool->class = (uint8_t)class;
    pool->size = (uint16_t)(class >= SMALL_CLASSES ? MEDIUM_SIZE(medium_blocks[class - SMALL_CLASSES]) : class ? class * 16 : 16);
    pool->fresh = (char *)pool + FIRST_BLOCK;
    link_fresh(pool);
    return pool;
}

/* A block when the current pool has none linked. */
void *kr_pool_refill(size_t of_class) {
    unsigned class = (unsigned)of_class;
    KrPool *pool = kr_pool_current[class];
    if (pool == &nothing || !link_fresh(pool)) {
        KrPool *next = with_room[class];
        if (next)
            unlist_pool(next, class);
        else if ((next = new_pool(class)) == NULL)
            return NULL;
        pool->state = FULL;
        next->state = CURRENT;
        kr_pool_current[class] = pool = next;
    }
    KrBlock *b = pool->free;
    pool->free = b->next;
    pool->used++;
    return b;
}

void *kr_pool_malloc_medium(size_t n) {
    return kr_pool_take(SMALL_CLASSES + medium_class[(KR_POOL_SIZE - FIRST_BLOCK) / ((n + 15) & ~(size_t)15)]);
}

/* After a block was given back to a pool that had none to hand out, or that is empty now. */
void kr_pool_given_back(KrPool *pool) {
    unsigned class = pool->class;
    if (pool->state == CURRENT)
        return;
    if (pool->state == FULL)
        list_pool(pool, class);
    if (pool->used == 0) {
        unlist_pool(pool, class);
        give_pool(pool);
    }
}

/* What the pools of a size hold. */
typedef struct {
    size_t size, pools, blocks, room;         /* room: bytes that can be handed out without another pool */
} ClassStats;

/* Returns the number of arenas. */
static size_t count(ClassStats by_class[CLASSES]) {
    size_t arenas = 0;
    for (size_t i = first_arena; i <= last_arena; i++) {
        KrArena *a = kr_arena_table[i];
        arenas += a != NULL;
        for (unsigned k = 0; a && k < POOLS - a->n_fresh; k++) {
            KrPool *pool = (KrPool *)(a->base + k * KR_POOL_SIZE);
            if (pool->state == FREE)
                continue;
            ClassStats *s = &by_class[pool->class];
            s->size = pool->size;
            s->pools++;
            s->blocks += pool->used;
            s->room += (KR_POOL_SIZE - FIRST_BLOCK) / pool->size * pool->size - pool->used * (size_t)pool->size;
        }
    }
    return arenas;
}

Py_ssize_t kr_pool_blocks(void) {
    ClassStats by_class[CLASSES] = {0};
    size_t n = 0;
    count(by_class);
    for (unsigned i = 0; i < CLASSES; i++)
        n += by_class[i].blocks;
    return (Py_ssize_t)n;
}

void kr_pool_print_stats(FILE *out) {
    ClassStats by_class[CLASSES] = {0};
    size_t arenas = count(by_class), bytes = 0;
    fprintf(out, "Small block threshold = %d, in %d size classes.\n\nsize    pools    blocks in use    bytes available\n", KR_MEDIUM_MAX, CLASSES - 1);
    for (unsigned i = 1; i < CLASSES; i++) {
        ClassStats *s = &by_class[i];
        bytes += s->blocks * s->size;
        if (s->pools)
            fprintf(out, "%4zu %8zu %16zu %18zu\n", s->size, s->pools, s->blocks, s->room);
    }
    fprintf(out, "\n%zu arenas of %zu bytes, %zu bytes of them in use\n", arenas, KR_ARENA_SIZE, bytes);
}
#endif
