"""The restore drill: a backup taken while orders run, everything lost, restored beside, compared and taken into use."""

import hashlib
import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from adapters.sandbox.people import sample_person
from setup.mongod import free_port
from store.merkle import Frontier
from tests.crash.test_kill import wait_until
from tests.trial import TrialSet
from tests.visitor import Visitor

USCC = sample_person("legal_representative").uscc
RESTORED = "eqicha_restored"
#: What no order touches: equal to the last byte in both databases.
STILL = ("companies", "name_search", "filings", "pages", "page_sizes", "scans.files", "scans.chunks",
         "renditions.files", "renditions.chunks")  # fmt: skip


class Traffic:
    """A visitor who goes on placing orders until told to stop; every number was acknowledged to them, and when."""

    def __init__(self, visitor: Visitor, documents: list[str]) -> None:
        self.visitor, self.documents = visitor, documents
        self.placed: list[tuple[str, float]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go)

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def _go(self) -> None:
        while not self._stop.is_set():
            number = self.visitor.place(USCC, self.documents)
            self.placed.append((number, time.time()))


@pytest.fixture
def visitor(trial: TrialSet) -> Iterator[Visitor]:
    made = Visitor(trial).sign_in("legal_representative")
    yield made
    made.http.close()


def rows(db: Any, name: str, asked: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    return list(db[name].find(asked or {}).sort("_id", 1))


def root_of(db: Any, size: int) -> str:
    """The audit's root computed here from the leaves alone."""
    events = db["audit_events"].find({"position": {"$gte": 0, "$lt": size}}, {"leaf": 1}).sort("position", 1)
    grown = Frontier().extend(bytes.fromhex(row["leaf"]) for row in events)
    assert grown.size == size
    return grown.root.hex()


def test_the_restore_drill(
    trial: TrialSet, visitor: Visitor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = visitor.open_documents(USCC)[:2]
    with Traffic(visitor, documents) as traffic:
        wait_until(lambda: len(traffic.placed) >= 3)
        began = time.time()
        said = trial.command("backup", "--to", str(tmp_path))
        backed_up = time.time()
        wait_until(lambda: len([at for _, at in traffic.placed if at > backed_up]) >= 2)
    lost_at = time.time()
    trial.end_service()  # the disaster: from here on there is only the backup
    path = Path(said.splitlines()[0])
    size, root = re.search(r"audit (\d+) events, root ([0-9a-f]{64})", said).groups()
    aside = {"mongo_database": RESTORED, "var_dir": tmp_path / "var"}
    shutil.copytree(trial.folder / "var" / "dev", tmp_path / "var" / "dev")
    try:
        restoring = time.time()
        told = trial.command("restore", str(path), **aside)
        restored_at = time.time()
        assert told.splitlines()[1:] == said.splitlines()[1:], "the manifest's words, at backup and at restore"
        compare(trial, traffic, began=began, size=int(size), root=root)
        assert f"and {size} audit events" in trial.command("verify", str(path), "--offline")
        assert trial.command("verify", "--database", **aside)
        go_on(trial, aside)
    finally:
        drop(trial)
        trial.start_service()
    kept = {number for number, at in traffic.placed if at <= began}
    with capsys.disabled():
        print(
            f"\nrestore drill: backup {backed_up - began:.1f} s under load, {path.stat().st_size / 2**20:.1f} MiB; "
            f"restore {restored_at - restoring:.1f} s; orders acknowledged before the backup {len(kept)}, lost of "
            f"them 0; lost since: {lost_at - began:.1f} s of work"
        )


def compare(trial: TrialSet, traffic: Traffic, *, began: float, size: int, root: str) -> None:
    """What came back against what was there; the live one has moved on since, but never back."""
    with MongoClient(trial.mongod.url) as client:
        live, back = client["eqicha"], client[RESTORED]
        for name in STILL:
            assert rows(back, name) == rows(live, name), name
        numbers = {row["_id"] for row in rows(back, "orders")}
        assert {number for number, at in traffic.placed if at <= began} <= numbers, "acknowledged before: all there"
        assert root_of(back, size) == root_of(live, size) == root
        copies = rows(back, "copies")
        assert copies == rows(live, "copies", {"_id": {"$in": [copy["_id"] for copy in copies]}})
        for copy in copies:
            file = back["copy_files.files"].find_one({"filename": copy["sha256"]})
            chunks = back["copy_files.chunks"].find({"files_id": file["_id"]}).sort("n", 1)
            assert hashlib.sha256(b"".join(chunk["data"] for chunk in chunks)).hexdigest() == copy["sha256"]
        told = set(back["audit_events"].distinct("fields.order_no", {"tag": "copy:file:sealed"}))
        assert told == {copy["order_no"] for copy in copies}, "never a copy without its event, nor the reverse"


def go_on(trial: TrialSet, aside: dict[str, Any]) -> None:
    """A service over the restored database finishes what was under way when the backup was made, each once."""
    trial.start_service("restored", port=free_port(), **aside)
    try:
        with MongoClient(trial.mongod.url) as client:
            back = client[RESTORED]
            wait_until(
                lambda: not back["orders"].count_documents({"status": {"$in": ["submitted", "permitted", "sealing"]}}),
                seconds=120,
            )
            assert not back["orders"].count_documents({"status": "failed"})
            assert back["copies"].count_documents({}) == back["orders"].count_documents({"copy_no": {"$ne": ""}})
        assert trial.end_service("restored") == 0
        assert trial.command("verify-audit", **aside).startswith("the audit is whole")
    finally:
        trial.kill_service("restored")


def drop(trial: TrialSet) -> None:
    with MongoClient(trial.mongod.url) as client:
        client.drop_database(RESTORED)
