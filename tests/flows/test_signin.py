"""Signing in: one-time state, new session, way back; and the ways somebody might try to come in otherwise."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.identity import Identity
from adapters.sandbox.server import Sandbox
from conf.errors import Invalid, ProviderRejected, ProviderUnavailable
from conf.settings import Settings
from conf.terms import AccountKind, Channel, IdentityLevel
from handlers.flows import signin
from store.records import Session
from tests.desk import TRACE, Desk
from tests.outside import Outside, choose


@dataclass
class Browser:
    """One visitor's browser: a session behind its cookie, the platform's pages, our callback."""

    desk: Desk
    outside: Outside
    settings: Settings
    session: Session
    has_loaded: bool = False  # several requests may have read the same session before any wrote

    def begin(self, path: str = "/orders", level: IdentityLevel | None = None) -> str:
        self.session = self.reloaded() or self.session
        return self.desk.run(
            signin.begin(
                self.outside,  # type: ignore[arg-type]
                self.settings,
                self.session,
                sessions=self.desk.store.sessions,
                next_path=path,
                level=level,
                now=self.desk.clock(),
            )
        )

    def at_platform(self, address: str, person: str = "stranger", **more: str) -> dict[str, str]:
        return self.desk.run(choose(address, person, **more))

    async def callback(self, session: Session | None, *, state: str, code: str) -> signin.SignedIn:
        sessions = self.desk.store.sessions
        return await signin.finish(
            self.desk.store,
            self.outside,  # type: ignore[arg-type]
            self.settings,
            session if self.has_loaded or session is None else await sessions.load(session.id),
            sessions=sessions,
            state=state,
            code=code,
            now=self.desk.clock(),
            trace=TRACE,
        )

    def finish(self, back: dict[str, str]) -> signin.SignedIn:
        return self.desk.run(self.callback(self.session, state=back.get("state", ""), code=back.get("code", "")))

    def reloaded(self) -> Session | None:
        return self.desk.run(self.desk.store.sessions.load(self.session.id))


@pytest.fixture
def browser(desk: Desk, outside: Outside, sandbox_settings: Settings) -> Browser:
    return a_browser(desk, outside, sandbox_settings)


def a_browser(desk: Desk, outside: Outside, settings: Settings) -> Browser:
    now = desk.clock()
    session = Session(
        id=secrets.token_hex(32),
        account_id="",
        staff_id="",
        channel=Channel.MOBILE,
        terminal_id="",
        created_at=now,
        seen_at=now,
        expires_at=now + timedelta(hours=1),
        values={},
    )
    desk.run(desk.store.sessions.create(session))
    return Browser(desk, outside, settings, session)


def refused(browser: Browser, back: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        browser.finish(back)
    assert browser.desk.run(browser.desk.tags())[-1] == "visitor:session:refused"
    assert "visitor:session:opened" not in browser.desk.run(browser.desk.tags())


def test_a_visitor_signs_in_and_comes_back_to_where_they_were(browser: Browser) -> None:
    done = browser.finish(browser.at_platform(browser.begin("/companies/9144?q=1"), "enterprise"))
    assert done.next_path == "/companies/9144?q=1"
    assert (done.account.kind, done.account.name) == (AccountKind.LEGAL, "广州澈穹砺软件有限公司")
    assert done.account.uscc == "91440106MA9W00010Y"
    stored = browser.desk.run(browser.desk.store.sessions.load(done.session.id))
    assert stored is not None
    assert (stored.account_id, stored.channel, stored.values) == (done.account.id, Channel.MOBILE, {})
    assert browser.desk.run(browser.desk.tags()) == ["visitor:session:opened"]


def test_the_session_has_a_new_id_and_the_old_one_is_dead(browser: Browser) -> None:
    before = browser.session.id
    done = browser.finish(browser.at_platform(browser.begin()))
    assert done.session.id == hashlib.sha256(done.token.encode()).hexdigest() != before
    assert len(done.token) >= 43, "256 bits"
    assert done.token not in repr(done)
    assert browser.reloaded() is None


def test_the_same_person_is_the_same_account_and_another_is_another(
    browser: Browser, desk: Desk, outside: Outside, sandbox_settings: Settings
) -> None:
    first = browser.finish(browser.at_platform(browser.begin())).account
    again = a_browser(desk, outside, sandbox_settings)
    assert again.finish(again.at_platform(again.begin())).account.id == first.id
    other = a_browser(desk, outside, sandbox_settings)
    assert other.finish(other.at_platform(other.begin(), "lawyer")).account.id != first.id


def test_a_state_that_is_not_ours_opens_nothing(browser: Browser) -> None:
    back = browser.at_platform(browser.begin())
    for state in ("", "forged", back["state"][:-1], back["state"] + "x", hashlib.sha256(b"").hexdigest()):
        refused(browser, back | {"state": state})


def test_a_callback_in_another_browser_opens_nothing(
    browser: Browser, desk: Desk, outside: Outside, sandbox_settings: Settings
) -> None:
    """Login CSRF: somebody sends their own code and state to a victim."""
    back = browser.at_platform(browser.begin())
    victim = a_browser(desk, outside, sandbox_settings)
    victim.begin()
    refused(victim, back)


def test_a_callback_without_any_session_opens_nothing(browser: Browser) -> None:
    back = browser.at_platform(browser.begin())
    with pytest.raises(Invalid):
        browser.desk.run(browser.callback(None, state=back["state"], code=back["code"]))


def test_a_state_is_good_once_whatever_became_of_it(browser: Browser) -> None:
    back = browser.at_platform(browser.begin())
    with pytest.raises(ProviderRejected):
        browser.finish(back | {"code": "forged"})
    refused(browser, back)


def test_a_callback_seen_by_somebody_opens_nothing_a_second_time(browser: Browser) -> None:
    back = browser.at_platform(browser.begin())
    done = browser.finish(back)
    for session in (browser.session, done.session, None):
        with pytest.raises(Invalid):
            browser.desk.run(browser.callback(session, **back))


class LaxPlatform:
    """A platform that takes the same code again and again: then only our own state stands in the way."""

    async def exchange(self, code: str, *, redirect_uri: str) -> Identity:
        await asyncio.sleep(0.01)
        return Identity(
            provider="tyrz",
            subject="lax",
            kind=AccountKind.NATURAL,
            name="样例甲",
            id_type="身份证",
            id_number="440106199001010011",
            level=IdentityLevel.L2,
        )


def test_two_callbacks_at_the_same_moment_open_one_session(browser: Browser) -> None:
    back = browser.at_platform(browser.begin())
    browser.outside = replace(browser.outside, identity=LaxPlatform())  # type: ignore[arg-type]
    loaded = browser.reloaded()
    assert loaded is not None
    browser.session, browser.has_loaded = loaded, True

    async def both() -> list[Any]:
        calls = [browser.callback(browser.session, **back) for _ in range(5)]
        return await asyncio.gather(*calls, return_exceptions=True)

    results = browser.desk.run(both())
    assert sum(isinstance(each, signin.SignedIn) for each in results) == 1
    assert all(isinstance(each, signin.SignedIn | Invalid) for each in results)
    assert browser.desk.run(browser.desk.tags()).count("visitor:session:opened") == 1


def test_a_state_ends_after_ten_minutes(browser: Browser) -> None:
    back = browser.at_platform(browser.begin())
    browser.desk.clock.forward(minutes=10)
    refused(browser, back)


def test_a_visitor_who_declined_may_try_again(browser: Browser) -> None:
    back = browser.at_platform(browser.begin())
    refused(browser, {"state": back["state"]})
    assert browser.finish(browser.at_platform(browser.begin())).account.name == "温知夏"


def test_a_code_of_another_visitor_is_bound_to_their_own_state(
    browser: Browser, desk: Desk, outside: Outside, sandbox_settings: Settings
) -> None:
    """Code injection with a stolen, already used code."""
    victim = a_browser(desk, outside, sandbox_settings)
    stolen = victim.at_platform(victim.begin(), "enterprise")
    victim.finish(stolen)
    mine = browser.at_platform(browser.begin())
    with pytest.raises(ProviderRejected):
        browser.finish(mine | {"code": stolen["code"]})


def test_a_platform_that_is_away_loses_nobodys_session(browser: Browser, sandbox: Sandbox) -> None:
    back = browser.at_platform(browser.begin())
    sandbox.state.faults.switch("identity", "refuse")
    with pytest.raises(ProviderUnavailable):
        browser.finish(back)
    sandbox.state.faults.clear()
    assert browser.reloaded() is not None
    assert browser.finish(browser.at_platform(browser.begin())).account.name == "温知夏"


def test_a_few_tabs_may_sign_in_side_by_side_and_old_ones_give_way(browser: Browser) -> None:
    tabs = [browser.begin(f"/orders?tab={n}") for n in range(6)]
    kept = browser.reloaded()
    assert kept is not None
    assert len(kept.values[signin.PENDING]) == signin.MOST_PENDING
    assert browser.finish(browser.at_platform(tabs[-2])).next_path == "/orders?tab=4"


def test_neither_the_state_nor_the_way_back_can_be_read_outside(browser: Browser) -> None:
    address = browser.begin("/orders/TH20261120-ABC234")
    query = parse_qs(urlsplit(address).query)
    assert "ABC234" not in address
    kept = browser.reloaded()
    assert kept is not None
    assert query["state"][0] not in str(kept.values), "a stolen database gives no state"


def test_a_level_is_raised_and_the_visitor_comes_back(browser: Browser) -> None:
    first = browser.finish(browser.at_platform(browser.begin(), "raise_level"))
    assert first.account.level is IdentityLevel.L1
    browser.session = first.session
    address = browser.desk.run(
        signin.raise_level(
            browser.outside,  # type: ignore[arg-type]
            browser.settings,
            first.session,
            sessions=browser.desk.store.sessions,
            level=IdentityLevel.L2,
            next_path="/companies/91440106MA9W00029U/dossier",
            now=browser.desk.clock(),
        )
    )
    done = browser.finish(browser.at_platform(address, "raise_level", prove="yes"))
    assert (done.account.id, done.account.level) == (first.account.id, IdentityLevel.L2)
    assert done.next_path == "/companies/91440106MA9W00029U/dossier"


def test_signing_out_ends_our_session_and_leads_to_the_platforms_end(browser: Browser) -> None:
    done = browser.finish(browser.at_platform(browser.begin()))
    store = browser.desk.store

    def leave() -> str:
        return browser.desk.run(
            signin.sign_out(
                store,
                browser.outside,  # type: ignore[arg-type]
                browser.settings,
                done.session,
                sessions=store.sessions,
                now=browser.desk.clock(),
                trace=TRACE,
            )
        )

    address = leave()
    assert "_tif_sso_logout_" in address
    assert parse_qs(urlsplit(address).query)["redirect_uri"] == [browser.settings.base_url + "/"]
    assert browser.desk.run(store.sessions.load(done.session.id)) is None
    assert leave() == address


def test_the_level_a_raised_person_has_is_what_the_platform_says_now(browser: Browser, sandbox: Sandbox) -> None:
    sandbox.state.levels["stranger"] = IdentityLevel.L3
    done = browser.finish(browser.at_platform(browser.begin()))
    assert done.account.level is IdentityLevel.L3


EVIL = [
    "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "javascript:alert(1)", "evil", "",
    "/%2f%2fevil.example", "/%2Fevil.example", "/%5cevil.example", "/%5Cevil", "/%252fevil", "/%252f%252fevil",
    "/\tevil", "/\r\nSet-Cookie: a=b", "/%0d%0aSet-Cookie: a=b", "/ /evil", "///evil", "/\x00", " //evil", "http:/evil",
    "/" + "a" * 500, "／／evil.example", "/%00evil", "@evil.example",
]  # fmt: skip


@pytest.mark.parametrize("path", EVIL)
def test_a_way_back_that_leads_elsewhere_leads_home(path: str) -> None:
    assert signin.local_path(path) == "/"


@pytest.mark.parametrize(
    "path",
    ["/", "/orders", "/companies?q=%E5%A4%A9%E6%B2%B3%20%E8%BD%AF", "/companies?back=//x", "/a%20b", "/orders#top"],
)
def test_a_way_back_of_our_own_is_kept(path: str) -> None:
    assert signin.local_path(path) == path


@given(some.text(alphabet="/\\.%25cfevil:@?#\t\n\r a", max_size=30))
def test_no_text_makes_a_way_back_to_another_host(text: str) -> None:
    base = "https://eqicha.example/signin/callback"
    path = signin.local_path(text)
    assert urlsplit(urljoin(base, path)).netloc == "eqicha.example"
    assert not path.startswith(("//", "/\\"))


def test_the_redirect_address_is_exact(sandbox_settings: Settings) -> None:
    for base in ("https://a.example", "https://a.example/"):
        settings = Settings.model_construct(**{**dict(sandbox_settings), "base_url": base})
        assert signin.callback_address(settings) == "https://a.example/signin/callback"


def test_a_session_cannot_be_fixed_by_a_planted_cookie(browser: Browser) -> None:
    """Whatever id the browser came with, the one it leaves with is ours and new."""
    planted = replace(browser.session, id=hashlib.sha256(b"planted").hexdigest())
    browser.desk.run(browser.desk.store.sessions.create(planted))
    browser.session = planted
    done = browser.finish(browser.at_platform(browser.begin()))
    assert done.session.id != planted.id
    assert browser.reloaded() is None
