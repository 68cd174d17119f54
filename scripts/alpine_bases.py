"""Write ``slimfix/knowledge/alpine_bases.toml``: ``python scripts/alpine_bases.py GIT_DIR``.

*GIT_DIR* is a clone of docker-library/official-images, which says for each tag on which Alpine release it
is built. Every version of each file in ``library/`` is read, from the oldest to the newest. A tag that the
newest one still holds may move on to a later release, so only the oldest that it can be on is known; a tag
that is gone stays for ever what it was last.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

IMAGES = ("alpine", "golang", "nginx", "node", "php", "postgres", "python", "redis", "ruby", "rust")
TARGET = Path(__file__).resolve().parent.parent / "slimfix" / "knowledge" / "alpine_bases.toml"
_TAG = re.compile(
    r"(?:[\w.]*[\d.](?:-(?:cli|fpm|zts|perl))?-|(?:lts|current|stable|mainline|cli|fpm|zts)-)?alpine"
)
HEADER = """\
# On which Alpine release the tags of the official images stand that do not name it. Made by
# scripts/alpine_bases.py from the history of docker-library/official-images up to {date} ({commit}).
#
# [<image>.was]  tags that are built no more: they stand on this release for ever
# [<image>.is]   tags that are still built: they stand on this release or on a later one

# What is in the base image in any case, since apk itself needs it, as lists of tables with `since` and
# `until` (releases, both inclusive). Nobody has to ask for these.
# Source: the dependencies of apk-tools in APKINDEX 3.5 to 3.22; seen in alpine:3.23.
[installed]
packages = [
    {{ since = "3.9", until = "3.16", packages = ["libcrypto1.1", "libssl1.1", "zlib", "musl"] }},
    {{ since = "3.17", packages = ["libcrypto3", "libssl3", "zlib", "musl"] }},
]

# What a variable holds that the base image sets.
# Source: the Alpine Dockerfiles of docker-library/php, the same since PHP 7.2.
[variables.PHPIZE_DEPS]
image = "php"
packages = ["autoconf", "dpkg-dev", "dpkg", "file", "g++", "gcc", "libc-dev", "make", "pkgconf", "re2c"]

# Programs whose -dev package brings them in: one that the table of packages lacks cannot go, since the
# program may have come in by it alone. Beginnings of names.
# Source: aports, where such a -dev package depends on the program.
[programs]
names = [
    "php", "lua", "ruby", "python", "py3", "perl", "node", "guile", "R-", "tcl", "erlang", "mono", "octave",
    "vala", "qt", "postgresql", "mariadb", "mysql", "apache2", "nginx", "samba", "freeradius", "asterisk",
    "openjdk", "elixir", "ocaml", "ghc",
]

# Packages of Alpine that an official image does without, since it has a build of its own under /usr/local.
# Source: the Dockerfiles of docker-library and of nodejs/docker-node.
[own]
python = ["python3", "python2", "py3-pip", "py3-setuptools"]
ruby = ["ruby", "ruby-libs", "ruby-bundler"]
node = ["nodejs", "npm"]
php = ["php7", "php8"]
golang = ["go"]
rust = ["rust", "cargo"]
"""


def git(directory: str, *arguments: str) -> str:
    """What git prints."""
    done = subprocess.run(["git", "--git-dir", directory, *arguments], check=True, capture_output=True)
    return done.stdout.decode("utf-8", "replace")


def tags(text: str) -> dict[str, str]:
    """Tags that end in ``alpine``, each with the release that its entry names."""
    found = {}
    for block in re.split(r"\n\s*\n", text):
        line = re.search(r"^Tags: *(.*)$", block, re.MULTILINE)
        if line is None:
            continue
        names = [name.strip() for name in line[1].split(",")]
        folder = re.search(r"^(?:amd64-)?Directory: *(.*)$", block, re.MULTILINE)
        said = " ".join([*names, folder[1] if folder else ""])
        releases = set(re.findall(r"alpine-?(3\.\d+)", said))
        if len(releases) == 1:
            release = releases.pop()
            found.update({name: release for name in names if _TAG.fullmatch(name)})
    return found


def alpine(text: str) -> dict[str, str]:
    """Tags of the image alpine itself that name no release."""
    found = {}
    for line in re.findall(r"^Tags: *(.*)$", text, re.MULTILINE):
        names = [name.strip() for name in line.split(",")]
        release = next((name for name in names if re.fullmatch(r"3\.\d+", name)), None)
        if release:
            found.update({name: release for name in names if name in ("latest", "3")})
    return found


def main() -> None:
    """Read the history and write the table."""
    directory = sys.argv[1]
    out = []
    for image in IMAGES:
        path = f"library/{image}"
        last: dict[str, str] = {}
        now: dict[str, str] = {}
        for commit in git(directory, "log", "--reverse", "--format=%H", "--", path).split():
            try:
                text = git(directory, "show", f"{commit}:{path}")
            except subprocess.CalledProcessError:
                continue
            now = alpine(text) if image == "alpine" else tags(text)
            last.update(now)
        for kind in ("was", "is"):
            rows = defaultdict(list)
            for tag, release in last.items():
                if (tag in now) == (kind == "is"):
                    rows[release].append(tag.removesuffix("alpine").removesuffix("-"))
            if rows:
                out.append(f"\n[{image}.{kind}]")
            ordered = sorted(rows, key=lambda r: int(r.split(".")[1]))
            out += [f'"{release}" = {sorted(rows[release])}'.replace("'", '"') for release in ordered]
        print(image, len(last), len(now), file=sys.stderr)
    commit, date = git(directory, "log", "-1", "--format=%h %as").split()
    TARGET.write_text(HEADER.format(commit=commit, date=date) + "\n".join(out) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
