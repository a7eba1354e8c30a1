# import方法
# my_singleton.py
class MySingleton(object):
    def foo(self):
        pass
my_singleton = MySingleton()
# to use
from my_singleton import my_singleton
my_singleton.foo()
