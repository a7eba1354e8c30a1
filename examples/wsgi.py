"""WSGI: an application is a function of environ and start_response; server, middleware and client in one program."""
import threading
import urllib.error
import urllib.request
import wsgiref.simple_server
import wsgiref.util
import wsgiref.validate


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/echo":
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))])
        return [body]
    if path != "/":
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [f"nothing at {path}\n".encode()]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello, ", environ["QUERY_STRING"].encode() or b"world", b"\n"]


def upper(app):
    """Middleware: an application around another."""
    def wrapped(environ, start_response):
        environ["krait.seen"] = True
        return [part.upper() for part in app(environ, start_response)]
    return wrapped


# A call needs no server: that is all WSGI is.
environ = {"QUERY_STRING": "you"}
wsgiref.util.setup_testing_defaults(environ)
print(b"".join(application(environ, lambda status, headers: print("called:", status, headers))))


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *args):
        pass


server = wsgiref.simple_server.make_server("127.0.0.1", 0, wsgiref.validate.validator(application), handler_class=Quiet)
thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
thread.start()
base = f"http://127.0.0.1:{server.server_port}"
for path, data in (("/", None), ("/?krait", None), ("/echo", b"posted"), ("/none", None)):
    try:
        with urllib.request.urlopen(base + path, data) as answer:
            print(path, answer.status, answer.headers["Content-Type"], answer.read())
    except urllib.error.HTTPError as e:
        with e:
            print(path, e.code, e.reason, e.read())
server.set_app(upper(application))
with urllib.request.urlopen(base + "/?middleware") as answer:
    print(answer.read())
server.shutdown()
thread.join()
server.server_close()
