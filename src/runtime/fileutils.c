/* fileutils.c - text of the operating system: locale encoding to and from wchar_t, and opening files by path objects.
 *
 * Works before Python is initialized. Bytes that don't decode become the surrogates U+DC80..U+DCFF (PEP 383) and back.
 */
#include "krait.h"
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

const char *Py_FileSystemDefaultEncoding = "utf-8";
const char *Py_FileSystemDefaultEncodeErrors = "surrogateescape";
int Py_HasFileSystemDefaultEncoding = 1;
int _Py_HasFileSystemDefaultEncodeErrors = 1;

/* What becomes of what can't be converted; the numbers are those the extension modules know. */
enum { STRICT = 1, ESCAPE = 2, PASS = 6 };      /* errors; bytes as surrogates U+DC80..DCFF; any surrogates as they are */

/* One UTF-8 character at s; its length, 0 when there is none. */
static int utf8_char(const unsigned char *s, wchar_t *w, bool surrogates) {
    unsigned c = s[0];
    int n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
    if (n < 2) {
        *w = (wchar_t)c;
        return n;
    }
    unsigned v = c & (0xffu >> (n + 1));
    for (int i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        v = v << 6 | (s[i] & 0x3f);
    }
    if ((n == 3 && (v < 0x800 || (!surrogates && v >= 0xd800 && v < 0xe000))) || (n == 4 && (v < 0x10000 || v > 0x10ffff))) return 0;
    *w = (wchar_t)v;
    return n;
}
/* -1: out of memory, -2: undecodable (strict). Allocated by PyMem_RawMalloc. */
static int decode_utf8(const char *s, int errors, wchar_t **out, size_t *size) {
    size_t n = strlen(s), at = 0;
    wchar_t *w = PyMem_RawMalloc((n + 1) * sizeof *w);
    if (!w) return -1;
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        int k = utf8_char(p, &w[at], errors == PASS);
        if (k == 0) {
            if (errors != ESCAPE) {
                PyMem_RawFree(w);
                if (size) *size = (size_t)(p - (const unsigned char *)s);
                return -2;
            }
            w[at] = (wchar_t)(0xdc00 + *p);
            k = 1;
        }
        p += k;
        at++;
    }
    w[at] = 0;
    *out = w;
    if (size) *size = at;
    return 0;
}
static int decode_locale(const char *s, bool escape, wchar_t **out, size_t *size) {
    size_t n = strlen(s), at = 0, i = 0;
    wchar_t *w = PyMem_RawMalloc((n + 1) * sizeof *w);
    if (!w) return -1;
    mbstate_t state = {0};
    while (i < n) {
        size_t k = mbrtowc(&w[at], s + i, n - i, &state);
        bool bad = k == (size_t)-1 || k == (size_t)-2 || (w[at] >= 0xd800 && w[at] < 0xe000) || w[at] > 0x10ffff;
        if (bad && !escape) {
            PyMem_RawFree(w);
            if (size) *size = i;
            return -2;
        }
        if (bad) {
            w[at] = (wchar_t)(0xdc00 + (unsigned char)s[i]);
            memset(&state, 0, sizeof state);
            k = 1;
        }
        i += k ? k : 1;
        at++;
    }
    w[at] = 0;
    *out = w;
    if (size) *size = at;
    return 0;
}
wchar_t *Py_DecodeLocale(const char *s, size_t *size) {
    wchar_t *w = NULL;
    size_t n = 0;
    int r = Py_UTF8Mode > 0 ? decode_utf8(s, ESCAPE, &w, &n) : decode_locale(s, true, &w, &n);
    if (size) *size = r == 0 ? n : r == -1 ? (size_t)-1 : (size_t)-2;
    return r == 0 ? w : NULL;
}
PyAPI_FUNC(int) _Py_DecodeLocaleEx(const char *arg, wchar_t **wstr, size_t *wlen, const char **reason, int current_locale, int errors);
int _Py_DecodeLocaleEx(const char *arg, wchar_t **wstr, size_t *wlen, const char **reason, int current_locale, int errors) {
    bool utf8 = !current_locale && Py_UTF8Mode > 0;
    if (errors != STRICT && errors != ESCAPE && !(utf8 && errors == PASS)) return -3;
    int r = utf8 ? decode_utf8(arg, errors, wstr, wlen) : decode_locale(arg, errors == ESCAPE, wstr, wlen);
    if (r == -2 && reason) *reason = "decoding error";
    return r;
}
/* *error: (size_t)-1 out of memory, else where the first character is that doesn't go. */
static char *encode(const wchar_t *text, size_t *error, bool raw, bool utf8, int errors) {
    size_t n = wcslen(text), at = 0, room = n * 6 + 1;
    char *s = raw ? PyMem_RawMalloc(room) : PyMem_Malloc(room);
    if (error) *error = (size_t)-1;
    if (!s) return NULL;
    mbstate_t state = {0};
    for (size_t i = 0; i < n; i++) {
        wchar_t c = text[i];
        if (errors == ESCAPE && c >= 0xdc80 && c <= 0xdcff) {
            s[at++] = (char)(c - 0xdc00);
            continue;
        }
        size_t k;
        if (utf8) {
            unsigned v = (unsigned)c;
            k = v < 0x80 ? 1 : v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;
            if (errors != PASS && v >= 0xd800 && v < 0xe000) k = (size_t)-1;
            else if (k == 1) s[at] = (char)v;
            else {
                for (size_t j = k - 1; j > 0; j--, v >>= 6) s[at + j] = (char)(0x80 | (v & 0x3f));
                s[at] = (char)((0xf0 << (4 - k)) | v);
            }
        } else {
            k = wcrtomb(s + at, c, &state);
        }
        if (k == (size_t)-1) {
            if (raw) PyMem_RawFree(s);
            else PyMem_Free(s);
            if (error) *error = i;
            return NULL;
        }
        at += k;
    }
    s[at] = 0;
    return s;
}
char *Py_EncodeLocale(const wchar_t *text, size_t *error) { return encode(text, error, false, Py_UTF8Mode > 0, ESCAPE); }
PyAPI_FUNC(char *) _Py_EncodeLocaleRaw(const wchar_t *text, size_t *error_pos);
char *_Py_EncodeLocaleRaw(const wchar_t *text, size_t *error) { return encode(text, error, true, Py_UTF8Mode > 0, ESCAPE); }
PyAPI_FUNC(int) _Py_EncodeLocaleEx(const wchar_t *text, char **str, size_t *error_pos, const char **reason, int raw_malloc, int current_locale, int errors);
int _Py_EncodeLocaleEx(const wchar_t *text, char **str, size_t *error_pos, const char **reason, int raw_malloc, int current_locale, int errors) {
    size_t at;
    bool utf8 = !current_locale && Py_UTF8Mode > 0;
    if (errors != STRICT && errors != ESCAPE && !(utf8 && errors == PASS)) return -3;
    if ((*str = encode(text, &at, raw_malloc, utf8, errors)) != NULL) return 0;
    if (at == (size_t)-1) return -1;
    if (error_pos) *error_pos = at;
    if (reason) *reason = "encoding error";
    return -2;
}

/* fopen of a path object; not inherited by children. NULL with OSError or another exception. */
FILE *_Py_fopen_obj(PyObject *path, const char *mode) {
    PyObject *bytes;
    FILE *f;
    if (PySys_Audit("open", "Osi", path, mode, 0) < 0 || !PyUnicode_FSConverter(path, &bytes)) return NULL;
    do {
        Py_BEGIN_ALLOW_THREADS
        f = fopen(PyBytes_AS_STRING(bytes), mode);
        Py_END_ALLOW_THREADS
    } while (!f && errno == EINTR && PyErr_CheckSignals() == 0);
    int saved = errno;
    Py_DECREF(bytes);
    if (!f) {
        if (PyErr_Occurred()) return NULL;
        errno = saved;
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path);
        return NULL;
    }
    fcntl(fileno(f), F_SETFD, fcntl(fileno(f), F_GETFD) | FD_CLOEXEC);
    return f;
}

/* ------------------------------------------------------------------ descriptors, for compiled modules */

PyAPI_FUNC(int) _Py_set_inheritable(int fd, int inheritable, int *atomic);
PyAPI_FUNC(int) _Py_get_inheritable(int fd);
PyAPI_FUNC(int) _Py_dup(int fd);
PyAPI_FUNC(int) _Py_fstat(int fd, struct stat *st);
PyAPI_FUNC(int) _Py_fstat_noraise(int fd, struct stat *st);
PyAPI_FUNC(int) _Py_open(const char *path, int flags);
PyAPI_FUNC(int) _Py_open_noraise(const char *path, int flags);
PyAPI_FUNC(Py_ssize_t) _Py_read(int fd, void *buf, size_t count);
PyAPI_FUNC(Py_ssize_t) _Py_write(int fd, const void *buf, size_t count);
PyAPI_FUNC(int) _PyLong_FileDescriptor_Converter(PyObject *o, void *ptr);

int _Py_get_inheritable(int fd) {
    int flags = fcntl(fd, F_GETFD, 0);
    if (flags >= 0) return !(flags & FD_CLOEXEC);
    PyErr_SetFromErrno(PyExc_OSError);
    return -1;
}
int _Py_set_inheritable(int fd, int inheritable, int *atomic) {
    (void)atomic;
    int flags = fcntl(fd, F_GETFD, 0);
    if (flags >= 0 && fcntl(fd, F_SETFD, inheritable ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC) >= 0) return 0;
    PyErr_SetFromErrno(PyExc_OSError);
    return -1;
}
int _Py_dup(int fd) {
    int r;
    Py_BEGIN_ALLOW_THREADS
    r = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    Py_END_ALLOW_THREADS
    if (r < 0) PyErr_SetFromErrno(PyExc_OSError);
    return r;
}
int _Py_fstat_noraise(int fd, struct stat *st) { return fstat(fd, st); }
int _Py_fstat(int fd, struct stat *st) {
    int r;
    Py_BEGIN_ALLOW_THREADS
    r = fstat(fd, st);
    Py_END_ALLOW_THREADS
    if (r < 0) PyErr_SetFromErrno(PyExc_OSError);
    return r;
}
int _Py_open_noraise(const char *path, int flags) { return open(path, flags | O_CLOEXEC); }
int _Py_open(const char *path, int flags) {
    int fd;
    if (PySys_Audit("open", "sOi", path, Py_None, flags) < 0) return -1;
    do {
        Py_BEGIN_ALLOW_THREADS
        fd = open(path, flags | O_CLOEXEC);
        Py_END_ALLOW_THREADS
    } while (fd < 0 && errno == EINTR && PyErr_CheckSignals() == 0);
    if (fd < 0 && !PyErr_Occurred()) PyErr_SetFromErrnoWithFilename(PyExc_OSError, path);
    return fd;
}
Py_ssize_t _Py_read(int fd, void *buf, size_t count) {
    Py_ssize_t n;
    do {
        Py_BEGIN_ALLOW_THREADS
        n = read(fd, buf, count);
        Py_END_ALLOW_THREADS
    } while (n < 0 && errno == EINTR && PyErr_CheckSignals() == 0);
    if (n < 0 && !PyErr_Occurred()) PyErr_SetFromErrno(PyExc_OSError);
    return n;
}
Py_ssize_t _Py_write(int fd, const void *buf, size_t count) {
    Py_ssize_t n;
    do {
        Py_BEGIN_ALLOW_THREADS
        n = write(fd, buf, count);
        Py_END_ALLOW_THREADS
    } while (n < 0 && errno == EINTR && PyErr_CheckSignals() == 0);
    if (n < 0 && !PyErr_Occurred()) PyErr_SetFromErrno(PyExc_OSError);
    return n;
}
int _PyLong_FileDescriptor_Converter(PyObject *o, void *ptr) {
    int fd = PyObject_AsFileDescriptor(o);
    if (fd == -1) return 0;
    *(int *)ptr = fd;
    return 1;
}
