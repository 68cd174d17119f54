"""What build-deps says beside its edits, and the tables that it rests on."""

from __future__ import annotations

import re

import pytest

from slimfix.context import BuildContext
from slimfix.engine import Reader, Rewrite, rewrite
from slimfix.knowledge import alpine, table
from slimfix.rules import select
from slimfix.rules._build_consumers import consumer, may_build
from slimfix.shell import Logical, Opaque, Script
from slimfix.text import Span


def made(text: str) -> Rewrite:
    return rewrite(text, select(["build-deps"]))


@pytest.mark.parametrize(
    ("packages", "assumption"),
    [
        ("make linux-headers", "nothing at run time calls make"),
        ("file-dev", "nothing at run time uses file-dev or opens libmagic by name"),
        (
            "build-base",
            "nothing at run time calls gcc, g++ or make, is linked to libatomic or libgomp or looks for a"
            " library by ctypes.util.find_library",
        ),
        ("gmp-dev", "nothing at run time uses gmp-dev or is linked to libgmpxx"),
        ("obscure-dev", "nothing at run time uses obscure-dev or opens a library of obscure-dev by name"),
    ],
)
def test_the_assumption_is_concrete(packages: str, assumption: str) -> None:
    result = made(f"FROM python:3.11-alpine3.18\nRUN apk add --no-cache {packages} && pip install x\n")
    assert [step.fix.assumption for step in result.steps] == [assumption]


def test_an_install_behind_a_copy_of_everything_is_told_to_cost_time() -> None:
    text = "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y make\nCOPY {} /a/\n"
    text += 'RUN make -C /a\nCMD ["/a/b"]\n'
    (step,) = rewrite(text.format("."), select(["build-deps-apt"])).steps
    assert step.fix.message.endswith("(each change of what line 3 copies installs them anew)")
    (step,) = rewrite(text.format("Makefile a.c"), select(["build-deps-apt"])).steps
    assert step.fix.message.endswith("in the RUN that uses them, and remove them there")


@pytest.mark.parametrize(
    ("rule", "install"),
    [("build-deps", "apk add --no-cache cmake"), ("build-deps-apt", "apt-get install -y cmake")],
)
def test_the_assumption_names_the_scripts_of_a_project_that_is_not_in_sight(rule: str, install: str) -> None:
    image = "php:8.3-fpm-alpine" if rule == "build-deps" else "php:8.3-fpm"
    text = f"FROM {image}\nRUN {install} && cmake .\nRUN composer install\n"
    told = "nothing at run time, and no script that composer runs, calls "
    found = rewrite(text, select([rule])).steps
    assert [(step.fix.assumption or "")[: len(told)] for step in found] == [told]
    seen = Reader(context=BuildContext.of({"composer.json": "{}"}))
    text = text.replace("RUN composer", "COPY . .\nRUN composer")
    told = "nothing at run time calls "
    found = rewrite(text, select([rule]), seen).steps
    assert [(step.fix.assumption or "")[: len(told)] for step in found] == [told]


def test_find_library_matters_to_the_official_python_alone() -> None:
    result = made("FROM alpine:3.18\nRUN apk add --no-cache py3-pip gcc && pip install x\n")
    assert "find_library" not in (result.steps[0].fix.assumption or "")


def test_the_saving_is_that_of_the_closure() -> None:
    result = made("FROM python:3.11-alpine3.18\nRUN apk add --no-cache build-base gcc && pip install x\n")
    saving = result.steps[0].fix.saving
    assert saving is not None and 200_000_000 < saving.bytes < 300_000_000  # gcc comes with build-base
    assert saving.source == "Alpine package index (3.22), with dependencies"
    alone = made("FROM python:3.11-alpine3.18\nRUN apk add --no-cache gcc musl-dev && pip install x\n")
    assert 160_000_000 < (alone.steps[0].fix.saving or saving).bytes < 180_000_000


@pytest.mark.parametrize(
    ("image", "tag", "first", "last"),
    [
        ("python", "3.7-alpine", 18, 18),
        ("python", "3.7.3-alpine", 10, 10),
        ("python", "3-alpine", 20, 24),
        ("mirror.example.org/python", "3-alpine", 20, 24),
        ("someone/python", "3-alpine", 5, 24),
        ("php", "7.4-fpm-alpine", 16, 16),
        ("node", "alpine", 20, 24),
        ("alpine", "", 20, 24),
        ("alpine", "edge", 24, 24),
        ("python", "3.99-alpine", 5, 24),
        ("python", "latest", 5, 24),
    ],
)
def test_releases_behind_a_tag(image: str, tag: str, first: int, last: int) -> None:
    found = alpine.releases(None, image, tag)
    assert (found[0], found[-1]) == ((3, first), (3, last))


def test_a_release_that_is_named_counts() -> None:
    assert alpine.releases((3, 11), "python", "3-alpine") == [(3, 11)]


def test_what_apk_needs_is_there() -> None:
    assert alpine.pins("openssl-dev", [(3, 18)]) == ()
    assert alpine.pins("openssl-dev", [(3, 16)]) == ()
    assert alpine.pins("openssl-dev", [(3, 8)]) == ("libcrypto1.0", "libssl1.0")
    assert alpine.pins("openssl-dev", [(3, 8), (3, 18)]) is None
    assert alpine.pins("libffi-dev", [(3, 4)]) is None


def test_floating_tags_are_of_known_releases() -> None:
    for image, kinds in table("alpine_bases").items():
        if image in ("installed", "variables", "programs", "own"):
            continue
        assert set(kinds) <= {"was", "is"}, image
        seen = [tag for rows in kinds.values() for tags in rows.values() for tag in tags]
        assert len(seen) == len(set(seen)), image
        assert all(re.fullmatch(r"3\.\d+", release) for rows in kinds.values() for release in rows)


KEYS = {
    "programs",
    "module",
    "verbs",
    "runs",
    "bare",
    "second",
    "ordinary",
    "only_runs",
    "script",
    "valued",
    "places",
    "official",
    "otherwise",
    "elsewhere",
    "calls",
    "pure",
    "languages",
    "source",
}


def test_the_shape_of_the_consumers() -> None:
    for name, entry in table("consumers").items():
        assert entry["source"].strip(), name
        if "programs" in entry:
            assert set(entry) <= KEYS, name
            assert all(re.compile(pattern) for pattern in entry["programs"])
            assert all(place.startswith("/") or place == "." for place in entry.get("places", ()))
            assert "official" not in entry or entry["places"]


def found(text: str) -> str | None:
    script = Script.read(Logical.of(text, [Span(0, len(text))]))
    assert not isinstance(script, Opaque)
    first = consumer(script.commands[0])
    return None if first is None else first.name + ("" if first.certain else "?")


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("pip install cffi", "pip"),
        ("python3.11 -m pip --no-cache-dir install cffi", "pip"),
        ("/opt/venv/bin/pip3 install -r requirements.txt", "pip"),
        ("pip install --upgrade pip 'setuptools<70'", None),
        ("pip install pip cffi", "pip"),
        ("pip install pip -r requirements.txt", "pip"),
        ("pip list", None),
        ("uv pip install cffi", "uv"),
        ("uv pip list", None),
        ("poetry install --no-root", "poetry"),
        ("python setup.py install", "python"),
        ("python manage.py migrate", None),
        ("python -m build", "build"),
        ("npm ci", "npm"),
        ("npm --prefix web ci", "npm"),
        ("npm run build", "npm?"),
        ("npm cache clean", None),
        ("yarn", "yarn"),
        ("yarn --frozen-lockfile", "yarn"),
        ("yarn --version", None),
        ("yarn global add x", "yarn"),
        ("yarn cache clean", None),
        ("bundle", "bundle"),
        ("bundle exec rake", "bundle?"),
        ("gem install x", "gem"),
        ("docker-php-ext-install zip", "docker-php-ext"),
        ("docker-php-ext-enable zip", None),
        ("pecl install redis", "pecl"),
        ("cargo build --release", "cargo"),
        ("go mod download", None),
        ("go build ./...", "go"),
        ("make -C src install", "make"),
        ("./configure --prefix=/usr", "configure"),
        ("../configure", "configure"),
        ("cmake ..", "cmake"),
        ("perl Makefile.PL", "perl"),
        ("perl -e 1", None),
        ("luarocks install x", "luarocks"),
        ("sudo -E make", "make"),
        ("env CC=gcc make", "make"),
        ("strip x", "binutils?"),
        ("rm -rf /tmp/x", None),
        ("curl -O https://example.org/make", None),
    ],
)
def test_consumers(command: str, name: str | None) -> None:
    assert found(command) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('["npm", "start"]', None),
        ("yarn start", None),
        ("yarn && yarn start", "yarn"),
        ("bundle exec puma", None),
        ("bundle install; puma", "bundle"),
        ("pip install -r more.txt && exec app", "pip"),
        ('["gunicorn", "app:app"]', None),
        ('["make", "serve"]', "make"),
        ('["uv", "run", "app"]', "uv"),
        ('["app", "--run", "as", "root"]', None),
        ("gcc x.c", "gcc"),
    ],
)
def test_what_a_start_command_may_build(text: str, name: str | None) -> None:
    assert may_build(text) == name
