"""One pair of hands without a mouse: every stop of the Tab key is looked at on the way; used by the roles' journeys."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import ElementHandle, Locator, Page, TimeoutError, expect

#: Of the stop in focus: where the wanted one lies from here, and what a person would not see.
STOP = """wanted => {
  const at = document.activeElement, said = (at.getAttribute('aria-label') || at.labels?.[0]?.innerText
    || at.innerText || at.name || at.id || at.tagName).trim().slice(0, 60);
  if (at === document.body || at === document.documentElement) return {there: false, back: false, said: '', faults: []};
  const faults = [], box = at.getBoundingClientRect();
  const ringed = e => { const s = getComputedStyle(e);
    return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; };
  if (!ringed(at) && !(at.parentElement && ringed(at.parentElement))) faults.push('no visible focus');
  if (box.width < 1 || box.height < 1) faults.push('of no size');
  const isSeen = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  if (!isSeen) faults.push(`out of sight: ${box.left}, ${box.top} in ${innerWidth} x ${innerHeight}`);
  if (!faults.length) {
    const x = Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 1);
    const y = Math.min(Math.max(Math.max(box.top, 0) + Math.min(box.height, 40) / 2, 1), innerHeight - 1);
    const top = document.elementFromPoint(x, y);
    if (top && top !== at && !at.contains(top) && !top.contains(at)) faults.push('covered');
  }
  const back = !!(at.compareDocumentPosition(wanted) & Node.DOCUMENT_POSITION_PRECEDING) && !wanted.contains(at);
  return {there: at === wanted, back, said, faults};
}"""


class Hands:
    """Keys alone, on one page; `judge` is asked at each page that `looks`."""

    def __init__(self, page: Page, judge: Callable[[Page], None]) -> None:
        self.page, self.judge = page, judge

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def look(self, heading: str | re.Pattern[str] = "") -> None:
        """Wait for the page of that heading; it passes axe and is no wider than its window."""
        if heading:
            expect(self.page.get_by_role("heading", level=1)).to_contain_text(heading)
        self.judge(self.page)
        inside = self.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert inside, f"{self.page.url} scrolls sideways"

    def to(self, wanted: Locator, *, most: int = 200) -> None:
        """Tab or Shift+Tab until `wanted` has the focus; every stop must be seen to have it."""
        expect(wanted).to_be_visible()
        element = wanted.element_handle()
        for _ in range(most):
            stop = self._stop(element)
            assert not stop["faults"], f"{self.page.url}: {stop['said']!r} {stop['faults']}"
            if stop["there"]:
                return
            self.press("Shift+Tab" if stop["back"] else "Tab")
        raise AssertionError(f"{wanted} was not reached on {self.page.url}")

    def _stop(self, element: ElementHandle | None) -> dict[str, Any]:
        """Where the focus is; a page that still glides there is waited for."""
        for _ in range(30):
            stop: dict[str, Any] = self.page.evaluate(STOP, element)
            if not stop["faults"]:
                break
            self.page.wait_for_timeout(100)
        return stop

    def open(self, name: str | re.Pattern[str], *, nth: int = 0, inside: str = "main") -> None:
        """A link followed with Enter."""
        self.follow(self.page.locator(inside).get_by_role("link", name=name).nth(nth))

    def follow(self, link: Locator) -> None:
        self.to(link)
        self.leave("Enter")

    def leave(self, *keys: str) -> None:
        """Keys that bring another page; its scripts are there before the next key falls."""
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            self.press(*keys)

    def go(self, name: str) -> None:
        """A place of the navigation."""
        self.open(name, inside=".eq-nav")

    def push(self, name: str | re.Pattern[str], *, nth: int = 0, key: str = "Enter", inside: str = "main") -> None:
        """A button pressed with a key."""
        exact = isinstance(name, str)
        self.to(self.page.locator(inside).get_by_role("button", name=name, exact=exact).nth(nth))
        self.leave(key)

    def type(self, label: str, words: str) -> None:
        """Words into a field; what stood there is replaced."""
        self.to(self.page.locator("main").get_by_label(label, exact=True))
        self.press("Control+a")
        self.page.keyboard.type(words)

    def date(self, label: str, day: date) -> None:
        """A day typed into a date field, in whichever order this browser puts its parts."""
        field = self.page.locator("main").get_by_label(label, exact=True)
        self.to(field)
        for parts in ((f"{day:%m}", f"{day:%d}", f"{day:%Y}"), (f"{day:%Y}", f"{day:%m}", f"{day:%d}")):
            self.press("ArrowLeft", "ArrowLeft")
            for part in parts:
                self.page.keyboard.type(part)
                if len(part) == 4:  # a year does not end by itself after four digits
                    self.press("ArrowRight")
            if field.input_value() == day.isoformat():
                return
        raise AssertionError(f"{label!r} took no date: {field.input_value()!r}")

    def choose(self, label: str, option: str) -> None:
        """A drop-down stepped through with the arrows until it shows `option`."""
        field = self.page.locator("main").get_by_label(label, exact=True)
        self.to(field)
        self.press("Home")
        for _ in range(60):
            if option in field.evaluate("e => e.selectedOptions[0].label"):
                return
            self.press("ArrowDown")
        raise AssertionError(f"{option!r} is not in {label!r}")

    def tick(self, box: Locator, *, ticked: bool = True) -> None:
        self.to(box)
        self.press("Space")
        expect(box).to_be_checked(checked=ticked)

    def file(self, label: str, path: Path) -> None:
        """The file dialogue, opened with a key; once more when the key fell while the page was still being drawn."""
        self.to(self.page.locator("main").get_by_label(label, exact=True))
        for patience in (8_000, 20_000):
            try:
                with self.page.expect_file_chooser(timeout=patience) as chooser:
                    self.press("Space")
            except TimeoutError:
                continue
            chooser.value.set_files(path)
            return
        raise AssertionError(f"no file dialogue opened at {label!r}")

    def take(self, name: str) -> bytes:
        """A download started with Enter on its link."""
        self.to(self.page.locator("main").get_by_role("link", name=name))
        with self.page.expect_download() as waiting:
            self.press("Enter")
        return Path(waiting.value.path()).read_bytes()
