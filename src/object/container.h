/* container.h - small helpers that the container types and iterators share. */
#ifndef KRAIT_CONTAINER_H
#define KRAIT_CONTAINER_H
#include "memory/gc.h"
#include "object/call.h"

/* Whether o can take part in a reference cycle, as far as can be told without looking deeper. */
KR_INLINE bool kr_object_may_cycle(PyObject *o) {
    return kr_is_gc(o) && (!PyTuple_CheckExact(o) || kr_gc_is_tracked(o));
}

/* Hash of any key; exact strs answer from their cache, ints of one digit are their own. -1 with an exception set when unhashable. */
KR_INLINE Py_hash_t kr_hash(PyObject *key) {
    if (PyUnicode_CheckExact(key)) {
        Py_hash_t h = ((PyASCIIObject *)key)->hash;
        return h != -1 ? h : PyUnicode_Type.tp_hash(key);
    }
    if (PyLong_CheckExact(key) && (size_t)(Py_SIZE(key) + 1) <= 2) {
        Py_hash_t v = (Py_hash_t)Py_SIZE(key) * (Py_hash_t)((PyLongObject *)key)->ob_digit[0];
        return v != -1 ? v : -2;
    }
    return PyObject_Hash(key);
}

/* Equality of two strs whose hashes have been computed (so both are ready). */
KR_INLINE bool kr_str_equal(PyObject *a, PyObject *b) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(a);
    unsigned kind = PyUnicode_KIND(a);
    return n == PyUnicode_GET_LENGTH(b) && kind == PyUnicode_KIND(b) &&
           memcmp(PyUnicode_DATA(a), PyUnicode_DATA(b), (size_t)n * kind) == 0;
}

/* Equality of two objects of one type that is exactly int or str: 1 or 0; -1 (no exception) of any others, and of a str that is not ready. */
KR_INLINE int kr_equal_plain(PyObject *a, PyObject *b) {
    if (PyLong_CheckExact(a)) {
        Py_ssize_t n = Py_SIZE(a);
        const digit *x = ((PyLongObject *)a)->ob_digit, *y = ((PyLongObject *)b)->ob_digit;
        if (n != Py_SIZE(b) || x[0] != y[0])
            return n == 0 && Py_SIZE(b) == 0;
        return (size_t)(n + 1) <= 2 || (x[1] == y[1] && ((size_t)(n + 2) <= 4 || memcmp(x, y, (size_t)Py_ABS(n) * sizeof *x) == 0));
    }
    if (PyUnicode_CheckExact(a) && PyUnicode_IS_READY(a) && PyUnicode_IS_READY(b))
        return kr_str_equal(a, b);
    return -1;
}

/* a == b with identity meaning equality: 1, 0, or -1 with an exception set. */
KR_INLINE int kr_equal(PyObject *a, PyObject *b) {
    return a == b ? 1 : PyObject_RichCompareBool(a, b, Py_EQ);
}

/* The bound special method `name` of o's type; NULL without an exception when it has none. */
static inline KR_UNUSED PyObject *kr_special_lookup(PyObject *o, PyObject *name) {
    PyObject *method = _PyType_Lookup(Py_TYPE(o), name);
    if (method == NULL)
        return NULL;
    descrgetfunc get = Py_TYPE(method)->tp_descr_get;
    return get == NULL ? Py_NewRef(method) : get(method, o, (PyObject *)Py_TYPE(o));
}

/* New reference to builtins.<name>, what __reduce__ of iterators names. */
static inline KR_UNUSED PyObject *kr_builtin(const char *name) {
    PyObject *s = PyUnicode_FromString(name);
    if (s == NULL)
        return NULL;
    PyObject *r = _PyEval_GetBuiltin(s);
    Py_DECREF(s);
    return r;
}

/* NULL after tp_iternext: 0 when it is the plain end (StopIteration is cleared), -1 for a real error. */
KR_INLINE int kr_iter_ended(void) {
    if (PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_StopIteration))
            return -1;
        PyErr_Clear();
    }
    return 0;
}

/* The next item of an iterator; NULL at the end with *failed == 0, or with *failed == -1 and an exception set. */
KR_INLINE PyObject *kr_iter_next(PyObject *it, int *failed) {
    PyObject *item = kr_iternext(it);
    *failed = item == NULL ? kr_iter_ended() : 0;
    return item;
}

/* For tp_dealloc: out of the collector's sight, whether it was in or not. */
KR_INLINE void kr_gc_forget(PyObject *o) {
    if (kr_gc_is_tracked(o))
        kr_gc_untrack(o);
}
#define KR_TRACK(o) kr_gc_track((PyObject *)(o))
#define KR_FORGET(o) kr_gc_forget((PyObject *)(o))

/* __class_getitem__ entry of a method table. */
#define KR_CLASS_GETITEM_METHOD \
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, PyDoc_STR("See PEP 585")}

#endif
