"""What a counterpart tells us of its own accord: one shape for all; each adapter brings the reader of its own calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


class CallbackRefused(Exception):
    """A call that is not taken. `ground`: "unsigned", "unknown", "clock", "nonce", "signature" or "garbled"."""

    def __init__(self, ground: str) -> None:
        super().__init__(ground)
        self.ground = ground


@dataclass(frozen=True, kw_only=True, slots=True)
class CallbackEvent:
    """One thing told. `key` is the same whenever it is told again; `subject` is our reference it is about.

    `happened_at` (aware UTC) orders events of one subject; `values` hold nothing personal in clear.
    """

    key: str
    subject: str
    happened_at: datetime
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call that proved its sender: its events, and the nonce that must be spent (empty when there is none)."""

    events: tuple[CallbackEvent, ...]
    nonce: str = ""


class CallbackReader(Protocol):
    """Knows how one counterpart signs and spells its calls."""

    def read(self, headers: Mapping[str, str], body: bytes, *, now: datetime, skew: int) -> Call:
        """Raises CallbackRefused, for a clock more than `skew` seconds off too.

        Header names come in any case; nothing is changed anywhere.
        """
        ...

    def answer(self, *, taken: bool) -> Mapping[str, Any]:
        """The JSON object this counterpart wants to read: that it was taken, or that it was not."""
        ...
