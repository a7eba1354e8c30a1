/* pyos.c - small string utilities of the public API: ASCII character classes, bounded printf, integer parsing, comparison.
 *
 * All are independent of the locale. None touches an object or needs a thread state.
 */
#include "krait.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

/* ------------------------------------------------------------------ character classes */

#define L (PY_CTF_LOWER)
#define U (PY_CTF_UPPER)
#define D (PY_CTF_DIGIT | PY_CTF_XDIGIT)
#define S (PY_CTF_SPACE)
#define X (PY_CTF_XDIGIT)
const unsigned int _Py_ctype_table[256] = {
    ['\t'] = S, ['\n'] = S, ['\v'] = S, ['\f'] = S, ['\r'] = S, [' '] = S,
    ['0' ... '9'] = D,
    ['A' ... 'F'] = U | X, ['G' ... 'Z'] = U,
    ['a' ... 'f'] = L | X, ['g' ... 'z'] = L,
};
#undef L
#undef U
#undef D
#undef S
#undef X

#define R1(n) n
#define R4(n) R1(n), R1((n) + 1), R1((n) + 2), R1((n) + 3)
#define R16(n) R4(n), R4((n) + 4), R4((n) + 8), R4((n) + 12)
#define R26(n) R16(n), R4((n) + 16), R4((n) + 20), R1((n) + 24), R1((n) + 25)
#define R37(n) R16(n), R16((n) + 16), R4((n) + 32), R1((n) + 36)
#define R64(n) R16(n), R16((n) + 16), R16((n) + 32), R16((n) + 48)
/* 0 .. 64, 26 letters, 91 .. 96, 26 letters, 123 .. 255 */
#define REST R4(123), R1(127), R64(128), R64(192)
const unsigned char _Py_ctype_tolower[256] = {R64(0), R1(64), R26('a'), R4(91), R1(95), R1(96), R26('a'), REST};
const unsigned char _Py_ctype_toupper[256] = {R64(0), R1(64), R26('A'), R4(91), R1(95), R1(96), R26('A'), REST};

/* ------------------------------------------------------------------ printf */

/* Always terminates the string. The C library's result, or -666 for a size that int can't hold. */
int PyOS_vsnprintf(char *s, size_t size, const char *format, va_list va) {
    int n = size > INT_MAX - 512 ? -666 : vsnprintf(s, size, format, va);
    if (size > 0)
        s[size - 1] = '\0';
    return n;
}

int PyOS_snprintf(char *s, size_t size, const char *format, ...) {
    va_list va;
    va_start(va, format);
    int n = PyOS_vsnprintf(s, size, format, va);
    va_end(va);
    return n;
}

/* ------------------------------------------------------------------ integers */

static int digit_value(char c) {
    unsigned char u = (unsigned char)c;
    return Py_ISDIGIT(u) ? u - '0' : Py_ISALPHA(u) ? Py_TOLOWER(u) - 'a' + 10 : 99;
}

/* Reads an unsigned literal, its prefix (0x, 0o, 0b) when the base is 0 or fits it. Overflow: errno = ERANGE and ULONG_MAX. */
unsigned long PyOS_strtoul(const char *s, char **end, int base) {
    while (*s && Py_ISSPACE(Py_CHARMASK(*s)))
        s++;
    if (s[0] == '0') {
        int prefix = s[1] == 'x' || s[1] == 'X' ? 16 : s[1] == 'o' || s[1] == 'O' ? 8 : s[1] == 'b' || s[1] == 'B' ? 2 : 0;
        if (base == 0 && prefix == 0) {
            while (*s == '0')
                s++;
            while (Py_ISSPACE(Py_CHARMASK(*s)))
                s++;
            if (end != NULL)
                *end = (char *)s;
            return 0;
        }
        if (prefix != 0 && (base == 0 || base == prefix)) {
            if (digit_value(s[2]) >= prefix) { /* no digit follows */
                if (end != NULL)
                    *end = (char *)s + 1;
                return 0;
            }
            s += 2;
            base = prefix;
        }
    }
    if (base == 0)
        base = 10;
    unsigned long v = 0;
    bool overflow = false;
    if (base >= 2 && base <= 36)
        for (; digit_value(*s) < base; s++)
            if (__builtin_mul_overflow(v, (unsigned long)base, &v) || __builtin_add_overflow(v, (unsigned long)digit_value(*s), &v))
                overflow = true;
    if (end != NULL)
        *end = (char *)s;
    if (overflow) {
        errno = ERANGE;
        return ULONG_MAX;
    }
    return v;
}

long PyOS_strtol(const char *s, char **end, int base) {
    while (*s && Py_ISSPACE(Py_CHARMASK(*s)))
        s++;
    bool negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    unsigned long v = PyOS_strtoul(s, end, base);
    if (v <= LONG_MAX)
        return negative ? -(long)v : (long)v;
    if (negative && v == (unsigned long)LONG_MAX + 1)
        return LONG_MIN;
    errno = ERANGE;
    return LONG_MAX;
}

/* ------------------------------------------------------------------ comparison without case */

int PyOS_mystrnicmp(const char *a, const char *b, Py_ssize_t n) {
    if (n == 0)
        return 0;
    for (; --n > 0 && *a && tolower((unsigned char)*a) == tolower((unsigned char)*b); a++, b++)
        ;
    return tolower((unsigned char)*a) - tolower((unsigned char)*b);
}

int PyOS_mystricmp(const char *a, const char *b) {
    for (; *a && tolower((unsigned char)*a) == tolower((unsigned char)*b); a++, b++)
        ;
    return tolower((unsigned char)*a) - tolower((unsigned char)*b);
}
