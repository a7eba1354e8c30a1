/* set.c - the types set and frozenset, their C API and their iterator.
 *
 * The table is in set_table.c, the algebra in set_ops.c. What operators and methods return is of the base type (set or
 * frozenset), whatever subclass they are called on. A frozenset caches its hash; a set's hash field is always -1.
 */
#include "object/set_table.h"
#include "memory/gc.h"

PyObject *_PySet_Dummy = KR_SET_DUMMY;

/* ------------------------------------------------------------------ lifecycle */

static void set_dealloc(PyObject *self) {
    PySetObject *s = (PySetObject *)self;
    KR_FORGET(self);
    KR_TRASHCAN_BEGIN(self, set_dealloc)
    if (s->weakreflist != NULL)
        PyObject_ClearWeakRefs(self);
    for (Py_ssize_t i = 0; s->used > 0 && i <= s->mask; i++) {
        PyObject *key = s->table[i].key;
        if (key != NULL && key != KR_SET_DUMMY) {
            s->used--;
            Py_DECREF(key);
        }
    }
    if (s->table != s->smalltable)
        PyMem_Free(s->table);
    Py_TYPE(self)->tp_free(self);
    KR_TRASHCAN_END
}

static int set_traverse(PyObject *self, visitproc visit, void *arg) {
    PyObject *key;
    Py_hash_t hash;
    if (((PySetObject *)self)->table == NULL)
        return 0;
    for (Py_ssize_t pos = 0; kr_set_next((PySetObject *)self, &pos, &key, &hash);)
        Py_VISIT(key);
    return 0;
}

static int set_tp_clear(PyObject *self) {
    kr_set_clear((PySetObject *)self);
    return 0;
}

static PyObject *set_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) { return (PyObject *)kr_set_new(type); }

static int set_init(PyObject *self, PyObject *args, PyObject *kwargs) {
    PyObject *iterable = NULL;
    if (!_PyArg_NoKeywords("set", kwargs) || !PyArg_UnpackTuple(args, "set", 0, 1, &iterable))
        return -1;
    kr_set_clear((PySetObject *)self);
    ((PySetObject *)self)->hash = -1;
    return iterable == NULL ? 0 : kr_set_update((PySetObject *)self, iterable);
}

static PyObject *set_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    if (!_PyArg_NoKwnames("set", kwnames) || !_PyArg_CheckPositional("set", nargs, 0, 1))
        return NULL;
    return kr_set_from((PyTypeObject *)type, nargs > 0 ? args[0] : NULL);
}

static PyObject *frozenset_make(PyTypeObject *type, PyObject *iterable) {
    if (type == &PyFrozenSet_Type && iterable != NULL && PyFrozenSet_CheckExact(iterable))
        return Py_NewRef(iterable);
    return kr_set_from(type, iterable);
}

static PyObject *frozenset_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *iterable = NULL;
    if ((type == &PyFrozenSet_Type || type->tp_init == PyFrozenSet_Type.tp_init) && !_PyArg_NoKeywords("frozenset", kwargs))
        return NULL;
    if (!_PyArg_CheckPositional("frozenset", PyTuple_GET_SIZE(args), 0, 1))
        return NULL;
    if (PyTuple_GET_SIZE(args) > 0)
        iterable = PyTuple_GET_ITEM(args, 0);
    return frozenset_make(type, iterable);
}

static PyObject *frozenset_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    if (!_PyArg_NoKwnames("frozenset", kwnames) || !_PyArg_CheckPositional("frozenset", nargs, 0, 1))
        return NULL;
    return frozenset_make((PyTypeObject *)type, nargs > 0 ? args[0] : NULL);
}

/* ------------------------------------------------------------------ C API */

PyObject *PySet_New(PyObject *iterable) { return kr_set_from(&PySet_Type, iterable); }
PyObject *PyFrozenSet_New(PyObject *iterable) { return kr_set_from(&PyFrozenSet_Type, iterable); }

#define SET_OR_FAIL(op, check, failure) \
    do { \
        if (!check(op)) { \
            PyErr_BadInternalCall(); \
            return failure; \
        } \
    } while (0)

Py_ssize_t PySet_Size(PyObject *op) {
    SET_OR_FAIL(op, PyAnySet_Check, -1);
    return ((PySetObject *)op)->used;
}

int PySet_Clear(PyObject *op) {
    SET_OR_FAIL(op, PySet_Check, -1);
    kr_set_clear((PySetObject *)op);
    return 0;
}

int PySet_Contains(PyObject *op, PyObject *key) {
    SET_OR_FAIL(op, PyAnySet_Check, -1);
    return kr_set_contains((PySetObject *)op, key);
}

int PySet_Discard(PyObject *op, PyObject *key) {
    SET_OR_FAIL(op, PySet_Check, -1);
    return kr_set_discard((PySetObject *)op, key);
}

int PySet_Add(PyObject *op, PyObject *key) {
    /* A frozenset may be filled by who has just made it. */
    if (!PySet_Check(op) && (!PyFrozenSet_Check(op) || Py_REFCNT(op) != 1)) {
        PyErr_BadInternalCall();
        return -1;
    }
    return kr_set_add((PySetObject *)op, key);
}

int _PySet_NextEntry(PyObject *op, Py_ssize_t *pos, PyObject **key, Py_hash_t *hash) {
    SET_OR_FAIL(op, PyAnySet_Check, -1);
    return kr_set_next((PySetObject *)op, pos, key, hash);
}

int _PySet_Update(PyObject *op, PyObject *iterable) {
    SET_OR_FAIL(op, PySet_Check, -1);
    return kr_set_update((PySetObject *)op, iterable);
}

static PyObject *set_pop(PyObject *self, PyObject *unused) {
    PySetObject *s = (PySetObject *)self;
    if (s->used == 0) {
        PyErr_SetString(PyExc_KeyError, "pop from an empty set");
        return NULL;
    }
    /* Going on from where the last pop left off keeps a loop of pops linear. */
    Py_ssize_t i = s->finger & s->mask;
    while (s->table[i].key == NULL || s->table[i].key == KR_SET_DUMMY)
        i = i < s->mask ? i + 1 : 0;
    PyObject *key = s->table[i].key;
    s->table[i].key = KR_SET_DUMMY;
    s->table[i].hash = -1;
    s->used--;
    s->finger = i + 1;
    return key;
}

PyObject *PySet_Pop(PyObject *op) {
    SET_OR_FAIL(op, PySet_Check, NULL);
    return set_pop(op, NULL);
}

/* ------------------------------------------------------------------ protocols */

static PyObject *set_repr(PyObject *self) {
    PySetObject *s = (PySetObject *)self;
    int r = Py_ReprEnter(self);
    if (r != 0)
        return r > 0 ? PyUnicode_FromFormat("%s(...)", Py_TYPE(self)->tp_name) : NULL;
    PyObject *result = NULL;
    if (s->used == 0) {
        result = PyUnicode_FromFormat("%s()", Py_TYPE(self)->tp_name);
        goto done;
    }
    PyObject *list = PySequence_List(self);
    if (list == NULL)
        goto done;
    PyObject *text = PyObject_Repr(list), *inner;
    Py_DECREF(list);
    if (text == NULL)
        goto done;
    inner = PyUnicode_Substring(text, 1, PyUnicode_GET_LENGTH(text) - 1);
    Py_DECREF(text);
    if (inner == NULL)
        goto done;
    if (PySet_CheckExact(self))
        result = PyUnicode_FromFormat("{%U}", inner);
    else
        result = PyUnicode_FromFormat("%s({%U})", Py_TYPE(self)->tp_name, inner);
    Py_DECREF(inner);
done:
    Py_ReprLeave(self);
    return result;
}

static Py_ssize_t set_length(PyObject *self) { return ((PySetObject *)self)->used; }

/* Runs `operation` on key; a key that is an unhashable set stands for the frozenset of its items. */
static int with_set_key(PyObject *self, PyObject *key, int (*operation)(PySetObject *, PyObject *)) {
    int r = operation((PySetObject *)self, key);
    if (r >= 0 || !PySet_Check(key) || !PyErr_ExceptionMatches(PyExc_TypeError))
        return r;
    PyErr_Clear();
    PyObject *frozen = kr_set_from(&PyFrozenSet_Type, key);
    if (frozen == NULL)
        return -1;
    r = operation((PySetObject *)self, frozen);
    Py_DECREF(frozen);
    return r;
}

static int set_contains(PyObject *self, PyObject *key) { return with_set_key(self, key, kr_set_contains); }

/* The formula that collections.abc.Set._hash documents: independent of order. */
static Py_hash_t frozenset_hash(PyObject *self) {
    PySetObject *s = (PySetObject *)self;
    if (s->hash != -1)
        return s->hash;
    Py_uhash_t h = 1927868237UL * ((Py_uhash_t)s->used + 1);
    PyObject *key;
    Py_hash_t kh;
    for (Py_ssize_t pos = 0; kr_set_next(s, &pos, &key, &kh);)
        h ^= ((Py_uhash_t)kh ^ ((Py_uhash_t)kh << 16) ^ 89869747UL) * 3644798167UL;
    h ^= (h >> 11) ^ (h >> 25);
    h = h * 69069U + 907133923UL;
    s->hash = h == (Py_uhash_t)-1 ? 590923713 : (Py_hash_t)h;
    return s->hash;
}

#define BOTH_SETS_OR_NOT_IMPLEMENTED(a, b) \
    if (!PyAnySet_Check(a) || !PyAnySet_Check(b)) \
        Py_RETURN_NOTIMPLEMENTED

static PyObject *set_or(PyObject *a, PyObject *b) {
    BOTH_SETS_OR_NOT_IMPLEMENTED(a, b);
    PyObject *result = kr_set_from(kr_set_base_type((PySetObject *)a), a);
    if (result != NULL && kr_set_update((PySetObject *)result, b) < 0)
        Py_CLEAR(result);
    return result;
}

static PyObject *set_and(PyObject *a, PyObject *b) {
    BOTH_SETS_OR_NOT_IMPLEMENTED(a, b);
    return kr_set_intersection((PySetObject *)a, b);
}

static PyObject *set_sub(PyObject *a, PyObject *b) {
    BOTH_SETS_OR_NOT_IMPLEMENTED(a, b);
    return kr_set_difference((PySetObject *)a, b);
}

static PyObject *set_xor(PyObject *a, PyObject *b) {
    BOTH_SETS_OR_NOT_IMPLEMENTED(a, b);
    return kr_set_symmetric_difference((PySetObject *)a, b);
}

static PyObject *set_inplace_or(PyObject *a, PyObject *b) {
    if (!PyAnySet_Check(b))
        Py_RETURN_NOTIMPLEMENTED;
    return kr_set_update((PySetObject *)a, b) < 0 ? NULL : Py_NewRef(a);
}

/* a becomes its intersection with anything iterable. */
static int set_intersect_with(PySetObject *s, PyObject *other) {
    PyObject *result = kr_set_intersection(s, other);
    if (result == NULL)
        return -1;
    kr_set_swap(s, (PySetObject *)result);
    Py_DECREF(result);
    return 0;
}

static PyObject *set_inplace_and(PyObject *a, PyObject *b) {
    if (!PyAnySet_Check(b))
        Py_RETURN_NOTIMPLEMENTED;
    return set_intersect_with((PySetObject *)a, b) < 0 ? NULL : Py_NewRef(a);
}

static PyObject *set_inplace_sub(PyObject *a, PyObject *b) {
    if (!PyAnySet_Check(b))
        Py_RETURN_NOTIMPLEMENTED;
    return kr_set_difference_update((PySetObject *)a, b) < 0 ? NULL : Py_NewRef(a);
}

static PyObject *set_inplace_xor(PyObject *a, PyObject *b) {
    if (!PyAnySet_Check(b))
        Py_RETURN_NOTIMPLEMENTED;
    return kr_set_symmetric_update((PySetObject *)a, b) < 0 ? NULL : Py_NewRef(a);
}

/* ------------------------------------------------------------------ methods */

static PyObject *none_or_null(int r) {
    if (r < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *set_add(PyObject *self, PyObject *key) { return none_or_null(kr_set_add((PySetObject *)self, key)); }

static PyObject *set_remove(PyObject *self, PyObject *key) {
    int r = with_set_key(self, key, kr_set_discard);
    if (r == 0)
        _PyErr_SetKeyError(key);
    return none_or_null(r - 1);
}

static PyObject *set_discard(PyObject *self, PyObject *key) { return none_or_null(with_set_key(self, key, kr_set_discard)); }

static PyObject *set_contains_method(PyObject *self, PyObject *key) {
    int r = set_contains(self, key);
    return r < 0 ? NULL : PyBool_FromLong(r);
}

static PyObject *set_clear(PyObject *self, PyObject *unused) { return none_or_null(PySet_Clear(self)); }

static PyObject *set_copy(PyObject *self, PyObject *unused) {
    return kr_set_from(kr_set_base_type((PySetObject *)self), self);
}

static PyObject *frozenset_copy(PyObject *self, PyObject *unused) {
    return PyFrozenSet_CheckExact(self) ? Py_NewRef(self) : set_copy(self, NULL);
}

static PyObject *set_union(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    PyObject *result = set_copy(self, NULL);
    for (Py_ssize_t i = 0; result != NULL && i < nargs; i++)
        if (args[i] != self && kr_set_update((PySetObject *)result, args[i]) < 0)
            Py_CLEAR(result);
    return result;
}

static PyObject *set_update(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    int r = 0;
    for (Py_ssize_t i = 0; r == 0 && i < nargs; i++)
        r = kr_set_update((PySetObject *)self, args[i]);
    return none_or_null(r);
}

static PyObject *set_intersection(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (nargs == 0)
        return set_copy(self, NULL);
    PyObject *result = kr_set_intersection((PySetObject *)self, args[0]);
    for (Py_ssize_t i = 1; result != NULL && i < nargs; i++)
        Py_SETREF(result, kr_set_intersection((PySetObject *)result, args[i]));
    return result;
}

static PyObject *set_intersection_update(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    PyObject *result = set_intersection(self, args, nargs);
    if (result == NULL)
        return NULL;
    kr_set_swap((PySetObject *)self, (PySetObject *)result);
    Py_DECREF(result);
    Py_RETURN_NONE;
}

static PyObject *set_difference(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (nargs == 0)
        return set_copy(self, NULL);
    PyObject *result = kr_set_difference((PySetObject *)self, args[0]);
    for (Py_ssize_t i = 1; result != NULL && i < nargs; i++)
        if (kr_set_difference_update((PySetObject *)result, args[i]) < 0)
            Py_CLEAR(result);
    return result;
}

static PyObject *set_difference_update(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    int r = 0;
    for (Py_ssize_t i = 0; r == 0 && i < nargs; i++)
        r = kr_set_difference_update((PySetObject *)self, args[i]);
    return none_or_null(r);
}

static PyObject *set_symmetric_difference(PyObject *self, PyObject *other) {
    return kr_set_symmetric_difference((PySetObject *)self, other);
}

static PyObject *set_symmetric_difference_update(PyObject *self, PyObject *other) {
    return none_or_null(kr_set_symmetric_update((PySetObject *)self, other));
}

static PyObject *bool_or_null(int r) { return r < 0 ? NULL : PyBool_FromLong(r); }
static PyObject *set_isdisjoint(PyObject *self, PyObject *o) { return bool_or_null(kr_set_is_disjoint((PySetObject *)self, o)); }
static PyObject *set_issubset(PyObject *self, PyObject *o) { return bool_or_null(kr_set_is_subset((PySetObject *)self, o)); }
static PyObject *set_issuperset(PyObject *self, PyObject *o) { return bool_or_null(kr_set_is_superset((PySetObject *)self, o)); }

static PyObject *set_reduce(PyObject *self, PyObject *unused) {
    PyObject *state = PyObject_CallMethod(self, "__getstate__", NULL), *keys;
    if (state == NULL)
        return NULL;
    if ((keys = PySequence_List(self)) == NULL) {
        Py_DECREF(state);
        return NULL;
    }
    return Py_BuildValue("O(N)N", Py_TYPE(self), keys, state);
}

static PyObject *set_sizeof(PyObject *self, PyObject *unused) {
    PySetObject *s = (PySetObject *)self;
    Py_ssize_t n = Py_TYPE(self)->tp_basicsize;
    if (s->table != s->smalltable)
        n += (s->mask + 1) * (Py_ssize_t)sizeof(setentry);
    return PyLong_FromSsize_t(n);
}

#define SHARED_SET_METHODS \
    {"__contains__", set_contains_method, METH_O | METH_COEXIST, PyDoc_STR("x.__contains__(y) <==> y in x.")}, \
    {"__reduce__", set_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")}, \
    {"__sizeof__", set_sizeof, METH_NOARGS, PyDoc_STR("S.__sizeof__() -> bytes of memory the set takes")}, \
    {"difference", KR_METH(set_difference), METH_FASTCALL, PyDoc_STR("What is in this set and in none of the others, as a new set.")}, \
    {"intersection", KR_METH(set_intersection), METH_FASTCALL, PyDoc_STR("What is in this set and in all the others, as a new set.")}, \
    {"isdisjoint", set_isdisjoint, METH_O, PyDoc_STR("Whether the two have nothing in common.")}, \
    {"issubset", set_issubset, METH_O, PyDoc_STR("Whether the other contains all of this set.")}, \
    {"issuperset", set_issuperset, METH_O, PyDoc_STR("Whether this set contains all of the other.")}, \
    {"symmetric_difference", set_symmetric_difference, METH_O, PyDoc_STR("What is in exactly one of the two, as a new set.")}, \
    {"union", KR_METH(set_union), METH_FASTCALL, PyDoc_STR("What is in any of the sets, as a new set.")}, \
    KR_CLASS_GETITEM_METHOD, \
    {NULL, NULL, 0, NULL}

static PyMethodDef set_methods[] = {
    {"add", set_add, METH_O, PyDoc_STR("Add an item; no effect if it is there already.")},
    {"clear", set_clear, METH_NOARGS, PyDoc_STR("Remove all items.")},
    {"copy", set_copy, METH_NOARGS, PyDoc_STR("A shallow copy.")},
    {"discard", set_discard, METH_O, PyDoc_STR("Take an item out, if it is there.")},
    {"difference_update", KR_METH(set_difference_update), METH_FASTCALL, PyDoc_STR("Take out what is in any of the others.")},
    {"intersection_update", KR_METH(set_intersection_update), METH_FASTCALL, PyDoc_STR("Keep only what is in all the others.")},
    {"pop", set_pop, METH_NOARGS, PyDoc_STR("Take out some item and return it.\nRaises KeyError if the set is empty.")},
    {"remove", set_remove, METH_O, PyDoc_STR("Take an item out.\n\nRaises KeyError if it is not there.")},
    {"symmetric_difference_update", set_symmetric_difference_update, METH_O, PyDoc_STR("Keep what is in exactly one of the two.")},
    {"update", KR_METH(set_update), METH_FASTCALL, PyDoc_STR("Add the items of all the others.")},
    SHARED_SET_METHODS};

static PyMethodDef frozenset_methods[] = {
    {"copy", frozenset_copy, METH_NOARGS, PyDoc_STR("A shallow copy; of a frozenset, the very same.")}, SHARED_SET_METHODS};

static PySequenceMethods set_as_sequence = {.sq_length = set_length, .sq_contains = set_contains};
static PyNumberMethods set_as_number = {
    .nb_subtract = set_sub, .nb_and = set_and, .nb_xor = set_xor, .nb_or = set_or,
    .nb_inplace_subtract = set_inplace_sub, .nb_inplace_and = set_inplace_and,
    .nb_inplace_xor = set_inplace_xor, .nb_inplace_or = set_inplace_or};
static PyNumberMethods frozenset_as_number = {.nb_subtract = set_sub, .nb_and = set_and, .nb_xor = set_xor, .nb_or = set_or};

static PyObject *set_iter(PyObject *self);

PyTypeObject PySet_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "set",
    .tp_basicsize = sizeof(PySetObject),
    .tp_dealloc = set_dealloc,
    .tp_repr = set_repr,
    .tp_as_number = &set_as_number,
    .tp_as_sequence = &set_as_sequence,
    .tp_hash = PyObject_HashNotImplemented,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | _Py_TPFLAGS_MATCH_SELF,
    .tp_doc = PyDoc_STR("set() -> a new empty set\nset(iterable) -> a new set of the iterable's items\n\n"
                        "A mutable collection of distinct items, without order."),
    .tp_traverse = set_traverse,
    .tp_clear = set_tp_clear,
    .tp_richcompare = kr_set_richcompare,
    .tp_weaklistoffset = offsetof(PySetObject, weakreflist),
    .tp_iter = set_iter,
    .tp_methods = set_methods,
    .tp_init = set_init,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = set_new,
    .tp_free = PyObject_GC_Del,
    .tp_vectorcall = set_vectorcall,
};

PyTypeObject PyFrozenSet_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "frozenset",
    .tp_basicsize = sizeof(PySetObject),
    .tp_dealloc = set_dealloc,
    .tp_repr = set_repr,
    .tp_as_number = &frozenset_as_number,
    .tp_as_sequence = &set_as_sequence,
    .tp_hash = frozenset_hash,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | _Py_TPFLAGS_MATCH_SELF,
    .tp_doc = PyDoc_STR("frozenset() -> an empty frozenset\nfrozenset(iterable) -> a frozenset of the iterable's items\n\n"
                        "An immutable collection of distinct items, without order."),
    .tp_traverse = set_traverse,
    .tp_clear = set_tp_clear,
    .tp_richcompare = kr_set_richcompare,
    .tp_weaklistoffset = offsetof(PySetObject, weakreflist),
    .tp_iter = set_iter,
    .tp_methods = frozenset_methods,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = frozenset_new,
    .tp_free = PyObject_GC_Del,
    .tp_vectorcall = frozenset_vectorcall,
};

/* ------------------------------------------------------------------ iterator */

typedef struct {
    PyObject_HEAD
    PySetObject *set;           /* NULL once exhausted */
    Py_ssize_t used;            /* size at the beginning; -1 once a change was reported */
    Py_ssize_t pos;
    Py_ssize_t remaining;
} KrSetIter;

static PyObject *set_iter(PyObject *self) {
    KrSetIter *it = PyObject_GC_New(KrSetIter, &PySetIter_Type);
    if (it == NULL)
        return NULL;
    it->set = (PySetObject *)Py_NewRef(self);
    it->used = it->remaining = it->set->used;
    it->pos = 0;
    KR_TRACK(it);
    return (PyObject *)it;
}

static void setiter_dealloc(PyObject *self) {
    KR_FORGET(self);
    Py_XDECREF(((KrSetIter *)self)->set);
    PyObject_GC_Del(self);
}

static int setiter_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((KrSetIter *)self)->set);
    return 0;
}

static PyObject *setiter_next(PyObject *self) {
    KrSetIter *it = (KrSetIter *)self;
    PySetObject *s = it->set;
    if (s == NULL)
        return NULL;
    if (it->used != s->used) {
        PyErr_SetString(PyExc_RuntimeError, "Set changed size during iteration");
        it->used = -1;
        return NULL;
    }
    PyObject *key;
    Py_hash_t hash;
    if (kr_set_next(s, &it->pos, &key, &hash)) {
        it->remaining--;
        return Py_NewRef(key);
    }
    it->set = NULL;
    Py_DECREF(s);
    return NULL;
}

static PyObject *setiter_length_hint(PyObject *self, PyObject *unused) {
    KrSetIter *it = (KrSetIter *)self;
    return PyLong_FromSsize_t(it->set != NULL && it->used == it->set->used ? it->remaining : 0);
}

/* iter(list of what is left), leaving this iterator where it is. */
static PyObject *setiter_reduce(PyObject *self, PyObject *unused) {
    KrSetIter *it = (KrSetIter *)self;
    PyObject *list;
    if (it->set == NULL) {
        list = PyList_New(0);
    } else {
        KrSetIter *ahead = (KrSetIter *)set_iter((PyObject *)it->set);
        if (ahead == NULL)
            return NULL;
        ahead->used = it->used;
        ahead->pos = it->pos;
        ahead->remaining = it->remaining;
        list = PySequence_List((PyObject *)ahead);
        Py_DECREF(ahead);
    }
    return list == NULL ? NULL : Py_BuildValue("N(N)", kr_builtin("iter"), list);
}

static PyMethodDef setiter_methods[] = {
    {"__length_hint__", setiter_length_hint, METH_NOARGS, PyDoc_STR("Private method: how many items are left.")},
    {"__reduce__", setiter_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")},
    {NULL, NULL, 0, NULL}};

PyTypeObject PySetIter_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "set_iterator",
    .tp_basicsize = sizeof(KrSetIter),
    .tp_dealloc = setiter_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = setiter_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = setiter_next,
    .tp_methods = setiter_methods,
};
