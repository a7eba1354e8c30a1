/* static_type.c - the interpreter's table of records of static types (static_type.h).
 *
 * Open addressing by the type's address, at most half full; the table holds pointers, so that a record never moves. Nothing is taken out
 * before the interpreter's end.
 */
#include "object/static_type.h"
#include "memory/alloc.h"

/* Where the type's record is, or belongs. */
static KrStaticType **place(KrStaticType **table, size_t mask, PyTypeObject *t) {
    size_t i = ((uintptr_t)t >> 4) ^ ((uintptr_t)t >> 12);
    while (table[i & mask] != NULL && table[i & mask]->type != t)
        i++;
    return &table[i & mask];
}

KrStaticType *kr_static_type_find(KrInterp *interp, PyTypeObject *t) {
    KrTypeState *s = &interp->type;
    return s->static_types == NULL ? NULL : *place(s->static_types, s->static_type_mask, t);
}

/* Makes room for one more; -1 without an exception. */
static int grow(KrTypeState *s) {
    size_t capacity = s->static_types == NULL ? 64 : 2 * (s->static_type_mask + 1);
    KrStaticType **table = kr_heap_calloc(capacity, sizeof *table);
    if (table == NULL)
        return -1;
    for (size_t i = 0; s->static_types != NULL && i <= s->static_type_mask; i++)
        if (s->static_types[i] != NULL)
            *place(table, capacity - 1, s->static_types[i]->type) = s->static_types[i];
    kr_heap_free(s->static_types);
    s->static_types = table;
    s->static_type_mask = capacity - 1;
    return 0;
}

KrStaticType *kr_static_type_get(PyTypeObject *t) {
    KrInterp *interp = kr_interp();
    KrTypeState *s = &interp->type;
    KrStaticType *r = kr_static_type_find(interp, t);
    if (KR_LIKELY(r != NULL))
        return r;
    bool full = s->static_types == NULL || 2 * (s->static_type_count + 1) > s->static_type_mask + 1;
    if ((full && grow(s) < 0) || (r = kr_heap_calloc(1, sizeof *r)) == NULL)
        return (KrStaticType *)PyErr_NoMemory();
    r->type = t;
    *place(s->static_types, s->static_type_mask, t) = r;
    s->static_type_count++;
    return r;
}

void kr_static_types_fini(KrInterp *interp) {
    KrTypeState *s = &interp->type;
    for (size_t i = 0; s->static_types != NULL && i <= s->static_type_mask; i++) {
        KrStaticType *r = s->static_types[i];
        if (r == NULL)
            continue;
        Py_CLEAR(r->subclasses);
        while (r->weaklist != NULL)
            _PyWeakref_ClearRef((PyWeakReference *)r->weaklist);
    }
    for (size_t i = 0; s->static_types != NULL && i <= s->static_type_mask; i++)
        kr_heap_free(s->static_types[i]);
    kr_heap_free(s->static_types);
    s->static_types = NULL;
    s->static_type_count = s->static_type_mask = 0;
}
