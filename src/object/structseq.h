/* structseq.h - named-tuple types made in C: what the public header leaves out. */
#ifndef KRAIT_STRUCTSEQ_H
#define KRAIT_STRUCTSEQ_H
#include "krait.h"

/* As PyStructSequence_InitType2 and PyStructSequence_NewType, with more type flags. */
PyAPI_FUNC(int) _PyStructSequence_InitType(PyTypeObject *type, PyStructSequence_Desc *desc, unsigned long tp_flags);
PyAPI_FUNC(PyTypeObject *) _PyStructSequence_NewType(PyStructSequence_Desc *desc, unsigned long tp_flags);

#endif
