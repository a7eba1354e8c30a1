"""Some design patterns in Python: strategy, observer, command, factory, adapter, state, visitor, iterator, template."""
import functools


def strategy(items, key):
    return sorted(items, key=key)


class Subject:
    def __init__(self):
        self.observers = []

    def notify(self, event):
        return [o(event) for o in self.observers]


class Undo:
    def __init__(self):
        self.done = []

    def do(self, action, back):
        action()
        self.done.append(back)

    def undo(self):
        self.done.pop()()


class Shape:
    kinds = {}

    def __init_subclass__(cls):
        cls.kinds[cls.__name__.lower()] = cls

    @classmethod
    def make(cls, kind, *args):
        return cls.kinds[kind](*args)

    def describe(self):
        return f"{type(self).__name__} of area {self.area():g}"


class Square(Shape):
    def __init__(self, a):
        self.a = a

    def area(self):
        return self.a ** 2


class Circle(Shape):
    def __init__(self, r):
        self.r = r

    def area(self):
        return 3 * self.r ** 2


class Adapter:
    def __init__(self, wrapped, **names):
        self.wrapped, self.names = wrapped, names

    def __getattr__(self, name):
        return getattr(self.wrapped, self.names.get(name, name))


@functools.singledispatch
def visit(node):
    return "object"


@visit.register
def _(node: int):
    return f"int {node}"


@visit.register
def _(node: list):
    return [visit(n) for n in node]


class Light:
    def __init__(self):
        self.state = self.off

    def off(self):
        self.state = self.on
        return "on"

    def on(self):
        self.state = self.off
        return "off"


print(strategy(["bb", "a", "ccc"], len))
s = Subject()
s.observers += [str.upper, len]
print(s.notify("event"))
log = []
u = Undo()
u.do(lambda: log.append(1), log.clear)
u.undo()
print(log, Shape.make("square", 2).describe(), Shape.make("circle", 1).describe())
print(Adapter([3, 1], put="append").put(5), visit([1, [2, "x"]]))
light = Light()
print(light.state(), light.state(), light.state())
