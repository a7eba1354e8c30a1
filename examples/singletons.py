"""Four ways to a singleton: a module, __new__, a decorator, a metaclass."""
import math


class ByNew:
    instance = None

    def __new__(cls):
        if cls.instance is None:
            cls.instance = super().__new__(cls)
        return cls.instance


def singleton(cls):
    made = {}
    return lambda: made.setdefault(cls, None) or made.update({cls: cls()}) or made[cls]


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


import math as again
print(math is again, ByNew() is ByNew(), ByDecorator() is ByDecorator(), ByMeta() is ByMeta())
