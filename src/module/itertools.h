/* itertools.h - what the itertools_*.c files share.
 *
 * Every iterator type here keeps the objects it owns in consecutive PyObject * fields directly behind the object head,
 * which is what OWNED_FIELDS' traverse, clear and dealloc rely on. Types that do without keywords refuse them only when they are not
 * subclassed with an __init__ of their own.
 */
#ifndef KRAIT_ITERTOOLS_H
#define KRAIT_ITERTOOLS_H
#include "object/call.h"

extern PyTypeObject kr_chain_type, kr_islice_type;      /* accumulate pickles itself in terms of them */
extern PyTypeObject kr_accumulate_type, kr_compress_type, kr_dropwhile_type, kr_filterfalse_type, kr_pairwise_type,
    kr_starmap_type, kr_takewhile_type, kr_zip_longest_type;
extern PyTypeObject kr_combinations_type, kr_combinations_with_replacement_type, kr_permutations_type, kr_product_type;

#define FIRST_FIELD(self) ((PyObject **)((PyObject *)(self) + 1))

/* traverse, clear and dealloc for a type whose first n fields are owned objects (any may be NULL). */
#define OWNED_FIELDS(prefix, n) \
    static int prefix##_traverse(PyObject *self, visitproc visit, void *arg) { \
        PyObject **f = FIRST_FIELD(self); \
        for (int i = 0; i < (n); i++) \
            Py_VISIT(f[i]); \
        return 0; \
    } \
    static void prefix##_dealloc(PyObject *self) { \
        PyObject **f = FIRST_FIELD(self); \
        PyObject_GC_UnTrack(self); \
        for (int i = 0; i < (n); i++) \
            Py_XDECREF(f[i]); \
        Py_TYPE(self)->tp_free(self); \
    }

#define ITERTOOLS_TYPE(var, name, struct_type, prefix, doc, ...) \
    PyTypeObject var = { \
        KR_STATIC_TYPE_HEAD \
        .tp_name = "itertools." name, \
        .tp_basicsize = sizeof(struct_type), \
        .tp_dealloc = prefix##_dealloc, \
        .tp_getattro = PyObject_GenericGetAttr, \
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, \
        .tp_doc = PyDoc_STR(doc), \
        .tp_traverse = prefix##_traverse, \
        .tp_iter = PyObject_SelfIter, \
        .tp_iternext = prefix##_next, \
        .tp_methods = prefix##_methods, \
        .tp_new = prefix##_new, \
        .tp_free = PyObject_GC_Del, \
        __VA_ARGS__ \
    };

#define REDUCE_METHOD(f) {"__reduce__", f, METH_NOARGS, PyDoc_STR("State for pickling.")}
#define SETSTATE_METHOD(f) {"__setstate__", f, METH_O, PyDoc_STR("Restores a pickled state.")}
#define END_OF_METHODS {NULL, NULL, 0, NULL}

/* Positional arguments only: 0 with an exception set if kwargs has any (see above). */
#define NO_KEYWORDS(type, base, name, kwargs) \
    (!((type) == &(base) || (type)->tp_init == (base).tp_init) || _PyArg_NoKeywords(name, kwargs))

/* Clears a StopIteration; -1 if another exception is set. */
static inline KR_UNUSED int itertools_ended(void) {
    if (!PyErr_Occurred())
        return 0;
    if (!PyErr_ExceptionMatches(PyExc_StopIteration))
        return -1;
    PyErr_Clear();
    return 0;
}

static inline PyObject *next_of(PyObject *it) { return kr_iternext(it); }

#endif
