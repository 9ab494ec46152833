"""Keeping dossiers: lock and unlock by two people, companies that moved out, flags of papers. For staff pages."""

import calendar
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from conf.clock import BEIJING, beijing
from conf.errors import Conflict, Invalid, NotFound
from conf.terms import AuditTag, CompanyStatus, DocumentFlag, ProposalKind
from handlers.flows import approving
from handlers.flows.ordering import Trace
from store.records import Company, Staff
from store.records.office import Proposal
from store.records.work import MoveOut

if TYPE_CHECKING:
    from store import Store

#: Why a dossier is locked; the ground kept is "<name>：<words>".
LOCK_GROUNDS = {
    "misuse": "冒用他人身份登记核查",
    "court": "司法机关协助执行",
    "dispute": "登记争议处理中",
    "other": "其他",
}
HANDOVER_MONTHS = 3  # 实施细则 Art. 62
FLAGS = (DocumentFlag.INTERNAL, DocumentFlag.SENSITIVE)


async def propose_lock(
    store: "Store", uscc: str, *, ground: str, words: str, staff: Staff, now: datetime, trace: Trace
) -> Proposal:
    """Propose to lock (`ground` of LOCK_GROUNDS) or, with "", to unlock. Raises NotFound, Invalid, Conflict."""
    company = await _company(store, uscc)
    if ground and ground not in LOCK_GROUNDS:
        raise Invalid({"ground": "请选择锁定的理由。"})
    if not 5 <= len(words) <= 200:
        raise Invalid({"words": "请写明依据和经过（5 到 200 个字）。"})
    after = {"locked": bool(ground), "ground": f"{LOCK_GROUNDS[ground]}：{words}" if ground else ""}
    before = {"locked": company.locked, "ground": company.lock_ground}
    if company.locked == after["locked"]:
        raise Conflict("档案已经是这个状态，请刷新页面。")
    try:
        return await approving.propose(
            store, ProposalKind.COMPANY_LOCK, about=uscc, title=f"{'锁定' if ground else '解锁'} {company.name}",
            before=before, after=after, reason=words, by=staff, now=now, trace=trace,
        )  # fmt: skip
    except Conflict:
        raise Conflict("这家企业已经有一项等待批准的锁定或解锁。") from None


async def note_move_out(
    store: "Store", uscc: str, *, registry: str, moved_on: date, staff: Staff, now: datetime, trace: Trace
) -> MoveOut:
    """Register a move: the dossier shuts at once, the paper's clock runs. Raises NotFound, Invalid, Conflict."""
    company = await _company(store, uscc)
    faults = {} if 4 <= len(registry) <= 60 else {"registry": "请填写迁入地登记机关的全称。"}
    if not company.established_on <= moved_on <= beijing(now).date():
        faults["moved_on"] = "迁出日期不能早于成立日期，也不能晚于今天。"
    if faults:
        raise Invalid(faults)
    move = MoveOut(
        uscc=uscc, company_name=company.name, registry=registry, moved_on=moved_on, due_at=handover_due(moved_on),
        noted_by=staff.id, noted_at=now, is_open=True, handed_on=None, letter_no="", handed_by="",
    )  # fmt: skip
    changed = replace(company, status=CompanyStatus.MOVED_OUT, moved_to=registry, ended_on=moved_on, updated_at=now)

    async def work(tx: Any) -> MoveOut:
        await store.move_outs.add(move, tx)
        await store.companies.put(changed, tx)
        fields = {"registry": registry, "moved_on": moved_on.isoformat()}
        await store.audit.append(
            tag=AuditTag.MOVE_OUT_NOTED, subject=uscc, outcome="done", fields=fields, at=now, tx=tx, **trace
        )
        return move

    return await store.atomically(work)


async def hand_over(
    store: "Store", uscc: str, *, letter_no: str, handed_on: date, staff: Staff, now: datetime, trace: Trace
) -> None:
    """The paper dossier has gone to the receiving registry. Raises NotFound, Invalid, Conflict (gone before)."""
    move = await store.move_outs.of(uscc)
    if move is None:
        raise NotFound(uscc)
    faults = {} if 2 <= len(letter_no) <= 60 else {"letter_no": "请填写移交清单或函件的编号。"}
    if not move.moved_on <= handed_on <= beijing(now).date():
        faults["handed_on"] = "移交日期不能早于迁出日期，也不能晚于今天。"
    if faults:
        raise Invalid(faults)

    async def work(tx: Any) -> None:
        await store.move_outs.hand_over(uscc, on=handed_on, letter_no=letter_no, by=staff.id, tx=tx)
        await store.audit.append(
            tag=AuditTag.MOVE_OUT_HANDED_OVER, subject=uscc, outcome="done", fields={"registry": move.registry}, at=now,
            tx=tx, **trace,
        )  # fmt: skip

    await store.atomically(work)


async def set_flags(
    store: "Store", uscc: str, document_id: str, *, flags: Collection[str], reason: str, now: datetime, trace: Trace
) -> None:
    """Set `internal` and `sensitive` on a paper; decisions obey it at once. Raises NotFound, Invalid, Conflict."""
    document = await store.dossiers.document(document_id)
    if document is None or document.uscc != uscc:
        raise NotFound(document_id)
    if not set(flags) <= set(FLAGS):
        raise Invalid({"flags": "请在列出的标注中选择。"})
    after = frozenset(DocumentFlag(flag) for flag in flags) | (document.flags - set(FLAGS))
    if not 5 <= len(reason) <= 200:
        raise Invalid({"reason": "请写明标注的理由（5 到 200 个字）。"})
    if after == document.flags:
        raise Invalid({"flags": "标注没有改动。"})

    async def work(tx: Any) -> None:
        await store.dossiers.set_flags(document_id, before=document.flags, after=after, tx=tx)
        fields = {
            "before": sorted(flag.value for flag in document.flags),
            "after": sorted(flag.value for flag in after),
            "reason": reason,
        }
        await store.audit.append(
            tag=AuditTag.STAFF_FLAGGED, subject=document_id, outcome="done", fields=fields, at=now, tx=tx, **trace
        )

    await store.atomically(work)


def handover_due(moved_on: date) -> datetime:
    """Midnight (Beijing) that ends the three months: the same day of the month, or its last (民法典 Art. 202)."""
    month = moved_on.month - 1 + HANDOVER_MONTHS
    year, month = moved_on.year + month // 12, month % 12 + 1
    day = min(moved_on.day, calendar.monthrange(year, month)[1])
    return datetime.combine(date(year, month, day) + timedelta(days=1), time(), BEIJING).astimezone(UTC)


async def _company(store: "Store", uscc: str) -> Company:
    company = await store.companies.by_uscc(uscc)
    if company is None:
        raise NotFound(uscc)
    return company
