"""What visitors tell us becomes work with a term they see: bad pages, papers to be scanned, and how it ends."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx

from conf.terms import StaffRole
from conf.workdays import end_of_term
from tests.access import cases
from tests.desk import FILINGS, Desk
from tests.web.client import PageClient
from tests.web.conftest import Site
from tests.web.test_review_desk import scanned
from tests.web.test_staff import a_reviewer, at_the_desk
from tests.web.test_staff import desk as desk

DOSSIER = f"/companies/{cases.USCC}/dossier"
PAGE = f"/companies/{cases.USCC}/documents/d1/pages/1"


def visitor(site: Site, desk: Desk, role: str = "legal_representative") -> PageClient:
    return site.signed_in(desk.run(desk.account(role)))


def archivist(site: Site, desk: Desk, login: str = "dang.an") -> PageClient:
    return at_the_desk(site, a_reviewer(desk, login, role=StaffRole.ARCHIVIST))


def only_task(desk: Desk) -> Any:
    (task,) = desk.run(desk.store.tasks.open())[0]
    return task


def test_a_bad_page_becomes_a_task_and_its_end_is_told(site: Site, desk: Desk) -> None:
    scanned(desk)
    client = visitor(site, desk)
    report = "details form"
    back = client.submit(client.get(PAGE), report, {"fault": "", "words": "样例说明"}, status=422)
    assert back.one("#f-words")["value"] == "样例说明"
    to = client.submit(back, report, {"fault": "cut", "words": "右下角盖章不全（样例）"}).headers["location"]
    task = only_task(desk)
    assert task.id in client.get(to).words
    assert task.due_at == end_of_term(desk.clock(), desk.settings.task_page_days)
    client.submit(client.get(PAGE), report, {"fault": "unreadable"})
    assert only_task(desk).id == task.id, "the same page again is the same task"
    assert "等待办理" in client.get("/orders").words
    staff = archivist(site, desk)
    assert "坏页反馈：公司章程 第 1 页" in staff.get("/staff/tasks").words
    page = staff.get(f"/staff/tasks/{task.id}")
    assert "缺边、缺角" in page.words
    assert "右下角盖章不全（样例）" in page.words
    staff.submit(page, f'form[action="/staff/tasks/{task.id}/claim"]')
    finish = f'form[action="/staff/tasks/{task.id}/finish"]'
    page = staff.get(f"/staff/tasks/{task.id}")
    staff.submit(page, finish, {"to": "", "result": "短"}, status=422)
    staff.submit(page, finish, {"to": "done", "result": "已重新扫描并替换该页。"})
    assert "已重新扫描并替换该页。" in client.get("/orders").words
    (message,) = desk.run(desk.store.outbox.recent(task.id))
    assert message.body == {"notice": "task_done", "values": {"task_no": task.id}}
    assert desk.run(desk.tags()).count("task:record:moved") == 2
    assert "已办结" in staff.get("/staff/tasks?view=ended").words


def test_a_paper_that_is_not_scanned_can_be_asked_for_and_shows_its_term(site: Site, desk: Desk) -> None:
    client = visitor(site, desk)
    page = client.get(DOSSIER)
    assert page.one("button[form=scan]")["value"] == "d-unscanned"
    client.submit(page, "#scan", {"paper": "d-unscanned"})
    page = client.get(DOSSIER)
    assert "补扫申请等待办理，2026年12月4日前办结" in page.words
    assert not page.all("button[form=scan]")
    task = only_task(desk)
    staff = archivist(site, desk)
    staff.submit(staff.get(f"/staff/tasks/{task.id}"), f'form[action="/staff/tasks/{task.id}/claim"]')
    finish, done = f'form[action="/staff/tasks/{task.id}/finish"]', {"to": "done", "result": "已补扫，可以查看。"}
    refused = staff.submit(staff.get(f"/staff/tasks/{task.id}"), finish, done, status=422)
    assert "还没有影像入库" in refused.words
    papers = tuple(replace(one, page_count=3) if one.id == "d-unscanned" else one for one in FILINGS[1].documents)
    desk.run(desk.store.dossiers.put_filing(replace(FILINGS[1], documents=papers)))
    staff.submit(staff.get(f"/staff/tasks/{task.id}"), finish, done)
    client.submit(client.get(DOSSIER), "#scan", {"paper": "d-unscanned"}, status=409)


def test_nobody_learns_of_papers_by_asking_to_scan_them(site: Site, desk: Desk) -> None:
    stranger, head = visitor(site, desk, "stranger"), visitor(site, desk)
    bodies = []
    for client, document in ((stranger, "d-unscanned"), (stranger, "none"), (head, "d-internal")):
        bodies.append(client.post(f"/companies/{cases.USCC}/scans", {"paper": document}, status=404).h1)
    assert len(set(bodies)) == 1
    scanned(desk)
    stranger.post(f"{PAGE}/report", {"fault": "cut"}, status=404)
    assert desk.run(desk.store.tasks.open()) == ((), "")


def test_saying_to_act_for_somebody_tells_no_more_of_papers(site: Site, desk: Desk) -> None:
    stranger = visitor(site, desk, "stranger")
    stranger.post(f"/companies/{cases.USCC}/purpose", {"purpose": "legal_service"})
    scanned(desk)
    told = {
        stranger.post(f"/companies/{cases.USCC}/scans", {"paper": paper}, status=404).h1
        for paper in ("d1", "d-unscanned", "none")
    }
    assert len(told) == 1
    assert desk.run(desk.store.tasks.open()) == ((), "")


def test_two_at_once_claim_once_and_the_other_reads_who(site: Site, desk: Desk) -> None:
    client = visitor(site, desk)
    client.post(f"/companies/{cases.USCC}/scans", {"paper": "d-unscanned"})
    task = only_task(desk)
    people = [archivist(site, desk, f"dang.{n}") for n in ("an", "bao", "cun")]

    async def all_at_once() -> list[int]:
        async def one(person: PageClient) -> int:
            async with httpx.AsyncClient(base_url=site.url, cookies=person.cookies, timeout=20) as http:
                return (await http.post(f"/staff/tasks/{task.id}/claim", data={"_xsrf": person.token})).status_code

        for person in people:
            assert person.token
        return await asyncio.gather(*(one(person) for person in people))

    assert sorted(asyncio.run(all_at_once())) == [303, 409, 409]
    holder = only_task(desk).holder_name
    assert sum(f"{holder} 正在办理" in person.get(f"/staff/tasks/{task.id}").words for person in people) in (1, 2, 3)


def test_the_list_has_the_overdue_in_front_and_says_so(site: Site, desk: Desk) -> None:
    scanned(desk)
    client = visitor(site, desk)
    client.post(f"/companies/{cases.USCC}/scans", {"paper": "d-unscanned"})
    client.post(f"{PAGE}/report", {"fault": "cut"})
    desk.clock.now = end_of_term(desk.clock(), desk.settings.task_page_days)
    page = archivist(site, desk).get("/staff/tasks")
    first, second = (a.get_text() for a in page.all("[data-eq-row]"))
    assert first.startswith("坏页反馈")
    assert second.startswith("补扫申请")
    assert "已超期 1 件" in page.words
    assert "⚠ 已超期" in page.words


def test_reports_are_limited_and_readers_of_numbers_work_on_none(site: Site, desk: Desk) -> None:
    client = visitor(site, desk)
    codes = [
        client.raw.post(f"/companies/{cases.USCC}/scans", data={"_xsrf": client.token, "paper": "d-unscanned"})
        for _ in range(desk.settings.task_per_day + 1)
    ]
    assert codes[-1].status_code == 429
    assert {answer.status_code for answer in codes[:-1]} == {303}
    at_the_desk(site, a_reviewer(desk, "tong.ji", role=StaffRole.STATISTICS)).get("/staff/tasks", status=403)
