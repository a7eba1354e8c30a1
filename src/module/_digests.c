/* _digests.c - the modules _md5, _sha1, _sha256 and _sha512 on libnettle's hash functions.
 *
 * An object is a nettle context behind its description (struct nettle_hash). nettle's digest() resets the context it is given, so it is given a
 * copy. The modules differ in the table that each has of its types.
 */
#include "krait.h"
#include "module/digest_data.h"
#include <nettle/md5.h>
#include <nettle/nettle-meta.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#define TYPES_MAX 2                 /* of one module */
#define DIGEST_MAX 64

typedef struct {
    PyTypeObject *types[TYPES_MAX];
} ModuleState;

typedef union {
    struct md5_ctx md5;
    struct sha1_ctx sha1;
    struct sha256_ctx sha256;
    struct sha512_ctx sha512;
} Context;

typedef struct {
    PyObject_HEAD
    const struct nettle_hash *hash;
    Context context;                /* only hash->context_size bytes are there */
} Digest;
#define D(o) ((Digest *)(o))

static Digest *new_digest(PyTypeObject *type, const struct nettle_hash *hash) {
    Digest *self = PyObject_New(Digest, type);
    if (self) self->hash = hash;
    return self;
}
static void digest_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
}

static void compute(Digest *self, unsigned char *out) {
    Context copy;
    memcpy(&copy, &self->context, self->hash->context_size);
    self->hash->digest(&copy, self->hash->digest_size, out);
}
static PyObject *digest_digest(PyObject *self, PyObject *unused) {
    unsigned char out[DIGEST_MAX];
    compute(D(self), out);
    return PyBytes_FromStringAndSize((char *)out, D(self)->hash->digest_size);
}
static PyObject *digest_hexdigest(PyObject *self, PyObject *unused) {
    unsigned char out[DIGEST_MAX];
    compute(D(self), out);
    return _Py_strhex((char *)out, D(self)->hash->digest_size);
}
static PyObject *digest_update(PyObject *self, PyObject *data) {
    Py_buffer view;
    if (!kr_digest_data(data, &view)) return NULL;
    D(self)->hash->update(&D(self)->context, (size_t)view.len, view.buf);
    PyBuffer_Release(&view);
    return Py_NewRef(Py_None);
}
static PyObject *digest_copy(PyObject *self, PyObject *unused) {
    Digest *copy = new_digest(Py_TYPE(self), D(self)->hash);
    if (copy) memcpy(&copy->context, &D(self)->context, copy->hash->context_size);
    return (PyObject *)copy;
}
static PyObject *digest_get_name(PyObject *self, void *unused) { return PyUnicode_FromString(D(self)->hash->name); }
static PyObject *digest_get_block_size(PyObject *self, void *unused) { return PyLong_FromLong(D(self)->hash->block_size); }
static PyObject *digest_get_digest_size(PyObject *self, void *unused) { return PyLong_FromLong(D(self)->hash->digest_size); }

static PyMethodDef digest_methods[] = {
    {"copy", digest_copy, METH_NOARGS, PyDoc_STR("copy($self, /)\n--\n\nA copy of the hash object.")},
    {"digest", digest_digest, METH_NOARGS, PyDoc_STR("digest($self, /)\n--\n\nThe digest, as bytes.")},
    {"hexdigest", digest_hexdigest, METH_NOARGS, PyDoc_STR("hexdigest($self, /)\n--\n\nThe digest, in hexadecimal digits.")},
    {"update", digest_update, METH_O, PyDoc_STR("update($self, obj, /)\n--\n\nHashes more data.")},
    {NULL},
};
static PyGetSetDef digest_getset[] = {{"block_size", digest_get_block_size}, {"name", digest_get_name}, {"digest_size", digest_get_digest_size}, {NULL}};
static PyType_Slot digest_slots[] = {{Py_tp_dealloc, digest_dealloc}, {Py_tp_methods, digest_methods}, {Py_tp_getset, digest_getset}, {0, NULL}};

/* What the function `name` does: an object of the module's i-th type, having hashed the argument. */
static PyObject *make(PyObject *module, int i, const struct nettle_hash *hash, _PyArg_Parser *parser, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    PyObject *data = NULL;
    int for_security;
    Py_buffer view;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, parser, &data, &for_security) || (data && !kr_digest_data(data, &view))) return NULL;
    Digest *self = new_digest(((ModuleState *)PyModule_GetState(module))->types[i], hash);
    if (self) {
        hash->init(&self->context);
        if (data) hash->update(&self->context, (size_t)view.len, view.buf);
    }
    if (data) PyBuffer_Release(&view);
    return (PyObject *)self;
}
static const char *const make_keywords[] = {"string", "usedforsecurity", NULL};
#define MAKE(name, i)                                                                                                   \
    static PyObject *make_##name(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {        \
        static _PyArg_Parser parser = {.keywords = make_keywords, .format = "|O$p:" #name};                             \
        return make(module, i, &nettle_##name, &parser, args, nargs, kwnames);                                          \
    }
MAKE(md5, 0)
MAKE(sha1, 0)
MAKE(sha224, 0)
MAKE(sha256, 1)
MAKE(sha384, 0)
MAKE(sha512, 1)

/* ------------------------------------------------------------------ modules */

typedef struct {
    const char *name, *attribute;   /* of the type; attribute: in the module, or NULL */
    const struct nettle_hash *hash;
} TypeEntry;

static int add_types(PyObject *module, const TypeEntry *table, int n) {
    ModuleState *state = PyModule_GetState(module);
    for (int i = 0; i < n; i++) {
        PyType_Spec spec = {table[i].name, (int)(offsetof(Digest, context) + table[i].hash->context_size), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, digest_slots};
        state->types[i] = (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
        if (!state->types[i] || (table[i].attribute && PyModule_AddObjectRef(module, table[i].attribute, (PyObject *)state->types[i]) < 0)) return -1;
    }
    return 0;
}
static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    ModuleState *state = PyModule_GetState(module);
    for (int i = 0; i < TYPES_MAX; i++) Py_VISIT(state->types[i]);
    return 0;
}
static int module_clear(PyObject *module) {
    ModuleState *state = PyModule_GetState(module);
    for (int i = 0; i < TYPES_MAX; i++) Py_CLEAR(state->types[i]);
    return 0;
}
static void module_free(void *module) { module_clear(module); }

#define FUNCTION(name, title) \
    {#name, KR_METH(make_##name), METH_FASTCALL | METH_KEYWORDS, PyDoc_STR(#name "($module, /, string=b'', *, usedforsecurity=True)\n--\n\nA " title " hash object.")}
/* PyInit_<module>: its types and its functions. */
#define MODULE(module, types, ...)                                                                                      \
    static int module##_exec(PyObject *m) {                                                                             \
        static const TypeEntry table[] = types;                                                                         \
        return add_types(m, table, (int)KR_ARRAY_LEN(table));                                                           \
    }                                                                                                                   \
    static PyMethodDef module##_functions[] = {__VA_ARGS__, {NULL}};                                                    \
    static PyModuleDef_Slot module##_slots[] = {{Py_mod_exec, module##_exec}, {0, NULL}};                               \
    static struct PyModuleDef module##_module = {                                                                       \
        PyModuleDef_HEAD_INIT, .m_name = #module, .m_size = sizeof(ModuleState), .m_methods = module##_functions,       \
        .m_slots = module##_slots, .m_traverse = module_traverse, .m_clear = module_clear, .m_free = module_free,       \
    };                                                                                                                  \
    PyMODINIT_FUNC PyInit_##module(void) { return PyModuleDef_Init(&module##_module); }
#define TYPES(...) {__VA_ARGS__}

MODULE(_md5, TYPES({"_md5.md5", "MD5Type", &nettle_md5}), FUNCTION(md5, "MD5"))
MODULE(_sha1, TYPES({"_sha1.sha1", "SHA1Type", &nettle_sha1}), FUNCTION(sha1, "SHA1"))
MODULE(_sha256, TYPES({"_sha256.sha224", "SHA224Type", &nettle_sha224}, {"_sha256.sha256", "SHA256Type", &nettle_sha256}),
       FUNCTION(sha256, "SHA-256"), FUNCTION(sha224, "SHA-224"))
MODULE(_sha512, TYPES({"_sha512.sha384", NULL, &nettle_sha384}, {"_sha512.sha512", "SHA384Type", &nettle_sha512}), /* so CPython's names are */
       FUNCTION(sha512, "SHA-512"), FUNCTION(sha384, "SHA-384"))
