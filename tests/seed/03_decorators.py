# 带参数的装饰器
def runtime(text):
    def decorator(func):
        @functools.wraps(func):
        def wrapper(*args, **kwargs)
            start_time = time.time()
            rest = func(*args, **kwargs)
            end_time = time.time()
            print(text, end_time-start_time)

        return wrapper

    return decorator
