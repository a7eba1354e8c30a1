"""Coroutine, thread and process compared: who switches, what is shared, what one costs."""
import asyncio
import os
import sys
import threading

shared = []


def in_a_thread():
    shared.append("thread")
    shared.append(os.getpid() == main_pid)


def in_a_process(w):
    shared.append("process")
    os.write(w, repr((shared, os.getpid() == main_pid)).encode())


async def talker(name, log):
    for i in range(2):
        log.append(f"{name}{i}")
        await asyncio.sleep(0)      # the only place where another coroutine can run


async def coroutines():
    log = []
    await asyncio.gather(talker("a", log), talker("b", log))
    print("coroutines switch where they say so:", log)
    tasks = [asyncio.create_task(asyncio.sleep(0, i)) for i in range(5000)]
    print("five thousand at once:", sum(await asyncio.gather(*tasks)))
    print("all in one thread:", threading.active_count() == 1)


main_pid = os.getpid()
asyncio.run(coroutines())

t = threading.Thread(target=in_a_thread)
t.start()
t.join()
print("a thread shares memory and process:", shared, "; it is switched when the interpreter decides")

r, w = os.pipe()
sys.stdout.flush()
if (pid := os.fork()) == 0:
    in_a_process(w)
    os._exit(0)
os.waitpid(pid, 0)
print("a process changed its own copy:", os.read(r, 1000).decode())
print("ours is as before:", shared)


async def blocking():
    return await asyncio.to_thread(sum, range(1000))


print("a coroutine hands blocking work to a thread:", asyncio.run(blocking()))
