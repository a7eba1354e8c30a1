"""Decorators: plain, with arguments, as a class."""
import functools


def shout(f):
    @functools.wraps(f)
    def inner(*args):
        return f(*args).upper()
    return inner


def repeat(times):
    def wrap(f):
        return lambda *args: [f(*args) for _ in range(times)]
    return wrap


class Counted:
    def __init__(self, f):
        self.f, self.calls = f, 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


@shout
def hello(name):
    return f"hello {name}"


@repeat(times=2)
@Counted
def add(a, b):
    return a + b


print(hello("world"), hello.__name__, add(1, 2))
