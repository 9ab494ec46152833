"""A copy of 60 pages, from permission to ready, against pyHanko sealing the same bytes; with peak memory.

End to end: read and verify 60 scans, render the certificate, compose, seal with two time-stamps, check, digest the
pages, store, commit. The time-stamp server answers on loopback.
"""

import asyncio
import resource
import statistics
import tempfile
import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

from PIL import Image

from adapters.pdf.weasy import WeasyEngine
from adapters.seal.inspecting import hush
from adapters.seal.jobs import SealJob
from adapters.seal.local import LocalSeal
from adapters.seal.signing import _sign
from adapters.workshop import Workshop
from conf.clock import utc_now
from conf.keys import load_keys
from conf.settings import load_settings
from conf.terms import FilingKind, OrderStatus
from handlers.flows.sealing import SEAL_PLACE, Bench, seal_order
from setup.mongod import Mongod
from store import Store, open_store
from store.records import Document, Filing, OrderItem, Page
from tests.pdf import papers
from tests.seal.tsa import TimeStampServer
from views.sheets import PrintSheets

PAGES, DOCUMENTS, RUNS = 60, 6, 3


def scan(number: int) -> bytes:
    """An A4 page at 200 dpi with paper noise: about 300 KB."""
    paper = Image.effect_noise((1654, 2339), 30 + number % 5).point(lambda value: 235 + value // 16).convert("RGB")
    content = BytesIO()
    paper.save(content, "JPEG", quality=80, dpi=(200, 200))
    return content.getvalue()


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="eqicha-bench-") as folder:
        server = Mongod(Path(folder) / "data").start()
        tsa = TimeStampServer(Path(folder))
        try:
            await measure(server.url, tsa.url, Path(folder))
        finally:
            tsa.close()
            server.stop()


async def measure(mongo_url: str, tsa_url: str, var_dir: Path) -> None:
    settings = load_settings(mongo_url=mongo_url, var_dir=var_dir, tsa_url=tsa_url)
    keys = load_keys(settings)
    store = await open_store(settings, keys)
    await store.ensure_indexes()
    workshop = Workshop(2, settings.child_memory_mb)
    seal = LocalSeal(settings, workshop)
    adapters = SimpleNamespace(seal=seal, pdf=WeasyEngine(workshop), workshop=workshop, sm2=None)
    bench = Bench(store=store, adapters=adapters, settings=settings, keys=keys, sheets=PrintSheets(), clock=utc_now)
    try:
        items = await fill(store)
        whole = [await one(bench, items, number) for number in range(RUNS + 1)][1:]  # the first starts the children
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # before pyHanko alone runs in this process
        newest = await store.copies.by_order(order_no(RUNS))
        assert newest is not None
        sealed = await store.copies.file(newest.sha256)
        alone = [await asyncio.to_thread(bare, sealed, seal._job) for _ in range(RUNS)]
        report(whole, alone, len(sealed), peak)
    finally:
        await workshop.close()
        await store.close()


async def fill(store: Store) -> tuple[OrderItem, ...]:
    await store.companies.put(papers.company())
    documents, items, each = [], [], PAGES // DOCUMENTS
    for number in range(DOCUMENTS):
        document = Document(
            id=f"d{number}", filing_id="f1", uscc=papers.company().uscc, kind="公司章程", title=f"公司章程 {number}",
            dated=None, flags=frozenset(), page_count=each, catalogued_pages=each,
        )  # fmt: skip
        documents.append(document)
        items.append(
            OrderItem(
                document_id=document.id, filing_id="f1", filing_title="设立登记", document_title=document.title,
                page_count=each,
            )
        )  # fmt: skip
        await store.dossiers.put_pages([await page(store, document.id, place, number) for place in range(1, each + 1)])
    await store.dossiers.put_filing(
        Filing(
            id="f1",
            uscc=papers.company().uscc,
            kind=FilingKind.ESTABLISHMENT,
            number=1,
            business_no="B1",
            title="设立登记",
            approved_on=papers.company().established_on,
            documents=tuple(documents),
        )
    )
    return tuple(items)


async def page(store: Store, document_id: str, place: int, number: int) -> Page:
    content = scan(number)
    return Page(
        id=f"{document_id}-{place}", document_id=document_id, number=place,
        sha256=await store.scans.put(content, "image/jpeg"), media_type="image/jpeg", size=len(content),
        width=1654, height=2339, dpi=200,
    )  # fmt: skip


def order_no(number: int) -> str:
    return f"TH20261121-BENCH{number + 2}"


async def one(bench: Bench, items: tuple[OrderItem, ...], number: int) -> float:
    order = replace(
        papers.order(0), no=order_no(number), request_key=f"bench-{number}", items=items, page_count=PAGES,
        document_ids_permitted=frozenset(item.document_id for item in items), with_extract=False,
    )  # fmt: skip
    await bench.store.orders.create(order)
    start = time.perf_counter()
    done = await seal_order(bench, order)
    assert done.status == OrderStatus.READY
    return time.perf_counter() - start


def bare(sealed: bytes, job: SealJob) -> float:
    """pyHanko alone over the same bytes (the first revision of the sealed file is what was composed)."""
    hush()
    composed = sealed[: sealed.find(b"%%EOF") + 6]
    start = time.perf_counter()
    asyncio.run(_sign(composed, job, SEAL_PLACE, "bench"))
    return time.perf_counter() - start


def report(whole: list[float], alone: list[float], size: int, peak: float) -> None:
    ours, theirs = statistics.median(whole), statistics.median(alone)
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"copy of {PAGES} pages, {size / 1e6:.1f} MB: {ours:.2f} s from permission to ready (median of {RUNS})")
    print(f"pyHanko sealing the same bytes: {theirs:.2f} s; ratio {ours / theirs:.2f}")
    print(f"peak memory: service {peak:.0f} MB, largest ended child {child:.0f} MB")


if __name__ == "__main__":
    asyncio.run(main())
