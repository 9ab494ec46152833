"""Figures handed out as a file, with the audit event that says so. Called by the pages of numbers."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from adapters.workbook import Sheet, write_workbook
from conf.terms import AuditTag
from store import Store

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
    fields = {"form": form, "from": first.isoformat(), "to": last.isoformat()}
    await store.audit.append(
        tag=AuditTag.NUMBERS_EXPORTED, subject=what, outcome="done", fields=fields, at=now, **trace
    )
