/* element.c - Element: tag, text, tail, attributes and children.
 *
 * Children are in extra->children[0 .. length), strong references to elements. Whatever runs Python code (comparisons, releasing an object) may change
 * the element, so a function that has run some looks at extra anew.
 */
#include "module/elementtree/elementtree.h"

/* ------------------------------------------------------------------ helpers */

static EtState *state_of(PyObject *element) { return kr_et_state_of_type(Py_TYPE(element)); }
static bool is_element(PyObject *of_same_module, PyObject *o) {
    if (Py_TYPE(o) == Py_TYPE(of_same_module)) return true;
    return PyObject_TypeCheck(o, state_of(of_same_module)->element);
}
static bool expect_element(PyObject *of_same_module, PyObject *o) {
    if (is_element(of_same_module, o)) return true;
    PyErr_Format(PyExc_TypeError, "expected an Element, not \"%.200s\"", Py_TYPE(o)->tp_name);
    return false;
}
static bool argument_is_element(PyObject *self, PyObject *o, const char *function, const char *argument) {
    if (is_element(self, o)) return true;
    _PyArg_BadArgument(function, argument, state_of(self)->element->tp_name, o);
    return false;
}

static EtExtra *make_extra(PyObject *element) {
    EtExtra *extra = ET_ELEMENT(element)->extra;
    if (extra) return extra;
    if (!(extra = PyMem_Malloc(sizeof *extra))) {
        PyErr_NoMemory();
        return NULL;
    }
    extra->attrib = NULL;
    extra->length = 0;
    extra->allocated = ET_INLINE_CHILDREN;
    extra->children = extra->few;
    return ET_ELEMENT(element)->extra = extra;
}
static void free_extra(EtExtra *extra) {
    if (!extra) return;
    Py_XDECREF(extra->attrib);
    for (Py_ssize_t i = 0; i < extra->length; i++) Py_DECREF(extra->children[i]);
    if (extra->children != extra->few) PyMem_Free(extra->children);
    PyMem_Free(extra);
}
static void drop_extra(PyObject *element) {
    EtExtra *extra = ET_ELEMENT(element)->extra;
    ET_ELEMENT(element)->extra = NULL;
    free_extra(extra);
}

/* Room for n more children; runs no Python code. */
static int reserve(PyObject *element, Py_ssize_t n) {
    EtExtra *extra = make_extra(element);
    if (!extra) return -1;
    if (extra->length > PY_SSIZE_T_MAX / (Py_ssize_t)sizeof(PyObject *) / 2 - n) {
        PyErr_NoMemory();
        return -1;
    }
    Py_ssize_t size = extra->length + n;
    if (size <= extra->allocated) return 0;
    size += (size >> 3) + (size < 9 ? 3 : 6);       /* grows by about an eighth, as lists do */
    PyObject **block = PyMem_Realloc(extra->children == extra->few ? NULL : extra->children, (size_t)size * sizeof(PyObject *));
    if (!block) {
        PyErr_NoMemory();
        return -1;
    }
    if (extra->children == extra->few) memcpy(block, extra->few, (size_t)extra->length * sizeof(PyObject *));
    extra->children = block;
    extra->allocated = size;
    return 0;
}

int kr_et_append(PyObject *element, PyObject *child) {
    if (reserve(element, 1) < 0) return -1;
    EtExtra *extra = ET_ELEMENT(element)->extra;
    extra->children[extra->length++] = Py_NewRef(child);
    return 0;
}

PyObject *kr_et_attributes(PyObject *element) {
    EtExtra *extra = make_extra(element);
    if (!extra) return NULL;
    if (!extra->attrib) extra->attrib = PyDict_New();
    return extra->attrib;
}
static PyObject *attributes_or_null(PyObject *element) { return ET_ELEMENT(element)->extra ? ET_ELEMENT(element)->extra->attrib : NULL; }

/* ------------------------------------------------------------------ making and freeing */

PyObject *kr_et_new_element(EtState *state, PyObject *tag, PyObject *attrib) {
    EtElement *self = PyObject_GC_New(EtElement, state->element);
    if (!self) return NULL;
    self->tag = Py_NewRef(tag);
    self->text = Py_NewRef(Py_None);
    self->tail = Py_NewRef(Py_None);
    self->extra = NULL;
    self->weakreflist = NULL;
    if (attrib) {
        if (!make_extra((PyObject *)self)) {
            Py_DECREF(self);
            return NULL;
        }
        self->extra->attrib = Py_NewRef(attrib);
    }
    PyObject_GC_Track(self);
    return (PyObject *)self;
}
static PyObject *element_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    EtElement *self = (EtElement *)type->tp_alloc(type, 0);
    if (!self) return NULL;
    self->tag = Py_NewRef(Py_None);
    self->text = Py_NewRef(Py_None);
    self->tail = Py_NewRef(Py_None);
    return (PyObject *)self;
}

/* The attributes given to Element() and SubElement(): attrib or kwds["attrib"], and the other kwds; a new dict, or *result NULL for none. */
static int given_attributes(PyObject *attrib, PyObject *kwds, PyObject **result) {
    PyObject *others = NULL, *name = NULL;
    int r = -1;
    *result = NULL;
    if (kwds && PyDict_GET_SIZE(kwds) > 0) {
        if (!(others = PyDict_Copy(kwds))) return -1;
        if (!attrib) {
            if (!(name = PyUnicode_InternFromString("attrib"))) goto done;
            if (!(attrib = PyDict_GetItemWithError(others, name)) && PyErr_Occurred()) goto done;
            if (attrib && !PyDict_Check(attrib)) {
                PyErr_Format(PyExc_TypeError, "attrib must be dict, not %.100s", Py_TYPE(attrib)->tp_name);
                goto done;
            }
            if (attrib) {
                if (!(attrib = *result = PyDict_Copy(attrib)) || PyDict_DelItem(others, name) < 0) goto done;
            }
        }
    }
    if (attrib && !*result && !(*result = PyDict_Copy(attrib))) goto done;
    if (others && !*result) {
        *result = others;
        others = NULL;
    }
    r = others ? PyDict_Update(*result, others) : 0;
done:
    Py_XDECREF(name);
    Py_XDECREF(others);
    if (r < 0) Py_CLEAR(*result);
    return r;
}
static int element_init(PyObject *self, PyObject *args, PyObject *kwds) {
    PyObject *tag, *attrib = NULL;
    if (!PyArg_ParseTuple(args, "O|O!:Element", &tag, &PyDict_Type, &attrib) || given_attributes(attrib, kwds, &attrib) < 0) return -1;
    drop_extra(self);
    if (attrib) {
        EtExtra *extra = make_extra(self);
        if (!extra) {
            Py_DECREF(attrib);
            return -1;
        }
        Py_XSETREF(extra->attrib, attrib);
    }
    EtElement *e = ET_ELEMENT(self);
    Py_XSETREF(e->tag, Py_NewRef(tag));
    Py_XSETREF(e->text, Py_NewRef(Py_None));
    Py_XSETREF(e->tail, Py_NewRef(Py_None));
    return 0;
}

static int element_traverse(PyObject *o, visitproc visit, void *arg) {
    EtElement *self = ET_ELEMENT(o);
    Py_VISIT(Py_TYPE(o));
    Py_VISIT(self->tag);
    Py_VISIT(self->text);
    Py_VISIT(self->tail);
    if (self->extra) {
        Py_VISIT(self->extra->attrib);
        for (Py_ssize_t i = 0; i < self->extra->length; i++) Py_VISIT(self->extra->children[i]);
    }
    return 0;
}
/* An element that the collector clears may still be looked at by finalizers of others: its fields become None. */
static int element_clear_all(PyObject *o) {
    EtElement *self = ET_ELEMENT(o);
    Py_SETREF(self->tag, Py_NewRef(Py_None));
    Py_SETREF(self->text, Py_NewRef(Py_None));
    Py_SETREF(self->tail, Py_NewRef(Py_None));
    drop_extra(o);
    return 0;
}
static void element_dealloc(PyObject *o) {
    EtElement *self = ET_ELEMENT(o);
    PyTypeObject *type = Py_TYPE(o);
    PyObject_GC_UnTrack(o);
    Py_TRASHCAN_BEGIN(o, element_dealloc)
    if (self->weakreflist) PyObject_ClearWeakRefs(o);
    Py_XDECREF(self->tag);
    Py_XDECREF(self->text);
    Py_XDECREF(self->tail);
    free_extra(self->extra);
    type->tp_free(o);
    Py_DECREF(type);
    Py_TRASHCAN_END
}

static PyObject *element_repr(PyObject *o) {
    int nested = Py_ReprEnter(o);
    if (nested > 0) PyErr_Format(PyExc_RuntimeError, "reentrant call inside %s.__repr__", Py_TYPE(o)->tp_name);
    if (nested != 0) return NULL;
    PyObject *tag = Py_NewRef(ET_ELEMENT(o)->tag), *result = PyUnicode_FromFormat("<Element %R at %p>", tag, o);
    Py_DECREF(tag);
    Py_ReprLeave(o);
    return result;
}

/* ------------------------------------------------------------------ children */

static Py_ssize_t element_length(PyObject *self) { return kr_et_length(self); }
static PyObject *element_item(PyObject *self, Py_ssize_t i) {
    if (i >= 0 && i < kr_et_length(self)) return Py_NewRef(ET_ELEMENT(self)->extra->children[i]);
    PyErr_SetString(PyExc_IndexError, "child index out of range");
    return NULL;
}

/* Replaces children [at, at + n) by the m elements of `with` (references taken over); the replaced ones are put into `old`, which has room for n. */
static int splice(PyObject *self, Py_ssize_t at, Py_ssize_t n, PyObject **with, Py_ssize_t m, PyObject **old) {
    if (m > n && reserve(self, m - n) < 0) return -1;
    EtExtra *extra = ET_ELEMENT(self)->extra;
    if (!extra) return 0;                       /* there was nothing, and nothing comes */
    PyObject **slot = extra->children + at;
    if (n) memcpy(old, slot, (size_t)n * sizeof(PyObject *));
    memmove(slot + m, slot + n, (size_t)(extra->length - at - n) * sizeof(PyObject *));
    if (m) memcpy(slot, with, (size_t)m * sizeof(PyObject *));
    extra->length += m - n;
    return 0;
}
static int element_set_item(PyObject *self, Py_ssize_t i, PyObject *value) {
    PyObject *old;
    if (i < 0 || i >= kr_et_length(self)) {
        PyErr_SetString(PyExc_IndexError, "child assignment index out of range");
        return -1;
    }
    if (value && !expect_element(self, value)) return -1;
    Py_XINCREF(value);
    splice(self, i, 1, &value, value != NULL, &old);
    Py_DECREF(old);
    return 0;
}
static bool index_of(PyObject *self, PyObject *key, Py_ssize_t *i) {
    *i = PyNumber_AsSsize_t(key, PyExc_IndexError);
    if (*i == -1 && PyErr_Occurred()) return false;
    if (*i < 0) *i += kr_et_length(self);
    return true;
}
static PyObject *element_subscript(PyObject *self, PyObject *key) {
    Py_ssize_t i, start, stop, step;
    if (PyIndex_Check(key)) return index_of(self, key, &i) ? element_item(self, i) : NULL;
    if (!PySlice_Check(key)) {
        PyErr_SetString(PyExc_TypeError, "element indices must be integers");
        return NULL;
    }
    if (PySlice_Unpack(key, &start, &stop, &step) < 0) return NULL;
    Py_ssize_t length = kr_et_length(self), n = PySlice_AdjustIndices(length, &start, &stop, step);
    PyObject *list = PyList_New(n);
    if (list && kr_et_length(self) != length) {     /* making it has run the collector, and that a finalizer */
        Py_DECREF(list);
        return element_subscript(self, key);
    }
    for (i = 0; list && i < n; i++) PyList_SET_ITEM(list, i, Py_NewRef(ET_ELEMENT(self)->extra->children[start + i * step]));
    return list;
}

/* self[slice] = sequence, or del self[slice] without one. */
static int assign_slice(PyObject *self, PyObject *slice, PyObject *value) {
    Py_ssize_t start, stop, step, m = 0;
    PyObject *sequence = NULL, **with = NULL, **old = NULL;
    int r = -1;
    if (PySlice_Unpack(slice, &start, &stop, &step) < 0) return -1;
    if (value) {
        if (!(sequence = PySequence_Fast(value, ""))) {
            PyErr_Format(PyExc_TypeError, "expected sequence, not \"%.200s\"", Py_TYPE(value)->tp_name);
            return -1;
        }
        m = PySequence_Fast_GET_SIZE(sequence);
    }
    Py_ssize_t n = PySlice_AdjustIndices(kr_et_length(self), &start, &stop, step);
    if (value && step != 1 && m != n) {
        PyErr_Format(PyExc_ValueError, "attempt to assign sequence of size %zd to extended slice of size %zd", m, n);
        goto done;
    }
    for (Py_ssize_t i = 0; i < m; i++)
        if (!expect_element(self, PySequence_Fast_GET_ITEM(sequence, i))) goto done;
    with = PyMem_New(PyObject *, m + 1);
    old = PyMem_New(PyObject *, n + 1);
    if (!with || !old) {
        PyErr_NoMemory();
        goto done;
    }
    for (Py_ssize_t i = 0; i < m; i++) with[i] = Py_NewRef(PySequence_Fast_GET_ITEM(sequence, i));
    if (step == 1) {
        r = splice(self, start, n, with, m, old);
    } else if (value) {
        for (Py_ssize_t i = 0; i < n; i++) splice(self, start + i * step, 1, with + i, 1, old + i);
        r = 0;
    } else {
        if (step < 0) {                         /* the same children, counted upwards */
            start += (n - 1) * step;
            step = -step;
        }
        for (Py_ssize_t i = n; i-- > 0;) splice(self, start + i * step, 1, NULL, 0, old + i);
        r = 0;
    }
    if (r < 0) {
        for (Py_ssize_t i = 0; i < m; i++) Py_DECREF(with[i]);
        n = 0;
    }
    for (Py_ssize_t i = 0; i < n; i++) Py_DECREF(old[i]);
done:
    PyMem_Free(with);
    PyMem_Free(old);
    Py_XDECREF(sequence);
    return r;
}
static int element_assign_subscript(PyObject *self, PyObject *key, PyObject *value) {
    Py_ssize_t i;
    if (PyIndex_Check(key)) return index_of(self, key, &i) ? element_set_item(self, i, value) : -1;
    if (PySlice_Check(key)) return assign_slice(self, key, value);
    PyErr_SetString(PyExc_TypeError, "element indices must be integers");
    return -1;
}

PyDoc_STRVAR(append_doc, "append($self, subelement, /)\n--\n\nAdds an element after the last child.");
static PyObject *element_append(PyObject *self, PyObject *child) {
    if (!argument_is_element(self, child, "append", "argument")) return NULL;
    return kr_et_append(self, child) < 0 ? NULL : Py_NewRef(Py_None);
}
PyDoc_STRVAR(extend_doc, "extend($self, elements, /)\n--\n\nAdds the elements of a sequence after the last child.");
static PyObject *element_extend(PyObject *self, PyObject *elements) {
    PyObject *sequence = PySequence_Fast(elements, "");
    if (!sequence) {
        PyErr_Format(PyExc_TypeError, "expected sequence, not \"%.200s\"", Py_TYPE(elements)->tp_name);
        return NULL;
    }
    int r = 0;
    for (Py_ssize_t i = 0; r == 0 && i < PySequence_Fast_GET_SIZE(sequence); i++) {
        PyObject *child = PySequence_Fast_GET_ITEM(sequence, i);
        r = expect_element(self, child) ? kr_et_append(self, child) : -1;
    }
    Py_DECREF(sequence);
    return r < 0 ? NULL : Py_NewRef(Py_None);
}
PyDoc_STRVAR(insert_doc, "insert($self, index, subelement, /)\n--\n\nInserts an element before the child at index.");
static PyObject *element_insert(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("insert", nargs, 2, 2)) return NULL;
    PyObject *index = _PyNumber_Index(args[0]), *child = args[1];
    Py_ssize_t i = index ? PyLong_AsSsize_t(index) : -1, length;
    Py_XDECREF(index);
    if ((i == -1 && PyErr_Occurred()) || !argument_is_element(self, child, "insert", "argument 2")) return NULL;
    length = kr_et_length(self);
    if (i < 0) i = i + length < 0 ? 0 : i + length;
    if (i > length) i = length;
    Py_INCREF(child);
    if (splice(self, i, 0, &child, 1, NULL) == 0) Py_RETURN_NONE;
    Py_DECREF(child);
    return NULL;
}
PyDoc_STRVAR(remove_doc, "remove($self, subelement, /)\n--\n\nRemoves the first child that is the element, or else equals it.");
static PyObject *element_remove(PyObject *self, PyObject *child) {
    PyObject *old;
    Py_ssize_t i;
    if (!argument_is_element(self, child, "remove", "argument")) return NULL;
    for (i = 0; i < kr_et_length(self) && ET_ELEMENT(self)->extra->children[i] != child;) i++;
    if (i >= kr_et_length(self)) {
        for (i = 0; i < kr_et_length(self); i++) {
            PyObject *candidate = Py_NewRef(ET_ELEMENT(self)->extra->children[i]);
            int same = PyObject_RichCompareBool(candidate, child, Py_EQ);
            Py_DECREF(candidate);
            if (same < 0) return NULL;
            if (same) break;
        }
    }
    if (i >= kr_et_length(self)) {
        PyErr_SetString(PyExc_ValueError, "list.remove(x): x not in list");
        return NULL;
    }
    splice(self, i, 1, NULL, 0, &old);
    Py_DECREF(old);
    Py_RETURN_NONE;
}
PyDoc_STRVAR(clear_doc, "clear($self, /)\n--\n\nRemoves the children, the attributes, the text and the tail.");
static PyObject *element_clear(PyObject *self, PyObject *unused) {
    drop_extra(self);
    Py_SETREF(ET_ELEMENT(self)->text, Py_NewRef(Py_None));
    Py_SETREF(ET_ELEMENT(self)->tail, Py_NewRef(Py_None));
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ attributes */

static bool key_and_default(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, PyObject **key, PyObject **otherwise) {
    static const char *const keywords[] = {"key", "default", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "get"};
    PyObject *buffer[2];
    PyObject *const *a = _PyArg_UnpackKeywords(args, nargs, NULL, kwnames, &parser, 1, 2, 0, buffer);
    if (!a) return false;
    *key = a[0];
    *otherwise = nargs + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0) > 1 ? a[1] : Py_None;
    return true;
}
PyDoc_STRVAR(get_doc, "get($self, /, key, default=None)\n--\n\nAn attribute's value, or default.");
static PyObject *element_get(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    PyObject *key, *otherwise, *value = NULL;
    if (!key_and_default(args, nargs, kwnames, &key, &otherwise)) return NULL;
    PyObject *attrib = Py_XNewRef(attributes_or_null(self));    /* hashing the key may replace it */
    if (attrib) {
        value = Py_XNewRef(PyDict_GetItemWithError(attrib, key));
        Py_DECREF(attrib);
        if (!value && PyErr_Occurred()) return NULL;
    }
    return value ? value : Py_NewRef(otherwise);
}
PyDoc_STRVAR(set_doc, "set($self, key, value, /)\n--\n\nSets an attribute.");
static PyObject *element_set(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("set", nargs, 2, 2)) return NULL;
    PyObject *attrib = Py_XNewRef(kr_et_attributes(self));
    int r = attrib ? PyDict_SetItem(attrib, args[0], args[1]) : -1;
    Py_XDECREF(attrib);
    return r < 0 ? NULL : Py_NewRef(Py_None);
}
PyDoc_STRVAR(items_doc, "items($self, /)\n--\n\nThe attributes as a list of pairs.");
static PyObject *element_items(PyObject *self, PyObject *unused) {
    PyObject *attrib = attributes_or_null(self);
    return attrib ? PyDict_Items(attrib) : PyList_New(0);
}
PyDoc_STRVAR(keys_doc, "keys($self, /)\n--\n\nThe attributes' names as a list.");
static PyObject *element_keys(PyObject *self, PyObject *unused) {
    PyObject *attrib = attributes_or_null(self);
    return attrib ? PyDict_Keys(attrib) : PyList_New(0);
}

static int refuse_deletion(void) {
    PyErr_SetString(PyExc_AttributeError, "can't delete element attribute");
    return -1;
}
static PyObject *get_attrib(PyObject *self, void *unused) { return Py_XNewRef(kr_et_attributes(self)); }
static int set_attrib(PyObject *self, PyObject *value, void *unused) {
    if (!value) return refuse_deletion();
    if (!PyDict_Check(value)) {
        PyErr_Format(PyExc_TypeError, "attrib must be dict, not %.200s", Py_TYPE(value)->tp_name);
        return -1;
    }
    EtExtra *extra = make_extra(self);
    if (!extra) return -1;
    Py_XSETREF(extra->attrib, Py_NewRef(value));
    return 0;
}
/* tag, text and tail: the closure is the field's offset. */
static PyObject **field(PyObject *self, void *offset) { return (PyObject **)((char *)self + (intptr_t)offset); }
static PyObject *get_field(PyObject *self, void *offset) { return Py_NewRef(*field(self, offset)); }
static int set_field(PyObject *self, PyObject *value, void *offset) {
    if (!value) return refuse_deletion();
    Py_SETREF(*field(self, offset), Py_NewRef(value));
    return 0;
}

/* ------------------------------------------------------------------ copies and state */

PyDoc_STRVAR(makeelement_doc, "makeelement($self, tag, attrib, /)\n--\n\nA new element with a copy of attrib.");
static PyObject *element_makeelement(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("makeelement", nargs, 2, 2)) return NULL;
    if (!PyDict_Check(args[1])) {
        _PyArg_BadArgument("makeelement", "argument 2", "dict", args[1]);
        return NULL;
    }
    PyObject *attrib = PyDict_Copy(args[1]), *element = attrib ? kr_et_new_element(state_of(self), args[0], attrib) : NULL;
    Py_XDECREF(attrib);
    return element;
}

static PyObject *element_copy(PyObject *self, PyObject *unused) {
    PyObject *copy = kr_et_new_element(state_of(self), ET_ELEMENT(self)->tag, attributes_or_null(self));
    if (!copy) return NULL;
    Py_SETREF(ET_ELEMENT(copy)->text, Py_NewRef(ET_ELEMENT(self)->text));
    Py_SETREF(ET_ELEMENT(copy)->tail, Py_NewRef(ET_ELEMENT(self)->tail));
    Py_ssize_t n = kr_et_length(self);
    if (n && reserve(copy, n) < 0) {
        Py_DECREF(copy);
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) ET_ELEMENT(copy)->extra->children[ET_ELEMENT(copy)->extra->length++] = Py_NewRef(ET_ELEMENT(self)->extra->children[i]);
    return copy;
}

static PyObject *element_deepcopy(PyObject *self, PyObject *memo);
static bool maps_text_to_text(PyObject *dict) {
    Py_ssize_t pos = 0;
    PyObject *key, *value;
    while (PyDict_Next(dict, &pos, &key, &value))
        if (!PyUnicode_CheckExact(key) || !PyUnicode_CheckExact(value)) return false;
    return true;
}
/* A deep copy of a part of an element. What only the element refers to cannot be in memo, so that the usual parts need no call of copy.deepcopy. */
static PyObject *deep_copy(EtState *state, PyObject *part, PyObject *memo) {
    if (part == Py_None || PyUnicode_CheckExact(part)) return Py_NewRef(part);
    bool unshared = Py_REFCNT(part) == 1;
    PyObject *copy;
    Py_INCREF(part);
    if (unshared && Py_IS_TYPE(part, state->element)) copy = element_deepcopy(part, memo);
    else if (unshared && PyDict_CheckExact(part) && maps_text_to_text(part)) copy = PyDict_Copy(part);
    else copy = PyObject_CallFunctionObjArgs(state->deepcopy, part, memo, NULL);
    Py_DECREF(part);
    return copy;
}
static int deep_copy_field(EtState *state, PyObject **to, PyObject *from, PyObject *memo) {
    PyObject *copy = deep_copy(state, from, memo);
    if (!copy) return -1;
    Py_XSETREF(*to, copy);
    return 0;
}
static int deep_copy_children(EtState *state, PyObject *copy, PyObject *self, PyObject *memo) {
    for (Py_ssize_t i = 0; i < kr_et_length(self); i++) {
        PyObject *child = deep_copy(state, ET_ELEMENT(self)->extra->children[i], memo);
        int r = !child ? -1 : expect_element(copy, child) ? kr_et_append(copy, child) : -1;
        Py_XDECREF(child);
        if (r < 0) return -1;
    }
    return 0;
}
static PyObject *element_deepcopy(PyObject *self, PyObject *memo) {
    if (!PyDict_Check(memo)) {
        _PyArg_BadArgument("__deepcopy__", "argument", "dict", memo);
        return NULL;
    }
    if (Py_EnterRecursiveCall(" in Element.__deepcopy__")) return NULL;
    EtState *state = state_of(self);
    PyObject *copy = kr_et_new_element(state, Py_None, NULL), *attrib, *id = NULL;
    EtElement *from = ET_ELEMENT(self), *to = ET_ELEMENT(copy);
    int r = copy ? deep_copy_field(state, &to->tag, from->tag, memo) : -1;
    if (r == 0 && (attrib = attributes_or_null(self)) != NULL) r = make_extra(copy) ? deep_copy_field(state, &to->extra->attrib, attrib, memo) : -1;
    if (r == 0) r = deep_copy_field(state, &to->text, from->text, memo);
    if (r == 0) r = deep_copy_field(state, &to->tail, from->tail, memo);
    if (r == 0) r = deep_copy_children(state, copy, self, memo);
    if (r == 0 && (!(id = PyLong_FromVoidPtr(self)) || PyDict_SetItem(memo, id, copy) < 0)) r = -1;
    Py_XDECREF(id);
    Py_LeaveRecursiveCall();
    if (r < 0) Py_CLEAR(copy);
    return copy;
}

static PyObject *element_sizeof(PyObject *self, PyObject *unused) {
    EtExtra *extra = ET_ELEMENT(self)->extra;
    size_t size = (size_t)Py_TYPE(self)->tp_basicsize;
    if (extra) size += sizeof *extra + (extra->children == extra->few ? 0 : (size_t)extra->allocated * sizeof(PyObject *));
    return PyLong_FromSize_t(size);
}

static PyObject *element_getstate(PyObject *self, PyObject *unused) {
    PyObject *children = element_subscript(self, state_of(self)->whole);
    if (!children) return NULL;
    PyObject *attrib = attributes_or_null(self), *empty = NULL;
    if (!attrib && !(attrib = empty = PyDict_New())) {
        Py_DECREF(children);
        return NULL;
    }
    EtElement *e = ET_ELEMENT(self);
    PyObject *state = Py_BuildValue("{sOsNsOsOsO}", "tag", e->tag, "_children", children, "attrib", attrib, "text", e->text, "tail", e->tail);
    Py_XDECREF(empty);
    return state;
}
static PyObject *element_setstate(PyObject *self, PyObject *state) {
    static char *names[] = {"tag", "_children", "attrib", "text", "tail", NULL};
    PyObject *tag = NULL, *children = NULL, *attrib = NULL, *text = NULL, *tail = NULL;
    if (!PyDict_Check(state)) {
        PyErr_Format(PyExc_TypeError, "Don't know how to unpickle \"%.200R\" as an Element", state);
        return NULL;
    }
    PyObject *none = PyTuple_New(0);
    int ok = none && PyArg_ParseTupleAndKeywords(none, state, "|$OOOOO", names, &tag, &children, &attrib, &text, &tail);
    Py_XDECREF(none);
    if (!ok) return NULL;
    if (!tag) PyErr_SetString(PyExc_TypeError, "tag may not be NULL");
    else if (children && !PyList_Check(children)) PyErr_SetString(PyExc_TypeError, "'_children' is not a list");
    if (PyErr_Occurred()) return NULL;
    Py_XINCREF(children);                       /* what follows may empty the dict they are from */
    Py_XINCREF(attrib);
    Py_XINCREF(tail);
    Py_XINCREF(text);
    EtElement *e = ET_ELEMENT(self);
    Py_SETREF(e->tag, Py_NewRef(tag));
    Py_SETREF(e->text, Py_NewRef(text ? text : Py_None));
    Py_SETREF(e->tail, Py_NewRef(tail ? tail : Py_None));
    int r = 0;
    if (children) {
        PyObject *before = Py_XNewRef(attributes_or_null(self));
        drop_extra(self);
        if (before && (r = make_extra(self) ? 0 : -1) == 0) Py_XSETREF(e->extra->attrib, Py_NewRef(before));
        Py_XDECREF(before);
        for (Py_ssize_t i = 0; r == 0 && i < PyList_GET_SIZE(children); i++) {
            PyObject *child = PyList_GET_ITEM(children, i);
            r = expect_element(self, child) ? kr_et_append(self, child) : -1;
        }
    }
    if (r == 0 && attrib && (r = make_extra(self) ? 0 : -1) == 0) Py_XSETREF(e->extra->attrib, Py_NewRef(attrib));
    Py_XDECREF(children);
    Py_XDECREF(attrib);
    Py_XDECREF(tail);
    Py_XDECREF(text);
    return r < 0 ? NULL : Py_NewRef(Py_None);
}

/* ------------------------------------------------------------------ the type */

#define ET_FIND METH_METHOD | METH_FASTCALL | METH_KEYWORDS
static PyMethodDef element_methods[] = {
    {"clear", element_clear, METH_NOARGS, clear_doc},
    {"get", KR_METH(element_get), METH_FASTCALL | METH_KEYWORDS, get_doc},
    {"set", KR_METH(element_set), METH_FASTCALL, set_doc},
    {"find", KR_METH(kr_et_find), ET_FIND, "find($self, /, path, namespaces=None)\n--\n\nThe first element below that the path leads to, or None."},
    {"findtext", KR_METH(kr_et_findtext), ET_FIND, "findtext($self, /, path, default=None, namespaces=None)\n--\n\nThe text of the element found, or default."},
    {"findall", KR_METH(kr_et_findall), ET_FIND, "findall($self, /, path, namespaces=None)\n--\n\nA list of the elements below that the path leads to."},
    {"append", element_append, METH_O, append_doc},
    {"extend", element_extend, METH_O, extend_doc},
    {"insert", KR_METH(element_insert), METH_FASTCALL, insert_doc},
    {"remove", element_remove, METH_O, remove_doc},
    {"iter", KR_METH(kr_et_iter), ET_FIND, "iter($self, /, tag=None)\n--\n\nIterates over the element and all below it, in document order."},
    {"itertext", KR_METH(kr_et_itertext), ET_FIND, "itertext($self, /)\n--\n\nIterates over the texts in the element."},
    {"iterfind", KR_METH(kr_et_iterfind), ET_FIND, "iterfind($self, /, path, namespaces=None)\n--\n\nIterates over the elements that the path leads to."},
    {"items", element_items, METH_NOARGS, items_doc},
    {"keys", element_keys, METH_NOARGS, keys_doc},
    {"makeelement", KR_METH(element_makeelement), METH_FASTCALL, makeelement_doc},
    {"__copy__", element_copy, METH_NOARGS, "__copy__($self, /)\n--\n\n"},
    {"__deepcopy__", element_deepcopy, METH_O, "__deepcopy__($self, memo, /)\n--\n\n"},
    {"__sizeof__", element_sizeof, METH_NOARGS, "__sizeof__($self, /)\n--\n\n"},
    {"__getstate__", element_getstate, METH_NOARGS, "__getstate__($self, /)\n--\n\n"},
    {"__setstate__", element_setstate, METH_O, "__setstate__($self, state, /)\n--\n\n"},
    {NULL}};
#define FIELD(name, doc) {#name, get_field, set_field, doc, (void *)offsetof(EtElement, name)}
static PyGetSetDef element_getset[] = {FIELD(tag, "the element's name"), FIELD(text, "the text before the first child"),
                                       FIELD(tail, "the text behind the element"),
                                       {"attrib", get_attrib, set_attrib, "the attributes, a dict"},
                                       {NULL}};
static PyMemberDef element_members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(EtElement, weakreflist), READONLY}, {NULL}};
static PyType_Slot element_slots[] = {
    {Py_tp_dealloc, element_dealloc}, {Py_tp_repr, element_repr}, {Py_tp_traverse, element_traverse}, {Py_tp_clear, element_clear_all},
    {Py_tp_methods, element_methods}, {Py_tp_getset, element_getset}, {Py_tp_members, element_members}, {Py_tp_init, element_init},
    {Py_tp_new, element_new}, {Py_tp_getattro, PyObject_GenericGetAttr}, {Py_sq_length, element_length}, {Py_sq_item, element_item},
    {Py_sq_ass_item, element_set_item}, {Py_mp_length, element_length}, {Py_mp_subscript, element_subscript},
    {Py_mp_ass_subscript, element_assign_subscript}, {0, NULL}};
PyType_Spec kr_et_element_spec = {"xml.etree.ElementTree.Element", sizeof(EtElement), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, element_slots};

/* ------------------------------------------------------------------ the module's functions */

static PyObject *sub_element(PyObject *module, PyObject *args, PyObject *kwds) {
    EtState *state = PyModule_GetState(module);
    PyObject *parent, *tag, *attrib = NULL, *child;
    if (!PyArg_ParseTuple(args, "O!O|O!:SubElement", state->element, &parent, &tag, &PyDict_Type, &attrib) || given_attributes(attrib, kwds, &attrib) < 0)
        return NULL;
    child = kr_et_new_element(state, tag, attrib);
    Py_XDECREF(attrib);
    if (child && kr_et_append(parent, child) < 0) Py_CLEAR(child);
    return child;
}
static bool factory(PyObject **at, PyObject *o, const char *what) {
    if (o != Py_None && !PyCallable_Check(o)) {
        PyErr_Format(PyExc_TypeError, "%s factory must be callable, not %.100s", what, Py_TYPE(o)->tp_name);
        return false;
    }
    *at = o == Py_None ? NULL : o;
    return true;
}
PyDoc_STRVAR(set_factories_doc, "_set_factories($module, comment_factory, pi_factory, /)\n--\n\n"
                                "Sets what new builders make comments and processing instructions with; gives what\nit was. For the library's use.");
static PyObject *set_factories(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    EtState *state = PyModule_GetState(module);
    PyObject *comment, *pi;
    if (!_PyArg_CheckPositional("_set_factories", nargs, 2, 2) || !factory(&comment, args[0], "Comment") || !factory(&pi, args[1], "PI")) return NULL;
    PyObject *old = PyTuple_Pack(2, state->comment_factory ? state->comment_factory : Py_None, state->pi_factory ? state->pi_factory : Py_None);
    if (!old) return NULL;
    Py_XSETREF(state->comment_factory, Py_XNewRef(comment));
    Py_XSETREF(state->pi_factory, Py_XNewRef(pi));
    return old;
}

/* ------------------------------------------------------------------ the module */

static PyObject *import_attribute(const char *module, const char *name) {
    PyObject *m = PyImport_ImportModule(module), *value = m ? PyObject_GetAttrString(m, name) : NULL;
    Py_XDECREF(m);
    return value;
}
static PyTypeObject *add_type(PyObject *m, PyType_Spec *spec) {
    PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(m, spec, NULL);
    if (type && strncmp(spec->name, "xml.", 4) == 0 && PyModule_AddType(m, type) < 0) Py_CLEAR(type);
    return type;
}
static int exec(PyObject *m) {
    EtState *state = PyModule_GetState(m);
    if (!(state->element = add_type(m, &kr_et_element_spec)) || !(state->iterator = add_type(m, &kr_et_iterator_spec)) ||
        !(state->builder = add_type(m, &kr_et_builder_spec)) || !(state->parser = add_type(m, &kr_et_parser_spec)) ||
        !(state->whole = PySlice_New(NULL, NULL, NULL)) || !(state->deepcopy = import_attribute("copy", "deepcopy")) ||
        !(state->element_path = PyImport_ImportModule("xml.etree.ElementPath")) ||
        !(state->parse_error = PyErr_NewException("xml.etree.ElementTree.ParseError", PyExc_SyntaxError, NULL)))
        return -1;
    return PyModule_AddObjectRef(m, "ParseError", state->parse_error);
}
static int traverse(PyObject *m, visitproc visit, void *arg) {
    EtState *state = PyModule_GetState(m);
    for (PyObject **p = (PyObject **)state; p < (PyObject **)(state + 1); p++) Py_VISIT(*p);
    return 0;
}
static int clear(PyObject *m) {
    EtState *state = PyModule_GetState(m);
    for (PyObject **p = (PyObject **)state; p < (PyObject **)(state + 1); p++) Py_CLEAR(*p);
    return 0;
}
static void free_state(void *m) { clear(m); }

static PyMethodDef methods[] = {{"SubElement", KR_METH(sub_element), METH_VARARGS | METH_KEYWORDS, NULL},
                                {"_set_factories", KR_METH(set_factories), METH_FASTCALL, set_factories_doc},
                                {NULL}};
static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec}, {0, NULL}};
struct PyModuleDef kr_elementtree_module = {PyModuleDef_HEAD_INIT, .m_name = "_elementtree", .m_size = sizeof(EtState), .m_methods = methods, .m_slots = slots,
                                            .m_traverse = traverse, .m_clear = clear, .m_free = free_state};
PyMODINIT_FUNC PyInit__elementtree(void) { return PyModuleDef_Init(&kr_elementtree_module); }
