/* code_validate.c - refuses instructions that no compiler of krait's makes.
 *
 * Bytecode comes from caches and from code.replace(); the loop trusts its operands, so each is checked here against its role. What is proved:
 *   - every register, constant, name and jump target is in range, and a jump never lands on a DATA word or in the prologue;
 *   - the last instruction doesn't fall off the end, nor does FOR_ITER's step over the JUMP behind it;
 *   - cells: the prologue (what is before RESUME) makes all of them, no other instruction writes their registers;
 *   - runs of registers (bases) lie among the temporaries, and generators' instructions in generators.
 * What is not proved is what types the temporaries have and that each is consumed once.
 */
#include "vm/code_object.h"
#include "compile/codegen.h"

typedef struct {
    const KrCodeSpec *s;
    const unsigned char *kinds;
    Py_ssize_t nconsts, nnames, nplus, nfree;
    Py_ssize_t resume;          /* index of the first RESUME */
    Py_ssize_t at;
} Check;

static KR_COLD int bad(Check *c, const char *what) {
    PyErr_Format(PyExc_ValueError, "code: instruction %zd: bad %s", c->at, what);
    return -1;
}
KR_INLINE bool is_data(const KrCodeSpec *s, Py_ssize_t i) { return i < s->ninstrs && s->instrs[i].op == KR_OP_DATA; }
static bool is_const(unsigned x) { return x & KR_OPERAND_CONST; }
/* A register that holds a cell once the prologue has run. */
KR_INLINE bool is_cell(Check *c, unsigned r) { return (Py_ssize_t)r < c->nplus && (c->kinds[r] & (KR_KIND_CELL | KR_KIND_FREE)); }

/* ------------------------------------------------------------------ operands by role */

KR_INLINE int check_register(Check *c, unsigned x) { return (int)(x & KR_REG_MASK) < c->s->nregs ? 0 : bad(c, "register"); }
/* A register without flag bits. */
static int check_plain(Check *c, unsigned x) { return (int)x < c->s->nregs ? 0 : bad(c, "register"); }
KR_INLINE int check_dest(Check *c, unsigned x) {
    if (is_const(x) || is_cell(c, x & KR_REG_MASK)) return bad(c, "destination");
    return check_register(c, x);
}
KR_INLINE int check_read(Check *c, unsigned x) {
    if (is_const(x)) return !(x & KR_OPERAND_CONSUME) && (Py_ssize_t)(x & KR_CONST_OPERAND_MAX) < c->nconsts ? 0 : bad(c, "constant");
    if ((x & KR_OPERAND_CONSUME) && is_cell(c, x & KR_REG_MASK)) return bad(c, "operand");
    return check_register(c, x);
}
/* n temporaries from a base. */
static int check_range(Check *c, unsigned base, Py_ssize_t n) {
    return n == 0 || ((Py_ssize_t)base >= c->nplus && (Py_ssize_t)base + n <= c->s->nregs) ? 0 : bad(c, "registers");
}
static int check_target(Check *c, Py_ssize_t i) { return i >= c->resume && i < c->s->ninstrs && !is_data(c->s, i) ? 0 : bad(c, "jump"); }
KR_INLINE int check_operand(Check *c, const KrInstr *in, char role, unsigned x) {
    switch (role) {
    case 'D': return check_dest(c, x);
    case 'R': return check_read(c, x);
    case 'N': return (Py_ssize_t)x < c->nnames ? 0 : bad(c, "name");
    case 'J': return check_target(c, kr_instr_target(*in));
    case 'K': return (Py_ssize_t)kr_instr_target(*in) < c->nconsts ? 0 : bad(c, "constant");
    default: return 0;          /* how many registers a base stands for is said below */
    }
}

/* ------------------------------------------------------------------ what the roles alone don't say */

static int check_keywords(Check *c, const KrInstr *in) {
    unsigned k = in[1].a;
    if (!is_const(k) || check_read(c, k) < 0) return bad(c, "keywords");
    PyObject *names = PyTuple_GET_ITEM(c->s->consts, k & KR_CONST_OPERAND_MAX);
    if (!PyTuple_CheckExact(names) || PyTuple_GET_SIZE(names) > in->c) return bad(c, "keywords");
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++)
        if (!PyUnicode_Check(PyTuple_GET_ITEM(names, i))) return bad(c, "keywords");
    return 0;
}
static int check_comprehension(Check *c, const KrInstr *in) {
    Py_ssize_t k = kr_instr_target(in[1]);
    PyCodeObject *code = k < c->nconsts ? (PyCodeObject *)PyTuple_GET_ITEM(c->s->consts, k) : NULL;
    if (!code || !PyCode_Check(code) || code->co_argcount != 1 || code->co_kwonlyargcount || (code->co_flags & (CO_VARARGS | CO_VARKEYWORDS)) || !(code->co_flags & CO_OPTIMIZED) ||
        code->co_nfreevars != in->c)
        return bad(c, "comprehension");
    return check_range(c, in->b, (Py_ssize_t)in->c + 1);
}
static int check_special(Check *c, const KrInstr *in) {
    const KrCodeSpec *s = c->s;
    bool in_prologue = c->at < c->resume;
    switch (in->op) {
    case KR_OP_BUILD_SLICE: return in->c != 2 && in->c != 3 ? bad(c, "count") : check_range(c, in->b, in->c);
    case KR_OP_BUILD_TUPLE:
    case KR_OP_BUILD_LIST:
    case KR_OP_BUILD_SET:
    case KR_OP_BUILD_STRING: return check_range(c, in->b, in->c);
    case KR_OP_BUILD_MAP: return check_range(c, in->b, 2 * (Py_ssize_t)in->c);
    case KR_OP_CALL: return check_range(c, in->b, (Py_ssize_t)in->c + 2);
    case KR_OP_CALL_KW: return check_keywords(c, in) < 0 ? -1 : check_range(c, in->b, (Py_ssize_t)in->c + 2);
    case KR_OP_CALL_COMPREHENSION: return check_comprehension(c, in);
    case KR_OP_CALL_EX: return in->c > 1 ? bad(c, "count") : check_range(c, in->b, 3 + in->c);
    case KR_OP_MAKE_FUNCTION: return in->c > 15 ? bad(c, "flags") : check_range(c, in->b, 1 + __builtin_popcount(in->c));
    case KR_OP_LOAD_METHOD:
    case KR_OP_BEFORE_WITH:
    case KR_OP_BEFORE_ASYNC_WITH:
    case KR_OP_PUSH_EXC_INFO:
    case KR_OP_POP_EXCEPT: return check_range(c, in->a, 2);
    case KR_OP_LOAD_SLICE:
    case KR_OP_STORE_SLICE: return check_read(c, in[1].a);
    case KR_OP_IMPORT_NAME: return check_range(c, in->b, 2);
    case KR_OP_MATCH_CLASS: return check_read(c, in[1].a) < 0 ? -1 : check_range(c, in->b, 2);
    case KR_OP_UNPACK_SEQUENCE: return check_range(c, in->a, in->c);
    case KR_OP_UNPACK_EX: return check_range(c, in->a, (Py_ssize_t)in[1].b + in[1].c + 1);
    case KR_OP_CHECK_LOCAL:
    case KR_OP_DELETE_LOCAL: return (in->a & KR_REG_MASK) < c->nplus && !is_const(in->a) ? 0 : bad(c, "local");
    case KR_OP_MAKE_CELL: return in_prologue && is_cell(c, in->a) && (c->kinds[in->a] & KR_KIND_CELL) ? 0 : bad(c, "cell");
    case KR_OP_COPY_FREE_VARS: return in_prologue && in->c == c->nfree ? 0 : bad(c, "cell");
    case KR_OP_LOAD_DEREF:
    case KR_OP_LOAD_CLASSDEREF: return is_cell(c, in->b) ? 0 : bad(c, "cell");
    case KR_OP_STORE_DEREF:
    case KR_OP_DELETE_DEREF: return is_cell(c, in->a) ? 0 : bad(c, "cell");
    case KR_OP_JUMP_IF_FALSE_OR_KILL:
    case KR_OP_JUMP_IF_TRUE_OR_KILL: return check_range(c, in->a, 1);
    case KR_OP_FOR_ITER:
        if (c->at + 2 >= s->ninstrs || in[1].op != KR_OP_JUMP || is_data(s, c->at + 2)) return bad(c, "loop");
        return is_cell(c, in->b) ? bad(c, "operand") : check_plain(c, in->b);
    case KR_OP_IMPORT_FROM: return check_plain(c, in->b);
    case KR_OP_END_ASYNC_FOR: return is_const(in->b) || is_cell(c, in->a) ? bad(c, "operand") : check_plain(c, in->a);
    case KR_OP_CHECK_EG_MATCH: return is_const(in->b) ? bad(c, "operand") : check_range(c, in->a, 2);
    case KR_OP_CHECK_EXC_MATCH: return is_const(in->b) ? bad(c, "operand") : 0;
    case KR_OP_WITH_EXCEPT_START: return is_const(in->c) ? bad(c, "operand") : 0;
    case KR_OP_LIST_APPEND:
    case KR_OP_LIST_EXTEND:
    case KR_OP_SET_ADD:
    case KR_OP_SET_UPDATE:
    case KR_OP_MAP_ADD:
    case KR_OP_DICT_UPDATE:
    case KR_OP_DICT_MERGE: return is_const(in->a) ? bad(c, "operand") : 0;
    case KR_OP_FORMAT_VALUE:
    case KR_OP_CONVERT_VALUE: return in->c > 3 ? bad(c, "conversion") : 0;
    case KR_OP_GET_AWAITABLE: return in->c > 2 ? bad(c, "kind") : 0;
    case KR_OP_YIELD:
    case KR_OP_YIELD_FROM:
        if (!(s->flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR))) return bad(c, "yield");
        return in->op == KR_OP_YIELD ? 0 : check_range(c, in->a, 1) < 0 ? -1 : check_range(c, in->b, 1);
    case KR_OP_RAISE: return in->c > 2 ? bad(c, "count") : 0;
    case KR_OP_RERAISE: return is_const(in->a) || in->c > 1 || (in->c && is_const(in->b)) ? bad(c, "operand") : 0;
    default: return 0;
    }
}
static int check_instr(Check *c) {
    const KrCodeSpec *s = c->s;
    const KrInstr *in = &s->instrs[c->at];
    if (in->op >= KR_OP_GENERIC_COUNT) return bad(c, "opcode");
    const char *flags = cg_op_flags[in->op], *roles = cg_roles[in->op];
    bool ends = false, wants_data = false;
    for (; *flags; flags++) {
        ends |= *flags == 'T';
        wants_data |= *flags == 'W';
    }
    if (!ends && c->at + 1 >= s->ninstrs) return bad(c, "end");
    if (wants_data != is_data(s, c->at + 1)) return bad(c, "data");
    if (in->op == KR_OP_DATA) return c->at ? 0 : bad(c, "data");
    if (c->at < c->resume && in->op != KR_OP_MAKE_CELL && in->op != KR_OP_COPY_FREE_VARS && in->op != KR_OP_NOP) return bad(c, "prologue");
    /* operands that c says are not there */
    int used = in->op == KR_OP_RAISE ? in->c : in->op == KR_OP_RERAISE ? 1 + in->c : 3;
    if (in->op != KR_OP_MAKE_CELL && used > 0 && check_operand(c, in, roles[0], in->a) < 0) return -1;
    if (used > 1 && check_operand(c, in, roles[1], in->b) < 0) return -1;
    if (used > 2 && roles[2] != 'J' && roles[2] != 'K' && check_operand(c, in, roles[2], in->c) < 0) return -1;
    return check_special(c, in);
}

/* ------------------------------------------------------------------ the whole */

/* The prologue: each cell is made once, and the free variables are there. */
static int check_prologue(Check *c) {
    const KrCodeSpec *s = c->s;
    Py_ssize_t ncells = 0, made = 0, copied = 0;
    while (c->resume < s->ninstrs && s->instrs[c->resume].op != KR_OP_RESUME) c->resume++;
    for (Py_ssize_t i = 0; i < c->nplus; i++) ncells += (c->kinds[i] & KR_KIND_CELL) != 0;
    int last = -1;
    for (Py_ssize_t i = 0; i < c->resume; i++) {
        if (s->instrs[i].op == KR_OP_MAKE_CELL) {
            if (s->instrs[i].a <= last) break;
            last = s->instrs[i].a;
            made++;
        }
        copied += s->instrs[i].op == KR_OP_COPY_FREE_VARS;
    }
    if (c->resume < s->ninstrs && made == ncells && copied == (c->nfree > 0)) return 0;
    PyErr_SetString(PyExc_ValueError, "code: bad prologue");
    return -1;
}
/* Sizes agree, and the kinds of names come in their order: variables, other cells, free variables. */
static int check_shape(Check *c) {
    const KrCodeSpec *s = c->s;
    Py_ssize_t parameters = (Py_ssize_t)s->argcount + s->kwonlyargcount + ((s->flags & CO_VARARGS) != 0) + ((s->flags & CO_VARKEYWORDS) != 0), nlocals = 0;
    bool fits = s->argcount >= 0 && s->posonlyargcount >= 0 && s->kwonlyargcount >= 0 && s->posonlyargcount <= s->argcount && s->nlocals >= 0 && s->ninstrs > 0
        && s->ninstrs < INT32_MAX / 2 && PyBytes_GET_SIZE(s->localspluskinds) == c->nplus && s->nregs >= c->nplus && s->nregs <= KR_REG_MAX;
    int stage = 0;
    for (Py_ssize_t i = 0; fits && i < c->nplus; i++) {
        unsigned char kind = c->kinds[i];
        int now = kind & KR_KIND_LOCAL ? 0 : kind & KR_KIND_CELL ? 1 : 2;
        fits = now >= stage && (kind & ~(KR_KIND_LOCAL | KR_KIND_CELL | KR_KIND_FREE)) == 0 && kind && ((kind & KR_KIND_FREE) != 0) == (now == 2);
        stage = now;
        nlocals += now == 0;
        c->nfree += now == 2;
    }
    if (!fits || nlocals != s->nlocals) PyErr_SetString(PyExc_ValueError, "code: sizes don't fit together");
    else if (parameters > s->nlocals) PyErr_SetString(PyExc_ValueError, "code: co_varnames is too small");
    else return 0;
    return -1;
}
int kr_code_validate(const KrCodeSpec *s) {
    Check check = {.s = s, .kinds = (const unsigned char *)PyBytes_AS_STRING(s->localspluskinds), .nconsts = PyTuple_GET_SIZE(s->consts), .nnames = PyTuple_GET_SIZE(s->names),
                   .nplus = PyTuple_GET_SIZE(s->localsplusnames)}, *c = &check;
    if (kr_code_check_names(s->names) < 0 || kr_code_check_names(s->localsplusnames) < 0 || check_shape(c) < 0 || check_prologue(c) < 0) return -1;
    for (c->at = 0; c->at < s->ninstrs; c->at++)
        if (check_instr(c) < 0) return -1;
    uint32_t last = 0;
    for (Py_ssize_t i = 0; i < s->nexc_entries; i++) {
        const KrExcEntry *e = &s->exc_entries[i];
        bool good = e->start >= last && e->end > e->start && e->end <= s->ninstrs && e->handler >= c->resume && e->handler < s->ninstrs && !is_data(s, e->handler)
            && e->lasti <= 1 && c->nplus + e->depth + e->lasti < s->nregs;
        if (!good) {
            PyErr_SetString(PyExc_ValueError, "code: bad exception table");
            return -1;
        }
        last = e->end;
    }
    return 0;
}
