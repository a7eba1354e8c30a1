/* itertools_filter.c - itertools that pass on, drop or combine the items of their arguments one at a time. */
#include "module/itertools.h"

/* ------------------------------------------------------------------ takewhile, dropwhile, filterfalse, starmap */

/* These four own a function and an iterator, and have one flag. */
typedef struct {
    PyObject_HEAD
    PyObject *func, *it;
    long flag;                  /* takewhile: ended; dropwhile: the dropping is over */
} FuncIter;

OWNED_FIELDS(funciter, 2)

static PyObject *funciter_make(PyTypeObject *type, PyTypeObject *base, const char *name, PyObject *args, PyObject *kwargs) {
    PyObject *func, *iterable;
    if ((type == base || type->tp_init == base->tp_init) && !_PyArg_NoKeywords(name, kwargs))
        return NULL;
    if (!PyArg_UnpackTuple(args, name, 2, 2, &func, &iterable))
        return NULL;
    PyObject *it = PyObject_GetIter(iterable);
    if (it == NULL)
        return NULL;
    FuncIter *f = (FuncIter *)type->tp_alloc(type, 0);
    if (f == NULL) {
        Py_DECREF(it);
        return NULL;
    }
    f->func = Py_NewRef(func);
    f->it = it;
    return (PyObject *)f;
}

#define FUNCITER_NEW(prefix, name) \
    static PyObject *prefix##_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) { \
        return funciter_make(type, &kr_##prefix##_type, name, args, kwargs); \
    }
FUNCITER_NEW(takewhile, "takewhile")
FUNCITER_NEW(dropwhile, "dropwhile")
FUNCITER_NEW(filterfalse, "filterfalse")
FUNCITER_NEW(starmap, "starmap")

static PyObject *funciter_reduce(PyObject *self, PyObject *unused) {
    FuncIter *f = (FuncIter *)self;
    return Py_BuildValue("O(OO)", Py_TYPE(self), f->func, f->it);
}

static PyObject *funciter_reduce_flag(PyObject *self, PyObject *unused) {
    FuncIter *f = (FuncIter *)self;
    return Py_BuildValue("O(OO)l", Py_TYPE(self), f->func, f->it, f->flag);
}

static PyObject *funciter_setstate(PyObject *self, PyObject *state) {
    int flag = PyObject_IsTrue(state);
    if (flag < 0)
        return NULL;
    ((FuncIter *)self)->flag = flag;
    Py_RETURN_NONE;
}

/* Truth of func(item): 1, 0, -1. */
static int holds(PyObject *func, PyObject *item) {
    PyObject *r = PyObject_CallOneArg(func, item);
    if (r == NULL)
        return -1;
    int truth = PyObject_IsTrue(r);
    Py_DECREF(r);
    return truth;
}

static PyObject *takewhile_next(PyObject *self) {
    FuncIter *f = (FuncIter *)self;
    if (f->flag)
        return NULL;
    PyObject *item = next_of(f->it);
    if (item == NULL)
        return NULL;
    int good = holds(f->func, item);
    if (good > 0)
        return item;
    Py_DECREF(item);
    if (good == 0)
        f->flag = 1;
    return NULL;
}

static PyObject *dropwhile_next(PyObject *self) {
    FuncIter *f = (FuncIter *)self;
    for (;;) {
        PyObject *item = next_of(f->it);
        if (item == NULL || f->flag)
            return item;
        int drop = holds(f->func, item);
        if (drop == 0) {
            f->flag = 1;
            return item;
        }
        Py_DECREF(item);
        if (drop < 0)
            return NULL;
    }
}

static PyObject *filterfalse_next(PyObject *self) {
    FuncIter *f = (FuncIter *)self;
    bool truth = f->func == Py_None || f->func == (PyObject *)&PyBool_Type;
    PyObject *item;
    while ((item = next_of(f->it)) != NULL) {
        int good = truth ? PyObject_IsTrue(item) : holds(f->func, item);
        if (good == 0)
            return item;
        Py_DECREF(item);
        if (good < 0)
            return NULL;
    }
    return NULL;
}

static PyObject *starmap_next(PyObject *self) {
    FuncIter *f = (FuncIter *)self;
    PyObject *args = next_of(f->it);
    if (args == NULL)
        return NULL;
    if (!PyTuple_CheckExact(args)) {
        Py_SETREF(args, PySequence_Tuple(args));
        if (args == NULL)
            return NULL;
    }
    PyObject *result = PyObject_Call(f->func, args, NULL);
    Py_DECREF(args);
    return result;
}

#define takewhile_dealloc funciter_dealloc
#define takewhile_traverse funciter_traverse
#define dropwhile_dealloc funciter_dealloc
#define dropwhile_traverse funciter_traverse
#define filterfalse_dealloc funciter_dealloc
#define filterfalse_traverse funciter_traverse
#define starmap_dealloc funciter_dealloc
#define starmap_traverse funciter_traverse

static PyMethodDef takewhile_methods[] = {REDUCE_METHOD(funciter_reduce_flag), SETSTATE_METHOD(funciter_setstate), END_OF_METHODS};
static PyMethodDef dropwhile_methods[] = {REDUCE_METHOD(funciter_reduce_flag), SETSTATE_METHOD(funciter_setstate), END_OF_METHODS};
static PyMethodDef filterfalse_methods[] = {REDUCE_METHOD(funciter_reduce), END_OF_METHODS};
static PyMethodDef starmap_methods[] = {REDUCE_METHOD(funciter_reduce), END_OF_METHODS};

ITERTOOLS_TYPE(kr_takewhile_type, "takewhile", FuncIter, takewhile,
               "takewhile(predicate, iterable, /)\n--\n\nItems as long as predicate is true for them.")
ITERTOOLS_TYPE(kr_dropwhile_type, "dropwhile", FuncIter, dropwhile,
               "dropwhile(predicate, iterable, /)\n--\n\nAll items from the first that predicate is false for.")
ITERTOOLS_TYPE(kr_filterfalse_type, "filterfalse", FuncIter, filterfalse,
               "filterfalse(function, iterable, /)\n--\n\nThe items that function is false for; with None, the false items.")
ITERTOOLS_TYPE(kr_starmap_type, "starmap", FuncIter, starmap,
               "starmap(function, iterable, /)\n--\n\nCalls function with each item as its argument list.")

/* ------------------------------------------------------------------ compress */

typedef struct {
    PyObject_HEAD
    PyObject *data, *selectors;
} Compress;

OWNED_FIELDS(compress, 2)

static PyObject *compress_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"data", "selectors", NULL};
    PyObject *data, *selectors, *it, *sel;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:compress", keywords, &data, &selectors))
        return NULL;
    if ((it = PyObject_GetIter(data)) == NULL)
        return NULL;
    if ((sel = PyObject_GetIter(selectors)) == NULL) {
        Py_DECREF(it);
        return NULL;
    }
    Compress *c = (Compress *)type->tp_alloc(type, 0);
    if (c == NULL) {
        Py_DECREF(it);
        Py_DECREF(sel);
        return NULL;
    }
    c->data = it;
    c->selectors = sel;
    return (PyObject *)c;
}

static PyObject *compress_next(PyObject *self) {
    Compress *c = (Compress *)self;
    for (;;) {
        PyObject *item = next_of(c->data);
        if (item == NULL)
            return NULL;
        PyObject *selector = next_of(c->selectors);
        if (selector == NULL) {
            Py_DECREF(item);
            return NULL;
        }
        int good = PyObject_IsTrue(selector);
        Py_DECREF(selector);
        if (good == 1)
            return item;
        Py_DECREF(item);
        if (good < 0)
            return NULL;
    }
}

static PyObject *compress_reduce(PyObject *self, PyObject *unused) {
    Compress *c = (Compress *)self;
    return Py_BuildValue("O(OO)", Py_TYPE(self), c->data, c->selectors);
}

static PyMethodDef compress_methods[] = {REDUCE_METHOD(compress_reduce), END_OF_METHODS};
ITERTOOLS_TYPE(kr_compress_type, "compress", Compress, compress,
               "compress(data, selectors)\n--\n\nThe data items whose selectors are true.")

/* ------------------------------------------------------------------ pairwise */

typedef struct {
    PyObject_HEAD
    PyObject *it;               /* NULL once exhausted */
    PyObject *old;              /* the last item, NULL before the first */
} Pairwise;

OWNED_FIELDS(pairwise, 2)

static PyObject *pairwise_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *iterable;
    if (!NO_KEYWORDS(type, kr_pairwise_type, "pairwise", kwargs) || !PyArg_UnpackTuple(args, "pairwise", 1, 1, &iterable))
        return NULL;
    PyObject *it = PyObject_GetIter(iterable);
    if (it == NULL)
        return NULL;
    Pairwise *p = (Pairwise *)type->tp_alloc(type, 0);
    if (p == NULL) {
        Py_DECREF(it);
        return NULL;
    }
    p->it = it;
    return (PyObject *)p;
}

static PyObject *pairwise_next(PyObject *self) {
    Pairwise *p = (Pairwise *)self;
    PyObject *it = p->it, *old = p->old, *result = NULL;
    if (it == NULL)
        return NULL;
    if (old == NULL) {
        p->old = old = next_of(it);
        if (old == NULL) {
            Py_CLEAR(p->it);
            return NULL;
        }
        it = p->it;             /* the first call may have re-entered this iterator */
        if (it == NULL) {
            Py_CLEAR(p->old);
            return NULL;
        }
    }
    Py_INCREF(old);
    PyObject *item = next_of(it);
    if (item == NULL) {
        Py_CLEAR(p->it);
        Py_CLEAR(p->old);
    } else {
        result = PyTuple_Pack(2, old, item);
        Py_XSETREF(p->old, item);
    }
    Py_DECREF(old);
    return result;
}

static PyMethodDef pairwise_methods[] = {END_OF_METHODS};
ITERTOOLS_TYPE(kr_pairwise_type, "pairwise", Pairwise, pairwise,
               "pairwise(iterable, /)\n--\n\nOverlapping pairs of successive items.")

/* ------------------------------------------------------------------ islice */

typedef struct {
    PyObject_HEAD
    PyObject *it;               /* NULL once exhausted */
    Py_ssize_t next, stop, step, count; /* next index to give, end (-1: none), items consumed */
} Islice;

OWNED_FIELDS(islice, 1)

/* One of islice's arguments, None meaning `none`; -2 and ValueError when it is not a natural number. */
static Py_ssize_t islice_arg(PyObject *v, Py_ssize_t none, Py_ssize_t least, const char *message) {
    Py_ssize_t n = none;
    if (v != NULL && v != Py_None) {
        n = PyNumber_AsSsize_t(v, PyExc_OverflowError);
        if (n < least || (n == -1 && PyErr_Occurred())) {
            PyErr_Clear();
            PyErr_SetString(PyExc_ValueError, message);
            return -2;
        }
    }
    return n;
}

static PyObject *islice_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static const char stop_message[] = "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
    static const char index_message[] = "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
    PyObject *iterable, *a1 = NULL, *a2 = NULL, *a3 = NULL;
    if (!NO_KEYWORDS(type, kr_islice_type, "islice", kwargs) || !PyArg_UnpackTuple(args, "islice", 2, 4, &iterable, &a1, &a2, &a3))
        return NULL;
    Py_ssize_t start = 0, stop, step;
    if (PyTuple_GET_SIZE(args) == 2) {
        stop = islice_arg(a1, -1, 0, stop_message);
    } else {
        stop = islice_arg(a2, -1, 0, stop_message);
        if (stop != -2)
            start = islice_arg(a1, 0, 0, index_message);
    }
    if (stop == -2 || start == -2)
        return NULL;
    step = islice_arg(a3, 1, 1, "Step for islice() must be a positive integer or None.");
    if (step == -2)
        return NULL;
    PyObject *it = PyObject_GetIter(iterable);
    if (it == NULL)
        return NULL;
    Islice *s = (Islice *)type->tp_alloc(type, 0);
    if (s == NULL) {
        Py_DECREF(it);
        return NULL;
    }
    s->it = it;
    s->next = start;
    s->stop = stop;
    s->step = step;
    return (PyObject *)s;
}

static PyObject *islice_next(PyObject *self) {
    Islice *s = (Islice *)self;
    PyObject *it = s->it, *item;
    if (it == NULL)
        return NULL;
    for (; s->count < s->next; s->count++) {
        if ((item = next_of(it)) == NULL)
            goto end;
        Py_DECREF(item);
    }
    if (s->stop != -1 && s->count >= s->stop)
        goto end;
    if ((item = next_of(it)) == NULL)
        goto end;
    s->count++;
    Py_ssize_t old = s->next;
    s->next = (Py_ssize_t)((size_t)s->next + (size_t)s->step);
    if (s->next < old || (s->stop != -1 && s->next > s->stop))
        s->next = s->stop == -1 ? PY_SSIZE_T_MAX : s->stop;
    return item;
end:
    Py_CLEAR(s->it);
    return NULL;
}

static PyObject *islice_reduce(PyObject *self, PyObject *unused) {
    Islice *s = (Islice *)self;
    if (s->it == NULL) {
        PyObject *list = PyList_New(0), *it = list == NULL ? NULL : PyObject_GetIter(list);
        Py_XDECREF(list);
        return it == NULL ? NULL : Py_BuildValue("O(Nn)n", Py_TYPE(self), it, (Py_ssize_t)0, (Py_ssize_t)0);
    }
    PyObject *stop = s->stop == -1 ? Py_NewRef(Py_None) : PyLong_FromSsize_t(s->stop);
    return stop == NULL ? NULL : Py_BuildValue("O(OnNn)n", Py_TYPE(self), s->it, s->next, stop, s->step, s->count);
}

static PyObject *islice_setstate(PyObject *self, PyObject *state) {
    Py_ssize_t n = PyLong_AsSsize_t(state);
    if (n == -1 && PyErr_Occurred())
        return NULL;
    ((Islice *)self)->count = n;
    Py_RETURN_NONE;
}

static PyMethodDef islice_methods[] = {REDUCE_METHOD(islice_reduce), SETSTATE_METHOD(islice_setstate), END_OF_METHODS};
ITERTOOLS_TYPE(kr_islice_type, "islice", Islice, islice,
               "islice(iterable, stop) --> islice object\nislice(iterable, start, stop[, step]) --> islice object\n\n"
               "The items that a slice of a list of all items would have, one at a time.")

/* ------------------------------------------------------------------ accumulate */

typedef struct {
    PyObject_HEAD
    PyObject *total;            /* NULL before the first */
    PyObject *it, *func;        /* func NULL: addition */
    PyObject *initial;
} Accumulate;

OWNED_FIELDS(accumulate, 4)

static PyObject *accumulate_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"iterable", "func", "initial", NULL};
    PyObject *iterable, *func = Py_None, *initial = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O$O:accumulate", keywords, &iterable, &func, &initial))
        return NULL;
    PyObject *it = PyObject_GetIter(iterable);
    if (it == NULL)
        return NULL;
    Accumulate *a = (Accumulate *)type->tp_alloc(type, 0);
    if (a == NULL) {
        Py_DECREF(it);
        return NULL;
    }
    a->it = it;
    a->func = func == Py_None ? NULL : Py_NewRef(func);
    a->initial = Py_NewRef(initial);
    return (PyObject *)a;
}

static PyObject *accumulate_next(PyObject *self) {
    Accumulate *a = (Accumulate *)self;
    if (a->initial != Py_None) {
        a->total = a->initial;
        a->initial = Py_NewRef(Py_None);
        return Py_NewRef(a->total);
    }
    PyObject *item = next_of(a->it);
    if (item == NULL)
        return NULL;
    if (a->total == NULL) {
        a->total = Py_NewRef(item);
        return item;
    }
    PyObject *sum = a->func == NULL ? PyNumber_Add(a->total, item) : PyObject_CallFunctionObjArgs(a->func, a->total, item, NULL);
    Py_DECREF(item);
    if (sum == NULL)
        return NULL;
    Py_SETREF(a->total, Py_NewRef(sum));
    return sum;
}

static PyObject *accumulate_reduce(PyObject *self, PyObject *unused) {
    Accumulate *a = (Accumulate *)self;
    PyObject *func = a->func == NULL ? Py_None : a->func;
    if (a->initial != Py_None || a->total == Py_None) {
        /* What is pending is put in front of the rest. A total of None cannot be told from none in the state, so it is
         * consumed by an islice around the copy. */
        PyObject *first = a->initial != Py_None ? a->initial : Py_None;
        PyObject *it = PyObject_CallFunction((PyObject *)&kr_chain_type, "(O)O", first, a->it);
        if (it == NULL)
            return NULL;
        if (a->initial != Py_None)
            return Py_BuildValue("O(NO)O", Py_TYPE(self), it, func, Py_None);
        PyObject *copy = PyObject_CallFunctionObjArgs((PyObject *)Py_TYPE(self), it, func, NULL);
        Py_DECREF(it);
        return copy == NULL ? NULL : Py_BuildValue("O(NiO)", &kr_islice_type, copy, 1, Py_None);
    }
    return Py_BuildValue("O(OO)O", Py_TYPE(self), a->it, func, a->total == NULL ? Py_None : a->total);
}

static PyObject *accumulate_setstate(PyObject *self, PyObject *state) {
    Accumulate *a = (Accumulate *)self;
    Py_XSETREF(a->total, Py_NewRef(state));
    Py_RETURN_NONE;
}

static PyMethodDef accumulate_methods[] = {REDUCE_METHOD(accumulate_reduce), SETSTATE_METHOD(accumulate_setstate), END_OF_METHODS};
ITERTOOLS_TYPE(kr_accumulate_type, "accumulate", Accumulate, accumulate,
               "accumulate(iterable, func=None, *, initial=None)\n--\n\nRunning sums, or running results of func.")

/* ------------------------------------------------------------------ zip_longest */

typedef struct {
    PyObject_HEAD
    PyObject *iters;            /* tuple; NULL items: exhausted ones */
    PyObject *result;           /* handed out again while nobody else holds it */
    PyObject *fill;
    Py_ssize_t active;
} ZipLongest;

OWNED_FIELDS(zip_longest, 3)

static PyObject *zip_longest_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *fill = Py_None;
    if (kwargs != NULL && PyDict_CheckExact(kwargs) && PyDict_GET_SIZE(kwargs) > 0) {
        PyObject *name = PyUnicode_FromString("fillvalue");
        fill = name ? PyDict_GetItemWithError(kwargs, name) : NULL;
        Py_XDECREF(name);
        if (fill == NULL && PyErr_Occurred()) return NULL;
        if (fill == NULL || PyDict_GET_SIZE(kwargs) > 1) {
            PyErr_SetString(PyExc_TypeError, "zip_longest() got an unexpected keyword argument");
            return NULL;
        }
    }
    Py_ssize_t n = PyTuple_GET_SIZE(args);
    PyObject *iters = PyTuple_New(n), *result = PyTuple_New(n);
    ZipLongest *z = NULL;
    if (iters == NULL || result == NULL)
        goto error;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *it = PyObject_GetIter(PyTuple_GET_ITEM(args, i));
        if (it == NULL)
            goto error;
        PyTuple_SET_ITEM(iters, i, it);
        PyTuple_SET_ITEM(result, i, Py_NewRef(Py_None));
    }
    if ((z = (ZipLongest *)type->tp_alloc(type, 0)) == NULL)
        goto error;
    z->iters = iters;
    z->result = result;
    z->fill = Py_NewRef(fill);
    z->active = n;
    return (PyObject *)z;
error:
    Py_XDECREF(iters);
    Py_XDECREF(result);
    return NULL;
}

static PyObject *zip_longest_next(PyObject *self) {
    ZipLongest *z = (ZipLongest *)self;
    Py_ssize_t n = PyTuple_GET_SIZE(z->iters);
    if (n == 0 || z->active == 0)
        return NULL;
    PyObject *result = z->result;
    if (Py_REFCNT(result) == 1) {
        Py_INCREF(result);
        if (!PyObject_GC_IsTracked(result))
            PyObject_GC_Track(result);
    } else if ((result = PyTuple_New(n)) == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *it = PyTuple_GET_ITEM(z->iters, i), *item = it == NULL ? NULL : next_of(it);
        if (item == NULL) {
            if (it != NULL) {
                z->active--;
                if (z->active == 0 || PyErr_Occurred()) {
                    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_StopIteration))
                        z->active = 0;
                    if (z->active == 0 || itertools_ended() < 0) {
                        Py_DECREF(result);
                        return NULL;
                    }
                }
                PyTuple_SET_ITEM(z->iters, i, NULL);
                Py_DECREF(it);
            }
            item = Py_NewRef(z->fill);
        }
        PyObject *old = PyTuple_GET_ITEM(result, i);
        PyTuple_SET_ITEM(result, i, item);
        Py_XDECREF(old);
    }
    return result;
}

static PyObject *zip_longest_reduce(PyObject *self, PyObject *unused) {
    ZipLongest *z = (ZipLongest *)self;
    Py_ssize_t n = PyTuple_GET_SIZE(z->iters);
    PyObject *args = PyTuple_New(n);
    for (Py_ssize_t i = 0; args != NULL && i < n; i++) {
        PyObject *it = PyTuple_GET_ITEM(z->iters, i);
        it = it == NULL ? PyTuple_New(0) : Py_NewRef(it);
        if (it == NULL)
            Py_CLEAR(args);
        else
            PyTuple_SET_ITEM(args, i, it);
    }
    return args == NULL ? NULL : Py_BuildValue("ONO", Py_TYPE(self), args, z->fill);
}

static PyObject *zip_longest_setstate(PyObject *self, PyObject *state) {
    Py_XSETREF(((ZipLongest *)self)->fill, Py_NewRef(state));
    Py_RETURN_NONE;
}

static PyMethodDef zip_longest_methods[] = {REDUCE_METHOD(zip_longest_reduce), SETSTATE_METHOD(zip_longest_setstate), END_OF_METHODS};
ITERTOOLS_TYPE(kr_zip_longest_type, "zip_longest", ZipLongest, zip_longest,
               "zip_longest(*iterables, fillvalue=None) --> zip_longest object\n\n"
               "Tuples of one item of each iterable until the longest ends; fillvalue stands in for the others.")
