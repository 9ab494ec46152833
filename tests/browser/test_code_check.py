"""The code by SMS at a kiosk and without script: typed on the screen's own keys, each wide enough for a finger."""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import walk
from tests.browser.test_kiosk_touch import fits_a_finger
from tests.trial import TrialSet

ENTERPRISE = walk.COMPANY  # a visitor of its own: the wait between two codes is a number's
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialSet]:
    """A service that asks for a code before it hands out a copy."""
    made = TrialSet(tmp_path_factory.mktemp("codes"), copy_recheck="sms")
    try:
        yield made.up()
    finally:
        made.down()


def code_sent(trial: TrialSet) -> str:
    """The newest code the sandbox's SMS platform took."""
    with urllib.request.urlopen(f"{trial.sandbox_url}/sandbox/received?system=sms") as answer:
        rows = json.load(answer)["items"]
    return str(re.findall(r"验证码(\d{6})", "".join(row["text"] for row in rows))[-1])


def test_at_a_kiosk_the_code_is_typed_on_the_screen(
    visitor: Open, judge: Callable[[Page], None], trial: TrialSet
) -> None:
    page = visitor("kiosk")
    walk.enrol_kiosk(page, trial, "hall-code")
    walk.find_company(page)
    walk.open_dossier(page)
    walk.choose_papers(page)
    number = walk.place_order(page)
    walk.wait_for_print(page)
    page.get_by_role("link", name="打印复制件").click()
    expect(page).to_have_url(re.compile(f"/orders/{number}/check$"))
    fits_a_finger(page)
    page.get_by_role("button", name="获取验证码").click()
    expect(page.locator(".eq-keys")).to_be_visible()
    fits_a_finger(page)
    judge(page)
    for digit in code_sent(trial):
        page.locator(".eq-keys__key").get_by_text(digit, exact=True).click()
    page.locator(".eq-keys__key--go").click()
    expect(page.get_by_text("核对通过")).to_be_visible()
    fits_a_finger(page)
    page.get_by_role("link", name="打印复制件").click()
    expect(page.locator("iframe")).to_be_visible()


def test_without_script_the_forms_alone_do_it(visitor: Open, trial: TrialSet, tmp_path: Path) -> None:
    page = visitor("phone", script=False)
    walk.find_company(page, script=False)
    walk.open_dossier(page, ENTERPRISE)
    walk.choose_papers(page)
    number = walk.place_order(page)
    walk.wait_for_copy(page, script=False)
    page.get_by_role("link", name=re.compile("下载复制件")).click()
    expect(page).to_have_url(re.compile(f"/orders/{number}/check$"))
    page.get_by_role("button", name="获取验证码").click()
    code = code_sent(trial)
    page.get_by_label("短信验证码").fill(f"{(int(code) + 1) % 1_000_000:06d}")
    page.get_by_role("button", name="确定").click()
    expect(page.get_by_text("还可以填 4 次").first).to_be_visible()
    page.get_by_label("短信验证码").fill(code)
    page.get_by_role("button", name="确定").click()
    expect(page.get_by_text("核对通过")).to_be_visible()
    walk.download(page, tmp_path)
