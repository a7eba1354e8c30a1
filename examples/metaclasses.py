"""Classes made by type() with three arguments, and by a metaclass."""
Point = type("Point", (), {"x": 0, "move": lambda self, d: setattr(self, "x", self.x + d)})
p = Point()
p.move(3)
print(Point, p.x)


class UpperAttributes(type):
    def __new__(mcls, name, bases, ns):
        return super().__new__(mcls, name, bases, {k if k.startswith("__") else k.upper(): v for k, v in ns.items()})


class Config(metaclass=UpperAttributes):
    size = 3
    name = "x"


print(Config.SIZE, Config.NAME, hasattr(Config, "size"), type(Config).__name__)
