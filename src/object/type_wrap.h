/* type_wrap.h - the wrapper functions that the slot table names; see type_wrap.c. */
#ifndef KRAIT_TYPE_WRAP_H
#define KRAIT_TYPE_WRAP_H
#include "object/type.h"

#define KR_WRAP(name) PyObject *kr_wrap_##name(PyObject *self, PyObject *args, void *f);
#define KR_WRAP_KEYWORDS(name) PyObject *kr_wrap_##name(PyObject *self, PyObject *args, void *f, PyObject *kwds);
KR_WRAP(lenfunc) KR_WRAP(inquiry) KR_WRAP(unary) KR_WRAP(binary) KR_WRAP(binary_l) KR_WRAP(binary_r)
KR_WRAP(ternary) KR_WRAP(ternary_r) KR_WRAP(indexarg) KR_WRAP(sq_item) KR_WRAP(sq_setitem) KR_WRAP(sq_delitem)
KR_WRAP(contains) KR_WRAP(setitem) KR_WRAP(delitem) KR_WRAP(setattr) KR_WRAP(delattr) KR_WRAP(hash) KR_WRAP(del)
KR_WRAP(lt) KR_WRAP(le) KR_WRAP(eq) KR_WRAP(ne) KR_WRAP(gt) KR_WRAP(ge) KR_WRAP(next)
KR_WRAP(descr_get) KR_WRAP(descr_set) KR_WRAP(descr_delete)
KR_WRAP_KEYWORDS(call) KR_WRAP_KEYWORDS(init)
#undef KR_WRAP
#undef KR_WRAP_KEYWORDS

int kr_slot_setattro(PyObject *self, PyObject *name, PyObject *value);

#endif
