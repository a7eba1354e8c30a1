/* dict.c - dict's C API: making, reading, writing, merging. The type and its methods are in dict_type.c.
 *
 * Whatever may compare keys may run Python code, which may change or clear the very dict: entries are found again
 * afterwards, and what is used across such a call is held by a reference.
 */
#include "object/dict_keys.h"

#define DICT_OR_FAIL(op, failure) \
    do { \
        if (!PyDict_Check(op)) { \
            PyErr_BadInternalCall(); \
            return failure; \
        } \
    } while (0)

/* ------------------------------------------------------------------ making */

PyObject *kr_dict_new_over(PyDictKeysObject *k, PyDictValues *v, Py_ssize_t used) {
    KrContainerState *s = &kr_interp()->container;
    PyDictObject *d;
    if (s->dict_free_count > 0) {
        d = s->dict_free[--s->dict_free_count];
        _Py_NewReference((PyObject *)d);
    } else if ((d = PyObject_GC_New(PyDictObject, &PyDict_Type)) == NULL) {
        kr_keys_decref(k);
        return NULL;
    }
    d->ma_used = used;
    kr_dict_touch(d);
    d->ma_keys = k;
    d->ma_values = v;
    return (PyObject *)d;
}

PyObject *PyDict_New(void) { return kr_dict_new_over(KR_EMPTY_KEYS, NULL, 0); }

PyObject *_PyDict_NewPresized(Py_ssize_t n) {
    if (n <= KR_KEYS_USABLE(KR_KEYS_LOG2_MIN))
        return PyDict_New();
    PyDictKeysObject *k = kr_keys_new(kr_keys_log2_for(n > (1 << 17) ? (1 << 17) : n), KR_KEYS_UNICODE);
    return k == NULL ? NULL : kr_dict_new_over(k, NULL, 0);
}

void kr_dict_fini(KrInterp *interp) {
    KrContainerState *s = &interp->container;
    while (s->dict_free_count > 0)
        PyObject_GC_Del(s->dict_free[--s->dict_free_count]);
    while (s->keys_free_count > 0)
        PyMem_Free(s->keys_free[--s->keys_free_count]);
}

void PyDict_Clear(PyObject *op) {
    if (!PyDict_Check(op))
        return;
    PyDictObject *d = (PyDictObject *)op;
    PyDictKeysObject *k = d->ma_keys;
    PyDictValues *v = d->ma_values;
    if (k == KR_EMPTY_KEYS)
        return;
    kr_dict_touch(d);
    d->ma_keys = KR_EMPTY_KEYS;
    d->ma_values = NULL;
    d->ma_used = 0;
    if (v != NULL)
        kr_values_free(v);
    kr_keys_decref(k);
}

/* The same entries in a block of their own, references included. */
static PyDictKeysObject *keys_clone(PyDictKeysObject *old) {
    PyDictKeysObject *k = kr_keys_new(old->log2_size, old->kind);
    if (k == NULL)
        return NULL;
    Py_ssize_t n = old->nentries;
    memcpy(k->indices, old->indices, (size_t)1 << old->log2_index_bytes);
    k->usable = old->usable;
    k->nentries = n;
    if (k->kind == KR_KEYS_GENERAL) {
        KrDictEntry *e = kr_keys_entries(k);
        memcpy(e, kr_keys_entries(old), (size_t)n * sizeof *e);
        for (Py_ssize_t i = 0; i < n; i++) {
            Py_XINCREF(e[i].key);
            Py_XINCREF(e[i].value);
        }
    } else {
        KrDictUnicodeEntry *e = kr_keys_unicode_entries(k);
        memcpy(e, kr_keys_unicode_entries(old), (size_t)n * sizeof *e);
        for (Py_ssize_t i = 0; i < n; i++) {
            Py_XINCREF(e[i].key);
            Py_XINCREF(e[i].value);
        }
    }
    return k;
}

PyObject *PyDict_Copy(PyObject *op) {
    if (op == NULL || !PyDict_Check(op)) {
        PyErr_BadInternalCall();
        return NULL;
    }
    PyDictObject *d = (PyDictObject *)op;
    PyObject *copy;
    if (d->ma_used == 0)
        return PyDict_New();
    if (d->ma_values != NULL) {
        PyDictValues *v = kr_values_moved_out(d->ma_values);
        if (v == NULL)
            return NULL;
        d->ma_keys->refcnt++;
        if ((copy = kr_dict_new_over(d->ma_keys, v, kr_values_size(v))) == NULL) {
            kr_values_discard(v);
            return NULL;
        }
        for (int i = 0; i < kr_values_size(v); i++)
            Py_INCREF(v->values[kr_values_order(v, i)]);
        kr_gc_track(copy);
        return copy;
    }
    if (d->ma_used >= d->ma_keys->nentries * 2 / 3 && (Py_TYPE(op)->tp_iter == kr_dict_iter || PyDict_CheckExact(op))) {
        PyDictKeysObject *k = keys_clone(d->ma_keys);
        if (k == NULL || (copy = kr_dict_new_over(k, NULL, d->ma_used)) == NULL)
            return NULL;
        if (kr_gc_is_tracked(op))
            kr_gc_track(copy);
        return copy;
    }
    if ((copy = PyDict_New()) != NULL && PyDict_Merge(copy, op, 1) < 0)
        Py_CLEAR(copy);
    return copy;
}

/* ------------------------------------------------------------------ reading */

PyObject *PyDict_GetItem(PyObject *op, PyObject *key) {
    if (!PyDict_Check(op))
        return NULL;
    PyObject *value, *t, *v, *tb;
    PyDictObject *d = (PyDictObject *)op;
    if (PyUnicode_CheckExact(key) && d->ma_keys->kind != KR_KEYS_GENERAL) {
        kr_dict_lookup(d, key, kr_hash(key), &value);
        return value;
    }
    /* Errors are swallowed, and an exception that is set stays. */
    PyErr_Fetch(&t, &v, &tb);
    Py_hash_t hash = kr_hash(key);
    value = NULL;
    if (hash != -1)
        kr_dict_lookup(d, key, hash, &value);
    PyErr_Restore(t, v, tb);
    return value;
}

PyObject *_PyDict_GetItem_KnownHash(PyObject *op, PyObject *key, Py_hash_t hash) {
    DICT_OR_FAIL(op, NULL);
    PyObject *value;
    kr_dict_lookup((PyDictObject *)op, key, hash, &value);
    return value;
}

PyObject *PyDict_GetItemWithError(PyObject *op, PyObject *key) {
    DICT_OR_FAIL(op, NULL);
    PyObject *value;
    Py_hash_t hash = kr_hash(key);
    if (hash == -1)
        return NULL;
    kr_dict_lookup((PyDictObject *)op, key, hash, &value);
    return value;
}

PyObject *_PyDict_GetItemWithError(PyObject *op, PyObject *key) { return PyDict_GetItemWithError(op, key); }

PyObject *_PyDict_GetItemIdWithError(PyObject *op, _Py_Identifier *id) {
    PyObject *key = _PyUnicode_FromId(id);
    return key == NULL ? NULL : PyDict_GetItemWithError(op, key);
}

PyObject *_PyDict_GetItemStringWithError(PyObject *op, const char *name) {
    PyObject *key = PyUnicode_FromString(name);
    if (key == NULL)
        return NULL;
    PyObject *value = PyDict_GetItemWithError(op, key);
    Py_DECREF(key);
    return value;
}

PyObject *PyDict_GetItemString(PyObject *op, const char *name) {
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    PyObject *key = PyUnicode_FromString(name), *value = NULL;
    if (key != NULL) {
        value = PyDict_GetItem(op, key);
        Py_DECREF(key);
    }
    PyErr_Restore(t, v, tb);
    return value;
}

int _PyDict_Contains_KnownHash(PyObject *op, PyObject *key, Py_hash_t hash) {
    PyObject *value;
    Py_ssize_t ix = kr_dict_lookup((PyDictObject *)op, key, hash, &value);
    return ix == KR_DICT_ERROR ? -1 : ix >= 0;
}

int PyDict_Contains(PyObject *op, PyObject *key) {
    Py_hash_t hash = kr_hash(key);
    return hash == -1 ? -1 : _PyDict_Contains_KnownHash(op, key, hash);
}

int _PyDict_ContainsId(PyObject *op, _Py_Identifier *id) {
    PyObject *key = _PyUnicode_FromId(id);
    return key == NULL ? -1 : PyDict_Contains(op, key);
}

Py_ssize_t PyDict_Size(PyObject *op) {
    if (op == NULL || !PyDict_Check(op)) {
        PyErr_BadInternalCall();
        return -1;
    }
    return ((PyDictObject *)op)->ma_used;
}

int _PyDict_Next(PyObject *op, Py_ssize_t *pos, PyObject **key, PyObject **value, Py_hash_t *hash) {
    PyObject *k, *v;
    if (!PyDict_Check(op) || !kr_dict_next((PyDictObject *)op, pos, &k, &v, hash))
        return 0;
    if (key != NULL)
        *key = k;
    if (value != NULL)
        *value = v;
    return 1;
}

int PyDict_Next(PyObject *op, Py_ssize_t *pos, PyObject **key, PyObject **value) {
    return _PyDict_Next(op, pos, key, value, NULL);
}

int _PyDict_HasOnlyStringKeys(PyObject *op) {
    PyDictObject *d = (PyDictObject *)op;
    if (d->ma_keys->kind != KR_KEYS_GENERAL)
        return 1;
    PyObject *key, *value;
    for (Py_ssize_t pos = 0; kr_dict_next(d, &pos, &key, &value, NULL);)
        if (!PyUnicode_Check(key))
            return 0;
    return 1;
}

enum { LIST_KEYS, LIST_VALUES, LIST_ITEMS };

static PyObject *dict_list(PyObject *op, int what) {
    if (op == NULL || !PyDict_Check(op)) {
        PyErr_BadInternalCall();
        return NULL;
    }
    PyDictObject *d = (PyDictObject *)op;
again:;
    Py_ssize_t n = d->ma_used;
    PyObject *list = PyList_New(n);
    if (list == NULL)
        return NULL;
    if (what == LIST_ITEMS) {
        for (Py_ssize_t i = 0; i < n; i++) {
            PyObject *pair = PyTuple_New(2);
            if (pair == NULL) {
                Py_DECREF(list);
                return NULL;
            }
            PyList_SET_ITEM(list, i, pair);
        }
    }
    if (n != d->ma_used) {      /* allocating ran a collection that changed the dict */
        Py_DECREF(list);
        goto again;
    }
    PyObject *key, *value;
    Py_ssize_t i = 0;
    for (Py_ssize_t pos = 0; kr_dict_next(d, &pos, &key, &value, NULL); i++) {
        if (what == LIST_KEYS) {
            PyList_SET_ITEM(list, i, Py_NewRef(key));
        } else if (what == LIST_VALUES) {
            PyList_SET_ITEM(list, i, Py_NewRef(value));
        } else {
            PyObject *pair = PyList_GET_ITEM(list, i);
            PyTuple_SET_ITEM(pair, 0, Py_NewRef(key));
            PyTuple_SET_ITEM(pair, 1, Py_NewRef(value));
        }
    }
    return list;
}

PyObject *PyDict_Keys(PyObject *op) { return dict_list(op, LIST_KEYS); }
PyObject *PyDict_Values(PyObject *op) { return dict_list(op, LIST_VALUES); }
PyObject *PyDict_Items(PyObject *op) { return dict_list(op, LIST_ITEMS); }

/* ------------------------------------------------------------------ writing */

int _PyDict_SetItem_KnownHash(PyObject *op, PyObject *key, PyObject *item, Py_hash_t hash) {
    DICT_OR_FAIL(op, -1);
    return kr_dict_insert((PyDictObject *)op, key, hash, item);
}

int PyDict_SetItem(PyObject *op, PyObject *key, PyObject *item) {
    DICT_OR_FAIL(op, -1);
    Py_hash_t hash = kr_hash(key);
    return hash == -1 ? -1 : kr_dict_insert((PyDictObject *)op, key, hash, item);
}

int PyDict_SetItemString(PyObject *op, const char *name, PyObject *item) {
    PyObject *key = PyUnicode_InternFromString(name);
    if (key == NULL)
        return -1;
    int r = PyDict_SetItem(op, key, item);
    Py_DECREF(key);
    return r;
}

int _PyDict_SetItemId(PyObject *op, _Py_Identifier *id, PyObject *item) {
    PyObject *key = _PyUnicode_FromId(id);
    return key == NULL ? -1 : PyDict_SetItem(op, key, item);
}

/* d.setdefault(key, value): the value that is in d then, borrowed. */
PyObject *PyDict_SetDefault(PyObject *op, PyObject *key, PyObject *value) {
    DICT_OR_FAIL(op, NULL);
    Py_hash_t hash = kr_hash(key);
    if (hash == -1)
        return NULL;
    PyObject *present;
    Py_ssize_t ix = kr_dict_lookup((PyDictObject *)op, key, hash, &present);
    if (ix >= 0)
        return present;
    if (ix == KR_DICT_ERROR || kr_dict_insert_new((PyDictObject *)op, key, hash, value) < 0)
        return NULL;
    return value;
}

int _PyDict_DelItem_KnownHash(PyObject *op, PyObject *key, Py_hash_t hash) {
    DICT_OR_FAIL(op, -1);
    PyObject *value, *old_key;
    Py_ssize_t ix = kr_dict_lookup((PyDictObject *)op, key, hash, &value);
    if (ix < 0) {
        if (ix == KR_DICT_ABSENT)
            _PyErr_SetKeyError(key);
        return -1;
    }
    value = kr_dict_remove((PyDictObject *)op, ix, hash, &old_key);
    Py_DECREF(old_key);
    Py_DECREF(value);
    return 0;
}

int PyDict_DelItem(PyObject *op, PyObject *key) {
    Py_hash_t hash = kr_hash(key);
    return hash == -1 ? -1 : _PyDict_DelItem_KnownHash(op, key, hash);
}

int _PyDict_DelItemIf(PyObject *op, PyObject *key, int (*predicate)(PyObject *value)) {
    DICT_OR_FAIL(op, -1);
    Py_hash_t hash = kr_hash(key);
    if (hash == -1)
        return -1;
    PyObject *value, *old_key;
    Py_ssize_t ix = kr_dict_lookup((PyDictObject *)op, key, hash, &value);
    if (ix < 0) {
        if (ix == KR_DICT_ABSENT)
            _PyErr_SetKeyError(key);
        return -1;
    }
    int r = predicate(value);
    if (r <= 0)
        return r;
    value = kr_dict_remove((PyDictObject *)op, ix, hash, &old_key);
    Py_DECREF(old_key);
    Py_DECREF(value);
    return 0;
}

int PyDict_DelItemString(PyObject *op, const char *name) {
    PyObject *key = PyUnicode_FromString(name);
    if (key == NULL)
        return -1;
    int r = PyDict_DelItem(op, key);
    Py_DECREF(key);
    return r;
}

int _PyDict_DelItemId(PyObject *op, _Py_Identifier *id) {
    PyObject *key = _PyUnicode_FromId(id);
    return key == NULL ? -1 : PyDict_DelItem(op, key);
}

PyObject *_PyDict_Pop(PyObject *op, PyObject *key, PyObject *fallback) {
    PyDictObject *d = (PyDictObject *)op;
    PyObject *value = NULL, *old_key;
    Py_ssize_t ix = KR_DICT_ABSENT;
    Py_hash_t hash = 0;
    if (d->ma_used > 0) {
        if ((hash = kr_hash(key)) == -1)
            return NULL;
        ix = kr_dict_lookup(d, key, hash, &value);
    }
    if (ix == KR_DICT_ERROR)
        return NULL;
    if (ix == KR_DICT_ABSENT) {
        if (fallback == NULL)
            _PyErr_SetKeyError(key);
        return Py_XNewRef(fallback);
    }
    value = kr_dict_remove(d, ix, hash, &old_key);
    Py_DECREF(old_key);
    return value;
}

/* ------------------------------------------------------------------ merging */

/* Takes over all of b, a plain dict, into a, which is empty: by copying b's block when that is dense. 1 when done, 0 when not
 * applicable. */
static int dict_take_copy(PyDictObject *a, PyDictObject *b) {
    if (a->ma_keys != KR_EMPTY_KEYS || b->ma_values != NULL || b->ma_used != b->ma_keys->nentries || b->ma_used == 0 ||
        kr_keys_log2_for(b->ma_used) < b->ma_keys->log2_size)
        return 0;
    PyDictKeysObject *k = keys_clone(b->ma_keys);
    if (k == NULL)
        return -1;
    a->ma_keys = k;
    a->ma_used = b->ma_used;
    kr_dict_touch(a);
    if (kr_gc_is_tracked((PyObject *)b) && !kr_gc_is_tracked((PyObject *)a))
        kr_gc_track((PyObject *)a);
    return 1;
}

static int dict_merge_dict(PyDictObject *a, PyDictObject *b, int override) {
    if (a == b || b->ma_used == 0)
        return 0;
    int done = dict_take_copy(a, b);
    if (done != 0)
        return done < 0 ? -1 : 0;
    PyObject *key, *value;
    Py_hash_t hash;
    Py_ssize_t n = b->ma_used;
    for (Py_ssize_t pos = 0; kr_dict_next(b, &pos, &key, &value, &hash);) {
        int r;
        Py_INCREF(key);
        Py_INCREF(value);
        if (override == 1) {
            r = kr_dict_insert(a, key, hash, value);
        } else {
            r = _PyDict_Contains_KnownHash((PyObject *)a, key, hash);
            if (r == 0) {
                r = kr_dict_insert(a, key, hash, value);
            } else if (r > 0) {
                r = 0;
                if (override != 0) {
                    _PyErr_SetKeyError(key);
                    r = -1;
                }
            }
        }
        Py_DECREF(value);
        Py_DECREF(key);
        if (r < 0)
            return -1;
        if (n != b->ma_used) {
            PyErr_SetString(PyExc_RuntimeError, "dict mutated during update");
            return -1;
        }
    }
    return 0;
}

static int dict_merge_mapping(PyObject *a, PyObject *b, int override) {
    PyObject *keys = PyMapping_Keys(b);
    if (keys == NULL)
        return -1;
    PyObject *it = PyObject_GetIter(keys);
    Py_DECREF(keys);
    if (it == NULL)
        return -1;
    int result = 0;
    while (result == 0) {
        PyObject *key = kr_iter_next(it, &result);
        if (key == NULL)
            break;
        int present = override == 1 ? 0 : PyDict_Contains(a, key);
        if (present < 0) {
            result = -1;
        } else if (present > 0) {
            if (override != 0) {
                _PyErr_SetKeyError(key);
                result = -1;
            }
        } else {
            PyObject *value = PyObject_GetItem(b, key);
            result = value == NULL ? -1 : PyDict_SetItem(a, key, value);
            Py_XDECREF(value);
        }
        Py_DECREF(key);
    }
    Py_DECREF(it);
    return result;
}

/* override: 1 later keys win, 0 earlier ones do, 2 a key in both is a KeyError. */
int _PyDict_MergeEx(PyObject *a, PyObject *b, int override) {
    if (a == NULL || !PyDict_Check(a) || b == NULL) {
        PyErr_BadInternalCall();
        return -1;
    }
    if (PyDict_Check(b) && Py_TYPE(b)->tp_iter == kr_dict_iter)
        return dict_merge_dict((PyDictObject *)a, (PyDictObject *)b, override);
    return dict_merge_mapping(a, b, override);
}

int PyDict_Merge(PyObject *a, PyObject *b, int override) { return _PyDict_MergeEx(a, b, override != 0); }
int PyDict_Update(PyObject *a, PyObject *b) { return _PyDict_MergeEx(a, b, 1); }

int PyDict_MergeFromSeq2(PyObject *d, PyObject *seq2, int override) {
    PyObject *it = PyObject_GetIter(seq2);
    if (it == NULL)
        return -1;
    int result = 0;
    for (Py_ssize_t i = 0; result == 0; i++) {
        PyObject *item = kr_iter_next(it, &result);
        if (item == NULL)
            break;
        PyObject *fast = PySequence_Fast(item, "");
        Py_DECREF(item);
        if (fast == NULL) {
            if (PyErr_ExceptionMatches(PyExc_TypeError))
                PyErr_Format(PyExc_TypeError, "cannot convert dictionary update sequence element #%zd to a sequence", i);
            result = -1;
            break;
        }
        Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
        if (n != 2) {
            PyErr_Format(PyExc_ValueError, "dictionary update sequence element #%zd has length %zd; 2 is required", i, n);
            result = -1;
        } else {
            PyObject *key = Py_NewRef(PySequence_Fast_GET_ITEM(fast, 0)), *value = Py_NewRef(PySequence_Fast_GET_ITEM(fast, 1));
            if (override)
                result = PyDict_SetItem(d, key, value);
            else
                result = PyDict_SetDefault(d, key, value) == NULL ? -1 : 0;
            Py_DECREF(key);
            Py_DECREF(value);
        }
        Py_DECREF(fast);
    }
    Py_DECREF(it);
    return result;
}

int kr_dict_update_from(PyObject *self, PyObject *other) {
    if (PyDict_CheckExact(other))
        return PyDict_Merge(self, other, 1);
    PyObject *keys;
    if (_PyObject_LookupAttr(other, KR_STR(keys), &keys) < 0)
        return -1;
    if (keys != NULL) {
        Py_DECREF(keys);
        return PyDict_Merge(self, other, 1);
    }
    return PyDict_MergeFromSeq2(self, other, 1);
}

int kr_dict_update_args(PyObject *self, PyObject *args, PyObject *kwargs, const char *name) {
    PyObject *arg = NULL;
    if (!PyArg_UnpackTuple(args, name, 0, 1, &arg))
        return -1;
    if (arg != NULL && kr_dict_update_from(self, arg) < 0)
        return -1;
    if (kwargs == NULL)
        return 0;
    return PyArg_ValidateKeywordArguments(kwargs) ? PyDict_Merge(self, kwargs, 1) : -1;
}

/* ------------------------------------------------------------------ the rest */

bool kr_dict_is_simple(PyObject *op) {
    PyDictObject *d = (PyDictObject *)op;
    if (d->ma_values != NULL)
        return false;
    PyObject *key, *value;
    for (Py_ssize_t pos = 0; kr_dict_next(d, &pos, &key, &value, NULL);)
        if (kr_object_may_cycle(value) || (!PyUnicode_CheckExact(key) && kr_object_may_cycle(key)))
            return false;
    return true;
}

void _PyDict_MaybeUntrack(PyObject *op) {
    if (PyDict_CheckExact(op) && kr_gc_is_tracked(op) && kr_dict_is_simple(op))
        kr_gc_untrack(op);
}

Py_ssize_t _PyDict_SizeOf(PyDictObject *d) {
    Py_ssize_t n = Py_TYPE(d)->tp_basicsize;
    if (d->ma_values != NULL)
        n += (Py_ssize_t)kr_values_bytes(kr_values_capacity(d->ma_values));
    if (d->ma_keys != KR_EMPTY_KEYS && d->ma_keys->refcnt == 1)
        n += kr_keys_bytes(d->ma_keys);
    return n;
}

void _PyDict_DebugMallocStats(FILE *out) {
    fprintf(out, "%d free PyDictObjects\n", kr_interp()->container.dict_free_count);
}

PyAPI_FUNC(int) _PyDict_CheckConsistency(PyObject *op, int check_content);

/* For debuggers: whether the counts of the dict and of its block agree. */
int _PyDict_CheckConsistency(PyObject *op, int check_content) {
    PyDictObject *d = (PyDictObject *)op;
    if (d->ma_values != NULL)
        return d->ma_keys->kind == KR_KEYS_SPLIT && d->ma_used == kr_values_size(d->ma_values);
    Py_ssize_t live = 0;
    PyObject *key, *value;
    for (Py_ssize_t pos = 0; kr_dict_next(d, &pos, &key, &value, NULL);)
        live++;
    return live == d->ma_used && d->ma_keys->kind != KR_KEYS_SPLIT;
}
