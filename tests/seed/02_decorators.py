# 不带参数装饰器
import functools
import time

def runtime(func):
    @functools.wraps(func):
    def wrapper(*args, **kwargs):
        start_time = time.time()
        rest = func(*args, **kwargs)
        end_time = time.time()
        print(func.__name__, end_time-statement)
        return rest
    return wrapper
