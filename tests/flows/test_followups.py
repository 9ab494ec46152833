"""Low ratings: each has its follow-up with terms in working days, moved by one person at a time, all on record."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo import MongoClient

from conf.errors import Conflict, Invalid, NotFound
from conf.terms import AuditTag, FollowUpResult, FollowUpStatus, FollowUpStep, StaffRole
from handlers.flows import followups, staffing
from store.records import FollowUp, Order, Staff
from tests.desk import DATABASE, TRACE, Desk
from tests.flows.test_ratings import downloaded, rated

STAFF_TRACE = TRACE | {"role": "staff"}
WORDS = "已与评价人通话，了解情况"


def colleague(desk: Desk, login: str = "li.shenhe") -> Staff:
    made = staffing.create_staff(
        desk.store, login=login, name="样例审核", roles=[StaffRole.REVIEWER], password="Zhi-Shi-Yang-Li-2026"
    )
    return desk.run(made).staff


def low(desk: Desk, **changes: Any) -> tuple[Order, FollowUp]:
    account, order = desk.run(downloaded(desk))
    desk.run(rated(desk, account, order, **({"satisfaction": 2, "text": "等得太久"} | changes)))
    return order, desk.run(desk.store.followups.by_id(f"{order.no}.{changes.get('number', 1)}"))


def step(desk: Desk, followup: FollowUp, staff: Staff, what: str, result: str = "", **changes: Any) -> Any:
    values = {"text": WORDS, "version": followup.version} | changes
    return followups.take_step(
        desk.store, followup.id, staff=staff, step=FollowUpStep(what), result=result, now=desk.clock(),
        trace=STAFF_TRACE, **values,
    )  # fmt: skip


def closed(desk: Desk, followup: FollowUp, staff: Staff, end: str = "content") -> FollowUp:
    for what, result in (("contacted", "reached"), ("rectified", "rectified"), ("called_back", end)):
        followup = desk.run(step(desk, followup, staff, what, result))
    return followup


@pytest.mark.parametrize("level", [1, 2])
def test_a_low_rating_opens_a_follow_up_with_terms_in_working_days(desk: Desk, level: int) -> None:
    desk.clock.now = datetime(2026, 9, 30, 2, 0, tzinfo=UTC)  # the day before the National Day holidays
    order, followup = low(desk, satisfaction=level)
    assert (followup.status, followup.is_open, followup.reopened) == (FollowUpStatus.OPEN, True, 0)
    assert followup.requester_masked == order.requester_masked
    dues = [followup.due_first_contact, followup.due_rectify, followup.due_callback]
    assert dues == sorted(dues)
    assert (dues[0] - desk.clock.now).days >= 7, "one working day after a week of holidays"
    assert followup.next_due == dues[0]
    tags = desk.run(desk.tags())
    assert tags.count(AuditTag.FOLLOW_UP_OPENED) == 1


@pytest.mark.parametrize("level", [3, 4, 5])
def test_any_other_rating_opens_none(desk: Desk, level: int) -> None:
    account, order = desk.run(downloaded(desk))
    desk.run(rated(desk, account, order, satisfaction=level))
    assert desk.run(desk.store.followups.by_id(f"{order.no}.1")) is None


def test_a_form_sent_many_times_at_once_opens_one(desk: Desk, mongo_url: str) -> None:
    account, order = desk.run(downloaded(desk))

    async def many() -> list[Any]:
        forms = (rated(desk, account, order, satisfaction=1, tags=["115"]) for _ in range(6))
        return await asyncio.gather(*forms, return_exceptions=True)

    desk.run(many())
    with MongoClient(mongo_url) as client:
        assert client[DATABASE]["followups"].count_documents({}) == 1


def test_each_step_sets_the_next_term_and_leaves_history_and_evidence(desk: Desk) -> None:
    staff, (_, followup) = colleague(desk), low(desk)
    contacted = desk.run(step(desk, followup, staff, "contacted", "reached"))
    assert (contacted.status, contacted.next_due) == (FollowUpStatus.CONTACTED, followup.due_rectify)
    rectified = desk.run(step(desk, contacted, staff, "rectified", "explained"))
    assert (rectified.status, rectified.next_due) == (FollowUpStatus.RECTIFIED, followup.due_callback)
    done = desk.run(step(desk, rectified, staff, "called_back", "content"))
    assert (done.status, done.is_open, done.next_due) == (FollowUpStatus.CLOSED, False, None)
    assert (done.callback_result, done.feedback_at) == (FollowUpResult.CONTENT, desk.clock())
    assert [entry.step.value for entry in done.history] == ["opened", "contacted", "rectified", "called_back"]
    assert {entry.by for entry in done.history[1:]} == {f"staff:{staff.id}"}
    assert desk.run(desk.tags())[-3:] == [AuditTag.FOLLOW_UP_MOVED] * 3
    assert WORDS not in str(desk.run(desk.store.audit.events(batch=1000))), "what was spoken of stays out of evidence"


def test_who_could_not_be_reached_is_still_to_be_reached_by_the_same_term(desk: Desk) -> None:
    staff, (_, followup) = colleague(desk), low(desk)
    tried = desk.run(step(desk, followup, staff, "contacted", "unreached"))
    assert (tried.status, tried.next_due) == (FollowUpStatus.OPEN, followup.due_first_contact)
    again = desk.run(step(desk, tried, staff, "contacted", "reached"))
    rectified = desk.run(step(desk, again, staff, "rectified", "unfounded"))
    called = desk.run(step(desk, rectified, staff, "called_back", "unreached"))
    assert (called.status, called.next_due) == (FollowUpStatus.RECTIFIED, followup.due_callback)
    assert called.callback_result is None


def test_taken_up_again_all_terms_run_anew(desk: Desk) -> None:
    staff, (_, followup) = colleague(desk), low(desk)
    done = closed(desk, followup, staff, "discontent")
    desk.clock.forward(days=30)
    again = desk.run(step(desk, done, staff, "reopened"))
    assert (again.status, again.is_open, again.reopened, again.callback_result) == (FollowUpStatus.OPEN, True, 1, None)
    assert again.next_due == again.due_first_contact > desk.clock()
    assert closed(desk, again, staff).history[-1].result is FollowUpResult.CONTENT


@pytest.mark.parametrize(
    ("what", "result", "changes", "field"),
    [
        ("contacted", "", {}, "result"),
        ("contacted", "content", {}, "result"),
        ("contacted", "reached", {"text": "好的"}, "text"),
        ("contacted", "reached", {"text": "长" * 501}, "text"),
    ],
)
def test_a_step_says_what_came_of_it(desk: Desk, what: str, result: str, changes: dict[str, Any], field: str) -> None:
    staff, (_, followup) = colleague(desk), low(desk)
    with pytest.raises(Invalid) as raised:
        desk.run(step(desk, followup, staff, what, result, **changes))
    assert list(raised.value.fields) == [field]
    assert desk.run(desk.store.followups.by_id(followup.id)) == followup


@pytest.mark.parametrize(("what", "result"), [("rectified", "rectified"), ("called_back", "content"), ("reopened", "")])
def test_no_step_before_its_turn(desk: Desk, what: str, result: str) -> None:
    staff, (_, followup) = colleague(desk), low(desk)
    with pytest.raises(Conflict):
        desk.run(step(desk, followup, staff, what, result))


def test_of_two_people_at_once_one_is_told(desk: Desk) -> None:
    staff, (_, followup) = [colleague(desk), colleague(desk, "wang.shenhe")], low(desk)

    async def both() -> list[Any]:
        works = (step(desk, followup, each, "contacted", "unreached") for each in staff * 3)
        return await asyncio.gather(*works, return_exceptions=True)

    results = desk.run(both())
    assert sum(isinstance(each, FollowUp) for each in results) == 1
    assert all(isinstance(each, FollowUp | Conflict) for each in results)
    assert len(desk.run(desk.store.followups.by_id(followup.id)).history) == 2
    assert desk.run(desk.tags()).count(AuditTag.FOLLOW_UP_MOVED) == 1


def test_the_list_begins_with_what_is_overdue(desk: Desk) -> None:
    staff, made = colleague(desk), []
    for _ in range(3):
        made.append(low(desk)[1])
        desk.clock.forward(days=7)
    moved = desk.run(step(desk, made[0], staff, "contacted", "reached"))
    found, rest = desk.run(desk.store.followups.open())
    assert [each.id for each in found] == [each.id for each in sorted([moved, *made[1:]], key=lambda f: f.next_due)]
    assert rest == ""
    assert desk.run(desk.store.followups.overdue(desk.clock())) == 3
    closed(desk, made[2], staff)
    assert [each.id for each in desk.run(desk.store.followups.closed())] == [made[2].id]
    assert len(desk.run(desk.store.followups.open())[0]) == 2


def test_the_list_comes_in_batches_without_gap_or_repeat(desk: Desk) -> None:
    made = {low(desk)[1].id for _ in range(5)}
    seen: list[str] = []
    after = ""
    while True:
        found, after = desk.run(desk.store.followups.open(after, batch=2))
        seen += [each.id for each in found]
        if not after:
            break
    assert (len(seen), set(seen)) == (5, made)
    for strange in ("~", "x~y", "9" * 20 + "~"):
        assert desk.run(desk.store.followups.open(strange)) == ((), "")


def test_the_number_is_shown_on_record_and_only_while_there_is_a_call_to_make(desk: Desk) -> None:
    staff, (_, followup) = colleague(desk), low(desk)
    shown = desk.run(followups.show_phone(desk.store, followup.id, now=desk.clock(), trace=STAFF_TRACE))
    assert shown == "19900000001"
    assert desk.run(desk.tags())[-1] == AuditTag.FOLLOW_UP_PHONE_SHOWN
    assert shown not in str(desk.run(desk.store.audit.events(batch=1000)))
    closed(desk, followup, staff)
    with pytest.raises(Conflict):
        desk.run(followups.show_phone(desk.store, followup.id, now=desk.clock(), trace=STAFF_TRACE))
    with pytest.raises(NotFound):
        desk.run(followups.show_phone(desk.store, "TH20261121-222222.1", now=desk.clock(), trace=STAFF_TRACE))


def test_rating_follow_up_and_report_are_kept_together_or_not_at_all(desk: Desk, mongo_url: str) -> None:
    account, order = desk.run(downloaded(desk))
    with MongoClient(mongo_url) as client:
        client[DATABASE]["followups"].insert_one({"_id": f"{order.no}.1"})  # so that opening it fails
        with pytest.raises(Conflict):
            desk.run(rated(desk, account, order, satisfaction=1, text="等得太久"))
        client[DATABASE]["followups"].delete_one({"_id": f"{order.no}.1"})
    assert desk.run(desk.store.ratings.of_order(order.no)) == ()
    assert desk.run(desk.store.outbox.recent(order.no)) == ()
    assert AuditTag.RATING_GIVEN not in desk.run(desk.tags())
    desk.run(rated(desk, account, order, satisfaction=1, text="等得太久"))
    assert desk.run(desk.store.followups.by_id(f"{order.no}.1")) is not None
