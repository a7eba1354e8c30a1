/* sequence_common.h - what list and tuple do alike, as inline functions over "object whose items are an array".
 *
 * `is_list` is a compile-time constant at every call. A list's items and size are read afresh after every call that
 * may run Python code; a tuple's never change. */
#ifndef KRAIT_SEQUENCE_COMMON_H
#define KRAIT_SEQUENCE_COMMON_H
#include "object/container.h"

KR_INLINE PyObject **kr_seq_items(PyObject *o, const bool is_list) {
    return is_list ? ((PyListObject *)o)->ob_item : ((PyTupleObject *)o)->ob_item;
}

/* Index of the first item from start on (before stop) that equals v; -1 if none, -2 on error. */
KR_INLINE Py_ssize_t kr_seq_find(PyObject *o, PyObject *v, Py_ssize_t start, Py_ssize_t stop, const bool is_list) {
    Py_ssize_t i = start;
    if (PyUnicode_CheckExact(v) && PyUnicode_IS_READY(v)) {     /* among strs, no code of anybody runs */
        Py_ssize_t n = PyUnicode_GET_LENGTH(v), end = Py_MIN(stop, Py_SIZE(o));
        PyObject *const *items = kr_seq_items(o, is_list);
        for (; i < end && PyUnicode_CheckExact(items[i]); i++)
            if (items[i] == v || (PyUnicode_GET_LENGTH(items[i]) == n && kr_equal_plain(items[i], v) > 0))
                return i;
    }
    for (; i < stop && i < Py_SIZE(o); i++) {
        PyObject *item = kr_seq_items(o, is_list)[i];
        if (item == v)
            return i;
        int plain = Py_TYPE(item) == Py_TYPE(v) ? kr_equal_plain(item, v) : -1;
        if (plain == 0)
            continue;
        if (plain > 0)
            return i;
        Py_INCREF(item);
        int eq = PyObject_RichCompareBool(item, v, Py_EQ);
        Py_DECREF(item);
        if (eq != 0)
            return eq < 0 ? -2 : i;
    }
    return -1;
}

/* How many items equal v, as an int. */
KR_INLINE PyObject *kr_seq_count(PyObject *o, PyObject *v, const bool is_list) {
    Py_ssize_t n = 0;
    for (Py_ssize_t i = 0; i < Py_SIZE(o); i++) {
        PyObject *item = kr_seq_items(o, is_list)[i];
        if (item == v) {
            n++;
            continue;
        }
        int plain = Py_TYPE(item) == Py_TYPE(v) ? kr_equal_plain(item, v) : -1;
        if (plain >= 0) {
            n += plain;
            continue;
        }
        Py_INCREF(item);
        int eq = PyObject_RichCompareBool(item, v, Py_EQ);
        Py_DECREF(item);
        if (eq < 0)
            return NULL;
        n += eq;
    }
    return PyLong_FromSsize_t(n);
}

/* Arguments (value, start=0, stop=maxsize) of index(); start and stop come back inside 0 .. size (of now). */
static inline KR_UNUSED int kr_seq_index_args(PyObject *o, PyObject *const *args, Py_ssize_t nargs, Py_ssize_t *start, Py_ssize_t *stop) {
    *start = 0;
    *stop = PY_SSIZE_T_MAX;
    if (!_PyArg_CheckPositional("index", nargs, 1, 3))
        return -1;
    if (nargs > 1 && !_PyEval_SliceIndexNotNone(args[1], start))
        return -1;
    if (nargs > 2 && !_PyEval_SliceIndexNotNone(args[2], stop))
        return -1;
    Py_ssize_t n = Py_SIZE(o);
    if (*start < 0 && (*start += n) < 0)
        *start = 0;
    if (*stop < 0 && (*stop += n) < 0)
        *stop = 0;
    return 0;
}

/* Lexicographic comparison of two objects of the same shape. */
KR_INLINE PyObject *kr_seq_compare(PyObject *a, PyObject *b, int op, const bool is_list) {
    if (is_list && (op == Py_EQ || op == Py_NE) && Py_SIZE(a) != Py_SIZE(b))
        return PyBool_FromLong(op == Py_NE);
    Py_ssize_t i;
    for (i = 0; i < Py_SIZE(a) && i < Py_SIZE(b); i++) {
        PyObject *x = kr_seq_items(a, is_list)[i], *y = kr_seq_items(b, is_list)[i];
        if (x == y)
            continue;
        Py_INCREF(x);
        Py_INCREF(y);
        int eq = PyObject_RichCompareBool(x, y, Py_EQ);
        PyObject *result = NULL;
        if (is_list && eq == 0) {
            /* The comparison may have changed the lists: what is there now counts. */
            if (i >= Py_SIZE(a) || i >= Py_SIZE(b)) {
                Py_DECREF(x);
                Py_DECREF(y);
                break;
            }
            Py_SETREF(x, Py_NewRef(kr_seq_items(a, is_list)[i]));
            if (i < Py_SIZE(b))
                Py_SETREF(y, Py_NewRef(kr_seq_items(b, is_list)[i]));
        }
        if (eq == 0) {
            if (op == Py_EQ)
                result = Py_NewRef(Py_False);
            else if (op == Py_NE)
                result = Py_NewRef(Py_True);
            else
                result = PyObject_RichCompare(x, y, op);
        }
        Py_DECREF(x);
        Py_DECREF(y);
        if (eq <= 0)
            return result;
    }
    Py_ssize_t na = Py_SIZE(a), nb = Py_SIZE(b);
    Py_RETURN_RICHCOMPARE(na, nb, op);
}

/* Writes the reprs of all items, separated by ", ". */
KR_INLINE int kr_seq_write_items(_PyUnicodeWriter *w, PyObject *o, const bool is_list) {
    for (Py_ssize_t i = 0; i < Py_SIZE(o); i++) {
        if (i > 0 && _PyUnicodeWriter_WriteASCIIString(w, ", ", 2) < 0)
            return -1;
        PyObject *item = Py_NewRef(kr_seq_items(o, is_list)[i]);
        PyObject *s = PyObject_Repr(item);
        Py_DECREF(item);
        if (s == NULL)
            return -1;
        int r = _PyUnicodeWriter_WriteStr(w, s);
        Py_DECREF(s);
        if (r < 0)
            return -1;
    }
    return 0;
}

/* Fills n slots at dst with `times` copies of the `n` references at src, which gain as many counts. */
KR_INLINE void kr_items_repeat(PyObject **dst, PyObject *const *src, Py_ssize_t n, Py_ssize_t times) {
    for (Py_ssize_t i = 0; i < n; i++)
        Py_SET_REFCNT(src[i], Py_REFCNT(src[i]) + times);
    if (n == 1) {
        PyObject *v = src[0];
        for (Py_ssize_t i = 0; i < times; i++)
            dst[i] = v;
        return;
    }
    Py_ssize_t total = n * times, done = n;
    memcpy(dst, src, (size_t)n * sizeof *dst);
    while (done < total) {
        Py_ssize_t part = done < total - done ? done : total - done;
        memcpy(dst + done, dst, (size_t)part * sizeof *dst);
        done += part;
    }
}

KR_INLINE void kr_items_copy(PyObject **dst, PyObject *const *src, Py_ssize_t n) {
    for (Py_ssize_t i = 0; i < n; i++)
        dst[i] = Py_NewRef(src[i]);
}

#endif
