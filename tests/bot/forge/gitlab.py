"""GitLab's API, as far as a bot needs it, with the errors that GitLab gives."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlencode

from tests.bot.forge.routes import Answer, Failure, Front, Given, Redirect, Routes, commit_of
from tests.bot.forge.world import GitError, Pull, Repo

ROUTES = Routes()
P = "/projects/{project}"
MR = P + "/merge_requests"
MAX_BODY = 1_048_576
NOBODY = "no such user"
_ROLES = {True: 30, False: 20}


class GitLab(Front):
    """Answers requests."""

    prefix = "/api/v4"

    def page(self, query: dict[str, str]) -> tuple[int, int]:
        return min(int(query.get("per_page", 20)), 100), int(query.get("page", 1))

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, login: str | None) -> Answer:
        if login is None:
            return 401, {"message": "401 Unauthorized"}
        found = ROUTES.find(method, path)
        try:
            if found is None:
                return 404, {"error": "404 Not Found"}
            handler, fields = found
            fields = {name: unquote(value) for name, value in fields.items()}
            if "project" not in fields:
                return handler(self, (fields, query, body))
            repo = self.project(method, fields["project"], path, query)
            with repo.lock:
                if method != "GET" and (repo.archived or not repo.push):
                    raise failure(403, "403 Forbidden")
                return handler(self, repo, (fields, query, body))
        except Failure as error:
            return error.answer

    def project(self, method: str, name: str, path: str, query: dict[str, str]) -> Repo:
        found = self.world.find(name)
        if found is not None:
            return found
        for repo in self.world.repos.values():
            if name == str(repo.number):
                return repo
        moved = self.world.moved(name)
        if moved is not None and method == "GET":  # what is written to an old path finds nothing
            rest = path.split("/", 3)[3:]
            place = "/".join([f"{self.address}{self.prefix}/projects/{moved.number}", *rest])
            raise Redirect(301, place + (f"?{urlencode(query)}" if query else ""))
        raise failure(404, "404 Project Not Found")

    def user(self, login: str) -> dict[str, Any]:
        number = self.world.user_id(login)
        return {"id": number, "username": login, "name": login, "state": "active"}

    def repository(self, repo: Repo) -> dict[str, Any]:
        result = {
            "id": repo.number,
            "name": repo.name,
            "path": repo.name,
            "path_with_namespace": repo.full,
            "default_branch": repo.default if repo.branches() else None,
            "http_url_to_repo": f"http://gitlab.internal/{repo.full}.git",
            "web_url": f"{self.address}/{repo.full}",
            "archived": repo.archived,
            "empty_repo": not repo.branches(),
            "topics": repo.topics,
            "mirror": repo.mirror,
            "merge_requests_access_level": "disabled" if repo.disabled else "enabled",
            "repository_access_level": "enabled",
            "issues_access_level": "enabled" if repo.has_issues else "disabled",
            "issues_enabled": repo.has_issues,
            "open_issues_count": repo.others_issues + sum(one.state == "open" for one in repo.issues),
            "permissions": {"project_access": None, "group_access": {"access_level": _ROLES[repo.push]}},
        }
        if repo.fork:
            result["forked_from_project"] = {"id": 1, "path_with_namespace": "other/one"}
        return result

    def pull(self, repo: Repo, pull: Pull) -> dict[str, Any]:
        head = repo.head(pull)
        is_open = pull.state == "open"
        conflicts = is_open and repo.sha(pull.head) is not None and repo.conflicted(pull)
        behind = is_open and repo.strict and repo.behind(pull)
        status = "conflict" if conflicts else "need_rebase" if behind else "mergeable"
        return {
            "id": repo.number * 1000 + pull.number,
            "iid": pull.number,
            "project_id": repo.number,
            "title": pull.title,
            "description": pull.body,
            "state": "merged" if pull.merged else "opened" if is_open else "closed",
            "web_url": f"{self.address}/{repo.full}/-/merge_requests/{pull.number}",
            "source_branch": pull.head,
            "target_branch": pull.base,
            "source_project_id": 99_999 if pull.fork else repo.number,
            "target_project_id": repo.number,
            "sha": head,
            "labels": pull.labels,
            "draft": pull.title.lower().startswith(("draft:", "[draft]", "(draft)")),
            "discussion_locked": pull.locked or None,
            "has_conflicts": conflicts,
            "merge_status": "cannot_be_merged" if conflicts else "can_be_merged",
            "detailed_merge_status": status if is_open else "not_open",
            "author": self.user("slimfix-bot"),
            "reviewers": [self.user(name) for name in pull.reviewers],
            "assignees": [self.user(name) for name in pull.assignees],
            "user_notes_count": len(pull.comments),
            "merge_when_pipeline_succeeds": bool(pull.automerge),
            "head_pipeline": {
                "status": "success" if repo.checked or not repo.checks else "running",
            },
        }

    def the_pull(self, repo: Repo, fields: dict[str, str]) -> Pull:
        found = self.numbered(repo, fields["iid"])
        if found is None:
            raise failure(404, "404 Not found")
        return found


def failure(status: int, message: Any) -> Failure:
    return Failure(status, {"message": message})


def limited(body: dict[str, Any]) -> None:
    if len(body.get("description") or "") > MAX_BODY:
        raise failure(400, {"description": ["is too long (maximum is 1048576 characters)"]})


@ROUTES.add("GET", "/user")
def _(api: GitLab, given: Given) -> Answer:
    email = {"email": "bot@forge.example", "commit_email": "7-bot@users.noreply.forge.example"}
    return 200, {**api.user("slimfix-bot"), **email}


@ROUTES.add("GET", "/users")
def _(api: GitLab, given: Given) -> Answer:
    name = given[1]["username"]
    gone = api.world.unknown_reviewers | api.world.unknown_assignees | {"ghost"}
    return 200, [] if name in gone else [api.user(name)]


@ROUTES.add("GET", "/groups/{group}/projects")
def _(api: GitLab, given: Given) -> Answer:
    group = given[0]["group"]
    repos = api.world.repos.values()
    below = given[1].get("include_subgroups") == "true"
    if (
        not any(f"{repo.owner}/".startswith(f"{group}/") for repo in repos)
        or group not in api.world.organisations
    ):
        raise failure(404, "404 Group Not Found")
    found = [repo for repo in repos if repo.owner == group or (below and repo.owner.startswith(f"{group}/"))]
    return 200, [api.repository(repo) for repo in sorted(found, key=lambda repo: repo.number)]


@ROUTES.add("GET", "/users/{user}/projects")
def _(api: GitLab, given: Given) -> Answer:
    found = api.world.of(given[0]["user"])
    if not found:
        raise failure(404, "404 User Not Found")
    return 200, [api.repository(repo) for repo in found]


@ROUTES.add("GET", P)
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    return 200, api.repository(repo)


def branch_of(name: str, sha: str) -> dict[str, Any]:
    return {"name": name, "commit": {"id": sha, "short_id": sha[:8]}, "protected": False, "merged": False}


@ROUTES.add("GET", P + "/repository/branches")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    search = given[1].get("search", "")
    starts = search.startswith("^")
    found = []
    for name, sha in repo.branches().items():
        if name.startswith(search[1:]) if starts else search in name:
            found.append(branch_of(name, sha))
    return 200, found


@ROUTES.add("GET", P + "/repository/branches/{branch}")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    sha = repo.sha(given[0]["branch"])
    if sha is None:
        raise failure(404, "404 Branch Not Found")
    return 200, branch_of(given[0]["branch"], sha)


@ROUTES.add("GET", P + "/repository/compare")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    start, end = given[1]["from"], given[1]["to"]
    try:
        shas = repo.git("rev-list", "--reverse", f"{start}..{end}").split()
    except GitError:
        raise failure(404, "404 Ref Not Found") from None
    commits = []
    for sha in shas:
        parts = commit_of(repo, sha)
        commits.append(
            {
                "id": sha,
                "message": parts["message"],
                "author_name": parts["an"],
                "author_email": parts["ae"],
                "authored_date": parts["ad"],
                "committer_name": parts["cn"],
                "committer_email": parts["ce"],
                "committed_date": parts["cd"],
            }
        )
    return 200, {"commits": commits, "diffs": [], "compare_timeout": False, "compare_same_ref": start == end}


@ROUTES.add("GET", MR)
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    query = given[1]
    state = {"opened": "open"}.get(query.get("state", "all"), query.get("state", "all"))
    found = [
        pull
        for pull in repo.pulls
        if state in ("all", pull.state) and query.get("source_branch") in (None, pull.head)
    ]
    # By default only those of the caller's own account are hidden nowhere: a project shows all.
    if query.get("sort", "desc") == "desc":
        found.reverse()
    return 200, [api.pull(repo, pull) for pull in found]


@ROUTES.add("POST", MR)
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    body = given[2]
    head, base = body["source_branch"], body["target_branch"]
    sha = repo.sha(head)
    limited(body)
    if sha is None or repo.sha(base) is None:
        raise failure(422, ["Source branch can't be blank"])
    for pull in repo.pulls:
        if pull.head == head and pull.base == base and pull.state == "open" and not pull.fork:
            raise failure(
                409, [f"Another open merge request already exists for this source branch: !{pull.number}"]
            )
    pull = Pull(len(repo.pulls) + 1, body["title"], body.get("description") or "", head, base, sha)
    repo.pulls.append(pull)
    return 201, api.pull(repo, pull)


@ROUTES.add("GET", MR + "/{iid}")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    return 200, api.pull(repo, api.the_pull(repo, given[0]))


@ROUTES.add("PUT", MR + "/{iid}")
def _(api: GitLab, repo: Repo, given: Given) -> Answer:
    pull, body = api.the_pull(repo, given[0]), given[2]
    limited(body)
    pull.title = body.get("title", pull.title)
    pull.body = body.get("description", pull.body)
    for label in filter(None, body.get("add_labels", "").split(",")):
        if label not in pull.labels:
            pull.labels.append(label)
    logins = {number: name for name, number in api.world.users.items()}
    if "reviewer_ids" in body:
        pull.reviewers = [logins[number] for number in body["reviewer_ids"]]
    if "assignee_ids" in body:
        pull.assignees = [logins[number] for number in body["assignee_ids"]]
    if body.get("state_event") == "close":
        pull.head_sha, pull.state = repo.head(pull), "closed"
    elif body.get("state_event") == "reopen":
        pull.state = "open"
    return 200, api.pull(repo, pull)
