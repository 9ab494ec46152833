"""Rating over HTTP: invited after the download, a low one says why, once and one follow-up."""

import pytest

from conf.rating_tags import TAGS
from conf.terms import OrderStatus, Satisfaction
from store.records import Account, Order
from tests.desk import Desk
from tests.web.client import PageClient
from tests.web.conftest import Site


@pytest.fixture
def desk(site: Site) -> Desk:
    made = Desk(site.store, site.settings, site.app.keys, site.clock, site.run)
    made.run(made.open())
    return made


def downloaded(site: Site, desk: Desk) -> tuple[PageClient, Order, Account]:
    account = desk.run(desk.account("legal_representative"))
    order = desk.run(desk.seal(desk.run(desk.settled(account))))
    client = site.signed_in(account)
    assert client.raw.get(f"/orders/{order.no}/copy").status_code == 200
    return client, order, account


def test_the_invitation_stands_on_the_order_after_the_download_only(site: Site, desk: Desk) -> None:
    account = desk.run(desk.account("legal_representative"))
    order = desk.run(desk.seal(desk.run(desk.settled(account))))
    client = site.signed_in(account)
    rating = f'a[href="/orders/{order.no}/rating"]'
    assert not client.get(f"/orders/{order.no}").all(rating)
    client.get(f"/orders/{order.no}/rating", status=404)
    client.raw.get(f"/orders/{order.no}/copy")
    assert client.get(f"/orders/{order.no}").one(rating).get_text() == "评价本次服务"


def test_five_levels_in_words_each_with_its_own_reasons(site: Site, desk: Desk) -> None:
    client, order, _ = downloaded(site, desk)
    page = client.get(f"/orders/{order.no}/rating")
    assert [i["value"] for i in page.all("input[name=satisfaction]")] == ["5", "4", "3", "2", "1"]
    assert all(word in page.words for word in ("非常满意", "满意", "基本满意", "不满意", "非常不满意"))
    for level, tags in TAGS.items():
        assert [i["value"] for i in page.all(f"input[name=tags{int(level)}]")] == list(tags)


def test_a_low_rating_needs_a_reason_and_a_good_one_does_not(site: Site, desk: Desk) -> None:
    client, order, _ = downloaded(site, desk)
    page = client.get(f"/orders/{order.no}/rating")
    back = client.submit(page, "form.eq-rating", {"satisfaction": "1"}, status=422)
    assert back.one("input[name=satisfaction][checked]")["value"] == "1"
    assert "原因" in back.one("#eq-errors").get_text()
    assert client.submit(page, "form.eq-rating", {}, status=422)
    tag = next(iter(TAGS[Satisfaction.VERY_BAD]))
    client.submit(page, "form.eq-rating", {"satisfaction": "1", "tags1": tag, "tags5": "513"})
    (rating,) = desk.run(desk.store.ratings.of_order(order.no))
    assert (rating.satisfaction, rating.tags) == (Satisfaction.VERY_BAD, (tag,))
    assert desk.run(desk.store.orders.by_no(order.no)).status == OrderStatus.RATED


def test_a_form_sent_twice_is_one_rating_and_one_follow_up_is_the_last(site: Site, desk: Desk) -> None:
    client, order, _ = downloaded(site, desk)
    path = f"/orders/{order.no}/rating"
    first = client.get(path)
    for _ in range(2):
        client.submit(first, "form.eq-rating", {"satisfaction": "5", "text": "很快"})
    assert len(desk.run(desk.store.ratings.of_order(order.no))) == 1
    second = client.get(path)
    assert "很快" in second.words
    assert client.get(f"/orders/{order.no}").one(f'a[href="{path}"]').get_text() == "追加评价"
    client.submit(second, "form.eq-rating", {"satisfaction": "2", "text": "后来慢了"})
    done = client.get(path)
    assert not done.all("form.eq-rating")
    assert "后来慢了" in done.words
    assert not client.get(f"/orders/{order.no}").all(f'a[href="{path}"]')


def test_another_visitor_cannot_rate(site: Site, desk: Desk) -> None:
    _, order, _ = downloaded(site, desk)
    other = site.signed_in(desk.run(desk.account("stranger")))
    other.get(f"/orders/{order.no}/rating", status=404)
    other.post(f"/orders/{order.no}/rating", {"number": "1", "satisfaction": "5"}, status=404)
    assert desk.run(desk.store.ratings.of_order(order.no)) == ()
