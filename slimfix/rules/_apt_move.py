"""An install made later, in the RUN that builds, so that what only the build needs can go again there."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.dockerfile.words import expand, pairs
from slimfix.knowledge import table
from slimfix.rules._apt_calls import PROGRAMS, installs, place
from slimfix.rules._apt_plan import Work, read
from slimfix.rules._apt_text import joint
from slimfix.rules._build_later import building
from slimfix.rules._build_place import PRAGMA, comments_above
from slimfix.shell import Script
from slimfix.shell.call import unwrap
from slimfix.shell.nodes import Redirect
from slimfix.text import Edit, Span, apply

_PASSED = frozenset(
    ("WORKDIR", "LABEL", "EXPOSE", "MAINTAINER", "STOPSIGNAL", "CMD", "ENTRYPOINT", "HEALTHCHECK")
)
_COUNTS = re.compile(
    r"(?:https?|ftp|no|all)_proxy|(?:LD|APT|DPKG|DEBCONF|SSL|PERL)_?\w*|PATH|IFS|ENV|BASH_ENV|TMPDIR|HOME|PYTHON(?:PATH|HOME)",
    re.IGNORECASE,
)
"""Variables that apt, or what its packages run, would notice."""
_OURS = re.compile(r"/(?:usr/(?:src|app|local/etc|local/src)|var/www)(?:/.*)?")
_MORE = re.compile(r"\$(?:PATH\b|\{PATH\})")
_OWNERS = re.compile(r"(?:\d+|root|www-data|nobody)(?::(?:\d+|root|www-data|nogroup)?)?")
"""Users whom every Debian has."""
_LOCAL = ("/usr/local/bin", "/usr/local/sbin")
_SYSTEM = re.compile(r"/(?:bin|boot|dev|etc|lib\w*|proc|run|sbin|sys|usr|var)(?:/.*)?")
_CLEARED = re.compile(r"/var/(?:lib/apt/lists|cache/apt)(?:/.*)?|/tmp/.*")


class Moved(NamedTuple):
    """A removal that asks for its install to be moved."""

    work: Work
    edits: tuple[Edit, ...]
    """In terms of the file as it is."""
    past: int | None
    """The line of a COPY which brings a whole directory and after which the install now comes."""
    changed: Span
    """What of the file is replaced."""


def moved(dockerfile: Dockerfile, run: Instruction) -> Moved | str:
    """The install of *run*, made and undone in the next RUN of its stage; or why that cannot be."""
    target = _target(dockerfile, run)
    if isinstance(target, str):
        return target
    text = dockerfile.text
    above = comments_above(text, run.span.start)
    notes = text[above : run.span.start].replace("\r", "")
    if any(PRAGMA.match(line.strip()) for line in notes.split("\n")):
        return "a comment for a tool stands above the install"
    end = run.span.end
    blank = re.match(r"[ \t]*\r?\n", text[end:])
    if blank and re.search(r"(?:^|\n)[ \t]*\r?\n$", text[:above]):
        end += blank.end()  # one of two blank lines goes along
    here = target.args.span(0, 1).start
    added = dockerfile.source(run.args.span(0, len(run.args.text))).replace("\r", "")
    added += joint(dockerfile, run, "&&")
    edits = [Edit(Span(above, end), ""), Edit(Span(here, here), added)]
    if notes:
        at = comments_above(text, target.span.start)
        edits.insert(1, Edit(Span(at, at), notes))
    return _planned(dockerfile, edits, run, target, here)


def _planned(
    dockerfile: Dockerfile, edits: list[Edit], source: Instruction, target: Instruction, here: int
) -> Moved | str:
    """The removal in the file as it would be, and its edits in the file as it is."""
    text = apply(dockerfile.text, edits)
    after = Dockerfile(text, context=dockerfile.context, options=dockerfile.options)
    for old, new in zip(dockerfile.stages, after.stages):
        new.ships = old.ships
    run = after.instructions[target.index - 1]
    if isinstance(run.script, Script):
        work = read(after, run, list(installs(run.script)))
        if isinstance(work, Work):
            begin = run.args.span(0, 1).start
            added = text[
                begin : begin + len(apply(dockerfile.text, edits)) - len(apply(dockerfile.text, edits[:-1]))
            ]
            shift = begin + len(added) - here
            inner = [e for e in work.edits() if e.span.end < begin + len(added)]
            outer = [e for e in work.edits() if e not in inner]
            changed = apply(
                added, [Edit(Span(e.span.start - begin, e.span.end - begin), e.text) for e in inner]
            )
            back = [Edit(Span(e.span.start - shift, e.span.end - shift), e.text) for e in outer]
            every = (*edits[:-1], Edit(Span(here, here), changed), *back)
            return Moved(work, every, past(dockerfile, source, target), source.span)
        return work or "nothing to remove"
    return "the RUN that builds is not understood"


def _target(dockerfile: Dockerfile, run: Instruction) -> Instruction | str:
    """The next RUN, if it builds and the install can be made there."""
    reason = "no command in this RUN is known to build with them"
    assert run.stage is not None and isinstance(run.script, Script)
    for other in dockerfile.instructions[run.index + 1 :]:
        if other.stage is not run.stage or other.onbuild:
            return reason
        if other.name == "RUN":
            break
        problem = blocking(dockerfile, other)
        if problem:
            return f"{reason}; {problem}" if _builds_later(dockerfile, run) else reason
    else:
        return reason
    if not building(dockerfile, other):
        return reason
    first, second = place(run), place(other)
    if isinstance(first, str) or isinstance(second, str) or ";" in (first.operator, second.operator):
        return f"{reason}, and its commands cannot be joined with those that do"
    if run.flags or run.heredocs or other.heredocs or any(flag.name != "mount" for flag in other.flags):
        return f"{reason}, and the RUN that does has other flags"
    if (run.state.user, run.state.shell) != (other.state.user, other.state.shell):
        return f"{reason}, and the RUN that does has another user or shell"
    if not _only_apt(run.script):
        return f"{reason}, and it does more than install packages"
    return other


def _builds_later(dockerfile: Dockerfile, run: Instruction) -> bool:
    return any(
        bool(building(dockerfile, other))
        for other in dockerfile.instructions[run.index + 1 :]
        if other.name == "RUN" and other.stage is run.stage
    )


def _only_apt(script: Script) -> bool:
    """Whether a script does nothing but install packages and tidy up after that."""
    for command in script.commands:
        words, wrappers = unwrap(command.arguments)
        if not words or wrappers or command.nesting or not all(map(_silent, command.node.redirects)):
            return False
        if words[0].value == "rm":
            paths = [w.value or "" for w in words[1:] if not w.raw.startswith("-")]
            if not all(map(_CLEARED.fullmatch, paths)):
                return False
        elif words[0].value not in PROGRAMS:
            return False
    return not script.tree.comments


def _silent(redirect: Redirect) -> bool:
    return redirect.target is not None and redirect.target.value == "/dev/null"


def blocking(dockerfile: Dockerfile, other: Instruction) -> str | None:
    """Why an install cannot be made behind an instruction before which it stands."""
    if other.name in _PASSED:
        return None
    if other.name in ("ENV", "ARG"):
        return variables(other)
    if other.name not in ("COPY", "ADD") or other.heredocs:
        return f"{other.name} stands in between"
    owner = other.flag("chown")
    if owner is not None and not _OWNERS.fullmatch(owner):
        return "COPY in between names a user whom a package may bring"
    words = other.exec_form or [part.text for part in other.parts]
    written = expand(words[-1], other.state.variables(), other.escape)
    target = None if written is None else other.state.resolve(written)
    all_files = all(_file(dockerfile, other, word) for word in words[:-1])
    if (
        target is None
        or (_SYSTEM.fullmatch(target) and not _OURS.fullmatch(target))
        or (target == "/" and not (all_files and other.name == "COPY"))
    ):
        inside = (written or "").endswith("/") or target in _LOCAL
        one = len(words) == 2 and (not inside or _file(dockerfile, other, words[0]))
        name = posixpath.basename(words[0] if inside else target or "")
        aside = re.fullmatch("|".join(table("debian_images")["aside"]["programs"]), name)
        if not (one and aside and (target or "").startswith(_LOCAL)):
            return f"{other.name} in between may write to the directories of the system"
    return None


def variables(other: Instruction, longer: bool = False) -> str | None:
    """Whether ENV or ARG sets what apt, or what its packages run, would notice.

    Args:
        longer: PATH may become longer: what compilers and headers run when they are installed does not lie
            in a directory of the author's.
    """
    if other.name == "ENV":
        given = pairs(other.args.text, other.escape)
        names = [name for name, value in given if not (longer and name == "PATH" and _MORE.search(value))]
    else:
        names = [part.text.partition("=")[0] for part in other.parts]
    return next((f"{n} is set in between" for n in names if _COUNTS.fullmatch(n)), None)


def past(dockerfile: Dockerfile, run: Instruction, target: Instruction) -> int | None:
    """The line of a COPY between the two that brings a whole directory: each change in it installs anew."""
    for other in dockerfile.instructions[run.index + 1 : target.index]:
        if other.name in ("COPY", "ADD"):
            words = other.exec_form or [part.text for part in other.parts]
            if not all(_file(dockerfile, other, word) for word in words[:-1]):
                return dockerfile.lines.at(other.span.start)[0]
    return None


def _file(dockerfile: Dockerfile, copy: Instruction, source: str) -> bool:
    """Whether a source is a file, as far as can be told."""
    if dockerfile.context is not None and copy.flag("from") is None:
        found = dockerfile.context.glob(source)
        if found:
            return not any(map(dockerfile.context.is_dir, found))
    name = source.rpartition("/")[2]
    return re.fullmatch(r"[\w*-][\w*.-]*\.[A-Za-z*]+|[A-Z]\w+file(?:\.lock)?", name) is not None
