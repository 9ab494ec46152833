"""Every collection has its row of retention; what is over its term goes, what is not or is still named stays."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from pymongo import MongoClient

from conf.errors import NotFound
from conf.settings import Settings
from conf.terms import AuditTag, BatchStatus, CaseCheck
from handlers.flows import retention
from store.indexes import INDEXES
from store.records.government import BatchLookup
from store.retention_terms import FILES, KEPT, How
from tests.desk import DATABASE, Desk
from tests.government import ID, a_case, a_unit, a_user, keep

DAY = timedelta(days=1)


def keep_terms(desk: Desk, **changes: Any) -> retention.Removed:
    settings = desk.settings.model_copy(update=changes)
    return desk.run(retention.keep_terms(desk.store, settings, desk.keys, now=desk.clock()))


@pytest.fixture
def db(desk: Desk) -> Any:
    with MongoClient[Any](desk.settings.mongo_url, tz_aware=True) as client:
        yield client[DATABASE]


# -- the table


def test_every_collection_has_a_row_and_every_row_a_collection() -> None:
    assert set(KEPT) == set(INDEXES), "a new collection says in store/retention_terms.py how long it is kept, and why"
    assert all(keep.why for keep in KEPT.values())


def test_every_row_can_be_carried_out() -> None:
    """Terms name settings, what goes along or with another has one, what ends by itself has a TTL or one row."""
    overwritten = {"rule_drafts", "leases", "tallies", "jobs"}
    for name, row in KEPT.items():
        assert all(setting in Settings.model_fields for setting in row.setting), name
        assert bool(row.setting) == (row.how in (How.BY_TERM, How.OWN_RULE)), name
        assert (row.due is not None) == (row.how is How.BY_TERM), name
        assert (row.parent in KEPT) == (row.how is How.WITH), name
        if row.how is How.BY_ITSELF and name not in overwritten:
            assert any("expireAfterSeconds" in model.document for model in INDEXES[name]), name
    along = {name for row in KEPT.values() for name, _ in row.along} | {f"{bucket}.files" for bucket in FILES}
    assert {name for name, row in KEPT.items() if row.how is How.WITH} == along | {"ratings", "followups"}


# -- a term each


@dataclass(frozen=True, kw_only=True)
class Example:
    """A row that ends at a moment, and what makes the same row one that has not ended."""

    name: str
    days: int
    row: Callable[[datetime], dict[str, Any]]
    open: dict[str, Any]


def _row(field: str, at: datetime, **values: Any) -> dict[str, Any]:
    return {field: at, **values}


WORK, CASES, AUDIT = 1096, 1827, 1096
EXAMPLES = [
    Example(name="tasks", days=WORK, row=partial(_row, "ended_at", is_open=False), open={"is_open": True}),
    Example(
        name="proposals", days=AUDIT, row=partial(_row, "ended_at", status="approved", kind="staff_roles"),
        open={"status": "open"},
    ),
    Example(name="front_notices", days=WORK, row=partial(_row, "ends_at"), open={"ends_at": None}),
    Example(
        name="units", days=CASES, row=partial(_row, "created_at", disabled=True, uscc="u"), open={"disabled": False}
    ),
    Example(
        name="unit_users", days=CASES, row=partial(_row, "created_at", disabled=True, login="l"),
        open={"disabled": False},
    ),
    Example(
        name="outbox", days=WORK, row=partial(_row, "done_at", status="delivered", order_no="", reference="r"),
        open={"status": "waiting"},
    ),
    Example(name="inbox", days=365, row=partial(_row, "received_at", status="applied"), open={"status": "waiting"}),
    Example(name="paper_loans", days=WORK, row=partial(_row, "returned_at", is_out=False), open={"is_out": True}),
    Example(
        name="differences", days=WORK, row=lambda at: {"settled_at": at, "seen_at": at, "state": "settled"},
        open={"state": "open"},
    ),
    Example(
        name="audit_checks", days=AUDIT, row=partial(_row, "started_at", status="whole"), open={"status": "running"}
    ),
    Example(name="accounts", days=AUDIT, row=partial(_row, "signed_in_at", subject="s"), open={"signed_in_at": None}),
    Example(
        name="organ_cases", days=CASES, row=lambda at: {"closed_at": at, "check": "in_order", "due_at": at, "no": "n"},
        open={"check": "pending"},
    ),
]  # fmt: skip


def test_every_term_has_an_example() -> None:
    assert {each.name for each in EXAMPLES} == {name for name, row in KEPT.items() if row.how is How.BY_TERM}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_what_is_over_goes_and_what_is_not_stays(desk: Desk, db: Any, example: Example) -> None:
    now, rows = desk.clock(), db[example.name]
    over, young = now - timedelta(days=example.days) - DAY, now - timedelta(days=example.days) + DAY

    def unique(id: str) -> dict[str, Any]:
        texts = {name: f"{value}{id}" for name, value in example.row(over).items() if name in _UNIQUE and value}
        return texts | {"_id": id}

    rows.insert_many(
        [
            example.row(over) | unique("over"),
            example.row(young) | unique("young"),
            example.row(over) | unique("open") | example.open,
        ]
    )
    assert keep_terms(desk).records == 1
    assert {row["_id"] for row in rows.find({"_id": {"$in": ["over", "young", "open"]}})} == {"young", "open"}
    assert desk.run(desk.tags()) == [AuditTag.RETENTION_APPLIED]
    [told] = desk.run(desk.store.audit.events())
    assert (told.subject, told.fields["count"]) == (example.name, 1)
    assert keep_terms(desk).records == 0


_UNIQUE = ("uscc", "login", "subject", "no", "reference")


def test_what_another_record_names_stays_until_that_is_gone(desk: Desk, db: Any) -> None:
    """An account with an order, a message of an order, a unit and its person with a case."""
    old = desk.clock() - timedelta(days=4000)
    account = desk.run(desk.account("legal_representative"))
    order = desk.run(desk.settled(account))
    db["accounts"].update_one({"_id": account.id}, {"$set": {"signed_in_at": old}})
    db["links"].insert_one({"_id": "shb:1", "account_id": account.id})
    db["outbox"].insert_one({"_id": "m", "reference": "m", "order_no": order.no, "status": "delivered", "done_at": old})
    desk.run(
        keep(desk.store, a_unit(desk.store, old, disabled=True), a_user(desk.store, old, disabled=True), a_case(old))
    )
    assert keep_terms(desk).records == 0
    db["orders"].delete_many({})
    db["organ_cases"].delete_many({})
    keep_terms(desk)
    keep_terms(desk)  # the unit goes once its people are gone
    assert [db[name].count_documents({}) for name in ("accounts", "links", "unit_users", "units")] == [0, 0, 0, 0]
    assert db["outbox"].count_documents({"_id": "m"}) == 0


def test_an_account_never_goes_before_the_evidence_found_by_its_number(desk: Desk, db: Any) -> None:
    account = desk.run(desk.account("stranger"))
    desk.clock.forward(days=1000)
    assert keep_terms(desk, retention_accounts_days=183).records == 0
    assert db["accounts"].find_one({"_id": account.id})
    assert keep_terms(desk, retention_accounts_days=183, retention_audit_days=900).records == 1


def test_proposals_whose_outcome_is_kept_for_good_stay_with_it(desk: Desk, db: Any) -> None:
    ended = {"status": "approved", "ended_at": desk.clock() - timedelta(days=4000)}
    db["proposals"].insert_many(
        [ended | {"_id": kind, "kind": kind} for kind in ("rules", "destruction", "unit_access")]
    )
    assert keep_terms(desk).records == 1
    assert db["proposals"].distinct("_id") == ["destruction", "rules"]


def test_a_link_nobody_used_is_forgotten_and_its_person_stays(desk: Desk, db: Any) -> None:
    now = desk.clock()
    for id, until in (("late", now - DAY), ("open", now + DAY)):
        db["staff"].insert_one({"_id": id, "login": id, "link_digest": "d", "link_until": until})
    keep_terms(desk)
    assert {row["_id"]: row["link_digest"] for row in db["staff"].find()} == {"late": "", "open": "d"}


# -- cases of organs, their letters and results


def a_batch(now: datetime, sha256: str, **changes: Any) -> BatchLookup:
    made = BatchLookup(
        id="ZWP20261121-AAAAAA", case_id=ID, case_no="1", unit_id=ID, unit_name="样例区人民法院", user_id="u",
        usccs=("91440106MA59ABCD1X",), status=BatchStatus.READY, created_at=now, decided_by="s", decided_name="样例",
        decided_at=now, note="", sha256=sha256, size=3, cert_sn="1", ready_at=now, attempts=1, fault="", free_at=now,
        companies=1,
    )  # fmt: skip
    return replace(made, **changes)


def test_a_case_goes_with_its_looks_and_files_and_its_result_goes_on_answering(desk: Desk, db: Any) -> None:
    """A letter two cases name stays until the second is gone; of the look-up only what verifies it is left."""
    store, now = desk.store, desk.clock()
    shared, own = (desk.run(store.organ_cases.put_letter(content, "image/jpeg")) for content in (b"shared", b"own"))
    result = desk.run(store.batches.put_file(b"pdf"))
    letter = replace(a_case(now).letter, sha256=shared, pages=(own,))
    other = replace(letter, pages=())
    done = a_case(now, letter=letter, closed_at=now, check=CaseCheck.IN_ORDER)
    desk.run(keep(store, a_unit(store, now), a_user(store, now), done, a_case(now, id="0d" * 15, no="2", letter=other)))

    async def asked(tx: Any) -> None:
        await store.batches.add(a_batch(now, result), tx)

    desk.run(store.atomically(asked))
    db["organ_views"].insert_one({"_id": "v", "case_id": ID})
    desk.clock.forward(days=CASES)
    assert keep_terms(desk).records == 0, "the day its term ends it is still there"
    desk.clock.forward(days=1)
    removed = keep_terms(desk)
    assert (removed.records, removed.unnamed) == (1, 2), "the page only this letter had, and the result"
    assert desk.run(store.organ_cases.letter(shared)) == b"shared"
    for gone in (store.organ_cases.letter(own), store.batches.file(result)):
        with pytest.raises(NotFound):
            desk.run(gone)
    assert db["organ_views"].count_documents({}) == 0
    left = desk.run(store.batches.by_id("ZWP20261121-AAAAAA"))
    assert left is not None
    assert (left.sha256, left.companies, left.ready_at, left.file_gone) == (result, 1, now, True)
    assert (left.usccs, left.user_id, left.case_no, left.unit_name) == ((), "", "", "")
    db["organ_cases"].update_one({}, {"$set": {"closed_at": now - DAY}})
    assert keep_terms(desk).unnamed == 1
    with pytest.raises(NotFound):
        desk.run(store.organ_cases.letter(shared))


@pytest.mark.parametrize(
    "changes", [{"closed_at": None}, {"check": CaseCheck.PENDING, "looked": True}], ids=["open", "looked at, unchecked"]
)
def test_a_case_that_is_open_or_unchecked_stays(desk: Desk, changes: dict[str, Any]) -> None:
    now = desk.clock()
    looked = {"looked_at": now, "due_at": now} if changes.pop("looked", False) else {}
    case = a_case(now, **{"closed_at": now, "check": CaseCheck.IN_ORDER} | changes | looked)
    desk.run(keep(desk.store, a_unit(desk.store, now), a_user(desk.store, now), case))
    desk.clock.forward(days=5000)
    assert keep_terms(desk).records == 0
    assert desk.run(desk.store.organ_cases.by_id(ID)) is not None


def test_a_case_whose_batch_still_waits_stays(desk: Desk) -> None:
    now, store = desk.clock(), desk.store
    desk.run(keep(store, a_unit(store, now), a_user(store, now), a_case(now, closed_at=now)))

    async def asked(tx: Any) -> None:
        await store.batches.add(a_batch(now, "", status=BatchStatus.APPROVED), tx)

    desk.run(store.atomically(asked))
    desk.clock.forward(days=5000)
    assert keep_terms(desk).records == 0


# -- files


def test_answers_go_with_the_last_order_that_names_them(desk: Desk, db: Any) -> None:
    store = desk.store
    orders = [desk.run(desk.settled(desk.run(desk.account(role)))) for role in ("legal_representative", "shareholder")]
    kept = desk.run(store.reviews.put_file(b"what the visitor sent"))
    for order in orders:
        question = {"files": [{"kept_as": kept}], "text": "?"}
        db["orders"].update_one({"_id": order.no}, {"$set": {"review.questions": [question]}})
    desk.clock.forward(days=1)
    assert keep_terms(desk).unnamed == 0
    db["orders"].delete_one({"_id": orders[0].no})
    assert keep_terms(desk).unnamed == 0, "the other order names it still"
    db["orders"].delete_one({"_id": orders[1].no})
    assert keep_terms(desk).unnamed == 1
    assert db["answers.chunks"].count_documents({}) == 0


def test_a_file_wanted_again_is_not_swept_before_its_record_is_written(desk: Desk) -> None:
    """The same letter handed in again, long after the first one's case went: its time begins anew."""
    store = desk.store
    first = desk.run(store.organ_cases.put_letter(b"letter", "image/jpeg"))
    desk.clock.forward(days=2)
    assert desk.run(store.organ_cases.put_letter(b"letter", "image/jpeg")) == first
    assert keep_terms(desk).unnamed == 0
    assert desk.run(store.organ_cases.letter(first)) == b"letter"
    desk.clock.forward(hours=2)
    assert keep_terms(desk).unnamed == 1
    assert first == hashlib.sha256(b"letter").hexdigest()
