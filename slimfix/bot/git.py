"""Strangers' repositories, read through git's objects: bare, shallow, without a file ever checked out.

How git is run is a matter of :mod:`.command`.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import urlsplit

from slimfix.bot.command import Login, environment, listing, run
from slimfix.bot.errors import BotError
from slimfix.bot.names import sha as checked_sha
from slimfix.bot.redact import Secrets

MAX_ENTRIES = 1_000_000
"""Files of a repository over which it is left alone."""
MAX_LISTING = 256 << 20
MAX_CLONE = 512 << 20
"""Bytes that a clone without its files may take; a history of one commit with 100,000 files takes 10 MB."""
MAX_FETCH = 64 << 20
"""Bytes that the files asked for at once may take."""
MAX_FETCHED = 512 << 20
"""Bytes that all files asked for may take; one that would be beyond is one that cannot be had."""


class Entry(NamedTuple):
    """One line of a listing."""

    mode: str
    """Six octal digits: 100644, 100755, 120000 (a link) or 160000 (a submodule)."""
    sha: str
    path: str
    """With undecodable bytes as surrogates."""


class Clone:
    """The objects of one commit."""

    def __init__(
        self, directory: str, secrets: Secrets, network: Mapping[str, str] | None, revision: str = "HEAD"
    ) -> None:
        """A repository on this machine; *network* is git's environment where files may be fetched."""
        self.directory = directory
        self._secrets = secrets
        self._network = network
        self._local = environment(None)
        self._lock = threading.Lock()
        self._reader: subprocess.Popen[bytes] | None = None
        self._have: set[str] = set()
        self._lost: set[str] = set()
        self._trees = 0
        self._trees = self._size()
        self.commit = checked_sha(
            self._text("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        )

    @classmethod
    def of(cls, url: str, branch: str, directory: str, secrets: Secrets, login: Login | None) -> Clone:
        """Clone one branch's last commit, without its files, into an empty directory.

        Raises:
            BotError: gone, empty, too large, or not to be had.
        """
        network = environment(url, login)
        if network["GIT_ALLOW_PROTOCOL"] == "none":
            raise BotError("bad-name", f"not a protocol to speak with strangers: {urlsplit(url).scheme}")
        options = ["--bare", "--quiet", "--depth=1", "--filter=blob:none", "--no-tags", "--single-branch"]
        command = ["clone", *options, f"--branch={branch}", "--", url, directory]
        run(command, network, secrets, MAX_CLONE)
        return cls(directory, secrets, network)

    def _text(self, *arguments: str) -> str:
        command = [f"--git-dir={self.directory}", *arguments]
        return run(command, self._local, self._secrets).decode("utf-8", "replace").strip()

    def entries(self) -> Iterator[Entry]:
        """Every file, link and submodule of the commit.

        Raises:
            BotError: there are too many.
        """
        command = [f"--git-dir={self.directory}", "ls-tree", "-r", "-z", "--full-tree", self.commit, "--"]
        found = listing(command, self._local, self._secrets, MAX_LISTING, MAX_ENTRIES)
        for line in found.split(b"\0"):
            if line:
                head, _, path = line.partition(b"\t")
                mode, _, sha = head.decode("ascii").split(" ")
                yield Entry(mode, sha, path.decode("utf-8", "surrogateescape"))

    def fetch(self, shas: Iterable[str]) -> None:
        """Have these files at hand, all with one request; one that cannot be had reads as None later."""
        with self._lock:
            self._fetch({checked_sha(sha) for sha in shas} - self._have - self._lost)

    def fetch_all(self, shas: Iterable[str], limit: int) -> None:
        """Have all of these at hand, of *limit* bytes at most.

        Raises:
            BotError: they are too large, or cannot be had.
        """
        with self._lock:
            missing = {checked_sha(sha) for sha in shas} - self._have
            if missing & self._lost:
                raise BotError("too-large", "a file of the repository is too large")
            if missing and self._network is not None:
                self._request(missing, self._network, limit)
            self._have |= missing

    def _fetch(self, missing: set[str]) -> None:
        if not missing or self._network is None:
            self._have |= missing
            return
        room = min(MAX_FETCH, MAX_FETCHED - self._size())
        if room <= 0:
            self._lost |= missing
            return
        try:
            self._request(missing, self._network, room)
        except BotError as error:
            if error.kind != "too-large":
                raise
            if len(missing) == 1:
                self._lost |= missing
                return
            order = sorted(missing)
            half = len(order) // 2  # one of them is the large one, or all are too much together
            self._fetch(set(order[:half]))
            self._fetch(set(order[half:]))
            return
        self._have |= missing

    def _request(self, missing: set[str], network: Mapping[str, str], limit: int) -> None:
        """Ask the forge for files. Raises BotError."""
        options = ["--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--stdin"]
        quiet = ["-c", "fetch.negotiationAlgorithm=noop"]
        command = [
            f"--git-dir={self.directory}",
            *quiet,
            "fetch",
            *options,
            "--filter=blob:none",
            "--",
            "origin",
        ]
        given = "".join(f"{sha}\n" for sha in sorted(missing)).encode()
        run(command, network, self._secrets, limit, given=given)

    def _size(self) -> int:
        """Bytes that the files had until now take on the disk."""
        packs = Path(self.directory, "objects", "pack").glob("*.pack")
        return sum(pack.stat().st_size for pack in packs) - self._trees

    def blob(self, sha: str, limit: int) -> bytes | None:
        """The bytes of a file; None if they are more than *limit*, or cannot be had."""
        with self._lock:
            self._fetch({checked_sha(sha)} - self._have - self._lost)
            if sha in self._lost:
                return None
            if self._reader is None:
                # Without a network: what is missing is missing, and not fetched behind our back.
                command = ["git", f"--git-dir={self.directory}", "cat-file", "--batch"]
                self._reader = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env=self._local,
                )
            return _ask(self._reader, sha, limit)

    def close(self) -> None:
        """End the process that reads."""
        if self._reader is not None:
            for pipe in (self._reader.stdin, self._reader.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            self._reader.kill()
            self._reader.wait()
            self._reader = None


def _ask(reader: subprocess.Popen[bytes], sha: str, limit: int) -> bytes | None:
    if reader.stdin is None or reader.stdout is None:
        raise BotError("git", "git cat-file has no pipes")
    try:
        reader.stdin.write(sha.encode() + b"\n")
        reader.stdin.flush()
        words = reader.stdout.readline().split()
        if len(words) != 3:
            return None
        size = int(words[2])
        return _take(reader.stdout, size, limit if words[1] == b"blob" else -1)
    except OSError as error:
        raise BotError("git", f"git cat-file: {error.strerror}") from None


def _take(pipe: IO[bytes], size: int, limit: int) -> bytes | None:
    """An object and its line end off the pipe, without ever holding more than is wanted."""
    if size <= limit:
        data = pipe.read(size)
        pipe.read(1)
        return data
    left = size + 1
    while left > 0:
        left -= len(pipe.read(min(left, 1 << 16))) or left
    return None
