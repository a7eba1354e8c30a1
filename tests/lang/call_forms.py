"""Calls that are made often enough to get forms of their own: keywords, defaults, many functions at one place, classes, and what changes under them."""


def run(f, n=60):
    r = None
    for _ in range(n):
        r = f()
    return r


def kw(a, b=2, *, c, d=4):
    return a, b, c, d


def kw2(a, b=2, c=3):
    return a, b, c


def posonly(a, /, b=5):
    return a, b


class K:
    def __init__(self, x, y=1, *, z=2):
        self.v = x, y, z

    def method(self, p, q=7):
        return self.v, p, q


class P:
    pass


class N:
    def __new__(cls, *a, **k):
        return a, k


k = K(1)
print(run(lambda: kw(1, c=3)), run(lambda: kw(1, c=3, d=5)), run(lambda: kw(d=1, c=2, b=3, a=4)))
print(run(lambda: kw2(1, c=9)), run(lambda: kw2(c=9, b=8, a=7)), run(lambda: kw2(b=1, a=2)), run(lambda: posonly(1, b=2)))
print(run(lambda: K(1, z=3).v), run(lambda: K(y=5, x=4).v), run(lambda: K(1, 2).v), run(lambda: k.method(q=1, p=2)), run(lambda: k.method(1)))
bound = k.method
print(run(lambda: bound(q=1, p=2)), run(lambda: bound(p=2)), run(lambda: type(P()).__name__), run(lambda: N(1, a=2)), run(lambda: N()))
print(run(lambda: (list((1, 2)), tuple([3]), str(4), int("5"), float("6"), dict(a=1), set(), frozenset([7]), bool([]), bytes(3), range(4), complex(1, 2))))


def errors(f, *args):
    for _ in range(60):
        try:
            f(*args)
        except TypeError as e:
            message = str(e)
    print(message)


errors(lambda: kw(1))
errors(lambda: kw2(1, a=2))
errors(lambda: kw2(1, x=2))
errors(lambda: posonly(a=1))
errors(lambda: K(z=1))
errors(lambda: K(1, q=1))
errors(lambda: P(1))
errors(lambda: kw2(1, 2, 3, 4))
errors(lambda: list(1, 2))


def site(f, *a):
    return f(1, c=2)


functions = [kw, kw2, lambda a, c: (c, a), lambda *a, **k: (a, k), lambda a, b=0, c=1: (a, b, c), N, K]
print([site(functions[i % 5]) for i in range(200)][-10:])


def anything(f):
    return f(1)


many = [eval(f"lambda a, b={i}: (a, b)") for i in range(60)] + [lambda a: a, posonly, len and abs, K, lambda *a: a]
print([anything(many[i * 7 % 65]) if many[i * 7 % 65] is not K else 0 for i in range(500)][-70:])


def gen(a):
    yield a


print([list(anything(gen)) if i % 3 else anything(many[i % 60]) for i in range(200)][-3:])


def changing(a, b=1):
    return a, b


def call_changing():
    return changing(b=3, a=1), changing(1), changing(a=2)


for i in range(100):
    r = call_changing()
    if i == 50:
        changing.__defaults__ = (10,)
    if i == 70:
        changing.__code__ = (lambda b, a=6: ("other", b, a)).__code__
print(r)
changing.__defaults__ = None
try:
    call_changing()
except TypeError as e:
    print(e)


class Changing:
    def __init__(self, x=1):
        self.x = x


def make():
    return Changing(x=5), Changing()


for i in range(100):
    a, b = make()
    if i == 40:
        Changing.__init__ = lambda self, x=2: setattr(self, "x", ("new", x))
    if i == 80:
        del Changing.__init__
        break
try:
    make()
except TypeError as e:
    print(a.x, b.x, e)


def deep(n):
    return 0 if n == 0 else max([n], key=lambda x: deep(n - 1))


print(deep(50))
print(sorted(range(10), key=lambda x: -x), list(map(lambda a: a + 1, range(5))), list(filter(lambda a: a % 2, range(5))))


def raises(x):
    raise ValueError(x)


for i in range(50):
    try:
        list(map(raises, [i]))
    except ValueError as e:
        last = e
print(last, last.__traceback__.tb_next.tb_frame.f_locals)
