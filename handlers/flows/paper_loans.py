"""Papers lent and returned: to whom, for what, until when, and how they came back. Called by staff pages, background.

Another person of ours approves a loan; the term counts in working days and is extended once. What is out, on a
destruction list or not yet received cannot be lent. Overdue borrowers are written to by mail, at most once a day.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from conf import masks
from conf.clock import beijing
from conf.errors import Conflict, Invalid
from conf.rights import Action, may
from conf.settings import Settings
from conf.terms import AuditTag, Channel, LoanCondition, Notice, OutboxKind, VolumeState
from conf.workdays import end_of_term
from handlers.flows.ordering import Trace
from handlers.flows.paper import new_number, recorded, said, step, the_volume
from store.outbox import new_message
from store.records import Staff
from store.records.paper import Loan, PaperStep, Volume

if TYPE_CHECKING:
    from store import Store

_MAIL = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,20}")
_MOMENT = timedelta(seconds=1)
BY_SYSTEM: Trace = {"who": "", "role": "system", "channel": Channel.WORKER, "request_id": "", "address": ""}
OUT = "这件档案已经借出，归还后才能再借。"
#: Why a volume in this state is not lent.
_NOT_NOW = {
    VolumeState.ANNOUNCED: "这件档案的移交清单还没有办结，不能外借。",
    VolumeState.MISSING: "这件档案移交时缺失，没有入库。",
    VolumeState.LENT: OUT,
    VolumeState.LISTED: "这件档案在销毁清单上，不能外借。",
    VolumeState.DESTROYED: "这件档案已经销毁。",
}
SAME_PERSON = "批准人须是登记借阅的人以外的另一位有审核权限的人员。"
ONCE = "借阅期只能延长一次，请归还后重新办理借阅。"
TOO_LATE = "借阅已经到期，不能延长，请归还后重新办理借阅。"


@dataclass(frozen=True, kw_only=True, slots=True)
class LoanForm:
    """A loan as typed; `approver` is a staff id, `mail` may be empty."""

    barcode: str = ""
    borrower: str = ""
    unit: str = ""
    mail: str = ""
    purpose: str = ""
    approver: str = ""


def may_approve(person: Staff, lender: Staff) -> bool:
    """Whether that person can have approved a loan this one registers."""
    return not person.disabled and person.id != lender.id and may(person.roles, Action.ORDERS_REVIEW)


async def lend(store: "Store", settings: Settings, form: LoanForm, *, by: Staff, now: datetime, trace: Trace) -> Loan:
    """Register a loan. Raises Invalid by field with the rule, Conflict when somebody was quicker."""
    volume, approver = await _problems(store, form, by)
    loan = _loan(store, settings, form, volume, approver, by, now)

    async def work(tx: Any) -> Loan:
        entry = step(by, now, "借出", loan.id)
        await store.paper.change(volume, entry, tx, state=VolumeState.LENT, loan_no=loan.id)
        await store.paper.add(loan, tx)
        return loan

    fields = {"volume": volume.id, "due": last_day(loan.due_at).isoformat()}
    return await recorded(store, work, AuditTag.PAPER_LENT, loan.id, fields, now=now, trace=trace)


async def extend(
    store: "Store", settings: Settings, id: str, reason: str, *, by: Staff, now: datetime, trace: Trace
) -> Loan:
    """Once, before it is due, with a reason. Raises Invalid, Conflict."""
    loan = await _out(store, id)
    if loan.is_extended or now >= loan.due_at:
        raise Invalid({"reason": ONCE if loan.is_extended else TOO_LATE})
    reason = said(reason, "reason", "延长的理由")
    due = end_of_term(loan.due_at - _MOMENT, settings.paper_extension_days)

    async def work(tx: Any) -> Loan:
        return await store.paper.change(loan, step(by, now, "延长", reason), tx, due_at=due, is_extended=True)

    fields = {"volume": loan.volume_id, "due": last_day(due).isoformat()}
    return await recorded(store, work, AuditTag.PAPER_LOAN_EXTENDED, id, fields, now=now, trace=trace)


async def give_back(
    store: "Store", id: str, condition: str, note: str, *, by: Staff, now: datetime, trace: Trace
) -> Loan:
    """Take it back and say how it is. Raises Invalid, Conflict when it is back already."""
    loan = await _out(store, id)
    if condition not in set(LoanCondition):
        raise Invalid({"condition": "请检查档案并选择归还时的状况。"})
    found = LoanCondition(condition)
    note = note.strip()[:200] if found is LoanCondition.GOOD else said(note, "note", "缺损情况")
    volume = await the_volume(store, loan.volume_id)

    async def work(tx: Any) -> Loan:
        entry = step(by, now, f"归还：{found.value}", note)
        await store.paper.change(volume, entry, tx, state=VolumeState.KEPT, loan_no="")
        return await store.paper.change(loan, entry, tx, is_out=False, returned_at=now, condition=found)

    fields = {"volume": loan.volume_id, "condition": found.value}
    return await recorded(store, work, AuditTag.PAPER_RETURNED, id, fields, now=now, trace=trace)


async def remind_next(store: "Store", *, now: datetime) -> bool:
    """Write to whoever holds overdue papers and gave an address; True when there may be more to write to."""
    today = beijing(now).date()
    due = await store.paper.loans_to_remind(now, today)
    for loan in due:
        try:
            await _remind(store, loan, now)
        except Conflict:  # returned or extended meanwhile, or another process wrote: the next look sees it
            continue
    return len(due) > 1


def last_day(due_at: datetime) -> date:
    """The last day of a term that ends at midnight `due_at`."""
    return beijing(due_at - _MOMENT).date()


async def _remind(store: "Store", loan: Loan, now: datetime) -> None:
    today = beijing(now).date()
    last = last_day(loan.due_at)
    message = new_message(
        OutboxKind.MAIL, f"{loan.id}.{Notice.PAPER_OVERDUE.value}.{today:%Y%m%d}", now=now,
        body={"notice": Notice.PAPER_OVERDUE.value, "values": {
            "loan_no": loan.id, "until": f"{last.year}年{last.month}月{last.day}日"}},
        recipient=loan.mail,
    )  # fmt: skip
    entry = PaperStep(at=now, by="", name="系统", what="催还", note="邮件")

    async def work(tx: Any) -> None:
        await store.paper.change(loan, entry, tx, reminded_on=today)
        await store.outbox.put(message, tx)

    fields = {"day": today.isoformat()}
    await recorded(store, work, AuditTag.PAPER_REMINDED, loan.id, fields, now=now, trace=BY_SYSTEM)


async def _problems(store: "Store", form: LoanForm, by: Staff) -> tuple[Volume, Staff]:
    faults = {
        name: f"请填写{what}，2 至 {most} 字。"
        for name, what, most in (
            ("borrower", "借阅人姓名", 40),
            ("unit", "所在单位或科室", 60),
            ("purpose", "用途", 200),
        )
        if not 2 <= len(getattr(form, name).strip()) <= most
    }
    volume = None
    try:
        volume = await the_volume(store, form.barcode)
    except Invalid as fault:
        faults |= fault.fields
    if volume and (fault_of_state := _NOT_NOW.get(volume.state, "")):
        faults["barcode"] = fault_of_state
    if form.mail.strip() and not _MAIL.fullmatch(form.mail.strip()):
        faults["mail"] = "邮箱地址不正确；没有邮箱可以不填。"
    approver = await store.staff.by_id(form.approver)
    if approver is None or not may_approve(approver, by):
        faults["approver"] = SAME_PERSON
    if faults or volume is None or approver is None:
        raise Invalid(faults)
    return volume, approver


def _loan(
    store: "Store", settings: Settings, form: LoanForm, volume: Volume, approver: Staff, by: Staff, now: datetime
) -> Loan:
    borrower, mail = form.borrower.strip(), form.mail.strip()
    return Loan(
        id=new_number("JY", now), volume_id=volume.id, volume_title=volume.title,
        borrower=store.vault.conceal(borrower, masks.name(borrower)), unit=form.unit.strip(),
        mail=store.vault.conceal(mail, masks.mail(mail)) if mail else None, purpose=form.purpose.strip(),
        approved_by=approver.id, approver=approver.name, lent_at=now,
        due_at=end_of_term(now, settings.paper_loan_days), is_out=True, is_extended=False, returned_at=None,
        condition=None, reminded_on=None, version=0, history=(step(by, now, "借出"),),
    )  # fmt: skip


async def _out(store: "Store", id: str) -> Loan:
    loan = await store.paper.one(Loan, id)
    if not loan.is_out:
        raise Conflict("这件档案已经归还，请刷新页面查看。")
    return loan
