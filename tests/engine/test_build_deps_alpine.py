"""build-deps on a real Alpine: what is built still runs, and the compiler is gone.

Any engine that answers will do; the base images are python:3.11-alpine and alpine:3.23. What is built lies
in ``alpine/``: a C extension for Python that needs libpq and libffi, and a program that needs libpq and a
library of its own beside it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from slimfix.context import BuildContext
from slimfix.engine import Reader, rewrite
from slimfix.fix import Safety
from slimfix.knowledge import alpine
from slimfix.rules import all_rules, select

FILES = Path(__file__).parent / "alpine"
SETUP = """\
import os
import subprocess
from setuptools import Extension, setup

if os.path.exists("Makefile"):
    subprocess.run(["make", "install"], check=True)

setup(name="probe", version="1", ext_modules=[Extension("probe", ["probe.c"], libraries=["pq", "ffi"])])
"""
PREFIX = "slimfix-test-alpine"

# A small repository may lack these, when its compiler is not the usual one: then they are empty.
BASE = """\
FROM {image}
RUN for name in libgcc libstdc++ icu-libs; do \\
        apk search --no-cache --quiet --exact $name | grep -q . || apk add --no-cache --virtual $name musl; \\
    done
"""

PYTHON = """\
FROM python:3.11-alpine
WORKDIR /app
RUN apk add --no-cache \\
        # to compile the driver
        gcc \\
        musl-dev \\
        libffi-dev \\
        postgresql-dev
COPY setup.py probe.c ./
RUN pip install --no-cache-dir --no-build-isolation .
CMD ["python", "-c", "import probe; print(*probe.answer())"]
"""

# The release behind this base is not known, and what postgresql-dev needs depends on it.
SCANNED = """\
FROM registry.example.org/python:internal
COPY . /src
RUN apk add --no-cache gcc make musl-dev libffi-dev postgresql-dev \\
    && pip install --no-cache-dir --no-build-isolation /src
CMD ["sh", "-c", "bundled && python -c 'import probe; print(*probe.answer())'"]
"""

PLAIN = """\
FROM alpine:3.23
COPY . /src
RUN set -eux; \\
    apk add --no-cache gcc make musl-dev libpq-dev; \\
    make -C /src install; \\
    rm -rf /src
CMD ["bundled"]
"""

pytestmark = pytest.mark.engine


def docker(*arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], input=given, capture_output=True, text=True)


class Lab:
    """Builds images and runs them; forgets them all in the end."""

    def __init__(self, context: Path) -> None:
        self.context = context
        self.tags: list[str] = []

    def build(self, name: str, dockerfile: str) -> str:
        tag = f"{PREFIX}:{name}"
        done = docker(
            "build",
            "--network=host",
            "--force-rm",
            "-q",
            "-t",
            tag,
            "-f",
            "-",
            str(self.context),
            given=dockerfile,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        self.tags.append(tag)
        return tag

    def on(self, image: str, dockerfile: str, name: str) -> str:
        """Build *dockerfile* on the prepared form of *image*."""
        base = self.build("base-" + name, BASE.format(image=image))
        first, _, rest = dockerfile.partition("\n")
        assert first.startswith("FROM ")
        return self.build(name, f"FROM {base}\n{rest}")

    def run(self, tag: str, *command: str) -> tuple[int, str]:
        done = docker("run", "--rm", "--network=host", tag, *command)
        return done.returncode, (done.stdout + done.stderr).strip()

    def size(self, tag: str) -> int:
        return int(docker("image", "inspect", "-f", "{{.Size}}", tag).stdout)

    def packages(self, tag: str) -> dict[str, float]:
        """Every installed package with the bytes that apk says it takes."""
        ask = (
            'for p in $(apk info -q); do echo "$p $(apk info -s $p | grep -v installed | tr -d "\\n")"; done'
        )
        found = re.findall(r"^(\S+) ([\d.]+) (\w+)$", self.run(tag, "sh", "-c", ask)[1], re.MULTILINE)
        units = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
        return {name: float(number) * units[unit] for name, number, unit in found}

    def close(self) -> None:
        for tag in reversed(self.tags):
            docker("rmi", "-f", tag)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    if shutil.which("docker") is None or docker("info").returncode:
        pytest.skip("no Docker engine answers")
    context = tmp_path_factory.mktemp("context")
    shutil.copytree(FILES, context, dirs_exist_ok=True)
    (context / "setup.py").write_text(SETUP, encoding="utf-8")
    made = Lab(context)
    yield made
    made.close()


def rewritten(lab: Lab, text: str) -> str:
    """What all rules make of *text*; build-deps must be among those that act."""
    result = rewrite(text, all_rules(), Reader(context=BuildContext.local(lab.context)), Safety.ASSUMED)
    assert "build-deps" in {step.rule.name for step in result.steps}, result.skipped
    return result.after


def without_compiler(lab: Lab, tag: str) -> bool:
    return lab.run(tag, "sh", "-c", "command -v gcc make pg_config || ls /usr/include/libpq-fe.h")[0] != 0


def test_an_extension_finds_its_library(lab: Lab) -> None:
    after = rewritten(lab, PYTHON)
    assert "# to compile the driver" in after and after.count("RUN") == 2
    old = lab.on("python:3.11-alpine", PYTHON, "python-before")
    new = lab.on("python:3.11-alpine", after, "python-after")
    status, said = lab.run(old)
    assert status == 0 and said.startswith("42 ")
    assert lab.run(new) == (0, said)
    assert without_compiler(lab, new) and not without_compiler(lab, old)
    assert lab.run(new, "apk", "info", "-e", "libpq", "gcc")[1].split() == ["libpq"]
    assert lab.size(old) - lab.size(new) > 100_000_000
    # Deleting the packages and no more takes the library along.
    naive = "apk del --no-network gcc musl-dev libffi-dev postgresql-dev && exec python -c 'import probe'"
    status, said = lab.run(old, "sh", "-c", naive)
    assert status != 0 and "libpq.so.5" in said


def test_what_was_built_is_asked(lab: Lab) -> None:
    after = rewritten(lab, SCANNED)
    assert "scanelf" in after
    new = lab.on("python:3.11-alpine", after, "scanned")
    status, said = lab.run(new)
    first, second = said.splitlines()
    assert status == 0 and first == second and first.startswith("42 ")
    assert without_compiler(lab, new)
    assert lab.run(new, "apk", "info", "-e", "libpq", "postgresql-dev")[1].split() == ["libpq"]
    # The usual recipe asks for the library beside the program, too, which no package provides.
    naive = "scanelf -RBn -F '%n#p' /usr/local | tr , '\\n' | sort -u | sed 's/^/so:/' | xargs apk add -s"
    status, said = lab.run(new, "sh", "-c", naive)
    assert status != 0 and "libhelper-13ebaf1d.so.1" in said


def test_a_program_made_by_make(lab: Lab) -> None:
    after = rewritten(lab, PLAIN)
    old = lab.on("alpine:3.23", PLAIN, "plain-before")
    new = lab.on("alpine:3.23", after, "plain-after")
    status, said = lab.run(old)
    assert status == 0 and said.startswith("42 ")
    assert lab.run(new) == (0, said)
    assert without_compiler(lab, new) and not without_compiler(lab, old)
    assert lab.size(old) - lab.size(new) > 100_000_000


def test_the_image_loses_what_its_packages_take(lab: Lab) -> None:
    """The saving is a sum of installed sizes: so the image must lose that sum, and no further packages go.

    What is expected is told in the sizes of Alpine's own packages, so as they are the two compare only
    where the repository is Alpine's; the compiler of a small repository is another one.
    """
    result = rewrite(PLAIN, select(["build-deps"]), Reader(context=BuildContext.local(lab.context)))
    expected = sum(step.fix.saving.bytes for step in result.steps if step.fix.saving)
    old = lab.on("alpine:3.23", PLAIN, "sizes-before")
    new = lab.on("alpine:3.23", result.after, "sizes-after")
    before, after = lab.packages(old), lab.packages(new)
    gone = {name: size for name, size in before.items() if name not in after}
    assert {"gcc", "make", "musl-dev", "libpq-dev"} <= set(gone)
    assert all(alpine.build_only(name) for name in gone)
    lost = lab.size(old) - lab.size(new)
    print(f"{lost / 1e6:.0f} MB lost, {sum(gone.values()) / 1e6:.0f} by apk, {expected / 1e6:.0f} expected")
    assert 0.95 < lost / sum(gone.values()) < 1.05
    told = alpine.package("gcc")
    assert told is not None
    # With the compiler at its size here the estimate is close.
    assert 0.8 < (expected - told["size"] + gone["gcc"]) / lost < 1.25
