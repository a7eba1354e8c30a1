import time
import random
from threading import Thread


def countdown(name, n):
    while n > 0:
        print('{} countdown: {}'.format(name, n))
        time.sleep(random.random())

        n -= 1


t = Thread(target=countdown, args=('thread 1', 5,))
t2 = Thread(target=countdown, args=('thread 2', 5,))
t.start()
t2.start()

t.join()
t2.join()
print('success')


class CountdownThread(Thread):
    def __init__(self, name, n):
        super(CountdownThread, self).__init__()
        self.name = name
        self.n = n

    def run(self):
        while self.n > 0:
            print('{} countdown: {}'.format(self.name, self.n))
            time.sleep(random.random())

            self.n -= 1


t = CountdownThread('thread 1', 5)
t2 = CountdownThread('thread 2', 5)
t.start()
t2.start()
