"""FastCGI carries requests from a web server to a long-lived process; WSGI is called inside it. A minimal responder."""
import io
import socket
import struct
import threading

# A record: version, type, request id, content length, padding length, one reserved byte; then the content.
RECORD = struct.Struct("!BBHHBx")
BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
RESPONDER = 1


def write(stream, kind, content=b"", request=1):
    padding = -len(content) % 8
    stream.write(RECORD.pack(1, kind, request, len(content), padding) + content + bytes(padding))


def read(stream):
    _, kind, request, length, padding = RECORD.unpack(stream.read(RECORD.size))
    content = stream.read(length)
    stream.read(padding)
    return kind, request, content


def pack_pairs(pairs):
    """Lengths below 128 take one byte, others four with the top bit set."""
    def length(n):
        return bytes([n]) if n < 128 else struct.pack("!I", n | 1 << 31)
    encoded = [(k.encode(), v.encode()) for k, v in pairs.items()]
    return b"".join(length(len(k)) + length(len(v)) + k + v for k, v in encoded)


def unpack_pairs(data):
    stream, pairs = io.BytesIO(data), {}

    def length():
        first = stream.read(1)
        return first[0] if first[0] < 128 else struct.unpack("!I", first + stream.read(3))[0] & ~(1 << 31)
    while stream.tell() < len(data):
        name_length, value_length = length(), length()
        name = stream.read(name_length).decode()
        pairs[name] = stream.read(value_length).decode()
    return pairs


def respond(stream, application):
    """One request: its records are collected, the WSGI application called, its answer sent back as records."""
    params, body = b"", b""
    while True:
        kind, request, content = read(stream)
        if kind == PARAMS:
            params += content
        elif kind == STDIN:
            if not content:         # an empty record closes a stream
                break
            body += content
    environ = {**unpack_pairs(params), "wsgi.input": io.BytesIO(body), "wsgi.version": (1, 0)}
    head = []

    def start_response(status, headers):
        head.append(f"Status: {status}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers) + "\r\n")
    parts = list(application(environ, start_response))
    write(stream, STDOUT, head[0].encode() + b"".join(parts), request)
    write(stream, STDOUT, b"", request)
    write(stream, END, struct.pack("!IB3x", 0, 0), request)
    stream.flush()


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["REQUEST_METHOD"].encode(), b" ", environ["PATH_INFO"].encode(), b" ", environ["wsgi.input"].read()[::-1]]


def as_web_server(stream, params, body):
    write(stream, BEGIN, struct.pack("!HB5x", RESPONDER, 0))
    write(stream, PARAMS, pack_pairs(params))
    write(stream, PARAMS)
    write(stream, STDIN, body)
    write(stream, STDIN)
    stream.flush()
    answer = b""
    while True:
        kind, request, content = read(stream)
        if kind == END:
            print("end: status", struct.unpack("!IB3x", content))
            return answer
        answer += content


print("pairs:", pack_pairs({"A": "b"}), unpack_pairs(pack_pairs({"LONG": "x" * 200}))["LONG"] == "x" * 200)
here, there = socket.socketpair()
responder = threading.Thread(target=lambda: respond(there.makefile("rwb"), application))
responder.start()
print(as_web_server(here.makefile("rwb"), {"REQUEST_METHOD": "POST", "PATH_INFO": "/reverse"}, b"desserts").decode())
responder.join()
here.close()
there.close()
