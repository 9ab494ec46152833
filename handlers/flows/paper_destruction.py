"""Destruction lists (销毁清单): written, approved by two others, carried out before two witnesses. For staff pages.

档案法 (禁止擅自销毁档案) and 《机关档案管理规定》: by list, approved, two people present (监销), the list kept.
What is lent, locked, or of a company still registered is refused: when listed, when approved, when carried out.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.clock import beijing, day_given
from conf.errors import Conflict, Invalid
from conf.settings import Settings
from conf.terms import AuditTag, DestructionStatus, ProposalKind, ProposalStatus, VolumeState
from handlers.flows import approving
from handlers.flows.ordering import Trace
from handlers.flows.paper import new_number, recorded, said, step, the_volume
from handlers.flows.paper_terms import STATES, check_again, kept_until, last_ended, rule_against
from store.records import Staff
from store.records.office import Proposal
from store.records.paper import Destruction, Doomed, Volume

if TYPE_CHECKING:
    from store import Store

MOST = 200
WITNESSES = "请选择两位不同的监销人，执行人自己不能监销。"


async def begin(
    store: "Store", settings: Settings, reason: str, *, by: Staff, now: datetime, trace: Trace
) -> Destruction:
    """A new draft with what the appraisal said. Raises Invalid."""
    reason = said(reason, "reason", "鉴定意见")
    made = Destruction(
        id=new_number("XH", now), status=DestructionStatus.DRAFT, items=(), keep_years=settings.paper_keep_years,
        reason=reason, made_at=now, proposal_id="", approvers=(), executed_on=None, executed_by="", witnesses=(),
        version=0, history=(step(by, now, "起草"),),
    )  # fmt: skip
    fields = {"to": DestructionStatus.DRAFT.value, "volumes": 0}
    await recorded(
        store, lambda tx: store.paper.add(made, tx), AuditTag.PAPER_DESTRUCTION_MOVED, made.id, fields, now=now,
        trace=trace,
    )  # fmt: skip
    return made


async def candidates(store: "Store", settings: Settings, now: datetime) -> tuple[Volume, ...]:
    """Volumes on the shelves whose term is over, at most fifty."""
    today, years = beijing(now).date(), settings.paper_keep_years
    before = kept_until(today, -years)
    found = await store.paper.of_ended(before)
    companies = await store.paper.companies({part.uscc for volume in found for part in volume.parts})
    return tuple(volume for volume in found if not rule_against(volume, companies, years=years, today=today))


async def put_on(store: "Store", no: str, barcode: str, *, by: Staff, now: datetime, trace: Trace) -> Destruction:
    """Put a volume on a draft. Raises Invalid with the rule that forbids it, Conflict."""
    destruction = await _at(store, no, DestructionStatus.DRAFT)
    volume = await the_volume(store, barcode)
    if len(destruction.items) >= MOST:
        raise Invalid({"barcode": f"一份清单最多 {MOST} 卷（盒），请另起一份。"})
    companies = await store.paper.companies([part.uscc for part in volume.parts])
    today = beijing(now).date()
    rule = STATES.get(volume.state) or rule_against(volume, companies, years=destruction.keep_years, today=today)
    if rule:
        raise Invalid({"barcode": f"不能列入：{rule}。"})
    ended = last_ended(volume, companies)
    item = Doomed(
        volume_id=volume.id, title=volume.title, pages=volume.pages, ended_on=ended,
        companies=tuple(f"{part.company_name}（{part.uscc}）" for part in volume.parts),
        kept_until=kept_until(ended, destruction.keep_years),
    )  # fmt: skip

    async def work(tx: Any) -> Destruction:
        entry = step(by, now, "列入销毁清单", no)
        await store.paper.change(volume, entry, tx, state=VolumeState.LISTED, destruction_no=no)
        listed = (*destruction.items, item)
        return await store.paper.change(destruction, step(by, now, "列入", volume.id), tx, items=listed)

    fields = {"to": "listed", "volumes": len(destruction.items) + 1}
    return await recorded(store, work, AuditTag.PAPER_DESTRUCTION_MOVED, no, fields, now=now, trace=trace)


async def take_off(store: "Store", no: str, barcode: str, *, by: Staff, now: datetime, trace: Trace) -> Destruction:
    """Take a volume off a draft; it is kept again. Raises Invalid, Conflict."""
    destruction = await _at(store, no, DestructionStatus.DRAFT)
    left = tuple(item for item in destruction.items if item.volume_id != barcode)
    if len(left) == len(destruction.items):
        raise Invalid({"barcode": "这份清单上没有这个条码。"})

    async def work(tx: Any) -> Destruction:
        entry = step(by, now, "移出销毁清单", no)
        await store.paper.move_all([barcode], VolumeState.LISTED, VolumeState.KEPT, entry, tx, destruction_no="")
        return await store.paper.change(destruction, step(by, now, "移出", barcode), tx, items=left)

    fields = {"to": "kept", "volumes": len(left)}
    return await recorded(store, work, AuditTag.PAPER_DESTRUCTION_MOVED, no, fields, now=now, trace=trace)


async def propose(store: "Store", no: str, *, by: Staff, now: datetime, trace: Trace) -> Proposal:
    """Ask two others to approve it; nothing on it changes meanwhile. Raises Invalid, Conflict."""
    destruction = await _at(store, no, DestructionStatus.DRAFT)
    if not destruction.items:
        raise Invalid({"list": "清单是空的，请先列入档案。"})
    await check_again(store, destruction, now)

    async def also(proposal: Proposal, tx: Any) -> None:
        await store.paper.change(
            destruction, step(by, now, "报批"), tx, status=DestructionStatus.PROPOSED, proposal_id=proposal.id
        )

    pages = sum(item.pages for item in destruction.items)
    volumes = [f"{item.volume_id} {item.title}" for item in destruction.items]
    return await approving.propose(
        store, ProposalKind.DESTRUCTION, about=no, title=f"销毁清单 {no}",
        before={"papers": "在库保管", "volumes": []},
        after={"papers": f"销毁，共 {len(volumes)} 卷（盒）{pages} 页", "volumes": volumes},
        reason=destruction.reason, by=by, now=now, trace=trace, also=also,
    )  # fmt: skip


async def reopen(store: "Store", no: str, *, by: Staff, now: datetime, trace: Trace) -> Destruction:
    """A list that was not approved becomes a draft again. Raises Conflict while its proposal is open or approved."""
    destruction = await _at(store, no, DestructionStatus.PROPOSED)
    proposal = await store.proposals.by_id(destruction.proposal_id)
    if proposal.status not in (ProposalStatus.DECLINED, ProposalStatus.WITHDRAWN):
        raise Conflict("清单正在审批，不能修改。")

    async def work(tx: Any) -> Destruction:
        return await store.paper.change(
            destruction, step(by, now, "退回修改"), tx, status=DestructionStatus.DRAFT, proposal_id=""
        )

    fields = {"to": DestructionStatus.DRAFT.value, "volumes": len(destruction.items)}
    return await recorded(store, work, AuditTag.PAPER_DESTRUCTION_MOVED, no, fields, now=now, trace=trace)


async def execute(
    store: "Store", no: str, on: str, witnesses: list[str], *, by: Staff, now: datetime, trace: Trace
) -> Destruction:
    """The papers are gone: on which day (`2026-11-21`), before which two people. Raises Invalid, Conflict."""
    destruction = await _at(store, no, DestructionStatus.APPROVED)
    approved = beijing(destruction.history[-1].at).date()
    try:
        day = day_given(on)
    except ValueError:
        raise Invalid({"on": "请填写销毁日期。"}) from None
    if not approved <= day <= beijing(now).date():
        raise Invalid({"on": f"销毁日期应在批准之日（{approved.isoformat()}）到今天之间。"})
    people = {one.id: one for one in await store.staff.listed() if not one.disabled and one.id != by.id}
    present = [people[id] for id in dict.fromkeys(witnesses) if id in people]
    if len(present) != 2:
        raise Invalid({"witness": WITNESSES})
    await check_again(store, destruction, now)
    names = tuple(one.name for one in present)
    entry = step(by, now, "销毁", f"监销：{'、'.join(names)}")

    async def work(tx: Any) -> Destruction:
        ids = [item.volume_id for item in destruction.items]
        await store.paper.move_all(ids, VolumeState.LISTED, VolumeState.DESTROYED, entry, tx)
        return await store.paper.change(
            destruction, entry, tx, status=DestructionStatus.EXECUTED, executed_on=day, executed_by=by.name,
            witnesses=names,
        )  # fmt: skip

    fields = {"to": DestructionStatus.EXECUTED.value, "volumes": len(destruction.items)}
    return await recorded(store, work, AuditTag.PAPER_DESTRUCTION_MOVED, no, fields, now=now, trace=trace)


async def _at(store: "Store", no: str, status: DestructionStatus) -> Destruction:
    destruction = await store.paper.one(Destruction, no)
    if destruction.status is not status:
        raise Conflict("清单的状态已经变化，请刷新页面查看。")
    return destruction
