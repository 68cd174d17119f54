"""The configuration of an image, in Docker's words, and where two differ.

Fields: Docker image specification v1.2, OCI image-spec config.md. What one builder writes as null and
another leaves out or writes empty is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

FIELDS = {
    "Env": "ENV",
    "Entrypoint": "ENTRYPOINT",
    "Cmd": "CMD",
    "User": "USER",
    "WorkingDir": "WORKDIR",
    "ExposedPorts": "EXPOSE",
    "Labels": "LABEL",
    "Volumes": "VOLUME",
    "Healthcheck": "HEALTHCHECK",
    "StopSignal": "STOPSIGNAL",
    "Shell": "SHELL",
    "OnBuild": "ONBUILD",
}


class Difference(NamedTuple):
    """One thing that is set differently; None where it is not set."""

    field: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        return f"{self.field}: {_words(self.before)} became {_words(self.after)}"


def environment(config: dict[str, Any]) -> dict[str, str]:
    """The variables of ENV."""
    return dict(one.partition("=")[::2] for one in config.get("Env") or ())


def differences(before: dict[str, Any], after: dict[str, Any]) -> tuple[Difference, ...]:
    """What is set differently in two configurations, a line for each variable and label."""
    return tuple(_differences(before, after))


def _differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Difference]:
    for key, word in FIELDS.items():
        one, other = _value(key, before), _value(key, after)
        if isinstance(one, dict) or isinstance(other, dict):
            one, other = one or {}, other or {}
            for name in sorted({*one, *other}):
                if one.get(name) != other.get(name):
                    yield Difference(f"{word} {name}", _told(one.get(name)), _told(other.get(name)))
        elif one != other:
            yield Difference(word, _told(one), _told(other))


def _value(key: str, config: dict[str, Any]) -> Any:
    if key == "Env":
        return environment(config)
    value = config.get(key)
    if key == "WorkingDir":
        return value or "/"
    if key in ("ExposedPorts", "Volumes") and value:
        return dict.fromkeys(value, "declared")
    return value or None


def _told(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _words(value: str | None) -> str:
    return "not set" if value is None else repr(value) if not value or value[:1] not in "[{" else value
