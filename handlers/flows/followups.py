"""What is done about a low rating: spoken with, put right, called back, each by a term. For ratings and staff pages.

Terms are working days from the rating (domain facts §3: 1, 5 and 15 unless the settings say otherwise); a follow-up
taken up again has all three anew.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.errors import Conflict, Invalid, NotFound
from conf.terms import FOLLOW_UP_MOVES, AuditTag, FollowUpResult, FollowUpStatus, FollowUpStep
from conf.workdays import end_of_term
from handlers.flows import counting
from handlers.flows.ordering import Trace
from store.records import FollowUp, FollowUpEntry, Order, Rating, Staff

if TYPE_CHECKING:
    from store import Store
    from store.followups import FollowUpTerms

SHORTEST_TEXT, LONGEST_TEXT = 5, 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One follow-up with all that was said about its order."""

    followup: FollowUp
    order: Order
    ratings: tuple[Rating, ...]


async def open_for(store: "Store", order: Order, rating: Rating, *, now: datetime, tx: Any, trace: Trace) -> None:
    """Open the follow-up of a low rating, in the transaction that keeps the rating."""
    dues = _dues(store.followups.terms, now)
    entry = FollowUpEntry(step=FollowUpStep.OPENED, at=now, by="visitor", text="")
    followup = FollowUp(
        id=f"{order.no}.{rating.number}",
        order_no=order.no,
        number=rating.number,
        satisfaction=rating.satisfaction,
        company_name=order.company_name,
        requester_masked=order.requester_masked,
        status=FollowUpStatus.OPEN,
        is_open=True,
        next_due=dues["due_first_contact"],
        callback_result=None,
        feedback_at=None,
        reopened=0,
        history=(entry,),
        opened_at=now,
        version=0,
        **dues,
    )
    await store.followups.add(followup, tx)
    fields = {"satisfaction": int(rating.satisfaction), "number": rating.number}
    await store.audit.append(
        tag=AuditTag.FOLLOW_UP_OPENED, subject=followup.id, outcome="done", fields=fields, at=now, tx=tx, **trace
    )


async def case(store: "Store", id: str) -> Case:
    """Raises NotFound."""
    followup = await store.followups.by_id(id)
    order = await store.orders.by_no(followup.order_no) if followup else None
    if followup is None or order is None:
        raise NotFound(id)
    return Case(followup=followup, order=order, ratings=await store.ratings.of_order(order.no))


async def take_step(
    store: "Store",
    id: str,
    *,
    staff: Staff,
    step: FollowUpStep,
    result: str,
    text: str,
    version: int,
    now: datetime,
    trace: Trace,
) -> FollowUp:
    """Write down one step. `version` is the one the form was made for, so that of two people one is told.

    Raises Invalid (no such result, too few or too many words), NotFound, Conflict (somebody was there before).
    """
    followup = await store.followups.by_id(id)
    if followup is None:
        raise NotFound(id)
    expect, results = FOLLOW_UP_MOVES[step]
    if followup.status is not expect or followup.version != version:
        raise Conflict("这条回访已有同事处理过，请看最新的记录。")
    chosen = _result(step, result)
    _check_text(text)
    entry = FollowUpEntry(step=step, at=now, by=f"staff:{staff.id}", text=text, result=chosen)
    to, changes = results[chosen], _changes(store.followups.terms, followup, entry, results[chosen])

    async def work(tx: Any) -> FollowUp:
        moved = await store.followups.advance(id, expect, to, entry, version=version, tx=tx, **changes)
        fields = {"step": step.value, "result": chosen.value if chosen else "", "to": to.value}
        await store.audit.append(
            tag=AuditTag.FOLLOW_UP_MOVED, subject=id, outcome="done", fields=fields, at=now, tx=tx, **trace
        )
        if to is FollowUpStatus.CLOSED:
            await counting.followed(store, due=followup.due_callback, at=now, tx=tx)
        return moved

    return await store.atomically(work)


async def show_phone(store: "Store", id: str, *, now: datetime, trace: Trace) -> str:
    """The visitor's number in clear, for the call; on record first. "" when the platform gave us none.

    Raises NotFound, and Conflict once the follow-up is closed: there is nothing left to call about.
    """
    found = await case(store, id)
    if not found.followup.is_open:
        raise Conflict("这条回访已经办结，不再显示电话。")
    account = await store.accounts.by_id(found.order.account_id)
    await store.audit.append(tag=AuditTag.FOLLOW_UP_PHONE_SHOWN, subject=id, outcome="done", fields={}, at=now, **trace)
    return store.vault.reveal(account.phone) if account and account.phone else ""


def _changes(terms: "FollowUpTerms", followup: FollowUp, entry: FollowUpEntry, to: FollowUpStatus) -> dict[str, Any]:
    if entry.step is FollowUpStep.REOPENED:
        dues = _dues(terms, entry.at)
        count = followup.reopened + 1
        return {**dues, "next_due": dues["due_first_contact"], "reopened": count, "callback_result": None}
    if to is FollowUpStatus.CLOSED:
        return {"next_due": None, "callback_result": entry.result, "feedback_at": entry.at}
    next_due = {
        FollowUpStatus.OPEN: followup.due_first_contact,
        FollowUpStatus.CONTACTED: followup.due_rectify,
        FollowUpStatus.RECTIFIED: followup.due_callback,
    }
    return {"next_due": next_due[to]}


def _dues(terms: "FollowUpTerms", start: datetime) -> dict[str, datetime]:
    return {
        "due_first_contact": end_of_term(start, terms.contact),
        "due_rectify": end_of_term(start, terms.rectify),
        "due_callback": end_of_term(start, terms.callback),
    }


def _result(step: FollowUpStep, sent: str) -> FollowUpResult | None:
    offered = {result.value if result else "": result for result in FOLLOW_UP_MOVES[step][1]}
    if sent not in offered:
        raise Invalid({"result": "请选择结果。"})
    return offered[sent]


def _check_text(text: str) -> None:
    if not SHORTEST_TEXT <= len(text) <= LONGEST_TEXT:
        raise Invalid({"text": f"请写明经过（{SHORTEST_TEXT} 到 {LONGEST_TEXT} 个字），留作台账。"})
