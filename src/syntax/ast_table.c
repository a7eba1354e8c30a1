/* ast_table.c - the tables of ast_table.h, made from ast.def. */
#include "syntax/ast_table.h"

#define KR_ONE(type, name) {#name, KR_FT_##type, KR_FIELD_ONE},
#define KR_OPT(type, name) {#name, KR_FT_##type, KR_FIELD_OPT},
#define KR_SEQ(type, name) {#name, KR_FT_##type, KR_FIELD_SEQ},
#define KR_AST_NODE(category, name, fields) static const KrAstField kr_fields_##category##_##name[] = {fields{NULL, KR_FT_END, 0}};
#define KR_AST_PRODUCT(category, fields) static const KrAstField kr_fields_##category[] = {fields{NULL, KR_FT_END, 0}};
#include "syntax/ast.def"

const KrAstClass kr_ast_classes[KR_AST_N_CLASSES] = {
#define KR_AST_NODE(category, name, fields) {#name, KR_FT_##category, KR_##category##_##name, kr_fields_##category##_##name},
#include "syntax/ast.def"
#define KR_AST_PRODUCT(category, fields) {#category, KR_FT_##category, 0, kr_fields_##category},
#include "syntax/ast.def"
};

const __typeof__(kr_ast_enums[0]) kr_ast_enums[KR_AST_N_ENUMS] = {
#define KR_AST_ENUM(category, name) {#name, KR_FT_##category},
#include "syntax/ast.def"
};

#define KR_TRAVERSING(c) " while traversing '" #c "' node"
#define KR_SUM(c) {#c, KR_TRAVERSING(c), sizeof(Kr_##c), offsetof(Kr_##c, v), 0, false, false}
#define KR_SUM_AT(c, optional) {#c, KR_TRAVERSING(c), sizeof(Kr_##c), offsetof(Kr_##c, v), offsetof(Kr_##c, at), true, optional}
#define KR_ENUM(c) {#c, KR_TRAVERSING(c), sizeof(int), 0, 0, false, false}
#define KR_PRODUCT(c, span) {#c, KR_TRAVERSING(c), sizeof(Kr_##c), sizeof(KrSpan), 0, span, true}
const __typeof__(kr_ast_categories[0]) kr_ast_categories[KR_FT_COUNT] = {
    [KR_FT_mod] = KR_SUM(mod), [KR_FT_stmt] = KR_SUM_AT(stmt, true), [KR_FT_expr] = KR_SUM_AT(expr, true),
    [KR_FT_excepthandler] = KR_SUM_AT(excepthandler, true), [KR_FT_pattern] = KR_SUM_AT(pattern, false),
    [KR_FT_type_ignore] = KR_SUM(type_ignore),
    [KR_FT_expr_context] = KR_ENUM(expr_context), [KR_FT_boolop] = KR_ENUM(boolop), [KR_FT_operator] = KR_ENUM(operator),
    [KR_FT_unaryop] = KR_ENUM(unaryop), [KR_FT_cmpop] = KR_ENUM(cmpop),
    [KR_FT_comprehension] = KR_PRODUCT(comprehension, false), [KR_FT_arguments] = KR_PRODUCT(arguments, false),
    [KR_FT_arg] = KR_PRODUCT(arg, true), [KR_FT_keyword] = KR_PRODUCT(keyword, true), [KR_FT_alias] = KR_PRODUCT(alias, true),
    [KR_FT_withitem] = KR_PRODUCT(withitem, false), [KR_FT_match_case] = KR_PRODUCT(match_case, false),
};
