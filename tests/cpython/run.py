#!/usr/bin/python3.11
"""Runs CPython's own tests under krait and compares with tests/cpython/table.tsv.

usage: tests/cpython/run.py [--krait PROGRAM] [--update] [--quick] [-j N] [--timeout SECONDS] [--slower N] [--fresh] [TEST ...]

Each file runs as `krait -m unittest -v test.NAME` (a few as `krait -m test.NAME`) with a time limit. Results are kept in build/conformance, so an interrupted run goes on where
it stopped (--fresh forgets them). A file fails when fewer of its tests pass than the table says, when it crashes or hangs and
did not in the table, or when a test fails whose name, or that of its class, is not in the table's last column. --quick runs the files marked quick; --update writes what was found into the table.
The last line is "N passed, N failed, N skipped", in tests.
"""
import argparse
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLE = os.path.join(ROOT, "tests", "cpython", "table.tsv")
RESULTS = os.path.join(ROOT, "build", "conformance")
LINE = re.compile(r"^.*\.\.\. (?:.*?)(ok|FAIL|ERROR|skipped .*|expected failure|unexpected success)$")
HEAD = re.compile(r"^(?:FAIL|ERROR): (\S+) \((?:test|__main__)\.?(\S*)\)", re.M)
# Files that make their test classes in test_main(), which unittest doesn't call.
AS_PROGRAMS = {"test_decimal", "test_pep646_syntax", "test_xml_etree", "test_xml_etree_c"}
# Files that take long under any Python: what their time limit is multiplied by.
SLOW = {"test_asyncio": 3, "test_multiprocessing_fork": 3, "test_multiprocessing_forkserver": 3, "test_regrtest": 2, "test_socket": 2, "test_concurrent_futures": 4,
        "test_multiprocessing_spawn": 6}
# Files of which regrtest leaves out what waits for an answer that nobody gives, or writes several GB.
BY_REGRTEST = {"test_socket": ["-u", "all", "-i", "*ThreadedVSOCKSocketStreamTest*"], "test_zipfile64": ["-u", "all,-largefile"]}
FIELDS = ["file", "state", "passed", "failed", "skipped", "quick", "why"]


def read_table():
    rows = {}
    with open(TABLE, encoding="utf-8") as f:
        for line in f:
            if line.startswith("#") or not line.strip():
                continue
            row = dict(zip(FIELDS, line.rstrip("\n").split("\t")))
            rows[row["file"]] = row
    return rows


def write_table(rows):
    with open(TABLE, encoding="utf-8") as f:
        head = [line for line in f if line.startswith("#")]
    with open(TABLE, "w", encoding="utf-8") as f:
        f.writelines(head)
        for name in sorted(rows):
            f.write("\t".join(str(rows[name].get(k, "")) for k in FIELDS) + "\n")


def run_one(krait, name, timeout):
    """state is pass, part, crash, hang or fail (nothing ran)."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "TERM": "xterm", "PYTHONREGRTEST_UNICODE_GUARD": "\N{SMILING FACE WITH SUNGLASSES}"}  # the last as regrtest
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(RESULTS, name + ".log"), "w+", encoding="utf-8", errors="replace") as log:
        try:
            command = (["test." + name] if name in AS_PROGRAMS else ["test", "-v", *BY_REGRTEST[name], name] if name in BY_REGRTEST
                       else ["unittest", "-v", "test." + name])
            code = subprocess.run([krait, "-m", *command], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                                  stdout=log, stderr=subprocess.STDOUT, timeout=timeout).returncode
        except subprocess.TimeoutExpired:
            code = None
        log.seek(0)
        text = log.read()
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for line in text.splitlines():
        match = LINE.match(line)
        if match:
            what = match[1]
            counts["passed" if what in ("ok", "expected failure") else "skipped" if what.startswith("skipped") else "failed"] += 1
    summary = re.findall(r"^Ran (\d+) tests?", text, re.M)
    bad = re.findall(r"^FAILED \((.*)\)", text, re.M)
    if summary:
        # counts of the summary: output of the tests themselves may have split the lines above
        numbers = dict(re.findall(r"(?<!expected )(\w+)=(\d+)", bad[-1] if bad else "".join(re.findall(r"^OK(.*)", text, re.M)[-1:])))
        counts["failed"] = int(numbers.get("failures", 0)) + int(numbers.get("errors", 0))
        counts["skipped"] = int(numbers.get("skipped", 0))
        counts["passed"] = max(0, sum(map(int, summary)) - counts["failed"] - counts["skipped"])
    skipped_whole = not summary and ("unittest.case.SkipTest" in text or f"\n{name} skipped" in text)
    state = ("hang" if code is None else "crash" if code < 0 else "skip" if skipped_whole
             else "pass" if code == 0 else "part" if counts["passed"] else "fail")
    failing = {(m[1], m[2].removesuffix("." + m[1]).rpartition(".")[2]) for m in HEAD.finditer(text)}
    return dict(file=name, state=state, **counts, failing=sorted(failing))


def unnamed(result, why):
    """Failing tests that the table gives no reason for: neither the test nor its class is named in the last column."""
    named = set(re.findall(r"\w+", why))
    return sorted({test for test, where in result["failing"] if test not in named and where not in named})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--krait", default=os.path.join(ROOT, "build", "krait"))
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("--timeout", type=int, default=120)
    parser.add_argument("--slower", type=int, default=1, help="multiplies the time limit")
    parser.add_argument("tests", nargs="*")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)    # a shell ignores it for what runs in the background, which tests would inherit
    table = read_table()
    names = options.tests or [n for n in sorted(table) if not options.quick or table[n].get("quick") == "quick"]
    os.makedirs(RESULTS, exist_ok=True)
    # an installed library is compiled; this module is not when it is imported, as it is frozen
    subprocess.run([options.krait, "-c", "import os, py_compile; py_compile.compile(os.__file__)"], check=False)
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    saved = os.path.join(RESULTS, "results.json")
    done = {}
    if not options.fresh and not options.tests and not options.quick and os.path.exists(saved):
        with open(saved, encoding="utf-8") as f:
            done = json.load(f)
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        todo = [n for n in names if n not in done]
        for result in pool.map(lambda n: run_one(options.krait, n, options.timeout * options.slower * SLOW.get(n, 1)), todo):
            done[result["file"]] = result
            if not options.tests and not options.quick:
                with open(saved, "w", encoding="utf-8") as f:
                    json.dump(done, f)
            print("{file}: {state} {passed}/{failed}/{skipped}".format(**result), flush=True)
    for name in names:
        result, row = done[name], table.get(name, {})
        known_bad = row.get("state") in ("crash", "hang", "fail", "skip")
        # machines differ in what is installed, and Debian's revisions in what they test: a fifth of a file's tests may be skipped or absent
        expected = int(row.get("passed") or 0)
        worse = (result["passed"] < expected - expected // 5 or (result["state"] in ("crash", "hang") and not known_bad)
                 or (result["failed"] > int(row.get("failed") or 0) and not known_bad))
        totals["passed"] += result["passed"]
        totals["skipped"] += result["skipped"]
        if worse:
            print(f"{name}: worse than the table: {result}")
            totals["failed"] += max(1, result["failed"] - int(row.get("failed") or 0))
        if not worse and not options.update and row and (missing := unnamed(result, row.get("why") or "")):
            print(f"{name}: no reason is given for {' '.join(missing)}")
            totals["failed"] += len(missing)
        if options.update:
            if missing := unnamed(result, row.get("why") or ""):
                print(f"{name}: give the reason for {' '.join(missing)}")
            table[name] = {**row, **result}
            if result["state"] == "pass":
                table[name]["why"] = ""
    if options.update:
        write_table(table)
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**totals))
    return 1 if totals["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
