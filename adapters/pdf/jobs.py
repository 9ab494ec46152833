"""The PDF work children do, for the workshop: the libraries are loaded there, not in the process that serves pages."""

from adapters.pdf.facts import FileFacts
from adapters.pdf.plan import Composed, CopyPlan


def compose(plan: CopyPlan) -> Composed:
    """The finished copy, ready for the seal, and what stands on each of its pages (adapters/pdf/compose.py)."""
    from adapters.pdf import compose as composing

    return composing.compose(plan)


def join(parts: tuple[bytes, ...], title: str) -> bytes:
    """The pages of several PDFs of ours as one file (adapters/pdf/joining.py)."""
    from adapters.pdf import joining

    return joining.join(parts, title)


def digests_of(pdf: bytes) -> tuple[str, ...]:
    """`content_digest` (hex) of each page of a sealed copy."""
    from adapters.pdf.digests import read_copy

    return tuple(page.digest for page in read_copy(pdf).pages)


def read_claimed_copy(pdf: bytes) -> FileFacts:
    """What a stranger's file says of itself; never raises for a bad file (adapters/pdf/digests.py)."""
    from adapters.pdf import digests

    return digests.read_claimed_copy(pdf)
