/* dict_split.c - a class's shared keys, and the values of its instances.
 *
 * The shared block has room for KR_SHARED_KEYS_MAX names and never moves or shrinks, so an index stays good. `usable` is -1 when one
 * more was wanted: instances made from then on have dicts of their own, for room for all shared names would be lost on them. A values
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
    if (ix >= 0 || kr_str_hash(name) == -1)
        return ix;
    if (k->usable <= 0) {
        k->usable = -1;
        return ix;
    }
    ix = k->nentries++;
    k->usable--;
    k->version = 0;
    kr_keys_set_slot(k, kr_keys_free_slot(k, kr_str_hash(name)), ix);
    kr_keys_unicode_entries(k)[ix] = (KrDictUnicodeEntry){Py_NewRef(name), NULL};
    return ix;
}

/* Room for the class's names and for `need` values; what the allocator would waste is used. */
static Py_ssize_t values_capacity(PyDictKeysObject *k, Py_ssize_t need) {
    Py_ssize_t n = k->nentries > need ? k->nentries : need;
    if (n < 1)
        n = 1;
    if (n < KR_SHARED_KEYS_MAX && kr_values_bytes((size_t)n) % 16 && kr_values_header((size_t)n) == kr_values_header((size_t)n + 1))
        n++;
    return n;
}

static PyDictValues *new_block(size_t capacity) {
    void *block = PyMem_Malloc(kr_values_bytes(capacity));
    return block == NULL ? (PyDictValues *)PyErr_NoMemory() : kr_values_init(block, capacity, false);
}
void kr_values_discard(PyDictValues *v) {
    if (!kr_values_inline(v))
        PyMem_Free((char *)v - kr_values_header(kr_values_capacity(v)));
}

PyDictValues *kr_values_new(PyDictKeysObject *k, Py_ssize_t need) { return new_block(need == 0 ? 1 : (size_t)values_capacity(k, need)); }

/* A block with v's values, all of which lie below `capacity`. */
static PyDictValues *copied_block(PyDictValues *v, size_t capacity) {
    PyDictValues *to = new_block(capacity);
    if (to == NULL)
        return NULL;
    kr_values_size(to) = kr_values_size(v);
    for (int i = 0; i < kr_values_size(v); i++)
        kr_values_order(to, i) = kr_values_order(v, i);
    memcpy(to->values, v->values, Py_MIN(capacity, kr_values_capacity(v)) * sizeof(PyObject *));
    return to;
}

int kr_values_reserve(PyDictValues **pv, PyDictKeysObject *k, Py_ssize_t i) {
    if (i < kr_values_capacity(*pv))
        return 0;
    PyDictValues *v = copied_block(*pv, (size_t)values_capacity(k, i + 1));
    if (v == NULL)
        return -1;
    kr_values_discard(*pv);
    *pv = v;
    return 0;
}

PyDictValues *kr_values_moved_out(PyDictValues *v) {
    size_t needed = kr_values_capacity(v);
    while (needed > 1 && v->values[needed - 1] == NULL)
        needed--;
    return copied_block(v, needed);
}

PyObject *kr_values_set(PyDictValues *v, Py_ssize_t i, PyObject *value) {
    PyObject *old = v->values[i];
    v->values[i] = value;
    if (old == NULL) {
        if (value != NULL) {
            int n = kr_values_size(v)++;
            kr_values_order(v, n) = (uint8_t)i;
        }
    } else if (value == NULL) {
        int n = 0, last = --kr_values_size(v);
        while (kr_values_order(v, n) != i)
            n++;
        for (; n < last; n++)
            kr_values_order(v, n) = kr_values_order(v, n + 1);
    }
    return old;
}

void kr_values_free(PyDictValues *v) {
    for (int i = 0; i < kr_values_size(v); i++)
        Py_DECREF(v->values[kr_values_order(v, i)]);
    kr_values_discard(v);
}

PyObject *kr_dict_from_values(PyDictKeysObject *k, PyDictValues *v) {
    k->refcnt++;
    PyObject *d = kr_dict_new_over(k, v, kr_values_size(v));
    if (d != NULL)
        kr_gc_track(d);
    return d;
}
