"""Staff accounts and their sign-in: password, then a one-time code. Called by the staff pages and create-staff."""

import asyncio
import re
import secrets
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from conf.errors import Invalid
from conf.passwords import is_guessable
from conf.rights import APART, is_apart
from conf.terms import AuditTag, Channel, StaffRole
from handlers.flows import recovery
from handlers.flows.ordering import Trace
from store import Store
from store.records import Staff

LONGEST_PASSWORD = 128
SHORTEST_PASSWORD = 12
FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=15)
_LOGIN = re.compile(r"[a-z][a-z0-9._-]{2,31}")
_STEP_SECONDS = 30
WEAK = "口令至少 12 位，要有三类以上字符（大写、小写、数字、符号），不含登录名，也不是常见的口令。"
#: The same sentence whatever was wrong: login, password, code, or locked.
REFUSED = "登录名、口令或一次性密码不正确。连续 5 次不正确会锁定 15 分钟，请稍后再试或联系系统管理员。"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewStaff:
    """What create-staff prints once and nobody stores: the first password and the authenticator address."""

    staff: Staff
    password: str
    totp_uri: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """Whose accounts a sign-in is for: their register in the store, their role and tags in the audit."""

    register: str
    role: str
    area: str  # where its pages stand: "/staff"
    issuer: str  # what an authenticator calls it
    signed_in: AuditTag
    signed_out: AuditTag
    refused: AuditTag
    password_changed: AuditTag
    changed: AuditTag  # anything else about an account

    def people(self, store: Store) -> Any:
        """The register (store/staff.py: StaffRegister or one derived from it)."""
        return getattr(store, self.register)


OUR_PEOPLE = Door(
    register="staff",
    role="staff",
    area="/staff",
    issuer="天河e企查",
    signed_in=AuditTag.STAFF_SIGNED_IN,
    signed_out=AuditTag.STAFF_SIGNED_OUT,
    refused=AuditTag.STAFF_SIGNIN_REFUSED,
    password_changed=AuditTag.STAFF_PASSWORD_CHANGED,
    changed=AuditTag.STAFF_ACCOUNT_CHANGED,
)

#: People of units on the government network; password rules, lock and one-time code are those of our own people.
UNITS = Door(
    register="unit_users",
    role="unit",
    area="/gov",
    issuer="天河e企查 政务网",
    signed_in=AuditTag.GOVERNMENT_SIGNED_IN,
    signed_out=AuditTag.GOVERNMENT_SIGNED_OUT,
    refused=AuditTag.GOVERNMENT_SIGNIN_REFUSED,
    password_changed=AuditTag.GOVERNMENT_PASSWORD_CHANGED,
    changed=AuditTag.GOVERNMENT_USER_KEPT,
)


async def create_staff(
    store: Store, *, login: str, name: str, roles: Collection[StaffRole], password: str = ""
) -> NewStaff:
    """Create a staff account; a password is made when none is given. Raises Invalid."""
    faults = _faults(login, name, roles, password)
    if await store.staff.by_login(login):
        faults["login"] = "这个登录名已经有人使用，请另选一个。"
    if faults:
        raise Invalid(faults)
    password = password or secrets.token_urlsafe(15)
    totp_secret = pyotp.random_base32()
    password_hash = await hash_of(password)

    async def work(tx: Any) -> Staff:
        staff = await store.staff.create(
            login=login,
            name=name,
            roles=frozenset(roles),
            password_hash=password_hash,
            totp_secret=totp_secret,
            tx=tx,
        )
        await store.audit.append(
            tag=AuditTag.STAFF_CREATED,
            who="",
            role="system",
            channel=Channel.COMMAND,
            request_id="",
            address="",
            subject=staff.id,
            outcome="done",
            fields={"roles": sorted(role.value for role in roles)},
            tx=tx,
        )
        return staff

    staff = await store.atomically(work)
    uri = pyotp.TOTP(totp_secret).provisioning_uri(name=login, issuer_name=OUR_PEOPLE.issuer)
    return NewStaff(staff=staff, password=password, totp_uri=uri)


async def check_password(
    store: Store, *, login: str, password: str, now: datetime, trace: Trace, door: Door = OUR_PEOPLE
) -> Staff:
    """First step. Raises Invalid with one and the same sentence for every ground, after the same work."""
    staff: Staff | None = await door.people(store).by_login(login[:64])
    right = await asyncio.to_thread(_matches, (staff and staff.password_hash) or _nobody(), password)
    if staff is None or not right or is_shut(staff, now):
        raise await _refused(store, staff, now=now, trace=trace, ground="password", door=door)
    return staff


async def check_code(
    store: Store, staff_id: str, *, code: str, now: datetime, trace: Trace, door: Door = OUR_PEOPLE
) -> Staff:
    """Second step; a code is good once. Success clears the failures and is recorded with the sign-in."""
    staff: Staff | None = await door.people(store).by_id(staff_id)
    if staff is not None and not is_shut(staff, now) and recovery.looks_like(code):
        return await _by_recovery(store, staff, code, now=now, trace=trace, door=door)
    step = 0 if staff is None else _step_of(store.vault.reveal(staff.totp), code, now)
    if staff is None or is_shut(staff, now) or step <= staff.last_totp_step:
        raise await _refused(store, staff, now=now, trace=trace, ground="code", door=door)

    async def work(tx: Any) -> Staff:
        signed: Staff = await door.people(store).save_attempt(
            staff.id, failures=0, locked_until=None, totp_step=step, expect_totp_step=staff.last_totp_step, tx=tx
        )
        who = store.vault.person_key(staff.id)
        await store.audit.append(
            tag=door.signed_in,
            subject=staff.id,
            outcome="done",
            fields={},
            at=now,
            tx=tx,
            **{**trace, "who": who, "role": door.role},
        )
        return signed

    return await store.atomically(work)


async def _by_recovery(store: Store, staff: Staff, code: str, *, now: datetime, trace: Trace, door: Door) -> Staff:
    """In the place of the authenticator's code; each recovery code once."""
    digest = recovery.digest(store, staff.id, code)
    if digest not in staff.recovery:
        raise await _refused(store, staff, now=now, trace=trace, ground="recovery", door=door)
    trace = {**trace, "who": store.vault.person_key(staff.id), "role": door.role}

    async def work(tx: Any) -> Staff:
        signed: Staff = await door.people(store).use_recovery(staff.id, digest, tx=tx)
        about: dict[str, Any] = {"subject": staff.id, "outcome": "done", "at": now, "tx": tx, **trace}
        await store.audit.append(tag=door.changed, fields={"what": "recovery_used"}, **about)
        await store.audit.append(tag=door.signed_in, fields={}, **about)
        return signed

    return await store.atomically(work)


async def change_password(
    store: Store,
    staff: Staff,
    *,
    old: str,
    new: str,
    again: str,
    now: datetime,
    trace: Trace,
    door: Door = OUR_PEOPLE,
    history: int = 5,
) -> None:
    """Set a new password of one's own, none of the last `history`; Raises Invalid by field."""
    faults = {}
    if not await is_password(staff, old):
        faults["old"] = "现在的口令不正确。"
    faults |= await password_faults(staff, new, again, history=history)
    if "new" not in faults and new == old:
        faults["new"] = "新口令不能与现在的相同。"
    if faults:
        raise Invalid(faults)
    password_hash = await hash_of(new)

    async def work(tx: Any) -> None:
        await door.people(store).set_password(staff.id, password_hash, old=kept_hashes(staff, history), tx=tx)
        await store.audit.append(
            tag=door.password_changed, subject=staff.id, outcome="done", fields={}, at=now, tx=tx, **trace
        )

    await store.atomically(work)


async def is_password(staff: Staff, password: str) -> bool:
    """Whether this is the person's password."""
    return await asyncio.to_thread(_matches, staff.password_hash or _nobody(), password)


async def password_faults(staff: Staff, new: str, again: str, *, history: int) -> dict[str, str]:
    """What stands against a new password, by field: weak, one of the last `history`, typed differently."""
    faults = {}
    if not _is_strong(new, staff.login):
        faults["new"] = WEAK
    elif await asyncio.to_thread(_was_used, kept_hashes(staff, history), new):
        faults["new"] = f"新口令不能与最近 {history} 次用过的相同。"
    if new != again:
        faults["again"] = "两次输入的新口令不一致。"
    return faults


async def hash_of(password: str) -> str:
    """argon2id; tens of milliseconds of CPU, outside the loop."""
    return await asyncio.to_thread(_hasher().hash, password)


def kept_hashes(staff: Staff, history: int) -> tuple[str, ...]:
    """The hashes of the last passwords, today's first."""
    return tuple(filter(None, (staff.password_hash, *staff.old_passwords)))[:history]


def is_expired(staff: Staff, days: int, now: datetime) -> bool:
    """Whether the password is older than `days` days; 0: never."""
    return bool(days) and now - (staff.password_at or staff.created_at) >= timedelta(days=days)


def is_code(store: Store, staff: Staff, code: str, now: datetime) -> int:
    """The step of the authenticator whose code this is, 0 when it is none or was used."""
    step = _step_of(store.vault.reveal(staff.totp), code, now)
    return step if step > staff.last_totp_step else 0


def account_faults(login: str, name: str, roles: Collection[StaffRole]) -> dict[str, str]:
    """What stands against an account with this login, name and roles, by field."""
    return _faults(login, name, roles, "")


def is_shut(staff: Staff, now: datetime) -> bool:
    """Whether the account takes no sign-in now: disabled, or locked after failures."""
    return staff.disabled or bool(staff.locked_until and now < staff.locked_until)


async def _refused(
    store: Store, staff: Staff | None, *, now: datetime, trace: Trace, ground: str, door: Door
) -> Invalid:
    """Count the failure, record it; the one sentence to say."""
    locked = staff is not None and is_shut(staff, now)

    async def work(tx: Any) -> None:
        if staff is not None and not locked:
            people = door.people(store)
            await people.count_failure(staff.id, allowed=FAILURES_ALLOWED, locked_until=now + LOCKED_FOR, tx=tx)
        await store.audit.append(
            tag=door.refused,
            subject=staff.id if staff else "",
            outcome="refused",
            fields={"ground": "locked" if locked else ground},
            at=now,
            tx=tx,
            **trace,
        )

    await store.atomically(work)
    return Invalid({"login": REFUSED})


def _faults(login: str, name: str, roles: Collection[StaffRole], password: str) -> dict[str, str]:
    faults = {}
    if fault := login_fault(login):
        faults["login"] = fault
    if fault := name_fault(name):
        faults["name"] = fault
    if not roles:
        faults["roles"] = "请至少指定一个角色。"
    elif not is_apart(roles):
        faults["roles"] = APART
    if password and not _is_strong(password, login):
        faults["password"] = WEAK
    return faults


def login_fault(login: str) -> str:
    """What is wrong with a login, "" when nothing is."""
    return "" if _LOGIN.fullmatch(login) else "登录名为 3 到 32 位小写字母、数字或 . _ -，以字母开头。"


def name_fault(name: str) -> str:
    """What is wrong with a person's name, "" when nothing is."""
    return "" if 1 <= len(name) <= 40 else "请填写姓名（40 字以内）。"


def _is_strong(password: str, login: str) -> bool:
    """等保二级 身份鉴别 a): length and complexity; and nothing everybody tries first."""
    kinds = sum(bool(re.search(pattern, password)) for pattern in (r"[a-z]", r"[A-Z]", r"\d", r"[^A-Za-z0-9]"))
    fits = SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD
    return fits and kinds >= 3 and login not in password.lower() and not is_guessable(password, login)


def _matches(password_hash: str, password: str) -> bool:
    """argon2id; tens of milliseconds of CPU outside the interpreter lock, so it runs in a thread."""
    if len(password) > LONGEST_PASSWORD:
        password = ""
    try:
        return _hasher().verify(password_hash, password)
    except VerificationError:
        return False


def _was_used(hashes: tuple[str, ...], password: str) -> bool:
    return any(_matches(each, password) for each in hashes)


def _step_of(totp_secret: str, code: str, now: datetime) -> int:
    """The 30-second step whose code this is, one step of clock drift allowed (RFC 6238 §5.2); 0 when none fits.

    Full-width digits, as a Chinese keyboard may give them, are digits.
    """
    totp, given = pyotp.TOTP(totp_secret), unicodedata.normalize("NFKC", code).encode()
    current = int(now.timestamp()) // _STEP_SECONDS
    fits = [
        step
        for step in (current - 1, current, current + 1)
        if secrets.compare_digest(totp.generate_otp(step).encode(), given)
    ]
    return fits[-1] if fits else 0


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    """A hash no password fits: an unknown login costs the same work as a known one."""
    return _hasher().hash(secrets.token_urlsafe(32))
