/* datetime.h - the methods of the type datetime that are in datetime_make.c. */
#ifndef KRAIT_DATETIME_H
#define KRAIT_DATETIME_H
#include "module/datetime/dt.h"

PyObject *kr_datetime_now(PyObject *cls, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *kr_datetime_utcnow(PyObject *cls, PyObject *unused);
PyObject *kr_datetime_fromtimestamp(PyObject *cls, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *kr_datetime_utcfromtimestamp(PyObject *cls, PyObject *args);
PyObject *kr_datetime_strptime(PyObject *cls, PyObject *args);
PyObject *kr_datetime_combine(PyObject *cls, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *kr_datetime_fromisoformat(PyObject *cls, PyObject *text);
PyObject *kr_datetime_timestamp(PyObject *self, PyObject *unused);
PyObject *kr_datetime_astimezone(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
/* "can't <verb> offset-naive and offset-aware datetimes"; NULL. */
PyObject *kr_datetime_mixed(const char *verb);

#endif
