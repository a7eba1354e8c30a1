/* ast_object.c - the classes of the ast module, and conversion of trees to their instances and back.
 *
 * The classes are made from ast_table.h: AST, a class for each category derived from it, a class for each node derived
 * from its category's. They are made when first needed and live as long as the interpreter, in its dict
 * (PyInterpreterState_GetDict), so that ast.AST is one class whoever imports it. An instance is a header and a dict.
 * Enumerators (Load, Add, ...) are represented by one instance each.
 */
#include "syntax/ast_object.h"
#include "syntax/ast_table.h"

#define KR_AST_MAX_FIELDS 8
#define KR_AST_STATE_NAME "krait.ast"
#define KR_AST_DEPTH_SCALE 3          /* trees may be nested this many times deeper than calls */

typedef struct { PyObject_HEAD PyObject *dict; } KrAstObject;

typedef struct {
    PyObject *ast_type;
    PyObject *categories[KR_FT_COUNT];                              /* products: NULL */
    PyObject *classes[KR_AST_N_CLASSES];
    PyObject *names[KR_AST_N_CLASSES][KR_AST_MAX_FIELDS];           /* of the fields, interned */
    PyObject *enum_types[KR_AST_N_ENUMS], *enum_objects[KR_AST_N_ENUMS];
    PyObject *lineno, *col_offset, *end_lineno, *end_col_offset;
} KrAstState;

/* ---------------------------------------------------------------- AST */

static int kr_ast_traverse(KrAstObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->dict);
    return 0;
}

static int kr_ast_clear(KrAstObject *self) {
    Py_CLEAR(self->dict);
    return 0;
}

static void kr_ast_dealloc(KrAstObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, kr_ast_dealloc)
    Py_CLEAR(self->dict);
    type->tp_free(self);
    Py_DECREF(type);
    Py_TRASHCAN_END
}

/* getattr without AttributeError: NULL and no exception when it is missing. */
static PyObject *kr_ast_lookup(PyObject *o, PyObject *name) {
    PyObject *value = PyObject_GetAttr(o, name);
    if (!value && PyErr_ExceptionMatches(PyExc_AttributeError)) PyErr_Clear();
    return value;
}

static int kr_ast_init(PyObject *self, PyObject *args, PyObject *kwargs) {
    PyObject *name = PyUnicode_InternFromString("_fields"), *fields = NULL;
    Py_ssize_t n_fields = 0, n_args = PyTuple_GET_SIZE(args);
    int result = -1;
    if (!name) return -1;
    fields = kr_ast_lookup((PyObject *)Py_TYPE(self), name);
    Py_DECREF(name);
    if (!fields && PyErr_Occurred()) return -1;
    if (fields && (n_fields = PySequence_Size(fields)) < 0) goto done;
    if (n_args > n_fields) {
        PyErr_Format(PyExc_TypeError, "%.400s constructor takes at most %zd positional argument%s", Py_TYPE(self)->tp_name,
                     n_fields, n_fields == 1 ? "" : "s");
        goto done;
    }
    for (Py_ssize_t i = 0; i < n_args; i++) {
        PyObject *field = PySequence_GetItem(fields, i);
        int status = field ? PyObject_SetAttr(self, field, PyTuple_GET_ITEM(args, i)) : -1;
        Py_XDECREF(field);
        if (status < 0) goto done;
    }
    if (kwargs) {
        Py_ssize_t pos = 0;
        PyObject *key, *value;
        while (PyDict_Next(kwargs, &pos, &key, &value)) {
            int known = fields ? PySequence_Contains(fields, key) : 0;
            if (known < 0) goto done;
            if (known) {
                Py_ssize_t index = PySequence_Index(fields, key);
                if (index < 0) goto done;
                if (index < n_args) {
                    PyErr_Format(PyExc_TypeError, "%.400s got multiple values for argument '%U'", Py_TYPE(self)->tp_name, key);
                    goto done;
                }
            }
            if (PyObject_SetAttr(self, key, value) < 0) goto done;
        }
    }
    result = 0;
done:
    Py_XDECREF(fields);
    return result;
}

static PyObject *kr_ast_reduce(PyObject *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *dict = PyObject_GetAttrString(self, "__dict__");
    if (dict) return Py_BuildValue("O()N", Py_TYPE(self), dict);
    if (!PyErr_ExceptionMatches(PyExc_AttributeError)) return NULL;
    PyErr_Clear();
    return Py_BuildValue("O()", Py_TYPE(self));
}

static PyMethodDef kr_ast_methods[] = {
    {"__reduce__", kr_ast_reduce, METH_NOARGS, NULL},
    {NULL},
};
static PyMemberDef kr_ast_members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(KrAstObject, dict), READONLY},
    {NULL},
};
static PyGetSetDef kr_ast_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict},
    {NULL},
};
static PyType_Slot kr_ast_slots[] = {
    {Py_tp_dealloc, kr_ast_dealloc},
    {Py_tp_getattro, PyObject_GenericGetAttr},
    {Py_tp_setattro, PyObject_GenericSetAttr},
    {Py_tp_traverse, kr_ast_traverse},
    {Py_tp_clear, kr_ast_clear},
    {Py_tp_members, kr_ast_members},
    {Py_tp_methods, kr_ast_methods},
    {Py_tp_getset, kr_ast_getset},
    {Py_tp_init, kr_ast_init},
    {Py_tp_alloc, PyType_GenericAlloc},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_free, PyObject_GC_Del},
    {0, NULL},
};
static PyType_Spec kr_ast_spec = {
    "ast.AST", sizeof(KrAstObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, kr_ast_slots,
};

/* ---------------------------------------------------------------- making the classes */

/* Appends printf-style; -1 on failure. */
static int kr_doc_add(PyObject **doc, const char *format, ...) {
    va_list args;
    va_start(args, format);
    PyObject *more = PyUnicode_FromFormatV(format, args);
    va_end(args);
    if (!more) return -1;
    PyUnicode_Append(doc, more);
    Py_DECREF(more);
    return *doc ? 0 : -1;
}

static int kr_doc_add_spaces(PyObject **doc, size_t n) {
    while (n--)
        if (kr_doc_add(doc, " ") < 0) return -1;
    return 0;
}

static const char *kr_ast_type_name(int type) {
    switch (type) {
    case KR_FT_identifier: return "identifier";
    case KR_FT_string: return "string";
    case KR_FT_constant: return "constant";
    case KR_FT_int: return "int";
    default: return kr_ast_categories[type].name;
    }
}

/* Appends "Name(type field, ...)". */
static int kr_doc_add_class(PyObject **doc, const KrAstClass *c) {
    if (kr_doc_add(doc, "%s", c->name) < 0) return -1;
    for (const KrAstField *f = c->fields; f->name; f++) {
        const char *mark = f->mode == KR_FIELD_OPT ? "?" : f->mode == KR_FIELD_SEQ ? "*" : "";
        if (kr_doc_add(doc, "%s%s%s %s", f == c->fields ? "(" : ", ", kr_ast_type_name(f->type), mark, f->name) < 0) return -1;
    }
    return c->fields->name ? kr_doc_add(doc, ")") : 0;
}

/* The doc of a category: its alternatives. */
static PyObject *kr_category_doc(int category) {
    const char *name = kr_ast_categories[category].name;
    PyObject *doc = PyUnicode_FromFormat("%s = ", name);
    bool first = true;
    for (size_t i = 0; doc && i < KR_AST_N_NODES; i++) {
        if (kr_ast_classes[i].category != category) continue;
        if (!first && (kr_doc_add(&doc, "\n ") < 0 || kr_doc_add_spaces(&doc, strlen(name)) < 0 || kr_doc_add(&doc, "| ") < 0)) break;
        first = false;
        if (kr_doc_add_class(&doc, &kr_ast_classes[i]) < 0) break;
    }
    for (size_t i = 0; doc && i < KR_AST_N_ENUMS; i++) {
        if (kr_ast_enums[i].category != category) continue;
        if (kr_doc_add(&doc, first ? "%s" : " | %s", kr_ast_enums[i].name) < 0) break;
        first = false;
    }
    return doc;
}

/* A class derived from base; fields' names are in `names`. Steals doc. */
static PyObject *kr_make_class(const char *name, PyObject *base, PyObject **names, PyObject *doc) {
    Py_ssize_t n = 0;
    while (names && n < KR_AST_MAX_FIELDS && names[n]) n++;
    PyObject *fields = PyTuple_New(n), *result = NULL;
    for (Py_ssize_t i = 0; fields && i < n; i++) PyTuple_SET_ITEM(fields, i, Py_NewRef(names[i]));
    if (fields && doc)
        result = PyObject_CallFunction((PyObject *)&PyType_Type, "s(O){sOsOsssO}", name, base, "_fields", fields, "__match_args__",
                                       fields, "__module__", "ast", "__doc__", doc);
    Py_XDECREF(fields);
    Py_XDECREF(doc);
    return result;
}

/* Sets _attributes, and None for those that may be missing. */
static int kr_set_attributes(KrAstState *state, PyObject *type, bool has_span, bool end_optional) {
    PyObject *attributes = has_span ? PyTuple_Pack(4, state->lineno, state->col_offset, state->end_lineno, state->end_col_offset)
                                    : PyTuple_New(0);
    int result = attributes ? PyObject_SetAttrString(type, "_attributes", attributes) : -1;
    Py_XDECREF(attributes);
    if (result < 0 || !has_span || !end_optional) return result;
    if (PyObject_SetAttr(type, state->end_lineno, Py_None) < 0) return -1;
    return PyObject_SetAttr(type, state->end_col_offset, Py_None);
}

static int kr_ast_init_state(KrAstState *state) {
    if (!(state->lineno = PyUnicode_InternFromString("lineno")) ||
        !(state->col_offset = PyUnicode_InternFromString("col_offset")) ||
        !(state->end_lineno = PyUnicode_InternFromString("end_lineno")) ||
        !(state->end_col_offset = PyUnicode_InternFromString("end_col_offset")) ||
        !(state->ast_type = PyType_FromSpec(&kr_ast_spec)))
        return -1;
    PyObject *none = PyTuple_New(0);
    int status = !none || PyObject_SetAttrString(state->ast_type, "_fields", none) < 0 ||
                 PyObject_SetAttrString(state->ast_type, "__match_args__", none) < 0 ||
                 PyObject_SetAttrString(state->ast_type, "_attributes", none) < 0;
    Py_XDECREF(none);
    if (status) return -1;
    for (int c = KR_FT_mod; c <= KR_FT_cmpop; c++) {
        PyObject *type = kr_make_class(kr_ast_categories[c].name, state->ast_type, NULL, kr_category_doc(c));
        state->categories[c] = type;
        if (!type || kr_set_attributes(state, type, kr_ast_categories[c].has_span, kr_ast_categories[c].end_optional) < 0) return -1;
    }
    for (size_t i = 0; i < KR_AST_N_CLASSES; i++) {
        const KrAstClass *c = &kr_ast_classes[i];
        PyObject **names = state->names[i], *doc = PyUnicode_FromStringAndSize(NULL, 0);
        for (int f = 0; c->fields[f].name; f++)
            if (!(names[f] = PyUnicode_InternFromString(c->fields[f].name))) return -1;
        if (!doc || kr_doc_add_class(&doc, c) < 0) return -1;
        bool product = c->kind == 0;
        PyObject *type = kr_make_class(c->name, product ? state->ast_type : state->categories[c->category], names, doc);
        state->classes[i] = type;
        if (!type) return -1;
        if (product && kr_set_attributes(state, type, kr_ast_categories[c->category].has_span, true) < 0) return -1;
        for (int f = 0; c->fields[f].name; f++)
            if (c->fields[f].mode == KR_FIELD_OPT && PyObject_SetAttr(type, names[f], Py_None) < 0) return -1;
    }
    for (size_t i = 0; i < KR_AST_N_ENUMS; i++) {
        PyObject *base = state->categories[kr_ast_enums[i].category];
        PyObject *type = kr_make_class(kr_ast_enums[i].name, base, NULL, PyUnicode_FromString(kr_ast_enums[i].name));
        state->enum_types[i] = type;
        if (!type || !(state->enum_objects[i] = PyType_GenericNew((PyTypeObject *)type, NULL, NULL))) return -1;
    }
    return 0;
}

static void kr_ast_free_state(PyObject *capsule) {
    KrAstState *state = PyCapsule_GetPointer(capsule, KR_AST_STATE_NAME);
    if (!state) {
        PyErr_Clear();
        return;
    }
    PyObject **objects = (PyObject **)state;
    for (size_t i = 0; i < sizeof(KrAstState) / sizeof(PyObject *); i++) Py_XDECREF(objects[i]);
    PyMem_Free(state);
}

/* The interpreter's classes. */
static KrAstState *kr_ast_state(void) {
    PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
    if (!dict) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_RuntimeError, "the interpreter has no dict");
        return NULL;
    }
    PyObject *key = PyUnicode_FromString(KR_AST_STATE_NAME), *capsule = key ? PyDict_GetItemWithError(dict, key) : NULL;
    Py_XDECREF(key);
    if (capsule) return PyCapsule_GetPointer(capsule, KR_AST_STATE_NAME);
    if (PyErr_Occurred()) return NULL;
    KrAstState *state = PyMem_Calloc(1, sizeof(KrAstState));
    if (!state) {
        PyErr_NoMemory();
        return NULL;
    }
    capsule = PyCapsule_New(state, KR_AST_STATE_NAME, kr_ast_free_state);
    if (!capsule) {
        PyMem_Free(state);
        return NULL;
    }
    int status = kr_ast_init_state(state);
    if (status == 0) status = PyDict_SetItemString(dict, KR_AST_STATE_NAME, capsule);
    Py_DECREF(capsule);
    return status < 0 ? NULL : state;
}

int kr_ast_add_types(PyObject *module) {
    KrAstState *state = kr_ast_state();
    if (!state || PyModule_AddObjectRef(module, "AST", state->ast_type) < 0) return -1;
    for (int c = KR_FT_mod; c <= KR_FT_cmpop; c++)
        if (PyModule_AddObjectRef(module, kr_ast_categories[c].name, state->categories[c]) < 0) return -1;
    for (size_t i = 0; i < KR_AST_N_CLASSES; i++)
        if (PyModule_AddObjectRef(module, kr_ast_classes[i].name, state->classes[i]) < 0) return -1;
    for (size_t i = 0; i < KR_AST_N_ENUMS; i++)
        if (PyModule_AddObjectRef(module, kr_ast_enums[i].name, state->enum_types[i]) < 0) return -1;
    return 0;
}

int kr_ast_check_object(PyObject *o) {
    KrAstState *state = kr_ast_state();
    return state ? PyObject_IsInstance(o, state->ast_type) : -1;
}

/* Index in the tables of an enumeration's first member. */
static size_t kr_enum_base(int category) {
    size_t i = 0;
    while (kr_ast_enums[i].category != category) i++;
    return i;
}

static size_t kr_product_index(int category) {
    size_t i = KR_AST_N_NODES;
    while (kr_ast_classes[i].category != category) i++;
    return i;
}

/* ---------------------------------------------------------------- from tree to objects */

typedef struct { KrAstState *state; int depth, limit; size_t enum_base[KR_FT_COUNT]; } KrAstWriter;

static PyObject *kr_write_node(KrAstWriter *w, int category, const void *node);

static PyObject *kr_write_value(KrAstWriter *w, int type, void *item) {
    if (type == KR_FT_int) return PyLong_FromLong((int)(intptr_t)item);
    if (KR_FT_IS_ENUM(type)) return Py_NewRef(w->state->enum_objects[w->enum_base[type] + (size_t)(intptr_t)item - 1]);
    if (!item) Py_RETURN_NONE;
    if (type <= KR_FT_constant) return Py_NewRef((PyObject *)item);
    return kr_write_node(w, type, item);
}

static PyObject *kr_write_list(KrAstWriter *w, int type, const KrSeq *seq) {
    Py_ssize_t n = kr_seq_len(seq);
    PyObject *list = PyList_New(n);
    for (Py_ssize_t i = 0; list && i < n; i++) {
        PyObject *value = kr_write_value(w, type, seq->items[i]);
        if (value) PyList_SET_ITEM(list, i, value);
        else Py_CLEAR(list);
    }
    return list;
}

static int kr_write_int(PyObject *dict, PyObject *name, int value) {
    PyObject *number = PyLong_FromLong(value);
    int result = number ? PyDict_SetItem(dict, name, number) : -1;
    Py_XDECREF(number);
    return result;
}

static PyObject *kr_write_node(KrAstWriter *w, int category, const void *node) {
    const __typeof__(kr_ast_categories[0]) *info = &kr_ast_categories[category];
    size_t index = KR_FT_IS_SUM(category) ? (size_t)*(const int *)node - 1 : kr_product_index(category), at = info->fields_at;
    const KrAstField *f = kr_ast_classes[index].fields;
    if (w->depth >= w->limit || kr_c_stack_low()) {
        PyErr_SetString(PyExc_RecursionError, "maximum recursion depth exceeded during ast construction");
        return NULL;
    }
    PyTypeObject *type = (PyTypeObject *)w->state->classes[index];
    KrAstObject *result = (KrAstObject *)type->tp_alloc(type, 0);
    PyObject *dict = result ? result->dict = PyDict_New() : NULL;
    if (!dict) {
        Py_XDECREF(result);
        return NULL;
    }
    w->depth++;
    for (int i = 0; f[i].name; i++) {
        const char *place = (const char *)node + kr_ast_field_offset(&f[i], &at);
        PyObject *value;
        if (f[i].mode == KR_FIELD_SEQ) value = kr_write_list(w, f[i].type, *(KrSeq *const *)place);
        else if (f[i].type == KR_FT_int || KR_FT_IS_ENUM(f[i].type)) value = kr_write_value(w, f[i].type, (void *)(intptr_t)*(const int *)place);
        else value = kr_write_value(w, f[i].type, *(void *const *)place);
        int status = value ? PyDict_SetItem(dict, w->state->names[index][i], value) : -1;
        Py_XDECREF(value);
        if (status < 0) goto fail;
    }
    if (info->has_span) {
        const KrSpan *span = (const KrSpan *)((const char *)node + info->span_at);
        if (kr_write_int(dict, w->state->lineno, span->lineno) < 0 ||
            kr_write_int(dict, w->state->col_offset, span->col_offset) < 0 ||
            kr_write_int(dict, w->state->end_lineno, span->end_lineno) < 0 ||
            kr_write_int(dict, w->state->end_col_offset, span->end_col_offset) < 0)
            goto fail;
    }
    w->depth--;
    return (PyObject *)result;
fail:
    w->depth--;
    Py_DECREF(result);
    return NULL;
}

PyObject *kr_ast_to_object(const Kr_mod *mod) {
    KrAstWriter w = {.state = kr_ast_state(), .limit = Py_MIN(Py_GetRecursionLimit(), KR_RECURSION_MAX) * KR_AST_DEPTH_SCALE};
    if (!w.state) return NULL;
    for (int c = KR_FT_expr_context; c <= KR_FT_cmpop; c++) w.enum_base[c] = kr_enum_base(c);
    return kr_write_node(&w, KR_FT_mod, mod);
}

/* ---------------------------------------------------------------- from objects to tree */

typedef struct { KrAstState *state; KrArena *arena; } KrAstReader;

static int kr_read_node(KrAstReader *r, int category, PyObject *o, void **out);

static int kr_read_int(PyObject *o, int *out) {
    if (!PyLong_Check(o)) {
        PyErr_Format(PyExc_ValueError, "invalid integer value: %R", o);
        return -1;
    }
    int overflow;
    long value = PyLong_AsLongAndOverflow(o, &overflow);
    if (value == -1 && PyErr_Occurred()) return -1;
    if (overflow || value > INT_MAX || value < INT_MIN) {
        PyErr_SetString(PyExc_OverflowError, "Python int too large to convert to C int");
        return -1;
    }
    *out = (int)value;
    return 0;
}

static int kr_read_enum(KrAstReader *r, int category, PyObject *o, int *out) {
    size_t base = kr_enum_base(category);
    for (size_t i = base; i < KR_AST_N_ENUMS && kr_ast_enums[i].category == category; i++) {
        int is = PyObject_IsInstance(o, r->state->enum_types[i]);
        if (is < 0) return -1;
        if (is) {
            *out = (int)(i - base) + 1;
            return 0;
        }
    }
    PyErr_Format(PyExc_TypeError, "expected some sort of %s, but got %R", kr_ast_categories[category].name, o);
    return -1;
}

/* A value that takes a pointer (enumerators as items of a list, too). */
static int kr_read_value(KrAstReader *r, int type, PyObject *o, void **out) {
    if (KR_FT_IS_ENUM(type) || type == KR_FT_int) {
        int value;
        if ((type == KR_FT_int ? kr_read_int(o, &value) : kr_read_enum(r, type, o, &value)) < 0) return -1;
        *out = (void *)(intptr_t)value;
        return 0;
    }
    if (type > KR_FT_constant) return kr_read_node(r, type, o, out);
    if (type == KR_FT_identifier && !PyUnicode_CheckExact(o) && o != Py_None) {
        PyErr_SetString(PyExc_TypeError, "AST identifier must be of type str");
        return -1;
    }
    if (type == KR_FT_string && !PyUnicode_CheckExact(o) && !PyBytes_CheckExact(o)) {
        PyErr_SetString(PyExc_TypeError, "AST string must be of type str");
        return -1;
    }
    if (o == Py_None && type == KR_FT_identifier) {
        *out = NULL;
        return 0;
    }
    *out = o;
    Py_INCREF(o);
    if (type == KR_FT_identifier) {
        PyUnicode_InternInPlace((PyObject **)out);
        o = *out;
    }
    return kr_arena_own(r->arena, o);
}

static int kr_read_list(KrAstReader *r, const KrAstClass *owner_class, const KrAstField *f, PyObject *list, KrSeq **out) {
    const char *owner = owner_class->name;
    if (!PyList_Check(list)) {
        PyErr_Format(PyExc_TypeError, "%s field \"%s\" must be a list, not a %.200s", owner, f->name, Py_TYPE(list)->tp_name);
        return -1;
    }
    Py_ssize_t n = PyList_GET_SIZE(list);
    if (!n) return 0;
    KrSeq *seq = kr_seq_new(r->arena, n);
    if (!seq) return -1;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *item = Py_NewRef(PyList_GET_ITEM(list, i));
        int status = 0;
        if (Py_EnterRecursiveCall(kr_ast_categories[owner_class->category].traversing)) status = -1;
        else {
            status = kr_read_value(r, f->type, item, &seq->items[i]);
            Py_LeaveRecursiveCall();
        }
        Py_DECREF(item);
        if (status < 0) return -1;
        if (PyList_GET_SIZE(list) != n) {
            PyErr_Format(PyExc_RuntimeError, "%s field \"%s\" changed size during iteration", owner, f->name);
            return -1;
        }
    }
    *out = seq;
    return 0;
}

/* Reads the position attribute; a missing one is `missing`, or an error if that is NULL. */
static int kr_read_position(PyObject *o, PyObject *name, const char *owner, const int *missing, int *out) {
    PyObject *value = kr_ast_lookup(o, name);
    if (!value && PyErr_Occurred()) return -1;
    if (missing && (!value || value == Py_None)) {
        Py_XDECREF(value);
        *out = *missing;
        return 0;
    }
    if (!value) {
        PyErr_Format(PyExc_TypeError, "required field \"%U\" missing from %s", name, owner);
        return -1;
    }
    int result = kr_read_int(value, out);
    Py_DECREF(value);
    return result;
}

static int kr_read_span(KrAstReader *r, int category, PyObject *o, KrSpan *span) {
    const char *owner = kr_ast_categories[category].name;
    bool optional = kr_ast_categories[category].end_optional;
    if (kr_read_position(o, r->state->lineno, owner, NULL, &span->lineno) < 0 ||
        kr_read_position(o, r->state->col_offset, owner, NULL, &span->col_offset) < 0 ||
        kr_read_position(o, r->state->end_lineno, owner, optional ? &span->lineno : NULL, &span->end_lineno) < 0)
        return -1;
    return kr_read_position(o, r->state->end_col_offset, owner, optional ? &span->col_offset : NULL, &span->end_col_offset);
}

static int kr_read_fields(KrAstReader *r, size_t index, PyObject *o, char *node) {
    const KrAstClass *c = &kr_ast_classes[index];
    const KrAstField *f = c->fields;
    size_t at = kr_ast_categories[c->category].fields_at;
    for (int i = 0; f[i].name; i++) {
        char *place = node + kr_ast_field_offset(&f[i], &at);
        PyObject *value = kr_ast_lookup(o, r->state->names[index][i]);
        if (!value && PyErr_Occurred()) return -1;
        if (f[i].mode == KR_FIELD_OPT && (!value || value == Py_None)) {
            Py_XDECREF(value);
            continue;
        }
        if (!value) {
            PyErr_Format(PyExc_TypeError, "required field \"%s\" missing from %s", f[i].name, c->name);
            return -1;
        }
        int status;
        if (f[i].mode == KR_FIELD_SEQ) {
            status = kr_read_list(r, c, &f[i], value, (KrSeq **)place);
        } else if (Py_EnterRecursiveCall(kr_ast_categories[c->category].traversing)) {
            status = -1;
        } else {
            void *item = NULL;
            status = kr_read_value(r, f[i].type, value, &item);
            Py_LeaveRecursiveCall();
            if (status == 0) {
                if (f[i].type == KR_FT_int || KR_FT_IS_ENUM(f[i].type)) *(int *)place = (int)(intptr_t)item;
                else *(void **)place = item;
            }
        }
        Py_DECREF(value);
        if (status < 0) return -1;
    }
    /* What must be there may still be None. */
    at = kr_ast_categories[c->category].fields_at;
    for (int i = 0; f[i].name; i++) {
        char *place = node + kr_ast_field_offset(&f[i], &at);
        if (f[i].mode != KR_FIELD_ONE || f[i].type == KR_FT_int || KR_FT_IS_ENUM(f[i].type) || *(void **)place) continue;
        PyErr_Format(PyExc_ValueError, "field '%s' is required for %s", f[i].name, c->name);
        return -1;
    }
    return 0;
}

static int kr_read_node(KrAstReader *r, int category, PyObject *o, void **out) {
    const __typeof__(kr_ast_categories[0]) *info = &kr_ast_categories[category];
    *out = NULL;
    bool sum = KR_FT_IS_SUM(category);
    if (sum && o == Py_None) return 0;
    char *node = kr_arena_alloc(r->arena, info->size);
    if (!node) return -1;
    if (sum) {
        int is = PyObject_IsInstance(o, r->state->categories[category]);
        if (is < 0) return -1;
        if (!is) goto unexpected;
        if (info->has_span && kr_read_span(r, category, o, (KrSpan *)(node + info->span_at)) < 0) return -1;
        size_t exact = 0;
        while (exact < KR_AST_N_NODES && (PyObject *)Py_TYPE(o) != r->state->classes[exact]) exact++;
        for (size_t i = exact < KR_AST_N_NODES ? exact : 0; i < KR_AST_N_NODES; i++) {
            if (kr_ast_classes[i].category != category) continue;
            is = i == exact ? 1 : PyObject_IsInstance(o, r->state->classes[i]);
            if (is < 0) return -1;
            if (!is) continue;
            *(int *)node = kr_ast_classes[i].kind;
            if (kr_read_fields(r, i, o, node) < 0) return -1;
            *out = node;
            return 0;
        }
        goto unexpected;
    }
    if (kr_read_fields(r, kr_product_index(category), o, node) < 0) return -1;
    if (info->has_span && kr_read_span(r, category, o, (KrSpan *)(node + info->span_at)) < 0) return -1;
    *out = node;
    return 0;
unexpected:
    PyErr_Format(PyExc_TypeError, "expected some sort of %s, but got %R", info->name, o);
    return -1;
}

Kr_mod *kr_ast_from_object(KrArena *arena, PyObject *o, int mode) {
    KrAstReader r = {kr_ast_state(), arena};
    if (!r.state) return NULL;
    int kind = mode == KR_PARSE_EVAL ? KR_mod_Expression : mode == KR_PARSE_SINGLE ? KR_mod_Interactive
             : mode == KR_PARSE_FUNC_TYPE ? KR_mod_FunctionType : KR_mod_Module;
    int is = PyObject_IsInstance(o, r.state->classes[kind - 1]);
    if (is < 0) return NULL;
    if (!is) {
        PyErr_Format(PyExc_TypeError, "expected %s node, got %.400s", kr_ast_classes[kind - 1].name, Py_TYPE(o)->tp_name);
        return NULL;
    }
    void *mod;
    return kr_read_node(&r, KR_FT_mod, o, &mod) < 0 ? NULL : mod;
}
