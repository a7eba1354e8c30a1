/* abstract_number.c - the number protocol: binary operators and their dispatch, unary operators, conversions.
 *
 * A binary operator asks the left operand's slot, then the right one's; a right operand whose type is a proper subtype of the
 * left one's, with a slot of its own, is asked first. A slot declines by returning NotImplemented. Only when both decline
 * do + and * turn to the sequence slots.
 */
#include "object/abstract.h"
#include "object/long.h"

#define SLOT(x) offsetof(PyNumberMethods, x)

/* The slot at an offset of o's number methods. */
KR_INLINE void *number_slot(PyObject *o, size_t slot) {
    PyNumberMethods *m = Py_TYPE(o)->tp_as_number;
    return m ? *(void **)((char *)m + slot) : NULL;
}

KR_INLINE PyObject *binary_op(PyObject *a, PyObject *b, size_t slot) {
    binaryfunc fa = number_slot(a, slot), fb = NULL;
    if (!Py_IS_TYPE(b, Py_TYPE(a))) {
        fb = number_slot(b, slot);
        if (fb == fa) fb = NULL;
    }
    if (fa) {
        if (fb && PyType_IsSubtype(Py_TYPE(b), Py_TYPE(a))) {
            PyObject *r = fb(a, b);
            if (r != Py_NotImplemented) return r;
            Py_DECREF(r);
            fb = NULL;
        }
        PyObject *r = fa(a, b);
        if (r != Py_NotImplemented) return r;
        Py_DECREF(r);
    }
    return fb ? fb(a, b) : Py_NewRef(Py_NotImplemented);
}
PyObject *kr_binary_op(PyObject *a, PyObject *b, size_t slot) { return binary_op(a, b, slot); }

KR_INLINE PyObject *inplace_op(PyObject *a, PyObject *b, size_t inplace_slot, size_t slot) {
    binaryfunc f = number_slot(a, inplace_slot);
    if (f) {
        PyObject *r = f(a, b);
        if (r != Py_NotImplemented) return r;
        Py_DECREF(r);
    }
    return binary_op(a, b, slot);
}
PyObject *kr_inplace_op(PyObject *a, PyObject *b, size_t inplace_slot, size_t slot) { return inplace_op(a, b, inplace_slot, slot); }

static KR_COLD PyObject *unsupported(PyObject *a, PyObject *b, const char *op) {
    PyErr_Format(PyExc_TypeError, "unsupported operand type(s) for %.100s: '%.100s' and '%.100s'", op, Py_TYPE(a)->tp_name, Py_TYPE(b)->tp_name);
    return NULL;
}

/* Passes a result on; NotImplemented becomes the TypeError. Takes over r. */
KR_INLINE PyObject *supported(PyObject *r, PyObject *a, PyObject *b, const char *op) {
    if (KR_LIKELY(r != Py_NotImplemented)) return r;
    Py_DECREF(r);
    return unsupported(a, b, op);
}

#define BINARY(name, slot, op) \
    PyObject *PyNumber_##name(PyObject *a, PyObject *b) { return supported(binary_op(a, b, SLOT(slot)), a, b, op); }
#define INPLACE(name, inplace_slot, slot, op) \
    PyObject *PyNumber_##name(PyObject *a, PyObject *b) { return supported(inplace_op(a, b, SLOT(inplace_slot), SLOT(slot)), a, b, op); }

BINARY(Subtract, nb_subtract, "-")
BINARY(And, nb_and, "&")
BINARY(Or, nb_or, "|")
BINARY(Xor, nb_xor, "^")
BINARY(Lshift, nb_lshift, "<<")
BINARY(Divmod, nb_divmod, "divmod()")
BINARY(FloorDivide, nb_floor_divide, "//")
BINARY(TrueDivide, nb_true_divide, "/")
BINARY(Remainder, nb_remainder, "%")
BINARY(MatrixMultiply, nb_matrix_multiply, "@")
INPLACE(InPlaceSubtract, nb_inplace_subtract, nb_subtract, "-=")
INPLACE(InPlaceAnd, nb_inplace_and, nb_and, "&=")
INPLACE(InPlaceOr, nb_inplace_or, nb_or, "|=")
INPLACE(InPlaceXor, nb_inplace_xor, nb_xor, "^=")
INPLACE(InPlaceLshift, nb_inplace_lshift, nb_lshift, "<<=")
INPLACE(InPlaceRshift, nb_inplace_rshift, nb_rshift, ">>=")
INPLACE(InPlaceFloorDivide, nb_inplace_floor_divide, nb_floor_divide, "//=")
INPLACE(InPlaceTrueDivide, nb_inplace_true_divide, nb_true_divide, "/=")
INPLACE(InPlaceRemainder, nb_inplace_remainder, nb_remainder, "%=")
INPLACE(InPlaceMatrixMultiply, nb_inplace_matrix_multiply, nb_matrix_multiply, "@=")

/* `print >> f` is how Python 2 wrote to a file. */
PyObject *PyNumber_Rshift(PyObject *a, PyObject *b) {
    PyObject *r = binary_op(a, b, SLOT(nb_rshift));
    if (r != Py_NotImplemented) return r;
    Py_DECREF(r);
    if (PyCFunction_CheckExact(a) && strcmp(((PyCFunctionObject *)a)->m_ml->ml_name, "print") == 0) {
        PyErr_Format(PyExc_TypeError,
                     "unsupported operand type(s) for %.100s: '%.100s' and '%.100s'. Did you mean \"print(<message>, file=<output_stream>)\"?",
                     ">>", Py_TYPE(a)->tp_name, Py_TYPE(b)->tp_name);
        return NULL;
    }
    return unsupported(a, b, ">>");
}

/* ------------------------------------------------------------------ + and * of numbers and sequences */

/* When the number slots have declined. */
static PyObject *concat(PyObject *a, PyObject *b) {
    PySequenceMethods *m = Py_TYPE(a)->tp_as_sequence;
    return m && m->sq_concat ? m->sq_concat(a, b) : unsupported(a, b, "+");
}
PyObject *PyNumber_Add(PyObject *a, PyObject *b) {
    PyObject *r = binary_op(a, b, SLOT(nb_add));
    if (r != Py_NotImplemented) return r;
    Py_DECREF(r);
    return concat(a, b);
}

PyObject *PyNumber_InPlaceAdd(PyObject *a, PyObject *b) {
    PyObject *r = inplace_op(a, b, SLOT(nb_inplace_add), SLOT(nb_add));
    if (r != Py_NotImplemented) return r;
    Py_DECREF(r);
    PySequenceMethods *m = Py_TYPE(a)->tp_as_sequence;
    binaryfunc f = m ? (m->sq_inplace_concat ? m->sq_inplace_concat : m->sq_concat) : NULL;
    return f ? f(a, b) : unsupported(a, b, "+=");
}

/* seq * n by a sq_repeat slot; n must be an index. */
static PyObject *repeat(ssizeargfunc f, PyObject *seq, PyObject *n) {
    if (!PyIndex_Check(n)) return kr_type_error("can't multiply sequence by non-int of type '%.200s'", n);
    Py_ssize_t count = PyNumber_AsSsize_t(n, PyExc_OverflowError);
    return count == -1 && PyErr_Occurred() ? NULL : f(seq, count);
}

static PyObject *repeat_either(PyObject *a, PyObject *b) {
    PySequenceMethods *ma = Py_TYPE(a)->tp_as_sequence, *mb = Py_TYPE(b)->tp_as_sequence;
    if (ma && ma->sq_repeat) return repeat(ma->sq_repeat, a, b);
    if (mb && mb->sq_repeat) return repeat(mb->sq_repeat, b, a);
    return unsupported(a, b, "*");
}
PyObject *PyNumber_Multiply(PyObject *a, PyObject *b) {
    PyObject *r = binary_op(a, b, SLOT(nb_multiply));
    if (r != Py_NotImplemented) return r;
    Py_DECREF(r);
    return repeat_either(a, b);
}
PyObject *kr_binary_declined(PyObject *a, PyObject *b, size_t slot, const char *op) {
    binaryfunc f = Py_IS_TYPE(b, Py_TYPE(a)) ? NULL : number_slot(b, slot);
    if (f && f != number_slot(a, slot)) {
        PyObject *r = f(a, b);
        if (r != Py_NotImplemented) return r;
        Py_DECREF(r);
    }
    return slot == SLOT(nb_add) ? concat(a, b) : slot == SLOT(nb_multiply) ? repeat_either(a, b) : unsupported(a, b, op);
}

PyObject *PyNumber_InPlaceMultiply(PyObject *a, PyObject *b) {
    PyObject *r = inplace_op(a, b, SLOT(nb_inplace_multiply), SLOT(nb_multiply));
    if (r != Py_NotImplemented) return r;
    Py_DECREF(r);
    PySequenceMethods *ma = Py_TYPE(a)->tp_as_sequence, *mb = Py_TYPE(b)->tp_as_sequence;
    if (ma) {
        ssizeargfunc f = ma->sq_inplace_repeat ? ma->sq_inplace_repeat : ma->sq_repeat;
        if (f) return repeat(f, a, b);
    } else if (mb && mb->sq_repeat) {
        return repeat(mb->sq_repeat, b, a); /* the right operand is not to be changed */
    }
    return unsupported(a, b, "*=");
}

/* ------------------------------------------------------------------ power */

static PyObject *power(PyObject *a, PyObject *b, PyObject *mod, const char *op) {
    ternaryfunc fa = number_slot(a, SLOT(nb_power)), fb = NULL, fm;
    if (!Py_IS_TYPE(b, Py_TYPE(a))) {
        fb = number_slot(b, SLOT(nb_power));
        if (fb == fa) fb = NULL;
    }
    ternaryfunc fb_asked = fb;
    PyObject *r;
    if (fa) {
        if (fb && PyType_IsSubtype(Py_TYPE(b), Py_TYPE(a))) {
            if ((r = fb(a, b, mod)) != Py_NotImplemented) return r;
            Py_DECREF(r);
            fb = NULL;
        }
        if ((r = fa(a, b, mod)) != Py_NotImplemented) return r;
        Py_DECREF(r);
    }
    if (fb) {
        if ((r = fb(a, b, mod)) != Py_NotImplemented) return r;
        Py_DECREF(r);
    }
    fm = number_slot(mod, SLOT(nb_power));
    if (fm && fm != fa && fm != fb_asked) {
        if ((r = fm(a, b, mod)) != Py_NotImplemented) return r;
        Py_DECREF(r);
    }
    if (mod == Py_None) return unsupported(a, b, op);
    PyErr_Format(PyExc_TypeError, "unsupported operand type(s) for %.100s: '%.100s', '%.100s', '%.100s'", op, Py_TYPE(a)->tp_name,
                 Py_TYPE(b)->tp_name, Py_TYPE(mod)->tp_name);
    return NULL;
}
PyObject *PyNumber_Power(PyObject *a, PyObject *b, PyObject *mod) { return power(a, b, mod, "** or pow()"); }
PyObject *PyNumber_InPlacePower(PyObject *a, PyObject *b, PyObject *mod) {
    ternaryfunc f = number_slot(a, SLOT(nb_inplace_power));
    if (f) {
        PyObject *r = f(a, b, mod);
        if (r != Py_NotImplemented) return r;
        Py_DECREF(r);
    }
    return power(a, b, mod, "**=");
}

/* ------------------------------------------------------------------ unary operators */

#define UNARY(name, slot, what)                                                           \
    PyObject *PyNumber_##name(PyObject *o) {                                              \
        if (!o) return kr_null_argument();                                                \
        unaryfunc f = number_slot(o, SLOT(slot));                                         \
        return f ? f(o) : kr_type_error("bad operand type for " what ": '%.200s'", o);    \
    }
UNARY(Negative, nb_negative, "unary -")
UNARY(Positive, nb_positive, "unary +")
UNARY(Invert, nb_invert, "unary ~")
UNARY(Absolute, nb_absolute, "abs()")

/* ------------------------------------------------------------------ conversions */

int PyNumber_Check(PyObject *o) {
    if (!o) return 0;
    PyNumberMethods *m = Py_TYPE(o)->tp_as_number;
    return (m && (m->nb_index || m->nb_int || m->nb_float)) || PyComplex_Check(o);
}

int PyIndex_Check(PyObject *o) {
    PyNumberMethods *m = Py_TYPE(o)->tp_as_number;
    return m && m->nb_index;
}

/* Checks what __int__ or __index__ returned, r, which is taken over: an int, with a warning for a subclass of int. */
static PyObject *checked_int(PyObject *r, const char *method) {
    if (!r || PyLong_CheckExact(r)) return r;
    if (!PyLong_Check(r)) {
        PyErr_Format(PyExc_TypeError, "%s returned non-int (type %.200s)", method, Py_TYPE(r)->tp_name);
        Py_DECREF(r);
        return NULL;
    }
    if (PyErr_WarnFormat(PyExc_DeprecationWarning, 1,
                         "%s returned non-int (type %.200s).  The ability to return an instance of a strict subclass of int "
                         "is deprecated, and may not be supported in a future version of Python.", method, Py_TYPE(r)->tp_name)) {
        Py_DECREF(r);
        return NULL;
    }
    return r;
}

/* An int, taken over, made exactly an int. */
static PyObject *exact_int(PyObject *r) {
    if (r && !PyLong_CheckExact(r)) Py_SETREF(r, _PyLong_Copy((PyLongObject *)r));
    return r;
}

PyObject *_PyNumber_Index(PyObject *o) {
    if (!o) return kr_null_argument();
    if (PyLong_Check(o)) return Py_NewRef(o);
    if (!PyIndex_Check(o)) return kr_type_error("'%.200s' object cannot be interpreted as an integer", o);
    return checked_int(Py_TYPE(o)->tp_as_number->nb_index(o), "__index__");
}
PyObject *PyNumber_Index(PyObject *o) { return exact_int(_PyNumber_Index(o)); }

Py_ssize_t PyNumber_AsSsize_t(PyObject *o, PyObject *error) {
    if (PyLong_CheckExact(o) && kr_long_is_compact(o)) return (Py_ssize_t)kr_long_compact_value(o);
    PyObject *i = _PyNumber_Index(o);
    if (!i) return -1;
    Py_ssize_t r = PyLong_AsSsize_t(i);
    if (r == -1 && PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_OverflowError)) {
        PyErr_Clear();
        if (!error) r = _PyLong_Sign(i) < 0 ? PY_SSIZE_T_MIN : PY_SSIZE_T_MAX;
        else PyErr_Format(error, "cannot fit '%.200s' into an index-sized integer", Py_TYPE(o)->tp_name);
    }
    Py_DECREF(i);
    return r;
}

/* int(o) by __trunc__, which is going out of use. */
static PyObject *int_by_trunc(PyObject *o, PyObject *trunc) {
    if (PyErr_WarnEx(PyExc_DeprecationWarning, "The delegation of int() to __trunc__ is deprecated.", 1)) return NULL;
    descrgetfunc get = Py_TYPE(trunc)->tp_descr_get;
    trunc = get ? get(trunc, o, (PyObject *)Py_TYPE(o)) : Py_NewRef(trunc);
    if (!trunc) return NULL;
    PyObject *r = PyObject_CallNoArgs(trunc);
    Py_DECREF(trunc);
    if (!r || PyLong_Check(r)) return exact_int(r);
    if (!PyIndex_Check(r)) {
        kr_type_error("__trunc__ returned non-Integral (type %.200s)", r);
        Py_DECREF(r);
        return NULL;
    }
    Py_SETREF(r, PyNumber_Index(r));
    return r;
}

PyObject *PyNumber_Long(PyObject *o) {
    if (!o) return kr_null_argument();
    if (PyLong_CheckExact(o)) return Py_NewRef(o);
    PyNumberMethods *m = Py_TYPE(o)->tp_as_number;
    if (m && m->nb_int) return exact_int(checked_int(m->nb_int(o), "__int__"));
    if (m && m->nb_index) return PyNumber_Index(o);
    PyObject *trunc = _PyType_Lookup(Py_TYPE(o), KR_STR(__trunc__));
    if (trunc) return int_by_trunc(o, trunc);
    if (PyErr_Occurred()) return NULL;
    if (PyUnicode_Check(o)) return PyLong_FromUnicodeObject(o, 10);
    if (PyBytes_Check(o)) return _PyLong_FromBytes(PyBytes_AS_STRING(o), PyBytes_GET_SIZE(o), 10);
    if (PyByteArray_Check(o)) return _PyLong_FromBytes(PyByteArray_AS_STRING(o), PyByteArray_GET_SIZE(o), 10);
    Py_buffer view;
    if (PyObject_CheckBuffer(o) && PyObject_GetBuffer(o, &view, PyBUF_SIMPLE) == 0) {
        PyObject *bytes = PyBytes_FromStringAndSize(view.buf, view.len), *r = NULL; /* parsing needs the NUL at the end */
        if (bytes) {
            r = _PyLong_FromBytes(PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes), 10);
            Py_DECREF(bytes);
        }
        PyBuffer_Release(&view);
        return r;
    }
    return kr_type_error("int() argument must be a string, a bytes-like object or a real number, not '%.200s'", o);
}

PyObject *PyNumber_Float(PyObject *o) {
    if (!o) return kr_null_argument();
    if (PyFloat_CheckExact(o)) return Py_NewRef(o);
    PyNumberMethods *m = Py_TYPE(o)->tp_as_number;
    if (m && m->nb_float) {
        PyObject *r = m->nb_float(o);
        if (!r || PyFloat_CheckExact(r)) return r;
        const char *name = Py_TYPE(o)->tp_name, *got = Py_TYPE(r)->tp_name;
        if (!PyFloat_Check(r)) {
            PyErr_Format(PyExc_TypeError, "%.50s.__float__ returned non-float (type %.50s)", name, got);
            Py_DECREF(r);
            return NULL;
        }
        if (PyErr_WarnFormat(PyExc_DeprecationWarning, 1,
                             "%.50s.__float__ returned non-float (type %.50s).  The ability to return an instance of a strict subclass "
                             "of float is deprecated, and may not be supported in a future version of Python.", name, got)) {
            Py_DECREF(r);
            return NULL;
        }
        Py_SETREF(r, PyFloat_FromDouble(PyFloat_AS_DOUBLE(r)));
        return r;
    }
    if (m && m->nb_index) {
        PyObject *i = _PyNumber_Index(o);
        if (!i) return NULL;
        double v = PyLong_AsDouble(i);
        Py_DECREF(i);
        return v == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(v);
    }
    if (PyFloat_Check(o)) return PyFloat_FromDouble(PyFloat_AS_DOUBLE(o));
    return PyFloat_FromString(o);
}

PyObject *PyNumber_ToBase(PyObject *o, int base) {
    if (base != 2 && base != 8 && base != 10 && base != 16) {
        PyErr_SetString(PyExc_SystemError, "PyNumber_ToBase: base must be 2, 8, 10 or 16");
        return NULL;
    }
    PyObject *i = _PyNumber_Index(o);
    if (!i) return NULL;
    PyObject *r = _PyLong_Format(i, base);
    Py_DECREF(i);
    return r;
}

int _Py_convert_optional_to_ssize_t(PyObject *o, void *result) {
    if (o == Py_None) return 1;
    if (!PyIndex_Check(o)) {
        kr_type_error("argument should be integer or None, not %.200s", o);
        return 0;
    }
    Py_ssize_t i = PyNumber_AsSsize_t(o, PyExc_OverflowError);
    if (i == -1 && PyErr_Occurred()) return 0;
    *(Py_ssize_t *)result = i;
    return 1;
}
