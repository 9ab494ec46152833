"""What a session remembers of the door it came through; used by the sign-in and entering flows and by ordering."""

from collections.abc import Mapping
from typing import Any

from conf.terms import EntryPoint
from store.records import Entry, Session

ENTRY = "entry"  # session.values: {"point", "task"}


def kept(entry: Entry | None) -> dict[str, Any]:
    """The part of `session.values` that says where a visit came from; empty when it came by itself."""
    return {} if entry is None else {ENTRY: {"point": entry.point.value, "task": entry.task_code}}


def entry_in(values: Mapping[str, Any]) -> Entry | None:
    """The entry in `session.values` (or in a pending sign-in's), or None."""
    found = values.get(ENTRY)
    return Entry(point=EntryPoint(found["point"]), task_code=str(found["task"])) if found else None


def entry_of(session: Session | None) -> Entry | None:
    """Where the visit behind this session came from, or None."""
    return None if session is None else entry_in(session.values)
