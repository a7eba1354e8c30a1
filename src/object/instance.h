/* instance.h - where the attributes of an instance of a Python class live.
 *
 * A class with Py_TPFLAGS_MANAGED_DICT puts 16 bytes before the collector's head of each instance:
 *
 *     [ PyDictValues *values | PyObject *dict ][ KrGCHead ][ PyObject ... ][ room for values ]
 *
 * Invariant: at most one of the two is non-NULL. Fresh: values in the instance's own room, which is for as many names as the class had when
 * the instance was made; both NULL when that was none, or when there were too many to share. First attribute: values (indices are the class's shared keys, ht_cached_keys).
 * Values that the room is too small for move to a block of their own. When __dict__ is asked for, or the shared keys are full: dict takes over the values
 * (it is split over the shared keys until something forces it apart) and values becomes NULL.
 */
#ifndef KRAIT_INSTANCE_H
#define KRAIT_INSTANCE_H
#include "object/dict.h"

KR_INLINE PyDictValues **kr_instance_values_ptr(PyObject *o) { return (PyDictValues **)o - 4; }
KR_INLINE PyObject **kr_instance_dict_ptr(PyObject *o) { return (PyObject **)o - 3; }
KR_INLINE bool kr_has_managed_dict(PyObject *o) { return Py_TYPE(o)->tp_flags & Py_TPFLAGS_MANAGED_DICT; }

/* o's __dict__ (making it), for managed and tp_dictoffset objects alike; NULL without exception if the type has none. */
PyObject *kr_object_dict(PyObject *o) KR_BORROWED KR_MAY_RAISE;
/* The address of the dict pointer, after turning values into a dict; NULL without an exception when the type has none. */
PyObject **kr_object_dict_ptr(PyObject *o) KR_MAY_RAISE;
/* The attribute in o's own storage only (values or dict), NULL without exception when absent. */
PyObject *kr_instance_get(PyObject *o, PyObject *name) KR_NEW_REF KR_MAY_RAISE;
/* Stores (value borrowed; NULL deletes: -1 with AttributeError/KeyError-free -2 when absent). */
int kr_instance_set(PyObject *o, PyObject *name, PyObject *value) KR_MAY_RAISE;
/* For tp_traverse / tp_clear / tp_dealloc of managed instances. */
int kr_instance_traverse(PyObject *o, visitproc visit, void *arg);
void kr_instance_clear(PyObject *o);

#endif
