"""The work of the three administrators in real Chromium, by keyboard alone: sign-in, changes for two, audit. Axe clean.

Each signs in once with password and one-time code and changes the first password; afterwards the session is kept, so
that a one-time code is not needed twice in half a minute. Others who only have to be there are served by plain helpers.
"""

import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Page, expect

from adapters.sandbox.people import sample_person
from conf.clock import beijing, utc_now
from tests.browser.keys import Keyboard
from tests.browser.test_back_office import PASSWORD, at_work
from tests.trial import ROOT, TrialSet
from tests.visitor import Visitor

Open = Callable[..., Page]
Judge = Callable[[Page], None]
HEAD = sample_person("legal_representative")
MARK = secrets.token_hex(3)


@dataclass
class Account:
    """One of our people: how they sign in, and the cookies of who has."""

    login: str
    password: str
    key: str
    cookies: list[Any] = field(default_factory=list)


@pytest.fixture(scope="module")
def accounts(trial: TrialSet) -> dict[str, Account]:
    """The three administrators and one archivist, made by the command."""

    def made(role: str) -> tuple[str, Account]:
        login = f"{role.replace('_', '-')}-{MARK}"
        said = trial.command("create-staff", "--login", login, "--name", f"样例{role}", "--role", role)
        password, address = re.search(r"password\s+(\S+)", said), re.search(r"(otpauth://\S+)", said)
        assert password, said
        assert address, said
        return role, Account(login, password[1], address[1])

    with ThreadPoolExecutor(2) as pool:
        return dict(pool.map(made, ("system_admin", "security_admin", "auditor", "archivist")))


def give_credentials(keys: Keyboard, login: str, password: str, code: str) -> None:
    """The two pages of the sign-in."""
    keys.page.goto("/staff/signin")
    keys.on("工作台登录")
    keys.fill("登录名", login)
    keys.fill("口令", password)
    keys.press("下一步", heading="一次性密码")
    keys.fill("一次性密码", code)


@pytest.fixture
def at_keys(visitor: Open, judge: Judge, accounts: dict[str, Account]) -> Callable[[str], Keyboard]:
    """`at_keys("auditor")`: that person at a keyboard, signed in."""

    def open_page(role: str) -> Keyboard:
        keys, who = Keyboard(visitor("pc"), judge), accounts[role]
        if who.cookies:
            keys.page.context.add_cookies(who.cookies)
            keys.page.goto("/staff")
        else:
            give_credentials(keys, who.login, who.password, pyotp.parse_uri(who.key).now())
            keys.press("登录", heading="修改口令")
            keys.fill("现在的口令", who.password)
            keys.fill("新口令", PASSWORD, exact=True)
            keys.fill("再输入一次新口令", PASSWORD)
            keys.press("保存")
            keys.page.goto("/staff")
            who.cookies = keys.page.context.cookies()
        keys.on("工作台")
        return keys

    return open_page


@pytest.fixture
def head(trial: TrialSet) -> Iterator[Visitor]:
    """The legal representative of the main sample company, over plain HTTP."""
    made = Visitor(trial).sign_in("legal_representative")
    yield made
    made.http.close()


def reason(keys: Keyboard, why: str = "按工作安排") -> str:
    """Ask for the change on this page; the name of the proposal."""
    keys.fill("理由", why, exact=True)
    asking = keys.page.locator("form").filter(has=keys.page.get_by_label("理由", exact=True)).last
    keys.press("提交审批", within=asking)
    title = keys.page.get_by_role("heading", level=1).inner_text()
    keys.on(title)
    return title


def approve(keys: Keyboard, title: str) -> None:
    """Find it among the changes that wait, read it, approve it."""
    keys.go("变更审批")
    keys.follow(title, heading=title)
    keys.press("批准")
    expect(keys.page.get_by_text("已批准").first).to_be_visible()


def test_the_system_administrator_opens_an_account_and_changes_what_runs(
    at_keys: Callable[[str], Keyboard], visitor: Open, judge: Judge
) -> None:
    system, security = at_keys("system_admin"), at_keys("security_admin")
    login = f"xin-{MARK}"
    system.go("人员账号")
    system.fill("登录名", login)
    system.fill("姓名", "样例新人")
    system.tick("^档案管理员")
    approve(security, reason(system, "新到岗"))
    system.go("人员账号")
    system.follow(login, heading="样例新人")
    system.press("生成开通链接", heading="样例新人")
    link = system.page.get_by_text("/staff/enrol/").inner_text()
    system.judged()
    person = enrol(Keyboard(visitor("phone"), judge), link, login)
    publish_and_end_a_notice(person, Keyboard(visitor("pc"), judge))

    system.go("运行参数")
    system.choose("参数", "律师查阅许可期限")
    system.fill("新的数值", "29")
    approve(security, reason(system))
    system.go("运行参数")
    expect(system.page.get_by_role("region", name="变更记录表")).to_contain_text("29")
    system.go("消息文本")
    system.follow("借阅的纸质档案已到期", heading=re.compile("."))
    system.fill("短信平台的模板编号", "TH-EQC-080")
    approve(security, reason(system))
    system.go("节假日")
    system.to(system.page.get_by_label("另外放假的日子"))
    system.page.keyboard.press("Control+End")
    system.page.keyboard.type("\n2029-03-07")
    approve(security, reason(system))
    system.go("节假日")
    expect(system.page.get_by_label("另外放假的日子")).to_have_value(re.compile("2029-03-07"))


def enrol(person: Keyboard, link: str, login: str) -> Keyboard:
    """The new person sets password and authenticator and signs in by one of the recovery codes."""
    person.page.goto(link[link.index("/staff/enrol/") :])
    person.on("开通账号")
    key = person.page.locator("dd").last.inner_text().replace(" ", "")
    person.fill("新口令", PASSWORD, exact=True)
    person.fill("再输入一次新口令", PASSWORD)
    person.fill("6 位动态码", pyotp.TOTP(key).now())
    person.press("开通", heading="账号已开通")
    code = person.page.locator("main li code").first.inner_text()
    give_credentials(person, login, PASSWORD, code)
    person.press("登录", heading="待审核")
    return person


def publish_and_end_a_notice(person: Keyboard, home: Keyboard) -> None:
    """On the front page at once, and gone again."""
    title = f"样例公告{MARK}"
    person.go("首页公告")
    person.fill("标题", title)
    person.fill("内容", "本周日系统维护。")
    person.moment("开始展示", "2020-01-01T00:00")
    person.moment("结束展示", "2099-01-01T00:00")
    person.press("发布", heading="首页公告")
    home.page.goto("/")
    expect(home.page.get_by_text(title)).to_be_visible()
    home.judged()
    person.press("撤下", within=person.page.get_by_role("row").filter(has_text=title), heading="首页公告")


def test_the_system_administrator_keeps_seals_messages_and_the_system(
    at_keys: Callable[[str], Keyboard], trial: TrialSet, head: Visitor
) -> None:
    trial.fault(sms="500")
    number = head.place(HEAD.uscc, head.open_documents(HEAD.uscc)[:1])
    system, security = at_keys("system_admin"), at_keys("security_admin")
    system.go("印章和签发人")
    expect(system.page.get_by_role("region", name="印章版本表")).to_contain_text("在用")
    name = f"样例{MARK[:2]}"
    system.fill("姓名", name)
    system.fill("职务", "科长")
    today = beijing(utc_now())
    system.moment("起始日", f"{today:%Y-%m-%d}")
    system.moment("截止日", "2099-12-31")
    approve(security, reason(system))
    system.go("印章和签发人")
    row = system.page.get_by_role("region", name="签发人表").get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("在用")
    system.press("停用签发人", within=row, heading="印章和签发人")
    expect(row).to_contain_text("停用")

    inspected(trial)
    system.go("运行巡检")
    system.to(system.page.get_by_role("region", name="巡检报告列表").get_by_role("link").first)
    with system.page.expect_navigation():
        system.page.keyboard.press("Enter")
    system.on("巡检报告")

    head.wait_ready([number])
    system.go("对接与消息")
    waiting = system.page.get_by_role("listitem").filter(has_text=f"{number}.copy_ready.sms")
    for _ in range(60):
        if waiting.get_by_role("button").count():
            break
        system.page.wait_for_timeout(250)
        system.page.reload()
    expect(waiting).to_contain_text("对方系统出错")
    system.judged()
    trial.fault(sms="")
    system.to(waiting.get_by_role("button"))
    with system.page.expect_navigation():
        system.page.keyboard.press("Enter")
    for _ in range(60):
        if any(row["key"].startswith(number) for row in trial.received("sms")):
            break
        system.page.wait_for_timeout(250)
    system.page.reload()
    expect(waiting).to_have_count(0)
    expect(system.page.get_by_role("region").or_(system.page.locator("section")).first).to_contain_text("短信平台")


def inspected(trial: TrialSet) -> None:
    """A report on demand; exit code 1 says only that something (a backup) is missing."""
    done = subprocess.run(
        [sys.executable, "eqicha.py", "inspect"], cwd=ROOT, env=trial.environment, capture_output=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr


def test_the_security_administrator_approves_ends_disables_and_publishes(
    at_keys: Callable[[str], Keyboard], accounts: dict[str, Account], visitor: Open, trial: TrialSet
) -> None:
    system, security, archivist = at_keys("system_admin"), at_keys("security_admin"), at_keys("archivist")
    security.go("角色与权限")
    expect(security.page.get_by_role("row", name=re.compile("批准人员账号和角色的变更"))).to_be_visible()
    expect(security.page.get_by_text("自己不提出变更").first).to_be_visible()

    login = accounts["archivist"].login
    version = f"2026-{MARK}"
    propose_rules(archivist, version)
    publish(security, archivist, at_work(visitor, trial, "reviewer"), version)

    security.go("人员账号")
    security.follow(login, heading="样例archivist")
    security.press("结束", heading="样例archivist")
    archivist.page.goto("/staff")
    archivist.on("工作台登录")
    archivist.page.context.add_cookies(accounts["archivist"].cookies)
    archivist.page.goto("/staff")
    archivist.on("工作台登录")

    other = at_work(visitor, trial, "statistics")
    system.go("人员账号")
    system.follow(re.search(r"statistics-\w+", names(system.page))[0], heading="样例statistics")
    box = system.page.get_by_role("checkbox", name=re.compile("^统计员"))
    system.to(box)
    system.page.keyboard.press("Space")
    expect(box).not_to_be_checked()
    approve(security, reason(system, "调离岗位"))
    other.goto("/staff/numbers")
    expect(other.get_by_role("heading", level=1, name="工作台登录")).to_be_visible()


def names(page: Page) -> str:
    return page.get_by_role("region", name="人员账号表").inner_text()


def propose_rules(archivist: Keyboard, version: str) -> None:
    """A draft that differs in its version only, and the request to publish it at once."""
    archivist.page.goto("/staff/rules/draft")
    archivist.on("规则草案")
    area = archivist.page.get_by_label("规则全文")
    text = re.sub(r'version = "[^"]+"', f'version = "{version}"', area.input_value(), count=1)
    archivist.to(area)
    archivist.page.keyboard.press("Control+A")
    archivist.page.keyboard.insert_text(text)
    archivist.press("检查并保存草案", heading="规则草案")
    archivist.moment("生效时间", f"{beijing(utc_now() + timedelta(minutes=1)):%Y-%m-%dT%H:%M}")
    assert version in reason(archivist, "按新规定调整")


def publish(security: Keyboard, archivist: Keyboard, reviewer: Page, version: str) -> None:
    """Looked at, run over last month's requests, approved by one and then by the second."""
    security.go("查档规则")
    security.follow("查看草案", heading="规则草案")
    expect(security.page.get_by_label("规则全文")).to_have_attribute("readonly", "")
    security.follow("用最近一个月的申请试算", heading="规则草案")
    expect(security.page.get_by_text("件的结论会不同")).to_be_visible()
    security.judged()
    security.go("变更审批")
    security.follow(f"发布查档规则 {version}", heading=re.compile(version))
    security.press("批准")
    expect(security.page.get_by_text("等待批准").first).to_be_visible()
    reviewer.goto(security.page.url)
    reviewer.get_by_role("button", name="批准", exact=True).click()
    security.go("查档规则")
    expect(security.page.get_by_role("row", name=re.compile(version))).to_be_visible()


def test_the_auditor_finds_exports_proves_and_checks(
    at_keys: Callable[[str], Keyboard], trial: TrialSet, head: Visitor, tmp_path: Path
) -> None:
    number = head.place(HEAD.uscc, head.open_documents(HEAD.uscc)[:1])
    auditor = at_keys("auditor")
    found = auditor.page.get_by_role("region", name="审计记录")
    auditor.go("审计记录")
    auditor.fill("人员", HEAD.id_number)
    auditor.fill("企业", HEAD.uscc)
    auditor.choose("种类", "查看档案目录")
    auditor.moment("从（北京时间）", f"{beijing(utc_now() - timedelta(hours=1)):%Y-%m-%dT%H:%M}")
    auditor.press("查找", heading="审计记录")
    expect(found).to_contain_text("查看档案目录")
    expect(auditor.page.get_by_text("只看一个人的记录")).to_be_visible()
    assert HEAD.id_number not in auditor.page.content() + auditor.page.url, "the number is kept nowhere"
    auditor.judged()
    auditor.follow("清除全部条件", heading="审计记录")
    auditor.fill("申请或复制件编号", number)
    auditor.press("查找", heading="审计记录")
    expect(found).to_contain_text("提交查询申请")
    auditor.to(auditor.page.get_by_role("button", name="导出表格（CSV）"))
    with auditor.page.expect_download() as table:
        auditor.page.keyboard.press("Enter")
    table.value.save_as(tmp_path / "audit.csv")
    assert number in (tmp_path / "audit.csv").read_text(encoding="utf-8-sig")

    auditor.page.goto("/staff/audit")
    auditor.choose("种类", "建立人员账号")
    auditor.press("查找", heading="审计记录")
    auditor.to(found.get_by_role("link", name="建立人员账号").last)
    with auditor.page.expect_navigation():
        auditor.page.keyboard.press("Enter")
    prove(auditor, trial, tmp_path / "proof.json")

    auditor.go("审计核验", heading=re.compile("."))
    auditor.press("开始核验")
    expect(auditor.page.get_by_text("全部完好")).to_be_visible(timeout=60_000)
    auditor.judged()


def prove(auditor: Keyboard, trial: TrialSet, file: Path) -> None:
    """The event of this page: its proof fetched, and checked with the command that asks no database."""
    link = auditor.page.get_by_role("link", name="下载证明文件（JSON）")
    for _ in range(100):
        if link.count():
            break
        auditor.page.wait_for_timeout(1000)
        auditor.page.reload()
    auditor.on("一条审计记录")
    auditor.to(link)
    with auditor.page.expect_download() as download:
        auditor.page.keyboard.press("Enter")
    download.value.save_as(file)
    assert "was signed by the key" in trial.command("verify-proof", str(file))


#: What an auditor may send: looking, exporting and checking (each on record), and what concerns their own account.
HARMLESS = {"/staff/audit", "/staff/audit/export", "/staff/audit/tree", "/staff/signout", "/staff/password",
            "/staff/sessions", "/staff/recovery"}  # fmt: skip


def test_the_auditor_finds_no_door_that_changes_anything_and_the_others_no_audit(
    at_keys: Callable[[str], Keyboard],
) -> None:
    auditor = at_keys("auditor")
    for address in places(auditor.page):
        auditor.page.goto(address)
        auditor.on(re.compile("."))
        forms = auditor.page.locator("form[method=post]").evaluate_all("all => all.map(form => form.action)")
        sent = {re.sub(r"https?://[^/]+", "", action) for action in forms}
        assert sent <= HARMLESS, (address, sent - HARMLESS)
    for role in ("system_admin", "security_admin"):
        keys = at_keys(role)
        assert not [address for address in places(keys.page) if "audit" in address]
        for door in ("/staff/audit", "/staff/audit/tree", "/staff/audit/events/0"):
            assert keys.page.request.get(door).status == 403, (role, door)
        for address in places(keys.page):
            keys.page.goto(address)
            keys.on(re.compile("."))
            assert keys.page.locator("a[href*='/staff/audit']").count() == 0, address
    for door in ("accounts", "settings", "texts", "holidays", "seals", "rules", "proposals", "notices", "outbox"):
        assert auditor.page.request.get(f"/staff/{door}").status == 403, door


def places(page: Page) -> list[str]:
    """Every address this person is offered."""
    page.goto("/staff")
    links = page.locator("header nav a, main a")
    return list(dict.fromkeys(links.evaluate_all("all => all.map(link => link.getAttribute('href'))")))
