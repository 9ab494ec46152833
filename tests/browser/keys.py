"""A person who has only a keyboard: Tab, arrows, Space, Enter and what they type; used by the journeys of the staff.

Nothing here clicks or runs script to act. What is looked at: whether the focus can be seen at every stop, axe on every
page met, and whether the browser wrote an error.
"""

import re
from collections.abc import Callable

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

MOST_STOPS = 250
expect.set_options(timeout=20_000)
#: Where the focus is: (on the wanted element, comes after it, can be seen, what it is).
STOP = """wanted => {
    const at = document.activeElement
    if (!at || at === document.body) return {there: false, back: false, seen: true, what: ''}
    const style = getComputedStyle(at), box = at.getBoundingClientRect()
    const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
    const seen = (ring || style.boxShadow !== 'none') && box.width > 0 && box.height > 0
    const back = Boolean(wanted.compareDocumentPosition(at) & Node.DOCUMENT_POSITION_FOLLOWING)
    return {there: at === wanted, back: back && !wanted.contains(at), seen, what: at.outerHTML.slice(0, 160)}
}"""


class Keyboard:
    """One page worked by keys. `judge` is the fixture of conftest.py."""

    def __init__(self, page: Page, judge: Callable[[Page], None]) -> None:
        self.page, self._judge = page, judge
        self.faults: list[str] = []
        self._judged: set[str] = set()
        page.emulate_media(reduced_motion="reduce")
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _heard(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.faults.append(f"{self.page.url}: {line.text}")

    def on(self, heading: str | re.Pattern[str]) -> None:
        """The page with this heading is there: axe finds nothing (once a kind of page), the browser wrote no error."""
        expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        kind = f"{re.sub(r'[0-9a-f]{24,}|[?].*', '', self.page.url)} {heading}"
        if kind not in self._judged:
            self._judged.add(kind)
            self._judge(self.page)
        assert not self.faults, self.faults

    def judged(self) -> None:
        """The page as it stands now, whatever was judged before."""
        self._judge(self.page)
        assert not self.faults, self.faults

    def to(self, wanted: Locator) -> None:
        """Tab, or Shift+Tab when it lies behind, until the focus is on it; seen at every stop."""
        expect(wanted).to_be_visible()
        element = wanted.element_handle()
        assert element
        stop = element.evaluate(STOP)
        for _ in range(MOST_STOPS):
            if stop["there"]:
                return
            self.page.keyboard.press("Shift+Tab" if stop["back"] else "Tab")
            stop = element.evaluate(STOP)
            assert stop["seen"], f"the focus cannot be seen: {stop['what']}"
        raise AssertionError(f"no way by keyboard to {wanted}")

    def fill(self, label: str, text: str, *, exact: bool = False) -> None:
        """Type over what stands in the field."""
        self.to(self.page.get_by_label(label, exact=exact))
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def moment(self, label: str, at: str) -> None:
        """A date (YYYY-MM-DD) or a time (with THH:MM), part by part in the order this browser asks for them."""
        field = self.page.get_by_label(label)
        self.to(field)
        (year, month, day), (hour, minute) = at[:10].split("-"), (at[11:13] or "0", at[14:])
        half = [f"{(int(hour) - 1) % 12 + 1:02}", minute, "p" if int(hour) >= 12 else "a"]
        for parts in ([month, day, year, *half], [month, day, year, hour, minute], [year, month, day, hour, minute]):
            for _ in range(6):
                self.page.keyboard.press("ArrowLeft")
            for part in parts if "T" in at else parts[:3]:
                self.page.keyboard.type(part)
                if part == year:  # a year may have six digits: one says where it ends
                    self.page.keyboard.press("ArrowRight")
            if field.input_value() == at:
                return
        raise AssertionError(f"{label}: {field.input_value()}, wanted {at}")

    def choose(self, label: str, option: str) -> None:
        """Arrow down through a list until this option stands there."""
        field = self.page.get_by_label(label, exact=True)
        self.to(field)
        self.page.keyboard.press("Home")
        for _ in range(MOST_STOPS):
            if option in field.evaluate("list => list.selectedOptions[0].textContent"):
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{label} has no {option}")

    def tick(self, label: str) -> None:
        box = self.page.get_by_role("checkbox", name=re.compile(label))
        self.to(box)
        self.page.keyboard.press("Space")
        expect(box).to_be_checked()

    def press(self, name: str, *, within: Locator | None = None, heading: str | re.Pattern[str] = "") -> None:
        """The button of this name by Enter; then, with `heading`, the page it leads to."""
        self._enter((within or self.page.locator("body")).get_by_role("button", name=name, exact=True).first, heading)

    def follow(self, name: str, *, heading: str | re.Pattern[str] = "") -> None:
        """The link of this name by Enter."""
        self._enter(self.page.get_by_role("link", name=name, exact=True).first, heading)

    def go(self, section: str, *, heading: str | re.Pattern[str] = "") -> None:
        """A section of the staff area, by the navigation or, where that is too short for all, by the list of all."""
        place = self.page.get_by_role("navigation", name="工作台导航").get_by_role("link", name=section, exact=True)
        if not place.count():
            self.follow("全部", heading="工作台")
            place = self.page.get_by_role("main").get_by_role("link", name=section, exact=True)
        self._enter(place, heading or section)

    def _enter(self, target: Locator, heading: str | re.Pattern[str]) -> None:
        self.to(target)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        if heading:
            self.on(heading)
