"""Inspection reports: every part looked at, what is wrong said with what to do, listed and printed by those who may."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from adapters.assembly import Adapters, open_adapters
from conf.settings import Settings
from conf.terms import StaffRole
from handlers.flows.backups import make_backup, verify_file
from handlers.flows.inspecting import inspect
from store.records.keeping import Health, Inspection
from tests.desk import Desk
from tests.web.conftest import Site
from tests.web.test_staff import a_reviewer, at_the_desk
from tests.web.test_staff import desk as desk


def quiet(_done: int, _total: int) -> None:
    return


@pytest.fixture
def here(desk: Desk, tmp_path: Path) -> Settings:
    return desk.settings.model_copy(update={"var_dir": tmp_path})


@pytest.fixture
def adapters(desk: Desk) -> Iterator[Adapters]:
    made = desk.run(open_adapters(desk.settings, desk.keys))
    yield made
    desk.run(made.close())


def look(desk: Desk, adapters: Adapters, here: Settings, period: str = "") -> Inspection:
    made = inspect(desk.store, adapters, here, desk.keys, now=desk.clock(), period=period)
    return desk.run(made)


def line(report: Inspection, part: str, name: str) -> Any:
    return next(item for item in report.items if (item.part, item.name) == (part, name))


def test_an_inspection_looks_at_every_part_and_is_kept(desk: Desk, adapters: Adapters, here: Settings) -> None:
    report = look(desk, adapters, here, "2026-11")
    parts = {item.part for item in report.items}
    assert parts >= {"服务器", "数据库", "办理", "消息", "对接和证书", "备份", "审计"}
    assert not [item for item in report.items if "未能完成" in item.says]
    assert desk.run(desk.store.inspections.recent()) == (report,)
    assert "days left" in line(report, "对接和证书", "签章").says
    assert "PRIMARY" in next(item.says for item in report.items if item.name.startswith("副本"))
    assert desk.run(desk.tags())[-1] == "inspection:report:made"
    bad = [item for item in report.items if item.health is not Health.GOOD]
    assert all(item.advice for item in bad), "whatever is not good says what to do"


def test_it_tells_of_backups_that_are_missing_old_and_not_proven(
    desk: Desk, adapters: Adapters, here: Settings, tmp_path: Path
) -> None:
    assert line(look(desk, adapters, here), "备份", "最近备份").health is Health.BAD
    path, _ = desk.run(make_backup(desk.store, here, desk.keys, tmp_path, progress=quiet, clock=desk.clock))
    report = look(desk, adapters, here)
    assert line(report, "备份", "最近备份").health is Health.GOOD
    assert line(report, "备份", "最近核验").health is Health.WATCH
    desk.run(verify_file(desk.store, here, desk.keys, path, progress=quiet, clock=desk.clock))
    assert line(look(desk, adapters, here), "备份", "最近核验").health is Health.GOOD
    desk.clock.forward(hours=here.backup_max_hours + 1)
    assert line(look(desk, adapters, here), "备份", "最近备份").health is Health.WATCH
    desk.clock.forward(days=40)
    report = look(desk, adapters, here)
    assert line(report, "备份", "最近备份").health is Health.BAD
    assert line(report, "备份", "最近核验").health is Health.WATCH


def test_it_tells_of_an_audit_that_does_not_hold_and_of_failed_jobs(
    desk: Desk, adapters: Adapters, here: Settings
) -> None:
    desk.run(desk.settled(desk.run(desk.account("legal_representative"))))
    desk.run(desk.store.audit.sequence("p"))
    desk.run(desk.store.jobs.begin("retention", "2026-11-21", "p", 60))
    desk.run(desk.store.jobs.failed("retention", "2026-11-21", "p", "OSError: full", again_at=desk.clock()))
    with MongoClient[Any](here.mongo_url) as client:
        client[here.mongo_database]["audit_events"].update_one({"position": 1}, {"$set": {"subject": "x"}})
    report = look(desk, adapters, here)
    audit, job = line(report, "审计", "核验"), line(report, "定时任务", "到期清理")
    assert (audit.health, "位置 1" in audit.says) == (Health.BAD, True)
    assert (job.health, "OSError: full" in job.says) == (Health.BAD, True)
    assert report.health is Health.BAD


def test_orders_that_wait_too_long_are_named(desk: Desk, adapters: Adapters, here: Settings) -> None:
    desk.run(desk.settled(desk.run(desk.account("shareholder"))))
    assert line(look(desk, adapters, here), "办理", "待审核申请").health is Health.GOOD
    desk.clock.forward(hours=30)
    assert line(look(desk, adapters, here), "办理", "待审核申请").health is Health.BAD


# -- the page


@pytest.mark.parametrize("role", [StaffRole.SYSTEM_ADMIN, StaffRole.SECURITY_ADMIN])
def test_administrators_list_reports_and_open_one(
    site: Site, desk: Desk, adapters: Adapters, here: Settings, role: StaffRole
) -> None:
    monthly = look(desk, adapters, here, "2026-11")
    desk.clock.forward(minutes=1)
    look(desk, adapters, here)
    client = at_the_desk(site, a_reviewer(desk, "xi.guan", role=role))
    page = client.get("/staff/system")
    assert page.h1 == "运行巡检"
    rows = [row.get_text(" ", strip=True) for row in page.all("section:last-of-type tbody tr")]
    assert ["即时" in rows[0], "月度 2026-11" in rows[1]] == [True, True], "the youngest first"
    report = client.get(f"/staff/system/{monthly.id}")
    assert report.h1 == "巡检报告"
    said = report.one("main").get_text()
    assert all(item.says in said for item in monthly.items)


def test_others_see_neither_list_nor_report(site: Site, desk: Desk, adapters: Adapters, here: Settings) -> None:
    report = look(desk, adapters, here)
    for role in (StaffRole.REVIEWER, StaffRole.AUDITOR, StaffRole.STATISTICS):
        client = at_the_desk(site, a_reviewer(desk, f"a.{role.value[:5]}", role=role))
        assert client.raw.get("/staff/system").status_code == 403
        assert client.raw.get(f"/staff/system/{report.id}").status_code == 403


def test_the_system_administrator_makes_a_report_now_and_not_twice_a_minute(site: Site, desk: Desk) -> None:
    client = at_the_desk(site, a_reviewer(desk, "xi.guan", role=StaffRole.SYSTEM_ADMIN))
    page = client.get("/staff/system")
    made = client.submit(page, "main form[action='/staff/system']")
    assert client.get(made.headers["location"]).h1 == "巡检报告"
    assert "即时" in client.get("/staff/system").one("main").get_text()
    assert desk.run(desk.tags()).count("inspection:report:made") == 1
    client.submit(page, "main form[action='/staff/system']", status=429)
    assert len(desk.run(desk.store.inspections.recent())) == 1
    watcher = at_the_desk(site, a_reviewer(desk, "an.quan", role=StaffRole.SECURITY_ADMIN))
    assert not watcher.get("/staff/system").all("main form")
    watcher.post("/staff/system", status=403)


def test_a_report_that_is_not_there_is_a_404(site: Site, desk: Desk) -> None:
    client = at_the_desk(site, a_reviewer(desk, "xi.guan", role=StaffRole.SYSTEM_ADMIN))
    client.get("/staff/system/nothing", status=404)
    assert "还没有巡检报告" in client.get("/staff/system").one("main").get_text()


def test_backups_older_than_the_report_are_shown_with_their_proof(site: Site, desk: Desk, tmp_path: Path) -> None:
    path, _ = desk.run(make_backup(desk.store, desk.settings, desk.keys, tmp_path, progress=quiet, clock=desk.clock))
    client = at_the_desk(site, a_reviewer(desk, "xi.guan", role=StaffRole.SYSTEM_ADMIN))
    assert "未核验" in client.get("/staff/system").one("main").get_text()
    desk.run(verify_file(desk.store, desk.settings, desk.keys, path, progress=quiet))
    text = client.get("/staff/system").one("main").get_text()
    assert "已核验" in text
    assert path.name in text
