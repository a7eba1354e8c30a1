/* treebuilder.c - TreeBuilder: makes elements of start, data and end calls.
 *
 * Text collects until the next tag: what Python code gives in `data`, what the parser gives as UTF-8 in `bytes`, in this order. It becomes the text of `last`, or the
 * tail of last_for_tail.
 */
#include "module/elementtree/elementtree.h"

/* ------------------------------------------------------------------ text */

int kr_et_builder_text(EtBuilder *self, const char *utf8, size_t n) {
    if (!self->last) return 0;                  /* before the first tag */
    if (n > self->bytes_room - self->bytes_used) {
        if (n > (size_t)PY_SSIZE_T_MAX / 4 - self->bytes_used) {
            PyErr_NoMemory();
            return -1;
        }
        size_t room = (self->bytes_used + n) * 2 + 64;
        char *bytes = PyMem_Realloc(self->bytes, room);
        if (!bytes) {
            PyErr_NoMemory();
            return -1;
        }
        self->bytes = bytes;
        self->bytes_room = room;
    }
    memcpy(self->bytes + self->bytes_used, utf8, n);
    self->bytes_used += n;
    return 0;
}

/* The collected bytes as str. White space is most of many a document, and much the same everywhere. */
static PyObject *take_bytes(EtBuilder *self) {
    size_t n = self->bytes_used, i = 0;
    self->bytes_used = 0;
    if (n < ET_BLANKS) {
        PyObject *known = self->blanks[n];
        while (i < n && (self->bytes[i] == ' ' || self->bytes[i] == '\n' || self->bytes[i] == '\t')) i++;
        if (i == n) {
            if (known && memcmp(PyUnicode_1BYTE_DATA(known), self->bytes, n) == 0) return Py_NewRef(known);
            PyObject *fresh = PyUnicode_DecodeASCII(self->bytes, (Py_ssize_t)n, NULL);
            if (fresh) Py_XSETREF(self->blanks[n], Py_NewRef(fresh));
            return fresh;
        }
    }
    PyObject *text = PyUnicode_DecodeUTF8(self->bytes, (Py_ssize_t)n, "strict");
    if (self->bytes_room > 1 << 16) {
        PyMem_Free(self->bytes);
        self->bytes = NULL;
        self->bytes_room = 0;
    }
    return text;
}
/* Adds o to self->data. */
static int add_data(EtBuilder *self, PyObject *o) {
    if (!self->data) {
        self->data = Py_NewRef(o);
        return 0;
    }
    if (!PyList_CheckExact(self->data)) {
        PyObject *list = PyList_New(1);
        if (!list) return -1;
        PyList_SET_ITEM(list, 0, self->data);
        self->data = list;
    }
    return PyList_Append(self->data, o);
}
/* Moves the bytes into self->data. */
static int settle_bytes(EtBuilder *self) {
    if (!self->bytes_used) return 0;
    PyObject *text = take_bytes(self);
    int r = text ? add_data(self, text) : -1;
    Py_XDECREF(text);
    return r;
}
int kr_et_builder_data(EtBuilder *self, PyObject *data) {
    if (!self->last) return 0;
    if (settle_bytes(self) < 0) return -1;
    if (!self->data && PyList_CheckExact(data)) {           /* a list must not be taken for the collection */
        PyObject *list = PyList_New(1);
        if (!list) return -1;
        PyList_SET_ITEM(list, 0, Py_NewRef(data));
        self->data = list;
        return 0;
    }
    return add_data(self, data);
}

static PyObject *join(PyObject *list) {
    PyObject *empty = PyUnicode_New(0, 0), *text = empty ? PyUnicode_Join(empty, list) : NULL;
    Py_XDECREF(empty);
    return text;
}
/* Makes text (taken over) the value of *at, behind what it has already. */
static int extend_field(PyObject **at, PyObject *text) {
    if (*at != Py_None) {
        PyObject *both = PyUnicode_Concat(*at, text);
        Py_DECREF(text);
        if (!(text = both)) return -1;
    }
    Py_SETREF(*at, text);
    return 0;
}
/* The same for any other object's attribute (text borrowed). */
static int extend_attribute(PyObject *element, const char *name, PyObject *text) {
    PyObject *old = PyObject_GetAttrString(element, name), *both = NULL;
    if (old) both = old == Py_None ? Py_NewRef(text) : PyNumber_Add(old, text);
    int r = both ? PyObject_SetAttrString(element, name, both) : -1;
    Py_XDECREF(old);
    Py_XDECREF(both);
    return r;
}
/* Gives the collected text to its element. */
static int flush(EtBuilder *self) {
    if (!self->data && !self->bytes_used) return 0;
    PyObject *element = self->last_for_tail ? self->last_for_tail : self->last, *text;
    if (self->data) {
        if (settle_bytes(self) < 0) return -1;
        PyObject *data = self->data;
        self->data = NULL;
        if (PyList_CheckExact(data)) {
            text = join(data);
            Py_DECREF(data);
        } else {
            text = data;
        }
    } else {
        text = take_bytes(self);
    }
    if (!text) return -1;
    bool tail = self->last_for_tail != NULL;
    if (Py_IS_TYPE(element, self->state->element)) return extend_field(tail ? &ET_ELEMENT(element)->tail : &ET_ELEMENT(element)->text, text);
    Py_INCREF(element);
    int r = extend_attribute(element, tail ? "tail" : "text", text);
    Py_DECREF(element);
    if (r < 0 && !self->data) self->data = text;            /* the text stays */
    else Py_DECREF(text);
    return r;
}

/* ------------------------------------------------------------------ tags */

int kr_et_builder_report(EtBuilder *self, EtEvent event, PyObject *value) {
    if (!self->append_event || !self->events[event]) return 0;
    PyObject *pair = PyTuple_Pack(2, self->events[event], value), *append = Py_NewRef(self->append_event);
    PyObject *result = pair ? PyObject_CallOneArg(append, pair) : NULL;
    Py_XDECREF(pair);
    Py_DECREF(append);
    Py_XDECREF(result);
    return result ? 0 : -1;
}
/* Appends child to an element of any type. */
static int add_child(EtBuilder *self, PyObject *element, PyObject *child) {
    if (Py_IS_TYPE(element, self->state->element)) {
        if (PyObject_TypeCheck(child, self->state->element)) return kr_et_append(element, child);
        PyErr_Format(PyExc_TypeError, "expected an Element, not \"%.200s\"", Py_TYPE(child)->tp_name);
        return -1;
    }
    PyObject *result;
    Py_INCREF(element);
    result = PyObject_CallMethodOneArg(element, KR_STR(append), child);
    Py_DECREF(element);
    Py_XDECREF(result);
    return result ? 0 : -1;
}

PyObject *kr_et_builder_start(EtBuilder *self, PyObject *tag, PyObject *attrib) {
    PyObject *element;
    if (flush(self) < 0) return NULL;
    if (!self->element_factory) {
        element = kr_et_new_element(self->state, tag, attrib);
    } else {
        PyObject *factory = Py_NewRef(self->element_factory), *given = attrib ? Py_NewRef(attrib) : PyDict_New();
        element = given ? PyObject_CallFunctionObjArgs(factory, tag, given, NULL) : NULL;
        Py_DECREF(factory);
        Py_XDECREF(given);
    }
    if (!element) return NULL;
    Py_CLEAR(self->last_for_tail);
    if (self->current) {
        if (add_child(self, self->current, element) < 0 || PyList_Append(self->stack, self->current) < 0) goto fail;
    } else if (!self->root) {
        self->root = Py_NewRef(element);
    }
    Py_XSETREF(self->current, Py_NewRef(element));
    Py_XSETREF(self->last, Py_NewRef(element));
    if (kr_et_builder_report(self, ET_START, element) < 0) goto fail;
    return element;
fail:
    Py_DECREF(element);
    return NULL;
}
PyObject *kr_et_builder_end(EtBuilder *self) {
    if (flush(self) < 0) return NULL;
    if (!self->current) {
        PyErr_SetString(PyExc_IndexError, "pop from empty stack");
        return NULL;
    }
    PyObject *element = self->current, *outer = NULL;
    Py_ssize_t depth = PyList_GET_SIZE(self->stack);
    if (depth > 0) {
        outer = PyList_GET_ITEM(self->stack, depth - 1);    /* nobody else has the list, so its end may simply be taken off */
        Py_SET_SIZE(self->stack, depth - 1);
    }
    self->current = outer;
    Py_XSETREF(self->last, Py_NewRef(element));
    Py_XSETREF(self->last_for_tail, Py_NewRef(element));
    if (kr_et_builder_report(self, ET_END, element) < 0) Py_CLEAR(element);
    return element;
}
/* Puts a comment or processing instruction (borrowed) into the tree. */
static int insert_single(EtBuilder *self, PyObject *element) {
    if (!self->current) return 0;
    if (add_child(self, self->current, element) < 0) return -1;
    Py_XSETREF(self->last_for_tail, Py_NewRef(element));
    return 0;
}
PyObject *kr_et_builder_comment(EtBuilder *self, PyObject *text) {
    if (flush(self) < 0) return NULL;
    PyObject *factory = Py_XNewRef(self->comment_factory), *comment = factory ? PyObject_CallOneArg(factory, text) : Py_NewRef(text);
    if (comment && factory && self->insert_comments && insert_single(self, comment) < 0) Py_CLEAR(comment);
    Py_XDECREF(factory);
    if (comment && kr_et_builder_report(self, ET_COMMENT, comment) < 0) Py_CLEAR(comment);
    return comment;
}
PyObject *kr_et_builder_pi(EtBuilder *self, PyObject *target, PyObject *text) {
    if (flush(self) < 0) return NULL;
    PyObject *factory = Py_XNewRef(self->pi_factory), *pi = factory ? PyObject_CallFunctionObjArgs(factory, target, text, NULL) : PyTuple_Pack(2, target, text);
    if (pi && factory && self->insert_pis && insert_single(self, pi) < 0) Py_CLEAR(pi);
    Py_XDECREF(factory);
    if (pi && kr_et_builder_report(self, ET_PI, pi) < 0) Py_CLEAR(pi);
    return pi;
}
PyObject *kr_et_builder_close(EtBuilder *self) { return Py_NewRef(self->root ? self->root : Py_None); }

/* ------------------------------------------------------------------ the type */

static PyObject *builder_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    EtBuilder *self = (EtBuilder *)type->tp_alloc(type, 0);
    if (!self) return NULL;
    self->state = kr_et_state_of_type(type);
    if (!(self->stack = PyList_New(0))) Py_CLEAR(self);
    return (PyObject *)self;
}
static void set_factory(PyObject **at, PyObject *given, PyObject *standard) {
    Py_XSETREF(*at, Py_XNewRef(given && given != Py_None ? given : standard));
}
static int builder_init(PyObject *o, PyObject *args, PyObject *kwds) {
    static char *names[] = {"element_factory", "comment_factory", "pi_factory", "insert_comments", "insert_pis", NULL};
    EtBuilder *self = ET_BUILDER(o);
    PyObject *element = NULL, *comment = NULL, *pi = NULL;
    int comments = 0, pis = 0;
    if (PyTuple_GET_SIZE(args) > 1) {
        PyErr_Format(PyExc_TypeError, "TreeBuilder() takes at most 1 positional argument (%zd given)", PyTuple_GET_SIZE(args));
        return -1;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|O$OOpp:TreeBuilder", names, &element, &comment, &pi, &comments, &pis)) return -1;
    set_factory(&self->element_factory, element, NULL);
    set_factory(&self->comment_factory, comment, self->state->comment_factory);
    set_factory(&self->pi_factory, pi, self->state->pi_factory);
    self->insert_comments = comments;
    self->insert_pis = pis;
    return 0;
}
static int builder_traverse(PyObject *o, visitproc visit, void *arg) {
    EtBuilder *self = ET_BUILDER(o);
    Py_VISIT(Py_TYPE(o));
    Py_VISIT(self->root);
    Py_VISIT(self->current);
    Py_VISIT(self->last);
    Py_VISIT(self->last_for_tail);
    Py_VISIT(self->stack);
    Py_VISIT(self->data);
    Py_VISIT(self->element_factory);
    Py_VISIT(self->comment_factory);
    Py_VISIT(self->pi_factory);
    Py_VISIT(self->append_event);
    for (int i = 0; i < ET_EVENT_COUNT; i++) Py_VISIT(self->events[i]);
    return 0;
}
static int builder_clear(PyObject *o) {
    EtBuilder *self = ET_BUILDER(o);
    self->bytes_used = 0;
    Py_CLEAR(self->data);
    Py_CLEAR(self->append_event);
    for (int i = 0; i < ET_EVENT_COUNT; i++) Py_CLEAR(self->events[i]);
    Py_CLEAR(self->element_factory);
    Py_CLEAR(self->comment_factory);
    Py_CLEAR(self->pi_factory);
    Py_CLEAR(self->last_for_tail);
    Py_CLEAR(self->last);
    Py_CLEAR(self->current);
    Py_CLEAR(self->root);
    if (self->stack) PyList_SetSlice(self->stack, 0, PyList_GET_SIZE(self->stack), NULL);
    return 0;
}
static void builder_dealloc(PyObject *o) {
    EtBuilder *self = ET_BUILDER(o);
    PyTypeObject *type = Py_TYPE(o);
    PyObject_GC_UnTrack(o);
    builder_clear(o);
    Py_XDECREF(self->stack);
    for (int i = 0; i < ET_BLANKS; i++) Py_XDECREF(self->blanks[i]);
    PyMem_Free(self->bytes);
    type->tp_free(o);
    Py_DECREF(type);
}

PyDoc_STRVAR(data_doc, "data($self, data, /)\n--\n\nAdds text to the current element.");
static PyObject *builder_data(PyObject *o, PyObject *data) { return kr_et_builder_data(ET_BUILDER(o), data) < 0 ? NULL : Py_NewRef(Py_None); }
PyDoc_STRVAR(start_doc, "start($self, tag, attrs, /)\n--\n\nOpens an element and gives it.");
static PyObject *builder_start(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("start", nargs, 2, 2)) return NULL;
    if (PyDict_Check(args[1])) return kr_et_builder_start(ET_BUILDER(o), args[0], args[1]);
    _PyArg_BadArgument("start", "argument 2", "dict", args[1]);
    return NULL;
}
PyDoc_STRVAR(end_doc, "end($self, tag, /)\n--\n\nCloses the current element and gives it.");
static PyObject *builder_end(PyObject *o, PyObject *tag) { return kr_et_builder_end(ET_BUILDER(o)); }
PyDoc_STRVAR(comment_doc, "comment($self, text, /)\n--\n\nMakes a comment.");
static PyObject *builder_comment(PyObject *o, PyObject *text) { return kr_et_builder_comment(ET_BUILDER(o), text); }
PyDoc_STRVAR(pi_doc, "pi($self, target, text=None, /)\n--\n\nMakes a processing instruction.");
static PyObject *builder_pi(PyObject *o, PyObject *const *args, Py_ssize_t nargs) {
    return _PyArg_CheckPositional("pi", nargs, 1, 2) ? kr_et_builder_pi(ET_BUILDER(o), args[0], nargs > 1 ? args[1] : Py_None) : NULL;
}
PyDoc_STRVAR(close_doc, "close($self, /)\n--\n\nThe first element.");
static PyObject *builder_close(PyObject *o, PyObject *unused) { return kr_et_builder_close(ET_BUILDER(o)); }

static PyMethodDef builder_methods[] = {{"data", builder_data, METH_O, data_doc},
                                        {"start", KR_METH(builder_start), METH_FASTCALL, start_doc},
                                        {"end", builder_end, METH_O, end_doc},
                                        {"comment", builder_comment, METH_O, comment_doc},
                                        {"pi", KR_METH(builder_pi), METH_FASTCALL, pi_doc},
                                        {"close", builder_close, METH_NOARGS, close_doc},
                                        {NULL}};
static PyType_Slot builder_slots[] = {{Py_tp_dealloc, builder_dealloc}, {Py_tp_traverse, builder_traverse}, {Py_tp_clear, builder_clear},
                                      {Py_tp_methods, builder_methods}, {Py_tp_init, builder_init}, {Py_tp_new, builder_new}, {0, NULL}};
PyType_Spec kr_et_builder_spec = {"xml.etree.ElementTree.TreeBuilder", sizeof(EtBuilder), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, builder_slots};
