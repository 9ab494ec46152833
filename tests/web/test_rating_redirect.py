"""Rating on the platform's own page: the way there, the signed word back, exactly once, and its follow-up."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import pytest

from adapters.rating.jump import JumpPage
from adapters.rating.told import RatingCalls
from adapters.sandbox import calling
from adapters.sandbox.server import Sandbox
from conf.terms import AuditTag, Channel, OrderStatus, Satisfaction
from handlers.flows import ratings
from store.records import Order
from tests.contracts.test_rating_page import ROW, body, form_of, signed, unwrapped
from tests.desk import TRACE, Desk
from tests.web.client import PageClient
from tests.web.conftest import Site
from tests.web.test_kiosk import machine as machine
from tests.web.test_kiosk_print import at_the_kiosk
from tests.web.test_ratings import desk as desk
from tests.web.test_ratings import downloaded


@pytest.fixture
def platform(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The service in the redirect style, and the platform telling it what was said."""
    monkeypatch.setattr(calling, "PAUSES", (0.0,) * 5)
    box = Sandbox(site.settings, clock=site.clock, callbacks_to=f"{site.url}/callbacks", late_seconds=0.0)
    site.run(box.start())
    settings = site.settings.model_copy(update={"rating_style": "redirect", **box.addresses})
    kept = site.app.adapters
    site.app.adapters = SimpleNamespace(
        rating_page=JumpPage(settings), callbacks={"rating": RatingCalls(settings)}, lines=()
    )
    yield box
    site.app.adapters = kept
    site.run(box.stop())


def sent_on(client: PageClient, order: Order) -> str:
    """The platform's address, found as a visitor finds it: from the order's button on."""
    page = client.get(f"/orders/{order.no}")
    page = client.get(str(page.one(f'a[href="/orders/{order.no}/rating"]')["href"]))
    assert not page.all("form.eq-rating")
    assert "手机号码不会带去" in page.words
    return client.get(str(page.one("main .eq-card a.eq-button--primary")["href"]), status=303).headers["location"]


def say(site: Site, platform: Sandbox, address: str, **form: str) -> None:
    with httpx.Client(trust_env=False) as browser:
        page = form_of(browser.get(address).text)
        assert "感谢" in browser.post(address.partition("?")[0], data=page | form).text

    async def settled() -> None:
        await asyncio.gather(*platform.state.tasks)

    site.run(settled())


def given(desk: Desk, order: Order) -> list[tuple[int, int, str]]:
    return [(r.number, r.satisfaction, r.text) for r in desk.run(desk.store.ratings.of_order(order.no))]


def call(site: Site, sent: bytes, *, status: int = 200, nonce: str = "n" * 16, word: str = "eqicha-dev-word") -> None:
    headers = signed(sent, at=site.clock(), nonce=nonce, word=word)
    assert site.visitor().raw.post("/callbacks/rating", content=sent, headers=headers).status_code == status


def test_from_the_button_to_the_platform_and_back_with_the_rating(site: Site, desk: Desk, platform: Sandbox) -> None:
    client, order, account = downloaded(site, desk)
    address = sent_on(client, order)
    assert urlsplit(address).port == platform.port
    assert unwrapped(address)["applicantName"] == account.name
    say(site, platform, address, satisfaction="2", evalDetail="209", writingEvaluation="等得太久")
    page = client.get(f"/orders/{order.no}/rating")
    assert "等得太久" in page.words
    assert "未在承诺时间内办结" in page.words
    assert desk.run(desk.store.orders.by_no(order.no)).status is OrderStatus.RATED
    assert desk.run(desk.store.outbox.recent(order.no)) == (), "the platform has it already"
    assert desk.run(desk.store.followups.by_id(f"{order.no}.1")) is not None
    tags = desk.run(desk.tags())
    assert [tags.count(tag) for tag in (AuditTag.RATING_SENT_ON, AuditTag.RATING_GIVEN)] == [1, 1]
    assert tags.count(AuditTag.CALLBACK_RECEIVED) == 1
    say(site, platform, sent_on(client, order), satisfaction="5")
    assert [each[:2] for each in given(desk, order)] == [(1, 2), (2, 5)]
    assert not client.get(f"/orders/{order.no}/rating").all("main .eq-card a.eq-button--primary")


@pytest.mark.parametrize("fault", ["twice", "late", "forged", "clock"])
def test_a_call_made_wrongly_is_one_rating_in_the_end(site: Site, desk: Desk, platform: Sandbox, fault: str) -> None:
    client, order, _ = downloaded(site, desk)
    address = sent_on(client, order)
    platform.state.faults.switch("rating", fault, 3 if fault == "clock" else 1)  # the page looks at its clock twice
    say(site, platform, address, satisfaction="1", evalDetail="110")
    assert [each[:2] for each in given(desk, order)] == [(1, 1)]
    tags = desk.run(desk.tags())
    assert [tags.count(tag) for tag in (AuditTag.RATING_GIVEN, AuditTag.FOLLOW_UP_OPENED)] == [1, 1]
    assert tags.count(AuditTag.CALLBACK_REFUSED) == (fault in ("forged", "clock"))


def test_a_lost_answer_and_any_repeat_is_one_rating(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, order, _ = downloaded(site, desk)
    sent = body(ROW | {"projectNo": order.no})
    for nonce in ("a" * 16, "a" * 16, "b" * 16):
        call(site, sent, nonce=nonce)
    call(site, body(ROW | {"projectNo": order.no, "satisfaction": "5"}), nonce="c" * 16)
    assert given(desk, order) == [(1, Satisfaction.BAD, "等得太久𠮷")]
    tags = desk.run(desk.tags())
    assert [tags.count(tag) for tag in (AuditTag.RATING_GIVEN, AuditTag.FOLLOW_UP_OPENED)] == [1, 1]


def test_two_calls_in_one_moment_are_one_rating(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, order, _ = downloaded(site, desk)
    sent = body(ROW | {"projectNo": order.no})

    async def many() -> list[int]:
        async with httpx.AsyncClient(trust_env=False) as browser:
            calls = [
                browser.post(
                    f"{site.url}/callbacks/rating",
                    content=sent,
                    headers=signed(sent, at=site.clock(), nonce="m" * 15 + n),
                )
                for n in "12345"
            ]
            return [answer.status_code for answer in await asyncio.gather(*calls)]

    assert 200 in site.run(many())
    assert len(given(desk, order)) == 1
    assert desk.run(desk.tags()).count(AuditTag.RATING_GIVEN) == 1


def test_forged_words_change_nothing(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, order, _ = downloaded(site, desk)
    call(site, body(ROW | {"projectNo": order.no}), word="guessed", status=401)
    assert given(desk, order) == []
    assert desk.run(desk.tags())[-1] == AuditTag.CALLBACK_REFUSED


def test_what_comes_before_the_copy_was_handed_out_waits(site: Site, desk: Desk, platform: Sandbox) -> None:
    order = desk.run(desk.seal(desk.run(desk.settled(desk.run(desk.account("legal_representative"))))))
    call(site, body(ROW | {"projectNo": order.no}))
    assert given(desk, order) == []
    assert len(desk.run(desk.store.inbox.waiting())) == 1


def test_in_the_push_style_nobody_may_call(site: Site, desk: Desk, platform: Sandbox) -> None:
    site.app.adapters = SimpleNamespace(callbacks={}, lines=())
    _, order, _ = downloaded(site, desk)
    call(site, body(ROW | {"projectNo": order.no}), status=404)


def test_a_word_after_a_default_rating_is_the_second_and_not_lost(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, order, _ = downloaded(site, desk)
    site.clock.forward(days=7)
    desk.run(ratings.default_due(desk.store, days=7, now=site.clock()))
    call(site, body(ROW | {"projectNo": order.no}))
    assert [each[:2] for each in given(desk, order)] == [(1, 3), (2, 2)]
    assert desk.run(desk.store.followups.by_id(f"{order.no}.2")) is not None


def test_our_own_form_and_the_platforms_page_make_one_rating(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, order, account = downloaded(site, desk)
    rated = ratings.rate(
        desk.store, account, order.no, number=1, satisfaction=5, channel=Channel.KIOSK, now=site.clock(), trace=TRACE
    )
    desk.run(rated)
    call(site, body(ROW | {"projectNo": order.no}))
    assert [each[:2] for each in given(desk, order)] == [(1, 5)]


def test_a_kiosk_keeps_our_own_form(site: Site, desk: Desk, platform: Sandbox, machine: PageClient) -> None:
    _, order, account = downloaded(site, desk)
    kiosk = at_the_kiosk(site, machine, account)
    assert kiosk.get(f"/orders/{order.no}/rating").one("form.eq-rating")
    page = kiosk.get(f"/orders/{order.no}/rating/platform", status=303)
    assert page.headers["location"] == f"/orders/{order.no}/rating"


def test_another_visitor_is_not_sent_on(site: Site, desk: Desk, platform: Sandbox) -> None:
    _, order, _ = downloaded(site, desk)
    other = site.signed_in(desk.run(desk.account("stranger")))
    other.get(f"/orders/{order.no}/rating/platform", status=404)
    assert AuditTag.RATING_SENT_ON not in desk.run(desk.tags())
