"""Arriving from 穗好办, 粤商通 and the portal over HTTP: the page asked for, every refusal, the layout, the record."""

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from adapters.entry.tickets import AppTickets
from adapters.identity.tyrz import TyrzIdentity
from adapters.sandbox.people import sample_person
from adapters.sandbox.server import Sandbox
from conf.clock import utc_now
from conf.settings import load_settings
from conf.terms import Channel, EntryPoint
from store.records import Order
from tests.access import cases
from tests.desk import Desk
from tests.outside import choose, opened_in
from tests.web.client import Page, PageClient
from tests.web.conftest import Site
from tests.web.test_kiosk import KEY
from tests.web.test_orders import CONSENT

TASK = "11440106000000000X4440000000001"
APP_BROWSER = "Mozilla/5.0 (Linux; Android 14) Mobile shb/5.1 yst/3.0"


@pytest.fixture
def desk(site: Site) -> Desk:
    made = Desk(site.store, site.settings, site.app.keys, site.clock, site.run)
    made.run(made.open())
    return made


@pytest.fixture
def outer(site: Site) -> Iterator[Sandbox]:
    """The simulated apps and platform, and the service's adapters to them, on the service's own loop."""

    async def opened() -> tuple[Sandbox, TyrzIdentity, AppTickets]:
        box = await Sandbox(load_settings(var_dir=site.settings.var_dir), slow_seconds=1.0).start()
        settings = load_settings(
            var_dir=site.settings.var_dir, outside_connect_seconds=0.3, outside_total_seconds=0.5, **box.addresses
        )
        return box, TyrzIdentity(settings), AppTickets(settings)

    box, identity, entry = site.run(opened())
    kept, site.app.adapters = site.app.adapters, SimpleNamespace(identity=identity, entry=entry)
    yield box
    site.app.adapters = kept
    site.run(identity.close())
    site.run(entry.close())
    site.run(box.stop())


def address(site: Site, outer: Sandbox, app: str = "shb", person: str = "stranger", **more: Any) -> str:
    """Path and query an app opens, with a fresh ticket."""
    parts = urlsplit(site.run(opened_in(outer.url, app, person, **more)))
    return f"{parts.path}?{parts.query}"


def arrive(site: Site, outer: Sandbox, app: str = "shb", **more: Any) -> PageClient:
    """A webview somebody has arrived in."""
    client = site.visitor()
    client.get(address(site, outer, app, **more), status=303)
    return client


def ordered(client: PageClient, desk: Desk) -> Order:
    """The visitor orders the machine-readable extract, which everybody may."""
    page = client.get(f"/companies/{cases.USCC}/order?extract=1")
    path = client.submit(page, "form.eq-order__form", CONSENT | {"extract": "1"}).headers["location"]
    return desk.run(desk.store.orders.by_no(path.rpartition("/")[2]))


def is_let_out(client: PageClient) -> bool:
    """Nobody is signed in at this browser."""
    return client.get("/orders", status=303).headers["location"] == "/signin?level=1"


@pytest.mark.parametrize("app", ["shb", "yst"])
def test_the_visitor_lands_signed_in_on_the_page_asked_for_and_the_ticket_is_gone(
    site: Site, desk: Desk, outer: Sandbox, app: str
) -> None:
    client = site.visitor()
    back = client.get(address(site, outer, app, to="/orders?after=x"), status=303)
    assert back.headers["location"] == "/orders?after=x"
    assert back.headers["referrer-policy"] == "no-referrer"
    assert back.headers["cache-control"] == "no-store"
    page = client.get("/orders")
    assert "**夏" in page.text
    assert desk.run(desk.tags()) == ["visitor:account:linked", "visitor:session:opened"]


@pytest.mark.parametrize(
    "evil", ["https://evil.example/x", "//evil.example", "/\\evil.example", "/%2f%2fevil", "javascript:alert(1)", "x"]
)
def test_no_address_leads_out(site: Site, outer: Sandbox, evil: str) -> None:
    assert site.visitor().get(address(site, outer, to=evil), status=303).headers["location"] == "/"


def test_the_session_has_a_new_id_and_the_one_before_is_dead(site: Site, desk: Desk, outer: Sandbox) -> None:
    before = site.signed_in(desk.run(desk.account("shareholder")))
    same = site.visitor()
    same.set_cookie("eqicha-session", before.cookies["eqicha-session"])
    same.get(address(site, outer), status=303)
    assert same.cookies["eqicha-session"] != before.cookies["eqicha-session"]
    assert is_let_out(before)
    assert "**夏" in same.get("/orders").text


def refused(client: PageClient, path: str, *, status: int = 403) -> Page:
    """A refusal says why and offers the way in that always works; nobody is signed in by it."""
    page = client.get(path, status=status)
    assert page.h1 == "没有登录成功"
    assert page.one("main a[href='/signin']").get_text(strip=True) == "通过统一身份认证登录"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "ticket" not in "".join(str(link) for link in page.all("a, form, link, script")), "it goes nowhere from here"
    assert is_let_out(client)
    return page


def test_a_ticket_used_before_is_refused(site: Site, desk: Desk, outer: Sandbox) -> None:
    path = address(site, outer)
    site.visitor().get(path, status=303)
    assert "只能用一次" in refused(site.visitor(), path).words
    assert desk.run(desk.tags())[-1] == "visitor:entry:refused"


def test_a_ticket_of_the_other_app_is_refused(site: Site, outer: Sandbox) -> None:
    path = address(site, outer, "shb").replace("/enter/shb", "/enter/yst")
    assert "不是粤商通签发给本服务的" in refused(site.visitor(), path).words


def test_a_ticket_older_than_a_minute_is_refused(site: Site, outer: Sandbox) -> None:
    path = address(site, outer)
    outer.state.clock = lambda: utc_now() + timedelta(seconds=61)
    assert "60 秒" in refused(site.visitor(), path).words


@pytest.mark.parametrize("ticket", ["", "forged", "f" * 43, "%00", "<script>", "a" * 400])
def test_a_forged_ticket_is_refused(site: Site, outer: Sandbox, ticket: str) -> None:
    refused(site.visitor(), f"/enter/shb?ticket={ticket}")


def test_a_repeated_ticket_parameter_is_no_ticket(site: Site, outer: Sandbox) -> None:
    path = address(site, outer)
    site.visitor().get(f"{path}&ticket=x", status=400)
    site.visitor().get(path, status=303)


def test_a_number_the_app_gave_to_somebody_else_is_explained_without_telling_whose(
    site: Site, outer: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.sandbox.entry.external_id", lambda app, person: "reused-1")
    arrive(site, outer, person="lawyer", is_bound=False)
    page = refused(site.visitor(), address(site, outer, is_bound=False))
    assert "不一致" in page.words
    assert sample_person("lawyer").name[-1] not in page.words


@pytest.mark.parametrize("fault", ["refuse", "hang", "500", "html", "truncated", "garbage", "lost"])
def test_an_app_that_is_away_leaves_another_way_in_that_leads_to_the_same_page(
    site: Site, desk: Desk, outer: Sandbox, fault: str
) -> None:
    path = address(site, outer, to="/verify?code=x")
    outer.state.faults.switch("shb", fault)
    client = site.visitor()
    page = refused_for_now(client, path)
    assert "穗好办暂时没有响应" in page.words
    platform = client.get("/signin", status=303).headers["location"]
    back = "/signin/callback?" + urlencode(site.run(choose(platform, "stranger")))
    assert client.get(back, status=303).headers["location"] == "/verify?code=x"


def refused_for_now(client: PageClient, path: str) -> Page:
    page = client.get(path, status=503)
    assert page.headers["retry-after"] == "30"
    assert page.one("main a[href='/signin']")
    return page


def test_an_order_says_through_which_door_it_came(site: Site, desk: Desk, outer: Sandbox) -> None:
    order = ordered(arrive(site, outer, "yst"), desk)
    assert order.channel is Channel.YST
    assert order.entry is not None
    assert (order.entry.point, order.entry.task_code) == (EntryPoint.YST, "EQC-YST-01")
    waiting = desk.run(desk.store.outbox.recent(order.no))
    assert [message.reference for message in waiting] == [f"{order.no}.submitted.progress"]


def test_inside_an_app_there_is_no_header_of_ours_and_every_page_can_be_reached(site: Site, outer: Sandbox) -> None:
    client = arrive(site, outer)
    for path in ("/", "/orders", "/verify", "/help", "/companies?q=样例", "/no-such-page"):
        page = client.get(path, status=404 if "no-such" in path else 200)
        assert page.all("header, .eq-header, .eq-footer, form[action='/signout']") == []
        assert "eq-page--webview" in page.one("html")["class"]
        assert [link["href"] for link in page.all(".eq-tabs a")] == ["/", "/orders", "/verify"]
        assert "**夏" in page.one(".eq-webview-foot").get_text()


def test_an_address_or_a_header_alone_makes_no_channel(site: Site, desk: Desk, outer: Sandbox) -> None:
    client = site.visitor(User_Agent=APP_BROWSER)
    for path in ("/?channel=shb", "/?app=yst&from=shb", "/enter/shb/"):
        page = client.get(path, status=404 if "enter" in path else 200)
        assert page.all(".eq-header")
        assert "eq-page--webview" not in page.one("html")["class"]


def test_the_channel_stays_through_raising_the_level_and_so_does_the_door(
    site: Site, desk: Desk, outer: Sandbox
) -> None:
    client = arrive(site, outer, person="raise_level")
    platform = client.get("/signin/raise?level=2", status=303).headers["location"]
    client.get("/signin/callback?" + urlencode(site.run(choose(platform, "raise_level", prove="yes"))), status=303)
    order = ordered(client, desk)
    assert (order.channel, order.entry and order.entry.point) == (Channel.SHB, EntryPoint.SHB)


def test_the_portals_visitor_signs_in_and_lands_on_the_page_with_the_task_remembered(
    site: Site, desk: Desk, outer: Sandbox
) -> None:
    client = site.visitor()
    platform = client.get(f"/enter/portal?sxbm={TASK}&to=/orders", status=303)
    assert urlsplit(platform.headers["location"]).path.endswith("/authorize")
    assert TASK not in platform.headers["location"]
    back = client.get(
        "/signin/callback?" + urlencode(site.run(choose(platform.headers["location"], "stranger"))), status=303
    )
    assert back.headers["location"] == "/orders"
    assert client.get("/orders").all(".eq-header"), "the portal is a web site: our own layout"
    order = ordered(client, desk)
    assert order.channel is Channel.PC
    assert order.entry is not None
    assert (order.entry.point, order.entry.task_code) == (EntryPoint.PORTAL, TASK)


@pytest.mark.parametrize("code", ["", "NO-SUCH", TASK + "x", "<script>"])
def test_the_portals_link_without_a_task_of_ours_is_explained(
    site: Site, desk: Desk, outer: Sandbox, code: str
) -> None:
    assert "事项编码" in refused(site.visitor(), f"/enter/portal?sxbm={code}", status=400).words
    assert desk.run(desk.tags()) == ["visitor:entry:refused"]


def test_who_came_by_themselves_orders_without_an_entry(site: Site, desk: Desk, outer: Sandbox) -> None:
    client = site.visitor()
    platform = client.get("/signin", status=303).headers["location"]
    client.get("/signin/callback?" + urlencode(site.run(choose(platform, "stranger"))), status=303)
    order = ordered(client, desk)
    assert order.entry is None
    assert desk.run(desk.store.outbox.recent(order.no)) == ()


def test_a_kiosk_is_no_app(site: Site, outer: Sandbox) -> None:
    site.run(site.store.terminals.register("k1", "政务中心1号机（样例）", "一楼", KEY))
    client = site.visitor()
    client.submit(client.get("/kiosk/enrol"), "main form", {"key": KEY}, status=200)
    client.get(address(site, outer), status=404)
    assert outer.state.calls["shb"] == 0


def test_looking_spends_no_ticket(site: Site, outer: Sandbox) -> None:
    path = address(site, outer)
    client = site.visitor()
    assert client.raw.head(path).status_code == 200
    assert "eqicha-session" not in client.cookies
    client.get(path, status=303)


def test_tickets_cannot_be_guessed_at_leisure(site: Site, outer: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site.app, "conf", site.settings.model_copy(update={"entry_per_minute": 3}))
    client = site.visitor()
    codes = [client.raw.get(f"/enter/shb?ticket={'f' * 42}{n}").status_code for n in range(4)]
    assert codes == [403, 403, 403, 429]
    assert outer.state.calls["shb"] == 3


def test_the_ticket_is_in_no_log_line(site: Site, outer: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    path = address(site, outer)
    ticket = path.partition("ticket=")[2].partition("&")[0]
    client = site.visitor()
    client.get(path, status=303)
    client.get(path, status=403)
    said = capsys.readouterr()
    assert "outside_call" in said.out + said.err, "the log is what is looked at"
    assert ticket not in said.out + said.err
