/* code_object.h - what code.c and code_type.c share. */
#ifndef KRAIT_CODE_OBJECT_H
#define KRAIT_CODE_OBJECT_H
#include "vm/code.h"
#include <math.h>

enum { KR_KIND_LOCAL = 0x20, KR_KIND_CELL = 0x40, KR_KIND_FREE = 0x80 };

/* The instructions in generic form; the exception table as bytes of KrExcEntry. */
PyObject *kr_code_bytes(KrCode *) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_code_exception_bytes(KrCode *) KR_NEW_REF KR_MAY_RAISE;
/* The tuple of names whose kind has a bit of `kind`. */
PyObject *kr_code_names_of(KrCode *, int kind) KR_NEW_REF KR_MAY_RAISE;

#endif
