"""The workloads W1 to W12, their tables, and their targets."""
import re
import subprocess

from measure import PATH, beside, idle_memory, measure, run_wrk, under_flood
from programs import FloodedScopegate, Scopegate

ALL = ["W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W9", "W10", "W11", "W12"]
OURS = "scopegate"


def openssl_us(algorithm):
    """Returns the microseconds that `openssl speed` needs for one verification on the programs' core."""
    said = subprocess.run(["taskset", "-c", "0", "openssl", "speed", "-seconds", "2", algorithm], check=True,
                          capture_output=True, text=True).stdout
    return 1e6 / float(re.findall(r"[\d.]+", said.strip().splitlines()[-1])[-1])


class Bench:
    def __init__(self, programs, tokens, options, work, upstream_port):
        self.programs, self.tokens, self.options = programs, tokens, options
        self.work, self.upstream_port = work, upstream_port
        self.checking = [p for p in programs if p.checks]
        self.results = {}  # workload: {program: Result}
        self.targets = []  # (workload, what, reached, at most, unit)

    # --- helpers ---

    def reader(self, algorithm="rs256"):
        return self.tokens.file(algorithm, "reader")

    def run(self, key, title, programs, mode, unit="us per request", **more):
        got = self.results[key] = measure(programs, mode, self.options, **more)
        print("%s: %s\n" % (key, title))
        print("| program | processor %s | requests/s | p50 ms | p99 ms | p99.9 ms | our share |" % unit)
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        ours = got.get(OURS)
        for name, r in got.items():
            share = "%.2f" % ours.share_of(r) if ours else ""
            print("| %s | %.1f | %.0f | %.2f | %.2f | %.2f | %s |" %
                  (name, r.cpu_us, r.per_second, r.p50, r.p99, r.p999, share), flush=True)
        print()
        return got

    def cost(self, key, program=OURS):
        result = self.results.get(key, {}).get(program)
        return result.cpu_us if result else None

    def target(self, workload, what, ours, theirs, most):
        if ours is not None and theirs:
            self.targets.append((workload, what, ours / theirs, most))

    def target_of(self, key, peer, most):
        got = self.results.get(key, {})
        if OURS in got and peer in got:
            self.targets.append((key, "of " + peer, got[OURS].share_of(got[peer]), most))

    def need_w1(self):
        if "W1" not in self.results:
            self.w1()

    # --- workloads ---

    def w1(self):
        got = self.run("W1", "one RS256 token again and again", self.programs, ("one", "GET", PATH, self.reader()))
        for peer, most in (("haproxy http", 0.80), ("nginx lua", 0.70), ("haproxy tcp", 1.15)):
            self.target_of("W1", peer, most)
        best = min((r for name, r in got.items() if name != OURS), key=lambda r: r.p99, default=None)
        if OURS in got and best:
            self.target("latency", "p99 in W1, of the best peer's", got[OURS].share_of(best, "p99"), 1.0, 1.0)

    def w2(self):
        self.need_w1()
        thousands = self.work / "tokens" / "ten-thousand"
        lines = self.tokens.file("rs256", "new").read_text().splitlines()[:10000]
        thousands.write_text("\n".join(lines) + "\n")
        for p in self.checking:  # so that each program has seen them all
            run_wrk(p, ("once", PATH, thousands), 20)
        self.run("W2", "%d RS256 tokens in turn" % len(lines), self.checking, ("turn", PATH, thousands))
        self.target("W2", "of our W1", self.cost("W2"), self.cost("W1"), 1.10)

    def w3(self):
        self.need_w1()
        for key, algorithm, speed in (("W3", "rs256", "rsa2048"), ("W3e", "es256", "ecdsap256")):
            one = openssl_us(speed)
            self.run(key, "each %s token new; openssl needs %.1f us for one verification" % (algorithm.upper(), one),
                     self.checking, ("once", PATH, self.tokens.file(algorithm, "new")), fresh=True, seconds=20)
            if self.cost(key) and self.cost("W1"):
                self.target(key, "of our W1 plus 1.15 verifications", self.cost(key), self.cost("W1") + 1.15 * one, 1.0)
            self.target_of(key, "haproxy jwt", 1.0)

    def w4(self):
        self.run("W4", "refused for scope (403)", self.checking,
                 ("one", "GET", PATH, self.tokens.file("rs256", "stranger")), refused=True)
        self.target_of("W4", "nginx lua", 0.60)

    def w5(self):
        self.run("W5", "no token (401)", self.checking, ("one", "GET", PATH), refused=True)
        self.target_of("W5", "nginx lua", 0.85)

    def w6(self):
        flood = ("forged", PATH, self.reader())
        self.run("W6", "forged signatures, all different (401)", self.checking, flood, refused=True)
        self.target_of("W6", "haproxy jwt", 1.0)
        print("Good requests on 8 connections, quiet and beside that flood on 64:\n")
        print("| program | p99 ms, quiet | p99 ms, flooded | times | forged/s meanwhile |\n| --- | ---: | ---: | ---: | ---: |")
        for p in self.checking:
            quiet, flooded, forged = under_flood(p, ("one", "GET", PATH, self.reader()), flood, self.options)
            print("| %s | %.2f | %.2f | %.1f | %.0f |" % (p.name, quiet, flooded, flooded / quiet, forged), flush=True)
            if p.name == OURS:
                self.target("W6", "good requests' p99 beside the flood, of quiet", flooded, quiet, 5.0)
        print()

    def w7(self):
        large = "/appointments/large"
        self.run("W7 down", "1 MiB from the API", self.programs, ("one", "GET", large, self.reader()), unit="us per MiB",
                 connections=16)
        self.run("W7 up", "1 MiB to the API", self.programs,
                 ("upload", "/appointments/upload", self.reader(), 1 << 20), unit="us per MiB", connections=16)
        for key, most in (("W7 down", 0.50), ("W7 up", 0.95)):
            self.target_of(key, "haproxy http", most)

    def w8(self):
        connections = 5000 if not self.options.quick else 500
        print("W8: memory\n\n| program | idle MiB | bytes per idle connection of %d |\n| --- | ---: | ---: |" % connections)
        for p in self.programs:
            idle, each = idle_memory(p, self.tokens.one("rs256", "reader"), connections)
            print("| %s | %.1f | %.0f |" % (p.name, idle / 2**20, each), flush=True)
            if p.name == OURS:
                self.target("W8", "idle, of 1 MiB", idle, 2**20, 8.0)
                self.target("W8", "an idle connection, of 1 KiB", each, 1024, 2.0)
        print()

    def w9(self):
        counts = (1, 100, 10000)
        programs = [Scopegate("%d routes" % n, self.work, self.upstream_port, routes=n) for n in counts]
        self.of_ours("W9", "the number of routes", programs, ("one", "GET", PATH, self.reader()))
        self.target("W9", "10,000 routes, of 1", self.cost("W9", programs[2].name), self.cost("W9", programs[0].name), 1.05)

    def w10(self):
        # On two cores, client and upstream would take the second worker's time. Forged ES256 tokens need
        # little of the client and no upstream.
        programs = [Scopegate("%d workers" % n, self.work, self.upstream_port, "0,1" if n == 2 else "0", workers=n)
                    for n in (1, 2)]
        got = self.of_ours("W10", "one and two workers, forged ES256 tokens", programs,
                           ("forged", PATH, self.reader("es256")), refused=True)
        one, two = (got[p.name].per_second for p in programs)
        self.target("W10", "requests/s of one worker, of two", one, two, 1 / 1.8)

    def w11(self):
        for connections in (64, 2048):
            self.run("W11 %d" % connections, "W1 on %d connections" % connections, self.programs,
                     ("one", "GET", PATH, self.reader()), connections=connections)

    def w12(self):
        """Measures good requests on 8 connections beside each kind of flood."""
        good = ("one", "GET", PATH, self.reader())
        many = 200 if self.options.quick else 2000
        plain = FloodedScopegate("scopegate flooded", self.work, self.upstream_port)
        secured = FloodedScopegate("scopegate flooded tls", self.work, self.upstream_port, tls=True)
        print("W12: good requests beside a flood; the limit of memory is %d MiB\n" % (plain.limit >> 20))
        print("| flood | p99 ms, quiet | p99 ms, flooded | times | peak MiB |\n| --- | ---: | ---: | ---: | ---: |")
        for kind in ("heads", "uploads", "responses", "connections", "handshakes"):
            program = secured if kind == "handshakes" else plain
            try:
                self.flooded(program, kind, *beside(program, good, (kind, many), self.options))
            finally:
                program.stop()
        for kind, flood in (("refusals", ("one", "GET", PATH)), ("forged tokens", ("forged", PATH, self.reader())),
                            ("opaque tokens", ("opaque", PATH))):
            try:
                quiet, flooded, _ = under_flood(plain.start(), good, flood, self.options)
                self.flooded(plain, kind, quiet, flooded, plain.peak_bytes())
            finally:
                plain.stop()
        print()

    def flooded(self, program, kind, quiet, flooded, peak):
        print("| %s | %.2f | %.2f | %.1f | %.1f |" % (kind, quiet, flooded, flooded / quiet, peak / 2**20), flush=True)
        self.target("W12", "p99 beside %s, of quiet" % kind, flooded, quiet, 5.0)
        self.target("W12", "memory with %s, of the limit" % kind, peak, program.limit, 1.0)

    def of_ours(self, key, title, programs, mode, **more):
        try:
            for p in programs:
                p.start()
            return self.run(key, title, programs, mode, **more)
        finally:
            for p in programs:
                p.stop()

    def print_targets(self):
        if not self.targets:
            return
        print("| target | | reached | at most | |\n| --- | --- | ---: | ---: | --- |")
        for workload, what, reached, most in self.targets:
            print("| %s | %s | %.2f | %.2f | %s |" % (workload, what, reached, most, "met" if reached <= most else "missed"))
