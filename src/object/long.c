/* long.c - the type int: small ints, allocation, construction, methods, the type object.
 *
 * The value is |ob_size| digits of 30 bits (long.h). The ints -5 .. 256 are immortal static objects and every function
 * that makes an int gives those out, so `is` on them works. Blocks of ints of up to two digits return to the
 * interpreter's free list (KrNumberState.long_free, linked by ob_type).
 * Arithmetic is in long_arith.c, conversion from and to C types, bytes and text in long_convert.c, GMP in long_big.c.
 */
#include "object/long.h"
#include "runtime/lifecycle.h"
#include "object/format.h"

/* ------------------------------------------------------------------ small ints */

#define SMALL(v) {.ob_base = {.ob_base = {KR_IMMORTAL_REFCNT, &PyLong_Type}, .ob_size = (v) > 0 ? 1 : (v) < 0 ? -1 : 0}, .ob_digit = {(v) < 0 ? -(v) : (v)}},
#define SMALL4(v) SMALL(v) SMALL((v) + 1) SMALL((v) + 2) SMALL((v) + 3)
#define SMALL16(v) SMALL4(v) SMALL4((v) + 4) SMALL4((v) + 8) SMALL4((v) + 12)
#define SMALL64(v) SMALL16(v) SMALL16((v) + 16) SMALL16((v) + 32) SMALL16((v) + 48)
PyLongObject kr_small_ints[KR_SMALL_INT_MAX - KR_SMALL_INT_MIN + 1] = {
    SMALL(-5) SMALL4(-4) SMALL64(0) SMALL64(64) SMALL64(128) SMALL64(192) SMALL(256)
};
#undef SMALL
#undef SMALL4
#undef SMALL16
#undef SMALL64

/* The table is static: only the limit of text conversion has a default to set. */
int kr_long_init(KrInterp *interp) {
    interp->number.max_str_digits = 4300;
    return 0;
}

/* ------------------------------------------------------------------ allocation */

PyLongObject *kr_long_alloc(Py_ssize_t n) {
    PyLongObject *o;
    if (n <= 2) {
        o = kr_long_alloc_short();
        if (o != NULL) {
            o->ob_digit[0] = 0;
            Py_SET_SIZE(o, n);
        }
        return o;
    }
    if (n > KR_LONG_MAX_DIGITS) {
        PyErr_SetString(PyExc_OverflowError, "too many digits in integer");
        return NULL;
    }
    o = PyObject_Malloc(offsetof(PyLongObject, ob_digit) + (size_t)n * sizeof(digit));
    if (o == NULL)
        return (PyLongObject *)PyErr_NoMemory();
    return (PyLongObject *)PyObject_InitVar((PyVarObject *)o, &PyLong_Type, n);
}

PyLongObject *_PyLong_New(Py_ssize_t n) { return kr_long_alloc(n); }

PyObject *kr_long_finish(PyLongObject *o) {
    if (o == NULL)
        return NULL;
    Py_ssize_t size = Py_SIZE(o), had = Py_ABS(size), n = had;
    while (n > 0 && o->ob_digit[n - 1] == 0)
        n--;
    if (n <= 1) {
        int64_t v = n == 0 ? 0 : size < 0 ? -(int64_t)o->ob_digit[0] : (int64_t)o->ob_digit[0];
        if (had > 2 || kr_is_small_int_value(v)) {
            Py_DECREF(o);
            return kr_long_from_i64(v);
        }
    }
    else if (n == 2 && had > 2) {
        int64_t v = (int64_t)((uint64_t)o->ob_digit[0] | (uint64_t)o->ob_digit[1] << PyLong_SHIFT);
        Py_DECREF(o);
        return kr_long_from_i64(size < 0 ? -v : v);
    }
    Py_SET_SIZE(o, size < 0 ? -n : n);
    return (PyObject *)o;
}

PyObject *_PyLong_Copy(PyLongObject *src) {
    Py_ssize_t size = Py_SIZE(src), n = Py_ABS(size);
    if (kr_long_is_short((PyObject *)src))
        return kr_long_from_i64(kr_long_short_value((PyObject *)src));
    PyLongObject *o = kr_long_alloc(n);
    if (o == NULL)
        return NULL;
    memcpy(o->ob_digit, src->ob_digit, (size_t)n * sizeof(digit));
    Py_SET_SIZE(o, size);
    return (PyObject *)o;
}

PyObject *kr_long_exact(PyObject *o) {
    return PyLong_CheckExact(o) ? Py_NewRef(o) : _PyLong_Copy((PyLongObject *)o);
}

static void long_dealloc(PyObject *o) {
    if (PyLong_CheckExact(o)) {
        KrNumberState *st = &kr_interp()->number;
        if (KR_FREE_LISTS && kr_long_is_short(o) && st->long_free_count < KR_LONG_FREE_MAX) {
            Py_SET_TYPE(o, (PyTypeObject *)st->long_free);
            st->long_free = o;
            st->long_free_count++;
            return;
        }
    }
    Py_TYPE(o)->tp_free(o);
}

void kr_number_fini(KrInterp *interp) {
    KrNumberState *st = &interp->number;
    for (PyObject *o = st->long_free, *next; o != NULL; o = next) {
        next = (PyObject *)Py_TYPE(o);
        PyObject_Free(o);
    }
    st->long_free = NULL;
    st->long_free_count = 0;
    for (PyObject *o = (PyObject *)st->float_free, *next; o != NULL; o = next) {
        next = (PyObject *)Py_TYPE(o);
        PyObject_Free(o);
    }
    st->float_free = NULL;
    st->float_free_count = 0;
}

/* ------------------------------------------------------------------ construction */

/* int(x), int(x, base) into an exact int. */
static PyObject *long_from_args(PyObject *x, PyObject *obase) {
    if (x == NULL) {
        if (obase != NULL) {
            PyErr_SetString(PyExc_TypeError, "int() missing string argument");
            return NULL;
        }
        return Py_NewRef(kr_small_int(0));
    }
    if (obase == NULL)
        return PyLong_CheckExact(x) ? Py_NewRef(x) : PyNumber_Long(x);
    Py_ssize_t base = PyNumber_AsSsize_t(obase, NULL);
    if (base == -1 && PyErr_Occurred())
        return NULL;
    if ((base != 0 && base < 2) || base > 36) {
        PyErr_SetString(PyExc_ValueError, "int() base must be >= 2 and <= 36, or 0");
        return NULL;
    }
    if (PyUnicode_Check(x))
        return PyLong_FromUnicodeObject(x, (int)base);
    if (PyByteArray_Check(x))
        return _PyLong_FromBytes(PyByteArray_AS_STRING(x), PyByteArray_GET_SIZE(x), (int)base);
    if (PyBytes_Check(x))
        return _PyLong_FromBytes(PyBytes_AS_STRING(x), PyBytes_GET_SIZE(x), (int)base);
    PyErr_SetString(PyExc_TypeError, "int() can't convert non-string with explicit base");
    return NULL;
}

static PyObject *long_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"", "base", NULL};
    PyObject *x = NULL, *base = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|OO:int", keywords, &x, &base))
        return NULL;
    PyObject *v = long_from_args(x, base);
    if (v == NULL || type == &PyLong_Type)
        return v;
    Py_ssize_t n = Py_ABS(Py_SIZE(v));
    PyObject *o = type->tp_alloc(type, n < 2 ? 2 : n);
    if (o != NULL) {
        memcpy(KR_DIGITS(o), KR_DIGITS(v), (size_t)(n ? n : 1) * sizeof(digit));
        Py_SET_SIZE(o, Py_SIZE(v));
    }
    Py_DECREF(v);
    return o;
}

static PyObject *long_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (n > 2 || (kwnames != NULL && PyTuple_GET_SIZE(kwnames) != 0)) {
        PyObject *kwargs = PyDict_New(), *tuple = kwargs ? PyTuple_New(n) : NULL, *r = NULL;
        for (Py_ssize_t i = 0; tuple && kwnames && i < PyTuple_GET_SIZE(kwnames); i++)
            if (PyDict_SetItem(kwargs, PyTuple_GET_ITEM(kwnames, i), args[n + i]) < 0)
                Py_CLEAR(tuple);
        if (tuple != NULL) {
            for (Py_ssize_t i = 0; i < n; i++)
                PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
            r = long_new((PyTypeObject *)type, tuple, kwargs);
            Py_DECREF(tuple);
        }
        Py_XDECREF(kwargs);
        return r;
    }
    return long_from_args(n > 0 ? args[0] : NULL, n > 1 ? args[1] : NULL);
}

/* ------------------------------------------------------------------ methods */

static PyObject *long_repr(PyObject *o) { return _PyLong_Format(o, 10); }
static PyObject *long_self(PyObject *o, PyObject *ignored) { return kr_long_exact(o); }

static PyObject *long_richcompare(PyObject *a, PyObject *b, int op) {
    if (!PyLong_Check(a) || !PyLong_Check(b))
        Py_RETURN_NOTIMPLEMENTED;
    int c = a == b ? 0 : kr_long_compare(a, b);
    Py_RETURN_RICHCOMPARE(c, 0, op);
}

static PyObject *long_bit_length(PyObject *o, PyObject *ignored) {
    return PyLong_FromSize_t(kr_digits_bits(KR_DIGITS(o), Py_ABS(Py_SIZE(o))));
}

static PyObject *long_bit_count(PyObject *o, PyObject *ignored) {
    Py_ssize_t n = Py_ABS(Py_SIZE(o)), count = 0;
    for (Py_ssize_t i = 0; i < n; i++)
        count += __builtin_popcount(KR_DIGITS(o)[i]);
    return PyLong_FromSsize_t(count);
}

static PyObject *long_as_integer_ratio(PyObject *o, PyObject *ignored) {
    PyObject *n = kr_long_exact(o);
    if (n == NULL)
        return NULL;
    PyObject *r = PyTuple_Pack(2, n, kr_small_int(1));
    Py_DECREF(n);
    return r;
}

/* -1 for an unknown byte order, with ValueError; else whether it is little-endian. NULL means "big". */
static int byteorder_is_little(PyObject *order) {
    if (order == NULL)
        return 0;
    if (PyUnicode_CompareWithASCIIString(order, "little") == 0)
        return 1;
    if (PyUnicode_CompareWithASCIIString(order, "big") == 0)
        return 0;
    PyErr_SetString(PyExc_ValueError, "byteorder must be either 'little' or 'big'");
    return -1;
}

static PyObject *long_to_bytes(PyObject *o, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"length", "byteorder", "signed", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|nU$p:to_bytes"};
    Py_ssize_t length = 1;
    PyObject *order = NULL;
    int is_signed = 0;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &length, &order, &is_signed))
        return NULL;
    int little = byteorder_is_little(order);
    if (little < 0)
        return NULL;
    if (length < 0) {
        PyErr_SetString(PyExc_ValueError, "length argument must be non-negative");
        return NULL;
    }
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, length);
    if (bytes == NULL)
        return NULL;
    if (_PyLong_AsByteArray((PyLongObject *)o, (unsigned char *)PyBytes_AS_STRING(bytes), (size_t)length, little, is_signed) < 0) {
        Py_DECREF(bytes);
        return NULL;
    }
    return bytes;
}

static PyObject *long_from_bytes(PyObject *type, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"bytes", "byteorder", "signed", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "O|U$p:from_bytes"};
    PyObject *source, *order = NULL;
    int is_signed = 0;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &source, &order, &is_signed))
        return NULL;
    int little = byteorder_is_little(order);
    if (little < 0)
        return NULL;
    PyObject *bytes = PyObject_Bytes(source);
    if (bytes == NULL)
        return NULL;
    PyObject *v = _PyLong_FromByteArray((unsigned char *)PyBytes_AS_STRING(bytes), (size_t)Py_SIZE(bytes), little, is_signed);
    Py_DECREF(bytes);
    if (v != NULL && type != (PyObject *)&PyLong_Type)
        Py_SETREF(v, PyObject_CallOneArg(type, v));
    return v;
}

/* Rounds to a multiple of 10**-ndigits, halves to even. */
static PyObject *long_round(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("__round__", nargs, 0, 1))
        return NULL;
    if (nargs == 0)
        return kr_long_exact(o);
    PyObject *ndigits = PyNumber_Index(args[0]);
    if (ndigits == NULL)
        return NULL;
    if (Py_SIZE(ndigits) >= 0) {
        Py_DECREF(ndigits);
        return kr_long_exact(o);
    }
    PyObject *result = NULL, *exp = kr_long_neg(ndigits), *ten = PyLong_FromLong(10), *unit = NULL, *near = NULL;
    Py_DECREF(ndigits);
    /* beyond the number's own size the answer is 0 without computing a huge power */
    if (exp != NULL && ten != NULL) {
        size_t bits = kr_digits_bits(KR_DIGITS(o), Py_ABS(Py_SIZE(o)));
        int overflow;
        long e = PyLong_AsLongAndOverflow(exp, &overflow);
        if (overflow || (size_t)e > bits / 3 + 2)
            result = Py_NewRef(kr_small_int(0));
        else if ((unit = PyNumber_Power(ten, exp, Py_None)) != NULL && (near = _PyLong_DivmodNear(o, unit)) != NULL)
            result = kr_long_sub(o, PyTuple_GET_ITEM(near, 1));
    }
    Py_XDECREF(exp);
    Py_XDECREF(ten);
    Py_XDECREF(unit);
    Py_XDECREF(near);
    return result;
}

static PyObject *long_getnewargs(PyObject *o, PyObject *ignored) {
    PyObject *v = _PyLong_Copy((PyLongObject *)o);
    if (v == NULL)
        return NULL;
    PyObject *r = PyTuple_Pack(1, v);
    Py_DECREF(v);
    return r;
}

static PyObject *long_format(PyObject *o, PyObject *spec) {
    if (!PyUnicode_Check(spec)) {
        PyErr_Format(PyExc_TypeError, "__format__() argument must be str, not %.50s", Py_IsNone(spec) ? "None" : Py_TYPE(spec)->tp_name);
        return NULL;
    }
    _PyUnicodeWriter w;
    _PyUnicodeWriter_Init(&w);
    if (_PyLong_FormatAdvancedWriter(&w, o, spec, 0, PyUnicode_GET_LENGTH(spec)) < 0) {
        _PyUnicodeWriter_Dealloc(&w);
        return NULL;
    }
    return _PyUnicodeWriter_Finish(&w);
}

static PyObject *long_sizeof(PyObject *o, PyObject *ignored) {
    Py_ssize_t n = Py_ABS(Py_SIZE(o));
    return PyLong_FromSsize_t((Py_ssize_t)offsetof(PyLongObject, ob_digit) + (n ? n : 1) * (Py_ssize_t)sizeof(digit));
}

static PyObject *long_get_self(PyObject *o, void *ignored) { return kr_long_exact(o); }
static PyObject *long_get_constant(PyObject *o, void *value) { return Py_NewRef(kr_small_int(value != NULL)); }

static PyMethodDef long_methods[] = {
    {"conjugate", long_self, METH_NOARGS, PyDoc_STR("Returns self, the complex conjugate of any int.")},
    {"bit_length", long_bit_length, METH_NOARGS, PyDoc_STR("bit_length($self, /)\n--\n\nNumber of bits that self needs in binary, sign excluded.\n\n>>> (8).bit_length()\n4\n>>> (-7).bit_length()\n3")},
    {"bit_count", long_bit_count, METH_NOARGS, PyDoc_STR("bit_count($self, /)\n--\n\nNumber of ones in the binary representation of abs(self).\n\n>>> (8).bit_count()\n1\n>>> (-7).bit_count()\n3")},
    {"to_bytes", KR_METH(long_to_bytes), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("to_bytes($self, /, length=1, byteorder=\'big\', *, signed=False)\n--\n\nThe int as an array of bytes.")},
    {"from_bytes", KR_METH(long_from_bytes), METH_FASTCALL | METH_KEYWORDS | METH_CLASS,
     PyDoc_STR("from_bytes($type, /, bytes, byteorder=\'big\', *, signed=False)\n--\n\nThe int that an array of bytes represents.")},
    {"as_integer_ratio", long_as_integer_ratio, METH_NOARGS, PyDoc_STR("as_integer_ratio($self, /)\n--\n\nThe pair (self, 1).\n\n>>> (8).as_integer_ratio()\n(8, 1)\n>>> (-7).as_integer_ratio()\n(-7, 1)\n>>> True.as_integer_ratio()\n(1, 1)")},
    {"__trunc__", long_self, METH_NOARGS, PyDoc_STR("Truncating an int gives itself.")},
    {"__floor__", long_self, METH_NOARGS, PyDoc_STR("The floor of an int is itself.")},
    {"__ceil__", long_self, METH_NOARGS, PyDoc_STR("The ceiling of an int is itself.")},
    {"__round__", KR_METH(long_round), METH_FASTCALL, PyDoc_STR("__round__($self, ndigits=<unrepresentable>, /)\n--\n\nRounds to a multiple of 10**-ndigits, ties to even; returns an int.")},
    {"__getnewargs__", long_getnewargs, METH_NOARGS, PyDoc_STR("__getnewargs__($self, /)\n--\n\n")},
    {"__format__", long_format, METH_O, PyDoc_STR("__format__($self, format_spec, /)\n--\n\n")},
    {"__sizeof__", long_sizeof, METH_NOARGS, PyDoc_STR("__sizeof__($self, /)\n--\n\nSize in memory, in bytes.")},
    {NULL}
};

static PyGetSetDef long_getset[] = {
    {"real", long_get_self, NULL, PyDoc_STR("the real part of a complex number"), NULL},
    {"imag", long_get_constant, NULL, PyDoc_STR("the imaginary part of a complex number"), NULL},
    {"numerator", long_get_self, NULL, PyDoc_STR("the numerator of a rational number in lowest terms"), NULL},
    {"denominator", long_get_constant, NULL, PyDoc_STR("the denominator of a rational number in lowest terms"), (void *)1},
    {NULL}
};

PyDoc_STRVAR(long_doc,
             "int([x]) -> integer\nint(x, base=10) -> integer\n\n"
             "Converts a number or a string to an integer; without arguments gives 0. A number is truncated towards zero.\n"
             "A str, bytes or bytearray is read as an integer literal in the given base, which may be 0 (the literal's own\n"
             "prefix decides) or 2 to 36.\n>>> int('0b100', base=0)\n4");

PyTypeObject PyLong_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "int",
    .tp_basicsize = offsetof(PyLongObject, ob_digit),
    .tp_itemsize = sizeof(digit),
    .tp_dealloc = long_dealloc,
    .tp_repr = long_repr,
    .tp_as_number = &kr_long_as_number,
    .tp_hash = kr_long_hash,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_LONG_SUBCLASS | _Py_TPFLAGS_MATCH_SELF,
    .tp_doc = long_doc,
    .tp_richcompare = long_richcompare,
    .tp_methods = long_methods,
    .tp_getset = long_getset,
    .tp_new = long_new,
    .tp_free = PyObject_Free,
    .tp_vectorcall = long_vectorcall,
};

/* ------------------------------------------------------------------ sys.int_info */

static PyStructSequence_Field int_info_fields[] = {
    {"bits_per_digit", "size of a digit in bits"},
    {"sizeof_digit", "size in bytes of the C type used to represent a digit"},
    {"default_max_str_digits", "maximum string conversion digits limitation"},
    {"str_digits_check_threshold", "minimum positive value for int_max_str_digits"},
    {NULL}
};
static PyStructSequence_Desc int_info_desc = {
    .name = "sys.int_info",
    .doc = "sys.int_info\n\nHow ints are represented. The attributes are read only.",
    .fields = int_info_fields,
    .n_in_sequence = 4,
};

PyObject *PyLong_GetInfo(void) {
    PyTypeObject *type = PyStructSequence_NewType(&int_info_desc);
    if (type == NULL)
        return NULL;
    PyObject *info = PyStructSequence_New(type);
    Py_DECREF(type);
    if (info == NULL)
        return NULL;
    const int values[] = {PyLong_SHIFT, sizeof(digit), 4300, 640};
    for (int i = 0; i < 4; i++) {
        PyObject *v = PyLong_FromLong(values[i]);
        if (v == NULL) {
            Py_DECREF(info);
            return NULL;
        }
        PyStructSequence_SET_ITEM(info, i, v);
    }
    return info;
}
