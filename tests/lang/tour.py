import sys
def f(a,b=2,*args,c=3,**kw):
    return a,b,args,c,kw
print(f(1), f(1,2,3,4,c=5,d=6))
class A:
    def __init__(self,x): self.x=x
    def __repr__(self): return f"A({self.x!r})"
    @property
    def y(self): return self.x+1
    @staticmethod
    def s(): return 's'
    @classmethod
    def c(cls): return cls.__name__
class B(A):
    def __init__(self,x):
        super().__init__(x*2)
b=B(4)
print(b,b.y,b.s(),b.c(),isinstance(b,A))
def gen(n):
    for i in range(n):
        x = yield i
        if x: print('got',x)
g=gen(3); print(next(g), g.send('hi'), list(g))
try:
    1/0
except ZeroDivisionError as e:
    print('caught',e)
finally:
    print('fin')
with open(__file__) as fh: print(len(fh.read()) > 100)
for i,(a,b) in enumerate(zip('abc',[1,2,3])): print(i,a,b)
match {'k':[1,2,3],'z':5}:
    case {'k':[x,*rest],**o}: print(x,rest,o)
print([(i,j) for i in range(3) for j in range(i) if i+j>1])
lam = lambda *a, **k: (a,k)
print(lam(*[1,2],**{'q':3}))
a,*b_,c = range(6); print(a,b_,c)
print(f"{3.14159:.2f} {'x':>5}|{5:05d} {1+2=}")
def outer():
    n=0
    def inner():
        nonlocal n
        n+=1
        return n
    return inner
i=outer(); i(); print(i())
print(sorted({'b':1,'a':2}.items(), key=lambda t:t[1], reverse=True))
try:
    raise ValueError('a') from KeyError('b')
except ValueError as e: print(repr(e.__cause__))
x = 10
while x > 0:
    x -= 3
    if x == 4: continue
    if x < 2: break
else: print('no')
print(x, 1 < x < 3, 0 < x < 5 , not x)
