"""The single keys of the desk are switched off and on by a form that needs no script (WCAG 2.2, 2.1.4)."""

import pytest

from tests.desk import Desk
from tests.web.conftest import Site
from tests.web.test_staff import a_reviewer, at_the_desk, under_review
from tests.web.test_staff import desk as desk

SWITCH = ".eq-shortcuts form"


def test_keys_are_off_for_this_browser_on_every_page_of_the_queue(site: Site, desk: Desk) -> None:
    person, order = a_reviewer(desk), under_review(desk)
    browser, other = at_the_desk(site, person), at_the_desk(site, person)
    pages = ("/staff/orders", "/staff/tasks", f"/staff/orders/{order.no}")
    for path in pages:
        assert "queue.js" in browser.get(path).text
    back = browser.submit(browser.get(pages[2]), SWITCH, {"keys": "off"}, status=303)
    assert back.headers["location"] == pages[2]
    for path in pages:
        page = browser.get(path)
        assert "queue.js" not in page.text
        assert "单键操作已关闭" in page.one(".eq-shortcuts").get_text()
        assert "queue.js" in other.get(path).text
    browser.submit(browser.get(pages[0]), SWITCH, {"keys": "on"}, status=303)
    assert "queue.js" in browser.get(pages[0]).text


@pytest.mark.parametrize("back", ["//elsewhere.example", "https://elsewhere.example/staff/", "/orders", ""])
def test_the_switch_leads_back_to_the_desk_only(site: Site, desk: Desk, back: str) -> None:
    browser = at_the_desk(site, a_reviewer(desk))
    browser.get("/staff/orders")
    assert browser.post("/staff/keys", {"keys": "off", "back": back}).headers["location"] == "/staff"
