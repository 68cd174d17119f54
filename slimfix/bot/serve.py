"""A service that waits for webhooks: a push, a closed pull request, an order, an installation starts a job.

A delivery only says which repository to look at; what is to be done is decided by looking at the forge, as
always. So a delivery that comes twice, too late or not at all does no harm.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from slimfix.bot import hooks, names, orders
from slimfix.bot.errors import BotError
from slimfix.bot.forge import Comment
from slimfix.bot.outcome import Outcome
from slimfix.bot.tree import joined

MAX_BYTES = 25 << 20
"""GitHub sends no more."""
REMEMBERED = 10_000
"""Deliveries that are known again."""
SECONDS = 30.0
"""A sender that takes longer for a request is cut off."""


class Worker(Protocol):
    """Whoever carries jobs out: :class:`slimfix.bot.jobs.Jobs`."""

    def submit(self, names: Iterable[str]) -> list[str]:
        """Take on jobs; their ids."""

    def ended(self, ids: Iterable[str]) -> Iterator[tuple[str, Outcome]]:
        """Those of the jobs that have ended, with what became of them."""


def concerned(event: str, payload: Any) -> list[str]:
    """The repositories that an event, in GitHub's words, gives a reason to look at."""
    if not isinstance(payload, dict):
        return []
    if event in ("installation", "installation_repositories"):
        if payload.get("action") not in ("created", "added"):
            return []
        found = payload.get("repositories") or payload.get("repositories_added") or []
        return _named(found if isinstance(found, list) else [])
    repository = payload.get("repository")
    if not isinstance(repository, dict):
        return []
    if event == "push":
        wanted = payload.get("ref") == joined("refs/heads", str(repository.get("default_branch")))
        return _named([repository]) if wanted and not payload.get("deleted") else []
    if event == "issue_comment" and payload.get("action") == "created":
        return _named([repository]) if _is_order(payload) else []
    if event == "pull_request" and payload.get("action") in ("closed", "edited", "labeled", "reopened"):
        pull = payload.get("pull_request")
        head = pull.get("head") if isinstance(pull, dict) else None
        branch = head.get("ref") if isinstance(head, dict) else None
        return _named([repository]) if isinstance(branch, str) and names.ours(branch) else []
    return []


def _is_order(payload: dict[str, Any]) -> bool:
    """Whether a comment under a pull request begins as an order does. Who may give one is seen to later."""
    issue, comment = payload.get("issue"), payload.get("comment")
    if not isinstance(issue, dict) or not isinstance(comment, dict):
        return False
    if not isinstance(issue.get("pull_request"), dict):
        return False
    text = comment.get("body")
    return isinstance(text, str) and orders.read(Comment(0, "", text)) is not None


def _named(repositories: list[Any]) -> list[str]:
    found = []
    for one in repositories:
        name = one.get("full_name") if isinstance(one, dict) else None
        try:
            found.append(names.repository(name if isinstance(name, str) else ""))
        except BotError:
            continue
    return found


class Desk:
    """Takes orders while jobs are at work: a repository that has one gets another when that has ended."""

    def __init__(
        self, worker: Worker, allowed: Callable[[str], bool], told: Callable[[Outcome], None]
    ) -> None:
        self._worker = worker
        self._allowed = allowed
        self._told = told
        self._lock = threading.Lock()
        self._wanted: dict[str, None] = {}
        self._running: dict[str, str] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()

    def order(self, delivery: str, repositories: Iterable[str]) -> int:
        """Note repositories to look at; how many. A delivery that was here before is none."""
        with self._lock:
            if delivery in self._seen:
                return 0
            self._seen[delivery] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            found = [name for name in repositories if self._allowed(name)]
            self._wanted.update(dict.fromkeys(found))
            return len(found)

    def turn(self) -> None:
        """See which jobs have ended, and start those that are wanted."""
        ended = list(self._worker.ended(list(self._running)))
        with self._lock:
            for job, _ in ended:
                self._running.pop(job, None)
            busy = set(self._running.values())
            now = [name for name in self._wanted if name not in busy]
            for name in now:
                del self._wanted[name]
        for name in now:
            (job,) = self._worker.submit([name])
            with self._lock:
                self._running[job] = name
        for _, outcome in ended:
            self._told(outcome)

    @property
    def counts(self) -> dict[str, int]:
        """How many repositories wait, and how many are being worked on."""
        with self._lock:
            return {"waiting": len(self._wanted), "working": len(self._running)}


class Server(ThreadingHTTPServer):
    """The service: ``POST /webhook`` and ``GET /healthz``."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], secret: str, desk: Desk, kind: str = "github") -> None:
        """*kind* is that of the forge that sends: one of :data:`slimfix.bot.connect.KINDS`."""
        if len(secret) < 16:
            raise BotError("denied", "the secret of the webhook must have at least 16 characters")
        self.secret = secret
        self.desk = desk
        self.kind = kind
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = SECONDS
    server_version = "slimfix"
    sys_version = ""

    def log_message(self, format: str, *arguments: Any) -> None:
        """The jobs tell what they do; requests are not worth a line."""

    def do_GET(self) -> None:  # as the base class wants it
        if self.path == "/healthz":
            self._answer(200, {"ok": True, **self.server.desk.counts})
        else:
            self._answer(404, {"error": "not found"})

    def do_POST(self) -> None:  # as above
        if self.path != "/webhook":
            return self._answer(404, {"error": "not found"})
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            return self._answer(411, {"error": "no length"})
        if int(length) > MAX_BYTES:
            return self._answer(413, {"error": "too long"})
        body = self.rfile.read(int(length))
        # Nothing is read of what is not genuine.
        if not hooks.genuine(self.server.kind, self.server.secret, self.headers, body):
            return self._answer(401, {"error": "bad signature"})
        try:
            payload = json.loads(body)
        except (ValueError, RecursionError):
            return self._answer(400, {"error": "not JSON"})
        delivery, event, payload = hooks.heard(self.server.kind, self.headers, body, payload)
        return self._answer(202, {"taken": self.server.desk.order(delivery, concerned(event, payload))})

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status >= 400:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(data)
