/* pickler.c - the type Pickler, its output and its frames (PEP 3154). */
#include "module/pickle/pickle.h"

/* ------------------------------------------------------------------ output */

enum { FIRST_ROOM = 512, FILE_ROOM = 4096 };

char *kr_pickle_grow(Pickler *p, Py_ssize_t n) {
    PickleOutput *out = &p->out;
    bool start = out->framing && out->frame < 0;
    if (n > PY_SSIZE_T_MAX / 2 - out->length - PICKLE_FRAME_HEADER) return (char *)PyErr_NoMemory();
    Py_ssize_t end = out->length + n + (start ? PICKLE_FRAME_HEADER : 0);
    if (end > PyBytes_GET_SIZE(out->bytes) && _PyBytes_Resize(&out->bytes, end + end / 2) < 0) return NULL;
    if (start) {
        out->frame = out->length;
        out->length += PICKLE_FRAME_HEADER;
    }
    out->length = end;
    return PyBytes_AS_STRING(out->bytes) + end - n;
}
/* Ends the frame being written, if any: fills its header in, or takes the room for it out of one too short to need it. */
static void end_frame(PickleOutput *out) {
    if (out->frame < 0) return;
    char *header = PyBytes_AS_STRING(out->bytes) + out->frame;
    size_t size = (size_t)(out->length - out->frame - PICKLE_FRAME_HEADER);
    if (size >= PICKLE_FRAME_MIN) {
        *header = (char)OP_FRAME;
        for (int i = 0; i < 8; i++) header[1 + i] = (char)(size >> (8 * i));
    } else {
        memmove(header, header + PICKLE_FRAME_HEADER, size);
        out->length -= PICKLE_FRAME_HEADER;
    }
    out->frame = -1;
}
static int write_to_file(Pickler *p, PyObject *bytes) {
    if (!p->write) {
        PyErr_SetString(PyExc_RuntimeError, "the Pickler lost its file while it was writing");
        return -1;
    }
    PyObject *write = Py_NewRef(p->write), *result = PyObject_CallOneArg(write, bytes);
    Py_DECREF(write);
    Py_XDECREF(result);
    return result ? 0 : -1;
}
/* Gives what is in the buffer to the file. */
static int flush(Pickler *p) {
    PickleOutput *out = &p->out;
    PyObject *bytes = out->bytes;
    Py_ssize_t length = out->length;
    if (!p->write || length == 0) return 0;
    if (!(out->bytes = PyBytes_FromStringAndSize(NULL, FILE_ROOM)) || _PyBytes_Resize(&bytes, length) < 0) {
        Py_XDECREF(bytes);
        return -1;
    }
    out->length = 0;
    int r = write_to_file(p, bytes);
    Py_DECREF(bytes);
    return r;
}
int kr_pickle_boundary_slow(Pickler *p) {
    end_frame(&p->out);
    return flush(p);
}
void kr_pickle_copy(char *to, const char *from, Py_ssize_t n) {
    if (n > 16) {
        memcpy(to, from, (size_t)n);
    } else if (n >= 8) {               /* two moves that may overlap */
        memcpy(to, from, 8);
        memcpy(to + n - 8, from + n - 8, 8);
    } else if (n >= 4) {
        memcpy(to, from, 4);
        memcpy(to + n - 4, from + n - 4, 4);
    } else if (n > 0) {
        to[0] = from[0];
        to[n >> 1] = from[n >> 1];
        to[n - 1] = from[n - 1];
    }
}
int kr_pickle_put_blob(Pickler *p, const char *header, Py_ssize_t header_size, const char *payload, Py_ssize_t size, PyObject *owner) {
    PickleOutput *out = &p->out;
    bool framing = out->framing, large = size >= PICKLE_FRAME_TARGET;
    if (large) {
        end_frame(out);
        out->framing = false;
    }
    int r = kr_pickle_put(p, header, header_size);
    if (r == 0 && large && p->write) {
        PyObject *bytes = owner && PyBytes_CheckExact(owner) ? Py_NewRef(owner) : PyBytes_FromStringAndSize(payload, size);
        r = !bytes || flush(p) < 0 ? -1 : write_to_file(p, bytes);
        Py_XDECREF(bytes);
    } else if (r == 0) {
        r = kr_pickle_put(p, payload, size);
    }
    out->framing = framing;
    return r;
}

/* ------------------------------------------------------------------ memo */

static int put_index(Pickler *p, int short_op, int long_op, int text_op, Py_ssize_t index) {
    char text[32];
    int n;
    if (!p->bin) {
        n = PyOS_snprintf(text, sizeof text, "%c%zd\n", text_op, index);
    } else if (index < 256) {
        text[0] = (char)short_op;
        text[1] = (char)index;
        n = 2;
    } else if ((size_t)index <= 0xffffffffu) {
        text[0] = (char)long_op;
        for (int i = 0; i < 4; i++) text[1 + i] = (char)(index >> (8 * i));
        n = 5;
    } else {
        PyErr_SetString(p->st->pickling_error, "memo id too large for 4 bytes");
        return -1;
    }
    return kr_pickle_put(p, text, n);
}
int kr_pickle_memoize(Pickler *p, PyObject *o) {
    if (p->fast) return 0;
    Py_ssize_t index = p->memo.used;
    if (kr_memo_add(&p->memo, o, index) < 0) return -1;
    return p->proto >= 4 ? kr_pickle_op(p, OP_MEMOIZE) : put_index(p, OP_BINPUT, OP_LONG_BINPUT, OP_PUT, index);
}
int kr_pickle_get(Pickler *p, PyObject *o) {
    const MemoEntry *e = kr_memo_find(&p->memo, o);
    if (!e) return 0;
    return put_index(p, OP_BINGET, OP_LONG_BINGET, OP_GET, e->index) < 0 ? -1 : 1;
}

/* ------------------------------------------------------------------ dumping */

static int write_pickle(Pickler *p, PyObject *o) {
    if (p->proto >= 2) {
        char header[2] = {(char)OP_PROTO, (char)p->proto};
        if (kr_pickle_put(p, header, 2) < 0) return -1;
    }
    p->out.framing = p->proto >= 4;
    if (kr_pickle_save(p, o, false) < 0 || kr_pickle_op(p, OP_STOP) < 0) return -1;
    end_frame(&p->out);
    return 0;
}
PyObject *kr_pickler_dump(Pickler *p, PyObject *o) {
    PickleOutput outer = p->out;
    PyObject *outer_override = p->reducer_override, *result = NULL;
    int outer_nesting = p->fast_nesting;
    p->out = (PickleOutput){PyBytes_FromStringAndSize(NULL, p->write ? FILE_ROOM : FIRST_ROOM), 0, -1, false};
    p->reducer_override = NULL;
    p->fast_nesting = 0;
    bool subclass = Py_TYPE(p) && Py_TYPE(p) != p->st->pickler_type;
    if (p->out.bytes && (!subclass || _PyObject_LookupAttr((PyObject *)p, KR_STR(reducer_override), &p->reducer_override) >= 0) && write_pickle(p, o) == 0) {
        if (p->write) {
            if (flush(p) == 0) result = Py_NewRef(Py_None);
        } else if (_PyBytes_Resize(&p->out.bytes, p->out.length) == 0) {
            result = Py_NewRef(p->out.bytes);
        }
    }
    PyObject *bytes = p->out.bytes, *override = p->reducer_override;
    p->out = outer;
    p->reducer_override = outer_override;
    p->fast_nesting = outer_nesting;
    Py_XDECREF(bytes);
    Py_XDECREF(override);
    return result;
}

/* ------------------------------------------------------------------ hooks */

int kr_pickle_find_hook(PyObject *self, PyObject *name, PyObject **hook, bool *bound) {
    PyObject *found;
    if (_PyObject_LookupAttr(self, name, &found) < 0) return -1;
    *bound = found && PyMethod_Check(found) && PyMethod_GET_SELF(found) == self;
    if (*bound) Py_SETREF(found, Py_NewRef(PyMethod_GET_FUNCTION(found)));
    Py_XSETREF(*hook, found);
    return 0;
}
PyObject *kr_pickle_call_hook(void *self, PyObject *hook, bool bound, PyObject *arg) {
    PyObject *args[] = {NULL, bound ? self : arg, arg};
    Py_INCREF(hook);
    PyObject *result = PyObject_Vectorcall(hook, args + 1, (bound ? 2 : 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    Py_DECREF(hook);
    return result;
}
PyObject *kr_pickle_get_hook(PyObject *self, const char *name, PyObject *hook, bool bound) {
    if (hook) return bound ? PyMethod_New(hook, self) : Py_NewRef(hook);
    PyErr_SetString(PyExc_AttributeError, name);
    return NULL;
}
int kr_pickle_set_hook(const char *name, PyObject *value, PyObject **hook, bool *bound) {
    if (!value) {
        PyErr_SetString(PyExc_TypeError, "attribute deletion is not supported");
        return -1;
    }
    if (!PyCallable_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s must be a callable taking one argument", name);
        return -1;
    }
    *bound = false;
    Py_XSETREF(*hook, Py_NewRef(value));
    return 0;
}

/* ------------------------------------------------------------------ the object */

int kr_pickler_setup(Pickler *p, PyObject *protocol, int fix_imports, PyObject *buffer_callback) {
    long proto = PICKLE_DEFAULT;
    if (protocol && protocol != Py_None) {
        proto = PyLong_AsLong(protocol);
        if (proto == -1 && PyErr_Occurred()) return -1;
        if (proto < 0) proto = PICKLE_HIGHEST;
        if (proto > PICKLE_HIGHEST) {
            PyErr_Format(PyExc_ValueError, "pickle protocol must be <= %d", PICKLE_HIGHEST);
            return -1;
        }
    }
    if (buffer_callback == Py_None) buffer_callback = NULL;
    if (buffer_callback && proto < 5) {
        PyErr_SetString(PyExc_ValueError, "buffer_callback needs protocol >= 5");
        return -1;
    }
    p->proto = (int)proto;
    p->bin = proto > 0;
    p->fix_imports = fix_imports && proto < 3;
    Py_XSETREF(p->buffer_callback, Py_XNewRef(buffer_callback));
    return 0;
}
int kr_pickler_set_file(Pickler *p, PyObject *file) {
    PyObject *write;
    if (_PyObject_LookupAttr(file, KR_STR(write), &write) < 0) return -1;
    if (!write) {
        PyErr_SetString(PyExc_TypeError, "file must have a 'write' attribute");
        return -1;
    }
    Py_XSETREF(p->write, write);
    return 0;
}
static int pickler_init(PyObject *self, PyObject *args, PyObject *kwargs) {
    static char *keywords[] = {"file", "protocol", "fix_imports", "buffer_callback", NULL};
    Pickler *p = (Pickler *)self;
    PyObject *file, *protocol = NULL, *buffer_callback = NULL;
    int fix_imports = 1;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OpO:Pickler", keywords, &file, &protocol, &fix_imports, &buffer_callback)) return -1;
    kr_memo_clear(&p->memo);
    Py_CLEAR(p->write);
    p->fast = 0;
    if (kr_pickler_setup(p, protocol, fix_imports, buffer_callback) < 0 || kr_pickler_set_file(p, file) < 0) return -1;
    if (Py_TYPE(self) == p->st->pickler_type) return 0;
    PyObject *table;
    if (kr_pickle_find_hook(self, KR_STR(persistent_id), &p->persistent_id, &p->persistent_id_bound) < 0 ||
        _PyObject_LookupAttr(self, KR_STR(dispatch_table), &table) < 0)
        return -1;
    Py_XSETREF(p->dispatch_table, table);
    return 0;
}
static PyObject *pickler_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PickleState *st = kr_pickle_state_of(type);
    Pickler *p = st ? (Pickler *)type->tp_alloc(type, 0) : NULL;
    if (p) p->st = st;
    return (PyObject *)p;
}
static PyObject *pickler_dump(PyObject *self, PyObject *o) {
    Pickler *p = (Pickler *)self;
    if (p->write) return kr_pickler_dump(p, o);
    return PyErr_Format(p->st->pickling_error, "Pickler.__init__() was not called by %s.__init__()", Py_TYPE(self)->tp_name);
}
static PyObject *pickler_clear_memo(PyObject *self, PyObject *unused) {
    kr_memo_clear(&((Pickler *)self)->memo);
    Py_RETURN_NONE;
}
static PyObject *pickler_sizeof(PyObject *self, PyObject *unused) {
    const Pickler *p = (Pickler *)self;
    size_t size = (size_t)Py_TYPE(self)->tp_basicsize + (p->memo.table ? (p->memo.mask + 1) * sizeof(MemoEntry) : 0);
    return PyLong_FromSize_t(size + (p->out.bytes ? (size_t)PyBytes_GET_SIZE(p->out.bytes) : 0));
}
static PyObject *get_persistent_id(PyObject *self, void *closure) {
    const Pickler *p = (Pickler *)self;
    return kr_pickle_get_hook(self, "persistent_id", p->persistent_id, p->persistent_id_bound);
}
static int set_persistent_id(PyObject *self, PyObject *value, void *closure) {
    Pickler *p = (Pickler *)self;
    return kr_pickle_set_hook("persistent_id", value, &p->persistent_id, &p->persistent_id_bound);
}
static PyObject *get_memo(PyObject *self, void *closure) { return kr_pickle_memo_proxy(((Pickler *)self)->st, self, true); }

static int pickler_traverse(PyObject *self, visitproc visit, void *arg) {
    const Pickler *p = (Pickler *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(p->write);
    Py_VISIT(p->buffer_callback);
    Py_VISIT(p->dispatch_table);
    Py_VISIT(p->persistent_id);
    Py_VISIT(p->reducer_override);
    Py_VISIT(p->fast_objects);
    for (size_t i = 0; p->memo.table && i <= p->memo.mask; i++) Py_VISIT(p->memo.table[i].key);
    return 0;
}
void kr_pickler_clear_all(Pickler *p) {
    Py_CLEAR(p->write);
    Py_CLEAR(p->buffer_callback);
    Py_CLEAR(p->dispatch_table);
    Py_CLEAR(p->persistent_id);
    Py_CLEAR(p->fast_objects);
    kr_memo_clear(&p->memo);
}
static int pickler_clear(PyObject *self) {
    kr_pickler_clear_all((Pickler *)self);
    return 0;
}
static void pickler_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    pickler_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef pickler_members[] = {
    {"bin", T_INT, offsetof(Pickler, bin), 0}, {"fast", T_INT, offsetof(Pickler, fast), 0},
    {"dispatch_table", T_OBJECT_EX, offsetof(Pickler, dispatch_table), 0}, {NULL}};
static PyGetSetDef pickler_getset[] = {{"memo", get_memo, kr_pickler_set_memo}, {"persistent_id", get_persistent_id, set_persistent_id}, {NULL}};
static PyMethodDef pickler_methods[] = {
    {"dump", pickler_dump, METH_O, PyDoc_STR("dump($self, obj, /)\n--\n\nWrites the pickle of an object to the file.")},
    {"clear_memo", pickler_clear_memo, METH_NOARGS,
     PyDoc_STR("clear_memo($self, /)\n--\n\nForgets the objects pickled so far, so that later pickles don't refer to them.")},
    {"__sizeof__", pickler_sizeof, METH_NOARGS, PyDoc_STR("__sizeof__($self, /)\n--\n\nSize in memory, in bytes.")},
    {NULL}};
PyDoc_STRVAR(pickler_doc,
             "Pickler(file, protocol=None, fix_imports=True, buffer_callback=None)\n--\n\n"
             "Writes pickles to a binary file, by its method write(), with bytes.\n\n"
             "Protocols 0 to 5 are known; the default is 4, a negative number stands for the highest. Protocols below 3 give names of\n"
             "Python 2 to modules and classes that were renamed, if fix_imports is true.\n\n"
             "buffer_callback, which needs protocol 5, is called with each buffer (PickleBuffer); a false result means that\n"
             "the buffer is transmitted in another way and is not written to the pickle.");
static PyType_Slot pickler_slots[] = {
    {Py_tp_doc, (void *)pickler_doc}, {Py_tp_new, pickler_new}, {Py_tp_init, pickler_init}, {Py_tp_dealloc, pickler_dealloc},
    {Py_tp_traverse, pickler_traverse}, {Py_tp_clear, pickler_clear}, {Py_tp_members, pickler_members}, {Py_tp_getset, pickler_getset},
    {Py_tp_methods, pickler_methods}, {0, NULL}};
PyType_Spec kr_pickler_spec = {
    .name = "_pickle.Pickler", .basicsize = sizeof(Pickler), .slots = pickler_slots,
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE};
