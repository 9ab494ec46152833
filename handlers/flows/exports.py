"""Figures handed out as a file, with the audit event that says so. Called by the pages of numbers."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from adapters.workbook import Sheet, write_workbook
from conf.measures import hours_of
from conf.terms import AuditTag
from store import Store
from store.records.numbers import Watched

Trace = Mapping[str, Any]


async def workbook(workshop: Any, tables: Sequence[Any], *, about: tuple[str, ...]) -> bytes:
    """An Excel file with a sheet a table (anything with title, columns, rows and note)."""
    sheets = tuple(
        Sheet(
            name=table.title,
            about=(table.title, *about, *((table.note,) if table.note else ())),
            columns=table.columns,
            rows=table.rows,
        )
        for table in tables
    )
    content: bytes = await workshop.run(write_workbook, sheets)
    return content


async def record(store: Store, what: str, form: str, *, first: date, last: date, now: datetime, trace: Trace) -> None:
    """Who took which figures away, in which form."""
    fields = {"form": form, "first": first.isoformat(), "last": last.isoformat()}
    await store.audit.append(
        tag=AuditTag.NUMBERS_EXPORTED, subject=what, outcome="done", fields=fields, at=now, **trace
    )


def watched_minutes(first: date, last: date, watched: Watched, now: datetime) -> int:
    """Minutes of these Beijing days that are over, counted from the first minute anybody ever wrote down."""
    if watched.since is None:
        return 0
    start = max(hours_of(first)[0], watched.since)
    end = min(hours_of(last)[1], now)
    return max(0, int((end - start).total_seconds() // 60))
