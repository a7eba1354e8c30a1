/* set_table.c - look-up, insertion, removal and growth of set tables.
 *
 * Probing looks at up to ten neighbouring slots (one or two cache lines) before it jumps by the recurrence that dict uses too.
 * A comparison may run code that changes the table: every look-up that had to compare checks that table and
 * slot are what they were, and starts over if not.
 */
#include "object/set_table.h"

enum { SET_NEIGHBOURS = 9 };

PyObject kr_set_dummy = {KR_IMMORTAL_REFCNT, &PyBaseObject_Type};

/* ------------------------------------------------------------------ look-up */

/* Walks the probing sequence of `hash`; `body` runs for each slot `e` and leaves by goto or return. */
#define SET_PROBE(s, hash, e, body) \
    do { \
        setentry *table_ = (s)->table; \
        size_t mask_ = (size_t)(s)->mask, perturb_ = (size_t)(hash), i_ = (size_t)(hash) & mask_; \
        for (;;) { \
            setentry *e = &table_[i_]; \
            for (int n_ = i_ + SET_NEIGHBOURS <= mask_ ? SET_NEIGHBOURS : 0; n_ >= 0; n_--, e++) \
                body \
            perturb_ >>= 5; \
            i_ = (i_ * 5 + 1 + perturb_) & mask_; \
        } \
    } while (0)

/* The slot of key, or the unused slot where probing for it ended; NULL on error. */
static setentry *set_find(PySetObject *s, PyObject *key, Py_hash_t hash) {
restart:
    SET_PROBE(s, hash, e, {
        if (e->key == NULL)
            return e;
        if (e->hash == hash && e->key != KR_SET_DUMMY) {
            PyObject *other = e->key;
            if (other == key)
                return e;
            int plain = Py_TYPE(other) == Py_TYPE(key) ? kr_equal_plain(other, key) : -1;
            if (plain > 0)
                return e;
            if (plain < 0) {
                Py_INCREF(other);
                int eq = PyObject_RichCompareBool(other, key, Py_EQ);
                Py_DECREF(other);
                if (eq < 0)
                    return NULL;
                if (s->table != table_ || (size_t)s->mask != mask_ || e->key != other)
                    goto restart;
                if (eq > 0)
                    return e;
            }
        }
    });
}

int kr_set_contains_hash(PySetObject *s, PyObject *key, Py_hash_t hash) {
    setentry *e = set_find(s, key, hash);
    return e == NULL ? -1 : e->key != NULL;
}

int kr_set_contains(PySetObject *s, PyObject *key) {
    Py_hash_t hash = kr_hash(key);
    return hash == -1 ? -1 : kr_set_has(s, key, hash);
}

/* ------------------------------------------------------------------ growth */

/* Enters a key that is known to be absent into a table without dead slots; takes the reference. */
static void set_put_new(setentry *table, size_t mask, PyObject *key, Py_hash_t hash) {
    struct { setentry *table; size_t mask; } view = {table, mask};
    SET_PROBE(&view, hash, e, {
        if (e->key == NULL) {
            e->key = key;
            e->hash = hash;
            return;
        }
    });
}

/* Moves the live keys to a table of more than n slots. */
static int set_resize(PySetObject *s, Py_ssize_t n) {
    size_t size = PySet_MINSIZE;
    while (size <= (size_t)n)
        size <<= 1;
    setentry *old = s->table, *table, copy[PySet_MINSIZE];
    Py_ssize_t old_mask = s->mask;
    bool free_old = old != s->smalltable;
    if (size == PySet_MINSIZE) {
        table = s->smalltable;
        if (table == old) {
            if (s->fill == s->used)
                return 0;       /* nothing dead to get rid of */
            memcpy(copy, old, sizeof copy);
            old = copy;
        }
    } else {
        table = size > (size_t)PY_SSIZE_T_MAX / sizeof(setentry) ? NULL : PyMem_New(setentry, size);
        if (table == NULL) {
            PyErr_NoMemory();
            return -1;
        }
    }
    memset(table, 0, size * sizeof *table);
    s->table = table;
    s->mask = (Py_ssize_t)size - 1;
    s->fill = s->used;
    for (Py_ssize_t i = 0; i <= old_mask; i++)
        if (old[i].key != NULL && old[i].key != KR_SET_DUMMY)
            set_put_new(table, size - 1, old[i].key, old[i].hash);
    if (free_old)
        PyMem_Free(old);
    return 0;
}

int kr_set_compact(PySetObject *s) { return set_resize(s, s->used > 50000 ? s->used * 2 : s->used * 4); }

int kr_set_reserve(PySetObject *s, Py_ssize_t n) {
    if ((s->fill + n) * 5 >= s->mask * 3)
        return set_resize(s, (s->used + n) * 2);
    return 0;
}

/* ------------------------------------------------------------------ adding and removing */

int kr_set_add_hash(PySetObject *s, PyObject *key, Py_hash_t hash) {
    setentry *e = &s->table[(size_t)hash & (size_t)s->mask];
    if (e->key == key)
        return 0;
    Py_INCREF(key);
    if (e->key != NULL) {
        e = set_find(s, key, hash);
        if (e == NULL || e->key != NULL) {
            Py_DECREF(key);
            return e == NULL ? -1 : 0;
        }
    }
    e->key = key;
    e->hash = hash;
    s->fill++;
    s->used++;
    if (s->fill * 5 < s->mask * 3)
        return 0;
    return kr_set_compact(s);
}

int kr_set_add(PySetObject *s, PyObject *key) {
    Py_hash_t hash = kr_hash(key);
    return hash == -1 ? -1 : kr_set_add_hash(s, key, hash);
}

int kr_set_discard_hash(PySetObject *s, PyObject *key, Py_hash_t hash) {
    setentry *e = set_find(s, key, hash);
    if (e == NULL)
        return -1;
    if (e->key == NULL)
        return 0;
    PyObject *old = e->key;
    e->key = KR_SET_DUMMY;
    e->hash = -1;
    s->used--;
    Py_DECREF(old);
    return 1;
}

int kr_set_discard(PySetObject *s, PyObject *key) {
    Py_hash_t hash = kr_hash(key);
    return hash == -1 ? -1 : kr_set_discard_hash(s, key, hash);
}

/* Gives s its small table, empty. */
static void set_reset(PySetObject *s) {
    memset(s->smalltable, 0, sizeof s->smalltable);
    s->table = s->smalltable;
    s->mask = PySet_MINSIZE - 1;
    s->fill = s->used = 0;
    s->hash = -1;
}

void kr_set_clear(PySetObject *s) {
    if (s->fill == 0 && s->table == s->smalltable)
        return;
    setentry copy[PySet_MINSIZE], *old = s->table;
    Py_ssize_t mask = s->mask;
    bool own = old != s->smalltable;
    if (!own) {
        memcpy(copy, old, sizeof copy);
        old = copy;
    }
    set_reset(s);
    for (Py_ssize_t i = 0; i <= mask; i++)
        if (old[i].key != NULL && old[i].key != KR_SET_DUMMY)
            Py_DECREF(old[i].key);
    if (own)
        PyMem_Free(old);
}

/* Exchanges the contents of two sets, of whatever types. */
void kr_set_swap(PySetObject *a, PySetObject *b) {
#define SWAP(type, x, y) do { type t_ = (x); (x) = (y); (y) = t_; } while (0)
    SWAP(Py_ssize_t, a->fill, b->fill);
    SWAP(Py_ssize_t, a->used, b->used);
    SWAP(Py_ssize_t, a->mask, b->mask);
    setentry *ta = a->table, *tb = b->table;
    bool a_small = ta == a->smalltable, b_small = tb == b->smalltable;
    if (a_small || b_small) {
        setentry copy[PySet_MINSIZE];
        memcpy(copy, a->smalltable, sizeof copy);
        memcpy(a->smalltable, b->smalltable, sizeof copy);
        memcpy(b->smalltable, copy, sizeof copy);
    }
    a->table = b_small ? a->smalltable : tb;
    b->table = a_small ? b->smalltable : ta;
    if (PyType_IsSubtype(Py_TYPE(a), &PyFrozenSet_Type) && PyType_IsSubtype(Py_TYPE(b), &PyFrozenSet_Type))
        SWAP(Py_hash_t, a->hash, b->hash);
    else
        a->hash = b->hash = -1;
#undef SWAP
}

/* ------------------------------------------------------------------ whole sets */

static int set_merge(PySetObject *s, PySetObject *other) {
    if (s == other || other->used == 0)
        return 0;
    if (kr_set_reserve(s, other->used) < 0)
        return -1;
    if (s->fill == 0) {         /* nothing to compare with */
        if (s->mask == other->mask && other->fill == other->used) {
            for (Py_ssize_t i = 0; i <= other->mask; i++) {
                Py_XINCREF(other->table[i].key);
                s->table[i] = other->table[i];
            }
        } else {
            for (Py_ssize_t i = 0; i <= other->mask; i++) {
                PyObject *key = other->table[i].key;
                if (key != NULL && key != KR_SET_DUMMY)
                    set_put_new(s->table, (size_t)s->mask, Py_NewRef(key), other->table[i].hash);
            }
        }
        s->fill = s->used = other->used;
        return 0;
    }
    PyObject *key;
    Py_hash_t hash;
    for (Py_ssize_t pos = 0; kr_set_next(other, &pos, &key, &hash);)
        if (kr_set_add_hash(s, key, hash) < 0)
            return -1;
    return 0;
}

int kr_set_update(PySetObject *s, PyObject *iterable) {
    if (PyAnySet_Check(iterable))
        return set_merge(s, (PySetObject *)iterable);
    if (PyDict_CheckExact(iterable)) {
        PyObject *key, *value;
        Py_hash_t hash;
        if (kr_set_reserve(s, PyDict_GET_SIZE(iterable)) < 0)
            return -1;
        for (Py_ssize_t pos = 0; _PyDict_Next(iterable, &pos, &key, &value, &hash);)
            if (kr_set_add_hash(s, key, hash) < 0)
                return -1;
        return 0;
    }
    if (PyList_CheckExact(iterable) || PyTuple_CheckExact(iterable)) {
        for (Py_ssize_t i = 0; i < Py_SIZE(iterable); i++) {        /* comparing may change a list */
            PyObject *item = Py_NewRef(PySequence_Fast_GET_ITEM(iterable, i));
            int r = kr_set_add(s, item);
            Py_DECREF(item);
            if (r < 0)
                return -1;
        }
        return 0;
    }
    PyObject *it = PyObject_GetIter(iterable), *key;
    if (it == NULL)
        return -1;
    int failed;
    while ((key = kr_iter_next(it, &failed)) != NULL) {
        int r = kr_set_add(s, key);
        Py_DECREF(key);
        if (r < 0) {
            failed = -1;
            break;
        }
    }
    Py_DECREF(it);
    return failed;
}

PySetObject *kr_set_new(PyTypeObject *type) {
    bool plain = type == &PySet_Type || type == &PyFrozenSet_Type;
    PySetObject *s = plain ? PyObject_GC_New(PySetObject, type) : (PySetObject *)type->tp_alloc(type, 0);
    if (s == NULL)
        return NULL;
    set_reset(s);
    s->finger = 0;
    s->weakreflist = NULL;
    if (plain)
        KR_TRACK(s);
    return s;
}

PyObject *kr_set_from(PyTypeObject *type, PyObject *iterable) {
    PySetObject *s = kr_set_new(type);
    if (s != NULL && iterable != NULL && kr_set_update(s, iterable) < 0)
        Py_CLEAR(s);
    return (PyObject *)s;
}

PyTypeObject *kr_set_base_type(PySetObject *s) {
    return PySet_Check((PyObject *)s) ? &PySet_Type : &PyFrozenSet_Type;
}
