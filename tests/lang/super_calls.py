"""super().method() where it is called often: many classes at one place, classes that change, cells, class methods, odd uses."""


class A:
    def f(self, x):
        return "A", x

    def g(self):
        return "A.g"

    @classmethod
    def c(cls):
        return cls.__name__

    @property
    def p(self):
        return "p"

    def __init__(self, v=0):
        self.v = v


class M:
    def f(self, x):
        return "M", super().f(x)


class B(A):
    def f(self, x):
        return "B", super().f(x)

    def __init__(self, v):
        super().__init__(v + 1)

    @classmethod
    def c(cls):
        return "B", super().c()

    def q(self):
        return super().p, super().v if hasattr(super(), "v") else None

    def captured(self):
        return (lambda: self.v)(), super().g()

    def explicit(self):
        return super(B, self).f(1)

    def rebinds(self, other):
        self = other
        return super().f(2)


class C(M, B):
    def f(self, x):
        return "C", super().f(x)

    def __eq__(self, other):
        return super().__eq__(other) is NotImplemented

    __hash__ = None

    def missing(self):
        return super().nothing()


objects = [B(1), C(2), B(3)]
for i in range(100):
    r = [o.f(i) for o in objects]
print(r, [o.v for o in objects])
b, c = B(5), C(6)
for i in range(60):
    r = b.c(), c.c(), b.q(), b.captured(), b.explicit(), b.rebinds(c), c == b
print(r)
for i in range(60):
    try:
        c.missing()
    except AttributeError as e:
        r = str(e)
    try:
        b.rebinds(5)
    except TypeError as e:
        s = str(e)
print(r, s)
A.f = lambda self, x: ("new A", x)
print(b.f(0), c.f(0))
A.f = len
print(end="")
try:
    b.f(0)
except TypeError as e:
    print(e)
A.f = staticmethod(lambda x: ("static", x))
print(b.f(0))
B.__bases__ = (type("Z", (A,), {"f": lambda self, x: "Z"}),)
print(b.f(0), c.f(0))


class Meta(type):
    def __call__(cls, *a):
        return super().__call__(*a), cls.__name__

    def __new__(m, name, bases, ns):
        return super().__new__(m, name, bases, ns)


class D(metaclass=Meta):
    pass


for i in range(40):
    r = D()[1]
print(r)


def no_class():
    super().f()


try:
    no_class()
except RuntimeError as e:
    print(e)


class Deleted:
    def f(self):
        del self
        super().__init__()


for i in range(40):
    try:
        Deleted().f()
    except RuntimeError as e:
        r = e
print(r)
