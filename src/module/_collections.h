/* _collections.h - the types of the module _collections. */
#ifndef KRAIT__COLLECTIONS_H
#define KRAIT__COLLECTIONS_H
#include "krait.h"

extern PyTypeObject kr_deque_type, kr_deque_iter_type, kr_deque_reverse_iter_type;

#endif
