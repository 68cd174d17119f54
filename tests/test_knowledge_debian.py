"""The table of Debian packages: what it says of some that everybody knows, and that it hangs together."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from slimfix import knowledge
from slimfix.knowledge import debian

FILE = Path(knowledge.__file__).with_name("debian_packages.json")
DATA = json.loads(FILE.read_text())
ALL = ("bullseye", "bookworm", "trixie", "forky")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("gcc", "compiler"),
        ("gcc-12", "compiler"),
        ("build-essential", "compiler"),
        ("make", "build-tool"),
        ("pkg-config", "build-tool"),
        ("libpq-dev", "dev"),
        ("libacme-unheard-of-dev", "dev"),
        ("git", "both"),
        ("curl", "both"),
        ("python3", "runtime"),
        ("openjdk-17-jdk", "runtime"),
        ("acme-agent", "runtime"),
    ],
)
def test_kind(name: str, kind: str) -> None:
    assert debian.kind(name) == kind


@pytest.mark.parametrize(
    ("name", "among", "pins"),
    [
        ("libpq-dev", ALL, ("libpq5",)),
        ("libjpeg-dev", ALL, ("libjpeg62-turbo",)),
        ("libxslt1-dev", ("bookworm",), ("libxslt1.1",)),
        ("default-libmysqlclient-dev", ALL, ("libmariadb3",)),
        ("libncurses5-dev", ("bookworm",), ("libncurses6", "libncursesw6")),
        ("libcurl4-openssl-dev", ("bookworm",), ("libcurl4",)),
        ("libcurl4-openssl-dev", ("trixie",), ("libcurl4t64",)),
        ("libcurl4-openssl-dev", ALL, None),
        ("libffi-dev", ("bookworm",), ()),
        ("libffi-dev", ("trixie",), ("libffi8",)),
        ("gcc", (), ("libatomic1", "libgomp1")),
        ("gfortran", (), ("libatomic1", "libgfortran5", "libgomp1")),
        ("libc6-dev", ALL, ()),
        ("make", (), ()),
        ("git", (), ()),
        ("libpq-dev", (), None),
        ("libacme-unheard-of-dev", ALL, None),
    ],
)
def test_pins(name: str, among: tuple[str, ...], pins: tuple[str, ...] | None) -> None:
    assert debian.pins(name, among) == pins


@pytest.mark.parametrize(
    ("name", "tag", "releases"),
    [
        ("debian", "bookworm-slim", ("bookworm",)),
        ("debian", "12.5-slim", ("bookworm",)),
        ("debian", "", ALL[1:]),
        ("debian", "sid-slim", ()),
        ("debian", "buster", ()),
        ("python", "3.12-slim-trixie", ("trixie",)),
        ("python", "3.12-slim", ALL),
        ("python", "3.7-slim-buster", ()),
        ("ubuntu", "22.04", ()),
        ("acme/base", "1", ()),
    ],
)
def test_releases(name: str, tag: str, releases: tuple[str, ...]) -> None:
    assert debian.releases(name, tag) == releases


def test_images() -> None:
    assert debian.image("debian", "bookworm").lean
    assert debian.image("python", "3.12-slim").lean
    assert not debian.image("python", "3.12").lean
    assert "gcc" in debian.image("python", "3.12").present
    assert debian.image("php", "8-apache").serves
    assert not debian.image("php", "8-cli").serves
    assert not debian.image("acme/python", "3.12-slim").lean


def test_commands_come_with_what_is_needed() -> None:
    commands = debian.commands(["build-essential"])
    assert {"gcc", "g++", "make", "ld", "dpkg-buildpackage"} <= commands
    assert not {"sh", "grep", "dpkg", "bash"} & commands
    assert "git" in debian.own_commands("git")
    assert "curl" in debian.own_commands("curl")


def test_a_runtime_package_that_needs_a_build_package() -> None:
    assert debian.independent(["supervisor", "nginx", "libpq5"], ["gcc", "make"])
    assert not debian.independent(["npm"], ["libssl-dev"])
    assert not debian.independent(["acme-agent"], ["gcc"])
    assert not debian.independent(["r-base-dev"], ["gcc"])


def test_size_is_that_of_the_closure() -> None:
    alone, both = debian.size(["gcc"]), debian.size(["gcc", "libc6-dev", "make"])
    assert 100_000_000 < alone < both < alone + 60_000_000
    assert debian.size(["gcc"], {"gcc-12"}) < alone


def test_every_pin_is_a_package_name() -> None:
    for name, entry in DATA["packages"].items():
        pins = entry.get("pins") or []
        for answer in pins.values() if isinstance(pins, dict) else [pins]:
            for pin in answer or []:
                assert re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", pin), name
                assert not pin.endswith("-dev"), name
        assert all(0 <= i < len(DATA["parts"]) for i in entry.get("with", ()))


def test_small() -> None:
    assert FILE.stat().st_size < 300_000


def test_what_may_bring_a_compiler_along() -> None:
    assert debian.compiles("gcc-12", False, ("bookworm",))
    assert debian.compiles("libtool", False, ("bookworm",))
    assert debian.compiles("cmake", True, ("bookworm",))
    assert not debian.compiles("cmake", False, ("bookworm",))
    assert not debian.compiles("libpq-dev", True, ("bookworm",))
