#!/usr/bin/env python3.11
"""Writes src/module/unicodedata_tables.h and unicodedata_name_tables.h: the character database as module unicodedata serves it.

    python3.11 tools/make_unicodedata_tables.py [directory to write to [directory of NameAliases.txt and NamedSequences.txt]]

The facts are asked of a CPython 3.11's unicodedata (Unicode 14.0). It can't list aliases and named sequences: candidates come from the Unicode
Consortium's two files, of 14.0 or later, and those stay that it knows.
"""
import collections
import re
import sys
import unicodedata

OLD = unicodedata.ucd_3_2_0
CATEGORIES = ["Cn", "Lu", "Ll", "Lt", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Lm", "Lo", "Pc", "Pd", "Ps", "Pe",
              "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So"]
BIDI = ["", "L", "LRE", "LRO", "R", "AL", "RLE", "RLO", "PDF", "EN", "ES", "ET", "AN", "CS", "NSM", "BN", "B", "S", "WS", "ON", "LRI", "RLI", "FSI", "PDI"]
WIDTHS = ["F", "H", "W", "Na", "A", "N"]
FORMS = ["NFD", "NFKD", "NFC", "NFKC"]
CODES = range(0x110000)
SYMBOLS = [chr(c) for c in range(33, 127) if chr(c) not in "\"\\?"]
NAMES_PER_BLOCK = 16


class Table:
    """A list of distinct rows and, for each character, which of them is its."""

    def __init__(self, name, first=None):
        self.name, self.rows, self.index, self.of_char = name, [], {}, []
        if first is not None:
            self.intern(first)

    def intern(self, row):
        if row not in self.index:
            self.index[row] = len(self.rows)
            self.rows.append(row)
        return self.index[row]

    def add(self, row):
        self.of_char.append(self.intern(row))

    def write_index(self, out):
        """The two stages: of_char[c] == index2[index1[c >> 7] * 128 + c % 128]."""
        blocks = {}
        first = [blocks.setdefault(tuple(self.of_char[i:i + 128]), len(blocks)) for i in range(0, 0x110000, 128)]
        numbers(out, self.name + "_index1", first)
        numbers(out, self.name + "_index2", [v for b in blocks for v in b])


def numbers(out, name, values, ctype=None):
    top = max(values)
    ctype = ctype or ("unsigned char" if top < 256 else "unsigned short" if top < 65536 else "unsigned int")
    out.write(f"static const {ctype} {name}[] = {{\n")
    for i in range(0, len(values), 40):
        out.write(",".join(map(str, values[i:i + 40])) + ",\n")
    out.write("};\n")


def literal(out, name, lines):
    out.write(f"static const char {name}[] =\n" + "".join(f'"{line}"\n' for line in lines) + ";\n")


def facts(db, c, quick):
    """A row of CharFacts."""
    return (CATEGORIES.index(db.category(c)), BIDI.index(db.bidirectional(c)), db.combining(c), db.mirrored(c),
            WIDTHS.index(db.east_asian_width(c)), quick)


def characters(out):
    """Facts of each character now, and in 3.2.0 where that differs; decompositions and compositions."""
    decompositions, pairs, seconds = {}, [], set()
    prefixes = [""]
    for code in CODES:
        text = unicodedata.decomposition(chr(code))
        if text:
            parts = text.split()
            prefix = parts.pop(0) if parts[0].startswith("<") else ""
            if prefix not in prefixes:
                prefixes.append(prefix)
            decompositions[code] = (prefixes.index(prefix), [int(p, 16) for p in parts])
    for code, (prefix, to) in decompositions.items():
        if not prefix and len(to) == 2 and unicodedata.normalize("NFC", chr(to[0]) + chr(to[1])) == chr(code):
            pairs.append((to[0], to[1], code))
            seconds.add(to[1])
    seconds.update(range(0x1161, 0x1176))
    seconds.update(range(0x11A8, 0x11C3))
    now, old, decomposed = Table("facts"), Table("old"), Table("decomposition")
    data = [0]
    now.intern(facts(unicodedata, "\uffff", 0))
    old.intern(None)
    decomposed.intern(0)
    for code in CODES:
        c = chr(code)
        quick = 0
        for i, form in enumerate(FORMS):
            if unicodedata.normalize(form, c) != c:
                quick |= 1 << 2 * i
            elif i >= 2 and code in seconds:
                quick |= 2 << 2 * i
        row = facts(unicodedata, c, quick)
        now.add(row)
        before = facts(OLD, c, quick) + (OLD.decimal(c, -1), OLD.digit(c, -1), OLD.numeric(c, -1.0))
        after = row + (unicodedata.decimal(c, -1), unicodedata.digit(c, -1), unicodedata.numeric(c, -1.0))
        assigned, correction = before[0] != 0, 0
        if assigned:
            assert OLD.decomposition(c) == unicodedata.decomposition(c)
            if OLD.normalize("NFD", c) != unicodedata.normalize("NFD", c):
                correction = ord(OLD.normalize("NFD", c))
        old.add(before + (correction,) if before != after or correction else None)
        at = 0
        if code in decompositions:
            prefix, to = decompositions[code]
            at = len(data)
            data += [prefix << 8 | len(to), *to]
        decomposed.add(at)
    # rows of the decompositions are offsets into the data: let the index hold those
    decomposed.of_char = [decomposed.rows[i] for i in decomposed.of_char]
    for name, values in ("category", CATEGORIES), ("bidi", BIDI), ("width", WIDTHS), ("prefix", prefixes):
        out.write(f"static const char {name}_names[][{max(map(len, values)) + 1}] = {{" + ", ".join(f'"{v}"' for v in values) + "};\n")
    out.write("static const CharFacts char_facts[] = {\n" + "".join("{" + ",".join(map(str, r)) + "},\n" for r in now.rows) + "};\n")
    now.write_index(out)
    out.write("static const OldFacts old_facts[] = {\n{{0},0,0,0,0},\n" + "".join("{{%s},%d,%d,%r,%d},\n" % (",".join(map(str, r[:6])), *r[6:])
                                                                         for r in old.rows[1:]) + "};\n")
    old.write_index(out)
    numbers(out, "decomposition_data", data)
    decomposed.write_index(out)
    out.write("static const Composition compositions[] = {\n")
    for a, b, c in sorted(pairs):
        out.write(f"{{{a},{b},{c}}},\n")
    out.write("};\n")


def split_name(name):
    """The words of a name: a space stands before each word but the first and those that follow a word ending in '-'."""
    words = []
    for part in re.sub("- ", "-\0", name).split(" "):
        words += re.findall(r"(?:[^-\0]|-\0[^-\0])*-(?!\0)|(?:[^-\0]|-\0)+", part)
    words = [w.replace("\0", " ") for w in words]
    text = ""
    for w in words:
        text += ("" if not text or text.endswith("-") else " ") + w
    assert text == name, (text, name, words)
    return words


def names(out):
    """The names as strings of symbols that stand for words, the order of the names, and the ranges whose names end in the code."""
    listed, ranges = [], []
    for code in CODES:
        name = unicodedata.name(chr(code), "")
        if not name or name.startswith("HANGUL SYLLABLE "):
            continue
        digits = f"-{code:04X}"
        if name.endswith(digits):
            prefix = name[:-len(digits) + 1]
            if ranges and ranges[-1][2] == prefix and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code, prefix])
        else:
            listed.append((code, name))
    prefixes = sorted({r[2] for r in ranges}, key=lambda p: (not p.startswith("CJK UNIFIED"), p))
    out.write("static const char hex_prefixes[][%d] = {" % (max(map(len, prefixes)) + 1) + ", ".join(f'"{p}"' for p in prefixes) + "};\n")
    out.write("static const HexRange hex_ranges[] = {\n" + "".join(f"{{{a},{b},{prefixes.index(p)}}},\n" for a, b, p in ranges) + "};\n")

    words = collections.Counter(w for _, name in listed for w in split_name(name))
    ordered = [w for w, n in sorted(words.items(), key=lambda item: (-item[1], item[0]))]
    n = len(SYMBOLS)
    best = None
    for three in range(0, 8):
        for two in range(0, n - three):
            one = n - two - three
            if one + two * n + three * n * n >= len(ordered):
                counts = [words[w] for w in ordered]
                size = sum(counts[:one]) + 2 * sum(counts[one:one + two * n]) + 3 * sum(counts[one + two * n:])
                best = min(best or (size, one, two), (size, one, two))
    size, one, two = best
    out.write(f"enum {{ SYMBOL_COUNT = {n}, ONE_SYMBOL = {one}, TWO_SYMBOLS = {two}, NAMES_PER_BLOCK = {NAMES_PER_BLOCK} }};\n")
    values = [SYMBOLS.index(chr(c)) if chr(c) in SYMBOLS else 255 for c in range(128)]
    numbers(out, "symbol_values", values)

    def spell(i):
        if i < one:
            return SYMBOLS[i]
        i -= one
        if i < two * n:
            return SYMBOLS[one + i // n] + SYMBOLS[i % n]
        i -= two * n
        return SYMBOLS[one + two + i // (n * n)] + SYMBOLS[i // n % n] + SYMBOLS[i % n]

    spelling = {w: spell(i) for i, w in enumerate(ordered)}
    offsets, at = [], 0
    for w in ordered:
        offsets.append(at)
        at += len(w)
    offsets.append(at)
    numbers(out, "word_offsets", offsets)
    literal(out, "word_letters", ["".join(ordered)[i:i + 200] for i in range(0, at, 200)])

    runs, lines, blocks, at, line = [], [], [], 0, ""
    for rank, (code, name) in enumerate(listed):
        if rank % NAMES_PER_BLOCK == 0:
            blocks.append(at)
            if line:
                lines.append(line)
            line = ""
        text = "".join(spelling[w] for w in split_name(name)) + " "
        at += len(text)
        line += text
        if runs and runs[-1][0] + runs[-1][1] == code:
            runs[-1][1] += 1
        else:
            runs.append([code, 1, rank])
    lines.append(line)
    literal(out, "name_symbols", lines)
    numbers(out, "name_blocks", blocks)
    out.write("static const NameRun name_runs[] = {\n")
    for i in range(0, len(runs), 8):
        out.write("".join("{%d,%d,%d}," % tuple(r) for r in runs[i:i + 8]) + "\n")
    out.write("};\n")
    numbers(out, "names_in_order", [r for _, r in sorted((name, r) for r, (_, name) in enumerate(listed))], "unsigned short")


def other_names(out, directory):
    """Names that lookup() knows and name() does not give: aliases, and sequences of several characters."""
    found = {}
    for file in "NameAliases.txt", "NamedSequences.txt":
        with open(f"{directory}/{file}", encoding="utf-8") as lines:
            for line in lines:
                fields = line.split("#")[0].strip().split(";")
                if len(fields) < 2:
                    continue
                name = fields[1] if file == "NameAliases.txt" else fields[0]
                try:
                    text = unicodedata.lookup(name)
                except KeyError:
                    continue
                if len(text) > 1 or unicodedata.name(text, "") != name:
                    found[name] = text
    assert max(map(len, found.values())) <= 4
    out.write("static const OtherName other_names[] = {\n")
    for name, text in sorted(found.items()):
        out.write('{"%s",%d,{%s}},\n' % (name, len(text), ",".join(str(ord(c)) for c in text)))
    out.write("};\n")


def main(to="src/module", directory="/usr/share/unicode"):
    for name, parts in ("unicodedata_tables", [characters]), ("unicodedata_name_tables", [names, lambda out: other_names(out, directory)]):
        with open(f"{to}/{name}.h", "w", encoding="ascii") as out:
            out.write(f"/* {name}.h - written by tools/make_unicodedata_tables.py; Unicode {unicodedata.unidata_version} and {OLD.unidata_version}. */\n")
            for part in parts:
                part(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
