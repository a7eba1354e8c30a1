/* structmember.c - fields of C structs as attributes: PyMember_GetOne, PyMember_SetOne.
 *
 * A PyMemberDef names a field by its C type and its offset from the object's address. Object fields own their
 * reference. A store of an integer that doesn't fit is done modulo the field's size, with a RuntimeWarning.
 */
#include "krait.h"

PyObject *PyMember_GetOne(const char *base, PyMemberDef *m) {
    const void *p = base + m->offset;
    switch (m->type) {
        case T_BOOL: return PyBool_FromLong(*(const char *)p);
        case T_BYTE: return PyLong_FromLong(*(const signed char *)p);
        case T_UBYTE: return PyLong_FromLong(*(const unsigned char *)p);
        case T_SHORT: return PyLong_FromLong(*(const short *)p);
        case T_USHORT: return PyLong_FromLong(*(const unsigned short *)p);
        case T_INT: return PyLong_FromLong(*(const int *)p);
        case T_UINT: return PyLong_FromUnsignedLong(*(const unsigned int *)p);
        case T_LONG: return PyLong_FromLong(*(const long *)p);
        case T_ULONG: return PyLong_FromUnsignedLong(*(const unsigned long *)p);
        case T_LONGLONG: return PyLong_FromLongLong(*(const long long *)p);
        case T_ULONGLONG: return PyLong_FromUnsignedLongLong(*(const unsigned long long *)p);
        case T_PYSSIZET: return PyLong_FromSsize_t(*(const Py_ssize_t *)p);
        case T_FLOAT: return PyFloat_FromDouble(*(const float *)p);
        case T_DOUBLE: return PyFloat_FromDouble(*(const double *)p);
        case T_STRING:
            if (*(char *const *)p == NULL) Py_RETURN_NONE;
            return PyUnicode_FromString(*(char *const *)p);
        case T_STRING_INPLACE: return PyUnicode_FromString(p);
        case T_CHAR: return PyUnicode_FromStringAndSize(p, 1);
        case T_OBJECT: {
            PyObject *v = *(PyObject *const *)p;
            return Py_NewRef(v ? v : Py_None);
        }
        case T_OBJECT_EX: {
            PyObject *v = *(PyObject *const *)p;
            if (KR_LIKELY(v != NULL)) return Py_NewRef(v);
            PyErr_Format(PyExc_AttributeError, "'%.200s' object has no attribute '%s'", Py_TYPE((PyObject *)base)->tp_name, m->name);
            return NULL;
        }
        case T_NONE: Py_RETURN_NONE;
        default:
            PyErr_SetString(PyExc_SystemError, "bad memberdescr type");
            return NULL;
    }
}

static int warn(const char *text) { return PyErr_WarnEx(PyExc_RuntimeWarning, text, 1); }

/* Stores an int into a field that is narrower than long, of `size` bytes and the range low .. high. */
static int set_narrow(void *p, size_t size, long low, long high, const char *type_name, PyObject *v) {
    long n = PyLong_AsLong(v);
    if (n == -1 && PyErr_Occurred()) return -1;
    char narrow = (char)n;
    short half = (short)n;
    int word = (int)n;
    memcpy(p, size == 1 ? (void *)&narrow : size == sizeof half ? (void *)&half : (void *)&word, size);
    if (n >= low && n <= high) return 0;
    char text[64];
    PyOS_snprintf(text, sizeof text, "Truncation of value to %s", type_name);
    return warn(text);
}

/* The value for an unsigned int or long field; *negative when it was below 0. */
static int get_unsigned(PyObject *v, unsigned long *n, bool *negative) {
    *negative = false;
    *n = PyLong_AsUnsignedLong(v);
    if (*n != (unsigned long)-1 || !PyErr_Occurred()) return 0;
    PyErr_Clear();      /* perhaps it is a negative number, which is taken with a warning */
    long s = PyLong_AsLong(v);
    if (s == -1 && PyErr_Occurred()) return -1;
    *n = (unsigned long)s;
    *negative = true;
    return 0;
}

/* Deletion: empties an object field; other fields can't be deleted. */
static int delete_one(void *p, PyMemberDef *m) {
    if (m->type != T_OBJECT && m->type != T_OBJECT_EX) {
        PyErr_SetString(PyExc_TypeError, "can't delete numeric/char attribute");
        return -1;
    }
    PyObject **slot = p;
    if (m->type == T_OBJECT_EX && *slot == NULL) {
        PyErr_SetString(PyExc_AttributeError, m->name);
        return -1;
    }
    Py_CLEAR(*slot);
    return 0;
}

int PyMember_SetOne(char *base, PyMemberDef *m, PyObject *v) {
    void *p = base + m->offset;
    if (m->flags & READONLY) {
        PyErr_SetString(PyExc_AttributeError, "readonly attribute");
        return -1;
    }
    if (v == NULL) return delete_one(p, m);
    switch (m->type) {
        case T_OBJECT:
        case T_OBJECT_EX: Py_XSETREF(*(PyObject **)p, Py_NewRef(v)); return 0;
        case T_BOOL:
            if (!PyBool_Check(v)) {
                PyErr_SetString(PyExc_TypeError, "attribute value type must be bool");
                return -1;
            }
            *(char *)p = v == Py_True;
            return 0;
        case T_BYTE: return set_narrow(p, 1, SCHAR_MIN, SCHAR_MAX, "char", v);
        case T_UBYTE: return set_narrow(p, 1, 0, UCHAR_MAX, "unsigned char", v);
        case T_SHORT: return set_narrow(p, sizeof(short), SHRT_MIN, SHRT_MAX, "short", v);
        case T_USHORT: return set_narrow(p, sizeof(short), 0, USHRT_MAX, "unsigned short", v);
        case T_INT: return set_narrow(p, sizeof(int), INT_MIN, INT_MAX, "int", v);
        case T_UINT:
        case T_ULONG: {
            unsigned long n;
            bool negative;
            if (get_unsigned(v, &n, &negative) < 0) return -1;
            if (m->type == T_UINT) *(unsigned int *)p = (unsigned int)n;
            else *(unsigned long *)p = n;
            if (negative && warn("Writing negative value into unsigned field") < 0) return -1;
            return m->type == T_UINT && n > UINT_MAX ? warn("Truncation of value to unsigned int") : 0;
        }
        case T_LONG: {
            long n = PyLong_AsLong(v);
            if (n == -1 && PyErr_Occurred()) return -1;
            *(long *)p = n;
            return 0;
        }
        case T_PYSSIZET: {
            Py_ssize_t n = PyLong_AsSsize_t(v);
            if (n == -1 && PyErr_Occurred()) return -1;
            *(Py_ssize_t *)p = n;
            return 0;
        }
        case T_LONGLONG: {
            long long n = PyLong_AsLongLong(v);
            if (n == -1 && PyErr_Occurred()) return -1;
            *(long long *)p = n;
            return 0;
        }
        case T_ULONGLONG: {
            unsigned long long n = PyLong_Check(v) ? PyLong_AsUnsignedLongLong(v) : (unsigned long long)PyLong_AsLong(v);
            if (n == (unsigned long long)-1 && PyErr_Occurred()) return -1;
            *(unsigned long long *)p = n;
            return 0;
        }
        case T_FLOAT:
        case T_DOUBLE: {
            double x = PyFloat_AsDouble(v);
            if (x == -1.0 && PyErr_Occurred()) return -1;
            if (m->type == T_FLOAT) *(float *)p = (float)x;
            else *(double *)p = x;
            return 0;
        }
        case T_CHAR: {
            Py_ssize_t n;
            const char *s = PyUnicode_AsUTF8AndSize(v, &n);
            if (s == NULL || n != 1) {
                PyErr_BadArgument();
                return -1;
            }
            *(char *)p = s[0];
            return 0;
        }
        case T_STRING:
        case T_STRING_INPLACE: PyErr_SetString(PyExc_TypeError, "readonly attribute"); return -1;
        default:
            PyErr_Format(PyExc_SystemError, "bad memberdescr type for %s", m->name);
            return -1;
    }
}
