"""Keeping staff accounts: new ones, roles, resets (each with a second person), links, locks, sessions. For staff pages.

What only makes an account safer (unlocking aside, which is on record) takes effect at once; whatever gives somebody a
right or a way in needs a second person (flows/approving).
"""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyotp

from conf.errors import Conflict, Invalid, NotFound
from conf.rights import APART, is_apart
from conf.settings import Settings
from conf.terms import AuditTag, ProposalKind, StaffRole
from handlers.flows import approving, recovery, staffing
from handlers.flows.account_effects import keep_indispensable
from handlers.flows.ordering import Trace
from store.records import Session, Staff
from store.records.office import Proposal

if TYPE_CHECKING:
    from store import Store

#: So much of a session's id names it on a page; it opens nothing.
REFERENCE = 16
NO_LINK_NEEDED = "这个账号已经开通，不需要开通链接；忘记口令或更换手机时，请先提出重置。"


async def propose_new(
    store: "Store", *, login: str, name: str, roles: Collection[str], reason: str, by: Staff, now: datetime,
    trace: Trace,
) -> Proposal:  # fmt: skip
    """Ask for an account. Raises Invalid by field, Conflict when the same login is asked for already."""
    chosen = known_roles(roles)
    faults = staffing.account_faults(login, name, chosen)
    if "login" not in faults and await store.staff.by_login(login):
        faults["login"] = "这个登录名已经有人使用，请另选一个。"
    if faults:
        raise Invalid(faults)
    after = {"login": login, "name": name, "roles": sorted(chosen)}
    return await approving.propose(
        store, ProposalKind.STAFF_NEW, about=login, title=f"新增人员：{name}", before={}, after=after, reason=reason,
        by=by, now=now, trace=trace,
    )  # fmt: skip


async def propose_roles(
    store: "Store", person: Staff, *, roles: Collection[str], reason: str, by: Staff, now: datetime, trace: Trace
) -> Proposal:
    """Ask for other roles; none at all disables the account. Raises Invalid, Conflict."""
    chosen = known_roles(roles)
    if not is_apart(chosen):
        raise Invalid({"roles": APART})
    await keep_indispensable(store, person.id, chosen, field="roles")
    title = f"{'变更角色' if chosen else '停用账号'}：{person.name}"
    return await approving.propose(
        store, ProposalKind.STAFF_ROLES, about=person.id, title=title, before={"roles": sorted(person.roles)},
        after={"roles": sorted(chosen)}, reason=reason, by=by, now=now, trace=trace,
    )  # fmt: skip


async def propose_reset(
    store: "Store", person: Staff, *, reason: str, by: Staff, now: datetime, trace: Trace
) -> Proposal:
    """Ask that password, authenticator and recovery codes be voided and set anew by link. Raises Invalid, Conflict."""
    await keep_indispensable(store, person.id, frozenset(), field="reason")
    before, after = {"credentials": "现有口令、动态码和恢复码"}, {"credentials": "全部作废，由本人通过开通链接重新设置"}
    return await approving.propose(
        store, ProposalKind.STAFF_RESET, about=person.id, title=f"重置登录凭证：{person.name}", before=before,
        after=after, reason=reason, by=by, now=now, trace=trace,
    )  # fmt: skip


async def issue_link(store: "Store", person: Staff, settings: Settings, *, now: datetime, trace: Trace) -> str:
    """The token of a one-time link for an account without credentials; shown once. Raises Conflict with any."""
    if person.password_hash or person.disabled:
        raise Conflict(NO_LINK_NEEDED)
    token = secrets.token_urlsafe(32)
    until = now + timedelta(hours=settings.staff_link_hours)

    async def work(tx: Any) -> None:
        await store.staff.set_link(person.id, _digest(token), until, tx=tx)
        await _record(store, person.id, "link_issued", now=now, trace=trace, tx=tx)

    await store.atomically(work)
    return token


async def whose_link(store: "Store", token: str, *, now: datetime) -> Staff:
    """Whose account a link sets up. Raises NotFound: unknown, used and expired links are the same to whoever asks."""
    person = await store.staff.by_link(_digest(token))
    if person is None or person.disabled or person.link_until is None or now >= person.link_until:
        raise NotFound("no such link")
    return person


def authenticator(store: "Store", person: Staff) -> tuple[str, str]:
    """(address for the QR code, key in groups of four for typing) of the person's authenticator."""
    secret = store.vault.reveal(person.totp)
    address = pyotp.TOTP(secret).provisioning_uri(name=person.login, issuer_name="天河e企查")
    return address, " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))


async def enrol(
    store: "Store", settings: Settings, token: str, *, new: str, again: str, code: str, now: datetime, trace: Trace
) -> tuple[str, ...]:
    """Set password and authenticator by link; the recovery codes, shown once. Raises Invalid by field, NotFound."""
    person = await whose_link(store, token, now=now)
    faults = await staffing.password_faults(person, new, again, history=settings.staff_password_history)
    step = staffing.is_code(store, person, code, now)
    if not step:
        faults["code"] = "一次性密码不正确，请核对手机时间后再试。"
    if faults:
        raise Invalid(faults)
    password_hash, codes = await staffing.hash_of(new), recovery.fresh()
    trace = {**trace, "who": store.vault.person_key(person.id), "role": "staff"}

    async def work(tx: Any) -> None:
        await store.staff.save_attempt(person.id, failures=0, locked_until=None, totp_step=step, tx=tx)
        await store.staff.set_password(
            person.id, password_hash, old=staffing.kept_hashes(person, settings.staff_password_history), tx=tx
        )
        await store.staff.set_link(person.id, "", None, tx=tx)
        await recovery.keep(store, person.id, codes, tx=tx)
        await _record(store, person.id, "enrolled", now=now, trace=trace, tx=tx)

    await store.atomically(work)
    return codes


async def force_change(store: "Store", person: Staff, *, now: datetime, trace: Trace) -> None:
    """From the next click on nothing but the change of the password is open to them."""

    async def work(tx: Any) -> None:
        await store.staff.must_change(person.id, tx=tx)
        await _record(store, person.id, "password_forced", now=now, trace=trace, tx=tx)

    await store.atomically(work)


async def unlock(store: "Store", person: Staff, *, now: datetime, trace: Trace) -> None:
    """Lift the lock that wrong tries brought about."""

    async def work(tx: Any) -> None:
        await store.staff.unlock(person.id, tx=tx)
        await _record(store, person.id, "unlocked", now=now, trace=trace, tx=tx)

    await store.atomically(work)


async def end_session(
    store: "Store", sessions: Any, person: Staff, reference: str, *, now: datetime, trace: Trace
) -> int:
    """End one session by its reference, or with "all" every one; how many ended. Raises NotFound."""
    found: tuple[Session, ...] = await sessions.list_of(person.id)
    wanted = [session for session in found if reference in ("all", session.id[:REFERENCE])]
    if not wanted:
        raise NotFound("no such session")
    await _record(store, person.id, "session_ended", now=now, trace=trace, tx=None)
    return sum([await sessions.drop(session.id) for session in wanted])


def known_roles(roles: Collection[str]) -> frozenset[StaffRole]:
    """The roles named; names that are none are left out."""
    return frozenset(StaffRole(role) for role in roles if role in set(StaffRole))


async def _record(store: "Store", staff_id: str, what: str, *, now: datetime, trace: Trace, tx: Any) -> None:
    await store.audit.append(
        tag=AuditTag.STAFF_ACCOUNT_CHANGED, subject=staff_id, outcome="done", fields={"what": what}, at=now, tx=tx,
        **trace,
    )  # fmt: skip


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
