"""The service: who may speak to it, what it takes for a reason to work, and that it forgets nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest

from slimfix.bot.errors import BotError
from slimfix.bot.hooks import signed
from slimfix.bot.message import REBASE
from slimfix.bot.outcome import Outcome
from slimfix.bot.serve import MAX_BYTES, Desk, Server, concerned
from tests.bot.forge.server import Forge
from tests.bot.shapes import PIP

SECRET = "a secret of some length"


class Hands:
    """Takes jobs, and ends them when told to."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.done: set[str] = set()

    def submit(self, names: Iterable[str]) -> list[str]:
        self.taken += names
        return [str(len(self.taken))]

    def ended(self, ids: Iterable[str]) -> Iterator[tuple[str, Outcome]]:
        for job in ids:
            if job in self.done:
                yield job, Outcome(self.taken[int(job) - 1])


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def desk(hands: Hands) -> Desk:
    return Desk(hands, lambda name: name.startswith("acme/"), lambda outcome: None)


@pytest.fixture
def server(desk: Desk) -> Iterator[Server]:
    with Server(("127.0.0.1", 0), SECRET, desk) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def push(name: str = "acme/shop", ref: str = "refs/heads/main", **more: Any) -> dict[str, Any]:
    return {"ref": ref, "repository": {"full_name": name, "default_branch": "main"}, **more}


def send(
    port: int, payload: Any, delivery: str = "1", event: str = "push", sign: str | None = None
) -> httpx.Response:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery}
    headers["X-Hub-Signature-256"] = signature(body) if sign is None else sign
    return httpx.post(f"http://127.0.0.1:{port}/webhook", content=body, headers=headers)


def test_a_push_is_an_order_and_a_second_delivery_is_none(server: Server, desk: Desk, hands: Hands) -> None:
    port = server.server_address[1]
    assert send(port, push()).json() == {"taken": 1}
    assert send(port, push()).json() == {"taken": 0}
    desk.turn()
    desk.turn()
    assert hands.taken == ["acme/shop"]


def test_a_push_while_a_job_is_at_work_is_looked_at_afterwards(desk: Desk, hands: Hands) -> None:
    desk.order("1", ["acme/shop"])
    desk.turn()
    desk.order("2", ["acme/shop", "acme/other"])
    desk.order("3", ["acme/shop"])
    desk.turn()
    assert hands.taken == ["acme/shop", "acme/other"]
    assert desk.counts == {"waiting": 1, "working": 2}
    hands.done.add("1")
    desk.turn()
    assert hands.taken == ["acme/shop", "acme/other", "acme/shop"]


@pytest.mark.parametrize("sign", ["", "sha256=", "sha256=" + "0" * 64, signature(b"{}"), "sha1=x"])
def test_who_does_not_know_the_secret_is_not_heard(
    server: Server, hands: Hands, desk: Desk, sign: str
) -> None:
    found = send(server.server_address[1], push(), sign=sign)
    assert (found.status_code, found.json()) == (401, {"error": "bad signature"})
    desk.turn()
    assert hands.taken == []


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = hmac.compare_digest

    def compared(one: bytes, other: bytes) -> bool:
        asked.append(len(one))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compared)
    assert signed(SECRET, b"x", signature(b"x")) and not signed(SECRET, b"x", signature(b"y"))
    assert asked == [71, 71]


def test_what_is_no_webhook(server: Server) -> None:
    port = server.server_address[1]
    there = f"http://127.0.0.1:{port}"
    assert send(port, b"{").status_code == 400
    assert send(port, b"[" * 100_000).status_code == 400
    assert httpx.post(f"{there}/other", content=b"").status_code == 404
    assert httpx.get(f"{there}/webhook").status_code == 404
    assert httpx.get(f"{there}/healthz").json() == {"ok": True, "waiting": 0, "working": 0}
    assert send(port, b"x", sign="").status_code == 401
    raw = HTTPConnection("127.0.0.1", port)
    raw.request("POST", "/webhook", headers={"Content-Length": str(MAX_BYTES + 1)})
    assert raw.getresponse().status == 413
    raw.close()


PULL = {"action": "closed", "repository": {"full_name": "acme/shop"}}
SAID = {"action": "created", "repository": {"full_name": "acme/shop"}, "issue": {"pull_request": {"url": ""}}}
NEW = [{"full_name": "a/b"}]
OURS = {"pull_request": {"head": {"ref": "slimfix/dockerfiles"}}}


@pytest.mark.parametrize(
    ("event", "payload", "expected"),
    [
        ("push", push(), ["acme/shop"]),
        ("push", push(ref="refs/heads/next"), []),
        ("push", push(ref="refs/heads/slimfix/dockerfiles"), []),
        ("push", push(ref="refs/tags/main"), []),
        ("push", push(deleted=True), []),
        ("push", push(name="-acme/x"), []),
        ("push", push(name="a/../b"), []),
        ("pull_request", {**PULL, **OURS}, ["acme/shop"]),
        ("pull_request", {**PULL, **OURS, "action": "edited"}, ["acme/shop"]),
        ("pull_request", {**PULL, **OURS, "action": "synchronize"}, []),
        ("pull_request", {**PULL, "pull_request": {"head": {"ref": "feature"}}}, []),
        ("pull_request", {**PULL, "pull_request": None}, []),
        ("issue_comment", {**SAID, "comment": {"body": "/slimfix rebase"}}, ["acme/shop"]),
        ("issue_comment", {**SAID, "comment": {"body": "/slimfix rebase"}, "action": "edited"}, []),
        ("issue_comment", {**SAID, "comment": {"body": "/slimfix rebase"}, "issue": {}}, []),
        ("issue_comment", {**SAID, "comment": {"body": "Nice"}}, []),
        ("issue_comment", {**SAID, "comment": {"body": None}}, []),
        ("issue_comment", {**SAID, "comment": None}, []),
        ("issue_comment", {**SAID, "comment": {"body": "/slimfix x"}, "issue": []}, []),
        ("installation", {"action": "created", "repositories": [{"full_name": "acme/a"}, 1]}, ["acme/a"]),
        ("installation", {"action": "deleted", "repositories": [{"full_name": "acme/a"}]}, []),
        (
            "installation_repositories",
            {"action": "added", "repositories_added": [{"full_name": "a/b"}]},
            ["a/b"],
        ),
        ("installation", {"action": "created", "repositories": "all"}, []),
        ("ping", {"zen": "x"}, []),
        ("push", [], []),
        ("push", {"repository": "x"}, []),
    ],
)
def test_what_is_a_reason_to_look(event: str, payload: Any, expected: list[str]) -> None:
    assert concerned(event, payload) == expected


def test_only_our_accounts(desk: Desk) -> None:
    assert desk.order("1", ["other/shop", "acme/shop"]) == 1


def test_a_short_secret_is_none(desk: Desk) -> None:
    with pytest.raises(BotError):
        Server(("127.0.0.1", 0), "short", desk)


def wait_for(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not done() and time.monotonic() < until:
        time.sleep(0.1)
    assert done()


def test_from_a_push_to_a_pull_request(forge: Forge, tmp_path: Path) -> None:
    pytest.importorskip("dbos", reason="the extra slimfix[bot] is not installed")
    repo = forge.world.repo("acme/shop", {"Dockerfile": PIP})
    command = [sys.executable, "-m", "slimfix", "bot", "serve", "--owner", "acme", "--port", "0"]
    command += ["--api-url", forge.api, "--pace", "none", "--state", str(tmp_path / "s.sqlite")]
    env = {**os.environ, "SLIMFIX_TOKEN": forge.world.token, "SLIMFIX_WEBHOOK_SECRET": SECRET}
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        port = int(line.rpartition(":")[2])
        assert send(port, push()).json() == {"taken": 1}
        wait_for(lambda: bool(repo.pulls))
        (pull,) = repo.pulls
        # An order, twice delivered; then the box, and a stranger's order.
        repo.push_files({"Dockerfile": PIP + "USER app\n"}, pull.head)
        said = repo.say(pull, "/slimfix rebase")
        order = {**SAID, "comment": {"body": said.body}}
        for _ in range(2):
            send(port, order, "2", "issue_comment")
        wait_for(lambda: "USER" not in repo.read(pull.head, "Dockerfile"))
        assert said.reactions == ["slimfix-bot +1"]
        repo.push_files({"Dockerfile": PIP + "USER app\n"}, pull.head)
        pull.body = pull.body.replace(f"- [ ] {REBASE}", f"- [x] {REBASE}")
        send(port, {**PULL, **OURS, "action": "edited"}, "3", "pull_request")
        wait_for(lambda: "USER" not in repo.read(pull.head, "Dockerfile"))
        repo.say(pull, "/slimfix close", "mallory")
        repo.say(pull, "/slimfix help")
        send(port, order, "4", "issue_comment")
        wait_for(lambda: len(pull.comments) == 4)
        assert pull.state == "open" and len(repo.pulls) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()
