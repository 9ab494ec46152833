"""The paper room in real Chromium: a box comes in, is put away as a scanner types, and lists print on A4."""

import io
import re
import secrets
from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from adapters.sandbox.people import sample_person
from tests.trial import TrialSet

Open = Callable[..., Page]
Judge = Callable[[Page], None]
USCC = sample_person("legal_representative").uscc


def archivist(trial: TrialSet, page: Page) -> Page:
    """Somebody new at work, signed in with a password of their own."""
    login = f"keeper-{secrets.token_hex(3)}"
    said = trial.command("create-staff", "--login", login, "--name", f"样例{login[-4:]}", "--role", "archivist")
    password, secret = re.search(r"password\s+(\S+)", said), re.search(r"(otpauth://\S+)", said)
    assert password, said
    assert secret, said
    page.goto("/staff/signin")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("口令").fill(password[1])
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("一次性密码").fill(pyotp.parse_uri(secret[1]).now())
    page.get_by_role("button", name="登录").click()
    new = "Yang-Li-2026-fictional"
    page.get_by_label("现在的口令").fill(password[1])
    page.get_by_label("新口令", exact=True).fill(new)
    page.get_by_label("再输入一次新口令").fill(new)
    page.get_by_role("button", name="保存").click()
    return page


@pytest.fixture
def looked_at(judge: Judge) -> Judge:
    """Judged by axe, and no wider than its window."""

    def look(page: Page) -> None:
        judge(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "scrolls sideways"

    return look


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def codes_on(page: Page) -> set[str]:
    """What a reader sees on the screen."""
    with Image.open(io.BytesIO(page.screenshot(full_page=True))) as picture:
        return {str(found.text) for found in zxingcpp.read_barcodes(picture.convert("L"))}


def test_a_box_from_the_list_to_the_shelf_and_out_on_loan(
    visitor: Open, trial: TrialSet, looked_at: Judge, tmp_path: Path
) -> None:
    giver, taker = archivist(trial, visitor("pc", script=False)), archivist(trial, visitor("phone"))
    code = f"BOX-{secrets.token_hex(3).upper()}"
    giver.goto("/staff/paper/handovers")
    giver.get_by_label("移交单位").fill("天河区登记注册科")
    giver.get_by_role("button", name="新建").click()
    giver.get_by_label("条码", exact=True).fill(code)
    giver.get_by_label("题名").fill("登记档案（第 1 盒）")
    giver.get_by_label("页数").fill("180")
    giver.get_by_label("企业和登记件").fill(USCC)
    giver.get_by_role("button", name="加入").click()
    at = giver.url
    giver.get_by_role("button", name="移交", exact=True).click()
    taker.goto(at)
    looked_at(taker)
    taker.get_by_role("button", name=re.compile(rf"完好\s*{code}")).click()
    taker.get_by_role("button", name="接收").click()
    taker.get_by_role("button", name="办结").click()
    looked_at(taker)
    taker.goto(f"{at}/sheet")
    looked_at(taker)
    room = secrets.token_hex(2).upper()
    taker.goto("/staff/paper/places")
    taker.get_by_label("库房代号").fill(room)
    for label in "架列层":
        taker.get_by_label(label, exact=True).fill("1")
    taker.get_by_label("位", exact=True).fill("1-30")
    taker.get_by_role("button", name="建立").click()
    looked_at(taker)
    giver.goto("/staff/paper")
    for typed in (code, f"L-{room}-01-01-01-07"):  # as a scanner: into the field in focus, then Enter
        giver.locator("[autofocus]").fill(typed)
        giver.locator("[autofocus]").press("Enter")
    expect(giver.get_by_text(f"{code} 已上架")).to_be_visible()
    lend(giver, taker, code, looked_at)
    prints(taker, at, room, code, tmp_path)


def lend(giver: Page, taker: Page, code: str, looked_at: Judge) -> None:
    giver.goto("/staff/paper/loans")
    for label, typed in (("档案条码", code), ("借阅人姓名", "虚构丙"), ("所在单位或科室", "执法科"), ("用途", "核对")):
        giver.get_by_label(label).fill(typed)
    giver.get_by_label("批准人").select_option(index=1)
    giver.get_by_role("button", name="借出").click()
    taker.goto(giver.url)
    looked_at(taker)
    for path in ("", "/loans", "/destructions", "/volumes/" + code, f"?q={USCC}"):
        taker.goto(f"/staff/paper{path}")
        looked_at(taker)
    taker.goto("/staff/paper/destructions")
    taker.get_by_label("鉴定意见").fill("期满鉴定")
    taker.get_by_role("button", name="新建").click()
    taker.get_by_label("档案条码").fill(code)
    taker.get_by_role("button", name="列入").click()
    expect(taker.get_by_text("已借出").first).to_be_visible()
    looked_at(taker)
    taker.goto(f"{taker.url.removesuffix('/add')}/sheet")
    looked_at(taker)


def prints(taker: Page, at: str, room: str, code: str, tmp_path: Path) -> None:
    """The sheet is one A4 page, labels are 24 a page, and what is drawn is read by a reader."""
    browser = taker.context.browser
    assert browser
    # three dots a pixel: about the 300 dots an inch of an office printer
    context = browser.new_context(base_url=at, viewport={"width": 1000, "height": 1400}, device_scale_factor=3)
    context.add_cookies(taker.context.cookies())
    wide = context.new_page()
    wide.goto(f"{at}/sheet")
    assert at.rpartition("/")[2] in codes_on(wide)
    sheet = wide.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
    assert pages_of(sheet) == 1
    wide.goto(f"/staff/paper/labels?start=L-{room}")
    assert {f"L-{room}-01-01-01-{place:02}" for place in (1, 7, 30)} <= codes_on(wide)
    labels = wide.pdf(path=tmp_path / "labels.pdf", prefer_css_page_size=True)
    assert pages_of(labels) == 2
    wide.goto(f"/staff/paper/labels?code={code}")
    assert codes_on(wide) == {code}
    context.close()
