/* descr_property.c - property.
 *
 * A property owns its three functions, each NULL when missing (never None), its docstring and the name that the class statement
 * gave it. getter_doc: the docstring is the getter's, so that a copy with another getter takes that one's.
 * A subclass's instances keep the docstring in their own __doc__ attribute: the class's __doc__ would hide the field.
 */
#include "object/container.h"
#include "object/descr.h"
#include "object/tuple.h"

enum { GET, SET, DEL, ACCESSORS };

typedef struct {
    PyObject_HEAD
    PyObject *accessor[ACCESSORS];
    PyObject *doc;
    PyObject *name;
    bool getter_doc;
} KrProperty;

PyObject *kr_property_getter(PyObject *property) { return ((KrProperty *)property)->accessor[GET]; }

/* ------------------------------------------------------------------ life */

/* Takes the getter's docstring for its own. */
static int take_getter_doc(KrProperty *p) {
    PyObject *doc;
    int found = _PyObject_LookupAttr(p->accessor[GET], KR_STR(__doc__), &doc);
    if (found <= 0) return found;
    if (Py_IS_TYPE(p, &PyProperty_Type)) {
        Py_XSETREF(p->doc, doc);
    } else {
        int failed = PyObject_SetAttr((PyObject *)p, KR_STR(__doc__), doc);
        Py_DECREF(doc);
        if (failed) return -1;
    }
    p->getter_doc = true;
    return 0;
}

static int property_init(PyObject *self, PyObject *args, PyObject *kwargs) {
    static const char *const keywords[] = {"fget", "fset", "fdel", "doc", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "property"};
    KrProperty *p = (KrProperty *)self;
    Py_ssize_t npos = PyTuple_GET_SIZE(args), given = npos + (kwargs != NULL ? PyDict_GET_SIZE(kwargs) : 0);
    PyObject *buffer[4], *v[4] = {NULL};
    PyObject *const *a = _PyArg_UnpackKeywords(((PyTupleObject *)args)->ob_item, npos, kwargs, NULL, &parser, 0, 4, 0, buffer);
    if (a == NULL) return -1;
    for (int i = 0; i < 4 && given > 0; i++)
        if (a[i] != NULL) {
            v[i] = a[i] == Py_None ? NULL : a[i];
            given--;
        }
    for (int i = 0; i < ACCESSORS; i++) Py_XSETREF(p->accessor[i], Py_XNewRef(v[i]));
    Py_XSETREF(p->doc, Py_XNewRef(v[3]));
    Py_CLEAR(p->name);
    p->getter_doc = false;
    return p->doc == NULL && p->accessor[GET] != NULL ? take_getter_doc(p) : 0;
}

static int property_clear(PyObject *self) {
    Py_CLEAR(((KrProperty *)self)->doc);
    return 0;
}

static void property_dealloc(PyObject *self) {
    KrProperty *p = (KrProperty *)self;
    KR_FORGET(self);
    for (int i = 0; i < ACCESSORS; i++) Py_XDECREF(p->accessor[i]);
    Py_XDECREF(p->doc);
    Py_XDECREF(p->name);
    Py_TYPE(self)->tp_free(self);
}

static int property_traverse(PyObject *self, visitproc visit, void *arg) {
    KrProperty *p = (KrProperty *)self;
    for (int i = 0; i < ACCESSORS; i++) Py_VISIT(p->accessor[i]);
    Py_VISIT(p->doc);
    Py_VISIT(p->name);
    return 0;
}

/* A property of the same class with one accessor replaced, unless by None. */
static PyObject *property_copy(PyObject *self, int which, PyObject *accessor) {
    KrProperty *p = (KrProperty *)self;
    PyObject *args[4];
    for (int i = 0; i < ACCESSORS; i++) {
        PyObject *f = i == which && accessor != Py_None ? accessor : p->accessor[i];
        args[i] = f != NULL ? f : Py_None;
    }
    bool retake = p->getter_doc && args[GET] != Py_None;
    args[3] = retake || p->doc == NULL ? Py_None : p->doc;
    PyObject *copy = PyObject_Vectorcall((PyObject *)Py_TYPE(self), args, 4, NULL);
    if (copy != NULL && PyObject_TypeCheck(copy, &PyProperty_Type)) Py_XSETREF(((KrProperty *)copy)->name, Py_XNewRef(p->name));
    return copy;
}

/* ------------------------------------------------------------------ descriptor protocol */

/* AttributeError: the property has no getter, setter or deleter. */
static KR_COLD void missing_accessor(KrProperty *p, PyObject *obj, const char *what) {
    PyObject *qualname = PyType_GetQualName(Py_TYPE(obj));
    if (qualname == NULL) return;
    if (p->name != NULL) PyErr_Format(PyExc_AttributeError, "property %R of %R object has no %s", p->name, qualname, what);
    else PyErr_Format(PyExc_AttributeError, "property of %R object has no %s", qualname, what);
    Py_DECREF(qualname);
}

static PyObject *property_descr_get(PyObject *self, PyObject *obj, PyObject *type) {
    KrProperty *p = (KrProperty *)self;
    if (obj == NULL || obj == Py_None) return Py_NewRef(self);
    if (KR_LIKELY(p->accessor[GET] != NULL)) return PyObject_CallOneArg(p->accessor[GET], obj);
    missing_accessor(p, obj, "getter");
    return NULL;
}

static int property_descr_set(PyObject *self, PyObject *obj, PyObject *value) {
    KrProperty *p = (KrProperty *)self;
    PyObject *f = p->accessor[value != NULL ? SET : DEL];
    if (KR_UNLIKELY(f == NULL)) {
        missing_accessor(p, obj, value != NULL ? "setter" : "deleter");
        return -1;
    }
    PyObject *args[3] = {NULL, obj, value};
    PyObject *r = PyObject_Vectorcall(f, args + 1, (value != NULL ? 2 : 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    Py_XDECREF(r);
    return r == NULL ? -1 : 0;
}

/* ------------------------------------------------------------------ methods and attributes */

static PyObject *property_getter(PyObject *self, PyObject *f) { return property_copy(self, GET, f); }
static PyObject *property_setter(PyObject *self, PyObject *f) { return property_copy(self, SET, f); }
static PyObject *property_deleter(PyObject *self, PyObject *f) { return property_copy(self, DEL, f); }

static PyObject *property_set_name(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (nargs != 2) {
        PyErr_Format(PyExc_TypeError, "__set_name__() takes 2 positional arguments but %zd were given", nargs);
        return NULL;
    }
    Py_XSETREF(((KrProperty *)self)->name, Py_NewRef(args[1]));
    Py_RETURN_NONE;
}

static PyObject *property_get_isabstract(PyObject *self, void *closure) {
    int abstract = 0;
    for (int i = 0; i < ACCESSORS && abstract == 0; i++) abstract = _PyObject_IsAbstract(((KrProperty *)self)->accessor[i]);
    return abstract < 0 ? NULL : PyBool_FromLong(abstract);
}

static PyMethodDef property_methods[] = {
    {"getter", property_getter, METH_O, PyDoc_STR("A copy of the property that reads through another function.")},
    {"setter", property_setter, METH_O, PyDoc_STR("A copy of the property that assigns through another function.")},
    {"deleter", property_deleter, METH_O, PyDoc_STR("A copy of the property that deletes through another function.")},
    {"__set_name__", KR_METH(property_set_name), METH_FASTCALL, PyDoc_STR("Tells the property the name that the class gives it.")},
    {NULL},
};
static PyMemberDef property_members[] = {
    {"fget", T_OBJECT, offsetof(KrProperty, accessor[GET]), READONLY},
    {"fset", T_OBJECT, offsetof(KrProperty, accessor[SET]), READONLY},
    {"fdel", T_OBJECT, offsetof(KrProperty, accessor[DEL]), READONLY},
    {"__doc__", T_OBJECT, offsetof(KrProperty, doc), 0},
    {NULL},
};
static PyGetSetDef property_getsets[] = {
    {"__isabstractmethod__", property_get_isabstract},
    {NULL},
};

PyTypeObject PyProperty_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "property",
    .tp_basicsize = sizeof(KrProperty),
    .tp_dealloc = property_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_doc = PyDoc_STR("property(fget=None, fset=None, fdel=None, doc=None)\n--\n\n"
                        "An attribute that functions read, assign and delete.\n\n"
                        "fget(obj) gives the value, fset(obj, value) assigns, fdel(obj) deletes; without one of\n"
                        "them, that access raises AttributeError. doc defaults to fget's docstring.\n"
                        "Usually written as a decorator:\n\n"
                        "    class C:\n"
                        "        @property\n"
                        "        def x(self):\n"
                        "            \"What x is.\"\n"
                        "            return self._x\n"
                        "        @x.setter\n"
                        "        def x(self, value):\n"
                        "            self._x = value"),
    .tp_traverse = property_traverse,
    .tp_clear = property_clear,
    .tp_methods = property_methods,
    .tp_members = property_members,
    .tp_getset = property_getsets,
    .tp_descr_get = property_descr_get,
    .tp_descr_set = property_descr_set,
    .tp_init = property_init,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = PyType_GenericNew,
    .tp_free = PyObject_GC_Del,
};
