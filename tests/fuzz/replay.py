"""Compiles every input that once broke the parser (tests/fuzz/parser) and prints a count; a crash is a failure, an exception is not."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = """
import ast, sys
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        data = file.read()
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if data[0] & 4 else ast.PyCF_ONLY_AST | ast.PyCF_TYPE_COMMENTS if data[0] & 8 else 0
    try:
        compile(data[1:].partition(b"\\0")[0], path, ("exec", "eval", "single")[data[0] % 3], flags)
    except Exception:
        pass
"""


def main():
    krait = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build", "krait")
    folder = os.path.join(ROOT, "tests", "fuzz", "parser")
    failed = 0
    inputs = sorted(os.listdir(folder))
    for name in inputs:
        code = subprocess.run([krait, "-W", "ignore", "-c", PROGRAM, os.path.join(folder, name)], capture_output=True, timeout=120).returncode
        if code:
            failed += 1
            print(f"{name}: exit status {code}")
    print(f"{len(inputs) - failed} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
