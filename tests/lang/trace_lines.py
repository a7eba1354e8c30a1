# The lines that a trace function sees, of statements and expressions that go over several.
import sys


def trace(frame, event, arg):
    print(frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno, event)
    return trace


def value(*args, **kwargs):
    return args[0] if args else kwargs


def loops(n):
    a = [x for x in range(n)]
    b = [y
         for y in a
         if y >
            1
         if y]
    for z in a: pass
    for \
            z \
            in a:
        pass
    c = {k:
         v
         for k in a
         for v in b}
    d = list(q
             for q in a
             if q == 1)
    for z in a:
        if z:
            z = 1
        else:
            z = 2


def expressions(a, b):
    x = (
        1 +
        a +
        3
        )
    y = value(
        a,
        1,
        "text",
        b)
    z = value(
        a,
        k=1,
        l=
        2)
    z = value(
        *[a],
        k=1,
        l=2)
    z = value(
        **{"q":
           1},
        k=1)
    d = {
        "a":
            1,
        "b": 2}
    d = {
        a:
            b,
        "c":
            2}
    e = [
        1,
        2,
        3]
    f = [
        a,
        1]
    return (
        b
    )


def conditions(a, b):
    if (a and
            b == 1
            and not (a
                     or b)):
        pass
    x = (1 if a
         else 2)
    y = (a
         and b
         or x)
    while (a and
           b <
           3):
        b += \
            1
    assert (
        a ==
        a), "message"
    if not a: return 1
    elif a > 5: return 2


def functions():
    def f(a=1,
          b=2,
          *,
          c=3,
          d=4):
        "doc"
    def g(a=f,
          b=2, *,
          c: int
          =3) -> \
            int:
        return (
            lambda:
                a
        )
    class C:
        "doc"
        x = 1

        def f(self):
            pass
    g()()
    return f(
        *[1],
        2)


def trying(x):
    try:
        try:
            1 / x
        except ZeroDivisionError:
            pass
        else:
            y = 1
        finally:
            z = 1
    except:
        pass
    for i in 1, 2:
        try:
            if x:
                continue
        finally:
            y = (
                i
            )
    try:
        return x
    finally:
        if x:
            y = 3


def star(x):
    try:
        raise ExceptionGroup("g", [ValueError(x)])
    except* TypeError:
        pass
    except* ValueError as e:
        y = 1


def big():
    d = {
        1: 1,
        2: 2,
        3: 3,
        4: 4,
        5: 5,
        6: 6,
        7: 7,
        8: 8,
        9: 9,
        10: 10,
        11: 11,
        12: 12,
        13: 13,
        14: 14,
        15: 15,
        16: 16,
        17: 17,
        18: 18,
        19: 19,
        20: 20}
    return value(
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
        11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
        21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
        31)


def generators():
    def g():
        yield 1
    x = g()
    del x
    x = g()
    x.close()
    x = g()
    next(x)
    x.close()


def implicit(a):
    if a:
        if a > 1:
            b = 1
    else:
        pass


sys.settrace(trace)
loops(4)
expressions(1, 2)
conditions(1, 1)
conditions(0, 1)
functions()
trying(0)
trying(1)
star(1)
big()
generators()
for i in range(3):
    implicit(i)
eval("value(\n1,\n2)")
sys.settrace(None)
for f in expressions, conditions, trying, big, implicit:
    print(f.__name__, f.__code__.co_consts[:2])
