/* generator.h - what the loop needs of generators, coroutines and asynchronous generators. */
#ifndef KRAIT_GENERATOR_H
#define KRAIT_GENERATOR_H
#include "vm/frame.h"

/* Calling a generator function, coroutine function or asynchronous generator function: the object, its frame inside it. */
PyObject *kr_gen_from_call(PyFunctionObject *, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) KR_NEW_REF KR_MAY_RAISE;
/* What `yield from o` iterates over; a coroutine is TypeError unless the running frame is one too. */
PyObject *kr_gen_yield_from_iter(KrFrame *, PyObject *o) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* The iterator of an awaitable: TypeError "object X can't be used in 'await' expression". */
PyObject *kr_coro_awaitable_iter(PyObject *o) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* The same for an instruction; where: 0 await, 1 result of __aenter__, 2 of __aexit__ (for the message). */
PyObject *kr_coro_get_awaitable(PyObject *o, int where) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* An asynchronous generator's value, marked as such (steals). */
PyObject *kr_asyncgen_wrap(PyObject *value) KR_STEALS(1) KR_NEW_REF KR_MAY_RAISE;
/* object/exceptions_group.c: what an except* statement raises from the original exception and the list of what its clauses
 * raised or left; None for nothing. */
PyObject *kr_exc_prep_reraise_star(PyObject *original, PyObject *excs) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
#endif
