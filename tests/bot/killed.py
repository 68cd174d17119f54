"""``slimfix bot`` in a process that dies at a request: ``python -m tests.bot.killed WHEN WHERE ARGUMENT...``.

WHEN is ``before`` (the request is not sent), ``after`` (it is carried out, and the answer is lost) or
``never``. WHERE is the number of the request, or the end of the path of a POST. The process ends as
``kill -9`` would end it, without a word to anyone.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from slimfix.bot.cli import bot
from slimfix.bot.http import Client


def main() -> None:
    when, where, *arguments = sys.argv[1:]
    real = Client._send
    count = 0

    def send(self: Client, *given: Any) -> Any:
        nonlocal count
        count += 1
        method, path = given[0], given[1]
        last = str(count) == where or (method == "POST" and path.endswith(where))
        if last and when == "before":
            os._exit(137)
        answer = real(self, *given)
        if last and when == "after":
            os._exit(137)
        return answer

    Client._send = send  # type: ignore[method-assign,assignment]  # the point of this program
    bot.main(arguments, prog_name="slimfix bot")


if __name__ == "__main__":
    main()
