import os
import time
import random
from multiprocessing import Pool


def countdown(name, n):
    while n > 0:
        print('name:{}, pid:{} run {}'.format(name, os.getpid(), n))
        time.sleep(random.random())
        n -= 1


p = Pool()

for i in range(5):
    # apply_async 非阻塞
    p.apply_async(countdown, args=('process {}'.format(i), 5))

# 调用join之前，先调用close函数，否则会出错
p.close()
p.join()
