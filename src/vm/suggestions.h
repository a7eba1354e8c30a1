/* suggestions.h - what an AttributeError or NameError may have meant. */
#ifndef KRAIT_SUGGESTIONS_H
#define KRAIT_SUGGESTIONS_H
#include "krait.h"

/* A name like the one that wasn't found; NULL, never an exception, when there is none. */
PyObject *kr_suggestion(PyObject *exc) KR_NEW_REF KR_RUNS_PYTHON;

#endif
