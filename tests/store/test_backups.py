"""Backups: what comes back equals what was there; a file cut off or altered anywhere is refused and leaves nothing."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from conf.errors import BackupRefused
from conf.keys import Keys, load_backup_key, load_keys
from conf.settings import Settings, SettingsError
from handlers.flows import backups as flow
from handlers.flows.evidence import keep_checkpoint
from store import Store, open_store
from store.backup.frames import MAGIC
from store.records.keeping import Manifest
from tests.conftest import Clock
from tests.store.conftest import DATABASE
from tests.store.things import an_event

TARGET = f"{DATABASE}_restored"
FILES = 4


def quiet(_done: int, _total: int) -> None:
    return


@pytest.fixture
def keys(store_settings: Settings) -> Keys:
    return load_keys(store_settings)


@pytest.fixture
def master(store_settings: Settings, keys: Keys) -> bytes:
    return load_backup_key(store_settings, keys)


@pytest.fixture
def here(store_settings: Settings, tmp_path: Path) -> Settings:
    """The settings of the store, with a folder for checkpoints of its own."""
    return store_settings.model_copy(update={"var_dir": tmp_path})


@pytest.fixture
def filled(store: Store, run: Any, here: Settings, keys: Keys, store_clock: Clock) -> Store:
    """Scans, audit events with a checkpoint and two that still wait."""
    for number in range(FILES - 1):
        run(store.scans.put(bytes([number]) * (1_500_000 + number), "image/png"))
    run(store.scans.put(b"large" * 2_000_000, "image/png"))  # more than one frame
    for number in range(40):
        run(store.audit.append(**an_event(number)))
    run(store.audit.sequence("p"))
    run(keep_checkpoint(store, keys, here.var_dir, clock=store_clock))
    for number in range(40, 42):
        run(store.audit.append(**an_event(number)))
    return store


@pytest.fixture
def target(run: Any, here: Settings, keys: Keys, store_clock: Clock, mongo_url: str) -> Iterator[Store]:
    """A store over an empty database of another name."""
    settings = here.model_copy(update={"mongo_database": TARGET})
    with MongoClient(mongo_url) as client:
        client.drop_database(TARGET)
    store = run(open_store(settings, keys, store_clock, to_restore=True))
    yield store
    run(store.close())
    with MongoClient(mongo_url) as client:
        client.drop_database(TARGET)


@pytest.fixture
def backup(filled: Store, run: Any, here: Settings, keys: Keys, tmp_path: Path, store_clock: Clock) -> Path:
    path, _ = run(flow.make_backup(filled, here, keys, tmp_path, progress=quiet, clock=store_clock))
    return Path(path)


def everything(mongo_url: str, name: str, *, but: tuple[str, ...] = ()) -> dict[str, list[dict[str, Any]]]:
    with MongoClient(mongo_url) as client:
        db = client[name]
        names = [each for each in db.list_collection_names() if not each.startswith("system.") and each not in but]
        return {each: rows for each in names if (rows := list(db[each].find().sort("_id", 1)))}


def test_what_is_restored_is_what_was_there(
    backup: Path, filled: Store, target: Store, run: Any, here: Settings, keys: Keys, mongo_url: str
) -> None:
    before = everything(mongo_url, DATABASE, but=("backups", "leases"))
    before["audit_events"] = [row for row in before["audit_events"] if row["tag"] != "backup:file:made"]
    written = run(flow.restore(target, here, keys, backup, progress=quiet))
    after = everything(mongo_url, TARGET)
    told = [row for row in after["audit_events"] if row["tag"] == "backup:database:restored"]
    assert [row["fields"]["digest"] for row in told] == [written.digest]
    after["audit_events"] = [row for row in after["audit_events"] if row not in told]
    assert after == before
    with MongoClient(mongo_url) as client:
        for collection in ("scans.chunks", "audit_events", "copies", "orders", "outbox"):
            theirs = client[TARGET][collection].index_information()
            assert theirs == client[DATABASE][collection].index_information(), collection
    run(target.check_whole())


def test_a_restored_database_goes_on_with_its_audit(
    backup: Path, target: Store, run: Any, here: Settings, keys: Keys
) -> None:
    run(flow.restore(target, here, keys, backup, progress=quiet))
    assert run(target.audit.sequence("p")) == 3, "the two that waited, and the one that tells of the restore"
    proven = run(flow.verify_database(target, here, keys, progress=quiet))
    assert (proven.problems, proven.files, proven.events) == ((), FILES, 43)


def test_checkpoints_signed_after_the_backup_are_kept_beside(
    backup: Path, filled: Store, target: Store, run: Any, here: Settings, keys: Keys, store_clock: Clock
) -> None:
    run(filled.audit.sequence("p"))
    store_clock.forward(minutes=2)
    later = run(keep_checkpoint(filled, keys, here.var_dir, clock=store_clock))
    with pytest.raises(BackupRefused, match="vouch for 43 audit events, the backup holds 40: say --accept-loss"):
        run(flow.restore(target, here, keys, backup, progress=quiet))
    assert not list((here.var_dir / "checkpoints").glob("audit.until-*"))
    run(flow.restore(target, here, keys, backup, progress=quiet, accept_loss=True))
    aside = list((here.var_dir / "checkpoints").glob("audit.until-*.jsonl"))
    assert len(aside) == 1
    assert later.root in aside[0].read_text()
    run(target.audit.sequence("p"))
    event = run(target.audit.events(from_position=42))[0]
    assert event.fields["signed_size"] == later.size > event.fields["audit_size"], "the audit tells what was given up"


def test_a_backup_proves_itself(backup: Path, filled: Store, run: Any, here: Settings, keys: Keys) -> None:
    proven = run(flow.verify_file(filled, here, keys, backup, progress=quiet))
    assert (proven.problems, proven.files, proven.events) == ((), FILES, 40)
    assert proven.written.manifest.audit_root == run(filled.audit.frontier()).root.hex()
    assert run(filled.backups.last_proven()).digest == proven.written.digest


def test_nothing_of_the_content_can_be_read_in_the_file(backup: Path) -> None:
    raw = backup.read_bytes()
    assert b"audit_events" not in raw
    assert b"\x01" * 100 not in raw
    assert backup.stat().st_mode & 0o077 == 0


def test_a_byte_altered_anywhere_is_refused_and_nothing_is_restored(
    backup: Path, target: Store, run: Any, here: Settings, keys: Keys, master: bytes, mongo_url: str
) -> None:
    good, luck = backup.read_bytes(), random.Random(11)
    header = len(MAGIC) + 40
    places = [*range(header + 10), *(luck.randrange(len(good)) for _ in range(150)), *range(len(good) - 20, len(good))]
    for place in places:
        backup.write_bytes(good[:place] + bytes([good[place] ^ (1 << luck.randrange(8))]) + good[place + 1 :])
        with pytest.raises(BackupRefused) as refused:
            run(target.backups.check(backup, master, progress=quiet))
        assert "\n" not in str(refused.value), place
    for place in luck.sample(places, 6):
        backup.write_bytes(good[:place] + bytes([good[place] ^ 0x40]) + good[place + 1 :])
        with pytest.raises(BackupRefused):
            run(flow.restore(target, here, keys, backup, progress=quiet))
        assert everything(mongo_url, TARGET) == {}


def test_a_file_cut_off_or_made_longer_is_refused(backup: Path, run: Any, target: Store, master: bytes) -> None:
    good, luck = backup.read_bytes(), random.Random(12)
    for length in [0, 1, len(MAGIC), 50, len(good) - 1, *(luck.randrange(len(good)) for _ in range(40))]:
        backup.write_bytes(good[:length])
        with pytest.raises(BackupRefused, match=r"cut off|altered|not a backup"):
            run(target.backups.check(backup, master, progress=quiet))
    backup.write_bytes(good + b"\0")
    with pytest.raises(BackupRefused, match="goes on after its end"):
        run(target.backups.check(backup, master, progress=quiet))


def test_frames_left_out_or_changed_in_order_are_refused(backup: Path, run: Any, target: Store, master: bytes) -> None:
    good = backup.read_bytes()
    header, frames = split(good)
    for changed in (frames[1:], frames[:3] + frames[4:], [frames[1], frames[0], *frames[2:]], [frames[0], *frames]):
        backup.write_bytes(header + b"".join(changed))
        with pytest.raises(BackupRefused, match="altered"):
            run(target.backups.check(backup, master, progress=quiet))


def split(good: bytes) -> tuple[bytes, list[bytes]]:
    header, rest = good[: len(MAGIC) + 40], good[len(MAGIC) + 40 :]
    frames = []
    while rest:
        length = 5 + int.from_bytes(rest[1:5], "big")
        frames.append(rest[:length])
        rest = rest[length:]
    return header, frames


def test_another_key_says_so(backup: Path, run: Any, target: Store, master: bytes) -> None:
    with pytest.raises(BackupRefused, match="another key"):
        run(target.backups.check(backup, bytes(len(master)), progress=quiet))


def test_a_key_file_of_its_own_is_used(tmp_path: Path, here: Settings, keys: Keys, master: bytes) -> None:
    file = tmp_path / "backup.key"
    settings = here.model_copy(update={"backup_key_file": file})
    with pytest.raises(SettingsError, match="EQICHA_BACKUP_KEY_FILE"):
        load_backup_key(settings, keys)
    file.write_text("c2hvcnQ=\n")
    with pytest.raises(SettingsError, match="32 bytes"):
        load_backup_key(settings, keys)
    file.write_text("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n")
    assert load_backup_key(settings, keys) == b"A" * 32 != master


def test_only_an_empty_database_is_restored_into(
    backup: Path, filled: Store, run: Any, here: Settings, keys: Keys, mongo_url: str
) -> None:
    before = everything(mongo_url, DATABASE)
    with pytest.raises(BackupRefused, match="is not empty"):
        run(flow.restore(filled, here, keys, backup, progress=quiet))
    assert everything(mongo_url, DATABASE) == before


def test_a_restore_that_was_killed_is_known_and_the_next_begins_anew(
    backup: Path, target: Store, run: Any, here: Settings, keys: Keys, mongo_url: str
) -> None:
    with MongoClient(mongo_url) as client:
        client[TARGET]["restoring"].insert_one({"_id": "restoring"})
        client[TARGET]["orders"].insert_one({"_id": "half"})
    with pytest.raises(SettingsError, match="half restored"):
        run(target.check_whole())
    run(flow.restore(target, here, keys, backup, progress=quiet))
    run(target.check_whole())
    assert "orders" not in everything(mongo_url, TARGET)


def test_a_restore_that_fails_leaves_nothing(
    backup: Path, target: Store, run: Any, here: Settings, keys: Keys, mongo_url: str
) -> None:
    def fails(done: int, _total: int) -> None:
        if done > 10:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        run(flow.restore(target, here, keys, backup, progress=fails))
    assert everything(mongo_url, TARGET) == {}


def test_a_backup_that_fails_leaves_no_file(
    filled: Store, run: Any, here: Settings, keys: Keys, tmp_path: Path
) -> None:
    def fails(done: int, _total: int) -> None:
        if done > 10:
            raise ConnectionError

    folder = tmp_path / "to"
    folder.mkdir()
    with pytest.raises(ConnectionError):
        run(flow.make_backup(filled, here, keys, folder, progress=fails))
    assert list(folder.iterdir()) == []
    assert not run(filled.backups.is_running())
    assert run(filled.backups.last()) is None


def test_what_is_written_meanwhile_is_in_wholly_or_not_at_all(
    filled: Store, target: Store, run: Any, here: Settings, keys: Keys, tmp_path: Path, master: bytes
) -> None:
    """Events written in pairs, one transaction each, while the backup reads: it never holds half a pair."""
    stop = asyncio.Event()

    async def write_pairs() -> int:
        pairs = 0
        while not stop.is_set():

            async def pair(tx: Any, n: int = pairs) -> None:
                await filled.audit.append(**an_event(1000 + n), tx=tx)
                await filled.audit.append(**an_event(1000 + n), tx=tx)

            await filled.atomically(pair)
            await filled.audit.sequence("p")
            pairs += 1
        return pairs

    async def both() -> int:
        writing = asyncio.create_task(write_pairs())
        await asyncio.sleep(0.2)
        await flow.make_backup(filled, here, keys, tmp_path / "moving.backup", progress=quiet)
        stop.set()
        return await writing

    assert run(both()) > 2
    proven = run(flow.verify_file(None, here, keys, tmp_path / "moving.backup", progress=quiet))
    assert proven.problems == ()
    manifest: Manifest = proven.written.manifest
    events = next(each for each in manifest.collections if each.name == "audit_events")
    assert (events.count - 42) % 2 == 0


def test_a_scan_damaged_in_the_database_is_named(
    filled: Store, run: Any, here: Settings, keys: Keys, tmp_path: Path, mongo_url: str
) -> None:
    with MongoClient(mongo_url) as client:
        chunk = client[DATABASE]["scans.chunks"].find_one({"n": 1})
        client[DATABASE]["scans.chunks"].update_one(
            {"_id": chunk["_id"]}, {"$set": {"data": b"x" * len(chunk["data"])}}
        )
        digest = client[DATABASE]["scans.files"].find_one({"_id": chunk["files_id"]})["filename"]
    _, written = run(flow.make_backup(filled, here, keys, tmp_path / "d.backup", progress=quiet))
    assert written.manifest.damaged == (digest,)
    proven = run(flow.verify_file(None, here, keys, tmp_path / "d.backup", progress=quiet))
    assert f"scans/{digest} is damaged" in proven.problems
    proven = run(flow.verify_database(filled, here, keys, progress=quiet))
    assert [digest in problem for problem in proven.problems] == [True]


def test_an_audit_edited_before_the_backup_is_found_in_it(
    filled: Store, run: Any, here: Settings, keys: Keys, tmp_path: Path, mongo_url: str
) -> None:
    with MongoClient(mongo_url) as client:
        client[DATABASE]["audit_events"].update_one({"position": 17}, {"$set": {"subject": "another"}})
    run(flow.make_backup(filled, here, keys, tmp_path / "e.backup", progress=quiet))
    proven = run(flow.verify_file(None, here, keys, tmp_path / "e.backup", progress=quiet))
    assert len(proven.problems) == 1
    assert "position 17" in proven.problems[0]


def test_an_older_backup_is_never_written_over(
    backup: Path, filled: Store, run: Any, here: Settings, keys: Keys
) -> None:
    good = backup.read_bytes()
    with pytest.raises(BackupRefused, match="there already"):
        run(flow.make_backup(filled, here, keys, backup, progress=quiet))
    assert backup.read_bytes() == good
    made = run(filled.backups.last())
    assert replace(made, seconds=0.0).name == backup.name
