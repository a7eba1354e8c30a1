/* codecs.c - the registry of codecs and of error handlers.
 *
 * interp->codec_search_path lists search functions, codec_search_cache maps normalised names to CodecInfo tuples, codec_error_registry names
 * to handlers. They are made when first needed; the package encodings, which registers the standard search function, is imported then.
 */
#include "krait.h"

static PyObject *strict_errors(PyObject *self, PyObject *exc) { (void)self; return PyCodec_StrictErrors(exc); }
static PyObject *ignore_errors(PyObject *self, PyObject *exc) { (void)self; return PyCodec_IgnoreErrors(exc); }
static PyObject *replace_errors(PyObject *self, PyObject *exc) { (void)self; return PyCodec_ReplaceErrors(exc); }
static PyObject *xmlcharref_errors(PyObject *self, PyObject *exc) { (void)self; return PyCodec_XMLCharRefReplaceErrors(exc); }
static PyObject *backslash_errors(PyObject *self, PyObject *exc) { (void)self; return PyCodec_BackslashReplaceErrors(exc); }
static PyObject *name_errors(PyObject *self, PyObject *exc) { (void)self; return PyCodec_NameReplaceErrors(exc); }
static PyObject *surrogatepass_errors(PyObject *self, PyObject *exc);
static PyObject *surrogateescape_errors(PyObject *self, PyObject *exc);

static struct { const char *name; PyMethodDef def; } handlers[] = {
    {"strict", {"strict_errors", strict_errors, METH_O, "Raises the exception."}},
    {"ignore", {"ignore_errors", ignore_errors, METH_O, "Leaves out what can't be converted."}},
    {"replace", {"replace_errors", replace_errors, METH_O, "Puts a question mark or U+FFFD in its place."}},
    {"xmlcharrefreplace", {"xmlcharrefreplace_errors", xmlcharref_errors, METH_O, "Writes XML character references."}},
    {"backslashreplace", {"backslashreplace_errors", backslash_errors, METH_O, "Writes backslash escapes."}},
    {"namereplace", {"namereplace_errors", name_errors, METH_O, "Writes \\N{...} escapes."}},
    {"surrogatepass", {"surrogatepass", surrogatepass_errors, METH_O, "Lets surrogates through the UTF codecs."}},
    {"surrogateescape", {"surrogateescape", surrogateescape_errors, METH_O, "Keeps undecodable bytes as lone surrogates."}},
};
static int registry_init(void) {
    KrInterp *interp = kr_interp();
    if (interp->codec_search_path) return 0;
    PyObject *path = PyList_New(0), *cache = PyDict_New(), *errors = PyDict_New();
    bool ok = path && cache && errors;
    for (size_t i = 0; ok && i < KR_ARRAY_LEN(handlers); i++) {
        PyObject *f = PyCFunction_NewEx(&handlers[i].def, NULL, NULL);
        ok = f && PyDict_SetItemString(errors, handlers[i].name, f) == 0;
        Py_XDECREF(f);
    }
    if (!ok) {
        Py_XDECREF(path);
        Py_XDECREF(cache);
        Py_XDECREF(errors);
        return -1;
    }
    interp->codec_search_path = path;
    interp->codec_search_cache = cache;
    interp->codec_error_registry = errors;
    PyObject *encodings = PyImport_ImportModule("encodings");
    if (!encodings) return -1;
    Py_DECREF(encodings);
    return 0;
}

/* ------------------------------------------------------------------ codecs */

int PyCodec_Register(PyObject *search) {
    if (registry_init() < 0) return -1;
    if (!PyCallable_Check(search)) {
        PyErr_SetString(PyExc_TypeError, "argument must be callable");
        return -1;
    }
    return PyList_Append(kr_interp()->codec_search_path, search);
}
int PyCodec_Unregister(PyObject *search) {
    KrInterp *interp = kr_interp();
    PyObject *path = interp->codec_search_path;
    if (!path) return 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(path); i++) {
        if (PyList_GET_ITEM(path, i) != search) continue;
        PyDict_Clear(interp->codec_search_cache);
        return PyList_SetSlice(path, i, i + 1, NULL);
    }
    return 0;
}
/* Lower case letters, digits and dots; an underscore for anything between them. */
static PyObject *normalize(const char *name) {
    size_t n = strlen(name);
    char *copy = PyMem_Malloc(n + 1);
    if (!copy) return PyErr_NoMemory();
    char *end = copy;
    bool between = false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = Py_CHARMASK(name[i]);
        if (Py_ISALNUM(c) || c == '.') {
            if (between && end > copy) *end++ = '_';
            *end++ = (char)Py_TOLOWER(c);
        }
        between = !(Py_ISALNUM(c) || c == '.');
    }
    PyObject *s = PyUnicode_FromStringAndSize(copy, end - copy);
    PyMem_Free(copy);
    if (s) PyUnicode_InternInPlace(&s);
    return s;
}
PyObject *_PyCodec_Lookup(const char *encoding) {
    if (!encoding) {
        PyErr_BadArgument();
        return NULL;
    }
    if (registry_init() < 0) return NULL;
    KrInterp *interp = kr_interp();
    PyObject *name = normalize(encoding), *info = NULL;
    if (!name) return NULL;
    info = Py_XNewRef(PyDict_GetItemWithError(interp->codec_search_cache, name));
    if (info || PyErr_Occurred()) goto done;
    if (PyList_GET_SIZE(interp->codec_search_path) == 0) {
        PyErr_SetString(PyExc_LookupError, "no codec search functions registered: can't find encoding");
        goto done;
    }
    for (Py_ssize_t i = 0; !info && i < PyList_GET_SIZE(interp->codec_search_path); i++) {
        PyObject *search = Py_NewRef(PyList_GET_ITEM(interp->codec_search_path, i));
        info = PyObject_CallOneArg(search, name);
        Py_DECREF(search);
        if (!info) goto done;
        if (info == Py_None) {
            Py_CLEAR(info);
        } else if (!PyTuple_Check(info) || PyTuple_GET_SIZE(info) != 4) {
            PyErr_SetString(PyExc_TypeError, "codec search functions must return 4-tuples");
            Py_CLEAR(info);
            goto done;
        }
    }
    if (!info) PyErr_Format(PyExc_LookupError, "unknown encoding: %s", encoding);
    else if (PyDict_SetItem(interp->codec_search_cache, name, info) < 0) Py_CLEAR(info);
done:
    Py_DECREF(name);
    return info;
}
int PyCodec_KnownEncoding(const char *encoding) {
    PyObject *info = _PyCodec_Lookup(encoding);
    if (!info) PyErr_Clear();
    Py_XDECREF(info);
    return info != NULL;
}
static PyObject *lookup_item(const char *encoding, Py_ssize_t i) {
    PyObject *info = _PyCodec_Lookup(encoding), *item = info ? Py_NewRef(PyTuple_GET_ITEM(info, i)) : NULL;
    Py_XDECREF(info);
    return item;
}
PyObject *PyCodec_Encoder(const char *encoding) { return lookup_item(encoding, 0); }
PyObject *PyCodec_Decoder(const char *encoding) { return lookup_item(encoding, 1); }
static PyObject *call_with_errors(PyObject *f, const char *errors) {
    PyObject *r = !f ? NULL : errors ? PyObject_CallFunction(f, "s", errors) : PyObject_CallNoArgs(f);
    Py_XDECREF(f);
    return r;
}
PyObject *_PyCodecInfo_GetIncrementalDecoder(PyObject *info, const char *errors) { return call_with_errors(PyObject_GetAttrString(info, "incrementaldecoder"), errors); }
PyObject *_PyCodecInfo_GetIncrementalEncoder(PyObject *info, const char *errors) { return call_with_errors(PyObject_GetAttrString(info, "incrementalencoder"), errors); }
PyObject *PyCodec_IncrementalEncoder(const char *encoding, const char *errors) {
    PyObject *info = _PyCodec_Lookup(encoding), *r = info ? _PyCodecInfo_GetIncrementalEncoder(info, errors) : NULL;
    Py_XDECREF(info);
    return r;
}
PyObject *PyCodec_IncrementalDecoder(const char *encoding, const char *errors) {
    PyObject *info = _PyCodec_Lookup(encoding), *r = info ? _PyCodecInfo_GetIncrementalDecoder(info, errors) : NULL;
    Py_XDECREF(info);
    return r;
}
static PyObject *stream(const char *encoding, PyObject *file, const char *errors, Py_ssize_t i) {
    PyObject *f = lookup_item(encoding, i), *r = !f ? NULL : errors ? PyObject_CallFunction(f, "Os", file, errors) : PyObject_CallOneArg(f, file);
    Py_XDECREF(f);
    return r;
}
PyObject *PyCodec_StreamReader(const char *encoding, PyObject *file, const char *errors) { return stream(encoding, file, errors, 2); }
PyObject *PyCodec_StreamWriter(const char *encoding, PyObject *file, const char *errors) { return stream(encoding, file, errors, 3); }

/* codec(o[, errors])[0]; what is "encoder" or "decoder". Takes over codec. */
static PyObject *run(PyObject *codec, PyObject *o, const char *encoding, const char *errors, bool encode) {
    if (!codec) return NULL;
    PyObject *r = errors ? PyObject_CallFunction(codec, "Os", o, errors) : PyObject_CallOneArg(codec, o), *value = NULL;
    if (!r) {
        _PyErr_TrySetFromCause("%s with '%s' codec failed", encode ? "encoding" : "decoding", encoding);
    } else if (!PyTuple_Check(r) || PyTuple_GET_SIZE(r) != 2) {
        PyErr_SetString(PyExc_TypeError, encode ? "encoder must return a tuple (object, integer)" : "decoder must return a tuple (object,integer)");
    } else {
        value = Py_NewRef(PyTuple_GET_ITEM(r, 0));
    }
    Py_XDECREF(r);
    Py_DECREF(codec);
    return value;
}
PyObject *PyCodec_Encode(PyObject *o, const char *encoding, const char *errors) { return run(PyCodec_Encoder(encoding), o, encoding, errors, true); }
PyObject *PyCodec_Decode(PyObject *o, const char *encoding, const char *errors) { return run(PyCodec_Decoder(encoding), o, encoding, errors, false); }

PyObject *_PyCodec_LookupTextEncoding(const char *encoding, const char *alternate) {
    PyObject *info = _PyCodec_Lookup(encoding), *flag;
    if (!info || PyTuple_CheckExact(info)) return info;
    if (_PyObject_LookupAttr(info, KR_STR(_is_text_encoding), &flag) < 0) {
        Py_DECREF(info);
        return NULL;
    }
    int text = flag ? PyObject_IsTrue(flag) : 1;
    Py_XDECREF(flag);
    if (text > 0) return info;
    Py_DECREF(info);
    if (text == 0) PyErr_Format(PyExc_LookupError, "'%.400s' is not a text encoding; use %s to handle arbitrary codecs", encoding, alternate);
    return NULL;
}
static PyObject *text_item(const char *encoding, const char *alternate, Py_ssize_t i) {
    PyObject *info = _PyCodec_LookupTextEncoding(encoding, alternate), *item = info ? Py_NewRef(PyTuple_GET_ITEM(info, i)) : NULL;
    Py_XDECREF(info);
    return item;
}
PyObject *_PyCodec_EncodeText(PyObject *o, const char *encoding, const char *errors) { return run(text_item(encoding, "codecs.encode()", 0), o, encoding, errors, true); }
PyObject *_PyCodec_DecodeText(PyObject *o, const char *encoding, const char *errors) { return run(text_item(encoding, "codecs.decode()", 1), o, encoding, errors, false); }

/* ------------------------------------------------------------------ error handlers */

int PyCodec_RegisterError(const char *name, PyObject *handler) {
    if (registry_init() < 0) return -1;
    if (!PyCallable_Check(handler)) {
        PyErr_SetString(PyExc_TypeError, "handler must be callable");
        return -1;
    }
    return PyDict_SetItemString(kr_interp()->codec_error_registry, name, handler);
}
PyObject *PyCodec_LookupError(const char *name) {
    if (registry_init() < 0) return NULL;
    PyObject *key = PyUnicode_FromString(name ? name : "strict"), *f = key ? Py_XNewRef(PyDict_GetItemWithError(kr_interp()->codec_error_registry, key)) : NULL;
    Py_XDECREF(key);
    if (!f && !PyErr_Occurred()) PyErr_Format(PyExc_LookupError, "unknown error handler name '%.400s'", name);
    return f;
}
static PyObject *wrong_type(PyObject *exc) {
    PyErr_Format(PyExc_TypeError, "don't know how to handle %.200s in error callback", Py_TYPE(exc)->tp_name);
    return NULL;
}
typedef enum { KIND_NONE, KIND_ENCODE, KIND_DECODE, KIND_TRANSLATE } ErrorKind;
static ErrorKind error_kind(PyObject *exc) {
    if (PyObject_TypeCheck(exc, (PyTypeObject *)PyExc_UnicodeEncodeError)) return KIND_ENCODE;
    if (PyObject_TypeCheck(exc, (PyTypeObject *)PyExc_UnicodeDecodeError)) return KIND_DECODE;
    if (PyObject_TypeCheck(exc, (PyTypeObject *)PyExc_UnicodeTranslateError)) return KIND_TRANSLATE;
    return KIND_NONE;
}
/* What the exception is about; *object is a new reference. */
static int error_range(PyObject *exc, ErrorKind kind, PyObject **object, Py_ssize_t *start, Py_ssize_t *end) {
    *object = NULL;
    if (kind == KIND_ENCODE) {
        if (PyUnicodeEncodeError_GetStart(exc, start) < 0 || PyUnicodeEncodeError_GetEnd(exc, end) < 0) return -1;
        *object = PyUnicodeEncodeError_GetObject(exc);
    } else if (kind == KIND_DECODE) {
        if (PyUnicodeDecodeError_GetStart(exc, start) < 0 || PyUnicodeDecodeError_GetEnd(exc, end) < 0) return -1;
        *object = PyUnicodeDecodeError_GetObject(exc);
    } else {
        if (PyUnicodeTranslateError_GetStart(exc, start) < 0 || PyUnicodeTranslateError_GetEnd(exc, end) < 0) return -1;
        *object = PyUnicodeTranslateError_GetObject(exc);
    }
    if (*object && *end < *start) *end = *start;
    return *object ? 0 : -1;
}
PyObject *PyCodec_StrictErrors(PyObject *exc) {
    if (PyExceptionInstance_Check(exc)) PyErr_SetObject((PyObject *)Py_TYPE(exc), exc);
    else PyErr_SetString(PyExc_TypeError, "codec must pass exception instance");
    return NULL;
}
PyObject *PyCodec_IgnoreErrors(PyObject *exc) {
    ErrorKind kind = error_kind(exc);
    PyObject *object;
    Py_ssize_t start, end;
    if (kind == KIND_NONE) return wrong_type(exc);
    if (error_range(exc, kind, &object, &start, &end) < 0) return NULL;
    Py_DECREF(object);
    return Py_BuildValue("(Nn)", PyUnicode_New(0, 0), end);
}
PyObject *PyCodec_ReplaceErrors(PyObject *exc) {
    ErrorKind kind = error_kind(exc);
    PyObject *object;
    Py_ssize_t start, end;
    if (kind == KIND_NONE) return wrong_type(exc);
    if (error_range(exc, kind, &object, &start, &end) < 0) return NULL;
    Py_DECREF(object);
    Py_UCS4 c = kind == KIND_ENCODE ? '?' : 0xfffd;
    Py_ssize_t n = kind == KIND_DECODE ? 1 : end - start;
    PyObject *s = PyUnicode_New(n, c);
    if (!s) return NULL;
    for (Py_ssize_t i = 0; i < n; i++) PyUnicode_WRITE(PyUnicode_KIND(s), PyUnicode_DATA(s), i, c);
    return Py_BuildValue("(Nn)", s, end);
}
typedef int (*WriteChar)(_PyUnicodeWriter *, Py_UCS4);
/* The answer made of write(c) for each character in the range. */
static PyObject *each_char(PyObject *exc, ErrorKind kind, WriteChar write) {
    PyObject *object;
    Py_ssize_t start, end;
    if (error_range(exc, kind, &object, &start, &end) < 0) return NULL;
    _PyUnicodeWriter w;
    _PyUnicodeWriter_Init(&w);
    w.overallocate = 1;
    int r = 0;
    for (Py_ssize_t i = start; r == 0 && i < end; i++)
        r = write(&w, kind == KIND_DECODE ? (unsigned char)PyBytes_AS_STRING(object)[i] : PyUnicode_READ_CHAR(object, i));
    Py_DECREF(object);
    if (r < 0) {
        _PyUnicodeWriter_Dealloc(&w);
        return NULL;
    }
    PyObject *text = _PyUnicodeWriter_Finish(&w);
    return text ? Py_BuildValue("(Nn)", text, end) : NULL;
}
static int write_format(_PyUnicodeWriter *w, const char *format, Py_UCS4 c) {
    char text[24];
    snprintf(text, sizeof text, format, (unsigned)c);
    return _PyUnicodeWriter_WriteASCIIString(w, text, -1);
}
static int write_charref(_PyUnicodeWriter *w, Py_UCS4 c) { return write_format(w, "&#%u;", c); }
static int write_backslash(_PyUnicodeWriter *w, Py_UCS4 c) { return write_format(w, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c); }
PyObject *PyCodec_XMLCharRefReplaceErrors(PyObject *exc) {
    return error_kind(exc) == KIND_ENCODE ? each_char(exc, KIND_ENCODE, write_charref) : wrong_type(exc);
}
PyObject *PyCodec_BackslashReplaceErrors(PyObject *exc) {
    ErrorKind kind = error_kind(exc);
    return kind == KIND_NONE ? wrong_type(exc) : each_char(exc, kind, write_backslash);
}
static int write_name(_PyUnicodeWriter *w, Py_UCS4 c) {
    PyObject *module = PyImport_ImportModule("unicodedata"), *name = NULL, *s = PyUnicode_FromOrdinal((int)c);
    if (module && s) name = PyObject_CallMethod(module, "name", "OO", s, Py_None);
    Py_XDECREF(module);
    Py_XDECREF(s);
    if (!name) return -1;
    int r;
    if (!PyUnicode_Check(name)) {
        r = write_backslash(w, c);
    } else {
        r = _PyUnicodeWriter_WriteASCIIString(w, "\\N{", 3);
        if (r == 0) r = _PyUnicodeWriter_WriteStr(w, name);
        if (r == 0) r = _PyUnicodeWriter_WriteChar(w, '}');
    }
    Py_DECREF(name);
    return r;
}
PyObject *PyCodec_NameReplaceErrors(PyObject *exc) {
    return error_kind(exc) == KIND_ENCODE ? each_char(exc, KIND_ENCODE, write_name) : wrong_type(exc);
}

/* --- surrogates --- */

typedef enum { UTF_NONE, UTF_8, UTF_16LE, UTF_16BE, UTF_32LE, UTF_32BE } Utf;
static Utf utf_of(PyObject *exc, int *width) {
    PyObject *name = PyObject_GetAttrString(exc, "encoding");
    const char *s = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
    Utf utf = UTF_NONE;
    if (s && Py_TOLOWER(s[0]) == 'u' && Py_TOLOWER(s[1]) == 't' && Py_TOLOWER(s[2]) == 'f') {
        s += 3;
        if (*s == '-' || *s == '_') s++;
        bool big = false;
        const char *order = s[0] == '8' ? s + 1 : s[0] && s[1] ? s + 2 : s + strlen(s);
        if (*order == '-' || *order == '_') order++;
        if (PyOS_stricmp(order, "be") == 0) big = true;
        else if (*order && PyOS_stricmp(order, "le") != 0) s = "";
        if (s[0] == '8' && !s[1]) utf = UTF_8;
        else if (strncmp(s, "16", 2) == 0) utf = big ? UTF_16BE : UTF_16LE;
        else if (strncmp(s, "32", 2) == 0) utf = big ? UTF_32BE : UTF_32LE;
    }
    Py_XDECREF(name);
    *width = utf == UTF_8 ? 3 : utf <= UTF_16BE ? 2 : 4;
    return utf;
}
static void store(unsigned char *p, Utf utf, Py_UCS4 c) {
    switch (utf) {
    case UTF_8: p[0] = (unsigned char)(0xe0 | c >> 12), p[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f)), p[2] = (unsigned char)(0x80 | (c & 0x3f)); break;
    case UTF_16LE: p[0] = (unsigned char)c, p[1] = (unsigned char)(c >> 8); break;
    case UTF_16BE: p[1] = (unsigned char)c, p[0] = (unsigned char)(c >> 8); break;
    case UTF_32LE: p[0] = (unsigned char)c, p[1] = (unsigned char)(c >> 8), p[2] = p[3] = 0; break;
    default: p[3] = (unsigned char)c, p[2] = (unsigned char)(c >> 8), p[1] = p[0] = 0; break;
    }
}
static Py_UCS4 load(const unsigned char *p, Utf utf) {
    switch (utf) {
    case UTF_8: return (p[0] & 0xf0) == 0xe0 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80 ? (Py_UCS4)((p[0] & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f)) : 0;
    case UTF_16LE: return (Py_UCS4)(p[0] | p[1] << 8);
    case UTF_16BE: return (Py_UCS4)(p[1] | p[0] << 8);
    case UTF_32LE: return (Py_UCS4)p[0] | (Py_UCS4)p[1] << 8 | (Py_UCS4)p[2] << 16 | (Py_UCS4)p[3] << 24;
    default: return (Py_UCS4)p[3] | (Py_UCS4)p[2] << 8 | (Py_UCS4)p[1] << 16 | (Py_UCS4)p[0] << 24;
    }
}
static bool is_surrogate(Py_UCS4 c) { return c >= 0xd800 && c <= 0xdfff; }
static PyObject *surrogatepass_errors(PyObject *self, PyObject *exc) {
    (void)self;
    ErrorKind kind = error_kind(exc);
    PyObject *object, *r = NULL;
    Py_ssize_t start, end;
    int width;
    if (kind != KIND_ENCODE && kind != KIND_DECODE) return wrong_type(exc);
    Utf utf = utf_of(exc, &width);
    if (PyErr_Occurred()) PyErr_Clear();
    if (utf == UTF_NONE) return PyCodec_StrictErrors(exc);
    if (error_range(exc, kind, &object, &start, &end) < 0) return NULL;
    if (kind == KIND_ENCODE) {
        PyObject *bytes = PyBytes_FromStringAndSize(NULL, (end - start) * width);
        bool good = bytes != NULL;
        for (Py_ssize_t i = start; good && i < end; i++) {
            Py_UCS4 c = PyUnicode_READ_CHAR(object, i);
            if ((good = is_surrogate(c))) store((unsigned char *)PyBytes_AS_STRING(bytes) + (i - start) * width, utf, c);
        }
        if (good) r = Py_BuildValue("(On)", bytes, end);
        else if (bytes) PyCodec_StrictErrors(exc);
        Py_XDECREF(bytes);
    } else {
        const unsigned char *p = (const unsigned char *)PyBytes_AS_STRING(object);
        Py_UCS4 c = PyBytes_GET_SIZE(object) - start >= width ? load(p + start, utf) : 0;
        if (is_surrogate(c)) r = Py_BuildValue("(Nn)", PyUnicode_FromOrdinal((int)c), start + width);
        else PyCodec_StrictErrors(exc);
    }
    Py_DECREF(object);
    return r;
}
static PyObject *surrogateescape_errors(PyObject *self, PyObject *exc) {
    (void)self;
    ErrorKind kind = error_kind(exc);
    PyObject *object, *r = NULL;
    Py_ssize_t start, end;
    if (kind != KIND_ENCODE && kind != KIND_DECODE) return wrong_type(exc);
    if (error_range(exc, kind, &object, &start, &end) < 0) return NULL;
    if (kind == KIND_ENCODE) {
        PyObject *bytes = PyBytes_FromStringAndSize(NULL, end - start);
        bool good = bytes != NULL;
        for (Py_ssize_t i = start; good && i < end; i++) {
            Py_UCS4 c = PyUnicode_READ_CHAR(object, i);
            if ((good = c >= 0xdc80 && c <= 0xdcff)) PyBytes_AS_STRING(bytes)[i - start] = (char)(c - 0xdc00);
        }
        if (good) r = Py_BuildValue("(On)", bytes, end);
        else if (bytes) PyCodec_StrictErrors(exc);
        Py_XDECREF(bytes);
    } else {
        Py_UCS2 text[4];
        int n = 0;
        const unsigned char *p = (const unsigned char *)PyBytes_AS_STRING(object);
        while (n < 4 && n < end - start && p[start + n] >= 128) {
            text[n] = (Py_UCS2)(0xdc00 + p[start + n]);
            n++;
        }
        if (n) r = Py_BuildValue("(Nn)", PyUnicode_FromKindAndData(PyUnicode_2BYTE_KIND, text, n), start + n);
        else PyCodec_StrictErrors(exc);
    }
    Py_DECREF(object);
    return r;
}
