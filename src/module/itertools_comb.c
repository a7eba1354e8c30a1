/* itertools_comb.c - product, permutations, combinations: selections from pools of items.
 *
 * Each keeps its pool (a tuple), the positions of the last result, and that result. The next result changes positions
 * from some place on; the result tuple is copied unless nobody else holds it, and only the changed places are set anew.
 */
#include "module/itertools.h"

/* The result tuple that may be written to: the kept one if it is ours alone, else a copy that becomes the kept one. */
static PyObject *own_result(PyObject **kept, Py_ssize_t r) {
    PyObject *old = *kept;
    if (Py_REFCNT(old) == 1) {
        if (r > 0 && !PyObject_GC_IsTracked(old))
            PyObject_GC_Track(old);
        return old;
    }
    PyObject *copy = PyTuple_New(r);
    if (copy == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < r; i++)
        PyTuple_SET_ITEM(copy, i, Py_NewRef(PyTuple_GET_ITEM(old, i)));
    *kept = copy;
    Py_DECREF(old);
    return copy;
}

static void put(PyObject *result, Py_ssize_t i, PyObject *item) {
    PyObject *old = PyTuple_GET_ITEM(result, i);
    PyTuple_SET_ITEM(result, i, Py_NewRef(item));
    Py_XDECREF(old);
}

static PyObject *indices_tuple(const Py_ssize_t *indices, Py_ssize_t n) {
    PyObject *t = PyTuple_New(n);
    for (Py_ssize_t i = 0; t != NULL && i < n; i++) {
        PyObject *v = PyLong_FromSsize_t(indices[i]);
        if (v == NULL)
            Py_CLEAR(t);
        else
            PyTuple_SET_ITEM(t, i, v);
    }
    return t;
}

/* Reads n ints of a tuple, each clipped to least .. most(i). */
static int read_index(PyObject *t, Py_ssize_t i, Py_ssize_t least, Py_ssize_t most, Py_ssize_t *out) {
    Py_ssize_t v = PyLong_AsSsize_t(PyTuple_GET_ITEM(t, i));
    if (v == -1 && PyErr_Occurred())
        return -1;
    *out = v < least ? least : v > most ? most : v;
    return 0;
}

static PyObject *sizeof_with(PyObject *self, Py_ssize_t indices) {
    return PyLong_FromSsize_t(Py_TYPE(self)->tp_basicsize + indices * (Py_ssize_t)sizeof(Py_ssize_t));
}

#define SIZEOF_METHOD(f) {"__sizeof__", f, METH_NOARGS, PyDoc_STR("Bytes of memory the object takes.")}

/* ------------------------------------------------------------------ product */

typedef struct {
    PyObject_HEAD
    PyObject *pools;            /* tuple of tuples */
    PyObject *result;           /* NULL before the first */
    Py_ssize_t *indices;        /* one a pool */
    int stopped;
} Product;

static int product_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((Product *)self)->pools);
    Py_VISIT(((Product *)self)->result);
    return 0;
}

static void product_dealloc(PyObject *self) {
    Product *p = (Product *)self;
    PyObject_GC_UnTrack(self);
    Py_XDECREF(p->pools);
    Py_XDECREF(p->result);
    PyMem_Free(p->indices);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *product_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    Py_ssize_t repeat = 1, nargs = PyTuple_GET_SIZE(args);
    if (kwargs != NULL) {
        static char *keywords[] = {"repeat", NULL};
        PyObject *empty = PyTuple_New(0);
        if (empty == NULL)
            return NULL;
        int ok = PyArg_ParseTupleAndKeywords(empty, kwargs, "|n:product", keywords, &repeat);
        Py_DECREF(empty);
        if (!ok)
            return NULL;
        if (repeat < 0) {
            PyErr_SetString(PyExc_ValueError, "repeat argument cannot be negative");
            return NULL;
        }
    }
    if (repeat == 0)
        nargs = 0;
    else if ((size_t)nargs > ((size_t)PY_SSIZE_T_MAX / sizeof(Py_ssize_t)) / (size_t)repeat) {
        PyErr_SetString(PyExc_OverflowError, "repeat argument too large");
        return NULL;
    }
    Py_ssize_t n = nargs * repeat;
    Py_ssize_t *indices = PyMem_New(Py_ssize_t, n);
    PyObject *pools = NULL;
    if (indices == NULL) {
        PyErr_NoMemory();
        goto error;
    }
    if ((pools = PyTuple_New(n)) == NULL)
        goto error;
    for (Py_ssize_t i = 0; i < n; i++) {
        indices[i] = 0;
        PyObject *pool = i < nargs ? PySequence_Tuple(PyTuple_GET_ITEM(args, i)) : Py_NewRef(PyTuple_GET_ITEM(pools, i - nargs));
        if (pool == NULL)
            goto error;
        PyTuple_SET_ITEM(pools, i, pool);
    }
    Product *p = (Product *)type->tp_alloc(type, 0);
    if (p == NULL)
        goto error;
    p->pools = pools;
    p->indices = indices;
    return (PyObject *)p;
error:
    PyMem_Free(indices);
    Py_XDECREF(pools);
    return NULL;
}

static PyObject *product_next(PyObject *self) {
    Product *p = (Product *)self;
    if (p->stopped)
        return NULL;
    Py_ssize_t n = PyTuple_GET_SIZE(p->pools);
    if (p->result == NULL) {
        PyObject *result = PyTuple_New(n);
        if (result == NULL)
            return NULL;
        p->result = result;
        for (Py_ssize_t i = 0; i < n; i++) {
            PyObject *pool = PyTuple_GET_ITEM(p->pools, i);
            if (PyTuple_GET_SIZE(pool) == 0)
                goto end;
            PyTuple_SET_ITEM(result, i, Py_NewRef(PyTuple_GET_ITEM(pool, 0)));
        }
        return Py_NewRef(result);
    }
    PyObject *result = own_result(&p->result, n);
    if (result == NULL)
        goto end;
    Py_ssize_t i = n - 1;
    for (; i >= 0; i--) {       /* like an odometer */
        PyObject *pool = PyTuple_GET_ITEM(p->pools, i);
        if (++p->indices[i] < PyTuple_GET_SIZE(pool)) {
            put(result, i, PyTuple_GET_ITEM(pool, p->indices[i]));
            return Py_NewRef(p->result);
        }
        p->indices[i] = 0;
        put(result, i, PyTuple_GET_ITEM(pool, 0));
    }
end:
    p->stopped = 1;
    return NULL;
}

static PyObject *product_reduce(PyObject *self, PyObject *unused) {
    Product *p = (Product *)self;
    if (p->stopped)
        return Py_BuildValue("O(())", Py_TYPE(self));
    if (p->result == NULL)
        return Py_BuildValue("OO", Py_TYPE(self), p->pools);
    PyObject *indices = indices_tuple(p->indices, PyTuple_GET_SIZE(p->pools));
    return indices == NULL ? NULL : Py_BuildValue("OON", Py_TYPE(self), p->pools, indices);
}

static PyObject *product_setstate(PyObject *self, PyObject *state) {
    Product *p = (Product *)self;
    Py_ssize_t n = PyTuple_GET_SIZE(p->pools);
    if (!PyTuple_Check(state) || PyTuple_GET_SIZE(state) != n) {
        PyErr_SetString(PyExc_ValueError, "invalid arguments");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_ssize_t size = PyTuple_GET_SIZE(PyTuple_GET_ITEM(p->pools, i));
        if (size == 0) {
            p->stopped = 1;
            Py_RETURN_NONE;
        }
        if (read_index(state, i, 0, size - 1, &p->indices[i]) < 0)
            return NULL;
    }
    PyObject *result = PyTuple_New(n);
    if (result == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < n; i++)
        PyTuple_SET_ITEM(result, i, Py_NewRef(PyTuple_GET_ITEM(PyTuple_GET_ITEM(p->pools, i), p->indices[i])));
    Py_XSETREF(p->result, result);
    Py_RETURN_NONE;
}

static PyObject *product_sizeof(PyObject *self, PyObject *unused) {
    return sizeof_with(self, PyTuple_GET_SIZE(((Product *)self)->pools));
}

static PyMethodDef product_methods[] = {REDUCE_METHOD(product_reduce), SETSTATE_METHOD(product_setstate), SIZEOF_METHOD(product_sizeof), END_OF_METHODS};
ITERTOOLS_TYPE(kr_product_type, "product", Product, product,
               "product(*iterables, repeat=1) --> product object\n\n"
               "All tuples of one item of each iterable, the last varying fastest; repeat takes the iterables several times.")

/* ------------------------------------------------------------------ combinations, with and without replacement */

typedef struct {
    PyObject_HEAD
    PyObject *pool;
    PyObject *result;           /* NULL before the first */
    Py_ssize_t *indices;        /* r of them, ascending */
    Py_ssize_t r;
    int stopped;
} Selection;

typedef struct {
    Selection base;             /* indices: all n of them */
    Py_ssize_t *cycles;         /* r of them */
} Permutations;

static int selection_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((Selection *)self)->pool);
    Py_VISIT(((Selection *)self)->result);
    return 0;
}

static void selection_dealloc(PyObject *self) {
    Selection *s = (Selection *)self;
    PyObject_GC_UnTrack(self);
    Py_XDECREF(s->pool);
    Py_XDECREF(s->result);
    PyMem_Free(s->indices);
    Py_TYPE(self)->tp_free(self);
}

/* An object over pool (whose reference it takes) with room for that many indices, still unset. */
static Selection *selection_make(PyTypeObject *type, PyObject *pool, Py_ssize_t r, Py_ssize_t nindices) {
    Selection *s = (Selection *)type->tp_alloc(type, 0);
    if (s == NULL) {
        Py_DECREF(pool);
        return NULL;
    }
    s->pool = pool;
    s->r = r;
    s->indices = PyMem_New(Py_ssize_t, nindices);
    if (s->indices == NULL) {
        Py_DECREF(s);
        return (Selection *)PyErr_NoMemory();
    }
    return s;
}

static Selection *combination_args(PyTypeObject *type, PyObject *args, PyObject *kwargs, const char *format) {
    static char *keywords[] = {"iterable", "r", NULL};
    PyObject *iterable, *pool;
    Py_ssize_t r;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, keywords, &iterable, &r) || (pool = PySequence_Tuple(iterable)) == NULL)
        return NULL;
    if (r < 0) {
        PyErr_SetString(PyExc_ValueError, "r must be non-negative");
        Py_DECREF(pool);
        return NULL;
    }
    return selection_make(type, pool, r, r);
}

static PyObject *combinations_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    Selection *s = combination_args(type, args, kwargs, "On:combinations");
    if (s == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < s->r; i++)
        s->indices[i] = i;
    s->stopped = s->r > PyTuple_GET_SIZE(s->pool);
    return (PyObject *)s;
}

static PyObject *cwr_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    Selection *s = combination_args(type, args, kwargs, "On:combinations_with_replacement");
    if (s == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < s->r; i++)
        s->indices[i] = 0;
    s->stopped = s->r > 0 && PyTuple_GET_SIZE(s->pool) == 0;
    return (PyObject *)s;
}

/* Sets the result to what the indices say. */
static int selection_build(Selection *s) {
    PyObject *result = PyTuple_New(s->r);
    if (result == NULL)
        return -1;
    for (Py_ssize_t i = 0; i < s->r; i++)
        PyTuple_SET_ITEM(result, i, Py_NewRef(PyTuple_GET_ITEM(s->pool, s->indices[i])));
    Py_XSETREF(s->result, result);
    return 0;
}

/* The largest value of index i. */
KR_INLINE Py_ssize_t combination_limit(Selection *s, Py_ssize_t i, const bool replacement) {
    Py_ssize_t n = PyTuple_GET_SIZE(s->pool);
    return replacement ? n - 1 : i + n - s->r;
}

KR_INLINE PyObject *combination_next(Selection *s, const bool replacement) {
    if (s->stopped)
        return NULL;
    if (s->result == NULL)
        return selection_build(s) < 0 ? NULL : Py_NewRef(s->result);
    PyObject *result = own_result(&s->result, s->r);
    Py_ssize_t i = s->r - 1;
    if (result == NULL)
        goto end;
    while (i >= 0 && s->indices[i] == combination_limit(s, i, replacement))
        i--;
    if (i < 0)
        goto end;
    Py_ssize_t v = s->indices[i] + 1;
    for (; i < s->r; i++) {
        s->indices[i] = v;
        put(result, i, PyTuple_GET_ITEM(s->pool, v));
        if (!replacement)
            v++;
    }
    return Py_NewRef(result);
end:
    s->stopped = 1;
    return NULL;
}

static PyObject *combinations_next(PyObject *self) { return combination_next((Selection *)self, false); }
static PyObject *cwr_next(PyObject *self) { return combination_next((Selection *)self, true); }

static PyObject *combination_reduce(PyObject *self, PyObject *unused) {
    Selection *s = (Selection *)self;
    if (s->stopped)
        return Py_BuildValue("O(()n)", Py_TYPE(self), s->r);
    if (s->result == NULL)
        return Py_BuildValue("O(On)", Py_TYPE(self), s->pool, s->r);
    PyObject *indices = indices_tuple(s->indices, s->r);
    return indices == NULL ? NULL : Py_BuildValue("O(On)N", Py_TYPE(self), s->pool, s->r, indices);
}

KR_INLINE PyObject *combination_setstate(PyObject *self, PyObject *state, const bool replacement) {
    Selection *s = (Selection *)self;
    if (!PyTuple_Check(state) || PyTuple_GET_SIZE(state) != s->r) {
        PyErr_SetString(PyExc_ValueError, "invalid arguments");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < s->r; i++) {
        Py_ssize_t limit = combination_limit(s, i, replacement);
        if (read_index(state, i, 0, limit < 0 ? 0 : limit, &s->indices[i]) < 0)
            return NULL;
        if (s->indices[i] >= PyTuple_GET_SIZE(s->pool)) {
            PyErr_SetString(PyExc_ValueError, "invalid arguments");
            return NULL;
        }
    }
    if (selection_build(s) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *combinations_setstate(PyObject *self, PyObject *state) { return combination_setstate(self, state, false); }
static PyObject *cwr_setstate(PyObject *self, PyObject *state) { return combination_setstate(self, state, true); }
static PyObject *combination_sizeof(PyObject *self, PyObject *unused) { return sizeof_with(self, ((Selection *)self)->r); }

#define combinations_dealloc selection_dealloc
#define combinations_traverse selection_traverse
#define cwr_dealloc selection_dealloc
#define cwr_traverse selection_traverse
#define permutations_traverse selection_traverse

static PyMethodDef combinations_methods[] = {
    REDUCE_METHOD(combination_reduce), SETSTATE_METHOD(combinations_setstate), SIZEOF_METHOD(combination_sizeof), END_OF_METHODS};
static PyMethodDef cwr_methods[] = {
    REDUCE_METHOD(combination_reduce), SETSTATE_METHOD(cwr_setstate), SIZEOF_METHOD(combination_sizeof), END_OF_METHODS};

ITERTOOLS_TYPE(kr_combinations_type, "combinations", Selection, combinations,
               "combinations(iterable, r)\n--\n\nAll selections of r items, in the order of the iterable.\n\n"
               "combinations('ABC', 2) gives AB, AC, BC.")
ITERTOOLS_TYPE(kr_combinations_with_replacement_type, "combinations_with_replacement", Selection, cwr,
               "combinations_with_replacement(iterable, r)\n--\n\nSelections of r items that may repeat an item.\n\n"
               "combinations_with_replacement('AB', 2) gives AA, AB, BB.")

/* ------------------------------------------------------------------ permutations
 * indices is a permutation of all positions of which the first r are shown; cycles[i] counts what is still to come at place i. */

static void permutations_dealloc(PyObject *self) {
    PyMem_Free(((Permutations *)self)->cycles);
    selection_dealloc(self);
}

static PyObject *permutations_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"iterable", "r", NULL};
    PyObject *iterable, *robj = Py_None, *pool;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:permutations", keywords, &iterable, &robj) ||
        (pool = PySequence_Tuple(iterable)) == NULL)
        return NULL;
    Py_ssize_t n = PyTuple_GET_SIZE(pool), r = n;
    if (robj != Py_None) {
        if (!PyLong_Check(robj)) {
            PyErr_SetString(PyExc_TypeError, "Expected int as r");
            goto error;
        }
        r = PyLong_AsSsize_t(robj);
        if (r == -1 && PyErr_Occurred())
            goto error;
    }
    if (r < 0) {
        PyErr_SetString(PyExc_ValueError, "r must be non-negative");
        goto error;
    }
    Selection *s = selection_make(type, pool, r, n);
    if (s == NULL)
        return NULL;
    Py_ssize_t *cycles = ((Permutations *)s)->cycles = PyMem_New(Py_ssize_t, r);
    if (cycles == NULL) {
        Py_DECREF(s);
        return PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0; i < n; i++)
        s->indices[i] = i;
    for (Py_ssize_t i = 0; i < r; i++)
        cycles[i] = n - i;
    s->stopped = r > n;
    return (PyObject *)s;
error:
    Py_DECREF(pool);
    return NULL;
}

static PyObject *permutations_next(PyObject *self) {
    Selection *s = (Selection *)self;
    if (s->stopped)
        return NULL;
    if (s->result == NULL)
        return selection_build(s) < 0 ? NULL : Py_NewRef(s->result);
    Py_ssize_t n = PyTuple_GET_SIZE(s->pool), *indices = s->indices, *left = ((Permutations *)s)->cycles;
    PyObject *result = n == 0 ? NULL : own_result(&s->result, s->r);
    if (result == NULL)
        goto end;
    for (Py_ssize_t i = s->r - 1; i >= 0; i--) {
        if (--left[i] == 0) {      /* place i has shown all: rotate the rest back and go left */
            Py_ssize_t first = indices[i];
            memmove(indices + i, indices + i + 1, (size_t)(n - 1 - i) * sizeof *indices);
            indices[n - 1] = first;
            left[i] = n - i;
            continue;
        }
        Py_ssize_t j = n - left[i], t = indices[i];
        indices[i] = indices[j];
        indices[j] = t;
        for (Py_ssize_t k = i; k < s->r; k++)
            put(result, k, PyTuple_GET_ITEM(s->pool, indices[k]));
        return Py_NewRef(result);
    }
end:
    s->stopped = 1;
    return NULL;
}

static PyObject *permutations_reduce(PyObject *self, PyObject *unused) {
    Selection *s = (Selection *)self;
    if (s->stopped)
        return Py_BuildValue("O(()n)", Py_TYPE(self), s->r);
    if (s->result == NULL)
        return Py_BuildValue("O(On)", Py_TYPE(self), s->pool, s->r);
    PyObject *indices = indices_tuple(s->indices, PyTuple_GET_SIZE(s->pool)), *cycles;
    if (indices == NULL)
        return NULL;
    if ((cycles = indices_tuple(((Permutations *)s)->cycles, s->r)) == NULL) {
        Py_DECREF(indices);
        return NULL;
    }
    return Py_BuildValue("O(On)(NN)", Py_TYPE(self), s->pool, s->r, indices, cycles);
}

static PyObject *permutations_setstate(PyObject *self, PyObject *state) {
    Selection *s = (Selection *)self;
    PyObject *indices, *cycles;
    if (!PyTuple_Check(state)) {
        PyErr_SetString(PyExc_TypeError, "state is not a tuple");
        return NULL;
    }
    if (!PyArg_ParseTuple(state, "O!O!", &PyTuple_Type, &indices, &PyTuple_Type, &cycles))
        return NULL;
    Py_ssize_t n = PyTuple_GET_SIZE(s->pool);
    if (PyTuple_GET_SIZE(indices) != n || PyTuple_GET_SIZE(cycles) != s->r || s->r > n) {
        PyErr_SetString(PyExc_ValueError, "invalid arguments");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++)
        if (read_index(indices, i, 0, n - 1, &s->indices[i]) < 0)
            return NULL;
    for (Py_ssize_t i = 0; i < s->r; i++)
        if (read_index(cycles, i, 1, n - i, &((Permutations *)s)->cycles[i]) < 0)
            return NULL;
    if (selection_build(s) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *permutations_sizeof(PyObject *self, PyObject *unused) {
    Selection *s = (Selection *)self;
    return sizeof_with(self, PyTuple_GET_SIZE(s->pool) + s->r);
}

static PyMethodDef permutations_methods[] = {
    REDUCE_METHOD(permutations_reduce), SETSTATE_METHOD(permutations_setstate), SIZEOF_METHOD(permutations_sizeof), END_OF_METHODS};
ITERTOOLS_TYPE(kr_permutations_type, "permutations", Permutations, permutations,
               "permutations(iterable, r=None)\n--\n\nAll arrangements of r items (of all items without r).\n\n"
               "permutations('ABC', 2) gives AB, AC, BA, BC, CA, CB.")
