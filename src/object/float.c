/* float.c - the type float: construction, arithmetic, comparison, methods.
 *
 * The value is one C double. Dead exact floats go to the interpreter's free list (KrNumberState.float_free, linked by
 * ob_type, at most KR_FLOAT_FREE_MAX). Text conversion is in pystrtod.c, the binary formats in float_pack.c.
 */
#include "object/float.h"
#include "object/format.h"
#include "object/long.h"
#include "object/pystrtod.h"
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>

/* ------------------------------------------------------------------ lifecycle, conversion */

PyObject *PyFloat_FromDouble(double v) { return kr_float_new(v); }

static void float_dealloc(PyObject *o) {
    if (PyFloat_CheckExact(o)) {
        KrNumberState *st = &kr_interp()->number;
        if (KR_FREE_LISTS && st->float_free_count < KR_FLOAT_FREE_MAX) {
            Py_SET_TYPE(o, (PyTypeObject *)st->float_free);
            st->float_free = (PyFloatObject *)o;
            st->float_free_count++;
            return;
        }
    }
    Py_TYPE(o)->tp_free(o);
}

double PyFloat_GetMax(void) { return DBL_MAX; }
double PyFloat_GetMin(void) { return DBL_MIN; }

void _PyFloat_DebugMallocStats(FILE *out) {
    fprintf(out, "%d free PyFloatObjects of size %zd\n", kr_interp()->number.float_free_count, sizeof(PyFloatObject));
}

double PyFloat_AsDouble(PyObject *o) {
    if (o == NULL) {
        PyErr_BadArgument();
        return -1;
    }
    if (PyFloat_Check(o))
        return PyFloat_AS_DOUBLE(o);
    PyNumberMethods *nb = Py_TYPE(o)->tp_as_number;
    if (nb == NULL || nb->nb_float == NULL) {
        if (nb != NULL && nb->nb_index != NULL) {
            PyObject *i = PyNumber_Index(o);
            if (i == NULL)
                return -1;
            double v = PyLong_AsDouble(i);
            Py_DECREF(i);
            return v;
        }
        PyErr_Format(PyExc_TypeError, "must be real number, not %.50s", Py_TYPE(o)->tp_name);
        return -1;
    }
    PyObject *f = nb->nb_float(o);
    if (f == NULL)
        return -1;
    if (!PyFloat_CheckExact(f)) {
        if (!PyFloat_Check(f)) {
            PyErr_Format(PyExc_TypeError, "%.50s.__float__ returned non-float (type %.50s)", Py_TYPE(o)->tp_name, Py_TYPE(f)->tp_name);
            Py_DECREF(f);
            return -1;
        }
        if (PyErr_WarnFormat(PyExc_DeprecationWarning, 1,
                             "%.50s.__float__ returned non-float (type %.50s).  "
                             "The ability to return an instance of a strict subclass of float is deprecated, "
                             "and may be removed in a future version of Python.",
                             Py_TYPE(o)->tp_name, Py_TYPE(f)->tp_name) < 0) {
            Py_DECREF(f);
            return -1;
        }
    }
    double v = PyFloat_AS_DOUBLE(f);
    Py_DECREF(f);
    return v;
}

static PyObject *float_from_text(const char *s, Py_ssize_t n, void *shown) {
    const char *last = s + n;
    char *end;
    while (s < last && Py_ISSPACE(Py_CHARMASK(*s)))
        s++;
    while (s < last - 1 && Py_ISSPACE(Py_CHARMASK(last[-1])))
        last--;
    double v = PyOS_string_to_double(s, &end, NULL);
    if (s == last || end != last) {
        PyErr_Format(PyExc_ValueError, "could not convert string to float: %R", (PyObject *)shown);
        return NULL;
    }
    if (v == -1.0 && PyErr_Occurred())
        return NULL;
    return kr_float_new(v);
}

PyObject *PyFloat_FromString(PyObject *o) {
    PyObject *copy = NULL;
    const char *s;
    Py_ssize_t n;
    Py_buffer view = {NULL, NULL};
    if (PyUnicode_Check(o)) {
        copy = _PyUnicode_TransformDecimalAndSpaceToASCII(o);
        if (copy == NULL)
            return NULL;
        s = PyUnicode_AsUTF8AndSize(copy, &n);
        if (s == NULL) {
            Py_DECREF(copy);
            return NULL;
        }
    }
    else if (PyBytes_Check(o)) {
        s = PyBytes_AS_STRING(o);
        n = PyBytes_GET_SIZE(o);
    }
    else if (PyByteArray_Check(o)) {
        s = PyByteArray_AS_STRING(o);
        n = PyByteArray_GET_SIZE(o);
    }
    else if (PyObject_GetBuffer(o, &view, PyBUF_SIMPLE) == 0) {
        /* a buffer need not end with a NUL */
        copy = PyBytes_FromStringAndSize(view.buf, view.len);
        if (copy == NULL) {
            PyBuffer_Release(&view);
            return NULL;
        }
        s = PyBytes_AS_STRING(copy);
        n = PyBytes_GET_SIZE(copy);
    }
    else {
        PyErr_Format(PyExc_TypeError, "float() argument must be a string or a real number, not '%.200s'", Py_TYPE(o)->tp_name);
        return NULL;
    }
    PyObject *result = _Py_string_to_number_with_underscores(s, n, "float", o, o, float_from_text);
    PyBuffer_Release(&view);
    Py_XDECREF(copy);
    return result;
}

static PyObject *float_from_object(PyTypeObject *type, PyObject *x) {
    PyObject *v;
    if (x == NULL)
        v = kr_float_new(0.0);
    else if (type == &PyFloat_Type && PyFloat_CheckExact(x))
        v = Py_NewRef(x);
    else
        v = PyUnicode_CheckExact(x) ? PyFloat_FromString(x) : PyNumber_Float(x);
    if (v == NULL || type == &PyFloat_Type)
        return v;
    PyObject *o = type->tp_alloc(type, 0);
    if (o != NULL)
        ((PyFloatObject *)o)->ob_fval = PyFloat_AS_DOUBLE(v);
    Py_DECREF(v);
    return o;
}

static PyObject *float_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    PyObject *x = NULL;
    if ((type == &PyFloat_Type || type->tp_init == PyFloat_Type.tp_init) && !_PyArg_NoKeywords("float", kwds))
        return NULL;
    if (!PyArg_UnpackTuple(args, "float", 0, 1, &x))
        return NULL;
    return float_from_object(type, x);
}

static PyObject *float_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (!_PyArg_NoKwnames("float", kwnames) || !_PyArg_CheckPositional("float", n, 0, 1))
        return NULL;
    return float_from_object((PyTypeObject *)type, n > 0 ? args[0] : NULL);
}

static PyObject *float_repr(PyObject *o) {
    char buffer[KR_FLOAT_REPR_BUFFER];
    int n = kr_double_repr(PyFloat_AS_DOUBLE(o), buffer, 1);
    PyObject *s = PyUnicode_New(n, 127);
    if (s != NULL)
        memcpy(PyUnicode_DATA(s), buffer, (size_t)n);
    return s;
}

static Py_hash_t float_hash(PyObject *o) { return _Py_HashDouble(o, PyFloat_AS_DOUBLE(o)); }

/* ------------------------------------------------------------------ comparison */

/* Sign of v - i for a finite v and any int, exactly. */
static int compare_with_long(double v, PyObject *i, bool *failed) {
    *failed = false;
    if (kr_long_is_short(i)) {
        int64_t n = kr_long_short_value(i);
        if (n >= -((int64_t)1 << 53) && n <= (int64_t)1 << 53)
            return (v > (double)n) - (v < (double)n);
        if (v >= 0x1p60 || v <= -0x1p60)
            return v > 0 ? 1 : -1;
        int64_t t = (int64_t)v;
        double rest = v - (double)t;
        return t != n ? (t > n ? 1 : -1) : (rest > 0) - (rest < 0);
    }
    int si = Py_SIZE(i) < 0 ? -1 : 1, sv = (v > 0) - (v < 0);
    if (si != sv)
        return sv > si ? 1 : -1;
    int exponent;
    frexp(v, &exponent);
    size_t bits = kr_digits_bits(KR_DIGITS(i), Py_ABS(Py_SIZE(i)));
    if (exponent < 0 || (size_t)exponent != bits)
        return (exponent < 0 || (size_t)exponent < bits) ? -sv : sv;
    PyObject *t = PyLong_FromDouble(v); /* bits > 60: v is a whole number */
    if (t == NULL) {
        *failed = true;
        return 0;
    }
    int c = kr_long_compare(t, i);
    Py_DECREF(t);
    return c;
}

static PyObject *float_richcompare(PyObject *a, PyObject *b, int op) {
    double x = PyFloat_AS_DOUBLE(a), y;
    if (PyFloat_Check(b))
        y = PyFloat_AS_DOUBLE(b);
    else if (!PyLong_Check(b))
        Py_RETURN_NOTIMPLEMENTED;
    else if (!isfinite(x))
        y = 0.0; /* any int will do */
    else {
        bool failed;
        int c = compare_with_long(x, b, &failed);
        if (failed)
            return NULL;
        Py_RETURN_RICHCOMPARE(c, 0, op);
    }
    Py_RETURN_RICHCOMPARE(x, y, op);
}

/* ------------------------------------------------------------------ arithmetic */

/* Both operands as doubles, or leaves the function with NotImplemented or NULL. */
#define OPERANDS(a, b, x, y)                                     \
    double x, y;                                                 \
    do {                                                         \
        int kr_r = kr_as_double(a, &x);                          \
        if (kr_r > 0)                                            \
            kr_r = kr_as_double(b, &y);                          \
        if (kr_r == 0)                                           \
            Py_RETURN_NOTIMPLEMENTED;                            \
        if (kr_r < 0)                                            \
            return NULL;                                         \
    } while (0)

static PyObject *zero_division(const char *message) {
    PyErr_SetString(PyExc_ZeroDivisionError, message);
    return NULL;
}

static PyObject *float_add(PyObject *a, PyObject *b) {
    OPERANDS(a, b, x, y);
    return kr_float_new(x + y);
}
static PyObject *float_sub(PyObject *a, PyObject *b) {
    OPERANDS(a, b, x, y);
    return kr_float_new(x - y);
}
static PyObject *float_mul(PyObject *a, PyObject *b) {
    OPERANDS(a, b, x, y);
    return kr_float_new(x * y);
}
static PyObject *float_div(PyObject *a, PyObject *b) {
    OPERANDS(a, b, x, y);
    return y == 0.0 ? zero_division("float division by zero") : kr_float_new(x / y);
}

double kr_double_mod(double a, double b) {
    double m = fmod(a, b);
    if (m == 0)
        return copysign(0.0, b);
    return (b < 0) != (m < 0) ? m + b : m;
}

static void double_divmod(double a, double b, double *quotient, double *remainder) {
    double m = fmod(a, b), q = (a - m) / b;
    if (m != 0) {
        if ((b < 0) != (m < 0)) {
            m += b;
            q -= 1.0;
        }
    }
    else
        m = copysign(0.0, b);
    if (q != 0) {
        /* q is a whole number but for rounding: snap it */
        double f = floor(q);
        if (q - f > 0.5)
            f += 1.0;
        q = f;
    }
    else
        q = copysign(0.0, a / b);
    *quotient = q;
    *remainder = m;
}
double kr_double_floordiv(double a, double b) {
    double q, r;
    double_divmod(a, b, &q, &r);
    return q;
}

static PyObject *float_mod(PyObject *a, PyObject *b) {
    OPERANDS(a, b, x, y);
    return y == 0.0 ? zero_division("float modulo") : kr_float_new(kr_double_mod(x, y));
}
static PyObject *float_floordiv(PyObject *a, PyObject *b) {
    OPERANDS(a, b, x, y);
    return y == 0.0 ? zero_division("float floor division by zero") : kr_float_new(kr_double_floordiv(x, y));
}
static PyObject *float_divmod(PyObject *a, PyObject *b) {
    OPERANDS(a, b, x, y);
    if (y == 0.0)
        return zero_division("float divmod()");
    double q, r;
    double_divmod(x, y, &q, &r);
    return Py_BuildValue("(dd)", q, r);
}

static PyObject *float_pow(PyObject *a, PyObject *b, PyObject *mod) {
    if (mod != Py_None) {
        PyErr_SetString(PyExc_TypeError, "pow() 3rd argument not allowed unless all arguments are integers");
        return NULL;
    }
    OPERANDS(a, b, x, y);
    if (x == 0.0 && y < 0.0 && isfinite(y))
        return zero_division("0.0 cannot be raised to a negative power");
    if (x < 0.0 && isfinite(x) && isfinite(y) && y != floor(y)) {
        /* a negative number to a fraction is complex */
        return PyComplex_Type.tp_as_number->nb_power(a, b, mod);
    }
    double r = pow(x, y); /* the special values are those of C99's Annex F, which are Python's */
    if (isinf(r) && isfinite(x) && isfinite(y)) {
        errno = ERANGE;
        return PyErr_SetFromErrno(PyExc_OverflowError);
    }
    return kr_float_new(r);
}

static PyObject *float_neg(PyObject *o) { return kr_float_new(-PyFloat_AS_DOUBLE(o)); }
static PyObject *float_abs(PyObject *o) { return kr_float_new(fabs(PyFloat_AS_DOUBLE(o))); }
static PyObject *float_float(PyObject *o) { return PyFloat_CheckExact(o) ? Py_NewRef(o) : kr_float_new(PyFloat_AS_DOUBLE(o)); }
static PyObject *float_int(PyObject *o) { return PyLong_FromDouble(PyFloat_AS_DOUBLE(o)); }
static int float_bool(PyObject *o) { return PyFloat_AS_DOUBLE(o) != 0.0; }

/* ------------------------------------------------------------------ methods */

static PyObject *float_conjugate(PyObject *o, PyObject *ignored) { return float_float(o); }
static PyObject *float_trunc(PyObject *o, PyObject *ignored) { return float_int(o); }
static PyObject *float_floor(PyObject *o, PyObject *ignored) { return PyLong_FromDouble(floor(PyFloat_AS_DOUBLE(o))); }
static PyObject *float_ceil(PyObject *o, PyObject *ignored) { return PyLong_FromDouble(ceil(PyFloat_AS_DOUBLE(o))); }
static PyObject *float_is_integer(PyObject *o, PyObject *ignored) {
    double v = PyFloat_AS_DOUBLE(o);
    return PyBool_FromLong(isfinite(v) && floor(v) == v);
}

/* |v| rounded to a multiple of 10^-n, n < 0, halves to even, from its decimal expansion. */
static double round_left_of_point(double v, int n) {
    char text[400];
    double whole = floor(v);
    int len = kr_snprintf_c(text, sizeof text, "%.0f", whole), keep = len + n;
    if (keep < 0)
        return 0.0;
    bool sticky = v != whole, up = false;
    for (int i = keep + 1; i < len && !sticky; i++)
        sticky = text[i] != '0';
    if (text[keep] > '5' || (text[keep] == '5' && (sticky || (keep > 0 && (text[keep - 1] & 1)))))
        up = true;
    char out[420];
    int at = 1;
    out[0] = '0';
    memcpy(out + 1, text, (size_t)keep);
    at += keep;
    if (up) {
        int i = at - 1;
        while (out[i] == '9')
            out[i--] = '0';
        out[i]++;
    }
    kr_snprintf_c(out + at, sizeof out - (size_t)at, "e%d", -n);
    return kr_strtod(out, NULL);
}

/* v rounded to n decimal places, halves of the exact value to even. */
static PyObject *double_round(double v, int n) {
    static const double ten[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
    double r;
    if (n < 0)
        r = copysign(round_left_of_point(fabs(v), n), v);
    else {
        if (n <= 12) {
            /* away from ties the scaled value decides: its error is far below the distance checked */
            double z = fabs(v) * ten[n], w = floor(z), f = z - w;
            if (z < 0x1p40 && fabs(f - 0.5) > 0x1p-11) {
                r = (w + (f > 0.5)) / ten[n];
                return kr_float_new(copysign(r, v));
            }
        }
        char text[800];
        kr_snprintf_c(text, sizeof text, "%.*f", n, v);
        r = kr_strtod(text, NULL);
    }
    if (isinf(r)) {
        PyErr_SetString(PyExc_OverflowError, "rounded value too large to represent");
        return NULL;
    }
    return kr_float_new(r);
}

static PyObject *float_round(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("__round__", nargs, 0, 1))
        return NULL;
    double v = PyFloat_AS_DOUBLE(o);
    if (nargs == 0 || args[0] == Py_None)
        return PyLong_FromDouble(rint(v));
    Py_ssize_t n = PyNumber_AsSsize_t(args[0], NULL);
    if (n == -1 && PyErr_Occurred())
        return NULL;
    if (!isfinite(v) || n > 323)
        return kr_float_new(v);
    if (n < -308)
        return kr_float_new(0.0 * v);
    return double_round(v, (int)n);
}

static PyObject *float_as_integer_ratio(PyObject *o, PyObject *ignored) {
    double v = PyFloat_AS_DOUBLE(o);
    if (isinf(v)) {
        PyErr_SetString(PyExc_OverflowError, "cannot convert Infinity to integer ratio");
        return NULL;
    }
    if (isnan(v)) {
        PyErr_SetString(PyExc_ValueError, "cannot convert NaN to integer ratio");
        return NULL;
    }
    int exponent;
    double m = frexp(v, &exponent);
    for (int i = 0; i < 300 && m != floor(m); i++) {
        m *= 2.0;
        exponent--;
    }
    PyObject *n = PyLong_FromDouble(m), *d = Py_NewRef(kr_small_int(1)), *r = NULL;
    if (n != NULL) {
        if (exponent > 0)
            Py_SETREF(n, kr_long_lshift(n, (size_t)exponent));
        else
            Py_SETREF(d, kr_long_lshift(d, (size_t)-exponent));
        if (n != NULL && d != NULL)
            r = PyTuple_Pack(2, n, d);
    }
    Py_XDECREF(n);
    Py_XDECREF(d);
    return r;
}

static PyObject *float_hex(PyObject *o, PyObject *ignored) {
    double v = PyFloat_AS_DOUBLE(o);
    if (!isfinite(v))
        return float_repr(o);
    const char *sign = signbit(v) ? "-" : "";
    if (v == 0.0)
        return PyUnicode_FromFormat("%s0x0.0p+0", sign);
    int e;
    double m = frexp(fabs(v), &e);
    int shift = 1 - Py_MAX(DBL_MIN_EXP - e, 0);
    m = ldexp(m, shift);
    e -= shift;
    uint64_t bits = (uint64_t)ldexp(m, 52);
    char text[48];
    kr_snprintf_c(text, sizeof text, "%s0x%d.%013llxp%+d", sign, (int)(bits >> 52), (unsigned long long)(bits & (((uint64_t)1 << 52) - 1)), e);
    return PyUnicode_FromString(text);
}

/* digits * 2**exponent with correct rounding, half to even; digits are hexadecimal, with at most one dot. */
static double hex_value(const char *digits, const char *end, int64_t exponent) {
    uint64_t m = 0;
    bool after_dot = false;
    for (const char *p = digits; p < end; p++) {
        if (*p == '.') {
            after_dot = true;
            continue;
        }
        unsigned digit = _PyLong_DigitValue[Py_CHARMASK(*p)];
        if (m >> 56 == 0) {
            m = m << 4 | digit;
            exponent -= after_dot ? 4 : 0;
        } else {
            m |= digit != 0;            /* more digits than count: all that matters is whether they are 0 */
            exponent += after_dot ? 0 : 4;
        }
    }
    if (m == 0)
        return 0.0;
    int bits = 64 - __builtin_clzll(m);
    if (exponent + bits > DBL_MAX_EXP)
        return HUGE_VAL;
    if (exponent + bits < DBL_MIN_EXP - DBL_MANT_DIG)
        return 0.0;
    /* Numbers below 2**(DBL_MIN_EXP - 1) have fewer bits. */
    int64_t lowest = Py_MAX(exponent + bits, DBL_MIN_EXP) - DBL_MANT_DIG;
    if (lowest > exponent) {
        int shift = (int)(lowest - exponent);
        uint64_t rest = m & (((uint64_t)1 << shift) - 1), half = (uint64_t)1 << (shift - 1);
        m >>= shift;
        m += rest > half || (rest == half && (m & 1));
        exponent = lowest;
    }
    return ldexp((double)m, (int)exponent);
}

/* [sign] [0x] digits [. digits] [p [sign] digits], inf or nan, with blanks around it */
static PyObject *float_fromhex(PyObject *type, PyObject *arg) {
    Py_ssize_t n;
    const char *s = PyUnicode_AsUTF8AndSize(arg, &n);
    if (s == NULL)
        return NULL;
    const char *end = s + n, *p = s;
    char *stop;
    while (Py_ISSPACE(Py_CHARMASK(*p)))
        p++;
    double v = _Py_parse_inf_or_nan(p, &stop);
    if (stop != p)
        p = stop;
    else {
        bool negative = *p == '-', any = false;
        if (*p == '-' || *p == '+')
            p++;
        if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
            p += 2;
        const char *digits = p;
        for (; Py_ISXDIGIT(Py_CHARMASK(*p)); any = true)
            p++;
        if (*p == '.')
            for (p++; Py_ISXDIGIT(Py_CHARMASK(*p)); any = true)
                p++;
        if (!any)
            goto bad;
        const char *digits_end = p;
        int64_t exponent = 0;
        if (*p == 'p' || *p == 'P') {
            p++;
            bool negative_exponent = *p == '-';
            if (*p == '-' || *p == '+')
                p++;
            if (!Py_ISDIGIT(Py_CHARMASK(*p)))
                goto bad;
            for (; Py_ISDIGIT(Py_CHARMASK(*p)); p++)
                if (exponent < (int64_t)1 << 56)        /* more than any number of digits makes up for */
                    exponent = exponent * 10 + (*p - '0');
            if (negative_exponent)
                exponent = -exponent;
        }
        v = hex_value(digits, digits_end, exponent);
        if (isinf(v)) {
            PyErr_SetString(PyExc_OverflowError, "hexadecimal value too large to represent as a float");
            return NULL;
        }
        if (negative)
            v = -v;
    }
    while (Py_ISSPACE(Py_CHARMASK(*p)))
        p++;
    if (p != end)
        goto bad;
    PyObject *result = kr_float_new(v);
    if (result != NULL && type != (PyObject *)&PyFloat_Type)
        Py_SETREF(result, PyObject_CallOneArg(type, result));
    return result;
bad:
    PyErr_SetString(PyExc_ValueError, "invalid hexadecimal floating-point string");
    return NULL;
}

static PyObject *float_getnewargs(PyObject *o, PyObject *ignored) { return Py_BuildValue("(d)", PyFloat_AS_DOUBLE(o)); }

static PyObject *float_getformat(PyObject *type, PyObject *arg) {
    if (!PyUnicode_Check(arg)) {
        PyErr_Format(PyExc_TypeError, "__getformat__() argument must be str, not %.50s", Py_IsNone(arg) ? "None" : Py_TYPE(arg)->tp_name);
        return NULL;
    }
    if (PyUnicode_CompareWithASCIIString(arg, "double") != 0 && PyUnicode_CompareWithASCIIString(arg, "float") != 0) {
        PyErr_SetString(PyExc_ValueError, "__getformat__() argument 1 must be 'double' or 'float'");
        return NULL;
    }
    return PyUnicode_FromString(PY_LITTLE_ENDIAN ? "IEEE, little-endian" : "IEEE, big-endian");
}

static PyObject *float_format(PyObject *o, PyObject *spec) {
    if (!PyUnicode_Check(spec)) {
        PyErr_Format(PyExc_TypeError, "__format__() argument must be str, not %.50s", Py_IsNone(spec) ? "None" : Py_TYPE(spec)->tp_name);
        return NULL;
    }
    _PyUnicodeWriter w;
    _PyUnicodeWriter_Init(&w);
    if (_PyFloat_FormatAdvancedWriter(&w, o, spec, 0, PyUnicode_GET_LENGTH(spec)) < 0) {
        _PyUnicodeWriter_Dealloc(&w);
        return NULL;
    }
    return _PyUnicodeWriter_Finish(&w);
}

static PyObject *float_get_real(PyObject *o, void *ignored) { return float_float(o); }
static PyObject *float_get_imag(PyObject *o, void *ignored) { return kr_float_new(0.0); }

static PyMethodDef float_methods[] = {
    {"conjugate", float_conjugate, METH_NOARGS, PyDoc_STR("conjugate($self, /)\n--\n\nself, the complex conjugate of any float.")},
    {"__trunc__", float_trunc, METH_NOARGS, PyDoc_STR("__trunc__($self, /)\n--\n\nThe int closest to self between 0 and self.")},
    {"__floor__", float_floor, METH_NOARGS, PyDoc_STR("__floor__($self, /)\n--\n\nThe largest int not above self.")},
    {"__ceil__", float_ceil, METH_NOARGS, PyDoc_STR("__ceil__($self, /)\n--\n\nThe smallest int not below self.")},
    {"__round__", KR_METH(float_round), METH_FASTCALL,
     PyDoc_STR("__round__($self, ndigits=None, /)\n--\n\nRounds to ndigits decimal places, ties to even; to an int when ndigits is None.")},
    {"as_integer_ratio", float_as_integer_ratio, METH_NOARGS,
     PyDoc_STR("as_integer_ratio($self, /)\n--\n\nThe pair of ints in lowest terms whose exact ratio is self, the denominator positive.\n\n"
               ">>> (2.5).as_integer_ratio()\n(5, 2)\n>>> (0.0).as_integer_ratio()\n(0, 1)\n>>> (-3.75).as_integer_ratio()\n(-15, 4)")},
    {"fromhex", float_fromhex, METH_O | METH_CLASS,
     PyDoc_STR("fromhex($type, string, /)\n--\n\nThe float that a hexadecimal literal stands for.\n\n"
               ">>> float.fromhex('0x1.4p+1')\n2.5\n>>> float.fromhex('-0x8p-4')\n-0.5")},
    {"hex", float_hex, METH_NOARGS,
     PyDoc_STR("hex($self, /)\n--\n\nA hexadecimal literal of self.\n\n"
               ">>> (2.5).hex()\n'0x1.4000000000000p+1'\n>>> (-0.5).hex()\n'-0x1.0000000000000p-1'")},
    {"is_integer", float_is_integer, METH_NOARGS, PyDoc_STR("is_integer($self, /)\n--\n\nWhether self is a whole number.")},
    {"__getnewargs__", float_getnewargs, METH_NOARGS, PyDoc_STR("__getnewargs__($self, /)\n--\n\n")},
    {"__getformat__", float_getformat, METH_O | METH_CLASS,
     PyDoc_STR("__getformat__($type, typestr, /)\n--\n\nHow C's 'double' or 'float' is represented here. For Python's own tests.")},
    {"__format__", float_format, METH_O, PyDoc_STR("__format__($self, format_spec, /)\n--\n\nFormats self by a format specification.")},
    {NULL}
};

static PyGetSetDef float_getset[] = {
    {"real", float_get_real, NULL, PyDoc_STR("the real part of a complex number"), NULL},
    {"imag", float_get_imag, NULL, PyDoc_STR("the imaginary part of a complex number"), NULL},
    {NULL}
};

static PyNumberMethods float_as_number = {
    .nb_add = float_add,
    .nb_subtract = float_sub,
    .nb_multiply = float_mul,
    .nb_remainder = float_mod,
    .nb_divmod = float_divmod,
    .nb_power = float_pow,
    .nb_negative = float_neg,
    .nb_positive = float_float,
    .nb_absolute = float_abs,
    .nb_bool = float_bool,
    .nb_int = float_int,
    .nb_float = float_float,
    .nb_floor_divide = float_floordiv,
    .nb_true_divide = float_div,
};

PyTypeObject PyFloat_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "float",
    .tp_basicsize = sizeof(PyFloatObject),
    .tp_dealloc = float_dealloc,
    .tp_repr = float_repr,
    .tp_as_number = &float_as_number,
    .tp_hash = float_hash,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | _Py_TPFLAGS_MATCH_SELF,
    .tp_doc = PyDoc_STR("float(x=0, /)\n--\n\nThe floating-point number that a string or number stands for."),
    .tp_richcompare = float_richcompare,
    .tp_methods = float_methods,
    .tp_getset = float_getset,
    .tp_new = float_new,
    .tp_free = PyObject_Free,
    .tp_vectorcall = float_vectorcall,
};

/* ------------------------------------------------------------------ sys.float_info */

static PyStructSequence_Field float_info_fields[] = {
    {"max", "the largest finite float"},
    {"max_exp", "the largest int e such that 2**(e-1) is a finite float"},
    {"max_10_exp", "the largest int e such that 10**e is a finite float"},
    {"min", "the smallest positive normalized float"},
    {"min_exp", "the smallest int e such that 2**(e-1) is a normalized float"},
    {"min_10_exp", "the smallest int e such that 10**e is a normalized float"},
    {"dig", "how many decimal digits any float keeps"},
    {"mant_dig", "how many binary digits the mantissa has"},
    {"epsilon", "the difference between 1 and the next float"},
    {"radix", "the radix of the exponent"},
    {"rounds", "the rounding mode of arithmetic"},
    {NULL}
};
static PyStructSequence_Desc float_info_desc = {
    .name = "sys.float_info",
    .doc = "sys.float_info\n\nLimits and precision of floats; the names are those of C's float.h.",
    .fields = float_info_fields,
    .n_in_sequence = 11,
};

PyObject *PyFloat_GetInfo(void) {
    PyTypeObject *type = PyStructSequence_NewType(&float_info_desc);
    if (type == NULL)
        return NULL;
    PyObject *info = PyStructSequence_New(type);
    Py_DECREF(type);
    if (info == NULL)
        return NULL;
    PyObject *values[] = {
        kr_float_new(DBL_MAX), PyLong_FromLong(DBL_MAX_EXP), PyLong_FromLong(DBL_MAX_10_EXP), kr_float_new(DBL_MIN),
        PyLong_FromLong(DBL_MIN_EXP), PyLong_FromLong(DBL_MIN_10_EXP), PyLong_FromLong(DBL_DIG), PyLong_FromLong(DBL_MANT_DIG),
        kr_float_new(DBL_EPSILON), PyLong_FromLong(FLT_RADIX), PyLong_FromLong(FLT_ROUNDS),
    };
    for (size_t i = 0; i < KR_ARRAY_LEN(values); i++)
        PyStructSequence_SET_ITEM(info, (Py_ssize_t)i, values[i]);
    if (PyErr_Occurred())
        Py_CLEAR(info);
    return info;
}
