"""What holds for every account, company, paper and moment: total, replayable, monotone, shut where it must be."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import bson
import pytest
from bson.codec_options import CodecOptions
from hypothesis import given, settings
from hypothesis import strategies as st

from conf.access import RULES, TABLE, RuleVersionGone, load_rules
from conf.terms import CompanyStatus, DocumentFlag, IdentityLevel, Outcome, PurposeCode
from handlers.flows.access import decide, decide_extract, replay
from store.encode import from_bson, to_bson
from store.records import Decision, LawyerClaim, Purpose
from tests.access.cases import BODY, HEADS, INTERESTED, NOW, OTHER_USCC, USCC, VISITORS, company, document, grant

#: Other work shares these cores, so the clock says nothing about the function.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")

RANK = {Outcome.REFUSE: 0, Outcome.REVIEW: 1, Outcome.PERMIT: 2}
ids = st.sampled_from([f"d{n}" for n in range(5)])
flags = st.frozensets(st.sampled_from(DocumentFlag))
titles = st.sampled_from(["公司章程", "身份证复印件（样例甲）", "样例己、样例甲身份证", "样例甲华", "", "（）"])
kinds = st.sampled_from(["章程", "身份证明", "银行账户资料", ""])
papers = st.builds(
    lambda name, marks, title, kind, uscc: replace(document(name, *marks), title=title, kind=kind, uscc=uscc),
    ids,
    flags,
    titles,
    kinds,
    st.sampled_from([USCC, USCC, USCC, OTHER_USCC]),
)
companies = st.builds(
    lambda status, locked, moved_to: company(status=status, locked=locked, moved_to=moved_to),
    st.sampled_from(CompanyStatus),
    st.booleans(),
    st.sampled_from(["", "广州市番禺区市场监督管理局"]),
)
visitors = st.builds(
    lambda who, level: replace(who, level=IdentityLevel(level)) if who else None,
    st.sampled_from(list(VISITORS.values())),
    st.integers(0, 3),
)
claims = st.none() | st.builds(
    LawyerClaim,
    licence_no=st.sampled_from(["", "14401202010123456", "１４４０１２０２０１０１２３４５６", "x" * 17]),
    firm=st.sampled_from(["", " ", "广东样例律师事务所"]),
    case_summary=st.sampled_from(["", "股权纠纷"]),
    promised=st.booleans(),
)
purposes = st.builds(Purpose, code=st.sampled_from(PurposeCode), lawyer=claims)
held = st.lists(
    st.builds(
        lambda who, names, rule, days: replace(grant(who, *names, rule=rule, days=days), id=f"g{days}"),
        st.sampled_from([v for v in VISITORS.values() if v]),
        st.lists(ids, max_size=3),
        st.sampled_from([rule.id for rule in RULES.rule]),
        st.integers(-2, 2),
    ),
    max_size=4,
)
moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
cases = st.fixed_dictionaries(
    {
        "account": visitors,
        "company": companies,
        "documents": st.lists(papers, max_size=5, unique_by=lambda paper: paper.id),
        "purpose": purposes,
        "now": moments | st.just(NOW),
    }
)


def decided(case, grants, **changes):
    return decide(**(case | changes), grants=grants)


@given(cases, held)
def test_every_case_is_decided_and_every_paper_has_an_outcome_of_its_rule(case, grants):
    decision = decided(case, grants)
    assert [paper.document_id for paper in decision.documents] == [paper.id for paper in case["documents"]]
    assert decision.outcome is RULES.by_id(decision.rule_id).outcome
    assert all(paper.outcome is RULES.by_id(paper.rule_id).outcome for paper in decision.documents)
    assert decision.says
    assert "{" not in decision.says + decision.remedy
    assert decision.remedy or decision.outcome is Outcome.PERMIT


@given(cases, held)
def test_a_stored_decision_replays_to_the_same_decision(case, grants):
    decision = decided(case, grants)
    stored = replace(decision, facts=json.loads(json.dumps(decision.facts)))
    assert replay(stored) == decision


@given(cases, held)
def test_a_decision_that_went_through_the_database_replays_too(case, grants):
    now = case["now"].replace(microsecond=case["now"].microsecond // 1000 * 1000)  # as conf.clock gives it
    decision = decided(case, grants, now=now)
    kept = bson.decode(bson.encode(to_bson(decision)), CodecOptions(tz_aware=True))
    assert replay(from_bson(Decision, kept)) == decision == from_bson(Decision, kept)


@given(visitors, companies, moments)
def test_a_stored_decision_on_an_extract_replays_too(account, subject, now):
    decision = decide_extract(account, subject, now)
    assert replay(replace(decision, facts=json.loads(json.dumps(decision.facts)))) == decision


@given(cases, held)
def test_internal_papers_and_papers_of_elsewhere_never_open(case, grants):
    decision = decided(case, grants)
    for paper in case["documents"]:
        if DocumentFlag.INTERNAL in paper.flags or paper.uscc != case["company"].uscc:
            assert decision.of(paper.id).outcome is Outcome.REFUSE


@given(cases, held)
def test_nothing_of_a_company_moved_out_and_nothing_to_nobody(case, grants):
    decision = decided(case, grants)
    if case["account"] is None or case["company"].status is CompanyStatus.MOVED_OUT:
        assert decision.outcome is Outcome.REFUSE
        assert {paper.outcome for paper in decision.documents} <= {Outcome.REFUSE}


@given(cases, held, st.integers(0, 3))
def test_a_higher_level_never_takes_anything_away(case, grants, level):
    account = case["account"]
    if account is None or level < account.level:
        return
    before = decided(case, grants)
    after = decided(case, grants, account=replace(account, level=IdentityLevel(level)))
    for low, high in zip(before.documents, after.documents, strict=True):
        assert RANK[high.outcome] >= RANK[low.outcome]


@given(cases, held)
def test_a_lock_never_opens_anything(case, grants):
    free = decided(case, grants, company=replace(case["company"], locked=False))
    shut = decided(case, grants, company=replace(case["company"], locked=True))
    own_locked_grant = any(g.rule_id.startswith("dossier.locked") for g in grants)
    for open_paper, locked_paper in zip(free.documents, shut.documents, strict=True):
        assert RANK[locked_paper.outcome] <= RANK[open_paper.outcome] or own_locked_grant


@given(cases, held)
def test_the_facts_hold_no_name_and_no_number_and_nothing_but_what_was_given(case, grants):
    decision = decided(case, grants)
    told = json.dumps(decision.facts, ensure_ascii=False)
    account = case["account"]
    names = [name for name, _ in (HEADS | INTERESTED).values()] + [BODY[0], case["company"].name]
    assert not [name for name in names if name in told]
    assert account is None or account.id_number.blind not in told
    assert account is None or account.name not in told
    assert (
        not case["purpose"].lawyer or not case["purpose"].lawyer.firm.strip() or case["purpose"].lawyer.firm not in told
    )


@given(cases, held)
def test_what_is_not_a_fact_does_not_change_a_decision(case, grants):
    other = replace(case["company"], scope="别的经营范围", name="改名样例有限公司", capital="1元", domicile="别处")
    assert decided(case, grants, company=other) == decided(case, grants)


@given(cases, held)
def test_deciding_twice_gives_the_same_and_the_order_of_grants_does_not_matter(case, grants):
    distinct = list({g.id: g for g in grants}.values())
    assert decided(case, distinct) == decided(case, list(reversed(distinct)))


@given(cases, held, st.integers(0, 5))
def test_time_alone_never_opens_anything(case, grants, days):
    before = decided(case, grants, now=NOW)
    after = decided(case, grants, now=NOW + timedelta(days=days))
    for early, late in zip(before.documents, after.documents, strict=True):
        assert RANK[late.outcome] <= RANK[early.outcome]


def test_a_decision_of_another_table_is_not_replayed_silently():
    decision = decide(VISITORS["company"], company(), [document()], Purpose(code=PurposeCode.OTHER), NOW)
    older = replace(decision, rule_version="2020-01-01.1")
    with pytest.raises(RuleVersionGone, match=r"2020-01-01\.1"):
        replay(older)


def test_with_the_table_of_its_version_an_old_decision_replays(tmp_path):
    path = tmp_path / "old.toml"
    text = TABLE.read_text(encoding="utf-8").replace(f'version = "{RULES.version}"', 'version = "2020-01-01.1"')
    path.write_text(text.replace("您以本企业法人账号登录", "旧的说法"), encoding="utf-8")
    old = load_rules(path)
    decision = decide(VISITORS["company"], company(), [document()], Purpose(code=PurposeCode.OTHER), NOW, rules=old)
    assert replay(decision, rules=old) == decision
    assert decision.says.startswith("旧的说法")
