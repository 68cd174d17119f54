"""``slimfix bot`` in a process that dies at a request: ``python -m tests.bot.killed WHEN WHERE ARGUMENT...``.

WHEN is ``before`` (the request is not sent), ``after`` (it is carried out, and the answer is lost) or
``never``. WHERE is the number of the request, or the end of the path of a POST, or ``push``. Each clone,
fetch and push of git counts as one request. The process ends as ``kill -9`` would end it, without a word
to anyone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from slimfix.bot import command
from slimfix.bot.cli import bot
from slimfix.bot.http import Client


def main() -> None:
    when, where, *arguments = sys.argv[1:]
    count = 0

    def step(last: bool, real: Callable[[], Any]) -> Any:
        nonlocal count
        count += 1
        last = last or str(count) == where
        if last and when == "before":
            os._exit(137)
        answer = real()
        if last and when == "after":
            os._exit(137)
        return answer

    send, call = Client._send, command.call

    def sent(self: Client, *given: Any) -> Any:
        method, path = given[0], given[1]
        return step(method == "POST" and path.endswith(where), lambda: send(self, *given))

    def called(given: list[str], *more: Any) -> Any:
        if command.verb(given) not in ("clone", "fetch", "push"):
            return call(given, *more)
        return step(where == command.verb(given), lambda: call(given, *more))

    Client._send = sent  # type: ignore[method-assign,assignment]  # the point of this program
    command.call = called  # type: ignore[assignment]  # the same
    bot.main(arguments, prog_name="slimfix bot")


if __name__ == "__main__":
    main()
