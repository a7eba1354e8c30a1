/* jump.c - f_lineno = n: a trace function moves the running frame to another line.
 *
 * A jump is allowed where it leaves nothing unset that the code at its target relies on: the temporaries that are live there must be live
 * here too, and stand for the same kind of thing. So the code is interpreted abstractly once: `states` holds, for each instruction, one
 * byte a temporary saying what it holds before the instruction (Kind); a first byte tells whether the instruction can be reached at all.
 * Code that krait's compiler made has the same temporaries live on every way to an instruction, so the first way found decides.
 */
#include "vm/trace.h"
#include "vm/stack.h"
#include "compile/codegen.h"
#include <frameobject.h>

/* What a temporary holds. OBJECT is a part of an expression; in the middle of one nothing can be jumped to, as what is there for another
 * expression is of no use. EXIT is what a with statement will call. SAVED is the exception that was handled before the one being handled (PUSH_EXC_INFO): leaving it
 * means to make it the handled one again. */
typedef enum { DEAD, OBJECT, EXIT, ITERATOR, EXCEPTION, SAVED, RAISED_AT } Kind;

typedef struct {
    KrCode *code;
    int ntemps;
    size_t width;               /* of a state: ntemps + 1 */
    unsigned char *states, *now;
    uint32_t *todo;             /* reached, not yet interpreted */
    size_t ntodo;
} Analysis;

static unsigned char *state_of(Analysis *a, Py_ssize_t i) { return a->states + (size_t)i * a->width; }
static void set_kind(Analysis *a, unsigned reg, Kind kind) {
    int t = (int)(reg & KR_REG_MASK) - a->code->temp_base;
    if (t >= 0 && t < a->ntemps) a->now[1 + t] = (unsigned char)kind;
}
static void set_kinds(Analysis *a, unsigned first, unsigned n, Kind kind) {
    for (unsigned i = 0; i < n; i++) set_kind(a, first + i, kind);
}
static Kind get_kind(Analysis *a, unsigned reg) {
    int t = (int)(reg & KR_REG_MASK) - a->code->temp_base;
    return !(reg & KR_OPERAND_CONST) && t >= 0 && t < a->ntemps ? a->now[1 + t] : OBJECT;
}
/* Control comes to instruction i with the present state. */
static void reach(Analysis *a, uint32_t i) {
    if (i >= a->code->ninstrs || state_of(a, i)[0]) return;
    unsigned char *s = state_of(a, i);
    memcpy(s, a->now, a->width);
    s[0] = 1;
    a->todo[a->ntodo++] = i;
}
static void consume(Analysis *a, unsigned operand) {
    if ((operand & (KR_OPERAND_CONST | KR_OPERAND_CONSUME)) == KR_OPERAND_CONSUME) set_kind(a, operand, DEAD);
}
/* What an instruction does to the temporaries besides what the roles of its operands say: before the result is stored. */
static void take_bases(Analysis *a, const KrInstr *in, uint16_t op) {
    switch (op) {
    case KR_OP_BUILD_SLICE:
    case KR_OP_BUILD_TUPLE:
    case KR_OP_BUILD_LIST:
    case KR_OP_BUILD_SET:
    case KR_OP_BUILD_STRING: set_kinds(a, in->b, in->c, DEAD); break;
    case KR_OP_BUILD_MAP: set_kinds(a, in->b, 2u * in->c, DEAD); break;
    case KR_OP_CALL:
    case KR_OP_CALL_KW: set_kinds(a, in->b, in->c + 2u, DEAD); break;
    case KR_OP_CALL_COMPREHENSION: set_kinds(a, in->b, in->c + 1u, DEAD); break;
    case KR_OP_CALL_EX: set_kinds(a, in->b, 4, DEAD); break;
    case KR_OP_MAKE_FUNCTION: set_kinds(a, in->b, 1u + (unsigned)__builtin_popcount(in->c), DEAD); break;
    case KR_OP_LOAD_SLICE:
    case KR_OP_STORE_SLICE: consume(a, in[1].a); break;
    case KR_OP_MATCH_CLASS: consume(a, in[1].a); /* fall through */
    case KR_OP_IMPORT_NAME: set_kinds(a, in->b, 2, DEAD); break;
    case KR_OP_UNPACK_SEQUENCE: set_kinds(a, in->a, in->c, OBJECT); break;
    case KR_OP_UNPACK_EX: set_kinds(a, in->a, in[1].b + 1u + in[1].c, OBJECT); break;
    case KR_OP_LOAD_METHOD:
    case KR_OP_CHECK_EG_MATCH: set_kinds(a, in->a, 2, OBJECT); break;
    case KR_OP_BEFORE_WITH:
    case KR_OP_BEFORE_ASYNC_WITH:
        set_kind(a, in->a, EXIT);
        set_kind(a, in->a + 1u, OBJECT);
        break;
    case KR_OP_YIELD_FROM:
        set_kind(a, in->b, DEAD);
        set_kind(a, in->a, OBJECT);
        break;
    case KR_OP_END_ASYNC_FOR: set_kind(a, in->a, DEAD); break;
    case KR_OP_PUSH_EXC_INFO:
        set_kind(a, in->a, SAVED);
        set_kind(a, in->a + 1u, EXCEPTION);
        break;
    case KR_OP_POP_EXCEPT: set_kinds(a, in->a, 2, DEAD); break;
    default: break;
    }
}
/* Interprets instruction i: its successors are reached. */
static void step(Analysis *a, uint32_t i) {
    const KrInstr *in = &a->code->instrs[i];
    uint16_t op = kr_op_generic[in->op];
    const char *roles = cg_roles[op], *flags = cg_op_flags[op];
    uint16_t operands[3] = {in->a, in->b, in->c};
    uint32_t next = i + (strchr(flags, 'W') ? 2 : 1);
    Kind result = op == KR_OP_GET_ITER || op == KR_OP_GET_AITER || op == KR_OP_GET_YIELD_FROM_ITER ? ITERATOR : op == KR_OP_MOVE ? get_kind(a, in->b) : OBJECT;
    if (op == KR_OP_KILL || result == DEAD) result = op == KR_OP_KILL ? DEAD : OBJECT;
    for (int k = 0; k < 3; k++)
        if (roles[k] == 'R') consume(a, operands[k]);
    take_bases(a, in, op);
    if (op == KR_OP_FOR_ITER) {         /* the next instruction is what exhaustion does */
        set_kind(a, in->b, DEAD);
        reach(a, next);
        set_kind(a, in->b, ITERATOR);
        set_kind(a, in->a, OBJECT);
        reach(a, next + 1);
        return;
    }
    if (roles[0] == 'D') set_kind(a, in->a, result);
    if (strchr(flags, 'J')) reach(a, kr_instr_target(*in));
    if (op == KR_OP_JUMP_IF_FALSE_OR_KILL || op == KR_OP_JUMP_IF_TRUE_OR_KILL) set_kind(a, in->a, DEAD);
    if (!strchr(flags, 'T') && op != KR_OP_JUMP_BACK) reach(a, next);
}
/* The handlers of what has been reached so far. */
static void reach_handlers(Analysis *a) {
    for (uint32_t k = 0; k < a->code->nexc_entries; k++) {
        const KrExcEntry *e = &a->code->exc_entries[k];
        for (uint32_t i = e->start; i < e->end && i < a->code->ninstrs && !state_of(a, e->handler)[0]; i++) {
            if (!state_of(a, i)[0]) continue;
            memcpy(a->now, state_of(a, i), a->width);
            unsigned base = a->code->temp_base + e->depth;
            set_kinds(a, base, a->code->nregs - base, DEAD);
            if (e->lasti) set_kind(a, base++, RAISED_AT);
            set_kind(a, base, EXCEPTION);
            reach(a, e->handler);
        }
    }
}
static int analyse(Analysis *a, KrCode *code) {
    *a = (Analysis){.code = code, .ntemps = code->nregs - code->temp_base};
    a->width = (size_t)a->ntemps + 1;
    a->states = PyMem_Calloc(code->ninstrs + 1, a->width);
    a->todo = PyMem_New(uint32_t, code->ninstrs);
    if (!a->states || !a->todo) {
        PyMem_Free(a->states);
        PyMem_Free(a->todo);
        PyErr_NoMemory();
        return -1;
    }
    a->now = state_of(a, code->ninstrs);
    reach(a, 0);
    do {
        while (a->ntodo) {
            uint32_t i = a->todo[--a->ntodo];
            memcpy(a->now, state_of(a, i), a->width);
            step(a, i);
        }
        reach_handlers(a);
    } while (a->ntodo);
    PyMem_Free(a->todo);
    return 0;
}

/* ------------------------------------------------------------------ where to */

/* Number of live temporaries at the target, -1 when a jump there would lack something. */
static int fits(Analysis *a, const unsigned char *from, const unsigned char *to) {
    int live = 0;
    if (!from[0] || !to[0]) return -1;
    for (int t = 1; t <= a->ntemps; t++) {
        if (to[t] == DEAD) continue;
        if (to[t] == OBJECT || from[t] != to[t]) return -1;
        live++;
    }
    return live;
}
static const char *why_not(Analysis *a, const unsigned char *from, const unsigned char *to) {
    if (!from[0]) return "can't jump from unreachable code";
    if (!to[0]) return "can't jump into an exception handler, or code may be unreachable";
    for (int t = a->ntemps; t > 0; t--) switch (to[t]) {
        case DEAD: continue;
        case EXCEPTION:
        case SAVED: return "can't jump into an 'except' block as there's no exception";
        case RAISED_AT: return "can't jump into a re-raising block as there's no location";
        case ITERATOR: return "can't jump into the body of a for loop";
        default: return "incompatible stacks";
        }
    return "incompatible stacks";
}
/* Whether instruction i is the first of a run of its line. */
static int line_start(KrCode *c, uint32_t i, int *last) {
    int line = c->instrs[i].op == KR_OP_DATA ? -1 : kr_code_line(c, i);
    if (line < 0 || line == *last) return -1;
    return *last = line;
}
/* The instruction to go on with for a jump to `line` (or the next line that has code) from instruction `start`: -1 with ValueError. */
static int find_target(Analysis *a, uint32_t start, int wanted) {
    KrCode *c = a->code;
    int line = INT_MAX, last = -1, best = -1, most = -1;
    kr_code_index_lines(c);
    for (uint32_t i = 0; i < c->ninstrs; i++) {
        int l = line_start(c, i, &last);
        if (l >= wanted && l < line) line = l;
    }
    if (line == INT_MAX) {
        PyErr_Format(PyExc_ValueError, "line %d comes after the current code block", wanted);
        return -1;
    }
    const char *why = "cannot find bytecode for specified line";
    last = -1;
    for (uint32_t i = 0; i < c->ninstrs; i++) {
        if (line_start(c, i, &last) != line) continue;
        int live = fits(a, state_of(a, start), state_of(a, i));
        if (live > most) {
            most = live;
            best = (int)i;
        } else if (best < 0) {
            why = why_not(a, state_of(a, start), state_of(a, i));
        }
    }
    if (best < 0) PyErr_SetString(PyExc_ValueError, why);
    return best;
}
/* Releases the temporaries that are live at instruction `from` and not at `to`. */
static void leave_temporaries(Analysis *a, KrFrame *f, int from, int to) {
    const unsigned char *here = state_of(a, from), *there = state_of(a, to);
    for (int t = a->ntemps; t > 0; t--) {
        PyObject **r = &f->regs[a->code->temp_base + t - 1], *o = *r;
        if (here[t] == DEAD || there[t] != DEAD) continue;
        *r = NULL;
        if (here[t] == SAVED) {
            _PyErr_StackItem *info = kr_thread()->base.exc_info;
            PyObject *handled = info->exc_value;
            info->exc_value = o;
            o = handled;
        }
        Py_XDECREF(o);
    }
}

int kr_frame_jump(KrFrame *f, PyFrameObject *frame, PyObject *line) {
    PyThreadState *ts = PyThreadState_Get();
    KrCode *c = f->code;
    const char *refused = NULL;
    int overflow, i = (int)(f->pc - c->instrs) - 1;
    bool leaving = false;
    if (!line) {
        PyErr_SetString(PyExc_AttributeError, "cannot delete attribute");
        return -1;
    }
    if (!PyLong_CheckExact(line)) {
        PyErr_SetString(PyExc_ValueError, "lineno must be an integer");
        return -1;
    }
    switch (ts->tracing_what) {
    case PyTrace_LINE: break;
    case PyTrace_CALL: refused = "can't jump from the 'call' trace event of a new frame"; break;
    case PyTrace_RETURN: leaving = f->owner == KR_FRAME_IN_GENERATOR && i >= 0 && (c->instrs[i].op == KR_OP_YIELD || c->instrs[i].op == KR_OP_YIELD_FROM) && !PyErr_Occurred(); /* fall through */
    default:
        if (!leaving) refused = "can only jump from a 'line' trace event";
    }
    PyObject *trace = kr_frame_get_trace(frame);
    if (!refused && !trace) refused = "f_lineno can only be set by a trace function";
    Py_XDECREF(trace);
    long wanted = refused ? 0 : PyLong_AsLongAndOverflow(line, &overflow);
    if (!refused && (overflow || wanted > INT_MAX || wanted < INT_MIN)) refused = "lineno out of range";
    if (refused) {
        PyErr_SetString(PyExc_ValueError, refused);
        return -1;
    }
    if (wanted < c->base.co_firstlineno) {
        PyErr_Format(PyExc_ValueError, "line %d comes before the current code block", (int)wanted);
        return -1;
    }
    /* a frame that leaves by yielding goes on behind that instruction (YIELD_FROM: runs it again), and jumps then */
    int start = leaving && c->instrs[i].op == KR_OP_YIELD ? i + 1 : i;
    Analysis a;
    if (analyse(&a, c) < 0) return -1;
    int target = find_target(&a, (uint32_t)start, (int)wanted);
    if (target >= 0) {
        if (leaving) {
            f->trace_prev = KR_TRACE_JUMP_PENDING - target;
        } else {
            f->pc = c->instrs + target + 1;
            f->trace_prev = target;
            leave_temporaries(&a, f, start, target);
        }
    }
    PyMem_Free(a.states);
    return target < 0 ? -1 : 0;
}
int kr_frame_jump_pending(KrFrame *f) {
    int start = (int)(f->pc - f->code->instrs) - 1, target = KR_TRACE_JUMP_PENDING - f->trace_prev;
    Analysis a;
    f->trace_prev = target;
    if (analyse(&a, f->code) < 0) return -1;
    f->pc = f->code->instrs + target + 1;
    leave_temporaries(&a, f, start, target);
    PyMem_Free(a.states);
    return 0;
}
