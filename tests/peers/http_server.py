#!/usr/bin/python3
# The API behind the gate for the curl cases of tests/peers/run.sh: an HTTP/1.1 server that streams. Prints
# its port. With a port as argument, it listens there.
import http.server
import socketserver
import sys
import time

PIECE = b"x" * (1 << 18)
FILE = bytes(range(256)) * 16


class api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 0
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", fields=(), length=None):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        if length is not False:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        name = path.split("/")[1]
        if name == "file":  # 4096 bytes, or a range of them
            wanted = self.headers.get("Range", "")
            if not wanted.startswith("bytes="):
                return self.answer(200, FILE, [("Accept-Ranges", "bytes")])
            first, last = wanted[6:].split("-")
            first, last = int(first), int(last or len(FILE) - 1)
            return self.answer(206, FILE[first:last + 1],
                               [("Content-Range", f"bytes {first}-{last}/{len(FILE)}")])
        if name == "status":
            return self.answer(int(query), length=False if int(query) in (204, 304) else None)
        if name == "large":  # so many MiB
            self.answer(200, length=int(query) << 20)
            for _ in range(int(query) * 4):
                self.wfile.write(PIECE)
            return None
        if name == "chunks":
            self.answer(200, fields=[("Transfer-Encoding", "chunked"), ("Trailer", "X-Sum")], length=False)
            for i in range(100):
                line = b"line %d\n" % i
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.write(b"0\r\nX-Sum: 100\r\n\r\n")
            return None
        if name == "poll":  # responds late
            time.sleep(float(query))
            return self.answer(200, b"at last")
        if name == "events":
            self.answer(200, fields=[("Content-Type", "text/event-stream"), ("Connection", "close")], length=False)
            self.close_connection = True
            try:
                while True:
                    self.wfile.write(b"data: tick\n\n")
                    time.sleep(0.1)
            except OSError:
                return None
        if name == "hints":
            self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
            return self.answer(200, b"hinted")
        return self.answer(200, b"hello")

    do_HEAD = do_GET

    def do_POST(self):  # responds with the number of bytes received
        if self.path.startswith("/full"):
            self.close_connection = True
            return self.answer(413, b"full", [("Connection", "close")])
        count = 0
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                count += len(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
        else:
            left = int(self.headers.get("Content-Length", 0))
            while left and (got := self.rfile.read(min(left, 1 << 18))):
                left -= len(got)
                count += len(got)
        return self.answer(200, b"%d" % count)

    do_PUT = do_POST


class server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 1024
    allow_reuse_address = True

    def handle_error(self, *_):
        pass


made = server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), api)
print(made.server_address[1], flush=True)
made.serve_forever()
