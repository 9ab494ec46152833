"""What a copy's file says of itself, as digests.py reads it; no PDF library is loaded for these."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class PageFacts:
    """One page: digest over its objects (hex), addresses it links to, SHA-256 (hex) of each JPEG in it."""

    digest: str
    links: tuple[str, ...]
    jpegs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FileFacts:
    """What a file says of itself. `copy_no` is "" when it names none; `pages` is empty when it cannot be read."""

    copy_no: str
    pages: tuple[PageFacts, ...]
