/* ast_object.h - the Python side of the syntax tree, for the _ast module. */
#ifndef KRAIT_AST_OBJECT_H
#define KRAIT_AST_OBJECT_H
#include "syntax/ast.h"

/* Puts AST and all its subclasses into a module's dict. 0 or -1. */
int kr_ast_add_types(PyObject *module) KR_MAY_RAISE;

#endif
