/* descr.h - what the descriptors of C types share; see descr.c. */
#ifndef KRAIT_DESCR_H
#define KRAIT_DESCR_H
#include "object/container.h"

/* A descriptor of `kind` for an attribute of type, its own fields zeroed, already tracked. */
PyObject *kr_descr_new(PyTypeObject *kind, PyTypeObject *type, const char *name) KR_NEW_REF KR_MAY_RAISE;
/* The same with an interned name; NULL stays NULL. */
PyObject *kr_descr_new_named(PyTypeObject *kind, PyTypeObject *type, PyObject *name) KR_NEW_REF KR_MAY_RAISE;
/* TypeError: obj is no instance of the descriptor's type. NULL. */
PyObject *kr_descr_mismatch(PyObject *descr, PyObject *obj) KR_MAY_RAISE;
/* Whether obj is an instance of the descriptor's type, with TypeError if not. */
KR_INLINE bool kr_descr_check(PyObject *descr, PyObject *obj) {
    if (KR_UNLIKELY(PyUnicode_Check(obj) && PyUnicode_READY(obj) < 0)) return false;    /* unicode_legacy.c */
    return KR_LIKELY(PyObject_TypeCheck(obj, PyDescr_TYPE(descr))) || kr_descr_mismatch(descr, obj);
}

/* Parts of the types. */
void kr_descr_dealloc(PyObject *self);
int kr_descr_traverse(PyObject *self, visitproc visit, void *arg);
PyObject *kr_descr_get_qualname(PyObject *self, void *closure) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_descr_reduce(PyObject *self, PyObject *unused) KR_NEW_REF KR_MAY_RAISE;
extern PyMemberDef kr_descr_members[];      /* __objclass__, __name__ */
extern PyMethodDef kr_descr_methods[];      /* __reduce__ */
/* "<what 'name' of 'type' objects>". */
PyObject *kr_descr_repr(PyObject *self, const char *what) KR_NEW_REF KR_MAY_RAISE;

/* The getter of an exact property, NULL if it has none; what a staticmethod or classmethod wraps. For attribute caches. */
PyObject *kr_property_getter(PyObject *property) KR_BORROWED;
PyObject *kr_static_wrapped(PyObject *method) KR_BORROWED;

/* Runs a slot wrapper on self, which is known to fit it, with the other arguments. */
PyObject *kr_wrapper_call_slot(PyWrapperDescrObject *d, PyObject *self, PyObject *args, PyObject *kwargs) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;

#endif
