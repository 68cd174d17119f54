"""The forge of the tests is GitHub's: by GitHub's own description, and to a client that is not ours."""

from __future__ import annotations

from typing import Any

import pytest

from slimfix.bot.forge.github import GitHub
from tests.bot.conftest import Bot
from tests.bot.forge.contract import contract
from tests.bot.forge.graph import schema, wrong
from tests.bot.shapes import PIP

BRANCH = "slimfix/dockerfiles"


def test_the_description_is_at_hand() -> None:
    found = contract()
    if found is None:
        pytest.skip("npm or jsonschema-rs cannot be had: the forge is not checked")
    good = {"title": "t", "head": "h", "base": "b"}
    assert found.request("POST", "/repos/a/b/pulls", {}, good) == []
    assert found.request("POST", "/repos/a/b/pulls", {}, {"title": "t"})
    assert found.request("POST", "/repos/a/b/pulls", {}, {**good, "colour": "red"})
    assert found.request("POST", "/repos/a/b/pulls", {"colour": "red"}, good)
    assert found.request("POST", "/repos/a/b/pullz", {}, good)
    assert found.response("GET", "/repos/a/b/pulls/1", 200, {"number": "one"})
    assert found.response("POST", "/repos/a/b/pulls", 299, {})


def test_the_schema_of_the_graph_is_at_hand() -> None:
    if schema() is None:
        pytest.skip("npm or graphql-core cannot be had: queries are not checked")
    query = "mutation($input: DisablePullRequestAutoMergeInput!) "
    query += "{ disablePullRequestAutoMerge(input: $input) { clientMutationId } }"
    assert wrong({"query": query, "variables": {"input": {"pullRequestId": "PR_1"}}}) == []
    assert wrong({"query": query, "variables": {"input": {}}})
    assert wrong({"query": query, "variables": {"input": {"pullRequestId": "PR_1", "colour": "red"}}})
    assert wrong({"query": query.replace("clientMutationId", "colour"), "variables": {}})
    assert wrong({"query": "query {"})


def test_a_client_that_is_not_ours_sees_what_we_did(bot: Bot, github: GitHub) -> None:
    library: Any = pytest.importorskip("github", reason="PyGithub is not installed")
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    bot.run(repo)
    client = library.Github(
        base_url=bot.forge.api,
        auth=library.Auth.Token(bot.token),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    there = client.get_repo("acme/shop")
    (pull,) = there.get_pulls(state="all", head=f"acme:{BRANCH}")
    assert (pull.title, pull.head.ref, pull.base.ref, pull.state) == (
        repo.pulls[0].title,
        BRANCH,
        "main",
        "open",
    )
    assert there.get_git_ref(f"heads/{BRANCH}").object.sha == repo.sha(BRANCH)
    assert there.get_pull(1).mergeable is True
    pull.edit(state="closed")
    assert bot.run(repo) == []
    with pytest.raises(library.GithubException) as caught:
        there.create_pull(base="main", head="nothing", title="t", body="b")
    assert caught.value.status == 422
    pull.edit(state="open")
    with pytest.raises(library.GithubException, match="already exists"):
        there.create_pull(base="main", head=BRANCH, title="t", body="b")
    with pytest.raises(library.GithubException, match="Reference already exists"):
        there.create_git_ref(f"refs/heads/{BRANCH}", str(repo.sha("main")))
