"""A reviewer's day by keyboard alone, in real Chromium, with the visitor at the other end; every page judged by axe."""

import io
import re
from collections.abc import Callable

from PIL import Image
from playwright.sync_api import Page, expect

from adapters.sandbox.people import sample_person
from tests.browser import walk
from tests.browser.test_journeys import Reviewer, ask, dossier_of
from tests.browser.test_journeys import reviewer as reviewer

Open = Callable[..., Page]
Judge = Callable[[Page], None]


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def queue_of(page: Page, number: str) -> None:
    """The queue with this one order in it, its row focused by `j`."""
    page.goto(f"/staff/orders?words={number}")
    press(page, "j")
    expect(page.locator(f"a[href='/staff/orders/{number}']")).to_be_focused()


def test_a_request_is_claimed_asked_about_and_permitted_by_keys_alone(
    visitor: Open, judge: Judge, reviewer: Reviewer
) -> None:
    page, desk = visitor("phone"), reviewer.page
    number = ask(page, dossier_of(page, "shareholder"), "行使股东")
    expect(page.get_by_role("heading", name="人工审核中")).to_be_visible()
    queue_of(desk, number)
    judge(desk)
    press(desk, "Enter")
    expect(desk.get_by_role("heading", level=1, name="审核申请")).to_be_visible()
    judge(desk)
    press(desk, "c")
    expect(desk.locator("main")).to_contain_text("我认领到")
    judge(desk)
    desk.locator("a[href*='/documents/']").first.focus()
    press(desk, "Enter")
    assert walk.image_is_there(desk)
    judge(desk)
    desk.go_back()
    press(desk, "m")
    expect(desk.get_by_label("需要补充什么")).to_be_focused()
    desk.keyboard.type("请上传能证明出资的文件（样例）。")
    press(desk, "Tab", "Enter")
    expect(desk.locator(".eq-notice--success")).to_contain_text(number)
    page.reload()
    expect(page.locator("#answer")).to_contain_text("请上传能证明出资的文件（样例）。")
    judge(page)
    scan = io.BytesIO()
    Image.new("RGB", (620, 877), "white").save(scan, "JPEG")
    page.get_by_label("您的说明").fill("出资证明见附件（样例）。")
    page.get_by_label(re.compile("文件 1")).set_input_files(
        {"name": "proof.jpg", "mimeType": "image/jpeg", "buffer": scan.getvalue()}
    )
    page.get_by_role("button", name="提交答复").click()
    expect(page.locator("main")).to_contain_text("您已于")
    judge(page)
    queue_of(desk, number)
    press(desk, "Enter")
    expect(desk.locator("main")).to_contain_text("出资证明见附件（样例）。")
    judge(desk)
    press(desk, "?")
    expect(desk.get_by_text("认领或延长认领")).to_be_visible()
    press(desk, "p")
    expect(desk.get_by_role("button", name="同意", exact=True)).to_be_focused()
    press(desk, "Enter")
    expect(desk.locator(".eq-notice--success")).to_contain_text(number)
    walk.wait_for_copy(page)


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
