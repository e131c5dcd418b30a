"""The real servers, each with the resources of resources.py, on loopback and a free port."""

import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time

import resources


class Upstream:
    def __init__(self, name, rules, start, unfit=None):
        self.name = name
        self.rules = rules  # the settings of `paths:` that are safe in front of this server
        self.unfit = unfit  # an unsafe setting, which must be breached: otherwise the test detects nothing
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
    """Starts a server that takes any free port and prints it in its first line."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env)
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{' '.join(command)} did not start")
    return process, int(read_port(line))


def _takes_port(make_command, env=None):
    """Starts a server that needs its port as an argument: a free one, or another if it was taken
    meanwhile."""
    for _ in range(5):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen(make_command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return process, port
            except ConnectionRefusedError:
                time.sleep(0.02)
    raise RuntimeError(f"{make_command(0)[0]} did not start")


def _nginx(work, folder, locations):
    # Between nginx's quotes, the characters of the paths have no other meaning, except those that re.escape
    # handles.
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


def _caddy(work):
    # A matcher with `%` compares escaped paths, and matches longer ones too (2.6.2).
    handlers = "".join(f'handle "{path}" {{\nrespond "resource {path}\n"\n}}\n'
                       for path in resources.RESOURCES if "%" not in path)

    def command(port):
        config = f"{work}/Caddyfile-{port}"
        with open(config, "w", encoding="utf-8") as out:
            out.write(f"""{{
admin off
auto_https off
storage file_system {work}/caddy
log {{
output discard
}}
}}
http://:{port} {{
bind 127.0.0.1
header Content-Type text/plain
{handlers}
handle {{
respond 404
}}
}}
""")
        return ["caddy", "run", "--config", config, "--adapter", "caddyfile"]
    return lambda: _takes_port(command, dict(os.environ, HOME=work, XDG_CONFIG_HOME=work, XDG_DATA_HOME=work))


def _lay_out_php(work):
    """Makes a folder with a front controller and a script beside it."""
    folder = f"{work}/php"
    os.makedirs(folder, exist_ok=True)
    shutil.copy(f"{os.path.dirname(os.path.abspath(__file__))}/php/index.php", folder)
    with open(f"{folder}/report.php", "w", encoding="utf-8") as out:
        out.write("resource /report.php\n")
    return folder


def _php_built_in(work):
    folder = _lay_out_php(work)
    return lambda: _takes_port(lambda port: ["php", "-S", f"127.0.0.1:{port}", "-t", folder])


def _php_behind_nginx(work):
    """Starts nginx as PHP's own pages configure it, with PHP in the background."""
    folder = _lay_out_php(work)
    program = sorted(glob.glob("/usr/sbin/php-fpm*"))[-1]

    def start():
        connection = f"{work}/fpm-{os.getpid()}.sock"
        config = f"{work}/fpm.conf"
        with open(config, "w", encoding="utf-8") as out:
            out.write(f"""[global]
error_log = /dev/null
daemonize = no
[www]
listen = {connection}
listen.mode = 0666
{"user = nobody" if os.getuid() == 0 else ""}
{"group = nogroup" if os.getuid() == 0 else ""}
pm = static
pm.max_children = 2
""")
        fpm = subprocess.Popen([program, "-n", "-y", config], stderr=subprocess.DEVNULL)
        while not os.path.exists(connection):
            if fpm.poll() is not None:
                raise RuntimeError(f"{program} did not start")
            time.sleep(0.02)

        def command(port):
            name = f"{work}/nginx-php-{port}.conf"
            parameters = {"REQUEST_METHOD": "$request_method", "QUERY_STRING": "$query_string", "REQUEST_URI": "$request_uri",
                          "DOCUMENT_URI": "$document_uri", "SCRIPT_NAME": "$fastcgi_script_name", "PATH_INFO": "$fastcgi_path_info",
                          "SCRIPT_FILENAME": "$document_root$fastcgi_script_name", "REDIRECT_STATUS": "200"}
            passed = "".join(f"fastcgi_param {name} {value};\n" for name, value in parameters.items())
            with open(name, "w", encoding="utf-8") as out:
                out.write(f"""daemon off; worker_processes 1; pid {work}/nginx-php-{port}.pid; error_log /dev/null;
{"user root;" if os.getuid() == 0 else ""}
events {{}}
http {{
access_log off; keepalive_requests 1000000; client_body_temp_path {work}/nginx-body; proxy_temp_path {work}/nginx-proxy;
fastcgi_temp_path {work}/nginx-fastcgi; uwsgi_temp_path {work}/nginx-uwsgi; scgi_temp_path {work}/nginx-scgi;
server {{
listen 127.0.0.1:{port}; root {folder}; index index.php;
location / {{ try_files $uri /index.php$is_args$args; }}
location ~ [^/]\\.php(/|$) {{
fastcgi_split_path_info ^(.+?\\.php)(/.*)$;
fastcgi_pass unix:{connection};
{passed}
}}
}}
}}
""")
            return ["nginx", "-p", work, "-e", "/dev/null", "-c", name]
        nginx, port = _takes_port(command)
        return _Several(nginx, fpm), port
    return start


class _Several:
    """Processes that end together."""

    def __init__(self, *processes):
        self._processes = processes

    def terminate(self):
        for process in self._processes:
            process.terminate()

    def wait(self):
        for process in self._processes:
            process.wait()


def _mux(work, table):
    program = f"{work}/mux"
    environment = dict(os.environ, GOCACHE=f"{work}/go", GOFLAGS="-mod=mod", GO111MODULE="off", CGO_ENABLED="0")

    def start():
        source = f"{os.path.dirname(os.path.abspath(__file__))}/mux.go"
        subprocess.run(["go", "build", "-o", program, source], check=True, env=environment)
        return _says_port([program, table], str.strip)
    return start


def all_of_them(work):
    """Returns every server with the rules that are safe for it. `work` is a folder that every user can
    read."""
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

    def debian_python(framework):  # the one that has Flask and Django
        return lambda: _says_port(["/usr/bin/python3", f"{here}/wsgi_app.py", framework, table], str.strip)

    default, exact, slash, semicolon = {}, {"case": "exact"}, {"encoded_slash": "keep"}, {"semicolon": "keep"}
    keeps, drops = {"format": "keep"}, {"format": "drop"}  # the treatment of formats
    every = [default, exact, slash, semicolon, {**exact, **slash, **semicolon, **keeps}]
    loose = [default, slash, semicolon, {**slash, **semicolon, **keeps}]
    few = [default, {**slash, **semicolon}]  # for slow servers
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
        Upstream("caddy", loose, _caddy(work), unfit=exact),
        Upstream("fastify without letter case", loose,
                 lambda: _says_port(["node", f"{here}/fastify.js", table], str.strip, env), unfit=exact),
        Upstream("rails", [default, {**exact, **drops, **slash, **semicolon}],
                 lambda: _says_port(["ruby", "-W0", f"{here}/rails.rb", table], str.strip), unfit=keeps),
        Upstream("php's built-in server", few, _php_built_in(work)),
        Upstream("php behind nginx", few, _php_behind_nginx(work)),
        Upstream("flask", few, debian_python("flask")),
        Upstream("django", few, debian_python("django")),
        Upstream("go's ServeMux", [default, {**exact, **slash, **semicolon, **keeps}], _mux(work, table)),
    ]
