"""Gitea's API, as far as a bot needs it, with the errors that Gitea gives."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from tests.bot.forge.routes import Answer, Failure, Front, Given, Redirect, Routes, commit_of
from tests.bot.forge.world import Pull, Repo

ROUTES = Routes()
R = "/repos/{owner}/{repo}"
MAX_PAGE = 50


class Gitea(Front):
    """Answers requests."""

    prefix = "/api/v1"

    def page(self, query: dict[str, str]) -> tuple[int, int]:
        return min(int(query.get("limit", 30)), MAX_PAGE), max(int(query.get("page", 1)), 1)

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, login: str | None) -> Answer:
        if login is None:
            return 401, {"message": "token is required"}
        found = ROUTES.find(method, path)
        try:
            if found is None:
                raise missing()
            handler, fields = found
            if "repo" not in fields:
                return handler(self, (fields, query, body))
            full = f"{fields['owner']}/{fields['repo']}"
            repo = self.world.find(full)
            if repo is None:
                moved = self.world.moved(full)
                if moved is None:
                    raise missing()
                place = self.prefix + path.replace(full, moved.full)
                raise Redirect(307, place + (f"?{urlencode(query)}" if query else ""))
            with repo.lock:
                if method != "GET":
                    self.writable(repo)
                return handler(self, repo, (fields, query, body))
        except Failure as failure:
            return failure.answer

    def writable(self, repo: Repo) -> None:
        if repo.archived:
            raise refused(423, f"{repo.full} is archived")
        if not repo.push:
            raise refused(403, "user should have a permission to write to a repo")

    def user(self, login: str) -> dict[str, Any]:
        return {
            "id": self.world.user_id(login),
            "login": login,
            "full_name": "",
            "email": f"{login}@noreply.forge.example",
            "html_url": f"{self.address}/{login}",
        }

    def repository(self, repo: Repo, branches: dict[str, str] | None = None) -> dict[str, Any]:
        branches = repo.branches() if branches is None else branches
        return {
            "id": repo.number,
            "owner": self.user(repo.owner),
            "name": repo.name,
            "full_name": repo.full,
            "empty": not branches,
            "private": False,
            "fork": repo.fork,
            "mirror": repo.mirror,
            "default_branch": repo.default,
            # What an operator forgot to set up.
            "clone_url": f"http://localhost:3000/{repo.full}.git",
            "archived": repo.archived,
            "has_pull_requests": not repo.disabled,
            "permissions": {"admin": False, "push": repo.push, "pull": True},
            "topics": repo.topics,
            "has_issues": repo.has_issues,
            "open_issues_count": repo.others_issues + sum(one.state == "open" for one in repo.issues),
            "open_pr_counter": sum(pull.state == "open" for pull in repo.pulls),
            "allow_merge_commits": not repo.squash_only,
            "allow_rebase": not repo.squash_only,
            "allow_squash_merge": True,
        }

    def pull(self, repo: Repo, pull: Pull, branches: dict[str, str] | None = None) -> dict[str, Any]:
        """One in a list is given the branches: there may be many, and git is asked for open ones alone."""
        branches = repo.branches() if branches is None else branches
        is_open = pull.state == "open"
        head = repo.head(pull)
        there = not pull.fork and pull.head in branches
        draft = pull.title.lower().startswith(("wip:", "[wip]"))
        merge_base = repo.git("merge-base", pull.base, head, check=False) if is_open else head
        return {
            "id": repo.number * 1000 + pull.number,
            "number": pull.number,
            "url": f"{self.address}/{repo.full}/pulls/{pull.number}",
            "html_url": f"{self.address}/{repo.full}/pulls/{pull.number}",
            "user": self.user("slimfix-bot"),
            "title": pull.title,
            "body": pull.body,
            "labels": [self.label(repo, name) for name in pull.labels],
            "state": pull.state,
            "draft": draft,
            "is_locked": pull.locked,
            "comments": len(pull.comments),
            "assignees": [self.user(name) for name in pull.assignees],
            "mergeable": is_open and not draft and not repo.conflicted(pull),
            "merged": pull.merged,
            "merge_base": merge_base,
            "base": {
                "label": pull.base,
                "ref": pull.base,
                "sha": branches.get(pull.base, ""),
                "repo_id": repo.number,
                "repo": self.repository(repo, branches),
            },
            "head": {
                "label": pull.head,
                "ref": pull.head if there or pull.fork else f"refs/pull/{pull.number}/head",
                "sha": head,
                "repo_id": 99_999 if pull.fork else repo.number,
                "repo": self.repository(repo, branches),
            },
        }

    def label(self, repo: Repo, name: str) -> dict[str, Any]:
        if name not in repo.known_labels:  # a person has put it there
            repo.known_labels.append(name)
        return {"id": repo.known_labels.index(name) + 1, "name": name, "color": "ededed", "url": ""}


def refused(status: int, message: str) -> Failure:
    return Failure(status, {"message": message, "url": "https://forge.example/api/swagger"})


def missing() -> Failure:
    return Failure(
        404, {"errors": [], "message": "The target couldn't be found.", "url": "https://forge.example"}
    )


def the_pull(api: Gitea, repo: Repo, fields: dict[str, str]) -> Pull:
    found = api.numbered(repo, fields["index"])
    if found is None:
        raise missing()
    return found


@ROUTES.add("GET", "/user")
def _(api: Gitea, given: Given) -> Answer:
    return 200, api.user("slimfix-bot")


@ROUTES.add("GET", "/orgs/{org}")
def _(api: Gitea, given: Given) -> Answer:
    name = given[0]["org"]
    if name not in api.world.organisations:
        raise missing()
    return 200, {"id": 1, "name": name, "username": name, "visibility": "public"}


@ROUTES.add("GET", "/orgs/{org}/repos")
def _(api: Gitea, given: Given) -> Answer:
    if given[0]["org"] not in api.world.organisations:
        raise missing()
    return 200, [api.repository(repo) for repo in api.world.of(given[0]["org"])]


@ROUTES.add("GET", "/users/{username}/repos")
def _(api: Gitea, given: Given) -> Answer:
    found = api.world.of(given[0]["username"])
    if not found:
        raise missing()
    return 200, [api.repository(repo) for repo in found]


@ROUTES.add("GET", "/orgs/{org}/labels")
def _(api: Gitea, given: Given) -> Answer:
    if given[0]["org"] not in api.world.organisations:
        raise missing()
    return 200, []


@ROUTES.add("GET", R)
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    return 200, api.repository(repo)


@ROUTES.add("GET", R + "/branches/{rest}")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    name = given[0]["rest"]
    sha = repo.sha(name)
    if sha is None:
        raise missing()
    return 200, {
        "name": name,
        "commit": {"id": sha, "message": "", "url": ""},
        "protected": repo.strict,
        "effective_branch_protection_name": name if repo.strict else "",
        "enable_status_check": repo.automerge and repo.checks,
        "status_check_contexts": ["ci/build"] if repo.checks else [],
    }


@ROUTES.add("GET", R + "/branch_protections/{name}")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    if not repo.strict:
        raise missing()
    return 200, {"rule_name": given[0]["name"], "block_on_outdated_branch": True}


@ROUTES.add("GET", R + "/git/refs/{rest}")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    found = []
    for name, sha in repo.branches().items():
        if f"heads/{name}".startswith(given[0]["rest"]):
            found.append(
                {"ref": f"refs/heads/{name}", "url": "", "object": {"type": "commit", "sha": sha, "url": ""}}
            )
    if not found:
        raise missing()
    return 200, found


@ROUTES.add("GET", R + "/commits")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    query = given[1]
    hidden = ["--not", query["not"]] if query.get("not") else []
    result = []
    for sha in repo.git("rev-list", query.get("sha") or repo.default, *hidden).split():
        parts = commit_of(repo, sha)
        commit = {
            "url": "",
            "message": parts["message"],
            "author": {"name": parts["an"], "email": parts["ae"], "date": parts["ad"]},
            "committer": {"name": parts["cn"], "email": parts["ce"], "date": parts["cd"]},
        }
        result.append({"sha": sha, "url": "", "commit": commit, "author": None, "committer": None})
    return 200, result


@ROUTES.add("GET", R + "/pulls")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    state = given[1].get("state", "open")
    found = [pull for pull in reversed(repo.pulls) if state in ("all", pull.state)]
    branches = repo.branches()
    return 200, [api.pull(repo, pull, branches) for pull in found]


@ROUTES.add("POST", R + "/pulls")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    body = given[2]
    head, base = body["head"], body["base"]
    sha = repo.sha(head)
    if sha is None or repo.sha(base) is None:
        raise missing()
    if any(p.head == head and p.base == base and p.state == "open" and not p.fork for p in repo.pulls):
        raise refused(
            409,
            "pull request already exists for these targets "
            f"[id: 1, issue_id: 1, head_repo_id: {repo.number}, base_repo_id: {repo.number}, "
            f"head_branch: {head}, base_branch: {base}]",
        )
    number = len(repo.places) + 1
    pull = Pull(number, body["title"], body.get("body") or "", head, base, sha)
    repo.pulls.append(pull)
    return 201, api.pull(repo, pull)


@ROUTES.add("GET", R + "/pulls/{index}")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    return 200, api.pull(repo, the_pull(api, repo, given[0]))


@ROUTES.add("PATCH", R + "/pulls/{index}")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    pull, body = the_pull(api, repo, given[0]), given[2]
    for name in body.get("assignees") or ():
        if name in api.world.unknown_assignees:
            raise refused(422, f"Assignee does not exist: [name: {name}]")
    if body.get("assignees") is not None:
        pull.assignees = list(body["assignees"])
    for name in ("title", "body"):
        if body.get(name) is not None:
            setattr(pull, name, body[name])
    if body.get("state"):
        if pull.merged:
            raise refused(412, "cannot change state of this pull request, it was already merged")
        pull.head_sha = repo.head(pull)
        pull.state = body["state"]
    return 201, api.pull(repo, pull)


@ROUTES.add("GET", R + "/labels")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    return 200, [api.label(repo, name) for name in repo.known_labels]


@ROUTES.add("POST", R + "/labels")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    repo.known_labels.append(given[2]["name"])
    return 201, api.label(repo, given[2]["name"])


@ROUTES.add("POST", R + "/issues/{index}/labels")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    pull = the_pull(api, repo, given[0])
    for number in given[2]["labels"]:
        if not isinstance(number, int) or not 0 < number <= len(repo.known_labels):
            raise refused(422, "label does not exist")
        name = repo.known_labels[number - 1]
        if name not in pull.labels:
            pull.labels.append(name)
    return 200, [api.label(repo, name) for name in pull.labels]


@ROUTES.add("POST", R + "/pulls/{index}/requested_reviewers")
def _(api: Gitea, repo: Repo, given: Given) -> Answer:
    pull = the_pull(api, repo, given[0])
    asked = [*given[2].get("reviewers", ()), *given[2].get("team_reviewers", ())]
    for name in asked:
        if name in api.world.unknown_reviewers:
            raise refused(404, f"reviewer not exist: user does not exist [uid: 0, name: {name}]")
    pull.reviewers += asked
    return 201, []
