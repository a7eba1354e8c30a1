/* _json_scan.c - make_scanner: reads a JSON document.
 *
 * A scanner takes its settings from a decoder when it is made. Calling it with a str and an index gives (value, index behind the
 * value); StopIteration(index) says that no value begins there. `memo` makes equal keys of one document one object; it is emptied at the
 * end of each call. Values nest as deep as the recursion limit allows.
 */
#include "module/_json.h"
#include "object/long.h"

typedef struct {
    PyObject_HEAD
    int strict;
    PyObject *object_hook, *object_pairs_hook, *parse_float, *parse_int, *parse_constant, *memo;
} Scanner;

/* The document being read. */
typedef struct {
    Scanner *scanner;
    PyObject *s;
    int kind;
    const void *data;
    Py_ssize_t n;
    PyObject *keys[64];     /* keys of the memo that were met lately, in places that their characters choose (owned: a hook may empty the memo) */
} Scan;

static PyObject *scan_value(Scan *c, Py_ssize_t i, Py_ssize_t *end);

KR_INLINE Py_UCS4 at(const Scan *c, Py_ssize_t i) { return i < c->n ? PyUnicode_READ(c->kind, c->data, i) : 0x110000; }
KR_INLINE Py_ssize_t skip_space(const Scan *c, Py_ssize_t i) {
    for (;; i++) {
        Py_UCS4 u = at(c, i);
        if (u != ' ' && u != '\n' && u != '\t' && u != '\r') return i;
    }
}
static PyObject *no_value(Py_ssize_t i) {
    PyObject *index = PyLong_FromSsize_t(i);
    if (index) PyErr_SetObject(PyExc_StopIteration, index);
    Py_XDECREF(index);
    return NULL;
}
static bool starts_with(const Scan *c, Py_ssize_t i, const char *word) {
    for (; *word; word++, i++)
        if (at(c, i) != (unsigned char)*word) return false;
    return true;
}

/* ------------------------------------------------------------------ objects and arrays */

/* The place in c->keys of the key of n one-byte characters at p. */
KR_INLINE PyObject **key_place(Scan *c, const unsigned char *p, Py_ssize_t n) {
    return &c->keys[((unsigned)n * 5 + p[0] + (unsigned)p[n / 2] * 3 + (unsigned)p[n - 1] * 7) % KR_ARRAY_LEN(c->keys)];
}
/* The key behind the quote at i - 1, the same object for equal keys. */
static PyObject *scan_key(Scan *c, Py_ssize_t i, Py_ssize_t *end) {
    PyObject **place = NULL;
    if (c->kind == PyUnicode_1BYTE_KIND) {
        const unsigned char *p = (const unsigned char *)c->data + i, *limit = (const unsigned char *)c->data + c->n, *q = p;
        while (q < limit && *q != '"' && q - p < 32) q++;
        if (q < limit && *q == '"' && q > p) {
            place = key_place(c, p, q - p);
            PyObject *known = *place;
            /* a key in that place has no escapes, so that equal characters mean that these are none, either */
            if (known && PyUnicode_GET_LENGTH(known) == q - p && PyUnicode_KIND(known) == PyUnicode_1BYTE_KIND && memcmp(PyUnicode_DATA(known), p, (size_t)(q - p)) == 0) {
                *end = i + (q - p) + 1;
                return Py_NewRef(known);
            }
        }
    }
    PyObject *key = kr_json_scan_string(c->s, i, c->scanner->strict, end);
    if (!key) return NULL;
    PyObject *known = PyDict_SetDefault(c->scanner->memo, key, key);
    Py_XINCREF(known);
    Py_DECREF(key);
    if (known && place && *end == i + PyUnicode_GET_LENGTH(known) + 1) Py_XSETREF(*place, Py_NewRef(known));
    return known;
}
/* Adds a member to a dict, or to a list of pairs. */
static int add_member(PyObject *to, PyObject *key, PyObject *value, bool pairs) {
    if (!pairs) return PyDict_SetItem(to, key, value);
    PyObject *pair = PyTuple_Pack(2, key, value);
    int r = pair ? PyList_Append(to, pair) : -1;
    Py_XDECREF(pair);
    return r;
}
/* i: behind the brace. */
static PyObject *scan_object(Scan *c, Py_ssize_t i, Py_ssize_t *end) {
    Scanner *scanner = c->scanner;
    bool pairs = scanner->object_pairs_hook != Py_None;
    PyObject *result = pairs ? PyList_New(0) : PyDict_New(), *key = NULL, *value = NULL;
    if (!result) return NULL;
    i = skip_space(c, i);
    if (at(c, i) == '}') {
        i++;
    } else {
        for (;;) {
            if (at(c, i) != '"') {
                kr_json_error("Expecting property name enclosed in double quotes", c->s, i);
                goto fail;
            }
            if (!(key = scan_key(c, i + 1, &i))) goto fail;
            i = skip_space(c, i);
            if (at(c, i) != ':') {
                kr_json_error("Expecting ':' delimiter", c->s, i);
                goto fail;
            }
            i = skip_space(c, i + 1);
            if (!(value = scan_value(c, i, &i)) || add_member(result, key, value, pairs) < 0) goto fail;
            Py_CLEAR(key);
            Py_CLEAR(value);
            i = skip_space(c, i);
            if (at(c, i) == '}') {
                i++;
                break;
            }
            if (at(c, i) != ',') {
                kr_json_error("Expecting ',' delimiter", c->s, i);
                goto fail;
            }
            i = skip_space(c, i + 1);
        }
    }
    *end = i;
    PyObject *hook = pairs ? scanner->object_pairs_hook : scanner->object_hook;
    if (hook != Py_None) {
        Py_INCREF(hook);
        value = PyObject_CallOneArg(hook, result);
        Py_DECREF(hook);
        Py_DECREF(result);
        return value;
    }
    return result;
fail:
    Py_XDECREF(key);
    Py_XDECREF(value);
    Py_DECREF(result);
    return NULL;
}
/* i: behind the bracket. */
static PyObject *scan_array(Scan *c, Py_ssize_t i, Py_ssize_t *end) {
    PyObject *result = PyList_New(0);
    if (!result) return NULL;
    i = skip_space(c, i);
    if (at(c, i) == ']') {
        *end = i + 1;
        return result;
    }
    for (;;) {
        PyObject *value = scan_value(c, i, &i);
        int r = value ? PyList_Append(result, value) : -1;
        Py_XDECREF(value);
        if (r < 0) break;
        i = skip_space(c, i);
        if (at(c, i) == ']') {
            *end = i + 1;
            return result;
        }
        if (at(c, i) != ',') {
            kr_json_error("Expecting ',' delimiter", c->s, i);
            break;
        }
        i = skip_space(c, i + 1);
    }
    Py_DECREF(result);
    return NULL;
}

/* ------------------------------------------------------------------ numbers and words */

static PyObject *scan_number(Scan *c, Py_ssize_t start, Py_ssize_t *end) {
    Scanner *scanner = c->scanner;
    Py_ssize_t i = start;
    bool is_float = false;
    uint64_t small = 0;
    if (at(c, i) == '-') i++;
    Py_ssize_t first = i;
    if (at(c, i) == '0') {
        i++;
    } else if (at(c, i) >= '1' && at(c, i) <= '9') {
        for (; at(c, i) >= '0' && at(c, i) <= '9'; i++)
            if (i - first < 18) small = small * 10 + (at(c, i) - '0');
    } else {
        return no_value(start);
    }
    Py_ssize_t digits = i - first;
    if (at(c, i) == '.' && at(c, i + 1) >= '0' && at(c, i + 1) <= '9') {
        is_float = true;
        for (i += 2; at(c, i) >= '0' && at(c, i) <= '9';) i++;
    }
    if (at(c, i) == 'e' || at(c, i) == 'E') {
        Py_ssize_t k = i + 1;
        if (at(c, k) == '-' || at(c, k) == '+') k++;
        if (at(c, k) >= '0' && at(c, k) <= '9') {
            while (at(c, k) >= '0' && at(c, k) <= '9') k++;
            is_float = true;
            i = k;
        }
    }
    *end = i;
    PyObject *convert = is_float ? scanner->parse_float : scanner->parse_int;
    if (!is_float && convert == (PyObject *)&PyLong_Type && digits <= 18) return kr_long_from_i64(first > start ? -(int64_t)small : (int64_t)small);
    if (convert == (PyObject *)(is_float ? &PyFloat_Type : &PyLong_Type)) {
        /* the characters are ASCII */
        char buffer[64], *text = i - start < (Py_ssize_t)sizeof buffer ? buffer : PyMem_Malloc((size_t)(i - start) + 1);
        if (!text) return PyErr_NoMemory();
        for (Py_ssize_t k = start; k < i; k++) text[k - start] = (char)PyUnicode_READ(c->kind, c->data, k);
        text[i - start] = '\0';
        PyObject *number;
        if (is_float) {
            double value = PyOS_string_to_double(text, NULL, NULL);
            number = value == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(value);
        } else {
            number = PyLong_FromString(text, NULL, 10);
        }
        if (text != buffer) PyMem_Free(text);
        return number;
    }
    PyObject *text = PyUnicode_Substring(c->s, start, i), *number = NULL;
    if (text) {
        Py_INCREF(convert);
        number = PyObject_CallOneArg(convert, text);
        Py_DECREF(convert);
        Py_DECREF(text);
    }
    return number;
}
static PyObject *constant(Scan *c, Py_ssize_t i, const char *word, Py_ssize_t *end) {
    *end = i + (Py_ssize_t)strlen(word);
    return PyObject_CallFunction(c->scanner->parse_constant, "s", word);
}
static PyObject *scan_value(Scan *c, Py_ssize_t i, Py_ssize_t *end) {
    PyObject *value;
    switch (at(c, i)) {
    case '"': return kr_json_scan_string(c->s, i + 1, c->scanner->strict, end);
    case '{':
        if (Py_EnterRecursiveCall(" while decoding a JSON object from a unicode string")) return NULL;
        value = scan_object(c, i + 1, end);
        Py_LeaveRecursiveCall();
        return value;
    case '[':
        if (Py_EnterRecursiveCall(" while decoding a JSON array from a unicode string")) return NULL;
        value = scan_array(c, i + 1, end);
        Py_LeaveRecursiveCall();
        return value;
    case 'n':
        if (!starts_with(c, i, "null")) break;
        *end = i + 4;
        return Py_NewRef(Py_None);
    case 't':
        if (!starts_with(c, i, "true")) break;
        *end = i + 4;
        return Py_NewRef(Py_True);
    case 'f':
        if (!starts_with(c, i, "false")) break;
        *end = i + 5;
        return Py_NewRef(Py_False);
    case 'N':
        if (starts_with(c, i, "NaN")) return constant(c, i, "NaN", end);
        break;
    case 'I':
        if (starts_with(c, i, "Infinity")) return constant(c, i, "Infinity", end);
        break;
    case '-':
        if (starts_with(c, i, "-Infinity")) return constant(c, i, "-Infinity", end);
    }
    return scan_number(c, i, end);
}

/* ------------------------------------------------------------------ the type */

static PyObject *scanner_call(PyObject *self, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"string", "idx", NULL};
    PyObject *s;
    Py_ssize_t i, end;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "On:scan_once", keywords, &s, &i)) return NULL;
    if (!PyUnicode_Check(s)) return PyErr_Format(PyExc_TypeError, "first argument must be a string, not %.80s", Py_TYPE(s)->tp_name);
    if (PyUnicode_READY(s) < 0) return NULL;
    if (i < 0) {
        PyErr_SetString(PyExc_ValueError, "idx cannot be negative");
        return NULL;
    }
    Scan c = {(Scanner *)self, s, PyUnicode_KIND(s), PyUnicode_DATA(s), PyUnicode_GET_LENGTH(s), {NULL}};
    PyObject *value = i < c.n ? scan_value(&c, i, &end) : no_value(i);
    for (size_t k = 0; k < KR_ARRAY_LEN(c.keys); k++) Py_XDECREF(c.keys[k]);
    PyDict_Clear(c.scanner->memo);
    return value ? Py_BuildValue("Nn", value, end) : NULL;
}
static PyObject *scanner_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"context", NULL};
    PyObject *context, *strict;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:make_scanner", keywords, &context)) return NULL;
    Scanner *s = (Scanner *)type->tp_alloc(type, 0);
    if (!s || !(s->memo = PyDict_New()) || !(strict = PyObject_GetAttrString(context, "strict"))) goto fail;
    s->strict = PyObject_IsTrue(strict);
    Py_DECREF(strict);
    if (s->strict < 0 || !(s->object_hook = PyObject_GetAttrString(context, "object_hook")) || !(s->object_pairs_hook = PyObject_GetAttrString(context, "object_pairs_hook")) ||
        !(s->parse_float = PyObject_GetAttrString(context, "parse_float")) || !(s->parse_int = PyObject_GetAttrString(context, "parse_int")) ||
        !(s->parse_constant = PyObject_GetAttrString(context, "parse_constant")))
        goto fail;
    return (PyObject *)s;
fail:
    Py_XDECREF(s);
    return NULL;
}
static int scanner_traverse(PyObject *self, visitproc visit, void *arg) {
    Scanner *s = (Scanner *)self;
    Py_VISIT(s->object_hook);
    Py_VISIT(s->object_pairs_hook);
    Py_VISIT(s->parse_float);
    Py_VISIT(s->parse_int);
    Py_VISIT(s->parse_constant);
    Py_VISIT(s->memo);
    return 0;
}
static int scanner_clear(PyObject *self) {
    Scanner *s = (Scanner *)self;
    Py_CLEAR(s->object_hook);
    Py_CLEAR(s->object_pairs_hook);
    Py_CLEAR(s->parse_float);
    Py_CLEAR(s->parse_int);
    Py_CLEAR(s->parse_constant);
    Py_CLEAR(s->memo);
    return 0;
}
static void scanner_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    scanner_clear(self);
    Py_TYPE(self)->tp_free(self);
}
static PyMemberDef scanner_members[] = {
    {"strict", T_BOOL, offsetof(Scanner, strict), READONLY},
    {"object_hook", T_OBJECT, offsetof(Scanner, object_hook), READONLY},
    {"object_pairs_hook", T_OBJECT, offsetof(Scanner, object_pairs_hook), READONLY},
    {"parse_float", T_OBJECT, offsetof(Scanner, parse_float), READONLY},
    {"parse_int", T_OBJECT, offsetof(Scanner, parse_int), READONLY},
    {"parse_constant", T_OBJECT, offsetof(Scanner, parse_constant), READONLY},
    {NULL}};

PyTypeObject kr_json_Scanner_Type = {
    KR_STATIC_TYPE_HEAD .tp_name = "_json.Scanner", .tp_basicsize = sizeof(Scanner), .tp_dealloc = scanner_dealloc, .tp_call = scanner_call,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, .tp_doc = PyDoc_STR("Reads JSON documents."), .tp_traverse = scanner_traverse, .tp_clear = scanner_clear,
    .tp_members = scanner_members, .tp_new = scanner_new,
};
