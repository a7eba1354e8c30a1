"""zlib: limits, errors, what is left of streams."""
import zlib,sys,copy,pickle,inspect
def t(f,*a,**k):
    try:
        r = f(*a, **k)
        print(r if isinstance(r, int) or isinstance(r, bytes) and len(r) < 80 else len(r) if isinstance(r, bytes) else type(r))
    except BaseException as e: print(type(e).__name__, e)
x=zlib.compress(b'hello world'*1000)
for a in [(x[:-5],),(x,15,0),(x,15,-1),(x,99),(b'',),(b'garbage!!',),(x,-15),(x+b'tail',),(x,15,sys.maxsize),(x,15,1<<62),('s',),(x,15,1<<70)]: print(a[1:]); t(zlib.decompress,*a)
for a in [(b'a',10),(b'a',-2),(b'a',1,99),('a',),(b'a',1,-9),(b'a',1.5)]: t(zlib.compress,*a)
t(zlib.compressobj,1,2); t(zlib.compressobj,zdict=b''); t(zlib.compressobj,zdict='a'); t(zlib.compressobj,wbits=-15,zdict=b'abc'),t(zlib.compressobj,wbits=31,zdict=b'abc')
t(zlib.decompressobj,99);t(zlib.decompressobj,zdict='s');t(zlib.decompressobj,wbits=-15,zdict=b'');t(zlib.decompressobj,wbits=-15,zdict=b'aa')
d=zlib.decompressobj()
t(d.decompress,x+b'tail'); print(d.unused_data,d.unconsumed_tail,d.eof); t(d.decompress,b'more'); print(d.unused_data); t(d.flush); t(d.flush); t(d.decompress,b'more'); print(d.unused_data); t(d.copy)
d=zlib.decompressobj(); t(d.decompress,b'garbage!'); t(d.flush); t(d.decompress,b'x'); print(d.unconsumed_tail,d.unused_data,d.eof)
d=zlib.decompressobj(); t(d.decompress,x[:10]+b'\0\0\0\0\0\0garbage!',5);print(d.unconsumed_tail);t(d.flush);t(d.flush);t(d.decompress,b'')
d=zlib.decompressobj(); t(d.decompress,x,5);print(len(d.unconsumed_tail)); e=d.copy(); t(d.flush,3); t(e.decompress,e.unconsumed_tail,7); print(len(e.unconsumed_tail)); t(e.flush); print(e.eof,d.eof)
c=zlib.compressobj(); t(c.compress,b'abc'); t(c.flush,0);t(c.flush,zlib.Z_SYNC_FLUSH);t(c.flush,zlib.Z_SYNC_FLUSH);t(c.flush,77); t(c.flush);t(c.flush);t(c.compress,b'a');t(c.copy);t(copy.deepcopy,c)
t(pickle.dumps,c); t(type(c)); 
try: type(c).x=1
except TypeError as e: print(e)
zc=zlib.compressobj(zdict=b'hello'); y=zc.compress(b'hello hello')+zc.flush()
t(zlib.decompressobj().decompress,y);t(zlib.decompressobj(zdict=b'hellx').decompress,y);t(zlib.decompressobj(zdict=b'hello').decompress,y);t(zlib.decompressobj(zdict=b'hello').decompress,y,3);t(zlib.decompress,y)
t(zlib.decompressobj,zdict=bytearray(b'hello'))
for v in (-1,2**32,2**40+5,-2**70,1.5): t(zlib.crc32,b'abc',v);t(zlib.adler32,b'abc',v)
t(zlib.crc32,b'x'*10000);t(zlib.adler32,bytearray(10000));t(zlib.crc32);t(zlib.crc32,1,2,3)
for n in ('compress','decompress','compressobj','decompressobj','adler32','crc32'): print(inspect.signature(getattr(zlib,n)))
print(sorted(n for n in dir(zlib) if n not in ('__file__',)))
big=bytes(range(256))*40000
assert zlib.decompress(zlib.compress(big))==big
d=zlib.decompressobj(); out=b''; data=zlib.compress(big); 
while not d.eof:
    o=d.decompress(data,1000); assert len(o)<=1000; out+=o; data=d.unconsumed_tail
assert out==big
