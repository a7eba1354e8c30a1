/* krait.h - what every part of krait includes first.
 *
 * The object model is CPython 3.11's published C API, so this header starts with <Python.h>; its
 * internal/ headers are never used. What krait adds: ownership annotations, interned names, and the
 * handful of inline helpers that every part needs. A part's own contract is its own header.
 */
#ifndef KRAIT_H
#define KRAIT_H

#ifndef PY_SSIZE_T_CLEAN
#define PY_SSIZE_T_CLEAN
#endif
#include <Python.h>
#include <structmember.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ------------------------------------------------------------------ annotations
 * They compile to nothing; they state a prototype's contract where a checker can read it. */
#define KR_NEW_REF         /* returns a reference the caller owns */
#define KR_BORROWED        /* returns, or takes, a reference somebody else owns */
#define KR_STEALS(n)       /* takes over the reference passed as argument n (1-based) */
#define KR_MAY_RAISE       /* NULL or -1 with an exception set on failure */
#define KR_RUNS_PYTHON     /* may run arbitrary Python code, so may free or change anything not owned */

#define KR_LIKELY(x) __builtin_expect(!!(x), 1)
#define KR_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define KR_UNUSED __attribute__((unused))
#define KR_NOINLINE __attribute__((noinline))
#define KR_COLD __attribute__((cold, noinline))
#define KR_INLINE static inline __attribute__((always_inline))
#define KR_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#ifdef KR_DEBUG
#include <assert.h>
#define KR_ASSERT(e) assert(e)
#else
#define KR_ASSERT(e) ((void)sizeof(e))
#endif
#define KR_UNREACHABLE() __builtin_unreachable()

/* Whether dead objects of common types are kept for new ones; the sanitizers are to see every use of a dead one. */
#ifdef KR_ASAN
#define KR_FREE_LISTS 0
#else
#define KR_FREE_LISTS 1
#endif

/* ------------------------------------------------------------------ immortal objects
 * Static types, None, True, False, Ellipsis, small ints, one-character strings and interned constants
 * start with a count that no drift can bring to 0; anybody may count them or not. */
#define KR_IMMORTAL_REFCNT ((Py_ssize_t)1 << 60)
#define KR_IMMORTAL_LIMIT ((Py_ssize_t)1 << 59)
KR_INLINE bool kr_is_immortal(PyObject *o) { return Py_REFCNT(o) >= KR_IMMORTAL_LIMIT; }
KR_INLINE void kr_make_immortal(PyObject *o) { Py_SET_REFCNT(o, KR_IMMORTAL_REFCNT); }

/* The head of a static type object: PyTypeObject T = { KR_STATIC_TYPE_HEAD .tp_name = "t", ... } */
#define KR_STATIC_TYPE_HEAD .ob_base = {.ob_base = {KR_IMMORTAL_REFCNT, &PyType_Type}, .ob_size = 0},

/* A method-table entry's function pointer, whatever its calling convention. */
#define KR_METH(f) ((PyCFunction)(void (*)(void))(f))

/* ------------------------------------------------------------------ interned names
 * KR_STR(__init__) is the interned, immortal str "__init__" (borrowed). The one list is object/names.def;
 * add a name there and use it. Valid once kr_names_init() has run, which start-up does right after str is ready. */
typedef struct {
#define KR_NAME(n) PyObject *n_##n;
#include "object/names.def"
#undef KR_NAME
    PyObject *dot_zero;
} KrNames;
extern KrNames kr_names;
#define KR_STR(n) (kr_names.n_##n)
#define KR_STR_DOT_ZERO (kr_names.dot_zero)   /* ".0", a comprehension's argument */

/* ------------------------------------------------------------------ state */
#include "runtime/state.h"

#endif
