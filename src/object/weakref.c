/* weakref.c - weak references and proxies.
 *
 * All weak references to an object are a doubly linked list in its weak list slot (tp_weaklistoffset), the reference without a callback first, the
 * proxy without a callback second: those two are reused. A cleared reference points to None and is in no list. A static type has a list in
 * each interpreter (static_type.h).
 */
#include "krait.h"
#include "object/call.h"
#include "object/static_type.h"

#define REF(o) ((PyWeakReference *)(o))
#define LIST(o) ((PyWeakReference **)PyObject_GET_WEAKREFS_LISTPTR(o))

static bool alive(PyObject *o) { return o != Py_None && Py_REFCNT(o) > 0; }
/* The referent as a new reference, NULL when it is gone. */
static PyObject *referent(PyObject *self) {
    PyObject *o = REF(self)->wr_object;
    return alive(o) ? Py_NewRef(o) : NULL;
}

/* ------------------------------------------------------------------ lists */

/* The list that begins with r, a reference to a static type that was made by another interpreter. */
static KR_COLD PyWeakReference **list_elsewhere(PyWeakReference *r) {
    for (KrInterp *interp = kr_runtime.interps; interp; interp = interp->next) {
        KrStaticType *s = kr_static_type_find(interp, (PyTypeObject *)r->wr_object);
        if (s && s->weaklist == (PyObject *)r) return (PyWeakReference **)&s->weaklist;
    }
    Py_UNREACHABLE();
}
static void unlink_ref(PyWeakReference *r) {
    if (r->wr_object == Py_None) return;
    PyWeakReference **list = LIST(r->wr_object);
    if (KR_UNLIKELY(!r->wr_prev && *list != r)) list = list_elsewhere(r);
    if (*list == r) *list = r->wr_next;
    r->wr_object = Py_None;
    if (r->wr_prev) r->wr_prev->wr_next = r->wr_next;
    if (r->wr_next) r->wr_next->wr_prev = r->wr_prev;
    r->wr_prev = r->wr_next = NULL;
}
static void insert_after(PyWeakReference *r, PyWeakReference *prev) {
    r->wr_prev = prev;
    r->wr_next = prev->wr_next;
    if (prev->wr_next) prev->wr_next->wr_prev = r;
    prev->wr_next = r;
}
static void insert_head(PyWeakReference *r, PyWeakReference **list) {
    r->wr_prev = NULL;
    r->wr_next = *list;
    if (*list) (*list)->wr_prev = r;
    *list = r;
}
/* The reusable reference and proxy at the head of a list. */
static void basic_refs(PyWeakReference *head, PyWeakReference **ref, PyWeakReference **proxy) {
    *ref = *proxy = NULL;
    if (head && !head->wr_callback && PyWeakref_CheckRefExact(head)) {
        *ref = head;
        head = head->wr_next;
    }
    if (head && !head->wr_callback && PyWeakref_CheckProxy(head)) *proxy = head;
}
static void insert_ref(PyWeakReference *r, PyWeakReference **list) {
    PyWeakReference *ref, *proxy;
    basic_refs(*list, &ref, &proxy);
    if (!r->wr_callback && Py_IS_TYPE(r, &_PyWeakref_RefType)) {
        insert_head(r, list);
    } else if (!r->wr_callback && PyWeakref_CheckProxy((PyObject *)r)) {
        if (ref) insert_after(r, ref);
        else insert_head(r, list);
    } else if (proxy || ref) {
        insert_after(r, proxy ? proxy : ref);
    } else {
        insert_head(r, list);
    }
}
static void init_ref(PyWeakReference *r, PyObject *o, PyObject *callback) {
    r->hash = -1;
    r->wr_object = o;
    r->wr_prev = r->wr_next = NULL;
    r->wr_callback = Py_XNewRef(callback);
    r->vectorcall = NULL;
}
static void clear_ref(PyWeakReference *r) {
    PyObject *callback = r->wr_callback;
    unlink_ref(r);
    r->wr_callback = NULL;
    Py_XDECREF(callback);
}
void _PyWeakref_ClearRef(PyWeakReference *r) {
    /* the callback stays: the collector wants to call it */
    PyObject *callback = r->wr_callback;
    r->wr_callback = NULL;
    unlink_ref(r);
    r->wr_callback = callback;
}
Py_ssize_t _PyWeakref_GetWeakrefCount(PyWeakReference *head) {
    Py_ssize_t n = 0;
    for (; head; head = head->wr_next) n++;
    return n;
}
static bool weakly_referenceable(PyObject *o) { return PyType_SUPPORTS_WEAKREFS(Py_TYPE(o)); }
/* Before a reference to o is made: 0 when it can be, -1 with an exception. LIST(o) stays where it is then. */
static int prepare(PyObject *o) {
    if (!weakly_referenceable(o)) {
        PyErr_Format(PyExc_TypeError, "cannot create weak reference to '%s' object", Py_TYPE(o)->tp_name);
        return -1;
    }
    return kr_is_static_type(o) && !kr_static_type_get((PyTypeObject *)o) ? -1 : 0;
}
static void call_callback(PyWeakReference *r, PyObject *callback) {
    PyObject *v = PyObject_CallOneArg(callback, (PyObject *)r);
    if (v) Py_DECREF(v);
    else PyErr_WriteUnraisable(callback);
}
void PyObject_ClearWeakRefs(PyObject *o) {
    if (!o || !weakly_referenceable(o) || Py_REFCNT(o) != 0) {
        PyErr_BadInternalCall();
        return;
    }
    PyWeakReference **list = LIST(o);
    /* those without callbacks are the first two */
    if (*list && !(*list)->wr_callback) clear_ref(*list);
    if (*list && !(*list)->wr_callback) clear_ref(*list);
    if (!*list) return;
    PyObject *t, *v, *tb;
    PyErr_Fetch(&t, &v, &tb);
    Py_ssize_t n = _PyWeakref_GetWeakrefCount(*list), count = 0;
    PyObject **pending = PyMem_New(PyObject *, 2 * n);
    while (*list) {
        PyWeakReference *r = *list;
        PyObject *callback = r->wr_callback;
        r->wr_callback = NULL;
        unlink_ref(r);
        if (pending && callback && Py_REFCNT(r) > 0) {
            pending[count++] = Py_NewRef(r);
            pending[count++] = callback;
        } else {
            Py_XDECREF(callback);
        }
    }
    for (Py_ssize_t i = 0; i < count; i += 2) {
        call_callback(REF(pending[i]), pending[i + 1]);
        Py_DECREF(pending[i]);
        Py_DECREF(pending[i + 1]);
    }
    PyMem_Free(pending);
    PyErr_Restore(t, v, tb);
}

/* ------------------------------------------------------------------ ref */

static int ref_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(REF(self)->wr_callback);
    return 0;
}
static int ref_clear(PyObject *self) {
    clear_ref(REF(self));
    return 0;
}
static void ref_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    clear_ref(REF(self));
    Py_TYPE(self)->tp_free(self);
}
static PyObject *ref_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
    (void)args;
    if (!_PyArg_NoKwnames("weakref", kwnames) || !_PyArg_CheckPositional("weakref", PyVectorcall_NARGS(nargsf), 0, 0)) return NULL;
    PyObject *o = referent(self);
    return o ? o : Py_NewRef(Py_None);
}
static Py_hash_t ref_hash(PyObject *self) {
    if (REF(self)->hash != -1) return REF(self)->hash;
    PyObject *o = referent(self);
    if (!o) {
        PyErr_SetString(PyExc_TypeError, "weak object has gone away");
        return -1;
    }
    REF(self)->hash = PyObject_Hash(o);
    Py_DECREF(o);
    return REF(self)->hash;
}
static PyObject *describe(PyObject *self, const char *what) {
    PyObject *o = referent(self), *r;
    if (!o) return PyUnicode_FromFormat("<%s at %p; dead>", what, self);
    PyObject *name;
    if (_PyObject_LookupAttr(o, KR_STR(__name__), &name) < 0) {
        Py_DECREF(o);
        return NULL;
    }
    if (name && PyUnicode_Check(name)) r = PyUnicode_FromFormat("<%s at %p; to '%s' at %p (%U)>", what, self, Py_TYPE(o)->tp_name, o, name);
    else r = PyUnicode_FromFormat("<%s at %p; to '%s' at %p>", what, self, Py_TYPE(o)->tp_name, o);
    Py_XDECREF(name);
    Py_DECREF(o);
    return r;
}
static PyObject *ref_repr(PyObject *self) { return describe(self, "weakref"); }
static PyObject *ref_richcompare(PyObject *self, PyObject *other, int op) {
    if ((op != Py_EQ && op != Py_NE) || !PyWeakref_Check(self) || !PyWeakref_Check(other)) Py_RETURN_NOTIMPLEMENTED;
    PyObject *a = referent(self), *b = referent(other), *r;
    if (a && b) r = PyObject_RichCompare(a, b, op);
    else r = PyBool_FromLong((self == other) == (op == Py_EQ));
    Py_XDECREF(a);
    Py_XDECREF(b);
    return r;
}
static PyObject *ref_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    PyObject *o, *callback = NULL;
    (void)kwds;
    if (!PyArg_UnpackTuple(args, "__new__", 1, 2, &o, &callback) || prepare(o) < 0) return NULL;
    if (callback == Py_None) callback = NULL;
    PyWeakReference **list = LIST(o), *ref, *proxy;
    basic_refs(*list, &ref, &proxy);
    if (!callback && type == &_PyWeakref_RefType && ref) return Py_NewRef(ref);
    PyWeakReference *self = (PyWeakReference *)type->tp_alloc(type, 0);
    if (!self) return NULL;
    init_ref(self, o, callback);
    self->vectorcall = ref_vectorcall;
    insert_ref(self, list);
    return (PyObject *)self;
}
static int ref_init(PyObject *self, PyObject *args, PyObject *kwds) {
    PyObject *o, *callback;
    (void)self;
    if (!_PyArg_NoKeywords("ref", kwds)) return -1;
    return PyArg_UnpackTuple(args, "__init__", 1, 2, &o, &callback) ? 0 : -1;
}
static PyMemberDef ref_members[] = {
    {"__callback__", T_OBJECT, offsetof(PyWeakReference, wr_callback), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};
static PyMethodDef ref_methods[] = {
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "See PEP 585"},
    {NULL, NULL, 0, NULL},
};
PyTypeObject _PyWeakref_RefType = {
    KR_STATIC_TYPE_HEAD .tp_name = "weakref.ReferenceType", .tp_basicsize = sizeof(PyWeakReference), .tp_dealloc = ref_dealloc,
    .tp_vectorcall_offset = offsetof(PyWeakReference, vectorcall), .tp_call = PyVectorcall_Call, .tp_repr = ref_repr, .tp_hash = ref_hash,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_BASETYPE, .tp_traverse = ref_traverse, .tp_clear = ref_clear,
    .tp_richcompare = ref_richcompare, .tp_methods = ref_methods, .tp_members = ref_members, .tp_init = ref_init, .tp_alloc = PyType_GenericAlloc,
    .tp_new = ref_new, .tp_free = PyObject_GC_Del,
};

/* ------------------------------------------------------------------ proxies */

/* What o stands for (new reference): a proxy's referent, or o itself. */
static PyObject *unwrap(PyObject *o) {
    if (!PyWeakref_CheckProxy(o)) return Py_NewRef(o);
    PyObject *r = referent(o);
    if (!r) PyErr_SetString(PyExc_ReferenceError, "weakly-referenced object no longer exists");
    return r;
}
#define PROXY_UNARY(name, call)                                 \
    static PyObject *name(PyObject *self) {                     \
        PyObject *o = unwrap(self), *r = o ? call(o) : NULL;    \
        Py_XDECREF(o);                                          \
        return r;                                               \
    }
#define PROXY_BINARY(name, call)                                                            \
    static PyObject *name(PyObject *a, PyObject *b) {                                       \
        PyObject *x = unwrap(a), *y = x ? unwrap(b) : NULL, *r = y ? call(x, y) : NULL;     \
        Py_XDECREF(x);                                                                      \
        Py_XDECREF(y);                                                                      \
        return r;                                                                           \
    }
#define PROXY_TERNARY(name, call)                                                                                                       \
    static PyObject *name(PyObject *a, PyObject *b, PyObject *c) {                                                                      \
        PyObject *x = unwrap(a), *y = x ? unwrap(b) : NULL, *z = y ? (c ? unwrap(c) : NULL) : NULL, *r = y && (z || !c) ? call(x, y, z) : NULL; \
        Py_XDECREF(x);                                                                                                                  \
        Py_XDECREF(y);                                                                                                                  \
        Py_XDECREF(z);                                                                                                                  \
        return r;                                                                                                                       \
    }
PROXY_UNARY(proxy_str, PyObject_Str)
PROXY_BINARY(proxy_getattr, PyObject_GetAttr)
PROXY_TERNARY(proxy_call, PyObject_Call)
PROXY_BINARY(proxy_add, PyNumber_Add) PROXY_BINARY(proxy_sub, PyNumber_Subtract) PROXY_BINARY(proxy_mul, PyNumber_Multiply)
PROXY_BINARY(proxy_floordiv, PyNumber_FloorDivide) PROXY_BINARY(proxy_truediv, PyNumber_TrueDivide) PROXY_BINARY(proxy_mod, PyNumber_Remainder)
PROXY_BINARY(proxy_divmod, PyNumber_Divmod) PROXY_TERNARY(proxy_pow, PyNumber_Power)
PROXY_UNARY(proxy_neg, PyNumber_Negative) PROXY_UNARY(proxy_pos, PyNumber_Positive) PROXY_UNARY(proxy_abs, PyNumber_Absolute) PROXY_UNARY(proxy_invert, PyNumber_Invert)
PROXY_BINARY(proxy_lshift, PyNumber_Lshift) PROXY_BINARY(proxy_rshift, PyNumber_Rshift) PROXY_BINARY(proxy_and, PyNumber_And) PROXY_BINARY(proxy_xor, PyNumber_Xor)
PROXY_BINARY(proxy_or, PyNumber_Or) PROXY_UNARY(proxy_int, PyNumber_Long) PROXY_UNARY(proxy_float, PyNumber_Float)
PROXY_BINARY(proxy_iadd, PyNumber_InPlaceAdd) PROXY_BINARY(proxy_isub, PyNumber_InPlaceSubtract) PROXY_BINARY(proxy_imul, PyNumber_InPlaceMultiply)
PROXY_BINARY(proxy_ifloordiv, PyNumber_InPlaceFloorDivide) PROXY_BINARY(proxy_itruediv, PyNumber_InPlaceTrueDivide) PROXY_BINARY(proxy_imod, PyNumber_InPlaceRemainder)
PROXY_TERNARY(proxy_ipow, PyNumber_InPlacePower) PROXY_BINARY(proxy_ilshift, PyNumber_InPlaceLshift) PROXY_BINARY(proxy_irshift, PyNumber_InPlaceRshift)
PROXY_BINARY(proxy_iand, PyNumber_InPlaceAnd) PROXY_BINARY(proxy_ixor, PyNumber_InPlaceXor) PROXY_BINARY(proxy_ior, PyNumber_InPlaceOr)
PROXY_UNARY(proxy_index, PyNumber_Index) PROXY_BINARY(proxy_matmul, PyNumber_MatrixMultiply) PROXY_BINARY(proxy_imatmul, PyNumber_InPlaceMatrixMultiply)
PROXY_BINARY(proxy_getitem, PyObject_GetItem) PROXY_UNARY(proxy_iter, PyObject_GetIter)

static PyObject *proxy_repr(PyObject *self) {
    PyObject *o = REF(self)->wr_object;
    return PyUnicode_FromFormat("<weakproxy at %p to %s at %p>", self, Py_TYPE(o)->tp_name, o);
}
static int proxy_setattr(PyObject *self, PyObject *name, PyObject *value) {
    PyObject *o = unwrap(self);
    int r = o ? PyObject_SetAttr(o, name, value) : -1;
    Py_XDECREF(o);
    return r;
}
static PyObject *proxy_richcompare(PyObject *a, PyObject *b, int op) {
    PyObject *x = unwrap(a), *y = x ? unwrap(b) : NULL, *r = y ? PyObject_RichCompare(x, y, op) : NULL;
    Py_XDECREF(x);
    Py_XDECREF(y);
    return r;
}
static int proxy_bool(PyObject *self) {
    PyObject *o = unwrap(self);
    int r = o ? PyObject_IsTrue(o) : -1;
    Py_XDECREF(o);
    return r;
}
static int proxy_contains(PyObject *self, PyObject *value) {
    PyObject *o = unwrap(self);
    int r = o ? PySequence_Contains(o, value) : -1;
    Py_XDECREF(o);
    return r;
}
static Py_ssize_t proxy_length(PyObject *self) {
    PyObject *o = unwrap(self);
    Py_ssize_t n = o ? PyObject_Size(o) : -1;
    Py_XDECREF(o);
    return n;
}
static int proxy_setitem(PyObject *self, PyObject *key, PyObject *value) {
    PyObject *o = unwrap(self);
    int r = !o ? -1 : value ? PyObject_SetItem(o, key, value) : PyObject_DelItem(o, key);
    Py_XDECREF(o);
    return r;
}
static PyObject *proxy_iternext(PyObject *self) {
    PyObject *o = unwrap(self), *r = NULL;
    if (!o) return NULL;
    if (PyIter_Check(o)) r = PyIter_Next(o);
    else PyErr_Format(PyExc_TypeError, "Weakref proxy referenced a non-iterator '%.200s' object", Py_TYPE(o)->tp_name);
    Py_DECREF(o);
    return r;
}
static PyObject *call_method(PyObject *self, PyObject *name) {
    PyObject *o = unwrap(self), *r = o ? PyObject_CallMethodNoArgs(o, name) : NULL;
    Py_XDECREF(o);
    return r;
}
static PyObject *proxy_bytes(PyObject *self, PyObject *unused) { (void)unused; return call_method(self, KR_STR(__bytes__)); }
static PyObject *proxy_reversed(PyObject *self, PyObject *unused) { (void)unused; return call_method(self, KR_STR(__reversed__)); }
static PyMethodDef proxy_methods[] = {
    {"__bytes__", proxy_bytes, METH_NOARGS, NULL}, {"__reversed__", proxy_reversed, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL},
};
static PyNumberMethods proxy_number = {
    .nb_add = proxy_add, .nb_subtract = proxy_sub, .nb_multiply = proxy_mul, .nb_remainder = proxy_mod, .nb_divmod = proxy_divmod, .nb_power = proxy_pow,
    .nb_negative = proxy_neg, .nb_positive = proxy_pos, .nb_absolute = proxy_abs, .nb_bool = proxy_bool, .nb_invert = proxy_invert, .nb_lshift = proxy_lshift,
    .nb_rshift = proxy_rshift, .nb_and = proxy_and, .nb_xor = proxy_xor, .nb_or = proxy_or, .nb_int = proxy_int, .nb_float = proxy_float,
    .nb_inplace_add = proxy_iadd, .nb_inplace_subtract = proxy_isub, .nb_inplace_multiply = proxy_imul, .nb_inplace_remainder = proxy_imod,
    .nb_inplace_power = proxy_ipow, .nb_inplace_lshift = proxy_ilshift, .nb_inplace_rshift = proxy_irshift, .nb_inplace_and = proxy_iand,
    .nb_inplace_xor = proxy_ixor, .nb_inplace_or = proxy_ior, .nb_floor_divide = proxy_floordiv, .nb_true_divide = proxy_truediv,
    .nb_inplace_floor_divide = proxy_ifloordiv, .nb_inplace_true_divide = proxy_itruediv, .nb_index = proxy_index, .nb_matrix_multiply = proxy_matmul,
    .nb_inplace_matrix_multiply = proxy_imatmul,
};
static PySequenceMethods proxy_sequence = {.sq_length = proxy_length, .sq_contains = proxy_contains};
static PyMappingMethods proxy_mapping = {.mp_length = proxy_length, .mp_subscript = proxy_getitem, .mp_ass_subscript = proxy_setitem};
static void proxy_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    clear_ref(REF(self));
    PyObject_GC_Del(self);
}
#define PROXY_TYPE(name)                                                                                                                  \
    KR_STATIC_TYPE_HEAD .tp_name = name, .tp_basicsize = sizeof(PyWeakReference), .tp_dealloc = proxy_dealloc, .tp_repr = proxy_repr,     \
    .tp_as_number = &proxy_number, .tp_as_sequence = &proxy_sequence, .tp_as_mapping = &proxy_mapping, .tp_hash = PyObject_HashNotImplemented, \
    .tp_str = proxy_str, .tp_getattro = proxy_getattr, .tp_setattro = proxy_setattr, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, \
    .tp_traverse = ref_traverse, .tp_clear = ref_clear, .tp_richcompare = proxy_richcompare, .tp_iter = proxy_iter
/* Only the plain proxy has __bytes__ and __reversed__. */
PyTypeObject _PyWeakref_ProxyType = {PROXY_TYPE("weakref.ProxyType"), .tp_iternext = proxy_iternext, .tp_methods = proxy_methods};
PyTypeObject _PyWeakref_CallableProxyType = {PROXY_TYPE("weakref.CallableProxyType"), .tp_call = proxy_call, .tp_iternext = proxy_iternext};

/* ------------------------------------------------------------------ the API */

static PyObject *new_weak(PyObject *o, PyObject *callback, PyTypeObject *type) {
    if (prepare(o) < 0) return NULL;
    if (callback == Py_None) callback = NULL;
    PyWeakReference **list = LIST(o), *ref, *proxy, *self;
    basic_refs(*list, &ref, &proxy);
    PyWeakReference *known = type == &_PyWeakref_RefType ? ref : proxy;
    if (!callback && known) return Py_NewRef(known);
    if (!(self = PyObject_GC_New(PyWeakReference, type))) return NULL;
    init_ref(self, o, callback);
    if (type == &_PyWeakref_RefType) self->vectorcall = ref_vectorcall;
    /* the collector may have run: somebody else may have made the reusable one */
    basic_refs(*list, &ref, &proxy);
    known = type == &_PyWeakref_RefType ? ref : proxy;
    if (!callback && known) {
        self->wr_object = Py_None;
        Py_DECREF(self);
        return Py_NewRef(known);
    }
    insert_ref(self, list);
    PyObject_GC_Track(self);
    return (PyObject *)self;
}
PyObject *PyWeakref_NewRef(PyObject *o, PyObject *callback) { return new_weak(o, callback, &_PyWeakref_RefType); }
PyObject *PyWeakref_NewProxy(PyObject *o, PyObject *callback) {
    return new_weak(o, callback, PyCallable_Check(o) ? &_PyWeakref_CallableProxyType : &_PyWeakref_ProxyType);
}
PyObject *PyWeakref_GetObject(PyObject *ref) {
    if (!ref || !PyWeakref_Check(ref)) {
        PyErr_BadInternalCall();
        return NULL;
    }
    return alive(REF(ref)->wr_object) ? REF(ref)->wr_object : Py_None;
}
