"""Units, their access by two people, the after-check and batch approval, as our own people meet them."""

import re
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pyotp

from conf.terms import AuditTag, BatchStatus, CaseCheck, OrganKind, StaffRole
from handlers.flows import batches, organ_cases, organ_viewing
from handlers.flows.organ_viewing import OrganVisitor
from tests.access.cases import USCC
from tests.desk import TRACE, Desk
from tests.government import COURT_CODE, ID, a_case, a_unit, a_user, at_work, keep
from tests.web.client import PageClient
from tests.web.conftest import Site
from tests.web.test_staff import a_reviewer, at_the_desk
from tests.web.test_staff import desk as desk

NEW = {
    "name": "样例区某局", "uscc": COURT_CODE, "kind": "other", "contact": "样例联络", "phone": "02000000000",
    "networks": "127.0.0.0/8",
}  # fmt: skip
ACCESS = {
    "kind": "other", "reach": "listed", "usccs": USCC, "filing_kinds": "establishment", "document_kinds": "章程",
    "until": "2026-12-31", "reason": "联合执法需要",
}  # fmt: skip
OWN = "Zi-Ji-She-De-2026"
CHECK = f"/staff/government/checks/{ID}"


def keeper(site: Site, desk: Desk) -> PageClient:
    return at_the_desk(site, a_reviewer(desk, "xi.tong", role=StaffRole.SYSTEM_ADMIN))


def approver(site: Site, desk: Desk) -> PageClient:
    return at_the_desk(site, a_reviewer(desk, "an.quan", role=StaffRole.SECURITY_ADMIN))


def a_new_unit(client: PageClient) -> str:
    return str(client.submit(client.get("/staff/government"), "main form", NEW).headers["location"])


def looked(site: Site, desk: Desk, **changes: Any) -> OrganVisitor:
    """A unit that has looked into a dossier for its case."""
    now, store = site.clock(), site.store
    unit, user, case = a_unit(store, now), a_user(store, now), a_case(now, **changes)
    site.run(keep(store, unit, user, case))
    visitor = OrganVisitor(user=user, unit=unit, case=case, now=now, trace=TRACE)
    site.run(organ_viewing.list_dossier(store, site.settings, USCC, visitor))
    return visitor


def test_a_unit_sees_nothing_before_a_second_person_approved_its_kind_and_scope(site: Site, desk: Desk) -> None:
    client = keeper(site, desk)
    path = a_new_unit(client)
    id = path.rsplit("/", 1)[1]
    assert "未启用" in client.get(path).words
    proposal = client.submit(client.get(path), f"form[action='{path}/access']", ACCESS).headers["location"]
    own = client.get(proposal)
    assert "查档范围" in own.h1
    client.post(proposal, {"answer": "yes"}, status=422)
    unit = site.run(site.store.units.by_id(id))
    assert (unit.disabled, unit.scope) == (True, None)
    second = approver(site, desk)
    page = second.get(proposal)
    assert "设立" in page.words
    assert USCC in page.words
    second.post(proposal, {"answer": "yes"})
    unit = site.run(site.store.units.by_id(id))
    assert (unit.disabled, unit.kind, unit.scope.usccs) == (False, OrganKind.OTHER, (USCC,))
    assert unit.scope.until == date(2026, 12, 31)
    client.post(path, {"do": "shut"})
    assert site.run(site.store.units.by_id(id)).disabled


def test_what_a_unit_may_not_be_given_is_said_by_field(site: Site, desk: Desk) -> None:
    client = keeper(site, desk)
    page = client.get("/staff/government")
    for wrong, said in (
        ({"uscc": "11440106MB2C00012D"}, "校验位"),
        ({"networks": "10.1.0.0/99"}, "网段"),
        ({"phone": "abc"}, "联系电话"),
        ({"name": ""}, "单位全称"),
    ):
        assert said in client.submit(page, "main form", NEW | wrong, status=422).words
    path = a_new_unit(client)
    assert "已经登记" in client.submit(page, "main form", NEW, status=422).words
    form = f"form[action='{path}/access']"
    for wrong, said in (
        ({"reach": "rules"}, "规则没有列明这类机关"),
        ({"usccs": "91440106MA9W00011Y"}, "不是统一社会信用代码"),
        ({"until": "2026-11-20"}, "不早于今天"),
        ({"until": "2036-11-20"}, "不超过三年"),
        ({"reason": ""}, "理由"),
    ):
        assert said in client.submit(client.get(path), form, ACCESS | wrong, status=422).words
    client.submit(client.get(path), form, ACCESS)
    assert "等待批准" in client.submit(client.get(path), form, ACCESS, status=409).words


def a_new_user(client: PageClient, second: PageClient, path: str, login: str = "wang.keyuan") -> str:
    """An approved user of the unit, without credentials; where their page stands."""
    asked = {"login": login, "user_name": "样例科员", "user_reason": "新到岗"}
    proposal = client.submit(client.get(path), f"form[action='{path}/users']", asked).headers["location"]
    client.post(proposal, {"answer": "yes"}, status=422)
    second.post(proposal, {"answer": "yes"})
    return str(client.get(path).one(f"a[href^='{path}/users/']")["href"])


def a_link(client: PageClient, address: str) -> str:
    found = re.search(r"(/gov/enrol/[\w-]+)", client.post(address, {"do": "link"}, status=200).text)
    assert found
    return found[1]


def at_their_door(site: Site, link: str, password: str = OWN) -> tuple[PageClient, pyotp.TOTP, list[str]]:
    """Who followed the link and signed in: their browser, authenticator and recovery codes."""
    person = site.visitor()
    key = re.search(r"((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})", person.get(link).words)
    assert key
    code = pyotp.TOTP(key[1].replace(" ", ""))
    given = {"new": password, "again": password, "code": code.at(site.clock())}
    codes = [each.get_text() for each in person.submit(person.get(link), "main form", given, status=200).all("li code")]
    assert person.get(link, status=404), "a link is good once"
    site.clock.now += timedelta(seconds=60)
    person.submit(person.get("/gov/signin"), "main form", {"login": "wang.keyuan", "password": password})
    person.submit(person.get("/gov/signin/code"), "main form", {"code": code.at(site.clock())})
    return person, code, codes


def an_open_unit(site: Site, client: PageClient) -> str:
    path = a_new_unit(client)
    id = path.rsplit("/", 1)[1]
    site.run(site.store.atomically(lambda tx: site.store.units.set_access(id, OrganKind.COURT, None, tx)))
    return path


def test_a_users_credentials_are_their_own_and_take_two_of_ours(site: Site, desk: Desk) -> None:
    client, second = keeper(site, desk), approver(site, desk)
    path = an_open_unit(site, client)
    asked = {"login": "wang.keyuan", "user_name": "样例科员", "user_reason": "新到岗"}
    form = f"form[action='{path}/users']"
    client.submit(client.get(path), form, asked)
    assert site.run(site.store.unit_users.by_login("wang.keyuan")) is None, "nothing before the second person"
    assert "等待批准" in client.submit(client.get(path), form, asked, status=409).words
    for wrong, said in (({"login": "X"}, "小写字母"), ({"user_name": ""}, "姓名"), ({"user_reason": ""}, "理由")):
        assert said in client.submit(client.get(path), form, asked | {"login": "li.keyuan"} | wrong, status=422).words
    waiting = second.get("/staff/proposals").one("main a[href^='/staff/proposals/']")["href"]
    assert "样例区某局" in second.get(waiting).words
    second.post(waiting, {"answer": "yes"})
    assert "已经有人使用" in client.submit(client.get(path), form, asked, status=422).words
    address = str(client.get(path).one(f"a[href^='{path}/users/']")["href"])
    assert "待开通" in client.get(address).words
    link = a_link(client, address)
    assert "/gov/enrol/" not in client.get(address).text, "the link is shown in one answer only"
    person, _, codes = at_their_door(site, link)
    assert len(codes) == 10
    assert person.get("/gov/cases").h1
    assert "10 个恢复码" in person.get("/gov/recovery").words
    assert "本次登录" in person.get("/gov/sessions").words
    client.post(address, {"do": "link"}, status=409)  # with a password no link is made without a second person


def test_a_recovery_code_opens_the_units_door_once(site: Site, desk: Desk) -> None:
    client, second = keeper(site, desk), approver(site, desk)
    address = a_new_user(client, second, an_open_unit(site, client))
    person, _, codes = at_their_door(site, a_link(client, address))
    for door, status in ((site.visitor(), 303), (site.visitor(), 422)):
        door.submit(door.get("/gov/signin"), "main form", {"login": "wang.keyuan", "password": OWN})
        door.submit(door.get("/gov/signin/code"), "main form", {"code": codes[0]}, status=status)
    fresh = person.submit(person.get("/gov/recovery"), "main form", {"password": OWN}, status=200)
    assert codes[1] not in fresh.text
    assert "9 个" not in person.get("/gov/recovery").words
    person.submit(person.get("/gov/recovery"), "main form", {"password": "wrong"}, status=422)
    site.run(site.store.audit.sequence("test"))
    kept = [
        event.fields["what"]
        for event in site.run(site.store.audit.events(batch=1000))
        if event.tag is AuditTag.GOVERNMENT_USER_KEPT
    ]
    assert kept == ["link_issued", "enrolled", "recovery_used", "recovery_made"]


def test_an_old_password_is_changed_before_anything_else_at_the_units_door(site: Site, desk: Desk) -> None:
    client, second = keeper(site, desk), approver(site, desk)
    person, code, _ = at_their_door(site, a_link(client, a_new_user(client, second, an_open_unit(site, client))))
    site.clock.now += timedelta(days=site.settings.staff_password_days + 1)
    person.submit(person.get("/gov/signin"), "main form", {"login": "wang.keyuan", "password": OWN})
    person.submit(person.get("/gov/signin/code"), "main form", {"code": code.at(site.clock())})
    assert person.get("/gov/cases", status=303).headers["location"] == "/gov/password"


def test_a_shut_user_is_out_at_once_and_two_people_bring_them_back_with_new_credentials(site: Site, desk: Desk) -> None:
    client, second = keeper(site, desk), approver(site, desk)
    address = a_new_user(client, second, an_open_unit(site, client))
    person, _, _ = at_their_door(site, a_link(client, address))
    late = client.post(address, {"do": "reset", "reason": "换了手机"}).headers["location"]
    client.post(address, {"do": "shut"})
    assert person.get("/gov/cases", status=303).headers["location"] == "/gov/signin"
    assert "依据的内容" in second.post(late, {"answer": "yes"}, status=409).words
    login = "wang.keyuan"
    assert site.run(site.store.unit_users.by_login(login)).disabled, "an old approval does not open it again"
    client.post(late, {"answer": "withdraw"})
    client.post(address, {"do": "link"}, status=409)
    client.post(address, {"do": "reset", "reason": ""}, status=422)
    again = client.post(address, {"do": "reset", "reason": "重新到岗"}).headers["location"]
    client.post(again, {"answer": "yes"}, status=422)
    assert site.run(site.store.unit_users.by_login(login)).disabled
    second.post(again, {"answer": "yes"})
    person.submit(person.get("/gov/signin"), "main form", {"login": login, "password": OWN}, status=422)
    back, _, _ = at_their_door(site, a_link(client, address), "Zai-Ci-Dao-Gang-2026")
    assert back.get("/gov/cases").h1


def test_a_reset_ends_what_was_begun_with_the_old_credentials(site: Site, desk: Desk) -> None:
    client, second = keeper(site, desk), approver(site, desk)
    address = a_new_user(client, second, an_open_unit(site, client))
    thief, _, _ = at_their_door(site, a_link(client, address))
    second.post(client.post(address, {"do": "reset", "reason": "口令泄露"}).headers["location"], {"answer": "yes"})
    assert thief.get("/gov/cases", status=303).headers["location"] == "/gov/password"
    at_their_door(site, a_link(client, address), "Zai-Ci-Dao-Gang-2026")
    assert thief.get("/gov/cases", status=303).headers["location"] == "/gov/signin"


def test_a_users_link_is_nothing_at_our_own_door_or_from_another_units_network(site: Site, desk: Desk) -> None:
    client, second = keeper(site, desk), approver(site, desk)
    path = an_open_unit(site, client)
    link = a_link(client, a_new_user(client, second, path))
    site.visitor().get(link.replace("/gov/", "/staff/"), status=404)
    unit = site.run(site.store.units.by_id(path.rsplit("/", 1)[1]))
    change = {"name": unit.name, "contact": unit.contact, "phone": unit.phone}
    site.run(site.store.atomically(lambda tx: site.store.units.change(unit.id, tx, networks="10.9.0.0/16", **change)))
    site.visitor().get(link, status=404)


def test_the_overdue_case_stands_first_and_an_objection_stops_it(site: Site, desk: Desk) -> None:
    visitor = looked(site, desk)
    later = a_case(site.clock(), id="0f" * 15, no="后来的案件", looked_at=site.clock(), due_at=site.clock())
    site.run(keep(site.store, later))
    client = at_the_desk(site, a_reviewer(desk))
    listed = [link.get_text() for link in client.get("/staff/government/checks").all("ol a")]
    assert listed == ["样例区人民法院：后来的案件", f"样例区人民法院：{visitor.case.no}"]
    site.clock.now += timedelta(days=14)
    client = at_the_desk(site, SimpleNamespace(staff=site.run(site.store.staff.by_login("li.shenhe"))))
    assert "已超期" in client.get("/staff/government/checks").words
    page = client.get(CHECK)
    assert "dossier.organ.named" in page.words
    client.submit(page, "main form", {"check": "objection", "text": ""}, status=422)
    client.submit(page, "main form", {"check": "objection", "text": "公函与所查企业无关"})
    case = site.run(site.store.organ_cases.by_id(ID))
    assert (case.check, case.checked_name) == (CaseCheck.OBJECTION, "样例li")
    assert case.closed_at is not None
    client.post(CHECK, {"check": "in_order", "text": ""}, status=409)
    unit = at_work(site, visitor.user)
    assert "公函与所查企业无关" in unit.get(f"/gov/cases/{ID}").words
    assert "已经办结" in unit.get(f"/gov/cases/{ID}/companies/{USCC}").words
    assert visitor.case.no in client.get("/staff/government/checks?view=done").words


def test_a_checker_sees_pictures_of_the_letter_and_that_is_on_record(site: Site, desk: Desk) -> None:
    visitor = looked(site, desk)
    sha256 = site.run(site.store.organ_cases.put_letter(b"\xff\xd8\xff page", "image/jpeg"))
    letter = organ_cases.Letter(
        no="样法函", dated=date(2026, 11, 20), sha256=sha256, media_type="image/jpeg", pages=(sha256,)
    )

    async def work(tx: Any) -> None:
        await site.store.organ_cases.change(visitor.case.id, {"closed_at": None}, {"letter": letter}, tx)

    site.run(site.store.atomically(work))
    client = at_the_desk(site, a_reviewer(desk))
    shown = client.raw.get(f"{CHECK}/letter/1.jpg")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert client.raw.get(f"{CHECK}/letter/2.jpg").status_code == 404
    assert desk.run(desk.tags())[-1] == "government:letter:shown"


def test_a_batch_is_approved_by_one_of_our_people_once(site: Site, desk: Desk) -> None:
    visitor = looked(site, desk)
    batch, bad = site.run(batches.ask(site.store, USCC.encode(), visitor))
    assert bad == []
    client = at_the_desk(site, a_reviewer(desk))
    path = f"/staff/government/batches/{batch.id}"
    assert batch.id in client.get("/staff/government/checks").words
    page = client.get(path)
    assert USCC in page.words
    client.post(path, {"answer": "no"}, status=422)
    client.post(path, {"answer": "yes"})
    client.post(path, {"answer": "no", "note": "重复处理"}, status=409)
    kept = site.run(site.store.batches.by_id(batch.id))
    assert (kept.status.value, kept.decided_name) == ("approved", "样例li")
    assert desk.run(desk.tags()).count("government:batch:decided") == 1


def test_a_batch_is_not_approved_any_more_once_the_case_is_over_or_who_asked_is_out(site: Site, desk: Desk) -> None:
    visitor = looked(site, desk)
    batch, _ = site.run(batches.ask(site.store, USCC.encode(), visitor))
    client = at_the_desk(site, a_reviewer(desk))
    path = f"/staff/government/batches/{batch.id}"
    shut = site.store.unit_users.shut
    site.run(site.store.atomically(lambda tx: shut(visitor.user.id, tx=tx)))
    assert batches.ASKER_OUT in client.post(path, {"answer": "yes"}, status=422).words
    reopen = site.store.unit_users.reset
    site.run(site.store.atomically(lambda tx: reopen(visitor.user.id, "JBSWY3DPEHPK3PXP", tx=tx)))
    client.post(CHECK, {"check": "objection", "text": "公函与案由不符"})
    assert batches.CASE_OVER in client.post(path, {"answer": "yes"}, status=422).words
    assert site.run(site.store.batches.by_id(batch.id)).status.value == "waiting"
    client.post(path, {"answer": "no", "note": "案件有异议"})


def test_a_result_is_not_handed_out_while_an_objection_stands(site: Site, desk: Desk) -> None:
    visitor = looked(site, desk)
    batch, _ = site.run(batches.ask(site.store, USCC.encode(), visitor))
    reviewer = at_the_desk(site, a_reviewer(desk))
    reviewer.post(f"/staff/government/batches/{batch.id}", {"answer": "yes"})
    made = site.run(site.store.batches.put_file(b"%PDF-1.7 sealed"))
    done = {"status": BatchStatus.READY, "sha256": made, "size": 15, "ready_at": site.clock()}
    move = site.store.batches.move
    site.run(site.store.atomically(lambda tx: move(batch.id, BatchStatus.APPROVED, tx, **done)))
    officer, path = at_work(site, visitor.user), f"/gov/cases/{ID}/batches/{batch.id}/file"
    assert officer.raw.get(path).content == b"%PDF-1.7 sealed"
    reviewer.post(CHECK, {"check": "objection", "text": "公函与案由不符"})
    assert batches.OBJECTED in officer.get(path, status=409).words


def test_an_old_approval_does_not_open_a_unit_that_was_shut_meanwhile(site: Site, desk: Desk) -> None:
    client, second = keeper(site, desk), approver(site, desk)
    path = a_new_unit(client)
    first = client.submit(client.get(path), f"form[action='{path}/access']", ACCESS).headers["location"]
    second.post(first, {"answer": "yes"})
    wider = client.submit(client.get(path), f"form[action='{path}/access']", ACCESS | {"reach": "all"})
    client.post(path, {"do": "shut"})
    second.post(wider.headers["location"], {"answer": "yes"}, status=409)
    assert site.run(site.store.units.by_id(path.rsplit("/", 1)[1])).disabled


def test_an_approval_after_the_last_day_of_the_scope_opens_nothing(site: Site, desk: Desk) -> None:
    client, second = keeper(site, desk), approver(site, desk)
    path = a_new_unit(client)
    asked = ACCESS | {"until": "2026-11-21"}
    proposal = client.submit(client.get(path), f"form[action='{path}/access']", asked).headers["location"]
    site.clock.forward(days=1)
    second = at_the_desk(site, a_reviewer(desk, "an.quan.er", role=StaffRole.SECURITY_ADMIN))
    second.post(proposal, {"answer": "yes"}, status=409)
    assert site.run(site.store.units.by_id(path.rsplit("/", 1)[1])).disabled


def test_whoever_lacks_the_right_gets_neither_room(site: Site, desk: Desk) -> None:
    looked(site, desk)
    reviewer = at_the_desk(site, a_reviewer(desk))
    reviewer.get("/staff/government", status=403)
    keeping = keeper(site, desk)
    for path in ("/staff/government/checks", CHECK, f"{CHECK}/letter/1.jpg"):
        keeping.get(path, status=403)
