"""The resources of the servers behind the gate, and the requirement of each.

A server responds to a path that it takes for a resource with the line `resource PATH`, so a test sees
which resource was served for any spelling. The routes are careless on purpose: each protected resource is
surrounded by a permissive route. A spelling that the gate takes for one and a server for the other
therefore gets through.
"""

import os

PUBLIC, LOW, OWN, HIGH = "public", "low", "own", "high"  # OWN: only the token's own user

RESOURCES = {
    "/": PUBLIC,
    "/open/info": PUBLIC,
    "/open/export": HIGH,
    "/open/deep/er/info": PUBLIC,
    "/open/deep/er/export": HIGH,
    "/list": LOW,
    "/admin/": HIGH,
    "/admin/index.html": HIGH,
    "/admin/users": HIGH,
    "/admin/panel.html": HIGH,
    "/docs/plain": LOW,
    "/docs/@me": HIGH,
    "/docs/a b": HIGH,
    "/docs/x|y": HIGH,
    "/docs/100%": HIGH,
    "/docs/k~s": HIGH,
    "/files/shared/plan": LOW,
    "/files/secret/plan": HIGH,
    "/users/ann": OWN,
    "/users/bob": HIGH,
    "/v1/things/7/view": LOW,
    "/v1/things/7/edit": HIGH,
    "/caf\u00e9": HIGH,
    "/keys": HIGH,
    "/report.php": HIGH,
    "/openapi": HIGH,
    "/openapi.json": LOW,
    "/v1.2/users": LOW,
}

# Servers that have parameters serve these for any value. The catch-all permits too little or too much for
# them.
TEMPLATES = {
    "/team/:x": LOW,
    "/team/:x/:y": HIGH,
    "/vault/:x": HIGH,
    "/vault/:x/:y": LOW,
}
SPELLED_FROM = list(RESOURCES) + ["/team/a", "/team/a/b", "/vault/a", "/vault/a/b", "/team/a /b", "/team/a?/b", "/vault/a?b", "/vault/a..b"]

# Paths with a parameter in Express's router, which then looks the resource up by the parameter's value.
PARAMETERS = ["/docs/:name", "/users/:user", "/v1/things/:id/view", "/v1/things/:id/edit"]

ROUTES = """
  /{rest...}: {ANY: low}
  /: {GET: public}
  /open/{rest...}: {ANY: public}
  /open/export: {GET: high}
  /open/{a}/{b}/export: {GET: high}
  /admin/: {ANY: high}
  /admin/{page}: {ANY: high}
  /docs/{name}: {GET: low}
  "/docs/@me": {GET: high}
  /docs/a b: {GET: high}
  /docs/x|y: {GET: high}
  /docs/100%25: {GET: high}
  /docs/k~s: {GET: high}
  /files/{rest...}: {GET: low}
  /files/secret/{rest...}: {GET: high}
  /team/{x}: {GET: low}
  /team/{x}/{y}: {GET: high}
  /vault/{x}: {GET: high}
  /vault/{x}/{y}: {GET: low}
  /users/{user}: {GET: {scopes: low, where: {user: sub}}}
  /v1/things/{id}/view: {GET: low}
  /v1/things/{id}/edit: {GET: high}
  /caf\u00e9: {GET: high}
  /keys: {GET: high}
  /report.php: {GET: high}
  /openapi: {GET: high}
  /openapi.json: {GET: low}
"""


def is_met(resource, with_token):
    """Returns whether a request may have this resource: its token, if any, is ann's and has the scope
    `low`."""
    need = RESOURCES.get(resource) or TEMPLATES[resource]
    return need == PUBLIC or (with_token and need in (LOW, OWN))


def lay_out(folder):
    """Writes the resources as files below `folder`, where a static server finds them."""
    for path in RESOURCES:
        name = path + "index.html" if path.endswith("/") else path
        file = folder + name
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "w", encoding="utf-8") as out:
            out.write(f"resource {path}\n")
