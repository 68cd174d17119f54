"""GitHub's own schema of its GraphQL API, which every query and its variables must fit.

It is the npm package ``@octokit/graphql-schema`` (MIT), read with ``graphql-core``.
"""

from __future__ import annotations

import subprocess
from functools import lru_cache
from typing import Any

from tests.bot.forge.contract import described

PACKAGE = "@octokit/graphql-schema@15.26.1"


@lru_cache(maxsize=1)
def schema() -> Any:
    """The schema, or None where it or its reader cannot be had."""
    try:
        from graphql import build_schema

        text = described(PACKAGE, "package/schema.graphql", "github-15.26.1.graphql").read_text("utf-8")
        return build_schema(text, assume_valid=True)
    except (ImportError, OSError, subprocess.SubprocessError):
        return None


def wrong(body: Any) -> list[str]:
    """What is wrong with a request."""
    found = schema()
    if found is None:
        return []
    from graphql import GraphQLError, OperationDefinitionNode, parse, validate
    from graphql.execution.values import get_variable_values

    try:
        document = parse(body["query"])
    except GraphQLError as error:
        return [f"graphql: {error.message}"]
    problems = [f"graphql: {error.message}" for error in validate(found, document)]
    for definition in () if problems else document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            given = body.get("variables") or {}
            values = get_variable_values(found, definition.variable_definitions or (), given)
            if isinstance(values, list):
                problems += [f"graphql: {error.message}" for error in values]
    return problems
