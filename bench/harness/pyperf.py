"""A stand-in for the package pyperf: the part of its interface that pyperformance's workloads use, in one process, without calibration, so that every
interpreter runs the same loop.

Each workload is repeated until BENCH_SECONDS have passed (at least twice), or BENCH_ITERATIONS times; a line
`name<TAB>iterations<TAB>first<TAB>best<TAB>median<TAB>spread<TAB>memory` is appended to the file BENCH_OUTPUT: seconds an iteration, the median deviation from
the median as a part of it, KiB at the peak. Only workloads in BENCH_ONLY (comma separated; empty: all) run.
"""
import argparse
import asyncio
import os
import platform
import resource
import statistics
import subprocess
import sys
from time import perf_counter

python_implementation = lambda: platform.python_implementation().lower()  # noqa: E731


def peak_memory():
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        own = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


class Runner:
    def __init__(self, *args, **kwargs):
        self.metadata = {}
        self.args = None
        self.argparser = argparse.ArgumentParser()
        self._seconds = float(os.environ.get("BENCH_SECONDS", "5"))
        self._iterations = int(os.environ.get("BENCH_ITERATIONS", "0"))
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
        if self._iterations:
            for _ in range(self._iterations):
                times.append(once())
        else:
            end = perf_counter() + self._seconds
            while len(times) < 2 or perf_counter() < end:
                times.append(once())
        memory = peak_memory()
        times = [t / (inner_loops or 1) for t in times]
        median = statistics.median(times)
        spread = statistics.median(abs(t - median) for t in times) / median if median else 0.0
        with open(os.environ["BENCH_OUTPUT"], "a", encoding="utf-8") as out:
            out.write(f"{name}\t{len(times)}\t{times[0]:.9f}\t{min(times):.9f}\t{median:.9f}\t{spread:.3f}\t{memory}\n")

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
            subprocess.run([sys.executable if c == "python" else c for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            return perf_counter() - start
        self._measure(name, once, None)
