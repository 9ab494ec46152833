"""Attacks on papers one may not see, by way of an order: naming them must tell neither title nor existence."""

import pytest

from conf.errors import Forbidden, Invalid
from tests.desk import Desk
from tests.flows.test_ordering import LAWYER
from tests.web.conftest import Site, _site, site  # noqa: F401  fixtures
from tests.web.test_orders import FORM, desk, visitor  # noqa: F401  fixture

TITLES = ("公司章程", "股东会决议", "审批表", "房屋租赁合同")


def refusal(desk: Desk, role: str, *documents: str, **changes: object) -> tuple[type, str]:  # noqa: F811
    account = desk.run(desk.account(role))
    with pytest.raises((Invalid, Forbidden)) as fault:
        desk.run(desk.place(account, document_ids=documents, **changes))
    found = fault.value
    return type(found), str(
        found.fields if isinstance(found, Invalid) else (found.decision.says, found.decision.remedy)
    )


@pytest.mark.parametrize("role", ["legal_representative", "company", "shareholder", "stranger"])
@pytest.mark.parametrize("changes", [{}, LAWYER], ids=["own affairs", "lawyer"])
@pytest.mark.parametrize("beside", [(), ("d1",)], ids=["alone", "beside an open one"])
def test_posting_a_shut_paper_is_answered_like_an_absent_one(
    desk: Desk,  # noqa: F811
    role: str,
    changes: dict,
    beside: tuple[str, ...],
) -> None:
    shut, absent = (refusal(desk, role, *beside, name, **changes) for name in ("d-internal", "d-never-was"))
    assert shut == absent
    assert not [title for title in TITLES if title in shut[1]]


def test_an_unscanned_paper_tells_a_lawyer_no_title(desk: Desk) -> None:  # noqa: F811
    kind, says = refusal(desk, "stranger", "d-unscanned", **LAWYER)
    assert kind is Invalid
    assert not [title for title in TITLES if title in says]


def test_a_lawyer_reads_no_title_on_form_or_order_before_a_person_permits(site: Site, desk: Desk) -> None:  # noqa: F811
    account, client = visitor(site, desk, "stranger")
    form = client.get(f"{FORM}?document=d1&purpose=legal_service")
    order = desk.run(desk.settled(account, **LAWYER))
    for page in (form, client.get(f"/orders/{order.no}")):
        assert not [title for title in TITLES if title in page.words]
