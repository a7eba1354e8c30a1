/* sre.c - the module `_sre`: pattern, match and scanner objects over the engine. */
#include "module/sre/sre.h"
#include <ctype.h>

typedef struct {
    PyObject_HEAD
    PyObject *string, *regs;
    Pattern *pattern;
    Py_ssize_t pos, endpos, lastindex, groups;
    Py_ssize_t mark[];          /* 2 * groups; group 0 is the whole match */
} Match;
typedef struct {
    PyObject_HEAD
    Pattern *pattern;
    State state;
    bool executing;
} Scanner;
typedef struct {
    PyTypeObject *pattern_type, *match_type, *scanner_type;
    struct SreStack *spare_stack;       /* of a match that has ended, or NULL */
} Module;

static Module *module_of(PyTypeObject *type) { return PyType_GetModuleState(type); }

/* ------------------------------------------------------------------ the subject */

/* The characters of a str or bytes-like object. 0 or -1. */
static int get_string(State *st, PyObject *s) {
    if (PyUnicode_Check(s)) {
        if (PyUnicode_READY(s) < 0) return -1;
        st->data = PyUnicode_DATA(s);
        st->length = PyUnicode_GET_LENGTH(s);
        st->charsize = PyUnicode_KIND(s);
        return 0;
    }
    if (PyObject_GetBuffer(s, &st->buffer, PyBUF_SIMPLE) < 0) {
        PyErr_Format(PyExc_TypeError, "expected string or bytes-like object, got '%.200s'", Py_TYPE(s)->tp_name);
        st->buffer.buf = NULL;
        st->buffer.obj = NULL;
        return -1;
    }
    st->data = st->buffer.buf;
    st->length = st->buffer.len;
    st->charsize = 1;
    return 0;
}
static void state_fini(Module *m, State *st) {
    if (st->buffer.obj) PyBuffer_Release(&st->buffer);
    Py_CLEAR(st->string);
    if (st->mark != st->own_marks) PyMem_Free(st->mark);
    st->mark = NULL;
    if (m && !m->spare_stack && sre_stack_keeps(st->stack)) m->spare_stack = st->stack;
    else sre_stack_free(st->stack);
    st->stack = NULL;
}
/* st must not move afterwards. */
static int state_init(State *st, Pattern *p, PyObject *string, Py_ssize_t start, Py_ssize_t end) {
    memset(st, 0, offsetof(State, own_marks));
    st->stack = NULL;
    if (get_string(st, string) < 0) return -1;
    bool isbytes = !PyUnicode_Check(string);
    if (p->isbytes >= 0 && p->isbytes != isbytes) {
        PyErr_SetString(PyExc_TypeError, isbytes ? "cannot use a string pattern on a bytes-like object" : "cannot use a bytes pattern on a string-like object");
        if (st->buffer.obj) PyBuffer_Release(&st->buffer);
        return -1;
    }
    start = start < 0 ? 0 : Py_MIN(start, st->length);
    end = end < 0 ? 0 : Py_MIN(end, st->length);
    st->nmarks = 2 * p->groups;
    if (st->nmarks <= (Py_ssize_t)KR_ARRAY_LEN(st->own_marks)) st->mark = st->own_marks;
    else if (!(st->mark = PyMem_Malloc((size_t)st->nmarks * sizeof *st->mark))) {
        PyErr_NoMemory();
        if (st->buffer.obj) PyBuffer_Release(&st->buffer);
        return -1;
    }
    Module *m = module_of(Py_TYPE(p));
    st->stack = m->spare_stack;
    m->spare_stack = NULL;
    st->refers = p->refers;
    st->string = Py_NewRef(string);
    st->beginning = 0;
    st->start = start;
    st->end = end;
    st->pos = start;
    st->endpos = end;
    return 0;
}
/* string[a:b] as the subject's own kind; the empty one when a group did not take part gives `missing`. */
static PyObject *slice(PyObject *string, const void *data, Py_ssize_t a, Py_ssize_t b) {
    if (PyUnicode_CheckExact(string)) return PyUnicode_Substring(string, a, b);
    if (PyUnicode_Check(string)) return PyUnicode_FromKindAndData(PyUnicode_KIND(string), (const char *)PyUnicode_DATA(string) + a * PyUnicode_KIND(string), b - a);
    if (PyBytes_CheckExact(string) && a == 0 && b == PyBytes_GET_SIZE(string)) return Py_NewRef(string);
    return PyBytes_FromStringAndSize((const char *)data + a, b - a);
}
static PyObject *state_group(State *st, Py_ssize_t group, bool empty) {
    Py_ssize_t a, b;
    if (group == 0) a = st->start, b = st->ptr;
    else {
        a = st->mark[2 * group - 2];
        b = st->mark[2 * group - 1];
        if (a < 0 || b < 0 || b < a) {
            if (!empty) Py_RETURN_NONE;
            a = b = 0;
        }
    }
    return slice(st->string, st->data, a, b);
}

/* ------------------------------------------------------------------ match objects */

static PyObject *new_match(Pattern *p, State *st, int status) {
    if (status == 0) Py_RETURN_NONE;
    if (status < 0) return NULL;
    Module *m = module_of(Py_TYPE(p));
    Match *match = PyObject_GC_NewVar(Match, m->match_type, 2 * (p->groups + 1));
    if (!match) return NULL;
    match->pattern = (Pattern *)Py_NewRef(p);
    match->string = Py_NewRef(st->string);
    match->regs = NULL;
    match->groups = p->groups + 1;
    match->mark[0] = st->start;
    match->mark[1] = st->ptr;
    for (Py_ssize_t i = 0; i < p->groups; i++) {
        Py_ssize_t a = st->mark[2 * i], b = st->mark[2 * i + 1];
        bool set = a >= 0 && b >= 0 && b >= a;
        match->mark[2 * i + 2] = set ? a : -1;
        match->mark[2 * i + 3] = set ? b : -1;
    }
    match->pos = st->pos;
    match->endpos = st->endpos;
    match->lastindex = st->lastindex;
    PyObject_GC_Track(match);
    return (PyObject *)match;
}
static int match_traverse(Match *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->string);
    Py_VISIT(self->regs);
    Py_VISIT(self->pattern);
    return 0;
}
static int match_clear(Match *self) {
    Py_CLEAR(self->string);
    Py_CLEAR(self->regs);
    Py_CLEAR(self->pattern);
    return 0;
}
static void match_dealloc(Match *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    match_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}
static PyObject *match_slice(Match *self, Py_ssize_t i, PyObject *missing) {
    if (self->mark[2 * i] < 0) return Py_NewRef(missing);
    if (PyUnicode_Check(self->string)) return slice(self->string, NULL, self->mark[2 * i], self->mark[2 * i + 1]);
    Py_buffer v;
    if (PyObject_GetBuffer(self->string, &v, PyBUF_SIMPLE) < 0) return NULL;
    Py_ssize_t a = Py_MIN(self->mark[2 * i], v.len), b = Py_MIN(self->mark[2 * i + 1], v.len);
    PyObject *r = slice(self->string, v.buf, a, b);
    PyBuffer_Release(&v);
    return r;
}
/* The number of a group given by number or name; -1 with IndexError. */
static Py_ssize_t group_index(Match *self, PyObject *o) {
    Py_ssize_t i = -1;
    if (PyIndex_Check(o)) {
        i = PyNumber_AsSsize_t(o, NULL);
    } else {
        PyObject *n = PyDict_GetItemWithError(self->pattern->groupindex, o);
        if (n && PyLong_Check(n)) i = PyLong_AsSsize_t(n);
    }
    if (i < 0 || i >= self->groups) {
        if (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_TypeError)) PyErr_SetString(PyExc_IndexError, "no such group");
        return -1;
    }
    return i;
}
static PyObject *match_group(Match *self, PyObject *const *args, Py_ssize_t nargs) {
    if (nargs == 0) return match_slice(self, 0, Py_None);
    PyObject *result = nargs > 1 ? PyTuple_New(nargs) : NULL;
    if (nargs > 1 && !result) return NULL;
    for (Py_ssize_t k = 0; k < nargs; k++) {
        Py_ssize_t i = group_index(self, args[k]);
        PyObject *v = i < 0 ? NULL : match_slice(self, i, Py_None);
        if (nargs == 1) return v;
        if (!v) {
            Py_DECREF(result);
            return NULL;
        }
        PyTuple_SET_ITEM(result, k, v);
    }
    return result;
}
static PyObject *match_getitem(Match *self, PyObject *o) {
    Py_ssize_t i = group_index(self, o);
    return i < 0 ? NULL : match_slice(self, i, Py_None);
}
static PyObject *match_groups(Match *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"default", NULL};
    PyObject *dflt = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|O:groups", names, &dflt)) return NULL;
    PyObject *r = PyTuple_New(self->groups - 1);
    for (Py_ssize_t i = 1; r && i < self->groups; i++) {
        PyObject *v = match_slice(self, i, dflt);
        if (!v) {
            Py_CLEAR(r);
            break;
        }
        PyTuple_SET_ITEM(r, i - 1, v);
    }
    return r;
}
static PyObject *match_groupdict(Match *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"default", NULL};
    PyObject *dflt = Py_None, *k, *n;
    Py_ssize_t pos = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|O:groupdict", names, &dflt)) return NULL;
    PyObject *d = PyDict_New();
    while (d && PyDict_Next(self->pattern->groupindex, &pos, &k, &n)) {
        Py_ssize_t i = group_index(self, k);
        PyObject *v = i < 0 ? NULL : match_slice(self, i, dflt);
        if (!v || PyDict_SetItem(d, k, v) < 0) Py_CLEAR(d);
        Py_XDECREF(v);
    }
    return d;
}
/* The optional group argument of start(), end(), span(). */
static Py_ssize_t one_group(Match *self, PyObject *const *args, Py_ssize_t nargs, const char *name) {
    if (!_PyArg_CheckPositional(name, nargs, 0, 1)) return -1;
    return nargs ? group_index(self, args[0]) : 0;
}
static PyObject *match_start(Match *self, PyObject *const *args, Py_ssize_t nargs) {
    Py_ssize_t i = one_group(self, args, nargs, "start");
    return i < 0 ? NULL : PyLong_FromSsize_t(self->mark[2 * i]);
}
static PyObject *match_end(Match *self, PyObject *const *args, Py_ssize_t nargs) {
    Py_ssize_t i = one_group(self, args, nargs, "end");
    return i < 0 ? NULL : PyLong_FromSsize_t(self->mark[2 * i + 1]);
}
static PyObject *match_span(Match *self, PyObject *const *args, Py_ssize_t nargs) {
    Py_ssize_t i = one_group(self, args, nargs, "span");
    return i < 0 ? NULL : Py_BuildValue("(nn)", self->mark[2 * i], self->mark[2 * i + 1]);
}
/* re.<name>(pattern, ...): what the library does in Python. */
static PyObject *call_re(const char *name, PyObject *a, PyObject *b, PyObject *c) {
    PyObject *f = _PyImport_GetModuleAttrString("re", name);
    PyObject *r = f ? PyObject_CallFunctionObjArgs(f, a, b, c, NULL) : NULL;
    Py_XDECREF(f);
    return r;
}
static PyObject *match_expand(Match *self, PyObject *args, PyObject *kwds) {
    static char *names[] = {"template", NULL};
    PyObject *t;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O:expand", names, &t)) return NULL;
    return call_re("_expand", (PyObject *)self->pattern, (PyObject *)self, t);
}
static PyObject *return_self(PyObject *self, PyObject *ignored) { return Py_NewRef(self); }
static PyObject *match_regs(Match *self, void *ignored) {
    if (!self->regs) {
        PyObject *r = PyTuple_New(self->groups);
        for (Py_ssize_t i = 0; r && i < self->groups; i++) {
            PyObject *pair = Py_BuildValue("(nn)", self->mark[2 * i], self->mark[2 * i + 1]);
            if (!pair) {
                Py_DECREF(r);
                return NULL;
            }
            PyTuple_SET_ITEM(r, i, pair);
        }
        self->regs = r;
    }
    return Py_XNewRef(self->regs);
}
static PyObject *match_lastindex(Match *self, void *ignored) { return self->lastindex >= 0 ? PyLong_FromSsize_t(self->lastindex) : Py_NewRef(Py_None); }
static PyObject *match_lastgroup(Match *self, void *ignored) {
    PyObject *names = self->pattern->indexgroup;
    if (self->lastindex >= 0 && self->lastindex < PyTuple_GET_SIZE(names)) return Py_NewRef(PyTuple_GET_ITEM(names, self->lastindex));
    Py_RETURN_NONE;
}
static PyObject *match_repr(Match *self) {
    PyObject *g = match_slice(self, 0, Py_None);
    PyObject *r = g ? PyUnicode_FromFormat("<%s object; span=(%zd, %zd), match=%R>", Py_TYPE(self)->tp_name, self->mark[0], self->mark[1], g) : NULL;
    Py_XDECREF(g);
    return r;
}
static PyMethodDef match_methods[] = {
    {"group", KR_METH(match_group), METH_FASTCALL, "group([group1, ...]) -> str or tuple.\n\nOne or more groups of the match; 0 is all of it."},
    {"start", KR_METH(match_start), METH_FASTCALL, "start($self, group=0, /)\n--\n\nWhere the group begins."},
    {"end", KR_METH(match_end), METH_FASTCALL, "end($self, group=0, /)\n--\n\nWhere the group ends."},
    {"span", KR_METH(match_span), METH_FASTCALL, "span($self, group=0, /)\n--\n\n(start, end) of the group."},
    {"groups", KR_METH(match_groups), METH_VARARGS | METH_KEYWORDS, "groups($self, /, default=None)\n--\n\nAll groups."},
    {"groupdict", KR_METH(match_groupdict), METH_VARARGS | METH_KEYWORDS, "groupdict($self, /, default=None)\n--\n\nThe named groups."},
    {"expand", KR_METH(match_expand), METH_VARARGS | METH_KEYWORDS, "expand($self, /, template)\n--\n\nA template with the groups put in."},
    {"__copy__", return_self, METH_NOARGS, "__copy__($self, /)\n--\n\n"}, {"__deepcopy__", return_self, METH_O, "__deepcopy__($self, memo, /)\n--\n\n"},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "See PEP 585"}, {NULL}};
static PyGetSetDef match_getset[] = {{"lastindex", (getter)match_lastindex, NULL, "The number of the last group that matched."},
    {"lastgroup", (getter)match_lastgroup, NULL, "The name of the last group that matched."}, {"regs", (getter)match_regs, NULL, NULL}, {NULL}};
static PyMemberDef match_members[] = {{"string", T_OBJECT, offsetof(Match, string), READONLY, "The subject."}, {"re", T_OBJECT, offsetof(Match, pattern), READONLY, "The pattern."},
    {"pos", T_PYSSIZET, offsetof(Match, pos), READONLY, "Where the search began."}, {"endpos", T_PYSSIZET, offsetof(Match, endpos), READONLY, "Where the search ended."}, {NULL}};
static PyType_Slot match_slots[] = {{Py_tp_dealloc, match_dealloc}, {Py_tp_repr, match_repr}, {Py_tp_methods, match_methods}, {Py_tp_getset, match_getset},
    {Py_tp_members, match_members}, {Py_tp_traverse, match_traverse}, {Py_tp_clear, match_clear}, {Py_mp_subscript, match_getitem},
    {Py_tp_doc, "What a pattern matched."}, {0, NULL}};
static PyType_Spec match_spec = {"re.Match", offsetof(Match, mark), sizeof(Py_ssize_t),
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_HAVE_GC, match_slots};

/* ------------------------------------------------------------------ pattern objects */

static int pattern_traverse(Pattern *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->groupindex);
    Py_VISIT(self->indexgroup);
    Py_VISIT(self->pattern);
    return 0;
}
static int pattern_clear(Pattern *self) {
    Py_CLEAR(self->groupindex);
    Py_CLEAR(self->indexgroup);
    Py_CLEAR(self->pattern);
    return 0;
}
static void pattern_dealloc(Pattern *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (self->weakrefs) PyObject_ClearWeakRefs((PyObject *)self);
    pattern_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

typedef enum { MATCH, FULLMATCH, SEARCH } How;
static PyObject *match_once(Pattern *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, _PyArg_Parser *parser, How how) {
    PyObject *string;
    Py_ssize_t pos = 0, endpos = PY_SSIZE_T_MAX;
    if (nargs == 1 && !kwnames) string = args[0];
    else if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, parser, &string, &pos, &endpos)) return NULL;
    State st;
    if (state_init(&st, self, string, pos, endpos) < 0) return NULL;
    st.match_all = how == FULLMATCH;
    int status = st.start > st.end ? 0 : how == SEARCH ? sre_search(&st, self->code) : sre_match(&st, self->code);
    PyObject *r = new_match(self, &st, status);
    state_fini(module_of(Py_TYPE(self)), &st);
    return r;
}
static const char *const match_names[] = {"string", "pos", "endpos", NULL};
static PyObject *pattern_match(Pattern *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.format = "O|nn:match", .keywords = match_names};
    return match_once(self, args, nargs, kwnames, &parser, MATCH);
}
static PyObject *pattern_fullmatch(Pattern *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.format = "O|nn:fullmatch", .keywords = match_names};
    return match_once(self, args, nargs, kwnames, &parser, FULLMATCH);
}
static PyObject *pattern_search(Pattern *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.format = "O|nn:search", .keywords = match_names};
    return match_once(self, args, nargs, kwnames, &parser, SEARCH);
}
/* Prepares for the search after a match. */
static void step_on(State *st) {
    st->must_advance = st->ptr == st->start;
    st->start = st->ptr;
}
static PyObject *pattern_findall(Pattern *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.format = "O|nn:findall", .keywords = match_names};
    PyObject *string;
    Py_ssize_t pos = 0, endpos = PY_SSIZE_T_MAX;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &string, &pos, &endpos)) return NULL;
    State st;
    if (state_init(&st, self, string, pos, endpos) < 0) return NULL;
    PyObject *list = PyList_New(0);
    int status = 0;
    while (list && st.start <= st.end && (status = sre_search(&st, self->code)) > 0) {
        PyObject *item;
        if (self->groups <= 1) {
            item = state_group(&st, self->groups, true);
        } else {
            item = PyTuple_New(self->groups);
            for (Py_ssize_t i = 0; item && i < self->groups; i++) {
                PyObject *g = state_group(&st, i + 1, true);
                if (!g) {
                    Py_CLEAR(item);
                    break;
                }
                PyTuple_SET_ITEM(item, i, g);
            }
        }
        if (!item || PyList_Append(list, item) < 0) Py_CLEAR(list);
        Py_XDECREF(item);
        step_on(&st);
    }
    if (status < 0) Py_CLEAR(list);
    state_fini(module_of(Py_TYPE(self)), &st);
    return list;
}
static PyObject *make_scanner(Pattern *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, _PyArg_Parser *parser) {
    PyObject *string;
    Py_ssize_t pos = 0, endpos = PY_SSIZE_T_MAX;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, parser, &string, &pos, &endpos)) return NULL;
    Scanner *s = PyObject_GC_New(Scanner, module_of(Py_TYPE(self))->scanner_type);
    if (!s) return NULL;
    s->pattern = NULL;
    s->executing = false;
    if (state_init(&s->state, self, string, pos, endpos) < 0) {
        memset(&s->state, 0, sizeof s->state);
        PyObject_GC_Track(s);
        Py_DECREF(s);
        return NULL;
    }
    s->pattern = (Pattern *)Py_NewRef(self);
    PyObject_GC_Track(s);
    return (PyObject *)s;
}
static PyObject *pattern_scanner(Pattern *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.format = "O|nn:scanner", .keywords = match_names};
    return make_scanner(self, args, nargs, kwnames, &parser);
}
static PyObject *pattern_finditer(Pattern *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.format = "O|nn:finditer", .keywords = match_names};
    PyObject *s = make_scanner(self, args, nargs, kwnames, &parser);
    PyObject *search = s ? PyObject_GetAttrString(s, "search") : NULL;
    Py_XDECREF(s);
    PyObject *it = search ? PyCallIter_New(search, Py_None) : NULL;
    Py_XDECREF(search);
    return it;
}
static PyObject *pattern_split(Pattern *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const names[] = {"string", "maxsplit", NULL};
    static _PyArg_Parser parser = {.format = "O|n:split", .keywords = names};
    PyObject *string, *item;
    Py_ssize_t maxsplit = 0, n = 0, last;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &string, &maxsplit)) return NULL;
    State st;
    if (state_init(&st, self, string, 0, PY_SSIZE_T_MAX) < 0) return NULL;
    PyObject *list = PyList_New(0);
    last = st.start;
    int status = 0;
    while (list && (!maxsplit || n < maxsplit) && (status = sre_search(&st, self->code)) > 0) {
        item = slice(st.string, st.data, last, st.start);
        if (!item || PyList_Append(list, item) < 0) Py_CLEAR(list);
        Py_XDECREF(item);
        for (Py_ssize_t i = 0; list && i < self->groups; i++) {
            item = state_group(&st, i + 1, false);
            if (!item || PyList_Append(list, item) < 0) Py_CLEAR(list);
            Py_XDECREF(item);
        }
        n++;
        last = st.ptr;
        step_on(&st);
    }
    if (status < 0) Py_CLEAR(list);
    if (list) {
        item = slice(st.string, st.data, last, st.end);
        if (!item || PyList_Append(list, item) < 0) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    state_fini(module_of(Py_TYPE(self)), &st);
    return list;
}

/* The pieces of a list as one string of the subject's kind. */
static PyObject *join(PyObject *list, PyObject *string) {
    PyObject *sep = PyUnicode_Check(string) ? PyUnicode_FromStringAndSize(NULL, 0) : PyBytes_FromStringAndSize(NULL, 0), *r = NULL;
    if (sep) r = PyUnicode_Check(sep) ? PyUnicode_Join(sep, list) : _PyBytes_Join(sep, list);
    Py_XDECREF(sep);
    return r;
}
static PyObject *substitute(Pattern *self, PyObject *template, PyObject *string, Py_ssize_t count, bool with_count) {
    PyObject *filter, *list = NULL, *item, *result = NULL;
    bool callable;
    Py_ssize_t n = 0, last;
    if (PyCallable_Check(template)) {
        filter = Py_NewRef(template);
        callable = true;
    } else {
        /* a template without backslashes is literal; others are compiled by the library */
        State probe = {0};
        bool literal = false;
        if (get_string(&probe, template) == 0) {
            literal = true;
            for (Py_ssize_t i = 0; i < probe.length && literal; i++)
                literal = PyUnicode_READ(probe.charsize, probe.data, i) != '\\';
            if (probe.buffer.obj) PyBuffer_Release(&probe.buffer);
        } else {
            PyErr_Clear();
        }
        if (literal) {
            filter = Py_NewRef(template);
            callable = false;
        } else {
            filter = call_re("_subx", (PyObject *)self, template, NULL);
            if (!filter) return NULL;
            callable = PyCallable_Check(filter);
        }
    }
    State st;
    if (state_init(&st, self, string, 0, PY_SSIZE_T_MAX) < 0) {
        Py_DECREF(filter);
        return NULL;
    }
    list = PyList_New(0);
    last = st.start;
    int status = 0;
    while (list && (!count || n < count) && (status = sre_search(&st, self->code)) > 0) {
        if (last < st.start) {
            item = slice(st.string, st.data, last, st.start);
            if (!item || PyList_Append(list, item) < 0) Py_CLEAR(list);
            Py_XDECREF(item);
            if (!list) break;
        }
        if (callable) {
            PyObject *match = new_match(self, &st, 1);
            item = match ? PyObject_CallOneArg(filter, match) : NULL;
            Py_XDECREF(match);
        } else {
            item = Py_NewRef(filter);
        }
        if (!item || (item != Py_None && PyList_Append(list, item) < 0)) Py_CLEAR(list);
        Py_XDECREF(item);
        last = st.ptr;
        n++;
        step_on(&st);
    }
    if (status < 0) Py_CLEAR(list);
    if (list && n == 0 && PyUnicode_CheckExact(string)) {
        result = Py_NewRef(string);
    } else if (list) {
        if (last < st.end) {
            item = slice(st.string, st.data, last, st.end);
            if (!item || PyList_Append(list, item) < 0) Py_CLEAR(list);
            Py_XDECREF(item);
        }
        if (list) result = join(list, string);
    }
    Py_XDECREF(list);
    Py_DECREF(filter);
    state_fini(module_of(Py_TYPE(self)), &st);
    return result && with_count ? Py_BuildValue("Nn", result, n) : result;
}
static const char *const sub_names[] = {"repl", "string", "count", NULL};
static PyObject *pattern_sub(Pattern *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.format = "OO|n:sub", .keywords = sub_names};
    PyObject *repl, *string;
    Py_ssize_t count = 0;
    return _PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &repl, &string, &count) ? substitute(self, repl, string, count, false) : NULL;
}
static PyObject *pattern_subn(Pattern *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.format = "OO|n:subn", .keywords = sub_names};
    PyObject *repl, *string;
    Py_ssize_t count = 0;
    return _PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &repl, &string, &count) ? substitute(self, repl, string, count, true) : NULL;
}

static PyObject *pattern_repr(Pattern *self) {
    static const struct { const char *name; int value; } names[] = {{"re.IGNORECASE", 2}, {"re.MULTILINE", 8}, {"re.DOTALL", 16}, {"re.VERBOSE", 64},
        {"re.DEBUG", 128}, {"re.ASCII", 256}, {"re.LOCALE", 4}, {"re.TEMPLATE", 1}};
    int flags = self->flags;
    if (self->isbytes == 0 && (flags & (FLAG_LOCALE | FLAG_UNICODE | 256)) == FLAG_UNICODE) flags &= ~FLAG_UNICODE;
    PyObject *list = PyList_New(0), *result = NULL;
    for (size_t i = 0; list && i < KR_ARRAY_LEN(names); i++) {
        if (!(flags & names[i].value)) continue;
        PyObject *s = PyUnicode_FromString(names[i].name);
        if (!s || PyList_Append(list, s) < 0) Py_CLEAR(list);
        Py_XDECREF(s);
        flags &= ~names[i].value;
    }
    if (list && flags) {
        PyObject *s = PyUnicode_FromFormat("0x%x", flags);
        if (!s || PyList_Append(list, s) < 0) Py_CLEAR(list);
        Py_XDECREF(s);
    }
    if (!list) return NULL;
    if (PyList_GET_SIZE(list) > 0) {
        PyObject *bar = PyUnicode_FromString("|"), *joined = bar ? PyUnicode_Join(bar, list) : NULL;
        if (joined) result = PyUnicode_FromFormat("re.compile(%.200R, %S)", self->pattern, joined);
        Py_XDECREF(bar);
        Py_XDECREF(joined);
    } else {
        result = PyUnicode_FromFormat("re.compile(%.200R)", self->pattern);
    }
    Py_DECREF(list);
    return result;
}
static Py_hash_t pattern_hash(Pattern *self) {
    Py_hash_t h = PyObject_Hash(self->pattern);
    if (h == -1) return -1;
    h ^= _Py_HashBytes(self->code, self->codesize * (Py_ssize_t)sizeof *self->code);
    h ^= self->flags ^ self->isbytes ^ self->codesize;
    return h == -1 ? -2 : h;
}
static PyObject *pattern_compare(Pattern *a, PyObject *o, int op) {
    if ((op != Py_EQ && op != Py_NE) || !Py_IS_TYPE(o, Py_TYPE(a))) Py_RETURN_NOTIMPLEMENTED;
    Pattern *b = (Pattern *)o;
    int eq = a == b;
    if (!eq) {
        eq = a->flags == b->flags && a->isbytes == b->isbytes && a->codesize == b->codesize && !memcmp(a->code, b->code, (size_t)a->codesize * sizeof *a->code);
        if (eq) eq = PyObject_RichCompareBool(a->pattern, b->pattern, Py_EQ);
        if (eq < 0) return NULL;
    }
    return PyBool_FromLong(op == Py_EQ ? eq : !eq);
}
static PyObject *pattern_groupindex(Pattern *self, void *ignored) { return PyDictProxy_New(self->groupindex); }
#define KW(name, f, doc) {name, KR_METH(f), METH_FASTCALL | METH_KEYWORDS, doc}
static PyMethodDef pattern_methods[] = {
    KW("match", pattern_match, "match($self, /, string, pos=0, endpos=sys.maxsize)\n--\n\nMatches at the beginning."),
    KW("fullmatch", pattern_fullmatch, "fullmatch($self, /, string, pos=0, endpos=sys.maxsize)\n--\n\nMatches all of the string."),
    KW("search", pattern_search, "search($self, /, string, pos=0, endpos=sys.maxsize)\n--\n\nLooks for a match."),
    KW("sub", pattern_sub, "sub($self, /, repl, string, count=0)\n--\n\nReplaces the matches."),
    KW("subn", pattern_subn, "subn($self, /, repl, string, count=0)\n--\n\nReplaces the matches; the string and how many."),
    KW("findall", pattern_findall, "findall($self, /, string, pos=0, endpos=sys.maxsize)\n--\n\nAll matches."),
    KW("split", pattern_split, "split($self, /, string, maxsplit=0)\n--\n\nSplits at the matches."),
    KW("finditer", pattern_finditer, "finditer($self, /, string, pos=0, endpos=sys.maxsize)\n--\n\nAn iterator of the matches."),
    KW("scanner", pattern_scanner, "scanner($self, /, string, pos=0, endpos=sys.maxsize)\n--\n\n"),
    {"__copy__", return_self, METH_NOARGS, "__copy__($self, /)\n--\n\n"}, {"__deepcopy__", return_self, METH_O, "__deepcopy__($self, memo, /)\n--\n\n"},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "See PEP 585"}, {NULL}};
static PyGetSetDef pattern_getset[] = {{"groupindex", (getter)pattern_groupindex, NULL, "Group numbers by name."}, {NULL}};
static PyMemberDef pattern_members[] = {{"pattern", T_OBJECT, offsetof(Pattern, pattern), READONLY, "The source."}, {"flags", T_INT, offsetof(Pattern, flags), READONLY, "The flags."},
    {"groups", T_PYSSIZET, offsetof(Pattern, groups), READONLY, "The number of groups."}, {"__weaklistoffset__", T_PYSSIZET, offsetof(Pattern, weakrefs), READONLY}, {NULL}};
static PyType_Slot pattern_slots[] = {{Py_tp_dealloc, pattern_dealloc}, {Py_tp_repr, pattern_repr}, {Py_tp_hash, pattern_hash}, {Py_tp_richcompare, pattern_compare},
    {Py_tp_methods, pattern_methods}, {Py_tp_getset, pattern_getset}, {Py_tp_members, pattern_members}, {Py_tp_traverse, pattern_traverse},
    {Py_tp_clear, pattern_clear}, {Py_tp_doc, "A compiled regular expression."}, {0, NULL}};
static PyType_Spec pattern_spec = {"re.Pattern", offsetof(Pattern, code), sizeof(SreCode),
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_HAVE_GC, pattern_slots};

/* ------------------------------------------------------------------ scanners */

static int scanner_traverse(Scanner *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->pattern);
    return 0;
}
static void scanner_dealloc(Scanner *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    state_fini(self->pattern ? module_of(Py_TYPE(self->pattern)) : NULL, &self->state);
    Py_CLEAR(self->pattern);
    type->tp_free(self);
    Py_DECREF(type);
}
static PyObject *scanner_next(Scanner *self, int (*how)(State *, const SreCode *)) {
    if (self->executing) {
        PyErr_SetString(PyExc_ValueError, "regular expression scanner already executing");
        return NULL;
    }
    State *st = &self->state;
    if (st->start < 0 || st->start > st->end) Py_RETURN_NONE;
    self->executing = true;
    int status = how(st, self->pattern->code);
    PyObject *r = new_match(self->pattern, st, status);
    if (status == 0) st->start = -1;
    else step_on(st);
    self->executing = false;
    return r;
}
static PyObject *scanner_match(Scanner *self, PyObject *ignored) { return scanner_next(self, sre_match); }
static PyObject *scanner_search(Scanner *self, PyObject *ignored) { return scanner_next(self, sre_search); }
static PyMethodDef scanner_methods[] = {{"match", KR_METH(scanner_match), METH_NOARGS, "match($self, /)\n--\n\n"}, {"search", KR_METH(scanner_search), METH_NOARGS, "search($self, /)\n--\n\n"}, {NULL}};
static PyMemberDef scanner_members[] = {{"pattern", T_OBJECT, offsetof(Scanner, pattern), READONLY}, {NULL}};
static PyType_Slot scanner_slots[] = {{Py_tp_dealloc, scanner_dealloc}, {Py_tp_methods, scanner_methods}, {Py_tp_members, scanner_members}, {Py_tp_traverse, scanner_traverse}, {0, NULL}};
static PyType_Spec scanner_spec = {"_sre.SRE_Scanner", sizeof(Scanner), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_HAVE_GC, scanner_slots};

/* ------------------------------------------------------------------ the module */

static PyObject *sre_compile(PyObject *module, PyObject *args, PyObject *kwds) {
    static char *names[] = {"pattern", "flags", "code", "groups", "groupindex", "indexgroup", NULL};
    PyObject *pattern, *code, *groupindex, *indexgroup;
    int flags;
    Py_ssize_t groups;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "OiO!nO!O!:compile", names, &pattern, &flags, &PyList_Type, &code, &groups, &PyDict_Type, &groupindex, &PyTuple_Type, &indexgroup)) return NULL;
    Module *m = PyModule_GetState(module);
    Py_ssize_t n = PyList_GET_SIZE(code);
    Pattern *self = NULL;
    SreCode *words = PyMem_New(SreCode, n + 1);
    SreSurvey found = {.sets = PyMem_New(uint32_t, n / 3 + 1), .capacity = n / 3 + 1};
    if (!words || !found.sets) {
        PyErr_NoMemory();
        goto done;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        unsigned long v = PyLong_AsUnsignedLong(PyList_GET_ITEM(code, i));
        if (v == (unsigned long)-1 && PyErr_Occurred()) goto done;
        if (v > UINT32_MAX) {
            PyErr_SetString(PyExc_OverflowError, "regular expression code size limit exceeded");
            goto done;
        }
        words[i] = (SreCode)v;
    }
    int isbytes = pattern == Py_None ? -1 : !PyUnicode_Check(pattern);
    if (isbytes == 1 && !PyObject_CheckBuffer(pattern)) {
        PyErr_Format(PyExc_TypeError, "expected string or bytes-like object, got '%.200s'", Py_TYPE(pattern)->tp_name);
        goto done;
    }
    if (sre_validate(words, n, groups, &found) < 0) goto done;
    Py_ssize_t total = n + sre_bitmap_words(words, &found);
    self = PyObject_GC_NewVar(Pattern, m->pattern_type, total);
    if (!self) goto done;
    memcpy(self->code, words, (size_t)n * sizeof *words);
    memset(self->code + n, 0, (size_t)(total - n) * sizeof *words);
    sre_add_bitmaps(self->code, n, &found);
    self->weakrefs = NULL;
    self->codesize = total;
    self->flags = flags;
    self->isbytes = isbytes;
    self->refers = found.refers;
    self->pattern = Py_NewRef(pattern);
    self->groups = groups;
    self->groupindex = Py_NewRef(groupindex);
    self->indexgroup = Py_NewRef(indexgroup);
    PyObject_GC_Track(self);
done:
    PyMem_Free(words);
    PyMem_Free(found.sets);
    return (PyObject *)self;
}
static int character(PyObject *arg, Py_UCS4 *c) {
    int v = _PyLong_AsInt(arg);
    if (v == -1 && PyErr_Occurred()) return -1;
    *c = (Py_UCS4)v;
    return 0;
}
static PyObject *sre_ascii_iscased(PyObject *m, PyObject *arg) {
    Py_UCS4 c;
    return character(arg, &c) < 0 ? NULL : PyBool_FromLong(c < 128 && Py_ISALPHA(c));
}
static PyObject *sre_unicode_iscased(PyObject *m, PyObject *arg) {
    Py_UCS4 c;
    return character(arg, &c) < 0 ? NULL : PyBool_FromLong(Py_UNICODE_TOLOWER(c) != c || Py_UNICODE_TOUPPER(c) != c);
}
static PyObject *sre_ascii_tolower(PyObject *m, PyObject *arg) {
    Py_UCS4 c;
    return character(arg, &c) < 0 ? NULL : PyLong_FromLong((long)sre_lower(c, 0));
}
static PyObject *sre_unicode_tolower(PyObject *m, PyObject *arg) {
    Py_UCS4 c;
    return character(arg, &c) < 0 ? NULL : PyLong_FromLong((long)sre_lower(c, 1));
}
static PyObject *sre_getcodesize(PyObject *m, PyObject *ignored) { return PyLong_FromLong(sizeof(SreCode)); }
static PyMethodDef sre_methods[] = {
    {"compile", KR_METH(sre_compile), METH_VARARGS | METH_KEYWORDS, "compile($module, /, pattern, flags, code, groups, groupindex,\n        indexgroup)\n--\n\n"},
    {"getcodesize", sre_getcodesize, METH_NOARGS, "getcodesize($module, /)\n--\n\n"}, {"ascii_iscased", sre_ascii_iscased, METH_O, "ascii_iscased($module, character, /)\n--\n\n"},
    {"unicode_iscased", sre_unicode_iscased, METH_O, "unicode_iscased($module, character, /)\n--\n\n"}, {"ascii_tolower", sre_ascii_tolower, METH_O, "ascii_tolower($module, character, /)\n--\n\n"},
    {"unicode_tolower", sre_unicode_tolower, METH_O, "unicode_tolower($module, character, /)\n--\n\n"}, {NULL}};
static int sre_exec(PyObject *module) {
    Module *m = PyModule_GetState(module);
    if (!(m->pattern_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &pattern_spec, NULL)) ||
        !(m->match_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &match_spec, NULL)) ||
        !(m->scanner_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &scanner_spec, NULL)))
        return -1;
    PyObject *max = PyLong_FromUnsignedLong(SRE_MAXREPEAT);
    int rc = max ? PyModule_AddObjectRef(module, "MAXREPEAT", max) : -1;
    Py_XDECREF(max);
    return rc < 0 || PyModule_AddIntConstant(module, "MAGIC", SRE_MAGIC) < 0 || PyModule_AddIntConstant(module, "CODESIZE", sizeof(SreCode)) < 0 ||
                   PyModule_AddIntConstant(module, "MAXGROUPS", SRE_MAXGROUPS) < 0 || PyModule_AddStringConstant(module, "copyright", "krait's own engine for the standard library's re") < 0
               ? -1
               : 0;
}
static int sre_traverse(PyObject *module, visitproc visit, void *arg) {
    Module *m = PyModule_GetState(module);
    Py_VISIT(m->pattern_type);
    Py_VISIT(m->match_type);
    Py_VISIT(m->scanner_type);
    return 0;
}
static int sre_clear(PyObject *module) {
    Module *m = PyModule_GetState(module);
    Py_CLEAR(m->pattern_type);
    Py_CLEAR(m->match_type);
    Py_CLEAR(m->scanner_type);
    sre_stack_free(m->spare_stack);
    m->spare_stack = NULL;
    return 0;
}
static void sre_free(void *module) { sre_clear(module); }
static PyModuleDef_Slot sre_slots[] = {{Py_mod_exec, sre_exec}, {0, NULL}};
static struct PyModuleDef sre_module = {PyModuleDef_HEAD_INIT, "_sre", NULL, sizeof(Module), sre_methods, sre_slots, sre_traverse, sre_clear, sre_free};
PyObject *PyInit__sre(void) { return PyModuleDef_Init(&sre_module); }
