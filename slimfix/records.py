"""Named tuples whose classes are made quickly: an eighth of the start of the program went there.

What a class has, and what its tuples do, is as with :class:`typing.NamedTuple`. That takes 0.15 ms for each
class: it checks every annotation, and compiles the constructor from text.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import CodeType, FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple
else:
    try:
        from _collections import _tuplegetter as _getter
    except ImportError:  # not CPython

        def _getter(index, doc):
            return property(lambda self: tuple.__getitem__(self, index), doc=doc)

    _new = tuple.__new__
    _CONSTRUCTORS = (
        lambda _cls: _new(_cls, ()),
        lambda _cls, a: _new(_cls, (a,)),
        lambda _cls, a, b: _new(_cls, (a, b)),
        lambda _cls, a, b, c: _new(_cls, (a, b, c)),
        lambda _cls, a, b, c, d: _new(_cls, (a, b, c, d)),
        lambda _cls, a, b, c, d, e: _new(_cls, (a, b, c, d, e)),
        lambda _cls, a, b, c, d, e, f: _new(_cls, (a, b, c, d, e, f)),
        lambda _cls, a, b, c, d, e, f, g: _new(_cls, (a, b, c, d, e, f, g)),
        lambda _cls, a, b, c, d, e, f, g, h: _new(_cls, (a, b, c, d, e, f, g, h)),
    )
    """By the number of fields."""

    def _code(fields: tuple[str, ...]) -> CodeType:
        """The code of a constructor whose parameters have the names of the fields."""
        if len(fields) < len(_CONSTRUCTORS):
            code = _CONSTRUCTORS[len(fields)].__code__
        else:
            names = ", ".join(fields)
            code = eval(f"lambda _cls, {names}: _new(_cls, ({names}))").__code__
        return code.replace(co_name="__new__", co_varnames=("_cls", *fields))

    class _Record(tuple):
        """What the classes have in common."""

        __slots__ = ()

        @classmethod
        def _make(cls, values: Iterable[Any]) -> _Record:
            return cls(*values)

        def _replace(self, **changed: Any) -> _Record:
            made = _new(type(self), map(changed.pop, self._fields, self))
            if changed:
                raise TypeError(f"{type(self).__name__} has no field {', '.join(changed)}")
            return made

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self))

        def __repr__(self) -> str:
            values = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
            return f"{type(self).__name__}({values})"

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

    class _Maker(type):
        """Makes a class of records of a class statement whose base is NamedTuple."""

        def __new__(cls, name: str, bases: tuple[type, ...], space: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, space)
            fields = tuple(space.get("__annotations__", ()))
            defaults = {field: space[field] for field in fields if field in space}
            if tuple(defaults) != fields[len(fields) - len(defaults) :]:
                raise TypeError(f"{name}: a field without a default follows one that has one")
            constructor = FunctionType(_code(fields), globals(), "__new__", tuple(defaults.values()))
            constructor.__qualname__ = f"{name}.__new__"
            space.update((field, _getter(i, f"Field {i}")) for i, field in enumerate(fields))
            shared = {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
            own = {"__slots__": (), "__new__": constructor}
            return type(name, (_Record,), {**space, **shared, **own})

    class NamedTuple(metaclass=_Maker):
        """The base of the classes; see :class:`typing.NamedTuple`."""


__all__ = ["NamedTuple"]
