/* dict.h - dict's insides, for the parts that cache look-ups: attributes, globals, instances.
 *
 * A dict is a hash index over a dense, insertion-ordered entry array, both in one PyDictKeysObject block.
 *   combined   (ma_values == NULL) the block belongs to this dict alone and holds keys and values
 *   split      (ma_values != NULL) the block is a class's shared keys, append-only: an index once given to a
 *              name is that name's for the class's life; values live in ma_values, by index. The order of
 *              insertion into this instance is kept in the values block.
 * Keys version: a number never reused that names one state of the *keys* (and entry positions) of a block;
 * 0 = none assigned yet. Any insertion of a new key, deletion, resize or clear sets it back to 0. Replacing
 * the value of a present key leaves it: a cache of (version, entry index) may then read the entry's value.
 */
#ifndef KRAIT_DICT_H
#define KRAIT_DICT_H
#include "krait.h"

typedef struct {
    PyObject *key;
    PyObject *value;
} KrDictUnicodeEntry;           /* when every key is an exact str; its hash is the str's own */

typedef struct {
    Py_hash_t hash;
    PyObject *key;
    PyObject *value;
} KrDictEntry;

enum { KR_KEYS_GENERAL, KR_KEYS_UNICODE, KR_KEYS_SPLIT };

struct _dictkeysobject {
    Py_ssize_t refcnt;
    uint8_t log2_size;          /* slots in the hash index */
    uint8_t log2_index_bytes;   /* bytes of the hash index */
    uint8_t kind;               /* KR_KEYS_... */
    uint32_t version;           /* 0 = not assigned */
    Py_ssize_t usable;          /* entries that still fit */
    Py_ssize_t nentries;        /* entries used, dead ones included */
    char indices[];             /* the index, then the entries */
};

#define KR_SHARED_KEYS_MAX 30   /* names a class shares; an instance with more gets a combined dict */

/* An instance's values: values[i] belongs to name i of the class's shared keys. The bytes before them are, downwards: the number of slots
 * allocated (<= KR_SHARED_KEYS_MAX), the number that are set, whether the block is a part of the instance, and the indices of the
 * slots that are set in order of insertion. */
struct _dictvalues {
    PyObject *values[1];
};
#define kr_values_capacity(v) (((uint8_t *)(v))[-1])
#define kr_values_size(v) (((uint8_t *)(v))[-2])
#define kr_values_inline(v) (((uint8_t *)(v))[-3])
#define kr_values_order(v, n) (((uint8_t *)(v))[-4 - (n)])      /* of the slot that was set as number n */
/* Bytes before values[0]; bytes in all. */
KR_INLINE size_t kr_values_header(size_t capacity) { return (capacity + 3 + 7) & ~(size_t)7; }
KR_INLINE size_t kr_values_bytes(size_t capacity) { return kr_values_header(capacity) + capacity * sizeof(PyObject *); }
/* Makes kr_values_bytes(capacity) bytes at `block` into values, all NULL. */
KR_INLINE PyDictValues *kr_values_init(void *block, size_t capacity, bool in_instance) {
    PyDictValues *v = (PyDictValues *)((char *)block + kr_values_header(capacity));
    kr_values_capacity(v) = (uint8_t)capacity;
    kr_values_size(v) = 0;
    kr_values_inline(v) = in_instance;
    for (size_t i = 0; i < capacity; i++)
        v->values[i] = NULL;
    return v;
}

KR_INLINE KrDictUnicodeEntry *kr_keys_unicode_entries(PyDictKeysObject *k) {
    return (KrDictUnicodeEntry *)(k->indices + ((size_t)1 << k->log2_index_bytes));
}
KR_INLINE KrDictEntry *kr_keys_entries(PyDictKeysObject *k) {
    return (KrDictEntry *)(k->indices + ((size_t)1 << k->log2_index_bytes));
}

/* --- look-up caches (combined dicts) --- */

/* The version of d's keys, assigning one if need be; 0 when d is split or versions ran out. */
uint32_t kr_dict_keys_version(PyDictObject *d);
/* The entry index of the exact str `name` in d, when d's keys are all str; -1 if absent or not so. Raises nothing. */
Py_ssize_t kr_dict_find_str(PyDictObject *d, PyObject *name);
/* Borrowed value of exact str `name`, NULL without an exception if absent; d is a combined or split dict with any keys.
 * May raise only when d has non-str keys. */
PyObject *kr_dict_get_str(PyDictObject *d, PyObject *name) KR_BORROWED KR_MAY_RAISE;
/* New reference to globals[name] or builtins[name]; NULL with no exception when in neither. */
PyObject *kr_dict_load_global(PyObject *globals, PyObject *builtins, PyObject *name) KR_NEW_REF KR_MAY_RAISE;

/* --- shared keys and instance values --- */

PyDictKeysObject *kr_shared_keys_new(void) KR_MAY_RAISE;
void kr_keys_decref(PyDictKeysObject *k);
/* Index of the exact, interned-or-not str `name`; -1 if absent. */
Py_ssize_t kr_shared_keys_find(PyDictKeysObject *k, PyObject *name);
/* The same, appending it when absent; -1 (no exception) when the table is full or memory is out. */
Py_ssize_t kr_shared_keys_add(PyDictKeysObject *k, PyObject *name);
/* A values block with room for at least `need` values (and for the names the class has by now); all NULL. With need == 0, the
 * smallest block. */
PyDictValues *kr_values_new(PyDictKeysObject *k, Py_ssize_t need) KR_MAY_RAISE;
/* Grows *v, perhaps out of its instance, so that index `i` fits. */
int kr_values_reserve(PyDictValues **v, PyDictKeysObject *k, Py_ssize_t i) KR_MAY_RAISE;
/* Stores (steals value; NULL deletes) at index i, which fits, keeping order and size true; returns the old value (owned by the caller). */
PyObject *kr_values_set(PyDictValues *v, Py_ssize_t i, PyObject *value);
/* A block of its own with v's values, for which v need not be freed then. */
PyDictValues *kr_values_moved_out(PyDictValues *v) KR_MAY_RAISE;
/* Drops every value and frees the block, unless it is a part of the instance. */
void kr_values_free(PyDictValues *v);
/* The same without dropping the values: they went elsewhere. */
void kr_values_discard(PyDictValues *v);
/* A dict that takes over `v`, a block of its own (a live split dict over k). NULL leaves v with the caller. */
PyObject *kr_dict_from_values(PyDictKeysObject *k, PyDictValues *v) KR_NEW_REF KR_MAY_RAISE;

#endif
