/* format.c - the format mini-language.
 *
 * A specification is parsed into a Spec. A number becomes sign, prefix, digits and tail in ASCII; the digits may be grouped; then the whole is
 * padded: with '=' the fill goes between prefix and digits. Zero padding of grouped digits adds grouped zeros.
 */
#include "object/format.h"
#include "object/long.h"
#include "object/unicode.h"
#include <locale.h>

typedef enum { GROUP_NONE, GROUP_COMMA = ',', GROUP_UNDERSCORE = '_' } Grouping;
typedef struct {
    Py_UCS4 fill, align, sign, type;
    bool alternate, no_negative_zero, explicit_fill;
    Py_ssize_t width, precision;    /* -1: none */
    Grouping grouping;
} Spec;

static int unknown_type(Py_UCS4 type, PyObject *o) {
    if (type > 32 && type < 128) PyErr_Format(PyExc_ValueError, "Unknown format code '%c' for object of type '%.200s'", (char)type, Py_TYPE(o)->tp_name);
    else PyErr_Format(PyExc_ValueError, "Unknown format code '\\x%x' for object of type '%.200s'", (unsigned)type, Py_TYPE(o)->tp_name);
    return -1;
}
static bool is_align(Py_UCS4 c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

/* Reads decimal digits: how many characters, -1 when too many. */
static Py_ssize_t parse_number(PyObject *s, Py_ssize_t at, Py_ssize_t end, Py_ssize_t *value) {
    Py_ssize_t n = 0, v = 0;
    for (; at < end; at++, n++) {
        int digit = Py_UNICODE_TODECIMAL(PyUnicode_READ_CHAR(s, at));
        if (digit < 0) break;
        if (v > (PY_SSIZE_T_MAX - digit) / 10) {
            PyErr_SetString(PyExc_ValueError, "Too many decimal digits in format string");
            return -1;
        }
        v = v * 10 + digit;
    }
    *value = v;
    return n;
}
static int bad_grouping(Grouping g, Py_UCS4 type) {
    if (type > 32 && type < 128) PyErr_Format(PyExc_ValueError, "Cannot specify '%c' with '%c'.", (char)g, (char)type);
    else PyErr_Format(PyExc_ValueError, "Cannot specify '%c' with '\\x%x'.", (char)g, (unsigned)type);
    return -1;
}
static int parse_spec(PyObject *s, Py_ssize_t at, Py_ssize_t end, Spec *f, Py_UCS4 default_type, Py_UCS4 default_align, PyObject *o) {
    Py_ssize_t start = at, n;
    *f = (Spec){.fill = ' ', .align = default_align, .type = default_type, .width = -1, .precision = -1};
    bool align_given = false;
#define PEEK(i) (at + (i) < end ? PyUnicode_READ_CHAR(s, at + (i)) : 0)
    if (at + 1 < end && is_align(PEEK(1))) {
        f->fill = PEEK(0);
        f->align = PEEK(1);
        f->explicit_fill = align_given = true;
        at += 2;
    } else if (is_align(PEEK(0))) {
        f->align = PEEK(0);
        align_given = true;
        at++;
    }
    if (at < end && (PEEK(0) == ' ' || PEEK(0) == '+' || PEEK(0) == '-')) f->sign = PEEK(0), at++;
    if (at < end && PEEK(0) == 'z') f->no_negative_zero = true, at++;
    if (at < end && PEEK(0) == '#') f->alternate = true, at++;
    if (!f->explicit_fill && at < end && PEEK(0) == '0') {
        f->fill = '0';
        if (!align_given && default_align == '>') f->align = '=';
        at++;
    }
    if ((n = parse_number(s, at, end, &f->width)) < 0) return -1;
    if (n == 0) f->width = -1;
    at += n;
    if (at < end && PEEK(0) == ',') f->grouping = GROUP_COMMA, at++;
    if (at < end && PEEK(0) == '_') {
        if (f->grouping) goto both;
        f->grouping = GROUP_UNDERSCORE;
        at++;
    }
    if (at < end && PEEK(0) == ',' && f->grouping == GROUP_UNDERSCORE) goto both;
    if (at < end && PEEK(0) == '.') {
        at++;
        if ((n = parse_number(s, at, end, &f->precision)) < 0) return -1;
        if (n == 0) {
            PyErr_SetString(PyExc_ValueError, "Format specifier missing precision");
            return -1;
        }
        at += n;
    }
    if (end - at > 1) {
        PyObject *text = PyUnicode_Substring(s, start, end);
        if (text) PyErr_Format(PyExc_ValueError, "Invalid format specifier '%U' for object of type '%.200s'", text, Py_TYPE(o)->tp_name);
        Py_XDECREF(text);
        return -1;
    }
    if (end - at == 1) f->type = PEEK(0);
#undef PEEK
    if (f->grouping) {
        switch (f->type) {
        case 'd': case 'e': case 'f': case 'g': case 'E': case 'G': case '%': case 'F': case 0: break;
        case 'b': case 'o': case 'x': case 'X':
            if (f->grouping == GROUP_UNDERSCORE) break;
            /* fall through */
        default: return bad_grouping(f->grouping, f->type);
        }
    }
    return 0;
both:
    PyErr_SetString(PyExc_ValueError, "Cannot specify both ',' and '_'.");
    return -1;
}

/* ------------------------------------------------------------------ padding */

int kr_writer_fill(_PyUnicodeWriter *w, Py_ssize_t n, Py_UCS4 fill) {
    if (n <= 0) return 0;
    if (_PyUnicodeWriter_Prepare(w, n, fill) < 0) return -1;
    _PyUnicode_FastFill(w->buffer, w->pos, n, fill);
    w->pos += n;
    return 0;
}
/* How much fill goes before something of n characters. */
static Py_ssize_t left_padding(const Spec *f, Py_ssize_t n, Py_ssize_t *total) {
    *total = f->width > n ? f->width - n : 0;
    return f->align == '>' ? *total : f->align == '^' ? *total / 2 : 0;
}
static int write_text(_PyUnicodeWriter *w, PyObject *text, Py_ssize_t n, const Spec *f) {
    Py_ssize_t total, left = left_padding(f, n, &total);
    Py_UCS4 top = n == PyUnicode_GET_LENGTH(text) ? PyUnicode_MAX_CHAR_VALUE(text) : kr_find_maxchar((int)PyUnicode_KIND(text), PyUnicode_DATA(text), n);
    if (_PyUnicodeWriter_Prepare(w, n + total, Py_MAX(total ? f->fill : 0, top)) < 0) return -1;
    if (kr_writer_fill(w, left, f->fill) < 0 || _PyUnicodeWriter_WriteSubstring(w, text, 0, n) < 0) return -1;
    return kr_writer_fill(w, total - left, f->fill);
}

/* ------------------------------------------------------------------ numbers */

/* How digits are grouped and what stands for the decimal point. */
typedef struct {
    PyObject *point, *separator;    /* owned */
    const char *sizes;              /* as localeconv()'s grouping */
    char *owned_sizes;
} NumberLocale;

static bool is_ascii_char(const char *s) { return !*s || ((unsigned char)*s < 128 && !s[1]); }
int kr_locale_numeric(const struct lconv *lc, PyObject **point, PyObject **separator) {
    char *saved = NULL;
    if (!is_ascii_char(lc->decimal_point) || !is_ascii_char(lc->thousands_sep)) {
        /* they are in LC_NUMERIC's encoding; decoding is by LC_CTYPE's */
        const char *ctype = setlocale(LC_CTYPE, NULL), *numeric = setlocale(LC_NUMERIC, NULL);
        if (ctype && numeric && strcmp(ctype, numeric) != 0) {
            if (!(saved = _PyMem_Strdup(ctype))) {
                PyErr_NoMemory();
                return -1;
            }
            setlocale(LC_CTYPE, numeric);
        }
    }
    *point = PyUnicode_DecodeLocale(lc->decimal_point, NULL);
    *separator = *point ? PyUnicode_DecodeLocale(lc->thousands_sep, NULL) : NULL;
    if (saved) setlocale(LC_CTYPE, saved);
    PyMem_Free(saved);
    if (*separator) return 0;
    Py_CLEAR(*point);
    return -1;
}
static int get_locale(const Spec *f, NumberLocale *l) {
    *l = (NumberLocale){NULL, NULL, "", NULL};
    if (f->type == 'n') {
        struct lconv *lc = localeconv();
        l->owned_sizes = PyMem_Malloc(strlen(lc->grouping) + 1);
        if (!l->owned_sizes) {
            PyErr_NoMemory();
            return -1;
        }
        l->sizes = strcpy(l->owned_sizes, lc->grouping);
        return kr_locale_numeric(lc, &l->point, &l->separator);
    } else {
        bool four = f->type == 'b' || f->type == 'o' || f->type == 'x' || f->type == 'X';
        if (f->grouping) l->sizes = four ? "\4" : "\3";
        l->point = PyUnicode_FromOrdinal('.');
        l->separator = f->grouping ? PyUnicode_FromOrdinal((int)f->grouping) : kr_unicode_empty();
    }
    return l->point && l->separator ? 0 : -1;
}
static void free_locale(NumberLocale *l) {
    Py_XDECREF(l->point);
    Py_XDECREF(l->separator);
    PyMem_Free(l->owned_sizes);
}
/* Group boundaries from the right: the next separator stands left of `next` digits. */
typedef struct { const char *sizes; Py_ssize_t left, next; } Groups;
static void groups_init(Groups *g, const char *sizes) {
    g->sizes = sizes;
    g->left = *sizes == 0 || *sizes == CHAR_MAX ? PY_SSIZE_T_MAX : *sizes;
    g->next = g->left;
}
static void groups_next(Groups *g) {
    if (g->left == PY_SSIZE_T_MAX) return;
    if (g->sizes[1] == CHAR_MAX) {
        g->next = PY_SSIZE_T_MAX;
        g->left = PY_SSIZE_T_MAX;
        return;
    }
    if (g->sizes[1] != 0) g->left = *++g->sizes;
    g->next += g->left;
}
/* n digits in groups, at least min_width characters with separators, as a str; built from the right. */
static PyObject *group_digits(const char *digits, Py_ssize_t n, Py_ssize_t min_width, const NumberLocale *l) {
    Py_ssize_t lsep = PyUnicode_GET_LENGTH(l->separator), most = n + Py_MAX(min_width, 0) + 1;
    if (most > PY_SSIZE_T_MAX / 8 / (1 + lsep)) return PyErr_NoMemory();
    Py_UCS4 *buffer = PyMem_New(Py_UCS4, most * (1 + lsep)), *end = buffer + most * (1 + lsep), *p = end;
    if (!buffer) return PyErr_NoMemory();
    Groups g;
    groups_init(&g, l->sizes);
    for (Py_ssize_t done = 0; done < n || end - p < min_width; done++) {
        if (done == g.next) {
            for (Py_ssize_t i = lsep; i-- > 0;) *--p = PyUnicode_READ_CHAR(l->separator, i);
            groups_next(&g);
        }
        *--p = done < n ? (Py_UCS4)digits[n - 1 - done] : '0';
    }
    PyObject *text = kr_unicode_from_units(4, p, end - p);
    PyMem_Free(buffer);
    return text;
}
Py_ssize_t _PyUnicode_InsertThousandsGrouping(_PyUnicodeWriter *writer, Py_ssize_t n_buffer, PyObject *digits, Py_ssize_t d_pos, Py_ssize_t n_digits,
                                              Py_ssize_t min_width, const char *grouping, PyObject *thousands_sep, Py_UCS4 *maxchar) {
    (void)n_buffer;
    PyObject *part = PyUnicode_Substring(digits, d_pos, d_pos + n_digits);
    const char *ascii = part ? PyUnicode_AsUTF8(part) : NULL;
    NumberLocale l = {NULL, thousands_sep, grouping, NULL};
    PyObject *text = ascii ? group_digits(ascii, n_digits, min_width, &l) : NULL;
    Py_ssize_t n = text ? PyUnicode_GET_LENGTH(text) : -1;
    if (text && maxchar) *maxchar = Py_MAX(*maxchar, PyUnicode_MAX_CHAR_VALUE(text));
    if (text && writer) kr_unicode_copy(writer->buffer, writer->pos, text, 0, n);
    Py_XDECREF(part);
    Py_XDECREF(text);
    return n;
}

/* A number's parts: [sign][prefix][digits][tail], tail beginning with the decimal point if has_point. */
typedef struct {
    char sign;                  /* 0: none */
    char prefix[3];
    const char *digits, *tail;
    Py_ssize_t ndigits, ntail;
    bool has_point;
} Number;

static void set_sign(Number *num, bool negative, const Spec *f) {
    num->sign = negative ? '-' : f->sign == '+' ? '+' : f->sign == ' ' ? ' ' : 0;
}
/* Splits ASCII text after its sign into digits, point and the rest. */
static void split_decimal(Number *num, const char *s, Py_ssize_t n) {
    Py_ssize_t k = 0;
    while (k < n && Py_ISDIGIT(s[k])) k++;
    num->digits = s;
    num->ndigits = k;
    num->has_point = k < n && s[k] == '.';
    num->tail = s + k + num->has_point;
    num->ntail = n - k - num->has_point;
}
/* A number without groups and with '.' for a point: all but the fill is ASCII. */
static int write_plain_number(_PyUnicodeWriter *w, const Number *num, const Spec *f) {
    Py_ssize_t lprefix = (Py_ssize_t)strlen(num->prefix), n = (num->sign != 0) + lprefix + num->ndigits + num->has_point + num->ntail, total;
    Py_ssize_t left = left_padding(f, n, &total);
    if (_PyUnicodeWriter_Prepare(w, n + total, total ? Py_MAX(f->fill, 127) : 127) < 0) return -1;
    if (kr_writer_fill(w, left, f->fill) < 0) return -1;
    if (num->sign && _PyUnicodeWriter_WriteChar(w, (Py_UCS4)num->sign) < 0) return -1;
    if (lprefix && _PyUnicodeWriter_WriteASCIIString(w, num->prefix, lprefix) < 0) return -1;
    if (f->align == '=' && kr_writer_fill(w, total, f->fill) < 0) return -1;
    if (_PyUnicodeWriter_WriteASCIIString(w, num->digits, num->ndigits) < 0) return -1;
    if (num->has_point && _PyUnicodeWriter_WriteChar(w, '.') < 0) return -1;
    if (num->ntail && _PyUnicodeWriter_WriteASCIIString(w, num->tail, num->ntail) < 0) return -1;
    return f->align != '=' ? kr_writer_fill(w, total - left, f->fill) : 0;
}
static int write_number(_PyUnicodeWriter *w, const Number *num, const Spec *f) {
    if (f->type != 'n' && !f->grouping) return write_plain_number(w, num, f);
    NumberLocale l;
    PyObject *digits = NULL;
    int r = -1;
    if (get_locale(f, &l) < 0) goto done;
    Py_ssize_t lprefix = (Py_ssize_t)strlen(num->prefix), lpoint = num->has_point ? PyUnicode_GET_LENGTH(l.point) : 0;
    Py_ssize_t others = (num->sign != 0) + lprefix + lpoint + num->ntail;
    Py_ssize_t min_width = f->fill == '0' && f->align == '=' ? f->width - others : 0;
    if (num->ndigits == 0) digits = kr_unicode_empty();     /* inf, nan */
    else if (!*l.sizes) digits = _PyUnicode_FromASCII(num->digits, num->ndigits);
    else digits = group_digits(num->digits, num->ndigits, min_width, &l);
    if (!digits) goto done;
    Py_ssize_t n = others + PyUnicode_GET_LENGTH(digits), total, left = left_padding(f, n, &total);
    if (kr_writer_fill(w, left, f->fill) < 0) goto done;
    if (num->sign && _PyUnicodeWriter_WriteChar(w, (Py_UCS4)num->sign) < 0) goto done;
    if (_PyUnicodeWriter_WriteASCIIString(w, num->prefix, lprefix) < 0) goto done;
    if (f->align == '=' && kr_writer_fill(w, total, f->fill) < 0) goto done;
    if (_PyUnicodeWriter_WriteStr(w, digits) < 0) goto done;
    if (num->has_point && _PyUnicodeWriter_WriteStr(w, l.point) < 0) goto done;
    if (_PyUnicodeWriter_WriteASCIIString(w, num->tail, num->ntail) < 0) goto done;
    if (f->align != '=' && kr_writer_fill(w, total - left, f->fill) < 0) goto done;
    r = 0;
done:
    Py_XDECREF(digits);
    free_locale(&l);
    return r;
}

/* ------------------------------------------------------------------ str */

static int write_str_of(_PyUnicodeWriter *w, PyObject *o) {
    PyObject *s = PyObject_Str(o);
    int r = s ? _PyUnicodeWriter_WriteStr(w, s) : -1;
    Py_XDECREF(s);
    return r;
}
int _PyUnicode_FormatAdvancedWriter(_PyUnicodeWriter *w, PyObject *o, PyObject *spec, Py_ssize_t start, Py_ssize_t end) {
    Spec f;
    if (start == end) return PyUnicode_CheckExact(o) ? _PyUnicodeWriter_WriteStr(w, o) : write_str_of(w, o);
    if (parse_spec(spec, start, end, &f, 's', '<', o) < 0) return -1;
    if (f.type != 's') return unknown_type(f.type, o);
    const char *wrong = f.sign ? (f.sign == ' ' ? "Space not allowed in string format specifier" : "Sign not allowed in string format specifier")
        : f.no_negative_zero ? "Negative zero coercion (z) not allowed in string format specifier"
        : f.alternate ? "Alternate form (#) not allowed in string format specifier"
        : f.align == '=' ? "'=' alignment not allowed in string format specifier" : NULL;
    if (wrong) {
        PyErr_SetString(PyExc_ValueError, wrong);
        return -1;
    }
    Py_ssize_t n = PyUnicode_GET_LENGTH(o);
    if (f.precision >= 0 && f.precision < n) n = f.precision;
    if ((f.width < 0 || f.width <= n) && n == PyUnicode_GET_LENGTH(o)) return _PyUnicodeWriter_WriteStr(w, o);
    return write_text(w, o, n, &f);
}

/* ------------------------------------------------------------------ float */

static int write_double(_PyUnicodeWriter *w, double v, Spec *f) {
    Py_UCS4 type = f->type;
    Py_ssize_t precision = f->precision, default_precision = 6;
    int flags = f->alternate ? Py_DTSF_ALT : 0;
    bool percent = false;
    if (precision > INT_MAX) {
        PyErr_SetString(PyExc_ValueError, "precision too big");
        return -1;
    }
    if (f->no_negative_zero) flags |= Py_DTSF_NO_NEG_0;
    if (type == 0) {
        flags |= Py_DTSF_ADD_DOT_0;
        type = 'r';
        default_precision = 0;
    }
    if (type == 'r') default_precision = 0;
    if (type == 'n') type = 'g';
    if (type == '%') {
        type = 'f';
        v *= 100;
        percent = true;
    }
    if (precision < 0) precision = default_precision;
    else if (type == 'r') type = 'g';
    char *text = PyOS_double_to_string(v, (char)type, (int)precision, flags, NULL);
    if (!text) return -1;
    Py_ssize_t n = (Py_ssize_t)strlen(text);
    if (percent) {
        char *more = PyMem_Realloc(text, (size_t)n + 2);
        if (!more) {
            PyMem_Free(text);
            PyErr_NoMemory();
            return -1;
        }
        text = more;
        text[n++] = '%';
        text[n] = 0;
    }
    Number num = {.prefix = ""};
    bool negative = text[0] == '-';
    set_sign(&num, negative, f);
    split_decimal(&num, text + negative, n - negative);
    int r = write_number(w, &num, f);
    PyMem_Free(text);
    return r;
}
static bool is_float_type(Py_UCS4 t) {
    return t == 0 || t == 'e' || t == 'E' || t == 'f' || t == 'F' || t == 'g' || t == 'G' || t == 'n' || t == '%';
}
int _PyFloat_FormatAdvancedWriter(_PyUnicodeWriter *w, PyObject *o, PyObject *spec, Py_ssize_t start, Py_ssize_t end) {
    Spec f;
    if (start == end) return write_str_of(w, o);
    if (parse_spec(spec, start, end, &f, 0, '>', o) < 0) return -1;
    if (!is_float_type(f.type)) return unknown_type(f.type, o);
    double v = PyFloat_AsDouble(o);
    if (v == -1 && PyErr_Occurred()) return -1;
    return write_double(w, v, &f);
}

/* ------------------------------------------------------------------ int */

static int write_char_code(_PyUnicodeWriter *w, PyObject *o, Spec *f) {
    if (f->sign || f->alternate) {
        PyErr_SetString(PyExc_ValueError, f->sign ? "Sign not allowed with integer format specifier 'c'" : "Alternate form (#) not allowed with integer format specifier 'c'");
        return -1;
    }
    long c = PyLong_AsLong(o);
    if (c == -1 && PyErr_Occurred()) return -1;
    if (c < 0 || c > 0x10ffff) {
        PyErr_SetString(PyExc_OverflowError, "%c arg not in range(0x110000)");
        return -1;
    }
    PyObject *s = PyUnicode_FromOrdinal((int)c);
    if (!s) return -1;
    if (f->align == '=') f->align = '>';
    int r = write_text(w, s, 1, f);
    Py_DECREF(s);
    return r;
}
static int write_long(_PyUnicodeWriter *w, PyObject *o, Spec *f) {
    if (f->precision >= 0 || f->no_negative_zero) {
        PyErr_SetString(PyExc_ValueError, f->precision >= 0 ? "Precision not allowed in integer format specifier"
                                                            : "Negative zero coercion (z) not allowed in integer format specifier");
        return -1;
    }
    if (f->type == 'c') return write_char_code(w, o, f);
    int base = f->type == 'b' ? 2 : f->type == 'o' ? 8 : f->type == 'x' || f->type == 'X' ? 16 : 10;
    if (f->width < 0 && !f->grouping && f->sign != '+' && f->sign != ' ' && f->type != 'X' && f->type != 'n')
        return _PyLong_FormatWriter(w, o, base, f->alternate);
    PyObject *text = _PyLong_Format(o, base);
    if (!text) return -1;
    char *s = (char *)PyUnicode_1BYTE_DATA(text), *upper = NULL;
    Py_ssize_t n = PyUnicode_GET_LENGTH(text);
    bool negative = *s == '-';
    s += negative;
    n -= negative;
    Number num = {.prefix = ""};
    if (base != 10) {           /* _PyLong_Format writes 0x and its kin */
        if (f->alternate) num.prefix[0] = '0', num.prefix[1] = f->type == 'X' ? 'X' : s[1];
        s += 2;
        n -= 2;
    }
    if (f->type == 'X') {
        if (!(upper = PyMem_Malloc((size_t)n + 1))) {
            Py_DECREF(text);
            PyErr_NoMemory();
            return -1;
        }
        for (Py_ssize_t i = 0; i < n; i++) upper[i] = (char)Py_TOUPPER(Py_CHARMASK(s[i]));
        s = upper;
    }
    set_sign(&num, negative, f);
    num.digits = s;
    num.ndigits = n;
    num.tail = "";
    int r = write_number(w, &num, f);
    PyMem_Free(upper);
    Py_DECREF(text);
    return r;
}
int _PyLong_FormatAdvancedWriter(_PyUnicodeWriter *w, PyObject *o, PyObject *spec, Py_ssize_t start, Py_ssize_t end) {
    Spec f;
    if (start == end) return write_str_of(w, o);
    if (parse_spec(spec, start, end, &f, 'd', '>', o) < 0) return -1;
    switch (f.type) {
    case 'b': case 'c': case 'd': case 'o': case 'x': case 'X': case 'n': return write_long(w, o, &f);
    case 'e': case 'E': case 'f': case 'F': case 'g': case 'G': case '%': {
        double v = PyLong_AsDouble(o);
        if (v == -1 && PyErr_Occurred()) return -1;
        return write_double(w, v, &f);
    }
    default: return unknown_type(f.type, o);
    }
}

/* ------------------------------------------------------------------ complex */

int _PyComplex_FormatAdvancedWriter(_PyUnicodeWriter *w, PyObject *o, PyObject *spec, Py_ssize_t start, Py_ssize_t end) {
    Spec f;
    if (start == end) return write_str_of(w, o);
    if (parse_spec(spec, start, end, &f, 0, '>', o) < 0) return -1;
    if (!is_float_type(f.type) || f.type == '%') return unknown_type(f.type, o);
    if (f.fill == '0') {
        PyErr_SetString(PyExc_ValueError, "Zero padding is not allowed in complex format specifier");
        return -1;
    }
    if (f.align == '=') {
        PyErr_SetString(PyExc_ValueError, "'=' alignment flag is not allowed in complex format specifier");
        return -1;
    }
    Py_complex z = PyComplex_AsCComplex(o);
    if (PyErr_Occurred()) return -1;
    /* without a type, like repr: parentheses, and no real part when it is +0 */
    bool plain = f.type == 0, skip_real = plain && z.real == 0 && copysign(1.0, z.real) > 0, parentheses = plain && !skip_real;
    Spec part = f;
    part.width = -1;
    part.align = '>';
    _PyUnicodeWriter inner;
    _PyUnicodeWriter_Init(&inner);
    inner.overallocate = 1;
    int r = 0;
    if (plain) part.type = f.precision < 0 ? 'r' : 'g';
    if (parentheses) r = _PyUnicodeWriter_WriteChar(&inner, '(');
    if (r == 0 && !skip_real) r = write_double(&inner, z.real, &part);
    if (!skip_real) part.sign = '+';
    if (plain && f.precision < 0) part.precision = -1;
    if (r == 0) r = write_double(&inner, z.imag, &part);
    if (r == 0) r = _PyUnicodeWriter_WriteChar(&inner, 'j');
    if (r == 0 && parentheses) r = _PyUnicodeWriter_WriteChar(&inner, ')');
    PyObject *text = r == 0 ? _PyUnicodeWriter_Finish(&inner) : NULL;
    _PyUnicodeWriter_Dealloc(&inner);
    if (!text) return -1;
    r = write_text(w, text, PyUnicode_GET_LENGTH(text), &f);
    Py_DECREF(text);
    return r;
}
