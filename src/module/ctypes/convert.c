/* convert.c - C values to Python objects and back: the type codes of _SimpleCData, bit fields, and character arrays as fields.
 *
 * Places need not be aligned, so everything goes through memcpy. Integers take any int and keep the low bits, as C does. A setter that stores an
 * address returns the object that the address points into.
 */
#include "module/ctypes/ctypes.h"
#include <wchar.h>

static PyObject *expected(const char *what, PyObject *o) {
    PyErr_Format(PyExc_TypeError, "%s expected instead of %s instance", what, Py_TYPE(o)->tp_name);
    return NULL;
}

/* ------------------------------------------------------------------ integers */

#define SWAP8(x) (x)
#define SWAP16(x) __builtin_bswap16(x)
#define SWAP32(x) __builtin_bswap32(x)
#define SWAP64(x) __builtin_bswap64(x)

/* The low 64 bits of an int. */
static bool low_bits(PyObject *o, unsigned long long *v) {
    *v = PyLong_AsUnsignedLongLongMask(o);
    return *v != (unsigned long long)-1 || !PyErr_Occurred();
}
#define INTEGER(name, T, U, SWAP, make)                                       \
    static PyObject *get_##name(const char *p, Py_ssize_t size) {             \
        T v;                                                                  \
        memcpy(&v, p, sizeof v);                                              \
        return make(v);                                                       \
    }                                                                         \
    static PyObject *set_##name(char *p, PyObject *o, Py_ssize_t size) {      \
        unsigned long long bits;                                              \
        if (!low_bits(o, &bits)) return NULL;                                 \
        U v = (U)bits;                                                        \
        memcpy(p, &v, sizeof v);                                              \
        Py_RETURN_NONE;                                                       \
    }                                                                         \
    static KR_UNUSED PyObject *get_swapped_##name(const char *p, Py_ssize_t size) { \
        U v;                                                                  \
        memcpy(&v, p, sizeof v);                                              \
        return make((T)SWAP(v));                                              \
    }                                                                         \
    static KR_UNUSED PyObject *set_swapped_##name(char *p, PyObject *o, Py_ssize_t size) { \
        unsigned long long bits;                                              \
        if (!low_bits(o, &bits)) return NULL;                                 \
        U v = SWAP((U)bits);                                                  \
        memcpy(p, &v, sizeof v);                                              \
        Py_RETURN_NONE;                                                       \
    }
INTEGER(b, signed char, unsigned char, SWAP8, PyLong_FromLong)
INTEGER(B, unsigned char, unsigned char, SWAP8, PyLong_FromLong)
INTEGER(h, short, unsigned short, SWAP16, PyLong_FromLong)
INTEGER(H, unsigned short, unsigned short, SWAP16, PyLong_FromLong)
INTEGER(i, int, unsigned int, SWAP32, PyLong_FromLong)
INTEGER(I, unsigned int, unsigned int, SWAP32, PyLong_FromUnsignedLong)
INTEGER(q, long long, unsigned long long, SWAP64, PyLong_FromLongLong)
INTEGER(Q, unsigned long long, unsigned long long, SWAP64, PyLong_FromUnsignedLongLong)

static PyObject *get_bool(const char *p, Py_ssize_t size) { return PyBool_FromLong(*p != 0); }
static PyObject *set_bool(char *p, PyObject *o, Py_ssize_t size) {
    int truth = PyObject_IsTrue(o);
    if (truth < 0) return NULL;
    *p = (char)truth;
    Py_RETURN_NONE;
}
/* VARIANT_BOOL: 16 bits, all of them set when true. */
static PyObject *get_variant_bool(const char *p, Py_ssize_t size) {
    short v;
    memcpy(&v, p, sizeof v);
    return PyBool_FromLong(v != 0);
}
static PyObject *set_variant_bool(char *p, PyObject *o, Py_ssize_t size) {
    int truth = PyObject_IsTrue(o);
    if (truth < 0) return NULL;
    short v = truth ? -1 : 0;
    memcpy(p, &v, sizeof v);
    Py_RETURN_NONE;
}

/* ------------------------------------------------------------------ floating point */

#define FLOATING(name, T, U, SWAP)                                            \
    static PyObject *get_##name(const char *p, Py_ssize_t size) {             \
        T v;                                                                  \
        memcpy(&v, p, sizeof v);                                              \
        return PyFloat_FromDouble((double)v);                                 \
    }                                                                         \
    static PyObject *set_##name(char *p, PyObject *o, Py_ssize_t size) {      \
        double d = PyFloat_AsDouble(o);                                       \
        if (d == -1 && PyErr_Occurred()) return NULL;                         \
        T v = (T)d;                                                           \
        memcpy(p, &v, sizeof v);                                              \
        Py_RETURN_NONE;                                                       \
    }                                                                         \
    static KR_UNUSED PyObject *get_swapped_##name(const char *p, Py_ssize_t size) { \
        U bits;                                                               \
        memcpy(&bits, p, sizeof bits);                                        \
        bits = (U)SWAP(bits);                                                 \
        return get_##name((const char *)&bits, size);                         \
    }                                                                         \
    static KR_UNUSED PyObject *set_swapped_##name(char *p, PyObject *o, Py_ssize_t size) { \
        U bits;                                                               \
        PyObject *r = set_##name((char *)&bits, o, size);                     \
        if (!r) return NULL;                                                  \
        bits = (U)SWAP(bits);                                                 \
        memcpy(p, &bits, sizeof bits);                                        \
        return r;                                                             \
    }
FLOATING(f, float, uint32_t, SWAP32)
FLOATING(d, double, uint64_t, SWAP64)
FLOATING(g, long double, long double, SWAP8)

/* ------------------------------------------------------------------ characters and strings */

static PyObject *get_c(const char *p, Py_ssize_t size) { return PyBytes_FromStringAndSize(p, 1); }
static PyObject *set_c(char *p, PyObject *o, Py_ssize_t size) {
    if (PyBytes_Check(o) && PyBytes_GET_SIZE(o) == 1) *p = PyBytes_AS_STRING(o)[0];
    else if (PyByteArray_Check(o) && PyByteArray_GET_SIZE(o) == 1) *p = PyByteArray_AS_STRING(o)[0];
    else {
        long v = -1;
        if (PyLong_Check(o)) {
            int overflow;
            v = PyLong_AsLongAndOverflow(o, &overflow);
        }
        if (v < 0 || v > 255) {
            PyErr_SetString(PyExc_TypeError, "one character bytes, bytearray or integer expected");
            return NULL;
        }
        *p = (char)v;
    }
    Py_RETURN_NONE;
}
static PyObject *get_u(const char *p, Py_ssize_t size) {
    wchar_t v;
    memcpy(&v, p, sizeof v);
    return PyUnicode_FromWideChar(&v, 1);
}
static PyObject *set_u(char *p, PyObject *o, Py_ssize_t size) {
    if (!PyUnicode_Check(o)) return expected("unicode string", o);
    wchar_t v[2];
    Py_ssize_t n = PyUnicode_AsWideChar(o, v, 2);
    if (n < 0) return NULL;
    if (n != 1) {
        PyErr_SetString(PyExc_TypeError, "one character unicode string expected");
        return NULL;
    }
    memcpy(p, v, sizeof(wchar_t));
    Py_RETURN_NONE;
}

static PyObject *store_address(char *p, const void *address, PyObject *keep) {
    memcpy(p, &address, sizeof address);
    return Py_NewRef(keep);
}
static void *load_address(const char *p) {
    void *address;
    memcpy(&address, p, sizeof address);
    return address;
}
void *kr_c_address(PyObject *o) {
    unsigned long long v;
    return low_bits(o, &v) ? (void *)(uintptr_t)v : NULL;
}

static PyObject *get_z(const char *p, Py_ssize_t size) {
    const char *s = load_address(p);
    if (!s) Py_RETURN_NONE;
    return PyBytes_FromString(s);
}
static PyObject *set_z(char *p, PyObject *o, Py_ssize_t size) {
    if (o == Py_None) return store_address(p, NULL, o);
    if (PyBytes_Check(o)) return store_address(p, PyBytes_AS_STRING(o), o);
    if (PyLong_Check(o)) return store_address(p, kr_c_address(o), Py_None);
    return expected("bytes or integer address", o);
}

static void free_wide_string(PyObject *capsule) { PyMem_Free(PyCapsule_GetPointer(capsule, "_ctypes wide string")); }
wchar_t *kr_c_wide_string(PyObject *o, PyObject **keep) {
    Py_ssize_t n;       /* asked for so that NULs are allowed */
    wchar_t *s = PyUnicode_AsWideCharString(o, &n);
    if (!s) return NULL;
    *keep = PyCapsule_New(s, "_ctypes wide string", free_wide_string);
    if (*keep) return s;
    PyMem_Free(s);
    return NULL;
}
static PyObject *get_Z(const char *p, Py_ssize_t size) {
    const wchar_t *s = load_address(p);
    if (!s) Py_RETURN_NONE;
    return PyUnicode_FromWideChar(s, -1);
}
static PyObject *set_Z(char *p, PyObject *o, Py_ssize_t size) {
    if (o == Py_None) return store_address(p, NULL, o);
    if (PyLong_Check(o)) return store_address(p, kr_c_address(o), Py_None);
    if (!PyUnicode_Check(o)) return expected("unicode string or integer address", o);
    PyObject *keep;
    const wchar_t *s = kr_c_wide_string(o, &keep);
    if (!s) return NULL;
    memcpy(p, &s, sizeof s);
    return keep;
}

static PyObject *get_P(const char *p, Py_ssize_t size) {
    void *address = load_address(p);
    if (!address) Py_RETURN_NONE;
    return PyLong_FromVoidPtr(address);
}
static PyObject *set_P(char *p, PyObject *o, Py_ssize_t size) {
    if (o == Py_None) return store_address(p, NULL, o);
    if (PyLong_Check(o)) return store_address(p, kr_c_address(o), Py_None);
    PyErr_SetString(PyExc_TypeError, "cannot be converted to pointer");
    return NULL;
}

static PyObject *get_O(const char *p, Py_ssize_t size) {
    PyObject *o = load_address(p);
    if (o) return Py_NewRef(o);
    PyErr_SetString(PyExc_ValueError, "PyObject is NULL");
    return NULL;
}
static PyObject *set_O(char *p, PyObject *o, Py_ssize_t size) { return store_address(p, o, o); }

PyObject *kr_c_chars_get(const char *p, Py_ssize_t size) { return PyBytes_FromStringAndSize(p, (Py_ssize_t)strnlen(p, (size_t)size)); }
PyObject *kr_c_chars_set(char *p, PyObject *o, Py_ssize_t size) {
    if (!PyBytes_Check(o)) {
        PyErr_Format(PyExc_TypeError, "expected bytes, %s found", Py_TYPE(o)->tp_name);
        return NULL;
    }
    Py_ssize_t n = (Py_ssize_t)strlen(PyBytes_AS_STRING(o));
    if (n > size) {
        PyErr_Format(PyExc_ValueError, "bytes too long (%zd, maximum length %zd)", n, size);
        return NULL;
    }
    memcpy(p, PyBytes_AS_STRING(o), (size_t)(n < size ? n + 1 : n));
    Py_RETURN_NONE;
}
PyObject *kr_c_wide_get(const char *p, Py_ssize_t size) {
    const wchar_t *s = (const wchar_t *)p;
    wchar_t *aligned = NULL;
    if ((uintptr_t)p % _Alignof(wchar_t)) {
        if (!(aligned = PyMem_Malloc((size_t)size))) return PyErr_NoMemory();
        s = memcpy(aligned, p, (size_t)size);
    }
    PyObject *r = PyUnicode_FromWideChar(s, (Py_ssize_t)wcsnlen(s, (size_t)size / sizeof(wchar_t)));
    PyMem_Free(aligned);
    return r;
}
PyObject *kr_c_wide_set(char *p, PyObject *o, Py_ssize_t size) {
    if (!PyUnicode_Check(o)) return expected("unicode string", o);
    Py_ssize_t room = size / (Py_ssize_t)sizeof(wchar_t), n = PyUnicode_AsWideChar(o, NULL, 0);
    if (n < 0) return NULL;
    n--;
    if (n > room) {
        PyErr_Format(PyExc_ValueError, "string too long (%zd, maximum length %zd)", n, room);
        return NULL;
    }
    wchar_t *s = PyUnicode_AsWideCharString(o, &n);
    if (!s) return NULL;
    memcpy(p, s, (size_t)(n < room ? n + 1 : n) * sizeof(wchar_t));
    PyMem_Free(s);
    return Py_NewRef(o);
}

PyObject *kr_c_text_slice(const char *p, Py_ssize_t item_size, Py_ssize_t start, Py_ssize_t step, Py_ssize_t n) {
    const bool wide = item_size == sizeof(wchar_t);
    if (!n) return wide ? PyUnicode_New(0, 0) : PyBytes_FromStringAndSize(NULL, 0);
    if (step == 1 && !wide) return PyBytes_FromStringAndSize(p + start, n);
    char *chosen = n <= PY_SSIZE_T_MAX / item_size ? PyMem_Malloc((size_t)(n * item_size)) : NULL;
    if (!chosen) return PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < n; i++) memcpy(chosen + i * item_size, p + (start + i * step) * item_size, (size_t)item_size);
    PyObject *r = wide ? PyUnicode_FromWideChar((wchar_t *)chosen, n) : PyBytes_FromStringAndSize(chosen, n);
    PyMem_Free(chosen);
    return r;
}

/* ------------------------------------------------------------------ the codes */

#define NUMBER(code, T, format, is_signed, ffi, name) \
    {code, format, sizeof(T), _Alignof(T), is_signed, true, false, &ffi, get_##name, get_swapped_##name, set_##name, set_swapped_##name}
#define OTHER(code, T, is_pointer, ffi, name) {code, code, sizeof(T), _Alignof(T), false, false, is_pointer, &ffi, get_##name, NULL, set_##name, NULL}
static const KrCCode codes[] = {
    NUMBER('b', signed char, 'b', true, ffi_type_sint8, b),
    NUMBER('B', unsigned char, 'B', false, ffi_type_uint8, B),
    NUMBER('h', short, 'h', true, ffi_type_sint16, h),
    NUMBER('H', unsigned short, 'H', false, ffi_type_uint16, H),
    NUMBER('i', int, 'i', true, ffi_type_sint32, i),
    NUMBER('I', unsigned int, 'I', false, ffi_type_uint32, I),
    NUMBER('l', long, 'q', true, ffi_type_sint64, q),
    NUMBER('L', unsigned long, 'Q', false, ffi_type_uint64, Q),
    NUMBER('q', long long, 'q', true, ffi_type_sint64, q),
    NUMBER('Q', unsigned long long, 'Q', false, ffi_type_uint64, Q),
    {'f', 'f', sizeof(float), _Alignof(float), true, false, false, &ffi_type_float, get_f, get_swapped_f, set_f, set_swapped_f},
    {'d', 'd', sizeof(double), _Alignof(double), true, false, false, &ffi_type_double, get_d, get_swapped_d, set_d, set_swapped_d},
    {'g', 'g', sizeof(long double), _Alignof(long double), true, false, false, &ffi_type_longdouble, get_g, NULL, set_g, NULL},
    {'?', '?', sizeof(_Bool), _Alignof(_Bool), false, true, false, &ffi_type_uint8, get_bool, NULL, set_bool, NULL},
    OTHER('v', short, false, ffi_type_sint16, variant_bool),
    OTHER('c', char, false, ffi_type_sint8, c),
    OTHER('u', wchar_t, false, ffi_type_sint32, u),
    OTHER('z', char *, true, ffi_type_pointer, z),
    OTHER('Z', wchar_t *, true, ffi_type_pointer, Z),
    OTHER('P', void *, true, ffi_type_pointer, P),
    OTHER('O', PyObject *, true, ffi_type_pointer, O),
};
const char kr_c_all_codes[] = "cbBhHiIlLdfuzZqQPXOv?g";    /* X, a BSTR, is Windows' */
_Static_assert(sizeof(long) == 8 && sizeof(wchar_t) == 4, "64-bit Linux");

const KrCCode *kr_c_code(char code) {
    for (size_t i = 0; i < KR_ARRAY_LEN(codes); i++)
        if (codes[i].code == code) return &codes[i];
    return NULL;
}

/* ------------------------------------------------------------------ bit fields */

static uint64_t load_unit(const char *p, unsigned size, bool swapped) {
    uint64_t v = 0;
    memcpy(&v, p, size);        /* little-endian: the low bytes */
    return swapped ? __builtin_bswap64(v) >> (64 - 8 * size) : v;
}
static void store_unit(char *p, unsigned size, bool swapped, uint64_t v) {
    if (swapped) v = __builtin_bswap64(v) >> (64 - 8 * size);
    memcpy(p, &v, size);
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "units are loaded by their low bytes");

PyObject *kr_c_bits_get(const KrCCode *code, bool swapped, const char *p, unsigned unit, unsigned shift, unsigned bits) {
    uint64_t v = load_unit(p, unit, swapped) >> shift;
    if (bits < 64) {
        v &= ((uint64_t)1 << bits) - 1;
        if (code->is_signed && v >> (bits - 1) & 1) v |= ~(uint64_t)0 << bits;
    }
    return code->is_signed ? PyLong_FromLongLong((int64_t)v) : PyLong_FromUnsignedLongLong(v);
}
int kr_c_bits_set(const KrCCode *code, bool swapped, char *p, unsigned unit, unsigned shift, unsigned bits, PyObject *o) {
    unsigned long long v;
    if (!low_bits(o, &v)) return -1;
    uint64_t mask = bits < 64 ? ((uint64_t)1 << bits) - 1 : ~(uint64_t)0;
    store_unit(p, unit, swapped, (load_unit(p, unit, swapped) & ~(mask << shift)) | (v & mask) << shift);
    return 0;
}
