"""What the rules for APT, archives and ownership claim, seen in builds by a real engine.

Any engine that answers will do (``DOCKER_HOST``). It must have ``debian:bookworm-slim`` or be able to get
it, and reach Debian's mirror; builds use the host's network.
"""

from __future__ import annotations

import io
import itertools
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from slimfix.context import BuildContext
from slimfix.engine import Reader, rewrite
from slimfix.fix import Safety
from slimfix.knowledge import apt
from slimfix.rules import select

pytestmark = [pytest.mark.engine, pytest.mark.slow]
BASE = "debian:bookworm-slim"


@cache
def client(buildkit: bool) -> str | None:
    """A docker client that answers; for BuildKit one that can ask for it."""
    environment = {**os.environ, "DOCKER_BUILDKIT": str(int(buildkit))}
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which("docker", path=directory)
        if found is None:
            continue
        for words in (["version"], ["build", "--help"]):
            done = subprocess.run([found, *words], env=environment, capture_output=True, timeout=60)
            if done.returncode:
                break
        else:
            return found
    return None


Build = Callable[..., str]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    """Builds an image of a Dockerfile and some files; gives its tag. The images go at the end."""
    made: list[str] = []
    numbers = itertools.count()

    def run(text: str, files: dict[str, str] | None = None, buildkit: bool = False) -> str:
        docker = client(buildkit)
        if docker is None:
            pytest.skip("no Docker engine answers")
        number = next(numbers)
        place = tmp_path / f"build{number}"
        place.mkdir()
        (place / "Dockerfile").write_text(text)
        for name, content in (files or {}).items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(content)
        links = place / "tree"
        if links.is_dir():
            (links / "dangling").symlink_to("/nowhere")
            (links / "sub" / "up").symlink_to("../a")
            (links / "sub" / "b").chmod(0o640)
            (links / "sub").chmod(0o2775)
        tag = f"slimfix-apt-extra:{os.getpid()}-{number}"
        done = subprocess.run(
            [docker, "build", "--network=host", "--no-cache", "-t", tag, str(place)],
            env={**os.environ, "DOCKER_BUILDKIT": str(int(buildkit))},
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        made.append(tag)
        return tag

    yield run
    docker = client(False)
    if made and docker:
        subprocess.run([docker, "image", "rm", "-f", *made], capture_output=True, timeout=120)


def output(tag: str, *words: str) -> str:
    """What a command in a container of an image prints."""
    docker = client(False)
    assert docker is not None
    command = [docker, "run", "--rm", "--network=host", tag, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=900).stdout


def tree(tag: str) -> dict[str, tuple[object, ...]]:
    """Every path of an image with kind, owner, group, mode, size and link target."""
    docker = client(False)
    assert docker is not None
    made = subprocess.run([docker, "create", tag], check=True, capture_output=True, text=True).stdout.strip()
    try:
        data = subprocess.run([docker, "export", made], check=True, capture_output=True).stdout
    finally:
        subprocess.run([docker, "rm", made], check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {m.name: (m.type, m.uid, m.gid, m.mode, m.size, m.linkname) for m in archive}


def size(tag: str) -> int:
    """The bytes that the layers of an image take."""
    docker = client(False)
    assert docker is not None
    found = subprocess.run(
        [docker, "image", "inspect", "-f", "{{.Size}}", tag], check=True, capture_output=True, text=True
    )
    return int(found.stdout)


def rewritten(text: str, rule: str, allowed: Safety, files: dict[str, str] | None = None) -> str:
    """What one rule makes of a Dockerfile; it must make something."""
    after = rewrite(text, select([rule]), Reader(context=BuildContext.of(files or {})), allowed).after
    assert after != text
    return after


SAMPLE = (
    "ca-certificates unzip xz-utils jq tzdata locales netcat-openbsd openssl sudo less rsync pkg-config tini "
    "libgl1 libgomp1 file patch bzip2 strace tree redis-tools libnss3 libmagic1 make expect "
    "dumb-init gosu zip wget publicsuffix iputils-ping libpam-cap libssl-dev libffi-dev"
)


def test_same_packages_without_recommends(build: Build) -> None:
    """Thirty-odd packages that are said to bring nothing by recommendation."""
    names = SAMPLE.split()
    before = f"FROM {BASE}\nRUN apt-get update && apt-get install -y {' '.join(names)}\n"
    after = rewritten(before, "no-install-recommends", Safety.SAFE)
    assert "--no-install-recommends" in after
    one, two = (output(build(text), "dpkg-query", "-W") for text in (before, after))
    assert one == two
    assert all(re.search(rf"^{re.escape(name)}[:\t]", one, re.MULTILINE) for name in names)


def test_a_package_that_is_not_listed_brings_more(build: Build) -> None:
    """The other side: the test above would see a difference if there was one."""
    before = f"FROM {BASE}\nRUN apt-get update && apt-get install -y curl\n"
    assert rewrite(before, select(["no-install-recommends"])).after == before
    after = rewritten(before, "no-install-recommends", Safety.UNSAFE)
    one, two = (set(output(build(text), "dpkg-query", "-W").split("\n")) for text in (before, after))
    assert two < one
    assert any(line.startswith("ca-certificates") for line in one - two)


def test_apt_itself_agrees_for_packages_all_over_the_table(build: Build) -> None:
    """APT's own simulation, package by package, for every so-manieth of the table."""
    listed = sorted(name for name in apt.listed() if apt.brings_nothing([name], ["bookworm"]))
    names = listed[:: len(listed) // 40]
    tag = build(f"FROM {BASE}\nRUN apt-get update\n")
    script = (  # with APT's own cache, which the image does not keep between calls
        "g='apt-get -s -o Dir::Cache::pkgcache=p.bin -o Dir::Cache::srcpkgcache=s.bin install'; "
        'for p; do a=$($g "$p" | grep ^Inst | sort | md5sum); '
        'b=$($g --no-install-recommends "$p" | grep ^Inst | sort | md5sum); '
        '[ "$a" = "$b" ] && echo "same $p" || echo "other $p"; done'
    )
    found = output(tag, "sh", "-c", script, "sh", *names).splitlines()
    assert [line for line in found if not line.startswith("same ")] == []
    assert len(found) == len(names) >= 40


def test_apt_get_does_what_apt_did(build: Build) -> None:
    before = (
        f"FROM {BASE}\nRUN apt update && apt install -y tree && apt remove -y tree && apt install -y jq\n"
    )
    after = rewritten(before, "apt-get", Safety.ASSUMED)
    assert "apt " not in after
    one, two = (
        output(build(text), "sh", "-c", "dpkg-query -W; ls /var/cache/apt/archives")
        for text in (before, after)
    )
    assert one == two


def test_a_question_stops_a_build(build: Build) -> None:
    """Without -y a build fails as soon as something comes along; with it, it does not."""
    before = f"FROM {BASE}\nRUN apt-get update && apt-get install jq\n"
    with pytest.raises(AssertionError, match=r"Abort|returned a non-zero code"):
        build(before)
    build(rewritten(before, "apt-get", Safety.ASSUMED))


@pytest.mark.parametrize("buildkit", [False, True], ids=["classic", "buildkit"])
def test_archive_is_gone_and_nothing_else(build: Build, buildkit: bool) -> None:
    """A package file and an archive, fetched from Debian's mirror."""
    before = f"""\
FROM {BASE}
RUN apt-get update && apt-get install -y --no-install-recommends curl wget ca-certificates
WORKDIR /work
RUN curl -fsSLO http://deb.debian.org/debian/pool/main/h/hello/hello_2.10.orig.tar.gz && \\
    tar xzf hello_2.10.orig.tar.gz -C /opt && ls /opt
RUN wget -q http://deb.debian.org/debian/pool/main/h/hello/hello_2.10-3_amd64.deb \\
    && dpkg -i hello_2.10-3_amd64.deb
"""
    after = rewritten(before, "archive-cleanup", Safety.ASSUMED)
    assert after.count("&& rm hello") == 2
    one, two = (build(text, buildkit=buildkit) for text in (before, after))
    before_tree, after_tree = tree(one), tree(two)
    gone = {"work/hello_2.10.orig.tar.gz", "work/hello_2.10-3_amd64.deb"}
    assert set(before_tree) - set(after_tree) == gone
    changing = re.compile(r"var/(?:log|cache|lib/dpkg|lib/apt)/|etc/ld\.so\.cache")
    assert [n for n in after_tree if before_tree[n] != after_tree[n] and not changing.match(n)] == []
    assert size(one) - size(two) > 700_000


TREE = {
    "tree/a": "a\n" * 99999,
    "tree/sub/b": "b\n",
    "tree/sub/deep/c": "c\n",
    "run.sh": "#!/bin/sh\n",
    "more/x": "x\n",
}
CHOWNED = f"""\
FROM {BASE}
RUN useradd -u 1234 -m app && groupadd -g 77 crew
COPY tree /srv/app
RUN chown -R app:crew /srv/app
COPY run.sh /usr/local/bin/
RUN chown 55 /usr/local/bin/run.sh && ls -l /usr/local/bin
WORKDIR /work
COPY tree .
COPY more ./more
RUN chown -R app:app /work
COPY run.sh /new.sh
RUN chown app /new.sh
"""


@pytest.mark.parametrize("buildkit", [False, True], ids=["classic", "buildkit"])
def test_owners_are_the_same(build: Build, buildkit: bool) -> None:
    after = rewritten(CHOWNED, "copy-chown", Safety.ASSUMED, TREE)
    assert after.count("--chown=") == 5 and "chown -R" not in after
    one, two = (build(text, TREE, buildkit) for text in (CHOWNED, after))
    assert _owned(tree(one)) == _owned(tree(two))
    assert size(two) < size(one) - 300_000


def test_modes_are_the_same(build: Build) -> None:
    """`--chmod` is BuildKit's alone."""
    before = f"""\
FROM {BASE}
COPY --chmod=700 run.sh /usr/local/bin/
COPY tree /srv/app
RUN chmod -R 0755 /srv/app
WORKDIR /work
COPY tree .
RUN chmod -R 770 /work
"""
    after = rewritten(before, "copy-chown", Safety.ASSUMED, TREE)
    assert after.count("--chmod=") == 3 and "chmod -R" not in after
    one, two = (build(text, TREE, buildkit=True) for text in (before, after))
    assert _owned(tree(one)) == _owned(tree(two))


def _owned(paths: dict[str, tuple[object, ...]]) -> dict[str, tuple[object, ...]]:
    """Without what differs between any two builds: logs and the engine's own files."""
    return {
        name: facts for name, facts in paths.items() if not name.startswith(("var/log/", "etc/host", "dev/"))
    }
