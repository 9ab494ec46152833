"""Everybody who may come to an address, each from a network address of their own, and what refuses them at a guard.

Used by tests/security/test_authorisation.py. Four networks on the loopback: the public one, that of our own people,
that of the government, that of the operators; the service under test lists the last three in its settings.
"""

import asyncio
import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from conf.rights import Action, may
from conf.terms import AccountKind, Channel, IdentityLevel, StaffRole
from handlers.doors import open_with_first_password, pending_key
from handlers.flows import staffing
from handlers.flows.staffing import OUR_PEOPLE, UNITS
from handlers.visit import new_token, session_id
from store.records import Session
from tests.desk import Desk
from tests.government import ID, SECOND_UNIT, a_unit, a_user, keep
from tests.web.conftest import Site
from tests.web.test_staff import PASSWORD

#: The third number of the loopback address people of a network come from.
NETWORKS = {"office": 1, "public": 2, "government": 3, "operators": 4}
LISTED = {
    "staff_networks": "127.0.1.0/24",
    "government_networks": "127.0.3.0/24",
    "metrics_networks": "127.0.4.0/24",
}
#: Made once: it is slow on purpose.
PASSWORD_HASH = asyncio.run(staffing.hash_of(PASSWORD))
XSRF = "2|00000000|" + "ab" * 16 + "|1795226400"
SECRET = "JBSWY3DPEHPK3PXP" * 2
TERMINAL_KEY = b"terminal-key-matrix".hex()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


@dataclass
class Person:
    """A kind of caller. `session` names the fields of a fresh session of theirs; empty for who has none."""

    who: str
    network: str = "public"
    level: IdentityLevel | None = None  # of a visitor who is signed in
    roles: tuple[StaffRole, ...] = ()
    state: str = ""  # of one of our people: "first" password, "out" for any session that is worth nothing
    unit: str = ""  # whose user they are
    purpose: str = ""  # which cookie the session is in
    session: dict[str, object] = field(default_factory=dict)
    at_kiosk: bool = False
    place: int = 0  # the last number of their address

    def hindrance(self, guard: str, address: str) -> str:
        """What the guard (or the door of its area) answers; "" for being let in."""
        if address.startswith("/staff"):
            if self.network != "office":
                return "403"
            if self.state == "first" and address not in open_with_first_password(OUR_PEOPLE):
                return "password"
        if address.startswith("/gov") and self.network != "government":
            return "404"
        if guard in ("L0", "L1"):
            return "" if self.level is not None and self.level >= int(guard[1]) else f"signin{guard[1]}"
        if guard == "unit":
            return "" if self.unit else "gov"
        if guard == "operator":
            return "" if self.network == "operators" else "404"
        if guard in ("public", "gate", "counterpart"):
            return ""
        if not self.roles or self.state == "out":
            return "desk"
        return "" if guard == "staff" or any(may(self.roles, Action(each)) for each in guard.split(",")) else "403"


class Door:
    """One person's requests, over one connection from their own address, with cookies that never change."""

    def __init__(self, site: Site, person: Person) -> None:
        at = urlsplit(site.url)
        source = (f"127.0.{NETWORKS[person.network]}.{person.place}", 0)
        self._http = http.client.HTTPConnection(at.hostname or "", at.port, timeout=60, source_address=source)
        cookie, cookies = site.app.cookie, {str(site.app.settings["xsrf_cookie_name"]): XSRF}
        if person.session:
            cookies[cookie(person.purpose)] = a_session(site, person.session)
        if person.at_kiosk:
            cookies[cookie("terminal")] = TERMINAL_KEY
        self._headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}

    def ask(self, method: str, path: str, form: Mapping[str, str] | bytes = b"", **headers: str) -> Answer:
        """A form goes out with the token of its browser; bytes as they are."""
        body: bytes | None = None
        sent = self._headers | headers
        if method not in ("GET", "HEAD"):
            is_form = isinstance(form, Mapping)
            body = urlencode({"_xsrf": XSRF, **form}).encode() if is_form else form
            kind = "application/x-www-form-urlencoded" if is_form else "multipart/form-data; boundary=matrix"
            sent = {"Content-Type": kind, "X-XSRFToken": XSRF} | sent
        try:
            answer = self._answer(method, path, body, sent)
        except (ConnectionError, http.client.HTTPException):  # the service closed what was idle: as a browser does
            self.close()
            answer = self._answer(method, path, body, sent)
        text = answer.read().decode("utf-8", "replace")
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, text)

    def _answer(self, method: str, path: str, body: bytes | None, sent: Mapping[str, str]) -> http.client.HTTPResponse:
        self._http.request(method, path, body, dict(sent))
        return self._http.getresponse()

    def close(self) -> None:
        self._http.close()


def a_session(site: Site, fields: Mapping[str, object]) -> str:
    """The token of a new session."""
    token, now = new_token(), site.clock()
    common = {"account_id": "", "staff_id": "", "channel": Channel.PC, "terminal_id": "", "values": {}}
    session = Session(
        id=session_id(token), created_at=now, seen_at=now, expires_at=now + timedelta(hours=8), **(common | fields)
    )  # type: ignore[arg-type]
    site.run(site.app.sessions.create(session))
    return token


def everybody(site: Site, desk: Desk) -> dict[str, Person]:
    """All kinds of callers by name."""
    desk.run(desk.store.terminals.register("k1", "一号机（样例）", "一楼", TERMINAL_KEY))
    people = [*_visitors(desk), *_staff(site, desk), *_units(site)]
    for place, person in enumerate(people, start=1):
        person.place = place
    return {person.who: person for person in people}


def _visitors(desk: Desk) -> list[Person]:
    def known(who: str, role: str, level: int, **more: object) -> Person:
        account = desk.run(desk.account(role, level=level))
        channel = Channel.KIOSK if more else Channel.PC
        fields = {"account_id": account.id, "channel": channel}
        return Person(who, level=IdentityLevel(level), purpose="session", session=fields, **more)  # type: ignore[arg-type]

    def unrelated(who: str, level: int) -> Person:
        made = desk.store.accounts.remember(
            provider="tyrz", subject=f"s-{who}", kind=AccountKind.NATURAL, name="虚构丁", id_type="身份证",
            id_number=f"N{level}", level=IdentityLevel(level),
        )  # fmt: skip
        fields = {"account_id": desk.run(made).id}
        return Person(who, level=IdentityLevel(level), purpose="session", session=fields)

    return [
        Person("nobody"),
        Person("nobody_at_operators", network="operators"),
        Person("kiosk", at_kiosk=True),
        unrelated("not_verified", 0),
        unrelated("verified", 1),
        known("stranger", "stranger", 2),
        known("head", "legal_representative", 2),
        known("head_at_kiosk", "legal_representative", 2, at_kiosk=True),
        known("company", "company", 2),
        known("other_company", "other company", 2),
    ]


def _colleague(desk: Desk, login: str, role: StaffRole) -> str:
    """The id of somebody who never needs the password."""
    made = desk.store.staff.create(
        login=login, name=f"样例{login[2:4]}", roles=frozenset({role}), password_hash=PASSWORD_HASH, totp_secret=SECRET
    )
    id: str = desk.run(made).id
    desk.run(desk.store.staff.set_password(id, PASSWORD_HASH))
    return id


def _staff(site: Site, desk: Desk) -> list[Person]:
    made = [Person("nobody_at_office", network="office")]
    for role in StaffRole:
        new = _colleague(desk, f"x.{role.value.replace('_', '')}", role)
        made.append(_at_work(role.value, new, (role,)))
    reviewer = next(one for one in made if one.who == StaffRole.REVIEWER)
    made.append(Person("reviewer_elsewhere", roles=reviewer.roles, purpose="staff", session=reviewer.session))
    first = staffing.create_staff(
        desk.store, login="xin.ren", name="样例新", roles=list(reviewer.roles), password=PASSWORD
    )
    made.append(_at_work("first_password", desk.run(first).staff.id, reviewer.roles, state="first"))
    gone = _colleague(desk, "ting.yong", StaffRole.REVIEWER)
    desk.run(desk.store._base["staff"].update_one({"_id": gone}, {"$set": {"disabled": True}}))
    made.append(_at_work("disabled", gone, reviewer.roles, state="out"))
    pending = {"values": {pending_key(OUR_PEOPLE): reviewer.session["staff_id"]}, "channel": Channel.STAFF}
    made.append(Person("before_code", network="office", purpose="staff", session=pending))
    return made


def _at_work(who: str, staff_id: str, roles: tuple[StaffRole, ...], state: str = "") -> Person:
    fields = {"staff_id": staff_id, "channel": Channel.STAFF}
    return Person(who, network="office", roles=roles, state=state, purpose="staff", session=fields)


def _units(site: Site) -> list[Person]:
    now, store = site.clock(), site.store
    own = {"totp": store.vault.conceal(SECRET, "*"), "password_hash": PASSWORD_HASH}
    second = a_unit(store, now, id=SECOND_UNIT, uscc="11440106MB2C00021P", name="样例区人民检察院")
    users = {
        "unit": a_user(store, now, id=ID, **own),
        "unit_disabled": a_user(store, now, id="0d" * 15, login="li.ting", disabled=True, **own),
        "second_unit": a_user(store, now, id="0e" * 15, login="wang.er", unit_id=SECOND_UNIT, **own),
    }
    site.run(keep(store, a_unit(store, now), second, *users.values()))

    def at_work(who: str, user: str, network: str = "government") -> Person:
        fields = {"staff_id": users[user].id, "channel": Channel.GOVERNMENT}
        unit = users[user].unit_id if who != "unit_disabled" else ""
        return Person(who, network=network, unit=unit, purpose="government", session=fields)

    pending = {"values": {pending_key(UNITS): users["unit"].id}, "channel": Channel.GOVERNMENT}
    return [
        Person("nobody_at_government", network="government"),
        Person("unit_before_code", network="government", purpose="government", session=pending),
        at_work("unit", "unit"),
        at_work("second_unit", "second_unit"),
        at_work("unit_disabled", "unit_disabled"),
        at_work("unit_elsewhere", "unit", "public"),
    ]


__all__ = ["ID", "LISTED", "SECRET", "XSRF", "Answer", "Door", "Person", "a_session", "everybody"]
