/* errors.h - the error indicator as whole exception objects, and what no public header declares. */
#ifndef KRAIT_ERRORS_H
#define KRAIT_ERRORS_H
#include "krait.h"

/* Takes the current exception: its normalised instance with its traceback in __traceback__; NULL if there is none. */
PyObject *kr_err_fetch(void) KR_NEW_REF;
/* Makes a normalised instance the current exception again, taking it over. No context is added. */
void kr_err_restore(PyObject *e) KR_STEALS(1);
/* Raises an instance, taking it over; the exception being handled becomes its context. */
void kr_err_set_instance(PyObject *e) KR_STEALS(1);
/* object/exceptions.c: a MemoryError from a store, so without allocating; NULL without an exception when that is empty. */
PyObject *kr_memory_error(void) KR_NEW_REF;
/* unraisable.c: the type of sys.unraisablehook's argument. */
PyTypeObject *kr_unraisable_type(void) KR_BORROWED KR_MAY_RAISE;
PyAPI_FUNC(PyObject *) _PyErr_WriteUnraisableDefaultHook(PyObject *args);

/* The same as the functions without underscore, for a given thread state. */
PyAPI_FUNC(void) _PyErr_Restore(PyThreadState *, PyObject *type, PyObject *value, PyObject *tb);
PyAPI_FUNC(void) _PyErr_Fetch(PyThreadState *, PyObject **type, PyObject **value, PyObject **tb);
PyAPI_FUNC(void) _PyErr_Clear(PyThreadState *);
PyAPI_FUNC(void) _PyErr_SetObject(PyThreadState *, PyObject *type, PyObject *value);
PyAPI_FUNC(void) _PyErr_SetNone(PyThreadState *, PyObject *type);
PyAPI_FUNC(void) _PyErr_SetString(PyThreadState *, PyObject *type, const char *text);
PyAPI_FUNC(PyObject *) _PyErr_Format(PyThreadState *, PyObject *type, const char *format, ...);
PyAPI_FUNC(PyObject *) _PyErr_FormatFromCauseTstate(PyThreadState *, PyObject *type, const char *format, ...);
PyAPI_FUNC(int) _PyErr_ExceptionMatches(PyThreadState *, PyObject *classes);
PyAPI_FUNC(void) _PyErr_NormalizeException(PyThreadState *, PyObject **type, PyObject **value, PyObject **tb);
PyAPI_FUNC(PyObject *) _PyErr_NoMemory(PyThreadState *);
PyAPI_FUNC(PyObject *) _PyErr_StackItemToExcInfoTuple(_PyErr_StackItem *);
PyAPI_FUNC(void) _PyErr_ChainStackItem(_PyErr_StackItem *);
PyAPI_FUNC(PyObject *) PyErr_ProgramText(const char *filename, int lineno);

#endif
