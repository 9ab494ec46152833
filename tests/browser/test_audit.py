"""The auditor in real Chromium: find, look, prove, check; and an enterprise that sees who looked. Axe each time."""

import json
import re
import secrets
from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect

from adapters.sandbox.people import sample_person
from tests.browser import walk
from tests.browser.conftest import PICTURES
from tests.trial import TrialSet
from tests.visitor import Visitor

Open = Callable[..., Page]
Judge = Callable[[Page], None]
USCC = sample_person("legal_representative").uscc


def keep(page: Page, name: str) -> None:
    """A picture to be looked at."""
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


@pytest.fixture
def auditor(visitor: Open, trial: TrialSet) -> Callable[..., Page]:
    """Signed in with password and code, past the forced change of the first password."""

    def open_page(size: str = "pc", *, script: bool = True) -> Page:
        login = f"auditor-{secrets.token_hex(3)}"
        said = trial.command("create-staff", "--login", login, "--name", "审计样例", "--role", "auditor")
        password, secret = re.search(r"password\s+(\S+)", said), re.search(r"(otpauth://\S+)", said)
        assert password, said
        assert secret, said
        page = visitor(size, script=script)
        page.goto("/staff/signin")
        page.get_by_label("登录名").fill(login)
        page.get_by_label("口令").fill(password[1])
        page.get_by_role("button", name="下一步").click()
        page.get_by_label("一次性密码").fill(pyotp.parse_uri(secret[1]).now())
        page.get_by_role("button", name="登录").click()
        page.get_by_label("现在的口令").fill(password[1])
        page.get_by_label("新口令", exact=True).fill("Yang-Li-2026-fictional")
        page.get_by_label("再输入一次新口令").fill("Yang-Li-2026-fictional")
        page.get_by_role("button", name="保存").click()
        expect(page.get_by_label("现在的口令")).to_have_count(0)
        return page

    return open_page


@pytest.fixture
def looked(trial: TrialSet) -> None:
    """The legal representative has looked into the dossier."""
    head = Visitor(trial)
    head.sign_in("legal_representative")
    head.open_documents(USCC)
    head.http.close()


@pytest.mark.parametrize("size", ["pc", "phone"])
def test_an_auditor_finds_proves_and_checks(
    auditor: Callable[..., Page], judge: Judge, looked: None, size: str, tmp_path: Path, trial: TrialSet
) -> None:
    page = auditor(size)
    page.goto("/staff/audit")
    judge(page)
    page.get_by_label("企业").fill(USCC)
    page.get_by_label("种类").select_option("dossier:listing:viewed")
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_role("region", name="审计记录")).to_be_visible()
    judge(page)
    keep(page, f"audit-search-{size}")
    page.get_by_role("link", name="查看档案目录").last.click()
    expect(page.get_by_role("heading", level=1, name="一条审计记录")).to_be_visible()
    judge(page)
    for _ in range(100):
        if page.get_by_role("link", name="下载证明文件（JSON）").count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    judge(page)
    keep(page, f"audit-event-{size}")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载证明文件（JSON）").click()
    file = tmp_path / "proof.json"
    download.value.save_as(file)
    assert "position" in json.loads(file.read_text(encoding="utf-8"))
    assert "was signed by the key" in trial.command("verify-proof", str(file))
    page.goto("/staff/audit/tree")
    page.get_by_role("button", name="开始核验").click()
    expect(page.get_by_text("全部完好")).to_be_visible(timeout=60_000)
    judge(page)
    keep(page, f"audit-tree-{size}")


def test_without_script_the_check_is_followed_by_a_link(auditor: Callable[..., Page], looked: None) -> None:
    page = auditor(script=False)
    page.goto("/staff/audit/tree")
    page.get_by_role("button", name="开始核验").click()
    for _ in range(60):
        if page.get_by_text("全部完好").count():
            return
        page.get_by_role("link", name="刷新进度").click()
        page.wait_for_timeout(300)
    raise AssertionError("the check never ended")


@pytest.mark.parametrize("size", ["pc", "phone"])
def test_an_enterprise_sees_who_looked(visitor: Open, judge: Judge, looked: None, size: str) -> None:
    page = visitor(size)
    page.goto(f"/companies/{USCC}/dossier")
    walk.sign_in(page)
    page.goto(f"/companies/{USCC}")
    judge(page)
    page.get_by_role("link", name="谁查阅过本企业档案").click()
    expect(page.get_by_role("heading", level=1, name="谁查阅过本企业档案")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="法定代表人、负责人等").first).to_be_visible()
    judge(page)
    keep(page, f"lookers-{size}")
