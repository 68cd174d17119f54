"""The server: the API under ``/api/v3`` and ``/api/graphql``, git under ``/git``."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.bot.forge.api import Api
from tests.bot.forge.contract import Contract
from tests.bot.forge.graph import wrong
from tests.bot.forge.world import ENV, World


class Forge:
    """A running forge."""

    def __init__(self, world: World, address: str) -> None:
        self.world = world
        self.address = address
        self.api = f"{address}/api/v3"


@contextmanager
def running(root: Path, contract: Contract | None) -> Iterator[Forge]:
    """A forge on some port of this machine, until the end of the block."""
    world = World(root)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    address = f"http://127.0.0.1:{server.server_address[1]}"
    server.forge = Forge(world, address)  # type: ignore[attr-defined]  # ours
    server.api = Api(world, address)  # type: ignore[attr-defined]  # ours
    server.contract = contract  # type: ignore[attr-defined]  # ours
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Forge(world, address)
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    half = False
    """Whether the connection ends in the middle of the next answer."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def do_any(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        world: World = self.server.forge.world  # type: ignore[attr-defined]  # see running()
        world.headers.append(f"{self.command} {self.path}")
        if parts.path.startswith("/git/"):
            self.git(world, parts.path.removeprefix("/git"), parts.query, body)
        else:
            self.rest(world, parts.path, dict(parse_qsl(parts.query)), body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_any

    def rest(self, world: World, full: str, query: dict[str, str], data: bytes) -> None:
        path = self.server.api.resolved(unquote(full.removeprefix("/api/v3").removeprefix("/api")))  # type: ignore[attr-defined]  # see running()
        fault = world.struck(self.command, path)
        if fault == "cut-before":
            return self.cut()
        if fault not in (None, "cut-after", "cut-middle"):
            return self.fail(fault, world, path)
        body = json.loads(data) if data else None
        contract: Contract | None = self.server.contract  # type: ignore[attr-defined]  # see running()
        checked = contract is not None and path != "/graphql"
        if contract is not None and path == "/graphql":
            world.violations += wrong(body)
        if contract is not None and checked:
            world.violations += contract.request(self.command, path, query, body)
        status, answer = self.server.api.answer(self.command, path, query, body, self.login(world))  # type: ignore[attr-defined]  # see running()
        if contract is not None and checked:
            if status < 300:
                answer = contract.filled(self.command, path, status, answer)
            world.violations += contract.response(self.command, path, status, answer)
        world.log.append((self.command, path, status))
        if fault == "cut-after":
            return self.cut()
        self.half = fault == "cut-middle"
        headers = {"Location": answer["url"]} if status == 301 else self.paged(full, query, answer)
        self.reply(status, answer, headers)

    def paged(self, path: str, query: dict[str, str], answer: Any) -> dict[str, str]:
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        if not isinstance(answer, list):
            return {}
        more = len(answer) > size * page
        answer[:] = answer[size * (page - 1) : size * page]
        if not more:
            return {}
        following = "&".join(f"{key}={value}" for key, value in {**query, "page": str(page + 1)}.items())
        return {"Link": f'<{self.server.forge.address}{path}?{following}>; rel="next"'}  # type: ignore[attr-defined]  # see running()

    def login(self, world: World) -> str | None:
        kind, _, value = (self.headers.get("Authorization") or "").partition(" ")
        if kind.lower() == "basic":
            value = base64.b64decode(value).decode().partition(":")[2]
        return world.tokens.get(value)

    def fail(self, fault: str, world: World, path: str) -> None:
        headers = {}
        if fault == "secondary":
            status, message = 403, "You have exceeded a secondary rate limit."
            headers = {"Retry-After": "7"}
        elif fault == "secondary-bare":
            status, message = 403, "You have exceeded a secondary rate limit."
        elif fault == "primary":
            status, message = 403, "API rate limit exceeded"
            headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 100)}
        else:
            status, message = int(fault), "Server Error"
        world.log.append((self.command, path, status))
        self.reply(status, {"message": message}, headers)

    def cut(self) -> None:
        """End the connection without an answer."""
        self.close_connection = True
        self.connection.close()

    def reply(self, status: int, answer: Any, headers: dict[str, str]) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.half:
            self.half = False
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            return self.cut()
        self.wfile.write(data)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(timestamp, usegmt=True)

    def git(self, world: World, path: str, query: str, body: bytes) -> None:
        """What ``git http-backend`` makes of it."""
        if self.login(world) is None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="forge"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        fault = world.struck("GIT", path)
        if fault:
            return self.cut()
        env = {
            **ENV,
            "GIT_PROJECT_ROOT": str(world.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "someone",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=env, check=False)
        head, _, data = done.stdout.partition(b"\r\n\r\n")
        status, headers = 200, []
        for line in head.decode().splitlines():
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            else:
                headers.append((name, value))
        world.log.append(("GIT", path, status))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
