import os

pid = os.fork()
if pid == 0:
    print('child process {}, {}'.format(os.getpid(), pid))
else:
    print('parent process {}, {}'.format(os.getpid(), pid))
