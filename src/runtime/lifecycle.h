/* lifecycle.h - start-up, shutdown, and the order in which parts come up.
 *
 * Order: process state, main thread state, static types (types.def), names, exceptions, builtins, sys, codecs,
 * warnings, import, __main__, site. Each part offers one function, called once, 0 or -1 with an exception set. */
#ifndef KRAIT_LIFECYCLE_H
#define KRAIT_LIFECYCLE_H
#include "krait.h"

int kr_types_init(void);          /* object/type.c: readies every type of types.def */
int kr_unicode_init(KrInterp *);  /* object/unicode.c: "", latin-1 characters, the interned table; before any str is made */
int kr_long_init(KrInterp *);     /* object/long.c: small ints; before any int is made */
int kr_names_init(void);          /* runtime/names.c */
int kr_exceptions_init(PyObject *builtins_dict); /* object/exceptions.c: readies the classes, puts them into the dict */
int kr_gc_init(KrInterp *);       /* memory/gc.c: empty generations; before any container is made */
PyObject *kr_builtins_init(void) KR_NEW_REF;  /* module/builtins.c: the module builtins, without exceptions */
PyObject *kr_sys_init(KrInterp *) KR_NEW_REF; /* module/sys.c: the module sys, before streams and paths exist */
int kr_sys_configure(KrInterp *); /* module/sys.c: what depends on interp->config: flags, argv, paths, warnoptions, version */
int kr_warnings_init(KrInterp *); /* runtime/warnings.c */
int kr_import_init(KrInterp *);   /* runtime/import.c: importlib bootstrap, external finders */
int kr_signals_init(KrInterp *, int install_handlers); /* module/_signal.c */

/* Shutdown, in the reverse sense; each tolerates being called when its part never came up. */
void kr_gc_fini(KrInterp *);
void kr_unicode_fini(KrInterp *);
void kr_number_fini(KrInterp *);
void kr_container_fini(KrInterp *);

#endif
