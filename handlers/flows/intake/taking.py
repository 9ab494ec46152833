"""The child's part of an import: one file's bytes → pages with their viewing sizes; `sources.py` runs it."""

from dataclasses import dataclass
from hashlib import sha256

from adapters.imaging import ScanPage, Sizes
from adapters.imaging.probe import page_count, probe
from adapters.imaging.render import render
from handlers.flows.intake.package import read_inside

#: Pages taken in one job: bounds what a child holds and sends back, and lets two children share a long file.
PAGES_A_JOB = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenPage:
    """A page ready to be stored."""

    scan: ScanPage
    sizes: Sizes


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """Some pages of a file that has `total`; `digest` is the SHA-256 (hex) of the file that was read."""

    digest: str
    total: int
    pages: tuple[TakenPage, ...]


def take(path: str, name: str, first: int) -> Taken:
    """Pages `first` … `first + PAGES_A_JOB` of the file; raises ScanRefused with the reason."""
    content = read_inside(path)
    total = page_count(content, name)
    scans = probe(content, name, first=first, count=PAGES_A_JOB)
    pages = tuple(TakenPage(scan=scan, sizes=render(scan.content)) for scan in scans)
    return Taken(digest=sha256(content).hexdigest(), total=total, pages=pages)
