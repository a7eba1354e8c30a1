/* marshal.h - what vm/code_store*.c need of marshal.c. */
#ifndef KRAIT_MARSHAL_H
#define KRAIT_MARSHAL_H
#include "krait.h"

/* One object from the bytes in front of `end`, which may not use references. */
PyObject *kr_marshal_read_part(const unsigned char *p, const unsigned char *end) KR_NEW_REF KR_MAY_RAISE;
/* The bytes of an object, without references. A string is not marked as interned if `plain`. */
PyObject *kr_marshal_write_part(PyObject *o, bool plain) KR_NEW_REF KR_MAY_RAISE;

#endif
