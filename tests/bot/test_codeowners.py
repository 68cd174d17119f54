"""Owners of code, as each forge reads them; and files that are made to keep us busy."""

from __future__ import annotations

import pytest

from slimfix.bot import codeowners
from slimfix.bot.codeowners import Kind, reviewers
from slimfix.bot.errors import BotError
from slimfix.bot.names import MAX_PATH, too_wild
from slimfix.bot.settings import Policy
from tests.bot.conftest import Bot
from tests.bot.shapes import CLEAN, PIP

LONG = "a" * 60
WILD = "*a" * 12 + "*b"
"""Of patterns; matching it one way after the other against LONG would not end."""

CASES: list[tuple[Kind, str, str, tuple[str, ...]]] = [
    ("github", "* @all\nDockerfile @one @org/team a@b.example\n", "Dockerfile", ("one", "org/team")),
    ("github", "* @all\nDockerfile\n", "Dockerfile", ()),
    ("github", "Dockerfile @one # two @three\n", "web/Dockerfile", ("one",)),
    ("github", "/Dockerfile @one\n", "web/Dockerfile", ()),
    ("github", "web/ @one\n", "a/web/x/Dockerfile", ("one",)),
    ("github", "web/* @one\n", "web/Dockerfile", ("one",)),
    ("github", "web/* @one\n", "web/x/Dockerfile", ()),
    ("github", "web/** @one\n", "web/x/Dockerfile", ("one",)),
    ("github", "* @all\n!web @one\n[Dd]ockerfile @two\n", "Dockerfile", ("all",)),
    ("gitlab", "* @all\n[Images] @crew\nDockerfile\n[Docs]\n*.md @three\n", "Dockerfile", ("all", "crew")),
    ("gitlab", "[A] @one\n* \n[a]\nDockerfile @two\n", "Dockerfile", ("two",)),
    ("gitlab", "^[A b][2] @one @org/sub/team\n*\n", "Dockerfile", ("one", "org/sub/team")),
    ("gitlab", "* @all\n^[Docs]\n*.md @three\n", "Dockerfile", ("all",)),
    ("gitea", "Dockerfile @one\n.* @two\n", "Dockerfile", ("one", "two")),
    ("gitea", "Dockerfile @one\n", "web/Dockerfile", ()),
    ("gitea", "* @all\n", "Dockerfile", ()),
    ("gitea", ".*/Dockerfile @one @org/team # @two\n", "web/Dockerfile", ("one", "org/team")),
    ("gitea", "!docs/.* @one\n", "web/Dockerfile", ("one",)),
    ("gitea", "!web/.* @one\n", "web/Dockerfile", ()),
    ("gitea", r"web\\.Dockerfile @one", "web.Dockerfile", ("one",)),
    ("gitea", r"web\\.Dockerfile @one", "webxDockerfile", ()),
    ("gitea", r"a\ b/\#c/Dockerfile @one", "a b/#c/Dockerfile", ("one",)),
    ("gitea", "(web|api)/Docker.{4} @one\n", "api/Dockerfile", ("one",)),
    ("gitea", "(?=x).* @one\n(web @two\nDockerfile\n\n# x\n", "Dockerfile", ()),
]


@pytest.mark.parametrize(("kind", "text", "path", "expected"), CASES)
def test_who_is_asked(kind: Kind, text: str, path: str, expected: tuple[str, ...]) -> None:
    assert reviewers(text, [path], kind) == expected


def test_the_most_concerned_first_and_not_too_many() -> None:
    text = "a/ @one @two\nb/ @two\n" + "".join(f"c/{n} @p{n}\n" for n in range(9))
    paths = ["a/x", "b/x", *(f"c/{n}" for n in range(9))]
    assert reviewers(text, paths) == ("two", "one", "p0", "p1", "p2")
    assert reviewers("* @one\n" * codeowners.MAX_RULES, ["x"]) == ("one",)
    assert reviewers("* @one\n" * (codeowners.MAX_RULES + 1), ["x"]) == ()


ORDERS = [(kind, places) for kind, places in codeowners.PLACES.items()]


@pytest.mark.parametrize(("forge_kind", "places"), ORDERS)
def test_the_file_is_where_the_forge_looks_for_it(bot: Bot, places: tuple[str, ...]) -> None:
    """The first found counts, and no place of another forge does."""
    others = {place for found in codeowners.PLACES.values() for place in found} - set(places)
    files = {place: f"Dockerfile @{place.strip('.').replace('/', '-')}\n" for place in (*places, *others)}
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP, **files})
    for place in places:
        assert bot.plan(repo).proposals[0].reviewers == (place.strip(".").replace("/", "-"),)
        repo.push_files({place: None})
    assert bot.plan(repo).proposals[0].reviewers == ()


# -- made to keep us busy --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("*.md", False), ("**/a/**/b/*", False), ("!**/x*y*z/**", False), (WILD, True), ("a/*/b/*/*c*", True)],
)
def test_wild_patterns(pattern: str, expected: bool) -> None:
    assert too_wild(pattern) is expected


@pytest.mark.parametrize("kind", ["github", "gitlab", "gitea"])
def test_owners_by_a_pattern_that_takes_for_ever(kind: Kind) -> None:
    text = f"{WILD} @one\n(a+)+b @two\n{'(a|a)*' * 30}b @three\n"
    assert reviewers(text, [f"{LONG}/Dockerfile"], kind) == ()


def test_ignore_rules_that_take_for_ever(bot: Bot) -> None:
    repo = bot.world.repo(
        "acme/shop", {f"{LONG}/Dockerfile": PIP, "old/Dockerfile": PIP, ".gitignore": f"{WILD}\nold/\n"}
    )
    assert [change.path for change in bot.plan(repo).proposals[0].changes] == [f"{LONG}/Dockerfile"]


@pytest.mark.parametrize(
    ("exclude", "message"),
    [(f'["{WILD}"]', "too many wildcards"), (str(["x"] * 1001), "more than 1000 patterns")],
)
def test_settings_that_take_for_ever(bot: Bot, exclude: str, message: str) -> None:
    repo = bot.world.repo("acme/shop", {f"{LONG}/Dockerfile": PIP, "slimfix.toml": f"exclude = {exclude}\n"})
    with pytest.raises(BotError, match=message) as caught:
        bot.plan(repo)
    assert caught.value.kind == "bad-config"


def test_names_that_are_too_long(bot: Bot) -> None:
    deep = "/".join(["a" * 200] * 3)
    plan = bot.plan(bot.world.repo("acme/shop", {f"{deep}/Dockerfile": PIP, "Dockerfile": CLEAN}), Policy())
    assert len(deep) > MAX_PATH and plan.dockerfiles == 1
    assert [one.reason for one in plan.unread] == ["its name is too long"]
