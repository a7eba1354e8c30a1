/* abstract_sequence.c - the sequence and mapping protocols. Negative indices are made positive here, once, for sq_item
 * and sq_ass_item; slices always go through the mapping slots. */
#include "object/abstract.h"
#include "object/list.h"
#include "object/tuple.h"

#define SEQ(o) (Py_TYPE(o)->tp_as_sequence)
#define MAP(o) (Py_TYPE(o)->tp_as_mapping)

static int null_error(void) {
    kr_null_argument();
    return -1;
}

int PySequence_Check(PyObject *o) { return !PyDict_Check(o) && SEQ(o) && SEQ(o)->sq_item; }

Py_ssize_t PySequence_Size(PyObject *o) {
    if (!o) return null_error();
    if (SEQ(o) && SEQ(o)->sq_length) return SEQ(o)->sq_length(o);
    kr_type_error(MAP(o) && MAP(o)->mp_length ? "%.200s is not a sequence" : "object of type '%.200s' has no len()", o);
    return -1;
}
#undef PySequence_Length
Py_ssize_t PySequence_Length(PyObject *o) { return PySequence_Size(o); }

/* ------------------------------------------------------------------ concatenation and repetition */

/* a + b of two sequences by their number slots; NULL without an exception when there is no such thing. */
static PyObject *number_add(PyObject *a, PyObject *b, bool inplace) {
    if (!PySequence_Check(a) || !PySequence_Check(b)) return NULL;
    PyObject *r = inplace ? kr_inplace_op(a, b, offsetof(PyNumberMethods, nb_inplace_add), offsetof(PyNumberMethods, nb_add))
                          : kr_binary_op(a, b, offsetof(PyNumberMethods, nb_add));
    if (r == Py_NotImplemented) Py_CLEAR(r);
    return r;
}

static PyObject *concat(PyObject *a, PyObject *b, bool inplace) {
    if (!a || !b) return kr_null_argument();
    PySequenceMethods *m = SEQ(a);
    if (m && inplace && m->sq_inplace_concat) return m->sq_inplace_concat(a, b);
    if (m && m->sq_concat) return m->sq_concat(a, b);
    PyObject *r = number_add(a, b, inplace);
    return r || PyErr_Occurred() ? r : kr_type_error("'%.200s' object can't be concatenated", a);
}
PyObject *PySequence_Concat(PyObject *a, PyObject *b) { return concat(a, b, false); }
PyObject *PySequence_InPlaceConcat(PyObject *a, PyObject *b) { return concat(a, b, true); }

static PyObject *repeat(PyObject *o, Py_ssize_t count, bool inplace) {
    if (!o) return kr_null_argument();
    PySequenceMethods *m = SEQ(o);
    if (m && inplace && m->sq_inplace_repeat) return m->sq_inplace_repeat(o, count);
    if (m && m->sq_repeat) return m->sq_repeat(o, count);
    if (PySequence_Check(o)) {
        PyObject *n = PyLong_FromSsize_t(count);
        if (!n) return NULL;
        PyObject *r = inplace ? kr_inplace_op(o, n, offsetof(PyNumberMethods, nb_inplace_multiply), offsetof(PyNumberMethods, nb_multiply))
                              : kr_binary_op(o, n, offsetof(PyNumberMethods, nb_multiply));
        Py_DECREF(n);
        if (r != Py_NotImplemented) return r;
        Py_DECREF(r);
    }
    return kr_type_error("'%.200s' object can't be repeated", o);
}
PyObject *PySequence_Repeat(PyObject *o, Py_ssize_t count) { return repeat(o, count, false); }
PyObject *PySequence_InPlaceRepeat(PyObject *o, Py_ssize_t count) { return repeat(o, count, true); }

/* ------------------------------------------------------------------ items and slices */

/* Counts a negative index from the end. false with an exception set when the length can't be had. */
static bool from_end(PyObject *o, Py_ssize_t *i) {
    if (*i < 0 && SEQ(o)->sq_length) {
        Py_ssize_t n = SEQ(o)->sq_length(o);
        if (n < 0) return false;
        *i += n;
    }
    return true;
}

PyObject *PySequence_GetItem(PyObject *o, Py_ssize_t i) {
    if (!o) return kr_null_argument();
    if (SEQ(o) && SEQ(o)->sq_item) return from_end(o, &i) ? SEQ(o)->sq_item(o, i) : NULL;
    return kr_type_error(MAP(o) && MAP(o)->mp_subscript ? "%.200s is not a sequence" : "'%.200s' object does not support indexing", o);
}

static int assign_index(PyObject *o, Py_ssize_t i, PyObject *value) {
    if (!o) return null_error();
    if (SEQ(o) && SEQ(o)->sq_ass_item) return from_end(o, &i) ? SEQ(o)->sq_ass_item(o, i, value) : -1;
    kr_type_error(MAP(o) && MAP(o)->mp_ass_subscript ? "%.200s is not a sequence"
                  : value                            ? "'%.200s' object does not support item assignment"
                                                     : "'%.200s' object doesn't support item deletion", o);
    return -1;
}
int PySequence_SetItem(PyObject *o, Py_ssize_t i, PyObject *value) { return assign_index(o, i, value); }
int PySequence_DelItem(PyObject *o, Py_ssize_t i) { return assign_index(o, i, NULL); }

PyObject *PySequence_GetSlice(PyObject *o, Py_ssize_t lo, Py_ssize_t hi) {
    if (!o) return kr_null_argument();
    if (!MAP(o) || !MAP(o)->mp_subscript) return kr_type_error("'%.200s' object is unsliceable", o);
    PyObject *slice = _PySlice_FromIndices(lo, hi);
    if (!slice) return NULL;
    PyObject *r = MAP(o)->mp_subscript(o, slice);
    Py_DECREF(slice);
    return r;
}

static int assign_slice(PyObject *o, Py_ssize_t lo, Py_ssize_t hi, PyObject *value) {
    if (!o) return null_error();
    if (!MAP(o) || !MAP(o)->mp_ass_subscript) {
        kr_type_error(value ? "'%.200s' object doesn't support slice assignment" : "'%.200s' object doesn't support slice deletion", o);
        return -1;
    }
    PyObject *slice = _PySlice_FromIndices(lo, hi);
    if (!slice) return -1;
    int r = MAP(o)->mp_ass_subscript(o, slice, value);
    Py_DECREF(slice);
    return r;
}
int PySequence_SetSlice(PyObject *o, Py_ssize_t lo, Py_ssize_t hi, PyObject *value) { return assign_slice(o, lo, hi, value); }
int PySequence_DelSlice(PyObject *o, Py_ssize_t lo, Py_ssize_t hi) { return assign_slice(o, lo, hi, NULL); }

/* ------------------------------------------------------------------ conversion */

PyObject *PySequence_List(PyObject *o) {
    if (!o) return kr_null_argument();
    PyObject *l = PyList_New(0);
    if (l && kr_list_extend((PyListObject *)l, o) < 0) Py_CLEAR(l);
    return l;
}

PyObject *PySequence_Tuple(PyObject *o) {
    if (!o) return kr_null_argument();
    if (PyTuple_CheckExact(o)) return Py_NewRef(o);
    if (PyList_CheckExact(o)) return PyList_AsTuple(o);
    PyObject *it = PyObject_GetIter(o);
    if (!it) return NULL;
    /* Items are gathered in a growing array, which becomes the tuple only when complete: nobody sees it half filled. */
    PyObject *small[16], **items = small, *r = NULL;
    Py_ssize_t n = 0, room = KR_ARRAY_LEN(small), hint = PyObject_LengthHint(o, 0);
    if (hint < 0) goto out;
    iternextfunc next = Py_TYPE(it)->tp_iternext;
    for (;;) {
        PyObject *item = next(it);
        if (!item) {
            if (kr_iter_ended() < 0) goto out;
            break;
        }
        if (n == room) {
            Py_ssize_t want = n + n / 2;
            if (items == small && hint > want && hint < PY_SSIZE_T_MAX / 16) want = hint;
            PyObject **more = (size_t)want > PY_SSIZE_T_MAX / sizeof *more ? NULL
                              : PyMem_Realloc(items == small ? NULL : items, (size_t)want * sizeof *more);
            if (!more) {
                Py_DECREF(item);
                PyErr_NoMemory();
                goto out;
            }
            if (items == small) memcpy(more, small, sizeof small);
            items = more;
            room = want;
        }
        items[n++] = item;
    }
    r = kr_tuple_from_array_steal(items, n);
    n = 0;
out:
    while (n > 0) Py_DECREF(items[--n]);
    if (items != small) PyMem_Free(items);
    Py_DECREF(it);
    return r;
}

PyObject *PySequence_Fast(PyObject *o, const char *message) {
    if (!o) return kr_null_argument();
    if (PyList_CheckExact(o) || PyTuple_CheckExact(o)) return Py_NewRef(o);
    PyObject *it = PyObject_GetIter(o);
    if (!it) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) PyErr_SetString(PyExc_TypeError, message);
        return NULL;
    }
    PyObject *l = PySequence_List(it);
    Py_DECREF(it);
    return l;
}

/* ------------------------------------------------------------------ searching */

Py_ssize_t _PySequence_IterSearch(PyObject *seq, PyObject *o, int operation) {
    if (!seq || !o) return null_error();
    PyObject *it = PyObject_GetIter(seq);
    if (!it) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) kr_type_error("argument of type '%.200s' is not iterable", seq);
        return -1;
    }
    Py_ssize_t n = 0, result = -1;
    bool full = false; /* the counter can't go on */
    for (;;) {
        PyObject *item = PyIter_Next(it);
        if (!item) {
            if (PyErr_Occurred()) break;
            if (operation == PY_ITERSEARCH_INDEX) PyErr_SetString(PyExc_ValueError, "sequence.index(x): x not in sequence");
            else result = operation == PY_ITERSEARCH_COUNT ? n : 0;
            break;
        }
        int equal = PyObject_RichCompareBool(item, o, Py_EQ);
        Py_DECREF(item);
        if (equal < 0) break;
        if (equal && operation == PY_ITERSEARCH_CONTAINS) {
            result = 1;
            break;
        }
        if (equal && operation == PY_ITERSEARCH_INDEX) {
            if (full) PyErr_SetString(PyExc_OverflowError, "index exceeds C integer size");
            else result = n;
            break;
        }
        if (equal || operation == PY_ITERSEARCH_INDEX) {
            if (n == PY_SSIZE_T_MAX) {
                if (operation == PY_ITERSEARCH_COUNT) {
                    PyErr_SetString(PyExc_OverflowError, "count exceeds C integer size");
                    break;
                }
                full = true;
            } else {
                n++;
            }
        }
    }
    Py_DECREF(it);
    return result;
}

Py_ssize_t PySequence_Count(PyObject *seq, PyObject *o) { return _PySequence_IterSearch(seq, o, PY_ITERSEARCH_COUNT); }
Py_ssize_t PySequence_Index(PyObject *seq, PyObject *o) { return _PySequence_IterSearch(seq, o, PY_ITERSEARCH_INDEX); }
int PySequence_Contains(PyObject *seq, PyObject *o) {
    if (SEQ(seq) && SEQ(seq)->sq_contains) return SEQ(seq)->sq_contains(seq, o);
    return (int)_PySequence_IterSearch(seq, o, PY_ITERSEARCH_CONTAINS);
}
#undef PySequence_In
int PySequence_In(PyObject *seq, PyObject *o) { return PySequence_Contains(seq, o); }

/* ------------------------------------------------------------------ mappings */

int PyMapping_Check(PyObject *o) { return o && MAP(o) && MAP(o)->mp_subscript; }

Py_ssize_t PyMapping_Size(PyObject *o) {
    if (!o) return null_error();
    if (MAP(o) && MAP(o)->mp_length) return MAP(o)->mp_length(o);
    kr_type_error(SEQ(o) && SEQ(o)->sq_length ? "%.200s is not a mapping" : "object of type '%.200s' has no len()", o);
    return -1;
}
#undef PyMapping_Length
Py_ssize_t PyMapping_Length(PyObject *o) { return PyMapping_Size(o); }

PyObject *PyMapping_GetItemString(PyObject *o, const char *name) {
    PyObject *key = name ? PyUnicode_FromString(name) : kr_null_argument();
    if (!key) return NULL;
    PyObject *r = PyObject_GetItem(o, key);
    Py_DECREF(key);
    return r;
}

int PyMapping_SetItemString(PyObject *o, const char *name, PyObject *value) {
    PyObject *key = name ? PyUnicode_FromString(name) : kr_null_argument();
    if (!key) return -1;
    int r = PyObject_SetItem(o, key, value);
    Py_DECREF(key);
    return r;
}

/* Whether a look-up succeeded; its error is forgotten. Takes over the value. */
static int found(PyObject *value) {
    if (!value) PyErr_Clear();
    Py_XDECREF(value);
    return value != NULL;
}
int PyMapping_HasKeyString(PyObject *o, const char *name) { return found(PyMapping_GetItemString(o, name)); }
int PyMapping_HasKey(PyObject *o, PyObject *key) { return found(PyObject_GetItem(o, key)); }

/* The items of what o.<name>() returns, as a list. */
static PyObject *view_as_list(PyObject *o, PyObject *name) {
    PyObject *view = PyObject_CallMethodNoArgs(o, name);
    if (!view) return NULL;
    PyObject *it = PyObject_GetIter(view);
    if (!it && PyErr_ExceptionMatches(PyExc_TypeError))
        PyErr_Format(PyExc_TypeError, "%.200s.%U() returned a non-iterable (type %.200s)", Py_TYPE(o)->tp_name, name, Py_TYPE(view)->tp_name);
    Py_DECREF(view);
    if (!it) return NULL;
    PyObject *l = PySequence_List(it);
    Py_DECREF(it);
    return l;
}

PyObject *PyMapping_Keys(PyObject *o) {
    if (!o) return kr_null_argument();
    return PyDict_CheckExact(o) ? PyDict_Keys(o) : view_as_list(o, KR_STR(keys));
}
PyObject *PyMapping_Values(PyObject *o) {
    if (!o) return kr_null_argument();
    return PyDict_CheckExact(o) ? PyDict_Values(o) : view_as_list(o, KR_STR(values));
}
PyObject *PyMapping_Items(PyObject *o) {
    if (!o) return kr_null_argument();
    return PyDict_CheckExact(o) ? PyDict_Items(o) : view_as_list(o, KR_STR(items));
}

/* ------------------------------------------------------------------ C arrays of strings */

void _Py_FreeCharPArray(char *const array[]) {
    for (Py_ssize_t i = 0; array[i]; i++) PyMem_Free(array[i]);
    PyMem_Free((void *)array);
}

/* A NULL-terminated array of copies of a sequence's bytes objects. */
char *const *_PySequence_BytesToCharpArray(PyObject *seq) {
    Py_ssize_t n = PySequence_Size(seq);
    if (n < 0) return NULL;
    if ((size_t)n > PY_SSIZE_T_MAX / sizeof(char *) - 1) {
        PyErr_NoMemory();
        return NULL;
    }
    char **array = PyMem_Calloc((size_t)n + 1, sizeof *array);
    if (!array) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = PySequence_GetItem(seq, i);
        char *data;
        Py_ssize_t size;
        bool ok = item && PyBytes_AsStringAndSize(item, &data, &size) == 0;
        if (ok && !(array[i] = PyMem_Malloc((size_t)size + 1))) {
            PyErr_NoMemory();
            ok = false;
        }
        if (ok) memcpy(array[i], data, (size_t)size + 1);
        Py_XDECREF(item);
        if (!ok) {
            _Py_FreeCharPArray(array);
            return NULL;
        }
    }
    return array;
}
