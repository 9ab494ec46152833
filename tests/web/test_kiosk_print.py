"""A copy at a kiosk: printed from the machine's own page, guarded and recorded like a download, or taken by phone."""

import pytest

from conf.terms import Channel, OrderStatus
from store.records import Account, AuditEvent, Order
from tests.desk import PDF, Desk
from tests.web.client import PageClient
from tests.web.conftest import Site
from tests.web.test_kiosk import machine as machine
from tests.web.test_orders import desk as desk
from tests.web.test_orders import ready

pytestmark = pytest.mark.usefixtures("machine")


def at_the_kiosk(site: Site, machine: PageClient, account: Account) -> PageClient:
    """The enrolled machine with `account` signed in."""
    visit = site.signed_in(account, channel=Channel.KIOSK)
    machine.set_cookie("eqicha-session", visit.cookies["eqicha-session"])
    return machine


def head(desk: Desk) -> tuple[Account, Order]:
    """The legal representative and a finished order of theirs."""
    account = desk.run(desk.account("legal_representative"))
    return account, ready(desk, account)


def handed_out(desk: Desk) -> list[AuditEvent]:
    desk.run(desk.store.audit.sequence("test"))
    events = desk.run(desk.store.audit.events(batch=1000))
    return [event for event in events if event.tag.value == "copy:file:downloaded"]


def test_a_kiosk_offers_paper_and_the_phone_and_leaves_no_file(site: Site, machine: PageClient, desk: Desk) -> None:
    account, order = head(desk)
    page = at_the_kiosk(site, machine, account).get(f"/orders/{order.no}", fragment=True)
    assert page.one(".eq-button--primary")["href"] == f"/orders/{order.no}/print"
    assert not page.all(f"a[href='/orders/{order.no}/copy']"), "a file kept on a public machine outlives the wipe"
    assert page.one(".eq-qr svg")
    assert not site.signed_in(account).get(f"/orders/{order.no}").all(".eq-qr, a[href$='/print']")


def test_the_print_page_keeps_the_kiosk_around_the_file(site: Site, machine: PageClient, desk: Desk) -> None:
    account, order = head(desk)
    page = at_the_kiosk(site, machine, account).get(f"/orders/{order.no}/print")
    assert page.one("iframe")["src"] == f"/orders/{order.no}/print/copy"
    assert page.one("iframe")["title"]
    assert page.one("form[action='/kiosk/end'] button").get_text() == "退出并清除"
    assert 'http-equiv="refresh" content="60; url=/kiosk/idle"' in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert handed_out(desk) == [], "looking at the page prints nothing yet"


def test_what_is_printed_is_the_sealed_file_and_is_on_record_as_print(
    site: Site, machine: PageClient, desk: Desk
) -> None:
    account, order = head(desk)
    answer = at_the_kiosk(site, machine, account).raw.get(f"/orders/{order.no}/print/copy")
    assert answer.content == PDF + order.no.encode()
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("inline;")
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    (event,) = handed_out(desk)
    assert (event.outcome, event.channel) == ("print", Channel.KIOSK)
    assert event.fields["order_no"] == order.no
    assert desk.run(desk.store.orders.by_no(order.no)).status == OrderStatus.DOWNLOADED


@pytest.mark.parametrize("tail", ["print", "print/copy"])
def test_printing_is_guarded_like_a_download(site: Site, machine: PageClient, desk: Desk, tail: str) -> None:
    account, order = head(desk)
    path = f"/orders/{order.no}/{tail}"
    nobody = machine.raw.get(path)
    assert nobody.status_code == 303
    assert nobody.headers["location"].startswith("/signin")
    assert site.signed_in(account).raw.get(path).status_code == 404, "only at a kiosk"
    stranger = at_the_kiosk(site, machine, desk.run(desk.account("stranger")))
    assert stranger.raw.get(path).status_code == 404
    assert handed_out(desk) == []


@pytest.mark.parametrize("tail", ["print", "print/copy"])
def test_nothing_is_printed_after_its_term_and_the_page_says_so(
    site: Site, machine: PageClient, desk: Desk, tail: str
) -> None:
    account, order = head(desk)
    desk.clock.now = desk.run(desk.store.copies.by_order(order.no)).download_until
    page = at_the_kiosk(site, machine, account).raw.get(f"/orders/{order.no}/{tail}")
    assert page.status_code == 409
    assert "下载期已过" in page.text
    assert handed_out(desk) == []


def test_asking_about_a_print_is_not_printing(site: Site, machine: PageClient, desk: Desk) -> None:
    account, order = head(desk)
    assert at_the_kiosk(site, machine, account).raw.head(f"/orders/{order.no}/print/copy").status_code == 405
    assert handed_out(desk) == []


def test_the_phone_must_sign_in_by_itself_and_comes_to_the_order(site: Site, desk: Desk) -> None:
    account, order = head(desk)
    phone = site.visitor(User_Agent="Mobile")
    asked = phone.raw.get(f"/orders/{order.no}")
    assert asked.status_code == 303
    assert asked.headers["location"].startswith("/signin")
    assert order.company_name not in asked.text
    assert site.signed_in(account, channel=Channel.MOBILE).get(f"/orders/{order.no}").all(f"a[href$='{order.no}/copy']")


def test_no_page_of_the_kiosk_leads_to_a_file_without_a_way_back(machine: PageClient) -> None:
    assert not machine.get("/verify").all("a[href*='well-known']")
