"""The government network and the desk's rooms for it in real Chromium: every page passes axe, at a desk's size."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from conf.terms import StaffRole
from handlers.flows import batches
from handlers.flows.organ_viewing import OrganVisitor
from tests.conftest import mongo_url as mongo_url
from tests.desk import TRACE, Desk
from tests.government import ID, a_case, a_letter, a_unit, a_user, at_work, keep
from tests.web.archive import USCC, Archive, open_archive
from tests.web.client import PageClient
from tests.web.test_staff import a_reviewer

CASE = f"/gov/cases/{ID}"
LOOKING = (
    "/gov/cases", "/gov/cases/new", CASE, f"{CASE}/companies?q=样例", f"{CASE}/companies/{USCC}",
    f"{CASE}/companies/{USCC}/extract", f"{CASE}/companies/{USCC}/documents/articles-010y/pages/1",
    f"{CASE}/companies/{USCC}/documents/inner-010y/pages/1", f"{CASE}/batches", "/gov/password",
    "/gov/sessions", "/gov/recovery",
)  # fmt: skip

Judge = Callable[[Page], None]


@pytest.fixture(scope="module")
def archive(mongo_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder: Path = tmp_path_factory.mktemp("government")
    with open_archive(mongo_url, folder, "eqicha_government_browser") as opened:
        now, store = opened.clock(), opened.store
        unit, user, case = a_unit(store, now), a_user(store, now), a_case(now, looked_at=now, due_at=now)
        opened.run(keep(store, unit, user, case))
        visitor = OrganVisitor(user=user, unit=unit, case=case, now=now, trace=TRACE)
        opened.run(batches.ask(store, USCC.encode(), visitor))
        yield opened


def page_of(browser: Browser, archive: Archive, client: PageClient) -> Page:
    """A browser with the cookies of a client that is signed in."""
    context = browser.new_context(base_url=archive.url, locale="zh-CN", viewport={"width": 1440, "height": 900})
    cookies: Any = [{"name": name, "value": value, "url": archive.url} for name, value in client.cookies.items()]
    context.add_cookies(cookies)
    return context.new_page()


def test_every_page_of_the_area_passes_axe(browser: Browser, archive: Archive, judge: Judge) -> None:
    page = page_of(browser, archive, at_work(archive, a_user(archive.store, archive.clock())))
    for path in LOOKING:
        page.goto(path)
        judge(page)
    outside = page_of(browser, archive, archive.visitor())
    outside.goto("/gov/signin")
    judge(outside)


def test_a_case_is_opened_by_keyboard_with_its_letter(
    browser: Browser, archive: Archive, judge: Judge, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_bytes(a_letter())
    page = page_of(browser, archive, at_work(archive, a_user(archive.store, archive.clock())))
    page.goto("/gov/cases/new")
    page.get_by_label("查询目的").focus()
    page.keyboard.type("审理样例纠纷案件")
    for words in ("（2026）样0106民初9号", "样法函9号"):
        page.keyboard.press("Tab")
        page.keyboard.type(words)
    page.get_by_label("公函日期").fill("2026-11-20")
    page.get_by_label("公函扫描件").set_input_files(letter)
    page.get_by_role("button", name="登记").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("案件 （2026）样0106民初9号")
    judge(page)


def test_the_desks_rooms_pass_axe(browser: Browser, archive: Archive, judge: Judge) -> None:
    desk = Desk(archive.store, archive.settings, archive.app.keys, archive.clock, archive.run)
    [batch] = archive.run(archive.store.batches.of_case(ID))
    rooms = {
        StaffRole.SYSTEM_ADMIN: ("/staff/government", f"/staff/government/{ID}"),
        StaffRole.REVIEWER: (
            "/staff/government/checks", f"/staff/government/checks/{ID}", f"/staff/government/batches/{batch.id}",
        ),
    }  # fmt: skip
    for role, paths in rooms.items():
        person = a_reviewer(desk, f"ren.{role.value.replace('_', '.')}", role=role)
        page = page_of(browser, archive, archive.with_session(staff_id=person.staff.id))
        for path in paths:
            page.goto(path)
            judge(page)
