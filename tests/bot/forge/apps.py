"""GitHub Apps: who proves to be one is given tokens for the repositories that it is installed for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from tests.bot.forge.world import World

HOUR = 3600
_LATE = "'Expiration time' claim ('exp') must be a numeric value representing the future time"
_FAR = "'Expiration time' claim ('exp') is too far in the future"
_UNKNOWN = "There is at least one repository that does not exist or is not accessible."
_EARLY = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"


def said(message: str) -> dict[str, str]:
    return {"message": message, "documentation_url": "https://docs.github.com/rest"}


@dataclass
class Issued:
    """A token of an installation."""

    repositories: set[str] | None
    """Those it is for, in full; None for all that the App is installed for."""
    permissions: dict[str, str]
    ends: float


@dataclass
class Installed:
    """An App, by its public key, and where it is installed."""

    world: World
    id: str
    public: bytes
    owners: dict[str, int] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """Repositories that an owner kept from it."""
    granted: set[str] = field(default_factory=lambda: {"contents", "pull_requests", "issues", "metadata"})
    suspended: bool = False
    issued: dict[str, Issued] = field(default_factory=dict)
    proofs: list[dict[str, Any]] = field(default_factory=list)

    def asked(self, method: str, path: str, body: Any, bearer: str) -> tuple[int, Any] | None:
        """The answer to a request that only the App itself may send; None for any other."""
        found = re.fullmatch(r"/(?:repos/([^/]+)/([^/]+)|(?:orgs|users)/([^/]+))/installation", path)
        if method == "GET" and found:
            wrong = self.unproved(bearer)
            if wrong:
                return 401, said(wrong)
            owner, name = found[1] or found[3], found[2]
            full = f"{owner}/{name}".lower()
            known = name is None or (self.world.find(full) and full not in self.hidden)
            if owner not in self.owners or not known:
                return 404, said("Not Found")
            return 200, {"id": self.owners[owner], "app_id": 1, "target_type": "Organization"}
        found = re.fullmatch(r"/app/installations/(\d+)/access_tokens", path)
        if method == "POST" and found:
            wrong = self.unproved(bearer)
            return (401, said(wrong)) if wrong else self.token(int(found[1]), body or {})
        if path == "/installation/repositories":
            return self.listed(bearer)
        return None

    def unproved(self, bearer: str) -> str:
        """Why somebody is not the App."""
        import jwt

        try:
            claims = jwt.decode(
                bearer,
                self.public,
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_iat": False},
                issuer=self.id,
            )
        except jwt.InvalidTokenError:
            return "A JSON web token could not be decoded"
        self.proofs.append(claims)
        now = self.world.now()
        if claims["exp"] < now:
            return _LATE
        if claims["exp"] > now + 600 or claims["exp"] - claims["iat"] > 660:
            return _FAR
        return _EARLY if claims["iat"] > now else ""

    def token(self, installation: int, body: Any) -> tuple[int, Any]:
        if self.suspended:
            return 403, said("This installation has been suspended")
        owner = next(name for name, number in self.owners.items() if number == installation)
        names = body.get("repositories")
        fulls = None if names is None else {f"{owner}/{name}".lower() for name in names}
        for full in fulls or ():
            if self.world.find(full) is None or full in self.hidden:
                return 422, said(_UNKNOWN)
        permissions = body.get("permissions") or dict.fromkeys(self.granted, "write")
        if not permissions.keys() <= self.granted:
            return 422, said("The permissions requested are not granted to this installation.")
        value = f"ghs_{len(self.issued):036d}"
        ends = self.world.now() + HOUR
        self.issued[value] = Issued(fulls, permissions, ends)
        when = datetime.fromtimestamp(ends, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return 201, {"token": value, "expires_at": when, "permissions": permissions}

    def listed(self, bearer: str) -> tuple[int, Any]:
        if not self.allowed(bearer, None):
            return 401, said("Bad credentials")
        found = [
            {"full_name": repo.full}
            for repo in self.world.repos.values()
            if repo.owner in self.owners and repo.full.lower() not in self.hidden
        ]
        return 200, {"total_count": len(found), "repositories": found}

    def allowed(self, value: str, full: str | None) -> bool:
        """Whether a token is good for a repository, or for anything at all."""
        found = self.issued.get(value)
        if found is None or found.ends < self.world.now():
            return False
        return full is None or found.repositories is None or full.lower() in found.repositories
