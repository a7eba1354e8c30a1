/* container_state.h - free lists of list, tuple, dict, set, in KrInterp. */
#ifndef KRAIT_CONTAINER_STATE_H
#define KRAIT_CONTAINER_STATE_H

#define KR_TUPLE_FREE_SIZES 20   /* tuples of 1 .. 19 items are kept */
#define KR_TUPLE_FREE_MAX 1000   /* of each size */
#define KR_FREE_MAX 80
typedef struct {
    PyTupleObject *tuple_free[KR_TUPLE_FREE_SIZES];  /* linked by ob_item[0] */
    int tuple_free_count[KR_TUPLE_FREE_SIZES];
    PyListObject *list_free[KR_FREE_MAX];
    int list_free_count;
    PyDictObject *dict_free[KR_FREE_MAX];
    int dict_free_count;
    struct _dictkeysobject *keys_free[KR_FREE_MAX];  /* smallest str-keyed blocks */
    int keys_free_count;
    PySliceObject *slice_free;                       /* the one slice that is kept */
    struct KrRangeIter *range_iter_free[8];
    int range_iter_free_count;
} KrContainerState;

#endif
