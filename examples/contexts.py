"""with: a class, a generator function, several at once, and exceptions that stop there."""
import contextlib


class Tag:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        print(f"<{self.name}>")
        return self

    def __exit__(self, kind, value, tb):
        print(f"</{self.name}>", kind.__name__ if kind else "")


@contextlib.contextmanager
def quiet(*kinds):
    try:
        yield "value"
    except kinds as e:
        print("stopped", repr(e))


with Tag("a"), Tag("b") as b, quiet(ZeroDivisionError) as v:
    print(b.name, v)
    1 / 0
with contextlib.ExitStack() as stack:
    for name in "xy":
        stack.enter_context(Tag(name))
    stack.callback(print, "callback")
