"""Webhooks of every kind of forge: who is heard, and that all of them say the same."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from email.message import Message
from typing import Any

import httpx
import pytest

from slimfix.bot import hooks
from slimfix.bot.serve import Desk, Server, concerned
from tests.bot.test_serve import SECRET, Hands

KINDS = ("github", "gitlab", "gitea")
OTHER = "another secret of some length"


def sent(
    kind: str, body: bytes, secret: str = SECRET, delivery: str = "1", event: str = "push"
) -> dict[str, str]:
    """The headers that a forge sends."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if kind == "gitlab":
        key = {"Idempotency-Key": delivery, "X-Gitlab-Event-UUID": "one event for several hooks"}
        return {"X-Gitlab-Token": secret, "X-Gitlab-Event": "Push Hook", **key}
    if kind == "forgejo":
        return {"X-Forgejo-Signature": digest, "X-Forgejo-Event": event, "X-Forgejo-Delivery": delivery}
    if kind == "gitea":
        return {"X-Gitea-Signature": digest, "X-Gitea-Event": event, "X-Gitea-Delivery": delivery}
    signature = {"X-Hub-Signature-256": f"sha256={digest}"}
    return {**signature, "X-GitHub-Event": event, "X-GitHub-Delivery": delivery}


def headers(given: dict[str, str]) -> Message:
    found = Message()
    for name, value in given.items():
        found[name] = value
    return found


HUB = {"repository": {"full_name": "acme/shop", "default_branch": "main"}}
LAB = {"project": {"path_with_namespace": "acme/team/shop", "default_branch": "main"}}
OURS = "slimfix/dockerfiles"


def lab(kind: str, attributes: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    given = {"object_attributes": attributes} if attributes is not None else {}
    return {"object_kind": kind, **LAB, **given, **more}


def merge_request(action: str, branch: str = OURS, **more: Any) -> dict[str, Any]:
    return lab("merge_request", {"action": action, "iid": 3, "source_branch": branch, **more})


def pull(action: str, branch: str = OURS) -> dict[str, Any]:
    return {**HUB, "action": action, "pull_request": {"number": 3, "head": {"ref": branch}}}


HEAD = "refs/heads/main"
LABELS: dict[str, Any] = {"changes": {"labels": {"previous": [], "current": []}}}
SHOP, TEAM = ["acme/shop"], ["acme/team/shop"]


@pytest.mark.parametrize(
    ("kind", "event", "payload", "expected"),
    [
        ("gitea", "push", {**HUB, "ref": HEAD}, SHOP),
        ("gitea", "push", {**HUB, "ref": "refs/heads/next"}, []),
        ("gitea", "pull_request", pull("closed"), SHOP),
        ("gitea", "pull_request", pull("label_updated"), SHOP),
        ("gitea", "pull_request", pull("synchronized"), []),
        ("gitea", "pull_request", pull("closed", "topic"), []),
        ("forgejo", "push", {**HUB, "ref": HEAD}, SHOP),
        ("gitlab", "", lab("push", ref=HEAD, after="a" * 40), TEAM),
        ("gitlab", "", lab("push", ref=HEAD, after="0" * 40), []),
        ("gitlab", "", lab("push", ref="refs/heads/next", after="a" * 40), []),
        ("gitlab", "", lab("tag_push", ref=HEAD), []),
        ("gitlab", "", merge_request("close"), TEAM),
        ("gitlab", "", merge_request("merge"), TEAM),
        ("gitlab", "", merge_request("reopen"), TEAM),
        ("gitlab", "", merge_request("update"), TEAM),
        ("gitlab", "", {**merge_request("update"), **LABELS}, TEAM),
        ("gitlab", "", merge_request("update", oldrev="b" * 40), []),
        ("gitlab", "", merge_request("close", "topic"), []),
        ("gitlab", "", lab("merge_request", None), []),
        ("gitlab", "", {"object_kind": "push", "project": "x"}, []),
        ("gitlab", "", [], []),
        ("gitea", "push", [], []),
    ],
)
def test_what_is_a_reason_to_look(kind: str, event: str, payload: Any, expected: list[str]) -> None:
    body = json.dumps(payload).encode()
    given = headers(sent(kind, body, event=event))
    kind = "gitea" if kind == "forgejo" else kind
    assert hooks.genuine(kind, SECRET, given, body)
    found = hooks.heard(kind, given, body, payload)
    assert (found.delivery, concerned(found.event, found.payload)) == ("1", expected)


def test_a_note_under_a_merge_request_is_a_comment() -> None:
    attributes = {"noteable_type": "MergeRequest", "note": "Hello", "id": 12, "action": "create"}
    payload = lab("note", attributes, merge_request={"iid": 3}, user={"username": "alice"})
    _, event, told = hooks.heard("gitlab", headers({}), b"x", payload)
    assert (event, told["action"], told["issue"]["number"]) == ("issue_comment", "created", 3)
    assert told["comment"] == {"id": 12, "body": "Hello", "user": {"login": "alice"}}
    assert told["repository"]["full_name"] == "acme/team/shop" and told["sender"] == {"login": "alice"}
    attributes["noteable_type"] = "Commit"
    assert hooks.heard("gitlab", headers({}), b"x", payload).event == ""


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    desk = Desk(Hands(), lambda name: name.startswith("acme/"), lambda outcome: None)
    with Server(("127.0.0.1", 0), SECRET, desk, request.param) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def test_who_knows_the_secret_is_heard_once(server: Server) -> None:
    payload = lab("push", ref=HEAD, after="a" * 40) if server.kind == "gitlab" else {**HUB, "ref": HEAD}
    body = json.dumps(payload).encode()
    address = f"http://127.0.0.1:{server.server_address[1]}/webhook"

    def send(given: dict[str, str]) -> tuple[int, Any]:
        found = httpx.post(address, content=body, headers=given)
        return found.status_code, found.json()

    assert send(sent(server.kind, body)) == (202, {"taken": 1})
    assert send(sent(server.kind, body)) == (202, {"taken": 0})
    refused = (401, {"error": "bad signature"})
    assert send(sent(server.kind, body, OTHER)) == refused
    assert send({}) == refused
    for other in (*KINDS, "forgejo"):
        # What another kind of forge would send is not enough; Forgejo is of Gitea's kind.
        expected = 202 if server.kind == other.replace("forgejo", "gitea") else 401
        assert send(sent(other, body, delivery="2"))[0] == expected


def test_the_secret_of_gitlab_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = hmac.compare_digest

    def compared(one: bytes, other: bytes) -> bool:
        asked.extend((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compared)
    for given in (SECRET, "x", "", SECRET[:-1]):
        assert hooks.genuine("gitlab", SECRET, headers({"X-Gitlab-Token": given}), b"") == (given == SECRET)
    assert set(asked) == {32}
