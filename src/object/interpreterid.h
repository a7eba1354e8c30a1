/* interpreterid.h - InterpreterID, and what identifiers of interpreters and channels have in common.
 *
 * The names with an underscore are exported by CPython, in no public header. */
#ifndef KRAIT_INTERPRETERID_H
#define KRAIT_INTERPRETERID_H
#include "krait.h"

PyAPI_DATA(PyTypeObject) _PyInterpreterID_Type;
PyAPI_FUNC(PyObject *) _PyInterpreterID_New(int64_t id) KR_NEW_REF KR_MAY_RAISE;
PyAPI_FUNC(PyObject *) _PyInterpreterState_GetIDObject(PyInterpreterState *) KR_NEW_REF KR_MAY_RAISE;
/* The interpreter that an InterpreterID or int stands for; RuntimeError when there is none. */
PyAPI_FUNC(PyInterpreterState *) _PyInterpreterID_LookUp(PyObject *) KR_MAY_RAISE;
PyAPI_FUNC(PyInterpreterState *) _PyInterpreterState_LookUpID(int64_t id) KR_MAY_RAISE;

/* Counts the objects that stand for an interpreter. The last one ends it (runtime/subinterp.c), if it asks for that and nothing runs in
 * it: the interpreter may be gone after IDDecref. */
PyAPI_FUNC(int) _PyInterpreterState_IDInitref(PyInterpreterState *);
PyAPI_FUNC(int) _PyInterpreterState_IDIncref(PyInterpreterState *);
PyAPI_FUNC(void) _PyInterpreterState_IDDecref(PyInterpreterState *) KR_RUNS_PYTHON;

/* An integer as an ID: 1, or 0 with TypeError, OverflowError, ValueError. `what` begins the messages. */
int kr_id_from_object(PyObject *o, const char *what, int64_t *id) KR_MAY_RAISE;
/* tp_richcompare of an ID with something else. */
PyObject *kr_id_compare(int64_t id, PyObject *other, int op) KR_NEW_REF KR_MAY_RAISE;

#endif
