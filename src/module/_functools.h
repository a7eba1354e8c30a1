/* _functools.h - the types of the module _functools. */
#ifndef KRAIT_FUNCTOOLS_H
#define KRAIT_FUNCTOOLS_H
#include "krait.h"

extern PyTypeObject kr_lru_cache_type, kr_lru_link_type, kr_partial_type;

#endif
