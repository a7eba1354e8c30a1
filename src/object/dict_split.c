/* dict_split.c - a class's shared keys, and the values of its instances.
 *
 * The shared block has room for KR_SHARED_KEYS_MAX names and never moves or shrinks, so an index stays good. A values
 * block may be smaller than the number of names: names at or beyond its capacity have no value. Its `order` lists the indices
 * that have one, in the order in which the instance got them.
 */
#include "object/dict_keys.h"

PyDictKeysObject *kr_shared_keys_new(void) { return kr_keys_new(KR_SHARED_KEYS_LOG2, KR_KEYS_SPLIT); }

Py_ssize_t kr_shared_keys_find(PyDictKeysObject *k, PyObject *name) {
    Py_hash_t hash = kr_hash(name);
    if (KR_UNLIKELY(hash == -1)) {
        PyErr_Clear();
        return -1;
    }
    return kr_keys_find_str(k, name, hash);
}

Py_ssize_t kr_shared_keys_add(PyDictKeysObject *k, PyObject *name) {
    Py_ssize_t ix = kr_shared_keys_find(k, name);
    if (ix >= 0 || k->usable <= 0 || kr_str_hash(name) == -1)
        return ix;
    ix = k->nentries++;
    k->usable--;
    k->version = 0;
    kr_keys_set_slot(k, kr_keys_free_slot(k, kr_str_hash(name)), ix);
    kr_keys_unicode_entries(k)[ix] = (KrDictUnicodeEntry){Py_NewRef(name), NULL};
    return ix;
}

/* Capacities are even, so that blocks come in multiples of 16 bytes. */
static Py_ssize_t values_capacity(PyDictKeysObject *k, Py_ssize_t need) {
    Py_ssize_t n = k->nentries > need ? k->nentries : need;
    n = (n + 1) & ~(Py_ssize_t)1;
    return n < 2 ? 2 : n > KR_SHARED_KEYS_MAX ? KR_SHARED_KEYS_MAX : n;
}

PyDictValues *kr_values_new(PyDictKeysObject *k, Py_ssize_t need) {
    Py_ssize_t n = need == 0 ? 2 : values_capacity(k, need);
    PyDictValues *v = PyMem_Malloc(sizeof(PyDictValues) + (size_t)n * sizeof(PyObject *));
    if (v == NULL)
        return (PyDictValues *)PyErr_NoMemory();
    v->capacity = (uint8_t)n;
    v->size = 0;
    memset(v->values, 0, (size_t)n * sizeof(PyObject *));
    return v;
}

int kr_values_reserve(PyDictValues **pv, PyDictKeysObject *k, Py_ssize_t i) {
    PyDictValues *v = *pv;
    if (i < v->capacity)
        return 0;
    Py_ssize_t n = values_capacity(k, i + 1);
    v = PyMem_Realloc(v, sizeof(PyDictValues) + (size_t)n * sizeof(PyObject *));
    if (v == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memset(v->values + v->capacity, 0, (size_t)(n - v->capacity) * sizeof(PyObject *));
    v->capacity = (uint8_t)n;
    *pv = v;
    return 0;
}

PyObject *kr_values_set(PyDictValues *v, Py_ssize_t i, PyObject *value) {
    PyObject *old = v->values[i];
    v->values[i] = value;
    if (old == NULL) {
        if (value != NULL)
            v->order[v->size++] = (uint8_t)i;
    } else if (value == NULL) {
        uint8_t *at = memchr(v->order, (int)i, v->size);
        v->size--;
        memmove(at, at + 1, (size_t)(v->order + v->size - at));
    }
    return old;
}

void kr_values_free(PyDictValues *v) {
    for (int i = 0; i < v->size; i++)
        Py_DECREF(v->values[v->order[i]]);
    PyMem_Free(v);
}

PyObject *kr_dict_from_values(PyDictKeysObject *k, PyDictValues *v) {
    k->refcnt++;
    PyObject *d = kr_dict_new_over(k, v, v->size);
    if (d != NULL)
        kr_gc_track(d);
    return d;
}
