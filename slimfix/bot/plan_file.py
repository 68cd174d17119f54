"""A plan as a file: JSON with a version, checked field by field when it is read back."""

from __future__ import annotations

import json
import types
from collections.abc import Iterable
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from slimfix.bot import names, plan
from slimfix.bot.errors import BotError
from slimfix.bot.written import written

VERSION = 1
MAX_BYTES = 64 << 20


def document(plans: Iterable[plan.Plan]) -> str:
    """The plans as text, in ASCII, with a line end."""
    found = [_plain(one) for one in plans]
    return json.dumps({"slimfix-plan": VERSION, "plans": found}, indent=1) + "\n"


def is_plan(text: str) -> bool:
    """Whether a text is one that :func:`document` made."""
    return text.startswith('{\n "slimfix-plan"')


def read(text: str) -> list[plan.Plan]:
    """The plans of a file.

    Raises:
        BotError: it is no plan, or one that would write what it must not.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise BotError("bad-plan", "not JSON") from None
    if not isinstance(found, dict) or found.get("slimfix-plan") != VERSION:
        raise BotError("bad-plan", f"not a plan of version {VERSION}")
    plans = cast(list[plan.Plan], _checked(found.get("plans"), list[plan.Plan], "plans"))
    for one in plans:
        names.repository(one.repository)
        names.sha(one.commit)
        written(one)
    return plans


def _plain(value: Any) -> Any:
    """Named tuples as objects."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {key: _plain(item) for key, item in value._asdict().items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


def _checked(value: Any, wanted: Any, at: str) -> Any:
    """*value* as what the type *wanted* describes."""
    origin = get_origin(wanted)
    arguments = get_args(wanted)
    if origin in (Union, getattr(types, "UnionType", Union)):
        return None if value is None else _checked(value, arguments[0], at)
    if origin is Literal:
        if value not in arguments:
            raise BotError("bad-plan", f"{at}: not one of {', '.join(map(str, arguments))}")
        return value
    if origin in (list, tuple):
        if not isinstance(value, list):
            raise BotError("bad-plan", f"{at}: not a list")
        if origin is tuple and Ellipsis not in arguments:
            if len(value) != len(arguments):
                raise BotError("bad-plan", f"{at}: not {len(arguments)} values")
            kinds: Iterable[Any] = arguments
        else:
            kinds = [arguments[0]] * len(value)
        items = [_checked(item, kind, f"{at}[{i}]") for i, (item, kind) in enumerate(zip(value, kinds))]
        return items if origin is list else tuple(items)
    if isinstance(wanted, type) and issubclass(wanted, tuple):
        return _object(value, wanted, at)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise BotError("bad-plan", f"{at}: not {'a text' if wanted is str else f'of type {wanted.__name__}'}")
    return value


def _object(value: Any, wanted: type, at: str) -> Any:
    fields = get_type_hints(wanted)
    if not isinstance(value, dict) or value.keys() != fields.keys():
        raise BotError("bad-plan", f"{at}: not the fields {', '.join(fields)}")
    return wanted(**{key: _checked(value[key], kind, f"{at}.{key}") for key, kind in fields.items()})
