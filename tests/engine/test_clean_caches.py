"""Every clean-up run for real: a build as it was leaves the cache in the image, the rewritten one does not.

Any engine that answers will do (``DOCKER_HOST``). It must have the base images below or be able to get them,
and reach Debian's mirror, PyPI and the npm registry; what comes from elsewhere lies beside the Dockerfile.
Managers with an image of their own are played by the program that Debian packages.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from slimfix.engine import Reader, rewrite
from slimfix.fix import Safety
from slimfix.rules import select

pytestmark = [pytest.mark.engine, pytest.mark.slow]
RULES = select(["apk-no-cache", "pip-no-cache-dir", "package-cache", "package-lists"])
DEBIAN = "debian:bookworm-slim"
OURS = "slimfix-clean"
"""The name before the slash of every image that is made here."""


def zipped(files: dict[str, str]) -> bytes:
    """A zip archive of some texts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def tarred(files: dict[str, str]) -> bytes:
    """A compressed tar archive of some texts."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def go_proxy() -> dict[str, bytes]:
    """A Go module proxy that holds one program."""
    module, version = "example.com/hello", "v1.0.0"
    main = 'package main\n\nfunc main() { println("hello") }\n'
    source = {"go.mod": f"module {module}\n", "main.go": main}
    place = f"proxy/{module}/@v/"
    return {
        place + "list": version.encode(),
        place + f"{version}.info": json.dumps({"Version": version}).encode(),
        place + f"{version}.mod": source["go.mod"].encode(),
        place + f"{version}.zip": zipped({f"{module}@{version}/{n}": t for n, t in source.items()}),
    }


def crate() -> dict[str, bytes]:
    """A program, and a registry with the one library that it needs."""
    lib = {
        "Cargo.toml": '[package]\nname = "hellolib"\nversion = "0.1.0"\nedition = "2021"\n',
        "src/lib.rs": "",
    }
    data = tarred({f"hellolib-0.1.0/{name}": text for name, text in lib.items()})
    entry = {"name": "hellolib", "vers": "0.1.0", "deps": [], "features": {}, "yanked": False}
    entry["cksum"] = hashlib.sha256(data).hexdigest()
    config = '[source.crates-io]\nreplace-with = "here"\n[source.here]\nlocal-registry = "/src/registry"\n'
    manifest = (
        '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nhellolib = "0.1"\n'
    )
    return {
        "registry/hellolib-0.1.0.crate": data,
        "registry/index/he/ll/hellolib": json.dumps(entry).encode(),
        ".cargo/config.toml": config.encode(),
        "Cargo.toml": manifest.encode(),
        "src/main.rs": b'fn main() { println!("hello"); }\n',
    }


def composer() -> dict[str, bytes]:
    """A project, and the archive of the package that it requires."""
    package = {"name": "hello/hello", "version": "1.0.0"}
    dist = {"type": "zip", "url": "file:///src/hello.zip", "reference": "a" * 40}
    repository = {"type": "package", "package": {**package, "dist": dist}}
    project = {
        "name": "a/a",
        "require": {"hello/hello": "1.0.0"},
        "repositories": [repository, {"packagist.org": False}],
    }
    return {
        "hello.zip": zipped({"hello/hello.php": "<?php\n", "hello/composer.json": json.dumps(package)}),
        "composer.json": json.dumps(project).encode(),
    }


GEMSPEC = """Gem::Specification.new do |s|
  s.name, s.version, s.summary, s.authors, s.files = "hello", "1.0", "Says it", ["A"], ["hello.gemspec"]
end
"""
SPEC = """Gem::Specification.new do |s|
  s.name, s.version, s.summary, s.authors, s.files = "hello", "1.0", "Says it", ["A"], ["hello.gemspec"]
end
"""
PROJECT = '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["six==1.16.0"]\n'
SPEC = """Name: hello
Version: 1
Release: 1
Summary: Says it
License: GPL
BuildArch: noarch
%description
Says it.
%files
"""
RPM = "rpmbuild -bb hello.spec && createrepo_c /root/rpmbuild/RPMS"


class Case(NamedTuple):
    """One manager, called as people call it."""

    name: str
    text: str
    cache: str
    """Where it leaves something, as words for a shell."""
    proof: str
    """A command that tells that what was installed is there."""
    files: Mapping[str, bytes] = {}
    base: str = ""
    """The stand-in that it is FROM: an image's name and tag..."""
    packages: str = ""
    """...and what Debian calls the program."""


CASES = [
    Case("apk", "FROM alpine:3.23\nRUN apk update && apk add curl\n", "/var/cache/apk", "curl -V"),
    Case(
        "apt",
        f"FROM {DEBIAN}\nRUN apt-get update && apt-get install -y --no-install-recommends hello\n",
        "/var/lib/apt/lists",
        "hello",
    ),
    Case(
        "apt, under set -e",
        f"FROM {DEBIAN}\nRUN set -eux; \\\n\tapt-get update; \\\n\tapt-get install -y hello\n",
        "/var/lib/apt/lists",
        "hello",
    ),
    Case("pip", "FROM python:3.11-slim\nRUN pip install six\n", "/root/.cache/pip", "python -c 'import six'"),
    Case(
        "uv",
        "FROM python:3.11-slim\nRUN pip install --no-cache-dir uv\nRUN uv pip install --system six\n",
        "/root/.cache/uv",
        "python -c 'import six'",
    ),
    Case(
        "npm",
        "FROM node:18-slim\nWORKDIR /src\nRUN npm install is-odd\n",
        "/root/.npm/_cacache",
        "node -e 'require(\"is-odd\")'",
    ),
    Case(
        "npm, another user's",
        "FROM node:18-slim\nRUN useradd -m app\nUSER app\nWORKDIR /home/app\nRUN npm install is-odd\n",
        "/home/app/.npm/_cacache",
        "node -e 'require(\"is-odd\")'",
    ),
    Case(
        "yarn",
        "FROM node:18-slim\nRUN npm install -g yarn@1.22.22 && npm cache clean --force\nWORKDIR /src\n"
        "RUN yarn add is-odd\n",
        "/usr/local/share/.cache/yarn/v6/npm-* /root/.cache/yarn/v6/npm-*",
        "node -e 'require(\"is-odd\")'",
    ),
    Case(
        "pnpm",
        "FROM node:18-slim\nRUN npm install -g pnpm@9 && npm cache clean --force\nWORKDIR /src\n"
        "RUN pnpm add is-odd\n",
        "/root/.cache/pnpm",
        "node -e 'require(\"is-odd\")'",
    ),
    Case(
        "gem",
        f"FROM {OURS}/ruby:3.1\nUSER root\nWORKDIR /src\nCOPY . .\n"
        "RUN gem build hello.gemspec && gem install hello-1.0.gem\n",
        "/var/lib/gems/*/cache",
        "gem list -i hello",
        {"hello.gemspec": GEMSPEC.encode()},
        "ruby:3.1",
        "ruby bundler",
    ),
    Case(
        "composer",
        f"FROM {OURS}/php:8.2\nWORKDIR /src\nCOPY . .\nENV COMPOSER_ALLOW_SUPERUSER=1\n"
        "RUN composer install\n",
        "/root/.cache/composer/files/hello /root/.composer/cache/files/hello",
        "test -f /src/vendor/hello/hello/hello.php",
        composer(),
        "php:8.2",
        "composer unzip",
    ),
    Case(
        "go",
        f"FROM {OURS}/golang:1.19\nCOPY proxy /proxy\nENV GOPROXY=file:///proxy GOSUMDB=off\n"
        "RUN go install example.com/hello@v1.0.0\n",
        "/root/.cache/go-build/?? /root/go/pkg/mod",
        "/root/go/bin/hello",
        go_proxy(),
        "golang:1.19",
        "golang-go",
    ),
    Case(
        "cargo",
        f"FROM {OURS}/rust:1.63\nWORKDIR /src\nCOPY . .\nRUN cargo build --release\n",
        "/root/.cargo/registry",
        "/src/target/release/app",
        crate(),
        "rust:1.63",
        "cargo",
    ),
    Case(
        "dnf",
        f"FROM {OURS}/fedora:12\nWORKDIR /src\nCOPY . .\nRUN {RPM}\n"
        "COPY here.repo /etc/yum.repos.d/\nRUN dnf makecache\n",
        "/var/cache/dnf ! -name expired_repos.json",  # two bytes, which `dnf clean all` itself writes
        "rpm --version",
        {
            "hello.spec": SPEC.encode(),
            "here.repo": b"[here]\nname=here\nbaseurl=file:///root/rpmbuild/RPMS\ngpgcheck=0\n",
        },
        "fedora:12",
        "dnf rpm createrepo-c",
    ),
    Case(
        "zypper",
        f"FROM {OURS}/leap:12\nWORKDIR /src\nCOPY . .\nRUN {RPM}\n"
        "RUN zypper -n addrepo -G /root/rpmbuild/RPMS here\nRUN zypper -n refresh\n",
        "/var/cache/zypp/raw /var/cache/zypp/solv/here",
        "rpm --version",
        {"hello.spec": SPEC.encode()},
        "leap:12",
        "zypper rpm createrepo-c",
    ),
]


@cache
def client(buildkit: bool) -> str | None:
    """A client that answers; for BuildKit one that can ask for it."""
    environment = {**os.environ, "DOCKER_BUILDKIT": str(int(buildkit))}
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which("docker", path=directory)
        tried = [[found, "version"], [found, "build", "--help"]] if found else [["false"]]
        if not any(
            subprocess.run([*map(str, words)], env=environment, capture_output=True, timeout=120).returncode
            for words in tried
        ):
            return found
    return None


def docker(buildkit: bool = False) -> str:
    """A client that answers, or the test is skipped."""
    found = client(buildkit)
    if found is None:
        pytest.skip("no Docker engine answers")
    return found


def build(place: Path, text: str, tag: str, buildkit: bool = False) -> None:
    """Build an image of *text*, with the files in *place*."""
    environment = {**os.environ, "DOCKER_BUILDKIT": str(int(buildkit))}
    (place / "Dockerfile").write_text(text)
    (place / ".dockerignore").write_text("Dockerfile\n.dockerignore\n")
    words = [docker(buildkit), "build", "--network=host", "-t", tag, str(place)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def within(tag: str, script: str) -> str:
    """What a shell prints in a container."""
    words = [docker(), "run", "--rm", "--network=none", "--entrypoint", "sh", tag, "-c", script]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def tags() -> Iterator[list[str]]:
    """Tags to use, whose images go at the end; those of the stand-ins stay for the next run."""
    made = [f"{OURS}/{name}-{os.getpid()}" for name in ("before", "after")]
    yield made
    subprocess.run([docker(), "rmi", "-f", *made], capture_output=True, timeout=120)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name))
def test_the_cache_is_gone(case: Case, tmp_path: Path, tags: list[str]) -> None:
    docker()
    if case.base:
        install = f"apt-get install -y --no-install-recommends {case.packages}"
        text = f"FROM {DEBIAN}\nRUN apt-get update && {install} && rm -rf /var/lib/apt/lists/*\n"
        (tmp_path / "base").mkdir()
        build(tmp_path / "base", text, f"{OURS}/{case.base}")
    place = tmp_path / "files"
    place.mkdir()
    for name, data in case.files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    result = rewrite(case.text, RULES, Reader(), Safety.ASSUMED)
    assert result.changed
    count = f"find {case.cache} -type f 2>/dev/null | wc -l"
    for tag, text in zip(tags, (result.before, result.after)):
        build(place, text, tag)
    left = [int(within(tag, count)) for tag in tags]
    assert left[0] > 0, "nothing to clean: the case shows nothing"
    assert left[1] == 0, within(tags[1], f"find {case.cache} -type f | head")
    within(tags[1], case.proof)


@pytest.mark.parametrize("name", ["apk", "apt", "pip", "npm"])
def test_the_cache_is_on_a_mount(name: str, tmp_path: Path, tags: list[str]) -> None:
    docker(buildkit=True)
    case = next(case for case in CASES if case.name == name)
    result = rewrite(case.text, RULES, Reader(options={"cache-style": "mount"}), Safety.SAFE)
    assert "--mount=type=cache" in result.after
    build(tmp_path, result.after, tags[1], buildkit=True)
    assert int(within(tags[1], f"find {case.cache} -type f 2>/dev/null | wc -l")) == 0
    within(tags[1], case.proof)
