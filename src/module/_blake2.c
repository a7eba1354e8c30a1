/* _blake2.c - the hashes BLAKE2b and BLAKE2s with all their parameters (RFC 7693; "BLAKE2: simpler, smaller, fast as MD5", section 2.8). */
#include "krait.h"
#include "module/digest_data.h"

static const unsigned char sigma[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

/* The arguments of blake2b() and blake2s(); the buffers are held until release_parameters. */
typedef struct {
    Py_buffer data, key, salt, person;
    int digest_size, fanout, depth, node_depth, inner_size;
    unsigned long leaf_size;
    uint64_t node_offset;
    int last_node;
} Parameters;

static void release_parameters(Parameters *p) {
    Py_buffer *views[] = {&p->data, &p->key, &p->salt, &p->person};
    for (int i = 0; i < 4; i++)
        if (views[i]->obj) PyBuffer_Release(views[i]);
}
static int refuse(Parameters *p, const char *format, int limit) {
    PyErr_Format(PyExc_ValueError, format, limit);
    release_parameters(p);
    return 0;
}
static int parse_parameters(PyObject *args, PyObject *kwds, Parameters *p, const char *format, const char *name, int out, int salt, int max_key, uint64_t max_offset) {
    static char *names[] = {"", "digest_size", "key", "salt", "person", "fanout", "depth", "leaf_size", "node_offset", "node_depth", "inner_size", "last_node",
                            "usedforsecurity", NULL};
    PyObject *data = NULL, *leaf_size = NULL, *node_offset = NULL;
    int security = 1;
    (void)name, (void)max_key;
    *p = (Parameters){.digest_size = out, .fanout = 1, .depth = 1};
    if (!PyArg_ParseTupleAndKeywords(args, kwds, format, names, &data, &p->digest_size, &p->key, &p->salt, &p->person, &p->fanout, &p->depth, &leaf_size, &node_offset,
                                     &p->node_depth, &p->inner_size, &p->last_node, &security)) {
        memset(p, 0, sizeof *p);    /* the parser has released the buffers */
        return 0;
    }
    if (p->digest_size <= 0 || p->digest_size > out) return refuse(p, "digest_size must be between 1 and %d bytes", out);
    if (p->salt.obj && p->salt.len > salt) return refuse(p, "maximum salt length is %d bytes", salt);
    if (p->person.obj && p->person.len > salt) return refuse(p, "maximum person length is %d bytes", salt);
    if (p->fanout < 0 || p->fanout > 255) return refuse(p, "fanout must be between 0 and 255", 0);
    if (p->depth <= 0 || p->depth > 255) return refuse(p, "depth must be between 1 and 255", 0);
    if (leaf_size) {
        if (!kr_digest_unsigned(leaf_size)) goto fail;
        p->leaf_size = PyLong_AsUnsignedLong(leaf_size);
        if (p->leaf_size == (unsigned long)-1 && PyErr_Occurred()) goto fail;
        if (p->leaf_size > 0xffffffffu) {
            PyErr_SetString(PyExc_OverflowError, "leaf_size is too large");
            goto fail;
        }
    }
    if (node_offset) {
        if (!kr_digest_unsigned(node_offset)) goto fail;
        p->node_offset = PyLong_AsUnsignedLongLong(node_offset);
        if (p->node_offset == UINT64_MAX && PyErr_Occurred()) goto fail;
        if (p->node_offset > max_offset) {
            PyErr_SetString(PyExc_OverflowError, "node_offset is too large");
            goto fail;
        }
    }
    if (p->node_depth < 0 || p->node_depth > 255) return refuse(p, "node_depth must be between 0 and 255", 0);
    if (p->inner_size < 0 || p->inner_size > out) return refuse(p, "inner_size must be between 0 and is %d", out);
    if (p->key.obj && p->key.len > out) return refuse(p, "maximum key length is %d bytes", out);
    if (data && !kr_digest_data(data, &p->data)) goto fail;
    return 1;
fail:
    release_parameters(p);
    return 0;
}

#define BLAKE_PREFIX blake2b_
#define BLAKE_NAME "blake2b"
#define BLAKE_FORMAT "|O$iy*y*y*iiOOiipp:blake2b"
#define BLAKE_WORD uint64_t
#define BLAKE_ROUNDS 12
#define BLAKE_R1 32
#define BLAKE_R2 24
#define BLAKE_R3 16
#define BLAKE_R4 63
#define BLAKE_IV                                                                                                                                \
    {UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b), UINT64_C(0xa54ff53a5f1d36f1),                    \
     UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f), UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179)}
#include "module/_blake2_impl.h"

#define BLAKE_PREFIX blake2s_
#define BLAKE_NAME "blake2s"
#define BLAKE_FORMAT "|O$iy*y*y*iiOOiipp:blake2s"
#define BLAKE_WORD uint32_t
#define BLAKE_ROUNDS 10
#define BLAKE_R1 16
#define BLAKE_R2 12
#define BLAKE_R3 8
#define BLAKE_R4 7
#define BLAKE_IV {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}
#include "module/_blake2_impl.h"

static int exec(PyObject *module) { return blake2b_add_type(module) < 0 ? -1 : blake2s_add_type(module); }
static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec}, {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_blake2", .m_doc = "BLAKE2b and BLAKE2s", .m_slots = slots};
PyMODINIT_FUNC PyInit__blake2(void) { return PyModuleDef_Init(&definition); }
