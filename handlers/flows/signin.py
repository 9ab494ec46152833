"""Signing in through the provincial platform: one-time state, new session, way back. Called by the sign-in handlers.

The browser carries only our `state` and the platform's `code`; where to go afterwards stays in the session.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote

from adapters.identity import Identity
from conf.errors import Invalid, ProviderRejected, ProviderUnavailable
from conf.settings import Settings
from conf.terms import AuditTag, IdentityLevel
from handlers.flows import counting
from handlers.flows.entries import entry_in, entry_of, kept
from store.records import Account, Entry, Session

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from store import Store

CALLBACK_PATH = "/signin/callback"
STATE_LIVES = timedelta(minutes=10)
PENDING = "signin"  # session.values: digest of state → {"next", "until"}
MOST_PENDING = 4  # tabs a visitor may have under way at once; the oldest gives way
LONGEST_PATH = 500

_BREAKS_HEADER = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """A fresh session; `token` goes into the cookie and nowhere else, `next_path` is a path of ours."""

    session: Session
    token: str = field(repr=False)
    account: Account
    next_path: str


async def begin(
    adapters: "Adapters",
    settings: Settings,
    session: Session,
    *,
    sessions: Any,
    next_path: str = "/",
    level: IdentityLevel | None = None,
    entry: Entry | None = None,
    now: datetime,
) -> str:
    """The platform's address to send the browser to; `level` asks it to raise the account on the way.

    `entry` is the door the visit comes through; without one the session's own is kept.
    `session` may be one without an account; it must be the one behind the visitor's cookie.
    """
    state = secrets.token_urlsafe(32)
    pending = dict(session.values.get(PENDING, {}))
    for digest in sorted(pending, key=lambda each: pending[each]["until"])[: max(0, len(pending) - MOST_PENDING + 1)]:
        del pending[digest]
    pending[_digest(state)] = {
        "next": local_path(next_path),
        "until": (now + STATE_LIVES).timestamp(),
        **kept(entry or entry_of(session)),
    }
    await sessions.save(_with(session, {**session.values, PENDING: pending}))
    return adapters.identity.authorize_url(state=state, redirect_uri=callback_address(settings), level=level)


async def raise_level(
    adapters: "Adapters",
    settings: Settings,
    session: Session,
    *,
    sessions: Any,
    level: IdentityLevel,
    next_path: str,
    now: datetime,
) -> str:
    """The platform's address where the account is raised to `level`; `finish` brings the visitor to `next_path`."""
    return await begin(adapters, settings, session, sessions=sessions, next_path=next_path, level=level, now=now)


async def finish(
    store: "Store",
    adapters: "Adapters",
    settings: Settings,
    session: Session | None,
    *,
    sessions: Any,
    state: str,
    code: str,
    now: datetime,
    trace: Mapping[str, Any],
) -> SignedIn:
    """The callback: a code for a session of a new id; the old session ends.

    Raises Invalid (state unknown, used, too old, another browser's; no code), ProviderRejected, ProviderUnavailable.
    Every refusal is on record.
    """
    pending = await _spend_state(session, sessions, state, now)
    if pending is None or session is None:
        return await _refuse_state(store, now, trace)
    if not code:
        await _record_refusal(store, "declined", now, trace)
        raise Invalid({"code": "您没有在统一身份认证平台完成登录，可以再试一次。"})
    try:
        identity = await adapters.identity.exchange(code, redirect_uri=callback_address(settings))
    except (ProviderRejected, ProviderUnavailable) as fault:
        await _record_refusal(store, "refused" if isinstance(fault, ProviderRejected) else "unavailable", now, trace)
        raise
    if not await sessions.drop(session.id):  # two callbacks at the same moment: the session is traded in once
        await _refuse_state(store, now, trace)
    account = await _remember(store, identity, now, trace)
    fresh, token = fresh_session(session, account, settings, now, entry=entry_in(pending))
    await sessions.create(fresh)
    return SignedIn(session=fresh, token=token, account=account, next_path=str(pending["next"]))


async def sign_out(
    store: "Store",
    adapters: "Adapters",
    settings: Settings,
    session: Session | None,
    *,
    sessions: Any,
    now: datetime,
    trace: Mapping[str, Any],
) -> str:
    """End our session, then give the address that ends the platform's; safe to call twice."""
    if session is not None:
        await sessions.drop(session.id)
        await store.audit.append(
            tag=AuditTag.VISITOR_SIGNED_OUT, subject="", outcome="done", fields={}, at=now, **trace
        )
    return adapters.identity.logout_url(redirect_uri=settings.base_url.rstrip("/") + "/")


def callback_address(settings: Settings) -> str:
    """The one redirect address, registered at the platform to the letter."""
    return settings.base_url.rstrip("/") + CALLBACK_PATH


def local_path(path: str) -> str:
    """`path` when it is surely one of our own addresses, else "/".

    Refused: other hosts in any spelling (//evil, /\\evil, /%2f%2fevil, https:…), control characters, overlong ones.
    """
    if len(path) > LONGEST_PATH or _BREAKS_HEADER.search(path):
        return "/"
    seen = re.split(r"[?#]", path, maxsplit=1)[0]
    for _ in range(3):  # however often it was encoded, no layer may look like another host
        if not seen.startswith("/") or seen.startswith("//") or _UNSAFE.search(seen):
            return "/"
        seen = unquote(seen)
    return path


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _with(session: Session, values: dict[str, Any]) -> Session:
    return replace(session, values=values)


async def _spend_state(session: Session | None, sessions: Any, state: str, now: datetime) -> dict[str, Any] | None:
    """Take the state out of the session; what was kept with it, or None when it is not good (any more)."""
    if session is None or not state:
        return None
    wanted = _digest(state)
    pending = dict(session.values.get(PENDING, {}))
    found = next((digest for digest in pending if hmac.compare_digest(digest, wanted)), None)
    if found is None:
        return None
    spent: dict[str, Any] = pending.pop(found)
    await sessions.save(_with(session, {**session.values, PENDING: pending}))
    return spent if now.timestamp() < float(spent["until"]) else None


async def _remember(store: "Store", identity: Identity, now: datetime, trace: Mapping[str, Any]) -> Account:
    """Account and audit event in one transaction."""

    async def work(tx: Any) -> Account:
        account = await store.accounts.remember(
            provider=identity.provider,
            subject=identity.subject,
            kind=identity.kind,
            name=identity.name,
            id_type=identity.id_type,
            id_number=identity.id_number,
            level=identity.level,
            phone=identity.phone,
            mail=identity.mail,
            operator_name=identity.operator_name,
            parent_subject=identity.parent_subject,
            tx=tx,
        )
        who = store.vault.person_key(account.id)
        fields = {"level": int(identity.level), "kind": identity.kind.value}
        await store.audit.append(
            tag=AuditTag.VISITOR_SIGNED_IN,
            subject="",
            outcome="done",
            fields=fields,
            at=now,
            tx=tx,
            **{**trace, "who": who},
        )
        await counting.signed_in(store, account, tx=tx)
        return account

    return await store.atomically(work)


async def _refuse_state(store: "Store", now: datetime, trace: Mapping[str, Any]) -> NoReturn:
    await _record_refusal(store, "state", now, trace)
    raise Invalid({"state": "这次登录已经失效（超过十分钟、重复使用，或换了浏览器），请重新登录。"})


async def _record_refusal(store: "Store", ground: str, now: datetime, trace: Mapping[str, Any]) -> None:
    await store.audit.append(
        tag=AuditTag.VISITOR_SIGNIN_REFUSED, subject="", outcome="refused", fields={"ground": ground}, at=now, **trace
    )


def fresh_session(
    old: Session, account: Account, settings: Settings, now: datetime, *, entry: Entry | None = None
) -> tuple[Session, str]:
    """A session of a new id (no fixation); nothing of the old one is carried over but where the visit comes from."""
    token = secrets.token_urlsafe(32)
    session = Session(
        id=_digest(token),
        account_id=account.id,
        staff_id="",
        channel=old.channel,
        terminal_id=old.terminal_id,
        created_at=now,
        seen_at=now,
        expires_at=now + timedelta(hours=settings.session_hours),
        values=kept(entry),
    )
    return session, token
