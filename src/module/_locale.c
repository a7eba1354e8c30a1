/* _locale.c - the module _locale: the C library's locales, collation and message catalogues.
 *
 * Nothing is kept here: the locale is the process's own. Text that comes from the C library is decoded with the encoding of LC_CTYPE, except where a
 * category's own encoding may differ (kr_locale_numeric).
 */
#include "krait.h"
#include "module/module_constants.h"
#include "object/format.h"
#include <errno.h>
#include <langinfo.h>
#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <wchar.h>

typedef struct {
    PyObject *error;
} ModuleState;

static PyObject *decode(const char *s) { return PyUnicode_DecodeLocale(s, NULL); }
static PyObject *raise_error(PyObject *module, const char *message) {
    PyErr_SetString(((ModuleState *)PyModule_GetState(module))->error, message);
    return NULL;
}

/* PyArg_ParseTuple for a function of min to max positional arguments, whose number is looked at first. */
#define PARSE(args, name, min, max, format, ...) \
    (_PyArg_CheckPositional(name, PyTuple_GET_SIZE(args), min, max) && PyArg_ParseTuple(args, format ":" name, __VA_ARGS__))

static PyObject *locale_setlocale(PyObject *module, PyObject *args) {
    int category;
    const char *name = NULL;
    if (!PARSE(args, "setlocale", 1, 2, "i|z", &category, &name)) return NULL;
    const char *result = setlocale(category, name);
    if (!result) return raise_error(module, name ? "unsupported locale setting" : "locale query failed");
    return decode(result);
}

/* ------------------------------------------------------------------ conventions */

/* The sizes of groups as a list; 0 or CHAR_MAX at its end says whether the last size repeats. */
static PyObject *group_sizes(const char *sizes) {
    PyObject *list = PyList_New(0);
    for (bool more = *sizes != 0; list && more; sizes++) {
        PyObject *size = PyLong_FromLong(*sizes);
        if (!size || PyList_Append(list, size) < 0) Py_CLEAR(list);
        Py_XDECREF(size);
        more = *sizes != 0 && *sizes != CHAR_MAX;
    }
    return list;
}
/* dict[name] = value, which is released and may be NULL for an exception. 0 or -1. */
static int put(PyObject *dict, const char *name, PyObject *value) {
    int r = value ? PyDict_SetItemString(dict, name, value) : -1;
    Py_XDECREF(value);
    return r;
}
static PyObject *locale_localeconv(PyObject *module, PyObject *unused) {
    PyObject *result = PyDict_New(), *point, *separator;
    if (!result) return NULL;
    const struct lconv *lc = localeconv();
    const struct {
        const char *name, *value;
        bool sizes;
    } texts[] = {
        {"int_curr_symbol", lc->int_curr_symbol}, {"currency_symbol", lc->currency_symbol}, {"mon_decimal_point", lc->mon_decimal_point},
        {"mon_thousands_sep", lc->mon_thousands_sep}, {"mon_grouping", lc->mon_grouping, true}, {"positive_sign", lc->positive_sign}, {"negative_sign", lc->negative_sign},
    };
    const struct {
        const char *name;
        int value;
    } numbers[] = {
        {"int_frac_digits", lc->int_frac_digits}, {"frac_digits", lc->frac_digits}, {"p_cs_precedes", lc->p_cs_precedes},
        {"p_sep_by_space", lc->p_sep_by_space}, {"n_cs_precedes", lc->n_cs_precedes}, {"n_sep_by_space", lc->n_sep_by_space},
        {"p_sign_posn", lc->p_sign_posn}, {"n_sign_posn", lc->n_sign_posn},
    };
    for (size_t i = 0; i < KR_ARRAY_LEN(texts); i++) {
        PyObject *value = texts[i].sizes ? group_sizes(texts[i].value) : decode(texts[i].value);
        if (put(result, texts[i].name, value) < 0) goto fail;
    }
    for (size_t i = 0; i < KR_ARRAY_LEN(numbers); i++)
        if (put(result, numbers[i].name, PyLong_FromLong(numbers[i].value)) < 0) goto fail;
    PyObject *sizes = group_sizes(lc->grouping); /* before other locales are set */
    if (!sizes || kr_locale_numeric(lc, &point, &separator) < 0) {
        Py_XDECREF(sizes);
        goto fail;
    }
    int r = put(result, "decimal_point", point), s = put(result, "thousands_sep", separator), g = put(result, "grouping", sizes);
    if (r == 0 && s == 0 && g == 0) return result;
fail:
    Py_DECREF(result);
    return NULL;
}

static const KrConstant langinfo[] = {
#define C(name) {#name, name}
    C(DAY_1), C(DAY_2), C(DAY_3), C(DAY_4), C(DAY_5), C(DAY_6), C(DAY_7), C(ABDAY_1), C(ABDAY_2), C(ABDAY_3), C(ABDAY_4), C(ABDAY_5), C(ABDAY_6), C(ABDAY_7),
    C(MON_1), C(MON_2), C(MON_3), C(MON_4), C(MON_5), C(MON_6), C(MON_7), C(MON_8), C(MON_9), C(MON_10), C(MON_11), C(MON_12),
    C(ABMON_1), C(ABMON_2), C(ABMON_3), C(ABMON_4), C(ABMON_5), C(ABMON_6), C(ABMON_7), C(ABMON_8), C(ABMON_9), C(ABMON_10), C(ABMON_11), C(ABMON_12),
    C(RADIXCHAR), C(THOUSEP), C(CRNCYSTR), C(D_FMT), C(D_T_FMT), C(T_FMT), C(AM_STR), C(PM_STR), C(CODESET), C(T_FMT_AMPM),
    C(ERA), C(ERA_D_FMT), C(ERA_D_T_FMT), C(ERA_T_FMT), C(ALT_DIGITS), C(YESEXPR), C(NOEXPR), C(_DATE_FMT),
};
static const KrConstant categories[] = {
    C(LC_CTYPE), C(LC_TIME), C(LC_COLLATE), C(LC_MONETARY), C(LC_MESSAGES), C(LC_NUMERIC), C(LC_ALL), C(CHAR_MAX),
#undef C
};

static PyObject *locale_nl_langinfo(PyObject *module, PyObject *arg) {
    int key = _PyLong_AsInt(arg);
    if (key == -1 && PyErr_Occurred()) return NULL;
    for (size_t i = 0; i < KR_ARRAY_LEN(langinfo); i++) /* for others, the C library's "string" may be a number */
        if (langinfo[i].value == key) {
            const char *text = nl_langinfo(key);
            return decode(text ? text : "");
        }
    PyErr_SetString(PyExc_ValueError, "unsupported langinfo constant");
    return NULL;
}
static PyObject *locale_getencoding(PyObject *module, PyObject *unused) {
    const char *name = nl_langinfo(CODESET);
    return name && *name ? decode(name) : PyUnicode_FromString("UTF-8");
}

/* ------------------------------------------------------------------ collation */

static PyObject *locale_strcoll(PyObject *module, PyObject *args) {
    PyObject *a, *b, *result = NULL;
    if (!PARSE(args, "strcoll", 2, 2, "UU", &a, &b)) return NULL;
    wchar_t *left = PyUnicode_AsWideCharString(a, NULL), *right = left ? PyUnicode_AsWideCharString(b, NULL) : NULL;
    if (left && right) result = PyLong_FromLong(wcscoll(left, right));
    PyMem_Free(left);
    PyMem_Free(right);
    return result;
}
static PyObject *locale_strxfrm(PyObject *module, PyObject *arg) {
    if (!PyUnicode_Check(arg)) {
        _PyArg_BadArgument("strxfrm", "argument", "str", arg);
        return NULL;
    }
    Py_ssize_t length;
    wchar_t *text = PyUnicode_AsWideCharString(arg, &length), *key = NULL;
    PyObject *result = NULL;
    if (!text) return NULL;
    if (wcslen(text) != (size_t)length) {
        PyErr_SetString(PyExc_ValueError, "embedded null character");
        goto done;
    }
    for (size_t room = (size_t)length + 1;;) { /* a second time when the key is longer than the text */
        wchar_t *larger = PyMem_Realloc(key, room * sizeof *key);
        if (!larger) {
            PyErr_NoMemory();
            goto done;
        }
        key = larger;
        errno = 0;
        size_t n = wcsxfrm(key, text, room);
        if (errno && errno != ERANGE) {
            PyErr_SetFromErrno(PyExc_OSError);
            goto done;
        }
        if (n < room) {
            result = PyUnicode_FromWideChar(key, (Py_ssize_t)n);
            goto done;
        }
        room = n + 1;
    }
done:
    PyMem_Free(key);
    PyMem_Free(text);
    return result;
}

/* ------------------------------------------------------------------ message catalogues */

static PyObject *locale_gettext(PyObject *module, PyObject *args) {
    const char *text;
    return PyArg_ParseTuple(args, "s:gettext", &text) ? decode(gettext(text)) : NULL;
}
static PyObject *locale_dgettext(PyObject *module, PyObject *args) {
    const char *domain, *text;
    return PARSE(args, "dgettext", 2, 2, "zs", &domain, &text) ? decode(dgettext(domain, text)) : NULL;
}
static PyObject *locale_dcgettext(PyObject *module, PyObject *args) {
    const char *domain, *text;
    int category;
    return PARSE(args, "dcgettext", 3, 3, "zsi", &domain, &text, &category) ? decode(dcgettext(domain, text, category)) : NULL;
}
static PyObject *locale_textdomain(PyObject *module, PyObject *args) {
    const char *domain;
    if (!PyArg_ParseTuple(args, "z:textdomain", &domain)) return NULL;
    domain = textdomain(domain);
    return domain ? decode(domain) : PyErr_SetFromErrno(PyExc_OSError);
}
static PyObject *locale_bindtextdomain(PyObject *module, PyObject *args) {
    const char *domain, *bound;
    PyObject *dir, *path = NULL;
    if (!PARSE(args, "bindtextdomain", 2, 2, "sO", &domain, &dir)) return NULL;
    if (!*domain) return raise_error(module, "domain must be a non-empty string");
    if (dir != Py_None && !PyUnicode_FSConverter(dir, &path)) return NULL;
    bound = bindtextdomain(domain, path ? PyBytes_AS_STRING(path) : NULL);
    PyObject *result = bound ? decode(bound) : PyErr_SetFromErrno(PyExc_OSError);
    Py_XDECREF(path);
    return result;
}
static PyObject *locale_bind_textdomain_codeset(PyObject *module, PyObject *args) {
    const char *domain, *codeset;
    if (!PARSE(args, "bind_textdomain_codeset", 2, 2, "sz", &domain, &codeset)) return NULL;
    codeset = bind_textdomain_codeset(domain, codeset);
    return codeset ? decode(codeset) : Py_NewRef(Py_None);
}

/* ------------------------------------------------------------------ module */

static PyMethodDef locale_methods[] = {
    {"setlocale", locale_setlocale, METH_VARARGS,
     PyDoc_STR("setlocale($module, category, locale=<unrepresentable>, /)\n--\n\nSets the category's locale, or asks for it; its name.")},
    {"localeconv", locale_localeconv, METH_NOARGS, PyDoc_STR("localeconv($module, /)\n--\n\nHow numbers and amounts of money are written, as a dict.")},
    {"nl_langinfo", locale_nl_langinfo, METH_O, PyDoc_STR("nl_langinfo($module, key, /)\n--\n\nWhat the locale says about the key.")},
    {"getencoding", locale_getencoding, METH_NOARGS, PyDoc_STR("getencoding($module, /)\n--\n\nThe encoding of the locale.")},
    {"strcoll", locale_strcoll, METH_VARARGS, PyDoc_STR("strcoll($module, os1, os2, /)\n--\n\nCompares as the locale sorts: negative, zero, positive.")},
    {"strxfrm", locale_strxfrm, METH_O, PyDoc_STR("strxfrm($module, string, /)\n--\n\nA key that sorts as the locale does.")},
    {"gettext", locale_gettext, METH_VARARGS, PyDoc_STR("gettext($module, msg, /)\n--\n\nThe message's translation.")},
    {"dgettext", locale_dgettext, METH_VARARGS, PyDoc_STR("dgettext($module, domain, msg, /)\n--\n\nThe message's translation in the domain.")},
    {"dcgettext", locale_dcgettext, METH_VARARGS,
     PyDoc_STR("dcgettext($module, domain, msg, category, /)\n--\n\nThe message's translation in the domain, for the category's locale.")},
    {"textdomain", locale_textdomain, METH_VARARGS, PyDoc_STR("textdomain($module, domain, /)\n--\n\nSets the domain of gettext(); the domain.")},
    {"bindtextdomain", locale_bindtextdomain, METH_VARARGS, PyDoc_STR("bindtextdomain($module, domain, dir, /)\n--\n\nSets the folder of the domain's catalogues; the folder.")},
    {"bind_textdomain_codeset", locale_bind_textdomain_codeset, METH_VARARGS,
     PyDoc_STR("bind_textdomain_codeset($module, domain, codeset, /)\n--\n\nSets the encoding of the domain's translations; the encoding.")},
    {NULL},
};
static int locale_exec(PyObject *module) {
    ModuleState *state = PyModule_GetState(module);
    state->error = PyErr_NewException("locale.Error", NULL, NULL);
    if (!state->error || PyModule_AddObjectRef(module, "Error", state->error) < 0) return -1;
    return kr_add_constants(module, langinfo, KR_ARRAY_LEN(langinfo)) < 0 ? -1 : kr_add_constants(module, categories, KR_ARRAY_LEN(categories));
}
static int locale_traverse(PyObject *module, visitproc visit, void *arg) {
    Py_VISIT(((ModuleState *)PyModule_GetState(module))->error);
    return 0;
}
static int locale_clear(PyObject *module) {
    Py_CLEAR(((ModuleState *)PyModule_GetState(module))->error);
    return 0;
}
static void locale_free(void *module) { locale_clear(module); }
static PyModuleDef_Slot locale_slots[] = {{Py_mod_exec, locale_exec}, {0, NULL}};
static struct PyModuleDef locale_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_locale",
    .m_doc = PyDoc_STR("Support for POSIX locales."),
    .m_size = sizeof(ModuleState),
    .m_methods = locale_methods,
    .m_slots = locale_slots,
    .m_traverse = locale_traverse,
    .m_clear = locale_clear,
    .m_free = locale_free,
};
PyMODINIT_FUNC PyInit__locale(void) { return PyModuleDef_Init(&locale_module); }
