"""Notices of the first page: written and ended by archivists, on record. Called by the staff pages."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.clock import moment_given
from conf.errors import Invalid
from conf.terms import AuditTag
from handlers.flows.ordering import Trace
from store.ids import sortable_id
from store.records import Staff
from store.records.tuned import FrontNotice

if TYPE_CHECKING:
    from store import Store

LONGEST_TITLE, LONGEST_TEXT = 40, 300
KINDS = ("info", "warning")


async def write(
    store: "Store", *, title: str, text: str, kind: str, starts: str, ends: str, by: Staff, now: datetime, trace: Trace
) -> FrontNotice:
    """Show a notice from one Beijing time until another. Raises Invalid by field."""
    faults: dict[str, str] = {}
    title, text = title.strip(), text.replace("\r\n", "\n").strip()
    if not 2 <= len(title) <= LONGEST_TITLE:
        faults["title"] = f"请填写标题，2 到 {LONGEST_TITLE} 字。"
    if not 2 <= len(text) <= LONGEST_TEXT:
        faults["text"] = f"请填写内容，2 到 {LONGEST_TEXT} 字。"
    if kind not in KINDS:
        faults["kind"] = "请选择一种。"
    begin, end = _moment(starts, "starts", faults), _moment(ends, "ends", faults)
    if begin and end and not (begin < end and now < end):
        faults["ends"] = "结束时间要晚于开始时间和现在。"
    if faults or begin is None or end is None:
        raise Invalid(faults)
    notice = FrontNotice(
        id=sortable_id(now), title=title, text=text, kind=kind, starts_at=begin, ends_at=end, by=by.name, at=now
    )

    async def work(tx: Any) -> None:
        await store.front_notices.add(notice, tx)
        await _record(store, notice.id, "published", now=now, trace=trace, tx=tx)

    await store.atomically(work)
    await store.live.refresh()
    return notice


async def end(store: "Store", id: str, *, by: Staff, now: datetime, trace: Trace) -> None:
    """Take a notice off at once. Raises Conflict when it was, NotFound."""

    async def work(tx: Any) -> None:
        await store.front_notices.end(id, by.name, tx)
        await _record(store, id, "ended", now=now, trace=trace, tx=tx)

    await store.atomically(work)
    await store.live.refresh()


async def _record(store: "Store", id: str, what: str, *, now: datetime, trace: Trace, tx: Any) -> None:
    await store.audit.append(
        tag=AuditTag.FRONT_NOTICE_CHANGED, subject=id, outcome="done", fields={"what": what}, at=now, tx=tx, **trace
    )


def _moment(text: str, name: str, faults: dict[str, str]) -> datetime | None:
    try:
        return moment_given(text)
    except ValueError:
        faults[name] = "请选择日期和时间（北京时间）。"
        return None
