"""The access table over HTTP: readable, drafted, tried out on real orders, published by two, replayed for ever."""

import re
from datetime import timedelta
from typing import get_args

import pytest

from conf.access import RULES, TABLE, RuleVersionGone, When, rules_at
from conf.live import forget
from conf.terms import OrderStatus, StaffRole
from handlers.flows import rules
from handlers.flows.access import decide, replay
from tests.access import cases
from tests.desk import Desk
from tests.web.client import Page, PageClient
from tests.web.conftest import Site
from tests.web.test_staff import a_reviewer, at_the_desk, under_review
from tests.web.test_staff import desk as desk
from tests.web.test_staff_accounts import approve, proposed
from views.contexts.rules import CONDITIONS, OF_CONDITION, WORDING

NEXT = "2026-12-01.1"


def readers(site: Site, desk: Desk) -> tuple[PageClient, PageClient, PageClient]:
    """(an archivist who drafts, two reviewers who publish)."""
    desk.run(rules.keep_file_rules(desk.store, now=desk.clock()))
    archivist = a_reviewer(desk, "dang.an", role=StaffRole.ARCHIVIST)
    pair = (a_reviewer(desk, "li.shenhe"), a_reviewer(desk, "zhao.shenhe"))
    one, other, third = (at_the_desk(site, each) for each in (archivist, *pair))
    return one, other, third


def text_of(page: Page) -> str:
    return page.one("textarea[name=text]").get_text().lstrip("\n")


def shareholders_refused(text: str) -> str:
    """The draft: shareholders are refused where they were reviewed."""
    block = text.index('id = "dossier.interested"\n')
    at = text.index('outcome = "review"', block)
    return text[:at].replace(RULES.version, NEXT) + 'outcome = "refuse"' + text[at + len('outcome = "review"') :]


def save(browser: PageClient, text: str, *, status: int = 303) -> Page:
    page = browser.get("/staff/rules/draft")
    return browser.submit(page, "main form[action='/staff/rules/draft']", {"text": text}, status=status)


def drafted(browser: PageClient) -> str:
    text = shareholders_refused(text_of(browser.get("/staff/rules/draft")))
    save(browser, text)
    return text


def published(site: Site, desk: Desk, effective: str = "2026-11-21T10:00") -> None:
    archivist, one, other = readers(site, desk)
    drafted(archivist)
    asked = {"effective": effective, "reason": "按新规定调整"}
    page = archivist.get("/staff/rules/draft")
    address = proposed(archivist.submit(page, "form[action$='/publish']", asked))
    assert "修改 dossier.interested：人工审核 → 不提供" in one.get(address).words, "they see what they open or shut"
    approve(one, address)
    assert rules_at(desk.clock() + timedelta(days=90)).version == RULES.version, "one approval is not enough"
    approve(other, address)


def test_the_table_is_shown_in_words_with_its_versions(site: Site, desk: Desk) -> None:
    archivist, _, _ = readers(site, desk)
    page = archivist.get("/staff/rules")
    for rule in RULES.rule:
        assert rule.id in page.words
        assert rule.who in page.words
        assert rule.ground in page.words
    assert "随软件安装" in page.words
    assert "实名等级不低于：L2" in page.words
    assert "即时查看的机关：公安机关、" in page.words
    assert "机关的案件和查档范围：企业不在范围内" in page.words
    assert archivist.get(f"/staff/rules/versions/{RULES.version}").h1.endswith("版")
    assert archivist.get("/staff/rules/versions/none", status=404)


def test_every_condition_a_rule_may_have_has_words() -> None:
    assert set(When.model_fields) == set(CONDITIONS), "a condition without words breaks the page of the rules"
    for name, words in OF_CONDITION.items():
        kinds = get_args(get_args(When.model_fields[name].annotation)[0])[0]
        assert set(get_args(kinds)) == set(words)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[rule]]\n" * 20_000, "最多 400 条规则"),  # once: minutes in which nobody else was served
        ("x = " + "[" * 50_000, "括号一层套一层太深"),
        ("rule = [{a = 1}, {b = 2}]", "缺少这一项"),
    ],
)
def test_a_draft_that_is_meant_to_hurt_is_refused_like_any_other(text: str, told: str) -> None:
    with pytest.raises(rules.DraftFaulty) as caught:
        rules._table(text)
    assert any(told in fault.says for fault in caught.value.lines)
    assert len(caught.value.lines) <= 50


def test_a_security_administrator_reads_a_draft_and_changes_nothing(site: Site, desk: Desk) -> None:
    archivist, _, _ = readers(site, desk)
    security = at_the_desk(site, a_reviewer(desk, "an.quan", role=StaffRole.SECURITY_ADMIN))
    assert "现在没有草案" in security.get("/staff/rules").words
    text = drafted(archivist)
    page = security.get("/staff/rules/draft")
    assert page.one("textarea[name=text]").has_attr("readonly")
    assert not page.all("main form"), "approving is done where proposals are"
    security.post("/staff/rules/draft", {"text": text, "revision": "1"}, status=403)
    security.post("/staff/rules/draft/publish", {"reason": "x"}, status=403)


def test_no_version_gives_everything_to_everyone() -> None:
    text = TABLE.read_text(encoding="utf-8")
    with pytest.raises(rules.DraftFaulty) as caught:
        rules._table(re.sub(r'outcome = "(refuse|review)"', 'outcome = "permit"', text))
    told = {fault.says.split("：")[0]: fault for fault in caught.value.lines}
    assert {"anonymous", "document"} <= set(told)
    assert text.split("\n")[told["anonymous"].line - 1] == 'id = "dossier.anonymous"'


def test_faults_of_a_draft_are_told_by_line_and_nothing_is_saved(site: Site, desk: Desk) -> None:
    archivist, _, _ = readers(site, desk)
    lines = text_of(archivist.get("/staff/rules/draft")).split("\n")
    where = lines.index('id = "dossier.anonymous"')
    lines[where + 3] = 'outcome = "perhaps"'
    lines[where + 7] = 'next = "nowhere"'
    page = save(archivist, "\n".join(lines), status=422)
    assert f"第 {where + 4} 行outcome：只能是" in page.words
    assert f"第 {where + 8} 行next：只能是" in page.words
    assert "perhaps" in text_of(page), "what was typed stays"
    broken = text_of(archivist.get("/staff/rules/draft")).replace('who = "未登录的访问者"', 'who = "未登录的访问者')
    line = broken.split("\n").index('who = "未登录的访问者') + 1
    assert f"第 {line} 行" in save(archivist, broken, status=422).words
    assert desk.run(desk.store.rule_sets.draft()) is None


def test_a_used_version_number_is_refused(site: Site, desk: Desk) -> None:
    archivist, _, _ = readers(site, desk)
    page = save(archivist, text_of(archivist.get("/staff/rules/draft")), status=422)
    assert "已经用过" in page.words


def test_two_who_edit_the_draft_do_not_overwrite_each_other(site: Site, desk: Desk) -> None:
    archivist, one, _ = readers(site, desk)
    text = drafted(archivist)
    first, second = (browser.get("/staff/rules/draft") for browser in (archivist, one))
    one.submit(second, "main form[action='/staff/rules/draft']", {"text": text.replace("未登录的访问者", "访客")})
    late = archivist.submit(first, "main form[action='/staff/rules/draft']", {"text": text}, status=409)
    assert "刷新页面" in late.words
    assert "访客" in desk.run(desk.store.rule_sets.draft()).text


def test_the_trial_run_names_exactly_the_orders_whose_outcome_changes_and_changes_none(site: Site, desk: Desk) -> None:
    archivist, _, _ = readers(site, desk)
    changed = under_review(desk)
    same = desk.run(desk.settled(desk.run(desk.account("legal_representative"))))
    drafted(archivist)
    page = archivist.get("/staff/rules/draft/try")
    assert "2 件申请" in page.words
    assert "1 件的结论会不同" in page.words
    rows = [row.get_text(" ", strip=True) for row in page.all("#tried tbody tr")]
    assert len(rows) == 1
    assert all(said in rows[0] for said in (changed.no, "人工审核", "不提供", "dossier.interested", "2 份"))
    assert same.no not in page.words
    kept = desk.run(desk.store.orders.by_no(changed.no))
    assert (kept.status, kept.decision) == (OrderStatus.UNDER_REVIEW, changed.decision)


def test_orders_older_than_a_month_are_not_tried(site: Site, desk: Desk) -> None:
    archivist, _, _ = readers(site, desk)
    under_review(desk)
    drafted(archivist)
    desk.clock.forward(days=33)
    archivist = at_the_desk(site, a_reviewer(desk, "xin.dangan", role=StaffRole.ARCHIVIST))
    assert "0 件申请" in archivist.get("/staff/rules/draft/try").words


def test_two_publish_and_from_then_on_the_new_table_decides(site: Site, desk: Desk) -> None:
    before = under_review(desk)
    published(site, desk)
    assert rules_at(desk.clock()).version == NEXT
    shareholder = desk.run(desk.account("shareholder"))
    paper = cases.document("d1")
    decision = decide(shareholder, desk.company(), (paper,), cases.OWN, desk.clock())
    assert (decision.outcome, decision.rule_id, decision.rule_version) == ("refuse", "dossier.interested", NEXT)
    browser = site.signed_in(shareholder)
    assert browser.get(f"/companies/{cases.USCC}/dossier").status == 200, "the page explains itself by the new table"
    assert replay(before.decision) == before.decision, "old decisions are replayed under their own version"
    assert replay(decision) == decision
    forget()  # a process that has not looked yet, or whose register lost the version
    with pytest.raises(RuleVersionGone):
        replay(decision)
    desk.run(desk.store.live.refresh())
    assert replay(decision) == decision
    assert "rules:version:kept" in desk.run(desk.tags())


def test_a_version_counts_from_its_own_moment_on(site: Site, desk: Desk) -> None:
    published(site, desk, "2026-12-01T00:00")
    assert rules_at(desk.clock()).version == RULES.version
    desk.clock.forward(days=10)
    assert rules_at(desk.clock()).version == NEXT
    browser = at_the_desk(site, a_reviewer(desk, "hou.lai"))
    assert f"现行 {NEXT} 版" in browser.get("/staff/rules").words


def test_who_drafts_cannot_publish_and_one_person_counts_once(site: Site, desk: Desk) -> None:
    archivist, one, _ = readers(site, desk)
    drafted(archivist)
    asked = {"effective": "2026-11-21T10:00", "reason": "按新规定调整"}
    address = proposed(one.submit(one.get("/staff/rules/draft"), "form[action$='/publish']", asked))
    one.post(address, {"answer": "yes"}, status=422)
    archivist.post(address, {"answer": "yes"}, status=422)
    assert rules_at(desk.clock()).version == RULES.version


def test_a_draft_changed_after_it_was_proposed_is_not_what_is_published(site: Site, desk: Desk) -> None:
    archivist, one, other = readers(site, desk)
    text = drafted(archivist)
    asked = {"effective": "2026-11-21T10:00", "reason": "按新规定调整"}
    page = archivist.get("/staff/rules/draft")
    address = proposed(archivist.submit(page, "form[action$='/publish']", asked))
    save(archivist, text.replace("未登录的访问者", "任何人"))
    approve(one, address)
    assert "已经改动，现在不能生效" in other.post(address, {"answer": "yes"}, status=409).words
    assert rules_at(desk.clock()).version == RULES.version
    assert "等待批准" in other.get(address).words


def test_a_time_gone_by_is_no_time_to_begin(site: Site, desk: Desk) -> None:
    archivist, _, _ = readers(site, desk)
    drafted(archivist)
    for wrong in ("2026-11-20T10:00", "morgen"):
        page = archivist.post("/staff/rules/draft/publish", {"effective": wrong, "reason": "按新规定调整"}, status=422)
        assert "生效" in page.one(".eq-field__error").get_text()


def test_every_condition_a_rule_may_name_can_be_told() -> None:
    """Also one the rules in force do not use: a draft may."""
    for name, field in When.model_fields.items():
        value = {"bool": True, "IdentityLevel": 2}.get(str(field.annotation).partition(" ")[0].strip("<>"), ("none",))
        assert "：" in WORDING.conditions(When.model_construct(**{name: value})), name
