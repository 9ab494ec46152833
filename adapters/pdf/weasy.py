"""HTML to PDF by WeasyPrint, in a child process; the default engine."""

from functools import cache
from typing import TYPE_CHECKING

from adapters.workshop import Workshop

if TYPE_CHECKING:
    from weasyprint.text.fonts import FontConfiguration

_SECONDS = 30


class WeasyEngine:
    """PdfEngine over WeasyPrint. The fetcher knows `data:` only, so neither network nor files can be reached."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    async def render(self, html: str) -> bytes:
        """A4 pages from our own template output. Raises WorkFault when it fails or runs past its limits."""
        return await self._workshop.run(render_html, html, seconds=_SECONDS, pool="large")


def render_html(html: str) -> bytes:
    """Runs in the child; only there is WeasyPrint loaded."""
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    fetcher = URLFetcher(allowed_protocols=["data"])
    document = HTML(string=html, base_url=None, url_fetcher=fetcher)
    return bytes(document.write_pdf(font_config=_fonts(), pdf_identifier=b"eqicha"))


@cache
def _fonts() -> "FontConfiguration":
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()
