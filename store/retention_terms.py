"""How long each collection keeps its rows, and why: one row a collection of store/indexes.py, none left out.

Read by store/retention.py and handlers/flows/retention.py, which remove what is due; a test
(tests/flows/test_retention_table.py) refuses a collection without a row.
Grounds: 个人信息保护法 Art. 19 (the shortest time the purpose needs), 网络安全法 Art. 21 (logs, at least six months),
档案法 and 《经营主体登记档案管理办法》 (the dossier itself), GB/T 35273 (handing personal data on: three years).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from conf.terms import CaseCheck, CheckStatus, InboxStatus, OutboxStatus, ProposalKind, ProposalStatus
from store.connection import Row


class How(StrEnum):
    """In which way rows of a collection come to their end."""

    FOR_GOOD = "for good"
    BY_ITSELF = "by itself"  # a TTL index, or overwritten
    WITH = "with"  # goes with the row it belongs to, or with the last that names it
    BY_TERM = "by term"  # a rule of its own here
    OWN_RULE = "own rule"  # a step of its own in store/retention.py or store/audit_trim.py
    BY_LIST = "by list"  # a list two people approve; never automatic


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A row stays while another collection's `field` names its `mine`; `only` narrows which of those rows count."""

    collection: str
    field: str
    mine: str = "_id"
    only: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Keep:
    """The row of one collection. `due` gives what is over, asked with the moment `setting` days ago (the longest of
    several); `unless` keeps what is still named; `along` are (collection, field) that go with it; `parent` with WITH.
    """

    how: How
    why: str
    setting: tuple[str, ...] = ()
    due: Callable[[datetime], Row] | None = None
    unless: tuple[Reference, ...] = ()
    along: tuple[tuple[str, str], ...] = ()
    parent: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Naming:
    """Which records name the files of a bucket, by which fields."""

    collection: str
    fields: tuple[str, ...]
    only: Mapping[str, object] | None = None


#: Proposals whose outcome stays for good, and names them.
LASTING = (
    ProposalKind.SETTING, ProposalKind.TEXT, ProposalKind.HOLIDAYS, ProposalKind.RULES, ProposalKind.SEAL_ADD,
    ProposalKind.SIGNATORY, ProposalKind.DESTRUCTION,
)  # fmt: skip

_ORDERS, _CASES, _WORK = ("retention_orders_days",), ("retention_cases_days",), ("retention_work_days",)
_COUNTS = "counts only, about nobody"
_PROOF = "what proves the evidence that is kept"
_DOSSIER = "the dossier: while the company is registered and twenty years after; ended by a list two people approve"


def _good(why: str) -> Keep:
    return Keep(how=How.FOR_GOOD, why=why)


def _list(why: str = _DOSSIER) -> Keep:
    return Keep(how=How.BY_LIST, why=why)


def _gone(why: str) -> Keep:
    return Keep(how=How.BY_ITSELF, why=why)


def _with(parent: str, why: str) -> Keep:
    return Keep(how=How.WITH, parent=parent, why=why)


def _ended(field: str, **also: object) -> Callable[[datetime], Row]:
    """Rows whose `field` is a moment before that one; a row without one has not ended."""
    return lambda before: {field: {"$lt": before}, **also}


KEPT: dict[str, Keep] = {
    # -- the registry
    "companies": _list(),
    "name_search": _list("made from the company, changes with it"),
    "filings": _list(),
    "pages": _list(),
    "page_sizes": _list("made from the scans"),
    "scans.files": _list(),
    "renditions.files": _list("made from the scans"),
    "move_outs": _good("where a dossier went (实施细则 Art. 62) is asked for as long as anybody looks for it"),
    "tasks": Keep(
        how=How.BY_TERM, setting=_WORK, due=_ended("ended_at", is_open=False),
        why="the visitor's words have served once the answer is read and complaints about it are over",
    ),
    # -- visitors, staff, machines
    "accounts": Keep(
        how=How.BY_TERM, setting=("retention_accounts_days", "retention_audit_days"), due=_ended("signed_in_at"),
        unless=(
            Reference(collection="orders", field="account_id"),
            Reference(collection="tasks", field="account_id"),
            Reference(collection="grants", field="account_id"),
        ),
        along=(("links", "account_id"),),
        why="a visitor who has not come back; never before the evidence that is found by their number",
    ),
    "links": _with("accounts", "says nothing without the account"),
    "grants": Keep(
        how=How.OWN_RULE, setting=_ORDERS, why="a permission that ended proves as long as the order that brought it"
    ),
    "sessions": _gone("its absolute limit"),
    "staff": _good(
        "who acted is named by id in records kept for good, and a login is never given twice; spent links are cleared"
    ),
    "proposals": Keep(
        how=How.BY_TERM, setting=("retention_audit_days",),
        due=_ended(
            "ended_at", status={"$ne": ProposalStatus.OPEN.value},
            kind={"$nin": [kind.value for kind in LASTING]},
        ),
        why="who asked and who approved stands in the audit too; those whose outcome is kept for good stay with it",
    ),
    "tuned": _good("which value counted on a day is asked as long as copies are verified"),
    "signatories": _good("whose name stands on certificates, which are kept"),
    "rule_sets": _good("a decision is replayed under the version it was made by"),
    "rule_drafts": _gone("the one draft, overwritten"),
    "front_notices": Keep(
        how=How.BY_TERM, setting=_WORK, due=_ended("ends_at"), why="was public, and is over"
    ),
    # -- government users
    "units": Keep(
        how=How.BY_TERM, setting=_CASES, due=_ended("created_at", disabled=True),
        unless=(
            Reference(collection="organ_cases", field="unit_id"),
            Reference(collection="unit_users", field="unit_id"),
            Reference(collection="proposals", field="about", only={"status": ProposalStatus.OPEN.value}),
        ),
        why="a unit that was shut: its contact's name and telephone serve nobody once its cases are gone",
    ),
    "unit_users": Keep(
        how=How.BY_TERM, setting=_CASES, due=_ended("created_at", disabled=True),
        unless=(
            Reference(collection="organ_cases", field="user_id"),
            Reference(collection="batch_lookups", field="user_id"),
        ),
        why="a shut account: nothing names the person any more once their cases are gone; spent links are cleared",
    ),
    "organ_cases": Keep(
        how=How.BY_TERM, setting=_CASES,
        due=lambda before: {
            "closed_at": {"$lt": before},
            "$or": [{"check": {"$ne": CaseCheck.PENDING.value}}, {"due_at": None}],  # never looked: nothing to check
        },
        unless=(
            Reference(
                collection="batch_lookups", field="case_id", only={"status": {"$in": ["waiting", "approved"]}}
            ),
        ),
        along=(("organ_views", "case_id"),),
        why="who was given what: three years at least (GB/T 35273); an unchecked case stays until it is checked",
    ),
    "organ_views": _with("organ_cases", "the looks of the case"),
    "letters.files": _with("organ_cases", "until no case names the file"),
    "batch_lookups": Keep(
        how=How.OWN_RULE, setting=_CASES,
        why="stripped with its case to what answers who verifies the file: digest, date, how many, kind of unit",
    ),
    "batch_files.files": _with("batch_lookups", "until no look-up names the file"),
    "terminals": _good("a machine; the audit names it, and its number is never given twice"),
    "leases": _gone("seconds"),
    "limits": _gone("one window"),
    "codes": _gone("a day"),
    "code_counts": _gone("two days"),
    # -- orders and what follows from them
    "orders": Keep(how=How.OWN_RULE, setting=_ORDERS, why="complaints and suits about what was handed out are over"),
    "answers.files": _with("orders", "until no question of an order names the file"),
    "copies": _good("answer whoever verifies a copy, long after its file is gone"),
    "copy_files.files": Keep(
        how=How.OWN_RULE, setting=("retention_copies_days",), why="no longer valid; what proves it is the record"
    ),
    "seals": _good("which certificate a copy carries, and that it was in use then"),
    "ratings": _with("orders", "of the order"),
    "followups": _with("orders", "of the order"),
    "outbox": Keep(
        how=How.BY_TERM, setting=_WORK,
        due=_ended("done_at", status={"$ne": OutboxStatus.WAITING.value}),
        unless=(Reference(collection="orders", field="_id", mine="order_no"),),
        why="messages of an order go with it, all others when what they told is long done",
    ),
    "inbox": Keep(
        how=How.BY_TERM, setting=("retention_inbox_days",),
        due=_ended("received_at", status={"$ne": InboxStatus.WAITING.value}),
        why="known so that a repeat changes nothing; nobody repeats after so long",
    ),
    "nonces": _gone("an hour"),
    # -- papers on the shelves
    "paper_volumes": _good("what became of a paper is asked after it is destroyed (档案法实施条例)"),
    "paper_locations": _good("places, nobody's data"),
    "paper_handovers": _good("who received which papers"),
    "paper_loans": Keep(
        how=How.BY_TERM, setting=_WORK, due=_ended("returned_at", is_out=False),
        why="the volume's history says it was out and came back; who had it is over with the term",
    ),
    "paper_destructions": _good("what was destroyed, by whose approval (销毁清单)"),
    # -- what other registers say
    "differences": Keep(
        how=How.BY_TERM, setting=_WORK,
        due=lambda before: {"state": "settled", "settled_at": {"$lt": before}, "seen_at": {"$lt": before}},
        why="settled and not found again since; an open one, or one found again, stays",
    ),
    "comparisons": _list("one row a company, overwritten"),
    "licence_scans": _gone("a day"),
    # -- numbers
    "tallies": _gone("seconds, folded"),
    "buckets": _good(_COUNTS),
    "company_buckets": _good("counts of look-ups, about companies"),
    "served": _good(_COUNTS),
    "recounts": _good(_COUNTS),
    # -- evidence
    "audit_events": Keep(
        how=How.OWN_RULE, setting=("retention_audit_days",), why="网络安全法 Art. 21: never before 183 days"
    ),
    "audit_blocks": _good(_PROOF),
    "audit_checks": Keep(
        how=How.BY_TERM, setting=("retention_audit_days",),
        due=_ended("started_at", status={"$ne": CheckStatus.RUNNING.value}), why="as the events it looked at",
    ),
    "audit_trees": _good(_PROOF),
    "audit_checkpoints": _good(_PROOF),
    "audit_trims": _good(_PROOF),
    # -- keeping it running
    "backups": _good("which backups were made and proven; about nobody"),
    "jobs": _gone("one row a job, overwritten"),
    "inspections": _good("reports about the machine; about nobody"),
}  # fmt: skip

#: Buckets whose files go when the last record that names them is gone; store/copies.py looks after those of copies.
FILES = {
    "answers": Naming(collection="orders", fields=("review.questions.files.kept_as",)),
    "letters": Naming(collection="organ_cases", fields=("letter.sha256", "letter.pages")),
    "batch_files": Naming(collection="batch_lookups", fields=("sha256",), only={"file_gone": {"$ne": True}}),
}
