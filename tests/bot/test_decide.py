"""The behaviour of the bot, a row for each case: what the forge shows, and the one thing that is done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slimfix.bot import decide, marker, message
from slimfix.bot.commits import Commit, File
from slimfix.bot.decide import Allowed, Branch, Seen
from slimfix.bot.forge import Pull
from slimfix.bot.plan import Change, PlannedFix, Proposal
from slimfix.bot.settings import Wishes

OLD, NEW, HEAD, USER = "1" * 40, "2" * 40, "a" * 40, "b" * 40
FIX = PlannedFix("Dockerfile", "pip-no-cache-dir", "SF102", "add it", "safe", None, 0, "", (2, 2))
PROPOSAL = Proposal(
    "dockerfiles",
    "slimfix/dockerfiles",
    (Change("Dockerfile", "100644", "c" * 40, "FROM a\n", "FROM b\n"),),
    (Commit("pip-no-cache-dir", 0, (File("Dockerfile", "100644", "FROM b\n"),)),),
    (FIX,),
    "fixes-1",
    "content-1",
)
NOTES = marker.Marker(
    "dockerfiles", "fixes-1", "content-1", ("pip-no-cache-dir",), (HEAD, OLD), "A title", NEW
)


def pull(notes: marker.Marker | None = NOTES, text: str = "Text", **fields: object) -> Pull:
    """An open pull request of ours that nobody touched, but for what is given."""
    body = f"{text}\n\n{marker.text(notes)}" if notes else text
    base = Pull(7, "https://forge/7", True, False, False, "A title", body, PROPOSAL.branch, HEAD, "main")
    return base._replace(**fields)  # type: ignore[arg-type]  # checked by the tests that use it


def closed(notes: marker.Marker = NOTES, **fields: object) -> Pull:
    return pull(notes, "Text", **{"open": False, **fields})


def seen(*pulls: Pull, branch: Branch | None = None, told: bool = False) -> Seen:
    return Seen(pulls, branch, "main", NEW, told)


TICKED = f"- [x] {message.REBASE} Tick this"
ON = Wishes()
MERGED = closed(merged=True)

ROWS: list[tuple[str, Proposal | None, Seen, Wishes, Allowed, str]] = [
    # -- nothing is open
    ("the first time", PROPOSAL, seen(), ON, Allowed(), "create"),
    ("nothing to fix", None, seen(), ON, Allowed(), "leave nothing-to-fix"),
    ("turned off", PROPOSAL, seen(), Wishes(enabled=False), Allowed(), "leave opted-out"),
    ("another is open", PROPOSAL, seen(), ON, Allowed(others_open=1), "leave open-limit"),
    ("two may be open", PROPOSAL, seen(), Wishes(open_limit=2), Allowed(others_open=1), "create"),
    ("quiet hours", PROPOSAL, seen(), ON, Allowed(quiet=True), "leave quiet-hours"),
    # -- a branch without a pull request
    ("our branch of a run cut short", PROPOSAL, seen(branch=Branch(HEAD, True)), ON, Allowed(), "create"),
    (
        "a branch of someone else",
        PROPOSAL,
        seen(branch=Branch(USER, False)),
        ON,
        Allowed(),
        "leave branch-taken",
    ),
    # -- closed before
    ("closed by a maintainer", PROPOSAL, seen(closed()), ON, Allowed(), "leave declined"),
    (
        "long ago, before one that we closed",
        PROPOSAL,
        seen(closed(NOTES._replace(closed="obsolete")), closed()),
        ON,
        Allowed(),
        "leave declined",
    ),
    ("closed, then renamed", PROPOSAL, seen(closed(title="Again: a title")), ON, Allowed(), "create"),
    ("renamed, then closed", PROPOSAL, seen(closed(title="chore: it")), ON, Allowed(), "leave declined"),
    (
        "a rule that an order turned down later",
        PROPOSAL,
        seen(pull(NOTES._replace(ignored=FIX[1:2], content="other"))),
        ON,
        Allowed(),
        "leave declined",
    ),
    (
        "cut short on the way to another place, and never to be rebased",
        PROPOSAL,
        seen(pull(NOTES._replace(heads=(NEW, HEAD)))),
        Wishes(rebase="never"),
        Allowed(),
        "rebuild changed",
    ),
    ("closed, with the label", PROPOSAL, seen(closed(labels=(decide.AGAIN,))), ON, Allowed(), "create"),
    (
        "closed for other rules",
        PROPOSAL,
        seen(closed(NOTES._replace(rules=("merge-runs",)))),
        ON,
        Allowed(),
        "create",
    ),
    (
        "closed by us as obsolete",
        PROPOSAL,
        seen(closed(NOTES._replace(closed="obsolete"))),
        ON,
        Allowed(),
        "create",
    ),
    (
        "closed by us as disabled",
        PROPOSAL,
        seen(closed(NOTES._replace(closed="disabled"))),
        ON,
        Allowed(),
        "create",
    ),
    ("a stranger's closed one", PROPOSAL, seen(closed()._replace(body="Hello")), ON, Allowed(), "create"),
    (
        "merged, then new fixes",
        PROPOSAL,
        seen(closed(NOTES._replace(content="other"), merged=True)),
        ON,
        Allowed(),
        "create",
    ),
    (
        "merged, branch left",
        PROPOSAL,
        seen(closed(NOTES._replace(content="other"), merged=True), branch=Branch(HEAD, False)),
        ON,
        Allowed(),
        "create",
    ),
    (
        "merged, branch gone on",
        PROPOSAL,
        seen(closed(NOTES._replace(content="other"), merged=True), branch=Branch(USER, False)),
        ON,
        Allowed(),
        "leave branch-taken",
    ),
    ("merged, then taken back", PROPOSAL, seen(MERGED), ON, Allowed(), "leave reverted"),
    (
        "taken back, then asked for",
        PROPOSAL,
        seen(MERGED._replace(labels=(decide.AGAIN,))),
        ON,
        Allowed(),
        "create",
    ),
    # -- open
    ("nothing new", PROPOSAL, seen(pull()), ON, Allowed(), "leave up-to-date"),
    (
        "nothing new, limits are for opening",
        PROPOSAL,
        seen(pull()),
        ON,
        Allowed(1, True),
        "leave up-to-date",
    ),
    ("other texts", PROPOSAL._replace(content="content-2"), seen(pull()), ON, Allowed(), "rebuild changed"),
    (
        "other texts, in quiet hours",
        PROPOSAL._replace(content="content-2"),
        seen(pull()),
        ON,
        Allowed(quiet=True),
        "rebuild changed",
    ),
    ("cut short before the branch moved", PROPOSAL, seen(pull(head=OLD)), ON, Allowed(), "rebuild changed"),
    ("other messages", PROPOSAL._replace(fingerprint="fixes-2"), seen(pull()), ON, Allowed(), "reword"),
    ("labels not seen to", PROPOSAL, seen(pull(NOTES._replace(dressed=False))), ON, Allowed(), "dress"),
    ("a conflict", PROPOSAL, seen(pull(conflicted=True)), ON, Allowed(), "rebuild conflicted"),
    (
        "a conflict, rebase=conflicted",
        PROPOSAL,
        seen(pull(conflicted=True)),
        Wishes(rebase="conflicted"),
        Allowed(),
        "rebuild conflicted",
    ),
    (
        "a conflict, rebase=never",
        PROPOSAL,
        seen(pull(conflicted=True)),
        Wishes(rebase="never"),
        Allowed(),
        "leave up-to-date",
    ),
    ("behind, and it must not be", PROPOSAL, seen(pull(behind=True)), ON, Allowed(), "rebuild behind"),
    (
        "behind, and it may be",
        PROPOSAL,
        seen(pull(NOTES._replace(onto=OLD))),
        ON,
        Allowed(),
        "leave up-to-date",
    ),
    (
        "behind, rebase=behind",
        PROPOSAL,
        seen(pull(NOTES._replace(onto=OLD))),
        Wishes(rebase="behind"),
        Allowed(),
        "rebuild behind",
    ),
    (
        "behind, rebase=conflicted",
        PROPOSAL,
        seen(pull(behind=True)),
        Wishes(rebase="conflicted"),
        Allowed(),
        "leave up-to-date",
    ),
    (
        "other texts, rebase=never",
        PROPOSAL._replace(content="content-2"),
        seen(pull()),
        Wishes(rebase="never"),
        Allowed(),
        "leave rebase-never",
    ),
    (
        "asked for, rebase=never",
        PROPOSAL,
        seen(pull(text=TICKED)),
        Wishes(rebase="never"),
        Allowed(),
        "rebuild asked",
    ),
    ("someone pushed", PROPOSAL, seen(pull(head=USER)), ON, Allowed(), "hands-off"),
    (
        "someone pushed, and we said so",
        PROPOSAL,
        seen(pull(head=USER), told=True),
        ON,
        Allowed(),
        "leave users-commits",
    ),
    (
        "someone pushed, other texts",
        PROPOSAL._replace(content="content-2"),
        seen(pull(head=USER), told=True),
        ON,
        Allowed(),
        "leave users-commits",
    ),
    (
        "someone pushed, and asks",
        PROPOSAL,
        seen(pull(head=USER, text=TICKED)),
        ON,
        Allowed(),
        "rebuild asked",
    ),
    (
        "someone pushed, a conflict",
        PROPOSAL,
        seen(pull(head=USER, conflicted=True), told=True),
        ON,
        Allowed(),
        "leave users-commits",
    ),
    ("nothing is left", None, seen(pull()), ON, Allowed(), "close obsolete"),
    ("nothing is left, someone pushed", None, seen(pull(head=USER)), ON, Allowed(), "leave users-commits"),
    ("turned off while open", None, seen(pull()), Wishes(enabled=False), Allowed(), "close disabled"),
    (
        "turned off, someone pushed",
        None,
        seen(pull(head=USER)),
        Wishes(enabled=False),
        Allowed(),
        "leave users-commits",
    ),
    ("to another base", PROPOSAL, seen(pull(base="next")), ON, Allowed(), "leave retargeted"),
    (
        "locked",
        PROPOSAL._replace(content="content-2"),
        seen(pull(locked=True)),
        ON,
        Allowed(),
        "leave locked",
    ),
    ("someone's own, from our branch", PROPOSAL, seen(pull(None)), ON, Allowed(), "leave no-marker"),
    (
        "notes that are no longer ours",
        PROPOSAL,
        seen(pull()._replace(body="<!-- slimfix-bot:{} -->")),
        ON,
        Allowed(),
        "leave no-marker",
    ),
    (
        "open again after a maintainer closed another",
        PROPOSAL,
        seen(pull(), closed()),
        ON,
        Allowed(),
        "leave up-to-date",
    ),
]


def told(action: decide.Action) -> str:
    """An action in words."""
    names = {
        decide.Create: "create",
        decide.Reword: "reword",
        decide.Dress: "dress",
        decide.HandsOff: "hands-off",
    }
    if isinstance(action, decide.Leave):
        return f"leave {action.because}"
    if isinstance(action, decide.Rebuild):
        return f"rebuild {action.why}"
    if isinstance(action, decide.Close):
        return f"close {action.reason}"
    return names[type(action)]


@pytest.mark.parametrize(
    ("name", "proposal", "shown", "wishes", "allowed", "expected"), ROWS, ids=[row[0] for row in ROWS]
)
def test_the_one_thing_to_do(
    name: str, proposal: Proposal | None, shown: Seen, wishes: Wishes, allowed: Allowed, expected: str
) -> None:
    assert told(decide.decide(proposal, shown, wishes, allowed)) == expected


def test_a_branch_that_is_left_is_replaced_where_it_stands() -> None:
    shown = seen(closed(NOTES._replace(content="other"), merged=True), branch=Branch(HEAD, False))
    assert decide.decide(PROPOSAL, shown, ON) == decide.Create(HEAD)
    assert decide.decide(PROPOSAL, seen(), ON) == decide.Create(None)


def test_every_reason_has_a_row() -> None:
    reasons = {f"leave {reason}" for reason in _literals(decide.Because)}
    reasons |= {f"close {reason}" for reason in ("obsolete", "disabled")}
    reasons |= {f"rebuild {why}" for why in ("asked", "changed", "conflicted", "behind")}
    reasons -= {"leave onboarding", "leave hour-limit"}  # see below, and test_hour
    assert reasons | {"create", "reword", "dress", "hands-off"} == {row[-1] for row in ROWS}


ASKING = closed(NOTES._replace(rules=("onboarding",)))
GATES: list[tuple[str, tuple[Pull, ...], bool, str]] = [
    ("nobody asked, nobody to ask", (), False, "create"),
    ("to be asked", (), True, "leave onboarding"),
    ("asked, no answer", (ASKING._replace(open=True),), True, "leave onboarding"),
    ("asked, no answer, and the operator asks no more", (ASKING._replace(open=True),), False, "create"),
    ("turned down", (ASKING,), True, "leave opted-out"),
    ("turned down, and the operator asks no more", (ASKING,), False, "leave opted-out"),
    ("turned down, then renamed", (ASKING._replace(title="again"),), True, "leave onboarding"),
    ("merged", (ASKING._replace(merged=True),), True, "create"),
    ("turned down, later merged", (ASKING._replace(merged=True), ASKING), True, "create"),
    ("by someone else", (ASKING._replace(body="Hello"),), True, "leave onboarding"),
]


@pytest.mark.parametrize(("pulls", "ask", "expected"), [row[1:] for row in GATES], ids=[r[0] for r in GATES])
def test_a_repository_is_asked_first(pulls: tuple[Pull, ...], ask: bool, expected: str) -> None:
    action = decide.gated(decide.Create(None), decide.gate(pulls, ask))
    assert expected == (f"leave {action.because}" if isinstance(action, decide.Leave) else "create")


def _literals(kind: object) -> Iterator[str]:
    from typing import get_args

    yield from get_args(kind)


def test_what_was_turned_down() -> None:
    one = closed(NOTES._replace(rules=("a", "b")))
    other = closed(NOTES._replace(rules=("c",)), title="Again, please")
    renamed = closed(NOTES._replace(rules=("g",)), title="chore: it")
    ours = closed(NOTES._replace(rules=("d",), closed="superseded"))
    merged = closed(NOTES._replace(rules=("e",)), merged=True)
    now = pull(NOTES._replace(rules=("f",), ignored=("h",)))
    assert decide.declined((now, one, other, renamed, ours, merged)) == {"a", "b", "g", "h"}
    assert decide.declined((one, now)) == {"a", "b"}
