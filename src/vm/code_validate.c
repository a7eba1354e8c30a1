/* code_validate.c - refuses instructions that no compiler of krait's makes.
 *
 * Bytecode comes from caches and from code.replace(): the loop trusts its operands, so each is checked against its role here. What is
 * not proved is that temporaries are consumed once; a NULL register read by a hostile program is the loop's KR_ASSERT to find.
 */
#include "vm/code.h"
#include "compile/codegen.h"

typedef struct {
    const KrCodeSpec *s;
    Py_ssize_t nconsts, nnames, nplus;
    Py_ssize_t at;
} Check;

static int bad(Check *c, const char *what) {
    PyErr_Format(PyExc_ValueError, "code: instruction %zd: bad %s", c->at, what);
    return -1;
}
static int check_register(Check *c, unsigned x) { return (int)(x & KR_REG_MASK) < c->s->nregs ? 0 : bad(c, "register"); }
static int check_read(Check *c, unsigned x) {
    if (x & KR_OPERAND_CONST) return (Py_ssize_t)(x & KR_CONST_OPERAND_MAX) < c->nconsts ? 0 : bad(c, "constant");
    return check_register(c, x);
}
/* n registers from a base. */
static int check_range(Check *c, unsigned base, Py_ssize_t n) {
    return (Py_ssize_t)base + n <= c->s->nregs && !(base & (KR_OPERAND_CONST | KR_OPERAND_CONSUME)) ? 0 : bad(c, "registers");
}
static int check_name(Check *c, unsigned i) { return (Py_ssize_t)i < c->nnames ? 0 : bad(c, "name"); }
static int check_operand(Check *c, const KrInstr *in, char role, unsigned x) {
    switch (role) {
    case 'D': return x & KR_OPERAND_CONST ? bad(c, "destination") : check_register(c, x);
    case 'R': return check_read(c, x);
    case 'B': return check_range(c, x, 1);
    case 'N': return check_name(c, x);
    case 'J': return (Py_ssize_t)kr_instr_target(*in) < c->s->ninstrs ? 0 : bad(c, "jump");
    case 'K': return (Py_ssize_t)kr_instr_target(*in) < c->nconsts ? 0 : bad(c, "constant");
    default: return 0;
    }
}
static bool is_data(const KrCodeSpec *s, Py_ssize_t i) { return i < s->ninstrs && s->instrs[i].op == KR_OP_DATA; }
/* A register that holds a cell once the prologue has run. */
static bool is_cell(Check *c, unsigned r) {
    return (Py_ssize_t)r < c->nplus && ((unsigned char)PyBytes_AS_STRING(c->s->localspluskinds)[r] & (CG_KIND_CELL | CG_KIND_FREE));
}
/* What the roles alone don't say. */
static int check_special(Check *c, const KrInstr *in) {
    const KrCodeSpec *s = c->s;
    switch (in->op) {
    case KR_OP_BUILD_SLICE:
    case KR_OP_BUILD_TUPLE:
    case KR_OP_BUILD_LIST:
    case KR_OP_BUILD_SET:
    case KR_OP_BUILD_STRING: return check_range(c, in->b, in->c);
    case KR_OP_BUILD_MAP: return check_range(c, in->b, 2 * (Py_ssize_t)in->c);
    case KR_OP_CALL:
    case KR_OP_CALL_KW: return check_range(c, in->b, (Py_ssize_t)in->c + 2);
    case KR_OP_CALL_EX: return check_range(c, in->b, 4);
    case KR_OP_MAKE_FUNCTION: return in->c > 15 ? bad(c, "flags") : check_range(c, in->b, 1 + __builtin_popcount(in->c));
    case KR_OP_LOAD_METHOD:
    case KR_OP_BEFORE_WITH:
    case KR_OP_BEFORE_ASYNC_WITH:
    case KR_OP_PUSH_EXC_INFO:
    case KR_OP_POP_EXCEPT:
    case KR_OP_CHECK_EG_MATCH: return check_range(c, in->a, 2);
    case KR_OP_IMPORT_NAME:
    case KR_OP_MATCH_CLASS: return check_range(c, in->b, 2);
    case KR_OP_UNPACK_SEQUENCE: return check_range(c, in->a, in->c);
    case KR_OP_UNPACK_EX: return is_data(s, c->at + 1) ? check_range(c, in->a, (Py_ssize_t)in[1].b + in[1].c + 1) : bad(c, "data");
    case KR_OP_LOAD_DEREF:
    case KR_OP_LOAD_CLASSDEREF: return is_cell(c, in->b) ? 0 : bad(c, "cell");
    case KR_OP_STORE_DEREF:
    case KR_OP_DELETE_DEREF: return is_cell(c, in->a) ? 0 : bad(c, "cell");
    case KR_OP_FOR_ITER: return c->at + 1 < s->ninstrs && s->instrs[c->at + 1].op == KR_OP_JUMP ? 0 : bad(c, "loop");
    case KR_OP_COPY_FREE_VARS: {
        Py_ssize_t nfree = 0;
        for (Py_ssize_t i = 0; i < c->nplus; i++) nfree += ((unsigned char)PyBytes_AS_STRING(s->localspluskinds)[i] & CG_KIND_FREE) != 0;
        return in->c == nfree ? 0 : bad(c, "count");
    }
    default: return 0;
    }
}
static int check_instr(Check *c) {
    const KrCodeSpec *s = c->s;
    const KrInstr *in = &s->instrs[c->at];
    if (in->op >= KR_OP_GENERIC_COUNT) return bad(c, "opcode");
    if (in->op == KR_OP_DATA) {
        const char *flags = c->at ? cg_op_flags[s->instrs[c->at - 1].op] : "";
        return strchr(flags, 'W') ? 0 : bad(c, "data");
    }
    const char *flags = cg_op_flags[in->op];
    if (strchr(flags, 'W') && !is_data(s, c->at + 1)) return bad(c, "data");
    if (!strchr(flags, 'T') && c->at + 1 >= s->ninstrs) return bad(c, "end");
    if (in->op == KR_OP_CALL_KW) {
        unsigned k = in[1].a;
        PyObject *names = k & KR_OPERAND_CONST && (Py_ssize_t)(k & KR_CONST_OPERAND_MAX) < c->nconsts ? PyTuple_GET_ITEM(s->consts, k & KR_CONST_OPERAND_MAX) : NULL;
        if (!names || !PyTuple_Check(names) || PyTuple_GET_SIZE(names) > in->c) return bad(c, "keywords");
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++)
            if (!PyUnicode_Check(PyTuple_GET_ITEM(names, i))) return bad(c, "keywords");
    }
    if (in->op == KR_OP_MATCH_CLASS && check_read(c, in[1].a) < 0) return -1;
    if (in->op == KR_OP_RERAISE && in->c && check_read(c, in->b) < 0) return -1;
    const char *roles = cg_roles[in->op];
    bool raise = in->op == KR_OP_RAISE || in->op == KR_OP_RERAISE;
    if ((!raise || in->c > 0 || in->op == KR_OP_RERAISE) && check_operand(c, in, roles[0], in->a) < 0) return -1;
    if ((!raise || in->c > 1) && check_operand(c, in, roles[1], in->b) < 0) return -1;
    if (roles[2] != 'J' && roles[2] != 'K' && check_operand(c, in, roles[2], in->c) < 0) return -1;
    return check_special(c, in);
}
int kr_code_validate(const KrCodeSpec *s) {
    Check check = {.s = s, .nconsts = PyTuple_GET_SIZE(s->consts), .nnames = PyTuple_GET_SIZE(s->names), .nplus = PyTuple_GET_SIZE(s->localsplusnames)}, *c = &check;
    Py_ssize_t parameters = (Py_ssize_t)s->argcount + s->kwonlyargcount + ((s->flags & CO_VARARGS) != 0) + ((s->flags & CO_VARKEYWORDS) != 0);
    bool shape = s->argcount >= 0 && s->posonlyargcount >= 0 && s->kwonlyargcount >= 0 && s->posonlyargcount <= s->argcount && s->nlocals >= 0
        && s->nlocals <= c->nplus && parameters <= s->nlocals && PyBytes_GET_SIZE(s->localspluskinds) == c->nplus && s->nregs >= c->nplus && s->nregs <= KR_REG_MAX && s->ninstrs > 0
        && s->ninstrs < INT32_MAX;
    if (!shape) {
        PyErr_SetString(PyExc_ValueError, "code: sizes don't fit together");
        return -1;
    }
    for (c->at = 0; c->at < s->ninstrs; c->at++)
        if (check_instr(c) < 0) return -1;
    uint32_t last = 0;
    for (Py_ssize_t i = 0; i < s->nexc_entries; i++) {
        const KrExcEntry *e = &s->exc_entries[i];
        if (e->start < last || e->end <= e->start || e->end > s->ninstrs || e->handler >= s->ninstrs || c->nplus + e->depth + 2 > s->nregs) {
            PyErr_SetString(PyExc_ValueError, "code: bad exception table");
            return -1;
        }
        last = e->end;
    }
    return 0;
}
