# 共享属性
class Singleton(object):
    _state = {}

    def __new__(cls, *args, **kwargs):
        ob = super(Singleton, cls).__new__(cls, *args, **kwargs)
        ob.__dict__ = cls._state
        return ob

class My(Singleton):
    data = 1

class My2(Singleton):
    data = 1


a = My()
b = My()
a.data = 3
print(a.data)
print(b.data)
