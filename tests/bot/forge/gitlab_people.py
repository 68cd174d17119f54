"""Notes, issues, members and auto-merge of GitLab's API."""

from __future__ import annotations

from typing import Any

from tests.bot.forge.gitlab import MR, ROUTES, GitLab, P, failure
from tests.bot.forge.routes import Answer, Given
from tests.bot.forge.world import Comment, Issue, Pull, Repo

ME = "slimfix-bot"


def note_of(api: GitLab, comment: Comment) -> dict[str, Any]:
    author = api.user(comment.author) if comment.author else None
    return {"id": comment.id, "body": comment.body, "author": author, "system": False}


def issue_of(api: GitLab, repo: Repo, one: Issue) -> dict[str, Any]:
    return {
        "id": repo.number * 1000 + one.number,
        "iid": one.number,
        "title": one.title,
        "description": one.body,
        "state": "opened" if one.state == "open" else "closed",
        "web_url": f"{api.address}/{repo.full}/-/issues/{one.number}",
        "author": api.user(one.author),
    }


def may(repo: Repo) -> None:
    if repo.issues_denied or not repo.has_issues:
        raise failure(403, "403 Forbidden")


@ROUTES.add("GET", P + "/issues")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    author = given[1].get("author_id")
    found = [one for one in repo.issues if author in (None, str(api.world.user_id(one.author)))]
    return 200, [issue_of(api, repo, one) for one in reversed(found)]


@ROUTES.add("POST", P + "/issues")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    may(repo)
    issue = Issue(len(repo.issues) + 1, given[2]["title"], given[2].get("description") or "", ME)
    repo.issues.append(issue)
    return 201, issue_of(api, repo, issue)


@ROUTES.add("PUT", P + "/issues/{iid}")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    may(repo)
    one = next((one for one in repo.issues if one.number == int(given[0]["iid"])), None)
    if one is None:
        raise failure(404, "404 Issue Not Found")
    body = given[2]
    one.title, one.body = body.get("title", one.title), body.get("description", one.body)
    one.state = {"close": "closed", "reopen": "open"}.get(body.get("state_event", ""), one.state)
    return 200, issue_of(api, repo, one)


@ROUTES.add("GET", MR + "/{iid}/notes")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    notes = [note_of(api, comment) for comment in api.the_pull(repo, given[0]).comments]
    system = {"id": 900, "body": "added 1 commit", "system": True, "author": api.user("alice")}
    return 200, [system, *notes] if given[1].get("sort") == "asc" else [*reversed(notes), system]


@ROUTES.add("POST", MR + "/{iid}/notes")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    pull = api.the_pull(repo, given[0])
    if pull.locked:
        raise failure(403, "403 Forbidden")
    return 201, note_of(api, repo.say(pull, given[2]["body"], ME))


def said(pull: Pull, fields: dict[str, str]) -> Comment:
    for comment in pull.comments:
        if comment.id == int(fields["note"]):
            return comment
    raise failure(404, "404 Note Not Found")


@ROUTES.add("PUT", MR + "/{iid}/notes/{note}")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    comment = said(api.the_pull(repo, given[0]), given[0])
    if comment.author != ME:
        raise failure(403, "403 Forbidden")
    comment.body = given[2]["body"]
    return 200, note_of(api, comment)


@ROUTES.add("POST", MR + "/{iid}/notes/{note}/award_emoji")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    comment = said(api.the_pull(repo, given[0]), given[0])
    reaction = f"{ME} {given[2]['name']}"
    if reaction in comment.reactions:
        raise failure(404, "404 Award Emoji Name has already been taken Not Found")
    comment.reactions.append(reaction)
    return 201, {"id": 1, "name": given[2]["name"], "user": api.user(ME)}


@ROUTES.add("GET", P + "/members/all/{user}")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    names = {str(number): name for name, number in api.world.users.items()}
    name = names.get(given[0]["user"])
    if name is None or name not in (*repo.writers, "reporter"):
        raise failure(404, "404 Not found")
    return 200, {**api.user(name), "access_level": 30 if name in repo.writers else 20}


@ROUTES.add("PUT", MR + "/{iid}/merge")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    pull = api.the_pull(repo, given[0])
    if given[2].get("sha") not in (None, repo.head(pull)):
        raise failure(409, "SHA does not match HEAD of source branch")
    if pull.is_draft or not repo.automerge:
        raise failure(405, "405 Method Not Allowed")
    if repo.checked or not repo.checks or not given[2].get("auto_merge"):
        repo.merge(pull)  # with nothing to wait for, it is merged
    else:
        pull.automerge = "merge"
    return 200, api.pull(repo, pull)


@ROUTES.add("POST", MR + "/{iid}/cancel_merge_when_pipeline_succeeds")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    pull = api.the_pull(repo, given[0])
    if not pull.automerge:
        raise failure(406, "406 Not Acceptable")
    pull.automerge = ""
    return 201, api.pull(repo, pull)
