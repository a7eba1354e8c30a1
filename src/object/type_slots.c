/* type_slots.c - special methods and slots: the table, the slot functions that call Python methods, keeping slots true.
 *
 * kr_slotdefs is the one list: a row says which special method goes with which slot (an offset in PyHeapTypeObject), the slot function that
 * looks the method up and calls it, and the wrapper for the other direction. Rows of the same slot are
 * neighbours (a group); a method may have rows for several slots (__getitem__: mapping and sequence). name_strobj is filled in
 * once, at start-up; the table is constant after that.
 *
 * A slot of a Python class is *specific* when everything its methods resolve to is the wrapper of one C function:
 * then the slot is that function itself. Otherwise it is the row's slot function, or NULL when no method exists.
 * The invariant "slots say what the MRO says" is kept by kr_slots_fill when the class is made, by kr_slots_update when an
 * attribute is assigned, and by kr_slots_update_all when bases change. A class has its base's slots but for
 * the methods of the classes in its MRO that are not in the base's, so only those are looked at.
 */
#include "object/type_wrap.h"
#include "object/object.h"

/* ------------------------------------------------------------------ calling special methods */

/* Calls a method found by kr_lookup_special_method with args (args[0] is self), and lets go of it. */
static PyObject *call_found(PyObject *method, int unbound, PyObject *const *args, Py_ssize_t n) {
    PyObject *r = unbound ? PyObject_Vectorcall(method, args, (size_t)n, NULL)
                          : PyObject_Vectorcall(method, args + 1, (size_t)(n - 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    Py_DECREF(method);
    return r;
}

static PyObject *raise_missing(PyObject *name) {
    if (!PyErr_Occurred())
        PyErr_SetObject(PyExc_AttributeError, name);
    return NULL;
}

/* Calls type(args[0]).name; AttributeError when it has gone. */
static PyObject *call_method(PyObject *name, PyObject *const *args, Py_ssize_t n) {
    int unbound;
    PyObject *method = kr_lookup_special_method(args[0], name, &unbound);
    return method == NULL ? raise_missing(name) : call_found(method, unbound, args, n);
}

/* The same, NotImplemented when there is none. */
static PyObject *call_maybe(PyObject *name, PyObject *const *args, Py_ssize_t n) {
    int unbound;
    PyObject *method = kr_lookup_special_method(args[0], name, &unbound);
    if (method == NULL)
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_NotImplemented);
    return call_found(method, unbound, args, n);
}

static PyObject *call0(PyObject *self, PyObject *name) { return call_method(name, &self, 1); }
static PyObject *call1(PyObject *self, PyObject *name, PyObject *a) {
    PyObject *args[2] = {self, a};
    return call_method(name, args, 2);
}
static PyObject *maybe1(PyObject *self, PyObject *name, PyObject *a) {
    PyObject *args[2] = {self, a};
    return call_maybe(name, args, 2);
}

/* func(first, *args, **kwds); first == NULL: func(*args, **kwds). */
static PyObject *call_prepended(PyObject *func, PyObject *first, PyObject *args, PyObject *kwds) {
    if (first == NULL)
        return PyObject_Call(func, args, kwds);
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    PyObject *small[8], **stack = small;
    if (n + 1 > (Py_ssize_t)KR_ARRAY_LEN(small) && (stack = PyMem_New(PyObject *, n + 1)) == NULL)
        return PyErr_NoMemory();
    stack[0] = first;
    memcpy(stack + 1, &PyTuple_GET_ITEM(args, 0), (size_t)n * sizeof *stack);
    PyObject *r = PyObject_VectorcallDict(func, stack, (size_t)(n + 1), kwds);
    if (stack != small)
        PyMem_Free(stack);
    return r;
}

/* ------------------------------------------------------------------ slot functions: tp_ */

static PyObject *slot_repr(PyObject *self) {
    int unbound;
    PyObject *method = kr_lookup_special_method(self, KR_STR(__repr__), &unbound);
    if (method != NULL)
        return call_found(method, unbound, &self, 1);
    return PyErr_Occurred() ? NULL : PyUnicode_FromFormat("<%s object at %p>", Py_TYPE(self)->tp_name, self);
}
static PyObject *slot_str(PyObject *self) { return call0(self, KR_STR(__str__)); }

static Py_hash_t slot_hash(PyObject *self) {
    int unbound;
    PyObject *method = kr_lookup_special_method(self, KR_STR(__hash__), &unbound);
    if (method == NULL || method == Py_None) {
        Py_XDECREF(method);
        return PyErr_Occurred() ? -1 : PyObject_HashNotImplemented(self);
    }
    PyObject *r = call_found(method, unbound, &self, 1);
    if (r == NULL)
        return -1;
    if (!PyLong_Check(r)) {
        PyErr_SetString(PyExc_TypeError, "__hash__ method should return an integer");
        Py_DECREF(r);
        return -1;
    }
    Py_ssize_t h = PyLong_AsSsize_t(r);
    if (h == -1 && PyErr_Occurred()) {      /* too big: the int's own hash */
        PyErr_Clear();
        h = PyLong_Type.tp_hash(r);
    }
    Py_DECREF(r);
    return h == -1 ? -2 : h;
}

PyObject *kr_slot_call(PyObject *self, PyObject *args, PyObject *kwds) {
    int unbound;
    PyObject *method = kr_lookup_special_method(self, KR_STR(__call__), &unbound);
    if (method == NULL)
        return raise_missing(KR_STR(__call__));
    PyObject *r = call_prepended(method, unbound ? self : NULL, args, kwds);
    Py_DECREF(method);
    return r;
}

PyObject *kr_slot_getattro(PyObject *self, PyObject *name) { return call1(self, KR_STR(__getattribute__), name); }

/* For classes that may have __getattr__: __getattribute__, and if that fails, __getattr__. Takes itself out of the way of a class
 * that has none. */
PyObject *kr_slot_getattr_hook(PyObject *self, PyObject *name) {
    PyTypeObject *t = Py_TYPE(self);
    PyObject *getattr = _PyType_Lookup(t, KR_STR(__getattr__)), *r;
    if (getattr == NULL) {
        t->tp_getattro = kr_slot_getattro;
        return kr_slot_getattro(self, name);
    }
    Py_INCREF(getattr);
    PyObject *getattribute = _PyType_Lookup(t, KR_STR(__getattribute__));
    if (getattribute == NULL || (Py_IS_TYPE(getattribute, &PyWrapperDescr_Type) &&
                                 ((PyWrapperDescrObject *)getattribute)->d_wrapped == (void *)PyObject_GenericGetAttr))
        r = kr_object_generic_getattr(self, name, NULL, 1);
    else if (Py_IS_TYPE(getattribute, &PyWrapperDescr_Type) && PyType_IsSubtype(t, PyDescr_TYPE(getattribute)) &&
             ((PyWrapperDescrObject *)getattribute)->d_base->offset == (int)offsetof(PyHeapTypeObject, ht_type.tp_getattro))
        r = ((getattrofunc)((PyWrapperDescrObject *)getattribute)->d_wrapped)(self, name);      /* type's, of a metaclass with __getattr__ */
    else
        r = kr_slot_getattro(self, name);
    if (r == NULL && (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_AttributeError))) {
        PyErr_Clear();
        descrgetfunc get = Py_TYPE(getattr)->tp_descr_get;
        if (PyType_HasFeature(Py_TYPE(getattr), Py_TPFLAGS_METHOD_DESCRIPTOR)) {
            PyObject *args[2] = {self, name};
            r = PyObject_Vectorcall(getattr, args, 2, NULL);
        } else if (get == NULL) {
            r = PyObject_CallOneArg(getattr, name);
        } else {
            PyObject *bound = get(getattr, self, (PyObject *)t);
            if (bound != NULL) {
                r = PyObject_CallOneArg(bound, name);
                Py_DECREF(bound);
            }
        }
    }
    Py_DECREF(getattr);
    return r;
}

int kr_slot_setattro(PyObject *self, PyObject *name, PyObject *value) {
    PyObject *args[3] = {self, name, value};
    PyObject *r = value == NULL ? call_method(KR_STR(__delattr__), args, 2) : call_method(KR_STR(__setattr__), args, 3);
    Py_XDECREF(r);
    return r == NULL ? -1 : 0;
}

static PyObject *slot_richcompare(PyObject *self, PyObject *other, int op) {
    PyObject *names[] = {KR_STR(__lt__), KR_STR(__le__), KR_STR(__eq__), KR_STR(__ne__), KR_STR(__gt__), KR_STR(__ge__)};
    int unbound;
    PyObject *method = kr_lookup_special_method(self, names[op], &unbound);
    if (method == NULL) {       /* a descriptor's failure counts as no method */
        PyErr_Clear();
        Py_RETURN_NOTIMPLEMENTED;
    }
    PyObject *args[2] = {self, other};
    return call_found(method, unbound, args, 2);
}

static PyObject *slot_iter(PyObject *self) {
    int unbound;
    PyObject *method = kr_lookup_special_method(self, KR_STR(__iter__), &unbound);
    if (method != NULL && method != Py_None)
        return call_found(method, unbound, &self, 1);
    if (method == NULL) {
        if (PyErr_Occurred())
            return NULL;
        method = kr_lookup_special_method(self, KR_STR(__getitem__), &unbound);
        if (method != NULL) {
            Py_DECREF(method);
            return PySeqIter_New(self);
        }
        if (PyErr_Occurred())
            return NULL;
    } else {
        Py_DECREF(method);
    }
    PyErr_Format(PyExc_TypeError, "'%.200s' object is not iterable", Py_TYPE(self)->tp_name);
    return NULL;
}
static PyObject *slot_iternext(PyObject *self) { return call0(self, KR_STR(__next__)); }

static PyObject *slot_descr_get(PyObject *self, PyObject *o, PyObject *type) {
    PyTypeObject *t = Py_TYPE(self);
    PyObject *get = _PyType_Lookup(t, KR_STR(__get__));
    if (get == NULL) {
        if (t->tp_descr_get == slot_descr_get)
            t->tp_descr_get = NULL;
        return Py_NewRef(self);
    }
    PyObject *args[3] = {self, o == NULL ? Py_None : o, type == NULL ? Py_None : type};
    Py_INCREF(get);
    PyObject *r = PyObject_Vectorcall(get, args, 3, NULL);
    Py_DECREF(get);
    return r;
}
static int slot_descr_set(PyObject *self, PyObject *o, PyObject *value) {
    PyObject *args[3] = {self, o, value};
    PyObject *r = value == NULL ? call_method(KR_STR(__delete__), args, 2) : call_method(KR_STR(__set__), args, 3);
    Py_XDECREF(r);
    return r == NULL ? -1 : 0;
}

int kr_slot_init(PyObject *self, PyObject *args, PyObject *kwds) {
    int unbound;
    PyObject *method = kr_lookup_special_method(self, KR_STR(__init__), &unbound);
    if (method == NULL) {
        raise_missing(KR_STR(__init__));
        return -1;
    }
    PyObject *r = call_prepended(method, unbound ? self : NULL, args, kwds);
    Py_DECREF(method);
    if (r == NULL)
        return -1;
    if (r != Py_None) {
        PyErr_Format(PyExc_TypeError, "__init__() should return None, not '%.200s'", Py_TYPE(r)->tp_name);
        Py_DECREF(r);
        return -1;
    }
    Py_DECREF(r);
    return 0;
}

PyObject *kr_slot_new(PyTypeObject *t, PyObject *args, PyObject *kwds) {
    PyObject *f = PyObject_GetAttr((PyObject *)t, KR_STR(__new__));
    if (f == NULL)
        return NULL;
    PyObject *r = call_prepended(f, (PyObject *)t, args, kwds);
    Py_DECREF(f);
    return r;
}

static void slot_finalize(PyObject *self) {
    PyObject *type, *value, *tb;
    PyErr_Fetch(&type, &value, &tb);
    int unbound;
    PyObject *method = kr_lookup_special_method(self, KR_STR(__del__), &unbound);
    if (method != NULL) {
        Py_INCREF(method);
        PyObject *r = call_found(method, unbound, &self, 1);
        if (r == NULL)
            PyErr_WriteUnraisable(method);
        else
            Py_DECREF(r);
        Py_DECREF(method);
    }
    PyErr_Restore(type, value, tb);
}

/* ------------------------------------------------------------------ slot functions: async, containers */

static PyObject *slot_await(PyObject *self) {
    int unbound;
    PyObject *m = kr_lookup_special_method(self, KR_STR(__await__), &unbound);
    if (m != NULL)
        return call_found(m, unbound, &self, 1);
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_AttributeError, "object %.50s does not have __await__ method", Py_TYPE(self)->tp_name);
    return NULL;
}
static PyObject *slot_aiter(PyObject *self) {
    int unbound;
    PyObject *m = kr_lookup_special_method(self, KR_STR(__aiter__), &unbound);
    if (m != NULL)
        return call_found(m, unbound, &self, 1);
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_AttributeError, "object %.50s does not have __aiter__ method", Py_TYPE(self)->tp_name);
    return NULL;
}
static PyObject *slot_anext(PyObject *self) {
    int unbound;
    PyObject *m = kr_lookup_special_method(self, KR_STR(__anext__), &unbound);
    if (m != NULL)
        return call_found(m, unbound, &self, 1);
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_AttributeError, "object %.50s does not have __anext__ method", Py_TYPE(self)->tp_name);
    return NULL;
}

static Py_ssize_t slot_length(PyObject *self) {
    PyObject *r = call0(self, KR_STR(__len__));
    if (r == NULL)
        return -1;
    PyObject *i = PyNumber_Index(r);
    Py_DECREF(r);
    if (i == NULL)
        return -1;
    Py_ssize_t n;
    if (_PyLong_Sign(i) < 0) {
        PyErr_SetString(PyExc_ValueError, "__len__() should return >= 0");
        n = -1;
    } else {
        n = PyNumber_AsSsize_t(i, PyExc_OverflowError);
    }
    Py_DECREF(i);
    return n;
}

static PyObject *slot_sq_item(PyObject *self, Py_ssize_t i) {
    PyObject *index = PyLong_FromSsize_t(i);
    if (index == NULL)
        return NULL;
    PyObject *r = call1(self, KR_STR(__getitem__), index);
    Py_DECREF(index);
    return r;
}

static int slot_mp_ass_subscript(PyObject *self, PyObject *key, PyObject *value) {
    PyObject *args[3] = {self, key, value};
    PyObject *r = value == NULL ? call_method(KR_STR(__delitem__), args, 2) : call_method(KR_STR(__setitem__), args, 3);
    Py_XDECREF(r);
    return r == NULL ? -1 : 0;
}
static int slot_sq_ass_item(PyObject *self, Py_ssize_t i, PyObject *value) {
    PyObject *index = PyLong_FromSsize_t(i);
    if (index == NULL)
        return -1;
    int r = slot_mp_ass_subscript(self, index, value);
    Py_DECREF(index);
    return r;
}
static PyObject *slot_mp_subscript(PyObject *self, PyObject *key) { return call1(self, KR_STR(__getitem__), key); }

static int slot_contains(PyObject *self, PyObject *value) {
    int unbound;
    PyObject *method = kr_lookup_special_method(self, KR_STR(__contains__), &unbound);
    if (method == Py_None) {
        Py_DECREF(method);
        PyErr_Format(PyExc_TypeError, "'%.200s' object is not a container", Py_TYPE(self)->tp_name);
        return -1;
    }
    if (method == NULL)
        return PyErr_Occurred() ? -1 : (int)_PySequence_IterSearch(self, value, PY_ITERSEARCH_CONTAINS);
    PyObject *args[2] = {self, value}, *r = call_found(method, unbound, args, 2);
    if (r == NULL)
        return -1;
    int truth = PyObject_IsTrue(r);
    Py_DECREF(r);
    return truth;
}

/* ------------------------------------------------------------------ slot functions: numbers */

/* Whether other's class has its own idea of the reflected method: then it comes first. */
static int is_overloaded(PyObject *self, PyObject *other, PyObject *name) {
    PyObject *a, *b;
    if (_PyObject_LookupAttr((PyObject *)Py_TYPE(other), name, &b) < 0)
        return -1;
    if (b == NULL)
        return 0;
    if (_PyObject_LookupAttr((PyObject *)Py_TYPE(self), name, &a) < 0) {
        Py_DECREF(b);
        return -1;
    }
    int r = a == NULL ? 1 : PyObject_RichCompareBool(a, b, Py_NE);
    Py_XDECREF(a);
    Py_DECREF(b);
    return r;
}

KR_INLINE bool number_slot_is(PyObject *o, size_t offset, void *f) {
    PyNumberMethods *m = Py_TYPE(o)->tp_as_number;
    return m != NULL && *(void **)((char *)m + offset) == f;
}

/* A binary operation where at least one operand is of a Python class, `f` being its slot function: op and its reflection. */
static PyObject *binary(PyObject *self, PyObject *other, size_t offset, void *f, PyObject *op, PyObject *reflected) {
    bool do_other = Py_TYPE(self) != Py_TYPE(other) && number_slot_is(other, offset, f);
    if (number_slot_is(self, offset, f)) {
        if (do_other && PyType_IsSubtype(Py_TYPE(other), Py_TYPE(self))) {
            int first = is_overloaded(self, other, reflected);
            if (first < 0)
                return NULL;
            if (first) {
                PyObject *r = maybe1(other, reflected, self);
                if (r != Py_NotImplemented)
                    return r;
                Py_DECREF(r);
                do_other = false;
            }
        }
        PyObject *r = maybe1(self, op, other);
        if (r != Py_NotImplemented || Py_TYPE(other) == Py_TYPE(self))
            return r;
        Py_DECREF(r);
    }
    if (do_other)
        return maybe1(other, reflected, self);
    Py_RETURN_NOTIMPLEMENTED;
}

#define KR_BINARY(field, name, reflected)                                                              \
    static PyObject *slot_##field(PyObject *self, PyObject *other) {                                   \
        return binary(self, other, offsetof(PyNumberMethods, field), (void *)slot_##field, KR_STR(name), KR_STR(reflected)); \
    }
#define KR_INPLACE(field, name) \
    static PyObject *slot_##field(PyObject *self, PyObject *other) { return call1(self, KR_STR(name), other); }
#define KR_UNARY(field, name) \
    static PyObject *slot_##field(PyObject *self) { return call0(self, KR_STR(name)); }

KR_BINARY(nb_add, __add__, __radd__)
KR_BINARY(nb_subtract, __sub__, __rsub__)
KR_BINARY(nb_multiply, __mul__, __rmul__)
KR_BINARY(nb_remainder, __mod__, __rmod__)
KR_BINARY(nb_divmod, __divmod__, __rdivmod__)
KR_BINARY(nb_lshift, __lshift__, __rlshift__)
KR_BINARY(nb_rshift, __rshift__, __rrshift__)
KR_BINARY(nb_and, __and__, __rand__)
KR_BINARY(nb_xor, __xor__, __rxor__)
KR_BINARY(nb_or, __or__, __ror__)
KR_BINARY(nb_floor_divide, __floordiv__, __rfloordiv__)
KR_BINARY(nb_true_divide, __truediv__, __rtruediv__)
KR_BINARY(nb_matrix_multiply, __matmul__, __rmatmul__)
KR_INPLACE(nb_inplace_add, __iadd__)
KR_INPLACE(nb_inplace_subtract, __isub__)
KR_INPLACE(nb_inplace_multiply, __imul__)
KR_INPLACE(nb_inplace_remainder, __imod__)
KR_INPLACE(nb_inplace_lshift, __ilshift__)
KR_INPLACE(nb_inplace_rshift, __irshift__)
KR_INPLACE(nb_inplace_and, __iand__)
KR_INPLACE(nb_inplace_xor, __ixor__)
KR_INPLACE(nb_inplace_or, __ior__)
KR_INPLACE(nb_inplace_floor_divide, __ifloordiv__)
KR_INPLACE(nb_inplace_true_divide, __itruediv__)
KR_INPLACE(nb_inplace_matrix_multiply, __imatmul__)
KR_UNARY(nb_negative, __neg__)
KR_UNARY(nb_positive, __pos__)
KR_UNARY(nb_absolute, __abs__)
KR_UNARY(nb_invert, __invert__)
KR_UNARY(nb_int, __int__)
KR_UNARY(nb_float, __float__)
KR_UNARY(nb_index, __index__)

/* Three arguments never use __rpow__, but the slot may be asked because of the second operand's type. */
static PyObject *slot_nb_power(PyObject *self, PyObject *other, PyObject *modulus) {
    if (modulus == Py_None)
        return binary(self, other, offsetof(PyNumberMethods, nb_power), (void *)slot_nb_power, KR_STR(__pow__), KR_STR(__rpow__));
    if (number_slot_is(self, offsetof(PyNumberMethods, nb_power), (void *)slot_nb_power)) {
        PyObject *args[3] = {self, other, modulus};
        return call_method(KR_STR(__pow__), args, 3);
    }
    Py_RETURN_NOTIMPLEMENTED;
}
static PyObject *slot_nb_inplace_power(PyObject *self, PyObject *other, PyObject *modulus) { return call1(self, KR_STR(__ipow__), other); }

static int slot_nb_bool(PyObject *self) {
    int unbound;
    PyObject *method = kr_lookup_special_method(self, KR_STR(__bool__), &unbound);
    if (method == NULL) {
        if (PyErr_Occurred())
            return -1;
        method = kr_lookup_special_method(self, KR_STR(__len__), &unbound);
        if (method == NULL)
            return PyErr_Occurred() ? -1 : 1;
        Py_DECREF(method);
        Py_ssize_t n = slot_length(self);
        return n < 0 ? -1 : n > 0;
    }
    PyObject *r = call_found(method, unbound, &self, 1);
    if (r == NULL)
        return -1;
    int truth = -1;
    if (PyBool_Check(r))
        truth = r == Py_True;
    else
        PyErr_Format(PyExc_TypeError, "__bool__ should return bool, returned %s", Py_TYPE(r)->tp_name);
    Py_DECREF(r);
    return truth;
}

/* ------------------------------------------------------------------ the table */

#define KR_ROW(NAME, FIELD, FUNCTION, WRAPPER, DOC) \
    {NAME, offsetof(PyHeapTypeObject, FIELD), (void *)(FUNCTION), (wrapperfunc)(void (*)(void))(WRAPPER), PyDoc_STR(DOC), 0, NULL},
#define KR_ROW_KEYWORDS(NAME, FIELD, FUNCTION, WRAPPER, DOC)                                                        \
    {NAME, offsetof(PyHeapTypeObject, FIELD), (void *)(FUNCTION), (wrapperfunc)(void (*)(void))(WRAPPER), PyDoc_STR(DOC), \
     PyWrapperFlag_KEYWORDS, NULL},
#define TP(NAME, SLOT, F, W, D) KR_ROW(NAME, ht_type.SLOT, F, W, NAME D)
#define AM(NAME, SLOT, F, D) KR_ROW(NAME, as_async.SLOT, F, kr_wrap_unary, NAME "($self, /)\n--\n\n" D)
#define NB2(NAME, SLOT, OP) KR_ROW(NAME, as_number.SLOT, slot_##SLOT, kr_wrap_binary_l, NAME "($self, value, /)\n--\n\nReturn self" OP "value.")
#define NBR(NAME, SLOT, OP) KR_ROW(NAME, as_number.SLOT, slot_##SLOT, kr_wrap_binary_r, NAME "($self, value, /)\n--\n\nReturn value" OP "self.")
#define NBI(NAME, SLOT, OP) KR_ROW(NAME, as_number.SLOT, slot_##SLOT, kr_wrap_binary, NAME "($self, value, /)\n--\n\nReturn self" OP "value.")
#define NB1(NAME, SLOT, D) KR_ROW(NAME, as_number.SLOT, slot_##SLOT, kr_wrap_unary, NAME "($self, /)\n--\n\n" D)
#define MP(NAME, SLOT, F, W, D) KR_ROW(NAME, as_mapping.SLOT, F, W, NAME D)
#define SQ(NAME, SLOT, F, W, D) KR_ROW(NAME, as_sequence.SLOT, F, W, NAME D)

struct wrapperbase kr_slotdefs[] = {
    TP("__repr__", tp_repr, slot_repr, kr_wrap_unary, "($self, /)\n--\n\nReturn repr(self).")
    TP("__hash__", tp_hash, slot_hash, kr_wrap_hash, "($self, /)\n--\n\nReturn hash(self).")
    KR_ROW_KEYWORDS("__call__", ht_type.tp_call, kr_slot_call, kr_wrap_call, "__call__($self, /, *args, **kwargs)\n--\n\nCall self as a function.")
    TP("__str__", tp_str, slot_str, kr_wrap_unary, "($self, /)\n--\n\nReturn str(self).")
    TP("__getattribute__", tp_getattro, kr_slot_getattr_hook, kr_wrap_binary, "($self, name, /)\n--\n\nReturn getattr(self, name).")
    TP("__getattr__", tp_getattro, kr_slot_getattr_hook, NULL, "")
    TP("__setattr__", tp_setattro, kr_slot_setattro, kr_wrap_setattr, "($self, name, value, /)\n--\n\nImplement setattr(self, name, value).")
    TP("__delattr__", tp_setattro, kr_slot_setattro, kr_wrap_delattr, "($self, name, /)\n--\n\nImplement delattr(self, name).")
    TP("__lt__", tp_richcompare, slot_richcompare, kr_wrap_lt, "($self, value, /)\n--\n\nReturn self<value.")
    TP("__le__", tp_richcompare, slot_richcompare, kr_wrap_le, "($self, value, /)\n--\n\nReturn self<=value.")
    TP("__eq__", tp_richcompare, slot_richcompare, kr_wrap_eq, "($self, value, /)\n--\n\nReturn self==value.")
    TP("__ne__", tp_richcompare, slot_richcompare, kr_wrap_ne, "($self, value, /)\n--\n\nReturn self!=value.")
    TP("__gt__", tp_richcompare, slot_richcompare, kr_wrap_gt, "($self, value, /)\n--\n\nReturn self>value.")
    TP("__ge__", tp_richcompare, slot_richcompare, kr_wrap_ge, "($self, value, /)\n--\n\nReturn self>=value.")
    TP("__iter__", tp_iter, slot_iter, kr_wrap_unary, "($self, /)\n--\n\nImplement iter(self).")
    TP("__next__", tp_iternext, slot_iternext, kr_wrap_next, "($self, /)\n--\n\nImplement next(self).")
    TP("__get__", tp_descr_get, slot_descr_get, kr_wrap_descr_get, "($self, instance, owner=None, /)\n--\n\nReturn an attribute of instance, which is of type owner.")
    TP("__set__", tp_descr_set, slot_descr_set, kr_wrap_descr_set, "($self, instance, value, /)\n--\n\nSet an attribute of instance to value.")
    TP("__delete__", tp_descr_set, slot_descr_set, kr_wrap_descr_delete, "($self, instance, /)\n--\n\nDelete an attribute of instance.")
    KR_ROW_KEYWORDS("__init__", ht_type.tp_init, kr_slot_init, kr_wrap_init, "__init__($self, /, *args, **kwargs)\n--\n\nInitialize self.  See help(type(self)) for accurate signature.")
    TP("__new__", tp_new, kr_slot_new, NULL, "(type, /, *args, **kwargs)\n--\n\nMake a new object of the class.")
    TP("__del__", tp_finalize, slot_finalize, kr_wrap_del, "")

    AM("__await__", am_await, slot_await, "Return an iterator to be used in await expression.")
    AM("__aiter__", am_aiter, slot_aiter, "Return an awaitable, that resolves in asynchronous iterator.")
    AM("__anext__", am_anext, slot_anext, "Return a value or raise StopAsyncIteration.")

    NB2("__add__", nb_add, "+") NBR("__radd__", nb_add, "+")
    NB2("__sub__", nb_subtract, "-") NBR("__rsub__", nb_subtract, "-")
    NB2("__mul__", nb_multiply, "*") NBR("__rmul__", nb_multiply, "*")
    NB2("__mod__", nb_remainder, "%") NBR("__rmod__", nb_remainder, "%")
    KR_ROW("__divmod__", as_number.nb_divmod, slot_nb_divmod, kr_wrap_binary_l, "__divmod__($self, value, /)\n--\n\nReturn divmod(self, value).")
    KR_ROW("__rdivmod__", as_number.nb_divmod, slot_nb_divmod, kr_wrap_binary_r, "__rdivmod__($self, value, /)\n--\n\nReturn divmod(value, self).")
    KR_ROW("__pow__", as_number.nb_power, slot_nb_power, kr_wrap_ternary, "__pow__($self, value, mod=None, /)\n--\n\nReturn pow(self, value, mod).")
    KR_ROW("__rpow__", as_number.nb_power, slot_nb_power, kr_wrap_ternary_r, "__rpow__($self, value, mod=None, /)\n--\n\nReturn pow(value, self, mod).")
    NB1("__neg__", nb_negative, "-self") NB1("__pos__", nb_positive, "+self") NB1("__abs__", nb_absolute, "abs(self)")
    KR_ROW("__bool__", as_number.nb_bool, slot_nb_bool, kr_wrap_inquiry, "__bool__($self, /)\n--\n\nTrue if self else False")
    NB1("__invert__", nb_invert, "~self")
    NB2("__lshift__", nb_lshift, "<<") NBR("__rlshift__", nb_lshift, "<<")
    NB2("__rshift__", nb_rshift, ">>") NBR("__rrshift__", nb_rshift, ">>")
    NB2("__and__", nb_and, "&") NBR("__rand__", nb_and, "&")
    NB2("__xor__", nb_xor, "^") NBR("__rxor__", nb_xor, "^")
    NB2("__or__", nb_or, "|") NBR("__ror__", nb_or, "|")
    NB1("__int__", nb_int, "int(self)") NB1("__float__", nb_float, "float(self)")
    NBI("__iadd__", nb_inplace_add, "+=") NBI("__isub__", nb_inplace_subtract, "-=")
    NBI("__imul__", nb_inplace_multiply, "*=") NBI("__imod__", nb_inplace_remainder, "%=")
    KR_ROW("__ipow__", as_number.nb_inplace_power, slot_nb_inplace_power, kr_wrap_ternary, "__ipow__($self, value, /)\n--\n\nReturn self**=value.")
    NBI("__ilshift__", nb_inplace_lshift, "<<=") NBI("__irshift__", nb_inplace_rshift, ">>=")
    NBI("__iand__", nb_inplace_and, "&=") NBI("__ixor__", nb_inplace_xor, "^=") NBI("__ior__", nb_inplace_or, "|=")
    NB2("__floordiv__", nb_floor_divide, "//") NBR("__rfloordiv__", nb_floor_divide, "//")
    NB2("__truediv__", nb_true_divide, "/") NBR("__rtruediv__", nb_true_divide, "/")
    NBI("__ifloordiv__", nb_inplace_floor_divide, "//=") NBI("__itruediv__", nb_inplace_true_divide, "/=")
    NB1("__index__", nb_index, "Return self converted to an integer, if self is suitable for use as an index into a list.")
    NB2("__matmul__", nb_matrix_multiply, "@") NBR("__rmatmul__", nb_matrix_multiply, "@")
    NBI("__imatmul__", nb_inplace_matrix_multiply, "@=")

    MP("__len__", mp_length, slot_length, kr_wrap_lenfunc, "($self, /)\n--\n\nReturn len(self).")
    MP("__getitem__", mp_subscript, slot_mp_subscript, kr_wrap_binary, "($self, key, /)\n--\n\nReturn self[key].")
    MP("__setitem__", mp_ass_subscript, slot_mp_ass_subscript, kr_wrap_setitem, "($self, key, value, /)\n--\n\nSet self[key] to value.")
    MP("__delitem__", mp_ass_subscript, slot_mp_ass_subscript, kr_wrap_delitem, "($self, key, /)\n--\n\nDelete self[key].")

    SQ("__len__", sq_length, slot_length, kr_wrap_lenfunc, "($self, /)\n--\n\nReturn len(self).")
    SQ("__add__", sq_concat, NULL, kr_wrap_binary, "($self, value, /)\n--\n\nReturn self+value.")
    SQ("__mul__", sq_repeat, NULL, kr_wrap_indexarg, "($self, value, /)\n--\n\nReturn self*value.")
    SQ("__rmul__", sq_repeat, NULL, kr_wrap_indexarg, "($self, value, /)\n--\n\nReturn value*self.")
    SQ("__getitem__", sq_item, slot_sq_item, kr_wrap_sq_item, "($self, key, /)\n--\n\nReturn self[key].")
    SQ("__setitem__", sq_ass_item, slot_sq_ass_item, kr_wrap_sq_setitem, "($self, key, value, /)\n--\n\nSet self[key] to value.")
    SQ("__delitem__", sq_ass_item, slot_sq_ass_item, kr_wrap_sq_delitem, "($self, key, /)\n--\n\nDelete self[key].")
    SQ("__contains__", sq_contains, slot_contains, kr_wrap_contains, "($self, key, /)\n--\n\nReturn key in self.")
    SQ("__iadd__", sq_inplace_concat, NULL, kr_wrap_binary, "($self, value, /)\n--\n\nImplement self+=value.")
    SQ("__imul__", sq_inplace_repeat, NULL, kr_wrap_indexarg, "($self, value, /)\n--\n\nImplement self*=value.")
    {NULL},
};
#define ROWS ((int)KR_ARRAY_LEN(kr_slotdefs) - 1)

#define SLOT_NAME_COUNT KR_ARRAY_LEN(kr_runtime.process.slot_names)
KR_INLINE size_t name_hash(PyObject *name) { return ((uintptr_t)name >> 4) ^ ((uintptr_t)name >> 12); }

/* Interns the names, in every interpreter, and fills the set of them by which a class's special methods are recognised quickly. */
int kr_slots_init(void) {
    KrRuntimeProcess *s = &kr_runtime.process;
    for (int row = 0; row < ROWS; row++) {
        struct wrapperbase *p = &kr_slotdefs[row];
        if (p->name_strobj == NULL) {
            if ((p->name_strobj = PyUnicode_FromString(p->name)) == NULL)
                return -1;
            PyUnicode_InternImmortal(&p->name_strobj);
        }
        size_t i = name_hash(p->name_strobj) % SLOT_NAME_COUNT;
        while (s->slot_names[i].name != NULL && s->slot_names[i].name != p->name_strobj)
            i = (i + 1) % SLOT_NAME_COUNT;
        if (s->slot_names[i].name == NULL) {
            s->slot_names[i].name = p->name_strobj;
            s->slot_names[i].first = (short)row;
        }
    }
    return 0;
}

/* The first row of a special method, -1 if `name` (interned) is none. */
static int first_row(PyObject *name) {
    const KrRuntimeProcess *s = &kr_runtime.process;
    for (size_t i = name_hash(name) % SLOT_NAME_COUNT; s->slot_names[i].name != NULL; i = (i + 1) % SLOT_NAME_COUNT)
        if (s->slot_names[i].name == name)
            return s->slot_names[i].first;
    return -1;
}

bool kr_is_dunder(PyObject *name) {
    if (!PyUnicode_IS_READY(name) || !PyUnicode_IS_ASCII(name))
        return false;
    Py_ssize_t n = PyUnicode_GET_LENGTH(name);
    const char *s = PyUnicode_DATA(name);
    return n >= 5 && s[0] == '_' && s[1] == '_' && s[n - 1] == '_' && s[n - 2] == '_';
}

void **kr_slot_address(PyTypeObject *t, int offset) {
    char *suite = (char *)t;
    if ((size_t)offset >= offsetof(PyHeapTypeObject, as_sequence)) {
        suite = (char *)t->tp_as_sequence;
        offset -= (int)offsetof(PyHeapTypeObject, as_sequence);
    } else if ((size_t)offset >= offsetof(PyHeapTypeObject, as_mapping)) {
        suite = (char *)t->tp_as_mapping;
        offset -= (int)offsetof(PyHeapTypeObject, as_mapping);
    } else if ((size_t)offset >= offsetof(PyHeapTypeObject, as_number)) {
        suite = (char *)t->tp_as_number;
        offset -= (int)offsetof(PyHeapTypeObject, as_number);
    } else if ((size_t)offset >= offsetof(PyHeapTypeObject, as_async)) {
        suite = (char *)t->tp_as_async;
        offset -= (int)offsetof(PyHeapTypeObject, as_async);
    }
    return suite == NULL ? NULL : (void **)(suite + offset);
}

/* ------------------------------------------------------------------ keeping slots true */

/* The only one of t's slots for the method `name` that is filled; NULL when it isn't exactly one. */
static void **only_filled(PyTypeObject *t, PyObject *name) {
    void **found = NULL;
    for (int row = first_row(name); row >= 0 && row < ROWS; row++) {
        if (kr_slotdefs[row].name_strobj != name)
            continue;
        void **p = kr_slot_address(t, kr_slotdefs[row].offset);
        if (p == NULL || *p == NULL)
            continue;
        if (found != NULL)
            return NULL;
        found = p;
    }
    return found;
}

/* Recomputes the slot whose group of rows begins at `row`; returns the row after the group. */
static int update_group(PyTypeObject *t, int row) {
    int offset = kr_slotdefs[row].offset, end = row;
    while (end < ROWS && kr_slotdefs[end].offset == offset)
        end++;
    void **slot = kr_slot_address(t, offset);
    if (slot == NULL)
        return end;
    void *specific = NULL, *generic = NULL;
    bool use_generic = false;
    for (const struct wrapperbase *p = &kr_slotdefs[row]; p < &kr_slotdefs[end]; p++) {
        int error;
        PyObject *descr = kr_type_find_in_mro(t, p->name_strobj, &error);
        if (descr == NULL) {
            if (error)
                PyErr_Clear();
            if (slot == (void **)&t->tp_iternext)
                specific = (void *)_PyObject_NextNotImplemented;
            continue;
        }
        if (Py_IS_TYPE(descr, &PyWrapperDescr_Type) &&
            strcmp(((PyWrapperDescrObject *)descr)->d_base->name, p->name) == 0) {
            PyWrapperDescrObject *d = (PyWrapperDescrObject *)descr;
            void **only = only_filled(t, p->name_strobj);
            if (only == NULL || only == slot)
                generic = p->function;
            if ((specific == NULL || specific == d->d_wrapped) && d->d_base->wrapper == p->wrapper &&
                PyType_IsSubtype(t, PyDescr_TYPE(d)))
                specific = d->d_wrapped;
            else
                use_generic = true;
        } else if (Py_IS_TYPE(descr, &PyMethodDescr_Type) && (PyDescr_TYPE(descr)->tp_flags & Py_TPFLAGS_IMMUTABLETYPE) &&
                   strcmp(((PyMethodDescrObject *)descr)->d_method->ml_name, p->name) == 0 &&
                   PyType_IsSubtype(t, PyDescr_TYPE(descr))) {
            /* A C type that has both a slot and a method of that name (list.__getitem__) means the same by both. */
            void **own = kr_slot_address(PyDescr_TYPE(descr), offset);
            void *f = own == NULL ? NULL : *own;
            generic = p->function;
            if (f != NULL && (specific == NULL || specific == f))
                specific = f;
            else
                use_generic = true;
        } else if (Py_IS_TYPE(descr, &PyCFunction_Type) &&
                   PyCFunction_GET_FUNCTION(descr) == (PyCFunction)(void (*)(void))kr_new_wrapper &&
                   slot == (void **)&t->tp_new) {
            specific = (void *)t->tp_new;       /* as inherited from the base whose layout t has */
        } else if (descr == Py_None && slot == (void **)&t->tp_hash) {
            specific = (void *)PyObject_HashNotImplemented;
        } else {
            use_generic = true;
            generic = p->function;
        }
    }
    *slot = specific != NULL && !use_generic ? specific : generic;
    return end;
}

/* The first row of the group that `row` belongs to. */
static int group_of(int row) {
    while (row > 0 && kr_slotdefs[row - 1].offset == kr_slotdefs[row].offset)
        row--;
    return row;
}

/* Recomputes every slot that the method `name` (interned) has to do with. */
static void update_name(PyTypeObject *t, PyObject *name) {
    for (int row = first_row(name); row >= 0 && row < ROWS; row++)
        if (kr_slotdefs[row].name_strobj == name)
            update_group(t, group_of(row));
}

static void fill_all(PyTypeObject *t) {
    for (int row = 0; row < ROWS;)
        row = update_group(t, row);
}

/* Sets the slots of the special methods in the dict of `from`, a class of t's MRO. */
static void fill_from(PyTypeObject *t, PyTypeObject *from) {
    bool hash = false;
    Py_ssize_t pos = 0;
    PyObject *key, *value;
    if (kr_type_dict_ready(from) < 0)
        PyErr_Clear();
    while (PyDict_Next(from->tp_dict, &pos, &key, &value)) {
        if (!PyUnicode_Check(key) || !kr_is_dunder(key))
            continue;
        Py_INCREF(key);
        if (PyUnicode_CheckExact(key))
            PyUnicode_InternInPlace(&key);
        if (first_row(key) >= 0)
            update_name(t, key);
        if (key == KR_STR(__eq__) || key == KR_STR(__hash__))
            hash = true;
        Py_DECREF(key);
    }
    if (hash) {     /* PyType_Ready inherits these two together or not at all */
        update_name(t, KR_STR(__hash__));
        update_name(t, KR_STR(__eq__));
    }
}
/* Whether the MRO is what type.mro() makes of the bases, and the base is first in it: then t has inherited the base's slots, and resolves a
 * name as the base does, unless a class has it that is not in the base's MRO. */
static bool has_plain_mro(PyTypeObject *t) {
    if (PyTuple_GET_SIZE(t->tp_mro) < 2 || PyTuple_GET_ITEM(t->tp_mro, 1) != (PyObject *)t->tp_base) return false;
    if (!(Py_TYPE(t)->tp_flags & Py_TPFLAGS_HEAPTYPE)) return true;
    PyObject *mro = _PyType_Lookup(Py_TYPE(t), KR_STR(mro));
    return mro != NULL && mro == PyDict_GetItemWithError(PyType_Type.tp_dict, KR_STR(mro));
}
void kr_slots_fill(PyTypeObject *t) {
    if (!has_plain_mro(t)) {
        fill_all(t);
        return;
    }
    for (Py_ssize_t i = PyTuple_GET_SIZE(t->tp_mro); i-- > 0;) {
        PyTypeObject *c = (PyTypeObject *)PyTuple_GET_ITEM(t->tp_mro, i);
        if (c == t || !PyType_IsSubtype(t->tp_base, c)) fill_from(t, c);
    }
}

/* After an assignment: t and the subclasses that inherit `name` from it. */
static int update_below(PyTypeObject *t, PyObject *name) {
    update_name(t, name);
    if (t->tp_subclasses == NULL && (t->tp_flags & Py_TPFLAGS_HEAPTYPE))
        return 0;
    PyObject *subclasses = kr_type_subclasses(t);
    if (subclasses == NULL)
        return -1;
    int r = 0;
    for (Py_ssize_t i = 0; r == 0 && i < PyList_GET_SIZE(subclasses); i++) {
        PyTypeObject *sub = (PyTypeObject *)PyList_GET_ITEM(subclasses, i);
        int own = PyDict_Contains(sub->tp_dict, name);
        r = own < 0 ? -1 : own ? 0 : update_below(sub, name);
    }
    Py_DECREF(subclasses);
    return r;
}

int kr_slots_update(PyTypeObject *t, PyObject *name) { return first_row(name) < 0 ? 0 : update_below(t, name); }

void kr_slots_update_all(PyTypeObject *t) {
    fill_all(t);
    PyObject *subclasses = kr_type_subclasses(t);
    if (subclasses == NULL) {
        PyErr_Clear();
        return;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(subclasses); i++)
        kr_slots_update_all((PyTypeObject *)PyList_GET_ITEM(subclasses, i));
    Py_DECREF(subclasses);
}

KrSlotSet kr_slots_own(PyTypeObject *t) {
    _Static_assert(ROWS <= 128, "KrSlotSet");
    static const size_t starts[] = {0, offsetof(PyHeapTypeObject, as_async), offsetof(PyHeapTypeObject, as_number), offsetof(PyHeapTypeObject, as_mapping),
                                    offsetof(PyHeapTypeObject, as_sequence), sizeof(PyHeapTypeObject)};
    char *const suites[] = {(char *)t, (char *)t->tp_as_async, (char *)t->tp_as_number, (char *)t->tp_as_mapping, (char *)t->tp_as_sequence};
    KrSlotSet own = {{0, 0}};
    for (size_t row = 0, suite = 0; row < ROWS; suite++) {      /* the rows are in the suites' order */
        const size_t start = starts[suite], end = starts[suite + 1];
        const char *base = suites[suite];
        for (; row < ROWS && (size_t)kr_slotdefs[row].offset < end; row++)
            if (base != NULL && *(void *const *)(base + ((size_t)kr_slotdefs[row].offset - start)) != NULL && kr_slotdefs[row].wrapper != NULL)
                own.rows[row / 64] |= (uint64_t)1 << row % 64;
    }
    return own;
}
int kr_slots_add_wrappers(PyTypeObject *t, KrSlotSet own) {
    for (int half = 0; half < 2; half++)
        for (uint64_t rest = own.rows[half]; rest; rest &= rest - 1) {
            struct wrapperbase *p = &kr_slotdefs[64 * half + __builtin_ctzll(rest)];
            void *slot = *kr_slot_address(t, p->offset);
            int known = PyDict_Contains(t->tp_dict, p->name_strobj);
            if (known < 0)
                return -1;
            if (known)
                continue;
            PyObject *d = slot == (void *)PyObject_HashNotImplemented ? Py_NewRef(Py_None) : PyDescr_NewWrapper(t, p, slot);
            if (d == NULL)
                return -1;
            int r = PyDict_SetItem(t->tp_dict, p->name_strobj, d);
            Py_DECREF(d);
            if (r < 0)
                return -1;
        }
    return 0;
}
