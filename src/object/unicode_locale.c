/* unicode_locale.c - encodings by name, the file system's and the locale's encoding, wchar_t. */
#include "object/unicode.h"
#include <wchar.h>

/* ------------------------------------------------------------------ by name */

/* The name in lower case with '-' for '_' and ' '; false when it doesn't fit. */
static bool normalize(const char *name, char *to, size_t room) {
    size_t n = 0;
    for (; *name; name++) {
        if (n + 1 >= room) return false;
        char c = *name;
        to[n++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c == '_' || c == ' ' ? '-' : c;
    }
    to[n] = 0;
    return true;
}
typedef enum { ENC_OTHER, ENC_UTF8, ENC_LATIN1, ENC_ASCII, ENC_UTF16, ENC_UTF32 } Shortcut;
static Shortcut shortcut(const char *encoding) {
    static const struct { const char *name; Shortcut s; } names[] = {
        {"utf-8", ENC_UTF8}, {"utf8", ENC_UTF8}, {"latin-1", ENC_LATIN1}, {"latin1", ENC_LATIN1}, {"iso-8859-1", ENC_LATIN1}, {"iso8859-1", ENC_LATIN1},
        {"ascii", ENC_ASCII}, {"us-ascii", ENC_ASCII}, {"utf-16", ENC_UTF16}, {"utf-32", ENC_UTF32},
    };
    char norm[16];
    if (!encoding) return ENC_UTF8;
    if (normalize(encoding, norm, sizeof norm))
        for (size_t i = 0; i < KR_ARRAY_LEN(names); i++)
            if (strcmp(norm, names[i].name) == 0) return names[i].s;
    return ENC_OTHER;
}
/* In development mode names are looked up even when nothing needs them: -1 with LookupError. */
static int check_names(const char *encoding, const char *errors) {
    KrInterp *interp = kr_interp();
    if (KR_LIKELY(!interp->config.dev_mode) || !kr_runtime.initialized || kr_runtime.finalizing) return 0;
    if (encoding && shortcut(encoding) == ENC_OTHER) {
        PyObject *codec = _PyCodec_Lookup(encoding);
        if (!codec) return -1;
        Py_DECREF(codec);
    }
    if (errors && strcmp(errors, "strict") && strcmp(errors, "surrogateescape")) {
        PyObject *handler = PyCodec_LookupError(errors);
        if (!handler) return -1;
        Py_DECREF(handler);
    }
    return 0;
}

PyObject *PyUnicode_Decode(const char *s, Py_ssize_t n, const char *encoding, const char *errors) {
    if (check_names(encoding, errors) < 0) return NULL;
    switch (shortcut(encoding)) {
    case ENC_UTF8: return PyUnicode_DecodeUTF8Stateful(s, n, errors, NULL);
    case ENC_LATIN1: return PyUnicode_DecodeLatin1(s, n, errors);
    case ENC_ASCII: return PyUnicode_DecodeASCII(s, n, errors);
    case ENC_UTF16: return PyUnicode_DecodeUTF16(s, n, errors, NULL);
    case ENC_UTF32: return PyUnicode_DecodeUTF32(s, n, errors, NULL);
    default: break;
    }
    Py_buffer info;
    if (PyBuffer_FillInfo(&info, NULL, (void *)s, n, 1, PyBUF_FULL_RO) < 0) return NULL;
    PyObject *view = PyMemoryView_FromBuffer(&info), *text = view ? _PyCodec_DecodeText(view, encoding, errors) : NULL;
    Py_XDECREF(view);
    if (text && !kr_unicode_check(text)) {
        PyErr_Format(PyExc_TypeError, "'%.400s' decoder returned '%.400s' instead of 'str'; use codecs.decode() to decode to arbitrary types", encoding, Py_TYPE(text)->tp_name);
        Py_CLEAR(text);
    }
    return text ? text : NULL;
}
PyObject *PyUnicode_FromEncodedObject(PyObject *o, const char *encoding, const char *errors) {
    if (!o) {
        PyErr_BadInternalCall();
        return NULL;
    }
    if (PyBytes_Check(o)) {
        if (PyBytes_GET_SIZE(o) == 0) return check_names(encoding, errors) < 0 ? NULL : kr_unicode_empty();
        return PyUnicode_Decode(PyBytes_AS_STRING(o), PyBytes_GET_SIZE(o), encoding, errors);
    }
    if (kr_unicode_check(o)) {
        PyErr_SetString(PyExc_TypeError, "decoding str is not supported");
        return NULL;
    }
    Py_buffer view;
    if (PyObject_GetBuffer(o, &view, PyBUF_SIMPLE) < 0) {
        PyErr_Format(PyExc_TypeError, "decoding to str: need a bytes-like object, %.80s found", Py_TYPE(o)->tp_name);
        return NULL;
    }
    PyObject *r = view.len == 0 ? check_names(encoding, errors) < 0 ? NULL : kr_unicode_empty() : PyUnicode_Decode(view.buf, view.len, encoding, errors);
    PyBuffer_Release(&view);
    return r;
}
PyObject *PyUnicode_AsEncodedString(PyObject *o, const char *encoding, const char *errors) {
    if (!kr_unicode_check(o)) {
        PyErr_BadArgument();
        return NULL;
    }
    if (check_names(encoding, errors) < 0) return NULL;
    switch (shortcut(encoding)) {
    case ENC_UTF8: return _PyUnicode_AsUTF8String(o, errors);
    case ENC_LATIN1: return _PyUnicode_AsLatin1String(o, errors);
    case ENC_ASCII: return _PyUnicode_AsASCIIString(o, errors);
    case ENC_UTF16: return _PyUnicode_EncodeUTF16(o, errors, 0);
    case ENC_UTF32: return _PyUnicode_EncodeUTF32(o, errors, 0);
    default: break;
    }
    PyObject *v = _PyCodec_EncodeText(o, encoding, errors);
    if (!v || PyBytes_Check(v)) return v;
    if (PyByteArray_Check(v)) {
        PyObject *bytes = NULL;
        if (PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "encoder %s returned bytearray instead of bytes; use codecs.encode() to encode to arbitrary types", encoding) == 0)
            bytes = PyBytes_FromStringAndSize(PyByteArray_AS_STRING(v), PyByteArray_GET_SIZE(v));
        Py_DECREF(v);
        return bytes;
    }
    PyErr_Format(PyExc_TypeError, "'%.400s' encoder returned '%.400s' instead of 'bytes'; use codecs.encode() to encode to arbitrary types", encoding, Py_TYPE(v)->tp_name);
    Py_DECREF(v);
    return NULL;
}
static int need_str(PyObject *o) {
    if (kr_unicode_check(o)) return 0;
    PyErr_BadArgument();
    return -1;
}
PyObject *PyUnicode_AsDecodedObject(PyObject *o, const char *encoding, const char *errors) {
    return need_str(o) < 0 ? NULL : PyCodec_Decode(o, encoding ? encoding : "utf-8", errors);
}
PyObject *PyUnicode_AsEncodedObject(PyObject *o, const char *encoding, const char *errors) {
    return need_str(o) < 0 ? NULL : PyCodec_Encode(o, encoding ? encoding : "utf-8", errors);
}
static PyObject *must_be_str(PyObject *v, const char *encoding, const char *what) {
    if (v && !kr_unicode_check(v)) {
        PyErr_Format(PyExc_TypeError, "'%.400s' %s returned '%.400s' instead of 'str'; use codecs.%s() to %s to arbitrary types", encoding, what,
                     Py_TYPE(v)->tp_name, *what == 'd' ? "decode" : "encode", *what == 'd' ? "decode" : "encode");
        Py_CLEAR(v);
    }
    return v;
}
PyObject *PyUnicode_AsDecodedUnicode(PyObject *o, const char *encoding, const char *errors) {
    return must_be_str(PyUnicode_AsDecodedObject(o, encoding, errors), encoding ? encoding : "utf-8", "decoder");
}
PyObject *PyUnicode_AsEncodedUnicode(PyObject *o, const char *encoding, const char *errors) {
    return must_be_str(PyUnicode_AsEncodedObject(o, encoding, errors), encoding ? encoding : "utf-8", "encoder");
}
const char *PyUnicode_GetDefaultEncoding(void) { return "utf-8"; }

/* ------------------------------------------------------------------ the file system's encoding */

typedef struct { char encoding[32], errors[32]; } FsCodec;

/* What the configuration says, "utf-8" and "surrogateescape" before it does. */
static FsCodec fs_codec(void) {
    FsCodec c = {"utf-8", "surrogateescape"};
    const PyConfig *config = kr_thread() ? &kr_interp()->config : NULL;
    if (config && config->filesystem_encoding) snprintf(c.encoding, sizeof c.encoding, "%ls", config->filesystem_encoding);
    if (config && config->filesystem_errors) snprintf(c.errors, sizeof c.errors, "%ls", config->filesystem_errors);
    return c;
}
/* While Python starts or has ended, codecs that are Python modules can't be imported; the C library knows the locale's. */
static bool too_early(const FsCodec *c) { return !kr_runtime.initialized && shortcut(c->encoding) == ENC_OTHER; }
PyObject *PyUnicode_DecodeFSDefaultAndSize(const char *s, Py_ssize_t n) {
    if (kr_is_ascii(s, n)) return _PyUnicode_FromASCII(s, n);
    FsCodec c = fs_codec();
    return too_early(&c) ? PyUnicode_DecodeLocaleAndSize(s, n, c.errors) : PyUnicode_Decode(s, n, c.encoding, c.errors);
}
PyObject *PyUnicode_DecodeFSDefault(const char *s) { return PyUnicode_DecodeFSDefaultAndSize(s, (Py_ssize_t)strlen(s)); }
PyObject *PyUnicode_EncodeFSDefault(PyObject *o) {
    FsCodec c = fs_codec();
    return too_early(&c) ? PyUnicode_EncodeLocale(o, c.errors) : PyUnicode_AsEncodedString(o, c.encoding, c.errors);
}
int PyUnicode_FSConverter(PyObject *arg, void *addr) {
    PyObject **result = addr;
    if (!arg) {
        Py_CLEAR(*result);
        return 1;
    }
    PyObject *path = PyOS_FSPath(arg), *bytes;
    if (!path) return 0;
    if (PyBytes_Check(path)) {
        bytes = path;
    } else {
        bytes = PyUnicode_EncodeFSDefault(path);
        Py_DECREF(path);
        if (!bytes) return 0;
    }
    if (strlen(PyBytes_AS_STRING(bytes)) != (size_t)PyBytes_GET_SIZE(bytes)) {
        PyErr_SetString(PyExc_ValueError, "embedded null byte");
        Py_DECREF(bytes);
        return 0;
    }
    *result = bytes;
    return Py_CLEANUP_SUPPORTED;
}
int PyUnicode_FSDecoder(PyObject *arg, void *addr) {
    PyObject **result = addr;
    if (!arg) {
        Py_CLEAR(*result);
        return 1;
    }
    PyObject *path, *text;
    if (!PyUnicode_Check(arg) && !PyBytes_Check(arg) && PyObject_CheckBuffer(arg)) {
        if (PyErr_WarnFormat(PyExc_DeprecationWarning, 1, "path should be string, bytes, or os.PathLike, not %.200s", Py_TYPE(arg)->tp_name) < 0) return 0;
        path = PyBytes_FromObject(arg);
    } else {
        path = PyOS_FSPath(arg);
    }
    if (!path) return 0;
    if (kr_unicode_check(path)) {
        text = path;
    } else {
        text = PyUnicode_DecodeFSDefaultAndSize(PyBytes_AS_STRING(path), PyBytes_GET_SIZE(path));
        Py_DECREF(path);
        if (!text) return 0;
    }
    if (PyUnicode_FindChar(text, 0, 0, PyUnicode_GET_LENGTH(text), 1) >= 0) {
        PyErr_SetString(PyExc_ValueError, "embedded null character");
        Py_DECREF(text);
        return 0;
    }
    *result = text;
    return Py_CLEANUP_SUPPORTED;
}

/* ------------------------------------------------------------------ wchar_t */

PyObject *PyUnicode_FromWideChar(const wchar_t *w, Py_ssize_t n) {
    if (!w && n != 0) {
        PyErr_BadInternalCall();
        return NULL;
    }
    if (n == -1) n = (Py_ssize_t)wcslen(w);
    if (n < 0) {
        PyErr_SetString(PyExc_SystemError, "Negative size passed to PyUnicode_New");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        if ((Py_UCS4)w[i] > 0x10ffff) {
            PyErr_Format(PyExc_ValueError, "character U+%x is not in range [U+0000; U+10ffff]", (unsigned)w[i]);
            return NULL;
        }
    }
    return kr_unicode_from_units(4, w, n);
}
Py_ssize_t PyUnicode_AsWideChar(PyObject *o, wchar_t *w, Py_ssize_t size) {
    if (!o) {
        PyErr_BadInternalCall();
        return -1;
    }
    if (need_str(o) < 0) return -1;
    Py_ssize_t n = PyUnicode_GET_LENGTH(o);
    if (!w) return n + 1;
    Py_ssize_t count = Py_MIN(n, size);
    kr_unicode_convert(4, w, PyUnicode_KIND(o), PyUnicode_DATA(o), count);
    if (size > n) w[n] = 0;
    return count;
}
wchar_t *PyUnicode_AsWideCharString(PyObject *o, Py_ssize_t *size) {
    if (!o) {
        PyErr_BadInternalCall();
        return NULL;
    }
    if (need_str(o) < 0) return NULL;
    Py_ssize_t n = PyUnicode_GET_LENGTH(o);
    wchar_t *w = PyMem_New(wchar_t, n + 1);
    if (!w) {
        PyErr_NoMemory();
        return NULL;
    }
    kr_unicode_convert(4, w, PyUnicode_KIND(o), PyUnicode_DATA(o), n);
    w[n] = 0;
    if (size) {
        *size = n;
    } else if ((Py_ssize_t)wcslen(w) != n) {
        PyMem_Free(w);
        PyErr_SetString(PyExc_ValueError, "embedded null character");
        return NULL;
    }
    return w;
}

/* ------------------------------------------------------------------ the locale's encoding */

static int locale_errors(const char *errors, bool *escape) {
    *escape = errors && strcmp(errors, "surrogateescape") == 0;
    if (!errors || *escape || strcmp(errors, "strict") == 0) return 0;
    PyErr_Format(PyExc_ValueError, "only 'strict' and 'surrogateescape' error handlers are supported, not '%s'", errors);
    return -1;
}
PyObject *PyUnicode_DecodeLocaleAndSize(const char *s, Py_ssize_t n, const char *errors) {
    bool escape;
    if (locale_errors(errors, &escape) < 0) return NULL;
    if (s[n] != 0 || strlen(s) != (size_t)n) {
        PyErr_SetString(PyExc_ValueError, "embedded null byte");
        return NULL;
    }
    if (kr_is_ascii(s, n)) return _PyUnicode_FromASCII(s, n);
    wchar_t *w = PyMem_New(wchar_t, n + 1);
    if (!w) return PyErr_NoMemory();
    mbstate_t state = {0};
    Py_ssize_t at = 0, out = 0;
    PyObject *r = NULL;
    while (at < n) {
        size_t k = mbrtowc(&w[out], s + at, (size_t)(n - at), &state);
        bool bad = k == (size_t)-1 || k == (size_t)-2 || (k > 0 && k < (size_t)-2 && ((w[out] >= 0xd800 && w[out] < 0xe000) || w[out] > 0x10ffff));
        if (bad && !escape) {
            PyObject *e = PyUnicodeDecodeError_Create("locale", s, n, at, at + 1, "decoding error");
            if (e) PyErr_SetObject(PyExc_UnicodeDecodeError, e);
            Py_XDECREF(e);
            goto done;
        }
        if (bad) {
            w[out] = (wchar_t)(0xdc00 + (unsigned char)s[at]);
            memset(&state, 0, sizeof state);
            k = 1;
        }
        at += (Py_ssize_t)k;
        out++;
    }
    r = PyUnicode_FromWideChar(w, out);
done:
    PyMem_Free(w);
    return r;
}
PyObject *PyUnicode_DecodeLocale(const char *s, const char *errors) { return PyUnicode_DecodeLocaleAndSize(s, (Py_ssize_t)strlen(s), errors); }
PyObject *PyUnicode_EncodeLocale(PyObject *o, const char *errors) {
    bool escape;
    if (locale_errors(errors, &escape) < 0 || need_str(o) < 0) return NULL;
    Py_ssize_t n = PyUnicode_GET_LENGTH(o), size = 0;
    size_t room = MB_CUR_MAX;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, n * (Py_ssize_t)room + 1);
    if (!bytes) return NULL;
    char *to = PyBytes_AS_STRING(bytes);
    mbstate_t state = {0};
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ_CHAR(o, i);
        size_t k;
        if (c == 0) {
            PyErr_SetString(PyExc_ValueError, "embedded null character");
            Py_DECREF(bytes);
            return NULL;
        }
        if (escape && c >= 0xdc80 && c <= 0xdcff) {
            to[size++] = (char)(c - 0xdc00);
            continue;
        }
        k = wcrtomb(to + size, (wchar_t)c, &state);
        if (k == (size_t)-1) {
            PyObject *e = PyObject_CallFunction(PyExc_UnicodeEncodeError, "sOnns", "locale", o, i, i + 1, "encoding error");
            if (e) PyErr_SetObject(PyExc_UnicodeEncodeError, e);
            Py_XDECREF(e);
            Py_DECREF(bytes);
            return NULL;
        }
        size += (Py_ssize_t)k;
    }
    _PyBytes_Resize(&bytes, size);
    return bytes;
}
