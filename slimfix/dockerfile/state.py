"""What holds at an instruction: user, directory, shell, variables; and the base image behind it."""

from __future__ import annotations

import posixpath
import re

from slimfix.records import NamedTuple

DEFAULT_SHELL = ("/bin/sh", "-c")
_POSIX = frozenset(("sh", "bash", "ash", "dash", "ksh", "mksh", "busybox"))


class Shell(NamedTuple):
    """The shell that reads a RUN in shell form."""

    argv: tuple[str, ...]

    @property
    def name(self) -> str:
        """The program without its directory, in lower case."""
        return re.split(r"[/\\]", self.argv[0])[-1].lower() if self.argv else ""

    @property
    def posix(self) -> bool:
        """Whether it reads its last argument as a POSIX shell does."""
        return self.name in _POSIX and self.argv[-1].startswith("-") and self.argv[-1].endswith("c")

    @property
    def options(self) -> frozenset[str]:
        """Letters and names of the options that are on: ``e``, ``x``, ``u``, ``pipefail``, ..."""
        found: set[str] = set()
        words = list(self.argv[1:])
        while words:
            word = words.pop(0)
            if word.startswith("-") and not word.startswith("--"):
                found.update(word[1:].replace("o", "").replace("c", ""))
                if "o" in word[1:] and words:
                    found.add(words.pop(0))
        return frozenset(found)


class State(NamedTuple):
    """The state that an instruction finds. Values that cannot be known are None."""

    user: str | None = ""
    """As written and expanded; ``""`` while only the base image has set it."""
    workdir: str | None = "."
    """An absolute path, or one relative to the base image's own directory, which ``.`` stands for."""
    shell: Shell = Shell(DEFAULT_SHELL)
    env: tuple[tuple[str, str | None], ...] = ()
    args: tuple[tuple[str, str | None], ...] = ()

    def variables(self) -> dict[str, str | None]:
        """What Docker may expand here: ARG, overridden by ENV. An ARG's value is never certain."""
        return {**{name: None for name, _ in self.args}, **dict(self.env)}

    def environment(self) -> dict[str, str | None]:
        """What a command in RUN finds set by this Dockerfile: ARG defaults, overridden by ENV."""
        return {**dict(self.args), **dict(self.env)}

    def with_env(self, name: str, value: str | None) -> State:
        """The state after ``ENV name=value``."""
        return self._replace(env=(*(p for p in self.env if p[0] != name), (name, value)))

    def with_arg(self, name: str, value: str | None) -> State:
        """The state after ``ARG name=value``."""
        return self._replace(args=(*(p for p in self.args if p[0] != name), (name, value)))

    def resolve(self, path: str) -> str | None:
        """A path of this image, made from *path* and the working directory."""
        if path.startswith("/"):
            return posixpath.normpath("/" + path.lstrip("/"))
        if self.workdir is None:
            return None
        joined = posixpath.normpath(posixpath.join(self.workdir, path))
        return None if joined.startswith("..") else joined


class Base(NamedTuple):
    """The image that a stage is FROM."""

    reference: str
    """As written, with ARG defaults filled in where there are any."""

    @property
    def name(self) -> str:
        """The repository without registry, tag and digest: ``library/python`` is ``python``."""
        path = self.reference.split("@")[0].lower()
        head, _, last = path.rpartition("/")
        name = last.split(":")[0]
        return name if not head or head.endswith("library") else f"{head}/{name}"

    @property
    def tag(self) -> str:
        """The tag in lower case, or ``""``."""
        last = self.reference.split("@")[0].rpartition("/")[2]
        return last.partition(":")[2].lower()

    @property
    def windows(self) -> bool:
        """Whether it looks like a Windows image, whose default shell is cmd."""
        return bool(re.search(r"windows|nanoserver|servercore", self.reference.lower()))

    @property
    def family(self) -> str:
        """``alpine``, ``debian``, ``redhat``, ``suse``, ``arch``, ``windows`` or ``""`` (unknown)."""
        if self.windows:
            return "windows"
        text = f"{self.name.rpartition('/')[2]}:{self.tag}"
        for family, pattern in _FAMILIES:
            if re.search(pattern, text):
                return family
        return ""

    @property
    def alpine_release(self) -> tuple[int, int] | None:
        """The Alpine release that the reference names, such as ``(3, 18)``."""
        tag = self.tag
        pattern = r"^v?(\d+)\.(\d+)" if self.name.rpartition("/")[2] == "alpine" else r"alpine-?(\d+)\.(\d+)"
        match = re.search(pattern, tag)
        return (int(match.group(1)), int(match.group(2))) if match else None


_FAMILIES = (
    ("alpine", r"alpine"),
    ("debian", r"debian|ubuntu|bookworm|bullseye|buster|stretch|jessie|trixie|jammy|noble|focal"),
    ("redhat", r"centos|fedora|rhel|ubi|rocky|alma|amazonlinux|oraclelinux"),
    ("suse", r"suse|opensuse|leap|tumbleweed"),
    ("arch", r"archlinux|^arch"),
)
