"""The access table as typed, checked data; `handlers/flows/access.py` applies it, pages read its sentences.

`RULES` is the table of conf/access.toml. A table that is not whole stops the start with every fault at once.
"""

import tomllib
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from conf.errors import EqichaError
from conf.live import live
from conf.terms import CompanyStatus, DocumentFlag, IdentityLevel, OrganKind, Outcome, PersonRole, PurposeCode

TABLE = Path(__file__).with_name("access.toml")

#: Conditions on one paper; they mean nothing for a dossier or an extract as a whole.
PAPER_CONDITIONS = frozenset({"flags", "concerned", "granted", "granted_under", "elsewhere", "in_category"})

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
#: Far above any real table; checking more would hold up everybody else.
MOST_RULES = 400


class AccessTableError(EqichaError):
    """The table cannot be used: `faults` names every fault, one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("conf/access.toml:\n" + "\n".join(faults))
        self.faults = faults


class RuleVersionGone(EqichaError):
    """A decision was made under another version of the table than the one given; replay it with that version."""

    def __init__(self, *, wanted: str, given: str) -> None:
        super().__init__(f"the decision was made under access table {wanted}, but {given} was given; load {wanted}")
        self.wanted, self.given = wanted, given


class Scope(StrEnum):
    DOSSIER = "dossier"
    DOCUMENT = "document"
    EXTRACT = "extract"


class NextStep(StrEnum):
    """What a page can offer a visitor after a decision."""

    NONE = "none"
    SIGN_IN = "sign_in"
    RAISE_LEVEL = "raise_level"
    ORDER = "order"
    CLAIM = "claim"
    EXTRACT = "extract"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class When(_Strict):
    """Conditions on the facts; those given must all hold, None says nothing."""

    account: tuple[Literal["anonymous", "natural", "legal", "organ"], ...] | None = None
    relations: tuple[str, ...] | None = None
    level_from: IdentityLevel | None = None
    level_below: IdentityLevel | None = None
    statuses: tuple[CompanyStatus, ...] | None = None
    locked: bool | None = None
    purposes: tuple[PurposeCode, ...] | None = None
    lawyer: tuple[Literal["none", "incomplete", "complete"], ...] | None = None
    flags: tuple[DocumentFlag, ...] | None = None
    concerned: bool | None = None
    granted: bool | None = None
    granted_under: tuple[str, ...] | None = None
    elsewhere: bool | None = None
    organs: tuple[Literal["named", "other"], ...] | None = None
    reach: tuple[Literal["closed", "none", "over", "outside", "open"], ...] | None = None
    in_category: bool | None = None

    @cached_property
    def given(self) -> dict[str, Any]:
        """The conditions that say something, by name."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}


class Rule(_Strict):
    """One line of the table: `who` for staff, `ground` quotes the law, `says` and `remedy` are for the visitor."""

    id: Text
    scope: Scope
    who: Text
    outcome: Outcome
    ground: Annotated[str, StringConstraints(pattern=r"《.+》.*第.+条")]
    says: Annotated[str, StringConstraints(pattern=r"。$")]
    remedy: str
    next: NextStep
    needs_level: IdentityLevel | None = None
    when: When = When()

    @model_validator(mode="after")
    def _whole(self) -> "Rule":
        if self.outcome is not Outcome.PERMIT and not self.remedy:
            raise ValueError("says no, so it must say in `remedy` what would change that")
        if (self.next is NextStep.RAISE_LEVEL) != (self.needs_level is not None):
            raise ValueError('`needs_level` and next = "raise_level" go together')
        if not self.id.startswith(f"{self.scope}."):
            raise ValueError(f"the id of a {self.scope} rule begins with {self.scope!s}.")
        return self


class Concern(_Strict):
    company_kinds: tuple[Text, ...]


class Organs(_Strict):
    """Which organs the implementing rules name (实施细则 Art. 60 (1))."""

    named: tuple[OrganKind, ...]


class AccessTable(_Strict):
    """All rules of one version, in the order they are tried."""

    version: Text
    relations: dict[str, tuple[PersonRole, ...]]
    concern: Concern
    organs: Organs
    rule: tuple[Rule, ...] = Field(min_length=1)

    def of(self, scope: Scope) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rule if rule.scope is scope)

    def by_id(self, rule_id: str) -> Rule:
        """The rule of that id. Raises KeyError when this version has none."""
        return self._by_id[rule_id]

    @cached_property
    def _by_id(self) -> dict[str, Rule]:
        return {rule.id: rule for rule in self.rule}

    def relations_of(self, roles: Iterable[PersonRole]) -> frozenset[str]:
        """Groups of the register a person with these roles belongs to."""
        held = set(roles)
        return frozenset(group for group, members in self.relations.items() if held & set(members))


def load_rules(path: Path = TABLE) -> AccessTable:
    """Read and check a table. Raises AccessTableError naming every fault at once."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as fault:
        raise AccessTableError([str(fault)]) from None
    return parse_rules(text)


def parse_rules(text: str) -> AccessTable:
    """A table from its text. Raises AccessTableError naming every fault at once."""
    try:
        raw = tomllib.loads(text)
        if isinstance(rows := raw.get("rule"), list) and len(rows) > MOST_RULES:
            raise AccessTableError([f"rule: no more than {MOST_RULES}"])
        table = AccessTable.model_validate(raw)
    except tomllib.TOMLDecodeError as fault:
        raise AccessTableError([str(fault)]) from None
    except RecursionError:
        raise AccessTableError(["brackets within brackets go too deep"]) from None
    except ValidationError as fault:
        raise AccessTableError([_line(error) for error in fault.errors()]) from None
    if faults := list(_faults(table)):
        raise AccessTableError(faults)
    return table


def _line(error: Any) -> str:
    return ".".join(str(part) for part in error["loc"]) + f": {error['msg']}"


def _faults(table: AccessTable) -> Iterable[str]:
    ids = [rule.id for rule in table.rule]
    groups = {"company", "none", *table.relations}
    yield from (f"{name}: the id stands twice" for name in sorted({name for name in ids if ids.count(name) > 1}))
    for rule in table.rule:
        if rule.scope is not Scope.DOCUMENT and (misplaced := PAPER_CONDITIONS & rule.when.given.keys()):
            yield f"{rule.id}: {', '.join(sorted(misplaced))} can only be asked of a single paper"
        yield from (f"{rule.id}: no relation {name!r}" for name in rule.when.relations or () if name not in groups)
        yield from (f"{rule.id}: no rule {name!r}" for name in rule.when.granted_under or () if name not in ids)
    yield from _below_the_floor(table)
    for scope in (Scope.DOSSIER, Scope.EXTRACT):
        rules = table.of(scope)
        if not rules or rules[-1].when.given:
            yield f"{scope}: the last rule must hold always (no `when`), so that every case is decided"
        yield from (f"{rule.id}: rules after it are never tried" for rule in rules[:-1] if not rule.when.given)


def _below_the_floor(table: AccessTable) -> Iterable[str]:
    """What no version may give, whoever publishes it: dossiers to the nameless, internal papers to anybody.

    Ground: 实施细则 Art. 60 (an inquirer shows who they are); the archive's own working papers are no filed material.
    """
    for rule in table.of(Scope.DOSSIER):
        is_known = bool(rule.when.level_from) or "anonymous" not in (rule.when.account or ("anonymous",))
        if rule.outcome is Outcome.PERMIT and not is_known:
            yield f"{rule.id}: a dossier is not given to somebody nobody knows"
    for rule in table.of(Scope.DOCUMENT):
        if rule.outcome is Outcome.REFUSE and rule.when.given == {"flags": (DocumentFlag.INTERNAL,)}:
            return
        if rule.outcome is not Outcome.REFUSE:
            break
    yield "document: internal papers are refused before any paper is given"


RULES = load_rules()


def rules_at(now: datetime) -> AccessTable:
    """The table that counts at `now`: of the published ones the last to take effect, else that of the file."""
    published = [(each.effective_at, n, each.table) for n, each in enumerate(live().rules) if each.effective_at]
    begun = [each for each in published if each[0] <= now]
    return max(begun, key=lambda each: (each[0], -each[1]))[2] if begun else RULES


def rule_named(rule_id: str) -> Rule | None:
    """The rule of that id in the newest version that has it; None when none has."""
    tables = (*(each.table for each in live().rules), RULES)
    return next((rule for table in tables for rule in table.rule if rule.id == rule_id), None)


def table_of(version: str) -> AccessTable:
    """The table of a version, whether or not it still counts. Raises RuleVersionGone."""
    known = {each.table.version: each.table for each in live().rules} | {RULES.version: RULES}
    if version not in known:
        raise RuleVersionGone(wanted=version, given=RULES.version)
    return known[version]
