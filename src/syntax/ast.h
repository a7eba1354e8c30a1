/* ast.h - the tree between parser and compiler, its arena, and the front end's public functions.
 *
 * Nodes, sequences and the references to Python objects inside them (identifiers, constants) belong to a KrArena and
 * die with it; a node's PyObject fields are borrowed from the arena. Node structs are generated from ast.def:
 * e->kind == KR_expr_BinOp, e->v.BinOp.left; products are structs of their own: args->vararg, keyword->value.
 * Enumerations: KR_operator_Add, KR_cmpop_LtE, KR_expr_context_Store ... start at 1.
 * Lines count from 1, columns from 0 in UTF-8 bytes, as ast's lineno and col_offset; both ends are given.
 */
#ifndef KRAIT_AST_H
#define KRAIT_AST_H
#include "krait.h"

typedef struct { int lineno, col_offset, end_lineno, end_col_offset; } KrSpan;

/* --- arena --- */
typedef struct KrArena KrArena;
KrArena *kr_arena_new(void) KR_MAY_RAISE;
void kr_arena_free(KrArena *);
/* Zeroed memory, 8-byte aligned; NULL with MemoryError. */
void *kr_arena_alloc(KrArena *, size_t bytes) KR_MAY_RAISE;
/* Hands a reference to the arena; -1 (reference dropped) with MemoryError. */
int kr_arena_own(KrArena *, PyObject *o) KR_STEALS(2) KR_MAY_RAISE;

/* --- sequences: a NULL KrSeq * is the empty sequence --- */
typedef struct { Py_ssize_t size; void *items[]; } KrSeq;
KR_INLINE Py_ssize_t kr_seq_len(const KrSeq *s) { return s ? s->size : 0; }
#define KR_SEQ_GET(s, type, i) ((type *)(s)->items[i])               /* nodes */
#define KR_SEQ_INT(s, i) ((int)(intptr_t)(s)->items[i])              /* enumerations: cmpop */
#define KR_SEQ_OBJ(s, i) ((PyObject *)(s)->items[i])                 /* identifiers */
KrSeq *kr_seq_new(KrArena *, Py_ssize_t size) KR_MAY_RAISE;

/* --- node types --- */
typedef struct Kr_mod Kr_mod;
typedef struct Kr_stmt Kr_stmt;
typedef struct Kr_expr Kr_expr;
typedef struct Kr_excepthandler Kr_excepthandler;
typedef struct Kr_pattern Kr_pattern;
typedef struct Kr_type_ignore Kr_type_ignore;
typedef struct Kr_comprehension Kr_comprehension;
typedef struct Kr_arguments Kr_arguments;
typedef struct Kr_arg Kr_arg;
typedef struct Kr_keyword Kr_keyword;
typedef struct Kr_alias Kr_alias;
typedef struct Kr_withitem Kr_withitem;
typedef struct Kr_match_case Kr_match_case;

#define KR_AST_CTYPE_identifier PyObject *
#define KR_AST_CTYPE_string PyObject *
#define KR_AST_CTYPE_constant PyObject *
#define KR_AST_CTYPE_int int
#define KR_AST_CTYPE_mod Kr_mod *
#define KR_AST_CTYPE_stmt Kr_stmt *
#define KR_AST_CTYPE_expr Kr_expr *
#define KR_AST_CTYPE_excepthandler Kr_excepthandler *
#define KR_AST_CTYPE_pattern Kr_pattern *
#define KR_AST_CTYPE_type_ignore Kr_type_ignore *
#define KR_AST_CTYPE_comprehension Kr_comprehension *
#define KR_AST_CTYPE_arguments Kr_arguments *
#define KR_AST_CTYPE_arg Kr_arg *
#define KR_AST_CTYPE_keyword Kr_keyword *
#define KR_AST_CTYPE_alias Kr_alias *
#define KR_AST_CTYPE_withitem Kr_withitem *
#define KR_AST_CTYPE_match_case Kr_match_case *
#define KR_AST_CTYPE_expr_context int
#define KR_AST_CTYPE_boolop int
#define KR_AST_CTYPE_operator int
#define KR_AST_CTYPE_unaryop int
#define KR_AST_CTYPE_cmpop int

/* Node kinds: KR_stmt_If, KR_expr_Call, ... one enumeration over all nodes; and the enumerators. */
enum {
    KR_AST_NO_NODE,
#define KR_AST_NODE(category, name, fields) KR_##category##_##name,
#include "syntax/ast.def"
};
enum {
    KR_expr_context_None_, KR_expr_context_Load, KR_expr_context_Store, KR_expr_context_Del
};
enum { KR_boolop_None_, KR_boolop_And, KR_boolop_Or };
enum {
    KR_operator_None_, KR_operator_Add, KR_operator_Sub, KR_operator_Mult, KR_operator_MatMult, KR_operator_Div,
    KR_operator_Mod, KR_operator_Pow, KR_operator_LShift, KR_operator_RShift, KR_operator_BitOr, KR_operator_BitXor,
    KR_operator_BitAnd, KR_operator_FloorDiv
};
enum { KR_unaryop_None_, KR_unaryop_Invert, KR_unaryop_Not, KR_unaryop_UAdd, KR_unaryop_USub };
enum {
    KR_cmpop_None_, KR_cmpop_Eq, KR_cmpop_NotEq, KR_cmpop_Lt, KR_cmpop_LtE, KR_cmpop_Gt, KR_cmpop_GtE,
    KR_cmpop_Is, KR_cmpop_IsNot, KR_cmpop_In, KR_cmpop_NotIn
};

#define KR_ONE(type, name) KR_AST_CTYPE_##type name;
#define KR_OPT(type, name) KR_AST_CTYPE_##type name;
#define KR_SEQ(type, name) KrSeq *name;

/* v.<Name> members per category. */
#define KR_AST_UNION_mod(name, fields)
struct Kr_mod {
    int kind;
    union {
        struct { KrSeq *body; KrSeq *type_ignores; } Module;
        struct { KrSeq *body; } Interactive;
        struct { Kr_expr *body; } Expression;
        struct { KrSeq *argtypes; Kr_expr *returns; } FunctionType;
    } v;
};
#undef KR_AST_UNION_mod

/* The preprocessor can't filter by category, so each category's union takes its nodes through a switch macro. */
#define KR_AST_PICK_IN(fields, name) struct { fields } name;
#define KR_AST_PICK_OUT(fields, name)
#define KR_AST_stmt_mod KR_AST_PICK_OUT
#define KR_AST_stmt_stmt KR_AST_PICK_IN
#define KR_AST_stmt_expr KR_AST_PICK_OUT
#define KR_AST_stmt_excepthandler KR_AST_PICK_OUT
#define KR_AST_stmt_pattern KR_AST_PICK_OUT
#define KR_AST_stmt_type_ignore KR_AST_PICK_OUT
#define KR_AST_expr_mod KR_AST_PICK_OUT
#define KR_AST_expr_stmt KR_AST_PICK_OUT
#define KR_AST_expr_expr KR_AST_PICK_IN
#define KR_AST_expr_excepthandler KR_AST_PICK_OUT
#define KR_AST_expr_pattern KR_AST_PICK_OUT
#define KR_AST_expr_type_ignore KR_AST_PICK_OUT
#define KR_AST_excepthandler_mod KR_AST_PICK_OUT
#define KR_AST_excepthandler_stmt KR_AST_PICK_OUT
#define KR_AST_excepthandler_expr KR_AST_PICK_OUT
#define KR_AST_excepthandler_excepthandler KR_AST_PICK_IN
#define KR_AST_excepthandler_pattern KR_AST_PICK_OUT
#define KR_AST_excepthandler_type_ignore KR_AST_PICK_OUT
#define KR_AST_pattern_mod KR_AST_PICK_OUT
#define KR_AST_pattern_stmt KR_AST_PICK_OUT
#define KR_AST_pattern_expr KR_AST_PICK_OUT
#define KR_AST_pattern_excepthandler KR_AST_PICK_OUT
#define KR_AST_pattern_pattern KR_AST_PICK_IN
#define KR_AST_pattern_type_ignore KR_AST_PICK_OUT
#define KR_AST_type_ignore_mod KR_AST_PICK_OUT
#define KR_AST_type_ignore_stmt KR_AST_PICK_OUT
#define KR_AST_type_ignore_expr KR_AST_PICK_OUT
#define KR_AST_type_ignore_excepthandler KR_AST_PICK_OUT
#define KR_AST_type_ignore_pattern KR_AST_PICK_OUT
#define KR_AST_type_ignore_type_ignore KR_AST_PICK_IN

struct Kr_stmt {
    int kind;
    KrSpan at;
    union {
#define KR_AST_NODE(category, name, fields) KR_AST_stmt_##category(fields, name)
#include "syntax/ast.def"
    } v;
};
struct Kr_expr {
    int kind;
    KrSpan at;
    union {
#define KR_AST_NODE(category, name, fields) KR_AST_expr_##category(fields, name)
#include "syntax/ast.def"
    } v;
};
struct Kr_excepthandler {
    int kind;
    KrSpan at;
    union {
#define KR_AST_NODE(category, name, fields) KR_AST_excepthandler_##category(fields, name)
#include "syntax/ast.def"
    } v;
};
struct Kr_pattern {
    int kind;
    KrSpan at;
    union {
#define KR_AST_NODE(category, name, fields) KR_AST_pattern_##category(fields, name)
#include "syntax/ast.def"
    } v;
};
struct Kr_type_ignore {
    int kind;
    union {
#define KR_AST_NODE(category, name, fields) KR_AST_type_ignore_##category(fields, name)
#include "syntax/ast.def"
    } v;
};

/* Products: fields directly in the struct; `at` is meaningful for arg, keyword and alias. */
#define KR_AST_PRODUCT(category, fields) struct Kr_##category { KrSpan at; fields };
#include "syntax/ast.def"
#undef KR_ONE
#undef KR_OPT
#undef KR_SEQ

/* --- front end --- */

/* A flag beside PyCF_*: the source was typed at the prompt. An error is told by what was read up to it; the rest doesn't matter. */
enum { KR_CF_PROMPT = 0x10000000 };
enum { KR_PARSE_FILE = 257, KR_PARSE_SINGLE = 256, KR_PARSE_EVAL = 258, KR_PARSE_FUNC_TYPE = 345 }; /* == Py_file_input ... */

/* Parses `len` bytes, with a NUL after them, of UTF-8 (or, unless PyCF_IGNORE_COOKIE is in flags, of the encoding its BOM or coding line names).
 * mode: KR_PARSE_...; flags: PyCF_* and CO_FUTURE_* bits, updated with futures found by the caller's symtable pass;
 * filename: str for SyntaxErrors. NULL with SyntaxError and its kin, MemoryError, ValueError (null bytes).
 * With PyCF_ALLOW_INCOMPLETE_INPUT an unfinished source raises _IncompleteInputError-like SyntaxError "incomplete input". */
Kr_mod *kr_parse(KrArena *, const char *source, Py_ssize_t len, PyObject *filename, int mode, int flags, int feature_version) KR_MAY_RAISE;

/* ast module objects from a tree, and a tree from them (TypeError/ValueError as CPython's, recursion-checked). */
PyObject *kr_ast_to_object(const Kr_mod *) KR_NEW_REF KR_MAY_RAISE;
/* mode: KR_PARSE_..., which names the class of the root. */
Kr_mod *kr_ast_from_object(KrArena *, PyObject *, int mode) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_ast_check_object(PyObject *);        /* 1 if an instance of ast.AST, 0, -1 */
/* Raises ValueError and its kin for trees no parser would make. 0 or -1. */
int kr_ast_validate(const Kr_mod *) KR_MAY_RAISE;
/* Source text of an expression, as `from __future__ import annotations` stores it. */
PyObject *kr_ast_unparse_expr(const Kr_expr *) KR_NEW_REF KR_MAY_RAISE;

#endif
