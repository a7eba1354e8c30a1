"""Four ways to a singleton, __new__, shared state, a decorator, a module; and a metaclass as the fifth."""
import sys
import types


class ByNew:
    instance = None

    def __new__(cls):
        if cls.instance is None:
            cls.instance = super().__new__(cls)
        return cls.instance


class Shared:
    """Many objects, but all with the same attributes ("Borg")."""
    state = {}

    def __init__(self):
        self.__dict__ = self.state


def singleton(cls):
    made = []

    def get(*args):
        if not made:
            made.append(cls(*args))
        return made[0]
    return get


@singleton
class ByDecorator:
    pass


class Single(type):
    made = {}

    def __call__(cls, *args):
        if cls not in cls.made:
            cls.made[cls] = super().__call__(*args)
        return cls.made[cls]


class ByMeta(metaclass=Single):
    pass


print("__new__:", ByNew() is ByNew())
a, b = Shared(), Shared()
a.data = 3
print("shared state:", a is b, b.data)
print("decorator:", ByDecorator() is ByDecorator())
sys.modules["settings"] = types.ModuleType("settings")     # what importing a file settings.py does, once
import settings
settings.size = 3
import settings as again
print("module:", again is settings, again.size)
print("metaclass:", ByMeta() is ByMeta(), type(ByMeta).__name__)
