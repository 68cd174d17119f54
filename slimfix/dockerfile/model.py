"""A whole Dockerfile: its tiles, instructions and stages, each a view over one source text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from slimfix.dockerfile import words
from slimfix.dockerfile.check import check
from slimfix.dockerfile.instruction import Instruction, Stage
from slimfix.dockerfile.state import Base, Shell, State
from slimfix.dockerfile.tiles import ParseError, tiles
from slimfix.text import Lines, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from slimfix.context import BuildContext


class Dockerfile:
    """An immutable reading of one Dockerfile. Joined, its tiles are its text."""

    def __init__(
        self,
        text: str,
        *,
        target: str | None = None,
        all_stages: bool = False,
        context: BuildContext | Callable[[], BuildContext | None] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Read *text*.

        Args:
            text: the source, as :func:`slimfix.text.decode` gives it.
            target: name or number of the stage that ships; the last one by default.
            all_stages: whether every stage counts as shipping.
            context: the files that COPY can see, when they are known; a function is asked when they count.
            options: settings of rules, by rule name.

        Raises:
            ParseError: BuildKit would refuse the file.
        """
        self.text = text
        self._given = context
        self.options: Mapping[str, Any] = options or {}
        self.tiles, self.escape = tiles(text)
        self.instructions: list[Instruction] = []
        self.stages: list[Stage] = []
        for tile in self.tiles:
            if tile.kind == "instruction":
                number = len(self.instructions)
                self.instructions.append(Instruction(text, tile, number, self.escape))
        for instruction in self.instructions:
            check(instruction, self.lines)
        self._read_stages()
        self._ship(target, all_stages)

    @cached_property
    def _context(self) -> BuildContext | None:
        return self._given() if callable(self._given) else self._given

    @cached_property
    def context(self) -> BuildContext | None:
        """The files that COPY can see; None also where there is a :attr:`context_problem`."""
        return self._context if self.context_problem is None else None

    @property
    def context_problem(self) -> str | None:
        """Why it is not known what COPY can see, where that is more than that nobody has said it."""
        return self._context.problem if self._context is not None else None

    @cached_property
    def lines(self) -> Lines:
        """Offsets to lines and columns."""
        return Lines(self.text)

    @property
    def comments(self) -> list[str]:
        """The text of every comment line, within instructions too, in their order."""
        found: list[str] = []
        for tile in self.tiles:
            if tile.kind == "comment":
                found.append(self.text[tile.span.start : tile.span.end].strip())
            found += [self.text[c.start : c.end].strip() for c in tile.comments]
        return found

    def source(self, span: Span) -> str:
        """The text at a span."""
        return self.text[span.start : span.end]

    def neighbours(self, instruction: Instruction) -> tuple[Instruction | None, Instruction | None]:
        """The instructions before and after."""
        i = instruction.index
        before = self.instructions[i - 1] if i else None
        after = self.instructions[i + 1] if i + 1 < len(self.instructions) else None
        return before, after

    # -- stages and state ----------------------------------------------------------------------

    def _read_stages(self) -> None:
        globals_: dict[str, str | None] = {}
        stage: Stage | None = None
        state = State()
        triggers: list[Instruction] = []
        for instruction in self.instructions:
            if instruction.name == "FROM" and not instruction.onbuild:
                self._triggers(triggers, state)
                triggers = []
                stage, state = self._from(instruction, globals_)
            elif instruction.name == "ARG" and stage is None:
                globals_.update(_arguments(instruction, globals_))
            elif stage is None:
                line = self.lines.at(instruction.span.start)[0]
                raise ParseError("no build stage in current context (FROM is missing)", line)
            instruction.stage = stage
            if stage is not None:
                stage.instructions.append(instruction)
            if instruction.onbuild:
                triggers.append(instruction)
                continue
            instruction.state = state
            state = self._after(instruction, state, globals_)
        self._triggers(triggers, state)
        if stage is None:
            raise ParseError("no build stage in current context (FROM is missing)", 1)

    def _triggers(self, triggers: list[Instruction], state: State) -> None:
        """ONBUILD instructions run one after the other, when the stage is complete."""
        for instruction in triggers:
            instruction.state = state
            state = self._after(instruction, state, {})

    def _from(self, instruction: Instruction, globals_: Mapping[str, str | None]) -> tuple[Stage, State]:
        parts = instruction.parts
        written = parts[0].text
        reference = words.expand(written, globals_, self.escape) or written
        name = parts[2].text.lower() if len(parts) == 3 else ""
        parent = next((s for s in reversed(self.stages) if s.name and s.name == reference.lower()), None)
        stage = Stage(len(self.stages), name, Base(reference), parent)
        self.stages.append(stage)
        if parent is None:
            shell = Shell(("cmd", "/S", "/C")) if stage.base.windows else Shell(State().shell.argv)
            return stage, State(shell=shell)
        parent.used_by.append(stage)
        return stage, self.end(parent)._replace(args=())

    def end(self, stage: Stage) -> State:
        """The state behind the last plain instruction of a stage."""
        for instruction in reversed(stage.instructions):
            if not instruction.onbuild:
                return self._after(instruction, instruction.state, {})
        return State()

    def _after(self, instruction: Instruction, state: State, globals_: Mapping[str, str | None]) -> State:
        """The state that *instruction* leaves behind."""
        text = instruction.args.text
        if instruction.name == "USER":
            return state._replace(user=words.expand(text, state.variables(), self.escape))
        if instruction.name == "WORKDIR":
            path = words.expand(text, state.variables(), self.escape)
            return state._replace(workdir=None if path is None else state.resolve(path))
        if instruction.name == "SHELL":
            return state._replace(shell=Shell(tuple(instruction.exec_form or ())))
        if instruction.name == "ENV":
            before = state.variables()
            for name, raw in words.pairs(text, self.escape):
                state = state.with_env(name, words.expand(raw, before, self.escape))
        elif instruction.name == "ARG":
            for name, value in _arguments(instruction, {**globals_, **dict(state.env)}):
                state = state.with_arg(name, value)
        return state

    def _ship(self, target: str | None, all_stages: bool) -> None:
        last: Stage | None = self.stages[-1]
        if target is not None:
            last = self.stage(target)
        while last is not None:
            last.ships = True
            last = last.parent
        if all_stages:
            for stage in self.stages:
                stage.ships = True

    def stage(self, name: str) -> Stage:
        """The stage of that name or number.

        Raises:
            ParseError: there is none.
        """
        for stage in reversed(self.stages):
            if stage.name == name.lower() or (name.isdigit() and stage.index == int(name)):
                return stage
        raise ParseError(f"no stage named {name}", 0)


def _arguments(instruction: Instruction, values: Mapping[str, str | None]) -> list[tuple[str, str | None]]:
    """Names and default values of an ARG; a name without one takes the global's."""
    result = []
    for part in words.quoted_words(instruction.args.text, instruction.escape):
        name, equals, raw = part.text.partition("=")
        value = words.expand(raw, values, instruction.escape) if equals else values.get(name)
        result.append((name, value))
    return result
