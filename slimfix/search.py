"""Finding Dockerfiles by their names, past what ``.gitignore`` and the settings hide."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from slimfix.files import Unusable, read_bytes, read_regular, reason
from slimfix.text import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SKIPPED_DIRECTORIES = frozenset(
    (
        *(".bzr", ".direnv", ".git", ".hg", ".jj", ".mypy_cache", ".nox", ".pytest_cache", ".ruff_cache"),
        *(".svn", ".terraform", ".tox", ".venv", "__pycache__", "node_modules", "site-packages", "venv"),
    )
)
"""Directories that a search does not enter."""

NOT_DOCKERFILES = frozenset(
    (
        *("adoc", "bak", "diff", "dockerignore", "ejs", "erb", "gotmpl", "hbs", "htm", "html", "in", "j2"),
        *("jinja", "jinja2", "liquid", "lock", "log", "m4", "md", "mustache", "old", "orig", "patch", "pyc"),
        *("rej", "rst", "swo", "swp", "template", "tmp", "tmpl", "tpl"),
    )
)
"""Endings of files that are named after a Dockerfile but are none: notes, templates, left-overs."""

PERHAPS_DOCKERFILES = frozenset(
    (
        *("bash", "c", "cc", "cfg", "conf", "cpp", "cs", "css", "go", "h", "ini", "java", "js", "json"),
        *("jsx", "kt", "lua", "mjs", "php", "pl", "ps1", "py", "rb", "rs", "scala", "sh", "sum", "swift"),
        *("toml", "ts", "tsx", "txt", "xml", "yaml", "yml"),
    )
)
"""Endings that name a variant here (an image for Go) and a program there: the content tells."""

Hidden = Callable[[str, bool], bool]
Failed = Callable[[str, str], None]


def is_dockerfile_name(name: str) -> bool | None:
    """Whether a search takes a file of this name; None when it depends on what the file holds."""
    if name in ("Dockerfile", "dockerfile", "Containerfile", "containerfile"):
        return True
    if name.endswith(("~", ".")) or not name.strip("."):
        return False
    stem, _, last = name.rpartition(".")
    if last in ("Dockerfile", "dockerfile", "Containerfile", "containerfile"):
        return bool(stem)
    if not name.startswith(("Dockerfile.", "Containerfile.")):
        return False
    extension = last.lower()
    if extension in NOT_DOCKERFILES:
        return False
    return None if extension in PERHAPS_DOCKERFILES else True


def reads_like_dockerfile(path: str) -> bool:
    """Whether the first line that is no comment begins as that of a Dockerfile does."""
    try:
        return begins_like_dockerfile(read_bytes(path))
    except Unusable:
        return False


def begins_like_dockerfile(data: bytes) -> bool:
    """As :func:`reads_like_dockerfile`, of what a file holds."""
    for line in data[:8192].removeprefix(b"\xef\xbb\xbf").splitlines():
        words = line.split(None, 1)
        if words and not words[0].startswith(b"#"):
            return len(words) == 2 and words[0].upper() in (b"FROM", b"ARG")
    return False


def find(
    paths: Iterable[str],
    hidden: Hidden = lambda path, is_directory: False,
    failed: Failed = lambda path, message: None,
) -> Iterator[str]:
    """The Dockerfiles that *paths* stand for, each once, in order.

    A directory is searched, without following symbolic links and without what ``.gitignore`` hides.
    A link to a Dockerfile that the search does not reach in another way is a failure. Anything but a
    directory is taken as it is, even when it does not exist: :func:`slimfix.files.read` says what is
    wrong.

    Args:
        paths: files, directories and ``-``.
        hidden: whether a search passes over a path; the flag says whether it is a directory.
        failed: told the path and the reason when a directory has nothing to offer.
    """
    seen = set()
    for path in paths:
        if path == "-" or not os.path.isdir(path):
            found: Iterable[str] = (path,)
        else:
            found = _Search(path, hidden, failed).run()
        for file in found:
            key = file if file == "-" else os.path.abspath(file)
            if key not in seen:
                seen.add(key)
                yield file


def ignore_spec(patterns: Iterable[str]) -> GitIgnoreSpec:
    """What the lines of a ``.gitignore`` say; one that cannot be read says nothing, as in git."""
    from pathspec import GitIgnoreSpec

    good = []
    for pattern in patterns:
        try:
            GitIgnoreSpec.from_lines([pattern])
        except ValueError:
            continue
        good.append(pattern)
    return GitIgnoreSpec.from_lines(good)


def matched(path: str, is_directory: bool, specs: Iterable[tuple[str, GitIgnoreSpec]]) -> bool:
    """Whether the last of *specs* (each with the directory it holds in) that speaks of *path* hides it."""
    full = os.path.abspath(path)
    for base, spec in reversed(tuple(specs)):
        relative = os.path.relpath(full, base).replace(os.sep, "/")
        if relative == "." or relative.startswith("../"):
            continue
        verdict = spec.check_file(relative + "/" * is_directory).include
        if verdict is not None:
            return verdict
    return False


class _Search:
    def __init__(self, root: str, hidden: Hidden, failed: Failed) -> None:
        self.root = root
        self.hidden = hidden
        self.failed = failed
        self.links: list[str] = []

    def run(self) -> list[str]:
        complaints = 0
        found = sorted(self.walk(), key=lambda path: path.split(os.sep))
        reached = {os.path.realpath(path) for path in found} if self.links else set()
        for link in sorted(self.links):
            if os.path.realpath(link) not in reached:
                complaints += 1
                self.failed(link, f"a symbolic link; name the file that it leads to, {os.readlink(link)}")
        if not found and not complaints:
            self.failed(self.root, "no Dockerfile in this directory")
        return found

    def walk(self) -> Iterator[str]:
        todo = [(self.root, _above(self.root))]
        while todo:
            current, specs = todo.pop()
            specs = specs + _gitignore(current)
            try:
                with os.scandir(current) as scan:
                    entries = list(scan)
            except OSError as error:
                self.failed(current, reason(error))
                continue
            for entry in entries:
                path = os.path.normpath(entry.path)
                is_directory = entry.is_dir(follow_symlinks=False)
                if is_directory and entry.name in SKIPPED_DIRECTORIES:
                    continue
                taken = is_directory or is_dockerfile_name(entry.name)
                if taken is False or (specs and matched(path, is_directory, specs)):
                    continue
                if self.hidden(path, is_directory):
                    continue
                if is_directory:
                    todo.append((path, specs))
                elif entry.is_symlink():
                    self.links += [path] if os.path.isfile(path) else []
                elif entry.is_file() and (taken or reads_like_dockerfile(path)):
                    yield path


def _gitignore(directory: str) -> list[tuple[str, GitIgnoreSpec]]:
    try:
        data = read_regular(os.path.join(directory, ".gitignore"))
    except (OSError, Unusable):
        return []
    return [(os.path.abspath(directory), ignore_spec(decode(data).splitlines()))]


def _above(directory: str) -> list[tuple[str, GitIgnoreSpec]]:
    """What the directories above, up to the root of the repository, have to say of this one."""
    current = os.path.abspath(directory)
    chain = []
    while not os.path.exists(os.path.join(current, ".git")):
        parent = os.path.dirname(current)
        if parent == current:
            return []
        chain.append(parent)
        current = parent
    specs = [spec for parent in reversed(chain) for spec in _gitignore(parent)]
    return [] if matched(directory, True, specs) else specs
