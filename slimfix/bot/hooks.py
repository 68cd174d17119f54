"""Webhooks of each kind of forge: whether they are genuine, and the same thing said in the words of GitHub.

GitHub, Gitea and Forgejo sign what they send with the secret; GitLab sends the secret itself. Gitea speaks
as GitHub does but for a few words; GitLab does not, and is translated as far as anyone here listens.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, NamedTuple, Protocol


class Headers(Protocol):
    """Those of a request, by names in any case."""

    def get(self, name: str, default: str) -> str:
        """The value of one."""


class Heard(NamedTuple):
    """A delivery."""

    delivery: str
    """The same when it is sent again."""
    event: str
    payload: Any
    """As GitHub would have said it."""


def signed(secret: str, body: bytes, signature: str, prefix: str = "sha256=") -> bool:
    """Whether whoever sent this knows the secret; takes as long for any answer."""
    expected = prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def genuine(kind: str, secret: str, headers: Headers, body: bytes) -> bool:
    """Whether a delivery comes from a forge of that kind that knows the secret."""
    if kind == "gitlab":
        # Digests, so that not even the length of the secret is told by the time that it takes.
        given = headers.get("X-Gitlab-Token", "").encode("utf-8", "replace")
        pair = (hashlib.sha256(one).digest() for one in (secret.encode(), given))
        return hmac.compare_digest(*pair)
    if kind == "gitea":
        signature = headers.get("X-Forgejo-Signature", "") or headers.get("X-Gitea-Signature", "")
        return signed(secret, body, signature, "")
    return signed(secret, body, headers.get("X-Hub-Signature-256", ""))


def heard(kind: str, headers: Headers, body: bytes, payload: Any) -> Heard:
    """A genuine delivery in GitHub's words. A payload of another shape is passed on as it is."""
    digest = hashlib.sha256(body).hexdigest()
    if kind == "gitlab":
        # One event may be told to several hooks, under one number; the key is that of a delivery.
        delivery = headers.get("Idempotency-Key", "") or digest
        event, payload = _gitlab(payload) if isinstance(payload, dict) else ("", payload)
        return Heard(delivery, event, payload)
    if kind == "gitea":
        names = ("X-Forgejo", "X-Gitea")
        event, delivery = (
            next(filter(None, (headers.get(f"{name}-{end}", "") for name in names)), "")
            for end in ("Event", "Delivery")
        )
        if isinstance(payload, dict) and payload.get("action") in _GITEA:
            payload = {**payload, "action": _GITEA[payload["action"]]}
        return Heard(delivery or digest, event, payload)
    return Heard(headers.get("X-GitHub-Delivery", "") or digest, headers.get("X-GitHub-Event", ""), payload)


_GITEA = {"label_updated": "labeled", "label_cleared": "unlabeled", "synchronized": "synchronize"}
_GITLAB = {"open": "opened", "close": "closed", "merge": "closed", "reopen": "reopened"}


def _gitlab(payload: dict[str, Any]) -> tuple[str, Any]:
    """Event and payload."""
    project = _object(payload, "project")
    name, default = project.get("path_with_namespace"), project.get("default_branch")
    repository = {"full_name": name, "default_branch": default}
    kind = payload.get("object_kind")
    given = _object(payload, "object_attributes")
    if kind == "push":
        deleted = not str(payload.get("after") or "").strip("0")
        return "push", {"ref": payload.get("ref"), "deleted": deleted, "repository": repository}
    if kind == "merge_request":
        action = given.get("action")
        if action == "update":
            changed = _object(payload, "changes")
            action = "synchronize" if given.get("oldrev") else "labeled" if "labels" in changed else "edited"
        pull = {"number": given.get("iid"), "head": {"ref": given.get("source_branch")}}
        named = _GITLAB.get(str(action), action)
        return "pull_request", {"action": named, "pull_request": pull, "repository": repository}
    if kind == "note" and given.get("noteable_type") == "MergeRequest":
        pull = _object(payload, "merge_request")
        user = {"login": _object(payload, "user").get("username")}
        comment = {"id": given.get("id"), "body": given.get("note"), "user": user}
        issue: dict[str, Any] = {"number": pull.get("iid"), "pull_request": {}}
        action = "edited" if given.get("action") == "update" else "created"
        told = {"action": action, "comment": comment, "issue": issue, "repository": repository}
        return "issue_comment", {**told, "sender": user}
    return "", payload


def _object(payload: dict[str, Any], name: str) -> dict[str, Any]:
    found = payload.get(name)
    return found if isinstance(found, dict) else {}
