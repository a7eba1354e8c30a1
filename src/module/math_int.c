/* math_int.c - math's functions on integers: factorial, comb, perm, gcd, lcm, isqrt.
 *
 * Products are split in halves, so that their factors have like sizes and fast multiplication pays.
 */
#include "module/math.h"
#include <math.h>

/* An integer in this 64-bit range, or a product of several that stays in it. */
#define FITS_MUL(a, b, r) (!__builtin_mul_overflow(a, b, r))

/* a * b, taking over both references. */
static PyObject *mul_steal(PyObject *a, PyObject *b) {
    PyObject *r = a != NULL && b != NULL ? PyNumber_Multiply(a, b) : NULL;
    Py_XDECREF(a);
    Py_XDECREF(b);
    return r;
}

/* ------------------------------------------------------------------ factorial */

/* The product of the odd numbers in lo <= i < hi (both odd). */
static PyObject *odd_product(uint64_t lo, uint64_t hi) {
    uint64_t count = (hi - lo) / 2, r = 1;
    if (count <= 64) {
        uint64_t i = lo;
        for (; i < hi; i += 2)
            if (!FITS_MUL(r, i, &r))
                break;
        if (i >= hi)
            return PyLong_FromUnsignedLongLong(r);
        if (count == 1)
            return PyLong_FromUnsignedLongLong(lo);
    }
    uint64_t mid = (lo + count) | 1;
    return mul_steal(odd_product(lo, mid), odd_product(mid, hi));
}

/* n! without its factors of two: the product over i of (odd numbers up to n / 2^i), inner ones built up from outer ones. */
static PyObject *factorial_odd_part(uint64_t n) {
    PyObject *inner = PyLong_FromLong(1), *outer = PyLong_FromLong(1);
    uint64_t done = 3; /* odd numbers below this are in inner */
    for (int i = 62 - __builtin_clzll(n | 1); i >= 0 && inner != NULL && outer != NULL; i--) {
        uint64_t v = n >> i;
        if (v <= 2)
            continue;
        uint64_t upper = (v + 1) | 1;
        inner = mul_steal(inner, odd_product(done, upper));
        done = upper;
        if (inner != NULL)
            outer = mul_steal(outer, Py_NewRef(inner));
    }
    if (inner == NULL)
        Py_CLEAR(outer);
    Py_XDECREF(inner);
    return outer;
}

PyObject *kr_math_factorial(PyObject *module, PyObject *arg) {
    static const uint64_t small[] = {1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800, 479001600, 6227020800, 87178291200,
                                     1307674368000, 20922789888000, 355687428096000, 6402373705728000, 121645100408832000,
                                     2432902008176640000};
    int overflow;
    long n = PyLong_AsLongAndOverflow(arg, &overflow);
    if (n == -1 && PyErr_Occurred())
        return NULL;
    if (overflow > 0) {
        PyErr_Format(PyExc_OverflowError, "factorial() argument should not exceed %ld", LONG_MAX);
        return NULL;
    }
    if (overflow < 0 || n < 0) {
        PyErr_SetString(PyExc_ValueError, "factorial() not defined for negative values");
        return NULL;
    }
    if (n < (long)KR_ARRAY_LEN(small))
        return PyLong_FromUnsignedLongLong(small[n]);
    PyObject *odd = factorial_odd_part((uint64_t)n);
    if (odd == NULL)
        return NULL;
    PyObject *r = _PyLong_Lshift(odd, (size_t)n - (size_t)__builtin_popcountll((unsigned long long)n));
    Py_DECREF(odd);
    return r;
}

/* ------------------------------------------------------------------ permutations, combinations */

/* n (n-1) ... (n-k+1), divided by k! when `combinations`; n of 64 bits. */
static PyObject *falling(uint64_t n, uint64_t k, bool combinations) {
    if (k == 0)
        return PyLong_FromLong(1);
    if (k == 1)
        return PyLong_FromUnsignedLongLong(n);
    if (k <= 64) {
        unsigned __int128 r = n;
        uint64_t i = 1;
        for (; i < k; i++) {
            if (r >> 64)
                break;
            r *= n - i;
            if (combinations)
                r /= i + 1;
        }
        if (i == k && r >> 64 == 0)
            return PyLong_FromUnsignedLongLong((uint64_t)r);
    }
    uint64_t j = k / 2;
    PyObject *r = mul_steal(falling(n, j, combinations), falling(n - j, k - j, combinations));
    if (r != NULL && combinations) {
        PyObject *d = falling(k, j, true);
        Py_SETREF(r, d == NULL ? NULL : PyNumber_FloorDivide(r, d));
        Py_XDECREF(d);
    }
    return r;
}

/* The same for an n beyond 64 bits. */
static PyObject *falling_big(PyObject *n, uint64_t k, bool combinations) {
    if (k == 0)
        return PyLong_FromLong(1);
    if (k == 1)
        return Py_NewRef(n);
    uint64_t j = k / 2;
    PyObject *oj = PyLong_FromUnsignedLongLong(j), *rest = oj ? PyNumber_Subtract(n, oj) : NULL, *r = NULL;
    if (rest != NULL)
        r = mul_steal(falling_big(n, j, combinations), falling_big(rest, k - j, combinations));
    Py_XDECREF(oj);
    Py_XDECREF(rest);
    if (r != NULL && combinations) {
        PyObject *d = falling(k, j, true);
        Py_SETREF(r, d == NULL ? NULL : PyNumber_FloorDivide(r, d));
        Py_XDECREF(d);
    }
    return r;
}

static PyObject *choose(PyObject *on, PyObject *ok, bool combinations) {
    PyObject *n = PyNumber_Index(on), *k = NULL, *r = NULL, *rest = NULL;
    if (n == NULL || (k = PyNumber_Index(ok)) == NULL)
        goto done;
    if (_PyLong_Sign(n) < 0) {
        PyErr_SetString(PyExc_ValueError, "n must be a non-negative integer");
        goto done;
    }
    if (_PyLong_Sign(k) < 0) {
        PyErr_SetString(PyExc_ValueError, "k must be a non-negative integer");
        goto done;
    }
    rest = PyNumber_Subtract(n, k);
    if (rest == NULL)
        goto done;
    if (_PyLong_Sign(rest) < 0) {
        r = PyLong_FromLong(0);
        goto done;
    }
    if (combinations) {
        int less = PyObject_RichCompareBool(rest, k, Py_LT);
        if (less < 0)
            goto done;
        if (less)
            Py_SETREF(k, Py_NewRef(rest));
    }
    int overflow;
    long long kk = PyLong_AsLongLongAndOverflow(k, &overflow);
    if (overflow) {
        PyErr_Format(PyExc_OverflowError, combinations ? "min(n - k, k) must not exceed %lld" : "k must not exceed %lld", LLONG_MAX);
        goto done;
    }
    long long nn = PyLong_AsLongLongAndOverflow(n, &overflow);
    r = overflow ? falling_big(n, (uint64_t)kk, combinations) : falling((uint64_t)nn, (uint64_t)kk, combinations);
done:
    Py_XDECREF(n);
    Py_XDECREF(k);
    Py_XDECREF(rest);
    return r;
}

PyObject *kr_math_comb(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    return _PyArg_CheckPositional("comb", nargs, 2, 2) ? choose(args[0], args[1], true) : NULL;
}
PyObject *kr_math_perm(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("perm", nargs, 1, 2))
        return NULL;
    return nargs == 1 || args[1] == Py_None ? kr_math_factorial(module, args[0]) : choose(args[0], args[1], false);
}

/* ------------------------------------------------------------------ gcd, lcm */

PyObject *kr_math_gcd(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    PyObject *r = PyLong_FromLong(0);
    for (Py_ssize_t i = 0; i < nargs && r != NULL; i++) {
        PyObject *x = PyNumber_Index(args[i]);
        if (x == NULL)
            Py_CLEAR(r);
        else {
            Py_SETREF(r, _PyLong_GCD(r, x));
            Py_DECREF(x);
        }
    }
    return r;
}

PyObject *kr_math_lcm(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    PyObject *r = PyLong_FromLong(1);
    for (Py_ssize_t i = 0; i < nargs && r != NULL; i++) {
        PyObject *x = PyNumber_Index(args[i]);
        if (x == NULL) {
            Py_CLEAR(r);
            break;
        }
        if (_PyLong_Sign(r) == 0 || _PyLong_Sign(x) == 0)
            Py_SETREF(r, PyLong_FromLong(0));
        else {
            PyObject *g = _PyLong_GCD(r, x), *part = g ? PyNumber_FloorDivide(r, g) : NULL;
            Py_XDECREF(g);
            Py_SETREF(r, part ? PyNumber_Multiply(part, x) : NULL);
            Py_XDECREF(part);
            if (r != NULL)
                Py_SETREF(r, PyNumber_Absolute(r));
        }
        Py_DECREF(x);
    }
    return r;
}

/* ------------------------------------------------------------------ integer square root */

static uint64_t isqrt_u64(uint64_t n) {
    uint64_t r = (uint64_t)sqrt((double)n);
    if (r > 4294967295u)
        r = 4294967295u;
    while (r * r > n)
        r--;
    while (r < 4294967295u && (r + 1) * (r + 1) <= n)
        r++;
    return r;
}

/* The adaptive-precision Newton iteration of M. Dickinson: each step doubles the bits, working on leading bits only. */
static PyObject *isqrt_big(PyObject *n) {
    size_t c = (_PyLong_NumBits(n) - 1) / 2;
    int steps = 64 - __builtin_clzll(c);
    PyObject *top = NULL, *a = NULL;
    size_t d = 0;
    int s = steps;
    /* start from 32 bits of the root, which the top 64 bits of n give */
    while (s > 0 && c >> (s - 1) <= 31)
        s--;
    d = c >> s;
    top = _PyLong_Rshift(n, 2 * (c - d));
    if (top == NULL)
        return NULL;
    a = PyLong_FromUnsignedLongLong(isqrt_u64(PyLong_AsUnsignedLongLong(top)));
    Py_DECREF(top);
    while (a != NULL && --s >= 0) {
        size_t e = d;
        d = c >> s;
        PyObject *q = _PyLong_Rshift(n, 2 * c - d - e + 1), *shifted = NULL;
        if (q != NULL)
            Py_SETREF(q, PyNumber_FloorDivide(q, a));
        if (q != NULL)
            shifted = _PyLong_Lshift(a, d - e - 1);
        Py_SETREF(a, shifted ? PyNumber_Add(shifted, q) : NULL);
        Py_XDECREF(q);
        Py_XDECREF(shifted);
    }
    if (a == NULL)
        return NULL;
    /* a is the root or one more */
    PyObject *square = PyNumber_Multiply(a, a);
    int above = square == NULL ? -1 : PyObject_RichCompareBool(n, square, Py_LT);
    Py_XDECREF(square);
    if (above > 0) {
        PyObject *one = PyLong_FromLong(1);
        Py_SETREF(a, one ? PyNumber_Subtract(a, one) : NULL);
        Py_XDECREF(one);
    }
    else if (above < 0)
        Py_CLEAR(a);
    return a;
}

PyObject *kr_math_isqrt(PyObject *module, PyObject *arg) {
    PyObject *n = PyNumber_Index(arg), *r = NULL;
    if (n == NULL)
        return NULL;
    if (_PyLong_Sign(n) < 0)
        PyErr_SetString(PyExc_ValueError, "isqrt() argument must be nonnegative");
    else if (_PyLong_NumBits(n) <= 64)
        r = PyLong_FromUnsignedLongLong(isqrt_u64(PyLong_AsUnsignedLongLong(n)));
    else
        r = isqrt_big(n);
    Py_DECREF(n);
    return r;
}
