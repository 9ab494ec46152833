"""A lawyer's licence is looked up when the lawyer orders: facts beside the order, whatever the platform does."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sandbox.server import Sandbox
from adapters.sandbox.sharing import ENDED, MOVED_FIRM
from adapters.sandbox.state import FAULTS
from adapters.sharing import Licence
from conf.terms import (
    AccountKind,
    CheckOutcome,
    IdentityLevel,
    LicenceKind,
    LicenceStatus,
    OrderStatus,
    OutboxKind,
    OutboxStatus,
)
from handlers.flows import licence_checks, notices, ordering
from store.records import Account, LicenceCheck, Order
from tests.access import cases
from tests.desk import TRACE, Desk
from tests.outside import Outside

NUMBER, FIRM, NAME = "14401202610000017", "广东样例律师事务所（虚构）", "覃明叙"
FORM = {"purpose": "legal_service", "firm": FIRM, "case_summary": "股权纠纷案件代理", "promised": True}


def a_lawyer(desk: Desk, name: str = NAME) -> Account:
    return desk.run(
        desk.store.accounts.remember(
            provider="tyrz", subject=f"s-{name}", kind=AccountKind.NATURAL, name=name, id_type="身份证",
            id_number="440106198212057335", level=IdentityLevel.L2,
        )
    )  # fmt: skip


def placed(desk: Desk, account: Account, number: str = NUMBER, **changes: Any) -> Order:
    return desk.run(desk.place(account, **(FORM | {"licence_no": number} | changes)))


def check_soon(desk: Desk, outside: Outside, order: Order) -> LicenceCheck:
    """What the request that made the order does next; the check that is kept."""
    work = licence_checks.check_soon(desk.store, outside, order, now=desk.clock(), trace=TRACE)  # type: ignore[arg-type]
    desk.run(work)
    return kept(desk, order)


def kept(desk: Desk, order: Order) -> LicenceCheck:
    check = desk.run(desk.store.orders.by_no(order.no)).licence
    assert check is not None
    return check


def deliver(desk: Desk, outside: Outside) -> bool:
    work = notices.deliver_next(desk.store, outside, owner="w", now=desk.clock(), kinds=(OutboxKind.LICENCE,))  # type: ignore[arg-type]
    return desk.run(work)


def test_a_licence_in_order_is_kept_as_facts_with_source_and_time(
    desk: Desk, outside: Outside, sandbox: Sandbox
) -> None:
    order = placed(desk, a_lawyer(desk))
    assert order.licence == LicenceCheck(outcome=CheckOutcome.UNCHECKED)
    check = check_soon(desk, outside, order)
    assert (check.outcome, check.source, check.checked_at) == (CheckOutcome.MATCHES, "sharing", desk.clock())
    assert (check.is_same_name, check.is_same_firm, check.is_in_force) == (True, True, True)
    assert (check.holder_masked, check.firm, check.valid_until) == ("**叙", FIRM, date(2027, 5, 31))
    (asked,) = sandbox.state.received["sharing"]
    assert asked["caseNo"] == order.no
    assert desk.run(desk.tags())[-1] == "licence:lawyer:checked"


@pytest.mark.parametrize(
    ("number", "name", "firm", "facts"),
    [
        (NUMBER, "温知夏", FIRM, (False, True, True)),
        (NUMBER, NAME, "广东别家律师事务所", (True, False, True)),
        (MOVED_FIRM, NAME, FIRM, (True, False, True)),
        (ENDED, NAME, FIRM, (True, True, False)),
    ],
)
def test_what_does_not_match_is_shown_and_refuses_nothing(
    desk: Desk, outside: Outside, number: str, name: str, firm: str, facts: tuple[bool, bool, bool]
) -> None:
    order = placed(desk, a_lawyer(desk, name), number, firm=firm)
    check = check_soon(desk, outside, order)
    assert check.outcome is CheckOutcome.DIFFERS
    assert (check.is_same_name, check.is_same_firm, check.is_in_force) == facts
    moved = desk.run(ordering.settle(desk.store, desk.settings, order, now=desk.clock()))
    assert moved.status is OrderStatus.UNDER_REVIEW
    assert moved.licence == check


def test_a_number_nobody_holds_is_not_found(desk: Desk, outside: Outside) -> None:
    order = placed(desk, a_lawyer(desk), "1" * 17)
    check = check_soon(desk, outside, order)
    assert (check.outcome, check.holder_masked, check.status) == (CheckOutcome.NOT_FOUND, "", None)


def test_who_is_no_lawyer_is_not_looked_up(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    order = desk.run(desk.place(desk.run(desk.account("legal_representative"))))
    work = licence_checks.check_soon(desk.store, outside, order, now=desk.clock(), trace=TRACE)  # type: ignore[arg-type]
    desk.run(work)
    assert desk.run(desk.store.orders.by_no(order.no)).licence is None
    assert desk.run(desk.store.outbox.recent(order.no)) == ()
    assert sandbox.state.calls["sharing"] == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_with_the_platform_away_the_order_goes_to_review_and_the_check_is_made_later(
    desk: Desk, outside: Outside, sandbox: Sandbox, fault: str
) -> None:
    order = placed(desk, a_lawyer(desk))
    sandbox.state.faults.switch("sharing", fault)
    assert check_soon(desk, outside, order).outcome is CheckOutcome.UNCHECKED
    moved = desk.run(ordering.settle(desk.store, desk.settings, order, now=desk.clock()))
    assert moved.status is OrderStatus.UNDER_REVIEW
    desk.clock.forward(minutes=1)
    assert deliver(desk, outside)
    assert kept(desk, order).outcome is CheckOutcome.UNCHECKED
    sandbox.state.faults.clear()
    desk.clock.forward(minutes=10)
    assert deliver(desk, outside)
    assert kept(desk, order).outcome is CheckOutcome.MATCHES
    assert not deliver(desk, outside)
    assert desk.run(desk.tags()).count("licence:lawyer:checked") == 1


def test_a_request_cut_off_leaves_the_check_to_background_work(desk: Desk, outside: Outside) -> None:
    order = placed(desk, a_lawyer(desk))  # … and the process dies here
    assert not deliver(desk, outside), "first the request itself has its turn"
    desk.clock.forward(seconds=11)
    assert deliver(desk, outside)
    assert kept(desk, order).outcome is CheckOutcome.MATCHES


def test_looked_up_at_once_it_is_not_looked_up_again(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    order = placed(desk, a_lawyer(desk))
    first = check_soon(desk, outside, order)
    desk.clock.forward(minutes=1)
    assert deliver(desk, outside)
    assert sandbox.state.calls["sharing"] == 1
    assert kept(desk, order) == first
    assert desk.run(desk.store.outbox.recent(order.no))[0].status is OutboxStatus.DELIVERED


def test_both_ways_at_the_same_moment_leave_one_check_and_one_event(
    desk: Desk, outside: Outside, sandbox: Sandbox
) -> None:
    order = placed(desk, a_lawyer(desk))

    async def both() -> list[LicenceCheck | None]:
        return await asyncio.gather(
            *(licence_checks.check(desk.store, outside, order.no, now=desk.clock()) for _ in range(4))  # type: ignore[arg-type]
        )

    assert len([each for each in desk.run(both()) if each]) == 1
    assert desk.run(desk.tags()).count("licence:lawyer:checked") == 1


def test_nothing_of_the_holder_is_stored_in_clear(desk: Desk, outside: Outside, mongo_url: str) -> None:
    from pymongo import MongoClient

    order = placed(desk, a_lawyer(desk, "温知夏"))
    check_soon(desk, outside, order)
    with MongoClient[Any](mongo_url) as client:
        database = client[desk.settings.mongo_database]
        stored = [str(row) for name in ("orders", "outbox", "audit_events") for row in database[name].find()]
    assert stored
    assert not [row for row in stored if NAME in row]


# -- judging

NOW = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)  # 01:00 of the 22nd in Beijing


def licence(**changes: Any) -> Licence:
    values: dict[str, Any] = {
        "kind": LicenceKind.LAWYER, "number": NUMBER, "holder": NAME, "firm": FIRM, "status": LicenceStatus.IN_FORCE,
        "valid_until": None,
    } | changes  # fmt: skip
    return Licence(**values)


@pytest.mark.parametrize(("until", "is_good"), [(date(2026, 11, 21), False), (date(2026, 11, 22), True), (None, True)])
def test_a_term_ends_with_its_last_day_in_beijing(until: date | None, is_good: bool) -> None:
    check = licence_checks.judge(licence(valid_until=until), name=NAME, firm=FIRM, now=NOW)
    assert check.is_in_force is is_good


@pytest.mark.parametrize("firm", ["广东样例律师事务所(虚构)", " 广东样例律师事务所 （虚构）"])
def test_brackets_and_blanks_do_not_make_another_firm(firm: str) -> None:
    assert licence_checks.judge(licence(), name=NAME, firm=firm, now=NOW).outcome is CheckOutcome.MATCHES


def test_a_register_that_names_nobody_matches_nobody() -> None:
    check = licence_checks.judge(licence(holder="", firm=""), name="", firm="", now=NOW)
    assert (check.outcome, check.is_same_name, check.is_same_firm) == (CheckOutcome.DIFFERS, False, False)


@given(
    holder=st.sampled_from([NAME, "样例乙", ""]),
    firm=st.sampled_from([FIRM, "别家", ""]),
    status=st.sampled_from(LicenceStatus),
    days=st.none() | st.integers(min_value=-400, max_value=400),
)
def test_it_matches_exactly_when_every_fact_does(
    holder: str, firm: str, status: LicenceStatus, days: int | None
) -> None:
    until = None if days is None else (NOW + timedelta(hours=8, days=days)).date()
    found = licence(holder=holder, firm=firm, status=status, valid_until=until)
    check = licence_checks.judge(found, name=NAME, firm=FIRM, now=NOW)
    right = holder == NAME and firm == FIRM and status is LicenceStatus.IN_FORCE and (days is None or days >= 0)
    assert (check.outcome is CheckOutcome.MATCHES) == right
    assert NAME not in str(check)


def test_a_decision_once_made_is_not_touched_by_a_late_check(desk: Desk, outside: Outside) -> None:
    order = placed(desk, a_lawyer(desk))
    moved = desk.run(ordering.settle(desk.store, desk.settings, order, now=desk.clock()))
    done = desk.run(desk.store.orders.advance(moved.no, OrderStatus.UNDER_REVIEW, OrderStatus.REFUSED, "staff:x"))
    desk.clock.forward(minutes=1)
    assert deliver(desk, outside)
    after = desk.run(desk.store.orders.by_no(order.no))
    assert (after.status, after.version, after.history) == (done.status, done.version, done.history)
    assert after.licence is not None
    assert after.licence.outcome is CheckOutcome.MATCHES
    assert after.uscc == cases.USCC
