/* odict.c - OrderedDict: a dict whose keys are also on a doubly linked list.
 *
 * The list, not the dict's entry order, is the order: moving a key to either end and taking either end out cost O(1). A node
 * owns a reference to its key. `index` gives the node of each dict entry, by entry number, for the keys block `index_keys`; it is
 * built anew when the dict has moved to another block. Both are checked against the entry's key before they are believed, because
 * dict's own methods can be called on an OrderedDict behind its back. `state` counts changes of the order, for the
 * iterators: a node pointer is good as long as state has not changed.
 */
#include "object/dict_keys.h"
#include "memory/gc.h"
#include "object/dict_views.h"

typedef struct KrODictNode {
    struct KrODictNode *previous, *next;
    PyObject *key;
    Py_hash_t hash;
} KrODictNode;

typedef struct {
    Py_ssize_t size;
    KrODictNode *nodes[];
} KrODictIndex;

typedef struct _odictobject {
    PyDictObject dict;
    KrODictNode *first, *last;
    Py_ssize_t nodes;               /* on the list; ma_used unless dict's own methods were called */
    KrODictIndex *index;            /* by entry number; or NULL */
    PyDictKeysObject *index_keys;   /* the block index is for; only compared, never followed */
    size_t state;
    PyObject *instance_dict;
    PyObject *weakrefs;
} KrODict;

typedef struct {
    PyObject_HEAD
    KrODict *od;                    /* NULL once exhausted */
    KrODictNode *node;              /* next to be shown; good while state matches */
    size_t state;
    Py_ssize_t size;
    int kind;                       /* bits of ODICT_ITER_... */
    PyObject *result;
} KrODictIter;

enum { ODICT_ITER_KEYS = 1, ODICT_ITER_VALUES = 2, ODICT_ITER_ITEMS = 3, ODICT_ITER_BACKWARDS = 4 };

/* ------------------------------------------------------------------ nodes */

/* Entry number of the very object `key`, or KR_DICT_ABSENT; compares nothing. */
static Py_ssize_t find_identical(PyDictKeysObject *k, PyObject *key, Py_hash_t hash) {
    size_t mask = kr_keys_mask(k), perturb = (size_t)hash, i = (size_t)hash & mask;
    for (;;) {
        Py_ssize_t ix = kr_keys_slot(k, i);
        if (ix == KR_SLOT_EMPTY)
            return KR_DICT_ABSENT;
        if (ix >= 0 && kr_keys_key(k, ix) == key)
            return ix;
        i = kr_keys_probe(i, &perturb, mask);
    }
}

static int odict_reindex(KrODict *od) {
    PyDictKeysObject *k = od->dict.ma_keys;
    Py_ssize_t n = (Py_ssize_t)kr_keys_mask(k) + 1;    /* more than entries, as CPython's, which __sizeof__ tells */
    if (od->index == NULL || n > od->index->size || n * 4 < od->index->size) {
        KrODictIndex *index = PyMem_Realloc(od->index, sizeof *index + (size_t)n * sizeof index->nodes[0]);
        if (index == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        od->index = index;
        od->index->size = n;
    }
    memset(od->index->nodes, 0, (size_t)od->index->size * sizeof od->index->nodes[0]);
    for (KrODictNode *node = od->first; node != NULL; node = node->next) {
        Py_ssize_t ix = find_identical(k, node->key, node->hash);
        if (ix >= 0)
            od->index->nodes[ix] = node;
    }
    od->index_keys = k;
    return 0;
}

/* The node of key: 1 and *node, 0 if the key is not in the dict or not on the list, -1 on error. */
static int odict_find(KrODict *od, PyObject *key, Py_hash_t hash, KrODictNode **node) {
    PyObject *value;
    *node = NULL;
    if (kr_dict_unsplit(&od->dict) < 0)
        return -1;
    Py_ssize_t ix = kr_dict_lookup(&od->dict, key, hash, &value);
    if (ix < 0)
        return ix == KR_DICT_ERROR ? -1 : 0;
    PyObject *own_key = kr_keys_key(od->dict.ma_keys, ix);
    if (od->index_keys != od->dict.ma_keys || ix >= od->index->size || od->index->nodes[ix] == NULL || od->index->nodes[ix]->key != own_key) {
        if (odict_reindex(od) < 0)
            return -1;
    }
    *node = od->index->nodes[ix];
    return *node != NULL;
}

static void odict_unlink(KrODict *od, KrODictNode *node) {
    *(node->previous != NULL ? &node->previous->next : &od->first) = node->next;
    *(node->next != NULL ? &node->next->previous : &od->last) = node->previous;
    od->nodes--;
    od->state++;
}

static void odict_link_last(KrODict *od, KrODictNode *node) {
    node->previous = od->last;
    node->next = NULL;
    *(od->last != NULL ? &od->last->next : &od->first) = node;
    od->last = node;
    od->nodes++;
    od->state++;
}

static void odict_link_first(KrODict *od, KrODictNode *node) {
    node->previous = NULL;
    node->next = od->first;
    *(od->first != NULL ? &od->first->previous : &od->last) = node;
    od->first = node;
    od->nodes++;
    od->state++;
}

/* Unlinks and frees a node; its key is dropped last. */
static void odict_drop_node(KrODict *od, KrODictNode *node) {
    PyObject *key = node->key;
    if (od->index_keys == od->dict.ma_keys) {
        Py_ssize_t ix = find_identical(od->index_keys, key, node->hash);
        if (ix >= 0 && ix < od->index->size)
            od->index->nodes[ix] = NULL;
    }
    odict_unlink(od, node);
    PyMem_Free(node);
    Py_DECREF(key);
}

static void odict_drop_all(KrODict *od) {
    KrODictNode *node = od->first;
    od->first = od->last = NULL;
    od->nodes = 0;
    PyMem_Free(od->index);
    od->index = NULL;
    od->index_keys = NULL;
    od->state++;
    while (node != NULL) {
        KrODictNode *next = node->next;
        Py_DECREF(node->key);
        PyMem_Free(node);
        node = next;
    }
}

/* A node for dict entry ix at the end of the list. */
static int odict_append_node(KrODict *od, Py_ssize_t ix, Py_hash_t hash) {
    KrODictNode *node = PyMem_New(KrODictNode, 1);
    if (node == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    node->key = Py_NewRef(kr_keys_key(od->dict.ma_keys, ix));
    node->hash = hash;
    odict_link_last(od, node);
    if (od->index_keys == od->dict.ma_keys && ix < od->index->size)
        od->index->nodes[ix] = node;
    return 0;
}

/* Puts a key that is in the dict at the end of the list, if it is not on it. */
static int odict_add_node(KrODict *od, PyObject *key, Py_hash_t hash) {
    KrODictNode *node;
    int found = odict_find(od, key, hash, &node);
    if (found != 0)
        return found < 0 ? -1 : 0;
    PyObject *value;
    Py_ssize_t ix = kr_dict_lookup(&od->dict, key, hash, &value);
    return ix >= 0 ? odict_append_node(od, ix, hash) : ix == KR_DICT_ERROR ? -1 : 0;
}

/* ------------------------------------------------------------------ C API */

PyObject *PyODict_New(void) { return PyODict_Type.tp_new(&PyODict_Type, NULL, NULL); }

static int odict_set_known_hash(PyObject *self, PyObject *key, PyObject *value, Py_hash_t hash) {
    KrODict *od = (KrODict *)self;
    Py_ssize_t used = od->dict.ma_used, nodes = od->nodes;
    if (_PyDict_SetItem_KnownHash(self, key, value, hash) < 0)
        return -1;
    /* Where list and dict agreed and the dict grew, the key is new and its entry the last: there is no node to look for. */
    PyDictKeysObject *k = od->dict.ma_keys;
    bool is_new = nodes == used && od->nodes == nodes && od->dict.ma_used == used + 1 && od->dict.ma_values == NULL && kr_keys_key(k, k->nentries - 1) == key;
    if ((is_new ? odict_append_node(od, k->nentries - 1, hash) : odict_add_node(od, key, hash)) == 0)
        return 0;
    /* No half-made item: out with it again. */
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    (void)_PyDict_DelItem_KnownHash(self, key, hash);
    _PyErr_ChainExceptions(t, v, tb);
    return -1;
}

int PyODict_SetItem(PyObject *self, PyObject *key, PyObject *value) {
    Py_hash_t hash = kr_hash(key);
    return hash == -1 ? -1 : odict_set_known_hash(self, key, value, hash);
}

int PyODict_DelItem(PyObject *self, PyObject *key) {
    KrODictNode *node;
    Py_hash_t hash = kr_hash(key);
    if (hash == -1 || odict_find((KrODict *)self, key, hash, &node) < 0)
        return -1;
    if (node != NULL)
        odict_drop_node((KrODict *)self, node);
    return _PyDict_DelItem_KnownHash(self, key, hash);
}

/* ------------------------------------------------------------------ lifecycle */

static PyObject *odict_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    KrODict *od = (KrODict *)PyDict_Type.tp_new(type, args, kwargs);
    if (od != NULL && kr_dict_unsplit(&od->dict) < 0)
        Py_CLEAR(od);
    return (PyObject *)od;
}

static void odict_dealloc(PyObject *self) {
    KrODict *od = (KrODict *)self;
    KR_FORGET(self);
    KR_TRASHCAN_BEGIN(self, odict_dealloc)
    Py_CLEAR(od->instance_dict);
    if (od->weakrefs != NULL)
        PyObject_ClearWeakRefs(self);
    odict_drop_all(od);
    PyDict_Type.tp_dealloc(self);
    KR_TRASHCAN_END
}

static int odict_traverse(PyObject *self, visitproc visit, void *arg) {
    KrODict *od = (KrODict *)self;
    Py_VISIT(od->instance_dict);
    for (KrODictNode *node = od->first; node != NULL; node = node->next)
        Py_VISIT(node->key);
    return kr_dict_traverse(self, visit, arg);
}

static int odict_tp_clear(PyObject *self) {
    KrODict *od = (KrODict *)self;
    Py_CLEAR(od->instance_dict);
    PyDict_Clear(self);
    odict_drop_all(od);
    return 0;
}

/* ------------------------------------------------------------------ updating */

/* self[key] = value for each (key, value) of an iterable of pairs. */
static int set_pairs(PyObject *self, PyObject *pairs) {
    PyObject *it = PyObject_GetIter(pairs), *pair;
    if (it == NULL)
        return -1;
    int failed;
    while ((pair = kr_iter_next(it, &failed)) != NULL) {
        PyObject *sub = PyObject_GetIter(pair), *got[3] = {NULL, NULL, NULL};
        Py_DECREF(pair);
        int n = 0, r = -1;
        if (sub != NULL) {
            while (n < 3 && (got[n] = kr_iter_next(sub, &failed)) != NULL)
                n++;
            if (!failed) {
                if (n < 2)
                    PyErr_Format(PyExc_ValueError, "need more than %d value%s to unpack", n, n == 1 ? "" : "s");
                else if (n > 2)
                    PyErr_SetString(PyExc_ValueError, "too many values to unpack (expected 2)");
                else
                    r = PyObject_SetItem(self, got[0], got[1]);
            }
            Py_DECREF(sub);
        }
        for (int i = 0; i < 3; i++)
            Py_XDECREF(got[i]);
        if (r < 0) {
            failed = -1;
            break;
        }
    }
    Py_DECREF(it);
    return failed;
}

/* self[key] = other[key] for each of the keys. */
static int set_from_keys(PyObject *self, PyObject *other, PyObject *keys) {
    PyObject *it = PyObject_GetIter(keys), *key;
    if (it == NULL)
        return -1;
    int failed;
    while ((key = kr_iter_next(it, &failed)) != NULL) {
        PyObject *value = PyObject_GetItem(other, key);
        failed = value == NULL ? -1 : PyObject_SetItem(self, key, value);
        Py_XDECREF(value);
        Py_DECREF(key);
        if (failed)
            break;
    }
    Py_DECREF(it);
    return failed;
}

static int set_from_dict(PyObject *self, PyObject *dict) {
    PyObject *items = PyDict_Items(dict);
    if (items == NULL)
        return -1;
    int r = set_pairs(self, items);
    Py_DECREF(items);
    return r;
}

/* What MutableMapping.update does with its positional argument. */
static int odict_update_from(PyObject *self, PyObject *other) {
    if (PyDict_CheckExact(other))
        return set_from_dict(self, other);
    PyObject *method;
    if (_PyObject_LookupAttr(other, KR_STR(keys), &method) < 0)
        return -1;
    bool has_keys = method != NULL;
    if (!has_keys && _PyObject_LookupAttr(other, KR_STR(items), &method) < 0)
        return -1;
    if (method == NULL)
        return set_pairs(self, other);
    PyObject *what = PyObject_CallNoArgs(method);
    Py_DECREF(method);
    if (what == NULL)
        return -1;
    int r = has_keys ? set_from_keys(self, other, what) : set_pairs(self, what);
    Py_DECREF(what);
    return r;
}

static int odict_update_both(PyObject *self, PyObject *args, PyObject *kwargs) {
    if (PyTuple_GET_SIZE(args) > 0 && odict_update_from(self, PyTuple_GET_ITEM(args, 0)) < 0)
        return -1;
    return kwargs != NULL && PyDict_GET_SIZE(kwargs) > 0 ? set_from_dict(self, kwargs) : 0;
}

static int odict_init(PyObject *self, PyObject *args, PyObject *kwargs) {
    if (PyTuple_GET_SIZE(args) > 1) {
        PyErr_Format(PyExc_TypeError, "expected at most 1 arguments, got %zd", PyTuple_GET_SIZE(args));
        return -1;
    }
    return odict_update_both(self, args, kwargs);
}

static PyObject *odict_update(PyObject *self, PyObject *args, PyObject *kwargs) {
    if (PyTuple_GET_SIZE(args) > 1) {
        PyErr_Format(PyExc_TypeError, "update() takes at most 1 positional argument (%zd given)", PyTuple_GET_SIZE(args));
        return NULL;
    }
    if (odict_update_both(self, args, kwargs) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ protocols */

static int odict_ass_subscript(PyObject *self, PyObject *key, PyObject *value) {
    return value == NULL ? PyODict_DelItem(self, key) : PyODict_SetItem(self, key, value);
}

static PyObject *odict_repr(PyObject *self) {
    if (((PyDictObject *)self)->ma_used == 0)
        return PyUnicode_FromFormat("%s()", _PyType_Name(Py_TYPE(self)));
    int r = Py_ReprEnter(self);
    if (r != 0)
        return r > 0 ? PyUnicode_FromString("...") : NULL;
    PyObject *result = NULL, *pairs = NULL;
    if (PyODict_CheckExact(self)) {
        if ((pairs = PyList_New(0)) == NULL)
            goto done;
        KrODict *od = (KrODict *)self;
        size_t state = od->state;
        for (KrODictNode *node = od->first; node != NULL; node = node->next) {
            PyObject *key = Py_NewRef(node->key), *value = PyDict_GetItemWithError(self, key);
            if (value == NULL && !PyErr_Occurred())
                PyErr_SetObject(PyExc_KeyError, key);
            if (value != NULL && state != od->state) {
                PyErr_SetString(PyExc_RuntimeError, "OrderedDict mutated during iteration");
                value = NULL;
            }
            PyObject *pair = value != NULL ? PyTuple_Pack(2, key, value) : NULL;
            Py_DECREF(key);
            if (pair == NULL || PyList_Append(pairs, pair) < 0) {
                Py_XDECREF(pair);
                goto done;
            }
            Py_DECREF(pair);
        }
    } else {
        PyObject *items = PyObject_CallMethodNoArgs(self, KR_STR(items));
        if (items == NULL)
            goto done;
        pairs = PySequence_List(items);
        Py_DECREF(items);
        if (pairs == NULL)
            goto done;
    }
    result = PyUnicode_FromFormat("%s(%R)", _PyType_Name(Py_TYPE(self)), pairs);
done:
    Py_XDECREF(pairs);
    Py_ReprLeave(self);
    return result;
}

/* Whether two OrderedDicts have their keys in the same order: 1, 0, -1. */
static int odict_same_order(KrODict *a, KrODict *b) {
    size_t state_a = a->state, state_b = b->state;
    KrODictNode *x = a->first, *y = b->first;
    for (; x != NULL && y != NULL; x = x->next, y = y->next) {
        PyObject *kx = Py_NewRef(x->key), *ky = Py_NewRef(y->key);
        int eq = kr_equal(kx, ky);
        Py_DECREF(kx);
        Py_DECREF(ky);
        if (eq <= 0)
            return eq;
        if (state_a != a->state || state_b != b->state) {
            PyErr_SetString(PyExc_RuntimeError, "OrderedDict mutated during iteration");
            return -1;
        }
    }
    return x == NULL && y == NULL;
}

static PyObject *odict_richcompare(PyObject *a, PyObject *b, int op) {
    if (!PyODict_Check(a) || !PyDict_Check(b) || (op != Py_EQ && op != Py_NE))
        Py_RETURN_NOTIMPLEMENTED;
    PyObject *as_dicts = PyDict_Type.tp_richcompare(a, b, Py_EQ);
    if (as_dicts == NULL)
        return NULL;
    int eq = PyObject_IsTrue(as_dicts);
    Py_DECREF(as_dicts);
    if (eq > 0 && PyODict_Check(b))
        eq = odict_same_order((KrODict *)a, (KrODict *)b);
    return eq < 0 ? NULL : PyBool_FromLong(eq == (op == Py_EQ));
}

static PyObject *odict_or(PyObject *a, PyObject *b) {
    if (!PyDict_Check(a) || !PyDict_Check(b))
        Py_RETURN_NOTIMPLEMENTED;
    PyTypeObject *type = Py_TYPE(PyODict_Check(a) ? a : b);
    PyObject *od = PyObject_CallOneArg((PyObject *)type, a);
    if (od != NULL && odict_update_from(od, b) < 0)
        Py_CLEAR(od);
    return od;
}

static PyObject *odict_inplace_or(PyObject *self, PyObject *other) {
    return odict_update_from(self, other) < 0 ? NULL : Py_NewRef(self);
}

/* ------------------------------------------------------------------ methods */

static PyObject *odict_fromkeys(PyObject *cls, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"iterable", "value", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "fromkeys"};
    PyObject *buffer[2];
    PyObject *const *a = _PyArg_UnpackKeywords(args, nargs, NULL, kwnames, &parser, 1, 2, 0, buffer);
    if (a == NULL)
        return NULL;
    Py_ssize_t given = nargs + (kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames));
    return kr_dict_from_keys(cls, a[0], given > 1 && a[1] != NULL ? a[1] : Py_None);
}

static PyObject *odict_sizeof(PyObject *self, PyObject *unused) {
    KrODict *od = (KrODict *)self;
    Py_ssize_t n = _PyDict_SizeOf(&od->dict);
    if (od->nodes > 0)      /* what the index may come to, which is made when it is needed */
        n += (Py_ssize_t)(kr_keys_mask(od->dict.ma_keys) + 1) * (Py_ssize_t)sizeof(KrODictNode *);
    n += od->dict.ma_used * (Py_ssize_t)sizeof(KrODictNode);
    return PyLong_FromSsize_t(n);
}

static PyObject *odict_reduce(PyObject *self, PyObject *unused) {
    PyObject *state = PyObject_CallMethod(self, "__getstate__", NULL);
    if (state == NULL)
        return NULL;
    PyObject *items = PyObject_CallMethodNoArgs(self, KR_STR(items)), *it = NULL;
    if (items != NULL) {
        it = PyObject_GetIter(items);
        Py_DECREF(items);
    }
    if (it == NULL) {
        Py_DECREF(state);
        return NULL;
    }
    return Py_BuildValue("O()NON", Py_TYPE(self), state, Py_None, it);
}

static PyObject *odict_setdefault(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"key", "default", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "setdefault"};
    PyObject *buffer[2];
    PyObject *const *a = _PyArg_UnpackKeywords(args, nargs, NULL, kwnames, &parser, 1, 2, 0, buffer);
    if (a == NULL)
        return NULL;
    Py_ssize_t given = nargs + (kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames));
    PyObject *key = a[0], *fallback = given > 1 && a[1] != NULL ? a[1] : Py_None;
    if (PyODict_CheckExact(self)) {
        PyObject *value = PyDict_GetItemWithError(self, key);
        if (value != NULL)
            return Py_NewRef(value);
        if (PyErr_Occurred() || PyODict_SetItem(self, key, fallback) < 0)
            return NULL;
        return Py_NewRef(fallback);
    }
    int present = PySequence_Contains(self, key);
    if (present < 0)
        return NULL;
    if (present)
        return PyObject_GetItem(self, key);
    return PyObject_SetItem(self, key, fallback) < 0 ? NULL : Py_NewRef(fallback);
}

/* Takes key out of list and dict; its value. A missing key gives fallback, or KeyError if that is NULL. */
static PyObject *odict_take(KrODict *od, PyObject *key, Py_hash_t hash, PyObject *fallback) {
    KrODictNode *node;
    if (odict_find(od, key, hash, &node) < 0)
        return NULL;
    if (node != NULL)
        odict_drop_node(od, node);
    return _PyDict_Pop((PyObject *)od, key, fallback);
}

static PyObject *odict_pop(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"key", "default", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "pop"};
    PyObject *buffer[2];
    PyObject *const *a = _PyArg_UnpackKeywords(args, nargs, NULL, kwnames, &parser, 1, 2, 0, buffer);
    if (a == NULL)
        return NULL;
    Py_ssize_t given = nargs + (kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames));
    Py_hash_t hash = kr_hash(a[0]);
    return hash == -1 ? NULL : odict_take((KrODict *)self, a[0], hash, given > 1 ? a[1] : NULL);
}

/* The optional argument `last` of popitem and of move_to_end: 1, 0, -1. */
static int parse_last(PyObject *arg) { return arg == NULL ? 1 : PyObject_IsTrue(arg); }

static PyObject *odict_popitem(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"last", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "popitem"};
    PyObject *buffer[1];
    PyObject *const *a = _PyArg_UnpackKeywords(args, nargs, NULL, kwnames, &parser, 0, 1, 0, buffer);
    if (a == NULL)
        return NULL;
    int last = parse_last(nargs + (kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames)) > 0 ? a[0] : NULL);
    if (last < 0)
        return NULL;
    KrODict *od = (KrODict *)self;
    KrODictNode *node = last ? od->last : od->first;
    if (node == NULL) {
        PyErr_SetString(PyExc_KeyError, "dictionary is empty");
        return NULL;
    }
    PyObject *key = Py_NewRef(node->key), *value = odict_take(od, key, node->hash, NULL);
    if (value == NULL) {
        Py_DECREF(key);
        return NULL;
    }
    PyObject *pair = PyTuple_Pack(2, key, value);
    Py_DECREF(key);
    Py_DECREF(value);
    return pair;
}

static PyObject *odict_move_to_end(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"key", "last", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "move_to_end"};
    PyObject *buffer[2];
    PyObject *const *a = _PyArg_UnpackKeywords(args, nargs, NULL, kwnames, &parser, 1, 2, 0, buffer);
    if (a == NULL)
        return NULL;
    int last = parse_last(nargs + (kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames)) > 1 ? a[1] : NULL);
    Py_hash_t hash = last < 0 ? -1 : kr_hash(a[0]);
    KrODict *od = (KrODict *)self;
    KrODictNode *node;
    if (hash == -1 || odict_find(od, a[0], hash, &node) < 0)
        return NULL;
    if (node == NULL) {
        PyErr_SetObject(PyExc_KeyError, a[0]);
        return NULL;
    }
    if (node != (last ? od->last : od->first)) {
        odict_unlink(od, node);
        if (last)
            odict_link_last(od, node);
        else
            odict_link_first(od, node);
    }
    Py_RETURN_NONE;
}

static PyObject *odict_clear(PyObject *self, PyObject *unused) {
    PyDict_Clear(self);
    odict_drop_all((KrODict *)self);
    Py_RETURN_NONE;
}

static PyObject *odict_copy(PyObject *self, PyObject *unused) {
    KrODict *od = (KrODict *)self;
    bool exact = PyODict_CheckExact(self);
    PyObject *copy = exact ? PyODict_New() : PyObject_CallNoArgs((PyObject *)Py_TYPE(self));
    if (copy == NULL)
        return NULL;
    size_t state = od->state;
    for (KrODictNode *node = od->first; node != NULL; node = node->next) {
        PyObject *key = Py_NewRef(node->key), *value;
        value = exact ? Py_XNewRef(PyDict_GetItemWithError(self, key)) : PyObject_GetItem(self, key);
        if (value == NULL && !PyErr_Occurred())
            PyErr_SetObject(PyExc_KeyError, key);
        int r = value == NULL ? -1 : exact ? odict_set_known_hash(copy, key, value, node->hash) : PyObject_SetItem(copy, key, value);
        Py_DECREF(key);
        Py_XDECREF(value);
        if (r == 0 && state != od->state) {
            PyErr_SetString(PyExc_RuntimeError, "OrderedDict mutated during iteration");
            r = -1;
        }
        if (r < 0) {
            Py_DECREF(copy);
            return NULL;
        }
    }
    return copy;
}

static PyObject *odict_iter_new(KrODict *od, int kind) {
    PyObject *pair = NULL;
    if ((kind & ODICT_ITER_ITEMS) == ODICT_ITER_ITEMS && (pair = PyTuple_Pack(2, Py_None, Py_None)) == NULL)
        return NULL;
    KrODictIter *it = PyObject_GC_New(KrODictIter, &PyODictIter_Type);
    if (it == NULL) {
        Py_XDECREF(pair);
        return NULL;
    }
    it->od = (KrODict *)Py_NewRef(od);
    it->node = kind & ODICT_ITER_BACKWARDS ? od->last : od->first;
    it->state = od->state;
    it->size = od->dict.ma_used;
    it->kind = kind;
    it->result = pair;
    KR_TRACK(it);
    return (PyObject *)it;
}

static PyObject *odict_iter(PyObject *self) { return odict_iter_new((KrODict *)self, ODICT_ITER_KEYS); }
static PyObject *odict_reversed(PyObject *self, PyObject *unused) {
    return odict_iter_new((KrODict *)self, ODICT_ITER_KEYS | ODICT_ITER_BACKWARDS);
}
static PyObject *odict_keys(PyObject *self, PyObject *unused) { return _PyDictView_New(self, &PyODictKeys_Type); }
static PyObject *odict_values(PyObject *self, PyObject *unused) { return _PyDictView_New(self, &PyODictValues_Type); }
static PyObject *odict_items(PyObject *self, PyObject *unused) { return _PyDictView_New(self, &PyODictItems_Type); }

static PyMethodDef odict_methods[] = {
    {"fromkeys", KR_METH(odict_fromkeys), METH_FASTCALL | METH_KEYWORDS | METH_CLASS,
     PyDoc_STR("fromkeys($type, /, iterable, value=None)\n--\n\nA new ordered dict with the iterable's items as keys, all of one value.")},
    {"__sizeof__", odict_sizeof, METH_NOARGS, PyDoc_STR("Bytes of memory the dict takes.")},
    {"__reduce__", odict_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")},
    {"setdefault", KR_METH(odict_setdefault), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("setdefault($self, /, key, default=None)\n--\n\nThe key's value; a missing key is first added with default.")},
    {"pop", KR_METH(odict_pop), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("pop($self, /, key, default=<unrepresentable>)\n--\n\nod.pop(key[,default]) -> v, take the key out and return its value.\n\n"
               "A missing key gives default, or KeyError without it.")},
    {"popitem", KR_METH(odict_popitem), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("popitem($self, /, last=True)\n--\n\nTake out a pair: the last one, or the first if last is false.")},
    {"keys", odict_keys, METH_NOARGS, NULL},
    {"values", odict_values, METH_NOARGS, NULL},
    {"items", odict_items, METH_NOARGS, NULL},
    {"update", KR_METH(odict_update), METH_VARARGS | METH_KEYWORDS, NULL},
    {"clear", odict_clear, METH_NOARGS, PyDoc_STR("od.clear() -> None.  Remove everything.")},
    {"copy", odict_copy, METH_NOARGS, PyDoc_STR("od.copy() -> a shallow copy")},
    {"__reversed__", odict_reversed, METH_NOARGS, PyDoc_STR("od.__reversed__() <==> reversed(od)")},
    {"move_to_end", KR_METH(odict_move_to_end), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("move_to_end($self, /, key, last=True)\n--\n\nMove a key that is there to the end, or to the beginning if last is false.\n\n"
               "Raises KeyError if the key is not there.")},
    {NULL, NULL, 0, NULL}};

static PyGetSetDef odict_getset[] = {{"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL}, {0}};
static PyMappingMethods odict_as_mapping = {.mp_ass_subscript = odict_ass_subscript};
static PyNumberMethods odict_as_number = {.nb_or = odict_or, .nb_inplace_or = odict_inplace_or};

PyTypeObject PyODict_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "collections.OrderedDict",
    .tp_basicsize = sizeof(KrODict),
    .tp_dealloc = odict_dealloc,
    .tp_repr = odict_repr,
    .tp_as_number = &odict_as_number,
    .tp_as_mapping = &odict_as_mapping,
    .tp_hash = PyObject_HashNotImplemented,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_doc = PyDoc_STR("Dictionary that remembers insertion order"),
    .tp_traverse = odict_traverse,
    .tp_clear = odict_tp_clear,
    .tp_richcompare = odict_richcompare,
    .tp_weaklistoffset = offsetof(KrODict, weakrefs),
    .tp_iter = odict_iter,
    .tp_methods = odict_methods,
    .tp_getset = odict_getset,
    .tp_base = &PyDict_Type,
    .tp_dictoffset = offsetof(KrODict, instance_dict),
    .tp_init = odict_init,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = odict_new,
    .tp_free = PyObject_GC_Del,
};

/* ------------------------------------------------------------------ iterator */

static void odictiter_dealloc(PyObject *self) {
    KrODictIter *it = (KrODictIter *)self;
    KR_FORGET(self);
    Py_XDECREF(it->od);
    Py_XDECREF(it->result);
    PyObject_GC_Del(self);
}

static int odictiter_traverse(PyObject *self, visitproc visit, void *arg) {
    KrODictIter *it = (KrODictIter *)self;
    Py_VISIT(it->od);
    Py_VISIT(it->result);
    return 0;
}

static PyObject *odictiter_next(PyObject *self) {
    KrODictIter *it = (KrODictIter *)self;
    KrODict *od = it->od;
    if (od == NULL)
        return NULL;
    KrODictNode *node = it->node;
    if (node == NULL)
        goto end;
    if (it->state != od->state) {
        PyErr_SetString(PyExc_RuntimeError, "OrderedDict mutated during iteration");
        goto end;
    }
    if (it->size != od->dict.ma_used) {
        PyErr_Format(PyExc_RuntimeError, "OrderedDict changed size during iteration");
        it->size = -1;
        goto end;
    }
    it->node = it->kind & ODICT_ITER_BACKWARDS ? node->previous : node->next;
    PyObject *key = Py_NewRef(node->key);
    int what = it->kind & ODICT_ITER_ITEMS;
    if (what == ODICT_ITER_KEYS)
        return key;
    PyObject *value = PyDict_GetItemWithError((PyObject *)od, key);
    if (value == NULL) {
        if (!PyErr_Occurred())
            PyErr_SetObject(PyExc_KeyError, key);
        Py_DECREF(key);
        goto end;
    }
    Py_INCREF(value);
    if (what == ODICT_ITER_VALUES) {
        Py_DECREF(key);
        return value;
    }
    PyObject *pair = it->result;
    if (Py_REFCNT(pair) == 1) {
        PyObject *old_key = PyTuple_GET_ITEM(pair, 0), *old_value = PyTuple_GET_ITEM(pair, 1);
        PyTuple_SET_ITEM(pair, 0, key);
        PyTuple_SET_ITEM(pair, 1, value);
        Py_INCREF(pair);
        Py_DECREF(old_key);
        Py_DECREF(old_value);
        if (!kr_gc_is_tracked(pair))
            kr_gc_track(pair);
        return pair;
    }
    if ((pair = PyTuple_Pack(2, key, value)) != NULL) {
        Py_DECREF(key);
        Py_DECREF(value);
        return pair;
    }
    Py_DECREF(key);
    Py_DECREF(value);
end:
    it->od = NULL;
    Py_DECREF(od);
    return NULL;
}

/* iter(list of what is left), leaving this iterator where it is. */
static PyObject *odictiter_reduce(PyObject *self, PyObject *unused) {
    KrODictIter *it = (KrODictIter *)self;
    PyObject *list;
    if (it->od == NULL) {
        list = PyList_New(0);
    } else {
        KrODictIter *ahead = (KrODictIter *)odict_iter_new(it->od, it->kind);
        if (ahead == NULL)
            return NULL;
        ahead->node = it->node;
        ahead->state = it->state;
        ahead->size = it->size;
        list = PySequence_List((PyObject *)ahead);
        Py_DECREF(ahead);
    }
    return list == NULL ? NULL : Py_BuildValue("N(N)", kr_builtin("iter"), list);
}

static PyMethodDef odictiter_methods[] = {
    {"__reduce__", odictiter_reduce, METH_NOARGS, PyDoc_STR("State for pickling.")}, {NULL, NULL, 0, NULL}};

PyTypeObject PyODictIter_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "odict_iterator",
    .tp_basicsize = sizeof(KrODictIter),
    .tp_dealloc = odictiter_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = odictiter_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = odictiter_next,
    .tp_methods = odictiter_methods,
};

/* ------------------------------------------------------------------ views */

#define ODICT_VIEW_TYPE(type, prefix, name, base, what) \
    static PyObject *prefix##_iter(PyObject *self) { \
        return odict_iter_new((KrODict *)((_PyDictViewObject *)self)->dv_dict, what); \
    } \
    static PyObject *prefix##_reversed(PyObject *self, PyObject *unused) { \
        return odict_iter_new((KrODict *)((_PyDictViewObject *)self)->dv_dict, what | ODICT_ITER_BACKWARDS); \
    } \
    static PyMethodDef prefix##_methods[] = {{"__reversed__", prefix##_reversed, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}}; \
    PyTypeObject type = { \
        KR_STATIC_TYPE_HEAD \
        .tp_name = name, \
        .tp_basicsize = sizeof(_PyDictViewObject), \
        .tp_dealloc = kr_dictview_dealloc, \
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, \
        .tp_traverse = kr_dictview_traverse, \
        .tp_iter = prefix##_iter, \
        .tp_methods = prefix##_methods, \
        .tp_base = &base, \
    };
ODICT_VIEW_TYPE(PyODictKeys_Type, odictkeys, "odict_keys", PyDictKeys_Type, ODICT_ITER_KEYS)
ODICT_VIEW_TYPE(PyODictValues_Type, odictvalues, "odict_values", PyDictValues_Type, ODICT_ITER_VALUES)
ODICT_VIEW_TYPE(PyODictItems_Type, odictitems, "odict_items", PyDictItems_Type, ODICT_ITER_ITEMS)
