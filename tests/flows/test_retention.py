"""Retention: what is over its term goes, nothing else does, the audit tells of it and can be proven all the same."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from conf.errors import Conflict, IntegrityFault, NotFound
from conf.settings import Settings, SettingsError, load_settings
from conf.terms import AuditTag, OrderStatus, VerifyResult
from handlers.flows import backups, retention, verifying
from handlers.flows.evidence import keep_checkpoint, verify_audit
from store.audit_leaf import leaf_of
from store.merkle import Frontier
from store.records import Order
from tests.desk import DATABASE, TRACE, Desk
from tests.store.things import an_event

CODE = "0123456789ABCDEF0123"


@pytest.fixture
def here(desk: Desk, tmp_path: Path) -> Settings:
    """The desk's settings with a folder for checkpoints of its own."""
    return desk.settings.model_copy(update={"var_dir": tmp_path})


def keep_terms(desk: Desk, here: Settings) -> retention.Removed:
    return desk.run(retention.keep_terms(desk.store, here, desk.keys, now=desk.clock()))


def finished(desk: Desk) -> Order:
    """An order whose copy may no longer be downloaded."""
    sealed = desk.run(desk.seal(desk.run(desk.settled(desk.run(desk.account("legal_representative"))))))
    return desk.run(desk.store.orders.advance(sealed.no, OrderStatus.READY, OrderStatus.EXPIRED, "worker"))


# -- copies and orders


def test_the_file_of_an_expired_copy_goes_and_its_record_goes_on_answering(desk: Desk, here: Settings) -> None:
    order = finished(desk)
    copy = desk.run(desk.store.copies.by_order(order.no))
    desk.clock.forward(days=here.copy_valid_days + here.retention_copies_days)
    assert keep_terms(desk, here).files == 0, "the day its term ends it is still there"
    desk.clock.forward(days=1)
    assert keep_terms(desk, here).files == 1
    with pytest.raises(NotFound):
        desk.run(desk.store.copies.file(copy.sha256))
    with MongoClient(here.mongo_url) as client:
        assert client[DATABASE]["copy_files.chunks"].count_documents({}) == 0
    code = desk.store.vault.reveal(copy.code)
    answer = desk.run(verifying.by_code(desk.store, code, now=desk.clock(), trace=TRACE))
    assert (answer.result, answer.copy_no) == (VerifyResult.EXPIRED, copy.no)
    assert desk.run(desk.tags())[-2:] == ["retention:records:removed", "copy:file:verified"]
    assert keep_terms(desk, here).files == 0


def test_a_file_left_over_by_a_job_that_died_is_swept(desk: Desk, here: Settings) -> None:
    order = finished(desk)
    copy = desk.run(desk.store.copies.by_order(order.no))

    async def died() -> None:
        await desk.store.atomically(lambda tx: desk.store.retention.let_go((copy,), desk.clock(), tx))

    desk.run(died())
    assert desk.run(desk.store.copies.sweep_orphans(desk.clock() + timedelta(days=1))) == 1


def test_orders_go_with_their_messages_after_their_term_and_not_before(desk: Desk, here: Settings) -> None:
    old = finished(desk)
    refused = desk.run(desk.settled(desk.run(desk.account("shareholder"))))  # under review: not ended
    desk.clock.forward(days=here.retention_orders_days)
    young = finished(desk)
    assert keep_terms(desk, here).orders == 0
    desk.clock.forward(days=1)
    assert keep_terms(desk, here).orders == 1
    assert desk.run(desk.store.orders.by_no(old.no)) is None
    assert desk.run(desk.store.orders.by_no(young.no)) is not None
    assert desk.run(desk.store.orders.by_no(refused.no)) is not None, "an order that waits for us is never removed"
    assert desk.run(desk.store.outbox.recent(old.no)) == ()
    assert desk.run(desk.store.copies.by_order(old.no)) is not None
    assert "retention:records:removed" in desk.run(desk.tags())


def test_nothing_is_removed_while_a_backup_is_read(desk: Desk, here: Settings) -> None:
    finished(desk)
    desk.clock.forward(days=3000)
    desk.run(desk.store.leases.take("backup", "somebody", 60))
    with pytest.raises(Conflict):
        keep_terms(desk, here)
    desk.run(desk.store.leases.drop("backup", "somebody"))
    assert keep_terms(desk, here).orders == 1


@pytest.mark.parametrize("name", ["retention_audit_days", "retention_orders_days"])
def test_a_term_shorter_than_the_law_stops_the_start(name: str) -> None:
    with pytest.raises(SettingsError, match=f"EQICHA_{name.upper()}.*183"):
        load_settings(**{name: 182})
    assert getattr(load_settings(**{name: 183}), name) == 183


# -- the audit

OLD, YOUNG = 300, 120


@pytest.fixture
def log(desk: Desk, here: Settings) -> Desk:
    """Two checkpoints three years ago, one now; events between."""
    for size in (OLD // 2, OLD - OLD // 2):
        write(desk, here, size)
    desk.clock.forward(days=here.retention_audit_days + 1)
    write(desk, here, YOUNG)
    return desk


def write(desk: Desk, here: Settings, events: int) -> None:
    async def work(tx: Any) -> None:
        for number in range(events):
            await desk.store.audit.append(**an_event(number), tx=tx)

    desk.run(desk.store.atomically(work))
    desk.run(desk.store.audit.sequence("p"))
    desk.clock.forward(minutes=2)
    assert desk.run(keep_checkpoint(desk.store, desk.keys, here.var_dir, clock=desk.clock))


def report(desk: Desk, here: Settings) -> Any:
    return desk.run(verify_audit(desk.store, desk.keys, here.var_dir))


def test_the_audit_is_trimmed_at_a_checkpoint_and_can_be_proven_all_the_same(log: Desk, here: Settings) -> None:
    assert report(log, here).ok
    root = log.run(log.store.audit.frontier()).root
    assert keep_terms(log, here).events == OLD
    assert log.run(log.store.audit.events(batch=1))[0].position == OLD
    found = report(log, here)
    assert (found.ok, found.problem, found.size) == (True, "", OLD + YOUNG)
    assert log.run(log.store.audit.frontier()).root == root, "the tree is the same tree"
    log.run(log.store.audit.sequence("p"))
    told = log.run(log.store.audit.events(from_position=OLD + YOUNG))
    assert [(event.tag, event.fields["size"]) for event in told] == [(AuditTag.AUDIT_TRIMMED, OLD)]
    assert keep_terms(log, here) == retention.Removed(orders=0, grants=0, files=0, events=0)
    write(log, here, 7)
    assert report(log, here).ok, "and it goes on growing"


def test_it_is_trimmed_again_and_again(log: Desk, here: Settings) -> None:
    keep_terms(log, here)
    write(log, here, 11)
    log.clock.forward(days=here.retention_audit_days + 1)
    write(log, here, 5)
    assert keep_terms(log, here).events == YOUNG + 1 + 11, "with the event that told of the first trim"
    found = report(log, here)
    assert (found.ok, found.problem) == (True, "")


def test_nothing_younger_than_its_term_goes(log: Desk, here: Settings) -> None:
    longer = here.model_copy(update={"retention_audit_days": here.retention_audit_days + 30})
    assert keep_terms(log, longer).events == 0
    assert log.run(log.store.audit.trims.last()) is None


def test_a_job_that_died_while_removing_is_finished_by_the_next_and_looks_whole_meanwhile(
    log: Desk, here: Settings, mongo_url: str
) -> None:
    keep_terms(log, here)
    assert report(log, here).ok
    with MongoClient(mongo_url) as client:
        client[DATABASE]["audit_trims"].update_one({"_id": OLD}, {"$set": {"done_at": None}})
    assert report(log, here).ok
    assert keep_terms(log, here).events == 0
    assert log.run(log.store.audit.trims.last()).done_at is not None


def test_events_the_job_has_yet_to_remove_are_no_fault(log: Desk, here: Settings, mongo_url: str) -> None:
    with MongoClient(mongo_url, tz_aware=True) as client:
        events = client[DATABASE]["audit_events"]
        left = list(events.find({"position": {"$gte": OLD - 40, "$lt": OLD}}))
        keep_terms(log, here)
        events.insert_many(left)
        assert report(log, here).problem == f"an event was inserted below {OLD}, where the audit begins"
        client[DATABASE]["audit_trims"].update_one({"_id": OLD}, {"$set": {"done_at": None}})
        assert report(log, here).ok
        events.update_one({"position": OLD - 3}, {"$set": {"subject": "edited"}})
        assert report(log, here).first_bad == OLD - 3
        events.delete_many({"position": {"$lt": OLD}})


def test_an_audit_that_does_not_hold_is_never_trimmed(log: Desk, here: Settings, mongo_url: str) -> None:
    """An edit stays as evidence, and the job says why it did nothing."""
    with MongoClient(mongo_url) as client:
        client[DATABASE]["audit_events"].update_one({"position": 123}, {"$set": {"subject": "edited"}})
    with pytest.raises(IntegrityFault, match="run verify-audit"):
        keep_terms(log, here)
    assert log.run(log.store.audit.trims.last()) is None
    assert report(log, here).first_bad == 123


# -- attacks on a trimmed audit

Attack = Callable[[Any, random.Random], int | None]


def edit(db: Any, luck: random.Random) -> int | None:
    place = luck.randrange(OLD, OLD + YOUNG)
    db["audit_events"].update_one({"position": place}, {"$set": {"subject": "another"}})
    return place


def edit_and_mend(db: Any, luck: random.Random) -> int | None:
    place = luck.randrange(OLD, OLD + YOUNG)
    row = db["audit_events"].find_one({"position": place}) | {"outcome": "refused"}
    db["audit_events"].replace_one({"_id": row["_id"]}, row | {"leaf": leaf_of(row)})
    return place


def delete(db: Any, luck: random.Random) -> int | None:
    place = luck.randrange(OLD, OLD + YOUNG)
    db["audit_events"].delete_one({"position": place})
    return place


def delete_the_first(db: Any, luck: random.Random) -> int | None:
    db["audit_events"].delete_many({"position": {"$lt": OLD + 5}})
    return OLD


def cut_the_end(db: Any, luck: random.Random) -> int | None:
    place = luck.randrange(OLD, OLD + YOUNG)
    db["audit_events"].delete_many({"position": {"$gte": place}})
    return place


def drop_the_trim(db: Any, luck: random.Random) -> int | None:
    db["audit_trims"].delete_many({})
    return 0


def forge_a_later_trim(db: Any, luck: random.Random) -> int | None:
    """The tree cut at the young checkpoint, with peaks that are right, by somebody without the key."""
    trim = db["audit_trims"].find_one({})
    rows = db["audit_events"].find({"position": {"$gte": OLD}}).sort("position", 1)
    frontier = Frontier(OLD, tuple(bytes.fromhex(peak) for peak in trim["peaks"])).extend(
        bytes.fromhex(row["leaf"]) for row in rows
    )
    checkpoint = db["audit_checkpoints"].find_one({"_id": OLD + YOUNG})
    assert checkpoint["root"] == frontier.root.hex()
    forged = {"_id": OLD + YOUNG, "root": checkpoint["root"], "peaks": [peak.hex() for peak in frontier.peaks]}
    db["audit_trims"].insert_one(trim | forged)
    db["audit_events"].delete_many({"position": {"$lt": OLD + YOUNG}})
    return OLD


def edit_the_peaks(db: Any, luck: random.Random) -> int | None:
    peaks = db["audit_trims"].find_one({})["peaks"]
    db["audit_trims"].update_one({}, {"$set": {"peaks": ["0" * 64, *peaks[1:]]}})
    return 0  # its signature is wrong, so the events before it are missing


def drop_the_event_that_tells(db: Any, luck: random.Random) -> int | None:
    db["audit_events"].delete_many({"tag": "audit:prefix:trimmed"})
    return None


def rewrite_all(db: Any, luck: random.Random) -> int | None:
    db["audit_trees"].update_one({"_id": "audit"}, {"$set": {"size": 0, "peaks": []}})
    db["audit_events"].delete_many({})
    return OLD


@pytest.mark.parametrize(
    "attack",
    [
        edit, edit_and_mend, delete, delete_the_first, cut_the_end, drop_the_trim, forge_a_later_trim, edit_the_peaks,
        drop_the_event_that_tells, rewrite_all,
    ],
)  # fmt: skip
def test_every_attack_on_what_remains_is_found(log: Desk, here: Settings, mongo_url: str, attack: Attack) -> None:
    keep_terms(log, here)
    assert report(log, here).ok
    with MongoClient(mongo_url, tz_aware=True) as client:
        first_bad = attack(client[DATABASE], random.Random(7))
    found = report(log, here)
    assert not found.ok
    assert found.first_bad == first_bad, found.problem


def test_a_trim_with_the_key_but_within_the_term_is_found(log: Desk, here: Settings) -> None:
    """Whoever holds the key cannot trim what the law keeps: the checkpoint's own time speaks against it."""
    checkpoint = log.run(log.store.audit.checkpoint_before(log.clock()))
    assert checkpoint.size == OLD + YOUNG

    async def tell(_trim: Any, _tx: Any) -> None:
        return

    key = log.keys.audit
    log.run(log.store.audit.trims.trim(checkpoint, sign=lambda text: ("k", key.sign(text)), tell=tell))
    log.run(log.store.audit.trims.finish())
    found = report(log, here)
    assert not found.ok
    assert "whose term was over" in found.problem


def test_a_backup_of_a_trimmed_audit_proves_itself(log: Desk, here: Settings, tmp_path: Path) -> None:
    keep_terms(log, here)

    def quiet(_done: int, _total: int) -> None:
        return

    path, _ = log.run(backups.make_backup(log.store, here, log.keys, tmp_path / "b.backup", progress=quiet))
    proven = log.run(backups.verify_file(None, here, log.keys, path, progress=quiet))
    assert (proven.problems, proven.events) == ((), OLD + YOUNG)


def test_an_event_that_remains_can_still_be_proven(log: Desk, here: Settings) -> None:
    """Also right after the trim, whose block has lost its first leaves, and after the kept roots were dropped."""
    root = log.run(log.store.audit.latest_checkpoint())
    keep_terms(log, here)
    log.run(log.store.audit_proofs.forget())
    for event in log.run(log.store.audit.events(from_position=OLD, batch=YOUNG))[::17]:
        proof = log.run(log.store.audit_proofs.prove(event.id, root))
        assert proof is not None
        assert proof.event == event
