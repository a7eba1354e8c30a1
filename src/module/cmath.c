/* cmath.c - the module cmath.
 *
 * The C library's complex functions follow Annex G of the C standard, special values included, and that is what Python
 * promises. What is added here: which arguments are outside the domain (ValueError) and when an infinite result of a
 * finite argument is an overflow (OverflowError).
 */
#include "krait.h"
#include <complex.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#undef I
#ifndef CMPLX                   /* clang before 15 with glibc's header */
#define CMPLX(x, y) __builtin_complex((double)(x), (double)(y))
#endif

typedef double complex C;

static C to_c(Py_complex z) { return CMPLX(z.real, z.imag); }
static Py_complex from_c(C z) { return (Py_complex){creal(z), cimag(z)}; }
static bool finite_c(Py_complex z) { return isfinite(z.real) && isfinite(z.imag); }

static int to_complex(PyObject *o, Py_complex *z) {
    *z = PyComplex_AsCComplex(o);
    return z->real == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static PyObject *domain_error(void) {
    PyErr_SetString(PyExc_ValueError, "math domain error");
    return NULL;
}
static PyObject *range_error(void) {
    PyErr_SetString(PyExc_OverflowError, "math range error");
    return NULL;
}
static PyObject *result_of(Py_complex z, Py_complex r) {
    if (finite_c(z) && (isinf(r.real) || isinf(r.imag)))
        return range_error();
    return PyComplex_FromCComplex(r);
}

/* ------------------------------------------------------------------ domains: where a function has no value */

static bool anywhere(Py_complex z) { return true; }
/* e^z: an infinite angle has no direction unless the radius is 0 or unknown. */
static bool exp_domain(Py_complex z) { return !isinf(z.imag) || isnan(z.real) || (isinf(z.real) && z.real < 0); }
static bool cosh_domain(Py_complex z) { return !isinf(z.imag) || isnan(z.real); }
static bool cos_domain(Py_complex z) { return cosh_domain((Py_complex){-z.imag, z.real}); }
static bool tanh_domain(Py_complex z) { return !(isinf(z.imag) && isfinite(z.real)); }
static bool tan_domain(Py_complex z) { return tanh_domain((Py_complex){-z.imag, z.real}); }
static bool log_domain(Py_complex z) { return z.real != 0.0 || z.imag != 0.0; }
static bool atanh_domain(Py_complex z) { return !(z.imag == 0.0 && fabs(z.real) == 1.0); }
static bool atan_domain(Py_complex z) { return atanh_domain((Py_complex){-z.imag, z.real}); }

/* ------------------------------------------------------------------ functions whose library version needs care */

/* log z, the real part without cancellation near |z| == 1. */
static C log_of(C z) {
    double x = fabs(creal(z)), y = fabs(cimag(z)), re;
    if (!isfinite(x) || !isfinite(y))
        return clog(z);
    if (x > DBL_MAX / 4 || y > DBL_MAX / 4)
        re = log(hypot(x / 2, y / 2)) + M_LN2;
    else if (x < DBL_MIN && y < DBL_MIN)
        re = log(hypot(ldexp(x, DBL_MANT_DIG), ldexp(y, DBL_MANT_DIG))) - DBL_MANT_DIG * M_LN2;
    else {
        double h = hypot(x, y);
        if (h >= 0.71 && h <= 1.73) {
            double a = fmax(x, y), b = fmin(x, y);
            re = log1p((a - 1) * (a + 1) + b * b) / 2;
        }
        else
            re = log(h);
    }
    return CMPLX(re, atan2(cimag(z), creal(z)));
}
static C log10_of(C z) {
    C r = log_of(z);
    return CMPLX(creal(r) / M_LN10, cimag(r) / M_LN10);
}

/* sqrt z by halving the angle, scaled so that nothing overflows or gets lost. */
static C sqrt_of(C z) {
    double x = creal(z), y = cimag(z);
    if (!isfinite(x) || !isfinite(y))
        return csqrt(z);
    if (x == 0.0 && y == 0.0)
        return CMPLX(0.0, y);
    double ax = fabs(x), ay = fabs(y), s;
    if (ax < DBL_MIN && ay < DBL_MIN && (ax > 0.0 || ay > 0.0)) {
        ax = ldexp(ax, 54);
        s = ldexp(sqrt((ax + hypot(ax, ldexp(ay, 54))) / 2.0), -27);
    }
    else {
        ax /= 8.0;
        s = 2.0 * sqrt(ax + hypot(ax, ay / 8.0));
    }
    double d = ay / (2.0 * s);
    return x >= 0.0 ? CMPLX(s, copysign(d, y)) : CMPLX(d, copysign(s, y));
}

/* Newer revisions of C know a part of the result at 0 + NaN i, which Python does not. */
static C acosh_of(C z) { return isnan(cimag(z)) && creal(z) == 0.0 ? CMPLX(NAN, NAN) : cacosh(z); }
static C tanh_of(C z) { return isnan(cimag(z)) && creal(z) == 0.0 ? CMPLX(NAN, NAN) : ctanh(z); }
static C tan_of(C z) { return isnan(creal(z)) && cimag(z) == 0.0 ? CMPLX(NAN, NAN) : ctan(z); }

/* X(name, library function, domain, docstring) */
#define KR_CMATH_UNARY(X)                                                            \
    X(acos, cacos, anywhere, "The arc cosine of z.")                                 \
    X(acosh, acosh_of, anywhere, "The inverse hyperbolic cosine of z.")                \
    X(asin, casin, anywhere, "The arc sine of z.")                                   \
    X(asinh, casinh, anywhere, "The inverse hyperbolic sine of z.")                  \
    X(atan, catan, atan_domain, "The arc tangent of z.")                             \
    X(atanh, catanh, atanh_domain, "The inverse hyperbolic tangent of z.")           \
    X(cos, ccos, cos_domain, "The cosine of z.")                                     \
    X(cosh, ccosh, cosh_domain, "The hyperbolic cosine of z.")                       \
    X(exp, cexp, exp_domain, "e to the power of z.")                                 \
    X(log10, log10_of, log_domain, "The decimal logarithm of z.")                    \
    X(sin, csin, cos_domain, "The sine of z.")                                       \
    X(sinh, csinh, cosh_domain, "The hyperbolic sine of z.")                         \
    X(sqrt, sqrt_of, anywhere, "The square root of z.")                              \
    X(tan, tan_of, tan_domain, "The tangent of z.")                                    \
    X(tanh, tanh_of, tanh_domain, "The hyperbolic tangent of z.")

#define UNARY(name, func, domain, doc)                                   \
    static PyObject *cmath_##name(PyObject *module, PyObject *arg) {     \
        Py_complex z;                                                    \
        if (to_complex(arg, &z) < 0)                                     \
            return NULL;                                                 \
        if (!domain(z))                                                  \
            return domain_error();                                       \
        return result_of(z, from_c(func(to_c(z))));                      \
    }
KR_CMATH_UNARY(UNARY)
#undef UNARY

static PyObject *cmath_log(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("log", nargs, 1, 2))
        return NULL;
    Py_complex z, base;
    if (to_complex(args[0], &z) < 0)
        return NULL;
    if (nargs == 1)
        return log_domain(z) ? PyComplex_FromCComplex(from_c(log_of(to_c(z)))) : domain_error();
    if (to_complex(args[1], &base) < 0)
        return NULL;
    if (!log_domain(z) || !log_domain(base))
        return domain_error();
    errno = 0;
    Py_complex r = _Py_c_quot(from_c(log_of(to_c(z))), from_c(log_of(to_c(base))));
    return errno == EDOM ? domain_error() : PyComplex_FromCComplex(r);
}

static PyObject *cmath_phase(PyObject *module, PyObject *arg) {
    Py_complex z;
    return to_complex(arg, &z) < 0 ? NULL : PyFloat_FromDouble(atan2(z.imag, z.real));
}

static PyObject *cmath_polar(PyObject *module, PyObject *arg) {
    Py_complex z;
    if (to_complex(arg, &z) < 0)
        return NULL;
    double r = _Py_c_abs(z);
    return errno == ERANGE ? range_error() : Py_BuildValue("dd", r, atan2(z.imag, z.real));
}

static PyObject *cmath_rect(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("rect", nargs, 2, 2))
        return NULL;
    double r = PyFloat_AsDouble(args[0]);
    if (r == -1.0 && PyErr_Occurred())
        return NULL;
    double phi = PyFloat_AsDouble(args[1]);
    if (phi == -1.0 && PyErr_Occurred())
        return NULL;
    if (isinf(phi) && r != 0.0 && !isnan(r))
        return domain_error();
    Py_complex z;
    if (isinf(r) && isfinite(phi) && phi != 0.0) {
        z.real = copysign(r, r > 0 ? cos(phi) : -cos(phi));
        z.imag = copysign(r, r > 0 ? sin(phi) : -sin(phi));
    }
    else if (phi == 0.0) /* keeps the zero's sign, of an infinite r too */
        z = (Py_complex){r, isnan(r) ? phi : r * phi};
    else if (r == 0.0 && !isfinite(phi))
        z = (Py_complex){0.0, 0.0};
    else if (isinf(r)) /* phi is a NaN */
        z = (Py_complex){r, phi};
    else
        z = (Py_complex){r * cos(phi), r * sin(phi)};
    if (phi == 0.0 && isinf(r))
        z.imag = copysign(0.0, r > 0 ? phi : -phi);
    return PyComplex_FromCComplex(z);
}

static PyObject *cmath_isfinite(PyObject *module, PyObject *arg) {
    Py_complex z;
    return to_complex(arg, &z) < 0 ? NULL : PyBool_FromLong(finite_c(z));
}
static PyObject *cmath_isnan(PyObject *module, PyObject *arg) {
    Py_complex z;
    return to_complex(arg, &z) < 0 ? NULL : PyBool_FromLong(isnan(z.real) || isnan(z.imag));
}
static PyObject *cmath_isinf(PyObject *module, PyObject *arg) {
    Py_complex z;
    return to_complex(arg, &z) < 0 ? NULL : PyBool_FromLong(isinf(z.real) || isinf(z.imag));
}

static PyObject *cmath_isclose(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"a", "b", "rel_tol", "abs_tol", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "DD|$dd:isclose"};
    Py_complex a, b;
    double rel = 1e-9, absolute = 0.0;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &a, &b, &rel, &absolute))
        return NULL;
    if (rel < 0.0 || absolute < 0.0) {
        PyErr_SetString(PyExc_ValueError, "tolerances must be non-negative");
        return NULL;
    }
    if (a.real == b.real && a.imag == b.imag)
        Py_RETURN_TRUE;
    if (isinf(a.real) || isinf(a.imag) || isinf(b.real) || isinf(b.imag))
        Py_RETURN_FALSE;
    double diff = _Py_c_abs(_Py_c_diff(a, b));
    return PyBool_FromLong(diff <= rel * _Py_c_abs(b) || diff <= rel * _Py_c_abs(a) || diff <= absolute);
}

#define UNARY_ENTRY(name, func, domain, doc) {#name, cmath_##name, METH_O, PyDoc_STR(#name "($module, z, /)\n--\n\n" doc)},
static PyMethodDef cmath_methods[] = {
    KR_CMATH_UNARY(UNARY_ENTRY)
    {"isclose", KR_METH(cmath_isclose), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("isclose($module, /, a, b, *, rel_tol=1e-09, abs_tol=0.0)\n--\n\n"
               "Whether two complex numbers are no further apart than a relative or an absolute tolerance.")},
    {"isfinite", cmath_isfinite, METH_O, PyDoc_STR("isfinite($module, z, /)\n--\n\nWhether both parts are finite.")},
    {"isinf", cmath_isinf, METH_O, PyDoc_STR("isinf($module, z, /)\n--\n\nWhether a part is infinite.")},
    {"isnan", cmath_isnan, METH_O, PyDoc_STR("isnan($module, z, /)\n--\n\nWhether a part is a NaN.")},
    {"log", KR_METH(cmath_log), METH_FASTCALL, PyDoc_STR("log($module, z, base=<unrepresentable>, /)\n--\n\nThe logarithm of z, natural without a base.")},
    {"phase", cmath_phase, METH_O, PyDoc_STR("phase($module, z, /)\n--\n\nThe angle of z.")},
    {"polar", cmath_polar, METH_O, PyDoc_STR("polar($module, z, /)\n--\n\nThe distance from 0 and the angle of z.")},
    {"rect", KR_METH(cmath_rect), METH_FASTCALL, PyDoc_STR("rect($module, r, phi, /)\n--\n\nThe number at distance r and angle phi.")},
    {NULL}
};

static int add(PyObject *m, const char *name, PyObject *v) {
    if (v == NULL || PyModule_AddObject(m, name, v) < 0) {
        Py_XDECREF(v);
        return -1;
    }
    return 0;
}
static int cmath_exec(PyObject *m) {
    double nan = fabs((double)NAN);
    return add(m, "pi", PyFloat_FromDouble(Py_MATH_PI)) < 0 || add(m, "e", PyFloat_FromDouble(Py_MATH_E)) < 0 ||
                   add(m, "tau", PyFloat_FromDouble(Py_MATH_TAU)) < 0 || add(m, "inf", PyFloat_FromDouble(Py_HUGE_VAL)) < 0 ||
                   add(m, "infj", PyComplex_FromDoubles(0.0, Py_HUGE_VAL)) < 0 || add(m, "nan", PyFloat_FromDouble(nan)) < 0 ||
                   add(m, "nanj", PyComplex_FromDoubles(0.0, nan)) < 0
               ? -1
               : 0;
}

static PyModuleDef_Slot cmath_slots[] = {{Py_mod_exec, cmath_exec}, {0, NULL}};
static struct PyModuleDef cmath_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "cmath",
    .m_doc = PyDoc_STR("Mathematical functions of complex numbers."),
    .m_methods = cmath_methods,
    .m_slots = cmath_slots,
};
PyMODINIT_FUNC PyInit_cmath(void) { return PyModuleDef_Init(&cmath_module); }
