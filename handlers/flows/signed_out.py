"""The platform says that a person signed out there: their sessions end here too. Called for `/callbacks/identity`.

The account's own mark shuts the sessions, in the transaction of the notice; dropping them only clears them away. So a
cache that is away, or a crash between the two, leaves no session open.
"""

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from conf.errors import ProviderUnavailable
from conf.logs import get_log
from conf.terms import AuditTag, Channel
from handlers.flows.callbacks import Apply
from store.records import InboxEvent

if TYPE_CHECKING:
    from store import Store

log = get_log("signin")


def ending(sessions: Any) -> Apply:
    """What a notice does, with the sessions this process keeps (MongoDB's or the cache's)."""
    return partial(_end, sessions=sessions)


async def end_sessions(store: "Store", event: InboxEvent, tx: Any) -> bool:
    """As `ending`, with the store's own sessions."""
    return await _end(store, event, tx, sessions=store.sessions)


async def _end(store: "Store", event: InboxEvent, tx: Any, *, sessions: Any) -> bool:
    """Always settled: of a person who never came here there is nothing to end. Later sign-ins stay."""
    account = await store.accounts.sign_out(event.values["provider"], event.values["subject"], event.happened_at, tx)
    if account is None:
        return True
    await store.audit.append(
        tag=AuditTag.VISITOR_SIGNED_OUT_THERE,
        who=store.vault.person_key(account.id),
        role="visitor",
        channel=Channel.COUNTERPART,
        request_id="",
        address="",
        subject="",
        outcome="done",
        fields={"notice": event.id},
        at=event.received_at,
        tx=tx,
    )
    with contextlib.suppress(ProviderUnavailable):
        ended = await sessions.drop_account(account.id, before=event.happened_at)
        log.info("sessions_ended_by_platform", sessions=ended)
    return True
