/* bytes_methods.h - the methods that bytes and bytearray share, and the table entries both include. */
#ifndef KRAIT_BYTES_METHODS_H
#define KRAIT_BYTES_METHODS_H
#include "krait.h"

/* X(name, kind of signature, docstring): one row a method. */
#define KR_BYTES_SHARED_METHODS(X)                                                                                                    \
    X(capitalize, NOARGS, "B.capitalize() -> copy of B\n\nThe first byte in upper case, the rest in lower case (ASCII only).")  \
    X(center, FAST, "center($self, width, fillchar=b\' \', /)\n--\n\nCentred in a byte string of the given width.")         \
    X(count, FAST, "B.count(sub[, start[, end]]) -> int\n\nHow often sub occurs in B[start:end] without overlapping.")      \
    X(decode, KW,                                                                                          \
      "decode($self, /, encoding=\'utf-8\', errors=\'strict\')\n--\n\nThe str that these bytes encode.")                             \
    X(endswith, FAST, "B.endswith(suffix[, start[, end]]) -> bool\n\nWhether B[start:end] ends with suffix or one of a tuple.") \
    X(expandtabs, KW, "expandtabs($self, /, tabsize=8)\n--\n\nA copy with tabs replaced by spaces.")       \
    X(find, FAST, "B.find(sub[, start[, end]]) -> int\n\nThe lowest index of sub in B[start:end], or -1.")                   \
    X(hex, KW,                                                                                             \
      "hex($self, /, sep=<unrepresentable>, bytes_per_sep=1)\n--\n\nA str of hexadecimal digits, with separators on demand: "         \
      "counted from the right when bytes_per_sep is positive, else from the left.\n\n"                                                \
      ">>> b'krait'.hex()\n'6b72616974'\n>>> b'krait'.hex(' ')\n'6b 72 61 69 74'\n>>> b'krait'.hex('-', 2)\n'6b-7261-6974'\n"        \
      ">>> b'krait'.hex('-', -2)\n'6b72-6169-74'\n>>> bytearray(b'krait').hex(':', 3)\n'6b72:616974'")                                 \
    X(index, FAST, "B.index(sub[, start[, end]]) -> int\n\nLike find(), but ValueError when there is none.")                 \
    X(isalnum, NOARGS, "B.isalnum() -> bool\n\nWhether all bytes are ASCII letters or digits, and there is one.")                \
    X(isalpha, NOARGS, "B.isalpha() -> bool\n\nWhether all bytes are ASCII letters, and there is one.")                          \
    X(isascii, NOARGS, "B.isascii() -> bool\n\nWhether all bytes are below 0x80.")                                               \
    X(isdigit, NOARGS, "B.isdigit() -> bool\n\nWhether all bytes are ASCII digits, and there is one.")                           \
    X(islower, NOARGS, "B.islower() -> bool\n\nWhether all letters are in lower case, and there is one.")                        \
    X(isspace, NOARGS, "B.isspace() -> bool\n\nWhether all bytes are ASCII white space, and there is one.")                      \
    X(istitle, NOARGS, "B.istitle() -> bool\n\nWhether every word begins in upper case and goes on in lower case.")              \
    X(isupper, NOARGS, "B.isupper() -> bool\n\nWhether all letters are in upper case, and there is one.")                        \
    X(join, O, "join($self, iterable_of_bytes, /)\n--\n\nThe given byte strings one after the other, self between them.")        \
    X(ljust, FAST, "ljust($self, width, fillchar=b\' \', /)\n--\n\nLeft-justified in the given width.")                      \
    X(lower, NOARGS, "B.lower() -> copy of B\n\nASCII letters in lower case.")                                                   \
    X(lstrip, FAST, "lstrip($self, bytes=None, /)\n--\n\nWithout the leading bytes of a set, by default ASCII white space.") \
    X(partition, O, "partition($self, sep, /)\n--\n\n(before, sep, after) at the first sep; (all, empty, empty) without.")       \
    X(removeprefix, O, "removeprefix($self, prefix, /)\n--\n\nWithout the prefix, if it is there.")                              \
    X(removesuffix, O, "removesuffix($self, suffix, /)\n--\n\nWithout the suffix, if it is there.")                              \
    X(replace, FAST, "replace($self, old, new, count=-1, /)\n--\n\nA copy with old replaced by new, at most count times.")   \
    X(rfind, FAST, "B.rfind(sub[, start[, end]]) -> int\n\nThe highest index of sub in B[start:end], or -1.")                \
    X(rindex, FAST, "B.rindex(sub[, start[, end]]) -> int\n\nLike rfind(), but ValueError when there is none.")              \
    X(rjust, FAST, "rjust($self, width, fillchar=b\' \', /)\n--\n\nRight-justified in the given width.")                     \
    X(rpartition, O, "rpartition($self, sep, /)\n--\n\n(before, sep, after) at the last sep; (empty, empty, all) without.")      \
    X(rsplit, KW,                                                                                          \
      "rsplit($self, /, sep=None, maxsplit=-1)\n--\n\nThe parts between separators, counting splits from the right.")                 \
    X(rstrip, FAST, "rstrip($self, bytes=None, /)\n--\n\nWithout the trailing bytes of a set, by default white space.")      \
    X(split, KW,                                                                                           \
      "split($self, /, sep=None, maxsplit=-1)\n--\n\nThe parts between separators; without sep, between runs of white space.")        \
    X(splitlines, KW,                                                                                      \
      "splitlines($self, /, keepends=False)\n--\n\nThe lines, with their ends when keepends is true.")                                \
    X(startswith, FAST, "B.startswith(prefix[, start[, end]]) -> bool\n\nWhether B[start:end] starts with prefix or one of a tuple.") \
    X(strip, FAST, "strip($self, bytes=None, /)\n--\n\nWithout the leading and trailing bytes of a set.")                    \
    X(swapcase, NOARGS, "B.swapcase() -> copy of B\n\nASCII letters in the other case.")                                         \
    X(title, NOARGS, "B.title() -> copy of B\n\nEvery ASCII word with an upper case initial, the rest in lower case.")           \
    X(translate, KW,                                                                                       \
      "translate($self, table, /, delete=b\'\')\n--\n\nA copy mapped through a table of 256 bytes (or None), some deleted first.")    \
    X(upper, NOARGS, "B.upper() -> copy of B\n\nASCII letters in upper case.")                                                   \
    X(zfill, O, "zfill($self, width, /)\n--\n\nPadded with zeros on the left, after a sign.")

/* Each is kr_bytes_<name>, with the signature that its kind asks for. */
#define KR_BYTES_FLAGS_NOARGS METH_NOARGS
#define KR_BYTES_FLAGS_O METH_O
#define KR_BYTES_FLAGS_FAST METH_FASTCALL
#define KR_BYTES_FLAGS_KW (METH_FASTCALL | METH_KEYWORDS)
#define KR_BYTES_SIGNATURE_NOARGS (PyObject * self, PyObject *ignored)
#define KR_BYTES_SIGNATURE_O (PyObject * self, PyObject *arg)
#define KR_BYTES_SIGNATURE_FAST (PyObject * self, PyObject *const *args, Py_ssize_t nargs)
#define KR_BYTES_SIGNATURE_KW (PyObject * self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
#define KR_BYTES_SHARED_ENTRY(name, kind, doc) {#name, KR_METH(kr_bytes_##name), KR_BYTES_FLAGS_##kind, PyDoc_STR(doc)},
#define KR_BYTES_SHARED_DECLARE(name, kind, doc) PyObject *kr_bytes_##name KR_BYTES_SIGNATURE_##kind KR_NEW_REF KR_MAY_RAISE;
KR_BYTES_SHARED_METHODS(KR_BYTES_SHARED_DECLARE)

/* maketrans, a static method of both */
PyObject *kr_bytes_maketrans(PyObject *, PyObject *const *args, Py_ssize_t nargs) KR_NEW_REF KR_MAY_RAISE;
#define KR_BYTES_MAKETRANS_ENTRY                                                                      \
    {"maketrans", KR_METH(kr_bytes_maketrans), METH_FASTCALL | METH_STATIC,                           \
     PyDoc_STR("maketrans(frm, to, /)\n--\n\nA table for translate() that maps each byte of frm to its counterpart in to.")},

#endif
