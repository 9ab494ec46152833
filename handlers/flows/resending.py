"""Sending again what was rejected or given up, or at once what waits; called by the staff's outbox page."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.errors import Conflict, NotFound
from conf.terms import AuditTag
from handlers.flows.ordering import Trace
from store.records import OutboxMessage

if TYPE_CHECKING:
    from store import Store


async def resend(store: "Store", message_id: str, *, now: datetime, trace: Trace) -> OutboxMessage:
    """The message, waiting anew, the act on record. Raises NotFound, Conflict when it is delivered or under way."""

    async def work(tx: Any) -> OutboxMessage:
        message = await store.outbox.resend(message_id, tx)
        if message is None:
            raise Conflict("this message is on its way") if await store.outbox.is_known(message_id) else NotFound
        await store.audit.append(
            tag=AuditTag.STAFF_RESENT,
            subject=message.reference,
            outcome="done",
            fields={"kind": message.kind.value},
            at=now,
            tx=tx,
            **trace,
        )
        return message

    return await store.atomically(work)
