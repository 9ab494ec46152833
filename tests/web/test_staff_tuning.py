"""What changes while the service runs, over HTTP: proposed by one, approved by another, in force at once, on record."""

import asyncio
from datetime import datetime

from conf.live import forget, live
from conf.terms import Notice, StaffRole
from conf.texts import text_of
from conf.tuning import BY_NAME, TUNABLES, tuned
from conf.workdays import end_of_term
from handlers.application import _probe
from tests.desk import Desk
from tests.web.client import Page, PageClient
from tests.web.conftest import Site
from tests.web.test_staff import a_reviewer, at_the_desk, under_review
from tests.web.test_staff import desk as desk
from tests.web.test_staff_accounts import admins, approve, proposed


def filled(page: Page, **changes: str) -> dict[str, str]:
    """What a browser would send of the page's form: everything in it, with `changes` typed over."""
    fields = page.all("main form input[name], main form textarea[name]")
    there = {str(field["name"]): str(field.get("value", "") or field.get_text()) for field in fields}
    return there | changes


def an_archivist(site: Site, desk: Desk) -> PageClient:
    return at_the_desk(site, a_reviewer(desk, "dang.an", role=StaffRole.ARCHIVIST))


def test_every_tunable_is_a_setting_within_its_own_bounds(site: Site) -> None:
    for each in TUNABLES:
        assert each.least <= getattr(site.settings, each.name) <= each.most, each.name
        assert type(getattr(site.settings, each.name)) is int


def test_an_approved_setting_counts_for_the_next_order_and_nothing_before(site: Site, desk: Desk) -> None:
    system, security = admins(site, desk)
    before = under_review(desk)
    asked = {"name": "review_days", "value": "10", "reason": "年底申请集中"}
    address = proposed(system.submit(system.get("/staff/settings"), "main form", asked))
    assert tuned(site.settings).review_days == site.settings.review_days, "nothing before the second person"
    approve(security, address)
    after = under_review(desk)
    assert before.due_at == end_of_term(before.created_at, site.settings.review_days)
    assert after.due_at == end_of_term(after.created_at, 10)
    words = security.get("/staff/settings").words
    assert all(said in words for said in ("人工审核承诺时限", "10 个工作日", "样例xi", "样例an"))


def test_another_process_follows_when_it_next_looks(site: Site, desk: Desk) -> None:
    system, security = admins(site, desk)
    asked = {"name": "search_per_minute", "value": "10", "reason": "遭到抓取"}
    approve(security, proposed(system.submit(system.get("/staff/settings"), "main form", asked)))
    forget()  # as a process that has not looked yet
    assert tuned(site.settings).search_per_minute == site.settings.search_per_minute

    async def one_look() -> None:
        beat = asyncio.create_task(_probe(site.app))
        while tuned(site.settings).search_per_minute != 10:  # noqa: ASYNC110  ends with the first look
            await asyncio.sleep(0.01)
        beat.cancel()

    desk.run(asyncio.wait_for(one_look(), 10))
    browser = site.visitor()
    codes = [browser.raw.get("/companies?q=云帆").status_code for _ in range(11)]
    assert codes == [200] * 10 + [429]


def test_what_is_not_on_the_list_or_out_of_bounds_is_refused(site: Site, desk: Desk) -> None:
    system, security = admins(site, desk)
    for name, value in (("copy_max_pages", "9"), ("review_days", "0"), ("review_days", "31"), ("review_days", "²")):
        system.post("/staff/settings", {"name": name, "value": value, "reason": "试一试"}, status=422)
    same = {"name": "review_days", "value": str(site.settings.review_days), "reason": "试一试"}
    assert "没有改动" in system.post("/staff/settings", same, status=422).words
    security.post("/staff/settings", same | {"value": "9"}, status=403)
    assert "mongo_url" not in BY_NAME


def test_a_second_proposal_about_the_same_waits(site: Site, desk: Desk) -> None:
    system, _ = admins(site, desk)
    asked = {"name": "review_days", "value": "9", "reason": "试一试"}
    system.post("/staff/settings", asked, status=303)
    assert "等待批准" in system.post("/staff/settings", asked | {"value": "8"}, status=409).words


def test_changed_words_go_out_and_keep_their_places(site: Site, desk: Desk) -> None:
    system, security = admins(site, desk)
    page = system.get("/staff/texts/copy_ready")
    lost = filled(page, sms="您的查询件已办好，请登录下载。", reason="更简短")
    assert "占位符" in system.submit(page, "main form", lost, status=422).words
    words = "您申请的档案查询件（单号${order_no}）办好了，请于${until}前下载。"
    long = filled(page, sms=words + "谢谢" * 20, reason="更简短")
    assert "最多 70 个字" in system.submit(page, "main form", long, status=422).words
    words = "查询件${order_no}已办好，请于${until}前登录下载。"
    good = filled(page, sms=words, template="TH-EQC-011", reason="更简短")
    approve(security, proposed(system.submit(page, "main form", good)))
    text = text_of(Notice.COPY_READY)
    assert (text.template, text.sms) == ("TH-EQC-011", good["sms"])
    assert text.mail.startswith("您好"), "what was not changed stays"
    assert "查询件TH20261121-7K3M9Q已办好" in system.get("/staff/texts").words
    assert system.get("/staff/texts/nothing", status=404)


def test_a_message_without_mail_stays_without(site: Site, desk: Desk) -> None:
    system, security = admins(site, desk)
    page = system.get("/staff/texts/code")
    asked = filled(page, sms="验证码${code}，5分钟内有效。请勿告诉他人。", reason="更简短")
    approve(security, proposed(system.submit(page, "main form", asked)))
    assert text_of(Notice.CODE).mail == ""
    assert text_of(Notice.CODE).sms_text({"code": "1"}, signature="样例").endswith("请勿告诉他人。")


def test_days_added_move_the_promised_day(site: Site, desk: Desk) -> None:
    system, security = admins(site, desk)
    start = datetime.fromisoformat("2026-11-20T02:00:00+00:00")  # a Friday
    usual = end_of_term(start, 2)
    asked = {"free": "2026-11-23\n2026-11-24", "working": "2026-11-22", "reason": "台风停工，周日补班"}
    page = system.get("/staff/holidays")
    system.submit(page, "main form", asked | {"free": "下周一"}, status=422)
    system.submit(page, "main form", asked | {"working": "2026-11-23"}, status=422)
    approve(security, proposed(system.submit(page, "main form", asked)))
    assert (usual.isoformat(), end_of_term(start, 2).isoformat()) == (
        "2026-11-24T16:00:00+00:00",
        "2026-11-25T16:00:00+00:00",
    )
    back = {"free": "", "working": "", "reason": "恢复正常"}
    approve(security, proposed(system.submit(system.get("/staff/holidays"), "main form", back)))
    assert end_of_term(start, 2) == usual


def test_a_notice_stands_on_the_first_page_while_it_should_and_is_never_markup(site: Site, desk: Desk) -> None:
    archivist = an_archivist(site, desk)
    wanted = {
        "title": "系统维护", "text": "周日<script>alert(1)</script>停机\n请提前下载", "kind": "warning",
        "starts": "2026-11-21T11:00", "ends": "2026-11-21T12:00",
    }  # fmt: skip
    archivist.submit(archivist.get("/staff/notices"), "main form:not([action$='/end'])", wanted)
    assert "系统维护" not in site.visitor().get("/").words, "it begins at 11:00 in Beijing; now is 10:00"
    desk.clock.forward(minutes=61)
    page = site.visitor().get("/")
    assert "<script>alert(1)</script>停机" in page.words
    assert not page.all("main script")
    desk.clock.forward(minutes=60)
    assert "系统维护" not in site.visitor().get("/").words


def test_a_notice_is_taken_off_at_once_and_by_those_only_who_may(site: Site, desk: Desk) -> None:
    archivist = an_archivist(site, desk)
    wanted = {"title": "系统维护", "text": "今晚停机", "kind": "info"}
    wanted |= {"starts": "2026-11-21T09:00", "ends": "2026-11-22T12:00"}
    archivist.submit(archivist.get("/staff/notices"), "main form:not([action$='/end'])", wanted)
    assert "今晚停机" in site.visitor().get("/").words
    at_the_desk(site, a_reviewer(desk)).post("/staff/notices", wanted, status=403)
    archivist.submit(archivist.get("/staff/notices"), "form[action$='/end']")
    assert "今晚停机" not in site.visitor().get("/").words
    assert live().notices == ()
    wrong = wanted | {"ends": "2026-11-20T12:00", "title": ""}
    page = archivist.post("/staff/notices", wrong, status=422)
    assert "结束时间要晚于" in page.words
    assert "请填写标题" in page.words
    assert desk.run(desk.tags()).count("staff:notice:changed") == 2
