#!/usr/bin/env python3.11
"""Writes src/object/unicode_tables.h: what str has to know about each character.

Run it by a CPython 3.11 (Unicode 14.0): the facts are asked of its str methods and its module unicodedata.
"""
import sys
import unicodedata

FLAGS = ["ALPHA", "DECIMAL", "DIGIT", "NUMERIC", "PRINTABLE", "SPACE", "LINEBREAK", "LOWER", "UPPER", "TITLE", "CASED",
         "CASE_IGNORABLE", "XID_START", "XID_CONTINUE"]
SHIFT = 7


def flags(c):
    """The bits of FLAGS that hold for the character c."""
    cased = (c + "a").title()[-1] == "a"
    final = [(x + "\u03a3").lower()[-1] == "\u03c2" for x in (c, "A" + c)]
    facts = [c.isalpha(), c.isdecimal(), c.isdigit(), c.isnumeric(), c.isprintable(), c.isspace(), len(("a" + c + "b").splitlines()) == 2,
             c.islower(), c.isupper(), unicodedata.category(c) == "Lt", cased, final[1] and not final[0],
             c != "_" and c.isidentifier(), ("a" + c).isidentifier()]
    return sum(bool(f) << i for i, f in enumerate(facts))


def rows(out, values, per_line=24):
    for i in range(0, len(values), per_line):
        out.write("    " + ",".join(str(v) for v in values[i:i + per_line]) + ",\n")


def main(path):
    records, record_of, plane, special, numerics = [], {}, [], [], []
    for code in range(0x110000):
        c = chr(code)
        surrogate = 0xD800 <= code <= 0xDFFF
        full = [c] * 4 if surrogate else [c.lower(), c.upper(), c.title(), c.casefold()]
        lower, upper, title = (ord(text[0]) for text in full[:3])      # CPython's simple mappings are the full ones' first characters
        index = 0
        if [full[0], full[1], full[2], full[3]] != [chr(lower), chr(upper), chr(title), chr(lower)]:
            index = len(special) + 1
            for text in full:
                special.append([len(text)] + [ord(x) for x in text.ljust(3, "\0")])
        if c.isnumeric():
            numerics.append((code, unicodedata.numeric(c)))
        record = (flags(c), unicodedata.decimal(c, -1), unicodedata.digit(c, -1), lower - code, upper - code, title - code, index)
        if record not in record_of:
            record_of[record] = len(records)
            records.append(record)
        plane.append(record_of[record])
    blocks, block_of, stage1 = [], {}, []
    for i in range(0, len(plane), 1 << SHIFT):
        block = tuple(plane[i:i + (1 << SHIFT)])
        if block not in block_of:
            block_of[block] = len(blocks)
            blocks.append(block)
        stage1.append(block_of[block])
    with open(path, "w", encoding="ascii") as out:
        out.write(f"/* unicode_tables.h - written by tools/make_unicode_tables.py; Unicode {unicodedata.unidata_version}. */\n")
        for i, name in enumerate(FLAGS):
            out.write(f"#define CT_{name} {1 << i}\n")
        out.write(f"#define CT_SHIFT {SHIFT}\n")
        out.write("static const CharRecord char_records[] = {\n")
        for r in records:
            out.write("    {" + ",".join(map(str, r)) + "},\n")
        out.write("};\nstatic const unsigned short char_index1[] = {\n")
        rows(out, stage1)
        out.write("};\nstatic const unsigned short char_index2[] = {\n")
        rows(out, [v for b in blocks for v in b])
        out.write("};\n/* full mappings: count and up to three code points, of lower, upper, title, fold */\nstatic const Py_UCS4 char_special[][4] = {\n")
        for s in special:
            out.write("    {" + ",".join(map(str, s)) + "},\n")
        out.write("};\nstatic const struct { Py_UCS4 code; double value; } char_numeric[] = {\n")
        for code, value in numerics:
            out.write(f"    {{{code},{value!r}}},\n")
        out.write("};\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "src/object/unicode_tables.h")
