"""Builds before and after manifest-first: the same files in the end, and after an edit no second install.

Any engine that answers will do (``DOCKER_HOST``). It must have the base images below or be able to get them,
and reach Debian's mirror, PyPI and the npm registry. What would come from other registries lies in the image.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from slimfix.context import BuildContext
from slimfix.engine import Reader, rewrite
from slimfix.fix import Safety
from slimfix.rules import select

pytestmark = [pytest.mark.engine, pytest.mark.slow]
RULE = select(["manifest-first"])
TIME = 1_700_000_000
"""When every file of a project was changed; some installers write that down."""
OURS = "slimfix-manifests"
"""The name of every image that is made here, before its tag."""
APT = "RUN apt-get update && apt-get install -y --no-install-recommends"
MS = "sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA=="

VARIES = re.compile(
    r"proc/|sys/|dev/|tmp/|run/|var/(log|lib/dpkg|cache)/|etc/(hosts|hostname|resolv\.conf)$"
    r"|root/\.(npm|cache|bundle/cache|cargo|config|local/share/(uv|pnpm)|local/state/pnpm)|.*\.pyc$"
    r"|.*/uv_cache\.json$|.*/app-1\.dist-info/RECORD$"  # uv notes when pyproject.toml was laid out
    r"|.*/node_modules/(\.modules\.yaml|\.pnpm-workspace-state.*\.json|\.cache/)"
    r"|.*/target/|usr/local/share/\.cache|.*/(mkmf|gem_make)\.(log|out)$|\.dockerenv$"
)
"""What differs between two builds of the same file: caches, logs, and files with times in them."""


class Trial(NamedTuple):
    """A project and what a build of it takes."""

    base: str
    """The lines that make the image to build on."""
    dockerfile: str
    """What follows ``FROM`` that image."""
    files: dict[str, str | bytes]
    edit: str
    """The source file that is edited before the second build."""
    install: str
    """The beginning of the RUN that must not run again."""
    check: str
    """A command that shows in the container that the project works."""
    extra: dict[str, bytes] = {}  # noqa: RUF012 - of an immutable record
    """Files for the image to build on."""


def zipped(files: dict[str, str]) -> bytes:
    """A zip archive of some texts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


def go_proxy() -> dict[str, bytes]:
    """A proxy for Go modules that holds one."""
    place, version = "proxy/example.org/lib/@v/", "v1.0.0"
    module = "module example.org/lib\n"
    source = {"go.mod": module, "lib.go": 'package lib\n\nfunc Word() string { return "word" }\n'}
    return {
        place + "list": version.encode(),
        place + f"{version}.info": json.dumps({"Version": version}).encode(),
        place + f"{version}.mod": module.encode(),
        place + f"{version}.zip": zipped({f"example.org/lib@{version}/{n}": t for n, t in source.items()}),
    }


def crates() -> dict[str, bytes]:
    """A directory that stands in for crates.io, and the setting that makes it so."""
    files = {
        "Cargo.toml": '[package]\nname = "word"\nversion = "1.0.0"\n[lib]\npath = "lib.rs"\n',
        "lib.rs": 'pub fn word() -> &\'static str { "word" }\n',
    }
    sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    held = {f"crates/word/{name}": text.encode() for name, text in files.items()}
    held["crates/word/.cargo-checksum.json"] = json.dumps({"files": sums, "package": "0" * 64}).encode()
    settings = '[source.crates-io]\nreplace-with = "own"\n[source.own]\ndirectory = "/crates"\n'
    return {**held, "cargo.toml": settings.encode()}


DEBIAN = "FROM debian:bookworm-slim\n"
PYTHON = "FROM python:3.11-slim\n"
NODE = "FROM node:18-slim\nENV NO_UPDATE_NOTIFIER=1\n"
GEMSPEC = """\
Gem::Specification.new do |s|
  s.name, s.version, s.summary, s.authors, s.files = "word", "1.0.0", "word", ["us"], ["lib/word.rb"]
end
"""

TRIALS = {
    "pip": Trial(
        PYTHON,
        "WORKDIR /app\nCOPY . .\nRUN pip install --no-cache-dir -r requirements.txt\n",
        {
            "requirements.txt": "-r more.txt\nflask==3.0.3\n",
            "more.txt": "requests==2.32.3\n",
            "app.py": "import flask, requests\n",
        },
        "app.py",
        "RUN pip install",
        "python app.py",
    ),
    "poetry": Trial(
        PYTHON + "RUN pip install --no-cache-dir poetry==1.8.5 && poetry config virtualenvs.create false\n",
        "WORKDIR /srv/app\nCOPY . .\nRUN poetry install --only main && python -m app\n",
        {
            "pyproject.toml": '[tool.poetry]\nname = "app"\nversion = "1"\ndescription = ""\nauthors = []\n'
            '[[tool.poetry.source]]\nname = "simple"\nurl = "https://pypi.org/simple/"\n'
            '[tool.poetry.dependencies]\npython = "^3.11"\nclick = "8.1.7"\n[build-system]\n'
            'requires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n',
            "app/__init__.py": "",
            "app/__main__.py": "import click\n",
        },
        "app/__main__.py",
        "RUN poetry install --no-root",
        "python -m app",
    ),
    "uv": Trial(
        PYTHON + "RUN pip install --no-cache-dir uv==0.5.31\nENV UV_PYTHON_DOWNLOADS=never\n",
        "COPY . /app\nWORKDIR /app\nRUN uv sync\n",
        {
            "pyproject.toml": '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\n'
            'dependencies = ["click==8.1.7"]\n'
            '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
            "app/__init__.py": "import click\n",
            ".dockerignore": ".venv\n",
        },
        "app/__init__.py",
        "RUN uv sync --no-install-project",
        ".venv/bin/python -c 'import app'",
    ),
    "npm": Trial(
        NODE,
        "WORKDIR /app\nCOPY . .\nRUN npm ci && node build.js\n",
        {
            "package.json": '{"dependencies": {"ms": "2.1.3"}}',
            "package-lock.json": json.dumps(
                {
                    "lockfileVersion": 3,
                    "packages": {
                        "": {"dependencies": {"ms": "2.1.3"}},
                        "node_modules/ms": {
                            "version": "2.1.3",
                            "resolved": "https://registry.npmjs.org/ms/-/ms-2.1.3.tgz",
                            "integrity": MS,
                        },
                    },
                }
            ),
            "build.js": "require('fs').writeFileSync('built', require('ms')('1s') + '')\n",
            ".dockerignore": "node_modules\n",
        },
        "build.js",
        "RUN npm ci",
        "cat built",
    ),
    "npm with patches": Trial(
        NODE,
        "WORKDIR /app\nCOPY --chown=1000:1000 . .\nRUN npm install\n",
        {
            "package.json": '{"dependencies": {"ms": "2.1.3", "patch-package": "8.0.0"},'
            ' "scripts": {"postinstall": "patch-package"}}',
            "patches/ms+2.1.3.patch": "diff --git a/node_modules/ms/license.md b/node_modules/ms/license.md\n"
            "--- a/node_modules/ms/license.md\n+++ b/node_modules/ms/license.md\n"
            "@@ -1,3 +1,3 @@\n-The MIT License (MIT)\n+The MIT license, patched\n \n"
            " Copyright (c) 2020 Vercel, Inc.\n",
            "index.js": "x\n",
        },
        "index.js",
        "RUN npm install",
        "grep -q patched node_modules/ms/license.md",
    ),
    "npm workspaces": Trial(
        NODE,
        "COPY . /repo\nRUN cd /repo && npm install --omit=dev\n",
        {
            "package.json": '{"workspaces": ["packages/*"]}',
            "packages/a/package.json": '{"name": "a", "version": "1.0.0", "dependencies": {"ms": "2.1.3"}}',
            "packages/a/index.js": "module.exports = require('ms')\n",
            "packages/b/package.json": '{"name": "b", "version": "1.0.0", "dependencies": {"a": "^1"}}',
            "packages/b/index.js": "require('a')('1s')\n",
        },
        "packages/b/index.js",
        "RUN cd /repo && npm install",
        "node /repo/packages/b/index.js",
    ),
    "yarn": Trial(
        NODE + "RUN npm install -g yarn@1.22.22\n",
        "WORKDIR /app\nADD . /app\nRUN yarn install --frozen-lockfile\n",
        {
            "package.json": '{"dependencies": {"ms": "2.1.3"}}',
            "yarn.lock": '# yarn lockfile v1\n\n\nms@2.1.3:\n  version "2.1.3"\n'
            f'  resolved "https://registry.npmjs.org/ms/-/ms-2.1.3.tgz"\n  integrity {MS}\n',
            "index.js": "require('ms')\n",
        },
        "index.js",
        "RUN yarn install",
        "node index.js",
    ),
    "pnpm": Trial(
        NODE + "RUN npm install -g pnpm@8.15.9\n",
        "WORKDIR /repo\nCOPY . .\nWORKDIR /repo/apps\nRUN pnpm --dir /repo install\n",
        {
            "package.json": '{"private": true}',
            "pnpm-workspace.yaml": "packages:\n  - 'apps/*'\n  - libs/**\n",
            "apps/web/package.json": '{"name": "web", "dependencies": {"ui": "workspace:*"}}',
            "apps/web/index.js": "require('ui')\n",
            "libs/ui/package.json": '{"name": "ui", "version": "1.0.0", "dependencies": {"ms": "2.1.3"}}',
            "libs/ui/index.js": "require('ms')\n",
        },
        "libs/ui/index.js",
        "RUN pnpm --dir /repo install",
        "node web/index.js",
    ),
    "go": Trial(
        f"{DEBIAN}{APT} golang-go\nCOPY proxy /proxy\n"
        "ENV GOPROXY=file:///proxy GONOSUMDB=* GOFLAGS=-mod=mod GOTOOLCHAIN=local CGO_ENABLED=0\n",
        "WORKDIR /src\nCOPY . .\nRUN go mod download && go build -o /bin/app .\n",
        {
            "go.mod": "module example.org/app\n\ngo 1.19\n\nrequire example.org/lib v1.0.0\n",
            "main.go": 'package main\n\nimport "example.org/lib"\n\nfunc main() { println(lib.Word()) }\n',
        },
        "main.go",
        "RUN go mod download",
        "/bin/app",
        go_proxy(),
    ),
    "cargo": Trial(
        f"{DEBIAN}{APT} cargo\nCOPY crates /crates\nCOPY cargo.toml /root/.cargo/config.toml\n",
        "WORKDIR /src\nCOPY . .\nRUN cargo fetch\nRUN cargo build --offline\n",
        {
            "Cargo.toml": '[package]\nname = "app"\nversion = "1.0.0"\n'
            '[[bin]]\nname = "app"\npath = "src/main.rs"\n[dependencies]\nword = "1"\n',
            "src/main.rs": 'fn main() { println!("{}", word::word()) }\n',
        },
        "src/main.rs",
        "RUN cargo fetch",
        "target/debug/app",
        crates(),
    ),
    "bundler": Trial(
        f"{DEBIAN}{APT} ruby bundler\n"
        "COPY word.gemspec /gem/\nRUN mkdir -p /gem/lib /repo/gems && echo 'WORD = 1' > /gem/lib/word.rb"
        " && cd /gem && gem build word.gemspec && mv word-1.0.0.gem /repo/gems"
        " && gem generate_index -d /repo\n",
        "WORKDIR /app\nCOPY . .\nRUN bundle config set --local path /gems && bundle install\n",
        {"Gemfile": 'source "file:///repo"\n\ngem "word", "~> 1.0"\n', "app.rb": 'require "word"\n'},
        "app.rb",
        "RUN bundle config",
        "bundle exec ruby app.rb",
        {"word.gemspec": GEMSPEC.encode()},
    ),
    "composer": Trial(
        f"{DEBIAN}{APT} composer php-zip\nCOPY artifacts /artifacts\nENV COMPOSER_ALLOW_SUPERUSER=1\n",
        "WORKDIR /app\nCOPY . .\nRUN composer install --no-interaction --optimize-autoloader\n",
        {
            "composer.json": json.dumps(
                {
                    "repositories": [{"type": "artifact", "url": "/artifacts"}, {"packagist.org": False}],
                    "require": {"us/word": "1.0.0"},
                    # Without a lock file Composer makes up this suffix at each build.
                    "config": {"autoloader-suffix": "Own"},
                    "autoload": {"psr-4": {"App\\": "src/"}},
                    "scripts": {"post-autoload-dump": ["test -f src/App.php"]},
                }
            ),
            "src/App.php": "<?php\nnamespace App;\nclass App {}\n",
            ".dockerignore": "vendor\n",
        },
        "src/App.php",
        "RUN composer install --no-autoloader",
        "php -r 'require \"vendor/autoload.php\"; new App\\App; new Us\\Word;'"
        " && grep -q src/App.php vendor/composer/autoload_classmap.php",
        {
            "artifacts/us-word-1.0.0.zip": zipped(
                {
                    "composer.json": '{"name": "us/word", "version": "1.0.0",'
                    ' "autoload": {"psr-4": {"Us\\\\": ""}}}',
                    "Word.php": "<?php\nnamespace Us;\nclass Word {}\n",
                }
            )
        },
    ),
}


@cache
def docker() -> str | None:
    """The client, if an engine answers it."""
    program = shutil.which("docker")
    if program is None or subprocess.run([program, "info"], capture_output=True).returncode:
        return None
    return program


@cache
def buildkit_client() -> str | None:
    """A client that can build with BuildKit: the one of :func:`docker`, or another that is there."""
    for program in dict.fromkeys([docker(), shutil.which("docker", path="/usr/bin:/usr/local/bin")]):
        if program is not None:
            done = subprocess.run(
                [program, "build", "-q", "-"],
                input=b"FROM scratch\nLABEL a=b\n",
                capture_output=True,
                env={**os.environ, "DOCKER_BUILDKIT": "1"},
            )
            if done.returncode == 0:
                return program
    return None


class Built(NamedTuple):
    """How a build went."""

    tag: str
    log: str
    seconds: float

    def cached(self, line: str) -> bool:
        """Whether the step that begins so was taken from the cache."""
        match = re.search(rf"^Step \d+/\d+ : {re.escape(line)}.*\n(.*)$", self.log, re.MULTILINE)
        assert match is not None, (line, self.log)
        return "Using cache" in match[1]


def lay(directory: Path, files: dict[str, str | bytes]) -> None:
    for name, held in files.items():
        place = directory / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(held.encode() if isinstance(held, str) else held)
        os.utime(place, (TIME, TIME))


def build(directory: Path, tag: str, buildkit: str = "0") -> Built:
    """Build a directory; a failure shows the end of the log."""
    begun = time.monotonic()
    done = subprocess.run(
        [
            *[(buildkit_client() if buildkit == "1" else docker()) or "", "build", "--network=host"],
            *["-t", f"{OURS}:{tag}", str(directory)],
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "DOCKER_BUILDKIT": buildkit},
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return Built(f"{OURS}:{tag}", done.stdout, time.monotonic() - begun)


def tree(tag: str) -> dict[str, tuple[object, ...]]:
    """Every file of an image with all but its times."""
    made = subprocess.run([docker() or "", "create", tag, "x"], capture_output=True, text=True, check=True)
    container = made.stdout.strip()
    found: dict[str, tuple[object, ...]] = {}
    try:
        with (
            subprocess.Popen([docker() or "", "export", container], stdout=subprocess.PIPE) as process,
            tarfile.open(fileobj=process.stdout, mode="r|") as archive,
        ):
            for member in archive:
                if VARIES.match(member.name):
                    continue
                held = archive.extractfile(member) if member.isreg() else None
                digest = hashlib.sha1(held.read()).hexdigest() if held else ""
                found[member.name] = (
                    member.type,
                    oct(member.mode & 0o7777),
                    member.uid,
                    member.gid,
                    member.linkname,
                    digest,
                )
    finally:
        subprocess.run([docker() or "", "rm", container], capture_output=True)
    return found


def remove(*tags: str) -> None:
    subprocess.run([docker() or "", "rmi", "-f", *tags], capture_output=True)


@pytest.fixture(autouse=True)
def engine() -> Iterator[None]:
    if docker() is None:
        pytest.skip("no engine answers")
    yield


@pytest.mark.parametrize("name", TRIALS)
def test_builds(name: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    trial = TRIALS[name]
    tag = re.sub(r"\W", "-", name)
    lay(tmp_path / "base", {"Dockerfile": trial.base, **trial.extra})
    build(tmp_path / "base", f"{tag}-base")
    # A line of its own makes the first builds real ones, whatever an earlier run has left.
    text = f"FROM {OURS}:{tag}-base\nENV RUN_OF_TEST={uuid.uuid4()}\n{trial.dockerfile}"
    result = rewrite(text, RULE, Reader(context=BuildContext.of(trial.files)), Safety.UNSAFE)
    assert result.changed, [skip.reason for skip in result.skipped]
    tags = [f"{tag}-before", f"{tag}-after"]
    first, second = [], []
    try:
        for which, dockerfile in zip(tags, (result.before, result.after)):
            lay(
                tmp_path / which,
                {
                    **trial.files,
                    "Dockerfile": dockerfile,
                    ".dockerignore": "Dockerfile\n" + str(trial.files.get(".dockerignore", "")),
                },
            )
            first.append(build(tmp_path / which, which))
        assert not any(built.cached(trial.install.partition(" --no-")[0]) for built in first)
        trees = [tree(built.tag) for built in first]
        different = {p for p in trees[0].keys() | trees[1].keys() if trees[0].get(p) != trees[1].get(p)}
        assert not different, [(p, trees[0].get(p), trees[1].get(p)) for p in sorted(different)[:10]]
        for built in first:
            done = subprocess.run(
                [docker() or "", "run", "--rm", built.tag, "sh", "-c", trial.check],
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stdout + done.stderr
        for which in tags:
            place = tmp_path / which / trial.edit
            place.write_text(place.read_text() + "\n")
            second.append(build(tmp_path / which, which))
        assert not second[0].cached(trial.install.partition(" --no-")[0])
        assert second[1].cached(trial.install)
        record_property("rebuild", f"{second[0].seconds:.1f} s before, {second[1].seconds:.1f} s after")
        print(f"{name}: rebuild {second[0].seconds:.1f} s before, {second[1].seconds:.1f} s after")
    finally:
        remove(*(built.tag for built in (*first, *second)), f"{OURS}:{tag}-base")


@pytest.mark.parametrize("buildkit", ["0", "1"])
@pytest.mark.parametrize("dest", ["/made", "/made/", "."])
def test_directories_that_the_copy_makes(dest: str, buildkit: str, tmp_path: Path) -> None:
    """Owner and mode of directories are those of the whole tree, also where manifests come first."""
    files: dict[str, str | bytes] = {
        "package.json": '{"workspaces": ["pack/*"]}',
        "pack/a/package.json": '{"name": "a"}',
        "pack/a/index.js": "",
        "deep/er/x": "",
    }
    work = "WORKDIR /made\n" if dest == "." else ""
    text = (
        f"FROM node:18-slim\n{work}COPY --chown=1000:1000 . {dest}\n"
        "RUN cd /made && npm install --ignore-scripts\n"
    )
    result = rewrite(text, RULE, Reader(context=BuildContext.of(files)), Safety.UNSAFE)
    assert result.changed
    found = []
    tags = []
    try:
        for which, dockerfile in (("one", result.before), ("two", result.after)):
            lay(
                tmp_path / which,
                {**files, "Dockerfile": dockerfile, ".dockerignore": "Dockerfile\n.dockerignore\n"},
            )
            for name in ("pack/a", "deep/er"):
                (tmp_path / which / name).chmod(0o770)
            if buildkit == "1" and buildkit_client() is None:
                pytest.skip("no client here can build with BuildKit")
            built = build(tmp_path / which, f"made-{which}", buildkit)
            tags.append(built.tag)
            found.append({p: v for p, v in tree(built.tag).items() if p.startswith("made")})
        assert found[0] == found[1]
        assert found[0]["made/deep/er"][1:4] == ("0o770", 1000, 1000)
    finally:
        remove(*tags)
