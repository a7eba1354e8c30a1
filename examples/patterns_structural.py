"""Design patterns, structural (7 of 23): adapter, bridge, composite, decorator, facade, flyweight, proxy."""
import weakref

print("6 adapter: another's interface made to fit")


class Fahrenheit:
    def read_f(self):
        return 212


class AsCelsius:
    def __init__(self, sensor):
        self.sensor = sensor

    def read(self):
        return (self.sensor.read_f() - 32) * 5 / 9

    def __getattr__(self, name):
        return getattr(self.sensor, name)


print("  ", AsCelsius(Fahrenheit()).read(), AsCelsius(Fahrenheit()).read_f())

print("7 bridge: two hierarchies that vary on their own")


class Text:
    def circle(self, r):
        return f"({r})"


class Svg:
    def circle(self, r):
        return f"<circle r='{r}'/>"


class Circle:
    def __init__(self, r, renderer):
        self.r, self.renderer = r, renderer

    def draw(self):
        return self.renderer.circle(self.r)


class Big(Circle):
    def draw(self):
        return self.renderer.circle(self.r * 10)


print("  ", Circle(1, Text()).draw(), Big(1, Svg()).draw())

print("8 composite: a part and a whole answer alike")


class File:
    def __init__(self, size):
        self.size = size

    def total(self):
        return self.size


class Folder:
    def __init__(self, *children):
        self.children = children

    def total(self):
        return sum(c.total() for c in self.children)


print("  ", Folder(File(1), Folder(File(2), File(3))).total())

print("9 decorator: behaviour added around an object (decorators.py: around a function)")


class Coffee:
    price = 2

    def describe(self):
        return "coffee"


class With:
    def __init__(self, inner, extra, cost):
        self.inner, self.extra, self.price = inner, extra, inner.price + cost

    def describe(self):
        return f"{self.inner.describe()} with {self.extra}"


cup = With(With(Coffee(), "milk", 1), "sugar", 0)
print("  ", cup.describe(), cup.price)

print("10 facade: one simple door to several parts")


class Scanner:
    def scan(self, text):
        return text.split()


class Counter:
    def count(self, words):
        return {w: words.count(w) for w in words}


def word_counts(text):
    return Counter().count(Scanner().scan(text))


print("  ", word_counts("to be or not to be"))

print("11 flyweight: what is equal is shared")


class Glyph:
    known = weakref.WeakValueDictionary()

    def __new__(cls, char):
        glyph = cls.known.get(char)
        if glyph is None:
            glyph = cls.known[char] = super().__new__(cls)
            glyph.char = char
        return glyph


line = [Glyph(c) for c in "banana"]
print("  ", len(line), "places,", len(set(map(id, line))), "objects")

print("12 proxy: stands for another, decides when and whether to ask it")


class Lazy:
    def __init__(self, make):
        self.__dict__["make"] = make

    def __getattr__(self, name):
        if "real" not in self.__dict__:
            print("   made now")
            self.__dict__["real"] = self.make()
        return getattr(self.real, name)


lazy = Lazy(Coffee)
print("  ", lazy.describe(), lazy.price)
