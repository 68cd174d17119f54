"""Records are named tuples; each test runs on a class of ours and on the same one of :mod:`typing`."""

from __future__ import annotations

import copy
import inspect
import pickle
import typing
from collections.abc import Callable
from typing import Any

import pytest

from slimfix import records


class Ours(records.NamedTuple):
    """A place."""

    line: int
    column: int = 1
    """From 1."""
    name: str = "x"

    @property
    def both(self) -> tuple[int, int]:
        """Line and column."""
        return self.line, self.column


class Theirs(typing.NamedTuple):
    """A place."""

    line: int
    column: int = 1
    """From 1."""
    name: str = "x"

    @property
    def both(self) -> tuple[int, int]:
        """Line and column."""
        return self.line, self.column


class Nothing(records.NamedTuple):
    """No field at all."""


class Many(records.NamedTuple):
    """More fields than have a constructor made for them."""

    a: int
    b: int
    c: int
    d: int
    e: int
    f: int
    g: int
    h: int
    i: int
    j: int = 10


class Below(Ours):
    """A class below one has a ``__dict__``, and no fields of its own."""

    extra: int


BOTH = pytest.mark.parametrize("kind", [Ours, Theirs])


@BOTH
def test_values(kind: Any) -> None:
    made = kind(3, name="y")
    assert made == (3, 1, "y")
    assert (made.line, made.column, made.name, made.both) == (3, 1, "y", (3, 1))
    assert repr(made) == f"{kind.__name__}(line=3, column=1, name='y')"
    assert made._asdict() == {"line": 3, "column": 1, "name": "y"}
    assert made._replace(column=7) == kind(3, 7, "y")
    assert type(made._replace(column=7)) is kind
    assert kind._make([1, 2, "z"]) == kind(1, 2, "z")
    assert hash(made) == hash((3, 1, "y"))
    assert copy.deepcopy(made) == copy.copy(made) == made
    match made:
        case kind(line, column):
            assert (line, column) == (3, 1)


@BOTH
def test_what_the_class_says(kind: Any) -> None:
    assert kind._fields == kind.__match_args__ == ("line", "column", "name")
    assert kind._field_defaults == {"column": 1, "name": "x"}
    assert kind.__doc__ == "A place."
    assert list(inspect.signature(kind).parameters) == ["line", "column", "name"]
    assert kind.__slots__ == ()
    assert typing.get_type_hints(kind) == {"line": int, "column": int, "name": str}
    assert issubclass(kind, tuple)


WRONG: list[Callable[[Any], Any]] = [
    lambda kind: kind(),
    lambda kind: kind(1, 2, "x", 4),
    lambda kind: kind(1, lines=2),
    lambda kind: kind(1, line=2),
    lambda kind: kind._make([]),
]


@BOTH
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_arguments(kind: Any, wrong: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        wrong(kind)


@BOTH
def test_no_such_field(kind: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        kind(1)._replace(lines=2)
    with pytest.raises(AttributeError):
        kind(1).line = 2
    with pytest.raises(AttributeError):
        kind(1).other = 2


def test_pickled() -> None:
    assert pickle.loads(pickle.dumps(Ours(1, 2, "z"))) == Ours(1, 2, "z")
    assert type(pickle.loads(pickle.dumps(Ours(1)))) is Ours


def test_sizes() -> None:
    assert Nothing() == () and Nothing._fields == ()
    assert Many(1, 2, 3, 4, 5, 6, 7, 8, i=9) == (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)


def test_class_below() -> None:
    made = Below(1)
    made.extra = 5
    assert (made, made.extra, made._fields) == ((1, 1, "x"), 5, ("line", "column", "name"))
    assert type(made._replace(line=2)) is Below


def test_default_before_a_field_without() -> None:
    with pytest.raises(TypeError, match="Wrong: a field without a default"):

        class Wrong(records.NamedTuple):
            a: int = 1
            b: str  # type: ignore[misc]
