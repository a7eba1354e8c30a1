/* by_value.c - how structs, unions and arrays are passed and returned by value: their description for libffi.
 *
 * libffi knows a struct as a list of elements, which it lays out one after the other to find the class of each eight bytes, that is, the kind of
 * register. So the leaves of the type (numbers and pointers, through structs, unions and arrays) are spread over a map of its bytes; a word in which
 * leaves of different kinds overlap, as unions have them, counts as an integer, as the ABI of x86-64 says; the words' leaves in order are the
 * elements. Size and alignment are given, so that padding needs no elements. (Words where only floating point overlaps are floating point.) Only
 * aggregates of up to 64 bytes can travel in registers on any processor; of larger ones the elements do not matter.
 */
#include "module/ctypes/ctypes.h"

enum { MAX_BYTES = 64 };

typedef struct {
    ffi_type *leaf[MAX_BYTES];      /* what begins at this byte */
    bool mixed[MAX_BYTES / 8];      /* different leaves overlap in this word */
    bool integer[MAX_BYTES / 8];    /* not all leaves of this word are floating point */
    bool in_memory;
} Map;

static void add_leaf(Map *m, Py_ssize_t offset, ffi_type *leaf) {
    const Py_ssize_t end = offset + (Py_ssize_t)leaf->size;
    if (offset < 0 || end > MAX_BYTES) return;
    if (offset % leaf->alignment) m->in_memory = true;
    if (leaf != &ffi_type_float && leaf != &ffi_type_double) m->integer[offset / 8] = m->integer[(end - 1) / 8] = true;
    if (m->leaf[offset] == leaf) return;
    for (Py_ssize_t i = 0; i < end; i++) {
        ffi_type *other = m->leaf[i];
        if (!other || i + (Py_ssize_t)other->size <= offset) continue;
        if (other == &ffi_type_longdouble || leaf == &ffi_type_longdouble) m->in_memory = true;
        for (Py_ssize_t k = offset; k < end; k++) m->mixed[k / 8] = true;
        for (Py_ssize_t k = i; k < i + (Py_ssize_t)other->size; k++) m->mixed[k / 8] = true;
    }
    if (!m->leaf[offset] || m->leaf[offset]->size < leaf->size) m->leaf[offset] = leaf;
}
/* Adds all leaves of a type that is at the given offset. */
static void add_type(Map *m, Py_ssize_t offset, PyTypeObject *type, int depth) {
    KrCInfo *info = kr_c_info(type);
    if (!info || offset < 0 || offset >= MAX_BYTES || depth > 1000) return;
    if (info->kind == KR_C_ARRAY) {
        Py_ssize_t size = ((KrCType *)info->item)->info.size;
        for (Py_ssize_t i = 0; size && i < info->length && offset + i * size < MAX_BYTES; i++) add_type(m, offset + i * size, info->item, depth + 1);
    } else if (info->kind == KR_C_STRUCT || info->kind == KR_C_UNION) {
        if (type->tp_base) add_type(m, offset, type->tp_base, depth + 1);
        for (Py_ssize_t i = 0; info->fields && i < PyTuple_GET_SIZE(info->fields); i++) {
            KrCField *f = KR_C_FIELD(PyTuple_GET_ITEM(info->fields, i));
            add_type(m, offset + f->offset, f->type, depth + 1);
        }
    } else {
        add_leaf(m, offset, info->ffi);
    }
}
/* The elements, NULL at the end, of the first `size` bytes; at most MAX_BYTES of them. */
static void list_elements(Map *m, Py_ssize_t size, ffi_type **elements) {
    for (Py_ssize_t word = 0; word * 8 < size; word++) {
        Py_ssize_t left = size - word * 8;
        if (left > 8) left = 8;
        if (m->mixed[word]) {
            if (left == 8) *elements++ = m->integer[word] ? &ffi_type_uint64 : &ffi_type_double;
            else if (left == 4 && !m->integer[word]) *elements++ = &ffi_type_float;
            else while (left--) *elements++ = &ffi_type_uint8;
            continue;
        }
        for (Py_ssize_t i = word * 8; i < word * 8 + left; i++)
            if (m->leaf[i]) *elements++ = m->leaf[i];
    }
    *elements = NULL;
}

/* The description of a class that is not a number or pointer, made when first needed and then kept: such a class is final. */
static ffi_type *describe(PyTypeObject *type, KrCInfo *info) {
    struct {
        ffi_type type, *elements[MAX_BYTES + 1];
        ffi_type large, *large_elements[2];
    } *d = PyMem_Calloc(1, sizeof *d);
    if (!d) return (ffi_type *)PyErr_NoMemory();
    Map m = {.in_memory = info->size > MAX_BYTES};
    info->final = true;
    if (!m.in_memory) {
        add_type(&m, 0, type, 0);
        list_elements(&m, info->size, d->elements);
    }
    /* A struct of 64 words always travels in memory, and so does what contains one; that is where x86-64 wants packed structs, too. */
    if (m.in_memory) {
        d->large = (ffi_type){64 * 8, 8, FFI_TYPE_STRUCT, d->large_elements};
        d->large_elements[0] = &ffi_type_uint64;
        d->elements[0] = &d->large;
        d->elements[1] = NULL;
    }
    const Py_ssize_t power = info->align & -info->align;        /* _pack_ may ask for an alignment that is no power of two */
    d->type = (ffi_type){(size_t)info->size, (unsigned short)(power ? power : 1), FFI_TYPE_STRUCT, d->elements};
    /* Nothing else than a long double is returned like one, which libffi would not do. */
    if (d->elements[0] == &ffi_type_longdouble && !d->elements[1]) d->type = ffi_type_longdouble;
    return info->ffi = &d->type;
}
ffi_type *kr_c_ffi_type(PyTypeObject *type) {
    KrCInfo *info = kr_c_concrete_info(type);
    return !info || info->ffi ? info ? info->ffi : NULL : describe(type, info);
}
