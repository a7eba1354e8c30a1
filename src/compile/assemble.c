/* assemble.c - from a unit's list of instructions to a code object.
 *
 * Passes, in order: jumps to jumps are shortened; returns without a line get the place they are reached from; what cannot be
 * reached goes; places are filled in; NOPs go whose line shows anyway; checks of locals that are certainly bound become NOPs (a forward
 * data-flow analysis over basic blocks), which go likewise; then labels become indices, runs of equal cover become exception entries.
 * Deleting marks an instruction with op DELETED; labels are mapped when the rest moves up.
 */
#include "compile/codegen.h"

const char cg_roles[][4] = {
#define ROLE_(x) #x
#define KR_OP(name, a, b, c, flags) {ROLE_(a)[0], ROLE_(b)[0], ROLE_(c)[0], 0},
#include "compile/opcodes.def"
};
const char *const cg_op_flags[] = {
#define KR_OP(name, a, b, c, flags) flags,
#include "compile/opcodes.def"
};

#define DELETED 0xffff

typedef struct {
    Cg *cg;
    CgUnit *u;
    bool *leader;               /* something jumps, or an exception comes, to this instruction */
} Assembler;

static bool ends_line(const CgInstr *in) { return strchr(cg_op_flags[in->op], 'T') != NULL; }
static int target_of(Assembler *as, const CgInstr *in) { return as->u->labels[in->label]; }
/* The JUMP behind a FOR_ITER is taken when there are no more items. */
static bool is_loop_exit(Assembler *as, int i) { return i > 0 && as->u->instrs[i - 1].op == KR_OP_FOR_ITER; }
static int handler_of(Assembler *as, const CgInstr *in) { return as->u->labels[as->u->handlers[in->cover].label]; }

/* ------------------------------------------------------------------ returns without a line */

/* How many instructions without a line, the last of which returns, are at i: 0 if there are others, or more than a few. */
static int bare_return(CgUnit *u, int i) {
    for (int n = 1; n <= 4 && i < u->ninstrs; n++, i++) {
        const CgInstr *in = &u->instrs[i];
        if (in->at.lineno >= 0 || in->label != CG_NO_LABEL) return 0;
        if (in->op == KR_OP_RETURN) return n;
        if (ends_line(in)) return 0;
    }
    return 0;
}
/* A return at the end of a body, or behind a final one, has no line: each way to it gets its own copy, which shows the line that it comes from. */
static int spread_returns(Assembler *as) {
    CgUnit *u = as->u;
    int n = u->ninstrs;
    for (int i = 0; i < n; i++) {
        CgInstr *in = &u->instrs[i];
        int from = in->label == CG_NO_LABEL ? n : target_of(as, in), count = from < n ? bare_return(u, from) : 0;
        if (!count) continue;
        KrSpan at = in->at;
        if (count == 1 && in->op == KR_OP_JUMP && !is_loop_exit(as, i)) {
            *in = u->instrs[from];
            in->at = at;        /* perhaps none: then that of the instruction before */
            continue;
        }
        if (at.lineno < 0) continue;
        int cover = u->cover, label = cg_label(as->cg);
        if (label < 0) return -1;
        u->instrs[i].label = label;
        cg_place(as->cg, label);
        as->cg->at = at;
        for (int k = from; k < from + count; k++) {
            u->cover = u->instrs[k].cover;
            if (cg_emit(as->cg, u->instrs[k].op, u->instrs[k].a, u->instrs[k].b, u->instrs[k].c) < 0) return -1;
        }
        u->cover = cover;
    }
    return 0;
}

/* ------------------------------------------------------------------ jumps, reachability */

static void shorten_jumps(Assembler *as) {
    CgUnit *u = as->u;
    for (int i = 0; i < u->ninstrs; i++) {
        CgInstr *in = &u->instrs[i];
        if (in->label == CG_NO_LABEL || in->op == KR_OP_JUMP_BACK) continue;
        for (int steps = 0; steps < 8; steps++) {
            int to = target_of(as, in);
            const CgInstr *next = to < u->ninstrs ? &u->instrs[to] : NULL;
            bool forward = next && next->op == KR_OP_JUMP, back = next && next->op == KR_OP_JUMP_BACK && in->op == KR_OP_JUMP && !is_loop_exit(as, i);
            if (!(forward || back) || next == in || (next->at.lineno >= 0 && next->at.lineno != in->at.lineno)) break;
            in->label = next->label;
            if (back) {
                in->op = KR_OP_JUMP_BACK;
                break;
            }
        }
    }
}
static int mark_reachable(Assembler *as, bool *live) {
    CgUnit *u = as->u;
    int *todo = PyMem_Malloc(((size_t)u->ninstrs + 1) * 3 * sizeof *todo), n = 0;
    if (!todo) {
        PyErr_NoMemory();
        return -1;
    }
    todo[n++] = 0;
    while (n) {
        int i = todo[--n];
        while (i < u->ninstrs && !live[i]) {
            const CgInstr *in = &u->instrs[i];
            live[i] = true;
            if (in->label != CG_NO_LABEL && !live[target_of(as, in)]) todo[n++] = target_of(as, in);
            if (in->cover != CG_NO_COVER && !live[handler_of(as, in)]) todo[n++] = handler_of(as, in);
            if (in->op == KR_OP_FOR_ITER) todo[n++] = i + 2;    /* the next item; the JUMP at i + 1 is taken at the end */
            if (ends_line(in)) break;
            i++;
        }
    }
    PyMem_Free(todo);
    return 0;
}
static int delete_unreachable(Assembler *as) {
    CgUnit *u = as->u;
    bool *live = PyMem_Calloc((size_t)u->ninstrs + 1, sizeof *live);
    if (!live) {
        PyErr_NoMemory();
        return -1;
    }
    int r = mark_reachable(as, live);
    for (int i = 0; r == 0 && i < u->ninstrs; i++)
        if (!live[i]) u->instrs[i].op = DELETED;
    PyMem_Free(live);
    return r;
}
/* Moves the remaining instructions up. */
static int compact(Assembler *as) {
    CgUnit *u = as->u;
    int *to = PyMem_Malloc(((size_t)u->ninstrs + 1) * sizeof *to), n = 0;
    if (!to) {
        PyErr_NoMemory();
        return -1;
    }
    for (int i = 0; i < u->ninstrs; i++) {
        to[i] = n;
        if (u->instrs[i].op != DELETED) u->instrs[n++] = u->instrs[i];
    }
    to[u->ninstrs] = n;
    for (int i = 0; i < u->nlabels; i++)
        if (u->labels[i] >= 0) u->labels[i] = to[u->labels[i]];
    u->ninstrs = n;
    PyMem_Free(to);
    return 0;
}
static int find_leaders(Assembler *as) {
    CgUnit *u = as->u;
    PyMem_Free(as->leader);
    as->leader = PyMem_Calloc((size_t)u->ninstrs + 1, sizeof *as->leader);
    if (!as->leader) {
        PyErr_NoMemory();
        return -1;
    }
    for (int i = 0; i < u->ninstrs; i++) {
        const CgInstr *in = &u->instrs[i];
        if (in->label != CG_NO_LABEL) as->leader[target_of(as, in)] = true;
        if (in->cover != CG_NO_COVER) as->leader[handler_of(as, in)] = true;
    }
    return 0;
}

/* ------------------------------------------------------------------ places */

/* An instruction without a place takes that of the one before it in the same straight line, or of what leads to it from above. Where
 * ways from several lines meet it keeps none; only what leaves the function shows the line of the code before it then. */
/* The ways that lead to an instruction: how many, how many of them were seen so far, where the first comes from (lineno -1 when the lines differ). */
typedef struct { int all, seen; KrSpan from; } Ways;
static void see_way(Ways *w, KrSpan from) {
    if (w->seen++ == 0) w->from = from;
    else if (w->from.lineno != from.lineno) w->from = CG_NO_SPAN;
}
static int fill_places(Assembler *as) {
    CgUnit *u = as->u;
    Ways *ways = PyMem_Calloc((size_t)u->ninstrs + 3, sizeof *ways);
    if (!ways) {
        PyErr_NoMemory();
        return -1;
    }
    for (int i = 0; i < u->ninstrs; i++) {
        const CgInstr *in = &u->instrs[i];
        if (!ends_line(in)) ways[i + 1].all++;
        if (in->label != CG_NO_LABEL) ways[target_of(as, in)].all++;
        if (in->cover != CG_NO_COVER) ways[handler_of(as, in)].all++;
        if (in->op == KR_OP_FOR_ITER) ways[i + 2].all++;
    }
    for (int i = 0; i < u->ninstrs; i++) {
        CgInstr *in = &u->instrs[i];
        if (in->at.lineno < 0 && i > 0 && !as->leader[i] && !ends_line(&u->instrs[i - 1])) in->at = u->instrs[i - 1].at;
        else if (in->at.lineno < 0 && ways[i].seen && ways[i].seen == ways[i].all) in->at = ways[i].from;
        if (!ends_line(in)) see_way(&ways[i + 1], in->at);
        if (in->label != CG_NO_LABEL && target_of(as, in) > i) see_way(&ways[target_of(as, in)], in->at);
        if (in->op == KR_OP_FOR_ITER) see_way(&ways[i + 2], in->at);
    }
    PyMem_Free(ways);
    KrSpan last = {u->firstlineno, 0, u->firstlineno, 0};
    for (int i = 0; i < u->ninstrs; i++) {
        CgInstr *in = &u->instrs[i];
        if (in->at.lineno < 0 && in->op == KR_OP_RETURN) in->at = last;
        if (in->at.lineno > 0) last = in->at;
    }
    return 0;
}
static void delete_nops(Assembler *as) {
    CgUnit *u = as->u;
    int line = -1;              /* of the last instruction kept in this straight line */
    for (int i = 0; i < u->ninstrs; i++) {
        CgInstr *in = &u->instrs[i];
        if (as->leader[i]) line = -1;
        if (in->op == KR_OP_NOP) {
            int next = i + 1 < u->ninstrs ? u->instrs[i + 1].at.lineno : -1;
            bool shown = in->at.lineno < 0 || in->at.lineno == line || (next == in->at.lineno && !as->leader[i + 1]);
            if (shown) {
                in->op = DELETED;
                continue;
            }
        }
        if (in->op == KR_OP_JUMP && target_of(as, in) == i + 1 && !is_loop_exit(as, i)
            && (in->at.lineno < 0 || in->at.lineno == line)) {
            in->op = DELETED;
            continue;
        }
        if (in->at.lineno >= 0) line = in->at.lineno;
        if (ends_line(in)) line = -1;
    }
}

/* ------------------------------------------------------------------ bound locals */

typedef struct {
    uint64_t *in;               /* per block: locals bound at its start */
    int *start, n, words;
    int *block_of;              /* block of each instruction */
    uint64_t *state;
} Flow;

/* The effect of one instruction on the set of bound locals. */
static void step(Assembler *as, const CgInstr *in, uint64_t *set) {
    int locals = as->u->nlocals;
    if (in->op == KR_OP_DATA) return;
    if (in->op == KR_OP_DELETE_LOCAL || in->op == KR_OP_KILL) {
        int r = in->a & KR_REG_MASK;
        if (r < locals) set[r / 64] &= ~((uint64_t)1 << r % 64);
    } else if (in->op == KR_OP_FOR_ITER) {
        int r = in->b & KR_REG_MASK;
        if (r < locals) set[r / 64] &= ~((uint64_t)1 << r % 64);
    } else if (in->op == KR_OP_CHECK_LOCAL || cg_roles[in->op][0] == 'D') {
        int r = in->a & KR_REG_MASK;
        if (r < locals) set[r / 64] |= (uint64_t)1 << r % 64;
    }
}
static bool meet(uint64_t *into, const uint64_t *from, int words) {
    bool changed = false;
    for (int k = 0; k < words; k++) {
        uint64_t both = into[k] & from[k];
        changed |= both != into[k];
        into[k] = both;
    }
    return changed;
}
/* One pass over a block; with `final` the checks that always succeed become NOPs. True if a successor's set shrank. */
static bool flow_block(Assembler *as, Flow *fl, int b, bool final) {
    CgUnit *u = as->u;
    uint64_t *set = fl->state;
    bool changed = false, goes_on = true;
    memcpy(set, fl->in + (size_t)b * fl->words, (size_t)fl->words * 8);
    int end = b + 1 < fl->n ? fl->start[b + 1] : u->ninstrs;
    for (int i = fl->start[b]; i < end; i++) {
        CgInstr *in = &u->instrs[i];
        if (in->cover != CG_NO_COVER) changed |= meet(fl->in + (size_t)fl->block_of[handler_of(as, in)] * fl->words, set, fl->words);
        if (final && in->op == KR_OP_CHECK_LOCAL && set[in->a / 64] >> in->a % 64 & 1) {
            in->op = KR_OP_NOP;
            in->a = 0;
            continue;
        }
        step(as, in, set);
        if (in->op == KR_OP_FOR_ITER) {
            /* the exhausted way, through the JUMP, has not bound the target */
            uint64_t bit = 0;
            int r = in->a & KR_REG_MASK;
            bool had = false;
            if (r < u->nlocals) {
                uint64_t *at = fl->in + (size_t)b * fl->words;
                memcpy(set, at, (size_t)fl->words * 8);
                for (int k = fl->start[b]; k < i; k++)
                    if (u->instrs[k].op != DELETED) step(as, &u->instrs[k], set);
                bit = (uint64_t)1 << r % 64;
                had = set[r / 64] & bit;
            }
            changed |= meet(fl->in + (size_t)fl->block_of[target_of(as, &u->instrs[i + 1])] * fl->words, set, fl->words);
            if (r < u->nlocals && !had) set[r / 64] |= bit;
            if (i + 2 < u->ninstrs) changed |= meet(fl->in + (size_t)fl->block_of[i + 2] * fl->words, set, fl->words);
            goes_on = false;
            break;
        }
        if (in->cover != CG_NO_COVER && (in->op == KR_OP_DELETE_LOCAL || in->op == KR_OP_KILL))
            changed |= meet(fl->in + (size_t)fl->block_of[handler_of(as, in)] * fl->words, set, fl->words);
        if (in->label != CG_NO_LABEL) changed |= meet(fl->in + (size_t)fl->block_of[target_of(as, in)] * fl->words, set, fl->words);
        if (ends_line(in)) {
            goes_on = false;
            break;
        }
    }
    if (goes_on && b + 1 < fl->n) changed |= meet(fl->in + (size_t)(b + 1) * fl->words, set, fl->words);
    return changed;
}
static int delete_checks(Assembler *as) {
    CgUnit *u = as->u;
    bool any = false;
    for (int i = 0; i < u->ninstrs && !any; i++) any = u->instrs[i].op == KR_OP_CHECK_LOCAL;
    if (!any || u->nlocals > 4096) return 0;
    Flow fl = {.words = (u->nlocals + 63) / 64};
    size_t n = (size_t)u->ninstrs + 1;
    fl.start = PyMem_Malloc(n * sizeof *fl.start);
    fl.block_of = PyMem_Malloc(n * sizeof *fl.block_of);
    int r = -1;
    if (!fl.start || !fl.block_of) goto done;
    for (int i = 0; i < u->ninstrs; i++) {
        bool after_loop_jump = i > 1 && u->instrs[i - 2].op == KR_OP_FOR_ITER;
        if (i == 0 || as->leader[i] || after_loop_jump || ends_line(&u->instrs[i - 1])) fl.start[fl.n++] = i;
        fl.block_of[i] = fl.n - 1;
    }
    fl.in = PyMem_Malloc(((size_t)fl.n + 1) * fl.words * 8);
    fl.state = PyMem_Malloc((size_t)fl.words * 8);
    if (!fl.in || !fl.state) goto done;
    memset(fl.in, 0xff, (size_t)fl.n * fl.words * 8);
    int nargs = u->argcount + u->kwonlyargcount;
    if (u->ste->varargs) nargs++;
    if (u->ste->varkeywords) nargs++;
    for (int i = nargs; i < fl.words * 64; i++) fl.in[i / 64] &= ~((uint64_t)1 << i % 64);
    for (bool changed = true; changed;) {
        changed = false;
        for (int b = 0; b < fl.n; b++) changed |= flow_block(as, &fl, b, false);
    }
    for (int b = 0; b < fl.n; b++) flow_block(as, &fl, b, true);
    r = 0;
done:
    PyMem_Free(fl.start);
    PyMem_Free(fl.block_of);
    PyMem_Free(fl.in);
    PyMem_Free(fl.state);
    if (r < 0) PyErr_NoMemory();
    return r;
}

/* ------------------------------------------------------------------ output */

static int unit_flags(Cg *cg, CgUnit *u) {
    KrSTEntry *e = u->ste;
    int flags = 0;
    if (e->type == KR_BLOCK_FUNCTION) {
        flags |= CO_NEWLOCALS | CO_OPTIMIZED;
        if (e->nested) flags |= CO_NESTED;
        if (e->generator && !e->coroutine) flags |= CO_GENERATOR;
        if (!e->generator && e->coroutine) flags |= CO_COROUTINE;
        if (e->generator && e->coroutine) flags |= CO_ASYNC_GENERATOR;
        if (e->varargs) flags |= CO_VARARGS;
        if (e->varkeywords) flags |= CO_VARKEYWORDS;
    }
    flags |= cg->features & PyCF_MASK;
    if ((cg->flags & PyCF_ALLOW_TOP_LEVEL_AWAIT) && u->scope == CG_SCOPE_MODULE && e->coroutine && !e->generator) flags |= CO_COROUTINE;
    return flags;
}
static PyObject *names_tuple(CgUnit *u) {
    PyObject *t = PyTuple_New(PyDict_GET_SIZE(u->names)), *name, *index;
    Py_ssize_t pos = 0;
    while (t && PyDict_Next(u->names, &pos, &name, &index)) PyTuple_SET_ITEM(t, PyLong_AS_LONG(index), Py_NewRef(name));
    return t;
}
/* Runs of instructions with the same cover. */
static KrExcEntry *exception_entries(CgUnit *u, Py_ssize_t *count) {
    Py_ssize_t n = 0;
    for (int i = 0; i < u->ninstrs; i++) n += u->instrs[i].cover != CG_NO_COVER && (i == 0 || u->instrs[i - 1].cover != u->instrs[i].cover);
    KrExcEntry *entries = PyMem_Malloc(((size_t)n + 1) * sizeof *entries);
    if (!entries) {
        PyErr_NoMemory();
        return NULL;
    }
    n = 0;
    for (int i = 0; i < u->ninstrs;) {
        int cover = u->instrs[i].cover, end = i + 1;
        while (end < u->ninstrs && u->instrs[end].cover == cover) end++;
        if (cover != CG_NO_COVER) {
            CgHandler *h = &u->handlers[cover];
            entries[n++] = (KrExcEntry){(uint32_t)i, (uint32_t)end, (uint32_t)u->labels[h->label], (uint16_t)h->depth, h->lasti};
        }
        i = end;
    }
    *count = n;
    return entries;
}
/* Replaces *o by the equal object that another code object of the program has. 0 or -1. */
static int share(Cg *cg, PyObject **o) {
    PyObject *key = _PyCode_ConstantKey(*o), *known = key ? PyDict_SetDefault(cg->merged, key, *o) : NULL;
    Py_XDECREF(key);
    if (!known) return -1;
    Py_SETREF(*o, Py_NewRef(known));
    return 0;
}
/* Constants behind the last one in use go; the first stays, it may be a docstring. */
static int trim_constants(CgUnit *u) {
    Py_ssize_t used = 1;
    for (int i = 0; i < u->ninstrs; i++) {
        const CgInstr *in = &u->instrs[i];
        const uint16_t operands[] = {in->a, in->b, in->c};
        const char *roles = cg_roles[in->op];
        for (int k = 0; k < 3; k++)
            if ((roles[k] == 'R' || in->op == KR_OP_DATA) && operands[k] & KR_OPERAND_CONST) used = Py_MAX(used, (operands[k] & KR_CONST_OPERAND_MAX) + 1);
        if (in->op == KR_OP_CALL_COMPREHENSION) used = Py_MAX(used, (in[1].b | in[1].c << 16) + 1);
        if (roles[1] == 'K') used = Py_MAX(used, (in->b | in->c << 16) + 1);
    }
    Py_ssize_t n = PyList_GET_SIZE(u->const_list);
    return used < n ? PyList_SetSlice(u->const_list, used, n, NULL) : 0;
}
static PyCodeObject *make_code(Cg *cg, CgUnit *u) {
    PyCodeObject *code = NULL;
    Py_ssize_t nentries = 0;
    if (trim_constants(u) < 0) return NULL;
    KrInstr *instrs = PyMem_Malloc(((size_t)u->ninstrs + 1) * sizeof *instrs);
    KrExcEntry *entries = exception_entries(u, &nentries);
    KrLineTableBuilder lines = {.firstlineno = u->firstlineno, .line = u->firstlineno};
    PyObject *consts = PyList_AsTuple(u->const_list), *names = names_tuple(u), *localsplus = PyList_AsTuple(u->localsplusnames), *table = NULL,
             *kinds = PyBytes_FromStringAndSize(u->kinds, u->temp_base);
    int nregs = u->temp_base + u->max_depth + 1;
    if (!instrs) PyErr_NoMemory();
    if (!instrs || !entries || !consts || !names || !localsplus || !kinds) goto done;
    if (nregs > KR_REG_MAX) {
        PyErr_SetString(PyExc_OverflowError, "too many values in one function");
        goto done;
    }
    for (int i = 0; i < u->ninstrs; i++) {
        const CgInstr *in = &u->instrs[i];
        KrInstr out = {in->op, in->a, in->b, in->c};
        if (in->label != CG_NO_LABEL) {
            uint32_t to = (uint32_t)u->labels[in->label];
            out.b = (uint16_t)to;
            out.c = (uint16_t)(to >> 16);
        }
        instrs[i] = out;
        KrLocation at = {in->at.lineno, in->at.end_lineno, in->at.col_offset, in->at.end_col_offset};
        if (kr_linetable_add(&lines, at) < 0) goto done;
    }
    if (!(table = kr_linetable_finish(&lines))) goto done;
    PyObject **shared[] = {&consts, &names, &localsplus, &kinds, &table};
    for (size_t i = 0; i < KR_ARRAY_LEN(shared); i++)
        if (share(cg, shared[i]) < 0) goto done;
    KrCodeSpec spec = {
        .argcount = u->argcount, .posonlyargcount = u->posonlyargcount, .kwonlyargcount = u->kwonlyargcount, .nlocals = u->nlocals, .nregs = nregs,
        .flags = unit_flags(cg, u), .firstlineno = u->firstlineno, .instrs = instrs, .ninstrs = u->ninstrs, .exc_entries = entries,
        .nexc_entries = nentries, .consts = consts, .names = names, .localsplusnames = localsplus, .localspluskinds = kinds,
        .filename = cg->filename, .name = u->name, .qualname = u->qualname, .linetable = table,
    };
#ifdef KR_DEBUG
    if (kr_code_validate(&spec) < 0) goto done;
#endif
    code = (PyCodeObject *)kr_code_new(&spec);
done:
    PyMem_Free(instrs);
    PyMem_Free(entries);
    if (!table) PyMem_Free(lines.data);
    Py_XDECREF(consts);
    Py_XDECREF(names);
    Py_XDECREF(localsplus);
    Py_XDECREF(kinds);
    Py_XDECREF(table);
    return code;
}

#ifdef KR_DEBUG
/* Debug builds show what they make when KRAIT_DUMP_CODE is set. */
static void dump(CgUnit *u) {
    fprintf(stderr, "%s:\n", PyUnicode_AsUTF8(u->qualname));
    for (int i = 0; i < u->ninstrs; i++) {
        const CgInstr *in = &u->instrs[i];
        fprintf(stderr, "%5d %4d  %-24s", in->at.lineno, i, kr_op_names[in->op]);
        const uint16_t operands[] = {in->a, in->b, in->c};
        for (int k = 0; k < 3; k++) {
            char role = cg_roles[in->op][k];
            unsigned x = operands[k];
            if (role == '_' && in->op != KR_OP_DATA) continue;
            if (role == 'J') {
                if (k < 2) fprintf(stderr, " ->%d", u->labels[in->label]);
            } else if (role == 'N') {
                fprintf(stderr, " n%u", x);
            } else if (role == 'I' || role == 'K' || role == '_') {
                fprintf(stderr, " %u", x);
            } else if (x & KR_OPERAND_CONST) {
                fprintf(stderr, " k%u", x & KR_CONST_OPERAND_MAX);
            } else {
                int r = (int)(x & KR_REG_MASK);
                fprintf(stderr, " %s%d%s", r < u->temp_base ? "r" : "t", r < u->temp_base ? r : r - u->temp_base, x & KR_OPERAND_CONSUME ? "!" : "");
            }
        }
        if (in->cover >= 0) fprintf(stderr, "   [->%d depth %d%s]", u->labels[u->handlers[in->cover].label], u->handlers[in->cover].depth, u->handlers[in->cover].lasti ? " lasti" : "");
        fputc('\n', stderr);
    }
}
#endif
PyCodeObject *cg_assemble(Cg *cg) {
    Assembler as = {cg, cg->u, NULL};
    PyCodeObject *code = NULL;
    shorten_jumps(&as);
    if (spread_returns(&as) < 0) return NULL;
    if (delete_unreachable(&as) < 0 || compact(&as) < 0 || find_leaders(&as) < 0) goto done;
    if (fill_places(&as) < 0) goto done;
    delete_nops(&as);
    if (compact(&as) < 0 || find_leaders(&as) < 0) goto done;
    if (delete_checks(&as) < 0) goto done;
    delete_nops(&as);
    if (compact(&as) < 0) goto done;
#ifdef KR_DEBUG
    if (getenv("KRAIT_DUMP_CODE")) dump(cg->u);
#endif
    code = make_code(cg, cg->u);
done:
    PyMem_Free(as.leader);
    return code;
}
