/* itertools.c - the module itertools: count, repeat, cycle, chain, groupby and tee; the other types are in
 * itertools_filter.c and itertools_comb.c.
 *
 * tee: all iterators of one family walk one singly linked list of blocks, each block knowing the source iterator. A block lives
 * as long as some iterator is in it or before it; whoever reaches its end first reads the next item from the source.
 */
#include "module/itertools.h"

static PyObject *builtin_iter(void) {
    PyObject *name = PyUnicode_InternFromString("iter");
    if (name == NULL)
        return NULL;
    PyObject *r = _PyEval_GetBuiltin(name);
    Py_DECREF(name);
    return r;
}

/* ------------------------------------------------------------------ count */

typedef struct {
    PyObject_HEAD
    PyObject *big;              /* next value, when `small` is used up or cannot be used; else NULL */
    PyObject *step;
    Py_ssize_t small;           /* next value while < PY_SSIZE_T_MAX (then step is the int 1) */
} Count;

static PyTypeObject count_type;
OWNED_FIELDS(count, 2)

static bool is_int_one(PyObject *v) {
    if (!PyLong_CheckExact(v))
        return false;
    int overflow;
    return PyLong_AsLongAndOverflow(v, &overflow) == 1;
}

static PyObject *count_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"start", "step", NULL};
    PyObject *start = NULL, *step = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:count", keywords, &start, &step))
        return NULL;
    if ((start != NULL && !PyNumber_Check(start)) || (step != NULL && !PyNumber_Check(step))) {
        PyErr_SetString(PyExc_TypeError, "a number is required");
        return NULL;
    }
    start = start == NULL ? PyLong_FromLong(0) : Py_NewRef(start);
    step = start == NULL ? NULL : step == NULL ? PyLong_FromLong(1) : Py_NewRef(step);
    Count *c = step == NULL ? NULL : (Count *)type->tp_alloc(type, 0);
    if (c == NULL) {
        Py_XDECREF(start);
        Py_XDECREF(step);
        return NULL;
    }
    c->step = step;
    c->big = start;
    c->small = PY_SSIZE_T_MAX;
    if (PyLong_CheckExact(start) && is_int_one(step)) {
        Py_ssize_t v = PyLong_AsSsize_t(start);
        if (v == -1 && PyErr_Occurred()) {
            PyErr_Clear();
        } else if (v < PY_SSIZE_T_MAX) {
            c->small = v;
            Py_CLEAR(c->big);
        }
    }
    return (PyObject *)c;
}

static PyObject *count_next(PyObject *self) {
    Count *c = (Count *)self;
    if (c->small != PY_SSIZE_T_MAX)
        return PyLong_FromSsize_t(c->small++);
    if (c->big == NULL && (c->big = PyLong_FromSsize_t(PY_SSIZE_T_MAX)) == NULL)
        return NULL;
    PyObject *now = c->big, *next = PyNumber_Add(now, c->step);
    if (next == NULL)
        return NULL;
    c->big = next;
    return now;
}

static PyObject *count_repr(PyObject *self) {
    Count *c = (Count *)self;
    const char *name = _PyType_Name(Py_TYPE(self));
    if (c->small != PY_SSIZE_T_MAX)
        return PyUnicode_FromFormat("%s(%zd)", name, c->small);
    if (c->big == NULL && (c->big = PyLong_FromSsize_t(PY_SSIZE_T_MAX)) == NULL)
        return NULL;
    if (is_int_one(c->step))
        return PyUnicode_FromFormat("%s(%R)", name, c->big);
    return PyUnicode_FromFormat("%s(%R, %R)", name, c->big, c->step);
}

static PyObject *count_reduce(PyObject *self, PyObject *unused) {
    Count *c = (Count *)self;
    if (c->small != PY_SSIZE_T_MAX)
        return Py_BuildValue("O(n)", Py_TYPE(self), c->small);
    if (c->big == NULL && (c->big = PyLong_FromSsize_t(PY_SSIZE_T_MAX)) == NULL)
        return NULL;
    return Py_BuildValue("O(OO)", Py_TYPE(self), c->big, c->step);
}

static PyMethodDef count_methods[] = {REDUCE_METHOD(count_reduce), END_OF_METHODS};
static ITERTOOLS_TYPE(count_type, "count", Count, count,
                      "count(start=0, step=1)\n--\n\nstart, start + step, start + 2*step, ... without end.", .tp_repr = count_repr)

/* ------------------------------------------------------------------ repeat */

typedef struct {
    PyObject_HEAD
    PyObject *element;
    Py_ssize_t left;            /* -1: without end */
} Repeat;

static PyTypeObject repeat_type;
OWNED_FIELDS(repeat, 1)

static PyObject *repeat_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"object", "times", NULL};
    PyObject *element;
    Py_ssize_t times = -1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|n:repeat", keywords, &element, &times))
        return NULL;
    bool given = PyTuple_GET_SIZE(args) + (kwargs == NULL ? 0 : PyDict_GET_SIZE(kwargs)) == 2;
    Repeat *r = (Repeat *)type->tp_alloc(type, 0);
    if (r == NULL)
        return NULL;
    r->element = Py_NewRef(element);
    r->left = given && times < 0 ? 0 : times;
    return (PyObject *)r;
}

static PyObject *repeat_next(PyObject *self) {
    Repeat *r = (Repeat *)self;
    if (r->left == 0)
        return NULL;
    if (r->left > 0)
        r->left--;
    return Py_NewRef(r->element);
}

static PyObject *repeat_repr(PyObject *self) {
    Repeat *r = (Repeat *)self;
    if (r->left == -1)
        return PyUnicode_FromFormat("%s(%R)", _PyType_Name(Py_TYPE(self)), r->element);
    return PyUnicode_FromFormat("%s(%R, %zd)", _PyType_Name(Py_TYPE(self)), r->element, r->left);
}

static PyObject *repeat_length_hint(PyObject *self, PyObject *unused) {
    if (((Repeat *)self)->left == -1) {
        PyErr_SetString(PyExc_TypeError, "len() of unsized object");
        return NULL;
    }
    return PyLong_FromSsize_t(((Repeat *)self)->left);
}

static PyObject *repeat_reduce(PyObject *self, PyObject *unused) {
    Repeat *r = (Repeat *)self;
    if (r->left >= 0)
        return Py_BuildValue("O(On)", Py_TYPE(self), r->element, r->left);
    return Py_BuildValue("O(O)", Py_TYPE(self), r->element);
}

static PyMethodDef repeat_methods[] = {
    {"__length_hint__", repeat_length_hint, METH_NOARGS, PyDoc_STR("Private method: how many items are left.")},
    REDUCE_METHOD(repeat_reduce), END_OF_METHODS};
static ITERTOOLS_TYPE(repeat_type, "repeat", Repeat, repeat,
                      "repeat(object [,times]) -> the object again and again: times times, or without end.", .tp_repr = repeat_repr)

/* ------------------------------------------------------------------ cycle */

typedef struct {
    PyObject_HEAD
    PyObject *it;               /* NULL after the first pass */
    PyObject *saved;            /* list */
    Py_ssize_t index;
    int saved_all;              /* what `it` still gives is in `saved` already (after unpickling) */
} Cycle;

static PyTypeObject cycle_type;
OWNED_FIELDS(cycle, 2)

static PyObject *cycle_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *iterable;
    if (!NO_KEYWORDS(type, cycle_type, "cycle", kwargs) || !PyArg_UnpackTuple(args, "cycle", 1, 1, &iterable))
        return NULL;
    PyObject *it = PyObject_GetIter(iterable), *saved = it == NULL ? NULL : PyList_New(0);
    Cycle *c = saved == NULL ? NULL : (Cycle *)type->tp_alloc(type, 0);
    if (c == NULL) {
        Py_XDECREF(it);
        Py_XDECREF(saved);
        return NULL;
    }
    c->it = it;
    c->saved = saved;
    return (PyObject *)c;
}

static PyObject *cycle_next(PyObject *self) {
    Cycle *c = (Cycle *)self;
    if (c->it != NULL) {
        PyObject *item = next_of(c->it);
        if (item != NULL) {
            if (!c->saved_all && PyList_Append(c->saved, item) < 0)
                Py_CLEAR(item);
            return item;
        }
        if (itertools_ended() < 0)
            return NULL;
        Py_CLEAR(c->it);
    }
    Py_ssize_t n = PyList_GET_SIZE(c->saved);
    if (n == 0)
        return NULL;
    if (c->index >= n)
        c->index = 0;
    return Py_NewRef(PyList_GET_ITEM(c->saved, c->index++));
}

static PyObject *cycle_reduce(PyObject *self, PyObject *unused) {
    Cycle *c = (Cycle *)self;
    if (c->it != NULL)
        return Py_BuildValue("O(O)(OO)", Py_TYPE(self), c->it, c->saved, c->saved_all ? Py_True : Py_False);
    PyObject *it = PyObject_GetIter(c->saved);
    if (it == NULL)
        return NULL;
    if (c->index != 0) {
        PyObject *r = PyObject_CallMethod(it, "__setstate__", "n", c->index);
        if (r == NULL) {
            Py_DECREF(it);
            return NULL;
        }
        Py_DECREF(r);
    }
    return Py_BuildValue("O(N)(OO)", Py_TYPE(self), it, c->saved, Py_True);
}

static PyObject *cycle_setstate(PyObject *self, PyObject *state) {
    Cycle *c = (Cycle *)self;
    PyObject *saved;
    int saved_all;
    if (!PyTuple_Check(state)) {
        PyErr_SetString(PyExc_TypeError, "state is not a tuple");
        return NULL;
    }
    if (!PyArg_ParseTuple(state, "O!i", &PyList_Type, &saved, &saved_all))
        return NULL;
    Py_XSETREF(c->saved, Py_NewRef(saved));
    c->saved_all = saved_all != 0;
    c->index = 0;
    Py_RETURN_NONE;
}

static PyMethodDef cycle_methods[] = {REDUCE_METHOD(cycle_reduce), SETSTATE_METHOD(cycle_setstate), END_OF_METHODS};
static ITERTOOLS_TYPE(cycle_type, "cycle", Cycle, cycle,
                      "cycle(iterable, /)\n--\n\nThe items, then the same again, without end.")

/* ------------------------------------------------------------------ chain */

typedef struct {
    PyObject_HEAD
    PyObject *source;           /* iterator over the iterables; NULL once exhausted */
    PyObject *active;           /* iterator of the current one */
} Chain;

OWNED_FIELDS(chain, 2)

/* Takes over source. */
static PyObject *chain_over(PyTypeObject *type, PyObject *source) {
    Chain *c = source == NULL ? NULL : (Chain *)type->tp_alloc(type, 0);
    if (c == NULL) {
        Py_XDECREF(source);
        return NULL;
    }
    c->source = source;
    return (PyObject *)c;
}

static PyObject *chain_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    if (!NO_KEYWORDS(type, kr_chain_type, "chain", kwargs))
        return NULL;
    return chain_over(type, PyObject_GetIter(args));
}

static PyObject *chain_from_iterable(PyObject *type, PyObject *iterables) {
    return chain_over((PyTypeObject *)type, PyObject_GetIter(iterables));
}

static PyObject *chain_next(PyObject *self) {
    Chain *c = (Chain *)self;
    while (c->source != NULL) {
        if (c->active == NULL) {
            PyObject *iterable = next_of(c->source);
            if (iterable == NULL) {
                Py_CLEAR(c->source);
                return NULL;
            }
            c->active = PyObject_GetIter(iterable);
            Py_DECREF(iterable);
            if (c->active == NULL) {
                Py_CLEAR(c->source);
                return NULL;
            }
        }
        PyObject *item = next_of(c->active);
        if (item != NULL)
            return item;
        if (itertools_ended() < 0)
            return NULL;
        Py_CLEAR(c->active);
    }
    return NULL;
}

static PyObject *chain_reduce(PyObject *self, PyObject *unused) {
    Chain *c = (Chain *)self;
    if (c->source == NULL)
        return Py_BuildValue("O()", Py_TYPE(self));
    if (c->active == NULL)
        return Py_BuildValue("O()(O)", Py_TYPE(self), c->source);
    return Py_BuildValue("O()(OO)", Py_TYPE(self), c->source, c->active);
}

static PyObject *chain_setstate(PyObject *self, PyObject *state) {
    Chain *c = (Chain *)self;
    PyObject *source, *active = NULL;
    if (!PyTuple_Check(state)) {
        PyErr_SetString(PyExc_TypeError, "state is not a tuple");
        return NULL;
    }
    if (!PyArg_ParseTuple(state, "O|O", &source, &active))
        return NULL;
    if (!PyIter_Check(source) || (active != NULL && !PyIter_Check(active))) {
        PyErr_SetString(PyExc_TypeError, "Arguments must be iterators.");
        return NULL;
    }
    Py_XSETREF(c->source, Py_NewRef(source));
    Py_XSETREF(c->active, Py_XNewRef(active));
    Py_RETURN_NONE;
}

static PyMethodDef chain_methods[] = {
    {"from_iterable", chain_from_iterable, METH_O | METH_CLASS,
     PyDoc_STR("from_iterable($type, iterable, /)\n--\n\nLike chain(), with the iterables from one iterable.")},
    REDUCE_METHOD(chain_reduce), SETSTATE_METHOD(chain_setstate),
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, PyDoc_STR("See PEP 585")},
    END_OF_METHODS};
ITERTOOLS_TYPE(kr_chain_type, "chain", Chain, chain,
               "chain(*iterables) --> chain object\n\nThe items of the first iterable, then those of the second, and so on.")

/* ------------------------------------------------------------------ groupby */

typedef struct {
    PyObject_HEAD
    PyObject *it, *keyfunc;
    PyObject *target_key;       /* of the group given out last */
    PyObject *current_key, *current_value;      /* read, but not given out yet */
    const void *group;          /* the live group object, borrowed; others have ended */
} Groupby;

typedef struct {
    PyObject_HEAD
    PyObject *parent, *target_key;
} Group;

static PyTypeObject groupby_type, group_type;
OWNED_FIELDS(groupby, 5)
OWNED_FIELDS(group, 2)

static PyObject *groupby_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"iterable", "key", NULL};
    PyObject *iterable, *key = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:groupby", keywords, &iterable, &key))
        return NULL;
    PyObject *it = PyObject_GetIter(iterable);
    Groupby *g = it == NULL ? NULL : (Groupby *)type->tp_alloc(type, 0);
    if (g == NULL) {
        Py_XDECREF(it);
        return NULL;
    }
    g->it = it;
    g->keyfunc = Py_NewRef(key);
    return (PyObject *)g;
}

/* Reads the next item and its key: 0, or -1 at the end or with an exception set. */
static int groupby_step(Groupby *g) {
    PyObject *value = next_of(g->it);
    if (value == NULL)
        return -1;
    PyObject *key = g->keyfunc == Py_None ? Py_NewRef(value) : PyObject_CallOneArg(g->keyfunc, value);
    if (key == NULL) {
        Py_DECREF(value);
        return -1;
    }
    PyObject *old_value = g->current_value, *old_key = g->current_key;
    g->current_value = value;
    g->current_key = key;
    Py_XDECREF(old_value);
    Py_XDECREF(old_key);
    return 0;
}

/* Equality of two keys held while they are compared. */
static int same_key(PyObject *a, PyObject *b) {
    Py_INCREF(a);
    Py_INCREF(b);
    int eq = PyObject_RichCompareBool(a, b, Py_EQ);
    Py_DECREF(a);
    Py_DECREF(b);
    return eq;
}

static PyObject *group_create(Groupby *parent, PyObject *key) {
    Group *group = PyObject_GC_New(Group, &group_type);
    if (group == NULL)
        return NULL;
    group->parent = Py_NewRef(parent);
    group->target_key = Py_NewRef(key);
    parent->group = group;
    PyObject_GC_Track(group);
    return (PyObject *)group;
}

static PyObject *groupby_next(PyObject *self) {
    Groupby *g = (Groupby *)self;
    g->group = NULL;
    for (;;) {                  /* skip what is left of the last group */
        if (g->current_key != NULL) {
            if (g->target_key == NULL)
                break;
            int eq = same_key(g->target_key, g->current_key);
            if (eq < 0)
                return NULL;
            if (eq == 0)
                break;
        }
        if (groupby_step(g) < 0)
            return NULL;
    }
    Py_XSETREF(g->target_key, Py_NewRef(g->current_key));
    PyObject *group = group_create(g, g->current_key);
    if (group == NULL)
        return NULL;
    PyObject *pair = PyTuple_Pack(2, g->current_key, group);
    Py_DECREF(group);
    return pair;
}

static PyObject *groupby_reduce(PyObject *self, PyObject *unused) {
    Groupby *g = (Groupby *)self;
    if (g->target_key != NULL && g->current_key != NULL && g->current_value != NULL)
        return Py_BuildValue("O(OO)(OOO)", Py_TYPE(self), g->it, g->keyfunc, g->current_key, g->current_value, g->target_key);
    return Py_BuildValue("O(OO)", Py_TYPE(self), g->it, g->keyfunc);
}

static PyObject *groupby_setstate(PyObject *self, PyObject *state) {
    Groupby *g = (Groupby *)self;
    PyObject *current_key, *current_value, *target_key;
    if (!PyTuple_Check(state)) {
        PyErr_SetString(PyExc_TypeError, "state is not a tuple");
        return NULL;
    }
    if (!PyArg_ParseTuple(state, "OOO", &current_key, &current_value, &target_key))
        return NULL;
    Py_XSETREF(g->current_key, Py_NewRef(current_key));
    Py_XSETREF(g->current_value, Py_NewRef(current_value));
    Py_XSETREF(g->target_key, Py_NewRef(target_key));
    Py_RETURN_NONE;
}

static PyMethodDef groupby_methods[] = {REDUCE_METHOD(groupby_reduce), SETSTATE_METHOD(groupby_setstate), END_OF_METHODS};
static ITERTOOLS_TYPE(groupby_type, "groupby", Groupby, groupby,
                      "groupby(iterable, key=None)\n--\n\n(key, group) pairs of successive items with equal keys; a group is an iterator.\n\n"
                      "key computes an item's key; without it the item is the key.")

static PyObject *group_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *parent, *key;
    if (!NO_KEYWORDS(type, group_type, "_grouper", kwargs) || !PyArg_ParseTuple(args, "O!O:_grouper", &groupby_type, &parent, &key))
        return NULL;
    return group_create((Groupby *)parent, key);
}

static PyObject *group_next(PyObject *self) {
    Group *group = (Group *)self;
    Groupby *g = (Groupby *)group->parent;
    if (g->group != self)
        return NULL;
    if (g->current_value == NULL && groupby_step(g) < 0)
        return NULL;
    int eq = same_key(group->target_key, g->current_key);
    if (eq <= 0)
        return NULL;
    PyObject *value = g->current_value;
    g->current_value = NULL;
    Py_CLEAR(g->current_key);
    return value;
}

static PyObject *group_reduce(PyObject *self, PyObject *unused) {
    Group *group = (Group *)self;
    if (((Groupby *)group->parent)->group != self)
        return Py_BuildValue("N(())", builtin_iter());
    return Py_BuildValue("O(OO)", Py_TYPE(self), group->parent, group->target_key);
}

static PyMethodDef group_methods[] = {REDUCE_METHOD(group_reduce), END_OF_METHODS};
static PyTypeObject group_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "itertools._grouper",
    .tp_basicsize = sizeof(Group),
    .tp_dealloc = group_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = PyDoc_STR("_grouper(parent, tgtkey, /)\n--\n\nOne group of a groupby()."),
    .tp_traverse = group_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = group_next,
    .tp_methods = group_methods,
    .tp_new = group_new,
    .tp_free = PyObject_GC_Del,
};

/* ------------------------------------------------------------------ tee */

enum { TEE_BLOCK = 57 };        /* a block is 512 bytes */

typedef struct {
    PyObject_HEAD
    PyObject *it;
    PyObject *next;             /* block, or NULL */
    int count;                  /* values read */
    int reading;
    PyObject *values[TEE_BLOCK];
} TeeBlock;

typedef struct {
    PyObject_HEAD
    TeeBlock *block;
    int index;
    PyObject *weakrefs;
} Tee;

static PyTypeObject tee_block_type, tee_type;

static PyObject *tee_block_create(PyObject *it) {
    TeeBlock *b = PyObject_GC_New(TeeBlock, &tee_block_type);
    if (b == NULL)
        return NULL;
    b->it = Py_NewRef(it);
    b->next = NULL;
    b->count = 0;
    b->reading = 0;
    PyObject_GC_Track(b);
    return (PyObject *)b;
}

static int tee_block_traverse(PyObject *self, visitproc visit, void *arg) {
    TeeBlock *b = (TeeBlock *)self;
    Py_VISIT(b->it);
    for (int i = 0; i < b->count; i++)
        Py_VISIT(b->values[i]);
    Py_VISIT(b->next);
    return 0;
}

/* Drops a chain of blocks one by one, so that a long one does not recurse. */
static void tee_drop_chain(PyObject *block) {
    while (block != NULL && Py_IS_TYPE(block, &tee_block_type) && Py_REFCNT(block) == 1) {
        PyObject *next = ((TeeBlock *)block)->next;
        ((TeeBlock *)block)->next = NULL;
        Py_DECREF(block);
        block = next;
    }
    Py_XDECREF(block);
}

static int tee_block_clear(PyObject *self) {
    TeeBlock *b = (TeeBlock *)self;
    Py_CLEAR(b->it);
    int n = b->count;
    b->count = 0;
    for (int i = 0; i < n; i++)
        Py_CLEAR(b->values[i]);
    PyObject *next = b->next;
    b->next = NULL;
    tee_drop_chain(next);
    return 0;
}

static void tee_block_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    tee_block_clear(self);
    PyObject_GC_Del(self);
}

static PyObject *tee_block_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *it, *values, *next;
    if (!NO_KEYWORDS(type, tee_block_type, "teedataobject", kwargs) ||
        !PyArg_ParseTuple(args, "OO!O:teedataobject", &it, &PyList_Type, &values, &next))
        return NULL;
    TeeBlock *b = (TeeBlock *)tee_block_create(it);
    if (b == NULL)
        return NULL;
    Py_ssize_t n = PyList_GET_SIZE(values);
    if (n > TEE_BLOCK || (next != Py_None && (n != TEE_BLOCK || !Py_IS_TYPE(next, &tee_block_type)))) {
        Py_DECREF(b);
        PyErr_SetString(PyExc_ValueError, "Invalid arguments");
        return NULL;
    }
    for (; b->count < n; b->count++)
        b->values[b->count] = Py_NewRef(PyList_GET_ITEM(values, b->count));
    if (next != Py_None)
        b->next = Py_NewRef(next);
    return (PyObject *)b;
}

static PyObject *tee_block_reduce(PyObject *self, PyObject *unused) {
    TeeBlock *b = (TeeBlock *)self;
    PyObject *values = PyList_New(b->count);
    if (values == NULL)
        return NULL;
    for (int i = 0; i < b->count; i++)
        PyList_SET_ITEM(values, i, Py_NewRef(b->values[i]));
    return Py_BuildValue("O(ONO)", Py_TYPE(self), b->it, values, b->next == NULL ? Py_None : b->next);
}

static PyMethodDef tee_block_methods[] = {REDUCE_METHOD(tee_block_reduce), END_OF_METHODS};
static PyTypeObject tee_block_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "itertools._tee_dataobject",
    .tp_basicsize = sizeof(TeeBlock),
    .tp_dealloc = tee_block_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = PyDoc_STR("teedataobject(iterable, values, next, /)\n--\n\nItems shared by the iterators of a tee()."),
    .tp_traverse = tee_block_traverse,
    .tp_clear = tee_block_clear,
    .tp_methods = tee_block_methods,
    .tp_new = tee_block_new,
    .tp_free = PyObject_GC_Del,
};

/* Item i of a block, read from the source if it is the first not read. */
static PyObject *tee_block_get(TeeBlock *b, int i) {
    if (i < b->count)
        return Py_NewRef(b->values[i]);
    if (b->reading) {
        PyErr_SetString(PyExc_RuntimeError, "cannot re-enter the tee iterator");
        return NULL;
    }
    b->reading = 1;
    PyObject *value = b->it == NULL ? NULL : next_of(b->it);
    b->reading = 0;
    if (value != NULL)
        b->values[b->count++] = Py_NewRef(value);
    return value;
}

static PyObject *tee_next(PyObject *self) {
    Tee *t = (Tee *)self;
    if (t->index >= TEE_BLOCK) {
        TeeBlock *b = t->block;
        if (b->next == NULL && (b->next = tee_block_create(b->it)) == NULL)
            return NULL;
        t->block = (TeeBlock *)Py_NewRef(b->next);
        t->index = 0;
        Py_DECREF(b);
    }
    PyObject *value = tee_block_get(t->block, t->index);
    if (value != NULL)
        t->index++;
    return value;
}

static int tee_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((Tee *)self)->block);
    return 0;
}

static int tee_clear(PyObject *self) {
    if (((Tee *)self)->weakrefs != NULL)
        PyObject_ClearWeakRefs(self);
    Py_CLEAR(((Tee *)self)->block);
    return 0;
}

static void tee_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    tee_clear(self);
    PyObject_GC_Del(self);
}

/* Takes over the block. */
static PyObject *tee_create(PyObject *block, int index) {
    Tee *t = block == NULL ? NULL : PyObject_GC_New(Tee, &tee_type);
    if (t == NULL) {
        Py_XDECREF(block);
        return NULL;
    }
    t->block = (TeeBlock *)block;
    t->index = index;
    t->weakrefs = NULL;
    PyObject_GC_Track(t);
    return (PyObject *)t;
}

static PyObject *tee_copy(PyObject *self, PyObject *unused) {
    Tee *t = (Tee *)self;
    return tee_create(Py_NewRef(t->block), t->index);
}

static PyObject *tee_from_iterable(PyObject *iterable) {
    PyObject *it = PyObject_GetIter(iterable), *result;
    if (it == NULL)
        return NULL;
    result = Py_IS_TYPE(it, &tee_type) || PyObject_TypeCheck(it, &tee_type) ? tee_copy(it, NULL) : tee_create(tee_block_create(it), 0);
    Py_DECREF(it);
    return result;
}

static PyObject *tee_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *iterable;
    if (!NO_KEYWORDS(type, tee_type, "_tee", kwargs) || !PyArg_UnpackTuple(args, "_tee", 1, 1, &iterable))
        return NULL;
    return tee_from_iterable(iterable);
}

static PyObject *tee_reduce(PyObject *self, PyObject *unused) {
    Tee *t = (Tee *)self;
    return Py_BuildValue("O(())(Oi)", Py_TYPE(self), t->block, t->index);
}

static PyObject *tee_setstate(PyObject *self, PyObject *state) {
    Tee *t = (Tee *)self;
    PyObject *block;
    int index;
    if (!PyTuple_Check(state)) {
        PyErr_SetString(PyExc_TypeError, "state is not a tuple");
        return NULL;
    }
    if (!PyArg_ParseTuple(state, "O!i", &tee_block_type, &block, &index))
        return NULL;
    if (index < 0 || index > TEE_BLOCK) {
        PyErr_SetString(PyExc_ValueError, "Index out of range");
        return NULL;
    }
    Py_XSETREF(t->block, (TeeBlock *)Py_NewRef(block));
    t->index = index;
    Py_RETURN_NONE;
}

static PyMethodDef tee_methods[] = {
    {"__copy__", tee_copy, METH_NOARGS, PyDoc_STR("An independent iterator at the same place.")},
    REDUCE_METHOD(tee_reduce), SETSTATE_METHOD(tee_setstate), END_OF_METHODS};
static PyTypeObject tee_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "itertools._tee",
    .tp_basicsize = sizeof(Tee),
    .tp_dealloc = tee_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = PyDoc_STR("_tee(iterable, /)\n--\n\nAn iterator that can be copied."),
    .tp_traverse = tee_traverse,
    .tp_clear = tee_clear,
    .tp_weaklistoffset = offsetof(Tee, weakrefs),
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = tee_next,
    .tp_methods = tee_methods,
    .tp_new = tee_new,
    .tp_free = PyObject_GC_Del,
};

static PyObject *itertools_tee(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    Py_ssize_t n = 2;
    if (!_PyArg_CheckPositional("tee", nargs, 1, 2))
        return NULL;
    if (nargs > 1) {
        n = PyNumber_AsSsize_t(args[1], PyExc_OverflowError);
        if (n == -1 && PyErr_Occurred())
            return NULL;
    }
    if (n < 0) {
        PyErr_SetString(PyExc_ValueError, "n must be >= 0");
        return NULL;
    }
    PyObject *result = PyTuple_New(n);
    if (result == NULL || n == 0)
        return result;
    PyObject *it = PyObject_GetIter(args[0]), *copy;
    PyObject *name = it == NULL ? NULL : PyUnicode_InternFromString("__copy__");
    if (name == NULL || _PyObject_LookupAttr(it, name, &copy) < 0)
        goto error;
    if (copy == NULL) {
        Py_SETREF(it, tee_from_iterable(it));
        if (it == NULL || (copy = PyObject_GetAttr(it, name)) == NULL)
            goto error;
    }
    Py_DECREF(name);
    PyTuple_SET_ITEM(result, 0, it);
    for (Py_ssize_t i = 1; result != NULL && i < n; i++) {
        PyObject *c = PyObject_CallNoArgs(copy);
        if (c == NULL)
            Py_CLEAR(result);
        else
            PyTuple_SET_ITEM(result, i, c);
    }
    Py_DECREF(copy);
    return result;
error:
    Py_XDECREF(name);
    Py_XDECREF(it);
    Py_DECREF(result);
    return NULL;
}

/* ------------------------------------------------------------------ the module */

static int itertools_exec(PyObject *module) {
    PyTypeObject *const types[] = {
        &kr_accumulate_type, &kr_combinations_type, &kr_combinations_with_replacement_type, &cycle_type, &kr_dropwhile_type,
        &kr_takewhile_type, &kr_islice_type, &kr_starmap_type, &kr_chain_type, &kr_compress_type, &kr_filterfalse_type,
        &count_type, &kr_zip_longest_type, &kr_pairwise_type, &kr_permutations_type, &kr_product_type, &repeat_type,
        &groupby_type, &group_type, &tee_type, &tee_block_type};
    for (size_t i = 0; i < KR_ARRAY_LEN(types); i++)
        if (PyModule_AddType(module, types[i]) < 0)
            return -1;
    return 0;
}

static PyMethodDef itertools_functions[] = {
    {"tee", KR_METH(itertools_tee), METH_FASTCALL,
     PyDoc_STR("tee($module, iterable, n=2, /)\n--\n\nA tuple of n independent iterators over one iterable.")},
    END_OF_METHODS};

static PyModuleDef_Slot itertools_slots[] = {{Py_mod_exec, itertools_exec}, {0, NULL}};

static PyModuleDef itertools_module = {
    PyModuleDef_HEAD_INIT, .m_name = "itertools", .m_doc = PyDoc_STR("Building blocks for working with iterators."),
    .m_methods = itertools_functions, .m_slots = itertools_slots};

PyMODINIT_FUNC PyInit_itertools(void);
PyMODINIT_FUNC PyInit_itertools(void) { return PyModuleDef_Init(&itertools_module); }
