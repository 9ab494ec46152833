"""The kiosk: enrolled once, one layout, and nothing of a visit left behind."""

import pytest

from conf.terms import AuditTag, Channel
from tests.web.client import PageClient
from tests.web.conftest import Site
from tests.web.things import an_account

KEY = "terminal-key-样例".encode().hex()


@pytest.fixture
def machine(site: Site) -> PageClient:
    """A browser enrolled as terminal k1."""
    site.run(site.store.terminals.register("k1", "政务中心1号机（样例）", "一楼", KEY))
    browser = site.visitor()
    page = browser.get("/kiosk/enrol")
    assert "政务中心1号机" in browser.submit(page, "main form", {"key": KEY}, status=200).words
    return browser


def test_a_wrong_key_enrols_nothing(site: Site) -> None:
    browser = site.visitor()
    page = browser.submit(browser.get("/kiosk/enrol"), "main form", {"key": "guess"}, status=422)
    assert page.one("#f-key")["aria-invalid"] == "true"
    assert "eqicha-terminal" not in browser.cookies


def test_keys_cannot_be_guessed_at_leisure(site: Site) -> None:
    browser = site.visitor()
    codes = [
        browser.raw.post("/kiosk/enrol", data={"_xsrf": browser.token, "key": f"{n}"}).status_code for n in range(11)
    ]
    assert codes == [422] * 10 + [429]


def test_an_enrolled_machine_shows_the_kiosk_with_its_way_out_on_each_page(machine: PageClient) -> None:
    for path in ("/", "/companies?q=样例", "/help", "/about"):
        page = machine.get(path)
        assert page.one("form[action='/kiosk/end'] button").get_text() == "退出并清除"
        assert page.one("[data-eq-idle]")["data-eq-idle"] == "60"
        assert 'http-equiv="refresh" content="60' in page.text
        assert page.headers["cache-control"] == "no-store"


def test_the_end_drops_the_session_empties_the_browser_and_leaves_proof(site: Site, machine: PageClient) -> None:
    visit = site.signed_in(an_account(site), channel=Channel.KIOSK)
    machine.set_cookie("eqicha-session", visit.cookies["eqicha-session"])
    page = machine.get("/")
    assert page.all(".eq-kiosk-footer__who")
    gone = machine.submit(page, "form[action='/kiosk/end']", status=200)
    assert not gone.all(".eq-kiosk-footer__who")
    assert gone.headers["clear-site-data"] == '"cache", "storage"'
    assert "eqicha-terminal" in machine.cookies
    assert "eqicha-session" not in machine.cookies
    assert not visit.get("/").all(".eq-nav__who")
    assert [event.tag for event in site.run(_events(site))] == [AuditTag.KIOSK_WIPED]


def test_a_page_without_script_goes_to_the_end_by_itself(machine: PageClient) -> None:
    page = machine.get("/kiosk/idle")
    assert page.h1 == "已退出并清除"
    assert "clear-site-data" in page.headers


def test_an_idle_kiosk_session_ends_on_the_server_too(site: Site, machine: PageClient) -> None:
    visit = site.signed_in(an_account(site), channel=Channel.KIOSK)
    machine.set_cookie("eqicha-session", visit.cookies["eqicha-session"])
    site.clock.forward(seconds=site.settings.kiosk_idle_seconds + 1)
    assert not machine.get("/").all(".eq-kiosk-footer__who")


def test_going_on_keeps_the_session(site: Site, machine: PageClient) -> None:
    visit = site.signed_in(an_account(site), channel=Channel.KIOSK)
    machine.set_cookie("eqicha-session", visit.cookies["eqicha-session"])
    for _ in range(3):
        site.clock.forward(seconds=site.settings.kiosk_idle_seconds - 5)
        machine.get("/kiosk/stay", status=204)
    assert machine.get("/").all(".eq-kiosk-footer__who")


def test_a_retired_machine_is_an_ordinary_browser(site: Site, machine: PageClient) -> None:
    site.run(site.store.terminals.retire("k1"))
    site.clock.forward(minutes=2)
    assert machine.get("/").all(".eq-header")


def test_the_kiosk_addresses_do_nothing_elsewhere(site: Site) -> None:
    browser = site.visitor()
    browser.post("/kiosk/end", status=404)
    browser.get("/kiosk/idle", status=404)


async def _events(site: Site) -> object:
    await site.store.audit.sequence("test")
    return await site.store.audit.events()
