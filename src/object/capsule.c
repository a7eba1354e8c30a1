/* capsule.c - capsules: a C pointer as an object, named so that it can't be taken for another.
 *
 * A valid capsule has a pointer that is not NULL. Name and context are the maker's, never copied or freed here; the
 * destructor runs once, when the capsule dies.
 */
#include "krait.h"

typedef struct {
    PyObject_HEAD
    void *pointer;
    const char *name;
    void *context;
    PyCapsule_Destructor destructor;
} KrCapsule;
#define CAPSULE(o) ((KrCapsule *)(o))

static bool same_name(const char *a, const char *b) { return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0); }

/* o as a valid capsule; NULL with ValueError naming the function that was called. */
static KrCapsule *check(PyObject *o, const char *function) {
    if (o != NULL && PyCapsule_CheckExact(o) && CAPSULE(o)->pointer != NULL)
        return CAPSULE(o);
    PyErr_Format(PyExc_ValueError, "%s called with invalid PyCapsule object", function);
    return NULL;
}

PyObject *PyCapsule_New(void *pointer, const char *name, PyCapsule_Destructor destructor) {
    if (pointer == NULL) {
        PyErr_SetString(PyExc_ValueError, "PyCapsule_New called with null pointer");
        return NULL;
    }
    KrCapsule *c = PyObject_New(KrCapsule, &PyCapsule_Type);
    if (c == NULL)
        return NULL;
    c->pointer = pointer;
    c->name = name;
    c->context = NULL;
    c->destructor = destructor;
    return (PyObject *)c;
}

int PyCapsule_IsValid(PyObject *o, const char *name) {
    return o != NULL && PyCapsule_CheckExact(o) && CAPSULE(o)->pointer != NULL && same_name(CAPSULE(o)->name, name);
}

void *PyCapsule_GetPointer(PyObject *o, const char *name) {
    KrCapsule *c = check(o, "PyCapsule_GetPointer");
    if (c == NULL)
        return NULL;
    if (same_name(name, c->name))
        return c->pointer;
    PyErr_SetString(PyExc_ValueError, "PyCapsule_GetPointer called with incorrect name");
    return NULL;
}

const char *PyCapsule_GetName(PyObject *o) {
    KrCapsule *c = check(o, "PyCapsule_GetName");
    return c == NULL ? NULL : c->name;
}
PyCapsule_Destructor PyCapsule_GetDestructor(PyObject *o) {
    KrCapsule *c = check(o, "PyCapsule_GetDestructor");
    return c == NULL ? NULL : c->destructor;
}
void *PyCapsule_GetContext(PyObject *o) {
    KrCapsule *c = check(o, "PyCapsule_GetContext");
    return c == NULL ? NULL : c->context;
}

int PyCapsule_SetPointer(PyObject *o, void *pointer) {
    KrCapsule *c = check(o, "PyCapsule_SetPointer");
    if (c == NULL)
        return -1;
    if (pointer == NULL) {
        PyErr_SetString(PyExc_ValueError, "PyCapsule_SetPointer called with null pointer");
        return -1;
    }
    c->pointer = pointer;
    return 0;
}
int PyCapsule_SetName(PyObject *o, const char *name) {
    KrCapsule *c = check(o, "PyCapsule_SetName");
    if (c == NULL)
        return -1;
    c->name = name;
    return 0;
}
int PyCapsule_SetDestructor(PyObject *o, PyCapsule_Destructor destructor) {
    KrCapsule *c = check(o, "PyCapsule_SetDestructor");
    if (c == NULL)
        return -1;
    c->destructor = destructor;
    return 0;
}
int PyCapsule_SetContext(PyObject *o, void *context) {
    KrCapsule *c = check(o, "PyCapsule_SetContext");
    if (c == NULL)
        return -1;
    c->context = context;
    return 0;
}

/* "package.module.attribute": imports what stands before the first dot, then goes from attribute to attribute. */
void *PyCapsule_Import(const char *name, int no_block) {
    const char *part = name;
    PyObject *o = NULL;
    while (part != NULL) {
        const char *dot = strchr(part, '.');
        PyObject *piece = PyUnicode_FromStringAndSize(part, dot == NULL ? (Py_ssize_t)strlen(part) : dot - part), *next = NULL;
        if (piece != NULL && o == NULL) {
            next = no_block ? PyImport_ImportModuleNoBlock(PyUnicode_AsUTF8(piece)) : PyImport_Import(piece);
            if (next == NULL)
                PyErr_Format(PyExc_ImportError, "PyCapsule_Import could not import module \"%U\"", piece);
        } else if (piece != NULL) {
            next = PyObject_GetAttr(o, piece);
        }
        Py_XDECREF(piece);
        Py_XDECREF(o);
        o = next;
        if (o == NULL)
            return NULL;
        part = dot == NULL ? NULL : dot + 1;
    }
    void *pointer = NULL;
    if (PyCapsule_IsValid(o, name))
        pointer = CAPSULE(o)->pointer;
    else
        PyErr_Format(PyExc_AttributeError, "PyCapsule_Import \"%s\" is not valid", name);
    Py_DECREF(o);
    return pointer;
}

static void capsule_dealloc(PyObject *self) {
    if (CAPSULE(self)->destructor != NULL)
        CAPSULE(self)->destructor(self);
    PyObject_Free(self);
}

static PyObject *capsule_repr(PyObject *self) {
    const char *name = CAPSULE(self)->name, *quote = name == NULL ? "" : "\"";
    return PyUnicode_FromFormat("<capsule object %s%s%s at %p>", quote, name == NULL ? "NULL" : name, quote, self);
}

PyTypeObject PyCapsule_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "PyCapsule",
    .tp_basicsize = sizeof(KrCapsule),
    .tp_dealloc = capsule_dealloc,
    .tp_repr = capsule_repr,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = PyDoc_STR("A pointer that one extension module passes to another, as an object.\n\n"
                        "An extension that offers a C interface stores a capsule under a well-known attribute of its module;\n"
                        "others fetch the pointer with PyCapsule_Import()."),
};
