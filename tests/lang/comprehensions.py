"""Comprehensions and generator expressions: cells, nesting, generators around them, frames, tracing, recursion, errors."""
import sys
import traceback


def closures(a, k):
    fs = [lambda: (x, k) for x in a]
    k += 1
    return [f() for f in fs], {x: [y + k for y in range(x)] for x in a}, {(x, k) for x in a if k}


for _ in range(40):
    r = closures([1, 2, 3], 10)
print(r[0], r[1], sorted(r[2]))


def generator(a, k):
    for i in a:
        yield [x * k + i for x in a]
        yield sum(x * k for x in a if x != i)
        yield list(y for y in (x + i for x in [k for _ in a]))


for _ in range(10):
    r = list(generator([1, 2, 3], 5))
print(r)
print([list(g) for g in ((x * y for x in range(y)) for y in range(4))])


class C:
    n = 3
    values = [i for i in range(n)]
    names = {name: 1 for name in ("a", "b")}

    def method(self):
        return [__class__.__name__ for _ in self.values], list(super(C, self).__class__.__name__ for _ in self.values)


print(C.values, C.names, C().method())
print([sys._getframe().f_code.co_name for _ in range(1)], [sys._getframe(1).f_code.co_name for _ in range(1)])
g = (x for x in "ab")
print(g.__name__, g.__qualname__, g.gi_code.co_name, next(g), g.gi_frame.f_locals.keys())


def names():
    k = 1
    g = (x + k for x in [1])
    return g.__qualname__, [sorted(locals()) for x in [1]], [k for k in [2]], k


print(names())


def fails(k):
    return [1 // (x - k) for x in [1, 2]]


for _ in range(30):
    try:
        fails(1)
    except ZeroDivisionError:
        text = traceback.format_exc()
print(text)
try:
    list(1 // x for x in [1, 0])
except ZeroDivisionError:
    traceback.print_exc(file=sys.stdout)
for code in ("[x for x in 5]", "[x for x in [1] for y in x]", "{x: y for x, y in [(1, 2, 3)]}", "[x for x in []] + (1,)", "{[]: 1 for _ in [1]}"):
    try:
        eval(code)
    except TypeError as e:
        print(e)
    except ValueError as e:
        print(e)


def deep(n):
    return n and [deep(n - 1) for _ in [1]][0] + 1


print(deep(100))
sys.setrecursionlimit(300)
try:
    deep(10000)
except RecursionError as e:
    print(e)
sys.setrecursionlimit(1000)
events = []


def tracer(frame, event, arg):
    if frame.f_code.co_name in ("traced", "<listcomp>", "<genexpr>"):
        events.append((frame.f_code.co_name, event, frame.f_lineno - traced.__code__.co_firstlineno))
        return tracer


def traced(k):
    a = [x + k for x in [1, 2]]
    return list(x for x in a)


traced(1)
sys.settrace(tracer)
traced(1)
sys.settrace(None)
print(events)


async def agen(n):
    for i in range(n):
        yield i


async def coro(k):
    return ([x + k async for x in agen(3)], {x async for x in agen(3) if x}, [y for y in [x async for x in agen(2)]],
            [x async for x in (y * k async for y in agen(3))])


try:
    coro(2).send(None)
except StopIteration as e:
    print(e.value)


def inner_code():
    """The code of a comprehension, run as a function of its own."""
    import types

    def outer(k):
        return [x + k for x in [1]]
    code = next(c for c in outer.__code__.co_consts if isinstance(c, types.CodeType))
    return types.FunctionType(code, {}, closure=(types.CellType(5),))(iter([1, 2]))


print(inner_code())
print([[[(a, b, c) for a in range(b)] for b in range(c)] for c in range(3)])
print([x for x in range(3) if [y for y in range(x) if y]])
wide = [a + b + c + d + e + f + g for a, b, c, d, e, f, g in [tuple(range(7))] * 3]
print(wide)
