"""What a pull request says, and that nothing from a repository can make it say something else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimfix.bot import body, inert, marker, message, plan, settings
from slimfix.bot.git import Entry
from slimfix.bot.plan import Plan, Proposal
from slimfix.bot.tree import Tree
from slimfix.rules import IGNORE_FILE, all_rules
from tests.bot.shapes import ALPINE, APT, NODE, PIP


class Stored:
    """Files held in memory, by the names of objects."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def fetch(self, shas: object) -> None:
        """Everything is at hand."""

    def blob(self, sha: str, limit: int) -> bytes | None:
        data = self.data[sha]
        return data if len(data) <= limit else None


def planned(
    files: dict[str, str], policy: settings.Policy = settings.Policy(), name: str = "acme/shop"
) -> Plan:
    stored = Stored()
    entries = []
    for number, (path, text) in enumerate(files.items()):
        stored.data[f"{number:040x}"] = text.encode("utf-8", "surrogateescape")
        entries.append(Entry("100644", f"{number:040x}", path))
    return plan.make(name, "main", "f" * 40, Tree(entries, stored), policy)


def proposal(files: dict[str, str]) -> Proposal:
    (only,) = planned(files).proposals
    return only


def text(one: Proposal, limit: int = 65_535, docs: str = "") -> str:
    return body.body(one, docs, "1.0", limit, marker.text(notes(one)))


def notes(one: Proposal) -> marker.Marker:
    return marker.Marker(one.key, one.fingerprint, one.content, one.rules, ("a" * 40,), "t", "b" * 40)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"api/Dockerfile": ALPINE},
            r"Shrink the api image by about \d+ MB: build tools leave in the layer they came in",
        ),
        ({"api/Dockerfile": ALPINE, "web/Dockerfile": APT}, r"Shrink the api image by about \d+ MB: .*"),
        ({"a/Dockerfile": ALPINE, "b/Dockerfile": ALPINE}, r"Shrink 2 images by about \d+ MB: .*"),
        ({"Dockerfile": PIP}, "Shrink the shop image: pip's cache stays out of the layers"),
        ({"docker/Dockerfile.worker": PIP}, "Shrink the worker image: .*"),
        ({"x/build.Dockerfile": PIP}, "Shrink the build image: .*"),
        (
            {"Dockerfile": "FROM debian:12\nRUN a\nRUN b\n"},
            "Tidy the Dockerfile of the shop image: fewer layers",
        ),
        # The end tells of what the beginning promises, of the images that it holds for.
        (
            {"a/Dockerfile": PIP, "b/Dockerfile": "FROM debian:12\nRUN a\nRUN b\n"},
            "Shrink the a image: .*",
        ),
        ({"@evil [x](y)/Dockerfile": PIP}, "Shrink the evil-x-y image: .*"),
    ],
)
def test_titles(files: dict[str, str], expected: str) -> None:
    title = message.title(proposal(files), "acme/shop")
    assert re.fullmatch(expected, title)
    assert len(title) <= message.TITLE


def test_a_body_has_what_a_maintainer_needs() -> None:
    one = proposal({"api/Dockerfile": ALPINE, "web/Dockerfile": APT})
    found = text(one, docs="https://docs.example/rules/")
    assert "proposes to change 2 Dockerfiles in 4 commits" in found.splitlines()[0]
    assert "| `api/Dockerfile` | about " in found
    assert "- [ ] nothing at run time calls gcc" in found
    assert "[build-deps](https://docs.example/rules/build-deps.md)" in found
    assert 'ignore = ["build-deps"]' in found and "# slimfix: ignore=build-deps" in found
    assert "slimfix --diff api/Dockerfile web/Dockerfile" in found
    assert found.index("### To review") < found.index("### What changes")
    assert marker.find(found) == notes(one)
    assert not message.wants_rebase(found)


def test_a_body_says_nothing_that_is_not_so() -> None:
    found = text(proposal({"Dockerfile": PIP}))
    assert "To review" not in found and "Gets smaller" not in found
    assert "one Dockerfile in one commit. The change is safe: what is installed" in found.splitlines()[0]
    assert "not built yet" in found and "for each directory" not in found
    assert "for each directory" in text(proposal({"a/Dockerfile": PIP, "b/Dockerfile": PIP}))
    mixed = text(proposal({"Dockerfile": ALPINE}))
    assert re.search(r"\d of \d changes are safe: .*; 1 rests on what is listed", mixed)


def test_every_rule_has_a_phrase_and_no_phrase_is_left_over() -> None:
    assert set(message.phrases()) == {IGNORE_FILE, *(rule.name for rule in all_rules())}
    for phrase in message.phrases().values():
        assert phrase["good"] in ("size", "cache", "order")
        assert len("Shrink the a-rather-long-service-name image by about 999 MB: " + phrase["title"]) <= 120


@pytest.mark.parametrize("limit", [65_535, 20_000, 4_000])
def test_a_body_never_gets_too_long(limit: int) -> None:
    files = {f"service-{number}/Dockerfile": ALPINE for number in range(150)}
    one = proposal(files)
    found = text(one, limit)
    assert len(found) <= limit
    assert marker.find(found) == notes(one)
    assert "proposes to change 150 Dockerfiles" in found.splitlines()[0]


def test_a_commit_message_has_its_fixes_and_their_assumptions() -> None:
    one = proposal({"api/Dockerfile": ALPINE})
    last = message.commit_message(one.commits[-1], one)
    assert last.startswith(
        "build-deps: build tools leave in the layer they came in\n\n- api/Dockerfile, line 2: "
    )
    assert "  Assumes: nothing at run time calls gcc" in last
    assert last.endswith(f"\n\n{message.TRAILER}: {one.fingerprint}")


def test_ticks_are_kept_but_for_that_of_a_new_build() -> None:
    new = f"- [ ] one\n- [ ] two\n- [ ] {message.REBASE} again\n"
    old = f"- [x] one\r\n- [ ] two\r\n- [X] {message.REBASE} again\r\n"
    assert message.with_ticks(new, old) == new.replace("[ ] one", "[x] one")
    assert message.wants_rebase(old) and not message.wants_rebase(new)


# -- what a repository might try ---------------------------------------------------------------------

ODD = [
    "@everyone",
    "fixes #1",
    "acme/shop#2",
    "GH-3",
    "!4 and $5",
    "<!-- slimfix-bot:{} -->",
    "<img src=x onerror=alert(1)>",
    "</details>",
    "```\n@someone\n```",
    "`a` ``b``` @c `",
    "[x](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "https://evil.example www.evil.example",
    "| a | b |",
    "\u202eabc",
    "\x1b[31mred",
    "&lt;b&gt;",
    "- [x] <!-- slimfix-rebase -->",
    "*bold* _it_ ~~no~~ \\",
    "caf\udce9",
]


def rendered_plainly(line: str) -> str:
    """The line without code spans, in which nothing has a meaning."""
    return re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", line)


@pytest.mark.parametrize("odd", ODD)
def test_text_in_a_line_is_inert(odd: str) -> None:
    plain = rendered_plainly(inert.line(odd))
    assert "\n" not in inert.line(odd)
    assert not re.search(r"[@#!$]\w|GH-\d|<|(?<!\\)[*_\[\]|~`]|https?://|www\.", plain)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", inert.line(odd))


@pytest.mark.parametrize("odd", ODD)
def test_text_in_a_code_span_cannot_leave_it(odd: str) -> None:
    span = inert.code(odd)
    assert rendered_plainly(span) == ""
    assert "|" not in span and "\n" not in span and "<!--" not in span


@given(st.text(max_size=60))
def test_no_text_leaves_a_code_span_or_a_block(any_text: str) -> None:
    assert rendered_plainly(inert.code(any_text)) == ""
    lines = inert.block(any_text).split("\n")
    fence = lines[0]
    assert set(fence) == {"`"} and lines[-1] == fence
    assert not any(line.lstrip().startswith(fence) for line in lines[1:-1])


@given(
    st.lists(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=30), min_size=1, max_size=3)
)
def test_marker_is_found_behind_any_text(lines: list[str]) -> None:
    one = marker.Marker("k", lines[0], "c", tuple(lines), ("a" * 40,), lines[-1], "b" * 40)
    line = marker.text(one)
    assert "\n" not in line and marker.find("\n".join([*lines, line])) == one


def test_hostile_names_in_a_whole_body() -> None:
    files = {
        f"{odd}/Dockerfile": PIP for odd in ODD if not set("\n\x1b\u202e/") & set(odd) and odd.isprintable()
    }
    one = proposal(files)
    found = text(one)
    assert len(one.changes) >= 8
    outside = re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", marker.without(found))
    for line in outside.split("\n"):
        plain = rendered_plainly(line)
        assert "@" not in plain and not re.search(r"#\d", plain) and "evil.example" not in plain
    assert found.count("<!--") == 2  # the box and the notes
    assert not message.wants_rebase(found)


# -- plans -------------------------------------------------------------------------------------------


def test_the_build_context_is_the_listing() -> None:
    files = {"app/Dockerfile": NODE, "app/package.json": '{"name": "a"}', "app/server.js": "x\n"}
    files["app/package-lock.json"] = '{"name": "a", "lockfileVersion": 3, "packages": {"": {"name": "a"}}}'
    (one,) = planned(files).proposals
    assert "manifest-first" in one.rules
    assert "COPY package.json package-lock.json" in one.changes[0].after
    ignored = planned({**files, "app/.dockerignore": "*.json\n"}).proposals
    assert not [rule for found in ignored for rule in found.rules if rule == "manifest-first"]


def test_what_a_search_passes_over() -> None:
    files = {
        ".gitignore": "build/\n",
        "build/Dockerfile": PIP,
        "Dockerfile.md": PIP,
        "Dockerfile.go": "package main\n",
        "Dockerfile.rb": PIP,
        "old/Dockerfile": PIP,
        "slimfix.toml": 'exclude = ["old"]\n',
        "empty/Dockerfile": "",
    }
    found = planned(files)
    assert [change.path for change in found.proposals[0].changes] == ["Dockerfile.rb"]
    assert [(one.path, one.reason) for one in found.unread] == [("empty/Dockerfile", "the file is empty")]


def test_the_nearest_settings_hold() -> None:
    files = {
        "a/Dockerfile": PIP,
        "b/Dockerfile": PIP,
        "a/pyproject.toml": '[tool.slimfix]\nignore = ["pip"]\n',
    }
    files |= {
        "b/pyproject.toml": '[project]\nname = "slimfix-like"\n',
        "slimfix.toml": "[bot]\ndraft = true\n",
    }
    found = planned(files)
    assert [change.path for change in found.proposals[0].changes] == ["b/Dockerfile"]
    assert found.wishes.draft


def test_fingerprints_tell_what_changed() -> None:
    one, moved = proposal({"Dockerfile": PIP}), proposal({"Dockerfile": "# a comment\n" + PIP})
    assert one.fingerprint == moved.fingerprint and one.content != moved.content
    assert proposal({"Dockerfile": PIP}) == one


def test_a_declined_rule_is_not_planned() -> None:
    stored = Stored()
    stored.data["0" * 40] = ALPINE.encode()
    tree = Tree([Entry("100644", "0" * 40, "Dockerfile")], stored)
    made = plan.make("a/b", "main", "f" * 40, tree, settings.Policy(), frozenset(("build-deps",)))
    assert "build-deps" not in made.proposals[0].rules
