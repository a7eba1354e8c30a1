/* set_ops.c - set algebra and comparison.
 *
 * The other operand may be any iterable; sets and exact dicts are used through their stored hashes. While one set is walked,
 * comparisons may change it: a key is held by a reference while it is looked up elsewhere, and walking by position
 * is safe against any change.
 */
#include "object/set_table.h"

/* One walk over anything: a set's or dict's entries, or an iterator's items with their hashes computed. Keys are owned by
 * the caller of next. */
typedef struct {
    PySetObject *set;
    PyObject *dict, *it;
    Py_ssize_t pos;
} KrKeyWalk;

static int walk_begin(KrKeyWalk *w, PyObject *o) {
    memset(w, 0, sizeof *w);
    if (PyAnySet_Check(o))
        w->set = (PySetObject *)o;
    else if (PyDict_CheckExact(o))
        w->dict = o;
    else if ((w->it = PyObject_GetIter(o)) == NULL)
        return -1;
    return 0;
}

/* 1 and a new reference, 0 at the end, -1 on error. */
static int walk_next(KrKeyWalk *w, PyObject **key, Py_hash_t *hash) {
    PyObject *value;
    if (w->set != NULL) {
        if (!kr_set_next(w->set, &w->pos, key, hash))
            return 0;
    } else if (w->dict != NULL) {
        if (!_PyDict_Next(w->dict, &w->pos, key, &value, hash))
            return 0;
    } else {
        int failed;
        if ((*key = kr_iter_next(w->it, &failed)) == NULL)
            return failed;
        if ((*hash = kr_hash(*key)) == -1) {
            Py_DECREF(*key);
            return -1;
        }
        return 1;
    }
    Py_INCREF(*key);
    return 1;
}

static void walk_end(KrKeyWalk *w) { Py_XDECREF(w->it); }

PyObject *kr_set_intersection(PySetObject *s, PyObject *other) {
    if ((PyObject *)s == other)
        return kr_set_from(kr_set_base_type(s), other);
    PySetObject *result = kr_set_new(kr_set_base_type(s));
    if (result == NULL)
        return NULL;
    PyObject *walked = other;
    if (PyAnySet_Check(other) && ((PySetObject *)other)->used > s->used) {
        walked = (PyObject *)s;         /* walk the smaller */
        s = (PySetObject *)other;
    }
    KrKeyWalk w;
    if (walk_begin(&w, walked) < 0)
        goto error;
    PyObject *key;
    Py_hash_t hash;
    int r;
    while ((r = walk_next(&w, &key, &hash)) > 0) {
        r = kr_set_has(s, key, hash);
        if (r > 0)
            r = kr_set_add_hash(result, key, hash);
        Py_DECREF(key);
        if (r < 0)
            break;
    }
    walk_end(&w);
    if (r == 0)
        return (PyObject *)result;
error:
    Py_DECREF(result);
    return NULL;
}

int kr_set_difference_update(PySetObject *s, PyObject *other) {
    if ((PyObject *)s == other) {
        kr_set_clear(s);
        return 0;
    }
    KrKeyWalk w;
    if (walk_begin(&w, other) < 0)
        return -1;
    PyObject *key;
    Py_hash_t hash;
    int r;
    while ((r = walk_next(&w, &key, &hash)) > 0) {
        r = kr_set_discard_hash(s, key, hash);
        Py_DECREF(key);
        if (r < 0)
            break;
    }
    walk_end(&w);
    if (r < 0)
        return -1;
    /* Many dead slots make walking slow. */
    return (s->fill - s->used) > s->mask / 5 ? kr_set_compact(s) : 0;
}

PyObject *kr_set_difference(PySetObject *s, PyObject *other) {
    PyTypeObject *type = kr_set_base_type(s);
    Py_ssize_t n;
    if (PyAnySet_Check(other))
        n = ((PySetObject *)other)->used;
    else if (PyDict_CheckExact(other))
        n = PyDict_GET_SIZE(other);
    else
        n = 0;
    if (n == 0 || (s->used >> 2) > n) {         /* far more here than there: copy and take out */
        PyObject *copy = kr_set_from(type, (PyObject *)s);
        if (copy != NULL && kr_set_difference_update((PySetObject *)copy, other) < 0)
            Py_CLEAR(copy);
        return copy;
    }
    PySetObject *result = kr_set_new(type);
    if (result == NULL)
        return NULL;
    bool dict = PyDict_CheckExact(other);
    PyObject *key;
    Py_hash_t hash;
    for (Py_ssize_t pos = 0; kr_set_next(s, &pos, &key, &hash);) {
        Py_INCREF(key);
        int r = dict ? _PyDict_Contains_KnownHash(other, key, hash) : kr_set_has((PySetObject *)other, key, hash);
        if (r == 0)
            r = kr_set_add_hash(result, key, hash);
        Py_DECREF(key);
        if (r < 0) {
            Py_DECREF(result);
            return NULL;
        }
    }
    return (PyObject *)result;
}

int kr_set_symmetric_update(PySetObject *s, PyObject *other) {
    if ((PyObject *)s == other) {
        kr_set_clear(s);
        return 0;
    }
    /* An iterable may repeat an item, which must not count twice. */
    PyObject *keys = PyAnySet_Check(other) || PyDict_CheckExact(other) ? Py_NewRef(other) : kr_set_from(kr_set_base_type(s), other);
    if (keys == NULL)
        return -1;
    KrKeyWalk w;
    walk_begin(&w, keys);
    PyObject *key;
    Py_hash_t hash;
    int r;
    while ((r = walk_next(&w, &key, &hash)) > 0) {
        r = kr_set_discard_hash(s, key, hash);
        if (r == 0)
            r = kr_set_add_hash(s, key, hash);
        Py_DECREF(key);
        if (r < 0)
            break;
    }
    Py_DECREF(keys);
    return r < 0 ? -1 : 0;
}

PyObject *kr_set_symmetric_difference(PySetObject *s, PyObject *other) {
    PyObject *result = kr_set_from(kr_set_base_type(s), other);
    if (result != NULL && kr_set_symmetric_update((PySetObject *)result, (PyObject *)s) < 0)
        Py_CLEAR(result);
    return result;
}

int kr_set_is_disjoint(PySetObject *s, PyObject *other) {
    if ((PyObject *)s == other)
        return s->used == 0;
    if (PyAnySet_CheckExact(other) && ((PySetObject *)other)->used > s->used) {
        PySetObject *t = s;
        s = (PySetObject *)other;
        other = (PyObject *)t;
    }
    KrKeyWalk w;
    if (walk_begin(&w, other) < 0)
        return -1;
    PyObject *key;
    Py_hash_t hash;
    int r, found = 0;
    while (found == 0 && (r = walk_next(&w, &key, &hash)) != 0) {
        found = r < 0 ? -1 : kr_set_has(s, key, hash);
        if (r > 0)
            Py_DECREF(key);
    }
    walk_end(&w);
    return found < 0 ? -1 : !found;
}

int kr_set_is_subset(PySetObject *s, PyObject *other) {
    if (!PyAnySet_Check(other)) {
        PyObject *common = kr_set_intersection(s, other);
        if (common == NULL)
            return -1;
        int r = ((PySetObject *)common)->used == s->used;
        Py_DECREF(common);
        return r;
    }
    PySetObject *o = (PySetObject *)other;
    if (s->used > o->used)
        return 0;
    PyObject *key;
    Py_hash_t hash;
    for (Py_ssize_t pos = 0; kr_set_next(s, &pos, &key, &hash);) {
        if (o->table[(size_t)hash & (size_t)o->mask].key == key)
            continue;
        Py_INCREF(key);
        int r = kr_set_has(o, key, hash);
        Py_DECREF(key);
        if (r <= 0)
            return r;
    }
    return 1;
}

int kr_set_is_superset(PySetObject *s, PyObject *other) {
    if (PyAnySet_Check(other))
        return kr_set_is_subset((PySetObject *)other, (PyObject *)s);
    KrKeyWalk w;
    if (walk_begin(&w, other) < 0)
        return -1;
    PyObject *key;
    Py_hash_t hash;
    int r, inside = 1;
    while (inside > 0 && (r = walk_next(&w, &key, &hash)) != 0) {
        inside = r < 0 ? -1 : kr_set_has(s, key, hash);
        if (r > 0)
            Py_DECREF(key);
    }
    walk_end(&w);
    return inside;
}

PyObject *kr_set_richcompare(PyObject *a, PyObject *b, int op) {
    if (!PyAnySet_Check(b))
        Py_RETURN_NOTIMPLEMENTED;
    PySetObject *x = (PySetObject *)a, *y = (PySetObject *)b;
    int r = 0;
    switch (op) {
    case Py_EQ:
    case Py_NE:
        if (x->used == y->used && !(x->hash != -1 && y->hash != -1 && x->hash != y->hash))
            r = kr_set_is_subset(x, b);
        if (op == Py_NE && r >= 0)
            r = !r;
        break;
    case Py_LE: r = kr_set_is_subset(x, b); break;
    case Py_GE: r = kr_set_is_superset(x, b); break;
    case Py_LT: r = x->used < y->used ? kr_set_is_subset(x, b) : 0; break;
    case Py_GT: r = x->used > y->used ? kr_set_is_superset(x, b) : 0; break;
    }
    return r < 0 ? NULL : PyBool_FromLong(r);
}
