#!/usr/bin/python3.11
"""Programs that try to crash krait: each must end in an ordinary way, an exception at most.

usage: tests/robust.py [--krait PROGRAM] [--slower N] [-v] [NAME ...]

A file of tests/robust/ holds programs, each below a line "### name: outcomes", where outcomes are names of exceptions, separated by blanks, of which one must be
raised, or "ok" for none of them. Where an outcome is left out, any exception will do. Programs share what stands above a file's first name. Each runs in a process of
its own, with a limit on memory and time; death by a signal, a fatal error, an internal error (SystemError) or a report of a sanitizer is a failure.
"""
import argparse
import concurrent.futures
import glob
import os
import re
import resource
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MEMORY = 6 << 30
RUNNER = """
import sys
with open(sys.argv[1], encoding="utf-8") as file:
    source = file.read()
outcome = "ok"
try:
    exec(compile(source, sys.argv[2], "exec"), globals())
except BaseException as e:
    outcome = type(e).__name__
    if outcome in sys.argv[3:]:
        e.__traceback__ = e.__context__ = e.__cause__ = None
    else:
        __import__("traceback").print_exception(e)
sys.setrecursionlimit(1000)
print("outcome:", outcome, file=sys.__stdout__, flush=True)
"""


def programs(path):
    """(name, allowed outcomes, source) of every program of a file."""
    with open(path, encoding="utf-8") as f:
        head, *parts = re.split(r"^### ", f.read(), flags=re.M)
    stem = os.path.splitext(os.path.basename(path))[0]
    for part in parts:
        title, _, body = part.partition("\n")
        name, _, outcomes = title.partition(":")
        yield f"{stem}.{name.strip()}", outcomes.split(), head + body


def run(krait, name, allowed, source, slower):
    """None, or what went wrong."""
    sanitized = slower > 1
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "program.py")
        with open(path, "w", encoding="utf-8") as f:
            f.write(source)

        def limit():
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if not sanitized:
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        try:
            done = subprocess.run([krait, "-W", "ignore", "-c", RUNNER, path, name, *allowed], cwd=folder, env=env, capture_output=True, text=True, errors="replace",
                                  timeout=60 * slower, stdin=subprocess.DEVNULL, preexec_fn=limit)
        except subprocess.TimeoutExpired:
            return "does not end"
    tail = done.stderr[-1500:]
    if done.returncode < 0:
        return f"killed by signal {-done.returncode}\n{tail}"
    if "Fatal Python error" in done.stderr or "SystemError" in done.stderr or "Sanitizer: " in done.stderr and "ERROR: " in done.stderr or "runtime error:" in done.stderr:
        return tail
    outcomes = re.findall(r"^outcome: (\w+)$", done.stdout, re.M)
    if not outcomes or done.returncode:
        return f"exit status {done.returncode}\n{tail}"
    if outcomes[-1] == "SystemError" and "SystemError" not in allowed or allowed and outcomes[-1] not in allowed:
        return f"{outcomes[-1]}, expected {' '.join(allowed)}\n{tail}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--krait", default=os.path.join(ROOT, "build", "krait"))
    parser.add_argument("--slower", type=int, default=1)
    parser.add_argument("-v", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    todo = [p for path in sorted(glob.glob(os.path.join(ROOT, "tests/robust/*.txt"))) for p in programs(path)
            if not options.names or any(p[0].startswith(name) for name in options.names)]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (name, *_), problem in zip(todo, pool.map(lambda p: run(os.path.abspath(options.krait), *p, options.slower), todo)):
            if problem:
                failed += 1
                print(f"{name}: {problem}", flush=True)
            elif options.v:
                print(f"{name}: good", flush=True)
    print(f"{len(todo) - failed} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
