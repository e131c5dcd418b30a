"""The API in Flask or Django: wsgi_app.py flask|django RESOURCES.json. Prints its port. Responds with
`resource PATH` for a resource, as resources.py states."""

import json
import re
import sys
import wsgiref.simple_server

framework, table = sys.argv[1:]
with open(table, encoding="utf-8") as file:
    TABLE = json.load(file)
RESOURCES = TABLE["resources"]


def text_of(path):
    return f"resource {path}\n" if path in RESOURCES else None


def filled(template, values):
    """Returns the path that a template with one parameter stands for."""
    return re.sub(r":\w+", lambda _: next(iter(values.values())), template)


def flask_app():
    import flask

    app = flask.Flask("api")

    def get(rule, make_text):
        def view(**values):
            text = make_text(values)
            return flask.Response(text or "none\n", 200 if text else 404, mimetype="text/plain")
        app.add_url_rule(rule, rule, view)

    for path in RESOURCES:
        get(path, lambda _, path=path: text_of(path))
    for template in TABLE["parameters"]:
        get(re.sub(r":(\w+)", r"<\1>", template), lambda values, template=template: text_of(filled(template, values)))
    for template in TABLE["templates"]:
        get(re.sub(r":(\w+)", r"<\1>", template), lambda _, template=template: f"resource {template}\n")
    get("/files/<path:rest>", lambda values: text_of("/files/" + values["rest"]))
    return app


def django_app():
    import django
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpResponse
    from django.urls import path as route, re_path

    routes = []

    def get(make_route, pattern, make_text):
        def view(_, **values):
            text = make_text(values)
            return HttpResponse(text or "none\n", status=200 if text else 404, content_type="text/plain")
        routes.append(make_route(pattern, view))

    for path in RESOURCES:
        get(re_path, f"^{re.escape(path[1:])}$", lambda _, path=path: text_of(path))
    for template in TABLE["parameters"]:
        get(route, re.sub(r":(\w+)", r"<str:\1>", template[1:]), lambda values, template=template: text_of(filled(template, values)))
    for template in TABLE["templates"]:
        get(route, re.sub(r":(\w+)", r"<str:\1>", template[1:]), lambda _, template=template: f"resource {template}\n")
    get(route, "files/<path:rest>", lambda values: text_of("/files/" + values["rest"]))
    urls = type(sys)("urls")
    urls.urlpatterns = routes
    sys.modules["urls"] = urls
    settings.configure(ROOT_URLCONF="urls", ALLOWED_HOSTS=["*"], SECRET_KEY="of a test", LOGGING_CONFIG=None)
    django.setup()
    return WSGIHandler()


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


app = {"flask": flask_app, "django": django_app}[framework]()
server = wsgiref.simple_server.make_server("127.0.0.1", 0, app, handler_class=Quiet)
print(server.server_port, flush=True)
server.serve_forever()
