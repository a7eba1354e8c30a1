# 类装饰器
class runtime(object):
    def __init__(self, text):
        self.text = text
    def __call__(self, func):
        @functools.wraps(func)
        def wrapper(*args, **kwargs):
            start_time = time.time()
            rest = func(*args, **kwargs)
            end_time = time.time()
            print(self.text, end_time-start_time)

        return wrapper
