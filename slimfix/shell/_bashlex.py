"""The one import of bashlex, made cheap.

bashlex 0.18 generates its LALR tables anew at every import (about 0.2 s): its ``yacc`` module no
longer looks for the ``bashlex.parsetab`` that the package still ships. Those tables belong to the
same grammar, so the import is made with a ``yacc.yacc`` that takes them; a test shows that they
equal the generated ones up to the numbering of states. Should a release come without them, or
with other productions, the generator runs as before.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType, SimpleNamespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _tables(namespace: dict[str, Any]) -> Any:
    """An object of the shape of ``yacc.LRTable`` from the shipped tables, or None if they do not fit."""
    try:
        parsetab: Any = importlib.import_module("bashlex.parsetab")
    except ImportError:
        return None
    productions = []
    known = set()
    for text, name, length, function, *_ in parsetab._lr_productions:
        known.add(function)
        action = namespace.get(function) if function else None
        productions.append(SimpleNamespace(str=text, name=name, len=length, callable=action))
    wanted = {name for name in namespace if name.startswith("p_") and name != "p_error"}
    if known - {None} != wanted:
        return None
    return SimpleNamespace(
        lr_productions=productions, lr_action=parsetab._lr_action, lr_goto=parsetab._lr_goto
    )


def _load() -> ModuleType:
    """Import bashlex with its shipped tables in the place of the generator."""
    if "bashlex" in sys.modules:
        return sys.modules["bashlex"]
    spec = importlib.util.find_spec("bashlex")
    if spec is None or spec.loader is None:
        raise ImportError("bashlex is not installed")
    package = importlib.util.module_from_spec(spec)
    sys.modules["bashlex"] = package
    yacc: Any = importlib.import_module("bashlex.yacc")
    generate = yacc.yacc

    def from_tables(*args: Any, **options: Any) -> Any:
        namespace = sys._getframe(1).f_globals
        tables = _tables(namespace)
        if tables is None:
            return generate(*args, **options)
        return yacc.LRParser(tables, namespace["p_error"])

    yacc.yacc = from_tables
    try:
        spec.loader.exec_module(package)
    except BaseException:
        del sys.modules["bashlex"]
        raise
    finally:
        yacc.yacc = generate
    return package


def parse(text: str) -> list[Any]:
    """bashlex's trees of *text*, one for each complete command line.

    It is told to expand nothing in the words: what is in a substitution is read on its own, and bashlex would
    look for expansions in single quotes, too, and take all the memory there is at the beginning of one alone
    (``a'${b'``).

    Raises whatever bashlex raises: its own errors, NotImplementedError, AttributeError and more.
    """
    bashlex: Any = _load()
    found: list[Any] = []
    end = 0
    while end < len(text):  # as its own parse does, which forgets the limit behind the first line
        tree = bashlex.parsesingle(text[end:], expansionlimit=-1)
        if not isinstance(tree, bashlex.ast.node):
            break
        bashlex.ast.posshifter(end).visit(tree)
        found.append(tree)
        end = tree.pos[1] + 1
    return found
