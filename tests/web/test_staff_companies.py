"""Companies at the desk: locked by two people, moved out with three months for the paper, papers flagged at once."""

from datetime import date
from typing import Any

import pytest

from conf.clock import beijing
from conf.terms import CompanyStatus, Outcome, StaffRole
from handlers.flows.access import decide
from handlers.flows.company_keeping import handover_due
from tests.access import cases
from tests.desk import Desk
from tests.web.client import PageClient
from tests.web.conftest import Site
from tests.web.test_staff import a_reviewer, at_the_desk
from tests.web.test_staff import desk as desk

PAGE = f"/staff/companies/{cases.USCC}"


def archivist(site: Site, desk: Desk, login: str = "dang.an") -> PageClient:
    return at_the_desk(site, a_reviewer(desk, login, role=StaffRole.ARCHIVIST))


def act(client: PageClient, what: str, fields: dict[str, Any], **kw: Any) -> Any:
    return client.submit(client.get(PAGE), f'form[action="{PAGE}/{what}"]', fields, **kw)


def test_a_company_is_found_by_name_and_code(site: Site, desk: Desk) -> None:
    client = archivist(site, desk)
    name = desk.company().name
    for q in (name, cases.USCC):
        page = client.get(f"/staff/companies?q={q}")
        assert page.one(f'a[href="{PAGE}"]').get_text() == name
    assert "没有找到" in client.get("/staff/companies?q=绝无此名样例").words
    client.get("/staff/companies/91440106MA9XXXXXXX", status=404)


def test_a_lock_needs_ground_and_a_second_person_and_then_sends_everything_to_review(site: Site, desk: Desk) -> None:
    first, second = archivist(site, desk), at_the_desk(site, a_reviewer(desk, "wang.shenhe"))
    back = act(first, "lock", {"ground": "", "words": "短"}, status=422)
    assert back.all("#eq-errors")
    act(first, "lock", {"ground": "misuse", "words": "当事人报案并提交了身份证遗失证明"})
    assert not desk.run(desk.store.companies.by_uscc(cases.USCC)).locked, "one person alone locks nothing"
    page = first.get(PAGE)
    proposal = str(page.one('a[href^="/staff/proposals/"]')["href"])
    assert "自己提出的变更" in first.get(proposal).words
    second.submit(second.get(proposal), "main form", {"answer": "yes"})
    company = desk.run(desk.store.companies.by_uscc(cases.USCC))
    assert company.locked
    assert company.lock_ground.startswith("冒用他人身份登记核查：")
    head = desk.run(desk.account("legal_representative"))
    assert decide(head, company, (cases.document("d1"),), cases.OWN, desk.clock()).outcome is Outcome.REVIEW
    act(second, "lock", {"words": "核查完毕，登记属实"})
    proposal = str(first.get(PAGE).one('a[href^="/staff/proposals/"]')["href"])
    first.submit(first.get(proposal), "main form", {"answer": "yes"})
    assert not desk.run(desk.store.companies.by_uscc(cases.USCC)).locked


def test_a_move_shuts_the_dossier_and_starts_three_months(site: Site, desk: Desk) -> None:
    client = archivist(site, desk)
    act(client, "moved-out", {"registry": "深圳市市场监督管理局（样例）", "moved_on": "不是日期"}, status=422)
    act(client, "moved-out", {"registry": "深圳市市场监督管理局（样例）", "moved_on": "2026-11-02"})
    company = desk.run(desk.store.companies.by_uscc(cases.USCC))
    assert (company.status, company.moved_to) == (CompanyStatus.MOVED_OUT, "深圳市市场监督管理局（样例）")
    head = site.signed_in(desk.run(desk.account("legal_representative")))
    assert "已迁出天河区" in head.get(f"/companies/{cases.USCC}/dossier").words
    assert "2027年2月2日前移交" in client.get("/staff/companies").words
    desk.clock.now = handover_due(date(2026, 11, 2))
    client = archivist(site, desk, "dang.er")
    assert "⚠ 已超期" in client.get("/staff/companies").words
    act(client, "handed-over", {"letter_no": "天档移〔2027〕1号", "handed_on": "2026-10-01"}, status=422)
    act(client, "handed-over", {"letter_no": "天档移〔2027〕1号", "handed_on": "2027-02-02"})
    assert "✓ 2027年2月2日已移交" in client.get(PAGE).words
    tags = desk.run(desk.tags())
    assert tags.index("staff:company:moved_out") < tags.index("staff:company:handed_over")


@pytest.mark.parametrize(
    ("moved", "last"),
    [
        (date(2026, 11, 30), date(2027, 2, 28)),
        (date(2026, 1, 31), date(2026, 4, 30)),
        (date(2026, 12, 15), date(2027, 3, 15)),
    ],
)
def test_three_months_end_on_the_same_day_or_the_last_of_the_month(moved: date, last: date) -> None:
    due = beijing(handover_due(moved))
    assert (due.hour, due.minute) == (0, 0)
    assert (due.date() - last).days == 1


def test_a_flag_holds_for_the_very_next_look_and_is_on_record(site: Site, desk: Desk) -> None:
    client = archivist(site, desk)
    head = desk.run(desk.account("legal_representative"))
    visitor = site.signed_in(head)
    order = f"/companies/{cases.USCC}/order?document=d1"
    assert "公司章程" in visitor.get(order).words
    act(client, "flags", {"document": "d1", "flags": "internal", "reason": ""}, status=422)
    act(client, "flags", {"document": "d1", "flags": "internal", "reason": "误放入的内部审批材料"})
    document = desk.run(desk.store.dossiers.document("d1"))
    decision = decide(head, desk.company(), (document,), cases.OWN, desk.clock())
    assert decision.outcome is Outcome.REFUSE
    assert "公司章程" not in visitor.raw.get(order).text
    act(client, "flags", {"document": "d1", "flags": "internal", "reason": "样例理由五字"}, status=422)
    act(client, "flags", {"document": "d1", "reason": "核对后恢复公开"})
    assert "公司章程" in visitor.get(order).words
    assert desk.run(desk.tags()).count("staff:document:flagged") == 2


def test_reviewers_flag_nothing_and_auditors_see_nothing(site: Site, desk: Desk) -> None:
    reviewer = at_the_desk(site, a_reviewer(desk))
    assert not reviewer.get(PAGE).all(f'form[action="{PAGE}/flags"]')
    reviewer.post(f"{PAGE}/flags", {"document": "d1", "flags": "internal", "reason": "样例理由五字"}, status=403)
    auditor = at_the_desk(site, a_reviewer(desk, "shen.ji", role=StaffRole.AUDITOR))
    auditor.get(PAGE, status=403)
