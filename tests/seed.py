#!/usr/bin/python3.11
"""The snippets of tests/seed, run as they are under krait and python3.11, as files and (but for threads and processes) typed at the prompt.

usage: tests/seed.py [--krait PROGRAM] [FILE ...]

They were collected for Python 2 and 3 and some have slips: what 3.11 refuses, krait must refuse with the same message. What no two runs have in
common does not count: addresses, process ids, how many objects there are for the collector. Threads and processes print in any order, and what
threads print comes in pieces, a text and its line end at two times: of those either the lines or else the characters must be the same.
"""
import argparse
import concurrent.futures
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
UNORDERED = ("threads", "fork", "process", "pool")
ANYTHING = [(r"0x[0-9a-f]+", "ADDRESS"), (r"pid:\d+", "PID"), (r"(child|parent) process \d+, [1-9]\d*", r"\1 process PID, PID"),
            (r"child process \d+", "child process PID")]
# What the collector finds depends on all that start-up has made.
COLLECTOR = [(r"(?m)^gc: .*\n", ""), (r"(?m)^\(\d+, \d+, \d\)$", "COUNTS")]


def run(program, path, typed):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    env |= {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    command, text = [program, path], ""
    collector = "_gc" in path
    if typed:
        command = [program, "-i", "-q"]
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            text = ("import gc; _ = gc.collect()\n" if collector else "") + f.read()
    done = subprocess.run(command, cwd=ROOT, env=env, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", timeout=120)
    result = [done.returncode, done.stdout, done.stderr]
    for i in (1, 2):
        for pattern, name in ANYTHING + (COLLECTOR if collector else []):
            result[i] = re.sub(pattern, name, result[i])
    return result


def same(path, a, b):
    if a == b:
        return True
    if not any(word in path for word in UNORDERED):
        return False
    return any([a[0], *(sorted(key(text)) for text in a[1:])] == [b[0], *(sorted(key(text)) for text in b[1:])] for key in (str.splitlines, list))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--krait", default=os.path.join(ROOT, "build", "krait"))
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    files = options.files or sorted(glob.glob(os.path.join(ROOT, "tests/seed/*.py")))
    failed = 0
    jobs = [(os.path.relpath(os.path.abspath(path), ROOT), typed) for path in files for typed in ((False,) if any(word in path for word in UNORDERED) else (False, True))]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:      # most of them sleep
        ours = [pool.submit(run, options.krait, *job) for job in jobs]
        theirs = [pool.submit(run, "/usr/bin/python3.11", *job) for job in jobs]
    for (path, typed), a, b in zip(jobs, ours, theirs):
        if same(path, a.result(), b.result()):
            continue
        failed += 1
        print(f"{path}{', typed' if typed else ''}: different")
        for name, x, y in zip(("status", "output", "errors"), map(str, a.result()), map(str, b.result())):
            if x != y:
                print(f"  {name} of krait:\n{x[-1500:]}\n  {name} of python3.11:\n{y[-1500:]}")
    print(f"{len(jobs) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
