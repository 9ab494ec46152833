"""What an approved seal or signatory does, in the transaction of the approval. Read by flows/effects."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from adapters.seal import SealOffer
from conf.terms import AuditTag, Channel
from handlers.flows.seals import enter, next_version
from store.ids import sortable_id
from store.records.office import Proposal
from store.records.tuned import Signatory

if TYPE_CHECKING:
    from store import Store


async def add(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """The proposed certificate becomes the next version of its seal. Raises Conflict when it is in use by now."""
    row, by = proposal.after, f"staff:{proposal.proposed_by}"
    starts, ends = (datetime.fromisoformat(row[name]) for name in ("valid_from", "valid_until"))
    offer = SealOffer(
        seal_id=row["seal_id"], name=row["name"], signer=row["signer"], certificate=b"",
        fingerprint=row["fingerprint"], cert_sn=row["cert_sn"], valid_from=starts, valid_until=ends,
    )  # fmt: skip
    made = await next_version(store, offer, by=by, now=now, starts=starts, ends=ends, note=row["note"])
    await enter(store, made, by=by, now=now, tx=tx)


async def sign(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """The name stands on certificates from its first day on."""
    row = proposal.after
    made = Signatory(
        id=sortable_id(now), name=row["name"], title=row["title"], first_day=date.fromisoformat(row["first_day"]),
        last_day=date.fromisoformat(row["last_day"]), proposal_id=proposal.id, at=now,
    )  # fmt: skip
    await store.signatories.add(made, tx)
    await store.audit.append(
        tag=AuditTag.SIGNATORY_CHANGED, who="", role="system", channel=Channel.STAFF, request_id="", address="",
        subject=made.id, outcome="done", fields={"what": "added"}, at=now, tx=tx,
    )  # fmt: skip
