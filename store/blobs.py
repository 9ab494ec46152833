"""Bytes kept by their SHA-256 in GridFS and verified on every read; scans and sealed copies live in such a bucket."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pymongo
from gridfs.asynchronous import AsyncGridFSBucket
from gridfs.errors import CorruptGridFile, FileExists, NoFile
from pymongo.errors import DuplicateKeyError

from conf.errors import IntegrityFault, NotFound
from store.connection import WRITE_SECONDS, Base
from store.encode import text

_CHUNK = 1 << 20  # a scan is one or two chunks: fewer round trips than the driver's 255 KB


class Blobs:
    """One bucket. Its files carry random ids and a unique `filename`, the digest: two uploads of the same bytes at the
    same time cannot spoil each other, and what a crash leaves half written is never found.
    """

    def __init__(self, base: Base, bucket: str) -> None:
        self._base, self._bucket = base, bucket
        self._files = base[f"{bucket}.files"]
        self._grid: AsyncGridFSBucket | None = None

    async def put(self, content: bytes, *, media_type: str) -> str:
        """Keep `content`; returns its SHA-256 in hex. Keeping it again only renews the time it was wanted last, so that
        a sweep that looks at this moment leaves it to the record about to name it.
        """
        sha256 = await asyncio.to_thread(digest, content)
        with pymongo.timeout(WRITE_SECONDS):
            renewed = {"$set": {"metadata.kept_at": self._base.clock()}}
            if (await self._files.update_one({"filename": sha256}, renewed)).matched_count:
                return sha256
            await self._upload(sha256, content, media_type)
        return sha256

    async def get(self, sha256: str) -> bytes:
        """The bytes with that digest. Raises NotFound, or IntegrityFault when what is stored is not what was kept."""
        try:
            stream = await self._open().open_download_stream_by_name(text(sha256, "sha256"))
            content = await stream.read()
        except NoFile:
            raise NotFound(f"{self._bucket}: nothing kept under {sha256}") from None
        except CorruptGridFile as fault:  # chunks missing or of the wrong size
            raise IntegrityFault(f"{self._bucket}/{sha256}: {fault}") from None
        if await asyncio.to_thread(digest, content) != sha256:
            raise IntegrityFault(f"{self._bucket}/{sha256}: stored bytes have another digest")
        return content

    async def exists(self, sha256: str) -> bool:
        return await self._files.find_one({"filename": text(sha256, "sha256")}, {"_id": 1}) is not None

    async def sweep(self, older_than: datetime, is_named: Callable[[str], Awaitable[bool]]) -> int:
        """Delete files last kept before `older_than` that no record names, and chunks of uploads cut off; how many
        files. A file wanted again meanwhile is renewed, so the guarded delete misses it.
        """
        swept, chunks = 0, self._base[f"{self._bucket}.chunks"]
        old = {"metadata.kept_at": {"$lt": older_than}}
        async for row in self._files.find(old, {"filename": 1}):
            if await is_named(row["filename"]):
                continue
            if (await self._files.delete_one({"_id": row["_id"], **old})).deleted_count:
                await chunks.delete_many({"files_id": row["_id"]})
                swept += 1
        return swept + await self._sweep_chunks(older_than)

    async def _sweep_chunks(self, older_than: datetime) -> int:
        """Uploads a crash cut off leave chunks that no file names; their id tells how old they are."""
        swept, chunks = 0, self._base[f"{self._bucket}.chunks"]
        for file_id in await chunks.distinct("files_id"):
            if file_id.generation_time < older_than and not await self._files.find_one({"_id": file_id}, {"_id": 1}):
                await chunks.delete_many({"files_id": file_id})
                swept += 1
        return swept

    async def _upload(self, sha256: str, content: bytes, media_type: str) -> None:
        kept: dict[str, Any] = {"media_type": media_type, "kept_at": self._base.clock()}
        stream = self._open().open_upload_stream(sha256, metadata=kept)
        try:
            await stream.write(content)
            await stream.close()
        except (DuplicateKeyError, FileExists):  # somebody kept the same bytes meanwhile: take ours away again
            await self._base[f"{self._bucket}.chunks"].delete_many({"files_id": stream._id})
            if not await self.exists(sha256):
                raise

    def _open(self) -> AsyncGridFSBucket:
        if self._grid is None:
            self._grid = AsyncGridFSBucket(self._base.db, self._bucket, chunk_size_bytes=_CHUNK)
        return self._grid


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()
