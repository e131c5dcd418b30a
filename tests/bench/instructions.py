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
RESPONSE = ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" %
            (len(UPSTREAM_JSON), UPSTREAM_JSON)).encode()


class Api(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline():
            if line == b"\r\n":
                self.wfile.write(RESPONSE)


class Counted(Scopegate):
    def command(self):
        return ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *super().command()]

    def instructions(self):
        return int(re.findall(r"Collected : (\d+)", (self.folder / "output").read_text())[-1])


def ask(port, tokens, status, count):
    """Sends each token once, and then `count` requests with the tokens in turn."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        answers = client.makefile("rb")
        for i in range(len(tokens) + count):
            token = tokens[i % len(tokens)]
            field = "Authorization: Bearer %s\r\n" % token if token else ""
            client.sendall(("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % (PATH, field)).encode())
            assert answers.readline().split()[1] == status
            length = 0
            while (line := answers.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            answers.read(length)


def count(work, api, tokens, status, requests):
    program = Counted("scopegate", work, api)
    program.start()
    try:
        ask(program.port, tokens, status, requests)
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
        many = (work / "tokens" / "rs256.new").read_text().split()
        for name, tokens, status in (("W1: a token that was seen before", reader, b"200"),
                                     ("W2: 200 tokens in turn", many, b"200"),
                                     ("W5: a refusal without a token", [""], b"401")):
            runs = [count(work, api.server_address[1], tokens, status, n) for n in (FEW, MANY)]
            print("%s: %d" % (name, (runs[1] - runs[0]) / (MANY - FEW)), flush=True)
        api.shutdown()


main()
