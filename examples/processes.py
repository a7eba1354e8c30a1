"""multiprocessing.Process: a function in its own process, a queue, a pipe, shared memory."""
import multiprocessing
import os
from multiprocessing import shared_memory


def square(numbers, results):
    for n in numbers:
        results.put((n, n * n))


def echo(end):
    while (text := end.recv()) is not None:
        end.send(text.upper())


class Counter(multiprocessing.Process):
    """A process by subclass: run() is what it does."""

    def __init__(self, memory, lock):
        super().__init__(name="counter")
        self.memory, self.lock = memory, lock

    def run(self):
        for _ in range(100):
            with self.lock:
                self.memory.buf[0] += 1


if __name__ == "__main__":
    results = multiprocessing.SimpleQueue()
    p = multiprocessing.Process(target=square, args=([2, 3, 4], results))
    p.start()
    print("squares:", [results.get() for _ in range(3)])
    p.join()
    print("another process:", p.pid != os.getpid(), "exit code:", p.exitcode)

    here, there = multiprocessing.Pipe()
    p = multiprocessing.Process(target=echo, args=(there,))
    p.start()
    for word in ("one", "two"):
        here.send(word)
        print("echo:", here.recv())
    here.send(None)
    p.join()

    p = multiprocessing.Process(target=os._exit, args=(3,))
    p.start()
    p.join()
    print("exit code:", p.exitcode)

    memory, lock = shared_memory.SharedMemory(create=True, size=1), multiprocessing.Lock()
    counters = [Counter(memory, lock) for _ in range(2)]
    for c in counters:
        c.start()
    for c in counters:
        c.join()
    print("counted together in shared memory:", memory.buf[0])
    memory.close()
    memory.unlink()
