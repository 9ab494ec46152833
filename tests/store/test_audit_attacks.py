"""Attacks on an audit of 10,000 events at random positions: all are found, and the first bad position is exact.

The log is written once, by insert_many, as the sequencer leaves it; before each attack the server copies it back.
"""

import base64
import random
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from conf.keys import Keys, load_keys
from conf.settings import Settings
from conf.terms import AuditFault
from handlers.flows.evidence import checkpoint_file, keep_checkpoint, verify_audit, write_checkpoint
from store import Store
from store.audit_leaf import key_id_of, leaf_of, placed_tie, signed_text, tie_of
from store.encode import to_bson
from store.ids import sortable_id
from store.merkle import Frontier
from store.records import AuditEvent, Checkpoint
from tests.conftest import Clock
from tests.store.conftest import DATABASE
from tests.store.thief import ATTACKS, Thief
from tests.store.things import T0, an_event

SIZE = 10_000
CHECKPOINTS = (1_000, 2_400, 4_096, 7_777, SIZE)
KEPT = "eqicha_attacks_kept"
PARTS = ("audit_events", "audit_trees", "audit_checkpoints")
#: Told when a test fails, so that the same positions can be had again.
SEED = secrets.randbits(32)


@pytest.fixture(scope="module")
def keys(store_settings: Settings) -> Keys:
    return load_keys(store_settings)


@pytest.fixture(scope="module")
def log(_opened: Store, mongo_url: str, keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    """The 10,000 events in a database aside, and the checkpoint file's bytes."""
    rows, checkpoints = _rows(_opened), list[Checkpoint]()
    var_dir, frontier = tmp_path_factory.mktemp("audit"), Frontier()
    for row in rows:
        frontier = frontier.append(bytes.fromhex(row["leaf"]))
        if frontier.size in CHECKPOINTS:
            checkpoints.append(_checkpoint(frontier, keys))
            write_checkpoint(checkpoint_file(var_dir), checkpoints[-1])
    peaks = [peak.hex() for peak in frontier.peaks]
    tree = {"_id": "audit", "size": SIZE, "peaks": peaks, "batch": [], "next_peaks": []}
    with MongoClient[Any](mongo_url) as client:
        made = {
            "audit_events": rows, "audit_trees": [tree],
            "audit_checkpoints": [to_bson(one, key="size") for one in checkpoints],
        }  # fmt: skip
        for name, content in made.items():
            client[KEPT][name].insert_many(content)
        yield checkpoint_file(var_dir).read_bytes()
        client.drop_database(KEPT)


def _rows(store: Store) -> list[dict[str, Any]]:
    """Events as they stand once they have a position."""
    vault, rows = store.vault, []
    for n in range(SIZE):
        given = an_event(n) | {"who": vault.person_key(f"acc-{n % 7}"), "address": vault.person_key("192.0.2.7")}
        at = T0 + timedelta(milliseconds=37 * n)
        row = to_bson(AuditEvent(id=sortable_id(at), position=n, at=at, leaf="", **given))
        row["leaf"] = leaf_of(row)
        rows.append(row | {"tie": placed_tie(vault, tie_of(vault, row["leaf"]), n)})
    return rows


def _checkpoint(frontier: Frontier, keys: Keys) -> Checkpoint:
    at, root = T0 + timedelta(milliseconds=37 * frontier.size), frontier.root.hex()
    signature = base64.b64encode(keys.audit.sign(signed_text(frontier.size, root, at))).decode()
    key_id = key_id_of(keys.audit.public_key().public_bytes_raw())
    return Checkpoint(size=frontier.size, root=root, at=at, key_id=key_id, signature=signature)


@pytest.fixture
def restore(log: bytes, mongo_url: str, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Puts everything back as it was written."""
    with MongoClient[Any](mongo_url) as client:

        def back() -> None:
            for name in PARTS:
                client[KEPT][name].aggregate([{"$out": {"db": DATABASE, "coll": name}}])
            path = checkpoint_file(tmp_path)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(log)

        yield back


@pytest.fixture
def thief(
    store: Store, run: Any, restore: Callable[[], None], mongo_url: str, request: pytest.FixtureRequest
) -> Iterator[Thief]:
    with MongoClient[Any](mongo_url, tz_aware=True) as client:
        restore()
        luck = random.Random(f"{SEED} {request.node.name}")
        yield Thief(client[DATABASE], luck, lambda: run(store.audit.sequence("p")), size=SIZE)
        client[DATABASE]["audit_events"].delete_many({})  # two of one position would be in the index's way
    run(store.ensure_indexes())


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attack_at_a_random_position_is_found_exactly(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path, attack: Callable[[Thief, int], int]
) -> None:
    position = thief.luck.randrange(SIZE)
    first_bad = attack(thief, position)
    report = run(verify_audit(store, keys, tmp_path))
    assert (report.ok, report.first_bad) == (False, first_bad), (SEED, position, report)
    assert report.fault in set(AuditFault)


def test_untouched_it_is_whole_and_the_check_tells_how_far_it_is(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []

    async def progress(done: int, size: int) -> None:
        told.append((done, size))

    report = run(verify_audit(store, keys, tmp_path, progress=progress))
    assert (report.ok, report.size, report.checkpoints, report.fault) == (True, SIZE, len(CHECKPOINTS), None)
    assert told == [(done, SIZE) for done in range(200, SIZE + 1, 200)]


def rewrite(thief: Thief, store: Store, start: int, *, has_keys: bool) -> None:
    """Everything from `start` on written anew: other contents, leaves recomputed, the stored tree over them."""
    for row in list(thief.events.find({"position": {"$gte": start}})):
        row["subject"] = f"rewritten-{row['position']}"
        row["leaf"] = leaf_of(row)
        if has_keys:
            row["tie"] = placed_tie(store.vault, tie_of(store.vault, row["leaf"]), row["position"])
        thief.put(row)
    thief.roll_back(SIZE, checkpoints=False)


@pytest.mark.parametrize("turn", range(2))
def test_history_rewritten_from_a_point_is_found_there(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path, turn: int
) -> None:
    """Without the keys the ties give each event away."""
    start = thief.luck.randrange(SIZE - 400, SIZE)
    rewrite(thief, store, start, has_keys=False)
    report = run(verify_audit(store, keys, tmp_path))
    assert (report.ok, report.first_bad, report.fault) == (False, start, AuditFault.FORGED), SEED


def test_history_rewritten_with_the_keys_is_found_between_its_checkpoints(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path
) -> None:
    start = thief.luck.randrange(SIZE - 600, SIZE)
    rewrite(thief, store, start, has_keys=True)
    thief.db["audit_checkpoints"].delete_many({"_id": {"$gt": 7_777}})
    report = run(verify_audit(store, keys, tmp_path))
    assert (report.ok, report.first_bad, report.fault) == (False, 7_777, AuditFault.REWRITTEN), (SEED, start)


def test_an_old_state_put_back_whole_is_found_where_it_ends(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path
) -> None:
    """The database as an old backup has it, tree head and checkpoints included: the file still knows better."""
    size = thief.luck.randrange(1_000, SIZE)
    thief.roll_back(size)
    report = run(verify_audit(store, keys, tmp_path))
    assert (report.ok, report.first_bad, report.fault) == (False, size, AuditFault.CUT_OFF), SEED


def test_an_old_tree_head_put_back_alone_is_found(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path
) -> None:
    size = thief.luck.randrange(1, SIZE)
    leaves = thief.events.find({"position": {"$lt": size}}, {"leaf": 1}).sort("position", 1)
    old = Frontier().extend(bytes.fromhex(row["leaf"]) for row in leaves)
    head = {"size": size, "peaks": [peak.hex() for peak in old.peaks]}
    thief.db["audit_trees"].update_one({"_id": "audit"}, {"$set": head})
    thief.db["audit_checkpoints"].delete_many({"_id": {"$gt": size}})
    checkpoint_file(tmp_path).unlink()
    report = run(verify_audit(store, keys, tmp_path))
    assert (report.ok, report.first_bad, report.fault) == (False, size, AuditFault.INSERTED), SEED


def test_an_old_state_gone_on_with_is_found_between_its_checkpoints(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path, store_clock: Clock
) -> None:
    thief.roll_back(9_000)
    for n in range(40):
        run(store.audit.append(**an_event(n)))
    thief.sequence()
    store_clock.forward(minutes=2)
    assert run(keep_checkpoint(store, keys, tmp_path, clock=store_clock))
    report = run(verify_audit(store, keys, tmp_path))
    assert (report.ok, report.first_bad) == (False, 9_040), "cut off against the file's checkpoint of 10,000"


def test_a_checkpoint_changed_in_the_database_is_not_taken_for_ours(
    store: Store, run: Any, thief: Thief, keys: Keys, tmp_path: Path
) -> None:
    size = thief.luck.choice(CHECKPOINTS)
    thief.db["audit_checkpoints"].update_one({"_id": size}, {"$set": {"root": secrets.token_hex(32)}})
    report = run(verify_audit(store, keys, tmp_path))
    assert (report.ok, report.first_bad, report.fault) == (False, None, AuditFault.UNSIGNED), size
