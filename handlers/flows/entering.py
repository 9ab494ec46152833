"""Arriving from another app: a one-time ticket for a session here, the app's user linked to an account of ours.

Called by handlers/enter.py. Two people are never made one because they share a name or a telephone: a link is made by
the provincial identity's key or to an account of its own, and stays where it was made.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from adapters import entry as doors
from adapters.entry import AppIdentity
from adapters.identity.tyrz_account import PROVIDER as UNIFIED
from conf.errors import EqichaError, ProviderRejected, ProviderUnavailable
from conf.settings import Settings
from conf.terms import AuditTag, Channel, EntryPoint, IdentityLevel
from handlers.flows import counting
from handlers.flows.entries import kept
from store.links import link_id
from store.records import Account, Entry, Link, Session
from store.sessions import new_token, session_id

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from store import Store

#: A used ticket is remembered for longer than any app keeps one alive.
REMEMBERED = timedelta(hours=1)
GROUNDS = {
    doors.TICKET_UNKNOWN: "ticket",
    doors.TICKET_EXPIRED: "expired",
    doors.TICKET_OF_ANOTHER: "app",
    doors.NOT_VERIFIED: "not_verified",
}

Trace = Mapping[str, Any]


class EntryRefused(EqichaError):
    """Why nobody comes in: "ticket" (forged or used), "expired", "app", "not_verified", "link" or "task"."""

    def __init__(self, ground: str) -> None:
        super().__init__(ground)
        self.ground = ground


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrived:
    """A fresh session; `token` goes into the cookie and nowhere else."""

    session: Session
    token: str = field(repr=False)
    account: Account


async def entry_for(
    store: "Store", settings: Settings, point: EntryPoint, task_code: str, *, now: datetime, trace: Trace
) -> Entry:
    """The entry with its task: the code brought along, or for an app its usual one. Raises EntryRefused, on record."""
    accepted = settings.tasks_of(point)
    if not task_code and point is not EntryPoint.PORTAL and accepted:
        return Entry(point=point, task_code=accepted[0])
    if task_code not in accepted:
        await _record_refusal(store, point, "task", now, trace)
        raise EntryRefused("task")
    return Entry(point=point, task_code=task_code)


async def arrive(
    store: "Store",
    adapters: "Adapters",
    settings: Settings,
    session: Session | None,
    *,
    sessions: Any,
    entry: Entry,
    ticket: str,
    channel: Channel,
    now: datetime,
    trace: Trace,
) -> Arrived:
    """Exchange the ticket, link, and open a session of a new id in `channel`; the session there was ends.

    Raises EntryRefused or ProviderUnavailable, both on record.
    """
    try:
        who = await adapters.entry.exchange(entry.point, ticket)
        account = await store.atomically(
            lambda tx: _let_in(store, who, ticket, now=now, channel=channel, trace=trace, tx=tx)
        )
    except ProviderRejected as fault:
        ground = GROUNDS.get(fault.reason, "ticket")
        await _record_refusal(store, entry.point, ground, now, trace)
        raise EntryRefused(ground) from None
    except ProviderUnavailable:
        await _record_refusal(store, entry.point, "unavailable", now, trace)
        raise
    except EntryRefused as fault:
        await _record_refusal(store, entry.point, fault.ground, now, trace)
        raise
    if session is not None:
        await sessions.drop(session.id)
    fresh, token = _fresh(session, account, settings, entry=entry, channel=channel, now=now)
    await sessions.create(fresh)
    return Arrived(session=fresh, token=token, account=account)


async def _let_in(
    store: "Store", who: AppIdentity, ticket: str, *, now: datetime, channel: Channel, trace: Trace, tx: Any
) -> Account:
    """Ticket spent, account found or made, link kept, all on record, in the caller's transaction."""
    digest = hashlib.sha256(ticket.encode()).hexdigest()
    if not await store.inbox.spend_nonce(f"{who.app.value}-ticket", digest, now + REMEMBERED, tx):
        raise EntryRefused("ticket")  # the app gave one ticket an answer twice; we do not take it twice
    link = await store.links.of(who.app.value, who.external_id, tx)
    account = await _account_of(store, who, link, tx)
    by = {**trace, "who": store.vault.person_key(account.id), "channel": channel}
    if link is None:
        made = Link(
            id=link_id(who.app.value, who.external_id),
            provider=who.app.value,
            external_id=who.external_id,
            account_id=account.id,
            created_at=now,
        )
        if not await store.links.make(made, tx):
            raise EntryRefused("link")
        await store.audit.append(
            tag=AuditTag.LINK_MADE, subject="", outcome="done", fields={"entry": who.app.value}, at=now, tx=tx, **by
        )
    fields = {"level": int(account.level), "kind": account.kind.value}
    await store.audit.append(
        tag=AuditTag.VISITOR_SIGNED_IN, subject="", outcome="done", fields=fields, at=now, tx=tx, **by
    )
    await counting.signed_in(store, account, tx=tx)
    return account


async def _account_of(store: "Store", who: AppIdentity, link: Link | None, tx: Any) -> Account:
    """The linked account, else that of the provincial identity, else one of the app's own; written down anew.

    Raises EntryRefused when the app now says somebody else than the link does.
    """
    known = await store.accounts.by_id(link.account_id, tx) if link else None
    if link and (known is None or not _is_same(store, known, who)):
        raise EntryRefused("link")
    if known:
        provider, subject = known.provider, known.subject
    else:
        provider, subject = (UNIFIED, who.useridcode) if who.useridcode else (who.app.value, who.external_id)
    return await store.accounts.remember(
        provider=provider,
        subject=subject,
        kind=who.kind,
        name=who.name,
        id_type=who.id_type,
        id_number=who.id_number,
        level=_level(who, known),
        phone=who.phone or None,
        mail=None,
        operator_name=None,
        tx=tx,
    )


def _is_same(store: "Store", known: Account, who: AppIdentity) -> bool:
    """By the provincial key where both have it, else by the identity number; an app may give a number to a new user."""
    if known.provider == UNIFIED and who.useridcode:
        return known.subject == who.useridcode
    return known.id_number.blind == store.vault.blind(who.id_number)


def _level(who: AppIdentity, known: Account | None) -> IdentityLevel:
    """Levels are the provincial platform's: without its key an app's word counts as L1 and lowers nobody."""
    if who.useridcode:
        return who.level
    if known and known.provider == UNIFIED:
        return known.level
    return min(who.level, IdentityLevel.L1)


def _fresh(
    old: Session | None, account: Account, settings: Settings, *, entry: Entry, channel: Channel, now: datetime
) -> tuple[Session, str]:
    token = new_token()
    session = Session(
        id=session_id(token),
        account_id=account.id,
        staff_id="",
        channel=channel,
        terminal_id=old.terminal_id if old else "",
        created_at=now,
        seen_at=now,
        expires_at=now + timedelta(hours=settings.session_hours),
        values=kept(entry),
    )
    return session, token


async def _record_refusal(store: "Store", point: EntryPoint, ground: str, now: datetime, trace: Trace) -> None:
    fields = {"entry": point.value, "ground": ground}
    await store.audit.append(tag=AuditTag.ENTRY_REFUSED, subject="", outcome="refused", fields=fields, at=now, **trace)
