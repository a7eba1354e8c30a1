# A signal that comes while C code runs is handled right behind the call, whatever form the call has.
import os, signal, time
pid=os.getpid()
class CM:
    def __enter__(s): pass
    def __exit__(s,*e): return e[0] is KeyboardInterrupt
kill=signal.raise_signal
def f():
    with CM():
        kill(2)
        return 'missed'
    return 'caught'
def g():
    with CM():
        os.kill(pid, 2)
        return 'missed'
    return 'caught'
args=(2,)
def h():
    with CM():
        kill(*args)
        return 'missed'
    return 'caught'
class O:
    k=staticmethod(kill)
    def m(self): self.k(2)
o=O()
def i():
    with CM():
        o.m()
        return 'missed'
    return 'caught'
def j():
    with CM():
        o.k(2)
        return 'missed'
    return 'caught'
def k():
    with CM():
        x = kill(2)
        return 'missed'
    return 'caught'
def l():
    with CM():
        list(map(kill, [2]))
        return 'missed'
    return 'caught'
def m():
    with CM():
        for _ in map(kill, [2]):
            return 'missed'
    return 'caught'
class A:
    def __getattr__(s,n): kill(2); return 1
    p=property(lambda s: kill(2))
    def __add__(s,o): kill(2); return 1
    def __getitem__(s,o): kill(2); return 1
    def __contains__(s,o): kill(2); return 1
    def __bool__(s): kill(2); return True
    def __len__(s): kill(2); return 1
a=A()
def n():
    with CM():
        a.x
        return 'missed'
    return 'caught'
def p():
    with CM():
        a+1
        return 'missed'
    return 'caught'
def q():
    with CM():
        if a: pass
        return 'missed'
    return 'caught'
def r():
    with CM():
        1 in a
        return 'missed'
    return 'caught'
for fn in (f,g,h,i,j,k,l,m,n,p,q,r):
    res=[]
    for _ in range(300):
        try: res.append(fn())
        except KeyboardInterrupt: res.append('out')
    print(fn.__name__, {x:res.count(x) for x in set(res)})
