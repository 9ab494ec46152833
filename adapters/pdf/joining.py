"""Several PDFs of ours as one, ready for the seal; runs in a child (adapters/pdf/jobs.py)."""

from collections.abc import Sequence
from io import BytesIO

import pikepdf


def join(parts: Sequence[bytes], title: str) -> bytes:
    """The pages of `parts` in order under one title; the same parts give the same bytes."""
    with pikepdf.new() as whole:
        for part in parts:
            with pikepdf.open(BytesIO(part)) as opened:
                whole.pages.extend(opened.pages)
        whole.docinfo["/Title"] = title
        out = BytesIO()
        whole.save(out, deterministic_id=True)
    return out.getvalue()
