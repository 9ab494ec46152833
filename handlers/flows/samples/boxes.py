"""`eqicha.py sample`: a few shelves and the boxes in which the sample companies' papers lie; all fictional."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.terms import AuditTag, HandoverStatus, VolumeCheck, VolumeKind, VolumeState
from handlers.flows.paper import recorded
from handlers.flows.paper_loans import BY_SYSTEM
from handlers.flows.paper_shelves import make_places
from handlers.flows.samples.known import known_companies
from store.records.paper import Handover, PaperPart, PaperStep, Volume

if TYPE_CHECKING:
    from store import Store

_LIST, _ROOM = "YJ-SAMPLE-0001", "A1"
_SPANS = {"rack": "1-2", "column": "1-2", "tier": "1-3", "place": "1-4"}


async def sample_boxes(store: "Store", *, now: datetime) -> int:
    """Shelves of one room, a closed handover list and a box a known company; how many. Repeating it changes nothing."""
    if await store.paper.places(f"L-{_ROOM}", limit=1):
        return 0
    places = await make_places(store, _ROOM, _SPANS, now=now, trace=BY_SYSTEM)
    codes = [row.uscc for row in known_companies()]
    known, filed = await store.paper.companies(codes), await store.paper.filing_numbers(codes)
    entry = PaperStep(at=now, by="", name="样例", what="清单办结")
    volumes = [
        Volume(
            id=f"BOX-SAMPLE-{number:04}", kind=VolumeKind.BOX, title=f"{known[code].name} 登记档案",
            parts=(PaperPart(uscc=code, company_name=known[code].name, filings=filed[code]),),
            pages=20 * len(filed[code]), state=VolumeState.KEPT, handover_no=_LIST, check=VolumeCheck.PRESENT,
            check_note="", location=place.id if number > 1 else "", loan_no="", destruction_no="", version=0,
            history=(entry,),
        )
        for number, (code, place) in enumerate(zip(sorted(known.keys() & filed.keys()), places, strict=False), start=1)
    ]  # fmt: skip
    made = Handover(
        id=_LIST, unit="样例登记注册科", status=HandoverStatus.CLOSED, made_at=now, volumes=len(volumes), sent_by="",
        received_by="", version=0, history=(entry,),
    )  # fmt: skip

    async def work(tx: Any) -> None:
        await store.paper.add(made, tx)
        for volume in volumes:
            await store.paper.add(volume, tx)

    fields = {"to": HandoverStatus.CLOSED.value, "volumes": len(volumes)}
    await recorded(store, work, AuditTag.PAPER_HANDOVER_MOVED, made.id, fields, now=now, trace=BY_SYSTEM)
    return len(volumes)
