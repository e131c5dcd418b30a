"""Interleaved rounds of wrk against several programs, and medians of their costs."""
import json
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PATH = "/appointments/17"


class Round:
    """The results of wrk in one round, and the processor time of the program's processes."""

    def __init__(self, seen, cpu_seconds):
        self.__dict__.update(seen)
        self.per_second = self.requests / self.seconds
        self.cpu_us = cpu_seconds * 1e6 / max(self.requests, 1)


class Result:
    """The medians of a program's rounds in one workload."""

    def __init__(self, rounds):
        self.rounds = rounds
        for figure in ("cpu_us", "per_second", "p50", "p99", "p999", "requests"):
            setattr(self, figure, statistics.median(getattr(r, figure) for r in rounds))

    def share_of(self, other, figure="cpu_us"):
        """Returns this cost as a share of the other's: the median of the rounds' ratios. Rounds are
        interleaved, so both of a pair saw the machine in a similar state. The medians of each may come
        from different rounds."""
        return statistics.median(getattr(a, figure) / getattr(b, figure) for a, b in zip(self.rounds, other.rounds))


def wrk_command(program, mode, seconds, connections):
    return ["taskset", "-c", "1", "wrk", "-t1", "-c%d" % connections, "-d%ds" % seconds, "--timeout", "10s", "-s",
            str(HERE / "requests.lua"), "%s://127.0.0.1:%d" % (program.scheme, program.port), "--", *map(str, mode)]


def wrk_result(program, output, cpu_seconds):
    for line in output.splitlines():
        if line.startswith("BENCH "):
            return Round(json.loads(line[6:]), cpu_seconds)
    raise RuntimeError("wrk said nothing of %s: %s" % (program.name, output))


def run_wrk(program, mode, seconds, connections=64):
    before = program.cpu_seconds()
    running = subprocess.Popen(wrk_command(program, mode, seconds, connections), stdout=subprocess.PIPE, text=True)
    said = ""
    for line in running.stdout:
        said += line
        if line.startswith("NO MORE"):
            running.send_signal(signal.SIGINT)  # it exits and reports
    running.wait()
    return wrk_result(program, said, program.cpu_seconds() - before)


def measure(programs, mode, options, connections=64, refused=False, fresh=False, seconds=None):
    """Measures one workload. Returns {program's name: Result}. With `fresh`, each round begins with a
    program that has seen no token."""
    rounds = {p.name: [] for p in programs}
    for _ in range(options.rounds):
        for p in programs:
            if fresh:
                p.restart()
                run_wrk(p, ("one", "GET", PATH), 1)  # allocates its pages and connects to the upstream
            got = run_wrk(p, mode, seconds or options.seconds, connections)
            wrong = got.broken or (got.requests - got.refused if refused else got.refused)
            if wrong > got.requests * 0.001:
                raise RuntimeError("%s answered %d of %d requests wrongly" % (p.name, wrong, got.requests))
            rounds[p.name].append(got)
    return {name: Result(r) for name, r in rounds.items()}


def ask(program, method="GET", path=PATH, token=None, connection=None):
    """Sends one request on a connection of its own, or on `connection`. Returns status and body."""
    c = connection or socket.create_connection(("127.0.0.1", program.port), 10)
    head = "%s %s HTTP/1.1\r\nHost: calendar.example.com\r\n" % (method, path)
    if token:
        head += "Authorization: Bearer %s\r\n" % token
    c.sendall((head + "\r\n").encode())
    got = b""
    while b"\r\n\r\n" not in got:
        more = c.recv(65536)
        if not more:
            raise RuntimeError("%s closed the connection" % program.name)
        got += more
    head, body = got.split(b"\r\n\r\n", 1)
    length = [l for l in head.split(b"\r\n") if l.lower().startswith(b"content-length:")]
    while length and len(body) < int(length[0].split(b":")[1]):
        body += c.recv(65536)
    if connection is None:
        c.close()
    return int(head.split()[1]), body.decode(errors="replace")


def forged(token):
    head, payload, signature = token.split(".")
    return ".".join((head, payload, ("A" if signature[10] != "A" else "B").join((signature[:10], signature[11:]))))


def mistakes(program, tokens, expected):
    """Returns the wrong responses of a program. Only a program without any is measured."""
    cases = [("no token", None, 401)]
    for algorithm in ("rs256", "es256"):
        reader, stranger, expired = (tokens.one(algorithm, which) for which in ("reader", "stranger", "expired"))
        cases += [(algorithm, reader, 200), (algorithm + " again", reader, 200), (algorithm + " without scope", stranger, 403),
                  (algorithm + " forged", forged(reader), 401), (algorithm + " expired", expired, 401)]
    found = []
    for what, token, status in cases:
        wanted = status if program.checks else 200
        try:
            got, body = ask(program, token=token)
        except (OSError, RuntimeError) as failed:
            got, body = 0, str(failed)
        if got != wanted or (wanted == 200 and body != expected):
            found.append("%s: %d, not %d" % (what, got, wanted))
    return found


def idle_memory(program, token, connections):
    """Measures a program that has just started: resident bytes at once, after a little traffic, and with
    idle connections."""
    program.restart()
    time.sleep(1)  # so that it has finished starting
    idle = program.resident_bytes()
    for _ in range(100):
        ask(program, token=token)
    before = program.resident_bytes()
    held = []
    for _ in range(connections):
        c = socket.create_connection(("127.0.0.1", program.port), 10)
        held.append(c)
        if ask(program, token=token, connection=c)[0] != 200:
            raise RuntimeError("%s refuses a connection" % program.name)
    after = program.resident_bytes()
    for c in held:
        c.close()
    return idle, (after - before) / connections


def under_flood(program, good, flood, options):
    """Measures the p99 of good requests on a few connections: quiet, and while forged tokens arrive as
    fast as they are denied."""
    quiet, flooded, forged_per_second = [], [], []
    for _ in range(options.rounds):
        quiet.append(run_wrk(program, good, options.seconds, 8).p99)
        flooding = subprocess.Popen(wrk_command(program, flood, options.seconds + 1, 64), stdout=subprocess.PIPE, text=True)
        flooded.append(run_wrk(program, good, options.seconds, 8).p99)
        forged_per_second.append(wrk_result(program, flooding.communicate()[0], 0).per_second)
    return statistics.median(quiet), statistics.median(flooded), statistics.median(forged_per_second)


def beside(program, good, flood, options):
    """Measures the same beside misbehaving clients (floods.py FLOOD...), which run through all rounds: p99
    quiet and flooded, and the peak memory of the program."""
    def rounds():
        return statistics.median(run_wrk(program, good, options.seconds, 8).p99 for _ in range(options.rounds))

    program.restart()
    run_wrk(program, good, 1, 8)
    quiet = rounds()
    flooding = subprocess.Popen(["taskset", "-c", "1", sys.executable, HERE / "floods.py", flood[0], str(program.port),
                                 *map(str, flood[1:])], stdout=subprocess.PIPE, text=True)
    try:
        if flooding.stdout.readline() != "READY\n":
            raise RuntimeError("the flood of %s does not begin" % flood[0])
        return quiet, rounds(), program.peak_bytes()
    finally:
        flooding.kill()
        flooding.wait()
