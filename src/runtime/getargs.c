/* getargs.c - PyArg_*: positional arguments by format, keywords by format, and the helpers of METH_FASTCALL functions.
 *
 * Every variant comes down to three routines: parse_stack (positional only), parse_keywords (with a keyword list), unpack
 * (no format: just the objects). All conversions are those of getargs_convert.c. A static _PyArg_Parser keeps the interned
 * tuple of its keywords in kwtuple once it was used, so that a keyword given by the compiler's interned name is found by address.
 * Values handed out are borrowed; what a conversion allocates is taken back if a later one fails.
 */
#include "runtime/getargs.h"
#include "object/long.h"

/* ------------------------------------------------------------------ positional */

/* How many values a format takes, at least and at most, its name and its message; -1 with SystemError. */
static int survey(const char *format, int *min, int *max, const char **fname, const char **message) {
    int level = 0;
    *min = -1;
    *max = 0;
    *fname = *message = NULL;
    for (const char *f = format; *f; f++) {
        char c = *f;
        if (c == '(') {
            if (level++ == 0) ++*max;
        } else if (c == ')') {
            if (level-- == 0) goto bad;
        } else if (c == ':') {
            *fname = f + 1;
            break;
        } else if (c == ';') {
            *message = f + 1;
            break;
        } else if (level == 0) {
            if (c == 'e' && f[1]) f++, ++*max;
            else if (Py_ISALPHA(Py_CHARMASK(c))) ++*max;
            else if (c == '|') *min = *max;
        }
    }
    if (level == 0) {
        if (*min < 0) *min = *max;
        return 0;
    }
bad:
    PyErr_SetString(PyExc_SystemError, level < 0 ? "excess ')' in getargs format" : "missing ')' in getargs format");
    return -1;
}
static int wrong_count(const char *fname, const char *message, Py_ssize_t n, int min, int max) {
    if (message) {
        PyErr_SetString(PyExc_TypeError, message);
        return 0;
    }
    int limit = n < min ? min : max;
    PyErr_Format(PyExc_TypeError, "%.150s%s takes %s %d argument%s (%zd given)", fname ? fname : "function", fname ? "()" : "",
                 min == max ? "exactly" : n < min ? "at least" : "at most", limit, limit == 1 ? "" : "s", n);
    return 0;
}
/* The commonest calls: n positional arguments that need no conversion worth the name, with what is left optional. False: not such a case (nothing is lost then). */
static bool take_simple(PyObject *const *args, Py_ssize_t n, const char *f, va_list va) {
    bool optional = false, done = false;
    va_list own;
    va_copy(own, va);
    for (Py_ssize_t i = 0;; i++, f++) {
        if (*f == '|') {
            optional = true;
            f++;
        }
        if (i == n) {
            done = optional || *f == '\0' || *f == ':' || *f == ';';
            break;
        }
        PyObject *o = args[i];
        bool small = PyLong_CheckExact(o) && kr_long_is_compact(o);
        if (f[0] == 'O' ? f[1] != '!' && f[1] != '&' : f[0] == 'U' && PyUnicode_Check(o) && PyUnicode_IS_READY(o)) *va_arg(own, PyObject **) = o;
        else if (f[0] == 'n' && small) *va_arg(own, Py_ssize_t *) = (Py_ssize_t)kr_long_compact_value(o);
        else if (f[0] == 'i' && small) *va_arg(own, int *) = (int)kr_long_compact_value(o);
        else if (f[0] == 'p' && PyBool_Check(o)) *va_arg(own, int *) = o == Py_True;
        else if (f[0] == 'd' && PyFloat_CheckExact(o)) *va_arg(own, double *) = PyFloat_AS_DOUBLE(o);
        else break;
    }
    va_end(own);
    return done;
}
static int parse_stack(PyObject *const *args, Py_ssize_t n, const char *format, va_list va, bool ssize) {
    if (take_simple(args, n, format, va)) return 1;
    int min, max;
    const char *fname, *message;
    if (survey(format, &min, &max, &fname, &message) < 0) return 0;
    if (n < min || n > max) return wrong_count(fname, message, n, min, max);
    KrArgs a;
    kr_args_init(&a, va, ssize);
    for (Py_ssize_t i = 0; i < n; i++) {
        if (*format == '|') format++;
        const char *error = kr_args_convert(&a, args[i], &format);
        if (error) {
            kr_args_error(&a, i + 1, error, fname, message);
            return kr_args_finish(&a, false);
        }
    }
    if (*format && !Py_ISALPHA(Py_CHARMASK(*format)) && *format != '(' && *format != '|' && *format != ':' && *format != ';') {
        PyErr_Format(PyExc_SystemError, "bad format string: %.200s", format);
        return kr_args_finish(&a, false);
    }
    return kr_args_finish(&a, true);
}
static int parse_tuple(PyObject *args, const char *format, va_list va, bool ssize) {
    if (!args || !PyTuple_Check(args)) {
        PyErr_SetString(PyExc_SystemError, "new style getargs format but argument is not a tuple");
        return 0;
    }
    return parse_stack(((PyTupleObject *)args)->ob_item, PyTuple_GET_SIZE(args), format, va, ssize);
}
/* PyArg_Parse: one value, the argument itself. */
static int parse_one(PyObject *arg, const char *format, va_list va, bool ssize) {
    int min, max;
    const char *fname, *message;
    if (survey(format, &min, &max, &fname, &message) < 0) return 0;
    if (max == 0) {
        if (!arg) return 1;
        PyErr_Format(PyExc_TypeError, "%.200s%s takes no arguments", fname ? fname : "function", fname ? "()" : "");
        return 0;
    }
    if (min != 1 || max != 1) {
        PyErr_SetString(PyExc_SystemError, "old style getargs format uses new features");
        return 0;
    }
    if (!arg) {
        PyErr_Format(PyExc_TypeError, "%.200s%s takes at least one argument", fname ? fname : "function", fname ? "()" : "");
        return 0;
    }
    KrArgs a;
    kr_args_init(&a, va, ssize);
    const char *error = kr_args_convert(&a, arg, &format);
    if (error) {
        /* the items of the outermost group count as the arguments */
        int number = a.levels[0];
        if (number) memmove(a.levels, a.levels + 1, sizeof a.levels - sizeof a.levels[0]);
        kr_args_error(&a, number, error, fname, message);
    }
    return kr_args_finish(&a, !error);
}

/* ------------------------------------------------------------------ keywords */

/* Takes the | and $ before parameter number i; min and max are INT_MAX until seen. False with SystemError for a bad format. */
static bool take_markers(const char **format, int i, int pos, int *min, int *max) {
    const char *error = NULL;
    if (**format == '|') {
        if (*min != INT_MAX) error = "Invalid format string (| specified twice)";
        else if (*max != INT_MAX) error = "Invalid format string ($ before |)";
        *min = i;
        ++*format;
    }
    if (!error && **format == '$') {
        if (*max != INT_MAX) error = "Invalid format string ($ specified twice)";
        else if (i < pos) error = "Empty parameter name after $";
        *max = i;
        ++*format;
    }
    if (error) PyErr_SetString(PyExc_SystemError, error);
    return !error;
}
/* Where keyword arguments come from: a dict, or names with values behind the positional ones. */
typedef struct {
    PyObject *const *args;
    Py_ssize_t nargs, nkw;
    PyObject *dict, *names;
    PyObject *const *values;
    const char *const *keywords;
    PyObject *interned;         /* the parser's names from number `pos` on, or NULL */
    int pos;                    /* parameters before this one have no name */
} Given;

/* Takes fname, custom_msg, min and max from the parser's format, which has to fit its keywords. */
static int parser_format(struct _PyArg_Parser *p, int pos, int len) {
    const char *format = p->format;
    KrArgs a = {.dry = true, .ssize = true};
    int i;
    if ((p->fname = strchr(format, ':'))) p->fname++;
    else if ((p->custom_msg = strchr(format, ';'))) p->custom_msg++;
    p->min = p->max = INT_MAX;
    for (i = 0; i < len; i++) {
        if (!take_markers(&format, i, pos, &p->min, &p->max)) return -1;
        if (!*format || *format == ';' || *format == ':') {
            PyErr_Format(PyExc_SystemError, "More keyword list entries (%d) than format specifiers (%d)", len, i);
            return -1;
        }
        const char *error = kr_args_skip(&a, &format);
        if (error) {
            PyErr_Format(PyExc_SystemError, "%s: '%s'", error, format);
            return -1;
        }
    }
    if (*format && *format != ';' && *format != ':' && *format != '|' && *format != '$') {
        PyErr_Format(PyExc_SystemError, "more argument specifiers than keyword list entries (remaining format:'%s')", format);
        return -1;
    }
    p->min = Py_MIN(p->min, len);
    p->max = Py_MIN(p->max, len);
    return 0;
}
/* Completes a parser on first use; its tuple of interned names lives as long as the process, like the parser. */
static int parser_ready(struct _PyArg_Parser *p) {
    if (KR_LIKELY(p->kwtuple != NULL)) return 0;
    int pos = 0, len;
    while (p->keywords[pos] && !*p->keywords[pos]) pos++;
    for (len = pos; p->keywords[len]; len++) {
        if (*p->keywords[len]) continue;
        PyErr_SetString(PyExc_SystemError, "Empty keyword parameter name");
        return -1;
    }
    if (p->format && parser_format(p, pos, len) < 0) return -1;
    PyObject *names = PyTuple_New(len - pos);
    if (!names) return -1;
    for (int i = pos; i < len; i++) {
        PyObject *name = PyUnicode_FromString(p->keywords[i]);
        if (!name) {
            Py_DECREF(names);
            return -1;
        }
        PyUnicode_InternImmortal(&name);
        PyTuple_SET_ITEM(names, i - pos, name);
    }
    PyObject_GC_UnTrack(names); /* no interpreter's, though one makes it */
    p->pos = pos;
    p->kwtuple = names;
    return 0;
}
static bool same_name(PyObject *name, const char *keyword) {
    if (!PyUnicode_Check(name)) return false;
    if (PyUnicode_IS_ASCII(name)) return strcmp((const char *)PyUnicode_1BYTE_DATA(name), keyword) == 0;
    const char *s = PyUnicode_AsUTF8(name);
    if (!s) PyErr_Clear();
    return s && strcmp(s, keyword) == 0;
}
/* The value given for keyword number i (borrowed); NULL without an exception if there is none. */
static PyObject *keyword_value(const Given *g, int i) {
    PyObject *key = g->interned ? PyTuple_GET_ITEM(g->interned, i - g->pos) : NULL;
    if (g->dict) return key ? PyDict_GetItemWithError(g->dict, key) : _PyDict_GetItemStringWithError(g->dict, g->keywords[i]);
    if (key)
        for (Py_ssize_t k = 0; k < g->nkw; k++)
            if (PyTuple_GET_ITEM(g->names, k) == key) return g->values[k];
    for (Py_ssize_t k = 0; k < g->nkw; k++)
        if (same_name(PyTuple_GET_ITEM(g->names, k), g->keywords[i])) return g->values[k];
    return NULL;
}
static bool known_keyword(const Given *g, PyObject *name) {
    for (int i = g->pos; g->keywords[i]; i++)
        if ((g->interned && PyTuple_GET_ITEM(g->interned, i - g->pos) == name) || same_name(name, g->keywords[i])) return true;
    return false;
}
/* Some keywords were not used: raises for one that names a positional argument or nothing. */
static KR_COLD void leftover_keywords(const Given *g, Py_ssize_t npositional, const char *fname) {
    for (Py_ssize_t i = g->pos; i < npositional; i++) {
        if (keyword_value(g, (int)i)) {
            PyErr_Format(PyExc_TypeError, "argument for %.200s%s given by name ('%s') and position (%zd)", fname ? fname : "function", fname ? "()" : "", g->keywords[i], i + 1);
            return;
        }
        if (PyErr_Occurred()) return;
    }
    for (Py_ssize_t i = 0, at = 0;; i++) {
        PyObject *name, *value;
        if (g->dict) {
            if (!PyDict_Next(g->dict, &at, &name, &value)) break;
        } else {
            if (i >= g->nkw) break;
            name = PyTuple_GET_ITEM(g->names, i);
        }
        if (!PyUnicode_Check(name)) {
            PyErr_SetString(PyExc_TypeError, "keywords must be strings");
            return;
        }
        if (!known_keyword(g, name)) {
            PyErr_Format(PyExc_TypeError, "'%S' is an invalid keyword argument for %.200s%s", name, fname ? fname : "this function", fname ? "()" : "");
            return;
        }
    }
    /* a str subclass whose hash or equality hid it from the look-up */
    PyErr_Format(PyExc_TypeError, "invalid keyword argument for %.200s%s", fname ? fname : "this function", fname ? "()" : "");
}
static void too_many(const char *fn, const char *parens, int max, bool some_optional, Py_ssize_t n) {
    if (max == 0) PyErr_Format(PyExc_TypeError, "%.200s%s takes no positional arguments", fn, parens);
    else PyErr_Format(PyExc_TypeError, "%.200s%s takes %s %d positional argument%s (%zd given)", fn, parens, some_optional ? "at most" : "exactly", max, max == 1 ? "" : "s", n);
}
/* Parses by a format with a keyword list; `limit` (or NULL) is the parser that g's names come from. */
static int parse_keywords(Given *g, const char *format, const struct _PyArg_Parser *limit, va_list va, bool ssize) {
    if (g->nkw == 0 && take_simple(g->args, g->nargs, format, va)) return 1;
    const char *const *keywords = g->keywords;
    bool ready = limit && limit->kwtuple;       /* what follows is known from the first use */
    const char *fname = ready ? limit->fname : strchr(format, ':'), *message = ready ? limit->custom_msg : NULL;
    if (!ready && fname) fname++;
    else if (!ready && (message = strchr(format, ';'))) message++;
    const char *fn = fname ? fname : "function", *parens = fname ? "()" : "";
    int pos = 0, len, min = INT_MAX, max = INT_MAX;
    if (ready) pos = limit->pos;
    while (!ready && keywords[pos] && !*keywords[pos]) pos++;
    g->pos = pos;
    for (len = ready ? pos + (int)PyTuple_GET_SIZE(limit->kwtuple) : pos; keywords[len]; len++) {
        if (*keywords[len]) continue;
        PyErr_SetString(PyExc_SystemError, "Empty keyword parameter name");
        return 0;
    }
    Py_ssize_t left = g->nkw, total = g->nargs + g->nkw;
    if (total > len) {
        PyErr_Format(PyExc_TypeError, "%.200s%s takes %s %d %sargument%s (%zd given)", fn, parens, "at most", len, g->nargs == 0 ? "keyword " : "", len == 1 ? "" : "s", total);
        return 0;
    }
    if (limit && limit->max < g->nargs) {
        too_many(fn, parens, limit->max, limit->min < limit->max, g->nargs);
        return 0;
    }
    KrArgs a;
    kr_args_init(&a, va, ssize);
    bool skipping = false;
    int i;
    for (i = 0; i < len; i++) {
        bool limited = max != INT_MAX;
        if (!take_markers(&format, i, pos, &min, &max)) goto fail;
        if (max != INT_MAX && !limited) {
            if (skipping) break;
            if (max < g->nargs) {
                too_many(fn, parens, max, min != INT_MAX, g->nargs);
                goto fail;
            }
        }
        if (!*format || *format == ';' || *format == ':') {
            PyErr_Format(PyExc_SystemError, "More keyword list entries (%d) than format specifiers (%d)", len, i);
            goto fail;
        }
        if (!skipping) {
            PyObject *arg = i < g->nargs ? g->args[i] : NULL;
            if (!arg && left && i >= pos) {
                if ((arg = keyword_value(g, i))) left--;
                else if (PyErr_Occurred()) goto fail;
            }
            if (arg) {
                const char *error = kr_args_convert(&a, arg, &format);
                if (error) {
                    kr_args_error(&a, i + 1, error, fname, message);
                    goto fail;
                }
                continue;
            }
            if (i < min) {
                if (i < pos) {
                    skipping = true;
                } else {
                    PyErr_Format(PyExc_TypeError, "%.200s%s missing required argument '%s' (pos %i)", fn, parens, keywords[i], i + 1);
                    goto fail;
                }
            }
            /* all that is required is there and nothing else was given */
            if (!left && !skipping) return kr_args_finish(&a, true);
        }
        const char *error = kr_args_skip(&a, &format);
        if (error) {
            if (!PyErr_Occurred()) PyErr_Format(PyExc_SystemError, "%s: '%s'", error, format);
            goto fail;
        }
    }
    if (skipping) {
        int need = Py_MIN(pos, min);
        PyErr_Format(PyExc_TypeError, "%.200s%s takes %s %d positional argument%s (%zd given)", fn, parens, need < i ? "at least" : "exactly", need, need == 1 ? "" : "s", g->nargs);
        goto fail;
    }
    if (*format && *format != ';' && *format != ':' && *format != '|' && *format != '$') {
        PyErr_Format(PyExc_SystemError, "more argument specifiers than keyword list entries (remaining format:'%s')", format);
        goto fail;
    }
    if (left > 0) {
        leftover_keywords(g, g->nargs, fname);
        goto fail;
    }
    return kr_args_finish(&a, true);
fail:
    return kr_args_finish(&a, false);
}
static int parse_tuple_keywords(PyObject *args, PyObject *kwds, const char *format, const char *const *keywords, const struct _PyArg_Parser *p, va_list va, bool ssize) {
    if (!args || !PyTuple_Check(args) || (kwds && !PyDict_Check(kwds)) || !format || !keywords) {
        PyErr_BadInternalCall();
        return 0;
    }
    Given g = {.args = ((PyTupleObject *)args)->ob_item, .nargs = PyTuple_GET_SIZE(args), .nkw = kwds ? PyDict_GET_SIZE(kwds) : 0, .dict = kwds,
               .keywords = keywords, .interned = p ? p->kwtuple : NULL};
    return parse_keywords(&g, format, p, va, ssize);
}
static int parse_tuple_fast(PyObject *args, PyObject *kwds, struct _PyArg_Parser *p, va_list va) {
    if (!p || parser_ready(p) < 0) {
        if (!p) PyErr_BadInternalCall();
        return 0;
    }
    return parse_tuple_keywords(args, kwds, p->format, p->keywords, p, va, true);
}
static int parse_stack_keywords(PyObject *const *args, Py_ssize_t n, PyObject *names, struct _PyArg_Parser *p, va_list va) {
    if (parser_ready(p) < 0) return 0;
    Given g = {.args = args, .nargs = n, .nkw = names ? PyTuple_GET_SIZE(names) : 0, .names = names, .values = args + n, .keywords = p->keywords,
               .interned = p->kwtuple};
    return parse_keywords(&g, p->format, p, va, true);
}

/* ------------------------------------------------------------------ the functions of the API */

#undef PyArg_Parse
#undef PyArg_ParseTuple
#undef PyArg_ParseTupleAndKeywords
#undef PyArg_VaParse
#undef PyArg_VaParseTupleAndKeywords
#undef _PyArg_ParseStack
#undef _PyArg_ParseStackAndKeywords
#undef _PyArg_ParseTupleAndKeywordsFast
#undef _PyArg_VaParseTupleAndKeywordsFast

/* Both names of each: with lengths as int (which # refuses) and as Py_ssize_t. */
#define BOTH(name, last, body, ...)                         \
    PyAPI_FUNC(int) name(__VA_ARGS__, ...);                 \
    PyAPI_FUNC(int) _##name##_SizeT(__VA_ARGS__, ...);      \
    int name(__VA_ARGS__, ...) {                            \
        va_list va;                                         \
        bool ssize = false;                                 \
        va_start(va, last);                                 \
        int r = body;                                       \
        va_end(va);                                         \
        return r;                                           \
    }                                                       \
    int _##name##_SizeT(__VA_ARGS__, ...) {                 \
        va_list va;                                         \
        bool ssize = true;                                  \
        va_start(va, last);                                 \
        int r = body;                                       \
        va_end(va);                                         \
        return r;                                           \
    }
BOTH(PyArg_Parse, format, parse_one(arg, format, va, ssize), PyObject *arg, const char *format)
BOTH(PyArg_ParseTuple, format, parse_tuple(args, format, va, ssize), PyObject *args, const char *format)
BOTH(PyArg_ParseTupleAndKeywords, keywords, parse_tuple_keywords(args, kwds, format, (const char *const *)keywords, NULL, va, ssize), PyObject *args, PyObject *kwds, const char *format, char **keywords)

PyAPI_FUNC(int) PyArg_VaParse(PyObject *, const char *, va_list);
PyAPI_FUNC(int) _PyArg_VaParse_SizeT(PyObject *, const char *, va_list);
PyAPI_FUNC(int) PyArg_VaParseTupleAndKeywords(PyObject *, PyObject *, const char *, char **, va_list);
PyAPI_FUNC(int) _PyArg_VaParseTupleAndKeywords_SizeT(PyObject *, PyObject *, const char *, char **, va_list);
int PyArg_VaParse(PyObject *args, const char *format, va_list va) { return parse_tuple(args, format, va, false); }
int _PyArg_VaParse_SizeT(PyObject *args, const char *format, va_list va) { return parse_tuple(args, format, va, true); }
int PyArg_VaParseTupleAndKeywords(PyObject *args, PyObject *kwds, const char *format, char **keywords, va_list va) {
    return parse_tuple_keywords(args, kwds, format, (const char *const *)keywords, NULL, va, false);
}
int _PyArg_VaParseTupleAndKeywords_SizeT(PyObject *args, PyObject *kwds, const char *format, char **keywords, va_list va) {
    return parse_tuple_keywords(args, kwds, format, (const char *const *)keywords, NULL, va, true);
}

#define FAST(name, last, body, ...)             \
    PyAPI_FUNC(int) name(__VA_ARGS__, ...);     \
    int name(__VA_ARGS__, ...) {                \
        va_list va;                             \
        va_start(va, last);                     \
        int r = body;                           \
        va_end(va);                             \
        return r;                               \
    }
FAST(_PyArg_ParseStack, format, parse_stack(args, n, format, va, false), PyObject *const *args, Py_ssize_t n, const char *format)
FAST(_PyArg_ParseStack_SizeT, format, parse_stack(args, n, format, va, true), PyObject *const *args, Py_ssize_t n, const char *format)
FAST(_PyArg_ParseStackAndKeywords, p, parse_stack_keywords(args, n, names, p, va), PyObject *const *args, Py_ssize_t n, PyObject *names, struct _PyArg_Parser *p)
FAST(_PyArg_ParseStackAndKeywords_SizeT, p, parse_stack_keywords(args, n, names, p, va), PyObject *const *args, Py_ssize_t n, PyObject *names, struct _PyArg_Parser *p)
FAST(_PyArg_ParseTupleAndKeywordsFast, p, parse_tuple_fast(args, kwds, p, va), PyObject *args, PyObject *kwds, struct _PyArg_Parser *p)
FAST(_PyArg_ParseTupleAndKeywordsFast_SizeT, p, parse_tuple_fast(args, kwds, p, va), PyObject *args, PyObject *kwds, struct _PyArg_Parser *p)
PyAPI_FUNC(int) _PyArg_VaParseTupleAndKeywordsFast(PyObject *, PyObject *, struct _PyArg_Parser *, va_list);
PyAPI_FUNC(int) _PyArg_VaParseTupleAndKeywordsFast_SizeT(PyObject *, PyObject *, struct _PyArg_Parser *, va_list);
int _PyArg_VaParseTupleAndKeywordsFast(PyObject *args, PyObject *kwds, struct _PyArg_Parser *p, va_list va) {
    return parse_tuple_fast(args, kwds, p, va);
}
int _PyArg_VaParseTupleAndKeywordsFast_SizeT(PyObject *args, PyObject *kwds, struct _PyArg_Parser *p, va_list va) {
    return parse_tuple_fast(args, kwds, p, va);
}

/* ------------------------------------------------------------------ unpacking */

static PyObject *const *unpack(PyObject *const *args, Py_ssize_t nargs, PyObject *kwargs, PyObject *kwnames, struct _PyArg_Parser *p, int minpos, int maxpos,
                               int minkw, int vararg, PyObject **buf) {
    const char *const *keywords = p->keywords, *fn = p->fname ? p->fname : "function", *parens = p->fname ? "()" : "";
    if (parser_ready(p) < 0) return NULL;
    int pos = p->pos, len = pos + (int)PyTuple_GET_SIZE(p->kwtuple);
    Given g = {.args = args, .nargs = nargs, .dict = kwargs, .names = kwnames, .values = args + nargs, .keywords = keywords, .interned = p->kwtuple, .pos = pos,
               .nkw = kwargs ? PyDict_GET_SIZE(kwargs) : kwnames ? PyTuple_GET_SIZE(kwnames) : 0};
    Py_ssize_t positional = nargs, left = g.nkw, extra = 0;
    if (vararg >= 0) {
        extra = nargs > maxpos ? nargs - maxpos : 0;
        positional = Py_MIN(nargs, maxpos);
    } else {
        if (nargs + g.nkw > len) {
            PyErr_Format(PyExc_TypeError, "%.200s%s takes %s %zd %sargument%s (%zd given)", fn, parens, "at most", (Py_ssize_t)len, nargs == 0 ? "keyword " : "",
                         len == 1 ? "" : "s", nargs + g.nkw);
            return NULL;
        }
        if (nargs > maxpos) {
            too_many(fn, parens, maxpos, minpos < maxpos, nargs);
            return NULL;
        }
    }
    int min_only = Py_MIN(pos, minpos);
    if (nargs < min_only) {
        PyErr_Format(PyExc_TypeError, "%.200s%s takes %s %d positional argument%s (%zd given)", fn, parens, min_only < maxpos ? "at least" : "exactly", min_only,
                     min_only == 1 ? "" : "s", nargs);
        return NULL;
    }
    int required = minkw ? maxpos + minkw : minpos, at = 0;
    PyObject *rest = NULL;
    if (vararg >= 0) {
        if (!(rest = PyTuple_New(extra))) return NULL;
        for (Py_ssize_t i = 0; i < extra; i++) PyTuple_SET_ITEM(rest, i, Py_NewRef(args[maxpos + i]));
    }
    /* buf: the positional ones, the tuple at `vararg`, the keyword-only ones */
    for (int i = 0; i < len; i++) {
        if (vararg >= 0 && at == vararg) buf[at++] = rest;
        PyObject *v = i < positional ? args[i] : NULL;
        if (!v && i >= pos && left) {
            if ((v = keyword_value(&g, i))) left--;
            else if (PyErr_Occurred()) goto fail;
        }
        buf[at++] = v;
        if (!v && (i < minpos || (maxpos <= i && i < required))) {
            PyErr_Format(PyExc_TypeError, "%.200s%s missing required argument '%s' (pos %i)", fn, parens, keywords[i], i + 1);
            goto fail;
        }
    }
    if (vararg >= 0 && at == vararg) buf[at++] = rest;
    if (left > 0) {
        leftover_keywords(&g, positional, p->fname);
        goto fail;
    }
    return buf;
fail:
    if (rest) {
        buf[vararg] = NULL;
        Py_DECREF(rest);
    }
    return NULL;
}
#undef _PyArg_UnpackKeywords
PyAPI_FUNC(PyObject *const *) _PyArg_UnpackKeywords(PyObject *const *, Py_ssize_t, PyObject *, PyObject *, struct _PyArg_Parser *, int, int, int, PyObject **);
PyObject *const *_PyArg_UnpackKeywords(PyObject *const *args, Py_ssize_t nargs, PyObject *kwargs, PyObject *kwnames, struct _PyArg_Parser *p, int minpos,
                                       int maxpos, int minkw, PyObject **buf) {
    static PyObject *const none[1] = {NULL};
    if (kwargs == NULL && kwnames == NULL && minkw == 0 && minpos <= nargs && nargs <= maxpos && args && !p->keywords[nargs]) return args; /* all are there */
    return unpack(args ? args : none, nargs, kwargs, kwnames, p, minpos, maxpos, minkw, -1, buf);
}
PyObject *const *_PyArg_UnpackKeywordsWithVararg(PyObject *const *args, Py_ssize_t nargs, PyObject *kwargs, PyObject *kwnames, struct _PyArg_Parser *p,
                                                 int minpos, int maxpos, int minkw, int vararg, PyObject **buf) {
    return unpack(args, nargs, kwargs, kwnames, p, minpos, maxpos, minkw, vararg, buf);
}
#undef _PyArg_CheckPositional
int _PyArg_CheckPositional(const char *name, Py_ssize_t n, Py_ssize_t min, Py_ssize_t max) {
    if (n < min) {
        if (name) PyErr_Format(PyExc_TypeError, "%.200s expected %s%zd argument%s, got %zd", name, min == max ? "" : "at least ", min, min == 1 ? "" : "s", n);
        else PyErr_Format(PyExc_TypeError, "unpacked tuple should have %s%zd element%s, but has %zd", min == max ? "" : "at least ", min, min == 1 ? "" : "s", n);
        return 0;
    }
    if (n == 0) return 1;
    if (n > max) {
        if (name) PyErr_Format(PyExc_TypeError, "%.200s expected %s%zd argument%s, got %zd", name, min == max ? "" : "at most ", max, max == 1 ? "" : "s", n);
        else PyErr_Format(PyExc_TypeError, "unpacked tuple should have %s%zd element%s, but has %zd", min == max ? "" : "at most ", max, max == 1 ? "" : "s", n);
        return 0;
    }
    return 1;
}
static int unpack_stack(PyObject *const *args, Py_ssize_t n, const char *name, Py_ssize_t min, Py_ssize_t max, va_list va) {
    if (!_PyArg_CheckPositional(name, n, min, max)) return 0;
    for (Py_ssize_t i = 0; i < n; i++) *va_arg(va, PyObject **) = args[i];
    return 1;
}
int PyArg_UnpackTuple(PyObject *args, const char *name, Py_ssize_t min, Py_ssize_t max, ...) {
    if (!PyTuple_Check(args)) {
        PyErr_SetString(PyExc_SystemError, "PyArg_UnpackTuple() argument list is not a tuple");
        return 0;
    }
    va_list va;
    va_start(va, max);
    int r = unpack_stack(((PyTupleObject *)args)->ob_item, PyTuple_GET_SIZE(args), name, min, max, va);
    va_end(va);
    return r;
}
int _PyArg_UnpackStack(PyObject *const *args, Py_ssize_t n, const char *name, Py_ssize_t min, Py_ssize_t max, ...) {
    va_list va;
    va_start(va, max);
    int r = unpack_stack(args, n, name, min, max, va);
    va_end(va);
    return r;
}

/* ------------------------------------------------------------------ checks */

#undef _PyArg_NoKeywords
#undef _PyArg_NoKwnames
#undef _PyArg_NoPositional
int _PyArg_NoKeywords(const char *name, PyObject *kwargs) {
    if (!kwargs) return 1;
    if (!PyDict_CheckExact(kwargs)) {
        PyErr_BadInternalCall();
        return 0;
    }
    if (PyDict_GET_SIZE(kwargs) == 0) return 1;
    PyErr_Format(PyExc_TypeError, "%.200s() takes no keyword arguments", name);
    return 0;
}
int _PyArg_NoKwnames(const char *name, PyObject *kwnames) {
    if (!kwnames || PyTuple_GET_SIZE(kwnames) == 0) return 1;
    PyErr_Format(PyExc_TypeError, "%s() takes no keyword arguments", name);
    return 0;
}
int _PyArg_NoPositional(const char *name, PyObject *args) {
    if (!args || (PyTuple_CheckExact(args) && PyTuple_GET_SIZE(args) == 0)) return 1;
    PyErr_Format(PyExc_TypeError, "%.200s() takes no positional arguments", name);
    return 0;
}
void _PyArg_BadArgument(const char *fname, const char *which, const char *expected, PyObject *arg) {
    PyErr_Format(PyExc_TypeError, "%.200s() %.200s must be %.50s, not %.50s", fname, which, expected, arg == Py_None ? "None" : Py_TYPE(arg)->tp_name);
}
int PyArg_ValidateKeywordArguments(PyObject *kwargs) {
    if (!PyDict_Check(kwargs)) {
        PyErr_BadInternalCall();
        return 0;
    }
    if (_PyDict_HasOnlyStringKeys(kwargs)) return 1;
    PyErr_SetString(PyExc_TypeError, "keywords must be strings");
    return 0;
}
