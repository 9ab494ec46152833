"""`eqicha.py sample`: fictional companies and dossiers go into the store the way an import does."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from adapters.workshop import Workshop
from conf.clock import Clock, utc_now
from handlers.flows.importing import close_batch
from handlers.flows.intake.manifest import Manifest
from handlers.flows.intake.report import IntakeReport
from handlers.flows.intake.rows import CompanyRow, DocumentRow
from handlers.flows.intake.storing import Progress, Storing
from handlers.flows.intake.taking import TakenPage
from handlers.flows.samples.companies import make_companies
from handlers.flows.samples.filings import History, make_history
from handlers.flows.samples.known import known_companies
from handlers.flows.samples.papers.drawing import draw
from handlers.flows.samples.papers.facts import Facts
from store import Store

#: Pages, about, of the dossiers of the known companies, in their order; the others get `_USUAL`.
_THICK = (74, 60, 28, 60, 28, 32)
_USUAL = 24
_DRAW_SECONDS = 180


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleRegistry:
    """What now stands in the store from this seed, newly made or found there already."""

    companies: int
    dossiers: int
    pages: int
    report: IntakeReport


async def sample_registry(
    store: Store,
    adapters: Any,
    *,
    companies: int,
    dossiers: int,
    seed: int = 1,
    progress: Progress | None = None,
    clock: Clock = utc_now,
) -> SampleRegistry:
    """Store `companies` companies, the first `dossiers` of them with scanned papers; repeating it changes nothing.

    `progress(done, total)` counts documents. The sandbox's sample people belong to the first six companies.
    """
    manifest, facts = await asyncio.to_thread(make_registry, companies=companies, dossiers=dossiers, seed=seed)
    report = IntakeReport()
    source = DrawnSource(facts, adapters.workshop)
    storing = Storing(store, source, clock=clock, report=report, ahead=adapters.workshop.processes + 2)
    await storing.all(manifest, progress or (lambda done, total: None))
    await close_batch(store, report, subject=f"samples seed {seed}")
    return SampleRegistry(companies=companies, dossiers=min(companies, dossiers), pages=report.pages, report=report)


def make_registry(*, companies: int, dossiers: int, seed: int) -> tuple[Manifest, dict[tuple[str, int], Facts]]:
    """The rows an intake package of the samples would have, and the facts its papers are drawn from."""
    rows = list(make_companies(companies, seed=seed))
    manifest, facts = Manifest(), dict[tuple[str, int], Facts]()
    manifest.companies = dict(enumerate(rows, start=1))
    for place, row in enumerate(rows[:dossiers]):
        history = make_history(row, seed=seed, thickness=_THICK[place] if place < len(_THICK) else _USUAL)
        _add(manifest, place + 1, row, history)
        facts |= history.facts
    return manifest, facts


class DrawnSource:
    """Pages drawn in the workshop's trusted children; the papers are our own."""

    def __init__(self, facts: dict[tuple[str, int], Facts], workshop: Workshop) -> None:
        self.facts, self.workshop = facts, workshop

    async def digests(self, row: DocumentRow) -> tuple[str, ...]:
        found = self.facts.get((row.business_no, row.number))
        return (sha256(found.seed.encode()).hexdigest(),) if found and row.files else ()

    async def pages(self, row: DocumentRow) -> AsyncIterator[tuple[str, int, TakenPage]]:
        if row.files:
            facts = self.facts[row.business_no, row.number]
            taken = await self.workshop.run(draw, facts, seconds=_DRAW_SECONDS)
            for index, page in enumerate(taken.pages):
                yield taken.digest, index, page


def _add(manifest: Manifest, line: int, row: CompanyRow, history: History) -> None:
    """The company's line says how many filings there are, as the scanned ones now show."""
    manifest.companies[line] = row.model_copy(
        update={
            "filing_count": len(history.filings),
            "last_filed_on": max(one.approved_on for one in history.filings),
        }
    )
    at = len(manifest.filings)
    manifest.filings |= dict(enumerate(history.filings, start=at + 1))
    at = len(manifest.documents)
    manifest.documents |= dict(enumerate(history.documents, start=at + 1))


__all__ = ["DrawnSource", "SampleRegistry", "known_companies", "make_registry", "sample_registry"]
