"""Ordering over HTTP: the form, one order however often it is sent, the status block, the list, the download."""

import asyncio
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from conf.consent import current_consent
from conf.terms import OrderStatus
from handlers.flows import ordering
from store.records import Account, Order
from tests.access import cases
from tests.desk import PDF, Desk
from tests.web.client import PageClient
from tests.web.conftest import Site

FORM = f"/companies/{cases.USCC}/order"
CONSENT = {"purpose": "own_affairs", "consent": current_consent().version}


@pytest.fixture
def desk(site: Site) -> Desk:
    made = Desk(site.store, site.settings, site.app.keys, site.clock, site.run)
    made.run(made.open())
    return made


def visitor(site: Site, desk: Desk, role: str = "legal_representative", **level: int) -> tuple[Account, PageClient]:
    account = desk.run(desk.account(role, **level))
    return account, site.signed_in(account)


def ready(desk: Desk, account: Account) -> Order:
    return desk.run(desk.seal(desk.run(desk.settled(account))))


def test_the_form_tells_pages_time_and_what_is_promised(site: Site, desk: Desk) -> None:
    _, client = visitor(site, desk)
    page = client.get(f"{FORM}?document=d1&filing=f2")
    assert page.h1 == "申请复制件"
    assert "公司章程" in page.words
    assert "共 607 页" in page.words
    assert "一分钟" in page.words
    assert "免费" in page.words
    assert [i["value"] for i in page.all("input[name=document]")] == ["d1", "d3", "d-long"]
    assert all(point in page.words for point in current_consent().points)
    assert len(page.all("input[name=purpose]")) == 8


def test_submitting_leads_to_the_order_and_a_second_click_to_the_same(site: Site, desk: Desk) -> None:
    account, client = visitor(site, desk)
    page = client.get(f"{FORM}?document=d1")
    form = CONSENT | {"document": "d1"}
    first = client.submit(page, "form.eq-order__form", form).headers["location"]
    assert client.submit(page, "form.eq-order__form", form).headers["location"] == first
    orders, _ = desk.run(desk.store.orders.of_account(account.id))
    assert [f"/orders/{order.no}" for order in orders] == [first]
    again = client.submit(page, "form.eq-order__form", form | {"purpose": "bidding"}, status=409)
    assert "先前的申请已经受理" in again.words


def test_two_hundred_parallel_posts_make_one_order(site: Site, desk: Desk) -> None:
    account, client = visitor(site, desk)
    page = client.get(f"{FORM}?document=d1")
    body = {str(i["name"]): str(i["value"]) for i in page.all("form.eq-order__form input[type=hidden]")} | CONSENT

    async def post_all() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=200)
        cookies = client.cookies
        async with httpx.AsyncClient(base_url=site.url, cookies=cookies, limits=limits, timeout=30) as http:
            return await asyncio.gather(*(http.post(FORM, data=body) for _ in range(200)))

    answers = asyncio.run(post_all())
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    orders, _ = desk.run(desk.store.orders.of_account(account.id))
    assert len(orders) == 1


def test_a_form_with_faults_comes_back_filled_in_with_each_fault_at_its_field(site: Site, desk: Desk) -> None:
    _, client = visitor(site, desk)
    page = client.get(f"{FORM}?document=d1")
    sent = {"purpose": "legal_service", "licence_no": "123", "firm": "广东样例律师事务所"}
    back = client.submit(page, "form.eq-order__form", sent, status=422)
    wrong = {a["href"].removeprefix("#") for a in back.all("#eq-errors a")}
    assert wrong == {"f-licence_no", "f-case_summary", "f-promised", "f-consent"}
    assert all(back.all(f'[id="{name}"]') for name in wrong)
    assert back.one("#f-licence_no")["value"] == "123"
    assert back.one("#f-firm")["value"] == "广东样例律师事务所"
    assert back.one("details").has_attr("open")
    keys = [p.one("input[name=request_key]")["value"] for p in (page, back)]
    assert keys[0] == keys[1]


def test_strangers_are_offered_the_lawyers_way_and_refused_any_other(site: Site, desk: Desk) -> None:
    account, client = visitor(site, desk, "stranger")
    page = client.get(f"{FORM}?document=d1")
    assert [i["value"] for i in page.all("input[name=purpose]")] == ["legal_service"]
    refused = client.submit(page, "form.eq-order__form", CONSENT | {"document": "d1"}, status=403)
    assert "律师" in refused.words
    assert "第六十条" in refused.words
    assert desk.run(desk.store.orders.of_account(account.id)) == ((), "")


def test_who_needs_a_higher_level_is_sent_to_raise_it(site: Site, desk: Desk) -> None:
    _, client = visitor(site, desk, "legal_representative", level=1)
    assert client.get(f"{FORM}?document=d1", status=303).headers["location"] == "/signin?level=2"
    assert "L2" in client.get("/signin?level=2").words


def test_nobody_orders_without_signing_in(site: Site, desk: Desk) -> None:
    client = site.visitor()
    for path in (f"{FORM}?document=d1", "/orders", "/orders/TH20261121-222222", "/orders/TH20261121-222222/copy"):
        assert client.get(path, status=303).headers["location"].startswith("/signin?level=")


def test_the_status_block_asks_again_until_the_order_is_final(site: Site, desk: Desk) -> None:
    account, client = visitor(site, desk)
    order = desk.run(desk.place(account))
    path = f"/orders/{order.no}"
    whole, block = client.get(path), client.get(path, fragment=True)
    assert block.all("html body > #order-status") == block.all("#order-status")
    assert whole.one("#order-status")["hx-trigger"] == block.one("#order-status")["hx-trigger"] == "load delay:1s"
    assert whole.one(f'#order-status a[href="{path}"]').get_text() == "刷新"
    assert "Cookie" in block.headers["vary"]
    desk.run(desk.seal(desk.run(ordering.settle(desk.store, desk.settings, order, now=desk.clock()))))
    final = client.get(path, fragment=True)
    assert not final.one("#order-status").has_attr("hx-get")
    assert final.one(f'a[href="{path}/copy"]')
    assert "可以下载" in final.words


def test_a_review_says_until_when_and_a_refusal_says_why_and_what_would_help(site: Site, desk: Desk) -> None:
    account, client = visitor(site, desk, "shareholder")
    order = desk.run(desk.settled(account))
    page = client.get(f"/orders/{order.no}")
    assert "2026年11月25日" in page.words
    assert page.one("#order-status")["hx-trigger"] == "load delay:20s"
    refused = OrderStatus.REFUSED
    reason = "所述用途与材料无关，请补充合同。"
    desk.run(desk.store.orders.advance(order.no, OrderStatus.UNDER_REVIEW, refused, "staff:x", refusal=reason))
    page = client.get(f"/orders/{order.no}")
    assert reason in page.words
    assert "复议" in page.words
    assert not page.one("#order-status").has_attr("hx-get")


def test_another_visitors_order_is_absent_in_every_byte_but_its_number(site: Site, desk: Desk) -> None:
    account, _ = visitor(site, desk)
    order = ready(desk, account)
    _, other = visitor(site, desk, "stranger")

    def body(path: str) -> tuple[str, dict[str, str]]:
        page = other.get(path, status=404)
        for varies in page.all("input[name=_xsrf], .eq-fault__number"):
            varies.extract()
        headers = {k: v for k, v in page.headers.items() if k not in ("x-request-id", "date", "set-cookie")}
        return str(page.soup), headers

    for tail in ("", "/copy", "/rating"):
        assert body(f"/orders/{order.no}{tail}") == body(f"/orders/TH20261121-222222{tail}")


def test_the_list_shows_ones_own_orders_in_batches(site: Site, desk: Desk) -> None:
    account, client = visitor(site, desk)
    assert "还没有申请" in client.get("/orders").words
    for _ in range(23):
        desk.run(desk.place(account))
        desk.clock.forward(seconds=20)
    first = client.get("/orders")
    assert len(first.all(".eq-orders__link")) == 20
    more = first.one(".eq-orders__more a")
    rest = client.get(str(more["href"]), fragment=True)
    assert len(rest.all("li > .eq-orders__link")) == 3
    assert not rest.all(".eq-orders__more")
    shown = [a["href"] for page in (first, rest) for a in page.all(".eq-orders__link")]
    assert len(set(shown)) == 23
    _, other = visitor(site, desk, "stranger")
    assert "还没有申请" in other.get("/orders").words


def test_the_download_is_whole_private_and_named_in_chinese(site: Site, desk: Desk) -> None:
    account, client = visitor(site, desk)
    order = ready(desk, account)
    answer = client.raw.get(f"/orders/{order.no}/copy")
    assert answer.content == PDF + order.no.encode()
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    said = answer.headers["content-disposition"]
    assert said.startswith('attachment; filename="THC')
    assert order.company_name in unquote(said)
    assert desk.run(desk.store.orders.by_no(order.no)).status == OrderStatus.DOWNLOADED
    assert desk.run(desk.tags()).count("copy:file:downloaded") == 1
    assert "评价" in client.get(f"/orders/{order.no}").words


@pytest.mark.parametrize("header", ["Sec-Purpose", "Purpose", "X-Moz"])
def test_a_browser_that_fetches_ahead_collects_nothing(site: Site, desk: Desk, header: str) -> None:
    account, client = visitor(site, desk)
    order = ready(desk, account)
    assert client.raw.get(f"/orders/{order.no}/copy", headers={header: "prefetch;prerender"}).status_code == 403
    assert desk.run(desk.store.orders.by_no(order.no)).status == OrderStatus.READY
    assert "copy:file:downloaded" not in desk.run(desk.tags())


def test_a_download_after_its_term_says_so(site: Site, desk: Desk) -> None:
    account, client = visitor(site, desk)
    order = ready(desk, account)
    copy = desk.run(desk.store.copies.by_order(order.no))
    desk.clock.now = copy.download_until
    client = site.signed_in(account)
    assert "下载期已过" in client.get(f"/orders/{order.no}/copy", status=409).words
    assert "重新申请" in client.get(f"/orders/{order.no}").words


def test_asking_about_a_copy_does_not_hand_it_out(site: Site, desk: Desk) -> None:
    account, client = visitor(site, desk)
    order = ready(desk, account)
    assert client.raw.head(f"/orders/{order.no}/copy").status_code == 405
    assert "copy:file:downloaded" not in desk.run(desk.tags())


@pytest.mark.parametrize("name", ["purpose", "request_key", "consent"])
def test_a_doubled_value_is_not_guessed_at(site: Site, desk: Desk, name: str) -> None:
    _, client = visitor(site, desk)
    page = client.get(f"{FORM}?document=d1")
    body: dict[str, Any] = {str(i["name"]): str(i["value"]) for i in page.all("form.eq-order__form input[type=hidden]")}
    body |= CONSENT
    body[name] = [body[name], body[name]]
    assert client.raw.post(FORM, data=body).status_code == 400
