"""One-time codes by SMS: sent straight to the visitor's own number, checked, used once. Called by the check of copies.

A code does not go through the outbox: somebody waits for it, and one that comes after a minute is worth nothing. What
the platform did not take costs the visitor neither a try nor a wait.
"""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from conf.errors import ProviderRejected, ProviderUnavailable
from conf.logs import get_log
from conf.settings import Settings
from conf.terms import AuditTag, CodePurpose, IdentityLevel, Notice
from conf.texts import text_of
from handlers.flows.ordering import Trace
from store.codes import LIVES, TRIES, OneTimeCode
from store.records import Account, Session

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from store import Store

log = get_log("codes")

#: What a visitor waits for the platform, whichever vendors are tried; the page has three seconds in all.
SEND_SECONDS = 2.9
#: How long a check holds in the session it was made in.
HOLDS = timedelta(minutes=15)


class Sending(StrEnum):
    """What became of the wish for a code."""

    SENT = "sent"
    IN_DOUBT = "in_doubt"  # the platform gave no proper answer: it may come, and counts when it does
    AWAY = "away"
    REFUSED = "refused"  # the platform takes no message to this number
    PAUSE = "pause"
    HOUR = "hour"  # cap of a number in an hour
    NUMBER = "number"  # the three caps of a day
    ACCOUNT = "account"
    ADDRESS = "address"


class Checking(StrEnum):
    """What became of a code that was typed in."""

    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"  # five tries made
    OVER = "over"  # too old, used, or none was sent


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a code is asked for, by whom, in which session."""

    purpose: CodePurpose
    subject: str  # our number of the thing, for the record
    account: Account
    session: Session

    @property
    def id(self) -> str:
        return f"{self.purpose.value}:{self.session.id}"


async def needs_check(
    store: "Store", settings: Settings, account: Account, session: Session, *, purpose: CodePurpose, now: datetime
) -> bool:
    """Whether a code must be asked for first: by the setting, not from whoever showed their face (L3), not twice."""
    if settings.copy_recheck == "none" or account.level >= IdentityLevel.L3:
        return False
    code = await store.codes.standing(f"{purpose.value}:{session.id}")
    return code is None or code.account_id != account.id or code.holds_until is None or code.holds_until <= now


async def send(
    store: "Store", adapters: "Adapters", settings: Settings, asked: Asked, *, now: datetime, trace: Trace
) -> tuple[Sending, int]:
    """Send a new code to the account's own number (which must be there); the code before it is over.

    Returns what became of it and, for PAUSE, the seconds to wait. Waits at most `SEND_SECONDS`.
    """
    phone = asked.account.phone
    assert phone is not None  # its caller tells accounts without a number what to do
    caps = {
        f"hour:{phone.blind}": settings.code_per_hour,
        f"number:{phone.blind}": settings.code_per_number,
        f"account:{asked.account.id}": settings.code_per_account,
        f"address:{trace['address']}": settings.code_per_address,
    }
    against, wait = await store.atomically(lambda tx: store.codes.reserve(phone.blind, caps, now, tx))
    if against:
        await _record(store, AuditTag.CODE_SENT, asked, "refused", against, now=now, trace=trace)
        return Sending(against), wait
    plain, reference = f"{secrets.randbelow(1_000_000):06d}", f"code.{secrets.token_hex(12)}"
    done = await _send(adapters, store.vault.reveal(phone), plain, reference)

    async def settle(tx: Any) -> None:
        if done is not Sending.SENT:
            await store.codes.give_back(phone.blind, caps, now, tx)
        if done in (Sending.SENT, Sending.IN_DOUBT):
            await store.codes.keep(_code(asked, reference, now), plain, tx)
        outcome = "done" if done is Sending.SENT else "refused" if done is Sending.REFUSED else "unavailable"
        await _record(store, AuditTag.CODE_SENT, asked, outcome, done.value, now=now, trace=trace, tx=tx)

    await store.atomically(settle)
    return done, 0


async def check(store: "Store", asked: Asked, plain: str, *, now: datetime, trace: Trace) -> tuple[Checking, int]:
    """Try a code; RIGHT for exactly one caller. Returns also how many tries are left."""
    code, is_right = await store.codes.attempt(asked.id, plain, now)
    found = await _missing(store, asked, now) if code is None else Checking.RIGHT if is_right else Checking.WRONG
    if code is not None and code.account_id != asked.account.id:
        found = Checking.OVER

    async def settle(tx: Any) -> Checking:
        said = found
        if code is not None and found is Checking.RIGHT and not await store.codes.spend(code, now, now + HOLDS, tx):
            said = Checking.OVER
        outcome = "done" if said is Checking.RIGHT else "refused"
        await _record(store, AuditTag.CODE_CHECKED, asked, outcome, said.value, now=now, trace=trace, tx=tx)
        return said

    return await store.atomically(settle), max(0, TRIES - code.tries) if code else 0


async def _send(adapters: "Adapters", phone: str, plain: str, reference: str) -> Sending:
    template = text_of(Notice.CODE).template
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await adapters.sms.send(phone=phone, template=template, values={"code": plain}, reference=reference)
    except ProviderRejected as fault:
        log.warning("code_refused", reference=reference, reason=fault.reason)
        return Sending.REFUSED
    except ProviderUnavailable as fault:
        log.warning("code_not_sent", reference=reference, reason=fault.reason, in_doubt=fault.in_doubt)
        return Sending.IN_DOUBT if fault.in_doubt else Sending.AWAY
    except TimeoutError:
        log.warning("code_not_sent", reference=reference, reason="too slow", in_doubt=True)
        return Sending.IN_DOUBT
    return Sending.SENT


async def _missing(store: "Store", asked: Asked, now: datetime) -> Checking:
    """Why there was no code to try."""
    code = await store.codes.standing(asked.id)
    spent = code is not None and code.used_at is None and code.tries >= TRIES and now < code.until
    return Checking.SPENT if spent else Checking.OVER


def _code(asked: Asked, reference: str, now: datetime) -> OneTimeCode:
    return OneTimeCode(
        id=asked.id, account_id=asked.account.id, reference=reference, tries=0, sent_at=now, until=now + LIVES
    )


async def _record(
    store: "Store",
    tag: AuditTag,
    asked: Asked,
    outcome: str,
    ground: str,
    *,
    now: datetime,
    trace: Trace,
    tx: Any = None,
) -> None:
    """On record without code or number."""
    fields = {"purpose": asked.purpose.value, "ground": ground}
    await store.audit.append(tag=tag, subject=asked.subject, outcome=outcome, fields=fields, at=now, tx=tx, **trace)
