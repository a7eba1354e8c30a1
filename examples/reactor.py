"""A reactor: one thread waits for many sockets and calls who is ready. By hand with selectors, then asyncio's."""
import asyncio
import selectors
import socket


class Reactor:
    """Handlers by file; the loop asks the system who is ready, and calls them."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.running = True

    def add(self, file, handler):
        self.selector.register(file, selectors.EVENT_READ, handler)

    def remove(self, file):
        self.selector.unregister(file)

    def run(self):
        while self.running:
            for key, _ in self.selector.select():
                key.data(key.fileobj)
        self.selector.close()


class EchoServer:
    def __init__(self, reactor):
        self.reactor = reactor
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        reactor.add(self.listener, self.accept)
        self.address = self.listener.getsockname()

    def accept(self, listener):
        connection, _ = listener.accept()
        connection.setblocking(False)
        self.reactor.add(connection, self.echo)

    def echo(self, connection):
        data = connection.recv(1000)
        if data:
            connection.send(data.upper())
        else:
            self.reactor.remove(connection)
            connection.close()


class Client:
    def __init__(self, reactor, address, name, answers):
        self.reactor, self.answers = reactor, answers
        self.socket = socket.create_connection(address)
        self.socket.send(name.encode())
        reactor.add(self.socket, self.answered)

    def answered(self, connection):
        self.answers.append(connection.recv(1000).decode())
        self.reactor.remove(connection)
        connection.close()
        if len(self.answers) == 3:
            self.reactor.running = False


reactor, answers = Reactor(), []
server = EchoServer(reactor)
clients = [Client(reactor, server.address, name, answers) for name in ("one", "two", "three")]
reactor.run()
server.listener.close()
print("selectors:", sorted(answers))


# The same in asyncio: the loop is the reactor, and a coroutine takes the place of handlers and their state.
async def echo(reader, writer):
    while data := await reader.read(1000):
        writer.write(data.upper())
        await writer.drain()
    writer.close()


async def ask(port, name):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(name.encode())
    answer = await reader.read(1000)
    writer.close()
    await writer.wait_closed()
    return answer.decode()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        return await asyncio.gather(*(ask(port, name) for name in ("one", "two", "three")))


print("asyncio:", asyncio.run(main()))
