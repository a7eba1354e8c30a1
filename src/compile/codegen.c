/* codegen.c - units, emission, names, and the entry of the compiler. */
#include "compile/codegen.h"
#include <stdarg.h>

/* ------------------------------------------------------------------ growing arrays */

static int grow(void **array, int *capacity, int needed, size_t size) {
    if (needed <= *capacity) return 0;
    int n = *capacity ? *capacity * 2 : 16;
    while (n < needed) n *= 2;
    void *p = PyMem_Realloc(*array, (size_t)n * size);
    if (!p) {
        PyErr_NoMemory();
        return -1;
    }
    *array = p;
    *capacity = n;
    return 0;
}

/* ------------------------------------------------------------------ emission */

static int append(Cg *cg, CgInstr in) {
    CgUnit *u = cg->u;
    CG_TRY(grow((void **)&u->instrs, &u->instrs_capacity, u->ninstrs + 1, sizeof *u->instrs));
    in.cover = u->cover;
    in.at = cg->at;
    u->instrs[u->ninstrs++] = in;
    return 0;
}
int cg_emit(Cg *cg, int op, int a, int b, int c) {
    return append(cg, (CgInstr){.op = (uint16_t)op, .a = (uint16_t)a, .b = (uint16_t)b, .c = (uint16_t)c, .label = CG_NO_LABEL});
}
int cg_show_line(Cg *cg, KrSpan at) {
    KrSpan saved = cg->at;
    if (at.lineno == saved.lineno) return 0;
    cg->at = at;
    int r = cg_emit(cg, KR_OP_NOP, 0, 0, 0);
    cg->at = saved;
    return r;
}
int cg_emit_jump(Cg *cg, int op, int a, int label) {
    return append(cg, (CgInstr){.op = (uint16_t)op, .a = (uint16_t)a, .label = label});
}
int cg_label(Cg *cg) {
    CgUnit *u = cg->u;
    CG_TRY(grow((void **)&u->labels, &u->labels_capacity, u->nlabels + 1, sizeof *u->labels));
    u->labels[u->nlabels] = -1;
    return u->nlabels++;
}
void cg_place(Cg *cg, int label) { cg->u->labels[label] = cg->u->ninstrs; }
int cg_handler(Cg *cg, int label, int depth, bool lasti) {
    CgUnit *u = cg->u;
    CG_TRY(grow((void **)&u->handlers, &u->handlers_capacity, u->nhandlers + 1, sizeof *u->handlers));
    u->handlers[u->nhandlers] = (CgHandler){label, depth, lasti};
    if (depth + 2 > u->max_depth) u->max_depth = depth + 2;
    return u->nhandlers++;
}
int cg_reserve(Cg *cg, int n) {
    CgUnit *u = cg->u;
    int first = u->depth;
    u->depth += n;
    if (u->depth > u->max_depth) u->max_depth = u->depth;
    return first;
}

/* ------------------------------------------------------------------ errors */

int cg_error(Cg *cg, KrSpan at, const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyObject *message = PyUnicode_FromFormatV(format, va);
    va_end(va);
    if (message) kr_compile_error(cg->filename, at, "%U", message);
    Py_XDECREF(message);
    return -1;
}
int cg_error_here(Cg *cg, const char *format, ...) {
    va_list va;
    va_start(va, format);
    PyObject *message = PyUnicode_FromFormatV(format, va);
    va_end(va);
    if (message) kr_compile_error(cg->filename, cg->at, "%U", message);
    Py_XDECREF(message);
    return -1;
}

/* ------------------------------------------------------------------ constants and names */

int cg_const_index(Cg *cg, PyObject *value) {
    CgUnit *u = cg->u;
    PyObject *key = _PyCode_ConstantKey(value);
    if (!key) return -1;
    PyObject *found = PyDict_GetItemWithError(u->consts, key);
    int index = -1;
    if (found) {
        index = (int)PyLong_AS_LONG(found);
    } else if (!PyErr_Occurred()) {
        Py_ssize_t n = PyList_GET_SIZE(u->const_list);
        PyObject *number = PyLong_FromSsize_t(n);
        if (number && PyDict_SetItem(u->consts, key, number) == 0 && PyList_Append(u->const_list, value) == 0) index = (int)n;
        Py_XDECREF(number);
    }
    Py_DECREF(key);
    return index;
}
int cg_emit_load_const(Cg *cg, int dest, PyObject *value) {
    int index = cg_const_index(cg, value);
    if (index < 0) return -1;
    if (index <= KR_CONST_OPERAND_MAX) return cg_emit(cg, KR_OP_MOVE, dest, index | KR_OPERAND_CONST, 0);
    return cg_emit(cg, KR_OP_LOAD_CONST, dest, index & 0xffff, index >> 16);
}
int cg_const(Cg *cg, PyObject *value, int *operand) {
    int index = cg_const_index(cg, value);
    if (index < 0) return -1;
    if (index <= KR_CONST_OPERAND_MAX) {
        *operand = index | KR_OPERAND_CONST;
        return 0;
    }
    int t = cg_reserve(cg, 1);
    *operand = cg_take(cg, t);
    return cg_emit(cg, KR_OP_LOAD_CONST, cg_dead(cg, t), index & 0xffff, index >> 16);
}
int cg_name_index(Cg *cg, PyObject *name) {
    CgUnit *u = cg->u;
    PyObject *mangled = kr_mangle(u->private, name);
    if (!mangled) return -1;
    PyObject *found = PyDict_GetItemWithError(u->names, mangled);
    int index = -1;
    if (found) {
        index = (int)PyLong_AS_LONG(found);
    } else if (!PyErr_Occurred()) {
        Py_ssize_t n = PyDict_GET_SIZE(u->names);
        PyObject *number = n > 0xffff ? NULL : PyLong_FromSsize_t(n);
        if (n > 0xffff) PyErr_SetString(PyExc_OverflowError, "too many names in a code block");
        if (number && PyDict_SetItem(u->names, mangled, number) == 0) index = (int)n;
        Py_XDECREF(number);
    }
    Py_DECREF(mangled);
    return index;
}

/* ------------------------------------------------------------------ access to variables */

typedef enum { ACCESS_LOCAL, ACCESS_CELL, ACCESS_CLASS_CELL, ACCESS_GLOBAL, ACCESS_NAME } Access;

/* How a name is reached from here; for the first three, *reg is its register. */
static int resolve(Cg *cg, PyObject *name, Access *how, int *reg) {
    CgUnit *u = cg->u;
    PyObject *mangled = kr_mangle(u->private, name);
    if (!mangled) return -1;
    int scope = kr_st_scope(u->ste, mangled);
    PyObject *at = scope == KR_SCOPE_FREE || scope == KR_SCOPE_CELL || scope == KR_SCOPE_LOCAL ? PyDict_GetItemWithError(u->registers, mangled) : NULL;
    Py_DECREF(mangled);
    if (PyErr_Occurred()) return -1;
    bool function = u->ste->type == KR_BLOCK_FUNCTION;
    *reg = at ? (int)PyLong_AS_LONG(at) : -1;
    switch (scope) {
    case KR_SCOPE_FREE: *how = u->ste->type == KR_BLOCK_CLASS ? ACCESS_CLASS_CELL : ACCESS_CELL; break;
    case KR_SCOPE_CELL: *how = ACCESS_CELL; break;
    case KR_SCOPE_LOCAL: *how = function ? ACCESS_LOCAL : ACCESS_NAME; break;
    case KR_SCOPE_GLOBAL_IMPLICIT: *how = function ? ACCESS_GLOBAL : ACCESS_NAME; break;
    case KR_SCOPE_GLOBAL_EXPLICIT: *how = ACCESS_GLOBAL; break;
    default: *how = ACCESS_NAME; break;
    }
    if (*how <= ACCESS_CLASS_CELL && *reg < 0) {
        PyErr_Format(PyExc_SystemError, "compiler: no register for name %R", name);
        return -1;
    }
    return 0;
}
int cg_local_register(Cg *cg, PyObject *name) {
    Access how;
    int reg;
    if (resolve(cg, name, &how, &reg) < 0) {
        PyErr_Clear();
        return -1;
    }
    return how == ACCESS_LOCAL ? reg : -1;
}
static int refuse_debug(Cg *cg, PyObject *name, const char *what) {
    return PyUnicode_CompareWithASCIIString(name, "__debug__") == 0 ? cg_error_here(cg, "cannot %s __debug__", what) : 0;
}
int cg_load_name(Cg *cg, PyObject *name, int want, int *operand) {
    Access how;
    int reg, index = 0;
    CG_TRY(resolve(cg, name, &how, &reg));
    if (how == ACCESS_LOCAL) {
        CG_TRY(cg_emit(cg, KR_OP_CHECK_LOCAL, reg, 0, 0));
        if (want == CG_ANYWHERE) {
            *operand = reg;
            return 0;
        }
        if ((int)(want & KR_REG_MASK) == reg) return 0;
        return cg_emit(cg, KR_OP_MOVE, want, reg, 0);
    }
    if (how != ACCESS_CELL && (index = cg_name_index(cg, name)) < 0) return -1;
    if (want == CG_ANYWHERE) {
        int t = cg_reserve(cg, 1);
        want = cg_dead(cg, t);
        *operand = cg_take(cg, t);
    }
    switch (how) {
    case ACCESS_CELL: return cg_emit(cg, KR_OP_LOAD_DEREF, want, reg, 0);
    case ACCESS_CLASS_CELL: return cg_emit(cg, KR_OP_LOAD_CLASSDEREF, want, reg, index);
    case ACCESS_GLOBAL: return cg_emit(cg, KR_OP_LOAD_GLOBAL, want, index, 0);
    default: return cg_emit(cg, KR_OP_LOAD_NAME, want, index, 0);
    }
}
int cg_store_name(Cg *cg, PyObject *name, int operand) {
    Access how;
    int reg, index = 0;
    CG_TRY(refuse_debug(cg, name, "assign to"));
    CG_TRY(resolve(cg, name, &how, &reg));
    if (how >= ACCESS_GLOBAL && (index = cg_name_index(cg, name)) < 0) return -1;
    switch (how) {
    case ACCESS_LOCAL: return operand == reg ? 0 : cg_emit(cg, KR_OP_MOVE, reg, operand, 0);
    case ACCESS_CELL:
    case ACCESS_CLASS_CELL: return cg_emit(cg, KR_OP_STORE_DEREF, reg, operand, 0);
    case ACCESS_GLOBAL: return cg_emit(cg, KR_OP_STORE_GLOBAL, index, operand, 0);
    default: return cg_emit(cg, KR_OP_STORE_NAME, index, operand, 0);
    }
}
int cg_delete_name(Cg *cg, PyObject *name) {
    Access how;
    int reg, index = 0;
    CG_TRY(refuse_debug(cg, name, "delete"));
    CG_TRY(resolve(cg, name, &how, &reg));
    if (how >= ACCESS_GLOBAL && (index = cg_name_index(cg, name)) < 0) return -1;
    switch (how) {
    case ACCESS_LOCAL: return cg_emit(cg, KR_OP_DELETE_LOCAL, reg, 0, 0);
    case ACCESS_CELL:
    case ACCESS_CLASS_CELL: return cg_emit(cg, KR_OP_DELETE_DEREF, reg, 0, 0);
    case ACCESS_GLOBAL: return cg_emit(cg, KR_OP_DELETE_GLOBAL, index, 0, 0);
    default: return cg_emit(cg, KR_OP_DELETE_NAME, index, 0, 0);
    }
}

/* ------------------------------------------------------------------ units */

void cg_unit_free(CgUnit *u) {
    Py_XDECREF(u->name);
    Py_XDECREF(u->qualname);
    Py_XDECREF(u->consts);
    Py_XDECREF(u->const_list);
    Py_XDECREF(u->names);
    Py_XDECREF(u->registers);
    Py_XDECREF(u->localsplusnames);
    PyMem_Free(u->kinds);
    PyMem_Free(u->instrs);
    PyMem_Free(u->labels);
    PyMem_Free(u->handlers);
    PyMem_Free(u);
}
/* name.<locals>.name, Class.name or name. */
static PyObject *make_qualname(Cg *cg, CgUnit *u) {
    CgUnit *parent = u->outer;
    if (!parent || parent->scope == CG_SCOPE_MODULE) return Py_NewRef(u->name);
    if (u->scope == CG_SCOPE_FUNCTION || u->scope == CG_SCOPE_ASYNC_FUNCTION || u->scope == CG_SCOPE_CLASS) {
        PyObject *mangled = kr_mangle(parent->private, u->name);
        if (!mangled) return NULL;
        int scope = kr_st_scope(parent->ste, mangled);
        Py_DECREF(mangled);
        if (scope == KR_SCOPE_GLOBAL_EXPLICIT) return Py_NewRef(u->name);
    }
    return PyUnicode_FromFormat(parent->scope == CG_SCOPE_CLASS ? "%U.%U" : "%U.<locals>.%U", parent->qualname, u->name);
}
static int add_register(CgUnit *u, PyObject *name, int kind) {
    int at = (int)PyList_GET_SIZE(u->localsplusnames);
    if (at >= KR_REG_MAX) {
        PyErr_SetString(PyExc_OverflowError, "too many local variables in a function");
        return -1;
    }
    char *kinds = PyMem_Realloc(u->kinds, (size_t)at + 1);
    if (!kinds) {
        PyErr_NoMemory();
        return -1;
    }
    u->kinds = kinds;
    kinds[at] = (char)kind;
    PyObject *number = PyLong_FromLong(at);
    int r = number ? PyDict_SetItem(u->registers, name, number) : -1;
    Py_XDECREF(number);
    return r < 0 ? -1 : PyList_Append(u->localsplusnames, name);
}
/* The names of a block whose scope is `scope`, sorted. */
static PyObject *names_of_scope(KrSTEntry *ste, int scope, int flag) {
    PyObject *list = PyList_New(0), *name, *value;
    Py_ssize_t pos = 0;
    while (list && PyDict_Next(ste->symbols, &pos, &name, &value)) {
        long flags = PyLong_AS_LONG(value);
        if (((flags >> KR_SCOPE_OFFSET) & KR_SCOPE_MASK) != scope && !(flag && (flags & flag))) continue;
        if (PyList_Append(list, name) < 0) Py_CLEAR(list);
    }
    if (list && PyList_Sort(list) < 0) Py_CLEAR(list);
    return list;
}
static int add_registers(CgUnit *u, PyObject *names, int kind) {
    if (!names) return -1;
    int r = 0;
    for (Py_ssize_t i = 0; r == 0 && i < PyList_GET_SIZE(names); i++) {
        PyObject *name = PyList_GET_ITEM(names, i), *at = PyDict_GetItemWithError(u->registers, name);
        if (at) u->kinds[PyLong_AS_LONG(at)] |= (char)kind;
        else r = PyErr_Occurred() ? -1 : add_register(u, name, kind);
    }
    Py_DECREF(names);
    return r;
}
/* Registers in the order arguments, other locals, cells, free variables. */
static int lay_out_registers(CgUnit *u) {
    KrSTEntry *ste = u->ste;
    if (ste->type == KR_BLOCK_FUNCTION) {
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(ste->varnames); i++) CG_TRY(add_register(u, PyList_GET_ITEM(ste->varnames, i), CG_KIND_LOCAL));
        PyObject *name, *value;
        Py_ssize_t pos = 0;
        while (PyDict_Next(ste->symbols, &pos, &name, &value)) {
            if (((PyLong_AS_LONG(value) >> KR_SCOPE_OFFSET) & KR_SCOPE_MASK) != KR_SCOPE_LOCAL) continue;
            int known = PyDict_Contains(u->registers, name);
            if (known < 0 || (!known && add_register(u, name, CG_KIND_LOCAL) < 0)) return -1;
        }
    }
    u->nlocals = (int)PyList_GET_SIZE(u->localsplusnames);
    u->class_cell = -1;
    if (ste->needs_class_closure) {
        /* its name is not looked up by the body's own code: that may have a __class__ of its own */
        u->class_cell = (int)PyList_GET_SIZE(u->localsplusnames);
        CG_TRY(add_register(u, KR_STR(__class__), CG_KIND_CELL));
        if (PyDict_DelItem(u->registers, KR_STR(__class__)) < 0) return -1;
    }
    CG_TRY(add_registers(u, names_of_scope(ste, KR_SCOPE_CELL, 0), CG_KIND_CELL));
    CG_TRY(add_registers(u, names_of_scope(ste, KR_SCOPE_FREE, KR_DEF_FREE_CLASS), CG_KIND_FREE));
    u->temp_base = (int)PyList_GET_SIZE(u->localsplusnames);
    return 0;
}
/* What must run before RESUME: cells are made, the closure's are fetched. */
static int emit_prologue(Cg *cg) {
    CgUnit *u = cg->u;
    int nfree = 0;
    cg->at = CG_NO_SPAN;
    for (int i = 0; i < u->temp_base; i++) {
        if (u->kinds[i] & CG_KIND_CELL) CG_TRY(cg_emit(cg, KR_OP_MAKE_CELL, i, 0, 0));
        nfree += (u->kinds[i] & CG_KIND_FREE) != 0;
    }
    if (nfree) CG_TRY(cg_emit(cg, KR_OP_COPY_FREE_VARS, 0, 0, nfree));
    int line = u->scope == CG_SCOPE_MODULE ? 0 : u->firstlineno;
    cg->at = (KrSpan){line, 0, Py_MAX(line, 1), 0};
    return cg_emit(cg, KR_OP_RESUME, 0, 0, 0);
}
int cg_enter_unit(Cg *cg, PyObject *name, CgScope scope, const void *node, int firstlineno) {
    CgUnit *u = PyMem_Calloc(1, sizeof *u);
    if (!u) {
        PyErr_NoMemory();
        return -1;
    }
    u->outer = cg->u;
    cg->u = u;
    u->scope = scope;
    u->cover = CG_NO_COVER;
    u->firstlineno = firstlineno;
    u->private = u->outer ? u->outer->private : NULL;
    u->name = Py_NewRef(name);
    u->ste = kr_symtable_lookup(&cg->table, node);
    if (!u->ste) {
        PyErr_Format(PyExc_SystemError, "compiler: no scope for block %R", name);
        return -1;
    }
    if (!(u->consts = PyDict_New()) || !(u->const_list = PyList_New(0)) || !(u->names = PyDict_New()) || !(u->registers = PyDict_New())
        || !(u->localsplusnames = PyList_New(0)) || !(u->qualname = make_qualname(cg, u)))
        return -1;
    CG_TRY(lay_out_registers(u));
    return emit_prologue(cg);
}
int cg_enter_unit_called(Cg *cg, const char *text, CgScope scope, const void *node, int firstlineno) {
    PyObject *name = PyUnicode_InternFromString(text);
    int r = name ? cg_enter_unit(cg, name, scope, node, firstlineno) : -1;
    Py_XDECREF(name);
    return r;
}
PyCodeObject *cg_leave_unit(Cg *cg) {
    CgUnit *u = cg->u;
    PyCodeObject *code = cg_assemble(cg);
    cg->u = u->outer;
    cg_unit_free(u);
    return code;
}

/* ------------------------------------------------------------------ modules */

/* Whether a body, without the functions and classes inside it, holds an annotation. */
static bool has_annotations(const KrSeq *body) {
    for (Py_ssize_t i = 0; i < kr_seq_len(body); i++) {
        Kr_stmt *s = KR_SEQ_GET(body, Kr_stmt, i);
        switch (s->kind) {
        case KR_stmt_AnnAssign: return true;
        case KR_stmt_For: if (has_annotations(s->v.For.body) || has_annotations(s->v.For.orelse)) return true; break;
        case KR_stmt_AsyncFor: if (has_annotations(s->v.AsyncFor.body) || has_annotations(s->v.AsyncFor.orelse)) return true; break;
        case KR_stmt_While: if (has_annotations(s->v.While.body) || has_annotations(s->v.While.orelse)) return true; break;
        case KR_stmt_If: if (has_annotations(s->v.If.body) || has_annotations(s->v.If.orelse)) return true; break;
        case KR_stmt_With: if (has_annotations(s->v.With.body)) return true; break;
        case KR_stmt_AsyncWith: if (has_annotations(s->v.AsyncWith.body)) return true; break;
        case KR_stmt_Match:
            for (Py_ssize_t k = 0; k < kr_seq_len(s->v.Match.cases); k++)
                if (has_annotations(KR_SEQ_GET(s->v.Match.cases, Kr_match_case, k)->body)) return true;
            break;
        case KR_stmt_Try:
        case KR_stmt_TryStar:
            if (has_annotations(s->v.Try.body) || has_annotations(s->v.Try.orelse) || has_annotations(s->v.Try.finalbody)) return true;
            for (Py_ssize_t k = 0; k < kr_seq_len(s->v.Try.handlers); k++)
                if (has_annotations(KR_SEQ_GET(s->v.Try.handlers, Kr_excepthandler, k)->v.ExceptHandler.body)) return true;
            break;
        }
    }
    return false;
}
int cg_body(Cg *cg, const KrSeq *body) {
    CgUnit *u = cg->u;
    Py_ssize_t first = 0;
    if (u->scope == CG_SCOPE_MODULE && kr_seq_len(body)) cg->at = KR_SEQ_GET(body, Kr_stmt, 0)->at;
    if (has_annotations(body)) CG_TRY(cg_emit(cg, KR_OP_SETUP_ANNOTATIONS, 0, 0, 0));
    PyObject *doc = cg->optimize < 2 ? kr_docstring(body) : NULL;
    if (kr_docstring(body)) first = 1;
    if (doc) {
        int operand, mark = u->depth;
        cg->at = KR_SEQ_GET(body, Kr_stmt, 0)->v.Expr.value->at;
        CG_TRY(cg_const(cg, doc, &operand));
        CG_TRY(cg_store_name(cg, KR_STR(__doc__), operand));
        u->depth = mark;
    }
    for (Py_ssize_t i = first; i < kr_seq_len(body); i++) CG_TRY(cg_stmt(cg, KR_SEQ_GET(body, Kr_stmt, i)));
    return 0;
}
static int emit_return_none(Cg *cg) {
    int operand;
    cg->at = CG_NO_SPAN;
    CG_TRY(cg_const(cg, Py_None, &operand));
    return cg_emit(cg, KR_OP_RETURN, operand, 0, 0);
}
static int compile_module(Cg *cg, Kr_mod *mod) {
    int operand;
    CG_TRY(cg_enter_unit_called(cg, "<module>", CG_SCOPE_MODULE, mod, 1));
    switch (mod->kind) {
    case KR_mod_Module:
        CG_TRY(cg_body(cg, mod->v.Module.body));
        break;
    case KR_mod_Interactive:
        cg->interactive = true;
        if (has_annotations(mod->v.Interactive.body)) CG_TRY(cg_emit(cg, KR_OP_SETUP_ANNOTATIONS, 0, 0, 0));
        for (Py_ssize_t i = 0; i < kr_seq_len(mod->v.Interactive.body); i++) CG_TRY(cg_stmt(cg, KR_SEQ_GET(mod->v.Interactive.body, Kr_stmt, i)));
        break;
    default:
        CG_TRY(cg_value(cg, mod->v.Expression.body, CG_ANYWHERE, &operand));
        cg->at = CG_NO_SPAN;
        return cg_emit(cg, KR_OP_RETURN, operand, 0, 0);
    }
    return emit_return_none(cg);
}

PyCodeObject *kr_compile(Kr_mod *mod, PyObject *filename, PyCompilerFlags *flags, int optimize, KrArena *arena) {
    Cg state = {.filename = filename, .arena = arena, .flags = flags ? flags->cf_flags : 0}, *cg = &state;
    if (kr_future_collect(mod, filename, &cg->features, &cg->future_line) < 0) return NULL;
    cg->features |= cg->flags & PyCF_MASK;
    if (flags) flags->cf_flags |= cg->features;
    cg->optimize = optimize < 0 ? kr_interp()->config.optimization_level : optimize;
    kr_depth_init(&cg->depth);
    if (kr_fold(mod, arena, cg->optimize, cg->features) < 0) return NULL;
    if (kr_symtable_init(&cg->table, mod, filename, cg->features) < 0) return NULL;
    PyCodeObject *code = NULL;
    if ((cg->merged = PyDict_New()) && compile_module(cg, mod) == 0) code = cg_leave_unit(cg);
    while (cg->u) {
        CgUnit *u = cg->u;
        cg->u = u->outer;
        cg_unit_free(u);
    }
    kr_symtable_fini(&cg->table);
    Py_XDECREF(cg->merged);
    return code;
}
PyObject *kr_symtable_build(Kr_mod *mod, PyObject *filename, int flags, KrArena *arena) {
    int features, lineno;
    KrSymtable table;
    (void)arena;
    if (kr_future_collect(mod, filename, &features, &lineno) < 0 || kr_symtable_init(&table, mod, filename, features | (flags & PyCF_MASK)) < 0) return NULL;
    PyObject *top = Py_NewRef(table.top);
    kr_symtable_fini(&table);
    return top;
}
