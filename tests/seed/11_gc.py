gc.get_threshold()
gc.get_count()
a = []
b = []
a.append(b)
b.append(a)
del a
del b
gc.collect(0)
gc.collect(1)
gc.garbage



a.append(b)
b.append(a)
gc.collect(0)
del a
del b
gc.collect(0)
gc.collect(1)

gc.get_count()
