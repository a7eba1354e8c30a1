/* _codecs.c - the registry of codecs, and the codecs that are in C, as functions. */
#include "krait.h"

/* ------------------------------------------------------------------ the registry */

static PyObject *done(int r) { return r < 0 ? NULL : Py_NewRef(Py_None); }
static PyObject *codecs_register(PyObject *m, PyObject *search) { (void)m; return done(PyCodec_Register(search)); }
static PyObject *codecs_unregister(PyObject *m, PyObject *search) { (void)m; return done(PyCodec_Unregister(search)); }
static PyObject *codecs_lookup(PyObject *m, PyObject *arg) {
    (void)m;
    if (!PyUnicode_Check(arg)) {
        _PyArg_BadArgument("lookup", "argument", "str", arg);
        return NULL;
    }
    const char *s = PyUnicode_AsUTF8(arg);
    if (s && strlen(s) != (size_t)PyUnicode_GetLength(arg) && PyUnicode_IS_ASCII(arg)) {
        PyErr_SetString(PyExc_ValueError, "embedded null character");
        return NULL;
    }
    return s ? _PyCodec_Lookup(s) : NULL;
}
static PyObject *convert(PyObject *const *args, Py_ssize_t n, PyObject *kwnames, bool encode) {
    static const char *const names[] = {"obj", "encoding", "errors", NULL};
    static _PyArg_Parser encode_parser = {.format = "O|ss:encode", .keywords = names}, decode_parser = {.format = "O|ss:decode", .keywords = names};
    PyObject *o;
    const char *encoding = "utf-8", *errors = NULL;
    if (!_PyArg_ParseStackAndKeywords(args, n, kwnames, encode ? &encode_parser : &decode_parser, &o, &encoding, &errors)) return NULL;
    return encode ? PyCodec_Encode(o, encoding, errors) : PyCodec_Decode(o, encoding, errors);
}
static PyObject *codecs_encode(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) { (void)m; return convert(args, n, kw, true); }
static PyObject *codecs_decode(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) { (void)m; return convert(args, n, kw, false); }
static PyObject *codecs_register_error(PyObject *m, PyObject *args) {
    const char *name;
    PyObject *handler;
    (void)m;
    return PyArg_ParseTuple(args, "sO:register_error", &name, &handler) ? done(PyCodec_RegisterError(name, handler)) : NULL;
}
static PyObject *codecs_lookup_error(PyObject *m, PyObject *args) {
    const char *name;
    (void)m;
    return PyArg_ParseTuple(args, "s:lookup_error", &name) ? PyCodec_LookupError(name) : NULL;
}
static PyObject *codecs_forget(PyObject *m, PyObject *arg) {
    (void)m;
    PyObject *cache = kr_interp()->codec_search_cache;
    int r = cache ? PyDict_Contains(cache, arg) : 0;
    if (r > 0 && PyDict_DelItem(cache, arg) < 0) return NULL;
    return r < 0 ? NULL : PyBool_FromLong(r);
}

/* ------------------------------------------------------------------ decoders: (data, errors=None[, final=False]) -> (str, consumed) */

static PyObject *answer(PyObject *o, Py_ssize_t consumed) { return o ? Py_BuildValue("(Nn)", o, consumed) : NULL; }
typedef PyObject *(*Decode)(const char *, Py_ssize_t, const char *);
typedef PyObject *(*DecodeStateful)(const char *, Py_ssize_t, const char *, Py_ssize_t *);

static PyObject *decode_whole(PyObject *args, const char *format, Decode decode) {
    Py_buffer data;
    const char *errors = NULL;
    if (!PyArg_ParseTuple(args, format, &data, &errors)) return NULL;
    PyObject *r = answer(decode(data.buf, data.len, errors), data.len);
    PyBuffer_Release(&data);
    return r;
}
static PyObject *decode_part(PyObject *args, const char *format, DecodeStateful decode, int final) {
    Py_buffer data;
    const char *errors = NULL;
    if (!PyArg_ParseTuple(args, format, &data, &errors, &final)) return NULL;
    Py_ssize_t consumed = data.len;
    PyObject *text = decode(data.buf, data.len, errors, final ? NULL : &consumed), *r = answer(text, consumed);
    PyBuffer_Release(&data);
    return r;
}
#define WHOLE(name, function) \
    static PyObject *name##_decode(PyObject *m, PyObject *args) { (void)m; return decode_whole(args, "y*|z:" #name "_decode", function); }
#define PART(name, function, text, final) \
    static PyObject *name##_decode(PyObject *m, PyObject *args) { (void)m; return decode_part(args, text "|zp:" #name "_decode", function, final); }
WHOLE(latin_1, PyUnicode_DecodeLatin1)
WHOLE(ascii, PyUnicode_DecodeASCII)
PART(utf_7, PyUnicode_DecodeUTF7Stateful, "y*", 0)
PART(utf_8, PyUnicode_DecodeUTF8Stateful, "y*", 0)
PART(unicode_escape, _PyUnicode_DecodeUnicodeEscapeStateful, "s*", 1)
PART(raw_unicode_escape, _PyUnicode_DecodeRawUnicodeEscapeStateful, "s*", 1)

typedef PyObject *(*DecodeOrdered)(const char *, Py_ssize_t, const char *, int *, Py_ssize_t *);
static PyObject *decode_ordered(PyObject *args, const char *format, DecodeOrdered decode, int order) {
    Py_buffer data;
    const char *errors = NULL;
    int final = 0;
    if (!PyArg_ParseTuple(args, format, &data, &errors, &final)) return NULL;
    Py_ssize_t consumed = data.len;
    PyObject *text = decode(data.buf, data.len, errors, &order, final ? NULL : &consumed), *r = answer(text, consumed);
    PyBuffer_Release(&data);
    return r;
}
static PyObject *decode_ex(PyObject *args, const char *format, DecodeOrdered decode) {
    Py_buffer data;
    const char *errors = NULL;
    int order = 0, final = 0;
    if (!PyArg_ParseTuple(args, format, &data, &errors, &order, &final)) return NULL;
    Py_ssize_t consumed = data.len;
    PyObject *text = decode(data.buf, data.len, errors, &order, final ? NULL : &consumed);
    PyObject *r = text ? Py_BuildValue("(Nni)", text, consumed, order) : NULL;
    PyBuffer_Release(&data);
    return r;
}
#define ORDERED(name, function, order) \
    static PyObject *name##_decode(PyObject *m, PyObject *args) { (void)m; return decode_ordered(args, "y*|zp:" #name "_decode", function, order); }
ORDERED(utf_16, PyUnicode_DecodeUTF16Stateful, 0)
ORDERED(utf_16_le, PyUnicode_DecodeUTF16Stateful, -1)
ORDERED(utf_16_be, PyUnicode_DecodeUTF16Stateful, 1)
ORDERED(utf_32, PyUnicode_DecodeUTF32Stateful, 0)
ORDERED(utf_32_le, PyUnicode_DecodeUTF32Stateful, -1)
ORDERED(utf_32_be, PyUnicode_DecodeUTF32Stateful, 1)
static PyObject *utf_16_ex_decode(PyObject *m, PyObject *args) { (void)m; return decode_ex(args, "y*|zip:utf_16_ex_decode", PyUnicode_DecodeUTF16Stateful); }
static PyObject *utf_32_ex_decode(PyObject *m, PyObject *args) { (void)m; return decode_ex(args, "y*|zip:utf_32_ex_decode", PyUnicode_DecodeUTF32Stateful); }

static PyObject *escape_decode(PyObject *m, PyObject *args) {
    Py_buffer data;
    const char *errors = NULL;
    (void)m;
    if (!PyArg_ParseTuple(args, "s*|z:escape_decode", &data, &errors)) return NULL;
    PyObject *r = answer(PyBytes_DecodeEscape(data.buf, data.len, errors, 0, NULL), data.len);
    PyBuffer_Release(&data);
    return r;
}

static PyObject *charmap_decode(PyObject *m, PyObject *args) {
    Py_buffer data;
    const char *errors = NULL;
    PyObject *mapping = Py_None;
    (void)m;
    if (!PyArg_ParseTuple(args, "y*|zO:charmap_decode", &data, &errors, &mapping)) return NULL;
    PyObject *r = answer(PyUnicode_DecodeCharmap(data.buf, data.len, mapping == Py_None ? NULL : mapping, errors), data.len);
    PyBuffer_Release(&data);
    return r;
}

/* ------------------------------------------------------------------ encoders: (str, errors=None) -> (bytes, consumed) */

typedef PyObject *(*Encode)(PyObject *, const char *);
static PyObject *encode_whole(PyObject *args, const char *format, Encode encode) {
    PyObject *s;
    const char *errors = NULL;
    if (!PyArg_ParseTuple(args, format, &s, &errors)) return NULL;
    return answer(encode(s, errors), PyUnicode_GET_LENGTH(s));
}
static PyObject *utf16le(PyObject *s, const char *e) { return _PyUnicode_EncodeUTF16(s, e, -1); }
static PyObject *utf16be(PyObject *s, const char *e) { return _PyUnicode_EncodeUTF16(s, e, 1); }
static PyObject *utf32le(PyObject *s, const char *e) { return _PyUnicode_EncodeUTF32(s, e, -1); }
static PyObject *utf32be(PyObject *s, const char *e) { return _PyUnicode_EncodeUTF32(s, e, 1); }
static PyObject *utf7(PyObject *s, const char *e) { return _PyUnicode_EncodeUTF7(s, 0, 0, e); }
static PyObject *escape(PyObject *s, const char *e) { (void)e; return PyUnicode_AsUnicodeEscapeString(s); }
static PyObject *raw_escape(PyObject *s, const char *e) { (void)e; return PyUnicode_AsRawUnicodeEscapeString(s); }
#define ENCODER(name, function) \
    static PyObject *name##_encode(PyObject *m, PyObject *args) { (void)m; return encode_whole(args, "U|z:" #name "_encode", function); }
ENCODER(latin_1, _PyUnicode_AsLatin1String)
ENCODER(ascii, _PyUnicode_AsASCIIString)
ENCODER(utf_7, utf7)
ENCODER(utf_8, _PyUnicode_AsUTF8String)
ENCODER(utf_16_le, utf16le)
ENCODER(utf_16_be, utf16be)
ENCODER(utf_32_le, utf32le)
ENCODER(utf_32_be, utf32be)
ENCODER(unicode_escape, escape)
ENCODER(raw_unicode_escape, raw_escape)
static PyObject *encode_ordered(PyObject *args, const char *format, PyObject *(*encode)(PyObject *, const char *, int)) {
    PyObject *s;
    const char *errors = NULL;
    int order = 0;
    if (!PyArg_ParseTuple(args, format, &s, &errors, &order)) return NULL;
    return answer(encode(s, errors, order), PyUnicode_GET_LENGTH(s));
}
static PyObject *utf_16_encode(PyObject *m, PyObject *args) { (void)m; return encode_ordered(args, "U|zi:utf_16_encode", _PyUnicode_EncodeUTF16); }
static PyObject *utf_32_encode(PyObject *m, PyObject *args) { (void)m; return encode_ordered(args, "U|zi:utf_32_encode", _PyUnicode_EncodeUTF32); }
static PyObject *escape_encode(PyObject *m, PyObject *args) {
    PyObject *data;
    const char *errors = NULL;
    (void)m;
    if (!PyArg_ParseTuple(args, "O!|z:escape_encode", &PyBytes_Type, &data, &errors)) return NULL;
    PyObject *text = PyBytes_Repr(data, 0), *bytes = text ? PyUnicode_AsASCIIString(text) : NULL, *r = NULL;
    /* without b'' around */
    if (bytes) r = answer(PyBytes_FromStringAndSize(PyBytes_AS_STRING(bytes) + 2, PyBytes_GET_SIZE(bytes) - 3), PyBytes_GET_SIZE(data));
    Py_XDECREF(text);
    Py_XDECREF(bytes);
    return r;
}
static PyObject *charmap_encode(PyObject *m, PyObject *args) {
    PyObject *s, *mapping = Py_None;
    const char *errors = NULL;
    (void)m;
    if (!PyArg_ParseTuple(args, "U|zO:charmap_encode", &s, &errors, &mapping)) return NULL;
    return answer(_PyUnicode_EncodeCharmap(s, mapping == Py_None ? NULL : mapping, errors), PyUnicode_GET_LENGTH(s));
}
static PyObject *charmap_build(PyObject *m, PyObject *arg) {
    (void)m;
    if (PyUnicode_Check(arg)) return PyUnicode_BuildEncodingMap(arg);
    _PyArg_BadArgument("charmap_build", "argument", "str", arg);
    return NULL;
}
static PyObject *readbuffer_encode(PyObject *m, PyObject *args) {
    Py_buffer data;
    const char *errors = NULL;
    (void)m;
    if (!PyArg_ParseTuple(args, "s*|z:readbuffer_encode", &data, &errors)) return NULL;
    PyObject *r = answer(PyBytes_FromStringAndSize(data.buf, data.len), data.len);
    PyBuffer_Release(&data);
    return r;
}

/* ------------------------------------------------------------------ the module */

/* A codec's two functions, with what each takes. */
#define BOTH(name, to_encode, to_decode) \
    {#name "_encode", name##_encode, METH_VARARGS, #name "_encode($module, " to_encode ", /)\n--\n\n(the bytes, how much was encoded)."}, \
    {#name "_decode", name##_decode, METH_VARARGS, #name "_decode($module, data, errors=None" to_decode ", /)\n--\n\n(the str, how many bytes were decoded)."}
#define STR "str, errors=None"
#define LATER ", final=False"
static PyMethodDef methods[] = {
    {"register", codecs_register, METH_O, "register($module, search_function, /)\n--\n\nAdds a function that finds codecs by name."},
    {"unregister", codecs_unregister, METH_O, "unregister($module, search_function, /)\n--\n\nRemoves it, and forgets all codecs that were looked up."},
    {"lookup", codecs_lookup, METH_O, "lookup($module, encoding, /)\n--\n\nThe CodecInfo of an encoding."},
    {"encode", KR_METH(codecs_encode), METH_FASTCALL | METH_KEYWORDS, "encode($module, /, obj, encoding='utf-8', errors='strict')\n--\n\nEncodes obj by a codec."},
    {"decode", KR_METH(codecs_decode), METH_FASTCALL | METH_KEYWORDS, "decode($module, /, obj, encoding='utf-8', errors='strict')\n--\n\nDecodes obj by a codec."},
    {"register_error", codecs_register_error, METH_VARARGS, "register_error($module, errors, handler, /)\n--\n\nNames an error handler."},
    {"lookup_error", codecs_lookup_error, METH_VARARGS, "lookup_error($module, name, /)\n--\n\nThe error handler of that name."},
    {"_forget_codec", codecs_forget, METH_O, "_forget_codec($module, encoding, /)\n--\n\nForgets a codec that was looked up."},
    BOTH(escape, "data, errors=None", ""), BOTH(charmap, STR ", mapping=None", ", mapping=None"), BOTH(utf_7, STR, LATER), BOTH(utf_8, STR, LATER),
    BOTH(utf_16, STR ", byteorder=0", LATER), BOTH(utf_16_le, STR, LATER), BOTH(utf_16_be, STR, LATER),
    BOTH(utf_32, STR ", byteorder=0", LATER), BOTH(utf_32_le, STR, LATER), BOTH(utf_32_be, STR, LATER),
    BOTH(unicode_escape, STR, ", final=True"), BOTH(raw_unicode_escape, STR, ", final=True"), BOTH(latin_1, STR, ""), BOTH(ascii, STR, ""),
    {"utf_16_ex_decode", utf_16_ex_decode, METH_VARARGS,
     "utf_16_ex_decode($module, data, errors=None, byteorder=0, final=False,\n                 /)\n--\n\n(the str, how many bytes were decoded, the byte order)."},
    {"utf_32_ex_decode", utf_32_ex_decode, METH_VARARGS,
     "utf_32_ex_decode($module, data, errors=None, byteorder=0, final=False,\n                 /)\n--\n\n(the str, how many bytes were decoded, the byte order)."},
    {"charmap_build", charmap_build, METH_O, "charmap_build($module, map, /)\n--\n\nA mapping for charmap_encode() from the characters of the bytes 0, 1, ..."},
    {"readbuffer_encode", readbuffer_encode, METH_VARARGS, "readbuffer_encode($module, data, errors=None, /)\n--\n\nThe bytes of bytes-like data, and their number."},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_codecs", .m_methods = methods, .m_slots = slots};
PyMODINIT_FUNC PyInit__codecs(void) { return PyModuleDef_Init(&definition); }
