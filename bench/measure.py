"""Runs one workload under one interpreter in a process of its own, pinned to a core: times, peak memory, instruction counts; and start-up of interpreters."""
import math
import os
import subprocess
import sys
import tempfile
import time

BENCH = os.path.dirname(os.path.abspath(__file__))
NUMBERS = ("iterations", "first", "best", "median", "spread", "memory")


def clean_environment(root, program):
    """The environment without what changes interpreters. Builds of krait may share a cache tag without sharing bytecode: each program has its compiled modules in
    a folder of its own."""
    stamp = f"{os.path.basename(program)}-{os.stat(program).st_mtime_ns:x}"
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "BENCH_"))}
    return dict(env, PYTHONPYCACHEPREFIX=os.path.join(root, "build", "bench-pyc", stamp))


class Measurer:
    """What is the same for all processes of a run: where packages are, where compiled modules are kept, the core."""

    def __init__(self, root, packages, core):
        self.root = root
        self.core = core
        self.path = os.pathsep.join(p for p in (os.path.join(BENCH, "harness"), packages) if p)

    def _environment(self, program, **more):
        return dict(clean_environment(self.root, program), PYTHONPATH=self.path, PYTHONHASHSEED="0", **more)

    def _run(self, command, env, timeout):
        """What the command wrote to stderr, or None when it failed, which is said."""
        try:
            done = subprocess.run(["taskset", "-c", str(self.core), *command], env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout,
                                  text=True, errors="replace")
        except subprocess.TimeoutExpired:
            print(f"{' '.join(command)}: no end after {timeout:.0f} s", file=sys.stderr)
            return None
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"status {done.returncode}"
            print(f"{' '.join(command)}: failed: {last}", file=sys.stderr)
            return None
        return done.stderr

    def times(self, program, script, arguments, name, seconds):
        """{iterations, first, best, median, spread, memory}, or None when it failed."""
        with tempfile.TemporaryDirectory() as folder:
            output = os.path.join(folder, "times")
            env = self._environment(program, BENCH_OUTPUT=output, BENCH_ONLY=name, BENCH_SECONDS=str(seconds))
            if self._run([program, script, *arguments], env, 120 + 4 * seconds) is None or not os.path.exists(output):
                return None
            with open(output, encoding="utf-8") as lines:
                return dict(zip(NUMBERS, map(float, lines.readline().rstrip("\n").split("\t")[1:])))

    def instructions(self, program, script, arguments, name, best):
        """Machine instructions that callgrind counts for one warm iteration: the difference of two runs. `best` is the time of an iteration in seconds, from which
        follows how many to run. None when it failed."""
        count = max(1, math.ceil(0.03 / best)) if best else 1
        totals = []
        for iterations in (2 * count, 4 * count):
            env = self._environment(program, BENCH_OUTPUT=os.devnull, BENCH_ONLY=name, BENCH_ITERATIONS=str(iterations))
            said = self._run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, script, *arguments], env, 1800)
            collected = [line for line in (said or "").splitlines() if "Collected :" in line]
            if not collected:
                return None
            totals.append(int(collected[-1].split(":")[1]))
        return (totals[1] - totals[0]) / (2 * count)


def combined(rounds):
    """One result of several rounds of one workload: noise only ever adds time, so first and best are the least of all rounds. `between` is how far the rounds'
    best times are apart, as a part of the least."""
    rounds = [r for r in rounds if r]
    if not rounds:
        return None
    bests = [r["best"] for r in rounds]
    return {"iterations": sum(r["iterations"] for r in rounds), "first": min(r["first"] for r in rounds), "best": min(bests),
            "median": sorted(r["median"] for r in rounds)[(len(rounds) - 1) // 2], "spread": min(r["spread"] for r in rounds),
            "memory": min(r["memory"] for r in rounds), "between": max(bests) / min(bests) - 1 if min(bests) else 0.0}


def start_times(root, programs, arguments, rounds):
    """{interpreter: seconds of the best round}; the interpreters take turns, so that a busy moment of the machine meets all of them."""
    null = os.open(os.devnull, os.O_RDWR)
    streams = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in range(3)]
    best = dict.fromkeys(programs, math.inf)
    environments = {name: clean_environment(root, program) for name, program in programs.items()}
    for number in range(rounds + 1):        # the first round warms caches
        for name, program in programs.items():
            begin = time.perf_counter()
            status = os.waitpid(os.posix_spawn(program, [program, *arguments], environments[name], file_actions=streams), 0)[1]
            if status:
                print(f"{program} {' '.join(arguments)}: status {status}", file=sys.stderr)
                best[name] = None
            elif number and best[name] is not None:
                best[name] = min(best[name], time.perf_counter() - begin)
    os.close(null)
    return best


def start_memory(root, program, arguments):
    """Peak memory in KiB of a program that is started with -c."""
    code = arguments[1] + "\nfor line in open('/proc/self/status', 'rb'):\n    if line.startswith(b'VmHWM:'): print(int(line.split()[1]))"
    return int(subprocess.run([program, "-c", code], env=clean_environment(root, program), check=True, capture_output=True).stdout)
