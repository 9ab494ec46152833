"""The auditor's questions: right answers in order, slice by slice, each by an index; proofs by blocks."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from conf.errors import IntegrityFault, Invalid
from conf.terms import AuditTag, Channel
from store import Store
from store import audit_proofs as proofs
from store.audit_search import _NEWEST_FIRST, _asked
from store.merkle import leaf_hash, tree_root, verify_inclusion
from store.records import AuditEvent
from store.records.audit import AuditQuery
from tests.conftest import Clock
from tests.store.conftest import DATABASE
from tests.store.things import T0, USCC, an_event

ORDER, COPY = "TH20261121-7K3M9Q", "THC20261121-7K3M9Q"
MOVED = {"from": "submitted", "to": "permitted"}
SEALED = {"order_no": ORDER, "sha256": "0" * 64, "pages": 3, "cert_sn": "01"}


def write(store: Store, run: Any, clock: Clock) -> list[AuditEvent]:
    """Some events a minute apart, two of them in the same millisecond."""
    rows: list[dict[str, Any]] = [
        an_event(0),
        an_event(1, fields={"size": "view", "rule": "own", "uscc": USCC, "inquirer": "head", "purpose": "bidding"}),
        an_event(2, tag=AuditTag.DOSSIER_LISTED, subject=USCC, fields={"rule": "own"}, outcome="permit"),
        an_event(3, tag=AuditTag.ORDER_MOVED, subject=ORDER, fields=MOVED, channel=Channel.KIOSK),
        an_event(4, tag=AuditTag.COPY_SEALED, subject=COPY, fields=SEALED, channel=Channel.WORKER),
        an_event(5, tag=AuditTag.COPY_WITHDRAWN, subject=COPY, fields={"order_no": ORDER, "reason": "样例理由"}),
    ]
    made = []
    for n, row in enumerate(rows):
        made.append(run(store.audit.append(**row)))
        if n != 3:
            clock.forward(minutes=1)
    return made


QUESTIONS: dict[str, tuple[AuditQuery, set[int]]] = {
    "everything": (AuditQuery(), {0, 1, 2, 3, 4, 5}),
    "company": (AuditQuery(uscc=USCC), {1, 2}),
    "order": (AuditQuery(order_no=ORDER), {3, 4, 5}),
    "company and order": (AuditQuery(uscc=USCC, order_no=ORDER), set()),
    "tag": (AuditQuery(tag=AuditTag.PAGE_VIEWED), {0, 1}),
    "outcome": (AuditQuery(outcome="permit"), {2}),
    "channel": (AuditQuery(channel=Channel.WORKER), {4}),
    "time": (AuditQuery(since=T0 + timedelta(minutes=2), until=T0 + timedelta(minutes=4)), {2, 3, 4}),
    "several": (AuditQuery(uscc=USCC, tag=AuditTag.DOSSIER_LISTED, since=T0), {2}),
}


@pytest.fixture(autouse=True)
def _at(store_clock: Clock) -> Any:
    before, store_clock.now = store_clock.now, T0
    yield
    store_clock.now = before


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_finds_what_it_asks_newest_first(store: Store, run: Any, store_clock: Clock, name: str) -> None:
    made = write(store, run, store_clock)
    query, wanted = QUESTIONS[name]
    found = run(store.audit_search.find(query))
    assert [event.id for event in found.events] == [made[n].id for n in sorted(wanted, reverse=True)]
    assert found.after == ""


def test_a_person_is_found_under_all_hashes_and_nobody_else(store: Store, run: Any, store_clock: Clock) -> None:
    made = write(store, run, store_clock)
    keys = tuple(store.vault.person_key(f"acc-{n}") for n in (2, 4))
    assert [e.id for e in run(store.audit_search.find(AuditQuery(who=keys))).events] == [made[4].id, made[2].id]
    assert run(store.audit_search.find(AuditQuery(who=("0" * 64,)))).events == ()


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_slices_join_to_the_whole_even_within_one_millisecond(
    store: Store, run: Any, store_clock: Clock, batch: int
) -> None:
    made = write(store, run, store_clock)
    for query in (AuditQuery(), AuditQuery(order_no=ORDER)):
        seen: list[str] = []
        after = ""
        while True:
            found = run(store.audit_search.find(query, after=after, batch=batch))
            seen += [event.id for event in found.events]
            after = found.after
            if not after:
                break
        assert seen == [event.id for event in reversed(made[3:] if query.order_no else made)]
    for wrong in ("x", "1~$ne", "~", "9" * 20 + "~a"):
        with pytest.raises(Invalid):
            run(store.audit_search.find(AuditQuery(), after=wrong))


@pytest.mark.parametrize("name", [*QUESTIONS, "person", "second slice"])
def test_each_question_goes_by_an_index_without_sorting(
    store: Store, run: Any, store_clock: Clock, mongo_url: str, name: str
) -> None:
    made = write(store, run, store_clock)
    query, _ = QUESTIONS.get(name, (AuditQuery(who=("0" * 64, "1" * 64)), set()))
    after = f"1795226400000~{made[3].id}" if name == "second slice" else ""
    with MongoClient[Any](mongo_url, tz_aware=True) as client:
        found = client[DATABASE]["audit_events"].find(_asked(query, after)).sort(_NEWEST_FIRST).limit(51)
        plan = str(found.explain()["queryPlanner"]["winningPlan"])
    assert "'IXSCAN'" in plan
    assert "COLLSCAN" not in plan
    if name != "company and order":  # the events of one order are few enough to sort
        assert "'SORT'" not in plan, plan


def test_looks_at_a_company_come_in_one_question_and_by_an_index(
    store: Store, run: Any, store_clock: Clock, mongo_url: str
) -> None:
    made = write(store, run, store_clock)
    tags = (AuditTag.PAGE_VIEWED, AuditTag.DOSSIER_LISTED)
    assert [e.id for e in run(store.audit_search.of_company(USCC, tags))] == [made[2].id, made[1].id]
    until = made[2].at
    assert [e.id for e in run(store.audit_search.of_company(USCC, tags, until=until))] == [made[1].id]


# -- proofs


def sign(text: bytes) -> tuple[str, bytes]:
    return "key", text[:3]


def test_a_proof_by_blocks_leads_to_the_root_of_the_whole_tree(
    store: Store, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proofs, "BLOCK", 8)
    monkeypatch.setattr(proofs, "BLOCKS_ON_DEMAND", 50)
    made = []
    for count in (1, 6, 1, 1, 22, 9):  # sizes 1, 7, 8, 9, 31, 40: inside, at and beyond the borders of blocks
        made += [run(store.audit.append(**an_event(n))) for n in range(count)]
        run(store.audit.sequence("p"))
        run(store.audit.checkpoint(sign))
    leaves = [bytes.fromhex(event.leaf) for event in run(store.audit.events(0, 100))]
    for checkpoint in run(store.audit.checkpoints()):
        assert checkpoint.root == tree_root(leaves[: checkpoint.size]).hex()
        for position in range(checkpoint.size):
            proof = run(store.audit_proofs.prove(made[position].id, checkpoint))
            path = [bytes.fromhex(one) for one in proof.path]
            leaf, root = leaf_hash(proof.content.encode()), bytes.fromhex(checkpoint.root)
            assert verify_inclusion(leaf, position, size=checkpoint.size, proof=path, root=root)
        assert run(store.audit_proofs.prove(made[-1].id, checkpoint)) is None or checkpoint.size == len(made)
    assert run(store.audit_proofs.signing(8)).size == 9
    assert run(store.audit_proofs.signing(40)) is None


def test_nothing_is_proved_of_a_log_that_was_changed(
    store: Store, run: Any, mongo_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proofs, "BLOCK", 4)
    made = [run(store.audit.append(**an_event(n))) for n in range(10)]
    run(store.audit.sequence("p"))
    checkpoint = run(store.audit.checkpoint(sign))
    assert run(store.audit_proofs.prove(made[9].id, checkpoint))
    with pytest.raises(IntegrityFault):
        run(store.audit_proofs.prove(made[1].id, replace(checkpoint, root="0" * 64)))
    with MongoClient[Any](mongo_url) as client:
        client[DATABASE]["audit_events"].update_one({"position": 1}, {"$set": {"subject": "another"}})
        with pytest.raises(IntegrityFault):
            run(store.audit_proofs.prove(made[1].id, checkpoint))
        client[DATABASE]["audit_blocks"].update_one({"_id": 0}, {"$set": {"root": "0" * 64}})
    with pytest.raises(IntegrityFault):
        run(store.audit_proofs.prove(made[9].id, checkpoint))
    run(store.audit_proofs.forget())
    assert run(store.audit_proofs.prove(made[9].id, checkpoint)), "the kept roots are only a help"
