# Python其实有3个方法,即静态方法(staticmethod),类方法(classmethod)和实例方法
class A(object):
    def foo(self, x):
        print("{}, {}".format(self, x))

    @classmethod
    def class_foo(cls, x):
        print("classmethod: {}, {}".format(cls, x))

    @staticmethod
    def static_foo(x):
        print("staticmethod: {}".format(x))

a = A()
a.foo(1)
A.class_foo(2)
A.static_foo(3)
