"""The queue of reviewers: who has an order, what is asked of the visitor, and the clock that stands meanwhile."""

import asyncio
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from adapters.workshop import Workshop
from conf.errors import Conflict, Invalid, NotFound
from conf.terms import OrderStatus
from conf.workdays import days_left, end_of_term
from handlers.flows import reviewing, supplements
from store.records import Order, Staff
from store.reviews import Sought
from tests.desk import TRACE, Desk
from tests.flows.test_reviewing import DESK_TRACE, permit, refuse, reviewer, waiting


@pytest.fixture
def workshop(desk: Desk) -> Iterator[Any]:
    made = Workshop(1)
    yield made
    desk.run(made.close())


def claim(desk: Desk, no: str, staff: Staff) -> Any:
    return reviewing.claim(desk.store, desk.settings, no, staff=staff, now=desk.clock(), trace=DESK_TRACE)


def ask(desk: Desk, no: str, staff: Staff, text: str = "请补充能证明股东身份的文件。") -> Any:
    return reviewing.ask(desk.store, desk.settings, no, staff=staff, text=text, now=desk.clock(), trace=DESK_TRACE)


def queue(desk: Desk, **sought: Any) -> list[str]:
    soon = desk.clock() + timedelta(days=1)
    found, _ = desk.run(desk.store.reviews.queue(Sought(soon=soon, **sought), now=desk.clock()))
    return [order.no for order in found]


def a_jpeg() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(kept, "JPEG")
    return kept.getvalue()


def test_who_has_claimed_it_decides_it_and_nobody_else(desk: Desk) -> None:
    _, order = waiting(desk)
    first, second = reviewer(desk), reviewer(desk, "wang.shenhe")
    desk.run(claim(desk, order.no, first))
    for attempt in (
        claim(desk, order.no, second),
        permit(desk, order.no, second, "d1", "d2"),
        ask(desk, order.no, second),
    ):
        with pytest.raises(Conflict) as fault:
            desk.run(attempt)
        assert first.name in str(fault.value)
    assert desk.run(permit(desk, order.no, first, "d1", "d2")).status == OrderStatus.PERMITTED


def test_a_claim_lapses_and_can_be_given_back(desk: Desk) -> None:
    _, order = waiting(desk)
    first, second = reviewer(desk), reviewer(desk, "wang.shenhe")
    desk.run(claim(desk, order.no, first))
    with pytest.raises(Conflict):
        desk.run(reviewing.release(desk.store, order.no, staff=second, now=desk.clock(), trace=DESK_TRACE))
    desk.run(reviewing.release(desk.store, order.no, staff=first, now=desk.clock(), trace=DESK_TRACE))
    desk.run(claim(desk, order.no, second))
    desk.clock.forward(minutes=desk.settings.review_claim_minutes)
    assert desk.run(refuse(desk, order.no, first, "样例理由五个字")).status == OrderStatus.REFUSED
    assert desk.run(desk.tags())[-5:-2] == ["staff:order:claimed", "staff:order:released", "staff:order:claimed"]


def test_two_who_claim_at_the_same_moment_are_one_who_has_it(desk: Desk) -> None:
    _, order = waiting(desk)
    people = [reviewer(desk, f"ren.{n}") for n in range(4)]

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(claim(desk, order.no, one) for one in people), return_exceptions=True)

    answers = desk.run(all_at_once())
    assert sorted(isinstance(answer, Conflict) for answer in answers) == [False, True, True, True]
    (holder,) = [answer.review.holder for answer in answers if isinstance(answer, Order)]
    assert desk.run(desk.store.orders.by_no(order.no)).review.held_by(desk.clock()) == holder


def test_a_claim_and_a_decision_of_two_people_at_once_never_both_hold(desk: Desk) -> None:
    for turn in range(6):
        _, order = waiting(desk)
        first, second = reviewer(desk, f"jia.{turn}"), reviewer(desk, f"yi.{turn}")

        async def both(no: str = order.no, one: Staff = first, other: Staff = second) -> list[Any]:
            return await asyncio.gather(
                claim(desk, no, one), refuse(desk, no, other, "样例理由五个字"), return_exceptions=True
            )

        claimed, refused = desk.run(both())
        now = desk.run(desk.store.orders.by_no(order.no))
        assert isinstance(claimed, Conflict) or isinstance(refused, Conflict) or now.status == OrderStatus.REFUSED
        if isinstance(refused, Conflict):
            assert now.review.held_by(desk.clock()) == first.id


def test_the_queue_is_narrowed_by_every_filter(desk: Desk) -> None:
    account, order = waiting(desk)
    staff, other = reviewer(desk), reviewer(desk, "wang.shenhe")
    desk.clock.forward(seconds=5)
    second = desk.run(desk.settled(account, purpose="litigation"))
    assert queue(desk) == [order.no, second.no]
    assert queue(desk, purpose="litigation") == [second.no]
    assert queue(desk, rule=order.decision.rule_id) == [order.no, second.no]
    assert queue(desk, rule="dossier.locked") == []
    assert queue(desk, kind="legal") == []
    assert queue(desk, words=second.no.lower()) == [second.no]
    assert queue(desk, words=order.company_name[3:8]) == [order.no, second.no]
    assert queue(desk, words="[.*") == []
    desk.run(claim(desk, order.no, staff))
    assert queue(desk, holder="mine", staff_id=staff.id) == [order.no]
    assert queue(desk, holder="others", staff_id=other.id) == [order.no]
    assert queue(desk, holder="nobody", staff_id=staff.id) == [second.no]
    assert desk.run(desk.store.reviews.next_for(other.id, now=desk.clock())).no == second.no
    assert desk.run(desk.store.reviews.next_for(staff.id, now=desk.clock(), but=order.no)).no == second.no
    assert queue(desk, due="overdue") == []
    desk.clock.forward(days=10)
    assert queue(desk, due="overdue") == [order.no, second.no]
    assert queue(desk, holder="nobody", staff_id=staff.id) == [order.no, second.no], "the claim has lapsed"


def test_pages_of_the_queue_follow_one_another(desk: Desk) -> None:
    account, _ = waiting(desk)
    for _ in range(4):
        desk.clock.forward(seconds=1)
        desk.run(desk.settled(account))
    seen, after = [], ""
    for _ in range(3):
        found, after = desk.run(
            desk.store.reviews.queue(Sought(kind="natural"), now=desk.clock(), after=after, batch=2)
        )
        seen += [order.no for order in found]
    assert (len(seen), len(set(seen)), after) == (5, 5, "")
    assert seen == queue(desk)


def test_asking_for_more_tells_the_visitor_and_stops_the_clock(desk: Desk, workshop: Any) -> None:
    account, order = waiting(desk)
    staff = reviewer(desk)
    assert order.due_at is not None
    left = days_left(desk.clock(), order.due_at)
    asked = desk.run(ask(desk, order.no, staff))
    assert asked.status == OrderStatus.UNDER_REVIEW
    assert asked.review.waits(desk.clock())
    (message,) = desk.run(desk.store.outbox.recent(order.no))
    assert message.body["notice"] == "order_question"
    with pytest.raises(Invalid):
        desk.run(refuse(desk, order.no, staff, "期限还没有到，不能拒绝。"))
    desk.clock.forward(days=3)
    sent = {"file1": a_jpeg()}
    answered = desk.run(
        supplements.answer(
            desk.store, workshop, account, order.no, text="出资证明见附件。", files=sent, now=desk.clock(), trace=TRACE
        )
    )
    assert answered.due_at == end_of_term(desk.clock(), left)
    (question,) = answered.review.questions
    assert desk.store.vault.reveal(question.answer) == "出资证明见附件。"
    (file,) = question.files
    assert (file.media_type, file.pages) == ("image/jpeg", 1)
    assert desk.run(desk.store.reviews.file(file.kept_as)) == sent["file1"]
    assert desk.run(refuse(desk, order.no, staff, "附件不能证明股东身份。")).status == OrderStatus.REFUSED


def test_silence_lets_the_clock_go_on_and_a_second_question_is_told_again(desk: Desk) -> None:
    _, order = waiting(desk)
    staff = reviewer(desk)
    asked = desk.run(ask(desk, order.no, staff))
    with pytest.raises(Invalid):
        desk.run(ask(desk, order.no, staff))
    assert asked.review.waits_until is not None
    assert asked.due_at is not None
    assert asked.due_at > asked.review.waits_until
    desk.clock.now = asked.review.waits_until
    desk.run(ask(desk, order.no, staff, "请再补充一次说明。"))
    assert len(desk.run(desk.store.outbox.recent(order.no))) == 2
    desk.clock.forward(days=30)
    desk.run(ask(desk, order.no, staff, "请最后补充一次说明。"))
    desk.clock.forward(days=30)
    with pytest.raises(Invalid):
        desk.run(ask(desk, order.no, staff))
    assert desk.run(refuse(desk, order.no, staff, "逾期未补充材料。")).status == OrderStatus.REFUSED


def test_an_answer_is_the_visitors_own_and_only_while_asked(desk: Desk, workshop: Any) -> None:
    account, order = waiting(desk)
    stranger = desk.run(desk.account("stranger"))

    def answer(who: Any, text: str = "样例说明", **files: bytes) -> Any:
        return supplements.answer(
            desk.store, workshop, who, order.no, text=text, files=files, now=desk.clock(), trace=TRACE
        )

    with pytest.raises(Conflict):
        desk.run(answer(account))
    desk.run(ask(desk, order.no, reviewer(desk)))
    with pytest.raises(NotFound):
        desk.run(answer(stranger))
    for text, files, field in (
        ("", {}, "answer"),
        ("样例", {"file2": b"MZ not a picture"}, "file2"),
        ("样例", {"file1": b"%PDF-1.7 cut off"}, "file1"),
    ):
        with pytest.raises(Invalid) as fault:
            desk.run(answer(account, text, **files))
        assert set(fault.value.fields) == {field}
    desk.run(answer(account))
    with pytest.raises(Conflict):
        desk.run(answer(account))
    assert desk.run(desk.tags()).count("order:question:answered") == 1
