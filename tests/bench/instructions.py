#!/usr/bin/env python3
"""Counts the instructions of one request with callgrind: a run with 2,500 requests less one with 500, on one
kept-alive connection. A busy machine does not change the counts. SCOPEGATE may name another program.

    cmake --build build --target scopegate bench_tokens && tests/bench/instructions.py
"""
import pathlib
import re
import socket
import socketserver
import subprocess
import tempfile
import threading

from measure import PATH
from programs import ROOT, UPSTREAM_JSON, Scopegate

FEW, MANY = 500, 2500
MIB = 2**20


def response(body):
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


SMALL, LARGE = response(UPSTREAM_JSON.encode()), response(b"x" * MIB)


def read_head(lines):
    """Returns the first line of a message and the length of its body."""
    first, length = lines.readline(), 0
    while (line := lines.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return first, length


class Api(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            first, length = read_head(self.rfile)
            if not first:
                return
            self.rfile.read(length)
            self.wfile.write(LARGE if b"/public/large" in first else SMALL)


class Counted(Scopegate):
    def command(self):
        return ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *super().command()]

    def instructions(self):
        return int(re.findall(r"Collected : (\d+)", (self.folder / "output").read_text())[-1])


def request(path, token="", method="GET", body=b""):
    field = "Authorization: Bearer %s\r\n" % token if token else ""
    length = "Content-Length: %d\r\n" % len(body) if body else ""
    return ("%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s\r\n" % (method, path, field, length)).encode() + body


def ask(port, requests, status, count):
    """Sends each request once, and then `count` of them in turn."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        answers = client.makefile("rb")
        for i in range(len(requests) + count):
            client.sendall(requests[i % len(requests)])
            first, length = read_head(answers)
            assert first.split()[1] == status
            answers.read(length)


def count(work, api, requests, status, number):
    program = Counted("scopegate", work, api)
    program.start()
    try:
        ask(program.port, requests, status, number)
    finally:
        program.stop()
    return program.instructions()


def main():
    with tempfile.TemporaryDirectory() as folder, socketserver.ThreadingTCPServer(("127.0.0.1", 0), Api) as api:
        api.daemon_threads = True
        threading.Thread(target=api.serve_forever, daemon=True).start()
        work = pathlib.Path(folder)
        (work / "tokens").mkdir()
        subprocess.run([ROOT / "build" / "bench_tokens", work / "tokens", "200"], check=True, capture_output=True)
        reader = (work / "tokens" / "rs256.reader").read_text().split()
        stranger = (work / "tokens" / "rs256.stranger").read_text().split()
        many = (work / "tokens" / "rs256.new").read_text().split()
        rows = (("W1: a token that was seen before", [request(PATH, t) for t in reader], b"200", 1),
                ("W2: 200 tokens in turn", [request(PATH, t) for t in many], b"200", 1),
                ("W4: a refusal for scope", [request(PATH, t) for t in stranger], b"403", 1),
                ("W5: a refusal without a token", [request(PATH)], b"401", 1),
                ("W7 down: 1 MiB from the API", [request("/public/large")], b"200", 10),
                ("W7 up: 1 MiB to the API", [request("/public/upload", "", "POST", b"x" * MIB)], b"200", 10))
        for name, requests, status, fewer in rows:
            few, many_requests = FEW // fewer, MANY // fewer
            runs = [count(work, api.server_address[1], requests, status, n) for n in (few, many_requests)]
            print("%s: %d" % (name, (runs[1] - runs[0]) / (many_requests - few)), flush=True)
        api.shutdown()


main()
