"""Rating a service: who may, what counts, once plus a follow-up, and that it reaches the platform."""

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest

from adapters.sandbox.server import Sandbox
from conf.errors import Conflict, Invalid, NotFound
from conf.terms import AuditTag, Channel, OrderStatus, OutboxKind, OutboxStatus, Satisfaction, StaffRole
from handlers.flows import notices, ordering, ratings, reviewing, staffing
from store.records import Account, Order, Rating
from tests.desk import TRACE, Desk, handed_whole
from tests.outside import Outside


async def downloaded(desk: Desk, role: str = "legal_representative") -> tuple[Account, Order]:
    """A visitor whose copy has been handed out."""
    account = await desk.account(role)
    order = await desk.seal(await desk.settled(account))
    await handed_whole(desk, account, order.no)
    return account, await desk.store.orders.by_no(order.no)


async def rated(desk: Desk, account: Account, order: Order, **changes: Any) -> Rating:
    values: dict[str, Any] = {"number": 1, "satisfaction": 5, "channel": Channel.PC} | changes
    return await ratings.rate(desk.store, account, order.no, now=desk.clock(), trace=TRACE, **values)


def test_a_rating_moves_the_order_leaves_evidence_and_queues_the_report(desk: Desk) -> None:
    account, order = desk.run(downloaded(desk))
    rating = desk.run(rated(desk, account, order, tags=["517", "513"], text="  很方便 "))
    assert (rating.satisfaction, rating.tags, rating.text) == (Satisfaction.VERY_GOOD, ("513", "517"), "很方便")
    assert desk.run(desk.store.orders.by_no(order.no)).status is OrderStatus.RATED
    assert desk.run(desk.tags())[-2:] == [AuditTag.RATING_GIVEN, AuditTag.ORDER_MOVED]
    (message,) = desk.run(desk.store.outbox.recent(order.no))
    assert (message.kind, message.body, message.recipient) == (OutboxKind.RATING, {"number": 1}, None)


def test_the_report_reaches_the_platform_with_the_case_and_the_visitor(
    desk: Desk, outside: Outside, sandbox: Sandbox
) -> None:
    account, order = desk.run(downloaded(desk))
    desk.run(rated(desk, account, order, satisfaction=2, tags=["209"], channel=Channel.KIOSK))
    work = notices.deliver_next(
        desk.store,
        outside,
        owner="w",
        now=desk.clock(),
        kinds=(OutboxKind.RATING,),
        chance=random.Random(1),  # type: ignore[arg-type]
    )
    assert desk.run(work)
    (kept,) = sandbox.state.received["rating"]
    assert (kept["projectNo"], kept["satisfaction"], kept["evalDetail"], kept["pf"]) == (order.no, "2", "209", "5")
    assert kept["userName"] == account.name
    assert kept["certKey"] == desk.store.vault.reveal(account.id_number)
    assert sandbox.state.cases[order.no]["resultDate"] >= sandbox.state.cases[order.no]["acceptDate"]
    assert desk.run(desk.store.outbox.recent(order.no))[0].status is OutboxStatus.DELIVERED


@pytest.mark.parametrize("level", [1, 2])
def test_a_low_rating_needs_a_tag_or_a_text(desk: Desk, level: int) -> None:
    account, order = desk.run(downloaded(desk))
    for text in ("", "   \n"):
        with pytest.raises(Invalid) as raised:
            desk.run(rated(desk, account, order, satisfaction=level, text=text))
        assert list(raised.value.fields) == ["text"]
    assert desk.run(desk.store.ratings.of_order(order.no)) == ()
    desk.run(rated(desk, account, order, satisfaction=level, text="等得太久"))


@pytest.mark.parametrize("level", [3, 4, 5])
def test_any_other_rating_needs_no_words(desk: Desk, level: int) -> None:
    account, order = desk.run(downloaded(desk))
    assert desk.run(rated(desk, account, order, satisfaction=level)).satisfaction == level


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"satisfaction": 0}, "satisfaction"),
        ({"satisfaction": 6}, "satisfaction"),
        ({"number": 0}, "satisfaction"),
        ({"number": 3}, "satisfaction"),
        ({"satisfaction": 5, "tags": ["115"]}, "tags"),
        ({"satisfaction": 1, "tags": ["999"]}, "tags"),
        ({"text": "好" * 501}, "text"),
    ],
)
def test_what_the_form_does_not_offer_is_not_taken(desk: Desk, changes: dict[str, Any], field: str) -> None:
    account, order = desk.run(downloaded(desk))
    with pytest.raises(Invalid) as raised:
        desk.run(rated(desk, account, order, **changes))
    assert list(raised.value.fields) == [field]
    assert desk.run(desk.store.outbox.recent(order.no)) == ()


def test_once_and_one_follow_up_and_no_more(desk: Desk) -> None:
    account, order = desk.run(downloaded(desk))
    assert desk.run(ratings.invite(desk.store, account, order.no)).number == 1
    with pytest.raises(Conflict):
        desk.run(rated(desk, account, order, number=2))
    desk.run(rated(desk, account, order, number=1))
    invitation = desk.run(ratings.invite(desk.store, account, order.no))
    assert (invitation.number, len(invitation.given)) == (2, 1)
    desk.run(rated(desk, account, order, number=2, satisfaction=3))
    assert desk.run(ratings.invite(desk.store, account, order.no)).number == 0
    for number in (1, 2):
        with pytest.raises(Conflict):
            desk.run(rated(desk, account, order, number=number))
    assert [each.number for each in desk.run(desk.store.ratings.of_order(order.no))] == [1, 2]


def test_a_form_sent_many_times_at_once_is_one_rating(desk: Desk) -> None:
    account, order = desk.run(downloaded(desk))

    async def many() -> list[Any]:
        return await asyncio.gather(*(rated(desk, account, order) for _ in range(8)), return_exceptions=True)

    results = desk.run(many())
    assert sum(isinstance(each, Rating) for each in results) == 1
    assert all(isinstance(each, Rating | Conflict) for each in results)
    assert len(desk.run(desk.store.ratings.of_order(order.no))) == 1
    assert len(desk.run(desk.store.outbox.recent(order.no))) == 1
    assert desk.run(desk.tags()).count(AuditTag.RATING_GIVEN) == 1


def test_another_visitors_order_cannot_be_rated_or_seen(desk: Desk) -> None:
    _, order = desk.run(downloaded(desk))
    stranger = desk.run(desk.account("stranger"))
    for no in (order.no, "TH20261121-222222"):
        with pytest.raises(NotFound):
            desk.run(ratings.invite(desk.store, stranger, no))
        with pytest.raises(NotFound):
            desk.run(rated(desk, stranger, replace(order, no=no)))


def test_nothing_is_rated_before_it_was_handed_out(desk: Desk) -> None:
    account = desk.run(desk.account("legal_representative"))
    order = desk.run(desk.seal(desk.run(desk.settled(account))))
    with pytest.raises(NotFound):
        desk.run(rated(desk, account, order))
    assert desk.run(desk.store.outbox.recent(order.no)) == ()


def test_a_copy_can_be_rated_after_its_download_is_over_but_never_one_not_handed_out(desk: Desk) -> None:
    account, order = desk.run(downloaded(desk))
    unread = desk.run(desk.seal(desk.run(desk.settled(account))))
    for each in (order, unread):
        desk.run(ordering.expire(desk.store, each, now=desk.clock()))
    desk.run(rated(desk, account, order, satisfaction=4))
    assert desk.run(desk.store.orders.by_no(order.no)).status is OrderStatus.EXPIRED
    assert len(desk.run(desk.store.ratings.of_order(order.no))) == 1
    with pytest.raises(NotFound):
        desk.run(rated(desk, account, unread))


def test_a_reviewed_order_is_reported_as_promised_and_any_other_as_on_the_spot(
    desk: Desk, outside: Outside, sandbox: Sandbox
) -> None:
    account, order = desk.run(downloaded(desk))
    desk.run(rated(desk, account, order))
    asked = desk.run(desk.settled(desk.run(desk.account("shareholder"))))
    staff = desk.run(
        staffing.create_staff(
            desk.store, login="li.shenhe", name="样例", roles=[StaffRole.REVIEWER], password="Zhi-Shi-Yang-Li-2026"
        )
    ).staff
    papers = [item.document_id for item in asked.items]
    permit = reviewing.permit(
        desk.store, desk.settings, asked.no, staff=staff, document_ids=papers, reason="", now=desk.clock(), trace=TRACE
    )
    sealed = desk.run(desk.seal(desk.run(permit)))
    other = desk.run(desk.account("shareholder"))
    desk.run(handed_whole(desk, other, sealed.no))
    desk.run(rated(desk, other, sealed))
    while desk.run(
        notices.deliver_next(desk.store, outside, owner="w", now=desk.clock(), kinds=[OutboxKind.RATING])  # type: ignore[arg-type]
    ):
        pass
    kinds = {no: sandbox.state.cases[no]["promiseTime"] for no in (order.no, sealed.no)}
    assert kinds == {order.no: "2", sealed.no: "1"}
