/* pyexpat.c - the module pyexpat: libexpat's parser as a type, with a Python callable for each of its handlers.
 *
 * handlers.def's order gives each handler a slot. A parser's handlers[slot] is the callable or NULL; libexpat has the slot's C function
 * installed exactly while it isn't NULL (but see set_handler). An exception in a handler takes all handlers away and stops the parser, so that nothing more
 * is called; Parse() then finds the exception set.
 *
 * Character data: while `buffer` is set (buffer_text), text collects there and is handed over before any other event. libexpat may not be
 * entered again from its own callbacks: `running` refuses that.
 *
 * The parser made for an external entity shares structures with its parent inside libexpat, so it holds the parent until it is freed.
 */
#include "krait.h"
#include "module/pyexpat_handlers.h"
#include <expat.h>
#include <pyexpat.h>

PyAPI_FUNC(void) _PyTraceback_Add(const char *function, const char *filename, int lineno);

#define BUFFER_SIZE 8192                /* of character data, at first */
#define READ_SIZE 2048                  /* asked of a file's read() at a time */
#define CHUNK_SIZE (1 << 20)            /* given to libexpat at a time, whose lengths are int */

typedef struct {
    PyTypeObject *parser_type;
    PyObject *error;
    struct PyExpat_CAPI capi;
} ModuleState;

typedef struct Parser {
    PyObject_HEAD
    XML_Parser expat;
    struct Parser *parent;              /* of an external entity's parser; kept alive */
    bool ordered_attributes, specified_attributes, namespace_prefixes;
    bool in_callback, running;
    int buffer_size, buffer_used;
    XML_Char *buffer;                   /* NULL: character data is handed over as it comes */
    PyObject *intern;                   /* dict of names already seen, or NULL */
    PyObject *handlers[SLOT_COUNT];
} Parser;
#define PARSER(o) ((Parser *)(o))

typedef void (*GenericFunction)(void);
static const struct {
    const char *name;                   /* what tracebacks call it */
    void (*install)(XML_Parser, GenericFunction);
    GenericFunction function;
} handler_table[SLOT_COUNT];

static ModuleState *state_of(Parser *self) { return PyType_GetModuleState(Py_TYPE(self)); }

/* Raises ExpatError for code at the parser's position; NULL. */
static PyObject *raise_error(Parser *self, enum XML_Error code) {
    const char *message = XML_ErrorString(code);
    XML_Size line = XML_GetErrorLineNumber(self->expat), column = XML_GetErrorColumnNumber(self->expat);
    PyObject *type = state_of(self)->error, *text, *e = NULL;
    text = PyUnicode_FromFormat("%s: line %zu, column %zu", message ? message : "unknown error", (size_t)line, (size_t)column);
    const struct {
        const char *name;
        size_t value;
    } attributes[] = {{"code", code}, {"offset", column}, {"lineno", line}};
    if (text) e = PyObject_CallOneArg(type, text);
    for (size_t i = 0; e && i < KR_ARRAY_LEN(attributes); i++) {
        PyObject *value = PyLong_FromSize_t(attributes[i].value);
        if (!value || PyObject_SetAttrString(e, attributes[i].name, value) < 0) Py_CLEAR(e);
        Py_XDECREF(value);
    }
    if (e) PyErr_SetObject(type, e);
    Py_XDECREF(text);
    Py_XDECREF(e);
    return NULL;
}

/* ------------------------------------------------------------------ handlers */

static PyObject *text(const XML_Char *s) { return s ? PyUnicode_DecodeUTF8(s, (Py_ssize_t)strlen(s), "strict") : Py_NewRef(Py_None); }
/* The same str for equal names. */
static PyObject *name(Parser *self, const XML_Char *s) {
    PyObject *fresh = text(s), *known;
    if (!fresh || !self->intern || fresh == Py_None) return fresh;
    known = Py_XNewRef(PyDict_SetDefault(self->intern, fresh, fresh));
    Py_DECREF(fresh);
    return known;
}

static int refuse_external_entity(XML_Parser parser, const XML_Char *context, const XML_Char *base, const XML_Char *system, const XML_Char *public) { return 0; }
static void ignore_text(void *self, const XML_Char *s, int n) {}

static void drop_handlers(Parser *self) {
    for (int i = 0; i < SLOT_COUNT; i++) {
        if (!self->handlers[i]) continue;
        if (self->expat) handler_table[i].install(self->expat, NULL);
        Py_CLEAR(self->handlers[i]);
    }
}
/* After an exception: nothing more is called, and the parser stops. */
static void fail(Parser *self) {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    drop_handlers(self);
    XML_SetCharacterDataHandler(self->expat, ignore_text);  /* the parser may be amid a text */
    XML_SetExternalEntityRefHandler(self->expat, refuse_external_entity);
    XML_StopParser(self->expat, XML_FALSE);
    PyErr_Restore(type, value, traceback);
}

/* Calls the slot's handler with args, which are released; one that is NULL is an exception that is set. NULL: failed, dealt with. */
static PyObject *call_handler(Parser *self, Slot slot, int line, PyObject **args, int n) {
    PyObject *handler = Py_XNewRef(self->handlers[slot]), *result = NULL;
    bool complete = handler != NULL;
    for (int i = 0; i < n; i++) complete &= args[i] != NULL;
    if (complete) {
        bool nested = self->in_callback;
        self->in_callback = true;
        result = PyObject_Vectorcall(handler, args, (size_t)n, NULL);
        self->in_callback = nested;
        if (!result) _PyTraceback_Add(handler_table[slot].name, __FILE__, line);
    }
    for (int i = 0; i < n; i++) Py_XDECREF(args[i]);
    Py_XDECREF(handler);
    if (!result && PyErr_Occurred()) fail(self);
    return result;
}
#define CALL(self, slot, ...) \
    call_handler(self, slot, __LINE__, (PyObject *[]){__VA_ARGS__}, (int)(sizeof((PyObject *[]){__VA_ARGS__}) / sizeof(PyObject *)))

static int hand_over_text(Parser *self, const XML_Char *s, int n) {
    if (!self->handlers[SLOT_CharacterData]) return 0;
    PyObject *result = CALL(self, SLOT_CharacterData, PyUnicode_DecodeUTF8(s, n, "strict"));
    Py_XDECREF(result);
    return result || !PyErr_Occurred() ? 0 : -1;
}
static int flush(Parser *self) {
    int n = self->buffer_used;
    self->buffer_used = 0;
    return n ? hand_over_text(self, self->buffer, n) : 0;
}
/* Whether the slot's handler is to be called now, text before the event having been handed over. */
static bool begin(Parser *self, Slot slot) { return self->handlers[slot] && !PyErr_Occurred() && flush(self) == 0 && self->handlers[slot]; }

static void on_CharacterData(void *userdata, const XML_Char *s, int n) {
    Parser *self = userdata;
    if (PyErr_Occurred()) return;
    if (self->buffer && n > self->buffer_size - self->buffer_used) {
        if (flush(self) < 0 || !self->handlers[SLOT_CharacterData]) return;
    }
    if (!self->buffer || n > self->buffer_size) {
        hand_over_text(self, s, n);
        return;
    }
    memcpy(self->buffer + self->buffer_used, s, (size_t)n);
    self->buffer_used += n;
}

/* The attributes as a dict, or as a list of names and values in turn. */
static PyObject *attributes_of(Parser *self, const XML_Char **attributes) {
    int n = 0;
    if (self->specified_attributes) n = XML_GetSpecifiedAttributeCount(self->expat);
    else
        while (attributes[n]) n += 2;
    PyObject *result = self->ordered_attributes ? PyList_New(n) : PyDict_New();
    for (int i = 0; result && i < n; i += 2) {
        PyObject *key = name(self, attributes[i]), *value = key ? text(attributes[i + 1]) : NULL;
        if (value && self->ordered_attributes) {
            PyList_SET_ITEM(result, i, key);
            PyList_SET_ITEM(result, i + 1, value);
            continue;
        }
        if (!value || PyDict_SetItem(result, key, value) < 0) Py_CLEAR(result);
        Py_XDECREF(key);
        Py_XDECREF(value);
    }
    return result;
}
static void on_StartElement(void *userdata, const XML_Char *tag, const XML_Char **attributes) {
    Parser *self = userdata;
    if (!begin(self, SLOT_StartElement)) return;
    PyObject *container = attributes_of(self, attributes);
    if (!container) {
        fail(self);
        return;
    }
    Py_XDECREF(CALL(self, SLOT_StartElement, name(self, tag), container));
}

/* (type, quantifier, name, children) */
static PyObject *content_model(const XML_Content *model) {
    if (Py_EnterRecursiveCall(" in conv_content_model")) return NULL;
    PyObject *result = NULL, *children = PyTuple_New(model->numchildren);
    for (unsigned i = 0; children && i < model->numchildren; i++) {
        PyObject *child = content_model(&model->children[i]);
        if (child) PyTuple_SET_ITEM(children, i, child);
        else Py_CLEAR(children);
    }
    if (children) result = Py_BuildValue("(iiO&N)", model->type, model->quant, text, model->name, children);
    Py_LeaveRecursiveCall();
    return result;
}
static void on_ElementDecl(void *userdata, const XML_Char *tag, XML_Content *model) {
    Parser *self = userdata;
    if (begin(self, SLOT_ElementDecl)) {
        PyObject *content = content_model(model);
        if (!content) fail(self);
        else Py_XDECREF(CALL(self, SLOT_ElementDecl, name(self, tag), content));
    }
    XML_FreeContentModel(self->expat, model);
}

/* The others hand their arguments over as they are. */
#define HANDLER(slot, parameters, ...)                                                             \
    static void on_##slot parameters {                                                             \
        Parser *self = userdata;                                                                   \
        if (begin(self, SLOT_##slot)) Py_XDECREF(CALL(self, SLOT_##slot, __VA_ARGS__));            \
    }
#define HANDLER_WITHOUT_ARGUMENTS(slot)                                                                                      \
    static void on_##slot(void *userdata) {                                                                                  \
        Parser *self = userdata;                                                                                             \
        if (begin(self, SLOT_##slot)) Py_XDECREF(call_handler(self, SLOT_##slot, __LINE__, (PyObject *[]){NULL}, 0));        \
    }
typedef const XML_Char *Text;
HANDLER(EndElement, (void *userdata, Text tag), name(self, tag))
HANDLER(ProcessingInstruction, (void *userdata, Text target, Text data), name(self, target), text(data))
HANDLER(UnparsedEntityDecl, (void *userdata, Text entity, Text base, Text system, Text public, Text notation), name(self, entity), name(self, base),
        name(self, system), name(self, public), name(self, notation))
HANDLER(EntityDecl, (void *userdata, Text entity, int parameter, Text value, int n, Text base, Text system, Text public, Text notation), name(self, entity),
        PyLong_FromLong(parameter), value ? PyUnicode_DecodeUTF8(value, n, "strict") : Py_NewRef(Py_None), name(self, base), name(self, system),
        name(self, public), name(self, notation))
HANDLER(NotationDecl, (void *userdata, Text notation, Text base, Text system, Text public), name(self, notation), name(self, base), name(self, system),
        name(self, public))
HANDLER(StartNamespaceDecl, (void *userdata, Text prefix, Text uri), name(self, prefix), name(self, uri))
HANDLER(EndNamespaceDecl, (void *userdata, Text prefix), name(self, prefix))
HANDLER(Comment, (void *userdata, Text data), text(data))
HANDLER_WITHOUT_ARGUMENTS(StartCdataSection)
HANDLER_WITHOUT_ARGUMENTS(EndCdataSection)
HANDLER(Default, (void *userdata, Text s, int n), PyUnicode_DecodeUTF8(s, n, "strict"))
HANDLER(DefaultHandlerExpand, (void *userdata, Text s, int n), PyUnicode_DecodeUTF8(s, n, "strict"))
HANDLER(StartDoctypeDecl, (void *userdata, Text doctype, Text system, Text public, int internal), name(self, doctype), name(self, system),
        name(self, public), PyLong_FromLong(internal))
HANDLER_WITHOUT_ARGUMENTS(EndDoctypeDecl)
HANDLER(XmlDecl, (void *userdata, Text version, Text encoding, int standalone), text(version), text(encoding), PyLong_FromLong(standalone))
HANDLER(AttlistDecl, (void *userdata, Text element, Text attribute, Text type, Text value, int required), name(self, element), name(self, attribute),
        text(type), text(value), PyLong_FromLong(required))
HANDLER(SkippedEntity, (void *userdata, Text entity, int parameter), name(self, entity), PyLong_FromLong(parameter))

/* What a handler that decides has answered (taken over; NULL: it failed), as an int; 0 stops the parser. */
static int decision(Parser *self, PyObject *result) {
    if (!result) return 0;
    int r = _PyLong_AsInt(result);
    Py_DECREF(result);
    if (r == -1 && PyErr_Occurred()) {
        fail(self);
        return 0;
    }
    return r;
}
static int on_NotStandalone(void *userdata) {
    Parser *self = userdata;
    return begin(self, SLOT_NotStandalone) ? decision(self, call_handler(self, SLOT_NotStandalone, __LINE__, (PyObject *[]){NULL}, 0)) : 0;
}
static int on_ExternalEntityRef(XML_Parser parser, Text context, Text base, Text system, Text public) {
    Parser *self = XML_GetUserData(parser);
    if (!begin(self, SLOT_ExternalEntityRef)) return 0;
    return decision(self, CALL(self, SLOT_ExternalEntityRef, text(context), name(self, base), name(self, system), name(self, public)));
}

/* An encoding libexpat doesn't know: one of Python's, if a byte is a character in it. */
static int on_unknown_encoding(void *unused, const XML_Char *encoding, XML_Encoding *info) {
    char all[256];
    if (PyErr_Occurred()) return XML_STATUS_ERROR;
    for (int i = 0; i < 256; i++) all[i] = (char)i;
    PyObject *decoded = PyUnicode_Decode(all, 256, encoding, "replace");
    if (!decoded) return XML_STATUS_ERROR;
    int r = XML_STATUS_ERROR;
    if (PyUnicode_READY(decoded) < 0) {
    } else if (PyUnicode_GET_LENGTH(decoded) != 256) {
        PyErr_SetString(PyExc_ValueError, "multi-byte encodings are not supported");
    } else {
        for (int i = 0; i < 256; i++) {
            Py_UCS4 c = PyUnicode_READ_CHAR(decoded, i);
            info->map[i] = c == Py_UNICODE_REPLACEMENT_CHARACTER ? -1 : (int)c;
        }
        info->data = NULL;
        info->convert = NULL;
        info->release = NULL;
        r = XML_STATUS_OK;
    }
    Py_DECREF(decoded);
    return r;
}

#define KR_HANDLER(slot, attribute, setter) {#slot, (void (*)(XML_Parser, GenericFunction))(GenericFunction)setter, (GenericFunction)on_##slot},
static const typeof(handler_table[0]) handler_table[SLOT_COUNT] = {KR_HANDLERS};
#undef KR_HANDLER

/* ------------------------------------------------------------------ making and freeing */

static Parser *new_parser(ModuleState *state, XML_Parser expat, PyObject *intern) {
    Parser *self = PyObject_GC_New(Parser, state->parser_type);
    if (!self) {
        XML_ParserFree(expat);
        return NULL;
    }
    memset((char *)self + offsetof(Parser, expat), 0, sizeof *self - offsetof(Parser, expat));
    self->expat = expat;
    self->intern = Py_XNewRef(intern);
    self->buffer_size = BUFFER_SIZE;
    XML_SetUserData(expat, self);
    XML_SetUnknownEncodingHandler(expat, on_unknown_encoding, NULL);
    return self;
}

static int parser_traverse(PyObject *o, visitproc visit, void *arg) {
    Parser *self = PARSER(o);
    Py_VISIT(Py_TYPE(o));
    Py_VISIT(self->parent);
    Py_VISIT(self->intern);
    for (int i = 0; i < SLOT_COUNT; i++) Py_VISIT(self->handlers[i]);
    return 0;
}
/* The parent stays: parents make no cycle, and libexpat needs it. */
static int parser_clear(PyObject *o) {
    drop_handlers(PARSER(o));
    Py_CLEAR(PARSER(o)->intern);
    return 0;
}
static void parser_dealloc(PyObject *o) {
    Parser *self = PARSER(o);
    PyTypeObject *type = Py_TYPE(o);
    PyObject_GC_UnTrack(o);
    parser_clear(o);
    XML_ParserFree(self->expat);
    Py_XDECREF(self->parent);
    PyMem_Free(self->buffer);
    PyObject_GC_Del(o);
    Py_DECREF(type);
}

static bool is_text_or_none(PyObject *o, const char **value, const char *argument) {
    Py_ssize_t n;
    *value = NULL;
    if (o == NULL || o == Py_None) return true;
    if (!PyUnicode_Check(o)) {
        _PyArg_BadArgument("ParserCreate", argument, "str or None", o);
        return false;
    }
    if (!(*value = PyUnicode_AsUTF8AndSize(o, &n))) return false;
    if (strlen(*value) == (size_t)n) return true;
    PyErr_SetString(PyExc_ValueError, "embedded null character");
    return false;
}

PyDoc_STRVAR(parser_create_doc, "ParserCreate($module, /, encoding=None, namespace_separator=None,\n             intern=<unrepresentable>)\n--\n\n"
                                "A new XML parser. Without intern it keeps a dict of names of its own, with None it keeps none.");
static PyObject *parser_create(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"encoding", "namespace_separator", "intern", NULL};
    static _PyArg_Parser parser = {NULL, keywords, "ParserCreate", 0};
    PyObject *given[3] = {NULL, NULL, NULL}, *buffer[3];
    ModuleState *state = PyModule_GetState(module);
    const char *encoding, *separator;
    PyObject *const *a = _PyArg_UnpackKeywords(args, nargs, NULL, kwnames, &parser, 0, 3, 0, buffer);
    if (!a) return NULL;
    Py_ssize_t n = nargs + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
    for (int i = 0; i < 3 && n > 0; i++)
        if ((given[i] = a[i]) != NULL) n--;
    if (!is_text_or_none(given[0], &encoding, "argument 'encoding'") || !is_text_or_none(given[1], &separator, "argument 'namespace_separator'")) return NULL;
    if (separator && strlen(separator) > 1) {
        PyErr_SetString(PyExc_ValueError, "namespace_separator must be at most one character, omitted, or None");
        return NULL;
    }
    PyObject *intern = given[2];
    if (intern && intern != Py_None && !PyDict_Check(intern)) {
        PyErr_SetString(PyExc_TypeError, "intern must be a dictionary");
        return NULL;
    }
    intern = intern == Py_None ? NULL : intern ? Py_NewRef(intern) : PyDict_New();
    if (!intern && PyErr_Occurred()) return NULL;
    static const XML_Memory_Handling_Suite memory = {PyMem_Malloc, PyMem_Realloc, PyMem_Free};
    XML_Parser expat = XML_ParserCreate_MM(encoding, &memory, separator);
    Parser *self = NULL;
    if (!expat) {
        PyErr_SetString(PyExc_RuntimeError, "XML_ParserCreate failed");
    } else if ((self = new_parser(state, expat, intern)) != NULL) {
        XML_SetHashSalt(expat, (unsigned long)_Py_HashSecret.expat.hashsalt);
        PyObject_GC_Track(self);
    }
    Py_XDECREF(intern);
    return (PyObject *)self;
}

PyDoc_STRVAR(external_create_doc, "ExternalEntityParserCreate($self, context, encoding=<unrepresentable>,\n                           /)\n--\n\n"
                                  "A parser for an external entity, with this one's handlers; context is what the ExternalEntityRefHandler was given.");
static PyObject *parser_external_entity_parser_create(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    Parser *self = PARSER(o), *child;
    const char *context = NULL, *encoding = NULL;
    if (nargs < 1 || nargs > 2) {
        PyErr_Format(PyExc_TypeError, "ExternalEntityParserCreate() takes at %s %d positional argument%s (%zd given)", nargs < 1 ? "least" : "most",
                     nargs < 1 ? 1 : 2, nargs < 1 ? "" : "s", nargs);
        return NULL;
    }
    if (!_PyArg_ParseStack(args, nargs, "z|s:ExternalEntityParserCreate", &context, &encoding)) return NULL;
    XML_Parser expat = XML_ExternalEntityParserCreate(self->expat, context, encoding);
    if (!expat) return PyErr_NoMemory();
    if (!(child = new_parser(state_of(self), expat, self->intern))) return NULL;
    child->parent = (Parser *)Py_NewRef(o);
    child->buffer_size = self->buffer_size;
    child->ordered_attributes = self->ordered_attributes;
    child->specified_attributes = self->specified_attributes;
    child->namespace_prefixes = self->namespace_prefixes;
    for (int i = 0; i < SLOT_COUNT; i++) child->handlers[i] = Py_XNewRef(self->handlers[i]); /* libexpat has copied which are installed */
    if (self->buffer && !(child->buffer = PyMem_Malloc((size_t)child->buffer_size))) {
        Py_DECREF(child);
        return PyErr_NoMemory();
    }
    PyObject_GC_Track(child);
    return (PyObject *)child;
}

/* ------------------------------------------------------------------ parsing */

/* Says that libexpat is about to be entered; false with an exception if it has not been left yet. */
static bool enter(Parser *self) {
    if (self->running) {
        PyErr_SetString(PyExc_RuntimeError, "the parser is running: its handlers cannot give it more to parse");
        return false;
    }
    return self->running = true;
}
/* Ends what enter() began: the result for a caller whom libexpat gave status. */
static PyObject *leave(Parser *self, enum XML_Status status) {
    self->running = false;
    if (PyErr_Occurred()) return NULL;
    if (status == XML_STATUS_ERROR) return raise_error(self, XML_GetErrorCode(self->expat));
    return flush(self) < 0 ? NULL : PyLong_FromLong((long)status);
}

PyDoc_STRVAR(parse_doc, "Parse($self, data, isfinal=False, /)\n--\n\nParses a piece of a document; isfinal says that it is the last.");
static PyObject *parser_parse(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    Parser *self = PARSER(o);
    Py_buffer view = {0};
    const char *data;
    Py_ssize_t n;
    if (!_PyArg_CheckPositional("Parse", nargs, 1, 2)) return NULL;
    int final = nargs > 1 ? PyObject_IsTrue(args[1]) : 0;
    if (final < 0) return NULL;
    if (PyUnicode_Check(args[0])) {
        if (!(data = PyUnicode_AsUTF8AndSize(args[0], &n))) return NULL;
    } else {
        if (PyObject_GetBuffer(args[0], &view, PyBUF_SIMPLE) < 0) return NULL;
        data = view.buf;
        n = view.len;
    }
    PyObject *result = NULL;
    if (enter(self)) {
        enum XML_Status status = XML_STATUS_OK;
        if (!view.obj) (void)XML_SetEncoding(self->expat, "utf-8"); /* no more than a wish once parsing has begun */
        for (; n > CHUNK_SIZE && status == XML_STATUS_OK; data += CHUNK_SIZE, n -= CHUNK_SIZE) {
            status = XML_Parse(self->expat, data, CHUNK_SIZE, 0);
            if (PyErr_Occurred()) status = XML_STATUS_ERROR;
        }
        if (status == XML_STATUS_OK) status = XML_Parse(self->expat, data, (int)n, final);
        result = leave(self, status);
    }
    if (view.obj) PyBuffer_Release(&view);
    return result;
}

/* read(READ_SIZE) into at: how many bytes came, or -1. */
static Py_ssize_t read_into(PyObject *read, PyObject *size, char *at) {
    PyObject *data = PyObject_CallOneArg(read, size);
    if (!data) return -1;
    Py_ssize_t n = -1;
    const char *bytes = NULL;
    if (PyBytes_Check(data)) {
        bytes = PyBytes_AS_STRING(data);
        n = PyBytes_GET_SIZE(data);
    } else if (PyByteArray_Check(data)) {
        bytes = PyByteArray_AS_STRING(data);
        n = PyByteArray_GET_SIZE(data);
    } else {
        PyErr_Format(PyExc_TypeError, "read() did not return a bytes object (type=%.400s)", Py_TYPE(data)->tp_name);
    }
    if (n > READ_SIZE) {
        PyErr_Format(PyExc_ValueError, "read() returned too much data: %i bytes requested, %zd returned", READ_SIZE, n);
        n = -1;
    }
    if (n > 0) memcpy(at, bytes, (size_t)n);
    Py_DECREF(data);
    return n;
}
PyDoc_STRVAR(parse_file_doc, "ParseFile($self, file, /)\n--\n\nParses what the file's read() gives, to its end.");
static PyObject *parser_parse_file(PyObject *o, PyObject *file) {
    Parser *self = PARSER(o);
    PyObject *read, *size, *result = NULL;
    if (_PyObject_LookupAttr(file, KR_STR(read), &read) < 0) return NULL;
    if (!read) {
        PyErr_SetString(PyExc_TypeError, "argument must have 'read' attribute");
        return NULL;
    }
    if ((size = PyLong_FromLong(READ_SIZE)) != NULL && enter(self)) {
        enum XML_Status status;
        Py_ssize_t n;
        do {
            void *room = XML_GetBuffer(self->expat, READ_SIZE);
            if (!room) {
                status = XML_STATUS_ERROR;
                break;
            }
            if ((n = read_into(read, size, room)) < 0) {
                status = XML_STATUS_ERROR;
                break;
            }
            status = XML_ParseBuffer(self->expat, (int)n, n == 0);
        } while (status == XML_STATUS_OK && n > 0 && !PyErr_Occurred());
        result = leave(self, status);
    }
    Py_XDECREF(size);
    Py_DECREF(read);
    return result;
}

/* ------------------------------------------------------------------ the other methods */

PyDoc_STRVAR(set_base_doc, "SetBase($self, base, /)\n--\n\nSets the base that relative system identifiers of declarations are to be resolved against.");
static PyObject *parser_set_base(PyObject *o, PyObject *base) {
    Py_ssize_t n;
    if (!PyUnicode_Check(base)) {
        _PyArg_BadArgument("SetBase", "argument", "str", base);
        return NULL;
    }
    const char *s = PyUnicode_AsUTF8AndSize(base, &n);
    if (!s) return NULL;
    if (strlen(s) != (size_t)n) {
        PyErr_SetString(PyExc_ValueError, "embedded null character");
        return NULL;
    }
    return XML_SetBase(PARSER(o)->expat, s) ? Py_NewRef(Py_None) : PyErr_NoMemory();
}
PyDoc_STRVAR(get_base_doc, "GetBase($self, /)\n--\n\nWhat SetBase() has set, or None.");
static PyObject *parser_get_base(PyObject *o, PyObject *unused) { return text(XML_GetBase(PARSER(o)->expat)); }

PyDoc_STRVAR(get_input_context_doc, "GetInputContext($self, /)\n--\n\nThe input from where the current event began, as far as the parser still has it.\n\n"
                                    "None outside a handler.");
static PyObject *parser_get_input_context(PyObject *o, PyObject *unused) {
    int offset, size;
    const char *buffer = PARSER(o)->in_callback ? XML_GetInputContext(PARSER(o)->expat, &offset, &size) : NULL;
    return buffer ? PyBytes_FromStringAndSize(buffer + offset, size - offset) : Py_NewRef(Py_None);
}

PyDoc_STRVAR(set_param_entity_parsing_doc, "SetParamEntityParsing($self, flag, /)\n--\n\nSays whether parameter entities, and an external DTD, are parsed.\n\n"
                                           "The flag is one of XML_PARAM_ENTITY_PARSING_NEVER, _UNLESS_STANDALONE and\n_ALWAYS. Gives whether it could be set.");
static PyObject *parser_set_param_entity_parsing(PyObject *o, PyObject *flag) {
    int value = _PyLong_AsInt(flag);
    if (value == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLong(XML_SetParamEntityParsing(PARSER(o)->expat, value));
}

PyDoc_STRVAR(use_foreign_dtd_doc, "UseForeignDTD($self, flag=True, /)\n--\n\nMakes a document without an external subset ask for one.");
static PyObject *parser_use_foreign_dtd(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("UseForeignDTD", nargs, 0, 1)) return NULL;
    int flag = nargs ? PyObject_IsTrue(args[0]) : 1;
    if (flag < 0) return NULL;
    enum XML_Error code = XML_UseForeignDTD(PARSER(o)->expat, flag ? XML_TRUE : XML_FALSE);
    return code == XML_ERROR_NONE ? Py_NewRef(Py_None) : raise_error(PARSER(o), code);
}

static PyMethodDef parser_methods[] = {
    {"Parse", KR_METH(parser_parse), METH_FASTCALL, parse_doc},
    {"ParseFile", parser_parse_file, METH_O, parse_file_doc},
    {"SetBase", parser_set_base, METH_O, set_base_doc},
    {"GetBase", parser_get_base, METH_NOARGS, get_base_doc},
    {"GetInputContext", parser_get_input_context, METH_NOARGS, get_input_context_doc},
    {"ExternalEntityParserCreate", KR_METH(parser_external_entity_parser_create), METH_FASTCALL, external_create_doc},
    {"SetParamEntityParsing", parser_set_param_entity_parsing, METH_O, set_param_entity_parsing_doc},
    {"UseForeignDTD", KR_METH(parser_use_foreign_dtd), METH_FASTCALL, use_foreign_dtd_doc},
    {NULL}};

/* ------------------------------------------------------------------ attributes */

static PyObject *get_handler(PyObject *o, void *closure) {
    PyObject *handler = PARSER(o)->handlers[(intptr_t)closure];
    return Py_NewRef(handler ? handler : Py_None);
}
static int refuse_deletion(void) {
    PyErr_SetString(PyExc_RuntimeError, "Cannot delete attribute");
    return -1;
}
/* libexpat looks at the text handler once for a run of text, so taking it away while it runs leaves one that does nothing. */
static int set_handler(PyObject *o, PyObject *value, void *closure) {
    Parser *self = PARSER(o);
    Slot slot = (Slot)(intptr_t)closure;
    if (!value) return refuse_deletion();
    if (slot == SLOT_CharacterData && flush(self) < 0) return -1;   /* what has come so far is for the old one */
    GenericFunction function = value == Py_None ? NULL : handler_table[slot].function;
    if (!function && slot == SLOT_CharacterData && self->in_callback) function = (GenericFunction)ignore_text;
    handler_table[slot].install(self->expat, function);
    Py_XSETREF(self->handlers[slot], value == Py_None ? NULL : Py_NewRef(value));
    return 0;
}

static PyObject *get_buffer_text(PyObject *o, void *unused) { return PyBool_FromLong(PARSER(o)->buffer != NULL); }
static int set_buffer_text(PyObject *o, PyObject *value, void *unused) {
    Parser *self = PARSER(o);
    if (!value) return refuse_deletion();
    int on = PyObject_IsTrue(value);
    if (on < 0) return -1;
    if (!on && self->buffer) {
        if (flush(self) < 0) return -1;
        PyMem_Free(self->buffer);
        self->buffer = NULL;
    } else if (on && !self->buffer) {
        if (!(self->buffer = PyMem_Malloc((size_t)self->buffer_size))) {
            PyErr_NoMemory();
            return -1;
        }
        self->buffer_used = 0;
    }
    return 0;
}

static PyObject *get_buffer_size(PyObject *o, void *unused) { return PyLong_FromLong(PARSER(o)->buffer_size); }
static int set_buffer_size(PyObject *o, PyObject *value, void *unused) {
    Parser *self = PARSER(o);
    if (!value) return refuse_deletion();
    if (!PyLong_Check(value)) {
        PyErr_SetString(PyExc_TypeError, "buffer_size must be an integer");
        return -1;
    }
    long size = PyLong_AsLong(value);
    if (size == -1 && PyErr_Occurred()) return -1;
    if (size <= 0) {
        PyErr_SetString(PyExc_ValueError, "buffer_size must be greater than zero");
        return -1;
    }
    if (size > INT_MAX) {
        PyErr_Format(PyExc_ValueError, "buffer_size must not be greater than %i", INT_MAX);
        return -1;
    }
    if (self->buffer && size != self->buffer_size) {
        if (flush(self) < 0) return -1;
        XML_Char *buffer = PyMem_Malloc((size_t)size);
        if (!buffer) {
            PyErr_NoMemory();
            return -1;
        }
        PyMem_Free(self->buffer);
        self->buffer = buffer;
        self->buffer_used = 0;
    }
    self->buffer_size = (int)size;
    return 0;
}
static PyObject *get_buffer_used(PyObject *o, void *unused) { return PyLong_FromLong(PARSER(o)->buffer_used); }

/* A bool of the struct, at the offset that is the closure. */
static PyObject *get_flag(PyObject *o, void *offset) { return PyBool_FromLong(*((bool *)o + (intptr_t)offset)); }
static int set_flag(PyObject *o, PyObject *value, void *offset) {
    if (!value) return refuse_deletion();
    int on = PyObject_IsTrue(value);
    if (on < 0) return -1;
    *((bool *)o + (intptr_t)offset) = on;
    if ((intptr_t)offset == offsetof(Parser, namespace_prefixes)) XML_SetReturnNSTriplet(PARSER(o)->expat, on);
    return 0;
}

static PyObject *get_error_code(PyObject *o, void *unused) { return PyLong_FromLong((long)XML_GetErrorCode(PARSER(o)->expat)); }
static PyObject *get_line(PyObject *o, void *unused) { return PyLong_FromSize_t(XML_GetCurrentLineNumber(PARSER(o)->expat)); }
static PyObject *get_column(PyObject *o, void *unused) { return PyLong_FromSize_t(XML_GetCurrentColumnNumber(PARSER(o)->expat)); }
static PyObject *get_byte_index(PyObject *o, void *unused) { return PyLong_FromLong(XML_GetCurrentByteIndex(PARSER(o)->expat)); }

#define KR_HANDLER(slot, attribute, setter) {#attribute, get_handler, set_handler, NULL, (void *)(intptr_t)SLOT_##slot},
#define FLAG(attribute) {#attribute, get_flag, set_flag, NULL, (void *)offsetof(Parser, attribute)}
static PyGetSetDef parser_getset[] = {
    KR_HANDLERS
    {"ErrorCode", get_error_code},
    {"ErrorLineNumber", get_line},
    {"ErrorColumnNumber", get_column},
    {"ErrorByteIndex", get_byte_index},
    {"CurrentLineNumber", get_line},
    {"CurrentColumnNumber", get_column},
    {"CurrentByteIndex", get_byte_index},
    {"buffer_size", get_buffer_size, set_buffer_size},
    {"buffer_text", get_buffer_text, set_buffer_text},
    {"buffer_used", get_buffer_used},
    FLAG(namespace_prefixes),
    FLAG(ordered_attributes),
    FLAG(specified_attributes),
    {NULL}};
#undef KR_HANDLER
static PyMemberDef parser_members[] = {{"intern", T_OBJECT, offsetof(Parser, intern), READONLY, NULL}, {NULL}};

static PyType_Slot parser_slots[] = {{Py_tp_dealloc, parser_dealloc}, {Py_tp_doc, (void *)"XML parser"}, {Py_tp_traverse, parser_traverse},
                                     {Py_tp_clear, parser_clear}, {Py_tp_methods, parser_methods}, {Py_tp_members, parser_members},
                                     {Py_tp_getset, parser_getset}, {0, NULL}};
static PyType_Spec parser_spec = {"pyexpat.xmlparser", sizeof(Parser), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, parser_slots};

/* ------------------------------------------------------------------ the module */

PyDoc_STRVAR(error_string_doc, "ErrorString($module, code, /)\n--\n\nWhat an error's number means, or None.");
static PyObject *error_string(PyObject *module, PyObject *code) {
    long value = PyLong_AsLong(code);
    if (value == -1 && PyErr_Occurred()) return NULL;
    return text(XML_ErrorString((enum XML_Error)value));
}

/* An empty module pyexpat.<name>, known to sys.modules (borrowed), as attribute <name> of this one. */
static PyObject *add_submodule(PyObject *module, const char *full_name, const char *doc) {
    PyObject *submodule = PyImport_AddModule(full_name);
    if (!submodule || PyModule_SetDocString(submodule, doc) < 0 || PyModule_AddObjectRef(module, strchr(full_name, '.') + 1, submodule) < 0) return NULL;
    return submodule;
}

static const struct {
    const char *name;
    int value;
} model_constants[] = {
#define C(name) {#name, name}
    C(XML_CTYPE_EMPTY), C(XML_CTYPE_ANY), C(XML_CTYPE_MIXED), C(XML_CTYPE_NAME), C(XML_CTYPE_CHOICE),
    C(XML_CTYPE_SEQ),   C(XML_CQUANT_NONE), C(XML_CQUANT_OPT), C(XML_CQUANT_REP), C(XML_CQUANT_PLUS),
}, parsing_constants[] = {
    C(XML_PARAM_ENTITY_PARSING_NEVER), C(XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE), C(XML_PARAM_ENTITY_PARSING_ALWAYS),
}, error_constants[] = {
    C(XML_ERROR_NO_MEMORY), C(XML_ERROR_SYNTAX), C(XML_ERROR_NO_ELEMENTS), C(XML_ERROR_INVALID_TOKEN), C(XML_ERROR_UNCLOSED_TOKEN),
    C(XML_ERROR_PARTIAL_CHAR), C(XML_ERROR_TAG_MISMATCH), C(XML_ERROR_DUPLICATE_ATTRIBUTE), C(XML_ERROR_JUNK_AFTER_DOC_ELEMENT),
    C(XML_ERROR_PARAM_ENTITY_REF), C(XML_ERROR_UNDEFINED_ENTITY), C(XML_ERROR_RECURSIVE_ENTITY_REF), C(XML_ERROR_ASYNC_ENTITY),
    C(XML_ERROR_BAD_CHAR_REF), C(XML_ERROR_BINARY_ENTITY_REF), C(XML_ERROR_ATTRIBUTE_EXTERNAL_ENTITY_REF), C(XML_ERROR_MISPLACED_XML_PI),
    C(XML_ERROR_UNKNOWN_ENCODING), C(XML_ERROR_INCORRECT_ENCODING), C(XML_ERROR_UNCLOSED_CDATA_SECTION), C(XML_ERROR_EXTERNAL_ENTITY_HANDLING),
    C(XML_ERROR_NOT_STANDALONE), C(XML_ERROR_UNEXPECTED_STATE), C(XML_ERROR_ENTITY_DECLARED_IN_PE), C(XML_ERROR_FEATURE_REQUIRES_XML_DTD),
    C(XML_ERROR_CANT_CHANGE_FEATURE_ONCE_PARSING), C(XML_ERROR_UNBOUND_PREFIX), C(XML_ERROR_UNDECLARING_PREFIX), C(XML_ERROR_INCOMPLETE_PE),
    C(XML_ERROR_XML_DECL), C(XML_ERROR_TEXT_DECL), C(XML_ERROR_PUBLICID), C(XML_ERROR_SUSPENDED), C(XML_ERROR_NOT_SUSPENDED), C(XML_ERROR_ABORTED),
    C(XML_ERROR_FINISHED), C(XML_ERROR_SUSPEND_PE), C(XML_ERROR_RESERVED_PREFIX_XML), C(XML_ERROR_RESERVED_PREFIX_XMLNS),
    C(XML_ERROR_RESERVED_NAMESPACE_URI), C(XML_ERROR_INVALID_ARGUMENT), C(XML_ERROR_NO_BUFFER), C(XML_ERROR_AMPLIFICATION_LIMIT_BREACH),
#undef C
};

/* pyexpat.errors: a message for each name, and the dicts codes {message: number} and messages {number: message}. */
static int add_errors(PyObject *module) {
    PyObject *errors = add_submodule(module, "pyexpat.errors", "Constants used to describe error conditions."), *codes, *messages;
    if (!errors) return -1;
    codes = PyDict_New();
    messages = PyDict_New();
    int r = codes && messages ? 0 : -1;
    for (size_t i = 0; r == 0 && i < KR_ARRAY_LEN(error_constants); i++) {
        const char *message = XML_ErrorString((enum XML_Error)error_constants[i].value);
        PyObject *number = PyLong_FromLong(error_constants[i].value), *string = message ? PyUnicode_FromString(message) : Py_NewRef(Py_None);
        if (!number || !string || PyModule_AddObjectRef(errors, error_constants[i].name, string) < 0 || PyDict_SetItem(codes, string, number) < 0 ||
            PyDict_SetItem(messages, number, string) < 0)
            r = -1;
        Py_XDECREF(number);
        Py_XDECREF(string);
    }
    if (r == 0 && (PyModule_AddObjectRef(errors, "codes", codes) < 0 || PyModule_AddObjectRef(errors, "messages", messages) < 0)) r = -1;
    Py_XDECREF(codes);
    Py_XDECREF(messages);
    return r;
}
static int add_model(PyObject *module) {
    PyObject *model = add_submodule(module, "pyexpat.model", "Constants used to interpret content model information.");
    if (!model) return -1;
    for (size_t i = 0; i < KR_ARRAY_LEN(model_constants); i++)
        if (PyModule_AddIntConstant(model, model_constants[i].name, model_constants[i].value) < 0) return -1;
    return 0;
}
static int add_features(PyObject *module) {
    PyObject *list = PyList_New(0);
    for (const XML_Feature *f = XML_GetFeatureList(); list && f->feature != XML_FEATURE_END; f++) {
        PyObject *item = Py_BuildValue("(sl)", f->name, f->value);
        if (!item || PyList_Append(list, item) < 0) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    int r = PyModule_AddObjectRef(module, "features", list);
    Py_XDECREF(list);
    return r;
}
static int add_capi(PyObject *module, struct PyExpat_CAPI *capi) {
    *capi = (struct PyExpat_CAPI){
        .magic = PyExpat_CAPI_MAGIC, .size = sizeof *capi, .MAJOR_VERSION = XML_MAJOR_VERSION, .MINOR_VERSION = XML_MINOR_VERSION,
        .MICRO_VERSION = XML_MICRO_VERSION, .ErrorString = XML_ErrorString, .GetErrorCode = XML_GetErrorCode,
        .GetErrorColumnNumber = XML_GetErrorColumnNumber, .GetErrorLineNumber = XML_GetErrorLineNumber, .Parse = XML_Parse,
        .ParserCreate_MM = XML_ParserCreate_MM, .ParserFree = XML_ParserFree, .SetCharacterDataHandler = XML_SetCharacterDataHandler,
        .SetCommentHandler = XML_SetCommentHandler, .SetDefaultHandlerExpand = XML_SetDefaultHandlerExpand,
        .SetElementHandler = XML_SetElementHandler, .SetNamespaceDeclHandler = XML_SetNamespaceDeclHandler,
        .SetProcessingInstructionHandler = XML_SetProcessingInstructionHandler, .SetUnknownEncodingHandler = XML_SetUnknownEncodingHandler,
        .SetUserData = XML_SetUserData, .SetStartDoctypeDeclHandler = XML_SetStartDoctypeDeclHandler, .SetEncoding = XML_SetEncoding,
        .DefaultUnknownEncodingHandler = on_unknown_encoding, .SetHashSalt = XML_SetHashSalt};
    PyObject *capsule = PyCapsule_New(capi, PyExpat_CAPSULE_NAME, NULL);
    int r = PyModule_AddObjectRef(module, "expat_CAPI", capsule);
    Py_XDECREF(capsule);
    return r;
}

static int pyexpat_exec(PyObject *m) {
    ModuleState *state = PyModule_GetState(m);
    XML_Expat_Version version = XML_ExpatVersionInfo();
    state->parser_type = (PyTypeObject *)PyType_FromModuleAndSpec(m, &parser_spec, NULL);
    state->error = PyErr_NewException("xml.parsers.expat.ExpatError", NULL, NULL);
    if (!state->parser_type || !state->error || PyModule_AddObjectRef(m, "error", state->error) < 0 ||
        PyModule_AddObjectRef(m, "ExpatError", state->error) < 0 || PyModule_AddObjectRef(m, "XMLParserType", (PyObject *)state->parser_type) < 0 ||
        PyModule_AddStringConstant(m, "EXPAT_VERSION", XML_ExpatVersion()) < 0 || PyModule_AddStringConstant(m, "native_encoding", "UTF-8") < 0)
        return -1;
    PyObject *info = Py_BuildValue("(iii)", version.major, version.minor, version.micro);
    int r = PyModule_AddObjectRef(m, "version_info", info);
    Py_XDECREF(info);
    for (size_t i = 0; r == 0 && i < KR_ARRAY_LEN(parsing_constants); i++)
        r = PyModule_AddIntConstant(m, parsing_constants[i].name, parsing_constants[i].value);
    return r < 0 || add_errors(m) < 0 || add_model(m) < 0 || add_features(m) < 0 || add_capi(m, &state->capi) < 0 ? -1 : 0;
}
static int pyexpat_traverse(PyObject *m, visitproc visit, void *arg) {
    ModuleState *state = PyModule_GetState(m);
    Py_VISIT(state->parser_type);
    Py_VISIT(state->error);
    return 0;
}
static int pyexpat_clear(PyObject *m) {
    ModuleState *state = PyModule_GetState(m);
    Py_CLEAR(state->parser_type);
    Py_CLEAR(state->error);
    return 0;
}
static void pyexpat_free(void *m) { pyexpat_clear(m); }

static PyMethodDef pyexpat_methods[] = {{"ParserCreate", KR_METH(parser_create), METH_FASTCALL | METH_KEYWORDS, parser_create_doc},
                                        {"ErrorString", error_string, METH_O, error_string_doc},
                                        {NULL}};
static PyModuleDef_Slot pyexpat_slots[] = {{Py_mod_exec, pyexpat_exec}, {0, NULL}};
static struct PyModuleDef pyexpat_module = {PyModuleDef_HEAD_INIT,
                                            .m_name = "pyexpat",
                                            .m_doc = PyDoc_STR("Python wrapper for Expat parser."),
                                            .m_size = sizeof(ModuleState),
                                            .m_methods = pyexpat_methods,
                                            .m_slots = pyexpat_slots,
                                            .m_traverse = pyexpat_traverse,
                                            .m_clear = pyexpat_clear,
                                            .m_free = pyexpat_free};
PyMODINIT_FUNC PyInit_pyexpat(void) { return PyModuleDef_Init(&pyexpat_module); }
