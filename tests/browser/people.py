"""People at work in a trial set: made in its own store (fixture `office`), signed in by keyboard."""

import asyncio
import secrets
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyotp
from playwright.sync_api import Page, expect

from conf.clock import utc_now
from conf.keys import load_keys
from conf.settings import load_settings
from conf.terms import StaffRole
from handlers.flows import staffing
from store import Store, open_store
from tests.browser.keyboard import Hands
from tests.government import COURT_CODE, a_scope, a_unit, a_user, keep
from tests.trial import TrialSet

OWN_PASSWORD = "Yang-Li-2026-fictional"


@dataclass(frozen=True, kw_only=True)
class Person:
    """What somebody new was handed: login, name, first password, the authenticator's address."""

    login: str
    name: str
    password: str
    totp_uri: str


class Office:
    """The trial set's own store, from outside its processes; what is prepared here is not what a journey is about."""

    def __init__(self, trial: TrialSet) -> None:
        self.settings = load_settings(mongo_url=trial.mongod.url, var_dir=trial.folder / "var")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)  # Playwright's loop has this one
        self._thread.start()
        self.store: Store = self.run(open_store(self.settings, load_keys(self.settings)))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def close(self) -> None:
        self.run(self.store.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def hire(self, role: StaffRole, name: str) -> Person:
        made = self.run(
            staffing.create_staff(self.store, login=f"{role.value[:6]}.{secrets.token_hex(3)}", name=name, roles=[role])
        )
        return Person(login=made.staff.login, name=name, password=made.password, totp_uri=made.totp_uri)

    def court(self, name: str) -> Person:
        """A court that may look at every company, and its user."""
        now = utc_now()
        scope = a_scope(until=date(now.year + 1, 12, 31))
        made = a_unit(self.store, now, id=secrets.token_hex(15), name="样例区人民法院", uscc=COURT_CODE, scope=scope)
        known = {unit.uscc: unit for unit in self.run(self.store.units.listed())}
        if made.uscc not in known:
            self.run(keep(self.store, made))
        unit = known.get(made.uscc, made)
        login = f"court.{secrets.token_hex(3)}"
        password, key = secrets.token_urlsafe(15), pyotp.random_base32()
        user = a_user(
            self.store, now, id=secrets.token_hex(15), unit_id=unit.id, login=login, name=name, must_change=True,
            password_hash=self.run(staffing.hash_of(password)), totp=self.store.vault.conceal(key, "••••••"),
        )  # fmt: skip
        self.run(keep(self.store, user))
        return Person(login=login, name=name, password=password, totp_uri=pyotp.TOTP(key).provisioning_uri(name=login))


def sign_in(page: Page, judge: Callable[[Page], None], person: Person, area: str = "/staff") -> Hands:
    """Password, one-time code, a password of one's own: three pages by keyboard."""
    hands = Hands(page, judge)
    page.goto(f"{area}/signin")
    hands.look()
    hands.type("登录名", person.login)
    hands.type("口令", person.password)
    hands.leave("Enter")
    hands.look("一次性密码")
    hands.type("一次性密码", pyotp.parse_uri(person.totp_uri).now())
    hands.leave("Enter")
    hands.look("口令")
    hands.type("现在的口令", person.password)
    hands.type("新口令", OWN_PASSWORD)
    hands.type("再输入一次新口令", OWN_PASSWORD)
    hands.push("保存")
    expect(page.locator(".eq-nav__who")).to_contain_text(person.name)
    return hands
