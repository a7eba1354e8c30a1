/* memo.c - the memos of Pickler and Unpickler (pickle.h says what they are), and the proxies that their attribute `memo` gives. */
#include "module/pickle/pickle.h"

/* ------------------------------------------------------------------ object -> index */

static int resize(PickleMemo *m, size_t size) {
    MemoEntry *old = m->table, *table = PyMem_Calloc(size, sizeof *table);
    if (!table) {
        PyErr_NoMemory();
        return -1;
    }
    size_t old_size = old ? m->mask + 1 : 0;
    m->table = table;
    m->mask = size - 1;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].key) *kr_memo_place(m, old[i].key) = old[i];
    PyMem_Free(old);
    return 0;
}
int kr_memo_add(PickleMemo *m, PyObject *key, Py_ssize_t index) {
    if (!m->table || (size_t)m->used * 3 >= (m->mask + 1) * 2) {
        size_t size = m->table ? (m->mask + 1) * (m->used > 50000 ? 2 : 4) : 16;
        if (resize(m, size) < 0) return -1;
    }
    MemoEntry *e = kr_memo_place(m, key);
    if (!e->key) {
        e->key = Py_NewRef(key);
        m->used++;
    }
    e->index = index;
    return 0;
}
void kr_memo_clear(PickleMemo *m) {
    MemoEntry *table = m->table;
    size_t size = table ? m->mask + 1 : 0;
    *m = (PickleMemo){NULL, 0, 0};
    for (size_t i = 0; i < size; i++) Py_XDECREF(table[i].key);
    PyMem_Free(table);
}
int kr_memo_copy(PickleMemo *to, const PickleMemo *from) {
    *to = (PickleMemo){NULL, 0, 0};
    if (!from->table) return 0;
    if (!(to->table = PyMem_New(MemoEntry, from->mask + 1))) {
        PyErr_NoMemory();
        return -1;
    }
    to->mask = from->mask;
    to->used = from->used;
    memcpy(to->table, from->table, (from->mask + 1) * sizeof *to->table);
    for (size_t i = 0; i <= to->mask; i++) Py_XINCREF(to->table[i].key);
    return 0;
}
/* A dict {id: (index, object)}. */
static PyObject *memo_as_dict(const PickleMemo *m) {
    PyObject *dict = PyDict_New();
    for (size_t i = 0; dict && m->table && i <= m->mask; i++) {
        const MemoEntry *e = &m->table[i];
        if (!e->key) continue;
        PyObject *id = PyLong_FromVoidPtr(e->key), *pair = Py_BuildValue("nO", e->index, e->key);
        if (!id || !pair || PyDict_SetItem(dict, id, pair) < 0) Py_CLEAR(dict);
        Py_XDECREF(id);
        Py_XDECREF(pair);
    }
    return dict;
}

/* ------------------------------------------------------------------ index -> object */

/* How far beyond twice the entries there are an index may be and still be in the array. */
enum { NEAR = 1024 };

static int grow(UnpickleMemo *m, Py_ssize_t index) {
    Py_ssize_t room = m->room ? m->room : 32;
    while (room <= index) room *= 2;
    PyObject **items = PyMem_Resize(m->items, PyObject *, (size_t)room);
    if (!items) {
        PyErr_NoMemory();
        return -1;
    }
    memset(items + m->room, 0, (size_t)(room - m->room) * sizeof *items);
    m->items = items;
    m->room = room;
    return 0;
}
static int put_far(UnpickleMemo *m, Py_ssize_t index, PyObject *value) {
    PyObject *key = PyLong_FromSsize_t(index);
    if (!key || (!m->far && !(m->far = PyDict_New()))) {
        Py_XDECREF(key);
        return -1;
    }
    Py_ssize_t before = PyDict_GET_SIZE(m->far);
    int r = PyDict_SetItem(m->far, key, value);
    Py_DECREF(key);
    m->count += PyDict_GET_SIZE(m->far) - before;
    return r;
}
PyObject *kr_unmemo_get_far(const UnpickleMemo *m, Py_ssize_t index) {
    PyObject *key = m->far ? PyLong_FromSsize_t(index) : NULL;
    if (!key) {
        PyErr_Clear();
        return NULL;
    }
    PyObject *value = PyDict_GetItemWithError(m->far, key);
    Py_DECREF(key);
    return value;
}
/* Moves what the array has come to reach out of the dict. */
static int take_in_far(UnpickleMemo *m) {
    PyObject *far = m->far, *key, *value;
    Py_ssize_t at = 0;
    int r = 0;
    m->far = NULL;
    while (r == 0 && PyDict_Next(far, &at, &key, &value)) {
        Py_ssize_t index = PyLong_AsSsize_t(key);
        if (index >= m->room) r = put_far(m, index, value), m->count--;
        else if (!m->items[index]) m->items[index] = Py_NewRef(value);
    }
    Py_DECREF(far);
    return r;
}
int kr_unmemo_put(UnpickleMemo *m, Py_ssize_t index, PyObject *value) {
    if (KR_UNLIKELY(index >= m->room)) {
        if (index >= 2 * m->count + NEAR) return put_far(m, index, value);
        if (grow(m, index) < 0 || (m->far && take_in_far(m) < 0)) return -1;
    }
    PyObject *old = m->items[index];
    m->items[index] = Py_NewRef(value);
    if (old) Py_DECREF(old);
    else m->count++;
    return 0;
}
void kr_unmemo_clear(UnpickleMemo *m) {
    UnpickleMemo old = *m;
    *m = (UnpickleMemo){NULL, 0, 0, NULL};
    for (Py_ssize_t i = 0; i < old.room; i++) Py_XDECREF(old.items[i]);
    PyMem_Free(old.items);
    Py_XDECREF(old.far);
}
int kr_unmemo_copy(UnpickleMemo *to, const UnpickleMemo *from) {
    *to = (UnpickleMemo){NULL, 0, 0, NULL};
    if (from->room && grow(to, from->room - 1) < 0) return -1;
    for (Py_ssize_t i = 0; i < from->room; i++) to->items[i] = Py_XNewRef(from->items[i]);
    to->count = from->count;
    if (!from->far || (to->far = PyDict_Copy(from->far))) return 0;
    kr_unmemo_clear(to);
    return -1;
}
int kr_unmemo_traverse(const UnpickleMemo *m, visitproc visit, void *arg) {
    for (Py_ssize_t i = 0; i < m->room; i++) Py_VISIT(m->items[i]);
    Py_VISIT(m->far);
    return 0;
}
/* A dict {index: object}. */
static PyObject *unmemo_as_dict(const UnpickleMemo *m) {
    PyObject *dict = PyDict_New();
    for (Py_ssize_t i = 0; dict && i < m->room; i++) {
        if (!m->items[i]) continue;
        PyObject *index = PyLong_FromSsize_t(i);
        if (!index || PyDict_SetItem(dict, index, m->items[i]) < 0) Py_CLEAR(dict);
        Py_XDECREF(index);
    }
    if (dict && m->far && PyDict_Update(dict, m->far) < 0) Py_CLEAR(dict);
    return dict;
}

/* ------------------------------------------------------------------ setting `memo` */

/* Nobody may see a memo half set: it is made aside, and takes the old one's place when it is whole. */
static int pickler_memo_from_dict(PickleMemo *m, PyObject *dict) {
    PyObject *key, *value;
    Py_ssize_t at = 0;
    while (PyDict_Next(dict, &at, &key, &value)) {
        if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) != 2) {
            PyErr_SetString(PyExc_TypeError, "'memo' values must be 2-item tuples");
            return -1;
        }
        PyObject *number = PyTuple_GET_ITEM(value, 0);
        if (!PyLong_Check(number)) {
            PyErr_SetString(PyExc_TypeError, "an integer is required");
            return -1;
        }
        Py_ssize_t index = PyLong_AsSsize_t(number);
        if ((index == -1 && PyErr_Occurred()) || kr_memo_add(m, PyTuple_GET_ITEM(value, 1), index) < 0) return -1;
    }
    return 0;
}
static int unpickler_memo_from_dict(UnpickleMemo *m, PyObject *dict) {
    PyObject *key, *value;
    Py_ssize_t at = 0;
    while (PyDict_Next(dict, &at, &key, &value)) {
        if (!PyLong_Check(key)) {
            PyErr_SetString(PyExc_TypeError, "memo key must be integers");
            return -1;
        }
        Py_ssize_t index = PyLong_AsSsize_t(key);
        if (index == -1 && PyErr_Occurred()) return -1;
        if (index < 0) {
            PyErr_SetString(PyExc_ValueError, "memo key must be positive integers.");
            return -1;
        }
        if (kr_unmemo_put(m, index, value) < 0) return -1;
    }
    return 0;
}

/* The memo of a Pickler or an Unpickler. It lives as long as the proxy does. */
typedef struct {
    PyObject_HEAD
    PyObject *owner;
} Proxy;
#define OWNER(proxy, T) ((T *)((Proxy *)(proxy))->owner)

int kr_pickler_set_memo(PyObject *self, PyObject *value, void *closure) {
    Pickler *p = (Pickler *)self;
    PickleMemo memo = {NULL, 0, 0}, old = p->memo;
    int r = -1;
    if (!value) PyErr_SetString(PyExc_TypeError, "attribute deletion is not supported");
    else if (PyObject_TypeCheck(value, p->st->pickler_memo_type)) r = kr_memo_copy(&memo, &OWNER(value, Pickler)->memo);
    else if (PyDict_Check(value)) r = pickler_memo_from_dict(&memo, value);
    else
        PyErr_Format(PyExc_TypeError, "'memo' attribute must be a PicklerMemoProxy object or dict, not %.200s", Py_TYPE(value)->tp_name);
    if (r < 0) old = memo;
    else p->memo = memo;
    kr_memo_clear(&old);
    return r;
}
int kr_unpickler_set_memo(PyObject *self, PyObject *value, void *closure) {
    Unpickler *u = (Unpickler *)self;
    UnpickleMemo memo = {NULL, 0, 0, NULL}, old = u->memo;
    int r = -1;
    if (!value) PyErr_SetString(PyExc_TypeError, "attribute deletion is not supported");
    else if (PyObject_TypeCheck(value, u->st->unpickler_memo_type)) r = kr_unmemo_copy(&memo, &OWNER(value, Unpickler)->memo);
    else if (PyDict_Check(value)) r = unpickler_memo_from_dict(&memo, value);
    else
        PyErr_Format(PyExc_TypeError, "'memo' attribute must be an UnpicklerMemoProxy object or dict, not %.200s", Py_TYPE(value)->tp_name);
    if (r < 0) old = memo;
    else u->memo = memo;
    kr_unmemo_clear(&old);
    return r;
}

/* ------------------------------------------------------------------ the proxies */

PyObject *kr_pickle_memo_proxy(PickleState *st, PyObject *owner, bool pickler) {
    PyTypeObject *type = pickler ? st->pickler_memo_type : st->unpickler_memo_type;
    Proxy *proxy = (Proxy *)type->tp_alloc(type, 0);
    if (proxy) proxy->owner = Py_NewRef(owner);
    return (PyObject *)proxy;
}
static int proxy_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((Proxy *)self)->owner);
    Py_VISIT(Py_TYPE(self));
    return 0;
}
static void proxy_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(((Proxy *)self)->owner);
    type->tp_free(self);
    Py_DECREF(type);
}
static PyObject *pickler_memo_clear(PyObject *self, PyObject *unused) {
    kr_memo_clear(&OWNER(self, Pickler)->memo);
    Py_RETURN_NONE;
}
static PyObject *pickler_memo_copy(PyObject *self, PyObject *unused) { return memo_as_dict(&OWNER(self, Pickler)->memo); }
static PyObject *unpickler_memo_clear(PyObject *self, PyObject *unused) {
    kr_unmemo_clear(&OWNER(self, Unpickler)->memo);
    Py_RETURN_NONE;
}
static PyObject *unpickler_memo_copy(PyObject *self, PyObject *unused) { return unmemo_as_dict(&OWNER(self, Unpickler)->memo); }
static PyObject *reduce_dict(PyObject *dict) { return dict ? Py_BuildValue("(O(N))", &PyDict_Type, dict) : NULL; }
static PyObject *pickler_memo_reduce(PyObject *self, PyObject *unused) { return reduce_dict(pickler_memo_copy(self, NULL)); }
static PyObject *unpickler_memo_reduce(PyObject *self, PyObject *unused) { return reduce_dict(unpickler_memo_copy(self, NULL)); }

#define CLEAR_DOC PyDoc_STR("clear($self, /)\n--\n\nForgets all objects.")
#define COPY_DOC PyDoc_STR("copy($self, /)\n--\n\nThe memo as a dict.")
#define REDUCE_DOC PyDoc_STR("__reduce__($self, /)\n--\n\nThe memo is pickled as a dict.")
static PyMethodDef pickler_memo_methods[] = {
    {"clear", pickler_memo_clear, METH_NOARGS, CLEAR_DOC}, {"copy", pickler_memo_copy, METH_NOARGS, COPY_DOC},
    {"__reduce__", pickler_memo_reduce, METH_NOARGS, REDUCE_DOC}, {NULL}};
static PyMethodDef unpickler_memo_methods[] = {
    {"clear", unpickler_memo_clear, METH_NOARGS, CLEAR_DOC}, {"copy", unpickler_memo_copy, METH_NOARGS, COPY_DOC},
    {"__reduce__", unpickler_memo_reduce, METH_NOARGS, REDUCE_DOC}, {NULL}};

#define PROXY_SLOTS(methods) \
    {{Py_tp_dealloc, proxy_dealloc}, {Py_tp_traverse, proxy_traverse}, {Py_tp_getattro, PyObject_GenericGetAttr}, \
     {Py_tp_setattro, PyObject_GenericSetAttr}, {Py_tp_hash, PyObject_HashNotImplemented}, {Py_tp_methods, methods}, {0, NULL}}
static PyType_Slot pickler_memo_slots[] = PROXY_SLOTS(pickler_memo_methods);
static PyType_Slot unpickler_memo_slots[] = PROXY_SLOTS(unpickler_memo_methods);
#define PROXY_FLAGS (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION)
PyType_Spec kr_pickler_memo_spec = {.name = "_pickle.PicklerMemoProxy", .basicsize = sizeof(Proxy), .slots = pickler_memo_slots, .flags = PROXY_FLAGS};
PyType_Spec kr_unpickler_memo_spec = {.name = "_pickle.UnpicklerMemoProxy", .basicsize = sizeof(Proxy), .slots = unpickler_memo_slots, .flags = PROXY_FLAGS};
