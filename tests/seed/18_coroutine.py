import traceback

def simple_coroutine():
    print('coroutine start')
    return_value = 'haha'
    x = yield return_value
    print('coroutine received: {}'.format(x))

def getgeneratorstate(generator):
    if generator.gi_running:
        return 'GEN_RUNNING'
    if generator.gi_frame is None:
        return 'GEN_CLOSED'
    if generator.gi_frame.f_lasti == -1:
        return 'GEN_CREATED'
    return 'GEN_SUSPENDED'


my_coro = simple_coroutine()
print(my_coro)
print(getgeneratorstate(my_coro))
return_value = my_coro.next()  # next(my_coro) or my_coro.send(None)
print(return_value)
print(getgeneratorstate(my_coro))
try:
    my_coro.send(10)
except Exception as e:
    print(traceback.print_exc())
    print(e)

print(getgeneratorstate(my_coro))
