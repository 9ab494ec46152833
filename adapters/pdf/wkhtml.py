"""HTML to PDF by pdfkit and wkhtmltopdf, in a child process; the other engine, chosen by `pdf_engine=wkhtmltopdf`.

wkhtmltopdf is old and unmaintained, so it gets our own templates only, with everything that reaches out switched off
(no files, no script, no plug-ins, a proxy nobody listens on, an empty environment) and a time limit.
"""

import secrets
import shutil
import subprocess
import tempfile
from io import BytesIO
from pathlib import Path

import pikepdf
from pdfkit import PDFKit
from pdfkit.configuration import Configuration

from adapters.imaging.fonts import face_for
from adapters.pdf.lettering import mend_text_layer, truetype
from adapters.workshop import Workshop
from conf.errors import WorkFault

_SECONDS = 30
_RARE_FAMILY = "eqicha-rare"
#: Debian's build draws everything at 1/1.3 size; its text layer is right only with TrueType outlines.
_MENDING = (
    "<style>html{zoom:1.3}"
    f'*{{font-family:"{_RARE_FAMILY}","WenQuanYi Zen Hei","Noto Sans CJK SC",sans-serif !important}}</style></head>'
)
_PRIVATE_USE = 0xE800  # code points that stand for what the text layer could not name otherwise
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
        return await self._workshop.run(render_html, html, seconds=_SECONDS + 5, pool="large")


def render_html(html: str) -> bytes:
    """Runs in the child. HTML goes in by standard input, the PDF comes out by standard output."""
    program = shutil.which("wkhtmltopdf")
    if program is None:
        raise WorkFault("wkhtmltopdf is not installed: install it, or set EQICHA_PDF_ENGINE=weasyprint")
    stand_ins = _stand_ins(html)
    html = html.translate({ord(meant): stand_in for stand_in, meant in stand_ins.items()})
    html = html.replace("</head>", _MENDING, 1)
    with tempfile.TemporaryDirectory(prefix="eqicha-wk-") as home:
        _install(Path(home), stand_ins)
        environment = {"QT_QPA_PLATFORM": "offscreen", "LANG": "C.UTF-8", "HOME": home, "XDG_RUNTIME_DIR": home}
        # pdfkit reads options out of <meta> tags with this prefix: a random one cannot be written into the HTML
        prefix = f"pdfkit-{secrets.token_hex(16)}-"
        setup = Configuration(wkhtmltopdf=program, meta_tag_prefix=prefix, environ=environment)
        command = PDFKit(html, "string", options=_OPTIONS, configuration=setup).command()
        return _with_meant_text(_run(command, html, environment), stand_ins)


def _stand_ins(html: str) -> dict[str, str]:
    """Characters beyond U+FFFF, each by a private one: Qt leaves them out of the text layer."""
    rare = sorted({character for character in html if ord(character) > 0xFFFF and face_for(character)})
    return {chr(_PRIVATE_USE + place): character for place, character in enumerate(rare)}


def _install(home: Path, stand_ins: dict[str, str]) -> None:
    """Fontconfig finds the font in the program's own home; it takes none from a `data:` address."""
    drawn = {ord(stand_in): (meant, face) for stand_in, meant in stand_ins.items() if (face := face_for(meant))}
    if drawn:
        (home / ".fonts").mkdir()
        (home / ".fonts" / "rare.ttf").write_bytes(truetype(_RARE_FAMILY, drawn))


def _with_meant_text(content: bytes, stand_ins: dict[str, str]) -> bytes:
    if not stand_ins:
        return content
    target = BytesIO()
    with pikepdf.open(BytesIO(content)) as pdf:
        mend_text_layer(pdf, stand_ins)
        pdf.save(target, deterministic_id=True)
    return target.getvalue()


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
