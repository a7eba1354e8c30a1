"""A stand-in for the package pyperf: the part of its interface that pyperformance's workloads use, in one process, without calibration.

Each workload is repeated until BENCH_SECONDS have passed (at least twice); a line `name<TAB>first<TAB>best<TAB>median<TAB>spread<TAB>memory` in
seconds an iteration and KiB at the peak is written to the file BENCH_OUTPUT. Only workloads in BENCH_ONLY (comma separated; empty: all) run.
"""
import argparse
import asyncio
import os
import platform
import statistics
import subprocess
import sys
from time import perf_counter

python_implementation = lambda: platform.python_implementation().lower()  # noqa: E731


def peak_memory():
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


class Runner:
    def __init__(self, *args, **kwargs):
        self.metadata = {}
        self.args = None
        self.argparser = argparse.ArgumentParser()
        self._seconds = float(os.environ.get("BENCH_SECONDS", "5"))
        self._only = set(filter(None, os.environ.get("BENCH_ONLY", "").split(",")))

    def parse_args(self, args=None):
        if self.args is None:
            self.args = self.argparser.parse_args(args)
        return self.args

    def _measure(self, name, once, inner_loops):
        self.parse_args()
        if self._only and name not in self._only:
            return
        times = []
        end = perf_counter() + self._seconds
        while len(times) < 2 or perf_counter() < end:
            times.append(once() / (inner_loops or 1))
        first, best, median = times[0], min(times), statistics.median(times)
        spread = statistics.median(abs(t - median) for t in times) / median if median else 0.0
        with open(os.environ["BENCH_OUTPUT"], "a", encoding="utf-8") as out:
            out.write(f"{name}\t{first:.9f}\t{best:.9f}\t{median:.9f}\t{spread:.3f}\t{peak_memory()}\n")

    def bench_func(self, name, func, *args, inner_loops=None, metadata=None):
        def once():
            start = perf_counter()
            func(*args)
            return perf_counter() - start
        self._measure(name, once, inner_loops)

    def bench_time_func(self, name, func, *args, inner_loops=None, metadata=None):
        self._measure(name, lambda: func(1, *args), inner_loops)

    def bench_async_func(self, name, func, *args, loop_factory=None, inner_loops=None, metadata=None):
        def once():
            loop = loop_factory() if loop_factory else asyncio.new_event_loop()
            try:
                start = perf_counter()
                loop.run_until_complete(func(*args))
                return perf_counter() - start
            finally:
                loop.close()
        self._measure(name, once, inner_loops)

    def bench_command(self, name, command):
        def once():
            start = perf_counter()
            subprocess.run([sys.executable if c == "python" else c for c in command], stdout=subprocess.DEVNULL, check=True)
            return perf_counter() - start
        self._measure(name, once, None)
