"""Places on the shelves and what stands there: made, put away, moved, found. Called by staff pages."""

import re
from datetime import datetime
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from conf.codes import is_uscc
from conf.errors import Conflict, Invalid
from conf.terms import AuditTag, VolumeState
from handlers.flows.ordering import Trace
from handlers.flows.paper import recorded, scanned, step, the_volume
from store.records import Staff
from store.records.paper import Location, Volume

if TYPE_CHECKING:
    from store import Store

MOST_PLACES = 500
ROOM = re.compile(r"[A-Z0-9]{1,4}")
_SPAN = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?")
_NAMES = {"rack": "架", "column": "列", "tier": "层", "place": "位"}
#: Why a volume in this state cannot be put on a shelf.
_NOT_NOW = {
    VolumeState.ANNOUNCED: "这件档案的移交清单还没有办结，办结后才能上架。",
    VolumeState.MISSING: "这件档案移交时缺失，没有入库。",
    VolumeState.LENT: "这件档案已借出，请先办理归还。",
    VolumeState.DESTROYED: "这件档案已经销毁。",
}


def place_code(room: str, rack: int, column: int, tier: int, place: int) -> str:
    """`L-A1-03-02-05-08`: what the barcode of a place says."""
    return f"L-{room}-{rack:02}-{column:02}-{tier:02}-{place:02}"


async def make_places(
    store: "Store", room: str, spans: dict[str, str], *, now: datetime, trace: Trace
) -> tuple[Location, ...]:
    """All places of a room's racks; `spans`: "rack", "column", "tier", "place", each `3` or `1-6` (at most 99).

    Raises Invalid by field, Conflict when one is there already.
    """
    room, faults, ranges = scanned(room), dict[str, str](), list[range]()
    if not ROOM.fullmatch(room):
        faults["room"] = "库房代号用 1 至 4 位字母或数字。"
    for name, words in _NAMES.items():
        found = _SPAN.fullmatch(spans.get(name, "").strip())
        low, high = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= low <= high:
            faults[name] = f"{words}请填写一个数字，或“1-6”这样的范围。"
        ranges.append(range(low, high + 1))
    if not faults and (count := prod(map(len, ranges))) > MOST_PLACES:  # counted, not made: it may be millions
        faults["place"] = f"一次最多建立 {MOST_PLACES} 个位置，这里有 {count} 个。"
    if faults:
        raise Invalid(faults)
    places = tuple(
        Location(id=place_code(room, *where), room=room, rack=where[0], column=where[1], tier=where[2], place=where[3])
        for where in product(*ranges)
    )

    async def work(tx: Any) -> tuple[Location, ...]:
        await store.paper.add_places(places, tx)
        return places

    fields = {"count": len(places)}
    return await recorded(store, work, AuditTag.PAPER_PLACES_MADE, f"L-{room}", fields, now=now, trace=trace)


async def put_away(store: "Store", barcode: str, location: str, *, by: Staff, now: datetime, trace: Trace) -> Volume:
    """Put a volume at a place, or move it there. Raises Invalid by field, Conflict when it moved on meanwhile."""
    volume, code = await the_volume(store, barcode), scanned(location)[:40]
    if fault := _NOT_NOW.get(volume.state, ""):
        raise Invalid({"barcode": fault})
    if await store.paper.place(code) is None:
        raise Invalid({"location": "没有这个位置，请扫描架上的位置条码（以“L-”开头）。"})
    if volume.location == code:
        raise Conflict("这件档案已经在这个位置。")

    async def work(tx: Any) -> Volume:
        return await store.paper.change(volume, step(by, now, "上架", code), tx, location=code)

    fields = {"from": volume.location, "to": code}
    return await recorded(store, work, AuditTag.PAPER_PLACED, volume.id, fields, now=now, trace=trace)


async def find(store: "Store", asked: str) -> tuple[Volume, ...]:
    """Volumes by barcode, by place, by a company's code or its name."""
    code = scanned(asked)
    if is_uscc(code):
        return await store.paper.volumes_of([code])
    if code.startswith("L-"):
        return await store.paper.volumes_at(code[:40])
    if volume := await store.paper.volume(code[:40]):
        return (volume,)
    hits = await store.companies.search(asked)
    return await store.paper.volumes_of([hit.uscc for hit in hits.hits]) if hits.hits else ()
