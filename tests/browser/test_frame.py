"""What only a real browser shows of the frame: input methods, history, the kiosk's clock, keys and storage."""

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from conf.clock import utc_now
from conf.codes import make_uscc
from conf.settings import load_settings
from handlers.flows.kiosks import register_terminal
from tests.web.conftest import Site
from tests.web.things import a_company

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def trial(mongo_url: str, var_dir: Path) -> Iterator[Site]:
    """The pages alone over thirty companies: nothing here needs seal, messages or a counterpart."""
    settings = load_settings(
        mongo_url=mongo_url,
        mongo_database="eqicha_frame_test",
        var_dir=var_dir,
        worker_enabled=False,
        search_per_minute=6000,
    )
    site = Site(settings, clock=utc_now)
    names = [f"广州天河样例{a}{b}软件有限公司" for a in "云帆启航卓" for b in "恒通嘉禾瑞丰"]
    companies = [
        replace(a_company(), uscc=make_uscc(f"MA5YYA{n:02}"), reg_no="", name=name, former_names=())
        for n, name in enumerate(names)
    ]
    site.run(site.store.companies.put_many(companies))
    site.run(site.store.companies.refresh_search())
    yield site
    site.close()


@pytest.fixture
def kiosk(visitor: Open, trial: Site) -> Page:
    """A browser enrolled as a machine of its own, with a clock the test moves."""
    name = f"k-{secrets.token_hex(3)}"
    made = trial.run(register_terminal(trial.store, terminal_id=name, name="测试终端（样例）", location="样例"))
    page = visitor("kiosk")
    page.clock.install()
    page.goto("/kiosk/enrol")
    page.get_by_label("终端密钥").fill(made.key)
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_text("已登记")).to_be_visible()
    page.goto("/")
    return page


def test_nothing_is_asked_while_an_input_method_composes(visitor: Open) -> None:
    page = visitor()
    page.goto("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/companies?" in request.url else None)
    page.get_by_role("searchbox").focus()
    method = page.context.new_cdp_session(page)
    for letters in ("t", "ti", "tian", "tian he"):
        method.send("Input.imeSetComposition", {"text": letters, "selectionStart": 0, "selectionEnd": len(letters)})
        page.wait_for_timeout(350)  # longer than the field waits before it asks
    assert asked == []
    method.send("Input.insertText", {"text": "天河"})
    expect(page.locator("#results .eq-hit").first).to_be_visible()
    assert len(asked) == 1
    assert asked[0].endswith("q=%E5%A4%A9%E6%B2%B3")


def test_typing_shows_results_makes_one_step_of_history_and_goes_back(visitor: Open) -> None:
    page = visitor()
    page.goto("/")
    field = page.get_by_role("searchbox")
    field.press_sequentially("广州", delay=400)
    expect(page.locator("#results .eq-hit").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"/companies\?q="))
    field.press_sequentially("天", delay=400)
    expect(page).to_have_url(re.compile("E5%A4%A9$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"/$"))
    expect(page.get_by_role("heading", name="三步办好")).to_be_visible()


def test_more_adds_to_the_list(visitor: Open) -> None:
    page = visitor("phone")
    page.goto("/companies?q=广州")
    before = page.locator(".eq-hit").count()
    page.get_by_role("link", name="再看一批").click()
    expect(page.locator(".eq-hit").nth(before)).to_be_visible()


def test_the_kiosk_counts_down_can_be_kept_and_wipes(kiosk: Page, judge: Callable[[Page], None]) -> None:
    box = kiosk.get_by_role("alertdialog")
    kiosk.clock.fast_forward(46_000)
    expect(box).to_be_visible()
    judge(kiosk)
    kiosk.get_by_role("button", name="继续使用").click()
    expect(box).to_be_hidden()
    kiosk.evaluate("() => { localStorage.setItem('a', '1'); sessionStorage.setItem('b', '2'); }")
    kiosk.clock.fast_forward(46_000)
    expect(box).to_be_visible()
    kiosk.clock.fast_forward(16_000)
    expect(kiosk.get_by_role("heading", name="已退出并清除")).to_be_visible()
    kiosk.wait_for_load_state("load")
    judge(kiosk)
    assert kiosk.evaluate("() => localStorage.length + sessionStorage.length") == 0
    kiosk.goto("/")
    expect(kiosk.get_by_role("button", name="退出并清除")).to_be_visible()


def test_a_code_can_be_typed_on_the_kiosks_own_keys(kiosk: Page) -> None:
    for key in ("9", "1", "4", "4", "A"):
        kiosk.get_by_role("button", name=key, exact=True).click()
    kiosk.get_by_role("button", name="退格").click()
    expect(kiosk.get_by_role("searchbox")).to_have_value("9144")
    kiosk.clock.fast_forward(400)
    expect(kiosk.locator("#results .eq-hit").first).to_be_visible()
    for letter in "IOSVZ":
        expect(kiosk.get_by_role("button", name=letter, exact=True)).to_have_count(0)


def test_everything_on_the_kiosk_is_big_enough(kiosk: Page) -> None:
    small = """() => [...document.querySelectorAll('a, button, input, select, summary')]
        .filter(e => !e.classList.contains('eq-skip') && e.getClientRects().length)
        .filter(e => { const r = e.getBoundingClientRect(); return r.width < 95.5 || r.height < 95.5; })
        .map(e => e.outerHTML.slice(0, 100))"""
    tiny = """() => { const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
        while (walk.nextNode()) { const e = walk.currentNode.parentElement;
          if (walk.currentNode.data.trim() && e.getClientRects().length && !e.closest('noscript, script')
              && parseFloat(getComputedStyle(e).fontSize) < 28) found.push(e.outerHTML.slice(0, 100)); }
        return found; }"""
    for path in ("/", "/companies?q=广州", "/help", "/about", "/verify"):
        kiosk.goto(path)
        assert kiosk.evaluate(small) == [], path
        assert kiosk.evaluate(tiny) == [], path
        assert kiosk.evaluate("document.documentElement.scrollWidth") <= 1080, path


@pytest.mark.parametrize("path", ["/", "/companies?q=广州", "/help", "/accessibility", "/nothing-here"])
def test_no_page_scrolls_sideways_on_a_phone(visitor: Open, path: str) -> None:
    page = visitor("phone")
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("address", ["/", "/companies?q=天河", "/verify"])
def test_what_is_typed_can_be_read(visitor: Open, address: str) -> None:
    """Axe does not look at what stands in a field: white on white passed it once."""
    page = visitor()
    page.goto(address)
    for field in page.locator("input:is([type=search], [type=text])").all():
        ink, ground = field.evaluate(
            """field => {
                let behind = field
                const colour = element => getComputedStyle(element).backgroundColor
                while (behind.parentElement && colour(behind) === "rgba(0, 0, 0, 0)") behind = behind.parentElement
                return [getComputedStyle(field).color, colour(behind)]
            }"""
        )
        assert _contrast(ink, ground) >= 4.5, (address, ink, ground)


def _contrast(one: str, other: str) -> float:
    """Contrast of two `rgb()` colours (WCAG 2.2, contrast ratio)."""

    def light(colour: str) -> float:
        shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_the_first_tab_leads_to_the_text(visitor: Open) -> None:
    page = visitor()
    page.goto("/help")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
