"""The commands ``slimfix bot ...``: arguments in, exit code out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from slimfix.bot.errors import BotError
from slimfix.console import err

FAILED = 2
"""Exit status when something could not be done."""


@click.group(short_help="Propose fixes as pull requests.")
def bot() -> None:
    """Plan the fixes of repositories, and propose them as pull requests."""


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_policy = _options(
    click.option(
        "--select", multiple=True, metavar="RULES", help="Run only these rules, separated by commas."
    ),
    click.option("--ignore", multiple=True, metavar="RULES", help="Do not run these rules."),
    click.option("--safe-only", is_flag=True, help="Make no fix that rests on an assumption."),
    click.option(
        "--group",
        type=click.Choice(("repository", "directory")),
        default="repository",
        help="One pull request for each repository, or for each directory with Dockerfiles.",
    ),
    click.option(
        "--rebase",
        type=click.Choice(("auto", "conflicted", "behind", "never")),
        default="auto",
        help="When to build a branch anew.",
    ),
    click.option("--label", "labels", multiple=True, metavar="NAME", help="Put this label on pull requests."),
    click.option("--assignee", "assignees", multiple=True, metavar="USER", help="Assign this person."),
    click.option(
        "--automerge",
        type=click.Choice(("never", "asked", "safe")),
        default="never",
        help="Let the forge merge what holds safe fixes alone: where the repository asks for it, or wherever"
        " it does not forbid it.",
    ),
    click.option("--draft", is_flag=True, help="Open pull requests as drafts."),
    click.option(
        "--onboarding",
        is_flag=True,
        help="Ask a repository without settings first, by a pull request that proposes some.",
    ),
    click.option("--open-limit", type=click.IntRange(1), default=1, help="Open at a time in one repository."),
)
_deny = click.option(
    "--deny", multiple=True, metavar="PATTERN", help="Leave these alone: owner/name, with * and ?."
)
_targets = _options(
    click.option("--repo", "repos", multiple=True, metavar="OWNER/NAME|URL", help="This repository."),
    click.option("--owner", "owners", multiple=True, metavar="OWNER", help="All repositories of an account."),
    click.option(
        "--list", "lists", multiple=True, metavar="FILE", help="The repositories in a file, one a line."
    ),
    _deny,
)
_connection = _options(
    click.option(
        "--forge",
        type=click.Choice(("github", "gitlab", "gitea")),
        help="What kind of forge it is (gitea is Forgejo, too), where its address does not tell.",
    ),
    click.option(
        "--api-url", default="", metavar="URL", help="The forge, if it is not github.com: it or its API."
    ),
    click.option("--forks", is_flag=True, help="Work on forks, too."),
    click.option("--docs-url", default="", metavar="URL", help="Where there is a page for each rule."),
    click.option(
        "--pace",
        type=click.Choice(("forge", "github", "none")),
        default="forge",
        help="Keep to the limits of the forge, or to GitHub's; none is for a server of your own.",
    ),
)
_work = _options(
    click.option(
        "--state", metavar="FILE|URL", help="Where the jobs are kept: an SQLite file, or postgresql://..."
    ),
    click.option("--workers", type=click.IntRange(1, 32), default=4, help="Repositories at a time."),
    click.option(
        "--executor", default="", metavar="NAME", help="This process among those that share a database."
    ),
    click.option(
        "--per-hour", type=click.IntRange(0), default=80, help="Open at most so many an hour; 0: any."
    ),
    click.option("--per-hour-owner", type=click.IntRange(0), default=20, help="The same for one owner."),
    click.option("--quiet-hours", metavar="HH-HH", help="Open none between these hours (UTC)."),
    click.option("--dry-run", is_flag=True, help="Write nothing to the forge; say what would be done."),
)
_style = click.option(
    "--format", "style", type=click.Choice(("text", "json")), default="text", help="How to report."
)


@bot.command(name="plan")
@_targets
@click.option("--clone", metavar="DIR", help="Plan for a repository on this machine.")
@click.option("--branch", default="", metavar="NAME", help="With --clone: its branch, instead of HEAD.")
@click.option("-o", "--output", metavar="FILE", help="Write the plan to this file.")
@click.option(
    "--verify",
    is_flag=True,
    help="Build each Dockerfile before and after, and propose what is verified. This runs what the"
    " repositories say.",
)
@click.option(
    "--engine",
    "engine_name",
    type=click.Choice(("auto", "docker", "buildx", "podman", "buildah")),
    help="With --verify: build with this; auto takes the first that answers.",
)
@click.option("--build-network", metavar="MODE", help="With --verify: the network of builds, such as none.")
@click.option("--build-platform", metavar="PLATFORM", help="With --verify: build for this platform.")
@click.option(
    "--build-option",
    "build_extra",
    multiple=True,
    metavar="OPTION",
    help="With --verify: give the builder this, too.",
)
@click.option(
    "--build-timeout",
    type=click.FloatRange(1),
    metavar="SECONDS",
    help="With --verify: for each build; 1800, if nothing is said.",
)
@_policy
@_connection
def plan_command(clone: str | None, branch: str, output: str | None, **options: Any) -> None:
    """Read repositories and write down what would be proposed to each."""
    sys.exit(_caught("plan", clone, branch, output, options))


@bot.command(name="publish")
@click.argument("plan", metavar="PLAN")
@_deny
@_connection
@_work
@_style
def publish_command(plan: str, **options: Any) -> None:
    """Carry out a plan that was written by "slimfix bot plan"."""
    sys.exit(_caught("publish", plan, options))


@bot.command(name="run")
@_targets
@_policy
@_connection
@_work
@_style
def run_command(**options: Any) -> None:
    """Plan and publish, and go on with what an earlier run had to leave."""
    sys.exit(_caught("run", options))


@bot.command(name="status")
@click.option("--state", metavar="FILE|URL", help="Where the jobs are kept.")
@click.option(
    "--format", "style", type=click.Choice(("text", "json", "html")), default="text", help="How to report."
)
def status_command(state: str | None, style: str) -> None:
    """Show what became of every repository."""
    sys.exit(_caught("status", state, style))


@bot.command(name="serve")
@click.option(
    "--owner", "owners", multiple=True, required=True, metavar="OWNER", help="Serve this account alone."
)
@_deny
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Listen here.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, help="Listen at this port.")
@_policy
@_connection
@_work
@_style
def serve_command(**options: Any) -> None:
    """Wait for webhooks, and work on the repositories that they name.

    The secret of the webhook is read from the variable SLIMFIX_WEBHOOK_SECRET.
    """
    sys.exit(_caught("serve", options))


def _caught(name: str, *arguments: Any) -> int:
    try:
        from slimfix.bot import work

        status: int = getattr(work, name)(*arguments)
        return status
    except BotError as error:
        err(f"slimfix: {error}")
    except ImportError as error:
        err(f"slimfix: {error.name} is not installed: pip install 'slimfix[bot]'")
    return FAILED
