/* bootstrap.h - the modules that import itself is made of. */
#ifndef KRAIT_BOOTSTRAP_H
#define KRAIT_BOOTSTRAP_H
#include "krait.h"
/* Runs the standard library's module `source_name` (importlib._bootstrap ...) as sys.modules[as_name], without import. */
PyObject *kr_bootstrap_module(const char *source_name, const char *as_name) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
#endif
