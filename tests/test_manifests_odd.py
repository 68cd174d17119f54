"""Manifests that are not as they should be: an answer or a reason comes of each, and never an exception."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slimfix.context import BuildContext
from slimfix.engine import Reader, rewrite
from slimfix.fix import Safety
from slimfix.rules import select

RULE = select(["manifest-first"])
COMMANDS = {
    "package.json": "npm install",
    "package-lock.json": "npm ci",
    "composer.json": "composer install",
    "composer.lock": "composer install --no-dev",
    "Pipfile.lock": "pipenv sync",
    "renv.lock": "R -e 'renv::restore()'",
}
TABLES = {
    "pyproject.toml": ("poetry install", "uv sync", "pdm install"),
    "Pipfile": ("pipenv install",),
    "Cargo.toml": ("cargo fetch",),
    "bunfig.toml": ("bun install",),
}
TEXTS = {
    "Gemfile": "bundle install",
    "Gemfile.lock": "bundle install",
    ".bundle/config": "bundle install",
    "go.mod": "go mod download",
    "mix.exs": "mix deps.get",
    "pom.xml": "mvn dependency:go-offline",
    "App.csproj": "dotnet restore",
    "pnpm-workspace.yaml": "pnpm install",
    ".yarnrc.yml": "yarn install",
    ".yarnrc": "yarn install",
    ".npmrc": "npm install",
    "uv.lock": "uv sync --frozen",
}
PLAIN: dict[str, str] = {
    "package.json": "{}",
    "package-lock.json": "{}",
    "composer.json": "{}",
    "Pipfile": "",
    "Gemfile": "",
    "pyproject.toml": "",
}
KEYS = [
    "dependencies",
    "devDependencies",
    "workspaces",
    "packages",
    "scripts",
    "postinstall",
    "bin",
    "overrides",
    "pnpm",
    "patchedDependencies",
    "prisma",
    "schema",
    "directories",
    "node_modules/a",
    "version",
    "resolved",
    "repositories",
    "require",
    "autoload",
    "classmap",
    "config",
    "vendor-dir",
    "bin-dir",
    "allow-plugins",
    "packages-dev",
    "dist",
    "url",
    "package",
    "Packages",
    "Source",
    "default",
    "_meta",
    "tool",
    "poetry",
    "uv",
    "pdm",
    "project",
    "optional-dependencies",
    "dependency-groups",
    "group",
    "sources",
    "workspace",
    "members",
    "index",
    "find-links",
    "dynamic",
    "license",
    "file",
    "lib",
    "path",
    "target",
    "patch",
    "replace",
    "install",
    "preload",
    "source",
    "package-mode",
    "requires-plugins",
    "dev-dependencies",
]
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from(["", "x", "a/*", "../x", "*", "file:x", "^1"]),
)


def trees(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
        max_leaves=12,
    )


OBJECTS = st.dictionaries(st.sampled_from(KEYS), trees(LEAVES), max_size=5)


def toml(value: Any) -> str:
    """A value as TOML writes it within a line."""
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items() if v is not None) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(toml(v) for v in value if v is not None) + "]"
    return json.dumps(value)


def ask(command: str, files: dict[str, str]) -> None:
    """Any exception fails the test."""
    text = f"FROM node:20\nWORKDIR /app\nCOPY . .\nRUN {command}\n"
    context = BuildContext.of({**PLAIN, **files})
    result = rewrite(text, RULE, Reader(context=context), Safety.UNSAFE)
    assert result.changed or result.skipped


QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("name", COMMANDS)
@QUICK
@given(OBJECTS)
def test_objects(name: str, held: dict[str, Any]) -> None:
    ask(COMMANDS[name], {name: json.dumps(held)})


@pytest.mark.parametrize(("name", "command"), [(n, c) for n, found in TABLES.items() for c in found])
@QUICK
@given(OBJECTS)
def test_tables(name: str, command: str, held: dict[str, Any]) -> None:
    lines = [f"{json.dumps(key)} = {toml(value)}" for key, value in held.items() if value is not None]
    ask(command, {name: "\n".join(lines) + "\n"})


@pytest.mark.parametrize("name", TEXTS)
@QUICK
@given(st.text(alphabet="ab:-'\"/.*\n #[]{}=<>&!~$\\(),@1", max_size=60))
def test_texts(name: str, text: str) -> None:
    ask(TEXTS[name], {name: text})


@pytest.mark.parametrize("name", [*COMMANDS, *TABLES, *TEXTS])
def test_bytes_that_are_no_text(name: str) -> None:
    command = {**COMMANDS, **{n: c[0] for n, c in TABLES.items()}, **TEXTS}[name]
    text = f"FROM node:20\nWORKDIR /app\nCOPY . .\nRUN {command}\n"
    context = BuildContext.of({**PLAIN, name: b"\xff\xfe\x00"})
    result = rewrite(text, RULE, Reader(context=context), Safety.UNSAFE)
    assert not result.changed
    assert result.skipped
