"""What an approved setting, text, list of days or rule version does, in the transaction of the approval.

Read by flows/effects.
"""

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.access import parse_rules
from conf.errors import Conflict
from conf.terms import AuditTag, Channel
from store.records.office import Proposal
from store.records.tuned import RuleSet

if TYPE_CHECKING:
    from store import Store

OTHER_DRAFT = "草案在提交之后又改过，请重新提交。"


async def tune(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """The next version of what the proposal is about. Raises Conflict when it is otherwise by now."""
    await store.tuned.put(proposal, at=now, tx=tx)


async def publish(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """The draft as it was proposed becomes a version; it never counts from before its approval. Raises Conflict."""
    draft = await store.rule_sets.draft(tx)
    if draft is None or digest_of(draft.text) != proposal.after["digest"]:
        raise Conflict(OTHER_DRAFT)
    version = parse_rules(draft.text).version
    effective_at = max(now, datetime.fromisoformat(proposal.after["effective_at"]))
    approved = tuple(answer.name for answer in proposal.answers if answer.is_yes)
    made = RuleSet(
        id=version, text=draft.text, kept_at=now, effective_at=effective_at, proposed_by=proposal.proposed_name,
        approved_by=approved, proposal_id=proposal.id,
    )  # fmt: skip
    await store.rule_sets.add(made, tx)
    await store.audit.append(
        tag=AuditTag.RULES_KEPT, who="", role="system", channel=Channel.STAFF, request_id="", address="",
        subject=proposal.id, outcome="done", fields={"version": version}, at=now, tx=tx,
    )  # fmt: skip


def digest_of(text: str) -> str:
    """SHA-256 of a draft: what was proposed is what is published."""
    return hashlib.sha256(text.encode()).hexdigest()
