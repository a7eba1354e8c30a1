"""Small workloads, one for each thing the interpreter does; bench/run runs them."""
import json
import re

import pyperf


def calls():
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)
    fib(22)


def loop():
    s = i = 0
    while i < 300000:
        s += i
        i += 1


def floats():
    x = 0.5
    for _ in range(200000):
        x = x * 3.6 * (1.0 - x)


def methods():
    class P:
        def __init__(self, x):
            self.x = x

        def move(self, d):
            self.x += d
            return self
    p = P(0)
    for i in range(100000):
        p.move(i).move(-i)


def instances():
    class V:
        def __init__(self, a, b):
            self.a = a
            self.b = b
    [V(i, i).a for i in range(100000)]


def lists():
    a = [i * 7 % 1000 for i in range(100000)]
    a.sort()
    sum(x for x in a if x & 1)
    a[::2], a[::-1]


def dicts():
    d = {}
    for i in range(100000):
        d[i % 997] = d.get(i % 997, 0) + 1
    {k: v for k, v in d.items() if v}


def strings():
    parts = []
    for i in range(50000):
        parts.append(f"{i}:{i % 7:02d}")
    s = ",".join(parts)
    s.upper().split(",")
    s.replace("1", "one").count("one")


def generators():
    def count(n):
        for i in range(n):
            yield i

    def outer(n):
        yield from count(n)
    for _ in outer(100000):
        pass


def exceptions():
    for i in range(50000):
        try:
            if i % 3 == 0:
                raise ValueError(i)
        except ValueError:
            pass


def closures():
    def make(n):
        return lambda x: x + n
    fs = [make(i) for i in range(100)]
    for _ in range(500):
        for f in fs:
            f(1)


def regex():
    text = "def f(self, x): return self.x + x  # comment\n" * 500
    re.findall(r"self\.(\w+)", text)
    re.sub(r"\s+", " ", text)


def json_dumps():
    data = [{"id": i, "name": f"n{i}", "tags": ["a", "b"], "f": i / 3} for i in range(1000)]
    json.loads(json.dumps(data))


def classes():
    for i in range(2000):
        type(f"C{i}", (), {"f": lambda self: 1})().f()


WORK = [calls, loop, floats, methods, instances, lists, dicts, strings, generators, exceptions, closures, regex, json_dumps, classes]

if __name__ == "__main__":
    runner = pyperf.Runner()
    for work in WORK:
        runner.bench_func(work.__name__, work)
