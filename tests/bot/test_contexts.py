"""The build context that the bot takes for a Dockerfile, where a compose file of the repository names one."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from slimfix.bot.contexts import Contexts, Place
from slimfix.bot.git import Entry
from slimfix.bot.tree import Tree
from tests.bot.conftest import Bot
from tests.bot.test_ignore import NODE, only
from tests.bot.test_message import planned

FILE = "docker/web/Dockerfile"
COPIES = "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nRUN pip install --no-cache-dir -r requirements.txt\n"
COMPOSE = "services:\n  web:\n    build:\n      context: {}\n      dockerfile: {}\n"


class Counted:
    """The objects of a commit, with the requests that were made for them."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = {path: text.encode() for path, text in files.items()}
        self.asked: list[list[str]] = []

    def fetch(self, shas: Iterable[str]) -> None:
        self.asked.append(sorted(shas))

    def blob(self, sha: str, limit: int) -> bytes | None:
        data = self.files[sha]
        return data if len(data) <= limit else None


def contexts(files: dict[str, str], links: dict[str, str] | None = None) -> tuple[Contexts, Counted]:
    """Those of a commit with these files, each the name of its own object."""
    blobs = Counted({**files, **(links or {})})
    entries = [Entry("100644", path, path) for path in files]
    entries += [Entry("120000", path, path) for path in links or {}]
    return Contexts(Tree(entries, blobs), [path for path in files if path.endswith("Dockerfile")]), blobs


def named(context: str, dockerfile: str = FILE, at: str = "compose.yaml") -> Place:
    files = {FILE: COPIES, at: COMPOSE.format(context, dockerfile), "requirements.txt": ""}
    return contexts(files)[0].place(FILE)


def test_its_own_directory() -> None:
    found, blobs = contexts({FILE: COPIES, "docker/x.yaml": "a"})
    assert found.place(FILE) == Place("docker/web") and found.beside(FILE)
    assert blobs.asked == [[]]


def test_the_root() -> None:
    files = {FILE: COPIES, "compose.yaml": COMPOSE.format(".", FILE), "requirements.txt": "flask"}
    found, blobs = contexts(files)
    assert found.place(FILE) == Place("") and not found.beside(FILE)
    seen = found.of(FILE)
    assert seen.exists("requirements.txt") and seen.exists(FILE) and not seen.exists("Dockerfile")
    assert blobs.asked == [["compose.yaml"]]


OUTSIDE = "the build context that compose.yaml names lies outside of the repository"
MISSING = "the build context that compose.yaml names is not there"
VARIABLE = "a variable in compose.yaml may name the build context; --context DIR names it"
BROKEN = "compose.yaml is malformed, and may name the build context; --context DIR does"


@pytest.mark.parametrize(
    ("place", "directory", "problem"),
    [
        (named("./docker", "web/Dockerfile"), "docker", None),
        (named("..", FILE, "docker/docker-compose.yml"), "", None),
        (named("docker/web", "./Dockerfile"), "docker/web", None),
        (named("src", "../docker/web/Dockerfile"), "docker/web", MISSING),
        (named("..", "repository/docker/web/Dockerfile"), "docker/web", OUTSIDE),
        (named("/", "repository/docker/web/Dockerfile"), "docker/web", OUTSIDE),
        (named("'~'", FILE), "docker/web", None),
        (named("https://example.com/x.git", FILE), "docker/web", None),
        (named("$DIR", FILE), "docker/web", VARIABLE),
        (named("[", FILE), "docker/web", BROKEN),
        (named(".", "other/Dockerfile"), "docker/web", None),
    ],
)
def test_places(place: Place, directory: str, problem: str | None) -> None:
    assert place == Place(directory, problem)


def test_two_that_differ() -> None:
    files = {FILE: COPIES, "compose.yaml": COMPOSE.format(".", FILE)}
    files["docker/compose.yaml"] = COMPOSE.format(".", "web/Dockerfile")
    problem = contexts(files)[0].place(FILE).problem
    assert problem is not None and "more than one build context" in problem


def test_outside_of_its_context() -> None:
    files = {FILE: COPIES, "src/requirements.txt": "", f"{FILE}.dockerignore": "*.txt\n"}
    files["compose.yaml"] = COMPOSE.format("src", "../docker/web/Dockerfile")
    found, _ = contexts(files)
    assert found.place(FILE) == Place("src")
    assert found.of(FILE).ignored("requirements.txt") and not found.of(FILE).ignored("x")


def test_a_link_is_no_context() -> None:
    files = {FILE: COPIES, "compose.yaml": COMPOSE.format("linked", "../docker/web/Dockerfile")}
    problem = contexts(files, {"linked": "docker"})[0].place(FILE).problem
    assert problem == "the build context that compose.yaml names is not there"


def test_a_compose_file_too_large() -> None:
    files = {FILE: COPIES, "compose.yaml": COMPOSE.format(".", FILE) + "#" * (256 << 10)}
    problem = contexts(files)[0].place(FILE).problem
    assert problem is not None and problem.startswith("compose.yaml cannot be read")


# -- what comes of it ------------------------------------------------------------------------------


def test_the_manifest_of_the_root_is_copied_first() -> None:
    files = {FILE: COPIES, "requirements.txt": "flask\n", "main.py": "", "docker/web/other": ""}
    (before,) = planned(files).proposals or (None,)
    assert before is None
    made = planned({**files, "compose.yaml": COMPOSE.format(".", FILE)})
    (proposal,) = made.proposals
    (change,) = [one for one in proposal.changes if one.path == FILE]
    assert "COPY requirements.txt .\n" in change.after


def test_a_manifest_beside_it_is_not_what_it_copies() -> None:
    files = {FILE: COPIES, "docker/web/requirements.txt": "flask\n", "docker/web/x": "", "main.py": ""}
    assert planned(files).proposals[0].changes[0].path == FILE
    assert not planned({**files, "compose.yaml": COMPOSE.format(".", FILE)}).proposals


def test_no_ignore_file_where_nothing_is_built() -> None:
    files = {"web/Dockerfile": NODE, "web/package.json": "{}", "web/.gitignore": "node_modules\n"}
    assert list(only(files)) == ["web/.dockerignore"]
    assert not only({**files, "compose.yaml": COMPOSE.format(".", "web/Dockerfile")})


@pytest.mark.parametrize("forge_kind", ["github", "gitlab", "gitea"])
def test_on_a_forge(bot: Bot) -> None:
    files = {FILE: COPIES, "requirements.txt": "flask\n", "main.py": "", ".dockerignore": ".git\n"}
    repo = bot.world.repo("acme/shop", {**files, "compose.yaml": COMPOSE.format(".", FILE)})
    assert bot.run(repo) == ["create"]
    assert "COPY requirements.txt .\n" in repo.read("slimfix/dockerfiles", FILE)
