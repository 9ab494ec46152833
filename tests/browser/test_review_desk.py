"""What visitors report and the pages of companies at the desk, in real Chromium; every page judged by axe."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from adapters.sandbox.people import sample_person
from tests.browser.test_journeys import Reviewer, dossier_of
from tests.browser.test_journeys import reviewer as reviewer

Open = Callable[..., Page]
Judge = Callable[[Page], None]


def test_what_a_visitor_reports_is_worked_on_and_answered(visitor: Open, judge: Judge, reviewer: Reviewer) -> None:
    page, desk = visitor("pc"), reviewer.page
    dossier_of(page, "legal_representative")
    judge(page)
    page.locator(".eq-paper__open[href*='/documents/']").first.click()
    page.get_by_text("这一页有问题？").click()
    judge(page)
    page.get_by_label("有什么问题").select_option(label="缺边、缺角，内容不全")
    page.get_by_role("button", name="反馈给档案人员").click()
    said = page.locator(".eq-notice--success")
    expect(said).to_contain_text("已收到您的反馈")
    judge(page)
    found = re.search(r"TK\d{8}-[0-9A-Z]{6}", said.inner_text())
    assert found
    desk.goto("/staff/tasks")
    judge(desk)
    desk.locator(f"a[href='/staff/tasks/{found[0]}']").click()
    judge(desk)
    desk.get_by_role("button", name="认领").click()
    desk.get_by_label("办理结果").select_option(label="已办结")
    desk.get_by_label("说明").fill("已重新扫描并替换该页（样例）。")
    judge(desk)
    desk.get_by_role("button", name="办结并通知").click()
    expect(desk.locator(".eq-notice--success")).to_contain_text(found[0])
    page.goto("/orders")
    expect(page.locator("main")).to_contain_text("已重新扫描并替换该页（样例）。")
    judge(page)


def test_the_pages_of_companies_are_for_everybody(judge: Judge, reviewer: Reviewer) -> None:
    desk = reviewer.page
    uscc = sample_person("legal_representative").uscc
    desk.goto(f"/staff/companies?q={uscc}")
    judge(desk)
    desk.locator(f"a[href='/staff/companies/{uscc}']").click()
    judge(desk)
    desk.get_by_role("button", name="提出锁定").click()
    expect(desk.locator("#eq-errors")).to_be_visible()
    judge(desk)
