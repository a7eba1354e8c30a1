/* hashtable.c - the small hash table of C pointers that some compiled modules of the standard library use (_hashlib).
 *
 * Open addressing; capacity is a power of two, at most half full. A removed slot is not needed: nothing is removed one by one.
 */
#include "krait.h"

typedef Py_uhash_t (*HashFunc)(const void *key);
typedef int (*CompareFunc)(const void *a, const void *b);
typedef void (*DestroyFunc)(void *);
typedef struct { const void *key; void *value; Py_uhash_t hash; bool used; } Slot;
typedef struct {
    Slot *slots;
    size_t n, capacity;
    HashFunc hash;
    CompareFunc equal;
    DestroyFunc destroy_key, destroy_value;
} Table;

PyAPI_FUNC(Table *) _Py_hashtable_new_full(HashFunc, CompareFunc, DestroyFunc key, DestroyFunc value, void *allocator);
PyAPI_FUNC(Table *) _Py_hashtable_new(HashFunc, CompareFunc);
PyAPI_FUNC(void) _Py_hashtable_destroy(Table *);
PyAPI_FUNC(int) _Py_hashtable_set(Table *, const void *key, void *value);
PyAPI_FUNC(void *) _Py_hashtable_get(Table *, const void *key);
PyAPI_FUNC(Py_uhash_t) _Py_hashtable_hash_ptr(const void *key);
PyAPI_FUNC(int) _Py_hashtable_compare_direct(const void *a, const void *b);
PyAPI_FUNC(size_t) _Py_hashtable_size(const Table *);

static Slot *find(Slot *slots, size_t capacity, const Table *t, const void *key, Py_uhash_t hash) {
    for (size_t i = hash;; i++) {
        Slot *s = &slots[i & (capacity - 1)];
        if (!s->used || (s->hash == hash && t->equal(s->key, key))) return s;
    }
}
static int grow(Table *t) {
    size_t capacity = t->capacity ? t->capacity * 2 : 16;
    Slot *slots = PyMem_RawCalloc(capacity, sizeof *slots);
    if (!slots) return -1;
    for (size_t i = 0; i < t->capacity; i++)
        if (t->slots[i].used) *find(slots, capacity, t, t->slots[i].key, t->slots[i].hash) = t->slots[i];
    PyMem_RawFree(t->slots);
    t->slots = slots;
    t->capacity = capacity;
    return 0;
}
Table *_Py_hashtable_new_full(HashFunc hash, CompareFunc equal, DestroyFunc destroy_key, DestroyFunc destroy_value, void *allocator) {
    (void)allocator;
    Table *t = PyMem_RawCalloc(1, sizeof *t);
    if (!t) return NULL;
    t->hash = hash;
    t->equal = equal;
    t->destroy_key = destroy_key;
    t->destroy_value = destroy_value;
    if (grow(t) == 0) return t;
    PyMem_RawFree(t);
    return NULL;
}
Table *_Py_hashtable_new(HashFunc hash, CompareFunc equal) { return _Py_hashtable_new_full(hash, equal, NULL, NULL, NULL); }
void _Py_hashtable_destroy(Table *t) {
    for (size_t i = 0; i < t->capacity; i++) {
        if (!t->slots[i].used) continue;
        if (t->destroy_key) t->destroy_key((void *)t->slots[i].key);
        if (t->destroy_value) t->destroy_value(t->slots[i].value);
    }
    PyMem_RawFree(t->slots);
    PyMem_RawFree(t);
}
int _Py_hashtable_set(Table *t, const void *key, void *value) {
    if (t->n * 2 >= t->capacity && grow(t) < 0) return -1;
    Py_uhash_t hash = t->hash(key);
    Slot *s = find(t->slots, t->capacity, t, key, hash);
    t->n += !s->used;
    *s = (Slot){key, value, hash, true};
    return 0;
}
void *_Py_hashtable_get(Table *t, const void *key) {
    Slot *s = find(t->slots, t->capacity, t, key, t->hash(key));
    return s->used ? s->value : NULL;
}
Py_uhash_t _Py_hashtable_hash_ptr(const void *key) { return (Py_uhash_t)_Py_HashPointerRaw(key); }
int _Py_hashtable_compare_direct(const void *a, const void *b) { return a == b; }
size_t _Py_hashtable_size(const Table *t) { return t->n; }
