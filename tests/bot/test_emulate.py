"""A second GitHub that is not ours: ``emulate`` (npm), with its own idea of the API.

It has no git and no GraphQL, and lets pull requests be opened twice; so a plan is made from a repository on
this machine, and only what is done through the REST API is tried.
"""

from __future__ import annotations

import base64
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from slimfix.bot import plan_file, publish, read
from slimfix.bot.auth import Token
from slimfix.bot.forge.github import GitHub
from slimfix.bot.pace import UNLIMITED, Pace, SystemClock
from slimfix.bot.redact import Secrets
from slimfix.bot.settings import Policy
from slimfix.bot.terms import Terms
from tests.bot.shapes import ALPINE
from tests.bot.tools import npm

TOKEN = "test_token_of_octocat"
SEED = f"""\
tokens:
  {TOKEN}: {{login: octocat, scopes: [repo, user]}}
github:
  users: [{{login: octocat, name: Octocat, email: octocat@forge.example}}]
  repos: [{{owner: octocat, name: shop, auto_init: true}}]
"""
BRANCH = "slimfix/dockerfiles"
PLACE = "/repos/octocat/shop"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[httpx.Client]:
    program = npm("emulate", "0.11.2")
    (tmp_path / "seed.yaml").write_text(SEED)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [str(program), "start", "--service", "github", "--port", str(port), "--base-url", address]
    process = subprocess.Popen(
        [*command, "--seed", "seed.yaml"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            for _ in range(300):
                try:
                    client.get(PLACE)
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield client
    finally:
        process.kill()
        process.wait()


def clone(place: Path) -> str:
    """A repository with the file that the server has, too."""
    place.mkdir()
    (place / "Dockerfile").write_text(ALPINE)
    person = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*person, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *command], cwd=place, check=True)
    return str(place / ".git")


def test_from_a_plan_to_a_pull_request(server: httpx.Client, tmp_path: Path) -> None:
    content = base64.b64encode(ALPINE.encode()).decode()
    done = server.put(f"{PLACE}/contents/Dockerfile", json={"message": "x", "content": content})
    assert done.status_code == 201
    there = GitHub(str(server.base_url), Token(TOKEN), Pace(SystemClock(), UNLIMITED), Secrets(TOKEN))
    repository = there.repository("octocat/shop")
    head = there.branch(repository, "main")
    assert head is not None and there.branch(repository, "nothing") is None
    made = read.local(clone(tmp_path / "shop"), "octocat/shop", "main", Policy(labels=("docker",)), Secrets())
    (plan,) = plan_file.read(plan_file.document([made._replace(commit=head)]))

    def run() -> list[str]:
        return [f"{one.action} {one.why}".strip() for one in publish.publish(there, plan, Terms())]

    assert run() == ["create"]
    (pull,) = there.open_pulls(repository)
    title = server.get(f"{PLACE}/pulls/1").json()["title"]
    assert (pull.branch, pull.base, pull.title) == (BRANCH, "main", title)
    found = server.get(f"{PLACE}/contents/Dockerfile", params={"ref": BRANCH}).json()
    (proposal,) = plan.proposals
    assert base64.b64decode(found["content"]).decode() == proposal.changes[0].after
    commits = there.ahead(repository, head, pull.head)
    assert [one.message.partition(":")[0] for one in commits] == [one.rule for one in proposal.commits]
    assert pull.labels == ("docker",)
    assert run() == ["leave up-to-date"]
    server.patch(f"{PLACE}/pulls/1", json={"state": "closed"})
    assert run() == ["leave declined"]
    there.client.close()
