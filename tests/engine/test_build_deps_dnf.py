"""build-deps-dnf with a real dnf 4 and rpm: what was built still finds its library, and the compiler is gone.

The base image is a stand-in: debian:bookworm-slim with Debian's dnf, and a repository, made by
``dnf/repository.sh``, in which `gcc` is Debian's tcc.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from slimfix.context import BuildContext
from slimfix.engine import Reader, rewrite
from slimfix.rules import select

FILES = Path(__file__).parent / "dnf"
PREFIX = "slimfix-test-dnf"
BASE = f"{PREFIX}/rockylinux:9"
STAND_IN = """\
FROM debian:bookworm-slim
COPY repository.sh /spec/
RUN apt-get update \\
    && apt-get install -y --no-install-recommends createrepo-c dnf libc6-dev make rpm tcc \\
    && sh -x /spec/repository.sh \\
    && dpkg --purge --force-depends libc6-dev linux-libc-dev make tcc \\
    && rm -rf /spec /var/lib/apt/lists/* && mkdir -p /etc/yum.repos.d \\
    && printf '[here]\\nname=here\\nbaseurl=file:///repository\\ngpgcheck=0\\n' > /etc/yum.repos.d/here.repo
"""
TEXT = """\
FROM rockylinux:9
COPY . /src
RUN dnf install -y gcc libanswer-devel make \\
    && make -C /src install \\
    && dnf clean all
CMD ["app"]
"""
CLEANED = TEXT.replace(" \\\n    && dnf clean all", "").replace(
    " \\\n    && make", " \\\n    && dnf clean all && make"
)
"""The lists are gone before the build, and must not come back with the removal."""
NAIVE = " \\\n    && dnf remove -y --setopt=clean_requirements_on_remove=1 gcc libanswer-devel make"

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        shutil.which("docker") is None
        or subprocess.run(["docker", "version"], capture_output=True, check=False).returncode != 0,
        reason="no Docker engine answers",
    ),
]


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A call of the client."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)


def build(directory: Path, text: str, tag: str) -> str:
    """Build a text as the Dockerfile of a directory, on the stand-in; the tag."""
    (directory / "Dockerfile").write_text(text.replace("FROM rockylinux:9", f"FROM {BASE}"))
    done = docker("build", "--network=host", "-t", tag, str(directory))
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return tag


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The build context, with the base image made; at the end all images of the tests go again."""
    path = tmp_path_factory.mktemp("dnf")
    shutil.copytree(FILES, path, dirs_exist_ok=True)
    build(path, STAND_IN, BASE)
    yield path
    found = (f"reference={PREFIX}*", f"reference={BASE}")
    listed = [docker("images", "-q", "--filter", each).stdout.split() for each in found]
    for name in (name for names in listed for name in names):
        docker("rmi", "-f", name)


def run(tag: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run an image as it wants to be, or a command in it."""
    return docker("run", "--rm", tag, *command)


def size(tag: str) -> int:
    """Bytes of an image."""
    return int(docker("image", "inspect", "-f", "{{.Size}}", tag).stdout)


def lists(tag: str) -> list[str]:
    """The files that dnf keeps of its repositories."""
    return sorted(run(tag, "find", "/var/cache/dnf", "-type", "f").stdout.split())


@pytest.mark.slow
@pytest.mark.parametrize("text", [TEXT, CLEANED], ids=["cleaned last", "cleaned before"])
def test_runs_as_before(directory: Path, text: str) -> None:
    context = BuildContext.local(directory)
    result = rewrite(text, select(["build-deps-dnf"]), Reader(context=context))
    assert len(result.steps) == 1, result.skipped
    first, second = build(directory, text, f"{PREFIX}-fat"), build(directory, result.after, f"{PREFIX}-slim")
    assert run(first).stdout == run(second).stdout == "42\n"
    assert run(first, "gcc", "-v").returncode == 0
    for gone in ("gcc", "glibc-devel", "libanswer-devel"):
        assert run(first, "rpm", "-q", gone).returncode == 0
        assert run(second, "rpm", "-q", gone).returncode != 0
    for kept in ("libanswer", "libgomp", "make"):
        assert run(second, "rpm", "-q", kept).returncode == 0
    assert lists(first) == lists(second)
    print(f"{size(first) / 1e6:.1f} MB before, {size(second) / 1e6:.1f} MB after")
    assert size(first) - size(second) > 5 * 10**6


@pytest.mark.slow
def test_the_careless_removal_breaks_it(directory: Path) -> None:
    """Without what is marked as wanted the same program fails, so the test above can fail too."""
    text = TEXT.replace(" \\\n    && dnf clean all", NAIVE)
    found = run(build(directory, text, f"{PREFIX}-naive"))
    assert found.returncode != 0
    assert "libanswer.so.1" in found.stderr
