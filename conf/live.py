"""What may change while the service runs, as this process knows it: settings, texts, days, rules, notices.

`store.live.refresh` reads it (each second, and at once where it was changed) and puts it here; conf/tuning, conf/texts,
conf/workdays and conf/access read it. Nothing approved yet: the files and the environment say everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conf.access import AccessTable


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleVersion:
    """One version of the access table; `effective_at` is None for one that came as a file."""

    table: "AccessTable"
    effective_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """One state, replaced as a whole."""

    settings: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by notice
    free: frozenset[date] = frozenset()  # days off besides those of conf/holidays.toml
    working: frozenset[date] = frozenset()  # working days besides
    rules: tuple[RuleVersion, ...] = ()
    notices: tuple[Any, ...] = ()  # store.records.tuned.FrontNotice


_state = [Live()]


def live() -> Live:
    """The state as it is known now."""
    return _state[0]


def adopt(state: Live) -> None:
    """From now on this is the state."""
    _state[0] = state


def forget() -> None:
    """Back to what files and environment say."""
    adopt(Live())
