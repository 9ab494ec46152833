"""The access table rule by rule: own, other, moved, locked, absent; and each paper's own rules."""

from dataclasses import replace

import pytest

from conf.access import RULES, NextStep
from conf.terms import CompanyStatus, DocumentFlag, IdentityLevel, Outcome
from handlers.flows.access import decide, decide_extract, needed_level, next_step
from store.records import LawyerClaim, Purpose
from tests.access.cases import (
    AS_LAWYER,
    CLAIM,
    HEADS,
    INTERESTED,
    LOCKED,
    MOVED,
    NOW,
    OTHER_USCC,
    OWN,
    USCC,
    VISITORS,
    account,
    company,
    document,
    grant,
)

OWNERS = ("company", *HEADS)
REVIEWED = ("body shareholder", *INTERESTED)
STRANGERS = ("stranger", "other company")


def at_level(name, level):
    visitor = VISITORS[name]
    return replace(visitor, level=IdentityLevel(level)) if visitor else None


def ruled(name, *, level=2, purpose=OWN, grants=(), documents=None, **changes):
    papers = [document()] if documents is None else documents
    return decide(at_level(name, level), company(**changes), papers, purpose, NOW, grants=grants)


def brief(decision):
    return decision.outcome, decision.rule_id


# -- own


def test_the_company_itself_opens_its_dossier_at_once():
    assert brief(ruled("company")) == (Outcome.PERMIT, "dossier.own.company")


@pytest.mark.parametrize("role", HEADS)
def test_each_head_named_in_the_register_opens_the_dossier_at_once(role):
    assert brief(ruled(role)) == (Outcome.PERMIT, "dossier.own.head")


@pytest.mark.parametrize("name", OWNERS)
@pytest.mark.parametrize("level", [0, 1])
def test_below_l2_the_own_dossier_stays_shut_and_the_level_to_raise_to_is_named(name, level):
    decision = ruled(name, level=level)
    assert brief(decision) == (Outcome.REFUSE, "dossier.own.level")
    assert needed_level(decision) is IdentityLevel.L2
    assert next_step(decision) is NextStep.RAISE_LEVEL
    assert "L2" in decision.remedy


@pytest.mark.parametrize("status", [s for s in CompanyStatus if s is not CompanyStatus.MOVED_OUT])
def test_a_company_that_ended_still_shows_its_dossier_to_its_own_head(status):
    assert ruled("legal_representative", status=status).outcome is Outcome.PERMIT


def test_the_right_name_with_another_number_is_a_stranger():
    impostor = account("样例甲", "N-another")
    assert decide(impostor, company(), [document()], OWN, NOW).rule_id == "dossier.other"


def test_the_right_number_with_another_name_is_a_stranger():
    impostor = account("冒名者", "N1")
    assert decide(impostor, company(), [document()], OWN, NOW).rule_id == "dossier.other"


def test_a_head_without_a_number_in_the_register_cannot_be_matched_by_name():
    nameless = tuple(replace(p, id_number=None) for p in company().persons)
    assert ruled("legal_representative", persons=nameless).rule_id == "dossier.other"


def test_spaces_and_width_in_a_name_make_no_difference():
    spaced = account("样例 甲", "N1")
    assert decide(spaced, company(), [document()], OWN, NOW).outcome is Outcome.PERMIT


def test_a_natural_account_with_a_code_is_not_the_company():
    pretender = replace(VISITORS["stranger"], uscc=USCC)
    assert decide(pretender, company(), [document()], OWN, NOW).rule_id == "dossier.other"


# -- after review


@pytest.mark.parametrize("name", REVIEWED)
@pytest.mark.parametrize("level", [1, 2, 3])
def test_shareholders_directors_supervisors_and_executives_wait_for_review(name, level):
    decision = ruled(name, level=level)
    assert brief(decision) == (Outcome.REVIEW, "dossier.interested")
    assert next_step(decision) is NextStep.ORDER


@pytest.mark.parametrize("name", REVIEWED)
def test_without_a_real_name_nobody_can_ask_for_review(name):
    decision = ruled(name, level=0)
    assert brief(decision) == (Outcome.REFUSE, "dossier.interested.level")
    assert needed_level(decision) is IdentityLevel.L1


def test_a_head_who_is_also_shareholder_need_not_wait():
    head, others = HEADS["legal_representative"], company().persons
    both = (
        *others,
        replace(next(p for p in others if p.role == "shareholder"), name=head[0], id_number=others[0].id_number),
    )
    assert ruled("legal_representative", persons=both).rule_id == "dossier.own.head"


def test_a_lawyer_with_a_complete_claim_waits_for_review():
    assert brief(ruled("stranger", purpose=AS_LAWYER)) == (Outcome.REVIEW, "dossier.lawyer")


@pytest.mark.parametrize(
    "claim",
    [
        None,
        replace(CLAIM, licence_no="1440120201012345"),
        replace(CLAIM, licence_no="1440120201012345６"),
        replace(CLAIM, licence_no="144012020101234567"),
        replace(CLAIM, firm="  "),
        replace(CLAIM, case_summary=""),
        replace(CLAIM, promised=False),
    ],
)
def test_a_lawyers_claim_must_be_whole(claim: LawyerClaim | None):
    purpose = Purpose(code=AS_LAWYER.code, lawyer=claim)
    decision = ruled("stranger", purpose=purpose)
    assert brief(decision) == (Outcome.REFUSE, "dossier.lawyer.claim")
    assert next_step(decision) is NextStep.CLAIM


def test_a_lawyer_without_a_real_name_raises_the_level_first():
    decision = ruled("stranger", purpose=AS_LAWYER, level=0)
    assert (decision.rule_id, needed_level(decision)) == ("dossier.lawyer.level", IdentityLevel.L1)


def test_an_enterprise_account_is_no_lawyer():
    assert ruled("other company", purpose=AS_LAWYER).rule_id == "dossier.other"


def test_a_claim_counts_only_with_the_lawyers_purpose():
    assert ruled("stranger", purpose=Purpose(code=OWN.code, lawyer=CLAIM)).rule_id == "dossier.other"


# -- other


@pytest.mark.parametrize("name", STRANGERS)
@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_everyone_else_is_refused_and_told_what_they_may_do(name, level):
    decision = ruled(name, level=level)
    assert brief(decision) == (Outcome.REFUSE, "dossier.other")
    assert "机读档案" in decision.remedy


def test_who_is_not_signed_in_is_asked_to_sign_in():
    decision = ruled("anonymous")
    assert brief(decision) == (Outcome.REFUSE, "dossier.anonymous")
    assert next_step(decision) is NextStep.SIGN_IN


def test_a_public_flag_opens_nothing_to_strangers():
    assert ruled("stranger", documents=[document("d1", DocumentFlag.PUBLIC)]).outcome is Outcome.REFUSE


# -- moved


@pytest.mark.parametrize("name", VISITORS)
@pytest.mark.parametrize("purpose", [OWN, AS_LAWYER])
def test_of_a_company_moved_out_nobody_sees_the_dossier_and_the_receiving_registry_is_named(name, purpose):
    visitor = VISITORS[name]
    held = [grant(visitor, "d1")] if visitor else []
    decision = ruled(name, purpose=purpose, grants=held, **MOVED)
    assert brief(decision) == (Outcome.REFUSE, "dossier.moved")
    assert "番禺区市场监督管理局" in decision.says
    assert "番禺区市场监督管理局" in decision.remedy


def test_a_receiving_registry_not_known_leaves_no_gap_in_the_sentence():
    decision = ruled("stranger", status=CompanyStatus.MOVED_OUT)
    assert "（" not in decision.says
    assert "{" not in decision.says


# -- locked


@pytest.mark.parametrize("name", [*OWNERS, *REVIEWED])
def test_of_a_locked_company_everyone_entitled_waits_for_review(name):
    assert brief(ruled(name, **LOCKED)) == (Outcome.REVIEW, "dossier.locked")


def test_of_a_locked_company_a_lawyer_waits_for_review_too():
    assert brief(ruled("stranger", purpose=AS_LAWYER, **LOCKED)) == (Outcome.REVIEW, "dossier.locked.lawyer")


@pytest.mark.parametrize("name", STRANGERS)
def test_a_lock_opens_nothing_to_strangers(name):
    assert brief(ruled(name, **LOCKED)) == (Outcome.REFUSE, "dossier.other")


def test_a_grant_given_before_the_lock_waits_with_everyone_else():
    mine = VISITORS["shareholder"]
    assert (
        ruled("shareholder", grants=[grant(mine, "d1", rule="dossier.interested")], **LOCKED).outcome is Outcome.REVIEW
    )


def test_a_grant_given_under_the_lock_opens_its_papers():
    mine = VISITORS["legal_representative"]
    decision = ruled("legal_representative", grants=[grant(mine, "d1", rule="dossier.locked")], **LOCKED)
    assert brief(decision) == (Outcome.PERMIT, "document.granted.locked")


# -- grants


def test_a_live_grant_opens_its_papers_and_no_others():
    mine = VISITORS["stranger"]
    papers = [document("d1"), document("d2")]
    decision = ruled("stranger", grants=[grant(mine, "d1")], documents=papers)
    assert decision.of("d1").outcome is Outcome.PERMIT
    assert decision.of("d2").outcome is Outcome.REFUSE
    assert decision.outcome is Outcome.PERMIT


@pytest.mark.parametrize("days", [0, -0.00001, -3])
def test_a_grant_ends_at_its_moment(days):
    mine = VISITORS["stranger"]
    assert ruled("stranger", grants=[grant(mine, "d1", days=days)]).rule_id == "dossier.other"


def test_a_grant_of_another_account_or_company_opens_nothing():
    mine, other = VISITORS["stranger"], VISITORS["shareholder"]
    held = [grant(other, "d1"), grant(mine, "d1", uscc=OTHER_USCC)]
    assert ruled("stranger", grants=held).rule_id == "dossier.other"


def test_an_order_with_a_paper_that_still_waits_is_reviewed_as_a_whole():
    mine = VISITORS["shareholder"]
    papers = [document("d1"), document("d2")]
    decision = ruled("shareholder", grants=[grant(mine, "d1")], documents=papers)
    assert (decision.outcome, decision.of("d1").outcome) == (Outcome.REVIEW, Outcome.PERMIT)


# -- papers


@pytest.mark.parametrize("name", [n for n in VISITORS if n != "anonymous"])
@pytest.mark.parametrize("purpose", [OWN, AS_LAWYER])
@pytest.mark.parametrize("extra", [{}, LOCKED])
def test_internal_papers_open_to_nobody_not_even_with_a_grant(name, purpose, extra):
    papers = [document("d1", DocumentFlag.INTERNAL)]
    held = [grant(VISITORS[name], "d1", rule="dossier.locked")]
    assert ruled(name, purpose=purpose, documents=papers, grants=held, **extra).of("d1").outcome is Outcome.REFUSE


def test_an_internal_paper_shuts_only_itself():
    decision = ruled("company", documents=[document("d1", DocumentFlag.INTERNAL), document("d2")])
    assert decision.of("d1").rule_id == "document.internal"
    assert decision.of("d2").outcome is Outcome.PERMIT
    assert brief(decision) == (Outcome.PERMIT, "dossier.own.company")


@pytest.mark.parametrize("name", ["company", "legal_representative", "shareholder"])
def test_a_sensitive_paper_of_another_person_stays_shut(name):
    papers = [document("d1", DocumentFlag.SENSITIVE, kind="身份证明", title="身份证复印件（旁人样）")]
    assert ruled(name, documents=papers).of("d1").rule_id == "document.sensitive"


def test_a_sensitive_paper_opens_to_the_person_its_title_names():
    papers = [document("d1", DocumentFlag.SENSITIVE, kind="身份证明", title="身份证复印件（样例甲）")]
    assert ruled("legal_representative", documents=papers).of("d1").outcome is Outcome.PERMIT
    assert ruled("shareholder", documents=papers).of("d1").outcome is Outcome.REFUSE


def test_a_name_inside_a_longer_name_is_not_the_person():
    papers = [document("d1", DocumentFlag.SENSITIVE, kind="身份证明", title="身份证复印件（样例甲华）")]
    assert ruled("legal_representative", documents=papers).of("d1").outcome is Outcome.REFUSE


def test_a_namesake_not_in_the_register_gets_no_sensitive_paper_even_by_grant():
    namesake = account("样例甲", "N-another")
    papers = [document("d1", DocumentFlag.SENSITIVE, kind="身份证明", title="身份证复印件（样例甲）")]
    decision = decide(namesake, company(), papers, OWN, NOW, grants=[grant(namesake, "d1")])
    assert decision.outcome is Outcome.REFUSE


def test_sensitive_papers_of_the_company_itself_open_to_it_and_its_heads_only():
    papers = [document("d1", DocumentFlag.SENSITIVE, kind="银行账户资料", title="基本账户信息")]
    assert ruled("company", documents=papers).of("d1").outcome is Outcome.PERMIT
    assert ruled("legal_representative", documents=papers).of("d1").outcome is Outcome.PERMIT
    assert ruled("shareholder", documents=papers).of("d1").outcome is Outcome.REFUSE


def test_a_paper_of_another_company_is_refused_to_the_company_itself():
    papers = [document("d1", uscc=OTHER_USCC)]
    assert brief(ruled("company", documents=papers)) == (Outcome.REFUSE, "document.elsewhere")


def test_absent_papers_leave_the_dossier_as_a_whole():
    assert brief(ruled("company", documents=[])) == (Outcome.PERMIT, "dossier.own.company")
    assert ruled("company", documents=[]).of("d1") is None


# -- the extract


@pytest.mark.parametrize("extra", [{}, LOCKED, MOVED])
@pytest.mark.parametrize(
    ("name", "level", "rule", "outcome"),
    [
        ("anonymous", 0, "extract.anonymous", Outcome.REFUSE),
        ("stranger", 0, "extract.level", Outcome.REFUSE),
        ("company", 0, "extract.level", Outcome.REFUSE),
        ("stranger", 1, "extract.real_name", Outcome.PERMIT),
        ("stranger", 3, "extract.real_name", Outcome.PERMIT),
        ("other company", 1, "extract.real_name", Outcome.PERMIT),
    ],
)
def test_the_extract_of_any_company_is_open_from_l1(name, level, rule, outcome, extra):
    decision = decide_extract(at_level(name, level), company(**extra), NOW)
    assert brief(decision) == (outcome, rule)


# -- what a decision says


def test_every_sentence_of_the_table_reaches_the_visitor():
    decision = ruled("stranger")
    rule = RULES.by_id("dossier.other")
    assert (decision.ground, decision.says, decision.remedy) == (rule.ground, rule.says, rule.remedy)
    assert decision.rule_version == RULES.version
    assert decision.decided_at == NOW
