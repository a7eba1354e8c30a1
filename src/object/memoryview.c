/* memoryview.c - the types memoryview and _PyManagedBuffer.
 *
 * A managed buffer owns one buffer of an exporter (`master`) and counts the memory views on it (`exports`); the exporter gets
 * its buffer back when the last view is released. A memoryview has its own Py_buffer (`view`), whose shape, strides and
 * suboffsets point into ob_array and are always filled in (NULL for ndim 0), and counts the buffers it exports itself: it
 * can't be released while there are any. view.obj is borrowed from the managed buffer.
 */
#include "object/memoryview.h"
#include "object/bytes.h"

#define MV(o) ((PyMemoryViewObject *)(o))
#define RELEASED_MESSAGE "operation forbidden on released memoryview object"
#define CHECK_RELEASED(m, result)                                  \
    do {                                                           \
        if (kr_view_released(m)) {                                 \
            PyErr_SetString(PyExc_ValueError, RELEASED_MESSAGE);   \
            return result;                                         \
        }                                                          \
    } while (0)

/* ------------------------------------------------------------------ managed buffer */

static _PyManagedBufferObject *mbuf_alloc(void) {
    _PyManagedBufferObject *m = PyObject_GC_New(_PyManagedBufferObject, &_PyManagedBuffer_Type);
    if (m == NULL)
        return NULL;
    m->flags = 0;
    m->exports = 0;
    memset(&m->master, 0, sizeof m->master);
    PyObject_GC_Track(m);
    return m;
}

static void mbuf_release(_PyManagedBufferObject *m) {
    if (m->flags & _Py_MANAGED_BUFFER_RELEASED)
        return;
    m->flags |= _Py_MANAGED_BUFFER_RELEASED;
    PyBuffer_Release(&m->master);
}

static void mbuf_dealloc(PyObject *o) {
    _PyManagedBufferObject *m = (_PyManagedBufferObject *)o;
    PyObject_GC_UnTrack(o);
    mbuf_release(m);
    if (m->flags & _Py_MANAGED_BUFFER_FREE_FORMAT)
        PyMem_Free(m->master.format);
    PyObject_GC_Del(o);
}
static int mbuf_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(((_PyManagedBufferObject *)o)->master.obj);
    return 0;
}
static int mbuf_clear(PyObject *o) {
    mbuf_release((_PyManagedBufferObject *)o);
    return 0;
}

PyTypeObject _PyManagedBuffer_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "managedbuffer",
    .tp_basicsize = sizeof(_PyManagedBufferObject),
    .tp_dealloc = mbuf_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = mbuf_traverse,
    .tp_clear = mbuf_clear,
};

/* ------------------------------------------------------------------ making views */

/* A view with room for ndim dimensions, nothing filled in but the pointers. */
static PyMemoryViewObject *view_alloc(int ndim) {
    PyMemoryViewObject *m = PyObject_GC_NewVar(PyMemoryViewObject, &PyMemoryView_Type, 3 * ndim);
    if (m == NULL)
        return NULL;
    m->mbuf = NULL;
    m->hash = -1;
    m->flags = 0;
    m->exports = 0;
    m->weakreflist = NULL;
    memset(&m->view, 0, sizeof m->view);
    m->view.ndim = ndim;
    m->view.shape = m->ob_array;
    m->view.strides = m->ob_array + ndim;
    m->view.suboffsets = m->ob_array + 2 * ndim;
    return m;
}

static void set_flags(PyMemoryViewObject *m) {
    const Py_buffer *v = &m->view;
    int flags = m->flags & _Py_MEMORYVIEW_RELEASED;
    if (v->ndim == 0)
        flags |= _Py_MEMORYVIEW_SCALAR | _Py_MEMORYVIEW_C | _Py_MEMORYVIEW_FORTRAN;
    if (v->suboffsets != NULL)
        flags |= _Py_MEMORYVIEW_PIL;
    else if (v->ndim == 1) { /* an empty view is contiguous by its strides only */
        if (v->shape[0] == 1 || v->strides[0] == v->itemsize)
            flags |= _Py_MEMORYVIEW_C | _Py_MEMORYVIEW_FORTRAN;
    }
    else if (v->ndim > 1) {
        if (PyBuffer_IsContiguous(v, 'C'))
            flags |= _Py_MEMORYVIEW_C;
        if (PyBuffer_IsContiguous(v, 'F'))
            flags |= _Py_MEMORYVIEW_FORTRAN;
    }
    m->flags = flags;
}

/* What does not depend on the number of dimensions. */
static void copy_scalars(Py_buffer *to, const Py_buffer *from) {
    to->obj = from->obj;
    to->buf = from->buf;
    to->len = from->len;
    to->itemsize = from->itemsize;
    to->readonly = from->readonly;
    to->format = from->format ? from->format : "B";
    to->internal = from->internal;
}

static void attach(PyMemoryViewObject *m, _PyManagedBufferObject *mbuf) {
    m->mbuf = mbuf;
    Py_INCREF(mbuf);
    mbuf->exports++;
    PyObject_GC_Track(m);
}

/* A new view on the managed buffer that shows what src shows (the whole when NULL). */
static PyMemoryViewObject *add_view(_PyManagedBufferObject *mbuf, const Py_buffer *src) {
    if (src == NULL)
        src = &mbuf->master;
    int nd = src->ndim;
    if (nd > PyBUF_MAX_NDIM) {
        PyErr_SetString(PyExc_ValueError, "memoryview: number of dimensions must not exceed 64");
        return NULL;
    }
    PyMemoryViewObject *m = view_alloc(nd);
    if (m == NULL)
        return NULL;
    Py_buffer *v = &m->view;
    copy_scalars(v, src);
    if (nd == 0)
        v->shape = v->strides = NULL;
    else if (nd == 1) {
        v->shape[0] = src->shape ? src->shape[0] : src->itemsize ? src->len / src->itemsize : 0;
        v->strides[0] = src->strides ? src->strides[0] : src->itemsize;
    }
    else {
        memcpy(v->shape, src->shape, (size_t)nd * sizeof *v->shape);
        if (src->strides != NULL)
            memcpy(v->strides, src->strides, (size_t)nd * sizeof *v->strides);
        else
            PyBuffer_FillContiguousStrides(nd, v->shape, v->strides, (int)v->itemsize, 'C');
    }
    if (src->suboffsets != NULL && nd > 0)
        memcpy(v->suboffsets, src->suboffsets, (size_t)nd * sizeof *v->suboffsets);
    else
        v->suboffsets = NULL;
    set_flags(m);
    attach(m, mbuf);
    return m;
}

PyObject *PyMemoryView_FromObject(PyObject *o) {
    if (PyMemoryView_Check(o)) {
        CHECK_RELEASED(MV(o), NULL);
        return (PyObject *)add_view(MV(o)->mbuf, &MV(o)->view);
    }
    if (!PyObject_CheckBuffer(o)) {
        PyErr_Format(PyExc_TypeError, "memoryview: a bytes-like object is required, not '%.200s'", Py_TYPE(o)->tp_name);
        return NULL;
    }
    _PyManagedBufferObject *mbuf = mbuf_alloc();
    if (mbuf == NULL)
        return NULL;
    PyObject *r = NULL;
    if (PyObject_GetBuffer(o, &mbuf->master, PyBUF_FULL_RO) < 0)
        mbuf->master.obj = NULL;
    else
        r = (PyObject *)add_view(mbuf, NULL);
    Py_DECREF(mbuf);
    return r;
}

/* A view on a Py_buffer that stays its owner's: nothing is released in the end. */
static PyObject *from_borrowed(const Py_buffer *info) {
    _PyManagedBufferObject *mbuf = mbuf_alloc();
    if (mbuf == NULL)
        return NULL;
    mbuf->master = *info;
    mbuf->master.obj = NULL;
    PyObject *r = (PyObject *)add_view(mbuf, NULL);
    Py_DECREF(mbuf);
    return r;
}

PyObject *PyMemoryView_FromMemory(char *mem, Py_ssize_t size, int flags) {
    Py_buffer v;
    if (PyBuffer_FillInfo(&v, NULL, mem, size, flags != PyBUF_WRITE, PyBUF_FULL_RO) < 0)
        return NULL;
    return from_borrowed(&v);
}

PyObject *PyMemoryView_FromBuffer(const Py_buffer *info) {
    if (info->buf == NULL) {
        PyErr_SetString(PyExc_ValueError, "PyMemoryView_FromBuffer(): info->buf must not be NULL");
        return NULL;
    }
    return from_borrowed(info);
}

/* A view on a new bytes object that holds src's items in the given order. */
static PyObject *contiguous_copy(const Py_buffer *src, char order) {
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, src->len);
    if (bytes == NULL)
        return NULL;
    PyMemoryViewObject *m = NULL, *whole = (PyMemoryViewObject *)PyMemoryView_FromObject(bytes);
    Py_DECREF(bytes);
    if (whole == NULL)
        return NULL;
    m = view_alloc(src->ndim);
    if (m != NULL) {
        Py_buffer *v = &m->view;
        copy_scalars(v, &whole->view);
        v->itemsize = src->itemsize;
        v->suboffsets = NULL;
        v->format = "B";
        if (src->format != NULL) { /* kept by the managed buffer, since src may go */
            size_t n = strlen(src->format) + 1;
            char *f = PyMem_Malloc(n);
            if (f == NULL) {
                PyErr_NoMemory();
                attach(m, whole->mbuf);
                Py_CLEAR(m);
                goto done;
            }
            whole->mbuf->master.format = v->format = memcpy(f, src->format, n);
            whole->mbuf->flags |= _Py_MANAGED_BUFFER_FREE_FORMAT;
        }
        if (src->ndim == 0)
            v->shape = v->strides = NULL;
        else {
            memcpy(v->shape, src->shape, (size_t)src->ndim * sizeof *v->shape);
            PyBuffer_FillContiguousStrides(src->ndim, v->shape, v->strides, (int)src->itemsize, order == 'F' ? 'F' : 'C');
        }
        set_flags(m);
        attach(m, whole->mbuf);
        if (PyBuffer_ToContiguous(v->buf, src, src->len, order) < 0)
            Py_CLEAR(m);
    }
done:
    Py_DECREF(whole);
    return (PyObject *)m;
}

PyObject *PyMemoryView_GetContiguous(PyObject *o, int buffertype, char order) {
    PyMemoryViewObject *m = (PyMemoryViewObject *)PyMemoryView_FromObject(o);
    if (m == NULL)
        return NULL;
    if (buffertype == PyBUF_WRITE && m->view.readonly)
        PyErr_SetString(PyExc_BufferError, "underlying buffer is not writable");
    else if (PyBuffer_IsContiguous(&m->view, order))
        return (PyObject *)m;
    else if (buffertype == PyBUF_WRITE)
        PyErr_SetString(PyExc_BufferError, "writable contiguous buffer requested for a non-contiguous object.");
    else {
        PyObject *r = contiguous_copy(&m->view, order);
        Py_DECREF(m);
        return r;
    }
    Py_DECREF(m);
    return NULL;
}

static PyObject *memory_new(PyTypeObject *type, PyObject *args, PyObject *kwds) {
    static char *keywords[] = {"object", NULL};
    PyObject *o;
    if (!PyArg_ParseTupleAndKeywords(args, kwds, "O:memoryview", keywords, &o))
        return NULL;
    return PyMemoryView_FromObject(o);
}

/* ------------------------------------------------------------------ releasing */

static int release(PyMemoryViewObject *m) {
    if (m->flags & _Py_MEMORYVIEW_RELEASED)
        return 0;
    if (m->exports > 0) {
        PyErr_Format(PyExc_BufferError, "memoryview has %zd exported buffer%s", m->exports, m->exports == 1 ? "" : "s");
        return -1;
    }
    m->flags |= _Py_MEMORYVIEW_RELEASED;
    if (--m->mbuf->exports == 0)
        mbuf_release(m->mbuf);
    return 0;
}

static void memory_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    if (MV(o)->weakreflist != NULL)
        PyObject_ClearWeakRefs(o);
    if (MV(o)->mbuf != NULL) {
        release(MV(o));
        Py_CLEAR(MV(o)->mbuf);
    }
    PyObject_GC_Del(o);
}
static int memory_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(MV(o)->mbuf);
    return 0;
}
static int memory_clear(PyObject *o) {
    if (MV(o)->mbuf != NULL && MV(o)->exports == 0) {
        release(MV(o));
        /* the managed buffer stays: every method looks at its flags */
    }
    return 0;
}

static PyObject *memory_release(PyObject *o, PyObject *ignored) {
    if (release(MV(o)) < 0)
        return NULL;
    Py_RETURN_NONE;
}
static PyObject *memory_enter(PyObject *o, PyObject *ignored) {
    CHECK_RELEASED(MV(o), NULL);
    return Py_NewRef(o);
}
static PyObject *memory_exit(PyObject *o, PyObject *args) { return memory_release(o, NULL); }

/* ------------------------------------------------------------------ buffer protocol */

static int buffer_error(const char *message) {
    PyErr_SetString(PyExc_BufferError, message);
    return -1;
}

static int memory_getbuffer(PyObject *o, Py_buffer *view, int flags) {
    PyMemoryViewObject *m = MV(o);
    CHECK_RELEASED(m, -1);
    *view = m->view;
    view->obj = NULL;
#define REQUESTS(flag) ((flags & (flag)) == (flag))
    if (REQUESTS(PyBUF_WRITABLE) && m->view.readonly)
        return buffer_error("memoryview: underlying buffer is not writable");
    if (!REQUESTS(PyBUF_FORMAT))
        view->format = NULL;
    if (REQUESTS(PyBUF_C_CONTIGUOUS) && !(m->flags & _Py_MEMORYVIEW_C))
        return buffer_error("memoryview: underlying buffer is not C-contiguous");
    if (REQUESTS(PyBUF_F_CONTIGUOUS) && !(m->flags & _Py_MEMORYVIEW_FORTRAN))
        return buffer_error("memoryview: underlying buffer is not Fortran contiguous");
    if (REQUESTS(PyBUF_ANY_CONTIGUOUS) && !(m->flags & (_Py_MEMORYVIEW_C | _Py_MEMORYVIEW_FORTRAN)))
        return buffer_error("memoryview: underlying buffer is not contiguous");
    if (!REQUESTS(PyBUF_INDIRECT) && (m->flags & _Py_MEMORYVIEW_PIL))
        return buffer_error("memoryview: underlying buffer requires suboffsets");
    if (!REQUESTS(PyBUF_STRIDES)) {
        if (!(m->flags & _Py_MEMORYVIEW_C))
            return buffer_error("memoryview: underlying buffer is not C-contiguous");
        view->strides = NULL;
    }
    if (!REQUESTS(PyBUF_ND)) {
        if (view->format != NULL) /* PyBUF_SIMPLE|PyBUF_FORMAT makes no sense */
            return buffer_error("memoryview: cannot cast to unsigned bytes if the format flag is present");
        view->ndim = 1;
        view->shape = NULL;
    }
#undef REQUESTS
    view->obj = Py_NewRef(o);
    m->exports++;
    return 0;
}
static void memory_releasebuffer(PyObject *o, Py_buffer *view) { MV(o)->exports--; }

/* ------------------------------------------------------------------ cast, copies */

/* Static text of a native format: "@" and the character, of which the character alone is the tail. */
static const char *static_format(PyObject *ascii) {
    static const char table[][3] = {"@c", "@b", "@B", "@h", "@H", "@i", "@I", "@l", "@L", "@q", "@Q", "@n", "@N", "@f", "@d", "@?", "@P"};
    const char *s = PyBytes_AS_STRING(ascii);
    Py_ssize_t size;
    char c = (size_t)Py_SIZE(ascii) == strlen(s) ? kr_native_format(s, &size) : 0;
    for (size_t i = 0; c != 0 && i < KR_ARRAY_LEN(table); i++)
        if (table[i][1] == c)
            return s[0] == '@' ? table[i] : table[i] + 1;
    return NULL;
}

static bool is_byte_format(char c) { return c == 'b' || c == 'B' || c == 'c'; }

static int cast_to_1d(PyMemoryViewObject *m, PyObject *format) {
    Py_buffer *v = &m->view;
    PyObject *ascii = PyUnicode_AsASCIIString(format);
    if (ascii == NULL)
        return -1;
    int r = -1;
    Py_ssize_t itemsize, source_size;
    const char *text = static_format(ascii);
    char source = kr_native_format(v->format, &source_size);
    if (text == NULL)
        PyErr_SetString(PyExc_ValueError, "memoryview: destination format must be a native single character format prefixed with an optional '@'");
    else {
        char dest = kr_native_format(text, &itemsize);
        if (!is_byte_format(source) && !is_byte_format(dest))      /* a source of 0 is another format */
            PyErr_SetString(PyExc_TypeError, "memoryview: cannot cast between two non-byte formats");
        else if (v->len % itemsize)
            PyErr_SetString(PyExc_TypeError, "memoryview: length is not a multiple of itemsize");
        else {
            v->format = (char *)text;
            v->itemsize = itemsize;
            v->ndim = 1;
            v->shape[0] = v->len / itemsize;
            v->strides[0] = itemsize;
            v->suboffsets = NULL;
            set_flags(m);
            r = 0;
        }
    }
    Py_DECREF(ascii);
    return r;
}

static int cast_to_nd(PyMemoryViewObject *m, PyObject *shape, int ndim) {
    Py_buffer *v = &m->view;
    Py_ssize_t product = v->itemsize;
    v->ndim = ndim;
    if (ndim == 0)
        v->shape = v->strides = NULL;
    for (int i = 0; i < ndim; i++) {
        PyObject *item = PySequence_Fast_GET_ITEM(shape, i);
        if (!PyLong_Check(item)) {
            PyErr_SetString(PyExc_TypeError, "memoryview.cast(): elements of shape must be integers");
            return -1;
        }
        Py_ssize_t n = PyLong_AsSsize_t(item);
        if (n == -1 && PyErr_Occurred())
            return -1;
        if (n <= 0) {
            PyErr_SetString(PyExc_ValueError, "memoryview.cast(): elements of shape must be integers > 0");
            return -1;
        }
        if (n > PY_SSIZE_T_MAX / product) {
            PyErr_SetString(PyExc_ValueError, "memoryview.cast(): product(shape) > SSIZE_MAX");
            return -1;
        }
        product *= n;
        v->shape[i] = n;
    }
    if (ndim > 0)
        PyBuffer_FillContiguousStrides(ndim, v->shape, v->strides, (int)v->itemsize, 'C');
    if (product != v->len) {
        PyErr_SetString(PyExc_TypeError, "memoryview: product(shape) * itemsize != buffer size");
        return -1;
    }
    set_flags(m);
    return 0;
}

static PyObject *memory_cast(PyObject *o, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"format", "shape", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "U|O:cast"};
    PyMemoryViewObject *self = MV(o);
    PyObject *format, *shape = NULL;
    if (!_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &format, &shape))
        return NULL;
    CHECK_RELEASED(self, NULL);
    if (!(self->flags & _Py_MEMORYVIEW_C)) {
        PyErr_SetString(PyExc_TypeError, "memoryview: casts are restricted to C-contiguous views");
        return NULL;
    }
    if (shape != NULL || self->view.ndim != 1) {
        for (int i = 0; i < self->view.ndim; i++)
            if (self->view.shape[i] == 0) {
                PyErr_SetString(PyExc_TypeError, "memoryview: cannot cast view with zeros in shape or strides");
                return NULL;
            }
    }
    Py_ssize_t ndim = 1;
    if (shape != NULL) {
        if (!PyList_Check(shape) && !PyTuple_Check(shape)) {
            PyErr_SetString(PyExc_TypeError, "shape must be a list or a tuple");
            return NULL;
        }
        ndim = PySequence_Fast_GET_SIZE(shape);
        if (ndim > PyBUF_MAX_NDIM) {
            PyErr_SetString(PyExc_ValueError, "memoryview: number of dimensions must not exceed 64");
            return NULL;
        }
        if (self->view.ndim != 1 && ndim != 1) {
            PyErr_SetString(PyExc_TypeError, "memoryview: cast must be 1D -> ND or ND -> 1D");
            return NULL;
        }
    }
    PyMemoryViewObject *m = view_alloc(ndim == 0 ? 1 : (int)ndim);
    if (m == NULL)
        return NULL;
    copy_scalars(&m->view, &self->view);
    m->view.suboffsets = NULL;
    attach(m, self->mbuf);
    if (cast_to_1d(m, format) < 0 || (shape != NULL && cast_to_nd(m, shape, (int)ndim) < 0)) {
        Py_DECREF(m);
        return NULL;
    }
    return (PyObject *)m;
}

static PyObject *memory_toreadonly(PyObject *o, PyObject *ignored) {
    CHECK_RELEASED(MV(o), NULL);
    PyMemoryViewObject *m = add_view(MV(o)->mbuf, &MV(o)->view);
    if (m != NULL)
        m->view.readonly = 1;
    return (PyObject *)m;
}

static PyObject *memory_tolist(PyObject *o, PyObject *ignored) {
    CHECK_RELEASED(MV(o), NULL);
    const char *format = kr_item_format(&MV(o)->view);
    return format == NULL ? NULL : kr_view_tolist(&MV(o)->view, format);
}

static PyObject *to_bytes(PyMemoryViewObject *m, char order) {
    PyObject *r = PyBytes_FromStringAndSize(NULL, m->view.len);
    if (r != NULL && PyBuffer_ToContiguous(PyBytes_AS_STRING(r), &m->view, m->view.len, order) < 0)
        Py_CLEAR(r);
    return r;
}

static PyObject *memory_tobytes(PyObject *o, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"order", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|z:tobytes"};
    const char *order = NULL;
    if ((nargs > 0 || kwnames != NULL) && !_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &order))
        return NULL;
    CHECK_RELEASED(MV(o), NULL);
    char c = 'C';
    if (order != NULL) {
        if (strcmp(order, "F") == 0 || strcmp(order, "A") == 0)
            c = order[0];
        else if (strcmp(order, "C") != 0) {
            PyErr_SetString(PyExc_ValueError, "order must be 'C', 'F' or 'A'");
            return NULL;
        }
    }
    return to_bytes(MV(o), c);
}

static PyObject *memory_hex(PyObject *o, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    static const char *const keywords[] = {"sep", "bytes_per_sep", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .format = "|Oi:hex"};
    PyObject *sep = NULL;
    int group = 1;
    if ((nargs > 0 || kwnames != NULL) && !_PyArg_ParseStackAndKeywords(args, nargs, kwnames, &parser, &sep, &group))
        return NULL;
    CHECK_RELEASED(MV(o), NULL);
    if (MV(o)->flags & _Py_MEMORYVIEW_C)
        return _Py_strhex_with_sep(MV(o)->view.buf, MV(o)->view.len, sep, group);
    PyObject *bytes = to_bytes(MV(o), 'C');
    if (bytes == NULL)
        return NULL;
    PyObject *r = _Py_strhex_with_sep(PyBytes_AS_STRING(bytes), Py_SIZE(bytes), sep, group);
    Py_DECREF(bytes);
    return r;
}

/* ------------------------------------------------------------------ items and slices */

static Py_ssize_t memory_length(PyObject *o) {
    CHECK_RELEASED(MV(o), -1);
    return MV(o)->view.ndim == 0 ? 1 : MV(o)->view.shape[0];
}

/* Steps along one dimension; NULL with IndexError. */
static char *step_to(const Py_buffer *v, char *p, int dim, Py_ssize_t i) {
    Py_ssize_t n = v->shape[dim];
    if (i < 0)
        i += n;
    if (i < 0 || i >= n) {
        PyErr_Format(PyExc_IndexError, "index out of bounds on dimension %d", dim + 1);
        return NULL;
    }
    return kr_follow(p + v->strides[dim] * i, v->suboffsets, dim);
}

static PyObject *memory_item(PyObject *o, Py_ssize_t i) {
    PyMemoryViewObject *m = MV(o);
    CHECK_RELEASED(m, NULL);
    const char *format = kr_item_format(&m->view);
    if (format == NULL)
        return NULL;
    if (m->view.ndim == 0) {
        PyErr_SetString(PyExc_TypeError, "invalid indexing of 0-dim memory");
        return NULL;
    }
    if (m->view.ndim != 1) {
        PyErr_SetString(PyExc_NotImplementedError, "multi-dimensional sub-views are not implemented");
        return NULL;
    }
    char *p = step_to(&m->view, m->view.buf, 0, i);
    return p == NULL ? NULL : kr_item_unpack(p, format);
}

/* Where the item of a tuple of indices is; NULL with an exception. */
static char *item_of_tuple(PyMemoryViewObject *m, PyObject *key) {
    const Py_buffer *v = &m->view;
    Py_ssize_t n = PyTuple_GET_SIZE(key);
    if (n > v->ndim) {
        PyErr_Format(PyExc_TypeError, "cannot index %zd-dimension view with %zd-element tuple", (Py_ssize_t)v->ndim, n);
        return NULL;
    }
    char *p = v->buf;
    for (Py_ssize_t dim = 0; dim < n; dim++) {
        Py_ssize_t i = PyNumber_AsSsize_t(PyTuple_GET_ITEM(key, dim), PyExc_IndexError);
        if (i == -1 && PyErr_Occurred())
            return NULL;
        CHECK_RELEASED(m, NULL);
        p = step_to(v, p, (int)dim, i);
        if (p == NULL)
            return NULL;
    }
    return p;
}

/* Restricts the first dimension of v to a slice. */
static int apply_slice(Py_buffer *v, PyObject *key) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(key, &start, &stop, &step) < 0)
        return -1;
    Py_ssize_t n = PySlice_AdjustIndices(v->shape[0], &start, &stop, step);
    v->buf = (char *)v->buf + v->strides[0] * start;
    v->shape[0] = n;
    v->strides[0] *= step;
    v->len = v->itemsize;
    for (int i = 0; i < v->ndim; i++)
        v->len *= v->shape[i];
    return 0;
}

static bool is_index_tuple(PyObject *key) {
    if (!PyTuple_Check(key))
        return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); i++)
        if (!PyIndex_Check(PyTuple_GET_ITEM(key, i)))
            return false;
    return true;
}
static bool is_slice_tuple(PyObject *key) {
    if (!PyTuple_Check(key) || PyTuple_GET_SIZE(key) == 0)
        return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); i++)
        if (!PySlice_Check(PyTuple_GET_ITEM(key, i)))
            return false;
    return true;
}

static PyObject *memory_subscript(PyObject *o, PyObject *key) {
    PyMemoryViewObject *m = MV(o);
    CHECK_RELEASED(m, NULL);
    if (m->view.ndim == 0) {
        if (PyTuple_Check(key) && PyTuple_GET_SIZE(key) == 0) {
            const char *format = kr_item_format(&m->view);
            return format == NULL ? NULL : kr_item_unpack(m->view.buf, format);
        }
        if (key == Py_Ellipsis)
            return Py_NewRef(o);
        PyErr_SetString(PyExc_TypeError, "invalid indexing of 0-dim memory");
        return NULL;
    }
    if (PyIndex_Check(key)) {
        Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
        return i == -1 && PyErr_Occurred() ? NULL : memory_item(o, i);
    }
    if (PySlice_Check(key)) {
        /* The new view keeps the buffer, even when an index of the slice releases m. */
        PyMemoryViewObject *r = add_view(m->mbuf, &m->view);
        if (r == NULL)
            return NULL;
        if (apply_slice(&r->view, key) < 0) {
            Py_DECREF(r);
            return NULL;
        }
        set_flags(r);
        return (PyObject *)r;
    }
    if (is_index_tuple(key)) {
        const char *format = kr_item_format(&m->view);
        if (format == NULL)
            return NULL;
        if (PyTuple_GET_SIZE(key) < m->view.ndim) {
            PyErr_SetString(PyExc_NotImplementedError, "sub-views are not implemented");
            return NULL;
        }
        char *p = item_of_tuple(m, key);
        return p == NULL ? NULL : kr_item_unpack(p, format);
    }
    if (is_slice_tuple(key))
        PyErr_SetString(PyExc_NotImplementedError, "multi-dimensional slicing is not implemented");
    else
        PyErr_SetString(PyExc_TypeError, "memoryview: invalid slice key");
    return NULL;
}

static int memory_ass_subscript(PyObject *o, PyObject *key, PyObject *value) {
    PyMemoryViewObject *m = MV(o);
    CHECK_RELEASED(m, -1);
    const char *format = kr_item_format(&m->view);
    if (format == NULL)
        return -1;
    if (m->view.readonly) {
        PyErr_SetString(PyExc_TypeError, "cannot modify read-only memory");
        return -1;
    }
    if (value == NULL) {
        PyErr_SetString(PyExc_TypeError, "cannot delete memory");
        return -1;
    }
    if (m->view.ndim == 0) {
        if (key == Py_Ellipsis || (PyTuple_Check(key) && PyTuple_GET_SIZE(key) == 0))
            return kr_item_pack(m, m->view.buf, value, format);
        PyErr_SetString(PyExc_TypeError, "invalid indexing of 0-dim memory");
        return -1;
    }
    if (PyIndex_Check(key)) {
        if (m->view.ndim > 1) {
            PyErr_SetString(PyExc_NotImplementedError, "sub-views are not implemented");
            return -1;
        }
        Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
        if (i == -1 && PyErr_Occurred())
            return -1;
        CHECK_RELEASED(m, -1);
        char *p = step_to(&m->view, m->view.buf, 0, i);
        return p == NULL ? -1 : kr_item_pack(m, p, value, format);
    }
    if (PySlice_Check(key) && m->view.ndim == 1) {
        Py_buffer src, dest = m->view;
        Py_ssize_t shape = dest.shape[0], strides = dest.strides[0], suboffset = dest.suboffsets ? dest.suboffsets[0] : -1;
        if (PyObject_GetBuffer(value, &src, PyBUF_FULL_RO) < 0)
            return -1;
        dest.shape = &shape;
        dest.strides = &strides;
        if (dest.suboffsets != NULL)
            dest.suboffsets = &suboffset;
        int r = apply_slice(&dest, key);
        if (r == 0 && kr_view_released(m)) {
            PyErr_SetString(PyExc_ValueError, RELEASED_MESSAGE);
            r = -1;
        }
        if (r == 0)
            r = kr_view_copy_1d(&dest, &src);
        PyBuffer_Release(&src);
        return r;
    }
    if (is_index_tuple(key)) {
        if (PyTuple_GET_SIZE(key) < m->view.ndim) {
            PyErr_SetString(PyExc_NotImplementedError, "sub-views are not implemented");
            return -1;
        }
        char *p = item_of_tuple(m, key);
        return p == NULL ? -1 : kr_item_pack(m, p, value, format);
    }
    if (PySlice_Check(key) || is_slice_tuple(key))
        PyErr_SetString(PyExc_NotImplementedError, "memoryview slice assignments are currently restricted to ndim = 1");
    else
        PyErr_SetString(PyExc_TypeError, "memoryview: invalid slice key");
    return -1;
}

/* ------------------------------------------------------------------ comparison, hash, text */

static PyObject *memory_richcompare(PyObject *a, PyObject *b, int op) {
    if (op != Py_EQ && op != Py_NE)
        Py_RETURN_NOTIMPLEMENTED;
    Py_buffer other;
    const Py_buffer *vb;
    int equal;
    bool own = false;
    if (kr_view_released(MV(a)))
        equal = a == b;
    else if (PyMemoryView_Check(b) && kr_view_released(MV(b)))
        equal = 0;
    else {
        if (PyMemoryView_Check(b))
            vb = &MV(b)->view;
        else {
            if (PyObject_GetBuffer(b, &other, PyBUF_FULL_RO) < 0) {
                PyErr_Clear();
                Py_RETURN_NOTIMPLEMENTED;
            }
            vb = &other;
            own = true;
        }
        equal = kr_views_equal(&MV(a)->view, vb);
        if (own)
            PyBuffer_Release(&other);
        if (equal < 0)
            return NULL;
    }
    return PyBool_FromLong(equal == (op == Py_EQ));
}

static Py_hash_t memory_hash(PyObject *o) {
    PyMemoryViewObject *m = MV(o);
    if (m->hash != -1)
        return m->hash;
    CHECK_RELEASED(m, -1);
    const Py_buffer *v = &m->view;
    if (!v->readonly) {
        PyErr_SetString(PyExc_ValueError, "cannot hash writable memoryview object");
        return -1;
    }
    Py_ssize_t size;
    if (!is_byte_format(kr_native_format(v->format, &size))) {
        PyErr_SetString(PyExc_ValueError, "memoryview: hashing is restricted to formats 'B', 'b' or 'c'");
        return -1;
    }
    if (v->obj != NULL && PyObject_Hash(v->obj) == -1)
        return -1; /* the exporter's error */
    if (m->flags & _Py_MEMORYVIEW_C)
        m->hash = _Py_HashBytes(v->buf, v->len);
    else {
        char *copy = PyMem_Malloc((size_t)v->len + 1);
        if (copy == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        if (PyBuffer_ToContiguous(copy, v, v->len, 'C') == 0)
            m->hash = _Py_HashBytes(copy, v->len);
        PyMem_Free(copy);
    }
    return m->hash;
}

static PyObject *memory_repr(PyObject *o) {
    return PyUnicode_FromFormat(MV(o)->flags & _Py_MEMORYVIEW_RELEASED ? "<released memory at %p>" : "<memory at %p>", o);
}

/* ------------------------------------------------------------------ attributes */

static PyObject *tuple_of(const Py_ssize_t *values, int n) {
    PyObject *r = PyTuple_New(values == NULL ? 0 : n);
    for (int i = 0; r != NULL && values != NULL && i < n; i++) {
        PyObject *v = PyLong_FromSsize_t(values[i]);
        if (v == NULL)
            Py_CLEAR(r);
        else
            PyTuple_SET_ITEM(r, i, v);
    }
    return r;
}

enum { OBJ, NBYTES, READONLY_, ITEMSIZE, FORMAT, NDIM, SHAPE, STRIDES, SUBOFFSETS, C_CONTIGUOUS, F_CONTIGUOUS, CONTIGUOUS };
static PyObject *memory_get(PyObject *o, void *which) {
    PyMemoryViewObject *m = MV(o);
    const Py_buffer *v = &m->view;
    CHECK_RELEASED(m, NULL);
    switch ((intptr_t)which) {
    case OBJ: return Py_NewRef(v->obj ? v->obj : Py_None);
    case NBYTES: return PyLong_FromSsize_t(v->len);
    case READONLY_: return PyBool_FromLong(v->readonly);
    case ITEMSIZE: return PyLong_FromSsize_t(v->itemsize);
    case FORMAT: return PyUnicode_FromString(v->format);
    case NDIM: return PyLong_FromLong(v->ndim);
    case SHAPE: return tuple_of(v->shape, v->ndim);
    case STRIDES: return tuple_of(v->strides, v->ndim);
    case SUBOFFSETS: return tuple_of(v->suboffsets, v->ndim);
    case C_CONTIGUOUS: return PyBool_FromLong(m->flags & _Py_MEMORYVIEW_C);
    case F_CONTIGUOUS: return PyBool_FromLong(m->flags & _Py_MEMORYVIEW_FORTRAN);
    default: return PyBool_FromLong(m->flags & (_Py_MEMORYVIEW_C | _Py_MEMORYVIEW_FORTRAN));
    }
}

static PyGetSetDef memory_getset[] = {
    {"obj", memory_get, NULL, PyDoc_STR("The object whose memory this is."), (void *)OBJ},
    {"nbytes", memory_get, NULL, PyDoc_STR("How many bytes tobytes() would have."), (void *)NBYTES},
    {"readonly", memory_get, NULL, PyDoc_STR("Whether the memory can't be written."), (void *)READONLY_},
    {"itemsize", memory_get, NULL, PyDoc_STR("Size of an item in bytes."), (void *)ITEMSIZE},
    {"format", memory_get, NULL, PyDoc_STR("The struct format of an item."), (void *)FORMAT},
    {"ndim", memory_get, NULL, PyDoc_STR("Number of dimensions."), (void *)NDIM},
    {"shape", memory_get, NULL, PyDoc_STR("Length of each dimension."), (void *)SHAPE},
    {"strides", memory_get, NULL, PyDoc_STR("Bytes from item to item in each dimension."), (void *)STRIDES},
    {"suboffsets", memory_get, NULL, PyDoc_STR("Offsets after following pointers, for arrays made of pointers."), (void *)SUBOFFSETS},
    {"c_contiguous", memory_get, NULL, PyDoc_STR("Whether the memory is contiguous in C's order."), (void *)C_CONTIGUOUS},
    {"f_contiguous", memory_get, NULL, PyDoc_STR("Whether the memory is contiguous in Fortran's order."), (void *)F_CONTIGUOUS},
    {"contiguous", memory_get, NULL, PyDoc_STR("Whether the memory is contiguous."), (void *)CONTIGUOUS},
    {NULL}
};

static PyMethodDef memory_methods[] = {
    {"release", memory_release, METH_NOARGS, PyDoc_STR("release($self, /)\n--\n\nGives the memory back to the object that exports it.")},
    {"tobytes", KR_METH(memory_tobytes), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("tobytes($self, /, order=\'C\')\n--\n\nThe items as bytes; order is 'C', 'F' or 'A' (Fortran's if the memory has it).")},
    {"hex", KR_METH(memory_hex), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("hex($self, /, sep=<unrepresentable>, bytes_per_sep=1)\n--\n\nThe bytes as a str of hexadecimal digits.\n\n"
               ">>> view = memoryview(b'krait')\n>>> view.hex()\n'6b72616974'\n>>> view.hex(' ')\n'6b 72 61 69 74'\n"
               ">>> view.hex('-', 2)\n'6b-7261-6974'\n>>> view.hex('-', -2)\n'6b72-6169-74'")},
    {"tolist", memory_tolist, METH_NOARGS, PyDoc_STR("tolist($self, /)\n--\n\nThe items as a list, of lists when there are more dimensions.")},
    {"cast", KR_METH(memory_cast), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("cast($self, /, format, shape=<unrepresentable>)\n--\n\nThe same memory with another format or shape.")},
    {"toreadonly", memory_toreadonly, METH_NOARGS, PyDoc_STR("toreadonly($self, /)\n--\n\nA view that can't be written through.")},
    {"__enter__", memory_enter, METH_NOARGS, NULL},
    {"__exit__", memory_exit, METH_VARARGS, NULL},
    {NULL}
};

static PySequenceMethods memory_as_sequence = {.sq_length = memory_length, .sq_item = memory_item};
static PyMappingMethods memory_as_mapping = {
    .mp_length = memory_length,
    .mp_subscript = memory_subscript,
    .mp_ass_subscript = memory_ass_subscript,
};
static PyBufferProcs memory_as_buffer = {.bf_getbuffer = memory_getbuffer, .bf_releasebuffer = memory_releasebuffer};
static PyObject *memory_iter(PyObject *o);

PyTypeObject PyMemoryView_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "memoryview",
    .tp_basicsize = offsetof(PyMemoryViewObject, ob_array),
    .tp_itemsize = sizeof(Py_ssize_t),
    .tp_dealloc = memory_dealloc,
    .tp_repr = memory_repr,
    .tp_as_sequence = &memory_as_sequence,
    .tp_as_mapping = &memory_as_mapping,
    .tp_hash = memory_hash,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_as_buffer = &memory_as_buffer,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_SEQUENCE,
    .tp_doc = PyDoc_STR("memoryview(object)\n--\n\nA view on the memory that an object exports."),
    .tp_traverse = memory_traverse,
    .tp_clear = memory_clear,
    .tp_richcompare = memory_richcompare,
    .tp_weaklistoffset = offsetof(PyMemoryViewObject, weakreflist),
    .tp_iter = memory_iter,
    .tp_methods = memory_methods,
    .tp_getset = memory_getset,
    .tp_new = memory_new,
};

/* ------------------------------------------------------------------ iterator */

typedef struct {
    PyObject_HEAD
    Py_ssize_t index, length;
    PyMemoryViewObject *seq; /* NULL once exhausted */
    const char *format;
} KrMemoryIter;

static PyObject *memory_iter(PyObject *o) {
    PyMemoryViewObject *m = MV(o);
    CHECK_RELEASED(m, NULL);
    if (m->view.ndim == 0) {
        PyErr_SetString(PyExc_TypeError, "invalid indexing of 0-dim memory");
        return NULL;
    }
    if (m->view.ndim != 1) {
        PyErr_SetString(PyExc_NotImplementedError, "multi-dimensional sub-views are not implemented");
        return NULL;
    }
    const char *format = kr_item_format(&m->view);
    if (format == NULL)
        return NULL;
    KrMemoryIter *it = PyObject_GC_New(KrMemoryIter, &_PyMemoryIter_Type);
    if (it == NULL)
        return NULL;
    it->format = format;
    it->index = 0;
    it->length = m->view.shape[0];
    Py_INCREF(m);
    it->seq = m;
    PyObject_GC_Track(it);
    return (PyObject *)it;
}
static void memoryiter_dealloc(PyObject *o) {
    PyObject_GC_UnTrack(o);
    Py_XDECREF(((KrMemoryIter *)o)->seq);
    PyObject_GC_Del(o);
}
static int memoryiter_traverse(PyObject *o, visitproc visit, void *arg) {
    Py_VISIT(((KrMemoryIter *)o)->seq);
    return 0;
}
static PyObject *memoryiter_next(PyObject *o) {
    KrMemoryIter *it = (KrMemoryIter *)o;
    PyMemoryViewObject *m = it->seq;
    if (m == NULL)
        return NULL;
    if (it->index < it->length) {
        CHECK_RELEASED(m, NULL);
        char *p = step_to(&m->view, m->view.buf, 0, it->index++);
        return p == NULL ? NULL : kr_item_unpack(p, it->format);
    }
    it->seq = NULL;
    Py_DECREF(m);
    return NULL;
}

PyTypeObject _PyMemoryIter_Type = {
    KR_STATIC_TYPE_HEAD
    .tp_name = "memory_iterator",
    .tp_basicsize = sizeof(KrMemoryIter),
    .tp_dealloc = memoryiter_dealloc,
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = memoryiter_traverse,
    .tp_iter = PyObject_SelfIter,
    .tp_iternext = memoryiter_next,
};
