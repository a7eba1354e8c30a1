/* code_store_write.c - putting code into a store; see code_store.h. */
#include "vm/code_store.h"
#include "runtime/marshal.h"
#include "vm/code_object.h"

typedef struct {
    unsigned char *data;
    size_t size, capacity;
} Bytes;

typedef struct {
    PyObject *codes;            /* list of all code objects, in the order of their numbers */
    PyObject *objects;          /* list of all other objects */
    PyObject *numbers;          /* id -> number in `objects` */
    PyObject *by_value;         /* bytes of kinds -> number */
    PyObject *plain;            /* set of the ids of strings that need not be interned */
    Bytes out;
    bool one_file;              /* all code has the file name of the outermost */
    int depth;
} Writer;

static int reserve(Bytes *b, size_t n) {
    if (b->capacity - b->size >= n) return 0;
    size_t capacity = Py_MAX(b->capacity * 2, b->size + n + 4096);
    unsigned char *data = PyMem_Realloc(b->data, capacity);
    if (!data) {
        PyErr_NoMemory();
        return -1;
    }
    b->data = data;
    b->capacity = capacity;
    return 0;
}
/* Appends n bytes at a multiple of `align`; *at is where. */
static int put(Bytes *b, const void *p, size_t n, size_t align, uint32_t *at) {
    size_t pad = (align - b->size % align) % align;
    if (reserve(b, n + pad) < 0) return -1;
    memset(b->data + b->size, 0, pad);
    b->size += pad;
    if (b->size + n > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "unmarshallable object");
        return -1;
    }
    *at = (uint32_t)b->size;
    if (n) memcpy(b->data + b->size, p, n);
    b->size += n;
    return 0;
}

/* The number of a key, given out now if need be with the item it stands for. */
static int number_of(Writer *w, PyObject *dict, PyObject *key, PyObject *item, uint32_t *number) {
    PyObject *known = key ? PyDict_GetItemWithError(dict, key) : NULL, *fresh = NULL;
    int rc = -1;
    if (known) {
        *number = (uint32_t)PyLong_AsLong(known);
        rc = 0;
    } else if (key && !PyErr_Occurred() && (fresh = PyLong_FromSsize_t(PyList_GET_SIZE(w->objects)))) {
        *number = (uint32_t)PyList_GET_SIZE(w->objects);
        if (PyDict_SetItem(dict, key, fresh) == 0) rc = PyList_Append(w->objects, item);
    }
    Py_XDECREF(fresh);
    return rc;
}
static int object_number(Writer *w, PyObject *o, uint32_t *number) {
    PyObject *id = PyLong_FromVoidPtr(o);
    int rc = number_of(w, w->numbers, id, o, number);
    Py_XDECREF(id);
    return rc;
}
/* Numbers for the code in c, which has one: c's own come before those of what is nested deeper. */
static int collect(Writer *w, KrCode *c) {
    if (kr_code_ready(c) < 0 || PyList_Append(w->codes, (PyObject *)c) < 0) return -1;
    if (++w->depth > 1000) {
        PyErr_SetString(PyExc_ValueError, "object too deeply nested to marshal");
        return -1;
    }
    w->one_file = w->one_file && PyUnicode_Compare(c->base.co_filename, ((KrCode *)PyList_GET_ITEM(w->codes, 0))->base.co_filename) == 0;
    PyObject *consts = c->base.co_consts;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(consts); i++)
        if (PyCode_Check(PyTuple_GET_ITEM(consts, i)) && collect(w, (KrCode *)PyTuple_GET_ITEM(consts, i)) < 0) return -1;
    w->depth--;
    return 0;
}

static int put_list(Writer *w, PyObject *tuple, uint32_t *next_code, uint32_t *at) {
    Py_ssize_t n = PyTuple_GET_SIZE(tuple);
    uint32_t *list = PyMem_Malloc((size_t)(n + 1) * sizeof *list);
    int rc = list ? 0 : -1;
    if (!list) PyErr_NoMemory();
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        PyObject *o = PyTuple_GET_ITEM(tuple, i);
        if (!PyCode_Check(o)) {
            rc = object_number(w, o, &list[i]);
        } else {
            /* the next number in the order of collect(): those of what is nested in it follow */
            while (PyList_GET_ITEM(w->codes, *next_code) != o) ++*next_code;
            list[i] = (*next_code)++ | KR_STORED_CODE;
        }
    }
    if (rc == 0) rc = put(&w->out, list, (size_t)n * sizeof *list, sizeof *list, at);
    PyMem_Free(list);
    return rc;
}

/* The record of code number i, and what it points to. */
static int put_code(Writer *w, uint32_t i, KrStoredCode *r) {
    KrCode *c = (KrCode *)PyList_GET_ITEM(w->codes, i);
    PyCodeObject *b = &c->base;
    *r = (KrStoredCode){.argcount = b->co_argcount, .posonlyargcount = b->co_posonlyargcount, .kwonlyargcount = b->co_kwonlyargcount, .nlocals = b->co_nlocals,
                        .flags = b->co_flags, .firstlineno = b->co_firstlineno, .nregs = c->nregs, .nplus = (uint32_t)b->co_nlocalsplus,
                        .ncells = (uint32_t)b->co_ncellvars, .nplaincells = (uint32_t)b->co_nplaincellvars, .nfrees = (uint32_t)b->co_nfreevars,
                        .ninstrs = c->ninstrs, .nentries = c->nexc_entries, .lines_size = c->lines_size,
                        .nconsts = (uint32_t)PyTuple_GET_SIZE(b->co_consts), .nnames = (uint32_t)PyTuple_GET_SIZE(b->co_names)};
    r->filename = KR_STORED_SAME;
    if ((i == 0 || !w->one_file) && object_number(w, b->co_filename, &r->filename) < 0) return -1;
    if (object_number(w, b->co_name, &r->name) < 0 || object_number(w, b->co_qualname, &r->qualname) < 0 ||
        number_of(w, w->by_value, b->co_localspluskinds, b->co_localspluskinds, &r->kinds) < 0)
        return -1;
    if (b->co_qualname != b->co_name) {
        PyObject *id = PyLong_FromVoidPtr(b->co_qualname);
        int rc = id ? PySet_Add(w->plain, id) : -1;
        Py_XDECREF(id);
        if (rc < 0) return -1;
    }
    PyObject *instrs = PyCode_GetCode(b);
    int rc = instrs ? put(&w->out, PyBytes_AS_STRING(instrs), (size_t)PyBytes_GET_SIZE(instrs), 8, &r->instrs) : -1;
    Py_XDECREF(instrs);
    uint32_t next = i + 1, none = 0;
    if (rc < 0 || put(&w->out, c->exc_entries, c->nexc_entries * sizeof *c->exc_entries, sizeof(uint32_t), &r->entries) < 0 ||
        put(&w->out, c->lines, c->lines_size, 1, &r->lines) < 0 || put_list(w, b->co_consts, &next, &r->consts) < 0 ||
        put_list(w, b->co_names, &none, &r->names) < 0 || put_list(w, b->co_localsplusnames, &none, &r->variables) < 0)
        return -1;
    return 0;
}
/* Names of variables are interned even when they are the end of nobody's qualified name. */
static int unplain(Writer *w, PyObject *tuple) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
        PyObject *id = PyLong_FromVoidPtr(PyTuple_GET_ITEM(tuple, i));
        int rc = id ? PySet_Discard(w->plain, id) : -1;
        Py_XDECREF(id);
        if (rc < 0) return -1;
    }
    return 0;
}

static int put_objects(Writer *w, uint32_t *offsets) {
    Py_ssize_t n = PyList_GET_SIZE(w->objects);
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *o = PyList_GET_ITEM(w->objects, i), *id = PyLong_FromVoidPtr(o);
        int plain = id ? PySet_Contains(w->plain, id) : -1;
        PyObject *bytes = plain < 0 ? NULL : kr_marshal_write_part(o, plain);
        int rc = bytes ? put(&w->out, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes), 1, &offsets[i]) : -1;
        Py_XDECREF(id);
        Py_XDECREF(bytes);
        if (rc < 0) return -1;
    }
    offsets[n] = (uint32_t)w->out.size;
    return 0;
}

/* Everything behind the head, once all code has its number. The tables in front are filled in when their contents are known: the number
 * of objects is found by writing the code twice, the first time to nowhere. */
static int put_all(Writer *w, KrStoreHead *head, KrStoredCode *records) {
    size_t tables = sizeof *head + head->ncodes * sizeof *records + ((size_t)head->nobjects + 1) * sizeof(uint32_t);
    w->out.size = 0;
    if (reserve(&w->out, tables) < 0) return -1;
    memset(w->out.data, 0, tables);
    w->out.size = tables;
    for (uint32_t i = 0; i < head->ncodes; i++)
        if (put_code(w, i, &records[i]) < 0) return -1;
    return 0;
}

PyObject *kr_store_write(KrCode *c) {
    Writer w = {.codes = PyList_New(0), .objects = PyList_New(0), .numbers = PyDict_New(), .by_value = PyDict_New(), .plain = PySet_New(NULL), .one_file = true};
    KrStoredCode *records = NULL;
    uint32_t *offsets = NULL;
    PyObject *result = NULL;
    if (!w.codes || !w.objects || !w.numbers || !w.by_value || !w.plain || collect(&w, c) < 0) goto done;
    KrStoreHead head = {.magic = KR_STORE_MAGIC, .ncodes = (uint32_t)PyList_GET_SIZE(w.codes)};
    if (!(records = PyMem_Calloc(head.ncodes, sizeof *records))) {
        PyErr_NoMemory();
        goto done;
    }
    if (put_all(&w, &head, records) < 0) goto done;
    head.nobjects = (uint32_t)PyList_GET_SIZE(w.objects);
    if (!(offsets = PyMem_Calloc((size_t)head.nobjects + 1, sizeof *offsets))) {
        PyErr_NoMemory();
        goto done;
    }
    if (put_all(&w, &head, records) < 0) goto done;
    for (uint32_t i = 0; i < head.ncodes; i++) {
        KrCode *k = (KrCode *)PyList_GET_ITEM(w.codes, i);
        if (unplain(&w, k->base.co_names) < 0 || unplain(&w, k->base.co_localsplusnames) < 0 || unplain(&w, k->base.co_consts) < 0) goto done;
    }
    if (put_objects(&w, offsets) < 0) goto done;
    uint32_t end;
    if (put(&w.out, "", 0, 8, &end) < 0) goto done;
    head.size = (uint32_t)w.out.size;
    memcpy(w.out.data, &head, sizeof head);
    memcpy(w.out.data + sizeof head, records, head.ncodes * sizeof *records);
    memcpy(w.out.data + sizeof head + head.ncodes * sizeof *records, offsets, ((size_t)head.nobjects + 1) * sizeof *offsets);
    KrCodeStore view = {.data = w.out.data, .size = head.size, .ncodes = head.ncodes, .nobjects = head.nobjects, .offsets = offsets};
    KrStoredCode *written = (KrStoredCode *)(w.out.data + sizeof head);
    for (uint32_t i = 0; i < head.ncodes; i++)
        if (!kr_store_sum(&view, &written[i], &written[i].sum)) goto done;
    result = PyBytes_FromStringAndSize((char *)w.out.data, (Py_ssize_t)w.out.size);
done:
    PyMem_Free(w.out.data);
    PyMem_Free(records);
    PyMem_Free(offsets);
    Py_XDECREF(w.codes);
    Py_XDECREF(w.objects);
    Py_XDECREF(w.numbers);
    Py_XDECREF(w.by_value);
    Py_XDECREF(w.plain);
    return result;
}
