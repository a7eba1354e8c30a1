/* bytearray.c - the type bytearray.
 *
 * ob_bytes is a PyMem block of ob_alloc bytes (NULL and 0 while empty); the contents are the ob_size bytes at ob_start,
 * which lies in the block (after it, when bytes were deleted at the front), with a NUL after them. While ob_exports > 0
 * somebody holds a buffer: the size must not change then.
 */
#include "object/bytes.h"
#include "object/container.h"
#include "object/fastsearch.h"

#define BA(o) ((PyByteArrayObject *)(o))
#define KR_BYTE_RANGE "byte must be in range(0, 256)"

char _PyByteArray_empty_string[] = "";

/* ------------------------------------------------------------------ creation, size */

static int can_resize(PyObject *o) {
    if (BA(o)->ob_exports == 0)
        return 0;
    PyErr_SetString(PyExc_BufferError, "Existing exports of data: object cannot be re-sized");
    return -1;
}

PyObject *PyByteArray_FromStringAndSize(const char *s, Py_ssize_t n) {
    if (n < 0) {
        PyErr_SetString(PyExc_SystemError, "Negative size passed to PyByteArray_FromStringAndSize");
        return NULL;
    }
    if (n == PY_SSIZE_T_MAX)
        return PyErr_NoMemory();
    PyByteArrayObject *o = PyObject_New(PyByteArrayObject, &PyByteArray_Type);
    if (o == NULL)
        return NULL;
    o->ob_bytes = NULL;
    o->ob_alloc = 0;
    o->ob_exports = 0;
    Py_SET_SIZE(o, 0);
    if (n > 0) {
        o->ob_bytes = PyMem_Malloc((size_t)n + 1);
        if (o->ob_bytes == NULL) {
            o->ob_start = NULL;
            Py_DECREF(o);
            return PyErr_NoMemory();
        }
        if (s != NULL)
            memcpy(o->ob_bytes, s, (size_t)n);
        o->ob_bytes[n] = '\0';
        o->ob_alloc = n + 1;
        Py_SET_SIZE(o, n);
    }
    o->ob_start = o->ob_bytes;
    return (PyObject *)o;
}

PyObject *PyByteArray_FromObject(PyObject *x) { return PyObject_CallOneArg((PyObject *)&PyByteArray_Type, x); }

Py_ssize_t PyByteArray_Size(PyObject *o) { return PyByteArray_GET_SIZE(o); }
char *PyByteArray_AsString(PyObject *o) { return PyByteArray_AS_STRING(o); }

int PyByteArray_Resize(PyObject *o, Py_ssize_t n) {
    PyByteArrayObject *b = BA(o);
    Py_ssize_t offset = b->ob_start - b->ob_bytes, room = b->ob_alloc, want;
    if (n == Py_SIZE(b))
        return 0;
    if (can_resize(o) < 0)
        return -1;
    if (n < 0 || n >= PY_SSIZE_T_MAX - 1) {
        PyErr_NoMemory();
        return -1;
    }
    if (n + offset + 1 <= room) {
        if (n >= room / 2 || room < 64) { /* in place */
            Py_SET_SIZE(b, n);
            b->ob_start[n] = '\0';
            return 0;
        }
        want = n + 1; /* a large cut: give memory back */
    }
    else if (n + 1 <= room && n <= room / 8 * 7)
        want = room; /* moving to the front is enough */
    else if (n - (room >> 3) > room)
        want = n + 1; /* a large step: nobody knows whether there will be more */
    else
        want = n > PY_SSIZE_T_MAX - (n >> 3) - 8 ? n + 1 : n + (n >> 3) + (n < 9 ? 3 : 6);
    char *block;
    Py_ssize_t keep = Py_MIN(n, Py_SIZE(b));
    if (want == room) {
        block = b->ob_bytes;
        memmove(block, b->ob_start, (size_t)keep);
    }
    else if (offset > 0) {
        block = PyMem_Malloc((size_t)want);
        if (block != NULL) {
            memcpy(block, b->ob_start, (size_t)keep);
            PyMem_Free(b->ob_bytes);
        }
    }
    else
        block = PyMem_Realloc(b->ob_bytes, (size_t)want);
    if (block == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    b->ob_bytes = b->ob_start = block;
    b->ob_alloc = want;
    Py_SET_SIZE(b, n);
    block[n] = '\0';
    return 0;
}

static void bytearray_dealloc(PyObject *o) {
    if (BA(o)->ob_exports > 0) {
        PyErr_SetString(PyExc_SystemError, "deallocated bytearray object has exported buffers");
        PyErr_Print();
    }
    PyMem_Free(BA(o)->ob_bytes);
    Py_TYPE(o)->tp_free(o);
}

static int bytearray_init(PyObject *self, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"source", "encoding", "errors", NULL};
    PyObject *x = NULL;
    const char *encoding = NULL, *errors = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "|Oss:bytearray", keywords, &x, &encoding, &errors))
        return -1;
    if (Py_SIZE(self) != 0 && PyByteArray_Resize(self, 0) < 0)
        return -1;
    if (x == NULL) {
        if (encoding == NULL && errors == NULL)
            return 0;
        PyErr_SetString(PyExc_TypeError, encoding != NULL ? "encoding without a string argument" : "errors without a string argument");
        return -1;
    }
    if (PyUnicode_Check(x)) {
        if (encoding == NULL) {
            PyErr_SetString(PyExc_TypeError, "string argument without an encoding");
            return -1;
        }
        PyObject *encoded = PyUnicode_AsEncodedString(x, encoding, errors);
        if (encoded == NULL)
            return -1;
        Py_ssize_t n = Py_SIZE(encoded);
        int r = PyByteArray_Resize(self, n);
        if (r == 0 && n > 0)
            memcpy(BA(self)->ob_start, kr_bytes_data(encoded), (size_t)n);
        Py_DECREF(encoded);
        return r;
    }
    if (encoding != NULL || errors != NULL) {
        PyErr_SetString(PyExc_TypeError, encoding != NULL ? "encoding without a string argument" : "errors without a string argument");
        return -1;
    }
    if (PyIndex_Check(x)) {
        Py_ssize_t n = PyNumber_AsSsize_t(x, PyExc_OverflowError);
        if (n == -1 && PyErr_Occurred()) {
            if (!PyErr_ExceptionMatches(PyExc_TypeError))
                return -1;
            PyErr_Clear(); /* __index__ refuses: perhaps it is iterable */
        }
        else {
            if (n < 0) {
                PyErr_SetString(PyExc_ValueError, "negative count");
                return -1;
            }
            if (n > 0) {
                if (PyByteArray_Resize(self, n) < 0)
                    return -1;
                memset(BA(self)->ob_start, 0, (size_t)n);
            }
            return 0;
        }
    }
    if (PyObject_CheckBuffer(x)) {
        Py_buffer view;
        if (PyObject_GetBuffer(x, &view, PyBUF_FULL_RO) < 0)
            return -1;
        int r = PyByteArray_Resize(self, view.len);
        if (r == 0)
            r = PyBuffer_ToContiguous(PyByteArray_AS_STRING(self), &view, view.len, 'C');
        PyBuffer_Release(&view);
        return r;
    }
    PyObject *it = PyObject_GetIter(x);
    if (it == NULL) {
        if (PyErr_ExceptionMatches(PyExc_TypeError))
            PyErr_Format(PyExc_TypeError, "cannot convert '%.200s' object to bytearray", Py_TYPE(x)->tp_name);
        return -1;
    }
    /* Item by item: the iterator may look at what is there already. */
    int failed;
    PyObject *item;
    while ((item = kr_iter_next(it, &failed)) != NULL) {
        int c = kr_byte_value(item, KR_BYTE_RANGE);
        Py_DECREF(item);
        if (c < 0 || PyByteArray_Resize(self, Py_SIZE(self) + 1) < 0) {
            failed = -1;
            break;
        }
        BA(self)->ob_start[Py_SIZE(self) - 1] = (char)c;
    }
    Py_DECREF(it);
    return failed;
}

/* ------------------------------------------------------------------ replacing slices */

/* Replaces self[lo:hi] by n bytes, which must not be part of self. */
static int set_slice_bytes(PyObject *self, Py_ssize_t lo, Py_ssize_t hi, const char *s, Py_ssize_t n) {
    PyByteArrayObject *b = BA(self);
    Py_ssize_t size = Py_SIZE(b), growth = n - (hi - lo);
    if (growth < 0) {
        if (can_resize(self) < 0)
            return -1;
        if (lo == 0) { /* cut off at the front: only the start moves */
            b->ob_start -= growth;
        }
        else
            memmove(b->ob_start + lo + n, b->ob_start + hi, (size_t)(size - hi));
        if (lo == 0) {
            Py_SET_SIZE(b, size + growth);
            b->ob_start[size + growth] = '\0';
            if (Py_SIZE(b) < b->ob_alloc / 4 && b->ob_alloc > 64) { /* release a block that is mostly empty */
                Py_ssize_t keep = Py_SIZE(b);
                char *block = PyMem_Malloc((size_t)keep + 1);
                if (block != NULL) {
                    memcpy(block, b->ob_start, (size_t)keep + 1);
                    PyMem_Free(b->ob_bytes);
                    b->ob_bytes = b->ob_start = block;
                    b->ob_alloc = keep + 1;
                }
            }
        }
        else if (PyByteArray_Resize(self, size + growth) < 0)
            return -1;
    }
    else if (growth > 0) {
        if (size > PY_SSIZE_T_MAX - growth) {
            PyErr_NoMemory();
            return -1;
        }
        if (PyByteArray_Resize(self, size + growth) < 0)
            return -1;
        memmove(b->ob_start + lo + n, b->ob_start + hi, (size_t)(size - hi));
    }
    if (n > 0)
        memcpy(PyByteArray_AS_STRING(self) + lo, s, (size_t)n);
    return 0;
}

/* self[lo:hi] = values, deletion when values is NULL; values is a buffer. */
static int set_slice(PyObject *self, Py_ssize_t lo, Py_ssize_t hi, PyObject *values) {
    if (values == self) { /* a copy first */
        PyObject *copy = PyByteArray_FromStringAndSize(PyByteArray_AS_STRING(self), Py_SIZE(self));
        if (copy == NULL)
            return -1;
        int r = set_slice(self, lo, hi, copy);
        Py_DECREF(copy);
        return r;
    }
    Py_buffer view = {NULL, NULL};
    if (values != NULL && PyObject_GetBuffer(values, &view, PyBUF_SIMPLE) != 0) {
        PyErr_Format(PyExc_TypeError, "can't set bytearray slice from %.100s", Py_TYPE(values)->tp_name);
        return -1;
    }
    if (lo < 0)
        lo = 0;
    if (hi < lo)
        hi = lo;
    if (hi > Py_SIZE(self))
        hi = Py_SIZE(self);
    int r = set_slice_bytes(self, lo, hi, view.buf, view.obj ? view.len : 0);
    if (view.obj != NULL)
        PyBuffer_Release(&view);
    return r;
}

/* ------------------------------------------------------------------ sequence protocol */

static Py_ssize_t bytearray_length(PyObject *o) { return Py_SIZE(o); }

PyObject *PyByteArray_Concat(PyObject *a, PyObject *b) {
    Py_buffer va = {NULL, NULL}, vb = {NULL, NULL};
    PyObject *r = NULL;
    if (PyObject_GetBuffer(a, &va, PyBUF_SIMPLE) != 0 || PyObject_GetBuffer(b, &vb, PyBUF_SIMPLE) != 0)
        PyErr_Format(PyExc_TypeError, "can't concat %.100s to %.100s", Py_TYPE(b)->tp_name, Py_TYPE(a)->tp_name);
    else if (va.len > PY_SSIZE_T_MAX - vb.len)
        PyErr_NoMemory();
    else if ((r = PyByteArray_FromStringAndSize(NULL, va.len + vb.len)) != NULL) {
        memcpy(PyByteArray_AS_STRING(r), va.buf, (size_t)va.len);
        memcpy(PyByteArray_AS_STRING(r) + va.len, vb.buf, (size_t)vb.len);
    }
    if (va.obj != NULL)
        PyBuffer_Release(&va);
    if (vb.obj != NULL)
        PyBuffer_Release(&vb);
    return r;
}

static PyObject *bytearray_iconcat(PyObject *self, PyObject *other) {
    Py_buffer view;
    if (PyObject_GetBuffer(other, &view, PyBUF_SIMPLE) != 0) {
        PyErr_Format(PyExc_TypeError, "can't concat %.100s to %.100s", Py_TYPE(other)->tp_name, Py_TYPE(self)->tp_name);
        return NULL;
    }
    Py_ssize_t n = Py_SIZE(self);
    int r;
    if (n > PY_SSIZE_T_MAX - view.len) {
        PyErr_NoMemory();
        r = -1;
    }
    else if (other == self) { /* its own buffer is not an obstacle */
        Py_ssize_t len = view.len;
        PyBuffer_Release(&view);
        if (PyByteArray_Resize(self, n + len) < 0)
            return NULL;
        memcpy(PyByteArray_AS_STRING(self) + n, PyByteArray_AS_STRING(self), (size_t)len);
        return Py_NewRef(self);
    }
    else {
        r = PyByteArray_Resize(self, n + view.len);
        if (r == 0 && view.len > 0)
            memcpy(PyByteArray_AS_STRING(self) + n, view.buf, (size_t)view.len);
    }
    PyBuffer_Release(&view);
    return r < 0 ? NULL : Py_NewRef(self);
}

static PyObject *bytearray_repeat(PyObject *self, Py_ssize_t times) {
    Py_ssize_t n = Py_SIZE(self);
    if (times < 0)
        times = 0;
    if (n > 0 && times > PY_SSIZE_T_MAX / n)
        return PyErr_NoMemory();
    PyObject *r = PyByteArray_FromStringAndSize(NULL, n * times);
    if (r != NULL && n * times > 0)
        kr_bytes_fill(PyByteArray_AS_STRING(r), PyByteArray_AS_STRING(self), n, times);
    return r;
}

static PyObject *bytearray_irepeat(PyObject *self, Py_ssize_t times) {
    Py_ssize_t n = Py_SIZE(self);
    if (times < 0)
        times = 0;
    if (times == 1)
        return Py_NewRef(self);
    if (n > 0 && times > PY_SSIZE_T_MAX / n)
        return PyErr_NoMemory();
    if (PyByteArray_Resize(self, n * times) < 0)
        return NULL;
    if (n * times > 0)
        kr_bytes_fill(PyByteArray_AS_STRING(self), PyByteArray_AS_STRING(self), n, times);
    return Py_NewRef(self);
}

static PyObject *bytearray_item(PyObject *self, Py_ssize_t i) {
    if (i < 0 || i >= Py_SIZE(self)) {
        PyErr_SetString(PyExc_IndexError, "bytearray index out of range");
        return NULL;
    }
    return PyLong_FromLong((unsigned char)BA(self)->ob_start[i]);
}

static PyObject *bytearray_subscript(PyObject *self, PyObject *key) {
    if (PyIndex_Check(key)) {
        Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
        if (i == -1 && PyErr_Occurred())
            return NULL;
        return bytearray_item(self, i < 0 ? i + Py_SIZE(self) : i);
    }
    if (!PySlice_Check(key)) {
        PyErr_Format(PyExc_TypeError, "bytearray indices must be integers or slices, not %.200s", Py_TYPE(key)->tp_name);
        return NULL;
    }
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(key, &start, &stop, &step) < 0)
        return NULL;
    Py_ssize_t n = PySlice_AdjustIndices(Py_SIZE(self), &start, &stop, step);
    if (n <= 0)
        return PyByteArray_FromStringAndSize("", 0);
    if (step == 1)
        return PyByteArray_FromStringAndSize(PyByteArray_AS_STRING(self) + start, n);
    PyObject *r = PyByteArray_FromStringAndSize(NULL, n);
    if (r != NULL)
        for (Py_ssize_t i = 0, at = start; i < n; i++, at += step)
            BA(r)->ob_start[i] = BA(self)->ob_start[at];
    return r;
}

static int bytearray_set_item(PyObject *self, Py_ssize_t i, PyObject *value) {
    int c = -1;
    if (value != NULL && (c = kr_byte_value(value, KR_BYTE_RANGE)) < 0)
        return -1;
    if (i < 0) /* the conversion may have resized: bounds are checked after it */
        i += Py_SIZE(self);
    if (i < 0 || i >= Py_SIZE(self)) {
        PyErr_SetString(PyExc_IndexError, "bytearray index out of range");
        return -1;
    }
    if (value == NULL)
        return set_slice_bytes(self, i, i + 1, NULL, 0);
    BA(self)->ob_start[i] = (char)c;
    return 0;
}

static int bytearray_sq_ass_item(PyObject *self, Py_ssize_t i, PyObject *value) {
    if (i < 0) { /* sq_ass_item has added the length already */
        PyErr_SetString(PyExc_IndexError, "bytearray index out of range");
        return -1;
    }
    return bytearray_set_item(self, i, value);
}

static int bytearray_ass_subscript(PyObject *self, PyObject *key, PyObject *values) {
    if (PyIndex_Check(key)) {
        Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
        if (i == -1 && PyErr_Occurred())
            return -1;
        return bytearray_set_item(self, i, values);
    }
    if (!PySlice_Check(key)) {
        PyErr_Format(PyExc_TypeError, "bytearray indices must be integers or slices, not %.200s", Py_TYPE(key)->tp_name);
        return -1;
    }
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(key, &start, &stop, &step) < 0)
        return -1;
    PyObject *own = NULL;
    if (values != NULL && (values == self || !PyByteArray_Check(values))) {
        if (PyNumber_Check(values) || PyUnicode_Check(values)) {
            PyErr_SetString(PyExc_TypeError, "can assign only bytes, buffers, or iterables of ints in range(0, 256)");
            return -1;
        }
        values = own = PyByteArray_FromObject(values);
        if (own == NULL)
            return -1;
    }
    Py_ssize_t n = PySlice_AdjustIndices(Py_SIZE(self), &start, &stop, step), needed = values ? Py_SIZE(values) : 0;
    int r = -1;
    if ((step < 0 && start < stop) || (step > 0 && start > stop))
        stop = start;
    if (step == 1)
        r = set_slice_bytes(self, start, stop, values ? PyByteArray_AS_STRING(values) : NULL, needed);
    else if (needed == 0 && n > 0) {
        /* deletion of every step-th byte */
        if (can_resize(self) < 0)
            goto done;
        if (step < 0) {
            start = start + step * (n - 1);
            step = -step;
        }
        char *s = BA(self)->ob_start;
        Py_ssize_t size = Py_SIZE(self), out = start;
        for (Py_ssize_t i = 0; i < n; i++) {
            Py_ssize_t from = start + i * step + 1, to = i + 1 < n ? from + step - 1 : size;
            memmove(s + out, s + from, (size_t)(to - from));
            out += to - from;
        }
        r = PyByteArray_Resize(self, size - n);
    }
    else if (needed == n) {
        for (Py_ssize_t i = 0, at = start; i < n; i++, at += step)
            BA(self)->ob_start[at] = BA(values)->ob_start[i];
        r = 0;
    }
    else
        PyErr_Format(PyExc_ValueError, "attempt to assign bytes of size %zd to extended slice of size %zd", needed, n);
done:
    Py_XDECREF(own);
    return r;
}

/* ------------------------------------------------------------------ buffer, comparison, text */

static int bytearray_getbuffer(PyObject *o, Py_buffer *view, int flags) {
    if (view == NULL) {
        PyErr_SetString(PyExc_BufferError, "bytearray_getbuffer: view==NULL argument is obsolete");
        return -1;
    }
    if (PyBuffer_FillInfo(view, o, PyByteArray_AS_STRING(o), Py_SIZE(o), 0, flags) < 0)
        return -1;
    BA(o)->ob_exports++;
    return 0;
}
static void bytearray_releasebuffer(PyObject *o, Py_buffer *view) { BA(o)->ob_exports--; }

static PyObject *bytearray_richcompare(PyObject *a, PyObject *b, int op) {
    if (!PyObject_CheckBuffer(a) || !PyObject_CheckBuffer(b)) {
        if (_Py_GetConfig()->bytes_warning && (op == Py_EQ || op == Py_NE) && (PyUnicode_Check(a) || PyUnicode_Check(b)) &&
            PyErr_WarnEx(PyExc_BytesWarning, "Comparison between bytearray and string", 1))
            return NULL;
        Py_RETURN_NOTIMPLEMENTED;
    }
    Py_buffer va, vb;
    if (PyObject_GetBuffer(a, &va, PyBUF_SIMPLE) != 0) {
        PyErr_Clear();
        Py_RETURN_NOTIMPLEMENTED;
    }
    if (PyObject_GetBuffer(b, &vb, PyBUF_SIMPLE) != 0) {
        PyErr_Clear();
        PyBuffer_Release(&va);
        Py_RETURN_NOTIMPLEMENTED;
    }
    int c;
    if (va.len != vb.len && (op == Py_EQ || op == Py_NE))
        c = 1;
    else {
        c = memcmp(va.buf, vb.buf, (size_t)Py_MIN(va.len, vb.len));
        if (c == 0)
            c = (va.len > vb.len) - (va.len < vb.len);
    }
    PyBuffer_Release(&va);
    PyBuffer_Release(&vb);
    Py_RETURN_RICHCOMPARE(c, 0, op);
}

static PyObject *bytearray_repr(PyObject *o) {
    const char *name = _PyType_Name(Py_TYPE(o));
    size_t n = strlen(name);
    char local[64], *prefix = n + 2 <= sizeof local ? local : PyMem_Malloc(n + 2);
    if (prefix == NULL)
        return PyErr_NoMemory();
    memcpy(prefix, name, n);
    prefix[n] = '(';
    prefix[n + 1] = '\0';
    PyObject *r = kr_bytes_repr(prefix, PyByteArray_AS_STRING(o), Py_SIZE(o), true, ")");
    if (prefix != local)
        PyMem_Free(prefix);
    return r;
}
static PyObject *bytearray_str(PyObject *o) {
    if (_Py_GetConfig()->bytes_warning && PyErr_WarnEx(PyExc_BytesWarning, "str() on a bytearray instance", 1))
        return NULL;
    return bytearray_repr(o);
}

/* ------------------------------------------------------------------ methods */

static PyObject *bytearray_alloc_size(PyObject *self, PyObject *ignored) { return PyLong_FromSsize_t(BA(self)->ob_alloc); }

static PyObject *bytearray_append(PyObject *self, PyObject *item) {
    int c = kr_byte_value(item, KR_BYTE_RANGE);
    Py_ssize_t n = Py_SIZE(self);
    if (c < 0)
        return NULL;
    if (n == PY_SSIZE_T_MAX) {
        PyErr_SetString(PyExc_OverflowError, "cannot add more objects to bytearray");
        return NULL;
    }
    if (PyByteArray_Resize(self, n + 1) < 0)
        return NULL;
    BA(self)->ob_start[n] = (char)c;
    Py_RETURN_NONE;
}

static PyObject *bytearray_clear(PyObject *self, PyObject *ignored) {
    if (PyByteArray_Resize(self, 0) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *bytearray_copy(PyObject *self, PyObject *ignored) { return PyByteArray_FromStringAndSize(PyByteArray_AS_STRING(self), Py_SIZE(self)); }

static PyObject *bytearray_extend(PyObject *self, PyObject *arg) {
    if (PyObject_CheckBuffer(arg)) {
        if (set_slice(self, Py_SIZE(self), Py_SIZE(self), arg) < 0)
            return NULL;
        Py_RETURN_NONE;
    }
    PyObject *it = PyObject_GetIter(arg);
    if (it == NULL) {
        if (PyErr_ExceptionMatches(PyExc_TypeError))
            PyErr_Format(PyExc_TypeError, "can't extend bytearray with %.100s", Py_TYPE(arg)->tp_name);
        return NULL;
    }
    char *block = NULL;
    Py_ssize_t n = 0, room = 0;
    int r = PyObject_LengthHint(arg, 32) < 0 ? -1 : kr_bytes_collect(it, KR_BYTE_RANGE, &block, &n, &room);
    Py_DECREF(it);
    if (r < 0 && PyUnicode_Check(arg) && PyErr_ExceptionMatches(PyExc_TypeError))
        PyErr_SetString(PyExc_TypeError, "expected iterable of integers; got: 'str'");
    if (r == 0)
        r = set_slice_bytes(self, Py_SIZE(self), Py_SIZE(self), block, n);
    PyMem_Free(block);
    if (r < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *bytearray_insert(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("insert", nargs, 2, 2))
        return NULL;
    PyObject *index = PyNumber_Index(args[0]);
    if (index == NULL)
        return NULL;
    Py_ssize_t i = PyLong_AsSsize_t(index);
    Py_DECREF(index);
    if (i == -1 && PyErr_Occurred())
        return NULL;
    int c = kr_byte_value(args[1], KR_BYTE_RANGE);
    if (c < 0)
        return NULL;
    Py_ssize_t n = Py_SIZE(self);
    if (n == PY_SSIZE_T_MAX) {
        PyErr_SetString(PyExc_OverflowError, "cannot add more objects to bytearray");
        return NULL;
    }
    if (i < 0 && (i += n) < 0)
        i = 0;
    if (i > n)
        i = n;
    char byte = (char)c;
    if (set_slice_bytes(self, i, i, &byte, 1) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *bytearray_pop(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("pop", nargs, 0, 1))
        return NULL;
    Py_ssize_t i = -1;
    if (nargs > 0) {
        PyObject *index = PyNumber_Index(args[0]);
        if (index == NULL)
            return NULL;
        i = PyLong_AsSsize_t(index);
        Py_DECREF(index);
        if (i == -1 && PyErr_Occurred())
            return NULL;
    }
    Py_ssize_t n = Py_SIZE(self);
    if (n == 0) {
        PyErr_SetString(PyExc_IndexError, "pop from empty bytearray");
        return NULL;
    }
    if (i < 0)
        i += n;
    if (i < 0 || i >= n) {
        PyErr_SetString(PyExc_IndexError, "pop index out of range");
        return NULL;
    }
    if (can_resize(self) < 0)
        return NULL;
    int c = (unsigned char)BA(self)->ob_start[i];
    return set_slice_bytes(self, i, i + 1, NULL, 0) < 0 ? NULL : PyLong_FromLong(c);
}

static PyObject *bytearray_remove(PyObject *self, PyObject *item) {
    int c = kr_byte_value(item, KR_BYTE_RANGE);
    if (c < 0)
        return NULL;
    Py_ssize_t i = kr_find_char_1((Py_UCS1 *)PyByteArray_AS_STRING(self), Py_SIZE(self), (Py_UCS1)c);
    if (i < 0) {
        PyErr_SetString(PyExc_ValueError, "value not found in bytearray");
        return NULL;
    }
    if (set_slice_bytes(self, i, i + 1, NULL, 0) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *bytearray_reverse(PyObject *self, PyObject *ignored) {
    char *i = PyByteArray_AS_STRING(self), *j = i + Py_SIZE(self) - 1;
    for (; i < j; i++, j--) {
        char t = *i;
        *i = *j;
        *j = t;
    }
    Py_RETURN_NONE;
}

/* (type, (contents as latin-1 str, "latin-1"), state) for protocols below 3, else (type, (contents,), state). */
static PyObject *reduce(PyObject *self, int protocol) {
    PyObject *state = _PyObject_GetState(self);
    if (state == NULL)
        return NULL;
    const char *s = PyByteArray_AS_STRING(self);
    if (Py_SIZE(self) == 0)
        return Py_BuildValue("(O()N)", Py_TYPE(self), state);
    if (protocol >= 3)
        return Py_BuildValue("(O(y#)N)", Py_TYPE(self), s, Py_SIZE(self), state);
    PyObject *text = PyUnicode_DecodeLatin1(s, Py_SIZE(self), NULL);
    if (text == NULL) {
        Py_DECREF(state);
        return NULL;
    }
    return Py_BuildValue("(O(Ns)N)", Py_TYPE(self), text, "latin-1", state);
}
static PyObject *bytearray_reduce(PyObject *self, PyObject *ignored) { return reduce(self, 2); }
static PyObject *bytearray_reduce_ex(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    if (!_PyArg_CheckPositional("__reduce_ex__", nargs, 0, 1))
        return NULL;
    int protocol = nargs > 0 ? _PyLong_AsInt(args[0]) : 0;
    return protocol == -1 && PyErr_Occurred() ? NULL : reduce(self, protocol);
}

static PyObject *bytearray_sizeof(PyObject *self, PyObject *ignored) {
    return PyLong_FromSsize_t(Py_TYPE(self)->tp_basicsize + BA(self)->ob_alloc);
}

static PyObject *bytearray_fromhex(PyObject *type, PyObject *text) {
    if (!PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "fromhex() argument must be str, not %.50s", Py_IsNone(text) ? "None" : Py_TYPE(text)->tp_name);
        return NULL;
    }
    PyObject *r = _PyBytes_FromHex(text, type == (PyObject *)&PyByteArray_Type);
    if (r != NULL && type != (PyObject *)&PyByteArray_Type)
        Py_SETREF(r, PyObject_CallOneArg(type, r));
    return r;
}

static PyMethodDef bytearray_methods[] = {
    {"__alloc__", bytearray_alloc_size, METH_NOARGS, PyDoc_STR("B.__alloc__() -> int\n\nHow many bytes are allocated.")},
    {"__reduce__", bytearray_reduce, METH_NOARGS, PyDoc_STR("__reduce__($self, /)\n--\n\nState for pickling.")},
    {"__reduce_ex__", KR_METH(bytearray_reduce_ex), METH_FASTCALL, PyDoc_STR("__reduce_ex__($self, proto=0, /)\n--\n\nState for pickling.")},
    {"__sizeof__", bytearray_sizeof, METH_NOARGS, PyDoc_STR("__sizeof__($self, /)\n--\n\nSize in memory, in bytes.")},
    {"append", bytearray_append, METH_O, PyDoc_STR("append($self, item, /)\n--\n\nAppends one byte.")},
    {"clear", bytearray_clear, METH_NOARGS, PyDoc_STR("clear($self, /)\n--\n\nRemoves all bytes.")},
    {"copy", bytearray_copy, METH_NOARGS, PyDoc_STR("copy($self, /)\n--\n\nA copy.")},
    {"extend", bytearray_extend, METH_O, PyDoc_STR("extend($self, iterable_of_ints, /)\n--\n\nAppends all bytes of an iterable.")},
    {"fromhex", bytearray_fromhex, METH_O | METH_CLASS,
     PyDoc_STR("fromhex($type, string, /)\n--\n\nThe bytearray that pairs of hexadecimal digits stand for; white space between pairs is skipped.")},
    {"insert", KR_METH(bytearray_insert), METH_FASTCALL, PyDoc_STR("insert($self, index, item, /)\n--\n\nInserts one byte before the index.")},
    {"pop", KR_METH(bytearray_pop), METH_FASTCALL, PyDoc_STR("pop($self, index=-1, /)\n--\n\nRemoves the byte at the index and returns it.")},
    {"remove", bytearray_remove, METH_O, PyDoc_STR("remove($self, value, /)\n--\n\nRemoves the first byte of that value.")},
    {"reverse", bytearray_reverse, METH_NOARGS, PyDoc_STR("reverse($self, /)\n--\n\nReverses the order in place.")},
    KR_BYTES_MAKETRANS_ENTRY
    KR_BYTES_SHARED_METHODS(KR_BYTES_SHARED_ENTRY)
    {NULL}
};

static PySequenceMethods bytearray_as_sequence = {
    .sq_length = bytearray_length,
    .sq_concat = PyByteArray_Concat,
    .sq_repeat = bytearray_repeat,
    .sq_item = bytearray_item,
    .sq_ass_item = bytearray_sq_ass_item,
    .sq_contains = kr_bytes_contains,
    .sq_inplace_concat = bytearray_iconcat,
    .sq_inplace_repeat = bytearray_irepeat,
};
static PyMappingMethods bytearray_as_mapping = {
    .mp_length = bytearray_length,
    .mp_subscript = bytearray_subscript,
    .mp_ass_subscript = bytearray_ass_subscript,
};
static PyBufferProcs bytearray_as_buffer = {.bf_getbuffer = bytearray_getbuffer, .bf_releasebuffer = bytearray_releasebuffer};
static PyObject *bytearray_mod(PyObject *a, PyObject *b) {
    if (!PyByteArray_Check(a))
        Py_RETURN_NOTIMPLEMENTED;
    return kr_bytes_mod(a, b);
}
static PyNumberMethods bytearray_as_number = {.nb_remainder = bytearray_mod};

PyDoc_STRVAR(bytearray_doc,
             "bytearray(iterable_of_ints) -> bytearray\nbytearray(string, encoding[, errors]) -> bytearray\n"
             "bytearray(bytes_or_buffer) -> mutable copy\nbytearray(int) -> so many zero bytes\nbytearray() -> empty bytearray\n\n"
             "A mutable array of bytes.");

PyTypeObject PyByteArray_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "bytearray",
    .tp_basicsize = sizeof(PyByteArrayObject),
    .tp_dealloc = bytearray_dealloc,
    .tp_repr = bytearray_repr,
    .tp_as_number = &bytearray_as_number,
    .tp_as_sequence = &bytearray_as_sequence,
    .tp_as_mapping = &bytearray_as_mapping,
    .tp_hash = PyObject_HashNotImplemented,
    .tp_str = bytearray_str,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_as_buffer = &bytearray_as_buffer,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | _Py_TPFLAGS_MATCH_SELF,
    .tp_doc = bytearray_doc,
    .tp_richcompare = bytearray_richcompare,
    .tp_iter = kr_bytes_iter,
    .tp_methods = bytearray_methods,
    .tp_init = bytearray_init,
    .tp_alloc = PyType_GenericAlloc,
    .tp_new = PyType_GenericNew,
    .tp_free = PyObject_Free,
};
