/* genericalias.h - the insides of types.GenericAlias: origin[args], starred in *tuple[int]. */
#ifndef KRAIT_GENERICALIAS_H
#define KRAIT_GENERICALIAS_H
#include "krait.h"

typedef struct {
    PyObject_HEAD
    PyObject *origin;
    PyObject *args;           /* tuple */
    PyObject *parameters;     /* tuple; NULL until asked for */
    PyObject *weakreflist;
    vectorcallfunc vectorcall;
    bool starred;
} KrGenericAlias;
#define KR_GENERIC_ALIAS(o) ((KrGenericAlias *)(o))

/* What iter(list[int]) gives: it yields *list[int] once. */
extern PyTypeObject kr_GenericAliasIter_Type;

#endif
