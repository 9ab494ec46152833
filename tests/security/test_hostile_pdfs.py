"""Files nobody should send to `/verify/file`: each gets a plain answer, nobody else waits, nothing breaks down."""

import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import httpx
import pikepdf
import pytest

from tests.web.conftest import Site
from tests.web.conftest import _site as _site
from tests.web.conftest import site as site
from tests.web.test_verify import desk as desk
from tests.web.test_verify import send
from tests.web.test_verify import workshop as workshop


def pdf_of(objects: dict[int, bytes], *, root: int = 1) -> bytes:
    """A PDF written by hand, with a right cross-reference table, so that parsers go all the way in."""
    out, places = bytearray(b"%PDF-1.7\n"), {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        out += b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 00000 f \n"
    return bytes(out) + b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, root, start)


def stream(raw: bytes, entries: bytes) -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(raw), raw)


def zeros(size: int) -> bytes:
    packer = zlib.compressobj(9)
    part = bytes(1 << 20)
    return b"".join(packer.compress(part) for _ in range(size >> 20)) + packer.flush()


def saved(change: Any = None, **options: Any) -> bytes:
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        if change:
            change(pdf)
        out = BytesIO()
        pdf.save(out, **options)
    return out.getvalue()


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"


def flate_bomb() -> bytes:
    """Two gigabytes of zeros as the content of a page, in two layers."""
    once = zeros(2 << 30)
    body = stream(zlib.compress(once, 9), b"/Filter[/FlateDecode/FlateDecode]")
    return pdf_of({1: CATALOG, 2: PAGES, 3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>", 4: body})


def object_stream_bomb() -> bytes:
    """An object stream a reader has to unpack before it can find the page."""
    body = stream(zeros(3 << 30), b"/Type/ObjStm/N 1/First 5/Filter/FlateDecode")
    return pdf_of({1: CATALOG, 2: b"<</Type/Pages/Kids[9 0 R]/Count 1>>", 3: body, 9: b"<</Type/Page/Parent 3 0 R>>"})


HOSTILE = {
    "flate bomb": flate_bomb,
    "object stream bomb": object_stream_bomb,
    "page tree in a ring": lambda: pdf_of({1: CATALOG, 2: b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"}),
    "resources in a ring": lambda: pdf_of(
        {1: CATALOG, 2: PAGES, 3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources 4 0 R>>",
         4: b"<</XObject<</A 5 0 R>>>>",
         5: stream(b"", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources 4 0 R")}
    ),
    "nested too deep": lambda: pdf_of({1: CATALOG, 2: PAGES, 3: b"<</A " + b"[" * 200_000 + b"]" * 200_000 + b">>"}),
    "encrypted": lambda: saved(encryption=pikepdf.Encryption(owner="a", user="b")),
    "script": lambda: saved(
        lambda pdf: setattr(pdf.Root, "OpenAction", pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)"))
    ),
    "launch": lambda: saved(
        lambda pdf: setattr(pdf.Root, "OpenAction", pikepdf.Dictionary(S=pikepdf.Name.Launch, F="/bin/sh"))
    ),
    "a million cross-references": lambda: (
        b"%PDF-1.7\nxref\n0 1000000\n" + b"0000000009 00000 n \n" * 1_000_000
        + b"trailer\n<</Size 1000000/Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
    ),
    "cut off": lambda: saved()[:300],
    "only a head": lambda: b"%PDF-1.7\n",
    "no PDF": lambda: b"MZ" + bytes(5000),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_gets_a_plain_answer_while_others_are_served(
    site: Site, desk: Any, workshop: Any, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    content = HOSTILE[kind]()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(send, site.visitor(), content)
        served = 0
        while not answer.done() or not served:
            assert httpx.get(f"{site.url}/healthz", timeout=5).status_code == 200
            served += 1
        got = answer.result()
    assert got.status_code in (200, 422), got.text[:500]
    said = got.text
    assert "Traceback" not in said
    assert "有效</h2>" not in said
    assert "不是本系统签发" in said or "PDF" in said or "没有" in said
    assert "Traceback" not in capsys.readouterr().err


def test_twenty_hostile_files_at_once_leave_the_service_well(site: Site, desk: Any, workshop: Any) -> None:
    content = HOSTILE["resources in a ring"]()
    visitors = [site.visitor() for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda visitor: send(visitor, content).status_code, visitors))
    assert set(answers) <= {200, 429, 503}
    assert 200 in answers
    assert site.visitor().get("/verify").status == 200
    assert verdict_of(send(site.visitor(), b"%PDF-1.7\n", token=None))


def verdict_of(answer: httpx.Response) -> bool:
    """It was read, or the limit of this address was met: never a breakdown."""
    return answer.status_code in (200, 429)
