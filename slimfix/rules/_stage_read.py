"""A single build stage as one that could become two: its commands, the files that it copies, its start."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from itertools import islice

from slimfix.dockerfile import Dockerfile, Instruction, Stage
from slimfix.dockerfile.words import expand, pairs
from slimfix.knowledge import table
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.rules._stage_packages import installs
from slimfix.rules._stage_start import Start, absolute, start
from slimfix.shell import Command, Opaque

_BUILDS = ("RUN", "COPY", "ADD")
_MOST = 5000
"""Files of the build context that are looked at."""
_ARCHIVE = lazy(r".*\.(?:tar|tgz|tbz2?|txz|t?gz|bz2|xz|zst)|.*://.*|git@.*")


class Job(NamedTuple):
    """A command of the build."""

    run: Instruction
    command: Command
    directory: str
    """Where it runs."""

    @property
    def environment(self) -> dict[str, str | None]:
        """What the file, and the command's own assignments, set for it."""
        found = self.run.state.environment()
        for word in self.command.node.assignments:
            name, _, value = word.raw.partition("=")
            found[name] = value if word.value is not None else None
        return found

    def path(self, name: str) -> str:
        """A path of the image, from one as the command is given it."""
        return posixpath.normpath(posixpath.join(self.directory, name))


class Reading(NamedTuple):
    """A stage that builds a program and starts it."""

    dockerfile: Dockerfile
    stage: Stage
    jobs: tuple[Job, ...]
    files: dict[str, str]
    """Each file that it copies from the build context: its path in the image, and in the context."""
    taken: tuple[str, ...]
    """What it copies from other stages or images: the paths in the image."""
    start: Start
    last: Instruction
    """The last instruction that makes files: what follows only tells the image something."""

    def text(self, path: str) -> str | None:
        """The text of a copied file, by its path in the image."""
        context, inside = self.dockerfile.context, self.files.get(path)
        return None if context is None or inside is None else context.read_text(inside)

    def beneath(self, directory: str) -> Iterator[str]:
        """The copied files below a directory of the image."""
        top = directory.rstrip("/") + "/"
        return (path for path in self.files if path.startswith(top))


def read(dockerfile: Dockerfile, stage: Stage, language: str) -> Reading | str:
    """What a stage does, or why it cannot be parted."""
    if dockerfile.context is None:
        return dockerfile.context_problem or "the build context is not in sight"
    problem = _unfit(stage)
    if problem:
        return problem
    builds = [i for i in stage.instructions if i.name in _BUILDS]
    if not any(i.name == "RUN" for i in builds):
        return "nothing is built in it"
    jobs: list[Job] = []
    for run in builds:
        if run.name == "RUN":
            found = _jobs(run)
            if isinstance(found, str):
                return found
            jobs += found
    copied = _copied(dockerfile, builds)
    started = start(dockerfile, stage)
    if isinstance(copied, str) or isinstance(started, str):
        return copied if isinstance(copied, str) else str(started)
    problem = next((p for job in jobs if (p := _strange(job, language))), None)
    reading = Reading(dockerfile, stage, tuple(jobs), *copied, started, builds[-1])
    return problem or _empty(reading) or reading


def _unfit(stage: Stage) -> str | None:
    """Why the instructions of a stage, as such, do not let it be parted."""
    line = stage.instructions[0]
    if line.flags or "$" in line.parts[0].text:
        return "FROM has a flag or a variable"
    last = max((i.index for i in stage.instructions if i.name in _BUILDS), default=0)
    for each in stage.instructions[1:]:
        if each.onbuild or each.name == "SHELL":
            return f"the stage has {'an ONBUILD trigger' if each.onbuild else 'another shell'}"
        if each.name in ("USER", "VOLUME") and each.index < last:
            return f"{each.name} stands before the last instruction that makes files"
        if each.name == "USER" and not _known(stage, each.args.text):
            return f"the new stage may have no user {each.args.text}"
        if each.name == "RUN" and any(m.kind in ("bind", "tmpfs") for m in each.mounts):
            return "a RUN mounts files"
    return None


def _known(stage: Stage, user: str) -> bool:
    """Whether the user is a number, or one that a bare Debian and a bare Alpine have."""
    known = table("stages")["users"]
    names = {*known["names"]} - (set() if "alpine" not in stage.base.tag else set(known["debian"]))
    return all(part.isdigit() or part in names for part in user.split(":"))


def _jobs(run: Instruction) -> list[Job] | str:
    """The commands of a RUN in the order in which they run, each with its directory."""
    assert run.stage is not None
    script, directory = run.script, absolute(run.stage, run.state.workdir)
    if isinstance(script, Opaque) or run.heredocs:
        return f"a RUN is not understood ({script.reason if isinstance(script, Opaque) else 'a heredoc'})"
    found = []
    for command in script.commands:
        if not command.arguments:
            return "a RUN sets a variable of the shell"
        if command.name == "cd":
            target = command.values[1] if len(command.values) == 2 else None
            if command.nesting or target is None or directory is None:
                return "a RUN changes the directory in a way that is not plain"
            directory = posixpath.normpath(posixpath.join(directory, target))
            continue
        if directory is None:
            return "the directory in which it builds is not known"
        found.append(Job(run, command, directory))
    return found


def _strange(job: Job, language: str) -> str | None:
    """Why a command may leave in the image what the program needs."""
    command, row = job.command, table("stages")
    name = (command.name or "").rpartition("/")[2]
    reason = f"a RUN calls {name or command.arguments[0].raw}, and may make what the program needs"
    for redirect in command.node.redirects:
        silent = redirect.target is not None and redirect.target.value in ("/dev/null", "1", "2")
        if redirect.operator not in ("<", "2>&1", ">&") and not silent:
            return "a RUN writes a file"
    if name in row["neutral"]["programs"] or name in row["neutral"]["copies"]:
        return None
    if name == "mkdir":
        return None  # judged when it is known what is copied
    if name == "rm":
        paths = [job.path(v) if v else "" for v in command.values[1:] if v is None or v[:1] != "-"]
        return None if all(map(_cleared, paths)) else "a RUN removes files"
    if name in row[language]["programs"]:
        verbs = row[language]["programs"][name]
        first = next((v for v in command.values[1:]), None)
        return None if not verbs or first in verbs else f"{reason} ({first or 'a variable'})"
    found = installs(command)
    return reason if found is None else found.problem


def _empty(reading: Reading) -> str | None:
    """Why a directory that a RUN makes may be one that the program expects: nothing is copied to it."""
    places = {reading.start.directory, reading.last.state.workdir} | {job.directory for job in reading.jobs}
    for each in reading.stage.instructions[1:]:
        if each.name == "WORKDIR" and each.index < reading.last.index:
            path = _target(each, each.args.text)
            needed = any(u == path or (u or "").startswith(f"{path}/") for u in places)
            if path is None or not (needed or any(True for _ in reading.beneath(path))):
                return "WORKDIR makes a directory that the program may need"
    for job in reading.jobs:
        if job.command.name == "mkdir":
            for word in job.command.values[1:]:
                path = None if word is None else job.path(word)
                used = path == reading.start.directory or any(True for _ in reading.beneath(path or "?"))
                if (word or "")[:1] != "-" and not used:
                    return "a RUN makes a directory that the program may need"
    return None


def _cleared(path: str) -> bool:
    return any(path.startswith(top) for top in table("stages")["cleared"]["directories"])


def _copied(
    dockerfile: Dockerfile, builds: list[Instruction]
) -> tuple[dict[str, str], tuple[str, ...]] | str:
    """What COPY and ADD bring: files of the context, by their paths in the image, and other paths."""
    files: dict[str, str] = {}
    taken: list[str] = []
    for copy in builds:
        if copy.name == "RUN":
            continue
        words = copy.exec_form or [part.text for part in copy.parts]
        target = _target(copy, words[-1])
        if target is None or copy.heredocs or copy.flag("chown") or copy.flag("parents") is not None:
            return f"{copy.name} gives files another owner, or copies to a place that is not known"
        if copy.flag("exclude") is not None:
            return f"{copy.name} leaves files out"
        if copy.flag("from") is not None:
            taken.append(target)
            continue
        for word in words[:-1]:
            if "$" in word or (copy.name == "ADD" and _ARCHIVE.fullmatch(word)):
                return f"{copy.name} brings what is not in sight"
            found = dict(islice(_files(dockerfile, word, target, words), _MOST + 1))
            if len(found) + len(files) > _MOST:
                return f"{copy.name} brings more files than are looked at"
            if not found:
                return f"{copy.name} names {word}, which is not in the build context"
            files.update(found)
    return files, tuple(taken)


def _target(copy: Instruction, word: str) -> str | None:
    text = expand(word, copy.state.variables(), copy.escape)
    found = None if text is None else copy.state.resolve(text)
    return absolute(copy.stage, found) if copy.stage is not None else None


def _files(dockerfile: Dockerfile, source: str, target: str, words: list[str]) -> Iterator[tuple[str, str]]:
    """The files behind one source of a COPY, each with its path in the image."""
    context = dockerfile.context
    assert context is not None
    inside = len(words) > 2 or words[-1].endswith(("/", ".")) or any(c in source for c in "*?[")
    for path in context.glob(source):
        if not context.is_dir(path):
            name = posixpath.basename(path)
            yield posixpath.join(target, name) if inside else target, path
            continue
        waiting = [path]
        while waiting:
            for below in context.iterdir(waiting.pop()):
                if context.kind(below) == "dir":
                    waiting.append(below)
                else:
                    yield posixpath.normpath(posixpath.join(target, posixpath.relpath(below, path))), below


def environment(stage: Stage) -> Iterator[tuple[Instruction, str, str]]:
    """Every variable that the stage sets with ENV: the instruction, its name, its text."""
    for each in stage.instructions:
        if each.name == "ENV":
            for name, value in pairs(each.args.text, each.escape):
                yield each, name, value


def packages(reading: Reading) -> frozenset[str]:
    """The names of all packages that the stage installs."""
    return frozenset(name for job in reading.jobs if (found := installs(job.command)) for name in found.names)
