/* _bisect.c - the module _bisect: binary search in sorted sequences, and insertion that keeps them sorted.
 *
 * One search serves both sides: `right` looks for the first item greater than x, otherwise for the first that is not less.
 * Any sequence will do; items of lists and tuples are read directly, checked against the current size since
 * comparisons may run anything.
 */
#include "krait.h"

typedef struct {
    PyObject *sequence, *x, *key;   /* borrowed */
    Py_ssize_t low, high;           /* high == -1: the sequence's length */
} Arguments;

/* For "O&": None leaves the value. */
static int optional_size(PyObject *o, void *address) {
    if (o == Py_None)
        return 1;
    if (!PyIndex_Check(o)) {
        PyErr_Format(PyExc_TypeError, "argument should be integer or None, not '%.200s'", Py_TYPE(o)->tp_name);
        return 0;
    }
    Py_ssize_t n = PyNumber_AsSsize_t(o, PyExc_OverflowError);
    if (n == -1 && PyErr_Occurred())
        return 0;
    *(Py_ssize_t *)address = n;
    return 1;
}

/* The arguments (a, x, lo=0, hi=None, *, key=None); format ends in the function's name. */
static int parse(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, struct _PyArg_Parser *parser, Arguments *a) {
    *a = (Arguments){.key = Py_None, .high = -1};
    if (nargs == 2 && kwnames == NULL) {
        a->sequence = args[0];
        a->x = args[1];
        return 1;
    }
    return _PyArg_ParseStackAndKeywords(args, nargs, kwnames, parser, &a->sequence, &a->x, &a->low, optional_size, &a->high, &a->key);
}

/* New reference to sequence[i], i >= 0. */
KR_INLINE PyObject *item_at(PyObject *sequence, Py_ssize_t i) {
    if (PyList_CheckExact(sequence) && i < PyList_GET_SIZE(sequence))
        return Py_NewRef(PyList_GET_ITEM(sequence, i));
    if (PyTuple_CheckExact(sequence) && i < PyTuple_GET_SIZE(sequence))
        return Py_NewRef(PyTuple_GET_ITEM(sequence, i));
    return PySequence_GetItem(sequence, i);
}

/* The position for x (already a key), -1 on error. */
static Py_ssize_t search(Arguments *a, PyObject *x, bool right) {
    Py_ssize_t low = a->low, high = a->high;
    if (low < 0) {
        PyErr_SetString(PyExc_ValueError, "lo must be non-negative");
        return -1;
    }
    if (high == -1 && (high = PySequence_Size(a->sequence)) < 0)
        return -1;
    while (low < high) {
        Py_ssize_t middle = (Py_ssize_t)(((size_t)low + (size_t)high) / 2);
        PyObject *item = item_at(a->sequence, middle);
        if (item != NULL && a->key != Py_None)
            Py_SETREF(item, PyObject_CallOneArg(a->key, item));
        if (item == NULL)
            return -1;
        int less = right ? PyObject_RichCompareBool(x, item, Py_LT) : PyObject_RichCompareBool(item, x, Py_LT);
        Py_DECREF(item);
        if (less < 0)
            return -1;
        if (less == right)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static PyObject *bisect(Arguments *a, bool right) {
    Py_ssize_t i = search(a, a->x, right);
    return i < 0 ? NULL : PyLong_FromSsize_t(i);
}

static PyObject *insort(Arguments *a, bool right) {
    PyObject *x = a->key == Py_None ? Py_NewRef(a->x) : PyObject_CallOneArg(a->key, a->x);
    if (x == NULL)
        return NULL;
    Py_ssize_t i = search(a, x, right);
    Py_DECREF(x);
    if (i < 0)
        return NULL;
    if (PyList_CheckExact(a->sequence)) {
        if (PyList_Insert(a->sequence, i, a->x) < 0)
            return NULL;
    } else {
        PyObject *r = PyObject_CallMethod(a->sequence, "insert", "nO", i, a->x);
        if (r == NULL)
            return NULL;
        Py_DECREF(r);
    }
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ the module */

static const char *const keywords[] = {"a", "x", "lo", "hi", "key", NULL};
#define FUNCTION(name, action, right) \
    static PyObject *bisect_##name(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) { \
        static _PyArg_Parser parser = {.format = "OO|nO&$O:" #name, .keywords = keywords}; \
        Arguments a; \
        return parse(args, nargs, kwnames, &parser, &a) ? action(&a, right) : NULL; \
    }
FUNCTION(bisect_right, bisect, true)
FUNCTION(bisect_left, bisect, false)
FUNCTION(insort_right, insort, true)
FUNCTION(insort_left, insort, false)

#define ENTRY(name, doc) \
    {#name, KR_METH(bisect_##name), METH_FASTCALL | METH_KEYWORDS, \
     PyDoc_STR(#name "($module, /, a, x, lo=0, hi=None, *, key=None)\n--\n\n" doc \
               "\n\nOnly a[lo:hi] is looked at, which must be sorted, by key(item) if key is given.")}

static PyMethodDef bisect_functions[] = {
    ENTRY(bisect_right, "The index where x belongs in a, behind items equal to it. key is not called for x."),
    ENTRY(insort_right, "Inserts x where it belongs in a, behind items equal to it."),
    ENTRY(bisect_left, "The index where x belongs in a, before items equal to it. key is not called for x."),
    ENTRY(insort_left, "Inserts x where it belongs in a, before items equal to it."),
    {NULL}};

static PyModuleDef bisect_module = {
    PyModuleDef_HEAD_INIT, .m_name = "_bisect", .m_doc = PyDoc_STR("Binary search in sorted sequences."), .m_methods = bisect_functions};

PyMODINIT_FUNC PyInit__bisect(void);
PyMODINIT_FUNC PyInit__bisect(void) { return PyModuleDef_Init(&bisect_module); }
