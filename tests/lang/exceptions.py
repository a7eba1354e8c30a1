"""Exceptions: handlers, chaining, finally in every way out, groups, tracebacks."""


def ways_out(kind):
    for i in range(3):
        try:
            if kind == "return":
                return i
            if kind == "break":
                break
            if kind == "continue":
                continue
            if kind == "raise":
                raise ValueError(i)
        except ValueError as e:
            print("caught", e)
        else:
            print("else")
        finally:
            print("finally", kind, i)
    return "end"


for kind in ("return", "break", "continue", "raise", "none"):
    print(kind, ways_out(kind))


def override():
    try:
        return 1
    finally:
        return 2


print(override())
try:
    try:
        raise KeyError("a")
    except KeyError:
        raise ValueError("b")
except ValueError as e:
    print(repr(e), repr(e.__context__), e.__cause__, e.__suppress_context__)
try:
    raise ExceptionGroup("g", [ValueError(1), TypeError(2), ExceptionGroup("h", [OSError(3)])])
except* ValueError as g:
    print("values", g.exceptions)
except* OSError as g:
    print("os", g.exceptions)
except* TypeError as g:
    print("types", g.exceptions)


class Manager:
    def __init__(self, swallow):
        self.swallow = swallow

    def __enter__(self):
        print("enter")
        return self

    def __exit__(self, kind, value, tb):
        print("exit", kind and kind.__name__, value)
        return self.swallow


with Manager(True):
    1 / 0
try:
    with Manager(False) as a, Manager(False):
        [][1]
except IndexError as e:
    print(e)


def deep(n):
    if n == 0:
        raise RuntimeError("bottom")
    deep(n - 1)


def note():
    e = ValueError("noted")
    e.add_note("a note")
    raise e


try:
    deep(3)
except RuntimeError:
    note()
