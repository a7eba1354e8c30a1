/* type_wrap.c - wrappers: the functions behind `slot wrapper` objects such as int.__add__, which call a slot with Python's
 * arguments; and __new__ of C types.
 *
 * A wrapper gets self (checked by the descriptor to be of the right type), the argument tuple and the slot's function.
 */
#include "object/type_wrap.h"

static bool has_args(PyObject *args, Py_ssize_t n) {
    if (!PyTuple_CheckExact(args)) {
        PyErr_SetString(PyExc_SystemError, "PyArg_UnpackTuple() argument list is not a tuple");
        return false;
    }
    if (PyTuple_GET_SIZE(args) == n)
        return true;
    PyErr_Format(PyExc_TypeError, "expected %zd argument%s, got %zd", n, n == 1 ? "" : "s", PyTuple_GET_SIZE(args));
    return false;
}
#define ARG(i) PyTuple_GET_ITEM(args, i)

/* Result of a function that gives -1 on error and otherwise nothing. */
static PyObject *none_or_error(int r) { return r < 0 && PyErr_Occurred() ? NULL : Py_NewRef(Py_None); }

PyObject *kr_wrap_lenfunc(PyObject *self, PyObject *args, void *f) {
    if (!has_args(args, 0))
        return NULL;
    Py_ssize_t n = ((lenfunc)f)(self);
    return n < 0 && PyErr_Occurred() ? NULL : PyLong_FromSsize_t(n);
}

PyObject *kr_wrap_inquiry(PyObject *self, PyObject *args, void *f) {
    if (!has_args(args, 0))
        return NULL;
    int r = ((inquiry)f)(self);
    return r == -1 && PyErr_Occurred() ? NULL : PyBool_FromLong(r);
}

PyObject *kr_wrap_unary(PyObject *self, PyObject *args, void *f) { return has_args(args, 0) ? ((unaryfunc)f)(self) : NULL; }
PyObject *kr_wrap_binary(PyObject *self, PyObject *args, void *f) { return has_args(args, 1) ? ((binaryfunc)f)(self, ARG(0)) : NULL; }
PyObject *kr_wrap_binary_l(PyObject *self, PyObject *args, void *f) { return kr_wrap_binary(self, args, f); }
PyObject *kr_wrap_binary_r(PyObject *self, PyObject *args, void *f) { return has_args(args, 1) ? ((binaryfunc)f)(ARG(0), self) : NULL; }

PyObject *kr_wrap_ternary(PyObject *self, PyObject *args, void *f) {
    PyObject *other, *third = Py_None;
    return PyArg_UnpackTuple(args, "", 1, 2, &other, &third) ? ((ternaryfunc)f)(self, other, third) : NULL;
}
PyObject *kr_wrap_ternary_r(PyObject *self, PyObject *args, void *f) {
    PyObject *other, *third = Py_None;
    return PyArg_UnpackTuple(args, "", 1, 2, &other, &third) ? ((ternaryfunc)f)(other, self, third) : NULL;
}

PyObject *kr_wrap_indexarg(PyObject *self, PyObject *args, void *f) {
    PyObject *o;
    if (!PyArg_UnpackTuple(args, "", 1, 1, &o))
        return NULL;
    Py_ssize_t i = PyNumber_AsSsize_t(o, PyExc_OverflowError);
    return i == -1 && PyErr_Occurred() ? NULL : ((ssizeargfunc)f)(self, i);
}

/* An index for sq_item and sq_ass_item, counted from the end when negative; -1 with an exception set. */
static Py_ssize_t sequence_index(PyObject *self, PyObject *o) {
    Py_ssize_t i = PyNumber_AsSsize_t(o, PyExc_OverflowError);
    if (i == -1 && PyErr_Occurred())
        return -1;
    PySequenceMethods *m = Py_TYPE(self)->tp_as_sequence;
    if (i < 0 && m != NULL && m->sq_length != NULL) {
        Py_ssize_t n = m->sq_length(self);
        if (n < 0)
            return -1;
        i += n;
    }
    return i;
}

PyObject *kr_wrap_sq_item(PyObject *self, PyObject *args, void *f) {
    if (!has_args(args, 1))
        return NULL;
    Py_ssize_t i = sequence_index(self, ARG(0));
    return i == -1 && PyErr_Occurred() ? NULL : ((ssizeargfunc)f)(self, i);
}
PyObject *kr_wrap_sq_setitem(PyObject *self, PyObject *args, void *f) {
    PyObject *index, *value;
    if (!PyArg_UnpackTuple(args, "", 2, 2, &index, &value))
        return NULL;
    Py_ssize_t i = sequence_index(self, index);
    return i == -1 && PyErr_Occurred() ? NULL : none_or_error(((ssizeobjargproc)f)(self, i, value));
}
PyObject *kr_wrap_sq_delitem(PyObject *self, PyObject *args, void *f) {
    if (!has_args(args, 1))
        return NULL;
    Py_ssize_t i = sequence_index(self, ARG(0));
    return i == -1 && PyErr_Occurred() ? NULL : none_or_error(((ssizeobjargproc)f)(self, i, NULL));
}

PyObject *kr_wrap_contains(PyObject *self, PyObject *args, void *f) {
    if (!has_args(args, 1))
        return NULL;
    int r = ((objobjproc)f)(self, ARG(0));
    return r == -1 && PyErr_Occurred() ? NULL : PyBool_FromLong(r);
}
PyObject *kr_wrap_setitem(PyObject *self, PyObject *args, void *f) {
    PyObject *key, *value;
    return PyArg_UnpackTuple(args, "", 2, 2, &key, &value) ? none_or_error(((objobjargproc)f)(self, key, value)) : NULL;
}
PyObject *kr_wrap_delitem(PyObject *self, PyObject *args, void *f) {
    return has_args(args, 1) ? none_or_error(((objobjargproc)f)(self, ARG(0), NULL)) : NULL;
}

/* Keeps object.__setattr__(C, ...) and the like from going round a C type's own tp_setattro: between the type whose slot is in force and
 * the one whose slot is called there may only be Python classes. */
static bool may_apply(PyObject *self, setattrofunc f, const char *what) {
    PyTypeObject *t = Py_TYPE(self), *base = t;
    if (t->tp_mro == NULL)
        return true;
    for (Py_ssize_t i = PyTuple_GET_SIZE(t->tp_mro); --i >= 0;) {
        PyTypeObject *b = (PyTypeObject *)PyTuple_GET_ITEM(t->tp_mro, i);
        if (b->tp_setattro != kr_slot_setattro && b->tp_setattro == t->tp_setattro) {
            base = b;
            break;
        }
    }
    for (; base != NULL && base->tp_setattro != f; base = base->tp_base)
        if (base->tp_setattro != kr_slot_setattro) {
            PyErr_Format(PyExc_TypeError, "can't apply this %s to %s object", what, t->tp_name);
            return false;
        }
    return true;
}

PyObject *kr_wrap_setattr(PyObject *self, PyObject *args, void *f) {
    PyObject *name, *value;
    if (!PyArg_UnpackTuple(args, "", 2, 2, &name, &value) || !may_apply(self, (setattrofunc)f, "__setattr__"))
        return NULL;
    return none_or_error(((setattrofunc)f)(self, name, value));
}
PyObject *kr_wrap_delattr(PyObject *self, PyObject *args, void *f) {
    if (!has_args(args, 1) || !may_apply(self, (setattrofunc)f, "__delattr__"))
        return NULL;
    return none_or_error(((setattrofunc)f)(self, ARG(0), NULL));
}

PyObject *kr_wrap_hash(PyObject *self, PyObject *args, void *f) {
    if (!has_args(args, 0))
        return NULL;
    Py_hash_t h = ((hashfunc)f)(self);
    return h == -1 && PyErr_Occurred() ? NULL : PyLong_FromSsize_t(h);
}
PyObject *kr_wrap_call(PyObject *self, PyObject *args, void *f, PyObject *kwds) { return ((ternaryfunc)f)(self, args, kwds); }
PyObject *kr_wrap_del(PyObject *self, PyObject *args, void *f) {
    if (!has_args(args, 0))
        return NULL;
    ((destructor)f)(self);
    Py_RETURN_NONE;
}

#define KR_WRAP_COMPARE(name, op)                                                   \
    PyObject *kr_wrap_##name(PyObject *self, PyObject *args, void *f) {             \
        return has_args(args, 1) ? ((richcmpfunc)f)(self, ARG(0), op) : NULL;       \
    }
KR_WRAP_COMPARE(lt, Py_LT)
KR_WRAP_COMPARE(le, Py_LE)
KR_WRAP_COMPARE(eq, Py_EQ)
KR_WRAP_COMPARE(ne, Py_NE)
KR_WRAP_COMPARE(gt, Py_GT)
KR_WRAP_COMPARE(ge, Py_GE)

PyObject *kr_wrap_next(PyObject *self, PyObject *args, void *f) {
    if (!has_args(args, 0))
        return NULL;
    PyObject *r = ((iternextfunc)f)(self);
    if (r == NULL && !PyErr_Occurred())
        PyErr_SetNone(PyExc_StopIteration);
    return r;
}

PyObject *kr_wrap_descr_get(PyObject *self, PyObject *args, void *f) {
    PyObject *o, *t = NULL;
    if (!PyArg_UnpackTuple(args, "", 1, 2, &o, &t))
        return NULL;
    if (o == Py_None)
        o = NULL;
    if (t == Py_None)
        t = NULL;
    if (o == NULL && t == NULL) {
        PyErr_SetString(PyExc_TypeError, "__get__(None, None) is invalid");
        return NULL;
    }
    return ((descrgetfunc)f)(self, o, t);
}
PyObject *kr_wrap_descr_set(PyObject *self, PyObject *args, void *f) {
    PyObject *o, *value;
    return PyArg_UnpackTuple(args, "", 2, 2, &o, &value) ? none_or_error(((descrsetfunc)f)(self, o, value)) : NULL;
}
PyObject *kr_wrap_descr_delete(PyObject *self, PyObject *args, void *f) {
    return has_args(args, 1) ? none_or_error(((descrsetfunc)f)(self, ARG(0), NULL)) : NULL;
}
PyObject *kr_wrap_init(PyObject *self, PyObject *args, void *f, PyObject *kwds) {
    return ((initproc)f)(self, args, kwds) < 0 ? NULL : Py_NewRef(Py_None);
}

/* ------------------------------------------------------------------ __new__ */

/* __new__ of a C type: `self` is the type whose tp_new is called, args[0] the class to make an instance of. */
PyObject *kr_new_wrapper(PyObject *self, PyObject *args, PyObject *kwds) {
    if (self == NULL || !PyType_Check(self)) {
        PyErr_SetString(PyExc_SystemError, "__new__() called with non-type 'self'");
        return NULL;
    }
    PyTypeObject *t = (PyTypeObject *)self;
    if (PyTuple_GET_SIZE(args) < 1) {
        PyErr_Format(PyExc_TypeError, "%s.__new__(): not enough arguments", t->tp_name);
        return NULL;
    }
    PyTypeObject *sub = (PyTypeObject *)ARG(0);
    if (!PyType_Check(sub)) {
        PyErr_Format(PyExc_TypeError, "%s.__new__(X): X is not a type object (%s)", t->tp_name, Py_TYPE(sub)->tp_name);
        return NULL;
    }
    if (!PyType_IsSubtype(sub, t)) {
        PyErr_Format(PyExc_TypeError, "%s.__new__(%s): %s is not a subtype of %s", t->tp_name, sub->tp_name, sub->tp_name, t->tp_name);
        return NULL;
    }
    /* The C layout must be set up by the most derived C type's own tp_new. */
    PyTypeObject *c = sub;
    while (c != NULL && c->tp_new == kr_slot_new)
        c = c->tp_base;
    if (c != NULL && c->tp_new != t->tp_new) {
        PyErr_Format(PyExc_TypeError, "%s.__new__(%s) is not safe, use %s.__new__()", t->tp_name, sub->tp_name, c->tp_name);
        return NULL;
    }
    PyObject *rest = PyTuple_GetSlice(args, 1, PyTuple_GET_SIZE(args));
    if (rest == NULL)
        return NULL;
    PyObject *r = t->tp_new(sub, rest, kwds);
    Py_DECREF(rest);
    return r;
}
