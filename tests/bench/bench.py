#!/usr/bin/env python3
"""Measures Scopegate and its peers on one machine in one run and prints Markdown tables. Called by run.sh."""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

import measure
import workloads
from programs import ROOT, UPSTREAM_JSON, Haproxy, Nginx, Scopegate, Upstream


class Tokens:
    """Keys and tokens in a folder. bench_tokens makes them if they are missing, too few, or more than half
    a day old."""

    def __init__(self, folder, count):
        self.folder = folder
        stamp = folder / "made"
        made = stamp.exists() and time.time() - stamp.stat().st_mtime < 12 * 3600 and int(stamp.read_text()) >= count
        if made:
            return
        folder.mkdir(parents=True, exist_ok=True)
        print("making %d tokens" % (2 * count), file=sys.stderr)
        subprocess.run([ROOT / "build" / "bench_tokens", folder, str(count)], check=True)
        for algorithm in ("rs256", "es256"):
            subprocess.run(["openssl", "pkey", "-in", folder / (algorithm + ".key.pem"), "-pubout", "-out",
                            folder / (algorithm + ".pem")], check=True)
        stamp.write_text(str(count))

    def file(self, algorithm, which):
        return self.folder / ("%s.%s" % (algorithm, which))

    def one(self, algorithm, which):
        return self.file(algorithm, which).read_text().split("\n")[0]


def make_programs(work, upstream, wanted):
    at = upstream.port
    all_of_them = [
        ("scopegate", lambda n: Scopegate(n, work, at)),
        ("haproxy jwt", lambda n: Haproxy(n, work, at, "jwt")),
        ("nginx lua", lambda n: Nginx(n, work, at, "lua")),
        ("haproxy http", lambda n: Haproxy(n, work, at, "plain")),
        ("nginx plain", lambda n: Nginx(n, work, at, "plain")),
        ("haproxy tcp", lambda n: Haproxy(n, work, at, "tcp")),
    ]
    return [make(name) for name, make in all_of_them if wanted is None or name in wanted]


def processor_name():
    found = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return found.group(1).strip() if found else "an unnamed processor"


def arguments():
    p = argparse.ArgumentParser(prog="tests/bench/run.sh", description=__doc__)
    p.add_argument("--only", default="", help="workloads, e.g. W1,W7 (default: all of %s)" % ",".join(workloads.ALL))
    p.add_argument("--programs", default="", help="e.g. 'scopegate,haproxy http' (default: all)")
    p.add_argument("--rounds", type=int, default=9)
    p.add_argument("--seconds", type=int, default=1, help="of one round")
    p.add_argument("--tokens", type=int, default=16000, help="that are new in W3")
    p.add_argument("--quick", action="store_true", help="one round of a second each: whether all works, no figures to quote")
    p.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "bench", help="folder for tokens and configurations")
    options = p.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.tokens = 1, 1, 2000
    options.only = options.only.split(",") if options.only else workloads.ALL
    unknown = [w for w in options.only if w not in workloads.ALL]
    if unknown:
        p.error("there is no workload %s" % ", ".join(unknown))
    options.programs = options.programs.split(",") if options.programs else None
    return options


def main():
    options = arguments()
    if os.cpu_count() < 2:
        sys.exit("two cores are needed: one for the program, one for wrk and the upstream")
    began = time.monotonic()
    work = options.work.resolve()
    tokens = Tokens(work / "tokens", options.tokens)
    upstream = Upstream(work, "1")
    programs = make_programs(work, upstream, options.programs)
    started = [upstream, *programs]
    try:
        for p in started:
            p.start()
        print("%s, %d cores; %d rounds of %d s, interleaved; medians\n" %
              (processor_name(), os.cpu_count(), options.rounds, options.seconds))
        able = []
        for p in programs:
            wrong = measure.mistakes(p, tokens, UPSTREAM_JSON)
            if wrong:
                print("%s is not measured, it answers wrongly: %s\n" % (p.name, "; ".join(wrong)))
            else:
                able.append(p)
        bench = workloads.Bench(able, tokens, options, work, upstream.port)
        for name in options.only:
            getattr(bench, name.lower())()
        bench.print_targets()
        print("\n%d s in all; load average at the end %.1f" % (time.monotonic() - began, os.getloadavg()[0]))
    finally:
        for p in reversed(started):
            p.stop()


if __name__ == "__main__":
    main()
