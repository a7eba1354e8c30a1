/* io.h - what the files of the module `_io` share.
 *
 * The classes are static types, one file each: the abstract bases in iobase.c, then FileIO, BytesIO, StringIO, the buffered
 * classes, the text layer. Every concrete object owns the object below it (raw, buffer) until detach().
 */
#ifndef KRAIT_IO_H
#define KRAIT_IO_H
#include "krait.h"

#define IO_BUFFER_SIZE 8192

extern PyTypeObject kr_io_base_type, kr_io_rawbase_type, kr_io_bufferedbase_type, kr_io_textbase_type, kr_io_fileio_type, kr_io_bytesio_type,
    kr_io_bytesbuffer_type, kr_io_stringio_type, kr_io_reader_type, kr_io_writer_type, kr_io_random_type, kr_io_rwpair_type, kr_io_wrapper_type,
    kr_io_newline_type;

/* io.UnsupportedOperation: new reference. */
PyObject *kr_io_unsupported_class(void);
/* Raises UnsupportedOperation(text); NULL. */
PyObject *kr_io_unsupported(const char *text);
/* self.<capability>() must be true; else UnsupportedOperation(message). 0 or -1. */
int kr_io_check(PyObject *self, PyObject *capability, const char *message);
/* Whether self.closed; -1 on error. */
int kr_io_is_closed(PyObject *self);
/* What is below an object of exactly such a class, or NULL when it has none (any more); borrowed. */
PyObject *kr_io_text_below(PyObject *self) KR_BORROWED;
PyObject *kr_io_buffered_below(PyObject *self) KR_BORROWED;
int kr_io_fileio_is_closed(PyObject *self);
/* Raises ValueError when self.closed. 0 or -1. */
int kr_io_check_closed(PyObject *self);
/* Calls a method without arguments and drops the result. 0 or -1. */
int kr_io_call(PyObject *self, PyObject *name);
/* "None or an int" size arguments: -1 for None. An "O&" converter. */
int kr_io_size(PyObject *o, void *size);
/* The base class's behaviour at deallocation: closes, reports nothing but unraisable errors. 0, or -1 when resurrected. */
int kr_io_finalize_from_dealloc(PyObject *self);
/* Tells the object below that `source` is dropped unclosed: FileIO warns in its name. Keeps the current exception. */
void kr_io_dealloc_warn(PyObject *below, PyObject *source);
/* Translates line ends of text as IncrementalNewlineDecoder does; new reference. Steals nothing. */
PyObject *kr_io_newline_decode(PyObject *decoder, PyObject *input, int final);
/* End (exclusive) of the first line in text[start:]; -1 when there is none, *consumed then says how far was looked.
 * translated: only \n ends lines; universal: \n, \r, \r\n; else `newline` does. */
Py_ssize_t kr_io_find_line(PyObject *text, Py_ssize_t start, int translated, int universal, PyObject *newline, Py_ssize_t *consumed);
/* open(); the implementation of io.open. */
PyObject *kr_io_open(PyObject *file, const char *mode, int buffering, const char *encoding, const char *errors, const char *newline, int closefd, PyObject *opener);
/* An off_t of a Python int, or a position raised as what `exc` says (NULL: clip). */
long long kr_io_offset(PyObject *o, PyObject *exc);
#endif
