/* code_store.c - making code objects from a store; see code_store.h. Writing one is in code_store_write.c. */
#include "vm/code_store.h"
#include "object/unicode.h"
#include "runtime/marshal.h"
#include "vm/code_object.h"

PyAPI_FUNC(void) _PyTuple_MaybeUntrack(PyObject *);

static KR_COLD int bad(const char *what) {
    PyErr_Format(PyExc_ValueError, "bad marshal data (%s)", what);
    return -1;
}

/* ------------------------------------------------------------------ parts of the block */

/* n items of `each` bytes at an offset; NULL with ValueError when the block has no such place. */
static const void *place(const KrCodeStore *s, uint32_t at, uint32_t n, size_t each, size_t align) {
    if (at <= s->size && n <= (s->size - at) / each && at % align == 0) return s->data + at;
    bad("offset in code");
    return NULL;
}

/* Mixes n bytes into h: whatever single word is changed, the result is another one. */
static uint64_t mix(uint64_t h, const void *data, size_t n) {
    const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
    const unsigned char *p = data, *end = p + (n & ~(size_t)7);
    uint64_t word;
    h = (h ^ n) * factor;
    for (; p < end; p += 8) {
        memcpy(&word, p, 8);
        h = (h ^ word) * factor;
        h ^= h >> 32;
    }
    word = 0;
    memcpy(&word, p, n & 7);
    return (h ^ word) * factor;
}
bool kr_store_sum(const KrCodeStore *s, const KrStoredCode *r, uint32_t *sum) {
    const struct { uint32_t at, n; size_t each; } parts[] = {
        {r->instrs, r->ninstrs, sizeof(KrInstr)}, {r->entries, r->nentries, sizeof(KrExcEntry)}, {r->consts, r->nconsts, 4}, {r->names, r->nnames, 4}, {r->variables, r->nplus, 4}};
    uint64_t h = mix(0, r, offsetof(KrStoredCode, sum));
    for (size_t i = 0; i < KR_ARRAY_LEN(parts); i++) {
        const void *p = place(s, parts[i].at, parts[i].n, parts[i].each, 4);
        if (!p) return false;
        h = mix(h, p, parts[i].n * parts[i].each);
    }
    const uint32_t *consts = (const uint32_t *)(s->data + r->consts);
    for (uint32_t i = 0; i < r->nconsts; i++) {
        if (consts[i] & KR_STORED_CODE) continue;
        uint32_t from = consts[i] < s->nobjects ? s->offsets[consts[i]] : 1, to = consts[i] < s->nobjects ? s->offsets[consts[i] + 1] : 0;
        if (from > to || to > s->size) {
            bad("constant in code");
            return false;
        }
        h = mix(h, s->data + from, to - from);
    }
    *sum = (uint32_t)(h >> 32);
    return true;
}

/* Object number i, borrowed, of the given type. */
static PyObject *object(KrCodeStore *s, uint32_t i, PyTypeObject *type) {
    if (KR_UNLIKELY(i >= s->nobjects)) {
        bad("object in code");
        return NULL;
    }
    PyObject *o = s->objects[i];
    if (!o) {
        uint32_t from = s->offsets[i], to = s->offsets[i + 1];
        if (from > to || to > s->size) {
            bad("offset in code");
            return NULL;
        }
        o = kr_marshal_read_part(s->data + from, s->data + to);
        if (!o) return NULL;
        if (s->objects[i]) Py_SETREF(o, Py_NewRef(s->objects[i]));      /* the collector ran, and code that asked for the same */
        else s->objects[i] = Py_NewRef(o);
        Py_DECREF(o);
    }
    if (KR_LIKELY(!type || Py_IS_TYPE(o, type))) return o;
    bad("object of a wrong type in code");
    return NULL;
}

/* The tuple of the strings in a list, interned. */
static PyObject *strings(KrCodeStore *s, uint32_t at, uint32_t n) {
    const uint32_t *list = place(s, at, n, sizeof *list, sizeof *list);
    PyObject *t = list ? PyTuple_New(n) : NULL;
    for (uint32_t i = 0; t && i < n; i++) {
        PyObject *o = object(s, list[i], &PyUnicode_Type);
        if (!o) {
            Py_CLEAR(t);
            break;
        }
        if (KR_UNLIKELY(!PyUnicode_CHECK_INTERNED(o))) PyUnicode_InternInPlace(&s->objects[list[i]]);
        PyTuple_SET_ITEM(t, i, Py_NewRef(s->objects[list[i]]));
    }
    if (t) _PyTuple_MaybeUntrack(t);
    return t;
}

/* ------------------------------------------------------------------ code */

/* Code number i, unloaded, in the file `filename` if it has no other. */
static KrCode *unloaded(KrCodeStore *s, uint32_t i, PyObject *filename) {
    const KrStoredCode *r = &s->codes[i];
    PyObject *name = object(s, r->name, &PyUnicode_Type), *qualname = name ? object(s, r->qualname, &PyUnicode_Type) : NULL;
    if (!qualname || (r->filename != KR_STORED_SAME && !(filename = object(s, r->filename, &PyUnicode_Type)))) return NULL;
    const unsigned char *lines = place(s, r->lines, r->lines_size, 1, 1);
    if (!lines || !place(s, r->instrs, r->ninstrs, sizeof(KrInstr), sizeof(KrInstr))) return NULL;
    if (r->nplus > r->nregs || r->nregs > KR_REG_MAX || r->nfrees > r->nplus || !filename) {
        bad("sizes in code");
        return NULL;
    }
    KrCode *c = PyObject_New(KrCode, &PyCode_Type);
    if (!c) return NULL;
    PyCodeObject *b = &c->base;
    memset((char *)c + offsetof(PyCodeObject, co_consts), 0, sizeof *c - offsetof(PyCodeObject, co_consts));
    Py_SET_SIZE(b, 0);
    b->co_filename = Py_NewRef(filename);
    b->co_name = Py_NewRef(name);
    b->co_qualname = Py_NewRef(qualname);
    b->co_flags = r->flags;
    b->co_argcount = r->argcount;
    b->co_posonlyargcount = r->posonlyargcount;
    b->co_kwonlyargcount = r->kwonlyargcount;
    b->co_firstlineno = r->firstlineno;
    b->co_nlocals = r->nlocals;
    b->co_nlocalsplus = (int)r->nplus;
    b->co_stacksize = (int)(r->nregs - r->nplus);
    b->co_ncellvars = (int)r->ncells;
    b->co_nplaincellvars = (int)r->nplaincells;
    b->co_nfreevars = (int)r->nfrees;
    c->ninstrs = r->ninstrs;
    c->nregs = (uint16_t)r->nregs;
    c->temp_base = (uint16_t)r->nplus;
    c->lines = lines;
    c->lines_size = r->lines_size;
    c->store = s;
    c->stored = i;
    s->refs++;
    return c;
}

static PyObject *constants(KrCodeStore *s, const KrStoredCode *r, KrCode *c) {
    const uint32_t *list = place(s, r->consts, r->nconsts, sizeof *list, sizeof *list);
    PyObject *t = list ? PyTuple_New(r->nconsts) : NULL;
    for (uint32_t i = 0; t && i < r->nconsts; i++) {
        PyObject *o = NULL;
        uint32_t k = list[i] & ~KR_STORED_CODE;
        if (!(list[i] & KR_STORED_CODE)) o = Py_XNewRef(object(s, k, NULL));
        else if (k > c->stored && k < s->ncodes) o = (PyObject *)unloaded(s, k, c->base.co_filename);
        else bad("nested code");
        if (o) PyTuple_SET_ITEM(t, i, o);
        else Py_CLEAR(t);
    }
    if (t) _PyTuple_MaybeUntrack(t);    /* that code is loaded shall not be seen in gc.get_objects() */
    return t;
}

int kr_code_load(KrCode *c) {
    KrCodeStore *s = c->store;
    const KrStoredCode *r = &s->codes[c->stored];
    int result = -1;
    PyObject *consts = constants(s, r, c), *names = consts ? strings(s, r->names, r->nnames) : NULL;
    PyObject *variables = names ? strings(s, r->variables, r->nplus) : NULL, *kinds = variables ? object(s, r->kinds, &PyBytes_Type) : NULL;
    const KrInstr *instrs = kinds ? place(s, r->instrs, r->ninstrs, sizeof *instrs, sizeof *instrs) : NULL;
    const KrExcEntry *entries = instrs ? place(s, r->entries, r->nentries, sizeof *entries, sizeof(uint32_t)) : NULL;
    KrInstr *own = NULL;
    if (!entries) goto done;
    KrCodeSpec spec = {.argcount = r->argcount, .posonlyargcount = r->posonlyargcount, .kwonlyargcount = r->kwonlyargcount, .nlocals = r->nlocals, .nregs = (int)r->nregs,
                       .flags = r->flags, .firstlineno = r->firstlineno, .instrs = instrs, .ninstrs = r->ninstrs, .exc_entries = entries, .nexc_entries = r->nentries,
                       .consts = consts, .names = names, .localsplusnames = variables, .localspluskinds = kinds};
    uint32_t sum;
    if (!s->permanent) {
        if (kr_code_validate(&spec) < 0) goto done;
    } else if (!kr_store_sum(s, r, &sum) || sum != r->sum) {
        if (!PyErr_Occurred()) bad("checksum of code");
        goto done;
    }
    uint32_t cells = 0, plain = 0, frees = 0;
    for (Py_ssize_t i = 0; i < PyBytes_GET_SIZE(kinds); i++) {
        int kind = (unsigned char)PyBytes_AS_STRING(kinds)[i];
        cells += (kind & KR_KIND_CELL) != 0;
        plain += (kind & (KR_KIND_CELL | KR_KIND_LOCAL)) == KR_KIND_CELL;
        frees += (kind & KR_KIND_FREE) != 0;
    }
    if (cells != r->ncells || plain != r->nplaincells || frees != r->nfrees) {
        bad("cells of code");
        goto done;
    }
    if (!(own = PyMem_Malloc((r->ninstrs + (size_t)1) * sizeof *own))) {
        PyErr_NoMemory();
        goto done;
    }
    memcpy(own, instrs, r->ninstrs * sizeof *own);
    result = 0;
    if (c->instrs) goto done;   /* the collector ran, and this code */
    PyCodeObject *b = &c->base;
    c->consts = ((PyTupleObject *)(b->co_consts = Py_NewRef(consts)))->ob_item;
    c->names = ((PyTupleObject *)(b->co_names = Py_NewRef(names)))->ob_item;
    b->co_localsplusnames = Py_NewRef(variables);
    b->co_localspluskinds = Py_NewRef(kinds);
    c->exc_entries = entries;
    c->nexc_entries = r->nentries;
    kr_code_set_instrs(c, own);
    own = NULL;
done:
    PyMem_Free(own);
    Py_XDECREF(consts);
    Py_XDECREF(names);
    Py_XDECREF(variables);
    return result;
}
PyObject *kr_code_doc(KrCode *c) {
    if (c->instrs) {
        PyObject *consts = c->base.co_consts, *doc = PyTuple_GET_SIZE(consts) ? PyTuple_GET_ITEM(consts, 0) : NULL;
        return doc && PyUnicode_Check(doc) ? doc : Py_None;
    }
    const KrStoredCode *r = &c->store->codes[c->stored];
    const uint32_t *list = place(c->store, r->consts, r->nconsts, sizeof *list, sizeof *list);
    if (!list) return NULL;
    PyObject *doc = r->nconsts && !(list[0] & KR_STORED_CODE) ? object(c->store, list[0], NULL) : Py_None;
    return !doc || PyUnicode_Check(doc) ? doc : Py_None;
}
int kr_code_set_filename(KrCode *c, PyObject *from, PyObject *to) {
    if (kr_c_stack_low()) {
        kr_raise_stack_low(" while changing file names");
        return -1;
    }
    int same = PyObject_RichCompareBool(c->base.co_filename, from, Py_EQ);
    if (same <= 0) return same;
    Py_SETREF(c->base.co_filename, Py_NewRef(to));
    PyObject *consts = c->base.co_consts;       /* code that is not loaded will give its own to what is nested in it */
    for (Py_ssize_t i = 0; consts && i < PyTuple_GET_SIZE(consts); i++) {
        PyObject *k = PyTuple_GET_ITEM(consts, i);
        if (PyCode_Check(k) && kr_code_set_filename((KrCode *)k, from, to) < 0) return -1;
    }
    return 0;
}

/* ------------------------------------------------------------------ the store */

void kr_store_release(KrCodeStore *s) {
    if (!s || --s->refs > 0) return;
    for (uint32_t i = 0; i < s->nobjects; i++) Py_XDECREF(s->objects[i]);
    if (s->copied) PyMem_Free((void *)s->data);
    Py_XDECREF(s->owner);
    PyMem_Free(s);
}
KrCode *kr_store_read(const unsigned char *data, size_t available, PyObject *owner, bool permanent, size_t *used) {
    KrStoreHead head;
    if (available < sizeof head) {
        PyErr_SetString(PyExc_EOFError, "marshal data too short");
        return NULL;
    }
    memcpy(&head, data, sizeof head);
    if (head.magic != KR_STORE_MAGIC) {
        bad("code object");
        return NULL;
    }
    if (head.size > available) {
        PyErr_SetString(PyExc_EOFError, "marshal data too short");
        return NULL;
    }
    size_t tables = sizeof head + (size_t)head.ncodes * sizeof(KrStoredCode) + ((size_t)head.nobjects + 1) * sizeof(uint32_t);
    if (head.ncodes == 0 || tables > head.size) {
        bad("sizes in code");
        return NULL;
    }
    KrCodeStore *s = PyMem_Calloc(1, sizeof *s + head.nobjects * sizeof *s->objects);
    if (!s) return (KrCode *)PyErr_NoMemory();
    s->refs = 1;
    s->size = head.size;
    s->ncodes = head.ncodes;
    s->nobjects = head.nobjects;
    if ((owner || permanent) && (uintptr_t)data % 8 == 0) {
        s->data = data;
        s->owner = Py_XNewRef(owner);
        s->permanent = permanent;
    } else {
        void *copy = PyMem_Malloc(head.size);
        if (!copy) {
            PyMem_Free(s);
            return (KrCode *)PyErr_NoMemory();
        }
        s->data = memcpy(copy, data, head.size);
        s->copied = true;
    }
    s->codes = (const KrStoredCode *)(s->data + sizeof head);
    s->offsets = (const uint32_t *)(s->codes + s->ncodes);
    KrCode *c = unloaded(s, 0, NULL);
    if (c && kr_code_load(c) < 0) Py_CLEAR(c);
    kr_store_release(s);
    *used = head.size;
    return c;
}
