"""Comments, issues, permissions and auto-merge of Gitea's API."""

from __future__ import annotations

from typing import Any

from tests.bot.forge.gitea import ROUTES, Gitea, R, missing, refused, the_pull
from tests.bot.forge.routes import Answer, Given
from tests.bot.forge.world import Comment, Issue, Pull, Repo

ME = "slimfix-bot"


def place_of(repo: Repo, fields: dict[str, str]) -> Pull | Issue:
    for one in repo.places:
        if one.number == int(fields["index"]):
            return one
    raise missing()


def comment_of(api: Gitea, comment: Comment) -> dict[str, Any]:
    user = api.user(comment.author) if comment.author else None
    return {"id": comment.id, "body": comment.body, "user": user, "html_url": "https://forge.example/c"}


def issue_of(api: Gitea, repo: Repo, one: Issue) -> dict[str, Any]:
    return {
        "id": repo.number * 1000 + one.number,
        "number": one.number,
        "title": one.title,
        "body": one.body,
        "state": one.state,
        "html_url": f"{api.address}/{repo.full}/issues/{one.number}",
        "user": api.user(one.author),
    }


def may(repo: Repo) -> None:
    if repo.issues_denied:
        raise refused(403, "token does not have at least one of required scope(s): [write:issue]")


@ROUTES.add("GET", R + "/issues")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    query = given[1]
    if query.get("type") != "issues" or query.get("state") != "all":
        raise refused(422, "the tests have no such list")
    found = [one for one in repo.issues if query.get("created_by") in (None, one.author)]
    return 200, [issue_of(api, repo, one) for one in reversed(found)]


@ROUTES.add("POST", R + "/issues")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    may(repo)
    if not repo.has_issues:
        raise missing()
    issue = Issue(len(repo.places) + 1, given[2]["title"], given[2].get("body") or "", ME)
    repo.issues.append(issue)
    return 201, issue_of(api, repo, issue)


@ROUTES.add("PATCH", R + "/issues/{index}")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    may(repo)
    one = next((one for one in repo.issues if one.number == int(given[0]["index"])), None)
    if one is None:
        raise missing()
    for name in ("title", "body", "state"):
        if given[2].get(name) is not None:
            setattr(one, name, given[2][name])
    return 201, issue_of(api, repo, one)


@ROUTES.add("GET", R + "/issues/{index}/comments")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    return 200, [comment_of(api, comment) for comment in place_of(repo, given[0]).comments]


@ROUTES.add("POST", R + "/issues/{index}/comments")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    place = place_of(repo, given[0])
    if isinstance(place, Pull) and place.locked:
        raise refused(403, "issue is locked")
    return 201, comment_of(api, repo.say(place, given[2]["body"], ME))


def said(repo: Repo, fields: dict[str, str]) -> Comment:
    for one in repo.places:
        for comment in one.comments:
            if comment.id == int(fields["id"]):
                return comment
    raise missing()


@ROUTES.add("PATCH", R + "/issues/comments/{id}")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    comment = said(repo, given[0])
    if comment.author != ME:
        raise refused(403, "user should have a permission to write to a repo")
    comment.body = given[2]["body"]
    return 200, comment_of(api, comment)


@ROUTES.add("POST", R + "/issues/comments/{id}/reactions")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    comment = said(repo, given[0])
    reaction = f"{ME} {given[2]['content']}"
    new = reaction not in comment.reactions
    if new:
        comment.reactions.append(reaction)
    return 201 if new else 200, {"user": api.user(ME), "content": given[2]["content"]}


@ROUTES.add("GET", R + "/collaborators/{collaborator}/permission")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    name = given[0]["collaborator"]
    if name == "ghost":
        raise missing()
    writes = name in repo.writers
    return 200, {"permission": "write" if writes else "read", "role_name": "", "user": api.user(name)}


@ROUTES.add("GET", R + "/commits/{ref}/status")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    return 200, {"sha": given[0]["ref"], "state": "success" if repo.checked else "pending", "statuses": []}


@ROUTES.add("GET", R + "/issues/{index}/timeline")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    pull = the_pull(api, repo, given[0])
    events = ["pull_scheduled_merge", "pull_cancel_scheduled_merge", "pull_scheduled_merge"]
    return 200, [
        {"id": number, "type": kind} for number, kind in enumerate(events if pull.automerge else events[:2])
    ]


@ROUTES.add("POST", R + "/pulls/{index}/merge")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    pull, body = the_pull(api, repo, given[0]), given[2]
    if pull.is_draft:
        raise refused(405, "Work in progress PRs cannot be merged")
    if body.get("head_commit_id") != repo.head(pull):
        raise refused(409, "head out of date")
    if not body.get("merge_when_checks_succeed") or repo.checked or not repo.checks:
        repo.merge(pull)  # with nothing to wait for, it is merged
        return 200, None
    if pull.automerge:
        raise refused(409, "pull request is already scheduled to auto merge when checks succeed")
    pull.automerge = body["do"]
    return 201, None


@ROUTES.add("DELETE", R + "/pulls/{index}/merge")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    pull = the_pull(api, repo, given[0])
    if not pull.automerge:
        raise missing()
    pull.automerge = ""
    return 204, None
