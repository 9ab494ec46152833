"""Our register beside the sharing platform's: what differs is kept for staff, our own rows never move."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sandbox.server import Sandbox
from adapters.sandbox.state import FAULTS
from adapters.sharing import SharedCompany
from conf.errors import Conflict, Invalid, NotFound, ProviderUnavailable
from conf.terms import CompanyStatus, DifferenceState, OutboxKind, OutboxStatus, StaffRole
from handlers.flows import comparing, notices, staffing
from handlers.flows.samples.shared import STATUS
from store.records import Company, Difference, Staff
from tests.access import cases
from tests.desk import TRACE, Desk
from tests.outside import Outside

USCC = cases.USCC


def shared(company: Company, **changes: Any) -> SharedCompany:
    """The same company as another register would tell it."""
    values = {name: getattr(company, name) for name in comparing.ITEMS}
    return SharedCompany(**({"uscc": company.uscc, "updated_at": None} | values | changes))


def row(company: Company) -> dict[str, str]:
    """The same in the platform's own fields."""
    return {
        "zch": company.reg_no, "qymc": company.name, "qylx": company.entity_type, "djzt": STATUS[company.status],
        "fddbr": company.legal_representative, "zczb": company.capital, "clrq": company.established_on.isoformat(),
        "yyqxz": "", "zs": company.domicile, "jyfw": company.scope, "djjg": company.registry,
    }  # fmt: skip


@pytest.fixture
def platform(desk: Desk, outside: Outside, sandbox: Sandbox) -> Sandbox:
    """Knows the desk's company; of this code it has another capital (adapters/sandbox/sharing.py)."""
    sandbox.state.registry = {USCC: row(desk.company())}
    return sandbox


def compare(desk: Desk, outside: Outside) -> Any:
    work = comparing.compare(desk.store, outside, USCC, reference="c", now=desk.clock(), trace=TRACE)  # type: ignore[arg-type]
    return desk.run(work)


def kept(desk: Desk) -> tuple[Difference, ...]:
    return desk.run(desk.store.differences.of_company(USCC))


def keeper(desk: Desk) -> Staff:
    made = staffing.create_staff(desk.store, login="dang.an", name="样例档案员", roles=[StaffRole.ARCHIVIST])
    return desk.run(made).staff


def settle(desk: Desk, staff: Staff, difference_id: str, reason: str = "已函告市场监管部门核实") -> Difference:
    work = comparing.settle(desk.store, USCC, difference_id, staff=staff, reason=reason, now=desk.clock(), trace=TRACE)
    return desk.run(work)


def test_what_differs_is_kept_and_our_register_stays_as_it_was(desk: Desk, outside: Outside, platform: Sandbox) -> None:
    before = desk.run(desk.store.companies.by_uscc(USCC))
    made = compare(desk, outside)
    (found,) = kept(desk)
    assert (found.item, found.ours, found.theirs) == ("capital", before.capital, "8888万元人民币")
    assert (found.state, made.differing) == (DifferenceState.OPEN, 1)
    assert desk.run(desk.store.companies.by_uscc(USCC)) == before
    assert [one.uscc for one in desk.run(desk.store.differences.with_open())] == [USCC]
    assert desk.run(desk.tags()) == ["register:company:compared"]


def test_the_same_difference_is_one_row_however_often_it_is_seen(
    desk: Desk, outside: Outside, platform: Sandbox
) -> None:
    compare(desk, outside)
    first = desk.clock()
    desk.clock.forward(days=3)
    compare(desk, outside)
    (found,) = kept(desk)
    assert (found.first_seen_at, found.seen_at) == (first, desk.clock())


def test_settled_by_staff_it_stays_settled_until_a_text_changes(
    desk: Desk, outside: Outside, platform: Sandbox
) -> None:
    compare(desk, outside)
    staff = keeper(desk)
    settle(desk, staff, kept(desk)[0].id)
    compare(desk, outside)
    (found,) = kept(desk)
    assert (found.state, found.settled_by, found.reason) == (
        DifferenceState.SETTLED, f"staff:{staff.id}", "已函告市场监管部门核实",
    )  # fmt: skip
    assert desk.run(desk.store.differences.with_open()) == ()
    desk.run(desk.store.companies.put(desk.company(capital="300万元人民币")))
    compare(desk, outside)
    assert [one.state for one in kept(desk)] == [DifferenceState.OPEN, DifferenceState.SETTLED]
    assert kept(desk)[0].ours == "300万元人民币"


def test_a_difference_that_is_gone_is_settled_by_itself_and_opened_again_when_it_comes_back(
    desk: Desk, outside: Outside, platform: Sandbox
) -> None:
    compare(desk, outside)
    desk.run(desk.store.companies.put(desk.company(capital="8,888万元")))
    compare(desk, outside)
    assert [(one.state, one.settled_by) for one in kept(desk)] == [(DifferenceState.SETTLED, "system")]
    desk.run(desk.store.companies.put(desk.company()))
    compare(desk, outside)
    assert [(one.state, one.settled_by, one.reason) for one in kept(desk)] == [(DifferenceState.OPEN, "", "")]


def test_settling_wants_a_reason_and_happens_once(desk: Desk, outside: Outside, platform: Sandbox) -> None:
    compare(desk, outside)
    staff, found = keeper(desk), kept(desk)[0]
    with pytest.raises(Invalid):
        settle(desk, staff, found.id, reason="好")
    settle(desk, staff, found.id)
    with pytest.raises(Conflict):
        settle(desk, staff, found.id)
    with pytest.raises(Conflict):
        settle(desk, staff, "no-such-difference")
    assert desk.run(desk.tags()).count("staff:difference:settled") == 1


def test_another_companys_page_settles_nothing_here(desk: Desk, outside: Outside, platform: Sandbox) -> None:
    compare(desk, outside)
    work = comparing.settle(
        desk.store, cases.OTHER_USCC, kept(desk)[0].id, staff=keeper(desk), reason="理由写在这里", now=desk.clock(),
        trace=TRACE,
    )  # fmt: skip
    with pytest.raises(Conflict):
        desk.run(work)
    assert kept(desk)[0].state is DifferenceState.OPEN


def test_a_company_the_platform_does_not_know_is_said_so(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    assert compare(desk, outside).outcome == "not_found"
    assert desk.run(desk.store.differences.last(USCC)).outcome == "not_found"
    assert kept(desk) == ()


def test_a_company_we_do_not_have_is_not_asked_for(desk: Desk, outside: Outside, sandbox: Sandbox) -> None:
    work = comparing.compare(desk.store, outside, cases.OTHER_USCC, reference="c", now=desk.clock())  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        desk.run(work)
    assert sandbox.state.calls["sharing"] == 0


# -- after an order


def deliver(desk: Desk, outside: Outside, owner: str = "w") -> bool:
    work = notices.deliver_next(
        desk.store,
        outside,
        owner=owner,
        now=desk.clock(),
        kinds=(OutboxKind.COMPARISON,),  # type: ignore[arg-type]
    )
    return desk.run(work)


def waiting(desk: Desk) -> list[str]:
    listed = desk.store.outbox.listed((OutboxStatus.WAITING,), kinds=(OutboxKind.COMPARISON,))
    return [message.reference for message in desk.run(listed)]


def test_an_ordered_company_is_compared_once_a_day_however_often_it_is_ordered(
    desk: Desk, outside: Outside, platform: Sandbox
) -> None:
    head = desk.run(desk.account("legal_representative"))
    for _ in range(3):
        desk.run(desk.settled(head))
    assert waiting(desk) == [f"comparison.{USCC}.20261121"]
    assert deliver(desk, outside)
    assert not deliver(desk, outside)
    assert len(platform.state.received["sharing"]) == 1
    assert len(kept(desk)) == 1
    desk.run(desk.settled(head))
    assert not deliver(desk, outside)
    desk.clock.forward(hours=15)  # past midnight in Beijing
    desk.run(desk.settled(head))
    assert waiting(desk) == [f"comparison.{USCC}.20261122"]


def test_orders_settled_in_the_same_moment_all_go_on(desk: Desk, outside: Outside) -> None:
    """Two transactions write the same reference: neither order may fail of it."""

    async def many() -> list[Any]:
        roles = ("legal_representative", "responsible_person", "shareholder", "director")
        orders = [await desk.place(await desk.account(role)) for role in roles]
        from handlers.flows import ordering

        return await asyncio.gather(
            *(ordering.settle(desk.store, desk.settings, order, now=desk.clock()) for order in orders)
        )

    assert len(desk.run(many())) == 4
    assert len(waiting(desk)) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_platform_out_of_order_changes_nothing_and_is_asked_again(
    desk: Desk, outside: Outside, platform: Sandbox, fault: str
) -> None:
    desk.run(desk.settled(desk.run(desk.account("legal_representative"))))
    platform.state.faults.switch("sharing", fault, times=1)
    with pytest.raises(ProviderUnavailable):
        compare(desk, outside)
    platform.state.faults.switch("sharing", fault, times=1)
    assert deliver(desk, outside)
    assert kept(desk) == ()
    desk.clock.forward(minutes=5)
    assert deliver(desk, outside)
    assert len(kept(desk)) == 1
    assert waiting(desk) == []


def test_two_workers_comparing_at_once_leave_one_difference(desk: Desk, outside: Outside, platform: Sandbox) -> None:
    async def both() -> None:
        await asyncio.gather(
            *(
                comparing.compare(desk.store, outside, USCC, reference=f"c{n}", now=desk.clock())  # type: ignore[arg-type]
                for n in range(3)
            )
        )

    desk.run(both())
    assert len(kept(desk)) == 1
    assert desk.run(desk.store.differences.last(USCC)).open == 1


# -- what counts as the same


@pytest.mark.parametrize(
    ("item", "ours", "theirs"),
    [
        ("name", "广州样例（天河）有限公司", "广州样例(天河)有限责任公司"),
        ("domicile", "广州市天河区体育西路１号", "广州市天河区体育西路1号 "),
        ("capital", "1000万元人民币", "10,000,000元"),
        ("capital", "100.50万元", "1005000 元人民币"),
        ("capital", "50万元（人民币）", "50万人民币"),
        ("reg_no", "440106000123456", " 440106000123456"),
    ],
)
def test_two_spellings_of_the_same_are_no_difference(item: str, ours: str, theirs: str) -> None:
    company = cases.company(**{item: ours})
    assert comparing.differences(company, shared(company, **{item: theirs}), now=cases.NOW) == ()


@pytest.mark.parametrize(
    ("item", "ours", "theirs"),
    [
        ("capital", "100.5万元人民币", "1005万元人民币"),
        ("capital", "100万元人民币", "100万美元"),
        ("capital", "", "100万元人民币"),
        ("capital", "壹佰万元", "贰佰万元"),
        ("legal_representative", "样例甲", "样例乙"),
        ("domicile", "体育西路1号", "体育西路11号"),
        ("status", CompanyStatus.ACTIVE, CompanyStatus.REVOKED),
        ("established_on", date(2010, 3, 1), date(2010, 3, 2)),
        ("term_to", None, date(2030, 3, 1)),
    ],
)
def test_what_means_something_else_is_a_difference(item: str, ours: Any, theirs: Any) -> None:
    company = cases.company(**{item: ours})
    (found,) = comparing.differences(company, shared(company, **{item: theirs}), now=cases.NOW)
    assert found.item == item


def test_what_the_platform_does_not_give_is_not_compared() -> None:
    company = cases.company()
    nothing = {"reg_no": "", "capital": "", "status": None, "term_to": None, "domicile": ""}
    assert comparing.differences(company, shared(company, **nothing), now=cases.NOW) == ()


TEXTS = st.text(max_size=30)


@given(values=st.fixed_dictionaries({name: TEXTS for name in ("name", "capital", "domicile", "scope", "registry")}))
def test_a_company_never_differs_from_itself(values: dict[str, str]) -> None:
    company = cases.company(**values)
    assert comparing.differences(company, shared(company), now=cases.NOW) == ()


@given(
    yuan=st.decimals(min_value=Decimal("0.01"), max_value=10**12, places=2),
    other=st.decimals(min_value=Decimal("0.01"), max_value=10**12, places=2),
)
def test_sums_are_the_same_exactly_when_their_yuan_are(yuan: Decimal, other: Decimal) -> None:
    written, grouped = f"{yuan / 10000:f}万元人民币", f"{other:,f}元"
    assert (comparing.amount(written) == comparing.amount(grouped)) == (yuan == other)


@given(ours=TEXTS, theirs=TEXTS)
def test_the_id_of_a_difference_follows_from_what_differs(ours: str, theirs: str) -> None:
    company = cases.company(domicile=ours)
    first = comparing.differences(company, shared(company, domicile=theirs), now=cases.NOW)
    later = comparing.differences(company, shared(company, domicile=theirs), now=cases.NOW + timedelta(days=9))
    assert [one.id for one in first] == [one.id for one in later]
