"""A working day of each role by keyboard alone, in real Chromium: reviewer, archivist, court, who approves, manager.

Every page on the way passes axe, is no wider than its window, and shows at every stop where the focus is.
"""

import io
import re
import secrets
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from adapters.sandbox.people import sample_person
from conf.clock import utc_now
from conf.terms import StaffRole
from handlers.flows import paper_handover
from tests.browser import walk
from tests.browser.keyboard import Hands
from tests.browser.people import Office, sign_in
from tests.browser.test_numbers import filled
from tests.desk import TRACE
from tests.government import a_letter
from tests.trial import TrialSet
from tests.visitor import Visitor

Open = Callable[..., Page]
Judge = Callable[[Page], None]
Picture = Callable[[Page, str], None]
USCC = sample_person("legal_representative").uscc


def waiting(trial: TrialSet, person: str, count: int) -> tuple[Visitor, str]:
    """An order of that many papers that a reviewer has to decide, and the visitor who placed it."""
    visitor = Visitor(trial).sign_in(person)
    form = visitor.order_form(USCC, visitor.open_documents(USCC)[:count]) | {"purpose": ["shareholder_rights"]}
    return visitor, visitor.number_of(visitor.http.post(f"/companies/{USCC}/order", data=form))


def in_the_queue(hands: Hands, number: str) -> None:
    """This one order, sought in the queue and opened by its row's key."""
    hands.page.goto("/staff/orders")
    hands.type("申请编号、企业", number)
    hands.leave("Enter")
    row = hands.page.locator(f"a[href='/staff/orders/{number}']")
    hands.press("j")
    expect(row).to_be_focused()
    hands.leave("Enter")
    expect(hands.page.get_by_role("heading", level=1, name="审核申请")).to_be_visible()


def answered(visitor: Visitor, number: str, words: str) -> None:
    """The visitor answers what was asked, with a scan."""
    scan = io.BytesIO()
    Image.new("RGB", (620, 877), "white").save(scan, "JPEG")
    page = visitor.http.get(f"/orders/{number}").text
    token = re.search(r'name="_xsrf" value="([^"]+)"', page)
    field = re.search(r'type="file"[^>]*name="([^"]+)"|name="([^"]+)"[^>]*type="file"', page)
    assert token
    assert field
    files = {field[1] or field[2]: ("proof.jpg", scan.getvalue(), "image/jpeg")}
    fields = {"_xsrf": token[1], "answer": words}
    sent = visitor.http.post(f"/orders/{number}/answer", data=fields, files=files, follow_redirects=False)
    assert sent.status_code == 303


def test_a_reviewer_asks_permits_in_part_refuses_and_releases(
    visitor: Open, judge: Judge, office: Office, trial: TrialSet, picture: Picture
) -> None:
    (asker, number), (other, second) = waiting(trial, "shareholder", 2), waiting(trial, "director", 1)
    page = visitor("pc")
    hands = sign_in(page, judge, office.hire(StaffRole.REVIEWER, "审核样例"))
    hands.look("待审核")
    in_the_queue(hands, number)
    hands.look()
    hands.leave("c")
    expect(page.locator("main")).to_contain_text("我认领到")
    hands.look()
    picture(page, "staff-review")
    hands.follow(page.locator("main a[href*='/documents/']").first)
    assert walk.image_is_there(page)
    hands.look()
    hands.open("回到申请")
    hands.press("m")
    expect(page.get_by_label("需要补充什么")).to_be_focused()
    page.keyboard.type("请上传能证明出资的文件（样例）。")
    hands.push("发给申请人")
    expect(page.locator(".eq-notice--success")).to_contain_text(number)
    assert "请上传能证明出资的文件（样例）。" in asker.http.get(f"/orders/{number}").text
    answered(asker, number, "出资证明见附件（样例）。")
    in_the_queue(hands, number)
    expect(page.locator("main")).to_contain_text("出资证明见附件（样例）。")
    hands.look()
    permit_in_part(hands, number)
    in_the_queue(hands, second)
    refuse(hands, second)
    assert "不能证明是本企业的董事（样例）" in other.http.get(f"/orders/{second}").text
    third, last = waiting(trial, "supervisor", 1)
    in_the_queue(hands, last)
    hands.leave("c")
    hands.push("放回队列")
    expect(page.locator("main")).not_to_contain_text("我认领到")
    hands.look()
    asker.wait_ready([number])
    for each in (asker, other, third):
        each.http.close()


def permit_in_part(hands: Hands, number: str) -> None:
    """One of two papers; without a word why the desk says what is missing, then the next request comes up."""
    page = hands.page
    hands.tick(page.locator("input[name=document]").nth(1), ticked=False)
    hands.press("p")
    expect(page.get_by_role("button", name="同意", exact=True)).to_be_focused()
    hands.leave("Enter")
    expect(page.locator("#eq-errors")).to_be_focused()
    hands.look()
    hands.type("说明", "第二份与所述用途无关（样例）。")
    hands.leave("Tab", "Enter")
    expect(page.locator(".eq-notice--success")).to_contain_text(number)
    expect(page.get_by_role("heading", level=1, name="审核申请")).to_be_visible()  # the next one
    hands.look()


def refuse(hands: Hands, number: str) -> None:
    hands.press("r")
    expect(hands.page.get_by_label("原因")).to_be_focused()
    hands.press("Tab")
    hands.page.keyboard.type("提交的材料不能证明是本企业的董事（样例）。")
    hands.push("不予同意")
    expect(hands.page.locator(".eq-notice--success")).to_contain_text(number)


def test_single_keys_are_switched_off_where_they_are_explained(visitor: Open, judge: Judge, office: Office) -> None:
    page = visitor("phone")
    hands = sign_in(page, judge, office.hire(StaffRole.REVIEWER, "语音样例"))
    page.goto("/staff/orders")
    hands.press("?")
    expect(page.locator(".eq-shortcuts summary")).to_be_focused()
    hands.push("关闭单键操作", key="Space")
    expect(page.locator(".eq-shortcuts summary")).to_be_visible()
    hands.press("?")
    assert not page.locator(".eq-shortcuts").evaluate("e => e.open")
    hands.to(page.locator(".eq-shortcuts summary"))
    hands.press("Enter")
    hands.look("待审核")
    hands.push("打开单键操作")
    hands.press("?")
    expect(page.get_by_role("button", name="关闭单键操作")).to_be_visible()


def reported(trial: TrialSet) -> str:
    """A page that a visitor says is bad; the task's number."""
    head = Visitor(trial).sign_in("legal_representative")
    links = re.findall(rf'href="(/companies/{USCC}/documents/[^"]+)"', head.http.get(f"/companies/{USCC}/dossier").text)
    page = head.http.get(links[-1])
    token = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
    fault = re.search(r'<option value="(\w+)"', page.text)
    assert token
    assert fault
    sent = head.http.post(f"{links[-1]}/report", data={"_xsrf": token[1], "fault": fault[1]})
    found = re.search(r"TK\d{8}-[0-9A-Z]{6}", sent.text)
    assert found
    head.http.close()
    return found[0]


def a_box_sent(office: Office) -> tuple[str, str]:
    """A list with one box on it, handed over by somebody else: (its number, the box's barcode)."""
    giver, code = office.hire(StaffRole.ARCHIVIST, "移交样例"), f"BOX-{secrets.token_hex(3).upper()}"
    staff, store = office.run(office.store.staff.by_login(giver.login)), office.store
    assert staff
    known = {"by": staff, "now": utc_now(), "trace": TRACE}
    number = office.run(paper_handover.begin(store, "天河区登记注册科", **known)).id
    form = paper_handover.VolumeForm(barcode=code, title="登记档案（第 1 盒）", pages="180", parts=USCC)
    office.run(paper_handover.add_volume(store, number, form, **known))
    office.run(paper_handover.send(store, number, **known))
    return number, code


def test_an_archivist_flags_proposes_mends_and_keeps_paper(
    visitor: Open, judge: Judge, office: Office, trial: TrialSet, tmp_path: Path
) -> None:
    (number, code), task = a_box_sent(office), reported(trial)
    page = visitor("pc")
    hands = sign_in(page, judge, office.hire(StaffRole.ARCHIVIST, "档案样例"))
    hands.go("企业档案")
    hands.look("企业档案")
    flag_and_propose(hands)
    page.goto("/staff/tasks")
    hands.look("补扫与坏页")
    hands.follow(page.locator(f"a[href='/staff/tasks/{task}']"))
    hands.push("认领")
    hands.choose("办理结果", "已办结")
    hands.type("说明", "已重新扫描并替换该页（样例）。")
    hands.look()
    hands.push("办结并通知")
    expect(page.locator(".eq-notice--success")).to_contain_text(task)
    take_in(hands, number, code, tmp_path)
    shelve(hands, code)
    lend_and_take_back(hands, code)


def flag_and_propose(hands: Hands) -> None:
    page, locked = hands.page, sample_person("locked").uscc
    hands.type("企业名称、统一社会信用代码或注册号", locked)
    hands.leave("Enter")
    hands.follow(page.locator(f"main a[href='/staff/companies/{locked}']").first)
    hands.look()
    hands.type("依据和经过", "争议已经调解结案（样例）。")
    hands.push("提出解锁")
    expect(page.locator("main")).to_contain_text("等待另一位同事批准")
    hands.look()
    documents = page.get_by_label("哪份材料")
    hands.to(documents)
    hands.press("End")
    hands.tick(page.get_by_label("含敏感信息，只对相关的人开放"))
    hands.push("保存标注")
    expect(page.locator("#eq-errors")).to_be_focused()
    hands.look()
    hands.type("标注的理由", "含有住址（样例）。")
    hands.push("保存标注")
    expect(page.locator(".eq-notice--success")).to_be_visible()


def take_in(hands: Hands, number: str, code: str, folder: Path) -> None:
    """The list checked and received, printed for the signatures, and closed."""
    page = hands.page
    page.goto("/staff/paper/handovers")
    hands.look("移交清单")
    hands.open(number)
    hands.look(number)
    hands.push(re.compile(rf"完好\s*{code}"))
    hands.push("接收")
    hands.open("打印清单")
    hands.look("移交清单")
    assert page.pdf(path=folder / "sheet.pdf", prefer_css_page_size=True).startswith(b"%PDF")
    hands.open("返回", inside="nav")
    hands.push("办结")
    hands.look(number)


def shelve(hands: Hands, code: str) -> None:
    """A place made, and the box put there as a scanner types: into the field in focus, then Enter."""
    page, room = hands.page, secrets.token_hex(2).upper()
    page.goto("/staff/paper/places")
    hands.look("库房位置")
    hands.type("库房代号", room)
    for label in ("架", "列", "层", "位"):
        hands.type(label, "1")
    hands.leave("Enter")
    hands.look("库房位置")
    page.goto("/staff/paper")
    for typed in (code, f"L-{room}-01-01-01-01"):
        expect(page.locator("[autofocus]")).to_be_focused()
        page.keyboard.type(typed)
        hands.leave("Enter")
    expect(page.get_by_text(f"{code} 已上架")).to_be_visible()
    hands.look()


def lend_and_take_back(hands: Hands, code: str) -> None:
    page = hands.page
    hands.open("借阅登记")
    for label, typed in (("档案条码", code), ("借阅人姓名", "虚构丙"), ("所在单位或科室", "执法科"), ("用途", "核对")):
        hands.type(label, typed)
    hands.choose("批准人", "移交样例")
    hands.look("借阅登记")
    hands.push("借出")
    hands.look("借阅单")
    hands.tick(page.get_by_label("完好"))
    hands.push("确认归还")
    expect(page.locator("main")).to_contain_text("已归还")
    hands.look("借阅单")


def test_a_court_looks_and_asks_for_a_batch_that_a_second_person_approves(
    visitor: Open, judge: Judge, office: Office, picture: Picture, tmp_path: Path
) -> None:
    """The way to a page of the archive is gone twice: it needs no script."""
    page, plain, desk = visitor("pc"), visitor("pc", script=False), visitor("phone")
    hands = sign_in(page, judge, office.court("办案样例"), "/gov")
    open_case(hands, tmp_path)
    at = page.url
    plain.context.add_cookies([dict(each) for each in page.context.cookies()])
    plain.goto(at)
    for each in (Hands(plain, unjudged), hands):
        look_at_the_archive(each)
    on_a_phone(plain, at, picture)
    hands.open("批量查询企业")
    hands.look("批量查询")
    names = tmp_path / "names.txt"
    names.write_text("没有这样一家企业\n", encoding="utf-8")
    hands.file("企业名单", names)
    hands.push("提交")
    expect(page.locator("main")).to_contain_text("有 1 行不能查询")
    hands.look("批量查询")
    names.write_text(f"{USCC}\n{sample_person('investor').uscc}\n", encoding="utf-8")
    hands.file("企业名单", names)
    hands.push("提交")
    hands.look("案件")
    batch = re.search(r"ZWP\d{8}-[0-9A-Z]{6}", page.locator("main").inner_text())
    assert batch
    approve(sign_in(desk, judge, office.hire(StaffRole.REVIEWER, "核查样例")), batch[0])
    page.goto(at)
    for _ in range(120):
        if page.get_by_role("link", name=f"下载 {batch[0]}").is_visible():
            break
        page.wait_for_timeout(500)
        page.reload()
    hands.look("案件")
    assert hands.take(f"下载 {batch[0]}").startswith(b"%PDF")


def on_a_phone(page: Page, case: str, picture: Picture) -> None:
    """The company's dossier as who is away from the desk sees it; a picture of the README."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{case}/companies/{USCC}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("影像档案")
    picture(page, "gov-dossier")


def unjudged(page: Page) -> None:
    """axe is a script itself: where script is off, the page is judged in the browser that has it."""


def look_at_the_archive(hands: Hands) -> None:
    """From the case to a page with the watermark, and back to the case."""
    hands.type("查找企业", "澈穹砺")
    hands.leave("Enter")
    hands.look("查找企业")
    hands.open(walk.COMPANY)
    hands.look("影像档案")
    hands.follow(hands.page.locator("main a[href*='/documents/']").first)
    assert walk.image_is_there(hands.page)
    expect(hands.page.locator(".eq-viewer__note")).to_contain_text("样例区人民法院 办案样例")
    hands.look()
    hands.open(re.compile("样0106民初"))


def open_case(hands: Hands, folder: Path) -> None:
    letter = folder / "letter.jpg"
    letter.write_bytes(a_letter())
    hands.look("案件")
    hands.open("登记新的案件")
    hands.type("查询目的", "审理样例纠纷案件")
    hands.type("案号", f"（2026）样0106民初{secrets.randbelow(9000) + 1000}号")
    hands.type("公函文号", "样法函9号")
    hands.date("公函日期", datetime.now(UTC).date() - timedelta(days=2))
    hands.file("公函扫描件", letter)
    hands.look("登记案件")
    hands.push("登记")
    hands.look(re.compile("案件 （2026）样0106民初"))


def approve(hands: Hands, batch: str) -> None:
    hands.page.goto("/staff/government/checks")
    hands.look("机关查档核查")
    hands.open(re.compile(batch))
    hands.look("批量查询")
    hands.push("批准")
    expect(hands.page.get_by_role("button", name="批准", exact=True)).to_have_count(0)
    hands.look("批量查询")


@pytest.mark.parametrize("size", ["pc", "phone"])
def test_a_manager_reads_the_numbers_and_takes_them_away(
    visitor: Open, judge: Judge, office: Office, trial: TrialSet, picture: Picture, size: str
) -> None:
    """At a desk with script; on a phone without it."""
    filled(trial, 20)
    page = visitor(size, script=size == "pc")
    hands = sign_in(page, judge if size == "pc" else unjudged, office.hire(StaffRole.STATISTICS, "统计样例"))
    hands.go("统计")
    hands.look("统计")
    if size == "pc":
        picture(page, "staff-numbers")
    first = (datetime.now(UTC) + timedelta(hours=8) - timedelta(days=9)).date()
    hands.date("从", first)
    hands.push("查看")
    expect(page.locator(".eq-lead")).to_contain_text(f"{first:%Y}")
    hands.to(page.locator("#orders details summary"))
    hands.press("Enter")
    expect(page.locator("#orders table")).to_be_visible()
    hands.look("统计")
    hands.follow(page.locator("#orders table a").first)
    days = page.locator(".eq-lead").inner_text().split(" 至 ")
    assert days[0][:10] == days[1][:10], "a row of the table leads to its day"
    hands.look("统计")
    hands.open("最近 30 天")
    assert zipfile.is_zipfile(io.BytesIO(hands.take("导出 Excel")))
    assert hands.take("导出 PDF").startswith(b"%PDF")
    assert hands.take("绩效报告（PDF）").startswith(b"%PDF")
