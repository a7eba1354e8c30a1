"""Operators written in Python where they run often: declining, reflected methods, subclasses, built-in right operands, errors, generators."""
import sys
import traceback


class V:
    def __init__(self, x):
        self.x = x

    def __add__(self, o):
        if isinstance(o, str):
            return NotImplemented
        return V(self.x + (o.x if isinstance(o, V) else o))

    def __radd__(self, o):
        return "radd", o

    def __sub__(self, o):
        return self.x - o.x

    def __mul__(self, o):
        return V(self.x * o)

    def __truediv__(self, o):
        return self.x / o

    def __and__(self, o):
        return NotImplemented

    def __or__(self, o):
        return "or"

    def __eq__(self, o):
        return NotImplemented if not isinstance(o, V) else self.x == o.x

    def __lt__(self, o):
        return NotImplemented if not isinstance(o, V) else self.x < o.x

    def __ge__(self, o):
        return []

    __hash__ = None

    def __repr__(self):
        return f"V({self.x})"


class W(V):
    def __radd__(self, o):
        return "W.radd"

    def __eq__(self, o):
        return "W.eq"


class L(list):
    def __add__(self, o):
        return NotImplemented

    def __mul__(self, o):
        return NotImplemented

    def __lt__(self, o):
        return NotImplemented


a, b, w = V(6), V(7), W(8)


def run(f, n=60):
    for _ in range(n):
        try:
            r = f()
        except Exception as e:
            r = f"{type(e).__name__}: {e}"
    print(r)


for f in (lambda: a + b, lambda: a + 1, lambda: a + w, lambda: a + "s", lambda: a - b, lambda: a - 1, lambda: a * 3, lambda: a / 2, lambda: a / 0, lambda: a & b,
          lambda: a & 3, lambda: a | {}, lambda: a == b, lambda: a == 6, lambda: a != b, lambda: a < b, lambda: a < 5, lambda: a > b, lambda: a >= b, lambda: a <= b,
          lambda: a == w, lambda: L([1]) + [2], lambda: L([1]) * 2, lambda: L([1]) < [2], lambda: L([1]) + L([3]), lambda: a + 1.5, lambda: 1 + a, lambda: [1] + a,
          lambda: 1 if a < b else 2, lambda: 1 if a >= b else 2, lambda: [x for x in (a, b) if x == b], lambda: sum([a, b], V(0)), lambda: (a + b) + (b + a) * 2,
          lambda: "yes" if not a == b else "no", lambda: a < b < V(9), lambda: sorted([b, a])):
    run(f)


def mixed(x, y):
    return x + y


values = [(a, b), (1, 2), ("a", "b"), (a, 2), (a, w), (w, a), (1.5, 2), ([1], [2]), (L([1]), [2])]
print([mixed(*values[i % len(values)]) for i in range(300)][-9:])


class Raises:
    def __add__(self, o):
        raise ValueError("no")

    def __eq__(self, o):
        raise ValueError("not equal")


def raising(x):
    return x + x


for _ in range(50):
    try:
        raising(Raises())
    except ValueError:
        text = traceback.format_exc()
print(text)


def gen(x, n):
    for _ in range(n):
        yield x + x == x + 6


print(set(gen(a, 60)))


def changing(x):
    return x + 1


for i in range(80):
    r = changing(a)
    if i == 60:
        V.__add__ = lambda self, o: ("changed", o)
print(r)
del V.__add__
run(lambda: changing(a))


class Deep:
    def __add__(self, n):
        return 0 if n == 0 else self + (n - 1)


print(Deep() + 500)
sys.setrecursionlimit(200)
try:
    Deep() + 10000
except RecursionError as e:
    print(e)


class Big(int):
    def __add__(self, o):
        return "big", int(self) + o


run(lambda: Big(5) + 1)
run(lambda: Big(5) - 1)
