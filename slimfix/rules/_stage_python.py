"""A Python program: what pip installs into a full image, where the slim one holds all that it needs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from slimfix.dockerfile.words import expand, pairs
from slimfix.knowledge import table
from slimfix.knowledge.managers import manager
from slimfix.patterns import lazy
from slimfix.rules._stage_base import slim
from slimfix.rules._stage_files import named
from slimfix.rules._stage_made import followed
from slimfix.rules._stage_read import Job, Reading, environment, packages
from slimfix.rules._stage_write import Product
from slimfix.shell.call import Call, call

_CALLS = lazy(
    r"subprocess|\bfrom\s+os\s+import\b[^\n]*\b(?:system|popen|exec\w+|spawn\w+|posix_spawn\w*)|\bos\.(?:system|popen|exec\w+|spawn\w+|posix_spawn\w*)\b|\bctypes\b|\btkinter\b|\bpexpect\b|\bpty\b"
)
_MOVING = tuple(
    f"PIP_{name}" for name in ("TARGET", "PREFIX", "USER", "ROOT", "REQUIREMENT", "EDITABLE", "CONFIG_FILE")
)
_PLAIN = lazy(r"([A-Za-z0-9][\w.-]*)\s*(?:[<>=~!]=?[^;@\[]*)?(?:;.*)?")
_OPTIONS = (
    "--no-cache-dir", "--no-cache", "-U", "--upgrade", "-q", "--quiet", "-v", "--disable-pip-version-check",
    "--no-compile", "--no-input", "--progress-bar", "-r", "--requirement",
    "--default-timeout", "--timeout", "--retries",
)  # fmt: skip


def product(reading: Reading) -> Product | str:
    """What of an installation goes into the new stage, or why that is not known."""
    base = slim(reading.stage.base)
    if base.problem:
        return base.problem
    if packages(reading):
        return "it installs packages with apt-get"
    names: set[str] = set()
    outside = False
    venv: str | None = None
    for job in reading.jobs:
        if job.command.name in ("python", "python3") and job.command.values[1:3] == ("-m", "venv"):
            venv = _venv(job)
            if venv is None:
                return "python -m venv is called with options"
            continue
        found = call(job.command, ("pip", "pip3"), manager("pip").valued, "pip")
        if found is None and job.command.name in ("python", "python3"):
            return "a RUN calls Python, and may make what the program needs"
        if found is not None and found.verb is not None and found.verb.value == "install":
            moved = next((n for n in job.environment if n in _MOVING), None)
            if moved:
                return f"{moved} changes what pip installs, or where"
            outside = outside or not _within(job, found, venv)
            wanted = _wanted(reading, job, found)
            if isinstance(wanted, str):
                return wanted
            names |= wanted
    unknown = sorted(names - set(table("stages")["python"]["pure"]))
    if unknown or not names:
        return (
            f"{unknown[0]} may need a library of the full image"
            if unknown
            else "it installs nothing with pip"
        )
    copied = followed(reading, ())
    if isinstance(copied, str):
        return copied
    problem = _used(reading, names)
    if problem:
        return problem
    installed = _installed(reading, venv, outside)
    files = _files(reading)
    if isinstance(installed, str) or isinstance(files, str):
        return str(installed if isinstance(installed, str) else files)
    sources = [(p, reading.text(p) or "subprocess") for p in reading.files if _program(reading, p)]
    runs = next(
        (
            f"{posixpath.basename(n)} calls other programs or libraries"
            for n, t in sources
            if _CALLS.search(t)
        ),
        None,
    )
    problem = runs or named(reading, sources, (*installed, *files))
    if problem:
        return problem
    assumption = "nothing that is installed calls a program, or opens a library, of the full image"
    return Product(base.reference, tuple((path, path) for path in (*installed, *files)), assumption)


def _venv(job: Job) -> str | None:
    given = job.command.arguments[3:]
    words = [a.value or expand(a.raw, job.environment) for a in given]
    return job.path(words[0]) if len(words) == 1 and words[0] and words[0][0] != "-" else None


def _within(job: Job, found: Call, venv: str | None) -> bool:
    """Whether pip installs into the virtual environment: by its own path, or as the first on PATH."""
    if venv is None:
        return False
    first: str | None = None
    for each in job.run.stage.instructions if job.run.stage else ():
        if each.name == "ENV" and each.index < job.run.index and not each.onbuild:
            for name, raw in pairs(each.args.text, each.escape):
                if name == "PATH":
                    first = expand(raw.strip("\"'").partition(":")[0], job.environment)
    return f"{venv}/bin" in (posixpath.dirname(found.program), first)


def _program(reading: Reading, path: str) -> bool:
    """Whether a file is a source of Python, by its name or as one without any suffix."""
    if path.endswith((".py", ".pyw")):
        return True
    given = {reading.start.reach(word) for word in reading.start.words[1:] if word}
    bare = "." not in posixpath.basename(path)
    return path in given or (bare and "python" in (reading.text(path) or "")[:80])


def _wanted(reading: Reading, job: Job, found: Call) -> set[str] | str:
    """The distributions that a call of pip names."""
    if any((option.value or "").partition("=")[0] not in _OPTIONS for option, _ in found.options):
        return "pip has an option that changes what it installs, or where"
    words = [operand.value or "$" for operand in found.operands]
    for option, text in found.options:
        if option.value in ("-r", "--requirement"):
            path = job.path((text.value if text else None) or "?")
            content = reading.text(path)
            if content is None:
                return "the requirements are not in sight"
            words += [line.partition(" #")[0].strip() for line in content.splitlines()]
    names: set[str] = set()
    for word in words:
        if word and not word.startswith("#"):
            plain = _PLAIN.fullmatch(word)
            if plain is None:
                return f"pip is given {word}, of which it is not known what it needs"
            names.add(re.sub(r"[-_.]+", "-", plain[1]).lower())
    return names


def _used(reading: Reading, names: set[str]) -> str | None:
    """Why what is started may be more than Python with what pip installed."""
    program = posixpath.basename(reading.start.program)
    if program in ("python", "python3", *names):
        return None
    return f"it starts {program}, which is not Python's"


def _installed(reading: Reading, venv: str | None, outside: bool) -> list[str] | str:
    """Where pip has put what it installed."""
    version = re.match(r"\d+\.\d+", reading.stage.base.tag)
    assert version is not None
    system = [f"/usr/local/lib/python{version[0]}/site-packages", "/usr/local/bin"]
    if venv is None:
        return system
    added = [value for _, name, value in environment(reading.stage) if name == "PATH"]
    if not any(
        re.match(rf"[\"']?(?:{re.escape(venv)}|\$\{{?VIRTUAL_ENV\}}?)/bin:", value) for value in added
    ):
        return "the virtual environment is not the first on PATH"
    return [venv, *(system if outside else ())]


def _files(reading: Reading) -> list[str] | str:
    """The directories and files that COPY has brought, and in which the build may have made more."""
    places: dict[str, None] = {}
    for path in _places(reading):
        if path.count("/") < 2 and path in (
            "/",
            "/bin",
            "/etc",
            "/lib",
            "/usr",
            "/var",
            "/root",
            "/home",
            "/opt",
        ):
            return f"files are copied to {path}"
        if re.match(r"/(?:bin|etc|lib|sbin|usr/(?!src/|local/src/)|proc|sys|dev)(?:/|$)", path):
            return f"files are copied to {path}"
        places[path] = None
    return [p for p in places if not any(p.startswith(o + "/") for o in places)]


def _places(reading: Reading) -> Iterator[str]:
    workdir = reading.start.directory
    for path in reading.files:
        inside = path.startswith(workdir.rstrip("/") + "/")
        yield workdir if inside else posixpath.dirname(path) if posixpath.dirname(path) != "/" else path
    yield from reading.taken
