/* dict_views.h - what OrderedDict's views share with dict's. */
#ifndef KRAIT_DICT_VIEWS_H
#define KRAIT_DICT_VIEWS_H
#include "object/dict_keys.h"

void kr_dictview_dealloc(PyObject *self);
int kr_dictview_traverse(PyObject *self, visitproc visit, void *arg);

#endif
