/* future.c - the `from __future__ import ...` statements at the head of a module. */
#include "compile/symtable.h"

static const struct { const char *name; int bit; } future_features[] = {
    {FUTURE_NESTED_SCOPES, 0}, {FUTURE_GENERATORS, 0}, {FUTURE_DIVISION, 0}, {FUTURE_ABSOLUTE_IMPORT, 0},
    {FUTURE_WITH_STATEMENT, 0}, {FUTURE_PRINT_FUNCTION, 0}, {FUTURE_UNICODE_LITERALS, 0},
    {FUTURE_BARRY_AS_BDFL, CO_FUTURE_BARRY_AS_BDFL}, {FUTURE_GENERATOR_STOP, 0},
    {FUTURE_ANNOTATIONS, CO_FUTURE_ANNOTATIONS},
};

/* Tells only where the statement begins, with `offset` as the column. */
static void raise_at(PyObject *filename, const Kr_stmt *s, int offset, PyObject *message) {
    if (!message) return;
    PyErr_SetObject(PyExc_SyntaxError, message);
    PyErr_SyntaxLocationObject(filename, s->at.lineno, offset);
    Py_DECREF(message);
}
static bool is_future_import(const Kr_stmt *s) {
    return s->kind == KR_stmt_ImportFrom && s->v.ImportFrom.module && PyUnicode_CompareWithASCIIString(s->v.ImportFrom.module, "__future__") == 0;
}

static int add_features(const Kr_stmt *s, PyObject *filename, int *features) {
    for (Py_ssize_t i = 0; i < kr_seq_len(s->v.ImportFrom.names); i++) {
        PyObject *name = KR_SEQ_GET(s->v.ImportFrom.names, Kr_alias, i)->name;
        bool known = false;
        for (size_t k = 0; k < KR_ARRAY_LEN(future_features) && !known; k++) {
            known = PyUnicode_CompareWithASCIIString(name, future_features[k].name) == 0;
            if (known) *features |= future_features[k].bit;
        }
        if (known) continue;
        if (PyUnicode_CompareWithASCIIString(name, "braces") == 0)
            raise_at(filename, s, s->at.col_offset + 1, PyUnicode_FromString("not a chance"));
        else
            raise_at(filename, s, s->at.col_offset + 1, PyUnicode_FromFormat("future feature %.100U is not defined", name));
        return -1;
    }
    return 0;
}

int kr_future_collect(const Kr_mod *mod, PyObject *filename, int *features, int *lineno) {
    *features = 0;
    *lineno = -1;
    if (mod->kind != KR_mod_Module && mod->kind != KR_mod_Interactive) return 0;
    const KrSeq *body = mod->kind == KR_mod_Module ? mod->v.Module.body : mod->v.Interactive.body;
    bool done = false;
    int previous_line = 0;
    for (Py_ssize_t i = 0; i < kr_seq_len(body); i++) {
        const Kr_stmt *s = KR_SEQ_GET(body, Kr_stmt, i);
        if (done && s->at.lineno > previous_line) return 0;
        previous_line = s->at.lineno;
        if (is_future_import(s)) {
            if (done) {
                raise_at(filename, s, s->at.col_offset, PyUnicode_FromString(KR_FUTURE_TOO_LATE));
                return -1;
            }
            if (add_features(s, filename, features) < 0) return -1;
            *lineno = s->at.lineno;
        } else if (s->kind == KR_stmt_ImportFrom || !(s->kind == KR_stmt_Expr && i == 0
                   && s->v.Expr.value->kind == KR_expr_Constant && PyUnicode_CheckExact(s->v.Expr.value->v.Constant.value))) {
            done = true;
        }
    }
    return 0;
}
