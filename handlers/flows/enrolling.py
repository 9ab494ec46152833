"""The one-time link by which a person sets up their own account, and their sessions. Called by the pages of both doors.

An account is made, or reset, without any credential: whoever keeps it hands over a link, and password, authenticator
and recovery codes are seen by the person alone.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyotp

from conf.errors import Invalid, NotFound
from conf.settings import Settings
from handlers.flows import recovery, staffing
from handlers.flows.ordering import Trace
from handlers.flows.staffing import Door
from store.records import Session, Staff

if TYPE_CHECKING:
    from store import Store

#: So much of a session's id names it on a page; it opens nothing.
REFERENCE = 16
NO_LINK_NEEDED = "这个账号已经开通或者停用，不能生成开通链接；忘记口令或更换手机时，请先提出重置。"


async def issue_link(
    store: "Store", person: Staff, settings: Settings, *, door: Door, now: datetime, trace: Trace
) -> str:
    """The token of a one-time link for an account without credentials; shown once. Raises Conflict with any."""
    token = secrets.token_urlsafe(32)
    until = now + timedelta(hours=settings.staff_link_hours)

    async def work(tx: Any) -> None:
        await door.people(store).offer_link(person.id, _digest(token), until, tx=tx)
        await record(store, person.id, "link_issued", door=door, now=now, trace=trace, tx=tx)

    await store.atomically(work)
    return token


async def whose_link(store: "Store", token: str, *, door: Door, now: datetime) -> Staff:
    """Whose account a link sets up. Raises NotFound: unknown, used and expired links are the same to whoever asks."""
    person: Staff | None = await door.people(store).by_link(_digest(token))
    if person is None or person.disabled or person.link_until is None or now >= person.link_until:
        raise NotFound("no such link")
    return person


def authenticator(store: "Store", person: Staff, door: Door) -> tuple[str, str]:
    """(address for the QR code, key in groups of four for typing) of the person's authenticator."""
    secret = store.vault.reveal(person.totp)
    address = pyotp.TOTP(secret).provisioning_uri(name=person.login, issuer_name=door.issuer)
    return address, " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))


async def enrol(
    store: "Store", settings: Settings, person: Staff, token: str, *, new: str, again: str, code: str, door: Door,
    now: datetime, trace: Trace,
) -> tuple[str, ...]:  # fmt: skip
    """Set password and authenticator of `whose_link`; the recovery codes, shown once.

    Raises Invalid by field, Conflict when the link was used meanwhile.
    """
    faults = await staffing.password_faults(person, new, again, history=settings.staff_password_history)
    step = staffing.is_code(store, person, code, now)
    if not step:
        faults["code"] = "一次性密码不正确，请核对手机时间后再试。"
    if faults:
        raise Invalid(faults)
    password_hash, codes = await staffing.hash_of(new), recovery.fresh()
    trace = {**trace, "who": store.vault.person_key(person.id), "role": door.role}
    people = door.people(store)

    async def work(tx: Any) -> None:
        await people.use_link(person.id, _digest(token), tx=tx)
        await people.save_attempt(person.id, failures=0, locked_until=None, totp_step=step, tx=tx)
        await people.set_password(
            person.id, password_hash, old=staffing.kept_hashes(person, settings.staff_password_history), tx=tx
        )
        await recovery.keep(store, person.id, codes, door=door, tx=tx)
        await record(store, person.id, "enrolled", door=door, now=now, trace=trace, tx=tx)

    await store.atomically(work)
    return codes


async def end_session(
    store: "Store", sessions: Any, person: Staff, reference: str, *, door: Door, now: datetime, trace: Trace
) -> int:
    """End one session by its reference, or with "all" every one; how many ended. Raises NotFound."""
    found: tuple[Session, ...] = await sessions.list_of(person.id)
    wanted = [session for session in found if reference in ("all", session.id[:REFERENCE])]
    if not wanted:
        raise NotFound("no such session")
    await record(store, person.id, "session_ended", door=door, now=now, trace=trace, tx=None)
    return sum([await sessions.drop(session.id) for session in wanted])


async def record(store: "Store", id: str, what: str, *, door: Door, now: datetime, trace: Trace, tx: Any) -> None:
    """What was done about an account, in the audit."""
    await store.audit.append(
        tag=door.changed, subject=id, outcome="done", fields={"what": what}, at=now, tx=tx, **trace
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
