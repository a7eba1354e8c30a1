/* complex.c - the type complex and arithmetic on Py_complex.
 *
 * A complex is two C doubles. The C functions report a domain error or an overflow through errno (EDOM, ERANGE), as the
 * public API promises; the type's slots turn it into exceptions.
 */
#include "object/container.h"
#include "object/float.h"
#include "object/format.h"
#include "object/pystrtod.h"
#include <errno.h>
#include <math.h>

/* ------------------------------------------------------------------ C arithmetic */

Py_complex _Py_c_sum(Py_complex a, Py_complex b) { return (Py_complex){a.real + b.real, a.imag + b.imag}; }
Py_complex _Py_c_diff(Py_complex a, Py_complex b) { return (Py_complex){a.real - b.real, a.imag - b.imag}; }
Py_complex _Py_c_neg(Py_complex a) { return (Py_complex){-a.real, -a.imag}; }
Py_complex _Py_c_prod(Py_complex a, Py_complex b) {
    return (Py_complex){a.real * b.real - a.imag * b.imag, a.real * b.imag + a.imag * b.real};
}

/* Smith's method: divides by the larger part of b first, so that nothing overflows on the way. */
Py_complex _Py_c_quot(Py_complex a, Py_complex b) {
    double re = fabs(b.real), im = fabs(b.imag);
    if (re >= im) {
        if (re == 0.0) {
            errno = EDOM;
            return (Py_complex){0.0, 0.0};
        }
        double ratio = b.imag / b.real, d = b.real + b.imag * ratio;
        return (Py_complex){(a.real + a.imag * ratio) / d, (a.imag - a.real * ratio) / d};
    }
    if (im >= re) {
        double ratio = b.real / b.imag, d = b.real * ratio + b.imag;
        return (Py_complex){(a.real * ratio + a.imag) / d, (a.imag * ratio - a.real) / d};
    }
    return (Py_complex){Py_NAN, Py_NAN};
}

Py_complex _Py_c_pow(Py_complex a, Py_complex b) {
    if (b.real == 0.0 && b.imag == 0.0)
        return (Py_complex){1.0, 0.0};
    if (a.real == 0.0 && a.imag == 0.0) {
        if (b.imag != 0.0 || b.real < 0.0)
            errno = EDOM;
        return (Py_complex){0.0, 0.0};
    }
    double size = hypot(a.real, a.imag), length = pow(size, b.real), angle = atan2(a.imag, a.real), phase = angle * b.real;
    if (b.imag != 0.0) {
        length /= exp(angle * b.imag);
        phase += b.imag * log(size);
    }
    return (Py_complex){length * cos(phase), length * sin(phase)};
}

double _Py_c_abs(Py_complex z) {
    errno = 0;
    if (!isfinite(z.real) || !isfinite(z.imag)) {
        if (isinf(z.real) || isinf(z.imag))
            return Py_HUGE_VAL;
        return Py_NAN;
    }
    double r = hypot(z.real, z.imag);
    errno = isfinite(r) ? 0 : ERANGE;
    return r;
}

/* a ** n by repeated squaring. */
static Py_complex power_int(Py_complex a, long n) {
    Py_complex r = {1.0, 0.0}, p = a;
    for (unsigned long k = n < 0 ? (unsigned long)-n : (unsigned long)n; k; k >>= 1) {
        if (k & 1)
            r = _Py_c_prod(r, p);
        if (k > 1)
            p = _Py_c_prod(p, p);
    }
    return n < 0 ? _Py_c_quot((Py_complex){1.0, 0.0}, r) : r;
}

/* ------------------------------------------------------------------ lifecycle, conversion */

static PyObject *complex_make(PyTypeObject *type, double real, double imag) {
    PyObject *o = type->tp_alloc ? type->tp_alloc(type, 0) : PyType_GenericAlloc(type, 0);
    if (o != NULL)
        ((PyComplexObject *)o)->cval = (Py_complex){real, imag};
    return o;
}

PyObject *PyComplex_FromCComplex(Py_complex v) {
    PyComplexObject *o = PyObject_New(PyComplexObject, &PyComplex_Type);
    if (o != NULL)
        o->cval = v;
    return (PyObject *)o;
}
PyObject *PyComplex_FromDoubles(double real, double imag) { return PyComplex_FromCComplex((Py_complex){real, imag}); }

/* What __complex__ of o returns, a complex; NULL without an exception when o has no such method. */
static PyObject *call_dunder_complex(PyObject *o) {
    PyObject *method = kr_special_lookup(o, KR_STR(__complex__));
    if (method == NULL)
        return NULL;
    PyObject *r = PyObject_CallNoArgs(method);
    Py_DECREF(method);
    if (r == NULL || PyComplex_CheckExact(r))
        return r;
    if (!PyComplex_Check(r)) {
        PyErr_Format(PyExc_TypeError, "__complex__ returned non-complex (type %.200s)", Py_TYPE(r)->tp_name);
        Py_DECREF(r);
        return NULL;
    }
    if (PyErr_WarnFormat(PyExc_DeprecationWarning, 1,
                         "__complex__ returned non-complex (type %.200s).  "
                         "The ability to return an instance of a strict subclass of complex is deprecated, "
                         "and may be removed in a future version of Python.",
                         Py_TYPE(r)->tp_name) < 0)
        Py_CLEAR(r);
    return r;
}

Py_complex PyComplex_AsCComplex(PyObject *o) {
    if (PyComplex_Check(o))
        return ((PyComplexObject *)o)->cval;
    PyObject *z = call_dunder_complex(o);
    if (z != NULL) {
        Py_complex v = ((PyComplexObject *)z)->cval;
        Py_DECREF(z);
        return v;
    }
    if (PyErr_Occurred())
        return (Py_complex){-1.0, 0.0};
    return (Py_complex){PyFloat_AsDouble(o), 0.0};
}
double PyComplex_RealAsDouble(PyObject *o) { return PyComplex_Check(o) ? ((PyComplexObject *)o)->cval.real : PyFloat_AsDouble(o); }
double PyComplex_ImagAsDouble(PyObject *o) { return PyComplex_Check(o) ? ((PyComplexObject *)o)->cval.imag : 0.0; }

/* A float at s, if there is one: *end stays at s otherwise. 0, or -1 with an exception other than a bad literal. */
static int read_double(const char *s, char **end, double *v) {
    *v = PyOS_string_to_double(s, end, NULL);
    if (*v == -1.0 && PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_ValueError))
            return -1;
        PyErr_Clear();
        *end = (char *)s;
    }
    return 0;
}

static PyObject *complex_from_text(const char *s, Py_ssize_t n, void *type) {
    const char *start = s;
    char *end;
    double x = 0.0, y = 0.0, z;
    bool paren = false;
    while (Py_ISSPACE(Py_CHARMASK(*s)))
        s++;
    if (*s == '(') {
        paren = true;
        s++;
        while (Py_ISSPACE(Py_CHARMASK(*s)))
            s++;
    }
    /* float | float 'j' | float sign-float 'j', where the float before 'j' may be a bare sign or (alone) nothing */
    if (read_double(s, &end, &z) < 0)
        return NULL;
    if (end != s) {
        s = end;
        if (*s == '+' || *s == '-') {
            x = z;
            if (read_double(s, &end, &y) < 0)
                return NULL;
            if (end != s)
                s = end;
            else
                y = *s++ == '+' ? 1.0 : -1.0;
            if (*s != 'j' && *s != 'J')
                goto bad;
            s++;
        }
        else if (*s == 'j' || *s == 'J') {
            s++;
            y = z;
        }
        else
            x = z;
    }
    else {
        if (*s == '+' || *s == '-')
            y = *s++ == '+' ? 1.0 : -1.0;
        else
            y = 1.0;
        if (*s != 'j' && *s != 'J')
            goto bad;
        s++;
    }
    while (Py_ISSPACE(Py_CHARMASK(*s)))
        s++;
    if (paren) {
        if (*s != ')')
            goto bad;
        s++;
        while (Py_ISSPACE(Py_CHARMASK(*s)))
            s++;
    }
    if (s - start != n)
        goto bad;
    return complex_make(type, x, y);
bad:
    PyErr_SetString(PyExc_ValueError, "complex() arg is a malformed string");
    return NULL;
}

static PyObject *complex_from_string(PyTypeObject *type, PyObject *v) {
    PyObject *ascii = _PyUnicode_TransformDecimalAndSpaceToASCII(v), *r = NULL;
    if (ascii == NULL)
        return NULL;
    Py_ssize_t n;
    const char *s = PyUnicode_AsUTF8AndSize(ascii, &n);
    if (s != NULL)
        r = _Py_string_to_number_with_underscores(s, n, "complex", v, type, complex_from_text);
    Py_DECREF(ascii);
    return r;
}

static bool is_number(PyObject *o) {
    PyNumberMethods *nb = Py_TYPE(o)->tp_as_number;
    return (nb != NULL && (nb->nb_float != NULL || nb->nb_index != NULL)) || PyComplex_Check(o);
}

/* The value of a part given to complex(): 0, or -1 with an exception. */
static int complex_part(PyObject *o, Py_complex *v, bool *is_complex) {
    *is_complex = PyComplex_Check(o);
    if (*is_complex) {
        *v = ((PyComplexObject *)o)->cval;
        return 0;
    }
    PyObject *f = PyNumber_Float(o);
    if (f == NULL)
        return -1;
    *v = (Py_complex){PyFloat_AS_DOUBLE(f), 0.0};
    Py_DECREF(f);
    return 0;
}

static PyObject *complex_from_args(PyTypeObject *type, PyObject *real, PyObject *imag) {
    if (real == NULL && imag == NULL)
        return complex_make(type, 0.0, 0.0);
    if (real != NULL && PyComplex_CheckExact(real) && imag == NULL && type == &PyComplex_Type)
        return Py_NewRef(real);
    if (real != NULL && PyUnicode_Check(real)) {
        if (imag == NULL)
            return complex_from_string(type, real);
        PyErr_SetString(PyExc_TypeError, "complex() can't take second arg if first is a string");
        return NULL;
    }
    if (imag != NULL && PyUnicode_Check(imag)) {
        PyErr_SetString(PyExc_TypeError, "complex() second arg can't be a string");
        return NULL;
    }
    Py_complex r = {0.0, 0.0}, i = {0.0, 0.0};
    bool r_complex = false, i_complex = false;
    PyObject *result = NULL, *own = NULL;
    if (real != NULL) {
        if (!PyComplex_CheckExact(real)) {
            own = call_dunder_complex(real);
            if (own != NULL)
                real = own;
            else if (PyErr_Occurred())
                return NULL;
        }
        if (!is_number(real)) {
            PyErr_Format(PyExc_TypeError, "complex() first argument must be a string or a number, not '%.200s'", Py_TYPE(real)->tp_name);
            goto done;
        }
    }
    if (imag != NULL && !is_number(imag)) {
        PyErr_Format(PyExc_TypeError, "complex() second argument must be a number, not '%.200s'", Py_TYPE(imag)->tp_name);
        goto done;
    }
    if ((real != NULL && complex_part(real, &r, &r_complex) < 0) || (imag != NULL && complex_part(imag, &i, &i_complex) < 0))
        goto done;
    if (imag == NULL)
        i.real = r.imag;
    if (i_complex)
        r.real -= i.imag;
    if (r_complex && imag != NULL)
        i.real += r.imag;
    result = complex_make(type, r.real, i.real);
done:
    Py_XDECREF(own);
    return result;
}

static PyObject *complex_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"real", "imag", NULL};
    PyObject *real = NULL, *imag = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|OO:complex", keywords, &real, &imag))
        return NULL;
    return complex_from_args(type, real, imag);
}

/* ------------------------------------------------------------------ text, hash, comparison */

static PyObject *complex_repr(PyObject *o) {
    Py_complex v = ((PyComplexObject *)o)->cval;
    char text[2 * KR_FLOAT_REPR_BUFFER + 8], *p = text;
    if (v.real == 0.0 && !signbit(v.real)) {
        p += kr_double_repr(v.imag, p, 0);
        *p++ = 'j';
    }
    else {
        *p++ = '(';
        p += kr_double_repr(v.real, p, 0);
        if (!signbit(v.imag) || isnan(v.imag))
            *p++ = '+';
        p += kr_double_repr(v.imag, p, 0);
        *p++ = 'j';
        *p++ = ')';
    }
    return PyUnicode_FromStringAndSize(text, p - text);
}

static Py_hash_t complex_hash(PyObject *o) {
    Py_complex v = ((PyComplexObject *)o)->cval;
    Py_uhash_t re = (Py_uhash_t)_Py_HashDouble(o, v.real), im = (Py_uhash_t)_Py_HashDouble(o, v.imag);
    if (re == (Py_uhash_t)-1 || im == (Py_uhash_t)-1)
        return -1;
    Py_uhash_t h = re + _PyHASH_IMAG * im;
    return h == (Py_uhash_t)-1 ? -2 : (Py_hash_t)h;
}

static PyObject *complex_richcompare(PyObject *a, PyObject *b, int op) {
    if (op != Py_EQ && op != Py_NE)
        Py_RETURN_NOTIMPLEMENTED;
    Py_complex x = ((PyComplexObject *)a)->cval;
    bool equal;
    if (PyLong_Check(b)) {
        if (x.imag != 0.0)
            equal = false;
        else {
            PyObject *re = kr_float_new(x.real);
            if (re == NULL)
                return NULL;
            PyObject *r = PyFloat_Type.tp_richcompare(re, b, op);
            Py_DECREF(re);
            return r;
        }
    }
    else if (PyFloat_Check(b))
        equal = x.real == PyFloat_AS_DOUBLE(b) && x.imag == 0.0;
    else if (PyComplex_Check(b)) {
        Py_complex y = ((PyComplexObject *)b)->cval;
        equal = x.real == y.real && x.imag == y.imag;
    }
    else
        Py_RETURN_NOTIMPLEMENTED;
    return PyBool_FromLong(equal == (op == Py_EQ));
}

/* ------------------------------------------------------------------ arithmetic */

/* 1, 0 when o is no number complex knows, -1 with an exception. */
static int as_complex(PyObject *o, Py_complex *v) {
    if (PyComplex_Check(o)) {
        *v = ((PyComplexObject *)o)->cval;
        return 1;
    }
    v->imag = 0.0;
    return kr_as_double(o, &v->real);
}

#define OPERANDS(a, b, x, y)                        \
    Py_complex x, y;                                \
    do {                                            \
        int kr_r = as_complex(a, &x);               \
        if (kr_r > 0)                               \
            kr_r = as_complex(b, &y);               \
        if (kr_r == 0)                              \
            Py_RETURN_NOTIMPLEMENTED;               \
        if (kr_r < 0)                               \
            return NULL;                            \
    } while (0)

static PyObject *complex_add(PyObject *a, PyObject *b) {
    OPERANDS(a, b, x, y);
    return PyComplex_FromCComplex(_Py_c_sum(x, y));
}
static PyObject *complex_sub(PyObject *a, PyObject *b) {
    OPERANDS(a, b, x, y);
    return PyComplex_FromCComplex(_Py_c_diff(x, y));
}
static PyObject *complex_mul(PyObject *a, PyObject *b) {
    OPERANDS(a, b, x, y);
    return PyComplex_FromCComplex(_Py_c_prod(x, y));
}
static PyObject *complex_div(PyObject *a, PyObject *b) {
    OPERANDS(a, b, x, y);
    errno = 0;
    Py_complex r = _Py_c_quot(x, y);
    if (errno == EDOM) {
        PyErr_SetString(PyExc_ZeroDivisionError, "complex division by zero");
        return NULL;
    }
    return PyComplex_FromCComplex(r);
}
static PyObject *complex_pow(PyObject *a, PyObject *b, PyObject *mod) {
    OPERANDS(a, b, x, y);
    if (mod != Py_None) {
        PyErr_SetString(PyExc_ValueError, "complex modulo");
        return NULL;
    }
    errno = 0;
    Py_complex r = y.imag == 0.0 && y.real == floor(y.real) && fabs(y.real) <= 100.0 ? power_int(x, (long)y.real) : _Py_c_pow(x, y);
    if (errno == EDOM) {
        PyErr_SetString(PyExc_ZeroDivisionError, "0.0 to a negative or complex power");
        return NULL;
    }
    if (isinf(r.real) || isinf(r.imag)) {
        PyErr_SetString(PyExc_OverflowError, "complex exponentiation");
        return NULL;
    }
    return PyComplex_FromCComplex(r);
}
static PyObject *complex_neg(PyObject *o) { return PyComplex_FromCComplex(_Py_c_neg(((PyComplexObject *)o)->cval)); }
static PyObject *complex_pos(PyObject *o) {
    return PyComplex_CheckExact(o) ? Py_NewRef(o) : PyComplex_FromCComplex(((PyComplexObject *)o)->cval);
}
static PyObject *complex_abs(PyObject *o) {
    double r = _Py_c_abs(((PyComplexObject *)o)->cval);
    if (errno == ERANGE) {
        PyErr_SetString(PyExc_OverflowError, "absolute value too large");
        return NULL;
    }
    return kr_float_new(r);
}
static int complex_bool(PyObject *o) {
    Py_complex v = ((PyComplexObject *)o)->cval;
    return v.real != 0.0 || v.imag != 0.0;
}

/* ------------------------------------------------------------------ methods */

static PyObject *complex_conjugate(PyObject *o, PyObject *ignored) {
    Py_complex v = ((PyComplexObject *)o)->cval;
    return PyComplex_FromDoubles(v.real, -v.imag);
}
static PyObject *complex_complex(PyObject *o, PyObject *ignored) { return complex_pos(o); }
static PyObject *complex_getnewargs(PyObject *o, PyObject *ignored) {
    Py_complex v = ((PyComplexObject *)o)->cval;
    return Py_BuildValue("(dd)", v.real, v.imag);
}
static PyObject *complex_format(PyObject *o, PyObject *spec) {
    if (!PyUnicode_Check(spec)) {
        PyErr_Format(PyExc_TypeError, "__format__() argument must be str, not %.50s", Py_IsNone(spec) ? "None" : Py_TYPE(spec)->tp_name);
        return NULL;
    }
    _PyUnicodeWriter w;
    _PyUnicodeWriter_Init(&w);
    if (_PyComplex_FormatAdvancedWriter(&w, o, spec, 0, PyUnicode_GET_LENGTH(spec)) < 0) {
        _PyUnicodeWriter_Dealloc(&w);
        return NULL;
    }
    return _PyUnicodeWriter_Finish(&w);
}

static PyMethodDef complex_methods[] = {
    {"__complex__", complex_complex, METH_NOARGS, PyDoc_STR("__complex__($self, /)\n--\n\nself as an exact complex.")},
    {"conjugate", complex_conjugate, METH_NOARGS, PyDoc_STR("conjugate($self, /)\n--\n\nThe complex conjugate of self.")},
    {"__getnewargs__", complex_getnewargs, METH_NOARGS, PyDoc_STR("__getnewargs__($self, /)\n--\n\n")},
    {"__format__", complex_format, METH_O, PyDoc_STR("__format__($self, format_spec, /)\n--\n\nFormats self by a format specification.")},
    {NULL}
};

static PyMemberDef complex_members[] = {
    {"real", T_DOUBLE, offsetof(PyComplexObject, cval.real), READONLY, PyDoc_STR("the real part of a complex number")},
    {"imag", T_DOUBLE, offsetof(PyComplexObject, cval.imag), READONLY, PyDoc_STR("the imaginary part of a complex number")},
    {NULL}
};

static PyNumberMethods complex_as_number = {
    .nb_add = complex_add,
    .nb_subtract = complex_sub,
    .nb_multiply = complex_mul,
    .nb_power = complex_pow,
    .nb_negative = complex_neg,
    .nb_positive = complex_pos,
    .nb_absolute = complex_abs,
    .nb_bool = complex_bool,
    .nb_true_divide = complex_div,
};

PyTypeObject PyComplex_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "complex",
    .tp_basicsize = sizeof(PyComplexObject),
    .tp_repr = complex_repr,
    .tp_as_number = &complex_as_number,
    .tp_hash = complex_hash,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("complex(real=0, imag=0)\n--\n\nThe complex number real + imag*1j, or the one a string stands for."),
    .tp_richcompare = complex_richcompare,
    .tp_methods = complex_methods,
    .tp_members = complex_members,
    .tp_new = complex_new,
    .tp_free = PyObject_Free,
};
