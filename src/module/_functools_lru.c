/* _functools_lru.c - what functools.lru_cache puts around a function.
 *
 * Three kinds by maxsize: 0 (counts only), unbounded (cache: key -> result), bounded (cache: key -> Link). The links of a
 * bounded cache form a ring through `root` in order of use, root.next the one unused for longest. The cache dict, which
 * nobody else sees, owns the links; a link that dies takes itself out of the ring, so the ring holds live links only.
 * Calls may run anything, the wrapper itself included: nothing about the cache is taken for granted after one.
 *
 * Key: the argument itself if it is the only one and an exact str or int; else the tuple of positional arguments, then, if there
 * are keyword arguments, kwd_mark and each name and value, then, if `typed`, the types of all values.
 */
#include "module/_functools.h"

typedef struct Ring {
    struct Ring *previous, *next;
} Ring;

typedef struct {
    PyObject_HEAD
    Ring ring;                  /* next == NULL while in no ring */
    Py_hash_t hash;
    PyObject *key, *result;
} Link;
#define LINK_OF(r) ((Link *)((char *)(r) - offsetof(Link, ring)))

typedef struct {
    PyObject_HEAD
    PyObject *func, *cache, *cache_info_type, *kwd_mark;
    Ring root;
    Py_ssize_t maxsize;         /* -1: unbounded */
    Py_ssize_t hits, misses;
    PyObject *dict, *weakreflist;
    vectorcallfunc vectorcall;
    bool typed;
} LruCache;
#define LRU(o) ((LruCache *)(o))

/* ------------------------------------------------------------------ links */

static void link_remove(Link *link) {
    if (link->ring.next == NULL)
        return;
    link->ring.previous->next = link->ring.next;
    link->ring.next->previous = link->ring.previous;
    link->ring.next = NULL;
}

/* Makes link the one used last. */
static void link_append(LruCache *self, Link *link) {
    link->ring.previous = self->root.previous;
    link->ring.next = &self->root;
    self->root.previous->next = &link->ring;
    self->root.previous = &link->ring;
}

static void link_dealloc(PyObject *o) {
    Link *link = (Link *)o;
    link_remove(link);
    Py_XDECREF(link->key);
    Py_XDECREF(link->result);
    PyObject_Free(o);
}

PyTypeObject kr_lru_link_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "functools._lru_list_elem",
    .tp_basicsize = sizeof(Link),
    .tp_dealloc = link_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
};

static Link *link_new(PyObject *key, Py_hash_t hash, PyObject *result) {
    Link *link = PyObject_New(Link, &kr_lru_link_type);
    if (link == NULL)
        return NULL;
    link->ring.next = NULL;
    link->hash = hash;
    link->key = Py_NewRef(key);
    link->result = Py_NewRef(result);
    return link;
}

/* ------------------------------------------------------------------ keys */

static PyObject *make_key(LruCache *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    Py_ssize_t nkw = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);
    if (nargs == 1 && nkw == 0 && !self->typed && (PyUnicode_CheckExact(args[0]) || PyLong_CheckExact(args[0])))
        return Py_NewRef(args[0]);
    PyObject *key = PyTuple_New(nargs + (nkw > 0 ? 1 + 2 * nkw : 0) + (self->typed ? nargs + nkw : 0));
    if (key == NULL)
        return NULL;
    Py_ssize_t n = 0;
    for (Py_ssize_t i = 0; i < nargs; i++)
        PyTuple_SET_ITEM(key, n++, Py_NewRef(args[i]));
    if (nkw > 0)
        PyTuple_SET_ITEM(key, n++, Py_NewRef(self->kwd_mark));
    for (Py_ssize_t i = 0; i < nkw; i++) {
        PyTuple_SET_ITEM(key, n++, Py_NewRef(PyTuple_GET_ITEM(kwnames, i)));
        PyTuple_SET_ITEM(key, n++, Py_NewRef(args[nargs + i]));
    }
    for (Py_ssize_t i = 0; self->typed && i < nargs + nkw; i++)
        PyTuple_SET_ITEM(key, n++, Py_NewRef((PyObject *)Py_TYPE(args[i])));
    return key;
}

/* ------------------------------------------------------------------ calls */

static PyObject *call_uncached(PyObject *o, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    LRU(o)->misses++;
    return PyObject_Vectorcall(LRU(o)->func, args, nargsf, kwnames);
}

static PyObject *call_unbounded(PyObject *o, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    LruCache *self = LRU(o);
    PyObject *key = make_key(self, args, PyVectorcall_NARGS(nargsf), kwnames), *result = NULL;
    Py_hash_t hash = key == NULL ? -1 : PyObject_Hash(key);
    if (hash == -1)
        goto done;
    result = _PyDict_GetItem_KnownHash(self->cache, key, hash);
    if (result != NULL) {
        self->hits++;
        Py_INCREF(result);
    } else if (!PyErr_Occurred()) {
        self->misses++;
        result = PyObject_Vectorcall(self->func, args, nargsf, kwnames);
        if (result != NULL && _PyDict_SetItem_KnownHash(self->cache, key, result, hash) < 0)
            Py_CLEAR(result);
    }
done:
    Py_XDECREF(key);
    return result;
}

/* Takes the link unused for longest out of ring and cache: 1 with *link owned; 0 when something else has dropped it from
 * the dict meanwhile (it is out of the ring then); -1. */
static int take_oldest(LruCache *self, Link **link) {
    Link *oldest = LINK_OF(self->root.next);
    Py_INCREF(oldest);
    link_remove(oldest);
    PyObject *found = _PyDict_GetItem_KnownHash(self->cache, oldest->key, oldest->hash);
    int r = found == (PyObject *)oldest && !PyErr_Occurred();
    if (r && _PyDict_DelItem_KnownHash(self->cache, oldest->key, oldest->hash) < 0)
        r = -1;
    if (PyErr_Occurred()) {     /* comparing keys failed: it stays, as the oldest */
        r = -1;
        oldest->ring.previous = &self->root;
        oldest->ring.next = self->root.next;
        self->root.next->previous = &oldest->ring;
        self->root.next = &oldest->ring;
    }
    if (r == 1)
        *link = oldest;
    else
        Py_DECREF(oldest);
    return r;
}

/* Keeps a new result, at the expense of the oldest one when the cache is full. */
static int remember(LruCache *self, PyObject *key, Py_hash_t hash, PyObject *result) {
    Link *link;
    PyObject *old_key = NULL, *old_result = NULL;
    if (PyDict_GET_SIZE(self->cache) < self->maxsize || self->root.next == &self->root) {
        link = link_new(key, hash, result);
        if (link == NULL)
            return -1;
    } else {
        int r = take_oldest(self, &link);
        if (r <= 0)
            return r;
        old_key = link->key;
        old_result = link->result;
        link->hash = hash;
        link->key = Py_NewRef(key);
        link->result = Py_NewRef(result);
    }
    int r = _PyDict_SetItem_KnownHash(self->cache, key, (PyObject *)link, hash);
    if (r == 0 && link->ring.next == NULL && Py_REFCNT(link) > 1)   /* still in the dict */
        link_append(self, link);
    Py_DECREF(link);
    Py_XDECREF(old_key);        /* last: these may run code that calls the wrapper */
    Py_XDECREF(old_result);
    return r;
}

static PyObject *call_bounded(PyObject *o, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    LruCache *self = LRU(o);
    PyObject *key = make_key(self, args, PyVectorcall_NARGS(nargsf), kwnames), *result = NULL;
    Py_hash_t hash = key == NULL ? -1 : PyObject_Hash(key);
    if (hash == -1)
        goto done;
    Link *link = (Link *)_PyDict_GetItem_KnownHash(self->cache, key, hash);
    if (link != NULL) {
        link_remove(link);
        link_append(self, link);
        self->hits++;
        result = Py_NewRef(link->result);
        goto done;
    }
    if (PyErr_Occurred())
        goto done;
    self->misses++;
    result = PyObject_Vectorcall(self->func, args, nargsf, kwnames);
    /* The call may have cached the same key already. */
    if (result != NULL && _PyDict_GetItem_KnownHash(self->cache, key, hash) == NULL &&
        (PyErr_Occurred() || remember(self, key, hash, result) < 0))
        Py_CLEAR(result);
done:
    Py_XDECREF(key);
    return result;
}

/* ------------------------------------------------------------------ lifecycle */

static PyObject *lru_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"user_function", "maxsize", "typed", "cache_info_type", NULL};
    PyObject *func, *maxsize_object, *cache_info_type;
    int typed;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "OOpO:lru_cache", keywords, &func, &maxsize_object, &typed, &cache_info_type))
        return NULL;
    if (!PyCallable_Check(func)) {
        PyErr_SetString(PyExc_TypeError, "the first argument must be callable");
        return NULL;
    }
    Py_ssize_t maxsize = -1;
    if (PyIndex_Check(maxsize_object)) {
        maxsize = PyNumber_AsSsize_t(maxsize_object, PyExc_OverflowError);
        if (maxsize == -1 && PyErr_Occurred())
            return NULL;
        if (maxsize < 0)
            maxsize = 0;
    } else if (maxsize_object != Py_None) {
        PyErr_SetString(PyExc_TypeError, "maxsize should be integer or None");
        return NULL;
    }
    LruCache *self = LRU(type->tp_alloc(type, 0));
    if (self == NULL)
        return NULL;
    self->root.previous = self->root.next = &self->root;
    self->func = Py_NewRef(func);
    self->cache_info_type = Py_NewRef(cache_info_type);
    self->maxsize = maxsize;
    self->typed = typed;
    self->vectorcall = maxsize < 0 ? call_unbounded : maxsize == 0 ? call_uncached : call_bounded;
    self->cache = PyDict_New();
    self->kwd_mark = PyObject_CallNoArgs((PyObject *)&PyBaseObject_Type);
    if (self->cache == NULL || self->kwd_mark == NULL)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static int lru_clear(PyObject *o) {
    LruCache *self = LRU(o);
    Py_CLEAR(self->cache);      /* and the links */
    Py_CLEAR(self->func);
    Py_CLEAR(self->cache_info_type);
    Py_CLEAR(self->kwd_mark);
    Py_CLEAR(self->dict);
    return 0;
}

static void lru_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    if (LRU(o)->weakreflist != NULL)
        PyObject_ClearWeakRefs(o);
    lru_clear(o);
    Py_TYPE(o)->tp_free(o);
}

static int lru_traverse(PyObject *o, visitproc visit, void *arg) {
    LruCache *self = LRU(o);
    for (Ring *r = self->root.next; r != NULL && r != &self->root; r = r->next) {    /* links are unknown to the collector */
        Py_VISIT(LINK_OF(r)->key);
        Py_VISIT(LINK_OF(r)->result);
    }
    Py_VISIT(self->cache);
    Py_VISIT(self->func);
    Py_VISIT(self->cache_info_type);
    Py_VISIT(self->kwd_mark);
    Py_VISIT(self->dict);
    return 0;
}

/* ------------------------------------------------------------------ methods */

static PyObject *lru_descr_get(PyObject *self, PyObject *o, PyObject *type) {
    return o == NULL || o == Py_None ? Py_NewRef(self) : PyMethod_New(self, o);
}

static PyObject *lru_cache_info(PyObject *o, PyObject *unused) {
    LruCache *self = LRU(o);
    if (self->maxsize == -1)
        return PyObject_CallFunction(self->cache_info_type, "nnOn", self->hits, self->misses, Py_None, PyDict_GET_SIZE(self->cache));
    return PyObject_CallFunction(self->cache_info_type, "nnnn", self->hits, self->misses, self->maxsize, PyDict_GET_SIZE(self->cache));
}

static PyObject *lru_cache_clear(PyObject *o, PyObject *unused) {
    LRU(o)->hits = LRU(o)->misses = 0;
    PyDict_Clear(LRU(o)->cache);
    Py_RETURN_NONE;
}

static PyObject *lru_reduce(PyObject *o, PyObject *unused) { return PyObject_GetAttr(o, KR_STR(__qualname__)); }
static PyObject *lru_copy(PyObject *o, PyObject *unused) { return Py_NewRef(o); }

static PyMethodDef lru_methods[] = {
    {"cache_info", lru_cache_info, METH_NOARGS, PyDoc_STR("Hits, misses, limit and number of entries.")},
    {"cache_clear", lru_cache_clear, METH_NOARGS, PyDoc_STR("Forgets all results and counts.")},
    {"__reduce__", lru_reduce, METH_NOARGS},
    {"__copy__", lru_copy, METH_VARARGS},
    {"__deepcopy__", lru_copy, METH_VARARGS},
    {NULL}};
static PyGetSetDef lru_getsets[] = {{"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict}, {NULL}};

PyTypeObject kr_lru_cache_type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "functools._lru_cache_wrapper",
    .tp_basicsize = sizeof(LruCache),
    .tp_dealloc = lru_dealloc,
    .tp_vectorcall_offset = offsetof(LruCache, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_setattro = PyObject_GenericSetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_doc = PyDoc_STR("A callable that remembers the results of a function.\n\n"
                        "user_function is what it calls; maxsize how many results it keeps, 0 for none, None for all;\n"
                        "typed whether 3 and 3.0 are different arguments; cache_info_type the namedtuple of cache_info()."),
    .tp_traverse = lru_traverse,
    .tp_clear = lru_clear,
    .tp_weaklistoffset = offsetof(LruCache, weakreflist),
    .tp_methods = lru_methods,
    .tp_getset = lru_getsets,
    .tp_descr_get = lru_descr_get,
    .tp_dictoffset = offsetof(LruCache, dict),
    .tp_new = lru_new,
    .tp_free = PyObject_GC_Del,
};
