/* opstats.c - -X opstats: what the loop executed.
 *
 * With the option, the loop goes through a dispatch table that counts each instruction; a special instruction whose guard failed
 * is counted once more as a miss (its execution by the generic body is not counted again). A third count, by pairs of successive instructions,
 * shows what is worth fusing; a fourth, by operand types, which generic instructions want a special form.
 */
#include "vm/specialize.h"
#include "compile/codegen.h"
#include "vm/opstats.h"
#include "vm/trace.h"
#include <stdio.h>
#include <stdlib.h>

int kr_opstats_enable(KrInterp *interp) {
    if (!(interp->vm.op_stats = PyMem_RawCalloc(1, sizeof(KrOpStats)))) return -1;
    for (KrThread *t = interp->threads; t; t = (KrThread *)t->base.next) kr_trace_update(t);
    return 0;
}

/* The types that decide which special form fits; NULL for none. */
static void operand_types(KrFrame *f, KrInstr i, PyTypeObject *type[2], int *convention) {
    const char *roles = cg_roles[i.op];
    uint16_t operands[3] = {i.a, i.b, i.c};
    int n = 0;
    for (int k = 0; k < 3 && n < 2; k++) {
        uint16_t x = operands[k];
        if (roles[k] != 'R' && !(roles[k] == 'B' && k == 1)) continue;
        PyObject *o = x & KR_OPERAND_CONST ? f->consts[x & KR_REG_MASK] : f->regs[x & KR_REG_MASK];
        if (!o) continue;
        type[n++] = PyType_Check(o) && roles[k] == 'B' ? (PyTypeObject *)o : Py_TYPE(o);
        if (roles[k] == 'B' && PyCFunction_Check(o)) *convention = PyCFunction_GET_FLAGS(o);
        else if (roles[k] == 'B' && Py_IS_TYPE(o, &PyMethodDescr_Type)) *convention = ((PyMethodDescrObject *)o)->d_method->ml_flags;
    }
}
void kr_opstats_note(KrOpStats *s, KrFrame *f, KrInstr i) {
    PyTypeObject *type[2] = {NULL, NULL};
    int convention = 0;
    if (i.op >= KR_OP_GENERIC_COUNT || !strchr(cg_op_flags[i.op], 'X')) return;
    operand_types(f, i, type, &convention);
    KrOpSeen want = {.op = i.op, .convention = convention};
    size_t hash = i.op * 31u + (unsigned)convention;
    for (int k = 0; k < 2 && type[k]; k++) {
        snprintf(want.what[k], sizeof want.what[k], "%s", type[k]->tp_name);
        for (const char *c = want.what[k]; *c; c++) hash = hash * 33 + (unsigned char)*c;
    }
    for (size_t probe = 0; probe < 8; probe++) {
        KrOpSeen *e = &s->seen[(hash + probe) & (KR_OPSTATS_SEEN - 1)];
        if (!e->ran) *e = want;
        if (e->op != want.op || e->convention != want.convention || strcmp(e->what[0], want.what[0]) || strcmp(e->what[1], want.what[1])) continue;
        e->ran++;
        return;
    }
}

static int by_ran(const void *a, const void *b) {
    uint64_t x = ((const KrOpSeen *)a)->ran, y = ((const KrOpSeen *)b)->ran;
    return x < y ? 1 : x > y ? -1 : 0;
}
static void print_seen(KrOpStats *s, uint64_t total) {
    enum { SHOWN = 40 };
    qsort(s->seen, KR_OPSTATS_SEEN, sizeof *s->seen, by_ran);
    fprintf(stderr, "\ngeneric instructions\n");
    for (int i = 0; i < SHOWN && s->seen[i].ran; i++) {
        KrOpSeen *e = &s->seen[i];
        fprintf(stderr, "%-22s %-30s %-30s", kr_op_names[e->op], e->what[0], e->what[1]);
        if (e->convention) fprintf(stderr, " 0x%02x", e->convention);
        fprintf(stderr, " %12llu %6.2f%%\n", (unsigned long long)e->ran, 100.0 * (double)e->ran / (double)total);
    }
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
    print_seen(s, total);
}
