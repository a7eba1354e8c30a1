/* object.h - attribute access and comparison as other parts need them, beyond the public API. */
#ifndef KRAIT_OBJECT_H
#define KRAIT_OBJECT_H
#include "krait.h"

/* PyObject_GenericGetAttr; with suppress, a missing attribute gives NULL without an exception. dict: the object's own
 * attributes, or NULL for the ordinary ones. */
PyObject *kr_object_generic_getattr(PyObject *o, PyObject *name, PyObject *dict, int suppress) KR_NEW_REF KR_MAY_RAISE;
/* PyObject_GetAttr without raising AttributeError: 1 found, 0 not, -1 other error. */
KR_INLINE int kr_object_lookup_attr(PyObject *o, PyObject *name, PyObject **result) { return _PyObject_LookupAttr(o, name, result); }
/* Adds name and obj to the current AttributeError, unless it has them. */
void kr_attribute_error_context(PyObject *o, PyObject *name);

#endif
