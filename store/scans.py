"""Scans and their viewing sizes: the truth in GridFS, hot ones also as files under var/cache. For viewer and intake."""

import asyncio
import contextlib
import os
import secrets
from pathlib import Path

from pymongo.errors import DuplicateKeyError

from conf.errors import NotFound
from conf.terms import PageSize
from store.blobs import Blobs, digest
from store.connection import Base
from store.encode import text

_REMEMBERED = 8192  # renditions whose digest is known without asking; an entry is ~250 bytes


class Scans:
    """Bucket `scans` (as scanned), bucket `renditions` (JPEGs made from them) and which belongs to which."""

    def __init__(self, base: Base) -> None:
        self._scans, self._renditions = Blobs(base, "scans"), Blobs(base, "renditions")
        self._sizes = base["page_sizes"]
        self._cache = base.settings.var_dir / "cache" / "renditions"
        self._known: dict[str, str] = {}

    async def put(self, content: bytes, media_type: str) -> str:
        """Keep a scan; returns its SHA-256. Keeping the same bytes again does nothing."""
        return await self._scans.put(content, media_type=media_type)

    async def get(self, sha256: str) -> bytes:
        """The scan, verified. Raises NotFound or IntegrityFault."""
        return await self._scans.get(sha256)

    async def exists(self, sha256: str) -> bool:
        return await self._scans.exists(sha256)

    async def put_size(self, page_sha256: str, size: PageSize, content: bytes) -> None:
        """Keep a viewing size (JPEG) of the scan with that digest, in place of an earlier one."""
        sha256 = await self._renditions.put(content, media_type="image/jpeg")
        key = _key(page_sha256, size)
        with contextlib.suppress(DuplicateKeyError):  # two processes at once: both bring the same
            await self._sizes.replace_one({"_id": key}, {"_id": key, "sha256": sha256}, upsert=True)
        self._remember(key, sha256)

    async def get_size(self, page_sha256: str, size: PageSize) -> bytes:
        """A viewing size, verified; a damaged or missing cache file is made anew from GridFS."""
        sha256 = await self._size_digest(_key(page_sha256, size))
        cached = await asyncio.to_thread(_read_verified, self._path(sha256), sha256)
        if cached is not None:
            return cached
        content = await self._renditions.get(sha256)
        await asyncio.to_thread(_write, self._path(sha256), content)
        return content

    async def _size_digest(self, key: str) -> str:
        if key in self._known:
            return self._known[key]
        row = await self._sizes.find_one({"_id": key})
        if row is None:
            raise NotFound(f"no rendition {key}")
        self._remember(key, row["sha256"])
        return str(row["sha256"])

    def _remember(self, key: str, sha256: str) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[key] = sha256

    def _path(self, sha256: str) -> Path:
        return self._cache / sha256[:2] / sha256


def _key(page_sha256: str, size: PageSize) -> str:
    return f"{text(page_sha256, 'sha256')}:{PageSize(size).value}"


def _read_verified(path: Path, sha256: str) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return content if digest(content) == sha256 else None


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all; a full disk only means the next read asks GridFS again."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
