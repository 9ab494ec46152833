"""The staff pages of the comparison: shown, settled with a reason, asked again; the register stays."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from adapters.sandbox.server import Sandbox
from adapters.sharing.gateway import GatewaySharing
from conf.settings import load_settings
from conf.terms import AccountKind, IdentityLevel, OrderStatus, StaffRole
from handlers.flows import ordering
from store.records import Account
from tests.access import cases
from tests.desk import Desk
from tests.flows.test_comparing import row
from tests.web.client import PageClient
from tests.web.conftest import Site
from tests.web.test_staff import a_reviewer

USCC = cases.USCC
PAGE = f"/staff/differences/{USCC}"
LAWYER = {
    "purpose": "legal_service", "licence_no": "14401202610000017", "firm": "广东样例律师事务所（虚构）",
    "case_summary": "股权纠纷案件代理", "promised": "1", "document": "d1",
}  # fmt: skip


@pytest.fixture
def desk(site: Site) -> Desk:
    made = Desk(site.store, site.settings, site.app.keys, site.clock, site.run)
    made.run(made.open())
    return made


@pytest.fixture
def platform(site: Site, desk: Desk) -> Iterator[Sandbox]:
    """The simulated sharing platform, which has another capital for the desk's company."""

    async def opened() -> tuple[Sandbox, GatewaySharing]:
        box = await Sandbox(load_settings(var_dir=site.settings.var_dir), slow_seconds=1.0).start()
        settings = load_settings(
            var_dir=site.settings.var_dir, outside_connect_seconds=0.3, outside_total_seconds=0.5, **box.addresses
        )
        return box, GatewaySharing(settings)

    box, sharing = site.run(opened())
    box.state.registry = {USCC: row(desk.company())}
    kept, site.app.adapters = site.app.adapters, SimpleNamespace(sharing=sharing)
    yield box
    site.app.adapters = kept
    site.run(sharing.close())
    site.run(box.stop())


@pytest.fixture
def browser(site: Site, desk: Desk) -> PageClient:
    return site.with_session(staff_id=a_reviewer(desk, "dang.an", role=StaffRole.ARCHIVIST).staff.id)


def ask(browser: PageClient, *, status: int = 303) -> None:
    browser.submit(browser.get(PAGE), f"form[action='{PAGE}/ask']", status=status)


def test_a_company_is_compared_shown_and_settled(
    site: Site, desk: Desk, platform: Sandbox, browser: PageClient
) -> None:
    assert "还没有比对过" in browser.get(PAGE).words
    ask(browser)
    page = browser.get(PAGE)
    assert "注册资本" in page.words
    assert "100万元人民币" in page.words
    assert "8888万元人民币" in page.words
    assert cases.company().name in browser.get("/staff/differences").words
    form = f"form[action='{PAGE}/settle']"
    short = browser.submit(page, form, {"reason": "好"}, status=422)
    assert "请写明怎样处理的" in short.words
    browser.submit(page, form, {"reason": "已函告市场监管部门核实"})
    done = browser.get(PAGE)
    assert "样例da" in done.words, "who settled it"
    assert "已函告市场监管部门核实" in done.words
    assert not done.all(form)
    assert "没有待处理" in browser.get("/staff/differences").words
    assert desk.run(desk.store.companies.by_uscc(USCC)).capital == "100万元人民币"
    assert desk.run(desk.tags())[-2:] == ["register:company:compared", "staff:difference:settled"]
    again = browser.submit(page, form, {"reason": "再处理一次看看"}, status=409)
    assert "已经处理过了" in again.words


def test_with_the_platform_away_staff_are_told_so_and_nothing_changes(
    site: Site, desk: Desk, platform: Sandbox, browser: PageClient
) -> None:
    platform.state.faults.switch("sharing", "hang")
    page = browser.submit(browser.get(PAGE), f"form[action='{PAGE}/ask']", status=503)
    assert "共享平台暂时没有答复" in page.words
    assert desk.run(desk.store.differences.last(USCC)) is None


def test_a_company_is_found_by_its_code(site: Site, desk: Desk, browser: PageClient) -> None:
    assert browser.get(f"/staff/differences?uscc={USCC.lower()}", status=303).headers["location"] == PAGE
    assert "18 位" in browser.get("/staff/differences?uscc=123").words
    assert "没有这家企业" in browser.get(f"/staff/differences?uscc={cases.OTHER_USCC}").words
    browser.get(f"/staff/differences/{cases.OTHER_USCC}", status=404)


def test_a_company_the_platform_does_not_know(site: Site, desk: Desk, platform: Sandbox, browser: PageClient) -> None:
    platform.state.registry = {}
    ask(browser)
    assert "共享平台没有这家企业" in browser.get(PAGE).words


def test_what_another_register_says_is_text_on_the_page_never_markup(
    site: Site, desk: Desk, platform: Sandbox, browser: PageClient
) -> None:
    evil = '<script src="//evil.example"></script>"\'{{ 7*7 }}'
    platform.state.registry = {USCC: row(desk.company()) | {"zs": evil}}
    ask(browser)
    page = browser.get(PAGE)
    assert evil in page.text.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"').replace("&#39;", "'")
    assert not page.all("script[src*=evil]")


def test_only_those_who_keep_the_register_may_look(site: Site, desk: Desk) -> None:
    auditor = site.with_session(staff_id=a_reviewer(desk, "shen.ji", role=StaffRole.AUDITOR).staff.id)
    auditor.get("/staff/differences", status=403)
    auditor.post(f"{PAGE}/ask", status=403)
    auditor.post(f"{PAGE}/settle", status=403)
    site.visitor().get(PAGE, status=303)


# -- the lawyer's licence on the order


def a_lawyer(desk: Desk) -> Account:
    return desk.run(
        desk.store.accounts.remember(
            provider="tyrz", subject="s-lawyer", kind=AccountKind.NATURAL, name="覃明叙", id_type="身份证",
            id_number="440106198212057335", level=IdentityLevel.L2,
        )
    )  # fmt: skip


def ordered(site: Site, desk: Desk, **changes: str) -> str:
    """A lawyer orders over HTTP; the order's number, once it is under review."""
    browser = site.signed_in(a_lawyer(desk))
    page = browser.get(f"/companies/{USCC}/order?document=d1")
    consent = str(page.one("input[name=consent]")["value"])
    answer = browser.submit(page, "main form", LAWYER | {"consent": consent} | changes)
    no = answer.headers["location"].removeprefix("/orders/")
    order = desk.run(desk.store.orders.by_no(no))
    desk.run(ordering.settle(desk.store, desk.settings, order, now=desk.clock()))
    return no


def test_the_reviewer_reads_what_the_licence_register_says(
    site: Site, desk: Desk, platform: Sandbox, browser: PageClient
) -> None:
    words = browser.get(f"/staff/orders/{ordered(site, desk)}").words
    assert "姓名、执业证号、律师事务所与登记一致" in words
    assert "**叙（与账号一致）" in words
    assert "2027年5月31日" in words
    assert "市政务信息共享平台，2026年11月21日 10:00" in words
    assert "覃明叙" not in words


def test_a_mismatch_is_shown_and_still_a_persons_to_decide(
    site: Site, desk: Desk, platform: Sandbox, browser: PageClient
) -> None:
    no = ordered(site, desk, firm="广东别家律师事务所")
    page = browser.get(f"/staff/orders/{no}")
    assert "与填写不一致" in page.words
    assert "不会自动同意或拒绝" in page.words
    assert page.all(f"form[action='/staff/orders/{no}/permit']")
    assert desk.run(desk.store.orders.by_no(no)).status is OrderStatus.UNDER_REVIEW


def test_a_number_that_is_not_found(site: Site, desk: Desk, platform: Sandbox, browser: PageClient) -> None:
    assert "没有查到这个执业证号" in browser.get(f"/staff/orders/{ordered(site, desk, licence_no='1' * 17)}").words


@pytest.mark.parametrize("fault", ["hang", "refuse", "500", "garbage"])
def test_with_the_platform_away_the_lawyer_is_not_held_up(
    site: Site, desk: Desk, platform: Sandbox, browser: PageClient, fault: str
) -> None:
    platform.state.faults.switch("sharing", fault)
    page = browser.get(f"/staff/orders/{ordered(site, desk)}")
    assert "暂时未能核验，系统会自动再试" in page.words


def test_who_is_no_lawyer_has_no_such_section(site: Site, desk: Desk, platform: Sandbox, browser: PageClient) -> None:
    order = desk.run(desk.settled(desk.run(desk.account("shareholder"))))
    assert "执业证核验" not in browser.get(f"/staff/orders/{order.no}").words
