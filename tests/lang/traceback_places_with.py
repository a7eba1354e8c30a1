# Where tracebacks of with statements point, and the lines that they show to a trace function.
import traceback
class M:
    def __init__(s, *a): s.a=a
    def __enter__(s):
        if 'enter' in s.a: raise KeyError
    def __exit__(s,*e):
        if 'exit' in s.a: raise IndexError
        return 'sup' in s.a
def t(f):
    try: f()
    except Exception: traceback.print_exc()
def f1():
    with (
      M() as a,
      M('enter') as
        b):
        pass
def f2():
    with M('exit'), \
      M():
        pass
def f3():
    with M('exit'), \
      M():
        1/0
def f4():
    for i in 1,2:
       with M('exit'), \
         M():
        continue
def f5():
       with M('exit'), \
         M() as x.y:
        return 1
def f6():
       with M('exit'), \
         M() as (
           x.y):
        return 1
for i in range(1,7): t(globals()['f%d'%i])
import sys
def tr(f,e,a):
    print(f.f_code.co_name,f.f_lineno,e); return tr
def g():
    with (
     M('a'),
     M('b') as x
     ):
       pass
    with M('a'), \
      M('sup'):
        1/0
sys.settrace(tr)
g()
