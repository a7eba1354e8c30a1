/* audit.h - audit hooks (PEP 578) beside the public PySys_Audit and PySys_AddAuditHook. */
#ifndef KRAIT_AUDIT_H
#define KRAIT_AUDIT_H
#include "krait.h"

/* Whether anybody listens: events whose arguments cost something to make are made only then. */
KR_INLINE bool kr_audited(void) { return kr_runtime.process.audit_hooks || kr_interp()->runtime.audit_hook_list; }
/* Passes an event with its tuple of arguments to the hooks; -1 with the exception of one that refuses. */
int kr_audit(const char *event, PyObject *args) KR_MAY_RAISE KR_RUNS_PYTHON;
/* Adds a callable for this interpreter. The hooks there are may refuse: by an Exception silently. */
int kr_audit_add(PyObject *hook) KR_MAY_RAISE KR_RUNS_PYTHON;
/* Shutdown: tells the hooks, who can't refuse, and forgets those of the process. */
void kr_audit_clear(void) KR_RUNS_PYTHON;

#endif
