/* _abc.c - what abc.ABCMeta is made of.
 *
 * Each abstract class has an _abc_data object in its attribute _abc_impl: the registry of virtual subclasses, and caches of classes that are known to be,
 * and not to be, subclasses; all are sets of weak references, made when needed. A registration anywhere makes every negative cache
 * stale: they remember the value of the module's counter.
 */
#include "krait.h"

typedef struct {
    PyTypeObject *data_type;
    unsigned long long counter;
} State;
typedef struct {
    PyObject_HEAD
    PyObject *registry, *cache, *negative;
    unsigned long long negative_version;
} Data;

static State *state_of(PyObject *module) { return PyModule_GetState(module); }

static int data_traverse(PyObject *self, visitproc visit, void *arg) {
    Data *d = (Data *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(d->registry);
    Py_VISIT(d->cache);
    Py_VISIT(d->negative);
    return 0;
}
static int data_clear(PyObject *self) {
    Data *d = (Data *)self;
    Py_CLEAR(d->registry);
    Py_CLEAR(d->cache);
    Py_CLEAR(d->negative);
    return 0;
}
static void data_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    data_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}
static PyObject *data_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    (void)args, (void)kwds;
    return type->tp_alloc(type, 0);
}
static PyType_Slot data_slots[] = {
    {Py_tp_doc, "Internal state held by ABC machinery."}, {Py_tp_new, data_new}, {Py_tp_dealloc, data_dealloc}, {Py_tp_traverse, data_traverse}, {Py_tp_clear, data_clear}, {0, NULL},
};
static PyType_Spec data_spec = {.name = "_abc._abc_data", .basicsize = sizeof(Data), .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, .slots = data_slots};

static Data *data_of(PyObject *module, PyObject *cls) {
    PyObject *o = PyObject_GetAttr(cls, KR_STR(_abc_impl));
    if (o && !Py_IS_TYPE(o, state_of(module)->data_type)) {
        PyErr_SetString(PyExc_TypeError, "_abc_impl is set to a wrong type");
        Py_CLEAR(o);
    }
    return (Data *)o;
}

/* ------------------------------------------------------------------ sets of weak references */

static int in_set(PyObject *set, PyObject *o) {
    if (!set || PySet_GET_SIZE(set) == 0) return 0;
    PyObject *ref = PyWeakref_NewRef(o, NULL);
    if (!ref) {
        if (!PyErr_ExceptionMatches(PyExc_TypeError)) return -1;
        PyErr_Clear();
        return 0;
    }
    int r = PySet_Contains(set, ref);
    Py_DECREF(ref);
    return r;
}
static PyObject *drop_ref(PyObject *set_ref, PyObject *ref) {
    PyObject *set = PyWeakref_GET_OBJECT(set_ref);
    if (set != Py_None) {
        Py_INCREF(set);
        int r = PySet_Discard(set, ref);
        Py_DECREF(set);
        if (r < 0) return NULL;
    }
    Py_RETURN_NONE;
}
static PyMethodDef drop_def = {"_destroy", drop_ref, METH_O, NULL};
static int add_to_set(PyObject **set, PyObject *o) {
    if (!*set && !(*set = PySet_New(NULL))) return -1;
    PyObject *set_ref = PyWeakref_NewRef(*set, NULL), *drop = set_ref ? PyCFunction_NewEx(&drop_def, set_ref, NULL) : NULL,
             *ref = drop ? PyWeakref_NewRef(o, drop) : NULL;
    int r = ref ? PySet_Add(*set, ref) : -1;
    Py_XDECREF(set_ref);
    Py_XDECREF(drop);
    Py_XDECREF(ref);
    return r;
}

/* ------------------------------------------------------------------ making an abstract class */

static int is_abstract(PyObject *o) {
    int r = _PyObject_IsAbstract(o);
    return r;
}
/* Collects in `names` the abstract ones among what the class itself defines, and inherited ones that still are. */
static int collect(PyObject *cls, PyObject *names) {
    PyObject *ns = PyObject_GetAttr(cls, KR_STR(__dict__)), *items = ns ? PyMapping_Items(ns) : NULL, *bases = NULL;
    int r = items ? 0 : -1;
    for (Py_ssize_t i = 0; r == 0 && i < PyList_GET_SIZE(items); i++) {
        PyObject *pair = PyList_GET_ITEM(items, i);
        int abstract = is_abstract(PyTuple_GET_ITEM(pair, 1));
        r = abstract < 0 ? -1 : abstract ? PySet_Add(names, PyTuple_GET_ITEM(pair, 0)) : 0;
    }
    if (r == 0 && !(bases = PyObject_GetAttr(cls, KR_STR(__bases__)))) r = -1;
    if (r == 0 && !PyTuple_Check(bases)) {
        PyErr_SetString(PyExc_TypeError, "__bases__ is not tuple");
        r = -1;
    }
    for (Py_ssize_t i = 0; r == 0 && i < PyTuple_GET_SIZE(bases); i++) {
        PyObject *inherited, *it, *name;
        if (_PyObject_LookupAttr(PyTuple_GET_ITEM(bases, i), KR_STR(__abstractmethods__), &inherited) < 0) r = -1;
        if (r < 0 || !inherited) continue;
        it = PyObject_GetIter(inherited);
        Py_DECREF(inherited);
        if (!it) r = -1;
        while (r == 0 && (name = PyIter_Next(it))) {
            PyObject *value;
            if (_PyObject_LookupAttr(cls, name, &value) < 0) r = -1;
            int abstract = r == 0 && value ? is_abstract(value) : 0;
            Py_XDECREF(value);
            if (abstract < 0) r = -1;
            else if (abstract) r = PySet_Add(names, name);
            Py_DECREF(name);
        }
        Py_XDECREF(it);
        if (r == 0 && PyErr_Occurred()) r = -1;
    }
    Py_XDECREF(ns);
    Py_XDECREF(items);
    Py_XDECREF(bases);
    return r;
}
#define COLLECTION_FLAGS (Py_TPFLAGS_SEQUENCE | Py_TPFLAGS_MAPPING)
static PyObject *abc_init(PyObject *module, PyObject *cls) {
    PyObject *names = PyFrozenSet_New(NULL), *data = NULL, *flags = NULL;
    bool good = names && collect(cls, names) == 0 && PyObject_SetAttr(cls, KR_STR(__abstractmethods__), names) == 0
        && (data = data_new(state_of(module)->data_type, NULL, NULL)) && PyObject_SetAttr(cls, KR_STR(_abc_impl), data) == 0;
    /* an abstract class may say that it is a sequence or a mapping, for match */
    if (good && PyType_Check(cls)) {
        PyObject *key = PyUnicode_InternFromString("__abc_tpflags__");
        flags = key ? Py_XNewRef(PyDict_GetItemWithError(((PyTypeObject *)cls)->tp_dict, key)) : NULL;
        good = key && !PyErr_Occurred();
        if (good && flags && PyLong_CheckExact(flags)) {
            long v = PyLong_AsLong(flags);
            if (v == -1 && PyErr_Occurred()) good = false;
            if (good && (v & (long)COLLECTION_FLAGS) == (long)COLLECTION_FLAGS) {
                PyErr_SetString(PyExc_TypeError, "__abc_tpflags__ cannot be both Py_TPFLAGS_SEQUENCE and Py_TPFLAGS_MAPPING");
                good = false;
            }
            if (good) {
                ((PyTypeObject *)cls)->tp_flags |= (unsigned long)v & COLLECTION_FLAGS;
                good = PyObject_DelAttr(cls, key) == 0;
            }
        }
        Py_XDECREF(key);
    }
    Py_XDECREF(names);
    Py_XDECREF(data);
    Py_XDECREF(flags);
    return good ? Py_NewRef(Py_None) : NULL;
}
/* A class's flag, and its subclasses', as far as they have none of their own. */
static void set_collection_flag(PyTypeObject *type, unsigned long flag) {
    if (type->tp_flags & COLLECTION_FLAGS || !(type->tp_flags & Py_TPFLAGS_HEAPTYPE)) return;
    type->tp_flags |= flag;
    PyObject *subclasses = PyObject_CallMethod((PyObject *)type, "__subclasses__", NULL);
    for (Py_ssize_t i = 0; subclasses && i < PyList_GET_SIZE(subclasses); i++)
        if (PyType_Check(PyList_GET_ITEM(subclasses, i))) set_collection_flag((PyTypeObject *)PyList_GET_ITEM(subclasses, i), flag);
    if (!subclasses) PyErr_Clear();
    Py_XDECREF(subclasses);
}
static PyObject *abc_register(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    if (!_PyArg_CheckPositional("_abc_register", n, 2, 2)) return NULL;
    PyObject *cls = args[0], *sub = args[1];
    if (!PyType_Check(sub)) {
        PyErr_SetString(PyExc_TypeError, "Can only register classes");
        return NULL;
    }
    int r = PyObject_IsSubclass(sub, cls);
    if (r > 0) return Py_NewRef(sub);
    if (r < 0 || (r = PyObject_IsSubclass(cls, sub)) < 0) return NULL;
    if (r > 0) {
        PyErr_SetString(PyExc_RuntimeError, "Refusing to create an inheritance cycle");
        return NULL;
    }
    Data *d = data_of(module, cls);
    if (!d) return NULL;
    r = add_to_set(&d->registry, sub);
    Py_DECREF(d);
    if (r < 0) return NULL;
    state_of(module)->counter++;
    if (PyType_Check(cls)) {
        unsigned long flag = ((PyTypeObject *)cls)->tp_flags & COLLECTION_FLAGS;
        if (flag) set_collection_flag((PyTypeObject *)sub, flag);
    }
    return Py_NewRef(sub);
}

/* ------------------------------------------------------------------ checks */

static PyObject *subclasscheck(PyObject *cls, PyObject *sub) {
    return PyObject_CallMethodOneArg(cls, KR_STR(__subclasscheck__), sub);
}
static PyObject *abc_instancecheck(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    if (!_PyArg_CheckPositional("_abc_instancecheck", n, 2, 2)) return NULL;
    PyObject *cls = args[0], *sub = PyObject_GetAttr(args[1], KR_STR(__class__)), *r = NULL;
    Data *d = sub ? data_of(module, cls) : NULL;
    if (!d) goto done;
    int known = in_set(d->cache, sub);
    if (known) {
        r = known < 0 ? NULL : Py_NewRef(Py_True);
        goto done;
    }
    PyObject *type = (PyObject *)Py_TYPE(args[1]);
    if (type == sub) {
        if (d->negative_version == state_of(module)->counter) {
            known = in_set(d->negative, sub);
            if (known) {
                r = known < 0 ? NULL : Py_NewRef(Py_False);
                goto done;
            }
        }
        r = subclasscheck(cls, sub);
        goto done;
    }
    r = subclasscheck(cls, sub);
    if (r) {
        int truth = PyObject_IsTrue(r);
        if (truth < 0) Py_CLEAR(r);
        if (truth == 0) Py_SETREF(r, subclasscheck(cls, type));
    }
done:
    Py_XDECREF(sub);
    Py_XDECREF(d);
    return r;
}
/* Whether sub is a subclass of a registered class. */
static int check_registry(Data *d, PyObject *sub) {
    int r = 0;
    if (!d->registry) return 0;
    PyObject *refs = PySequence_List(d->registry);
    if (!refs) return -1;
    for (Py_ssize_t i = 0; r == 0 && i < PyList_GET_SIZE(refs); i++) {
        PyObject *other = PyWeakref_GetObject(PyList_GET_ITEM(refs, i));
        if (!other || other == Py_None) continue;
        Py_INCREF(other);
        r = PyObject_IsSubclass(sub, other);
        Py_DECREF(other);
    }
    Py_DECREF(refs);
    return r;
}
/* Whether sub is a subclass of a subclass of cls. */
static int check_subclasses(PyObject *cls, PyObject *sub) {
    PyObject *list = PyObject_CallMethod(cls, "__subclasses__", NULL);
    int r = 0;
    if (!list) return -1;
    if (!PyList_Check(list)) {
        PyErr_SetString(PyExc_TypeError, "__subclasses__() must return a list");
        r = -1;
    }
    for (Py_ssize_t i = 0; r == 0 && i < PyList_GET_SIZE(list); i++) {
        PyObject *other = Py_NewRef(PyList_GET_ITEM(list, i));
        r = PyObject_IsSubclass(sub, other);
        Py_DECREF(other);
    }
    Py_DECREF(list);
    return r;
}
static int check(PyObject *module, Data *d, PyObject *cls, PyObject *sub) {
    State *s = state_of(module);
    int r = in_set(d->cache, sub);
    if (r) return r;
    if (d->negative_version < s->counter) {
        if (d->negative && PySet_Clear(d->negative) < 0) return -1;
        d->negative_version = s->counter;
    } else if ((r = in_set(d->negative, sub))) {
        return r < 0 ? -1 : 0;
    }
    PyObject *answer = PyObject_CallMethodOneArg(cls, KR_STR(__subclasshook__), sub);
    if (!answer) return -1;
    Py_DECREF(answer);
    if (answer == Py_True) return add_to_set(&d->cache, sub) < 0 ? -1 : 1;
    if (answer == Py_False) return add_to_set(&d->negative, sub) < 0 ? -1 : 0;
    if (answer != Py_NotImplemented) {
        PyErr_SetString(PyExc_AssertionError, "__subclasshook__ must return either False, True, or NotImplemented");
        return -1;
    }
    if (PyType_IsSubtype((PyTypeObject *)sub, (PyTypeObject *)cls)) r = 1;
    if (r == 0) {
        if ((r = in_set(d->registry, sub))) return r;   /* the registry is as good as the cache */
        r = check_registry(d, sub);
    }
    if (r == 0) r = check_subclasses(cls, sub);
    if (r < 0) return -1;
    return add_to_set(r ? &d->cache : &d->negative, sub) < 0 ? -1 : r;
}
static PyObject *abc_subclasscheck(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    if (!_PyArg_CheckPositional("_abc_subclasscheck", n, 2, 2)) return NULL;
    if (!PyType_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "issubclass() arg 1 must be a class");
        return NULL;
    }
    Data *d = data_of(module, args[0]);
    int r = d ? check(module, d, args[0], args[1]) : -1;
    Py_XDECREF(d);
    return r < 0 ? NULL : PyBool_FromLong(r);
}

/* ------------------------------------------------------------------ the module */

static PyObject *get_cache_token(PyObject *module, PyObject *u) { (void)u; return PyLong_FromUnsignedLongLong(state_of(module)->counter); }
static PyObject *get_dump(PyObject *module, PyObject *cls) {
    Data *d = data_of(module, cls);
    if (!d) return NULL;
    PyObject *sets[3] = {d->registry, d->cache, d->negative}, *copies[3] = {NULL};
    bool good = true;
    for (int i = 0; i < 3 && good; i++) good = (copies[i] = PySet_New(sets[i])) != NULL;
    PyObject *r = good ? Py_BuildValue("OOOK", copies[0], copies[1], copies[2], d->negative_version) : NULL;
    for (int i = 0; i < 3; i++) Py_XDECREF(copies[i]);
    Py_DECREF(d);
    return r;
}
static PyObject *reset_registry(PyObject *module, PyObject *cls) {
    Data *d = data_of(module, cls);
    int r = !d ? -1 : d->registry ? PySet_Clear(d->registry) : 0;
    Py_XDECREF(d);
    return r < 0 ? NULL : Py_NewRef(Py_None);
}
static PyObject *reset_caches(PyObject *module, PyObject *cls) {
    Data *d = data_of(module, cls);
    int r = d ? 0 : -1;
    if (d && d->cache) r = PySet_Clear(d->cache);
    if (r == 0 && d->negative) r = PySet_Clear(d->negative);
    Py_XDECREF(d);
    return r < 0 ? NULL : Py_NewRef(Py_None);
}
static PyMethodDef methods[] = {
    {"get_cache_token", get_cache_token, METH_NOARGS, "get_cache_token($module, /)\n--\n\nA number that changes with every registration."},
    {"_abc_init", abc_init, METH_O, "_abc_init($module, self, /)\n--\n\nSets up an abstract class."},
    {"_reset_registry", reset_registry, METH_O, "_reset_registry($module, self, /)\n--\n\nForgets the registered classes; for tests."},
    {"_reset_caches", reset_caches, METH_O, "_reset_caches($module, self, /)\n--\n\nForgets both caches; for tests."},
    {"_get_dump", get_dump, METH_O, "_get_dump($module, self, /)\n--\n\nRegistry, cache, negative cache and its version; for tests."},
    {"_abc_register", KR_METH(abc_register), METH_FASTCALL, "_abc_register($module, self, subclass, /)\n--\n\nRegisters a virtual subclass."},
    {"_abc_instancecheck", KR_METH(abc_instancecheck), METH_FASTCALL, "_abc_instancecheck($module, self, instance, /)\n--\n\nisinstance for abstract classes."},
    {"_abc_subclasscheck", KR_METH(abc_subclasscheck), METH_FASTCALL, "_abc_subclasscheck($module, self, subclass, /)\n--\n\nissubclass for abstract classes."},
    {NULL, NULL, 0, NULL},
};
static int exec(PyObject *module) {
    State *s = state_of(module);
    s->counter = 0;
    s->data_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &data_spec, NULL);
    return s->data_type ? 0 : -1;
}
static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    Py_VISIT(state_of(module)->data_type);
    return 0;
}
static int module_clear(PyObject *module) {
    Py_CLEAR(state_of(module)->data_type);
    return 0;
}
static void module_free(void *module) { module_clear(module); }
static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec}, {0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_abc", .m_doc = "Module contains faster C implementation of abc.ABCMeta", .m_size = sizeof(State), .m_methods = methods, .m_slots = slots,
    .m_traverse = module_traverse, .m_clear = module_clear, .m_free = module_free,
};
PyMODINIT_FUNC PyInit__abc(void) { return PyModuleDef_Init(&definition); }
