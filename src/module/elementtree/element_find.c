/* element_find.c - finding elements by tag or path, and the iterators over a tree.
 *
 * Paths are the business of xml.etree.ElementPath; only a plain tag is looked for here. An iterator keeps a stack of elements and how many children of each
 * it has been through; the tree may change under it, so counts are compared with the elements' lengths each time.
 */
#include "module/elementtree/elementtree.h"

/* ------------------------------------------------------------------ find */

/* Whether a path is more than a tag. What is neither str nor bytes is for ElementPath to judge. */
static bool is_path(PyObject *path) {
    int kind;
    const void *data;
    Py_ssize_t n;
    if (PyUnicode_Check(path) && PyUnicode_READY(path) == 0) {
        kind = PyUnicode_KIND(path);
        data = PyUnicode_DATA(path);
        n = PyUnicode_GET_LENGTH(path);
    } else if (PyBytes_Check(path)) {
        kind = PyUnicode_1BYTE_KIND;
        data = PyBytes_AS_STRING(path);
        n = PyBytes_GET_SIZE(path);
    } else {
        return true;
    }
    bool in_namespace = false;
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_UCS4 c = PyUnicode_READ(kind, data, i);
        if (i == 0 && c == '{' && n > 1) {      /* {} and {*}: any namespace */
            Py_UCS4 second = PyUnicode_READ(kind, data, 1);
            if (second == '}' || (second == '*' && n > 2 && PyUnicode_READ(kind, data, 2) == '}')) return true;
        }
        if (c == '{') in_namespace = true;
        else if (c == '}') in_namespace = false;
        else if (!in_namespace && (c == '/' || c == '*' || c == '[' || c == '@' || c == '.')) return true;
    }
    return false;
}

/* The first child from *i on that has the tag (new reference), *i being past it then; NULL at the end or with an exception. */
static PyObject *next_with_tag(PyObject *self, PyObject *tag, Py_ssize_t *i) {
    while (*i < kr_et_length(self)) {
        PyObject *child = Py_NewRef(ET_ELEMENT(self)->extra->children[(*i)++]), *its = Py_NewRef(ET_ELEMENT(child)->tag);
        int same = its == tag ? 1 : PyObject_RichCompareBool(its, tag, Py_EQ);
        Py_DECREF(its);
        if (same > 0) return child;
        Py_DECREF(child);
        if (same < 0) return NULL;
    }
    return NULL;
}

/* The arguments of find(), findall(), iterfind() (n = 2: path, namespaces) and findtext() (n = 3: path, default, namespaces). */
static bool parse(_PyArg_Parser *parser, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, int n, PyObject **values) {
    PyObject *buffer[3];
    PyObject *const *a = _PyArg_UnpackKeywords(args, nargs, NULL, kwnames, parser, 1, n, 0, buffer);
    if (!a) return false;
    Py_ssize_t given = nargs + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
    for (int i = 0; i < n; i++) {
        PyObject *value = given > 0 ? a[i] : NULL;
        if (value) given--;
        values[i] = value ? value : Py_None;
    }
    return true;
}
static const char *const path_keywords[] = {"path", "namespaces", NULL}, *const text_keywords[] = {"path", "default", "namespaces", NULL};

static PyObject *ask_element_path(PyTypeObject *type, const char *function, PyObject *self, PyObject *path, PyObject *namespaces) {
    return PyObject_CallMethod(kr_et_state_of_type(type)->element_path, function, "OOO", self, path, namespaces);
}

PyObject *kr_et_find(PyObject *self, PyTypeObject *type, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.keywords = path_keywords, .fname = "find"};
    PyObject *v[2];
    Py_ssize_t i = 0;
    if (!parse(&parser, args, nargs, kwnames, 2, v)) return NULL;
    if (v[1] != Py_None || is_path(v[0])) return ask_element_path(type, "find", self, v[0], v[1]);
    PyObject *found = next_with_tag(self, v[0], &i);
    return found || PyErr_Occurred() ? found : Py_NewRef(Py_None);
}
PyObject *kr_et_findtext(PyObject *self, PyTypeObject *type, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.keywords = text_keywords, .fname = "findtext"};
    PyObject *v[3];
    Py_ssize_t i = 0;
    if (!parse(&parser, args, nargs, kwnames, 3, v)) return NULL;
    if (v[2] != Py_None || is_path(v[0]))
        return PyObject_CallMethod(kr_et_state_of_type(type)->element_path, "findtext", "OOOO", self, v[0], v[1], v[2]);
    PyObject *found = next_with_tag(self, v[0], &i);
    if (!found) return PyErr_Occurred() ? NULL : Py_NewRef(v[1]);
    PyObject *text = ET_ELEMENT(found)->text == Py_None ? PyUnicode_New(0, 0) : Py_NewRef(ET_ELEMENT(found)->text);
    Py_DECREF(found);
    return text;
}
PyObject *kr_et_findall(PyObject *self, PyTypeObject *type, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.keywords = path_keywords, .fname = "findall"};
    PyObject *v[2], *found;
    Py_ssize_t i = 0;
    if (!parse(&parser, args, nargs, kwnames, 2, v)) return NULL;
    if (v[1] != Py_None || is_path(v[0])) return ask_element_path(type, "findall", self, v[0], v[1]);
    PyObject *list = PyList_New(0);
    while (list && (found = next_with_tag(self, v[0], &i)) != NULL) {
        if (PyList_Append(list, found) < 0) Py_CLEAR(list);
        Py_DECREF(found);
    }
    if (list && PyErr_Occurred()) Py_CLEAR(list);
    return list;
}
PyObject *kr_et_iterfind(PyObject *self, PyTypeObject *type, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static _PyArg_Parser parser = {.keywords = path_keywords, .fname = "iterfind"};
    PyObject *v[2];
    return parse(&parser, args, nargs, kwnames, 2, v) ? ask_element_path(type, "iterfind", self, v[0], v[1]) : NULL;
}

/* ------------------------------------------------------------------ iterators */

typedef struct {
    PyObject *element;
    Py_ssize_t next;                    /* the child to go to */
} Level;
typedef struct {
    PyObject_HEAD
    PyObject *root;                     /* until it has been given; then NULL */
    PyObject *tag;                      /* that is looked for; NULL: any */
    bool texts;                         /* itertext() */
    PyObject *tail;                     /* of the element that was left last, if it is to be given next */
    Level *stack;
    Py_ssize_t depth, room;
} Iterator;

static PyObject *make_iterator(PyTypeObject *type, PyObject *element, PyObject *tag, bool texts) {
    Iterator *self = PyObject_GC_New(Iterator, kr_et_state_of_type(type)->iterator);
    if (!self) return NULL;
    self->root = Py_NewRef(element);
    self->tag = Py_XNewRef(tag);
    self->texts = texts;
    self->tail = NULL;
    self->stack = NULL;
    self->depth = self->room = 0;
    PyObject_GC_Track(self);
    return (PyObject *)self;
}
PyObject *kr_et_iter(PyObject *self, PyTypeObject *type, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"tag", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "iter"};
    PyObject *buffer[1], *tag = NULL;
    PyObject *const *a = _PyArg_UnpackKeywords(args, nargs, NULL, kwnames, &parser, 0, 1, 0, buffer);
    if (!a) return NULL;
    if (nargs + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0) > 0 && a[0] != Py_None) tag = a[0];
    if (tag && PyUnicode_Check(tag) && _PyUnicode_EqualToASCIIString(tag, "*")) tag = NULL;
    if (tag && PyBytes_Check(tag) && PyBytes_GET_SIZE(tag) == 1 && PyBytes_AS_STRING(tag)[0] == '*') tag = NULL;
    return make_iterator(type, self, tag, false);
}
PyObject *kr_et_itertext(PyObject *self, PyTypeObject *type, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    if (nargs + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0) > 0) {
        PyErr_Format(PyExc_TypeError, "itertext() takes no arguments");
        return NULL;
    }
    return make_iterator(type, self, NULL, true);
}

static int iterator_traverse(PyObject *o, visitproc visit, void *arg) {
    Iterator *self = (Iterator *)o;
    Py_VISIT(Py_TYPE(o));
    Py_VISIT(self->root);
    Py_VISIT(self->tag);
    Py_VISIT(self->tail);
    for (Py_ssize_t i = 0; i < self->depth; i++) Py_VISIT(self->stack[i].element);
    return 0;
}
static int iterator_clear(PyObject *o) {
    Iterator *self = (Iterator *)o;
    Py_CLEAR(self->root);
    Py_CLEAR(self->tag);
    Py_CLEAR(self->tail);
    while (self->depth > 0) Py_DECREF(self->stack[--self->depth].element);
    return 0;
}
static void iterator_dealloc(PyObject *o) {
    PyTypeObject *type = Py_TYPE(o);
    PyObject_GC_UnTrack(o);
    iterator_clear(o);
    PyMem_Free(((Iterator *)o)->stack);
    type->tp_free(o);
    Py_DECREF(type);
}

/* Enters an element (reference taken over). */
static int enter(Iterator *self, PyObject *element) {
    if (self->depth == self->room) {
        Py_ssize_t room = self->room ? self->room * 2 : 8;
        Level *stack = PyMem_Resize(self->stack, Level, (size_t)room);
        if (!stack) {
            Py_DECREF(element);
            PyErr_NoMemory();
            return -1;
        }
        self->stack = stack;
        self->room = room;
    }
    self->stack[self->depth++] = (Level){element, 0};
    return 0;
}
/* The next element in document order (borrowed from the stack), or NULL at the end, with an exception, or, if texts are looked for and an element has been
 * left, with its tail in self->tail. */
static PyObject *advance(Iterator *self) {
    PyObject *element;
    if (self->root) {
        element = self->root;
        self->root = NULL;
        return enter(self, element) < 0 ? NULL : element;
    }
    while (self->depth > 0) {
        Level *top = &self->stack[self->depth - 1];
        if (top->next < kr_et_length(top->element)) {
            element = Py_NewRef(ET_ELEMENT(top->element)->extra->children[top->next++]);
            return enter(self, element) < 0 ? NULL : element;
        }
        element = top->element;
        self->depth--;
        if (self->texts && self->depth > 0 && ET_ELEMENT(element)->tail != Py_None) {
            self->tail = Py_NewRef(ET_ELEMENT(element)->tail);
            Py_DECREF(element);
            return NULL;
        }
        Py_DECREF(element);
    }
    return NULL;
}
/* text (taken over) if it is true; NULL if it isn't or its truth raises. */
static PyObject *if_true(PyObject *text) {
    int r = PyUnicode_CheckExact(text) ? PyUnicode_GET_LENGTH(text) > 0 : PyObject_IsTrue(text);
    if (r > 0) return text;
    Py_DECREF(text);
    return NULL;
}
static PyObject *iterator_next(PyObject *o) {
    Iterator *self = (Iterator *)o;
    for (;;) {
        PyObject *element = advance(self), *text = self->tail;
        if (text) {
            self->tail = NULL;
            if ((text = if_true(text)) != NULL || PyErr_Occurred()) return text;
            continue;
        }
        if (!element) return NULL;
        if (self->texts) {
            text = ET_ELEMENT(element)->text;
            if (text == Py_None) continue;
            if ((text = if_true(Py_NewRef(text))) != NULL || PyErr_Occurred()) return text;
            continue;
        }
        PyObject *tag = ET_ELEMENT(element)->tag;
        if (!self->tag || tag == self->tag) return Py_NewRef(element);
        Py_INCREF(element);
        Py_INCREF(tag);
        int same = PyObject_RichCompareBool(tag, self->tag, Py_EQ);
        Py_DECREF(tag);
        if (same > 0) return element;
        Py_DECREF(element);
        if (same < 0) return NULL;
    }
}

static PyType_Slot iterator_slots[] = {{Py_tp_dealloc, iterator_dealloc}, {Py_tp_traverse, iterator_traverse}, {Py_tp_clear, iterator_clear},
                                       {Py_tp_iter, PyObject_SelfIter}, {Py_tp_iternext, iterator_next}, {0, NULL}};
PyType_Spec kr_et_iterator_spec = {"_elementtree._element_iterator", sizeof(Iterator), 0,
                                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, iterator_slots};
