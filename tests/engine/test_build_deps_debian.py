"""build-deps-apt on a real Debian: what was built still runs, and the compiler is gone.

Any engine that answers will do; the base images are debian:bookworm-slim, python:3.11-slim and node:18-slim.
What is built comes from PyPI (source distributions) or lies in ``debian/``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from slimfix.context import BuildContext
from slimfix.engine import Reader, rewrite
from slimfix.fix import Safety
from slimfix.rules import all_rules

FILES = Path(__file__).parent / "debian"
PREFIX = "slimfix-test-debian"
MB = 10**6


class Image(NamedTuple):
    """A Dockerfile, what of it must be gone afterwards, and by how much the image must shrink."""

    text: str
    gone: str = "gcc"
    less: int = 50
    """Megabytes, rather less than what was seen."""


QUICK = {
    "python-psycopg2": Image("""\
FROM python:3.11-slim
RUN apt-get update \\
    && apt-get install -y --no-install-recommends gcc libc6-dev libpq-dev python3-dev \\
    && pip install --no-cache-dir --no-binary :all: --no-build-isolation psycopg2==2.9.9 \\
    && rm -rf /var/lib/apt/lists/*
CMD ["python", "-c", "import psycopg2; print(psycopg2.__version__, psycopg2.__libpq_version__)"]
"""),
    "c-jpeg": Image("""\
FROM debian:bookworm-slim
COPY . /src
RUN apt-get update && \\
    apt-get install -y --no-install-recommends \\
        gcc \\
        libc6-dev \\
        libjpeg-dev \\
        make && \\
    make -C /src install PROGRAM=jpeg && \\
    # the lists are of no use later
    rm -rf /var/lib/apt/lists/*
CMD ["app"]
"""),
    "c-openmp": Image("""\
FROM debian:bookworm-slim
COPY . /src
RUN set -eux; \\
    apt-get update; \\
    apt-get install -y --no-install-recommends gcc libc6-dev make; \\
    make -C /src install PROGRAM=threads
CMD ["app"]
"""),
}
SLOW = {
    "python-cffi": Image("""\
FROM python:3.11-slim
# for cffi
RUN apt-get update \\
    && apt-get install -y --no-install-recommends gcc libc6-dev libffi-dev python3-dev \\
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --no-binary cffi -r requirements.txt
CMD ["python", "-c", "import cffi; f = cffi.FFI(); f.cdef('int abs(int);'); print(f.dlopen(None).abs(-7))"]
"""),
    "python-in-two": Image("""\
FROM python:3.11-slim
RUN apt-get update \\
    && apt-get install -y --no-install-recommends gcc libc6-dev libmagic1 libpq-dev python3-dev \\
    && rm -rf /var/lib/apt/lists/* \\
    && useradd app
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir --no-binary :all: --no-build-isolation psycopg2==2.9.9
USER app
CMD ["python", "-c", "import ctypes, psycopg2 as p; ctypes.CDLL('libmagic.so.1'); print(p.__libpq_version__)"]
"""),
    "python-copy-all": Image("""\
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev libffi-dev python3-dev
COPY . /app
RUN pip install --no-cache-dir --no-binary cffi -r /app/requirements.txt
CMD ["python", "-c", "import cffi; f = cffi.FFI(); f.cdef('int abs(int);'); print(f.dlopen(None).abs(-7))"]
"""),
    "python-pillow": Image("""\
FROM python:3.11-slim
RUN apt-get update && apt-get install -y build-essential libjpeg-dev zlib1g-dev python3-dev
RUN pip install --no-cache-dir --no-binary pillow pillow==10.4.0
COPY picture /
CMD ["python", "/picture"]
"""),
    "python-mysqlclient": Image("""\
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends \\
        default-libmysqlclient-dev \\
        gcc \\
        libc6-dev \\
        pkg-config \\
        python3-dev \\
    && pip install --no-cache-dir mysqlclient==2.2.4
CMD ["python", "-c", "import MySQLdb; print(MySQLdb.get_client_info())"]
"""),
    "python-unknown-base": Image("""\
FROM slimfix-test-debian-base
RUN apt-get update \\
    && apt-get install -y --no-install-recommends gcc libc6-dev libpq-dev python3-dev make \\
    && pip install --no-cache-dir --no-binary :all: --no-build-isolation psycopg2==2.9.9
CMD ["python", "-c", "import psycopg2; print(psycopg2.__libpq_version__)"]
"""),
    "cmake-yaml": Image("""\
FROM debian:bookworm-slim
COPY . /src
RUN apt-get update && apt-get install -y --no-install-recommends cmake g++ libyaml-cpp-dev make
RUN cmake -S /src -B /tmp/build && cmake --build /tmp/build --target install && rm -rf /tmp/build
CMD ["app"]
"""),
    "node-addon": Image("""\
FROM node:18-slim
WORKDIR /app
COPY package.json binding.gyp addon.c ./
RUN apt-get update && apt-get install -y --no-install-recommends g++ make python3 libyaml-dev \\
    && npm install --no-audit --nodedir=/usr/include/nodejs
CMD ["node", "-p", "require('./build/Release/addon.node').yaml"]
"""),
    "ruby-gem": Image("""\
FROM debian:bookworm-slim
COPY . /src
RUN apt-get update && apt-get install -y --no-install-recommends ruby ruby-dev gcc libc6-dev libyaml-dev make
RUN cd /src && gem build probe.gemspec && gem install --local probe-1.0.gem
CMD ["ruby", "-rprobe", "-e", "puts YAML_VERSION"]
"""),
    "php-extension": Image("""\
FROM debian:bookworm-slim
COPY config.m4 probe_php.c /src/
RUN apt-get update && apt-get install -y --no-install-recommends php-cli php-dev libyaml-dev make \\
    && cd /src && phpize && ./configure && make install
CMD ["php", "-d", "extension=probe", "-r", "echo probe();"]
"""),
    "perl-xs": Image("""\
FROM debian:bookworm-slim
COPY Makefile.PL Probe.pm Probe.xs /src/
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev libyaml-dev make perl \\
    && cd /src && perl Makefile.PL && make install
CMD ["perl", "-MProbe", "-e", "print Probe::version()"]
"""),
    "go-cgo": Image(
        """\
FROM debian:bookworm-slim
WORKDIR /src
COPY go.mod main.go ./
RUN apt-get update && apt-get install -y --no-install-recommends golang-go gcc libc6-dev libyaml-dev
RUN go build -o /usr/local/bin/app . && rm -rf /root/.cache
CMD ["app"]
""",
        "go",
        200,
    ),
    "rust": Image(
        """\
FROM debian:bookworm-slim
COPY main.rs /src/
RUN apt-get update && apt-get install -y --no-install-recommends rustc libyaml-dev
RUN rustc -o /usr/local/bin/app /src/main.rs
CMD ["app"]
""",
        "rustc",
        200,
    ),
    "rust-cargo": Image(
        """\
FROM debian:bookworm-slim
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends cargo libyaml-dev
COPY Cargo.toml main.rs ./
RUN cargo build --release && cp target/release/probe /usr/local/bin/app && rm -rf target
CMD ["app"]
""",
        "cargo",
        200,
    ),
    "c-autotools": Image("""\
FROM debian:bookworm-slim
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update \\
  && apt-get install -y --no-install-recommends autoconf automake gcc libc6-dev libjpeg-dev libtool make \\
  && rm -rf /var/lib/apt/lists/*
COPY configure.ac Makefile.am jpeg.c /src/
RUN cd /src && autoreconf -i && ./configure && make install
CMD ["jpeg"]
"""),
    "python-lxml": Image("""\
FROM python:3.11-slim
ENV CFLAGS=-O0
RUN apt-get update && apt-get install -y --no-install-recommends \\
    build-essential \\
    libxml2-dev \\
    libxslt1-dev \\
    python3-dev
RUN pip install --no-cache-dir --no-binary lxml lxml==5.3.0
CMD ["python", "-c", "from lxml import etree; print(etree.tostring(etree.XML('<a/>')), etree.LIBXML_VERSION)"]
"""),
    "python-pycurl": Image("""\
FROM python:3.11-slim
RUN apt-get update && apt-get install -y gcc libc6-dev libcurl4-openssl-dev libssl-dev python3-dev \\
 && pip install --no-cache-dir --no-binary pycurl pycurl==7.45.3
CMD ["python", "-c", "import pycurl; print(pycurl.version)"]
"""),
    "curl": Image(
        """\
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends curl \\
    && curl -fsS http://deb.debian.org/debian/dists/bookworm/Release -o /Release \\
    && rm -rf /var/lib/apt/lists/*
CMD ["grep", "-c", "Codename: bookworm", "/Release"]
""",
        "curl",
        3,
    ),
}
NAIVE = """\
FROM python:3.11-slim
RUN apt-get update \\
    && apt-get install -y --no-install-recommends gcc libc6-dev libpq-dev python3-dev \\
    && pip install --no-cache-dir --no-binary :all: --no-build-isolation psycopg2==2.9.9 \\
    && apt-get purge -y --auto-remove gcc libc6-dev libpq-dev python3-dev
CMD ["python", "-c", "import psycopg2"]
"""
BASE = """\
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends make libpq-dev && apt-get purge -y libpq-dev
"""
"""An image with a make of its own, and a libpq5 that nothing holds: a careless autoremove takes both."""

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        shutil.which("docker") is None
        or subprocess.run(["docker", "version"], capture_output=True, check=False).returncode != 0,
        reason="no Docker engine answers",
    ),
]


@pytest.fixture(scope="module", autouse=True)
def _cleaned() -> Iterator[None]:
    yield
    command = ["docker", "images", "-q", "--filter", f"reference={PREFIX}*"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    if listed:
        subprocess.run(["docker", "rmi", "-f", *set(listed)], capture_output=True, check=False)


def build(directory: Path, text: str, name: str) -> str:
    """Build a Dockerfile in a directory with the files of this test; the tag of the image."""
    (directory / "Dockerfile").write_text(text)
    tag = f"{PREFIX}-{name}"
    command = ["docker", "build", "--network=host", "-t", tag, str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return tag


def execute(tag: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run an image as it wants to be, or a command in it."""
    entry = ["--entrypoint", command[0]] if command else []
    given = ["docker", "run", "--rm", *entry, tag, *command[1:]]
    return subprocess.run(given, capture_output=True, text=True, check=False)


def size(tag: str) -> int:
    """Bytes of an image."""
    command = ["docker", "image", "inspect", "-f", "{{.Size}}", tag]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def slimmed(directory: Path, text: str) -> tuple[str, int]:
    """What slimfix makes of it: RUNs merged, build packages removed; and the bytes that it says are saved."""
    rules = [rule for rule in all_rules() if rule.name in ("merge-runs", "build-deps-apt")]
    result = rewrite(text, rules, Reader(context=BuildContext.local(directory)), Safety.ASSUMED)
    made = [step.fix for step in result.steps if step.rule.name == "build-deps-apt"]
    assert made, result.skipped
    return result.after, sum(fix.saving.bytes for fix in made if fix.saving)


def compared(directory: Path, name: str, image: Image) -> str:
    """Build before and after, and compare them; the rewritten text."""
    shutil.copytree(FILES, directory, dirs_exist_ok=True)
    (directory / "Dockerfile").write_text(image.text)
    after, expected = slimmed(directory, image.text)
    first = build(directory, image.text, name)
    second = build(directory, after, f"{name}-slim")
    old, new = execute(first), execute(second)
    assert old.returncode == 0, old.stderr
    assert (new.returncode, new.stdout) == (0, old.stdout), new.stderr
    assert execute(first, "sh", "-c", f"command -v {image.gone}").returncode == 0
    assert execute(second, "sh", "-c", f"command -v {image.gone}").returncode != 0
    linked = execute(
        second,
        "sh",
        "-c",
        "find /usr/local /var/lib/gems /usr/lib/php /app -type f 2>/dev/null"
        " | grep -E '[.]so|[.]node$|/bin/' | xargs -r ldd 2>/dev/null",
    ).stdout
    assert "not found" not in linked
    before, now = size(first), size(second)
    told = f"{before / MB:.0f} MB before, {now / MB:.0f} MB after, {expected / MB:.0f} MB less expected"
    print(f"{name}: {told}: {old.stdout.strip()}", flush=True)
    assert before - now > image.less * MB
    assert (before - now) / 1.5 < expected < (before - now) * 1.5
    return after


@pytest.mark.parametrize("name", QUICK)
def test_runs_as_before(name: str, tmp_path: Path) -> None:
    compared(tmp_path, name, QUICK[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_runs_as_before_slow(name: str, tmp_path: Path) -> None:
    if "base" in name:
        build(tmp_path, BASE, "base")
    after = compared(tmp_path, name, SLOW[name])
    if "base" in name:
        assert "dpkg-query" in after
        assert execute(f"{PREFIX}-{name}-slim", "dpkg", "-s", "libpq5").returncode == 0
        assert execute(f"{PREFIX}-{name}-slim", "make", "-v").returncode == 0


def test_the_careless_removal_breaks_it(tmp_path: Path) -> None:
    """Without the library by name the same program fails, so the tests above can fail too."""
    found = execute(build(tmp_path, NAIVE, "naive"))
    assert found.returncode != 0
    assert re.search(r"libpq\.so\.5", found.stderr)
