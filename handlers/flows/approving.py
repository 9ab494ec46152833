"""Four eyes: a change is proposed by one person and takes effect when another approves it. Called by staff pages.

What each kind changes, who may propose and who may approve it stands in flows/effects.py. Nobody approves their own
change, or the same one twice; effect, answer and evidence are one transaction.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.errors import Conflict, Invalid
from conf.rights import may
from conf.terms import AuditTag, ProposalKind, ProposalStatus
from handlers.flows.effects import EFFECTS
from handlers.flows.ordering import Trace
from store.ids import sortable_id
from store.records import Staff
from store.records.office import Answer, Proposal

if TYPE_CHECKING:
    from store import Store

LONGEST_REASON = 200
OWN = "自己提出的变更须由另一位有批准权限的人员批准。"
ABOUT_SELF = "这项变更涉及您本人的账号，须由另一位有批准权限的人员批准。"
TWICE = "您已经批准过，还须另一位有批准权限的人员批准。"
RIGHT = "您的角色没有批准这类变更的权限。"
MEANWHILE = "这项变更已经有人处理，请刷新页面查看结果。"


async def propose(
    store: "Store",
    kind: ProposalKind,
    *,
    about: str,
    title: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    reason: str,
    by: Staff,
    now: datetime,
    trace: Trace,
    also: Callable[[Proposal, Any], Awaitable[None]] | None = None,
) -> Proposal:
    """Keep a change for somebody else to approve. Raises Invalid (no reason, no change, not allowed), Conflict.

    `also(proposal, tx)` writes what goes with it, in the same transaction.
    """
    reason, faults = reason.strip(), {}
    if not 2 <= len(reason) <= LONGEST_REASON:
        faults["reason"] = f"请填写理由，2 至 {LONGEST_REASON} 字。"
    if dict(before) == dict(after):
        faults["after"] = "没有改动，不需要提交。"
    if not may(by.roles, EFFECTS[kind].propose):
        faults["right"] = "您的角色没有提出这类变更的权限。"
    if faults:
        raise Invalid(faults)
    proposal = Proposal(
        id=sortable_id(now), kind=kind, about=about, title=title, before=dict(before), after=dict(after),
        reason=reason, proposed_by=by.id, proposed_name=by.name, proposed_at=now, status=ProposalStatus.OPEN,
        needed=EFFECTS[kind].needed, answers=(), ended_at=None,
    )  # fmt: skip

    async def work(tx: Any) -> Proposal:
        await store.proposals.add(proposal, tx)
        if also:
            await also(proposal, tx)
        fields = {"kind": kind.value, "about": about}
        await store.audit.append(
            tag=AuditTag.PROPOSAL_MADE, subject=proposal.id, outcome="done", fields=fields, at=now, tx=tx, **trace
        )
        return proposal

    return await store.atomically(work)


async def answer(
    store: "Store", id: str, *, is_yes: bool, note: str, by: Staff, now: datetime, trace: Trace
) -> Proposal:
    """Approve or decline. Raises Invalid saying which rule stands against it, Conflict when it was settled."""
    proposal = await store.proposals.by_id(id)
    if proposal.status is not ProposalStatus.OPEN:
        raise Conflict(MEANWHILE)
    if fault := refusal(proposal, by):
        raise Invalid({"right": fault})
    note = note.strip()
    if not is_yes and not 2 <= len(note) <= LONGEST_REASON:
        raise Invalid({"note": f"不批准时请填写理由，2 至 {LONGEST_REASON} 字。"})
    given = Answer(staff_id=by.id, name=by.name, at=now, is_yes=is_yes, note=note[:LONGEST_REASON])
    yes = sum(each.is_yes for each in proposal.answers) + is_yes
    status = ProposalStatus.OPEN if is_yes and yes < proposal.needed else ProposalStatus.APPROVED
    return await _settle(store, proposal, given, status=status if is_yes else ProposalStatus.DECLINED, trace=trace)


async def withdraw(store: "Store", id: str, *, by: Staff, now: datetime, trace: Trace) -> Proposal:
    """Take back one's own. Raises Invalid for another's, Conflict when it was settled meanwhile."""
    proposal = await store.proposals.by_id(id)
    if proposal.proposed_by != by.id:
        raise Invalid({"right": "只能撤回自己提出的变更。"})
    given = Answer(staff_id=by.id, name=by.name, at=now, is_yes=False, note="提出人撤回")
    return await _settle(store, proposal, given, status=ProposalStatus.WITHDRAWN, trace=trace)


def refusal(proposal: Proposal, by: Staff) -> str:
    """Which rule keeps `by` from answering, in words; "" when nothing does."""
    if by.id == proposal.proposed_by:
        return OWN
    if not may(by.roles, EFFECTS[proposal.kind].approve):
        return RIGHT
    if by.id == proposal.about:  # their own roles or credentials, whoever asked for it
        return ABOUT_SELF
    return TWICE if any(each.staff_id == by.id for each in proposal.answers) else ""


async def _settle(
    store: "Store", proposal: Proposal, given: Answer, *, status: ProposalStatus, trace: Trace
) -> Proposal:
    async def work(tx: Any) -> Proposal:
        settled = await store.proposals.answer(
            proposal.id, given, status=status, expect=len(proposal.answers), at=given.at, tx=tx
        )
        if status is ProposalStatus.APPROVED:
            await EFFECTS[proposal.kind].apply(store, settled, given.at, tx)
        fields = {"kind": proposal.kind.value, "about": proposal.about, "answer": status.value}
        await store.audit.append(
            tag=AuditTag.PROPOSAL_ANSWERED, subject=proposal.id, outcome="done", fields=fields, at=given.at, tx=tx,
            **trace,
        )  # fmt: skip
        return settled

    done = await store.atomically(work)
    if status is ProposalStatus.APPROVED:
        await store.live.refresh()  # this process at once, the others within a second
    return done
