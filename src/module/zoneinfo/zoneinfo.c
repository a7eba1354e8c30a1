/* zoneinfo.c - the module _zoneinfo: the class ZoneInfo, a tzinfo made from a file of the time zone database.
 *
 * Finding and reading the files is the library's Python code (zoneinfo._tzpath, zoneinfo._common). A zone is kept by key in two caches: a WeakValueDictionary
 * with all that are alive, and for the class itself a short list of those used last, which keeps them alive. A subclass has its own dictionary, the attribute
 * _weak_cache. The caches belong to the module object of the interpreter; the class is static, like the class tzinfo.
 */
#include "module/zoneinfo/zone.h"

enum { STRONG_CACHE_SIZE = 8 };

typedef struct {
    PyDateTime_TZInfo base;
    PyObject *weakrefs;
    PyObject *key;                  /* None if made from a file without one */
    PyObject *file_repr;            /* NULL unless made from a file */
    enum { MADE_BY_KEY, MADE_WITHOUT_CACHE, MADE_FROM_FILE } source;
    Py_ssize_t n_locals, n;         /* n: transitions */
    KrLocal *locals;
    int64_t *utc;                   /* when the transitions are, ascending: UTC */
    int64_t *local[2];              /* the same in local seconds, as times with fold 0 and 1 see it */
    KrLocal **after_transition;     /* what holds from a transition on */
    const KrLocal *before;          /* what holds before the first one; NULL if there is nothing in the file */
    KrRule rule;                    /* what holds after the last one */
    bool fixed;                     /* the same at all times */
} ZoneInfo;
#define ZONE(o) ((ZoneInfo *)(o))

typedef struct {
    PyObject *weak_cache;           /* WeakValueDictionary */
    PyObject *strong_cache;         /* list, the last used at the end */
    PyObject *deltas;               /* {seconds: timedelta} */
    PyObject *new_weak_cache;       /* weakref.WeakValueDictionary */
    PyObject *find_file, *load_tzdata, *load_data, *open;
} State;

static PyTypeObject zoneinfo_type;
static struct PyModuleDef zoneinfo_module;
static State *get_state(void) { return PyModule_GetState(PyState_FindModule(&zoneinfo_module)); }

static PyObject *import_from(const char *module, const char *name) {
    PyObject *m = PyImport_ImportModule(module), *o = m ? PyObject_GetAttrString(m, name) : NULL;
    Py_XDECREF(m);
    return o;
}

/* ------------------------------------------------------------------ what holds at a time */

PyObject *kr_zone_delta(int seconds) {
    State *st = get_state();
    PyObject *key = PyLong_FromLong(seconds), *delta = key ? PyDict_GetItemWithError(st->deltas, key) : NULL;
    if (delta) Py_INCREF(delta);
    else if (key && !PyErr_Occurred()) {
        delta = kr_dt_delta_from_us((KrDuration)seconds * SECOND_US);
        if (delta && PyDict_SetItem(st->deltas, key, delta) < 0) Py_CLEAR(delta);
    }
    Py_XDECREF(key);
    return delta;
}
int kr_local_init(KrLocal *l, int offset, int dst_offset, PyObject *name) {
    l->offset = offset;
    l->utcoff = kr_zone_delta(offset);
    l->dstoff = l->utcoff ? kr_zone_delta(dst_offset) : NULL;
    l->name = Py_NewRef(name);
    return l->dstoff ? 0 : -1;
}
void kr_local_clear(KrLocal *l) {
    Py_CLEAR(l->utcoff);
    Py_CLEAR(l->dstoff);
    Py_CLEAR(l->name);
}
static void copy_local(KrLocal *to, const KrLocal *from) {
    *to = *from;
    Py_INCREF(to->utcoff);
    Py_INCREF(to->dstoff);
    Py_INCREF(to->name);
}
/* Offsets are shared by value, so that equal ones are one object. */
static bool same_local(const KrLocal *a, const KrLocal *b) {
    return a->utcoff == b->utcoff && a->dstoff == b->dstoff && PyUnicode_Compare(a->name, b->name) == 0;
}

/* ------------------------------------------------------------------ loading */

/* The int at index i of a tuple; false with an exception for anything else. */
static bool int_at(PyObject *tuple, Py_ssize_t i, long long low, long long high, long long *value) {
    *value = PyLong_AsLongLong(PyTuple_GET_ITEM(tuple, i));
    if (*value == -1 && PyErr_Occurred()) return false;
    if (*value >= low && *value <= high) return true;
    PyErr_SetString(PyExc_ValueError, "Invalid transition index found while reading TZif");
    return false;
}
/* The file says which local times are daylight saving time, not by how much: the difference is inferred from the transitions around each. dst[i]: the
 * flags, replaced by differences in seconds. */
static void infer_dst_offsets(const ZoneInfo *self, const int *from, int *dst) {
    const Py_ssize_t n = self->n;
    int *offsets = dst + self->n_locals;        /* the second half is room for the results */
    memset(offsets, 0, (size_t)self->n_locals * sizeof(int));
    for (Py_ssize_t i = 1; i < n; i++) {
        int here = from[i], other = from[i - 1], offset = 0;
        if (!dst[here] || offsets[here]) continue;
        if (!dst[other]) offset = self->locals[here].offset - self->locals[other].offset;
        if (!offset && here < self->n_locals - 1 && i + 1 < n) {
            other = from[i + 1];
            if (dst[other]) continue;
            offset = self->locals[here].offset - self->locals[other].offset;
        }
        offsets[here] = offset;
    }
    for (Py_ssize_t i = 0; i < self->n_locals; i++) dst[i] = dst[i] && !offsets[i] ? 3600 : offsets[i];
}
/* Local seconds of the transitions: with fold 0 a repeated or skipped hour lasts as long as it can, with fold 1 as short. */
static void local_transitions(ZoneInfo *self, const int *from) {
    for (Py_ssize_t i = 0; i < self->n; i++) {
        int a = self->locals[i > 0 ? from[i - 1] : 0].offset, b = self->locals[from[i]].offset;
        self->local[0][i] = self->utc[i] + (a > b ? a : b);
        self->local[1][i] = self->utc[i] + (a > b ? b : a);
    }
}
static bool are_tuples(PyObject *data, Py_ssize_t n) {
    if (PyTuple_Check(data) && PyTuple_GET_SIZE(data) == n + 1) {
        Py_ssize_t i = 0;
        while (i < n && PyTuple_Check(PyTuple_GET_ITEM(data, i))) i++;
        if (i == n && PyTuple_GET_SIZE(PyTuple_GET_ITEM(data, 0)) == PyTuple_GET_SIZE(PyTuple_GET_ITEM(data, 1)) &&
            PyTuple_GET_SIZE(PyTuple_GET_ITEM(data, 2)) == PyTuple_GET_SIZE(PyTuple_GET_ITEM(data, 3)) &&
            PyTuple_GET_SIZE(PyTuple_GET_ITEM(data, 2)) == PyTuple_GET_SIZE(PyTuple_GET_ITEM(data, 4)))
            return true;
    }
    PyErr_SetString(PyExc_TypeError, "zoneinfo._common.load_data() gave something unexpected");
    return false;
}
/* from and dst are scratch: room for an int each transition, and for two each local time. */
static int fill(ZoneInfo *self, PyObject *data, int *from, int *dst) {
    PyObject *index = PyTuple_GET_ITEM(data, 0), *utc = PyTuple_GET_ITEM(data, 1), *offset = PyTuple_GET_ITEM(data, 2), *is_dst = PyTuple_GET_ITEM(data, 3);
    PyObject *names = PyTuple_GET_ITEM(data, 4), *rule = PyTuple_GET_ITEM(data, 5);
    long long value;
    for (Py_ssize_t i = 0; i < self->n_locals; i++) {
        if (!int_at(offset, i, INT_MIN / 2, INT_MAX / 2, &value)) return -1;
        self->locals[i].offset = (int)value;
        if (!int_at(is_dst, i, INT_MIN, INT_MAX, &value)) return -1;
        dst[i] = value != 0;
        if (!dst[i] && !self->before) self->before = &self->locals[i];
    }
    for (Py_ssize_t i = 0; i < self->n; i++) {
        if (!int_at(index, i, 0, self->n_locals - 1, &value)) return -1;
        from[i] = (int)value;
        self->after_transition[i] = &self->locals[value];
        if (!int_at(utc, i, LLONG_MIN, LLONG_MAX, &value)) return -1;
        self->utc[i] = value;
    }
    infer_dst_offsets(self, from, dst);
    local_transitions(self, from);
    for (Py_ssize_t i = 0; i < self->n_locals; i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i);
        if (!PyUnicode_Check(name)) {
            PyErr_SetString(PyExc_TypeError, "a zone's name must be str");
            return -1;
        }
        if (kr_local_init(&self->locals[i], self->locals[i].offset, dst[i], name) < 0) return -1;
    }
    if (!self->before && self->n > 0) self->before = self->after_transition[0];
    if (PyBytes_Check(rule) && PyBytes_GET_SIZE(rule) > 0) {
        if (kr_rule_parse(&self->rule, rule) < 0) return -1;
    }
    else if (self->n_locals == 0) {
        PyErr_SetString(PyExc_ValueError, "No time zone information found.");
        return -1;
    }
    else
        copy_local(&self->rule.standard, self->n > 0 ? self->after_transition[self->n - 1] : &self->locals[self->n_locals - 1]);
    self->fixed = !self->rule.changes && (self->n_locals == 0 || (self->n_locals == 1 && same_local(&self->locals[0], &self->rule.standard)));
    return 0;
}
static int load(ZoneInfo *self, PyObject *file) {
    PyObject *data = PyObject_CallOneArg(get_state()->load_data, file);
    int r = -1, *scratch = NULL;
    if (!data || !are_tuples(data, 5)) goto done;
    const Py_ssize_t n = PyTuple_GET_SIZE(PyTuple_GET_ITEM(data, 0)), n_locals = PyTuple_GET_SIZE(PyTuple_GET_ITEM(data, 2));
    self->locals = PyMem_Calloc((size_t)n_locals + 1, sizeof(KrLocal));
    self->after_transition = PyMem_Calloc((size_t)n + 1, sizeof(KrLocal *));
    self->utc = PyMem_Calloc((size_t)n + 1, 3 * sizeof(int64_t));
    scratch = PyMem_Calloc((size_t)n + 2 * (size_t)n_locals + 1, sizeof(int));
    if (!self->locals || !self->after_transition || !self->utc || !scratch) {
        PyErr_NoMemory();
        goto done;
    }
    self->n = n;
    self->n_locals = n_locals;
    self->local[0] = self->utc + n;
    self->local[1] = self->utc + 2 * n;
    r = fill(self, data, scratch, scratch + n);
done:
    PyMem_Free(scratch);
    Py_XDECREF(data);
    return r;
}

/* ------------------------------------------------------------------ making */

static void zoneinfo_dealloc(PyObject *o) {
    ZoneInfo *self = ZONE(o);
    if (self->weakrefs) PyObject_ClearWeakRefs(o);
    for (Py_ssize_t i = 0; i < self->n_locals; i++) kr_local_clear(&self->locals[i]);
    kr_rule_clear(&self->rule);
    PyMem_Free(self->locals);
    PyMem_Free(self->after_transition);
    PyMem_Free(self->utc);
    Py_XDECREF(self->key);
    Py_XDECREF(self->file_repr);
    Py_TYPE(o)->tp_free(o);
}
/* A zone from an open file. */
static PyObject *from_open_file(PyTypeObject *type, PyObject *key, PyObject *file) {
    PyObject *self = type->tp_alloc(type, 0);
    if (!self) return NULL;
    ZONE(self)->key = Py_NewRef(key);
    ZONE(self)->source = MADE_WITHOUT_CACHE;
    if (load(ZONE(self), file) < 0) Py_CLEAR(self);
    return self;
}
static PyObject *open_by_key(PyObject *key) {
    State *st = get_state();
    PyObject *path = PyObject_CallOneArg(st->find_file, key), *file = NULL;
    if (path == Py_None) file = PyObject_CallOneArg(st->load_tzdata, key);
    else if (path) file = PyObject_CallFunction(st->open, "Os", path, "rb");
    Py_XDECREF(path);
    return file;
}
static PyObject *make(PyTypeObject *type, PyObject *key) {
    PyObject *file = open_by_key(key), *self = NULL, *exc, *value, *tb;
    if (!file) return NULL;
    self = from_open_file(type, key, file);
    PyErr_Fetch(&exc, &value, &tb);
    PyObject *r = PyObject_CallMethod(file, "close", NULL);
    Py_DECREF(file);
    if (!r) {
        Py_CLEAR(self);
        _PyErr_ChainExceptions(exc, value, tb);
    }
    else PyErr_Restore(exc, value, tb);
    Py_XDECREF(r);
    return self;
}

/* ------------------------------------------------------------------ caches */

/* The place of a key in the strong cache, or -1; -2 with an exception. */
static Py_ssize_t find_strong(PyObject *list, PyObject *key) {
    for (Py_ssize_t i = PyList_GET_SIZE(list); i-- > 0;) {
        if (i >= PyList_GET_SIZE(list)) continue;
        PyObject *zone = Py_NewRef(PyList_GET_ITEM(list, i));
        int same = PyObject_RichCompareBool(ZONE(zone)->key, key, Py_EQ);
        bool moved = i >= PyList_GET_SIZE(list) || PyList_GET_ITEM(list, i) != zone;
        Py_DECREF(zone);
        if (same < 0) return -2;
        if (same && !moved) return i;
    }
    return -1;
}
/* Makes the zone the last used one; at: its place in the strong cache or -1. */
static int use_strong(PyObject *list, PyObject *zone, Py_ssize_t at) {
    const Py_ssize_t n = PyList_GET_SIZE(list);
    if (at >= 0 && at == n - 1) return 0;
    if (PyList_Append(list, zone) < 0) return -1;
    if (at < 0 && n < STRONG_CACHE_SIZE) return 0;
    return PyList_SetSlice(list, at < 0 ? 0 : at, at < 0 ? 1 : at + 1, NULL);
}
/* The dictionary of a class (new reference). */
static PyObject *get_weak_cache(PyTypeObject *type) {
    return type == &zoneinfo_type ? Py_NewRef(get_state()->weak_cache) : PyObject_GetAttrString((PyObject *)type, "_weak_cache");
}
static PyObject *find_or_make(PyTypeObject *type, PyObject *key) {
    PyObject *cache = get_weak_cache(type), *self = cache ? PyObject_CallMethod(cache, "get", "O", key) : NULL;
    if (self == Py_None) {
        PyObject *made = make(type, key);
        Py_SETREF(self, made ? PyObject_CallMethod(cache, "setdefault", "OO", key, made) : NULL);
        Py_XDECREF(made);
    }
    if (self && !PyObject_TypeCheck(self, &zoneinfo_type)) {
        PyErr_Format(PyExc_RuntimeError, "Unexpected instance of %s in %s weak cache for key %R", Py_TYPE(self)->tp_name, type->tp_name, key);
        Py_CLEAR(self);
    }
    if (self) ZONE(self)->source = MADE_BY_KEY;
    Py_XDECREF(cache);
    return self;
}
static PyObject *zoneinfo_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"key", NULL};
    PyObject *key, *strong = get_state()->strong_cache;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O", keywords, &key)) return NULL;
    Py_ssize_t at = type == &zoneinfo_type ? find_strong(strong, key) : -1;
    if (at == -2) return NULL;
    PyObject *self = at >= 0 ? Py_NewRef(PyList_GET_ITEM(strong, at)) : find_or_make(type, key);
    if (self && type == &zoneinfo_type && use_strong(strong, self, at) < 0) Py_CLEAR(self);
    return self;
}
static PyObject *zoneinfo_init_subclass(PyTypeObject *cls, PyObject *args, PyObject *kwds) {
    PyObject *cache = PyObject_CallNoArgs(get_state()->new_weak_cache);
    int r = cache ? PyObject_SetAttrString((PyObject *)cls, "_weak_cache", cache) : -1;
    Py_XDECREF(cache);
    if (r < 0) return NULL;
    Py_RETURN_NONE;
}
static PyObject *forget(PyTypeObject *type, PyObject *cache, PyObject *key) {
    if (type == &zoneinfo_type) {
        PyObject *strong = get_state()->strong_cache;
        Py_ssize_t at = find_strong(strong, key);
        if (at == -2 || (at >= 0 && PyList_SetSlice(strong, at, at + 1, NULL) < 0)) return NULL;
    }
    return PyObject_CallMethod(cache, "pop", "OO", key, Py_None);
}
static PyObject *clear_all(PyTypeObject *type, PyObject *cache) {
    if (type == &zoneinfo_type && PyList_SetSlice(get_state()->strong_cache, 0, PY_SSIZE_T_MAX, NULL) < 0) return NULL;
    return PyObject_CallMethod(cache, "clear", NULL);
}
static PyObject *zoneinfo_clear_cache(PyTypeObject *cls, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"only_keys", NULL};
    PyObject *only = Py_None, *keys = NULL, *key, *r = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|$O", keywords, &only)) return NULL;
    PyObject *cache = get_weak_cache(cls);
    if (!cache) return NULL;
    if (only == Py_None) r = clear_all(cls, cache);
    else if ((keys = PyObject_GetIter(only))) {
        r = Py_NewRef(Py_None);
        while (r && (key = PyIter_Next(keys))) {
            Py_SETREF(r, forget(cls, cache, key));
            Py_DECREF(key);
        }
        if (PyErr_Occurred()) Py_CLEAR(r);
        Py_DECREF(keys);
    }
    Py_DECREF(cache);
    if (!r) return NULL;
    Py_DECREF(r);
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ class methods */

static PyObject *zoneinfo_no_cache(PyTypeObject *cls, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"key", NULL};
    PyObject *key;
    return PyArg_ParseTupleAndKeywords(args, kwds, "O", keywords, &key) ? make(cls, key) : NULL;
}
static PyObject *zoneinfo_from_file(PyTypeObject *cls, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"", "key", NULL};
    PyObject *file, *key = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O|O", keywords, &file, &key)) return NULL;
    PyObject *self = from_open_file(cls, key, file);
    if (!self) return NULL;
    ZONE(self)->source = MADE_FROM_FILE;
    ZONE(self)->file_repr = PyObject_Repr(file);
    if (!ZONE(self)->file_repr) Py_CLEAR(self);
    return self;
}
static PyObject *zoneinfo_unpickle(PyTypeObject *cls, PyObject *args) {
    PyObject *key;
    unsigned char from_cache;
    if (!PyArg_ParseTuple(args, "OB", &key, &from_cache)) return NULL;
    return from_cache ? PyObject_CallOneArg((PyObject *)cls, key) : make(cls, key);
}

/* ------------------------------------------------------------------ a datetime's local time */

/* The attribute of something that is like a datetime, as an int from low to high. */
static int attribute(PyObject *o, const char *name, int low, int high, int *value) {
    PyObject *v = strcmp(name, "toordinal") ? PyObject_GetAttrString(o, name) : PyObject_CallMethod(o, name, NULL);
    if (!v) return -1;
    *value = _PyLong_AsInt(v);
    Py_DECREF(v);
    if (*value == -1 && PyErr_Occurred()) return -1;
    if (*value >= low && *value <= high) return 0;
    PyErr_Format(PyExc_ValueError, "%s is out of range", name);
    return -1;
}
/* Its reading in local seconds, its year and fold. */
static int read_datetime(PyObject *dt, int64_t *local, int *year, int *fold) {
    if (IS_DATETIME(dt)) {
        *local = kr_dt_moment(dt) / SECOND_US - (int64_t)EPOCH_ORDINAL * DAY_SECONDS;
        *year = PyDateTime_GET_YEAR(dt);
        *fold = PyDateTime_DATE_GET_FOLD(dt);
        return 0;
    }
    int ordinal, hour, minute, second;
    if (attribute(dt, "toordinal", 1, MAX_ORDINAL, &ordinal) < 0 || attribute(dt, "hour", 0, 23, &hour) < 0 || attribute(dt, "minute", 0, 59, &minute) < 0 ||
        attribute(dt, "second", 0, 59, &second) < 0 || attribute(dt, "year", MIN_YEAR, MAX_YEAR, year) < 0 || attribute(dt, "fold", 0, 1, fold) < 0)
        return -1;
    *local = (int64_t)(ordinal - EPOCH_ORDINAL) * DAY_SECONDS + hour * 3600 + minute * 60 + second;
    return 0;
}
/* How many of the n times are not after t. */
static Py_ssize_t count_until(const int64_t *times, Py_ssize_t n, int64_t t) {
    Py_ssize_t low = 0;
    while (low < n) {
        Py_ssize_t middle = low + (n - low) / 2;
        if (times[middle] <= t) low = middle + 1;
        else n = middle;
    }
    return low;
}
/* What holds at the datetime; NULL with an exception. */
static const KrLocal *find(ZoneInfo *self, PyObject *dt) {
    static const KrLocal nothing;
    int64_t local;
    int year, fold;
    if (dt == Py_None) return self->fixed ? &self->rule.standard : &nothing;
    if (read_datetime(dt, &local, &year, &fold) < 0) return NULL;
    const int64_t *times = self->local[fold];
    if (self->n == 0 || local > times[self->n - 1]) return kr_rule_at_local(&self->rule, local, year, fold);
    if (local < times[0]) return self->before;
    return self->after_transition[count_until(times, self->n, local) - 1];
}
static PyObject *or_none(PyObject *o) { return Py_NewRef(o ? o : Py_None); }
static PyObject *zoneinfo_utcoffset(PyObject *self, PyObject *dt) {
    const KrLocal *l = find(ZONE(self), dt);
    return l ? or_none(l->utcoff) : NULL;
}
static PyObject *zoneinfo_dst(PyObject *self, PyObject *dt) {
    const KrLocal *l = find(ZONE(self), dt);
    return l ? or_none(l->dstoff) : NULL;
}
static PyObject *zoneinfo_tzname(PyObject *self, PyObject *dt) {
    const KrLocal *l = find(ZONE(self), dt);
    return l ? or_none(l->name) : NULL;
}

/* What holds at a UTC time, and whether its reading is the second of two. */
static const KrLocal *find_utc(const ZoneInfo *self, int64_t utc, int year, int *fold) {
    const Py_ssize_t n = self->n, passed = count_until(self->utc, n, utc);
    *fold = 0;
    if (n > 0 && passed == 0) return self->before;
    const KrLocal *now = n == 0 || utc > self->utc[n - 1] ? kr_rule_at_utc(&self->rule, utc, year, fold) : self->after_transition[passed - 1];
    if (passed > 0) {
        const KrLocal *previous = passed > 1 ? self->after_transition[passed - 2] : self->before;
        if (utc - self->utc[passed - 1] < previous->offset - now->offset) *fold = 1;
    }
    return now;
}
static PyObject *zoneinfo_fromutc(PyObject *self, PyObject *dt) {
    int64_t utc;
    int year, fold;
    if (!IS_DATETIME(dt)) {
        PyErr_SetString(PyExc_TypeError, "fromutc: argument must be a datetime");
        return NULL;
    }
    if (PyDateTime_DATE_GET_TZINFO(dt) != self) {
        PyErr_SetString(PyExc_ValueError, "fromutc: dt.tzinfo is not self");
        return NULL;
    }
    if (read_datetime(dt, &utc, &year, &fold) < 0) return NULL;
    const KrLocal *l = find_utc(ZONE(self), utc, year, &fold);
    PyObject *result = PyNumber_Add(dt, l->utcoff);
    if (!result || !fold) return result;
    if (Py_IS_TYPE(result, &kr_dt_datetime) && Py_REFCNT(result) == 1) {
        ((PyDateTime_DateTime *)result)->fold = 1;
        return result;
    }
    PyObject *replace = PyObject_GetAttrString(result, "replace"), *none = PyTuple_New(0), *kwds = Py_BuildValue("{s:i}", "fold", 1);
    Py_SETREF(result, replace && none && kwds ? PyObject_Call(replace, none, kwds) : NULL);
    Py_XDECREF(replace);
    Py_XDECREF(none);
    Py_XDECREF(kwds);
    return result;
}

/* ------------------------------------------------------------------ text and pickling */

static PyObject *zoneinfo_repr(PyObject *self) {
    const char *type = Py_TYPE(self)->tp_name;
    if (ZONE(self)->key != Py_None) return PyUnicode_FromFormat("%s(key=%R)", type, ZONE(self)->key);
    return PyUnicode_FromFormat("%s.from_file(%V)", type, ZONE(self)->file_repr, "None");
}
static PyObject *zoneinfo_str(PyObject *self) { return ZONE(self)->key != Py_None ? Py_NewRef(ZONE(self)->key) : zoneinfo_repr(self); }
static PyObject *zoneinfo_reduce(PyObject *self, PyObject *unused) {
    if (ZONE(self)->source == MADE_FROM_FILE) {
        PyObject *error = import_from("pickle", "PicklingError");
        if (error) PyErr_SetString(error, "Cannot pickle a ZoneInfo file from a file stream.");
        Py_XDECREF(error);
        return NULL;
    }
    PyObject *unpickle = PyObject_GetAttrString((PyObject *)Py_TYPE(self), "_unpickle");
    return unpickle ? Py_BuildValue("N(OB)", unpickle, ZONE(self)->key, ZONE(self)->source == MADE_BY_KEY) : NULL;
}

/* ------------------------------------------------------------------ type and module */

static PyMethodDef zoneinfo_methods[] = {
    {"__init_subclass__", KR_METH(zoneinfo_init_subclass), METH_VARARGS | METH_KEYWORDS | METH_CLASS, PyDoc_STR("Gives a subclass its own cache.")},
    {"__reduce__", zoneinfo_reduce, METH_NOARGS, PyDoc_STR("How pickle takes the zone apart: its key.")},
    {"_unpickle", KR_METH(zoneinfo_unpickle), METH_VARARGS | METH_CLASS, PyDoc_STR("The zone of a key, from the cache or not.")},
    {"clear_cache", KR_METH(zoneinfo_clear_cache), METH_VARARGS | METH_KEYWORDS | METH_CLASS, PyDoc_STR("Empties the cache, or forgets the given keys only.")},
    {"dst", zoneinfo_dst, METH_O, PyDoc_STR("How much daylight saving time is in use at the datetime: a timedelta.")},
    {"from_file", KR_METH(zoneinfo_from_file), METH_VARARGS | METH_KEYWORDS | METH_CLASS, PyDoc_STR("A zone from an open file.")},
    {"fromutc", zoneinfo_fromutc, METH_O, PyDoc_STR("The local datetime of a datetime whose fields are in UTC.")},
    {"no_cache", KR_METH(zoneinfo_no_cache), METH_VARARGS | METH_KEYWORDS | METH_CLASS, PyDoc_STR("A new zone, past the cache.")},
    {"tzname", zoneinfo_tzname, METH_O, PyDoc_STR("What the local time at the datetime is called.")},
    {"utcoffset", zoneinfo_utcoffset, METH_O, PyDoc_STR("The offset from UTC at the datetime: a timedelta.")},
    {NULL, NULL, 0, NULL},
};
static PyMemberDef zoneinfo_members[] = {{"key", T_OBJECT_EX, offsetof(ZoneInfo, key), READONLY, NULL}, {NULL, 0, 0, 0, NULL}};
static PyTypeObject zoneinfo_type = {
    KR_STATIC_TYPE_HEAD .tp_name = "zoneinfo.ZoneInfo",
    .tp_basicsize = sizeof(ZoneInfo),
    .tp_base = &kr_dt_tzinfo,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_weaklistoffset = offsetof(ZoneInfo, weakrefs),
    .tp_new = zoneinfo_new,
    .tp_dealloc = zoneinfo_dealloc,
    .tp_repr = zoneinfo_repr,
    .tp_str = zoneinfo_str,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_methods = zoneinfo_methods,
    .tp_members = zoneinfo_members,
};

#define STATE_OBJECTS (sizeof(State) / sizeof(PyObject *))
static int zoneinfo_traverse(PyObject *module, visitproc visit, void *arg) {
    PyObject **objects = PyModule_GetState(module);
    for (size_t i = 0; i < STATE_OBJECTS; i++) Py_VISIT(objects[i]);
    return 0;
}
static int zoneinfo_clear(PyObject *module) {
    PyObject **objects = PyModule_GetState(module);
    for (size_t i = 0; i < STATE_OBJECTS; i++) Py_CLEAR(objects[i]);
    return 0;
}
static void zoneinfo_free(void *module) { zoneinfo_clear(module); }
static struct PyModuleDef zoneinfo_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_zoneinfo",
    .m_doc = PyDoc_STR("C implementation of the zoneinfo module"),
    .m_size = sizeof(State),
    .m_traverse = zoneinfo_traverse,
    .m_clear = zoneinfo_clear,
    .m_free = zoneinfo_free,
};

static int init_state(State *st) {
    static const struct {
        size_t offset;
        const char *module, *name;
    } imports[] = {
        {offsetof(State, new_weak_cache), "weakref", "WeakValueDictionary"}, {offsetof(State, find_file), "zoneinfo._tzpath", "find_tzfile"},
        {offsetof(State, load_tzdata), "zoneinfo._common", "load_tzdata"},   {offsetof(State, load_data), "zoneinfo._common", "load_data"},
        {offsetof(State, open), "io", "open"},
    };
    for (size_t i = 0; i < KR_ARRAY_LEN(imports); i++) {
        PyObject *o = import_from(imports[i].module, imports[i].name);
        if (!o) return -1;
        *(PyObject **)((char *)st + imports[i].offset) = o;
    }
    st->weak_cache = PyObject_CallNoArgs(st->new_weak_cache);
    st->strong_cache = PyList_New(0);
    st->deltas = PyDict_New();
    return st->weak_cache && st->strong_cache && st->deltas ? 0 : -1;
}
PyMODINIT_FUNC PyInit__zoneinfo(void) {
    PyObject *datetime = PyImport_ImportModule("_datetime"), *module = datetime ? PyModule_Create(&zoneinfo_module) : NULL;
    Py_XDECREF(datetime);
    if (module && (init_state(PyModule_GetState(module)) < 0 || PyModule_AddType(module, &zoneinfo_type) < 0)) Py_CLEAR(module);
    return module;
}
