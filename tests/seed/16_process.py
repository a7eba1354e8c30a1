import os
import time
import random
from multiprocessing import Process


def countdown(name, n):
    while n > 0:
        print('name:{}, pid:{} run {}'.format(name, os.getpid(), n))
        time.sleep(random.random())
        n -= 1


p = Process(target=countdown, args=('process 1', 5))
p2 = Process(target=countdown, args=('process 2', 5))
p.start()
p2.start()
p.join()
p2.join()
print('success')
