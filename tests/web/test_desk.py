"""The desk by rights, and a change that waits for a second person, over HTTP."""

import pytest

from conf.terms import ProposalKind, StaffRole
from handlers.flows import approving
from tests.desk import TRACE, Desk
from tests.web.conftest import Site
from tests.web.test_staff import a_reviewer, at_the_desk
from tests.web.test_staff import desk as desk


@pytest.mark.parametrize(
    ("role", "open_to", "shut"),
    [(StaffRole.AUDITOR, "/staff/audit", "/staff/orders"), (StaffRole.STATISTICS, "/staff/numbers", "/staff/audit")],
)
def test_the_desk_shows_what_one_may_open_and_nothing_else(
    site: Site, desk: Desk, role: StaffRole, open_to: str, shut: str
) -> None:
    client = at_the_desk(site, a_reviewer(desk, "wang.desk", role=role))
    page = client.get("/staff")
    assert page.all(f"main a[href='{open_to}']")
    assert not page.all(f"a[href='{shut}']")
    assert client.raw.get(shut).status_code == 403
    assert "三员分立" in client.get("/staff/rights").words


def test_a_proposal_is_declined_only_with_a_reason_and_answered_by_another(site: Site, desk: Desk) -> None:
    keeper = a_reviewer(desk, "wang.keeper", role=StaffRole.SYSTEM_ADMIN)
    second = at_the_desk(site, a_reviewer(desk, "zhao.second", role=StaffRole.SECURITY_ADMIN))
    whose = a_reviewer(desk, "li.shenhe").staff
    made = desk.run(
        approving.propose(
            desk.store, ProposalKind.STAFF_ROLES, about=whose.id, title="样例的角色", before={"roles": ["reviewer"]},
            after={"roles": ["archivist"]}, reason="岗位调整", by=keeper.staff, now=desk.clock(), trace=TRACE,
        )
    )  # fmt: skip
    address = f"/staff/proposals/{made.id}"
    page = second.get(address)
    assert page.one("form[action^='/staff/proposals/']")["action"] == address
    assert "档案管理员" in page.words
    asked = {"_xsrf": second.token, "answer": "no", "note": ""}
    assert second.raw.post(address, data=asked).status_code == 422
    assert second.raw.post(address, data=asked | {"answer": "yes"}).status_code == 303
    assert desk.run(desk.store.staff.by_id(whose.id)).roles == {StaffRole.ARCHIVIST}
