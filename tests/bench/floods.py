#!/usr/bin/env python3
"""Floods for W12: misbehaving clients, in a separate process. Prints READY once the flood has begun, and
continues until it is killed.
    floods.py KIND PORT [CONNECTIONS]
"""
import resource
import socket
import ssl
import sys
import time

HEAD = b"GET /appointments/17 HTTP/1.1\r\nHost: calendar.example.com\r\nX-Padding: " + b"a" * 8000
UPLOAD = (b"POST /public/upload HTTP/1.1\r\nHost: calendar.example.com\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 20000)
LARGE = b"GET /public/large HTTP/1.1\r\nHost: calendar.example.com\r\n\r\n"

# The bytes that each client sends first, and those that it repeats at each of its turns.
HELD = {"heads": (HEAD, b"a"), "uploads": (UPLOAD, b"x" * 200), "responses": (LARGE, b""), "connections": (b"", b"")}
PACE = 0.002  # seconds between two turns: about 500 turns a second


def connect(port):
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.connect(("127.0.0.1", port))
    one.setblocking(False)
    return one


def send(one, data):
    """Returns whether the connection is still open. Bytes that the socket does not take at once are
    dropped: this client need not be correct."""
    try:
        if data:
            one.send(data)
        return one.recv(1, socket.MSG_PEEK) != b"" and data == b""  # a response to a flood is a denial
    except BlockingIOError:
        return True
    except OSError:
        return False


def hold(kind, port, count):
    first, more = HELD[kind]
    held = []
    for _ in range(count):
        held.append(connect(port))
        send(held[-1], first)
    print("READY", flush=True)
    at = 0
    while True:
        at = (at + 1) % count
        if not send(held[at], more):  # refused, or evicted for another client: it reconnects
            held[at].close()
            held[at] = connect(port)
            send(held[at], first)
        time.sleep(PACE)


def shake_hands(port):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    print("READY", flush=True)
    while True:
        try:
            context.wrap_socket(socket.create_connection(("127.0.0.1", port), 10)).close()
        except OSError:
            pass


def main():
    kind, port = sys.argv[1], int(sys.argv[2])
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if kind == "handshakes":
        shake_hands(port)
    hold(kind, port, int(sys.argv[3]))


if __name__ == "__main__":
    main()
