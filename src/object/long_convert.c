/* long_convert.c - int from and to C integers, floats, byte arrays and text.
 *
 * C conversions read the value through long_to_u64, which says whether the magnitude fits 64 bits. Text in bases that are
 * powers of two is made bit by bit; short and middling ints by dividing by powers of ten; long ones by GMP. Decimal
 * conversions of more than max_str_digits digits are refused (they are quadratic in CPython, and programs rely on the limit).
 */
#include "object/long.h"
#include <float.h>
#include <math.h>

#define KR_STR_DIGITS_THRESHOLD 640

/* ------------------------------------------------------------------ from C */

PyObject *PyLong_FromLong(long v) { return kr_long_from_i64(v); }
PyObject *PyLong_FromLongLong(long long v) { return kr_long_from_i64(v); }
PyObject *PyLong_FromSsize_t(Py_ssize_t v) { return kr_long_from_i64(v); }
static inline PyObject *long_from_u64(uint64_t v) {
    return KR_LIKELY(v <= INT64_MAX) ? kr_long_from_i64((int64_t)v) : kr_long_from_u64_signed(v, 0);
}
PyObject *PyLong_FromUnsignedLong(unsigned long v) { return long_from_u64(v); }
PyObject *PyLong_FromUnsignedLongLong(unsigned long long v) { return long_from_u64(v); }
PyObject *PyLong_FromSize_t(size_t v) { return long_from_u64(v); }
PyObject *PyLong_FromVoidPtr(void *p) { return long_from_u64((uintptr_t)p); }

PyObject *PyLong_FromDouble(double v) {
    if (v > -0x1p62 && v < 0x1p62)
        return kr_long_from_i64((int64_t)v);
    if (isinf(v)) {
        PyErr_SetString(PyExc_OverflowError, "cannot convert float infinity to integer");
        return NULL;
    }
    if (isnan(v)) {
        PyErr_SetString(PyExc_ValueError, "cannot convert float NaN to integer");
        return NULL;
    }
    int exponent;
    double m = frexp(fabs(v), &exponent);
    Py_ssize_t n = (exponent - 1) / PyLong_SHIFT + 1;
    PyLongObject *o = kr_long_alloc(n);
    if (o == NULL)
        return NULL;
    m = ldexp(m, (exponent - 1) % PyLong_SHIFT + 1);
    for (Py_ssize_t i = n - 1; i >= 0; i--) {
        digit d = (digit)m;
        o->ob_digit[i] = d;
        m = ldexp(m - (double)d, PyLong_SHIFT);
    }
    if (v < 0)
        Py_SET_SIZE(o, -n);
    return (PyObject *)o;
}

/* ------------------------------------------------------------------ to C */

/* The magnitude modulo 2^64; *fits tells whether it is the whole. */
static uint64_t long_magnitude(PyObject *o, bool *fits) {
    Py_ssize_t n = Py_ABS(Py_SIZE(o));
    const digit *d = KR_DIGITS(o);
    if (n <= 2) {
        *fits = true;
        return n == 0 ? 0 : n == 1 ? d[0] : (uint64_t)d[0] | (uint64_t)d[1] << PyLong_SHIFT;
    }
    *fits = n == 3 && d[2] < 16;
    return (uint64_t)d[0] | (uint64_t)d[1] << 30 | (uint64_t)d[2] << 60;
}

/* The value as int64 when it fits; else *overflow is its sign and the result -1. */
static int64_t long_to_i64(PyObject *o, int *overflow) {
    bool fits;
    uint64_t m = long_magnitude(o, &fits);
    bool negative = Py_SIZE(o) < 0;
    *overflow = 0;
    if (fits && m <= (uint64_t)INT64_MAX + negative)
        return (int64_t)(negative ? 0 - m : m);
    *overflow = negative ? -1 : 1;
    return -1;
}

/* o as an int by __index__: a new reference, or NULL with TypeError. A NULL argument is an internal error. */
static PyObject *long_index(PyObject *o) {
    if (o == NULL) {
        PyErr_BadInternalCall();
        return NULL;
    }
    return PyLong_Check(o) ? Py_NewRef(o) : PyNumber_Index(o);
}

long PyLong_AsLongAndOverflow(PyObject *o, int *overflow) {
    *overflow = 0;
    PyObject *v = long_index(o);
    if (v == NULL)
        return -1;
    int64_t r = long_to_i64(v, overflow);
    Py_DECREF(v);
    return r;
}

long long PyLong_AsLongLongAndOverflow(PyObject *o, int *overflow) { return PyLong_AsLongAndOverflow(o, overflow); }

long PyLong_AsLong(PyObject *o) {
    if (KR_LIKELY(o != NULL && PyLong_Check(o) && kr_long_is_short(o)))
        return kr_long_short_value(o);
    int overflow;
    long r = PyLong_AsLongAndOverflow(o, &overflow);
    if (overflow)
        PyErr_SetString(PyExc_OverflowError, "Python int too large to convert to C long");
    return r;
}

int _PyLong_AsInt(PyObject *o) {
    int overflow;
    long r = PyLong_AsLongAndOverflow(o, &overflow);
    if (overflow || r > INT_MAX || r < INT_MIN) {
        PyErr_SetString(PyExc_OverflowError, "Python int too large to convert to C int");
        return -1;
    }
    return (int)r;
}

long long PyLong_AsLongLong(PyObject *o) {
    if (KR_LIKELY(o != NULL && PyLong_Check(o) && kr_long_is_short(o)))
        return kr_long_short_value(o);
    int overflow;
    long r = PyLong_AsLongAndOverflow(o, &overflow);
    if (overflow)
        PyErr_SetString(PyExc_OverflowError, "int too big to convert");
    return r;
}

/* The argument itself must be an int: no __index__. */
static int require_int(PyObject *o) {
    if (o == NULL)
        PyErr_BadInternalCall();
    else if (PyLong_Check(o))
        return 0;
    else
        PyErr_SetString(PyExc_TypeError, "an integer is required");
    return -1;
}

Py_ssize_t PyLong_AsSsize_t(PyObject *o) {
    if (require_int(o) < 0)
        return -1;
    int overflow;
    int64_t r = long_to_i64(o, &overflow);
    if (overflow)
        PyErr_SetString(PyExc_OverflowError, "Python int too large to convert to C ssize_t");
    return r;
}

static uint64_t long_as_unsigned(PyObject *o, const char *negative, const char *large) {
    if (require_int(o) < 0)
        return (uint64_t)-1;
    bool fits;
    uint64_t m = long_magnitude(o, &fits);
    if (Py_SIZE(o) >= 0 && fits)
        return m;
    PyErr_SetString(PyExc_OverflowError, Py_SIZE(o) < 0 ? negative : large);
    return (uint64_t)-1;
}

unsigned long PyLong_AsUnsignedLong(PyObject *o) {
    return long_as_unsigned(o, "can't convert negative value to unsigned int", "Python int too large to convert to C unsigned long");
}
size_t PyLong_AsSize_t(PyObject *o) {
    return long_as_unsigned(o, "can't convert negative value to size_t", "Python int too large to convert to C size_t");
}
unsigned long long PyLong_AsUnsignedLongLong(PyObject *o) {
    return long_as_unsigned(o, "can't convert negative int to unsigned", "int too big to convert");
}

unsigned long PyLong_AsUnsignedLongMask(PyObject *o) {
    PyObject *v = long_index(o);
    if (v == NULL)
        return (unsigned long)-1;
    bool fits;
    uint64_t m = long_magnitude(v, &fits);
    if (Py_SIZE(v) < 0)
        m = 0 - m;
    Py_DECREF(v);
    return m;
}
unsigned long long PyLong_AsUnsignedLongLongMask(PyObject *o) { return PyLong_AsUnsignedLongMask(o); }

void *PyLong_AsVoidPtr(PyObject *o) {
    uint64_t v = o != NULL && PyLong_Check(o) && Py_SIZE(o) < 0 ? (uint64_t)PyLong_AsLong(o) : PyLong_AsUnsignedLong(o);
    return v == (uint64_t)-1 && PyErr_Occurred() ? NULL : (void *)(uintptr_t)v;
}

/* Argument converters: 1, or 0 with an exception. */
static int converter_value(PyObject *o, uint64_t max, const char *message, uint64_t *out) {
    if (PyLong_Check(o) && Py_SIZE(o) < 0) {
        PyErr_SetString(PyExc_ValueError, "value must be positive");
        return 0;
    }
    *out = PyLong_AsUnsignedLong(o);
    if (*out == (uint64_t)-1 && PyErr_Occurred())
        return 0;
    if (*out > max) {
        PyErr_SetString(PyExc_OverflowError, message);
        return 0;
    }
    return 1;
}
int _PyLong_UnsignedShort_Converter(PyObject *o, void *p) {
    uint64_t v;
    if (!converter_value(o, USHRT_MAX, "Python int too large for C unsigned short", &v))
        return 0;
    *(unsigned short *)p = (unsigned short)v;
    return 1;
}
int _PyLong_UnsignedInt_Converter(PyObject *o, void *p) {
    uint64_t v;
    if (!converter_value(o, UINT_MAX, "Python int too large for C unsigned int", &v))
        return 0;
    *(unsigned int *)p = (unsigned int)v;
    return 1;
}
int _PyLong_UnsignedLong_Converter(PyObject *o, void *p) {
    return converter_value(o, UINT64_MAX, "", (uint64_t *)p);
}
static int negative_refused(PyObject *o) {
    if (!PyLong_Check(o) || Py_SIZE(o) >= 0)
        return 0;
    PyErr_SetString(PyExc_ValueError, "value must be positive");
    return 1;
}
int _PyLong_UnsignedLongLong_Converter(PyObject *o, void *p) {
    if (negative_refused(o))
        return 0;
    unsigned long long v = PyLong_AsUnsignedLongLong(o);
    if (v == (unsigned long long)-1 && PyErr_Occurred())
        return 0;
    *(unsigned long long *)p = v;
    return 1;
}
int _PyLong_Size_t_Converter(PyObject *o, void *p) {
    if (negative_refused(o))
        return 0;
    size_t v = PyLong_AsSize_t(o);
    if (v == (size_t)-1 && PyErr_Occurred())
        return 0;
    *(size_t *)p = v;
    return 1;
}

int _PyLong_Sign(PyObject *o) { return (Py_SIZE(o) > 0) - (Py_SIZE(o) < 0); }
size_t _PyLong_NumBits(PyObject *o) { return kr_digits_bits(KR_DIGITS(o), Py_ABS(Py_SIZE(o))); }

/* ------------------------------------------------------------------ floats */

/* o == x * 2^*e with 0.5 <= |x| <= 1 correctly rounded; 0 for 0. */
double _PyLong_Frexp(PyLongObject *o, Py_ssize_t *e) {
    Py_ssize_t size = Py_SIZE(o), n = Py_ABS(size);
    if (n == 0) {
        *e = 0;
        return 0.0;
    }
    size_t bits = kr_digits_bits(o->ob_digit, n);
    /* the top 62 bits or fewer, and whether anything below is set */
    uint64_t x = 0;
    bool sticky = false;
    if (bits <= 62) {
        for (Py_ssize_t i = n - 1; i >= 0; i--)
            x = x << PyLong_SHIFT | o->ob_digit[i];
        x <<= 62 - bits;
    }
    else {
        size_t shift = bits - 62;
        Py_ssize_t words = (Py_ssize_t)(shift / PyLong_SHIFT);
        int rest = (int)(shift % PyLong_SHIFT);
        unsigned __int128 top = 0;
        for (Py_ssize_t i = n - 1; i >= words; i--)
            top = top << PyLong_SHIFT | o->ob_digit[i];
        sticky = (o->ob_digit[words] & (((digit)1 << rest) - 1)) != 0;
        for (Py_ssize_t i = 0; i < words && !sticky; i++)
            sticky = o->ob_digit[i] != 0;
        x = (uint64_t)(top >> rest);
    }
    /* 62 bits to 53, halves to even */
    const uint64_t half = (uint64_t)1 << 8, mask = 2 * half - 1;
    uint64_t low = x & mask;
    x >>= 9;
    if (low > half || (low == half && (sticky || (x & 1))))
        x++;
    double d = ldexp((double)x, -DBL_MANT_DIG);
    if (d == 1.0) {
        d = 0.5;
        bits++;
    }
    *e = (Py_ssize_t)bits;
    return size < 0 ? -d : d;
}

double PyLong_AsDouble(PyObject *o) {
    if (o == NULL) {
        PyErr_BadInternalCall();
        return -1.0;
    }
    if (!PyLong_Check(o)) {
        PyErr_SetString(PyExc_TypeError, "an integer is required");
        return -1.0;
    }
    if (kr_long_is_short(o))
        return (double)kr_long_short_value(o); /* the hardware rounds to even */
    Py_ssize_t e;
    double d = _PyLong_Frexp((PyLongObject *)o, &e);
    if (e > DBL_MAX_EXP) {
        PyErr_SetString(PyExc_OverflowError, "int too large to convert to float");
        return -1.0;
    }
    return ldexp(d, (int)e);
}

/* ------------------------------------------------------------------ bytes */

PyObject *_PyLong_FromByteArray(const unsigned char *bytes, size_t n, int little_endian, int is_signed) {
    if (n == 0)
        return Py_NewRef(kr_small_int(0));
    const unsigned char *p = little_endian ? bytes : bytes + n - 1; /* least significant byte */
    const int step = little_endian ? 1 : -1;
    bool negative = is_signed && (bytes[little_endian ? n - 1 : 0] & 0x80);
    if (n <= 8) {
        uint64_t m = 0;
        for (size_t i = 0; i < n; i++, p += step)
            m |= (uint64_t)*p << (8 * i);
        if (!negative)
            return long_from_u64(m);
        if (n < 8)
            m |= ~(uint64_t)0 << (8 * n);
        return kr_long_from_i64((int64_t)m);
    }
    const unsigned char fill = negative ? 0xff : 0;
    while (n > 0 && p[(Py_ssize_t)(n - 1) * step] == fill)
        n--;
    if (n > (size_t)KR_LONG_MAX_DIGITS / 8 * PyLong_SHIFT) {
        PyErr_SetString(PyExc_OverflowError, "byte array too long to convert to int");
        return NULL;
    }
    PyLongObject *o = kr_long_alloc((Py_ssize_t)(n * 8 / PyLong_SHIFT) + 1); /* room for one bit more than the bytes have */
    if (o == NULL)
        return NULL;
    twodigits acc = 0;
    int bits = 0;
    unsigned carry = 1;
    Py_ssize_t k = 0;
    for (size_t i = 0; i < n; i++, p += step) {
        unsigned byte = *p;
        if (negative) {
            byte = (byte ^ 0xff) + carry;
            carry = byte >> 8;
            byte &= 0xff;
        }
        acc |= (twodigits)byte << bits;
        bits += 8;
        if (bits >= PyLong_SHIFT) {
            o->ob_digit[k++] = (digit)(acc & PyLong_MASK);
            acc >>= PyLong_SHIFT;
            bits -= PyLong_SHIFT;
        }
    }
    if (negative && carry) /* all were zero below the sign: -2^(8n) */
        acc |= (twodigits)1 << bits;
    o->ob_digit[k++] = (digit)acc;
    Py_SET_SIZE(o, negative ? -k : k);
    return kr_long_finish(o);
}

int _PyLong_AsByteArray(PyLongObject *v, unsigned char *bytes, size_t n, int little_endian, int is_signed) {
    Py_ssize_t size = Py_SIZE(v), nd = Py_ABS(size);
    bool negative = size < 0;
    if (negative && !is_signed) {
        PyErr_SetString(PyExc_OverflowError, "can't convert negative int to unsigned");
        return -1;
    }
    if (n == 0 && size == -1 && v->ob_digit[0] == 1)
        return 0; /* -1 is all sign: CPython lets it pass */
    unsigned char *p = little_endian ? bytes : bytes + n - 1;
    const int step = little_endian ? 1 : -1;
    const digit flip = negative ? PyLong_MASK : 0;
    digit carry = negative;
    twodigits acc = 0;
    int bits = 0;
    size_t done = 0;
    for (Py_ssize_t i = 0; i < nd; i++) {
        digit d = (v->ob_digit[i] ^ flip) + carry;
        carry = d >> PyLong_SHIFT;
        acc |= (twodigits)(d & PyLong_MASK) << bits;
        bits += PyLong_SHIFT;
        if (i == nd - 1) /* only the significant bits of the top digit */
            bits -= PyLong_SHIFT - (v->ob_digit[i] == 0 ? 0 : 32 - __builtin_clz(v->ob_digit[i]));
        while (bits >= 8) {
            if (done == n)
                goto overflow;
            *p = (unsigned char)acc;
            p += step;
            done++;
            acc >>= 8;
            bits -= 8;
        }
    }
    if (bits > 0) {
        if (done == n)
            goto overflow;
        *p = (unsigned char)((acc & ((1u << bits) - 1)) | (negative ? 0xffu << bits : 0));
        p += step;
        done++;
    }
    if (done == n && is_signed && n > 0) {
        /* the last byte written must show the sign */
        bool sign = (p[-step] & 0x80) != 0;
        if (sign != negative)
            goto overflow;
    }
    else if (n == 0 && negative)
        goto overflow;
    for (; done < n; done++, p += step)
        *p = negative ? 0xff : 0;
    return 0;
overflow:
    PyErr_SetString(PyExc_OverflowError, "int too big to convert");
    return -1;
}

/* ------------------------------------------------------------------ to text */

static const char digit_chars[] = "0123456789abcdefghijklmnopqrstuvwxyz";

static int max_str_digits(void) { return kr_interp()->number.max_str_digits; }

static int check_text_digits(Py_ssize_t digits) {
    int max = max_str_digits();
    if (KR_LIKELY(digits <= KR_STR_DIGITS_THRESHOLD || max <= 0 || digits <= max))
        return 0;
    PyErr_Format(PyExc_ValueError,
                 "Exceeds the limit (%d digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit", max);
    return -1;
}

/* Writes v in decimal, ending just before end; returns the first character. */
static char *write_u64(char *end, uint64_t v) {
    do {
        *--end = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    return end;
}

/* Decimal digits of a magnitude, ending just before end, by repeated division by 10^18; scratch is n digits, destroyed. */
static char *write_decimal(char *end, digit *scratch, Py_ssize_t n) {
    for (;;) {
        /* two divisions by 10^9 give 18 digits */
        for (int part = 0; part < 2; part++) {
            twodigits rest = 0;
            for (Py_ssize_t i = n - 1; i >= 0; i--) {
                rest = rest << PyLong_SHIFT | scratch[i];
                scratch[i] = (digit)(rest / 1000000000u);
                rest %= 1000000000u;
            }
            while (n > 0 && scratch[n - 1] == 0)
                n--;
            if (n == 0)
                return write_u64(end, rest);
            for (int i = 0; i < 9; i++, rest /= 10)
                *--end = (char)('0' + rest % 10);
        }
    }
}

int kr_long_text(PyObject *o, int base, int prefix, char buffer[KR_LONG_TEXT_BUFFER], char **text, Py_ssize_t *length, char **allocated) {
    Py_ssize_t size = Py_SIZE(o), n = Py_ABS(size);
    char *p, *end, *block = NULL;
    *allocated = NULL;
    int shift = base == 2 ? 1 : base == 4 ? 2 : base == 8 ? 3 : base == 16 ? 4 : base == 32 ? 5 : 0;
    if (shift != 0) {
        size_t bits = kr_digits_bits(KR_DIGITS(o), n), need = bits / (unsigned)shift + 5;
        if (need > KR_LONG_TEXT_BUFFER) {
            block = PyMem_Malloc(need);
            if (block == NULL) {
                PyErr_NoMemory();
                return -1;
            }
        }
        p = end = block ? block + need : buffer + KR_LONG_TEXT_BUFFER;
        twodigits acc = 0;
        int have = 0;
        for (Py_ssize_t i = 0; i < n; i++) {
            acc |= (twodigits)KR_DIGITS(o)[i] << have;
            have += PyLong_SHIFT;
            while (have >= shift && !(i == n - 1 && acc == 0)) {
                *--p = digit_chars[acc & ((1u << shift) - 1)];
                acc >>= shift;
                have -= shift;
            }
        }
        if (acc)
            *--p = digit_chars[acc];
        if (p == end)
            *--p = '0';
    }
    else if (n <= 2 && base == 10) {
        p = end = buffer + KR_LONG_TEXT_BUFFER;
        int64_t v = kr_long_short_value(o);
        p = write_u64(end, (uint64_t)(v < 0 ? -v : v));
    }
    else if (n <= 8 && base == 10) {
        digit scratch[8];
        memcpy(scratch, KR_DIGITS(o), (size_t)n * sizeof(digit));
        end = buffer + KR_LONG_TEXT_BUFFER;
        p = write_decimal(end, scratch, n);
    }
    else {
        if (base == 10) {
            /* floor((bits - 1) * log10(2)) + 1 digits at least */
            size_t bits = kr_digits_bits(KR_DIGITS(o), n);
            if (check_text_digits((Py_ssize_t)((double)(bits - 1) * 0.30102999566)) < 0)
                return -1;
        }
        Py_ssize_t len = 1;
        if (n == 0) {
            p = buffer + KR_LONG_TEXT_BUFFER - 1;
            *p = '0';
            end = p + 1;
        }
        else {
            char *digits = kr_big_to_string((PyLongObject *)o, base, &len);
            if (digits == NULL)
                return -1;
            if (base == 10 && check_text_digits(len) < 0) {
                PyMem_Free(digits);
                return -1;
            }
            if (size < 0) { /* room for the sign */
                block = PyMem_Realloc(digits, (size_t)len + 1);
                if (block == NULL) {
                    PyMem_Free(digits);
                    PyErr_NoMemory();
                    return -1;
                }
                memmove(block + 1, block, (size_t)len);
                p = block + 1;
            }
            else
                p = block = digits;
            end = p + len;
        }
    }
    if (prefix && shift != 0) {
        *--p = base == 2 ? 'b' : base == 8 ? 'o' : 'x';
        *--p = '0';
    }
    if (size < 0)
        *--p = '-';
    *text = p;
    *length = end - p;
    *allocated = block;
    return 0;
}

PyObject *_PyLong_Format(PyObject *o, int base) {
    char buffer[KR_LONG_TEXT_BUFFER], *text, *allocated;
    Py_ssize_t n;
    if (!PyLong_Check(o)) {
        PyErr_BadInternalCall();
        return NULL;
    }
    if (kr_long_text(o, base, base != 10, buffer, &text, &n, &allocated) < 0)
        return NULL;
    PyObject *s;
    if (n == 1)
        s = PyUnicode_FromStringAndSize(text, 1);
    else if ((s = PyUnicode_New(n, 127)) != NULL)
        memcpy(PyUnicode_DATA(s), text, (size_t)n);
    PyMem_Free(allocated);
    return s;
}

int _PyLong_FormatWriter(_PyUnicodeWriter *writer, PyObject *o, int base, int alternate) {
    char buffer[KR_LONG_TEXT_BUFFER], *text, *allocated;
    Py_ssize_t n;
    if (kr_long_text(o, base, alternate, buffer, &text, &n, &allocated) < 0)
        return -1;
    int r = _PyUnicodeWriter_WriteASCIIString(writer, text, n);
    PyMem_Free(allocated);
    return r;
}

/* Appends the text at str in the writer; returns the end, or NULL with an exception. */
char *_PyLong_FormatBytesWriter(_PyBytesWriter *writer, char *str, PyObject *o, int base, int alternate) {
    char buffer[KR_LONG_TEXT_BUFFER], *text, *allocated;
    Py_ssize_t n;
    if (kr_long_text(o, base, alternate, buffer, &text, &n, &allocated) < 0)
        return NULL;
    str = _PyBytesWriter_WriteBytes(writer, str, text, n);
    PyMem_Free(allocated);
    return str;
}

/* ------------------------------------------------------------------ from text */

/* The value of each byte as a digit, 37 for none. */
const unsigned char _PyLong_DigitValue[256] = {
    [0 ... '0' - 1] = 37,
    ['0'] = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ['9' + 1 ... 'A' - 1] = 37,
    ['A'] = 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
    ['Z' + 1 ... 'a' - 1] = 37,
    ['a'] = 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
    ['z' + 1 ... 255] = 37,
};

/* The magnitude of `digits` digit characters with underscores between them, from p to end. */
static PyObject *parse_digits(const char *p, const char *end, Py_ssize_t digits, int base, bool negative) {
    if (digits <= 18 && base <= 10) { /* below 10^18, so below 2^60 */
        int64_t v = 0;
        for (; p < end; p++)
            if (*p != '_')
                v = v * base + (*p - '0');
        return kr_long_from_i64(negative ? -v : v);
    }
    if ((base & (base - 1)) == 0) {
        int shift = __builtin_ctz((unsigned)base);
        if (digits > (PY_SSIZE_T_MAX - PyLong_SHIFT) / shift) {
            PyErr_SetString(PyExc_ValueError, "int string too large to convert");
            return NULL;
        }
        PyLongObject *o = kr_long_alloc((digits * shift + PyLong_SHIFT - 1) / PyLong_SHIFT);
        if (o == NULL)
            return NULL;
        twodigits acc = 0;
        int bits = 0;
        Py_ssize_t k = 0;
        while (--end >= p) {
            if (*end == '_')
                continue;
            acc |= (twodigits)_PyLong_DigitValue[(unsigned char)*end] << bits;
            bits += shift;
            if (bits >= PyLong_SHIFT) {
                o->ob_digit[k++] = (digit)(acc & PyLong_MASK);
                acc >>= PyLong_SHIFT;
                bits -= PyLong_SHIFT;
            }
        }
        if (bits > 0)
            o->ob_digit[k++] = (digit)acc;
        Py_SET_SIZE(o, negative ? -k : k);
        return kr_long_finish(o);
    }
    int max = max_str_digits();
    if (digits > KR_STR_DIGITS_THRESHOLD && max > 0 && digits > max) {
        PyErr_Format(PyExc_ValueError,
                     "Exceeds the limit (%d digits) for integer string conversion: value has %zd digits; "
                     "use sys.set_int_max_str_digits() to increase the limit",
                     max, digits);
        return NULL;
    }
    unsigned char local[256], *values = digits <= (Py_ssize_t)sizeof local ? local : PyMem_Malloc((size_t)digits);
    if (values == NULL)
        return PyErr_NoMemory();
    Py_ssize_t k = 0;
    for (; p < end; p++)
        if (*p != '_')
            values[k++] = _PyLong_DigitValue[(unsigned char)*p];
    Py_ssize_t zeros = 0;
    while (zeros < k && values[zeros] == 0)
        zeros++;
    PyLongObject *o = zeros == k ? kr_long_alloc(0) : kr_big_from_digits(values + zeros, k - zeros, base);
    if (values != local)
        PyMem_Free(values);
    if (o != NULL && negative)
        Py_SET_SIZE(o, -Py_SIZE(o));
    return kr_long_finish(o);
}

/* Reads an int literal with white space around, up to *stop. A malformed one gives NULL and *bad without an exception. */
static PyObject *parse_int(const char *str, const char **stop, int base, bool *bad) {
    bool negative = false, zeros_only = false;
    *bad = false;
    while (*str && Py_ISSPACE(Py_CHARMASK(*str)))
        str++;
    if (*str == '+')
        str++;
    else if (*str == '-') {
        str++;
        negative = true;
    }
    char mark = str[0] == '0' ? (char)(str[1] | 0x20) : 0;
    if (base == 0) {
        base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
        zeros_only = str[0] == '0' && base == 10; /* "0", "00" and "0_0" are fine, "01" is not */
    }
    if ((base == 16 && mark == 'x') || (base == 8 && mark == 'o') || (base == 2 && mark == 'b')) {
        str += 2;
        if (*str == '_')
            str++;
    }
    const char *first = str;
    Py_ssize_t digits = 0;
    char previous = '_';
    for (; *str; previous = *str++) {
        if (*str == '_') {
            if (previous == '_')
                break;
        }
        else if (_PyLong_DigitValue[Py_CHARMASK(*str)] < base)
            digits++;
        else
            break;
    }
    *stop = str;
    if (previous == '_') { /* nothing read, or an underscore at the start, at the end or twice */
        *bad = true;
        return NULL;
    }
    PyObject *result = parse_digits(first, str, digits, base, negative);
    if (result == NULL)
        return NULL;
    if (zeros_only && Py_SIZE(result) != 0) {
        Py_DECREF(result);
        *bad = true;
        return NULL;
    }
    while (*str && Py_ISSPACE(Py_CHARMASK(*str)))
        str++;
    *stop = str;
    return result;
}

/* Raises the ValueError of a malformed literal; takes over the reference to what is shown. */
static PyObject *bad_literal(int base, PyObject *shown) {
    if (shown != NULL) {
        PyErr_Format(PyExc_ValueError, "invalid literal for int() with base %d: %.200R", base, shown);
        Py_DECREF(shown);
    }
    return NULL;
}

/* *pend becomes the end of what was read, or NULL when the value could not be made (the limit of digits, no memory). */
PyObject *PyLong_FromString(const char *str, char **pend, int base) {
    if ((base != 0 && base < 2) || base > 36) {
        PyErr_SetString(PyExc_ValueError, "int() arg 2 must be >= 2 and <= 36");
        return NULL;
    }
    const char *stop = NULL;
    bool bad;
    PyObject *result = parse_int(str, &stop, base, &bad);
    if (pend != NULL)
        *pend = result == NULL && !bad ? NULL : (char *)stop;
    else if (result != NULL && *stop != '\0') {
        Py_CLEAR(result);
        bad = true;
    }
    if (bad)
        return bad_literal(base, PyUnicode_FromStringAndSize(str, (Py_ssize_t)strnlen(str, 200)));
    return result;
}

/* int(bytes): the text may contain NULs, which are errors. */
PyObject *_PyLong_FromBytes(const char *s, Py_ssize_t n, int base) {
    const char *end = NULL;
    bool bad;
    PyObject *result = parse_int(s, &end, base, &bad);
    if (result != NULL ? end == s + n : !bad)
        return result;
    Py_XDECREF(result);
    return bad_literal(base, PyBytes_FromStringAndSize(s, Py_MIN(n, 200)));
}

PyObject *PyLong_FromUnicodeObject(PyObject *u, int base) {
    PyObject *ascii = _PyUnicode_TransformDecimalAndSpaceToASCII(u);
    if (ascii == NULL)
        return NULL;
    Py_ssize_t n;
    const char *end = NULL, *s = PyUnicode_AsUTF8AndSize(ascii, &n);
    bool bad = false;
    PyObject *result = s != NULL ? parse_int(s, &end, base, &bad) : NULL;
    bool done = result != NULL ? end == s + n : !bad;
    Py_DECREF(ascii);
    if (done)
        return result;
    Py_XDECREF(result);
    return bad_literal(base, Py_NewRef(u));
}
