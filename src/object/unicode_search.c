/* unicode_search.c - finding, counting, replacing, splitting, joining. */
#include "object/unicode_methods.h"
#include "object/fastsearch.h"

/* ------------------------------------------------------------------ finding */

/* A pattern in the kind of the text it is sought in; NULL with *impossible when it can't be there. Free it with release_units. */
static const void *pattern_units(PyObject *p, int kind, bool *impossible) {
    *impossible = PyUnicode_KIND(p) > (unsigned)kind;
    if (*impossible) return NULL;
    if (PyUnicode_KIND(p) == (unsigned)kind) return PyUnicode_DATA(p);
    Py_ssize_t n = PyUnicode_GET_LENGTH(p);
    void *copy = PyMem_Malloc(((size_t)n + 1) * (size_t)kind);
    if (!copy) return PyErr_NoMemory();
    kr_unicode_convert(kind, copy, PyUnicode_KIND(p), PyUnicode_DATA(p), n);
    return copy;
}
static void release_units(const void *units, PyObject *p) {
    if (units && units != PyUnicode_DATA(p)) PyMem_Free((void *)units);
}
static Py_ssize_t search_units(int kind, const void *s, Py_ssize_t n, const void *p, Py_ssize_t m, bool forward) {
    switch (kind) {
    case 1: return forward ? kr_find_1(s, n, p, m) : kr_rfind_1(s, n, p, m);
    case 2: return forward ? kr_find_2(s, n, p, m) : kr_rfind_2(s, n, p, m);
    default: return forward ? kr_find_4(s, n, p, m) : kr_rfind_4(s, n, p, m);
    }
}
static void adjust(Py_ssize_t *start, Py_ssize_t *end, Py_ssize_t n) {
    if (*end > n) *end = n;
    else if (*end < 0) *end = Py_MAX(*end + n, 0);
    if (*start < 0) *start = Py_MAX(*start + n, 0);
}
/* Index of p in s[start:end], -1: not there, -2: exception. */
Py_ssize_t kr_unicode_find(PyObject *s, PyObject *p, Py_ssize_t start, Py_ssize_t end, bool forward) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), m = PyUnicode_GET_LENGTH(p);
    adjust(&start, &end, n);
    if (end - start < m) return -1;
    int kind = PyUnicode_KIND(s);
    bool impossible;
    const void *units = pattern_units(p, kind, &impossible);
    if (!units) return impossible ? -1 : -2;
    Py_ssize_t at = search_units(kind, (char *)PyUnicode_DATA(s) + start * kind, end - start, units, m, forward);
    release_units(units, p);
    return at < 0 ? -1 : at + start;
}
Py_ssize_t PyUnicode_Find(PyObject *s, PyObject *p, Py_ssize_t start, Py_ssize_t end, int direction) {
    if (kr_ensure_unicode(s) < 0 || kr_ensure_unicode(p) < 0) return -2;
    return kr_unicode_find(s, p, start, end, direction > 0);
}
Py_ssize_t PyUnicode_FindChar(PyObject *s, Py_UCS4 c, Py_ssize_t start, Py_ssize_t end, int direction) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(s);
    adjust(&start, &end, n);
    if (end - start < 1) return -1;
    int kind = PyUnicode_KIND(s);
    const char *from = (char *)PyUnicode_DATA(s) + start * kind;
    Py_ssize_t len = end - start, at;
    if (kind == 1 && c > 0xff) return -1;
    if (kind == 2 && c > 0xffff) return -1;
    if (kind == 1) at = direction > 0 ? kr_find_char_1((const Py_UCS1 *)from, len, (Py_UCS1)c) : kr_rfind_char_1((const Py_UCS1 *)from, len, (Py_UCS1)c);
    else if (kind == 2) at = direction > 0 ? kr_find_char_2((const Py_UCS2 *)from, len, (Py_UCS2)c) : kr_rfind_char_2((const Py_UCS2 *)from, len, (Py_UCS2)c);
    else at = direction > 0 ? kr_find_char_4((const Py_UCS4 *)from, len, c) : kr_rfind_char_4((const Py_UCS4 *)from, len, c);
    return at < 0 ? -1 : at + start;
}
Py_ssize_t kr_unicode_count(PyObject *s, PyObject *p, Py_ssize_t start, Py_ssize_t end, Py_ssize_t max) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), m = PyUnicode_GET_LENGTH(p), count;
    adjust(&start, &end, n);
    if (end - start < m) return 0;
    int kind = PyUnicode_KIND(s);
    bool impossible;
    const void *units = pattern_units(p, kind, &impossible);
    if (!units) return impossible ? 0 : -1;
    const char *from = (char *)PyUnicode_DATA(s) + start * kind;
    switch (kind) {
    case 1: count = kr_count_1((const Py_UCS1 *)from, end - start, units, m, max); break;
    case 2: count = kr_count_2((const Py_UCS2 *)from, end - start, units, m, max); break;
    default: count = kr_count_4((const Py_UCS4 *)from, end - start, units, m, max); break;
    }
    release_units(units, p);
    return count;
}
Py_ssize_t PyUnicode_Count(PyObject *s, PyObject *p, Py_ssize_t start, Py_ssize_t end) {
    if (kr_ensure_unicode(s) < 0 || kr_ensure_unicode(p) < 0) return -1;
    return kr_unicode_count(s, p, start, end, PY_SSIZE_T_MAX);
}
int PyUnicode_Contains(PyObject *s, PyObject *p) {
    if (!kr_unicode_check(p)) {
        PyErr_Format(PyExc_TypeError, "'in <string>' requires string as left operand, not %.100s", Py_TYPE(p)->tp_name);
        return -1;
    }
    if (kr_ensure_unicode(s) < 0) return -1;
    Py_ssize_t at = kr_unicode_find(s, p, 0, PyUnicode_GET_LENGTH(s), true);
    return at == -2 ? -1 : at >= 0;
}
bool kr_unicode_tail_match(PyObject *s, PyObject *p, Py_ssize_t start, Py_ssize_t end, bool at_end) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), m = PyUnicode_GET_LENGTH(p);
    adjust(&start, &end, n);
    end -= m;
    if (end < start) return false;
    Py_ssize_t at = at_end ? end : start;
    int ks = PyUnicode_KIND(s), kp = PyUnicode_KIND(p);
    const void *ds = PyUnicode_DATA(s), *dp = PyUnicode_DATA(p);
    if (ks == kp) return memcmp((const char *)ds + at * ks, dp, (size_t)(m * kp)) == 0;
    for (Py_ssize_t i = 0; i < m; i++)
        if (PyUnicode_READ(ks, ds, at + i) != PyUnicode_READ(kp, dp, i)) return false;
    return true;
}
Py_ssize_t PyUnicode_Tailmatch(PyObject *s, PyObject *p, Py_ssize_t start, Py_ssize_t end, int direction) {
    if (kr_ensure_unicode(s) < 0 || kr_ensure_unicode(p) < 0) return -1;
    return kr_unicode_tail_match(s, p, start, end, direction > 0);
}

/* ------------------------------------------------------------------ replacing */

/* dst[i] = src[i], with to for from, at most max times; a loop without a branch when there is no limit that can be reached. */
#define REPLACE_UNITS(T, dst, src, n, from, to, max)                                                                 \
    do {                                                                                                             \
        const T *in_ = (const T *)(src);                                                                             \
        T *out_ = (T *)(dst);                                                                                        \
        T old_ = (T)(from), new_ = (T)(to);                                                                          \
        Py_ssize_t i_ = 0, left_ = (max);                                                                            \
        if (left_ < (n)) {                                                                                           \
            for (; i_ < (n) && left_ > 0; i_++) {                                                                    \
                bool hit_ = in_[i_] == old_;                                                                         \
                out_[i_] = hit_ ? new_ : in_[i_];                                                                    \
                left_ -= hit_;                                                                                       \
            }                                                                                                        \
            memcpy(out_ + i_, in_ + i_, (size_t)((n) - i_) * sizeof(T));                                             \
        } else {                                                                                                     \
            replace_all_##T(out_, in_, (n), old_, new_);                                                          \
        }                                                                                                            \
    } while (0)
#define REPLACE_ALL(T)                                                                                               \
    static void replace_all_##T(T *restrict out, const T *restrict in, Py_ssize_t n, T from, T to) { \
        for (Py_ssize_t i = 0; i < n; i++) out[i] = in[i] == from ? to : in[i];                                      \
    }
REPLACE_ALL(Py_UCS1)
REPLACE_ALL(Py_UCS2)
REPLACE_ALL(Py_UCS4)

static PyObject *replace_char(PyObject *s, Py_UCS4 from, Py_UCS4 to, Py_ssize_t max) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), at = PyUnicode_FindChar(s, from, 0, n, 1);
    if (at < 0 || max == 0) return kr_unicode_exact(s);
    PyObject *r = PyUnicode_New(n, Py_MAX(PyUnicode_MAX_CHAR_VALUE(s), to));
    if (!r) return NULL;
    int kind = PyUnicode_KIND(r);
    void *data = PyUnicode_DATA(r);
    if (PyUnicode_KIND(s) == (unsigned)kind) {
        const void *in = PyUnicode_DATA(s);
        if (kind == 1) REPLACE_UNITS(Py_UCS1, data, in, n, from, to, max);
        else if (kind == 2) REPLACE_UNITS(Py_UCS2, data, in, n, from, to, max);
        else REPLACE_UNITS(Py_UCS4, data, in, n, from, to, max);
    } else {
        kr_unicode_copy(r, 0, s, 0, n);
        for (Py_ssize_t i = at; i < n && max > 0; i++) {
            if (PyUnicode_READ(kind, data, i) != from) continue;
            PyUnicode_WRITE(kind, data, i, to);
            max--;
        }
    }
    if (from > 127 && to < from) Py_SETREF(r, kr_unicode_from_units(kind, data, n));
    return r;
}
PyObject *kr_unicode_replace(PyObject *s, PyObject *from, PyObject *to, Py_ssize_t max) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), lf = PyUnicode_GET_LENGTH(from), lt = PyUnicode_GET_LENGTH(to);
    if (max < 0) max = PY_SSIZE_T_MAX;
    if (max == 0 || (lf > n && lf > 0) || from == to || (lf == 0 && lt == 0)) return kr_unicode_exact(s);
    if (lf == 1 && lt == 1) return replace_char(s, PyUnicode_READ_CHAR(from, 0), PyUnicode_READ_CHAR(to, 0), max);
    Py_ssize_t count = kr_unicode_count(s, from, 0, n, max);
    if (count < 0) return NULL;
    if (count == 0) return kr_unicode_exact(s);
    if (lt > lf && count > (PY_SSIZE_T_MAX - n) / (lt - lf)) {
        PyErr_SetString(PyExc_OverflowError, "replace string is too long");
        return NULL;
    }
    Py_ssize_t size = n + count * (lt - lf);
    if (size == 0) return kr_unicode_empty();
    Py_UCS4 maxchar = Py_MAX(PyUnicode_MAX_CHAR_VALUE(s), PyUnicode_MAX_CHAR_VALUE(to));
    PyObject *r = PyUnicode_New(size, maxchar);
    if (!r) return NULL;
    Py_ssize_t in = 0, out = 0;
    if (lf == 0) {
        for (; count > 0; count--) {
            kr_unicode_copy(r, out, to, 0, lt);
            out += lt;
            if (in < n && count > 1) kr_unicode_copy(r, out++, s, in++, 1);
        }
    } else {
        int kind = PyUnicode_KIND(s);
        bool impossible;
        const void *units = pattern_units(from, kind, &impossible);
        if (!units) {
            Py_DECREF(r);
            return NULL;
        }
        for (; count > 0; count--) {
            Py_ssize_t at = search_units(kind, (char *)PyUnicode_DATA(s) + in * kind, n - in, units, lf, true);
            kr_unicode_copy(r, out, s, in, at);
            out += at;
            kr_unicode_copy(r, out, to, 0, lt);
            out += lt;
            in += at + lf;
        }
        release_units(units, from);
    }
    kr_unicode_copy(r, out, s, in, n - in);
    int kind = PyUnicode_KIND(r);
    if (!PyUnicode_IS_ASCII(r) && kr_find_maxchar(kind, PyUnicode_DATA(r), size) < PyUnicode_MAX_CHAR_VALUE(r))
        Py_SETREF(r, kr_unicode_from_units(kind, PyUnicode_DATA(r), size));
    return r;
}
PyObject *PyUnicode_Replace(PyObject *s, PyObject *from, PyObject *to, Py_ssize_t max) {
    if (kr_ensure_unicode(s) < 0 || kr_ensure_unicode(from) < 0 || kr_ensure_unicode(to) < 0) return NULL;
    return kr_unicode_replace(s, from, to, max);
}

/* ------------------------------------------------------------------ splitting */

/* The parts found so far: the first ones in an array, so that a short list is made in its final size; the rest in the list. */
typedef struct {
    PyObject *list;
    Py_ssize_t n;
    PyObject *first[12];
} Parts;
static void parts_drop(Parts *p) {
    Py_CLEAR(p->list);
    while (p->n > 0) Py_DECREF(p->first[--p->n]);
}
/* Moves the array to the list, making it; 0 or -1. */
static int parts_flush(Parts *p) {
    if (!(p->list = PyList_New(p->n))) return -1;
    for (Py_ssize_t i = 0; i < p->n; i++) PyList_SET_ITEM(p->list, i, p->first[i]);
    p->n = 0;
    return 0;
}
/* Adds a part, taking over the reference (NULL: an exception is set). */
static int add_object(Parts *p, PyObject *part) {
    if (!part) return -1;
    if (!p->list) {
        if (p->n < (Py_ssize_t)Py_ARRAY_LENGTH(p->first)) {
            p->first[p->n++] = part;
            return 0;
        }
        if (parts_flush(p) < 0) {
            Py_DECREF(part);
            return -1;
        }
    }
    int r = PyList_Append(p->list, part);
    Py_DECREF(part);
    return r;
}
static int add_part(Parts *p, PyObject *s, Py_ssize_t start, Py_ssize_t end) {
    bool plain = PyUnicode_IS_ASCII(s) && end - start < PyUnicode_GET_LENGTH(s);
    return add_object(p, plain ? _PyUnicode_FromASCII((const char *)PyUnicode_1BYTE_DATA(s) + start, end - start) : PyUnicode_Substring(s, start, end));
}
/* The list, given what the search returned; the parts are in the order found, reversed when asked. */
static PyObject *parts_finish(Parts *p, int r, bool reverse) {
    if (r == 0 && !p->list) r = parts_flush(p);
    if (r == 0 && reverse) r = PyList_Reverse(p->list);
    if (r < 0) parts_drop(p);
    return p->list;
}
static bool space_at(int kind, const void *data, Py_ssize_t i) { return Py_UNICODE_ISSPACE(PyUnicode_READ(kind, data, i)); }

/* Splits at runs of white space; when max splits are made, the rest keeps the white space at its far end. */
static int split_blanks(Parts *list, PyObject *s, Py_ssize_t max) {
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), i = 0;
    if (PyUnicode_IS_ASCII(s)) {
        const Py_UCS1 *p = data;
        while (true) {
            while (i < n && _Py_ascii_whitespace[p[i]]) i++;
            if (i == n) return 0;
            if (max-- <= 0) return add_part(list, s, i, n);
            Py_ssize_t start = i;
            while (i < n && !_Py_ascii_whitespace[p[i]]) i++;
            if (add_part(list, s, start, i) < 0) return -1;
        }
    }
    while (true) {
        while (i < n && space_at(kind, data, i)) i++;
        if (i == n) return 0;
        if (max-- <= 0) break;
        Py_ssize_t start = i;
        while (i < n && !space_at(kind, data, i)) i++;
        if (add_part(list, s, start, i) < 0) return -1;
    }
    return add_part(list, s, i, n);
}
static int rsplit_blanks(Parts *list, PyObject *s, Py_ssize_t max) {
    int kind = PyUnicode_KIND(s);
    const void *data = PyUnicode_DATA(s);
    Py_ssize_t i = PyUnicode_GET_LENGTH(s);
    while (true) {
        while (i > 0 && space_at(kind, data, i - 1)) i--;
        if (i == 0) return 0;
        if (max-- <= 0) break;
        Py_ssize_t end = i;
        while (i > 0 && !space_at(kind, data, i - 1)) i--;
        if (add_part(list, s, i, end) < 0) return -1;
    }
    return add_part(list, s, 0, i);
}
static int split_by(Parts *list, PyObject *s, PyObject *sep, Py_ssize_t max, bool forward) {
    Py_ssize_t m = PyUnicode_GET_LENGTH(sep), start = 0, end = PyUnicode_GET_LENGTH(s);
    int kind = PyUnicode_KIND(s), r = 0;
    bool impossible;
    /* what can't hold the separator is the one part, even as an instance of a subclass */
    if (m > end) return add_object(list, Py_NewRef(s));
    const void *units = pattern_units(sep, kind, &impossible);
    if (!units) return impossible ? add_object(list, Py_NewRef(s)) : -1;
    const char *data = PyUnicode_DATA(s);
    while (r == 0 && max-- > 0) {
        Py_ssize_t at = search_units(kind, data + start * kind, end - start, units, m, forward);
        if (at < 0) break;
        at += start;
        if (forward) {
            r = add_part(list, s, start, at);
            start = at + m;
        } else {
            r = add_part(list, s, at + m, end);
            end = at;
        }
    }
    release_units(units, sep);
    return r < 0 ? -1 : add_part(list, s, start, end);
}
PyObject *kr_unicode_split(PyObject *s, PyObject *sep, Py_ssize_t max, bool forward) {
    if (max < 0) max = PY_SSIZE_T_MAX;
    if (sep && PyUnicode_GET_LENGTH(sep) == 0) {
        PyErr_SetString(PyExc_ValueError, "empty separator");
        return NULL;
    }
    Parts parts;
    parts.list = NULL;
    parts.n = 0;
    int r = sep ? split_by(&parts, s, sep, max, forward) : forward ? split_blanks(&parts, s, max) : rsplit_blanks(&parts, s, max);
    return parts_finish(&parts, r, !forward);
}
PyObject *PyUnicode_Split(PyObject *s, PyObject *sep, Py_ssize_t max) {
    return kr_ensure_unicode(s) < 0 || (sep && kr_ensure_unicode(sep) < 0) ? NULL : kr_unicode_split(s, sep, max, true);
}
PyObject *PyUnicode_RSplit(PyObject *s, PyObject *sep, Py_ssize_t max) {
    return kr_ensure_unicode(s) < 0 || (sep && kr_ensure_unicode(sep) < 0) ? NULL : kr_unicode_split(s, sep, max, false);
}
/* The index of the end of the line at i: of the line break, or n. */
static Py_ssize_t line_end(int kind, const void *data, Py_ssize_t i, Py_ssize_t n) {
    if (kind == PyUnicode_1BYTE_KIND) {
        const Py_UCS1 *p = data;
        while (i < n && !(p[i] <= 0x1e ? (p[i] >= 0x0a && p[i] <= 0x0d) || p[i] >= 0x1c : p[i] == 0x85)) i++;
    } else {
        while (i < n && !Py_UNICODE_ISLINEBREAK(PyUnicode_READ(kind, data, i))) i++;
    }
    return i;
}
PyObject *PyUnicode_Splitlines(PyObject *s, int keepends) {
    if (kr_ensure_unicode(s) < 0) return NULL;
    Parts parts;
    parts.list = NULL;
    parts.n = 0;
    int kind = PyUnicode_KIND(s), r = 0;
    const void *data = PyUnicode_DATA(s);
    Py_ssize_t n = PyUnicode_GET_LENGTH(s);
    for (Py_ssize_t i = 0; r == 0 && i < n;) {
        Py_ssize_t start = i, end = i = line_end(kind, data, i, n);
        if (i < n) {
            i += PyUnicode_READ(kind, data, i) == '\r' && i + 1 < n && PyUnicode_READ(kind, data, i + 1) == '\n' ? 2 : 1;
            if (keepends) end = i;
        }
        r = add_part(&parts, s, start, end);
    }
    return parts_finish(&parts, r, false);
}
/* The tuple of three new references, which it takes over; NULL if one of them is. */
static PyObject *three(PyObject *a, PyObject *b, PyObject *c) {
    PyObject *t = a && b && c ? PyTuple_New(3) : NULL;
    if (!t) {
        Py_XDECREF(a);
        Py_XDECREF(b);
        Py_XDECREF(c);
        return NULL;
    }
    PyTuple_SET_ITEM(t, 0, a);
    PyTuple_SET_ITEM(t, 1, b);
    PyTuple_SET_ITEM(t, 2, c);
    return t;
}
static PyObject *partition(PyObject *s, PyObject *sep, bool forward) {
    if (kr_ensure_unicode(s) < 0 || kr_ensure_unicode(sep) < 0) return NULL;
    Py_ssize_t n = PyUnicode_GET_LENGTH(s), m = PyUnicode_GET_LENGTH(sep);
    if (m == 0) {
        PyErr_SetString(PyExc_ValueError, "empty separator");
        return NULL;
    }
    Py_ssize_t at = kr_unicode_find(s, sep, 0, n, forward);
    if (at == -2) return NULL;
    if (at < 0) return forward ? three(Py_NewRef(s), kr_unicode_empty(), kr_unicode_empty()) : three(kr_unicode_empty(), kr_unicode_empty(), Py_NewRef(s));
    PyObject *before = PyUnicode_Substring(s, 0, at);
    return before ? three(before, Py_NewRef(sep), PyUnicode_Substring(s, at + m, n)) : NULL;
}
PyObject *PyUnicode_Partition(PyObject *s, PyObject *sep) { return partition(s, sep, true); }
PyObject *PyUnicode_RPartition(PyObject *s, PyObject *sep) { return partition(s, sep, false); }

/* ------------------------------------------------------------------ joining */

PyObject *_PyUnicode_JoinArray(PyObject *sep, PyObject *const *items, Py_ssize_t n) {
    if (n == 0) return kr_unicode_empty();
    if (n == 1 && PyUnicode_CheckExact(items[0])) return Py_NewRef(items[0]);
    PyObject *blank = NULL;
    if (!sep) sep = blank = PyUnicode_FromOrdinal(' ');
    if (!sep) return NULL;
    if (!kr_unicode_check(sep)) {
        PyErr_Format(PyExc_TypeError, "separator: expected str instance, %.80s found", Py_TYPE(sep)->tp_name);
        return NULL;
    }
    Py_ssize_t lsep = PyUnicode_GET_LENGTH(sep), size = 0;
    Py_UCS4 max = lsep && n > 1 ? PyUnicode_MAX_CHAR_VALUE(sep) : 0;
    PyObject *r = NULL;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (!kr_unicode_check(items[i])) {
            PyErr_Format(PyExc_TypeError, "sequence item %zd: expected str instance, %.80s found", i, Py_TYPE(items[i])->tp_name);
            goto done;
        }
        Py_ssize_t add = PyUnicode_GET_LENGTH(items[i]) + (i ? lsep : 0);
        if (add > PY_SSIZE_T_MAX - size) {
            PyErr_SetString(PyExc_OverflowError, "join() result is too long for a Python string");
            goto done;
        }
        size += add;
        max = Py_MAX(max, PyUnicode_MAX_CHAR_VALUE(items[i]));
    }
    if (!(r = PyUnicode_New(size, max)) || size == 0) goto done;
    if (size == 1) {
        Py_SETREF(r, NULL);
        for (Py_ssize_t i = 0; i < n && !r; i++)
            if (PyUnicode_GET_LENGTH(items[i])) r = kr_unicode_exact(items[i]);
        if (!r) r = kr_unicode_exact(sep);
        goto done;
    }
    Py_ssize_t at = 0;
    int kind = PyUnicode_KIND(r), same = PyUnicode_KIND(sep) == (unsigned)kind || lsep == 0;
    char *to = PyUnicode_DATA(r);
    for (Py_ssize_t i = 0; i < n; i++) {
        if (i && lsep) {
            if (same) memcpy(to + at * kind, PyUnicode_DATA(sep), (size_t)(lsep * kind));
            else kr_unicode_copy(r, at, sep, 0, lsep);
            at += lsep;
        }
        Py_ssize_t len = PyUnicode_GET_LENGTH(items[i]);
        if (PyUnicode_KIND(items[i]) == (unsigned)kind) memcpy(to + at * kind, PyUnicode_DATA(items[i]), (size_t)(len * kind));
        else kr_unicode_copy(r, at, items[i], 0, len);
        at += len;
    }
done:
    Py_XDECREF(blank);
    return r;
}
PyObject *PyUnicode_Join(PyObject *sep, PyObject *iterable) {
    PyObject *seq = PySequence_Fast(iterable, "can only join an iterable");
    if (!seq) return NULL;
    PyObject *r = _PyUnicode_JoinArray(sep, PySequence_Fast_ITEMS(seq), PySequence_Fast_GET_SIZE(seq));
    Py_DECREF(seq);
    return r;
}
