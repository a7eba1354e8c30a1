"""The GIL seen at work: one thread computes at a time, waiting threads let others go on."""
import sys
import threading
import time


def spin(counts, i, stop):
    while not stop.is_set():
        counts[i] += 1


print("a thread may be asked to give the lock up every", sys.getswitchinterval(), "s")
counts, stop = [0, 0, 0], threading.Event()
threads = [threading.Thread(target=spin, args=(counts, i, stop)) for i in range(3)]
wall, cpu = time.perf_counter(), time.process_time()
for t in threads:
    t.start()
time.sleep(0.3)
stop.set()
for t in threads:
    t.join()
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
print("each of three computing threads got on:", all(n > 0 for n in counts))
print("together they used one processor at most:", cpu < 1.3 * wall)

start = time.perf_counter()
threads = [threading.Thread(target=time.sleep, args=(0.2,)) for _ in range(5)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print("five sleeps of 0.2 s took less than 0.8 s:", time.perf_counter() - start < 0.8)

# The lock guards the interpreter, not your data: reading and writing back are two steps, and a switch may come between.
balance = 100
seen = threading.Barrier(2)


def withdraw(amount):
    global balance
    read = balance
    seen.wait()             # what a switch at the wrong moment would do
    balance = read - amount


threads = [threading.Thread(target=withdraw, args=(70,)) for _ in range(2)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print("two withdrawals of 70 from 100 leave", balance)
