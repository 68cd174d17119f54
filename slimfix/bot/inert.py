"""Text from a repository, made harmless: it mentions nobody, closes no issue, and hides or fakes nothing."""

from __future__ import annotations

import re
import unicodedata

_JOINER = "\u2060"
"""A word joiner: nothing to see, and the end of any mention."""


def line(text: str, limit: int = 500) -> str:
    """The text as one line of Markdown that shows it as it is."""
    text = " ".join(_visible(text).split())
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    runs = re.findall("`+", text)
    if any(len(run) > 1 for run in runs) or len(runs) % 2:
        return _prose(text)  # no telling what is meant to be code
    parts = text.split("`")
    return "".join(code(part, limit) if number % 2 else _prose(part) for number, part in enumerate(parts))


def _prose(text: str) -> str:
    text = text.replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([*_\[\]|~`])", r"\\\1", text)
    text = re.sub(r"([@#!$])(?=\w)", rf"\1{_JOINER}", text)
    text = re.sub(r"(?i)\bgh-(?=\d)", f"GH{_JOINER}-", text)
    # An address becomes a link by itself, in every Markdown of a forge.
    return re.sub(
        r"(?i)(https?|ftp|mailto)(:)|\b(www)(\.)", lambda m: f"{m[1] or m[3]}{_JOINER}{m[2] or m[4]}", text
    )


def code(text: str, limit: int = 200) -> str:
    """The text as a code span. In a table a bar would end the cell, even here."""
    text = " ".join(_visible(text).split()).replace("|", "¦")
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    if not text:
        return "` `"
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{ticks}{pad}{_uncommented(text)}{pad}{ticks}"


def block(text: str, language: str = "") -> str:
    """The text as a code block that nothing in it can end."""
    text = _uncommented("\n".join(map(_visible, text.split("\n"))))
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _uncommented(text: str) -> str:
    """Without the beginning of an HTML comment, in which we keep our own notes."""
    return text.replace("<!--", f"<!{_JOINER}--")


def _visible(text: str) -> str:
    """Control characters, direction marks and lone surrogates as what they are."""
    return "".join(
        char if char == "\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn") else "\ufffd"
        for char in text
    )
