/* set_table.h - the hash table of set and frozenset, and set algebra, for the set_*.c files.
 *
 * The layout is PySetObject's: slots of (key, hash), mask + 1 of them, a power of two; small tables live inside the object.
 *     unused   key NULL, hash 0
 *     dead     key kr_set_dummy, hash -1
 *     live     anything else
 * fill counts live and dead slots and stays under three fifths of the table, so probing ends.
 */
#ifndef KRAIT_SET_TABLE_H
#define KRAIT_SET_TABLE_H
#include "object/container.h"

extern PyObject kr_set_dummy;
#define KR_SET_DUMMY (&kr_set_dummy)

/* An empty set of type (any subtype of set or frozenset), tracked. */
PySetObject *kr_set_new(PyTypeObject *type) KR_NEW_REF KR_MAY_RAISE;
/* The same, filled from an iterable (may be NULL). */
PyObject *kr_set_from(PyTypeObject *type, PyObject *iterable) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* set for set and its subtypes, frozenset for the others: the type of what operators return. */
PyTypeObject *kr_set_base_type(PySetObject *s);

int kr_set_add_hash(PySetObject *s, PyObject *key, Py_hash_t hash) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_set_add(PySetObject *s, PyObject *key) KR_MAY_RAISE KR_RUNS_PYTHON;
/* 1 there, 0 not, -1 error. */
int kr_set_contains_hash(PySetObject *s, PyObject *key, Py_hash_t hash) KR_MAY_RAISE KR_RUNS_PYTHON;
/* The same, inline where the first slot tells. */
KR_INLINE int kr_set_has(PySetObject *s, PyObject *key, Py_hash_t hash) {
    PyObject *first = s->table[(size_t)hash & (size_t)s->mask].key;
    return first == key ? 1 : first == NULL ? 0 : kr_set_contains_hash(s, key, hash);
}
int kr_set_contains(PySetObject *s, PyObject *key) KR_MAY_RAISE KR_RUNS_PYTHON;
/* 1 taken out, 0 was not there, -1 error. */
int kr_set_discard_hash(PySetObject *s, PyObject *key, Py_hash_t hash) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_set_discard(PySetObject *s, PyObject *key) KR_MAY_RAISE KR_RUNS_PYTHON;
void kr_set_clear(PySetObject *s);
/* Room for n keys without growing. */
int kr_set_reserve(PySetObject *s, Py_ssize_t n) KR_MAY_RAISE;
/* Gets rid of the dead slots. */
int kr_set_compact(PySetObject *s) KR_MAY_RAISE;
int kr_set_update(PySetObject *s, PyObject *iterable) KR_MAY_RAISE KR_RUNS_PYTHON;
void kr_set_swap(PySetObject *a, PySetObject *b);

/* Live slots from *pos on (borrowed). */
KR_INLINE bool kr_set_next(PySetObject *s, Py_ssize_t *pos, PyObject **key, Py_hash_t *hash) {
    Py_ssize_t i = *pos;
    if (i < 0)
        return false;
    while (i <= s->mask && (s->table[i].key == NULL || s->table[i].key == KR_SET_DUMMY))
        i++;
    if (i > s->mask) {
        *pos = i;
        return false;
    }
    *pos = i + 1;
    *key = s->table[i].key;
    *hash = s->table[i].hash;
    return true;
}

/* set_ops.c: the results are new sets of the base type; NULL on error. */
PyObject *kr_set_intersection(PySetObject *s, PyObject *other) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_set_difference(PySetObject *s, PyObject *other) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_set_difference_update(PySetObject *s, PyObject *other) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_set_symmetric_update(PySetObject *s, PyObject *other) KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_set_symmetric_difference(PySetObject *s, PyObject *other) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_set_is_disjoint(PySetObject *s, PyObject *other) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_set_is_subset(PySetObject *s, PyObject *other) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_set_is_superset(PySetObject *s, PyObject *other) KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_set_richcompare(PyObject *a, PyObject *b, int op) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;

#endif
