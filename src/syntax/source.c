/* source.c - from the bytes of a source to the UTF-8 text the tokenizer reads.
 *
 * PEP 263: a UTF-8 byte order mark, or a coding line among the first two lines, names the encoding; without either the
 * text is UTF-8. Line ends become "\n". The result is either the caller's buffer, unchanged, or a copy that the
 * tokenizer owns.
 */
#include "syntax/tokenizer.h"

/* Lower case, '_' to '-', the usual aliases of UTF-8 and Latin-1 to one name. */
static void kr_source_normal_name(const char *name, size_t len, char out[64]) {
    char head[13];
    size_t i;
    for (i = 0; i < 12 && i < len; i++) head[i] = name[i] == '_' ? '-' : (char)Py_TOLOWER(name[i]);
    head[i] = 0;
    if (!strcmp(head, "utf-8") || !strncmp(head, "utf-8-", 6)) { strcpy(out, "utf-8"); return; }
    static const char *const latin[] = {"latin-1", "iso-8859-1", "iso-latin-1"};
    for (size_t k = 0; k < KR_ARRAY_LEN(latin); k++) {
        size_t n = strlen(latin[k]);
        if (!strncmp(head, latin[k], n) && (head[n] == 0 || head[n] == '-')) { strcpy(out, "iso-8859-1"); return; }
    }
    if (len > 63) len = 63;
    memcpy(out, name, len);
    out[len] = 0;
}

/* Looks for a coding comment in [line, end). 1 and its name in `out`; 0 if there is none and the search goes on; -1 if
 * the line has code, so that the search ends. */
static int kr_source_find_cookie(const char *line, const char *end, char out[64]) {
    const char *p = line;
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\014')) p++;
    if (p == end || *p == '\n' || *p == '\r') return 0;
    if (*p != '#') return -1;
    for (; end - p >= 7; p++) {
        if (memcmp(p, "coding", 6) || (p[6] != ':' && p[6] != '=')) continue;
        const char *q = p + 7;
        while (q < end && (*q == ' ' || *q == '\t')) q++;
        const char *name = q;
        while (q < end && (Py_ISALNUM(*q) || *q == '-' || *q == '_' || *q == '.')) q++;
        if (q > name) {
            kr_source_normal_name(name, (size_t)(q - name), out);
            return 1;
        }
    }
    return 0;
}

/* End of the line that starts at p, its newline included. */
static const char *kr_source_line_end(const char *p, const char *end) {
    while (p < end && *p != '\n' && *p != '\r') p++;
    if (p < end && *p == '\r') p++;
    if (p < end && *p == '\n') p++;
    return p;
}

/* Copies with line ends made "\n", and a last one added if asked for. */
static char *kr_source_copy(const char *text, Py_ssize_t len, bool add_newline, bool fold) {
    char *copy = PyMem_Malloc((size_t)len + 2), *out = copy;
    if (!copy) {
        PyErr_NoMemory();
        return NULL;
    }
    if (!fold) {
        memcpy(copy, text, (size_t)len);
        out += len;
    } else {
        for (Py_ssize_t i = 0; i < len; i++) {
            char c = text[i];
            if (c == '\r') {
                if (i + 1 < len && text[i + 1] == '\n') i++;
                c = '\n';
            }
            *out++ = c;
        }
    }
    if (add_newline && out > copy && out[-1] != '\n') *out++ = '\n';
    *out = 0;
    return copy;
}

int kr_tokenizer_init(KrTokenizer *t, const char *text, Py_ssize_t len, PyObject *filename, bool ignore_cookie,
                      bool add_newline) {
    memset(t, 0, offsetof(KrTokenizer, paren));
    t->columns[0] = t->alt_columns[0] = 0;
    PyObject *decoded = NULL;
    if (memchr(text, 0, (size_t)len)) {
        PyErr_SetString(PyExc_ValueError, "source code string cannot contain null bytes");
        return -1;
    }
    if (ignore_cookie) {
        t->has_encoding = true;
    } else {
        char name[64];
        bool bom = len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3);
        if (bom) {
            text += 3;
            len -= 3;
            t->has_encoding = true;
        }
        const char *end = text + len, *line_end = kr_source_line_end(text, end);
        /* A line counts when it has its newline. */
        int found = line_end < end || add_newline || (len && end[-1] == '\n') ? kr_source_find_cookie(text, line_end, name) : -1;
        if (found == 0) {
            const char *second = kr_source_line_end(line_end, end);
            if (second < end || add_newline || end[-1] == '\n') found = kr_source_find_cookie(line_end, second, name);
        }
        if (found == 1) {
            t->has_encoding = true;
            bool utf8 = !strcmp(name, "utf-8");
            if (bom && !utf8) {
                PyErr_Format(PyExc_SyntaxError, "encoding problem: %s with BOM", name);
                return -1;
            }
            if (!utf8) {
                strcpy(t->encoding, name);
                decoded = PyUnicode_Decode(text, len, name, NULL);
                if (!decoded) return -1;
                text = PyUnicode_AsUTF8AndSize(decoded, &len);
                if (!text) {
                    Py_DECREF(decoded);
                    return -1;
                }
            }
        }
    }
    bool fold = memchr(text, '\r', (size_t)len) != NULL;
    bool missing = add_newline && len > 0 && text[len - 1] != '\n';
    if (fold || missing || decoded || text[len] != 0) {
        t->owned_source = kr_source_copy(text, len, add_newline, fold);
        Py_XDECREF(decoded);
        if (!t->owned_source) return -1;
        text = t->owned_source;
    }
    t->source = t->buf = t->cur = t->inp = t->line_start = t->multi_line_start = text;
    t->at_line_start = true;
    t->filename = filename;
    return 0;
}

void kr_tokenizer_clear(KrTokenizer *t) {
    PyMem_Free(t->owned_source);
    t->owned_source = NULL;
}

/* Length of the UTF-8 sequence at s, or 0 if it is none. */
static int kr_source_utf8_length(const unsigned char *s, const unsigned char *end) {
    int n;
    if (*s < 0x80) return 1;
    if (*s < 0xc2) return 0;
    if (*s < 0xe0) n = 2;
    else if (*s < 0xf0) n = 3;
    else if (*s < 0xf5) n = 4;
    else return 0;
    if (end - s < n) return 0;
    for (int i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0))) return 0;
    if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))) return 0;
    return n;
}

int kr_source_check_utf8(const char *text, Py_ssize_t len, PyObject *filename) {
    char name[64];
    const char *end = text + len, *line_end = kr_source_line_end(text, end);
    int found = kr_source_find_cookie(text, line_end, name);
    if (found == 0) found = kr_source_find_cookie(line_end, kr_source_line_end(line_end, end), name);
    if (found == 1 && strcmp(name, "utf-8")) return 0;
    const unsigned char *s = (const unsigned char *)text, *stop = (const unsigned char *)end;
    int line = 1;
    while (s < stop) {
        int n = kr_source_utf8_length(s, stop);
        if (!n) {
            PyErr_Format(PyExc_SyntaxError,
                         "Non-UTF-8 code starting with '\\x%.2x' in file %U on line %i, but no encoding declared; "
                         "see https://peps.python.org/pep-0263/ for details",
                         *s, filename, line);
            return -1;
        }
        if (*s == '\n') line++;
        s += n;
    }
    return 0;
}
