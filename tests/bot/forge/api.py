"""GitHub's REST and GraphQL API, as far as a bot needs it, with the errors that GitHub gives."""

from __future__ import annotations

import base64
import os
import re
import threading
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import urlencode

from tests.bot.forge.routes import Front, Redirect
from tests.bot.forge.world import GitError, Pull, Repo

Answer = tuple[int, Any]
Handler = Callable[["Api", Repo, dict[str, str], dict[str, str], Any], Answer]

_ROUTES: list[tuple[str, re.Pattern[str], Handler]] = []


def route(method: str, template: str) -> Callable[[Handler], Handler]:
    pattern = re.compile(
        re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template).replace("(?P<rest>[^/]+)", "(?P<rest>.+)") + r"\Z"
    )

    def register(handler: Handler) -> Handler:
        _ROUTES.append((method, pattern, handler))
        return handler

    return register


class Failure(Exception):
    def __init__(self, status: int, message: str, *errors: dict[str, str]) -> None:
        self.answer = status, {"message": message, "documentation_url": "https://docs.github.com/rest"}
        if errors:
            self.answer[1]["errors"] = list(errors)  # type: ignore[assignment]  # of another type than the texts


def invalid(resource: str, message: str = "", field: str = "", code: str = "custom") -> Failure:
    error = {"resource": resource, "code": code}
    error |= {"message": message} if message else {}
    error |= {"field": field} if field else {}
    return Failure(422, "Validation Failed", error)


class Api(Front):
    """Answers requests."""

    prefix = "/api/v3"

    def page(self, query: dict[str, str]) -> tuple[int, int]:
        return int(query.get("per_page", 30)), int(query.get("page", 1))

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, login: str | None) -> Answer:
        """Status and JSON; of a redirect the JSON has the address."""
        if login is None:
            return Failure(401, "Bad credentials").answer
        if path == "/graphql":
            return self.graphql(body, login)
        try:
            found = re.match(r"/users/([^/]+)\Z", path)
            if found and method == "GET":
                return 200, self.user(found[1])
            found = re.match(r"/(users|orgs)/([^/]+)/repos\Z", path)
            if found and method == "GET":
                repos = [repo for repo in self.world.repos.values() if repo.owner == found[2]]
                return 200, [self.repository(repo) for repo in sorted(repos, key=lambda repo: repo.full)]
            for wanted, pattern, handler in _ROUTES:
                match = pattern.match(path)
                if wanted == method and match:
                    fields = match.groupdict()
                    full = f"{fields['owner']}/{fields['repo']}"
                    there = self.world.find(full)
                    if there is None:
                        self.elsewhere(method, full, path, query)
                    with there.lock:
                        if method != "GET":
                            self.writable(there)
                        return handler(self, there, fields, query, body)
            raise Failure(404, "Not Found")
        except Failure as failure:
            return failure.answer

    def writable(self, repo: Repo) -> None:
        if repo.archived:
            raise Failure(403, "Repository was archived so is read-only.")
        if not repo.push:
            raise Failure(403, "Resource not accessible by personal access token")

    def resolved(self, path: str) -> str:
        """The path of a repository that is named by its number."""
        found = re.match(r"/repositories/(\d+)(/.*|)\Z", path)
        for repo in self.world.repos.values() if found else ():
            if found and repo.number == int(found[1]):
                return f"/repos/{repo.full}{found[2]}"
        return path

    def numbered_path(self, path: str) -> str:
        """The path of a repository as the addresses of further pages have it."""
        found = re.match(r"/repos/([^/]+/[^/]+)(/.*)\Z", path)
        repo = self.world.find(found[1]) if found else None
        return f"/repositories/{repo.number}{found[2]}" if found and repo else path

    def elsewhere(self, method: str, full: str, path: str, query: dict[str, str]) -> NoReturn:
        """What is said of a repository that has another name now, to reads and to writes."""
        repo = self.world.moved(full)
        if repo is None:
            raise Failure(404, "Not Found")
        place = f"{self.address}/api/v3/repositories/{repo.number}{path.removeprefix(f'/repos/{full}')}"
        raise Redirect(301 if method == "GET" else 307, place + (f"?{urlencode(query)}" if query else ""))

    def graphql(self, body: Any, login: str) -> Answer:
        """The query of who asks, and some mutations, each with its one field and an input."""
        if body["query"].startswith("query"):
            return 200, {"data": {"viewer": {"login": login}}}
        name = re.findall(r"\w+", body["query"].split("{", 1)[1])[0]
        given = body["variables"]["input"]
        if name in PULL_MUTATIONS:
            return 200, PULL_MUTATIONS[name](self, given)
        repo = next((repo for repo in self.world.repos.values() if repo.node == given["repositoryId"]), None)
        if repo is None:
            message = f"Could not resolve to a node with the global id of '{given['repositoryId']}'."
            return 200, graphql_error(name, message)
        with repo.lock:
            lines = ["start"]
            for one in given["refUpdates"]:
                old, new = one["beforeOid"], one["afterOid"]
                if repo.protected and one["name"].removeprefix("refs/heads/").startswith(repo.protected):
                    return 200, graphql_error(
                        "updateRefs", "Repository rule violations found: Cannot update this protected ref."
                    )
                if new.strip("0") != "" and not one.get("force") and not repo.follows(old, new):
                    return 200, graphql_error("updateRefs", "Reference update would not be a fast-forward")
                if new.strip("0") == "":
                    lines.append(f"delete {one['name']} {old}")
                else:
                    lines.append(f"update {one['name']} {new} {old}")
            try:
                self.writable(repo)
                repo.git("update-ref", "--stdin", given="\n".join([*lines, "prepare", "commit", ""]).encode())
            except Failure as failure:
                return 200, graphql_error("updateRefs", failure.answer[1]["message"])
            except GitError:
                return 200, graphql_error(
                    "updateRefs", "Reference cannot be updated: it does not match the expected value"
                )
            for one in given["refUpdates"]:
                if one["afterOid"].strip("0") == "":
                    for pull in repo.pulls:
                        if (
                            f"refs/heads/{pull.head}" == one["name"]
                            and pull.state == "open"
                            and not pull.fork
                        ):
                            pull.head_sha, pull.state = one["beforeOid"], "closed"
        return 200, {"data": {"updateRefs": {"clientMutationId": None}}}

    # -- what is shown -------------------------------------------------------------------------

    def user(self, login: str) -> dict[str, Any]:
        kind = "Organization" if login in self.world.organisations else "User"
        return {"login": login, "id": 1, "type": kind, "html_url": f"{self.address}/{login}"}

    def repository(self, repo: Repo) -> dict[str, Any]:
        return {
            "id": repo.number,
            "node_id": repo.node,
            "url": f"{self.address}/api/v3/repos/{repo.full}",
            "name": repo.name,
            "full_name": repo.full,
            "owner": self.user(repo.owner),
            "default_branch": repo.default,
            "clone_url": f"{self.address}/git/{repo.full}.git",
            "archived": repo.archived,
            "disabled": repo.disabled,
            "fork": repo.fork,
            "topics": repo.topics,
            "permissions": {"admin": False, "push": repo.push, "pull": True},
            "private": False,
            "has_issues": repo.has_issues,
            "open_issues_count": repo.others_issues + sum(one.state == "open" for one in repo.places),
            "allow_merge_commit": not repo.squash_only,
            "allow_rebase_merge": not repo.squash_only,
            "allow_squash_merge": True,
            "allow_auto_merge": repo.automerge,
        }

    def pull(self, repo: Repo, pull: Pull, detail: bool = False) -> dict[str, Any]:
        head = repo.head(pull)
        owner = "stranger" if pull.fork else repo.owner
        source = (
            {**self.repository(repo), "full_name": f"{owner}/{repo.name}"}
            if pull.fork
            else self.repository(repo)
        )
        result: dict[str, Any] = {
            "number": pull.number,
            "id": repo.number * 1000 + pull.number,
            "node_id": f"PR_{repo.number}_{pull.number}",
            "url": f"{self.address}/api/v3/repos/{repo.full}/pulls/{pull.number}",
            "html_url": f"{self.address}/{repo.full}/pull/{pull.number}",
            "state": pull.state,
            "locked": pull.locked,
            "title": pull.title,
            "body": pull.body,
            "draft": pull.draft,
            "user": self.user("slimfix-bot"),
            "merged_at": "2024-01-01T00:00:00Z" if pull.merged else None,
            "labels": [self.label(name) for name in pull.labels],
            "assignees": [self.user(name) for name in pull.assignees],
            "auto_merge": self.automerge(pull),
            "head": {"ref": pull.head, "sha": head, "label": f"{owner}:{pull.head}", "repo": source},
            "base": {
                "ref": pull.base,
                "sha": repo.sha(pull.base) or head,
                "label": f"{repo.owner}:{pull.base}",
                "repo": self.repository(repo),
            },
        }
        if detail:
            is_open = pull.state == "open"
            conflicted = is_open and repo.conflicted(pull)
            behind = is_open and repo.strict and repo.behind(pull)
            state = "dirty" if conflicted else "behind" if behind else "clean"
            result |= {
                "merged": pull.merged,
                "mergeable": not conflicted if is_open else None,
                "mergeable_state": state,
                "comments": len(pull.comments),
            }
        return result

    def automerge(self, pull: Pull) -> dict[str, Any] | None:
        if not pull.automerge:
            return None
        who = self.user("slimfix-bot")
        return {
            "enabled_by": who,
            "merge_method": pull.automerge.lower(),
            "commit_title": "",
            "commit_message": "",
        }

    def label(self, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "id": 1,
            "node_id": "L",
            "url": "https://forge.example/l",
            "color": "ededed",
            "default": False,
        }

    def found(self, repo: Repo, fields: dict[str, str]) -> Pull:
        number = int(fields["number"])
        for pull in repo.pulls:
            if pull.number == number:
                return pull
        raise Failure(404, "Not Found")

    def commit(self, repo: Repo, sha: str) -> dict[str, Any]:
        text = repo.git("show", "-s", "--format=%T%n%P%n%an%n%ae%n%aI%n%cn%n%ce%n%cI%n%B", sha)
        tree, parents, an, ae, ad, cn, ce, cd, message = text.split("\n", 8)
        return {
            "sha": sha,
            "message": message,
            "tree": {"sha": tree, "url": "https://forge.example/t"},
            "parents": [
                {"sha": p, "url": "https://forge.example/p", "html_url": "https://forge.example/p"}
                for p in parents.split()
            ],
            "author": {"name": an, "email": ae, "date": ad},
            "committer": {"name": cn, "email": ce, "date": cd},
        }


def graphql_error(name: str, message: str) -> dict[str, Any]:
    return {
        "data": {name: None},
        "errors": [{"type": "UNPROCESSABLE", "path": [name], "message": message}],
    }


PULL_MUTATIONS: dict[str, Callable[[Api, dict[str, Any]], dict[str, Any]]] = {}
"""Mutations of pull requests, by name."""


R = "/repos/{owner}/{repo}"


@route("GET", R)
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    return 200, api.repository(repo)


@route("GET", R + "/git/ref/heads/{rest}")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    if not repo.branches():
        raise Failure(409, "Git Repository is empty.")
    sha = repo.sha(fields["rest"])
    if sha is None:
        raise Failure(404, "Not Found")
    return 200, _ref(fields["rest"], sha)


def _ref(name: str, sha: str) -> dict[str, Any]:
    target = {"type": "commit", "sha": sha, "url": "https://forge.example/c"}
    return {"ref": f"refs/heads/{name}", "node_id": "REF", "url": "https://forge.example/r", "object": target}


@route("GET", R + "/git/matching-refs/heads/{rest}")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    return 200, [_ref(name, sha) for name, sha in repo.branches().items() if name.startswith(fields["rest"])]


@route("GET", R + "/git/commits/{sha}")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    try:
        return 200, api.commit(repo, fields["sha"])
    except GitError:
        raise Failure(404, "Not Found") from None


@route("GET", R + "/compare/{rest}")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    base, _, head = fields["rest"].partition("...")
    shas = repo.git("rev-list", "--reverse", f"{base}..{head}").split()
    merge_base = repo.git("merge-base", base, head)
    commits = []
    for sha in shas:
        commit = api.commit(repo, sha)
        commits.append(
            {"sha": sha, "commit": commit, "parents": commit["parents"], "author": None, "committer": None}
        )
    first = api.commit(repo, base)
    one = {"sha": base, "commit": first, "parents": first["parents"], "author": None, "committer": None}
    status = {"status": "ahead", "ahead_by": len(shas), "behind_by": 0, "total_commits": len(shas)}
    return 200, {
        **status,
        "commits": commits,
        "base_commit": one,
        "merge_base_commit": {**one, "sha": merge_base},
    }


@route("POST", R + "/git/blobs")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    data = base64.b64decode(body["content"]) if body.get("encoding") == "base64" else body["content"].encode()
    return 201, {
        "sha": repo.git("hash-object", "-w", "--stdin", given=data),
        "url": "https://forge.example/b",
    }


@route("POST", R + "/git/trees")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    index = {"GIT_INDEX_FILE": str(repo.path / f"index-api-{threading.get_ident()}")}
    try:
        repo.git("read-tree", body["base_tree"], env=index)
    except GitError:
        raise Failure(404, "Tree SHA does not exist") from None
    lines = []
    for entry in body["tree"]:
        sha = entry.get("sha") or repo.git("hash-object", "-w", "--stdin", given=entry["content"].encode())
        lines.append(f"{entry['mode']} {sha}\t{entry['path']}")
    repo.git("update-index", "-z", "--index-info", given=("\0".join(lines) + "\0").encode(), env=index)
    tree = repo.git("write-tree", env=index)
    os.unlink(index["GIT_INDEX_FILE"])
    return 201, {"sha": tree, "url": "https://forge.example/t", "truncated": False, "tree": []}


@route("POST", R + "/git/commits")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    person = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _BOT.items()}
    parents = [word for parent in body["parents"] for word in ("-p", parent)]
    try:
        sha = repo.git(
            "commit-tree", body["tree"], *parents, "-F", "-", given=body["message"].encode(), env=person
        )
    except GitError:
        raise Failure(422, "Tree SHA does not exist") from None
    return 201, api.commit(repo, sha)


_BOT = {"NAME": "slimfix-bot", "EMAIL": "bot@forge.example"}


@route("POST", R + "/git/refs")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    name = body["ref"].removeprefix("refs/heads/")
    if repo.sha(name):
        raise Failure(422, "Reference already exists")
    if repo.protected and name.startswith(repo.protected):
        raise Failure(
            422, "Repository rule violations found\n\nCannot create ref due to creations being restricted."
        )
    try:
        repo.git("update-ref", f"refs/heads/{name}", body["sha"], "0" * 40)
    except GitError:
        raise Failure(422, "Object does not exist") from None
    return 201, _ref(name, body["sha"])


@route("GET", R + "/pulls")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    state, head = query.get("state", "open"), query.get("head")
    found = []
    for pull in reversed(repo.pulls):
        owner = "stranger" if pull.fork else repo.owner
        if state in ("all", pull.state) and head in (None, f"{owner}:{pull.head}"):
            found.append(api.pull(repo, pull))
    return 200, found


@route("POST", R + "/pulls")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    head = body["head"].rpartition(":")[2]
    sha, base = repo.sha(head), repo.sha(body["base"])
    if sha is None or base is None:
        raise invalid("PullRequest", field="base" if sha else "head", code="invalid")
    if any(
        pull.head == head and pull.base == body["base"] and pull.state == "open" and not pull.fork
        for pull in repo.pulls
    ):
        raise invalid("PullRequest", f"A pull request already exists for {repo.owner}:{head}.")
    if not repo.git("rev-list", f"{base}..{sha}"):
        raise invalid("PullRequest", f"No commits between {body['base']} and {head}")
    if len(body.get("body") or "") > 65536:
        raise invalid("PullRequest", "body is too long (maximum is 65536 characters)", "body")
    number = len(repo.places) + 1
    pull = Pull(
        number, body["title"], body.get("body") or "", head, body["base"], sha, body.get("draft", False)
    )
    repo.pulls.append(pull)
    return 201, api.pull(repo, pull, detail=True)


@route("GET", R + "/pulls/{number}")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    return 200, api.pull(repo, api.found(repo, fields), detail=True)


@route("PATCH", R + "/pulls/{number}")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    pull = api.found(repo, fields)
    if len(body.get("body") or "") > 65536:
        raise invalid("PullRequest", "body is too long (maximum is 65536 characters)", "body")
    if body.get("state") == "closed":
        pull.head_sha = repo.head(pull)
    for name in ("title", "body", "state", "base"):
        if name in body:
            setattr(pull, name, body[name])
    return 200, api.pull(repo, pull, detail=True)


@route("POST", R + "/pulls/{number}/requested_reviewers")
def _(api: Api, repo: Repo, fields: dict[str, str], query: dict[str, str], body: Any) -> Answer:
    pull = api.found(repo, fields)
    asked = [*body.get("reviewers", ()), *body.get("team_reviewers", ())]
    if api.world.unknown_reviewers & set(asked):
        raise Failure(422, "Reviews may only be requested from collaborators.")
    pull.reviewers += asked
    return 201, api.pull(repo, pull)


from tests.bot.forge import people  # noqa: E402, F401  # its routes belong here
