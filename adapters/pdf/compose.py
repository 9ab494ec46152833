"""Puts a copy together in a child process: sheets we made, scans untouched, strips, QR codes, watermark, edge seal.

The result depends on its inputs alone (no clock, no random id), so a copy composed again after a crash is the same.
Called through adapters/pdf/jobs.py.
"""

import hashlib
from datetime import date
from io import BytesIO

import img2pdf
import pikepdf
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from adapters.pdf import lettering
from adapters.pdf.digests import COPY_KEY
from adapters.pdf.overlay import A4, BAND, MARGIN, Sheet, draw_overlay, draw_watermark, qr_box
from adapters.pdf.plan import Composed, ComposedPage, CopyPlan, Scan
from adapters.seal.claims import PATH, Claim, claim_digest, sign_claim
from conf.clock import beijing

_LANDSCAPE = 1.08  # a scan this much wider than high gets a page lying down


def compose(plan: CopyPlan) -> Composed:
    """The finished copy, ready for the seal, and what stands on each of its pages."""
    with pikepdf.new() as pdf:
        described = _add_sheets(pdf, plan.certificate, "certificate", plan.title)
        described += _add_sheets(pdf, plan.extract, "extract", "机读档案（企业登记基本信息）") if plan.extract else []
        described += _add_scans(pdf, plan.scans)
        pages = tuple(_numbered(page, number) for number, page in enumerate(described, 1))
        _lay_over(pdf, plan, pages)
        _describe(pdf, plan)
        pdf.remove_unreferenced_resources()
        target = BytesIO()
        pdf.save(target, deterministic_id=True, min_version="1.7")
    return Composed(pdf=target.getvalue(), pages=pages)


def _add_sheets(pdf: pikepdf.Pdf, content: bytes, kind: str, title: str) -> list[ComposedPage]:
    with pikepdf.open(BytesIO(content)) as made:
        pdf.pages.extend(made.pages)
        digests = [hashlib.sha256(_content(page)).hexdigest() for page in made.pages]
    return [
        ComposedPage(number=0, kind=kind, document_id="", document_title=title, original_page=at, digest=digest)
        for at, digest in enumerate(digests, 1)
    ]


def _content(page: pikepdf.Page) -> bytes:
    page.contents_coalesce()
    return page.Contents.read_bytes()


def _add_scans(pdf: pikepdf.Pdf, scans: tuple[Scan, ...]) -> list[ComposedPage]:
    for scan in scans:
        with pikepdf.open(BytesIO(_embed(scan.content))) as single:
            picture = single.pages[0]
            size = _page_size(picture)
            page = pdf.add_blank_page(page_size=size)
            frame = pikepdf.Rectangle(MARGIN, BAND, size[0] - MARGIN, size[1] - MARGIN)
            _place(page, pdf.copy_foreign(picture.as_form_xobject()), "/EqScan", frame)
    return [
        ComposedPage(
            number=0,
            kind="scan",
            document_id=scan.document_id,
            document_title=scan.document_title,
            original_page=scan.original_page,
            digest=scan.digest,
        )
        for scan in scans
    ]


def _place(page: pikepdf.Page, form: pikepdf.Object, name: str, frame: pikepdf.Rectangle) -> None:
    """Draw a form XObject over the page, fitted into the frame; `add_overlay` would give it a random name."""
    _own_resources(page)
    resource = page.add_resource(form, pikepdf.Name.XObject, pikepdf.Name(name))
    page.contents_add(b"q", prepend=True)
    placed = page.calc_form_xobject_placement(
        form, resource, frame, invert_transformations=True, allow_shrink=True, allow_expand=True
    )
    page.contents_add(b"Q " + placed)


def _own_resources(page: pikepdf.Page) -> None:
    """Pages made together may share one dictionary: what is drawn over one would be drawn over all."""
    shared = page.obj.get("/Resources", pikepdf.Dictionary())
    own = pikepdf.Dictionary(dict(shared.items()))
    own.XObject = pikepdf.Dictionary(dict(shared.get("/XObject", pikepdf.Dictionary()).items()))
    page.obj.Resources = own


def _embed(content: bytes) -> bytes:
    """A one-page PDF around the scan: JPEG bytes as they are, everything else without loss."""
    try:
        return img2pdf.convert(content, nodate=True, rotation=img2pdf.Rotation.ifvalid)
    except (img2pdf.AlphaChannelError, img2pdf.ImageOpenError, img2pdf.UnsupportedColorspaceError):
        with Image.open(BytesIO(content), formats=("PNG", "TIFF", "JPEG")) as image:
            paper = Image.new("RGBA", image.size, "white")
            paper.alpha_composite(image.convert("RGBA"))
        flat = BytesIO()
        paper.convert("RGB").save(flat, "PNG")
        return img2pdf.convert(flat.getvalue(), nodate=True)


def _page_size(picture: pikepdf.Page) -> tuple[float, float]:
    width, height = (float(side) for side in picture.mediabox[2:])
    if picture.get("/Rotate", 0) in (90, 270):
        width, height = height, width
    return (A4[1], A4[0]) if width > height * _LANDSCAPE else A4


def _numbered(page: ComposedPage, number: int) -> ComposedPage:
    return ComposedPage(
        number=number,
        kind=page.kind,
        document_id=page.document_id,
        document_title=page.document_title,
        original_page=page.original_page,
        digest=page.digest,
    )


def _lay_over(pdf: pikepdf.Pdf, plan: CopyPlan, pages: tuple[ComposedPage, ...]) -> None:
    key = Ed25519PrivateKey.from_private_bytes(plan.claim_key)
    day = beijing(plan.issued_at).date()
    sheets = [
        Sheet(
            size=(float(target.mediabox[2]), float(target.mediabox[3])),
            lines=_lines(plan, page, total=len(pages), day=day),
            qr=_address(plan, page, total=len(pages), day=day, key=key),
        )
        for target, page in zip(pdf.pages, pages, strict=True)
    ]
    drawn = draw_overlay(sheets, seal_picture=plan.seal_picture, title=plan.title)
    with pikepdf.open(BytesIO(drawn)) as overlay:
        lettering.mend_text_layer(overlay)
        watermarks: dict[tuple[int, int], pikepdf.Object] = {}
        for target, sheet, layer in zip(pdf.pages, sheets, overlay.pages, strict=True):
            kind = (round(sheet.size[0]), round(sheet.size[1]))
            if kind not in watermarks:
                watermarks[kind] = _form(pdf, draw_watermark(sheet.size, plan.watermark))
            whole = pikepdf.Rectangle(0, 0, *sheet.size)
            _place(target, watermarks[kind], "/EqWatermark", whole)
            _place(target, pdf.copy_foreign(layer.as_form_xobject()), "/EqStrip", whole)
            _link(pdf, target, sheet)


def _link(pdf: pikepdf.Pdf, page: pikepdf.Page, sheet: Sheet) -> None:
    """The QR code can be clicked; it also lets a program read the page's claim without seeing the picture."""
    link = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Link,
        Rect=list(qr_box(sheet.size)),
        Border=[0, 0, 0],
        F=4,
        A=pikepdf.Dictionary(S=pikepdf.Name.URI, URI=pikepdf.String(sheet.qr)),
    )
    page.obj.Annots = pikepdf.Array([*page.obj.get("/Annots", []), pdf.make_indirect(link)])


def _form(pdf: pikepdf.Pdf, content: bytes) -> pikepdf.Object:
    with pikepdf.open(BytesIO(content)) as single:
        return pdf.copy_foreign(single.pages[0].as_form_xobject())


def _lines(plan: CopyPlan, page: ComposedPage, *, total: int, day: date) -> tuple[str, ...]:
    own = f"原件第 {page.original_page} 页" if page.kind == "scan" else f"本单第 {page.original_page} 页"
    order = f"查询单号 {plan.order_no}    " if plan.order_no != plan.copy_no else ""
    return (
        page.document_title,
        f"{plan.paper}第 {page.number} 页  共 {total} 页    {own}",
        f"{plan.paper}编号 {plan.copy_no}    {order}签发日期 {day.isoformat()}",
        f"扫描右侧二维码可核验本页，或到 {plan.base_url}/verify 核验全文",
    )


def _address(plan: CopyPlan, page: ComposedPage, *, total: int, day: date, key: Ed25519PrivateKey) -> str:
    claim = Claim(copy_no=plan.copy_no, page=page.number, pages=total, digest=_claimed(page), issued_on=day)
    return plan.base_url + PATH + sign_claim(claim, key)


def _claimed(page: ComposedPage) -> str:
    return page.digest[: len(claim_digest(b""))]


def _describe(pdf: pikepdf.Pdf, plan: CopyPlan) -> None:
    """Title, language and our copy number, so that an uploaded file says which copy it claims to be."""
    made = beijing(plan.issued_at).strftime("D:%Y%m%d%H%M%S+08'00'")
    pdf.docinfo["/Title"] = f"{plan.title} {plan.copy_no}"
    pdf.docinfo["/Subject"] = f"查询单号 {plan.order_no}"
    pdf.docinfo["/Creator"] = "天河 e企查"
    pdf.docinfo["/CreationDate"] = made
    pdf.docinfo["/ModDate"] = made
    pdf.docinfo[COPY_KEY] = plan.copy_no
    pdf.Root.Lang = "zh-CN"
    pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
