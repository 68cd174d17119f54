"""The verdict on a comparison, and how it is told in four forms."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from slimfix.engine import Rewrite, Step
from slimfix.fix import Fix, Safety
from slimfix.rules import all_rules
from slimfix.text import Span
from slimfix.verify.archive import LayerSize
from slimfix.verify.blame import Blamed, Settled
from slimfix.verify.configs import Difference
from slimfix.verify.findings import Comparison, Failure, Files, Group, Package, Path, Side, Smoke
from slimfix.verify.needs import Lost
from slimfix.verify.report import FORMATS, Report, render, shared_layers
from slimfix.verify.verdict import BROKEN, CHANGED, VERIFIED, judge
from tests.verify_images import image

BASE = LayerSize(70_000_000, 30_000_000, "")
HOSTILE = '/bin/sh -c echo "<script>alert(1)</script>" | `tee` \x1b[31m&& true'
BEFORE = Side("b:1", image({})._replace(layers=(BASE, LayerSize(30_000_000, 9_000_000, HOSTILE))), 60.0, 20.0)
AFTER = Side("a:1", image({})._replace(layers=(BASE, LayerSize(5_000_000, 2_000_000, "RUN x"))), 61.0, 1.0)
SAME = Comparison(BEFORE, AFTER, touched="app.py")
RAN = Smoke(("app", "--check"), (0, "ok"), (0, "ok"))
GONE = Files(packages=(Package("gcc", "12", None, 9, 1000),))

VERDICTS: list[tuple[Comparison, str, str]] = [
    (SAME, VERIFIED, ""),
    (SAME._replace(files=Files(caches=Group(3, 9), unstable=("a",))), VERIFIED, ""),
    (SAME._replace(smoke=(RAN,)), VERIFIED, ""),
    (SAME._replace(files=GONE, smoke=(RAN,)), VERIFIED, ""),
    (SAME._replace(smoke=(Smoke(("date",), (0, "1"), (0, "2"), False),)), VERIFIED, ""),
    (SAME._replace(files=GONE), CHANGED, r"packages are gone \(gcc\), and no --smoke"),
    (SAME._replace(files=GONE, smoke=(Smoke(("no",), (1, ""), (1, "")),)), CHANGED, "packages are gone"),
    (SAME._replace(config=(Difference("ENV A", "1", None),)), CHANGED, "ENV A: '1' became not set"),
    (SAME._replace(files=Files((Path("app/x", "vanished", 1),))), CHANGED, "^/app/x vanished$"),
    (SAME._replace(files=Files((Path("app/x", "content"),))), CHANGED, "^/app/x: content$"),
    (SAME._replace(files=Files(packages=(Package("sed", "1", "2"),))), CHANGED, "another version: sed"),
    (SAME._replace(smoke=(Smoke(("app",), (0, "1"), (0, "2")),)), CHANGED, "app: another output"),
    (SAME._replace(lost=(Lost("library", "libx.so.1", ("/bin/y",)),)), BROKEN, "library libx.so.1 is gone"),
    (
        SAME._replace(smoke=(Smoke(("app",), (0, ""), (127, "")),)),
        BROKEN,
        "exit status 0 before, .* 127 after",
    ),
    (SAME._replace(smoke=(Smoke(("app",), (0, ""), (-1, "")),)), BROKEN, "did not end after"),
    (
        SAME._replace(after=None, failure=Failure("3/4 RUN false", ("x",))),
        BROKEN,
        "fails at step 3/4 RUN false",
    ),
]


@pytest.mark.parametrize("found, name, reason", VERDICTS)
def test_verdicts(found: Comparison, name: str, reason: str) -> None:
    verdict = judge(found)
    assert verdict.name == name
    assert verdict.status == {VERIFIED: 0, CHANGED: 1, BROKEN: 2}[name]
    assert bool(verdict.reasons) == bool(reason)
    assert any(re.search(reason, one) for one in verdict.reasons) or not reason


def test_what_is_worst_decides_and_many_paths_are_counted() -> None:
    paths = tuple(Path(f"p{number}", "vanished") for number in range(30))
    found = SAME._replace(files=Files(paths), config=(Difference("USER", None, "a"),))
    assert len(judge(found).reasons) == 10
    assert judge(found).reasons[-1] == "22 more paths differ"
    assert judge(found._replace(lost=(Lost("library", "l", ("/x",)),))).name == BROKEN


RULE = all_rules()[0]
STEP = Step(RULE, Fix((), "do | it <now>", Span(0, 1), Safety.ASSUMED, "nobody minds"), (3, 4), (3, 3))
REWRITE = Rewrite("before", "after", (STEP,), ())


def report(found: Comparison, *blamed: Blamed) -> Report:
    settled = Settled(REWRITE, found, judge(found), blamed)
    if blamed:
        settled = settled._replace(rest=REWRITE, rest_comparison=SAME, rest_verdict=judge(SAME))
    return Report("dir/Docker<file>", "docker 1.0", settled)


BLAMED = Blamed(RULE.name, RULE.code, "do it", (3, 4), 2, ("library x is gone",))
EVERY = [report(found) for found, _, _ in VERDICTS] + [
    report(VERDICTS[-1][0], BLAMED),
    report(VERDICTS[-4][0], BLAMED),
]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("one", EVERY)
def test_every_form_tells_verdict_reasons_and_blame(form: str, one: Report) -> None:
    text = render(one, form)
    plain = re.sub(r"\\(.)", r"\1", text) if form == "markdown" else text
    assert one.settled.verdict.name in plain
    assert "\x1b" not in text
    assert text.endswith("\n")
    for blamed in one.settled.blamed:
        assert blamed.rule in plain and "library x is gone" in plain


def test_text() -> None:
    lines = render(report(SAME._replace(smoke=(RAN,))), "text").splitlines()
    assert lines[0] == "dir/Docker<file>: verified: 100.0 MB became 75.0 MB (-25.0 %)"
    assert "  image size              100.0 MB ->   75.0 MB  -25.0 %" in lines
    assert "  compressed size          39.0 MB ->   32.0 MB  -17.9 %" in lines
    assert "  rebuild after an edit     20.0 s ->     1.0 s  -95.0 %" in lines
    assert "  the edit was in app.py" in lines
    assert "  app --check: exit status 0 and the same output in both" in lines
    assert f"  fix: line 3: {RULE.name}: do | it <now>" in lines


def test_json() -> None:
    found = json.loads(render(report(VERDICTS[-1][0], BLAMED), "json"))
    assert found["verdict"] == "broken" and found["status"] == 2 and found["after"] is None
    assert found["failure"] == {"step": "3/4 RUN false", "tail": ["x"]}
    assert found["blamed"][0]["lines"] == {"first": 3, "last": 4}
    assert found["rest"] == {
        "verdict": "verified",
        "size": 75_000_000,
        "compressed": 32_000_000,
        "dockerfile": "after",
    }
    found = json.loads(render(report(SAME), "json"))
    assert found["before"]["size"] == 100_000_000 and found["after"]["rebuild"] == 1.0
    assert found["fixes"][0]["assumption"] == "nobody minds"


def test_markdown_cells_and_code_hold() -> None:
    text = render(report(SAME), "markdown")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 5, row
    assert "``" in text and "<script>" in text  # as code, where it is only text
    assert "### `dir/Docker<file>`: verified" in text


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects them."""

    VOID = ("meta", "rect", "line")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "line"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("one", EVERY)
def test_html_stands_alone_and_is_well_formed(one: Report) -> None:
    text = render(one, "html")
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object"}
    assert not any(key in ("src", "href", "xlink:href") for _, given in page.tags for key in given)
    assert "url(" not in text and "@import" not in text
    assert {"html", "title", "main", "h1"} <= names
    if one.settled.comparison.after is not None:
        assert "alert(1)" in page.text  # shown, not run


def test_html_chart_can_be_read_without_seeing_it() -> None:
    text = render(report(SAME), "html")
    page = Page()
    page.feed(text)
    svg = next(given for tag, given in page.tags if tag == "svg")
    assert svg["role"] == "img"
    labels = (svg["aria-labelledby"] or "").split()
    ids = [given.get("id") for _, given in page.tags]
    assert labels and all(label in ids for label in labels)
    assert "Before 100.0 MB in 2 layers, after 75.0 MB in 2 layers; 1 layers are in both." in page.text
    bars = [given for tag, given in page.tags if tag == "rect" and given.get("height") == "56"]
    widths = [float(given["width"] or 0) for given in bars]
    assert widths[0] == widths[2] == pytest.approx(70 / 30 * widths[1], rel=0.01)
    assert [given["class"] for given in bars] == ["shared", "before", "shared", "after"]


def test_shared_layers() -> None:
    assert shared_layers(SAME) == 1
    assert shared_layers(SAME._replace(after=BEFORE)) == 2
    assert shared_layers(SAME._replace(after=None)) == 0
