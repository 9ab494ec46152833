"""A finger at a kiosk: on every page each target answers within 96 px, and a copy leaves by printer or phone."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser import walk
from tests.trial import TrialSet

Open = Callable[..., Page]
Judge = Callable[[Page], None]
Picture = Callable[[Page, str], None]

#: The targets of a page that do not answer on a square of 96 px, probed every 6 px (round corners are let pass).
#: A box or ring is what a finger aims at, so its square lies around its middle; elsewhere it may lie anywhere.
TOO_SMALL = """() => {
  const targets = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  const step = 6, side = 96, corner = 16;
  const inner = (at) => Math.max(0, Math.abs(at - side / 2) - (side / 2 - corner));
  const reaches = (target, x, y) => {
    const hit = document.elementFromPoint(x, y);
    return !!hit && (target.contains(hit) || hit.closest("label")?.control === target);
  };
  const square = (target, left, top) => {
    const rows = [...Array(side / step).keys()].map((n) => n * step + 0.5).concat(side - 0.5);
    return rows.every((y) => rows.every(
      (x) => Math.hypot(inner(x), inner(y)) > corner || reaches(target, left + x, top + y)));
  };
  const answers = (target) => {
    for (const box of target.getClientRects()) {
      if (target.matches("input[type=checkbox], input[type=radio]")) {
        if (square(target, box.left + box.width / 2 - side / 2, box.top + box.height / 2 - side / 2)) return true;
        continue;
      }
      for (let top = box.top; top <= box.bottom - side + 0.5; top += 4)
        for (let left = box.left; left <= box.right - side + 0.5; left += 4)
          if (square(target, left, top)) return true;
    }
    return false;
  };
  return [...document.querySelectorAll(targets)]
    .filter((target) => !target.matches(".eq-skip") && target.getClientRects().length && target.checkVisibility())
    .filter((target) => {
      target.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
      return !answers(target);
    })
    .map((target) => target.outerHTML.slice(0, 120));
}"""


def fits_a_finger(page: Page) -> None:
    """Every target of the page answers on 96 x 96 CSS pixels; the page is as wide as the screen."""
    assert page.locator("a[href], button, input").count() > 2
    assert page.evaluate(TOO_SMALL) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= 1080, page.url


def test_every_target_answers_within_96_px(visitor: Open, trial: TrialSet) -> None:
    page = visitor("kiosk")
    walk.enrol_kiosk(page, trial, "hall-touch")
    for path in ("/", "/companies?q=天河", "/companies?q=没有这样的企业", "/help", "/sitemap", "/verify",
                 "/verify?code=23456789ABCDEFGHJKLM", "/signin/failed", "/no-such-page"):  # fmt: skip
        page.goto(path)
        fits_a_finger(page)
    walk.find_company(page)
    fits_a_finger(page)
    walk.open_dossier(page)
    expect(page.locator("#f-extract, input[name=filing], input[name=document]").nth(2)).to_be_visible()
    fits_a_finger(page)
    dossier = page.url
    walk.touch_beside_a_box(page)
    page.locator(".eq-paper__open[href*='/documents/']").first.click()
    assert walk.image_is_there(page)
    fits_a_finger(page)
    page.goto(dossier.replace("/dossier", "/extract"))
    fits_a_finger(page)
    page.goto(dossier)
    walk.choose_papers(page)
    fits_a_finger(page)
    page.locator("summary").click()
    fits_a_finger(page)
    number = walk.place_order(page)
    walk.wait_for_print(page)
    fits_a_finger(page)
    page.goto("/orders")
    fits_a_finger(page)
    page.goto(f"/orders/{number}/print")
    fits_a_finger(page)
    page.goto(f"/orders/{number}/rating")
    fits_a_finger(page)
    page.get_by_role("radio", name=re.compile("^非常不满意")).check()
    fits_a_finger(page)


def test_a_copy_leaves_the_kiosk_by_printer_or_phone_and_then_the_clock_wipes(
    visitor: Open, judge: Judge, picture: Picture, trial: TrialSet
) -> None:
    page = visitor("kiosk")
    walk.enrol_kiosk(page, trial, "hall-print")
    walk.find_company(page)
    walk.open_dossier(page)
    walk.choose_papers(page)
    number = walk.place_order(page)
    walk.wait_for_print(page)
    with Image.open(BytesIO(page.locator(".eq-qr").screenshot())) as drawn:
        (code,) = zxingcpp.read_barcodes(drawn)
    assert code.text == f"{trial.url}/orders/{number}", "the code holds the address and nothing else"

    phone = visitor("phone")
    phone.goto(code.text)
    walk.sign_in(phone)
    expect(phone).to_have_url(code.text)
    expect(phone.get_by_role("link", name=re.compile("下载复制件"))).to_be_visible()

    page.clock.install()
    page.get_by_role("link", name="打印复制件").click()
    frame = page.locator("iframe")
    expect(frame).to_be_visible()
    judge(page)
    picture(page, "kiosk-print")
    frame.evaluate("frame => { frame.contentWindow.print = () => { document.title = 'printed'; }; }")
    page.get_by_role("button", name="打印", exact=True).click()
    expect(page).to_have_title("printed")
    page.clock.fast_forward(46_000)
    expect(page.get_by_role("alertdialog")).to_be_visible()
    page.clock.fast_forward(16_000)
    expect(page.get_by_role("heading", name="已退出并清除")).to_be_visible()
    page.goto(f"/orders/{number}/print")
    expect(page).to_have_url(re.compile("/tyrz/|/signin"))


def test_the_file_is_shown_in_the_frame_and_not_stopped_by_our_own_policy(
    visitor: Open, trial: TrialSet, tmp_path: Path
) -> None:
    page = visitor("kiosk", script=False)
    walk.enrol_kiosk(page, trial, "hall-plain")
    walk.find_company(page, script=False)
    walk.open_dossier(page)
    walk.choose_papers(page)
    number = walk.place_order(page)
    walk.wait_for_print(page, script=False)
    with page.expect_response(re.compile(rf"/orders/{number}/print/copy$")) as waiting:
        page.get_by_role("link", name="打印复制件").click()
    assert waiting.value.status == 200
    assert waiting.value.headers["content-disposition"].startswith("inline")
    expect(page.get_by_text("文件上方的打印图标")).to_be_visible()
    shown = page.frame(url=re.compile(rf"/orders/{number}/print/copy$"))
    assert shown is not None, "the policy of the page or of the file keeps it out of the frame"
