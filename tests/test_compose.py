"""Compose files that name the build context of a Dockerfile."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from slimfix.batch import Job
from slimfix.context.compose import Disk, Found, context_of
from slimfix.rules import select

SPLIT = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm install\n"
TWO = (
    "compose.yaml and docker-compose.dev.yml name more than one build context for it; --context DIR names one"
)

MALFORMED = "compose.yaml is malformed, and may name the build context; --context DIR does"


def lay(root: Path, **files: str) -> None:
    """Files by names in which ``__`` is a slash and ``_`` a dot."""
    (root / ".git").mkdir(exist_ok=True)
    for name, text in files.items():
        place = root / name.replace("__", "/").replace("_", ".").replace("docker.compose", "docker-compose")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def found(root: Path, dockerfile: str = "docker/Dockerfile") -> str | None:
    """The context from the root; a problem as it is; None where the compose files have nothing to say."""
    at = context_of(str(root / dockerfile))
    if at.directory is None:
        return at.problem
    return str(Path(at.directory).resolve().relative_to(root.resolve()))


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("services: {web: {build: {context: ., dockerfile: docker/Dockerfile}}}", "."),
        ("services:\n  web:\n    build:\n      dockerfile: ./docker/Dockerfile\n", "."),
        ("services: {web: {build: {context: src, dockerfile: ../docker/Dockerfile}}}", "src"),
        # The same context twice is one.
        (
            "services:\n  a: &a\n    build:\n      context: ./\n      dockerfile: docker/Dockerfile\n"
            "  b:\n    <<: *a\n    command: x\n",
            ".",
        ),
        ("services: {web: {build: {context: ., dockerfile: docker/Dockerfile,"
         " additional_contexts: {src: ./src}}}}", "."),
        ("web:\n  build: .\n  dockerfile: docker/Dockerfile\n", "."),
        ("services: {a: {build: !override {dockerfile: docker/Dockerfile}, b: !reset null}}", "."),
        ("services: {web: {build: {context: docker, dockerfile: ./Dockerfile}}}", "docker"),
        # Another Dockerfile, another place, no file at all.
        ("services: {web: {build: {context: ., dockerfile: other/Dockerfile}}}", None),
        ("services: {web: {build: {context: 'https://x.org/x.git', dockerfile: docker/Dockerfile}}}", None),
        ("services: {web: {build: {context: ., dockerfile_inline: FROM x}}}", None),
        ("services: {web: {image: x}}\nx: dockerfile:/x\n", None),
        ("services: {web: {build: {context: '${HERE}', dockerfile: a/b.Dockerfile}}}", None),
        ("- dockerfile: a/b\n", None),
        ("services: [dockerfile/]\n", None),
        ("services: {web: {build: {context: [x], dockerfile: {a: b/c}}}}", None),
        ("services: {web: {build: {context: docker, dockerfile: '${FILE:-Dockerfile}'}}}", None),
        # Beyond us.
        (
            "services: {web: {build: {context: '${HERE}', dockerfile: docker/Dockerfile}}}",
            "a variable in compose.yaml may name the build context; --context DIR names it",
        ),
        (
            "services: {web: {build: {context: ., dockerfile: '$FILE'}}}",
            "a variable in compose.yaml may name the build context; --context DIR names it",
        ),
        (
            "services: {web: {build: {context: ., dockerfile: docker/Dockerfile}",
            MALFORMED,
        ),
        (
            "services: {a: {build: {context: ., dockerfile: docker/Dockerfile}},"
            " b: {build: {context: src, dockerfile: ../docker/Dockerfile}}}",
            "compose.yaml name more than one build context for it; --context DIR names one",
        ),
        (
            "services: {web: {build: {context: none, dockerfile: /ROOT/docker/Dockerfile}}}",
            "the build context that compose.yaml names is not there",
        ),
    ],
)  # fmt: skip
def test_one_file(tmp_path: Path, text: str, context: str | None) -> None:
    lay(tmp_path, compose_yaml=text.replace("/ROOT", str(tmp_path)), docker__Dockerfile="FROM x", src__x="")
    assert found(tmp_path) == context


def test_not_outside_of_the_repository(tmp_path: Path) -> None:
    text = "services: {web: {build: {context: ../.., dockerfile: REPO/docker/Dockerfile}}}"
    lay(tmp_path, compose_yaml=text.replace("REPO", "/".join(tmp_path.parts[-2:])), docker__Dockerfile="")
    assert found(tmp_path) == "the build context that compose.yaml names lies outside of the repository"


def test_merges_without_end_are_no_trap(tmp_path: Path) -> None:
    levels = "".join(f"l{i + 1}: &l{i + 1} {{<<: [{', '.join([f'*l{i}'] * 9)}]}}\n" for i in range(30))
    text = f"l0: &l0 {{a: 1, b: 2}}\n{levels}services: {{a: {{build: {{dockerfile: docker/Dockerfile}}}}}}\n"
    lay(tmp_path, compose_yaml=text, docker__Dockerfile="FROM x")
    # Some releases of PyYAML keep one of each key, others would not end.
    assert found(tmp_path) in (".", MALFORMED)


def test_a_file_that_lies_over_another(tmp_path: Path) -> None:
    lay(
        tmp_path,
        compose_yaml="services: {web: {build: {context: src, dockerfile: Dockerfile}}}",
        docker_compose_prod_yml="services: {web: {build: {dockerfile: ../docker/Dockerfile}}}",
        docker__Dockerfile="",
        src__Dockerfile="",
    )
    assert found(tmp_path) == "src"
    assert found(tmp_path, "src/Dockerfile") == "src"


def test_two_files_that_differ(tmp_path: Path) -> None:
    lay(
        tmp_path,
        compose_yaml="services: {web: {build: {context: ., dockerfile: docker/Dockerfile}}}",
        docker_compose_dev_yml="services: {web: {build: docker}}",
        docker__Dockerfile="",
    )
    # Over the first file it is docker/docker/Dockerfile; alone it is ours.
    assert found(tmp_path) == TWO


def test_a_file_beside_the_dockerfile(tmp_path: Path) -> None:
    lay(
        tmp_path,
        deploy__compose_yml="services: {web: {build: {context: .., dockerfile: deploy/Dockerfile}}}",
        deploy__Dockerfile="",
    )
    assert found(tmp_path, "deploy/Dockerfile") == "."


def test_not_above_the_repository(tmp_path: Path) -> None:
    lay(
        tmp_path,
        compose_yaml="services: {web: {build: {context: ., dockerfile: repo/docker/Dockerfile}}}",
        repo__docker__Dockerfile="",
    )
    assert found(tmp_path, "repo/docker/Dockerfile") == "."
    (tmp_path / "repo/.git").mkdir()
    assert found(tmp_path, "repo/docker/Dockerfile") is None


def test_without_a_repository_only_what_lies_beside(tmp_path: Path) -> None:
    lay(
        tmp_path,
        compose_yaml="services: {web: {build: {context: ., dockerfile: docker/Dockerfile}}}",
        docker__compose_yaml="services: {web: {build: {context: .., dockerfile: docker/b.Dockerfile}}}",
        docker__Dockerfile="",
        docker__b_Dockerfile="",
    )
    (tmp_path / ".git").rmdir()
    assert found(tmp_path) is None
    assert found(tmp_path, "docker/b.Dockerfile") == "."


def test_unreadable(tmp_path: Path) -> None:
    lay(tmp_path, compose_yaml="# dockerfile: a/b" + " " * (300 << 10), docker__Dockerfile="")
    problem = "compose.yaml cannot be read, and may name the build context; --context DIR names it"
    assert found(tmp_path) == problem


def test_a_plain_file_needs_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    plain = "services:\n  web:\n    build:\n      context: docker\n      dockerfile: 'Dockerfile'  # ours\n"
    lay(tmp_path, compose_yaml=plain, docker__Dockerfile="")
    assert context_of(str(tmp_path / "docker/Dockerfile")) == Found()
    lay(tmp_path, compose_yaml=plain.replace("'Dockerfile'", "./Dockerfile\r"))
    assert context_of(str(tmp_path / "docker/Dockerfile")) == Found()
    lay(tmp_path, compose_yaml=plain.replace("'Dockerfile'", "../docker/Dockerfile"))
    assert "install slimfix[compose]" in str(found(tmp_path))


def test_the_rule_looks_there(tmp_path: Path) -> None:
    lay(
        tmp_path,
        docker__Dockerfile=SPLIT,
        package_json='{"dependencies": {}}',
        compose_yaml="services: {web: {build: {context: ., dockerfile: docker/Dockerfile}}}",
    )
    job = Job(select(["manifest-first"]))
    rewrite = job.work(str(tmp_path / "docker/Dockerfile")).rewrite
    assert rewrite is not None and "COPY package.json .\n" in rewrite.after
    assert "context" in str(Job(job.rules, context="").work(str(tmp_path / "docker/Dockerfile")).rewrite)
    lay(tmp_path, docker__Dockerfile_dockerignore="package.json\n")
    rewrite = job.work(str(tmp_path / "docker/Dockerfile")).rewrite
    assert rewrite is not None and not rewrite.changed


def test_the_rule_says_why_it_cannot(tmp_path: Path) -> None:
    lay(
        tmp_path,
        docker__Dockerfile=SPLIT,
        docker__package_json='{"dependencies": {}}',
        compose_yaml="services: {web: {build: {context: ., dockerfile: docker/Dockerfile}}}",
        docker_compose_dev_yml="services: {web: {build: docker}}",
    )
    rewrite = Job(select(["manifest-first"])).work(str(tmp_path / "docker/Dockerfile")).rewrite
    assert rewrite is not None and not rewrite.changed
    assert [skip.reason for skip in rewrite.skipped] == [TWO]
    named = Job(select(["manifest-first"]), context=str(tmp_path / "docker"))
    rewrite = named.work(str(tmp_path / "docker/Dockerfile")).rewrite
    assert rewrite is not None and rewrite.changed


def test_a_compose_file_that_comes_or_goes_is_seen(tmp_path: Path) -> None:
    """Also where the listing of a directory that long stayed as it was is remembered."""
    long_ago = time.time() - 3600
    os.utime(tmp_path, (long_ago, long_ago))
    assert set(Disk().names(str(tmp_path))) == set()
    assert set(Disk().names(str(tmp_path))) == set()
    (tmp_path / "compose.yml").write_text("")
    (tmp_path / "other").write_text("")
    assert set(Disk().names(str(tmp_path))) == {"compose.yml"}
    os.utime(tmp_path, (long_ago + 60, long_ago + 60))
    assert set(Disk().names(str(tmp_path))) == {"compose.yml"}
    (tmp_path / ".git").mkdir()
    assert Disk().is_root(str(tmp_path))
    (tmp_path / "compose.yml").unlink()
    assert set(Disk().names(str(tmp_path))) == {".git"}
