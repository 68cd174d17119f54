"""Comments, issues, assignees and auto-merge of GitHub's API."""

from __future__ import annotations

from typing import Any

from tests.bot.forge.api import (
    PULL_MUTATIONS,
    Answer,
    Api,
    Failure,
    R,
    graphql_error,
    route,
)
from tests.bot.forge.world import Comment, Issue, Pull, Repo

ME = "slimfix-bot"


def place_of(repo: Repo, fields: dict[str, str]) -> Pull | Issue:
    for one in repo.places:
        if one.number == int(fields["number"]):
            return one
    raise Failure(404, "Not Found")


def may(repo: Repo) -> None:
    if repo.issues_denied:
        raise Failure(403, "Resource not accessible by integration")


def issue_of(api: Api, repo: Repo, one: Pull | Issue) -> dict[str, Any]:
    place = f"{api.address}/api/v3/repos/{repo.full}"
    result: dict[str, Any] = {
        "id": repo.number * 1000 + one.number,
        "number": one.number,
        "title": one.title,
        "body": one.body,
        "state": one.state,
        "locked": False,
        "comments": len(one.comments),
        "url": f"{place}/issues/{one.number}",
        "html_url": f"{api.address}/{repo.full}/issues/{one.number}",
        "user": api.user(one.author if isinstance(one, Issue) else ME),
        "labels": [],
        "assignees": [api.user(name) for name in one.assignees] if isinstance(one, Pull) else [],
    }
    if isinstance(one, Pull):
        here = f"{api.address}/{repo.full}/pull/{one.number}"
        result["pull_request"] = {
            "url": f"{place}/pulls/{one.number}",
            "html_url": here,
            "diff_url": f"{here}.diff",
            "patch_url": f"{here}.patch",
        }
    return result


def comment_of(api: Api, comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "body": comment.body,
        "html_url": "https://forge.example/c",
        "user": api.user(comment.author) if comment.author else None,
    }


@route("GET", R + "/issues")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    if not repo.has_issues:
        raise Failure(410, "Issues has been disabled in this repository.")
    found = []
    for one in sorted(repo.places, key=lambda one: -one.number):
        author = one.author if isinstance(one, Issue) else ME
        if query.get("creator") in (None, author) and query.get("state", "open") in ("all", one.state):
            found.append(issue_of(api, repo, one))
    return 200, found


@route("POST", R + "/issues")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    may(repo)
    if not repo.has_issues:
        raise Failure(410, "Issues has been disabled in this repository.")
    issue = Issue(len(repo.places) + 1, body["title"], body.get("body") or "", ME)
    repo.issues.append(issue)
    return 201, issue_of(api, repo, issue)


@route("PATCH", R + "/issues/{number}")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    may(repo)
    one = place_of(repo, fields)
    for name in ("title", "body", "state"):
        if name in body:
            setattr(one, name, body[name])
    return 200, issue_of(api, repo, one)


@route("GET", R + "/issues/{number}/comments")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    return 200, [comment_of(api, comment) for comment in place_of(repo, fields).comments]


@route("POST", R + "/issues/{number}/comments")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    place = place_of(repo, fields)
    if isinstance(place, Pull) and place.locked:
        raise Failure(403, "Unable to create comment because issue is locked.")
    return 201, comment_of(api, repo.say(place, body["body"], ME))


def said(repo: Repo, fields: dict[str, str]) -> Comment:
    for one in repo.places:
        for comment in one.comments:
            if comment.id == int(fields["number"]):
                return comment
    raise Failure(404, "Not Found")


@route("PATCH", R + "/issues/comments/{number}")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    comment = said(repo, fields)
    if comment.author != ME:
        raise Failure(403, "Resource not accessible by integration")
    comment.body = body["body"]
    return 200, comment_of(api, comment)


@route("POST", R + "/issues/comments/{number}/reactions")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    comment = said(repo, fields)
    reaction = f"{ME} {body['content']}"
    new = reaction not in comment.reactions
    if new:
        comment.reactions.append(reaction)
    found = {"id": 1, "node_id": "RE", "user": api.user(ME), "content": body["content"]}
    return 201 if new else 200, found


@route("POST", R + "/issues/{number}/labels")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    pull = api.found(repo, fields)
    pull.labels += [label for label in body["labels"] if label not in pull.labels]
    return 200, [api.label(name) for name in pull.labels]


@route("POST", R + "/issues/{number}/assignees")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    pull = api.found(repo, fields)
    known = [name for name in body["assignees"] if name not in api.world.unknown_assignees]
    pull.assignees += [name for name in known if name not in pull.assignees]
    return 201, issue_of(api, repo, pull)


@route("GET", R + "/collaborators/{user}/permission")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    name = fields["user"]
    if name == "ghost":
        raise Failure(404, "ghost is not a user")
    writes = name in repo.writers
    return 200, {"permission": "write" if writes else "read", "role_name": "write" if writes else "read"}


def _pull(api: Api, node: str) -> tuple[Repo, Pull]:
    for repo in api.world.repos.values():
        for pull in repo.pulls:
            if node == f"PR_{repo.number}_{pull.number}":
                return repo, pull
    raise Failure(404, f"Could not resolve to a node with the global id of '{node}'.")


def _enable(api: Api, given: dict[str, Any]) -> dict[str, Any]:
    name = "enablePullRequestAutoMerge"
    repo, pull = _pull(api, given["pullRequestId"])
    method = given.get("mergeMethod", "MERGE")
    if not repo.automerge:
        return graphql_error(name, "Auto merge is not allowed for this repository")
    if not repo.checks:
        return graphql_error(name, "Pull request Pull request is in clean status")
    if pull.draft:
        return graphql_error(name, "Pull request Can't enable auto-merge for a draft pull request")
    if repo.squash_only and method != "SQUASH":
        return graphql_error(name, "Merge method merge commits are not allowed on this repository")
    if given.get("expectedHeadOid") not in (None, repo.head(pull)):
        return graphql_error(name, "Head sha does not match the expected head")
    pull.automerge = method
    return {"data": {name: {"clientMutationId": None}}}


def _disable(api: Api, given: dict[str, Any]) -> dict[str, Any]:
    name = "disablePullRequestAutoMerge"
    _, pull = _pull(api, given["pullRequestId"])
    if not pull.automerge:
        return graphql_error(name, "Can't disable auto-merge for this pull request: it is not enabled")
    pull.automerge = ""
    return {"data": {name: {"clientMutationId": None}}}


PULL_MUTATIONS["enablePullRequestAutoMerge"] = _enable
PULL_MUTATIONS["disablePullRequestAutoMerge"] = _disable
