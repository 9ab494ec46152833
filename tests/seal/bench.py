"""Fixtures of everything that seals: a time-stamp server, a workshop, a sealed sample copy; one event loop for all."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from adapters.pdf.compose import compose
from adapters.pdf.plan import Composed, CopyPlan
from adapters.pdf.weasy import render_html
from adapters.seal import Place, Sealed, SealProvider
from adapters.seal.local import LocalSeal
from adapters.seal.picture import seal_picture
from adapters.workshop import Workshop
from conf.keys import Keys, load_keys
from conf.settings import Settings, load_settings
from handlers.flows.sealing import SEAL_PLACE, TITLE
from tests.pdf import papers
from tests.seal.tsa import TimeStampServer
from views.sheets import PrintSheets

__all__ = ["SealBench", "seal_bench", "seal_settings", "sealed", "tsa"]


@dataclass
class SealBench:
    """What a sealing needs; `run` drives coroutines."""

    settings: Settings
    keys: Keys
    tsa: TimeStampServer
    workshop: Workshop
    seal: SealProvider
    run: Callable[[Awaitable[Any]], Any]
    certificate: str = ""  # fingerprint a seal must have; needed by the platform

    def plan(self, *, scans: int = 3, **given: Any) -> CopyPlan:
        sheets = PrintSheets()
        order, company, issue = papers.order(4), papers.company(), papers.issue()
        values: dict[str, Any] = {
            "copy_no": issue.no,
            "order_no": order.no,
            "title": TITLE,
            "certificate": render_html(sheets.certificate(order, company, issue)),
            "extract": b"",
            "scans": tuple(papers.scan_of(papers.scan(n), n) for n in range(scans)),
            "watermark": sheets.watermark(order, issue),
            "issued_at": issue.issued_at,
            "base_url": issue.base_url,
            "seal_picture": str(seal_picture(self.settings)),
            "claim_key": self.keys.claim.private_bytes(
                serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
            ),
        }
        return CopyPlan(**(values | given))

    def sign(self, pdf: bytes, *, biz_no: str = "THC-1", place: Place = SEAL_PLACE) -> Sealed:
        return self.run(self.seal.sign(pdf, place=place, reason="样例", biz_no=biz_no, certificate=self.certificate))


@pytest.fixture(scope="session")
def tsa(var_dir: Path) -> Iterator[TimeStampServer]:
    server = TimeStampServer(var_dir)
    yield server
    server.close()


@pytest.fixture(scope="session")
def seal_settings(var_dir: Path, tsa: TimeStampServer) -> Settings:
    return load_settings(
        var_dir=var_dir, tsa_url=tsa.url, outside_connect_seconds=0.5, outside_total_seconds=2.0, worker_enabled=False
    )


@pytest.fixture(scope="session")
def seal_bench(seal_settings: Settings, tsa: TimeStampServer) -> Iterator[SealBench]:
    with asyncio.Runner() as runner:

        async def opened() -> tuple[Workshop, LocalSeal]:
            workshop = Workshop(1, seal_settings.child_memory_mb)
            return workshop, LocalSeal(seal_settings, workshop)

        async def awaited(work: Awaitable[Any]) -> Any:
            return await work

        workshop, seal = runner.run(opened())
        yield SealBench(
            seal_settings, load_keys(seal_settings), tsa, workshop, seal, lambda work: runner.run(awaited(work))
        )
        runner.run(workshop.close())


@pytest.fixture(scope="session")
def sealed(seal_bench: SealBench) -> tuple[Composed, Sealed]:
    """One genuine copy: a certificate and three scans."""
    composed = compose(seal_bench.plan())
    return composed, seal_bench.sign(composed.pdf)
