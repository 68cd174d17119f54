"""Set owner or mode while copying, rather than with `chown -R` afterwards, which stores everything twice.

A RUN that changes the owner of a file puts the whole file into its layer again. `COPY --chown` gives the
same files with the same owners at once (since Docker 17.09), `--chmod` the same modes (BuildKit).

The directory must be all that the COPY brought: absent before, or just made by WORKDIR. COPY leaves the
owner of a directory that is there already alone, so there `chown` stays for the directory itself, which
is a few bytes. `chown user` keeps the group 0 that COPY gives, hence `user:0`: `--chown=user` alone would
give the user's own group. `--chmod` is used where the file asks for a Dockerfile frontend that knows it,
or uses it already, and never for a symbolic mode, which depends on the mode that was.

Before:
    RUN adduser -D app
    COPY src /srv/app
    RUN chown -R app:app /srv/app
    USER app
After:
    RUN adduser -D app
    COPY --chown=app:app src /srv/app
    USER app

Fix safety: assumed. `chown` clears a set-user-ID bit and capabilities, which BuildKit's COPY keeps; and no
program that ran before may have left files where the Dockerfile shows none.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile, Instruction
from slimfix.fix import Fix, Safety, Skip
from slimfix.rules._copies import as_file, copies_before, is_file, place_of
from slimfix.rules._fresh import ABSENT, EMPTY, exists, tree
from slimfix.rules._managers import runs
from slimfix.rules._ownership import Change, change, knows_chmod, without
from slimfix.text import Edit, Span

CODE = "SF141"
ORDER = 24
WORDS = ("chown", "chmod")


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every RUN that begins with `chown` or `chmod` and stands behind the COPY of its target."""
    for run in dict.fromkeys((*runs(dockerfile, "chown"), *runs(dockerfile, "chmod"))):
        made = change(run)
        copies = copies_before(dockerfile, run, made.targets) if made is not None else []
        if made is None or not copies:
            continue
        found = made.obstacle or _unlike(copies, made) or _place(dockerfile, copies, made)
        edit = without(dockerfile, run, made)
        if found == EMPTY and made.recursive is not None:
            start = dockerfile.source(Span(0, made.recursive.span.start)).rstrip(" \t")
            edit = Edit(Span(len(start), made.recursive.span.end), "")
        elif found == ABSENT and edit is None:
            found = "a comment belongs to it"
        if found == ABSENT and made.flag == "chmod" and not knows_chmod(dockerfile):
            found = "COPY --chmod needs BuildKit, which the file does not ask for"
        if found not in (ABSENT, EMPTY) or edit is None:
            yield Skip(f"{made.flag} is not left to COPY: {found}", made.span)
            continue
        yield Fix(
            (*(_flagged(copy, made) for copy in copies), edit),
            f"let COPY set the {'owner' if made.flag == 'chown' else 'mode'}",
            made.span,
            Safety.ASSUMED,
            f"nothing but what is copied lies in {made.targets[0]}, without set-user-ID bits or capabilities",
            removes=(made.span,),
        )


def _unlike(copies: list[Instruction], made: Change) -> str | None:
    """Why the flag would not do what the command does."""
    for copy in copies:
        names = {flag.name for flag in copy.flags}
        if made.flag in names:
            return f"COPY has --{made.flag} already"
        if names - {"from", "chown", "chmod"}:
            return f"COPY has --{min(names - {'from', 'chown', 'chmod'})}"
        if "from" in names and made.flag == "chown" and not made.grouped:
            return "another stage may give another group"
    return None


def _place(dockerfile: Dockerfile, copies: list[Instruction], made: Change) -> str:
    """What was at the target before: ``absent``, ``empty``, or why the command must stay."""
    target, first = made.targets[0], copies[0]
    parent = posixpath.dirname(target)
    places = [place_of(copy) or "" for copy in copies]
    if len(copies) == 1 and is_file(dockerfile, first):
        slashed = first.parts[-1].text.endswith("/")
        if (places[0] == target and not slashed) or (as_file(first, places[0]) == target):
            return ABSENT if exists(dockerfile, first, parent) else f"{parent} may not be there yet"
    if made.recursive is None:
        return "it is not known to be a file"
    if any(place != target and posixpath.dirname(place) != target for place in places):
        return "a COPY makes directories on its way, whose owner differs between builders"
    state = tree(dockerfile, first, target)
    if state == ABSENT and places[0] != target:
        return f"{target} is made on the way to another place"
    if state == ABSENT and not exists(dockerfile, first, parent):
        return f"{parent} may not be there yet"
    return state


def _flagged(copy: Instruction, made: Change) -> Edit:
    """The flag, behind the others of the COPY."""
    end = copy.keyword_span.end
    if copy.flags:
        end = copy.logical.span(copy.flags[-1].start, copy.flags[-1].end).end
    return Edit(Span(end, end), f" --{made.flag}={made.value}")
