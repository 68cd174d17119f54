"""A Java program: the archive or the classes that Maven, Gradle or javac leave, and a JRE to run them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from slimfix.knowledge import table
from slimfix.patterns import lazy
from slimfix.records import NamedTuple
from slimfix.rules._stage_base import runtime
from slimfix.rules._stage_files import data, named
from slimfix.rules._stage_made import followed, lines, value
from slimfix.rules._stage_read import Job, Reading
from slimfix.rules._stage_write import Product
from slimfix.shell.call import call

_CALLS = lazy(
    r"ProcessBuilder|scala\.sys\.process|[\"'\])]\.execute\(\)|getRuntime\(\)|javax\.tools|com\.sun\.tools|jdk\.jshell|ToolProvider|System\.load\w*\(|\"(?:\./)?src/"
)
_WHOLE = lazy(
    r"spring-boot-maven-plugin|maven-shade-plugin|jar-with-dependencies|org\.springframework\.boot"
    r"|com\.(?:github\.johnrengelman|gradleup)\.shadow"
)
"""Plugins that put all that a program needs into its archive."""
_NEEDS = lazy(
    r"<dependency>(?:(?!</dependency>|<scope>test|<scope>provided).)*</dependency>|^\s*(?:implementation|api|compile|runtimeOnly)\b",
    re.DOTALL | re.MULTILINE,
)
_SOURCES = (".java", ".kt", ".kts", ".scala", ".groovy")


class _Made(NamedTuple):
    """What the build makes."""

    files: list[str]
    within: list[str]
    """Directories of which every file is made."""
    classes: list[str]
    """Directories in which javac puts classes beside their sources."""


def product(reading: Reading) -> Product | str:
    """What of a build of Java goes into the new stage, or why that is not known."""
    made = _made(reading)
    if isinstance(made, str):
        return made
    paths = followed(reading, made.files, tuple(made.within))
    if isinstance(paths, str):
        return paths
    started = _started(reading)
    if isinstance(started, str):
        return started
    wanted: list[str] = []
    for path in started:
        if path in paths or path in made.within or any(path.startswith(d + "/") for d in made.within):
            wanted.append(path)
        elif path in made.classes:
            wanted.append(posixpath.join(path, "*.class"))
        else:
            return f"{path}, which it starts, is not seen to be made by the build"
    sources = [(p, reading.text(p) or "ProcessBuilder") for p in reading.files if p.endswith(_SOURCES)]
    sources = [(p, text) for p, text in sources if "/src/test/" not in p]
    problem = next(
        (
            f"{posixpath.basename(n)} runs other programs, or loads libraries"
            for n, t in sources
            if _CALLS.search(t)
        ),
        None,
    )
    base, files = runtime(reading.stage.base), data(reading, "java")
    if problem or isinstance(files, str) or base.problem:
        return problem or base.problem or str(files)
    problem = _beside(reading, made, wanted) or named(reading, sources, (*wanted, *files))
    if problem:
        return problem
    assumption = "nothing calls the Java compiler or another program at run time"
    return Product(base.reference, tuple(lines(list(dict.fromkeys(wanted)), files)), assumption)


def _beside(reading: Reading, made: _Made, wanted: list[str]) -> str | None:
    """Something else of what the build makes that an option of `java` or a variable names."""
    state = reading.dockerfile.end(reading.stage)
    texts = [*reading.start.words[1:], *(value for _, value in state.env)]
    for part in (part for text in texts if text for part in re.split(r"[\s=:,;\"']+", text) if part):
        path = reading.start.reach(part.removeprefix("@").removeprefix("file:"))
        inside = any(path == d or path.startswith(d + "/") for d in made.within) or path in made.files
        if inside and path not in wanted:
            return f"what is started names {part}, too"
    return None


def _made(reading: Reading) -> _Made | str:
    """What the commands of the stage make."""
    made = _Made([], [], [])
    for job in reading.jobs:
        name = (job.command.name or "").rpartition("/")[2]
        found = call(
            job.command,
            ("mvn", "mvnw", "gradle", "gradlew", "javac", "jar"),
            table("stages")["java"]["valued"],
        )
        if found is None:
            continue
        if name in ("mvn", "mvnw", "gradle", "gradlew"):
            maven = name.startswith("mvn")
            if found.option("-f", "--file", "-b", "--build-file", "-p", "--project-dir"):
                return f"{name} builds in another directory"
            if not _whole(reading):
                return "what the program needs beside its archive is not seen to be put into it"
            made.within.append(job.path("target" if maven else "build/libs"))
        elif name == "javac":
            place = value(found, "-d")
            if place is not None:
                made.within.append(job.path(place))
            elif _flat(reading, job):
                made.classes.append(job.directory)
            else:
                return "the classes do not all come to lie in the directory in which javac runs"
        elif name == "jar":
            words = [v or "" for v in job.command.values[1:]]
            if len(words) < 2 or not re.fullmatch(r"-?c[vfem0]*f[vem0]*", words[0]):
                return "a RUN calls jar in a way that is not plain"
            made.files.append(job.path(words[1]))
    return made


def _whole(reading: Reading) -> bool:
    """Whether an archive holds what the program needs: by a plugin, or since it needs nothing."""
    texts = [
        reading.text(p) or ""
        for p in reading.files
        if re.fullmatch(r"pom\.xml|build\.gradle(?:\.kts)?", posixpath.basename(p))
    ]
    text = "\n".join(texts)
    return bool(texts) and (_WHOLE.search(text) is not None or _NEEDS.search(text) is None)


def _flat(reading: Reading, job: Job) -> bool:
    """Whether all sources that javac is given lie in its directory, and declare no package."""
    for path in (job.path(v) for v in job.command.values[1:] if v is not None and v.endswith(".java")):
        found = [p for p in reading.files if posixpath.dirname(p) == posixpath.dirname(path)]
        if posixpath.dirname(path) != job.directory:
            return False
        if any(
            re.search(r"^\s*package\b", reading.text(p) or "", re.MULTILINE)
            for p in found
            if p.endswith(".java")
        ):
            return False
    return True


def _started(reading: Reading) -> list[str] | str:
    """The archive, or the directories of classes, that `java` is started with."""
    start = reading.start
    if start.program not in ("java", "/opt/java/openjdk/bin/java"):
        return f"it starts {start.program}, not java"
    words = list(start.words[1:])
    if any(word is None for word in words):
        return "java is started with what a variable holds"
    options = list(_options([word or "" for word in words]))
    archive = next((text for name, text in options if name == "-jar"), None)
    if archive is not None:
        return [start.reach(archive)]
    entries = next((text for name, text in options if name in ("-cp", "-classpath", "--class-path")), ".")
    if (
        any(name == "" and text.endswith(".java") for name, text in options)
        or "*" in entries
        or "$" in entries
    ):
        return "java compiles what it is started with, or is given a class path that is not plain"
    return [start.reach(entry) for entry in entries.split(":") if entry]


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """The options of `java`, with the values that follow them, up to the class."""
    while words:
        word = words.pop(0)
        if word in ("-jar", "-cp", "-classpath", "--class-path") and words:
            yield word, words.pop(0)
            if word == "-jar":
                return
        elif not word.startswith("-"):
            yield "", word
            return
        elif word in ("-m", "--module", "-p", "--module-path"):
            yield "-cp", "*"
            return
