/* list_sort.c - list.sort: choice of comparison, keys, and the protection of the list.
 *
 * While a sort runs, the list's vector is detached from it (the list looks empty, allocated == -1), so nothing that a comparison
 * does can touch it. The keys are looked through once; when all are of one well-known type, the comparison is a C
 * function of that type. The merge sort itself is in list_sort.h, for bare items and for (key, item) pairs.
 */
#include "object/list.h"

#define KR_SORT_MIN_GALLOP 7
#define KR_SORT_MAX_RUNS 90     /* more than the powers that 2**63 items can have */

typedef struct KrSort {
    int (*less)(struct KrSort *, PyObject *, PyObject *);       /* 1, 0, or -1 with an exception set */
    int (*first_less)(struct KrSort *, PyObject *, PyObject *); /* of tuples' first items */
    richcmpfunc compare;        /* of the common type, for less_slot */
    Py_ssize_t min_gallop;
    void *buffer;
    size_t buffer_size;
    PyObject *small[128];       /* the first buffer */
} KrSort;

typedef PyObject *KrSortItem;
typedef struct {
    PyObject *key, *item;
} KrSortPair;

/* Scratch space of at least n bytes; what it held is lost. */
static void *kr_sort_buffer(KrSort *s, size_t n) {
    if (n <= s->buffer_size)
        return s->buffer;
    if (s->buffer != s->small)
        PyMem_Free(s->buffer);
    s->buffer = PyMem_Malloc(n);
    s->buffer_size = n;
    if (s->buffer == NULL) {
        s->buffer = s->small;
        s->buffer_size = sizeof s->small;
        PyErr_NoMemory();
        return NULL;
    }
    return s->buffer;
}

/* n itself below 64, else 32 .. 64 such that n / result is just under a power of two. */
static Py_ssize_t kr_sort_min_run(Py_ssize_t n) {
    Py_ssize_t lost = 0;
    while (n >= 64) {
        lost |= n & 1;
        n >>= 1;
    }
    return n + lost;
}

/* Power of the boundary between a run at start of n1 items and the next of n2, among n: the depth of the first binary
 * digit in which the midpoints of the two runs, as fractions of n, differ. */
static int kr_sort_power(Py_ssize_t start, Py_ssize_t n1, Py_ssize_t n2, Py_ssize_t n) {
    size_t a = 2 * (size_t)start + (size_t)n1, b = a + (size_t)n1 + (size_t)n2, all = (size_t)n;
    int power = 0;
    for (;;) {
        power++;
        if (a >= all) {
            a -= all;
            b -= all;
        } else if (b >= all) {
            return power;
        }
        a <<= 1;
        b <<= 1;
    }
}

/* ------------------------------------------------------------------ the sort proper */

#define ELEM KrSortItem
#define KEY(e) (e)
#define NAME(x) sort_plain_##x
#include "object/list_sort.h"

#define ELEM KrSortPair
#define KEY(e) ((e).key)
#define NAME(x) sort_pair_##x
#include "object/list_sort.h"

/* ------------------------------------------------------------------ comparisons */

static int less_any(KrSort *s, PyObject *a, PyObject *b) { return PyObject_RichCompareBool(a, b, Py_LT); }

/* Any two of one type that has a tp_richcompare. */
static int less_slot(KrSort *s, PyObject *a, PyObject *b) {
    if (Py_TYPE(a)->tp_richcompare != s->compare || Py_TYPE(a) != Py_TYPE(b))
        return less_any(s, a, b);
    PyObject *r = s->compare(a, b, Py_LT);
    if (r == Py_NotImplemented) {
        Py_DECREF(r);
        return less_any(s, a, b);
    }
    if (r == NULL)
        return -1;
    int result = PyObject_IsTrue(r);
    Py_DECREF(r);
    return result;
}

static int less_latin1(KrSort *s, PyObject *a, PyObject *b) {
    Py_ssize_t na = PyUnicode_GET_LENGTH(a), nb = PyUnicode_GET_LENGTH(b);
    const unsigned char *x = PyUnicode_DATA(a), *y = PyUnicode_DATA(b);
    if (x[0] != y[0])       /* a NUL where there is none */
        return x[0] < y[0];
    int c = memcmp(x, y, (size_t)(na < nb ? na : nb));
    return c != 0 ? c < 0 : na < nb;
}

static int less_str(KrSort *s, PyObject *a, PyObject *b) { return PyUnicode_Compare(a, b) < 0; }

/* Ints of at most one digit. */
static int less_int(KrSort *s, PyObject *a, PyObject *b) {
    sdigit va = (sdigit)Py_SIZE(a), vb = (sdigit)Py_SIZE(b);
    if (va != 0)
        va *= (sdigit)((PyLongObject *)a)->ob_digit[0];
    if (vb != 0)
        vb *= (sdigit)((PyLongObject *)b)->ob_digit[0];
    return va < vb;
}

static int less_float(KrSort *s, PyObject *a, PyObject *b) { return PyFloat_AS_DOUBLE(a) < PyFloat_AS_DOUBLE(b); }

/* Tuples of at least one item: the first items decide mostly, by a comparison of their type. */
static int less_tuple(KrSort *s, PyObject *a, PyObject *b) {
    Py_ssize_t n = Py_SIZE(a) < Py_SIZE(b) ? Py_SIZE(a) : Py_SIZE(b);
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *x = PyTuple_GET_ITEM(a, i), *y = PyTuple_GET_ITEM(b, i);
        if (x == y)
            continue;
        int eq = Py_TYPE(x) == Py_TYPE(y) ? kr_equal_plain(x, y) : -1;
        if (eq < 0 && (eq = PyObject_RichCompareBool(x, y, Py_EQ)) < 0)
            return -1;
        if (!eq)
            return i == 0 ? s->first_less(s, x, y) : PyObject_RichCompareBool(x, y, Py_LT);
    }
    return Py_SIZE(a) < Py_SIZE(b);
}

typedef int (*KrLess)(KrSort *, PyObject *, PyObject *);

/* What n keys, or their first items, have in common decides how they are compared. `stride` is in pointers. */
static KrLess choose_less(KrSort *s, PyObject **keys, Py_ssize_t stride, Py_ssize_t n, bool in_tuples) {
#define NTH(i) (in_tuples ? PyTuple_GET_ITEM(keys[(i) * stride], 0) : keys[(i) * stride])
    PyTypeObject *type = Py_TYPE(NTH(0));
    bool latin1 = type == &PyUnicode_Type, one_digit = type == &PyLong_Type;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *k = NTH(i);
        if (Py_TYPE(k) != type)
            return less_any;
        if (latin1)
            latin1 = PyUnicode_IS_READY(k) && PyUnicode_KIND(k) == PyUnicode_1BYTE_KIND;
        if (one_digit)
            one_digit = Py_SIZE(k) >= -1 && Py_SIZE(k) <= 1;
    }
#undef NTH
    if (type == &PyUnicode_Type)
        return latin1 ? less_latin1 : less_str;
    if (one_digit)
        return less_int;
    if (type == &PyFloat_Type)
        return less_float;
    s->compare = type->tp_richcompare;
    return s->compare != NULL ? less_slot : less_any;
}

static void choose_comparison(KrSort *s, PyObject **keys, Py_ssize_t stride, Py_ssize_t n) {
    bool tuples = true;
    for (Py_ssize_t i = 0; i < n && tuples; i++)
        tuples = PyTuple_CheckExact(keys[i * stride]) && Py_SIZE(keys[i * stride]) > 0;
    if (tuples) {
        s->first_less = choose_less(s, keys, stride, n, true);
        /* tuples in tuples: the generic comparison of the first items */
        s->less = less_tuple;
    } else {
        s->less = choose_less(s, keys, stride, n, false);
    }
}

/* ------------------------------------------------------------------ entry */

/* Sorts n items, n > 1, in place; on failure they are in some order. */
static int sort_items(PyObject **items, Py_ssize_t n, PyObject *key, int reverse) {
    KrSort s;
    s.min_gallop = KR_SORT_MIN_GALLOP;
    s.buffer = s.small;
    s.buffer_size = sizeof s.small;
    int result = -1;
    /* Reversing before and after keeps equal items in their order. */
    if (key == NULL) {
        if (reverse)
            kr_items_reverse(items, items + n);
        choose_comparison(&s, items, 1, n);
        result = sort_plain_items(&s, items, n);
        if (reverse)
            kr_items_reverse(items, items + n);
    } else {
        KrSortPair *pairs = PyMem_New(KrSortPair, n);
        if (pairs == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        Py_ssize_t made = 0;
        for (; made < n; made++) {
            pairs[made].item = items[made];
            if ((pairs[made].key = PyObject_CallOneArg(key, items[made])) == NULL)
                break;
        }
        if (made == n) {
            if (reverse)
                sort_pair_reverse(pairs, pairs + n);
            choose_comparison(&s, &pairs[0].key, 2, n);
            result = sort_pair_items(&s, pairs, n);
            if (reverse)
                sort_pair_reverse(pairs, pairs + n);
            for (Py_ssize_t i = 0; i < n; i++)
                items[i] = pairs[i].item;
        }
        while (made > 0)
            Py_DECREF(pairs[--made].key);
        PyMem_Free(pairs);
    }
    if (s.buffer != s.small)
        PyMem_Free(s.buffer);
    return result;
}

int kr_list_sort(PyListObject *l, PyObject *key, int reverse) {
    Py_ssize_t n = Py_SIZE(l), allocated = l->allocated;
    PyObject **items = l->ob_item;
    if (key == Py_None)
        key = NULL;
    Py_SET_SIZE(l, 0);
    l->ob_item = NULL;
    l->allocated = -1;
    int result = 0;
    if (n > 1) {
        result = sort_items(items, n, key, reverse);
    } else if (n == 1 && key != NULL) {     /* the key function is called all the same */
        PyObject *k = PyObject_CallOneArg(key, items[0]);
        result = k == NULL ? -1 : 0;
        Py_XDECREF(k);
    }
    if (l->allocated != -1 && result == 0) {
        PyErr_SetString(PyExc_ValueError, "list modified during sort");
        result = -1;
    }
    PyObject **meanwhile = l->ob_item;
    Py_ssize_t nmeanwhile = Py_SIZE(l);
    l->ob_item = items;
    Py_SET_SIZE(l, n);
    l->allocated = allocated;
    if (meanwhile != NULL) {
        while (--nmeanwhile >= 0)
            Py_XDECREF(meanwhile[nmeanwhile]);
        PyMem_Free(meanwhile);
    }
    return result;
}
