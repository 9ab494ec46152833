"""Dates at the ends of the calendar, typed or pasted into any page of work: refused by field, never a fault of ours."""

import pytest

from conf.terms import StaffRole
from tests.desk import Desk
from tests.web.conftest import Site
from tests.web.test_staff import a_reviewer, at_the_desk
from tests.web.test_staff import desk as desk

EDGES = ("0001-01-01", "9999-12-31")


@pytest.mark.parametrize("day", EDGES)
def test_a_day_nobody_can_mean_is_refused_by_field(site: Site, desk: Desk, day: str) -> None:
    reader = at_the_desk(site, a_reviewer(desk, "tong.ji", role=StaffRole.STATISTICS))
    assert "请填写日期" in reader.get(f"/staff/numbers?from={day}&to={day}", status=422).words
    auditor = at_the_desk(site, a_reviewer(desk, "shen.ji", role=StaffRole.AUDITOR))
    for end in ("since", "until"):
        assert "请按“年-月-日" in auditor.get(f"/staff/audit?{end}={day}T23:59", status=422).words
        auditor.post("/staff/audit/export", {end: f"{day}T00:00"}, status=422)
    archivist = at_the_desk(site, a_reviewer(desk, "dang.an", role=StaffRole.ARCHIVIST))
    notice = {"title": "样例公告", "text": "样例内容", "kind": "info", "starts": f"{day}T00:00", "ends": f"{day}T23:59"}
    assert "请选择日期和时间" in archivist.post("/staff/notices", notice, status=422).words
    system = at_the_desk(site, a_reviewer(desk, "xi.tong", role=StaffRole.SYSTEM_ADMIN))
    system.post("/staff/holidays", {"free": day, "working": "", "reason": "调整"}, status=422)
