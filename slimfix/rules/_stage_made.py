"""What a build has made, followed through the copies that the stage makes of it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from slimfix.knowledge import table
from slimfix.rules._stage_read import Job, Reading
from slimfix.shell.call import Call

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
ZONES = "/usr/share/zoneinfo"


def value(found: Call, *names: str) -> str | None:
    """The value of an option, which `=` may join to it even where it has one hyphen."""
    text = found.option_value(*names)
    return text[1:] if text is not None and text.startswith("=") else text


def followed(reading: Reading, made: Iterable[str], within: tuple[str, ...] = ()) -> list[str] | str:
    """The paths at which what was made lies in the end; or why that is not known.

    Args:
        within: directories of which every file is one that was made.
    """
    paths = list(made)
    for job in reading.jobs:
        name = (job.command.name or "").rpartition("/")[2]
        if name not in table("stages")["neutral"]["copies"]:
            continue
        found = _copied(job, reading)
        if found is None:
            return f"a RUN calls {name}, and may make what the program needs"
        source, target = found
        if source not in paths and not any(source.startswith(d.rstrip("/") + "/") for d in within):
            return f"a RUN calls {name} for {source}, which is not seen to be made by the build"
        if name == "mv" and source in paths:
            paths.remove(source)
        paths.append(target)
    return list(dict.fromkeys(paths))


def spare(reading: Reading) -> set[str]:
    """What lies in the stage a second time, since a RUN has copied it."""
    jobs = [job for job in reading.jobs if job.command.name in table("stages")["neutral"]["copies"]]
    return {found[0] for job in jobs if (found := _copied(job, reading))}


def _copied(job: Job, reading: Reading) -> tuple[str, str] | None:
    """Source and target of a copy of one file; None where that is not plain."""
    words = job.command.arguments[1:]
    flags = [word for word in words if word.raw.startswith("-")]
    operands = [word for word in words if not word.raw.startswith("-")]
    if any(flag.value not in ("-f", "-v", "-p", "-a") for flag in flags) or len(operands) != 2:
        return None
    source, target = operands[0].value, operands[1].value
    if source is None or target is None or operands[1].glob or job.command.nesting:
        return None
    place = job.path(target)
    directory = target.endswith("/") or target in (".", "..") or place in (
        "/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/opt", "/", job.run.state.workdir,
    )  # fmt: skip
    if directory or any(True for _ in reading.beneath(place)):
        if operands[0].glob:
            return None
        place = posixpath.join(place, posixpath.basename(source))
    return job.path(source), place


def lines(wanted: list[str], files: list[str]) -> list[tuple[str, str]]:
    """What is copied: the files beside the sources, and of what was made all that does not lie in them."""
    inside = [path for path in wanted if any(path.startswith(f.rstrip("/") + "/") for f in files)]
    return [(path, path) for path in (*(w for w in wanted if w not in inside), *files)]
