/* dict_keys.h - the keys block of a dict from the inside, shared by the dict_*.c files.
 *
 * Slots of the hash index hold an entry number, KR_SLOT_EMPTY, or KR_SLOT_DEAD (a deleted entry's). They are 1, 2, 4 or 8
 * bytes wide by the size of the index. Probing is open addressing over a full-period recurrence, slot = 5*slot + perturb + 1,
 * where perturb brings in the hash's upper bits. At most two thirds of the slots are ever used, so probing ends.
 */
#ifndef KRAIT_DICT_KEYS_H
#define KRAIT_DICT_KEYS_H
#include "object/container.h"
#include "object/dict.h"

enum { KR_SLOT_EMPTY = -1, KR_SLOT_DEAD = -2 };
enum { KR_DICT_ABSENT = -1, KR_DICT_ERROR = -2 };
enum { KR_KEYS_LOG2_MIN = 3, KR_SHARED_KEYS_LOG2 = 6 };

#define KR_KEYS_USABLE(log2) ((((Py_ssize_t)1 << (log2)) << 1) / 3)

/* The block of every empty dict: immutable, never freed, version 1. */
extern const struct _dictkeysobject kr_empty_keys_storage;
#define KR_EMPTY_KEYS ((PyDictKeysObject *)&kr_empty_keys_storage)

KR_INLINE Py_ssize_t kr_keys_slot(PyDictKeysObject *k, size_t i) {
    if (k->log2_size < 8)
        return ((int8_t *)k->indices)[i];
    if (k->log2_size < 16)
        return ((int16_t *)k->indices)[i];
    if (k->log2_size < 32)
        return ((int32_t *)k->indices)[i];
    return ((int64_t *)k->indices)[i];
}
KR_INLINE void kr_keys_set_slot(PyDictKeysObject *k, size_t i, Py_ssize_t ix) {
    if (k->log2_size < 8)
        ((int8_t *)k->indices)[i] = (int8_t)ix;
    else if (k->log2_size < 16)
        ((int16_t *)k->indices)[i] = (int16_t)ix;
    else if (k->log2_size < 32)
        ((int32_t *)k->indices)[i] = (int32_t)ix;
    else
        ((int64_t *)k->indices)[i] = ix;
}
KR_INLINE size_t kr_keys_mask(PyDictKeysObject *k) { return ((size_t)1 << k->log2_size) - 1; }
KR_INLINE size_t kr_keys_probe(size_t i, size_t *perturb, size_t mask) {
    *perturb >>= 5;
    return (i * 5 + *perturb + 1) & mask;
}
KR_INLINE Py_hash_t kr_str_hash(PyObject *s) { return ((PyASCIIObject *)s)->hash; }

/* Entry of an exact str whose hash is known in a block of str keys; KR_DICT_ABSENT if there is none. */
KR_INLINE Py_ssize_t kr_keys_find_str(PyDictKeysObject *k, PyObject *key, Py_hash_t hash) {
    KrDictUnicodeEntry *entries = kr_keys_unicode_entries(k);
    size_t mask = kr_keys_mask(k), perturb = (size_t)hash, i = (size_t)hash & mask;
    for (;;) {
        Py_ssize_t ix = kr_keys_slot(k, i);
        if (ix >= 0) {
            PyObject *other = entries[ix].key;
            if (other == key || (kr_str_hash(other) == hash && kr_str_equal(other, key)))
                return ix;
        } else if (ix == KR_SLOT_EMPTY) {
            return KR_DICT_ABSENT;
        }
        i = kr_keys_probe(i, &perturb, mask);
    }
}

/* First slot on hash's probing path that holds no entry. */
KR_INLINE size_t kr_keys_free_slot(PyDictKeysObject *k, Py_hash_t hash) {
    size_t mask = kr_keys_mask(k), perturb = (size_t)hash, i = (size_t)hash & mask;
    while (kr_keys_slot(k, i) >= 0)
        i = kr_keys_probe(i, &perturb, mask);
    return i;
}

/* A block of 2**log2 slots without entries; refcnt 1. */
PyDictKeysObject *kr_keys_new(int log2_size, int kind) KR_MAY_RAISE;
/* Frees the memory only: the entries have moved elsewhere. */
void kr_keys_free(PyDictKeysObject *k);
/* Smallest log2 size whose block holds n entries. */
int kr_keys_log2_for(Py_ssize_t n);
Py_ssize_t kr_keys_bytes(PyDictKeysObject *k);

KR_INLINE void kr_dict_touch(PyDictObject *d) { d->ma_version_tag = ++kr_runtime.process.versions.dict; }

/* Value of entry ix; NULL when this split dict has none for the shared name. */
KR_INLINE PyObject **kr_dict_value_ref(PyDictObject *d, Py_ssize_t ix) {
    if (d->ma_values != NULL)
        return ix < kr_values_capacity(d->ma_values) ? &d->ma_values->values[ix] : NULL;
    return d->ma_keys->kind == KR_KEYS_GENERAL ? &kr_keys_entries(d->ma_keys)[ix].value
                                               : &kr_keys_unicode_entries(d->ma_keys)[ix].value;
}
KR_INLINE PyObject *kr_keys_key(PyDictKeysObject *k, Py_ssize_t ix) {
    return k->kind == KR_KEYS_GENERAL ? kr_keys_entries(k)[ix].key : kr_keys_unicode_entries(k)[ix].key;
}
KR_INLINE Py_hash_t kr_keys_hash(PyDictKeysObject *k, Py_ssize_t ix) {
    return k->kind == KR_KEYS_GENERAL ? kr_keys_entries(k)[ix].hash : kr_str_hash(kr_keys_unicode_entries(k)[ix].key);
}

/* Look-up that may have to compare with anything; never inlined. */
Py_ssize_t kr_dict_lookup_general(PyDictObject *d, PyObject *key, Py_hash_t hash, PyObject **value) KR_MAY_RAISE KR_RUNS_PYTHON;

/* Entry of key and its value (borrowed): the entry's number, KR_DICT_ABSENT with *value NULL, or KR_DICT_ERROR. */
KR_INLINE Py_ssize_t kr_dict_lookup(PyDictObject *d, PyObject *key, Py_hash_t hash, PyObject **value) {
    PyDictKeysObject *k = d->ma_keys;
    if (k->kind == KR_KEYS_GENERAL || !PyUnicode_CheckExact(key))
        return kr_dict_lookup_general(d, key, hash, value);
    Py_ssize_t ix = kr_keys_find_str(k, key, hash);
    if (ix < 0) {
        *value = NULL;
        return ix;
    }
    PyObject **ref = kr_dict_value_ref(d, ix);
    *value = ref == NULL ? NULL : *ref;
    return *value == NULL ? KR_DICT_ABSENT : ix;
}

/* d[key] = value; both borrowed. */
int kr_dict_insert(PyDictObject *d, PyObject *key, Py_hash_t hash, PyObject *value) KR_MAY_RAISE KR_RUNS_PYTHON;
/* Adds a key that is known to be absent. */
int kr_dict_insert_new(PyDictObject *d, PyObject *key, Py_hash_t hash, PyObject *value) KR_MAY_RAISE;
/* Takes entry ix out; its value, owned by the caller. The key is put to *key, owned by the caller too. */
PyObject *kr_dict_remove(PyDictObject *d, Py_ssize_t ix, Py_hash_t hash, PyObject **key) KR_NEW_REF KR_MAY_RAISE;
/* Makes a split dict combined. */
int kr_dict_unsplit(PyDictObject *d) KR_MAY_RAISE;

/* An untracked dict over this block (whose reference it takes, on failure too). */
PyObject *kr_dict_new_over(PyDictKeysObject *k, PyDictValues *v, Py_ssize_t used) KR_NEW_REF KR_MAY_RAISE;

/* Entries from *pos on: sets key, value and hash (borrowed; hash may be NULL) and moves *pos; false at the end. Positions
 * are entry numbers, or for split dicts places in the order of insertion. */
KR_INLINE bool kr_dict_next(PyDictObject *d, Py_ssize_t *pos, PyObject **key, PyObject **value, Py_hash_t *hash) {
    Py_ssize_t i = *pos;
    PyDictKeysObject *k = d->ma_keys;
    if (d->ma_values != NULL) {
        PyDictValues *v = d->ma_values;
        if (i < 0 || i >= kr_values_size(v))
            return false;
        *pos = i + 1;
        i = kr_values_order(v, i);
        *key = kr_keys_unicode_entries(k)[i].key;
        *value = v->values[i];
        if (hash != NULL)
            *hash = kr_str_hash(*key);
        return true;
    }
    if (i < 0)
        return false;
    if (k->kind == KR_KEYS_GENERAL) {
        KrDictEntry *e = kr_keys_entries(k);
        while (i < k->nentries && e[i].value == NULL)
            i++;
        if (i >= k->nentries)
            return false;
        *key = e[i].key;
        *value = e[i].value;
        if (hash != NULL)
            *hash = e[i].hash;
    } else {
        KrDictUnicodeEntry *e = kr_keys_unicode_entries(k);
        while (i < k->nentries && e[i].value == NULL)
            i++;
        if (i >= k->nentries)
            return false;
        *key = e[i].key;
        *value = e[i].value;
        if (hash != NULL)
            *hash = kr_str_hash(*key);
    }
    *pos = i + 1;
    return true;
}

/* One more than the last position. */
KR_INLINE Py_ssize_t kr_dict_end(PyDictObject *d) {
    return d->ma_values != NULL ? kr_values_size(d->ma_values) : d->ma_keys->nentries;
}
/* Like kr_dict_next, downwards: the entry before *pos. */
KR_INLINE bool kr_dict_previous(PyDictObject *d, Py_ssize_t *pos, PyObject **key, PyObject **value) {
    Py_ssize_t i = *pos, end = kr_dict_end(d);
    if (i > end)
        i = end;
    while (--i >= 0) {
        Py_ssize_t at = i;
        if (kr_dict_next(d, &at, key, value, NULL) && at == i + 1) {
            *pos = i;
            return true;
        }
    }
    *pos = 0;
    return false;
}

/* dict.update(self, other), and the same with keyword arguments; `name` is for messages. */
int kr_dict_update_from(PyObject *self, PyObject *other) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_dict_update_args(PyObject *self, PyObject *args, PyObject *kwargs, const char *name) KR_MAY_RAISE KR_RUNS_PYTHON;
/* Dict iterators over d: the view iterators' makers. */
PyObject *kr_dict_iter_new(PyDictObject *d, PyTypeObject *type) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_dict_iter(PyObject *d) KR_NEW_REF KR_MAY_RAISE;        /* dict's tp_iter */
PyObject *kr_dict_keys_view(PyObject *d, PyObject *unused) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_dict_values_view(PyObject *d, PyObject *unused) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_dict_items_view(PyObject *d, PyObject *unused) KR_NEW_REF KR_MAY_RAISE;
int kr_dict_traverse(PyObject *self, visitproc visit, void *arg);
/* Whether a dict can be part of no cycle: none of its keys and values can. */
bool kr_dict_is_simple(PyObject *);
/* dict's own fromkeys, as the classmethod calls it. */
PyObject *kr_dict_from_keys(PyObject *cls, PyObject *iterable, PyObject *value) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
void kr_dict_fini(KrInterp *);

#endif
