/* load.c - executing a pickle: a stack machine, an opcode a function.
 *
 * Opcodes take their operands from the stack above the fence, the place of the innermost mark, and leave their result there. The stack
 * belongs to one load (Load): code that a pickle runs cannot reach it. A pickle may be wrong or hostile in any way: every operand is
 * checked, and sizes that a pickle states are believed only as far as there are bytes.
 */
#include "module/pickle/pickle.h"
#include "object/instance.h"
#include "object/list.h"
#include "object/tuple.h"
#include "object/unicode.h"

typedef struct {
    Unpickler *u;
    PyObject **items;           /* owned */
    Py_ssize_t n, room, fence;
    Py_ssize_t *marks, n_marks, marks_room;
    PyObject *first_items[128];
    Py_ssize_t first_marks[32];
} Load;

/* ------------------------------------------------------------------ the stack */

static int error(const Load *l, const char *message) {
    PyErr_SetString(l->u->st->unpickling_error, message);
    return -1;
}
static KR_COLD int underflow(const Load *l) { return error(l, l->n_marks ? "unexpected MARK found" : "unpickling stack underflow"); }
/* Whether there are n operands. */
#define NEED(l, count) do { if (KR_UNLIKELY((l)->n - (l)->fence < (count))) return underflow(l); } while (0)
#define TOP(l) ((l)->items[(l)->n - 1])

/* Doubles an array that began as `first`. */
static void *grow(void *array, const void *first, Py_ssize_t *room, size_t size) {
    size_t old = (size_t)*room * size;
    void *larger = array == first ? PyMem_Malloc(2 * old) : PyMem_Realloc(array, 2 * old);
    if (!larger) return PyErr_NoMemory();
    if (array == first) memcpy(larger, first, old);
    *room *= 2;
    return larger;
}
/* Takes o over; NULL means failure. */
KR_INLINE int push(Load *l, PyObject *o) {
    if (KR_UNLIKELY(!o)) return -1;
    if (KR_UNLIKELY(l->n == l->room)) {
        PyObject **items = grow(l->items, l->first_items, &l->room, sizeof *items);
        if (!items) {
            Py_DECREF(o);
            return -1;
        }
        l->items = items;
    }
    l->items[l->n++] = o;
    return 0;
}
/* Drops what is from index `to` on. */
static void drop(Load *l, Py_ssize_t to) {
    while (l->n > to) Py_DECREF(l->items[--l->n]);
}
/* Replaces the topmost n operands by o, which is taken over. */
static int replace(Load *l, Py_ssize_t n, PyObject *o) {
    drop(l, l->n - n);
    return push(l, o);
}
static int load_mark(Load *l) {
    if (l->n_marks == l->marks_room) {
        Py_ssize_t *marks = grow(l->marks, l->first_marks, &l->marks_room, sizeof *marks);
        if (!marks) return -1;
        l->marks = marks;
    }
    l->marks[l->n_marks++] = l->fence = l->n;
    return 0;
}
/* Takes the innermost mark away: where it was. -1 if there is none. */
static Py_ssize_t pop_mark(Load *l) {
    if (l->n_marks == 0) return error(l, "could not find MARK");
    Py_ssize_t at = l->marks[--l->n_marks];
    l->fence = l->n_marks ? l->marks[l->n_marks - 1] : 0;
    return at;
}
static int load_pop(Load *l) {
    if (l->n_marks && l->marks[l->n_marks - 1] == l->n) return pop_mark(l) < 0 ? -1 : 0;
    NEED(l, 1);
    drop(l, l->n - 1);
    return 0;
}
static int load_pop_mark(Load *l) {
    Py_ssize_t at = pop_mark(l);
    if (at < 0) return -1;
    drop(l, at);
    return 0;
}
static int load_dup(Load *l) {
    NEED(l, 1);
    return push(l, Py_NewRef(TOP(l)));
}

/* ------------------------------------------------------------------ operands in the pickle */

static uint64_t le(const char *p, int n) {
    uint64_t value = 0;
    for (int i = n - 1; i >= 0; i--) value = value << 8 | (unsigned char)p[i];
    return value;
}
/* An unsigned number of n bytes; false with an exception. */
KR_INLINE bool read_number(Load *l, int n, uint64_t *value) {
    const char *p = kr_input_read(l->u, n);
    if (KR_UNLIKELY(!p)) return false;
    *value = le(p, n);
    return true;
}
/* A length of n bytes, at most PY_SSIZE_T_MAX; -1 with an exception. */
static Py_ssize_t read_length(Load *l, int n, const char *what) {
    uint64_t value;
    if (!read_number(l, n, &value)) return -1;
    if (value <= PY_SSIZE_T_MAX) return (Py_ssize_t)value;
    PyErr_Format(PyExc_OverflowError, "%s exceeds system's maximum size of %zd bytes", what, PY_SSIZE_T_MAX);
    return -1;
}
/* A line that is not empty, without its newline in *n. */
static const char *read_line(Load *l, Py_ssize_t *n) {
    const char *line = kr_input_line(l->u, n);
    if (line && --*n == 0) {
        error(l, "pickle data was truncated");
        return NULL;
    }
    return line;
}
/* Such a line as a C string with its newline; the text is freed by PyMem_Free if it isn't in `small`. */
static char *read_text(Load *l, char small[64], Py_ssize_t *length) {
    const char *line = read_line(l, length);
    if (!line) return NULL;
    ++*length;
    char *text = *length < 64 ? small : PyMem_Malloc((size_t)*length + 1);
    if (!text) return (char *)PyErr_NoMemory();
    memcpy(text, line, (size_t)*length);
    text[*length] = '\0';
    return text;
}

/* ------------------------------------------------------------------ numbers */

static int load_int(Load *l) {
    char small[64], *end;
    Py_ssize_t n;
    char *text = read_text(l, small, &n);
    if (!text) return -1;
    PyObject *value = NULL;
    if (n == 3 && text[0] == '0' && (text[1] == '0' || text[1] == '1')) {
        value = PyBool_FromLong(text[1] - '0');
    } else {
        errno = 0;
        long small_value = strtol(text, &end, 0);
        if (errno == 0 && end != text && *end == '\n' && end[1] == '\0') {
            value = PyLong_FromLong(small_value);
        } else if (!(value = PyLong_FromString(text, NULL, 0))) {
            PyErr_SetString(PyExc_ValueError, "could not convert string to int");
        }
    }
    if (text != small) PyMem_Free(text);
    return push(l, value);
}
static int load_long(Load *l) {
    char small[64], *text;
    Py_ssize_t n;
    if (!(text = read_text(l, small, &n))) return -1;
    if (text[n - 2] == 'L') text[n - 2] = '\0';
    const char *digits = text;
    while (Py_ISSPACE(*digits) || *digits == '+' || *digits == '-') digits++;
    PyObject *value = PyLong_FromString(text, NULL, *digits == '0' ? 0 : 10);
    if (text != small) PyMem_Free(text);
    return push(l, value);
}
static int load_float(Load *l) {
    char small[64], *text, *end;
    Py_ssize_t n;
    if (!(text = read_text(l, small, &n))) return -1;
    PyObject *value = NULL;
    errno = 0;
    double number = PyOS_string_to_double(text, &end, PyExc_OverflowError);
    if (number == -1.0 && PyErr_Occurred()) ;
    else if (*end != '\n' && *end != '\0') PyErr_SetString(PyExc_ValueError, "could not convert string to float");
    else value = PyFloat_FromDouble(number);
    if (text != small) PyMem_Free(text);
    return push(l, value);
}
static int load_small_int(Load *l, int bytes) {
    uint64_t value;
    if (!read_number(l, bytes, &value)) return -1;
    return push(l, PyLong_FromLong(bytes == 4 ? (long)(int32_t)value : (long)value));
}
static int load_long_bytes(Load *l, int bytes) {
    uint64_t n;
    if (!read_number(l, bytes, &n)) return -1;
    if (bytes == 4 && n > INT32_MAX) return error(l, "LONG pickle has negative byte count");
    const char *p = kr_input_read(l->u, (Py_ssize_t)n);
    if (!p) return -1;
    return push(l, n ? _PyLong_FromByteArray((const unsigned char *)p, (size_t)n, 1, 1) : PyLong_FromLong(0));
}
static int load_binfloat(Load *l) {
    const char *p = kr_input_read(l->u, 8);
    if (!p) return -1;
    double value = PyFloat_Unpack8(p, 0);
    return value == -1.0 && PyErr_Occurred() ? -1 : push(l, PyFloat_FromDouble(value));
}

/* ------------------------------------------------------------------ str and bytes */

/* The str that a str of Python 2 becomes: bytes are taken over. */
static int push_python2_str(Load *l, PyObject *bytes) {
    const Unpickler *u = l->u;
    if (!bytes || strcmp(u->encoding, "bytes") == 0) return push(l, bytes);
    PyObject *text = PyUnicode_FromEncodedObject(bytes, u->encoding, u->errors);
    Py_DECREF(bytes);
    return push(l, text);
}
static int load_string(Load *l) {
    Py_ssize_t n;
    const char *s = kr_input_line(l->u, &n);
    if (!s) return -1;
    n--;
    if (n < 2 || s[0] != s[n - 1] || (s[0] != '\'' && s[0] != '"')) return error(l, "the STRING opcode argument must be quoted");
    return push_python2_str(l, PyBytes_DecodeEscape(s + 1, n - 2, NULL, 0, NULL));
}
static int load_binstring(Load *l, int bytes) {
    Py_ssize_t n = read_length(l, bytes, "BINSTRING");
    return n < 0 ? -1 : push_python2_str(l, kr_input_read_object(l->u, n, false));
}
static int load_binbytes(Load *l, int bytes) {
    Py_ssize_t n = read_length(l, bytes, "BINBYTES");
    return n < 0 ? -1 : push(l, kr_input_read_object(l->u, n, false));
}
static int load_bytearray(Load *l) {
    Py_ssize_t n = read_length(l, 8, "BYTEARRAY8");
    return n < 0 ? -1 : push(l, kr_input_read_object(l->u, n, true));
}
static int load_unicode(Load *l) {
    Py_ssize_t n;
    const char *s = kr_input_line(l->u, &n);
    return s ? push(l, PyUnicode_DecodeRawUnicodeEscape(s, n - 1, NULL)) : -1;
}
static int load_binunicode(Load *l, int bytes) {
    Py_ssize_t n = read_length(l, bytes, "BINUNICODE");
    const char *s = n < 0 ? NULL : kr_input_read(l->u, n);
    if (!s) return -1;
    if (KR_LIKELY(n > 1 && kr_is_ascii(s, n))) {
        PyObject *text = PyUnicode_New(n, 127);
        if (text) memcpy(PyUnicode_1BYTE_DATA(text), s, (size_t)n);
        return push(l, text);
    }
    PyObject *owner = Py_XNewRef(l->u->in.view.obj);    /* an error handler may be anybody's */
    PyObject *text = PyUnicode_DecodeUTF8(s, n, "surrogatepass");
    Py_XDECREF(owner);
    return push(l, text);
}
static int load_next_buffer(Load *l) {
    Unpickler *u = l->u;
    if (!u->buffers) return error(l, "pickle stream refers to out-of-band data but no *buffers* argument was given");
    PyObject *buffers = Py_NewRef(u->buffers), *buffer = PyIter_Next(buffers);
    Py_DECREF(buffers);
    if (!buffer && !PyErr_Occurred()) return error(l, "not enough out-of-band buffers");
    return push(l, buffer);
}
static int load_readonly_buffer(Load *l) {
    NEED(l, 1);
    PyObject *view = PyMemoryView_FromObject(TOP(l));
    if (!view) return -1;
    if (PyMemoryView_GET_BUFFER(view)->readonly) {
        Py_DECREF(view);
        return 0;
    }
    PyObject *readonly = PyObject_CallMethod(view, "toreadonly", NULL);
    Py_DECREF(view);
    return readonly ? replace(l, 1, readonly) : -1;
}

/* ------------------------------------------------------------------ containers */

static int load_tuple(Load *l) {
    Py_ssize_t at = pop_mark(l);
    if (at < 0) return -1;
    Py_ssize_t n = l->n - at;
    l->n = at;
    return push(l, n ? kr_tuple_from_array_steal(l->items + at, n) : PyTuple_New(0));
}
static int load_short_tuple(Load *l, Py_ssize_t n) {
    NEED(l, n);
    l->n -= n;
    return push(l, kr_tuple_from_array_steal(l->items + l->n, n));
}
static int load_list(Load *l) {
    Py_ssize_t at = pop_mark(l);
    if (at < 0) return -1;
    Py_ssize_t n = l->n - at;
    l->n = at;
    return push(l, n ? kr_list_from_array_steal(l->items + at, n) : PyList_New(0));
}
static int load_dict(Load *l) {
    Py_ssize_t at = pop_mark(l);
    if (at < 0) return -1;
    if ((l->n - at) % 2) return error(l, "odd number of items for DICT");
    PyObject *dict = PyDict_New();
    for (Py_ssize_t i = at; dict && i < l->n; i += 2)
        if (PyDict_SetItem(dict, l->items[i], l->items[i + 1]) < 0) Py_CLEAR(dict);
    drop(l, at);
    return push(l, dict);
}
static int load_frozenset(Load *l) {
    Py_ssize_t at = pop_mark(l);
    if (at < 0) return -1;
    PyObject *set = PyFrozenSet_New(NULL);
    for (Py_ssize_t i = at; set && i < l->n; i++)
        if (PySet_Add(set, l->items[i]) < 0) Py_CLEAR(set);
    drop(l, at);
    return push(l, set);
}
/* Whether the object at index at - 1, to which what is from `at` on is to be added, is there. */
#define NEED_BELOW(l, at) do { if ((at) - 1 < (l)->fence) return underflow(l); } while (0)

/* Calls method(item) for what is from `at` on. */
static int call_each(Load *l, PyObject *method, Py_ssize_t at) {
    int r = 0;
    for (Py_ssize_t i = at; r == 0 && i < l->n; i++) {
        PyObject *result = PyObject_CallOneArg(method, l->items[i]);
        Py_XDECREF(result);
        r = result ? 0 : -1;
    }
    Py_DECREF(method);
    drop(l, at);
    return r;
}
static int append_from(Load *l, Py_ssize_t at) {
    NEED_BELOW(l, at);
    const Py_ssize_t n = l->n - at;
    if (n == 0) return 0;
    PyObject *list = l->items[at - 1], *method;
    if (PyList_CheckExact(list)) {
        Py_ssize_t old = PyList_GET_SIZE(list);
        if (kr_list_resize((PyListObject *)list, old + n) < 0) return -1;
        memcpy(((PyListObject *)list)->ob_item + old, l->items + at, (size_t)n * sizeof *l->items);
        l->n = at;
        return 0;
    }
    if (_PyObject_LookupAttr(list, KR_STR(extend), &method) < 0) return -1;
    if (!method) {
        method = PyObject_GetAttr(list, KR_STR(append));
        return method ? call_each(l, method, at) : -1;
    }
    l->n = at;
    PyObject *items = kr_list_from_array_steal(l->items + at, n), *result = items ? PyObject_CallOneArg(method, items) : NULL;
    Py_XDECREF(items);
    Py_DECREF(method);
    Py_XDECREF(result);
    return result ? 0 : -1;
}
static int load_appends(Load *l) {
    Py_ssize_t at = pop_mark(l);
    return at < 0 ? -1 : append_from(l, at);
}
static int set_items_from(Load *l, Py_ssize_t at) {
    NEED_BELOW(l, at);
    if ((l->n - at) % 2) return error(l, "odd number of items for SETITEMS");
    PyObject *dict = l->items[at - 1];
    const bool exact = PyDict_CheckExact(dict);
    int r = 0;
    for (Py_ssize_t i = at; r == 0 && i < l->n; i += 2) r = (exact ? PyDict_SetItem : PyObject_SetItem)(dict, l->items[i], l->items[i + 1]);
    drop(l, at);
    return r;
}
static int load_setitems(Load *l) {
    Py_ssize_t at = pop_mark(l);
    return at < 0 ? -1 : set_items_from(l, at);
}
static int load_additems(Load *l) {
    Py_ssize_t at = pop_mark(l);
    if (at < 0) return -1;
    NEED_BELOW(l, at);
    if (l->n == at) return 0;
    PyObject *set = l->items[at - 1];
    if (!PySet_Check(set)) {
        PyObject *method = PyObject_GetAttr(set, KR_STR(add));
        return method ? call_each(l, method, at) : -1;
    }
    int r = 0;
    for (Py_ssize_t i = at; r == 0 && i < l->n; i++) r = PySet_Add(set, l->items[i]);
    drop(l, at);
    return r;
}

/* ------------------------------------------------------------------ the memo */

/* An index in decimal digits, for an opcode that needs `operands`; -1 with an exception, which a negative one isn't. */
static Py_ssize_t read_index(Load *l, int operands) {
    char small[64];
    Py_ssize_t n, index = -1;
    char *text = read_text(l, small, &n);
    if (!text) return -1;
    if (l->n - l->fence < operands) {
        underflow(l);
    } else {
        PyObject *number = PyLong_FromString(text, NULL, 10);
        if (number) index = PyLong_AsSsize_t(number);
        Py_XDECREF(number);
    }
    if (text != small) PyMem_Free(text);
    return index;
}
static int get(Load *l, Py_ssize_t index) {
    PyObject *value = index >= 0 ? kr_unmemo_get(&l->u->memo, index) : NULL;
    if (KR_LIKELY(value != NULL)) return push(l, Py_NewRef(value));
    if (!PyErr_Occurred()) PyErr_Format(l->u->st->unpickling_error, "Memo value not found at index %ld", (long)index);
    return -1;
}
static int load_get(Load *l) {
    Py_ssize_t index = read_index(l, 0);
    return index == -1 && PyErr_Occurred() ? -1 : get(l, index);
}
static int load_binget(Load *l, int bytes) {
    uint64_t index;
    return read_number(l, bytes, &index) ? get(l, (Py_ssize_t)index) : -1;
}
static int load_put(Load *l) {
    Py_ssize_t index = read_index(l, 1);
    if (index == -1 && PyErr_Occurred()) return -1;
    if (index < 0) {
        PyErr_SetString(PyExc_ValueError, "negative PUT argument");
        return -1;
    }
    return kr_unmemo_put(&l->u->memo, index, TOP(l));
}
static int load_binput(Load *l, int bytes) {
    uint64_t index;
    if (!read_number(l, bytes, &index)) return -1;
    NEED(l, 1);
    return kr_unmemo_put(&l->u->memo, (Py_ssize_t)index, TOP(l));
}
static int load_memoize(Load *l) {
    NEED(l, 1);
    return kr_unmemo_put(&l->u->memo, l->u->memo.count, TOP(l));
}

/* ------------------------------------------------------------------ globals and persistent ids */

static PyObject *find_class(Load *l, PyObject *module, PyObject *name) {
    Unpickler *u = l->u;
    if (!Py_TYPE(u) || Py_TYPE(u) == u->st->unpickler_type) return kr_unpickler_find_class(u, module, name);
    return PyObject_CallMethodObjArgs((PyObject *)u, KR_STR(find_class), module, name, NULL);
}
static PyObject *read_name(Load *l, bool ascii) {
    Py_ssize_t n;
    const char *s = read_line(l, &n);
    return !s ? NULL : ascii ? PyUnicode_DecodeASCII(s, n, "strict") : PyUnicode_DecodeUTF8(s, n, "strict");
}
/* The global of the two names that follow. */
static PyObject *read_global(Load *l, bool ascii) {
    PyObject *module = read_name(l, ascii), *name = module ? read_name(l, ascii) : NULL;
    PyObject *found = name ? find_class(l, module, name) : NULL;
    Py_XDECREF(module);
    Py_XDECREF(name);
    return found;
}
static int load_stack_global(Load *l) {
    if (l->n - l->fence < 2 || !PyUnicode_CheckExact(TOP(l)) || !PyUnicode_CheckExact(l->items[l->n - 2])) return error(l, "STACK_GLOBAL requires str");
    PyObject *found = find_class(l, l->items[l->n - 2], TOP(l));
    return found ? replace(l, 2, found) : -1;
}
/* The object that copyreg.add_extension() gave the number. */
static int load_extension(Load *l, int bytes) {
    PickleState *st = l->u->st;
    uint64_t value;
    if (!read_number(l, bytes, &value)) return -1;
    long code = bytes == 4 ? (long)(int32_t)value : (long)value;
    if (code <= 0) return error(l, "EXT specifies code <= 0");
    PyObject *key = PyLong_FromLong(code), *found = key ? Py_XNewRef(PyDict_GetItemWithError(st->extension_cache, key)) : NULL;
    if (!found && key && !PyErr_Occurred()) {
        PyObject *pair = Py_XNewRef(PyDict_GetItemWithError(st->inverted_registry, key));
        if (!pair) {
            if (!PyErr_Occurred()) PyErr_Format(PyExc_ValueError, "unregistered extension code %ld", code);
        } else if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2 || !PyUnicode_Check(PyTuple_GET_ITEM(pair, 0)) ||
                   !PyUnicode_Check(PyTuple_GET_ITEM(pair, 1))) {
            PyErr_Format(PyExc_ValueError, "_inverted_registry[%ld] isn't a 2-tuple of strings", code);
        } else if ((found = find_class(l, PyTuple_GET_ITEM(pair, 0), PyTuple_GET_ITEM(pair, 1))) && PyDict_SetItem(st->extension_cache, key, found) < 0) {
            Py_CLEAR(found);
        }
        Py_XDECREF(pair);
    }
    Py_XDECREF(key);
    return push(l, found);
}
static PyObject *persistent_load(Load *l, PyObject *id) {
    Unpickler *u = l->u;
    return kr_pickle_call_hook(u, u->persistent_load, u->persistent_load_bound, id);
}
static int no_persistent_load(Load *l) {
    return error(l, "A load persistent id instruction was encountered,\nbut no persistent_load function was specified.");
}
static int load_persid(Load *l) {
    if (!l->u->persistent_load) return no_persistent_load(l);
    Py_ssize_t n;
    const char *line = kr_input_line(l->u, &n);
    if (!line) return -1;
    PyObject *id = PyUnicode_DecodeASCII(line, n - 1, "strict"), *value = id ? persistent_load(l, id) : NULL;
    if (!id && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) error(l, "persistent IDs in protocol 0 must be ASCII strings");
    Py_XDECREF(id);
    return push(l, value);
}
static int load_binpersid(Load *l) {
    if (!l->u->persistent_load) return no_persistent_load(l);
    NEED(l, 1);
    PyObject *value = persistent_load(l, TOP(l));
    return value ? replace(l, 1, value) : -1;
}

/* ------------------------------------------------------------------ objects */

static int load_reduce(Load *l) {
    NEED(l, 2);
    PyObject *args = TOP(l);
    if (!PyTuple_Check(args)) {
        PyErr_SetString(PyExc_TypeError, "argument list must be a tuple");
        return -1;
    }
    PyObject *made = PyObject_Call(l->items[l->n - 2], args, NULL);
    return made ? replace(l, 2, made) : -1;
}
/* An instance of an old class: cls(*args), but without arguments the class is only asked for a new instance. */
static PyObject *instantiate(PyObject *cls, PyObject *args) {
    if (PyTuple_GET_SIZE(args) == 0 && PyType_Check(cls)) {
        PyObject *initargs;
        if (_PyObject_LookupAttr(cls, KR_STR(__getinitargs__), &initargs) < 0) return NULL;
        if (!initargs) return PyObject_CallMethodOneArg(cls, KR_STR(__new__), cls);
        Py_DECREF(initargs);
    }
    return PyObject_Call(cls, args, NULL);
}
/* Takes what is from `at` on as the arguments of cls, which is taken over. */
static int push_instance(Load *l, PyObject *cls, Py_ssize_t at) {
    PyObject *args = NULL, *made = NULL;
    if (cls) {
        Py_ssize_t n = l->n - at;
        l->n = at;
        args = n ? kr_tuple_from_array_steal(l->items + at, n) : PyTuple_New(0);
    }
    if (args) made = instantiate(cls, args);
    Py_XDECREF(args);
    Py_XDECREF(cls);
    return push(l, made);
}
static int load_inst(Load *l) {
    Py_ssize_t at = pop_mark(l);
    return at < 0 ? -1 : push_instance(l, read_global(l, true), at);
}
static int load_obj(Load *l) {
    Py_ssize_t at = pop_mark(l);
    if (at < 0) return -1;
    if (l->n == at) return underflow(l);
    PyObject *cls = l->items[at];
    memmove(l->items + at, l->items + at + 1, (size_t)(l->n - at - 1) * sizeof *l->items);
    l->n--;
    return push_instance(l, cls, at);
}
/* cls.__new__(cls, *args, **kwargs): its operands, 2 or 3, are on the stack. */
static int load_newobj(Load *l, const char *opcode, bool with_kwargs) {
    const int n = with_kwargs ? 3 : 2;
    NEED(l, n);
    PyObject *cls = l->items[l->n - n], *args = l->items[l->n - n + 1], *kwargs = with_kwargs ? TOP(l) : NULL, *made;
    PyObject *unpickling_error = l->u->st->unpickling_error;
    if (!PyType_Check(cls)) PyErr_Format(unpickling_error, "%s class argument must be a type, not %.200s", opcode, Py_TYPE(cls)->tp_name);
    else if (!((PyTypeObject *)cls)->tp_new) PyErr_Format(unpickling_error, "%s class argument '%.200s' doesn't have __new__", opcode, ((PyTypeObject *)cls)->tp_name);
    else if (!PyTuple_Check(args)) PyErr_Format(unpickling_error, "%s args argument must be a tuple, not %.200s", opcode, Py_TYPE(args)->tp_name);
    else if (kwargs && !PyDict_Check(kwargs)) PyErr_Format(unpickling_error, "%s kwargs argument must be a dict, not %.200s", opcode, Py_TYPE(kwargs)->tp_name);
    else if ((made = ((PyTypeObject *)cls)->tp_new((PyTypeObject *)cls, args, kwargs))) return replace(l, n, made);
    return -1;
}
/* Whether the attributes of o may be stored without making its __dict__. */
static bool plain_instance(PyObject *o) {
    PyTypeObject *type = Py_TYPE(o);
    if (!kr_has_managed_dict(o) || type->tp_getattro != PyObject_GenericGetAttr) return false;
    PyObject *descriptor = _PyType_Lookup(type, KR_STR(__dict__));
    return descriptor && Py_IS_TYPE(descriptor, &PyGetSetDescr_Type);
}
/* Puts the items of a dict into the instance's __dict__. */
static int update_instance(PyObject *o, PyObject *state) {
    PyObject *dict = plain_instance(o) ? NULL : PyObject_GetAttr(o, KR_STR(__dict__)), *key, *value;
    if (!dict && PyErr_Occurred()) return -1;
    Py_ssize_t at = 0;
    int r = 0;
    while (r == 0 && PyDict_Next(state, &at, &key, &value)) {
        Py_INCREF(key);
        Py_INCREF(value);
        if (PyUnicode_CheckExact(key)) PyUnicode_InternInPlace(&key);
        if (!dict && !PyUnicode_CheckExact(key) && !(dict = PyObject_GetAttr(o, KR_STR(__dict__)))) r = -1;
        if (r == 0) r = dict ? PyObject_SetItem(dict, key, value) : kr_instance_set(o, key, value);
        Py_DECREF(key);
        Py_DECREF(value);
    }
    Py_XDECREF(dict);
    return r;
}
static int set_slots(PyObject *o, PyObject *state) {
    PyObject *key, *value;
    Py_ssize_t at = 0;
    int r = 0;
    while (r == 0 && PyDict_Next(state, &at, &key, &value)) {
        Py_INCREF(key);
        Py_INCREF(value);
        r = PyObject_SetAttr(o, key, value);
        Py_DECREF(key);
        Py_DECREF(value);
    }
    return r;
}
/* Gives the object its state: by __setstate__(), or a dict of attributes, or a pair of it and one of slots. */
static int load_build(Load *l) {
    NEED(l, 2);
    PyObject *state = TOP(l), *o = l->items[l->n - 2], *setstate, *slots = NULL;
    if (_PyObject_LookupAttr(o, KR_STR(__setstate__), &setstate) < 0) return -1;
    if (setstate) {
        PyObject *result = PyObject_CallOneArg(setstate, state);
        Py_DECREF(setstate);
        if (!result) return -1;
        Py_DECREF(result);
    } else {
        if (PyTuple_Check(state) && PyTuple_GET_SIZE(state) == 2) {
            slots = PyTuple_GET_ITEM(state, 1);
            state = PyTuple_GET_ITEM(state, 0);
        }
        if (state != Py_None && !PyDict_Check(state)) return error(l, "state is not a dictionary");
        if (state != Py_None && update_instance(o, state) < 0) return -1;
        if (slots && !PyDict_Check(slots)) return error(l, "slot state is not a dictionary");
        if (slots && set_slots(o, slots) < 0) return -1;
    }
    drop(l, l->n - 1);
    return 0;
}

/* ------------------------------------------------------------------ the loop */

static int load_proto(Load *l) {
    uint64_t proto;
    if (!read_number(l, 1, &proto)) return -1;
    if (proto > PICKLE_HIGHEST) {
        PyErr_Format(PyExc_ValueError, "unsupported pickle protocol: %d", (int)proto);
        return -1;
    }
    l->u->proto = (int)proto;
    return 0;
}
static int load_frame(Load *l) {
    uint64_t n;
    if (!read_number(l, 8, &n)) return -1;
    if (n <= PY_SSIZE_T_MAX) return kr_input_frame(l->u, (Py_ssize_t)n);
    PyErr_Format(PyExc_OverflowError, "FRAME length exceeds system's maximum of %zd bytes", PY_SSIZE_T_MAX);
    return -1;
}
static int unknown(Load *l, int op) {
    bool shown = op >= ' ' && op < 0x7f && op != '\'' && op != '\\';
    PyErr_Format(l->u->st->unpickling_error, shown ? "invalid load key, '%c'." : "invalid load key, '\\x%02x'.", op);
    return -1;
}
static int execute(Load *l, int op) {
    switch (op) {
    case OP_NONE: return push(l, Py_NewRef(Py_None));
    case OP_NEWTRUE: return push(l, Py_NewRef(Py_True));
    case OP_NEWFALSE: return push(l, Py_NewRef(Py_False));
    case OP_BININT: return load_small_int(l, 4);
    case OP_BININT1: return load_small_int(l, 1);
    case OP_BININT2: return load_small_int(l, 2);
    case OP_INT: return load_int(l);
    case OP_LONG: return load_long(l);
    case OP_LONG1: return load_long_bytes(l, 1);
    case OP_LONG4: return load_long_bytes(l, 4);
    case OP_FLOAT: return load_float(l);
    case OP_BINFLOAT: return load_binfloat(l);
    case OP_SHORT_BINBYTES: return load_binbytes(l, 1);
    case OP_BINBYTES: return load_binbytes(l, 4);
    case OP_BINBYTES8: return load_binbytes(l, 8);
    case OP_BYTEARRAY8: return load_bytearray(l);
    case OP_NEXT_BUFFER: return load_next_buffer(l);
    case OP_READONLY_BUFFER: return load_readonly_buffer(l);
    case OP_STRING: return load_string(l);
    case OP_SHORT_BINSTRING: return load_binstring(l, 1);
    case OP_BINSTRING: return load_binstring(l, 4);
    case OP_UNICODE: return load_unicode(l);
    case OP_SHORT_BINUNICODE: return load_binunicode(l, 1);
    case OP_BINUNICODE: return load_binunicode(l, 4);
    case OP_BINUNICODE8: return load_binunicode(l, 8);
    case OP_EMPTY_TUPLE: return push(l, PyTuple_New(0));
    case OP_TUPLE1: return load_short_tuple(l, 1);
    case OP_TUPLE2: return load_short_tuple(l, 2);
    case OP_TUPLE3: return load_short_tuple(l, 3);
    case OP_TUPLE: return load_tuple(l);
    case OP_EMPTY_LIST: return push(l, PyList_New(0));
    case OP_LIST: return load_list(l);
    case OP_EMPTY_DICT: return push(l, PyDict_New());
    case OP_DICT: return load_dict(l);
    case OP_EMPTY_SET: return push(l, PySet_New(NULL));
    case OP_FROZENSET: return load_frozenset(l);
    case OP_APPEND: return append_from(l, l->n - 1);
    case OP_APPENDS: return load_appends(l);
    case OP_SETITEM: return set_items_from(l, l->n - 2);
    case OP_SETITEMS: return load_setitems(l);
    case OP_ADDITEMS: return load_additems(l);
    case OP_MARK: return load_mark(l);
    case OP_POP: return load_pop(l);
    case OP_POP_MARK: return load_pop_mark(l);
    case OP_DUP: return load_dup(l);
    case OP_GET: return load_get(l);
    case OP_BINGET: return load_binget(l, 1);
    case OP_LONG_BINGET: return load_binget(l, 4);
    case OP_PUT: return load_put(l);
    case OP_BINPUT: return load_binput(l, 1);
    case OP_LONG_BINPUT: return load_binput(l, 4);
    case OP_MEMOIZE: return load_memoize(l);
    case OP_GLOBAL: return push(l, read_global(l, false));
    case OP_STACK_GLOBAL: return load_stack_global(l);
    case OP_EXT1: return load_extension(l, 1);
    case OP_EXT2: return load_extension(l, 2);
    case OP_EXT4: return load_extension(l, 4);
    case OP_PERSID: return load_persid(l);
    case OP_BINPERSID: return load_binpersid(l);
    case OP_REDUCE: return load_reduce(l);
    case OP_INST: return load_inst(l);
    case OP_OBJ: return load_obj(l);
    case OP_NEWOBJ: return load_newobj(l, "NEWOBJ", false);
    case OP_NEWOBJ_EX: return load_newobj(l, "NEWOBJ_EX", true);
    case OP_BUILD: return load_build(l);
    case OP_PROTO: return load_proto(l);
    case OP_FRAME: return load_frame(l);
    default: return unknown(l, op);
    }
}
static PyObject *run(Load *l) {
    for (;;) {
        int op = kr_input_opcode(l->u);
        if (op == OP_STOP) {
            if (l->n - l->fence < 1) return underflow(l), NULL;
            return Py_NewRef(TOP(l));
        }
        if (op < 0 || execute(l, op) < 0) return NULL;
    }
}
PyObject *kr_pickle_load(Unpickler *u) {
    Load l;
    l.u = u;
    l.items = l.first_items;
    l.room = KR_ARRAY_LEN(l.first_items);
    l.marks = l.first_marks;
    l.marks_room = KR_ARRAY_LEN(l.first_marks);
    l.n = l.n_marks = l.fence = 0;
    u->proto = 0;
    PyObject *value = run(&l);
    if (value && kr_input_finish(u) < 0) Py_CLEAR(value);
    drop(&l, 0);
    if (l.items != l.first_items) PyMem_Free(l.items);
    if (l.marks != l.first_marks) PyMem_Free(l.marks);
    return value;
}
