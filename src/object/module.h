/* module.h - the insides of module objects.
 *
 * md_dict is the module's namespace; NULL only before __new__ is done and after the collector cleared the module.
 * md_def is the C module's definition (borrowed: definitions live for ever), NULL for Python modules.
 * md_state is the block of md_def->m_size bytes, owned, NULL until the module is created (single-phase) or executed.
 */
#ifndef KRAIT_MODULE_H
#define KRAIT_MODULE_H
#include "krait.h"

typedef struct {
    PyObject_HEAD
    PyObject *md_dict;
    PyModuleDef *md_def;
    void *md_state;
    PyObject *md_weaklist;
    PyObject *md_name;
} KrModule;
#define KR_MODULE_OBJECT(o) ((KrModule *)(o))

/* The namespace of any module object, borrowed; what the interpreter loop's attribute caches look into. */
KR_INLINE PyObject *kr_module_dict(PyObject *m) { return KR_MODULE_OBJECT(m)->md_dict; }
/* An attribute without the AttributeError for a missing one. 1: *result is a new reference; 0: there is none; 2: only the module's own
 * __getattr__ can tell; -1. */
int kr_module_lookup(PyObject *self, PyObject *name, PyObject **result) KR_MAY_RAISE KR_RUNS_PYTHON;

#endif
