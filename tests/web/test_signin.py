"""Signing in over HTTP against the simulated platform: there and back, levels, ways it can fail, out at both ends."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from pymongo import MongoClient

from adapters.identity.tyrz import TyrzIdentity
from adapters.sandbox.server import Sandbox
from adapters.sandbox.state import FAULTS
from conf.settings import load_settings
from tests.desk import Desk
from tests.outside import choose
from tests.web.client import Page, PageClient
from tests.web.conftest import Site


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site.store, site.settings, site.app.keys, site.clock, site.run)


@pytest.fixture
def platform(site: Site) -> Iterator[Sandbox]:
    """The sandbox platform, and the service's adapter to it, on the service's own loop."""

    async def opened() -> tuple[Sandbox, TyrzIdentity]:
        box = await Sandbox(load_settings(var_dir=site.settings.var_dir), slow_seconds=1.0).start()
        settings = load_settings(
            var_dir=site.settings.var_dir, outside_connect_seconds=0.3, outside_total_seconds=0.5, **box.addresses
        )
        return box, TyrzIdentity(settings)

    box, identity = site.run(opened())
    kept, site.app.adapters = site.app.adapters, SimpleNamespace(identity=identity)
    yield box
    site.app.adapters = kept
    site.run(identity.close())
    site.run(box.stop())


def callback_of(site: Site, address: str, person: str, **more: str) -> str:
    return "/signin/callback?" + urlencode(site.run(choose(address, person, **more)))


def sign_in(site: Site, client: PageClient, person: str, *, start: str = "/signin", status: int = 303) -> Page:
    address = client.get(start, status=303).headers["location"]
    return client.get(callback_of(site, address, person), status=status)


def test_a_visitor_signs_in_and_comes_back_to_where_the_guard_stopped_them(
    site: Site, desk: Desk, platform: Sandbox
) -> None:
    client = site.visitor()
    assert client.get("/orders?after=x", status=303).headers["location"] == "/signin?level=1"
    before = None
    address = client.get("/signin?level=1", status=303).headers["location"]
    before = client.cookies["eqicha-session"]
    back = client.get(callback_of(site, address, "legal_representative"), status=303)
    assert back.headers["location"] == "/orders?after=x"
    assert client.cookies["eqicha-session"] != before
    assert "**澈" in client.get("/orders").text
    assert desk.run(desk.tags()) == ["visitor:session:opened"]


def test_the_way_back_is_never_in_the_address_and_never_leads_out(site: Site, desk: Desk, platform: Sandbox) -> None:
    for evil in ("https://evil.example/x", "//evil.example", "/\\evil.example"):
        client = site.visitor(Referer=evil)
        address = client.get(f"/signin?next={evil}", status=303).headers["location"]
        assert "evil" not in address
        assert client.get(callback_of(site, address, "stranger"), status=303).headers["location"] == "/"


def test_the_link_on_a_page_brings_back_to_that_page(site: Site, desk: Desk, platform: Sandbox) -> None:
    client = site.visitor(Referer=f"{site.url}/verify?code=x")
    assert sign_in(site, client, "stranger").headers["location"] == "/verify?code=x"


def test_a_callback_works_once_and_only_in_the_browser_it_belongs_to(site: Site, desk: Desk, platform: Sandbox) -> None:
    client = site.visitor()
    callback = callback_of(site, client.get("/signin", status=303).headers["location"], "stranger")
    other = site.visitor()
    assert "重新登录" in other.get(callback, status=400).words
    client.get(callback, status=303)
    assert "重新登录" in client.get(callback, status=400).words
    assert desk.run(desk.tags()).count("visitor:session:refused") == 2


def test_a_low_level_is_explained_raised_at_the_platform_and_the_visitor_comes_back(
    site: Site, desk: Desk, platform: Sandbox
) -> None:
    desk.run(desk.open())
    client = site.visitor()
    sign_in(site, client, "raise_level")
    address = client.get("/signin?level=3")
    assert "L3" in address.words
    assert "L1" in address.words
    raise_link = str(address.one(".eq-card a.eq-button--primary")["href"])
    at_platform = client.get(raise_link, status=303, Referer=f"{site.url}/orders?after=x").headers["location"]
    back = client.get(callback_of(site, at_platform, "raise_level", prove="yes"), status=303)
    assert back.headers["location"] == "/orders?after=x"
    assert client.get("/signin?level=2", status=303).headers["location"] == "/"


@pytest.mark.parametrize("good", [0, 1], ids=["at the token", "at the account"])
@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_platform_that_is_away_is_told_plainly_and_in_time(
    site: Site, desk: Desk, platform: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: str, good: int
) -> None:
    """The browser's own patience (3 s) is the budget: a later page fails the test."""
    client = site.visitor()
    callback = callback_of(site, client.get("/signin", status=303).headers["location"], "stranger")
    with monkeypatch.context() as now:
        away(now, platform, fault, good)
        answer = client.raw.get(callback, timeout=3)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"
    for words in ("暂时没有响应", "您的账号没有问题", "重新登录"):
        assert words in answer.text
    assert client.get("/orders", status=303)  # nobody is signed in by a fault
    assert desk.run(desk.tags()) == ["visitor:session:refused"]
    sign_in(site, client, "stranger")
    assert client.get("/orders")


def away(now: pytest.MonkeyPatch, platform: Sandbox, fault: str, good: int) -> None:
    """The platform misbehaves after `good` proper answers."""
    calls = iter(["" for _ in range(good)] + [fault] * 9)
    now.setattr(platform.state.faults, "take", lambda _system: next(calls))


def test_two_slow_answers_share_one_deadline(site: Site, desk: Desk, platform: Sandbox) -> None:
    """Each comes within the patience for one call, both together do not."""
    platform.state.slow_seconds = 0.35
    client = site.visitor()
    callback = callback_of(site, client.get("/signin", status=303).headers["location"], "stranger")
    platform.state.faults.switch("identity", "slow")
    client.get(callback, status=503)


def test_a_sub_account_signs_in_for_its_enterprise(site: Site, desk: Desk, platform: Sandbox) -> None:
    sub, main = site.visitor(), site.visitor()
    sign_in(site, sub, "sub_account")
    sign_in(site, main, "enterprise")
    with MongoClient[Any](site.settings.mongo_url) as mongo:
        rows = list(mongo[site.settings.mongo_database]["accounts"].find().sort("subject"))
    kept = [(row["subject"], row["uscc"], row["operator_name"], row["parent_subject"]) for row in rows]
    assert kept == [
        ("sample-0012", "91440106MA9W00010Y", "梁予安", ""),
        ("sample-0013", "91440106MA9W00010Y", "柳闻笛", "sample-0012"),
    ]


def test_a_refused_code_says_so_and_offers_another_try(site: Site, desk: Desk, platform: Sandbox) -> None:
    client = site.visitor()
    address = client.get("/signin", status=303).headers["location"]
    query: dict[str, Any] = site.run(choose(address, "stranger"))
    page = client.get("/signin/callback?" + urlencode(query | {"code": "made-up"}), status=502)
    assert page.all('a[href="/signin"].eq-button')
    declined = site.visitor()
    address = declined.get("/signin", status=303).headers["location"]
    query = site.run(choose(address, "stranger"))
    assert (
        "没有在统一身份认证平台完成登录"
        in declined.get("/signin/callback?" + urlencode({"state": query["state"]}), status=400).words
    )


def test_signing_out_ends_both_sessions(site: Site, desk: Desk, platform: Sandbox) -> None:
    client = site.visitor()
    sign_in(site, client, "stranger")
    token = client.cookies["eqicha-session"]
    answer = client.submit(client.get("/orders"), ".eq-nav__form")
    out = urlsplit(answer.headers["location"])
    assert out.path.endswith("_tif_sso_logout_/")
    thief = site.visitor()
    thief.set_cookie("eqicha-session", token)
    assert thief.get("/orders", status=303).headers["location"] == "/signin?level=1"
    client.post("/signout")
    assert desk.run(desk.tags()) == ["visitor:session:opened", "visitor:session:closed"]


def test_who_is_signed_in_already_goes_straight_back(site: Site, desk: Desk, platform: Sandbox) -> None:
    client = site.visitor()
    sign_in(site, client, "stranger")
    assert client.get("/signin", status=303).headers["location"] == "/"
