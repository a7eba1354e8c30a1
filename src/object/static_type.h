/* static_type.h - what a static type has of its own in each interpreter: the classes below it and the weak references to it.
 *
 * Static types are shared by all interpreters, classes are not: a class of one interpreter must not be found by another from a base they
 * share. So tp_subclasses of a static type names static types only, and its tp_weaklist stays empty; the rest is in the interpreter. */
#ifndef KRAIT_STATIC_TYPE_H
#define KRAIT_STATIC_TYPE_H
#include "krait.h"

typedef struct KrStaticType {
    PyTypeObject *type;
    PyObject *subclasses;       /* as tp_subclasses of a class: address -> weak reference; NULL: none */
    PyObject *weaklist;         /* first weak reference to the type */
} KrStaticType;

KR_INLINE bool kr_is_static_type(PyObject *o) { return PyType_Check(o) && !(((PyTypeObject *)o)->tp_flags & Py_TPFLAGS_HEAPTYPE); }

/* The interpreter's record of a static type, which stays where it is; NULL when there is none. */
KrStaticType *kr_static_type_find(KrInterp *, PyTypeObject *);
/* The same in the current interpreter, made when there is none. */
KrStaticType *kr_static_type_get(PyTypeObject *) KR_MAY_RAISE;
/* Interpreter's end: drops all records. Weak references that are left are dead then. */
void kr_static_types_fini(KrInterp *);

#endif
