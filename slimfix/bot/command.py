"""git as a command: what it may see of this machine, and what its failures mean.

No hook, filter, helper or configuration of this machine or of the repository has a say, nothing is asked
of a terminal, and only the protocol of the forge is spoken. A token goes to git in a header, which stands
in its environment: never in an address or an argument.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from slimfix.bot.errors import BotError, Renamed
from slimfix.bot.redact import Secrets, basic

SECONDS = 600

_KEPT = ("PATH", "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE")
SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.attributesFile": os.devnull,
    "core.sshCommand": "false",
    "credential.helper": "",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.version": "2",
}


class Login(NamedTuple):
    """Who git says it is."""

    user: str
    password: str


def environment(url: str | None, login: Login | None = None) -> dict[str, str]:
    """What git may see of this machine.

    Args:
        url: of the forge to speak with; None for no network at all.
        login: for that forge alone.
    """
    parts = urlsplit(url or "")
    allowed = parts.scheme if url and may_speak(parts.scheme, parts.hostname) else "none"
    settings = dict(SETTINGS)
    if login and url:
        settings[f"http.{parts.scheme}://{parts.netloc}/.extraHeader"] = (
            f"Authorization: Basic {basic(login.password, login.user)}"
        )
    result = {name: os.environ[name] for name in _KEPT if name in os.environ}
    result |= {
        "HOME": os.devnull,
        "XDG_CONFIG_HOME": os.devnull,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "false",
        "SSH_ASKPASS": "false",
        "GIT_ALLOW_PROTOCOL": allowed,
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (key, value) in enumerate(settings.items()):
        result[f"GIT_CONFIG_KEY_{number}"] = key
        result[f"GIT_CONFIG_VALUE_{number}"] = value
    return result


def may_speak(scheme: str, host: str | None) -> bool:
    """Encrypted to anyone, in the clear to this machine alone."""
    return scheme == "https" or (scheme == "http" and host in ("127.0.0.1", "localhost", "::1"))


def call(
    arguments: list[str], env: Mapping[str, str], written: int | None = None, given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """A git command, once it has ended. *written* caps each file that it writes."""
    command = ["git", *arguments]
    if written is not None:
        blocks = str(written // 512)  # the unit of ulimit in any POSIX shell
        command = ["/bin/sh", "-c", 'ulimit -c 0; ulimit -f "$0" && exec "$@"', blocks, *command]
    try:
        return subprocess.run(
            command, env=dict(env), input=given, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise BotError("git", f"git {verb(arguments)} took more than {SECONDS} s") from None
    except OSError as error:
        raise BotError("git", f"git cannot be run: {error.strerror}") from None


def run(
    arguments: list[str],
    env: Mapping[str, str],
    secrets: Secrets,
    written: int | None = None,
    given: bytes = b"",
    output: int = 1 << 20,
) -> bytes:
    """What a git command prints. *written* caps each file that it writes, *output* what it prints."""
    done = call(arguments, env, written, given)
    if done.returncode == 0:
        if len(done.stdout) > output:
            raise BotError("too-large", f"git {verb(arguments)} printed more than {output} bytes")
        return done.stdout
    raise failure(verb(arguments), done, secrets)


def listing(
    arguments: list[str], env: Mapping[str, str], secrets: Secrets, output: int, entries: int
) -> bytes:
    """What a git command prints, stopped as soon as it is too much.

    A tree of a few hundred bytes may list the same directories in each other for ever, so that the end
    of what it prints must not be waited for.

    Args:
        arguments: of git; each entry of what it prints ends in a NUL.
        env: as that of :func:`call`.
        secrets: what no message may hold.
        output: bytes that may be printed.
        entries: how many of them there may be.

    Raises:
        BotError: it is more, or git fails.
    """
    found, count = bytearray(), 0
    with tempfile.TemporaryFile() as told:
        try:
            process = subprocess.Popen(
                ["git", *arguments], env=dict(env), stdout=subprocess.PIPE, stderr=told
            )
        except OSError as error:
            raise BotError("git", f"git cannot be run: {error.strerror}") from None
        watch = threading.Timer(SECONDS, process.kill)
        watch.start()
        try:
            while chunk := process.stdout.read(1 << 16) if process.stdout else b"":
                found += chunk
                count += chunk.count(b"\0")
                if count > entries:
                    raise BotError("too-large", f"more than {entries} files")
                if len(found) > output:
                    raise BotError("too-large", f"git {verb(arguments)} printed more than {output} bytes")
            status = process.wait()
        finally:
            watch.cancel()
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        if status:
            told.seek(0)
            raise failure(
                verb(arguments), subprocess.CompletedProcess(arguments, status, b"", told.read()), secrets
            )
    return bytes(found)


VERBS = frozenset(
    ("clone", "commit-tree", "fetch", "hash-object", "init", "ls-tree", "push", "read-tree", "remote")
    + ("rev-parse", "update-index", "write-tree")
)


def verb(arguments: list[str]) -> str:
    """What git is asked to do, for messages."""
    return next((word for word in arguments if word in VERBS), "")


_REDIRECTED = re.compile(r"returned error: 30[12378]\b")
"""What git says of a redirect, since it must not follow any."""


def redirected(told: str) -> bool:
    """Whether git was told that the repository is elsewhere."""
    return _REDIRECTED.search(told.lower()) is not None


def failure(verb: str, done: subprocess.CompletedProcess[bytes], secrets: Secrets) -> BotError:
    """Why a command failed."""
    text = secrets.hide(done.stderr.decode("utf-8", "replace"))
    low = text.lower()
    last = next((line for line in reversed(text.splitlines()) if line.strip()), f"status {done.returncode}")
    last = last.removeprefix("fatal: ").removeprefix("error: ").strip()
    if (
        done.returncode < 0
        or "file size limit" in low
        or "file too large" in low
        or "died of signal 25" in low
    ):
        return BotError("too-large", f"git {verb}: more data than is taken")
    if redirected(low):
        return Renamed(f"git {verb}: the repository has another address now")
    if "remote branch" in low and "not found" in low:  # its default branch: so it has no commit
        return BotError("empty", f"git {verb}: {last}")
    if "not found" in low and "repository" in low:
        return BotError("gone", f"git {verb}: {last}")
    if "ambiguous argument 'head'" in low or "needed a single revision" in low:
        return BotError("empty", "the repository has no commit")
    if "authentication failed" in low or "could not read username" in low or " 403" in low:
        return BotError("no-permission", f"git {verb}: the forge does not let us read it")
    return BotError("git", f"git {verb}: {last}")
