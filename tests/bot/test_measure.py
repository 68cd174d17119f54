"""``slimfix bot plan --verify``: on a real engine, from git's objects to the text of the pull request."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx", reason="the extra slimfix[bot] is not installed")

from slimfix.bot import body, marker, measure, message, plan, plan_file, read, scratch
from slimfix.bot.errors import BotError
from slimfix.bot.git import Clone
from slimfix.bot.measure import Builder, Building, acceptable, without_secrets
from slimfix.bot.measured import Held, Measured, Row
from slimfix.bot.redact import Secrets
from slimfix.bot.settings import Policy
from slimfix.bot.tree import Tree
from slimfix.engine import Reader, Rewrite, rewrite
from slimfix.fix import Fix, Safety
from slimfix.rules import Rule
from slimfix.text import Edit, Span
from slimfix.verify.engines import Engine, Options
from slimfix.verify.findings import Comparison, Files, Package, Side
from slimfix.verify.findings import Path as Differing
from tests.bot.conftest import Bot
from tests.bot.forge.world import Content, Repo
from tests.bot.shapes import PIP
from tests.bot.test_message import notes, proposal, text
from tests.engine.conftest import IMAGE, Traces, command, engine, environment, traces
from tests.verify_images import image

__all__ = ["engine", "traces"]  # fixtures

CACHE = (
    "*--no-cache-dir*) ;; *) mkdir -p /root/.cache/pip && head -c 5000000 /dev/urandom > /root/.cache/pip/x"
)
PROGRAM = '#!/bin/sh\ncase "$*" in {} ;; esac\nmkdir -p /opt/flask && echo done > /opt/flask/main\n'
GOOD = PROGRAM.format(CACHE)
"""What stands in for pip: it keeps 5 MB, unless it is told not to."""
BROKEN = PROGRAM.format("*--no-cache-dir*) echo no such option >&2; exit 2")
CHANGED = PROGRAM.format("*--no-cache-dir*) mkdir -p /opt && echo odd > /opt/odd")
LARGER = PROGRAM.format(
    "*--no-cache-dir*) mkdir -p /root/.cache/pip && head -c 5000000 /dev/urandom > /root/.cache/pip/x"
)


def files(traces: Traces, pip: str = GOOD, more: str = "") -> dict[str, Content]:
    """A repository that installs with a pip of its own."""
    lines = f"FROM {IMAGE}\n{traces.line}COPY bin/pip /usr/local/bin/\n{more}RUN pip install flask\n"
    return {
        "api/Dockerfile": lines,
        "api/bin/pip": ("100755", pip),
        "api/link": ("120000", "bin/pip"),
        "api/out": ("120000", "/etc/passwd"),
        "evil.sh": ("100755", "#!/bin/sh\n"),
    }


class Maker:
    """Plans with an engine, as the command does."""

    def __init__(self, bot: Bot, engine: Engine) -> None:
        self.bot = bot
        self.building = Building(engine)
        self.told: list[str] = []

    def proving(self, name: str, tree: Tree, clone: Clone) -> Builder:
        return Builder(self.building, tree, clone, self.bot.secrets, self.told.append)

    def plan(self, repo: Repo, policy: Policy = Policy()) -> plan.Plan:
        there = (self.bot.there, repo.full, policy, self.bot.terms, self.bot.secrets)
        return read.remote(*there, self.proving)


@pytest.fixture
def maker(bot: Bot, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maker]:
    """Nothing of it may be left on the disk."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield Maker(bot, engine)
    assert list(place.iterdir()) == []


# -- on an engine ----------------------------------------------------------------------------------


@pytest.mark.engine
def test_what_was_measured_is_told(bot: Bot, maker: Maker, traces: Traces) -> None:
    repo = bot.world.repo("acme/shop", files(traces))
    assert bot.run(repo) == ["create"]
    (pull,) = repo.pulls
    assert pull.title.startswith("Shrink the api image: ") and "not built yet" in pull.body
    made = maker.plan(repo)
    assert plan_file.read(plan_file.document([made])) == [made]
    (one,) = made.proposals
    found = one.changes[0].measured
    assert found is not None and one.measured and not made.held
    assert 5_000_000 <= found.saving <= 5_100_000 and found.saving == one.saving
    assert bot.publish(made) == ["reword"]
    assert pull.title == "Shrink the api image by 5.0 MB: pip's cache stays out of the layers"
    told = marker.without(pull.body)
    assert "**It was built as it is and as proposed**, by docker " in told.splitlines()[0]
    assert "not built yet" not in told
    (size,) = [line for line in told.splitlines() if line.startswith("| `api/Dockerfile` | image size |")]
    before, after = (float(cell.split()[0]) for cell in size.split("|")[3:5])
    assert 4.9 <= before - after <= 5.1
    assert "- the image config is the same\n" in told
    assert "- caches: differences in " in told
    assert "- 1 links lead out of the directory, and were left out" in told
    assert traces.left() == ""
    # Whoever plans without building leaves it as it is; whoever builds again and finds other figures, too.
    assert bot.run(repo) == ["leave up-to-date"]
    again = one.changes[0]._replace(measured=found._replace(after=found.after - 1))
    other = made._replace(proposals=(one._replace(changes=(again,)),))
    assert bot.publish(other) == ["leave up-to-date"]
    assert told == marker.without(pull.body)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("pip", "verdict", "reason"),
    [
        (BROKEN, "broken", "the build fails at step "),
        (CHANGED, "changed", "/opt/odd appeared"),
        (LARGER, "larger", "the image gets larger, from "),
    ],
)
def test_what_a_build_speaks_against_is_not_proposed(
    bot: Bot, maker: Maker, traces: Traces, pip: str, verdict: str, reason: str
) -> None:
    repo = bot.world.repo("acme/shop", files(traces, pip))
    assert bot.run(repo) == ["create"]  # before anything was built
    made = maker.plan(repo)
    assert made.proposals == ()
    assert [(one.path, one.rules, one.verdict) for one in made.held][-1:] == [
        ("api/Dockerfile", ("pip-no-cache-dir",), verdict)
    ]
    assert made.held[-1].reason.startswith(reason)
    assert bot.publish(made) == ["close unproved"] and repo.branches().keys() == {"main"}
    assert repo.pulls[0].body.startswith("**A build has spoken against what was proposed: ")
    assert traces.left() == ""


@pytest.mark.engine
def test_the_rest_is_proposed_without_what_is_to_blame(bot: Bot, maker: Maker, traces: Traces) -> None:
    more = "RUN echo one > /one\nRUN echo two > /two\nUSER root\n"
    repo = bot.world.repo("acme/shop", files(traces, BROKEN, more))
    made = maker.plan(repo)
    (one,) = made.proposals
    assert one.rules == ("merge-runs",) and one.measured
    assert "--no-cache-dir" not in one.changes[0].after and one.changes[0].after.count("RUN") == 2
    assert [(held.rules, held.verdict) for held in made.held] == [(("pip-no-cache-dir",), "broken")]
    assert bot.publish(made) == ["create"]
    # It saves nothing, and so the title promises nothing.
    assert repo.pulls[0].title == "Tidy the Dockerfile of the api image: fewer layers"


@pytest.mark.engine
def test_what_does_not_build_as_it_is_comes_with_the_estimate(bot: Bot, maker: Maker, traces: Traces) -> None:
    repo = bot.world.repo("acme/shop", files(traces, more="RUN exit 3\n"))
    made = maker.plan(repo)
    (one,) = made.proposals
    assert not one.measured and not made.held
    assert bot.publish(made) == ["create"]
    told = repo.pulls[0].body
    assert "**This could not be built here** (why is told below)" in told.splitlines()[0]
    assert "- `api/Dockerfile` was not measured: as it is, it does not build here: step " in told
    assert traces.left() == ""


@pytest.mark.engine
@pytest.mark.parametrize(
    ("script", "more", "held"),
    [
        ("echo fine > /x", {"api/.idea/x": ""}, False),
        ("cat /src/.idea/x", {"api/.idea/x": ""}, True),
        pytest.param("exit 3", {"api/.idea/x": ""}, False, marks=pytest.mark.slow),
        ("exit 3", {"api/.idea/x": "", "api/.dockerignore": "**/.idea\n!bin\n*.pem\n"}, None),
    ],
)
def test_an_ignore_file_is_built_with(
    bot: Bot, maker: Maker, traces: Traces, script: str, more: dict[str, Content], held: bool | None
) -> None:
    lines = f"FROM {IMAGE}\n{traces.line}COPY . /src\nRUN sh /src/run.sh\n"
    repo = bot.world.repo("acme/shop", {"api/Dockerfile": lines, "api/run.sh": script + "\n", **more})
    made = maker.plan(repo)
    assert [(one.path, one.rules, one.verdict) for one in made.held] == [
        ("api/.dockerignore", ("dockerignore",), "broken")
    ] * bool(held)
    assert [change.path for one in made.proposals for change in one.changes] == (
        ["api/.dockerignore"] if held is False else []
    )
    for one in made.proposals:
        expected = "without it, the build fails here, too" if "exit" in script else ""
        assert one.changes[0].unmeasured == expected
    assert traces.left() == ""


@pytest.mark.engine
def test_an_ignore_file_of_what_is_in_no_commit(bot: Bot, maker: Maker, traces: Traces) -> None:
    found = {path.removeprefix("api/"): held for path, held in files(traces).items()}
    found["Dockerfile"] = str(found["Dockerfile"]) + "COPY . /src\n"
    (one,) = maker.plan(bot.world.repo("acme/shop", found)).proposals
    assert one.measured and [change.path for change in one.changes] == ["Dockerfile", ".dockerignore"]
    told = text(one)
    assert "An ignore file had no part in that: what it keeps out is in no commit." in told.splitlines()[0]
    assert ".dockerignore` was not measured" not in told
    built = one.changes[1]._replace(unmeasured="")
    assert "With the ignore file it was built, too." in text(one._replace(changes=(one.changes[0], built)))


@pytest.mark.engine
@pytest.mark.slow
def test_a_build_that_takes_too_long(bot: Bot, maker: Maker, traces: Traces) -> None:
    maker.building = maker.building._replace(options=Options(timeout=20))
    slow = PROGRAM.format("*--no-cache-dir*) sleep 600")
    made = maker.plan(bot.world.repo("acme/shop", files(traces, slow)))
    assert made.proposals == ()
    assert [(one.verdict, one.rules) for one in made.held] == [("not-verified", ("pip-no-cache-dir",))]
    assert made.held[0].reason.startswith("the build was stopped after 20 s")


@pytest.mark.engine
@pytest.mark.parametrize("safety", [Safety.ASSUMED, Safety.SAFE])
def test_packages_that_are_gone_need_a_fix_that_says_so(
    engine: Engine, traces: Traces, tmp_path: Path, safety: Safety
) -> None:
    place = tmp_path / "shop"
    place.mkdir()
    lines = f"FROM {IMAGE}\n{traces.line}RUN apk add --no-cache curl\nRUN echo {safety} > /x\n"
    (place / "Dockerfile").write_text(lines)
    person = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    for git in (["init", "-q", "-b", "main"], ["add", "."], [*person, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *git], cwd=place, check=True)

    def check(dockerfile: object) -> Iterator[Fix]:
        at = lines.find(" curl\n")
        span = Span(at, at + len(" curl"))
        if "apk del" not in getattr(dockerfile, "text", ""):
            yield Fix(
                (Edit(Span(span.end, span.end), " && apk del curl"),),
                "remove curl",
                span,
                safety,
                "nothing calls curl" if safety else None,
            )

    rule = Rule("gone", "SF999", 5, check)

    def remake(rules: Sequence[Rule]) -> Rewrite:
        return rewrite(lines, rules, Reader())

    clone = Clone(str(place / ".git"), Secrets(), None)
    building = Building(engine, Options(network="host"))
    try:
        with Builder(building, Tree(clone.entries(), clone), clone, Secrets()) as builder:
            found = builder.prove("Dockerfile", "", remake([rule]), remake, None)
    finally:
        clone.close()
    if safety is Safety.SAFE:
        assert found.rewrite is None and found.held[-1].verdict == "changed"
        assert found.held[-1].reason.startswith("packages are gone (")
    else:
        assert found.rewrite is not None and not found.held and found.measured is not None
        assert any("gone, " in remark for remark in found.measured.remarks)
    assert traces.left() == ""


@pytest.mark.engine
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_one_leaves_nothing(engine: Engine, traces: Traces, tmp_path: Path, number: int) -> None:
    place, temporary = tmp_path / "shop", tmp_path / "temporary"
    place.mkdir()
    temporary.mkdir()
    (place / "Dockerfile").write_text(
        f"FROM {IMAGE}\n{traces.line}COPY secret /\nRUN echo begun && sleep 8\nRUN echo 1 > /1\n"
    )
    (place / "secret").write_text("x" * 99)
    person = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    for git in (["init", "-q", "-b", "main"], ["add", "."], [*person, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *git], cwd=place, check=True)
    arguments = ("bot", "plan", "--clone", str(place), "--verify", "-o", str(tmp_path / "plan"))
    env = environment(TMPDIR=str(temporary))
    with subprocess.Popen(command(*arguments), env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "clean build" in line:
                break
        until = time.monotonic() + 120
        while not list(temporary.rglob("secret")) and time.monotonic() < until:
            time.sleep(0.1)
        assert list(temporary.rglob("secret"))
        time.sleep(2)
        process.send_signal(number)
        process.wait()
    if number == signal.SIGKILL:
        assert list(temporary.iterdir())
        gone = scratch.sweep(str(temporary))
        assert len(gone) == 1
        until = time.monotonic() + 120  # the builder's client does not know of it, and ends by itself
        while traces.left() and time.monotonic() < until:
            images = subprocess.run(
                [engine.program, "images", "-aq", "--filter", f"label={traces.label}"],
                capture_output=True,
                text=True,
            ).stdout.split()
            subprocess.run([engine.program, "rmi", "--force", *images], capture_output=True)
            time.sleep(1)
    assert list(temporary.iterdir()) == []
    assert traces.left() == ""
    assert not (tmp_path / "plan").exists()


# -- without one -----------------------------------------------------------------------------------


def test_repositories_cannot_ask_for_it(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the operator's option leads to a build: no setting is taken for one."""
    monkeypatch.setattr(measure, "Builder", None)
    for number, settings in enumerate(("[bot]\nverify = true\n", "verify = true\n")):
        repo = bot.world.repo(f"acme/shop{number}", {"Dockerfile": PIP, "slimfix.toml": settings})
        with pytest.raises(BotError, match=r"unknown key: (bot\.)?verify"):
            bot.plan(repo)


def test_no_engine_is_one_line(tmp_path: Path) -> None:
    arguments = ("bot", "plan", "--clone", str(tmp_path), "--verify", "--engine", "docker")
    env = environment(DOCKER_HOST="unix:///nowhere/docker.sock")
    done = subprocess.run(command(*arguments), env=env, capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("slimfix: docker: ") and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("option", ["--engine=docker", "--build-network=none", "--build-timeout=9"])
def test_options_that_need_it(tmp_path: Path, option: str) -> None:
    done = subprocess.run(
        command("bot", "plan", "--clone", str(tmp_path), option), capture_output=True, text=True
    )
    assert done.returncode == 2 and "--engine and --build-... need --verify" in done.stderr


def test_the_builder_gets_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "SLIMFIX_TOKEN": "of-any-shape",
        "GITHUB_TOKEN": "ghp_" + "x" * 36,
        "MY_COPY": "known-secret",
        "SLIMFIX_WEBHOOK_SECRET": "s" * 20,
        "DOCKER_HOST": "tcp://10.0.0.1",
        "HARMLESS": "1",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    show = [sys.executable, "-c", "import os; print(*sorted(os.environ))"]
    with without_secrets(Secrets("known-secret")):
        seen = subprocess.run(show, capture_output=True, text=True, check=True).stdout.split()
    assert given.keys() & set(seen) == {"DOCKER_HOST", "HARMLESS"}
    assert {name: os.environ[name] for name in given} == given


def compared(**found: Any) -> Comparison:
    side = Side("t", image({"a": "b"}), 1.0)
    return Comparison(side, side)._replace(**found)


def made(assumption: str | None) -> Rewrite:
    """A rewrite of one fix."""
    safety = Safety.ASSUMED if assumption else Safety.SAFE

    def check(dockerfile: object) -> Iterator[Fix]:
        if "b" not in getattr(dockerfile, "text", ""):
            yield Fix((Edit(Span(5, 6), "b"),), "m", Span(5, 6), safety, assumption)

    return rewrite("FROM a\n", [Rule("r", "SF999", 1, check)], Reader())


GONE = Package("gcc", "1", None, 9, 99)


@pytest.mark.parametrize(
    ("found", "assumption", "verdict"),
    [
        ({}, None, "verified"),
        ({"files": Files(packages=(GONE,))}, "nothing calls gcc", "verified"),
        ({"files": Files(packages=(GONE,))}, None, "smaller but changed"),
        ({"files": Files(packages=(GONE, Package("x", "1", "2")))}, "a", "smaller but changed"),
        ({"files": Files((Differing("x", "vanished"),), (GONE,))}, "a", "smaller but changed"),
        ({"files": Files(packages=(GONE,)), "lost": ("lost",)}, "a", "broken"),
    ],
)
def test_what_is_acceptable(found: dict[str, object], assumption: str | None, verdict: str) -> None:
    one = made(assumption)
    assert len(one.steps) == 1
    assert acceptable(compared(**found), one).name == verdict


def measured(before: int, after: int, odd: str = "") -> Measured:
    row = Row("image size", f"{before} B", f"{after} B", odd)
    return Measured(f"docker 1.0{odd}", before, after, (row,), (f"remark{odd}",))


def with_measures(one: plan.Proposal, *found: Measured | None) -> plan.Proposal:
    changes = [
        change._replace(measured=each, unmeasured="" if each else "it does not build")
        for change, each in zip(one.changes, found)
    ]
    return one._replace(changes=tuple(changes))


@pytest.mark.parametrize(
    ("found", "title"),
    [
        (
            (measured(9_000_000, 1_000_000),),
            "Shrink the shop image by 8.0 MB: pip's cache stays out of the layers",
        ),
        ((measured(9_000_000, 8_999_000),), "Tidy the Dockerfile of the shop image: pip's cache .*"),
        ((measured(9_000_000, 9_100_000),), "Tidy the Dockerfile of the shop image: pip's cache .*"),
    ],
)
def test_titles_promise_what_was_measured(found: tuple[Measured, ...], title: str) -> None:
    import re

    assert re.fullmatch(
        title, message.title(with_measures(proposal({"Dockerfile": PIP}), *found), "acme/shop")
    )


def test_measured_and_expected_side_by_side() -> None:
    from tests.bot.shapes import ALPINE

    one = with_measures(
        proposal({"a/Dockerfile": PIP, "b/Dockerfile": ALPINE}), measured(9_000_000, 1_000_000), None
    )
    told = text(one)
    assert (
        "**1 of 2 Dockerfiles were built as they are and as proposed**, by docker 1.0" in told.splitlines()[0]
    )
    assert "| `a/Dockerfile` | image size | 9000000 B | 1000000 B |" in told
    assert "| `b/Dockerfile` | about " in told
    assert "- `b/Dockerfile` was not measured: it does not build" in told
    assert message.title(one, "acme/shop").startswith("Shrink 2 images by about ")


def test_nothing_in_a_measure_is_taken_for_markup() -> None:
    odd = " <!-- x --> @someone | #1 </details> ![](https://evil.example)"
    told = text(with_measures(proposal({"Dockerfile": PIP}), measured(9_000_000, 1, odd)))
    assert told.count("<!--") == 2 and "@someone" not in told and "https://evil" not in told
    assert all(
        line.count("|") - line.count("\\|") == 6 for line in told.splitlines() if line.startswith("| ")
    )


@pytest.mark.parametrize("limit", [20_000, 4_000])
def test_a_measured_body_never_gets_too_long(limit: int) -> None:
    one = proposal({f"service-{number}/Dockerfile": PIP for number in range(150)})
    one = with_measures(one, *[measured(9_000_000, 1)] * 150)
    found = body.body(one, "", "1.0", limit, marker.text(notes(one)))
    assert len(found) <= limit and marker.find(found) == notes(one)


def test_what_is_held_back_is_told() -> None:
    from slimfix.bot import outcome, status

    held = (Held("a\x1b/Dockerfile", ("r", "s"), "broken", "the build fails\nat step 3"),)
    one = outcome.Outcome("acme/shop", dockerfiles=1, held=held)
    assert outcome.read(one.json()) == one and not one.failed
    (line,) = one.lines()
    assert line == "acme/shop: a\\x1b/Dockerfile: held back (broken): r, s: the build fails\\x0aat step 3"
    for style in ("text", "json", "html"):
        assert "held" in status.render([(0.0, one, "acme/shop")], style)


def test_a_plan_with_a_measure_of_another_shape_is_refused() -> None:
    from tests.bot.test_message import planned

    made = planned({"Dockerfile": PIP})
    one = with_measures(made.proposals[0], measured(2, 1))
    document = plan_file.document([made._replace(proposals=(one,), held=(Held("a", ("r",), "broken", "x"),))])
    assert plan_file.read(document)[0].proposals == (one,)
    for old, new in (('"before": 2', '"before": "2"'), ('"verdict": "broken"', '"verdict": "fine"')):
        with pytest.raises(BotError):
            plan_file.read(document.replace(old, new))
