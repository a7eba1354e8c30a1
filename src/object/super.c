/* super.c - super: attribute look-up that starts after a given class in the MRO of an object's class.
 *
 * obj == NULL: unbound, a descriptor that binds when it is got from an instance. obj_type is the class whose MRO is searched: obj's class,
 * or obj itself when that is a subclass of `type` (class methods).
 */
#include "object/type.h"
#include "vm/frame.h"

typedef struct {
    PyObject_HEAD
    PyTypeObject *type;
    PyObject *obj;
    PyTypeObject *obj_type;
} Super;

static PyObject *raise_mismatch(void) {
    PyErr_SetString(PyExc_TypeError, "super(type, obj): obj must be an instance or subtype of type");
    return NULL;
}

/* The class whose MRO to search, a new reference; NULL with TypeError when obj has nothing to do with type. */
static PyTypeObject *check(PyTypeObject *type, PyObject *obj) {
    if (PyType_Check(obj) && PyType_IsSubtype((PyTypeObject *)obj, type))
        return (PyTypeObject *)Py_NewRef(obj);
    if (PyType_IsSubtype(Py_TYPE(obj), type))
        return (PyTypeObject *)Py_NewRef((PyObject *)Py_TYPE(obj));
    PyObject *cls;      /* a proxy may claim another __class__ */
    if (_PyObject_LookupAttr(obj, KR_STR(__class__), &cls) < 0)
        return NULL;
    if (cls != NULL && PyType_Check(cls) && cls != (PyObject *)Py_TYPE(obj) && PyType_IsSubtype((PyTypeObject *)cls, type))
        return (PyTypeObject *)cls;
    Py_XDECREF(cls);
    return (PyTypeObject *)raise_mismatch();
}

/* Sets what self is about; type == NULL: from the running method. */
static int init_from(Super *self, PyTypeObject *type, PyObject *obj) {
    if (type == NULL && kr_frame_super_args(&type, &obj) < 0)
        return -1;
    PyTypeObject *obj_type = NULL;
    if (obj == Py_None)
        obj = NULL;
    if (obj != NULL && (obj_type = check(type, obj)) == NULL)
        return -1;
    Py_XINCREF(obj);
    Py_INCREF(type);
    Py_XSETREF(self->type, type);
    Py_XSETREF(self->obj, obj);
    Py_XSETREF(self->obj_type, obj_type);
    return 0;
}

/* Takes apart super's positional arguments. */
static int arguments(PyObject *const *args, Py_ssize_t n, PyTypeObject **type, PyObject **obj) {
    *type = NULL;
    *obj = NULL;
    if (!_PyArg_CheckPositional("super", n, 0, 2))
        return -1;
    if (n > 0) {
        if (!PyType_Check(args[0])) {
            PyErr_Format(PyExc_TypeError, "super() argument 1 must be a type, not %.200s", Py_TYPE(args[0])->tp_name);
            return -1;
        }
        *type = (PyTypeObject *)args[0];
    }
    if (n > 1)
        *obj = args[1];
    return 0;
}

static int super_init(PyObject *self, PyObject *args, PyObject *kwds) {
    PyTypeObject *type;
    PyObject *obj;
    if (!_PyArg_NoKeywords("super", kwds) || arguments(&PyTuple_GET_ITEM(args, 0), PyTuple_GET_SIZE(args), &type, &obj) < 0)
        return -1;
    return init_from((Super *)self, type, obj);
}

static PyObject *super_vectorcall(PyObject *cls, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    PyTypeObject *type;
    PyObject *obj;
    if (!_PyArg_NoKwnames("super", kwnames) || arguments(args, PyVectorcall_NARGS(nargsf), &type, &obj) < 0)
        return NULL;
    PyObject *self = PyType_GenericAlloc((PyTypeObject *)cls, 0);
    if (self != NULL && init_from((Super *)self, type, obj) < 0)
        Py_CLEAR(self);
    return self;
}

static void super_dealloc(PyObject *o) {
    Super *self = (Super *)o;
    PyObject_GC_UnTrack(o);
    Py_XDECREF(self->obj);
    Py_XDECREF(self->type);
    Py_XDECREF(self->obj_type);
    Py_TYPE(o)->tp_free(o);
}

static int super_traverse(PyObject *o, visitproc visit, void *arg) {
    Super *self = (Super *)o;
    Py_VISIT(self->obj);
    Py_VISIT(self->type);
    Py_VISIT(self->obj_type);
    return 0;
}

static PyObject *super_repr(PyObject *o) {
    Super *self = (Super *)o;
    const char *type = self->type == NULL ? "NULL" : self->type->tp_name;
    return self->obj_type == NULL ? PyUnicode_FromFormat("<super: <class '%s'>, NULL>", type)
                                  : PyUnicode_FromFormat("<super: <class '%s'>, <%s object>>", type, self->obj_type->tp_name);
}

PyObject *kr_super_find(PyTypeObject *type, PyTypeObject *obj_type, PyObject *name) {
    PyObject *mro = obj_type->tp_mro, *r = NULL;
    if (mro == NULL)
        return NULL;
    Py_ssize_t i = 0, n = PyTuple_GET_SIZE(mro);
    while (i < n && PyTuple_GET_ITEM(mro, i) != (PyObject *)type)
        i++;
    Py_INCREF(mro);
    for (i++; i < n && r == NULL; i++) {
        PyTypeObject *c = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        PyObject *dict = c->tp_dict;
        if (dict == NULL)
            continue;
        if (kr_type_dict_ready(c) < 0)
            break;
        r = Py_XNewRef(PyDict_GetItemWithError(dict, name));
        if (r == NULL && PyErr_Occurred())
            break;
    }
    Py_DECREF(mro);
    return r;
}

int kr_super_method(PyObject *o, PyObject *name, PyObject **method, PyObject **obj) {
    Super *self = (Super *)o;
    if (self->obj == NULL || self->obj == (PyObject *)self->obj_type || !PyUnicode_CheckExact(name) || name == KR_STR(__class__))
        return 0;
    PyObject *found = kr_super_find(self->type, self->obj_type, name);
    if (found == NULL)
        return PyErr_Occurred() ? -1 : 0;
    if (!PyType_HasFeature(Py_TYPE(found), Py_TPFLAGS_METHOD_DESCRIPTOR)) {
        Py_DECREF(found);
        return 0;
    }
    *method = found;
    *obj = Py_NewRef(self->obj);
    return 1;
}

static PyObject *super_getattro(PyObject *o, PyObject *name) {
    Super *self = (Super *)o;
    if (self->obj_type != NULL && !(PyUnicode_Check(name) && _PyUnicode_Equal(name, KR_STR(__class__)))) {
        PyTypeObject *start = (PyTypeObject *)Py_NewRef((PyObject *)self->obj_type);
        PyObject *r = kr_super_find(self->type, self->obj_type, name);
        if (r != NULL) {
            descrgetfunc get = Py_TYPE(r)->tp_descr_get;
            if (get != NULL) {      /* for a class method, the object is the class itself */
                PyObject *bound = get(r, self->obj == (PyObject *)start ? NULL : self->obj, (PyObject *)start);
                Py_SETREF(r, bound);
            }
            Py_DECREF(start);
            return r;
        }
        Py_DECREF(start);
        if (PyErr_Occurred())
            return NULL;
    }
    return PyObject_GenericGetAttr(o, name);
}

static PyObject *super_descr_get(PyObject *o, PyObject *obj, PyObject *type) {
    Super *self = (Super *)o;
    if (obj == NULL || obj == Py_None || self->obj != NULL)
        return Py_NewRef(o);
    if (!Py_IS_TYPE(o, &PySuper_Type))      /* a subclass may want to know */
        return PyObject_CallFunctionObjArgs((PyObject *)Py_TYPE(o), self->type, obj, NULL);
    PyTypeObject *obj_type = check(self->type, obj);
    if (obj_type == NULL)
        return NULL;
    Super *bound = (Super *)PyType_GenericAlloc(&PySuper_Type, 0);
    if (bound == NULL) {
        Py_DECREF(obj_type);
        return NULL;
    }
    bound->type = (PyTypeObject *)Py_NewRef((PyObject *)self->type);
    bound->obj = Py_NewRef(obj);
    bound->obj_type = obj_type;
    return (PyObject *)bound;
}

static PyMemberDef super_members[] = {
    {"__thisclass__", T_OBJECT, offsetof(Super, type), READONLY, "the class invoking super()"},
    {"__self__", T_OBJECT, offsetof(Super, obj), READONLY, "the instance invoking super(); may be None"},
    {"__self_class__", T_OBJECT, offsetof(Super, obj_type), READONLY, "the type of the instance invoking super(); may be None"},
    {NULL},
};

PyTypeObject PySuper_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "super",
    .tp_basicsize = sizeof(Super),
    .tp_dealloc = super_dealloc,
    .tp_repr = super_repr,
    .tp_getattro = super_getattro,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_doc = PyDoc_STR("super() -> super of the class and first argument of the running method\n"
                        "super(type) -> unbound super object\n"
                        "super(type, obj) -> bound super object; requires isinstance(obj, type)\n"
                        "super(type, type2) -> bound super object; requires issubclass(type2, type)\n"
                        "Looks attributes up in the classes that follow type in the MRO, to extend an\n"
                        "inherited method: super().method(arg)."),
    .tp_traverse = super_traverse,
    .tp_members = super_members,
    .tp_descr_get = super_descr_get,
    .tp_init = super_init,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = PyType_GenericNew,
    .tp_free = PyObject_GC_Del,
    .tp_vectorcall = super_vectorcall,
};
