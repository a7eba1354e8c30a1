"""for loops over items, enumerate and zip: many rounds, changes under way, errors, other iterators at the same place, odd targets."""
import sys


def items(d):
    r = []
    for k, v in d.items():
        r.append((k, v))
    return r


def numbers(s, start=0):
    r = []
    for i, x in enumerate(s, start):
        r.append((i, x))
    return r


def pairs(a, b):
    r = []
    for x, y in zip(a, b):
        r.append((x, y))
    return r


for _ in range(60):
    a, b, c = items({1: "a", 2: "b"}), numbers("xyz"), pairs([1, 2, 3], "ab")
print(a, b, c)
print(numbers("ab", sys.maxsize - 1), numbers("a", 2 ** 70), numbers(range(300))[-3:], items({}), pairs([], "a"), pairs("a", []))


def many(x):
    r = []
    for p, q in x:
        r.append((p, q))
    return r


sources = [lambda: {1: 2}.items(), lambda: enumerate("ab"), lambda: zip("ab", "cd"), lambda: [(1, 2)], lambda: zip("ab", "c", strict=True), lambda: zip("a"),
           lambda: {1: 2, 3: 4}.items(), lambda: iter([(5, 6), (7, 8, 9)]), lambda: ((i, i) for i in range(2)), lambda: zip("ab", "c", "d"), lambda: enumerate([(1, 2)])]
for i in range(400):
    try:
        r = many(sources[i * 3 % len(sources)]())
    except ValueError as e:
        r = str(e)
    if i >= 380:
        print(r)


def changing(d):
    for k, v in d.items():
        d[k + 100] = v


def raising(it):
    for i, x in enumerate(it):
        pass


def fails():
    yield 1
    raise KeyError("from the iterator")


class Stops:
    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration("value")


for i in range(40):
    try:
        changing({1: 2})
    except RuntimeError as e:
        r = e
    try:
        raising(fails())
    except KeyError as e:
        s = e
    raising(Stops())
    try:
        pairs([1, 2], fails())
    except KeyError as e:
        s = e
print(r, s)


class T:
    pass


def targets(d):
    t, l = T(), [0, 0]
    for t.k, l[0] in d.items():
        pass
    for k, (v, w) in enumerate([(1, 2), (3, 4)]):
        pass
    for k, k in d.items():
        pass
    return t.k, l, k, v, w


for _ in range(60):
    r = targets({1: 2, 3: 4})
print(r)
print([k + v for k, v in {1: 2}.items()], {k: v for k, v in zip("ab", [1, 2])}, [(i, x) for i, x in enumerate("ab") for _ in range(30)][-1])


def keep(s):
    kept = []
    for i, x in enumerate(s, 1000):
        kept.append(i)
    return kept


for _ in range(40):
    r = keep("abcd")
print(r)


def nested(d):
    total = 0
    for k, v in d.items():
        for i, x in enumerate(v):
            for p, q in zip(v, v):
                total += k * i + x + p * q
    return total


print(nested({k: list(range(5)) for k in range(10)}))


class D:
    def __del__(self):
        print("del", end=" ")


def released():
    for i, x in enumerate([D(), D()]):
        print(i, end=" ")
    x = None
    print("end")


for _ in range(12):
    released()
