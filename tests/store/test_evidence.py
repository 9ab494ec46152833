"""Attacks on the audit: whatever is edited, deleted, inserted, swapped or cut off is found, at its exact position."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pymongo import MongoClient

from conf.keys import Keys, load_keys
from conf.settings import Settings
from handlers.flows.evidence import checkpoint_file, is_signed, keep_checkpoint, read_checkpoints, verify_audit
from store import Store
from store.audit_leaf import leaf_of, placed_tie, tie_of
from store.records import AuditReport
from tests.conftest import Clock
from tests.store.conftest import DATABASE
from tests.store.thief import ATTACKS, Thief
from tests.store.things import an_event

SIZE = 2_400
CHECKPOINTS = (700, 1_650, SIZE)
PARTS = ("audit_events", "audit_trees", "audit_checkpoints")
_log: dict[str, list[dict[str, Any]]] = {}
_file: list[bytes] = []


@pytest.fixture
def keys(store_settings: Settings) -> Keys:
    return load_keys(store_settings)


@pytest.fixture
def thief(store: Store, run: Any, store_clock: Clock, mongo_url: str, keys: Keys, tmp_path: Path) -> Iterator[Thief]:
    """A thief in front of a log of some thousand events with three checkpoints, in the database and in the file."""
    with MongoClient(mongo_url, tz_aware=True) as client:
        db = client[DATABASE]
        if not _log:
            _write_log(store, run, store_clock, keys, tmp_path)
            _log.update({name: list(db[name].find()) for name in PARTS})
            _file.append(checkpoint_file(tmp_path).read_bytes())
        _restore(db, tmp_path)
        yield Thief(db, random.Random(5), lambda: run(store.audit.sequence("p")), size=SIZE)
        db["audit_events"].delete_many({})
        run(store.ensure_indexes())


def _write_log(store: Store, run: Any, clock: Clock, keys: Keys, var_dir: Path) -> None:
    done = 0
    for size in CHECKPOINTS:

        async def work(tx: Any, first: int = done, last: int = size) -> None:
            for n in range(first, last):
                await store.audit.append(**an_event(n), tx=tx)

        run(store.atomically(work))
        run(store.audit.sequence("p"))
        clock.forward(minutes=1)
        assert run(keep_checkpoint(store, keys, var_dir, clock=clock)).size == size
        done = size


def _restore(db: Any, var_dir: Path) -> None:
    for name in PARTS:
        db[name].delete_many({})
        db[name].insert_many(_log[name])
    path = checkpoint_file(var_dir)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(_file[0])


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_every_attack_is_found_at_its_position(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path, attack: Callable[[Thief, int], int]
) -> None:
    thief.luck.seed(attack.__name__)
    for position in (0, SIZE - 1, thief.luck.randrange(1, SIZE - 1)):
        _restore(thief.db, tmp_path)
        run(store.ensure_indexes())
        first_bad = attack(thief, position)
        report = run(verify_audit(store, keys, tmp_path))
        assert (report.ok, report.first_bad) == (False, first_bad), (position, report)
        assert report.problem


def test_an_untouched_log_is_whole_and_goes_on(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path
) -> None:
    report = run(verify_audit(store, keys, tmp_path))
    assert report == AuditReport(ok=True, size=SIZE, first_bad=None, problem="", checkpoints=3)
    run(store.audit.append(**an_event()))
    assert run(verify_audit(store, keys, tmp_path)).ok, "an event that waits for its position is no fault"
    run(store.audit.sequence("p"))
    assert run(verify_audit(store, keys, tmp_path)).size == SIZE + 1


def test_a_batch_left_half_placed_by_a_dead_process_is_no_fault_and_is_finished(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path
) -> None:
    for n in range(6):
        run(store.audit.append(**an_event(n)))
    sequencer = store.audit._sequencer

    async def die_in_the_middle() -> None:
        tree = await sequencer.tree()
        rows = await store.audit._events.find({"waiting": True}).sort("_id", 1).to_list()
        grown = tree.frontier.extend(bytes.fromhex(row["leaf"]) for row in rows)
        assert await sequencer._announce(replace(tree, batch=tuple(row["_id"] for row in rows), next_peaks=grown.peaks))
        await store.audit._events.bulk_write([sequencer._move(rows[n], SIZE + n) for n in range(3)])

    run(die_in_the_middle())
    assert run(verify_audit(store, keys, tmp_path)).ok
    assert run(store.audit.sequence("heir")) == 6
    report = run(verify_audit(store, keys, tmp_path))
    assert (report.ok, report.size) == (True, SIZE + 6)


@pytest.mark.parametrize("position", [0, 699, 700, 1_200, 1_650, SIZE - 1])
def test_history_rewritten_with_the_keys_is_caught_by_the_checkpoints(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path, position: int
) -> None:
    row = thief.row(position) | {"subject": "never happened"}
    row["leaf"] = leaf_of(row)
    row["tie"] = placed_tie(store.vault, tie_of(store.vault, row["leaf"]), position)
    thief.put(row)
    thief.roll_back(SIZE, checkpoints=False)  # the tree over the forged leaves
    report = run(verify_audit(store, keys, tmp_path))
    before = max((size for size in CHECKPOINTS if size <= position), default=0)
    assert (report.ok, report.first_bad) == (False, before)
    assert "rewritten" in report.problem
    thief.db["audit_checkpoints"].delete_many({})
    report = run(verify_audit(store, keys, tmp_path))
    assert (report.ok, report.first_bad) == (False, before), "the file is enough"


def test_an_old_backup_put_back_and_gone_on_with_is_caught_by_the_file(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path, store_clock: Clock
) -> None:
    thief.roll_back(1_000)
    for n in range(900):
        run(store.audit.append(**an_event(n)))
    run(store.audit.sequence("p"))
    store_clock.forward(minutes=2)
    assert run(keep_checkpoint(store, keys, tmp_path, clock=store_clock)).size == 1_900
    report = run(verify_audit(store, keys, tmp_path))
    assert (report.ok, report.first_bad) == (False, 700), "between the checkpoints of 700 and 1,650"


def test_a_checkpoint_dropped_forged_or_spoilt_is_found(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path
) -> None:
    checkpoints = thief.db["audit_checkpoints"]
    checkpoints.delete_one({"_id": 1_650})
    assert "1650 stands in the file but not" in run(verify_audit(store, keys, tmp_path)).problem
    _restore(thief.db, tmp_path)
    checkpoints.update_one({"_id": 700}, {"$set": {"root": "0" * 64}})
    assert "700 in the database is not signed" in run(verify_audit(store, keys, tmp_path)).problem
    _restore(thief.db, tmp_path)
    path = checkpoint_file(tmp_path)
    path.write_text(path.read_text().replace('"size": 700', '"size": 701'))
    assert "701 in the file is not signed" in run(verify_audit(store, keys, tmp_path)).problem
    _restore(thief.db, tmp_path)
    path.write_bytes(b"garbage\n" + path.read_bytes())
    assert "line 1 of audit.jsonl" in run(verify_audit(store, keys, tmp_path)).problem


def test_checkpoints_of_another_key_count_for_nothing(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path
) -> None:
    other = replace(keys, audit=Ed25519PrivateKey.generate())
    (first, *_), problem = read_checkpoints(checkpoint_file(tmp_path))
    assert problem == ""
    assert is_signed(first, keys)
    assert not is_signed(first, other)
    assert not is_signed(replace(first, size=first.size + 1), keys)
    report = run(verify_audit(store, other, tmp_path))
    assert (report.ok, report.first_bad) == (False, None)


def test_a_log_that_shrank_is_not_signed_again(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path, store_clock: Clock
) -> None:
    thief.roll_back(900, checkpoints=False)
    store_clock.forward(minutes=5)
    assert run(keep_checkpoint(store, keys, tmp_path, clock=store_clock)) is None


def test_a_checkpoint_is_kept_once_a_minute_or_after_a_thousand_events(
    store: Store, run: Any, keys: Keys, tmp_path: Path, store_clock: Clock
) -> None:
    def grow(count: int) -> Any:
        async def work(tx: Any) -> None:
            for n in range(count):
                await store.audit.append(**an_event(n), tx=tx)

        run(store.atomically(work))
        run(store.audit.sequence("p"))
        return run(keep_checkpoint(store, keys, tmp_path, clock=store_clock))

    assert run(keep_checkpoint(store, keys, tmp_path, clock=store_clock)) is None, "nothing to sign yet"
    assert grow(1).size == 1
    assert grow(998) is None
    assert grow(2).size == 1_001
    store_clock.forward(seconds=60)
    assert grow(1).size == 1_002
    store_clock.forward(seconds=60)
    assert run(keep_checkpoint(store, keys, tmp_path, clock=store_clock)) is None, "it has not grown"
    found, _ = read_checkpoints(checkpoint_file(tmp_path))
    assert found == run(store.audit.checkpoints())


def test_a_line_cut_off_by_a_power_failure_is_told_and_spoils_only_itself(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path, store_clock: Clock
) -> None:
    path = checkpoint_file(tmp_path)
    path.write_bytes(path.read_bytes() + b'{"size": 24')
    run(store.audit.append(**an_event()))
    run(store.audit.sequence("p"))
    store_clock.forward(minutes=2)
    made = run(keep_checkpoint(store, keys, tmp_path, clock=store_clock))
    assert json.loads(path.read_text().splitlines()[-1])["size"] == made.size
    report = run(verify_audit(store, keys, tmp_path))
    assert (report.ok, report.first_bad) == (False, None)
    assert "line 4" in report.problem
