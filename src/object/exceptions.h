/* exceptions.h - what the files of the exception classes share, and what the loop needs for except*.
 *
 * kr_exc_X is the static type of the built-in exception X; PyExc_X points to it. A layout L is the struct PyLObject of the public headers with
 * the functions kr_exc_L_clear, _traverse, _dealloc and kr_exc_L_init, kr_exc_L_new.
 */
#ifndef KRAIT_EXCEPTIONS_H
#define KRAIT_EXCEPTIONS_H
#include "krait.h"

#define KR_SIMPLE(name, base, layout, doc) extern PyTypeObject kr_exc_##name;
#define KR_OWN(name) extern PyTypeObject kr_exc_##name;
#include "object/exceptions.def"
#undef KR_SIMPLE
#undef KR_OWN

PyObject *kr_exc_BaseException_new(PyTypeObject *, PyObject *args, PyObject *kwds);
int kr_exc_BaseException_init(PyObject *, PyObject *args, PyObject *kwds);
/* tp_vectorcall of classes whose new and init are BaseException's. */
PyObject *kr_exc_BaseException_vectorcall(PyObject *type, PyObject *const *args, size_t nargsf, PyObject *kwnames);
int kr_exc_BaseException_clear(PyObject *);
int kr_exc_BaseException_traverse(PyObject *, visitproc, void *);
void kr_exc_BaseException_dealloc(PyObject *);
PyObject *kr_exc_BaseException_str(PyObject *);
/* Clears n fields from `first` on and those of BaseException; visits them. */
int kr_exc_fields_clear(PyObject *o, PyObject **first, int n);
int kr_exc_fields_traverse(PyObject *o, PyObject **first, int n, visitproc visit, void *arg);

#define kr_exc_BaseException_struct PyBaseExceptionObject
#define kr_exc_OSError_struct PyOSErrorObject
#define kr_exc_ImportError_struct PyImportErrorObject
#define kr_exc_NameError_struct PyNameErrorObject
#define kr_exc_SyntaxError_struct PySyntaxErrorObject

/* Life and death of a layout whose own fields are n objects in a row. */
#define KR_EXC_LIFECYCLE(L, S, first, n)                                                             \
    int kr_exc_##L##_clear(PyObject *o) { return kr_exc_fields_clear(o, &((S *)o)->first, n); }      \
    int kr_exc_##L##_traverse(PyObject *o, visitproc visit, void *arg) {                             \
        return kr_exc_fields_traverse(o, &((S *)o)->first, n, visit, arg);                           \
    }                                                                                                \
    void kr_exc_##L##_dealloc(PyObject *o) {                                                         \
        PyObject_GC_UnTrack(o);                                                                      \
        KR_TRASHCAN_BEGIN(o, kr_exc_##L##_dealloc)                                                   \
        kr_exc_##L##_clear(o);                                                                       \
        Py_TYPE(o)->tp_free(o);                                                                      \
        KR_TRASHCAN_END                                                                              \
    }

#define KR_EXC_DECLARE(L)                                             \
    int kr_exc_##L##_clear(PyObject *);                               \
    int kr_exc_##L##_traverse(PyObject *, visitproc, void *);         \
    void kr_exc_##L##_dealloc(PyObject *);                            \
    int kr_exc_##L##_init(PyObject *, PyObject *, PyObject *);        \
    PyObject *kr_exc_##L##_new(PyTypeObject *, PyObject *, PyObject *);
KR_EXC_DECLARE(OSError)
KR_EXC_DECLARE(ImportError)
KR_EXC_DECLARE(NameError)
KR_EXC_DECLARE(SyntaxError)

/* What every exception type's initialiser has in common. */
#define KR_EXC_TYPE(name, base, L, S)                                                                              \
    KR_STATIC_TYPE_HEAD .tp_name = #name, .tp_basicsize = sizeof(S), .tp_dealloc = kr_exc_##L##_dealloc,           \
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASE_EXC_SUBCLASS,      \
    .tp_traverse = kr_exc_##L##_traverse, .tp_clear = kr_exc_##L##_clear, .tp_base = base,                         \
    .tp_dictoffset = offsetof(S, dict), .tp_init = kr_exc_##L##_init, .tp_new = kr_exc_##L##_new

/* The attributes that __reduce__ gives besides args: o's dict, or a copy with the fields that are set; None when there is nothing. */
PyObject *kr_exc_state(PyObject *o, PyObject *name1, PyObject *value1, PyObject *name2, PyObject *value2) KR_NEW_REF KR_MAY_RAISE;

/* exceptions_group.c */
int kr_exc_group_init(PyObject *builtins_dict) KR_MAY_RAISE;
void kr_exc_group_fini(KrInterp *);
/* ExceptionGroup or BaseExceptionGroup of a list of exceptions. */
PyObject *kr_exception_group_new(const char *message, PyObject *exceptions) KR_NEW_REF KR_MAY_RAISE;
/* The match of `except* type`: what of e (an exception or None) is caught, and the rest; both None when nothing is. e itself, not a group, is
 * caught wrapped in a group. The caller has checked `type`. */
int kr_exception_group_match(PyObject *e, PyObject *type, PyObject **match, PyObject **rest) KR_MAY_RAISE KR_RUNS_PYTHON;
/* End of try-except*: what to raise from the exception that came in and the list of what the clauses raised or left; None for nothing. */
PyObject *kr_exception_group_reraise(PyObject *original, PyObject *exceptions) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyAPI_FUNC(PyObject *) _PyExc_CreateExceptionGroup(const char *message, PyObject *exceptions);
PyAPI_FUNC(PyObject *) _PyExc_PrepReraiseStar(PyObject *original, PyObject *exceptions);

/* Frees what kr_exceptions_init and MemoryErrors left behind. */
void kr_exceptions_fini(KrInterp *);

#endif
