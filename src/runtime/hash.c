/* hash.c - hashes of bytes, floats and pointers.
 *
 * Bytes: SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"), keyed by the process's secret. Floats: the reduction
 * modulo the prime 2**61 - 1 that makes equal numbers of all types hash alike (library reference, "Hashing of numeric types").
 */
#include "krait.h"
#include "runtime/import.h"
#include <math.h>

_Py_HashSecret_t _Py_HashSecret;

static inline uint64_t rotl(uint64_t x, int n) { return x << n | x >> (64 - n); }
#define SIP_ROUND()                                                                     \
    do {                                                                                \
        v0 += v1, v2 += v3, v1 = rotl(v1, 13) ^ v0, v3 = rotl(v3, 16) ^ v2;             \
        v0 = rotl(v0, 32), v2 += v1, v0 += v3, v1 = rotl(v1, 17) ^ v2;                  \
        v3 = rotl(v3, 21) ^ v0, v2 = rotl(v2, 32);                                      \
    } while (0)

static uint64_t siphash13(uint64_t k0, uint64_t k1, const unsigned char *p, size_t n) {
    uint64_t v0 = k0 ^ UINT64_C(0x736f6d6570736575), v1 = k1 ^ UINT64_C(0x646f72616e646f6d), v2 = k0 ^ UINT64_C(0x6c7967656e657261),
             v3 = k1 ^ UINT64_C(0x7465646279746573), last = (uint64_t)n << 56, word;
    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&word, p, 8);
        v3 ^= word;
        SIP_ROUND();
        v0 ^= word;
    }
    word = 0;
    memcpy(&word, p, n);
    last |= word;
    v3 ^= last;
    SIP_ROUND();
    v0 ^= last;
    v2 ^= 0xff;
    SIP_ROUND();
    SIP_ROUND();
    SIP_ROUND();
    return v0 ^ v1 ^ v2 ^ v3;
}
Py_hash_t _Py_HashBytes(const void *bytes, Py_ssize_t n) {
    if (n == 0) return 0;
    uint64_t key[2];
    memcpy(key, kr_runtime.process.hash_secret, sizeof key);
    Py_hash_t h = (Py_hash_t)siphash13(key[0], key[1], bytes, (size_t)n);
    return h == -1 ? -2 : h;
}
uint64_t kr_keyed_hash(uint64_t key, const void *bytes, Py_ssize_t n) { return siphash13(key, 0, bytes, (size_t)n); }

Py_hash_t _Py_HashPointerRaw(const void *p) { return (Py_hash_t)rotl((uint64_t)(uintptr_t)p, 60); }
Py_hash_t _Py_HashPointer(const void *p) {
    Py_hash_t h = _Py_HashPointerRaw(p);
    return h == -1 ? -2 : h;
}
Py_hash_t _Py_HashDouble(PyObject *inst, double v) {
    if (!isfinite(v)) return isinf(v) ? (v > 0 ? _PyHASH_INF : -_PyHASH_INF) : _Py_HashPointer(inst);
    int exponent;
    double m = frexp(v, &exponent);
    bool negative = m < 0;
    if (negative) m = -m;
    uint64_t x = 0;
    while (m) {
        x = (x << 28 & _PyHASH_MODULUS) | x >> (_PyHASH_BITS - 28);
        m *= 268435456.0;       /* 2**28 */
        exponent -= 28;
        uint64_t y = (uint64_t)m;
        m -= (double)y;
        x += y;
        if (x >= _PyHASH_MODULUS) x -= _PyHASH_MODULUS;
    }
    exponent = exponent >= 0 ? exponent % _PyHASH_BITS : _PyHASH_BITS - 1 - (-1 - exponent) % _PyHASH_BITS;
    x = (x << exponent & _PyHASH_MODULUS) | x >> (_PyHASH_BITS - exponent);
    Py_hash_t h = negative ? -(Py_hash_t)x : (Py_hash_t)x;
    return h == -1 ? -2 : h;
}

static PyHash_FuncDef definition = {_Py_HashBytes, "siphash13", 64, 128};
PyHash_FuncDef *PyHash_GetFuncDef(void) { return &definition; }
