"""Where a document's pages come from: a package's files (here) or the sample papers; storing reads both."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from adapters.workshop import Workshop
from conf.errors import WorkFault
from handlers.flows.intake.package import digest_of, locate
from handlers.flows.intake.report import RowRefused
from handlers.flows.intake.rows import DocumentRow, FileRow
from handlers.flows.intake.taking import PAGES_A_JOB, Taken, TakenPage, take

#: Long enough for eight pages of the largest size allowed; then the child is killed and the file refused.
SECONDS_A_JOB = 120


class Source(Protocol):
    """Pages of document rows; both methods raise RowRefused with a reason."""

    async def digests(self, row: DocumentRow) -> tuple[str, ...]:
        """SHA-256 of each file of the row, in order."""
        ...

    def pages(self, row: DocumentRow) -> AsyncIterator[tuple[str, int, TakenPage]]:
        """(digest of the file, index in the file from 0, page) for every page, in order."""
        ...


class PackageSource:
    """Files below `root`, each parsed by the workshop's intake children."""

    def __init__(self, root: Path, workshop: Workshop) -> None:
        self.root, self.workshop = root, workshop

    async def digests(self, row: DocumentRow) -> tuple[str, ...]:
        return tuple([await asyncio.to_thread(self._digest, file) for file in row.files])

    async def pages(self, row: DocumentRow) -> AsyncIterator[tuple[str, int, TakenPage]]:
        for file in row.files:
            index, total = 0, 1
            while index < total:
                taken = await self._take(file, index)
                total = taken.total
                for page in taken.pages:
                    yield taken.digest, index, page
                    index += 1

    async def _take(self, file: FileRow, first: int) -> Taken:
        path = locate(self.root, file.name)
        try:
            taken = await self.workshop.run(take, str(path), file.name, first, seconds=SECONDS_A_JOB, pool="intake")
        except WorkFault as fault:
            raise RowRefused(fault.reason if file.name in fault.reason else f"{file.name} {fault.reason}") from None
        if not taken.pages:
            raise RowRefused(f"{file.name} 第 {first + 1} 页无法读出，请重新扫描后提交")
        return taken

    def _digest(self, file: FileRow) -> str:
        try:
            digest = digest_of(locate(self.root, file.name))
        except OSError as fault:
            raise RowRefused(f"{file.name} 无法读取（{type(fault).__name__}），请检查后重新提交") from None
        if file.sha256 and digest != file.sha256:
            raise RowRefused(f"{file.name} 的 SHA-256 与 manifest 不符，文件在制作或传送中有改动，请重新提交")
        return digest


__all__ = ["PAGES_A_JOB", "PackageSource", "Source"]
