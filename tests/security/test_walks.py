"""Every address of the service walked as every kind of caller: reading changes nothing, nothing breaks down, no guard
is missed, and what a caller writes in a header stays out of logs and answers."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from adapters.assembly import open_adapters
from conf.terms import IdentityLevel, StaffRole
from handlers.guards import VERBS, guard_of
from handlers.routes import all_routes
from store.records import Order
from tests.desk import Desk
from tests.government import ID, a_case, a_unit, a_user, at_work, keep
from tests.security.addresses import address_of, filled, picture
from tests.web.client import PageClient
from tests.web.conftest import Site
from tests.web.conftest import _site as _site
from tests.web.conftest import site as site
from tests.web.test_ops import lines as lines
from tests.web.test_staff import a_reviewer
from tests.web.test_staff import desk as desk

#: A download is on record in the order as well.
DOWNLOAD = "/copy"


@pytest.fixture
def order(desk: Desk) -> Order:
    """The head's own finished order."""
    return desk.run(desk.seal(desk.run(desk.settled(desk.run(desk.account("legal_representative"))))))


def addresses(order: Order) -> list[tuple[str, type]]:
    """One address for each route, filled with things that exist."""
    tail = order.no.removeprefix("TH")
    values = {
        "uscc": order.uscc, "order": order.no, "copy": f"THC{tail}", "task": f"TK{tail}", "batch": f"ZWP{tail}",
        "key": ID, "id": "d1", "token": "x" * 120, "system": "sms", "n": "1", "turn": "1",
    }  # fmt: skip
    return [(filled(address_of(spec.regex.pattern), values), spec.handler_class) for spec in all_routes()]


@pytest.fixture(autouse=True)
def _counterparts(site: Site) -> Iterator[None]:
    """The real adapters: nothing is asked of them here, but pages are built with them at hand."""
    kept = site.app.adapters
    site.app.adapters = site.run(open_adapters(site.settings, site.app.keys))
    yield
    site.run(site.app.adapters.close())
    site.app.adapters = kept


def callers(site: Site, desk: Desk) -> dict[str, PageClient]:
    """Everybody there is; each with a browser of their own."""
    low = desk.run(desk.account("director", level=IdentityLevel.L0))
    reviewer = a_reviewer(desk, "li.shenhe")
    auditor = a_reviewer(desk, "shen.ji", role=StaffRole.AUDITOR)
    keeper = a_reviewer(desk, "xi.tong", role=StaffRole.SYSTEM_ADMIN)
    now = site.clock()
    user, case = a_user(site.store, now), a_case(now, looked_at=now, due_at=now)
    site.run(keep(site.store, a_unit(site.store, now), user, case))
    return {
        "nobody": site.visitor(),
        "not verified": site.signed_in(low),
        "stranger": site.signed_in(desk.run(desk.account("stranger"))),
        "head": site.signed_in(desk.run(desk.account("legal_representative"))),
        "reviewer": site.with_session(staff_id=reviewer.staff.id),
        "auditor": site.with_session(staff_id=auditor.staff.id),
        "keeper": site.with_session(staff_id=keeper.staff.id),
        "unit": at_work(site, user),
    }


def test_reading_changes_nothing_whoever_reads(site: Site, desk: Desk, order: Order) -> None:
    walkers = callers(site, desk)
    before = picture(desk.settings)
    for path, handler in addresses(order):
        if guard_of(handler, "get") is None or path.endswith(DOWNLOAD):
            continue
        for who, browser in walkers.items():
            for method in ("GET", "HEAD"):
                answer = browser.raw.request(method, path)
                assert answer.status_code < 500 or answer.status_code == 501, (who, method, path, answer.status_code)
    assert picture(desk.settings) == before


@pytest.mark.parametrize("guard", ["signed_in", "staff", "operator", "government", "government_gate"])
def test_whoever_lacks_the_right_gets_nothing_from_any_verb(
    site: Site, desk: Desk, order: Order, guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody and units, for visitors' pages; also visitors, for staff pages; all but units, for those of the government
    network; strangers to the network, for operators' pages and the sign-in of units."""
    if guard == "operator":
        monkeypatch.setattr(site.app, "conf", site.settings.model_copy(update={"metrics_networks": "10.9.8.0/24"}))
    if guard == "government_gate":
        monkeypatch.setattr(site.app, "conf", site.settings.model_copy(update={"government_networks": "10.9.8.0/24"}))
    outsiders = callers(site, desk)
    shut_to = ["nobody", "unit"] if guard == "signed_in" else ["nobody", "unit", "not verified", "stranger", "head"]
    if guard.startswith("government"):
        shut_to = ["nobody", "stranger", "head", "reviewer", "keeper"]
    before, walked = picture(desk.settings), 0
    for path, handler in addresses(order):
        for verb in VERBS:
            found = guard_of(handler, verb)
            if found is None or found.name != guard:
                continue
            for who in shut_to:
                answer = outsiders[who].raw.request(verb.upper(), path, data={"_xsrf": outsiders[who].token})
                assert answer.status_code in (302, 303, 401, 403, 404, 405), (who, verb, path, answer.status_code)
                assert order.company_name not in answer.text
                walked += 1
    assert walked >= len(shut_to)
    assert picture(desk.settings) == before


def test_another_visitors_order_is_absent_by_every_verb(site: Site, desk: Desk, order: Order) -> None:
    stranger = site.signed_in(desk.run(desk.account("stranger")))
    walked = 0
    for path, handler in addresses(order):
        if order.no not in path or path.startswith("/staff"):
            continue
        for verb in ("get", "post"):
            if guard_of(handler, verb) is None:
                continue
            answer = stranger.raw.request(verb.upper(), path, data={"_xsrf": stranger.token, "number": "1"})
            assert answer.status_code == 404, (verb, path)
            walked += 1
    assert walked >= 4


def test_head_and_range_are_guarded_and_recorded_like_get(site: Site, desk: Desk, order: Order) -> None:
    path = f"/orders/{order.no}/copy"
    stranger = site.signed_in(desk.run(desk.account("stranger"))).raw
    head = site.signed_in(desk.run(desk.account("legal_representative"))).raw
    for browser in (stranger, site.visitor().raw):
        assert browser.get(path, headers={"Range": "bytes=0-10"}).status_code in (302, 303, 404)
    assert desk.run(desk.tags()).count("copy:file:downloaded") == 0
    part = head.get(path, headers={"Range": "bytes=0-10"})
    assert part.status_code in (200, 206)
    assert desk.run(desk.tags()).count("copy:file:downloaded") == 1
    assert head.head(path).status_code == 405, "a copy is handed out or not: there is nothing to ask without a trace"
    assert "no-store" in part.headers["cache-control"]


@pytest.mark.parametrize("escape", ["", "\x1b[31m"])
@pytest.mark.parametrize("header", ["User-Agent", "Referer", "X-Request-ID", "X-Forwarded-For", "Accept-Language"])
def test_what_a_caller_writes_reaches_no_log_line_and_no_answer_header(
    site: Site, lines: Callable[[], list[dict[str, Any]]], header: str, escape: str
) -> None:
    evil = f'{escape}red {{"event":"forged"}} 13800000000'
    answer = site.visitor().raw.get("/companies?q=%1B%5B31m%0Aforged%0D%0A", headers={header: evil.encode("latin-1")})
    assert answer.status_code in (200, 400)
    assert site.visitor().get("/").status == 200  # its line is written after that of the request before it
    written = lines()
    assert [line.get("route") for line in written].count("/companies") == (0 if escape else 1), (
        "refused before it is one"
    )
    assert not [line for line in written if "forged" in str(line) or "\x1b" in str(line) or "13800000000" in str(line)]
    assert not [value for value in answer.headers.values() if "red" in value or "forged" in value]


def test_a_member_of_staff_who_is_disabled_is_out_at_once(site: Site, desk: Desk) -> None:
    reviewer = a_reviewer(desk)
    browser = site.with_session(staff_id=reviewer.staff.id)
    assert browser.get("/staff/orders").status == 200
    with MongoClient[Any](desk.settings.mongo_url) as client:
        staff = client[desk.settings.mongo_database]["staff"]
        assert staff.update_one({"_id": reviewer.staff.id}, {"$set": {"disabled": True}}).modified_count == 1
    answer = browser.raw.get("/staff/orders")
    assert answer.status_code in (302, 303, 401, 403), answer.status_code


def test_an_open_browser_keeps_nothing_personal(site: Site, desk: Desk, order: Order) -> None:
    head = site.signed_in(desk.run(desk.account("legal_representative"))).raw
    for path in (
        "/orders",
        f"/orders/{order.no}",
        f"/companies/{order.uscc}/dossier",
        f"/companies/{order.uscc}/extract",
    ):
        answer = head.get(path)
        assert answer.status_code == 200, path
        assert "no-store" in answer.headers["cache-control"], path
