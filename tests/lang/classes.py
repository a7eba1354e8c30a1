"""Classes: descriptors, metaclasses, slots, super, special methods, properties."""


class Field:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, o, owner=None):
        return self if o is None else getattr(o, self.name, None)

    def __set__(self, o, value):
        setattr(o, self.name, value)


class Meta(type):
    def __new__(mcls, name, bases, ns, **kw):
        cls = super().__new__(mcls, name, bases, ns)
        cls.options = kw
        return cls

    def __call__(cls, *args):
        print("making", cls.__name__, args)
        return super().__call__(*args)


class Base(metaclass=Meta, debug=True):
    x = Field()

    def __init__(self, x):
        self.x = x

    def __init_subclass__(cls, **kw):
        print("subclass", cls.__name__)
        super().__init_subclass__()

    def __class_getitem__(cls, item):
        return f"{cls.__name__}[{item}]"

    def __getattr__(self, name):
        return f"no {name}"


class Derived(Base):
    __slots__ = ("y",)

    def __init__(self, x, y):
        super().__init__(x)
        self.y = y

    def __add__(self, other):
        return Derived(self.x + other.x, self.y + other.y)

    def __repr__(self):
        return f"Derived({self.x}, {self.y})"

    def __eq__(self, other):
        return isinstance(other, Derived) and self.x == other.x

    __hash__ = None


a, b = Derived(1, 2), Derived(3, 4)
print(a + b, a == b, a == Derived(1, 9), a.nothing, Base.options, Base[int], Derived.__mro__)
for bad in (lambda: hash(a), lambda: a < b, lambda: Derived(), lambda: a.y.z, lambda: Base.q):
    try:
        bad()
    except Exception as e:
        print(type(e).__name__, e)


class Temperature:
    def __init__(self):
        self._c = 0

    @property
    def c(self):
        return self._c

    @c.setter
    def c(self, v):
        self._c = v

    @staticmethod
    def s(x):
        return x

    @classmethod
    def k(cls, x):
        return cls.__name__, x


t = Temperature()
t.c = 5
print(t.c, t.s(1), t.k(2), Temperature.k(3), type(t).__dict__["s"].__func__(4))
try:
    del t.c
except AttributeError as e:
    print(e)
Dynamic = type("Dynamic", (list,), {"double": lambda self: [x * 2 for x in self]})
print(Dynamic([1, 2]).double(), Dynamic.__bases__)


class A:
    def f(self):
        return ["A"]


class B(A):
    def f(self):
        return ["B"] + super().f()


class C(A):
    def f(self):
        return ["C"] + super().f()


class D(B, C):
    def f(self):
        return ["D"] + super().f()


print(D().f(), [c.__name__ for c in D.__mro__])
