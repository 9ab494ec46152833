"""A department of the government network (样例): unit, users, a case with its letter, browsers that are signed in."""

import io
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from PIL import Image, ImageDraw

from conf.terms import CaseCheck, Channel, OrganKind
from handlers.visit import new_token, session_id
from store import Store
from store.records import Session
from store.records.government import Letter, OrganCase, Unit, UnitScope, UnitUser
from tests.web.client import PageClient
from tests.web.conftest import Site

#: One id for the unit and the case alike, so that a walk over the routes finds both.
ID = "0a" * 15
SECOND_UNIT = "0b" * 15
COURT_CODE = "11440106MB2C00013X"
PERSON = "样例办案员"


def a_unit(store: Store, at: Any, **changes: Any) -> Unit:
    """A court, open, without a scope: the rules name it."""
    made = Unit(
        id=ID, name="样例区人民法院", uscc=COURT_CODE, kind=OrganKind.COURT,
        contact=store.vault.conceal("样例联络", "**络"), phone=store.vault.conceal("02000000000", "020*"), networks="",
        scope=None, disabled=False, created_at=at,
    )  # fmt: skip
    return replace(made, **changes)


def a_user(store: Store, at: Any, **changes: Any) -> UnitUser:
    made = UnitUser(
        id="0c" * 15, unit_id=ID, login="yangli.bananyuan", name=PERSON, roles=frozenset(), password_hash="",
        totp=store.vault.conceal("JBSWY3DPEHPK3PXP" * 2, "*"), disabled=False, must_change=False, failures=0,
        locked_until=None, last_totp_step=0, created_at=at,
    )  # fmt: skip
    return replace(made, **changes)


def a_case(at: Any, **changes: Any) -> OrganCase:
    letter = Letter(no="样法函〔2026〕1号", dated=date(2026, 11, 20), sha256="", media_type="image/jpeg", pages=())
    made = OrganCase(
        id=ID, unit_id=ID, unit_name="样例区人民法院", user_id="0c" * 15, user_name=PERSON,
        no="（2026）样0106民初1号", purpose="审理样例纠纷", letter=letter, opened_at=at, closed_at=None, looked_at=None,
        due_at=None, check=CaseCheck.PENDING, checked_by="", checked_name="", checked_at=None, check_text="",
    )  # fmt: skip
    return replace(made, **changes)


def a_scope(*usccs: str, **changes: Any) -> UnitScope:
    """The named companies (all when none is named), every kind, until the end of the year."""
    made = UnitScope(all_companies=not usccs, usccs=usccs, filing_kinds=(), document_kinds=(), until=date(2026, 12, 31))
    return replace(made, **changes)


async def keep(store: Store, *things: Any) -> None:
    """Keep units, users and cases as they are given."""

    async def work(tx: Any) -> None:
        for thing in things:
            kinds: dict[type, Any] = {Unit: store.units, UnitUser: store.unit_users, OrganCase: store.organ_cases}
            await kinds[type(thing)].add(thing, tx)

    await store.atomically(work)


def at_work(site: Site, user: UnitUser) -> PageClient:
    """A browser of a unit's user who is signed in."""
    token, now = new_token(), site.clock()
    session = Session(
        id=session_id(token), account_id="", staff_id=user.id, channel=Channel.GOVERNMENT, terminal_id="",
        created_at=now, seen_at=now, expires_at=now + timedelta(hours=8), values={},
    )  # fmt: skip
    site.run(site.app.sessions.create(session))
    client = site.visitor()
    client.set_cookie(site.app.cookie("government"), token)
    return client


def a_letter() -> bytes:
    """A scanned letter as JPEG."""
    page = Image.new("RGB", (827, 1169), "white")
    ImageDraw.Draw(page).rectangle((100, 100, 700, 200), outline="black")
    out = io.BytesIO()
    page.save(out, "JPEG")
    return out.getvalue()


def send_file(client: PageClient, path: str, field: str, content: bytes, fields: dict[str, str] | None = None) -> Any:
    """A form with one file, as a browser sends it."""
    body = {"_xsrf": client.token} | (fields or {})
    return client.raw.post(path, data=body, files={field: ("scan", content, "application/octet-stream")})
