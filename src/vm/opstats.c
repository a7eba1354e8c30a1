/* opstats.c - -X opstats: what the loop executed.
 *
 * With the option, the loop goes through a dispatch table that counts each instruction; a special instruction whose guard failed
 * is counted once more as a miss (its execution by the generic body is not counted again). A third count, by pairs of successive instructions,
 * shows what is worth fusing.
 */
#include "vm/specialize.h"
#include "vm/opstats.h"
#include "vm/trace.h"
#include <stdio.h>
#include <stdlib.h>

int kr_opstats_enable(KrInterp *interp) {
    if (!(interp->vm.op_stats = PyMem_RawCalloc(1, sizeof(KrOpStats)))) return -1;
    for (KrThread *t = interp->threads; t; t = (KrThread *)t->base.next) kr_trace_update(t);
    return 0;
}

typedef struct { int op, next; uint64_t ran; } Row;
static int by_count(const void *a, const void *b) {
    uint64_t x = ((const Row *)a)->ran, y = ((const Row *)b)->ran;
    return x < y ? 1 : x > y ? -1 : 0;
}

void kr_opstats_print(KrInterp *interp) {
    KrOpStats *s = interp->vm.op_stats;
    enum { PAIRS = KR_OP_COUNT * KR_OP_COUNT, SHOWN_PAIRS = 40 };
    Row *rows = s ? PyMem_RawCalloc(PAIRS, sizeof *rows) : NULL;
    if (!rows) return;
    uint64_t total = 0;
    for (int i = 0; i < KR_OP_COUNT; i++) {
        rows[i] = (Row){.op = i, .ran = s->ran[i]};
        total += s->ran[i];
    }
    qsort(rows, KR_OP_COUNT, sizeof *rows, by_count);
    fprintf(stderr, "%-26s %14s %7s %12s\n", "instruction", "executed", "share", "missed");
    for (int i = 0; i < KR_OP_COUNT && rows[i].ran; i++)
        fprintf(stderr, "%-26s %14llu %6.2f%% %12llu\n", kr_op_names[rows[i].op], (unsigned long long)rows[i].ran, 100.0 * (double)rows[i].ran / (double)total,
                (unsigned long long)s->missed[rows[i].op]);
    fprintf(stderr, "%-26s %14llu\n\npairs\n", "all", (unsigned long long)total);
    for (int i = 0; i < PAIRS; i++) rows[i] = (Row){.op = i / KR_OP_COUNT, .next = i % KR_OP_COUNT, .ran = s->pairs[i / KR_OP_COUNT][i % KR_OP_COUNT]};
    qsort(rows, PAIRS, sizeof *rows, by_count);
    for (int i = 0; i < SHOWN_PAIRS && rows[i].ran; i++)
        fprintf(stderr, "%-26s %-26s %14llu %6.2f%%\n", kr_op_names[rows[i].op], kr_op_names[rows[i].next], (unsigned long long)rows[i].ran, 100.0 * (double)rows[i].ran / (double)total);
    PyMem_RawFree(rows);
}
