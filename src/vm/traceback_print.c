/* traceback_print.c - printing a traceback: places, source lines, and marks below the part of a line that was running.
 *
 * All of it is C, so that it also works when no Python code can run any more. A place that is the same as the three before it is only
 * counted. The file printed from last is kept in memory until the end, as neighbouring entries often come from one file.
 */
#include "vm/frame.h"
#include "vm/traceback.h"
#include "syntax/ast.h"
#include "syntax/tokenizer.h"
#include <frameobject.h>

enum { LIMIT = 1000, REPEATS_SHOWN = 3, SOURCE_INDENT = 4 };

/* ------------------------------------------------------------------ margins */

int _Py_WriteIndent(int indent, PyObject *f) {
    static const char blanks[] = "          ";
    for (int n = 0; indent > 0; indent -= n) {
        n = Py_MIN(indent, (int)sizeof blanks - 1);
        if (PyFile_WriteString(blanks + sizeof blanks - 1 - n, f) < 0) return -1;
    }
    return 0;
}
int _Py_WriteIndentedMargin(int indent, const char *margin, PyObject *f) {
    return _Py_WriteIndent(indent, f) < 0 || PyFile_WriteString(margin, f) < 0 ? -1 : 0;
}

/* ------------------------------------------------------------------ source */

/* A source file's text, UTF-8; `text` belongs to the tokenizer or is `bytes`'. Empty when it can't be had. */
typedef struct { PyObject *filename, *bytes; KrTokenizer text; bool loaded; } Source;

static void source_clear(Source *s) {
    if (s->loaded) kr_tokenizer_clear(&s->text);
    s->loaded = false;
    Py_CLEAR(s->bytes);
    Py_CLEAR(s->filename);
}
/* The file itself or, as code may have been compiled elsewhere, one of its name in a directory of sys.path. */
static FILE *open_source(PyObject *filename) {
    FILE *f = _Py_fopen_obj(filename, "rb");
    if (f) return f;
    PyErr_Clear();
    Py_ssize_t n = PyUnicode_GET_LENGTH(filename), slash = PyUnicode_FindChar(filename, '/', 0, n, -1);
    PyObject *path = PySys_GetObject("path"), *tail = PyUnicode_Substring(filename, slash + 1, n);
    for (Py_ssize_t i = 0; !f && tail && path && PyList_Check(path) && i < PyList_GET_SIZE(path); i++) {
        PyObject *folder = PyList_GET_ITEM(path, i), *name;
        if (!PyUnicode_Check(folder)) continue;
        Py_ssize_t length = PyUnicode_GetLength(folder);
        name = length > 0 && PyUnicode_READ_CHAR(folder, length - 1) == '/' ? PyUnicode_Concat(folder, tail) : PyUnicode_FromFormat(length > 0 ? "%U/%U" : "%U%U", folder, tail);
        if (name) f = _Py_fopen_obj(name, "rb");
        Py_XDECREF(name);
        if (!f) PyErr_Clear();
    }
    PyErr_Clear();
    Py_XDECREF(tail);
    return f;
}
static PyObject *read_all(FILE *f) {
    size_t size = 0, room = 1 << 14;
    char *data = PyMem_Malloc(room), *grown;
    while (data) {
        size_t n = fread(data + size, 1, room - size, f);
        size += n;
        if (n == 0) break;
        if (size < room) continue;
        if (!(grown = PyMem_Realloc(data, room *= 2))) PyMem_Free(data);
        data = grown;
    }
    PyObject *bytes = data && !ferror(f) ? PyBytes_FromStringAndSize(data, (Py_ssize_t)size) : NULL;
    PyMem_Free(data);
    return bytes;
}
static void source_load(Source *s, PyObject *filename) {
    if (s->filename && (s->filename == filename || PyUnicode_Compare(s->filename, filename) == 0)) return;
    source_clear(s);
    s->filename = Py_NewRef(filename);
    FILE *f = open_source(filename);
    if (!f) return;
    s->bytes = read_all(f);
    fclose(f);
    if (s->bytes) s->loaded = kr_tokenizer_init(&s->text, PyBytes_AS_STRING(s->bytes), PyBytes_GET_SIZE(s->bytes), filename, false, true) == 0;
    PyErr_Clear();
}
/* Line `lineno` as str without its end; NULL, with no exception, when there is none. */
static PyObject *source_line(Source *s, PyObject *filename, int lineno) {
    source_load(s, filename);
    if (!s->loaded || lineno < 1) return NULL;
    const char *p = s->text.source;
    while (--lineno > 0 && (p = strchr(p, '\n'))) p++;
    if (!p || !*p) return NULL;
    PyObject *line = PyUnicode_DecodeUTF8(p, (Py_ssize_t)strcspn(p, "\n"), NULL);
    if (!line) PyErr_Clear();
    return line;
}
static bool is_blank(Py_UCS4 c) { return c == ' ' || c == '\t' || c == '\f'; }
static Py_ssize_t leading_blanks(PyObject *line) {
    Py_ssize_t i = 0, n = PyUnicode_GET_LENGTH(line);
    while (i < n && is_blank(PyUnicode_READ_CHAR(line, i))) i++;
    return i;
}
/* Writes a line of source without its indentation. */
static int put_line(PyObject *line, int indent, int margin_indent, const char *margin, PyObject *f) {
    PyObject *text = PyUnicode_Substring(line, leading_blanks(line), PyUnicode_GET_LENGTH(line));
    int r = text && _Py_WriteIndentedMargin(margin_indent, margin, f) == 0 && _Py_WriteIndent(indent, f) == 0 && PyFile_WriteObject(text, f, Py_PRINT_RAW) == 0 ? PyFile_WriteString("\n", f) : -1;
    Py_XDECREF(text);
    return r;
}
int _Py_DisplaySourceLine(PyObject *f, PyObject *filename, int lineno, int indent, int *truncation, PyObject **line_out) {
    Source s = {NULL};
    if (truncation) *truncation = 0;
    if (line_out) *line_out = NULL;
    if (!filename) return -1;
    PyObject *line = PyUnicode_Check(filename) ? source_line(&s, filename, lineno) : NULL;
    source_clear(&s);
    if (!line) return -1;
    if (truncation) *truncation = (int)leading_blanks(line) - indent;
    int r = put_line(line, indent, 0, "", f);
    if (line_out) *line_out = line;
    else Py_DECREF(line);
    return r;
}

/* ------------------------------------------------------------------ marks */

/* Characters [start, end) of a line are marked with `outer`, of these [inner_start, inner_end) with ^; inner_start < 0: all alike. */
typedef struct { Py_ssize_t start, end, inner_start, inner_end; } Marks;

static Py_ssize_t characters(const char *s, Py_ssize_t bytes) {
    Py_ssize_t n = 0;
    for (Py_ssize_t i = 0; i < bytes && s[i]; i++) n += (s[i] & 0xc0) != 0x80;
    return n;
}
/* Where the operator of a binary operation, or the brackets of a subscript, are in its source: bytes [*from, *to). */
static bool find_operator(const char *s, const Kr_expr *e, int *from, int *to) {
    if (e->kind == KR_expr_BinOp) {
        int i = e->v.BinOp.left->at.end_col_offset, end = e->v.BinOp.right->at.col_offset;
        while (i < end && is_blank((unsigned char)s[i])) i++;
        if (i >= end) return false;
        *from = i;
        *to = i + 1 < end && !is_blank((unsigned char)s[i + 1]) ? i + 2 : i + 1;
        return true;
    }
    if (e->kind == KR_expr_Subscript) {
        *from = e->v.Subscript.value->at.end_col_offset;
        *to = e->v.Subscript.slice->at.end_col_offset + 1;
        return true;
    }
    return false;
}
/* Sets the inner marks when the outer ones enclose an operation. */
static void mark_operator(Marks *m, PyObject *line, PyObject *filename) {
    PyObject *segment = PyUnicode_Substring(line, m->start, m->end);
    Py_ssize_t n;
    const char *s = segment ? PyUnicode_AsUTF8AndSize(segment, &n) : NULL;
    KrArena *arena = s ? kr_arena_new() : NULL;
    Kr_mod *mod = arena ? kr_parse(arena, s, n, filename, KR_PARSE_FILE, PyCF_IGNORE_COOKIE | PyCF_DONT_IMPLY_DEDENT, PY_MINOR_VERSION) : NULL;
    int from, to;
    if (mod && kr_seq_len(mod->v.Module.body) == 1) {
        Kr_stmt *statement = KR_SEQ_GET(mod->v.Module.body, Kr_stmt, 0);
        if (statement->kind == KR_stmt_Expr && statement->v.Expr.value->at.lineno == statement->v.Expr.value->at.end_lineno && find_operator(s, statement->v.Expr.value, &from, &to)) {
            m->inner_start = m->start + characters(s, from);
            m->inner_end = m->start + characters(s, to);
        }
    }
    if (arena) kr_arena_free(arena);
    Py_XDECREF(segment);
    PyErr_Clear();
}
/* The line below a line of source that says which part of it an instruction belongs to; nothing when that is all of it. */
static int put_marks(PyObject *line, PyTracebackObject *tb, PyObject *filename, int indent, const char *margin, PyObject *f) {
    PyCodeObject *code = PyFrame_GetCode(tb->tb_frame);
    int first, last, from, to, known = PyCode_Addr2Location(code, tb->tb_lasti, &first, &from, &last, &to);
    Py_DECREF(code);
    if (!known || first < 0 || last < 0 || from < 0 || to < 0) return 0;
    const char *s = PyUnicode_AsUTF8(line);
    if (!s) return -1;
    Py_ssize_t length = PyUnicode_GET_LENGTH(line), lead = leading_blanks(line);
    Marks m = {characters(s, from), characters(s, to), -1, -1};
    if (first == last) {
        mark_operator(&m, line, filename);
    } else {
        m.end = length;
        while (m.end > 0 && is_blank(PyUnicode_READ_CHAR(line, m.end - 1))) m.end--;
    }
    if (m.inner_start < 0 && m.end - m.start == length - lead) return 0;
    int r = _Py_WriteIndentedMargin(indent, margin, f);
    if (r == 0) r = _Py_WriteIndent(SOURCE_INDENT, f);
    for (Py_ssize_t i = lead; r == 0 && i < m.end; i++)
        r = PyFile_WriteString(i < m.start ? " " : m.inner_start < 0 || (m.inner_start <= i && i < m.inner_end) ? "^" : "~", f);
    return r == 0 ? PyFile_WriteString("\n", f) : r;
}

/* ------------------------------------------------------------------ entries */

static int put_entry(Source *s, PyTracebackObject *tb, PyCodeObject *code, int lineno, int indent, const char *margin, PyObject *f) {
    PyObject *where = PyUnicode_FromFormat("  File \"%U\", line %d, in %U\n", code->co_filename, lineno, code->co_name);
    int r = where && _Py_WriteIndentedMargin(indent, margin, f) == 0 ? PyFile_WriteObject(where, f, Py_PRINT_RAW) : -1;
    Py_XDECREF(where);
    PyObject *line = r == 0 ? source_line(s, code->co_filename, lineno) : NULL;
    if (line) {
        r = put_line(line, SOURCE_INDENT, indent, margin, f);
        if (r == 0) r = put_marks(line, tb, code->co_filename, indent, margin, f);
        Py_DECREF(line);
    }
    return r;
}
static int put_repeated(long n, int indent, const char *margin, PyObject *f) {
    if ((n -= REPEATS_SHOWN) <= 0) return 0;
    PyObject *text = PyUnicode_FromFormat(n > 1 ? "  [Previous line repeated %ld more times]\n" : "  [Previous line repeated %ld more time]\n", n);
    int r = text && _Py_WriteIndentedMargin(indent, margin, f) == 0 ? PyFile_WriteObject(text, f, Py_PRINT_RAW) : -1;
    Py_XDECREF(text);
    return r;
}
static int put_entries(PyTracebackObject *tb, long limit, int indent, const char *margin, PyObject *f) {
    Source s = {NULL};
    PyObject *last_file = NULL, *last_name = NULL;      /* borrowed from the traceback */
    int last_line = -1, r = 0;
    long depth = 0, same = 0;
    for (PyTracebackObject *p = tb; p; p = p->tb_next) depth++;
    for (; tb && depth > limit; depth--) tb = tb->tb_next;
    for (; tb && r == 0; tb = tb->tb_next) {
        PyCodeObject *code = PyFrame_GetCode(tb->tb_frame);
        int lineno = tb->tb_lineno >= 0 ? tb->tb_lineno : PyCode_Addr2Line(code, tb->tb_lasti);
        if (code->co_filename != last_file || code->co_name != last_name || lineno != last_line || last_line < 0) {
            r = put_repeated(same, indent, margin, f);
            last_file = code->co_filename;
            last_name = code->co_name;
            last_line = lineno;
            same = 0;
        }
        if (++same <= REPEATS_SHOWN && r == 0) {
            r = put_entry(&s, tb, code, lineno, indent, margin, f);
            if (r == 0) r = PyErr_CheckSignals();
        }
        Py_DECREF(code);
    }
    if (r == 0) r = put_repeated(same, indent, margin, f);
    source_clear(&s);
    return r;
}
int _PyTraceBack_Print_Indented(PyObject *tb, int indent, const char *margin, const char *header_margin, const char *header, PyObject *f) {
    long limit = LIMIT;
    if (!tb) return 0;
    if (!PyTraceBack_Check(tb)) {
        PyErr_BadInternalCall();
        return -1;
    }
    PyObject *wanted = PySys_GetObject("tracebacklimit");
    if (wanted && PyLong_Check(wanted)) {
        int overflow;
        limit = PyLong_AsLongAndOverflow(wanted, &overflow);
        if (overflow > 0) limit = LONG_MAX;
        else if (limit <= 0) return 0;
    }
    if (_Py_WriteIndentedMargin(indent, header_margin, f) < 0 || PyFile_WriteString(header, f) < 0) return -1;
    return put_entries((PyTracebackObject *)tb, limit, indent, margin, f);
}
int PyTraceBack_Print(PyObject *tb, PyObject *f) { return _PyTraceBack_Print_Indented(tb, 0, "", "", "Traceback (most recent call last):\n", f); }
