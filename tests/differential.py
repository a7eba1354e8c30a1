#!/usr/bin/python3.11
"""The same program under krait and under python3.11: output, errors and exit status must be equal.

usage: tests/differential.py [--krait PROGRAM] [--slower N] [FILE ...]     (default: tests/lang/*.py and examples/*.py)

A file whose first line ends in "krait only" is compared with the file of expected output beside it (NAME.out) instead.
"""
import argparse
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run(program, path, slower=1):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([program, path], cwd=ROOT, env=env, capture_output=True, timeout=120 * slower, text=True, errors="replace", stdin=subprocess.DEVNULL)
    return [done.returncode, re.sub(r"0x[0-9a-f]+", "0x...", done.stdout), re.sub(r"0x[0-9a-f]+", "0x...", done.stderr)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--krait", default=os.path.join(ROOT, "build", "krait"))
    parser.add_argument("--slower", type=int, default=1, help="how many times as long the program may take")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    files = options.files or sorted(glob.glob(os.path.join(ROOT, "tests/lang/*.py")) + glob.glob(os.path.join(ROOT, "examples/*.py")))
    passed = failed = 0
    for path in files:
        path = os.path.relpath(os.path.abspath(path), ROOT)
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            alone = f.readline().rstrip().endswith("krait only")
        ours = run(options.krait, path, options.slower)
        if alone:
            with open(os.path.join(ROOT, path[:-3] + ".out"), encoding="utf-8") as f:
                theirs = [0, f.read(), ""]
        else:
            theirs = run("/usr/bin/python3.11", path)
        if ours == theirs:
            passed += 1
            continue
        failed += 1
        print(f"{path}: different")
        for name, a, b in zip(("status", "output", "errors"), ours, theirs):
            if a != b:
                print(f"  {name} of krait:\n{str(a)[-1500:]}\n  {name} of python3.11:\n{str(b)[-1500:]}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
