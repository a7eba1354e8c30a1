/* compile.h - from the tree to a code object, and the symbol tables on the way. */
#ifndef KRAIT_COMPILE_H
#define KRAIT_COMPILE_H
#include "syntax/ast.h"
#include "vm/code.h"

/* Compiles a whole tree. flags: PyCF_* and CO_FUTURE_* bits; optimize: 0, 1, 2, or -1 for the interpreter's own -O level.
 * Sets *flags to include the futures the source asks for when flags is not NULL. NULL with SyntaxError and its kin. */
PyCodeObject *kr_compile(Kr_mod *, PyObject *filename, PyCompilerFlags *flags, int optimize, KrArena *) KR_NEW_REF KR_MAY_RAISE;
/* For the _symtable module: the top entry (type `symtable entry`) of source. */
PyObject *kr_symtable_build(Kr_mod *, PyObject *filename, int flags, KrArena *) KR_NEW_REF KR_MAY_RAISE;

#endif
