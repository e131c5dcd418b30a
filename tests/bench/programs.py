"""The measured programs: their configuration, start, end, and their figures in /proc."""
import os
import pathlib
import shutil
import socket
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
UPSTREAM_JSON = '{"pad":"%s"}' % ("x" * 190)
assert len(UPSTREAM_JSON) == 200


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def filled(template, **values):
    text = (HERE / "peers" / template).read_text()
    for name, value in values.items():
        text = text.replace("@%s@" % name, str(value))
    return text


class Program:
    """One measured program, in separate processes on one core or several."""

    checks = False  # whether it verifies tokens
    scheme = "http"

    def __init__(self, name, work, upstream_port, cores="0"):
        self.name, self.work, self.upstream_port, self.cores = name, work, upstream_port, cores
        self.process = None
        self.port = free_port()
        self.folder = work / name.replace(" ", "-").replace(",", "").replace("/", "-")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def command(self):
        raise NotImplementedError

    def start(self):
        self.output = open(self.folder / "output", "wb")
        self.process = subprocess.Popen(["taskset", "-c", self.cores, *map(str, self.command())], cwd=self.folder,
                                        stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError("%s does not start; see %s/output" % (self.name, self.folder)) from None
                time.sleep(0.02)

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def processes(self):
        found, parents = [self.process.pid], [self.process.pid]
        while parents:
            pid = parents.pop()
            for task in os.listdir("/proc/%d/task" % pid):
                children = pathlib.Path("/proc/%d/task/%s/children" % (pid, task)).read_text().split()
                found += map(int, children)
                parents += map(int, children)
        return found

    def cpu_seconds(self):
        """Returns the processor time, user and system, of all its threads: schedstat has it in
        nanoseconds."""
        total = 0
        for pid in self.processes():
            for task in os.listdir("/proc/%d/task" % pid):
                total += int(pathlib.Path("/proc/%d/task/%s/schedstat" % (pid, task)).read_text().split()[0])
        return total / 1e9

    def resident_bytes(self):
        return self.memory("VmRSS:")

    def peak_bytes(self):
        return self.memory("VmHWM:")

    def memory(self, which):
        total = 0
        for pid in self.processes():
            for line in pathlib.Path("/proc/%d/status" % pid).read_text().splitlines():
                if line.startswith(which):
                    total += int(line.split()[1]) * 1024
        return total


class Scopegate(Program):
    checks = True

    def __init__(self, name, work, upstream_port, cores="0", workers=1, routes=1, server="", issuer=""):
        super().__init__(name, work, upstream_port, cores)
        # With more routes, the requested one has more siblings at every level of the tree.
        more = "".join("  /r%d/{id}/s%d:\n    GET: read:appointments\n" % (i // 100, i % 100) for i in range(routes - 1))
        (self.folder / "routes.yaml").write_text("""upstream: http://127.0.0.1:%d
server:
  listen: 127.0.0.1:%d
  admin: off
  workers: %d
  timeouts: {drain_delay: 0}
%slog: {requests: off}
issuers:
  - issuer: https://issuer.example/
    audience: https://calendar.example.com
    keys: file:%s
%sscopes:
  read:appointments: See appointments
  write:appointments: Create, change and delete appointments
routes:
  /appointments/{id}:
    GET: read:appointments
    POST: write:appointments
  /public/large: {GET: public}
  /public/upload: {POST: public}
%s""" % (upstream_port, self.port, workers, server, work / "tokens" / "keys.json", issuer, more))

    def command(self):
        return [os.environ.get("SCOPEGATE", ROOT / "build" / "scopegate"), "run", "--config",
                self.folder / "routes.yaml"]


class FloodedScopegate(Scopegate):
    """Scopegate under attack: its memory is bounded, and tokens that are not JWTs go to the introspection
    endpoint of the upstream."""

    limit = 64 * 2**20

    def __init__(self, name, work, upstream_port, tls=False):
        self.scheme = "https" if tls else "http"
        certificate, key = work / "server.pem", work / "server.key"
        if tls and not certificate.exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                            "30", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate], check=True,
                           capture_output=True)
        server = "  limits: {memory: %dMiB}\n" % (self.limit >> 20)
        if tls:
            server += "  tls: {certificate: %s, key: %s}\n" % (certificate, key)
        issuer = "    introspection: {url: 'http://127.0.0.1:%d/introspect', client_id: gate, client_secret: %s}\n" % (
            upstream_port, "secret-of-the-benchmark")
        super().__init__(name, work, upstream_port, server=server, issuer=issuer)


class Haproxy(Program):
    def __init__(self, name, work, upstream_port, kind):
        super().__init__(name, work, upstream_port)
        self.checks = kind == "jwt"
        lines = filled("haproxy.cfg", PORT=self.port, UPSTREAM=upstream_port, FOLDER=work / "tokens").splitlines()
        mark = "#%s " % kind
        (self.folder / "haproxy.cfg").write_text("".join(
            (line[len(mark):] if line.startswith(mark) else line) + "\n" for line in lines))

    def command(self):
        return ["haproxy", "-db", "-f", self.folder / "haproxy.cfg"]


class Nginx(Program):
    def __init__(self, name, work, upstream_port, kind):
        super().__init__(name, work, upstream_port)
        self.checks = kind == "lua"
        check = """access_by_lua_block {
                check(ngx.req.get_method() == "POST" and " write:appointments " or " read:appointments ")
            }""" if self.checks else ""
        (self.folder / "nginx.conf").write_text(filled("nginx.conf", PORT=self.port, UPSTREAM=upstream_port,
                                                       CHECK=check, FOLDER=self.folder))
        shutil.copy(HERE / "peers" / "check.lua", self.folder)
        for key in ("rs256.pem", "es256.pem"):
            shutil.copy(work / "tokens" / key, self.folder)

    def command(self):
        return ["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", "stderr"]


class Upstream(Nginx):
    def __init__(self, work, core):
        Program.__init__(self, "upstream", work, 0, core)
        (self.folder / "large").write_bytes(b"x" * 1024 * 1024)
        (self.folder / "nginx.conf").write_text(filled("upstream.conf", PORT=self.port, JSON=UPSTREAM_JSON,
                                                       FOLDER=self.folder))
