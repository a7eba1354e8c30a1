/* lifecycle.h - start-up, shutdown, and the order in which parts come up.
 *
 * Order: process state, main thread state, static types (types.def), names, exceptions, builtins, sys, codecs,
 * warnings, import, __main__, site. Each part offers one function, called once an interpreter (those without KrInterp: once a process,
 * kr_exceptions_init and kr_builtins_init apart), 0 or -1 with an exception set. */
#ifndef KRAIT_LIFECYCLE_H
#define KRAIT_LIFECYCLE_H
#include "krait.h"

int kr_types_init(void);          /* object/type.c: readies every type of types.def */
int kr_unicode_init(KrInterp *);  /* object/unicode.c: "", latin-1 characters, the interned table; before any str is made */
int kr_long_init(KrInterp *);     /* object/long.c: small ints; before any int is made */
int kr_names_init(void);          /* runtime/names.c */
int kr_exceptions_init(PyObject *builtins_dict); /* object/exceptions.c: readies the classes, puts them into the dict */
int kr_gc_init(KrInterp *);       /* memory/gc.c: empty generations; before any container is made */
void kr_gc_begin(KrInterp *);     /* the same: everything so far is old; collections may happen from now on */
PyObject *kr_builtins_init(void) KR_NEW_REF;  /* module/builtins.c: the module builtins, without exceptions */
PyObject *kr_sys_init(KrInterp *) KR_NEW_REF; /* module/sys.c: the module sys, before streams and paths exist */
int kr_sys_configure(KrInterp *); /* module/sys.c: what depends on interp->config: flags, argv, paths, warnoptions, version */
int kr_warnings_init(KrInterp *); /* runtime/warnings.c */
int kr_import_init(KrInterp *);   /* runtime/import.c: importlib bootstrap, external finders */
int kr_signals_init(KrInterp *, int install_handlers); /* module/_signal.c */

/* All of these for interp, whose thread state is current. A message, or NULL when all is well; the exception stays set. */
const char *kr_interp_init(KrInterp *) KR_RUNS_PYTHON;
int kr_import_site(void) KR_MAY_RAISE KR_RUNS_PYTHON;

/* Calls everything that is registered with atexit, also what is registered meanwhile; failures are reported. Forgets all. */
void kr_atexit_run(KrInterp *) KR_RUNS_PYTHON;
void kr_atexit_clear(KrInterp *) KR_RUNS_PYTHON;
/* threading._shutdown(): waits for non-daemon threads. */
void kr_wait_for_threads(void) KR_RUNS_PYTHON;
/* Takes the modules apart. */
void kr_finalize_modules(KrInterp *) KR_RUNS_PYTHON;

/* Ends every sub-interpreter that has no thread running. */
void kr_subinterps_end(void) KR_RUNS_PYTHON;
/* After a fork from the main interpreter: the others are gone, as their threads are. */
void kr_subinterps_forget(void);
/* Makes the calling OS thread's state in the main interpreter current; false when it has none. */
bool kr_enter_main_interp(void);

/* Py_FinalizeEx(); when the process ends right after it, what nobody can see is left out. 0, -1 when output was lost. */
int kr_finalize(bool process_ends) KR_RUNS_PYTHON;
/* Shutdown, in the reverse sense; each tolerates being called when its part never came up. */
void kr_gc_fini(KrInterp *);
void kr_gc_abandon(KrInterp *);
void kr_exceptions_fini(KrInterp *);
void kr_unicode_fini(KrInterp *);
void kr_number_fini(KrInterp *);
void kr_container_fini(KrInterp *);

#endif
