/* unicode_charmap.c - codecs given by a table: charmap, and the EncodingMap that makes encoding fast.
 *
 * Decoding looks a byte up in a str, whose i-th character is what byte i stands for (U+FFFE: nothing), or in a mapping of ints to ints,
 * strs or None. Encoding looks a character up in a mapping of ints to ints, bytes or None, or in an EncodingMap, which
 * PyUnicode_BuildEncodingMap makes from the decoding str: blocks of 256 bytes for those high bytes of characters that occur.
 */
#include "object/unicode_codecs.h"

#define UNDEFINED "character maps to <undefined>"
#define NOTHING 0xfffe          /* in a decoding table: the byte stands for no character */

typedef struct {
    PyObject_HEAD
    uint8_t block[256];         /* of a character's high byte: number + 1 of its block, 0 for none */
    int nblocks;
    uint8_t bytes[][256];       /* of a block and a character's low byte: the code, 0 for none */
} EncodingMap;

/* ------------------------------------------------------------------ EncodingMap */

static void map_dealloc(PyObject *self) { PyObject_Free(self); }
static PyObject *map_size(PyObject *self, PyObject *unused) {
    return PyLong_FromSize_t(sizeof(EncodingMap) + (size_t)((EncodingMap *)self)->nblocks * 256);
}
static PyMethodDef map_methods[] = {{"size", map_size, METH_NOARGS, PyDoc_STR("The bytes of memory that the map takes.")}, {NULL}};

PyTypeObject kr_EncodingMap_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "EncodingMap",
    .tp_basicsize = sizeof(EncodingMap),
    .tp_dealloc = map_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_methods = map_methods,
};

/* The byte of a character, -1 for none. Byte 0 is character 0's and no other's. */
static int map_find(const EncodingMap *m, Py_UCS4 c) {
    if (c == 0) return 0;
    if (c > 0xffff || !m->block[c >> 8]) return -1;
    uint8_t byte = m->bytes[m->block[c >> 8] - 1][c & 0xff];
    return byte ? byte : -1;
}
static PyObject *build_dict(PyObject *table, Py_ssize_t n) {
    PyObject *d = PyDict_New();
    for (Py_ssize_t i = 0; d && i < n; i++) {
        PyObject *c = PyLong_FromLong((long)PyUnicode_READ_CHAR(table, i)), *byte = PyLong_FromSsize_t(i);
        if (!c || !byte || PyDict_SetItem(d, c, byte) < 0) Py_CLEAR(d);
        Py_XDECREF(c);
        Py_XDECREF(byte);
    }
    return d;
}
PyObject *PyUnicode_BuildEncodingMap(PyObject *table) {
    if (!kr_unicode_check(table) || PyUnicode_GET_LENGTH(table) == 0) {
        PyErr_BadArgument();
        return NULL;
    }
    Py_ssize_t n = Py_MIN(PyUnicode_GET_LENGTH(table), 256);
    bool fits = PyUnicode_READ_CHAR(table, 0) == 0;
    uint8_t block[256] = {0};
    int nblocks = 0;
    for (Py_ssize_t i = 1; fits && i < n; i++) {
        Py_UCS4 c = PyUnicode_READ_CHAR(table, i);
        fits = c != 0 && c <= 0xffff;
        if (fits && c != NOTHING && !block[c >> 8]) {
            fits = nblocks < 255;
            block[c >> 8] = (uint8_t)++nblocks;
        }
    }
    if (!fits) return build_dict(table, n);
    if (!(kr_EncodingMap_Type.tp_flags & Py_TPFLAGS_READY) && PyType_Ready(&kr_EncodingMap_Type) < 0) return NULL;
    EncodingMap *m = PyObject_Malloc(sizeof *m + (size_t)nblocks * 256);
    if (!m) return PyErr_NoMemory();
    PyObject_Init((PyObject *)m, &kr_EncodingMap_Type);
    memcpy(m->block, block, sizeof block);
    m->nblocks = nblocks;
    memset(m->bytes, 0, (size_t)nblocks * 256);
    for (Py_ssize_t i = 1; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ_CHAR(table, i);
        if (c != NOTHING) m->bytes[block[c >> 8] - 1][c & 0xff] = (uint8_t)i;
    }
    return (PyObject *)m;
}

/* mapping[key]; *absent is set for a key that is not there or is None, then NULL is returned without an exception. */
static PyObject *look_up(PyObject *mapping, long key, bool *absent) {
    PyObject *k = PyLong_FromLong(key), *v = k ? PyObject_GetItem(mapping, k) : NULL;
    bool missing = k && !v && PyErr_ExceptionMatches(PyExc_LookupError);
    Py_XDECREF(k);
    if (missing) PyErr_Clear();
    if (v == Py_None) {
        missing = true;
        Py_CLEAR(v);
    }
    *absent = missing;
    return v;
}

/* ------------------------------------------------------------------ encoding */

static int put_byte(KrEncoder *e, int byte) {
    char *to = kr_encoder_room(e, 1);
    if (!to) return -1;
    *to = (char)byte;
    e->size++;
    return 0;
}
static int put_by_map(KrEncoder *e, Py_UCS4 c) {
    int byte = map_find(e->arg, c);
    return byte < 0 ? 1 : put_byte(e, byte);
}
static int put_by_mapping(KrEncoder *e, Py_UCS4 c) {
    bool absent;
    PyObject *v = look_up(e->arg, (long)c, &absent);
    if (!v) return absent ? 1 : -1;
    int r = -1;
    if (PyLong_Check(v)) {
        int overflow;
        long byte = PyLong_AsLongAndOverflow(v, &overflow);
        if (overflow || byte < 0 || byte > 255) PyErr_SetString(PyExc_TypeError, "character mapping must be in range(256)");
        else r = put_byte(e, (int)byte);
    } else if (PyBytes_Check(v)) {
        Py_ssize_t n = PyBytes_GET_SIZE(v);
        char *to = kr_encoder_room(e, n);
        if (to) {
            memcpy(to, PyBytes_AS_STRING(v), (size_t)n);
            e->size += n;
            r = 0;
        }
    } else {
        PyErr_Format(PyExc_TypeError, "character mapping must return integer, bytes or None, not %.400s", Py_TYPE(v)->tp_name);
    }
    Py_DECREF(v);
    return r;
}
PyObject *_PyUnicode_EncodeCharmap(PyObject *s, PyObject *mapping, const char *errors) {
    if (!mapping) return _PyUnicode_AsLatin1String(s, errors);
    if (!kr_unicode_check(s)) {
        PyErr_BadArgument();
        return NULL;
    }
    if (PyUnicode_GET_LENGTH(s) == 0) return PyBytes_FromStringAndSize(NULL, 0);
    KrEncoder e;
    if (kr_encoder_init(&e, "charmap", errors, s, PyUnicode_GET_LENGTH(s)) < 0) return NULL;
    e.put = Py_IS_TYPE(mapping, &kr_EncodingMap_Type) ? put_by_map : put_by_mapping;
    e.arg = mapping;
    return kr_encoder_finish(&e, kr_encode_all(&e, UNDEFINED) < 0);
}
PyObject *PyUnicode_AsCharmapString(PyObject *s, PyObject *mapping) {
    if (!s || !PyUnicode_Check(s) || !mapping) {
        PyErr_BadArgument();
        return NULL;
    }
    return _PyUnicode_EncodeCharmap(s, mapping, NULL);
}

/* ------------------------------------------------------------------ decoding */

/* Writes what a byte stands for: 0, 1 when that is nothing, -1 with an exception. */
static int write_by_mapping(KrDecoder *d, PyObject *mapping, unsigned char byte) {
    bool absent;
    PyObject *v = look_up(mapping, byte, &absent);
    if (!v) return absent ? 1 : -1;
    int r = -1;
    if (PyLong_Check(v)) {
        int overflow;
        long c = PyLong_AsLongAndOverflow(v, &overflow);
        if (c == NOTHING) r = 1;
        else if (overflow || c < 0 || c > 0x10ffff) PyErr_Format(PyExc_TypeError, "character mapping must be in range(0x%x)", 0x110000);
        else r = _PyUnicodeWriter_WriteChar(&d->w, (Py_UCS4)c);
    } else if (kr_unicode_check(v)) {
        r = PyUnicode_GET_LENGTH(v) == 1 && PyUnicode_READ_CHAR(v, 0) == NOTHING ? 1 : _PyUnicodeWriter_WriteStr(&d->w, v);
    } else {
        PyErr_SetString(PyExc_TypeError, "character mapping must return integer, None or str");
    }
    Py_DECREF(v);
    return r;
}
PyObject *PyUnicode_DecodeCharmap(const char *s, Py_ssize_t n, PyObject *mapping, const char *errors) {
    if (!mapping) return PyUnicode_DecodeLatin1(s, n, errors);
    if (n == 0) return kr_unicode_empty();
    KrDecoder decoder, *d = &decoder;
    kr_decoder_init(d, "charmap", errors, s, n);
    int r = 0;
    bool is_table = PyUnicode_CheckExact(mapping);
    const int kind = is_table ? (int)PyUnicode_KIND(mapping) : 0;
    const void *table = is_table ? PyUnicode_DATA(mapping) : NULL;
    Py_ssize_t known = is_table ? PyUnicode_GET_LENGTH(mapping) : 0;
    for (Py_ssize_t i = 0; r == 0 && i < d->n;) {
        unsigned char byte = d->s[i];
        if (!is_table) {
            r = write_by_mapping(d, mapping, byte);
        } else {
            Py_UCS4 c = byte < known ? PyUnicode_READ((unsigned)kind, table, byte) : NOTHING;
            r = c == NOTHING ? 1 : _PyUnicodeWriter_WriteChar(&d->w, c);
        }
        if (r > 0) r = kr_decode_error(d, i, i + 1, UNDEFINED, &i);
        else i++;
    }
    return kr_decoder_finish(d, r < 0);
}
