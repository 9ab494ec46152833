"""What each kind of visitor meets, in real Chromium: review by staff, refusals, raising a level, keyboard, page codes.

Every page on the way is judged by axe; what is not the point of a journey is prepared over plain HTTP.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pikepdf
import pyotp
import pytest
from playwright.sync_api import Page, expect

from adapters.sandbox.people import sample_person
from tests.browser import walk
from tests.trial import TrialSet
from tests.visitor import Visitor

Open = Callable[..., Page]
Judge = Callable[[Page], None]


@dataclass
class Reviewer:
    """A member of staff signed in in a browser of their own."""

    page: Page

    def open(self, number: str) -> None:
        self.page.goto(f"/staff/orders?words={number}")  # the queue shows the oldest twenty
        self.page.locator(f"a[href='/staff/orders/{number}']").first.click()
        expect(self.page.get_by_role("heading", level=1, name="审核申请")).to_be_visible()


@pytest.fixture
def reviewer(visitor: Open, judge: Judge, trial: TrialSet) -> Reviewer:
    """Made by the command, signed in with password and one-time code, past the forced change of the first password."""
    login = f"reviewer-{secrets.token_hex(3)}"
    said = trial.command("create-staff", "--login", login, "--name", "审核样例", "--role", "reviewer")
    password = re.search(r"password\s+(\S+)", said)
    secret = re.search(r"(otpauth://\S+)", said)
    assert password, said
    assert secret, said
    page = visitor("pc")
    page.goto("/staff/signin")
    judge(page)
    page.get_by_label("登录名").fill(login)
    page.get_by_label("口令").fill(password[1])
    page.get_by_role("button", name="下一步").click()
    judge(page)
    page.get_by_label("一次性密码").fill(pyotp.parse_uri(secret[1]).now())
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_label("现在的口令")).to_be_visible()
    judge(page)
    new = "Yang-Li-2026-fictional"
    page.get_by_label("现在的口令").fill(password[1])
    page.get_by_label("新口令", exact=True).fill(new)
    page.get_by_label("再输入一次新口令").fill(new)
    page.get_by_role("button", name="保存").click()
    page.goto("/staff/orders")
    expect(page.get_by_role("heading", level=1, name="待审核")).to_be_visible()
    judge(page)
    page.goto("/staff/outbox")
    judge(page)
    page.goto("/staff/copies")
    judge(page)
    return Reviewer(page)


def dossier_of(page: Page, person: str) -> str:
    """Signed in as this sample person, on the dossier of the company they belong to (or the main sample company)."""
    who = sample_person(person)
    uscc = who.uscc or sample_person("legal_representative").uscc
    page.goto(f"/companies/{uscc}/dossier")
    walk.sign_in(page, who.name)
    return uscc


def ask(page: Page, uscc: str, purpose: str) -> str:
    """The first paper of a dossier asked for; returns the order's number."""
    page.locator("input[name=document]").first.check()
    page.get_by_role("button", name="申请复制件").click()
    page.get_by_role("radio", name=re.compile(purpose)).check()
    page.get_by_role("checkbox", name=re.compile("我已阅读并同意")).check()
    page.get_by_role("button", name="提交申请").click()
    page.wait_for_url(re.compile(r"/orders/TH\d{8}-"))
    return page.url.rsplit("/", 1)[1]


def test_a_shareholder_is_reviewed_and_the_page_turns_ready_by_itself(
    visitor: Open, judge: Judge, reviewer: Reviewer, tmp_path: Path
) -> None:
    page = visitor("phone")
    uscc = dossier_of(page, "shareholder")
    judge(page)
    number = ask(page, uscc, "行使股东")
    expect(page.get_by_role("heading", name="人工审核中")).to_be_visible()
    judge(page)
    reviewer.open(number)
    judge(reviewer.page)
    expect(reviewer.page.get_by_text("股东").first).to_be_visible()
    reviewer.page.get_by_role("button", name="同意", exact=True).click()
    expect(reviewer.page.locator(".eq-notice--success")).to_contain_text(number)
    walk.wait_for_copy(page)  # nobody touches the visitor's page
    judge(page)
    path = walk.download(page, tmp_path)
    walk.verify_by_code(page, walk.verification_code(path))
    expect(page.locator(".eq-verdict")).to_contain_text("有效")


def test_a_lawyer_states_the_matter_and_reads_why_it_was_refused(
    visitor: Open, judge: Judge, reviewer: Reviewer, trial: TrialSet
) -> None:
    page = visitor("pc")
    uscc = dossier_of(page, "lawyer")
    judge(page)
    page.get_by_role("button", name="以律师承办法律事务为用途").click()
    judge(page)
    page.locator("input[name=document]").first.check()
    page.get_by_role("button", name="申请复制件").click()
    page.get_by_role("checkbox", name=re.compile("我已阅读并同意")).check()
    page.get_by_role("button", name="提交申请").click()
    expect(page.locator(".eq-field__error").first).to_be_visible()
    judge(page)
    lawyer = sample_person("lawyer")
    page.get_by_label("律师执业证号").fill(lawyer.licence_no)
    page.get_by_label("律师事务所全称").fill(lawyer.firm)
    page.get_by_role("textbox", name="承办的法律事务").fill("股权转让纠纷，代理原告，本企业为目标公司（样例）")
    page.get_by_role("checkbox", name=re.compile("本人系执业律师")).check()
    page.get_by_role("button", name="提交申请").click()
    page.wait_for_url(re.compile(r"/orders/TH\d{8}-"))
    number = page.url.rsplit("/", 1)[1]
    expect(page.get_by_role("heading", name="人工审核中")).to_be_visible()  # once the licence has been asked about
    reviewer.open(number)
    reviewer.page.get_by_label("理由", exact=True).fill("委托材料没有写明与本企业的关系，请补充委托合同后再申请。")
    reviewer.page.get_by_role("button", name="不予同意").click()
    expect(reviewer.page.locator(".eq-notice--success")).to_contain_text(number)
    expect(page.get_by_text("请补充委托合同后再申请")).to_be_visible(timeout=30_000)
    for says in ("理由", "可以怎么办", "依据"):
        expect(page.locator("#order-status").get_by_text(says, exact=True)).to_be_visible()
    judge(page)
    stranger = Visitor(trial).sign_in("stranger")
    assert stranger.http.get(f"/orders/{number}").status_code == 404
    assert stranger.http.get(f"/companies/{uscc}").status_code == 200
    stranger.http.close()


def test_a_stranger_reads_why_not_and_what_is_open_instead(visitor: Open, judge: Judge, trial: TrialSet) -> None:
    page = visitor("phone")
    uscc = dossier_of(page, "stranger")
    expect(page.locator(".eq-notice").first).to_be_visible()
    expect(page.get_by_text("依据")).to_be_visible()
    assert page.locator("input[name=document]").count() == 0
    judge(page)
    page.get_by_role("link", name="查看机读档案").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("机读档案")
    judge(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the extract scrolls sideways"
    head = Visitor(trial).sign_in("legal_representative")
    viewer = re.search(rf'href="(/companies/{uscc}/documents/[^"]+)"', head.http.get(f"/companies/{uscc}/dossier").text)
    assert viewer
    image = re.search(r'src="(/pages/[^"]+/view\.jpg)"', head.http.get(viewer[1]).text)
    assert image
    head.http.close()
    for address in (image[1], "/orders/TH20260101-2222ZZ", "/orders/TH20260101-2222ZZ/copy"):
        answer = page.context.request.get(address)
        assert answer.status == 404, address


def test_one_who_must_raise_the_level_comes_back_to_the_same_page(visitor: Open, judge: Judge) -> None:
    page = visitor("phone")
    uscc = sample_person("raise_level").uscc
    page.goto(f"/companies/{uscc}/dossier")
    walk.sign_in(page, sample_person("raise_level").name)
    raising = page.get_by_role("link", name=re.compile("提升实名等级"))
    expect(raising.first).to_be_visible()
    judge(page)
    raising.first.click()
    if "/signin" in page.url:
        judge(page)
        page.get_by_role("link", name="去提升实名等级").click()
    page.get_by_role("button").first.click()
    page.wait_for_url(lambda url: "/tyrz/" not in url)
    assert page.url.split("?")[0].endswith(f"/companies/{uscc}/dossier"), page.url
    expect(page.locator("input[name=document]").first).to_be_visible()


def test_a_company_moved_out_names_the_registry_to_ask(visitor: Open, judge: Judge) -> None:
    page = visitor("pc")
    uscc = dossier_of(page, "moved_out")
    expect(page.locator("main")).to_contain_text("迁入")
    assert page.locator("input[name=document]").count() == 0
    judge(page)
    page.goto(f"/companies/{uscc}")
    expect(page.locator("main")).to_contain_text("迁")
    judge(page)


def test_a_locked_company_goes_to_review_even_for_its_own_head(visitor: Open, judge: Judge) -> None:
    page = visitor("pc")
    uscc = dossier_of(page, "locked")
    judge(page)
    assert page.locator(".eq-paper__open[href*='/documents/']").count() == 0
    ask(page, uscc, "办理本企业事务")
    expect(page.get_by_role("heading", name="人工审核中")).to_be_visible()


def test_an_enterprise_account_has_its_own_dossier_at_once(visitor: Open, judge: Judge) -> None:
    page = visitor("pc")
    dossier_of(page, "enterprise")
    page.locator(".eq-paper__open[href*='/documents/']").first.click()
    assert walk.image_is_there(page)
    judge(page)
    page.goto("/orders")
    expect(page.get_by_role("heading", level=1)).to_contain_text("办件")
    judge(page)


def test_the_code_on_a_page_tells_which_page_it_is(visitor: Open, judge: Judge, trial: TrialSet) -> None:
    head = Visitor(trial).sign_in("legal_representative")
    uscc = sample_person("legal_representative").uscc
    number = head.place(uscc, head.open_documents(uscc)[:1])
    head.wait_ready([number])
    with pikepdf.open(BytesIO(head.copy(number))) as pdf:
        links = [str(note.A.URI) for page in pdf.pages for note in page.obj.get("/Annots", []) if "/A" in note]
        total = len(pdf.pages)
    head.http.close()
    claim = next(link for link in links[1:] if "/p/" in link)
    page = visitor("phone")
    page.goto(claim)
    expect(page.locator(".eq-verdict")).to_contain_text("有效")
    expect(page.locator(".eq-verdict")).to_contain_text("2")
    assert total > 1
    judge(page)
    page.goto(claim[:-1] + ("A" if claim[-1] != "A" else "B"))
    expect(page.locator(".eq-verdict")).to_contain_text("不是本系统签发")
    judge(page)


def test_a_changed_and_a_withdrawn_copy_are_called_so(
    visitor: Open, judge: Judge, trial: TrialSet, tmp_path: Path
) -> None:
    head = Visitor(trial).sign_in("legal_representative")
    uscc = sample_person("legal_representative").uscc
    number = head.place(uscc, head.open_documents(uscc)[:1])
    head.wait_ready([number])
    path = tmp_path / "copy.pdf"
    path.write_bytes(head.copy(number))
    head.http.close()
    code = walk.verification_code(path)
    changed = bytearray(path.read_bytes())
    changed[changed.index(b"/DCTDecode") + 2000] ^= 1
    path.write_bytes(changed)
    page = visitor("phone")
    walk.verify_by_file(page, path)
    expect(page.locator(".eq-verdict")).to_contain_text("改")
    expect(page.locator(".eq-verdict")).to_contain_text("第 2 页")
    judge(page)
    trial.command("withdraw-copy", "THC" + number[2:], "--reason", "样例：发出后发现材料有误")
    walk.verify_by_code(page, code)
    expect(page.locator(".eq-verdict")).to_contain_text("撤回")
    judge(page)


def test_the_whole_way_by_keyboard_alone(visitor: Open) -> None:
    """From the first page to an order with Tab, Space and Enter; every stop shows where the focus is."""
    page = visitor("pc")
    page.goto("/")
    page.keyboard.press("Tab")

    def reach(words: str, *, most: int = 120) -> None:
        for _ in range(most):
            stop = page.evaluate(
                """() => { const e = document.activeElement; if (e === document.body) return ['', true];
                  const label = e.labels?.length ? e.labels[0].innerText : '';
                  const ringed = x => { const s = getComputedStyle(x);
                    return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0; };
                  return [(e.innerText || '') + label + (e.getAttribute('aria-label') || '') + (e.value || '')
                          + (e.type || ''), ringed(e) || ringed(e.parentElement)]; }"""
            )
            if stop[0].strip():
                assert stop[1], f"no visible focus on {stop[0]!r}"
            if words in stop[0]:
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{words!r} was not reached on {page.url}")

    reach("search")
    page.keyboard.type("澈穹砺")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/companies"))
    expect(page.locator("#results .eq-hit__name a").first).to_be_visible()
    reach(walk.COMPANY)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/companies/9"))
    reach("查看影像档案")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/tyrz/"))
    walk.sign_in(page)
    reach("整件选择", most=200)
    page.keyboard.press("Space")
    reach("申请复制件", most=300)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/order"))
    reach("办理本企业事务")
    page.keyboard.press("Space")
    reach("我已阅读并同意")
    page.keyboard.press("Space")
    reach("提交申请")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/orders/TH\d{8}-"))
    walk.wait_for_copy(page)


def test_signing_out_ends_both_sessions(visitor: Open) -> None:
    page = visitor("pc")
    dossier_of(page, "enterprise")
    page.get_by_role("button", name=re.compile("退出")).first.click()
    page.wait_for_load_state()
    page.goto("/orders")
    expect(page.get_by_role("button", name=re.compile("的身份登录")).first).to_be_visible()
