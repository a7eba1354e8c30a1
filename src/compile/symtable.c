/* symtable.c - collects the names of every block of a tree and resolves them to scopes.
 *
 * Pass 1 walks the tree with a current block, and notes in it every binding and use (the DEF_ and USE bits). Pass 2 goes
 * through the blocks from the outside in: a name bound in its block is LOCAL, one that is only used is looked for in
 * the enclosing function blocks. Where it is found it becomes a CELL there, FREE here, and FREE in all blocks between.
 * `parent` links are what pass 2 walks; class blocks are invisible to the blocks inside them, except for __class__.
 */
#include "compile/symtable.h"

typedef struct {
    KrSymtable *table;
    PyObject *filename, *private;    /* private: name of the class being visited, NULL outside */
    KrSTEntry *current;
    KrCompileDepth depth;
    int features;
} KrScoper;

static int visit_stmt(KrScoper *, Kr_stmt *);
static int visit_expr(KrScoper *, Kr_expr *);
static int visit_pattern(KrScoper *, Kr_pattern *);
static int visit_stmts(KrScoper *st, KrSeq *seq) {
    for (Py_ssize_t i = 0; i < kr_seq_len(seq); i++)
        if (visit_stmt(st, KR_SEQ_GET(seq, Kr_stmt, i)) < 0) return -1;
    return 0;
}
/* Items may be NULL: keyword-only defaults, keys of ** in a dict display. */
static int visit_exprs(KrScoper *st, KrSeq *seq) {
    for (Py_ssize_t i = 0; i < kr_seq_len(seq); i++)
        if (seq->items[i] && visit_expr(st, KR_SEQ_GET(seq, Kr_expr, i)) < 0) return -1;
    return 0;
}
#define VISIT(kind, x) do { if (visit_##kind(st, x) < 0) return -1; } while (0)
#define VISIT_OPT(kind, x) do { if ((x) && visit_##kind(st, x) < 0) return -1; } while (0)

/* ------------------------------------------------------------------ mangling, lookup */

PyObject *kr_mangle(PyObject *klass, PyObject *name) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(name);
    if (!klass || n < 2 || PyUnicode_READ_CHAR(name, 0) != '_' || PyUnicode_READ_CHAR(name, 1) != '_'
        || (PyUnicode_READ_CHAR(name, n - 1) == '_' && PyUnicode_READ_CHAR(name, n - 2) == '_')
        || PyUnicode_FindChar(name, '.', 0, n, 1) >= 0)
        return Py_NewRef(name);
    Py_ssize_t skip = 0, len = PyUnicode_GET_LENGTH(klass);
    while (skip < len && PyUnicode_READ_CHAR(klass, skip) == '_') skip++;
    if (skip == len) return Py_NewRef(name);
    PyObject *stem = PyUnicode_Substring(klass, skip, len);
    PyObject *mangled = stem ? PyUnicode_FromFormat("_%U%U", stem, name) : NULL;
    Py_XDECREF(stem);
    if (mangled) PyUnicode_InternInPlace(&mangled);
    return mangled;
}

long kr_st_flags(KrSTEntry *e, PyObject *mangled) {
    PyObject *v = PyDict_GetItemWithError(e->symbols, mangled);
    return v ? PyLong_AS_LONG(v) : 0;
}
static int set_flags(KrSTEntry *e, PyObject *mangled, long flags) {
    PyObject *v = PyLong_FromLong(flags);
    int r = v ? PyDict_SetItem(e->symbols, mangled, v) : -1;
    Py_XDECREF(v);
    return r;
}
static int set_scope(KrSTEntry *e, PyObject *mangled, long flags, int scope) {
    return set_flags(e, mangled, (flags & ~((long)KR_SCOPE_MASK << KR_SCOPE_OFFSET)) | (long)scope << KR_SCOPE_OFFSET);
}

static size_t slot_of(const KrSTSlot *slots, size_t nslots, const void *key) {
    size_t h = ((uintptr_t)key >> 3) * 0x9E3779B97F4A7C15u;
    size_t i = (h >> 20) & (nslots - 1);
    while (slots[i].key && slots[i].key != key) i = (i + 1) & (nslots - 1);
    return i;
}
KrSTEntry *kr_symtable_lookup(const KrSymtable *t, const void *node) {
    return t->nslots ? t->slots[slot_of(t->slots, t->nslots, node)].entry : NULL;
}
/* Takes over a reference to entry. */
static int table_insert(KrSymtable *t, const void *key, KrSTEntry *entry) {
    if ((t->used + 1) * 3 > t->nslots * 2) {
        size_t n = t->nslots ? t->nslots * 2 : 16;
        KrSTSlot *slots = PyMem_Calloc(n, sizeof *slots);
        if (!slots) {
            Py_DECREF(entry);
            PyErr_NoMemory();
            return -1;
        }
        for (size_t i = 0; i < t->nslots; i++)
            if (t->slots[i].key) slots[slot_of(slots, n, t->slots[i].key)] = t->slots[i];
        PyMem_Free(t->slots);
        t->slots = slots;
        t->nslots = n;
    }
    size_t i = slot_of(t->slots, t->nslots, key);
    Py_XDECREF(t->slots[i].entry);
    if (!t->slots[i].key) t->used++;
    t->slots[i] = (KrSTSlot){key, entry};
    return 0;
}

/* ------------------------------------------------------------------ blocks */

static KrSTEntry *entry_new(PyObject *name, int type, const void *key, KrSpan at, KrSTEntry *parent) {
    KrSTEntry *e = PyObject_New(KrSTEntry, &PySTEntry_Type);
    if (!e) return NULL;
    memset((char *)e + sizeof(PyObject), 0, sizeof *e - sizeof(PyObject));
    e->name = Py_NewRef(name);
    e->type = type;
    e->at = at;
    e->lineno = at.lineno;
    e->parent = parent;
    e->nested = parent && (parent->nested || parent->type == KR_BLOCK_FUNCTION);
    e->id = PyLong_FromVoidPtr((void *)key);
    e->symbols = PyDict_New();
    e->varnames = PyList_New(0);
    e->children = PyList_New(0);
    if (!e->id || !e->symbols || !e->varnames || !e->children) {
        Py_DECREF(e);
        return NULL;
    }
    return e;
}

static int enter_block(KrScoper *st, PyObject *name, int type, const void *key, KrSpan at) {
    KrSTEntry *e = entry_new(name, type, key, at, st->current);
    if (!e || table_insert(st->table, key, e) < 0) return -1;
    if (st->current && type != KR_BLOCK_ANNOTATION && PyList_Append(st->current->children, (PyObject *)e) < 0) return -1;
    if (!st->current) st->table->top = e;
    else if (st->current->comp_iter_expr > 0) e->comp_iter_expr = st->current->comp_iter_expr;
    st->current = e;
    return 0;
}
static void leave_block(KrScoper *st) { st->current = st->current->parent; }

static int record_directive(KrScoper *st, PyObject *name, KrSpan at) {
    KrSTEntry *e = st->current;
    if (e->ndirectives == e->directives_capacity) {
        int n = e->directives_capacity ? e->directives_capacity * 2 : 4;
        KrDirective *d = PyMem_Realloc(e->directives, (size_t)n * sizeof *d);
        if (!d) {
            PyErr_NoMemory();
            return -1;
        }
        e->directives = d;
        e->directives_capacity = n;
    }
    PyObject *mangled = kr_mangle(st->private, name);
    if (!mangled) return -1;
    e->directives[e->ndirectives++] = (KrDirective){mangled, at};
    return 0;
}
static void error_at_directive(PyObject *filename, KrSTEntry *e, PyObject *name, const char *format) {
    KrSpan at = e->at;
    for (int i = 0; i < e->ndirectives; i++) {
        if (PyUnicode_Compare(e->directives[i].name, name) == 0) {
            at = e->directives[i].at;
            break;
        }
    }
    kr_compile_error(filename, at, format, name);
}

static int add_def_to(KrScoper *st, PyObject *name, long flag, KrSTEntry *e, KrSpan at) {
    PyObject *mangled = kr_mangle(st->private, name);
    if (!mangled) return -1;
    int r = -1;
    long old = kr_st_flags(e, mangled), flags = old | flag;
    if ((flag & KR_DEF_PARAM) && (old & KR_DEF_PARAM)) {
        kr_compile_error(st->filename, at, "duplicate argument '%U' in function definition", name);
        goto done;
    }
    if (e->comp_iter_target) {
        if (flags & (KR_DEF_GLOBAL | KR_DEF_NONLOCAL)) {
            kr_compile_error(st->filename, at, "comprehension inner loop cannot rebind assignment expression target '%U'", name);
            goto done;
        }
        flags |= KR_DEF_COMP_ITER;
    }
    if (flags != old && set_flags(e, mangled, flags) < 0) goto done;
    if ((flag & KR_DEF_PARAM) && PyList_Append(e->varnames, mangled) < 0) goto done;
    if ((flag & KR_DEF_GLOBAL) && e != st->table->top
        && set_flags(st->table->top, mangled, kr_st_flags(st->table->top, mangled) | flag) < 0)
        goto done;
    r = 0;
done:
    Py_DECREF(mangled);
    return r;
}
static int add_def(KrScoper *st, PyObject *name, long flag, KrSpan at) {
    return add_def_to(st, name, flag, st->current, at);
}
static long current_flags(KrScoper *st, PyObject *name) {
    PyObject *mangled = kr_mangle(st->private, name);
    if (!mangled) return -1;
    long flags = kr_st_flags(st->current, mangled);
    Py_DECREF(mangled);
    return flags;
}

/* ------------------------------------------------------------------ functions, comprehensions */

static int visit_annotation(KrScoper *st, Kr_expr *annotation) {
    bool future = st->features & CO_FUTURE_ANNOTATIONS;
    /* The node itself is the key of the block it may open: a lambda, a comprehension. */
    const void *key = (char *)annotation + 1;
    if (future && enter_block(st, KR_STR(_annotation), KR_BLOCK_ANNOTATION, key, annotation->at) < 0) return -1;
    VISIT(expr, annotation);
    if (future) leave_block(st);
    return 0;
}
static int visit_arg_annotations(KrScoper *st, KrSeq *args) {
    for (Py_ssize_t i = 0; i < kr_seq_len(args); i++)
        VISIT_OPT(annotation, KR_SEQ_GET(args, Kr_arg, i)->annotation);
    return 0;
}
static int visit_annotations(KrScoper *st, Kr_stmt *s, Kr_arguments *a, Kr_expr *returns) {
    bool future = st->features & CO_FUTURE_ANNOTATIONS;
    if (future && enter_block(st, KR_STR(_annotation), KR_BLOCK_ANNOTATION, &a->defaults, s->at) < 0) return -1;
    if (visit_arg_annotations(st, a->posonlyargs) < 0 || visit_arg_annotations(st, a->args) < 0) return -1;
    if (a->vararg) VISIT_OPT(expr, a->vararg->annotation);
    if (a->kwarg) VISIT_OPT(expr, a->kwarg->annotation);
    if (visit_arg_annotations(st, a->kwonlyargs) < 0) return -1;
    if (future) leave_block(st);
    VISIT_OPT(annotation, returns);
    return 0;
}
static int define_params(KrScoper *st, KrSeq *args) {
    for (Py_ssize_t i = 0; i < kr_seq_len(args); i++) {
        Kr_arg *arg = KR_SEQ_GET(args, Kr_arg, i);
        if (add_def(st, arg->arg, KR_DEF_PARAM, arg->at) < 0) return -1;
    }
    return 0;
}
static int visit_arguments(KrScoper *st, Kr_arguments *a) {
    if (define_params(st, a->posonlyargs) < 0 || define_params(st, a->args) < 0 || define_params(st, a->kwonlyargs) < 0) return -1;
    if (a->vararg) {
        if (add_def(st, a->vararg->arg, KR_DEF_PARAM, a->vararg->at) < 0) return -1;
        st->current->varargs = true;
    }
    if (a->kwarg) {
        if (add_def(st, a->kwarg->arg, KR_DEF_PARAM, a->kwarg->at) < 0) return -1;
        st->current->varkeywords = true;
    }
    return 0;
}
static int visit_function(KrScoper *st, Kr_stmt *s, PyObject *name, Kr_arguments *args, KrSeq *body, KrSeq *decorators, Kr_expr *returns, bool is_async) {
    if (add_def(st, name, KR_DEF_LOCAL, s->at) < 0) return -1;
    VISIT(exprs, args->defaults);
    VISIT(exprs, args->kw_defaults);
    if (visit_annotations(st, s, args, returns) < 0) return -1;
    VISIT(exprs, decorators);
    if (enter_block(st, name, KR_BLOCK_FUNCTION, s, s->at) < 0) return -1;
    if (is_async) st->current->coroutine = true;
    VISIT(arguments, args);
    VISIT(stmts, body);
    leave_block(st);
    return 0;
}

static const char *comprehension_text(int kind) {
    static const char *const texts[] = {"", "list comprehension", "dict comprehension", "set comprehension", "generator expression"};
    return texts[kind];
}
static int visit_comprehension(KrScoper *st, Kr_comprehension *c) {
    st->current->comp_iter_target = true;
    VISIT(expr, c->target);
    st->current->comp_iter_target = false;
    st->current->comp_iter_expr++;
    VISIT(expr, c->iter);
    st->current->comp_iter_expr--;
    VISIT(exprs, c->ifs);
    if (c->is_async) st->current->coroutine = true;
    return 0;
}
static int visit_comprehension_block(KrScoper *st, Kr_expr *e, PyObject *name, int kind, KrSeq *generators, Kr_expr *elt, Kr_expr *value) {
    bool is_generator = kind == KR_COMP_GENERATOR;
    Kr_comprehension *first = KR_SEQ_GET(generators, Kr_comprehension, 0);
    /* The first iterable belongs to the enclosing block. */
    st->current->comp_iter_expr++;
    VISIT(expr, first->iter);
    st->current->comp_iter_expr--;
    if (enter_block(st, name, KR_BLOCK_FUNCTION, e, e->at) < 0) return -1;
    st->current->comprehension = kind;
    if (first->is_async) st->current->coroutine = true;
    if (add_def(st, KR_STR_DOT_ZERO, KR_DEF_PARAM, e->at) < 0) return -1;
    st->current->comp_iter_target = true;
    VISIT(expr, first->target);
    st->current->comp_iter_target = false;
    VISIT(exprs, first->ifs);
    for (Py_ssize_t i = 1; i < kr_seq_len(generators); i++) VISIT(comprehension, KR_SEQ_GET(generators, Kr_comprehension, i));
    VISIT_OPT(expr, value);
    VISIT(expr, elt);
    st->current->generator = is_generator;
    bool is_async = st->current->coroutine && !is_generator;
    leave_block(st);
    if (is_async) st->current->coroutine = true;
    return 0;
}

/* A := inside comprehensions binds in the nearest block that is none. */
static int extend_named_scope(KrScoper *st, Kr_expr *target) {
    PyObject *name = target->v.Name.id;
    for (KrSTEntry *e = st->current; e; e = e->parent) {
        PyObject *mangled = kr_mangle(st->private, name);
        if (!mangled) return -1;
        long flags = kr_st_flags(e, mangled);
        Py_DECREF(mangled);
        if (e->comprehension) {
            if ((flags & KR_DEF_COMP_ITER) && (flags & KR_DEF_LOCAL)) {
                kr_compile_error(st->filename, target->at, "assignment expression cannot rebind comprehension iteration variable '%U'", name);
                return -1;
            }
            continue;
        }
        if (e->type == KR_BLOCK_FUNCTION) {
            if (add_def(st, name, flags & KR_DEF_GLOBAL ? KR_DEF_GLOBAL : KR_DEF_NONLOCAL, target->at) < 0) return -1;
            if (record_directive(st, name, target->at) < 0) return -1;
            return add_def_to(st, name, KR_DEF_LOCAL, e, target->at);
        }
        if (e->type == KR_BLOCK_MODULE) {
            if (add_def(st, name, KR_DEF_GLOBAL, target->at) < 0) return -1;
            if (record_directive(st, name, target->at) < 0) return -1;
            return add_def_to(st, name, KR_DEF_GLOBAL, e, target->at);
        }
        if (e->type == KR_BLOCK_CLASS) {
            kr_compile_error(st->filename, target->at, "assignment expression within a comprehension cannot be used in a class body");
            return -1;
        }
    }
    return 0;
}
static int refuse_in_annotation(KrScoper *st, Kr_expr *e, const char *what) {
    if (st->current->type != KR_BLOCK_ANNOTATION) return 0;
    kr_compile_error(st->filename, e->at, "%s can not be used within an annotation", what);
    return -1;
}
static int visit_named_expr(KrScoper *st, Kr_expr *e) {
    if (st->current->comp_iter_expr > 0) {
        kr_compile_error(st->filename, e->at, "assignment expression cannot be used in a comprehension iterable expression");
        return -1;
    }
    if (st->current->comprehension && extend_named_scope(st, e->v.NamedExpr.target) < 0) return -1;
    st->current->has_walrus = true;
    VISIT(expr, e->v.NamedExpr.value);
    VISIT(expr, e->v.NamedExpr.target);
    return 0;
}
static int note_yield(KrScoper *st, Kr_expr *e) {
    st->current->generator = true;
    if (!st->current->comprehension) return 0;
    kr_compile_error(st->filename, e->at, "'yield' inside %s", comprehension_text(st->current->comprehension));
    return -1;
}

/* ------------------------------------------------------------------ expressions */

static int visit_keywords(KrScoper *st, KrSeq *keywords) {
    for (Py_ssize_t i = 0; i < kr_seq_len(keywords); i++) VISIT(expr, KR_SEQ_GET(keywords, Kr_keyword, i)->value);
    return 0;
}
static int visit_expr_inner(KrScoper *st, Kr_expr *e) {
    switch (e->kind) {
    case KR_expr_NamedExpr:
        if (refuse_in_annotation(st, e, "named expression") < 0) return -1;
        return visit_named_expr(st, e);
    case KR_expr_BoolOp: return visit_exprs(st, e->v.BoolOp.values);
    case KR_expr_BinOp:
        VISIT(expr, e->v.BinOp.left);
        return visit_expr(st, e->v.BinOp.right);
    case KR_expr_UnaryOp: return visit_expr(st, e->v.UnaryOp.operand);
    case KR_expr_Lambda:
        VISIT(exprs, e->v.Lambda.args->defaults);
        VISIT(exprs, e->v.Lambda.args->kw_defaults);
        if (enter_block(st, KR_STR(lambda), KR_BLOCK_FUNCTION, e, e->at) < 0) return -1;
        VISIT(arguments, e->v.Lambda.args);
        VISIT(expr, e->v.Lambda.body);
        leave_block(st);
        return 0;
    case KR_expr_IfExp:
        VISIT(expr, e->v.IfExp.test);
        VISIT(expr, e->v.IfExp.body);
        return visit_expr(st, e->v.IfExp.orelse);
    case KR_expr_Dict:
        VISIT(exprs, e->v.Dict.keys);
        return visit_exprs(st, e->v.Dict.values);
    case KR_expr_Set: return visit_exprs(st, e->v.Set.elts);
    case KR_expr_GeneratorExp:
        return visit_comprehension_block(st, e, KR_STR(genexpr), KR_COMP_GENERATOR, e->v.GeneratorExp.generators, e->v.GeneratorExp.elt, NULL);
    case KR_expr_ListComp:
        return visit_comprehension_block(st, e, KR_STR(listcomp), KR_COMP_LIST, e->v.ListComp.generators, e->v.ListComp.elt, NULL);
    case KR_expr_SetComp:
        return visit_comprehension_block(st, e, KR_STR(setcomp), KR_COMP_SET, e->v.SetComp.generators, e->v.SetComp.elt, NULL);
    case KR_expr_DictComp:
        return visit_comprehension_block(st, e, KR_STR(dictcomp), KR_COMP_DICT, e->v.DictComp.generators, e->v.DictComp.key, e->v.DictComp.value);
    case KR_expr_Yield:
        if (refuse_in_annotation(st, e, "yield expression") < 0) return -1;
        VISIT_OPT(expr, e->v.Yield.value);
        return note_yield(st, e);
    case KR_expr_YieldFrom:
        if (refuse_in_annotation(st, e, "yield expression") < 0) return -1;
        VISIT(expr, e->v.YieldFrom.value);
        return note_yield(st, e);
    case KR_expr_Await:
        if (refuse_in_annotation(st, e, "await expression") < 0) return -1;
        VISIT(expr, e->v.Await.value);
        st->current->coroutine = true;
        return 0;
    case KR_expr_Compare:
        VISIT(expr, e->v.Compare.left);
        return visit_exprs(st, e->v.Compare.comparators);
    case KR_expr_Call:
        VISIT(expr, e->v.Call.func);
        VISIT(exprs, e->v.Call.args);
        return visit_keywords(st, e->v.Call.keywords);
    case KR_expr_FormattedValue:
        VISIT(expr, e->v.FormattedValue.value);
        VISIT_OPT(expr, e->v.FormattedValue.format_spec);
        return 0;
    case KR_expr_JoinedStr: return visit_exprs(st, e->v.JoinedStr.values);
    case KR_expr_Attribute: return visit_expr(st, e->v.Attribute.value);
    case KR_expr_Subscript:
        VISIT(expr, e->v.Subscript.value);
        return visit_expr(st, e->v.Subscript.slice);
    case KR_expr_Starred: return visit_expr(st, e->v.Starred.value);
    case KR_expr_Slice:
        VISIT_OPT(expr, e->v.Slice.lower);
        VISIT_OPT(expr, e->v.Slice.upper);
        VISIT_OPT(expr, e->v.Slice.step);
        return 0;
    case KR_expr_Name:
        if (add_def(st, e->v.Name.id, e->v.Name.ctx == KR_expr_context_Load ? KR_USE : KR_DEF_LOCAL, e->at) < 0) return -1;
        /* super() reads __class__ behind the scenes. */
        if (e->v.Name.ctx == KR_expr_context_Load && st->current->type == KR_BLOCK_FUNCTION && e->v.Name.id == KR_STR(super))
            return add_def(st, KR_STR(__class__), KR_USE, e->at);
        return 0;
    case KR_expr_List: return visit_exprs(st, e->v.List.elts);
    case KR_expr_Tuple: return visit_exprs(st, e->v.Tuple.elts);
    default: return 0;
    }
}
static int visit_expr(KrScoper *st, Kr_expr *e) {
    if (e->kind == KR_expr_Constant) return 0;
    if (kr_depth_enter(&st->depth) < 0) return -1;
    int r = visit_expr_inner(st, e);
    kr_depth_leave(&st->depth);
    return r;
}

/* ------------------------------------------------------------------ patterns */

static int visit_patterns(KrScoper *st, KrSeq *seq) {
    for (Py_ssize_t i = 0; i < kr_seq_len(seq); i++) VISIT(pattern, KR_SEQ_GET(seq, Kr_pattern, i));
    return 0;
}
static int visit_pattern_inner(KrScoper *st, Kr_pattern *p) {
    switch (p->kind) {
    case KR_pattern_MatchValue: return visit_expr(st, p->v.MatchValue.value);
    case KR_pattern_MatchSequence: return visit_patterns(st, p->v.MatchSequence.patterns);
    case KR_pattern_MatchStar:
        return p->v.MatchStar.name ? add_def(st, p->v.MatchStar.name, KR_DEF_LOCAL, p->at) : 0;
    case KR_pattern_MatchMapping:
        VISIT(exprs, p->v.MatchMapping.keys);
        if (visit_patterns(st, p->v.MatchMapping.patterns) < 0) return -1;
        return p->v.MatchMapping.rest ? add_def(st, p->v.MatchMapping.rest, KR_DEF_LOCAL, p->at) : 0;
    case KR_pattern_MatchClass:
        VISIT(expr, p->v.MatchClass.cls);
        if (visit_patterns(st, p->v.MatchClass.patterns) < 0) return -1;
        return visit_patterns(st, p->v.MatchClass.kwd_patterns);
    case KR_pattern_MatchAs:
        VISIT_OPT(pattern, p->v.MatchAs.pattern);
        return p->v.MatchAs.name ? add_def(st, p->v.MatchAs.name, KR_DEF_LOCAL, p->at) : 0;
    case KR_pattern_MatchOr: return visit_patterns(st, p->v.MatchOr.patterns);
    default: return 0;
    }
}
static int visit_pattern(KrScoper *st, Kr_pattern *p) {
    if (kr_depth_enter(&st->depth) < 0) return -1;
    int r = visit_pattern_inner(st, p);
    kr_depth_leave(&st->depth);
    return r;
}

/* ------------------------------------------------------------------ statements */

static int visit_alias(KrScoper *st, Kr_alias *a) {
    PyObject *name = a->asname ? a->asname : a->name;
    if (PyUnicode_GET_LENGTH(name) == 1 && PyUnicode_READ_CHAR(name, 0) == '*') {
        if (st->current->type == KR_BLOCK_MODULE) return 0;
        kr_compile_error(st->filename, a->at, "import * only allowed at module level");
        return -1;
    }
    Py_ssize_t dot = PyUnicode_FindChar(name, '.', 0, PyUnicode_GET_LENGTH(name), 1);
    if (dot == -2) return -1;
    PyObject *stored = dot < 0 ? Py_NewRef(name) : PyUnicode_Substring(name, 0, dot);
    if (!stored) return -1;
    PyUnicode_InternInPlace(&stored);
    int r = add_def(st, stored, KR_DEF_IMPORT, a->at);
    Py_DECREF(stored);
    return r;
}
static int visit_declaration(KrScoper *st, Kr_stmt *s, KrSeq *names, bool global) {
    for (Py_ssize_t i = 0; i < kr_seq_len(names); i++) {
        PyObject *name = KR_SEQ_OBJ(names, i);
        long flags = current_flags(st, name);
        if (flags < 0) return -1;
        if (flags & (KR_DEF_PARAM | KR_DEF_LOCAL | KR_USE | KR_DEF_ANNOT)) {
            const char *format;
            if (flags & KR_DEF_PARAM) format = global ? "name '%U' is parameter and global" : "name '%U' is parameter and nonlocal";
            else if (flags & KR_USE) format = global ? "name '%U' is used prior to global declaration" : "name '%U' is used prior to nonlocal declaration";
            else if (flags & KR_DEF_ANNOT) format = global ? "annotated name '%U' can't be global" : "annotated name '%U' can't be nonlocal";
            else format = global ? "name '%U' is assigned to before global declaration" : "name '%U' is assigned to before nonlocal declaration";
            kr_compile_error(st->filename, s->at, format, name);
            return -1;
        }
        if (add_def(st, name, global ? KR_DEF_GLOBAL : KR_DEF_NONLOCAL, s->at) < 0 || record_directive(st, name, s->at) < 0) return -1;
    }
    return 0;
}
static int visit_handlers(KrScoper *st, KrSeq *handlers) {
    for (Py_ssize_t i = 0; i < kr_seq_len(handlers); i++) {
        Kr_excepthandler *h = KR_SEQ_GET(handlers, Kr_excepthandler, i);
        VISIT_OPT(expr, h->v.ExceptHandler.type);
        if (h->v.ExceptHandler.name && add_def(st, h->v.ExceptHandler.name, KR_DEF_LOCAL, h->at) < 0) return -1;
        VISIT(stmts, h->v.ExceptHandler.body);
    }
    return 0;
}
static int visit_ann_assign(KrScoper *st, Kr_stmt *s) {
    Kr_expr *target = s->v.AnnAssign.target;
    if (target->kind == KR_expr_Name) {
        PyObject *name = target->v.Name.id;
        long flags = current_flags(st, name);
        if (flags < 0) return -1;
        if ((flags & (KR_DEF_GLOBAL | KR_DEF_NONLOCAL)) && st->current != st->table->top && s->v.AnnAssign.simple) {
            kr_compile_error(st->filename, s->at,
                             flags & KR_DEF_GLOBAL ? "annotated name '%U' can't be global" : "annotated name '%U' can't be nonlocal", name);
            return -1;
        }
        if (s->v.AnnAssign.simple) {
            if (add_def(st, name, KR_DEF_ANNOT | KR_DEF_LOCAL, target->at) < 0) return -1;
        } else if (s->v.AnnAssign.value && add_def(st, name, KR_DEF_LOCAL, target->at) < 0) {
            return -1;
        }
    } else {
        VISIT(expr, target);
    }
    VISIT(annotation, s->v.AnnAssign.annotation);
    VISIT_OPT(expr, s->v.AnnAssign.value);
    return 0;
}
static int visit_class(KrScoper *st, Kr_stmt *s) {
    if (add_def(st, s->v.ClassDef.name, KR_DEF_LOCAL, s->at) < 0) return -1;
    VISIT(exprs, s->v.ClassDef.bases);
    VISIT(keywords, s->v.ClassDef.keywords);
    VISIT(exprs, s->v.ClassDef.decorator_list);
    if (enter_block(st, s->v.ClassDef.name, KR_BLOCK_CLASS, s, s->at) < 0) return -1;
    PyObject *outer = st->private;
    st->private = s->v.ClassDef.name;
    VISIT(stmts, s->v.ClassDef.body);
    st->private = outer;
    leave_block(st);
    return 0;
}
static int visit_withitems(KrScoper *st, KrSeq *items) {
    for (Py_ssize_t i = 0; i < kr_seq_len(items); i++) {
        Kr_withitem *w = KR_SEQ_GET(items, Kr_withitem, i);
        VISIT(expr, w->context_expr);
        VISIT_OPT(expr, w->optional_vars);
    }
    return 0;
}
static int visit_for(KrScoper *st, Kr_expr *target, Kr_expr *iter, KrSeq *body, KrSeq *orelse) {
    VISIT(expr, target);
    VISIT(expr, iter);
    VISIT(stmts, body);
    return visit_stmts(st, orelse);
}

static int visit_stmt_inner(KrScoper *st, Kr_stmt *s) {
    switch (s->kind) {
    case KR_stmt_FunctionDef:
        return visit_function(st, s, s->v.FunctionDef.name, s->v.FunctionDef.args, s->v.FunctionDef.body, s->v.FunctionDef.decorator_list, s->v.FunctionDef.returns, false);
    case KR_stmt_AsyncFunctionDef:
        return visit_function(st, s, s->v.AsyncFunctionDef.name, s->v.AsyncFunctionDef.args, s->v.AsyncFunctionDef.body, s->v.AsyncFunctionDef.decorator_list, s->v.AsyncFunctionDef.returns, true);
    case KR_stmt_ClassDef: return visit_class(st, s);
    case KR_stmt_Return:
        VISIT_OPT(expr, s->v.Return.value);
        if (s->v.Return.value) st->current->returns_value = true;
        return 0;
    case KR_stmt_Delete: return visit_exprs(st, s->v.Delete.targets);
    case KR_stmt_Assign:
        VISIT(exprs, s->v.Assign.targets);
        return visit_expr(st, s->v.Assign.value);
    case KR_stmt_AugAssign:
        VISIT(expr, s->v.AugAssign.target);
        return visit_expr(st, s->v.AugAssign.value);
    case KR_stmt_AnnAssign: return visit_ann_assign(st, s);
    case KR_stmt_For: return visit_for(st, s->v.For.target, s->v.For.iter, s->v.For.body, s->v.For.orelse);
    case KR_stmt_AsyncFor: return visit_for(st, s->v.AsyncFor.target, s->v.AsyncFor.iter, s->v.AsyncFor.body, s->v.AsyncFor.orelse);
    case KR_stmt_While:
        VISIT(expr, s->v.While.test);
        VISIT(stmts, s->v.While.body);
        return visit_stmts(st, s->v.While.orelse);
    case KR_stmt_If:
        VISIT(expr, s->v.If.test);
        VISIT(stmts, s->v.If.body);
        return visit_stmts(st, s->v.If.orelse);
    case KR_stmt_With:
        VISIT(withitems, s->v.With.items);
        return visit_stmts(st, s->v.With.body);
    case KR_stmt_AsyncWith:
        VISIT(withitems, s->v.AsyncWith.items);
        return visit_stmts(st, s->v.AsyncWith.body);
    case KR_stmt_Match:
        VISIT(expr, s->v.Match.subject);
        for (Py_ssize_t i = 0; i < kr_seq_len(s->v.Match.cases); i++) {
            Kr_match_case *m = KR_SEQ_GET(s->v.Match.cases, Kr_match_case, i);
            VISIT(pattern, m->pattern);
            VISIT_OPT(expr, m->guard);
            VISIT(stmts, m->body);
        }
        return 0;
    case KR_stmt_Raise:
        VISIT_OPT(expr, s->v.Raise.exc);
        if (s->v.Raise.exc) VISIT_OPT(expr, s->v.Raise.cause);
        return 0;
    case KR_stmt_Try:
        VISIT(stmts, s->v.Try.body);
        VISIT(stmts, s->v.Try.orelse);
        VISIT(handlers, s->v.Try.handlers);
        return visit_stmts(st, s->v.Try.finalbody);
    case KR_stmt_TryStar:
        VISIT(stmts, s->v.TryStar.body);
        VISIT(stmts, s->v.TryStar.orelse);
        VISIT(handlers, s->v.TryStar.handlers);
        return visit_stmts(st, s->v.TryStar.finalbody);
    case KR_stmt_Assert:
        VISIT(expr, s->v.Assert.test);
        VISIT_OPT(expr, s->v.Assert.msg);
        return 0;
    case KR_stmt_Import:
        for (Py_ssize_t i = 0; i < kr_seq_len(s->v.Import.names); i++) VISIT(alias, KR_SEQ_GET(s->v.Import.names, Kr_alias, i));
        return 0;
    case KR_stmt_ImportFrom:
        for (Py_ssize_t i = 0; i < kr_seq_len(s->v.ImportFrom.names); i++) VISIT(alias, KR_SEQ_GET(s->v.ImportFrom.names, Kr_alias, i));
        return 0;
    case KR_stmt_Global: return visit_declaration(st, s, s->v.Global.names, true);
    case KR_stmt_Nonlocal: return visit_declaration(st, s, s->v.Nonlocal.names, false);
    case KR_stmt_Expr: return visit_expr(st, s->v.Expr.value);
    default: return 0;
    }
}
static int visit_stmt(KrScoper *st, Kr_stmt *s) {
    if (kr_depth_enter(&st->depth) < 0) return -1;
    int r = visit_stmt_inner(st, s);
    kr_depth_leave(&st->depth);
    return r;
}

/* ------------------------------------------------------------------ analysis */

/* Looks for the enclosing function block that binds name; NULL when it is global. A class block gives __class__ only. */
static KrSTEntry *find_binding(KrSTEntry *e, PyObject *name) {
    for (KrSTEntry *p = e->parent; p; p = p->parent) {
        if (p->type == KR_BLOCK_CLASS) {
            if (name == KR_STR(__class__)) return p;
            continue;
        }
        if (p->type != KR_BLOCK_FUNCTION) continue;
        long flags = kr_st_flags(p, name);
        if (flags & KR_DEF_GLOBAL) return NULL;
        if ((flags & KR_DEF_BOUND) && !(flags & KR_DEF_NONLOCAL)) return p;
    }
    return NULL;
}
/* Makes name, bound in `owner`, reach e through the blocks between. */
static int capture(KrSTEntry *e, KrSTEntry *owner, PyObject *name) {
    for (KrSTEntry *p = e->parent; p != owner; p = p->parent) {
        PyObject *v = PyDict_GetItemWithError(p->symbols, name);
        if (!v) {
            if (set_flags(p, name, (long)KR_SCOPE_FREE << KR_SCOPE_OFFSET) < 0) return -1;
        } else if (p->type == KR_BLOCK_CLASS) {
            long flags = PyLong_AS_LONG(v);
            if ((flags & (KR_DEF_BOUND | KR_DEF_GLOBAL)) && set_flags(p, name, flags | KR_DEF_FREE_CLASS) < 0) return -1;
        }
    }
    if (owner->type == KR_BLOCK_CLASS) {
        owner->needs_class_closure = true;
        return 0;
    }
    return set_scope(owner, name, kr_st_flags(owner, name), KR_SCOPE_CELL);
}
static int resolve(KrScoper *st, KrSTEntry *e, PyObject *name, long flags) {
    if (flags >> KR_SCOPE_OFFSET & KR_SCOPE_MASK) return 0;  /* set by a block inside or, as FREE, by capture */
    if (flags & KR_DEF_GLOBAL) {
        if (flags & KR_DEF_NONLOCAL) {
            error_at_directive(st->filename, e, name, "name '%U' is nonlocal and global");
            return -1;
        }
        return set_scope(e, name, flags, KR_SCOPE_GLOBAL_EXPLICIT);
    }
    if (flags & KR_DEF_NONLOCAL) {
        if (e->type == KR_BLOCK_MODULE) {
            error_at_directive(st->filename, e, name, "nonlocal declaration not allowed at module level");
            return -1;
        }
    } else if (flags & KR_DEF_BOUND) {
        return set_scope(e, name, flags, KR_SCOPE_LOCAL);
    }
    KrSTEntry *owner = find_binding(e, name);
    if (!owner) {
        if (flags & KR_DEF_NONLOCAL) {
            error_at_directive(st->filename, e, name, "no binding for nonlocal '%U' found");
            return -1;
        }
        return set_scope(e, name, flags, KR_SCOPE_GLOBAL_IMPLICIT);
    }
    return set_scope(e, name, flags, KR_SCOPE_FREE) < 0 ? -1 : capture(e, owner, name);
}
static int analyse(KrScoper *st, KrSTEntry *e) {
    if (kr_depth_enter(&st->depth) < 0) return -1;
    int r = 0;
    Py_ssize_t pos = 0;
    PyObject *name, *value;
    while (r == 0 && PyDict_Next(e->symbols, &pos, &name, &value)) r = resolve(st, e, name, PyLong_AS_LONG(value));
    for (Py_ssize_t i = 0; r == 0 && i < PyList_GET_SIZE(e->children); i++) r = analyse(st, (KrSTEntry *)PyList_GET_ITEM(e->children, i));
    kr_depth_leave(&st->depth);
    return r;
}

int kr_symtable_init(KrSymtable *t, Kr_mod *mod, PyObject *filename, int features) {
    *t = (KrSymtable){.filename = filename};
    KrScoper scoper = {.table = t, .filename = filename, .features = features}, *st = &scoper;
    kr_depth_init(&st->depth);
    int r = enter_block(st, KR_STR(top), KR_BLOCK_MODULE, mod, (KrSpan){0, 0, 0, 0});
    if (r == 0) {
        switch (mod->kind) {
        case KR_mod_Module: r = visit_stmts(st, mod->v.Module.body); break;
        case KR_mod_Interactive: r = visit_stmts(st, mod->v.Interactive.body); break;
        case KR_mod_Expression: r = visit_expr(st, mod->v.Expression.body); break;
        default:
            PyErr_SetString(PyExc_RuntimeError, "this compiler does not handle FunctionTypes");
            r = -1;
        }
    }
    if (r == 0) r = analyse(st, t->top);
    for (size_t i = 0; i < t->nslots; i++)
        if (t->slots[i].entry) t->slots[i].entry->parent = NULL;
    if (r < 0) kr_symtable_fini(t);
    return r;
}
void kr_symtable_fini(KrSymtable *t) {
    for (size_t i = 0; i < t->nslots; i++) Py_XDECREF(t->slots[i].entry);
    PyMem_Free(t->slots);
    *t = (KrSymtable){0};
}

/* ------------------------------------------------------------------ the entry type */

static void entry_dealloc(PyObject *self) {
    KrSTEntry *e = (KrSTEntry *)self;
    Py_XDECREF(e->id);
    Py_XDECREF(e->name);
    Py_XDECREF(e->symbols);
    Py_XDECREF(e->varnames);
    Py_XDECREF(e->children);
    for (int i = 0; i < e->ndirectives; i++) Py_DECREF(e->directives[i].name);
    PyMem_Free(e->directives);
    PyObject_Free(self);
}
static PyObject *entry_repr(PyObject *self) {
    KrSTEntry *e = (KrSTEntry *)self;
    return PyUnicode_FromFormat("<symtable entry %U(%R), line %d>", e->name, e->id, e->lineno);
}
static PyMemberDef entry_members[] = {
    {"id", T_OBJECT, offsetof(KrSTEntry, id), READONLY, NULL},
    {"name", T_OBJECT, offsetof(KrSTEntry, name), READONLY, NULL},
    {"symbols", T_OBJECT, offsetof(KrSTEntry, symbols), READONLY, NULL},
    {"varnames", T_OBJECT, offsetof(KrSTEntry, varnames), READONLY, NULL},
    {"children", T_OBJECT, offsetof(KrSTEntry, children), READONLY, NULL},
    {"nested", T_INT, offsetof(KrSTEntry, nested), READONLY, NULL},
    {"type", T_INT, offsetof(KrSTEntry, type), READONLY, NULL},
    {"lineno", T_INT, offsetof(KrSTEntry, lineno), READONLY, NULL},
    {NULL}
};
PyTypeObject PySTEntry_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "symtable entry",
    .tp_basicsize = sizeof(KrSTEntry),
    .tp_dealloc = entry_dealloc,
    .tp_repr = entry_repr,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_members = entry_members,
};
