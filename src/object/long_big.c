/* long_big.c - arithmetic of big ints through GMP: multiplication, division, powers, gcd, radix conversion.
 *
 * Digits of 30 bits are repacked into GMP's 64-bit limbs, worked on by the mpn_ functions in memory of our own (checked,
 * on the stack while small), and repacked. Only powers, inverses and gcds use the mpz_ layer; their sizes are bounded first.
 */
#include "object/long.h"
#include <gmp.h>

#if GMP_NUMB_BITS != 64
#error "GMP with 64-bit limbs is expected"
#endif

/* ------------------------------------------------------------------ limbs */

#define KR_LIMBS_ON_STACK 64
typedef struct {
    mp_limb_t *p;
    mp_limb_t local[KR_LIMBS_ON_STACK];
} KrLimbs;

static int limbs_alloc(KrLimbs *l, size_t n) {
    if (n <= KR_LIMBS_ON_STACK) {
        l->p = l->local;
        return 0;
    }
    l->p = n > PY_SSIZE_T_MAX / sizeof(mp_limb_t) ? NULL : PyMem_Malloc(n * sizeof(mp_limb_t));
    if (l->p != NULL)
        return 0;
    PyErr_NoMemory();
    return -1;
}
static void limbs_free(KrLimbs *l) {
    if (l->p != l->local)
        PyMem_Free(l->p);
}

static size_t limbs_for_digits(Py_ssize_t n) { return ((size_t)n * PyLong_SHIFT + 63) / 64; }
static Py_ssize_t digits_for_limbs(size_t n) { return (Py_ssize_t)((n * 64 + PyLong_SHIFT - 1) / PyLong_SHIFT); }

/* Packs n digits into limbs; returns the number of limbs without leading zeros. */
static size_t limbs_from_digits(mp_limb_t *out, const digit *d, Py_ssize_t n) {
    size_t k = 0;
    mp_limb_t limb = 0;
    int bits = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        limb |= (mp_limb_t)d[i] << bits;
        bits += PyLong_SHIFT;
        if (bits >= 64) {
            out[k++] = limb;
            bits -= 64;
            limb = bits ? (mp_limb_t)d[i] >> (PyLong_SHIFT - bits) : 0;
        }
    }
    if (bits > 0)
        out[k++] = limb;
    while (k > 0 && out[k - 1] == 0)
        k--;
    return k;
}

/* Unpacks n limbs into exactly nd digits. */
static void limbs_to_digits(digit *d, Py_ssize_t nd, const mp_limb_t *in, size_t n) {
    mp_limb_t limb = 0;
    int bits = 0;
    size_t k = 0;
    for (Py_ssize_t i = 0; i < nd; i++) {
        if (bits >= PyLong_SHIFT) {
            d[i] = (digit)(limb & PyLong_MASK);
            limb >>= PyLong_SHIFT;
            bits -= PyLong_SHIFT;
            continue;
        }
        mp_limb_t next = k < n ? in[k] : 0;
        k++;
        d[i] = (digit)((limb | next << bits) & PyLong_MASK);
        int used = PyLong_SHIFT - bits;
        limb = next >> used;
        bits = 64 - used;
    }
}

static PyLongObject *long_from_limbs(const mp_limb_t *p, size_t n) {
    while (n > 0 && p[n - 1] == 0)
        n--;
    Py_ssize_t nd = digits_for_limbs(n);
    PyLongObject *o = kr_long_alloc(nd);
    if (o == NULL)
        return NULL;
    limbs_to_digits(o->ob_digit, nd, p, n);
    while (nd > 0 && o->ob_digit[nd - 1] == 0)
        nd--;
    Py_SET_SIZE(o, nd);
    return o;
}

/* ------------------------------------------------------------------ multiplication, division */

PyObject *kr_big_mul(PyLongObject *a, PyLongObject *b) {
    Py_ssize_t na = Py_ABS(Py_SIZE(a)), nb = Py_ABS(Py_SIZE(b));
    if (na < nb) {
        PyLongObject *t = a;
        a = b;
        b = t;
        Py_ssize_t n = na;
        na = nb;
        nb = n;
    }
    size_t la = limbs_for_digits(na), lb = limbs_for_digits(nb);
    KrLimbs buf;
    if (limbs_alloc(&buf, 2 * (la + lb)) < 0)
        return NULL;
    mp_limb_t *pa = buf.p, *pb = pa + la, *pr = pb + lb;
    la = limbs_from_digits(pa, a->ob_digit, na);
    PyLongObject *r;
    size_t lr;
    if (a == b) {
        mpn_sqr(pr, pa, (mp_size_t)la);
        lr = 2 * la;
    }
    else {
        lb = limbs_from_digits(pb, b->ob_digit, nb);
        if (la >= lb)
            mpn_mul(pr, pa, (mp_size_t)la, pb, (mp_size_t)lb);
        else
            mpn_mul(pr, pb, (mp_size_t)lb, pa, (mp_size_t)la);
        lr = la + lb;
    }
    r = long_from_limbs(pr, lr);
    limbs_free(&buf);
    if (r != NULL && (Py_SIZE(a) ^ Py_SIZE(b)) < 0)
        Py_SET_SIZE(r, -Py_SIZE(r));
    return (PyObject *)r;
}

int kr_big_divrem(PyLongObject *a, PyLongObject *b, PyLongObject **quotient, PyLongObject **remainder) {
    Py_ssize_t na = Py_ABS(Py_SIZE(a)), nb = Py_ABS(Py_SIZE(b));
    size_t la = limbs_for_digits(na), lb = limbs_for_digits(nb);
    KrLimbs buf;
    PyLongObject *q = NULL, *r = NULL;
    if (limbs_alloc(&buf, 2 * (la + lb) + 2) < 0)
        return -1;
    mp_limb_t *pa = buf.p, *pb = pa + la, *pq = pb + lb, *pr = pq + la + 1;
    la = limbs_from_digits(pa, a->ob_digit, na);
    lb = limbs_from_digits(pb, b->ob_digit, nb);
    mpn_tdiv_qr(pq, pr, 0, pa, (mp_size_t)la, pb, (mp_size_t)lb);
    if (quotient != NULL)
        q = long_from_limbs(pq, la - lb + 1);
    if (remainder != NULL && (quotient == NULL || q != NULL))
        r = long_from_limbs(pr, lb);
    limbs_free(&buf);
    if ((quotient != NULL && q == NULL) || (remainder != NULL && r == NULL)) {
        Py_XDECREF(q);
        return -1;
    }
    if (quotient != NULL)
        *quotient = q;
    if (remainder != NULL)
        *remainder = r;
    return 0;
}

/* ------------------------------------------------------------------ powers, inverse, gcd (mpz) */

static void mpz_from_long(mpz_t z, PyObject *o) {
    Py_ssize_t n = Py_ABS(Py_SIZE(o));
    size_t l = limbs_for_digits(n);
    mp_limb_t *p = mpz_limbs_write(z, (mp_size_t)(l ? l : 1));
    l = limbs_from_digits(p, KR_DIGITS(o), n);
    mpz_limbs_finish(z, Py_SIZE(o) < 0 ? -(mp_size_t)l : (mp_size_t)l);
}

static PyObject *mpz_to_long(const mpz_t z) {
    PyLongObject *r = long_from_limbs(mpz_limbs_read(z), mpz_size(z));
    if (r != NULL && mpz_sgn(z) < 0)
        Py_SET_SIZE(r, -Py_SIZE(r));
    return kr_long_finish(r);
}

PyObject *kr_big_pow(PyObject *base, unsigned long exponent) {
    size_t bits = kr_digits_bits(KR_DIGITS(base), Py_ABS(Py_SIZE(base)));
    if (bits > 1 && exponent > ((size_t)1 << 36) / (bits - 1))
        return PyErr_NoMemory();
    mpz_t z;
    mpz_init(z);
    mpz_from_long(z, base);
    mpz_pow_ui(z, z, exponent);
    PyObject *r = mpz_to_long(z);
    mpz_clear(z);
    return r;
}

PyObject *kr_big_powmod(PyObject *base, PyObject *exponent, PyObject *mod) {
    mpz_t b, e, m;
    mpz_inits(b, e, m, NULL);
    mpz_from_long(b, base);
    mpz_from_long(e, exponent);
    mpz_from_long(m, mod);
    int negative = mpz_sgn(m) < 0;
    mpz_abs(m, m);
    mpz_powm(b, b, e, m);
    if (negative && mpz_sgn(b) != 0)
        mpz_sub(b, b, m);
    PyObject *r = mpz_to_long(b);
    mpz_clears(b, e, m, NULL);
    return r;
}

PyObject *kr_big_gcd(PyObject *a, PyObject *b) {
    mpz_t x, y;
    mpz_inits(x, y, NULL);
    mpz_from_long(x, a);
    mpz_from_long(y, b);
    mpz_gcd(x, x, y);
    PyObject *r = mpz_to_long(x);
    mpz_clears(x, y, NULL);
    return r;
}

PyObject *kr_big_invert(PyObject *a, PyObject *n) {
    mpz_t x, m;
    mpz_inits(x, m, NULL);
    mpz_from_long(x, a);
    mpz_from_long(m, n);
    PyObject *r = NULL;
    if (mpz_invert(x, x, m))
        r = mpz_to_long(x);
    else if (mpz_cmpabs_ui(m, 1) == 0)
        r = Py_NewRef(kr_small_int(0));
    else
        PyErr_SetString(PyExc_ValueError, "base is not invertible for the given modulus");
    mpz_clears(x, m, NULL);
    return r;
}

/* ------------------------------------------------------------------ radix conversion */

/* Characters that mpn_get_str may write for l limbs. */
static size_t kr_text_bound(size_t l, int base) {
    int bits = 1; /* floor(log2(base)): every character holds at least so many bits */
    while (base >> (bits + 1))
        bits++;
    return l * 64 / (size_t)bits + 3;
}

char *kr_big_to_string(PyLongObject *a, int base, Py_ssize_t *length) {
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    Py_ssize_t n = Py_ABS(Py_SIZE(a));
    size_t l = limbs_for_digits(n);
    KrLimbs buf;
    if (limbs_alloc(&buf, l + 1) < 0)
        return NULL;
    l = limbs_from_digits(buf.p, a->ob_digit, n);
    char *text = PyMem_Malloc(kr_text_bound(l, base));
    if (text == NULL)
        PyErr_NoMemory();
    else {
        size_t k = mpn_get_str((unsigned char *)text, base, buf.p, (mp_size_t)l), skip = 0;
        while (skip + 1 < k && text[skip] == 0)
            skip++;
        for (size_t i = skip; i < k; i++)
            text[i - skip] = digits[(unsigned char)text[i]];
        *length = (Py_ssize_t)(k - skip);
    }
    limbs_free(&buf);
    return text;
}

PyLongObject *kr_big_from_digits(const unsigned char *values, Py_ssize_t n, int base) {
    /* 5.17 bits hold any digit of a base up to 36; mpn_set_str wants one limb to spare */
    size_t l = (size_t)((double)n * 5.17 / 64) + 2;
    KrLimbs buf;
    if (limbs_alloc(&buf, l) < 0)
        return NULL;
    l = (size_t)mpn_set_str(buf.p, values, (size_t)n, base);
    PyLongObject *r = long_from_limbs(buf.p, l);
    limbs_free(&buf);
    return r;
}
