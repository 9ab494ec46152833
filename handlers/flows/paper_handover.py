"""Handover lists (移交清单): written by who hands over, checked volume by volume by who receives. For staff pages.

What is handed over is listed and checked by both sides; the two are never one person. A volume
enters the shelves when its list is closed, a missing one stays on record as missing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.codes import is_uscc
from conf.errors import Conflict, Invalid
from conf.terms import AuditTag, HandoverStatus, VolumeCheck, VolumeKind, VolumeState
from handlers.flows.ordering import Trace
from handlers.flows.paper import BARCODE, new_number, recorded, said, scanned, step
from store.records import Staff
from store.records.paper import Handover, PaperPart, Volume

if TYPE_CHECKING:
    from store import Store

MOST_VOLUMES, MOST_COMPANIES, MOST_PAGES = 200, 40, 20_000
SAME_PERSON = "移交人和接收人须是两个人：送出清单的人不能核对或接收。"
NOT_DRAFT = "清单已经送出，不能再改动其中的档案。"
UNCHECKED = "还有没有核对的档案，请逐卷核对后再接收。"


@dataclass(frozen=True, kw_only=True, slots=True)
class VolumeForm:
    """A line of a list as typed. `parts`: a company a line, its code and, after a blank, filing numbers (`1-3,5`)."""

    barcode: str = ""  # of the label on it; empty: we give one
    kind: str = VolumeKind.BOX.value
    title: str = ""
    pages: str = ""
    parts: str = ""


async def begin(store: "Store", unit: str, *, by: Staff, now: datetime, trace: Trace) -> Handover:
    """A new draft. Raises Invalid when the unit is not named."""
    unit = said(unit, "unit", "移交单位", most=60)
    made = Handover(
        id=new_number("YJ", now), unit=unit, status=HandoverStatus.DRAFT, made_at=now, volumes=0, sent_by="",
        received_by="", version=0, history=(step(by, now, "起草"),),
    )  # fmt: skip
    fields = {"to": HandoverStatus.DRAFT.value, "volumes": 0}
    await recorded(
        store,
        lambda tx: store.paper.add(made, tx),
        AuditTag.PAPER_HANDOVER_MOVED,
        made.id,
        fields,
        now=now,
        trace=trace,
    )
    return made


async def add_volume(store: "Store", no: str, form: VolumeForm, *, by: Staff, now: datetime, trace: Trace) -> Volume:
    """Put a volume on a draft. Raises Invalid by field, Conflict when the list was sent or the barcode is taken."""
    handover = await store.paper.one(Handover, no)
    if handover.status is not HandoverStatus.DRAFT:
        raise Conflict(NOT_DRAFT)
    if handover.volumes >= MOST_VOLUMES:
        raise Invalid({"barcode": f"一份清单最多 {MOST_VOLUMES} 卷（盒），请另起一份。"})
    volume = await _volume(store, handover, form, by, now)

    async def work(tx: Any) -> Volume:
        await store.paper.touch(no, HandoverStatus.DRAFT, tx, volumes=1)
        await store.paper.add(volume, tx)
        return volume

    fields = {"volume": volume.id, "step": "added"}
    return await recorded(store, work, AuditTag.PAPER_HANDOVER_WRITTEN, no, fields, now=now, trace=trace)


async def drop_volume(store: "Store", no: str, barcode: str, *, now: datetime, trace: Trace) -> None:
    """Take a volume off a draft. Raises Invalid, Conflict."""
    volume = await _of_list(store, no, barcode)

    async def work(tx: Any) -> None:
        await store.paper.touch(no, HandoverStatus.DRAFT, tx, volumes=-1)
        await store.paper.forget(volume, tx)

    fields = {"volume": volume.id, "step": "dropped"}
    await recorded(store, work, AuditTag.PAPER_HANDOVER_WRITTEN, no, fields, now=now, trace=trace)


async def send(store: "Store", no: str, *, by: Staff, now: datetime, trace: Trace) -> Handover:
    """Hand the list and its volumes over; nothing on it changes any more. Raises Invalid, Conflict."""
    handover = await _at(store, no, HandoverStatus.DRAFT)
    if not handover.volumes:
        raise Invalid({"list": "清单是空的，请先加入档案。"})
    return await _move(store, handover, HandoverStatus.SENT, "移交", by=by, now=now, trace=trace, sent_by=by.id)


async def check(
    store: "Store", no: str, barcode: str, result: str, note: str, *, by: Staff, now: datetime, trace: Trace
) -> Volume:
    """Say how a volume was found; may be said again until the list is received. Raises Invalid, Conflict."""
    handover = await _at(store, no, HandoverStatus.SENT)
    _other(handover, by)
    volume = await _of_list(store, no, barcode)
    if result not in set(VolumeCheck):
        raise Invalid({"check": "请选择核对结果。"})
    found = VolumeCheck(result)
    note = said(note, "note", "破损情况") if found is VolumeCheck.DAMAGED else note.strip()[:200]

    async def work(tx: Any) -> Volume:
        await store.paper.touch(no, HandoverStatus.SENT, tx)
        entry = step(by, now, f"核对：{found.value}", note)
        return await store.paper.change(volume, entry, tx, check=found, check_note=note)

    fields = {"volume": volume.id, "step": found.value}
    return await recorded(store, work, AuditTag.PAPER_HANDOVER_WRITTEN, no, fields, now=now, trace=trace)


async def receive(store: "Store", no: str, *, by: Staff, now: datetime, trace: Trace) -> Handover:
    """Everything was checked: the other person signs. Raises Invalid, Conflict."""
    handover = await _at(store, no, HandoverStatus.SENT)
    _other(handover, by)
    if any(volume.check is None for volume in await store.paper.volumes_of_list(no)):
        raise Invalid({"list": UNCHECKED})
    return await _move(store, handover, HandoverStatus.RECEIVED, "接收", by=by, now=now, trace=trace, received_by=by.id)


async def close(store: "Store", no: str, *, by: Staff, now: datetime, trace: Trace) -> Handover:
    """The signed list is filed; what came is ours to keep from now on. Raises Conflict."""
    handover = await _at(store, no, HandoverStatus.RECEIVED)
    volumes = await store.paper.volumes_of_list(no)
    missing = [volume.id for volume in volumes if volume.check is VolumeCheck.MISSING]
    here = [volume.id for volume in volumes if volume.check is not VolumeCheck.MISSING]

    async def work(tx: Any) -> Handover:
        for ids, to in ((here, VolumeState.KEPT), (missing, VolumeState.MISSING)):
            await store.paper.move_all(ids, VolumeState.ANNOUNCED, to, step(by, now, "清单办结"), tx)
        return await store.paper.change(handover, step(by, now, "办结"), tx, status=HandoverStatus.CLOSED)

    fields = {"to": HandoverStatus.CLOSED.value, "volumes": len(volumes)}
    return await recorded(store, work, AuditTag.PAPER_HANDOVER_MOVED, no, fields, now=now, trace=trace)


async def _move(
    store: "Store",
    handover: Handover,
    to: HandoverStatus,
    what: str,
    *,
    by: Staff,
    now: datetime,
    trace: Trace,
    **changes: Any,
) -> Handover:
    async def work(tx: Any) -> Handover:
        return await store.paper.change(handover, step(by, now, what), tx, status=to, **changes)

    fields = {"to": to.value, "volumes": handover.volumes}
    return await recorded(store, work, AuditTag.PAPER_HANDOVER_MOVED, handover.id, fields, now=now, trace=trace)


async def _at(store: "Store", no: str, status: HandoverStatus) -> Handover:
    handover = await store.paper.one(Handover, no)
    if handover.status is not status:
        raise Conflict("清单的状态已经变化，请刷新页面查看。")
    return handover


def _other(handover: Handover, by: Staff) -> None:
    if handover.sent_by == by.id:
        raise Invalid({"person": SAME_PERSON})


async def _of_list(store: "Store", no: str, barcode: str) -> Volume:
    volume = await store.paper.volume(scanned(barcode)[:40])
    if volume is None or volume.handover_no != no:
        raise Invalid({"barcode": "这份清单上没有这个条码。"})
    return volume


async def _volume(store: "Store", handover: Handover, form: VolumeForm, by: Staff, now: datetime) -> Volume:
    faults: dict[str, str] = {}
    barcode = scanned(form.barcode) or new_number("V", now)
    if not BARCODE.fullmatch(barcode):
        faults["barcode"] = "条码由 4 至 24 位字母、数字和短横线组成，不以“L-”开头（那是库房位置）。"
    if form.kind not in set(VolumeKind):
        faults["kind"] = "请选择卷或盒。"
    if not 2 <= len(title := form.title.strip()) <= 100:
        faults["title"] = "请填写题名，2 至 100 字。"
    pages = int(form.pages) if form.pages.isascii() and form.pages.isdecimal() and len(form.pages) < 7 else 0
    if not 1 <= pages <= MOST_PAGES:
        faults["pages"] = f"请填写页数，1 至 {MOST_PAGES}。"
    parts, fault = await _parts(store, form.parts)
    if fault:
        faults["parts"] = fault
    if faults:
        raise Invalid(faults)
    return Volume(
        id=barcode, kind=VolumeKind(form.kind), title=title, parts=parts, pages=pages, state=VolumeState.ANNOUNCED,
        handover_no=handover.id, check=None, check_note="", location="", loan_no="", destruction_no="", version=0,
        history=(step(by, now, "列入移交清单", handover.id),),
    )  # fmt: skip


async def _parts(store: "Store", text: str) -> tuple[tuple[PaperPart, ...], str]:
    """Companies and filings from the lines typed, and what is wrong with them in words ("" when nothing is)."""
    lines = [line.split(maxsplit=1) for line in text.upper().splitlines() if line.strip()]
    codes = [line[0] for line in lines]
    if not codes or len(codes) > MOST_COMPANIES or len(set(codes)) < len(codes):
        return (), f"请每行填写一家企业，1 至 {MOST_COMPANIES} 家，不要重复。"
    if wrong := next((code for code in codes if not is_uscc(code)), ""):
        return (), f"“{wrong[:30]}”不是统一社会信用代码。"
    known, filed = await store.paper.companies(codes), await store.paper.filing_numbers(codes)
    parts = []
    for code, *rest in lines:
        if code not in known:
            return (), f"登记簿没有代码为 {code} 的企业。"
        numbers = _numbers(rest[0]) if rest else filed.get(code, ())
        if not rest and not numbers:
            return (), f"{code} 的档案目录里没有登记件，请在代码后注明件号。"
        if numbers is None:
            return (), f"{code} 后面的件号请写成“1-3,5”。"
        if strange := set(numbers) - set(filed.get(code, numbers)):
            return (), f"{code} 的档案目录里没有第 {min(strange)} 件。"
        parts.append(PaperPart(uscc=code, company_name=known[code].name, filings=numbers))
    return tuple(parts), ""


def _numbers(text: str) -> tuple[int, ...] | None:
    """`1-3,5` as 1, 2, 3, 5; None when it is nothing of the kind."""
    found: set[int] = set()
    for piece in text.replace("，", ",").replace(" ", "").split(","):
        first, dash, last = piece.partition("-")
        ends = [first, last] if dash else [first]
        if not all(end.isascii() and end.isdecimal() and len(end) <= 4 for end in ends):
            return None
        low, high = int(ends[0]), int(ends[-1])
        if not 1 <= low <= high <= low + 500:
            return None
        found |= set(range(low, high + 1))
    return tuple(sorted(found))
