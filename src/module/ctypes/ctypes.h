/* ctypes.h - what the files of the module _ctypes share.
 *
 * Classes. The metatypes (struct, union, array, pointer, simple, function) put a KrCInfo behind the type object: what C knows about the class. It is
 * filled in once the class exists (`ready`); before that, and in the abstract bases (Structure, Array, ...), there is none and nothing can be made of
 * the class. Layout, format and argument types never change once set; a class whose size others rely on is `final`: _fields_ can't be assigned any
 * more.
 *
 * Instances. A KrCData has `size` bytes at `ptr`: in the object itself, in a block of its own (`owns`), in the memory of another instance (`base`,
 * which it keeps alive), or at an address somebody gave. `objects` is what has to live as long as the memory: a dict kept by the outermost instance,
 * whose keys say where in it the reference is stored, or one object.
 *
 *   convert.c   C values <-> Python objects, one pair of functions a type code; bit fields
 *   info.c      life of a KrCInfo, what all metatypes have: from_buffer, in_dll, *, ...
 *   data.c      instances: memory, items, what is kept alive, pickling, buffers
 *   simple.c array.c pointer.c aggregate.c   the kinds of types
 *   layout.c    _fields_ to offsets, anonymous fields; field.c the descriptors
 *   by_value.c  how libffi passes aggregates
 *   param.c     any object as an argument: from_param, byref
 *   function.c  CFuncPtr; call.c the call itself; callback.c the other direction
 *   module.c    functions and constants
 */
#ifndef KRAIT_CTYPES_H
#define KRAIT_CTYPES_H
#include "krait.h"
#include <ffi.h>

/* ------------------------------------------------------------------ values */

/* The object for the C value at p; size only matters to strings. */
typedef PyObject *(*KrCGetter)(const char *p, Py_ssize_t size);
/* Stores o at p. Gives a new reference to what must live as long as p refers to it, None if that is nothing. */
typedef PyObject *(*KrCSetter)(char *p, PyObject *o, Py_ssize_t size);

/* A type code of _SimpleCData. */
typedef struct {
    char code, format;              /* format: of buffers (PEP 3118) */
    unsigned char size, align;
    bool is_signed, bit_fields, is_pointer;
    ffi_type *ffi;
    KrCGetter get, get_swapped;     /* swapped: in the other byte order; NULL if that makes no sense */
    KrCSetter set, set_swapped;
} KrCCode;

/* NULL if there is no such code. */
const KrCCode *kr_c_code(char code);
extern const char kr_c_all_codes[];
/* A field of `bits` bits, the lowest being bit `shift` of the integer of `unit` bytes at p. */
PyObject *kr_c_bits_get(const KrCCode *, bool swapped, const char *p, unsigned unit, unsigned shift, unsigned bits) KR_NEW_REF KR_MAY_RAISE;
int kr_c_bits_set(const KrCCode *, bool swapped, char *p, unsigned unit, unsigned shift, unsigned bits, PyObject *) KR_MAY_RAISE;
/* char[size] and wchar_t[size / sizeof(wchar_t)] as fields: up to the first NUL. */
PyObject *kr_c_chars_get(const char *p, Py_ssize_t size) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_c_chars_set(char *p, PyObject *, Py_ssize_t size) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_c_wide_get(const char *p, Py_ssize_t size) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_c_wide_set(char *p, PyObject *, Py_ssize_t size) KR_NEW_REF KR_MAY_RAISE;
/* Characters start, start + step, ... (n of them) of the string at p, bytes or str by the size of a character. */
PyObject *kr_c_text_slice(const char *p, Py_ssize_t item_size, Py_ssize_t start, Py_ssize_t step, Py_ssize_t n) KR_NEW_REF KR_MAY_RAISE;
/* A str as a wide string in memory of its own, which lives as long as *keep, a new reference. */
wchar_t *kr_c_wide_string(PyObject *, PyObject **keep) KR_MAY_RAISE;
/* Any int as an address, the high bits cut off. */
void *kr_c_address(PyObject *) KR_MAY_RAISE;

/* ------------------------------------------------------------------ classes */

typedef enum { KR_C_NONE, KR_C_STRUCT, KR_C_UNION, KR_C_ARRAY, KR_C_POINTER, KR_C_SIMPLE, KR_C_FUNCTION } KrCKind;

enum { KR_C_CDECL = 1, KR_C_PYTHONAPI = 4, KR_C_USE_ERRNO = 8, KR_C_USE_LASTERROR = 16 };    /* _flags_ of functions */
enum { KR_C_MAX_ARGS = 1024 };

typedef struct KrCSignature KrCSignature;

typedef struct {
    KrCKind kind;
    bool ready, final;
    bool bare;                      /* the class is not below the base of its kind: its instances have no memory, so there must be none */
    bool has_pointer;               /* in an instance's memory: it can't be pickled */
    bool is_char, is_wide;          /* char, wchar_t */
    bool plain;                     /* a class directly below _SimpleCData: as an item it is its value, not an instance */
    Py_ssize_t size, align;
    Py_ssize_t length;              /* items of an array, fields of a struct, 0: instances keep one object only */
    PyTypeObject *item;             /* of an array or pointer; NULL: a pointer type without a target yet */
    PyObject *fields;               /* of a struct or union: tuple of what _fields_ of this class made, NULL if it has none */
    const KrCCode *code;            /* of a simple type, and of what is passed like one: pointers */
    KrCGetter get;                  /* of simple types */
    KrCSetter set;
    int func_flags;
    PyObject *argtypes, *converters;    /* tuples or NULL */
    PyObject *restype, *checker;
    KrCSignature *signature;        /* of argtypes */
    char *format;                   /* PyMem; NULL: bytes */
    int ndim;
    Py_ssize_t *shape;              /* PyMem */
    ffi_type *ffi;                  /* how it is passed by value; of aggregates made when first needed, in PyMem memory */
    PyObject *arrays;               /* {length: weak reference to the array type}, NULL while there are none */
    Py_ssize_t arrays_limit;        /* size of arrays at which dead entries are looked for */
    int (*init)(PyObject *, PyObject *const *args, Py_ssize_t n, PyObject *kwnames);   /* of the abstract bases: what their tp_init does */
} KrCInfo;

/* A class of one of the metatypes; a static one uses nothing of `heap` but the type. */
typedef struct {
    PyHeapTypeObject heap;
    KrCInfo info;
} KrCType;
#define KR_C_TYPE(t) (&(t).heap.ht_type)
/* The common part of the definition of a metatype. */
#define KR_C_METATYPE                                                                                                               \
    KR_STATIC_TYPE_HEAD .tp_basicsize = sizeof(KrCType), .tp_itemsize = sizeof(PyMemberDef), .tp_base = &PyType_Type,               \
                        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, .tp_dealloc = kr_c_type_dealloc, \
                        .tp_traverse = kr_c_type_traverse, .tp_clear = kr_c_type_clear

extern PyTypeObject kr_c_struct_meta, kr_c_union_meta, kr_c_array_meta, kr_c_pointer_meta, kr_c_simple_meta, kr_c_function_meta;
extern KrCType kr_c_structure, kr_c_union, kr_c_array, kr_c_pointer, kr_c_simple, kr_c_function;
extern PyTypeObject kr_c_data_type, kr_c_field_type, kr_c_arg_type, kr_c_thunk_type;
#define KR_C_IS(o, type) PyObject_TypeCheck(o, KR_C_TYPE(type))

void kr_c_type_dealloc(PyObject *);
int kr_c_type_traverse(PyObject *, visitproc, void *);
int kr_c_type_clear(PyObject *);
PyObject *kr_c_type_from_param(PyObject *, PyObject *), *kr_c_type_from_address(PyObject *, PyObject *), *kr_c_type_in_dll(PyObject *, PyObject *),
    *kr_c_type_from_buffer(PyObject *, PyObject *const *, Py_ssize_t), *kr_c_type_from_buffer_copy(PyObject *, PyObject *const *, Py_ssize_t);
#define KR_C_TYPE_METHODS                                                                                                                               \
    {"from_param", kr_c_type_from_param, METH_O, PyDoc_STR("Convert a Python object into a function call parameter.")},                                 \
    {"from_address", kr_c_type_from_address, METH_O, PyDoc_STR("C.from_address(integer) -> C instance\naccess a C instance at the specified address")}, \
    {"from_buffer", KR_METH(kr_c_type_from_buffer), METH_FASTCALL,                                                                                      \
     PyDoc_STR("C.from_buffer(object, offset=0) -> C instance\ncreate a C instance from a writeable buffer")},                                          \
    {"from_buffer_copy", KR_METH(kr_c_type_from_buffer_copy), METH_FASTCALL,                                                                            \
     PyDoc_STR("C.from_buffer_copy(object, offset=0) -> C instance\ncreate a C instance from a readable buffer")},                                      \
    {"in_dll", kr_c_type_in_dll, METH_VARARGS, PyDoc_STR("C.in_dll(dll, name) -> C instance\naccess a C instance in a dll")}
extern PyMethodDef kr_c_type_methods[];         /* these, for the metatypes that have no others */
extern PySequenceMethods kr_c_type_as_sequence; /* type * length */

/* The info of a class of one of the metatypes, filled in or not; NULL for others. */
KR_INLINE KrCInfo *kr_c_any_info(PyTypeObject *t) {
    for (PyTypeObject *m = Py_TYPE(t); m; m = m->tp_base)
        if (m->tp_dealloc == kr_c_type_dealloc) return &((KrCType *)t)->info;
    return NULL;
}
/* NULL if the class has none (yet). */
KR_INLINE KrCInfo *kr_c_info(PyTypeObject *t) {
    KrCInfo *info = kr_c_any_info(t);
    return info && info->ready ? info : NULL;
}
/* Of any object, which need not be a class. */
KR_INLINE KrCInfo *kr_c_info_of(PyObject *o) { return PyType_Check(o) ? kr_c_info((PyTypeObject *)o) : NULL; }
/* For making something of a class: TypeError if it has no info. */
KrCInfo *kr_c_concrete_info(PyTypeObject *) KR_MAY_RAISE;

/* type.__new__ for a metatype, then the info of the class, empty but for its kind. *done: it was made by another metatype's __new__. */
PyTypeObject *kr_c_type_new(PyTypeObject *meta, PyObject *args, PyObject *kwds, KrCKind, bool *done) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* The attribute if the class itself (not a base) defines it, borrowed; NULL without an exception if not. */
PyObject *kr_c_own_attribute(PyTypeObject *, PyObject *name) KR_BORROWED;
/* prefix + format in PyMem memory; a NULL format is "B". */
char *kr_c_format_concat(const char *prefix, const char *format) KR_MAY_RAISE;
/* "(2,3)" + format. */
char *kr_c_format_shaped(const Py_ssize_t *shape, int ndim, const char *format) KR_MAY_RAISE;
/* The type of arrays of `length` items, always the same one. */
PyObject *kr_c_array_of(PyTypeObject *item, Py_ssize_t length) KR_NEW_REF KR_MAY_RAISE;
/* The address of a symbol of dll, an object with a _handle; NULL with ValueError or AttributeError (not_found). */
void *kr_c_symbol(PyObject *dll, const char *name, PyObject *not_found) KR_MAY_RAISE;

/* ------------------------------------------------------------------ instances */

typedef struct KrCData {
    PyObject_HEAD
    char *ptr;
    int owns;                       /* the memory is the object's own */
    struct KrCData *base;
    Py_ssize_t size, length, index; /* index: place in base, as a part of keys of `objects` */
    PyObject *objects;
    union {
        char bytes[16];
        long double alignment;
    } value;
} KrCData;
#define KR_C_DATA(o) ((KrCData *)(o))
KR_INLINE bool kr_c_is_data(PyObject *o) { return PyObject_TypeCheck(o, &kr_c_data_type); }

/* tp_vectorcall of classes: no tuple and no dict are made where the class has tp_new and tp_init of its kind. */
PyObject *kr_c_class_vectorcall(PyObject *, PyObject *const *args, size_t nargsf, PyObject *kwnames) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* tp_init of those kinds: the base's info->init. */
int kr_c_data_init(PyObject *, PyObject *args, PyObject *kwds) KR_MAY_RAISE KR_RUNS_PYTHON;
/* A tuple and a dict (or NULL) as an array, followed by the values of the names. */
typedef struct {
    PyObject *const *args;
    Py_ssize_t n;
    PyObject *kwnames;
    PyObject **own;
} KrCFlat;
int kr_c_flatten(KrCFlat *, PyObject *args, PyObject *kwds) KR_MAY_RAISE;
void kr_c_flat_release(KrCFlat *);
/* tp_new of all kinds: memory of zeros. */
PyObject *kr_c_data_new(PyTypeObject *, PyObject *args, PyObject *kwds) KR_NEW_REF KR_MAY_RAISE;
/* An instance in the memory of base (or NULL: a copy of what is at p). */
PyObject *kr_c_data_view(PyTypeObject *, KrCData *base, Py_ssize_t index, char *p) KR_NEW_REF KR_MAY_RAISE;
/* An instance at an address. */
PyObject *kr_c_data_at(PyTypeObject *, void *p) KR_NEW_REF KR_MAY_RAISE;
/* The item of the given class at p in o's memory, as a value or as an instance that shares it. */
PyObject *kr_c_item_get(KrCData *o, PyTypeObject *, Py_ssize_t index, char *p) KR_NEW_REF KR_MAY_RAISE;
int kr_c_item_set(KrCData *o, PyTypeObject *, Py_ssize_t index, char *p, PyObject *value) KR_MAY_RAISE KR_RUNS_PYTHON;
/* Keeps an object alive for the sake of o's item `index`; None, and NULL as an error that already happened, are passed over. */
int kr_c_keep(KrCData *o, Py_ssize_t index, PyObject *keep) KR_STEALS(3) KR_MAY_RAISE;
/* What the outermost instance of o's memory keeps alive (made if it can be a dict), borrowed. */
PyObject *kr_c_kept(KrCData *o) KR_BORROWED KR_MAY_RAISE;
/* size bytes at p are in o's memory; else TypeError. */
bool kr_c_in_memory(KrCData *o, const char *p, Py_ssize_t size) KR_MAY_RAISE;
int kr_c_data_resize(KrCData *, Py_ssize_t size) KR_MAY_RAISE;
int kr_c_data_traverse(PyObject *, visitproc, void *);
int kr_c_data_clear(PyObject *);
void kr_c_data_dealloc(PyObject *);

/* A field of a struct or union, as an attribute of the class. */
typedef struct {
    PyObject_HEAD
    PyTypeObject *type;             /* its C type */
    PyObject *name;
    Py_ssize_t offset, size, index;
    unsigned shift, bits;           /* bits 0: no bit field; shift is the place of the lowest bit in the unit */
    bool whole;                     /* a bit field of c_bool: reads and writes its byte */
    unsigned unit;                  /* the integer a bit field is in: bytes, and where it begins */
    Py_ssize_t unit_offset;
    bool swapped, anonymous;
    KrCGetter get;                  /* character arrays: instead of the type's */
    KrCSetter set;
} KrCField;
#define KR_C_FIELD(o) ((KrCField *)(o))
KrCField *kr_c_field_new(void) KR_NEW_REF KR_MAY_RAISE;
/* Lays out the fields for the class and adds them to it. */
int kr_c_layout(PyTypeObject *, PyObject *fields) KR_MAY_RAISE KR_RUNS_PYTHON;

/* ------------------------------------------------------------------ arguments and calls */

typedef union {
    char c;
    signed char b;
    short h;
    int i;
    long l;
    long long q;
    float f;
    double d;
    long double g;
    void *p;
    ffi_arg word;
    char bytes[16];
} KrCValue;

/* What byref() and from_param() give: a value ready to be passed. */
typedef struct {
    PyObject_HEAD
    ffi_type *ffi;
    char tag;                       /* a type code; 'P' is a pointer to obj */
    KrCValue value;
    PyObject *obj;                  /* kept alive; NULL if that is nothing */
} KrCArg;
#define KR_C_ARG(o) ((KrCArg *)(o))

/* One argument of a call. */
typedef struct {
    ffi_type *ffi;
    void *place;                    /* &value, or where an aggregate is */
    PyObject *keep;                 /* owned: what has to live besides the object it was made of; NULL if that is nothing */
    KrCValue value;
} KrCPassed;

KrCArg *kr_c_arg_new(char tag, ffi_type *) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_c_byref(PyObject *data, Py_ssize_t offset) KR_NEW_REF KR_MAY_RAISE;
/* Makes argument number i (from 1) of o, which may be any object. */
int kr_c_pass(PyObject *o, Py_ssize_t i, KrCPassed *) KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_c_pass_data(KrCData *, KrCInfo *, KrCPassed *) KR_MAY_RAISE;
PyObject *kr_c_from_param(PyTypeObject *, PyObject *value) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* The from_param that classes of this code have themselves: z, Z and P take more than their instances. NULL for others. */
PyMethodDef *kr_c_special_from_param(char code);
/* Which of the module's own from_param functions o, found as an attribute of an argument type, is bound to; NULL: something else. */
PyTypeObject *kr_c_native_converter(PyObject *o) KR_BORROWED;
/* How a class is passed by value. */
ffi_type *kr_c_ffi_type(PyTypeObject *) KR_MAY_RAISE;

/* Argument types prepared for calls, shared by all functions of a type. */
KrCSignature *kr_c_signature_new(PyObject *converters) KR_MAY_RAISE;
void kr_c_signature_release(KrCSignature *);

typedef struct {
    KrCData data;
    PyObject *thunk;                /* of a function written in Python */
    PyObject *callable, *converters, *argtypes, *restype, *checker, *errcheck, *paramflags;
    vectorcallfunc vectorcall;
    KrCSignature *signature;        /* of argtypes, if these are the object's own */
} KrCFunction;
#define KR_C_FUNC(o) ((KrCFunction *)(o))

/* The from_param attributes of a sequence of types, as a tuple. */
PyObject *kr_c_converters(PyObject *argtypes) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_c_function_vectorcall(PyObject *, PyObject *const *args, size_t nargsf, PyObject *kwnames) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_c_function_call(PyObject *, PyObject *args, PyObject *kwds) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* Calls the function at an address. converters and signature (of the same types), restype and checker may be NULL. */
PyObject *kr_c_call(void *address, int flags, KrCSignature *, PyObject *converters, PyObject *const *args, Py_ssize_t n, PyObject *restype,
                    PyObject *checker) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* A thunk: a C function that calls a Python one. *code is its address. */
PyObject *kr_c_thunk_new(PyObject *callable, PyObject *argtypes, PyObject *restype, int flags, void **code) KR_NEW_REF KR_MAY_RAISE;

/* Replaces the exception that is set by a new one: prefix, the type and the message of the old one. */
void kr_c_wrap_error(PyObject *exception, const char *prefix_format, ...);
/* The thread's copy of errno; NULL with an exception. */
int *kr_c_errno_copy(void) KR_MAY_RAISE;

/* ------------------------------------------------------------------ module */

/* ArgumentError; when the module is gone at the interpreter's end, TypeError. */
PyObject *kr_c_argument_error(void) KR_BORROWED;
/* The function _unpickle; NULL with an exception when the module is gone. */
PyObject *kr_c_unpickle(void) KR_BORROWED KR_MAY_RAISE;

#endif
