/* alloc_debug.c - PyMem_SetupDebugHooks: blocks with guards around them, over whatever allocator a domain has.
 *
 * A block is laid out as the C API's documentation says: 8 bytes with its size, a byte that names the domain ('r', 'm' or 'o'), 7 guard
 * bytes, the data, 8 guard bytes. New data is filled with CLEAN, freed data with DEAD. A damaged block ends the process with a description.
 * The domains "mem" and "object" may only be used with the GIL held.
 */
#include "memory/alloc.h"

enum { CLEAN = 0xcd, DEAD = 0xdd, GUARD = 0xfd };
enum { WORD = 8, HEAD = 2 * WORD, EXTRA = HEAD + WORD };

typedef struct { char id; PyMemAllocatorEx under; } Domain;
/* Process-wide as kr_allocators is, and written along with it. */
static Domain domains[3] = {{'r', {0}}, {'m', {0}}, {'o', {0}}};

static size_t block_size(const uint8_t *p) {
    uint64_t n;
    memcpy(&n, p - HEAD, sizeof n);
    return n;
}
static bool guards_intact(const uint8_t *at, int n) {
    for (int i = 0; i < n; i++)
        if (at[i] != GUARD) return false;
    return true;
}

/* ------------------------------------------------------------------ complaints */

static void show_guards(const uint8_t *at, int n, const char *where) {
    if (guards_intact(at, n)) {
        fputs("FORBIDDENBYTE, as expected.\n", stderr);
        return;
    }
    fprintf(stderr, "not all FORBIDDENBYTE (0x%02x):\n", GUARD);
    for (int i = 0; i < n; i++) fprintf(stderr, "        at %s%d: 0x%02x%s\n", where, *where == 'p' ? i - n : i, at[i], at[i] == GUARD ? "" : " *** OUCH");
}
static void show_data(const uint8_t *p, size_t n) {
    fputs("    Data at p:", stderr);
    for (size_t i = 0; i < n; i++) {
        if (i == 8 && n > 16) {
            fputs(" ...", stderr);
            i = n - 8;
        }
        fprintf(stderr, " %02x", p[i]);
    }
    fputc('\n', stderr);
}
static void describe(const uint8_t *p) {
    size_t n = block_size(p);
    char id = (char)p[-WORD];
    const uint8_t *tail = p + n;
    fprintf(stderr, "Debug memory block at address p=%p: API '%c'\n    %zu bytes originally requested\n", (const void *)p, id >= ' ' && id < 127 ? id : '?', n);
    fprintf(stderr, "    The %d pad bytes at p-%d are ", WORD - 1, WORD - 1);
    show_guards(p - WORD + 1, WORD - 1, "p");
    if (!guards_intact(p - WORD + 1, WORD - 1)) {
        fputs("    Because memory is corrupted at the start, the count of bytes requested\n       may be bogus, and checking the trailing pad bytes may segfault.\n",
              stderr);
        return;
    }
    fprintf(stderr, "    The %d pad bytes at tail=%p are ", WORD, (const void *)tail);
    show_guards(tail, WORD, "tail+");
    show_data(p, n);
    fputs("\nEnable tracemalloc to get the memory block allocation traceback\n\n", stderr);
}
/* The block must be whole and of this domain. */
static void check(const Domain *d, const char *function, const uint8_t *p) {
    char text[100];
    char id = (char)p[-WORD];
    const char *problem = NULL;
    if (id != d->id) {
        snprintf(text, sizeof text, "bad ID: Allocated using API '%c', verified using API '%c'", id >= ' ' && id < 127 ? id : '?', d->id);
        problem = text;
    } else if (!guards_intact(p - WORD + 1, WORD - 1)) {
        problem = "bad leading pad byte";
    } else if (!guards_intact(p + block_size(p), WORD)) {
        problem = "bad trailing pad byte";
    }
    if (!problem) return;
    describe(p);
    _Py_FatalErrorFunc(function, problem);
}
static void need_gil(const Domain *d, const char *function) {
    if (d->id != 'r' && kr_runtime.initialized && !PyGILState_Check()) _Py_FatalErrorFunc(function, "Python memory allocator called without holding the GIL");
}

/* ------------------------------------------------------------------ the four functions */

static uint8_t *finish(const Domain *d, uint8_t *block, size_t n) {
    uint64_t size = n;
    memcpy(block, &size, sizeof size);
    block[WORD] = (uint8_t)d->id;
    memset(block + WORD + 1, GUARD, WORD - 1);
    memset(block + HEAD + n, GUARD, WORD);
    return block + HEAD;
}
static void *debug_malloc(void *ctx, size_t n) {
    const Domain *d = ctx;
    need_gil(d, "_PyMem_DebugMalloc");
    if (n > (size_t)PY_SSIZE_T_MAX - EXTRA) return NULL;
    uint8_t *block = d->under.malloc(d->under.ctx, n + EXTRA);
    if (block) memset(block + HEAD, CLEAN, n);
    return block ? finish(d, block, n) : NULL;
}
static void *debug_calloc(void *ctx, size_t n, size_t size) {
    const Domain *d = ctx;
    need_gil(d, "_PyMem_DebugCalloc");
    if (size && n > ((size_t)PY_SSIZE_T_MAX - EXTRA) / size) return NULL;
    uint8_t *block = d->under.calloc(d->under.ctx, 1, n * size + EXTRA);
    return block ? finish(d, block, n * size) : NULL;
}
static void debug_free(void *ctx, void *p) {
    const Domain *d = ctx;
    need_gil(d, "_PyMem_DebugFree");
    if (!p) return;
    check(d, "_PyMem_DebugRawFree", p);
    uint8_t *block = (uint8_t *)p - HEAD;
    memset(block, DEAD, block_size(p) + EXTRA);
    d->under.free(d->under.ctx, block);
}
static void *debug_realloc(void *ctx, void *p, size_t n) {
    const Domain *d = ctx;
    if (!p) return debug_malloc(ctx, n);
    need_gil(d, "_PyMem_DebugRealloc");
    check(d, "_PyMem_DebugRawRealloc", p);
    if (n > (size_t)PY_SSIZE_T_MAX - EXTRA) return NULL;
    size_t old = block_size(p);
    uint8_t *block = d->under.realloc(d->under.ctx, (uint8_t *)p - HEAD, n + EXTRA);
    if (!block) return NULL;
    if (n > old) memset(block + HEAD + old, CLEAN, n - old);
    return finish(d, block, n);
}

/* ------------------------------------------------------------------ switching on */

void PyMem_SetupDebugHooks(void) {
    for (int i = 0; i < 3; i++) {
        PyMemAllocatorEx now;
        PyMem_GetAllocator((PyMemAllocatorDomain)i, &now);
        if (now.malloc == debug_malloc) continue;
        domains[i].under = now;
        PyMem_SetAllocator((PyMemAllocatorDomain)i, &(PyMemAllocatorEx){&domains[i], debug_malloc, debug_calloc, debug_realloc, debug_free});
    }
}
const PyMemAllocatorEx *kr_debug_under(const PyMemAllocatorEx *a) { return a->malloc == debug_malloc ? &((const Domain *)a->ctx)->under : NULL; }
