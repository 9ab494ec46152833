"""A composed copy: scans untouched, every page marked, checkable from paper, and the same each time."""

import hashlib
import re
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
import zxingcpp
from fontTools.ttLib import TTFont
from PIL import Image, ImageFilter

from adapters.imaging.fonts import face
from adapters.pdf import weasy, wkhtml
from adapters.pdf.compose import compose
from adapters.pdf.digests import read_claimed_copy, read_copy
from adapters.pdf.lettering import truetype
from adapters.pdf.overlay import seam_part
from adapters.pdf.plan import CopyPlan
from adapters.seal.claims import PATH, ClaimRefused, read_claim
from tests.pdf import papers
from tests.seal.bench import SealBench
from views.sheets import PrintSheets


@pytest.fixture(scope="module")
def plan(seal_bench: SealBench) -> CopyPlan:
    """Pages of every kind a scan comes in."""
    with Image.open(BytesIO(papers.scan(1))) as page:
        black = BytesIO()
        page.convert("1").save(black, "TIFF", compression="group4", dpi=(200, 200))
        clear = BytesIO()
        page.convert("RGBA").save(clear, "PNG")
        cmyk = BytesIO()
        page.convert("CMYK").save(cmyk, "JPEG", dpi=(200, 200))
    contents = [papers.scan(n) for n in range(3)]
    contents += [papers.scan(3, kind="PNG"), black.getvalue(), clear.getvalue(), cmyk.getvalue()]
    contents += [papers.scan(4, width=1169, height=827)]
    scans = tuple(papers.scan_of(content, number) for number, content in enumerate(contents))
    return replace(seal_bench.plan(scans=0), scans=scans)


@pytest.fixture(scope="module")
def pdf(plan: CopyPlan) -> bytes:
    return compose(plan).pdf


def picture(pdf: bytes, page: int, folder: Path, *, dpi: int = 150) -> Image.Image:
    (folder / "copy.pdf").write_bytes(pdf)
    command = ["pdftoppm", "-r", str(dpi), "-f", str(page), "-l", str(page), "-png", "copy.pdf", f"page{page}"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    with Image.open(next(folder.glob(f"page{page}-*.png"))) as image:
        return image.convert("RGB")


def test_the_same_order_makes_the_same_bytes(plan: CopyPlan, pdf: bytes) -> None:
    assert hashlib.sha256(compose(plan).pdf).digest() == hashlib.sha256(pdf).digest()


def test_jpeg_scans_are_in_it_byte_for_byte(plan: CopyPlan, pdf: bytes) -> None:
    pages = read_copy(pdf).pages
    for page, scan in zip(pages[1:4], plan.scans[:3], strict=True):
        assert hashlib.sha256(scan.content).hexdigest() in page.jpegs


def test_other_scans_are_in_it_pixel_for_pixel(plan: CopyPlan, pdf: bytes) -> None:
    for page, scan in ((5, plan.scans[3]), (6, plan.scans[4])):
        with pikepdf.open(BytesIO(pdf)) as opened, Image.open(BytesIO(scan.content)) as original:
            form = opened.pages[page - 1].Resources.XObject["/EqScan"]
            held = pikepdf.PdfImage(next(iter(form.Resources.XObject.values()))).as_pil_image()
            assert held.convert("RGB").tobytes() == original.convert("RGB").tobytes()


def test_every_page_says_what_it_is(plan: CopyPlan, pdf: bytes) -> None:
    said = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout
    pages = said.decode().split("\f")
    total = len(plan.scans) + 1
    assert "公司章程（陈䶮、刘㛃、𠮷祥）" in pages[1]
    for number in range(1, total + 1):
        assert f"复制件第 {number} 页" in pages[number - 1]
        assert f"共 {total} 页" in pages[number - 1]
        assert plan.copy_no in pages[number - 1]
    assert "原件第 2 页" in pages[2]
    assert "仅供" in pages[0]
    assert "查询人 陈*" not in pages[1], "the watermark is drawn, so that it does not mix with the text"


def test_a_bracket_is_drawn_where_the_face_draws_it() -> None:
    """（ stands at the right of its square and ）at the left; a font without bearings would push them to one side."""
    found = {ord(sign): (sign, face("WenQuanYi Zen Hei")) for sign in "（）。"}
    font = TTFont(BytesIO(truetype("probe", found)))
    for sign in "（）。":
        name = font.getBestCmap()[ord(sign)]
        assert font["hmtx"][name][1] == font["glyf"][name].xMin
    assert font["hmtx"][font.getBestCmap()[ord("（")]][1] > font["hmtx"][font.getBestCmap()[ord("）")]][1] + 200


def test_sheets_of_several_pages_are_numbered_one_by_one(seal_bench: SealBench) -> None:
    """The engines let the pages of one sheet share their resources; each must still have its own strip and claim."""
    sheets, order, company, issue = PrintSheets(), papers.order(30), papers.company(), papers.issue()
    for render in (weasy.render_html, wkhtml.render_html):
        made = seal_bench.plan(
            scans=1,
            certificate=render(sheets.certificate(order, company, issue)),
            extract=render(sheets.extract(company, issue)),
        )
        composed = compose(made)
        command = ["pdftotext", "-layout", "-", "-"]
        said = subprocess.run(command, input=composed.pdf, capture_output=True, check=True).stdout.decode().split("\f")
        total = len(composed.pages)
        assert total > 4
        for page in composed.pages:
            text = re.sub(r"\s+", " ", said[page.number - 1])
            assert f"复制件第 {page.number} 页 共 {total} 页" in text
            assert (f"本单第 {page.original_page} 页" if page.kind != "scan" else "原件第 1 页") in text


def test_a_printed_page_proves_itself_after_a_bad_scan(
    seal_bench: SealBench, plan: CopyPlan, pdf: bytes, tmp_path: Path
) -> None:
    """150 dpi, grey, skewed, blurred, compressed: as a photocopy that was scanned again."""
    page = picture(pdf, 2, tmp_path).convert("L").rotate(1.4, expand=True, fillcolor=240)
    page = page.filter(ImageFilter.GaussianBlur(0.5)).point(lambda value: 25 + value * 205 // 255)
    worn = BytesIO()
    page.save(worn, "JPEG", quality=60)
    with Image.open(BytesIO(worn.getvalue())) as again:
        codes = zxingcpp.read_barcodes(again)
    assert len(codes) == 1
    assert codes[0].text.startswith(plan.base_url + PATH)
    known = [seal_bench.keys.claim.public_key()]
    claim = read_claim(codes[0].text, known)
    assert (claim.copy_no, claim.page, claim.pages) == (plan.copy_no, 2, len(plan.scans) + 1)
    assert plan.scans[0].digest.startswith(claim.digest)
    with pytest.raises(ClaimRefused):
        read_claim(codes[0].text[:-1] + ("A" if codes[0].text[-1] != "A" else "Q"), known)


def test_every_page_carries_its_own_claim(seal_bench: SealBench, plan: CopyPlan, pdf: bytes) -> None:
    known = [seal_bench.keys.claim.public_key()]
    claims = [read_claim(page.links[0], known) for page in read_copy(pdf).pages]
    assert [claim.page for claim in claims] == list(range(1, len(plan.scans) + 2))
    assert [claim.digest for claim in claims[1:]] == [scan.digest[:32] for scan in plan.scans]


def test_a_wide_scan_gets_a_page_lying_down(pdf: bytes) -> None:
    with pikepdf.open(BytesIO(pdf)) as opened:
        sizes = [tuple(round(float(side) * 25.4 / 72) for side in page.mediabox[2:]) for page in opened.pages]
    assert sizes[:-1] == [(210, 297)] * 8
    assert sizes[-1] == (297, 210)


@pytest.mark.parametrize("pages", [2, 3, 8, 9, 17, 61, 500])
def test_the_edge_seal_is_whole_over_each_group_of_pages(pages: int) -> None:
    parts = [seam_part(place, pages) for place in range(pages)]
    assert all(2 <= of <= 8 for _, of in parts) or pages == 2
    at = 0
    while at < pages:
        of = parts[at][1]
        assert parts[at : at + of] == [(part, of) for part in range(of)]
        at += of
    assert at == pages


def test_a_single_page_has_no_edge_seal() -> None:
    assert seam_part(0, 1) == (0, 0)


def test_the_edge_seal_is_red_at_the_right_edge(pdf: bytes, tmp_path: Path) -> None:
    page = picture(pdf, 2, tmp_path, dpi=100)
    strip = page.crop((page.width - 18, page.height // 2 - 70, page.width, page.height // 2 + 70))
    red = sum(r > 180 and g < 120 and b < 120 for r, g, b in strip.get_flattened_data())
    assert red > 100


def test_a_file_says_which_copy_it_is_even_when_broken(plan: CopyPlan, pdf: bytes) -> None:
    assert read_copy(pdf).copy_no == plan.copy_no
    cut = read_claimed_copy(pdf[:200] + pdf[-4000:])
    assert cut.copy_no in (plan.copy_no, "")
    assert read_claimed_copy(b"\x00garbage").copy_no == ""
    assert read_claimed_copy(b"%PDF-1.7 /EqichaCopy (THC20261121-7K3M9Q)").copy_no == "THC20261121-7K3M9Q"
