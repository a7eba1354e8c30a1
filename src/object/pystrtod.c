/* pystrtod.c - text to double and back.
 *
 * Reading: the literal's extent is found here; up to 19 digits with a small power of ten are computed exactly in double
 * arithmetic, the rest by the C library's strtod in the C locale, which rounds correctly.
 * Writing: shortest digits by Schubfach (R. Giulietti, 2021) over the table of powers of ten; a fixed number of digits by
 * the C library's printf, which is exact.
 */
#include "object/pystrtod.h"
#include "object/pow10_table.h"
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ the C locale */

static locale_t c_locale(void) { return newlocale(LC_ALL_MASK, "C", (locale_t)0); } /* a static object: not to be freed */

double kr_strtod(const char *s, char **end) { return strtod_l(s, end, c_locale()); }

static int vsnprintf_c(char *buffer, size_t size, const char *format, va_list va) {
    locale_t old = uselocale(c_locale());
    int n = vsnprintf(buffer, size, format, va);
    uselocale(old);
    return n;
}
int kr_snprintf_c(char *buffer, size_t size, const char *format, ...) {
    va_list va;
    va_start(va, format);
    int n = vsnprintf_c(buffer, size, format, va);
    va_end(va);
    return n;
}

/* ------------------------------------------------------------------ reading */

static bool match_word(const char **p, const char *word) {
    const char *s = *p;
    for (; *word; word++, s++)
        if (Py_TOLOWER(Py_CHARMASK(*s)) != *word)
            return false;
    *p = s;
    return true;
}

/* [+-] (inf | infinity | nan), any case; *end stays at p when it is none of them, with -1.0. */
double _Py_parse_inf_or_nan(const char *p, char **end) {
    const char *s = p;
    bool negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    double v;
    if (match_word(&s, "inf")) {
        match_word(&s, "inity");
        v = Py_HUGE_VAL;
    }
    else if (match_word(&s, "nan"))
        v = fabs((double)NAN);
    else {
        *end = (char *)p;
        return -1.0;
    }
    *end = (char *)s;
    return negative ? -v : v;
}

static const double exact_pow10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* A decimal literal without white space, or inf/nan; *end == p when there is none. */
static double parse_double(const char *p, char **end) {
    const char *s = p;
    bool negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    uint64_t m = 0;
    int significant = 0, exponent = 0;
    bool any = false, small = true;
    for (; Py_ISDIGIT(Py_CHARMASK(*s)); s++) {
        any = true;
        if (significant < 18) {
            m = m * 10 + (uint64_t)(*s - '0');
            significant += m != 0;
        }
        else
            small = false;
    }
    if (*s == '.') {
        s++;
        for (; Py_ISDIGIT(Py_CHARMASK(*s)); s++) {
            any = true;
            if (significant < 18 && exponent > -1000) {
                m = m * 10 + (uint64_t)(*s - '0');
                significant += m != 0;
                exponent--;
            }
            else
                small = false;
        }
    }
    if (!any)
        return _Py_parse_inf_or_nan(p, end);
    if (*s == 'e' || *s == 'E') {
        const char *t = s + 1;
        bool eneg = *t == '-';
        if (*t == '-' || *t == '+')
            t++;
        if (Py_ISDIGIT(Py_CHARMASK(*t))) {
            int e = 0;
            for (; Py_ISDIGIT(Py_CHARMASK(*t)); t++)
                if (e < 100000)
                    e = e * 10 + (*t - '0');
            exponent += eneg ? -e : e;
            s = t;
        }
    }
    *end = (char *)s;
    if (small && m <= (uint64_t)1 << DBL_MANT_DIG && exponent >= -22 && exponent <= 22) {
        double v = exponent < 0 ? (double)m / exact_pow10[-exponent] : (double)m * exact_pow10[exponent];
        return negative ? -v : v;
    }
    return kr_strtod(p, NULL);
}

double PyOS_string_to_double(const char *s, char **endptr, PyObject *overflow_exception) {
    char *end;
    double v = parse_double(s, &end);
    double result = -1.0;
    if (end == s || (endptr == NULL && *end != '\0'))
        PyErr_Format(PyExc_ValueError, "could not convert string to float: '%.200s'", s);
    else if (isinf(v) && overflow_exception != NULL && Py_ISDIGIT(Py_CHARMASK(end[-1])))
        PyErr_Format(overflow_exception, "value too large to convert to float: '%.200s'", s);
    else if (isinf(v) && overflow_exception != NULL && end[-1] == '.')
        PyErr_Format(overflow_exception, "value too large to convert to float: '%.200s'", s);
    else
        result = v;
    if (endptr != NULL)
        *endptr = end;
    return result;
}

PyObject *_Py_string_to_number_with_underscores(const char *s, Py_ssize_t n, const char *what, PyObject *obj, void *arg,
                                                PyObject *(*inner)(const char *, Py_ssize_t, void *)) {
    if (strchr(s, '_') == NULL)
        return inner(s, n, arg);
    char *copy = PyMem_Malloc((size_t)n + 1), *out = copy;
    if (copy == NULL)
        return PyErr_NoMemory();
    const char *end = s + n;
    char previous = '\0';
    for (const char *p = s; p < end; previous = *p++) {
        if (*p == '_') {
            if (!Py_ISDIGIT(Py_CHARMASK(previous)))
                goto bad;
            continue;
        }
        if (previous == '_' && !Py_ISDIGIT(Py_CHARMASK(*p)))
            goto bad;
        if (*p == '\0')
            goto bad;
        *out++ = *p;
    }
    if (previous == '_')
        goto bad;
    *out = '\0';
    PyObject *result = inner(copy, out - copy, arg);
    PyMem_Free(copy);
    return result;
bad:
    PyMem_Free(copy);
    PyErr_Format(PyExc_ValueError, "could not convert string to %s: %R", what, obj);
    return NULL;
}

/* ------------------------------------------------------------------ shortest digits */

/* g * c / 2^128 rounded to odd: the last bit also stands for everything cut off. */
static inline uint64_t round_to_odd(uint64_t hi, uint64_t lo, uint64_t c) {
    unsigned __int128 x = (unsigned __int128)lo * c, y = (unsigned __int128)hi * c + (uint64_t)(x >> 64);
    return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

/* The shortest decimal d * 10^*k in the rounding interval of v > 0, the nearest of those. */
static uint64_t shortest_decimal(double v, int *k_out) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    uint64_t c = bits & (((uint64_t)1 << 52) - 1);
    int biased = (int)(bits >> 52), q;
    bool closer = false; /* a power of two: the neighbour below is at half the distance */
    if (biased != 0) {
        closer = c == 0 && biased > 1;
        c |= (uint64_t)1 << 52;
        q = biased - 1075;
        if (q <= 0 && q >= -52 && (c & (((uint64_t)1 << -q) - 1)) == 0) {
            *k_out = 0; /* an integer below 2^53 */
            return c >> -q;
        }
    }
    else
        q = -1074;
    bool even = (c & 1) == 0;
    uint64_t left = 4 * c - 2 + closer, mid = 4 * c, right = 4 * c + 2;
    int k = (q * 1262611 - (closer ? 524031 : 0)) >> 22; /* floor(log10(2^q)), of 3/4 * 2^q when closer */
    int h = q + ((-k * 1741647) >> 19) + 1;
    uint64_t hi = kr_pow10[-k - KR_POW10_MIN].hi, lo = kr_pow10[-k - KR_POW10_MIN].lo;
    uint64_t vl = round_to_odd(hi, lo, left << h), vm = round_to_odd(hi, lo, mid << h), vr = round_to_odd(hi, lo, right << h);
    uint64_t lower = vl + !even, upper = vr - !even, s = vm / 4;
    if (s >= 10) {
        uint64_t t = s / 10;
        bool down = lower <= 40 * t, up = 40 * t + 40 <= upper;
        if (down != up) {
            *k_out = k + 1;
            return t + up;
        }
    }
    *k_out = k;
    bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
    if (down != up)
        return s + up;
    uint64_t half = 4 * s + 2;
    return s + (vm > half || (vm == half && (s & 1)));
}

int kr_double_shortest(double v, char digits[20], int *point) {
    int k, n = 0;
    uint64_t d = shortest_decimal(v, &k);
    char text[20], *p = text + 20;
    while (d) {
        *--p = (char)('0' + d % 10);
        d /= 10;
    }
    n = (int)(text + 20 - p);
    *point = n + k;
    while (n > 1 && p[n - 1] == '0')
        n--;
    memcpy(digits, p, (size_t)n);
    return n;
}

/* ------------------------------------------------------------------ layout */

/* Lays out n digits with the decimal point after `point` of them. want >= n digits are shown, zeros added; exponent form on
 * demand. `dot` keeps a point that nothing follows. out has room; returns the end. */
static char *lay_out(char *out, const char *digits, int n, int want, int point, bool exponent, bool add_dot_0, bool dot, char e) {
    int before = exponent ? 1 : point, i = 0;
    if (before <= 0) {
        *out++ = '0';
        if (want - before > 0 || dot) {
            *out++ = '.';
            for (int z = before; z < 0; z++)
                *out++ = '0';
            for (; i < want; i++)
                *out++ = i < n ? digits[i] : '0';
        }
    }
    else {
        for (; i < before; i++)
            *out++ = i < n ? digits[i] : '0';
        if (i < want || dot) {
            *out++ = '.';
            for (; i < want; i++)
                *out++ = i < n ? digits[i] : '0';
        }
        else if (add_dot_0 && !exponent) {
            *out++ = '.';
            *out++ = '0';
        }
    }
    if (exponent) {
        int x = point - 1;
        *out++ = e;
        *out++ = x < 0 ? '-' : '+';
        x = x < 0 ? -x : x;
        if (x >= 100)
            *out++ = (char)('0' + x / 100);
        *out++ = (char)('0' + x / 10 % 10);
        *out++ = (char)('0' + x % 10);
    }
    return out;
}

int kr_double_repr(double v, char buffer[KR_FLOAT_REPR_BUFFER], int add_dot_0) {
    char digits[20], *out = buffer;
    if (isnan(v)) {
        memcpy(out, "nan", 3);
        return 3;
    }
    if (signbit(v)) {
        *out++ = '-';
        v = -v;
    }
    if (isinf(v)) {
        memcpy(out, "inf", 3);
        return (int)(out - buffer) + 3;
    }
    int n = 1, point = 1;
    if (v == 0)
        digits[0] = '0';
    else
        n = kr_double_shortest(v, digits, &point);
    out = lay_out(out, digits, n, n, point, point <= -4 || point > 16, add_dot_0, false, 'e');
    return (int)(out - buffer);
}

/* A non-negative number below 2^63 with up to 17 digits behind the point, exactly rounded (ties to even): m * 10^precision fits 128 bits, so the quotient by the
 * power of two and its remainder are at hand. The length, without a NUL; -1 for other numbers. */
static int fixed_decimal(double a, int precision, bool point, char *out) {
    static const uint64_t pow10[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
                                     10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000};
    if (precision < 0 || precision >= (int)KR_ARRAY_LEN(pow10) || !(a < 9223372036854775808.0))
        return -1;
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    int e = (int)(bits >> 52 & 0x7ff);
    uint64_t m = (bits & (((uint64_t)1 << 52) - 1)) | (e ? (uint64_t)1 << 52 : 0), whole, fraction;
    int shift = 1075 - (e ? e : 1);         /* a == m / 2^shift */
    if (shift <= 0) {
        whole = m << -shift;
        fraction = 0;
    } else {
        unsigned __int128 scaled = (unsigned __int128)m * pow10[precision], q = 0;
        if (shift < 120) {                  /* else it is less than a half */
            q = scaled >> shift;
            unsigned __int128 rest = scaled - (q << shift), half = (unsigned __int128)1 << (shift - 1);
            q += rest > half || (rest == half && (q & 1));
        }
        if (q >> 64) {
            whole = (uint64_t)(q / pow10[precision]);
            fraction = (uint64_t)(q % pow10[precision]);
        } else {
            whole = (uint64_t)q / pow10[precision];
            fraction = (uint64_t)q % pow10[precision];
        }
    }
    char digits[20];
    int n = 0, length = 0;
    do
        digits[n++] = (char)('0' + whole % 10);
    while ((whole /= 10) != 0);
    while (n > 0)
        out[length++] = digits[--n];
    if (precision > 0 || point)
        out[length++] = '.';
    for (int i = precision; i > 0; fraction /= 10)
        out[length + --i] = (char)('0' + fraction % 10);
    return length + precision;
}

char *PyOS_double_to_string(double v, char code, int precision, int flags, int *type) {
    bool upper = code == 'E' || code == 'F' || code == 'G';
    char lower = upper ? (char)Py_TOLOWER(code) : code;
    if ((lower != 'e' && lower != 'f' && lower != 'g' && code != 'r') || (code == 'r' && precision != 0)) {
        PyErr_BadInternalCall();
        return NULL;
    }
    if (type != NULL)
        *type = isnan(v) ? Py_DTST_NAN : isinf(v) ? Py_DTST_INFINITE : Py_DTST_FINITE;
    bool negative = signbit(v) && !isnan(v);
    double a = fabs(v);
    char *text;
    if (isnan(v) || isinf(v)) {
        text = PyMem_Malloc(5);
        if (text == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        char *p = text;
        if (negative)
            *p++ = '-';
        else if (flags & Py_DTSF_SIGN)
            *p++ = '+';
        memcpy(p, isnan(v) ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf"), 4);
        return text;
    }
    if (lower == 'e' || lower == 'f') {
        const char *format = flags & Py_DTSF_ALT ? (lower == 'e' ? (upper ? "%#.*E" : "%#.*e") : "%#.*f")
                                                 : (lower == 'e' ? (upper ? "%.*E" : "%.*e") : "%.*f");
        char local[128];
        int n = lower == 'f' ? fixed_decimal(a, precision, flags & Py_DTSF_ALT, local) : -1;
        if (n >= 0) {
            local[n] = '\0';
            if ((text = PyMem_Malloc((size_t)n + 4)) != NULL)
                memcpy(text + 1, local, (size_t)n + 1);
        } else {
            locale_t old = uselocale(c_locale());
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            n = snprintf(local, sizeof local, format, precision, a);
            text = n < 0 ? NULL : PyMem_Malloc((size_t)n + 4);
            if (text != NULL) {
                if (n < (int)sizeof local)
                    memcpy(text + 1, local, (size_t)n + 1);
                else
                    snprintf(text + 1, (size_t)n + 1, format, precision, a);
            }
#pragma GCC diagnostic pop
            uselocale(old);
        }
        if (text == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        if (negative && (flags & Py_DTSF_NO_NEG_0)) {
            const char *p = text + 1;
            while (*p == '0' || *p == '.')
                p++;
            if (*p == '\0' || *p == 'e' || *p == 'E')
                negative = false;
        }
        if ((flags & Py_DTSF_ADD_DOT_0) && lower == 'f' && memchr(text + 1, '.', (size_t)n) == NULL)
            memcpy(text + 1 + n, ".0", 3);
        if (negative)
            text[0] = '-';
        else if (flags & Py_DTSF_SIGN)
            text[0] = '+';
        else
            memmove(text, text + 1, strlen(text + 1) + 1);
        return text;
    }
    /* 'r' and 'g': digits first */
    char short_digits[64], *digits = short_digits, *big = NULL;
    int n = 1, point = 1, limit;
    if (code == 'r') {
        limit = 17;
        if (a == 0)
            digits[0] = '0';
        else
            n = kr_double_shortest(a, digits, &point);
    }
    else {
        limit = precision == 0 ? 1 : precision;
        if (limit > 50 && (digits = big = PyMem_Malloc((size_t)limit + 16)) == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        kr_snprintf_c(digits, big ? (size_t)limit + 16 : sizeof short_digits, "%.*e", limit - 1, a);
        char *e = strchr(digits, 'e');
        point = atoi(e + 1) + 1;
        n = 1;
        if (limit > 1) {
            memmove(digits + 1, digits + 2, (size_t)(e - digits - 2));
            n = limit;
        }
        while (n > 1 && digits[n - 1] == '0')
            n--;
        if (a == 0)
            point = 1;
    }
    bool exponent = point <= -4 || point > (code == 'r' ? 16 : limit - ((flags & Py_DTSF_ADD_DOT_0) ? 1 : 0));
    int want = (flags & Py_DTSF_ALT) && code != 'r' ? limit : n;
    text = PyMem_Malloc((size_t)(want > point ? want : point) + (point < 0 ? (size_t)-point : 0) + 16);
    if (text == NULL)
        PyErr_NoMemory();
    else {
        char *p = text;
        if (negative && !(a == 0 && (flags & Py_DTSF_NO_NEG_0)))
            *p++ = '-';
        else if (flags & Py_DTSF_SIGN)
            *p++ = '+';
        p = lay_out(p, digits, n, want, point, exponent, flags & Py_DTSF_ADD_DOT_0, flags & Py_DTSF_ALT, upper ? 'E' : 'e');
        *p = '\0';
    }
    PyMem_Free(big);
    return text;
}
