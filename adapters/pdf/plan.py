"""What a copy is made of and what came of it, for flows/sealing and compose.py; no PDF library is loaded for these."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """One scan as stored; `digest` is SHA-256 (hex) of `content`."""

    content: bytes = field(repr=False)
    document_id: str
    document_title: str
    original_page: int
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyPlan:
    """All a copy is made of. `certificate` and `extract` are PDFs (`extract` may be empty); times are aware UTC."""

    copy_no: str
    order_no: str
    title: str
    certificate: bytes = field(repr=False)
    extract: bytes = field(repr=False)
    scans: tuple[Scan, ...] = field(repr=False)
    watermark: str
    issued_at: datetime
    base_url: str
    seal_picture: str
    claim_key: bytes = field(repr=False)  # raw Ed25519
    paper: str = "复制件"  # what every page calls the whole; a plan without an order has its own number as `order_no`


@dataclass(frozen=True, kw_only=True, slots=True)
class ComposedPage:
    """As store.records.CopyPage, but for the digest that only the sealed file can give."""

    number: int
    kind: str  # "certificate" | "extract" | "scan"
    document_id: str
    document_title: str
    original_page: int
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Composed:
    pdf: bytes = field(repr=False)
    pages: tuple[ComposedPage, ...]
