"""HTML to PDF, by one of two engines, in a child process."""

from typing import Protocol


class PdfEngine(Protocol):
    async def render(self, html: str) -> bytes:
        """A4 pages from our own template output; no network and no file is reachable from the HTML.

        Raises WorkFault when the engine dies or runs past its limits.
        """
        ...
