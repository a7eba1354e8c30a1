# 装饰器版本
def singletion(cls):
    instances = {}

    def getInstance(*args, **kwargs):
        if cls not in instances:
            instances[cls] = cls(*args, **kwargs)
        return instances[cls]
    return getInstance

@singletion
class My(object):
    data = 1

a = My()
b = My()
print(a, b)
