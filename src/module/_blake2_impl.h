/* _blake2_impl.h - BLAKE2b or BLAKE2s (RFC 7693): included by _blake2.c once for each width, with the BLAKE_ macros set. */
#define PASTE2(a, b) a##b
#define PASTE(a, b) PASTE2(a, b)
#define B2(name) PASTE(BLAKE_PREFIX, name)
enum { B2(BLOCK) = 16 * sizeof(BLAKE_WORD), B2(OUT) = 8 * sizeof(BLAKE_WORD), B2(SALT) = 2 * sizeof(BLAKE_WORD) };

typedef struct {
    PyObject_HEAD
    BLAKE_WORD h[8], count[2];
    unsigned char block[16 * sizeof(BLAKE_WORD)];
    size_t used;
    int digest_size;
    bool last_node;
} B2(Hash);

static void B2(compress)(B2(Hash) *s, bool last) {
    static const BLAKE_WORD iv[8] = BLAKE_IV;
    BLAKE_WORD v[16], m[16];
    memcpy(m, s->block, sizeof m);          /* words are little endian, as the machine's */
    memcpy(v, s->h, sizeof s->h);
    memcpy(v + 8, iv, sizeof iv);
    v[12] ^= s->count[0];
    v[13] ^= s->count[1];
    if (last) v[14] = ~v[14];
    if (last && s->last_node) v[15] = ~v[15];
#define ROTR(x, n) ((x) >> (n) | (x) << (8 * sizeof(BLAKE_WORD) - (n)))
#define MIX(a, b, c, d, x, y)                                                           \
    a += b + (x), d = ROTR(d ^ a, BLAKE_R1), c += d, b = ROTR(b ^ c, BLAKE_R2),         \
    a += b + (y), d = ROTR(d ^ a, BLAKE_R3), c += d, b = ROTR(b ^ c, BLAKE_R4)
    for (int r = 0; r < BLAKE_ROUNDS; r++) {
        const unsigned char *p = sigma[r % 10];
        for (int i = 0; i < 4; i++) MIX(v[i], v[i + 4], v[i + 8], v[i + 12], m[p[2 * i]], m[p[2 * i + 1]]);
        for (int i = 0; i < 4; i++) MIX(v[i], v[4 + (i + 1) % 4], v[8 + (i + 2) % 4], v[12 + (i + 3) % 4], m[p[8 + 2 * i]], m[p[9 + 2 * i]]);
    }
    for (int i = 0; i < 8; i++) s->h[i] ^= v[i] ^ v[i + 8];
#undef MIX
#undef ROTR
}
static void B2(add)(B2(Hash) *s, const unsigned char *p, size_t n) {
    while (n) {
        if (s->used == B2(BLOCK)) {         /* a full block waits: it may be the last */
            s->count[0] += B2(BLOCK);
            s->count[1] += s->count[0] < B2(BLOCK);
            B2(compress)(s, false);
            s->used = 0;
        }
        size_t k = Py_MIN(n, (size_t)B2(BLOCK) - s->used);
        memcpy(s->block + s->used, p, k);
        s->used += k;
        p += k;
        n -= k;
    }
}
static void B2(finish)(const B2(Hash) *from, unsigned char *out) {
    B2(Hash) s = *from;
    s.count[0] += (BLAKE_WORD)s.used;
    s.count[1] += s.count[0] < s.used;
    memset(s.block + s.used, 0, B2(BLOCK) - s.used);
    B2(compress)(&s, true);
    memcpy(out, s.h, (size_t)s.digest_size);
}
static PyObject *B2(new)(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static const BLAKE_WORD iv[8] = BLAKE_IV;
    Parameters p;
    if (!parse_parameters(args, kwds, &p, BLAKE_FORMAT, BLAKE_NAME, B2(OUT), B2(SALT), 8 * sizeof(BLAKE_WORD), sizeof(BLAKE_WORD) == 8 ? UINT64_MAX : 0xffffffffffffu)) return NULL;
    B2(Hash) *s = (B2(Hash) *)type->tp_alloc(type, 0);
    if (s) {
        unsigned char block[8 * sizeof(BLAKE_WORD)] = {0};
        block[0] = (unsigned char)p.digest_size;
        block[1] = (unsigned char)p.key.len;
        block[2] = (unsigned char)p.fanout;
        block[3] = (unsigned char)p.depth;
        for (int i = 0; i < 4; i++) block[4 + i] = (unsigned char)(p.leaf_size >> 8 * i);
        enum { OFFSET = sizeof(BLAKE_WORD) == 8 ? 8 : 6 };
        for (int i = 0; i < OFFSET; i++) block[8 + i] = (unsigned char)(p.node_offset >> 8 * i);
        block[8 + OFFSET] = (unsigned char)p.node_depth;
        block[9 + OFFSET] = (unsigned char)p.inner_size;
        if (p.salt.buf) memcpy(block + 4 * sizeof(BLAKE_WORD), p.salt.buf, (size_t)p.salt.len);
        if (p.person.buf) memcpy(block + 6 * sizeof(BLAKE_WORD), p.person.buf, (size_t)p.person.len);
        BLAKE_WORD words[8];
        memcpy(words, block, sizeof words);
        for (int i = 0; i < 8; i++) s->h[i] = iv[i] ^ words[i];
        s->digest_size = p.digest_size;
        s->last_node = p.last_node;
        if (p.key.len) {
            unsigned char padded[16 * sizeof(BLAKE_WORD)] = {0};
            memcpy(padded, p.key.buf, (size_t)p.key.len);
            B2(add)(s, padded, sizeof padded);
            memset(padded, 0, sizeof padded);
        }
        if (p.data.buf) B2(add)(s, p.data.buf, (size_t)p.data.len);
    }
    release_parameters(&p);
    return (PyObject *)s;
}
static PyObject *B2(update)(PyObject *self, PyObject *data) {
    Py_buffer view;
    if (!kr_digest_data(data, &view)) return NULL;
    B2(add)((B2(Hash) *)self, view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    Py_RETURN_NONE;
}
static PyObject *B2(digest)(PyObject *self, PyObject *unused) {
    unsigned char out[64];
    (void)unused;
    B2(finish)((B2(Hash) *)self, out);
    return PyBytes_FromStringAndSize((char *)out, ((B2(Hash) *)self)->digest_size);
}
static PyObject *B2(hexdigest)(PyObject *self, PyObject *unused) {
    unsigned char out[64];
    (void)unused;
    B2(finish)((B2(Hash) *)self, out);
    return _Py_strhex((char *)out, ((B2(Hash) *)self)->digest_size);
}
static PyObject *B2(copy)(PyObject *self, PyObject *unused) {
    (void)unused;
    B2(Hash) *copy = (B2(Hash) *)Py_TYPE(self)->tp_alloc(Py_TYPE(self), 0);
    if (copy) memcpy((char *)copy + sizeof(PyObject), (char *)self + sizeof(PyObject), sizeof *copy - sizeof(PyObject));
    return (PyObject *)copy;
}
static PyObject *B2(get_name)(PyObject *self, void *unused) { (void)self, (void)unused; return PyUnicode_FromString(BLAKE_NAME); }
static PyObject *B2(get_block_size)(PyObject *self, void *unused) { (void)self, (void)unused; return PyLong_FromLong(B2(BLOCK)); }
static PyObject *B2(get_digest_size)(PyObject *self, void *unused) { (void)unused; return PyLong_FromLong(((B2(Hash) *)self)->digest_size); }
static void B2(dealloc)(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    memset((char *)self + sizeof(PyObject), 0, sizeof(B2(Hash)) - sizeof(PyObject));
    type->tp_free(self);
    Py_DECREF(type);
}
static PyMethodDef B2(methods)[] = {
    {"copy", B2(copy), METH_NOARGS, "copy($self, /)\n--\n\nA copy of the hash object."},
    {"digest", B2(digest), METH_NOARGS, "digest($self, /)\n--\n\nThe digest, as bytes."},
    {"hexdigest", B2(hexdigest), METH_NOARGS, "hexdigest($self, /)\n--\n\nThe digest, in hexadecimal digits."},
    {"update", B2(update), METH_O, "update($self, data, /)\n--\n\nHashes more data."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef B2(getset)[] = {
    {"name", B2(get_name), NULL, NULL, NULL}, {"block_size", B2(get_block_size), NULL, NULL, NULL}, {"digest_size", B2(get_digest_size), NULL, NULL, NULL}, {NULL, NULL, NULL, NULL, NULL},
};
static PyType_Slot B2(slots)[] = {
    {Py_tp_dealloc, B2(dealloc)}, {Py_tp_new, B2(new)}, {Py_tp_methods, B2(methods)}, {Py_tp_getset, B2(getset)}, {Py_tp_doc, "A BLAKE2 hash object."}, {0, NULL},
};
static PyType_Spec B2(spec) = {
    .name = "_blake2." BLAKE_NAME, .basicsize = sizeof(B2(Hash)), .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE, .slots = B2(slots),
};
static int B2(add_type)(PyObject *module) {
    static const struct { const char *name; int value; } constants[] = {{"SALT_SIZE", B2(SALT)}, {"PERSON_SIZE", B2(SALT)}, {"MAX_KEY_SIZE", B2(OUT)}, {"MAX_DIGEST_SIZE", B2(OUT)}};
    PyObject *type = PyType_FromModuleAndSpec(module, &B2(spec), NULL);
    int r = type ? PyModule_AddObjectRef(module, BLAKE_NAME, type) : -1;
    for (size_t i = 0; r == 0 && i < KR_ARRAY_LEN(constants); i++) {
        char name[40];          /* in the module: BLAKE2B_SALT_SIZE ... */
        PyOS_snprintf(name, sizeof name, "BLAKE2%c_%s", Py_TOUPPER(BLAKE_NAME[6]), constants[i].name);
        if (PyModule_AddIntConstant(module, name, constants[i].value) < 0) r = -1;
        PyObject *v = r < 0 ? NULL : PyLong_FromLong(constants[i].value);
        r = v ? PyDict_SetItemString(((PyTypeObject *)type)->tp_dict, constants[i].name, v) : -1;
        Py_XDECREF(v);
    }
    Py_XDECREF(type);
    return r;
}
#undef B2
#undef PASTE
#undef PASTE2
#undef BLAKE_PREFIX
#undef BLAKE_WORD
#undef BLAKE_IV
#undef BLAKE_ROUNDS
#undef BLAKE_R1
#undef BLAKE_R2
#undef BLAKE_R3
#undef BLAKE_R4
#undef BLAKE_NAME
#undef BLAKE_FORMAT
