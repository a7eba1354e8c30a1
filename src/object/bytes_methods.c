/* bytes_methods.c - the methods of bytes and bytearray, one implementation for both.
 *
 * A method works on (pointer, length) of self, taken after its arguments have been converted, since converting may run
 * Python code that resizes a bytearray. Arguments that are byte strings are held as buffers meanwhile (KrSub). A result
 * has self's kind; an exact bytes whose method changes nothing is returned itself.
 */
#include "object/bytes.h"
#include "object/fastsearch.h"

/* ------------------------------------------------------------------ arguments */

/* A byte string argument: one byte, or somebody's buffer. */
typedef struct {
    const Py_UCS1 *p;
    Py_ssize_t n;
    Py_buffer view; /* obj is NULL for a single byte */
    Py_UCS1 byte;
} KrSub;

static void sub_release(KrSub *sub) {
    if (sub->view.obj != NULL)
        PyBuffer_Release(&sub->view);
}

static int sub_from_buffer(PyObject *o, KrSub *sub) {
    if (PyBytes_CheckExact(o)) { /* immutable, and the caller holds it */
        sub->view.obj = NULL;
        sub->p = (const Py_UCS1 *)kr_bytes_data(o);
        sub->n = Py_SIZE(o);
        return 0;
    }
    if (PyObject_GetBuffer(o, &sub->view, PyBUF_SIMPLE) < 0)
        return -1;
    sub->p = sub->view.buf;
    sub->n = sub->view.len;
    return 0;
}

/* As an argument of a method: "a bytes-like object is required, not 'X'" when it isn't one. */
static int sub_from_argument(PyObject *o, KrSub *sub) {
    if (!PyObject_CheckBuffer(o)) {
        PyErr_Format(PyExc_TypeError, "a bytes-like object is required, not '%.100s'", Py_TYPE(o)->tp_name);
        return -1;
    }
    return sub_from_buffer(o, sub);
}

int kr_byte_value(PyObject *o, const char *message) {
    int overflow = 0;
    long v;
    if (PyLong_CheckExact(o))
        v = PyLong_AsLongAndOverflow(o, &overflow);
    else {
        PyObject *i = PyNumber_Index(o);
        if (i == NULL)
            return -1;
        v = PyLong_AsLongAndOverflow(i, &overflow);
        Py_DECREF(i);
    }
    if (v >= 0 && v <= 255)
        return (int)v;
    PyErr_SetString(PyExc_ValueError, message);
    return -1;
}

/* What find() and its like look for: a byte string or a number in 0 .. 255. */
static int sub_from_needle(PyObject *o, KrSub *sub) {
    if (PyObject_CheckBuffer(o))
        return sub_from_buffer(o, sub);
    if (!PyIndex_Check(o)) {
        PyErr_Format(PyExc_TypeError, "argument should be integer or bytes-like object, not '%.200s'", Py_TYPE(o)->tp_name);
        return -1;
    }
    int c = kr_byte_value(o, "byte must be in range(0, 256)");
    if (c < 0)
        return -1;
    sub->byte = (Py_UCS1)c;
    sub->p = &sub->byte;
    sub->n = 1;
    sub->view.obj = NULL;
    return 0;
}

/* (x[, start[, end]]) of find() and its like. */
static int range_args(const char *name, PyObject *const *args, Py_ssize_t nargs, Py_ssize_t *start, Py_ssize_t *end) {
    *start = 0;
    *end = PY_SSIZE_T_MAX;
    if (nargs < 1 || nargs > 3) {
        PyErr_Format(PyExc_TypeError, "%s() takes at %s %d argument%s (%zd given)", name, nargs < 1 ? "least" : "most", nargs < 1 ? 1 : 3,
                     nargs < 1 ? "" : "s", nargs);
        return -1;
    }
    if ((nargs > 1 && !_PyEval_SliceIndex(args[1], start)) || (nargs > 2 && !_PyEval_SliceIndex(args[2], end)))
        return -1;
    return 0;
}

KR_INLINE void clip_range(Py_ssize_t n, Py_ssize_t *start, Py_ssize_t *end) {
    if (*end > n)
        *end = n;
    else if (*end < 0 && (*end += n) < 0)
        *end = 0;
    if (*start < 0 && (*start += n) < 0)
        *start = 0;
}

KR_INLINE const Py_UCS1 *data(PyObject *o) { return (const Py_UCS1 *)kr_bytes_data(o); }

/* self when it is an exact bytes, else a copy. */
static PyObject *unchanged(PyObject *self) {
    return PyBytes_CheckExact(self) ? Py_NewRef(self) : kr_bytes_like(self, kr_bytes_data(self), Py_SIZE(self));
}
static PyObject *slice_of(PyObject *self, Py_ssize_t i, Py_ssize_t j) {
    if (i == 0 && j == Py_SIZE(self))
        return unchanged(self);
    return kr_bytes_like(self, kr_bytes_data(self) + i, j - i);
}

/* ------------------------------------------------------------------ searching */

enum { FIND, RFIND };
static int find_common(PyObject *self, const char *name, PyObject *const *args, Py_ssize_t nargs, int how, Py_ssize_t *result) {
    Py_ssize_t start, end;
    KrSub sub;
    if (range_args(name, args, nargs, &start, &end) < 0 || sub_from_needle(args[0], &sub) < 0)
        return -1;
    clip_range(Py_SIZE(self), &start, &end);
    if (end - start < sub.n)
        *result = -1;
    else {
        const Py_UCS1 *s = data(self) + start;
        *result = how == FIND ? kr_find_1(s, end - start, sub.p, sub.n) : kr_rfind_1(s, end - start, sub.p, sub.n);
        if (*result >= 0)
            *result += start;
    }
    sub_release(&sub);
    return 0;
}

PyObject *kr_bytes_find(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    Py_ssize_t i;
    return find_common(self, "find", args, nargs, FIND, &i) < 0 ? NULL : PyLong_FromSsize_t(i);
}
PyObject *kr_bytes_rfind(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    Py_ssize_t i;
    return find_common(self, "rfind", args, nargs, RFIND, &i) < 0 ? NULL : PyLong_FromSsize_t(i);
}
static PyObject *index_result(Py_ssize_t i) {
    if (i >= 0)
        return PyLong_FromSsize_t(i);
    PyErr_SetString(PyExc_ValueError, "subsection not found");
    return NULL;
}
PyObject *kr_bytes_index(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    Py_ssize_t i;
    return find_common(self, "index", args, nargs, FIND, &i) < 0 ? NULL : index_result(i);
}
PyObject *kr_bytes_rindex(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    Py_ssize_t i;
    return find_common(self, "rindex", args, nargs, RFIND, &i) < 0 ? NULL : index_result(i);
}

PyObject *kr_bytes_count(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    Py_ssize_t start, end;
    KrSub sub;
    if (range_args("count", args, nargs, &start, &end) < 0 || sub_from_needle(args[0], &sub) < 0)
        return NULL;
    clip_range(Py_SIZE(self), &start, &end);
    Py_ssize_t n = end < start ? 0 : kr_count_1(data(self) + start, end - start, sub.p, sub.n, PY_SSIZE_T_MAX);
    sub_release(&sub);
    return PyLong_FromSsize_t(n);
}

int kr_bytes_contains(PyObject *self, PyObject *item) {
    KrSub sub;
    if (PyIndex_Check(item) && !PyObject_CheckBuffer(item)) {
        int c = kr_byte_value(item, "byte must be in range(0, 256)");
        return c < 0 ? -1 : kr_find_char_1(data(self), Py_SIZE(self), (Py_UCS1)c) >= 0;
    }
    if (sub_from_argument(item, &sub) < 0)
        return -1;
    int found = kr_find_1(data(self), Py_SIZE(self), sub.p, sub.n) >= 0;
    sub_release(&sub);
    return found;
}

/* Whether self[start:end] begins (or ends) with sub: 1, 0, -1. */
static int tail_match(PyObject *self, PyObject *sub_object, Py_ssize_t start, Py_ssize_t end, bool at_end) {
    KrSub sub;
    if (sub_from_argument(sub_object, &sub) < 0)
        return -1;
    clip_range(Py_SIZE(self), &start, &end);
    int r = end - start >= sub.n && memcmp(data(self) + (at_end ? end - sub.n : start), sub.p, (size_t)sub.n) == 0;
    sub_release(&sub);
    return r;
}

static PyObject *tail_common(PyObject *self, const char *name, PyObject *const *args, Py_ssize_t nargs, bool at_end) {
    Py_ssize_t start, end;
    if (range_args(name, args, nargs, &start, &end) < 0)
        return NULL;
    if (PyTuple_Check(args[0])) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args[0]); i++) {
            int r = tail_match(self, PyTuple_GET_ITEM(args[0], i), start, end, at_end);
            if (r != 0)
                return r < 0 ? NULL : Py_NewRef(Py_True);
        }
        Py_RETURN_FALSE;
    }
    int r = tail_match(self, args[0], start, end, at_end);
    if (r < 0) {
        if (PyErr_ExceptionMatches(PyExc_TypeError))
            PyErr_Format(PyExc_TypeError, "%s first arg must be bytes or a tuple of bytes, not %s", name, Py_TYPE(args[0])->tp_name);
        return NULL;
    }
    return PyBool_FromLong(r);
}
PyObject *kr_bytes_startswith(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    return tail_common(self, "startswith", args, nargs, false);
}
PyObject *kr_bytes_endswith(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    return tail_common(self, "endswith", args, nargs, true);
}

PyObject *kr_bytes_removeprefix(PyObject *self, PyObject *arg) {
    KrSub sub;
    if (sub_from_argument(arg, &sub) < 0)
        return NULL;
    Py_ssize_t n = Py_SIZE(self);
    bool has = sub.n > 0 && n >= sub.n && memcmp(data(self), sub.p, (size_t)sub.n) == 0;
    PyObject *r = slice_of(self, has ? sub.n : 0, n);
    sub_release(&sub);
    return r;
}
PyObject *kr_bytes_removesuffix(PyObject *self, PyObject *arg) {
    KrSub sub;
    if (sub_from_argument(arg, &sub) < 0)
        return NULL;
    Py_ssize_t n = Py_SIZE(self);
    bool has = sub.n > 0 && n >= sub.n && memcmp(data(self) + n - sub.n, sub.p, (size_t)sub.n) == 0;
    PyObject *r = slice_of(self, 0, has ? n - sub.n : n);
    sub_release(&sub);
    return r;
}

/* ------------------------------------------------------------------ classes of bytes */

#define ALL_IN_CLASS(name, TEST)                                       \
    PyObject *kr_bytes_##name(PyObject *self, PyObject *ignored) {     \
        const Py_UCS1 *s = data(self), *end = s + Py_SIZE(self);       \
        if (s == end)                                                  \
            Py_RETURN_FALSE;                                           \
        for (; s < end; s++)                                           \
            if (!TEST(*s))                                             \
                Py_RETURN_FALSE;                                       \
        Py_RETURN_TRUE;                                                \
    }
ALL_IN_CLASS(isalnum, Py_ISALNUM)
ALL_IN_CLASS(isalpha, Py_ISALPHA)
ALL_IN_CLASS(isdigit, Py_ISDIGIT)
ALL_IN_CLASS(isspace, Py_ISSPACE)
#undef ALL_IN_CLASS

PyObject *kr_bytes_isascii(PyObject *self, PyObject *ignored) {
    const Py_UCS1 *s = data(self), *end = s + Py_SIZE(self);
    for (; end - s >= 8; s += 8) {
        uint64_t w;
        memcpy(&w, s, 8);
        if (w & 0x8080808080808080u)
            Py_RETURN_FALSE;
    }
    for (; s < end; s++)
        if (*s & 0x80)
            Py_RETURN_FALSE;
    Py_RETURN_TRUE;
}

static PyObject *one_case(PyObject *self, unsigned wanted, unsigned other) {
    bool any = false;
    const Py_UCS1 *s = data(self), *end = s + Py_SIZE(self);
    for (; s < end; s++) {
        if (_Py_ctype_table[*s] & other)
            Py_RETURN_FALSE;
        any |= (_Py_ctype_table[*s] & wanted) != 0;
    }
    return PyBool_FromLong(any);
}
PyObject *kr_bytes_islower(PyObject *self, PyObject *ignored) { return one_case(self, PY_CTF_LOWER, PY_CTF_UPPER); }
PyObject *kr_bytes_isupper(PyObject *self, PyObject *ignored) { return one_case(self, PY_CTF_UPPER, PY_CTF_LOWER); }

PyObject *kr_bytes_istitle(PyObject *self, PyObject *ignored) {
    bool any = false, in_word = false;
    const Py_UCS1 *s = data(self), *end = s + Py_SIZE(self);
    for (; s < end; s++) {
        if (Py_ISUPPER(*s) ? in_word : Py_ISLOWER(*s) && !in_word)
            Py_RETURN_FALSE;
        in_word = Py_ISALPHA(*s);
        any |= in_word;
    }
    return PyBool_FromLong(any);
}

/* ------------------------------------------------------------------ case */

static PyObject *fresh(PyObject *self, Py_ssize_t n, Py_UCS1 **out) {
    PyObject *r = kr_bytes_like(self, NULL, n);
    if (r != NULL)
        *out = (Py_UCS1 *)kr_bytes_data(r);
    return r;
}

static PyObject *map_bytes(PyObject *self, const unsigned char *table) {
    Py_UCS1 *out;
    Py_ssize_t n = Py_SIZE(self);
    PyObject *r = n == 0 ? kr_bytes_like(self, NULL, 0) : fresh(self, n, &out);
    if (r != NULL && n > 0) {
        const Py_UCS1 *s = data(self);
        for (Py_ssize_t i = 0; i < n; i++)
            out[i] = table[s[i]];
    }
    return r;
}
PyObject *kr_bytes_lower(PyObject *self, PyObject *ignored) { return map_bytes(self, _Py_ctype_tolower); }
PyObject *kr_bytes_upper(PyObject *self, PyObject *ignored) { return map_bytes(self, _Py_ctype_toupper); }

enum { CAPITALIZE, SWAPCASE, TITLE };
static PyObject *change_case(PyObject *self, int how) {
    Py_UCS1 *out;
    Py_ssize_t n = Py_SIZE(self);
    if (n == 0)
        return kr_bytes_like(self, NULL, 0);
    PyObject *r = fresh(self, n, &out);
    if (r == NULL)
        return NULL;
    const Py_UCS1 *s = data(self);
    bool in_word = false;
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS1 c = s[i];
        bool up = how == CAPITALIZE ? i == 0 : how == TITLE ? !in_word : Py_ISLOWER(c) != 0;
        out[i] = (Py_UCS1)(up ? Py_TOUPPER(c) : Py_TOLOWER(c));
        in_word = Py_ISALPHA(c);
    }
    return r;
}
PyObject *kr_bytes_capitalize(PyObject *self, PyObject *ignored) { return change_case(self, CAPITALIZE); }
PyObject *kr_bytes_swapcase(PyObject *self, PyObject *ignored) { return change_case(self, SWAPCASE); }
PyObject *kr_bytes_title(PyObject *self, PyObject *ignored) { return change_case(self, TITLE); }

/* ------------------------------------------------------------------ stripping, padding */

enum { LEFT = 1, RIGHT = 2 };
static PyObject *strip_common(PyObject *self, const char *name, PyObject *const *args, Py_ssize_t nargs, int sides) {
    if (!_PyArg_CheckPositional(name, nargs, 0, 1))
        return NULL;
    bool strip[256];
    if (nargs == 0 || args[0] == Py_None) {
        for (int c = 0; c < 256; c++)
            strip[c] = Py_ISSPACE(c) != 0;
    }
    else {
        KrSub sub;
        if (sub_from_argument(args[0], &sub) < 0)
            return NULL;
        memset(strip, 0, sizeof strip);
        for (Py_ssize_t i = 0; i < sub.n; i++)
            strip[sub.p[i]] = true;
        sub_release(&sub);
    }
    const Py_UCS1 *s = data(self);
    Py_ssize_t i = 0, j = Py_SIZE(self);
    if (sides & LEFT)
        while (i < j && strip[s[i]])
            i++;
    if (sides & RIGHT)
        while (j > i && strip[s[j - 1]])
            j--;
    return slice_of(self, i, j);
}
PyObject *kr_bytes_strip(PyObject *self, PyObject *const *args, Py_ssize_t nargs) { return strip_common(self, "strip", args, nargs, LEFT | RIGHT); }
PyObject *kr_bytes_lstrip(PyObject *self, PyObject *const *args, Py_ssize_t nargs) { return strip_common(self, "lstrip", args, nargs, LEFT); }
PyObject *kr_bytes_rstrip(PyObject *self, PyObject *const *args, Py_ssize_t nargs) { return strip_common(self, "rstrip", args, nargs, RIGHT); }

static PyObject *pad(PyObject *self, Py_ssize_t left, Py_ssize_t right, int fill) {
    if (left < 0)
        left = 0;
    if (right < 0)
        right = 0;
    if (left == 0 && right == 0)
        return unchanged(self);
    Py_ssize_t n = Py_SIZE(self);
    if (left > PY_SSIZE_T_MAX - n || right > PY_SSIZE_T_MAX - n - left) {
        PyErr_NoMemory();
        return NULL;
    }
    Py_UCS1 *out;
    PyObject *r = fresh(self, left + n + right, &out);
    if (r != NULL) {
        memset(out, fill, (size_t)left);
        memcpy(out + left, data(self), (size_t)n);
        memset(out + left + n, fill, (size_t)right);
    }
    return r;
}

static PyObject *justify(PyObject *self, const char *name, PyObject *const *args, Py_ssize_t nargs, int sides) {
    if (!_PyArg_CheckPositional(name, nargs, 1, 2))
        return NULL;
    PyObject *index = PyNumber_Index(args[0]);
    if (index == NULL)
        return NULL;
    Py_ssize_t width = PyLong_AsSsize_t(index);
    Py_DECREF(index);
    if (width == -1 && PyErr_Occurred())
        return NULL;
    int fill = ' ';
    if (nargs > 1) {
        if (!(PyBytes_Check(args[1]) || PyByteArray_Check(args[1])) || Py_SIZE(args[1]) != 1) {
            PyErr_Format(PyExc_TypeError, "%s() argument 2 must be a byte string of length 1, not %.50s", name,
                         Py_IsNone(args[1]) ? "None" : Py_TYPE(args[1])->tp_name);
            return NULL;
        }
        fill = data(args[1])[0];
    }
    Py_ssize_t total = width - Py_SIZE(self);
    if (total <= 0)
        return unchanged(self);
    Py_ssize_t left = sides == LEFT ? total : sides == RIGHT ? 0 : total / 2 + (total & width & 1);
    return pad(self, left, total - left, fill);
}
PyObject *kr_bytes_ljust(PyObject *self, PyObject *const *args, Py_ssize_t nargs) { return justify(self, "ljust", args, nargs, RIGHT); }
PyObject *kr_bytes_rjust(PyObject *self, PyObject *const *args, Py_ssize_t nargs) { return justify(self, "rjust", args, nargs, LEFT); }
PyObject *kr_bytes_center(PyObject *self, PyObject *const *args, Py_ssize_t nargs) { return justify(self, "center", args, nargs, LEFT | RIGHT); }

PyObject *kr_bytes_zfill(PyObject *self, PyObject *arg) {
    PyObject *index = PyNumber_Index(arg);
    if (index == NULL)
        return NULL;
    Py_ssize_t width = PyLong_AsSsize_t(index);
    Py_DECREF(index);
    if (width == -1 && PyErr_Occurred())
        return NULL;
    Py_ssize_t fill = width - Py_SIZE(self);
    if (fill <= 0)
        return unchanged(self);
    PyObject *r = pad(self, fill, 0, '0');
    if (r != NULL && Py_SIZE(self) > 0) {
        char *p = kr_bytes_data(r);
        if (p[fill] == '+' || p[fill] == '-') { /* the sign goes first */
            p[0] = p[fill];
            p[fill] = '0';
        }
    }
    return r;
}

PyObject *kr_bytes_expandtabs(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"tabsize", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|O:expandtabs"};
    PyObject *given = NULL;
    int tabsize = 8;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &given))
        return NULL;
    if (given != NULL && (tabsize = _PyLong_AsInt(given)) == -1 && PyErr_Occurred())
        return NULL;
    const Py_UCS1 *s = data(self);
    Py_ssize_t n = Py_SIZE(self), total = 0, column = 0;
    for (int pass = 0;; pass++) {
        Py_UCS1 *out = NULL;
        PyObject *r = NULL;
        if (pass == 1 && (r = fresh(self, total, &out)) == NULL)
            return NULL;
        column = 0;
        for (Py_ssize_t i = 0; i < n; i++) {
            if (s[i] == '\t') {
                Py_ssize_t k = tabsize > 0 ? tabsize - column % tabsize : 0;
                column += k;
                if (pass == 1) {
                    memset(out, ' ', (size_t)k);
                    out += k;
                }
                else if (k > PY_SSIZE_T_MAX - total) {
                    PyErr_SetString(PyExc_OverflowError, "result too long");
                    return NULL;
                }
                else
                    total += k;
                continue;
            }
            column = s[i] == '\n' || s[i] == '\r' ? 0 : column + 1;
            if (pass == 1)
                *out++ = s[i];
            else if (total == PY_SSIZE_T_MAX) {
                PyErr_SetString(PyExc_OverflowError, "result too long");
                return NULL;
            }
            else
                total++;
        }
        if (pass == 1)
            return r;
    }
}

/* ------------------------------------------------------------------ splitting */

/* Appends self[i:j] to the list. */
static int append_slice(PyObject *list, PyObject *self, Py_ssize_t i, Py_ssize_t j) {
    PyObject *part = slice_of(self, i, j);
    if (part == NULL)
        return -1;
    int r = PyList_Append(list, part);
    Py_DECREF(part);
    return r;
}

static PyObject *split_space(PyObject *self, Py_ssize_t max, bool from_right) {
    PyObject *list = PyList_New(0);
    if (list == NULL)
        return NULL;
    const Py_UCS1 *s = data(self);
    Py_ssize_t n = Py_SIZE(self), i = 0, j = n;
    if (!from_right) {
        while (max-- > 0) {
            while (i < n && Py_ISSPACE(s[i]))
                i++;
            if (i == n)
                return list;
            for (j = i + 1; j < n && !Py_ISSPACE(s[j]); j++)
                ;
            if (append_slice(list, self, i, j) < 0)
                goto fail;
            i = j;
        }
        while (i < n && Py_ISSPACE(s[i]))
            i++;
        if (i < n && append_slice(list, self, i, n) < 0)
            goto fail;
        return list;
    }
    while (max-- > 0) {
        while (j > 0 && Py_ISSPACE(s[j - 1]))
            j--;
        if (j == 0)
            goto reverse;
        for (i = j - 1; i > 0 && !Py_ISSPACE(s[i - 1]); i--)
            ;
        if (append_slice(list, self, i, j) < 0)
            goto fail;
        j = i;
    }
    while (j > 0 && Py_ISSPACE(s[j - 1]))
        j--;
    if (j > 0 && append_slice(list, self, 0, j) < 0)
        goto fail;
reverse:
    if (PyList_Reverse(list) == 0)
        return list;
fail:
    Py_DECREF(list);
    return NULL;
}

static PyObject *split_sep(PyObject *self, const KrSub *sep, Py_ssize_t max, bool from_right) {
    PyObject *list = PyList_New(0);
    if (list == NULL)
        return NULL;
    const Py_UCS1 *s = data(self);
    Py_ssize_t n = Py_SIZE(self);
    if (!from_right) {
        Py_ssize_t i = 0;
        while (max-- > 0) {
            Py_ssize_t at = kr_find_1(s + i, n - i, sep->p, sep->n);
            if (at < 0)
                break;
            if (append_slice(list, self, i, i + at) < 0)
                goto fail;
            i += at + sep->n;
        }
        if (append_slice(list, self, i, n) < 0)
            goto fail;
        return list;
    }
    while (max-- > 0) {
        Py_ssize_t at = kr_rfind_1(s, n, sep->p, sep->n);
        if (at < 0)
            break;
        if (append_slice(list, self, at + sep->n, n) < 0)
            goto fail;
        n = at;
    }
    if (append_slice(list, self, 0, n) < 0 || PyList_Reverse(list) < 0)
        goto fail;
    return list;
fail:
    Py_DECREF(list);
    return NULL;
}

static PyObject *split_common(PyObject *self, _PyArg_Parser *parser, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, bool from_right) {
    PyObject *sep = Py_None;
    Py_ssize_t max = -1;
    if (nargs == 1 && kwnames == NULL)
        sep = args[0];
    else if ((nargs > 0 || kwnames != NULL) && !_PyArg_ParseStackAndKeywords(args, nargs, kwnames, parser, &sep, &max))
        return NULL;
    if (max < 0)
        max = PY_SSIZE_T_MAX;
    if (sep == Py_None)
        return split_space(self, max, from_right);
    KrSub sub;
    if (sub_from_argument(sep, &sub) < 0)
        return NULL;
    PyObject *r = NULL;
    if (sub.n == 0)
        PyErr_SetString(PyExc_ValueError, "empty separator");
    else
        r = split_sep(self, &sub, max, from_right);
    sub_release(&sub);
    return r;
}
static const char *const split_keywords[] = {"sep", "maxsplit", NULL};
PyObject *kr_bytes_split(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.keywords = split_keywords, .format = "|On:split"};
    return split_common(self, &parser, args, nargs, kwnames, false);
}
PyObject *kr_bytes_rsplit(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.keywords = split_keywords, .format = "|On:rsplit"};
    return split_common(self, &parser, args, nargs, kwnames, true);
}

PyObject *kr_bytes_splitlines(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"keepends", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|p:splitlines"};
    int keep = 0;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &keep))
        return NULL;
    PyObject *list = PyList_New(0);
    if (list == NULL)
        return NULL;
    const Py_UCS1 *s = data(self);
    Py_ssize_t n = Py_SIZE(self);
    for (Py_ssize_t i = 0; i < n;) {
        Py_ssize_t j = i;
        while (j < n && s[j] != '\n' && s[j] != '\r')
            j++;
        Py_ssize_t next = j;
        if (next < n)
            next += s[next] == '\r' && next + 1 < n && s[next + 1] == '\n' ? 2 : 1;
        if (append_slice(list, self, i, keep ? next : j) < 0) {
            Py_DECREF(list);
            return NULL;
        }
        i = next;
    }
    return list;
}

static PyObject *partition_common(PyObject *self, PyObject *arg, bool from_right) {
    KrSub sub;
    if (sub_from_argument(arg, &sub) < 0)
        return NULL;
    PyObject *parts[3] = {NULL, NULL, NULL}, *r = NULL;
    if (sub.n == 0) {
        PyErr_SetString(PyExc_ValueError, "empty separator");
        goto done;
    }
    Py_ssize_t n = Py_SIZE(self);
    Py_ssize_t at = from_right ? kr_rfind_1(data(self), n, sub.p, sub.n) : kr_find_1(data(self), n, sub.p, sub.n);
    if (at >= 0) {
        parts[0] = kr_bytes_like(self, kr_bytes_data(self), at);
        parts[1] = PyBytes_CheckExact(arg) && !PyByteArray_Check(self) ? Py_NewRef(arg) : kr_bytes_like(self, (const char *)sub.p, sub.n);
        parts[2] = kr_bytes_like(self, kr_bytes_data(self) + at + sub.n, n - at - sub.n);
    }
    else {
        for (int i = 0; i < 3; i++)
            parts[i] = i == (from_right ? 2 : 0) ? unchanged(self) : kr_bytes_like(self, NULL, 0);
    }
    if (parts[0] && parts[1] && parts[2])
        r = PyTuple_Pack(3, parts[0], parts[1], parts[2]);
    for (int i = 0; i < 3; i++)
        Py_XDECREF(parts[i]);
done:
    sub_release(&sub);
    return r;
}
PyObject *kr_bytes_partition(PyObject *self, PyObject *arg) { return partition_common(self, arg, false); }
PyObject *kr_bytes_rpartition(PyObject *self, PyObject *arg) { return partition_common(self, arg, true); }

/* ------------------------------------------------------------------ join, replace, translate */

/* The join of a sequence of nothing but bytes, which takes no memory but the result's; NULL without an exception: it isn't one. */
static PyObject *join_plain(PyObject *self, PyObject *seq) {
    Py_ssize_t count = PySequence_Fast_GET_SIZE(seq), nsep = Py_SIZE(self), total = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PySequence_Fast_GET_ITEM(seq, i);
        if (!PyBytes_CheckExact(item) || Py_SIZE(item) > PY_SSIZE_T_MAX - total || nsep > PY_SSIZE_T_MAX - total - Py_SIZE(item))
            return NULL;
        total += Py_SIZE(item) + (i > 0 ? nsep : 0);
    }
    Py_UCS1 *out;
    PyObject *r = fresh(self, total, &out);
    for (Py_ssize_t i = 0; r != NULL && i < count; i++) {
        PyObject *item = PySequence_Fast_GET_ITEM(seq, i);
        if (i > 0 && nsep > 0) {
            memcpy(out, data(self), (size_t)nsep);
            out += nsep;
        }
        memcpy(out, data(item), (size_t)Py_SIZE(item));
        out += Py_SIZE(item);
    }
    return r;
}
PyObject *kr_bytes_join(PyObject *self, PyObject *arg) {
    PyObject *seq = PySequence_Fast(arg, "can only join an iterable"), *r = NULL;
    if (seq == NULL)
        return NULL;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(seq), held = 0, total = 0, nsep = Py_SIZE(self);
    KrSub local[16], *subs = local;
    if (count == 0) {
        Py_DECREF(seq);
        return kr_bytes_like(self, NULL, 0);
    }
    if (count == 1 && PyBytes_CheckExact(self) && PyBytes_CheckExact(PySequence_Fast_GET_ITEM(seq, 0))) {
        r = Py_NewRef(PySequence_Fast_GET_ITEM(seq, 0));
        Py_DECREF(seq);
        return r;
    }
    if ((r = join_plain(self, seq)) != NULL || PyErr_Occurred()) {
        Py_DECREF(seq);
        return r;
    }
    if (count > (Py_ssize_t)KR_ARRAY_LEN(local) && (subs = PyMem_New(KrSub, count)) == NULL) {
        Py_DECREF(seq);
        return PyErr_NoMemory();
    }
    for (; held < count; held++) {
        PyObject *item = PySequence_Fast_GET_ITEM(seq, held);
        /* the items are held while pointers into them are used: the list may change meanwhile */
        if (PyBytes_CheckExact(item)) {
            subs[held].view.obj = Py_NewRef(item);
            subs[held].view.internal = NULL;
            subs[held].view.buf = subs; /* marks: a plain reference, no buffer */
            subs[held].p = data(item);
            subs[held].n = Py_SIZE(item);
        }
        else if (PyObject_GetBuffer(item, &subs[held].view, PyBUF_SIMPLE) < 0) {
            PyErr_Format(PyExc_TypeError, "sequence item %zd: expected a bytes-like object, %.80s found", held, Py_TYPE(item)->tp_name);
            goto done;
        }
        else {
            subs[held].p = subs[held].view.buf;
            subs[held].n = subs[held].view.len;
        }
        if (subs[held].n > PY_SSIZE_T_MAX - total || (held > 0 && nsep > PY_SSIZE_T_MAX - total - subs[held].n)) {
            held++;
            PyErr_SetString(PyExc_OverflowError, "join() result is too long");
            goto done;
        }
        total += subs[held].n + (held > 0 ? nsep : 0);
        if (PySequence_Fast_GET_SIZE(seq) != count) {
            held++;
            PyErr_SetString(PyExc_RuntimeError, "sequence changed size during iteration");
            goto done;
        }
    }
    Py_UCS1 *out;
    r = fresh(self, total, &out);
    if (r != NULL) {
        const Py_UCS1 *sep = data(self);
        for (Py_ssize_t i = 0; i < count; i++) {
            if (i > 0 && nsep > 0) {
                memcpy(out, sep, (size_t)nsep);
                out += nsep;
            }
            memcpy(out, subs[i].p, (size_t)subs[i].n);
            out += subs[i].n;
        }
    }
done:
    for (Py_ssize_t i = 0; i < held; i++) {
        if (subs[i].view.buf == (void *)subs)
            Py_DECREF(subs[i].view.obj);
        else
            PyBuffer_Release(&subs[i].view);
    }
    if (subs != local)
        PyMem_Free(subs);
    Py_DECREF(seq);
    return r;
}

PyObject *_PyBytes_Join(PyObject *sep, PyObject *iterable) { return kr_bytes_join(sep, iterable); }

static PyObject *replace(PyObject *self, const KrSub *from, const KrSub *to, Py_ssize_t max) {
    const Py_UCS1 *s = data(self);
    Py_ssize_t n = Py_SIZE(self);
    if (max < 0)
        max = PY_SSIZE_T_MAX;
    if (n < from->n || max == 0 || (from->n == 0 && to->n == 0))
        return unchanged(self);
    Py_ssize_t count = kr_count_1(s, n, from->p, from->n, max);
    if (count == 0)
        return unchanged(self);
    Py_ssize_t growth = to->n - from->n;
    if (growth > 0 && count > (PY_SSIZE_T_MAX - n) / growth) {
        PyErr_SetString(PyExc_OverflowError, "replace bytes is too long");
        return NULL;
    }
    Py_UCS1 *out;
    Py_ssize_t total = n + count * growth;
    PyObject *r = total == 0 ? kr_bytes_like(self, NULL, 0) : fresh(self, total, &out);
    if (r == NULL || total == 0)
        return r;
    if (from->n == 0) { /* between all bytes */
        Py_ssize_t i = 0;
        while (count-- > 0) {
            memcpy(out, to->p, (size_t)to->n);
            out += to->n;
            if (i < n)
                *out++ = s[i++];
        }
        memcpy(out, s + i, (size_t)(n - i));
        return r;
    }
    Py_ssize_t i = 0;
    while (count-- > 0) {
        Py_ssize_t at = kr_find_1(s + i, n - i, from->p, from->n);
        memcpy(out, s + i, (size_t)at);
        out += at;
        memcpy(out, to->p, (size_t)to->n);
        out += to->n;
        i += at + from->n;
    }
    memcpy(out, s + i, (size_t)(n - i));
    return r;
}

PyObject *kr_bytes_replace(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("replace", nargs, 2, 3))
        return NULL;
    Py_ssize_t max = -1;
    KrSub from, to;
    if (sub_from_argument(args[0], &from) < 0)
        return NULL;
    if (sub_from_argument(args[1], &to) < 0) {
        sub_release(&from);
        return NULL;
    }
    PyObject *r = NULL, *index = NULL;
    if (nargs > 2) {
        index = PyNumber_Index(args[2]);
        if (index == NULL)
            goto done;
        max = PyLong_AsSsize_t(index);
        Py_DECREF(index);
        if (max == -1 && PyErr_Occurred())
            goto done;
    }
    r = replace(self, &from, &to, max);
done:
    sub_release(&from);
    sub_release(&to);
    return r;
}

PyObject *kr_bytes_translate(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"", "delete", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "O|O:translate"};
    PyObject *otable, *odelete = NULL, *r = NULL;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &otable, &odelete))
        return NULL;
    KrSub table = {NULL}, delete = {NULL};
    if (otable != Py_None) {
        if (sub_from_argument(otable, &table) < 0)
            return NULL;
        if (table.n != 256) {
            PyErr_SetString(PyExc_ValueError, "translation table must be 256 characters long");
            goto done;
        }
    }
    if (odelete != NULL && sub_from_argument(odelete, &delete) < 0) {
        delete.view.obj = NULL;
        goto done;
    }
    bool drop[256] = {false};
    for (Py_ssize_t i = 0; i < delete.n; i++)
        drop[delete.p[i]] = true;
    const Py_UCS1 *s = data(self);
    Py_ssize_t n = Py_SIZE(self), total = n;
    if (delete.n > 0)
        for (Py_ssize_t i = 0; i < n; i++)
            total -= drop[s[i]];
    if (total == n && table.p == NULL) {
        r = unchanged(self);
        goto done;
    }
    Py_UCS1 *out;
    r = total == 0 ? kr_bytes_like(self, NULL, 0) : fresh(self, total, &out);
    if (r != NULL && total == n && total > 0) {
        for (Py_ssize_t i = 0; i < n; i++)
            out[i] = table.p[s[i]];
        if (PyBytes_CheckExact(self) && memcmp(out, s, (size_t)n) == 0)
            Py_SETREF(r, Py_NewRef(self));
    } else if (r != NULL && total > 0) {
        bool changed = total != n;
        for (Py_ssize_t i = 0; i < n; i++)
            if (!drop[s[i]]) {
                *out = table.p ? table.p[s[i]] : s[i];
                changed |= *out++ != s[i];
            }
        if (!changed && PyBytes_CheckExact(self))
            Py_SETREF(r, Py_NewRef(self));
    }
done:
    sub_release(&table);
    sub_release(&delete);
    return r;
}

PyObject *kr_bytes_maketrans(PyObject *ignored, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("maketrans", nargs, 2, 2))
        return NULL;
    KrSub from, to;
    PyObject *r = NULL;
    if (sub_from_argument(args[0], &from) < 0)
        return NULL;
    if (sub_from_argument(args[1], &to) < 0) {
        sub_release(&from);
        return NULL;
    }
    if (from.n != to.n)
        PyErr_SetString(PyExc_ValueError, "maketrans arguments must have same length");
    else if ((r = PyBytes_FromStringAndSize(NULL, 256)) != NULL) {
        char *p = kr_bytes_data(r);
        for (int i = 0; i < 256; i++)
            p[i] = (char)i;
        for (Py_ssize_t i = 0; i < from.n; i++)
            p[from.p[i]] = (char)to.p[i];
    }
    sub_release(&from);
    sub_release(&to);
    return r;
}

/* ------------------------------------------------------------------ text */

PyObject *kr_bytes_decode(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"encoding", "errors", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|ss:decode"};
    const char *encoding = NULL, *errors = NULL;
    if ((nargs > 0 || kwnames != NULL) && !_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &encoding, &errors))
        return NULL;
    return PyUnicode_FromEncodedObject(self, encoding, errors);
}

PyObject *kr_bytes_hex(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"sep", "bytes_per_sep", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|Oi:hex"};
    PyObject *sep = NULL;
    int group = 1;
    if ((nargs > 0 || kwnames != NULL) && !_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &sep, &group))
        return NULL;
    return _Py_strhex_with_sep(kr_bytes_data(self), Py_SIZE(self), sep, group);
}

void kr_bytes_fill(char *dst, const char *src, Py_ssize_t n, Py_ssize_t times) {
    Py_ssize_t total = n * times, done = n;
    if (total == 0)
        return;
    if (n == 1) {
        memset(dst, src[0], (size_t)total);
        return;
    }
    if (dst != src)
        memcpy(dst, src, (size_t)n);
    while (done < total) {
        Py_ssize_t part = Py_MIN(done, total - done);
        memcpy(dst + done, dst, (size_t)part);
        done += part;
    }
}
