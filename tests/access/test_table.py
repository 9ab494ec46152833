"""The access table itself: whole, reachable, and refused with every fault at once when it is not."""

import pytest

from conf.access import RULES, TABLE, AccessTableError, NextStep, Scope, load_rules
from conf.terms import IdentityLevel, Outcome, PersonRole

TEXT = TABLE.read_text(encoding="utf-8")


def loaded(tmp_path, text):
    path = tmp_path / "access.toml"
    path.write_text(text, encoding="utf-8")
    return load_rules(path)


def test_every_register_role_belongs_to_exactly_one_group():
    roles = [role for members in RULES.relations.values() for role in members]
    assert sorted(roles) == sorted(PersonRole)


def test_every_refusal_and_review_says_what_would_change_it_and_names_its_ground():
    for rule in RULES.rule:
        assert "第" in rule.ground, rule.id
        assert rule.remedy.endswith("。") or rule.outcome is Outcome.PERMIT, rule.id


def test_no_rule_opens_a_dossier_below_l1():
    for rule in RULES.of(Scope.DOSSIER):
        if rule.when.account == ("organ",):
            assert rule.outcome is not Outcome.PERMIT or rule.when.reach == ("open",), rule.id
        elif rule.outcome is Outcome.PERMIT:
            assert rule.when.level_from == IdentityLevel.L2, rule.id
    for rule in RULES.of(Scope.DOCUMENT):
        if rule.outcome is Outcome.PERMIT:
            assert rule.when.level_from == IdentityLevel.L1, rule.id


def test_internal_and_sensitive_stand_before_anything_that_opens_a_paper():
    order = [rule.id for rule in RULES.of(Scope.DOCUMENT)]
    first_open = next(i for i, rule in enumerate(RULES.of(Scope.DOCUMENT)) if rule.outcome is Outcome.PERMIT)
    assert {"document.elsewhere", "document.internal", "document.sensitive"} <= set(order[:first_open])


def test_all_faults_are_named_at_once(tmp_path):
    broken = (
        TEXT.replace('relations = ["head"]', 'relations = ["boss"]')
        .replace('granted_under = ["dossier.locked", ', 'granted_under = ["dossier.gone", ')
        .replace('id = "dossier.interested"\n', 'id = "dossier.other"\n')
    )
    with pytest.raises(AccessTableError) as caught:
        loaded(tmp_path, broken)
    told = str(caught.value)
    assert "'boss'" in told
    assert "'dossier.gone'" in told
    assert "dossier.other: the id stands twice" in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('outcome = "permit"', 'outcome = "perhaps"', "outcome"),
        ("needs_level = 2", "", "needs_level"),
        ('remedy = "请向迁入地登记机关（{moved_to}）申请查询。"', 'remedy = ""', "remedy"),
        ("level_below = 1", "level_bellow = 1", "level_bellow"),
        ('id = "dossier.lawyer"', 'id = "lawyer"', "dossier."),
        ("elsewhere = true", "elsewhere = true\nlevel_from = 9", "level_from"),
        ('ground = "《市场', 'ground = "习惯', "ground"),
    ],
)
def test_a_rule_that_is_not_whole_stops_the_start(tmp_path, old, new, told):
    assert old in TEXT
    with pytest.raises(AccessTableError, match=told):
        loaded(tmp_path, TEXT.replace(old, new))


def test_a_table_that_leaves_a_case_undecided_is_refused(tmp_path):
    head, _, tail = TEXT.partition('id = "dossier.other"')
    conditioned = (
        head
        + 'id = "dossier.other"'
        + tail.replace('next = "extract"\n', 'next = "extract"\n[rule.when]\nlocked = true\n', 1)
    )
    with pytest.raises(AccessTableError, match="last rule"):
        loaded(tmp_path, conditioned)


def test_a_rule_behind_one_that_always_holds_is_refused(tmp_path):
    with pytest.raises(AccessTableError, match="never tried"):
        loaded(tmp_path, TEXT.replace('[rule.when]\naccount = ["anonymous"]\n', "", 1))


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(AccessTableError, match=r"gone\.toml"):
        load_rules(tmp_path / "gone.toml")


def test_every_next_step_is_used():
    assert {rule.next for rule in RULES.rule} == set(NextStep)


def test_a_condition_on_a_paper_is_refused_in_a_rule_for_the_whole_dossier(tmp_path):
    with pytest.raises(AccessTableError, match=r"dossier\.moved: granted can only be asked of a single paper"):
        loaded(tmp_path, TEXT.replace('statuses = ["moved_out"]', 'statuses = ["moved_out"]\ngranted = true'))
