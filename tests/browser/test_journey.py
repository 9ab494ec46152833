"""The whole journey in real Chromium at three sizes, and without script; axe clean on every page of it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import walk
from tests.browser.conftest import PICTURES
from tests.trial import TrialSet

Open = Callable[..., Page]
Judge = Callable[[Page], None]
Picture = Callable[[Page, str], None]


def test_from_a_name_to_a_verified_copy(
    visitor: Open, judge: Judge, picture: Picture, trial: TrialSet, size: str, tmp_path: Path
) -> None:
    page = visitor(size)
    if size == "kiosk":
        walk.enrol_kiosk(page, trial, f"hall-{size}")

    def look(name: str) -> None:
        judge(page)
        picture(page, f"{size}-{name}")

    page.goto("/")
    look("1-home")
    page.get_by_role("searchbox").press_sequentially("澈穹", delay=20)
    expect(page.locator("#results .eq-hit__name a").first).to_be_visible()
    look("2-results")
    walk.find_company(page)
    look("3-company")
    walk.open_dossier(page)
    look("4-dossier")
    if size == "kiosk":
        walk.touch_beside_a_box(page)
    dossier = page.url
    page.locator(".eq-paper__open[href*='/documents/']").first.click()
    assert walk.image_is_there(page)
    look("5-viewer")
    page.goto(dossier)
    walk.choose_papers(page)
    look("6-order-form")
    number = walk.place_order(page)
    at_kiosk = size == "kiosk"
    (walk.wait_for_print if at_kiosk else walk.wait_for_copy)(page)
    look("7-ready")
    path = walk.printed(page, number, tmp_path) if at_kiosk else walk.download(page, tmp_path)
    shutil.copyfile(path, PICTURES / "copy.pdf")
    page.goto(f"/orders/{number}/rating")
    look("8-rating")
    walk.rate(page)
    look("9-rated")
    walk.verify_by_code(page, walk.verification_code(path))
    expect(page.locator(".eq-verdict")).to_contain_text("有效")
    expect(page.locator(".eq-verdict")).to_contain_text(walk.COMPANY)
    look("10-verified")
    assert "ok" in trial.command("verify-copy", str(path))
    assert trial.command("verify-audit").startswith("the audit is whole")


def test_the_same_journey_without_script(visitor: Open, tmp_path: Path) -> None:
    page = visitor("pc", script=False)
    walk.find_company(page, script=False)
    walk.open_dossier(page)
    dossier = page.url
    page.locator(".eq-paper__open[href*='/documents/']").first.click()
    assert walk.image_is_there(page)
    page.get_by_role("link", name="下一页").click()
    assert walk.image_is_there(page)
    page.goto(dossier)
    walk.choose_papers(page)
    number = walk.place_order(page)
    walk.wait_for_copy(page, script=False)
    path = walk.download(page, tmp_path)
    page.goto(f"/orders/{number}/rating")
    walk.rate(page)
    walk.verify_by_file(page, path)
    expect(page.locator(".eq-verdict")).to_contain_text("有效")
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)
    walk.verify_by_file(page, path)
    expect(page.locator(".eq-verdict")).to_contain_text("改")


ADDRESSES = (
    "/",
    "/companies?q=没有这样的企业",
    "/companies?q=天河",
    "/verify",
    "/verify?code=23456789ABCDEFGHJKLM",
    "/help",
    "/privacy",
    "/accessibility",
    "/about",
    "/sitemap",
    "/signin/callback?state=spent&code=x",
    "/kiosk/enrol",
    "/staff/signin",
    "/no-such-page",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_public_page_is_accessible(visitor: Open, judge: Judge, size: str, address: str) -> None:
    page = visitor(size)
    page.goto(address)
    judge(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page scrolls sideways"
