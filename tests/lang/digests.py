"""The hash modules without OpenSSL: digests, copies, errors."""
import _md5, _sha1, _sha256, _sha512, _sha3, random

def show(f, *args, **kwds):
    try:
        r = f(*args, **kwds)
        print(r if isinstance(r, (str, bytes)) else type(r))
    except Exception as e:
        print(type(e).__name__, e)

data = bytes(i * 7 & 255 for i in range(1000))
for f in _md5.md5, _sha1.sha1, _sha256.sha224, _sha256.sha256, _sha512.sha384, _sha512.sha512, _sha3.sha3_224, _sha3.sha3_256, _sha3.sha3_384, _sha3.sha3_512, _sha3.shake_128, _sha3.shake_256:
    h = f()
    size = () if h.digest_size else (300,)
    print(h.name, h.digest_size, h.block_size, type(h).__name__, type(h).__module__)
    position = 0
    for step in 0, 1, 2, 7, 8, 9, 63, 64, 65, 100, 127, 128, 129, 136:
        h.update(data[position:position + step])
        c = h.copy()
        position += step
        print(c.hexdigest(*size), c.digest(*size) == h.digest(*size) == f(memoryview(data)[:position]).digest(*size))
    for args in ("x",), (1,), (b"", b""), (memoryview(data).cast("B", [10, 100]),), (memoryview(data).cast("I"),):
        show(f, *args)
    show(f, data=b"")
    show(f, usedforsecurity=False)
    show(h.update)
    show(h.update, "x")
    show(h.__reduce_ex__, 2)
    for o in h, type(h):
        try:
            o.x = 1
        except Exception as e:
            print(type(e).__name__, e)
for length in -1, 1 << 29, 1 << 70, 1.5, "x", True, 0:
    show(_sha3.shake_128().digest, length)
show(_sha3.shake_128().hexdigest, -1)
show(_sha3.shake_128().digest)
show(type(_md5.md5()))
print(_sha3.shake_128()._capacity_bits, _sha3.shake_128()._rate_bits, _sha3.shake_128()._suffix)
import _blake2
for f in _blake2.blake2b, _blake2.blake2s:
    for name, values in {"leaf_size": (-1, 1 << 32, 1 << 64, "x", 1.5), "node_offset": (-1, 1 << 64, "x"), "digest_size": (0, 65, -1), "fanout": (-1, 256), "key": (bytes(65), "x")}.items():
        for value in values:
            show(f, **{name: value})
