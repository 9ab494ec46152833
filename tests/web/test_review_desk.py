"""The reviewers' desk over HTTP: filters, claims, evidence on record, questions to the visitor, the next request."""

import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from adapters.workshop import Workshop
from conf.terms import OrderStatus, StaffRole
from store.records import Order, Page
from tests.desk import Desk
from tests.web.client import PageClient
from tests.web.conftest import Site
from tests.web.test_staff import a_reviewer, at_the_desk, under_review
from tests.web.test_staff import desk as desk


@pytest.fixture
def workshop(site: Site) -> Iterator[Workshop]:
    made = Workshop(1)
    site.run(made.warm())
    kept, site.app.adapters = site.app.adapters, SimpleNamespace(workshop=made, lines=(), sm2=None)
    yield made
    site.app.adapters = kept
    site.run(made.close())


def a_scan(kind: str = "JPEG") -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (620, 877), "white").save(kept, kind)
    return kept.getvalue()


def scanned(desk: Desk) -> None:
    """One page of d1 in the store."""
    sha256 = desk.run(desk.store.scans.put(a_scan(), "image/jpeg"))
    page = Page(
        id="d1-p1", document_id="d1", number=1, sha256=sha256, media_type="image/jpeg", size=1000, width=620,
        height=877, dpi=75,
    )  # fmt: skip
    desk.run(desk.store.dossiers.put_pages((page,)))


def act(client: PageClient, order: Order, what: str, fields: dict[str, Any] | None = None, **kw: Any) -> Any:
    page = client.get(f"/staff/orders/{order.no}")
    return client.submit(page, f'form[action="/staff/orders/{order.no}/{what}"]', fields or {}, **kw)


def test_a_claimed_request_shows_its_holder_and_is_shut_to_the_second(site: Site, desk: Desk) -> None:
    first, second = at_the_desk(site, a_reviewer(desk)), at_the_desk(site, a_reviewer(desk, "wang.shenhe"))
    order = under_review(desk)
    stale = second.get(f"/staff/orders/{order.no}")
    act(first, order, "claim")
    assert "我认领到" in first.get(f"/staff/orders/{order.no}").words
    page = second.get(f"/staff/orders/{order.no}")
    assert "样例li 正在办理" in page.words
    assert not page.all('main form:not([action="/staff/keys"])')
    late = second.submit(stale, f'form[action="/staff/orders/{order.no}/permit"]', status=409)
    assert "样例li 正在办理" in late.words
    assert desk.run(desk.store.orders.by_no(order.no)).status == OrderStatus.UNDER_REVIEW
    assert "样例li在办" in second.get("/staff/orders").words
    assert "没有符合条件" in second.get("/staff/orders?holder=mine").words
    act(first, order, "release")
    assert second.get(f"/staff/orders/{order.no}").all("main form")


def test_after_a_decision_the_next_request_opens(site: Site, desk: Desk) -> None:
    client = at_the_desk(site, a_reviewer(desk))
    first = under_review(desk)
    desk.clock.forward(seconds=5)
    second = under_review(desk)
    to = act(client, first, "permit", {"document": "d1", "reason": "样例理由五个字"}).headers["location"]
    assert to == f"/staff/orders/{second.no}?done={first.no}"
    assert f"申请 {first.no} 已处理，这是下一份" in client.get(to).words
    to = act(client, second, "refuse", {"reason_id": "unproven", "refusal": ""}).headers["location"]
    assert to == f"/staff/orders?done={second.no}"
    visitor = site.signed_in(desk.run(desk.account("shareholder")))
    told = visitor.get(f"/orders/{second.no}").words
    assert "不能证实您与该企业的关系" in told
    assert "由企业办理变更登记" in told
    assert first.no in client.get(f"/staff/orders/{second.no}").words, "earlier requests of the same person"


def test_filters_keep_what_was_chosen_and_lead_on(site: Site, desk: Desk) -> None:
    client = at_the_desk(site, a_reviewer(desk))
    for _ in range(22):
        under_review(desk)
        desk.clock.forward(seconds=2)
    page = client.get("/staff/orders?kind=natural&words=&holder=nobody")
    assert len(page.all("[data-eq-row]")) == 20
    assert page.one("#f-holder option[selected]")["value"] == "nobody"
    more = str(page.one(".eq-orders__more a")["href"])
    assert "kind=natural" in more
    assert len(client.get(more).all("[data-eq-row]")) == 2
    assert "没有符合条件" in client.get("/staff/orders?kind=legal").words
    desk.clock.forward(days=20)
    late = at_the_desk(site, a_reviewer(desk, "wang.shenhe")).get("/staff/orders?due=overdue")
    assert "⚠ 已超期" in late.words


def test_papers_are_seen_marked_on_record_and_only_those_asked_for(site: Site, desk: Desk, workshop: Workshop) -> None:
    client = at_the_desk(site, a_reviewer(desk))
    scanned(desk)
    order = under_review(desk)
    page = client.get(f"/staff/orders/{order.no}")
    view = client.get(str(page.one('a[href$="/documents/d1/pages/1"]')["href"]))
    assert order.no in view.words
    picture = client.raw.get(str(view.one(".eq-viewer__image")["src"]))
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content != a_scan()
    assert "no-store" in picture.headers["cache-control"]
    assert desk.run(desk.tags())[-1] == "page:image:viewed"
    client.get(f"/staff/orders/{order.no}/documents/d3/pages/1", status=404)
    other = desk.run(desk.settled(desk.run(desk.account("shareholder")), document_ids=("d2",)))
    assert client.raw.get(f"/staff/orders/{other.no}/images/d1-p1/view.jpg").status_code == 404
    auditor = at_the_desk(site, a_reviewer(desk, "shen.ji", role=StaffRole.AUDITOR))
    assert auditor.raw.get(f"/staff/orders/{order.no}/images/d1-p1/view.jpg").status_code == 403
    act(client, order, "refuse", {"refusal": "样例理由五个字"})
    assert client.raw.get(f"/staff/orders/{order.no}/images/d1-p1/view.jpg").status_code == 404


def test_a_question_is_answered_on_the_order_page_and_seen_by_the_reviewer_alone(
    site: Site, desk: Desk, workshop: Workshop
) -> None:
    client = at_the_desk(site, a_reviewer(desk))
    order = under_review(desk)
    act(client, order, "ask", {"question": "短"}, status=422)
    act(client, order, "ask", {"question": "请上传出资证明，并说明用途。"})
    assert "等申请人补充" in client.get("/staff/orders?due=asked").words
    assert not client.get(f"/staff/orders/{order.no}").all("#f-refusal"), "no refusal while the term runs"
    account = desk.run(desk.account("shareholder"))
    visitor = site.signed_in(account)
    page = visitor.get(f"/orders/{order.no}")
    assert "请上传出资证明" in page.words
    assert "不计入审核期限" in page.words
    address, token = f"/orders/{order.no}/answer", str(page.one("form[enctype] input[name=_xsrf]")["value"])

    def send(answer: str, *files: bytes, who: PageClient = visitor, xsrf: str = token) -> Any:
        parts = [(f"file{n}", (f"{n}.jpg", content, "image/jpeg")) for n, content in enumerate(files, 1)]
        return who.raw.post(address, data={"_xsrf": xsrf, "answer": answer}, files=parts or [("file1", ("", b"", ""))])

    assert send("样例说明", xsrf="").status_code == 403
    assert send("").status_code == 422
    refused = send("样例说明", a_scan(), a_scan("PNG"))
    assert refused.status_code == 422
    assert "只接收 PDF 和 JPEG" in refused.text
    assert "样例说明" in refused.text
    stranger = site.signed_in(desk.run(desk.account("stranger")))
    other_token = str(stranger.get("/orders").one("input[name=_xsrf]")["value"]) if stranger else ""
    assert send("样例说明", who=stranger, xsrf=other_token).status_code == 404
    assert send("出资证明见附件（样例）。", a_scan()).status_code == 303
    assert "您已于" in visitor.get(f"/orders/{order.no}").words
    assert send("再来一次").status_code == 409
    seen = client.get(f"/staff/orders/{order.no}")
    assert "出资证明见附件（样例）。" in seen.words
    picture = str(seen.one(f'a[href^="/staff/orders/{order.no}/answers/"]')["href"])
    answer = client.raw.get(picture)
    assert answer.headers["content-type"] == "image/jpeg"
    assert desk.run(desk.tags())[-1] == "staff:evidence:viewed"
    assert visitor.raw.get(picture).status_code in (303, 403)
    assert client.raw.get(picture.replace("/1.jpg", "/2.jpg")).status_code == 404
