"""RUNs made from a grammar of everything that breaks a naive merge do the same once they are merged."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .test_differential import compare

PLAIN = st.sampled_from(
    [
        *(
            "a",
            "b x",
            "c 'y z'",
            'd "$V"',
            "e $(f)",
            "g >/dev/null",
            "h 2>&1",
            "V=1 i",
            'test -n "$V"',
            "true",
        ),
        *(
            "[ -d /x ]",
            "cd /x",
            "cd /y/z",
            "cd x",
            "cd",
            "V=2",
            "ownName=3",
            "j $ownName",
            "export V=4",
            "W=5",
        ),
        *("umask 077", "unset V", "k <<<l", "false", ":", "echo $PWD", "m `n`", "W=$(o)", "p # q"),
    ]
)
RARE = st.sampled_from(
    [
        *("exit 0", "exit 1", "set +e", "set -f", "trap r EXIT", "exec s", ". /x/env", "eval t", "alias u=v"),
        *("a & wait", "a &", "read V", "f() { a; }", "$V", "pip install pip", "service w start", "shift"),
        *("set -o pipefail", "set -e", "set -x", "set -u", "set -ex", "ulimit -n 64"),
    ]
)
HEADS = st.sampled_from(
    [
        *("", "", "", "", "set -e; ", "set -e; ", "set -ex; ", "set -ex && ", "set -x && ", "set -eu; "),
        *("set -x; ", "set -u && ", "set -e && ", "set -eo pipefail; "),
    ]
)


def wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Everything that holds commands."""
    two = st.tuples(inner, inner)
    return st.one_of(
        two.map(" && ".join),
        two.map(" && ".join),
        two.map(" || ".join),
        two.map("; ".join),
        # a stage that does not read the pipe may run before the one that writes it
        two.filter(lambda t: "<<<" not in t[1]).map(" | ".join),
        inner.map("! {}".format).filter(lambda s: not s.startswith(("! !", "! {", "! ("))),
        inner.map("({})".format).filter(lambda s: not s.startswith("((")),
        inner.map("{{ {}; }}".format),
        two.map(lambda t: f"if {t[0]}; then {t[1]}; fi"),
        two.map(lambda t: f"if {t[0]}; then a; else {t[1]}; fi"),
        inner.map("for v in 1 2; do {}; done".format),
        inner.map("case $V in 1) a ;; *) {} ;; esac".format),
        inner.map("while false; do {}; done".format),
    )


def _one_line(script: str) -> bool:
    """Whether no comment hides a part of the script."""
    return "# q" not in script or script.endswith("# q")


BODIES = st.one_of(PLAIN, st.recursive(PLAIN, wrapped, max_leaves=5), RARE).filter(_one_line)
ENDS = st.sampled_from(["", "", "", "", "", ";", " ;"])


@st.composite
def runs(draw: st.DrawFn) -> str:
    """A few RUNs in a row."""
    lines = ["FROM alpine:3.20", draw(st.sampled_from(["ENV V=0", "LABEL a=b"]))]
    strict = draw(st.sampled_from(["", "", "set -e; ", "set -ex && "]))
    for _ in range(draw(st.integers(2, 4))):
        body, end = draw(BODIES), draw(ENDS)
        lines.append("RUN " + (strict or draw(HEADS)) + body + (end if "#" not in body else ""))
    return "\n".join(lines) + "\n"


def test_made_scripts() -> None:
    merged = 0

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(runs())
    def check(text: str) -> None:
        nonlocal merged
        merged += compare(text)

    check()
    assert merged > 30
