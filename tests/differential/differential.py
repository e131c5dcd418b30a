#!/usr/bin/env python3
"""differential.py SCOPEGATE [--seed N] [--spellings N] [--only TEXT]: sends thousands of spellings of
paths through the gate to real servers. It fails if any of them serves a resource whose requirement the
request's token did not meet.

Any decision of the gate is right as long as the server behind it reads the path as the gate did. Each
spelling is sent with a token that permits little, and without one. The script also checks that the
spellings are effective: if sent past the gate, many of them must reach protected resources.
"""

import argparse
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import resources
import spellings
import upstreams

AUDIENCE, ISSUER = "https://calendar.example.com", "https://issuer.example.com/"


class Connection:
    """Sends requests as raw lines, one after the other on one connection as long as the server keeps it."""

    def __init__(self, port):
        self._port = port
        self._socket = None

    def get(self, target, fields=""):
        """Returns the status and the body. Sends the request again if the connection had been closed
        meanwhile."""
        request = f"GET {target} HTTP/1.1\r\nHost: gate.test\r\n{fields}\r\n".encode("latin-1")
        for fresh in (False, True):
            if self._socket is None or fresh:
                self.close()
                self._socket = socket.create_connection(("127.0.0.1", self._port))
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._socket.settimeout(20)
            try:
                self._socket.sendall(request)
                answer = http.client.HTTPResponse(self._socket, method="GET")
                answer.begin()
                body = answer.read()
                if answer.will_close:
                    self.close()
                return answer.status, body
            except (http.client.HTTPException, ConnectionError):
                if fresh:
                    self.close()
                    return 0, b""
        return 0, b""

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Gate:
    """A running gate in front of one server."""

    def __init__(self, program, work, port, rules):
        self.config = f"{work}/routes.yaml"
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(f"""upstream: http://127.0.0.1:{port}
server: {{listen: "127.0.0.1:0", admin: off, workers: 1}}
log: {{requests: off}}
issuers:
  - issuer: {ISSUER}
    audience: {AUDIENCE}
    keys: file:scopegate-dev-keys.json
scopes: {{low: little, high: much}}
paths: {json.dumps(rules)}
routes:{resources.ROUTES}""")
        self._process = subprocess.Popen([program, "run", "--config", self.config], stdout=subprocess.PIPE, text=True)
        for line in self._process.stdout:
            event = json.loads(line)
            if event.get("event") == "listening":
                self.port = int(event["address"].rsplit(":", 1)[1])
                return
        raise RuntimeError("the gate did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()


def make_token(program, work):
    """Returns a token of ann with the scope `low`. The command makes its signing key beside it."""
    with open(f"{work}/routes.yaml", "w", encoding="utf-8") as out:
        out.write(f"upstream: http://127.0.0.1:1\nissuers: [{{issuer: {ISSUER}, audience: {AUDIENCE}}}]\n"
                  "scopes: {low: little}\nroutes: {/: {GET: low}}\n")
    command = [program, "token", "--config", "routes.yaml", "--scope", "low", "--subject", "ann", "--expires", "24h"]
    return subprocess.run(command, cwd=work, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True).stdout.strip()


def served(status, body):
    """Returns the resource that a response shows, if any."""
    found = re.match(rb"resource (.*)\n", body) if status == 200 else None
    return found and found[1].decode("utf-8")


def breaches(gate, sent, token, counts):
    """Returns the resources that wrongly came through the gate: (spelling, resource, with or without
    token)."""
    connection = Connection(gate.port)
    found = []
    for with_token, fields in ((True, f"Authorization: Bearer {token}\r\n"), (False, "")):
        for spelling, _ in sent:
            status, body = connection.get(spelling, fields)
            resource = served(status, body)
            counts[status // 100] = counts.get(status // 100, 0) + 1
            if resource is not None and not resources.is_met(resource, with_token):
                found.append((spelling, resource, "with a token" if with_token else "without a token"))
    connection.close()
    return found


def biting(port, sent):
    """Returns how many spellings, other than a path itself, reach protected resources past the gate."""
    connection = Connection(port)
    resources_reached = [(spelling, served(*connection.get(spelling))) for spelling, _ in sent]
    connection.close()
    return sum(1 for spelling, resource in resources_reached
               if resource and resource != spelling and not resources.is_met(resource, False))


def breaches_behind(program, work, port, rules, sent, token, counts):
    with Gate(program, work, port, rules) as gate:
        check_plain(gate, token)
        return breaches(gate, sent, token, counts)


def report(rules, found):
    print(f"  paths: {json.dumps(rules)}: {len(found)} breaches", flush=True)
    for spelling, resource, how in found[:20]:
        print(f"    {spelling!r} {how} is served as {resource}")


def check_plain(gate, token):
    """Checks that the gate permits what it should. Otherwise the other results mean nothing."""
    connection = Connection(gate.port)
    for path, want in (("/open/info", 200), ("/list", 200), ("/users/ann", 200), ("/users/bob", 403), ("/admin/users", 403)):
        status, _ = connection.get(path, f"Authorization: Bearer {token}\r\n")
        if status != want:
            sys.exit(f"GET {path} is {status}, not {want}: the servers or the routes are not as they should be")
    connection.close()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--spellings", type=int, default=2000)
    options.add_argument("--only", default="")
    options = options.parse_args()
    program = os.path.abspath(options.program)
    sent = spellings.spellings(resources.SPELLED_FROM, options.seed, options.spellings)
    work = tempfile.mkdtemp(prefix="scopegate-differential-")
    os.chmod(work, 0o755)
    failed, counts = 0, {}
    try:
        token = make_token(program, work)
        for server in upstreams.all_of_them(work):
            if options.only not in server.name:
                continue
            with server:
                bite = biting(server.port, sent)
                print(f"{server.name}: past the gate {bite} of {len(sent)} spellings reach what is protected", flush=True)
                tried = [(rules, breaches_behind(program, work, server.port, rules, sent, token, counts))
                         for rules in server.rules]
                for rules, found in tried:
                    report(rules, found)
                    failed += len(found)
                blind = bite == 0
                if server.unfit is not None:
                    found = breaches_behind(program, work, server.port, server.unfit, sent, token, {})
                    blind = blind or not found
                    print(f"  paths: {json.dumps(server.unfit)}, which does not fit it: {len(found)} breaches, of which there must be some")
                if blind:
                    sys.exit("these spellings test nothing")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    answers = ", ".join(f"{n} x {hundred}xx" for hundred, n in sorted(counts.items()))
    print(f"{sum(counts.values())} requests ({answers}), {failed} breaches, seed {options.seed}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
