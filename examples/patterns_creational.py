"""Design patterns, creational (5 of 23): abstract factory, builder, factory method, prototype, singleton."""
import copy

print("1 abstract factory: a family of objects that fit together; a class or module is the factory")


class Dark:
    def button(self):
        return "dark button"

    def menu(self):
        return "dark menu"


class Light:
    def button(self):
        return "light button"

    def menu(self):
        return "light menu"


def window(theme):
    return [theme.button(), theme.menu()]


print("  ", window(Dark()), window(Light()))

print("2 builder: made step by step, finished at the end")


class Query:
    def __init__(self, table):
        self.table, self.columns, self.conditions = table, ["*"], []

    def select(self, *columns):
        self.columns = columns
        return self

    def where(self, condition):
        self.conditions.append(condition)
        return self

    def build(self):
        tail = " WHERE " + " AND ".join(self.conditions) if self.conditions else ""
        return f"SELECT {', '.join(self.columns)} FROM {self.table}{tail}"


print("  ", Query("people").select("name", "age").where("age > 30").where("name <> ''").build())

print("3 factory method: a subclass decides what is made")


class Exporter:
    def encoder(self):
        raise NotImplementedError

    def export(self, data):
        return self.encoder()(data)


class Lines(Exporter):
    def encoder(self):
        return "\n".join


class Words(Exporter):
    def encoder(self):
        return " ".join


print("  ", repr(Lines().export(["a", "b"])), repr(Words().export(["a", "b"])))

print("4 prototype: copy one that is as wanted")


class Robot:
    def __init__(self, parts):
        self.parts = parts

    def clone(self, **changes):
        other = copy.deepcopy(self)
        other.__dict__.update(changes)
        return other


first = Robot(["head"])
second = first.clone(name="second")
second.parts.append("arm")
print("  ", first.parts, second.parts, second.name)

print("5 singleton: one object only (singletons.py has more ways)")


class Settings:
    made = None

    def __new__(cls):
        if cls.made is None:
            cls.made = super().__new__(cls)
        return cls.made


print("  ", Settings() is Settings())
