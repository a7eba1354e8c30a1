/* symtable.h - scopes: what each block's names mean, found before code is generated.
 *
 * A KrSTEntry describes one block (module, class, function, lambda, comprehension); it is also the object that the
 * _symtable module shows. `symbols` maps mangled names to ints: DEF_ and USE bits as seen in the block, and from
 * KR_SCOPE_OFFSET up the scope that analysis found. A KrSymtable owns the entries and finds them by the address of the node
 * that opens the block.
 */
#ifndef KRAIT_SYMTABLE_H
#define KRAIT_SYMTABLE_H
#include "syntax/ast.h"

enum { KR_BLOCK_FUNCTION, KR_BLOCK_CLASS, KR_BLOCK_MODULE, KR_BLOCK_ANNOTATION };
enum {
    KR_DEF_GLOBAL = 1, KR_DEF_LOCAL = 2, KR_DEF_PARAM = 4, KR_DEF_NONLOCAL = 8, KR_USE = 16, KR_DEF_FREE = 32,
    KR_DEF_FREE_CLASS = 64, KR_DEF_IMPORT = 128, KR_DEF_ANNOT = 256, KR_DEF_COMP_ITER = 512,
    KR_DEF_BOUND = KR_DEF_LOCAL | KR_DEF_PARAM | KR_DEF_IMPORT,
    KR_SCOPE_OFFSET = 11, KR_SCOPE_MASK = 15
};
enum { KR_SCOPE_LOCAL = 1, KR_SCOPE_GLOBAL_EXPLICIT, KR_SCOPE_GLOBAL_IMPLICIT, KR_SCOPE_FREE, KR_SCOPE_CELL };
enum { KR_COMP_NONE, KR_COMP_LIST, KR_COMP_DICT, KR_COMP_SET, KR_COMP_GENERATOR };

typedef struct { PyObject *name; KrSpan at; } KrDirective;   /* a name and where its global, nonlocal or := stood */

typedef struct KrSTEntry {
    PyObject_HEAD
    PyObject *id, *name, *symbols, *varnames, *children;
    struct KrSTEntry *parent;        /* borrowed; only while the table is built */
    KrDirective *directives;
    int ndirectives, directives_capacity;
    int type, lineno, nested;
    int comprehension;               /* KR_COMP_... */
    KrSpan at;
    bool generator, coroutine, varargs, varkeywords, returns_value, needs_class_closure;
    bool comp_iter_target;           /* visiting a comprehension's target */
    int comp_iter_expr;              /* depth of comprehension iterables being visited */
    bool has_walrus;                 /* a := binds a name of this block somewhere */
} KrSTEntry;
extern PyTypeObject PySTEntry_Type;

typedef struct { const void *key; KrSTEntry *entry; } KrSTSlot;
typedef struct {
    PyObject *filename;              /* borrowed */
    KrSTEntry *top;                  /* borrowed from the slots */
    KrSTSlot *slots;
    size_t nslots, used;
} KrSymtable;

/* Builds and analyses; features are CO_FUTURE_ bits. 0, or -1 with SyntaxError, RecursionError, MemoryError. */
int kr_symtable_init(KrSymtable *, Kr_mod *, PyObject *filename, int features) KR_MAY_RAISE;
void kr_symtable_fini(KrSymtable *);
/* The entry opened by a node; NULL when there is none. */
KrSTEntry *kr_symtable_lookup(const KrSymtable *, const void *node) KR_BORROWED;
/* Flags of a mangled name in a block, 0 when unknown; the scope part alone. */
long kr_st_flags(KrSTEntry *, PyObject *mangled);
KR_INLINE int kr_st_scope(KrSTEntry *e, PyObject *mangled) { return (int)(kr_st_flags(e, mangled) >> KR_SCOPE_OFFSET) & KR_SCOPE_MASK; }
/* __name in class `klass` (may be NULL) becomes _klass__name. New reference. */
PyObject *kr_mangle(PyObject *klass, PyObject *name) KR_NEW_REF KR_MAY_RAISE;

/* --- shared by the passes of the compiler (compile_error.c) --- */

/* Nesting of a pass over the tree: against the recursion limit, and against the C stack. */
typedef struct { int depth, limit; } KrCompileDepth;
void kr_depth_init(KrCompileDepth *);
int kr_depth_enter(KrCompileDepth *) KR_MAY_RAISE;
KR_INLINE void kr_depth_leave(KrCompileDepth *d) { d->depth--; }
/* Raises SyntaxError about a place of the source. */
void kr_compile_error(PyObject *filename, KrSpan, const char *format, ...);
/* Warns of category SyntaxWarning; when warnings are errors it becomes a SyntaxError. 0 or -1. */
int kr_compile_warning(PyObject *filename, KrSpan, const char *format, ...) KR_MAY_RAISE KR_RUNS_PYTHON;

/* --- the passes before (future.c, fold.c) --- */

/* Reads the __future__ imports at the head of a module: features, line of the last one. 0 or -1. */
#define KR_FUTURE_TOO_LATE "from __future__ imports must occur at the beginning of the file"
int kr_future_collect(const Kr_mod *, PyObject *filename, int *features, int *lineno) KR_MAY_RAISE;
/* Folds constants in place. optimize: the level, for __debug__. 0 or -1. */
int kr_fold(Kr_mod *, KrArena *, int optimize, int features) KR_MAY_RAISE;
/* The value of a body's docstring, or NULL. */
PyObject *kr_docstring(const KrSeq *body) KR_BORROWED;

#endif
