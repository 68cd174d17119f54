"""What is known of APT's packages, and how sure a fix may be because of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from slimfix import knowledge
from slimfix.dockerfile import Dockerfile
from slimfix.fix import Fix, Safety
from slimfix.knowledge import apt
from slimfix.rules import select

TABLE = Path(knowledge.__file__).parent / "apt_recommends.txt"
DEBIAN = ("bullseye", "bookworm", "trixie", "sid")


@pytest.mark.parametrize(
    ("image", "tag", "expected"),
    [
        ("debian", "bookworm-slim", (("bookworm",), True)),
        ("debian", "12", (("bookworm",), True)),
        ("debian", "12.5-slim", (("bookworm",), True)),
        ("debian", "sid-slim", (("sid",), True)),
        ("python", "3.12-slim-trixie", (("trixie",), True)),
        ("ubuntu", "22.04", (("jammy",), True)),
        ("ubuntu", "noble-20240605", (("noble",), True)),
        ("buildpack-deps", "jammy-curl", (("jammy",), True)),
        ("php", "8.3-cli-bookworm", (("bookworm",), True)),
        ("debian", "stable-slim", (DEBIAN, False)),
        ("python", "3.12-slim", (DEBIAN, False)),
        ("node", "", (DEBIAN, False)),
        ("python", "12", (DEBIAN, False)),
        ("debian", "10-slim", None),
        ("debian", "7", None),
        ("ubuntu", "18.04", None),
        ("openjdk", "8-jdk-stretch", None),
        ("node", "16-buster-slim", None),
        ("buildpack-deps", "xenial", None),
        ("postgres", "16-bookworm", None),
        ("example.org/team/debian", "bookworm", None),
    ],
)
def test_releases(image: str, tag: str, expected: tuple[tuple[str, ...], bool] | None) -> None:
    found = apt.releases(image, tag)
    if expected is None:
        assert found is None
        return
    assert found is not None
    assert (set(found[0]), found[1]) == (set(expected[0]), expected[1])


@pytest.mark.parametrize(
    ("names", "release", "expected"),
    [
        ("ca-certificates unzip jq", "bookworm", True),
        ("curl", "bookworm", False),  # libldap-common, libsasl2-modules, publicsuffix, ca-certificates
        ("git", "jammy", False),
        ("wget", "bookworm", False),
        ("wget ca-certificates", "bookworm", False),  # publicsuffix
        ("wget ca-certificates publicsuffix", "bookworm", True),
        ("zip", "trixie", False),
        ("zip unzip", "trixie", True),
        ("gcc", "bookworm", False),  # libc6-dev
        ("gcc libc6-dev", "bookworm", False),  # manpages-dev, which libc6-dev recommends through libc-dev-bin
        ("build-essential", "noble", False),
        ("no-such-package", "bookworm", False),
        ("apt-file", "bookworm", False),  # perl is not in the image
    ],
)
def test_brings_nothing(names: str, release: str, expected: bool) -> None:
    assert apt.brings_nothing(names.split(), [release]) is expected


def test_the_table_is_well_formed_and_small() -> None:
    known = set(knowledge.table("apt")["releases"])
    lines = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    for line in lines:
        heads, _, rest = line.partition(": ")
        assert set(heads.split()) <= known
        assert rest.split() == sorted(rest.split())
    assert TABLE.stat().st_size < 300_000
    rows = [
        (name, release) for line in lines for release in line.split(": ")[0].split() for name in line.split()
    ]
    assert len([row for row in rows if row[0] == "ca-certificates"]) == len(known)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM debian:bookworm-slim\nRUN apt-get install -y jq\n", Safety.SAFE),
        ("FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y jq=1.6-2\n", Safety.SAFE),
        ("FROM debian:bookworm-slim AS a\nRUN apt-get update\nFROM a\nRUN apt-get install jq\n", Safety.SAFE),
        ("FROM ubuntu:24.04\nCOPY a /srv/\nRUN apt install -y jq unzip\n", Safety.SAFE),
        ("FROM python:3.12-slim\nRUN apt-get install -y jq\n", Safety.ASSUMED),
        ("FROM debian:bookworm-slim\nRUN apt-get install -y jq curl\n", Safety.UNSAFE),
        ("FROM debian:stretch\nRUN apt-get install -y jq\n", Safety.UNSAFE),
        ("FROM postgres:16-bookworm\nRUN apt-get install -y jq\n", Safety.UNSAFE),
        ("FROM debian:bookworm-slim\nRUN apt-get install -y jq/bookworm-backports\n", Safety.UNSAFE),
        ("FROM debian:bookworm-slim\nRUN apt-get install -y -t sid jq\n", Safety.UNSAFE),
        ("FROM debian:bookworm-slim\nRUN apt-get install -y jq:arm64\n", Safety.UNSAFE),
        ("FROM debian:bookworm-slim\nRUN apt-get install -y ./jq.deb\n", Safety.UNSAFE),
        ("FROM debian:bookworm-slim\nRUN apt-get install -y jq tzdata-\n", Safety.UNSAFE),
        (
            "FROM debian:bookworm-slim\nRUN echo deb x >> /etc/apt/sources.list && apt-get install -y jq\n",
            Safety.UNSAFE,
        ),
        (
            "FROM debian:bookworm-slim\nRUN curl https://example.org/s | bash -\nRUN apt-get install -y jq\n",
            Safety.UNSAFE,
        ),
        ("FROM debian:bookworm-slim\nCOPY x.sh /\nRUN /x.sh\nRUN apt-get install -y jq\n", Safety.UNSAFE),
        ("FROM debian:bookworm-slim\nCOPY rootfs /\nRUN apt-get install -y jq\n", Safety.UNSAFE),
        ("FROM debian:bookworm-slim\nCOPY sources /etc/apt/lists\nRUN true\n", None),
        ('FROM debian:bookworm-slim\nRUN ["setup"]\nRUN apt-get install -y jq\n', Safety.UNSAFE),
    ],
)
def test_how_sure_no_recommends_is(text: str, expected: Safety | None) -> None:
    (rule,) = select(["no-install-recommends"])
    found = [fix for fix in rule.check(Dockerfile(text)) if isinstance(fix, Fix)]
    assert [fix.safety for fix in found] == ([] if expected is None else [expected])
    assert all((fix.assumption is not None) == (fix.safety == Safety.ASSUMED) for fix in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM debian:bookworm-slim\nRUN apt update && apt install -y jq\n", [Safety.SAFE, Safety.SAFE]),
        ("FROM debian:trixie\nRUN apt update && apt install -y jq\n", [Safety.SAFE, Safety.ASSUMED]),
        ("FROM example.org/a/b\nRUN apt update\n", [Safety.ASSUMED]),
        ("FROM debian:bookworm\nRUN apt -y update\n", [Safety.ASSUMED]),
        ("FROM debian:bookworm\nRUN apt-get install jq\n", [Safety.ASSUMED]),
    ],
)
def test_how_sure_apt_get_is(text: str, expected: list[Safety]) -> None:
    (rule,) = select(["SF122"])
    found = [fix for fix in rule.check(Dockerfile(text)) if isinstance(fix, Fix)]
    assert [fix.safety for fix in found] == expected
