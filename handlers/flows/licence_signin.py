"""Signing in as the enterprise itself: a code of ours is scanned with its electronic licence, and confirmed here.

The ticket in the code lives in the session that showed it, for some minutes, and is good once. The platform's word
about it is kept by the callback; only that session's browser can use it, after naming the enterprise to its user.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from adapters.licence import LicenceProvider, scan_id
from conf.errors import Invalid
from conf.settings import Settings
from conf.terms import AccountKind, AuditTag, IdentityLevel, ScanState
from handlers.flows import counting
from handlers.flows.signin import SignedIn, fresh_session, local_path
from store.licence_scans import LicenceScan
from store.records import Account, InboxEvent, Session

if TYPE_CHECKING:
    from store import Store

Trace = Mapping[str, Any]
PENDING = "licence"  # session.values: {"ticket", "until", "next"}
PROVIDER = "licence"
#: What the access table asks of the company's own account (rule dossier.own.company); the licence app has identified
#: the operator face to face, the platform vouches for it.
LEVEL = IdentityLevel.L2
#: Whoever authorised at the last moment still has time to read what is to be confirmed.
TO_CONFIRM = timedelta(minutes=2)

#: Codes that may be typed in for one authorisation.
CODES_ALLOWED = 5

WAITING, EXPIRED = "waiting", "expired"
AUTHORISED, DECLINED, USED = (state.value for state in (ScanState.AUTHORISED, ScanState.DECLINED, ScanState.USED))


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How far this browser's scan is: WAITING, AUTHORISED, DECLINED, USED or EXPIRED. `ticket` only while waiting."""

    state: str
    ticket: str = ""
    until: datetime | None = None
    scan: LicenceScan | None = None


async def begin(
    store: "Store", settings: Settings, session: Session, *, sessions: Any, next_path: str, now: datetime
) -> Standing:
    """The scan under way in this session, or a new one; `session` must be the one behind the visitor's cookie."""
    known = await standing(store, session, now=now)
    if known.state in (WAITING, AUTHORISED):
        return known
    ticket = secrets.token_urlsafe(32)
    until = min(now + timedelta(minutes=settings.licence_minutes), session.expires_at)
    pending = {"ticket": ticket, "until": until.timestamp(), "next": local_path(next_path)}
    await sessions.save(replace(session, values={**session.values, PENDING: pending}))
    return Standing(state=WAITING, ticket=ticket, until=until)


async def standing(store: "Store", session: Session | None, *, now: datetime) -> Standing:
    """How far the scan of this session is; changes nothing."""
    pending = session.values.get(PENDING) if session else None
    if not pending:
        return Standing(state=EXPIRED)
    until = datetime.fromtimestamp(float(pending["until"]), tz=now.tzinfo)
    scan = await store.licence_scans.by_id(scan_id(str(pending["ticket"])))
    if scan is None:
        over = now >= until
        return Standing(state=EXPIRED) if over else Standing(state=WAITING, ticket=str(pending["ticket"]), until=until)
    if scan.state is ScanState.AUTHORISED and (scan.authorised_at >= until or now >= until + TO_CONFIRM):
        return Standing(state=EXPIRED)
    return Standing(state=scan.state.value, scan=scan)


def address_of(licence: LicenceProvider, shown: Standing) -> str:
    """What the QR code of a waiting scan holds."""
    assert shown.until is not None
    return licence.scan_address(shown.ticket, until=shown.until)


async def note(store: "Store", event: InboxEvent, tx: Any) -> bool:
    """The platform's word about a ticket; the first one counts. By our clock, whatever the platform's says."""
    values = event.values
    scan = LicenceScan(
        id=event.subject,
        state=ScanState(values["result"]),
        uscc=values.get("uscc", ""),
        company_name=values.get("company", ""),
        operator_masked=values.get("operator", ""),
        authorised_at=event.received_at,
        code=values.get("code", ""),
    )
    await store.licence_scans.put(scan, tx)
    return True


async def finish(
    store: "Store",
    settings: Settings,
    session: Session | None,
    *,
    sessions: Any,
    shown_id: str,
    code: str = "",
    now: datetime,
    trace: Trace,
) -> SignedIn:
    """The visitor confirmed the enterprise `shown_id` named: a session of a new id, the old one ends.

    `code` is what the phone showed: a code of ours that somebody else's enterprise was made to scan ends here.
    Raises Invalid with a plain sentence, on record: `scan` (another browser's, not authorised, declined, too late,
    used), `code` (wrong, may be tried again).
    """
    found = await standing(store, session, now=now)
    scan = found.scan
    if session is None or scan is None or not hmac.compare_digest(scan.id.encode(), shown_id.encode()):
        raise await _refused(store, "state", now, trace)
    if found.state != AUTHORISED:
        raise await _refused(store, "used" if found.state == USED else "declined", now, trace)
    if scan.code:
        await _check_code(store, scan, code, now, trace)
    account = await _use(store, scan, now, trace)
    if account is None:
        raise await _refused(store, "used", now, trace)
    await sessions.drop(session.id)
    fresh, token = fresh_session(session, account, settings, now)
    await sessions.create(fresh)
    return SignedIn(session=fresh, token=token, account=account, next_path=str(session.values[PENDING]["next"]))


async def cancel(store: "Store", session: Session | None, *, sessions: Any, now: datetime, trace: Trace) -> None:
    """ "It was not me": the scan of this session is used up, nobody is signed in."""
    pending = session.values.get(PENDING) if session else None
    if session is None or not pending:
        return
    values = {name: value for name, value in session.values.items() if name != PENDING}
    await store.licence_scans.use(scan_id(str(pending["ticket"])))
    await sessions.save(replace(session, values=values))
    await _record_refusal(store, "cancelled", now, trace)


async def _check_code(store: "Store", scan: LicenceScan, code: str, now: datetime, trace: Trace) -> None:
    """Raises Invalid for a wrong code; after `CODES_ALLOWED` of them the authorisation is worth nothing."""
    left = await store.licence_scans.spend_try(scan.id, allowed=CODES_ALLOWED)
    if left >= 0 and hmac.compare_digest(scan.code.encode(), code.encode()):
        return
    if left <= 0:
        await store.licence_scans.use(scan.id)
        raise await _refused(store, "codes", now, trace)
    await _record_refusal(store, "code", now, trace)
    raise Invalid({"code": "确认码不对，请按手机上显示的 6 位数字重新输入。"})


async def _use(store: "Store", scan: LicenceScan, now: datetime, trace: Trace) -> Account | None:
    """Use up the scan, remember the account, write the audit event: all or nothing. None when it was used."""

    async def work(tx: Any) -> Account | None:
        if not await store.licence_scans.use(scan.id, tx):
            return None
        account = await store.accounts.remember(
            provider=PROVIDER,
            subject=scan.uscc,
            kind=AccountKind.LEGAL,
            name=scan.company_name,
            id_type="统一社会信用代码",
            id_number=scan.uscc,
            level=LEVEL,
            operator_name=scan.operator_masked,
            tx=tx,
        )
        who = store.vault.person_key(account.id)
        fields = {"level": int(LEVEL), "kind": AccountKind.LEGAL.value}
        await store.audit.append(
            tag=AuditTag.VISITOR_SIGNED_IN, subject=scan.uscc, outcome="done", fields=fields, at=now, tx=tx,
            **{**trace, "who": who},
        )  # fmt: skip
        await counting.signed_in(store, account, tx=tx)
        return account

    return await store.atomically(work)


SAYS = {
    "state": "这次扫码已经失效：二维码过期，或者不是在这个浏览器上显示的。请重新扫码。",
    "used": "这次授权已经用过。如仍需登录，请重新扫码。",
    "codes": "确认码多次不对，这次授权已经作废。如果不是您本人授权的，请不要再试。",
    "declined": "手机上没有同意授权，因此没有登录。",
}


async def _refused(store: "Store", ground: str, now: datetime, trace: Trace) -> Invalid:
    await _record_refusal(store, ground, now, trace)
    return Invalid({"scan": SAYS[ground]})


async def _record_refusal(store: "Store", ground: str, now: datetime, trace: Trace) -> None:
    await store.audit.append(
        tag=AuditTag.VISITOR_SIGNIN_REFUSED, subject="", outcome="refused", fields={"ground": ground}, at=now, **trace
    )
