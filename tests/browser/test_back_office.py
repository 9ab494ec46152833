"""The pages of administrators and of those who draft rules, in real Chromium; every page is judged by axe."""

import re
import secrets
from collections.abc import Callable

import pyotp
from playwright.sync_api import Page, expect

from tests.trial import TrialSet

Open = Callable[..., Page]
Judge = Callable[[Page], None]
PASSWORD = "Yang-Li-2026-fictional"


def sign_in(page: Page, login: str, password: str, key: str) -> None:
    page.goto("/staff/signin")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("口令").fill(password)
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("一次性密码").fill(key)
    page.get_by_role("button", name="登录").click()


def at_work(visitor: Open, trial: TrialSet, role: str, size: str = "pc") -> Page:
    """Somebody with this role, made by the command, past the change of the first password."""
    login = f"{role.replace('_', '-')}-{secrets.token_hex(3)}"
    said = trial.command("create-staff", "--login", login, "--name", f"样例{role}", "--role", role)
    password, address = re.search(r"password\s+(\S+)", said), re.search(r"(otpauth://\S+)", said)
    assert password, said
    assert address, said
    page = visitor(size)
    sign_in(page, login, password[1], pyotp.parse_uri(address[1]).now())
    page.get_by_label("现在的口令").fill(password[1])
    page.get_by_label("新口令", exact=True).fill(PASSWORD)
    page.get_by_label("再输入一次新口令").fill(PASSWORD)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_label("现在的口令")).to_have_count(0)
    return page


def approve(page: Page, address: str, judge: Judge) -> None:
    page.goto(address)
    judge(page)
    page.get_by_role("button", name="批准", exact=True).click()
    expect(page.get_by_text("已批准").first).to_be_visible()


def test_an_account_from_asking_to_the_first_sign_in(visitor: Open, judge: Judge, trial: TrialSet) -> None:
    system, security = (at_work(visitor, trial, role) for role in ("system_admin", "security_admin"))
    login = f"xin-{secrets.token_hex(3)}"
    system.goto("/staff/accounts")
    judge(system)
    system.get_by_label("登录名").fill(login)
    system.get_by_label("姓名").fill("样例新人")
    system.get_by_role("checkbox", name=re.compile("档案管理员")).check()
    system.get_by_label("理由").fill("新到岗")
    system.get_by_role("button", name="提交审批").click()
    system.wait_for_url(re.compile(r"/staff/proposals/"))
    approve(security, system.url, judge)
    system.goto("/staff/accounts")
    system.get_by_role("link", name=login).click()
    judge(system)
    system.get_by_role("button", name="生成开通链接").click()
    link = system.get_by_text("/staff/enrol/").inner_text()
    judge(system)
    person = visitor("phone")
    person.goto(link[link.index("/staff/enrol/") :])
    judge(person)
    key = person.locator("dd").last.inner_text().replace(" ", "")
    person.get_by_label("新口令", exact=True).fill(PASSWORD)
    person.get_by_label("再输入一次新口令").fill(PASSWORD)
    person.get_by_label("6 位动态码").fill(pyotp.TOTP(key).now())
    person.get_by_role("button", name="开通").click()
    judge(person)
    code = person.locator("main li code").first.inner_text()
    sign_in(person, login, PASSWORD, code)
    expect(person.get_by_role("heading", level=1, name="待审核")).to_be_visible()
    for path in ("/staff/sessions", "/staff/recovery"):
        person.goto(path)
        judge(person)


def test_the_administrators_pages_are_clean_on_a_wide_and_a_narrow_screen(
    visitor: Open, judge: Judge, trial: TrialSet
) -> None:
    for size in ("pc", "phone"):
        page = at_work(visitor, trial, "system_admin", size)
        for path in ("settings", "texts", "texts/copy_ready", "texts/code", "holidays", "seals", "accounts"):
            page.goto(f"/staff/{path}")
            judge(page)
        page.goto("/staff/settings")
        page.get_by_label("新的数值").fill("0")
        page.get_by_label("理由").fill("试一试")
        page.get_by_role("button", name="提交审批").click()
        expect(page.get_by_text("之间的整数").first).to_be_visible()
        judge(page)


def test_a_notice_and_a_draft_of_the_rules(visitor: Open, judge: Judge, trial: TrialSet) -> None:
    page = at_work(visitor, trial, "archivist")
    page.goto("/staff/notices")
    judge(page)
    page.get_by_label("标题").fill("样例公告")
    page.get_by_label("内容").fill("本周日系统维护。")
    page.get_by_label("开始展示").fill("2020-01-01T00:00")
    page.get_by_label("结束展示").fill("2099-01-01T00:00")
    page.get_by_role("button", name="发布").click()
    expect(page.get_by_role("button", name="撤下")).to_be_visible()
    judge(page)
    for size in ("pc", "phone", "kiosk"):
        home = visitor(size)
        home.goto("/")
        expect(home.get_by_text("样例公告")).to_be_visible()
        judge(home)
    page.get_by_role("button", name="撤下").click()
    page.goto("/staff/rules")
    judge(page)
    page.get_by_role("link", name="起草新版").click()
    judge(page)
    text = page.get_by_label("规则全文")
    body = text.input_value()
    text.fill(body.replace('outcome = "refuse"', 'outcome = "perhaps"', 1))
    page.get_by_role("button", name="检查并保存草案").click()
    expect(page.get_by_text("只能是").first).to_be_visible()
    judge(page)
    page.get_by_label("规则全文").fill(re.sub(r'version = "[^"]+"', 'version = "2027-01-01.1"', body, count=1))
    page.get_by_role("button", name="检查并保存草案").click()
    page.get_by_role("link", name="用最近一个月的申请试算").click()
    expect(page.get_by_role("heading", name="试算结果")).to_be_visible()
    judge(page)
