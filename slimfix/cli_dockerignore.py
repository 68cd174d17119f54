"""``slimfix --dockerignore``: one proposal for each build context of the Dockerfiles that are named."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import click

from slimfix import diff, files, search
from slimfix.config import ConfigError
from slimfix.console import err, in_colour, out
from slimfix.dockerfile import Dockerfile, ParseError
from slimfix.plan import Flags, Plan
from slimfix.propose_dockerignore import Proposal, propose
from slimfix.report import Problem, printable
from slimfix.report.json import document
from slimfix.rules import UnknownRule
from slimfix.text import encode


class _Read(NamedTuple):
    """A Dockerfile of a context."""

    path: str
    dockerfile: Dockerfile
    ignore: str
    """The ignore file that counts for it."""


def run(
    paths: Sequence[str],
    *,
    write: bool,
    check: bool,
    style: str,
    quiet: bool,
    show_diff: bool,
    verify: bool,
    verbose: bool,
    jobs: int | None,
    stdin_filename: str | None,
    **flags: Any,
) -> int:
    """Propose, and write if that is wanted; the exit status. See :func:`slimfix.cli.fix` for the options."""
    if verify:
        raise click.UsageError("--dockerignore and --verify exclude each other")
    if "-" in paths:
        raise click.UsageError("--dockerignore needs files: standard input has no build context to look at")
    if flags["context"] == "":
        raise click.UsageError("--dockerignore needs the build context; leave --no-context away")
    try:
        one = _Run(Plan(Flags.of(**flags)))
    except (UnknownRule, ConfigError) as error:
        err(f"slimfix: {error}")
        return 2
    context = flags["context"]
    if context is not None and not os.path.isdir(context):
        err(f"{context}: the context is not a directory")
        return 2
    made: list[dict[str, Any]] = []
    count = 0
    for directory, given in one.contexts(paths).items():
        for file, proposal, dockerfiles in one.proposals(directory, given):
            new = not os.path.lexists(file)
            count += 1
            if write and not one.written(file, proposal, new):
                continue
            if style == "json":
                made.append(_object(file, proposal, dockerfiles, new))
            elif show_diff or not write:
                text = (proposal.before, proposal.after, diff.label(file))
                out(diff.diff(*text, colour=in_colour(), new=new))
            if style != "json" and not quiet:
                for line in proposal.lines:
                    left = "" if line.sure else " [a comment: yours to decide]"
                    err(f"{printable(file)}: {printable(line.pattern)}: {line.why}{left}")
    if style == "json":
        out(document((), one.problems, made).encode())
    elif not quiet:
        verb = "written" if write else "would be written"
        err(f"{count} ignore file{'s' * (count != 1)} {verb}" if count else "nothing to ignore")
    return 2 if one.problems else int(check and bool(count))


def _object(file: str, proposal: Proposal, dockerfiles: list[str], new: bool) -> dict[str, Any]:
    lines = [line._asdict() for line in proposal.lines]
    return {"path": file, "new": new, "dockerfiles": dockerfiles, "text": proposal.after, "lines": lines}


class _Run:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.problems: list[Problem] = []

    def complain(self, path: str, message: str) -> None:
        """Note what stands in the way."""
        self.problems.append(Problem(path, message))
        err(str(self.problems[-1]))

    def contexts(self, paths: Sequence[str]) -> dict[str, list[str]]:
        """The contexts of the Dockerfiles in *paths*, each with these."""
        found: dict[str, list[str]] = {}
        for path in search.find(paths, self.plan.hidden, self.complain):
            try:
                directory, problem = self.plan.job(path).directory(path)
            except ConfigError as error:
                self.complain(error.place, error.args[0])
                continue
            if directory is None:
                self.complain(path, problem or "its build context is not known")
            else:
                same = next(
                    (d for d in found if os.path.realpath(d) == os.path.realpath(directory)), directory
                )
                found.setdefault(same, []).append(path)
        return found

    def proposals(self, directory: str, given: list[str]) -> Iterator[tuple[str, Proposal, list[str]]]:
        """The ignore files to write in a context: path, text, and the Dockerfiles that they are for."""
        groups: dict[str, list[_Read]] = {}
        named = {os.path.realpath(path) for path in given}
        others = search.find([directory], self.plan.hidden)
        for path in [*given, *(p for p in others if os.path.realpath(p) not in named)]:
            read = self.read(path, directory, path in given)
            if isinstance(read, str):
                self.complain(path, f"{read}; nothing is proposed for its build context")
                return
            if read is not None:
                groups.setdefault(read.ignore, []).append(read)
        for file, group in groups.items():
            if any(one.path in given for one in group):
                proposal = propose(*(one.dockerfile for one in group))
                if proposal is not None:
                    yield file, proposal, [one.path for one in group]

    def read(self, path: str, directory: str, given: bool) -> _Read | str | None:
        """A Dockerfile, why it cannot be read, or None where it is of another context."""
        try:
            job = self.plan.job(path)
            place = job.directory(path)
            if not given and place.directory is not None:
                if os.path.realpath(place.directory) != os.path.realpath(directory):
                    return None
            context = job.build_context(path)
            dockerfile = Dockerfile(files.read(path), context=context)
        except (files.Unusable, ParseError, ConfigError) as error:
            return str(error)
        if dockerfile.context is None:
            # One whose context is in doubt may be of this one.
            return dockerfile.context_problem or "its build context is not known"
        inside = dockerfile.context.ignore_file[0]
        ignore = os.path.join(directory, inside) if inside else path + ".dockerignore"
        return _Read(path, dockerfile, os.path.normpath(ignore))

    def written(self, file: str, proposal: Proposal, new: bool) -> bool:
        """Write an ignore file; whether that was done."""
        try:
            if new:
                files.create(file, encode(proposal.after))
            else:
                files.replace(file, encode(proposal.after), encode(proposal.before))
        except files.Unusable as error:
            self.complain(file, str(error))
            return False
        return True
