"""What the words and operators of a plain script look like: see ``_plain.py``."""

from __future__ import annotations

from slimfix.patterns import lazy

SPACE = lazy(r"(?:[ \t]|(?<=[ \t])\\\n(?=[ \t]*[^\s\\]))*(?:(?<!\S)#[^\n]*)?")
LINES = lazy(r"(?:[ \t\n]|(?<=[ \t])\\\n(?=[ \t]*[^\s\\])|(?<!\S)#[^\n]*)*")
"""White space, and the continuations and comments in it."""
MORE_SPACE = ("", " ", "\t", "\\", "#")
NAME = r"[A-Za-z_][A-Za-z0-9_]*"
VARIABLE = rf"\$(?:{NAME}(?![A-Za-z0-9_])|[0-9@*#?!-])"
VALUE = (
    rf"[A-Za-z0-9_./:+*?@,=\[\]^-]|\\[!-~]|{VARIABLE}|\$\{{{NAME}\}}"
    r"|\"(?:[A-Za-z0-9_./:+*?@,= -]|\\[!-~])*\""
)
EXPANSION = (
    rf"{VARIABLE}|\$\{{(?:!?{NAME}(?:\[[@*]\])?|!?[0-9]|[@*])"
    rf"(?:(?::?[-+=?]|##?|%%?|//?)(?:{VALUE})*)?\}}"
)
PLAIN_WORD = lazy(r"(?!\d+[<>])[A-Za-z0-9_@%+=:,./-]+")
"""Most words; where there are no others, the pattern of those need not be compiled."""
WORD = lazy(
    r"(?!#|[{}](?:[ \t\n;&|<>)]|\Z)|\d+[<>])(?:[^\s;&|()<>\"'`$\\]|\\[!-~ ]|'[^']*'"
    rf"|\"(?:[^\"\\$`]|\\[!-~ \n]|\$(?=[\" .)])|{EXPANSION})*\"|{EXPANSION})+"
)
"""A brace of its own is left to bashlex, which takes it for the reserved word in odd places, too."""
REDIRECT = lazy(r"(\d{0,3})(?:([<>]&)(\d{1,3}|-)(?=[ \t\n;&|)]|\Z)|(>>|>\||<>|[<>])(?![<>&|(])[ \t]*)")
REDIRECTS = frozenset("<>0123456789")
AFTER_WORD = ("", " ", "\t", "\n", ";", "&", "|", "<", ">", ")")
OPERATOR = lazy(r"&&|\|\||;(?![;&|])|\|(?!&)|&(?![>&])")
ASSIGNMENT = lazy(rf"{NAME}\+?=")
FUNCTION = lazy(
    rf"(function)[ \t]+({NAME})(?=[ \t\n])(?:[ \t]*(\()[ \t]*(\)))?"
    rf"|({NAME})[ \t]*(\()[ \t]*(\))(?=[ \t\n{{(])"
)
LOOP_NAME = lazy(rf"{NAME}(?=[ \t;\n])")
BEGINS_WORD = lazy(r"(?:if|for|while|until|\{)(?=[ \t\n])|!(?=[ \t])|\(")
CLOSES = frozenset(["then", "elif", "else", "fi", "do", "done"])
LISTS = frozenset(["if", "for", "while", "until", "case", "esac", "select", "in", "function"])
OTHER = LISTS | {"time", "coproc", "!", "[[", "]]"}
"""Where a command begins with one of these, it is no simple one (or no command at all)."""
