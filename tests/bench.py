#!/usr/bin/python3.11
"""The benchmark runner on two small workloads: table, TSV, plot, and the same table again from the TSV.

usage: tests/bench.py [KRAIT]
"""
import os
import subprocess
import sys
import tempfile
import xml.dom.minidom

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RUN = os.path.join(ROOT, "bench", "run")
WORKLOADS = ["call_positional", "match_statement"]


def run(*arguments):
    return subprocess.run([sys.executable, RUN, *arguments], capture_output=True, text=True, check=True, timeout=300).stdout


def table(text):
    return [line.split("|")[0].split() for line in text.splitlines() if line.startswith(tuple(WORKLOADS))]


def main():
    krait = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(ROOT, "build", "krait")
    failed = []

    def check(what, holds):
        if not holds:
            failed.append(what)
            print(f"failed: {what}")

    with tempfile.TemporaryDirectory() as folder:
        tsv, plot = os.path.join(folder, "a.tsv"), os.path.join(folder, "a.svg")
        said = run("--krait", krait, "--with", "none", "--only", *WORKLOADS, "--seconds", "0.02", "--rounds", "1", "--starts", "1", "--tsv", tsv, "--plot", plot)
        check("the table has a line for each workload", [line[0] for line in table(said)] == WORKLOADS)
        check("no workload failed", "failed" not in said)
        check("a geometric mean is shown", "micro: krait: geometric means of 2 workloads: best " in said)
        check("start-up is shown", "start: -c pass: " in said)
        with open(tsv, encoding="utf-8") as lines:
            rows = [line.split("\t")[:3] for line in lines if not line.startswith("#")]
        check("the TSV has a line for each workload and interpreter", len(rows) == 1 + 2 * len(WORKLOADS))
        check("the plot is XML", xml.dom.minidom.parse(plot).documentElement.tagName == "svg")
        check("a TSV is read again", table(run("--from", tsv)) == table(said))
    unknown = subprocess.run([sys.executable, RUN, "--only", "no_such"], capture_output=True, text=True)
    check("an unknown workload is an error", unknown.returncode == 1 and "no such workload: no_such" in unknown.stderr)
    print(f"{8 - len(failed)} passed, {len(failed)} failed, 0 skipped")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
