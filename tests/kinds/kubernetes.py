"""A stand-in of the Kubernetes API: it keeps what it is given, and answers as an API server does. Nothing runs: what needs a
controller, such as a Deployment, is never ready. It knows neither validation nor field ownership; a real API server takes
longer to build than all other tools of these tests together."""

import base64
import json
import threading
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

# Group and version → plural → kind. All but namespaces live in one.
RESOURCES = {
    "v1": {
        "namespaces": "Namespace",
        "configmaps": "ConfigMap",
        "secrets": "Secret",
        "services": "Service",
        "serviceaccounts": "ServiceAccount",
        "pods": "Pod",
    },
    "apps/v1": {"deployments": "Deployment", "replicasets": "ReplicaSet"},
    "batch/v1": {"jobs": "Job"},
}
WRITER = "token-of-the-cluster"
# A token that reads, and changes nothing.
READER = "token-of-the-reader"
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
Object = dict[str, Any]


class Kubernetes:
    """The API at an address of this machine for each token, since clients send tokens only by TLS. `writes` lists what
    changed anything, and `tokens` who asked."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str, str], Object] = {}
        self.writes: list[str] = []
        self.tokens: set[str] = set()
        self.lock = threading.Lock()
        self.version = 0
        self.servers: dict[str, ThreadingHTTPServer] = {}
        for token in (WRITER, READER):
            handler = type("Handler", (Handler,), {"api": self, "token": token})
            self.servers[token] = ThreadingHTTPServer(("127.0.0.1", 0), handler)
            threading.Thread(target=self.servers[token].serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Ends it."""
        for server in self.servers.values():
            server.shutdown()
            server.server_close()

    def kubeconfig(self, token: str = WRITER) -> str:
        """What `kubectl` reads. The token is one that must not be told."""
        host, port = self.servers[token].server_address[:2]
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "it",
                "clusters": [{"name": "it", "cluster": {"server": f"http://{host}:{port}"}}],
                "users": [{"name": "it", "user": {"token": token}}],
                "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            }
        )

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object, if it is there."""
        found = [value for (_, plural, *place), value in self.objects.items() if (plural, *place) == (kind, namespace, name)]
        return found[0] if found else None


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    api: Kubernetes
    token: str
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002, D102
        pass

    def parse_request(self) -> bool:
        """Notes who asks, and refuses what the token does not allow."""
        if not super().parse_request():
            return False
        self.api.tokens.add(self.token)
        if self.token == READER and self.command != "GET":
            self.close_connection = True
            self.refuse(403, "Forbidden", f"{self.command} is forbidden")
            return False
        return True

    def answer(self, body: Object, status: int = 200) -> None:
        """Sends an object."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status: int, reason: str, message: str) -> None:
        """Sends a refusal, as an object."""
        self.answer(
            {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": status, "message": message},
            status,
        )

    def do_GET(self) -> None:  # noqa: D102, N802
        path, query = self.asked()
        if path == "/version":
            return self.answer({"major": "1", "minor": "37", "gitVersion": "v1.37.0"})
        if path == "/api":
            return self.answer({"kind": "APIVersions", "versions": ["v1"]})
        if path == "/apis":
            groups = [group.split("/") for group in RESOURCES if "/" in group]
            return self.answer(
                {
                    "kind": "APIGroupList",
                    "apiVersion": "v1",
                    "groups": [
                        {
                            "name": name,
                            "versions": [{"groupVersion": f"{name}/{version}", "version": version}],
                            "preferredVersion": {"groupVersion": f"{name}/{version}", "version": version},
                        }
                        for name, version in groups
                    ],
                }
            )
        if path == "/openapi/v3":
            return self.answer({"paths": {at: {"serverRelativeURL": f"/openapi/v3/{at}"} for at in map(location, RESOURCES)}})
        if path.startswith("/openapi/v3/"):
            return self.answer(description(path.removeprefix("/openapi/v3/")))
        group = path.removeprefix("/api/").removeprefix("/apis/")
        if group in RESOURCES:
            return self.answer(
                {
                    "kind": "APIResourceList",
                    "apiVersion": "v1",
                    "groupVersion": group,
                    "resources": [
                        {"name": plural, "singularName": "", "kind": kind, "namespaced": plural != "namespaces", "verbs": VERBS}
                        for plural, kind in RESOURCES[group].items()
                    ],
                }
            )
        place = self.place(path)
        if place is None:
            return self.refuse(404, "NotFound", f"the server could not find {path}")
        if place[3]:
            found = self.api.objects.get(place)
            return self.answer(found) if found else self.not_found(place)
        if query.get("watch") in ("true", "1"):
            return self.watch(place, query)
        return self.answer(
            {
                "kind": f"{RESOURCES[place[0]][place[1]]}List",
                "apiVersion": place[0],
                "metadata": {"resourceVersion": str(self.api.version)},
                "items": self.items(place, query),
            }
        )

    def watch(self, place: tuple[str, str, str, str], query: dict[str, str]) -> None:
        """What is there, if that was asked for, and then nothing: no test changes a thing that is watched."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        if query.get("sendInitialEvents") == "true":
            events = [{"type": "ADDED", "object": item} for item in self.items(place, query)]
            mark = {"resourceVersion": str(self.api.version), "annotations": {"k8s.io/initial-events-end": "true"}}
            kind = RESOURCES[place[0]][place[1]]
            events.append({"type": "BOOKMARK", "object": {"kind": kind, "apiVersion": place[0], "metadata": mark}})
            for event in events:
                self.wfile.write(json.dumps(event).encode() + b"\n")
        self.wfile.flush()
        threading.Event().wait(20)

    def do_POST(self) -> None:  # noqa: D102, N802
        path, query = self.asked()
        body = self.body()
        place = self.place(path)
        if place is None:
            return self.refuse(404, "NotFound", f"the server could not find {path}")
        place = (*place[:3], body["metadata"]["name"])
        if place[1] != "namespaces" and ("v1", "namespaces", "", place[2]) not in self.api.objects:
            return self.refuse(404, "NotFound", f'namespaces "{place[2]}" not found')
        if place in self.api.objects:
            return self.refuse(409, "AlreadyExists", f'{place[1]} "{place[3]}" already exists')
        self.store(place, body, query, 201)

    def do_PUT(self) -> None:  # noqa: D102, N802
        path, query = self.asked()
        body = self.body()
        place = self.place(path)
        if place not in self.api.objects:
            return self.not_found(place)
        self.store(place, body, query)

    def do_PATCH(self) -> None:  # noqa: D102, N802
        path, query = self.asked()
        body = self.body()
        place = self.place(path)
        applied = "apply-patch" in self.headers["Content-Type"]
        found = self.api.objects.get(place)
        if found is None and not applied:
            return self.not_found(place)
        self.store(place, merged(deepcopy(found or {}), body), query, 200 if found else 201)

    def do_DELETE(self) -> None:  # noqa: D102, N802
        path, _ = self.asked()
        self.body()
        place = self.place(path)
        if self.api.objects.pop(place, None) is None:
            return self.not_found(place)
        self.api.writes.append(f"DELETE {place[1]} {place[3]}")
        self.answer({"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def asked(self) -> tuple[str, dict[str, str]]:
        """Path and query."""
        parts = urlsplit(self.path)
        return parts.path, {key: values[0] for key, values in parse_qs(parts.query).items()}

    def body(self) -> Object:
        """The object that was sent: JSON, the YAML of a server-side apply, or the protobuf that clients speak for Secrets."""
        data = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if not data.startswith(b"k8s\0"):
            return yaml.safe_load(data) or {}
        unknown = fields(data[4:])
        kind = fields(unknown[1][0])[2][0]
        return secret(unknown[2][0]) if kind == b"Secret" else {}

    def place(self, path: str) -> tuple[str, str, str, str] | None:
        """Group, plural, namespace and name that a path stands for."""
        parts = path.strip("/").split("/")
        group, rest = ("v1", parts[2:]) if parts[0] == "api" else ("/".join(parts[1:3]), parts[3:])
        namespace = ""
        if rest[:1] == ["namespaces"] and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        if not rest or rest[0] not in RESOURCES.get(group, {}):
            return None
        return group, rest[0], namespace, rest[1] if len(rest) > 1 else ""

    def items(self, place: tuple[str, str, str, str], query: dict[str, str]) -> list[Object]:
        """What a list holds, by labels and by name."""
        labels = dict(label.split("=") for label in query.get("labelSelector", "").split(",") if "=" in label)
        fields = query.get("fieldSelector", "")
        return [
            value
            for key, value in self.api.objects.items()
            if key[:2] == place[:2]
            and place[2] in ("", key[2])
            and labels.items() <= value["metadata"].get("labels", {}).items()
            and (not fields.startswith("metadata.name=") or fields == f"metadata.name={key[3]}")
        ]

    def store(self, place: tuple[str, str, str, str], body: Object, query: dict[str, str], status: int = 200) -> None:
        """Keeps an object, unless it is to be tried only."""
        with self.api.lock:
            self.api.version += 1
            body.setdefault("apiVersion", place[0])
            body.setdefault("kind", RESOURCES[place[0]][place[1]])
            body["metadata"] |= {"resourceVersion": str(self.api.version), "uid": f"uid-of-{place[3]}", "generation": 1}
            if place[2]:
                body["metadata"]["namespace"] = place[2]
            if query.get("dryRun") != "All":
                self.api.objects[place] = body
                self.api.writes.append(f"{self.command} {place[1]} {place[3]}")
        self.answer(body, status)

    def not_found(self, place: tuple[str, str, str, str] | None) -> None:
        """There is no such object."""
        _, plural, _, name = place or ("", "resources", "", "")
        self.refuse(404, "NotFound", f'{plural} "{name}" not found')


def merged(old: Object, patch: Object) -> Object:
    """A merge patch (RFC 7386): null removes a key."""
    for key, value in patch.items():
        if value is None:
            old.pop(key, None)
        elif isinstance(value, dict) and isinstance(old.get(key), dict):
            merged(old[key], value)
        else:
            old[key] = value
    return old


def location(group: str) -> str:
    """The path of a group and version."""
    return f"apis/{group}" if "/" in group else f"api/{group}"


def description(at: str) -> Object:
    """As much OpenAPI as says that the server itself judges fields, and tries without keeping."""
    [group] = [group for group in RESOURCES if location(group) == at]
    name, version = group.split("/") if "/" in group else ("", group)
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("dryRun", "fieldValidation")]
    paths = {
        f"/{at}/namespaces/{{namespace}}/{plural}/{{name}}": {
            "patch": {
                "parameters": parameters,
                "responses": {},
                "x-kubernetes-group-version-kind": {"group": name, "version": version, "kind": kind},
            }
        }
        for plural, kind in RESOURCES[group].items()
    }
    return {"openapi": "3.0.0", "info": {"title": "it", "version": "1"}, "paths": paths}


def fields(data: bytes) -> dict[int, list[Any]]:
    """The fields of a protobuf message, by number: bytes and numbers, which is all that a Secret has."""
    found: dict[int, list[Any]] = {}
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = number()
        value: Any = number()
        if key & 7 == 2:
            value, at = data[at : at + value], at + value
        found.setdefault(key >> 3, []).append(value)
    return found


def secret(data: bytes) -> Object:
    """A Secret, of its protobuf."""
    message = fields(data)
    metadata = fields(message[1][0])

    def entries(of: dict[int, list[Any]], field: int) -> dict[str, bytes]:
        pairs = [fields(entry) for entry in of.get(field, [])]
        return {pair[1][0].decode(): pair[2][0] for pair in pairs}

    return {
        "metadata": {
            "name": metadata[1][0].decode(),
            "labels": {key: value.decode() for key, value in entries(metadata, 11).items()},
        },
        "data": {key: base64.b64encode(value).decode() for key, value in entries(message, 2).items()},
        "type": message[3][0].decode(),
    }
