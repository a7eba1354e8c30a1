/* container.c - shutdown of the container types: empties their free lists. */
#include "object/container.h"
#include "object/dict_keys.h"
#include "object/list.h"
#include "object/range.h"
#include "object/tuple.h"
#include "runtime/lifecycle.h"

void kr_container_fini(KrInterp *interp) {
    kr_tuple_fini(interp);
    kr_list_fini(interp);
    kr_dict_fini(interp);
    kr_range_fini(interp);
    if (interp->container.slice_free != NULL)
        PyObject_GC_Del(interp->container.slice_free);
    interp->container.slice_free = NULL;
}
