"""Backups of the whole database and the way back: written sealed, proven, restored into an empty database only.

Called by handlers/flows/backups.py. What is written here is encrypted and authenticated by store/backup/frames.py;
the last frame is the manifest, which the restored database must come to, document by document.
"""

import asyncio
import hashlib
import platform
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import bson
import pymongo
from bson.raw_bson import RawBSONDocument
from pymongo import DESCENDING

from conf.errors import BackupRefused
from store.backup.checking import Proof, Sums
from store.backup.frames import FORMAT, FrameWriter, open_frames
from store.backup.reading import LEFT_OUT, Batch, read_all
from store.blobs import Blobs
from store.connection import RESTORING, Base, Row, Tx, server_facts
from store.encode import from_bson, text, to_bson
from store.indexes import ensure_indexes
from store.leases import Leases
from store.records.keeping import BackupMade, Manifest

Progress = Callable[[int, int], None]
#: While a backup is read nothing it names is removed: retention and sweeps look at this lease.
BACKUP_LEASE, _LEASE_SECONDS = "backup", 120
BUCKETS = ("scans", "renditions", "copy_files")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A backup written or read to its end."""

    manifest: Manifest
    size: int  # bytes of the file
    digest: str  # SHA-256 of the manifest as written (hex)


class Backups:
    """Writing, checking and restoring; and which backups were made."""

    def __init__(self, base: Base) -> None:
        self._base, self._db, self._clock = base, base.db, base.clock
        self._made, self._leases = base["backups"], Leases(base)

    async def write(self, path: Path, master: bytes, *, owner: str, progress: Progress) -> Written:
        """Read everything at one moment into a sealed file; nothing stays behind when it cannot be finished.

        Raises BackupRefused when the file is there, another backup runs, or the server keeps snapshots too shortly.
        """
        if not await self._leases.take(BACKUP_LEASE, owner, _LEASE_SECONDS):
            raise BackupRefused("another backup is running (or one died in the last two minutes); try again later")
        try:
            writer = await asyncio.to_thread(FrameWriter, path, master)
            try:
                return await self._write(writer, owner, progress)
            except BaseException:
                writer.give_up()
                raise
        finally:
            await self._leases.drop(BACKUP_LEASE, owner)

    async def _write(self, writer: FrameWriter, owner: str, progress: Progress) -> Written:
        made_at, sums, done = self._clock(), Sums(), 0
        total = await self._documents()
        async with self._base.client.start_session(snapshot=True) as session:
            async for batch in read_all(self._db, session):
                sums.take(batch)
                await asyncio.to_thread(writer.put, _frame(batch))
                await self._leases.take(BACKUP_LEASE, owner, _LEASE_SECONDS)
                done += len(batch.documents)
                progress(done, max(total, done))
        manifest = await self._manifest(made_at, sums)
        last = bson.encode(to_bson(manifest, key=""))
        size = await asyncio.to_thread(writer.finish, last)
        return Written(manifest=manifest, size=size, digest=hashlib.sha256(last).hexdigest())

    @staticmethod
    async def check(path: Path, master: bytes, *, proof: Proof | None = None, progress: Progress) -> Written:
        """Open every frame and compare all of it with the manifest; `proof` looks into the documents as well.

        Raises BackupRefused. Nothing is written, and the database is not asked.
        """
        sums, frames, written = Sums(), open_frames(path, master), 0
        size = await asyncio.to_thread(_size_of, path)
        last = b""
        async for frame, follows in _with_last(frames):
            written += len(frame)
            if not follows:
                last = frame
                break
            batch = _batch(frame)
            await asyncio.to_thread(sums.take, batch)
            if proof is not None:
                await asyncio.to_thread(proof.take, batch)
            progress(min(written, size), size)
        manifest = _manifest_of(last, path)
        differs = sums.against(manifest)
        if differs:
            raise BackupRefused(f"{path} does not hold what its manifest says: {'; '.join(differs)}")
        progress(size, size)
        return Written(manifest=manifest, size=size, digest=hashlib.sha256(last).hexdigest())

    async def restore(
        self, path: Path, master: bytes, *, progress: Progress, agree: Callable[[Manifest], None]
    ) -> Written:
        """Bring a checked backup into an empty database and prove that it came to what the manifest says.

        `agree` may still refuse when it sees the manifest, by raising BackupRefused. The file is proven whole before
        the first document is written. Raises BackupRefused; what was written by then is removed, and what a crash left
        is removed by the next restore.
        """
        await self._refuse_filled()
        found = await self.check(path, master, progress=lambda _done, _total: None)
        agree(found.manifest)
        await self._db[RESTORING].insert_one({"_id": RESTORING, "since": self._clock(), "digest": found.digest})
        try:
            await self._fill(path, master, found.manifest, progress)
            await ensure_indexes(self._db)
        except BaseException:
            await self._clear()
            raise
        await self._db.drop_collection(RESTORING)
        return found

    async def _fill(self, path: Path, master: bytes, manifest: Manifest, progress: Progress) -> None:
        done = 0
        async for frame, follows in _with_last(open_frames(path, master)):
            if not follows:
                break
            batch = _batch(frame)
            if batch.documents:
                rows: list[Any] = [RawBSONDocument(document) for document in batch.documents]
                await self._db[batch.collection].insert_many(rows, ordered=False)
            done += len(batch.documents)
            progress(done, max(manifest.documents, done))
        await ensure_indexes(self._db, only_grid=True)  # reading files back needs their chunks by file
        differs = (await self.sums()).against(manifest)
        if differs:
            raise BackupRefused(f"the database did not come to what the manifest says: {'; '.join(differs)}")

    async def sums(self) -> Sums:
        """Counts and digests of what stands in the database now."""
        sums = Sums()
        async for batch in read_all(self._db):
            await asyncio.to_thread(sums.take, batch)
        return sums

    async def _refuse_filled(self) -> None:
        """Only an empty database is restored into; one that a restore left half done is emptied first."""
        if await self._db[RESTORING].find_one({}):
            await self._clear()
            return
        for name in await self._db.list_collection_names():
            if (
                not name.startswith("system.")
                and name not in LEFT_OUT
                and await self._db[name].find_one({}, {"_id": 1})
            ):
                raise BackupRefused(
                    f"the database {self._db.name} is not empty ({name} has documents); "
                    "restore into an empty one: set EQICHA_MONGO_DATABASE to a new name"
                )

    async def _clear(self) -> None:
        """The mark goes last: as long as it stands, the next restore knows that all of this is its own."""
        for name in await self._db.list_collection_names():
            if not name.startswith("system.") and name != RESTORING:
                await self._db.drop_collection(name)
        await self._db.drop_collection(RESTORING)

    async def _documents(self) -> int:
        names = await self._db.list_collection_names()
        kept = [name for name in names if not name.startswith("system.") and name not in LEFT_OUT]
        return sum([await self._db[name].estimated_document_count() for name in kept])

    async def _manifest(self, made_at: datetime, sums: Sums) -> Manifest:
        facts, frontier = await server_facts(self._base.client), sums.frontier
        return Manifest(
            format=FORMAT,
            made_at=made_at,
            database=self._db.name,
            versions={"mongodb": facts.version, "python": platform.python_version(), "driver": pymongo.version},
            collections=sums.collections,
            left_out=tuple(sorted(LEFT_OUT)),
            damaged=tuple(sums.damaged),
            audit_size=frontier.size,
            audit_root=frontier.root.hex(),
            checkpoint_size=sums.checkpoint.get("_id", 0),
            checkpoint_root=sums.checkpoint.get("root", ""),
        )

    # -- which were made

    async def remember(self, made: BackupMade, tx: Tx | None = None) -> None:
        await self._made.insert_one(to_bson(made), session=tx)

    async def proven(self, digest: str, now: datetime, tx: Tx | None = None) -> None:
        """Note that the backup with this manifest was verified; one made elsewhere is not known here."""
        await self._made.update_one({"digest": text(digest)}, {"$set": {"verified_at": now}}, session=tx)

    async def last(self) -> BackupMade | None:
        """The youngest backup."""
        return await self._one({})

    async def last_proven(self) -> BackupMade | None:
        """The youngest backup that was verified."""
        return await self._one({"verified_at": {"$ne": None}})

    async def digests(self) -> AsyncIterator[tuple[str, str, int]]:
        """(bucket, digest, how many there are) of every file kept."""
        total = sum([await self._db[f"{bucket}.files"].estimated_document_count() for bucket in BUCKETS])
        for bucket in BUCKETS:
            async for row in self._db[f"{bucket}.files"].find({}, {"filename": 1}):
                yield bucket, row["filename"], total

    async def read(self, bucket: str, digest: str) -> bytes:
        """One file's bytes, proven. Raises NotFound or IntegrityFault."""
        return await Blobs(self._base, bucket).get(digest)

    async def missing_files(self) -> AsyncIterator[str]:
        """`bucket/digest` of every scan or copy a record names and no file is there for."""
        named = {"scans": ("pages", {}), "copy_files": ("copies", {"file_removed_at": None})}
        for bucket, (collection, asked) in named.items():
            blobs = Blobs(self._base, bucket)
            async for row in self._db[collection].find(asked, {"sha256": 1}):
                if not await blobs.exists(row["sha256"]):
                    yield f"{bucket}/{row['sha256']}"

    async def is_running(self) -> bool:
        """Whether a backup is being read: nothing is to be removed meanwhile."""
        return await self._leases.is_held(BACKUP_LEASE)

    async def _one(self, asked: Row) -> BackupMade | None:
        found = await self._made.find_one(asked, sort=[("made_at", DESCENDING)])
        return None if found is None else from_bson(BackupMade, found)


def _size_of(path: Path) -> int:
    """Bytes, 0 when there is no such file: opening it says so."""
    return path.stat().st_size if path.is_file() else 0


def _frame(batch: Batch) -> bytes:
    return bson.encode({"c": batch.collection, "d": b"".join(batch.documents)})


def _batch(frame: bytes) -> Batch:
    row = bson.decode(frame)
    documents, rest = [], memoryview(row["d"])
    while rest:
        length = int.from_bytes(rest[:4], "little")
        documents.append(bytes(rest[:length]))
        rest = rest[length:]
    return Batch(row["c"], documents)


def _manifest_of(frame: bytes, path: Path) -> Manifest:
    try:
        manifest = from_bson(Manifest, bson.decode(frame, bson.CodecOptions(tz_aware=True)), key="")
    except (KeyError, TypeError, ValueError, bson.InvalidBSON):
        raise BackupRefused(f"{path} has no manifest this version can read") from None
    if manifest.format != FORMAT:
        raise BackupRefused(f"{path} has format {manifest.format}, this version reads {FORMAT}")
    return manifest


async def _with_last(frames: Iterator[bytes]) -> AsyncIterator[tuple[bytes, bool]]:
    """Every frame with whether another follows; each is opened in a thread."""
    here = await asyncio.to_thread(next, frames, None)
    while here is not None:
        following = await asyncio.to_thread(next, frames, None)
        yield here, following is not None
        here = following
