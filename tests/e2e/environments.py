"""The places that deployments go to: a server that a deployment tells which version it brings."""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Deployment:
    """A version came somewhere."""

    version: str
    at: float


class Environments:
    """`POST /PLACE` with a version as the body deploys it there; `GET /PLACE` tells which is there."""

    def __init__(self, address: str, port: int) -> None:
        self.history: dict[str, list[Deployment]] = defaultdict(list)
        self.broken: set[str] = set()
        self.stuck: dict[str, threading.Event] = {}
        self.asked: dict[str, int] = defaultdict(int)
        environments = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                version = self.rfile.read(int(self.headers["Content-Length"])).decode().strip()
                status = environments.deploy(self.path.strip("/"), version)
                self.send_response(status)
                self.end_headers()

            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write("".join(environments.of(self.path.strip("/"))[-1:]).encode())

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer((address, port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def deploy(self, place: str, version: str) -> int:
        """What a deployment's request is answered."""
        self.asked[place] += 1
        if stuck := self.stuck.get(place):
            stuck.wait()
            return 500
        if place in self.broken:
            return 500
        self.history[place].append(Deployment(version, time.time()))
        return 200

    def of(self, place: str) -> list[str]:
        """The versions that came to a place, oldest first."""
        return [deployment.version for deployment in self.history[place]]
