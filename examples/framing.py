"""TCP is a stream: messages need framing, here a length by struct before each."""
import socket
import struct
import threading

HEADER = struct.Struct("!I")        # network byte order, 32 bits, whatever the machine


def pack(message):
    return HEADER.pack(len(message)) + message


class Unpacker:
    """Takes whatever pieces arrive, gives whole messages."""

    def __init__(self):
        self.buffer = bytearray()

    def feed(self, data):
        self.buffer += data
        while len(self.buffer) >= HEADER.size:
            end = HEADER.size + HEADER.unpack_from(self.buffer)[0]
            if len(self.buffer) < end:
                return
            yield bytes(self.buffer[HEADER.size:end])
            del self.buffer[:end]


def messages(connection):
    unpacker = Unpacker()
    while data := connection.recv(4096):
        yield from unpacker.feed(data)


def serve(listener):
    connection, _ = listener.accept()
    with connection:
        for message in messages(connection):
            connection.sendall(pack(message[::-1]))


print("one header:", HEADER.pack(5))
unpacker, stream = Unpacker(), b"".join(map(pack, [b"one", b"", b"three"]))
for size in (len(stream), 1, 6):
    pieces = [stream[i:i + size] for i in range(0, len(stream), size)]
    print(f"{len(pieces)} pieces:", [m for piece in pieces for m in unpacker.feed(piece)])

with socket.create_server(("127.0.0.1", 0)) as listener:
    server = threading.Thread(target=serve, args=(listener,))
    server.start()
    with socket.create_connection(listener.getsockname()) as client:
        client.sendall(pack(b"stressed") + pack(b"x" * 100_000))    # sticks together on the way
        client.shutdown(socket.SHUT_WR)
        print("answers:", [(len(m), m[:8]) for m in messages(client)])
    server.join()
