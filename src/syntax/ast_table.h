/* ast_table.h - ast.def as tables: what nodes there are and what their fields hold.
 *
 * A field's place in its struct is found by walking the fields: ints and enumerators take 4 bytes, all else a pointer.
 */
#ifndef KRAIT_AST_TABLE_H
#define KRAIT_AST_TABLE_H
#include "syntax/ast.h"

typedef enum {
    KR_FT_END, KR_FT_identifier, KR_FT_string, KR_FT_constant, KR_FT_int,
    /* sums of nodes */
    KR_FT_mod, KR_FT_stmt, KR_FT_expr, KR_FT_excepthandler, KR_FT_pattern, KR_FT_type_ignore,
    /* enumerations */
    KR_FT_expr_context, KR_FT_boolop, KR_FT_operator, KR_FT_unaryop, KR_FT_cmpop,
    /* products */
    KR_FT_comprehension, KR_FT_arguments, KR_FT_arg, KR_FT_keyword, KR_FT_alias, KR_FT_withitem, KR_FT_match_case,
    KR_FT_COUNT
} KrAstType;
#define KR_FT_IS_SUM(t) ((t) >= KR_FT_mod && (t) <= KR_FT_type_ignore)
#define KR_FT_IS_ENUM(t) ((t) >= KR_FT_expr_context && (t) <= KR_FT_cmpop)
#define KR_FT_IS_PRODUCT(t) ((t) >= KR_FT_comprehension && (t) <= KR_FT_match_case)

typedef enum { KR_FIELD_ONE, KR_FIELD_OPT, KR_FIELD_SEQ } KrAstMode;
typedef struct { const char *name; unsigned char type, mode; } KrAstField;

/* A class of the ast module that has fields: a node, or a product (kind 0). Nodes come in the order of their kinds. */
typedef struct { const char *name; int category, kind; const KrAstField *fields; } KrAstClass;

enum {
    KR_AST_N_NODES = 0
#define KR_AST_NODE(category, name, fields) + 1
#include "syntax/ast.def"
    , KR_AST_N_PRODUCTS = 0
#define KR_AST_PRODUCT(category, fields) + 1
#include "syntax/ast.def"
    , KR_AST_N_ENUMS = 0
#define KR_AST_ENUM(category, name) + 1
#include "syntax/ast.def"
    , KR_AST_N_CLASSES = KR_AST_N_NODES + KR_AST_N_PRODUCTS
};

extern const KrAstClass kr_ast_classes[KR_AST_N_CLASSES];
extern const struct { const char *name; int category; } kr_ast_enums[KR_AST_N_ENUMS];
extern const struct { const char *name, *traversing; unsigned short size, fields_at, span_at; bool has_span, end_optional; }
    kr_ast_categories[KR_FT_COUNT];

/* Offset of the field after one that ends at *at, whose end it becomes. */
KR_INLINE size_t kr_ast_field_offset(const KrAstField *f, size_t *at) {
    bool small = f->mode != KR_FIELD_SEQ && (f->type == KR_FT_int || KR_FT_IS_ENUM(f->type));
    size_t size = small ? sizeof(int) : sizeof(void *);
    size_t offset = (*at + size - 1) & ~(size - 1);
    *at = offset + size;
    return offset;
}

#endif
