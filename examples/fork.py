"""os.fork: the child gets a copy of everything, and a pipe back."""
import os
import sys

value = [1]
r, w = os.pipe()
sys.stdout.flush()
pid = os.fork()
if pid == 0:
    value.append(2)
    os.write(w, repr(value).encode())
    os._exit(7)
os.close(w)
said = os.read(r, 100).decode()
_, status = os.waitpid(pid, 0)
print("parent:", value, "child said:", said, "exit:", os.waitstatus_to_exitcode(status))
