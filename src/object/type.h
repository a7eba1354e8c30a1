/* type.h - the machinery of types, as the parts of type*.c and the interpreter loop share it.
 *
 * type.c         the type `type`: readiness, start-up, calling a class, life and death of type objects
 * type_attr.c    attribute look-up: the cache, version tags, type.__getattribute__/__setattr__, getters and setters of type
 * type_mro.c     subtype tests, C3, layouts, best base, subclasses, __bases__ and __class__ assignment
 * type_new.c     class statements: type.__new__
 * type_ready.c   PyType_Ready: inheritance, tp_dict of a C type
 * type_slots.c   the table special method <-> slot, slot functions that call Python methods
 * type_wrap.c    the other direction: wrappers that call slots
 * type_spec.c    PyType_FromSpec and the PyType_Get... functions
 * type_instance.c  instances of Python classes: deallocation, traversal
 * object_type.c  the type `object`
 */
#ifndef KRAIT_TYPE_H
#define KRAIT_TYPE_H
#include "krait.h"

/* --- look-up (type_attr.c) --- */

/* The type's version tag, assigning one if need be; 0 when it can't have one. It changes whenever a look-up on the type might
 * give something else; a number is never used for a second state. */
unsigned int kr_type_version(PyTypeObject *t);
/* Name in the MRO without the cache; *error is set to -1 with an exception. Borrowed. */
PyObject *kr_type_find_in_mro(PyTypeObject *t, PyObject *name, int *error) KR_BORROWED;
/* o's special method, bound; NULL without an exception when there is none. */
PyObject *kr_lookup_special(PyObject *o, PyObject *name) KR_NEW_REF KR_MAY_RAISE;
/* The same unbound when it can be called as f(o, ...): then *unbound is 1. */
PyObject *kr_lookup_special_method(PyObject *o, PyObject *name, int *unbound) KR_NEW_REF KR_MAY_RAISE;
/* type.__getattribute__; with suppress, a missing attribute gives NULL without an exception. */
PyObject *kr_type_getattr(PyTypeObject *t, PyObject *name, int suppress) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
int kr_type_setattro(PyObject *t, PyObject *name, PyObject *value) KR_MAY_RAISE;
PyObject *kr_type_getattro(PyObject *t, PyObject *name) KR_NEW_REF KR_MAY_RAISE;
extern PyGetSetDef kr_type_getsets[];
extern PyMemberDef kr_type_members[];
/* New reference: __module__ / __qualname__ of a type, or NULL. */
PyObject *kr_type_module(PyTypeObject *t) KR_NEW_REF KR_MAY_RAISE;
PyObject *kr_type_qualname(PyTypeObject *t) KR_NEW_REF KR_MAY_RAISE;
/* The part of tp_name after the last dot. */
const char *kr_type_short_name(PyTypeObject *t);
/* Empties the cache entries (names are owned). */
void kr_type_cache_clear(KrInterp *);

/* --- hierarchy (type_mro.c) --- */

int kr_mro_set(PyTypeObject *t, PyObject **old_mro) KR_MAY_RAISE;
PyObject *kr_mro_compute(PyTypeObject *t) KR_NEW_REF KR_MAY_RAISE;
PyTypeObject *kr_type_best_base(PyObject *bases) KR_BORROWED KR_MAY_RAISE;
int kr_type_add_subclass(PyTypeObject *base, PyTypeObject *t) KR_MAY_RAISE;
void kr_type_remove_from_bases(PyTypeObject *t, PyObject *bases);
PyObject *kr_type_subclasses(PyTypeObject *t) KR_NEW_REF KR_MAY_RAISE;
/* The next live direct subclass that t has in the interpreter, new reference; *pos starts at 0; NULL at the end. */
PyTypeObject *kr_type_next_subclass(KrInterp *, PyTypeObject *t, Py_ssize_t *pos) KR_NEW_REF;
int kr_type_set_bases(PyTypeObject *t, PyObject *bases, void *unused) KR_MAY_RAISE KR_RUNS_PYTHON;
/* __class__ of object. */
int kr_object_set_class(PyObject *o, PyObject *value, void *unused) KR_MAY_RAISE;

/* --- readiness (type_ready.c) --- */

/* PyType_Ready for a class that a class statement makes: no slot is its own. */
int kr_type_ready_class(PyTypeObject *t) KR_MAY_RAISE;
/* What a static type takes from its base before there are dicts to put anything in: base, size, allocation. */
void kr_type_ready_early(PyTypeObject *t);

/* A type that start-up readied and nobody has looked into yet: its dict is empty. tp_cache, which has no other use, says how to fill it. */
KR_INLINE bool kr_type_dict_is_empty(PyTypeObject *t) { return t->tp_cache != NULL; }
int kr_type_fill_dict(PyTypeObject *t) KR_MAY_RAISE;
/* To be called before t->tp_dict is looked into, unless t is known to be a class. 0, or -1 without memory. */
KR_INLINE int kr_type_dict_ready(PyTypeObject *t) KR_MAY_RAISE { return KR_LIKELY(!kr_type_dict_is_empty(t)) ? 0 : kr_type_fill_dict(t); }
/* For all types: code of others may look into their dicts from now on, or other interpreters. */
int kr_types_fill_dicts(void) KR_MAY_RAISE;

/* --- slots (type_slots.c, type_wrap.c) --- */

/* A set of rows of the slot table. */
typedef struct {
    uint64_t rows[2];
} KrSlotSet;

/* Interns the names of the slot table; once a process. */
int kr_slots_init(void) KR_MAY_RAISE;
/* Fills t's slots from the special methods it defines and inherits. */
void kr_slots_fill(PyTypeObject *t);
/* After an assignment of t.name: the slots of t and its subclasses. */
int kr_slots_update(PyTypeObject *t, PyObject *name);
/* After a change of t's bases: all slots of t and its subclasses. */
void kr_slots_update_all(PyTypeObject *t);
/* The rows whose slot t has and that have a wrapper. */
KrSlotSet kr_slots_own(PyTypeObject *t);
/* Adds the wrappers of those slots to t's dict. */
int kr_slots_add_wrappers(PyTypeObject *t, KrSlotSet own) KR_MAY_RAISE;
/* Whether the name looks like __x__. */
bool kr_is_dunder(PyObject *name);
/* The slot functions that others recognise. */
int kr_slot_init(PyObject *self, PyObject *args, PyObject *kwds);
PyObject *kr_slot_new(PyTypeObject *t, PyObject *args, PyObject *kwds);
PyObject *kr_slot_getattr_hook(PyObject *self, PyObject *name);
PyObject *kr_slot_getattro(PyObject *self, PyObject *name);
PyObject *kr_slot_call(PyObject *self, PyObject *args, PyObject *kwds);
/* tp_new's method in the type's dict (tp_new_wrapper). */
PyObject *kr_new_wrapper(PyObject *self, PyObject *args, PyObject *kwds);
#define KR_WRAPPER_SLOTS 96

/* One row of the slot table: a special method, the slot it fills, both directions. */
extern struct wrapperbase kr_slotdefs[];
/* Address of a slot of t given its offset in PyHeapTypeObject; NULL when t lacks that method suite. */
void **kr_slot_address(PyTypeObject *t, int offset);

/* --- classes and instances --- */

/* Adds the names that dir() shows for a class and its bases to dict. */
int kr_dir_merge_class(PyObject *dict, PyObject *cls) KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_type_new(PyTypeObject *metatype, PyObject *args, PyObject *kwds) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
/* type.__call__, its vectorcall form for Python classes and for all others. */
PyObject *kr_type_call(PyObject *t, PyObject *args, PyObject *kwds) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
PyObject *kr_class_vectorcall(PyObject *t, PyObject *const *args, size_t nargsf, PyObject *kwnames) KR_NEW_REF KR_MAY_RAISE KR_RUNS_PYTHON;
void kr_subtype_dealloc(PyObject *o);
int kr_subtype_traverse(PyObject *o, visitproc visit, void *arg);
int kr_subtype_clear(PyObject *o);
/* The dict and weakref getters of Python classes; which ones a class needs. */
PyGetSetDef *kr_subtype_getsets(bool dict, bool weakref);
/* object.__new__ and __init__; recognised by address. */
PyObject *kr_object_new(PyTypeObject *t, PyObject *args, PyObject *kwds) KR_NEW_REF KR_MAY_RAISE;
int kr_object_init(PyObject *self, PyObject *args, PyObject *kwds) KR_MAY_RAISE;
/* The member table that follows a heap type of `t`'s metatype. */
KR_INLINE PyMemberDef *kr_heap_type_members(PyHeapTypeObject *t) {
    return (PyMemberDef *)((char *)t + Py_TYPE(t)->tp_basicsize);
}

/* What calling method `name` of the exact super object o calls, without binding: 1, a function and its self, both new references; 0 when it
 * is not that simple; -1 with an exception. */
/* What super(type, obj of class obj_type) finds by that name, not bound; NULL maybe with an exception. */
PyObject *kr_super_find(PyTypeObject *type, PyTypeObject *obj_type, PyObject *name) KR_NEW_REF KR_MAY_RAISE;
int kr_super_method(PyObject *o, PyObject *name, PyObject **method, PyObject **obj) KR_MAY_RAISE;

#endif
