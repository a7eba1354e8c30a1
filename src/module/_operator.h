/* _operator.h - the types of the module _operator. */
#ifndef KRAIT_OPERATOR_H
#define KRAIT_OPERATOR_H
#include "krait.h"

extern PyTypeObject kr_itemgetter_type, kr_attrgetter_type, kr_methodcaller_type;

#endif
