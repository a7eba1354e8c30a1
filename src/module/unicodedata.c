/* unicodedata.c - the module unicodedata: the Unicode character database, versions 14.0 and 3.2.0.
 *
 * One set of functions serves the module and, as methods, ucd_3_2_0, the only instance of UCD: `self` tells which version is asked. The
 * data and the work are in unicodedata_facts.c, _names.c and _normalize.c. The capsule _ucnhash_CAPI offers the names to C.
 */
#include "module/unicodedata.h"

typedef struct {
    PyObject_HEAD
    const char *version;
} UCD;

/* What version 3.2.0 says of c, if that is asked and differs. */
static const OldFacts *old_facts_of(PyObject *self, Py_UCS4 c) { return PyModule_Check(self) ? NULL : kr_char_old_facts(c); }
static const CharFacts *facts_of(PyObject *self, Py_UCS4 c) {
    const OldFacts *old = old_facts_of(self, c);
    return old ? &old->facts : kr_char_facts(c);
}

/* ------------------------------------------------------------------ arguments */

/* Takes the character o; `position` is "argument" or "argument 1", for the message. */
static int take_character(PyObject *o, const char *function, const char *position, Py_UCS4 *c) {
    if (!PyUnicode_Check(o)) {
        _PyArg_BadArgument(function, position, "a unicode character", o);
        return -1;
    }
    if (PyUnicode_READY(o) < 0) return -1;
    if (PyUnicode_GET_LENGTH(o) != 1) {
        _PyArg_BadArgument(function, position, "a unicode character", o);
        return -1;
    }
    *c = PyUnicode_READ_CHAR(o, 0);
    return 0;
}
/* Takes a character and perhaps a default, NULL if there is none. */
static int take_default(PyObject *const *args, Py_ssize_t n, const char *function, Py_UCS4 *c, PyObject **fallback) {
    if (!_PyArg_CheckPositional(function, n, 1, 2)) return -1;
    *fallback = n > 1 ? args[1] : NULL;
    return take_character(args[0], function, "argument 1", c);
}
/* The default if there is one, else ValueError. */
static PyObject *none_such(PyObject *fallback, const char *message) {
    if (fallback) return Py_NewRef(fallback);
    PyErr_SetString(PyExc_ValueError, message);
    return NULL;
}
/* Takes the name of a normal form, not yet looked at, and a string. */
static int take_form(PyObject *const *args, Py_ssize_t n, const char *function) {
    if (!_PyArg_CheckPositional(function, n, 2, 2)) return -1;
    for (int i = 0; i < 2; i++) {
        if (!PyUnicode_Check(args[i])) {
            _PyArg_BadArgument(function, i ? "argument 2" : "argument 1", "str", args[i]);
            return -1;
        }
        if (PyUnicode_READY(args[i]) < 0) return -1;
    }
    return 0;
}
static int find_form(PyObject *name, KrNormalForm *form) {
    static const char names[4][5] = {"NFD", "NFC", "NFKD", "NFKC"};
    for (int i = 0; i < 4; i++) {
        if (_PyUnicode_EqualToASCIIString(name, names[i])) {
            *form = (KrNormalForm){.compose = (i & 1) != 0, .compat = i >= 2};
            return 0;
        }
    }
    PyErr_SetString(PyExc_ValueError, "invalid normalization form");
    return -1;
}

/* ------------------------------------------------------------------ functions */

static PyObject *ucd_decimal(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    Py_UCS4 c;
    PyObject *fallback;
    if (take_default(args, n, "decimal", &c, &fallback) < 0) return NULL;
    const OldFacts *old = old_facts_of(self, c);
    int v = old ? old->decimal : Py_UNICODE_TODECIMAL(c);
    return v >= 0 ? PyLong_FromLong(v) : none_such(fallback, "not a decimal");
}
static PyObject *ucd_digit(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    Py_UCS4 c;
    PyObject *fallback;
    if (take_default(args, n, "digit", &c, &fallback) < 0) return NULL;
    const OldFacts *old = old_facts_of(self, c);
    int v = old ? old->digit : Py_UNICODE_TODIGIT(c);
    return v >= 0 ? PyLong_FromLong(v) : none_such(fallback, "not a digit");
}
static PyObject *ucd_numeric(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    Py_UCS4 c;
    PyObject *fallback;
    if (take_default(args, n, "numeric", &c, &fallback) < 0) return NULL;
    const OldFacts *old = old_facts_of(self, c);
    double v = old ? old->numeric : Py_UNICODE_TONUMERIC(c);
    return v != -1.0 ? PyFloat_FromDouble(v) : none_such(fallback, "not a numeric character");
}
static PyObject *ucd_category(PyObject *self, PyObject *o) {
    Py_UCS4 c;
    return take_character(o, "category", "argument", &c) < 0 ? NULL : PyUnicode_FromString(kr_category_name(facts_of(self, c)->category));
}
static PyObject *ucd_bidirectional(PyObject *self, PyObject *o) {
    Py_UCS4 c;
    return take_character(o, "bidirectional", "argument", &c) < 0 ? NULL : PyUnicode_FromString(kr_bidi_name(facts_of(self, c)->bidi));
}
static PyObject *ucd_combining(PyObject *self, PyObject *o) {
    Py_UCS4 c;
    return take_character(o, "combining", "argument", &c) < 0 ? NULL : PyLong_FromLong(facts_of(self, c)->combining);
}
static PyObject *ucd_mirrored(PyObject *self, PyObject *o) {
    Py_UCS4 c;
    return take_character(o, "mirrored", "argument", &c) < 0 ? NULL : PyLong_FromLong(facts_of(self, c)->mirrored);
}
static PyObject *ucd_east_asian_width(PyObject *self, PyObject *o) {
    Py_UCS4 c;
    return take_character(o, "east_asian_width", "argument", &c) < 0 ? NULL : PyUnicode_FromString(kr_width_name(facts_of(self, c)->width));
}
static PyObject *ucd_decomposition(PyObject *self, PyObject *o) {
    Py_UCS4 c;
    if (take_character(o, "decomposition", "argument", &c) < 0) return NULL;
    char text[320];         /* the longest has 18 characters */
    size_t at = 0;
    Py_ssize_t n;
    const char *prefix;
    const unsigned *to = facts_of(self, c)->category == KR_CATEGORY_UNASSIGNED ? NULL : kr_char_decomposition(c, &n, &prefix);
    if (!to) return PyUnicode_New(0, 0);
    at = (size_t)snprintf(text, sizeof text, "%s", prefix);
    for (Py_ssize_t i = 0; i < n; i++) at += (size_t)snprintf(text + at, sizeof text - at, at ? " %04X" : "%04X", to[i]);
    return PyUnicode_FromStringAndSize(text, (Py_ssize_t)at);
}
static PyObject *ucd_is_normalized(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    KrNormalForm form;
    bool old = !PyModule_Check(self);
    if (take_form(args, n, "is_normalized") < 0) return NULL;
    PyObject *s = args[1];
    if (PyUnicode_GET_LENGTH(s) == 0) Py_RETURN_TRUE;
    if (find_form(args[0], &form) < 0) return NULL;
    KrNormal quick = kr_normal_quick(s, form, old);
    if (quick != KR_NORMAL_MAYBE && !(old && quick == KR_NORMAL_NO)) return PyBool_FromLong(quick == KR_NORMAL_YES);
    PyObject *other = kr_normalize(s, form, old);
    if (!other) return NULL;
    int same = _PyUnicode_EQ(s, other);
    Py_DECREF(other);
    return PyBool_FromLong(same);
}
static PyObject *ucd_normalize(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    KrNormalForm form;
    bool old = !PyModule_Check(self);
    if (take_form(args, n, "normalize") < 0) return NULL;
    PyObject *s = args[1];
    if (PyUnicode_GET_LENGTH(s) == 0) return Py_NewRef(s);
    if (find_form(args[0], &form) < 0) return NULL;
    return kr_normal_quick(s, form, old) == KR_NORMAL_YES ? Py_NewRef(s) : kr_normalize(s, form, old);
}
static PyObject *ucd_name(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    Py_UCS4 c;
    PyObject *fallback;
    char name[KR_CHAR_NAME_MAX];
    if (take_default(args, n, "name", &c, &fallback) < 0) return NULL;
    const OldFacts *old = old_facts_of(self, c);
    bool unassigned = old && old->facts.category == KR_CATEGORY_UNASSIGNED;
    int length = unassigned ? 0 : kr_char_name(c, name);
    return length ? PyUnicode_FromStringAndSize(name, length) : none_such(fallback, "no such name");
}
static PyObject *ucd_lookup(PyObject *self, PyObject *o) {
    const char *name;
    Py_ssize_t n;
    if (!PyArg_Parse(o, "s#:lookup", &name, &n)) return NULL;
    if (n > KR_CHAR_NAME_MAX) {
        PyErr_SetString(PyExc_KeyError, "name too long");
        return NULL;
    }
    Py_UCS4 text[4];
    KrNameKind kind;
    int count = kr_char_lookup(name, n, true, text, &kind);
    if (count > 0 && !PyModule_Check(self)) {   /* 3.2.0: no other names, and of the listed ones those of its characters */
        const OldFacts *old = kr_char_old_facts(text[0]);
        if (kind == KR_NAME_OTHER || (kind == KR_NAME_LISTED && old && old->facts.category == KR_CATEGORY_UNASSIGNED)) count = 0;
    }
    if (count == 0) {
        PyErr_Format(PyExc_KeyError, "undefined character name '%s'", name);
        return NULL;
    }
    return PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, text, count);
}

/* ------------------------------------------------------------------ names for C */

/* 1 if c has a name and it fits. */
static int capi_name(Py_UCS4 c, char *buffer, int size, int with_aliases) {
    char name[KR_CHAR_NAME_MAX];
    int n = c < 0x110000 ? kr_char_name(c, name) : 0;
    if (n == 0 || n >= size) return 0;
    memcpy(buffer, name, (size_t)n + 1);
    return 1;
}
/* 1 if the name is a character's; sequences don't count. */
static int capi_code(const char *name, int n, Py_UCS4 *c, int with_sequences) {
    Py_UCS4 text[4];
    KrNameKind kind;
    if (kr_char_lookup(name, n, false, text, &kind) != 1) return 0;
    *c = text[0];
    return 1;
}
static struct {
    int (*name)(Py_UCS4, char *, int, int);
    int (*code)(const char *, int, Py_UCS4 *, int);
} const names_capi = {capi_name, capi_code};

/* ------------------------------------------------------------------ the type and the module */

static PyMethodDef functions[] = {
    {"decimal", KR_METH(ucd_decimal), METH_FASTCALL, "decimal($self, chr, default=<unrepresentable>, /)\n--\n\nThe value of a decimal digit, as an int."},
    {"digit", KR_METH(ucd_digit), METH_FASTCALL, "digit($self, chr, default=<unrepresentable>, /)\n--\n\nThe value of a digit, as an int."},
    {"numeric", KR_METH(ucd_numeric), METH_FASTCALL, "numeric($self, chr, default=<unrepresentable>, /)\n--\n\nThe numeric value of a character, as a float."},
    {"category", ucd_category, METH_O, "category($self, chr, /)\n--\n\nThe general category of a character."},
    {"bidirectional", ucd_bidirectional, METH_O, "bidirectional($self, chr, /)\n--\n\nThe bidirectional class of a character, '' if it has none."},
    {"combining", ucd_combining, METH_O, "combining($self, chr, /)\n--\n\nThe canonical combining class of a character, 0 if it doesn't combine."},
    {"mirrored", ucd_mirrored, METH_O, "mirrored($self, chr, /)\n--\n\n1 if the character is mirrored in text from right to left, else 0."},
    {"east_asian_width", ucd_east_asian_width, METH_O, "east_asian_width($self, chr, /)\n--\n\nThe East Asian width of a character."},
    {"decomposition", ucd_decomposition, METH_O,
     "decomposition($self, chr, /)\n--\n\nWhat a character decomposes to: its code points in hexadecimal, '' if it doesn't."},
    {"name", KR_METH(ucd_name), METH_FASTCALL, "name($self, chr, default=<unrepresentable>, /)\n--\n\nThe name of a character."},
    {"lookup", ucd_lookup, METH_O, "lookup($self, name, /)\n--\n\nThe character, or sequence of characters, of that name."},
    {"is_normalized", KR_METH(ucd_is_normalized), METH_FASTCALL,
     "is_normalized($self, form, unistr, /)\n--\n\nWhether the string is in the normal form 'NFC', 'NFKC', 'NFD' or 'NFKD'."},
    {"normalize", KR_METH(ucd_normalize), METH_FASTCALL,
     "normalize($self, form, unistr, /)\n--\n\nThe string in the normal form 'NFC', 'NFKC', 'NFD' or 'NFKD'."},
    {NULL, NULL, 0, NULL},
};
static PyMemberDef ucd_members[] = {
    {"unidata_version", T_STRING, offsetof(UCD, version), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};
static void ucd_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
}
static PyType_Slot ucd_slots[] = {
    {Py_tp_dealloc, ucd_dealloc},
    {Py_tp_methods, functions},
    {Py_tp_members, ucd_members},
    {0, NULL},
};
static PyType_Spec ucd_spec = {
    .name = "unicodedata.UCD",
    .basicsize = sizeof(UCD),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = ucd_slots,
};

/* Adds a value that this takes over; NULL fails. */
static int add(PyObject *module, const char *name, PyObject *value) {
    int r = value ? PyModule_AddObjectRef(module, name, value) : -1;
    Py_XDECREF(value);
    return r;
}
static int unicodedata_exec(PyObject *module) {
    if (PyModule_AddStringConstant(module, "unidata_version", "14.0.0") < 0) return -1;
    PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &ucd_spec, NULL);
    if (!type) return -1;
    UCD *old = PyModule_AddType(module, type) < 0 ? NULL : PyObject_New(UCD, type);
    if (old) old->version = "3.2.0";
    Py_DECREF(type);
    if (add(module, "ucd_3_2_0", (PyObject *)old) < 0) return -1;
    return add(module, "_ucnhash_CAPI", PyCapsule_New((void *)&names_capi, "unicodedata._ucnhash_CAPI", NULL));
}
static PyModuleDef_Slot unicodedata_slots[] = {
    {Py_mod_exec, unicodedata_exec},
    {0, NULL},
};
static PyModuleDef unicodedata_module = {
    PyModuleDef_HEAD_INIT, .m_name = "unicodedata", .m_doc = PyDoc_STR("The Unicode character database."), .m_methods = functions,
    .m_slots = unicodedata_slots};

PyMODINIT_FUNC PyInit_unicodedata(void);
PyMODINIT_FUNC PyInit_unicodedata(void) { return PyModuleDef_Init(&unicodedata_module); }
