/* code_object.h - what the files about code objects share: code.c, code_type.c, code_iter.c, linetable.c. */
#ifndef KRAIT_CODE_OBJECT_H
#define KRAIT_CODE_OBJECT_H
#include "vm/code.h"
#include <math.h>

enum { KR_KIND_LOCAL = 0x20, KR_KIND_CELL = 0x40, KR_KIND_FREE = 0x80 };

/* Walks the runs of instructions that have one location: start <= index < stop. next is false past the last run. */
typedef struct {
    const unsigned char *p, *end;
    uint32_t start, stop, limit;
    int line;                   /* the last line that was known */
    KrLocation at;
} KrLineCursor;
void kr_line_cursor_init(KrLineCursor *, KrCode *);
bool kr_line_cursor_next(KrLineCursor *);
/* Makes the range of _PyCode_CheckLineNumber stand before the first instruction. */
void kr_code_range_init(KrCode *, PyCodeAddressRange *);

/* The instructions in generic form. */
PyObject *kr_code_bytes(KrCode *) KR_NEW_REF KR_MAY_RAISE;
/* Takes over instructions that were validated. */
void kr_code_set_instrs(KrCode *, KrInstr *);
/* co_linetable and co_exceptiontable, made when they are asked for. */
PyObject *kr_code_linetable(KrCode *) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_code_exceptiontable(KrCode *) KR_NEW_REF KR_MAY_RAISE;
/* The tuple of names whose kind has a bit of `kind`. */
PyObject *kr_code_names_of(KrCode *, int kind) KR_NEW_REF KR_MAY_RAISE;
/* A code object whose body raises AssertionError, at line firstlineno: for those that are only looked at. Fills in the spec's instructions,
 * nregs (at least) and linetable. */
PyObject *kr_code_new_hollow(KrCodeSpec *) KR_NEW_REF KR_MAY_RAISE;
/* A code object from instructions and exception entries that came as bytes. Without instructions: a hollow one. Other fields of
 * the specification are set; it is validated. */
PyObject *kr_code_from_bytes(KrCodeSpec *, PyObject *instrs, PyObject *exceptions) KR_NEW_REF KR_MAY_RAISE;
/* TypeError unless the tuple's items are strings. */
int kr_code_check_names(PyObject *tuple) KR_MAY_RAISE;
/* localsplusnames and their kinds from the tuples of variables, cells and free variables; a cell that is also a variable keeps its register. */
int kr_code_join_names(PyObject *vars, PyObject *cells, PyObject *frees, PyObject **names, PyObject **kinds) KR_MAY_RAISE;

/* Frees what extensions attached. */
void kr_code_release_extras(PyCodeObject *);

/* The iterators of co_lines() and co_positions() (code_iter.c). */
PyObject *kr_code_lines_iter(KrCode *) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_code_positions_iter(KrCode *) KR_NEW_REF KR_MAY_RAISE;
extern PyTypeObject kr_LineIter_Type, kr_PositionsIter_Type;

#endif
