"""Reads a whole database in one fixed order, document by document as stored. For store/backups.py.

Records are read in a snapshot session, so all of them are of one moment. The bytes of scans and copies never change
once kept, so they are read after it, by the files the snapshot names, and need no snapshot kept open for hours.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from conf.errors import BackupRefused
from store.connection import Row, Tx

#: Who does what just now, and who is signed in: of no use in another database, and of use to a thief.
LEFT_OUT = frozenset({"leases", "limits", "sessions", "restoring"})
#: What the audit's events are compared with goes before them.
FIRST = ("audit_trees", "audit_checkpoints", "audit_trims")
_BATCH_BYTES = 2 << 20
_FILES_BYTES = 8 << 20
_FILES_AT_ONCE = 64
_CHUNKS_AT_ONCE = 8  # a chunk is 1 MiB (store/blobs.py)
#: SnapshotTooOld, SnapshotUnavailable.
_TOO_OLD = frozenset({239, 246})
TOO_OLD = (
    "the records took longer to read than the server keeps a snapshot: raise its parameter "
    "minSnapshotHistoryWindowInSeconds (docs/operating.md) and run the backup again"
)

Raw = RawBSONDocument


@dataclass(frozen=True, slots=True)
class Batch:
    """Some documents of one collection, as stored."""

    collection: str
    documents: list[bytes]
    damaged: tuple[str, ...] = ()  # digests of files among them whose bytes are not what was kept


async def collections(db: AsyncDatabase[Row]) -> list[str]:
    """Every collection that belongs into a backup, in the order it is read. GridFS chunks come with their files."""
    names = await db.list_collection_names()
    kept = [name for name in names if not name.startswith("system.") and name not in LEFT_OUT]
    kept = [name for name in kept if not name.endswith(".chunks")]
    return [name for name in FIRST if name in kept] + sorted(set(kept) - set(FIRST))


async def read_all(db: AsyncDatabase[Row], session: Tx | None = None) -> AsyncIterator[Batch]:
    """All documents, a few MiB at a time; `session` is a snapshot session or None."""
    try:
        files: list[tuple[str, list[bytes]]] = []  # as bytes: a row of a million files is 200 bytes, not 2 KB
        for name in await collections(db):
            if name.endswith(".files"):
                files.append((name, [bytes(row.raw) async for row in _rows(db, name, {}, session)]))
                continue
            async for batch in _records(db, name, session):
                yield batch
    except OperationFailure as fault:
        if fault.code in _TOO_OLD:
            raise BackupRefused(TOO_OLD) from None
        raise
    for name, rows in files:
        async for batch in _files(db, name.removesuffix(".files"), rows):
            yield batch


async def _records(db: AsyncDatabase[Row], name: str, session: Tx | None) -> AsyncIterator[Batch]:
    documents: list[bytes] = []
    size = 0
    asked: list[tuple[Row, str]] = [({}, "_id")]
    if name == "audit_events":  # in the order of the tree, so that a backup can be checked as it is read
        asked = [({"position": {"$gte": 0}}, "position"), ({"position": {"$not": {"$gte": 0}}}, "_id")]
    for what, order in asked:
        async for row in _rows(db, name, what, session, order=order):
            documents.append(bytes(row.raw))
            size += len(row.raw)
            if size >= _BATCH_BYTES:
                yield Batch(name, documents)
                documents, size = [], 0
    yield Batch(name, documents)


def _rows(
    db: AsyncDatabase[Row], name: str, asked: Row, session: Tx | None = None, *, order: str = "_id"
) -> AsyncIterator[Raw]:
    return _raw(db, name).find(asked, session=session).sort(order, ASCENDING)


def _raw(db: AsyncDatabase[Row], name: str) -> AsyncCollection[Any]:
    return db.get_collection(name, codec_options=CodecOptions(document_class=RawBSONDocument))


async def _files(db: AsyncDatabase[Row], bucket: str, rows: list[bytes]) -> AsyncIterator[Batch]:
    """Chunks first, then the files they belong to, some files at a time."""
    yield Batch(f"{bucket}.files", [])
    yield Batch(f"{bucket}.chunks", [])
    group: list[Raw] = []
    for raw in rows:
        group.append(Raw(raw))
        if len(group) == _FILES_AT_ONCE or sum(each["length"] for each in group) >= _FILES_BYTES:
            async for batch in _group(db, bucket, group):
                yield batch
            group = []
    if group:
        async for batch in _group(db, bucket, group):
            yield batch


async def _group(db: AsyncDatabase[Row], bucket: str, group: list[Raw]) -> AsyncIterator[Batch]:
    chunks: dict[Any, list[bytes]] = {row["_id"]: [] for row in group}
    digests = {row["_id"]: hashlib.sha256() for row in group}
    asked = {"files_id": {"$in": list(chunks)}}
    cursor = _raw(db, f"{bucket}.chunks").find(asked).sort([("files_id", ASCENDING), ("n", ASCENDING)])
    async for chunk in cursor:
        chunks[chunk["files_id"]].append(bytes(chunk.raw))
        digests[chunk["files_id"]].update(chunk["data"])
    spoilt = [row for row in group if digests[row["_id"]].hexdigest() != row["filename"]]
    still = [row["_id"] async for row in _rows(db, f"{bucket}.files", {"_id": {"$in": [r["_id"] for r in spoilt]}})]
    gone = {row["_id"] for row in spoilt} - set(still)  # deleted since the snapshot: neither file nor chunks
    for row in group:
        if row["_id"] not in gone:
            for start in range(0, len(chunks[row["_id"]]), _CHUNKS_AT_ONCE):
                yield Batch(f"{bucket}.chunks", chunks[row["_id"]][start : start + _CHUNKS_AT_ONCE])
    damaged = tuple(row["filename"] for row in spoilt if row["_id"] not in gone)
    yield Batch(f"{bucket}.files", [bytes(row.raw) for row in group if row["_id"] not in gone], damaged)
