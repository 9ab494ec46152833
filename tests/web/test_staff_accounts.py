"""Staff accounts over HTTP: asked for by one, approved by another, set up by the person; sessions, resets, recovery."""

import asyncio
import re
from typing import Any

import pyotp
import pytest

from conf.errors import Invalid
from conf.terms import StaffRole
from handlers.flows import approving
from tests.desk import TRACE, Desk
from tests.web.client import Page, PageClient
from tests.web.conftest import Site
from tests.web.test_staff import NEXT_PASSWORD, PASSWORD, a_reviewer, at_the_desk, signed_in
from tests.web.test_staff import desk as desk

OWN = "Zi-Ji-She-De-2026"


def admins(site: Site, desk: Desk) -> tuple[PageClient, PageClient]:
    """(system administrator, security administrator), each with a browser."""
    system = a_reviewer(desk, "xi.tong", role=StaffRole.SYSTEM_ADMIN)
    security = a_reviewer(desk, "an.quan", role=StaffRole.SECURITY_ADMIN)
    return at_the_desk(site, system), at_the_desk(site, security)


def proposed(page: Page) -> str:
    return page.headers["location"]


def approve(browser: PageClient, address: str) -> None:
    browser.submit(browser.get(address), "main form", {"note": "", "answer": "yes"})


def new_account(site: Site, desk: Desk, login: str = "wang.dangan") -> tuple[PageClient, PageClient, str]:
    """An approved account without credentials: both administrators and its address."""
    system, security = admins(site, desk)
    asked = {"login": login, "name": "样例王", "roles": "archivist", "reason": "新到岗"}
    address = proposed(system.submit(system.get("/staff/accounts"), "main form", asked))
    assert desk.run(desk.store.staff.by_login(login)) is None, "nothing before the second person"
    approve(security, address)
    person = desk.run(desk.store.staff.by_login(login))
    return system, security, f"/staff/accounts/{person.id}"


def link_of(page: Page) -> str:
    found = re.search(r"(/staff/enrol/[\w-]+)", page.text)
    assert found, page.words
    return found[1]


def enrolled(site: Site, desk: Desk, system: PageClient, address: str) -> tuple[str, list[str]]:
    """(authenticator's key, recovery codes) of the person who followed the link."""
    link = link_of(system.submit(system.get(address), "form[action$='/link']", status=200))
    person = site.visitor()
    page = person.get(link)
    key = re.search(r"((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})", page.words)
    assert key
    secret = key[1].replace(" ", "")
    code = pyotp.TOTP(secret).at(desk.clock())
    done = person.submit(page, "main form", {"new": OWN, "again": OWN, "code": code}, status=200)
    codes = [item.get_text() for item in done.all("main li code")]
    assert person.get(link, status=404), "a link is good once"
    return secret, codes


def sign_in(site: Site, login: str, password: str, code: str, *, status: int = 303) -> PageClient:
    browser = site.visitor()
    browser.submit(browser.get("/staff/signin"), "main form", {"login": login, "password": password})
    browser.submit(browser.get("/staff/signin/code"), "main form", {"code": code}, status=status)
    return browser


def test_an_account_is_asked_for_approved_and_set_up_by_the_person_alone(site: Site, desk: Desk) -> None:
    system, _, address = new_account(site, desk)
    assert "待开通" in system.get(address).words
    assert "/staff/enrol/" not in system.get(address).text, "the link is shown in one answer only"
    secret, codes = enrolled(site, desk, system, address)
    assert len(set(codes)) == 10
    desk.clock.forward(seconds=30)
    browser = sign_in(site, "wang.dangan", OWN, pyotp.TOTP(secret).at(desk.clock()))
    assert browser.get("/staff/orders").h1 == "待审核"
    tags = desk.run(desk.tags())
    assert tags.count("staff:account:changed") == 2  # link issued, enrolled
    assert "proposal:record:answered" in tags


def test_the_system_administrator_cannot_approve_the_account_and_the_other_cannot_ask(site: Site, desk: Desk) -> None:
    system, security = admins(site, desk)
    asked = {"login": "wang.dangan", "name": "样例王", "roles": "archivist", "reason": "新到岗"}
    address = proposed(system.submit(system.get("/staff/accounts"), "main form", asked))
    system.post(address, {"answer": "yes"}, status=422)
    assert desk.run(desk.store.staff.by_login("wang.dangan")) is None
    security.post("/staff/accounts", asked | {"login": "ta.ren"}, status=403)
    assert not security.get("/staff/accounts").all("main form")


def test_what_is_wrong_with_a_new_account_is_said_by_field(site: Site, desk: Desk) -> None:
    system, _ = admins(site, desk)
    wrong: dict[str, Any] = {"login": "王", "name": "", "roles": ["auditor", "reviewer"], "reason": "x"}
    page = system.post("/staff/accounts", wrong, status=422)
    assert all(word in page.words for word in ("登录名为", "请填写姓名", "三员分立"))
    taken = {"login": "an.quan", "name": "样例", "roles": "reviewer", "reason": "新到岗"}
    assert "已经有人使用" in system.post("/staff/accounts", taken, status=422).words


def test_an_expired_link_opens_nothing_and_a_new_one_voids_the_old(site: Site, desk: Desk) -> None:
    system, _, address = new_account(site, desk)
    first = link_of(system.submit(system.get(address), "form[action$='/link']", status=200))
    second = link_of(system.submit(system.get(address), "form[action$='/link']", status=200))
    assert site.visitor().get(first, status=404)
    assert site.visitor().get(second).h1 == "开通账号"
    desk.clock.forward(hours=site.settings.staff_link_hours)
    assert site.visitor().get(second, status=404)


def test_a_recovery_code_stands_in_for_the_authenticator_once(site: Site, desk: Desk) -> None:
    system, _, address = new_account(site, desk)
    _, codes = enrolled(site, desk, system, address)
    assert sign_in(site, "wang.dangan", OWN, codes[0].lower()).get("/staff/orders")
    sign_in(site, "wang.dangan", OWN, codes[0], status=422)
    person = desk.run(desk.store.staff.by_login("wang.dangan"))
    assert len(person.recovery) == 9
    assert not any(code.replace("-", "") in repr(person.recovery) for code in codes), "digests only"
    browser = sign_in(site, "wang.dangan", OWN, codes[1])
    browser.submit(browser.get("/staff/recovery"), "main form", {"password": "wrong"}, status=422)
    page = browser.submit(browser.get("/staff/recovery"), "main form", {"password": OWN}, status=200)
    fresh = [item.get_text() for item in page.all("main li code")]
    sign_in(site, "wang.dangan", OWN, codes[2], status=422)
    assert sign_in(site, "wang.dangan", OWN, fresh[0]).get("/staff/orders")


def test_another_persons_recovery_code_fits_nobody_else(site: Site, desk: Desk) -> None:
    system, _, address = new_account(site, desk)
    _, codes = enrolled(site, desk, system, address)
    a_reviewer(desk)
    sign_in(site, "li.shenhe", PASSWORD, codes[0], status=422)


def test_a_reset_with_a_second_person_voids_everything_and_ends_what_is_open(site: Site, desk: Desk) -> None:
    system, security = admins(site, desk)
    new = a_reviewer(desk)
    browser = at_the_desk(site, new)
    address = f"/staff/accounts/{new.staff.id}"
    asked = proposed(system.post(f"{address}/reset", {"reason": "手机遗失"}, status=303))
    assert browser.get("/staff/orders"), "nothing before the second person"
    approve(security, asked)
    assert browser.get("/staff/orders", status=303).headers["location"] == "/staff/signin"
    late = site.visitor()
    words = {"login": "li.shenhe", "password": PASSWORD}
    late.submit(late.get("/staff/signin"), "main form", words, status=422)
    secret, _ = enrolled(site, desk, system, address)
    assert secret != pyotp.parse_uri(new.totp_uri).secret


def test_roles_and_disabling_take_effect_at_once_after_approval(site: Site, desk: Desk) -> None:
    system, security = admins(site, desk)
    new = a_reviewer(desk)
    browser = at_the_desk(site, new)
    asked = proposed(system.post(f"/staff/accounts/{new.staff.id}/roles", {"reason": "调离岗位"}, status=303))
    approve(security, asked)
    assert browser.get("/staff/orders", status=303).headers["location"] == "/staff/signin"
    assert "已停用" in system.get(f"/staff/accounts/{new.staff.id}").words
    again = {"roles": "archivist", "reason": "返岗工作"}
    approve(security, proposed(system.post(f"/staff/accounts/{new.staff.id}/roles", again, status=303)))
    assert browser.get("/staff/orders")


def test_a_lock_is_lifted_and_a_change_of_password_forced(site: Site, desk: Desk) -> None:
    system, _ = admins(site, desk)
    new = a_reviewer(desk)
    address = f"/staff/accounts/{new.staff.id}"
    for _ in range(5):
        browser = site.visitor()
        wrong = {"login": "li.shenhe", "password": "wrong"}
        browser.submit(browser.get("/staff/signin"), "main form", wrong, status=422)
    system.submit(system.get(address), "form[action$='/unlock']")
    working = signed_in(site, desk, new)
    assert working.get("/staff/orders")
    system.submit(system.get(address), "form[action$='/force']")
    assert working.get("/staff/orders", status=303).headers["location"] == "/staff/password"


def test_an_old_password_must_go_and_the_last_five_may_not_come_back(site: Site, desk: Desk) -> None:
    new = a_reviewer(desk)
    browser = at_the_desk(site, new)
    browser.submit(
        browser.get("/staff/password"), "main form", {"old": PASSWORD, "new": NEXT_PASSWORD, "again": NEXT_PASSWORD}
    )
    back = {"old": NEXT_PASSWORD, "new": PASSWORD, "again": PASSWORD}
    page = browser.submit(browser.get("/staff/password"), "main form", back, status=422)
    assert "最近 5 次" in page.words
    desk.clock.forward(days=site.settings.staff_password_days)
    later = at_the_desk(site, new)
    assert later.get("/staff/orders", status=303).headers["location"] == "/staff/password"
    fresh = {"old": NEXT_PASSWORD, "new": OWN, "again": OWN}
    later.submit(later.get("/staff/password"), "main form", fresh)
    assert later.get("/staff/orders")


def test_sessions_are_listed_with_network_and_time_and_end_at_once(site: Site, desk: Desk) -> None:
    new = a_reviewer(desk)
    here = signed_in(site, desk, new)
    there = at_the_desk(site, new)
    page = here.get("/staff/sessions")
    assert "127.0.0.0/24" in page.words
    assert len(page.all("main tbody tr")) == 2
    here.submit(page, "main tbody form")
    assert there.get("/staff/orders", status=303).headers["location"] == "/staff/signin"
    assert here.get("/staff/orders"), "this one stays"
    security = at_the_desk(site, a_reviewer(desk, "an.quan", role=StaffRole.SECURITY_ADMIN))
    security.post(f"/staff/accounts/{new.staff.id}/sessions", {"session": "all"}, status=303)
    assert here.get("/staff/orders", status=303).headers["location"] == "/staff/signin"


def test_nobody_without_the_right_ends_anothers_session_or_reads_the_accounts(site: Site, desk: Desk) -> None:
    new = a_reviewer(desk)
    auditor = at_the_desk(site, a_reviewer(desk, "shen.ji", role=StaffRole.AUDITOR))
    for path in ("/staff/accounts", f"/staff/accounts/{new.staff.id}"):
        assert auditor.get(path, status=403)
    auditor.post(f"/staff/accounts/{new.staff.id}/sessions", {"session": "all"}, status=403)
    auditor.post("/staff/sessions", {"session": "0" * 16}, status=404)


@pytest.mark.parametrize(("which", "name"), [(0, "系统管理员"), (1, "安全管理员")])
def test_the_last_working_administrator_keeps_role_and_credentials(
    site: Site, desk: Desk, which: int, name: str
) -> None:
    browsers = admins(site, desk)
    system, security = browsers
    login = ("xi.tong", "an.quan")[which]
    person = desk.run(desk.store.staff.by_login(login))
    address = f"/staff/accounts/{person.id}"
    for path, asked in (
        ("roles", {"reason": "调离岗位"}),
        ("roles", {"roles": "archivist", "reason": "换岗位"}),
        ("reset", {"reason": "手机遗失"}),
    ):
        page = system.post(f"{address}/{path}", asked, status=422)
        assert f"最后一位可以工作的{name}" in page.words
        assert f"请先新增另一位{name}" in page.words, "it says what to do"

    # one more, who has not set up the account yet, does not count; once set up it does
    wanted = {"login": "di.er", "name": "样例第二", "roles": min(person.roles).value, "reason": "新到岗"}
    approve(security, proposed(system.submit(system.get("/staff/accounts"), "main form", wanted)))
    second = desk.run(desk.store.staff.by_login("di.er"))
    assert name in system.post(f"{address}/roles", {"reason": "调离岗位"}, status=422).words
    enrolled(site, desk, system, f"/staff/accounts/{second.id}")
    asked = proposed(system.post(f"{address}/roles", {"reason": "调离岗位"}, status=303))
    other = (security, site.with_session(staff_id=second.id))[which]  # nobody approves what is about themselves
    approve(other, asked)
    assert desk.run(desk.store.staff.by_id(person.id)).disabled


def test_two_last_administrators_disabled_by_two_approvals_leave_one(site: Site, desk: Desk) -> None:
    """What was possible when it was proposed is looked at again when it takes effect, and two at once are one."""
    system, _ = admins(site, desk)
    third = a_reviewer(desk, "di.san", role=StaffRole.SECURITY_ADMIN)
    first = desk.run(desk.store.staff.by_login("an.quan"))
    ways = [
        proposed(system.post(f"/staff/accounts/{id}/roles", {"reason": "调离岗位"}, status=303))
        for id in (first.id, third.staff.id)
    ]

    async def both() -> list[Any]:
        answers = (
            approving.answer(
                desk.store, way.rsplit("/", 1)[1], is_yes=True, note="", by=by, now=desk.clock(), trace=TRACE
            )
            for way, by in zip(ways, (third.staff, first), strict=True)
        )
        return await asyncio.gather(*answers, return_exceptions=True)

    done = desk.run(both())
    assert sum(isinstance(each, Invalid) for each in done) == 1, done
    left = [one for one in desk.run(desk.store.staff.listed()) if StaffRole.SECURITY_ADMIN in one.roles]
    assert len(left) == 1
    refused = next(each for each in done if isinstance(each, Invalid))
    assert "最后一位可以工作的安全管理员" in "".join(refused.fields.values())
    still = next(way for way, each in zip(ways, done, strict=True) if each is refused)
    page = site.with_session(staff_id=left[0].id).post(still, {"answer": "yes"}, status=422)
    assert "这项变更涉及您本人的账号" in page.words
