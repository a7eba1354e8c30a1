"""A pool of processes: map, imap, apply_async, and an exception that comes home."""
import multiprocessing
import os


def work(n):
    if n < 0:
        raise ValueError(f"negative: {n}")
    return n * n


def who(_):
    return os.getpid()


def add(a, b):
    return a + b


if __name__ == "__main__":
    with multiprocessing.Pool(3) as pool:
        print("map:", pool.map(work, range(6)))
        print("starmap:", pool.starmap(add, [(1, 2), (3, 4)]))
        print("imap_unordered:", sorted(pool.imap_unordered(work, range(4))))
        later = [pool.apply_async(work, (n,)) for n in (7, -1)]
        print("apply_async:", later[0].get())
        try:
            later[1].get()
        except ValueError as e:
            print("came home:", repr(e), "caused by", type(e.__cause__).__name__)
        pids = set(pool.map(who, range(30), chunksize=1))
        print("other processes, at most three:", os.getpid() not in pids and len(pids) <= 3)
        pool.close()        # no more work; join() before it is an error
        pool.join()
