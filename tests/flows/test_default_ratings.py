"""Default ratings: off unless set, once, marked as nobody's word, and the visitor may still say their own."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from adapters.sandbox.server import Sandbox
from conf.errors import Conflict
from conf.settings import load_settings
from conf.terms import AuditTag, Channel, OrderStatus, OutboxKind, Satisfaction
from handlers.flows import notices, ordering, ratings
from handlers.flows.background import Background
from store.records import Order, Rating
from tests.desk import DATABASE, Desk
from tests.flows.test_background import nothing
from tests.flows.test_ratings import downloaded, rated
from tests.outside import Outside


def look(desk: Desk, days: int, owner: str = "p1") -> bool:
    """One turn of the background job with this setting."""
    settings = desk.settings.model_copy(update={"rating_default_days": days})
    parts: dict[str, Any] = dict.fromkeys(("seal", "deliver", "checkpoint", "sweep", "apply_waiting"), nothing)
    work = Background(desk.store, settings, clock=desk.clock, owner=owner, **parts)
    return bool(desk.run(work.default_ratings_due()))


def given(desk: Desk, order: Order) -> list[tuple[int, Satisfaction, bool]]:
    return [(r.number, r.satisfaction, r.is_default) for r in desk.run(desk.store.ratings.of_order(order.no))]


def test_it_is_off_unless_the_settings_say_so(desk: Desk) -> None:
    _, order = desk.run(downloaded(desk))
    desk.clock.forward(days=400)
    assert load_settings().rating_default_days == 0
    look(desk, 0)
    assert given(desk, order) == []


def test_what_nobody_rated_in_time_is_fair_by_default_once_and_says_so(desk: Desk) -> None:
    _, order = desk.run(downloaded(desk))
    desk.clock.forward(days=7, seconds=-1)
    look(desk, 7)
    assert given(desk, order) == []
    desk.clock.forward(seconds=1)
    for owner in ("p1", "p1", "p2"):
        look(desk, 7, owner)
        desk.clock.forward(hours=1)
    assert given(desk, order) == [(1, Satisfaction.FAIR, True)]
    assert desk.run(desk.store.orders.by_no(order.no)).status is OrderStatus.DOWNLOADED, "the visitor rated nothing"
    tags = desk.run(desk.tags())
    assert (tags.count(AuditTag.RATING_DEFAULTED), tags.count(AuditTag.RATING_GIVEN)) == (1, 0)
    assert len(desk.run(desk.store.outbox.recent(order.no))) == 1


def test_it_reaches_the_platform_as_a_default(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    _, order = desk.run(downloaded(desk))
    desk.clock.forward(days=7)
    look(desk, 7)
    sandbox.state.faults.switch("rating", "lost", 1)
    chance = random.Random(1)
    for _ in range(2):  # the first answer is lost
        sent = notices.deliver_next(
            desk.store, outside, owner="w", now=desk.clock(), chance=chance, kinds=(OutboxKind.RATING,)
        )  # type: ignore[arg-type]
        desk.run(sent)
        desk.clock.forward(hours=1)
    (kept,) = sandbox.state.received["rating"]
    assert (kept["projectNo"], kept["satisfaction"], kept["isdefault"]) == (order.no, "3", "1")


def test_what_was_rated_or_never_handed_out_gets_none(desk: Desk) -> None:
    account, order = desk.run(downloaded(desk))
    desk.run(rated(desk, account, order, satisfaction=5))
    sealed = desk.run(desk.seal(desk.run(desk.settled(account))))
    desk.clock.forward(days=30)
    look(desk, 7)
    assert given(desk, order) == [(1, Satisfaction.VERY_GOOD, False)]
    assert given(desk, sealed) == []


@pytest.mark.parametrize("is_expired", [False, True])
def test_the_visitors_own_word_is_still_possible_and_a_low_one_is_followed_up(desk: Desk, is_expired: bool) -> None:
    account, order = desk.run(downloaded(desk))
    desk.clock.forward(days=8)
    if is_expired:
        desk.run(ordering.expire(desk.store, order, now=desk.clock()))
    look(desk, 7)
    assert desk.run(desk.store.followups.by_id(f"{order.no}.1")) is None
    invitation = desk.run(ratings.invite(desk.store, account, order.no))
    assert (invitation.number, invitation.is_rated) == (2, False)
    desk.run(rated(desk, account, order, number=2, satisfaction=1, tags=["115"]))
    assert given(desk, order) == [(1, Satisfaction.FAIR, True), (2, Satisfaction.VERY_BAD, False)]
    assert desk.run(desk.store.followups.by_id(f"{order.no}.2")) is not None
    status = desk.run(desk.store.orders.by_no(order.no)).status
    assert status is (OrderStatus.EXPIRED if is_expired else OrderStatus.RATED)
    assert desk.run(ratings.invite(desk.store, account, order.no)).number == 0


def test_default_ratings_are_outside_the_figures_of_what_visitors_said(desk: Desk) -> None:
    since = desk.clock()
    for level in (5, 3, 1):
        account, order = desk.run(downloaded(desk))
        desk.run(rated(desk, account, order, satisfaction=level, text="说明"))
    _, silent = desk.run(downloaded(desk))
    late_account, late = desk.run(downloaded(desk))
    desk.clock.forward(days=7)
    look(desk, 7)
    desk.run(rated(desk, late_account, late, number=2, satisfaction=4))
    tally = desk.run(desk.store.ratings.tally(since))
    assert (tally.active, tally.good, tally.by_default) == (4, 3, 1)
    assert given(desk, silent) == [(1, Satisfaction.FAIR, True)]
    later = desk.run(desk.store.ratings.tally(since + timedelta(days=8)))
    assert replace(later, active=0) == later


def test_one_process_at_a_time_and_more_than_one_batch(
    desk: Desk, mongo_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ratings, "BATCH", 2)
    for _ in range(3):
        desk.run(downloaded(desk))
    desk.clock.forward(days=7)
    assert look(desk, 7, "p1"), "there may be more"
    assert not look(desk, 7, "p2"), "another process holds the job"
    assert not look(desk, 7, "p1")
    with MongoClient(mongo_url) as client:
        assert client[DATABASE]["ratings"].count_documents({"is_default": True}) == 3


def test_the_channel_reported_is_the_one_of_the_order(desk: Desk) -> None:
    _, order = desk.run(downloaded(desk))
    desk.clock.forward(days=7)
    look(desk, 7)
    (rating,) = desk.run(desk.store.ratings.of_order(order.no))
    assert rating.channel is order.channel is Channel.PC


def test_several_processes_and_the_visitor_in_the_same_moment_make_one_first_rating(desk: Desk) -> None:
    account, order = desk.run(downloaded(desk))
    desk.clock.forward(days=7)

    async def all_at_once() -> list[Any]:
        looks = [ratings.default_due(desk.store, days=7, now=desk.clock()) for _ in range(4)]
        return await asyncio.gather(*looks, rated(desk, account, order, satisfaction=5), return_exceptions=True)

    results = desk.run(all_at_once())
    assert all(isinstance(each, bool | Rating | Conflict) for each in results), results
    assert [number for number, _, _ in given(desk, order)] == [1]
    tags = desk.run(desk.tags())
    assert tags.count(AuditTag.RATING_DEFAULTED) + tags.count(AuditTag.RATING_GIVEN) == 1
    assert len(desk.run(desk.store.outbox.recent(order.no))) == 1
