/* code.h - instructions and code objects: what the compiler makes and the loop runs.
 *
 * A KrCode begins with the public PyCodeObject, whose fields are kept true for those who read them (but co_linetable and
 * co_exceptiontable are NULL until somebody asks for these attributes); what the loop uses follows. Registers of a frame: 0 .. co_nlocalsplus-1 are locals in CPython's order (arguments, other locals,
 * then cells that are not arguments, then free variables), temp_base == co_nlocalsplus; nregs counts all. An argument that is also
 * a cell keeps its register: MAKE_CELL replaces the value by a cell there.
 * Offsets shown to Python (f_lasti, tb_lasti, co_lines, co_positions, dis) count 2 for each instruction, as the
 * standard library's traceback module expects. co_code is the instructions' bytes in generic form.
 */
#ifndef KRAIT_CODE_H
#define KRAIT_CODE_H
#include "krait.h"

typedef struct { uint16_t op, a, b, c; } KrInstr;

enum {
#define KR_OP(name, a, b, c, flags) KR_OP_##name,
#include "compile/opcodes.def"
    KR_OP_GENERIC_COUNT,
    KR_OP_GENERIC_LAST_ = KR_OP_GENERIC_COUNT - 1,
#define KR_SPECIAL(name, generic) KR_OP_##name,
#include "compile/opcodes.def"
    KR_OP_COUNT
};

#define KR_OPERAND_CONST 0x8000u
#define KR_OPERAND_CONSUME 0x4000u
#define KR_DEST_DEAD 0x4000u
#define KR_REG_MASK 0x3fffu
#define KR_REG_MAX 0x3fff
#define KR_CONST_OPERAND_MAX 0x3fff
KR_INLINE uint32_t kr_instr_target(KrInstr i) { return (uint32_t)i.b | (uint32_t)i.c << 16; }

/* Side array entry of an instruction (architecture: inline caches); meaning by specialised opcode. */
typedef union {
    struct {
        uint32_t version;       /* type, keys or function version */
        uint16_t index;
        uint16_t counter;       /* generic: executions until the next attempt to specialise; special: failures until it is given up */
        PyObject *object;       /* borrowed: kept alive by what `version` guards */
        uint32_t version2;      /* a second version, or a count, to guard */
        uint32_t extra;         /* generic: the last `counter` started from */
    };
    uint64_t word[3];
} KrCache;

/* Instructions start <= i < end that raise continue at handler with all temporaries from temp_base + depth on
 * released; then register temp_base + depth holds the exception, or, with lasti, the index (int object) of the
 * instruction that raised, and the next register the exception. Sorted by start; innermost entry that covers i is found
 * because entries do not overlap (the compiler splits them). */
typedef struct { uint32_t start, end, handler; uint16_t depth, lasti; } KrExcEntry;

typedef struct KrCode {
    PyCodeObject base;
    KrInstr *instrs;            /* ninstrs of them, quickened in place; owned; NULL: not loaded (code_store.h) */
    PyObject **consts;          /* == items of co_consts */
    PyObject **names;           /* == items of co_names */
    KrInstr *entry;             /* where a call of warm code may begin: behind RESUME if there is no prologue; else == instrs */
    KrCache *caches;            /* ninstrs entries, or NULL until the code is warm; owned */
    const KrExcEntry *exc_entries; /* nexc_entries of them, owned by the store or by the bytes co_exceptiontable */
    const unsigned char *lines; /* the line table, lines_size bytes, owned by the store or by the bytes co_linetable */
    struct KrCodeStore *store;  /* what the code comes out of, owned; NULL for compiled code */
    uint32_t stored, lines_size; /* its number in the store */
    uint32_t ninstrs, nexc_entries;
    uint16_t nregs, temp_base;
    uint32_t first_traceable;   /* index of RESUME */
    uint32_t version;           /* 0 = none given out yet */
    uint16_t warmth;            /* counts up while caches == NULL */
    uintptr_t cache_bias;       /* cache of the instruction before pc is at cache_bias + 3 * pc; 0 while cold */
} KrCode;

/* Everything a new code object is made from. Objects are borrowed. */
typedef struct {
    int argcount, posonlyargcount, kwonlyargcount, nlocals, nregs, flags, firstlineno;
    const KrInstr *instrs; Py_ssize_t ninstrs;
    const KrExcEntry *exc_entries; Py_ssize_t nexc_entries;
    PyObject *consts, *names;             /* tuples */
    PyObject *localsplusnames, *localspluskinds; /* tuple of str, bytes of CO_FAST_ bits: 0x20 local, 0x40 cell, 0x80 free */
    PyObject *filename, *name, *qualname;
    PyObject *linetable;                  /* bytes, format: code.c */
} KrCodeSpec;

KrCode *kr_code_new(const KrCodeSpec *) KR_NEW_REF KR_MAY_RAISE;

/* Code from a store is made in two steps. Before this is done it has its numbers, name, file name and lines; constants, names, variables,
 * instructions, and with them what depends on their being valid, come with it. 0, or -1 with ValueError if the store holds nonsense. */
int kr_code_load(KrCode *) KR_MAY_RAISE;
KR_INLINE int kr_code_ready(KrCode *c) KR_MAY_RAISE { return KR_LIKELY(c->instrs != NULL) ? 0 : kr_code_load(c); }
/* The docstring of a function with this code, or None: borrowed. */
PyObject *kr_code_doc(KrCode *) KR_BORROWED KR_MAY_RAISE;
/* Gives code that comes from the file `from`, and what is nested in it, another file name. */
int kr_code_set_filename(KrCode *, PyObject *from, PyObject *to) KR_MAY_RAISE;

/* Refuses what no compiler of krait's makes (operands, jump targets, register kinds): 0, or -1 with ValueError. */
int kr_code_validate(const KrCodeSpec *) KR_MAY_RAISE;

/* Source position of instruction i; any of the four is -1 when unknown. */
typedef struct { int line, end_line, col, end_col; } KrLocation;
KrLocation kr_code_location(KrCode *, uint32_t i);
/* What of a location a program gets to see: only the line with -X no_debug_ranges. */
KrLocation kr_location_shown(KrLocation);
int kr_code_line(KrCode *, uint32_t i);
/* Makes kr_code_line fast from now on (before tracing); does without when there is no memory. */
void kr_code_index_lines(KrCode *);
/* Builds a linetable: append one location per instruction, in order; finish returns bytes. */
typedef struct KrLineTableBuilder { unsigned char *data; Py_ssize_t size, capacity; int line, firstlineno; KrLocation pending; uint32_t pending_count; } KrLineTableBuilder;
int kr_linetable_add(KrLineTableBuilder *, KrLocation) KR_MAY_RAISE;
PyObject *kr_linetable_finish(KrLineTableBuilder *) KR_NEW_REF KR_MAY_RAISE;

/* The generic opcode of a specialised one (or op itself); names and operand roles for dis and dumps. */
extern const uint16_t kr_op_generic[];
extern const char *const kr_op_names[];

#endif
