"""An order is made once, on a decision that is kept with it, and refused with a sentence that helps."""

import asyncio
from datetime import UTC, datetime

import pytest

from conf.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from conf.terms import OrderStatus, Outcome, PurposeCode
from conf.workdays import end_of_term
from handlers.flows import ordering
from handlers.flows.access import replay
from tests.access import cases
from tests.desk import TRACE, Desk

LAWYER = {
    "purpose": "legal_service",
    "licence_no": "14401202010123456",
    "firm": "广东样例律师事务所",
    "case_summary": "股权纠纷案件代理",
    "promised": True,
}


def test_an_order_keeps_its_decision_and_both_are_on_record(desk: Desk) -> None:
    account = desk.run(desk.account("legal_representative"))
    order = desk.run(desk.place(account))
    kept = desk.run(desk.store.orders.by_no(order.no))
    assert kept == order
    assert (kept.status, kept.page_count, kept.decision.outcome) == (OrderStatus.SUBMITTED, 5, Outcome.PERMIT)
    assert replay(kept.decision) == kept.decision
    assert [item.document_id for item in kept.items] == ["d1", "d2"]
    assert desk.run(desk.tags()) == ["access:dossier:decided", "order:record:created"]


def test_the_same_form_again_is_the_same_order(desk: Desk) -> None:
    account = desk.run(desk.account("legal_representative"))
    form = desk.form()
    settings, now = desk.settings, desk.clock()

    async def many() -> set[str]:
        placed = [ordering.place(desk.store, settings, account, form, now=now, trace=TRACE) for _ in range(200)]
        return {order.no for order in await asyncio.gather(*placed)}

    numbers = desk.run(many())
    orders, _ = desk.run(desk.store.orders.of_account(account.id))
    assert numbers == {order.no for order in orders}
    assert len(numbers) == 1
    assert desk.run(desk.tags()).count("order:record:created") == 1


def test_two_processes_at_the_same_moment_make_one_order(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    account = desk.run(desk.account("legal_representative"))
    form = desk.form()

    async def several() -> set[str]:
        async def in_a_process_of_its_own() -> str:
            placed = await ordering._place(  # past the turn that holds within one process only
                desk.store, desk.settings, account, form, now=desk.clock(), trace=TRACE
            )
            return placed.no

        return set(await asyncio.gather(*(in_a_process_of_its_own() for _ in range(8))))

    assert len(desk.run(several())) == 1
    assert desk.run(desk.tags()).count("order:record:created") == 1


def test_the_same_key_with_another_body_is_told_apart(desk: Desk) -> None:
    account = desk.run(desk.account("legal_representative"))
    form = desk.form()
    desk.run(desk.place(account, request_key=form.request_key))
    with pytest.raises(Conflict):
        desk.run(desk.place(account, request_key=form.request_key, document_ids=("d3",)))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"document_ids": ()}, "documents"),
        ({"document_ids": ("d1", "of-another-company")}, "documents"),
        ({"document_ids": ("d-unscanned",)}, "documents"),
        ({"document_ids": ("d-long",)}, "documents"),
        ({"document_ids": ("d1", "d-internal")}, "documents"),
        ({"purpose": "curiosity"}, "purpose"),
        ({"purpose": "other"}, "statement"),
        ({"consent_version": ""}, "consent"),
        ({"consent_version": "1999-01"}, "consent"),
        ({"request_key": "short"}, "request_key"),
        (LAWYER | {"licence_no": "1234"}, "licence_no"),
        (LAWYER | {"firm": ""}, "firm"),
        (LAWYER | {"case_summary": ""}, "case_summary"),
        (LAWYER | {"promised": False}, "promised"),
    ],
)
def test_each_fault_of_the_form_is_named_at_its_field(desk: Desk, changes: dict, field: str) -> None:
    account = desk.run(desk.account("legal_representative"))
    with pytest.raises(Invalid) as fault:
        desk.run(desk.place(account, **changes))
    assert set(fault.value.fields) == {field}
    assert fault.value.fields[field].endswith("。")
    assert desk.run(desk.store.orders.of_account(account.id)) == ((), "")


def test_a_stranger_is_refused_outright_and_only_the_decision_is_kept(desk: Desk) -> None:
    account = desk.run(desk.account("stranger"))
    with pytest.raises(Forbidden) as fault:
        desk.run(desk.place(account))
    assert fault.value.decision.remedy
    assert desk.run(desk.store.orders.of_account(account.id)) == ((), "")
    assert desk.run(desk.tags()) == ["access:dossier:decided"]


def test_a_whole_filing_brings_its_papers_but_not_the_ones_that_stay_shut(desk: Desk) -> None:
    account = desk.run(desk.account("legal_representative"))
    order = desk.run(desk.place(account, document_ids=(), filing_ids=("f1",)))
    assert [item.document_id for item in order.items] == ["d1", "d2"]
    assert {paper.outcome for paper in order.decision.documents} == {Outcome.PERMIT}


def test_anyone_known_by_name_may_order_the_extract_of_any_company(desk: Desk) -> None:
    account = desk.run(desk.account("stranger", level=1))
    order = desk.run(desk.place(account, document_ids=(), with_extract=True))
    assert (order.items, order.with_extract, order.decision.rule_id) == ((), True, "extract.real_name")


def test_a_company_that_does_not_exist_is_not_found(desk: Desk) -> None:
    account = desk.run(desk.account("stranger"))
    with pytest.raises(NotFound):
        desk.run(desk.place(account, uscc=cases.OTHER_USCC))


def test_orders_are_limited_by_the_hour_but_a_repeat_is_never_counted(desk: Desk) -> None:
    account = desk.run(desk.account("legal_representative"))
    first = desk.form()
    for n in range(desk.settings.order_per_hour):
        desk.run(desk.place(account, request_key=first.request_key if n == 0 else desk.form().request_key))
        desk.run(desk.place(account, request_key=first.request_key))
    with pytest.raises(TooMany) as fault:
        desk.run(desk.place(account))
    assert 0 < fault.value.retry_after <= 3600


def test_a_plain_permission_settles_to_sealing_with_every_paper(desk: Desk) -> None:
    order = desk.run(desk.settled(desk.run(desk.account("legal_representative"))))
    assert order.status == OrderStatus.PERMITTED
    assert order.document_ids_permitted == {"d1", "d2"}
    assert order.due_at is None


def test_a_shareholder_waits_for_a_person_within_working_days(desk: Desk) -> None:
    order = desk.run(desk.settled(desk.run(desk.account("shareholder"))))
    assert order.status == OrderStatus.UNDER_REVIEW
    assert order.document_ids_permitted == frozenset()
    # Saturday 21 November 2026, 10:00 in Beijing: the third working day is Wednesday the 25th
    assert order.due_at == datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    with pytest.raises(Conflict):
        desk.run(ordering.settle(desk.store, desk.settings, order, now=desk.clock()))


def test_a_lawyer_with_a_full_claim_goes_to_review_and_is_offered_no_other_purpose(desk: Desk) -> None:
    account = desk.run(desk.account("stranger"))
    quote = desk.run(ordering.quote(desk.store, desk.settings, account, desk.form(), now=desk.clock()))
    assert (quote.purpose, quote.needs_review) == (PurposeCode.LEGAL_SERVICE, True)
    order = desk.run(desk.settled(account, **LAWYER))
    assert order.status == OrderStatus.UNDER_REVIEW
    assert order.purpose.lawyer.licence_no == LAWYER["licence_no"]


def test_a_moved_company_opens_to_no_purpose_at_all(desk: Desk) -> None:
    desk.run(desk.store.companies.put(desk.company(**cases.MOVED)))
    account = desk.run(desk.account("legal_representative"))
    with pytest.raises(Forbidden) as fault:
        desk.run(ordering.quote(desk.store, desk.settings, account, desk.form(), now=desk.clock()))
    assert "番禺" in fault.value.decision.says


def test_terms_leave_out_weekends_holidays_and_count_moved_working_days() -> None:
    eve = datetime(2026, 2, 13, 3, 0, tzinfo=UTC)  # Friday before the Spring Festival; Saturday the 14th is worked
    assert end_of_term(eve, 1) == datetime(2026, 2, 14, 16, 0, tzinfo=UTC)
    assert end_of_term(eve, 2) == datetime(2026, 2, 24, 16, 0, tzinfo=UTC)
    late = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)  # already Saturday in Beijing
    assert end_of_term(late, 1) == datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
