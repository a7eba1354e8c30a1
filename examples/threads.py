"""Threads by function and by subclass, a lock, and the GIL's switch interval."""
import sys
import threading

total = 0
lock = threading.Lock()


def add(n):
    global total
    for _ in range(n):
        with lock:
            total += 1


class Worker(threading.Thread):
    def __init__(self, n):
        super().__init__(name=f"worker-{n}")
        self.n = n

    def run(self):
        add(self.n)
        self.result = self.n * self.n


threads = [threading.Thread(target=add, args=(1000,)) for _ in range(4)]
workers = [Worker(n) for n in (10, 20)]
for t in threads + workers:
    t.start()
for t in threads + workers:
    t.join()
print(total, [w.result for w in workers], [w.name for w in workers], sys.getswitchinterval())
