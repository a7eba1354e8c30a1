"""Generators, coroutines, asynchronous generators without an event loop."""


def counter(n):
    got = []
    try:
        while n:
            got.append((yield n))
            n -= 1
    except ValueError as e:
        yield "thrown", str(e)
    finally:
        print("closing", got)
    return "result"


g = counter(3)
print(next(g), g.send("a"), g.throw(ValueError("x")))
try:
    next(g)
except StopIteration as e:
    print(e.value)
g = counter(2)
next(g)
g.close()


def delegate():
    r = yield from counter(1)
    print("inner gave", r)
    yield from (x * x for x in range(3))


print(list(delegate()))


class Awaitable:
    def __await__(self):
        got = yield "please"
        return got * 2


async def coroutine():
    return await Awaitable() + await Awaitable()


c = coroutine()
print(c.send(None), c.send(1))
try:
    c.send(2)
except StopIteration as e:
    print(e.value)


async def numbers(n):
    for i in range(n):
        yield i


async def main():
    print([x async for x in numbers(4) if x % 2])
    async for x in numbers(2):
        print("item", x)
    else:
        print("done")


try:
    main().send(None)
except StopIteration:
    pass


def infinite():
    raise StopIteration("not allowed")
    yield


try:
    next(infinite())
except RuntimeError as e:
    print(e)
print(sum(i for i in range(101)), max((len(w), w) for w in "a bb ccc".split()))
