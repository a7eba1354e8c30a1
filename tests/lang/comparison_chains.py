# Chains of comparisons: what is evaluated, and when the values in between are released.
class F:
    def __init__(s,v,r): s.v=v; s.r=r
    def __lt__(s,o): print(s.v,'<',o.v); return s.r
    def __del__(s): print('del',s.v)
def f(*rs):
    def mk(i): return F(i, rs[i] if i<len(rs) else True)
    print(mk(0)<mk(1)<mk(2)<mk(3)<mk(4))
    if mk(0)<mk(1)<mk(2)<mk(3): print('yes')
    else: print('no')
    x=1
    print(x<2<x+2<4<x+4<mk(5).v)
f()
f(0)
f(1,0)
f(1,1,0)
f(1,1,1,0)
f(1,1,1,1,0)
