/* support.h - what instructions do that is too long for the loop: one function a job, called by its handler only. */
#ifndef KRAIT_SUPPORT_H
#define KRAIT_SUPPORT_H
#include "vm/frame.h"

/* names; all raise NameError and its kin */
PyObject *kr_vm_load_name(KrFrame *, PyObject *name) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_vm_store_name(KrFrame *, PyObject *name, PyObject *value) KR_MAY_RAISE KR_RUNS_PYTHON; /* NULL value deletes */
PyObject *kr_vm_load_global(KrFrame *, PyObject *name) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_vm_load_classderef(KrFrame *, PyObject *cell, PyObject *name) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_vm_delete_global(KrFrame *, PyObject *name) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_vm_setup_annotations(KrFrame *) KR_MAY_RAISE KR_RUNS_PYTHON;                         /* an empty __annotations__ in the locals if there is none */
PyObject *kr_vm_build_class_function(KrFrame *) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;     /* __build_class__ of the frame's builtins */
void kr_vm_unbound(KrFrame *, int reg);             /* sets UnboundLocalError or NameError for local, cell or free variable `reg` */
/* sequences */
int kr_vm_unpack(PyObject *seq, Py_ssize_t n, PyObject **out) KR_MAY_RAISE KR_RUNS_PYTHON;
/* What a generic operator instruction gives when v's method, in Python, has returned NotImplemented; w's class is v's or a static type. */
PyObject *kr_vm_operator_declined(int op, PyObject *v, PyObject *w) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* o[lo:hi], o[lo:hi] = v */
PyObject *kr_vm_get_slice(PyObject *o, PyObject *lo, PyObject *hi) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_vm_set_slice(PyObject *o, PyObject *lo, PyObject *hi, PyObject *v) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_vm_unpack_ex(PyObject *seq, Py_ssize_t before, Py_ssize_t after, PyObject **out) KR_MAY_RAISE KR_RUNS_PYTHON;
/* From `at` on, n registers (of a map: n pairs); what is in them is released when there is a result. */
PyObject *kr_vm_build_set(PyObject **at, int n) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_vm_build_map(PyObject **at, int n) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_vm_build_string(PyObject **at, int n) KR_NEW_REF KR_MAY_RAISE;
/* MAKE_FUNCTION's operands: what `parts` says, then the code. */
PyObject *kr_vm_make_function(KrFrame *, PyObject **at, int parts) KR_NEW_REF KR_MAY_RAISE;
int kr_vm_list_extend(PyObject *list, PyObject *iterable) KR_MAY_RAISE KR_RUNS_PYTHON;      /* star-unpacking */
int kr_vm_dict_update(PyObject *dict, PyObject *mapping) KR_MAY_RAISE KR_RUNS_PYTHON;       /* dict display */
/* *at += text, both exactly str: in place when nobody else holds the str in *at. On failure *at is NULL. */
int kr_vm_append_str(PyObject **at, PyObject *text) KR_MAY_RAISE;
int kr_vm_dict_merge(PyObject *dict, PyObject *mapping, PyObject *callee) KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_vm_format(PyObject *value, int conversion, PyObject *spec) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_vm_convert(PyObject *value, int conversion) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_vm_call_ex(PyObject *callable, PyObject *args, PyObject *kwargs) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* exceptions */
void kr_vm_raise(PyObject *exc, PyObject *cause) KR_STEALS(1) KR_STEALS(2) KR_RUNS_PYTHON; /* always leaves an exception set */
int kr_vm_exc_matches(PyObject *exc, PyObject *type) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_vm_split_group(PyObject *exc, PyObject *type, PyObject **match, PyObject **rest) KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_vm_get_aiter(PyObject *o) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;             /* for async for */
int kr_vm_enter_with(PyObject *manager, bool is_async, PyObject **exit, PyObject **entered) KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_vm_get_anext(PyObject *it) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;            /* awaitable for its next item */
PyObject *kr_vm_exit_with(PyObject *exit, PyObject *exc) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON; /* exit(type, value, traceback) */
int kr_vm_print_expr(PyObject *value) KR_MAY_RAISE KR_RUNS_PYTHON;                          /* sys.displayhook(value) */
/* imports and matching */
PyObject *kr_vm_import_name(KrFrame *, PyObject *name, PyObject *fromlist, PyObject *level) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_vm_import_from(PyObject *module, PyObject *name) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_vm_import_star(KrFrame *, PyObject *module) KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_vm_match_keys(PyObject *subject, PyObject *keys) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;       /* tuple or None */
PyObject *kr_vm_match_class(PyObject *subject, PyObject *type, Py_ssize_t npos, PyObject *names) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
#endif
