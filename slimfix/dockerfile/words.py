"""How Docker itself splits and expands the text of an instruction.

After BuildKit's ``split_command.go``, ``line_parsers.go`` and ``shell/lex.go``; offsets are those of
the logical text that was given.
"""

from __future__ import annotations

from collections.abc import Mapping

from slimfix.patterns import lazy
from slimfix.records import NamedTuple

_BLANK = lazy(r"[\t\v\f\r ]+")
_WORDS = lazy(r"[^\t\v\f\r\n ]+")
_UNBROKEN = lazy(r"\S+")
_NAME = lazy(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN_LIST = lazy(r'\[ *"[^"\\\x00-\x1f]*"(?: *, *"[^"\\\x00-\x1f]*")* *\] *')
"""What JSON reads as the strings between the quotes; its import takes longer than a small file does."""


class Flag(NamedTuple):
    """A builder flag: ``--name=value`` or ``--name``, quotes and escapes removed."""

    name: str
    value: str | None
    start: int
    end: int


class Part(NamedTuple):
    """A word of an instruction as written, with its place."""

    text: str
    start: int
    end: int


def keyword(text: str) -> tuple[str, int]:
    """The first word of an instruction and the offset of what follows it."""
    begin = len(text) - len(text.lstrip())
    match = _BLANK.search(text, begin)
    if match is None:
        return text[begin:].rstrip(), len(text)
    return text[begin : match.start()], match.end()


def flags(text: str, start: int, escape: str) -> tuple[list[Flag], int]:
    """The flags at *start*, and where the arguments begin."""
    found: list[Flag] = []
    i, n = start, len(text)
    while True:
        while i < n and text[i].isspace():
            i += 1
        if not text.startswith("--", i):
            return found, i
        begun, word, quote = i, "", ""
        while i < n and (quote or not text[i].isspace()):
            c = text[i]
            if quote and c == quote:
                quote = ""
            elif not quote and c in "'\"":
                quote = c
            elif c == escape:
                i += 1
                word += text[i : i + 1]
            else:
                word += c
            i += 1
        if word == "--":
            return found, i
        name, equals, value = word[2:].partition("=")
        found.append(Flag(name, value if equals else None, begun, min(i, n)))


def split(text: str) -> list[Part]:
    """Words of COPY, ADD, FROM and EXPOSE: split at white space alone."""
    return [Part(m.group(), m.start(), m.end()) for m in _WORDS.finditer(text)]


def json_list(text: str) -> list[str] | None:
    """The strings of an exec form, or None when the text is not one.

    Raises:
        ValueError: a JSON array that holds something else than strings.
    """
    text = text.lstrip()
    if not text.startswith("["):
        return None
    if _PLAIN_LIST.fullmatch(text):
        return text.split('"')[1::2]
    import json

    try:
        value = json.loads(text)
    except ValueError:
        return None
    if not all(isinstance(item, str) for item in value):
        raise ValueError("when using JSON array syntax, arrays must be comprised of strings only")
    return list(value)


def quoted_words(text: str, escape: str) -> list[Part]:
    """Words of ENV, LABEL and ARG: quotes hold blanks together, and are kept."""
    if '"' not in text and "'" not in text and escape not in text:
        return [Part(m.group(), m.start(), m.end()) for m in _UNBROKEN.finditer(text)]
    found: list[Part] = []
    i, n = 0, len(text)
    while i < n:
        if text[i].isspace():
            i += 1
            continue
        begun, quote = i, ""
        while i < n and (quote or not text[i].isspace()):
            c = text[i]
            if c == escape and quote != "'":
                if i + 1 == n:  # BuildKit drops an escape at the very end
                    break
                i += 2
                continue
            if quote and c == quote:
                quote = ""
            elif not quote and c in "'\"":
                quote = c
            i += 1
        if begun < i:
            found.append(Part(text[begun:i], begun, i))
        if i < n and not text[i].isspace():
            break
    return found


def pairs(text: str, escape: str) -> list[tuple[str, str]]:
    """Names and raw values of ENV or LABEL, in either of its two forms.

    Raises:
        ValueError: what BuildKit refuses.
    """
    words = quoted_words(text, escape)
    if not words:
        raise ValueError("requires at least one argument")
    if "=" not in words[0].text:
        parts = _BLANK.split(text, maxsplit=1)
        if len(parts) < 2:
            raise ValueError("must have two arguments")
        return [(parts[0], parts[1])]
    result = []
    for word in words:
        name, equals, value = word.text.partition("=")
        if not equals:
            raise ValueError(f"can't find = in {word.text!r}: must be of the form name=value")
        result.append((name, value))
    return result


def expand(raw: str, values: Mapping[str, str | None], escape: str = "\\") -> str | None:
    """A word with quotes removed and variables replaced, or None when that is not known.

    A name that *values* lacks counts as unknown, since the base image may set it.
    """
    out: list[str] = []
    i, n, quote = 0, len(raw), ""
    while i < n:
        c = raw[i]
        if c == "$" and quote != "'":
            value, i = _variable(raw, i, values)
            if value is None:
                return None
            out.append(value)
            continue
        if c == escape and quote != "'" and i + 1 < n:
            if quote and raw[i + 1] not in ('"', "$", escape):
                out.append(c)
            out.append(raw[i + 1])
            i += 2
            continue
        if quote and c == quote:
            quote = ""
        elif not quote and c in "'\"":
            quote = c
        else:
            out.append(c)
        i += 1
    return "".join(out)


def _variable(raw: str, i: int, values: Mapping[str, str | None]) -> tuple[str | None, int]:
    """The value of the variable at *i*, and the offset after it."""
    if raw.startswith("${", i):
        end = raw.find("}", i)
        name = _NAME.match(raw, i + 2)
        if end < 0 or name is None:
            return None, len(raw)
        value = values.get(name.group())
        modifier = raw[name.end() : end]
        if modifier.startswith((":-", "-")) and "$" not in modifier:
            known = name.group() in values
            default = modifier.lstrip(":").removeprefix("-")
            return (value or default) if known and value is not None else None, end + 1
        return (value if not modifier else None), end + 1
    name = _NAME.match(raw, i + 1)
    if name is None:
        return None, len(raw)
    return values.get(name.group()), name.end()
