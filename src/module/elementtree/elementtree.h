/* elementtree.h - the module _elementtree: elements (element.c), their searches and iterators (element_find.c), the builder of trees (treebuilder.c)
 * and the parser that drives it (xmlparser.c).
 *
 * The types belong to the module object, whose state every function gets from its type; a builder and a parser keep it at hand.
 */
#ifndef KRAIT_ELEMENTTREE_H
#define KRAIT_ELEMENTTREE_H
#include "krait.h"

/* References only: the module visits them as an array. */
typedef struct {
    PyTypeObject *element, *iterator, *builder, *parser;
    PyObject *parse_error;
    PyObject *comment_factory, *pi_factory;     /* what new builders use; NULL: no elements are made for these */
    PyObject *deepcopy, *element_path;          /* copy.deepcopy, the module xml.etree.ElementPath */
    PyObject *whole;                            /* slice(None) */
} EtState;

extern struct PyModuleDef kr_elementtree_module;
extern PyType_Spec kr_et_element_spec, kr_et_iterator_spec, kr_et_builder_spec, kr_et_parser_spec;

/* The state of the module that type, or a class below it, belongs to. */
static inline EtState *kr_et_state_of_type(PyTypeObject *type) { return PyModule_GetState(PyType_GetModuleByDef(type, &kr_elementtree_module)); }

/* ------------------------------------------------------------------ elements */

#define ET_INLINE_CHILDREN 4

/* What a leaf without attributes doesn't need. */
typedef struct {
    PyObject *attrib;                           /* a dict, or NULL for an empty one */
    Py_ssize_t length, allocated;
    PyObject **children;                        /* `few` or a block */
    PyObject *few[ET_INLINE_CHILDREN];
} EtExtra;

typedef struct {
    PyObject_HEAD
    PyObject *tag, *text, *tail;                /* never NULL outside tp_clear */
    EtExtra *extra;                             /* NULL: no children, no attributes */
    PyObject *weakreflist;
} EtElement;
#define ET_ELEMENT(o) ((EtElement *)(o))

static inline Py_ssize_t kr_et_length(PyObject *element) { return ET_ELEMENT(element)->extra ? ET_ELEMENT(element)->extra->length : 0; }

/* A new element of the base type; attrib (or NULL) becomes its own attributes, not a copy. */
PyObject *kr_et_new_element(EtState *, PyObject *tag, PyObject *attrib) KR_NEW_REF KR_MAY_RAISE;
/* Appends child to an element of the base type or a class below it. */
int kr_et_append(PyObject *element, PyObject *child) KR_MAY_RAISE;
/* The attributes as a dict, made if there are none yet (borrowed). */
PyObject *kr_et_attributes(PyObject *element) KR_BORROWED KR_MAY_RAISE;

/* Methods of elements, in element_find.c. */
PyObject *kr_et_find(PyObject *, PyTypeObject *, PyObject *const *, Py_ssize_t, PyObject *);
PyObject *kr_et_findtext(PyObject *, PyTypeObject *, PyObject *const *, Py_ssize_t, PyObject *);
PyObject *kr_et_findall(PyObject *, PyTypeObject *, PyObject *const *, Py_ssize_t, PyObject *);
PyObject *kr_et_iterfind(PyObject *, PyTypeObject *, PyObject *const *, Py_ssize_t, PyObject *);
PyObject *kr_et_iter(PyObject *, PyTypeObject *, PyObject *const *, Py_ssize_t, PyObject *);
PyObject *kr_et_itertext(PyObject *, PyTypeObject *, PyObject *const *, Py_ssize_t, PyObject *);

/* ------------------------------------------------------------------ builders */

typedef enum { ET_START, ET_END, ET_START_NS, ET_END_NS, ET_COMMENT, ET_PI, ET_EVENT_COUNT } EtEvent;
#define ET_BLANKS 32

typedef struct {
    PyObject_HEAD
    EtState *state;                             /* of the module, which the type keeps alive */
    PyObject *root, *current, *last;            /* first element, innermost open one, last one opened or closed; or NULL */
    PyObject *last_for_tail;                    /* whose tail text belongs to, NULL when it is `last`'s text */
    PyObject *stack;                            /* list of the open elements around current */
    PyObject *data;                             /* text from Python since the last tag: NULL, one object, or a list that nobody else sees */
    char *bytes;                                /* text from the parser after that, UTF-8 */
    size_t bytes_used, bytes_room;
    PyObject *blanks[ET_BLANKS];                /* by length: the last text of so many spaces and newlines; most texts are such */
    PyObject *element_factory, *comment_factory, *pi_factory;   /* NULL: the element type; or none */
    bool insert_comments, insert_pis;
    PyObject *append_event;                     /* of the queue of events, or NULL */
    PyObject *events[ET_EVENT_COUNT];           /* the name to report, NULL: not wanted */
} EtBuilder;
#define ET_BUILDER(o) ((EtBuilder *)(o))

/* What the parser calls. attrib may be NULL; the results are new references, -1 and NULL come with an exception. */
PyObject *kr_et_builder_start(EtBuilder *, PyObject *tag, PyObject *attrib);
PyObject *kr_et_builder_end(EtBuilder *);
int kr_et_builder_text(EtBuilder *, const char *utf8, size_t n);
int kr_et_builder_data(EtBuilder *, PyObject *data);
PyObject *kr_et_builder_comment(EtBuilder *, PyObject *text);
PyObject *kr_et_builder_pi(EtBuilder *, PyObject *target, PyObject *text);
PyObject *kr_et_builder_close(EtBuilder *);
/* Reports (name, value) if that event is wanted. */
int kr_et_builder_report(EtBuilder *, EtEvent, PyObject *value);

#endif
