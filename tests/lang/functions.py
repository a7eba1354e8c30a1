"""Functions: arguments of every kind, closures, decorators, errors about arguments."""
import functools


def f(a, b=2, /, c=3, *args, d, e=5, **kw):
    return a, b, c, args, d, e, kw


print(f(1, d=4), f(1, 2, 3, 4, 5, d=6, z=7), f(*[1, 2], **{"d": 3, "q": 4}))
for call in ("f()", "f(1)", "f(1, 2, 3, d=4, a=5)", "f(b=1, d=2)", "g(1, 2)", "g(x=1, y=2)", "g(1, x=2)", "h(1, 2, 3)", "h()", "f(**{1: 2}, d=1)", "f(*5)", "f(**5)", "g(*(), **{})"):
    def g(x): return x

    def h(x, y=1): return x
    try:
        print(eval(call))
    except TypeError as e:
        print(call, "->", e)


def memo(size):
    def wrap(fn):
        cache = {}

        @functools.wraps(fn)
        def inner(n):
            if n not in cache and len(cache) < size:
                cache[n] = fn(n)
            return cache.get(n, fn(n))
        inner.cache = cache
        return inner
    return wrap


@memo(100)
def fib(n: int) -> int:
    "Fibonacci"
    return n if n < 2 else fib(n - 1) + fib(n - 2)


print(fib(30), fib.__name__, fib.__doc__, fib.__annotations__, len(fib.cache))


def closures():
    fs = [lambda x=i: (i, x) for i in range(3)]
    n = 0

    def inc():
        nonlocal n
        n += 1
        return n
    inc()
    return [g() for g in fs], inc()


print(closures())
x = (y := 5) + y
print(x, [z := 3, z * 2], (lambda *a, k=1: (a, k))(1, 2, k=3))
a, (b, *c), d = 1, (2, 3, 4), 5
print(a, b, c, d)
a, b = b, a
print(a, b, 1 < b < a < 9, not a, a and b or c)
text = f"{a!r:>5}|{'nested ' + f'{b:03}'}|{3.14159:{'.2f'}}|{{}}|{a=}"
print(text)
del a
try:
    a
except NameError as e:
    print(e)


def unbound():
    if False:
        v = 1
    return v


try:
    unbound()
except UnboundLocalError as e:
    print(e)
print(*sorted(["b", "A", "c"], key=str.lower, reverse=True), sep="-", end="!\n")


# Binding arguments can run code: finalizers, comparisons of names. It must not disturb the arguments.
import gc


class Cyclic:
    def __init__(self):
        self.me = self

    def __del__(self):
        sink(1, 2, 3, 4, 5, 6, 7, 8, k=9)


def sink(*args, **kwargs):
    pass


def collect(a, b, *args, c=3, **kwargs):
    return a, b, args, c, kwargs


threshold = gc.get_threshold()
gc.set_threshold(1)
results = set()
for i in range(200):
    Cyclic()
    results.add(repr(collect("a", "b", "c", "d", x="e", y="f")))
    results.add(repr(collect(*["a", "b"], **{"c": "d", "z": "e"})))
    results.add(repr(list(map(collect, ["a"], ["b"], ["c"]))))
gc.set_threshold(*threshold)
print(sorted(results))


class Name(str):
    __hash__ = str.__hash__

    def __eq__(self, other):
        sink(1, 2, 3, 4, 5, k=self)
        return str.__eq__(self, other)


def two(a, b):
    return a, b


print(two(**{Name("a"): 1, Name("b"): 2}), two(1, **{Name("b"): 2}))
for call in (lambda: sink(**{1: 3}, **{1: 5}), lambda: sink(**{1.5: 3}, **{1.5: 5}), lambda: two(**{1: 2})):
    try:
        call()
    except TypeError as e:
        print(e)
