"""What organs at work on a case may see: named ones at once, others by approved scope; a no says what changes it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from conf.access import RULES, AccessTable, Scope
from conf.live import Live, RuleVersion, adopt, forget
from conf.terms import DocumentFlag, FilingKind, OrganKind, Outcome
from handlers.flows.access import decide_organ, replay
from handlers.flows.rules import changes
from store.records import Secret
from tests.access.cases import LOCKED, MOVED, NOW, OTHER_USCC, USCC, company, document
from tests.government import a_case, a_scope, a_unit

STORE: Any = SimpleNamespace(
    vault=SimpleNamespace(conceal=lambda plain, mask: Secret(blind=plain, masked=mask, token=b""))
)
KINDS = {"f1": FilingKind.ESTABLISHMENT}
NAMED = [kind for kind in OrganKind if kind is not OrganKind.OTHER]


def decided(unit, *papers, case=None, scope=Scope.DOSSIER, **changes):
    found = decide_organ(unit, case or a_case(NOW), company(**changes), papers, NOW, filing_kinds=KINDS, scope=scope)
    assert replay(found) == found, "a stored decision gives the same answer again"
    assert found.outcome is Outcome.PERMIT or found.remedy, "a no says what would change it"
    assert found.ground.startswith("《")
    return found


@pytest.mark.parametrize("kind", NAMED)
@pytest.mark.parametrize("scope", [Scope.DOSSIER, Scope.EXTRACT])
def test_an_organ_the_rules_name_sees_at_once(kind, scope):
    found = decided(a_unit(STORE, NOW, kind=kind), scope=scope)
    assert (found.outcome, found.rule_id) == (Outcome.PERMIT, f"{scope}.organ.named")


@pytest.fixture
def courts_not_named() -> Iterator[AccessTable]:
    """A published table that names no court any more, in force from this moment."""
    named = tuple(kind for kind in RULES.organs.named if kind is not OrganKind.COURT)
    table = RULES.model_copy(update={"version": "later", "organs": RULES.organs.model_copy(update={"named": named})})
    adopt(Live(rules=(RuleVersion(table=table, effective_at=NOW),)))
    yield table
    forget()


def test_a_published_table_decides_for_organs_too(courts_not_named: AccessTable) -> None:
    found = decided(a_unit(STORE, NOW, kind=OrganKind.COURT))
    assert (found.rule_id, found.rule_version) == ("dossier.organ.none", "later")
    assert decided(a_unit(STORE, NOW, kind=OrganKind.AUDIT)).outcome is Outcome.PERMIT
    assert "列明机关减少：court" in list(changes(RULES, courts_not_named)), "who publishes it must be told"


@pytest.mark.parametrize("scope", [Scope.DOSSIER, Scope.EXTRACT])
@pytest.mark.parametrize(
    ("allowed", "rule"),
    [
        (None, "none"),
        (a_scope(), "scoped"),
        (a_scope(USCC), "scoped"),
        (a_scope(OTHER_USCC), "outside"),
        (a_scope(until=date(2026, 11, 20)), "over"),
        (a_scope(until=date(2026, 11, 21)), "scoped"),  # the last day counts
    ],
)
def test_any_other_sees_what_was_approved(scope, allowed, rule):
    found = decided(a_unit(STORE, NOW, kind=OrganKind.OTHER, scope=allowed), scope=scope)
    assert found.rule_id == f"{scope}.organ.{rule}"
    assert (found.outcome is Outcome.PERMIT) == (rule == "scoped")


@pytest.mark.parametrize(
    ("rule", "allowed"), [("outside", a_scope(OTHER_USCC)), ("over", a_scope(until=date(2026, 1, 1)))]
)
def test_a_scope_binds_a_named_organ_too(rule, allowed):
    assert decided(a_unit(STORE, NOW, scope=allowed)).rule_id == f"dossier.organ.{rule}"


@pytest.mark.parametrize("scope", [Scope.DOSSIER, Scope.EXTRACT])
def test_nothing_opens_once_the_case_is_closed_or_the_unit_is_shut(scope):
    closed = a_case(NOW, closed_at=NOW)
    assert decided(a_unit(STORE, NOW), case=closed, scope=scope).rule_id == f"{scope}.organ.closed"
    assert decided(a_unit(STORE, NOW, disabled=True), scope=scope).outcome is Outcome.REFUSE


def test_papers_outside_the_categories_stay_shut_and_the_others_open():
    by_paper = a_unit(STORE, NOW, scope=a_scope(document_kinds=("章程",)))
    found = decided(by_paper, document("d1"), document("d2", kind="申请书"))
    assert [(each.outcome, each.rule_id) for each in found.documents] == [
        (Outcome.PERMIT, "dossier.organ.named"), (Outcome.REFUSE, "document.organ.category"),
    ]  # fmt: skip
    by_filing = a_unit(STORE, NOW, scope=a_scope(filing_kinds=(FilingKind.CHANGE,)))
    assert decided(by_filing, document("d1")).documents[0].rule_id == "document.organ.category"


def test_internal_papers_open_to_no_organ_and_sensitive_ones_to_named_organs_only():
    inner, private = document("d1", DocumentFlag.INTERNAL), document("d2", DocumentFlag.SENSITIVE)
    named = decided(a_unit(STORE, NOW), inner, private)
    assert [each.rule_id for each in named.documents] == ["document.internal", "dossier.organ.named"]
    other = decided(a_unit(STORE, NOW, kind=OrganKind.OTHER, scope=a_scope()), private)
    assert [each.rule_id for each in other.documents] == ["document.sensitive"]
    shut = decided(a_unit(STORE, NOW, scope=a_scope(OTHER_USCC)), private)
    assert shut.documents[0].outcome is Outcome.REFUSE, "outside its scope a named organ is no authority"


def test_a_moved_company_is_shut_to_all_and_a_locked_one_open_to_named_organs():
    assert decided(a_unit(STORE, NOW), **MOVED).rule_id == "dossier.moved"
    assert decided(a_unit(STORE, NOW), **LOCKED).rule_id == "dossier.organ.named"
    other = replace(a_unit(STORE, NOW), kind=OrganKind.OTHER, scope=a_scope())
    assert decided(other, **LOCKED).rule_id == "dossier.organ.locked"
