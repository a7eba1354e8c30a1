/* _sha3.c - the module _sha3: the sponges of FIPS 202 (SHA-3 and SHAKE) around libnettle's Keccak permutation.
 *
 * The state's bytes are its words in little-endian order. `at` is where in the block (the first `rate` bytes) the next byte of input is mixed in.
 */
#include "krait.h"
#include "module/digest_data.h"
#include <nettle/sha3.h>

enum { WIDTH = 200, LENGTH_LIMIT = 1 << 29 };

typedef struct {
    PyObject_HEAD
    struct sha3_state state;
    int rate, at;
    unsigned char suffix;           /* the bits that follow the message, and the first of the padding */
    int digest_size;                /* 0: of any length (SHAKE) */
} Sponge;
#define S(o) ((Sponge *)(o))

static const struct {
    const char *name;
    int rate, digest_size;
    unsigned char suffix;
} kinds[] = {
    {"sha3_224", 144, 28, 0x06}, {"sha3_256", 136, 32, 0x06}, {"sha3_384", 104, 48, 0x06}, {"sha3_512", 72, 64, 0x06},
    {"shake_128", 168, 0, 0x1f}, {"shake_256", 136, 0, 0x1f},
};

/* ------------------------------------------------------------------ the sponge */

static void mix(struct sha3_state *state, int at, unsigned char byte) { state->a[at / 8] ^= (uint64_t)byte << at % 8 * 8; }

static void absorb(Sponge *s, const unsigned char *p, size_t n) {
    while (n) {
        if (s->at % 8 == 0 && n >= 8 && s->rate - s->at >= 8) {
            uint64_t word = 0;
            for (int i = 0; i < 8; i++) word |= (uint64_t)p[i] << 8 * i;
            s->state.a[s->at / 8] ^= word;
            s->at += 8;
            p += 8;
            n -= 8;
        }
        else {
            mix(&s->state, s->at++, *p++);
            n--;
        }
        if (s->at == s->rate) {
            sha3_permute(&s->state);
            s->at = 0;
        }
    }
}
/* n bytes of the output for what was absorbed, which can go on. */
static void squeeze(const Sponge *s, unsigned char *out, size_t n) {
    struct sha3_state state = s->state;
    mix(&state, s->at, s->suffix);
    mix(&state, s->rate - 1, 0x80);
    for (size_t i = 0; i < n; i++) {
        int at = (int)(i % (size_t)s->rate);
        if (at == 0) sha3_permute(&state);
        out[i] = (unsigned char)(state.a[at / 8] >> at % 8 * 8);
    }
}

/* ------------------------------------------------------------------ objects */

static PyObject *sponge_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"", "usedforsecurity", NULL};
    const char *name = strrchr(type->tp_name, '.') + 1;
    size_t kind = 0;
    while (strcmp(kinds[kind].name, name) != 0) kind++; /* the types are final */
    PyObject *data = NULL;
    int for_security;
    Py_buffer view;
    /* messages name one function for all, as CPython's do */
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|O$p:sha3_224", keywords, &data, &for_security) || (data && !kr_digest_data(data, &view))) return NULL;
    Sponge *self = PyObject_New(Sponge, type);
    if (self) {
        self->state = (struct sha3_state){{0}};
        self->rate = kinds[kind].rate;
        self->digest_size = kinds[kind].digest_size;
        self->suffix = kinds[kind].suffix;
        self->at = 0;
        if (data) absorb(self, view.buf, (size_t)view.len);
    }
    if (data) PyBuffer_Release(&view);
    return (PyObject *)self;
}
static void sponge_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
}
static PyObject *sponge_copy(PyObject *self, PyObject *unused) {
    Sponge *copy = PyObject_New(Sponge, Py_TYPE(self));
    if (copy) memcpy((char *)copy + sizeof(PyObject), (char *)self + sizeof(PyObject), sizeof *copy - sizeof(PyObject));
    return (PyObject *)copy;
}
static PyObject *sponge_update(PyObject *self, PyObject *data) {
    Py_buffer view;
    if (!kr_digest_data(data, &view)) return NULL;
    absorb(S(self), view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    return Py_NewRef(Py_None);
}

static PyObject *output(PyObject *self, size_t n, bool hex) {
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)n), *text;
    if (!bytes) return NULL;
    squeeze(S(self), (unsigned char *)PyBytes_AS_STRING(bytes), n);
    if (!hex) return bytes;
    text = _Py_strhex(PyBytes_AS_STRING(bytes), (Py_ssize_t)n);
    Py_DECREF(bytes);
    return text;
}
static PyObject *sha3_digest(PyObject *self, PyObject *unused) { return output(self, (size_t)S(self)->digest_size, false); }
static PyObject *sha3_hexdigest(PyObject *self, PyObject *unused) { return output(self, (size_t)S(self)->digest_size, true); }
static PyObject *shake_output(PyObject *self, PyObject *length, bool hex) {
    if (!kr_digest_unsigned(length)) return NULL;
    unsigned long n = PyLong_AsUnsignedLong(length);
    if (n < LENGTH_LIMIT) return output(self, n, hex);
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "length is too large");
    return NULL;
}
static PyObject *shake_digest(PyObject *self, PyObject *length) { return shake_output(self, length, false); }
static PyObject *shake_hexdigest(PyObject *self, PyObject *length) { return shake_output(self, length, true); }

static PyObject *sponge_get_block_size(PyObject *self, void *unused) { return PyLong_FromLong(S(self)->rate); }
static PyObject *sponge_get_name(PyObject *self, void *unused) { return PyUnicode_FromString(strrchr(Py_TYPE(self)->tp_name, '.') + 1); }
static PyObject *sponge_get_digest_size(PyObject *self, void *unused) { return PyLong_FromLong(S(self)->digest_size); }
static PyObject *sponge_get_capacity(PyObject *self, void *unused) { return PyLong_FromLong(8 * (WIDTH - S(self)->rate)); }
static PyObject *sponge_get_rate(PyObject *self, void *unused) { return PyLong_FromLong(8 * S(self)->rate); }
static PyObject *sponge_get_suffix(PyObject *self, void *unused) { return PyBytes_FromStringAndSize((char *)&S(self)->suffix, 1); }

#define COMMON_METHODS                                                                                                  \
    {"copy", sponge_copy, METH_NOARGS, PyDoc_STR("copy($self, /)\n--\n\nA copy of the hash object.")},                   \
    {"update", sponge_update, METH_O, PyDoc_STR("update($self, data, /)\n--\n\nHashes more data.")}
static PyMethodDef sha3_methods[] = {
    COMMON_METHODS,
    {"digest", sha3_digest, METH_NOARGS, PyDoc_STR("digest($self, /)\n--\n\nThe digest, as bytes.")},
    {"hexdigest", sha3_hexdigest, METH_NOARGS, PyDoc_STR("hexdigest($self, /)\n--\n\nThe digest, in hexadecimal digits.")},
    {NULL},
};
static PyMethodDef shake_methods[] = {
    COMMON_METHODS,
    {"digest", shake_digest, METH_O, PyDoc_STR("digest($self, length, /)\n--\n\nThe first bytes of the digest.")},
    {"hexdigest", shake_hexdigest, METH_O, PyDoc_STR("hexdigest($self, length, /)\n--\n\nThe first bytes of the digest, in hexadecimal digits.")},
    {NULL},
};
static PyGetSetDef sponge_getset[] = {
    {"block_size", sponge_get_block_size}, {"name", sponge_get_name}, {"digest_size", sponge_get_digest_size},
    {"_capacity_bits", sponge_get_capacity}, {"_rate_bits", sponge_get_rate}, {"_suffix", sponge_get_suffix}, {NULL},
};

static int sha3_exec(PyObject *module) {
    for (size_t i = 0; i < KR_ARRAY_LEN(kinds); i++) {
        char name[32];
        PyType_Slot slots[] = {
            {Py_tp_dealloc, sponge_dealloc}, {Py_tp_new, sponge_new}, {Py_tp_methods, kinds[i].digest_size ? sha3_methods : shake_methods},
            {Py_tp_getset, sponge_getset}, {Py_tp_doc, kinds[i].digest_size ? "A SHA3 hash object." : "A SHAKE hash object."}, {0, NULL}};
        PyType_Spec spec = {name, sizeof(Sponge), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};
        PyOS_snprintf(name, sizeof name, "_sha3.%s", kinds[i].name);
        PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
        int r = type ? PyModule_AddObjectRef(module, kinds[i].name, type) : -1;
        Py_XDECREF(type);
        if (r < 0) return -1;
    }
    return PyModule_AddIntConstant(module, "keccakopt", 0) < 0 ? -1 : PyModule_AddStringConstant(module, "implementation", "nettle");
}
static PyModuleDef_Slot sha3_slots[] = {{Py_mod_exec, sha3_exec}, {0, NULL}};
static struct PyModuleDef sha3_module = {PyModuleDef_HEAD_INIT, .m_name = "_sha3", .m_doc = PyDoc_STR("SHA-3 and SHAKE"), .m_slots = sha3_slots};
PyMODINIT_FUNC PyInit__sha3(void) { return PyModuleDef_Init(&sha3_module); }
