"""A Beijing day counted anew from orders, accounts, ratings and the audit. The nightly job and `recount` call it.

It shares nothing with how the counts were kept but the names of cells: it asks the records themselves.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from conf.measures import WAIT_BOUNDS, Measure, bound, cell, hours_of, merge, projected
from conf.terms import AuditTag, FollowUpStatus, OrderStatus, Outcome
from store.connection import Base, Row
from store.numbers import Numbers
from store.records.numbers import Difference

#: What is compared of each measure. The audit does not say what kind of visitor looked; answers have no other record.
COMPARED: dict[Measure, tuple[str, ...]] = {
    Measure.QUERIES: ("channel", "outcome", "what"),
    Measure.ORDERS: ("channel", "kind", "outcome"),
    Measure.CATEGORIES: ("channel", "kind", "outcome", "category"),
    Measure.STEPS: ("status",),
    Measure.REFUSALS: ("scope", "rule"),
    Measure.ACCOUNTS: ("kind",),
    Measure.RATINGS: ("satisfaction", "turn"),
    Measure.FOLLOWED: (),
    Measure.DOWNLOADS: ("channel", "how"),
    Measure.PAPER: ("how",),
    Measure.WAITS: ("way", "seconds"),
}
LOOK_UPS = "look_ups"  # by company
_LOOKS = {str(AuditTag.DOSSIER_LISTED): "dossier", str(AuditTag.EXTRACT_VIEWED): "extract"}
_ORGAN_LOOKS = {"dossier": "dossier", "extract": "extract", "batch": "batch"}
_SCOPES = _LOOKS | {str(AuditTag.ACCESS_DECIDED): "order"}
_OTHERS = (
    AuditTag.ORDER_MOVED, AuditTag.COPY_DOWNLOADED, AuditTag.FOLLOW_UP_MOVED, AuditTag.GOVERNMENT_VIEWED,
    AuditTag.GOVERNMENT_BATCH_FETCHED,
)  # fmt: skip
TURN = {"$cond": ["$is_default", "default", "$number"]}
_EXTRACT = "机读档案"


class Recounter:
    """Counts of one day from the records."""

    def __init__(self, base: Base) -> None:
        self._base, self._numbers = base, Numbers(base)

    async def differences(self, day: date) -> tuple[Difference, ...]:
        """Every count kept for that day that is not what the records say, both ways."""
        counted = await self.counted(day)
        figures = await self._numbers.read(day, day)
        found: list[Difference] = []
        for measure, dimensions in COMPARED.items():
            kept = projected(figures.parts[0].cells(measure), measure, dimensions)
            found += _compared(str(measure), kept, counted[measure])
        looked = await self._looks(day)
        return (*found, *_compared(LOOK_UPS, await self._numbers.looks_of(day), looked))

    async def counted(self, day: date) -> dict[Measure, dict[str, int]]:
        """Counts of every compared measure, by its compared dimensions."""
        orders, events = await self._orders(day), await self._events(day)
        moves = [event for event in events if event["tag"] == AuditTag.ORDER_MOVED]
        accounts = await self._grouped("accounts", "created_at", day, {"kind": "$kind"})
        ratings = await self._grouped("ratings", "at", day, {"level": "$satisfaction", "turn": TURN})
        return {
            Measure.QUERIES: _tallied(
                cell("government" if _is_organ(e) else e["channel"], e["outcome"], _what(e)) for e in events if _what(e)
            ),
            Measure.ORDERS: merge({_dims(order): 1} for order in orders),
            Measure.CATEGORIES: merge(_papers(order) for order in orders),
            Measure.STEPS: _tallied(cell(event["fields"]["to"]) for event in moves),
            Measure.REFUSALS: _tallied(
                cell(_SCOPES.get(e["tag"]) or _what(e), e["fields"]["rule"])
                for e in events
                if (e["tag"] in _SCOPES or _what(e)) and e["outcome"] == Outcome.REFUSE
            ),
            Measure.ACCOUNTS: {cell(row["_id"]["kind"]): row["n"] for row in accounts},
            Measure.RATINGS: {cell(str(r["_id"]["level"]), str(r["_id"]["turn"])): r["n"] for r in ratings},
            Measure.DOWNLOADS: _tallied(
                cell("government", "batch")
                if e["tag"] == AuditTag.GOVERNMENT_BATCH_FETCHED
                else cell(e["channel"], e["outcome"])
                for e in events
                if e["tag"] in (AuditTag.COPY_DOWNLOADED, AuditTag.GOVERNMENT_BATCH_FETCHED)
            ),
            Measure.FOLLOWED: _tallied(
                ""
                for e in events
                if e["tag"] == AuditTag.FOLLOW_UP_MOVED and e["fields"]["to"] == FollowUpStatus.CLOSED
            ),
            **await self._from_moves(moves, events),
        }

    async def _from_moves(self, moves: list[Row], events: list[Row]) -> dict[Measure, dict[str, int]]:
        """Waits and pages need the order beside the event."""
        ready = {str(m["subject"]): m["at"] for m in moves if m["fields"]["to"] == OrderStatus.READY}
        first = {str(m["subject"]): m["at"] for m in moves if m["fields"]["to"] == OrderStatus.DOWNLOADED}
        how = {(e["fields"]["order_no"], e["at"]): e["outcome"] for e in events if e["tag"] == AuditTag.COPY_DOWNLOADED}
        asked = {"_id": {"$in": sorted({*ready, *first})}}
        shown = {"created_at": 1, "page_count": 1, "decision.outcome": 1}
        waits, paper = [], []
        async for order in self._base["orders"].find(asked, shown):
            no = order["_id"]
            if no in ready:
                waits.append({_wait(order, ready[no]): 1})
            if no in first:
                mode = "printed" if how.get((no, first[no])) == "print" else "saved"
                paper.append({mode: int(order["page_count"])})
        return {Measure.WAITS: merge(waits), Measure.PAPER: merge(paper)}

    async def _orders(self, day: date) -> list[Row]:
        shown = {"channel": 1, "decision.facts.account": 1, "decision.outcome": 1, "with_extract": 1,
                 "items.kind": 1, "items.document_title": 1}  # fmt: skip
        return await self._base["orders"].find({"created_at": _in(day)}, shown).to_list()

    async def _events(self, day: date) -> list[Row]:
        tags = [*_SCOPES, *map(str, _OTHERS)]
        shown = {"tag": 1, "at": 1, "channel": 1, "outcome": 1, "subject": 1, "fields": 1, "_id": 0}
        return await self._base["audit_events"].find({"at": _in(day), "tag": {"$in": tags}}, shown).to_list()

    async def _looks(self, day: date) -> dict[str, int]:
        organs = {"tag": str(AuditTag.GOVERNMENT_VIEWED), "fields.what": {"$in": [*_ORGAN_LOOKS]}}
        match = {"at": _in(day), "$or": [{"tag": {"$in": [*_LOOKS]}}, organs]}
        steps: list[Row] = [{"$match": match}, {"$group": {"_id": "$subject", "n": {"$sum": 1}}}]
        rows = await (await self._base["audit_events"].aggregate(steps)).to_list()
        return {row["_id"]: row["n"] for row in rows}

    async def _grouped(self, name: str, at: str, day: date, by: Mapping[str, Any]) -> list[Row]:
        steps: list[Row] = [{"$match": {at: _in(day)}}, {"$group": {"_id": by, "n": {"$sum": 1}}}]
        return await (await self._base[name].aggregate(steps)).to_list()


def _in(day: date) -> dict[str, datetime]:
    start, end = hours_of(day)
    return {"$gte": start, "$lt": end}


def _is_organ(event: Row) -> bool:
    return bool(event["tag"] == AuditTag.GOVERNMENT_VIEWED)


def _what(event: Row) -> str:
    """What was looked up: a catalogue, an extract, a company in a batch; "" for every other event."""
    if _is_organ(event):
        return _ORGAN_LOOKS.get(event["fields"]["what"], "")
    return _LOOKS.get(event["tag"], "")


def _tallied(keys: Any) -> dict[str, int]:
    return merge({key: 1} for key in keys)


def _dims(order: Row) -> str:
    return cell(order["channel"], order["decision"]["facts"].get("account", ""), order["decision"]["outcome"])


def _papers(order: Row) -> dict[str, int]:
    kinds = [item.get("kind") or item["document_title"] for item in order["items"]]
    kinds += [_EXTRACT] if order["with_extract"] else []
    return _tallied(f"{_dims(order)}~{cell(kind)}" for kind in kinds)


def _wait(order: Row, at: datetime) -> str:
    way = "review" if order["decision"]["outcome"] == Outcome.REVIEW else "direct"
    return cell(way, bound((at - order["created_at"]).total_seconds(), WAIT_BOUNDS))


def _compared(measure: str, kept: Mapping[str, int], counted: Mapping[str, int]) -> list[Difference]:
    return [
        Difference(measure=measure, cell=key, kept=kept.get(key, 0), counted=counted.get(key, 0))
        for key in sorted({*kept, *counted})
        if kept.get(key, 0) != counted.get(key, 0)
    ]
