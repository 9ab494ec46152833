"""Signing in with an electronic licence over HTTP: shown, scanned, confirmed in the same browser, once."""

import asyncio
import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from adapters.identity.tyrz import TyrzIdentity
from adapters.licence.platform import LicencePlatform
from adapters.sandbox.licence import token
from adapters.sandbox.server import Sandbox
from adapters.sandbox.state import FAULTS
from conf.errors import Invalid
from conf.settings import load_settings
from conf.terms import AccountKind, IdentityLevel
from handlers.flows import licence_signin as flow
from handlers.flows.signin import SignedIn
from tests.desk import TRACE, Desk
from tests.web.client import Page, PageClient
from tests.web.conftest import Site

USCC, NAME = "91440106MA9W00010Y", "广州澈穹砺软件有限公司"
OTHER = {"uscc": "91440106MA9W00029U", "name": "广州䶮岚瑾贸易有限公司", "operator": "邝思远"}


@pytest.fixture
def desk(site: Site) -> Desk:
    made = Desk(site.store, site.settings, site.app.keys, site.clock, site.run)
    made.run(made.open())
    return made


@pytest.fixture
def platform(site: Site) -> Iterator[Sandbox]:
    """The simulated platform, calling this service back; both on the service's clock."""

    async def opened() -> Sandbox:
        settings = load_settings(var_dir=site.settings.var_dir, base_url=site.url)
        return await Sandbox(settings, clock=site.clock, slow_seconds=0.2).start()

    box = site.run(opened())
    licence = LicencePlatform(load_settings(var_dir=site.settings.var_dir, **box.addresses))
    identity = site.run(opened_identity(site))
    made = SimpleNamespace(licence=licence, callbacks={"licence": licence}, identity=identity)
    kept, site.app.adapters = site.app.adapters, made
    yield box
    site.app.adapters = kept
    site.run(identity.close())
    site.run(box.stop())


async def opened_identity(site: Site) -> TyrzIdentity:
    return TyrzIdentity(site.settings)


def address_of(page: Page) -> str:
    """What the code on the page holds (the same stands in the link for phones)."""
    (link,) = page.all("#licence-scan a[href*='/authorise']")
    return str(link["href"])


def ticket_of(page: Page) -> str:
    return parse_qs(urlsplit(address_of(page)).query)["ticket"][0]


def scan(address: str, uscc: str = USCC) -> httpx.Response:
    """What the enterprise's phone does: open the address, authorise (or not, with no code)."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    with httpx.Client(trust_env=False, timeout=15) as phone:
        assert phone.get(address).status_code == 200
        return phone.post(address.partition("?")[0], data={**query, "uscc": uscc})


def told(site: Site, box: Sandbox, ticket: str, chosen: dict[str, str] | None, **changes: Any) -> httpx.Response:
    """A call as the platform would make it, signed with its key."""
    body = json.dumps({"token": token(box.state, ticket, chosen, **changes)})
    return httpx.post(f"{site.url}/callbacks/licence", content=body, trust_env=False)


def confirm(client: PageClient, page: Page, phone: httpx.Response, *, status: int = 303) -> Page:
    """What the page asks for: the number the phone shows."""
    code = re.findall(r'id="code">(\d{6})<', phone.text)
    sent = {"code": code[0]} if code else {}
    return client.submit(page, "form[action='/signin/licence/confirm']", sent, status=status)


def is_signed_in(client: PageClient) -> bool:
    return client.raw.get("/orders").status_code == 200


def test_scanned_and_confirmed_the_visitor_is_the_enterprise_itself(site: Site, desk: Desk, platform: Sandbox) -> None:
    client = site.visitor()
    assert client.get(f"/companies/{USCC}/dossier", status=303).headers["location"].startswith("/signin")
    page = client.get("/signin/licence")
    assert page.all(".eq-qr svg")
    before = client.cookies["eqicha-session"]
    phone = scan(address_of(page))
    assert "已授权" in phone.text
    waiting = client.get("/signin/licence?wait=1")
    assert NAME in waiting.words
    assert "**安" not in page.words
    assert "**安" in waiting.words
    assert "梁予安" not in waiting.text
    assert not is_signed_in(client), "nobody is signed in before somebody read which enterprise it is"
    assert confirm(client, waiting, phone).headers["location"] == f"/companies/{USCC}/dossier"
    assert client.cookies["eqicha-session"] != before
    assert client.get(f"/companies/{USCC}/dossier").status == 200
    assert desk.run(desk.tags())[-2:] == ["visitor:session:opened", "dossier:listing:viewed"]
    thief = site.visitor()
    thief.set_cookie("eqicha-session", before)
    assert not is_signed_in(thief)


def test_the_account_is_a_body_of_level_two_with_its_operator_masked(site: Site, desk: Desk, platform: Sandbox) -> None:
    client = site.visitor()
    phone = scan(address_of(client.get("/signin/licence")))
    confirm(client, client.get("/signin/licence"), phone)
    session = site.run(site.app.sessions.load(digest(client)))
    account = site.run(site.store.accounts.by_id(session.account_id))
    assert (account.kind, account.level, account.uscc) == (AccountKind.LEGAL, IdentityLevel.L2, USCC)
    assert (account.provider, account.name, account.operator_name) == ("licence", NAME, "**安")


def digest(client: PageClient) -> str:
    from store.sessions import session_id

    return session_id(client.cookies["eqicha-session"])


def test_the_page_keeps_its_code_while_nothing_happens(site: Site, platform: Sandbox) -> None:
    client = site.visitor()
    first = client.get("/signin/licence")
    assert first.all("noscript meta[http-equiv=refresh]")
    assert client.get("/signin/licence?wait=1", fragment=True, status=204).text == ""
    assert ticket_of(client.get("/signin/licence")) == ticket_of(first)
    scan(address_of(first))
    fragment = client.get("/signin/licence?wait=1", fragment=True)
    assert fragment.all("form[action='/signin/licence/confirm']")
    assert not fragment.all("[hx-get]"), "the page stops asking"


def test_another_browser_gets_nothing_of_it(site: Site, desk: Desk, platform: Sandbox) -> None:
    shown, stranger = site.visitor(), site.visitor()
    page = shown.get("/signin/licence")
    phone = scan(address_of(page))
    found = shown.get("/signin/licence?wait=1")
    scan_id = str(found.one("input[name=scan]")["value"])
    other = stranger.get("/signin/licence")
    assert NAME not in other.text
    assert ticket_of(other) != ticket_of(page)
    answer = stranger.post("/signin/licence/confirm", {"scan": scan_id}, status=400)
    assert "已经失效" in answer.words
    assert not is_signed_in(stranger)
    nobody = site.visitor()
    nobody.post("/signin/licence/confirm", {"scan": scan_id}, status=400)
    assert confirm(shown, found, phone).status == 303
    assert desk.run(desk.tags()).count("visitor:session:refused") == 2


def test_what_is_confirmed_is_what_was_shown(site: Site, platform: Sandbox) -> None:
    """A scan that came after the one on the page is not signed in with by the old page's button."""
    client = site.visitor()
    scan(address_of(client.get("/signin/licence")))
    client.get("/signin/licence?wait=1")
    client.post("/signin/licence/confirm", {"scan": "0" * 64}, status=400)
    assert not is_signed_in(client)


def test_an_authorisation_is_good_once(site: Site, desk: Desk, platform: Sandbox) -> None:
    client = site.visitor()
    page = client.get("/signin/licence")
    phone = scan(address_of(page))
    found = client.get("/signin/licence?wait=1")
    scan_id, before = str(found.one("input[name=scan]")["value"]), client.cookies["eqicha-session"]
    confirm(client, found, phone)
    old = site.visitor()
    old.set_cookie("eqicha-session", before)
    old.post("/signin/licence/confirm", {"scan": scan_id}, status=400)
    again = told(site, platform, ticket_of(page), {"uscc": USCC, "name": NAME, "operator": "梁予安"}, jti="EL-another")
    assert again.json()["code"] == "0"
    old.post("/signin/licence/confirm", {"scan": scan_id}, status=400)
    assert not is_signed_in(old)
    assert desk.run(desk.tags()).count("visitor:session:opened") == 1


def test_the_first_word_about_a_ticket_counts(site: Site, platform: Sandbox) -> None:
    client = site.visitor()
    page = client.get("/signin/licence")
    scan(address_of(page))
    assert told(site, platform, ticket_of(page), OTHER, jti="EL-second-word").status_code == 200
    found = client.get("/signin/licence?wait=1")
    assert NAME in found.words
    assert OTHER["name"] not in found.words


def test_a_code_lives_five_minutes(site: Site, platform: Sandbox) -> None:
    client = site.visitor()
    page = client.get("/signin/licence")
    site.clock.forward(minutes=5)
    assert "已经过期" in client.get("/signin/licence?wait=1").words
    assert "过期" in httpx.get(address_of(page), trust_env=False).text
    told(site, platform, ticket_of(page), OTHER)
    late = client.get("/signin/licence?wait=1")
    assert "已经过期" in late.words, "authorised after its time: it is worth nothing"
    assert ticket_of(client.get("/signin/licence")) != ticket_of(page)


def test_authorised_at_the_last_moment_leaves_time_to_read_but_not_for_ever(site: Site, platform: Sandbox) -> None:
    client = site.visitor()
    page = client.get("/signin/licence")
    site.clock.forward(minutes=4, seconds=58)
    phone = scan(address_of(page))
    site.clock.forward(minutes=1)
    found = client.get("/signin/licence?wait=1")
    assert NAME in found.words
    site.clock.forward(minutes=2)
    confirm(client, found, phone, status=400)
    assert not is_signed_in(client)


def test_refused_on_the_phone_is_said_in_plain_words(site: Site, platform: Sandbox) -> None:
    client = site.visitor()
    page = client.get("/signin/licence")
    assert "已拒绝" in scan(address_of(page), uscc="").text
    assert "没有同意授权" in client.get("/signin/licence?wait=1").words
    assert ticket_of(client.get("/signin/licence")) != ticket_of(page)


def test_not_me_signs_nobody_in_and_is_on_record(site: Site, desk: Desk, platform: Sandbox) -> None:
    client = site.visitor()
    phone = scan(address_of(client.get("/signin/licence")))
    found = client.get("/signin/licence?wait=1")
    client.submit(found, "form[action='/signin/licence/cancel']")
    confirm(client, found, phone, status=400)
    assert not is_signed_in(client)
    refusals = [e.fields["ground"] for e in desk.run(events(desk)) if e.tag.value == "visitor:session:refused"]
    assert refusals == ["cancelled", "state"]


async def events(desk: Desk) -> Any:
    await desk.store.audit.sequence("test")
    return await desk.store.audit.events(batch=100)


def test_a_form_of_another_site_confirms_nothing(site: Site, platform: Sandbox) -> None:
    client = site.visitor()
    scan(address_of(client.get("/signin/licence")))
    found = client.get("/signin/licence?wait=1")
    scan_id = str(found.one("input[name=scan]")["value"])
    assert client.raw.post("/signin/licence/confirm", data={"scan": scan_id}).status_code == 403
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "changes",
    [{"iss": "https://evil.example"}, {"aud": "another"}, {"iat": 1, "exp": 100}, {"nonce": "short"}, {"sub": "x"}],
)
def test_a_call_that_is_not_right_changes_nothing(
    site: Site, desk: Desk, platform: Sandbox, changes: dict[str, Any]
) -> None:
    client = site.visitor()
    page = client.get("/signin/licence")
    answer = told(site, platform, ticket_of(page), OTHER, **changes)
    assert (answer.status_code, answer.json()["code"]) == (401, "1")
    assert client.get("/signin/licence?wait=1", fragment=True, status=204).status == 204
    assert desk.run(desk.tags()) == ["callback:event:refused"]


def test_the_same_call_twice_is_taken_twice_and_counts_once(site: Site, desk: Desk, platform: Sandbox) -> None:
    client = site.visitor()
    page = client.get("/signin/licence")
    body = json.dumps({"token": token(platform.state, ticket_of(page), OTHER)})
    for _ in range(3):
        answer = httpx.post(f"{site.url}/callbacks/licence", content=body, trust_env=False)
        assert answer.json()["code"] == "0"
    assert desk.run(desk.tags()) == ["callback:event:received"]
    assert OTHER["name"] in client.get("/signin/licence?wait=1").words


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_platform_never_signs_in_twice_and_the_phone_may_try_again(
    site: Site, desk: Desk, platform: Sandbox, fault: str
) -> None:
    client = site.visitor()
    page = client.get("/signin/licence")
    address = address_of(page)
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    platform.state.faults.switch("licence", fault, times=1)
    with httpx.Client(trust_env=False, timeout=1.0) as phone:
        try:
            with phone.stream("POST", address.partition("?")[0], data={**query, "uscc": USCC}) as answer:
                next(answer.iter_raw(), b"")
        except httpx.HTTPError:
            pass
    platform.state.faults.clear()
    again = scan(address)
    assert "已授权" in again.text
    assert confirm(client, client.get("/signin/licence?wait=1"), again).status == 303
    tags = desk.run(desk.tags())
    assert tags.count("callback:event:received") == 1
    assert tags.count("visitor:session:opened") == 1


def test_no_name_and_no_ticket_is_stored_in_clear(site: Site, desk: Desk, platform: Sandbox) -> None:
    from pymongo import MongoClient

    client = site.visitor()
    page = client.get("/signin/licence")
    phone = scan(address_of(page))
    confirm(client, client.get("/signin/licence?wait=1"), phone)
    with MongoClient[Any](site.settings.mongo_url) as mongo:
        database = mongo[site.settings.mongo_database]
        names = [name for name in database.list_collection_names() if not name.startswith("system.")]
        stored = [str(row) for name in names for row in database[name].find()]
    assert not [row for row in stored if "梁予安" in row or ticket_of(page) in row]


def test_signing_out_ends_here_and_asks_no_other_platform(site: Site, platform: Sandbox) -> None:
    client = site.visitor()
    phone = scan(address_of(client.get("/signin/licence")))
    confirm(client, client.get("/signin/licence?wait=1"), phone)
    assert client.get("/signin/licence", status=303).headers["location"] == "/"
    home = client.get("/")
    answer = client.submit(home, "form[action='/signout']")
    assert answer.headers["location"] == "/"
    assert not is_signed_in(client)


def test_who_does_not_read_the_phone_cannot_use_what_somebody_else_authorised(
    site: Site, desk: Desk, platform: Sandbox
) -> None:
    """A code shown to another enterprise: its operator authorised, but the number is on the operator's phone."""
    thief = site.visitor()
    phone = scan(address_of(thief.get("/signin/licence")))
    right = re.findall(r'id="code">(\d{6})<', phone.text)[0]
    found = thief.get("/signin/licence?wait=1")
    assert right not in found.text
    scan_id = str(found.one("input[name=scan]")["value"])
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for _ in range(4):
        page = thief.post("/signin/licence/confirm", {"scan": scan_id, "code": wrong}, status=422)
        assert "确认码不对" in page.words
    assert "多次不对" in thief.post("/signin/licence/confirm", {"scan": scan_id, "code": ""}, status=400).words
    thief.post("/signin/licence/confirm", {"scan": scan_id, "code": right}, status=400)
    assert not is_signed_in(thief)
    grounds = [e.fields["ground"] for e in desk.run(events(desk)) if e.tag.value == "visitor:session:refused"]
    assert grounds == ["code"] * 4 + ["codes", "used"]


def test_guesses_at_the_same_moment_share_no_try(site: Site, desk: Desk, platform: Sandbox) -> None:
    client = site.visitor()
    scan(address_of(client.get("/signin/licence")))
    found = client.get("/signin/licence?wait=1")
    scan_id = str(found.one("input[name=scan]")["value"])

    async def many() -> list[int]:
        tries = [desk.store.licence_scans.spend_try(scan_id, allowed=5) for _ in range(30)]
        return list(await asyncio.gather(*tries))

    assert sorted(desk.run(many()), reverse=True) == [4, 3, 2, 1, 0] + [-1] * 25


def test_a_platform_that_shows_no_number_asks_for_none(site: Site, platform: Sandbox) -> None:
    client = site.visitor()
    page = client.get("/signin/licence")
    told(site, platform, ticket_of(page), OTHER, code="")
    found = client.get("/signin/licence?wait=1")
    assert not found.all("input[name=code]")
    client.submit(found, "form[action='/signin/licence/confirm']")
    assert is_signed_in(client)


def test_confirmed_many_times_at_once_it_is_one_sign_in(site: Site, desk: Desk, platform: Sandbox) -> None:
    client = site.visitor()
    phone = scan(address_of(client.get("/signin/licence")))
    scan_id = str(client.get("/signin/licence?wait=1").one("input[name=scan]")["value"])
    code = re.findall(r'id="code">(\d{6})<', phone.text)[0]
    session = site.run(site.app.sessions.load(digest(client)))
    trace = TRACE | {"who": "", "address": ""}

    async def many() -> list[Any]:
        tries = [
            flow.finish(
                site.store, site.settings, session, sessions=site.app.sessions, shown_id=scan_id, code=code,
                now=site.clock(), trace=trace,
            )
            for _ in range(5)
        ]  # fmt: skip
        return list(await asyncio.gather(*tries, return_exceptions=True))

    done = site.run(many())
    assert len([each for each in done if isinstance(each, SignedIn)]) == 1
    assert len([each for each in done if isinstance(each, Invalid)]) == 4
    assert desk.run(desk.tags()).count("visitor:session:opened") == 1


def test_the_same_enterprise_by_two_platforms_is_two_accounts(site: Site, desk: Desk, platform: Sandbox) -> None:
    """What one of them ordered the other does not see: nothing is merged by name or number."""
    by_account = desk.run(desk.account("company"))
    order = desk.run(desk.place(by_account))
    client = site.visitor()
    phone = scan(address_of(client.get("/signin/licence")))
    confirm(client, client.get("/signin/licence?wait=1"), phone)
    client.get(f"/orders/{order.no}", status=404)
    assert order.no not in client.get("/orders").text
    site.signed_in(by_account).get(f"/orders/{order.no}")
