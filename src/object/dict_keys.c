/* dict_keys.c - the keys block: allocation, look-up, insertion, removal, growth.
 *
 * See dict.h for the layout. A combined block belongs to one dict; only a class's shared block is referred to by several.
 * Entries are never reordered; a removed one leaves a hole (key and value NULL) until the next growth. A dict tracks itself
 * for the collector when the first key or value that could be part of a cycle comes in.
 */
#include "object/dict_keys.h"

const struct _dictkeysobject kr_empty_keys_storage = {
    .refcnt = 1, .log2_size = 3, .log2_index_bytes = 3, .kind = KR_KEYS_UNICODE, .version = 1, .usable = 0, .nentries = 0,
    .indices = {-1, -1, -1, -1, -1, -1, -1, -1}};

/* ------------------------------------------------------------------ blocks */

KR_INLINE int index_log2_bytes(int log2_size) {
    return log2_size < 8 ? log2_size : log2_size < 16 ? log2_size + 1 : log2_size < 32 ? log2_size + 2 : log2_size + 3;
}

static Py_ssize_t keys_capacity(int log2_size, int kind) {
    return kind == KR_KEYS_SPLIT ? KR_SHARED_KEYS_MAX : KR_KEYS_USABLE(log2_size);
}

Py_ssize_t kr_keys_bytes(PyDictKeysObject *k) {
    Py_ssize_t entry = k->kind == KR_KEYS_GENERAL ? sizeof(KrDictEntry) : sizeof(KrDictUnicodeEntry);
    return (Py_ssize_t)sizeof(PyDictKeysObject) + ((Py_ssize_t)1 << k->log2_index_bytes) + keys_capacity(k->log2_size, k->kind) * entry;
}

PyDictKeysObject *kr_keys_new(int log2_size, int kind) {
    KrContainerState *s = &kr_interp()->container;
    PyDictKeysObject *k;
    if (log2_size > 58)
        return (PyDictKeysObject *)PyErr_NoMemory();
    if (log2_size == KR_KEYS_LOG2_MIN && kind == KR_KEYS_UNICODE && s->keys_free_count > 0) {
        k = s->keys_free[--s->keys_free_count];
    } else {
        size_t entry = kind == KR_KEYS_GENERAL ? sizeof(KrDictEntry) : sizeof(KrDictUnicodeEntry);
        k = PyMem_Malloc(sizeof(PyDictKeysObject) + ((size_t)1 << index_log2_bytes(log2_size)) +
                         (size_t)keys_capacity(log2_size, kind) * entry);
        if (k == NULL)
            return (PyDictKeysObject *)PyErr_NoMemory();
    }
    k->refcnt = 1;
    k->log2_size = (uint8_t)log2_size;
    k->log2_index_bytes = (uint8_t)index_log2_bytes(log2_size);
    k->kind = (uint8_t)kind;
    k->version = 0;
    k->usable = keys_capacity(log2_size, kind);
    k->nentries = 0;
    memset(k->indices, 0xff, (size_t)1 << k->log2_index_bytes);
    return k;
}

void kr_keys_free(PyDictKeysObject *k) {
    if (k == KR_EMPTY_KEYS)
        return;
    KrContainerState *s = &kr_interp()->container;
    if (KR_FREE_LISTS && k->log2_size == KR_KEYS_LOG2_MIN && k->kind == KR_KEYS_UNICODE && s->keys_free_count < KR_FREE_MAX)
        s->keys_free[s->keys_free_count++] = k;
    else
        PyMem_Free(k);
}

void kr_keys_decref(PyDictKeysObject *k) {
    if (k == KR_EMPTY_KEYS || --k->refcnt > 0)
        return;
    Py_ssize_t n = k->nentries;
    if (k->kind == KR_KEYS_GENERAL) {
        KrDictEntry *e = kr_keys_entries(k);
        for (Py_ssize_t i = 0; i < n; i++) {
            Py_XDECREF(e[i].key);
            Py_XDECREF(e[i].value);
        }
    } else {
        KrDictUnicodeEntry *e = kr_keys_unicode_entries(k);
        for (Py_ssize_t i = 0; i < n; i++) {
            Py_XDECREF(e[i].key);
            Py_XDECREF(e[i].value);
        }
    }
    kr_keys_free(k);
}

int kr_keys_log2_for(Py_ssize_t n) {
    int log2 = KR_KEYS_LOG2_MIN;
    while (log2 < 60 && KR_KEYS_USABLE(log2) < n)
        log2++;
    return log2;
}

/* ------------------------------------------------------------------ look-up */

Py_ssize_t kr_dict_lookup_general(PyDictObject *d, PyObject *key, Py_hash_t hash, PyObject **value) {
    bool is_str = PyUnicode_CheckExact(key);
    if (is_str && kr_str_hash(key) == -1 && kr_hash(key) == -1)
        return KR_DICT_ERROR;
restart:;
    PyDictKeysObject *k = d->ma_keys;
    size_t mask = kr_keys_mask(k), perturb = (size_t)hash, i = (size_t)hash & mask;
    for (;;) {
        Py_ssize_t ix = kr_keys_slot(k, i);
        if (ix >= 0) {
            PyObject *other = kr_keys_key(k, ix);
            bool same = other == key;
            if (!same && kr_keys_hash(k, ix) == hash) {
                int plain = Py_TYPE(other) == Py_TYPE(key) ? kr_equal_plain(other, key) : -1;
                if (plain >= 0) {
                    same = plain;
                } else {
                    Py_INCREF(other);
                    int eq = PyObject_RichCompareBool(other, key, Py_EQ);
                    Py_DECREF(other);
                    if (eq < 0) {
                        *value = NULL;
                        return KR_DICT_ERROR;
                    }
                    /* The comparison may have changed the dict: then what has been looked at no longer counts. */
                    if (d->ma_keys != k || ix >= k->nentries || kr_keys_key(k, ix) != other)
                        goto restart;
                    same = eq > 0;
                }
            }
            if (same) {
                PyObject **ref = kr_dict_value_ref(d, ix);
                *value = ref == NULL ? NULL : *ref;
                return *value == NULL ? KR_DICT_ABSENT : ix;
            }
        } else if (ix == KR_SLOT_EMPTY) {
            *value = NULL;
            return KR_DICT_ABSENT;
        }
        i = kr_keys_probe(i, &perturb, mask);
    }
}

uint32_t kr_dict_keys_version(PyDictObject *d) {
    PyDictKeysObject *k = d->ma_keys;
    if (d->ma_values != NULL)
        return 0;
    if (k->version == 0) {
        uint32_t *last = &kr_runtime.process.versions.keys;
        if (*last == UINT32_MAX)
            return 0;
        if (*last == 0)
            *last = 1;      /* the empty block's */
        k->version = ++*last;
    }
    return k->version;
}

Py_ssize_t kr_dict_find_str(PyDictObject *d, PyObject *name) {
    PyDictKeysObject *k = d->ma_keys;
    if (k->kind != KR_KEYS_UNICODE)
        return KR_DICT_ABSENT;
    Py_hash_t hash = kr_hash(name);
    return kr_keys_find_str(k, name, hash);
}

PyObject *kr_dict_get_str(PyDictObject *d, PyObject *name) {
    PyObject *value;
    kr_dict_lookup(d, name, kr_hash(name), &value);
    return value;
}

/* mapping[name] by the item protocol; NULL without an exception when it raises KeyError. */
static PyObject *mapping_get(PyObject *mapping, PyObject *name) {
    PyObject *v = PyObject_GetItem(mapping, name);
    if (v == NULL && PyErr_ExceptionMatches(PyExc_KeyError))
        PyErr_Clear();
    return v;
}

PyObject *kr_dict_load_global(PyObject *globals, PyObject *builtins, PyObject *name) {
    if (KR_LIKELY(PyDict_CheckExact(globals) && PyDict_CheckExact(builtins))) {
        PyObject *v;
        Py_hash_t hash = kr_hash(name);
        Py_ssize_t ix = kr_dict_lookup((PyDictObject *)globals, name, hash, &v);
        if (ix == KR_DICT_ABSENT)
            kr_dict_lookup((PyDictObject *)builtins, name, hash, &v);
        return Py_XNewRef(v);
    }
    PyObject *v = mapping_get(globals, name);
    if (v == NULL && !PyErr_Occurred())
        v = mapping_get(builtins, name);
    return v;
}

/* ------------------------------------------------------------------ growth */

/* Enters entries 0 .. n-1 of a new block, all live, into its index. */
static void keys_build_index(PyDictKeysObject *k, Py_ssize_t n) {
    size_t mask = kr_keys_mask(k);
    for (Py_ssize_t ix = 0; ix < n; ix++) {
        Py_hash_t hash = kr_keys_hash(k, ix);
        size_t perturb = (size_t)hash, i = (size_t)hash & mask;
        while (kr_keys_slot(k, i) != KR_SLOT_EMPTY)
            i = kr_keys_probe(i, &perturb, mask);
        kr_keys_set_slot(k, i, ix);
    }
}

/* Moves d to a new block without holes; a split dict becomes combined. */
static int dict_rebuild(PyDictObject *d, int log2_size, int kind) {
    PyDictKeysObject *old = d->ma_keys, *k = kr_keys_new(log2_size, kind);
    if (k == NULL)
        return -1;
    Py_ssize_t n = 0;
    if (d->ma_values != NULL) {
        PyDictValues *v = d->ma_values;
        KrDictUnicodeEntry *from = kr_keys_unicode_entries(old);
        for (; n < kr_values_size(v); n++) {
            PyObject *key = Py_NewRef(from[kr_values_order(v, n)].key), *value = v->values[kr_values_order(v, n)];
            if (kind == KR_KEYS_GENERAL)
                kr_keys_entries(k)[n] = (KrDictEntry){kr_str_hash(key), key, value};
            else
                kr_keys_unicode_entries(k)[n] = (KrDictUnicodeEntry){key, value};
        }
        kr_values_discard(v);
        d->ma_values = NULL;
        kr_keys_decref(old);
    } else if (kind == old->kind && d->ma_used == old->nentries) {
        n = d->ma_used;
        if (kind == KR_KEYS_GENERAL)
            memcpy(kr_keys_entries(k), kr_keys_entries(old), (size_t)n * sizeof(KrDictEntry));
        else
            memcpy(kr_keys_unicode_entries(k), kr_keys_unicode_entries(old), (size_t)n * sizeof(KrDictUnicodeEntry));
        kr_keys_free(old);
    } else {
        Py_ssize_t pos = 0;
        PyObject *key, *value;
        Py_hash_t hash;
        for (; kr_dict_next(d, &pos, &key, &value, &hash); n++) {
            if (kind == KR_KEYS_GENERAL)
                kr_keys_entries(k)[n] = (KrDictEntry){hash, key, value};
            else
                kr_keys_unicode_entries(k)[n] = (KrDictUnicodeEntry){key, value};
        }
        kr_keys_free(old);
    }
    keys_build_index(k, n);
    k->nentries = n;
    k->usable -= n;
    d->ma_keys = k;
    return 0;
}

int kr_dict_unsplit(PyDictObject *d) {
    return d->ma_values == NULL ? 0 : dict_rebuild(d, kr_keys_log2_for(d->ma_used + 1), KR_KEYS_UNICODE);
}

/* ------------------------------------------------------------------ insertion and removal */

/* A dict that may now be part of a cycle shows itself to the collector. */
KR_INLINE void dict_maybe_track(PyDictObject *d, PyObject *key, PyObject *value) {
    if (!kr_gc_is_tracked((PyObject *)d) && (kr_object_may_cycle(value) || (!PyUnicode_CheckExact(key) && kr_object_may_cycle(key))))
        kr_gc_track((PyObject *)d);
}

/* A new entry behind the others, found through this slot; there is room, and the key fits the kind of block. */
KR_INLINE void dict_append(PyDictObject *d, PyDictKeysObject *k, size_t slot, PyObject *key, Py_hash_t hash, PyObject *value) {
    kr_keys_set_slot(k, slot, k->nentries);
    Py_INCREF(key);
    Py_INCREF(value);
    if (k->kind == KR_KEYS_GENERAL)
        kr_keys_entries(k)[k->nentries] = (KrDictEntry){hash, key, value};
    else
        kr_keys_unicode_entries(k)[k->nentries] = (KrDictUnicodeEntry){key, value};
    k->nentries++;
    k->usable--;
    k->version = 0;
    d->ma_used++;
    kr_dict_touch(d);
}

int kr_dict_insert_new(PyDictObject *d, PyObject *key, Py_hash_t hash, PyObject *value) {
    bool is_str = PyUnicode_CheckExact(key);
    dict_maybe_track(d, key, value);
    if (d->ma_values != NULL) {
        Py_ssize_t i = is_str ? kr_shared_keys_add(d->ma_keys, key) : -1;
        if (i >= 0) {
            if (i >= kr_values_capacity(d->ma_values) && kr_values_reserve(&d->ma_values, d->ma_keys, i) < 0)
                return -1;
            kr_values_set(d->ma_values, i, Py_NewRef(value));
            d->ma_used++;
            kr_dict_touch(d);
            return 0;
        }
        if (dict_rebuild(d, kr_keys_log2_for(d->ma_used + 1), is_str ? KR_KEYS_UNICODE : KR_KEYS_GENERAL) < 0)
            return -1;
    }
    PyDictKeysObject *k = d->ma_keys;
    int kind = is_str ? k->kind : KR_KEYS_GENERAL;
    if (KR_UNLIKELY(k->usable <= 0)) {
        int log2 = KR_KEYS_LOG2_MIN;
        Py_ssize_t slots = d->ma_used * 3;      /* doubles when nothing was deleted */
        while (((Py_ssize_t)1 << log2) <= slots - 1 && log2 < 60)
            log2++;
        if (dict_rebuild(d, log2, kind) < 0)
            return -1;
        k = d->ma_keys;
    } else if (KR_UNLIKELY(kind != k->kind)) {
        if (dict_rebuild(d, k->log2_size, kind) < 0)
            return -1;
        k = d->ma_keys;
    }
    dict_append(d, k, kr_keys_free_slot(k, hash), key, hash, value);
    return 0;
}

/* Looks for a key by comparing exact strs and ints only. 1: *ix is its entry; 0: it isn't there and *slot is where it belongs; -1: more has to be compared. */
KR_INLINE int find_plain(PyDictKeysObject *k, PyObject *key, Py_hash_t hash, Py_ssize_t *ix, size_t *slot) {
    size_t mask = kr_keys_mask(k), perturb = (size_t)hash, i = (size_t)hash & mask;
    bool general = k->kind == KR_KEYS_GENERAL;
    if (!general && !PyUnicode_CheckExact(key))
        return -1;
    for (;;) {
        Py_ssize_t at = kr_keys_slot(k, i);
        if (at >= 0) {
            PyObject *other = general ? kr_keys_entries(k)[at].key : kr_keys_unicode_entries(k)[at].key;
            int same = other == key;
            if (!same && (general ? kr_keys_entries(k)[at].hash : kr_str_hash(other)) == hash)
                same = !general ? kr_str_equal(other, key) : Py_TYPE(other) == Py_TYPE(key) ? kr_equal_plain(other, key) : -1;
            if (same != 0) {
                *ix = at;
                return same;
            }
        } else if (at == KR_SLOT_EMPTY) {
            *slot = i;
            return 0;
        }
        i = kr_keys_probe(i, &perturb, mask);
    }
}

int kr_dict_insert(PyDictObject *d, PyObject *key, Py_hash_t hash, PyObject *value) {
    PyObject *old;
    PyDictKeysObject *k = d->ma_keys;
    Py_ssize_t at;
    size_t slot;
    int found = d->ma_values != NULL ? -1 : find_plain(k, key, hash, &at, &slot);
    if (KR_LIKELY(found > 0)) {
        dict_maybe_track(d, key, value);
        PyObject **ref = k->kind == KR_KEYS_GENERAL ? &kr_keys_entries(k)[at].value : &kr_keys_unicode_entries(k)[at].value;
        old = *ref;
        if (old == value)       /* the version stays, too */
            return 0;
        *ref = Py_NewRef(value);
        kr_dict_touch(d);
        Py_DECREF(old);
        return 0;
    }
    if (found == 0) {
        if (k->usable <= 0)
            return kr_dict_insert_new(d, key, hash, value);
        dict_maybe_track(d, key, value);
        dict_append(d, k, slot, key, hash, value);
        return 0;
    }
    /* The comparisons of a look-up can run code that drops the last other reference to either. */
    Py_INCREF(key);
    Py_INCREF(value);
    Py_ssize_t ix = kr_dict_lookup(d, key, hash, &old);
    int result = -1;
    if (ix >= 0) {
        result = 0;
        if (old != value) {
            dict_maybe_track(d, key, value);
            *kr_dict_value_ref(d, ix) = Py_NewRef(value);
            kr_dict_touch(d);
            Py_DECREF(old);
        }
    } else if (ix == KR_DICT_ABSENT) {
        result = kr_dict_insert_new(d, key, hash, value);
    }
    Py_DECREF(value);
    Py_DECREF(key);
    return result;
}

PyObject *kr_dict_remove(PyDictObject *d, Py_ssize_t ix, Py_hash_t hash, PyObject **key) {
    PyDictKeysObject *k = d->ma_keys;
    PyObject *value;
    if (d->ma_values != NULL) {
        value = kr_values_set(d->ma_values, ix, NULL);
        *key = Py_NewRef(kr_keys_unicode_entries(k)[ix].key);
    } else {
        size_t mask = kr_keys_mask(k), perturb = (size_t)hash, i = (size_t)hash & mask;
        while (kr_keys_slot(k, i) != ix)
            i = kr_keys_probe(i, &perturb, mask);
        kr_keys_set_slot(k, i, KR_SLOT_DEAD);
        if (k->kind == KR_KEYS_GENERAL) {
            KrDictEntry *e = &kr_keys_entries(k)[ix];
            *key = e->key;
            value = e->value;
            e->key = e->value = NULL;
        } else {
            KrDictUnicodeEntry *e = &kr_keys_unicode_entries(k)[ix];
            *key = e->key;
            value = e->value;
            e->key = e->value = NULL;
        }
        /* The hole stays even at the end: an iterator that stands behind it notices what is added after it. */
        k->version = 0;
    }
    d->ma_used--;
    kr_dict_touch(d);
    return value;
}
