class A(object):
    def __del__(self):
        pass

class B(object):
    def __del__(self):
        pass

a = A()
b = B()
a.b = b
b.a = a
del a
del b
# 所以__del__方法要慎用，如果用的话一定要保证没有循环引用
