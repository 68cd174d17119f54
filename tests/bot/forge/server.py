"""The server: the API of a forge under its own path, and git under ``/git`` or beside it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.bot.forge import gitea_people, gitlab_people  # noqa: F401  # their routes belong to the others
from tests.bot.forge.api import Api
from tests.bot.forge.gitea import Gitea
from tests.bot.forge.gitlab import GitLab
from tests.bot.forge.graph import wrong
from tests.bot.forge.routes import Front, Redirect
from tests.bot.forge.world import ENV, World

_GIT = re.compile(r"\.git/(?:info/refs|git-upload-pack|git-receive-pack)\Z")


TOKENS = {"github": "ghp_" + "a" * 36, "gitlab": "glpat-" + "a" * 20, "gitea": "a1b2" * 10}
FRONTS: dict[str, type[Front]] = {"github": Api, "gitlab": GitLab, "gitea": Gitea}
REFUSAL = {
    "github": "",
    "gitlab": "GitLab: You are not allowed to push code to protected branches on this project.",
    "gitea": "Gitea: Not allowed to push to protected branch",
}


class Forge:
    """A running forge."""

    def __init__(self, world: World, address: str, kind: str) -> None:
        self.world = world
        self.address = address
        self.kind = kind
        self.front = FRONTS[kind](world, address)
        self.api = address + self.front.prefix


@contextmanager
def running(root: Path, contract: Any, kind: str = "github") -> Iterator[Forge]:
    """A forge of some kind on some port of this machine, until the end of the block."""
    world = World(root, TOKENS[kind])
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    forge = Forge(world, f"http://127.0.0.1:{server.server_address[1]}", kind)
    server.forge = forge  # type: ignore[attr-defined]  # ours
    server.contract = contract  # type: ignore[attr-defined]  # ours
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield forge
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
        forge: Forge = self.server.forge  # type: ignore[attr-defined]  # see running()
        forge.world.headers.append(f"{self.command} {self.path}")
        if _GIT.search(parts.path):
            self.git(forge, parts.path.removeprefix("/git"), parts.query, body)
        else:
            query = dict(parse_qsl(parts.query))
            self.rest(forge, parts.path, query, body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_any

    def rest(self, forge: Forge, full: str, query: dict[str, str], data: bytes) -> None:
        world = forge.world
        path = full.removeprefix(forge.front.prefix).removeprefix("/api")
        # In GitLab's paths a name is one part, with its slashes quoted.
        path = path if forge.kind == "gitlab" else unquote(path)
        if isinstance(forge.front, Api):
            path = forge.front.resolved(path)
        fault = world.struck(self.command, path)
        if fault == "cut-before":
            return self.cut()
        if fault not in (None, "cut-after", "cut-middle"):
            return self.fail(fault, world, path)
        body = json.loads(data) if data else None
        contract = self.server.contract if path != "/graphql" else None  # type: ignore[attr-defined]  # see running()
        if self.server.contract is not None and path == "/graphql":  # type: ignore[attr-defined]  # see running()
            world.violations += wrong(body)
        if contract is not None:
            world.violations += contract.request(self.command, path, query, body)
        try:
            status, answer = self.by_app(world, path, query, body) or forge.front.answer(
                self.command, path, query, body, self.login(world, path)
            )
        except Redirect as redirect:
            world.log.append((self.command, path, redirect.status))
            return self.reply(redirect.status, {"message": "Moved"}, {"Location": redirect.place})
        if contract is not None:
            if status < 300:
                answer = contract.filled(self.command, path, status, answer)
            world.violations += contract.response(self.command, path, status, answer)
        world.log.append((self.command, path, status))
        if fault == "cut-after":
            return self.cut()
        self.half = fault == "cut-middle"
        return self.reply(status, answer, self.paged(forge, full, query, answer))

    def paged(self, forge: Forge, path: str, query: dict[str, str], answer: Any) -> dict[str, str]:
        size, page = forge.front.page(query)
        if not isinstance(answer, list):
            return {}
        more = len(answer) > size * page
        answer[:] = answer[size * (page - 1) : size * page]
        if not more:
            return {}
        if isinstance(forge.front, Api):  # it names the repository by its number there
            path = forge.front.prefix + forge.front.numbered_path(path.removeprefix(forge.front.prefix))
        following = "&".join(f"{key}={value}" for key, value in {**query, "page": str(page + 1)}.items())
        return {"Link": f'<{forge.address}{path}?{following}>; rel="next"'}

    def by_app(self, world: World, path: str, query: dict[str, str], body: Any) -> tuple[int, Any] | None:
        """What a GitHub App is answered where it speaks for itself."""
        bearer = (self.headers.get("Authorization") or "").partition(" ")[2]
        found: tuple[int, Any] | None = None
        if world.app:
            found = world.app.asked(self.command, path, body, bearer)
        if found and path == "/installation/repositories" and found[0] == 200:
            size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
            found[1]["repositories"] = found[1]["repositories"][size * (page - 1) : size * page]
        return found

    def login(self, world: World, path: str = "") -> str | None:
        kind, _, value = (self.headers.get("Authorization") or "").partition(" ")
        value = value or self.headers.get("PRIVATE-TOKEN") or ""
        if kind.lower() == "basic":
            value = base64.b64decode(value).decode().partition(":")[2]
        place = re.match(r"/(?:repos/)?([^/]+/[^/]+?)(?:\.git)?(?:/|\Z)", path)
        if world.app and value.startswith("ghs_"):
            return "slimfix[bot]" if world.app.allowed(value, place[1] if place else None) else None
        return world.tokens.get(value)

    def fail(self, fault: str, world: World, path: str) -> None:
        headers = {}
        if fault.startswith("30"):
            found, _, place = fault.partition(" ")
            status, message = int(found), "Moved"
            headers = {"Location": place}
        elif fault == "secondary":
            status, message = 403, "You have exceeded a secondary rate limit."
            headers = {"Retry-After": "7"}
        elif fault == "secondary-bare":
            status, message = 403, "You have exceeded a secondary rate limit."
        elif fault == "primary":
            status, message = 403, "API rate limit exceeded"
            headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(world.now()) + 100)}
        elif fault == "busy":
            status, message = 429, "Retry later"
            headers = {"Retry-After": "7"}
        elif fault == "limit":
            status, message = 429, "Rate limit exceeded"
            headers = {"RateLimit-Remaining": "0", "RateLimit-Reset": str(int(world.now()) + 100)}
        else:
            status, message = int(fault), "Server Error"
        world.log.append((self.command, path, status))
        self.reply(status, {"message": message}, headers)

    def cut(self) -> None:
        """End the connection without an answer."""
        self.close_connection = True
        self.connection.close()

    def reply(self, status: int, answer: Any, headers: dict[str, str]) -> None:
        data = b"" if answer is None else json.dumps(answer).encode()
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
        world: World = self.server.forge.world  # type: ignore[attr-defined]  # see running()
        return formatdate(world.now() if timestamp is None else timestamp, usegmt=True)

    def git(self, forge: Forge, path: str, query: str, body: bytes) -> None:
        """What ``git http-backend`` makes of it."""
        world = forge.world
        if self.login(world, path) is None:
            return self.plain(401, "", {"WWW-Authenticate": 'Basic realm="forge"'})
        fault = world.struck("GIT", path)
        if fault == "cut-before":
            return self.cut()
        if fault in ("secondary", "busy"):
            return self.plain(429, "Later.", {"Retry-After": "7"})
        if fault not in (None, "cut-after", "cut-middle"):
            code, _, place = fault.partition(" ")
            return self.plain(int(code), "Something went wrong.", {"Location": place} if place else {})
        name = path.partition(".git/")[0].lstrip("/")
        repo, moved = world.find(name), world.moved(name)
        if repo is None and moved is not None:
            at = self.path.replace(name, moved.full, 1)
            status = 307 if forge.kind == "gitea" else 301
            world.log.append(("GIT", path, status))
            return self.plain(status, "", {"Location": forge.address + at})
        pushes = "git-receive-pack" in path + query
        if pushes and repo is not None and (repo.archived or not repo.push):
            why = "This repository is archived." if repo.archived else "You are not allowed to push code."
            return self.plain(403, why)
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
            "FORGE_PROTECTED": repo.protected if repo else "",
            "FORGE_REFUSAL": REFUSAL[forge.kind],
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
        if pushes and repo is not None and self.command == "POST":
            with repo.lock:
                repo.pushed(closes=forge.kind == "gitea")
        world.log.append(("PUSH" if pushes else "GIT", path, status))
        if fault == "cut-after":
            return self.cut()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if fault == "cut-middle":
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            return self.cut()
        self.wfile.write(data)

    def plain(self, status: int, text: str, headers: Mapping[str, str] = {}) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())
