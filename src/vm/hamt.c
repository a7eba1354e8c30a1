/* hamt.c - hash array mapped tries (P. Bagwell, "Ideal Hash Trees", 2001), with pairs and subtries in separate parts of a node
 * (M. Steindorfer and J. Vinju, 2015).
 *
 * A node covers five bits of a 32-bit hash. Bit i of `pairs` says that one key has i there, bit i of `tries` that several
 * have; items[] holds key and value of each pair in the order of the bits, then the subtries. Below the last level all keys
 * have the same hash: a collision node, whose items are just pairs. Nodes are shared by maps and never change once they are
 * reachable, so they are collectable objects of their own. Invariant: a subtrie holds at least two keys.
 */
#include "vm/hamt.h"
#include "memory/gc.h"

struct KrHamtNode {
    PyObject_VAR_HEAD           /* ob_size: items */
    uint32_t pairs, tries;
    bool collision;
    PyObject *items[1];
};

static PyTypeObject node_type, keys_type, values_type, items_type;

KR_INLINE Py_ssize_t count_bits(uint32_t v) { return __builtin_popcount(v); }
KR_INLINE uint32_t level_bit(uint32_t hash, int shift) { return (uint32_t)1 << ((hash >> shift) & 31); }
KR_INLINE Py_ssize_t rank_of(uint32_t map, uint32_t bit) { return count_bits(map & (bit - 1)); }
KR_INLINE Py_ssize_t pair_count(KrHamtNode *n) { return n->collision ? Py_SIZE(n) / 2 : count_bits(n->pairs); }

static int hash32(PyObject *key, uint32_t *hash) {
    Py_hash_t h = PyObject_Hash(key);
    if (h == -1)
        return -1;
    *hash = (uint32_t)((uint64_t)h ^ (uint64_t)h >> 32);
    return 0;
}

/* ------------------------------------------------------------------ nodes */

static KrHamtNode *node_new(Py_ssize_t items, uint32_t pairs, uint32_t tries) {
    KrHamtNode *n = PyObject_GC_NewVar(KrHamtNode, &node_type, items);
    if (n == NULL)
        return NULL;
    n->pairs = pairs;
    n->tries = tries;
    n->collision = false;
    memset(n->items, 0, (size_t)items * sizeof(PyObject *));
    return n;
}
static KrHamtNode *node_done(KrHamtNode *n) {
    PyObject_GC_Track(n);
    return n;
}

static int node_traverse(PyObject *o, visitproc visit, void *arg) {
    KrHamtNode *n = (KrHamtNode *)o;
    for (Py_ssize_t i = 0; i < Py_SIZE(n); i++)
        Py_VISIT(n->items[i]);
    return 0;
}
static void node_dealloc(PyObject *o) {
    KrHamtNode *n = (KrHamtNode *)o;
    PyObject_GC_UnTrack(o);
    KR_TRASHCAN_BEGIN(o, node_dealloc)
    for (Py_ssize_t i = 0; i < Py_SIZE(n); i++)
        Py_XDECREF(n->items[i]);
    PyObject_GC_Del(o);
    KR_TRASHCAN_END
}
static PyTypeObject node_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "hamt_node",
    .tp_basicsize = offsetof(KrHamtNode, items),
    .tp_itemsize = sizeof(PyObject *),
    .tp_dealloc = node_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = node_traverse,
    .tp_getattro = PyObject_GenericGetAttr,
};

/* Copies items[from..to) with new references. */
static void copy_items(KrHamtNode *to, Py_ssize_t at, KrHamtNode *n, Py_ssize_t from, Py_ssize_t end) {
    while (from < end)
        to->items[at++] = Py_NewRef(n->items[from++]);
}
/* A copy of n in which item i is another (its reference is taken over, on failure too). */
static KrHamtNode *node_with_item(KrHamtNode *n, Py_ssize_t i, PyObject *item) {
    KrHamtNode *c = node_new(Py_SIZE(n), n->pairs, n->tries);
    if (c == NULL) {
        Py_DECREF(item);
        return NULL;
    }
    c->collision = n->collision;
    copy_items(c, 0, n, 0, Py_SIZE(n));
    Py_SETREF(c->items[i], item);
    return node_done(c);
}

/* The smallest trie of two keys with these hashes, from the level `shift` on. */
static KrHamtNode *node_of_two(int shift, uint32_t h1, PyObject *k1, PyObject *v1, uint32_t h2, PyObject *k2, PyObject *v2) {
    KrHamtNode *n;
    if (shift >= 32) {
        if ((n = node_new(4, 0, 0)) == NULL)
            return NULL;
        n->collision = true;
    }
    else if (level_bit(h1, shift) == level_bit(h2, shift)) {
        KrHamtNode *below = node_of_two(shift + 5, h1, k1, v1, h2, k2, v2);
        if (below == NULL)
            return NULL;
        if ((n = node_new(1, 0, level_bit(h1, shift))) == NULL) {
            Py_DECREF(below);
            return NULL;
        }
        n->items[0] = (PyObject *)below;
        return node_done(n);
    }
    else {
        if ((n = node_new(4, level_bit(h1, shift) | level_bit(h2, shift), 0)) == NULL)
            return NULL;
        if (level_bit(h1, shift) > level_bit(h2, shift)) {
            PyObject *k = k1, *v = v1;
            k1 = k2, v1 = v2;
            k2 = k, v2 = v;
        }
    }
    n->items[0] = Py_NewRef(k1);
    n->items[1] = Py_NewRef(v1);
    n->items[2] = Py_NewRef(k2);
    n->items[3] = Py_NewRef(v2);
    return node_done(n);
}

/* Index of key among a collision node's items; -1 if absent, -2 on error. */
static Py_ssize_t collision_index(KrHamtNode *n, PyObject *key) {
    for (Py_ssize_t i = 0; i < Py_SIZE(n); i += 2) {
        int same = PyObject_RichCompareBool(key, n->items[i], Py_EQ);
        if (same != 0)
            return same < 0 ? -2 : i;
    }
    return -1;
}

static int node_find(KrHamtNode *n, uint32_t hash, PyObject *key, PyObject **value) {
    for (int shift = 0; n != NULL; shift += 5) {
        Py_ssize_t i;
        if (n->collision) {
            if ((i = collision_index(n, key)) < 0)
                return i == -1 ? 0 : -1;
            *value = n->items[i + 1];
            return 1;
        }
        uint32_t bit = level_bit(hash, shift);
        if (n->pairs & bit) {
            i = 2 * rank_of(n->pairs, bit);
            int same = PyObject_RichCompareBool(key, n->items[i], Py_EQ);
            if (same > 0)
                *value = n->items[i + 1];
            return same;
        }
        if (!(n->tries & bit))
            return 0;
        n = (KrHamtNode *)n->items[2 * count_bits(n->pairs) + rank_of(n->tries, bit)];
    }
    return 0;
}

/* n with key -> value; *added tells whether the key is new. */
static KrHamtNode *node_set(KrHamtNode *n, int shift, uint32_t hash, PyObject *key, PyObject *value, bool *added) {
    Py_ssize_t i;
    KrHamtNode *c;
    if (n->collision) {
        if ((i = collision_index(n, key)) == -2)
            return NULL;
        if (i >= 0)
            return n->items[i + 1] == value ? (KrHamtNode *)Py_NewRef(n) : node_with_item(n, i + 1, Py_NewRef(value));
        if ((c = node_new(Py_SIZE(n) + 2, 0, 0)) == NULL)
            return NULL;
        c->collision = true;
        copy_items(c, 0, n, 0, Py_SIZE(n));
        c->items[Py_SIZE(n)] = Py_NewRef(key);
        c->items[Py_SIZE(n) + 1] = Py_NewRef(value);
        *added = true;
        return node_done(c);
    }
    uint32_t bit = level_bit(hash, shift);
    Py_ssize_t pairs = 2 * count_bits(n->pairs);
    if (n->tries & bit) {
        i = pairs + rank_of(n->tries, bit);
        KrHamtNode *old = (KrHamtNode *)n->items[i], *below = node_set(old, shift + 5, hash, key, value, added);
        if (below == NULL)
            return NULL;
        if (below == old) {
            Py_DECREF(below);
            return (KrHamtNode *)Py_NewRef(n);
        }
        return node_with_item(n, i, (PyObject *)below);
    }
    i = 2 * rank_of(n->pairs, bit);
    if (n->pairs & bit) {
        PyObject *old = n->items[i];
        int same = PyObject_RichCompareBool(key, old, Py_EQ);
        if (same < 0)
            return NULL;
        if (same)
            return n->items[i + 1] == value ? (KrHamtNode *)Py_NewRef(n) : node_with_item(n, i + 1, Py_NewRef(value));
        uint32_t old_hash;
        if (hash32(old, &old_hash) < 0)
            return NULL;
        KrHamtNode *below = node_of_two(shift + 5, old_hash, old, n->items[i + 1], hash, key, value);
        if (below == NULL)
            return NULL;
        uint32_t tries = n->tries | bit;
        if ((c = node_new(Py_SIZE(n) - 1, n->pairs & ~bit, tries)) == NULL) {
            Py_DECREF(below);
            return NULL;
        }
        Py_ssize_t at = pairs - 2 + rank_of(tries, bit);    /* the subtrie's place in the copy */
        copy_items(c, 0, n, 0, i);
        copy_items(c, i, n, i + 2, at + 2);
        c->items[at] = (PyObject *)below;
        copy_items(c, at + 1, n, at + 2, Py_SIZE(n));
        *added = true;
        return node_done(c);
    }
    if ((c = node_new(Py_SIZE(n) + 2, n->pairs | bit, n->tries)) == NULL)
        return NULL;
    copy_items(c, 0, n, 0, i);
    c->items[i] = Py_NewRef(key);
    c->items[i + 1] = Py_NewRef(value);
    copy_items(c, i + 2, n, i, Py_SIZE(n));
    *added = true;
    return node_done(c);
}

/* Whether n is just one pair, to be moved into its parent. */
static bool is_single(KrHamtNode *n) { return Py_SIZE(n) == 2 && n->tries == 0; }

enum { DELETE_ERROR = -1, DELETE_ABSENT, DELETE_EMPTY, DELETE_DONE };

/* n without key, in *result unless nothing is left. */
static int node_delete(KrHamtNode *n, int shift, uint32_t hash, PyObject *key, KrHamtNode **result) {
    Py_ssize_t i;
    KrHamtNode *c;
    uint32_t bit = 0;
    if (n->collision) {
        if ((i = collision_index(n, key)) < 0)
            return i == -1 ? DELETE_ABSENT : DELETE_ERROR;
    }
    else {
        bit = level_bit(hash, shift);
        Py_ssize_t pairs = 2 * count_bits(n->pairs);
        if (n->tries & bit) {
            KrHamtNode *below;
            i = pairs + rank_of(n->tries, bit);
            int r = node_delete((KrHamtNode *)n->items[i], shift + 5, hash, key, &below);
            if (r != DELETE_DONE)
                return r;
            if (!is_single(below))
                return (*result = node_with_item(n, i, (PyObject *)below)) == NULL ? DELETE_ERROR : DELETE_DONE;
            /* the subtrie's last pair comes up here, where any bit of the hash will do if there is nothing else */
            if ((c = node_new(Py_SIZE(n) + 1, n->pairs | bit, n->tries & ~bit)) == NULL) {
                Py_DECREF(below);
                return DELETE_ERROR;
            }
            Py_ssize_t at = 2 * rank_of(n->pairs, bit);
            copy_items(c, 0, n, 0, at);
            copy_items(c, at, below, 0, 2);
            copy_items(c, at + 2, n, at, i);
            copy_items(c, i + 2, n, i + 1, Py_SIZE(n));
            Py_DECREF(below);
            *result = node_done(c);
            return DELETE_DONE;
        }
        if (!(n->pairs & bit))
            return DELETE_ABSENT;
        i = 2 * rank_of(n->pairs, bit);
        int same = PyObject_RichCompareBool(key, n->items[i], Py_EQ);
        if (same <= 0)
            return same < 0 ? DELETE_ERROR : DELETE_ABSENT;
    }
    if (Py_SIZE(n) == 2)
        return DELETE_EMPTY;
    if ((c = node_new(Py_SIZE(n) - 2, n->pairs & ~bit, n->tries)) == NULL)
        return DELETE_ERROR;
    c->collision = n->collision;
    copy_items(c, 0, n, 0, i);
    copy_items(c, i, n, i + 2, Py_SIZE(n));
    *result = node_done(c);
    return DELETE_DONE;
}

/* ------------------------------------------------------------------ maps */

/* A map over root, whose reference is taken over. */
static KrHamt *map_new(KrHamtNode *root, Py_ssize_t count) {
    KrHamt *m = PyObject_GC_New(KrHamt, &kr_hamt_type);
    if (m == NULL) {
        Py_XDECREF(root);
        return NULL;
    }
    m->root = root;
    m->count = count;
    m->weakrefs = NULL;
    PyObject_GC_Track(m);
    return m;
}
KrHamt *kr_hamt_new(void) { return kr_hamt_ready() < 0 ? NULL : map_new(NULL, 0); }

KrHamt *kr_hamt_set(KrHamt *m, PyObject *key, PyObject *value) {
    uint32_t hash;
    KrHamtNode *root;
    bool added = false;
    if (hash32(key, &hash) < 0)
        return NULL;
    if (m->root == NULL) {
        if ((root = node_new(2, level_bit(hash, 0), 0)) == NULL)
            return NULL;
        root->items[0] = Py_NewRef(key);
        root->items[1] = Py_NewRef(value);
        return map_new(node_done(root), 1);
    }
    if ((root = node_set(m->root, 0, hash, key, value, &added)) == NULL)
        return NULL;
    if (root == m->root) {
        Py_DECREF(root);
        return (KrHamt *)Py_NewRef(m);
    }
    return map_new(root, m->count + added);
}

KrHamt *kr_hamt_delete(KrHamt *m, PyObject *key) {
    uint32_t hash;
    KrHamtNode *root;
    if (hash32(key, &hash) < 0)
        return NULL;
    int r = m->root == NULL ? DELETE_ABSENT : node_delete(m->root, 0, hash, key, &root);
    if (r == DELETE_DONE)
        return map_new(root, m->count - 1);
    if (r == DELETE_EMPTY)
        return map_new(NULL, 0);
    return r == DELETE_ABSENT ? (KrHamt *)Py_NewRef(m) : NULL;
}

int kr_hamt_find(KrHamt *m, PyObject *key, PyObject **value) {
    uint32_t hash;
    if (m->root == NULL)
        return 0;
    return hash32(key, &hash) < 0 ? -1 : node_find(m->root, hash, key, value);
}

void kr_hamt_start(KrHamtCursor *c, KrHamt *m) {
    c->node[0] = m->root;
    c->at[0] = 0;
    c->level = m->root == NULL ? -1 : 0;
}
int kr_hamt_next(KrHamtCursor *c, PyObject **key, PyObject **value) {
    while (c->level >= 0) {
        KrHamtNode *n = c->node[c->level];
        Py_ssize_t i = c->at[c->level];
        if (i < 2 * pair_count(n)) {
            c->at[c->level] = i + 2;
            *key = n->items[i];
            *value = n->items[i + 1];
            return 1;
        }
        if (i < Py_SIZE(n)) {
            c->at[c->level++] = i + 1;
            c->node[c->level] = (KrHamtNode *)n->items[i];
            c->at[c->level] = 0;
        }
        else {
            c->level--;
        }
    }
    return 0;
}

int kr_hamt_equal(KrHamt *a, KrHamt *b) {
    KrHamtCursor c;
    PyObject *key, *value, *other;
    if (a == b)
        return 1;
    if (a->count != b->count)
        return 0;
    kr_hamt_start(&c, a);
    while (kr_hamt_next(&c, &key, &value)) {
        int r = kr_hamt_find(b, key, &other);
        if (r > 0) {
            Py_INCREF(other);
            r = PyObject_RichCompareBool(value, other, Py_EQ);
            Py_DECREF(other);
        }
        if (r <= 0)
            return r;
    }
    return 1;
}

static int map_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(((KrHamt *)o)->root);
    return 0;
}
static int map_clear(PyObject *o) {
    Py_CLEAR(((KrHamt *)o)->root);
    ((KrHamt *)o)->count = 0;
    return 0;
}
static void map_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    if (((KrHamt *)o)->weakrefs != NULL)
        PyObject_ClearWeakRefs(o);
    map_clear(o);
    Py_TYPE(o)->tp_free(o);
}
static Py_ssize_t map_len(PyObject *o) { return ((KrHamt *)o)->count; }
static PyObject *map_subscript(PyObject *o, PyObject *key) {
    PyObject *value;
    int r = kr_hamt_find((KrHamt *)o, key, &value);
    if (r > 0)
        return Py_NewRef(value);
    if (r == 0)
        PyErr_SetObject(PyExc_KeyError, key);
    return NULL;
}
static int map_contains(PyObject *o, PyObject *key) {
    PyObject *value;
    return kr_hamt_find((KrHamt *)o, key, &value);
}
static PyObject *map_compare(PyObject *a, PyObject *b, int op) {
    if (!Py_IS_TYPE(a, &kr_hamt_type) || !Py_IS_TYPE(b, &kr_hamt_type) || (op != Py_EQ && op != Py_NE))
        Py_RETURN_NOTIMPLEMENTED;
    int r = kr_hamt_equal((KrHamt *)a, (KrHamt *)b);
    return r < 0 ? NULL : PyBool_FromLong(op == Py_EQ ? r : !r);
}
static PyObject *map_iter(PyObject *o) { return kr_hamt_iter((KrHamt *)o, KR_HAMT_KEYS); }
static PyObject *map_new_object(PyTypeObject *t, PyObject *args, PyObject *kwds) { return (PyObject *)kr_hamt_new(); }
static PyObject *map_set(PyObject *o, PyObject *args) {
    PyObject *key, *value;
    if (!PyArg_UnpackTuple(args, "set", 2, 2, &key, &value))
        return NULL;
    return (PyObject *)kr_hamt_set((KrHamt *)o, key, value);
}
static PyObject *map_get(PyObject *o, PyObject *args) {
    PyObject *key, *fallback = Py_None, *value;
    if (!PyArg_UnpackTuple(args, "get", 1, 2, &key, &fallback))
        return NULL;
    int r = kr_hamt_find((KrHamt *)o, key, &value);
    return r < 0 ? NULL : Py_NewRef(r ? value : fallback);
}
static PyObject *map_delete(PyObject *o, PyObject *key) { return (PyObject *)kr_hamt_delete((KrHamt *)o, key); }
static PyObject *map_items(PyObject *o, PyObject *unused) { return kr_hamt_view((KrHamt *)o, KR_HAMT_ITEMS); }
static PyObject *map_keys(PyObject *o, PyObject *unused) { return kr_hamt_view((KrHamt *)o, KR_HAMT_KEYS); }
static PyObject *map_values(PyObject *o, PyObject *unused) { return kr_hamt_view((KrHamt *)o, KR_HAMT_VALUES); }

static PyMethodDef map_methods[] = {
    {"set", map_set, METH_VARARGS, NULL},
    {"get", map_get, METH_VARARGS, NULL},
    {"delete", map_delete, METH_O, NULL},
    {"items", map_items, METH_NOARGS, NULL},
    {"keys", map_keys, METH_NOARGS, NULL},
    {"values", map_values, METH_NOARGS, NULL},
    {NULL},
};
static PySequenceMethods map_as_sequence = {.sq_contains = map_contains};
static PyMappingMethods map_as_mapping = {.mp_length = map_len, .mp_subscript = map_subscript};
PyTypeObject kr_hamt_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "hamt",
    .tp_basicsize = sizeof(KrHamt),
    .tp_dealloc = map_dealloc,
    .tp_as_sequence = &map_as_sequence,
    .tp_as_mapping = &map_as_mapping,
    .tp_hash = PyObject_HashNotImplemented,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = map_traverse,
    .tp_clear = map_clear,
    .tp_richcompare = map_compare,
    .tp_weaklistoffset = offsetof(KrHamt, weakrefs),
    .tp_iter = map_iter,
    .tp_methods = map_methods,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = map_new_object,
    .tp_free = PyObject_GC_Del,
};

/* ------------------------------------------------------------------ views and iterators: one object that is both */

typedef struct {
    PyObject_HEAD
    KrHamt *map;
    KrHamtCursor cursor;
} MapView;

PyObject *kr_hamt_view(KrHamt *m, int what) {
    if (kr_hamt_ready() < 0)
        return NULL;
    MapView *v = PyObject_GC_New(MapView, what == KR_HAMT_KEYS ? &keys_type : what == KR_HAMT_VALUES ? &values_type : &items_type);
    if (v == NULL)
        return NULL;
    v->map = (KrHamt *)Py_NewRef(m);
    kr_hamt_start(&v->cursor, m);
    PyObject_GC_Track(v);
    return (PyObject *)v;
}
PyObject *kr_hamt_iter(KrHamt *m, int what) { return kr_hamt_view(m, what); }

static int view_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(((MapView *)o)->map);
    return 0;
}
static int view_clear(PyObject *o) {
    ((MapView *)o)->cursor.level = -1;      /* it points into the map */
    Py_CLEAR(((MapView *)o)->map);
    return 0;
}
static void view_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    view_clear(o);
    PyObject_GC_Del(o);
}
static Py_ssize_t view_len(PyObject *o) { return ((MapView *)o)->map == NULL ? 0 : ((MapView *)o)->map->count; }
static PyObject *view_iter(PyObject *o) {
    PyTypeObject *t = Py_TYPE(o);
    return kr_hamt_view(((MapView *)o)->map, t == &keys_type ? KR_HAMT_KEYS : t == &values_type ? KR_HAMT_VALUES : KR_HAMT_ITEMS);
}
static PyObject *view_next(PyObject *o) {
    PyObject *key, *value;
    if (!kr_hamt_next(&((MapView *)o)->cursor, &key, &value))
        return NULL;
    if (Py_IS_TYPE(o, &keys_type))
        return Py_NewRef(key);
    return Py_IS_TYPE(o, &values_type) ? Py_NewRef(value) : PyTuple_Pack(2, key, value);
}
static PyMappingMethods view_as_mapping = {.mp_length = view_len};
#define VIEW_TYPE(variable, name)                                                                                         \
    static PyTypeObject variable = {                                                                                      \
        KR_STATIC_TYPE_HEAD.tp_name = name, .tp_basicsize = sizeof(MapView), .tp_dealloc = view_dealloc,                  \
        .tp_as_mapping = &view_as_mapping, .tp_getattro = PyObject_GenericGetAttr,                                        \
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, .tp_traverse = view_traverse, .tp_clear = view_clear,        \
        .tp_iter = view_iter, .tp_iternext = view_next}
VIEW_TYPE(keys_type, "keys");
VIEW_TYPE(values_type, "values");
VIEW_TYPE(items_type, "items");

int kr_hamt_ready(void) {
    if (KR_LIKELY(items_type.tp_flags & Py_TPFLAGS_READY))
        return 0;
    return PyType_Ready(&node_type) < 0 || PyType_Ready(&kr_hamt_type) < 0 || PyType_Ready(&keys_type) < 0 ||
                   PyType_Ready(&values_type) < 0 || PyType_Ready(&items_type) < 0
               ? -1
               : 0;
}
