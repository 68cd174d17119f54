"""The Alpine package table: its shape, and the facts that a wrong line would break a build by."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

import slimfix

TABLE = Path(slimfix.__file__).parent / "knowledge" / "alpine_packages.toml"
TEXT = TABLE.read_text(encoding="utf-8")
DATA: dict[str, Any] = tomllib.loads(TEXT)
PACKAGES: dict[str, dict[str, Any]] = DATA["package"]
FIRST: str = DATA["meta"]["first"]
LAST: str = DATA["meta"]["last"]

BUILD_KINDS = {"dev", "compiler", "build-tool", "headers", "meta"}
KINDS = BUILD_KINDS | {"both", "runtime"}
KEYS = {
    "kind",
    "runtime",
    "along",
    "rare",
    "commands",
    "brings",
    "size",
    "size_with_depends",
    "size_release",
    "verified",
    "note",
    "source",
}
LISTS = ("runtime", "along", "rare")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")


def key(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))


def releases() -> list[str]:
    major, first = key(FIRST)
    return [f"{major}.{minor}" for minor in range(first, key(LAST)[1] + 1)]


def at(value: Any, release: str) -> list[str] | None:
    """What holds at a release: None where nothing is said."""
    if value is None or all(isinstance(item, str) for item in value):
        return None if value is None else list(value)
    for item in value:
        since, until = item.get("since", FIRST), item.get("until", "999.0")
        if key(since) <= key(release) <= key(until):
            return list(item["packages"])
    return None


def names_of(entry: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for field in LISTS:
        for item in entry.get(field, []):
            found.update([item] if isinstance(item, str) else item["packages"])
    return found


def problems(data: dict[str, Any]) -> list[str]:
    """Everything that is wrong with the shape of the table."""
    packages: dict[str, dict[str, Any]] = data["package"]
    wrong: list[str] = []
    for name, entry in packages.items():
        if not NAME.fullmatch(name):
            wrong.append(f"{name}: not a package name")
        if unknown := set(entry) - KEYS:
            wrong.append(f"{name}: unknown keys {sorted(unknown)}")
        if entry.get("kind") not in KINDS:
            wrong.append(f"{name}: kind {entry.get('kind')!r}")
        if not str(entry.get("source", "")).strip():
            wrong.append(f"{name}: no source")
        if entry.get("kind") in BUILD_KINDS:
            if "runtime" not in entry and entry.get("verified", True):
                wrong.append(f"{name}: its run-time packages are not known, so it is not verified")
        elif any(field in entry for field in LISTS):
            wrong.append(f"{name}: is kept, so it needs no run-time packages")
        for field in LISTS:
            wrong += bounds(name, field, entry.get(field, []))
        for other in sorted(names_of(entry)):
            if packages.get(other, {}).get("kind") in BUILD_KINDS:
                wrong.append(f"{name}: {other} is build-only itself")
            if other == name or not NAME.fullmatch(other):
                wrong.append(f"{name}: {other!r} cannot be its run-time package")
        for other in entry.get("brings", []):
            if not packages.get(other, {}).get("commands"):
                wrong.append(f"{name}: brings {other}, whose commands are not known")
        for field in ("commands", "brings"):
            if len(set(entry.get(field, []))) != len(entry.get(field, [])):
                wrong.append(f"{name}: {field} names something twice")
    return wrong


def bounds(name: str, field: str, value: list[Any]) -> list[str]:
    """A list of names, or tables of releases that neither overlap nor leave a gap."""
    kinds = {type(item) for item in value}
    if kinds <= {str}:
        return [] if len(set(value)) == len(value) else [f"{name}: {field} names a package twice"]
    if kinds != {dict}:
        return [f"{name}: {field} mixes names and tables"]
    wrong = []
    for index, item in enumerate(value):
        if unknown := set(item) - {"since", "until", "packages"}:
            wrong.append(f"{name}: {field} has {sorted(unknown)}")
        wrong += [
            f"{name}: {field} has {bound}, outside {FIRST} to {LAST}"
            for bound in (item.get("since", FIRST), item.get("until", LAST))
            if not key(FIRST) <= key(bound) <= key(LAST)
        ]
        if key(item.get("since", FIRST)) > key(item.get("until", LAST)):
            wrong.append(f"{name}: {field} ends before it starts")
        if len(set(item["packages"])) != len(item["packages"]):
            wrong.append(f"{name}: {field} names a package twice")
        if index:
            previous = value[index - 1]
            if "until" not in previous or "since" not in item:
                wrong.append(f"{name}: {field} overlaps: an inner bound is open")
            else:
                step = key(item["since"])[1] - key(previous["until"])[1]
                if step != 1:
                    wrong.append(f"{name}: {field} {'overlaps' if step < 1 else 'has a gap'}")
                if previous["packages"] == item["packages"]:
                    wrong.append(f"{name}: {field} splits what is the same")
    return wrong


def test_shape() -> None:
    assert problems(DATA) == []


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"kind": "dev", "runtime": ["gcc"], "source": "x"}, "build-only itself"),
        ({"kind": "dev", "runtime": ["a", "a"], "source": "x"}, "twice"),
        ({"kind": "dev", "runtime": [], "source": " "}, "no source"),
        ({"kind": "dev", "source": "x"}, "not known"),
        ({"kind": "both", "runtime": ["a"], "source": "x"}, "needs no"),
        (
            {
                "kind": "dev",
                "runtime": [
                    {"until": "3.9", "packages": ["a"]},
                    {"since": "3.11", "packages": ["b"]},
                ],
                "source": "x",
            },
            "gap",
        ),
        (
            {
                "kind": "dev",
                "runtime": [
                    {"until": "3.9", "packages": ["a"]},
                    {"since": "3.9", "packages": ["b"]},
                ],
                "source": "x",
            },
            "overlaps",
        ),
    ],
)
def test_the_shape_test_sees_what_is_wrong(entry: dict[str, Any], message: str) -> None:
    found = problems({"package": {"gcc": PACKAGES["gcc"], "x-dev": entry}})
    assert any(message in line for line in found if line.startswith("x-dev"))


def test_no_package_is_listed_twice() -> None:
    # TOML itself refuses a table twice; this is about one name in two spellings.
    headers = re.findall(r'^\[package\."?([^"\]]+)"?\]$', TEXT, flags=re.MULTILINE)
    assert len(headers) == len(set(headers)) == len(PACKAGES)


def test_groups() -> None:
    build, run = set(DATA["groups"]["build"]), set(DATA["groups"]["run"])
    assert DATA["groups"]["preferred"] in build
    assert not build & run
    assert not (build | run) & set(PACKAGES)


def test_opened_by_name() -> None:
    for name, entry in DATA["opened-by-name"].items():
        assert entry["source"].strip() and entry["callers"], name
        assert all(lib.endswith(".so") for lib in entry["libraries"]), name
        assert PACKAGES.get(name, {}).get("kind", "runtime") not in BUILD_KINDS, name
    assert "libmagic.so" in DATA["opened-by-name"]["libmagic"]["libraries"]
    for name in ("pango", "cairo", "libusb", "gdal", "vips", "libsodium"):
        assert name in DATA["opened-by-name"]


FACTS: list[tuple[str, str, list[str]]] = [
    ("libffi-dev", FIRST, ["libffi"]),
    ("libffi-dev", LAST, ["libffi"]),
    ("postgresql-dev", "3.8", ["libpq"]),
    ("postgresql-dev", "3.22", ["libpq"]),
    ("libpq-dev", "3.22", ["libpq"]),
    ("openssl-dev", "3.8", ["libcrypto1.0", "libssl1.0"]),
    ("openssl-dev", "3.9", ["libcrypto1.1", "libssl1.1"]),
    ("openssl-dev", "3.16", ["libcrypto1.1", "libssl1.1"]),
    ("openssl-dev", "3.17", ["libcrypto3", "libssl3"]),
    ("openssl-dev", LAST, ["libcrypto3", "libssl3"]),
    ("jpeg-dev", "3.20", ["libjpeg-turbo"]),
    ("libjpeg-turbo-dev", "3.20", ["libjpeg-turbo"]),
    ("zlib-dev", "3.20", ["zlib"]),
    ("tiff-dev", "3.20", ["tiff"]),
    ("libxml2-dev", "3.20", ["libxml2"]),
    ("icu-dev", "3.20", ["icu-libs"]),
    ("sqlite-dev", "3.20", ["sqlite-libs"]),
    ("curl-dev", "3.20", ["libcurl"]),
    ("bzip2-dev", "3.20", ["libbz2"]),
    ("xz-dev", "3.20", ["xz-libs"]),
    ("ncurses-dev", "3.20", ["ncurses-libs"]),
    ("mariadb-dev", "3.7", ["mariadb-client-libs"]),
    ("mariadb-dev", "3.8", ["mariadb-connector-c"]),
    ("mariadb-connector-c-dev", "3.20", ["mariadb-connector-c"]),
    ("openldap-dev", "3.20", ["libldap"]),
    ("cyrus-sasl-dev", "3.20", ["libsasl"]),
    ("expat-dev", "3.16", ["expat"]),
    ("expat-dev", "3.17", ["libexpat"]),
    ("gd-dev", "3.5", ["gd"]),
    ("gd-dev", "3.6", ["libgd"]),
    ("lz4-dev", "3.5", ["lz4"]),
    ("lz4-dev", "3.6", ["lz4-libs"]),
    ("libcap-dev", "3.16", ["libcap"]),
    ("libcap-dev", "3.17", ["libcap2"]),
    ("mpfr-dev", "3.10", ["mpfr3"]),
    ("mpfr-dev", "3.11", ["mpfr4"]),
    ("file-dev", "3.20", ["libmagic"]),
    ("python3-dev", "3.20", ["python3"]),
    ("musl-dev", "3.20", []),
    ("libc-dev", "3.20", []),
    ("linux-headers", "3.20", []),
    ("make", "3.20", []),
    ("gcc", "3.20", ["libgcc"]),
    ("g++", "3.20", ["libstdc++", "libgcc"]),
    ("build-base", "3.20", ["libstdc++", "libgcc"]),
    ("cargo", "3.20", ["libgcc"]),
    ("gfortran", "3.20", ["libgfortran", "libgcc"]),
]


@pytest.mark.parametrize(("name", "release", "expected"), FACTS)
def test_facts(name: str, release: str, expected: list[str]) -> None:
    assert at(PACKAGES[name]["runtime"], release) == expected
    assert PACKAGES[name].get("verified", True)


def test_webp_is_five_libraries_now() -> None:
    assert set(at(PACKAGES["libwebp-dev"]["runtime"], "3.22") or []) >= {
        "libwebp",
        "libwebpmux",
        "libwebpdemux",
    }


def test_a_release_before_the_first_table_is_unknown() -> None:
    assert at(PACKAGES["imagemagick-dev"]["runtime"], "3.6") is None
    assert at(PACKAGES["imagemagick-dev"]["runtime"], "3.20") == ["imagemagick-libs"]


@pytest.mark.parametrize("field", LISTS)
def test_nothing_is_listed_under_two_fields_at_one_release(field: str) -> None:
    for name, entry in PACKAGES.items():
        for release in releases():
            here = set(at(entry.get(field), release) or [])
            for other in LISTS:
                if other != field:
                    assert not here & set(at(entry.get(other), release) or []), (name, release)


COMMANDS = {
    "gcc": {"gcc", "cc", "cpp"},
    "g++": {"g++", "c++"},
    "make": {"make"},
    "cmake": {"cmake"},
    "cargo": {"cargo"},
    "rust": {"rustc"},
    "go": {"go", "gofmt"},
    "binutils": {"ld", "ar", "strip"},
    "autoconf": {"autoconf", "autoreconf"},
    "pkgconf": {"pkg-config", "pkgconf"},
    "libpq-dev": {"pg_config"},
    "openjdk8": {"java", "javac"},
    "npm": {"npm"},
}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_commands(name: str) -> None:
    assert COMMANDS[name] <= set(PACKAGES[name]["commands"])


def test_what_comes_in_with_a_metapackage() -> None:
    assert {"gcc", "g++", "make", "binutils", "patch"} <= set(PACKAGES["build-base"]["brings"])
    assert {"git", "gcc", "make"} <= set(PACKAGES["alpine-sdk"]["brings"])
    assert "perl" in PACKAGES["automake"]["brings"]


@pytest.mark.parametrize(
    "name", ["git", "curl", "openssl", "python3", "bash", "perl", "file", "tar", "nodejs"]
)
def test_what_runs_too_is_never_build_only(name: str) -> None:
    assert PACKAGES[name]["kind"] == "both"


def test_sizes() -> None:
    for name, entry in PACKAGES.items():
        sizes = {field for field in entry if field.startswith("size")}
        assert sizes in (set(), {"size", "size_with_depends", "size_release"}), name
        if sizes:
            assert 0 <= entry["size"] <= entry["size_with_depends"], name
            assert entry["size_release"] in releases(), name
    assert PACKAGES["build-base"]["size_with_depends"] > 100_000_000
