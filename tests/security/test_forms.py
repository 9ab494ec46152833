"""Forms with more in them than the page has, pages of other places, and texts that look like commands."""

from dataclasses import fields
from pathlib import Path

import pytest

from adapters.pdf import wkhtml
from adapters.seal.picture import draw_seal
from handlers.routes import all_routes
from store.records import Order
from tests.access import cases
from tests.desk import Desk
from tests.security.test_wire import FILLED
from tests.web.conftest import Site, _site, site  # noqa: F401  fixtures
from tests.web.test_orders import CONSENT, FORM, visitor

ELSEWHERE = ["null", "https://evil.example", "http://127.0.0.1.evil.example"]
#: What a form of ours sends itself; everything else an order is made of is settled by the service.
ASKED = {"purpose", "request_key", "consent"}
#: What differs between any two orders.
OWN = {
    "no",
    "request_key",
    "request_digest",
    "created_at",
    "updated_at",
    "history",
    "due_at",
    "operator",
    "requester_masked",
}


@pytest.fixture
def desk(site: Site) -> Desk:  # noqa: F811
    made = Desk(site.store, site.settings, site.app.keys, site.clock, site.run)
    made.run(made.open())
    return made


def test_fields_nobody_asked_for_change_nothing_of_an_order(site: Site, desk: Desk) -> None:  # noqa: F811
    """Every field of the record is sent along, as it would have to be to gain something by it."""
    account, client = visitor(site, desk)
    other = desk.run(desk.account("stranger"))
    wished = {
        "account_id": other.id, "uscc": "91440106MA9ZZZZZ0Z", "status": "ready", "copy_no": "THC20261121-AAAAAA",
        "page_count": "1", "channel": "kiosk", "decision": "permit", "outcome": "permit", "version": "99", "level": "4",
        "document_ids_permitted": "d-shut", "role": "staff", "is_staff": "1", "licence": "verified",
    }  # fmt: skip
    extra = {field.name: "1" for field in fields(Order) if field.name not in ASKED} | wished
    made: list[Order] = []
    for more in ({}, extra):
        page = client.get(f"{FORM}?document=d1")
        client.submit(page, "form.eq-order__form", CONSENT | {"document": "d1"} | more)
        orders, _ = desk.run(desk.store.orders.of_account(account.id))
        known = {each.no for each in made}
        made += [order for order in orders if order.no not in known]
    plain, stuffed = made
    assert plain.no != stuffed.no
    assert {field.name for field in fields(Order) if getattr(plain, field.name) != getattr(stuffed, field.name)} <= OWN
    assert desk.run(desk.store.orders.of_account(other.id)) == ((), "")


def test_fields_nobody_asked_for_change_nothing_of_account_and_session(site: Site, desk: Desk) -> None:  # noqa: F811
    account, client = visitor(site, desk)
    stuffed = {
        "level": "4",
        "kind": "legal",
        "account_id": "x",
        "staff_id": "x",
        "uscc": "91440106MA9ZZZZZ0Z",
        "roles": "system_admin",
    }
    client.post(f"/companies/{cases.USCC}/purpose", {"purpose": "own_affairs"} | stuffed)
    assert desk.run(desk.store.accounts.by_id(account.id)) == account
    client.get("/staff/orders", status=303)


def test_no_other_place_may_read_or_write_with_a_visitors_browser(site: Site, desk: Desk) -> None:  # noqa: F811
    """No page of elsewhere, `null` (a frame, a file) among them, is told that it may read; its forms are refused."""
    account, client = visitor(site, desk)
    plain = []
    for spec in all_routes():
        path = spec.regex.pattern.rstrip("$")
        for pattern, value in FILLED.items():
            path = path.replace(pattern, value)
        if "(" not in path:
            plain.append(path.replace("\\", ""))
    assert len(plain) > 40
    for number, path in enumerate(plain):
        asked = {"Origin": ELSEWHERE[number % 3], "Access-Control-Request-Method": "POST", "Connection": "close"}
        answer = client.raw.request("OPTIONS" if number % 2 else "GET", path, headers=asked)
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")], path
    form = CONSENT | {"document": "d1", "request_key": "k" * 22, "_xsrf": client.token}
    for origin in ELSEWHERE:
        assert client.raw.post(FORM, data=form, headers={"Origin": origin}).status_code == 403
    assert desk.run(desk.store.orders.of_account(account.id)) == ((), "")


def test_texts_that_look_like_commands_run_nothing(tmp_path: Path) -> None:
    """Where programs are started: the PDF engine and the fonts of the seal's picture."""
    canary = tmp_path / "canary"
    text = f"天河;touch {canary} $(touch {canary}) `touch {canary}` |touch {canary}\n--run-script touch {canary}"
    html = (
        f'<html><head><meta charset="utf-8"><meta name="pdfkit-run-script" content="{text}">'
        f'<meta name="pdfkit-cookie-jar" content="{canary}"></head><body><p>{text}</p></body></html>'
    )
    assert wkhtml.render_html(html).startswith(b"%PDF")
    assert draw_seal(text.replace("\n", " "), sample=True).width > 0
    assert not canary.exists()
