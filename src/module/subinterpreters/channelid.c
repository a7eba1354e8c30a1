/* channelid.c - the type ChannelID: the number of a channel, perhaps of one of its ends; it keeps the channel there (channel.h). */
#include "module/subinterpreters/channel.h"
#include "object/interpreterid.h"

typedef struct {
    PyObject_HEAD
    int64_t id;
    KrEnd end;
    bool resolve;
    bool counted;               /* there was such a channel when this was made */
} ChannelID;
#define ID(o) ((ChannelID *)(o))

int kr_channelid_convert(PyObject *o, int64_t *id) {
    if (!PyObject_TypeCheck(o, &kr_ChannelID_Type)) return kr_id_from_object(o, "channel", id);
    *id = ID(o)->id;
    return 1;
}

PyObject *kr_channelid_new(int64_t id, KrEnd end, bool force, bool resolve, KrChannelStatus *status) {
    *status = KR_CHANNEL_RAISED;
    ChannelID *self = PyObject_New(ChannelID, &kr_ChannelID_Type);
    if (!self) return NULL;
    self->id = id;
    self->end = end;
    self->resolve = resolve;
    self->counted = kr_channel_incref(id);
    *status = self->counted || force ? KR_CHANNEL_OK : KR_CHANNEL_NOT_FOUND;
    if (*status) Py_CLEAR(self);
    return (PyObject *)self;
}
static void id_dealloc(PyObject *self) {
    bool counted = ID(self)->counted;
    int64_t id = ID(self)->id;
    Py_TYPE(self)->tp_free(self);
    if (counted) kr_channel_decref(id);
}

/* ------------------------------------------------------------------ into another interpreter */

typedef struct {
    int64_t id;
    KrEnd end;
    bool resolve;
} Shared;

/* The class `name` of the module that wraps channels, of a channel's ID; NULL when there is no such module. */
static PyObject *wrap(PyObject *id, const char *name) {
    PyObject *module = PyImport_ImportModule("interpreters");
    if (!module) {
        PyErr_Clear();
        module = PyImport_ImportModule("test.support.interpreters");
    }
    PyObject *cls = module ? PyObject_GetAttrString(module, name) : NULL, *r = cls ? PyObject_CallOneArg(cls, id) : NULL;
    Py_XDECREF(module);
    Py_XDECREF(cls);
    if (!r) PyErr_Clear();
    return r;
}
static PyObject *make_id(_PyCrossInterpreterData *x) {
    const Shared *s = x->data;
    KrChannelStatus status;
    PyObject *id = kr_channelid_new(s->id, s->end, true, false, &status);
    if (!id || !s->resolve || s->end == KR_BOTH) return id;
    PyObject *channel = wrap(id, s->end == KR_SEND ? "SendChannel" : "RecvChannel");
    if (!channel) return id;
    Py_DECREF(id);
    return channel;
}
static int share_id(PyObject *o, _PyCrossInterpreterData *x) {
    Shared *s = PyMem_RawMalloc(sizeof *s);
    if (!s) {
        PyErr_NoMemory();
        return -1;
    }
    *s = (Shared){ID(o)->id, ID(o)->end, ID(o)->resolve};
    x->data = s;
    x->new_object = make_id;
    x->free = PyMem_RawFree;
    return 0;
}
int kr_channelid_register(void) {
    if (PyType_Ready(&kr_ChannelID_Type) < 0) return -1;
    return _PyCrossInterpreterData_RegisterClass(&kr_ChannelID_Type, share_id);
}

/* ------------------------------------------------------------------ the type */

static PyObject *id_int(PyObject *self) { return PyLong_FromLongLong(ID(self)->id); }
static PyObject *id_str(PyObject *self) { return PyUnicode_FromFormat("%lld", (long long)ID(self)->id); }
static PyObject *id_repr(PyObject *self) {
    KrEnd end = ID(self)->end;
    return PyUnicode_FromFormat("%s(%lld%s)", _PyType_Name(Py_TYPE(self)), (long long)ID(self)->id,
                                end == KR_SEND ? ", send=True" : end == KR_RECV ? ", recv=True" : "");
}
static Py_hash_t id_hash(PyObject *self) {
    PyObject *n = id_int(self);
    Py_hash_t hash = n ? PyObject_Hash(n) : -1;
    Py_XDECREF(n);
    return hash;
}
static PyObject *id_richcompare(PyObject *self, PyObject *other, int op) {
    if ((op == Py_EQ || op == Py_NE) && PyObject_TypeCheck(other, &kr_ChannelID_Type))
        return PyBool_FromLong((ID(self)->id == ID(other)->id && ID(self)->end == ID(other)->end) == (op == Py_EQ));
    return kr_id_compare(ID(self)->id, other, op);
}

static PyObject *id_end(PyObject *self, void *unused) {
    KrEnd end = ID(self)->end;
    return PyUnicode_InternFromString(end == KR_SEND ? "send" : end == KR_RECV ? "recv" : "both");
}
/* The same channel's other view; whoever has an ID may name any end. */
static PyObject *id_of_end(PyObject *self, KrEnd end) {
    KrChannelStatus status;
    return ID(self)->end == end ? Py_NewRef(self) : kr_channelid_new(ID(self)->id, end, true, ID(self)->resolve, &status);
}
static PyObject *id_send(PyObject *self, void *unused) { return id_of_end(self, KR_SEND); }
static PyObject *id_recv(PyObject *self, void *unused) { return id_of_end(self, KR_RECV); }

static PyNumberMethods id_as_number = {.nb_int = id_int, .nb_index = id_int};
static PyGetSetDef id_getset[] = {
    {"end", id_end, NULL, PyDoc_STR("'send', 'recv' or 'both'")},
    {"send", id_send, NULL, PyDoc_STR("the 'send' end of the channel")},
    {"recv", id_recv, NULL, PyDoc_STR("the 'recv' end of the channel")},
    {NULL},
};

PyTypeObject kr_ChannelID_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "_xxsubinterpreters.ChannelID",
    .tp_basicsize = sizeof(ChannelID),
    .tp_dealloc = id_dealloc,
    .tp_repr = id_repr,
    .tp_as_number = &id_as_number,
    .tp_hash = id_hash,
    .tp_str = id_str,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_doc = PyDoc_STR("The number of a channel; may be used as an int."),
    .tp_richcompare = id_richcompare,
    .tp_getset = id_getset,
};
