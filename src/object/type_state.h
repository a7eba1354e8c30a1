/* type_state.h - the type attribute cache, what static types have of each interpreter, free lists of bound methods, in KrInterp. */
#ifndef KRAIT_TYPE_STATE_H
#define KRAIT_TYPE_STATE_H

#define KR_TYPE_CACHE_SIZE 4096  /* entries, a power of two */
typedef struct {
    unsigned int version;        /* the type's tp_version_tag this entry is for; 0 = empty */
    PyObject *name;              /* owned: its address must stay its own */
    PyObject *value;             /* borrowed from the class; NULL = known to be absent */
} KrTypeCacheEntry;
typedef struct {
    KrTypeCacheEntry cache[KR_TYPE_CACHE_SIZE];
    unsigned int cache_mask, cache_evictions;   /* of an entry's index: a quarter of the cache is used until many entries had to make room */
    struct KrStaticType **static_types; /* object/static_type.h: open addressing by the type's address; NULL: none yet */
    size_t static_type_count, static_type_mask;
    PyMethodObject *method_free;        /* dead bound methods, linked by im_self */
    PyCFunctionObject *cfunction_free;  /* dead builtin functions, linked by m_self */
    int method_free_count, cfunction_free_count;
} KrTypeState;

#endif
