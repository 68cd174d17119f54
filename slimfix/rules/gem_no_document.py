"""Add `--no-document` to `gem install`, so that no documentation is made and stored.

RubyGems runs `rdoc` over the sources of each gem and keeps what comes out beside it, where only `ri` and a
documentation server would ever look. It also takes longer than the installation itself.

A call is left alone when it says what it wants (`--no-ri --no-rdoc` is the older spelling), when a gemrc
says so, and on images with RubyGems 1.8, which would refuse the option. The official Ruby image has a
gemrc that turns documentation off.

Before:
    RUN gem install bundler
After:
    RUN gem install --no-document bundler

Fix safety: assumed. No program may read the documentation, and RubyGems must be 2.0 (2013) or later.
"""

from __future__ import annotations

from collections.abc import Iterator

from slimfix.dockerfile import Dockerfile
from slimfix.fix import Fix, Safety, Skip
from slimfix.knowledge import table
from slimfix.layout import insert_after
from slimfix.rules._apt import mentioned
from slimfix.rules._managers import calls, runs

CODE = "SF152"
ORDER = 13
WORDS = ("gem",)


def check(dockerfile: Dockerfile) -> Iterator[Fix | Skip]:
    """Every `gem install` that makes documentation."""
    words = table("extras")["gem"]
    for run in runs(dockerfile, "gem"):
        assert run.stage is not None
        image = run.stage.root
        if image.name in words["images"]:
            continue
        for command, call in calls(run, words):
            if call.verb is None or call.verb.value not in words["verbs"] or call.option(*words["settled"]):
                continue
            if f"{image.name}:{image.tag}".startswith(tuple(words["older"])):
                yield Skip("RubyGems is too old here to know --no-document", command.span)
                continue
            if mentioned(dockerfile, run, command, *words["configured"]):
                yield Skip("a configuration of RubyGems may say so", command.span)
                continue
            if any(o.value is None and o.raw.strip('"')[:1] in "$`" for o in call.operands):
                yield Skip("a word of the call is known to the running shell alone", command.span)
                continue
            yield Fix(
                (insert_after(call.verb, words["flag"]),),
                f"add {words['flag']} to gem {call.verb.value}",
                command.span,
                Safety.ASSUMED,
                "nothing reads the documentation of gems, and RubyGems is 2.0 or later",
            )
