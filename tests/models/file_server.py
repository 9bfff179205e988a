"""Local HTTP server of one file, with a page for each kind of response."""

from __future__ import annotations

import contextlib
import http.server
import io
import os
import socket
import struct
import threading
import time

CONTENT = bytes(range(256)) * 100


class Handler(http.server.BaseHTTPRequestHandler):
    """Request handler with a method for each page, that is, each kind of response."""

    protocol_version = "HTTP/1.1"
    asked: list[str]
    released: threading.Event
    elsewhere = ""

    def do_GET(self):
        self.asked.append(self.path)
        self.close_connection = True
        page = self.path.rpartition("/")[2]
        with contextlib.suppress(OSError):
            getattr(self, page, self.sized)(page)

    def head(self, *headers, status=200):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def sized(self, length):
        """Send the file with the length that is the name of the page."""
        self.head(("Content-Length", length.replace("_", " ")))
        self.wfile.write(CONTENT)

    def sound(self, _):
        self.sized(str(len(CONTENT)))

    def unsized(self, _):
        self.head()
        self.wfile.write(CONTENT)

    def chunked(self, _):
        self.head(("Transfer-Encoding", "chunked"))
        for piece in (CONTENT[:1000], CONTENT[1000:], b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    def half_chunked(self, _):
        self.head(("Transfer-Encoding", "chunked"))
        self.wfile.write(b"%x\r\n%s" % (len(CONTENT), CONTENT[:1000]))

    def endless(self, _):
        self.head()
        while True:
            self.wfile.write(bytes(1 << 16))

    def dripping(self, _):
        self.head(("Content-Length", str(len(CONTENT))))
        while True:
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.02)

    def slow_header(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not self.released.wait(0.02):
            self.wfile.write(b"x")
            self.wfile.flush()

    def reset(self, _):
        self.head(("Content-Length", str(len(CONTENT))))
        self.wfile.write(CONTENT[:1000])
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.wfile = io.BytesIO()

    def waiting(self, _):
        self.head(("Content-Length", str(len(CONTENT))))
        self.wfile.write(CONTENT[:1000])
        self.wfile.flush()
        self.released.wait(60)
        self.wfile.write(CONTENT[1000:])

    def moved(self, _):
        self.head(("Location", self.elsewhere), ("Content-Length", "0"), status=302)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(**attributes):
    handler = type("Own", (Handler,), {"asked": [], "released": threading.Event(), **attributes})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server, handler
        handler.released.set()
        server.shutdown()
        thread.join()
