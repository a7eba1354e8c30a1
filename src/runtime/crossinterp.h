/* crossinterp.h - what crossinterp.c offers besides the public API of _PyCrossInterpreterData. */
#ifndef KRAIT_CROSSINTERP_H
#define KRAIT_CROSSINTERP_H
#include "krait.h"

/* The interpreter's end: its classes can't be shared any more. */
void kr_shareables_forget(KrInterp *);
/* The interpreter with this number, NULL when there is none (any more). */
KrInterp *kr_interp_find(int64_t id);

#endif
