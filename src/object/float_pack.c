/* float_pack.c - IEEE 754 binary16, binary32 and binary64 to and from bytes of either order. */
#include "krait.h"
#include <math.h>

/* Writes the low n bytes of bits. */
static void put_bytes(char *p, uint64_t bits, int n, int le) {
    for (int i = 0; i < n; i++)
        p[le ? i : n - 1 - i] = (char)(bits >> (8 * i));
}
static uint64_t get_bytes(const char *p, int n, int le) {
    uint64_t bits = 0;
    for (int i = 0; i < n; i++)
        bits |= (uint64_t)(unsigned char)p[le ? i : n - 1 - i] << (8 * i);
    return bits;
}

int PyFloat_Pack2(double x, char *p, int le) {
    uint64_t sign = signbit(x) ? 0x8000 : 0, bits;
    if (isnan(x))
        bits = 0x7e00;
    else if (isinf(x))
        bits = 0x7c00;
    else if (x == 0.0)
        bits = 0;
    else {
        /* in units of the last place of the result, rounded half to even by rint */
        int e;
        double m = frexp(fabs(x), &e); /* m in [0.5, 1) */
        if (e < -25)
            bits = 0;
        else if (e > 16)
            goto overflow;
        else {
            int exponent = e - 1 < -14 ? -14 : e - 1;
            double units = rint(ldexp(m, e - exponent + 10)); /* 1024 .. 2048, less when subnormal */
            bits = (uint64_t)units;
            if (bits >= 1024)
                bits += (uint64_t)(exponent + 14) << 10; /* the hidden bit adds one to the exponent field */
            if (bits >= 0x7c00)
                goto overflow;
        }
    }
    put_bytes(p, bits | sign, 2, le);
    return 0;
overflow:
    PyErr_SetString(PyExc_OverflowError, "float too large to pack with e format");
    return -1;
}

int PyFloat_Pack4(double x, char *p, int le) {
    float f = (float)x;
    if (isinf(f) && !isinf(x)) {
        PyErr_SetString(PyExc_OverflowError, "float too large to pack with f format");
        return -1;
    }
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    put_bytes(p, bits, 4, le);
    return 0;
}

int PyFloat_Pack8(double x, char *p, int le) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    put_bytes(p, bits, 8, le);
    return 0;
}

double PyFloat_Unpack2(const char *p, int le) {
    unsigned bits = (unsigned)get_bytes(p, 2, le), e = bits >> 10 & 0x1f, m = bits & 0x3ff;
    double v;
    if (e == 0x1f)
        v = m == 0 ? Py_HUGE_VAL : fabs((double)NAN);
    else if (e == 0)
        v = ldexp(m, -24);
    else
        v = ldexp(m | 0x400, (int)e - 25);
    return bits & 0x8000 ? -v : v;
}

double PyFloat_Unpack4(const char *p, int le) {
    uint32_t bits = (uint32_t)get_bytes(p, 4, le);
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

double PyFloat_Unpack8(const char *p, int le) {
    uint64_t bits = get_bytes(p, 8, le);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}
