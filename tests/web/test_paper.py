"""The paper room over HTTP: by hand or scanner, without script; who has no right sees nothing; sheets to print."""

from datetime import date

import pytest

from conf.terms import CompanyStatus, StaffRole
from tests.access import cases
from tests.desk import Desk
from tests.web.client import Page, PageClient
from tests.web.conftest import Site
from tests.web.test_staff import desk as desk

BOX = "BOX-0001"
PAPER = "/staff/paper"


def at_work(site: Site, desk: Desk, name: str, role: StaffRole = StaffRole.ARCHIVIST) -> PageClient:
    made = desk.run(
        desk.store.staff.create(
            login=f"d.{name}", name=f"样例{name}", roles=frozenset({role}), password_hash="x", totp_secret="x"
        )
    )
    desk.run(desk.store.staff.set_password(made.id, "x"))
    return site.with_session(staff_id=made.id)


@pytest.fixture
def giver(site: Site, desk: Desk) -> PageClient:
    return at_work(site, desk, "甲")


@pytest.fixture
def taker(site: Site, desk: Desk) -> PageClient:
    return at_work(site, desk, "乙")


def follow(browser: PageClient, page: Page) -> str:
    """The address a good form leads to."""
    assert page.status == 303
    address = page.headers["location"]
    browser.get(address)
    return address


def box_received(giver: PageClient, taker: PageClient) -> str:
    """A box handed over by one and received by the other, on the pages; answers the list's address."""
    new = giver.submit(giver.get(f"{PAPER}/handovers"), "main form", {"unit": "天河区登记注册科"})
    at = follow(giver, new)
    line = {"barcode": BOX, "kind": "box", "title": "登记档案", "pages": "120", "parts": f"{cases.USCC} 1-2"}
    giver.submit(giver.get(at), f"form[action='{at}/volumes']", line)
    giver.submit(giver.get(at), f"form[action='{at}/send']")
    taker.submit(taker.get(at), f"form[action='{at}/check']", {"check": "present", "note": ""})
    taker.submit(taker.get(at), f"form[action='{at}/receive']")
    taker.submit(taker.get(at), f"form[action='{at}/close']")
    return at


def test_a_box_comes_in_with_a_list_that_prints_with_signature_lines(giver: PageClient, taker: PageClient) -> None:
    at = box_received(giver, taker)
    sheet = giver.get(f"{at}/sheet")
    for words in ("档案移交清单", BOX, cases.USCC, "第 1–2 件", "移交人（签字）", "接收人（签字）", "样例甲", "样例乙"):
        assert words in sheet.words, words
    assert len(sheet.all(".eq-sheet__line")) == 4
    assert not sheet.all("main form, .eq-header")
    assert len(sheet.all(".eq-barcode")) == 1
    labels = giver.get(f"{PAPER}/labels?list={at.rpartition('/')[2]}")
    assert labels.one(".eq-barcode")["aria-label"] == f"条码 {BOX}"


def test_who_sent_the_list_is_offered_nothing_to_receive_it(giver: PageClient, taker: PageClient) -> None:
    new = giver.submit(giver.get(f"{PAPER}/handovers"), "main form", {"unit": "登记注册科"})
    at = follow(giver, new)
    wrong = giver.submit(giver.get(at), f"form[action='{at}/volumes']", {"barcode": "L-A1-01-01-01-01"}, status=422)
    for name in ("barcode", "title", "pages", "parts"):
        assert wrong.all(f"#f-{name}-error"), name
    line = {"barcode": BOX, "kind": "box", "title": "登记档案", "pages": "1", "parts": cases.USCC}
    giver.submit(giver.get(at), f"form[action='{at}/volumes']", line)
    giver.submit(giver.get(at), f"form[action='{at}/send']")
    assert not giver.get(at).all(f"form[action='{at}/check']")
    assert "两个人" in giver.post(f"{at}/receive", status=422).words
    assert "没有核对" in taker.post(f"{at}/receive", status=422).words
    assert "已经变化" in giver.post(f"{at}/send", status=409).words


def test_a_scanner_puts_a_box_away_without_script(giver: PageClient, taker: PageClient) -> None:
    box_received(giver, taker)
    place = {"room": "A1", "rack": "1", "column": "1", "tier": "1", "place": "1-3"}
    follow(giver, giver.submit(giver.get(f"{PAPER}/places"), "form[method=post][action$=places]", place))
    assert giver.get(f"{PAPER}/labels?start=L-A1").text.count('class="eq-label"') == 3
    form = f"form[action='{PAPER}/place']"
    home = giver.get(PAPER)
    assert home.one("[autofocus]")["name"] == "barcode"
    first = giver.submit(home, form, {"barcode": BOX})
    second = giver.get(first.headers["location"])
    assert second.one("[autofocus]")["name"] == "location"
    done = giver.get(giver.submit(second, form, {"barcode": BOX, "location": "L-A1-01-01-01-02"}).headers["location"])
    assert "A1 库房 1 架 1 列 1 层 2 位" in done.words
    assert done.one("[autofocus]")["name"] == "barcode"
    assert "2 位" in giver.get(f"{PAPER}?q={cases.USCC}").one(".eq-table").get_text()
    assert "没有这个位置" in giver.submit(second, form, {"barcode": BOX, "location": "L-B9"}, status=422).words
    assert (
        "已经在这个位置"
        in giver.submit(second, form, {"barcode": BOX, "location": "L-A1-01-01-01-02"}, status=409).words
    )


def test_a_box_is_lent_extended_and_brought_back(site: Site, desk: Desk, giver: PageClient, taker: PageClient) -> None:
    box_received(giver, taker)
    page = giver.get(f"{PAPER}/loans")
    approver = next(one["value"] for one in page.all("#f-approver option") if one.get_text() == "样例乙")
    assert "样例甲" not in page.one("#f-approver").get_text()
    asked = {
        "barcode": BOX,
        "borrower": "虚构丙",
        "unit": "执法科",
        "mail": "",
        "purpose": "核对",
        "approver": approver,
    }
    wrong = giver.submit(page, "main form", asked | {"purpose": ""}, status=422)
    assert wrong.one("#f-borrower")["value"] == "虚构丙", "what was typed stays"
    at = follow(giver, giver.submit(page, "main form", asked))
    assert "虚构丙" not in giver.get(f"{PAPER}/loans").words
    assert "已经借出" in giver.submit(page, "main form", asked, status=422).words
    giver.submit(giver.get(at), f"form[action='{at}/extend']", {"reason": "案件未结"})
    assert not giver.get(at).all(f"form[action='{at}/extend']")
    kept, site.clock.now = site.clock.now, desk.run(desk.store.paper.loans_out())[0].due_at
    late = at_work(site, desk, "丁").get(f"{PAPER}/loans")
    assert "1 件已到期未还" in late.words
    site.clock.now = kept
    giver.submit(giver.get(at), f"form[action='{at}/return']", {"condition": "damaged", "note": ""}, status=422)
    giver.submit(giver.get(at), f"form[action='{at}/return']", {"condition": "damaged", "note": "封面脱落"})
    assert "破损" in giver.get(at).words
    assert "没有借出的档案" in giver.get(f"{PAPER}/loans").words


def test_a_list_is_destroyed_on_the_pages_after_two_approvals(
    site: Site, desk: Desk, giver: PageClient, taker: PageClient
) -> None:
    box_received(giver, taker)
    third = at_work(site, desk, "戊", StaffRole.REVIEWER)
    start = giver.get(f"{PAPER}/destructions")
    at = follow(giver, giver.submit(start, "main form", {"reason": "期满，无继续保存价值"}))
    refusal = giver.submit(giver.get(at), f"form[action='{at}/add']", {"barcode": BOX}, status=422)
    assert "没有注销" in refusal.words
    gone = desk.company(status=CompanyStatus.CANCELLED, ended_on=date(2001, 1, 5))
    desk.run(desk.store.companies.put(gone))
    page = giver.get(at)
    assert BOX in page.words, "offered because its term is over"
    giver.submit(page, f"li form[action='{at}/add']")
    giver.submit(giver.get(at), f"form[action='{at}/propose']")
    proposal = next(link["href"] for link in giver.get(at).all("a") if "/staff/proposals/" in str(link["href"]))
    assert "提出的变更" in giver.get(proposal).words
    for other in (taker, third):
        page = other.get(proposal)
        assert BOX in page.words
        other.submit(page, "main form", {"answer": "yes"})
    form = giver.get(at)
    people = {one.get_text(): one["value"] for one in form.all("#f-witness_1 option")}
    assert "样例甲" not in people
    two = {"on": str(form.one("#f-on")["value"]), "witness_1": people["样例乙"], "witness_2": people["样例戊"]}
    giver.submit(form, f"form[action='{at}/execute']", two | {"witness_2": people["样例乙"]}, status=422)
    giver.submit(form, f"form[action='{at}/execute']", two)
    sheet = giver.get(f"{at}/sheet").words
    for words in (
        "档案销毁清单",
        BOX,
        "监销人：样例乙、样例戊",
        "批准人：样例乙、样例戊",
        "执行人：样例甲",
        "2021-01-05",
    ):
        assert words in sheet, words
    assert "已销毁" in giver.get(f"{PAPER}/volumes/{BOX}").words


def test_pages_open_by_right(site: Site, desk: Desk, giver: PageClient, taker: PageClient) -> None:
    box_received(giver, taker)
    reviewer = at_work(site, desk, "己", StaffRole.REVIEWER)
    clerk = at_work(site, desk, "庚", StaffRole.STATISTICS)
    for path in ("", "/handovers", "/loans", "/places", "/labels?code=" + BOX):
        giver.get(PAPER + path)
        reviewer.get(PAPER + path, status=403)
        clerk.get(PAPER + path, status=403)
    reviewer.get(f"{PAPER}/destructions")
    clerk.get(f"{PAPER}/destructions", status=403)
    hrefs = [link["href"] for link in reviewer.get("/staff").all(".eq-orders a")]  # the navigation has but the first
    assert f"{PAPER}/destructions" in hrefs
    assert PAPER not in hrefs
    for absent in ("/volumes/NONE", "/handovers/NONE", "/loans/NONE", "/destructions/NONE", "/labels?code=NONE"):
        giver.get(PAPER + absent, status=404)
