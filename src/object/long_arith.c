/* long_arith.c - arithmetic, comparison and hashing of ints.
 *
 * Every operation tries, in this order: both operands short (two digits at most, so 64-bit arithmetic), a loop over digits,
 * and for long operands GMP (long_big.c). Operands may be instances of subclasses; results are exact ints.
 */
#include "object/long.h"
#include <float.h>
#include <math.h>

#define KR_MUL_BIG 12 /* digits of the shorter operand from which GMP is faster */

#define CHECK_BINOP(a, b)                       \
    do {                                        \
        if (!PyLong_Check(a) || !PyLong_Check(b)) \
            Py_RETURN_NOTIMPLEMENTED;           \
    } while (0)

PyObject *kr_long_from_u64_signed(uint64_t m, int negative) {
    if (m >> 60 == 0)
        return kr_long_from_i64(negative ? -(int64_t)m : (int64_t)m);
    PyLongObject *o = kr_long_alloc(3);
    if (o == NULL)
        return NULL;
    o->ob_digit[0] = (digit)m & PyLong_MASK;
    o->ob_digit[1] = (digit)(m >> 30) & PyLong_MASK;
    o->ob_digit[2] = (digit)(m >> 60);
    if (negative)
        Py_SET_SIZE(o, -3);
    return (PyObject *)o;
}

static PyObject *long_from_u128(unsigned __int128 m, int negative) {
    if (m >> 60 == 0)
        return kr_long_from_i64(negative ? -(int64_t)m : (int64_t)m);
    Py_ssize_t n = 3 + (m >> 90 != 0) + (m >> 120 != 0);
    PyLongObject *o = kr_long_alloc(n);
    if (o == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < n; i++, m >>= PyLong_SHIFT)
        o->ob_digit[i] = (digit)m & PyLong_MASK;
    if (negative)
        Py_SET_SIZE(o, -n);
    return (PyObject *)o;
}

size_t kr_digits_bits(const digit *d, Py_ssize_t n) {
    return n == 0 ? 0 : (size_t)(n - 1) * PyLong_SHIFT + (size_t)(32 - __builtin_clz(d[n - 1]));
}

/* Compares magnitudes. */
static int digits_compare(const digit *a, Py_ssize_t na, const digit *b, Py_ssize_t nb) {
    if (na != nb)
        return na < nb ? -1 : 1;
    while (--na >= 0)
        if (a[na] != b[na])
            return a[na] < b[na] ? -1 : 1;
    return 0;
}

int kr_long_compare(PyObject *a, PyObject *b) {
    Py_ssize_t na = Py_SIZE(a), nb = Py_SIZE(b);
    if (na != nb)
        return na < nb ? -1 : 1;
    int c = digits_compare(KR_DIGITS(a), Py_ABS(na), KR_DIGITS(b), Py_ABS(nb));
    return na < 0 ? -c : c;
}

/* Modulo the Mersenne prime 2^61 - 1, so that equal numbers of all numeric types hash alike. */
Py_hash_t kr_long_hash(PyObject *o) {
    Py_ssize_t size = Py_SIZE(o);
    if (kr_long_is_short(o)) {          /* less than the modulus */
        int64_t v = kr_long_short_value(o);
        return v == -1 ? -2 : (Py_hash_t)v;
    }
    const digit *d = KR_DIGITS(o);
    Py_uhash_t x = 0;
    for (Py_ssize_t i = Py_ABS(size) - 1; i >= 0; i--) {
        x = ((x << PyLong_SHIFT) & _PyHASH_MODULUS) | (x >> (_PyHASH_BITS - PyLong_SHIFT));
        x += d[i];
        if (x >= _PyHASH_MODULUS)
            x -= _PyHASH_MODULUS;
    }
    Py_hash_t h = size < 0 ? -(Py_hash_t)x : (Py_hash_t)x;
    return h == -1 ? -2 : h;
}

/* ------------------------------------------------------------------ addition, subtraction */

/* |a| + |b|, negated on demand. */
static PyObject *magnitude_add(PyObject *a, PyObject *b, int negative) {
    Py_ssize_t na = Py_ABS(Py_SIZE(a)), nb = Py_ABS(Py_SIZE(b));
    if (na < nb) {
        PyObject *t = a;
        a = b;
        b = t;
        Py_ssize_t n = na;
        na = nb;
        nb = n;
    }
    PyLongObject *r = kr_long_alloc(na + 1);
    if (r == NULL)
        return NULL;
    const digit *x = KR_DIGITS(a), *y = KR_DIGITS(b);
    digit carry = 0;
    Py_ssize_t i = 0;
    for (; i < nb; i++) {
        carry += x[i] + y[i];
        r->ob_digit[i] = carry & PyLong_MASK;
        carry >>= PyLong_SHIFT;
    }
    for (; i < na; i++) {
        carry += x[i];
        r->ob_digit[i] = carry & PyLong_MASK;
        carry >>= PyLong_SHIFT;
    }
    r->ob_digit[i] = carry;
    if (negative)
        Py_SET_SIZE(r, -Py_SIZE(r));
    return kr_long_finish(r);
}

/* |a| - |b|, negated on demand. */
static PyObject *magnitude_sub(PyObject *a, PyObject *b, int negative) {
    Py_ssize_t na = Py_ABS(Py_SIZE(a)), nb = Py_ABS(Py_SIZE(b));
    int c = digits_compare(KR_DIGITS(a), na, KR_DIGITS(b), nb);
    if (c == 0)
        return Py_NewRef(kr_small_int(0));
    if (c < 0) {
        PyObject *t = a;
        a = b;
        b = t;
        Py_ssize_t n = na;
        na = nb;
        nb = n;
        negative = !negative;
    }
    PyLongObject *r = kr_long_alloc(na);
    if (r == NULL)
        return NULL;
    const digit *x = KR_DIGITS(a), *y = KR_DIGITS(b);
    digit borrow = 0;
    Py_ssize_t i = 0;
    for (; i < nb; i++) {
        borrow = x[i] - y[i] - borrow;
        r->ob_digit[i] = borrow & PyLong_MASK;
        borrow = borrow >> PyLong_SHIFT & 1;
    }
    for (; i < na; i++) {
        borrow = x[i] - borrow;
        r->ob_digit[i] = borrow & PyLong_MASK;
        borrow = borrow >> PyLong_SHIFT & 1;
    }
    if (negative)
        Py_SET_SIZE(r, -na);
    return kr_long_finish(r);
}

PyObject *kr_long_add(PyObject *a, PyObject *b) {
    if (kr_long_is_short(a) && kr_long_is_short(b))
        return kr_long_from_i64(kr_long_short_value(a) + kr_long_short_value(b));
    int sa = Py_SIZE(a) < 0, sb = Py_SIZE(b) < 0;
    return sa == sb ? magnitude_add(a, b, sa) : magnitude_sub(a, b, sa);
}

PyObject *kr_long_sub(PyObject *a, PyObject *b) {
    if (kr_long_is_short(a) && kr_long_is_short(b))
        return kr_long_from_i64(kr_long_short_value(a) - kr_long_short_value(b));
    int sa = Py_SIZE(a) < 0, sb = Py_SIZE(b) < 0;
    return sa != sb ? magnitude_add(a, b, sa) : magnitude_sub(a, b, sa);
}

/* ------------------------------------------------------------------ multiplication */

PyObject *kr_long_mul(PyObject *a, PyObject *b) {
    if (kr_long_is_compact(a) && kr_long_is_compact(b))
        return kr_long_mul_compact(a, b);
    if (kr_long_is_short(a) && kr_long_is_short(b)) {
        int64_t x = kr_long_short_value(a), y = kr_long_short_value(b);
        unsigned __int128 m = (unsigned __int128)(uint64_t)(x < 0 ? -x : x) * (uint64_t)(y < 0 ? -y : y);
        return long_from_u128(m, (x ^ y) < 0);
    }
    Py_ssize_t na = Py_ABS(Py_SIZE(a)), nb = Py_ABS(Py_SIZE(b));
    if (na == 0 || nb == 0)
        return Py_NewRef(kr_small_int(0));
    if (na >= KR_MUL_BIG && nb >= KR_MUL_BIG)
        return kr_long_finish((PyLongObject *)kr_big_mul((PyLongObject *)a, (PyLongObject *)b));
    PyLongObject *r = kr_long_alloc(na + nb);
    if (r == NULL)
        return NULL;
    const digit *x = KR_DIGITS(a), *y = KR_DIGITS(b);
    digit *z = r->ob_digit;
    memset(z, 0, (size_t)(na + nb) * sizeof *z);
    for (Py_ssize_t i = 0; i < nb; i++) {
        twodigits carry = 0, f = y[i];
        for (Py_ssize_t j = 0; j < na; j++) {
            carry += z[i + j] + x[j] * f;
            z[i + j] = (digit)(carry & PyLong_MASK);
            carry >>= PyLong_SHIFT;
        }
        z[i + na] = (digit)carry;
    }
    if ((Py_SIZE(a) ^ Py_SIZE(b)) < 0)
        Py_SET_SIZE(r, -Py_SIZE(r));
    return kr_long_finish(r);
}

/* ------------------------------------------------------------------ division */

/* Divides n digits by one digit into q (may be the source, may be NULL); returns the remainder. */
static digit digits_divide_one(digit *q, const digit *d, Py_ssize_t n, digit by) {
    twodigits rest = 0;
    for (Py_ssize_t i = n - 1; i >= 0; i--) {
        rest = rest << PyLong_SHIFT | d[i];
        digit hi = (digit)(rest / by);
        if (q != NULL)
            q[i] = hi;
        rest -= (twodigits)hi * by;
    }
    return (digit)rest;
}

/* Truncating division of ints, b not 0, not both short. Either result may be unwanted. */
static int long_divrem(PyObject *a, PyObject *b, PyObject **quotient, PyObject **remainder) {
    Py_ssize_t sa = Py_SIZE(a), sb = Py_SIZE(b), na = Py_ABS(sa), nb = Py_ABS(sb);
    PyLongObject *q = NULL, *r = NULL;
    if (digits_compare(KR_DIGITS(a), na, KR_DIGITS(b), nb) < 0) {
        PyObject *rest = NULL;
        if (remainder != NULL && (rest = kr_long_exact(a)) == NULL)
            return -1;
        if (quotient != NULL)
            *quotient = Py_NewRef(kr_small_int(0));
        if (remainder != NULL)
            *remainder = rest;
        return 0;
    }
    if (nb == 1) {
        if (quotient != NULL && (q = kr_long_alloc(na)) == NULL)
            return -1;
        digit rest = digits_divide_one(q ? q->ob_digit : NULL, KR_DIGITS(a), na, KR_DIGITS(b)[0]);
        if (remainder != NULL) {
            PyObject *o = kr_long_from_i64(sa < 0 ? -(int64_t)rest : (int64_t)rest);
            if (o == NULL) {
                Py_XDECREF(q);
                return -1;
            }
            *remainder = o;
        }
    }
    else {
        if (kr_big_divrem((PyLongObject *)a, (PyLongObject *)b, quotient ? &q : NULL, remainder ? &r : NULL) < 0)
            return -1;
        if (r != NULL) {
            if (sa < 0)
                Py_SET_SIZE(r, -Py_SIZE(r));
            *remainder = kr_long_finish(r);
            if (*remainder == NULL) {
                Py_XDECREF(q);
                return -1;
            }
        }
    }
    if (quotient != NULL) {
        if ((sa ^ sb) < 0)
            Py_SET_SIZE(q, -Py_SIZE(q));
        *quotient = kr_long_finish(q);
        if (*quotient == NULL) {
            if (remainder != NULL)
                Py_CLEAR(*remainder);
            return -1;
        }
    }
    return 0;
}

static KR_COLD void raise_zero_division(void) {
    PyErr_SetString(PyExc_ZeroDivisionError, "integer division or modulo by zero");
}

int kr_long_divmod(PyObject *a, PyObject *b, PyObject **quotient, PyObject **remainder) {
    if (Py_SIZE(b) == 0) {
        if (quotient == NULL)
            PyErr_SetString(PyExc_ZeroDivisionError, "integer modulo by zero");
        else
            raise_zero_division();
        return -1;
    }
    if (kr_long_is_short(a) && kr_long_is_short(b)) {
        int64_t x = kr_long_short_value(a), y = kr_long_short_value(b), q = x / y, r = x - q * y;
        if (r != 0 && (r ^ y) < 0) {
            r += y;
            q--;
        }
        PyObject *oq = NULL;
        if (quotient != NULL && (oq = kr_long_from_i64(q)) == NULL)
            return -1;
        if (remainder != NULL && (*remainder = kr_long_from_i64(r)) == NULL) {
            Py_XDECREF(oq);
            return -1;
        }
        if (quotient != NULL)
            *quotient = oq;
        return 0;
    }
    PyObject *q = NULL, *r = NULL;
    bool opposite = (Py_SIZE(a) < 0) != (Py_SIZE(b) < 0);
    if (long_divrem(a, b, quotient ? &q : NULL, remainder || opposite ? &r : NULL) < 0)
        return -1;
    if (opposite && Py_SIZE(r) != 0) {
        if (quotient != NULL) {
            Py_SETREF(q, kr_long_sub(q, kr_small_int(1)));
            if (q == NULL)
                goto fail;
        }
        if (remainder != NULL) {
            Py_SETREF(r, kr_long_add(r, b));
            if (r == NULL)
                goto fail;
        }
    }
    if (quotient != NULL)
        *quotient = q;
    if (remainder != NULL)
        *remainder = r;
    else
        Py_XDECREF(r);
    return 0;
fail:
    Py_XDECREF(q);
    Py_XDECREF(r);
    return -1;
}

/* The pair (q, r) with q the integer nearest to a / b, ties to even, and r = a - q * b. */
PyObject *_PyLong_DivmodNear(PyObject *a, PyObject *b) {
    if (!PyLong_Check(a) || !PyLong_Check(b)) {
        PyErr_SetString(PyExc_TypeError, "non-integer arguments in division");
        return NULL;
    }
    if (Py_SIZE(b) == 0) {
        raise_zero_division();
        return NULL;
    }
    PyObject *q, *r, *result = NULL;
    if (kr_long_divmod(a, b, &q, &r) < 0)
        return NULL;
    /* r has b's sign and |r| < |b|: round up when 2|r| > |b|, or on a tie with an odd quotient */
    PyObject *twice = kr_long_lshift(r, 1);
    if (twice == NULL)
        goto done;
    int c = digits_compare(KR_DIGITS(twice), Py_ABS(Py_SIZE(twice)), KR_DIGITS(b), Py_ABS(Py_SIZE(b)));
    Py_DECREF(twice);
    if (c > 0 || (c == 0 && Py_SIZE(q) != 0 && (KR_DIGITS(q)[0] & 1))) {
        Py_SETREF(q, kr_long_add(q, kr_small_int(1)));
        if (q == NULL)
            goto done;
        Py_SETREF(r, kr_long_sub(r, b));
        if (r == NULL)
            goto done;
    }
    result = PyTuple_Pack(2, q, r);
done:
    Py_XDECREF(q);
    Py_XDECREF(r);
    return result;
}

/* a / b as the float nearest to the exact quotient, halves to even. */
static PyObject *long_true_divide(PyObject *a, PyObject *b) {
    CHECK_BINOP(a, b);
    Py_ssize_t sa = Py_SIZE(a), sb = Py_SIZE(b), na = Py_ABS(sa), nb = Py_ABS(sb);
    bool negative = (sa < 0) != (sb < 0);
    if (nb == 0) {
        PyErr_SetString(PyExc_ZeroDivisionError, "division by zero");
        return NULL;
    }
    if (na == 0)
        return PyFloat_FromDouble(negative ? -0.0 : 0.0);
    if (kr_long_is_short(a) && kr_long_is_short(b)) {
        int64_t x = kr_long_short_value(a), y = kr_long_short_value(b);
        const int64_t exact = (int64_t)1 << DBL_MANT_DIG;
        if (x >= -exact && x <= exact && y >= -exact && y <= exact)
            return PyFloat_FromDouble((double)x / (double)y);
    }
    Py_ssize_t diff = (Py_ssize_t)kr_digits_bits(KR_DIGITS(a), na) - (Py_ssize_t)kr_digits_bits(KR_DIGITS(b), nb);
    if (diff > DBL_MAX_EXP)
        goto overflow;
    if (diff < DBL_MIN_EXP - DBL_MANT_DIG - 1)
        return PyFloat_FromDouble(negative ? -0.0 : 0.0);
    /* x = floor(|a| / |b| * 2^-shift) has 55 or 56 bits (fewer when the result is subnormal), plus a sticky bit */
    Py_ssize_t shift = Py_MAX(diff, DBL_MIN_EXP) - DBL_MANT_DIG - 2;
    PyObject *n = kr_long_abs(a), *d = kr_long_abs(b), *q = NULL, *r = NULL;
    if (n != NULL && d != NULL) {
        if (shift <= 0)
            Py_SETREF(n, kr_long_lshift(n, (size_t)-shift));
        else
            Py_SETREF(d, kr_long_lshift(d, (size_t)shift));
    }
    int failed = n == NULL || d == NULL || kr_long_divmod(n, d, &q, &r) < 0;
    Py_XDECREF(n);
    Py_XDECREF(d);
    if (failed)
        return NULL;
    uint64_t x = (uint64_t)kr_long_short_value(q);
    bool inexact = Py_SIZE(r) != 0;
    Py_DECREF(q);
    Py_DECREF(r);
    Py_ssize_t bits = x ? 64 - __builtin_clzll(x) : 0;
    Py_ssize_t extra = Py_MAX(bits, DBL_MIN_EXP - shift) - DBL_MANT_DIG;
    uint64_t half = (uint64_t)1 << (extra - 1), rest = x & (2 * half - 1);
    x -= rest;
    if (rest > half || (rest == half && (inexact || (x & (2 * half)))))
        x += 2 * half;
    double value = (double)x; /* exact: 53 significant bits */
    if (shift + (x ? 64 - __builtin_clzll(x) : 0) > DBL_MAX_EXP)
        goto overflow;
    value = ldexp(value, (int)shift);
    return PyFloat_FromDouble(negative ? -value : value);
overflow:
    PyErr_SetString(PyExc_OverflowError, "integer division result too large for a float");
    return NULL;
}

/* ------------------------------------------------------------------ unary */

PyObject *kr_long_neg(PyObject *a) {
    if (kr_long_is_short(a))
        return kr_long_from_i64(-kr_long_short_value(a));
    PyObject *r = _PyLong_Copy((PyLongObject *)a);
    if (r != NULL)
        Py_SET_SIZE(r, -Py_SIZE(r));
    return r;
}

PyObject *kr_long_abs(PyObject *a) {
    return Py_SIZE(a) < 0 ? kr_long_neg(a) : kr_long_exact(a);
}

static PyObject *long_invert(PyObject *a) {
    if (kr_long_is_short(a))
        return kr_long_from_i64(~kr_long_short_value(a));
    PyObject *r = kr_long_add(a, kr_small_int(1));
    if (r != NULL)
        Py_SET_SIZE(r, -Py_SIZE(r)); /* at least two digits, so never a shared small int */
    return r;
}

static int long_bool(PyObject *a) { return Py_SIZE(a) != 0; }

/* ------------------------------------------------------------------ shifts */

PyObject *kr_long_lshift(PyObject *a, size_t bits) {
    Py_ssize_t size = Py_SIZE(a), n = Py_ABS(size);
    if (n == 0)
        return Py_NewRef(kr_small_int(0));
    if (n == 1 && bits <= 31)
        return kr_long_from_i64(kr_long_compact_value(a) * ((int64_t)1 << bits));
    size_t words = bits / PyLong_SHIFT;
    int rest = (int)(bits % PyLong_SHIFT);
    if (words > (size_t)(KR_LONG_MAX_DIGITS - n - 1)) {
        PyErr_SetString(PyExc_OverflowError, "too many digits in integer");
        return NULL;
    }
    PyLongObject *r = kr_long_alloc((Py_ssize_t)words + n + 1);
    if (r == NULL)
        return NULL;
    memset(r->ob_digit, 0, words * sizeof(digit));
    digit *z = r->ob_digit + words, carry = 0;
    const digit *x = KR_DIGITS(a);
    for (Py_ssize_t i = 0; i < n; i++) {
        twodigits t = (twodigits)x[i] << rest | carry;
        z[i] = (digit)(t & PyLong_MASK);
        carry = (digit)(t >> PyLong_SHIFT);
    }
    z[n] = carry;
    if (size < 0)
        Py_SET_SIZE(r, -Py_SIZE(r));
    return kr_long_finish(r);
}

PyObject *kr_long_rshift(PyObject *a, size_t bits) {
    Py_ssize_t size = Py_SIZE(a), n = Py_ABS(size);
    if (kr_long_is_short(a))
        return kr_long_from_i64(kr_long_short_value(a) >> (bits > 63 ? 63 : bits));
    size_t words = bits / PyLong_SHIFT;
    int rest = (int)(bits % PyLong_SHIFT);
    if (words >= (size_t)n)
        return Py_NewRef(kr_small_int(size < 0 ? -1 : 0));
    const digit *x = KR_DIGITS(a);
    /* the floor of a negative number: one more in magnitude when a bit is lost */
    bool lost = false;
    if (size < 0) {
        for (size_t i = 0; i < words && !lost; i++)
            lost = x[i] != 0;
        lost = lost || (x[words] & (((digit)1 << rest) - 1)) != 0;
    }
    Py_ssize_t nr = n - (Py_ssize_t)words;
    PyLongObject *r = kr_long_alloc(nr + lost);
    if (r == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < nr; i++) {
        twodigits t = x[(Py_ssize_t)words + i];
        if (i + 1 < nr)
            t |= (twodigits)x[(Py_ssize_t)words + i + 1] << PyLong_SHIFT;
        r->ob_digit[i] = (digit)(t >> rest & PyLong_MASK);
    }
    if (lost) {
        Py_ssize_t i = 0;
        r->ob_digit[nr] = 0;
        while (++r->ob_digit[i] > PyLong_MASK)
            r->ob_digit[i++] = 0;
    }
    if (size < 0)
        Py_SET_SIZE(r, -Py_SIZE(r));
    return kr_long_finish(r);
}

PyObject *_PyLong_Lshift(PyObject *a, size_t bits) { return kr_long_lshift(a, bits); }
PyObject *_PyLong_Rshift(PyObject *a, size_t bits) { return kr_long_rshift(a, bits); }

/* A shift count: 0, or -1 with ValueError when negative. One too large for size_t comes back as SIZE_MAX. */
static int shift_count(PyObject *b, size_t *bits) {
    if (Py_SIZE(b) < 0) {
        PyErr_SetString(PyExc_ValueError, "negative shift count");
        return -1;
    }
    if (kr_long_is_short(b))
        *bits = (size_t)kr_long_short_value(b);
    else {
        *bits = PyLong_AsSize_t(b);
        if (*bits == (size_t)-1 && PyErr_Occurred())
            PyErr_Clear();
    }
    return 0;
}

static PyObject *long_lshift(PyObject *a, PyObject *b) {
    CHECK_BINOP(a, b);
    size_t bits;
    return shift_count(b, &bits) < 0 ? NULL : kr_long_lshift(a, bits);
}

static PyObject *long_rshift(PyObject *a, PyObject *b) {
    CHECK_BINOP(a, b);
    size_t bits;
    return shift_count(b, &bits) < 0 ? NULL : kr_long_rshift(a, bits);
}

/* ------------------------------------------------------------------ bitwise */

/* The digits of an int in endless two's complement, least significant first. */
typedef struct {
    const digit *d;
    Py_ssize_t n;
    digit flip, carry, fill;
} TwosComplement;

static TwosComplement twos_open(PyObject *o) {
    digit negative = Py_SIZE(o) < 0;
    return (TwosComplement){KR_DIGITS(o), Py_ABS(Py_SIZE(o)), negative ? PyLong_MASK : 0, negative, negative ? PyLong_MASK : 0};
}
static inline digit twos_next(TwosComplement *t, Py_ssize_t i) {
    if (i >= t->n)
        return t->fill;
    digit v = (t->d[i] ^ t->flip) + t->carry;
    t->carry = v >> PyLong_SHIFT;
    return v & PyLong_MASK;
}

static PyObject *long_bitwise(PyObject *a, PyObject *b, const char op) {
    CHECK_BINOP(a, b);
    if (kr_long_is_short(a) && kr_long_is_short(b)) {
        int64_t x = kr_long_short_value(a), y = kr_long_short_value(b);
        return kr_long_from_i64(op == '&' ? x & y : op == '|' ? x | y : x ^ y);
    }
    TwosComplement x = twos_open(a), y = twos_open(b);
    digit fill = op == '&' ? x.fill & y.fill : op == '|' ? x.fill | y.fill : x.fill ^ y.fill;
    Py_ssize_t n = Py_MAX(x.n, y.n);
    if (op == '&' && !x.fill && x.n < n)
        n = x.n;
    if (op == '&' && !y.fill && y.n < n)
        n = y.n;
    PyLongObject *r = kr_long_alloc(n + (fill != 0));
    if (r == NULL)
        return NULL;
    digit *z = r->ob_digit;
    for (Py_ssize_t i = 0; i < n; i++) {
        digit u = twos_next(&x, i), v = twos_next(&y, i);
        z[i] = op == '&' ? u & v : op == '|' ? u | v : u ^ v;
    }
    if (fill) {
        digit carry = 1;
        z[n] = fill;
        for (Py_ssize_t i = 0; i <= n; i++) {
            digit v = (z[i] ^ PyLong_MASK) + carry;
            z[i] = v & PyLong_MASK;
            carry = v >> PyLong_SHIFT;
        }
        Py_SET_SIZE(r, -Py_SIZE(r));
    }
    return kr_long_finish(r);
}
static PyObject *long_and(PyObject *a, PyObject *b) { return long_bitwise(a, b, '&'); }
static PyObject *long_or(PyObject *a, PyObject *b) { return long_bitwise(a, b, '|'); }
static PyObject *long_xor(PyObject *a, PyObject *b) { return long_bitwise(a, b, '^'); }

/* ------------------------------------------------------------------ power */

static uint64_t mulmod(uint64_t a, uint64_t b, uint64_t m) { return (uint64_t)((unsigned __int128)a * b % m); }

/* base ** exponent % mod, exponent >= 0, mod not 0; the result has mod's sign. */
static PyObject *power_mod(PyObject *base, PyObject *exponent, PyObject *mod) {
    if (!kr_long_is_short(base) || !kr_long_is_short(exponent) || !kr_long_is_short(mod))
        return kr_big_powmod(base, exponent, mod);
    int64_t m = kr_long_short_value(mod), b = kr_long_short_value(base);
    uint64_t e = (uint64_t)kr_long_short_value(exponent), um = (uint64_t)(m < 0 ? -m : m), r = 1 % um;
    uint64_t x = (uint64_t)kr_i64_mod(b, (int64_t)um);
    for (; e; e >>= 1) {
        if (e & 1)
            r = mulmod(r, x, um);
        x = mulmod(x, x, um);
    }
    return kr_long_from_i64(m < 0 && r != 0 ? (int64_t)r + m : (int64_t)r);
}

static PyObject *long_pow(PyObject *base, PyObject *exponent, PyObject *mod) {
    CHECK_BINOP(base, exponent);
    if (mod != Py_None && !PyLong_Check(mod))
        Py_RETURN_NOTIMPLEMENTED;
    if (mod != Py_None) {
        if (Py_SIZE(mod) == 0) {
            PyErr_SetString(PyExc_ValueError, "pow() 3rd argument cannot be 0");
            return NULL;
        }
        if (Py_SIZE(exponent) >= 0)
            return power_mod(base, exponent, mod);
        PyObject *m = kr_long_abs(mod), *e = kr_long_neg(exponent), *r = NULL;
        if (m != NULL && e != NULL) {
            PyObject *inverse = kr_big_invert(base, m);
            if (inverse != NULL) {
                r = power_mod(inverse, e, mod);
                Py_DECREF(inverse);
            }
        }
        Py_XDECREF(m);
        Py_XDECREF(e);
        return r;
    }
    if (Py_SIZE(exponent) < 0)
        return PyFloat_Type.tp_as_number->nb_power(base, exponent, mod);
    if (kr_long_is_short(base)) {
        int64_t b = kr_long_short_value(base);
        if (b == 0)
            return Py_NewRef(kr_small_int(Py_SIZE(exponent) == 0));
        if (b == 1)
            return Py_NewRef(kr_small_int(1));
        if (b == -1)
            return Py_NewRef(kr_small_int(Py_SIZE(exponent) != 0 && (KR_DIGITS(exponent)[0] & 1) ? -1 : 1));
        if (!kr_long_is_short(exponent))
            return PyErr_NoMemory();
        uint64_t e = (uint64_t)kr_long_short_value(exponent);
        if (b == 2)
            return kr_long_lshift(kr_small_int(1), e);
        if (e < 64) {
            /* by squaring while it fits */
            int64_t x = b, r = 1;
            uint64_t k = e;
            bool fits = true;
            for (;;) {
                if ((k & 1) && __builtin_mul_overflow(r, x, &r)) {
                    fits = false;
                    break;
                }
                k >>= 1;
                if (k == 0)
                    break;
                if (__builtin_mul_overflow(x, x, &x)) {
                    fits = false;
                    break;
                }
            }
            if (fits)
                return kr_long_from_i64(r);
        }
        return kr_big_pow(base, e);
    }
    if (Py_SIZE(exponent) == 0)
        return Py_NewRef(kr_small_int(1));
    if (!kr_long_is_short(exponent))
        return PyErr_NoMemory();
    int64_t e = kr_long_short_value(exponent);
    if (e == 1)
        return kr_long_exact(base);
    if (e == 2)
        return kr_long_mul(base, base);
    return kr_big_pow(base, (unsigned long)e);
}

/* ------------------------------------------------------------------ greatest common divisor */

PyObject *_PyLong_GCD(PyObject *a, PyObject *b) {
    if (kr_long_is_short(a) && kr_long_is_short(b)) {
        int64_t sx = kr_long_short_value(a), sy = kr_long_short_value(b);
        uint64_t x = (uint64_t)(sx < 0 ? -sx : sx), y = (uint64_t)(sy < 0 ? -sy : sy);
        while (y != 0) {
            uint64_t t = x % y;
            x = y;
            y = t;
        }
        return kr_long_from_i64((int64_t)x);
    }
    return kr_big_gcd(a, b);
}

/* ------------------------------------------------------------------ slots */

static PyObject *long_add(PyObject *a, PyObject *b) {
    CHECK_BINOP(a, b);
    return kr_long_add(a, b);
}
static PyObject *long_sub(PyObject *a, PyObject *b) {
    CHECK_BINOP(a, b);
    return kr_long_sub(a, b);
}
static PyObject *long_mul(PyObject *a, PyObject *b) {
    CHECK_BINOP(a, b);
    return kr_long_mul(a, b);
}
static PyObject *long_floordiv(PyObject *a, PyObject *b) {
    CHECK_BINOP(a, b);
    PyObject *q;
    return kr_long_divmod(a, b, &q, NULL) < 0 ? NULL : q;
}
static PyObject *long_mod(PyObject *a, PyObject *b) {
    CHECK_BINOP(a, b);
    PyObject *r;
    return kr_long_divmod(a, b, NULL, &r) < 0 ? NULL : r;
}
static PyObject *long_divmod(PyObject *a, PyObject *b) {
    CHECK_BINOP(a, b);
    PyObject *q, *r;
    if (kr_long_divmod(a, b, &q, &r) < 0)
        return NULL;
    PyObject *pair = PyTuple_New(2);
    if (pair == NULL) {
        Py_DECREF(q);
        Py_DECREF(r);
        return NULL;
    }
    PyTuple_SET_ITEM(pair, 0, q);
    PyTuple_SET_ITEM(pair, 1, r);
    return pair;
}
static PyObject *long_float(PyObject *a) {
    double v = PyLong_AsDouble(a);
    return v == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(v);
}

PyNumberMethods kr_long_as_number = {
    .nb_add = long_add,
    .nb_subtract = long_sub,
    .nb_multiply = long_mul,
    .nb_remainder = long_mod,
    .nb_divmod = long_divmod,
    .nb_power = long_pow,
    .nb_negative = kr_long_neg,
    .nb_positive = kr_long_exact,
    .nb_absolute = kr_long_abs,
    .nb_bool = long_bool,
    .nb_invert = long_invert,
    .nb_lshift = long_lshift,
    .nb_rshift = long_rshift,
    .nb_and = long_and,
    .nb_xor = long_xor,
    .nb_or = long_or,
    .nb_int = kr_long_exact,
    .nb_float = long_float,
    .nb_floor_divide = long_floordiv,
    .nb_true_divide = long_true_divide,
    .nb_index = kr_long_exact,
};
