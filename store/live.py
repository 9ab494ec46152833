"""Reads what may change while the service runs into conf/live: each second, and at once where it was changed.

Called by the service's own second-hand (handlers/application), at the start, and after every approval.
"""

from datetime import date
from functools import lru_cache

from conf.access import AccessTable, AccessTableError, parse_rules
from conf.live import Live, RuleVersion, adopt
from conf.logs import get_log
from store.connection import Base
from store.front_notices import FrontNotices
from store.records.tuned import Tuned
from store.rule_sets import RuleSets
from store.tuned import TunedValues

log = get_log("live")


class LiveState:
    """Three reads a time; the tables are parsed once a version."""

    def __init__(self, base: Base) -> None:
        self._tuned, self._rules, self._notices = TunedValues(base), RuleSets(base), FrontNotices(base)
        self._clock = base.clock

    async def refresh(self) -> None:
        """Make this process follow what is approved; raises the driver's faults, then the last state stays."""
        rows = {row.what: row for row in await self._tuned.current()}
        days = rows.get("holidays")
        adopt(
            Live(
                settings={name: int(row.after["value"]) for name, row in _named(rows, "setting:").items()},
                texts={name: row.after for name, row in _named(rows, "text:").items()},
                free=_days(days, "free"),
                working=_days(days, "working"),
                rules=await self._versions(),
                notices=await self._notices.not_over(self._clock()),
            )
        )

    async def _versions(self) -> tuple[RuleVersion, ...]:
        found = []
        for each in await self._rules.all():
            try:
                found.append(RuleVersion(table=_parsed(each.text), effective_at=each.effective_at))
            except AccessTableError as fault:  # an old table this software cannot read any more: its replay says so
                log.error("rule_version_unreadable", version=each.id, fault=fault.faults[0])
        return tuple(found)


def _named(rows: dict[str, Tuned], prefix: str) -> dict[str, Tuned]:
    return {what.removeprefix(prefix): row for what, row in rows.items() if what.startswith(prefix)}


def _days(row: Tuned | None, name: str) -> frozenset[date]:
    return frozenset(date.fromisoformat(day) for day in row.after.get(name, ())) if row else frozenset()


@lru_cache(maxsize=64)
def _parsed(text: str) -> AccessTable:
    return parse_rules(text)
