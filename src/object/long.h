/* long.h - int's private face: small ints, the one- and two-digit fast paths for the interpreter loop, and what the
 * files of int share.
 *
 * An int is |ob_size| digits of 30 bits, least significant first, its sign the sign of ob_size; the top digit is not 0.
 * Every block holds at least two digits, so one free list serves all ints of up to two digits ("short": |value| < 2^60).
 */
#ifndef KRAIT_LONG_H
#define KRAIT_LONG_H
#include "krait.h"

#define KR_SMALL_INT_MIN (-5)
#define KR_SMALL_INT_MAX 256
#define KR_LONG_FREE_MAX 256
#define KR_LONG_MIN_BYTES (offsetof(PyLongObject, ob_digit) + 2 * sizeof(digit))
#define KR_LONG_MAX_DIGITS ((PY_SSIZE_T_MAX - (Py_ssize_t)offsetof(PyLongObject, ob_digit)) / (Py_ssize_t)sizeof(digit))
#define KR_DIGITS(o) (((PyLongObject *)(o))->ob_digit)

/* The immortal ints -5 .. 256. */
extern PyLongObject kr_small_ints[KR_SMALL_INT_MAX - KR_SMALL_INT_MIN + 1];
KR_INLINE PyObject *kr_small_int(int i) { return (PyObject *)&kr_small_ints[i - KR_SMALL_INT_MIN]; }
KR_INLINE bool kr_is_small_int_value(int64_t v) { return v >= KR_SMALL_INT_MIN && v <= KR_SMALL_INT_MAX; }

/* At most one digit: |value| < 2^30. */
KR_INLINE bool kr_long_is_compact(PyObject *o) { return (size_t)(Py_SIZE(o) + 1) <= 2; }
KR_INLINE int64_t kr_long_compact_value(PyObject *o) { return (int64_t)Py_SIZE(o) * (int64_t)KR_DIGITS(o)[0]; }

/* At most two digits: |value| < 2^60. */
KR_INLINE bool kr_long_is_short(PyObject *o) { return (size_t)(Py_SIZE(o) + 2) <= 4; }
KR_INLINE int64_t kr_long_short_value(PyObject *o) {
    Py_ssize_t n = Py_SIZE(o);
    if (KR_LIKELY((size_t)(n + 1) <= 2))
        return (int64_t)n * (int64_t)KR_DIGITS(o)[0];
    int64_t v = (int64_t)((uint64_t)KR_DIGITS(o)[0] | (uint64_t)KR_DIGITS(o)[1] << PyLong_SHIFT);
    return n < 0 ? -v : v;
}

/* A block for up to two digits, size and digits still to be set. */
KR_INLINE PyLongObject *kr_long_alloc_short(void) {
    KrNumberState *st = &kr_interp()->number;
    PyObject *o = st->long_free;
    if (KR_LIKELY(o != NULL)) {
        st->long_free = (PyObject *)Py_TYPE(o);
        st->long_free_count--;
    }
    else {
        o = PyObject_Malloc(KR_LONG_MIN_BYTES);
        if (KR_UNLIKELY(o == NULL))
            return (PyLongObject *)PyErr_NoMemory();
    }
    Py_SET_TYPE(o, &PyLong_Type);
#ifdef Py_TRACE_REFS
    _Py_NewReference(o);
#else
    Py_SET_REFCNT(o, 1);
#endif
    return (PyLongObject *)o;
}

PyObject *kr_long_from_u64_signed(uint64_t magnitude, int negative) KR_NEW_REF KR_MAY_RAISE;

/* The int of a 64-bit value. */
KR_INLINE PyObject *kr_long_from_i64(int64_t v) {
    if (kr_is_small_int_value(v))
        return Py_NewRef(kr_small_int((int)v));
    uint64_t m = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    if (KR_UNLIKELY(m >> (2 * PyLong_SHIFT)))
        return kr_long_from_u64_signed(m, v < 0);
    PyLongObject *o = kr_long_alloc_short();
    if (KR_UNLIKELY(o == NULL))
        return NULL;
    Py_ssize_t n = 1 + (m > PyLong_MASK);
    o->ob_digit[0] = (digit)m & PyLong_MASK;
    o->ob_digit[1] = (digit)(m >> PyLong_SHIFT);
    Py_SET_SIZE(o, v < 0 ? -n : n);
    return (PyObject *)o;
}

/* Arithmetic on two compact ints (kr_long_is_compact); new references. */
KR_INLINE PyObject *kr_long_add_compact(PyObject *a, PyObject *b) { return kr_long_from_i64(kr_long_compact_value(a) + kr_long_compact_value(b)); }
KR_INLINE PyObject *kr_long_sub_compact(PyObject *a, PyObject *b) { return kr_long_from_i64(kr_long_compact_value(a) - kr_long_compact_value(b)); }
KR_INLINE PyObject *kr_long_mul_compact(PyObject *a, PyObject *b) { return kr_long_from_i64(kr_long_compact_value(a) * kr_long_compact_value(b)); }
/* Floor quotient and remainder of 64-bit values, b not 0 and no overflow. */
KR_INLINE int64_t kr_i64_floordiv(int64_t a, int64_t b) {
    int64_t q = a / b;
    return q - ((a % b != 0) & ((a ^ b) < 0));
}
KR_INLINE int64_t kr_i64_mod(int64_t a, int64_t b) {
    int64_t r = a % b;
    return r + ((r != 0 && (r ^ b) < 0) ? b : 0);
}
/* Sign of a - b for compact ints. */
KR_INLINE int kr_long_cmp_compact(PyObject *a, PyObject *b) {
    int64_t x = kr_long_compact_value(a), y = kr_long_compact_value(b);
    return (x > y) - (x < y);
}

/* ------------------------------------------------------------------ any two ints (long_arith.c); operands are ints or subclasses */
PyObject *kr_long_add(PyObject *a, PyObject *b) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_long_sub(PyObject *a, PyObject *b) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_long_mul(PyObject *a, PyObject *b) KR_NEW_REF KR_MAY_RAISE;
/* Floor division; either result pointer may be NULL. ZeroDivisionError is raised. */
int kr_long_divmod(PyObject *a, PyObject *b, PyObject **quotient, PyObject **remainder) KR_MAY_RAISE;
PyObject *kr_long_neg(PyObject *a) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_long_abs(PyObject *a) KR_NEW_REF KR_MAY_RAISE;
/* Sign of a - b. */
int kr_long_compare(PyObject *a, PyObject *b);
PyObject *kr_long_lshift(PyObject *a, size_t bits) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_long_rshift(PyObject *a, size_t bits) KR_NEW_REF KR_MAY_RAISE;
Py_hash_t kr_long_hash(PyObject *o);
extern PyNumberMethods kr_long_as_number;

/* Exported by CPython, though no public header declares them. */
PyAPI_DATA(const unsigned char) _PyLong_DigitValue[256];
PyAPI_FUNC(int) _PyLong_FormatWriter(_PyUnicodeWriter *writer, PyObject *o, int base, int alternate);
PyAPI_FUNC(char *) _PyLong_FormatBytesWriter(_PyBytesWriter *writer, char *str, PyObject *o, int base, int alternate);

/* ------------------------------------------------------------------ among the files of int */
/* An int of n digits, size set, digits not. */
PyLongObject *kr_long_alloc(Py_ssize_t n) KR_NEW_REF KR_MAY_RAISE;
/* Drops leading zero digits; a short result moves to a short block or a small int. Takes over o, passes NULL through. */
PyObject *kr_long_finish(PyLongObject *o) KR_NEW_REF;
/* o itself when its type is exactly int, else a plain copy. */
PyObject *kr_long_exact(PyObject *o) KR_NEW_REF KR_MAY_RAISE;
/* Magnitudes: number of significant bits. */
size_t kr_digits_bits(const digit *d, Py_ssize_t n);

/* long_big.c: through GMP, signs included where a PyLongObject is passed */
PyObject *kr_big_mul(PyLongObject *a, PyLongObject *b) KR_NEW_REF KR_MAY_RAISE;
/* Truncating division of magnitudes, |b| of at least two digits and |a| >= |b|; signs are the caller's to set. */
int kr_big_divrem(PyLongObject *a, PyLongObject *b, PyLongObject **quotient, PyLongObject **remainder) KR_MAY_RAISE;
PyObject *kr_big_pow(PyObject *base, unsigned long exponent) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_big_powmod(PyObject *base, PyObject *exponent, PyObject *mod) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_big_gcd(PyObject *a, PyObject *b) KR_NEW_REF KR_MAY_RAISE;
/* The inverse of a modulo n > 0; ValueError when there is none. */
PyObject *kr_big_invert(PyObject *a, PyObject *n) KR_NEW_REF KR_MAY_RAISE;
/* Digits of |a| in the base, most significant first, as characters '0'-'9a-z', into PyMem memory the caller frees. */
char *kr_big_to_string(PyLongObject *a, int base, Py_ssize_t *length) KR_MAY_RAISE;
/* The magnitude of n digit values (0 .. base-1), most significant first. */
PyLongObject *kr_big_from_digits(const unsigned char *values, Py_ssize_t n, int base) KR_NEW_REF KR_MAY_RAISE;

/* long_convert.c: text of an int. *text points into buffer or to PyMem memory (then *allocated == *text). */
#define KR_LONG_TEXT_BUFFER 96
int kr_long_text(PyObject *o, int base, int prefix, char buffer[KR_LONG_TEXT_BUFFER], char **text, Py_ssize_t *length, char **allocated) KR_MAY_RAISE;

#endif
