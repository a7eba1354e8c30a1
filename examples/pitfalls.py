"""Python's weak spots: shared defaults, late binding, scopes, is, floats, changing what is iterated over, unchecked types."""


def append(x, to=[]):           # made once, when def runs
    to.append(x)
    return to


print("a default is shared:", append(1), append(2))
print("closures see the variable, not its value:", [f() for f in [lambda: i for i in range(3)]], "; bound early:", [f() for f in [lambda i=i: i for i in range(3)]])
rows = [[0]] * 2
rows[0][0] = 1
print("multiplied lists are one list:", rows)
a, b = [1], [1]
print("is asks for identity:", a == b, a is b)
print("binary floats:", 0.1 + 0.2 == 0.3, 0.1 + 0.2)
count = 0


def increment():
    count += 1                  # assigning makes a name local to the whole function


try:
    increment()
except UnboundLocalError as e:
    print("scopes:", e)
t = ([],)
try:
    t[0] += [1]
except TypeError as e:
    print("failed and done:", e, t)
numbers = [1, 3, 5]
for n in numbers:
    numbers.remove(n)
print("changing what is iterated over:", numbers)
print("bool is an int:", True + True, {1: "int", True: "bool"})


def double(n: int) -> int:
    return n * 2


print("annotations aren't checked:", double("ab"))
