"""Reading the audit by what is asked: person, company, order, kind, outcome, channel, time. For auditors and lookers.

Every question goes newest first by an index of its own (store/indexes.py); nothing here writes.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from pymongo import DESCENDING

from conf.errors import Invalid
from conf.terms import AuditTag
from store.connection import Base, Row
from store.encode import from_bson, text
from store.ids import copy_no_of
from store.records import AuditEvent
from store.records.audit import AuditBatch, AuditQuery

_NEWEST_FIRST = [("at", DESCENDING), ("_id", DESCENDING)]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Everything an AuditEvent holds; the tie and the sequencer's mark stay in the store.
_FIELDS = dict.fromkeys(AuditEvent.__dataclass_fields__, 1)


class AuditSearch:
    """Questions to `audit_events`; answers are AuditEvents, which name nobody."""

    def __init__(self, base: Base) -> None:
        self._events = base["audit_events"]

    async def find(self, query: AuditQuery, *, after: str = "", batch: int = 50) -> AuditBatch:
        """Events that meet everything asked, newest first. `after` is the cursor of the batch before."""
        rows = await self._events.find(_asked(query, after), _FIELDS).sort(_NEWEST_FIRST).limit(batch + 1).to_list()
        events = tuple(from_bson(AuditEvent, row) for row in rows[:batch])
        return AuditBatch(events=events, after=_cursor(events[-1]) if len(rows) > batch else "")

    async def by_id(self, id: str) -> AuditEvent | None:
        found = await self._events.find_one({"_id": text(id)}, _FIELDS)
        return None if found is None else from_bson(AuditEvent, found)

    async def of_company(
        self, uscc: str, tags: Collection[AuditTag], *, until: datetime | None = None, batch: int = 1000
    ) -> tuple[AuditEvent, ...]:
        """Events of these kinds about one company before `until`, newest first, at most `batch`."""
        asked = _asked(AuditQuery(uscc=uscc, until=until), "")
        asked = {"$or": [branch | {"tag": {"$in": [tag.value for tag in tags]}} for branch in asked["$or"]]}
        rows = await self._events.find(asked, _FIELDS).sort(_NEWEST_FIRST).limit(batch).to_list()
        return tuple(from_bson(AuditEvent, row) for row in rows)


def _asked(query: AuditQuery, after: str) -> Row:
    """The filter. A company and an order are found by subject or by field, each branch with its own index."""
    asked: Row = {}
    if query.who:
        asked["who"] = {"$in": [text(who) for who in query.who]} if len(query.who) > 1 else text(query.who[0])
    if query.tag:
        asked["tag"] = AuditTag(query.tag).value
    if query.outcome:
        asked["outcome"] = text(query.outcome)
    if query.channel:
        asked["channel"] = query.channel.value
    times = ({"$gte": query.since} if query.since else {}) | ({"$lt": query.until} if query.until else {})
    if after:
        at, id = _place(after)
        times["$lte"] = at
        asked["$nor"] = [{"at": at, "_id": {"$gte": id}}]
    if times:
        asked["at"] = times
    return _about(query, asked)


def _about(query: AuditQuery, asked: Row) -> Row:
    branches: list[Row] = []
    if query.order_no:
        no = text(query.order_no)
        branches = [{"subject": {"$in": [no, copy_no_of(no)]}}, {"fields.order_no": no}]
    if query.uscc:
        uscc = text(query.uscc)
        of_company: list[Row] = [{"subject": uscc}, {"fields.uscc": uscc}]
        branches = [{"$and": [one, two]} for one in branches for two in of_company] if branches else of_company
    return {"$or": [asked | branch for branch in branches]} if branches else asked


def _cursor(event: AuditEvent) -> str:
    return f"{(event.at - _EPOCH) // timedelta(milliseconds=1)}~{event.id}"


def _place(after: str) -> tuple[datetime, str]:
    milliseconds, _, id = text(after).partition("~")
    if not (milliseconds.isdecimal() and len(milliseconds) <= 14 and id.isalnum()):
        raise Invalid({"after": "翻页标记无效，请从第一页重新开始。"})
    return _EPOCH + timedelta(milliseconds=int(milliseconds)), id
