/* import.h - what the _imp module needs of import.c. */
#ifndef KRAIT_IMPORT_H
#define KRAIT_IMPORT_H
#include "krait.h"

/* The entry of a native module, NULL if there is none of that name. */
struct _inittab *kr_import_native(PyObject *name);
/* The module for spec.name from the table of native modules; None when it is not there. */
PyObject *kr_import_create_builtin(PyObject *spec) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* The extension module of spec.name in the shared library spec.origin. */
PyObject *kr_import_dynamic(PyObject *spec) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *PyInit__imp(void);
void kr_import_lock_free(KrInterp *);
void kr_import_forget_modules(KrInterp *);
/* SipHash-1-3 of the bytes under a 64-bit key (runtime/hash.c). */
uint64_t kr_keyed_hash(uint64_t key, const void *bytes, Py_ssize_t n);
#endif
