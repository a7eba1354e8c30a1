/* xmlparser.c - XMLParser: libexpat's events as calls of a target.
 *
 * A target that is a TreeBuilder (no class below it) is `builder`: it is called in C, and text goes to it as bytes. For others `methods` has what the target offers.
 * libexpat goes on after an exception in a handler: every handler does nothing while one is set, and feed() then finds it.
 *
 * Names are turned into str once: a table maps libexpat's bytes to the str, which for "uri}tag" is "{uri}tag".
 */
#include "module/elementtree/elementtree.h"
#include <expat.h>
#include <pyexpat.h>

#define READ_SIZE (64 * 1024)

typedef struct {
    size_t hash, length;
    char *bytes;
    PyObject *name;                     /* NULL: free */
} Name;
typedef struct {
    Name *slots;
    size_t used, mask;                  /* open addressing, mask + 1 slots, at most two thirds used */
} Names;

#define METHODS M(start) M(data) M(end) M(comment) M(pi) M(start_ns) M(end_ns) M(close) M(doctype)
#define M(name) CALL_##name,
typedef enum { METHODS METHOD_COUNT } Method;
#undef M

typedef struct {
    PyObject_HEAD
    EtState *state;
    XML_Parser expat;                   /* NULL before __init__ */
    PyObject *target, *entity;          /* any object; dict of entities' texts */
    EtBuilder *builder;                 /* the target, if it is one (borrowed) */
    PyObject *methods[METHOD_COUNT];    /* of another target, or NULL */
    Names names;
    bool running;                       /* libexpat has been entered and not left */
} Parser;
#define PARSER(o) ((Parser *)(o))

/* libexpat, through pyexpat's capsule: the unknown encodings are its affair. */
static const struct PyExpat_CAPI *pyexpat(void) {
    const struct PyExpat_CAPI *capi = PyCapsule_Import(PyExpat_CAPSULE_NAME, 0);
    if (!capi) return NULL;
    if (strcmp(capi->magic, PyExpat_CAPI_MAGIC) == 0 && (size_t)capi->size >= sizeof *capi) return capi;
    PyErr_SetString(PyExc_ImportError, "pyexpat version is incompatible");
    return NULL;
}

/* ------------------------------------------------------------------ names */

static void free_names(Names *names) {
    for (size_t i = 0; names->slots && i <= names->mask; i++) {
        if (!names->slots[i].name) continue;
        Py_DECREF(names->slots[i].name);
        PyMem_Free(names->slots[i].bytes);
    }
    PyMem_Free(names->slots);
    *names = (Names){NULL, 0, 0};
}
static bool grow_names(Names *names) {
    size_t room = names->slots ? (names->mask + 1) * 2 : 64;
    Name *slots = PyMem_Calloc(room, sizeof *slots);
    if (!slots) {
        PyErr_NoMemory();
        return false;
    }
    for (size_t i = 0; names->slots && i <= names->mask; i++) {
        if (!names->slots[i].name) continue;
        size_t at = names->slots[i].hash & (room - 1);
        while (slots[at].name) at = (at + 1) & (room - 1);
        slots[at] = names->slots[i];
    }
    PyMem_Free(names->slots);
    names->slots = slots;
    names->mask = room - 1;
    return true;
}
/* "uri}tag" becomes "{uri}tag". */
static PyObject *make_name(const char *bytes, size_t n) {
    if (!memchr(bytes, '}', n)) return PyUnicode_DecodeUTF8(bytes, (Py_ssize_t)n, "strict");
    char *braced = PyMem_Malloc(n + 1);
    if (!braced) return PyErr_NoMemory();
    braced[0] = '{';
    memcpy(braced + 1, bytes, n);
    PyObject *name = PyUnicode_DecodeUTF8(braced, (Py_ssize_t)n + 1, "strict");
    PyMem_Free(braced);
    return name;
}
/* The str for a name of libexpat's (new reference). A document that was made to collide only makes its own parse slow. */
static PyObject *name_of(Parser *self, const char *bytes) {
    Names *names = &self->names;
    size_t hash = (size_t)_Py_HashSecret.expat.hashsalt, n = 0;
    for (; bytes[n]; n++) hash = (hash ^ (unsigned char)bytes[n]) * 0x100000001b3u;
    hash ^= hash >> 32;
    if (names->used * 3 >= (names->mask + 1) * 2 || !names->slots) {
        if (!grow_names(names)) return NULL;
    }
    size_t at = hash & names->mask;
    for (; names->slots[at].name; at = (at + 1) & names->mask) {
        Name *known = &names->slots[at];
        if (known->hash == hash && known->length == n && memcmp(known->bytes, bytes, n) == 0) return Py_NewRef(known->name);
    }
    PyObject *name = make_name(bytes, n);
    char *key = name ? PyMem_Malloc(n + 1) : NULL;
    if (!key) {
        Py_XDECREF(name);
        return name ? PyErr_NoMemory() : NULL;
    }
    memcpy(key, bytes, n);
    names->slots[at] = (Name){hash, n, key, Py_NewRef(name)};
    names->used++;
    return name;
}

/* ------------------------------------------------------------------ events */

static PyObject *text_or(const char *s, PyObject *otherwise) { return s ? PyUnicode_DecodeUTF8(s, (Py_ssize_t)strlen(s), "strict") : Py_XNewRef(otherwise); }

/* Calls the target's method, if it has that one, with the arguments, which are released; NULL among them is an exception that is set. */
static void call(Parser *self, Method method, PyObject **args, int n) {
    bool complete = true;
    for (int i = 0; i < n; i++) complete &= args[i] != NULL;
    PyObject *function = Py_XNewRef(self->methods[method]);
    if (complete && function) Py_XDECREF(PyObject_Vectorcall(function, args, (size_t)n, NULL));
    Py_XDECREF(function);
    for (int i = 0; i < n; i++) Py_XDECREF(args[i]);
}
#define CALL(self, method, ...) call(self, CALL_##method, (PyObject *[]){__VA_ARGS__}, (int)(sizeof((PyObject *[]){__VA_ARGS__}) / sizeof(PyObject *)))

/* Raises ParseError with libexpat's message for code, or the one given. */
static void raise_error(Parser *self, enum XML_Error code, const char *message) {
    size_t line = XML_GetErrorLineNumber(self->expat), column = XML_GetErrorColumnNumber(self->expat);
    if (!message) message = XML_ErrorString(code);
    PyObject *text = PyUnicode_FromFormat("%s: line %zu, column %zu", message ? message : "unknown error", line, column), *e = NULL;
    if (text) e = PyObject_CallOneArg(self->state->parse_error, text);
    PyObject *number = e ? PyLong_FromLong(code) : NULL, *position = number ? Py_BuildValue("(nn)", (Py_ssize_t)line, (Py_ssize_t)column) : NULL;
    if (position && PyObject_SetAttrString(e, "code", number) == 0 && PyObject_SetAttrString(e, "position", position) == 0)
        PyErr_SetObject(self->state->parse_error, e);
    Py_XDECREF(text);
    Py_XDECREF(e);
    Py_XDECREF(number);
    Py_XDECREF(position);
}

static PyObject *attributes(Parser *self, const XML_Char **list) {
    PyObject *dict = PyDict_New();
    for (; dict && list[0]; list += 2) {
        PyObject *key = name_of(self, list[0]), *value = key ? text_or(list[1], NULL) : NULL;
        if (!value || PyDict_SetItem(dict, key, value) < 0) Py_CLEAR(dict);
        Py_XDECREF(key);
        Py_XDECREF(value);
    }
    return dict;
}
static void on_start(void *data, const XML_Char *tag, const XML_Char **list) {
    Parser *self = data;
    if (PyErr_Occurred()) return;
    PyObject *name = name_of(self, tag), *attrib = NULL;
    if (name && (list[0] || !self->builder)) attrib = attributes(self, list);
    if (name && !PyErr_Occurred()) {
        if (!self->builder) {
            CALL(self, start, name, attrib);
            return;
        }
        Py_XDECREF(kr_et_builder_start(self->builder, name, attrib));
    }
    Py_XDECREF(name);
    Py_XDECREF(attrib);
}
static void on_end(void *data, const XML_Char *tag) {
    Parser *self = data;
    if (PyErr_Occurred()) return;
    if (self->builder) Py_XDECREF(kr_et_builder_end(self->builder));
    else if (self->methods[CALL_end]) CALL(self, end, name_of(self, tag));
}
static void on_text(void *data, const XML_Char *s, int n) {
    Parser *self = data;
    if (PyErr_Occurred()) return;
    if (self->builder) kr_et_builder_text(self->builder, s, (size_t)n);
    else if (self->methods[CALL_data]) CALL(self, data, PyUnicode_DecodeUTF8(s, n, "strict"));
}
/* What no other handler takes: of interest is the reference to an entity that the document doesn't declare. */
static void on_default(void *data, const XML_Char *s, int n) {
    Parser *self = data;
    if (n < 2 || s[0] != '&' || PyErr_Occurred()) return;
    PyObject *key = PyUnicode_DecodeUTF8(s + 1, n - 2, "strict"), *value = key ? PyDict_GetItemWithError(self->entity, key) : NULL;
    if (value) {
        if (self->builder) kr_et_builder_data(self->builder, value);
        else CALL(self, data, Py_NewRef(value));
    } else if (key && !PyErr_Occurred()) {
        char message[128] = "undefined entity ";
        strncat(message, s, n < 100 ? (size_t)n : 100);
        raise_error(self, XML_ERROR_UNDEFINED_ENTITY, message);
    }
    Py_XDECREF(key);
}
static void on_start_ns(void *data, const XML_Char *prefix, const XML_Char *uri) {
    Parser *self = data;
    if (PyErr_Occurred()) return;
    PyObject *p = text_or(prefix ? prefix : "", NULL), *u = p ? text_or(uri ? uri : "", NULL) : NULL;
    if (!self->builder) {
        CALL(self, start_ns, p, u);
        return;
    }
    PyObject *pair = u ? PyTuple_Pack(2, p, u) : NULL;
    if (pair) kr_et_builder_report(self->builder, ET_START_NS, pair);
    Py_XDECREF(pair);
    Py_XDECREF(p);
    Py_XDECREF(u);
}
static void on_end_ns(void *data, const XML_Char *prefix) {
    Parser *self = data;
    if (PyErr_Occurred()) return;
    if (self->builder) kr_et_builder_report(self->builder, ET_END_NS, Py_None);
    else CALL(self, end_ns, text_or(prefix ? prefix : "", NULL));
}
static void on_comment(void *data, const XML_Char *s) {
    Parser *self = data;
    if (PyErr_Occurred()) return;
    PyObject *text = text_or(s, NULL);
    if (!self->builder) {
        CALL(self, comment, text);
        return;
    }
    if (text) Py_XDECREF(kr_et_builder_comment(self->builder, text));
    Py_XDECREF(text);
}
static void on_pi(void *data, const XML_Char *target, const XML_Char *s) {
    Parser *self = data;
    if (PyErr_Occurred()) return;
    EtBuilder *builder = self->builder;
    if (builder && !builder->insert_pis && !(builder->append_event && builder->events[ET_PI])) return;
    PyObject *name = text_or(target, NULL), *text = name ? text_or(s ? s : "", NULL) : NULL;
    if (!builder) {
        CALL(self, pi, name, text);
        return;
    }
    if (text) Py_XDECREF(kr_et_builder_pi(builder, name, text));
    Py_XDECREF(name);
    Py_XDECREF(text);
}
static void on_doctype(void *data, const XML_Char *doctype, const XML_Char *system, const XML_Char *public, int has_internal_subset) {
    Parser *self = data;
    PyObject *method;
    if (PyErr_Occurred()) return;
    if (self->methods[CALL_doctype]) {
        CALL(self, doctype, text_or(doctype, NULL), text_or(public, Py_None), text_or(system, Py_None));
        return;
    }
    PyObject *name = PyUnicode_InternFromString("doctype");
    if (name && _PyObject_LookupAttr((PyObject *)self, name, &method) > 0) {
        Py_DECREF(method);
        (void)PyErr_WarnEx(PyExc_RuntimeWarning, "The doctype() method of XMLParser is ignored.  Define doctype() method on the TreeBuilder target.", 1);
    }
    Py_XDECREF(name);
}

/* ------------------------------------------------------------------ the parser */

static void drop_target(Parser *self) {
    self->builder = NULL;
    Py_CLEAR(self->target);
    Py_CLEAR(self->entity);
    for (int i = 0; i < METHOD_COUNT; i++) Py_CLEAR(self->methods[i]);
}
static int parser_traverse(PyObject *o, visitproc visit, void *arg) {
    Parser *self = PARSER(o);
    Py_VISIT(Py_TYPE(o));
    Py_VISIT(self->target);
    Py_VISIT(self->entity);
    for (int i = 0; i < METHOD_COUNT; i++) Py_VISIT(self->methods[i]);
    return 0;
}
static void free_expat(Parser *self) {
    if (self->expat) XML_ParserFree(self->expat);
    self->expat = NULL;
}
static int parser_clear(PyObject *o) {
    free_expat(PARSER(o));
    drop_target(PARSER(o));
    return 0;
}
static void parser_dealloc(PyObject *o) {
    PyTypeObject *type = Py_TYPE(o);
    PyObject_GC_UnTrack(o);
    parser_clear(o);
    free_names(&PARSER(o)->names);
    type->tp_free(o);
    Py_DECREF(type);
}
static PyObject *parser_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    Parser *self = (Parser *)type->tp_alloc(type, 0);
    if (self) self->state = kr_et_state_of_type(type);
    return (PyObject *)self;
}

/* What the target offers. */
static int look_up_methods(Parser *self) {
#define M(name) #name,
    static const char *const names[METHOD_COUNT] = {METHODS};
#undef M
    for (int i = 0; i < METHOD_COUNT; i++) {
        PyObject *name = PyUnicode_InternFromString(names[i]);
        int r = name ? _PyObject_LookupAttr(self->target, name, &self->methods[i]) : -1;
        Py_XDECREF(name);
        if (r < 0) return -1;
    }
    return 0;
}
/* Installs the handlers that somebody is there for; the builder gets namespaces, comments and instructions if they are events or (the last two) made. */
static void install_handlers(Parser *self) {
    PyObject **m = self->methods;
    bool b = self->builder != NULL;
    XML_SetElementHandler(self->expat, b || m[CALL_start] ? on_start : NULL, b || m[CALL_end] ? on_end : NULL);
    XML_SetDefaultHandlerExpand(self->expat, on_default);
    XML_SetCharacterDataHandler(self->expat, on_text);     /* always: character references would go to on_default */
    XML_SetStartNamespaceDeclHandler(self->expat, m[CALL_start_ns] || (b && self->builder->events[ET_START_NS]) ? on_start_ns : NULL);
    XML_SetEndNamespaceDeclHandler(self->expat, m[CALL_end_ns] || (b && self->builder->events[ET_END_NS]) ? on_end_ns : NULL);
    XML_SetCommentHandler(self->expat, b || m[CALL_comment] ? on_comment : NULL);
    XML_SetProcessingInstructionHandler(self->expat, b || m[CALL_pi] ? on_pi : NULL);
    XML_SetStartDoctypeDeclHandler(self->expat, on_doctype);
}

static bool is_running(Parser *self) {
    if (self->running) PyErr_SetString(PyExc_RuntimeError, "the parser is running: its target cannot give it more to parse");
    return self->running;
}
static int parser_init(PyObject *o, PyObject *args, PyObject *kwds) {
    static char *names[] = {"target", "encoding", NULL};
    static const XML_Memory_Handling_Suite memory = {PyMem_Malloc, PyMem_Realloc, PyMem_Free};
    Parser *self = PARSER(o);
    PyObject *target = NULL, *encoding_object = NULL;
    const char *encoding = NULL;
    const struct PyExpat_CAPI *capi = pyexpat();
    if (!capi || is_running(self)) return -1;
    if (PyTuple_GET_SIZE(args) > 0) {
        PyErr_SetString(PyExc_TypeError, "XMLParser() takes no positional arguments");
        return -1;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|$OO:XMLParser", names, &target, &encoding_object)) return -1;
    if (encoding_object && encoding_object != Py_None) {
        Py_ssize_t n;
        if (!PyUnicode_Check(encoding_object)) {
            _PyArg_BadArgument("XMLParser", "argument 'encoding'", "str or None", encoding_object);
            return -1;
        }
        if (!(encoding = PyUnicode_AsUTF8AndSize(encoding_object, &n))) return -1;
        if (strlen(encoding) != (size_t)n) {
            PyErr_SetString(PyExc_ValueError, "embedded null character");
            return -1;
        }
    }
    free_expat(self);
    drop_target(self);
    if (!(self->entity = PyDict_New())) return -1;
    if (target && target != Py_None) self->target = Py_NewRef(target);
    else if (!(self->target = self->state->builder->tp_new(self->state->builder, NULL, NULL))) return -1;    /* without factories, as CPython's */
    if (Py_IS_TYPE(self->target, self->state->builder)) self->builder = ET_BUILDER(self->target);
    else if (look_up_methods(self) < 0) return -1;
    if (!(self->expat = XML_ParserCreate_MM(encoding, &memory, "}"))) {
        PyErr_NoMemory();
        return -1;
    }
    XML_SetHashSalt(self->expat, (unsigned long)_Py_HashSecret.expat.hashsalt);
    XML_SetUserData(self->expat, self);
    XML_SetUnknownEncodingHandler(self->expat, capi->DefaultUnknownEncodingHandler, NULL);
    install_handlers(self);
    return 0;
}

/* ------------------------------------------------------------------ parsing */

static bool ready(Parser *self) {
    if (self->expat && self->target) return !is_running(self);
    PyErr_SetString(PyExc_ValueError, "XMLParser.__init__() wasn't called");
    return false;
}
/* Getting the data may have run __init__ again, so whether there is a parser is asked here. */
static int parse(Parser *self, const char *s, size_t n, bool final) {
    if (!ready(self)) return -1;
    if (n > INT_MAX) {
        PyErr_SetString(PyExc_OverflowError, "size does not fit in an int");
        return -1;
    }
    self->running = true;
    enum XML_Status status = XML_Parse(self->expat, s, (int)n, final);
    self->running = false;
    if (PyErr_Occurred()) return -1;
    if (status != XML_STATUS_ERROR) return 0;
    raise_error(self, XML_GetErrorCode(self->expat), NULL);
    return -1;
}

PyDoc_STRVAR(feed_doc, "feed($self, data, /)\n--\n\nParses a piece of a document.");
static PyObject *parser_feed(PyObject *o, PyObject *data) {
    Parser *self = PARSER(o);
    int r;
    if (!ready(self)) return NULL;
    if (PyUnicode_Check(data)) {
        Py_ssize_t n;
        const char *s = PyUnicode_AsUTF8AndSize(data, &n);
        if (!s) return NULL;
        if (n <= INT_MAX) (void)XML_SetEncoding(self->expat, "utf-8");
        r = parse(self, s, (size_t)n, false);
    } else {
        Py_buffer view;
        if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0) return NULL;
        r = parse(self, view.buf, (size_t)view.len, false);
        PyBuffer_Release(&view);
    }
    return r < 0 ? NULL : Py_NewRef(Py_None);
}
PyDoc_STRVAR(close_doc, "close($self, /)\n--\n\nEnds the document: what the target's close() gives.");
static PyObject *parser_close(PyObject *o, PyObject *unused) {
    Parser *self = PARSER(o);
    if (parse(self, "", 0, true) < 0) return NULL;
    if (self->builder) return kr_et_builder_close(self->builder);
    return self->methods[CALL_close] ? PyObject_CallNoArgs(self->methods[CALL_close]) : Py_NewRef(Py_None);
}
/* Parses what read() gives (taken over); 1 when that was the end. */
static int parse_piece(Parser *self, PyObject *piece) {
    PyObject *bytes = NULL;
    if (!piece) return -1;
    if (PyUnicode_CheckExact(piece)) {
        if (PyUnicode_GET_LENGTH(piece) > 0 && !(bytes = PyUnicode_AsEncodedString(piece, "utf-8", "surrogatepass"))) {
            Py_DECREF(piece);
            return -1;
        }
    } else if (PyBytes_CheckExact(piece) && PyBytes_GET_SIZE(piece) > 0) {
        bytes = Py_NewRef(piece);
    }
    int r = bytes ? parse(self, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes), false) : 1;
    Py_DECREF(piece);
    Py_XDECREF(bytes);
    return r;
}
PyDoc_STRVAR(parse_whole_doc, "_parse_whole($self, file, /)\n--\n\nParses a file to its end: the builder's root.");
static PyObject *parser_parse_whole(PyObject *o, PyObject *file) {
    Parser *self = PARSER(o);
    int r = 0;
    if (!ready(self)) return NULL;
    PyObject *read = PyObject_GetAttr(file, KR_STR(read)), *size = read ? PyLong_FromLong(READ_SIZE) : NULL;
    if (!size) r = -1;
    while (r == 0) r = parse_piece(self, PyObject_CallOneArg(read, size));
    Py_XDECREF(size);
    Py_XDECREF(read);
    if (r < 0 || parse(self, "", 0, true) < 0) return NULL;
    return self->builder ? kr_et_builder_close(self->builder) : Py_NewRef(Py_None);
}

/* ------------------------------------------------------------------ events */

/* The event called so, -1 with an exception. */
static int event_by_name(PyObject *name) {
    static const char *const names[ET_EVENT_COUNT] = {"start", "end", "start-ns", "end-ns", "comment", "pi"};
    const char *s = NULL;
    if (PyUnicode_Check(name)) s = PyUnicode_AsUTF8(name);
    else if (PyBytes_Check(name)) s = PyBytes_AS_STRING(name);
    if (!s) {
        PyErr_SetString(PyExc_ValueError, "invalid events sequence");
        return -1;
    }
    for (int i = 0; i < ET_EVENT_COUNT; i++)
        if (strcmp(s, names[i]) == 0) return i;
    PyErr_Format(PyExc_ValueError, "unknown event '%s'", s);
    return -1;
}
PyDoc_STRVAR(setevents_doc, "_setevents($self, events_queue, events_to_report=None, /)\n--\n\nMakes the builder append (event, value) to a queue. For the library's use.");
static PyObject *parser_setevents(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    Parser *self = PARSER(o);
    if (!_PyArg_CheckPositional("_setevents", nargs, 1, 2) || !ready(self)) return NULL;
    EtBuilder *builder = self->builder;
    if (!builder) {
        PyErr_SetString(PyExc_TypeError, "event handling only supported for ElementTree.TreeBuilder targets");
        return NULL;
    }
    PyObject *append = PyObject_GetAttr(args[0], KR_STR(append));
    if (!append) return NULL;
    Py_XSETREF(builder->append_event, append);
    for (int i = 0; i < ET_EVENT_COUNT; i++) Py_CLEAR(builder->events[i]);
    if (nargs < 2 || args[1] == Py_None) {
        builder->events[ET_END] = PyUnicode_FromString("end");
        return builder->events[ET_END] ? Py_NewRef(Py_None) : NULL;
    }
    PyObject *sequence = PySequence_Fast(args[1], "events must be a sequence");
    if (!sequence) return NULL;
    int event = 0;
    for (Py_ssize_t i = 0; event >= 0 && i < PySequence_Fast_GET_SIZE(sequence); i++) {
        PyObject *name = PySequence_Fast_GET_ITEM(sequence, i);
        if ((event = event_by_name(name)) >= 0) Py_XSETREF(builder->events[event], Py_NewRef(name));
    }
    Py_DECREF(sequence);
    if (event < 0) return NULL;
    if (self->expat) install_handlers(self);
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ the type */

static PyObject *get_version(PyObject *o, void *unused) {
    XML_Expat_Version v = XML_ExpatVersionInfo();
    return PyUnicode_FromFormat("Expat %d.%d.%d", v.major, v.minor, v.micro);
}
static PyMethodDef parser_methods[] = {{"feed", parser_feed, METH_O, feed_doc},
                                       {"close", parser_close, METH_NOARGS, close_doc},
                                       {"_parse_whole", parser_parse_whole, METH_O, parse_whole_doc},
                                       {"_setevents", KR_METH(parser_setevents), METH_FASTCALL, setevents_doc},
                                       {NULL}};
static PyMemberDef parser_members[] = {{"entity", T_OBJECT, offsetof(Parser, entity), READONLY, NULL},
                                       {"target", T_OBJECT, offsetof(Parser, target), READONLY, NULL},
                                       {NULL}};
static PyGetSetDef parser_getset[] = {{"version", get_version}, {NULL}};
static PyType_Slot parser_slots[] = {{Py_tp_dealloc, parser_dealloc}, {Py_tp_traverse, parser_traverse}, {Py_tp_clear, parser_clear},
                                     {Py_tp_methods, parser_methods}, {Py_tp_members, parser_members}, {Py_tp_getset, parser_getset},
                                     {Py_tp_init, parser_init}, {Py_tp_new, parser_new}, {0, NULL}};
PyType_Spec kr_et_parser_spec = {"xml.etree.ElementTree.XMLParser", sizeof(Parser), 0,
                                 Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, parser_slots};
