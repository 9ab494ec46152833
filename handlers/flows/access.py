"""Who may see what: one pure function over the access table. Every page, order and download obeys it.

`decide` gathers the facts as plain JSON-able values (no names, no numbers), `_judge` applies the table to the facts
alone; so `replay` gives the stored decision again from what it stored.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from conf.access import AccessTable, NextStep, Rule, RuleVersionGone, Scope, When, rules_at, table_of
from conf.clock import beijing
from conf.terms import (
    AccountKind,
    CompanyStatus,
    FilingKind,
    IdentityLevel,
    OrganKind,
    Outcome,
    PersonRole,
    PurposeCode,
)
from store.records import Account, Company, Decision, Document, DocumentDecision, Grant, LawyerClaim, Person, Purpose
from store.records.government import OrganCase, Unit

Facts = dict[str, Any]

_LICENCE = re.compile(r"[0-9]{17}")
_BREAKS = re.compile(r"[^\w·]+")


def decide(
    account: Account | None,
    company: Company,
    documents: Sequence[Document],
    purpose: Purpose,
    now: datetime,
    *,
    grants: Iterable[Grant] = (),
    rules: AccessTable | None = None,
) -> Decision:
    """What `account` may see of `documents` of `company`, asked for `purpose` at `now` (aware UTC).

    Overall: review if any paper waits for review, else permit if any is open, else refuse; without papers the
    dossier as a whole. `rules`: the table that counts at `now`, unless one is given.
    Ground: 市场主体登记管理条例实施细则 Art. 59-62, as told rule by rule in conf/access.toml.
    """
    rules = rules or rules_at(now)
    return _judge(_gather(account, company, documents, purpose, now, grants=grants, rules=rules), rules)


def decide_extract(
    account: Account | None, company: Company, now: datetime, *, rules: AccessTable | None = None
) -> Decision:
    """Whether `account` may read the machine-readable extract (机读档案) of `company`."""
    rules = rules or rules_at(now)
    purpose = Purpose(code=PurposeCode.OWN_AFFAIRS)
    return _judge(_gather(account, company, (), purpose, now, grants=(), rules=rules, scope=Scope.EXTRACT), rules)


def decide_organ(
    unit: Unit,
    case: OrganCase,
    company: Company,
    documents: Sequence[Document],
    now: datetime,
    *,
    filing_kinds: Mapping[str, FilingKind],
    scope: Scope = Scope.DOSSIER,
    rules: AccessTable | None = None,
) -> Decision:
    """What a unit at work on `case` may see; `filing_kinds` by filing id says what each paper was filed for.

    Ground: 实施细则 Art. 60 (1) and last clause, rule by rule in conf/access.toml (`*.organ.*`).
    """
    rules = rules or rules_at(now)
    purpose = Purpose(code=PurposeCode.OTHER)
    facts = _gather(None, company, documents, purpose, now, grants=(), rules=rules, scope=scope)
    known = {document.id: document for document in documents}
    for paper in facts["documents"]:
        paper["in_category"] = _is_in_category(unit, known[paper["id"]], filing_kinds)
    allowed = unit.scope
    organ = {
        "unit": unit.id,
        "kind": str(unit.kind),
        "case": case.no,
        "case_open": case.closed_at is None and not unit.disabled,
        "scoped": allowed is not None,
        "until": allowed.until.isoformat() if allowed else "",
        "covers": bool(allowed and (allowed.all_companies or company.uscc in allowed.usccs)),
        "today": beijing(now).date().isoformat(),
    }
    return _judge(facts | {"account": "organ", "organ": organ}, rules)


def replay(decision: Decision, *, rules: AccessTable | None = None) -> Decision:
    """The same decision again, from its facts alone, under the table of its version.

    Raises RuleVersionGone when that version is not known, or `rules` is given and is another.
    """
    rules = rules or table_of(decision.rule_version)
    if decision.rule_version != rules.version:
        raise RuleVersionGone(wanted=decision.rule_version, given=rules.version)
    return _judge(decision.facts, rules)


def would_be(decision: Decision, rules: AccessTable) -> Decision:
    """What the same facts come to under another table: for trying out a draft."""
    return _judge(decision.facts, rules)


def rule_of(rule_id: str, *, rules: AccessTable) -> Rule:
    """The rule a decision or one of its papers names: its sentences and the next step."""
    return rules.by_id(rule_id)


def needed_level(decision: Decision) -> IdentityLevel | None:
    """The level the visitor would have to be raised to, or None when a higher level changes nothing."""
    return table_of(decision.rule_version).by_id(decision.rule_id).needs_level


def next_step(decision: Decision) -> NextStep:
    return table_of(decision.rule_version).by_id(decision.rule_id).next


# -- the facts


def _gather(
    account: Account | None,
    company: Company,
    documents: Sequence[Document],
    purpose: Purpose,
    now: datetime,
    *,
    grants: Iterable[Grant],
    rules: AccessTable,
    scope: Scope = Scope.DOSSIER,
) -> Facts:
    roles = _roles(account, company, rules)
    return {
        "scope": str(scope),
        "account": str(account.kind) if account else "anonymous",
        "level": int(account.level) if account else 0,
        "is_company": _is_company(account, company),
        "roles": sorted({str(role) for role in roles}),
        "uscc": company.uscc,
        "status": str(company.status),
        "moved_to": company.moved_to,
        "locked": company.locked,
        "purpose": str(purpose.code),
        "lawyer": _claim(purpose.lawyer),
        "grants": [_grant(grant) for grant in _live(grants, account, company, now)],
        "documents": [_document(document, company, _own_name(account, roles)) for document in documents],
        "now": now.isoformat(),
    }


def _is_company(account: Account | None, company: Company) -> bool:
    return bool(account and account.kind is AccountKind.LEGAL and account.uscc and account.uscc == company.uscc)


def _roles(account: Account | None, company: Company, rules: AccessTable) -> list[PersonRole]:
    """Roles the register gives this account: name and number for people, the code alone for interested bodies."""
    if account is None:
        return []
    return [person.role for person in company.persons if _is_same(account, person, rules)]


def _is_same(account: Account, person: Person, rules: AccessTable) -> bool:
    if person.is_body != (account.kind is AccountKind.LEGAL):
        return False
    if person.id_number is None or not person.id_number.blind or person.id_number.blind != account.id_number.blind:
        return False
    if person.is_body and "interested" in rules.relations_of([person.role]):
        return True
    return bool(_plain(person.name)) and _plain(person.name) == _plain(account.name)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).replace("•", "·").replace("・", "·").split())


def _claim(claim: LawyerClaim | None) -> str:
    if claim is None:
        return "none"
    complete = claim.promised and claim.firm.strip() and claim.case_summary.strip()
    return "complete" if complete and _LICENCE.fullmatch(claim.licence_no) else "incomplete"


def _live(grants: Iterable[Grant], account: Account | None, company: Company, now: datetime) -> list[Grant]:
    if account is None:
        return []
    mine = [g for g in grants if g.account_id == account.id and g.uscc == company.uscc and g.until > now]
    return sorted(mine, key=lambda grant: grant.id)


def _grant(grant: Grant) -> Facts:
    return {
        "id": grant.id,
        "rule": grant.rule_id,
        "until": grant.until.isoformat(),
        "documents": sorted(grant.document_ids),
    }


def _own_name(account: Account | None, roles: list[PersonRole]) -> str:
    """The visitor's name, when the register knows this very person; else empty."""
    return _plain(account.name) if account and roles and account.kind is AccountKind.NATURAL else ""


def _document(document: Document, company: Company, own_name: str) -> Facts:
    parts = {_plain(part) for part in _BREAKS.split(document.title)}
    return {
        "id": document.id,
        "kind": document.kind,
        "flags": sorted(str(flag) for flag in document.flags),
        "elsewhere": document.uscc != company.uscc,
        "names_visitor": bool(own_name) and own_name in parts,
    }


def _is_in_category(unit: Unit, document: Document, filing_kinds: Mapping[str, FilingKind]) -> bool:
    """No kinds named in the scope: every kind."""
    scope = unit.scope
    if scope is None:
        return True
    fits_filing = not scope.filing_kinds or filing_kinds.get(document.filing_id) in scope.filing_kinds
    return fits_filing and (not scope.document_kinds or document.kind in scope.document_kinds)


# -- the judgement


def _judge(facts: Facts, rules: AccessTable) -> Decision:
    """Apply the table to facts alone: total, and the same answer for the same facts."""
    known, of_papers = _known(facts, rules), rules.of(Scope.DOCUMENT)
    whole = _first(rules.of(Scope(facts["scope"])), known)
    assert whole is not None  # load_rules proves that the last rule of a scope always holds
    papers = [
        (paper["id"], _first(of_papers, known | _known_of_paper(paper, facts, known, rules)) or whole)
        for paper in facts["documents"]
    ]
    leading = _leading(whole, [rule for _, rule in papers])
    return Decision(
        outcome=leading.outcome,
        rule_id=leading.id,
        rule_version=rules.version,
        ground=leading.ground,
        says=spoken(leading.says, facts["moved_to"]),
        remedy=spoken(leading.remedy, facts["moved_to"]),
        facts=facts,
        documents=tuple(
            DocumentDecision(document_id=name, outcome=rule.outcome, rule_id=rule.id) for name, rule in papers
        ),
        decided_at=datetime.fromisoformat(facts["now"]),
    )


def _leading(whole: Rule, papers: list[Rule]) -> Rule:
    """The rule that speaks for all: of the outcome that leads, the dossier's own before a single paper's."""
    for outcome in (Outcome.REVIEW, Outcome.PERMIT, Outcome.REFUSE):
        found = [rule for rule in papers if rule.outcome is outcome]
        if found:
            return whole if whole.outcome is outcome else found[0]
    return whole


def spoken(sentence: str, moved_to: str) -> str:
    """A sentence of the table with the receiving registry named."""
    return sentence.replace("（{moved_to}）", f"（{moved_to}）" if moved_to else "")


def _first(candidates: Iterable[Rule], known: Facts) -> Rule | None:
    return next((rule for rule in candidates if _holds(rule.when, known)), None)


def _known(facts: Facts, rules: AccessTable) -> Facts:
    """What the facts say to each condition on visitor and company: single terms as one-element sets."""
    relations = set(rules.relations_of(PersonRole(role) for role in facts["roles"]))
    relations |= {"company"} if facts["is_company"] else set()
    return {
        "account": {facts["account"]},
        "relations": relations or {"none"},
        "level": facts["level"],
        "statuses": {CompanyStatus(facts["status"])},
        "locked": facts["locked"],
        "purposes": {PurposeCode(facts["purpose"])},
        "lawyer": {facts["lawyer"]},
        **_known_of_organ(facts.get("organ"), rules),
    }


def _known_of_organ(organ: Facts | None, rules: AccessTable) -> Facts:
    """Whether the rules name the organ, and how far its case and scope reach; nothing for everybody else."""
    if organ is None:
        return {"organs": set(), "reach": set()}
    is_named = OrganKind(organ["kind"]) in rules.organs.named
    if not organ["case_open"]:
        reach = "closed"
    elif organ["scoped"]:
        reach = "over" if organ["until"] < organ["today"] else "open" if organ["covers"] else "outside"
    else:
        reach = "open" if is_named else "none"
    return {"organs": {"named" if is_named else "other"}, "reach": {reach}}


def _known_of_paper(paper: Facts, facts: Facts, known: Facts, rules: AccessTable) -> Facts:
    """The same for the conditions on one paper."""
    covering = [grant for grant in facts["grants"] if paper["id"] in grant["documents"]]
    return {
        "flags": set(paper["flags"]),
        "concerned": _is_concerned(paper, known["relations"], rules) or _is_authority(known),
        "granted": bool(covering),
        "granted_under": {grant["rule"] for grant in covering},
        "elsewhere": paper["elsewhere"],
        "in_category": paper.get("in_category", True),
    }


def _is_authority(known: Facts) -> bool:
    """An organ the rules name, within its case: 个人信息保护法 Art. 34, sensitive papers are open to it."""
    return known["organs"] == {"named"} and known["reach"] == {"open"}


def _is_concerned(paper: Facts, relations: set[str], rules: AccessTable) -> bool:
    """A company's own papers concern the company and its heads; any other concerns the person its title names."""
    if paper["kind"] in rules.concern.company_kinds:
        return bool(relations & {"company", "head"})
    return bool(paper["names_visitor"])


def _holds(when: When, known: Facts) -> bool:
    return all(_meets(name, value, known) for name, value in when.given.items())


def _meets(name: str, value: Any, known: Facts) -> bool:
    if name == "level_from":
        return bool(known["level"] >= value)
    if name == "level_below":
        return bool(known["level"] < value)
    return bool(known[name] & set(value)) if isinstance(value, tuple) else known[name] == value
