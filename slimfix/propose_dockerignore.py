"""A ``.dockerignore`` for what a COPY of the whole context should not bring into an image.

Only what is there is named. A line that a build or a program might want otherwise is written as a comment,
for the author to decide. What the author has written stays as it is and comes first; new lines are added
behind it. Nothing is proposed that one of its exceptions (``!``) keeps, or that would take from any of the
Dockerfiles what it names, or what manifest-first copies.

Pure: the Dockerfiles of one context in, a text out. The facts are in ``knowledge/dockerignore.toml``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from slimfix import knowledge
from slimfix.context import BuildContext
from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerignore import DockerIgnore
from slimfix.globs import clean, has_wildcard, match
from slimfix.ignore_needs import filled, installs, names, words_of
from slimfix.records import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DOC = """\
Keep out of the build context what an image has no use for.

What `COPY . .` takes along lies in the layer for good, and whenever it changes, all below that line is built
anew. Only what is there is named, and only where no Dockerfile of the context names it or needs it; what a
program may want after all is written as a comment. Lines that were there stay as they are, and an exception
(`!.git`) keeps a line out.
"""
"""What a proposal is about, in Markdown."""
_WALK = 5000
_DEPTH = 6


class Line(NamedTuple):
    """A line of the proposal."""

    pattern: str
    found: str
    """The first path that it is about."""
    sure: bool
    """Whether it counts at once; one that is not sure is written as a comment."""
    why: str


class Proposal(NamedTuple):
    """A new text of an ignore file."""

    path: str
    """Where it stands in the context, or is to stand."""
    before: str
    """What it holds now, ``""`` if it is not there."""
    after: str
    lines: tuple[Line, ...]


class _Bringing(NamedTuple):
    """A COPY of a whole directory."""

    dockerfile: Dockerfile
    copy: Instruction
    source: str

    def brings(self, place: str) -> bool:
        """Whether *place* comes into the image by it."""
        return not self.source or place.startswith(self.source + "/")


def propose(*dockerfiles: Dockerfile) -> Proposal | None:
    """What to ignore in a context; None if there is nothing, or it is not known.

    Args:
        dockerfiles: all that are built with it, and with the same ignore file.
    """
    context = dockerfiles[0].context
    if context is None:
        return None
    copies = [found for dockerfile in dockerfiles for found in bringing(dockerfile, context)]
    walked = list(_walk(context, {copy.source for copy in copies}))
    path, before = context.ignore_file
    lines = [
        line
        for line in _lines(dockerfiles, context, copies, walked)
        if not _takes(dockerfiles, context, _written(before, [line._replace(sure=True)]))
    ]
    new = [line for line in lines if line.sure or f"# {line.pattern}" not in before.splitlines()]
    if not new:
        return None
    return Proposal(path, before, _written(before, new), tuple(new))


def _lines(
    dockerfiles: Sequence[Dockerfile], context: BuildContext, copies: list[_Bringing], walked: list[str]
) -> list[Line]:
    """All lines that come into question, in the order of the table, the sure ones first."""
    rules = DockerIgnore.parse(context.ignore_file[1])
    kept = DockerIgnore(tuple(p[1:] for p in rules.patterns if p.startswith("!")))
    git: bool | None = None
    found: dict[str, tuple[bool, int, Line]] = {}
    names_of = [(posixpath.basename(place), place) for place in walked]
    for number, entry in enumerate(knowledge.table("dockerignore")["entry"]):
        places = [place for name, place in names_of if _called(entry, name)]
        odd = len(walked) >= _WALK or not all(_is_one(entry, place, context) for place in places)
        for place in places:
            bringing = [copy for copy in copies if copy.brings(place)]
            sure = _sure(entry, place, bringing, places)
            if sure is None or not _is_one(entry, place, context):
                continue
            if entry["name"] == ".git":
                git = _asks_git(context, walked) if git is None else git  # it reads many files
                if git:
                    continue
            pattern = place if odd else entry["pattern"].replace("{path}", place)
            if not kept.excludes(place) and not any(names(d, place, entry) for d in dockerfiles):
                old = found.get(pattern)
                sure = sure and (old is None or old[2].sure)
                first = old[2].found if old is not None else place
                found[pattern] = not sure, number, Line(pattern, first, sure, entry["why"])
    return [line for *_, line in sorted(found.values())]


def _written(before: str, lines: list[Line]) -> str:
    """The old text, and the new lines in groups with one reason, each with its line end."""
    newline = "\r\n" if "\r\n" in before else "\n"
    text = before if not before or before.endswith("\n") else before + newline
    why = ""
    for line in lines:
        if line.why != why:
            text += (newline if text else "") + f"# {line.why}{newline}"
            why = line.why
        text += ("" if line.sure else "# ") + line.pattern + newline
    return text


def _sources(copy: Instruction) -> list[str]:
    """What a COPY or ADD takes from the context, as it is written."""
    if copy.name not in ("COPY", "ADD") or copy.onbuild or copy.flag("from") is not None or copy.heredocs:
        return []
    words = copy.exec_form or [part.text for part in copy.parts]
    return [source for source in words[:-1] if "$" not in source and "://" not in source]


def bringing(dockerfile: Dockerfile, context: BuildContext) -> Iterator[_Bringing]:
    """Each COPY or ADD of a whole directory: where there is none, nothing is proposed."""
    for copy in dockerfile.instructions:
        for source in _sources(copy):
            if not has_wildcard(source) and context.is_dir(source):
                yield _Bringing(dockerfile, copy, clean(source))


def _walk(context: BuildContext, sources: set[str]) -> Iterator[str]:
    """What lies in the directories, none of it twice, the shallow first."""
    waiting = sorted(sources)
    seen: set[str] = set()
    while waiting and len(seen) < _WALK:
        at = waiting.pop(0)
        for path in context.iterdir(at or "."):
            if path in seen:
                continue
            seen.add(path)
            yield path
            name = posixpath.basename(path)
            deep = path.count("/") >= _DEPTH
            if not deep and name not in ("node_modules", ".git") and context.kind(path) == "dir":
                waiting.append(path)


def _called(entry: dict[str, Any], name: str) -> bool:
    return match(entry["name"], name) and not any(match(other, name) for other in entry.get("but", ()))


def _is_one(entry: dict[str, Any], place: str, context: BuildContext) -> bool:
    """Whether a place is what its name says, by what it holds and what lies beside it."""
    beside = posixpath.join(posixpath.dirname(place), entry.get("beside", ""))
    return all(
        context.exists(path)
        for key, path in (("holds", f"{place}/{entry.get('holds')}"), ("beside", beside))
        if key in entry
    )


def _sure(entry: dict[str, Any], place: str, bringing: list[_Bringing], places: list[str]) -> bool | None:
    """Whether no build wants a place; None where one surely does, or may live on what the context brings."""
    words = {word for copy in bringing for word in words_of(copy.dockerfile)}
    if not bringing or words & set(entry.get("unless", ())):
        return None
    sure = entry["sure"] and not words & set(entry.get("doubt", ()))
    if "needs" not in entry:
        return bool(sure)
    if not any(installs(copy.copy, entry) for copy in bringing):
        return None
    every = all(installs(copy.copy, entry) for copy in bringing)
    top = posixpath.dirname(place)
    there = len(places) == 1 and all(top == copy.source for copy in bringing)
    there = there or all(filled(copy.dockerfile, place, entry) for copy in bringing)
    return bool(sure and every and ("beside" not in entry or there))


def _asks_git(context: BuildContext, walked: list[str]) -> bool:
    """Whether a project file says that something comes from git."""
    table = knowledge.table("dockerignore")
    for path in walked:
        own = posixpath.basename(path)
        if any(match(name, own) for name in table["project_files"]):
            text = (context.read_text(path) or "").lower()
            if any(word in text for word in table["project_words"]):
                return True
    return False


def _takes(dockerfiles: Sequence[Dockerfile], context: BuildContext, ignore: str) -> bool:
    """Whether an ignore file would take what a COPY names, or what manifest-first copies."""
    from slimfix.engine import Reader, rewrite
    from slimfix.fix import Safety
    from slimfix.rules import select

    view = context.ignoring(ignore)
    for dockerfile in dockerfiles:
        for copy in dockerfile.instructions:
            for source in _sources(copy):
                gone = set(context.glob(source)) - set(view.glob(source))
                if gone and clean(source) != "*":
                    return True
        rule = select(["manifest-first"])
        split = rewrite(dockerfile.text, rule, Reader(context=context), Safety.UNSAFE)
        again = (
            rewrite(dockerfile.text, rule, Reader(context=view), Safety.UNSAFE) if split.changed else split
        )
        if again.after != split.after:
            return True
    return False
