"""The real servers, each with the resources of resources.py, on loopback and a free port."""

import json
import os
import re
import socket
import subprocess
import sys
import time

import resources


class Upstream:
    def __init__(self, name, rules, start, unfit=None):
        self.name = name
        self.rules = rules  # the settings of `paths:` that this server may have in front of it
        self.unfit = unfit  # one that it may not: it has to be breached, or the test sees nothing
        self._start = start
        self._process = None
        self.port = 0

    def __enter__(self):
        self._process, self.port = self._start()
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()


def _says_port(command, read_port, env=None):
    """Starts a server that takes any free port and says which in its first line."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env)
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{' '.join(command)} did not start")
    return process, int(read_port(line))


def _takes_port(make_command):
    """Starts a server that has to be told its port: a free one, another where somebody was faster."""
    for _ in range(5):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen(make_command(port), stdout=subprocess.DEVNULL)
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return process, port
            except ConnectionRefusedError:
                time.sleep(0.02)
    raise RuntimeError(f"{make_command(0)[0]} did not start")


def _nginx(work, folder, locations):
    # The paths hold nothing that means something else between nginx's quotes, but for what re.escape sees to.
    templates = [(re.sub(r":\w", "[^/]+", t), t) for t in resources.TEMPLATES]
    inside = "".join(f'location ~* "^{pattern}$" {{ return 200 "resource {path}\\n"; }}\n' for pattern, path in
                     [(re.escape(p), p) for p in resources.RESOURCES] + templates) if locations else ""

    def command(port):
        config = f"{work}/nginx-{port}.conf"
        with open(config, "w", encoding="utf-8") as out:
            out.write(f"""daemon off; worker_processes 1; pid {work}/nginx-{port}.pid; error_log /dev/null;
{"user root;" if os.getuid() == 0 else ""}
events {{}}
http {{
access_log off; default_type text/plain; keepalive_requests 1000000;
client_body_temp_path {work}/nginx-body; proxy_temp_path {work}/nginx-proxy; fastcgi_temp_path {work}/nginx-fastcgi;
uwsgi_temp_path {work}/nginx-uwsgi; scgi_temp_path {work}/nginx-scgi;
server {{ listen 127.0.0.1:{port}; root {folder};
{inside}}}
}}
""")
        return ["nginx", "-p", work, "-e", "/dev/null", "-c", config]
    return lambda: _takes_port(command)


def _apache(work, folder, encoded_slashes):
    modules = "/usr/lib/apache2/modules"

    def command(port):
        config = f"{work}/apache-{port}.conf"
        with open(config, "w", encoding="utf-8") as out:
            out.write(f"""ServerName gate.test
ServerRoot {work}
Listen 127.0.0.1:{port}
PidFile {work}/apache-{port}.pid
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule dir_module {modules}/mod_dir.so
User nobody
Group nogroup
ErrorLog /dev/null
DefaultRuntimeDir {work}
MaxKeepAliveRequests 0
AllowEncodedSlashes {encoded_slashes}
DocumentRoot {folder}
<Directory {folder}>
Require all granted
</Directory>
""")
        return ["apache2", "-D", "FOREGROUND", "-f", config]
    return lambda: _takes_port(command)


def all_of_them(work):
    """Every server with the rules that it may be put behind; work is a folder that all may read."""
    folder = f"{work}/www"
    resources.lay_out(folder)
    table = f"{work}/resources.json"
    with open(table, "w", encoding="utf-8") as out:
        json.dump({"resources": list(resources.RESOURCES), "parameters": resources.PARAMETERS,
                   "templates": list(resources.TEMPLATES)}, out)
    here = os.path.dirname(os.path.abspath(__file__))
    env = dict(os.environ, NODE_ENV="production")

    def express(version, kind, *more):
        return lambda: _says_port(["node", f"{here}/express.js", version, kind, table, folder, *more], str.strip, env)

    def python():  # Serving HTTP on 127.0.0.1 port 40001 (http://127.0.0.1:40001/) ...
        command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder]
        return _says_port(command, lambda line: line.split(" port ")[1].split()[0])

    default, exact, slash, semicolon = {}, {"case": "exact"}, {"encoded_slash": "keep"}, {"semicolon": "keep"}
    every = [default, exact, slash, semicolon, {**exact, **slash, **semicolon}]
    loose = [default, slash, semicolon, {**slash, **semicolon}]
    return [
        Upstream("express 4, router", loose, express("express4", "router"), unfit=exact),
        Upstream("express 5, router", loose, express("express5", "router"), unfit=exact),
        Upstream("express 4, router, letter case counts", [exact], express("express4", "router", "exact")),
        Upstream("express 4, static files", every, express("express4", "static")),
        Upstream("express 5, static files", every, express("express5", "static")),
        Upstream("nginx, static files", every, _nginx(work, folder, False)),
        Upstream("nginx, locations without letter case", loose, _nginx(work, folder, True), unfit=exact),
        Upstream("apache, static files", every, _apache(work, folder, "Off")),
        Upstream("apache, encoded slashes are slashes", [default, slash, {**slash, **semicolon}], _apache(work, folder, "On")),
        Upstream("python's http.server", every, python),
    ]
