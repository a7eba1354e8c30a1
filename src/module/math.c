/* math.c - the module math.
 *
 * Functions of the C library, wrapped by tables (KR_MATH_UNARY) that say how an infinite result of a finite argument is to
 * be reported: as ValueError "math domain error" (a pole) or OverflowError "math range error". Integer functions are in
 * math_int.c.
 */
#include "module/math.h"
#include "object/container.h"
#include <errno.h>
#include <float.h>
#include <math.h>

/* ------------------------------------------------------------------ errors */

static PyObject *domain_error(void) {
    PyErr_SetString(PyExc_ValueError, "math domain error");
    return NULL;
}
static PyObject *range_error(void) {
    PyErr_SetString(PyExc_OverflowError, "math range error");
    return NULL;
}

/* A result as a float; NaN and infinity from good arguments are errors. */
static PyObject *checked(double r, bool nan_argument, bool finite_arguments, bool can_overflow) {
    if (KR_LIKELY(isfinite(r)))
        return PyFloat_FromDouble(r);
    if (isnan(r) && !nan_argument)
        return domain_error();
    if (isinf(r) && finite_arguments)
        return can_overflow ? range_error() : domain_error();
    return PyFloat_FromDouble(r);
}

static int to_double(PyObject *o, double *v) {
    if (KR_LIKELY(PyFloat_CheckExact(o))) {
        *v = PyFloat_AS_DOUBLE(o);
        return 0;
    }
    *v = PyFloat_AsDouble(o);
    return *v == -1.0 && PyErr_Occurred() ? -1 : 0;
}

/* ------------------------------------------------------------------ one argument */

/* X(name, C expression of x, can overflow, docstring) */
#define KR_MATH_UNARY(X)                                                                                        \
    X(acos, acos(x), false, "The arc cosine of x, in radians from 0 to pi.")                                    \
    X(acosh, acosh(x), false, "The inverse hyperbolic cosine of x.")                                            \
    X(asin, asin(x), false, "The arc sine of x, in radians from -pi/2 to pi/2.")                                \
    X(asinh, asinh(x), false, "The inverse hyperbolic sine of x.")                                              \
    X(atan, atan(x), false, "The arc tangent of x, in radians from -pi/2 to pi/2.")                             \
    X(atanh, atanh(x), false, "The inverse hyperbolic tangent of x.")                                           \
    X(cbrt, cbrt(x), false, "The cube root of x.")                                                              \
    X(cos, cos(x), false, "The cosine of x, in radians.")                                                       \
    X(cosh, cosh(x), true, "The hyperbolic cosine of x.")                                                       \
    X(erf, erf(x), false, "The error function at x.")                                                           \
    X(erfc, erfc(x), false, "The complementary error function at x: 1 - erf(x), without cancellation.")         \
    X(exp, exp(x), true, "e to the power of x.")                                                                \
    X(exp2, exp2(x), true, "2 to the power of x.")                                                              \
    X(expm1, expm1(x), true, "exp(x) - 1, precise for small x.")                                                \
    X(fabs, fabs(x), false, "The absolute value of the float x.")                                               \
    X(log1p, log1p(x), false, "The natural logarithm of 1 + x, precise for small x.")                           \
    X(sin, sin(x), false, "The sine of x, in radians.")                                                         \
    X(sinh, sinh(x), true, "The hyperbolic sine of x.")                                                         \
    X(sqrt, sqrt(x), false, "The square root of x.")                                                            \
    X(tan, tan(x), false, "The tangent of x, in radians.")                                                      \
    X(tanh, tanh(x), false, "The hyperbolic tangent of x.")                                                     \
    X(degrees, x *(180.0 / Py_MATH_PI), true, "The angle x in degrees, given in radians.")                      \
    X(radians, x *(Py_MATH_PI / 180.0), true, "The angle x in radians, given in degrees.")

#define UNARY(name, expression, can_overflow, doc)                        \
    static PyObject *math_##name(PyObject *module, PyObject *arg) {       \
        double x;                                                         \
        if (to_double(arg, &x) < 0)                                       \
            return NULL;                                                  \
        return checked(expression, isnan(x), isfinite(x), can_overflow);  \
    }
KR_MATH_UNARY(UNARY)
#undef UNARY

static PyObject *math_isfinite(PyObject *module, PyObject *arg) {
    double x;
    return to_double(arg, &x) < 0 ? NULL : PyBool_FromLong(isfinite(x));
}
static PyObject *math_isinf(PyObject *module, PyObject *arg) {
    double x;
    return to_double(arg, &x) < 0 ? NULL : PyBool_FromLong(isinf(x));
}
static PyObject *math_isnan(PyObject *module, PyObject *arg) {
    double x;
    return to_double(arg, &x) < 0 ? NULL : PyBool_FromLong(isnan(x));
}

static PyObject *math_ulp(PyObject *module, PyObject *arg) {
    double x;
    if (to_double(arg, &x) < 0)
        return NULL;
    x = fabs(x);
    if (isfinite(x)) {
        double next = nextafter(x, Py_HUGE_VAL);
        x = isinf(next) ? x - nextafter(x, -Py_HUGE_VAL) : next - x;
    }
    return PyFloat_FromDouble(x);
}

static PyObject *math_gamma(PyObject *module, PyObject *arg) {
    static const double factorials[] = {1.0, 1.0, 2.0, 6.0, 24.0, 120.0, 720.0, 5040.0, 40320.0, 362880.0, 3628800.0, 39916800.0,
                                        479001600.0, 6227020800.0, 87178291200.0, 1307674368000.0, 20922789888000.0, 355687428096000.0,
                                        6402373705728000.0, 121645100408832000.0, 2432902008176640000.0, 51090942171709440000.0,
                                        1124000727777607680000.0};
    double x;
    if (to_double(arg, &x) < 0)
        return NULL;
    if (x == floor(x) && x <= 0.0) /* poles, and -inf */
        return domain_error();
    if (x == floor(x) && x <= (double)KR_ARRAY_LEN(factorials))
        return PyFloat_FromDouble(factorials[(int)x - 1]);
    return checked(tgamma(x), isnan(x), isfinite(x), true);
}

static PyObject *math_lgamma(PyObject *module, PyObject *arg) {
    double x;
    int sign;
    if (to_double(arg, &x) < 0)
        return NULL;
    if (x == floor(x) && x <= 2.0) {
        if (isinf(x))
            return PyFloat_FromDouble(Py_HUGE_VAL);
        return x <= 0.0 ? domain_error() : PyFloat_FromDouble(0.0);
    }
    return checked(lgamma_r(x, &sign), isnan(x), isfinite(x), true);
}

static PyObject *math_frexp(PyObject *module, PyObject *arg) {
    double x;
    int e = 0;
    if (to_double(arg, &x) < 0)
        return NULL;
    if (isfinite(x) && x != 0.0)
        x = frexp(x, &e);
    return Py_BuildValue("(di)", x, e);
}

static PyObject *math_modf(PyObject *module, PyObject *arg) {
    double x, whole;
    if (to_double(arg, &x) < 0)
        return NULL;
    if (isinf(x))
        return Py_BuildValue("(dd)", copysign(0.0, x), x);
    x = modf(x, &whole);
    return Py_BuildValue("(dd)", x, whole);
}

/* ------------------------------------------------------------------ logarithms */

/* func of a number; an int beyond the floats is taken apart as x * 2^e. */
static PyObject *logarithm(PyObject *arg, double (*func)(double)) {
    double x;
    if (PyLong_Check(arg)) {
        if (_PyLong_Sign(arg) <= 0)
            return domain_error();
        x = PyLong_AsDouble(arg);
        if (x == -1.0 && PyErr_Occurred()) {
            if (!PyErr_ExceptionMatches(PyExc_OverflowError))
                return NULL;
            PyErr_Clear();
            Py_ssize_t e;
            x = _PyLong_Frexp((PyLongObject *)arg, &e);
            if (x == -1.0 && PyErr_Occurred())
                return NULL;
            return PyFloat_FromDouble(func(x) + func(2.0) * (double)e);
        }
        return PyFloat_FromDouble(func(x));
    }
    if (to_double(arg, &x) < 0)
        return NULL;
    return checked(func(x), isnan(x), isfinite(x), false);
}

static PyObject *math_log(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    if (nargs < 1 || nargs > 2) {
        PyErr_SetString(PyExc_TypeError, "math.log requires 1 to 2 arguments");
        return NULL;
    }
    PyObject *n = logarithm(args[0], log);
    if (n == NULL || nargs == 1)
        return n;
    PyObject *d = logarithm(args[1], log);
    if (d == NULL) {
        Py_DECREF(n);
        return NULL;
    }
    PyObject *r = PyNumber_TrueDivide(n, d);
    Py_DECREF(n);
    Py_DECREF(d);
    return r;
}
static PyObject *math_log2(PyObject *module, PyObject *arg) { return logarithm(arg, log2); }
static PyObject *math_log10(PyObject *module, PyObject *arg) { return logarithm(arg, log10); }

/* ------------------------------------------------------------------ two arguments */

static int two_doubles(const char *name, PyObject *const *args, Py_ssize_t nargs, double *x, double *y) {
    if (!_PyArg_CheckPositional(name, nargs, 2, 2))
        return -1;
    return to_double(args[0], x) < 0 || to_double(args[1], y) < 0 ? -1 : 0;
}

static PyObject *math_atan2(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    double y, x;
    return two_doubles("atan2", args, nargs, &y, &x) < 0 ? NULL : PyFloat_FromDouble(atan2(y, x));
}
static PyObject *math_copysign(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    double x, y;
    return two_doubles("copysign", args, nargs, &x, &y) < 0 ? NULL : PyFloat_FromDouble(copysign(x, y));
}
static PyObject *math_nextafter(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    double x, y;
    return two_doubles("nextafter", args, nargs, &x, &y) < 0 ? NULL : PyFloat_FromDouble(nextafter(x, y));
}
static PyObject *math_fmod(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    double x, y;
    if (two_doubles("fmod", args, nargs, &x, &y) < 0)
        return NULL;
    return checked(fmod(x, y), isnan(x) || isnan(y), true, false);
}
static PyObject *math_remainder(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    double x, y;
    if (two_doubles("remainder", args, nargs, &x, &y) < 0)
        return NULL;
    return checked(remainder(x, y), isnan(x) || isnan(y), true, false);
}
static PyObject *math_pow(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    double x, y;
    if (two_doubles("pow", args, nargs, &x, &y) < 0)
        return NULL;
    return checked(pow(x, y), isnan(x) || isnan(y), isfinite(x) && isfinite(y), x != 0.0);
}

static PyObject *math_ldexp(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("ldexp", nargs, 2, 2))
        return NULL;
    double x;
    if (to_double(args[0], &x) < 0)
        return NULL;
    if (!PyLong_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "Expected an int as second argument to ldexp.");
        return NULL;
    }
    int overflow;
    long e = PyLong_AsLongAndOverflow(args[1], &overflow);
    if (x == 0.0 || !isfinite(x))
        return PyFloat_FromDouble(x);
    if (overflow > 0 || e > INT_MAX)
        return range_error();
    if (overflow < 0 || e < INT_MIN)
        return PyFloat_FromDouble(copysign(0.0, x));
    x = ldexp(x, (int)e);
    return isinf(x) ? range_error() : PyFloat_FromDouble(x);
}

static PyObject *math_isclose(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"a", "b", "rel_tol", "abs_tol", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "dd|$dd:isclose"};
    double a, b, rel = 1e-9, absolute = 0.0;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &a, &b, &rel, &absolute))
        return NULL;
    if (rel < 0.0 || absolute < 0.0) {
        PyErr_SetString(PyExc_ValueError, "tolerances must be non-negative");
        return NULL;
    }
    if (a == b)
        Py_RETURN_TRUE;
    if (isinf(a) || isinf(b))
        Py_RETURN_FALSE;
    double diff = fabs(b - a);
    return PyBool_FromLong(diff <= fabs(rel * b) || diff <= fabs(rel * a) || diff <= absolute);
}

/* ------------------------------------------------------------------ sums */

/* Shewchuk's exact summation: `partials` are non-overlapping doubles of increasing size whose sum is exact. */
static PyObject *math_fsum(PyObject *module, PyObject *arg) {
    PyObject *it = PyObject_GetIter(arg), *item, *result = NULL;
    if (it == NULL)
        return NULL;
    double local[32], *p = local, special = 0.0, infinities = 0.0;
    Py_ssize_t n = 0, room = KR_ARRAY_LEN(local);
    int failed;
    while ((item = kr_iter_next(it, &failed)) != NULL) {
        double x;
        int bad = to_double(item, &x);
        Py_DECREF(item);
        if (bad)
            goto done;
        double original = x;
        Py_ssize_t kept = 0;
        for (Py_ssize_t j = 0; j < n; j++) {
            double y = p[j];
            if (fabs(x) < fabs(y)) {
                double t = x;
                x = y;
                y = t;
            }
            volatile double hi = x + y, back = hi - x;
            double lo = y - back;
            if (lo != 0.0)
                p[kept++] = lo;
            x = hi;
        }
        n = kept;
        if (x == 0.0)
            continue;
        if (!isfinite(x)) {
            if (isfinite(original)) {
                PyErr_SetString(PyExc_OverflowError, "intermediate overflow in fsum");
                goto done;
            }
            if (isinf(original))
                infinities += original;
            special += original;
            n = 0;
            continue;
        }
        if (n >= room) {
            double *bigger = p == local ? PyMem_New(double, 2 * room) : PyMem_Realloc(p, (size_t)(2 * room) * sizeof *p);
            if (bigger == NULL) {
                PyErr_NoMemory();
                goto done;
            }
            if (p == local)
                memcpy(bigger, local, sizeof local);
            p = bigger;
            room *= 2;
        }
        p[n++] = x;
    }
    if (failed)
        goto done;
    if (special != 0.0) {
        if (isnan(infinities))
            PyErr_SetString(PyExc_ValueError, "-inf + inf in fsum");
        else
            result = PyFloat_FromDouble(special);
        goto done;
    }
    volatile double hi = 0.0, lo = 0.0;
    if (n > 0) {
        hi = p[--n];
        while (n > 0) {
            double x = hi, y = p[--n];
            hi = x + y;
            volatile double back = hi - x;
            lo = y - back;
            if (lo != 0.0)
                break;
        }
        /* half-way between two doubles: the next partial decides */
        if (n > 0 && ((lo < 0.0 && p[n - 1] < 0.0) || (lo > 0.0 && p[n - 1] > 0.0))) {
            double y = lo * 2.0;
            volatile double x = hi + y, back = x - hi;
            if (y == back)
                hi = x;
        }
    }
    result = PyFloat_FromDouble(hi);
done:
    if (p != local)
        PyMem_Free(p);
    Py_DECREF(it);
    return result;
}

/* Euclidean norm of n values whose largest magnitude is `largest`; scaled by a power of two, squares summed in double-double. */
static double vector_norm(const double *v, Py_ssize_t n, double largest, bool found_nan) {
    if (isinf(largest))
        return largest;
    if (found_nan)
        return Py_NAN;
    if (largest == 0.0 || n <= 1)
        return largest;
    int e;
    frexp(largest, &e);
    double sum = 0.0, error = 0.0;
    for (Py_ssize_t i = 0; i < n; i++) {
        double x = ldexp(v[i], -e), square = x * x;
        error += fma(x, x, -square);
        double t = sum + square;
        error += sum >= square ? (sum - t) + square : (square - t) + sum;
        sum = t;
    }
    double h = sqrt(sum + error);
    /* one step of Newton's with the exact residue sum - h^2 */
    double square = h * h, rest = (sum - square) + error - fma(h, h, -square);
    h += rest / (2.0 * h);
    return ldexp(h, e);
}

static PyObject *norm_result(double *v, Py_ssize_t n) {
    double largest = 0.0;
    bool found_nan = false;
    for (Py_ssize_t i = 0; i < n; i++) {
        v[i] = fabs(v[i]);
        found_nan |= isnan(v[i]);
        if (v[i] > largest)
            largest = v[i];
    }
    return PyFloat_FromDouble(vector_norm(v, n, largest, found_nan));
}

static PyObject *math_hypot(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    double local[16], *v = nargs <= (Py_ssize_t)KR_ARRAY_LEN(local) ? local : PyMem_New(double, nargs);
    if (v == NULL)
        return PyErr_NoMemory();
    PyObject *r = NULL;
    Py_ssize_t i = 0;
    while (i < nargs && to_double(args[i], &v[i]) == 0)
        i++;
    if (i == nargs)
        r = norm_result(v, nargs);
    if (v != local)
        PyMem_Free(v);
    return r;
}

static PyObject *math_dist(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("dist", nargs, 2, 2))
        return NULL;
    PyObject *p = PyTuple_Check(args[0]) ? Py_NewRef(args[0]) : PySequence_Tuple(args[0]), *r = NULL;
    PyObject *q = p == NULL ? NULL : PyTuple_Check(args[1]) ? Py_NewRef(args[1]) : PySequence_Tuple(args[1]);
    if (q != NULL) {
        Py_ssize_t n = PyTuple_GET_SIZE(p);
        if (n != PyTuple_GET_SIZE(q))
            PyErr_SetString(PyExc_ValueError, "both points must have the same number of dimensions");
        else {
            double local[16], *v = n <= (Py_ssize_t)KR_ARRAY_LEN(local) ? local : PyMem_New(double, n);
            if (v == NULL)
                PyErr_NoMemory();
            else {
                Py_ssize_t i = 0;
                double x, y;
                for (; i < n; i++) {
                    if (to_double(PyTuple_GET_ITEM(p, i), &x) < 0 || to_double(PyTuple_GET_ITEM(q, i), &y) < 0)
                        break;
                    v[i] = x - y;
                }
                if (i == n)
                    r = norm_result(v, n);
                if (v != local)
                    PyMem_Free(v);
            }
        }
    }
    Py_XDECREF(p);
    Py_XDECREF(q);
    return r;
}

static PyObject *math_prod(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"", "start", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "O|$O:prod"};
    PyObject *iterable, *start = NULL;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &iterable, &start))
        return NULL;
    PyObject *it = PyObject_GetIter(iterable), *item;
    if (it == NULL)
        return NULL;
    PyObject *result = start == NULL ? PyLong_FromLong(1) : Py_NewRef(start);
    int failed = 0;
    /* floats are multiplied unboxed, ints within a float product too */
    while (result != NULL && (item = kr_iter_next(it, &failed)) != NULL) {
        if (PyFloat_CheckExact(result) && PyFloat_CheckExact(item)) {
            double f = PyFloat_AS_DOUBLE(result);
            do {
                if (PyFloat_CheckExact(item))
                    f *= PyFloat_AS_DOUBLE(item);
                else
                    break;
                Py_DECREF(item);
                item = kr_iter_next(it, &failed);
            } while (item != NULL);
            Py_SETREF(result, PyFloat_FromDouble(f));
            if (item == NULL)
                break;
            if (result == NULL) {
                Py_DECREF(item);
                break;
            }
        }
        Py_SETREF(result, PyNumber_Multiply(result, item));
        Py_DECREF(item);
    }
    Py_DECREF(it);
    if (failed)
        Py_CLEAR(result);
    return result;
}

/* ------------------------------------------------------------------ to whole numbers */

/* The method `name` of the argument's type, or the C function of its float. */
static PyObject *whole(PyObject *arg, PyObject *name, double (*func)(double)) {
    if (!PyFloat_CheckExact(arg)) {
        PyObject *method = kr_special_lookup(arg, name);
        if (method != NULL) {
            PyObject *r = PyObject_CallNoArgs(method);
            Py_DECREF(method);
            return r;
        }
        if (PyErr_Occurred())
            return NULL;
    }
    double x;
    return to_double(arg, &x) < 0 ? NULL : PyLong_FromDouble(func(x));
}
static PyObject *math_floor(PyObject *module, PyObject *arg) { return whole(arg, KR_STR(__floor__), floor); }
static PyObject *math_ceil(PyObject *module, PyObject *arg) { return whole(arg, KR_STR(__ceil__), ceil); }

static PyObject *math_trunc(PyObject *module, PyObject *arg) {
    if (PyFloat_CheckExact(arg))
        return PyLong_FromDouble(PyFloat_AS_DOUBLE(arg));
    PyObject *method = kr_special_lookup(arg, KR_STR(__trunc__));
    if (method == NULL) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_TypeError, "type %.100s doesn't define __trunc__ method", Py_TYPE(arg)->tp_name);
        return NULL;
    }
    PyObject *r = PyObject_CallNoArgs(method);
    Py_DECREF(method);
    return r;
}

/* ------------------------------------------------------------------ module */

#define UNARY_ENTRY(name, expression, can_overflow, doc) \
    {#name, math_##name, METH_O, PyDoc_STR(#name "($module, x, /)\n--\n\n" doc)},

static PyMethodDef math_methods[] = {
    KR_MATH_UNARY(UNARY_ENTRY)
    {"atan2", KR_METH(math_atan2), METH_FASTCALL,
     PyDoc_STR("atan2($module, y, x, /)\n--\n\nThe angle of the point (x, y), in radians; both signs are considered.")},
    {"ceil", math_ceil, METH_O, PyDoc_STR("ceil($module, x, /)\n--\n\nThe smallest integer not below x.")},
    {"comb", KR_METH(kr_math_comb), METH_FASTCALL,
     PyDoc_STR("comb($module, n, k, /)\n--\n\nIn how many ways k items can be chosen from n, order not counting.")},
    {"copysign", KR_METH(math_copysign), METH_FASTCALL, PyDoc_STR("copysign($module, x, y, /)\n--\n\nThe magnitude of x with the sign of y.")},
    {"dist", KR_METH(math_dist), METH_FASTCALL, PyDoc_STR("dist($module, p, q, /)\n--\n\nThe Euclidean distance of two points.")},
    {"factorial", kr_math_factorial, METH_O, PyDoc_STR("factorial($module, n, /)\n--\n\nThe product of 1 to n.")},
    {"floor", math_floor, METH_O, PyDoc_STR("floor($module, x, /)\n--\n\nThe largest integer not above x.")},
    {"fmod", KR_METH(math_fmod), METH_FASTCALL, PyDoc_STR("fmod($module, x, y, /)\n--\n\nThe remainder of x / y as C has it: with the sign of x.")},
    {"frexp", math_frexp, METH_O, PyDoc_STR("frexp($module, x, /)\n--\n\n(m, e) with x == m * 2**e and 0.5 <= abs(m) < 1.")},
    {"fsum", math_fsum, METH_O, PyDoc_STR("fsum($module, seq, /)\n--\n\nThe sum of floats without loss of precision on the way.")},
    {"gamma", math_gamma, METH_O, PyDoc_STR("gamma($module, x, /)\n--\n\nThe Gamma function at x.")},
    {"gcd", KR_METH(kr_math_gcd), METH_FASTCALL, PyDoc_STR("gcd($module, *integers)\n--\n\nThe greatest common divisor.")},
    {"hypot", KR_METH(math_hypot), METH_FASTCALL, PyDoc_STR("hypot(*coordinates) -> value\n\nThe distance of a point from the origin.")},
    {"isclose", KR_METH(math_isclose), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("isclose($module, /, a, b, *, rel_tol=1e-09, abs_tol=0.0)\n--\n\n"
               "Whether two floats differ by no more than a relative or an absolute tolerance.")},
    {"isfinite", math_isfinite, METH_O, PyDoc_STR("isfinite($module, x, /)\n--\n\nWhether x is neither infinite nor a NaN.")},
    {"isinf", math_isinf, METH_O, PyDoc_STR("isinf($module, x, /)\n--\n\nWhether x is infinite.")},
    {"isnan", math_isnan, METH_O, PyDoc_STR("isnan($module, x, /)\n--\n\nWhether x is a NaN.")},
    {"isqrt", kr_math_isqrt, METH_O, PyDoc_STR("isqrt($module, n, /)\n--\n\nThe largest integer whose square is not above n.")},
    {"lcm", KR_METH(kr_math_lcm), METH_FASTCALL, PyDoc_STR("lcm($module, *integers)\n--\n\nThe least common multiple.")},
    {"ldexp", KR_METH(math_ldexp), METH_FASTCALL, PyDoc_STR("ldexp($module, x, i, /)\n--\n\nx * 2**i.")},
    {"lgamma", math_lgamma, METH_O, PyDoc_STR("lgamma($module, x, /)\n--\n\nThe logarithm of abs(gamma(x)).")},
    {"log", KR_METH(math_log), METH_FASTCALL, PyDoc_STR("log(x, [base=math.e])\nThe logarithm of x in the given base, natural without one.")},
    {"log10", math_log10, METH_O, PyDoc_STR("log10($module, x, /)\n--\n\nThe decimal logarithm of x.")},
    {"log2", math_log2, METH_O, PyDoc_STR("log2($module, x, /)\n--\n\nThe binary logarithm of x.")},
    {"modf", math_modf, METH_O, PyDoc_STR("modf($module, x, /)\n--\n\nThe fractional and the integer part of x, floats of x's sign.")},
    {"nextafter", KR_METH(math_nextafter), METH_FASTCALL, PyDoc_STR("nextafter($module, x, y, /)\n--\n\nThe next float after x towards y.")},
    {"perm", KR_METH(kr_math_perm), METH_FASTCALL,
     PyDoc_STR("perm($module, n, k=None, /)\n--\n\nIn how many ways k items (all, by default) can be chosen from n, order counting.")},
    {"pow", KR_METH(math_pow), METH_FASTCALL, PyDoc_STR("pow($module, x, y, /)\n--\n\nx**y in floats.")},
    {"prod", KR_METH(math_prod), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("prod($module, iterable, /, *, start=1)\n--\n\nThe product of all items, times start.")},
    {"remainder", KR_METH(math_remainder), METH_FASTCALL,
     PyDoc_STR("remainder($module, x, y, /)\n--\n\nx minus the multiple of y that is closest to x, of two the even one.")},
    {"trunc", math_trunc, METH_O, PyDoc_STR("trunc($module, x, /)\n--\n\nx without its fraction, by its method __trunc__.")},
    {"ulp", math_ulp, METH_O, PyDoc_STR("ulp($module, x, /)\n--\n\nThe value of the least significant bit of the float x.")},
    {NULL}
};

static int math_exec(PyObject *m) {
    const struct { const char *name; double value; } constants[] = {
        {"pi", Py_MATH_PI}, {"e", Py_MATH_E}, {"tau", Py_MATH_TAU}, {"inf", Py_HUGE_VAL}, {"nan", fabs((double)NAN)},
    };
    for (size_t i = 0; i < KR_ARRAY_LEN(constants); i++) {
        PyObject *v = PyFloat_FromDouble(constants[i].value);
        if (v == NULL || PyModule_AddObject(m, constants[i].name, v) < 0) {
            Py_XDECREF(v);
            return -1;
        }
    }
    return 0;
}

static PyModuleDef_Slot math_slots[] = {{Py_mod_exec, math_exec}, {0, NULL}};
static struct PyModuleDef math_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "math",
    .m_doc = PyDoc_STR("The mathematical functions of the C standard, and some on integers."),
    .m_methods = math_methods,
    .m_slots = math_slots,
};
PyMODINIT_FUNC PyInit_math(void) { return PyModuleDef_Init(&math_module); }
