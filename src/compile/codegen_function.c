/* codegen_function.c - def, lambda, class. */
#include "compile/codegen.h"

static int implicit_return(Cg *cg) {
    int operand;
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_const(cg, Py_None, &operand));
    return cg_emit(cg, KR_OP_RETURN, operand, 0, 0);
}

/* ------------------------------------------------------------------ defaults, annotations, closures */

/* A tuple of the default values, in a new temporary; pushes nothing and gives 0 when there are none. */
static int push_defaults(Cg *cg, const KrSeq *defaults, int *flags) {
    CgUnit *u = cg->u;
    Py_ssize_t n = kr_seq_len(defaults);
    if (n == 0) return 0;
    bool constant = true;
    for (Py_ssize_t i = 0; i < n && constant; i++) constant = KR_SEQ_GET(defaults, Kr_expr, i)->kind == KR_expr_Constant;
    *flags |= 1;
    if (constant) {
        PyObject *t = PyTuple_New(n);
        for (Py_ssize_t i = 0; t && i < n; i++) PyTuple_SET_ITEM(t, i, Py_NewRef(KR_SEQ_GET(defaults, Kr_expr, i)->v.Constant.value));
        KrSpan saved = cg->at;
        for (Py_ssize_t i = 0; t && i < n; i++) {       /* each shows its line */
            cg->at = KR_SEQ_GET(defaults, Kr_expr, i)->at;
            if (cg_emit(cg, KR_OP_NOP, 0, 0, 0) < 0) Py_CLEAR(t);
        }
        cg->at = saved;
        int r = t ? cg_push_const(cg, t) : -1;
        Py_XDECREF(t);
        return r;
    }
    int mark = u->depth;
    for (Py_ssize_t i = 0; i < n; i++) CG_TRY(cg_push(cg, KR_SEQ_GET(defaults, Kr_expr, i)));
    u->depth = mark;
    int t = cg_reserve(cg, 1);
    return cg_emit(cg, KR_OP_BUILD_TUPLE, cg_dead(cg, t), cg_temp(cg, t), (int)n);
}
static int push_mangled(Cg *cg, PyObject *name, KrSpan at) {
    PyObject *mangled = kr_mangle(cg->u->private, name);
    int r = mangled ? cg_push_const_at(cg, mangled, at) : -1;
    Py_XDECREF(mangled);
    return r;
}
static int push_kwdefaults(Cg *cg, const Kr_arguments *args, int *flags) {
    CgUnit *u = cg->u;
    int mark = u->depth, pairs = 0;
    for (Py_ssize_t i = 0; i < kr_seq_len(args->kwonlyargs); i++) {
        Kr_expr *value = KR_SEQ_GET(args->kw_defaults, Kr_expr, i);
        if (!value) continue;
        CG_TRY(push_mangled(cg, KR_SEQ_GET(args->kwonlyargs, Kr_arg, i)->arg, value->at));      /* the names show no line */
        CG_TRY(cg_push(cg, value));
        pairs++;
    }
    if (!pairs) return 0;
    *flags |= 2;
    u->depth = mark;
    int t = cg_reserve(cg, 1);
    return cg_emit(cg, KR_OP_BUILD_MAP, cg_dead(cg, t), cg_temp(cg, t), pairs);
}
int cg_push_annotation(Cg *cg, Kr_expr *e) {
    if (cg->features & CO_FUTURE_ANNOTATIONS) {
        PyObject *text = kr_ast_unparse_expr(e);
        int r = text ? cg_push_const(cg, text) : -1;
        Py_XDECREF(text);
        return r;
    }
    if (e->kind == KR_expr_Starred) {
        /* *args: *Ts means the one thing that Ts unpacks to */
        int t = cg_reserve(cg, 2), value;
        CG_TRY(cg_value(cg, e->v.Starred.value, CG_ANYWHERE, &value));
        CG_TRY(cg_emit(cg, KR_OP_UNPACK_SEQUENCE, cg_temp(cg, t), value, 1));
        cg->u->depth = t + 1;
        return 0;
    }
    return cg_push(cg, e);
}
static int push_arg_annotation(Cg *cg, PyObject *name, Kr_expr *annotation, int *count) {
    if (!annotation) return 0;
    CG_TRY(push_mangled(cg, name, cg->at));
    CG_TRY(cg_push_annotation(cg, annotation));
    *count += 2;
    return 0;
}
static int push_args_annotations(Cg *cg, const KrSeq *args, int *count) {
    for (Py_ssize_t i = 0; i < kr_seq_len(args); i++) {
        Kr_arg *a = KR_SEQ_GET(args, Kr_arg, i);
        CG_TRY(push_arg_annotation(cg, a->arg, a->annotation, count));
    }
    return 0;
}
static int push_annotations(Cg *cg, const Kr_arguments *args, Kr_expr *returns, int *flags) {
    CgUnit *u = cg->u;
    int mark = u->depth, count = 0;
    CG_TRY(push_args_annotations(cg, args->args, &count));
    CG_TRY(push_args_annotations(cg, args->posonlyargs, &count));
    if (args->vararg) CG_TRY(push_arg_annotation(cg, args->vararg->arg, args->vararg->annotation, &count));
    CG_TRY(push_args_annotations(cg, args->kwonlyargs, &count));
    if (args->kwarg) CG_TRY(push_arg_annotation(cg, args->kwarg->arg, args->kwarg->annotation, &count));
    PyObject *name = PyUnicode_InternFromString("return");
    int r = name ? push_arg_annotation(cg, name, returns, &count) : -1;
    Py_XDECREF(name);
    if (r < 0 || !count) return r;
    *flags |= 4;
    u->depth = mark;
    int t = cg_reserve(cg, 1);
    return cg_emit(cg, KR_OP_BUILD_TUPLE, cg_dead(cg, t), cg_temp(cg, t), count);
}
int cg_push_cells(Cg *cg, PyCodeObject *code) {
    CgUnit *u = cg->u;
    for (int i = 0; i < code->co_nfreevars; i++) {
        PyObject *name = PyTuple_GET_ITEM(code->co_localsplusnames, code->co_nlocalsplus - code->co_nfreevars + i);
        if (u->class_cell >= 0 && _PyUnicode_EQ(name, KR_STR(__class__))) {
            CG_TRY(cg_push_operand(cg, u->class_cell));
            continue;
        }
        PyObject *at = PyDict_GetItemWithError(u->registers, name);
        if (!at) {
            if (!PyErr_Occurred()) PyErr_Format(PyExc_SystemError, "compiler: no cell for %R", name);
            return -1;
        }
        CG_TRY(cg_push_operand(cg, (int)PyLong_AS_LONG(at)));
    }
    return 0;
}
int cg_make_function(Cg *cg, PyCodeObject *code, int base, int flags, int want, int *operand) {
    CgUnit *u = cg->u;
    int parts = __builtin_popcount((unsigned)flags);
    u->depth = base + parts;
    if (code->co_nfreevars) {
        flags |= 8;
        int mark = u->depth;
        CG_TRY(cg_push_cells(cg, code));
        u->depth = mark;
        int t = cg_reserve(cg, 1);
        CG_TRY(cg_emit(cg, KR_OP_BUILD_TUPLE, cg_dead(cg, t), cg_temp(cg, t), code->co_nfreevars));
    }
    CG_TRY(cg_push_const(cg, (PyObject *)code));
    u->depth = base;
    if (want == CG_ANYWHERE) {
        int t = cg_reserve(cg, 1);
        *operand = cg_take(cg, t);
        want = cg_dead(cg, t);
    }
    return cg_emit(cg, KR_OP_MAKE_FUNCTION, want, cg_temp(cg, base), flags);
}

/* ------------------------------------------------------------------ decorators */

/* Each decorator in the callable's place of a call of its own: two temporaries each. */
static int push_decorators(Cg *cg, const KrSeq *decorators) {
    for (Py_ssize_t i = 0; i < kr_seq_len(decorators); i++) {
        int t = cg_reserve(cg, 2);
        CG_TRY(cg_value_to(cg, KR_SEQ_GET(decorators, Kr_expr, i), t));
    }
    return 0;
}
/* Calls them, innermost first, on the value in the temporary after them; the result is in temporary base. */
static int apply_decorators(Cg *cg, const KrSeq *decorators, int base) {
    KrSpan saved = cg->at;
    for (Py_ssize_t i = kr_seq_len(decorators); i-- > 0;) {
        int at = base + 2 * (int)i;
        cg->at = KR_SEQ_GET(decorators, Kr_expr, i)->at;
        CG_TRY(cg_emit(cg, KR_OP_CALL, cg_dead(cg, at), cg_temp(cg, at), 1));
    }
    cg->at = saved;
    return 0;
}

/* ------------------------------------------------------------------ functions */

static void set_argument_counts(CgUnit *u, const Kr_arguments *args) {
    u->posonlyargcount = (int)kr_seq_len(args->posonlyargs);
    u->argcount = u->posonlyargcount + (int)kr_seq_len(args->args);
    u->kwonlyargcount = (int)kr_seq_len(args->kwonlyargs);
}
static int refuse_debug_argument(Cg *cg, const Kr_arg *a) {
    return a && PyUnicode_CompareWithASCIIString(a->arg, "__debug__") == 0 ? cg_error_here(cg, "cannot assign to __debug__") : 0;
}
static int refuse_debug_arguments(Cg *cg, const Kr_arguments *args) {
    const KrSeq *lists[] = {args->posonlyargs, args->args, args->kwonlyargs};
    for (int k = 0; k < 3; k++)
        for (Py_ssize_t i = 0; i < kr_seq_len(lists[k]); i++) CG_TRY(refuse_debug_argument(cg, KR_SEQ_GET(lists[k], Kr_arg, i)));
    CG_TRY(refuse_debug_argument(cg, args->vararg));
    return refuse_debug_argument(cg, args->kwarg);
}
int cg_function(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    bool async = s->kind == KR_stmt_AsyncFunctionDef;
    Kr_arguments *args = s->v.FunctionDef.args;
    const KrSeq *decorators = s->v.FunctionDef.decorator_list, *body = s->v.FunctionDef.body;
    int mark = u->depth, flags = 0, firstline = s->at.lineno;
    KrSpan saved = cg->at;
    CG_TRY(refuse_debug_arguments(cg, args));
    CG_TRY(push_decorators(cg, decorators));
    if (kr_seq_len(decorators)) firstline = KR_SEQ_GET(decorators, Kr_expr, 0)->at.lineno;
    int base = u->depth;
    CG_TRY(push_defaults(cg, args->defaults, &flags));
    CG_TRY(push_kwdefaults(cg, args, &flags));
    CG_TRY(push_annotations(cg, args, s->v.FunctionDef.returns, &flags));
    CG_TRY(cg_enter_unit(cg, s->v.FunctionDef.name, async ? CG_SCOPE_ASYNC_FUNCTION : CG_SCOPE_FUNCTION, s, firstline));
    set_argument_counts(cg->u, args);
    PyObject *doc = kr_docstring(body);
    if (cg_const_index(cg, doc && cg->optimize < 2 ? doc : Py_None) < 0) return -1;
    for (Py_ssize_t i = doc ? 1 : 0; i < kr_seq_len(body); i++) CG_TRY(cg_stmt(cg, KR_SEQ_GET(body, Kr_stmt, i)));
    CG_TRY(implicit_return(cg));
    PyCodeObject *code = cg_leave_unit(cg);
    if (!code) return -1;
    cg->at = saved;
    int r = cg_make_function(cg, code, base, flags, cg_dead(cg, base), NULL);
    Py_DECREF(code);
    if (r < 0) return -1;
    u->depth = base + 1;
    CG_TRY(apply_decorators(cg, decorators, mark));
    CG_TRY(cg_store_name(cg, s->v.FunctionDef.name, cg_take(cg, mark)));
    u->depth = mark;
    return 0;
}
int cg_lambda(Cg *cg, Kr_expr *e, int want, int *operand) {
    Kr_arguments *args = e->v.Lambda.args;
    int base = cg->u->depth, flags = 0, value;
    KrSpan saved = cg->at;
    CG_TRY(refuse_debug_arguments(cg, args));
    CG_TRY(push_defaults(cg, args->defaults, &flags));
    CG_TRY(push_kwdefaults(cg, args, &flags));
    CG_TRY(cg_enter_unit_called(cg, "<lambda>", CG_SCOPE_LAMBDA, e, e->at.lineno));
    set_argument_counts(cg->u, args);
    if (cg_const_index(cg, Py_None) < 0) return -1;
    cg->at = saved;
    CG_TRY(cg_value(cg, e->v.Lambda.body, CG_ANYWHERE, &value));
    CG_TRY(cg_emit(cg, KR_OP_RETURN, value, 0, 0));
    PyCodeObject *code = cg_leave_unit(cg);
    if (!code) return -1;
    cg->at = saved;
    int r = cg_make_function(cg, code, base, flags, want, operand);
    Py_DECREF(code);
    return r;
}

/* ------------------------------------------------------------------ classes */

static int class_body(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    int operand;
    u->private = s->v.ClassDef.name;
    CG_TRY(cg_load_name(cg, KR_STR(__name__), CG_ANYWHERE, &operand));
    u->depth = 0;
    CG_TRY(cg_store_name(cg, KR_STR(__module__), operand));
    CG_TRY(cg_const(cg, u->qualname, &operand));
    CG_TRY(cg_store_name(cg, KR_STR(__qualname__), operand));
    u->depth = 0;
    CG_TRY(cg_body(cg, s->v.ClassDef.body));
    cg->at = CG_NO_SPAN;
    if (u->ste->needs_class_closure) {
        CG_TRY(cg_store_name(cg, KR_STR(__classcell__), u->class_cell));
        return cg_emit(cg, KR_OP_RETURN, u->class_cell, 0, 0);
    }
    return implicit_return(cg);
}
int cg_class(Cg *cg, Kr_stmt *s) {
    CgUnit *u = cg->u;
    const KrSeq *decorators = s->v.ClassDef.decorator_list;
    int mark = u->depth, firstline = s->at.lineno;
    KrSpan saved = cg->at;
    CG_TRY(push_decorators(cg, decorators));
    if (kr_seq_len(decorators)) firstline = KR_SEQ_GET(decorators, Kr_expr, 0)->at.lineno;
    int base = cg_reserve(cg, 3);
    CG_TRY(cg_enter_unit(cg, s->v.ClassDef.name, CG_SCOPE_CLASS, s, firstline));
    CG_TRY(class_body(cg, s));
    PyCodeObject *code = cg_leave_unit(cg);
    if (!code) return -1;
    cg->at = saved;
    CG_TRY(cg_emit(cg, KR_OP_LOAD_BUILD_CLASS, cg_dead(cg, base), 0, 0));
    int r = cg_make_function(cg, code, base + 2, 0, cg_dead(cg, base + 2), NULL);
    Py_DECREF(code);
    if (r < 0) return -1;
    u->depth = base + 3;
    CG_TRY(cg_push_const(cg, s->v.ClassDef.name));
    CG_TRY(cg_call(cg, base, 2, s->v.ClassDef.bases, s->v.ClassDef.keywords, cg_dead(cg, base), NULL, saved));
    u->depth = base + 1;
    CG_TRY(apply_decorators(cg, decorators, mark));
    CG_TRY(cg_store_name(cg, s->v.ClassDef.name, cg_take(cg, mark)));
    u->depth = mark;
    return 0;
}
