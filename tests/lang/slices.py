"""a[i:j] and a[i:j] = v without slice objects: every sequence, odd bounds, other types, errors, evaluation order."""


class Recorder:
    def __getitem__(self, key):
        return ("get", key)

    def __setitem__(self, key, value):
        print("set", key, value)

    def __delitem__(self, key):
        print("del", key)


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        print("index", self.value)
        return self.value

    def __repr__(self):
        return f"Index({self.value})"


class L(list):
    def __getitem__(self, key):
        return "L", key


class S(str):
    pass


bounds = [None, 0, 1, 3, 5, 7, -1, -3, -6, True, 10 ** 30, -10 ** 30]
for s in ([0, 1, 2, 3, 4], (0, 1, 2, 3, 4), "abcde", "aβ\U0001f40dde", b"abcde", bytearray(b"abcde"), range(5), S("abcde"), L([1])):
    print([s[i:j] for i in bounds for j in bounds])
    print(s[:], s[1:], s[:3], s[Index(1):Index(4)])
r = Recorder()
print(r[:], r[1:], r[:"x"], r[1:2, 3:])
r[1:2] = 5
r[:] = r[1:]
del r[1:2]
r[1:2] += (3,)
for i in bounds:
    for j in bounds:
        a = [0, 1, 2, 3, 4]
        a[i:j] = "xy"
        print(a, end=" ")
print()
a = [1, 2, 3]
a[1:1] = a
a[:0] = (x for x in "pq")
a[-1:] = []
print(a)
t = (1, 2, 3)
b = b"abc"
s = "abc"
print(t[:] is t, b[:] is b, s[:] is s, t[0:10] is t)
for code in ("[1]['a':]", "(1)[1:2]", "[1][1.5:]", "None[:]", "a[1:2] = 5", "t[0:1] = (5,)", "'abc'[::]", "{}[1:2]", "5[:]", "a['x':] = []"):
    try:
        exec(code)
    except Exception as e:
        print(code, type(e).__name__, e)


def order(n):
    print(n, end=" ")
    return [1, 2, 3] if n == "seq" else n


order("seq")[order(1):order(2)]
order("seq")[order(1):order(2)] = [order(4)]
print()


def walrus():
    a, i = [1, 2, 3, 4], 1
    x = a[i:(i := 3)], a[(i := 0):i + 1], i
    a[i:(i := 2)] = [i]
    b = a[(a := [7, 8, 9])[0] - 7:]
    return x, a, b, i


print(walrus())


def unbound():
    try:
        [1][x:]
    except UnboundLocalError as e:
        print(e)
    x = 1


unbound()
