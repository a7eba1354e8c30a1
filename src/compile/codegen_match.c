/* codegen_match.c - match: patterns.
 *
 * The subject stays in a temporary of its own until a case is chosen. A pattern works on temporaries above it: the parts it takes the
 * subject to, and the values its names will get. Nothing is stored into a name before the whole pattern has matched. Where a pattern
 * fails, it jumps to a label that drops every temporary the pattern may have in use there.
 */
#include "compile/codegen.h"

typedef struct {
    Cg *cg;
    PyObject *names;            /* list of str: the names captured so far */
    int *temps;                 /* the temporaries they are in */
    int capacity;
    int fail;                   /* label */
    int fail_depth;             /* the greatest depth with which anything jumps there */
    bool fail_used;
    bool allow_irrefutable;     /* a pattern that always matches may stand here: nothing comes after it */
} Pattern;

static int match_pattern(Pattern *p, Kr_pattern *pattern, int subject, bool owned);

static int fail_jump(Pattern *p, int op, int operand) {
    p->fail_used = true;
    if (p->cg->u->depth > p->fail_depth) p->fail_depth = p->cg->u->depth;
    return cg_emit_jump(p->cg, op, operand, p->fail);
}
/* Fails when the value in operand, a fresh truth value, is false. The operand's temporary is free then. */
static int fail_unless(Pattern *p, int operand, int depth) {
    p->cg->u->depth = depth;
    return fail_jump(p, KR_OP_JUMP_IF_FALSE, operand);
}
static bool is_wildcard(Kr_pattern *x) { return x->kind == KR_pattern_MatchAs && !x->v.MatchAs.pattern && !x->v.MatchAs.name; }
static bool is_star_wildcard(Kr_pattern *x) { return x->kind == KR_pattern_MatchStar && !x->v.MatchStar.name; }

/* The value in temporary t will be name's. */
static int capture(Pattern *p, PyObject *name, int t) {
    Cg *cg = p->cg;
    Py_ssize_t n = PyList_GET_SIZE(p->names);
    int known = PySequence_Contains(p->names, name);
    if (known < 0) return -1;
    if (known) return cg_error_here(cg, "multiple assignments to name %R in pattern", name);
    if (PyUnicode_CompareWithASCIIString(name, "__debug__") == 0) return cg_error_here(cg, "cannot assign to __debug__");
    if (n == p->capacity) {
        int capacity = p->capacity ? p->capacity * 2 : 8, *temps = PyMem_Realloc(p->temps, (size_t)capacity * sizeof *temps);
        if (!temps) {
            PyErr_NoMemory();
            return -1;
        }
        p->temps = temps;
        p->capacity = capacity;
    }
    p->temps[n] = t;
    return PyList_Append(p->names, name);
}
/* Captures the subject itself: moved when it is ours, else copied. */
static int capture_subject(Pattern *p, PyObject *name, int subject, bool owned) {
    if (!name) return 0;
    if (owned) return capture(p, name, subject);
    int t = cg_reserve(p->cg, 1);
    CG_TRY(cg_emit(p->cg, KR_OP_MOVE, cg_dead(p->cg, t), cg_temp(p->cg, subject), 0));
    return capture(p, name, t);
}

/* ------------------------------------------------------------------ values */

static int match_value(Pattern *p, Kr_expr *value, int subject) {
    Cg *cg = p->cg;
    int mark = cg->u->depth, operand;
    bool literal = value->kind == KR_expr_Constant || value->kind == KR_expr_Attribute
        || (value->kind == KR_expr_UnaryOp && value->v.UnaryOp.op == KR_unaryop_USub) || value->kind == KR_expr_BinOp;
    if (!literal) return cg_error_here(cg, "patterns may only match literals and attribute lookups");
    CG_TRY(cg_value(cg, value, CG_ANYWHERE, &operand));
    cg->u->depth = mark;
    int t = cg_reserve(cg, 1);
    CG_TRY(cg_emit(cg, KR_OP_COMPARE_EQ, cg_dead(cg, t), cg_temp(cg, subject), operand));
    return fail_unless(p, cg_take(cg, t), mark);
}
static int match_singleton(Pattern *p, PyObject *value, int subject) {
    Cg *cg = p->cg;
    int mark = cg->u->depth, operand;
    CG_TRY(cg_const(cg, value, &operand));
    cg->u->depth = mark;
    int t = cg_reserve(cg, 1);
    CG_TRY(cg_emit(cg, KR_OP_IS, cg_dead(cg, t), cg_temp(cg, subject), operand));
    return fail_unless(p, cg_take(cg, t), mark);
}

/* ------------------------------------------------------------------ sequences */

/* The length of the subject compared with n fails unless op holds. */
static int check_length(Pattern *p, int subject, int op, Py_ssize_t n) {
    Cg *cg = p->cg;
    int mark = cg->u->depth, t = cg_reserve(cg, 1), operand;
    CG_TRY(cg_emit(cg, KR_OP_GET_LEN, cg_dead(cg, t), cg_temp(cg, subject), 0));
    PyObject *number = PyLong_FromSsize_t(n);
    int r = number ? cg_const(cg, number, &operand) : -1;
    Py_XDECREF(number);
    if (r < 0 || cg_emit(cg, op, cg_dead(cg, t), cg_take(cg, t), operand) < 0) return -1;
    return fail_unless(p, cg_take(cg, t), mark);
}
/* The parts of a matched container in temporaries base ..: each goes through its pattern, then is dropped unless captured. */
static int match_parts(Pattern *p, const KrSeq *patterns, int base) {
    Cg *cg = p->cg;
    for (Py_ssize_t i = 0; i < kr_seq_len(patterns); i++) {
        Kr_pattern *sub = KR_SEQ_GET(patterns, Kr_pattern, i);
        int t = base + (int)i;
        CG_TRY(match_pattern(p, sub, t, true));
        bool captured = (sub->kind == KR_pattern_MatchAs && sub->v.MatchAs.name) || (sub->kind == KR_pattern_MatchStar && sub->v.MatchStar.name);
        if (!captured) CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, t), 0, 0));
    }
    return 0;
}
/* A sequence pattern with a nameless star: items are fetched by index, so the rest is never looked at. */
static int match_by_index(Pattern *p, const KrSeq *patterns, int subject, Py_ssize_t star) {
    Cg *cg = p->cg;
    Py_ssize_t n = kr_seq_len(patterns);
    for (Py_ssize_t i = 0; i < n; i++) {
        Kr_pattern *sub = KR_SEQ_GET(patterns, Kr_pattern, i);
        if (is_wildcard(sub) || i == star) continue;
        int t = cg_reserve(cg, 1), index, length = cg->u->depth;
        PyObject *number = PyLong_FromSsize_t(i < star ? i : n - i);
        int r = number ? cg_const(cg, number, &index) : -1;
        Py_XDECREF(number);
        if (r < 0) return -1;
        if (i > star) {
            int at = cg_reserve(cg, 1);
            CG_TRY(cg_emit(cg, KR_OP_GET_LEN, cg_dead(cg, at), cg_temp(cg, subject), 0));
            CG_TRY(cg_emit(cg, KR_OP_BINARY_SUB, cg_dead(cg, at), cg_take(cg, at), index));
            index = cg_take(cg, at);
        }
        CG_TRY(cg_emit(cg, KR_OP_LOAD_SUBSCR, cg_dead(cg, t), cg_temp(cg, subject), index));
        cg->u->depth = length;
        CG_TRY(match_pattern(p, sub, t, true));
        if (!(sub->kind == KR_pattern_MatchAs && sub->v.MatchAs.name)) CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, t), 0, 0));
    }
    return 0;
}
static int match_sequence(Pattern *p, const KrSeq *patterns, int subject) {
    Cg *cg = p->cg;
    Py_ssize_t n = kr_seq_len(patterns), star = -1;
    bool only_wildcard = true, star_wildcard = false;
    for (Py_ssize_t i = 0; i < n; i++) {
        Kr_pattern *sub = KR_SEQ_GET(patterns, Kr_pattern, i);
        if (sub->kind == KR_pattern_MatchStar) {
            if (star >= 0) return cg_error_here(cg, "multiple starred expressions in sequence pattern");
            star_wildcard = is_star_wildcard(sub);
            only_wildcard &= star_wildcard;
            star = i;
            continue;
        }
        only_wildcard &= is_wildcard(sub);
    }
    int mark = cg->u->depth, t = cg_reserve(cg, 1);
    CG_TRY(cg_emit(cg, KR_OP_MATCH_SEQUENCE, cg_dead(cg, t), cg_temp(cg, subject), 0));
    CG_TRY(fail_unless(p, cg_take(cg, t), mark));
    if (star < 0) CG_TRY(check_length(p, subject, KR_OP_COMPARE_EQ, n));
    else if (n > 1) CG_TRY(check_length(p, subject, KR_OP_COMPARE_GE, n - 1));
    if (only_wildcard) return 0;
    if (star_wildcard) return match_by_index(p, patterns, subject, star);
    if (n > KR_REG_MAX / 4) return cg_error_here(cg, "too many expressions in star-unpacking sequence pattern");
    int base = cg_reserve(cg, (int)n);
    if (star < 0) {
        CG_TRY(cg_emit(cg, KR_OP_UNPACK_SEQUENCE, cg_temp(cg, base), cg_temp(cg, subject), (int)n));
    } else {
        CG_TRY(cg_emit(cg, KR_OP_UNPACK_EX, cg_temp(cg, base), cg_temp(cg, subject), 0));
        CG_TRY(cg_emit(cg, KR_OP_DATA, 0, (int)star, (int)(n - star - 1)));
    }
    return match_parts(p, patterns, base);
}

/* ------------------------------------------------------------------ mappings */

static int check_mapping_keys(Cg *cg, const KrSeq *keys) {
    PyObject *seen = PySet_New(NULL);
    int r = seen ? 0 : -1;
    for (Py_ssize_t i = 0; r == 0 && i < kr_seq_len(keys); i++) {
        Kr_expr *key = KR_SEQ_GET(keys, Kr_expr, i);
        if (!key) {
            r = cg_error_here(cg, "can't use NULL keys in MatchMapping (set 'rest' parameter instead)");
        } else if (key->kind == KR_expr_Constant) {
            int known = PySet_Contains(seen, key->v.Constant.value);
            if (known > 0) r = cg_error_here(cg, "mapping pattern checks duplicate key (%R)", key->v.Constant.value);
            else r = known < 0 ? -1 : PySet_Add(seen, key->v.Constant.value);
        } else if (key->kind != KR_expr_Attribute && key->kind != KR_expr_UnaryOp && key->kind != KR_expr_BinOp) {
            r = cg_error_here(cg, "mapping pattern keys may only match literals and attribute lookups");
        }
    }
    Py_XDECREF(seen);
    return r;
}
static int match_mapping(Pattern *p, Kr_pattern *x, int subject) {
    Cg *cg = p->cg;
    CgUnit *u = cg->u;
    const KrSeq *keys = x->v.MatchMapping.keys;
    Py_ssize_t n = kr_seq_len(keys);
    int mark = u->depth, t = cg_reserve(cg, 1);
    if (n != kr_seq_len(x->v.MatchMapping.patterns)) {
        return cg_error_here(cg, "keys (%zd) / patterns (%zd) length mismatch in mapping pattern", n, kr_seq_len(x->v.MatchMapping.patterns));
    }
    CG_TRY(cg_emit(cg, KR_OP_MATCH_MAPPING, cg_dead(cg, t), cg_temp(cg, subject), 0));
    CG_TRY(fail_unless(p, cg_take(cg, t), mark));
    if (n == 0 && !x->v.MatchMapping.rest) return 0;
    if (n > KR_REG_MAX / 4) return cg_error_here(cg, "too many sub-patterns in mapping pattern");
    if (n) CG_TRY(check_length(p, subject, KR_OP_COMPARE_GE, n));
    CG_TRY(check_mapping_keys(cg, keys));
    int tuple = cg_reserve(cg, 1);
    u->depth = tuple;
    for (Py_ssize_t i = 0; i < n; i++) CG_TRY(cg_push(cg, KR_SEQ_GET(keys, Kr_expr, i)));
    u->depth = tuple + 1;
    CG_TRY(cg_emit(cg, KR_OP_BUILD_TUPLE, cg_dead(cg, tuple), cg_temp(cg, tuple), (int)n));
    int values = cg_reserve(cg, 1);
    CG_TRY(cg_emit(cg, KR_OP_MATCH_KEYS, cg_dead(cg, values), cg_temp(cg, subject), cg_temp(cg, tuple)));
    CG_TRY(fail_jump(p, KR_OP_JUMP_IF_NONE, cg_temp(cg, values)));
    if (x->v.MatchMapping.rest) {
        int rest = cg_reserve(cg, 1), name_keys = cg_reserve(cg, (int)n + 1);
        CG_TRY(cg_emit(cg, KR_OP_BUILD_MAP, cg_dead(cg, rest), cg_temp(cg, rest), 0));
        CG_TRY(cg_emit(cg, KR_OP_DICT_UPDATE, cg_temp(cg, rest), cg_temp(cg, subject), 0));
        if (n) CG_TRY(cg_emit(cg, KR_OP_UNPACK_SEQUENCE, cg_temp(cg, name_keys), cg_take(cg, tuple), (int)n));
        else CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, tuple), 0, 0));
        for (Py_ssize_t i = 0; i < n; i++) CG_TRY(cg_emit(cg, KR_OP_DELETE_SUBSCR, cg_temp(cg, rest), cg_take(cg, name_keys + (int)i), 0));
        CG_TRY(capture(p, x->v.MatchMapping.rest, rest));
    } else {
        CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, tuple), 0, 0));
    }
    if (n == 0) return cg_emit(cg, KR_OP_KILL, cg_temp(cg, values), 0, 0);
    int base = cg_reserve(cg, (int)n);
    CG_TRY(cg_emit(cg, KR_OP_UNPACK_SEQUENCE, cg_temp(cg, base), cg_take(cg, values), (int)n));
    return match_parts(p, x->v.MatchMapping.patterns, base);
}

/* ------------------------------------------------------------------ classes */

static int match_class(Pattern *p, Kr_pattern *x, int subject) {
    Cg *cg = p->cg;
    CgUnit *u = cg->u;
    const KrSeq *positional = x->v.MatchClass.patterns, *attrs = x->v.MatchClass.kwd_attrs, *keyword = x->v.MatchClass.kwd_patterns;
    Py_ssize_t n = kr_seq_len(positional), nkw = kr_seq_len(attrs);
    if (nkw != kr_seq_len(keyword))
        return cg_error_here(cg, "kwd_attrs (%zd) / kwd_patterns (%zd) length mismatch in class pattern", nkw, kr_seq_len(keyword));
    if (n + nkw > KR_REG_MAX / 4) return cg_error_here(cg, "too many sub-patterns in class pattern %R", x->v.MatchClass.cls);
    for (Py_ssize_t i = 0; i < nkw; i++) {
        PyObject *name = KR_SEQ_OBJ(attrs, i);
        if (PyUnicode_CompareWithASCIIString(name, "__debug__") == 0) return cg_error_here(cg, "cannot assign to __debug__");
        for (Py_ssize_t j = i + 1; j < nkw; j++)
            if (PyUnicode_Compare(name, KR_SEQ_OBJ(attrs, j)) == 0)
                return cg_error(cg, KR_SEQ_GET(keyword, Kr_pattern, j)->at, "attribute name repeated in class pattern: %U", name);
    }
    int base = cg_reserve(cg, 2);
    CG_TRY(cg_value_to(cg, x->v.MatchClass.cls, base));
    PyObject *names = PyTuple_New(nkw);
    for (Py_ssize_t i = 0; names && i < nkw; i++) PyTuple_SET_ITEM(names, i, Py_NewRef(KR_SEQ_OBJ(attrs, i)));
    int r = names ? cg_emit_load_const(cg, cg_dead(cg, base + 1), names) : -1;
    Py_XDECREF(names);
    if (r < 0) return -1;
    CG_TRY(cg_emit(cg, KR_OP_MATCH_CLASS, cg_dead(cg, base), cg_temp(cg, base), (int)n));
    CG_TRY(cg_emit(cg, KR_OP_DATA, cg_temp(cg, subject), 0, 0));
    CG_TRY(fail_jump(p, KR_OP_JUMP_IF_NONE, cg_temp(cg, base)));
    if (n + nkw == 0) return cg_emit(cg, KR_OP_KILL, cg_temp(cg, base), 0, 0);
    u->depth = base + 1;
    int parts = cg_reserve(cg, (int)(n + nkw));
    CG_TRY(cg_emit(cg, KR_OP_UNPACK_SEQUENCE, cg_temp(cg, parts), cg_take(cg, base), (int)(n + nkw)));
    CG_TRY(match_parts(p, positional, parts));
    return match_parts(p, keyword, parts + (int)n);
}

/* ------------------------------------------------------------------ alternatives */

/* The temporaries from `from` up to the depth reached that hold nothing of value. */
static int kill_range(Cg *cg, int from, int to) {
    for (int i = from; i < to; i++) CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, i), 0, 0));
    return 0;
}
/* Where a failed alternative goes on: its temporaries are dropped. */
static int place_failure(Pattern *p, int from) {
    if (!p->fail_used) return 0;
    cg_place(p->cg, p->fail);
    return kill_range(p->cg, from, p->fail_depth);
}
static bool same_names(PyObject *a, PyObject *b) {
    if (PyList_GET_SIZE(a) != PyList_GET_SIZE(b)) return false;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(a); i++)
        if (PySequence_Contains(b, PyList_GET_ITEM(a, i)) != 1) return false;
    return true;
}
static int pattern_begin(Pattern *p, Cg *cg) {
    *p = (Pattern){.cg = cg, .fail = cg_label(cg)};
    return p->fail >= 0 && (p->names = PyList_New(0)) ? 0 : -1;
}
static void pattern_end(Pattern *p) {
    Py_CLEAR(p->names);
    PyMem_Free(p->temps);
    p->temps = NULL;
}
/* How many names a pattern binds at most. */
static int count_names(Kr_pattern *x) {
    int n = 0;
    const KrSeq *lists[2] = {NULL, NULL};
    switch (x->kind) {
    case KR_pattern_MatchSequence: lists[0] = x->v.MatchSequence.patterns; break;
    case KR_pattern_MatchMapping:
        lists[0] = x->v.MatchMapping.patterns;
        n = x->v.MatchMapping.rest != NULL;
        break;
    case KR_pattern_MatchClass:
        lists[0] = x->v.MatchClass.patterns;
        lists[1] = x->v.MatchClass.kwd_patterns;
        break;
    case KR_pattern_MatchStar: return x->v.MatchStar.name != NULL;
    case KR_pattern_MatchAs: return (x->v.MatchAs.name != NULL) + (x->v.MatchAs.pattern ? count_names(x->v.MatchAs.pattern) : 0);
    case KR_pattern_MatchOr: return count_names(KR_SEQ_GET(x->v.MatchOr.patterns, Kr_pattern, 0));
    default: break;
    }
    for (int k = 0; k < 2; k++)
        for (Py_ssize_t i = 0; i < kr_seq_len(lists[k]); i++) n += count_names(KR_SEQ_GET(lists[k], Kr_pattern, i));
    return n;
}
/* Compiles one alternative; its captures are moved to the temporaries from canon on, in the order of *names (the first alternative's). */
static int match_alternative(Pattern *p, Pattern *alt, Kr_pattern *x, PyObject **names, int canon, int subject) {
    Cg *cg = p->cg;
    CG_TRY(match_pattern(alt, x, subject, false));
    if (!*names) *names = Py_NewRef(alt->names);
    else if (!same_names(*names, alt->names)) return cg_error_here(cg, "alternative patterns bind different names");
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(*names); k++) {
        Py_ssize_t at = PySequence_Index(alt->names, PyList_GET_ITEM(*names, k));
        if (at < 0) return -1;
        CG_TRY(cg_emit(cg, KR_OP_MOVE, cg_dead(cg, canon + (int)k), cg_take(cg, alt->temps[at]), 0));
    }
    return 0;
}
static int match_or(Pattern *p, Kr_pattern *x, int subject) {
    Cg *cg = p->cg;
    CgUnit *u = cg->u;
    const KrSeq *patterns = x->v.MatchOr.patterns;
    Py_ssize_t n = kr_seq_len(patterns);
    int end = cg_label(cg), room = count_names(KR_SEQ_GET(patterns, Kr_pattern, 0)), canon = cg_reserve(cg, room), r = end < 0 ? -1 : 0;
    PyObject *names = NULL;
    for (Py_ssize_t i = 0; r == 0 && i < n; i++) {
        Pattern alt;
        bool last = i == n - 1;
        if ((r = pattern_begin(&alt, cg)) < 0) break;
        alt.allow_irrefutable = last && p->allow_irrefutable;
        u->depth = canon + room;
        r = match_alternative(p, &alt, KR_SEQ_GET(patterns, Kr_pattern, i), &names, canon, subject);
        if (r == 0 && (alt.fail_used || !last)) r = cg_emit_jump(cg, KR_OP_JUMP, 0, end);
        if (r == 0) r = place_failure(&alt, canon + room);
        if (r == 0 && last && alt.fail_used) {
            u->depth = canon;
            r = fail_jump(p, KR_OP_JUMP, 0);
        }
        pattern_end(&alt);
    }
    cg_place(cg, end);
    u->depth = canon + room;
    for (Py_ssize_t k = 0; r == 0 && k < PyList_GET_SIZE(names); k++) r = capture(p, PyList_GET_ITEM(names, k), canon + (int)k);
    Py_XDECREF(names);
    return r;
}

/* ------------------------------------------------------------------ dispatch */

static int match_dispatch(Pattern *p, Kr_pattern *x, int subject, bool owned) {
    Cg *cg = p->cg;
    switch (x->kind) {
    case KR_pattern_MatchValue: return match_value(p, x->v.MatchValue.value, subject);
    case KR_pattern_MatchSingleton: return match_singleton(p, x->v.MatchSingleton.value, subject);
    case KR_pattern_MatchSequence: return match_sequence(p, x->v.MatchSequence.patterns, subject);
    case KR_pattern_MatchMapping: return match_mapping(p, x, subject);
    case KR_pattern_MatchClass: return match_class(p, x, subject);
    case KR_pattern_MatchStar: return capture_subject(p, x->v.MatchStar.name, subject, owned);
    case KR_pattern_MatchAs:
        if (x->v.MatchAs.pattern) {
            CG_TRY(match_pattern(p, x->v.MatchAs.pattern, subject, false));
        } else if (!p->allow_irrefutable) {
            if (x->v.MatchAs.name) return cg_error_here(cg, "name capture %R makes remaining patterns unreachable", x->v.MatchAs.name);
            return cg_error_here(cg, "wildcard makes remaining patterns unreachable");
        }
        return capture_subject(p, x->v.MatchAs.name, subject, owned);
    case KR_pattern_MatchOr: return match_or(p, x, subject);
    default: PyErr_Format(PyExc_SystemError, "compiler: unknown pattern %d", x->kind); return -1;
    }
}
static int match_pattern(Pattern *p, Kr_pattern *x, int subject, bool owned) {
    Cg *cg = p->cg;
    KrSpan saved = cg->at;
    CG_TRY(kr_depth_enter(&cg->depth));
    cg->at = x->at;
    bool allow = p->allow_irrefutable;
    if (x->kind != KR_pattern_MatchAs && x->kind != KR_pattern_MatchOr) p->allow_irrefutable = true;
    int r = match_dispatch(p, x, subject, owned);
    p->allow_irrefutable = allow;
    cg->at = saved;
    kr_depth_leave(&cg->depth);
    return r;
}

static int match_case(Cg *cg, Kr_match_case *c, int subject, int end, bool last) {
    CgUnit *u = cg->u;
    int mark = u->depth, next = cg_label(cg);
    Pattern pattern, *p = &pattern;
    if (next < 0 || pattern_begin(p, cg) < 0) return -1;
    int r = -1;
    cg->at = c->pattern->at;
    p->allow_irrefutable = last || c->guard;
    if (cg_emit(cg, KR_OP_NOP, 0, 0, 0) < 0) goto done;     /* for a trace function: `_` makes no instruction */
    if (match_pattern(p, c->pattern, subject, false) < 0) goto done;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(p->names); i++)
        if (cg_store_name(cg, PyList_GET_ITEM(p->names, i), cg_take(cg, p->temps[i])) < 0) goto done;
    u->depth = mark;
    if (c->guard && cg_jump_if(cg, c->guard, next, false) < 0) goto done;
    cg->at = CG_NO_SPAN;
    if (cg_emit(cg, KR_OP_KILL, cg_temp(cg, subject), 0, 0) < 0) goto done;
    /* the body runs without the subject */
    for (Py_ssize_t i = 0; i < kr_seq_len(c->body); i++)
        if (cg_stmt(cg, KR_SEQ_GET(c->body, Kr_stmt, i)) < 0) goto done;
    cg->at = CG_NO_SPAN;
    if (cg_emit_jump(cg, KR_OP_JUMP, 0, end) < 0) goto done;
    if (place_failure(p, mark) < 0) goto done;
    cg_place(cg, next);
    r = 0;
done:
    u->depth = mark;
    pattern_end(p);
    return r;
}
int cg_match(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    const KrSeq *cases = s->v.Match.cases;
    Py_ssize_t n = kr_seq_len(cases);
    int end = cg_label(cg), mark = u->depth, subject = cg_reserve(cg, 1);
    if (end < 0) return -1;
    CG_TRY(cg_value_to(cg, s->v.Match.subject, subject));
    for (Py_ssize_t i = 0; i < n; i++) CG_TRY(match_case(cg, KR_SEQ_GET(cases, Kr_match_case, i), subject, end, i == n - 1));
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_emit(cg, KR_OP_KILL, cg_temp(cg, subject), 0, 0));
    cg_place(cg, end);
    u->depth = mark;
    return 0;
}
