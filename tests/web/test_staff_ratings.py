"""The staff pages of low ratings: overdue first and in words, one step after the other, the number only on record."""

from datetime import UTC, datetime

import pytest

from conf.terms import AuditTag, FollowUpStatus, StaffRole
from handlers.flows import ratings
from store.records import FollowUp, Order
from tests.desk import Desk
from tests.web.client import Page, PageClient
from tests.web.conftest import Site
from tests.web.test_ratings import desk as desk
from tests.web.test_ratings import downloaded
from tests.web.test_staff import a_reviewer, at_the_desk

PHONE = "19900000001"


def low(site: Site, desk: Desk, *, level: int = 1, text: str = "等得<b>太久") -> Order:
    """A visitor's low rating, sent by the form."""
    client, order, _ = downloaded(site, desk)
    page = client.get(f"/orders/{order.no}/rating")
    client.submit(page, "form.eq-rating", {"satisfaction": str(level), "text": text})
    return order


def kept(desk: Desk, order: Order) -> FollowUp:
    return desk.run(desk.store.followups.by_id(f"{order.no}.1"))


def take(client: PageClient, page: Page, result: str, text: str = "已经通话，了解情况", *, status: int = 303) -> Page:
    fields = {"text": text} | ({"result": result} if result else {})
    return client.submit(page, "form#step", fields, status=status)


def test_the_list_marks_what_is_overdue_in_words_and_puts_it_first(site: Site, desk: Desk) -> None:
    site.clock.now = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)  # a Monday
    late = low(site, desk)
    site.clock.forward(days=3)
    fresh = low(site, desk, level=2)
    client = at_the_desk(site, a_reviewer(desk))
    page = client.get("/staff/ratings")
    items = [item.get_text() for item in page.all(".eq-orders__item")]
    assert [late.no in items[0], fresh.no in items[1]] == [True, True]
    assert "已超期" in items[0]
    assert "非常不满意" in items[0]
    assert "已超期" not in items[1]
    assert "联系评价人：2026年11月20日前" in items[1]
    assert "已超期 1 件" in page.words
    assert page.one('.eq-nav a[href="/staff/ratings"]').get_text() == "差评回访"
    assert PHONE not in page.text


def test_from_the_rating_to_the_end_and_once_more(site: Site, desk: Desk) -> None:
    order = low(site, desk)
    client, path = at_the_desk(site, a_reviewer(desk)), f"/staff/ratings/{order.no}.1"
    page = client.get("/staff/ratings")
    page = client.get(str(page.one(".eq-orders__link")["href"]))
    assert "等得<b>太久" in page.words, "shown as written"
    assert order.requester_masked in page.words
    for result, words in (("reached", "已联系上"), ("explained", "已说明理由和依据"), ("discontent", "不认可处理结果")):
        assert take(client, page, result).headers["location"] == path
        page = client.get(path)
        assert words in page.one(".eq-history").get_text()
    assert kept(desk, order).status is FollowUpStatus.CLOSED
    assert not client.get("/staff/ratings").all(".eq-orders__item")
    assert "不认可处理结果" in client.get("/staff/ratings?view=closed").one(".eq-orders__item").get_text()
    take(client, page, "", "评价人再次来电，重新核实")
    again = client.get(path)
    assert "重新办理1 次" in again.words
    assert kept(desk, order).reopened == 1
    assert len(client.get("/staff/ratings").all(".eq-orders__item")) == 1


def test_a_step_without_result_or_words_comes_back_with_what_was_written(site: Site, desk: Desk) -> None:
    order = low(site, desk)
    client, path = at_the_desk(site, a_reviewer(desk)), f"/staff/ratings/{order.no}.1"
    page = client.get(path)
    back = take(client, page, "", "没有选结果", status=422)
    assert "请选择结果" in back.one("#eq-errors").get_text()
    assert back.one("textarea[name=text]").get_text() == "没有选结果"
    back = take(client, page, "reached", "短", status=422)
    assert back.one("input[name=result][checked]")["value"] == "reached"
    assert kept(desk, order).version == 0


def test_of_two_colleagues_the_second_reads_what_the_first_did(site: Site, desk: Desk) -> None:
    order = low(site, desk)
    first, second = (at_the_desk(site, a_reviewer(desk, login)) for login in ("li.shenhe", "wang.shenhe"))
    path = f"/staff/ratings/{order.no}.1"
    pages = [first.get(path), second.get(path)]
    take(first, pages[0], "reached", "先联系上了评价人")
    late = take(second, pages[1], "unreached", "没有打通电话", status=409)
    assert "已有同事处理过" in late.words
    assert "先联系上了评价人" in late.one(".eq-history").get_text()
    assert late.one("textarea[name=text]").get_text() == "没有打通电话", "what was written is not lost"
    assert len(kept(desk, order).history) == 2


def test_the_number_is_masked_until_asked_for_and_asking_is_on_record(site: Site, desk: Desk) -> None:
    order = low(site, desk)
    client, path = at_the_desk(site, a_reviewer(desk)), f"/staff/ratings/{order.no}.1"
    page = client.get(path)
    assert PHONE not in page.text
    shown = client.submit(page, f'form[action="{path}/phone"]', status=200)
    assert PHONE in shown.words
    assert "no-store" in shown.headers["cache-control"]
    assert desk.run(desk.tags())[-1] == AuditTag.FOLLOW_UP_PHONE_SHOWN
    assert PHONE not in client.get(path).text, "on that one answer only"


def test_the_figures_leave_default_ratings_out(site: Site, desk: Desk) -> None:
    low(site, desk)
    downloaded(site, desk)
    site.clock.forward(days=7)
    desk.run(ratings.default_due(desk.store, days=7, now=site.clock()))
    words = at_the_desk(site, a_reviewer(desk)).get("/staff/ratings").words
    assert "1 件，其中基本满意及以上 0.0%" in words
    assert "1 件，不计入满意率" in words
    assert "50.0%" in words


def test_the_visitor_sees_a_default_rating_as_what_it_is(site: Site, desk: Desk) -> None:
    client, order, _ = downloaded(site, desk)
    site.clock.forward(days=7)
    desk.run(ratings.default_due(desk.store, days=7, now=site.clock()))
    assert client.cookies
    client = site.signed_in(desk.run(desk.account("legal_representative")))
    page = client.get(f"/orders/{order.no}")
    assert page.one(f'a[href="/orders/{order.no}/rating"]').get_text() == "评价本次服务"
    page = client.get(f"/orders/{order.no}/rating")
    assert "系统默认" in page.words
    assert "感谢您的评价" not in page.words
    client.submit(page, "form.eq-rating", {"satisfaction": "2", "text": "其实不满意"})
    assert [r.number for r in desk.run(desk.store.ratings.of_order(order.no)) if not r.is_default] == [2]
    assert not client.get(f"/orders/{order.no}").all(f'a[href="/orders/{order.no}/rating"]')


@pytest.mark.parametrize("role", [StaffRole.AUDITOR, StaffRole.SYSTEM_ADMIN, StaffRole.SECURITY_ADMIN])
def test_other_roles_read_and_write_nothing_here(site: Site, desk: Desk, role: StaffRole) -> None:
    order = low(site, desk)
    client = at_the_desk(site, a_reviewer(desk, role=role))
    path = f"/staff/ratings/{order.no}.1"
    for address in ("/staff/ratings", path):
        client.get(address, status=403)
    for address in (f"{path}/contacted", f"{path}/phone"):
        client.post(address, {"version": "0", "result": "reached", "text": "了解到的情况"}, status=403)
    assert kept(desk, order).version == 0


def test_what_is_not_there_is_not_found(site: Site, desk: Desk) -> None:
    client = at_the_desk(site, a_reviewer(desk))
    for path in ("/staff/ratings/TH20261121-222222.1", "/staff/ratings/TH20261121-222222.3"):
        client.get(path, status=404)
    client.post(
        "/staff/ratings/TH20261121-222222.1/contacted", {"version": "0", "result": "reached", "text": "了解到的情况"},
        status=404,
    )  # fmt: skip
