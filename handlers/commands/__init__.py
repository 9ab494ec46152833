"""The commands of eqicha.py, a module for each kind; what all of them say things with stands here."""

import argparse
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from conf.settings import Settings
from conf.terms import Channel

#: Who did it, as the audit has it, of whatever a command does.
COMMAND: dict[str, Any] = {
    "who": "command",
    "role": "system",
    "channel": Channel.COMMAND,
    "request_id": "",
    "address": "",
}

#: The exit code comes back: 0 well, 1 something looked at is not well, 2 refused.
Command = Callable[[argparse.Namespace, Settings], Awaitable[int]]


def progress_bar(title: str) -> Any:
    """A bar on a terminal, silent elsewhere; its callable takes (done, total)."""
    from contextlib import contextmanager

    from tqdm import tqdm

    @contextmanager
    def bar() -> Any:
        with tqdm(desc=title, unit="", disable=None) as line:

            def progress(done: int, total: int) -> None:
                line.total = total
                line.update(done - line.n)

            yield progress

    return bar()


def complain(text: str) -> int:
    """One line on standard error saying what to do; the exit code of a refused command."""
    print(f"eqicha: {text}", file=sys.stderr)
    return 2
