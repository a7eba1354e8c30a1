/* import_fast.h - see import_fast.c. */
#ifndef KRAIT_IMPORT_FAST_H
#define KRAIT_IMPORT_FAST_H
#include "krait.h"

/* Puts the methods into importlib._bootstrap_external, once. */
int kr_import_fast_init(KrInterp *, PyObject *external) KR_MAY_RAISE;
void kr_import_fast_clear(KrInterp *);

#endif
