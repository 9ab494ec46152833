"""The staff desk over HTTP: two steps in, listed networks only, one answer an order, nothing without a role."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from pymongo import MongoClient

from conf.terms import EntryPoint, OrderStatus, OutboxKind, OutboxStatus, StaffRole
from handlers import doors
from handlers.flows import ordering, staffing
from store.records import Order, OutboxMessage
from tests.desk import Desk
from tests.flows.test_progress import placed
from tests.web.client import Page, PageClient
from tests.web.conftest import Site

PASSWORD = "Zhi-Shi-Yang-Li-2026"
NEXT_PASSWORD = "Huan-Yi-Ge-2027"


@pytest.fixture
def desk(site: Site) -> Desk:
    made = Desk(site.store, site.settings, site.app.keys, site.clock, site.run)
    made.run(made.open())
    return made


def a_reviewer(desk: Desk, login: str = "li.shenhe", *, role: StaffRole = StaffRole.REVIEWER) -> staffing.NewStaff:
    """Somebody who has changed the first password already."""
    made = desk.run(
        staffing.create_staff(desk.store, login=login, name=f"样例{login[:2]}", roles=[role], password=PASSWORD)
    )
    desk.run(desk.store.staff.set_password(made.staff.id, made.staff.password_hash))
    return made


def code(desk: Desk, new: staffing.NewStaff) -> str:
    return pyotp.parse_uri(new.totp_uri).at(desk.clock())


def at_the_desk(site: Site, new: staffing.NewStaff) -> PageClient:
    return site.with_session(staff_id=new.staff.id)


def under_review(desk: Desk) -> Order:
    return desk.run(desk.settled(desk.run(desk.account("shareholder"))))


def signed_in(site: Site, desk: Desk, new: staffing.NewStaff, password: str = PASSWORD) -> PageClient:
    client = site.visitor()
    client.submit(client.get("/staff/signin"), "main form", {"login": new.staff.login, "password": password})
    client.submit(client.get("/staff/signin/code"), "main form", {"code": code(desk, new)})
    return client


def test_password_then_code_then_a_password_of_ones_own(site: Site, desk: Desk) -> None:
    roles = [StaffRole.REVIEWER]
    made = staffing.create_staff(desk.store, login="li.shenhe", name="样例", roles=roles, password=PASSWORD)
    client = signed_in(site, desk, desk.run(made))
    assert client.get("/staff/orders", status=303).headers["location"] == "/staff/password"
    before = client.cookies["eqicha-staff"]
    changed = {"old": PASSWORD, "new": NEXT_PASSWORD, "again": NEXT_PASSWORD}
    client.submit(client.get("/staff/password"), "main form", changed)
    assert client.get("/staff/orders").h1 == "待审核"
    thief = site.visitor()
    thief.set_cookie("eqicha-staff", before)
    assert thief.get("/staff/orders", status=303).headers["location"] == "/staff/signin"
    client.submit(client.get("/staff/orders"), ".eq-nav__form")
    assert client.get("/staff/orders", status=303).headers["location"] == "/staff/signin"
    assert desk.run(desk.tags())[-2:] == ["staff:password:changed", "staff:session:closed"]


def test_the_session_is_new_after_the_code_and_the_old_one_is_worth_nothing(site: Site, desk: Desk) -> None:
    new = a_reviewer(desk)
    client = site.visitor()
    client.submit(client.get("/staff/signin"), "main form", {"login": "li.shenhe", "password": PASSWORD})
    before = client.cookies["eqicha-staff"]
    assert client.get("/staff/orders", status=303).headers["location"] == "/staff/signin"
    client.submit(client.get("/staff/signin/code"), "main form", {"code": code(desk, new)})
    assert client.cookies["eqicha-staff"] != before
    thief = site.visitor()
    thief.set_cookie("eqicha-staff", before)
    assert thief.get("/staff/signin/code", status=303).headers["location"] == "/staff/signin"


def test_wrong_words_are_refused_in_one_sentence_and_the_sixth_try_even_when_right(site: Site, desk: Desk) -> None:
    a_reviewer(desk)
    client = site.visitor()

    def attempt(login: str, password: str) -> str:
        page = client.submit(
            client.get("/staff/signin"), "main form", {"login": login, "password": password}, status=422
        )
        return page.one(".eq-notice__title").get_text()

    said = {attempt("nobody", PASSWORD)} | {attempt("li.shenhe", "wrong") for _ in range(5)}
    said.add(attempt("li.shenhe", PASSWORD))
    assert said == {f"未成功{staffing.REFUSED}"}


def test_one_address_may_not_try_for_ever(site: Site, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "TRIES_OF_ADDRESS", 3)
    client = site.visitor()
    page = client.get("/staff/signin")
    for n in range(3):
        client.submit(page, "main form", {"login": f"nobody{n}", "password": "x"}, status=422)
    late = client.submit(page, "main form", {"login": "someone", "password": "x"}, status=429)
    assert int(late.headers["retry-after"]) > 0


def test_the_code_page_is_shut_without_the_password(site: Site, desk: Desk) -> None:
    client = site.visitor()
    assert client.get("/staff/signin/code", status=303).headers["location"] == "/staff/signin"
    assert client.post("/staff/signin/code", {"code": "123456"}).headers["location"] == "/staff/signin"


def test_a_staff_session_ends_after_its_own_idle_time(site: Site, desk: Desk) -> None:
    client = at_the_desk(site, a_reviewer(desk))
    assert client.get("/staff/orders")
    desk.clock.forward(minutes=site.settings.staff_idle_minutes)
    assert client.get("/staff/orders", status=303)


def test_a_visitors_session_opens_no_staff_page_and_the_other_way_round(site: Site, desk: Desk) -> None:
    account = desk.run(desk.account("legal_representative"))
    visitor = site.signed_in(account)
    visitor.set_cookie("eqicha-staff", visitor.cookies["eqicha-session"])
    assert visitor.get("/staff/orders", status=303).headers["location"] == "/staff/signin"
    staff = at_the_desk(site, a_reviewer(desk))
    staff.set_cookie("eqicha-session", staff.cookies["eqicha-staff"])
    assert staff.get("/orders", status=303).headers["location"].startswith("/signin")


@pytest.fixture
def elsewhere(site: Site) -> Iterator[None]:
    kept = site.app.conf
    site.app.conf = kept.model_copy(update={"staff_networks": "10.20.0.0/16"})
    yield
    site.app.conf = kept


def test_from_other_networks_the_desk_is_closed(site: Site, desk: Desk, elsewhere: None) -> None:
    client = at_the_desk(site, a_reviewer(desk))
    for path in ("/staff/signin", "/staff/orders"):
        assert client.get(path, status=403)


def test_without_the_role_there_is_no_desk(site: Site, desk: Desk) -> None:
    client = at_the_desk(site, a_reviewer(desk, "zhang.audit", role=StaffRole.AUDITOR))
    order = under_review(desk)
    assert client.get("/staff/orders", status=403)
    client.post(f"/staff/orders/{order.no}/permit", {"document": "d1"}, status=403)
    assert desk.run(desk.store.orders.by_no(order.no)).status == OrderStatus.UNDER_REVIEW


def test_the_list_is_oldest_first_and_says_what_is_late(site: Site, desk: Desk) -> None:
    client = at_the_desk(site, a_reviewer(desk))
    first = under_review(desk)
    desk.clock.forward(seconds=5)
    second = under_review(desk)
    page = client.get("/staff/orders")
    assert [a["href"] for a in page.all(".eq-orders__link")] == [
        f"/staff/orders/{order.no}" for order in (first, second)
    ]
    assert "2026年11月25日前答复" in page.words


def test_the_order_shows_who_why_and_by_which_rule_but_no_full_name(site: Site, desk: Desk) -> None:
    client = at_the_desk(site, a_reviewer(desk))
    order = under_review(desk)
    page = client.get(f"/staff/orders/{order.no}")
    assert all(word in page.words for word in (order.requester_masked, "股东", "dossier.interested", "公司章程"))
    assert "样例己" not in page.text
    assert "19900000001" not in page.text


def test_the_order_says_through_which_door_it_came(site: Site, desk: Desk) -> None:
    client = at_the_desk(site, a_reviewer(desk))
    orders = [desk.run(placed(desk, desk.run(desk.account("shareholder")), point)) for point in (EntryPoint.YST, None)]
    for order in orders:
        desk.run(ordering.settle(desk.store, desk.settings, order, now=desk.clock()))
    said = [client.get(f"/staff/orders/{order.no}").words for order in orders]
    assert ["粤商通（事项编码 EQC-YST-01）" in words for words in said] == [True, False]


def test_who_acts_for_an_enterprise_is_shown_in_full_and_kept_as_a_secret(site: Site, desk: Desk) -> None:
    desk.run(desk.store.companies.lock(desk.company().uscc, "司法协助", None))
    account = desk.run(desk.account("company"))
    sub = desk.run(
        desk.store.accounts.remember(
            provider=account.provider, subject="sub-1", kind=account.kind, name=account.name, id_type=account.id_type,
            id_number=account.uscc, level=account.level, operator_name="柳闻笛", parent_subject=account.subject,
        )
    )  # fmt: skip
    order = desk.run(desk.settled(sub))
    page = at_the_desk(site, a_reviewer(desk)).get(f"/staff/orders/{order.no}")
    assert "柳闻笛（子账号）" in page.words
    assert "柳闻笛" not in order.requester_masked
    assert "柳闻笛" not in site.signed_in(sub).get(f"/orders/{order.no}").text
    with MongoClient[Any](site.settings.mongo_url) as mongo:
        assert "柳闻笛" not in str(list(mongo[site.settings.mongo_database]["orders"].find()))
    theirs = desk.run(desk.settled(account))
    assert "（子账号）" not in at_the_desk(site, a_reviewer(desk, "wang.shen")).get(f"/staff/orders/{theirs.no}").words


def test_permitting_part_moves_the_order_and_the_visitor_sees_what_was_left_out(site: Site, desk: Desk) -> None:
    client = at_the_desk(site, a_reviewer(desk))
    order = under_review(desk)
    page = client.get(f"/staff/orders/{order.no}")
    permit = f'form[action="/staff/orders/{order.no}/permit"]'
    back = client.submit(page, permit, {"document": "d2"}, status=422)
    assert [i["value"] for i in back.all("input[name=document][checked]")] == ["d2"]
    client.submit(page, permit, {"document": "d2", "reason": "章程与所述用途无关"})
    moved = desk.run(desk.store.orders.by_no(order.no))
    assert (moved.status, moved.document_ids_permitted) == (OrderStatus.PERMITTED, {"d2"})
    visitor = site.signed_in(desk.run(desk.account("shareholder")))
    assert "未予提供" in visitor.get(f"/orders/{order.no}").words
    assert "待审核" in client.get("/staff/orders").h1


def test_the_second_reviewer_is_told_who_was_first(site: Site, desk: Desk) -> None:
    first, second = at_the_desk(site, a_reviewer(desk)), at_the_desk(site, a_reviewer(desk, "wang.shenhe"))
    order = under_review(desk)
    pages = [client.get(f"/staff/orders/{order.no}") for client in (first, second)]
    refuse = f'form[action="/staff/orders/{order.no}/refuse"]'
    short = first.submit(pages[0], refuse, {"refusal": "不"}, status=422)
    assert short.one("#f-refusal").get_text() == "不"
    first.submit(pages[0], refuse, {"refusal": "所述用途与材料无关，请补充。"})
    late = second.submit(pages[1], refuse, {"refusal": "样例理由五个字"}, status=409)
    assert "样例li" in late.words
    assert "2026年11月21日 10:00" in late.words
    assert not late.all('main form:not([action="/staff/keys"])')


def test_orders_nobody_needs_to_review_are_not_the_desks_business(site: Site, desk: Desk) -> None:
    client = at_the_desk(site, a_reviewer(desk))
    order = desk.run(desk.settled(desk.run(desk.account("legal_representative"))))
    for no in (order.no, "TH20261121-222222"):
        page: Any = client.get(f"/staff/orders/{no}", status=404)
        assert isinstance(page, Page)


def test_a_withdrawn_copy_is_on_record_and_told_to_whoever_verifies_it(site: Site, desk: Desk) -> None:
    client = at_the_desk(site, a_reviewer(desk))
    account = desk.run(desk.account("legal_representative"))
    order = desk.run(desk.seal(desk.run(desk.settled(account))))
    copy = desk.run(desk.store.copies.by_order(order.no))
    page = client.get(f"/staff/copies?no={copy.no.lower()}")
    withdraw = f'form[action="/staff/copies/{copy.no}/withdraw"]'
    client.submit(page, withdraw, {"reason": "短"}, status=422)
    for _ in range(2):
        client.submit(page, withdraw, {"reason": "样例：登记事项已被撤销"})
    assert desk.run(desk.tags()).count("copy:file:withdrawn") == 1
    assert not client.get(f"/staff/copies?no={copy.no}").all(withdraw)
    code = desk.store.vault.reveal(copy.code)
    assert site.visitor().get(f"/verify?code={code}").one(".eq-verdict h2").get_text() == "已撤回"
    visitor = site.signed_in(account)
    assert visitor.raw.get(f"/orders/{order.no}/copy").status_code == 409
    assert not visitor.get(f"/orders/{order.no}").all(f'a[href="/orders/{order.no}/copy"]')


def test_a_copy_nobody_sealed_is_not_found_and_auditors_withdraw_nothing(site: Site, desk: Desk) -> None:
    client = at_the_desk(site, a_reviewer(desk))
    assert client.get("/staff/copies?no=THC20261121-222222", status=404)
    client.post("/staff/copies/THC20261121-222222/withdraw", {"reason": "样例理由五个字"}, status=404)
    auditor = at_the_desk(site, a_reviewer(desk, "zhang.audit", role=StaffRole.AUDITOR))
    assert auditor.get("/staff/copies", status=403)


def test_a_message_that_was_refused_is_seen_and_sent_again(site: Site, desk: Desk) -> None:
    browser = at_the_desk(site, a_reviewer(desk))
    now = desk.clock()
    message = OutboxMessage(
        id="m1", kind=OutboxKind.SMS, reference="TH1.copy_ready.sms", order_no="", body={},
        recipient=desk.store.vault.conceal("19900000001", "199****0001"), status=OutboxStatus.WAITING, attempts=0,
        next_at=now, created_at=now, done_at=None, fault="",
    )  # fmt: skip
    desk.run(desk.store.outbox.put(message))
    assert "TH1.copy_ready.sms" in browser.get("/staff/outbox").words
    desk.run(desk.store.outbox.claim("w", 30))
    desk.run(desk.store.outbox.reject("m1", "w", "number refuses messages"))
    page = browser.get("/staff/outbox")
    assert "对方拒收" in page.words
    assert "number refuses messages" in page.words
    assert "199****0001" in page.words
    assert "19900000001" not in page.text
    browser.submit(page, "main form")
    assert desk.run(desk.store.outbox.listed((OutboxStatus.WAITING,)))[0].id == "m1"
    assert "staff:message:resent" in desk.run(desk.tags())
    browser.post("/staff/outbox/m1/resend")  # asked twice: nothing more happens
    assert desk.run(desk.tags()).count("staff:message:resent") == 1
    browser.post("/staff/outbox/nobody/resend", status=404)


def test_a_message_taken_and_not_received_is_seen_until_it_arrives_after_all(site: Site, desk: Desk) -> None:
    browser = at_the_desk(site, a_reviewer(desk))
    now, store = desk.clock(), desk.store
    for id in ("m1", "m2"):
        message = OutboxMessage(
            id=id, kind=OutboxKind.SMS, reference=f"TH1.{id}.sms", order_no="", body={},
            recipient=store.vault.conceal("19900000001", "199****0001"), status=OutboxStatus.WAITING, attempts=0,
            next_at=now, created_at=now, done_at=None, fault="",
        )  # fmt: skip
        desk.run(store.outbox.put(message))
        desk.run(store.outbox.claim("w", 30))
        desk.run(store.outbox.done(id, "w", vendor="sms", vendor_no=f"N-{id}"))

    def receipt(word: str, *, later: int) -> None:
        at = now + timedelta(seconds=later)
        desk.run(store.atomically(lambda tx: store.outbox.note_receipt("TH1.m1.sms", word, at, tx)))

    receipt("failed", later=1)
    page = browser.get("/staff/outbox")
    assert "未送到手机" in page.words
    assert "N-m1" in page.words
    assert "N-m2" not in page.words
    assert "19900000001" not in page.text
    assert not page.all("form[action='/staff/outbox/m1/resend']"), "the platform would take it for the same message"
    receipt("arrived", later=2)
    assert "未送到手机" not in browser.get("/staff/outbox").words


def test_auditors_send_nothing_again(site: Site, desk: Desk) -> None:
    auditor = at_the_desk(site, a_reviewer(desk, role=StaffRole.AUDITOR))
    auditor.get("/staff/outbox", status=403)
    auditor.post("/staff/outbox/m1/resend", status=403)
