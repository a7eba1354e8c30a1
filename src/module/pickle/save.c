/* save.c - pickling values of the built-in types. kr_pickle_save() chooses by type; reduce.c has what is left.
 *
 * A container is memoized before its items are saved, so that items may refer to it. A tuple or frozenset can only be made of its
 * items: if it has been saved, and so memoized, by one of its own items when these are done, they are taken off the stack
 * again and the memo's is used.
 *
 * While items are saved, Python code may change the container: an item is held while it is saved, and sizes are looked at again.
 */
#include "module/pickle/pickle.h"
#include "object/long.h"

enum { BATCH = 1000 /* items appended by one opcode */, FAST_NESTING_LIMIT = 50 };

static char *put_le(char *at, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) *at++ = (char)(value >> (8 * i));
    return at;
}
/* Saves an item that the container might lose. */
KR_INLINE int save_held(Pickler *p, PyObject *o) {
    Py_INCREF(o);
    int r = kr_pickle_save(p, o, false);
    Py_DECREF(o);
    return r;
}

/* ------------------------------------------------------------------ numbers */

/* The opcode and the text of an object, up to a newline. */
static int save_text(Pickler *p, int op, PyObject *text, const char *end) {
    Py_ssize_t n;
    const char *s = text ? PyUnicode_AsUTF8AndSize(text, &n) : NULL;
    int r = s && kr_pickle_op(p, op) == 0 && kr_pickle_put(p, s, n) == 0 ? kr_pickle_put(p, end, (Py_ssize_t)strlen(end)) : -1;
    Py_XDECREF(text);
    return r;
}
/* An int as little-endian two's complement, in as few bytes as there can be. */
static int save_long_bytes(Pickler *p, PyObject *o) {
    size_t bits = _PyLong_NumBits(o), n = bits / 8 + 1;
    if (bits == (size_t)-1 && PyErr_Occurred()) return -1;
    if (n > INT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "int too large to pickle");
        return -1;
    }
    unsigned char small[64], *bytes = n <= sizeof small ? small : PyMem_Malloc(n);
    if (!bytes) {
        PyErr_NoMemory();
        return -1;
    }
    int r = _PyLong_AsByteArray((PyLongObject *)o, bytes, n, 1, 1);
    if (r == 0) {
        if (n > 1 && bytes[n - 1] == 0xff && (bytes[n - 2] & 0x80)) n--;
        char header[5] = {(char)(n < 256 ? OP_LONG1 : OP_LONG4)};
        char *end = put_le(header + 1, n, n < 256 ? 1 : 4);
        r = kr_pickle_put(p, header, end - header) < 0 ? -1 : kr_pickle_put(p, (char *)bytes, (Py_ssize_t)n);
    }
    if (bytes != small) PyMem_Free(bytes);
    return r;
}
static int save_long(Pickler *p, PyObject *o) {
    int overflow = 0;
    int64_t v = kr_long_is_short(o) ? kr_long_short_value(o) : PyLong_AsLongLongAndOverflow(o, &overflow);
    bool fits = !overflow && v >= INT32_MIN && v <= INT32_MAX;
    if (fits && p->bin) {
        int width = v < 0 || v > 0xffff ? 4 : v > 0xff ? 2 : 1;
        char *at = kr_pickle_room(p, 1 + width);
        if (!at) return -1;
        *at = (char)(width == 4 ? OP_BININT : width == 2 ? OP_BININT2 : OP_BININT1);
        put_le(at + 1, (uint64_t)v, width);
        return 0;
    }
    if (p->proto >= 2) return save_long_bytes(p, o);
    return save_text(p, fits ? OP_INT : OP_LONG, PyLong_Type.tp_repr(o), fits ? "\n" : "L\n");
}
static int save_float(Pickler *p, PyObject *o) {
    if (!p->bin) return save_text(p, OP_FLOAT, PyFloat_Type.tp_repr(o), "\n");
    char *at = kr_pickle_room(p, 9);
    if (!at) return -1;
    *at = OP_BINFLOAT;
    return PyFloat_Pack8(PyFloat_AS_DOUBLE(o), at + 1, 0);
}

/* ------------------------------------------------------------------ str and bytes */

/* The opcode that takes a length of 1, 4 or 8 bytes, the length and the bytes. `what` names the type in messages. */
static int save_sized(Pickler *p, int op1, int op4, int op8, const char *s, Py_ssize_t n, PyObject *owner, const char *what) {
    char header[9];
    int width = n <= 0xff && op1 ? 1 : n <= (Py_ssize_t)0xffffffff && op4 ? 4 : 8;
    if (width == 8 && p->proto < 4) {
        PyErr_Format(PyExc_OverflowError, "serializing a %s larger than 4 GiB requires pickle protocol 4 or higher", what);
        return -1;
    }
    header[0] = (char)(width == 1 ? op1 : width == 4 ? op4 : op8);
    put_le(header + 1, (uint64_t)n, width);
    return kr_pickle_put_blob(p, header, 1 + width, s, n, owner);
}
/* Protocol 0: escaped so that one line of Latin-1 holds it. */
static int save_raw_unicode(Pickler *p, PyObject *o) {
    static const char digits[] = "0123456789abcdef";
    const int kind = PyUnicode_KIND(o);
    const void *data = PyUnicode_DATA(o);
    if (kr_pickle_op(p, OP_UNICODE) < 0) return -1;
    for (Py_ssize_t i = 0; i < PyUnicode_GET_LENGTH(o); i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        char text[10] = {(char)c};
        int n = 1;
        if (c >= 256 || c == '\\' || c == 0 || c == '\n' || c == '\r' || c == 0x1a) {
            text[0] = '\\';
            text[1] = c >= 0x10000 ? 'U' : 'u';
            n = c >= 0x10000 ? 10 : 6;
            for (int k = n - 1, shift = 0; k > 1; k--, shift += 4) text[k] = digits[c >> shift & 15];
        }
        if (kr_pickle_put(p, text, n) < 0) return -1;
    }
    return kr_pickle_op(p, '\n');
}
static int save_str(Pickler *p, PyObject *o) {
    const int op1 = p->proto >= 4 ? OP_SHORT_BINUNICODE : 0;
    int r;
    if (PyUnicode_READY(o) < 0) return -1;
    if (!p->bin) {
        r = save_raw_unicode(p, o);
    } else {
        Py_ssize_t n;
        const char *s = PyUnicode_AsUTF8AndSize(o, &n);
        PyObject *encoded = NULL;
        if (!s && PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
            PyErr_Clear();
            if ((encoded = PyUnicode_AsEncodedString(o, "utf-8", "surrogatepass"))) {
                s = PyBytes_AS_STRING(encoded);
                n = PyBytes_GET_SIZE(encoded);
            }
        }
        r = s ? save_sized(p, op1, OP_BINUNICODE, OP_BINUNICODE8, s, n, encoded, "string") : -1;
        Py_XDECREF(encoded);
    }
    return r < 0 ? -1 : kr_pickle_memoize(p, o);
}
/* (callable, args) in the place of o; takes args over, NULL means failure. */
static int save_as_call(Pickler *p, PyObject *callable, PyObject *args, PyObject *o) {
    PyObject *reduced = args ? Py_BuildValue("(ON)", callable, args) : NULL;
    int r = reduced ? kr_pickle_save_reduce(p, reduced, o) : -1;
    Py_XDECREF(reduced);
    return r;
}
/* Bytes, from a bytes object or, of another owner, from its buffer. */
static int save_bytes_data(Pickler *p, PyObject *o, const char *s, Py_ssize_t n) {
    if (p->proto < 3) {
        if (n == 0) return save_as_call(p, (PyObject *)&PyBytes_Type, PyTuple_New(0), o);
        PyObject *text = PyUnicode_DecodeLatin1(s, n, "strict");
        return text ? save_as_call(p, p->st->codecs_encode, Py_BuildValue("(Ns)", text, "latin1"), o) : -1;
    }
    if (save_sized(p, OP_SHORT_BINBYTES, OP_BINBYTES, OP_BINBYTES8, s, n, o, "bytes object") < 0) return -1;
    return kr_pickle_memoize(p, o);
}
static int save_bytearray_data(Pickler *p, PyObject *o, const char *s, Py_ssize_t n) {
    if (save_sized(p, 0, 0, OP_BYTEARRAY8, s, n, o, "bytearray") < 0) return -1;
    return kr_pickle_memoize(p, o);
}
static int save_bytearray(Pickler *p, PyObject *o) {
    Py_ssize_t n = PyByteArray_GET_SIZE(o);
    if (p->proto >= 5) return save_bytearray_data(p, o, PyByteArray_AS_STRING(o), n);
    return save_as_call(p, (PyObject *)&PyByteArray_Type, n ? Py_BuildValue("(y#)", PyByteArray_AS_STRING(o), n) : PyTuple_New(0), o);
}
static int save_picklebuffer(Pickler *p, PyObject *o) {
    if (p->proto < 5) {
        PyErr_SetString(p->st->pickling_error, "PickleBuffer can only pickled with protocol >= 5");
        return -1;
    }
    const Py_buffer *view = PyPickleBuffer_GetBuffer(o);
    if (!view) return -1;
    if (!PyBuffer_IsContiguous(view, 'A')) {
        PyErr_SetString(p->st->pickling_error, "PickleBuffer can not be pickled when pointing to a non-contiguous buffer");
        return -1;
    }
    const bool readonly = view->readonly;
    if (p->buffer_callback) {
        PyObject *callback = Py_NewRef(p->buffer_callback), *result = PyObject_CallOneArg(callback, o);
        Py_DECREF(callback);
        int in_band = result ? PyObject_IsTrue(result) : -1;
        Py_XDECREF(result);
        if (in_band < 0) return -1;
        if (!in_band) {
            if (kr_pickle_op(p, OP_NEXT_BUFFER) < 0) return -1;
            return readonly ? kr_pickle_op(p, OP_READONLY_BUFFER) : 0;
        }
        if (!(view = PyPickleBuffer_GetBuffer(o))) return -1;   /* the callback may have released it */
    }
    return (readonly ? save_bytes_data : save_bytearray_data)(p, o, view->buf, view->len);
}

/* ------------------------------------------------------------------ tuples */

static int save_items(Pickler *p, PyObject *tuple) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++)
        if (kr_pickle_save(p, PyTuple_GET_ITEM(tuple, i), false) < 0) return -1;
    return 0;
}
static int save_tuple(Pickler *p, PyObject *o) {
    const Py_ssize_t n = PyTuple_GET_SIZE(o);
    if (n == 0) {
        if (p->proto) return kr_pickle_op(p, OP_EMPTY_TUPLE);
        return kr_pickle_put(p, "(t", 2);
    }
    const bool marked = n > 3 || p->proto < 2;
    if ((marked && kr_pickle_op(p, OP_MARK) < 0) || save_items(p, o) < 0) return -1;
    if (KR_UNLIKELY(kr_memo_find(&p->memo, o) != NULL)) {
        /* its items, and below protocol 1 the mark, go */
        Py_ssize_t pops = !marked ? n : p->bin ? 0 : n + 1;
        if (!pops && kr_pickle_op(p, OP_POP_MARK) < 0) return -1;
        for (; pops > 0; pops--)
            if (kr_pickle_op(p, OP_POP) < 0) return -1;
        return kr_pickle_get(p, o) < 0 ? -1 : 0;
    }
    if (kr_pickle_op(p, marked ? OP_TUPLE : OP_TUPLE1 + (int)n - 1) < 0) return -1;
    return kr_pickle_memoize(p, o);
}

/* ------------------------------------------------------------------ lists and dicts */

/* Fast mode has no memo, so that a cycle would never end: from some depth on, containers being saved are noted. 1 if o was. */
static int fast_enter(Pickler *p, PyObject *o) {
    if (++p->fast_nesting < FAST_NESTING_LIMIT) return 0;
    if (!p->fast_objects && !(p->fast_objects = PyDict_New())) return -1;
    PyObject *id = PyLong_FromVoidPtr(o);
    int r = id ? PyDict_Contains(p->fast_objects, id) : -1;
    if (r > 0) {
        PyErr_Format(PyExc_ValueError, "fast mode: can't pickle cyclic objects including object type %.200s at %p", Py_TYPE(o)->tp_name, o);
        r = -1;
    } else if (r == 0) {
        r = PyDict_SetItem(p->fast_objects, id, Py_None) < 0 ? -1 : 1;
    }
    Py_XDECREF(id);
    return r;
}
static void fast_leave(Pickler *p, PyObject *o, int entered) {
    p->fast_nesting--;
    if (entered <= 0 || !p->fast_objects) return;
    PyObject *type, *value, *tb, *id;
    PyErr_Fetch(&type, &value, &tb);
    if ((id = PyLong_FromVoidPtr(o))) PyDict_DelItem(p->fast_objects, id);
    Py_XDECREF(id);
    PyErr_Restore(type, value, tb);
}
/* Items go in batches: several between a mark and APPENDS, a single one with APPEND. */
int kr_pickle_save_appends(Pickler *p, PyObject *iterator) {
    PyObject *item, *next;
    if (!p->bin) {
        while ((item = PyIter_Next(iterator))) {
            int r = kr_pickle_save(p, item, false) < 0 ? -1 : kr_pickle_op(p, OP_APPEND);
            Py_DECREF(item);
            if (r < 0) return -1;
        }
        return PyErr_Occurred() ? -1 : 0;
    }
    for (Py_ssize_t n = BATCH; n == BATCH;) {
        if (!(item = PyIter_Next(iterator))) break;
        if (!(next = PyIter_Next(iterator))) {
            int r = PyErr_Occurred() || kr_pickle_save(p, item, false) < 0 ? -1 : kr_pickle_op(p, OP_APPEND);
            Py_DECREF(item);
            return r;
        }
        int r = kr_pickle_op(p, OP_MARK) < 0 ? -1 : kr_pickle_save(p, item, false);
        Py_DECREF(item);
        for (n = 1; r == 0 && next; ) {
            r = kr_pickle_save(p, next, false);
            Py_DECREF(next);
            next = r == 0 && ++n < BATCH ? PyIter_Next(iterator) : NULL;
        }
        if (r < 0) Py_XDECREF(next);
        if (r < 0 || PyErr_Occurred() || kr_pickle_op(p, OP_APPENDS) < 0) return -1;
    }
    return PyErr_Occurred() ? -1 : 0;
}
static int save_pair(Pickler *p, PyObject *pair) {
    if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
        PyErr_SetString(PyExc_TypeError, "dict items iterator must return 2-tuples");
        return -1;
    }
    return save_items(p, pair);
}
int kr_pickle_save_setitems(Pickler *p, PyObject *iterator) {
    PyObject *pair, *next;
    if (!p->bin) {
        while ((pair = PyIter_Next(iterator))) {
            int r = save_pair(p, pair) < 0 ? -1 : kr_pickle_op(p, OP_SETITEM);
            Py_DECREF(pair);
            if (r < 0) return -1;
        }
        return PyErr_Occurred() ? -1 : 0;
    }
    for (Py_ssize_t n = BATCH; n == BATCH;) {
        if (!(pair = PyIter_Next(iterator))) break;
        if (!(next = PyIter_Next(iterator))) {
            int r = PyErr_Occurred() || save_pair(p, pair) < 0 ? -1 : kr_pickle_op(p, OP_SETITEM);
            Py_DECREF(pair);
            return r;
        }
        int r = kr_pickle_op(p, OP_MARK) < 0 ? -1 : save_pair(p, pair);
        Py_DECREF(pair);
        if (r < 0) Py_CLEAR(next);
        for (n = 1; next;) {
            r = save_pair(p, next);
            Py_DECREF(next);
            next = r == 0 && ++n < BATCH ? PyIter_Next(iterator) : NULL;
        }
        if (r < 0 || PyErr_Occurred() || kr_pickle_op(p, OP_SETITEMS) < 0) return -1;
    }
    return PyErr_Occurred() ? -1 : 0;
}
/* The items of an exact list, with a binary protocol. */
static int save_list_items(Pickler *p, PyObject *o) {
    if (PyList_GET_SIZE(o) == 1) return save_held(p, PyList_GET_ITEM(o, 0)) < 0 ? -1 : kr_pickle_op(p, OP_APPEND);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(o);) {
        if (kr_pickle_op(p, OP_MARK) < 0) return -1;
        for (Py_ssize_t end = i + BATCH; i < end && i < PyList_GET_SIZE(o); i++) {
            PyObject *item = PyList_GET_ITEM(o, i);
            bool plain = PyLong_CheckExact(item) && !p->persistent_id;      /* no code of anybody's runs */
            if ((plain ? kr_pickle_boundary(p) < 0 || save_long(p, item) < 0 : save_held(p, item) < 0)) return -1;
        }
        if (kr_pickle_op(p, OP_APPENDS) < 0) return -1;
    }
    return 0;
}
static int save_list(Pickler *p, PyObject *o) {
    int entered = p->fast ? fast_enter(p, o) : 0, r = -1;
    const bool fast = p->fast;
    if (entered >= 0 && (p->bin ? kr_pickle_op(p, OP_EMPTY_LIST) : kr_pickle_put(p, "(l", 2)) == 0 && kr_pickle_memoize(p, o) == 0) {
        if (p->bin) {
            r = save_list_items(p, o);
        } else {
            PyObject *iterator = PyObject_GetIter(o);
            r = iterator ? kr_pickle_save_appends(p, iterator) : -1;
            Py_XDECREF(iterator);
        }
    }
    if (fast) fast_leave(p, o, entered);
    return r;
}
static int changed(const char *what) {
    PyErr_Format(PyExc_RuntimeError, "%s changed size during iteration", what);
    return -1;
}
/* The items of an exact dict, with a binary protocol. */
static int save_dict_items(Pickler *p, PyObject *o) {
    const Py_ssize_t size = PyDict_GET_SIZE(o);
    PyObject *key, *value;
    Py_ssize_t at = 0, n = BATCH;
    while (n == BATCH && size > 0) {
        if (size > 1 && kr_pickle_op(p, OP_MARK) < 0) return -1;
        for (n = 0; n < BATCH && PyDict_Next(o, &at, &key, &value); n++) {
            Py_INCREF(key);
            Py_INCREF(value);
            int r = kr_pickle_save(p, key, false) < 0 ? -1 : kr_pickle_save(p, value, false);
            Py_DECREF(key);
            Py_DECREF(value);
            if (r < 0) return -1;
            if (PyDict_GET_SIZE(o) != size) return changed("dictionary");
        }
        if (kr_pickle_op(p, size > 1 ? OP_SETITEMS : OP_SETITEM) < 0) return -1;
    }
    return 0;
}
static int save_dict(Pickler *p, PyObject *o) {
    int entered = p->fast ? fast_enter(p, o) : 0, r = -1;
    const bool fast = p->fast;
    if (entered >= 0 && (p->bin ? kr_pickle_op(p, OP_EMPTY_DICT) : kr_pickle_put(p, "(d", 2)) == 0 && kr_pickle_memoize(p, o) == 0) {
        if (p->bin) {
            r = save_dict_items(p, o);
        } else {
            PyObject *items = PyObject_CallMethodNoArgs(o, KR_STR(items)), *iterator = items ? PyObject_GetIter(items) : NULL;
            r = iterator ? kr_pickle_save_setitems(p, iterator) : -1;
            Py_XDECREF(iterator);
            Py_XDECREF(items);
        }
    }
    if (fast) fast_leave(p, o, entered);
    return r;
}

/* ------------------------------------------------------------------ sets */

static int save_set_items(Pickler *p, PyObject *o, Py_ssize_t *at, Py_ssize_t limit, Py_ssize_t size) {
    PyObject *key;
    Py_hash_t hash;
    Py_ssize_t n = 0;
    while (n < limit && _PySet_NextEntry(o, at, &key, &hash)) {
        if (save_held(p, key) < 0) return -1;
        if (PySet_GET_SIZE(o) != size) return changed("set");
        n++;
    }
    return n < limit;
}
static int save_set(Pickler *p, PyObject *o) {
    const Py_ssize_t size = PySet_GET_SIZE(o);
    Py_ssize_t at = 0;
    if (p->proto < 4) return save_as_call(p, (PyObject *)&PySet_Type, Py_BuildValue("(N)", PySequence_List(o)), o);
    if (kr_pickle_op(p, OP_EMPTY_SET) < 0 || kr_pickle_memoize(p, o) < 0) return -1;
    for (int last = size == 0; !last;) {
        if (kr_pickle_op(p, OP_MARK) < 0 || (last = save_set_items(p, o, &at, BATCH, size)) < 0 || kr_pickle_op(p, OP_ADDITEMS) < 0) return -1;
    }
    return 0;
}
static int save_frozenset(Pickler *p, PyObject *o) {
    Py_ssize_t at = 0;
    if (p->proto < 4) return save_as_call(p, (PyObject *)&PyFrozenSet_Type, Py_BuildValue("(N)", PySequence_List(o)), o);
    if (kr_pickle_op(p, OP_MARK) < 0 || save_set_items(p, o, &at, PY_SSIZE_T_MAX, PySet_GET_SIZE(o)) < 0) return -1;
    if (KR_UNLIKELY(kr_memo_find(&p->memo, o) != NULL)) return kr_pickle_op(p, OP_POP_MARK) < 0 || kr_pickle_get(p, o) < 0 ? -1 : 0;
    return kr_pickle_op(p, OP_FROZENSET) < 0 ? -1 : kr_pickle_memoize(p, o);
}

/* ------------------------------------------------------------------ any object */

static int save_persistent(Pickler *p, PyObject *id) {
    if (p->bin) return kr_pickle_save(p, id, true) < 0 ? -1 : kr_pickle_op(p, OP_BINPERSID);
    PyObject *text = PyObject_Str(id);
    if (text && PyUnicode_READY(text) == 0 && !PyUnicode_IS_ASCII(text)) {
        PyErr_SetString(p->st->pickling_error, "persistent IDs in protocol 0 must be ASCII strings");
        Py_CLEAR(text);
    }
    return save_text(p, OP_PERSID, text, "\n");
}
/* 1 if o has a persistent id, which was saved in its place. */
static int try_persistent(Pickler *p, PyObject *o) {
    PyObject *id = kr_pickle_call_hook(p, p->persistent_id, p->persistent_id_bound, o);
    if (!id) return -1;
    int r = id == Py_None ? 0 : save_persistent(p, id) < 0 ? -1 : 1;
    Py_DECREF(id);
    return r;
}
static int save_constant(Pickler *p, PyObject *o) {
    if (o == Py_None) return kr_pickle_op(p, OP_NONE);
    if (p->proto >= 2) return kr_pickle_op(p, o == Py_True ? OP_NEWTRUE : OP_NEWFALSE);
    return kr_pickle_put(p, o == Py_True ? "I01\n" : "I00\n", 4);
}
/* An object that isn't in the memo and may have others in it. */
static int save_nested(Pickler *p, PyObject *o, PyTypeObject *type) {
    if (type == &PyDict_Type) return save_dict(p, o);
    if (type == &PyList_Type) return save_list(p, o);
    if (type == &PyTuple_Type) return save_tuple(p, o);
    if (type == &PySet_Type) return save_set(p, o);
    if (type == &PyFrozenSet_Type) return save_frozenset(p, o);
    if (type == &PyByteArray_Type) return save_bytearray(p, o);
    if (type == &PyPickleBuffer_Type) return save_picklebuffer(p, o);
    return kr_pickle_save_other(p, o);
}
int kr_pickle_save(Pickler *p, PyObject *o, bool no_persistent_id) {
    PyTypeObject *type = Py_TYPE(o);
    if (kr_pickle_boundary(p) < 0) return -1;
    if (p->persistent_id && !no_persistent_id) {
        int r = try_persistent(p, o);
        if (r) return r < 0 ? -1 : 0;
    }
    if (type == &PyLong_Type) return save_long(p, o);
    if (o == Py_None || type == &PyBool_Type) return save_constant(p, o);
    if (type == &PyFloat_Type) return save_float(p, o);
    int found = kr_pickle_get(p, o);
    if (found) return found < 0 ? -1 : 0;
    if (type == &PyUnicode_Type) return save_str(p, o);
    if (type == &PyBytes_Type) return save_bytes_data(p, o, PyBytes_AS_STRING(o), PyBytes_GET_SIZE(o));
    if (Py_EnterRecursiveCall(" while pickling an object")) return -1;
    int r = save_nested(p, o, type);
    Py_LeaveRecursiveCall();
    return r;
}
