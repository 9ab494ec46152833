"""HTML to PDF by pdfkit and wkhtmltopdf, in a child process; the other engine, chosen by `pdf_engine=wkhtmltopdf`.

wkhtmltopdf is old and unmaintained, so it gets our own templates only, with everything that reaches out switched off
(no files, no script, no plug-ins, a proxy nobody listens on, an empty environment) and a time limit.
"""

import secrets
import shutil
import subprocess
import tempfile

from pdfkit import PDFKit
from pdfkit.configuration import Configuration

from adapters.workshop import Workshop
from conf.errors import WorkFault

_SECONDS = 30
#: Debian's build draws everything at 1/1.3 size; its text layer is right only with TrueType outlines.
_MENDING = (
    '<style>html{zoom:1.3}*{font-family:"WenQuanYi Zen Hei","Noto Sans CJK SC",sans-serif !important}</style></head>'
)
_OPTIONS = {
    "page-size": "A4",
    "margin-top": "0",
    "margin-right": "0",
    "margin-bottom": "0",
    "margin-left": "0",
    "encoding": "UTF-8",
    "disable-local-file-access": "",
    "disable-javascript": "",
    "disable-plugins": "",
    "disable-external-links": "",
    "proxy": "http://127.0.0.1:9",
    "load-error-handling": "abort",
}


class WkhtmlEngine:
    """PdfEngine over wkhtmltopdf."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    async def render(self, html: str) -> bytes:
        """A4 pages from our own template output. Raises WorkFault when it fails or runs past its limits."""
        return await self._workshop.run(render_html, html, seconds=_SECONDS + 5)


def render_html(html: str) -> bytes:
    """Runs in the child. HTML goes in by standard input, the PDF comes out by standard output."""
    program = shutil.which("wkhtmltopdf")
    if program is None:
        raise WorkFault("wkhtmltopdf is not installed: install it, or set EQICHA_PDF_ENGINE=weasyprint")
    with tempfile.TemporaryDirectory(prefix="eqicha-wk-") as home:
        environment = {"QT_QPA_PLATFORM": "offscreen", "LANG": "C.UTF-8", "HOME": home, "XDG_RUNTIME_DIR": home}
        # pdfkit reads options out of <meta> tags with this prefix: a random one cannot be written into the HTML
        prefix = f"pdfkit-{secrets.token_hex(16)}-"
        setup = Configuration(wkhtmltopdf=program, meta_tag_prefix=prefix, environ=environment)
        command = PDFKit(html, "string", options=_OPTIONS, configuration=setup).command()
        return _run(command, html.replace("</head>", _MENDING, 1), environment)


def _run(command: list[str], html: str, environment: dict[str, str]) -> bytes:
    """The program itself: pdfkit would wait for it without limit."""
    try:
        done = subprocess.run(
            command, input=html.encode(), capture_output=True, env=environment, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise WorkFault(f"wkhtmltopdf took longer than {_SECONDS} s") from None
    if done.returncode != 0 or not done.stdout.startswith(b"%PDF"):
        raise WorkFault(f"wkhtmltopdf failed ({done.returncode}): {done.stderr[-200:].decode(errors='replace')}")
    return done.stdout
