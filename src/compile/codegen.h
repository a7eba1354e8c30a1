/* codegen.h - from the tree to instructions: what the files of the code generator share.
 *
 * A CgUnit is one code object in the making: a growing list of CgInstr with labels and, per instruction, the exception
 * handler that covers it. Temporaries are a stack: u->depth of them are reserved, temporary i is register u->temp_base + i. A reserved
 * temporary may be dead (NULL); what lies above u->depth is always dead. So a result is stored with KR_DEST_DEAD, and whoever
 * reads a temporary for the last time reads it with KR_OPERAND_CONSUME.
 *
 * Destination-driven: cg_value(e, want, &operand) is asked for a value ANYWHERE (then the operand is a constant, a local in place, or
 * a consumed temporary on top of the stack) or in a destination (an encoded D operand), which the last instruction then writes.
 * A local in place must not be bound again before it is read: cg_pin copies it when a later operand holds a `:=`.
 *
 * Every function returns 0, or -1 with an exception set; nothing needs releasing then but the units (cg_unit_free).
 */
#ifndef KRAIT_CODEGEN_H
#define KRAIT_CODEGEN_H
#include "compile/compile.h"
#include "compile/symtable.h"

#define CG_ANYWHERE (-1)
#define CG_NO_LABEL (-1)
#define CG_NO_COVER (-1)

enum { CG_KIND_LOCAL = 0x20, CG_KIND_CELL = 0x40, CG_KIND_FREE = 0x80 };   /* of co_localspluskinds */

typedef struct {
    uint16_t op, a, b, c;
    int32_t label;              /* of a jump, else CG_NO_LABEL */
    int32_t cover;              /* index of the innermost CgHandler, or CG_NO_COVER */
    KrSpan at;                  /* lineno -1: none of its own */
} CgInstr;

/* Where an exception goes: see KrExcEntry. */
typedef struct { int label, depth; bool lasti; } CgHandler;

typedef enum {
    CG_WHILE_LOOP, CG_FOR_LOOP, CG_TRY_BODY, CG_FINALLY_TRY, CG_FINALLY_END, CG_WITH, CG_ASYNC_WITH,
    CG_HANDLER, CG_GROUP_HANDLER
} CgBlockKind;

/* A construct that break, continue and return have to leave in an orderly way. */
typedef struct CgBlock {
    CgBlockKind kind;
    int cover;                  /* what covers code outside the construct's own handler */
    int at;                     /* its first temporary: iterator, exit function, saved exception */
    int start, end;             /* loops: labels of continue and break */
    const KrSeq *final;         /* CG_FINALLY_TRY: the body to run on the way out */
    PyObject *name;             /* CG_HANDLER: the name to delete, or NULL */
    KrSpan span;                /* CG_WITH: of the statement */
    struct CgBlock *outer;
} CgBlock;

typedef enum { CG_SCOPE_MODULE, CG_SCOPE_CLASS, CG_SCOPE_FUNCTION, CG_SCOPE_ASYNC_FUNCTION, CG_SCOPE_LAMBDA, CG_SCOPE_COMPREHENSION } CgScope;

typedef struct CgUnit {
    struct CgUnit *outer;
    CgScope scope;
    KrSTEntry *ste;             /* borrowed from the symbol table */
    PyObject *name, *qualname;
    PyObject *private;          /* borrowed: class whose names are mangled, or NULL */
    PyObject *consts, *const_list;   /* key -> index, and the values */
    PyObject *names;            /* str -> index */
    PyObject *registers;        /* mangled str -> register, of locals, cells and free variables */
    PyObject *localsplusnames;
    char *kinds;                /* CG_KIND_ bits of each */
    int nlocals, temp_base;
    int class_cell;             /* register of the implicit __class__ cell of a class body, or -1 */
    int argcount, posonlyargcount, kwonlyargcount, firstlineno;
    int depth, max_depth;
    CgInstr *instrs;
    int ninstrs, instrs_capacity;
    int *labels;                /* index of an instruction, -1 until placed */
    int nlabels, labels_capacity;
    CgHandler *handlers;
    int nhandlers, handlers_capacity;
    int cover;
    CgBlock *block;
    int nblocks;                /* nesting as CPython counts it, for its limit */
    bool is_async_comprehension;
} CgUnit;

typedef struct Cg {
    CgUnit *u;
    KrSymtable table;
    PyObject *filename;
    KrArena *arena;
    PyObject *merged;           /* dict: key of a constant -> the one object that all code objects of the program share */
    int features, optimize, flags;
    int future_line;            /* of the last `from __future__ import` at the head; -1: there is none */
    bool interactive;
    KrCompileDepth depth;
    KrSpan at;                  /* of the node being compiled */
} Cg;

#define CG_TRY(expr) do { if ((expr) < 0) return -1; } while (0)
#define CG_NO_SPAN ((KrSpan){-1, -1, -1, -1})

/* --- emission (codegen.c) --- */

int cg_emit(Cg *, int op, int a, int b, int c);
int cg_emit_jump(Cg *, int op, int a, int label);
/* A NOP at another line than the present one: something is there that has no instruction of its own. */
int cg_show_line(Cg *, KrSpan);
/* An instruction with a 32-bit constant. */
int cg_emit_load_const(Cg *, int dest, PyObject *value);
int cg_label(Cg *);                       /* a new label, -1 on error */
void cg_place(Cg *, int label);           /* here */
int cg_handler(Cg *, int label, int depth, bool lasti); /* a new handler; its index or -1 */
bool cg_reachable(Cg *);                  /* false right after an instruction that does not go on */

/* Reserves n temporaries; the first one's index. Frees down to depth. */
int cg_reserve(Cg *, int n);
KR_INLINE int cg_temp(Cg *cg, int i) { return cg->u->temp_base + i; }
KR_INLINE int cg_dead(Cg *cg, int i) { return cg_temp(cg, i) | KR_DEST_DEAD; }
KR_INLINE int cg_take(Cg *cg, int i) { return cg_temp(cg, i) | KR_OPERAND_CONSUME; }
KR_INLINE bool cg_is_local_operand(int o) { return !(o & (KR_OPERAND_CONST | KR_OPERAND_CONSUME)); }

int cg_const_index(Cg *, PyObject *value);  /* -1 on error */
int cg_const(Cg *, PyObject *value, int *operand); /* as an operand; may need a temporary */
int cg_name_index(Cg *, PyObject *name);    /* of the mangled name; -1 on error */
int cg_error(Cg *, KrSpan, const char *format, ...);
int cg_error_here(Cg *, const char *format, ...);

/* --- names --- */
int cg_load_name(Cg *, PyObject *name, int want, int *operand);
int cg_store_name(Cg *, PyObject *name, int operand);
int cg_delete_name(Cg *, PyObject *name);
/* The present place becomes that of an attribute's name, where the expression goes over several lines. */
void cg_move_to_attribute(Cg *, Kr_expr *);
/* The register of a name that is a plain local of this function, else -1. */
int cg_local_register(Cg *, PyObject *name);

/* --- expressions (codegen_expr.c) --- */
int cg_value(Cg *, Kr_expr *, int want, int *operand);
/* into temporary i, which is dead */
int cg_value_to(Cg *, Kr_expr *, int i);
/* into a newly reserved temporary */
int cg_push(Cg *, Kr_expr *);
int cg_push_operand(Cg *, int operand);
int cg_push_const(Cg *, PyObject *value);
/* The same at another place than the present one. */
int cg_push_const_at(Cg *, PyObject *value, KrSpan at);
/* Makes an operand that is a local in place survive the evaluation of `later`. */
int cg_pin(Cg *, int *operand, Kr_expr *later);
int cg_discard(Cg *, int operand);
int cg_store(Cg *, Kr_expr *target, int operand);
/* Jumps when the expression's truth is `when`. As in CPython, the jumps are at the present place, or at the last comparison among the operands, which
 * becomes the present place. */
int cg_jump_if(Cg *, Kr_expr *, int label, bool when);
int cg_await(Cg *, int i, int kind, int call_kind);     /* the value in temporary i is awaited; the result is in i */
/* A call whose callable is in temporary `base`, base + 1 dead or self, and `given` arguments after it; the rest is compiled. */
int cg_call(Cg *, int base, int given, const KrSeq *args, const KrSeq *keywords, int want, int *operand, KrSpan at);
bool cg_has_walrus(Cg *, Kr_expr *);

/* --- comprehensions (codegen_comp.c) --- */
int cg_comprehension(Cg *, Kr_expr *, int want, int *operand);

/* --- functions and classes (codegen_function.c) --- */
int cg_function(Cg *, Kr_stmt *);
int cg_lambda(Cg *, Kr_expr *, int want, int *operand);
int cg_class(Cg *, Kr_stmt *);
int cg_enter_unit(Cg *, PyObject *name, CgScope, const void *node, int firstlineno);
int cg_enter_unit_called(Cg *, const char *name, CgScope, const void *node, int firstlineno);
PyCodeObject *cg_leave_unit(Cg *);          /* assembles; NULL on error; the outer unit is current again */
void cg_unit_free(CgUnit *);
/* The cells for code's free variables, into newly reserved temporaries. */
int cg_push_cells(Cg *, PyCodeObject *code);
/* MAKE_FUNCTION: `flags` parts lie from temporary base on; adds closure and code; the function is stored to want. */
int cg_make_function(Cg *, PyCodeObject *code, int base, int flags, int want, int *operand);

/* --- statements (codegen_stmt.c, codegen_try.c) --- */
int cg_body(Cg *, const KrSeq *);
int cg_stmt(Cg *, Kr_stmt *);
int cg_try(Cg *, Kr_stmt *);
int cg_try_star(Cg *, Kr_stmt *);
int cg_with(Cg *, Kr_stmt *, Py_ssize_t item, bool async);
int cg_block_push(Cg *, CgBlock *, CgBlockKind, int at);
void cg_block_pop(Cg *, CgBlock *);
/* name = None; del name: the end of `except E as name`. */
int cg_delete_handler_name(Cg *, PyObject *name);
/* Leaves all blocks up to a loop (then *loop is it) or, for return, all; the temporary `keep` on top survives. */
int cg_unwind(Cg *, bool to_loop, CgBlock **loop);
/* Whether leaving all blocks may run code that binds names. */
bool cg_unwind_runs_code(Cg *);
/* Annotation to push, evaluated or as text. */
int cg_push_annotation(Cg *, Kr_expr *);
int cg_match(Cg *, Kr_stmt *);              /* codegen_match.c */

/* --- assembly (assemble.c) --- */
PyCodeObject *cg_assemble(Cg *) KR_NEW_REF;
/* The roles of an opcode's operands as in opcodes.def: three characters. */
extern const char cg_roles[][4];
extern const char *const cg_op_flags[];

#endif
