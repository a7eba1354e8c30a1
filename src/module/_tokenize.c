/* _tokenize.c - the module _tokenize: TokenizerIter, the parser's tokenizer as an iterator.
 *
 * It yields (text, type, line, end line, column, end column, source line), columns in UTF-8 bytes. The iterator owns the
 * source str, whose UTF-8 form the tokenizer reads.
 */
#include "syntax/tokenizer.h"

typedef struct {
    PyObject_HEAD
    PyObject *source, *filename;
    KrTokenizer tok;
} KrTokenizerIter;

static PyObject *kr_tokenizeriter_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"source", NULL};
    PyObject *source;
    Py_ssize_t len;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "U:TokenizerIter", keywords, &source)) return NULL;
    const char *text = PyUnicode_AsUTF8AndSize(source, &len);
    PyObject *filename = text ? PyUnicode_FromString("<string>") : NULL;
    KrTokenizerIter *self = filename ? (KrTokenizerIter *)type->tp_alloc(type, 0) : NULL;
    if (!self) {
        Py_XDECREF(filename);
        return NULL;
    }
    self->source = Py_NewRef(source);
    self->filename = filename;
    if (kr_tokenizer_init(&self->tok, text, len, filename, true, true) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static void kr_tokenizeriter_dealloc(KrTokenizerIter *self) {
    PyTypeObject *type = Py_TYPE(self);
    kr_tokenizer_clear(&self->tok);
    Py_XDECREF(self->source);
    Py_XDECREF(self->filename);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *kr_tokenizeriter_next(KrTokenizerIter *self) {
    KrTokenizer *t = &self->tok;
    const char *start, *end;
    int type = kr_tokenizer_next(t, &start, &end);
    if (type == TK_ERRORTOKEN || type == TK_ENDMARKER) return NULL;
    PyObject *text = start ? PyUnicode_FromStringAndSize(start, end - start) : PyUnicode_FromString("");
    PyObject *line = PyUnicode_DecodeUTF8(t->buf, t->inp - t->buf, "replace");
    if (!text || !line) {
        Py_XDECREF(text);
        Py_XDECREF(line);
        return NULL;
    }
    const char *line_start = type == TK_STRING ? t->multi_line_start : t->line_start;
    int lineno = type == TK_STRING ? t->first_lineno : t->lineno;
    Py_ssize_t col = start && start >= line_start ? start - line_start : -1;
    Py_ssize_t end_col = end && end >= t->line_start ? end - t->line_start : -1;
    return Py_BuildValue("(NiiinnN)", text, type, lineno, t->lineno, col, end_col, line);
}

static PyType_Slot kr_tokenizeriter_slots[] = {
    {Py_tp_new, kr_tokenizeriter_new},
    {Py_tp_dealloc, kr_tokenizeriter_dealloc},
    {Py_tp_getattro, PyObject_GenericGetAttr},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, kr_tokenizeriter_next},
    {0, NULL},
};
static PyType_Spec kr_tokenizeriter_spec = {
    "_tokenize.TokenizerIter", sizeof(KrTokenizerIter), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, kr_tokenizeriter_slots,
};

static int kr_tokenize_exec(PyObject *module) {
    PyObject *type = PyType_FromModuleAndSpec(module, &kr_tokenizeriter_spec, NULL);
    int result = type ? PyModule_AddType(module, (PyTypeObject *)type) : -1;
    Py_XDECREF(type);
    return result;
}

static PyModuleDef_Slot kr_tokenize_slots[] = {{Py_mod_exec, kr_tokenize_exec}, {0, NULL}};

static struct PyModuleDef kr_tokenize_module = {
    PyModuleDef_HEAD_INIT, .m_name = "_tokenize", .m_slots = kr_tokenize_slots,
};

PyMODINIT_FUNC PyInit__tokenize(void) { return PyModuleDef_Init(&kr_tokenize_module); }
