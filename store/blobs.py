"""Bytes kept by their SHA-256 in GridFS and verified on every read; scans and sealed copies live in such a bucket."""

import asyncio
import hashlib
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
        """Keep `content`; returns its SHA-256 in hex. Keeping it again does nothing."""
        sha256 = await asyncio.to_thread(digest, content)
        with pymongo.timeout(WRITE_SECONDS):
            if await self.exists(sha256):
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
